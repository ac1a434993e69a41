/* SPDX-License-Identifier: Apache-2.0 */
/* A key-encryption key that a token derives. */
#include "keys/pkcs11_kek.h"

#include "tests/unit/unit_pkcs11.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/base/digest.h"

#include "common/base/base.h"

/* As the header says it: counter, label, zero, 256 bits. */
#define FIXED "jeton key-encryption key v1\0\1\0"

/* A secret key to put into the token. */
struct planted {
    const char *label;
    CK_KEY_TYPE type;
    CK_ULONG len;
    CK_BBOOL private, sensitive, extractable, sign;
    uint8_t fill;
};

static CK_RV plant(void *ctx, const struct jt_pkcs11_call *call)
{
    const struct planted *planted = ctx;
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = planted->type;
    CK_BBOOL yes = CK_TRUE, private = planted->private, sensitive = planted->sensitive,
             extractable = planted->extractable, signs = planted->sign;
    uint8_t value[64], label[32];
    memset(value, planted->fill, sizeof value);
    memcpy(label, planted->label, strlen(planted->label));
    CK_ATTRIBUTE made[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &private, sizeof private},
        {CKA_SENSITIVE, &sensitive, sizeof sensitive},
        {CKA_EXTRACTABLE, &extractable, sizeof extractable},
        {CKA_SIGN, &signs, sizeof signs},
        {CKA_LABEL, label, strlen(planted->label)},
        {CKA_VALUE, value, planted->len},
    };
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    return call->f->C_CreateObject(call->session, made, JT_COUNT(made), &object);
}

static void plant_one(struct planted planted)
{
    in_token(plant, &planted);
}

static enum jt_err derive(const char *label, struct jt_secret *out)
{
    struct jt_pkcs11_conf conf = token_conf();
    diag = (struct jt_diag)JT_DIAG_INIT;
    return jt_pkcs11_kek(&conf, label, out, &diag);
}

static void generic_secret_gives_its_hmac(void **state)
{
    (void)state;
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    uint8_t key[32], want[JT_SHA256_LEN];
    plant_one((struct planted){"kek", CKK_GENERIC_SECRET, 32, 1, 1, 0, 1, 7});
    memset(key, 7, sizeof key);
    assert_ok(jt_digest_hmac(jt_span_of(key, sizeof key), JT_SPAN("\1" FIXED), want));
    assert_ok(derive("kek", &bytes));
    assert_int_equal(bytes.n, 32);
    assert_memory_equal(bytes.p, want, 32);
}

static void cmac(const uint8_t key[32], struct jt_span text, uint8_t out[16])
{
    char cipher[] = "AES-256-CBC";
    size_t n = 0;
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                                 OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_MAC_init(ctx, key, 32, params), 1);
    assert_int_equal(EVP_MAC_update(ctx, text.p, text.n), 1);
    assert_int_equal(EVP_MAC_final(ctx, out, &n, 16), 1);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}

static void aes_key_gives_two_cmacs(void **state)
{
    (void)state;
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    uint8_t key[32], want[32];
    plant_one((struct planted){"kek", CKK_AES, 32, 1, 1, 0, 1, 9});
    memset(key, 9, sizeof key);
    cmac(key, JT_SPAN("\1" FIXED), want);
    cmac(key, JT_SPAN("\2" FIXED), want + 16);
    assert_ok(derive("kek", &bytes));
    assert_int_equal(bytes.n, 32);
    assert_memory_equal(bytes.p, want, 32);
}

/* Each row wrong in one way; the first is the same with nothing wrong. */
static void key_that_does_not_serve_refused(void **state)
{
    (void)state;
    static const struct {
        struct planted planted;
        enum jt_err want;
        const char *told;
    } rows[] = {
        {{"good", CKK_GENERIC_SECRET, 32, 1, 1, 0, 1, 1}, JT_OK, ""},
        {{"long", CKK_GENERIC_SECRET, 64, 1, 1, 0, 1, 1}, JT_OK, ""},
        {{"leaves", CKK_GENERIC_SECRET, 32, 1, 1, 1, 1, 1}, JT_ERR_KEK, "unextractable"},
        {{"shown", CKK_GENERIC_SECRET, 32, 1, 0, 0, 1, 1}, JT_ERR_KEK, "sensitive"},
        {{"public", CKK_GENERIC_SECRET, 32, 0, 1, 0, 1, 1}, JT_ERR_KEK, "private"},
        {{"short", CKK_GENERIC_SECRET, 31, 1, 1, 0, 1, 1}, JT_ERR_KEK, "shorter"},
        {{"short aes", CKK_AES, 16, 1, 1, 0, 1, 1}, JT_ERR_KEK, "shorter"},
        {{"des", CKK_DES3, 24, 1, 1, 0, 1, 1}, JT_ERR_KEK, "neither"},
        {{"mute", CKK_AES, 32, 1, 1, 0, 0, 1}, JT_ERR_KEK, "keys.kek_pkcs11: mute"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        JT_AUTO(secret) bytes = JT_SECRET_INIT;
        plant_one(rows[i].planted);
        assert_err(derive(rows[i].planted.label, &bytes), rows[i].want);
        assert_non_null(strstr(diag.text, rows[i].told));
        assert_int_equal(bytes.n, rows[i].want == JT_OK ? 32 : 0);
    }
}

static void label_of_none_or_of_two_refused(void **state)
{
    (void)state;
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    assert_err(derive("kek", &bytes), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "no secret key called 'kek'"));
    plant_one((struct planted){"kek", CKK_AES, 32, 1, 1, 0, 1, 1});
    assert_ok(derive("kek", &bytes));
    assert_err(derive("ke", &bytes), JT_ERR_KEK);
    plant_one((struct planted){"kek", CKK_GENERIC_SECRET, 32, 1, 1, 0, 1, 2});
    assert_err(derive("kek", &bytes), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "more than one"));
}

static void label_too_long_refused(void **state)
{
    (void)state;
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    static char label[5001];
    memset(label, 'a', sizeof label - 1);
    assert_err(derive(label, &bytes), JT_ERR_KEK);
    assert_null(strstr(diag.text, "no secret key called"));
    label[64] = 0;
    assert_err(derive(label, &bytes), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "no secret key called"));
}

/* Bytes that a token leaves out would be what stood on the stack. */
static void block_of_another_length_refused(void **state)
{
    (void)state;
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    plant_one((struct planted){"aes", CKK_AES, 32, 1, 1, 0, 1, 1});
    plant_one((struct planted){"hmac", CKK_GENERIC_SECRET, 32, 1, 1, 0, 1, 1});
    atomic_store(&loose->cut_signatures, true);
    assert_err(derive("aes", &bytes), JT_ERR_KEK);
    assert_err(derive("hmac", &bytes), JT_ERR_KEK);
    atomic_store(&loose->cut_signatures, false);
    assert_ok(derive("aes", &bytes));
    assert_ok(derive("hmac", &bytes));
}

static void token_away_or_wrong_pin_told(void **state)
{
    (void)state;
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    plant_one((struct planted){"kek", CKK_AES, 32, 1, 1, 0, 1, 1});
    atomic_store(&loose->away, true);
    assert_err(derive("kek", &bytes), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "no token called 'jeton'"));
    atomic_store(&loose->away, false);
    assert_int_equal(setenv(PIN_VARIABLE, "4321", 1), 0);
    assert_err(derive("kek", &bytes), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "PIN"));
    assert_int_equal(setenv(PIN_VARIABLE, SOFTHSM_PIN, 1), 0);
    assert_ok(derive("kek", &bytes));
}

/* The whole way: a signer whose key-encryption key and keys are the token's. */
static void signer_by_configuration_seals_under_it(void **state)
{
    (void)state;
    plant_one((struct planted){"kek", CKK_GENERIC_SECRET, 32, 1, 1, 0, 1, 1});
    plant_one((struct planted){"other", CKK_AES, 32, 1, 1, 0, 1, 2});
    struct jt_signer_conf conf = {
        .how = JT_SIGNER_PKCS11, .kek = {.pkcs11 = "kek"}, .pkcs11 = token_conf()};
    JT_AUTOP(signer) first = NULL;
    JT_AUTOP(signer) second = NULL;
    JT_AUTOP(signer) wrong = NULL;
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    assert_ok(jt_signer_new(&conf, &fixed.random, &first, &diag));
    assert_ok(jt_signer_generate(first, JT_SEALED_KEY, JT_ALG_ES256, &sealed, &diag));
    assert_ok(jt_signer_new(&conf, &fixed.random, &second, &diag));
    assert_ok(jt_signer_load(second, &sealed, LONGEST, NULL, &diag));
    conf.kek.pkcs11 = "other";
    conf.kek_next.pkcs11 = NULL;
    assert_ok(jt_signer_new(&conf, &fixed.random, &wrong, &diag));
    assert_err(jt_signer_load(wrong, &sealed, LONGEST, NULL, &diag), JT_ERR_UNSEAL);
    conf.kek_next.pkcs11 = "kek"; /* a change of it, at work */
    assert_ok(jt_signer_set_keks(wrong, &conf, &diag));
    assert_ok(jt_signer_load(wrong, &sealed, LONGEST, NULL, &diag));
    conf.kek_next.pkcs11 = "nowhere";
    assert_err(jt_signer_set_keks(wrong, &conf, &diag), JT_ERR_KEK);
    assert_ok(jt_signer_load(wrong, &sealed, LONGEST, NULL, &diag));
}

int main(void)
{
    int missing = find_modules();
    if (missing != 0) {
        return missing;
    }
    const struct CMUnitTest tests[] = {
        with_token(generic_secret_gives_its_hmac),
        with_token(aes_key_gives_two_cmacs),
        with_token(key_that_does_not_serve_refused),
        with_token(label_of_none_or_of_two_refused),
        with_token(label_too_long_refused),
        with_token(block_of_another_length_refused),
        with_token(token_away_or_wrong_pin_told),
        with_token(signer_by_configuration_seals_under_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
