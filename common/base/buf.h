/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct jt_buf owns bytes, grows up to a `max` it cannot be made without, and keeps a NUL past its
 * end so that (const char *)b.p is a string whenever b.p is not NULL. It does not wipe: secrets
 * live in struct jt_secret.
 * Ownership: the holder's; release, or move out with jt_buf_take.
 * Thread rule: one thread.
 */
#ifndef JT_BASE_BUF_H
#define JT_BASE_BUF_H

#include "common/base/err.h"
#include "common/base/span.h"

#include <stdarg.h>

struct jt_buf {
    uint8_t *p;
    size_t len, cap, max;
};

#define JT_BUF_INIT(limit)  \
    {                       \
        NULL, 0, 0, (limit) \
    }

/* Frees the bytes and leaves an empty buffer of the same `max`; harmless when repeated. */
void jt_buf_release(struct jt_buf *b);

/* Forgets the content, keeps the memory. */
void jt_buf_clear(struct jt_buf *b);

/* Makes room for `n` more bytes. JT_ERR_LIMIT past `max`, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_buf_reserve(struct jt_buf *b, size_t n);

/* Appends the bytes of `s`; on failure `b` is as it was. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_buf_put(struct jt_buf *b, struct jt_span s);
JT_MUST_USE enum jt_err jt_buf_puts(struct jt_buf *b, const char *text);
JT_MUST_USE enum jt_err jt_buf_putc(struct jt_buf *b, char c);
JT_MUST_USE enum jt_err jt_buf_puti(struct jt_buf *b, int64_t number);
JT_MUST_USE enum jt_err jt_buf_printf(struct jt_buf *b, const char *format, ...) JT_PRINTF(2, 3);
JT_MUST_USE enum jt_err jt_buf_vprintf(struct jt_buf *b, const char *format, va_list args)
    JT_PRINTF(2, 0);

/* The content, borrowed until the next change. */
static inline struct jt_span jt_buf_span(const struct jt_buf *b)
{
    return (struct jt_span){b->p, b->len};
}

/* The content as a string, borrowed; "" when nothing was ever put. */
static inline const char *jt_buf_str(const struct jt_buf *b)
{
    return b->p == NULL ? "" : (const char *)b->p;
}

/* Gives the bytes (free() them) and leaves `b` empty; NULL when nothing was ever put. */
uint8_t *jt_buf_take(struct jt_buf *b);

/* Gives a NUL-ended heap copy of `s` (free() it). JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_buf_strdup(struct jt_span s, char **out_text);

#endif
