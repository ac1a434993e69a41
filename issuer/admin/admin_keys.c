/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/admin_keys.h"

#include <stdlib.h>

#include "common/json/json.h"

#include "common/base/base.h"

static const char *state_name(enum jt_key_state state)
{
    static const char *const names[] = {
        [JT_KEY_NEXT] = "next",       [JT_KEY_ACTIVE] = "active",   [JT_KEY_RETIRING] = "retiring",
        [JT_KEY_DROPPED] = "dropped", [JT_KEY_REVOKED] = "revoked",
    };
    return names[state];
}

static json_t *time_json(int64_t time_s)
{
    return time_s == 0 ? json_null() : json_integer(time_s);
}

static enum jt_err append_key(void *ctx, const struct jt_key_times *key, enum jt_key_state state)
{
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "kid", key->kid, "alg",
                  jt_alg_row(key->alg)->name, "state", state_name(state), "published_at_s",
                  time_json(key->published_at_s), "sign_from_s", time_json(key->sign_from_s),
                  "sign_until_s", time_json(key->sign_until_s), "drop_at_s",
                  time_json(key->drop_at_s), "revoked_at_s", time_json(key->revoked_at_s));
    return json_array_append_new(ctx, json) == 0 ? JT_OK : JT_ERR_NOMEM;
}

/* The keys as they are, with what there is to say of the step before. */
static enum jt_err show_keys(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    struct jt_diag note = call->diag;
    json_t *items = json_array();
    enum jt_err err =
        items == NULL ? JT_ERR_NOMEM : jt_issuer_keys(call->issuer, append_key, items, &call->diag);
    if (err != JT_OK) {
        json_decref(items);
        return err;
    }
    reply->json = json_pack("{s:o}", "items", items);
    if (reply->json != NULL && note.text[0] != 0) {
        (void)json_object_set_new(reply->json, "note", json_string(note.text)); /* a help only */
    }
    return reply->json == NULL ? JT_ERR_NOMEM : JT_OK;
}

enum jt_err jt_admin_keys_list(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return show_keys(call, reply);
}

/* The members of a step by hand. */
static enum jt_err read_members(struct jt_admin_call *call, enum jt_alg *out_alg, bool *out_force)
{
    const json_t *alg = json_object_get(call->body, "alg");
    const json_t *force = json_object_get(call->body, "force");
    if (force != NULL && !json_is_boolean(force)) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID, "force: give true or false");
    }
    *out_force = json_is_true(force);
    *out_alg = JT_ALG_NONE;
    if (alg == NULL || json_is_null(alg)) {
        return JT_OK;
    }
    const struct jt_alg_row *row = jt_alg_find(jt_json_value(alg));
    if (row == NULL || !row->issue) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID,
                            "alg: give one of ES256 ES384 ES512 RS256 PS256 EdDSA");
    }
    *out_alg = row->id;
    return JT_OK;
}

enum jt_err jt_admin_keys_rotate(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    static const char *const members[] = {"alg", "force", NULL};
    enum jt_alg alg = JT_ALG_NONE;
    bool force = false;
    JT_TRY(jt_admin_only(call, members));
    JT_TRY(read_members(call, &alg, &force));
    JT_TRY(jt_issuer_rotate(call->issuer, alg, force, call->actor->name, &call->diag));
    return show_keys(call, reply);
}

enum jt_err jt_admin_keys_revoke(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    static const char *const members[] = {"force", NULL};
    enum jt_alg alg = JT_ALG_NONE;
    bool force = false;
    char *kid = NULL;
    JT_TRY(jt_admin_only(call, members));
    JT_TRY(read_members(call, &alg, &force));
    JT_TRY(jt_buf_strdup(call->request->segments[0], &kid));
    enum jt_err err = jt_issuer_revoke(call->issuer, kid, force, call->actor->name, &call->diag);
    free(kid);
    JT_TRY(err);
    return show_keys(call, reply);
}
