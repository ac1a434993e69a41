/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/change.h"

#include <stdlib.h>

#include "common/json/json.h"

#include "common/base/base.h"

#define MIN_LONGEST_S 3600

enum jt_err jt_change_publish(struct jt_issuer *issuer, int64_t version,
                              struct jt_settings *settings, struct jt_access *access,
                              struct jt_key_part *keys)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    struct jt_root *root = NULL;
    JT_TRY(jt_root_new(version, settings != NULL ? settings : now->settings,
                       access != NULL ? access : now->access, keys != NULL ? keys : now->keys,
                       &root));
    enum jt_err err = jt_slots_publish(issuer->roots, root);
    if (err != JT_OK) {
        jt_root_free(root);
    }
    return err;
}

/* The changes since a version, as they are read. */
struct reading {
    struct jt_access_change *changes;
    char **deleted; /* ids of deletions, owned */
    size_t n, cap;
    struct jt_diag *diag;
};

static enum jt_err make_room(struct reading *reading)
{
    if (reading->n < reading->cap) {
        return JT_OK;
    }
    size_t cap = reading->cap == 0 ? 64 : reading->cap * 2;
    struct jt_access_change *changes = realloc(reading->changes, cap * sizeof *changes);
    if (changes == NULL) {
        return JT_ERR_NOMEM;
    }
    reading->changes = changes;
    char **deleted = realloc(reading->deleted, cap * sizeof *deleted);
    if (deleted == NULL) {
        return JT_ERR_NOMEM;
    }
    reading->deleted = deleted;
    reading->cap = cap;
    return JT_OK;
}

static enum jt_err parse_document(const struct jt_store_object *row, struct jt_object **out_object,
                                  struct jt_diag *diag)
{
    struct jt_diag sentence = JT_DIAG_INIT;
    json_t *doc = NULL;
    enum jt_err err = row->doc.n > JT_OBJECT_MAX_DOC
                          ? JT_ERR_LIMIT
                          : jt_json_load_object(row->doc, JT_JSON_DEPTH, &doc);
    if (err == JT_OK) {
        err = jt_object_parse(row->kind, doc, out_object, &sentence);
    }
    if (err == JT_OK && !jt_span_eq((*out_object)->id, row->id)) {
        jt_object_free(*out_object);
        err = jt_diag_fail(&sentence, JT_ERR_INVALID, "its document names another");
    }
    json_decref(doc);
    if (err != JT_OK && err != JT_ERR_NOMEM) {
        return jt_diag_fail(
            diag, JT_ERR_STORE,
            "the database's %s '%.*s' is not as it must be: %.300s; restore a backup "
            "or remove the row",
            jt_object_kind_name(row->kind), (int)row->id.n, (const char *)row->id.p,
            jt_diag_text(&sentence, err));
    }
    return err;
}

static enum jt_err read_object(void *ctx, const struct jt_store_object *row)
{
    struct reading *reading = ctx;
    JT_TRY(make_room(reading));
    struct jt_access_change *change = &reading->changes[reading->n];
    if (row->doc.n == 0) {
        char *id = NULL;
        JT_TRY(jt_buf_strdup(row->id, &id));
        *change = (struct jt_access_change){row->kind, jt_span_of(id, row->id.n), NULL};
        reading->deleted[reading->n++] = id;
        return JT_OK;
    }
    struct jt_object *object = NULL;
    JT_TRY(parse_document(row, &object, reading->diag));
    object->version = row->version;
    *change = (struct jt_access_change){row->kind, object->id, object};
    reading->deleted[reading->n++] = NULL;
    return JT_OK;
}

enum jt_err jt_change_read_access(struct jt_store *store, const struct jt_access *old,
                                  int64_t old_version, struct jt_access **out_access,
                                  struct jt_diag *diag)
{
    struct reading reading = {.diag = diag};
    enum jt_err err = jt_store_objects(store, old_version, read_object, &reading);
    if (err == JT_OK) {
        err = jt_access_apply(old, reading.changes, reading.n, out_access);
    }
    for (size_t i = 0; i < reading.n; i++) {
        jt_object_free(reading.changes[i].object);
        free(reading.deleted[i]);
    }
    free(reading.changes);
    free(reading.deleted);
    return err;
}

enum jt_err jt_change_begin(struct jt_issuer *issuer, struct jt_diag *diag)
{
    for (;;) {
        int64_t version = 0;
        JT_TRY(jt_change_catch_up(issuer, diag));
        JT_TRY(jt_store_begin(issuer->store, diag));
        JT_TRY(jt_store_version(issuer->store, &version));
        const struct jt_root *now = jt_slots_current(issuer->roots);
        if (now->version == version - 1) {
            return JT_OK;
        }
        jt_store_rollback(issuer->store); /* another process came between */
    }
}

enum jt_err jt_change_finish(struct jt_issuer *issuer, struct jt_access *access,
                             const struct jt_keyring *keyring, struct jt_diag *diag)
{
    struct jt_key_part *keys = NULL;
    int64_t version = 0;
    JT_TRY(jt_store_version(issuer->store, &version));
    if (keyring != NULL) {
        JT_TRY(jt_key_part_make(keyring, &keys));
    }
    enum jt_err err = jt_store_commit(issuer->store, diag);
    if (err == JT_OK) {
        err = jt_change_publish(issuer, version, NULL, access, keys);
    }
    jt_key_part_free(keys);
    return err;
}

enum jt_err jt_change_publish_stored(struct jt_issuer *issuer, struct jt_settings *settings,
                                     struct jt_diag *diag)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    struct jt_access *access = NULL;
    struct jt_key_part *keys = NULL;
    struct jt_keyring keyring = {0};
    int64_t version = 0;
    JT_TRY(jt_store_version(issuer->store, &version));
    JT_TRY(jt_keyring_read(issuer->store, issuer->signer, &keyring, diag));
    if (keyring.untrusted > 0) {
        jt_log(issuer->log, JT_EV_KEY_REFUSE, jt_log_err(JT_ERR_KEY_MAC),
               jt_log_int("rows", (int64_t)keyring.untrusted));
    }
    enum jt_err err = jt_key_part_make(&keyring, &keys);
    if (err == JT_OK) {
        err = jt_change_read_access(issuer->store, now == NULL ? NULL : now->access,
                                    now == NULL ? 0 : now->version, &access, diag);
    }
    if (err == JT_OK) {
        err = jt_change_publish(issuer, version, settings, access, keys);
    }
    jt_access_free(access);
    jt_key_part_free(keys);
    jt_keyring_release(&keyring);
    return err;
}

enum jt_err jt_change_catch_up(struct jt_issuer *issuer, struct jt_diag *diag)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    int64_t version = 0;
    JT_TRY(jt_store_version(issuer->store, &version));
    return version == now->version ? JT_OK : jt_change_publish_stored(issuer, NULL, diag);
}

static enum jt_err look_at_lifetime(void *ctx, const struct jt_object *object)
{
    int64_t *longest_s = ctx;
    const struct jt_resource *resource = (const struct jt_resource *)object;
    if (longest_s[resource->alg] < resource->lifetime_s) {
        longest_s[resource->alg] = resource->lifetime_s;
    }
    return JT_OK;
}

void jt_change_longest(const struct jt_access *access, int64_t out_longest_s[JT_ALG_COUNT_])
{
    for (size_t i = 0; i < JT_ALG_COUNT_; i++) {
        out_longest_s[i] = MIN_LONGEST_S;
    }
    /* the callback never fails */
    JT_IGNORE(jt_access_each(access, JT_STORE_RESOURCE, look_at_lifetime, out_longest_s));
}
