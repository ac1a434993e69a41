/* SPDX-License-Identifier: Apache-2.0 */
/* Which rule decides, and which configurations are refused: each beside what it is when mended. */
#include "verifier/guard/rules.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define HEAD  "issuers: [{issuer: 'https://a'}, {issuer: 'https://b'}]\nrules:\n"
#define FIRST "  - {audience: x}\n" /* so that each issuer has a use */

static enum jt_err load(const char *text, struct jt_guardconf *conf, struct jt_rules *rules,
                        struct jt_diag *diag)
{
    *diag = (struct jt_diag)JT_DIAG_INIT;
    JT_TRY(jt_guardconf_load(jt_span_str(text), "g.yaml", conf, diag));
    enum jt_err err = jt_rules_make(conf, "g.yaml", rules, diag);
    if (err != JT_OK) {
        jt_guardconf_release(conf);
    }
    return err;
}

/* Audiences name the rules. */
static const char table[] = HEAD "  - {audience: any}\n"
                                 "  - {path: /a, audience: any-a}\n"
                                 "  - {host: h.example.com, path: /a, audience: h-a}\n"
                                 "  - {host: h.example.com, path: /a/b, audience: h-ab}\n"
                                 "  - {host: h.example.com, path: /a/b, methods: [GET, PUT], "
                                 "audience: h-ab-get}\n"
                                 "  - {host: h.example.com, path: /only, methods: [POST], "
                                 "audience: h-only-post}\n"
                                 "  - {host: h.example.com, path: /caf%C3%A9, audience: h-cafe}\n"
                                 "  - {host: '*.example.com', audience: below}\n"
                                 "  - {host: '*.deep.example.com', path: /d, audience: deep}\n"
                                 "  - {host: '[::1]', path: /, methods: [HEAD], audience: v6}\n";

static const struct {
    const char *method, *host, *path, *audience;
} requests[] = {
    {"GET", "other.org", "/", "any"},
    {"GET", "other.org", "/ab", "any"},
    {"GET", "other.org", "/a", "any-a"},
    {"GET", "other.org", "/a/", "any-a"},
    {"GET", "other.org", "/a/b/c", "any-a"},
    {"GET", "other.org", "/A", "any"},
    {"POST", "h.example.com", "/a", "h-a"},
    {"POST", "h.example.com", "/a/bc", "h-a"},
    {"POST", "h.example.com", "/a/b", "h-ab"},
    {"POST", "h.example.com", "/a/b/c", "h-ab"},
    {"GET", "h.example.com", "/a/b/c", "h-ab-get"},
    {"HEAD", "h.example.com", "/a/b/c", "h-ab-get"},
    {"PUT", "h.example.com", "/a/b", "h-ab-get"},
    {"POST", "h.example.com", "/only/x", "h-only-post"},
    {"GET", "h.example.com", "/only/x", NULL}, /* a method that its path does not name */
    {"GET", "h.example.com", "/", NULL},       /* a path that its host does not name */
    {"GET", "h.example.com", "/caf\xC3\xA9/x", "h-cafe"},
    {"GET", "h.example.com", "/cafe", NULL},
    {"GET", "i.example.com", "/x", "below"},
    {"GET", "i.h.example.com", "/x", "below"},
    {"GET", "example.com", "/x", "any"},
    {"GET", "notexample.com", "/x", "any"},
    {"GET", "x.deep.example.com", "/d", "deep"},
    {"GET", "x.deep.example.com", "/e", NULL},
    {"GET", "deep.example.com", "/e", "below"},
    {"HEAD", "[::1]", "/x", "v6"},
    {"GET", "[::1]", "/x", NULL},
};

static void fill(struct jt_forward *out, size_t i)
{
    out->method = jt_span_str(requests[i].method);
    out->host_n = strlen(requests[i].host);
    out->path_n = strlen(requests[i].path);
    memcpy(out->host, requests[i].host, out->host_n);
    memcpy(out->path, requests[i].path, out->path_n);
}

static void most_specific_rule_decides(void **state)
{
    (void)state;
    struct jt_guardconf conf;
    struct jt_rules rules;
    struct jt_diag diag;
    if (load(table, &conf, &rules, &diag) != JT_OK) {
        fail_msg("%s", diag.text);
    }
    for (size_t i = 0; i < JT_COUNT(requests); i++) {
        struct jt_forward request;
        fill(&request, i);
        const struct jt_rule *rule = jt_rules_find(&rules, &request);
        const char *got = rule == NULL ? "none" : rule->audiences[0];
        const char *want = requests[i].audience == NULL ? "none" : requests[i].audience;
        if (strcmp(got, want) != 0) {
            fail_msg("%s %s%s: %s, not %s", requests[i].method, requests[i].host, requests[i].path,
                     got, want);
        }
        assert_true(rule == NULL || rule->require.audiences == rule->audiences);
    }
    jt_rules_release(&rules);
    jt_guardconf_release(&conf);
}

static void rule_asks_for_what_it_says(void **state)
{
    (void)state;
    struct jt_guardconf conf;
    struct jt_rules rules;
    struct jt_diag diag;
    assert_ok(load(HEAD FIRST "  - {path: /s, issuer: 'https://b', audience: y, any_of: [r, w], "
                              "all_of: [z]}\n"
                              "  - {path: /public, public: true}\n",
                   &conf, &rules, &diag));
    struct jt_forward request = {.method = JT_SPAN("GET"), .host_n = 1, .host = "h"};
    request.path_n = 2;
    memcpy(request.path, "/s", 2);
    const struct jt_rule *rule = jt_rules_find(&rules, &request);
    assert_int_equal(rule->issuer, 1);
    assert_string_equal(rule->require.audiences[0], "y");
    assert_null(rule->require.audiences[1]);
    assert_string_equal(rule->require.any_of[1], "w");
    assert_string_equal(rule->require.all_of[0], "z");
    assert_false(jt_guardconf_uses(&conf, rule->conf, 0));
    assert_true(jt_guardconf_uses(&conf, rule->conf, 1));
    request.path_n = 7;
    memcpy(request.path, "/public", 7);
    rule = jt_rules_find(&rules, &request);
    assert_true(rule->conf->is_public);
    assert_false(jt_guardconf_uses(&conf, rule->conf, 0));
    request.path_n = 1;
    rule = jt_rules_find(&rules, &request);
    assert_int_equal(rule->issuer, JT_RULES_ANY_ISSUER);
    assert_null(rule->require.any_of);
    jt_rules_release(&rules);
    jt_guardconf_release(&conf);
}

/* Rules behind HEAD FIRST, but for those that are the whole file. */
static const struct {
    const char *bad, *sentence, *mended;
} pairs[] = {
    {"  - {audience: y}\n",
     "g.yaml:4:5: rules: the rule on line 3 is for the same host, path and method; keep one of "
     "them",
     "  - {audience: y, path: /y}\n"},
    {"  - {path: /y, methods: [GET], audience: y}\n  - {path: /%79, methods: [PUT, HEAD], "
     "audience: z}\n",
     "g.yaml:5:5: rules: the rule on line 4 is for the same host, path and method; keep one of "
     "them",
     "  - {path: /y, methods: [GET], audience: y}\n  - {path: /%79, methods: [PUT], "
     "audience: z}\n"},
    {"  - {path: /y}\n",
     "g.yaml:4:5: rules: no audience; name the API that tokens must be for, or write public: true",
     "  - {path: /y, public: true}\n"},
    {"  - {path: /y, audience: y, public: true}\n",
     "g.yaml:4:5: rules: public, and yet asks for something; remove public, or issuer, audience, "
     "any_of and all_of",
     "  - {path: /y, audience: y, public: false}\n"},
    {"  - {path: /y, audience: y, issuer: 'https://c'}\n",
     "g.yaml:4:5: rules[].issuer: 'https://c' is none of the issuers; add it to issuers, or name "
     "one that is there",
     "  - {path: /y, audience: y, issuer: 'https://b'}\n"},
    {"  - {path: '/y/*', audience: y}\n",
     "g.yaml:4:5: rules[].path: '/y/*' holds a '*', which is no pattern here; write /admin, it "
     "covers "
     "what is below, or %2A for the character",
     "  - {path: /y/%2A, audience: y}\n"},
    {"  - {path: \"/y\\nz\", audience: y}\n",
     "g.yaml:4:5: rules[].path: '/y?z' is a byte in the path that readers take differently; write "
     "it "
     "as a request has it, without query",
     "  - {path: /yz, audience: y}\n"},
    {"  - {path: /y, audience: pr\xC3\xA4}\n",
     "g.yaml:4:5: rules: an audience that no header can tell, so that each token would be denied; "
     "write 1 to 1024 characters of visible ASCII",
     "  - {path: /y, audience: prae}\n"},
    {"  - {path: /y, audience: y, all_of: ['r w']}\n",
     "g.yaml:4:5: rules: a scope is one word of visible ASCII without quote and backslash; write "
     "one scope an item",
     "  - {path: /y, audience: y, all_of: [r, w]}\n"},
    {"  - {path: y, audience: y}\n",
     "g.yaml:4:5: rules[].path: 'y' is a path that does not begin with '/'; write it as a request "
     "has it, without query",
     "  - {path: /y, audience: y}\n"},
    {"  - {path: /y/, audience: y}\n",
     "g.yaml:4:5: rules[].path: '/y/' is a path with '/' at its end, although it covers what is "
     "below without; write it as a request has it, without query",
     "  - {path: /y, audience: y}\n"},
    {"  - {path: /y/../z, audience: y}\n",
     "g.yaml:4:5: rules[].path: '/y/../z' is a path with '//', '.', '..', or a segment that ends "
     "in a dot or a space; write it as a request has it, without query",
     "  - {path: /y/z, audience: y}\n"},
    {"  - {host: A.example.com, audience: y}\n",
     "g.yaml:4:5: rules[].host: 'A.example.com' is no host; write a name in small letters without "
     "port, *.NAME, or *",
     "  - {host: a.example.com, audience: y}\n"},
    {"  - {host: 'a.example.com:80', audience: y}\n",
     "g.yaml:4:5: rules[].host: 'a.example.com:80' is no host; write a name in small letters "
     "without port, *.NAME, or *",
     "  - {host: a.example.com, audience: y}\n"},
    {"  - {host: 'a*.example.com', audience: y}\n",
     "g.yaml:4:5: rules[].host: 'a*.example.com' is no host; write a name in small letters without "
     "port, *.NAME, or *",
     "  - {host: '*.example.com', audience: y}\n"},
    {"  - {path: /y, methods: [get], audience: y}\n",
     "g.yaml:4:5: rules[].methods: 'get' is no method; write large letters, e.g. [GET, POST]",
     "  - {path: /y, methods: [GET], audience: y}\n"},
    {"  - {pth: /y, audience: y}\n",
     "g.yaml:4:6: unknown key 'rules[].pth'; did you mean "
     "'rules[].path'?",
     "  - {path: /y, audience: y}\n"},
};

static const struct {
    const char *bad, *sentence, *mended;
} wholes[] = {
    {"issuers: []\nrules: [{audience: x}]\n",
     "g.yaml: issuers: empty; there must be at least one, else nothing is let through",
     "issuers: [{issuer: 'https://a'}]\nrules: [{audience: x}]\n"},
    {"issuers: [{issuer: 'https://a'}]\nrules: []\n",
     "g.yaml: rules: empty; there must be at least one, else nothing is let through",
     "issuers: [{issuer: 'https://a'}]\nrules: [{audience: x}]\n"},
    {"issuers: [{issuer: 'https://a'}, {issuer: 'https://a'}]\nrules: [{audience: x}]\n",
     "g.yaml:1:34: issuers: 'https://a' stands twice, first on line 1; keep one",
     "issuers: [{issuer: 'https://a'}, {issuer: 'https://b'}]\nrules: [{audience: x}]\n"},
    {"issuers:\n  - issuer: https://a\n  - issuer: https://b\nrules: [{audience: x, issuer: "
     "'https://a'}]\n",
     "g.yaml:3:5: issuers: no rule takes tokens of 'https://b'; add one, or remove it",
     "issuers:\n  - issuer: https://a\n  - issuer: https://b\nrules: [{audience: x}]\n"},
    {"issuers: [{issuer: 'https://a'}]\nrules: [{public: true}]\n",
     "g.yaml:1:11: issuers: no rule takes tokens of 'https://a'; add one, or remove it",
     "issuers: [{issuer: 'https://a'}]\nrules: [{path: /x, public: true}, {audience: x}]\n"},
    {"unavailable_status: 500\nissuers: [{issuer: 'https://a'}]\nrules: [{audience: x}]\n",
     "g.yaml:1:21: unavailable_status: '500' is none of the choices; choose from: 503 403",
     "unavailable_status: 403\nissuers: [{issuer: 'https://a'}]\nrules: [{audience: x}]\n"},
};

static void assert_pair(const char *bad, const char *sentence, const char *mended)
{
    struct jt_guardconf conf;
    struct jt_rules rules;
    struct jt_diag diag;
    assert_err(load(bad, &conf, &rules, &diag), JT_ERR_CONFIG);
    assert_string_equal(diag.text, sentence);
    if (load(mended, &conf, &rules, &diag) != JT_OK) {
        fail_msg("%s: %s", mended, diag.text);
    }
    jt_rules_release(&rules);
    jt_guardconf_release(&conf);
}

static void bad_configuration_refused_with_place_and_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        char bad[1024];
        char mended[1024];
        (void)snprintf(bad, sizeof bad, HEAD FIRST "%s", pairs[i].bad);
        (void)snprintf(mended, sizeof mended, HEAD FIRST "%s", pairs[i].mended);
        assert_pair(bad, pairs[i].sentence, mended);
    }
    for (size_t i = 0; i < JT_COUNT(wholes); i++) {
        assert_pair(wholes[i].bad, wholes[i].sentence, wholes[i].mended);
    }
}

/* A rule with `n` scopes of 65 bytes. */
static enum jt_err load_scopes(size_t n, struct jt_diag *diag)
{
    static char whole[16384];
    struct jt_guardconf conf;
    struct jt_rules rules;
    int at =
        snprintf(whole, sizeof whole, "%s", HEAD FIRST "  - {path: /y, audience: y, any_of: [");
    for (size_t i = 0; i < n; i++) {
        at += snprintf(whole + at, sizeof whole - (size_t)at, "s%064zu,", i);
    }
    (void)snprintf(whole + at, sizeof whole - (size_t)at, "]}\n");
    JT_TRY(load(whole, &conf, &rules, diag));
    jt_rules_release(&rules);
    jt_guardconf_release(&conf);
    return JT_OK;
}

static void scopes_that_no_challenge_holds_refused(void **state)
{
    (void)state;
    struct jt_diag diag;
    assert_err(load_scopes(130, &diag), JT_ERR_CONFIG);
    assert_string_equal(diag.text,
                        "g.yaml:4:5: rules: too many or too long scopes: WWW-Authenticate, "
                        "which names them, would be over 8000 bytes");
    assert_ok(load_scopes(115, &diag));
}

static void restart_key_named(void **state)
{
    (void)state;
    struct jt_guardconf now, then;
    struct jt_rules rules;
    struct jt_diag diag;
    static const struct {
        const char *more, *key;
    } rows[] = {{"wait: 1s\n", NULL},
                {"log: {level: debug}\n", NULL},
                {"listen: 127.0.0.1:1\n", "listen"},
                {"ops: {listen: 127.0.0.1:1}\n", "ops.listen"},
                {"http: {threads: 3}\n", "http.threads"},
                {"http: {drain: 3}\n", "http.drain"}};
    assert_ok(load(HEAD FIRST, &now, &rules, &diag));
    jt_rules_release(&rules);
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "%s%s", rows[i].more, HEAD FIRST);
        assert_ok(load(text, &then, &rules, &diag));
        jt_rules_release(&rules);
        const char *key = jt_guardconf_restart_key(&now, &then);
        assert_string_equal(key == NULL ? "" : key, rows[i].key == NULL ? "" : rows[i].key);
        jt_guardconf_release(&then);
    }
    jt_guardconf_release(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_specific_rule_decides),
        cmocka_unit_test(rule_asks_for_what_it_says),
        cmocka_unit_test(bad_configuration_refused_with_place_and_remedy),
        cmocka_unit_test(scopes_that_no_challenge_holds_refused),
        cmocka_unit_test(restart_key_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
