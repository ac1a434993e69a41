/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/edit.h"

#include "common/json/json.h"
#include "issuer/batch.h"
#include "issuer/edit_client.h"
#include "issuer/edit_list.h"
#include "issuer/merge_patch.h"
#include "issuer/view.h"

#include "common/base/base.h"

/* An edit on its way through jt_issuer_change. */
struct edit {
    const struct jt_edit_how *how;
    enum jt_store_kind kind;
    struct jt_span id; /* p NULL: of a new object */
    /* Makes the new document from the old one (NULL: there is none) into `*out_doc`; NULL: the
     * object is deleted. */
    enum jt_err (*make)(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                        json_t **out_doc, struct jt_diag *diag);
    const char *action;
    const json_t *input;
    struct jt_edit_list list;
    struct jt_edit_secret secret; /* of clients: the one made or revoked */
    struct jt_edit_result result;
    bool changes;                           /* else the object stays as it was */
    char name[JT_NAMES_MAX_IDENTIFIER + 1]; /* of the object, for the log */
};

/* --- idempotency --- */

static enum jt_err take_reply(void *ctx, struct jt_span request, struct jt_span answer)
{
    struct edit *edit = ctx;
    json_t *reply = NULL;
    if (!jt_span_eq(request, edit->how->request_hash)) {
        return JT_ERR_IDEMPOTENCY;
    }
    JT_TRY(jt_json_load_object(answer, JT_JSON_DEPTH + 1, &reply)); /* around a document */
    edit->result.view = json_incref(json_object_get(reply, "view"));
    edit->result.version = json_integer_value(json_object_get(reply, "version"));
    edit->result.replayed = true;
    json_decref(reply);
    return JT_OK;
}

static struct jt_span actor_of(const struct edit *edit)
{
    return jt_span_str(edit->how->actor->name);
}

/* The first answer under the request's key, if there was one. */
static enum jt_err find_reply(struct edit *edit, struct jt_issuer *issuer)
{
    enum jt_err err = edit->how->key.n == 0
                          ? JT_ERR_NOT_FOUND
                          : jt_store_reply(issuer->store, actor_of(edit), edit->how->key,
                                           jt_clock_wall_s(issuer->clock), take_reply, edit);
    return err == JT_ERR_NOT_FOUND ? JT_OK : err;
}

/* Keeps the answer. It has no secret yet: a replay cannot show it. */
static enum jt_err keep_reply(struct edit *edit, struct jt_issuer *issuer)
{
    JT_AUTO(buf) text = JT_BUF_INIT(JT_OBJECT_MAX_DOC + 128); /* around a view */
    if (edit->how->key.n == 0) {
        return JT_OK;
    }
    json_t *reply = json_pack("{s:O, s:I}", "view", edit->result.view, "version",
                              (json_int_t)edit->result.version);
    enum jt_err err = reply == NULL ? JT_ERR_NOMEM : jt_json_dump(reply, &text);
    json_decref(reply);
    JT_TRY(err);
    const struct jt_store_reply row = {actor_of(edit), edit->how->key, edit->how->request_hash,
                                       jt_buf_span(&text), jt_clock_wall_s(issuer->clock)};
    return jt_store_put_reply(issuer->store, &row);
}

/* --- running --- */

/* After the commit: what is logged has happened. */
static void log_edit(const struct jt_issuer *issuer, const struct edit *edit)
{
    jt_log(issuer->log, JT_EV_ADMIN_CHANGE, jt_log_str("object", jt_object_kind_name(edit->kind)),
           jt_log_str("action", edit->action), jt_log_peer("id", jt_span_str(edit->name)),
           jt_log_str("by", edit->how->actor->name));
}

static void note_change(struct edit *edit, const struct jt_object *object)
{
    struct jt_span name = jt_object_name(object);
    memcpy(edit->name, name.p, name.n);
    edit->name[name.n] = 0;
    edit->changes = true;
}

/* The view of what was written: the object's, or of a secret that was added, the secret's. */
static enum jt_err make_view(struct edit *edit, const struct jt_object *object)
{
    edit->result.version = object->version;
    if (edit->secret.row != NULL && edit->id.p != NULL) {
        edit->result.view = json_incref(edit->secret.row);
        return JT_OK;
    }
    return jt_object_json(object, false, &edit->result.view);
}

static enum jt_err check_id(const struct edit *edit, const struct jt_root *now,
                            const struct jt_object *old, const struct jt_object *object,
                            struct jt_diag *diag)
{
    if (old == NULL && jt_view_find(now->access, edit->kind, object->id) != NULL) {
        return jt_diag_fail(diag, JT_ERR_EXISTS,
                            "a %s of this name exists; update it, or choose another name",
                            jt_object_kind_name(edit->kind));
    }
    if (old != NULL && !jt_span_eq(old->id, object->id)) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "%s: what names an object cannot change; create another",
                            jt_object_id_member(edit->kind));
    }
    return JT_OK;
}

/* Parses `doc`: what the object is to be. */
static enum jt_err parse(const struct edit *edit, const struct jt_root *now,
                         const struct jt_object *old, const json_t *doc,
                         struct jt_object **out_object, struct jt_diag *diag)
{
    struct jt_object *object = NULL;
    JT_TRY(jt_object_parse(edit->kind, doc, &object, diag));
    enum jt_err err = check_id(edit, now, old, object, diag);
    if (err != JT_OK) {
        jt_object_free(object);
        return err;
    }
    *out_object = object;
    return JT_OK;
}

/* Takes `object`. */
static enum jt_err put(struct edit *edit, struct jt_issuer *issuer, const struct jt_root *now,
                       const struct jt_object *old, struct jt_object *object,
                       struct jt_access **out_access, struct jt_diag *diag)
{
    struct jt_batch batch = JT_BATCH_INIT;
    JT_TRY(jt_batch_put(&batch, old, object, edit->action));
    enum jt_err err = jt_batch_check(&batch, issuer, now, edit->how->actor, out_access, diag);
    if (err == JT_OK) {
        err = jt_batch_write(&batch, issuer, edit->how->actor, diag);
    }
    if (err == JT_OK) {
        note_change(edit, object);
        err = make_view(edit, object);
    }
    jt_batch_release(&batch);
    return err;
}

static enum jt_err delete_object(struct edit *edit, struct jt_issuer *issuer,
                                 const struct jt_root *now, const struct jt_object *old,
                                 struct jt_access **out_access, struct jt_diag *diag)
{
    struct jt_batch batch = JT_BATCH_INIT;
    JT_TRY(jt_batch_delete(&batch, old, edit->action));
    enum jt_err err = jt_batch_check(&batch, issuer, now, edit->how->actor, out_access, diag);
    if (err == JT_OK) {
        err = jt_batch_write(&batch, issuer, edit->how->actor, diag);
    }
    note_change(edit, old);
    jt_batch_release(&batch);
    return err;
}

/* Is `object` what it was? As documents of the store: a member that is left out and one that is its
 * default are the same there. */
static enum jt_err is_same(const json_t *old_doc, const struct jt_object *object, bool *out_same)
{
    JT_JSON_AUTO json_t *doc = NULL;
    JT_TRY(jt_object_json(object, true, &doc));
    *out_same = json_equal(old_doc, doc) != 0;
    return JT_OK;
}

/* Makes the new object, and writes it unless it is the old one. */
static enum jt_err replace(struct edit *edit, struct jt_issuer *issuer, const struct jt_root *now,
                           const struct jt_object *old, struct jt_access **out_access,
                           struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *old_doc = NULL;
    JT_JSON_AUTO json_t *doc = NULL;
    struct jt_object *object = NULL;
    bool same = false;
    if (old != NULL) {
        JT_TRY(jt_object_json(old, true, &old_doc));
    }
    JT_TRY(edit->make(edit, issuer, old_doc, &doc, diag));
    JT_TRY(parse(edit, now, old, doc, &object, diag));
    enum jt_err err = old == NULL ? JT_OK : is_same(old_doc, object, &same);
    if (err != JT_OK || same) {
        jt_object_free(object);
        JT_TRY(err);
        return make_view(edit, old);
    }
    JT_TRY(put(edit, issuer, now, old, object, out_access, diag));
    JT_TRY(keep_reply(edit, issuer));
    /* before the commit: a secret that cannot be shown was never made */
    return edit->secret.text.n == 0 ? JT_OK : jt_edit_client_show(edit->result.view, &edit->secret);
}

static enum jt_err run_edit(struct jt_issuer *issuer, const struct jt_root *now, void *ctx,
                            struct jt_access **out_access, struct jt_diag *diag)
{
    struct edit *edit = ctx;
    const struct jt_object *old = NULL;
    JT_TRY(find_reply(edit, issuer));
    if (edit->result.replayed) {
        return JT_OK;
    }
    if (edit->id.p != NULL) {
        old = jt_view_find(now->access, edit->kind, edit->id);
        if (old == NULL) {
            return JT_ERR_NOT_FOUND;
        }
        if (edit->how->if_version != 0 && edit->how->if_version != old->version) {
            return jt_diag_fail(diag, JT_ERR_PRECONDITION,
                                "the %s has changed meanwhile; get it again, and decide anew",
                                jt_object_kind_name(edit->kind));
        }
    }
    return edit->make == NULL ? delete_object(edit, issuer, now, old, out_access, diag)
                              : replace(edit, issuer, now, old, out_access, diag);
}

/* Runs it; `out_result` NULL: nobody wants to see it. */
static enum jt_err run(struct jt_issuer *issuer, struct edit *edit,
                       struct jt_edit_result *out_result, struct jt_diag *diag)
{
    enum jt_err err = jt_issuer_change(issuer, run_edit, edit, diag);
    if (err == JT_OK && edit->changes) {
        log_edit(issuer, edit);
    }
    jt_edit_client_release(&edit->secret);
    if (err != JT_OK || out_result == NULL) {
        json_decref(edit->result.view);
    } else {
        *out_result = edit->result;
    }
    return err;
}

/* --- creating, changing, deleting --- */

static enum jt_err refuse_member(const json_t *input, const char *name, const char *why,
                                 struct jt_diag *diag)
{
    if (json_object_get(input, name) == NULL) {
        return JT_OK;
    }
    return jt_diag_fail(diag, JT_ERR_INVALID, "%s: %s", name, why);
}

/* Who creates a client subscribes it; the product's approval decides the rest. */
static enum jt_err refuse_statuses(const json_t *input, struct jt_diag *diag)
{
    size_t index;
    const json_t *item;
    json_array_foreach(json_object_get(input, "subscriptions"), index, item)
    {
        if (json_object_get(item, "status") != NULL) {
            return jt_diag_fail(diag, JT_ERR_INVALID,
                                "subscriptions: a status is not set here; approve the subscription "
                                "once the client is there");
        }
    }
    return JT_OK;
}

static enum jt_err make_new(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                            json_t **out_doc, struct jt_diag *diag)
{
    (void)old; /* there is none */
    if (edit->kind == JT_STORE_CLIENT) {
        JT_TRY(
            refuse_member(edit->input, "client_id", "is made by the issuer; leave it out", diag));
        JT_TRY(refuse_member(edit->input, "secrets", "are made by the issuer; leave it out", diag));
        JT_TRY(refuse_statuses(edit->input, diag));
        return jt_edit_client_new(issuer, edit->input, &edit->secret, out_doc, diag);
    }
    *out_doc = json_deep_copy(edit->input);
    return *out_doc == NULL ? JT_ERR_NOMEM : JT_OK;
}

enum jt_err jt_edit_create(struct jt_issuer *issuer, const struct jt_edit_how *how,
                           enum jt_store_kind kind, const json_t *doc,
                           struct jt_edit_result *out_result, struct jt_diag *diag)
{
    if (!json_is_object(doc)) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "give a JSON object");
    }
    struct edit edit = {
        .how = how, .kind = kind, .make = make_new, .action = "create", .input = doc};
    return run(issuer, &edit, out_result, diag);
}

static enum jt_err make_patched(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                                json_t **out_doc, struct jt_diag *diag)
{
    (void)issuer; /* a patch needs neither clock nor randomness */
    if (edit->kind == JT_STORE_CLIENT) {
        JT_TRY(refuse_member(edit->input, "secrets", "add or revoke them one by one", diag));
        JT_TRY(refuse_member(edit->input, "subscriptions",
                             "subscribe, approve and revoke them one by one", diag));
    }
    json_t *doc = json_deep_copy(old);
    enum jt_err err = doc == NULL ? JT_ERR_NOMEM : jt_merge_patch(doc, edit->input);
    if (err != JT_OK) {
        json_decref(doc);
        return err;
    }
    *out_doc = doc;
    return JT_OK;
}

enum jt_err jt_edit_patch(struct jt_issuer *issuer, const struct jt_edit_how *how,
                          enum jt_store_kind kind, struct jt_span id, const json_t *patch,
                          struct jt_edit_result *out_result, struct jt_diag *diag)
{
    if (!json_is_object(patch)) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "give a JSON object");
    }
    struct edit edit = {.how = how,
                        .kind = kind,
                        .id = id,
                        .make = make_patched,
                        .action = "update",
                        .input = patch};
    return run(issuer, &edit, out_result, diag);
}

enum jt_err jt_edit_delete(struct jt_issuer *issuer, const struct jt_edit_how *how,
                           enum jt_store_kind kind, struct jt_span id, struct jt_diag *diag)
{
    struct edit edit = {.how = how, .kind = kind, .id = id, .action = "delete"};
    return run(issuer, &edit, NULL, diag);
}

/* --- a client's lists --- */

static enum jt_err make_listed(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                               json_t **out_doc, struct jt_diag *diag)
{
    (void)issuer; /* as in make_patched */
    json_t *doc = json_deep_copy(old);
    enum jt_err err = doc == NULL ? JT_ERR_NOMEM : jt_edit_list_change(&edit->list, doc, diag);
    if (err != JT_OK) {
        json_decref(doc);
        return err;
    }
    *out_doc = doc;
    return JT_OK;
}

enum jt_err jt_edit_list(struct jt_issuer *issuer, const struct jt_edit_how *how,
                         struct jt_span client, const struct jt_edit_list *list,
                         struct jt_edit_result *out_result, struct jt_diag *diag)
{
    struct edit edit = {.how = how,
                        .kind = JT_STORE_CLIENT,
                        .id = client,
                        .make = make_listed,
                        .action = jt_edit_list_action(list->act),
                        .list = *list};
    return run(issuer, &edit, out_result, diag);
}

/* --- a client's secrets --- */

static enum jt_err make_with_secret(struct edit *edit, struct jt_issuer *issuer, const json_t *old,
                                    json_t **out_doc, struct jt_diag *diag)
{
    return jt_edit_client_add_secret(issuer, old, &edit->secret, out_doc, diag);
}

enum jt_err jt_edit_add_secret(struct jt_issuer *issuer, const struct jt_edit_how *how,
                               struct jt_span client, struct jt_span name, int64_t lifetime_s,
                               struct jt_edit_result *out_result, struct jt_diag *diag)
{
    struct edit edit = {.how = how,
                        .kind = JT_STORE_CLIENT,
                        .id = client,
                        .make = make_with_secret,
                        .action = "secret.add",
                        .secret = {.name = name, .lifetime_s = lifetime_s}};
    return run(issuer, &edit, out_result, diag);
}

static enum jt_err make_without_secret(struct edit *edit, struct jt_issuer *issuer,
                                       const json_t *old, json_t **out_doc, struct jt_diag *diag)
{
    (void)issuer; /* as in make_patched */
    json_t *doc = json_deep_copy(old);
    json_t *secrets = json_object_get(doc, "secrets");
    if (doc == NULL) {
        return JT_ERR_NOMEM;
    }
    for (size_t i = 0; i < json_array_size(secrets); i++) {
        const json_t *id = json_object_get(json_array_get(secrets, i), "id");
        if (jt_span_eq(jt_json_value(id), edit->secret.name)) {
            (void)json_array_remove(secrets, i); /* the index exists */
            *out_doc = doc;
            return JT_OK;
        }
    }
    json_decref(doc);
    return jt_diag_fail(diag, JT_ERR_NOT_FOUND,
                        "the client has no secret of this id; list its secrets to see theirs");
}

enum jt_err jt_edit_revoke_secret(struct jt_issuer *issuer, const struct jt_edit_how *how,
                                  struct jt_span client, struct jt_span secret_id,
                                  struct jt_diag *diag)
{
    struct edit edit = {.how = how,
                        .kind = JT_STORE_CLIENT,
                        .id = client,
                        .make = make_without_secret,
                        .action = "secret.revoke",
                        .secret = {.name = secret_id}};
    return run(issuer, &edit, NULL, diag);
}
