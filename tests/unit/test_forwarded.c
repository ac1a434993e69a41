/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/forwarded.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define PROXY "10.0.0.1"

/* The client by these header lines, where the peer is `peer` and 10.0.0.0/8 is trusted. */
static void expect(enum jt_forwarded how, const char *const lines[], const char *peer,
                   const char *client)
{
    char range[] = "10.0.0.0/8", *texts[] = {range, NULL}, text[JT_PEERS_TEXT];
    struct jt_peers trusted;
    struct jt_peers_address from;
    struct jt_forwarded_list list = {.n = 0};
    assert_int_equal(jt_peers_parse(texts, "", &trusted, NULL), JT_OK);
    assert_true(jt_peers_read(jt_span_str(peer), &from));
    for (; *lines != NULL; lines++) {
        jt_forwarded_add(&list, how, jt_span_str(*lines));
    }
    struct jt_peers_address found = jt_forwarded_client(&list, &trusted, &from);
    struct jt_span said = jt_peers_write(&found, text);
    if (!jt_span_is(said, client)) {
        fail_msg("%.*s, not %s", (int)said.n, (const char *)said.p, client);
    }
}

static void x_forwarded_for_is_read_from_its_end(void **state)
{
    static const struct {
        const char *lines[3], *client;
    } rows[] = {
        {{NULL}, PROXY},
        {{"192.0.2.1"}, "192.0.2.1"},
        {{"198.51.100.9, 192.0.2.1"}, "192.0.2.1"}, /* the client's own word is in front */
        {{"198.51.100.9", "192.0.2.1"}, "192.0.2.1"},
        {{"192.0.2.1, 10.1.1.1"}, "192.0.2.1"}, /* one proxy behind another */
        {{"198.51.100.9,192.0.2.1 ,\t10.1.1.1", "10.2.2.2"}, "192.0.2.1"},
        {{"10.1.1.1, 10.2.2.2"}, "10.1.1.1"},
        {{"192.0.2.1:4711"}, "192.0.2.1"},
        {{"2001:db8::1"}, "2001:db8::1"},
        {{"[2001:db8::1]"}, "2001:db8::1"},
        {{"[2001:db8::1]:4711"}, "2001:db8::1"},
        {{"::ffff:192.0.2.1"}, "192.0.2.1"},
        /* what is no address ends the search at what is known */
        {{"unknown"}, PROXY},
        {{"192.0.2.1, unknown"}, PROXY},
        {{"unknown, 192.0.2.1"}, "192.0.2.1"},
        {{"192.0.2.1, unknown, 10.1.1.1"}, "10.1.1.1"},
        {{"192.0.2.1,"}, "192.0.2.1"},
        {{"192.0.2.1,,"}, PROXY},
        {{""}, PROXY},
        {{"192.0.2.1:port"}, PROXY},
        {{"192.0.2.1:123456"}, PROXY},
        {{"[2001:db8::1"}, PROXY},
        {{"[2001:db8::1]x"}, PROXY},
        {{"[2001:db8::1]x80"}, PROXY},
        {{"[2001:db8::1]:"}, PROXY},
        {{"192.0.2.1 192.0.2.2"}, PROXY},
        {{"\"198.51.100.9, 192.0.2.1"}, "192.0.2.1"}, /* there are no quotes here */
    };
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        expect(JT_FORWARDED_X, rows[i].lines, PROXY, rows[i].client);
    }
}

static void forwarded_is_read_from_its_end(void **state)
{
    static const struct {
        const char *lines[3], *client;
    } rows[] = {
        /* RFC 7239 sec. 4 */
        {{"for=192.0.2.43, for=10.9.9.9"}, "192.0.2.43"},
        {{"For=\"[2001:db8:cafe::17]:4711\""}, "2001:db8:cafe::17"},
        {{"for=192.0.2.60;proto=http;by=203.0.113.43"}, "192.0.2.60"},
        {{"by=203.0.113.43;FOR=192.0.2.60"}, "192.0.2.60"},
        {{"for=\"192.0.2.60:80\""}, "192.0.2.60"},
        {{"for=198.51.100.9", "for=192.0.2.60"}, "192.0.2.60"},
        {{"for=_hidden"}, PROXY},
        {{"for=unknown, for=10.9.9.9"}, "10.9.9.9"},
        {{"proto=https"}, PROXY},
        {{"for="}, PROXY},
        {{"for=192.0.2.1;for=192.0.2.2"}, PROXY},
        {{"192.0.2.1"}, PROXY},
        /* a client that quotes what its proxy is about to add */
        {{"for=198.51.100.9;x=\", for=192.0.2.1"}, PROXY},
        {{"for=198.51.100.9;x=\", for=\"[2001:db8::1]\""}, PROXY},
        {{"for=198.51.100.9;x=\"\", for=192.0.2.1"}, "192.0.2.1"},
        {{"for=198.51.100.9;x=\"a, for=198.51.100.8\", for=192.0.2.1"}, "192.0.2.1"},
        {{"for=\"198.51.100.9", "for=192.0.2.1"}, "192.0.2.1"},
        {{"for=192.0.2.1;x=\"a, for=198.51.100.8;y\""}, "192.0.2.1"},
    };
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        expect(JT_FORWARDED_RFC7239, rows[i].lines, PROXY, rows[i].client);
    }
}

static void who_is_not_trusted_is_not_heard(void **state)
{
    static const char *const x[] = {"198.51.100.9", NULL}, *const rfc[] = {"for=198.51.100.9",
                                                                           NULL};
    (void)state;
    expect(JT_FORWARDED_X, x, "192.0.2.1", "192.0.2.1");
    expect(JT_FORWARDED_RFC7239, rfc, "192.0.2.1", "192.0.2.1");
    expect(JT_FORWARDED_X, x, PROXY, "198.51.100.9");
    expect(JT_FORWARDED_RFC7239, rfc, PROXY, "198.51.100.9");
}

static void a_long_list_is_read_at_its_end(void **state)
{
    static const char *const mine = "192.0.2.1, 10.1.1.1";
    const char *lines[JT_FORWARDED_HOPS * 4 + 2] = {NULL};
    size_t n = JT_FORWARDED_HOPS * 4;
    (void)state;
    for (size_t i = 0; i < n; i++) {
        lines[i] = "198.51.100.9";
    }
    lines[n] = mine;
    expect(JT_FORWARDED_X, lines, PROXY, "192.0.2.1");
    for (size_t i = 0; i < n; i++) {
        lines[i] = "10.5.5.5"; /* proxies alone: the furthest that is kept */
    }
    lines[n] = NULL;
    expect(JT_FORWARDED_X, lines, PROXY, "10.5.5.5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x_forwarded_for_is_read_from_its_end),
        cmocka_unit_test(forwarded_is_read_from_its_end),
        cmocka_unit_test(who_is_not_trusted_is_not_heard),
        cmocka_unit_test(a_long_list_is_read_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
