/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/peers.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define KEY "http.trusted_proxies"

static enum jt_err parse(const char *text, struct jt_peers *out, struct jt_diag *diag)
{
    char copy[128];
    (void)snprintf(copy, sizeof copy, "%s", text);
    char *texts[] = {copy, NULL};
    return jt_peers_parse(texts, KEY, out, diag);
}

static struct jt_peers_address address(const char *text)
{
    struct jt_peers_address out = {.n = 0};
    assert_true(jt_peers_read(jt_span_str(text), &out));
    return out;
}

static void ranges_contain_what_they_name_and_nothing_else(void **state)
{
    static const struct {
        const char *range, *inside, *outside;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7", "192.0.2.8"},
        {"192.0.2.7", "::ffff:192.0.2.7", "::192.0.2.7"},
        {"192.0.2.7/32", "192.0.2.7", "192.0.2.6"},
        {"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
        {"10.128.0.0/9", "10.128.0.0", "10.127.255.255"},
        {"192.0.2.4/31", "192.0.2.5", "192.0.2.6"},
        {"128.0.0.0/1", "255.255.255.255", "127.255.255.255"},
        {"::1", "::1", "::2"},
        {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
        {"8000::/1", "ffff::", "7fff::"},
        {"::/1", "7fff::1", "1.2.3.4"},           /* IPv6 alone */
        {"192.0.2.7", "192.0.2.7", "c000:207::"}, /* IPv4 alone */
        {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.8"},
    };
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_peers peers;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_int_equal(parse(rows[i].range, &peers, &diag), JT_OK);
        struct jt_peers_address inside = address(rows[i].inside);
        struct jt_peers_address outside = address(rows[i].outside);
        struct sockaddr_storage socket;
        assert_true(jt_peers_contains_address(&peers, &inside));
        assert_false(jt_peers_contains_address(&peers, &outside));
        assert_true(jt_peers_to_socket(&inside, 1, &socket) > 0);
        assert_true(jt_peers_contains(&peers, (const struct sockaddr *)&socket));
        assert_true(jt_peers_to_socket(&outside, 1, &socket) > 0);
        assert_false(jt_peers_contains(&peers, (const struct sockaddr *)&socket));
    }
}

static void what_names_nobody_or_everybody_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "proxy.example.com",
        "192.0.2",
        "192.0.2.7/",
        "192.0.2.7/33",
        "10.0.0.0/0",
        "10.0.0.0/08",
        "10.0.0.1/8",
        "2001:db8::/129",
        "2001:db8::1/32",
        "::/0",
        "[::1]",
        "::1%lo",
        "192.0.2.7:80",
        " 192.0.2.7",
        "10.0.0.0/-8",
        "10.0.0.0/8/8",
        "fe80::/10 ",
        "192.0.02.7",
    };
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_peers peers;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_int_equal(parse(rows[i], &peers, &diag), JT_ERR_CONFIG);
        assert_non_null(strstr(diag.text, KEY ": "));
        assert_non_null(strstr(diag.text, "; "));
    }
}

static void text_that_is_no_address_not_read(void **state)
{
    static const char longest[] = "2001:0db8:0000:0000:0000:0000:255.255.255.255";
    struct jt_peers_address out;
    char text[4096]; /* as long as a header's may be */
    (void)state;
    assert_true(jt_peers_read(JT_SPAN("192.0.2.7"), &out));
    assert_false(jt_peers_read(JT_SPAN("192.0.2.7\0"), &out));
    assert_false(jt_peers_read(JT_SPAN("192.0.2.7\0x"), &out));
    assert_false(jt_peers_read(JT_SPAN(""), &out));
    assert_true(jt_peers_read(jt_span_str(longest), &out));
    memset(text, '1', sizeof text);
    for (size_t n = sizeof text; n > 0; n--) {
        assert_false(jt_peers_read(jt_span_of(text, n), &out));
    }
}

static void more_than_fit_are_refused(void **state)
{
    char one[] = "192.0.2.7", *texts[JT_PEERS_MAX + 2] = {NULL};
    struct jt_peers peers;
    (void)state;
    for (size_t i = 0; i < JT_PEERS_MAX; i++) {
        texts[i] = one;
    }
    assert_int_equal(jt_peers_parse(texts, KEY, &peers, NULL), JT_OK);
    texts[JT_PEERS_MAX] = one;
    assert_int_equal(jt_peers_parse(texts, KEY, &peers, NULL), JT_ERR_CONFIG);
}

static void unix_sockets_are_named_by_a_word(void **state)
{
    const struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct jt_peers peers;
    (void)state;
    assert_int_equal(parse("unix", &peers, NULL), JT_OK);
    assert_true(jt_peers_contains(&peers, (const struct sockaddr *)&path));
    assert_int_equal(parse("127.0.0.1", &peers, NULL), JT_OK);
    assert_false(jt_peers_contains(&peers, (const struct sockaddr *)&path));
    const struct sockaddr other = {.sa_family = AF_UNSPEC};
    assert_int_equal(parse("unix", &peers, NULL), JT_OK);
    assert_false(jt_peers_contains(&peers, &other));
    assert_false(jt_peers_contains(NULL, (const struct sockaddr *)&path));
}

static void addresses_are_written_as_they_are_read(void **state)
{
    static const char *const rows[] = {"0.0.0.0", "1.20.255.100", "255.255.255.255",
                                       "::",      "2001:db8::1",  "fe80:1:2:3:4:5:6:7"};
    char text[JT_PEERS_TEXT];
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_peers_address peer = address(rows[i]);
        assert_true(jt_span_is(jt_peers_write(&peer, text), rows[i]));
    }
    for (unsigned value = 0; value < 256; value++) {
        char wanted[JT_PEERS_TEXT];
        struct jt_peers_address peer = {.n = 4, .ip = {(uint8_t)value, 0, 0, (uint8_t)value}};
        assert_non_null(inet_ntop(AF_INET, peer.ip, wanted, sizeof wanted));
        assert_true(jt_span_is(jt_peers_write(&peer, text), wanted));
    }
    const struct jt_peers_address none = {.n = 0};
    assert_true(jt_span_is(jt_peers_write(&none, text), "unix"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_contain_what_they_name_and_nothing_else),
        cmocka_unit_test(what_names_nobody_or_everybody_is_refused),
        cmocka_unit_test(text_that_is_no_address_not_read),
        cmocka_unit_test(more_than_fit_are_refused),
        cmocka_unit_test(unix_sockets_are_named_by_a_word),
        cmocka_unit_test(addresses_are_written_as_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
