/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/randompool.h"

#include "common/base/secret.h"

#include "common/base/base.h"

void jt_randompool_init(struct jt_randompool *pool, const struct jt_random *source)
{
    pool->source = source;
    pool->left = 0;
}

enum jt_err jt_randompool_take(struct jt_randompool *pool, void *out, size_t n)
{
    if (n > sizeof pool->bytes) {
        return JT_ERR_RANDOM;
    }
    if (n > pool->left) {
        pool->left = 0; /* until the source has given: what it wrote before it failed is nothing */
        JT_TRY(jt_random_fill(pool->source, pool->bytes, sizeof pool->bytes));
        pool->left = sizeof pool->bytes;
    }
    uint8_t *from = pool->bytes + sizeof pool->bytes - pool->left;
    memcpy(out, from, n);
    jt_secret_wipe(from, n);
    pool->left -= n;
    return JT_OK;
}

void jt_randompool_release(struct jt_randompool *pool)
{
    jt_secret_wipe(pool->bytes, sizeof pool->bytes);
    pool->left = 0;
}
