/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signatures of Wycheproof's JWS vectors for P-256 keys, judged by the table: as EVP does, and
 * as the file says. Exit status 77 (skipped) where it is absent.
 */
#include "tests/unit/unit.h"

#include "common/base/digest.h"
#include "common/jose/b64url.h"
#include "common/jose/jwk.h"
#include "common/jose/jws.h"
#include "tests/support/ecdsa_maker.h"
#include "verifier/crypto/p256.h"

#include <jansson.h>
#include <string.h>

static json_t *load(void)
{
    char path[512];
    const char *dir = getenv("JETON_VECTORS");
    (void)snprintf(path, sizeof path, "%s/wycheproof/json_web_signature_test.json",
                   dir != NULL ? dir : JT_VECTORS_DIR);
    return json_load_file(path, 0, NULL);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static struct tally {
    unsigned judged, accepted, no_signature;
} tally;

/* The digest and r || s of a token; false where it has not the form of an ES256 token. */
static bool read_token(const char *token, uint8_t digest[32], uint8_t signature[64])
{
    struct jt_jws jws;
    struct jt_jws_header header;
    uint8_t bytes[JT_JWS_MAX_SIG];
    size_t n = 0;
    if (jt_jws_split(jt_span_str(token), &jws) != JT_OK ||
        jt_jws_parse_header(jws.header, &header) != JT_OK || header.alg->id != JT_ALG_ES256 ||
        jws.signature.n > JT_B64URL_LEN(sizeof bytes) ||
        jt_b64url_decode(jws.signature, bytes, &n) != JT_OK || n != 64) {
        return false;
    }
    memcpy(signature, bytes, 64);
    assert_ok(jt_digest_sha256(jws.signed_part, digest));
    return true;
}

struct judge {
    struct ecdsa_key key;
    struct jt_p256 *table;
    struct jt_p256_scratch *scratch;
};

static void judge_test(const struct judge *judge, const json_t *test)
{
    uint8_t digest[32], signature[64];
    bool valid = strcmp(text_of(test, "result"), "valid") == 0;
    if (!read_token(text_of(test, "jws"), digest, signature)) {
        assert_false(valid);
        tally.no_signature++;
        return;
    }
    bool accepts = ecdsa_maker_evp_accepts(&judge->key, digest, signature);
    assert_err(jt_p256_verify(judge->table, judge->scratch, digest, signature),
               accepts ? JT_OK : JT_ERR_SIGNATURE);
    /* two are refused for what their JWK says of itself, and not for the signature */
    if (strncmp(text_of(test, "comment"), "rejectWrong", strlen("rejectWrong")) != 0) {
        assert_true(accepts == valid);
    }
    tally.judged++;
    tally.accepted += accepts;
}

static void judge_group(const json_t *group)
{
    json_t *key = json_object_get(group, "public");
    const json_t *tests = json_object_get(group, "tests");
    if (strcmp(text_of(key, "crv"), "P-256") != 0) {
        return;
    }
    (void)json_object_del(key, "use");
    (void)json_object_del(key, "key_ops");
    struct jt_jwk *jwk = NULL;
    assert_ok(jt_jwk_parse(key, &jwk));
    struct judge judge = {.key = {.pkey = jwk->pkey}};
    judge.key.verify = EVP_PKEY_CTX_new_from_pkey(NULL, jwk->pkey, NULL);
    assert_int_equal(EVP_PKEY_verify_init(judge.key.verify), 1);
    assert_ok(jt_p256_new(jwk->pkey, &judge.table));
    assert_ok(jt_p256_scratch_new(&judge.scratch));
    size_t i;
    const json_t *test;
    json_array_foreach(tests, i, test)
    {
        judge_test(&judge, test);
    }
    jt_p256_scratch_free(judge.scratch);
    jt_p256_free(judge.table);
    EVP_PKEY_CTX_free(judge.key.verify);
    jt_jwk_free(jwk);
}

static void wycheproof_signatures_judged_as_told(void **state)
{
    (void)state;
    json_t *file = load();
    assert_non_null(file);
    size_t i;
    const json_t *group;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        judge_group(group);
    }
    json_decref(file);
    print_message("%u judged, %u accepted; %u have no signature of 64 bytes to judge\n",
                  tally.judged, tally.accepted, tally.no_signature);
    assert_int_equal(tally.judged + tally.no_signature, 41);
    assert_true(tally.judged >= 20);
}

int main(void)
{
    json_t *there = load();
    json_decref(there);
    if (there == NULL) {
        print_message("skipped: no Wycheproof vectors (JETON_VECTORS names their folder)\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_signatures_judged_as_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
