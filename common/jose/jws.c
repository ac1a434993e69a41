/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/jws.h"

#include "common/jose/b64url.h"
#include "common/json/json_index.h"

#include "common/base/base.h"

enum jt_err jt_jws_split(struct jt_span token, struct jt_jws *out_jws)
{
    if (token.n == 0) {
        return JT_ERR_JWS;
    }
    const uint8_t *end = token.p + token.n;
    const uint8_t *dot1 = memchr(token.p, '.', token.n);
    const uint8_t *dot2 = dot1 == NULL ? NULL : memchr(dot1 + 1, '.', (size_t)(end - dot1 - 1));
    /* RFC 7515 sec. 7.1: three parts; a third dot is found in the signature */
    if (dot2 == NULL || memchr(dot2 + 1, '.', (size_t)(end - dot2 - 1)) != NULL) {
        return JT_ERR_JWS;
    }
    struct jt_jws jws = {
        .header = {token.p, (size_t)(dot1 - token.p)},
        .payload = {dot1 + 1, (size_t)(dot2 - dot1 - 1)},
        .signature = {dot2 + 1, (size_t)(end - dot2 - 1)},
        .signed_part = {token.p, (size_t)(dot2 - token.p)},
    };
    if (jws.header.n == 0 || jws.payload.n == 0 || jws.signature.n == 0) {
        return JT_ERR_JWS;
    }
    *out_jws = jws;
    return JT_OK;
}

/* The optional string member `name`, copied with a NUL into `out` of `size` bytes. */
static enum jt_err copy_member(const struct jt_json_index *object, struct jt_span name, char *out,
                               size_t size, size_t *out_len)
{
    const struct jt_json_index_entry *member = jt_json_index_find(object, name);
    if (member == NULL) {
        out[0] = 0;
        *out_len = 0;
        return JT_OK;
    }
    if (member->type != JT_JSON_INDEX_STRING || member->text.n >= size) {
        return JT_ERR_JWS_HEADER;
    }
    memcpy(out, member->text.p, member->text.n);
    out[member->text.n] = 0;
    *out_len = member->text.n;
    return JT_OK;
}

static enum jt_err read_header(const struct jt_json_index *object, struct jt_jws_header *out_header)
{
    struct jt_jws_header header;
    /* RFC 7515 sec. 4.1.11: crit names what must be understood; we understand no extension.
     * RFC 7797 sec. 7: b64 is not for JWTs. */
    if (jt_json_index_find(object, JT_SPAN("crit")) != NULL ||
        jt_json_index_find(object, JT_SPAN("b64")) != NULL) {
        return JT_ERR_JWS_CRIT;
    }
    const struct jt_json_index_entry *name = jt_json_index_find(object, JT_SPAN("alg"));
    if (name == NULL || name->type != JT_JSON_INDEX_STRING) {
        return JT_ERR_JWS_HEADER;
    }
    header.alg = jt_alg_find(name->text);
    if (header.alg == NULL) {
        return JT_ERR_ALG;
    }
    JT_TRY(copy_member(object, JT_SPAN("kid"), header.kid, sizeof header.kid, &header.kid_len));
    JT_TRY(copy_member(object, JT_SPAN("typ"), header.typ, sizeof header.typ, &header.typ_len));
    *out_header = header;
    return JT_OK;
}

enum jt_err jt_jws_parse_header(struct jt_span encoded, struct jt_jws_header *out_header)
{
    uint8_t text[JT_B64URL_DECODED(JT_JWS_MAX_HEADER)], arena[sizeof text];
    struct jt_json_index_entry entries[1 + JT_JWS_MAX_HEADER_VALUES];
    struct jt_json_index object = {entries, JT_COUNT(entries), arena, sizeof arena, 0};
    size_t n = 0;
    if (encoded.n > JT_JWS_MAX_HEADER || jt_b64url_decode(encoded, text, &n) != JT_OK ||
        jt_json_index_read(&object, jt_span_of(text, n)) != JT_OK) {
        return JT_ERR_JWS_HEADER;
    }
    return read_header(&object, out_header);
}

/* Writes one DER INTEGER for the unsigned big-endian `raw`; the bytes written. */
static size_t put_integer(struct jt_span raw, uint8_t *out)
{
    while (raw.n > 1 && raw.p[0] == 0) {
        raw.p++;
        raw.n--;
    }
    size_t pad = raw.p[0] >> 7; /* DER integers are signed */
    out[0] = 0x02;
    out[1] = (uint8_t)(raw.n + pad);
    out[2] = 0;
    memcpy(out + 2 + pad, raw.p, raw.n);
    return 2 + pad + raw.n;
}

enum jt_err jt_jws_raw_to_der(struct jt_span raw, size_t coord, uint8_t *out, size_t *out_n)
{
    /* RFC 7518 sec. 3.4: exactly two coordinates of the curve's length */
    if (coord == 0 || coord > JT_JWS_COORD_MAX || raw.n != 2 * coord) {
        return JT_ERR_SIGNATURE;
    }
    uint8_t body[JT_JWS_DER_MAX];
    size_t n = put_integer(jt_span_of(raw.p, coord), body);
    n += put_integer(jt_span_of(raw.p + coord, coord), body + n);
    size_t at = 0;
    out[at++] = 0x30;
    if (n >= 0x80) {
        out[at++] = 0x81;
    }
    out[at++] = (uint8_t)n;
    memcpy(out + at, body, n);
    *out_n = at + n;
    return JT_OK;
}

/* X.690 sec. 8.3, 10.1: takes an INTEGER that is not negative off `*der`, in the shortest form and of
 * at most `coord` bytes, and writes it to `out` with zeros before it. */
static bool take_integer(struct jt_span *der, size_t coord, uint8_t *out)
{
    size_t n = der->n < 3 || der->p[0] != 0x02 ? 0 : der->p[1];
    if (n == 0 || n >= 0x80 || n > der->n - 2 || der->p[2] >= 0x80) {
        return false;
    }
    struct jt_span value = {der->p + 2, n};
    *der = (struct jt_span){value.p + n, der->n - 2 - n};
    if (value.p[0] == 0 && n > 1) {
        if (value.p[1] < 0x80) {
            return false; /* a zero that no sign asks for */
        }
        value = (struct jt_span){value.p + 1, n - 1};
    }
    if (value.n > coord) {
        return false;
    }
    memset(out, 0, coord - value.n);
    memcpy(out + coord - value.n, value.p, value.n);
    return true;
}

/* By hand: it comes after every signature, and libcrypto's reader allocates for each number. */
enum jt_err jt_jws_der_to_raw(struct jt_span der, size_t coord, uint8_t *out)
{
    if (coord == 0 || coord > JT_JWS_COORD_MAX || der.n < 2 || der.n > JT_JWS_DER_MAX ||
        der.p[0] != 0x30) {
        return JT_ERR_CRYPTO;
    }
    /* X.690 sec. 10.1: a length above 127 takes a second byte, and only such a one */
    size_t head = der.p[1] == 0x81 ? 3 : 2;
    if (der.n < head || (head == 3 && der.p[2] < 0x80) || der.p[head - 1] != der.n - head) {
        return JT_ERR_CRYPTO;
    }
    struct jt_span body = {der.p + head, der.n - head};
    uint8_t raw[2 * JT_JWS_COORD_MAX];
    if (!take_integer(&body, coord, raw) || !take_integer(&body, coord, raw + coord) ||
        body.n != 0) {
        return JT_ERR_CRYPTO;
    }
    memcpy(out, raw, 2 * coord);
    return JT_OK;
}
