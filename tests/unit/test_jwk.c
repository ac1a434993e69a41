/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/jwk.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "common/jose/b64url.h"
#include "common/jose/jws.h"
#include "common/json/json.h"
#include "tests/unit/jose_examples.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

static enum jt_err parse(const char *text, struct jt_jwk **out_jwk)
{
    JT_JSON_AUTO json_t *json = NULL;
    assert_ok(jt_json_load(jt_span_str(text), JT_JSON_DEPTH, &json));
    enum jt_err err = jt_jwk_parse(json, out_jwk);
    assert_int_equal(ERR_peek_error(), 0); /* libcrypto's queue is the program's */
    return err;
}

static void assert_refused(const char *text, enum jt_err want)
{
    struct jt_jwk *jwk = NULL;
    enum jt_err err = parse(text, &jwk);
    if (err != want) {
        fail_msg("%s: %s, not %s", text, jt_err_name(err), jt_err_name(want));
    }
    assert_null(jwk);
}

static void assert_accepted(const char *text)
{
    JT_AUTOP(jwk) jwk = NULL;
    enum jt_err err = parse(text, &jwk);
    if (err != JT_OK) {
        fail_msg("%s: %s", text, jt_err_name(err));
    }
}

/* RFC 7517 A.1: the first is for encryption, so the pair is the same key for signatures. */
static void keys_of_rfc7517_a1(void **state)
{
    (void)state;
    assert_refused("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y
                   "\",\"use\":\"enc\",\"kid\":\"1\"}",
                   JT_ERR_JWK_UNUSABLE);
    JT_AUTOP(jwk) ec = NULL;
    assert_ok(parse("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y
                    "\",\"use\":\"sig\",\"kid\":\"1\"}",
                    &ec));
    assert_int_equal(ec->kty, JT_KTY_EC);
    assert_int_equal(ec->alg, JT_ALG_NONE);
    assert_string_equal(ec->crv, "P-256");
    assert_string_equal(ec->kid, "1");
    JT_AUTOP(jwk) rsa = NULL;
    assert_ok(parse("{\"kty\":\"RSA\",\"n\":\"" RSA_N
                    "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
                    &rsa));
    assert_int_equal(rsa->kty, JT_KTY_RSA);
    assert_int_equal(rsa->alg, JT_ALG_RS256);
    assert_null(rsa->crv);
    assert_string_equal(rsa->kid, "2011-04-29");
    assert_int_equal(rsa->kid_len, 10);
}

static void thumbprints_of_rfc7638_and_rfc8037(void **state)
{
    (void)state;
    JT_AUTOP(jwk) rsa = NULL;
    assert_ok(parse("{\"kty\":\"RSA\",\"n\":\"" RSA_N
                    "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
                    &rsa));
    assert_string_equal(rsa->thumbprint, RSA_THUMBPRINT);
    JT_AUTOP(jwk) okp = NULL;
    assert_ok(parse(OKP_JWK, &okp));
    assert_string_equal(okp->thumbprint, OKP_THUMBPRINT);
    assert_null(okp->kid); /* the JWK has none: it is not made up */
    uint8_t raw[32];
    size_t n = 0;
    assert_ok(jt_b64url_decode(JT_SPAN(OKP_X), raw, &n));
    assert_memory_equal(okp->ed25519, raw, 32);
}

#define EC_WITH(more) \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"" more "}"
#define EC_XY(crv, x, y) "{\"kty\":\"EC\",\"crv\":\"" crv "\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define RSA_WITH(more)   "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"" more "}"
#define RSA_E(e)         "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"" e "\"}"
#define OKP_OF(crv, x)   "{\"kty\":\"OKP\",\"crv\":\"" crv "\",\"x\":\"" x "\"}"
#define OKP_WITH(more)   "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X "\"" more "}"

/* One row for each sentence of jt_jwk_parse's contract: refused, why, and the same repaired. */
static const struct {
    const char *refused;
    enum jt_err err;
    const char *accepted;
} rows[] = {
    /* not a JWK: a member absent or of the wrong type, base64 not strict */
    {"[]", JT_ERR_JWK, EC_JWK},
    {"{}", JT_ERR_JWK, EC_JWK},
    {"{\"kty\":1}", JT_ERR_JWK, EC_JWK},
    {"{\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}", JT_ERR_JWK, EC_JWK},
    {"{\"kty\":\"EC\",\"crv\":1,\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}", JT_ERR_JWK, EC_JWK},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"y\":\"" EC_Y "\"}", JT_ERR_JWK, EC_JWK},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}", JT_ERR_JWK, EC_JWK},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":7}", JT_ERR_JWK, EC_JWK},
    {EC_XY("P-256", "", EC_Y), JT_ERR_JWK, EC_JWK},
    {EC_XY("P-256", EC_X "=", EC_Y), JT_ERR_JWK, EC_JWK},
    {EC_XY("P-256", EC_X, "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyN"), JT_ERR_JWK, EC_JWK},
    {EC_XY("P-256", EC_X, "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFy+"), JT_ERR_JWK, EC_JWK},
    {"{\"kty\":\"RSA\",\"e\":\"AQAB\"}", JT_ERR_JWK, RSA_JWK},
    {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}", JT_ERR_JWK, RSA_JWK},
    {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":65537}", JT_ERR_JWK, RSA_JWK},
    {RSA_E("AQA="), JT_ERR_JWK, RSA_JWK},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", JT_ERR_JWK, OKP_JWK},
    {"{\"kty\":\"OKP\",\"x\":\"" OKP_X "\"}", JT_ERR_JWK, OKP_JWK},
    {EC_WITH(",\"alg\":256"), JT_ERR_JWK, EC_WITH(",\"alg\":\"ES256\"")},
    {EC_WITH(",\"kid\":1"), JT_ERR_JWK, EC_WITH(",\"kid\":\"1\"")},
    {EC_WITH(",\"use\":true"), JT_ERR_JWK, EC_WITH(",\"use\":\"sig\"")},
    {EC_WITH(",\"key_ops\":\"verify\""), JT_ERR_JWK, EC_WITH(",\"key_ops\":[\"verify\"]")},
    /* unknown kty, crv or alg; alg of another kty or curve */
    {"{\"kty\":\"oct\"}", JT_ERR_JWK_UNUSABLE, EC_JWK},
    {"{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
     JT_ERR_JWK_UNUSABLE, EC_JWK},
    {EC_XY("secp256k1", EC_X, EC_Y), JT_ERR_JWK_UNUSABLE, EC_JWK},
    {EC_XY("Ed25519", EC_X, EC_Y), JT_ERR_JWK_UNUSABLE, EC_JWK},
    {OKP_OF("X25519", OKP_X), JT_ERR_JWK_UNUSABLE, OKP_JWK},
    {OKP_OF("Ed448", OKP_X), JT_ERR_JWK_UNUSABLE, OKP_JWK},
    {EC_WITH(",\"alg\":\"HS256\""), JT_ERR_JWK_UNUSABLE, EC_WITH(",\"alg\":\"ES256\"")},
    {EC_WITH(",\"alg\":\"none\""), JT_ERR_JWK_UNUSABLE, EC_JWK},
    {EC_WITH(",\"alg\":\"ECDH-ES\""), JT_ERR_JWK_UNUSABLE, EC_JWK},
    {EC_WITH(",\"alg\":\"RS256\""), JT_ERR_JWK_UNUSABLE, RSA_WITH(",\"alg\":\"RS256\"")},
    {EC_WITH(",\"alg\":\"ES384\""), JT_ERR_JWK_UNUSABLE, EC_WITH(",\"alg\":\"ES256\"")},
    {RSA_WITH(",\"alg\":\"ES256\""), JT_ERR_JWK_UNUSABLE, RSA_WITH(",\"alg\":\"PS512\"")},
    {OKP_WITH(",\"alg\":\"ES256\""), JT_ERR_JWK_UNUSABLE, OKP_WITH(",\"alg\":\"EdDSA\"")},
    {OKP_WITH(",\"alg\":\"Ed448\""), JT_ERR_JWK_UNUSABLE, OKP_WITH(",\"alg\":\"Ed25519\"")},
    /* use other than sig; key_ops without verify */
    {EC_WITH(",\"use\":\"enc\""), JT_ERR_JWK_UNUSABLE, EC_WITH(",\"use\":\"sig\"")},
    {EC_WITH(",\"use\":\"\""), JT_ERR_JWK_UNUSABLE, EC_JWK},
    {EC_WITH(",\"key_ops\":[]"), JT_ERR_JWK_UNUSABLE, EC_JWK},
    {EC_WITH(",\"key_ops\":[\"sign\",1]"), JT_ERR_JWK_UNUSABLE,
     EC_WITH(",\"key_ops\":[\"sign\",1,\"verify\"]")},
    /* a private or symmetric member, of whatever type and key */
    {EC_WITH(",\"d\":\"AA\""), JT_ERR_JWK_UNUSABLE, EC_WITH(",\"D\":\"AA\"")},
    {EC_WITH(",\"d\":null"), JT_ERR_JWK_UNUSABLE, EC_JWK},
    {OKP_WITH(",\"d\":\"AA\""), JT_ERR_JWK_UNUSABLE, OKP_JWK},
    {RSA_WITH(",\"d\":\"AA\""), JT_ERR_JWK_UNUSABLE, RSA_JWK},
    {RSA_WITH(",\"p\":\"AA\""), JT_ERR_JWK_UNUSABLE, RSA_JWK},
    {RSA_WITH(",\"q\":\"AA\""), JT_ERR_JWK_UNUSABLE, RSA_JWK},
    {RSA_WITH(",\"dp\":\"AA\""), JT_ERR_JWK_UNUSABLE, RSA_JWK},
    {RSA_WITH(",\"dq\":\"AA\""), JT_ERR_JWK_UNUSABLE, RSA_JWK},
    {RSA_WITH(",\"qi\":\"AA\""), JT_ERR_JWK_UNUSABLE, RSA_JWK},
    {RSA_WITH(",\"oth\":[]"), JT_ERR_JWK_UNUSABLE, RSA_JWK},
    {RSA_WITH(",\"k\":\"AA\""), JT_ERR_JWK_UNUSABLE, RSA_JWK},
    {"{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75\"}",
     JT_ERR_JWK_UNUSABLE, EC_JWK},
    /* e even, below 3, with a leading zero, over 8 bytes */
    {RSA_E("AQAA"), JT_ERR_JWK_UNUSABLE, RSA_E("AQAB")},
    {RSA_E("Ag"), JT_ERR_JWK_UNUSABLE, RSA_E("Aw")},
    {RSA_E("AQ"), JT_ERR_JWK_UNUSABLE, RSA_E("Aw")},
    {RSA_E("AA"), JT_ERR_JWK_UNUSABLE, RSA_E("Aw")},
    {RSA_E("AAEAAQ"), JT_ERR_JWK_UNUSABLE, RSA_E("AQAB")},
    {RSA_E("AQAAAAAAAAAB"), JT_ERR_JWK_UNUSABLE, RSA_E("AQAAAAAAAAE")},
    {"{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}", JT_ERR_JWK_UNUSABLE, RSA_JWK},
    /* a coordinate of the wrong length, a point off the curve */
    {EC_XY("P-256", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7A", EC_Y), JT_ERR_JWK_UNUSABLE,
     EC_JWK},
    {EC_XY("P-256", "ADCgQkzSHClEg4otdckrN-duog2fAIk6O07uijwKr-w-", EC_Y), JT_ERR_JWK_UNUSABLE,
     EC_JWK},
    {EC_XY("P-384", EC_X, EC_Y), JT_ERR_JWK_UNUSABLE, EC_JWK},
    {EC_XY("P-256", EC_Y, EC_X), JT_ERR_JWK_UNUSABLE, EC_JWK},
    {EC_XY("P-256", EC_X, "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyI"), JT_ERR_JWK_UNUSABLE,
     EC_JWK},
    {EC_XY("P-256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
     JT_ERR_JWK_UNUSABLE, EC_JWK},
    {EC_XY("P-256", "__________________________________________8", EC_Y), JT_ERR_JWK_UNUSABLE,
     EC_JWK},
    {OKP_OF("Ed25519", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ"), JT_ERR_JWK_UNUSABLE, OKP_JWK},
    {OKP_OF("Ed25519", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoA"), JT_ERR_JWK_UNUSABLE,
     OKP_JWK},
    /* kid empty */
    {EC_WITH(",\"kid\":\"\""), JT_ERR_JWK_UNUSABLE, EC_WITH(",\"kid\":\" \"")},
};

static void parse_refused_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_refused(rows[i].refused, rows[i].err);
        assert_accepted(rows[i].accepted);
    }
}

static void kid_one_too_long_refused(void **state)
{
    (void)state;
    char text[1024];
    for (int n = 255; n <= 258; n++) {
        (void)snprintf(text, sizeof text, EC_WITH(",\"kid\":\"%0*d\""), n, 7); /* fits */
        if (n > JT_JWK_KID_MAX) {
            assert_refused(text, JT_ERR_JWK_UNUSABLE);
        } else {
            assert_accepted(text);
        }
    }
}

/* An RSA JWK with a modulus of `bits` bits, all ones but for the last byte. */
static void with_modulus(size_t bits, uint8_t last, struct jt_buf *out)
{
    uint8_t n[2048];
    size_t len = (bits + 7) / 8;
    memset(n, 0xFF, sizeof n);
    n[0] = (uint8_t)(0xFF >> (len * 8 - bits));
    n[len - 1] = last;
    assert_ok(jt_buf_puts(out, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""));
    assert_ok(jt_b64url_put(out, jt_span_of(n, len)));
    assert_ok(jt_buf_puts(out, "\"}"));
}

static void rsa_size_out_of_bounds_refused(void **state)
{
    (void)state;
    static const struct {
        size_t bits;
        bool accepted;
    } sizes[] = {{512, false},  {1023, false}, {1024, false}, {2040, false}, {2041, false},
                 {2047, false}, {2048, true},  {2049, true},  {3072, true},  {4096, true},
                 {8191, true},  {8192, true},  {8193, false}, {8200, false}, {16384, false}};
    for (size_t i = 0; i < JT_COUNT(sizes); i++) {
        JT_AUTO(buf) text = JT_BUF_INIT(8192);
        with_modulus(sizes[i].bits, 0xFF, &text);
        if (sizes[i].accepted) {
            assert_accepted(jt_buf_str(&text));
        } else {
            assert_refused(jt_buf_str(&text), JT_ERR_JWK_UNUSABLE);
        }
    }
}

static void rsa_modulus_even_or_with_leading_zero_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) even = JT_BUF_INIT(8192), odd = JT_BUF_INIT(8192);
    with_modulus(2048, 0xFE, &even);
    with_modulus(2048, 0xFD, &odd);
    assert_refused(jt_buf_str(&even), JT_ERR_JWK_UNUSABLE);
    assert_accepted(jt_buf_str(&odd));
    uint8_t n[257], *modulus = n + 1;
    memset(n, 0xFF, sizeof n);
    n[0] = 0;
    for (size_t zero = 0; zero <= 1; zero++) {
        JT_AUTO(buf) text = JT_BUF_INIT(8192);
        assert_ok(jt_buf_puts(&text, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""));
        assert_ok(jt_b64url_put(&text, jt_span_of(modulus - zero, 256 + zero)));
        assert_ok(jt_buf_puts(&text, "\"}"));
        if (zero) {
            assert_refused(jt_buf_str(&text), JT_ERR_JWK_UNUSABLE);
        } else {
            assert_accepted(jt_buf_str(&text));
        }
    }
}

/* Every key that can be made here: written, read again, the same thumbprint, no private half. */
static const struct {
    enum jt_alg alg;
    const char *type, *group;
    unsigned bits;
} made[] = {
    {JT_ALG_ES256, "EC", "P-256", 0},  {JT_ALG_ES384, "EC", "P-384", 0},
    {JT_ALG_ES512, "EC", "P-521", 0},  {JT_ALG_RS256, "RSA", NULL, 2048},
    {JT_ALG_PS256, "RSA", NULL, 2056}, {JT_ALG_EDDSA, "ED25519", NULL, 0},
};

static EVP_PKEY *generate(const char *type, const char *group, unsigned bits)
{
    EVP_PKEY *pkey = group != NULL ? EVP_EC_gen(group)
                     : bits != 0   ? EVP_RSA_gen(bits)
                                   : EVP_PKEY_Q_keygen(NULL, NULL, type);
    assert_non_null(pkey);
    return pkey;
}

static bool has_private_half(EVP_PKEY *pkey)
{
    BIGNUM *d = NULL;
    size_t n = 0;
    bool has = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d) == 1 ||
               EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_D, &d) == 1 ||
               EVP_PKEY_get_raw_private_key(pkey, NULL, &n) == 1;
    BN_clear_free(d);
    ERR_clear_error();
    return has;
}

static void from_pkey_holds_the_public_half_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(made); i++) {
        EVP_PKEY *pair = generate(made[i].type, made[i].group, made[i].bits);
        assert_true(has_private_half(pair));
        JT_AUTOP(jwk) jwk = NULL;
        assert_ok(jt_jwk_from_pkey(pair, made[i].alg, &jwk));
        assert_false(has_private_half(jwk->pkey));
        assert_int_equal(EVP_PKEY_eq(jwk->pkey, pair), 1);
        EVP_PKEY_free(pair);
    }
}

static void from_pkey_put_and_parse_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(made); i++) {
        EVP_PKEY *pair = generate(made[i].type, made[i].group, made[i].bits);
        JT_AUTOP(jwk) jwk = NULL;
        assert_ok(jt_jwk_from_pkey(pair, made[i].alg, &jwk));
        EVP_PKEY_free(pair);
        assert_string_equal(jwk->kid, jwk->thumbprint);
        JT_AUTO(buf) text = JT_BUF_INIT(8192);
        assert_ok(jt_jwk_put(jwk, &text));
        JT_AUTOP(jwk) back = NULL;
        assert_ok(parse(jt_buf_str(&text), &back));
        assert_string_equal(back->thumbprint, jwk->thumbprint);
        assert_string_equal(back->kid, jwk->kid);
        assert_int_equal(back->alg, made[i].alg);
        assert_int_equal(EVP_PKEY_eq(back->pkey, jwk->pkey), 1);
        assert_non_null(strstr(jt_buf_str(&text), "\"use\":\"sig\""));
    }
}

static void from_pkey_of_another_algorithm_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type, *group;
        unsigned bits;
        enum jt_alg refused, accepted;
    } pairs[] = {
        {"EC", "P-256", 0, JT_ALG_ES384, JT_ALG_ES256},
        {"EC", "P-521", 0, JT_ALG_RS256, JT_ALG_ES512},
        {"RSA", NULL, 2048, JT_ALG_ES256, JT_ALG_PS256},
        {"RSA", NULL, 2048, JT_ALG_EDDSA, JT_ALG_RS256},
        {"ED25519", NULL, 0, JT_ALG_RS256, JT_ALG_ED25519},
        {"ED25519", NULL, 0, JT_ALG_NONE, JT_ALG_EDDSA},
    };
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        EVP_PKEY *pkey = generate(pairs[i].type, pairs[i].group, pairs[i].bits);
        struct jt_jwk *none = NULL;
        assert_err(jt_jwk_from_pkey(pkey, pairs[i].refused, &none), JT_ERR_ARGUMENT);
        assert_null(none);
        JT_AUTOP(jwk) jwk = NULL;
        assert_ok(jt_jwk_from_pkey(pkey, pairs[i].accepted, &jwk));
        EVP_PKEY_free(pkey);
    }
    static const struct {
        const char *type, *group;
        unsigned bits;
        enum jt_alg alg;
    } never[] = {{"ED448", NULL, 0, JT_ALG_EDDSA},
                 {"X25519", NULL, 0, JT_ALG_EDDSA},
                 {"EC", "secp256k1", 0, JT_ALG_ES256},
                 {"RSA", NULL, 1024, JT_ALG_RS256}};
    for (size_t i = 0; i < JT_COUNT(never); i++) {
        EVP_PKEY *pkey = generate(never[i].type, never[i].group, never[i].bits);
        struct jt_jwk *none = NULL;
        assert_err(jt_jwk_from_pkey(pkey, never[i].alg, &none), JT_ERR_ARGUMENT);
        EVP_PKEY_free(pkey);
    }
}

static void put_escapes_the_kid(void **state)
{
    (void)state;
    JT_AUTOP(jwk) jwk = NULL;
    assert_ok(parse(OKP_WITH(",\"kid\":\"a\\\"b\\\\\\n\",\"alg\":\"Ed25519\""), &jwk));
    JT_AUTO(buf) text = JT_BUF_INIT(1024);
    assert_ok(jt_jwk_put(jwk, &text));
    assert_string_equal(jt_buf_str(&text),
                        "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" OKP_X
                        "\",\"kid\":\"a\\\"b\\\\\\n\",\"alg\":\"Ed25519\",\"use\":\"sig\"}");
}

static void put_past_max_refused(void **state)
{
    (void)state;
    JT_AUTOP(jwk) jwk = NULL;
    assert_ok(parse(EC_JWK, &jwk));
    JT_AUTO(buf) enough = JT_BUF_INIT(1024);
    assert_ok(jt_jwk_put(jwk, &enough));
    for (size_t max = 0; max < enough.len; max++) {
        JT_AUTO(buf) small = JT_BUF_INIT(max);
        assert_err(jt_jwk_put(jwk, &small), JT_ERR_LIMIT);
    }
    JT_AUTO(buf) exact = JT_BUF_INIT(enough.len);
    assert_ok(jt_jwk_put(jwk, &exact));
}

/* For each key, exactly the algorithms that may verify with it. */
static const struct {
    const char *jwk, *fits; /* names between spaces */
} fit_rows[] = {
    {EC_JWK, " ES256 "},
    {EC_WITH(",\"alg\":\"ES256\""), " ES256 "},
    {RSA_JWK, " RS256 RS384 RS512 PS256 PS384 PS512 "},
    {RSA_WITH(",\"alg\":\"RS256\""), " RS256 "},
    {RSA_WITH(",\"alg\":\"PS384\""), " PS384 "},
    {OKP_JWK, " EdDSA Ed25519 "},
    {OKP_WITH(",\"alg\":\"EdDSA\""), " EdDSA Ed25519 "},
    {OKP_WITH(",\"alg\":\"Ed25519\""), " EdDSA Ed25519 "},
};

static void fits_its_own_algorithms_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(fit_rows); i++) {
        JT_AUTOP(jwk) jwk = NULL;
        assert_ok(parse(fit_rows[i].jwk, &jwk));
        for (enum jt_alg id = JT_ALG_NONE + 1; id < JT_ALG_COUNT_; id++) {
            char name[16];
            (void)snprintf(name, sizeof name, " %s ", jt_alg_row(id)->name); /* fits */
            bool want = strstr(fit_rows[i].fits, name) != NULL;
            assert_int_equal(jt_jwk_fits(jwk, jt_alg_row(id)), want);
        }
    }
}

static void ref_keeps_the_key_until_the_last_free(void **state)
{
    (void)state;
    struct jt_jwk *jwk = NULL;
    assert_ok(parse(EC_JWK, &jwk));
    struct jt_jwk *again = jt_jwk_ref(jwk);
    assert_ptr_equal(again, jwk);
    jt_jwk_free(jwk);
    assert_string_equal(again->crv, "P-256");
    assert_non_null(EVP_PKEY_get0_type_name(again->pkey));
    jt_jwk_free(again);
    jt_jwk_free(NULL);
}

/* RFC 7515 A.3 and RFC 8037 A.4: a published token verifies by the parsed key, a changed one not.
 */
static int verify(const struct jt_jwk *jwk, const char *md, struct jt_span signature,
                  const char *text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_non_null(ctx);
    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, md, NULL, NULL, jwk->pkey, NULL), 1);
    int ok = EVP_DigestVerify(ctx, signature.p, signature.n, (const uint8_t *)text, strlen(text));
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static void token_of_rfc7515_a3_verifies(void **state)
{
    (void)state;
    JT_AUTOP(jwk) jwk = NULL;
    assert_ok(parse(EC_XY("P-256", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                          "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
                    &jwk));
    static const char text[] =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQo"
        "gImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    uint8_t raw[64], der[JT_JWS_DER_MAX];
    size_t n = 0, der_n = 0;
    assert_ok(
        jt_b64url_decode(JT_SPAN("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8IS"
                                 "lSApmWQxfKTUJqPP3-Kg6NU1Q"),
                         raw, &n));
    assert_ok(jt_jws_raw_to_der(jt_span_of(raw, n), 32, der, &der_n));
    assert_int_equal(verify(jwk, "SHA256", jt_span_of(der, der_n), text), 1);
    assert_int_not_equal(verify(jwk, "SHA256", jt_span_of(der, der_n), text + 1), 1);
}

static void token_of_rfc8037_a4_verifies(void **state)
{
    (void)state;
    JT_AUTOP(jwk) jwk = NULL;
    assert_ok(parse(OKP_JWK, &jwk));
    static const char text[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    uint8_t raw[64];
    size_t n = 0;
    assert_ok(
        jt_b64url_decode(JT_SPAN("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGj"
                                 "g5BhVsPt9g7sVvpAr_MuM0KAg"),
                         raw, &n));
    assert_int_equal(verify(jwk, NULL, jt_span_of(raw, n), text), 1);
    assert_int_not_equal(verify(jwk, NULL, jt_span_of(raw, n), text + 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_rfc7517_a1),
        cmocka_unit_test(thumbprints_of_rfc7638_and_rfc8037),
        cmocka_unit_test(parse_refused_repaired_accepted),
        cmocka_unit_test(kid_one_too_long_refused),
        cmocka_unit_test(rsa_size_out_of_bounds_refused),
        cmocka_unit_test(rsa_modulus_even_or_with_leading_zero_refused),
        cmocka_unit_test(from_pkey_holds_the_public_half_only),
        cmocka_unit_test(from_pkey_put_and_parse_agree),
        cmocka_unit_test(from_pkey_of_another_algorithm_refused),
        cmocka_unit_test(put_escapes_the_kid),
        cmocka_unit_test(put_past_max_refused),
        cmocka_unit_test(fits_its_own_algorithms_only),
        cmocka_unit_test(ref_keeps_the_key_until_the_last_free),
        cmocka_unit_test(token_of_rfc7515_a3_verifies),
        cmocka_unit_test(token_of_rfc8037_a4_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
