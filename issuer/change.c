/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/change.h"

#include <stdlib.h>

#include "issuer/keymerge.h"
#include "issuer/reach.h"

#include "common/base/base.h"

#define MIN_LONGEST_S 3600

enum jt_err jt_change_publish(struct jt_issuer *issuer, int64_t version,
                              struct jt_settings *settings, struct jt_access *access,
                              struct jt_key_part *keys)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    struct jt_root *root = NULL;
    if (now == NULL && (settings == NULL || access == NULL || keys == NULL)) {
        return JT_ERR_ARGUMENT; /* the first root needs them all */
    }
    if (keys != NULL) {
        jt_reach_mark(keys, now == NULL ? NULL : now->keys, issuer);
    }
    JT_TRY(jt_root_new(version, settings != NULL ? settings : now->settings,
                       access != NULL ? access : now->access, keys != NULL ? keys : now->keys,
                       &root));
    enum jt_err err = jt_slots_publish(issuer->roots, root);
    if (err != JT_OK) {
        jt_root_free(root);
    }
    return err;
}

/* --- following the store --- */

/* How what the store holds stands to what is known here. */
enum history { HISTORY_SAME, HISTORY_LATER, HISTORY_FAR, HISTORY_OTHER };

static enum jt_err compare(const struct jt_issuer *issuer, int64_t known, int64_t version,
                           enum history *out_history)
{
    int64_t mark = 0;
    enum jt_err err = jt_store_mark(issuer->store, known, &mark);
    if (err == JT_OK && mark == issuer->mark) {
        *out_history = version == known ? HISTORY_SAME : HISTORY_LATER;
        return JT_OK;
    }
    if (err != JT_OK && err != JT_ERR_NOT_FOUND) {
        return err;
    }
    /* after very many commits the mark is forgotten: then nothing is known to be amiss */
    bool forgotten = err == JT_ERR_NOT_FOUND && version - known >= JT_STORE_MARKS;
    *out_history = forgotten ? HISTORY_FAR : HISTORY_OTHER;
    return JT_OK;
}

enum jt_err jt_change_know(struct jt_issuer *issuer, const struct jt_keyring *keyring)
{
    struct jt_keyring copy;
    JT_TRY(jt_keyring_copy(keyring, &copy));
    if (!jt_keyring_same(keyring, &issuer->known)) {
        issuer->due_s = 0; /* another issuer took a step: look again when the next is due */
    }
    jt_keyring_release(&issuer->known);
    issuer->known = copy;
    return JT_OK;
}

enum jt_err jt_change_read_keys(struct jt_issuer *issuer, bool write,
                                struct jt_keyring *out_keyring, size_t *out_n, struct jt_diag *diag)
{
    JT_TRY(jt_keyring_read(issuer->store, issuer->signer, out_keyring, diag));
    enum jt_err err = jt_keymerge(out_keyring, &issuer->known, write ? issuer->store : NULL, out_n);
    if (err == JT_OK && write && *out_n > 0) {
        err = jt_store_audit(issuer->store, "issuer", "key.restore", JT_SPAN_NONE, JT_SPAN_NONE);
    }
    if (err != JT_OK) {
        jt_keyring_release(out_keyring);
        return err;
    }
    if (*out_n > 0) {
        issuer->due_s = 0; /* the next look writes them again */
        jt_log(issuer->log, JT_EV_KEY_RESTORE, jt_log_int("rows", (int64_t)*out_n),
               jt_log_str("fix", "find out who changed the keys in the database: steps that they "
                                 "had taken were gone from it"));
    }
    return JT_OK;
}

/* Publishes what the store holds, which nobody changes meanwhile; `old` (NULL: nothing) is what the
 * objects changed since `since` are laid over. */
static enum jt_err publish_from(struct jt_issuer *issuer, struct jt_settings *settings,
                                const struct jt_access *old, int64_t since, struct jt_diag *diag)
{
    struct jt_access *access = NULL;
    struct jt_key_part *keys = NULL;
    struct jt_keyring keyring = {0};
    int64_t version = 0, mark = 0;
    size_t n = 0;
    JT_TRY(jt_store_version(issuer->store, &version));
    JT_TRY(jt_store_mark(issuer->store, version, &mark));
    JT_TRY(jt_change_read_keys(issuer, false, &keyring, &n, diag));
    if (keyring.untrusted > 0) {
        jt_log(issuer->log, JT_EV_KEY_REFUSE, jt_log_err(JT_ERR_KEY_MAC),
               jt_log_int("rows", (int64_t)keyring.untrusted), jt_log_str("kid", keyring.stranger));
    }
    enum jt_err err = jt_key_part_make(&keyring, &keys);
    if (err == JT_OK) {
        err = jt_load_access(issuer->store, old, since, &access, diag);
    }
    if (err == JT_OK) {
        err = jt_change_know(issuer, &keyring);
    }
    if (err == JT_OK) {
        err = jt_change_publish(issuer, version, settings, access, keys);
    }
    if (err == JT_OK) {
        issuer->mark = mark;
        jt_keyring_forget(&keyring, issuer->signer);
    }
    jt_access_free(access);
    jt_key_part_free(keys);
    jt_keyring_release(&keyring);
    return err;
}

static void confirm(struct jt_issuer *issuer, int64_t asked_ms)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    jt_staleness_confirm(&issuer->staleness, issuer->clock, issuer->log, asked_ms,
                         now->settings->config.staleness_s);
}

enum jt_err jt_change_publish_stored(struct jt_issuer *issuer, struct jt_settings *settings,
                                     const struct jt_load_found *found, struct jt_diag *diag)
{
    int64_t asked_ms = jt_clock_boot_ms(issuer->clock);
    JT_TRY(jt_store_begin_read(issuer->store, diag));
    bool known = jt_load_follows(issuer->store, found);
    enum jt_err err = publish_from(issuer, settings, known ? found->access : NULL,
                                   known ? found->version : 0, diag);
    jt_store_rollback(issuer->store);
    if (err == JT_OK) {
        confirm(issuer, asked_ms);
    }
    return err;
}

struct losing {
    const struct jt_access *then;
    int64_t n;
};

static enum jt_err count_lost(void *ctx, const struct jt_object *object)
{
    struct losing *losing = ctx;
    const struct jt_object *then = jt_access_find(losing->then, object->kind, object->id);
    losing->n += then == NULL || then->version != object->version;
    return JT_OK;
}

static void log_rejoin(struct jt_issuer *issuer, const struct jt_access *then, int64_t version,
                       size_t keys)
{
    static const enum jt_store_kind kinds[] = {JT_STORE_RESOURCE, JT_STORE_ROLE, JT_STORE_CLIENT,
                                               JT_STORE_PRODUCT};
    const struct jt_root *now = jt_slots_current(issuer->roots);
    struct losing losing = {then, 0};
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        JT_IGNORE(jt_access_each(now->access, kinds[i], count_lost, &losing)); /* never fails */
    }
    atomic_fetch_add(&issuer->rejoins, 1);
    jt_log(issuer->log, JT_EV_STORE_DIVERGED, jt_log_int("known_version", now->version),
           jt_log_int("version", version), jt_log_int("keys_restored", (int64_t)keys),
           jt_log_int("objects_other", losing.n),
           jt_log_str("fix", "the database has lost commits (a standby promoted, a backup "
                             "restored): apply the model again; deleted clients may be back"));
}

/* The store's history is another: reads all of it, and brings in what is known of the keys. */
static enum jt_err rejoin(struct jt_issuer *issuer, struct jt_diag *diag)
{
    struct jt_access *access = NULL;
    struct jt_keyring keyring = {0};
    size_t n = 0;
    int64_t version = 0;
    JT_TRY(jt_store_begin(issuer->store, diag));
    enum jt_err err = jt_store_version(issuer->store, &version);
    if (err == JT_OK) {
        err = jt_keyring_read(issuer->store, issuer->signer, &keyring, diag);
    }
    if (err == JT_OK) {
        err = jt_keymerge(&keyring, &issuer->known, issuer->store, &n);
    }
    if (err == JT_OK) {
        err = jt_load_access(issuer->store, NULL, 0, &access, diag);
    }
    if (err == JT_OK) {
        err = jt_store_audit(issuer->store, "issuer", "store.rejoin", JT_SPAN_NONE, JT_SPAN_NONE);
    }
    if (err == JT_OK) {
        log_rejoin(issuer, access, version - 1, n);
        err = jt_change_finish(issuer, access, &keyring, diag);
    }
    if (err == JT_OK) {
        issuer->due_s = 0;
        jt_keyring_forget(&keyring, issuer->signer);
    }
    jt_store_rollback(issuer->store); /* harmless after the commit */
    jt_access_free(access);
    jt_keyring_release(&keyring);
    return err;
}

static enum jt_err follow(struct jt_issuer *issuer, struct jt_diag *diag)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    int64_t version = 0;
    enum history history = HISTORY_SAME;
    JT_TRY(jt_store_begin_read(issuer->store, diag));
    enum jt_err err = jt_store_version(issuer->store, &version);
    if (err == JT_OK) {
        err = compare(issuer, now->version, version, &history);
    }
    if (err == JT_OK && history == HISTORY_LATER) {
        err = publish_from(issuer, NULL, now->access, now->version, diag);
    } else if (err == JT_OK && history == HISTORY_FAR) {
        err = publish_from(issuer, NULL, NULL, 0, diag);
    }
    jt_store_rollback(issuer->store);
    return err == JT_OK && history == HISTORY_OTHER ? rejoin(issuer, diag) : err;
}

enum jt_err jt_change_catch_up(struct jt_issuer *issuer, struct jt_diag *diag)
{
    struct jt_diag sentence = JT_DIAG_INIT;
    int64_t asked_ms = jt_clock_boot_ms(issuer->clock);
    enum jt_err err = follow(issuer, &sentence);
    if (err == JT_OK) {
        confirm(issuer, asked_ms);
        return JT_OK;
    }
    const char *why = sentence.text[0] != 0 ? sentence.text : jt_store_why(issuer->store);
    why = why[0] != 0 ? why : jt_diag_text(&sentence, err);
    const struct jt_root *now = jt_slots_current(issuer->roots);
    jt_staleness_fail(&issuer->staleness, issuer->clock, issuer->log, why,
                      now->settings->config.staleness_s);
    return jt_diag_fail(diag, err, "%.500s", why);
}

/* --- a change of our own --- */

enum jt_err jt_change_tell(const struct jt_issuer *issuer, enum jt_err err, struct jt_diag *diag)
{
    const char *why = jt_store_why(issuer->store);
    return err == JT_ERR_STORE && why[0] != 0 ? jt_diag_fail(diag, err, "%.500s", why) : err;
}

enum jt_err jt_change_begin(struct jt_issuer *issuer, struct jt_diag *diag)
{
    for (;;) {
        int64_t version = 0;
        enum history history = HISTORY_OTHER;
        JT_TRY(jt_change_catch_up(issuer, diag));
        JT_TRY(jt_store_begin(issuer->store, diag));
        const struct jt_root *now = jt_slots_current(issuer->roots);
        enum jt_err err = jt_store_version(issuer->store, &version);
        if (err == JT_OK) {
            err = compare(issuer, now->version, version - 1, &history);
        }
        if (err == JT_OK && history == HISTORY_SAME) {
            return JT_OK;
        }
        jt_store_rollback(issuer->store); /* another process came between */
        JT_TRY(jt_change_tell(issuer, err, diag));
    }
}

enum jt_err jt_change_finish(struct jt_issuer *issuer, struct jt_access *access,
                             const struct jt_keyring *keyring, struct jt_diag *diag)
{
    struct jt_key_part *keys = NULL;
    struct jt_keyring known = {0};
    int64_t version = 0;
    JT_TRY(jt_store_version(issuer->store, &version));
    if (keyring != NULL) {
        JT_TRY(jt_keyring_copy(keyring, &known));
        enum jt_err made = jt_key_part_make(keyring, &keys);
        if (made != JT_OK) {
            jt_keyring_release(&known);
            return made;
        }
    }
    enum jt_err err = jt_store_commit(issuer->store, diag);
    if (err == JT_OK) {
        err = jt_change_publish(issuer, version, NULL, access, keys);
    }
    if (err == JT_OK) {
        issuer->mark = jt_store_last_mark(issuer->store);
    }
    if (err == JT_OK && keyring != NULL) {
        jt_keyring_release(&issuer->known);
        issuer->known = known;
        known = (struct jt_keyring){0};
    }
    jt_key_part_free(keys);
    jt_keyring_release(&known);
    return err;
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
