/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of JSON: strings, numbers, literals, taken off the front of a text. Here the grammar of
 * RFC 8259 stands once, for the reader into values (json_read.h) and the one into a flat index
 * (json_index.h). It knows nothing of objects and arrays, and allocates nothing.
 * Ownership: what is taken borrows from the text.
 * Thread rule: one thread per struct jt_json_lex.
 * Sources: RFC 8259 sec. 2, 6, 7, 8; RFC 3629.
 */
#ifndef JT_JSON_JSON_LEX_H
#define JT_JSON_JSON_LEX_H

#include "common/base/err.h"
#include "common/base/span.h"

/* What is not read yet. A call that fails leaves it anywhere: the text is refused. */
struct jt_json_lex {
    const uint8_t *p, *end;
};

/* At the first byte of `text`. */
static inline struct jt_json_lex jt_json_lex_of(struct jt_span text)
{
    static const uint8_t none = 0; /* nothing may be added to NULL */
    const uint8_t *p = text.n > 0 ? text.p : &none;
    return (struct jt_json_lex){p, p + text.n};
}

/* RFC 8259 sec. 2: passes white space; the next character, left in place; 0 at the end. */
static inline uint8_t jt_json_lex_peek(struct jt_json_lex *lex)
{
    while (lex->p < lex->end) {
        uint8_t c = *lex->p;
        if (c > ' ' || (c != ' ' && c != '\n' && c != '\r' && c != '\t')) {
            return c;
        }
        lex->p++;
    }
    return 0;
}

/* Passes white space and then `c`; false when something else stands there. */
static inline bool jt_json_lex_take(struct jt_json_lex *lex, char c)
{
    if (jt_json_lex_peek(lex) != (uint8_t)c) {
        return false;
    }
    lex->p++;
    return true;
}

/* The string that starts here, without its quotes, as it is written; `*out_escaped` tells whether
 * it has escapes. Valid UTF-8, no NUL (also not escaped), no half of a surrogate pair.
 * JT_ERR_JSON. */
JT_MUST_USE enum jt_err jt_json_lex_string(struct jt_json_lex *lex, struct jt_span *out_raw,
                                           bool *out_escaped);

/* What `raw`, taken by jt_json_lex_string, stands for; never longer than it. Writes at most raw.n
 * bytes to `out`, which may not overlap it; returns how many. */
size_t jt_json_lex_unescape(struct jt_span raw, uint8_t *out);

/* The number that starts here, of any size; an integer is one without fraction and exponent.
 * JT_ERR_JSON. */
JT_MUST_USE enum jt_err jt_json_lex_number(struct jt_json_lex *lex, struct jt_span *out_text,
                                           bool *out_integer);

/* true, false or null, which starts here. JT_ERR_JSON. */
JT_MUST_USE enum jt_err jt_json_lex_literal(struct jt_json_lex *lex, struct jt_span *out_text);

#endif
