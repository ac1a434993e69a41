/* SPDX-License-Identifier: Apache-2.0 */
/* What a proxy tells of the original request: each refusal beside what it is when mended. */
#include "verifier/guard/forward.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static struct jt_forward request;
static struct jt_forward_fault fault;

/* As nginx tells; a part that is NULL is not told. */
static enum jt_err read_original(const char *method, const char *host, const char *target)
{
    struct jt_forward_told told = {.source = JT_FORWARD_ORIGINAL};
    const char *const lines[][2] = {{"X-Original-Method", method},
                                    {"x-original-host", host},
                                    {"X-ORIGINAL-URI", target},
                                    {"X-Forwarded-Uri", "/other"},
                                    {"Host", "guard"}};
    for (size_t i = 0; i < JT_COUNT(lines); i++) {
        if (lines[i][1] != NULL) {
            jt_forward_line(&told, jt_span_str(lines[i][0]), jt_span_str(lines[i][1]));
        }
    }
    return jt_forward_read(&told, &request, &fault);
}

static const struct {
    const char *bad, *good, *decoded; /* of good; NULL: the same */
} paths[] = {
    {"payments", "/payments", NULL},
    {"*", "/", NULL},
    {"http://a/payments", "/payments", NULL},
    {"//", "/", NULL},
    {"//payments", "/payments", NULL},
    {"/a//b", "/a/b", NULL},
    {"/a/b//", "/a/b/", NULL},
    {"/.", "/.a", NULL},
    {"/./a", "/a", NULL},
    {"/a/.", "/a/.b", NULL},
    {"/..", "/..a", NULL},
    {"/a/../b", "/a/..b", NULL},
    {"/a/..", "/a", NULL},
    {"/a/...", "/a/...b", NULL},
    {"/a./b", "/a.b", NULL},
    {"/a/b.", "/a/b.c", NULL},
    {"/a%2e%2e", "/a%2e%2eb", "/a..b"},
    {"/%2e%2e/a", "/%2e%2eb/a", "/..b/a"},
    {"/a%20", "/a%20b", "/a b"},
    {"/a%20/b", "/a%20b/b", "/a b/b"},
    {"/a%2fb", "/a%2bb", "/a+b"},
    {"/a%2Fb", "/a%2Db", "/a-b"},
    {"/a%5cb", "/a%5bb", "/a[b"},
    {"/a\\b", "/a%7Eb", "/a~b"},
    {"/a;b", "/a,b", NULL},
    {"/a%3bb", "/a%3Ab", "/a:b"},
    {"/a%3fb", "/a?b", "/a"},
    {"/a%23b", "/a%24b", "/a$b"},
    {"/a#b", "/a?%23b", "/a"},
    {"/a%25b", "/a%26b", "/a&b"},
    {"/a%2561", "/a%61", "/aa"},
    {"/a%00", "/a%30", "/a0"},
    {"/a%1f", "/a%21", "/a!"},
    {"/a%7f", "/a%7e", "/a~"},
    {"/a%", "/a%41", "/aA"},
    {"/a%4", "/a%41", "/aA"},
    {"/a%4g", "/a%4a", "/aJ"},
    {"/a%5g", "/a%5a", "/aZ"},
    {"/a%u0041", "/a%41", "/aA"},
    {"/a%c0%af", "/a%c3%a9", "/a\xC3\xA9"},
    {"/a%e9", "/a%c3%a9", "/a\xC3\xA9"},
    {"/a\xC3\xA9", "/a%C3%A9", "/a\xC3\xA9"},
    {"/a b", "/a+b", NULL},
    {"/a\tb", "/a%20b", "/a b"},
    {"/a|b", "/a%7Cb", "/a|b"},
    {"/a\"b", "/a'b", NULL},
    {"/a<b", "/a=b", NULL},
    {"/a^b", "/a@b", NULL},
    {"/a`b", "/a(b)*", NULL},
    {"/a{b}", "/a%7Bb%7D", "/a{b}"},
    {"/a?b c", "/a?b+c", "/a"},
    {"/a?b#c", "/a?b%23c", "/a"},
    {"/a?\x7f", "/a?~", "/a"},
    {"/a?\x80", "/a?%80", "/a"},
    {"/a?x\ny", "/a?x=//../;%00%2f", "/a"},
};

static void path_two_readers_may_take_differently_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(paths); i++) {
        if (read_original("GET", "a", paths[i].bad) != JT_ERR_REQUEST) {
            fail_msg("accepted: %s", paths[i].bad);
        }
        assert_non_null(fault.why);
        assert_null(fault.fix); /* not the proxy's fault */
        if (read_original("GET", "a", paths[i].good) != JT_OK) {
            fail_msg("refused: %s: %s", paths[i].good, fault.why);
        }
        const char *want = paths[i].decoded != NULL ? paths[i].decoded : paths[i].good;
        assert_span(jt_span_of(request.path, request.path_n), want);
    }
}

static void path_over_4096_bytes_refused(void **state)
{
    (void)state;
    char path[JT_FORWARD_PATH_MAX + 2];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = 0;
    assert_err(read_original("GET", "a", path), JT_ERR_REQUEST);
    path[sizeof path - 2] = 0;
    assert_ok(read_original("GET", "a", path));
    assert_int_equal(request.path_n, JT_FORWARD_PATH_MAX);
}

static const struct {
    const char *bad, *good, *read;
} hosts[] = {
    {"a b", "a.b", "a.b"},
    {"a,b", "a-b", "a-b"},
    {"a.example.com, b", "A.Example.COM", "a.example.com"},
    {"a.", "a", "a"},
    {".a", "a_", "a_"},
    {"a..b", "a.b", "a.b"},
    {"a:", "a:1", "a"},
    {"a:x", "a:65535", "a"},
    {"a:1:2", "a:12", "a"},
    {"a:123456", "a:12345", "a"},
    {":80", "a:80", "a"},
    {"user@a", "user.a", "user.a"},
    {"a/b", "a", "a"},
    {"a%2e", "a.e", "a.e"},
    {"a\\b", "a", "a"},
    {"\xC3\xA9", "xn--9ca", "xn--9ca"},
    {"[::1", "[::1]", "[::1]"},
    {"[::1]x", "[::1]:80", "[::1]"},
    {"[]", "[::A]", "[::a]"},
    {"[::g]", "[::f]", "[::f]"},
    {"::1", "127.0.0.1:1", "127.0.0.1"},
};

static void host_that_is_no_plain_name_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(hosts); i++) {
        if (read_original("GET", hosts[i].bad, "/") != JT_ERR_REQUEST) {
            fail_msg("accepted: %s", hosts[i].bad);
        }
        if (read_original("GET", hosts[i].good, "/") != JT_OK) {
            fail_msg("refused: %s: %s", hosts[i].good, fault.why);
        }
        assert_span(jt_span_of(request.host, request.host_n), hosts[i].read);
    }
    char host[JT_FORWARD_HOST_MAX + 2] = {0};
    memset(host, 'a', JT_FORWARD_HOST_MAX + 1);
    assert_err(read_original("GET", host, "/"), JT_ERR_REQUEST);
    host[JT_FORWARD_HOST_MAX] = 0;
    assert_ok(read_original("GET", host, "/"));
}

static void method_of_small_letters_refused(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"get", "GET"},
        {"Get", "DELETE"},
        {"-GET", "M-SEARCH"},
        {"GET POST", "POST"},
        {"GET,POST", "POST"},
        {"PÖST", "POST"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}};
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        assert_err(read_original(pairs[i][0], "a", "/"), JT_ERR_REQUEST);
        assert_ok(read_original(pairs[i][1], "a", "/"));
        assert_span(request.method, pairs[i][1]);
    }
}

static void part_that_is_not_told_names_the_setting(void **state)
{
    (void)state;
    assert_err(read_original(NULL, "a", "/"), JT_ERR_REQUEST);
    assert_non_null(strstr(fault.why, "X-Original-Method"));
    assert_non_null(strstr(fault.fix, "proxy_set_header X-Original-Method"));
    assert_err(read_original("GET", NULL, "/"), JT_ERR_REQUEST);
    assert_non_null(strstr(fault.fix, "X-Original-Host"));
    assert_err(read_original("GET", "a", NULL), JT_ERR_REQUEST);
    assert_non_null(strstr(fault.fix, "X-Original-URI"));
    /* told and empty is the client's doing: its Host, or OPTIONS of '*' */
    assert_err(read_original("OPTIONS", "a", ""), JT_ERR_REQUEST);
    assert_null(fault.fix);
    assert_err(read_original("GET", "", "/"), JT_ERR_REQUEST);
    assert_null(fault.fix);
    assert_err(read_original("", "a", "/"), JT_ERR_REQUEST);
    assert_null(fault.fix);
    assert_ok(read_original("GET", "a", "/"));
}

static void part_that_is_told_twice_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"X-Forwarded-Method", "X-Forwarded-Host",
                                        "X-Forwarded-Uri"};
    static const char *const values[] = {"GET", "a", "/b"};
    for (size_t twice = 0; twice <= JT_COUNT(names); twice++) {
        struct jt_forward_told told = {.source = JT_FORWARD_FORWARDED};
        for (size_t i = 0; i < JT_COUNT(names); i++) {
            jt_forward_line(&told, jt_span_str(names[i]), jt_span_str(values[i]));
            if (i == twice) {
                jt_forward_line(&told, jt_span_str(names[i]), jt_span_str(values[i]));
            }
        }
        bool none = twice == JT_COUNT(names);
        assert_err(jt_forward_read(&told, &request, &fault), none ? JT_OK : JT_ERR_REQUEST);
        assert_true(none || strstr(fault.why, names[twice]) != NULL);
    }
    assert_span(jt_span_of(request.path, request.path_n), "/b");
}

/* The endpoint decides where the request stands: what a client adds for another counts nothing. */
static void headers_of_another_endpoint_ignored(void **state)
{
    (void)state;
    struct jt_forward_told told = {.source = JT_FORWARD_REQUEST};
    told.part[JT_FORWARD_METHOD] = JT_SPAN("PUT");
    told.part[JT_FORWARD_TARGET] = JT_SPAN("/real");
    told.times[JT_FORWARD_METHOD] = told.times[JT_FORWARD_TARGET] = 1;
    static const char *const names[] = {"X-Original-URI",     "X-Original-Method",
                                        "X-Original-Host",    "X-Forwarded-Uri",
                                        "X-Forwarded-Method", "X-Forwarded-Host"};
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        jt_forward_line(&told, jt_span_str(names[i]), JT_SPAN("/forged"));
    }
    assert_err(jt_forward_read(&told, &request, &fault), JT_ERR_REQUEST);
    assert_string_equal(fault.why, "Host is missing");
    jt_forward_line(&told, JT_SPAN("Host"), JT_SPAN("a"));
    assert_ok(jt_forward_read(&told, &request, &fault));
    assert_span(request.method, "PUT");
    assert_span(jt_span_of(request.path, request.path_n), "/real");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_two_readers_may_take_differently_refused),
        cmocka_unit_test(path_over_4096_bytes_refused),
        cmocka_unit_test(host_that_is_no_plain_name_refused),
        cmocka_unit_test(method_of_small_letters_refused),
        cmocka_unit_test(part_that_is_not_told_names_the_setting),
        cmocka_unit_test(part_that_is_told_twice_refused),
        cmocka_unit_test(headers_of_another_endpoint_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
