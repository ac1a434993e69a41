/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bare_check.h"

#include <openssl/rsa.h>
#include <string.h>

#include "tests/bench/meter.h"

static const char text[] = "a digest is made of this, once";

void bare_check_prepare(struct bare_check *bare, const struct token_key *key)
{
    char md_name[] = "SHA256";
    memcpy(md_name + 3, key->alg + 2, 3);
    *bare = (struct bare_check){.pkey = key->pkey};
    if (strcmp(key->alg, "EdDSA") == 0) {
        bare->signature_n = token_maker_signature(key, text, bare->signature);
        return;
    }
    const EVP_MD *md = EVP_get_digestbyname(md_name);
    EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new(key->pkey, NULL);
    bare->ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    bare->signature_n = sizeof bare->signature;
    meter_must(EVP_Digest(text, sizeof text - 1, bare->digest, &bare->digest_n, md, NULL) == 1 &&
                   EVP_PKEY_sign_init(sign) == 1 && EVP_PKEY_verify_init(bare->ctx) == 1,
               "init");
    if (key->alg[0] == 'P') {
        meter_must(EVP_PKEY_CTX_set_rsa_padding(sign, RSA_PKCS1_PSS_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_padding(bare->ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(sign, RSA_PSS_SALTLEN_DIGEST) == 1 &&
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(bare->ctx, RSA_PSS_SALTLEN_DIGEST) == 1,
                   "padding");
    }
    meter_must(EVP_PKEY_CTX_set_signature_md(sign, md) == 1 &&
                   EVP_PKEY_CTX_set_signature_md(bare->ctx, md) == 1 &&
                   EVP_PKEY_sign(sign, bare->signature, &bare->signature_n, bare->digest,
                                 bare->digest_n) == 1,
               "sign");
    EVP_PKEY_CTX_free(sign);
}

void bare_check_release(struct bare_check *bare)
{
    EVP_PKEY_CTX_free(bare->ctx);
    bare->ctx = NULL;
}

void bare_check_run(void *bare)
{
    struct bare_check *self = bare;
    if (self->ctx != NULL) {
        meter_must(EVP_PKEY_verify(self->ctx, self->signature, self->signature_n, self->digest,
                                   self->digest_n) == 1,
                   "EVP_PKEY_verify");
        return;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    meter_must(EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, self->pkey) == 1 &&
                   EVP_DigestVerify(ctx, self->signature, self->signature_n, (const uint8_t *)text,
                                    sizeof text - 1) == 1,
               "EVP_DigestVerify");
    EVP_MD_CTX_free(ctx);
}
