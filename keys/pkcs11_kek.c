/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "keys/pkcs11_kek.h"

#include "keys/pkcs11.h"
#include "keys/pkcs11_object.h"

#include "common/base/base.h"

#define KEK_LEN   32
#define BLOCK_MAX 32
#define LABEL_MAX 64
/* SP 800-108r1 sec. 4.1: the label, a zero byte, no context, the length in bits; before it goes the
 * counter. */
#define FIXED "jeton key-encryption key v1\0\1\0"

struct deriving {
    const char *label;
    CK_ULONG found, len;
    CK_OBJECT_HANDLE object;
    CK_KEY_TYPE type;
    bool stays;
    uint8_t bytes[KEK_LEN];
};

/* Which key types do it, by which mechanism. */
static const struct kind {
    CK_KEY_TYPE type;
    CK_MECHANISM_TYPE mechanism;
    CK_ULONG block;
} kinds[] = {
    {CKK_GENERIC_SECRET, CKM_SHA256_HMAC, 32},
    {CKK_SHA256_HMAC, CKM_SHA256_HMAC, 32},
    {CKK_AES, CKM_AES_CMAC, 16},
};

static const struct kind *find_kind(CK_KEY_TYPE type)
{
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        if (kinds[i].type == type) {
            return &kinds[i];
        }
    }
    return NULL;
}

static CK_RV find_object(const struct jt_pkcs11_call *call, struct deriving *deriving)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    uint8_t label[LABEL_MAX];
    size_t n = strlen(deriving->label);
    if (n > sizeof label) {
        return CKR_ARGUMENTS_BAD;
    }
    memcpy(label, deriving->label, n); /* a template is of writable values */
    CK_ATTRIBUTE match[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, label, n}};
    CK_OBJECT_HANDLE objects[2];
    CK_RV rv = jt_pkcs11_object_search(call, match, JT_COUNT(match), objects, JT_COUNT(objects),
                                       &deriving->found);
    deriving->object = objects[0];
    return rv;
}

static CK_RV look(const struct jt_pkcs11_call *call, struct deriving *deriving)
{
    CK_RV rv = jt_pkcs11_object_number(call, deriving->object, CKA_KEY_TYPE, &deriving->type);
    if (rv == CKR_OK) {
        rv = jt_pkcs11_object_number(call, deriving->object, CKA_VALUE_LEN, &deriving->len);
    }
    if (rv == CKR_OK) {
        rv = jt_pkcs11_object_stays(call, deriving->object, &deriving->stays);
    }
    return rv;
}

static CK_RV make_block(const struct jt_pkcs11_call *call, const struct deriving *deriving,
                        const struct kind *kind, uint8_t counter, uint8_t out[BLOCK_MAX])
{
    uint8_t input[1 + sizeof FIXED - 1];
    input[0] = counter;
    memcpy(input + 1, FIXED, sizeof FIXED - 1);
    CK_MECHANISM mechanism = {kind->mechanism, NULL, 0};
    CK_RV rv = call->f->C_SignInit(call->session, &mechanism, deriving->object);
    if (rv != CKR_OK) {
        return rv;
    }
    CK_ULONG n = BLOCK_MAX;
    rv = call->f->C_Sign(call->session, input, sizeof input, out, &n);
    return rv == CKR_OK && n != kind->block ? CKR_GENERAL_ERROR : rv;
}

static CK_RV derive(void *ctx, const struct jt_pkcs11_call *call)
{
    struct deriving *deriving = ctx;
    CK_RV rv = find_object(call, deriving);
    if (rv != CKR_OK || deriving->found != 1) {
        return rv;
    }
    rv = look(call, deriving);
    const struct kind *kind = find_kind(deriving->type);
    if (rv != CKR_OK || kind == NULL || !deriving->stays || deriving->len < KEK_LEN) {
        return rv;
    }
    uint8_t block[BLOCK_MAX];
    for (CK_ULONG n = 0; n < KEK_LEN && rv == CKR_OK; n += kind->block) {
        rv = make_block(call, deriving, kind, (uint8_t)(1 + n / kind->block), block);
        memcpy(deriving->bytes + n, block, kind->block);
    }
    jt_secret_wipe(block, sizeof block);
    return rv;
}

static enum jt_err fail(const char *label, const char *what, struct jt_diag *diag)
{
    return jt_diag_fail(
        diag, JT_ERR_KEK,
        "keys.kek_pkcs11: %s '%.64s'; make one with: pkcs11-tool --module MODULE "
        "--token-label TOKEN --login --keygen --key-type GENERIC:32 --label '%.64s' "
        "--private --sensitive --usage-sign",
        what, label, label);
}

static enum jt_err check(const struct deriving *deriving, struct jt_diag *diag)
{
    if (deriving->found != 1) {
        return fail(deriving->label,
                    deriving->found == 0 ? "the token holds no secret key called"
                                         : "the token holds more than one secret key called",
                    diag);
    }
    if (find_kind(deriving->type) == NULL) {
        return fail(deriving->label, "neither a generic secret nor an AES key:", diag);
    }
    if (!deriving->stays) {
        return fail(
            deriving->label,
            "not private, sensitive and unextractable, so that it could leave the token:", diag);
    }
    return deriving->len < KEK_LEN ? fail(deriving->label, "shorter than 32 bytes:", diag) : JT_OK;
}

static enum jt_err derive_from(struct jt_pkcs11 *token, struct deriving *deriving,
                               struct jt_secret *out_bytes, struct jt_diag *diag)
{
    struct jt_diag sentence = JT_DIAG_INIT;
    enum jt_err err = jt_pkcs11_run(token, derive, deriving, &sentence);
    if (err == JT_ERR_SIGNER_AWAY) {
        return jt_diag_fail(diag, JT_ERR_KEK, "keys.kek_pkcs11: %.64s: %.400s", deriving->label,
                            jt_diag_text(&sentence, err));
    }
    JT_TRY(err);
    JT_TRY(check(deriving, diag));
    return jt_secret_copy(out_bytes, jt_span_of(deriving->bytes, KEK_LEN));
}

enum jt_err jt_pkcs11_kek(const struct jt_pkcs11_conf *conf, const char *label,
                          struct jt_secret *out_bytes, struct jt_diag *diag)
{
    JT_AUTOP(pkcs11) token = NULL;
    JT_TRY(jt_pkcs11_new(conf, &token, diag));
    struct deriving deriving = {.label = label};
    enum jt_err err = derive_from(token, &deriving, out_bytes, diag);
    jt_secret_wipe(&deriving, sizeof deriving);
    return err;
}
