/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/random.h"

#include <openssl/rand.h>

#include "common/base/secret.h"

#include "common/base/base.h"

const char jt_random_alphabet[63] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static enum jt_err system_fill(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx; /* OpenSSL keeps one generator per thread */
    if (n > INT32_MAX || RAND_bytes(out, (int)n) != 1) {
        return JT_ERR_RANDOM;
    }
    return JT_OK;
}

const struct jt_random jt_random_system = {system_fill, NULL};

enum jt_err jt_random_base62(const struct jt_random *r, size_t digits, struct jt_buf *out)
{
    JT_TRY(jt_buf_reserve(out, digits));
    size_t start = out->len;
    while (out->len - start < digits) {
        uint8_t pool[64];
        size_t before = out->len;
        enum jt_err err = jt_random_fill(r, pool, sizeof pool);
        for (size_t i = 0; err == JT_OK && i < sizeof pool && out->len - start < digits; i++) {
            if (pool[i] < 248) { /* 4 * 62: what is above would favour the first characters */
                err = jt_buf_putc(out, jt_random_alphabet[pool[i] % 62]);
            }
        }
        jt_secret_wipe(pool, sizeof pool);
        if (err == JT_OK && out->len == before) {
            err = JT_ERR_RANDOM; /* 64 bytes above 247: not chance, and this loop must end */
        }
        if (err != JT_OK) {
            jt_secret_wipe(out->p + start, out->len - start);
            out->len = start;
            return err;
        }
    }
    return JT_OK;
}
