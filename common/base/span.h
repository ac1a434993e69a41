/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct jt_span borrows bytes: it never owns, never ends in NUL, and may hold any byte.
 * Ownership: none.
 * Thread rule: any thread.
 */
#ifndef JT_BASE_SPAN_H
#define JT_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct jt_span {
    const uint8_t *p;
    size_t n;
};

#define JT_SPAN_NONE ((struct jt_span){NULL, 0})
/* A string literal without its NUL. */
#define JT_SPAN(literal) ((struct jt_span){(const uint8_t *)("" literal), sizeof(literal) - 1})

/* The bytes of `text` up to its NUL; the empty span for NULL. */
static inline struct jt_span jt_span_str(const char *text)
{
    return text == NULL ? JT_SPAN_NONE : (struct jt_span){(const uint8_t *)text, strlen(text)};
}

static inline struct jt_span jt_span_of(const void *p, size_t n)
{
    return (struct jt_span){(const uint8_t *)p, n};
}

/* Same length and bytes. Not constant in time: for secrets use jt_secret_eq. */
static inline bool jt_span_eq(struct jt_span a, struct jt_span b)
{
    return a.n == b.n && (a.n == 0 || __builtin_memcmp(a.p, b.p, a.n) == 0);
}

static inline bool jt_span_is(struct jt_span a, const char *text)
{
    return jt_span_eq(a, jt_span_str(text));
}

/* Order by bytes, then by length: <0, 0, >0. */
int jt_span_cmp(struct jt_span a, struct jt_span b);

/* Same length and bytes where ASCII letters of either case are equal (RFC 9110 sec. 5.1). */
bool jt_span_eq_nocase(struct jt_span a, struct jt_span b);

static inline bool jt_span_starts(struct jt_span a, struct jt_span prefix)
{
    return a.n >= prefix.n && (prefix.n == 0 || __builtin_memcmp(a.p, prefix.p, prefix.n) == 0);
}

/* Without the SP and HTAB around it (RFC 9110 sec. 5.6.3: OWS). */
struct jt_span jt_span_trim(struct jt_span a);

/* Well-formed UTF-8 without NUL, overlong forms, surrogates or bytes past U+10FFFF (RFC 3629). */
bool jt_span_utf8(struct jt_span a);

/* Is it one scope: printable ASCII without space, quote and backslash (RFC 6749 sec. 3.3). */
bool jt_span_scope(struct jt_span a);

/* Takes the next word off `*rest`, words being separated by one or more spaces; false at the end.
 */
bool jt_span_word(struct jt_span *rest, struct jt_span *out_word);

#endif
