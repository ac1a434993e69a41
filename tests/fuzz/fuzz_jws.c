/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a token lie in it and join to it; a header that is accepted is whole. */
#include "common/jose/jws.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

static bool has_dot(struct jt_span part)
{
    return memchr(part.p, '.', part.n) != NULL;
}

static void check_parts(struct jt_span token, const struct jt_jws *jws)
{
    MUST(jws->header.p == token.p && jws->signed_part.p == token.p);
    MUST(jws->payload.p == jws->header.p + jws->header.n + 1);
    MUST(jws->signature.p == jws->payload.p + jws->payload.n + 1);
    MUST(jws->signature.p + jws->signature.n == token.p + token.n);
    MUST(jws->signed_part.n == jws->header.n + 1 + jws->payload.n);
    MUST(jws->header.n > 0 && jws->payload.n > 0 && jws->signature.n > 0);
    MUST(!has_dot(jws->header) && !has_dot(jws->payload) && !has_dot(jws->signature));
}

static void check_header(struct jt_span encoded)
{
    struct jt_jws_header header;
    if (jt_jws_parse_header(encoded, &header) == JT_OK) {
        MUST(header.alg != NULL && jt_alg_find(jt_span_str(header.alg->name)) == header.alg);
        MUST(strlen(header.kid) == header.kid_len && strlen(header.typ) == header.typ_len);
    }
}

/* A signature of the curve's length survives the way to DER and back. */
static void check_der(struct jt_span raw)
{
    uint8_t der[JT_JWS_DER_MAX], again[2 * JT_JWS_COORD_MAX];
    size_t n = 0;
    if (raw.n % 2 == 0 && jt_jws_raw_to_der(raw, raw.n / 2, der, &n) == JT_OK) {
        MUST(jt_jws_der_to_raw(jt_span_of(der, n), raw.n / 2, again) == JT_OK);
        MUST(jt_span_eq(jt_span_of(again, raw.n), raw));
    }
    enum jt_err err = jt_jws_der_to_raw(raw, 32, again);
    MUST(err == JT_OK || err == JT_ERR_CRYPTO);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jt_span token = {bytes, n};
    struct jt_jws jws;
    if (jt_jws_split(token, &jws) == JT_OK) {
        check_parts(token, &jws);
        check_header(jws.header);
    }
    check_header(token);
    check_der(token);
    return 0;
}
