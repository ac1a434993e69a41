/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/admin_keys.h"

#include <stdlib.h>

#include "common/json/json.h"
#include "issuer/advice.h"
#include "issuer/key_told.h"
#include "issuer/reach.h"
#include "keys/witness.h"

#include "common/base/base.h"

/* --- the keys as they are --- */

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
    return time_s == 0 || time_s == INT64_MAX ? json_null() : json_integer(time_s);
}

struct listing {
    const struct jt_issuer *issuer;
    json_t *reply;
};

/* Null: not known. A key that is gone from the set has none to lose. */
static json_t *tokens_json(const struct jt_issuer *issuer, const struct jt_key_times *key)
{
    uint64_t tokens = 0;
    if (!jt_schedule_published(key)) {
        return json_integer(0);
    }
    return jt_key_told_unexpired(issuer, key, &tokens) ? json_integer((json_int_t)tokens)
                                                       : json_null();
}

static json_t *key_json(const struct jt_issuer *issuer, const struct jt_key_times *key,
                        enum jt_key_state state)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:s, s:o}", "kid",
                     key->kid, "alg", jt_alg_row(key->alg)->name, "state", state_name(state),
                     "published_at_s", time_json(key->published_at_s), "sign_from_s",
                     time_json(key->sign_from_s), "sign_until_s", time_json(key->sign_until_s),
                     "drop_at_s", time_json(key->drop_at_s), "dropped_at_s",
                     time_json(key->dropped_at_s), "revoked_at_s", time_json(key->revoked_at_s),
                     "longest_s", (json_int_t)key->longest_s, "witness", jt_witness_name(key->alg),
                     "unexpired_tokens", tokens_json(issuer, key));
}

static json_t *algorithm_json(const struct jt_issuer_schedule *schedule, enum jt_alg alg)
{
    const struct jt_key_times *active = jt_schedule_active(schedule->keys, schedule->n, alg);
    const struct jt_key_times *next = jt_schedule_next(schedule->keys, schedule->n, alg);
    int64_t turn_s = jt_schedule_turn(&schedule->conf, schedule->keys, schedule->n, alg);
    int64_t jitter_s = active == NULL ? 0 : jt_schedule_jitter(&schedule->conf, active);
    int64_t tail_s = active == NULL ? 0 : jt_schedule_tail_of(&schedule->conf, active);
    return json_pack("{s:s, s:b, s:s?, s:s?, s:o, s:I, s:I, s:I, s:I}", "alg",
                     jt_alg_row(alg)->name, "named", schedule->conf.named[alg], "active",
                     active == NULL ? NULL : active->kid, "next", next == NULL ? NULL : next->kid,
                     "next_signs_s", time_json(turn_s == 0 ? schedule->now_s : turn_s), "period_s",
                     (json_int_t)schedule->conf.period_s, "jitter_s", (json_int_t)jitter_s,
                     "lead_s", (json_int_t)schedule->conf.lead_s, "tail_s", (json_int_t)tail_s);
}

static enum jt_err fill(void *ctx, const struct jt_issuer_schedule *schedule)
{
    const struct listing *listing = ctx;
    json_t *items = json_array(), *algorithms = json_array();
    JT_TRY(jt_advice_set(listing->reply, "items", items)); /* theirs from here on */
    enum jt_err err = jt_advice_set(listing->reply, "algorithms", algorithms);
    for (size_t i = schedule->n; err == JT_OK && i-- > 0;) {
        const struct jt_key_times *key = &schedule->keys[i];
        err =
            jt_advice_append(items, key_json(listing->issuer, key,
                                             jt_schedule_state(key, schedule->keys, schedule->n)));
    }
    for (enum jt_alg alg = JT_ALG_NONE + 1; err == JT_OK && alg < JT_ALG_COUNT_; alg++) {
        if (jt_schedule_kept(&schedule->conf, schedule->keys, schedule->n, alg)) {
            err = jt_advice_append(algorithms, algorithm_json(schedule, alg));
        }
    }
    JT_TRY(err);
    JT_TRY(jt_advice_set(listing->reply, "now_s", json_integer(schedule->now_s)));
    return jt_advice_set(listing->reply, "pause_until_s", time_json(schedule->pause_until_s));
}

/* The keys as they are, with what there is to say of the step before. */
static enum jt_err show_keys(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    struct jt_diag note = call->diag;
    struct listing listing = {call->issuer, json_object()};
    enum jt_err err = listing.reply == NULL
                          ? JT_ERR_NOMEM
                          : jt_issuer_schedule(call->issuer, fill, &listing, &call->diag);
    if (err == JT_OK && note.text[0] != 0) {
        err = jt_advice_set(listing.reply, "note", json_string(note.text));
    }
    if (err != JT_OK) {
        json_decref(listing.reply);
        return err;
    }
    reply->json = listing.reply;
    return JT_OK;
}

enum jt_err jt_admin_keys_list(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return show_keys(call, reply);
}

/* --- steps by hand --- */

static enum jt_err parse_alg(struct jt_admin_call *call, struct jt_span name, enum jt_alg *out_alg)
{
    const struct jt_alg_row *row = jt_alg_find(name);
    if (row == NULL || !row->issue) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID,
                            "alg: give one of ES256 ES384 ES512 RS256 PS256 EdDSA");
    }
    *out_alg = row->id;
    return JT_OK;
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
    return parse_alg(call, jt_json_value(alg), out_alg);
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

enum jt_err jt_admin_keys_revoke_all(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    static const char *const members[] = {NULL};
    JT_TRY(jt_admin_only(call, members));
    JT_TRY(jt_issuer_revoke_all(call->issuer, call->actor->name, &call->diag));
    return show_keys(call, reply);
}

enum jt_err jt_admin_keys_add(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    static const char *const members[] = {"alg", NULL};
    enum jt_alg alg = JT_ALG_NONE;
    JT_TRY(jt_admin_only(call, members));
    JT_TRY(parse_alg(call, jt_json_value(json_object_get(call->body, "alg")), &alg));
    JT_TRY(jt_issuer_add_algorithm(call->issuer, alg, call->actor->name, &call->diag));
    return show_keys(call, reply);
}

enum jt_err jt_admin_keys_retire(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    enum jt_alg alg = JT_ALG_NONE;
    JT_TRY(parse_alg(call, call->request->segments[0], &alg));
    JT_TRY(jt_issuer_retire_algorithm(call->issuer, alg, call->actor->name, &call->diag));
    return show_keys(call, reply);
}

/* --- how far the set has come --- */

static json_t *window_json(const struct jt_reach_window *window)
{
    json_t *share = window->fetches == 0
                        ? json_null()
                        : json_real((double)window->newest / (double)window->fetches);
    json_t *window_s = window->window_s == 0 ? json_null() : json_integer(window->window_s);
    return json_pack("{s:o, s:I, s:I, s:I, s:o}", "window_s", window_s, "fetches",
                     (json_int_t)window->fetches, "newest", (json_int_t)window->newest, "held",
                     (json_int_t)window->held, "share", share);
}

enum jt_err jt_admin_keys_reach(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    struct jt_reach reach;
    jt_reach_look(call->worker, &reach);
    json_t *windows = json_array();
    enum jt_err err = JT_OK;
    for (size_t i = 0; err == JT_OK && i < JT_REACH_WINDOWS; i++) {
        err = jt_advice_append(windows, window_json(&reach.windows[i]));
    }
    if (err != JT_OK) {
        json_decref(windows);
        return err;
    }
    reply->json = json_pack("{s:s, s:I, s:I, s:I, s:o}", "etag", reach.etag, "set_since_s",
                            (json_int_t)reach.set_since_s, "started_s", (json_int_t)reach.started_s,
                            "now_s", (json_int_t)reach.now_s, "windows", windows);
    return reply->json == NULL ? JT_ERR_NOMEM : JT_OK;
}
