/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signer and a lane made for each test, and what the tests of the signer do with keys. Called with
 * the argument "process", the program makes signer processes: the same tests over both.
 */
#ifndef JT_TESTS_UNIT_UNIT_SIGNER_H
#define JT_TESTS_UNIT_UNIT_SIGNER_H

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "common/jose/b64url.h"
#include "common/jose/jwk.h"
#include "common/jose/jws.h"
#include "common/json/json.h"
#include "tests/unit/unit_process.h"

#define LONGEST 3600

static struct fixed_random fixed;
static struct jt_signer *signer;
static struct jt_signer_lane *lane;
static struct jt_diag diag;

static bool in_process;

/* To be called first in main; -1 to go on, else the exit status. */
static inline int begin_signer_tests(int argc, char **argv)
{
    int ended = jt_child_main(argc, argv);
    in_process = argc == 2 && strcmp(argv[1], "process") == 0;
    return ended;
}

/* One more signer under fixed_kek(fill), to free. */
static inline struct jt_signer *another_signer(uint8_t fill)
{
    return in_process ? process_signer(fill) : fixed_signer(fill, &fixed.random);
}

static inline int make_signer(void **state)
{
    (void)state;
    (void)fixed_random(&fixed, 1000000);
    signer = another_signer(1);
    assert_ok(jt_signer_lane_new(signer, &lane));
    diag = (struct jt_diag)JT_DIAG_INIT;
    return 0;
}

static inline int free_signer(void **state)
{
    (void)state;
    jt_signer_lane_free(lane);
    jt_signer_free(signer);
    return 0;
}

static inline struct jt_sealed generate(enum jt_alg alg)
{
    struct jt_sealed sealed = JT_SEALED_INIT;
    assert_ok(jt_signer_generate(signer, JT_SEALED_KEY, alg, &sealed, &diag));
    return sealed;
}

static inline struct jt_sealed generate_and_load(enum jt_alg alg)
{
    struct jt_sealed sealed = generate(alg);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    return sealed;
}

static inline enum jt_err sign(const struct jt_sealed *sealed, const struct jt_claims *claims,
                               struct jt_buf *out)
{
    return jt_signer_sign(lane, jt_buf_span(&sealed->kid), claims, out);
}

/* Whether the key can sign, the token set aside. */
static inline enum jt_err try_sign(const struct jt_sealed *sealed)
{
    JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    const struct jt_claims claims = some_claims("at+jwt");
    return sign(sealed, &claims, &token);
}

static inline struct jt_jwk *parse_public(const struct jt_sealed *sealed)
{
    JT_JSON_AUTO json_t *json = NULL;
    struct jt_jwk *jwk = NULL;
    assert_ok(jt_json_load_object(jt_buf_span(&sealed->public_jwk), JT_JSON_DEPTH, &json));
    assert_ok(jt_jwk_parse(json, &jwk));
    return jwk;
}

/* OpenSSL's judgement, by the published JWK. */
static inline bool verify_by_openssl(struct jt_span token, const struct jt_sealed *sealed)
{
    const struct jt_alg_row *row = jt_alg_row(sealed->alg);
    JT_AUTOP(jwk) jwk = parse_public(sealed);
    struct jt_jws jws;
    uint8_t sig[JT_JWS_MAX_SIG], der[JT_JWS_DER_MAX];
    size_t n = 0;
    assert_ok(jt_jws_split(token, &jws));
    assert_ok(jt_b64url_decode(jws.signature, sig, &n));
    struct jt_span wanted = jt_span_of(sig, n);
    if (row->kty == JT_KTY_EC) {
        size_t der_n = 0;
        assert_ok(jt_jws_raw_to_der(wanted, row->coord_len, der, &der_n));
        wanted = jt_span_of(der, der_n);
    }
    EVP_PKEY_CTX *settings = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, &settings, row->md, NULL, NULL, jwk->pkey, NULL),
                     1);
    if (row->pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, 32), 1);
    }
    int right = EVP_DigestVerify(ctx, wanted.p, wanted.n, jws.signed_part.p, jws.signed_part.n);
    EVP_MD_CTX_free(ctx);
    return right == 1;
}

#define with_signer(test) cmocka_unit_test_setup_teardown(test, make_signer, free_signer)

#endif
