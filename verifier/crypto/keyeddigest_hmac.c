/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/crypto/keyeddigest.h"

#include "common/base/digest.h"

#include "common/base/base.h"

bool jt_keyeddigest(const uint8_t key[16], struct jt_span text, uint64_t out[2])
{
    uint8_t bytes[JT_SHA256_LEN];
    if (jt_digest_hmac(jt_span_of(key, 16), text, bytes) != JT_OK) {
        return false;
    }
    memcpy(out, bytes, 2 * sizeof(uint64_t));
    return true;
}
