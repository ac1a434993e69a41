/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/render.h"

#include "common/base/word.h"
#include "common/jose/b64url.h"
#include "keys/claims.h"
#include "tests/unit/unit_keys.h"

#include "common/base/base.h"

#define LONGEST 3600
#define TIMES   4 /* whole, whole and kept, from what is kept, and once more */

static struct jt_render *render;

static int make_render(void **state)
{
    (void)state;
    return jt_render_new(&render) == JT_OK ? 0 : -1;
}

static int drop_render(void **state)
{
    (void)state;
    jt_render_free(render);
    return 0;
}

/* Renders behind what `out` may hold already, and it is what the claims are. */
static void assert_renders(const struct jt_claims *claims)
{
    JT_AUTO(buf) json = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    JT_AUTO(buf) want = JT_BUF_INIT(2 * JT_SIGNER_TOKEN_MAX);
    JT_AUTO(buf) got = JT_BUF_INIT(2 * JT_SIGNER_TOKEN_MAX);
    assert_ok(jt_claims_put(claims, &json));
    assert_ok(jt_buf_puts(&want, "header."));
    assert_ok(jt_b64url_put(&want, jt_buf_span(&json)));
    assert_ok(jt_buf_puts(&got, "header."));
    assert_ok(jt_render_put(render, claims, LONGEST, &got));
    assert_string_equal(jt_buf_str(&got), jt_buf_str(&want));
}

/* Each time with an id and a time of its own. */
static void assert_renders_again_and_again(struct jt_claims claims)
{
    static const char *const ids[TIMES] = {"first", "second", "the third", "4"};
    for (int i = 0; i < TIMES; i++) {
        claims.jti = jt_span_str(ids[i]);
        claims.iat_s += i;
        claims.nbf_s -= i;
        claims.exp_s += i;
        claims.extra = i % 2 == 0 ? JT_SPAN_NONE : JT_SPAN("\"n\":[1]");
        assert_renders(&claims);
    }
}

static void put_same_claims_with_ids_and_times_of_their_own(void **state)
{
    (void)state;
    assert_renders_again_and_again(some_claims("at+jwt"));
}

/* Whatever number of bytes is left over from whole groups of three. */
static void put_scopes_of_any_length(void **state)
{
    (void)state;
    static const char scope[] = "abcdefghijklmnopqrstuvwxyz";
    for (size_t n = 0; n < sizeof scope; n++) {
        struct jt_claims claims = some_claims("at+jwt");
        claims.scope = jt_span_of(scope, n);
        assert_renders_again_and_again(claims);
    }
}

/* Claims that differ in one of them, or in where one ends, one after the other and all again. */
static void put_claims_that_are_alike_are_not_mistaken(void **state)
{
    (void)state;
    static const struct {
        const char *iss, *sub, *client_id, *scope, *aud[2];
    } rows[] = {
        {"ab", "c", "d", "", {"urn:ab"}},      {"a", "bc", "d", "", {"urn:ab"}},
        {"a", "b", "cd", "", {"urn:ab"}},      {"ab", "d", "c", "", {"urn:ab"}},
        {"ab", "c", "e", "", {"urn:ab"}},      {"ab", "c", "d", "", {"urn:a"}},
        {"ab", "c", "d", "", {"urn:a", "b"}},  {"ab", "c", "d", "", {"urn:a", "c"}},
        {"ab", "c", "d", "x", {"urn:ab"}},     {"ab", "c", "d", "x y", {"urn:ab"}},
        {"ab", "c", "d", "x", {"urn:a", "b"}}, {"ab", "c", "d", "b", {"urn:a"}},
    };
    for (int again = 0; again < TIMES; again++) {
        for (size_t i = 0; i < JT_COUNT(rows); i++) {
            const struct jt_span aud[] = {jt_span_str(rows[i].aud[0]), jt_span_str(rows[i].aud[1])};
            const struct jt_claims claims = {.iss = jt_span_str(rows[i].iss),
                                             .sub = jt_span_str(rows[i].sub),
                                             .client_id = jt_span_str(rows[i].client_id),
                                             .scope = jt_span_str(rows[i].scope),
                                             .aud = aud,
                                             .n_aud = rows[i].aud[1] == NULL ? 1 : 2,
                                             .jti = JT_SPAN("id"),
                                             .exp_s = 1};
            assert_renders(&claims);
            assert_renders(&claims);
        }
    }
}

/* The tag of keys/render.c, made of the claims up to a scope of `n` bytes. */
static uint64_t tag_before_scope(const struct jt_claims *claims, size_t n)
{
    const struct jt_span values[] = {claims->iss, claims->sub, claims->client_id};
    uint64_t tag = 0;
    for (size_t i = 0; i < JT_COUNT(values); i++) {
        struct jt_span value = values[i];
        tag = (tag ^ value.n) * UINT64_C(0x9E3779B97F4A7C15);
        for (; value.n >= 8; value.p += 8, value.n -= 8) {
            tag = (tag ^ jt_word_load(value.p)) * UINT64_C(0x9E3779B97F4A7C15);
            tag ^= tag >> 32;
        }
        for (size_t j = 0; j < value.n; j++) {
            tag = (tag ^ value.p[j]) * UINT64_C(0x9E3779B97F4A7C15);
        }
    }
    return (tag ^ n) * UINT64_C(0x9E3779B97F4A7C15);
}

static uint64_t with_word(uint64_t tag, const uint8_t *word)
{
    tag = (tag ^ jt_word_load(word)) * UINT64_C(0x9E3779B97F4A7C15);
    return tag ^ tag >> 32;
}

/* Another scope of 16 bytes of ASCII under which the tag is the same. */
static void find_alike(uint64_t tag, const uint8_t scope[16], uint8_t out[16])
{
    uint64_t wanted = with_word(tag, scope) ^ jt_word_load(scope + 8), high;
    for (unsigned i = 0;; i++) {
        (void)snprintf((char *)out, 9, "%08u", i);
        uint64_t word = wanted ^ with_word(tag, out);
        memcpy(out + 8, &word, 8);
        memcpy(&high, out + 8, 8);
        assert_int_equal(jt_word_load(out + 8), word);
        if ((high & UINT64_C(0x8080808080808080)) == 0) {
            return;
        }
    }
}

/* A tag is where to look: who can choose his claims can make two of one tag. */
static void put_claims_of_one_tag_not_mistaken(void **state)
{
    (void)state;
    struct jt_claims claims = some_claims("at+jwt"), other = claims;
    const uint8_t scope[] = "read write admin";
    uint8_t alike[16];
    find_alike(tag_before_scope(&claims, 16), scope, alike);
    claims.scope = jt_span_of(scope, 16);
    other.scope = jt_span_of(alike, 16);
    for (int i = 0; i < TIMES; i++) {
        assert_renders(&claims);
        assert_renders(&claims);
        assert_renders(&other);
        assert_renders(&other);
    }
}

/* Many more than are kept, in turn and each thrice in a row: what is kept gives way. */
static void put_more_clients_than_are_kept(void **state)
{
    (void)state;
    for (int step = 0; step < 2 * TIMES; step++) {
        for (unsigned i = 0; i < 4 * JT_RENDER_KEPT; i++) {
            char id[16];
            (void)snprintf(id, sizeof id, "client-%u", i);
            struct jt_claims claims = some_claims("at+jwt");
            claims.sub = claims.client_id = jt_span_str(id);
            for (int row = 0; row < 1 + step % 2 * 2; row++) {
                assert_renders(&claims);
            }
        }
    }
}

/* With what is kept as without: each kind of wrong claim. */
static void put_wrong_claims_refused_whether_kept_or_not(void **state)
{
    (void)state;
    const struct jt_span wrong = JT_SPAN("\xFF");
    for (int i = 0; i < TIMES; i++) {
        struct jt_claims good = some_claims("at+jwt"), bad = good;
        JT_AUTO(buf) out = JT_BUF_INIT(1024);
        bad.jti = JT_SPAN_NONE;
        assert_err(jt_render_put(render, &bad, LONGEST, &out), JT_ERR_ARGUMENT);
        bad.jti = wrong;
        assert_err(jt_render_put(render, &bad, LONGEST, &out), JT_ERR_UTF8);
        bad = good;
        bad.extra = wrong;
        assert_err(jt_render_put(render, &bad, LONGEST, &out), JT_ERR_UTF8);
        bad = good;
        bad.exp_s = bad.iat_s + LONGEST + 1;
        assert_err(jt_render_put(render, &bad, LONGEST, &out), JT_ERR_LIFETIME);
        bad = good;
        bad.scope = wrong;
        assert_err(jt_render_put(render, &bad, LONGEST, &out), JT_ERR_UTF8);
        bad = good;
        bad.n_aud = 0;
        assert_err(jt_render_put(render, &bad, LONGEST, &out), JT_ERR_ARGUMENT);
        assert_int_equal(out.len, 0);
        assert_renders(&good);
    }
}

static void put_past_the_limit_leaves_what_was_there(void **state)
{
    (void)state;
    const struct jt_claims claims = some_claims("at+jwt");
    for (int i = 0; i < TIMES; i++) {
        JT_AUTO(buf) out = JT_BUF_INIT(250);
        assert_ok(jt_buf_puts(&out, "before"));
        assert_err(jt_render_put(render, &claims, LONGEST, &out), JT_ERR_LIMIT);
        assert_string_equal(jt_buf_str(&out), "before");
        assert_renders(&claims);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(put_same_claims_with_ids_and_times_of_their_own,
                                        make_render, drop_render),
        cmocka_unit_test_setup_teardown(put_scopes_of_any_length, make_render, drop_render),
        cmocka_unit_test_setup_teardown(put_claims_that_are_alike_are_not_mistaken, make_render,
                                        drop_render),
        cmocka_unit_test_setup_teardown(put_claims_of_one_tag_not_mistaken, make_render,
                                        drop_render),
        cmocka_unit_test_setup_teardown(put_more_clients_than_are_kept, make_render, drop_render),
        cmocka_unit_test_setup_teardown(put_wrong_claims_refused_whether_kept_or_not, make_render,
                                        drop_render),
        cmocka_unit_test_setup_teardown(put_past_the_limit_leaves_what_was_there, make_render,
                                        drop_render),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
