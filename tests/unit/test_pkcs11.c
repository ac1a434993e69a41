/* SPDX-License-Identifier: Apache-2.0 */
/* Signing keys in a PKCS#11 token, behind the signer as every other key. */
#include "tests/unit/unit_pkcs11.h"

#include <errno.h>
#include <jwt.h>
#include <openssl/ec.h>
#include <pthread.h>
#include <sys/wait.h>

#include "keys/pkcs11_key.h"
#include "keys/pkcs11_public.h"
#include "keys/seal.h"

#include "common/base/base.h"

static const enum jt_alg algs[] = {JT_ALG_ES256, JT_ALG_RS256, JT_ALG_ES384, JT_ALG_ES512,
                                   JT_ALG_PS256};

/* --- making and signing --- */

static void generated_in_the_token_signs_what_openssl_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        JT_AUTO(sealed) sealed = generate_and_load(algs[i]);
        JT_AUTOP(jwk) jwk = parse_public(&sealed);
        assert_string_equal(jwk->thumbprint, jt_buf_str(&sealed.kid));
        JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
        const struct jt_claims claims = some_claims("at+jwt");
        assert_ok(sign(&sealed, &claims, &token));
        assert_true(verify_by_openssl(jt_buf_span(&token), &sealed));
        assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &sealed), 1);
        assert_int_equal(count_in_token(CKO_PUBLIC_KEY, &sealed), 1);
    }
}

static void generate_eddsa_refused_es256_made(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    assert_err(jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_EDDSA, &sealed, &diag),
               JT_ERR_CONFIG);
    assert_non_null(strstr(diag.text, "EdDSA"));
    assert_int_equal(sealed.kid.len, 0);
    assert_ok(jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &sealed, &diag));
}

struct reading {
    const struct jt_sealed *row;
    CK_ATTRIBUTE_TYPE type;
    CK_RV rv;
};

/* Asks the private half for an attribute. */
static CK_RV read_private(void *ctx, const struct jt_pkcs11_call *call)
{
    struct reading *reading = ctx;
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE match[] = {{CKA_CLASS, &class, sizeof class},
                            {CKA_LABEL, reading->row->kid.p, reading->row->kid.len}};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_ULONG n = 0;
    assert_int_equal(call->f->C_FindObjectsInit(call->session, match, 2), CKR_OK);
    assert_int_equal(call->f->C_FindObjects(call->session, &object, 1, &n), CKR_OK);
    assert_int_equal(call->f->C_FindObjectsFinal(call->session), CKR_OK);
    assert_int_equal(n, 1);
    uint8_t value[1024];
    CK_ATTRIBUTE attribute = {reading->type, value, sizeof value};
    reading->rv = call->f->C_GetAttributeValue(call->session, object, &attribute, 1);
    return CKR_OK;
}

static void private_numbers_never_leave(void **state)
{
    (void)state;
    JT_AUTO(sealed) ec = generate(JT_ALG_ES256);
    JT_AUTO(sealed) rsa = generate(JT_ALG_RS256);
    struct reading rows[] = {
        {&ec, CKA_VALUE, CKR_ATTRIBUTE_SENSITIVE},
        {&rsa, CKA_PRIVATE_EXPONENT, CKR_ATTRIBUTE_SENSITIVE},
        {&rsa, CKA_PRIME_1, CKR_ATTRIBUTE_SENSITIVE},
        {&ec, CKA_EC_PARAMS, CKR_OK},
        {&rsa, CKA_MODULUS, CKR_OK},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        CK_RV want = rows[i].rv;
        in_token(read_private, &rows[i]);
        assert_int_equal(rows[i].rv, want);
    }
}

static void key_that_could_leave_refused_and_not_left_behind(void **state)
{
    (void)state;
    JT_AUTO(sealed) good = generate(JT_ALG_ES256);
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    atomic_store(&loose->lie_leaves, true);
    assert_err(jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &sealed, &diag),
               JT_ERR_UNSEAL);
    assert_non_null(strstr(diag.text, "could leave"));
    assert_err(jt_signer_load(signer, &good, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    atomic_store(&loose->lie_leaves, false);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, NULL), 1);
    assert_ok(jt_signer_load(signer, &good, LONGEST, NULL, &diag));
}

static void key_that_gets_no_name_is_not_left_behind(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    atomic_store(&loose->refuse_naming, true);
    assert_err(jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &sealed, &diag),
               JT_ERR_SIGNER_AWAY);
    atomic_store(&loose->refuse_naming, false);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, NULL), 0);
    assert_int_equal(count_in_token(CKO_PUBLIC_KEY, NULL), 0);
    assert_ok(jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &sealed, &diag));
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, NULL), 1);
}

/* --- public halves as tokens tell them --- */

static enum jt_err read_point(const struct jt_alg_row *alg, struct jt_span head,
                              struct jt_span point)
{
    JT_AUTO(pkcs11_public) public = JT_PKCS11_PUBLIC_INIT;
    JT_AUTOP(jwk) jwk = NULL;
    assert_ok(jt_buf_put(&public.first, head));
    assert_ok(jt_buf_put(&public.first, point));
    return jt_pkcs11_public_jwk(&public, alg, &jwk);
}

static void point_that_is_not_uncompressed_refused(void **state)
{
    (void)state;
    static const struct {
        enum jt_alg alg;
        const char *curve;
        struct jt_span head; /* of the DER OCTET STRING */
    } rows[] = {{JT_ALG_ES256, "P-256", {(const uint8_t *)"\x04\x41", 2}},
                {JT_ALG_ES512, "P-521", {(const uint8_t *)"\x04\x81\x85", 3}}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        const struct jt_alg_row *alg = jt_alg_row(rows[i].alg);
        uint8_t *p = NULL;
        EVP_PKEY *pkey = EVP_EC_gen(rows[i].curve);
        size_t n = EVP_PKEY_get1_encoded_public_key(pkey, &p);
        assert_int_equal(n, 1 + 2 * alg->coord_len);
        assert_ok(read_point(alg, rows[i].head, jt_span_of(p, n)));
        assert_ok(read_point(alg, JT_SPAN_NONE, jt_span_of(p, n)));
        assert_err(read_point(alg, JT_SPAN_NONE, jt_span_of(p, n - 1)), JT_ERR_JWK_UNUSABLE);
        assert_err(read_point(alg, JT_SPAN_NONE, jt_span_of(p, 1)), JT_ERR_JWK_UNUSABLE);
        assert_err(read_point(alg, JT_SPAN_NONE, JT_SPAN_NONE), JT_ERR_JWK_UNUSABLE);
        assert_err(read_point(alg, jt_span_of(p, n), JT_SPAN("x")), JT_ERR_JWK_UNUSABLE);
        assert_err(read_point(alg, rows[i].head, jt_span_of(p, n - 1)), JT_ERR_JWK_UNUSABLE);
        p[0] = 6; /* hybrid: with the bytes of an uncompressed one */
        assert_err(read_point(alg, rows[i].head, jt_span_of(p, n)), JT_ERR_JWK_UNUSABLE);
        OPENSSL_free(p);
        EVP_PKEY_free(pkey);
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

static void key_that_the_witness_refuses_is_not_left_behind(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    refuse = true;
    enum jt_err err = jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &sealed, &diag);
    refuse = false;
    assert_err(err, JT_ERR_WITNESS);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, NULL), 0);
    assert_int_equal(count_in_token(CKO_PUBLIC_KEY, NULL), 0);
    assert_ok(jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &sealed, &diag));
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, NULL), 1);
}

/* --- rows --- */

static void blob_holds_a_reference_alone(void **state)
{
    (void)state;
    JT_AUTO(kek) kek = fixed_kek(1);
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_AUTO(sealed) sealed = generate(JT_ALG_ES256);
    assert_ok(jt_seal_open(&kek, &sealed, &bytes, &diag));
    assert_true(jt_pkcs11_key_is_reference(jt_secret_span(&bytes)));
    assert_true(jt_pkcs11_key_refers(jt_secret_span(&bytes), jt_buf_span(&sealed.kid)));
    assert_false(jt_pkcs11_key_refers(jt_secret_span(&bytes), JT_SPAN("another")));
    restart_signer(JT_SIGNER_LOCAL);
    JT_AUTO(sealed) soft = generate(JT_ALG_ES256);
    assert_ok(jt_seal_open(&kek, &soft, &bytes, &diag));
    assert_false(jt_pkcs11_key_is_reference(jt_secret_span(&bytes)));
}

static void after_a_restart_the_key_signs_again(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    restart_signer(JT_SIGNER_PKCS11);
    assert_err(try_sign(&sealed), JT_ERR_KEY_ABSENT);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_ok(try_sign(&sealed));
}

static void mixed_set_signs_with_both(void **state)
{
    (void)state;
    restart_signer(JT_SIGNER_LOCAL);
    JT_AUTO(sealed) soft = generate_and_load(JT_ALG_ES256);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, NULL), 0);
    restart_signer(JT_SIGNER_PKCS11);
    assert_ok(jt_signer_load(signer, &soft, LONGEST, NULL, &diag));
    JT_AUTO(sealed) hard = generate_and_load(JT_ALG_ES256);
    assert_ok(try_sign(&soft));
    assert_ok(try_sign(&hard));
    restart_signer(JT_SIGNER_LOCAL); /* and back: the token is still named */
    assert_ok(jt_signer_load(signer, &hard, LONGEST, NULL, &diag));
    assert_ok(try_sign(&hard));
    JT_AUTO(sealed) next = generate(JT_ALG_ES256);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &next), 0);
}

static void signer_without_a_token_tells_what_is_missing(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate(JT_ALG_ES256);
    JT_AUTOP(signer) bare = fixed_signer(1, &fixed.random);
    assert_err(jt_signer_load(bare, &sealed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    assert_non_null(strstr(diag.text, "keys.pkcs11_module"));
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
}

static void reference_to_another_key_refused(void **state)
{
    (void)state;
    JT_AUTO(kek) kek = fixed_kek(1);
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_AUTO(sealed) one = generate(JT_ALG_ES256);
    JT_AUTO(sealed) two = generate(JT_ALG_ES256);
    JT_AUTO(sealed) mixed = copy_of(&one);
    assert_ok(jt_seal_open(&kek, &two, &bytes, &diag));
    assert_ok(jt_seal_put(&kek, &fixed.random, jt_secret_span(&bytes), &mixed));
    assert_err(jt_signer_load(signer, &mixed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    assert_ok(jt_signer_load(signer, &one, LONGEST, NULL, &diag));
    assert_err(jt_signer_load(signer, &mixed, 1, NULL, &diag), JT_ERR_UNSEAL); /* loaded before */
    assert_ok(try_sign(&one)); /* not bound to 1 s */
    bytes.p[bytes.n - 1] = '!';
    assert_ok(jt_seal_put(&kek, &fixed.random, jt_secret_span(&bytes), &mixed));
    assert_err(jt_signer_load(signer, &mixed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
}

static void load_again_sets_the_lifetime_bound(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST - 1, NULL, &diag));
    assert_err(try_sign(&sealed), JT_ERR_LIFETIME);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_ok(try_sign(&sealed));
}

/* --- destroying --- */

static struct jt_sealed erased_of(const struct jt_sealed *sealed)
{
    struct jt_sealed erased = copy_of(sealed);
    jt_buf_clear(&erased.blob);
    return erased;
}

static void erased_row_destroys_its_pair_alone(void **state)
{
    (void)state;
    JT_AUTO(sealed) kept = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_RS256);
    JT_AUTO(sealed) erased = erased_of(&sealed);
    assert_ok(try_sign(&sealed));
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_err(try_sign(&sealed), JT_ERR_KEY_ABSENT);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &sealed), 0);
    assert_int_equal(count_in_token(CKO_PUBLIC_KEY, &sealed), 0);
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag)); /* nothing to destroy */
    assert_int_equal(status_now().leftover, 0);
    assert_ok(try_sign(&kept));
    assert_err(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    assert_non_null(strstr(diag.text, "is not in the PKCS#11 token"));
}

/* Between the commit and the destruction. */
static void crash_before_the_end_next_load_destroys(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) erased = erased_of(&sealed);
    restart_signer(JT_SIGNER_PKCS11);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &sealed), 1);
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &sealed), 0);
}

static void row_that_is_only_checked_or_not_ours_destroys_nothing(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) erased = erased_of(&sealed);
    assert_ok(jt_signer_load(signer, &erased, 0, NULL, &diag));
    erased.mac[0] ^= 1;
    assert_err(jt_signer_load(signer, &erased, 0, NULL, &diag), JT_ERR_KEY_MAC);
    assert_err(jt_signer_load(signer, &erased, LONGEST, NULL, &diag), JT_ERR_KEY_MAC);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &sealed), 1);
    assert_ok(try_sign(&sealed));
    erased.mac[0] ^= 1;
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &sealed), 0);
}

static void object_that_may_not_be_destroyed_is_told(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) erased = erased_of(&sealed);
    atomic_store(&loose->refuse_ending, true);
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_int_equal(status_now().leftover, 1);
    atomic_store(&loose->refuse_ending, false);
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_int_equal(status_now().leftover, 0);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &sealed), 0);
}

/* Two issuers share the token and read the same row. */
static void object_that_another_issuer_destroyed_is_gone(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) erased = erased_of(&sealed);
    atomic_store(&loose->ended_by_other, true);
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_int_equal(status_now().leftover, 0);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &sealed), 0);
    assert_int_equal(count_in_token(CKO_PUBLIC_KEY, &sealed), 0);
    atomic_store(&loose->ended_by_other, false);
}

static void kid_that_is_no_thumbprint_destroys_nothing(void **state)
{
    (void)state;
    struct jt_pkcs11_conf conf = token_conf();
    JT_AUTOP(pkcs11) token = NULL;
    static const char *const kids[] = {"", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\xC3\xA9"};
    assert_ok(jt_pkcs11_new(&conf, &token, &diag));
    for (size_t i = 0; i < JT_COUNT(kids); i++) {
        assert_err(jt_pkcs11_key_destroy(token, jt_span_str(kids[i]), &diag), JT_ERR_ARGUMENT);
    }
    assert_ok(jt_pkcs11_key_destroy(token, JT_SPAN("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                                    &diag)); /* none is there */
}

static void signature_of_another_length_refused(void **state)
{
    (void)state;
    static const enum jt_alg kinds[] = {JT_ALG_ES256, JT_ALG_RS256};
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        JT_AUTO(sealed) sealed = generate_and_load(kinds[i]);
        atomic_store(&loose->cut_signatures, true);
        assert_err(try_sign(&sealed), JT_ERR_CRYPTO);
        atomic_store(&loose->cut_signatures, false);
        assert_ok(try_sign(&sealed));
    }
}

/* --- threads and processes --- */

struct worker {
    const struct jt_sealed *row;
    struct jt_signer_lane *lane;
    int wrong;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    const struct jt_claims claims = some_claims("at+jwt");
    for (int i = 0; i < 50; i++) {
        JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
        enum jt_err err = jt_signer_sign(w->lane, jt_buf_span(&w->row->kid), &claims, &token);
        w->wrong += err != JT_OK || !verify_by_openssl(jt_buf_span(&token), w->row);
    }
    return NULL;
}

static void threads_sign_with_fewer_sessions_than_they_are(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    atomic_store(&loose->max_sessions, 2);
    restart_signer(JT_SIGNER_PKCS11);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    struct worker workers[8];
    pthread_t threads[8];
    for (size_t i = 0; i < JT_COUNT(workers); i++) {
        workers[i] = (struct worker){.row = &sealed};
        assert_ok(jt_signer_lane_new(signer, &workers[i].lane));
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < JT_COUNT(workers); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        jt_signer_lane_free(workers[i].lane);
    }
    for (size_t i = 0; i < JT_COUNT(workers); i++) {
        assert_int_equal(workers[i].wrong, 0);
    }
}

struct holding {
    struct jt_pkcs11 *token;
    atomic_int inside;
    atomic_bool leave;
};

static CK_RV hold(void *ctx, const struct jt_pkcs11_call *call)
{
    (void)call;
    struct holding *holding = ctx;
    atomic_fetch_add(&holding->inside, 1);
    while (!atomic_load(&holding->leave)) {
        (void)sched_yield();
    }
    return CKR_OK;
}

static void *run_hold(void *arg)
{
    struct holding *holding = arg;
    return jt_pkcs11_run(holding->token, hold, holding, NULL) == JT_OK ? NULL : arg;
}

static void call_beyond_the_tokens_sessions_waits_for_one(void **state)
{
    (void)state;
    struct jt_pkcs11_conf conf = token_conf();
    static struct holding holding;
    pthread_t threads[3];
    atomic_store(&loose->max_sessions, 2);
    assert_ok(jt_pkcs11_new(&conf, &holding.token, &diag));
    assert_ok(jt_pkcs11_ping(holding.token, &diag));
    for (size_t i = 0; i < JT_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_hold, &holding), 0);
    }
    while (atomic_load(&loose->refused_sessions) == 0 || atomic_load(&holding.inside) < 2) {
        (void)sched_yield(); /* until the third was told that there is no session more */
    }
    assert_int_equal(atomic_load(&holding.inside), 2);
    atomic_store(&holding.leave, true);
    for (size_t i = 0; i < JT_COUNT(threads); i++) {
        void *failed = &holding;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(atomic_load(&holding.inside), 3);
    jt_pkcs11_free(holding.token);
}

static void child_of_a_fork_connects_for_itself(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    assert_ok(try_sign(&sealed));
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(try_sign(&sealed) == JT_OK ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_ok(try_sign(&sealed));
}

int main(void)
{
    int missing = find_modules();
    if (missing != 0) {
        return missing;
    }
    const struct CMUnitTest tests[] = {
        with_token_signer(generated_in_the_token_signs_what_openssl_verifies),
        with_token_signer(generate_eddsa_refused_es256_made),
        with_token_signer(private_numbers_never_leave),
        with_token_signer(key_that_could_leave_refused_and_not_left_behind),
        with_token_signer(key_that_gets_no_name_is_not_left_behind),
        cmocka_unit_test(point_that_is_not_uncompressed_refused),
        with_token_signer(key_that_the_witness_refuses_is_not_left_behind),
        with_token_signer(blob_holds_a_reference_alone),
        with_token_signer(after_a_restart_the_key_signs_again),
        with_token_signer(mixed_set_signs_with_both),
        with_token_signer(signer_without_a_token_tells_what_is_missing),
        with_token_signer(reference_to_another_key_refused),
        with_token_signer(load_again_sets_the_lifetime_bound),
        with_token_signer(erased_row_destroys_its_pair_alone),
        with_token_signer(crash_before_the_end_next_load_destroys),
        with_token_signer(row_that_is_only_checked_or_not_ours_destroys_nothing),
        with_token_signer(object_that_may_not_be_destroyed_is_told),
        with_token_signer(object_that_another_issuer_destroyed_is_gone),
        with_token_signer(kid_that_is_no_thumbprint_destroys_nothing),
        with_token_signer(signature_of_another_length_refused),
        with_token_signer(threads_sign_with_fewer_sessions_than_they_are),
        with_token(call_beyond_the_tokens_sessions_waits_for_one),
        with_token_signer(child_of_a_fork_connects_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
