/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/sized.h"

#include <stdint.h>
#include <string.h>

#include "common/base/base.h"

/* No struct of ours comes near it: a size above is an uninitialised one. */
#define SIZE_MAX_SANE 4096

static size_t size_of(const void *sized)
{
    size_t size;
    memcpy(&size, sized, sizeof size);
    return size;
}

enum jt_err jt_sized_read(const void *in, size_t oldest, void *out, size_t known)
{
    size_t size = size_of(in);
    if (size < oldest || size > SIZE_MAX_SANE) {
        return JT_ERR_ARGUMENT;
    }
    const uint8_t *bytes = in;
    for (size_t i = known; i < size; i++) {
        if (bytes[i] != 0) {
            return JT_ERR_ARGUMENT;
        }
    }
    memset(out, 0, known);
    memcpy(out, in, size < known ? size : known);
    return JT_OK;
}

enum jt_err jt_sized_write(void *out, size_t oldest, const void *in, size_t known)
{
    size_t size = size_of(out);
    if (size < oldest || size > SIZE_MAX_SANE) {
        return JT_ERR_ARGUMENT;
    }
    memcpy(out, in, size < known ? size : known);
    if (size > known) {
        memset((uint8_t *)out + known, 0, size - known);
    }
    memcpy(out, &size, sizeof size);
    return JT_OK;
}
