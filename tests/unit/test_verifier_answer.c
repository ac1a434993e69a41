/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses and their texts, the WWW-Authenticate helper, Cache-Control, URLs, size-versioned
 * structs. */
#include "tests/unit/unit.h"

#include <jeton/verifier.h>
#include <string.h>

#include "verifier/sized.h"
#include "verifier/source/fetchurl.h"
#include "verifier/source/max_age.h"
#include "verifier/status.h"

static void status_numbers_names_and_classes_are_what_they_are(void **state)
{
    (void)state;
    static const struct {
        int number;
        const char *name;
        int class;
    } rows[] = {
        {0, "ok", 200},
        {1, "malformed", 401},
        {2, "too_long", 401},
        {3, "crit_refused", 401},
        {4, "alg_refused", 401},
        {5, "typ_refused", 401},
        {6, "unknown_key", 401},
        {7, "bad_signature", 401},
        {8, "bad_claims", 401},
        {9, "wrong_issuer", 401},
        {10, "wrong_audience", 401},
        {11, "expired", 401},
        {12, "not_yet_valid", 401},
        {13, "too_old", 401},
        {14, "missing_claim", 401},
        {15, "missing_token", 401},
        {32, "insufficient_scope", 403},
        {48, "no_keys", 503},
        {49, "no_memory", 503},
        {64, "usage", 500},
        {65, "fetch_failed", 500},
        {66, "discovery_refused", 500},
        {67, "file_failed", 500},
        {68, "keys_refused", 500},
        {69, "internal", 500},
        {1234, "internal", 500},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        jeton_status status = (jeton_status)rows[i].number;
        assert_string_equal(jeton_status_name(status), rows[i].name);
        assert_int_equal(jeton_status_class(status), rows[i].class);
        const char *text = jeton_status_text(status);
        assert_null(strpbrk(text, "\"\\\r\n"));
        assert_int_equal(text[strlen(text) - 1], '.');
    }
}

static void status_of_an_error_without_row_is_internal(void **state)
{
    (void)state;
    assert_int_equal(jt_status_of(JT_ERR_CRYPTO), JETON_INTERNAL);
    assert_int_equal(jt_status_of(JT_ERR_STORE), JETON_INTERNAL);
    assert_int_equal(jt_status_of(JT_OK), JETON_OK);
}

static const char *challenge(jeton_status status, const struct jeton_require *require)
{
    static char out[1024];
    memset(out, '#', sizeof out);
    size_t n = jeton_www_authenticate(status, require, out, sizeof out);
    assert_true(n < sizeof out);
    assert_int_equal(out[n], 0);
    assert_int_equal(strlen(out), n);
    return n == 0 ? NULL : out;
}

static void www_authenticate_by_class(void **state)
{
    (void)state;
    static const char *const all_of[] = {"payments:read", "payments:write", NULL};
    static const char *const any_of[] = {"admin", NULL};
    struct jeton_require require = JETON_INIT(jeton_require);
    require.all_of = all_of;
    require.any_of = any_of;
    assert_string_equal(challenge(JETON_MISSING_TOKEN, NULL), "Bearer realm=\"api\"");
    assert_string_equal(challenge(JETON_MISSING_TOKEN, &require),
                        "Bearer realm=\"api\", scope=\"payments:read payments:write admin\"");
    assert_string_equal(challenge(JETON_EXPIRED, NULL),
                        "Bearer realm=\"api\", error=\"invalid_token\", "
                        "error_description=\"The token has expired: get a new one.\"");
    const char *scope = challenge(JETON_INSUFFICIENT_SCOPE, &require);
    assert_non_null(strstr(scope, "error=\"insufficient_scope\""));
    assert_non_null(strstr(scope, ", scope=\"payments:read payments:write admin\""));
    assert_null(challenge(JETON_OK, &require));
    assert_null(challenge(JETON_NO_KEYS, &require));
    assert_null(challenge(JETON_USAGE, &require));
}

static void www_authenticate_leaves_out_what_cannot_be_quoted(void **state)
{
    (void)state;
    static const char *const hostile[] = {"a\"b", "a\\b",     "a b",  "a\r\nSet-Cookie: x",
                                          "",     "\xC3\xA9", "fine", NULL};
    struct jeton_require require = JETON_INIT(jeton_require);
    require.any_of = hostile;
    assert_string_equal(challenge(JETON_MISSING_TOKEN, &require),
                        "Bearer realm=\"api\", scope=\"fine\"");
    static const char *const only_bad[] = {"a\"b", NULL};
    require.any_of = only_bad;
    assert_string_equal(challenge(JETON_MISSING_TOKEN, &require), "Bearer realm=\"api\"");
    require.size = 1;
    assert_string_equal(challenge(JETON_MISSING_TOKEN, &require), "Bearer realm=\"api\"");
}

static void www_authenticate_too_small_tells_the_length_and_writes_an_empty_string(void **state)
{
    (void)state;
    char out[64] = "untouched";
    size_t n = strlen("Bearer realm=\"api\"");
    assert_int_equal(jeton_www_authenticate(JETON_MISSING_TOKEN, NULL, out, n), n);
    assert_string_equal(out, "");
    assert_string_equal(out + 1, "ntouched");
    assert_int_equal(jeton_www_authenticate(JETON_MISSING_TOKEN, NULL, out + 1, 0), n);
    assert_string_equal(out + 1, "ntouched");
    assert_int_equal(jeton_www_authenticate(JETON_MISSING_TOKEN, NULL, NULL, 0), n);
    assert_int_equal(jeton_www_authenticate(JETON_MISSING_TOKEN, NULL, NULL, 64), n);
    assert_int_equal(jeton_www_authenticate(JETON_NO_KEYS, NULL, NULL, 64), 0);
    assert_int_equal(jeton_www_authenticate(JETON_MISSING_TOKEN, NULL, out, n + 1), n);
    assert_string_equal(out, "Bearer realm=\"api\"");
}

static void max_age_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t want;
    } rows[] = {
        {"", -1},
        {"public", -1},
        {"max-age=300", 300},
        {"public, max-age=15, stale-if-error=15", 15},
        {"MAX-AGE=\"20\"", 20},
        {"max-age=60,max-age=10", 60},
        {"s-maxage=7", -1},
        {"xmax-age=7", -1},
        {"max-age", -1},
        {"max-age=", 0},
        {"max-age=-5", 0},
        {"max-age=5x", 0},
        {"max-age=99999999999999999999999", INT64_C(1) << 31},
        {"no-cache", 0},
        {"max-age=300, no-store", 0},
        {"No-Store,max-age=300", 0},
        {" \t max-age=9\t , ,", 9},
        {",,,", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("    %s\n", rows[i].value);
        assert_int_equal(jt_max_age_parse(jt_span_str(rows[i].value)), rows[i].want);
    }
}

static void url_accepted_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool ok;
    } rows[] = {
        {"https://id.example.com", true},
        {"https://id.example.com/", true},
        {"https://id.example.com:8443/a?b=c", true},
        {"https://[2001:db8::1]:443/", true},
        {"http://localhost:9000/x", true},
        {"http://LOCALHOST", true},
        {"http://127.0.0.1", true},
        {"http://127.1.2.3:80/", true},
        {"http://[::1]:9/", true},
        {"http://id.example.com", false},
        {"http://localhost.evil.example/", false},
        {"http://127.0.0.1.evil.example/", false},
        {"http://127.0.0/", false},
        {"http://127.0.0.1a/", false},
        {"http://127.0.0.0001/", false},
        {"http://127..0.1", false},
        {"http://10.0.0.1/", false},
        {"http://169.254.169.254/", false},
        {"http://126.255.255.255/", false},
        {"http://128.0.0.1/", false},
        {"http://[::2]/", false},
        {"http://[::1/", false},
        {"http://[::1]x/", false},
        {"http://localhost@evil.example/", false},
        {"http://evil.example#localhost", false},
        {"https://user@id.example.com/", false},
        {"https://id.example.com#x", false},
        {"https://id.example.com/a b", false},
        {"https://id.example.com/\n", false},
        {"https://id.example.com:80x/", false},
        {"https://id.example.com:/", false},
        {"https://?x", false},
        {"https:///x", false},
        {"https://", false},
        {"HTTPS://id.example.com", false},
        {"ftp://localhost/", false},
        {"httpx//localhost/", false},
        {"//localhost/", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("    %s\n", rows[i].url);
        struct jt_fetchurl url;
        assert_err(jt_fetchurl_parse(jt_span_str(rows[i].url), &url),
                   rows[i].ok ? JT_OK : JT_ERR_URL);
    }
    struct jt_fetchurl url;
    assert_ok(jt_fetchurl_parse(JT_SPAN("https://a.example:1/b?c"), &url));
    assert_span(url.origin, "https://a.example:1");
    assert_span(url.path, "/b?c");
    assert_true(url.tls);
}

struct sized_old {
    size_t size;
    int a;
    int b;
};
struct sized_new {
    size_t size;
    int a;
    int b;
    int64_t c;
};

static void sized_struct_of_an_older_header_read_and_written(void **state)
{
    (void)state;
    struct sized_old old = {sizeof old, 1, 2};
    struct sized_new known = {.c = 9};
    const size_t oldest = JT_SIZED_UP_TO(struct sized_new, b);
    assert_ok(jt_sized_read(&old, oldest, &known, sizeof known));
    assert_int_equal(known.a, 1);
    assert_int_equal(known.b, 2);
    assert_int_equal(known.c, 0);
    old.size = oldest - 1;
    assert_err(jt_sized_read(&old, oldest, &known, sizeof known), JT_ERR_ARGUMENT);
    known = (struct sized_new){sizeof known, 5, 6, 7};
    assert_err(jt_sized_write(&old, oldest, &known, sizeof known), JT_ERR_ARGUMENT);
    old.size = sizeof old;
    assert_ok(jt_sized_write(&old, oldest, &known, sizeof known));
    assert_int_equal(old.size, sizeof old);
    assert_int_equal(old.b, 6);
    size_t silly = SIZE_MAX;
    assert_err(jt_sized_read(&silly, oldest, &known, sizeof known), JT_ERR_ARGUMENT);
    assert_err(jt_sized_write(&silly, oldest, &known, sizeof known), JT_ERR_ARGUMENT);
}

static void sized_struct_of_no_header_there_could_be_refused_though_all_zero(void **state)
{
    (void)state;
    static union {
        struct sized_new known;
        uint8_t bytes[4097];
    } wide;
    const size_t oldest = JT_SIZED_UP_TO(struct sized_new, b);
    struct sized_new known = {0};
    wide.known.size = sizeof wide.bytes;
    assert_err(jt_sized_read(&wide, oldest, &known, sizeof known), JT_ERR_ARGUMENT);
    assert_err(jt_sized_write(&wide, oldest, &known, sizeof known), JT_ERR_ARGUMENT);
    wide.known.size = 4096;
    assert_ok(jt_sized_read(&wide, oldest, &known, sizeof known));
    assert_ok(jt_sized_write(&wide, oldest, &known, sizeof known));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_numbers_names_and_classes_are_what_they_are),
        cmocka_unit_test(status_of_an_error_without_row_is_internal),
        cmocka_unit_test(www_authenticate_by_class),
        cmocka_unit_test(www_authenticate_leaves_out_what_cannot_be_quoted),
        cmocka_unit_test(www_authenticate_too_small_tells_the_length_and_writes_an_empty_string),
        cmocka_unit_test(max_age_parsed),
        cmocka_unit_test(url_accepted_or_refused),
        cmocka_unit_test(sized_struct_of_an_older_header_read_and_written),
        cmocka_unit_test(sized_struct_of_no_header_there_could_be_refused_though_all_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
