/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known attacks on JWT verifiers through signatures and algorithms, each as a pair: refused, and
 * with only that cause mended accepted. A number is a class of attack: docs/attacks.md lists them.
 */
#include "tests/unit/unit.h"

#include "tests/attack/attack_desk.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

/* libcrypto's answer to a verification, where the test gives it one (linked with --wrap). */
static const int *told_answer;
int __real_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t sig_n,
                           const unsigned char *tbs, size_t tbs_n);
int __wrap_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t sig_n,
                           const unsigned char *tbs, size_t tbs_n);
int __wrap_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t sig_n,
                           const unsigned char *tbs, size_t tbs_n)
{
    return told_answer != NULL ? *told_answer : __real_EVP_PKEY_verify(ctx, sig, sig_n, tbs, tbs_n);
}

static void class_02_hmac_with_the_public_key_refused(void **state)
{
    (void)state;
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    assert_int_equal(PEM_write_bio_PUBKEY(bio, attack_rs256->pkey), 1);
    size_t pem_n = (size_t)BIO_get_mem_data(bio, &pem);
    const char *jwk = token_maker_jwk(attack_rs256, "\"kid\":\"k1\",\"alg\":\"RS256\"");
    const void *const secrets[] = {pem, jwk, ""};
    const size_t lengths[] = {pem_n, strlen(jwk), 0};
    for (size_t i = 0; i < 3; i++) {
        uint8_t mac[32];
        const char *header = desk_header("HS256"), *payload = desk_claims("{}");
        token_maker_hmac(secrets[i], lengths[i], attack_signed_part(header, payload), mac);
        const char *forged = token_maker_join(header, payload, mac, sizeof mac);
        assert_pair(&attack_rsa, forged, JETON_ALG_REFUSED, desk_token(attack_rs256, "{}"));
        assert_status(
            attack_judge_with_jwks(
                token_maker_jwks(token_maker_jwk(attack_rs256, "\"kid\":\"k1\""), NULL), forged),
            JETON_ALG_REFUSED);
    }
    BIO_free(bio);
}

static void class_03_alg_of_another_kind_than_the_key_refused(void **state)
{
    (void)state;
    const char *open = token_maker_jwks(token_maker_jwk(attack_es256, "\"kid\":\"k1\""), NULL);
    const struct token_key as_rsa = {"RS256", attack_rs256->pkey};
    assert_status(attack_judge_with_jwks(open, desk_token(&as_rsa, "{}")), JETON_ALG_REFUSED);
    assert_status(attack_judge_with_jwks(open, desk_token(attack_eddsa, "{}")), JETON_ALG_REFUSED);
    assert_status(attack_judge_with_jwks(open, desk_token(attack_es256, "{}")), JETON_OK);
}

static void class_04_same_family_swap_refused_when_the_key_names_its_alg(void **state)
{
    (void)state;
    const char *pinned = desk_jwks(attack_rs256);
    const char *open = token_maker_jwks(token_maker_jwk(attack_rs256, "\"kid\":\"k1\""), NULL);
    static const char *const others[] = {"RS384", "RS512", "PS256", "PS384", "PS512"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct token_key as = {others[i], attack_rs256->pkey};
        const char *token = desk_token(&as, "{}");
        assert_status(attack_judge_with_jwks(pinned, token), JETON_ALG_REFUSED);
        assert_status(attack_judge_with_jwks(open, token), JETON_OK);
    }
    assert_status(attack_judge_with_jwks(pinned, desk_token(attack_rs256, "{}")), JETON_OK);
}

static void class_04_signature_of_another_alg_of_the_key_refused(void **state)
{
    (void)state;
    const char *open = token_maker_jwks(token_maker_jwk(attack_rs256, "\"kid\":\"k1\""), NULL);
    const struct token_key as = {"PS256", attack_rs256->pkey};
    const char *mixed = token_maker_sign(&as, desk_header("RS256"), desk_claims("{}"));
    assert_status(attack_judge_with_jwks(open, mixed), JETON_BAD_SIGNATURE);
    assert_status(attack_judge_with_jwks(open, desk_token(&as, "{}")), JETON_OK);
}

static void class_04_algorithm_beyond_the_default_refused_unless_named(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t bit;
    } rows[] = {{"RS384", JETON_RS384},
                {"RS512", JETON_RS512},
                {"PS384", JETON_PS384},
                {"PS512", JETON_PS512}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct token_key as = {rows[i].name, attack_rs256->pkey};
        struct jeton_policy policy = desk_policy();
        struct desk named, usual;
        policy.algorithms = rows[i].bit;
        desk_open(&usual, NULL, desk_jwks(&as));
        desk_open(&named, &policy, desk_jwks(&as));
        assert_status(desk_judge(&usual, desk_token(&as, "{}")), JETON_ALG_REFUSED);
        assert_status(desk_judge(&named, desk_token(&as, "{}")), JETON_OK);
        desk_close(&usual);
        desk_close(&named);
    }
}

/* A token of attack_es256 under these two 32-byte numbers. */
static const char *with_r_s(const uint8_t *r, const uint8_t *s)
{
    uint8_t signature[64];
    memcpy(signature, r, 32);
    memcpy(signature + 32, s, 32);
    return token_maker_join(desk_header("ES256"), desk_claims("{}"), signature, sizeof signature);
}

static void class_10_psychic_signatures_refused(void **state)
{
    (void)state;
    static const uint8_t zero[32], one[32] = {[31] = 1};
    static const uint8_t order[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,
                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                      0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84,
                                      0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
    uint8_t all_ones[32];
    memset(all_ones, 0xFF, sizeof all_ones);
    const uint8_t *const numbers[] = {zero, one, order, all_ones};
    const char *good = desk_token(attack_es256, "{}");
    for (size_t r = 0; r < 4; r++) {
        for (size_t s = 0; s < 4; s++) {
            assert_pair(&attack_ec, with_r_s(numbers[r], numbers[s]), JETON_BAD_SIGNATURE, good);
        }
    }
}

static void class_11_ecdsa_der_and_wrong_lengths_refused(void **state)
{
    (void)state;
    const char *header = desk_header("ES256"), *payload = desk_claims("{}");
    const char *part = attack_signed_part(header, payload);
    uint8_t raw[1024] = {0}, der[80], padded[66] = {0};
    size_t der_n = sizeof der;
    assert_int_equal(token_maker_signature(attack_es256, part, raw), 64);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(
        EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, attack_es256->pkey, NULL), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &der_n, (const uint8_t *)part, strlen(part)), 1);
    EVP_MD_CTX_free(ctx);
    const char *good = token_maker_join(header, payload, raw, 64);
    assert_pair(&attack_ec, token_maker_join(header, payload, der, der_n), JETON_BAD_SIGNATURE,
                good);
    memcpy(padded + 1, raw, 32); /* each half with a leading zero: the same two numbers */
    memcpy(padded + 34, raw + 32, 32);
    assert_pair(&attack_ec, token_maker_join(header, payload, padded, 66), JETON_BAD_SIGNATURE,
                good);
    static const size_t lengths[] = {1, 32, 63, 65, 96, 128, 1024};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_pair(&attack_ec, token_maker_join(header, payload, raw, lengths[i]),
                    JETON_BAD_SIGNATURE, good);
    }
    assert_pair(&attack_ec, token_maker_text("%s.%s", part, token_maker_text("%08000d", 0)),
                JETON_BAD_SIGNATURE, good);
}

/* For RS256 over `part`: the signature plus the modulus, where that fits into the same length. */
static bool add_modulus(const uint8_t *raw, uint8_t *out)
{
    BIGNUM *n = NULL, *s = BN_bin2bn(raw, 256, NULL);
    assert_int_equal(EVP_PKEY_get_bn_param(attack_rs256->pkey, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_int_equal(BN_add(s, s, n), 1);
    bool fits = BN_bn2binpad(s, out, 256) == 256;
    BN_free(n);
    BN_free(s);
    return fits;
}

static void class_12_rsa_signature_not_below_the_modulus_refused(void **state)
{
    (void)state;
    uint8_t raw[1024], big[256];
    for (int i = 0; i < 5000; i++) {
        const char *payload = desk_claims(token_maker_text("{\"jti\":\"%d\"}", i));
        size_t n = token_maker_signature(attack_rs256,
                                         attack_signed_part(desk_header("RS256"), payload), raw);
        if (add_modulus(raw, big)) {
            assert_pair(&attack_rsa, token_maker_join(desk_header("RS256"), payload, big, 256),
                        JETON_BAD_SIGNATURE,
                        token_maker_join(desk_header("RS256"), payload, raw, n));
            return;
        }
    }
    fail_msg("no signature was small enough: the modulus has its top bits set");
}

static void class_12_rsa_signature_of_another_length_refused(void **state)
{
    (void)state;
    const char *header = desk_header("RS256"), *payload = desk_claims("{}");
    uint8_t raw[1024] = {0};
    size_t n = token_maker_signature(attack_rs256, attack_signed_part(header, payload), raw + 1);
    const char *good = token_maker_join(header, payload, raw + 1, n);
    assert_pair(&attack_rsa, token_maker_join(header, payload, raw, n + 1), JETON_BAD_SIGNATURE,
                good);
    assert_pair(&attack_rsa, token_maker_join(header, payload, raw + 1, n + 1), JETON_BAD_SIGNATURE,
                good);
    assert_pair(&attack_rsa, token_maker_join(header, payload, raw + 1, n - 1), JETON_BAD_SIGNATURE,
                good);
}

/* The signature of attack_rs256 whose block is `block`, as it stands. */
static void sign_block(const uint8_t *block, uint8_t *out)
{
    size_t n = 256;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(attack_rs256->pkey, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, out, &n, block, 256), 1);
    assert_int_equal(n, 256);
    EVP_PKEY_CTX_free(ctx);
}

static void class_12_pkcs1_padding_other_than_the_one_refused(void **state)
{
    (void)state;
    /* RFC 8017 sec. 9.2: 00 01 FF ... FF 00, the DigestInfo of SHA-256, the digest */
    static const uint8_t info[19] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    enum { ZERO = 256 - 32 - sizeof info - 1, INFO, DIGEST = 256 - 32 };
    static const struct {
        size_t at;
        uint8_t value;
    } faults[] = {{1, 0x00},         {1, 0x02},         {2, 0x00},         {2, 0xFE},
                  {ZERO - 1, 0x00},  {ZERO, 0xFF},      {ZERO, 0x01},      {INFO + 1, 0x32},
                  {INFO + 14, 0x03}, {INFO + 15, 0x04}, {INFO + 17, 0x05}, {INFO + 18, 0x1F}};
    const char *header = desk_header("RS256"), *payload = desk_claims("{}");
    const char *part = attack_signed_part(header, payload);
    uint8_t block[256], signature[256];
    memset(block, 0xFF, sizeof block);
    block[0] = block[ZERO] = 0;
    block[1] = 1;
    memcpy(block + INFO, info, sizeof info);
    assert_int_equal(EVP_Digest(part, strlen(part), block + DIGEST, NULL, EVP_sha256(), NULL), 1);
    sign_block(block, signature);
    const char *good = token_maker_join(header, payload, signature, sizeof signature);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        uint8_t was = block[faults[i].at];
        block[faults[i].at] = faults[i].value;
        sign_block(block, signature);
        assert_pair(&attack_rsa, token_maker_join(header, payload, signature, sizeof signature),
                    JETON_BAD_SIGNATURE, good);
        block[faults[i].at] = was;
    }
    /* short padding, and what a careless reader leaves unread behind the digest */
    uint8_t loose[256] = {0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0};
    memcpy(loose + 11, block + INFO, sizeof info + 32);
    sign_block(loose, signature);
    assert_pair(&attack_rsa, token_maker_join(header, payload, signature, sizeof signature),
                JETON_BAD_SIGNATURE, good);
}

static void class_12_pss_salt_and_mask_other_than_the_digest_refused(void **state)
{
    (void)state;
    static const struct {
        int salt;
        const char *mgf1;
    } rows[] = {{0, "SHA256"},  {20, "SHA256"}, {31, "SHA256"}, {33, "SHA256"},
                {64, "SHA256"}, {32, "SHA1"},   {32, "SHA512"}};
    const struct token_key ps256 = {"PS256", attack_rs256->pkey};
    const char *jwks = desk_jwks(&ps256), *header = desk_header("PS256");
    const char *payload = desk_claims("{}"), *part = attack_signed_part(header, payload);
    uint8_t raw[1024];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = token_maker_pss(&ps256, part, rows[i].salt, rows[i].mgf1, raw);
        assert_status(attack_judge_with_jwks(jwks, token_maker_join(header, payload, raw, n)),
                      JETON_BAD_SIGNATURE);
    }
    size_t n = token_maker_pss(&ps256, part, 32, "SHA256", raw);
    assert_status(attack_judge_with_jwks(jwks, token_maker_join(header, payload, raw, n)),
                  JETON_OK);
}

static void class_15_ed25519_s_not_reduced_refused(void **state)
{
    (void)state;
    /* RFC 8032 sec. 5.1: L, little-endian */
    static const uint8_t order[32] = {0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58,       0xD6,
                                      0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, [31] = 0x10};
    const char *header = desk_header("EdDSA"), *payload = desk_claims("{}");
    uint8_t raw[1024];
    size_t n = token_maker_signature(attack_eddsa, attack_signed_part(header, payload), raw);
    const char *good = token_maker_join(header, payload, raw, n);
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)raw[32 + i] + order[i];
        raw[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_pair(&attack_ed, token_maker_join(header, payload, raw, n), JETON_BAD_SIGNATURE, good);
}

static void class_15_ed25519_signature_of_another_length_refused(void **state)
{
    (void)state;
    const char *header = desk_header("EdDSA"), *payload = desk_claims("{}");
    uint8_t raw[1024] = {0};
    size_t n = token_maker_signature(attack_eddsa, attack_signed_part(header, payload), raw);
    const char *good = token_maker_join(header, payload, raw, n);
    static const size_t lengths[] = {1, 32, 63, 65, 128};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_pair(&attack_ed, token_maker_join(header, payload, raw, lengths[i]),
                    JETON_BAD_SIGNATURE, good);
    }
}

static void class_15_ed25519_key_of_small_order_refused(void **state)
{
    (void)state;
    /* orders 1, 2, 4, 4 and four times 8; then 1, 4 and 1 in forms that are not canonical */
    static const char *const points[] = {"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                         "7P_______________________________________38",
                                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
                                         "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
                                         "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU",
                                         "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
                                         "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o",
                                         "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
                                         "7f_______________________________________38",
                                         "7v_______________________________________38"};
    /* with R the identity and S = 0 the equation holds for one message in as many as the order */
    uint8_t signature[64] = {1};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        const char *jwk = token_maker_text(
            "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\",\"x\":\"%s\"}", points[i]);
        for (int message = 0; message < 32; message++) {
            const char *claims = desk_claims(token_maker_text("{\"jti\":\"%d\"}", message));
            const char *forged = token_maker_join(desk_header("EdDSA"), claims, signature, 64);
            assert_true(attack_judge_beside_good(jwk, forged) != JETON_OK);
        }
    }
    assert_status(attack_judge_beside_good(token_maker_jwk(attack_eddsa, "\"kid\":\"k1\""),
                                           desk_token(attack_eddsa, "{}")),
                  JETON_OK);
}

static void class_39_error_queue_of_the_program_left_empty(void **state)
{
    (void)state;
    ERR_clear_error();
    const char *good = desk_token(attack_rs256, "{}");
    uint8_t zero[256] = {0};
    const char *bad = token_maker_join(desk_header("RS256"), desk_claims("{}"), zero, 256);
    ERR_clear_error();
    assert_status(desk_judge(&attack_rsa, bad), JETON_BAD_SIGNATURE);
    assert_int_equal(ERR_peek_error(), 0);
    assert_status(desk_judge(&attack_ec, with_r_s(zero, zero)), JETON_BAD_SIGNATURE);
    assert_int_equal(ERR_peek_error(), 0);
    assert_status(desk_judge(&attack_rsa, good), JETON_OK);
}

static void class_39_old_errors_of_the_program_change_no_verdict(void **state)
{
    (void)state;
    uint8_t zero[256] = {0};
    const char *rsa = token_maker_join(desk_header("RS256"), desk_claims("{}"), zero, 256);
    const char *ec = desk_token(token_maker_key("ES256"), "{}"); /* libcrypto refuses in silence */
    ERR_clear_error();
    ERR_raise(ERR_LIB_RSA, ERR_R_MALLOC_FAILURE);
    assert_status(attack_judge_with_jwks(desk_jwks(attack_rs256), rsa), JETON_BAD_SIGNATURE);
    assert_status(attack_judge_with_jwks(desk_jwks(attack_es256), ec), JETON_BAD_SIGNATURE);
    assert_status(desk_judge(&attack_rsa, desk_token(attack_rs256, "{}")), JETON_OK);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), ERR_R_MALLOC_FAILURE);
    ERR_clear_error();
}

static void class_39_only_the_answer_one_is_success(void **state)
{
    (void)state;
    static const int answers[] = {0, -1, -2, 2, INT_MIN};
    const char *good = desk_token(attack_rs256, "{}");
    struct desk desk; /* one that remembers no token */
    desk_open(&desk, NULL, desk_jwks(attack_rs256));
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        told_answer = &answers[i];
        assert_status(desk_judge(&desk, good), JETON_BAD_SIGNATURE);
        told_answer = NULL;
        assert_status(desk_judge(&desk, good), JETON_OK);
    }
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_02_hmac_with_the_public_key_refused),
        cmocka_unit_test(class_03_alg_of_another_kind_than_the_key_refused),
        cmocka_unit_test(class_04_same_family_swap_refused_when_the_key_names_its_alg),
        cmocka_unit_test(class_04_signature_of_another_alg_of_the_key_refused),
        cmocka_unit_test(class_04_algorithm_beyond_the_default_refused_unless_named),
        cmocka_unit_test(class_10_psychic_signatures_refused),
        cmocka_unit_test(class_11_ecdsa_der_and_wrong_lengths_refused),
        cmocka_unit_test(class_12_rsa_signature_not_below_the_modulus_refused),
        cmocka_unit_test(class_12_rsa_signature_of_another_length_refused),
        cmocka_unit_test(class_12_pkcs1_padding_other_than_the_one_refused),
        cmocka_unit_test(class_12_pss_salt_and_mask_other_than_the_digest_refused),
        cmocka_unit_test(class_15_ed25519_s_not_reduced_refused),
        cmocka_unit_test(class_15_ed25519_signature_of_another_length_refused),
        cmocka_unit_test(class_15_ed25519_key_of_small_order_refused),
        cmocka_unit_test(class_39_old_errors_of_the_program_change_no_verdict),
        cmocka_unit_test(class_39_only_the_answer_one_is_success),
        cmocka_unit_test(class_39_error_queue_of_the_program_left_empty),
    };
    return cmocka_run_group_tests(tests, attack_open_desks, attack_close_desks);
}
