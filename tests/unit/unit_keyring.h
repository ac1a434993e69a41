/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the key ring share: the keys of the desk's issuer, looked at and moved. */
#ifndef JT_TESTS_UNIT_UNIT_KEYRING_H
#define JT_TESTS_UNIT_UNIT_KEYRING_H

#include "tests/unit/unit_issuer.h"

struct key_list {
    struct jt_key_times items[JT_KEYRING_KEPT];
    enum jt_key_state states[JT_KEYRING_KEPT];
    size_t n;
};

static inline enum jt_err collect(void *ctx, const struct jt_key_times *key,
                                  enum jt_key_state state)
{
    struct key_list *list = ctx;
    assert_true(list->n < JT_KEYRING_KEPT);
    list->items[list->n] = *key;
    list->states[list->n++] = state;
    return JT_OK;
}

static inline struct key_list list_keys(void)
{
    struct key_list list = {.n = 0};
    assert_ok(jt_issuer_keys(desk.issuer, collect, &list, NULL));
    return list;
}

static inline size_t count_state(const struct key_list *list, enum jt_key_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        n += list->states[i] == state;
    }
    return n;
}

/* The one key of `state` and algorithm ES256. */
static inline struct jt_key_times only(enum jt_key_state state)
{
    struct key_list list = list_keys();
    struct jt_key_times found = {0};
    size_t n = 0;
    for (size_t i = 0; i < list.n; i++) {
        if (list.states[i] == state && list.items[i].alg == JT_ALG_ES256) {
            found = list.items[i];
            n++;
        }
    }
    assert_int_equal(n, 1);
    return found;
}

static inline struct jt_key_times by_kid(const char *kid)
{
    struct key_list list = list_keys();
    for (size_t i = 0; i < list.n; i++) {
        if (strcmp(list.items[i].kid, kid) == 0) {
            return list.items[i];
        }
    }
    fail_msg("no key %s", kid);
    return (struct jt_key_times){0};
}

static inline bool in_set(const char *kid)
{
    return strstr(jt_buf_str(&desk_root()->keys->jwks), kid) != NULL;
}

static inline const char *signing(enum jt_alg alg)
{
    return desk_root()->keys->signing_kid[alg];
}

static inline enum jt_err sign(const char *kid, int64_t lifetime_s)
{
    struct jt_issuer_worker *worker = NULL;
    JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    struct jt_span aud = JT_SPAN("https://a");
    struct jt_claims claims = {.iss = JT_SPAN("https://id.example.com"),
                               .sub = JT_SPAN("c"),
                               .client_id = JT_SPAN("c"),
                               .jti = JT_SPAN("j"),
                               .aud = &aud,
                               .n_aud = 1,
                               .iat_s = desk.clock.wall_s,
                               .nbf_s = desk.clock.wall_s,
                               .exp_s = desk.clock.wall_s + lifetime_s,
                               .typ = JT_SPAN("at+jwt")};
    assert_ok(jt_issuer_worker_new(desk.issuer, &worker));
    enum jt_err err = jt_signer_sign(worker->lane, jt_span_str(kid), &claims, &token);
    jt_issuer_worker_free(worker);
    return err;
}

static inline enum jt_err rotate(bool force, struct jt_diag *diag)
{
    return jt_issuer_rotate(desk.issuer, JT_ALG_NONE, force, "test", diag);
}

static inline void tick(void)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_issuer_tick(desk.issuer, &diag);
    if (err != JT_OK) {
        fail_msg("%s: %s", jt_err_name(err), diag.text);
    }
}

#endif
