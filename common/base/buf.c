/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/base.h"

void jt_buf_release(struct jt_buf *b)
{
    free(b->p);
    *b = (struct jt_buf)JT_BUF_INIT(b->max);
}

void jt_buf_clear(struct jt_buf *b)
{
    b->len = 0;
    if (b->p != NULL) {
        b->p[0] = 0;
    }
}

enum jt_err jt_buf_reserve(struct jt_buf *b, size_t n)
{
    if (n > b->max - b->len || n >= SIZE_MAX / 2 - b->len) { /* the doubling below must end */
        return JT_ERR_LIMIT;
    }
    size_t need = b->len + n + 1; /* the NUL past the end */
    if (need <= b->cap) {
        return JT_OK;
    }
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need) {
        cap *= 2;
    }
    uint8_t *p = realloc(b->p, cap);
    if (p == NULL) {
        return JT_ERR_NOMEM;
    }
    p[b->len] = 0;
    b->p = p;
    b->cap = cap;
    return JT_OK;
}

enum jt_err jt_buf_put(struct jt_buf *b, struct jt_span s)
{
    JT_TRY(jt_buf_reserve(b, s.n));
    if (s.n > 0) {
        memcpy(b->p + b->len, s.p, s.n);
    }
    b->len += s.n;
    b->p[b->len] = 0;
    return JT_OK;
}

enum jt_err jt_buf_puts(struct jt_buf *b, const char *text)
{
    return jt_buf_put(b, jt_span_str(text));
}

enum jt_err jt_buf_putc(struct jt_buf *b, char c)
{
    return jt_buf_put(b, jt_span_of(&c, 1));
}

enum jt_err jt_buf_puti(struct jt_buf *b, int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    return jt_buf_put(b, jt_span_of(digits + at, sizeof digits - at));
}

enum jt_err jt_buf_vprintf(struct jt_buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0) {
        return JT_ERR_INTERNAL;
    }
    JT_TRY(jt_buf_reserve(b, (size_t)n));
    (void)vsnprintf((char *)b->p + b->len, (size_t)n + 1, format, args); /* measured above */
    b->len += (size_t)n;
    return JT_OK;
}

enum jt_err jt_buf_printf(struct jt_buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum jt_err err = jt_buf_vprintf(b, format, args);
    va_end(args);
    return err;
}

uint8_t *jt_buf_take(struct jt_buf *b)
{
    uint8_t *p = b->p;
    *b = (struct jt_buf)JT_BUF_INIT(b->max);
    return p;
}

enum jt_err jt_buf_strdup(struct jt_span s, char **out_text)
{
    char *text = malloc(s.n + 1);
    if (text == NULL) {
        return JT_ERR_NOMEM;
    }
    if (s.n > 0) {
        memcpy(text, s.p, s.n);
    }
    text[s.n] = 0;
    *out_text = text;
    return JT_OK;
}
