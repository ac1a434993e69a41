/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer.h"

#include <errno.h>
#include <jwt.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "keys/seal.h"
#include "tests/unit/unit_signer.h"

#include "common/base/base.h"

static const enum jt_alg algs[] = {JT_ALG_ES256, JT_ALG_ES384, JT_ALG_ES512,
                                   JT_ALG_RS256, JT_ALG_PS256, JT_ALG_EDDSA};

/* --- loading and forgetting --- */

static void generate_does_not_load(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate(JT_ALG_ES256);
    assert_err(try_sign(&sealed), JT_ERR_KEY_ABSENT);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_ok(try_sign(&sealed));
}

static void generate_public_jwk_names_kid_and_alg(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        JT_AUTO(sealed) sealed = generate(algs[i]);
        JT_AUTOP(jwk) jwk = parse_public(&sealed);
        assert_int_equal(jwk->alg, algs[i]);
        assert_string_equal(jwk->kid, jwk->thumbprint);
        assert_string_equal(jwk->kid, jt_buf_str(&sealed.kid));
        assert_int_equal(sealed.alg, algs[i]);
        assert_null(strstr(jt_buf_str(&sealed.public_jwk), "\"d\""));
    }
}

/* A libjwt that refuses, when asked to. */
static bool refuse;

int __real_jwt_decode(jwt_t **jwt, const char *token, const unsigned char *key, int key_len);
int __wrap_jwt_decode(jwt_t **jwt, const char *token, const unsigned char *key, int key_len);

int __wrap_jwt_decode(jwt_t **jwt, const char *token, const unsigned char *key, int key_len)
{
    return refuse ? EINVAL : __real_jwt_decode(jwt, token, key, key_len);
}

static void generate_refused_by_the_witness_gives_nothing(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    refuse = true;
    enum jt_err err = jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &sealed, &diag);
    refuse = false;
    assert_err(err, JT_ERR_WITNESS);
    assert_non_null(strstr(diag.text, "libjwt"));
    assert_int_equal(sealed.kid.len + sealed.public_jwk.len + sealed.blob.len, 0);
    assert_ok(jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &sealed, &diag));
}

static void generate_wrong_kind_or_alg_refused(void **state)
{
    (void)state;
    static const struct {
        enum jt_sealed_kind kind;
        enum jt_alg alg;
        enum jt_err want;
    } rows[] = {
        {JT_SEALED_KEY, JT_ALG_NONE, JT_ERR_ARGUMENT},
        {JT_SEALED_KEY, JT_ALG_RS384, JT_ERR_ARGUMENT}, /* verified, never issued */
        {JT_SEALED_KEY, JT_ALG_ED25519, JT_ERR_ARGUMENT},
        {JT_SEALED_PEPPER, JT_ALG_ES256, JT_ERR_ARGUMENT},
        {JT_SEALED_PEPPER, JT_ALG_NONE, JT_OK},
        {JT_SEALED_KEY, JT_ALG_ES256, JT_OK},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        JT_AUTO(sealed) sealed = JT_SEALED_INIT;
        assert_err(jt_signer_generate(signer, rows[i].kind, rows[i].alg, &sealed, &diag),
                   rows[i].want);
        assert_int_equal(sealed.kid.len == 0, rows[i].want != JT_OK);
    }
}

/* ES256: data key and two nonces. Ed25519: the seed too. Pepper: its bytes too. */
static void generate_without_randomness_refused(void **state)
{
    (void)state;
    static const struct {
        enum jt_sealed_kind kind;
        enum jt_alg alg;
        int draws;
    } rows[] = {{JT_SEALED_KEY, JT_ALG_ES256, 3},
                {JT_SEALED_KEY, JT_ALG_EDDSA, 4},
                {JT_SEALED_PEPPER, JT_ALG_NONE, 4}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        JT_AUTO(sealed) sealed = JT_SEALED_INIT;
        for (int draws = 0; draws < rows[i].draws; draws++) {
            fixed.left = draws;
            assert_err(jt_signer_generate(signer, rows[i].kind, rows[i].alg, &sealed, &diag),
                       JT_ERR_RANDOM);
            assert_int_equal(sealed.kid.len + sealed.blob.len, 0);
        }
        fixed.left = rows[i].draws;
        assert_ok(jt_signer_generate(signer, rows[i].kind, rows[i].alg, &sealed, &diag));
    }
}

static void load_erased_row_forgets(void **state)
{
    (void)state;
    JT_AUTO(sealed) kept = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) erased = copy_of(&sealed);
    assert_ok(try_sign(&sealed));
    jt_buf_clear(&erased.blob);
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_err(try_sign(&sealed), JT_ERR_KEY_ABSENT);
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag)); /* nothing to forget */
    assert_ok(try_sign(&kept));
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_ok(try_sign(&sealed));
}

static void load_wrong_rows_refused_nothing_changed(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) second = generate(JT_ALG_ES256);
    JT_AUTO(sealed) swapped = copy_of(&sealed); /* our own row, another's blob */
    jt_buf_clear(&swapped.blob);
    assert_ok(jt_buf_put(&swapped.blob, jt_buf_span(&second.blob)));
    assert_err(jt_signer_load(signer, &swapped, 1, NULL, &diag), JT_ERR_UNSEAL);
    JT_AUTO(sealed) forged = copy_of(&sealed);
    forged.mac[0] ^= 1;
    assert_err(jt_signer_load(signer, &forged, 1, NULL, &diag), JT_ERR_KEY_MAC);
    jt_buf_clear(&forged.blob);
    assert_err(jt_signer_load(signer, &forged, 1, NULL, &diag), JT_ERR_KEY_MAC);
    assert_ok(try_sign(&sealed)); /* neither forgotten nor bound to 1 s */
    assert_err(try_sign(&second), JT_ERR_KEY_ABSENT);
}

static void load_any_byte_of_blob_flipped_refused(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate(JT_ALG_EDDSA);
    for (size_t i = 0; i < sealed.blob.len; i++) {
        sealed.blob.p[i] ^= 1;
        assert_err(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
        sealed.blob.p[i] ^= 1;
    }
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
}

/* Sealed by this very key-encryption key, MAC and all, yet not the private half of what it says. */
static void load_key_that_is_not_the_private_half_refused(void **state)
{
    (void)state;
    JT_AUTO(kek) kek = fixed_kek(1);
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_AUTO(sealed) one = generate(JT_ALG_ES256);
    JT_AUTO(sealed) two = generate(JT_ALG_ES256);
    assert_ok(jt_seal_open(&kek, &two, &bytes, NULL));
    JT_AUTO(sealed) mixed = copy_of(&one);
    assert_ok(jt_seal_put(&kek, &fixed.random, jt_secret_span(&bytes), &mixed));
    assert_err(jt_signer_load(signer, &mixed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    assert_ok(jt_seal_put(&kek, &fixed.random, JT_SPAN("not a key"), &mixed));
    assert_err(jt_signer_load(signer, &mixed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    assert_ok(jt_seal_open(&kek, &one, &bytes, NULL));
    jt_buf_clear(&mixed.public_jwk); /* the right private half, another's public one */
    assert_ok(jt_buf_put(&mixed.public_jwk, jt_buf_span(&two.public_jwk)));
    assert_ok(jt_seal_put(&kek, &fixed.random, jt_secret_span(&bytes), &mixed));
    assert_err(jt_signer_load(signer, &mixed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    jt_buf_clear(&mixed.public_jwk);
    assert_ok(jt_buf_put(&mixed.public_jwk, jt_buf_span(&one.public_jwk)));
    assert_ok(jt_seal_put(&kek, &fixed.random, jt_secret_span(&bytes), &mixed));
    assert_ok(jt_signer_load(signer, &mixed, LONGEST, NULL, &diag));
}

static void load_row_of_an_algorithm_never_issued_refused(void **state)
{
    (void)state;
    JT_AUTO(kek) kek = fixed_kek(1);
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_AUTO(sealed) sealed = generate(JT_ALG_RS256);
    assert_ok(jt_seal_open(&kek, &sealed, &bytes, NULL));
    JT_AUTO(sealed) renamed = copy_of(&sealed);
    renamed.alg = JT_ALG_RS384;
    assert_ok(jt_seal_put(&kek, &fixed.random, jt_secret_span(&bytes), &renamed));
    assert_err(jt_signer_load(signer, &renamed, LONGEST, NULL, &diag), JT_ERR_ARGUMENT);
    renamed.alg = JT_ALG_PS256; /* issued, but the public JWK says RS256 */
    assert_ok(jt_seal_put(&kek, &fixed.random, jt_secret_span(&bytes), &renamed));
    assert_err(jt_signer_load(signer, &renamed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
}

static void load_again_sets_the_lifetime_bound(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate(JT_ALG_ES256);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST - 1, NULL, &diag));
    assert_err(try_sign(&sealed), JT_ERR_LIFETIME);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_ok(try_sign(&sealed));
}

static void load_pepper_gives_its_bytes(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    JT_AUTO(secret) first = JT_SECRET_INIT;
    JT_AUTO(secret) second = JT_SECRET_INIT;
    assert_ok(jt_signer_generate(signer, JT_SEALED_PEPPER, JT_ALG_NONE, &sealed, &diag));
    assert_span(jt_buf_span(&sealed.kid), "pepper");
    assert_int_equal(sealed.public_jwk.len, 0);
    assert_err(jt_signer_load(signer, &sealed, 0, NULL, &diag), JT_ERR_ARGUMENT);
    assert_ok(jt_signer_load(signer, &sealed, 0, &first, &diag));
    assert_ok(jt_signer_load(signer, &sealed, 0, &second, &diag));
    assert_int_equal(first.n, 32);
    assert_true(jt_secret_eq(jt_secret_span(&first), jt_secret_span(&second)));
    assert_ok(jt_signer_generate(signer, JT_SEALED_PEPPER, JT_ALG_NONE, &sealed, &diag));
    assert_ok(jt_signer_load(signer, &sealed, 0, &second, &diag)); /* another one */
    assert_false(jt_secret_eq(jt_secret_span(&first), jt_secret_span(&second)));
    sealed.blob.p[50] ^= 1;
    assert_err(jt_signer_load(signer, &sealed, 0, &second, &diag), JT_ERR_UNSEAL);
}

/* Sealed by this very key-encryption key, and of another length than a pepper has. */
static void load_pepper_of_another_length_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[33] = {1};
    JT_AUTO(kek) kek = fixed_kek(1);
    JT_AUTO(secret) pepper = JT_SECRET_INIT;
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    sealed.kind = JT_SEALED_PEPPER;
    assert_ok(jt_buf_puts(&sealed.kid, "pepper"));
    for (size_t n = 31; n <= 33; n++) {
        assert_ok(jt_seal_put(&kek, &fixed.random, jt_span_of(bytes, n), &sealed));
        assert_err(jt_signer_load(signer, &sealed, 0, &pepper, &diag),
                   n == 32 ? JT_OK : JT_ERR_UNSEAL);
    }
}

static void load_under_another_kek_tells(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate(JT_ALG_ES256);
    JT_AUTOP(signer) other = another_signer(2);
    assert_err(jt_signer_load(other, &sealed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    assert_non_null(strstr(diag.text, "key-encryption key with id"));
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
}

/* Key-encryption keys in variables: what signer and next name. */
static void set_kek_env(const char *name, uint8_t fill)
{
    char hex[65];
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", fill);
    }
    assert_int_equal(setenv(name, hex, 1), 0);
}

static void rewrap_then_either_kek_loads_until_the_old_is_gone(void **state)
{
    (void)state;
    set_kek_env("JT_TEST_KEK", 1);
    set_kek_env("JT_TEST_KEK_NEXT", 2);
    const struct jt_signer_conf both = {.kek = {.env = "JT_TEST_KEK"},
                                        .kek_next = {.env = "JT_TEST_KEK_NEXT"}};
    const struct jt_signer_conf moved = {.kek = {.env = "JT_TEST_KEK_NEXT"}};
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) left = generate_and_load(JT_ALG_ES256);
    JT_AUTOP(signer) other = another_signer(2);
    bool changed = true;
    assert_ok(jt_signer_rewrap(signer, &sealed, &changed, &diag)); /* there is no next */
    assert_false(changed);
    sealed.mac[0] ^= 1;
    assert_err(jt_signer_rewrap(signer, &sealed, &changed, &diag), JT_ERR_KEY_MAC);
    sealed.mac[0] ^= 1;
    assert_err(jt_signer_load(other, &sealed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    assert_ok(jt_signer_set_keks(signer, &both, &diag));
    assert_ok(jt_signer_rewrap(signer, &sealed, &changed, &diag));
    assert_true(changed);
    assert_ok(jt_signer_rewrap(signer, &sealed, &changed, &diag)); /* twice does no harm */
    assert_false(changed);
    assert_ok(try_sign(&sealed));
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_ok(jt_signer_load(signer, &left, LONGEST, NULL, &diag));
    assert_ok(jt_signer_set_keks(signer, &moved, &diag));
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_err(jt_signer_load(signer, &left, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    assert_ok(jt_signer_load(other, &sealed, LONGEST, NULL, &diag));
}

static void rewrap_erased_row_then_its_mac_is_of_the_next_kek(void **state)
{
    (void)state;
    set_kek_env("JT_TEST_KEK", 1);
    set_kek_env("JT_TEST_KEK_NEXT", 2);
    const struct jt_signer_conf both = {.kek = {.env = "JT_TEST_KEK"},
                                        .kek_next = {.env = "JT_TEST_KEK_NEXT"}};
    JT_AUTO(sealed) sealed = generate(JT_ALG_ES256);
    JT_AUTOP(signer) other = another_signer(2);
    bool changed = false;
    jt_buf_clear(&sealed.blob);
    assert_err(jt_signer_load(other, &sealed, LONGEST, NULL, &diag), JT_ERR_KEY_MAC);
    assert_ok(jt_signer_set_keks(signer, &both, &diag));
    assert_ok(jt_signer_rewrap(signer, &sealed, &changed, &diag));
    assert_true(changed);
    assert_ok(jt_signer_load(other, &sealed, LONGEST, NULL, &diag));
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
}

static void set_keks_that_cannot_be_read_then_nothing_changes(void **state)
{
    (void)state;
    const struct jt_signer_conf none = {.kek = {.env = "JT_TEST_KEK_NONE"}};
    struct jt_signer_status before, after;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    jt_signer_status(signer, &before);
    assert_err(jt_signer_set_keks(signer, &none, &diag), JT_ERR_KEK);
    jt_signer_status(signer, &after);
    assert_string_equal(before.kek, after.kek);
    assert_string_equal(after.kek_next, "");
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
}

/* --- lanes --- */

static void lane_past_the_limit_refused(void **state)
{
    (void)state;
    static struct jt_signer_lane *lanes[JT_SIGNER_LANES_MAX];
    for (size_t i = 1; i < JT_SIGNER_LANES_MAX; i++) { /* one is the test's own */
        assert_ok(jt_signer_lane_new(signer, &lanes[i]));
    }
    assert_err(jt_signer_lane_new(signer, &lanes[0]), JT_ERR_LIMIT);
    jt_signer_lane_free(lanes[100]);
    assert_ok(jt_signer_lane_new(signer, &lanes[100]));
    for (size_t i = 1; i < JT_SIGNER_LANES_MAX; i++) {
        jt_signer_lane_free(lanes[i]);
    }
}

static void lane_and_signer_free_of_null_harmless(void **state)
{
    (void)state;
    jt_signer_lane_free(NULL);
    jt_signer_free(NULL);
}

#define ROUNDS 150

struct worker {
    const struct jt_sealed *always, *sometimes;
    struct jt_signer_lane *lane;
    atomic_uint signed_count, absent;
    atomic_bool *stop;
    bool wrong;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    const struct jt_claims claims = some_claims("at+jwt");
    while (!atomic_load(w->stop)) {
        JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
        if (jt_signer_sign(w->lane, jt_buf_span(&w->always->kid), &claims, &token) != JT_OK) {
            w->wrong = true;
        }
        jt_buf_clear(&token);
        enum jt_err err = jt_signer_sign(w->lane, jt_buf_span(&w->sometimes->kid), &claims, &token);
        if (err == JT_ERR_KEY_ABSENT) {
            atomic_fetch_add(&w->absent, 1);
        } else if (err != JT_OK || !verify_by_openssl(jt_buf_span(&token), w->sometimes)) {
            w->wrong = true;
        }
        atomic_fetch_add(&w->signed_count, 1);
    }
    return NULL;
}

static void wait_for_turn(struct worker *w, unsigned after)
{
    while (atomic_load(&w->signed_count) <= after) {
        (void)sched_yield();
    }
}

static void two_threads_sign_while_keys_come_and_go(void **state)
{
    (void)state;
    JT_AUTO(sealed) always = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) sometimes = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) erased = copy_of(&sometimes);
    jt_buf_clear(&erased.blob);
    atomic_bool stop = false;
    struct worker workers[2];
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        workers[i] = (struct worker){.always = &always, .sometimes = &sometimes, .stop = &stop};
        assert_ok(jt_signer_lane_new(signer, &workers[i].lane));
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
        wait_for_turn(&workers[i % 2], atomic_load(&workers[i % 2].signed_count) + 1);
        assert_ok(jt_signer_load(signer, &sometimes, LONGEST + i, NULL, &diag));
        assert_ok(jt_signer_load(signer, &always, LONGEST + i, NULL, &diag));
        wait_for_turn(&workers[i % 2], atomic_load(&workers[i % 2].signed_count));
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(workers[i].wrong);
        assert_true(atomic_load(&workers[i].absent) > 0);
        assert_true(atomic_load(&workers[i].absent) < atomic_load(&workers[i].signed_count));
        jt_signer_lane_free(workers[i].lane);
    }
}

int main(int argc, char **argv)
{
    int ended = begin_signer_tests(argc, argv);
    if (ended >= 0) {
        return ended;
    }
    const struct CMUnitTest tests[] = {
        with_signer(generate_does_not_load),
        with_signer(generate_public_jwk_names_kid_and_alg),
        with_signer(generate_wrong_kind_or_alg_refused),
        with_signer(load_erased_row_forgets),
        with_signer(load_wrong_rows_refused_nothing_changed),
        with_signer(load_any_byte_of_blob_flipped_refused),
        with_signer(load_key_that_is_not_the_private_half_refused),
        with_signer(load_row_of_an_algorithm_never_issued_refused),
        with_signer(load_again_sets_the_lifetime_bound),
        with_signer(load_pepper_gives_its_bytes),
        with_signer(load_pepper_of_another_length_refused),
        with_signer(load_under_another_kek_tells),
        with_signer(rewrap_then_either_kek_loads_until_the_old_is_gone),
        with_signer(rewrap_erased_row_then_its_mac_is_of_the_next_kek),
        with_signer(set_keks_that_cannot_be_read_then_nothing_changes),
        with_signer(lane_past_the_limit_refused),
        cmocka_unit_test(lane_and_signer_free_of_null_harmless),
        with_signer(two_threads_sign_while_keys_come_and_go),
    };
    const struct CMUnitTest local[] = {
        /* what they make fail is in this process */
        with_signer(generate_refused_by_the_witness_gives_nothing),
        with_signer(generate_without_randomness_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + (in_process ? 0 : cmocka_run_group_tests(local, NULL, NULL));
}
