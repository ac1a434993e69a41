/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application/x-www-form-urlencoded, strictly and bounded: names and values are decoded once, must
 * be valid UTF-8 without NUL, and repeats are kept so that the caller can refuse them.
 * Ownership: jt_form_parse decodes into memory of the form's own; release it. Values may be
 * secrets: release wipes.
 * Thread rule: one thread.
 * Sources: RFC 6749 appendix B; WHATWG URL sec. 5.1.
 */
#ifndef JT_HTTP_FORM_H
#define JT_HTTP_FORM_H

#include "common/base/secret.h"

#define JT_FORM_MAX_FIELDS 64

struct jt_form_field {
    struct jt_span name, value;
};

struct jt_form {
    size_t n;
    struct jt_form_field fields[JT_FORM_MAX_FIELDS];
    struct jt_secret text; /* what the spans point into */
};

/* Parses `body`. Spaces that a client failed to encode are accepted (librdkafka sends scopes so).
 * JT_ERR_FORM: a malformed percent sequence, NUL, invalid UTF-8. JT_ERR_LIMIT: over
 * JT_FORM_MAX_FIELDS. JT_ERR_NOMEM. On failure nothing needs release. */
JT_MUST_USE enum jt_err jt_form_parse(struct jt_span body, struct jt_form *out_form);
void jt_form_release(struct jt_form *form);

/* The value of a hexadecimal digit, or -1. */
int jt_form_hex(uint8_t c);

/* Decodes one percent- and plus-encoded text in place of a new buffer `out` (room for text.n
 * bytes), for the halves of Basic credentials (RFC 6749 sec. 2.3.1). JT_ERR_FORM. */
JT_MUST_USE enum jt_err jt_form_decode(struct jt_span text, uint8_t *out, size_t *out_n);

/* Percent-decodes a path segment ('+' stays) into `out` (room for text.n bytes). JT_ERR_FORM. */
JT_MUST_USE enum jt_err jt_form_decode_segment(struct jt_span text, uint8_t *out, size_t *out_n);

#endif
