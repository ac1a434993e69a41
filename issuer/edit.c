/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/edit.h"

#include "common/json/json.h"
#include "issuer/edit_client.h"
#include "issuer/view.h"

#include "common/base/base.h"

/* An edit on its way through jt_issuer_change. */
struct edit {
    const char *actor;
    enum jt_store_kind kind;
    struct jt_span id;
    /* Makes the new document from the old one (NULL: there is none) into `*out_doc`. */
    enum jt_err (*make)(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                        json_t **out_doc, struct jt_diag *diag);
    const char *action;
    const json_t *input;
    struct jt_edit_secret secret; /* of clients: the one made or revoked */
    json_t *view;
};

static enum jt_err audit(struct jt_issuer *issuer, const struct edit *edit, struct jt_span id)
{
    struct jt_buf action = JT_BUF_INIT(64);
    enum jt_err err =
        jt_buf_printf(&action, "%s.%s", jt_object_kind_name(edit->kind), edit->action);
    if (err == JT_OK) {
        err = jt_store_audit(issuer->store, edit->actor, jt_buf_str(&action), id, JT_SPAN_NONE);
    }
    jt_buf_release(&action);
    return err;
}

/* After the commit: what is logged has happened. */
static void log_edit(const struct jt_issuer *issuer, const struct edit *edit)
{
    struct jt_span id = edit->id;
    if (id.p == NULL) {
        id = jt_json_value(
            json_object_get(edit->view, edit->kind == JT_STORE_RESOURCE ? "identifier" : "name"));
    }
    jt_log(issuer->log, JT_EV_ADMIN_CHANGE, jt_log_str("object", jt_object_kind_name(edit->kind)),
           jt_log_str("action", edit->action), jt_log_peer("id", id),
           jt_log_str("by", edit->actor));
}

static enum jt_err check_resource(struct jt_issuer *issuer, const struct jt_root *now,
                                  const struct jt_resource *resource, struct jt_diag *diag)
{
    if (now->keys->signing_kid[resource->alg][0] == 0) {
        const char *name = jt_alg_row(resource->alg)->name;
        return jt_config_has_alg(&now->settings->config, resource->alg)
                   ? jt_diag_fail(diag, JT_ERR_INVALID,
                                  "alg: the first key of %s is published but does not sign before "
                                  "the lead has passed; wait",
                                  name)
                   : jt_diag_fail(diag, JT_ERR_INVALID,
                                  "alg: this issuer keeps no keys for %s; add it to "
                                  "keys.algorithms",
                                  name);
    }
    return jt_issuer_raise_lifetime(issuer, resource->alg, resource->lifetime_s, diag);
}

static enum jt_err put_object(struct jt_issuer *issuer, const struct jt_object *object)
{
    json_t *doc = NULL;
    struct jt_buf text = JT_BUF_INIT(JT_OBJECT_MAX_DOC);
    JT_TRY(jt_object_json(object, true, &doc));
    enum jt_err err = jt_json_dump(doc, &text);
    json_decref(doc);
    if (err == JT_OK) {
        err = jt_store_put(issuer->store, object->kind, object->id, jt_buf_span(&text));
    }
    jt_buf_release(&text);
    return err;
}

/* Parses `doc`, checks it against what there is, and writes it. */
static enum jt_err write_object(struct jt_issuer *issuer, const struct jt_root *now,
                                struct edit *edit, const struct jt_object *old, const json_t *doc,
                                struct jt_diag *diag)
{
    struct jt_object *object = NULL;
    JT_TRY(jt_object_parse(edit->kind, doc, &object, diag));
    enum jt_err err = JT_OK;
    if (old == NULL && jt_view_find(now->access, edit->kind, object->id) != NULL) {
        err = jt_diag_fail(diag, JT_ERR_EXISTS,
                           "a %s of this name exists; update it, or choose "
                           "another name",
                           jt_object_kind_name(edit->kind));
    } else if (old != NULL && !jt_span_eq(old->id, object->id)) {
        static const char *const ids[] = {[JT_STORE_RESOURCE] = "identifier",
                                          [JT_STORE_ROLE] = "name",
                                          [JT_STORE_CLIENT] = "client_id"};
        err =
            jt_diag_fail(diag, JT_ERR_INVALID,
                         "%s: what names an object cannot change; create another", ids[edit->kind]);
    }
    if (err == JT_OK) {
        err = jt_access_check(now->access, object, diag);
    }
    if (err == JT_OK && old != NULL) {
        err = jt_access_check_removal(now->access, old, object, diag);
    }
    if (err == JT_OK && edit->kind == JT_STORE_RESOURCE) {
        err = check_resource(issuer, now, (const struct jt_resource *)object, diag);
    }
    if (err == JT_OK) {
        err = put_object(issuer, object);
    }
    if (err == JT_OK) {
        err = audit(issuer, edit, object->id);
    }
    if (err == JT_OK) {
        err = jt_object_json(object, false, &edit->view);
    }
    jt_object_free(object);
    return err;
}

static enum jt_err run_edit(struct jt_issuer *issuer, const struct jt_root *now, void *ctx,
                            struct jt_diag *diag)
{
    struct edit *edit = ctx;
    const struct jt_object *old = NULL;
    json_t *old_doc = NULL, *doc = NULL;
    if (edit->id.p != NULL) {
        old = jt_view_find(now->access, edit->kind, edit->id);
        if (old == NULL) {
            return JT_ERR_NOT_FOUND;
        }
        JT_TRY(jt_object_json(old, true, &old_doc));
    }
    enum jt_err err = edit->make(edit, issuer, old_doc, &doc, diag);
    if (err == JT_OK) {
        err = write_object(issuer, now, edit, old, doc, diag);
    }
    json_decref(old_doc);
    json_decref(doc);
    return err;
}

static enum jt_err run(struct jt_issuer *issuer, struct edit *edit, json_t **out_view,
                       struct jt_diag *diag)
{
    enum jt_err err = jt_issuer_change(issuer, run_edit, edit, diag);
    if (err == JT_OK) {
        log_edit(issuer, edit);
    }
    if (err == JT_OK && edit->secret.text.n > 0) {
        err = jt_edit_client_show(edit->view, &edit->secret, edit->id.p != NULL);
    }
    jt_edit_client_release(&edit->secret);
    if (err != JT_OK) {
        json_decref(edit->view);
        return err;
    }
    if (out_view != NULL) {
        *out_view = edit->view;
    } else {
        json_decref(edit->view);
    }
    return JT_OK;
}

static enum jt_err refuse_member(const json_t *input, const char *name, const char *why,
                                 struct jt_diag *diag)
{
    if (json_object_get(input, name) == NULL) {
        return JT_OK;
    }
    return jt_diag_fail(diag, JT_ERR_INVALID, "%s: %s", name, why);
}

static enum jt_err make_new(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                            json_t **out_doc, struct jt_diag *diag)
{
    (void)old; /* there is none */
    if (edit->kind == JT_STORE_CLIENT) {
        JT_TRY(
            refuse_member(edit->input, "client_id", "is made by the issuer; leave it out", diag));
        JT_TRY(refuse_member(edit->input, "secrets", "are made by the issuer; leave it out", diag));
        return jt_edit_client_new(issuer, edit->input, &edit->secret, out_doc, diag);
    }
    *out_doc = json_deep_copy(edit->input);
    return *out_doc == NULL ? JT_ERR_NOMEM : JT_OK;
}

enum jt_err jt_edit_create(struct jt_issuer *issuer, const char *actor, enum jt_store_kind kind,
                           const json_t *doc, json_t **out_view, struct jt_diag *diag)
{
    if (!json_is_object(doc)) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "give a JSON object");
    }
    struct edit edit = {
        .actor = actor, .kind = kind, .make = make_new, .action = "create", .input = doc};
    return run(issuer, &edit, out_view, diag);
}

static enum jt_err make_patched(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                                json_t **out_doc, struct jt_diag *diag)
{
    (void)issuer; /* a patch needs neither clock nor randomness */
    if (edit->kind == JT_STORE_CLIENT) {
        JT_TRY(refuse_member(edit->input, "secrets", "add or revoke them one by one", diag));
    }
    json_t *doc = json_deep_copy(old);
    if (doc == NULL || json_object_update(doc, (json_t *)(uintptr_t)edit->input) != 0) {
        json_decref(doc);
        return JT_ERR_NOMEM;
    }
    *out_doc = doc;
    return JT_OK;
}

enum jt_err jt_edit_patch(struct jt_issuer *issuer, const char *actor, enum jt_store_kind kind,
                          struct jt_span id, const json_t *patch, json_t **out_view,
                          struct jt_diag *diag)
{
    if (!json_is_object(patch)) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "give a JSON object");
    }
    struct edit edit = {.actor = actor,
                        .kind = kind,
                        .id = id,
                        .make = make_patched,
                        .action = "update",
                        .input = patch};
    return run(issuer, &edit, out_view, diag);
}

/* --- deleting --- */

static enum jt_err run_delete(struct jt_issuer *issuer, const struct jt_root *now, void *ctx,
                              struct jt_diag *diag)
{
    struct edit *edit = ctx;
    const struct jt_object *object = jt_view_find(now->access, edit->kind, edit->id);
    if (object == NULL) {
        return JT_ERR_NOT_FOUND;
    }
    JT_TRY(jt_access_check_removal(now->access, object, NULL, diag));
    JT_TRY(jt_store_delete(issuer->store, edit->kind, object->id));
    return audit(issuer, edit, object->id);
}

enum jt_err jt_edit_delete(struct jt_issuer *issuer, const char *actor, enum jt_store_kind kind,
                           struct jt_span id, struct jt_diag *diag)
{
    struct edit edit = {.actor = actor, .kind = kind, .id = id, .action = "delete"};
    JT_TRY(jt_issuer_change(issuer, run_delete, &edit, diag));
    log_edit(issuer, &edit);
    return JT_OK;
}

/* --- a client's grants --- */

static bool holds(const json_t *grants, const json_t *grant)
{
    size_t index;
    const json_t *item;
    json_array_foreach(grants, index, item)
    {
        if (json_equal(item, grant) != 0) {
            return true;
        }
    }
    return false;
}

static enum jt_err make_granted(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                                json_t **out_doc, struct jt_diag *diag)
{
    (void)issuer; /* as in make_patched */
    json_t *doc = json_deep_copy(old);
    json_t *grants = json_object_get(doc, "grants");
    size_t index;
    json_t *grant;
    json_array_foreach(edit->input, index, grant)
    {
        if (!holds(grants, grant) && json_array_append(grants, grant) != 0) {
            json_decref(doc);
            return JT_ERR_NOMEM;
        }
    }
    (void)diag; /* the grants' form is write_object's to check */
    *out_doc = doc;
    return doc == NULL ? JT_ERR_NOMEM : JT_OK;
}

enum jt_err jt_edit_grant(struct jt_issuer *issuer, const char *actor, struct jt_span client,
                          const json_t *grants, json_t **out_view, struct jt_diag *diag)
{
    if (!json_is_array(grants) || json_array_size(grants) == 0) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "grants: give a list of IDENTIFIER#SCOPE or IDENTIFIER");
    }
    struct edit edit = {.actor = actor,
                        .kind = JT_STORE_CLIENT,
                        .id = client,
                        .make = make_granted,
                        .action = "grant",
                        .input = grants};
    return run(issuer, &edit, out_view, diag);
}

static enum jt_err make_ungranted(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                                  json_t **out_doc, struct jt_diag *diag)
{
    (void)issuer; /* as in make_patched */
    json_t *doc = json_deep_copy(old);
    json_t *grants = json_object_get(doc, "grants");
    for (size_t i = 0; i < json_array_size(grants); i++) {
        if (json_equal(json_array_get(grants, i), edit->input) != 0) {
            (void)json_array_remove(grants, i); /* the index exists */
            *out_doc = doc;
            return JT_OK;
        }
    }
    json_decref(doc);
    return jt_diag_fail(diag, JT_ERR_NOT_FOUND, "the client holds no direct grant '%.256s'",
                        json_string_value(edit->input));
}

enum jt_err jt_edit_ungrant(struct jt_issuer *issuer, const char *actor, struct jt_span client,
                            struct jt_span grant, json_t **out_view, struct jt_diag *diag)
{
    json_t *text = json_stringn((const char *)grant.p, grant.n);
    if (text == NULL) {
        return JT_ERR_NOMEM;
    }
    struct edit edit = {.actor = actor,
                        .kind = JT_STORE_CLIENT,
                        .id = client,
                        .make = make_ungranted,
                        .action = "ungrant",
                        .input = text};
    enum jt_err err = run(issuer, &edit, out_view, diag);
    json_decref(text);
    return err;
}

/* --- a client's secrets --- */

static enum jt_err make_with_secret(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                                    json_t **out_doc, struct jt_diag *diag)
{
    return jt_edit_client_add_secret(issuer, old, &edit->secret, out_doc, diag);
}

enum jt_err jt_edit_add_secret(struct jt_issuer *issuer, const char *actor, struct jt_span client,
                               struct jt_span name, int64_t lifetime_s, json_t **out_view,
                               struct jt_diag *diag)
{
    struct edit edit = {.actor = actor,
                        .kind = JT_STORE_CLIENT,
                        .id = client,
                        .make = make_with_secret,
                        .action = "secret.add",
                        .secret = {.name = name, .lifetime_s = lifetime_s}};
    return run(issuer, &edit, out_view, diag);
}

static enum jt_err make_without_secret(struct edit *edit, struct jt_issuer *issuer,
                                       const json_t *old, json_t **out_doc, struct jt_diag *diag)
{
    (void)issuer; /* as in make_patched */
    json_t *doc = json_deep_copy(old);
    json_t *secrets = json_object_get(doc, "secrets");
    for (size_t i = 0; i < json_array_size(secrets); i++) {
        const json_t *id = json_object_get(json_array_get(secrets, i), "id");
        if (jt_span_eq(jt_json_value(id), edit->secret.name)) {
            (void)json_array_remove(secrets, i); /* the index exists */
            *out_doc = doc;
            return JT_OK;
        }
    }
    json_decref(doc);
    return jt_diag_fail(diag, JT_ERR_NOT_FOUND, "the client has no secret of this id");
}

enum jt_err jt_edit_revoke_secret(struct jt_issuer *issuer, const char *actor,
                                  struct jt_span client, struct jt_span secret_id,
                                  struct jt_diag *diag)
{
    struct edit edit = {.actor = actor,
                        .kind = JT_STORE_CLIENT,
                        .id = client,
                        .make = make_without_secret,
                        .action = "secret.revoke",
                        .secret = {.name = secret_id}};
    return run(issuer, &edit, NULL, diag);
}
