/* SPDX-License-Identifier: Apache-2.0 */
/* What decodes is the only text of its bytes; every byte string encodes to what decodes to it. */
#include "common/base/secret.h"
#include "common/jose/b64url.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

static void decode_then_encode(struct jt_span text)
{
    JT_AUTO(secret) bytes = JT_SECRET_INIT; /* exactly as long as promised */
    JT_AUTO(buf) again = JT_BUF_INIT(text.n);
    size_t n = 0;
    MUST(jt_secret_alloc(&bytes, JT_B64URL_DECODED(text.n)) == JT_OK);
    if (jt_b64url_decode(text, bytes.p, &n) != JT_OK) {
        return;
    }
    MUST(n <= bytes.n);
    MUST(jt_b64url_put(&again, jt_span_of(bytes.p, n)) == JT_OK);
    MUST(jt_span_eq(jt_buf_span(&again), text));
}

static void encode_then_decode(struct jt_span bytes)
{
    JT_AUTO(buf) text = JT_BUF_INIT(JT_B64URL_LEN(bytes.n));
    JT_AUTO(secret) again = JT_SECRET_INIT;
    size_t n = 0;
    MUST(jt_b64url_put(&text, bytes) == JT_OK);
    MUST(jt_secret_alloc(&again, JT_B64URL_DECODED(text.len)) == JT_OK);
    MUST(jt_b64url_decode(jt_buf_span(&text), again.p, &n) == JT_OK);
    MUST(jt_span_eq(jt_span_of(again.p, n), bytes));
}

static void decode_standard(struct jt_span text)
{
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    size_t n = 0;
    MUST(jt_secret_alloc(&bytes, JT_B64URL_DECODED(text.n)) == JT_OK);
    if (jt_b64url_decode_standard(text, bytes.p, &n) == JT_OK) {
        MUST(text.n % 4 == 0 && n <= bytes.n && n + 3 > bytes.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jt_span input = {bytes, n};
    decode_then_encode(input);
    encode_then_decode(input);
    decode_standard(input);
    return 0;
}
