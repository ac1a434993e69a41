/* SPDX-License-Identifier: Apache-2.0 */
/* Headers come from the test instead of a connection (-Wl,--wrap=jt_request_header). */
#include "tests/unit/unit.h"

#include <strings.h>

#include "common/base/macros.h"
#include "issuer/oauth/token_request.h"

#define FORM "application/x-www-form-urlencoded"

static const char *headers[8][2];

struct jt_span __wrap_jt_request_header(const struct jt_request *request, const char *name);
struct jt_span __wrap_jt_request_header(const struct jt_request *request, const char *name)
{
    (void)request;
    for (size_t i = 0; i < JT_COUNT(headers); i++) {
        if (headers[i][0] != NULL && strcasecmp(headers[i][0], name) == 0) {
            return jt_span_str(headers[i][1]);
        }
    }
    return JT_SPAN_NONE;
}

struct ask {
    const char *type; /* NULL: the right one; "": none */
    const char *coding, *authorization, *query, *body;
    bool allow_query;
};

static struct jt_token_request parsed; /* large: not on the stack */

static enum jt_err parse(const struct ask *ask, struct jt_diag *diag)
{
    const char *type = ask->type == NULL ? FORM : ask->type;
    size_t n = 0;
    memset(headers, 0, sizeof headers);
    if (type[0] != 0) {
        headers[n][0] = "Content-Type";
        headers[n++][1] = type;
    }
    if (ask->coding != NULL) {
        headers[n][0] = "Content-Encoding";
        headers[n++][1] = ask->coding;
    }
    if (ask->authorization != NULL) {
        headers[n][0] = "Authorization";
        headers[n++][1] = ask->authorization;
    }
    const struct jt_request request = {
        .method = "POST", .query = jt_span_str(ask->query), .body = jt_span_str(ask->body)};
    return jt_token_request_parse(&request, ask->allow_query, &parsed, diag);
}

#define POST "client_id=c&client_secret=s"
#define G    "grant_type=client_credentials&"
/* c:s */
#define BASIC "Basic Yzpz"

struct pair {
    struct ask refused;
    enum jt_err err;
    struct ask repaired;
};

static const struct pair pairs[] = {
    /* media type */
    {{.type = "", .body = G POST}, JT_ERR_MEDIA_TYPE, {.body = G POST}},
    {{.type = "application/json", .body = G POST}, JT_ERR_MEDIA_TYPE, {.body = G POST}},
    {{.type = "multipart/form-data", .body = G POST},
     JT_ERR_MEDIA_TYPE,
     {.type = "Application/X-WWW-Form-URLEncoded", .body = G POST}},
    {{.type = FORM "x", .body = G POST}, JT_ERR_MEDIA_TYPE, {.type = FORM " ;", .body = G POST}},
    {{.type = FORM ";charset=iso-8859-1", .body = G POST},
     JT_ERR_MEDIA_TYPE,
     {.type = FORM ";charset=UTF-8", .body = G POST}},
    {{.type = FORM "; charset=utf-16", .body = G POST},
     JT_ERR_MEDIA_TYPE,
     {.type = FORM " ; charset=\"utf-8\"", .body = G POST}},
    {{.coding = "gzip", .body = G POST}, JT_ERR_MEDIA_TYPE, {.coding = "identity", .body = G POST}},
    /* the form */
    {{.body = G POST "&a=%"}, JT_ERR_FORM, {.body = G POST "&a=%25"}},
    {{.body = G POST "&a=%4"}, JT_ERR_FORM, {.body = G POST "&a=%41"}},
    {{.body = G POST "&a=%4g"}, JT_ERR_FORM, {.body = G POST "&a=%4f"}},
    {{.body = G POST "&%zz=1"}, JT_ERR_FORM, {.body = G POST "&zz=1"}},
    {{.body = G POST "&a=%00"}, JT_ERR_FORM, {.body = G POST "&a=%01"}},
    {{.body = G POST "&a=\xFF"}, JT_ERR_FORM, {.body = G POST "&a=\xC3\xA9"}},
    {{.body = G POST "&a=%C3"}, JT_ERR_FORM, {.body = G POST "&a=%C3%A9"}},
    {{.body = G POST "&a=%ED%A0%80"}, JT_ERR_FORM, {.body = G POST "&a=%ED%9F%BF"}},
    /* repeated */
    {{.body = G G POST}, JT_ERR_REPEATED, {.body = G "grant_type=&" POST}},
    {{.body = G "scope=a&scope=a&" POST}, JT_ERR_REPEATED, {.body = G "scope=a&scope=&" POST}},
    {{.body = G "audience=a&audience=a&" POST}, JT_ERR_REPEATED, {.body = G "audience=a&" POST}},
    {{.body = G POST "&client_id=c"}, JT_ERR_REPEATED, {.body = G POST "&client_id="}},
    {{.body = G POST "&client_secret=s"}, JT_ERR_REPEATED, {.body = G POST "&client_secret="}},
    {{.body = G POST "&sc%6Fpe=a&scope=b"}, JT_ERR_REPEATED, {.body = G POST "&scope=a+b"}},
    /* who it is */
    {{.body = G}, JT_ERR_CLIENT, {.authorization = BASIC, .body = G}},
    {{.body = G "client_id=c"}, JT_ERR_CLIENT, {.body = G POST}},
    {{.body = G "client_secret=s"}, JT_ERR_CLIENT, {.body = G POST}},
    {{.body = G "client_id=c&client_secret="}, JT_ERR_CLIENT, {.body = G POST}},
    {{.body = G "client_assertion=x&" POST}, JT_ERR_CLIENT, {.body = G "client_assertion=&" POST}},
    {{.authorization = BASIC, .body = G POST}, JT_ERR_REQUEST, {.authorization = BASIC, .body = G}},
    {{.authorization = BASIC, .body = G "client_id=d"},
     JT_ERR_REQUEST,
     {.authorization = BASIC, .body = G "client_id=c"}},
    /* RFC 6749 sec. 2.3.1, RFC 7617: malformed Basic */
    {{.authorization = "", .body = G}, JT_ERR_CLIENT, {.authorization = BASIC, .body = G}},
    {{.authorization = "Basic", .body = G}, JT_ERR_CLIENT, {.authorization = BASIC, .body = G}},
    {{.authorization = "Basic ", .body = G}, JT_ERR_CLIENT, {.authorization = BASIC, .body = G}},
    {{.authorization = "Bearer Yzpz", .body = G},
     JT_ERR_CLIENT,
     {.authorization = "bAsIc Yzpz", .body = G}},
    {{.authorization = "BasicYzpz", .body = G}, JT_ERR_CLIENT, {.authorization = BASIC, .body = G}},
    {{.authorization = "Basic Yzpz!", .body = G},
     JT_ERR_CLIENT,
     {.authorization = "Basic  Yzpz ", .body = G}},
    {{.authorization = "Basic Yz pz", .body = G},
     JT_ERR_CLIENT,
     {.authorization = BASIC, .body = G}},
    {{.authorization = "Basic Yw==", .body = G},
     JT_ERR_CLIENT,
     {.authorization = BASIC, .body = G}},
    {{.authorization = "Basic Yzo=", .body = G},
     JT_ERR_CLIENT,
     {.authorization = BASIC, .body = G}},
    {{.authorization = "Basic OnM=", .body = G},
     JT_ERR_CLIENT,
     {.authorization = BASIC, .body = G}},
    {{.authorization = "Basic Og==", .body = G},
     JT_ERR_CLIENT,
     {.authorization = BASIC, .body = G}},
    /* c:%zz, c:%7a */
    {{.authorization = "Basic YzolenI=", .body = G},
     JT_ERR_CLIENT,
     {.authorization = "Basic YzolN2E=", .body = G}},
    /* c:\xFF, c:\xC3\xA9 */
    {{.authorization = "Basic Yzr/", .body = G},
     JT_ERR_CLIENT,
     {.authorization = "Basic YzrDqQ==", .body = G}},
    /* c:%00 */
    {{.authorization = "Basic YzolMDA=", .body = G},
     JT_ERR_CLIENT,
     {.authorization = "Basic YzolMDE=", .body = G}},
    /* the query string */
    {{.query = "grant_type=client_credentials", .body = POST}, JT_ERR_REQUEST, {.body = G POST}},
    {{.query = "x", .body = G POST},
     JT_ERR_REQUEST,
     {.query = "x", .body = G POST, .allow_query = true}},
    {{.query = "client_secret=s", .body = G "client_id=c", .allow_query = true},
     JT_ERR_REQUEST,
     {.query = "client_secret=", .body = G POST, .allow_query = true}},
    {{.query = "client_id=c", .body = G "client_secret=s", .allow_query = true},
     JT_ERR_REQUEST,
     {.query = "grant_type=client_credentials", .body = POST, .allow_query = true}},
    {{.query = "client_assertion=s", .body = G POST, .allow_query = true},
     JT_ERR_REQUEST,
     {.query = "scope=s", .body = G POST, .allow_query = true}},
    {{.query = "scope=a", .body = G "scope=a&" POST, .allow_query = true},
     JT_ERR_REPEATED,
     {.query = "scope=a&resource=b", .body = G POST, .allow_query = true}},
    {{.query = "scope=%", .body = G POST, .allow_query = true},
     JT_ERR_FORM,
     {.query = "audience=a", .body = G POST, .allow_query = true}},
    /* resource and its alias */
    {{.body = G "resource=a&audience=b&" POST},
     JT_ERR_TARGET,
     {.body = G "resource=a&audience=a&" POST}},
    {{.body = G "resource=a&resource=b&audience=a&" POST},
     JT_ERR_TARGET,
     {.body = G "resource=a&resource=b&" POST}},
};

static void parse_each_refusal_beside_its_repaired_pair(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        enum jt_err err = parse(&pairs[i].refused, &diag);
        if (err != pairs[i].err || diag.text[0] == 0) {
            fail_msg("row %zu: %s '%s'", i, jt_err_name(err), diag.text);
        }
        assert_true(parsed.by_header == (pairs[i].refused.authorization != NULL));
        jt_token_request_release(&parsed);
        diag.text[0] = 0;
        err = parse(&pairs[i].repaired, &diag);
        if (err != JT_OK) {
            fail_msg("row %zu repaired: %s '%s'", i, jt_err_name(err), diag.text);
        }
        assert_span(parsed.client_id, "c");
        assert_true(parsed.client_secret.n > 0);
        assert_true(parsed.by_header == (pairs[i].repaired.authorization != NULL));
        jt_token_request_release(&parsed);
    }
}

static void parse_values_are_decoded_once(void **state)
{
    (void)state;
    const struct ask ask = {
        .body = G "scope=a+b%2Bc%2525&resource=https%3A%2F%2Fa&unknown=x&unknown=y&" POST};
    assert_ok(parse(&ask, NULL));
    assert_span(parsed.grant_type, "client_credentials");
    assert_span(parsed.scope, "a b+c%25");
    assert_int_equal(parsed.n_resources, 1);
    assert_span(parsed.resources[0], "https://a");
    assert_span(parsed.client_secret, "s");
    jt_token_request_release(&parsed);
    /* Basic: a%2Bb:c%3Ad is a+b and c:d; a second colon belongs to the secret */
    const struct ask basic = {.authorization = "Basic YSUyQmI6YyUzQWQ=", .body = G};
    assert_ok(parse(&basic, NULL));
    assert_span(parsed.client_id, "a+b");
    assert_span(parsed.client_secret, "c:d");
    jt_token_request_release(&parsed);
    const struct ask colons = {.authorization = "Basic YTpiOmM=", .body = G};
    assert_ok(parse(&colons, NULL));
    assert_span(parsed.client_id, "a");
    assert_span(parsed.client_secret, "b:c");
    jt_token_request_release(&parsed);
}

static void parse_empty_counts_as_omitted(void **state)
{
    (void)state;
    const struct ask ask = {.body = "grant_type=&scope=&resource=&audience=&a&=&&=b&" POST};
    assert_ok(parse(&ask, NULL));
    assert_int_equal(parsed.grant_type.n, 0);
    assert_int_equal(parsed.scope.n, 0);
    assert_int_equal(parsed.n_resources, 0);
    jt_token_request_release(&parsed);
    const struct ask alias = {.body = G "resource=&audience=x&" POST};
    assert_ok(parse(&alias, NULL));
    assert_int_equal(parsed.n_resources, 1);
    assert_span(parsed.resources[0], "x");
    jt_token_request_release(&parsed);
}

static void parse_one_resource_too_many_is_seen(void **state)
{
    (void)state;
    JT_AUTO(buf) body = JT_BUF_INIT(4096);
    assert_ok(jt_buf_puts(&body, G POST));
    for (int i = 0; i < JT_DECIDE_MAX_RESOURCES + 5; i++) {
        assert_ok(jt_buf_printf(&body, "&resource=r%d", i));
    }
    const struct ask ask = {.body = jt_buf_str(&body)};
    assert_ok(parse(&ask, NULL));
    assert_int_equal(parsed.n_resources, JT_DECIDE_MAX_RESOURCES + 1);
    jt_token_request_release(&parsed);
}

static void parse_too_many_fields_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) body = JT_BUF_INIT(4096);
    assert_ok(jt_buf_puts(&body, G POST));
    for (int i = 3; i < JT_FORM_MAX_FIELDS; i++) {
        assert_ok(jt_buf_printf(&body, "&x%d=1", i));
    }
    struct ask ask = {.body = jt_buf_str(&body)};
    assert_ok(parse(&ask, NULL));
    jt_token_request_release(&parsed);
    assert_ok(jt_buf_puts(&body, "&y=1"));
    ask.body = jt_buf_str(&body);
    assert_err(parse(&ask, NULL), JT_ERR_LIMIT);
    jt_token_request_release(&parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_each_refusal_beside_its_repaired_pair),
        cmocka_unit_test(parse_values_are_decoded_once),
        cmocka_unit_test(parse_empty_counts_as_omitted),
        cmocka_unit_test(parse_one_resource_too_many_is_seen),
        cmocka_unit_test(parse_too_many_fields_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
