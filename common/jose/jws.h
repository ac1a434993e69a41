/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compact JWS taken apart: bytes become a typed struct here and nowhere else. It checks form, not
 * the signature. Also the conversion between the two forms of an ECDSA signature.
 * Ownership: everything borrows from the token text or the caller's buffer.
 * Thread rule: any thread.
 * Sources: RFC 7515 sec. 3.1, 4, 7.1; RFC 7518 sec. 3.4; RFC 8725 sec. 3.
 */
#ifndef JT_JOSE_JWS_H
#define JT_JOSE_JWS_H

#include "common/base/buf.h"
#include "common/jose/alg.h"

#define JT_JWS_MAX_SIG           1024 /* RSA 8192 */
#define JT_JWS_MAX_HEADER        4096 /* characters of the encoded header */
#define JT_JWS_MAX_HEADER_VALUES 31   /* in it, of all levels: a key in `jwk` has some ten */

/* The three parts, still encoded. `signed_part` is header "." payload, contiguous. */
struct jt_jws {
    struct jt_span header, payload, signature, signed_part;
};

/* Splits `token` at exactly two dots; every part non-empty. JT_ERR_JWS (also for anything that
 * is a JWE of five parts or a JSON serialization). */
JT_MUST_USE enum jt_err jt_jws_split(struct jt_span token, struct jt_jws *out_jws);

struct jt_jws_header {
    const struct jt_alg_row *alg;
    char kid[257]; /* NUL-ended; kid_len 0 when absent */
    size_t kid_len;
    char typ[64]; /* NUL-ended; typ_len 0 when absent */
    size_t typ_len;
};

/* Decodes and checks the encoded header: strict base64url and JSON of at most
 * JT_JWS_MAX_HEADER_VALUES values, a string `alg` that has a row, kid and typ strings when present
 * and within the sizes above, neither `crit` nor `b64` (RFC 7515 sec. 4.1.11, RFC 7797 sec. 7).
 * Embedded or linked keys (jwk, jku, x5u, x5c) are ignored. Allocates nothing. JT_ERR_JWS_HEADER,
 * JT_ERR_JWS_CRIT, JT_ERR_ALG (no row of that name). */
JT_MUST_USE enum jt_err jt_jws_parse_header(struct jt_span encoded,
                                            struct jt_jws_header *out_header);

#define JT_JWS_COORD_MAX 66  /* P-521 */
#define JT_JWS_DER_MAX   144 /* two INTEGERs of 66 bytes and a sign byte take 141 */

/* ECDSA r || s (2 * coord bytes) to DER. Writes at most JT_JWS_DER_MAX bytes to `out`.
 * JT_ERR_SIGNATURE when raw is not exactly 2 * coord bytes, coord in 1..JT_JWS_COORD_MAX. */
JT_MUST_USE enum jt_err jt_jws_raw_to_der(struct jt_span raw, size_t coord, uint8_t *out,
                                          size_t *out_n);

/* And back; `out` has room for 2 * coord bytes. JT_ERR_CRYPTO when `der` is not such a signature.
 */
JT_MUST_USE enum jt_err jt_jws_der_to_raw(struct jt_span der, size_t coord, uint8_t *out);

#endif
