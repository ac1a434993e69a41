/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "common/json/json.h"
#include "issuer/admin/admin.h"

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

static void answer_keys(struct jt_issuer *issuer, const char *note, struct jt_answer *answer)
{
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *items = json_array();
    enum jt_err err =
        items == NULL ? JT_ERR_NOMEM : jt_issuer_keys(issuer, append_key, items, &diag);
    if (err != JT_OK) {
        json_decref(items);
        jt_admin_refuse(answer, err, &diag);
        return;
    }
    json_t *json = json_pack("{s:o}", "items", items);
    if (json != NULL && note[0] != 0) {
        (void)json_object_set_new(json, "note", json_string(note)); /* a help only */
    }
    jt_admin_answer(answer, 200, json);
}

void jt_admin_keys_list(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)request; /* nothing to choose */
    answer_keys(app, "", answer);
}

/* The members of a step by hand. */
static enum jt_err read_members(const json_t *body, enum jt_alg *out_alg, bool *out_force,
                                struct jt_diag *diag)
{
    const json_t *alg = json_object_get(body, "alg"), *force = json_object_get(body, "force");
    if (force != NULL && !json_is_boolean(force)) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "force: give true or false");
    }
    *out_force = json_is_true(force);
    *out_alg = JT_ALG_NONE;
    if (alg == NULL || json_is_null(alg)) {
        return JT_OK;
    }
    const struct jt_alg_row *row = jt_alg_find(jt_json_value(alg));
    if (row == NULL || !row->issue) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "alg: give one of ES256 ES384 ES512 RS256 PS256 EdDSA");
    }
    *out_alg = row->id;
    return JT_OK;
}

/* Reads the body of a step by hand; answers the refusal itself and returns false when it is wrong. */
static bool read_step(const struct jt_request *request, const char *const *members,
                      enum jt_alg *out_alg, bool *out_force, struct jt_answer *answer)
{
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *body = jt_admin_body(request, true, answer);
    if (body == NULL) {
        return false;
    }
    bool right = jt_admin_only(body, members, answer);
    enum jt_err err = right ? read_members(body, out_alg, out_force, &diag) : JT_OK;
    json_decref(body);
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, &diag);
    }
    return right && err == JT_OK;
}

/* The keys as they are after the step, with what there is to say of it; or its refusal. */
static void finish(struct jt_issuer *issuer, enum jt_err err, const struct jt_diag *diag,
                   struct jt_answer *answer)
{
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, diag);
        return;
    }
    answer_keys(issuer, diag->text, answer);
}

void jt_admin_keys_rotate(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    static const char *const members[] = {"alg", "force", NULL};
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_alg alg = JT_ALG_NONE;
    bool force = false;
    if (read_step(request, members, &alg, &force, answer)) {
        finish(app, jt_issuer_rotate(app, alg, force, JT_ADMIN_ACTOR, &diag), &diag, answer);
    }
}

void jt_admin_keys_revoke(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    static const char *const members[] = {"force", NULL};
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_alg alg = JT_ALG_NONE;
    bool force = false;
    char *kid = NULL;
    if (!read_step(request, members, &alg, &force, answer)) {
        return;
    }
    enum jt_err err = jt_buf_strdup(request->segments[0], &kid);
    if (err == JT_OK) {
        err = jt_issuer_revoke(app, kid, force, JT_ADMIN_ACTOR, &diag);
    }
    free(kid);
    finish(app, err, &diag, answer);
}
