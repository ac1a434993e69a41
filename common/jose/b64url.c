/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/b64url.h"

#include "common/base/base.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Value + 1 of each character, 0 for one that does not belong: what is not named is refused. */
#define ROW_LETTERS(first, value)                                                          \
    [first] = (value) + 1, [(first) + 1] = (value) + 2, [(first) + 2] = (value) + 3,       \
    [(first) + 3] = (value) + 4, [(first) + 4] = (value) + 5, [(first) + 5] = (value) + 6, \
    [(first) + 6] = (value) + 7, [(first) + 7] = (value) + 8, [(first) + 8] = (value) + 9, \
    [(first) + 9] = (value) + 10
#define LETTERS(first, value)                                                    \
    ROW_LETTERS(first, value), ROW_LETTERS((first) + 10, (value) + 10),          \
        [(first) + 20] = (value) + 21, [(first) + 21] = (value) + 22,            \
                   [(first) + 22] = (value) + 23, [(first) + 23] = (value) + 24, \
                   [(first) + 24] = (value) + 25, [(first) + 25] = (value) + 26

static const uint8_t url_values[256] = {
    LETTERS('A', 0), LETTERS('a', 26), ROW_LETTERS('0', 52), ['-'] = 63, ['_'] = 64,
};
static const uint8_t standard_values[256] = {
    LETTERS('A', 0), LETTERS('a', 26), ROW_LETTERS('0', 52), ['+'] = 63, ['/'] = 64,
};

void jt_b64url_encode(struct jt_span bytes, char *out)
{
    char *to = out;
    size_t i = 0;
    for (; i + 2 < bytes.n; i += 3) {
        uint32_t v = (uint32_t)bytes.p[i] << 16 | (uint32_t)bytes.p[i + 1] << 8 | bytes.p[i + 2];
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        *to++ = alphabet[v >> 6 & 63];
        *to++ = alphabet[v & 63];
    }
    if (bytes.n - i == 1) {
        *to++ = alphabet[bytes.p[i] >> 2];
        *to++ = alphabet[(bytes.p[i] & 3) << 4];
    } else if (bytes.n - i == 2) {
        *to++ = alphabet[bytes.p[i] >> 2];
        *to++ = alphabet[(bytes.p[i] & 3) << 4 | bytes.p[i + 1] >> 4];
        *to++ = alphabet[(bytes.p[i + 1] & 15) << 2];
    }
    *to = 0;
}

enum jt_err jt_b64url_put(struct jt_buf *out, struct jt_span bytes)
{
    JT_TRY(jt_buf_reserve(out, JT_B64URL_LEN(bytes.n)));
    jt_b64url_encode(bytes, (char *)out->p + out->len);
    out->len += JT_B64URL_LEN(bytes.n);
    return JT_OK;
}

static enum jt_err decode(const uint8_t values[256], struct jt_span text, uint8_t *out,
                          size_t *out_n)
{
    if (text.n % 4 == 1) {
        return JT_ERR_BASE64;
    }
    uint8_t *to = out;
    size_t i = 0;
    for (; i + 3 < text.n; i += 4) {
        uint32_t a = values[text.p[i]], b = values[text.p[i + 1]];
        uint32_t c = values[text.p[i + 2]], d = values[text.p[i + 3]];
        if (a == 0 || b == 0 || c == 0 || d == 0) {
            return JT_ERR_BASE64;
        }
        uint32_t v = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
        *to++ = (uint8_t)(v >> 16);
        *to++ = (uint8_t)(v >> 8);
        *to++ = (uint8_t)v;
    }
    if (i < text.n) {
        uint32_t a = values[text.p[i]], b = values[text.p[i + 1]];
        uint32_t c = text.n - i == 3 ? values[text.p[i + 2]] : 1;
        if (a == 0 || b == 0 || c == 0) {
            return JT_ERR_BASE64;
        }
        uint32_t v = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6;
        /* RFC 4648 sec. 3.5: bits that no byte takes must be zero, else two texts are one value */
        if ((v & (text.n - i == 3 ? 0xFFu : 0xFFFFu)) != 0) {
            return JT_ERR_BASE64;
        }
        *to++ = (uint8_t)(v >> 16);
        if (text.n - i == 3) {
            *to++ = (uint8_t)(v >> 8);
        }
    }
    *out_n = (size_t)(to - out);
    return JT_OK;
}

enum jt_err jt_b64url_decode(struct jt_span text, uint8_t *out, size_t *out_n)
{
    return decode(url_values, text, out, out_n);
}

enum jt_err jt_b64url_decode_standard(struct jt_span text, uint8_t *out, size_t *out_n)
{
    if (text.n % 4 != 0) {
        return JT_ERR_BASE64;
    }
    for (int pad = 0; pad < 2 && text.n > 0 && text.p[text.n - 1] == '='; pad++) {
        text.n--;
    }
    return decode(standard_values, text, out, out_n);
}
