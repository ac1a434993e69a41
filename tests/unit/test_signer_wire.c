/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer_wire.h"

#include "tests/unit/unit_keys.h"

#include "common/base/base.h"

static const struct jt_span kid = {(const uint8_t *)"the-kid", 7};

/* --- claims --- */

static size_t put(const struct jt_claims *claims, uint8_t *out, size_t max)
{
    size_t n = 0;
    assert_ok(jt_wire_put_claims(kid, claims, out, max, &n));
    return n;
}

static void claims_read_as_they_were_put(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    const struct jt_span auds[] = {JT_SPAN("one"), JT_SPAN("two")};
    struct jt_claims claims = some_claims("at+jwt");
    claims.aud = auds;
    claims.n_aud = 2;
    claims.extra = JT_SPAN("\"a\":1");
    claims.nbf_s = -1; /* whatever is put: it is not judged here */
    struct jt_wire_claims read;
    assert_ok(jt_wire_read_claims(jt_span_of(bytes, put(&claims, bytes, sizeof bytes)), &read));
    assert_span(read.kid, "the-kid");
    assert_span(read.claims.typ, "at+jwt");
    assert_span(read.claims.iss, "https://issuer.example.com");
    assert_span(read.claims.sub, "cart");
    assert_span(read.claims.client_id, "cart");
    assert_span(read.claims.jti, "0123456789");
    assert_span(read.claims.scope, "payments:read payments:write");
    assert_span(read.claims.extra, "\"a\":1");
    assert_int_equal(read.claims.n_aud, 2);
    assert_span(read.claims.aud[0], "one");
    assert_span(read.claims.aud[1], "two");
    assert_int_equal(read.claims.iat_s, claims.iat_s);
    assert_int_equal(read.claims.nbf_s, -1);
    assert_int_equal(read.claims.exp_s, claims.exp_s);
}

static void claims_cut_anywhere_or_with_a_byte_more_refused(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    const struct jt_claims claims = some_claims("at+jwt");
    size_t n = put(&claims, bytes, sizeof bytes - 1);
    struct jt_wire_claims read;
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc(cut + 1); /* so that a sanitizer sees a byte past the end */
        memcpy(exact, bytes, cut);
        assert_err(jt_wire_read_claims(jt_span_of(exact, cut), &read), JT_ERR_ARGUMENT);
        free(exact);
    }
    assert_err(jt_wire_read_claims(jt_span_of(bytes, n + 1), &read), JT_ERR_ARGUMENT);
    assert_ok(jt_wire_read_claims(jt_span_of(bytes, n), &read));
}

static void claims_with_more_audiences_than_allowed_refused(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    struct jt_span auds[JT_WIRE_AUD_MAX + 1];
    struct jt_claims claims = some_claims("at+jwt");
    struct jt_wire_claims read;
    size_t n = 0;
    for (size_t i = 0; i < JT_COUNT(auds); i++) {
        auds[i] = JT_SPAN("a");
    }
    claims.aud = auds;
    claims.n_aud = JT_WIRE_AUD_MAX + 1;
    assert_err(jt_wire_put_claims(kid, &claims, bytes, sizeof bytes, &n), JT_ERR_LIMIT);
    claims.n_aud = JT_WIRE_AUD_MAX;
    n = put(&claims, bytes, sizeof bytes);
    assert_ok(jt_wire_read_claims(jt_span_of(bytes, n), &read));
    /* written by hand, one more: n_aud stands before the audiences (3 bytes each) and three numbers
     */
    uint8_t *count = bytes + n - 24 - 3 * JT_WIRE_AUD_MAX - 2;
    assert_int_equal(count[0], JT_WIRE_AUD_MAX);
    count[0]++;
    memmove(count + 2 + 3, count + 2, n - (size_t)(count + 2 - bytes));
    memcpy(count + 2, "\1\0a", 3);
    assert_err(jt_wire_read_claims(jt_span_of(bytes, n + 3), &read), JT_ERR_ARGUMENT);
}

static void claims_longer_than_the_room_refused(void **state)
{
    (void)state;
    static uint8_t text[UINT16_MAX + 1], out[2 * UINT16_MAX];
    struct jt_claims claims = some_claims("at+jwt");
    size_t n = 0, exact = 0;
    assert_ok(jt_wire_put_claims(kid, &claims, out, sizeof out, &exact));
    assert_err(jt_wire_put_claims(kid, &claims, out, exact - 1, &n), JT_ERR_LIMIT);
    assert_ok(jt_wire_put_claims(kid, &claims, out, exact, &n));
    claims.scope = jt_span_of(text, UINT16_MAX + 1); /* its length does not fit */
    assert_err(jt_wire_put_claims(kid, &claims, out, sizeof out, &n), JT_ERR_LIMIT);
    claims.scope.n--;
    assert_ok(jt_wire_put_claims(kid, &claims, out, sizeof out, &n));
}

/* --- messages --- */

static uint8_t message[JT_WIRE_MESSAGE_MAX + 1];

static void fill_row(struct jt_sealed *row)
{
    row->kind = JT_SEALED_KEY;
    row->alg = JT_ALG_ES256;
    assert_ok(jt_buf_puts(&row->kid, "kid"));
    assert_ok(jt_buf_puts(&row->public_jwk, "{}"));
    assert_ok(jt_buf_put(&row->blob, jt_span_of("\0\1\377", 3)));
    memset(row->mac, 7, sizeof row->mac);
}

static void assert_row(const struct jt_sealed *row)
{
    assert_int_equal(row->alg, JT_ALG_ES256);
    assert_span(jt_buf_span(&row->kid), "kid");
    assert_span(jt_buf_span(&row->public_jwk), "{}");
    assert_int_equal(row->blob.len, 3);
    assert_memory_equal(row->blob.p, "\0\1\377", 3);
    assert_int_equal(row->mac[31], 7);
}

static size_t put_request(void)
{
    const struct jt_signer_conf conf = {.kek = {.file = "/kek"},
                                        .kek_next = {.pkcs11 = "next"},
                                        .pkcs11 = {.module = "/m.so", .pin_env = "PIN"}};
    struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
    size_t n = 0;
    request.op = JT_WIRE_LOAD;
    request.longest_s = -5;
    request.n_workers = 3;
    fill_row(&request.row);
    jt_wire_borrow_conf(&conf, &request);
    assert_ok(jt_wire_put_request(&request, message, &n));
    jt_sealed_release(&request.row);
    return n;
}

static void request_read_as_it_was_put(void **state)
{
    (void)state;
    JT_AUTO(wire_request) read = JT_WIRE_REQUEST_INIT;
    assert_ok(jt_wire_read_request(jt_span_of(message, put_request()), &read));
    assert_int_equal(read.op, JT_WIRE_LOAD);
    assert_int_equal(read.longest_s, -5);
    assert_int_equal(read.n_workers, 3);
    assert_row(&read.row);
    const struct jt_signer_conf conf = jt_wire_conf(&read);
    assert_string_equal(conf.kek.file, "/kek");
    assert_null(conf.kek.env);
    assert_string_equal(conf.kek_next.pkcs11, "next");
    assert_string_equal(conf.pkcs11.module, "/m.so");
    assert_string_equal(conf.pkcs11.pin_env, "PIN");
    assert_null(conf.pkcs11.token);
}

static void request_cut_anywhere_or_with_a_byte_more_refused(void **state)
{
    (void)state;
    size_t n = put_request();
    JT_AUTO(wire_request) read = JT_WIRE_REQUEST_INIT;
    for (size_t cut = 0; cut < n; cut++) {
        assert_err(jt_wire_read_request(jt_span_of(message, cut), &read), JT_ERR_ARGUMENT);
        assert_int_equal(read.row.kid.len, 0); /* nothing of it is left */
    }
    assert_err(jt_wire_read_request(jt_span_of(message, n + 1), &read), JT_ERR_ARGUMENT);
    assert_ok(jt_wire_read_request(jt_span_of(message, n), &read));
}

/* Where each number stands, what it may not be, and what it may. */
static void request_numbers_out_of_range_refused(void **state)
{
    (void)state;
    const struct {
        size_t at;
        uint8_t wrong, right;
    } rows[] = {
        {0, 0, JT_WIRE_GO},                        /* op */
        {0, JT_WIRE_OP_END_, JT_WIRE_STATUS},      /* op */
        {1, JT_SEALED_PEPPER + 1, JT_SEALED_KEY},  /* kind */
        {2, JT_ALG_COUNT_, JT_ALG_COUNT_ - 1},     /* alg */
        {15, JT_SEALED_PEPPER + 1, JT_SEALED_KEY}, /* the row's kind */
        {16, JT_ALG_COUNT_, JT_ALG_NONE},          /* the row's alg */
        {18, 2, 0},                                /* the kid's length, high */
        {19, 0, 'k'},                              /* the kid: no NUL in it */
        {19, 0xFF, 'k'},                           /* nor what is no UTF-8 */
    };
    JT_AUTO(wire_request) read = JT_WIRE_REQUEST_INIT;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        size_t n = put_request();
        message[rows[i].at] = rows[i].wrong;
        assert_err(jt_wire_read_request(jt_span_of(message, n), &read), JT_ERR_ARGUMENT);
        message[rows[i].at] = rows[i].right;
        assert_ok(jt_wire_read_request(jt_span_of(message, n), &read));
    }
}

static void request_row_longer_than_a_row_is_refused(void **state)
{
    (void)state;
    struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
    JT_AUTO(wire_request) read = JT_WIRE_REQUEST_INIT;
    static uint8_t text[JT_SEALED_BLOB_MAX + 1];
    size_t n = 0;
    request.row.blob.max = sizeof text;
    assert_ok(jt_buf_put(&request.row.blob, jt_span_of(text, sizeof text)));
    assert_ok(jt_wire_put_request(&request, message, &n));
    assert_err(jt_wire_read_request(jt_span_of(message, n), &read), JT_ERR_ARGUMENT);
    request.row.blob.len--;
    assert_ok(jt_wire_put_request(&request, message, &n));
    assert_ok(jt_wire_read_request(jt_span_of(message, n), &read));
    jt_sealed_release(&request.row);
}

static size_t put_reply(void)
{
    struct jt_wire_reply reply = JT_WIRE_REPLY_INIT;
    size_t n = 0;
    reply.op = JT_WIRE_LOAD;
    reply.err = JT_ERR_UNSEAL;
    reply.changed = true;
    memcpy(reply.kek, "0123456789abcdef", 17);
    memcpy(reply.diag.text, "why", 4);
    assert_ok(jt_secret_copy(&reply.pepper, JT_SPAN("pepper")));
    fill_row(&reply.row);
    assert_ok(jt_wire_put_reply(&reply, message, &n));
    jt_wire_reply_release(&reply);
    return n;
}

static void reply_read_as_it_was_put(void **state)
{
    (void)state;
    JT_AUTO(wire_reply) read = JT_WIRE_REPLY_INIT;
    assert_ok(jt_wire_read_reply(jt_span_of(message, put_reply()), &read));
    assert_int_equal(read.op, JT_WIRE_LOAD);
    assert_err(read.err, JT_ERR_UNSEAL);
    assert_true(read.changed);
    assert_false(read.memory_locked);
    assert_string_equal(read.kek, "0123456789abcdef");
    assert_string_equal(read.kek_next, "");
    assert_string_equal(read.diag.text, "why");
    assert_span(jt_secret_span(&read.pepper), "pepper");
    assert_row(&read.row);
}

static void reply_cut_anywhere_or_with_a_byte_more_refused(void **state)
{
    (void)state;
    size_t n = put_reply();
    JT_AUTO(wire_reply) read = JT_WIRE_REPLY_INIT;
    for (size_t cut = 0; cut < n; cut++) {
        assert_err(jt_wire_read_reply(jt_span_of(message, cut), &read), JT_ERR_ARGUMENT);
        assert_int_equal(read.row.kid.len + read.pepper.n, 0);
    }
    assert_err(jt_wire_read_reply(jt_span_of(message, n + 1), &read), JT_ERR_ARGUMENT);
    assert_ok(jt_wire_read_reply(jt_span_of(message, n), &read));
}

static void reply_numbers_and_texts_out_of_range_refused(void **state)
{
    (void)state;
    const struct {
        size_t at;
        uint8_t wrong, right;
    } rows[] = {
        {0, 0, JT_WIRE_GO},                         /* op */
        {0, JT_WIRE_OP_END_, JT_WIRE_LOAD},         /* op */
        {1, (uint8_t)JT_ERR_COUNT_, JT_ERR_UNSEAL}, /* err, low */
        {2, 1, 0},                                  /* err, high */
        {3, 4, 3},                                  /* flags */
        {4, 17, 16},                                /* longer than an id is */
        {6, 0, 'x'},                                /* a NUL in a text */
    };
    JT_AUTO(wire_reply) read = JT_WIRE_REPLY_INIT;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        size_t n = put_reply();
        message[rows[i].at] = rows[i].wrong;
        assert_err(jt_wire_read_reply(jt_span_of(message, n), &read), JT_ERR_ARGUMENT);
        message[rows[i].at] = rows[i].right;
        assert_ok(jt_wire_read_reply(jt_span_of(message, n), &read));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_read_as_they_were_put),
        cmocka_unit_test(claims_cut_anywhere_or_with_a_byte_more_refused),
        cmocka_unit_test(claims_with_more_audiences_than_allowed_refused),
        cmocka_unit_test(claims_longer_than_the_room_refused),
        cmocka_unit_test(request_read_as_it_was_put),
        cmocka_unit_test(request_cut_anywhere_or_with_a_byte_more_refused),
        cmocka_unit_test(request_numbers_out_of_range_refused),
        cmocka_unit_test(request_row_longer_than_a_row_is_refused),
        cmocka_unit_test(reply_read_as_it_was_put),
        cmocka_unit_test(reply_cut_anywhere_or_with_a_byte_more_refused),
        cmocka_unit_test(reply_numbers_and_texts_out_of_range_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
