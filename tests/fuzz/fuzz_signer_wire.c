/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of the bytes between daemon and signer process is in range, and is put as it was
 * read. The first byte says which reader is asked. */
#include "keys/signer_wire.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

static uint8_t again[JT_WIRE_MESSAGE_MAX];

static void check_within(struct jt_span part, struct jt_span whole)
{
    MUST(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void check_claims(struct jt_span bytes)
{
    static struct jt_wire_claims read;
    if (jt_wire_read_claims(bytes, &read) != JT_OK) {
        return;
    }
    MUST(read.claims.n_aud <= JT_WIRE_AUD_MAX);
    check_within(read.kid, bytes);
    check_within(read.claims.extra, bytes);
    for (size_t i = 0; i < read.claims.n_aud; i++) {
        check_within(read.claims.aud[i], bytes);
    }
    size_t n = 0;
    if (bytes.n <= sizeof again) {
        MUST(jt_wire_put_claims(read.kid, &read.claims, again, sizeof again, &n) == JT_OK);
        MUST(jt_span_eq(jt_span_of(again, n), bytes));
    }
}

static void check_row(const struct jt_sealed *row)
{
    MUST(row->kind <= JT_SEALED_PEPPER && row->alg < JT_ALG_COUNT_);
    MUST(row->blob.len <= JT_SEALED_BLOB_MAX && row->public_jwk.len <= JT_SEALED_JWK_MAX);
    MUST(strlen(jt_buf_str(&row->kid)) == row->kid.len);
}

static void check_request(struct jt_span bytes)
{
    struct jt_wire_request read = JT_WIRE_REQUEST_INIT;
    size_t n = 0;
    if (jt_wire_read_request(bytes, &read) == JT_OK) {
        MUST(read.op > 0 && read.op < JT_WIRE_OP_END_);
        check_row(&read.row);
        MUST(jt_wire_put_request(&read, again, &n) == JT_OK);
        MUST(jt_span_eq(jt_span_of(again, n), bytes));
    }
    jt_wire_request_release(&read);
}

static void check_reply(struct jt_span bytes)
{
    struct jt_wire_reply read = JT_WIRE_REPLY_INIT;
    size_t n = 0;
    if (jt_wire_read_reply(bytes, &read) == JT_OK) {
        MUST(read.op > 0 && read.op < JT_WIRE_OP_END_ && read.err < JT_ERR_COUNT_);
        MUST(strlen(read.diag.text) < sizeof read.diag.text);
        check_row(&read.row);
        MUST(jt_wire_put_reply(&read, again, &n) == JT_OK);
        MUST(jt_span_eq(jt_span_of(again, n), bytes));
    }
    jt_wire_reply_release(&read);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0) {
        return 0;
    }
    struct jt_span rest = {bytes + 1, n - 1};
    switch (bytes[0] % 3) {
    case 0:
        check_claims(rest);
        break;
    case 1:
        check_request(rest);
        break;
    default:
        check_reply(rest);
    }
    return 0;
}
