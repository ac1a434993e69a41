/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit_access.h"

/* Each refusal with the member that its sentence names, and the same document repaired. */
struct pair {
    enum jt_store_kind kind;
    const char *member, *refused, *repaired;
};

#define RES    "{'identifier':'https://a'"
#define ROLE   "{'name':'r'"
#define CLIENT "{'client_id':'c','name':'n'"
#define HASH   "'hash':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'"

static const struct pair pairs[] = {
    /* required members: absent, or null */
    {JT_STORE_RESOURCE, "identifier", "{'scopes':[]}", "{'scopes':[],'identifier':'https://a'}"},
    {JT_STORE_RESOURCE, "identifier", "{'identifier':null}", RES "}"},
    {JT_STORE_ROLE, "name", "{'grants':[]}", "{'grants':[],'name':'r'}"},
    {JT_STORE_ROLE, "name", "{'name':null}", ROLE "}"},
    {JT_STORE_CLIENT, "client_id", "{'name':'n'}", CLIENT "}"},
    {JT_STORE_CLIENT, "name", "{'client_id':'c','name':null}", CLIENT "}"},
    /* unknown members */
    {JT_STORE_RESOURCE, "scope", RES ",'scope':[]}", RES ",'scopes':[]}"},
    {JT_STORE_ROLE, "scopes", ROLE ",'scopes':[]}", ROLE ",'grants':[]}"},
    {JT_STORE_CLIENT, "policy", CLIENT ",'policy':'strict'}", CLIENT ",'scope_policy':'strict'}"},
    /* RFC 8707 sec. 2: an absolute URI without fragment */
    {JT_STORE_RESOURCE, "identifier", "{'identifier':'payment'}", "{'identifier':'urn:payment'}"},
    {JT_STORE_RESOURCE, "identifier", "{'identifier':'https://a#f'}", "{'identifier':'https://a'}"},
    {JT_STORE_RESOURCE, "identifier", "{'identifier':'https://a b'}",
     "{'identifier':'https://a%20b'}"},
    {JT_STORE_RESOURCE, "identifier", "{'identifier':'https:'}", "{'identifier':'https:a'}"},
    {JT_STORE_RESOURCE, "identifier", "{'identifier':'://a'}", "{'identifier':'x://a'}"},
    {JT_STORE_RESOURCE, "identifier", "{'identifier':'1https://a'}", "{'identifier':'h1ttps://a'}"},
    {JT_STORE_RESOURCE, "identifier", "{'identifier':'ht_tps://a'}", "{'identifier':'ht-tps://a'}"},
    {JT_STORE_RESOURCE, "identifier", "{'identifier':'https://\\u00e9'}",
     "{'identifier':'https://e'}"},
    {JT_STORE_RESOURCE, "identifier", "{'identifier':7}", RES "}"},
    /* RFC 6749 sec. 3.3 */
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':['a b']}", RES ",'scopes':['a','b']}"},
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':['']}", RES ",'scopes':['!']}"},
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':['a\\\"']}", RES ",'scopes':['a#']}"},
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':['a\\\\']}", RES ",'scopes':['a/']}"},
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':['a\\u007f']}", RES ",'scopes':['a~']}"},
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':['a','a']}", RES ",'scopes':['a','A']}"},
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':['c','a','b','c']}",
     RES ",'scopes':['c','a','b','C']}"},
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':[1]}", RES ",'scopes':['1']}"},
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':'a'}", RES ",'scopes':['a']}"},
    {JT_STORE_RESOURCE, "scopes", RES ",'scopes':{}}", RES ",'scopes':[]}"},
    /* numbers */
    {JT_STORE_RESOURCE, "lifetime_s", RES ",'lifetime_s':0}", RES ",'lifetime_s':1}"},
    {JT_STORE_RESOURCE, "lifetime_s", RES ",'lifetime_s':-1}", RES ",'lifetime_s':60}"},
    {JT_STORE_RESOURCE, "lifetime_s", RES ",'lifetime_s':86401}", RES ",'lifetime_s':86400}"},
    {JT_STORE_RESOURCE, "lifetime_s", RES ",'lifetime_s':60.0}", RES ",'lifetime_s':60}"},
    {JT_STORE_RESOURCE, "lifetime_s", RES ",'lifetime_s':'60'}", RES ",'lifetime_s':null}"},
    /* algorithms that we issue */
    {JT_STORE_RESOURCE, "alg", RES ",'alg':'HS256'}", RES ",'alg':'ES256'}"},
    {JT_STORE_RESOURCE, "alg", RES ",'alg':'none'}", RES ",'alg':'RS256'}"},
    {JT_STORE_RESOURCE, "alg", RES ",'alg':'RS512'}", RES ",'alg':'PS256'}"},
    {JT_STORE_RESOURCE, "alg", RES ",'alg':'es256'}", RES ",'alg':'EdDSA'}"},
    {JT_STORE_RESOURCE, "typ", RES ",'typ':'jwt'}", RES ",'typ':'JWT'}"},
    {JT_STORE_RESOURCE, "typ", RES ",'typ':'AT+JWT'}", RES ",'typ':'at+jwt'}"},
    {JT_STORE_RESOURCE, "shared", RES ",'shared':1}",
     RES ",'shared':true,'owner':'team pay','labels':{'team':'pay','x':''}}"},
    {JT_STORE_RESOURCE, "shared", RES ",'shared':'true'}", RES ",'shared':false}"},
    /* extra claims: never a registered name */
    {JT_STORE_RESOURCE, "claims", RES ",'claims':[]}", RES ",'claims':{}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'iss':'x'}}", RES ",'claims':{'tenant':'x'}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'sub':'x'}}", RES ",'claims':{'Sub':'x'}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'aud':'x'}}", RES ",'claims':{'a':'x'}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'exp':1}}", RES ",'claims':{'e':1}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'nbf':1}}", RES ",'claims':{'n':1}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'iat':1}}", RES ",'claims':{'i':1}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'jti':'x'}}", RES ",'claims':{'j':'x'}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'client_id':'x'}}", RES ",'claims':{'c':'x'}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'scope':'x'}}", RES ",'claims':{'s':'x'}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'cnf':{}}}", RES ",'claims':{'d':{'a':[1]}}}"},
    {JT_STORE_RESOURCE, "claims", RES ",'claims':{'act':{}}}", RES ",'claims':{'e':{}}}"},
    /* names */
    {JT_STORE_ROLE, "name", "{'name':''}", "{'name':'a'}"},
    {JT_STORE_ROLE, "name", "{'name':'.a'}", "{'name':'a.'}"},
    {JT_STORE_ROLE, "name", "{'name':'a b'}", "{'name':'a-b'}"},
    {JT_STORE_ROLE, "name", "{'name':'a/b'}", "{'name':'a:b'}"},
    {JT_STORE_ROLE, "name", "{'name':'a\\nb'}", "{'name':'a@b'}"},
    {JT_STORE_ROLE, "name", "{'name':1}", "{'name':'1'}"},
    {JT_STORE_CLIENT, "name", "{'client_id':'c','name':'\\u00e9'}", CLIENT "}"},
    {JT_STORE_CLIENT, "client_id", "{'client_id':'a:b c','name':'n'}", CLIENT "}"},
    /* grants */
    {JT_STORE_ROLE, "grants", ROLE ",'grants':'https://a'}", ROLE ",'grants':['https://a']}"},
    {JT_STORE_ROLE, "grants", ROLE ",'grants':['a#r']}", ROLE ",'grants':['a:a#r']}"},
    {JT_STORE_ROLE, "grants", ROLE ",'grants':['https://a#']}", ROLE ",'grants':['https://a#r']}"},
    {JT_STORE_ROLE, "grants", ROLE ",'grants':['https://a#r w']}",
     ROLE ",'grants':['https://a#r','https://a#w']}"},
    {JT_STORE_ROLE, "grants", ROLE ",'grants':['#r']}", ROLE ",'grants':['a:b#r#r']}"},
    {JT_STORE_ROLE, "grants", ROLE ",'grants':[null]}", ROLE ",'grants':null}"},
    {JT_STORE_ROLE, "grants", ROLE ",'grants':['https://a','https://a']}",
     ROLE ",'grants':['https://a','https://a#r']}"},
    {JT_STORE_CLIENT, "grants", CLIENT ",'grants':['https://a#r','https://b','https://a#r']}",
     CLIENT ",'grants':['https://a#r','https://b']}"},
    /* clients */
    {JT_STORE_CLIENT, "enabled", CLIENT ",'enabled':'no'}", CLIENT ",'enabled':false}"},
    {JT_STORE_CLIENT, "scope_policy", CLIENT ",'scope_policy':'STRICT'}",
     CLIENT ",'scope_policy':'strict'}"},
    {JT_STORE_CLIENT, "default_resource", CLIENT ",'default_resource':'a'}",
     CLIENT ",'default_resource':'a:b'}"},
    {JT_STORE_CLIENT, "roles", CLIENT ",'roles':['a','a']}", CLIENT ",'roles':['a','b']}"},
    {JT_STORE_CLIENT, "roles", CLIENT ",'roles':'a'}", CLIENT ",'roles':['a']}"},
    {JT_STORE_CLIENT, "secrets", CLIENT ",'secrets':[{'id':'1','name':'n','hash':'AAAA'}]}",
     CLIENT ",'secrets':[{'id':'1','name':'n'," HASH "}]}"},
    {JT_STORE_CLIENT, "secrets", CLIENT ",'secrets':[{'name':'n'," HASH "}]}",
     CLIENT ",'secrets':[{'id':'1','name':'n','expires_s':1," HASH "}]}"},
    {JT_STORE_CLIENT, "secrets",
     CLIENT ",'secrets':[{'id':'1','name':'n','expires_s':-1," HASH "}]}",
     CLIENT ",'secrets':[{'id':'1','name':'n','expires_s':null," HASH "}]}"},
    {JT_STORE_CLIENT, "secrets", CLIENT ",'secrets':{}}", CLIENT ",'secrets':[]}"},
    {JT_STORE_CLIENT, "subscriptions", CLIENT ",'subscriptions':'p'}",
     CLIENT ",'subscriptions':['p']}"},
    {JT_STORE_CLIENT, "subscriptions", CLIENT ",'subscriptions':['a b']}",
     CLIENT ",'subscriptions':[{'product':'a'}]}"},
    {JT_STORE_CLIENT, "subscriptions", CLIENT ",'subscriptions':[{'product':'a','status':'yes'}]}",
     CLIENT ",'subscriptions':[{'product':'a','status':'revoked'}]}"},
    {JT_STORE_CLIENT, "subscriptions", CLIENT ",'subscriptions':[{'product':'a','since':1}]}",
     CLIENT ",'subscriptions':[{'product':'a','status':null}]}"},
    {JT_STORE_CLIENT, "subscriptions", CLIENT ",'subscriptions':['a',{'product':'a'}]}",
     CLIENT ",'subscriptions':['a',{'product':'b'}]}"},
    /* products */
    {JT_STORE_PRODUCT, "name", "{'approval':'auto'}", "{'approval':'auto','name':'p'}"},
    {JT_STORE_PRODUCT, "approval", "{'name':'p','approval':'Manual'}",
     "{'name':'p','approval':'manual'}"},
    {JT_STORE_ROLE, "approval", ROLE ",'approval':'auto'}", ROLE "}"},
    {JT_STORE_PRODUCT, "grants", "{'name':'p','grants':['a']}", "{'name':'p','grants':['a:b']}"},
    /* owner and labels, of every kind */
    {JT_STORE_RESOURCE, "owner", RES ",'owner':1}", RES ",'owner':'1'}"},
    {JT_STORE_PRODUCT, "owner", "{'name':'p','owner':'a\\nb'}", "{'name':'p','owner':'a b'}"},
    {JT_STORE_ROLE, "owner", ROLE ",'owner':'\\u0085'}", ROLE ",'owner':'\\u00a1'}"},
    {JT_STORE_ROLE, "owner", ROLE ",'owner':'\\u007f'}", ROLE ",'owner':'~'}"},
    {JT_STORE_CLIENT, "labels", CLIENT ",'labels':['a']}", CLIENT ",'labels':{'a':'b'}}"},
    {JT_STORE_CLIENT, "labels", CLIENT ",'labels':{'a':1}}", CLIENT ",'labels':{'a':'1'}}"},
    {JT_STORE_CLIENT, "labels", CLIENT ",'labels':{'a b':'1'}}", CLIENT ",'labels':{'a.b':'1'}}"},
    {JT_STORE_CLIENT, "labels", CLIENT ",'labels':{'a':'\\t'}}", CLIENT ",'labels':{'a':''}}"},
};

static void parse_each_refusal_names_its_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        const struct pair *pair = &pairs[i];
        struct jt_object *object = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        enum jt_err err = parse_text(pair->kind, pair->refused, &object, &diag);
        size_t n = strlen(pair->member);
        if (err != JT_ERR_INVALID || strncmp(diag.text, pair->member, n) != 0 ||
            strncmp(diag.text + n, ": ", 2) != 0) {
            fail_msg("%s: %s, '%s'", pair->refused, jt_err_name(err), diag.text);
        }
        err = parse_text(pair->kind, pair->repaired, &object, &diag);
        if (err != JT_OK) {
            fail_msg("%s: %s, '%s'", pair->repaired, jt_err_name(err), diag.text);
        }
        jt_object_free(object);
    }
}

static void parse_over_a_limit_refused(void **state)
{
    (void)state;
    static const struct {
        enum jt_store_kind kind;
        const char *before, *item, *after;
        size_t max;
        bool characters; /* repeats one character, else list elements with a number */
    } rows[] = {
        {JT_STORE_RESOURCE, "{'identifier':'a:", "x", "'}", JT_NAMES_MAX_IDENTIFIER - 2, true},
        {JT_STORE_ROLE, "{'name':'", "x", "'}", JT_NAMES_MAX, true},
        {JT_STORE_RESOURCE, RES ",'scopes':['", "x", "']}", JT_NAMES_MAX, true},
        {JT_STORE_RESOURCE, RES ",'claims':{'a':'", "x", "'}}", JT_OBJECT_MAX_CLAIMS - 8, true},
        {JT_STORE_RESOURCE, RES ",'scopes':[", "'s%zu'", "]}", JT_OBJECT_MAX_SCOPES, false},
        {JT_STORE_ROLE, ROLE ",'grants':[", "'a:b#s%zu'", "]}", JT_OBJECT_MAX_GRANTS, false},
        {JT_STORE_CLIENT, CLIENT ",'roles':[", "'r%zu'", "]}", JT_OBJECT_MAX_ROLES, false},
        {JT_STORE_CLIENT, CLIENT ",'subscriptions':[", "'p%zu'", "]}", JT_OBJECT_MAX_PRODUCTS,
         false},
        {JT_STORE_CLIENT, CLIENT ",'labels':{", "'l%zu':'v'", "}}", JT_OBJECT_MAX_LABELS, false},
        {JT_STORE_CLIENT, CLIENT ",'labels':{'", "x", "':'v'}}", JT_OBJECT_MAX_LABEL_NAME, true},
        {JT_STORE_CLIENT, CLIENT ",'labels':{'l':'", "x", "'}}", JT_OBJECT_MAX_TEXT, true},
        {JT_STORE_CLIENT, CLIENT ",'owner':'", "x", "'}", JT_OBJECT_MAX_TEXT, true},
        {JT_STORE_CLIENT, CLIENT ",'secrets':[", "{'id':'i%zu','name':'n'," HASH "}", "]}",
         JT_OBJECT_MAX_SECRETS, false},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        for (size_t over = 0; over < 2; over++) {
            JT_AUTO(buf) text = JT_BUF_INIT(JT_OBJECT_MAX_DOC);
            struct jt_object *object = NULL;
            assert_ok(jt_buf_puts(&text, rows[i].before));
            for (size_t k = 0; k < rows[i].max + over; k++) {
                const char *hole = strstr(rows[i].item, "%zu");
                assert_ok(jt_buf_puts(&text, k == 0 || rows[i].characters ? "" : ","));
                size_t n = hole == NULL ? strlen(rows[i].item) : (size_t)(hole - rows[i].item);
                assert_ok(jt_buf_put(&text, jt_span_of(rows[i].item, n)));
                if (hole != NULL) {
                    assert_ok(jt_buf_printf(&text, "%zu%s", k, hole + 3));
                }
            }
            assert_ok(jt_buf_puts(&text, rows[i].after));
            enum jt_err err = parse_text(rows[i].kind, jt_buf_str(&text), &object, NULL);
            if (err != (over == 0 ? JT_OK : JT_ERR_INVALID)) {
                fail_msg("row %zu, %zu over: %s", i, over, jt_err_name(err));
            }
            jt_object_free(object);
        }
    }
}

static void parse_wrong_kind_or_type_refused(void **state)
{
    (void)state;
    struct jt_object *object = NULL;
    assert_err(parse_text(JT_STORE_ROLE, "['name']", &object, NULL), JT_ERR_INVALID);
    assert_err(parse_text(JT_STORE_PRODUCT, "[]", &object, NULL), JT_ERR_INVALID);
    assert_ok(parse_text(JT_STORE_ROLE, "{'name':'p'}", &object, NULL));
    jt_object_free(object);
}

static void parse_defaults_are_the_documented_ones(void **state)
{
    (void)state;
    struct jt_object *object = NULL;
    assert_ok(parse_text(JT_STORE_RESOURCE, RES ",'lifetime_s':null,'alg':null,'typ':null}",
                         &object, NULL));
    const struct jt_resource *resource = (const struct jt_resource *)object;
    assert_int_equal(resource->lifetime_s, 3600);
    assert_int_equal(resource->alg, JT_ALG_ES256);
    assert_span(resource->typ, "at+jwt");
    assert_false(resource->shared);
    assert_int_equal(resource->n_scopes, 0);
    jt_object_free(object);
    assert_ok(parse_text(JT_STORE_CLIENT, CLIENT "}", &object, NULL));
    const struct jt_client *client = (const struct jt_client *)object;
    assert_true(client->enabled);
    assert_false(client->strict);
    assert_int_equal(client->default_resource.n, 0);
    jt_object_free(object);
}

/* What is written back is what was read; without `for_store` no hash is shown. */
static void json_round_trip_keeps_everything(void **state)
{
    (void)state;
    static const struct access_row rows[] = {
        {JT_STORE_RESOURCE,
         "{'identifier':'https://a','scopes':['r','w'],'lifetime_s':60,'alg':'EdDSA','typ':'JWT',"
         "'claims':{'tenant':'x','n':[1,2.5,null,true,{'k':'v'}]},'shared':true,'owner':'team "
         "pay','labels':{'team':'pay','x':''}}"},
        {JT_STORE_ROLE, "{'name':'r','grants':['https://a#r','https://a','b:c#x#y'],"
                        "'owner':null,'labels':{}}"},
        {JT_STORE_PRODUCT, "{'name':'p','approval':'manual','grants':['https://a#r'],"
                           "'owner':'\\u00e9','labels':{'a':'\\u00e9'}}"},
        {JT_STORE_CLIENT,
         "{'client_id':'c','name':'n','enabled':false,'scope_policy':'strict',"
         "'default_resource':'https://a','roles':['r'],'grants':['https://a#r'],'owner':'x',"
         "'labels':{'k':'v'},'subscriptions':[{'product':'p','status':'pending'},"
         "{'product':'q','status':'approved'},{'product':'s','status':'revoked'}],"
         "'secrets':[{'id':'1','name':'s','created_s':5,'expires_s':9," HASH "},"
         "{'id':'2','name':'t','created_s':6,'expires_s':null," HASH "}]}"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_object *object = NULL;
        json_t *want = doc_of(rows[i].text), *got = NULL;
        assert_ok(parse_text(rows[i].kind, rows[i].text, &object, NULL));
        assert_ok(jt_object_json(object, true, &got));
        assert_true(json_equal(want, got));
        json_decref(got);
        assert_ok(jt_object_json(object, false, &got));
        JT_AUTO(buf) shown = JT_BUF_INIT(65536);
        assert_ok(jt_json_dump(got, &shown));
        assert_null(strstr(jt_buf_str(&shown), "hash"));
        json_decref(got);
        json_decref(want);
        jt_object_free(object);
    }
}

static void parse_grant_splits_at_the_first_hash(void **state)
{
    (void)state;
    struct jt_grant grant;
    assert_ok(jt_names_parse_grant(JT_SPAN("https://a#b#c"), &grant));
    assert_span(grant.resource, "https://a");
    assert_span(grant.scope, "b#c");
    assert_ok(jt_names_parse_grant(JT_SPAN("https://a"), &grant));
    assert_int_equal(grant.scope.n, 0);
    assert_err(jt_names_parse_grant(JT_SPAN(""), &grant), JT_ERR_INVALID);
    assert_err(jt_names_parse_grant(JT_SPAN("https://a#"), &grant), JT_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_each_refusal_names_its_member),
        cmocka_unit_test(parse_over_a_limit_refused),
        cmocka_unit_test(parse_wrong_kind_or_type_refused),
        cmocka_unit_test(parse_defaults_are_the_documented_ones),
        cmocka_unit_test(json_round_trip_keeps_everything),
        cmocka_unit_test(parse_grant_splits_at_the_first_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
