/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/proxyline.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define REST "GET / HTTP/1.1\r\n"
#define SIG  "\r\n\r\n\0\r\nQUIT\n"

/* In memory of its very size, so that a read behind it is found. */
static enum jt_proxyline read_at(struct jt_span bytes, size_t *out_n,
                                 struct jt_proxyline_peer *out_peer)
{
    uint8_t *copy = malloc(bytes.n + (bytes.n == 0));
    assert_non_null(copy);
    memcpy(copy, bytes.p, bytes.n);
    enum jt_proxyline said = jt_proxyline_read(jt_span_of(copy, bytes.n), out_n, out_peer);
    free(copy);
    return said;
}

/* Whole it is done, with and without what follows; each shorter front of it asks for more. */
static void expect_done(struct jt_span header, const char *peer, uint16_t port)
{
    struct jt_proxyline_peer said;
    char text[JT_PEERS_TEXT];
    size_t n = 0;
    JT_AUTO(buf) more = JT_BUF_INIT(2 * JT_PROXYLINE_MAX);
    for (size_t i = 0; i < header.n; i++) {
        assert_int_equal(read_at(jt_span_of(header.p, i), &n, &said), JT_PROXYLINE_MORE);
    }
    assert_int_equal(jt_buf_put(&more, header), JT_OK);
    assert_int_equal(jt_buf_put(&more, JT_SPAN(REST)), JT_OK);
    const struct jt_span whole[] = {header, jt_buf_span(&more)};
    for (size_t i = 0; i < JT_COUNT(whole); i++) {
        assert_int_equal(read_at(whole[i], &n, &said), JT_PROXYLINE_DONE);
        assert_int_equal(n, header.n);
        assert_int_equal(said.known, peer != NULL);
        if (peer != NULL) {
            assert_true(jt_span_is(jt_peers_write(&said.address, text), peer));
            assert_int_equal(said.port, port);
        }
    }
}

static void expect_bad(struct jt_span header)
{
    struct jt_proxyline_peer said;
    size_t n = 0;
    assert_int_equal(read_at(header, &n, &said), JT_PROXYLINE_BAD);
}

static void lines_that_are_right(void **state)
{
    (void)state;
    expect_done(JT_SPAN("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), "192.0.2.1", 56324);
    expect_done(JT_SPAN("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
                "255.255.255.255", 65535);
    expect_done(JT_SPAN("PROXY TCP6 2001:db8::1 ::1 0 1\r\n"), "2001:db8::1", 0);
    expect_done(JT_SPAN("PROXY TCP6 ::ffff:192.0.2.1 ::1 7 1\r\n"), "192.0.2.1", 7);
    expect_done(JT_SPAN("PROXY UNKNOWN\r\n"), NULL, 0);
    expect_done(JT_SPAN("PROXY UNKNOWN ffff:f::f ffff:f::f 65535 65535\r\n"), NULL, 0);
}

static void lines_that_are_wrong(void **state)
{
    static const char *const rows[] = {
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 4294967739\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 056324 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 056 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 -1 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 1\r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n",
        "PROXY TCP4 192.0.2.256 198.51.100.1 56324 443\r\n",
        "PROXY TCP4 2001:db8::1 ::1 56324 443\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.1 56324 443\r\n",
        "PROXY TCP6 ::ffff:192.0.2.1 198.51.100.1 56324 443\r\n",
        "PROXY TCP5 192.0.2.1 198.51.100.1 56324 443\r\n",
        "PROXY TCP5 2001:db8::1 ::1 56324 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.256 56324 443\r\n",
        "PROXY  TCP4 192.0.2.1 198.51.100.1 56324 443\r\n",
        "PROXY \r\n",
        "PROXY TCP4\r\n",
        "PROXY UNKNOWNS\r\n",
        "proxy TCP4 192.0.2.1 198.51.100.1 56324 443\r\n",
        "PROXX",
        " PROXY",
        "GET / HTTP/1.1\r\n",
        "\x16\x03\x01",
        "\r\n\r\nG",
    };
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        expect_bad(jt_span_str(rows[i]));
    }
    char longest[109]; /* one byte more than there may be */
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "PROXY UNKNOWN ", 14);
    expect_bad(jt_span_of(longest, 107));
    longest[105] = '\r', longest[106] = '\n';
    expect_done(jt_span_of(longest, 107), NULL, 0);
    longest[105] = 'x', longest[106] = '\r', longest[107] = '\n';
    expect_bad(jt_span_of(longest, 108));
}

#define V4 "\xC0\x00\x02\x01\xC6\x33\x64\x01\xDC\x04\x01\xBB"
#define V6                                                                 \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
    "\0\1\xDC\x04\x01\xBB"

#define MAPPED                                                                             \
    "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\x00\x02" \
    "\x02\xDC\x04\x01\xBB"

static void binary_ones_that_are_right(void **state)
{
    (void)state;
    expect_done(JT_SPAN(SIG "\x21\x11\x00\x0C" V4), "192.0.2.1", 56324);
    expect_done(JT_SPAN(SIG "\x21\x21\x00\x24" V6), "2001:db8::1", 56324);
    expect_done(JT_SPAN(SIG "\x21\x21\x00\x24" MAPPED), "192.0.2.1", 56324);
    expect_done(JT_SPAN(SIG "\x21\x31\x00\x02/a"), NULL, 0); /* a UNIX socket */
    expect_done(JT_SPAN(SIG "\x21\x11\x00\x10" V4 "\x04\x00\x01x"), "192.0.2.1", 56324);
    expect_done(JT_SPAN(SIG "\x20\x00\x00\x00"), NULL, 0);
    expect_done(JT_SPAN(SIG "\x20\x11\x00\x0C" V4), NULL, 0); /* LOCAL: addresses are ignored */
    expect_done(JT_SPAN(SIG "\x21\x00\x00\x03"
                            "abc"),
                NULL, 0);
}

static void binary_ones_that_are_wrong(void **state)
{
    (void)state;
    expect_bad(JT_SPAN(SIG "\x11\x11\x00\x0C" V4)); /* version 1 */
    expect_bad(JT_SPAN(SIG "\x22\x11\x00\x0C" V4)); /* no such command */
    expect_bad(JT_SPAN(SIG "\x21\x12\x00\x0C" V4)); /* UDP */
    expect_bad(JT_SPAN(SIG "\x21\x41\x00\x0C" V4)); /* no such family */
    expect_bad(JT_SPAN(SIG "\x21\x12\x00\x24" V6));
    expect_bad(JT_SPAN(SIG "\x21\x41\x00\x24" V6));
    expect_bad(JT_SPAN(SIG "\x21\x11\x00\x0B" V4)); /* shorter than its addresses */
    expect_bad(JT_SPAN(SIG "\x21\x21\x00\x0C" V4));
    expect_bad(JT_SPAN(SIG "\x21\x11\xFF\xFF" V4)); /* longer than is taken */
    expect_bad(JT_SPAN("\r\n\r\n\0\r\nQUIX\n"));
    const struct jt_span longer = JT_SPAN(SIG "\x21\x11\xFF\xFF");
    struct jt_proxyline_peer said;
    size_t n = 0;
    for (size_t i = 0; i < longer.n; i++) { /* what is behind its front is not looked at */
        assert_int_equal(jt_proxyline_read(jt_span_of(longer.p, i), &n, &said), JT_PROXYLINE_MORE);
    }
}

static void a_binary_one_may_be_as_long_as_is_taken(void **state)
{
    uint8_t bytes[JT_PROXYLINE_MAX + 1] = {0};
    const struct jt_span head = JT_SPAN(SIG "\x21\x11\x0F\xF0" V4);
    struct jt_proxyline_peer said;
    size_t n = 0;
    (void)state;
    memcpy(bytes, head.p, head.n);
    assert_int_equal(read_at(jt_span_of(bytes, JT_PROXYLINE_MAX - 1), &n, &said),
                     JT_PROXYLINE_MORE);
    assert_int_equal(read_at(jt_span_of(bytes, JT_PROXYLINE_MAX), &n, &said), JT_PROXYLINE_DONE);
    assert_int_equal(n, JT_PROXYLINE_MAX);
    bytes[15]++;
    expect_bad(jt_span_of(bytes, sizeof bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_are_right),
        cmocka_unit_test(lines_that_are_wrong),
        cmocka_unit_test(binary_ones_that_are_right),
        cmocka_unit_test(binary_ones_that_are_wrong),
        cmocka_unit_test(a_binary_one_may_be_as_long_as_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
