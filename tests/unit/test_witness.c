/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/witness.h"

#include <errno.h>
#include <jwt.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/jose/b64url.h"
#include "common/jose/jwk.h"
#include "common/jose/jws.h"
#include "tests/unit/unit_keys.h"

#include "common/base/base.h"

#define TOKEN_MAX 4096

static const enum jt_alg algs[] = {JT_ALG_ES256, JT_ALG_ES384, JT_ALG_ES512,
                                   JT_ALG_RS256, JT_ALG_PS256, JT_ALG_EDDSA};

/* Stands between the witness and libjwt, to play a libjwt that fails. */
static enum { HONEST, CREDULOUS, ABSENT_MINDED, OUT_OF_MEMORY } libjwt;

int __real_jwt_decode(jwt_t **jwt, const char *token, const unsigned char *key, int key_len);
int __wrap_jwt_decode(jwt_t **jwt, const char *token, const unsigned char *key, int key_len);

int __wrap_jwt_decode(jwt_t **jwt, const char *token, const unsigned char *key, int key_len)
{
    int failed = 0;
    switch (libjwt) {
    case HONEST:
        return __real_jwt_decode(jwt, token, key, key_len);
    case CREDULOUS: /* everything is right */
        failed = jwt_new(jwt);
        return failed == 0 ? jwt_set_alg(*jwt, JWT_ALG_ES256, key, key_len) : failed;
    case ABSENT_MINDED: /* verifies, and forgets what */
        failed = __real_jwt_decode(jwt, token, key, key_len);
        return failed == 0 ? jwt_set_alg(*jwt, JWT_ALG_NONE, NULL, 0) : failed;
    case OUT_OF_MEMORY:
        break;
    }
    return ENOMEM;
}

static EVP_PKEY *make_key(enum jt_alg alg)
{
    const struct jt_alg_row *row = jt_alg_row(alg);
    EVP_PKEY *pkey = NULL;
    switch (row->kty) {
    case JT_KTY_EC:
        pkey = EVP_EC_gen(row->group);
        break;
    case JT_KTY_RSA:
        pkey = EVP_RSA_gen((size_t)2048);
        break;
    case JT_KTY_OKP:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    }
    assert_non_null(pkey);
    return pkey;
}

static void put_jwk(EVP_PKEY *pkey, enum jt_alg alg, struct jt_buf *out)
{
    JT_AUTOP(jwk) jwk = NULL;
    assert_ok(jt_jwk_from_pkey(pkey, alg, &jwk));
    assert_ok(jt_jwk_put(jwk, out));
}

static void put_signature(EVP_PKEY *pkey, const struct jt_alg_row *row, int salt,
                          struct jt_buf *out)
{
    uint8_t sig[JT_JWS_MAX_SIG], raw[132];
    size_t n = sizeof sig;
    EVP_PKEY_CTX *settings = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(ctx, &settings, row->md, NULL, NULL, pkey, NULL), 1);
    if (row->pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, salt), 1);
    }
    assert_int_equal(EVP_DigestSign(ctx, sig, &n, out->p, out->len), 1);
    EVP_MD_CTX_free(ctx);
    assert_ok(jt_buf_putc(out, '.'));
    if (row->kty == JT_KTY_EC) {
        assert_ok(jt_jws_der_to_raw(jt_span_of(sig, n), row->coord_len, raw));
        assert_ok(jt_b64url_put(out, jt_span_of(raw, 2 * row->coord_len)));
        return;
    }
    assert_ok(jt_b64url_put(out, jt_span_of(sig, n)));
}

/* The signed part of a token that says it is of `name`. */
static void put_parts(const char *name, struct jt_buf *out)
{
    JT_AUTO(buf) header = JT_BUF_INIT(256);
    assert_ok(jt_buf_printf(&header, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", name));
    assert_ok(jt_b64url_put(out, jt_buf_span(&header)));
    assert_ok(jt_buf_puts(out, ".eyJpc3MiOiJwcm9iZSJ9"));
}

/* A token by OpenSSL alone, none of it by keys/. */
static void put_token(EVP_PKEY *pkey, enum jt_alg alg, int salt, struct jt_buf *out)
{
    put_parts(jt_alg_row(alg)->name, out);
    put_signature(pkey, jt_alg_row(alg), salt, out);
}

static enum jt_err judge(const struct jt_buf *token, const struct jt_buf *jwk, enum jt_alg alg)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_witness_judge(jt_buf_span(token), jt_buf_span(jwk), alg, &diag);
    assert_int_equal(diag.text[0] == 0, err == JT_OK);
    return err;
}

static void judge_right_key_accepted_others_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        JT_AUTO(buf) jwk = JT_BUF_INIT(TOKEN_MAX);
        JT_AUTO(buf) others = JT_BUF_INIT(TOKEN_MAX);
        JT_AUTO(buf) token = JT_BUF_INIT(TOKEN_MAX);
        EVP_PKEY *pkey = make_key(algs[i]), *other = make_key(algs[i]);
        put_jwk(pkey, algs[i], &jwk);
        put_jwk(other, algs[i], &others);
        put_token(pkey, algs[i], RSA_PSS_SALTLEN_DIGEST, &token);
        assert_ok(judge(&token, &jwk, algs[i]));
        assert_err(judge(&token, &others, algs[i]), JT_ERR_WITNESS);
        token.p[30] ^= 1; /* still base64url, another payload or header */
        assert_err(judge(&token, &jwk, algs[i]), JT_ERR_WITNESS);
        token.p[30] ^= 1;
        token.p[token.len - 30] ^= 1;
        assert_err(judge(&token, &jwk, algs[i]), JT_ERR_WITNESS);
        token.p[token.len - 30] ^= 1;
        assert_ok(judge(&token, &jwk, algs[i]));
        EVP_PKEY_free(pkey);
        EVP_PKEY_free(other);
    }
}

static void judge_other_algorithm_than_asked_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) rs = JT_BUF_INIT(TOKEN_MAX);
    JT_AUTO(buf) ps = JT_BUF_INIT(TOKEN_MAX);
    JT_AUTO(buf) token = JT_BUF_INIT(TOKEN_MAX);
    EVP_PKEY *pkey = make_key(JT_ALG_RS256);
    put_jwk(pkey, JT_ALG_RS256, &rs);
    put_jwk(pkey, JT_ALG_PS256, &ps);
    put_token(pkey, JT_ALG_RS256, 0, &token);
    assert_err(judge(&token, &rs, JT_ALG_PS256), JT_ERR_WITNESS);
    assert_err(judge(&token, &ps, JT_ALG_RS256), JT_ERR_WITNESS);
    assert_err(judge(&token, &rs, JT_ALG_RS384), JT_ERR_WITNESS);
    assert_err(judge(&token, &rs, JT_ALG_NONE), JT_ERR_WITNESS);
    assert_ok(judge(&token, &rs, JT_ALG_RS256));
    EVP_PKEY_free(pkey);
}

static void judge_algorithm_no_key_is_made_for_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) jwk = JT_BUF_INIT(TOKEN_MAX);
    JT_AUTO(buf) token = JT_BUF_INIT(TOKEN_MAX);
    EVP_PKEY *pkey = make_key(JT_ALG_RS384);
    put_jwk(pkey, JT_ALG_RS384, &jwk);
    put_token(pkey, JT_ALG_RS384, 0, &token);
    assert_err(judge(&token, &jwk, JT_ALG_RS384), JT_ERR_WITNESS);
    EVP_PKEY_free(pkey);
}

/* RFC 7518 sec. 3.5: the salt is as long as the digest. */
static void judge_ps256_with_other_salt_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) jwk = JT_BUF_INIT(TOKEN_MAX);
    EVP_PKEY *pkey = make_key(JT_ALG_PS256);
    put_jwk(pkey, JT_ALG_PS256, &jwk);
    for (int salt = 31; salt <= 33; salt++) {
        JT_AUTO(buf) token = JT_BUF_INIT(TOKEN_MAX);
        put_token(pkey, JT_ALG_PS256, salt, &token);
        assert_err(judge(&token, &jwk, JT_ALG_PS256), salt == 32 ? JT_OK : JT_ERR_WITNESS);
    }
    EVP_PKEY_free(pkey);
}

static void judge_key_not_fit_to_publish_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {"", "{", "[]", "{}", "{\"kty\":\"oct\",\"k\":\"AAAA\"}"};
    JT_AUTO(buf) jwk = JT_BUF_INIT(TOKEN_MAX);
    JT_AUTO(buf) token = JT_BUF_INIT(TOKEN_MAX);
    EVP_PKEY *pkey = make_key(JT_ALG_ES256);
    put_jwk(pkey, JT_ALG_ES256, &jwk);
    put_token(pkey, JT_ALG_ES256, 0, &token);
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        JT_AUTO(buf) bad = JT_BUF_INIT(TOKEN_MAX);
        assert_ok(jt_buf_puts(&bad, refused[i]));
        assert_err(judge(&token, &bad, JT_ALG_ES256), JT_ERR_WITNESS);
    }
    JT_AUTO(buf) leaking = JT_BUF_INIT(TOKEN_MAX); /* the same key with a private member */
    assert_ok(jt_buf_put(&leaking, jt_span_of(jwk.p, jwk.len - 1)));
    assert_ok(jt_buf_puts(&leaking, ",\"d\":\"AAAA\"}"));
    assert_err(judge(&token, &leaking, JT_ALG_ES256), JT_ERR_WITNESS);
    assert_ok(judge(&token, &jwk, JT_ALG_ES256));
    EVP_PKEY_free(pkey);
}

static void judge_malformed_token_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) jwk = JT_BUF_INIT(TOKEN_MAX);
    JT_AUTO(buf) token = JT_BUF_INIT(TOKEN_MAX);
    EVP_PKEY *pkey = make_key(JT_ALG_ES256);
    put_jwk(pkey, JT_ALG_ES256, &jwk);
    put_token(pkey, JT_ALG_ES256, 0, &token);
    for (size_t n = 0; n < token.len; n++) {
        struct jt_diag diag = JT_DIAG_INIT;
        assert_err(jt_witness_judge(jt_span_of(token.p, n), jt_buf_span(&jwk), JT_ALG_ES256, &diag),
                   JT_ERR_WITNESS);
    }
    assert_ok(judge(&token, &jwk, JT_ALG_ES256));
    EVP_PKEY_free(pkey);
}

/* libjwt takes the PEM of a public key for an HMAC secret: the witness must never be asked that. */
static void judge_hmac_with_the_public_pem_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) jwk = JT_BUF_INIT(TOKEN_MAX);
    JT_AUTO(buf) token = JT_BUF_INIT(TOKEN_MAX);
    EVP_PKEY *pkey = make_key(JT_ALG_RS256);
    put_jwk(pkey, JT_ALG_RS256, &jwk);
    BIO *bio = BIO_new(BIO_s_mem());
    uint8_t *pem = NULL;
    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    int n = (int)BIO_get_mem_data(bio, &pem);
    jwt_t *jwt = NULL, *judged = NULL;
    assert_int_equal(jwt_new(&jwt), 0);
    assert_int_equal(jwt_set_alg(jwt, JWT_ALG_HS256, pem, n), 0);
    char *text = jwt_encode_str(jwt);
    assert_non_null(text);
    assert_int_equal(jwt_decode(&judged, text, pem, n), 0); /* by itself it accepts */
    assert_ok(jt_buf_puts(&token, text));
    assert_err(judge(&token, &jwk, JT_ALG_RS256), JT_ERR_WITNESS);
    free(text); /* given by libjwt, whose allocator is malloc */
    jwt_free(jwt);
    jwt_free(judged);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

/* The signature is right, but the header speaks of another algorithm. */
static void judge_header_of_another_algorithm_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) jwk = JT_BUF_INIT(TOKEN_MAX);
    JT_AUTO(buf) token = JT_BUF_INIT(TOKEN_MAX);
    EVP_PKEY *pkey = make_key(JT_ALG_PS256);
    put_jwk(pkey, JT_ALG_PS256, &jwk);
    put_parts("RS256", &token);
    put_signature(pkey, jt_alg_row(JT_ALG_PS256), RSA_PSS_SALTLEN_DIGEST, &token);
    assert_err(judge(&token, &jwk, JT_ALG_PS256), JT_ERR_WITNESS);
    jt_buf_clear(&token);
    put_parts("PS256", &token);
    put_signature(pkey, jt_alg_row(JT_ALG_PS256), RSA_PSS_SALTLEN_DIGEST, &token);
    assert_ok(judge(&token, &jwk, JT_ALG_PS256));
    EVP_PKEY_free(pkey);
}

static void judge_by_a_libjwt_that_fails_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) jwk = JT_BUF_INIT(TOKEN_MAX);
    JT_AUTO(buf) token = JT_BUF_INIT(TOKEN_MAX);
    EVP_PKEY *pkey = make_key(JT_ALG_ES256);
    put_jwk(pkey, JT_ALG_ES256, &jwk);
    put_token(pkey, JT_ALG_ES256, 0, &token);
    libjwt = CREDULOUS;
    enum jt_err credulous = judge(&token, &jwk, JT_ALG_ES256);
    libjwt = ABSENT_MINDED;
    enum jt_err absent_minded = judge(&token, &jwk, JT_ALG_ES256);
    libjwt = OUT_OF_MEMORY;
    enum jt_err no_memory =
        jt_witness_judge(jt_buf_span(&token), jt_buf_span(&jwk), JT_ALG_ES256, NULL);
    libjwt = HONEST;
    assert_err(credulous, JT_ERR_WITNESS);
    assert_err(absent_minded, JT_ERR_WITNESS);
    assert_err(no_memory, JT_ERR_NOMEM);
    assert_ok(judge(&token, &jwk, JT_ALG_ES256));
    EVP_PKEY_free(pkey);
}

static void name_tells_who_judges(void **state)
{
    (void)state;
    static const struct {
        enum jt_alg alg;
        const char *name;
    } rows[] = {{JT_ALG_ES256, "libjwt"}, {JT_ALG_ES384, "libjwt"},  {JT_ALG_ES512, "libjwt"},
                {JT_ALG_RS256, "libjwt"}, {JT_ALG_PS256, "openssl"}, {JT_ALG_EDDSA, "openssl"},
                {JT_ALG_RS384, "nobody"}, {JT_ALG_NONE, "nobody"},   {JT_ALG_ED25519, "nobody"},
                {JT_ALG_COUNT_, "nobody"}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_string_equal(jt_witness_name(rows[i].alg), rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge_right_key_accepted_others_refused),
        cmocka_unit_test(judge_other_algorithm_than_asked_refused),
        cmocka_unit_test(judge_algorithm_no_key_is_made_for_refused),
        cmocka_unit_test(judge_ps256_with_other_salt_refused),
        cmocka_unit_test(judge_key_not_fit_to_publish_refused),
        cmocka_unit_test(judge_malformed_token_refused),
        cmocka_unit_test(judge_hmac_with_the_public_pem_refused),
        cmocka_unit_test(judge_header_of_another_algorithm_refused),
        cmocka_unit_test(judge_by_a_libjwt_that_fails_refused),
        cmocka_unit_test(name_tells_who_judges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
