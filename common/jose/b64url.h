/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict base64url: no padding, no other characters, no spare bits. And the standard alphabet for
 * HTTP Basic.
 * Ownership: none.
 * Thread rule: any thread.
 * Sources: RFC 4648 sec. 4, 5, 3.5; RFC 7515 sec. 2.
 */
#ifndef JT_JOSE_B64URL_H
#define JT_JOSE_B64URL_H

#include "common/base/buf.h"

/* Length of `n` bytes encoded, and of `n` characters decoded. */
#define JT_B64URL_LEN(n)     (((n)*4 + 2) / 3)
#define JT_B64URL_DECODED(n) ((n)*3 / 4)

/* Writes the encoding of `bytes` and a NUL to `out`, which has room for JT_B64URL_LEN(bytes.n) + 1. */
void jt_b64url_encode(struct jt_span bytes, char *out);

/* Appends the encoding of `bytes`. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_b64url_put(struct jt_buf *out, struct jt_span bytes);

/* Decodes `text` into `out`, which has room for JT_B64URL_DECODED(text.n) bytes; `*out_n` is how
 * many were written. JT_ERR_BASE64. */
JT_MUST_USE enum jt_err jt_b64url_decode(struct jt_span text, uint8_t *out, size_t *out_n);

/* The same for the standard alphabet with its padding (RFC 4648 sec. 4), as strictly. */
JT_MUST_USE enum jt_err jt_b64url_decode_standard(struct jt_span text, uint8_t *out, size_t *out_n);

#endif
