/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/crypto/ed25519.h"

#include <sodium.h>

#include "common/base/base.h"

const bool jt_ed25519_there = true;

enum jt_err jt_ed25519_init(void)
{
    return sodium_init() < 0 ? JT_ERR_CRYPTO : JT_OK;
}

enum jt_err jt_ed25519_verify(const uint8_t key[32], struct jt_span message,
                              struct jt_span signature)
{
    /* RFC 8032 sec. 5.1.7, and libsodium refuses keys and R of small order and S not reduced */
    int bad = crypto_sign_verify_detached(signature.p, message.p, message.n, key);
    return bad == 0 ? JT_OK : JT_ERR_SIGNATURE;
}
