/* SPDX-License-Identifier: Apache-2.0 */
/* What of a token becomes a header line, and what makes it be denied. */
#include "verifier/guard/identity.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static struct jt_identity identity;

static struct jeton_slice slice(const char *text)
{
    return (struct jeton_slice){text, strlen(text)};
}

static struct jeton_result make(void)
{
    struct jeton_result result = JETON_INIT(jeton_result);
    result.issuer = slice("https://a");
    result.subject = slice("s");
    result.client_id = slice("c");
    result.scope = slice("r w");
    result.audience = slice("x");
    result.expires_s = 1795368784;
    return result;
}

static const char *value(const char *name)
{
    for (size_t i = 0; i < JT_IDENTITY_LINES; i++) {
        if (strcmp(identity.lines[i].name, name) == 0) {
            return identity.lines[i].value;
        }
    }
    return NULL;
}

static void every_line_there_and_empty_when_nothing_is_said(void **state)
{
    (void)state;
    const char *header = NULL;
    struct jeton_result result = make();
    assert_ok(jt_identity_fill(&identity, &result, &header));
    assert_string_equal(value("X-Auth-Subject"), "s");
    assert_string_equal(value("X-Auth-Client-Id"), "c");
    assert_string_equal(value("X-Auth-Scope"), "r w");
    assert_string_equal(value("X-Auth-Audience"), "x");
    assert_string_equal(value("X-Auth-Issuer"), "https://a");
    assert_string_equal(value("X-Auth-Token-Id"), "");
    assert_string_equal(value("X-Auth-Expires"), "1795368784");
    jt_identity_clear(&identity);
    for (size_t i = 0; i < JT_IDENTITY_LINES; i++) {
        assert_string_equal(identity.lines[i].value, "");
    }
}

static void claim_that_is_no_header_value_refused(void **state)
{
    (void)state;
    const struct {
        struct jt_span bad;
        const char *good;
    } pairs[] = {
        {JT_SPAN("a\r\nX-Auth-Scope: admin"), "a X-Auth-Scope: admin"},
        {JT_SPAN("a\nb"), "a b"},
        {JT_SPAN("a\tb"), "ab"},
        {JT_SPAN("a\0b"), "a0b"},
        {JT_SPAN("\x7f"), "~"},
        {JT_SPAN("Ren\xC3\xA9"), "Rene"},
        {JT_SPAN(" admin"), "admin"},
        {JT_SPAN("admin "), "admin"},
        {JT_SPAN(" "), ""},
    };
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        const char *header = NULL;
        struct jeton_result result = make();
        result.subject = (struct jeton_slice){(const char *)pairs[i].bad.p, pairs[i].bad.n};
        assert_err(jt_identity_fill(&identity, &result, &header), JT_ERR_CLAIMS);
        assert_string_equal(header, "X-Auth-Subject");
        assert_string_equal(value("X-Auth-Issuer"), ""); /* no half of an identity */
        result.subject = slice(pairs[i].good);
        assert_ok(jt_identity_fill(&identity, &result, &header));
        assert_string_equal(value("X-Auth-Subject"), pairs[i].good);
    }
}

static void claim_over_1024_bytes_refused(void **state)
{
    (void)state;
    char text[JT_IDENTITY_VALUE_MAX + 2] = {0};
    memset(text, 'a', JT_IDENTITY_VALUE_MAX + 1);
    const char *header = NULL;
    struct jeton_result result = make();
    result.scope = slice(text);
    assert_err(jt_identity_fill(&identity, &result, &header), JT_ERR_CLAIMS);
    assert_string_equal(header, "X-Auth-Scope");
    text[JT_IDENTITY_VALUE_MAX] = 0;
    result.scope = slice(text);
    assert_ok(jt_identity_fill(&identity, &result, &header));
    assert_string_equal(value("X-Auth-Scope"), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_there_and_empty_when_nothing_is_said),
        cmocka_unit_test(claim_that_is_no_header_value_refused),
        cmocka_unit_test(claim_over_1024_bytes_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
