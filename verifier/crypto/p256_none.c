/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/crypto/p256.h"

#include <stddef.h>

#include "common/base/base.h"

/* No object of either type is ever made. */

enum jt_err jt_p256_new(const struct evp_pkey_st *pkey, struct jt_p256 **out_table)
{
    (void)pkey;
    (void)out_table;
    return JT_ERR_NOT_FOUND;
}

void jt_p256_free(struct jt_p256 *table)
{
    (void)table;
}

enum jt_err jt_p256_scratch_new(struct jt_p256_scratch **out_scratch)
{
    (void)out_scratch;
    return JT_ERR_NOT_FOUND;
}

void jt_p256_scratch_free(struct jt_p256_scratch *scratch)
{
    (void)scratch;
}

enum jt_err jt_p256_verify(const struct jt_p256 *table, struct jt_p256_scratch *scratch,
                           const uint8_t digest[JT_P256_DIGEST_LEN],
                           const uint8_t signature[JT_P256_SIGNATURE_LEN])
{
    (void)table;
    (void)scratch;
    (void)digest;
    (void)signature;
    return JT_ERR_CRYPTO;
}
