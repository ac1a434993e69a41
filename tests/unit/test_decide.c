/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit_access.h"

#include <stdio.h>

#include "issuer/access/decide.h"
#include "issuer/access/holdings.h"

/* Names of the table are short: `a#r` is the grant of scope r at https://a. */
static const struct access_row world[] = {
    {JT_STORE_RESOURCE, "{'identifier':'https://a','scopes':['r','w','only-a']}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://b','scopes':['r','only-b'],'lifetime_s':60,"
                        "'typ':'JWT','alg':'RS256'}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://s1','scopes':['r','s1-only'],'shared':true,"
                        "'lifetime_s':600}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://s2','scopes':['r','s2-only'],'shared':true,"
                        "'lifetime_s':60}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://s-jwt','scopes':['r'],'shared':true,'typ':'JWT'}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://s-rsa','scopes':['r'],'shared':true,"
                        "'alg':'RS256'}"},
    {JT_STORE_ROLE, "{'name':'reader','grants':['https://a#r']}"},
    {JT_STORE_ROLE, "{'name':'writer','grants':['https://a#w','https://b#r']}"},
    {JT_STORE_CLIENT, "{'client_id':'one','name':'n1','grants':['https://a#r']}"},
    {JT_STORE_CLIENT, "{'client_id':'one-strict','name':'n2','scope_policy':'strict',"
                      "'grants':['https://a#r']}"},
    {JT_STORE_CLIENT, "{'client_id':'bare','name':'n3','grants':['https://a']}"},
    {JT_STORE_CLIENT, "{'client_id':'bare-strict','name':'n4','scope_policy':'strict',"
                      "'grants':['https://a']}"},
    {JT_STORE_CLIENT, "{'client_id':'two','name':'n5','grants':['https://a#r','https://a#w',"
                      "'https://b#r','https://b#only-b']}"},
    {JT_STORE_CLIENT, "{'client_id':'two-default','name':'n6','default_resource':'https://b',"
                      "'grants':['https://a#r','https://b#r']}"},
    {JT_STORE_CLIENT, "{'client_id':'default-unheld','name':'n7','default_resource':'https://b',"
                      "'grants':['https://a#r']}"},
    {JT_STORE_CLIENT, "{'client_id':'roles','name':'n8','roles':['reader','writer']}"},
    {JT_STORE_CLIENT, "{'client_id':'nothing','name':'n9'}"},
    {JT_STORE_CLIENT, "{'client_id':'sharer','name':'n10','grants':['https://s1#r',"
                      "'https://s1#s1-only','https://s2#s2-only','https://a#r','https://s-jwt#r',"
                      "'https://s-rsa#r']}"},
    {JT_STORE_CLIENT, "{'client_id':'sharer-all','name':'n11','grants':['https://s1#r',"
                      "'https://s2#r']}"},
    {JT_STORE_CLIENT, "{'client_id':'sharer-bare','name':'n12','grants':['https://s1',"
                      "'https://s2']}"},
    {JT_STORE_CLIENT, "{'client_id':'sharer-half-bare','name':'n13','grants':['https://s1',"
                      "'https://s2#r']}"},
};

static struct jt_access *access_part;

static int make_world(void **state)
{
    (void)state;
    access_part = access_of(world, JT_COUNT(world));
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    jt_access_free(access_part);
    return 0;
}

struct row {
    const char *client;
    const char *resources; /* separated by spaces */
    const char *scope;
    enum jt_err err;
    const char *aud, *granted; /* separated by spaces */
};

static enum jt_err ask(const char *client, const char *resources, const char *scope,
                       struct jt_decision *out, struct jt_diag *diag)
{
    struct jt_span list[JT_DECIDE_MAX_RESOURCES + 4], rest = jt_span_str(resources);
    size_t n = 0;
    while (n < JT_COUNT(list) && jt_span_word(&rest, &list[n])) {
        n++;
    }
    const struct jt_client *who = jt_access_client(access_part, jt_span_str(client));
    assert_non_null(who);
    struct jt_decide_ask request = {list, n, jt_span_str(scope)};
    return jt_decide(access_part, who, &request, out, diag);
}

static void check_row(const struct row *row)
{
    struct jt_decision decision;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = ask(row->client, row->resources, row->scope, &decision, &diag);
    if (err != row->err) {
        fail_msg("%s asks '%s' for '%s': %s (%s), not %s", row->client, row->resources, row->scope,
                 jt_err_name(err), diag.text, jt_err_name(row->err));
    }
    if (err != JT_OK) {
        assert_true(strlen(diag.text) > 10); /* the fix is named */
        return;
    }
    JT_AUTO(buf) aud = JT_BUF_INIT(4096);
    JT_AUTO(buf) granted = JT_BUF_INIT(4096);
    for (size_t i = 0; i < decision.n_resources; i++) {
        assert_ok(jt_buf_puts(&aud, i == 0 ? "" : " "));
        assert_ok(jt_buf_put(&aud, decision.resources[i]->object.id));
    }
    for (size_t i = 0; i < decision.n_scopes; i++) {
        assert_ok(jt_buf_puts(&granted, i == 0 ? "" : " "));
        assert_ok(jt_buf_put(&granted, decision.scopes[i].name));
    }
    assert_string_equal(jt_buf_str(&aud), row->aud);
    assert_string_equal(jt_buf_str(&granted), row->granted);
}

#define CHECK_ROWS(rows)                             \
    for (size_t i_ = 0; i_ < JT_COUNT(rows); i_++) { \
        check_row(&(rows)[i_]);                      \
    }

/* --- without resource --- */

static void decide_without_resource_chooses(void **state)
{
    (void)state;
    static const struct row rows[] = {
        /* the client's default comes first, whatever the scope would lead to */
        {"two-default", "", "", JT_OK, "https://b", "r"},
        {"two-default", "", "r", JT_OK, "https://b", "r"},
        {"default-unheld", "", "", JT_ERR_TARGET, NULL, NULL},
        {"default-unheld", "", "r", JT_ERR_TARGET, NULL, NULL},
        {"default-unheld", "https://a", "", JT_OK, "https://a", "r"},
        /* else the scope leads to the one resource that defines all the names */
        {"two", "", "only-b", JT_OK, "https://b", "only-b"},
        {"two", "", "r only-b", JT_OK, "https://b", "r only-b"},
        {"two", "", "w", JT_OK, "https://a", "w"},
        {"two", "", "r", JT_ERR_INVALID_SCOPE, NULL, NULL}, /* both define it */
        {"two", "", "w only-b", JT_ERR_TARGET, NULL, NULL}, /* neither defines both */
        {"two", "", "unheard-of", JT_ERR_TARGET, NULL, NULL},
        /* defined there, though not held: filter leaves nothing */
        {"two", "", "only-a", JT_ERR_INVALID_SCOPE, NULL, NULL},
        /* else the only resource it holds grants on */
        {"one", "", "", JT_OK, "https://a", "r"},
        {"one", "", "r", JT_OK, "https://a", "r"},
        {"two", "", "", JT_ERR_TARGET, NULL, NULL},
        {"nothing", "", "", JT_ERR_TARGET, NULL, NULL},
        {"nothing", "", "r", JT_ERR_TARGET, NULL, NULL},
        {"roles", "", "w", JT_OK, "https://a", "w"},
    };
    CHECK_ROWS(rows);
}

/* --- with resource --- */

static void decide_resource_unknown_or_unheld_same_answer(void **state)
{
    (void)state;
    struct jt_decision decision;
    struct jt_diag unknown = JT_DIAG_INIT, unheld = JT_DIAG_INIT;
    assert_err(ask("one", "https://nowhere", "", &decision, &unknown), JT_ERR_TARGET);
    assert_err(ask("one", "https://b", "", &decision, &unheld), JT_ERR_TARGET);
    assert_string_equal(unknown.text, unheld.text);
    static const struct row rows[] = {
        {"one", "https://a", "", JT_OK, "https://a", "r"},
        /* compared byte by byte */
        {"one", "https://a/", "", JT_ERR_TARGET, NULL, NULL},
        {"one", "HTTPS://a", "", JT_ERR_TARGET, NULL, NULL},
        {"nothing", "https://a", "", JT_ERR_TARGET, NULL, NULL},
    };
    CHECK_ROWS(rows);
}

static void decide_scope_absent_gives_all_held(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"two", "https://a", "", JT_OK, "https://a", "r w"},
        {"two", "https://b", "", JT_OK, "https://b", "r only-b"},
        {"two", "https://a", "   ", JT_OK, "https://a", "r w"},
        {"roles", "https://a", "", JT_OK, "https://a", "r w"},
        {"roles", "https://b", "", JT_OK, "https://b", "r"},
        {"bare", "https://a", "", JT_OK, "https://a", ""},
    };
    CHECK_ROWS(rows);
}

static void decide_scope_filter_or_strict(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"one", "https://a", "r w", JT_OK, "https://a", "r"},
        {"one", "https://a", "w r w r", JT_OK, "https://a", "r"},
        {"one", "https://a", "r unheard-of", JT_OK, "https://a", "r"},
        {"one-strict", "https://a", "r", JT_OK, "https://a", "r"},
        {"one-strict", "https://a", "r w", JT_ERR_INVALID_SCOPE, NULL, NULL},
        {"one-strict", "https://a", "r unheard-of", JT_ERR_INVALID_SCOPE, NULL, NULL},
        /* nothing left */
        {"one", "https://a", "w", JT_ERR_INVALID_SCOPE, NULL, NULL},
        {"one", "https://a", "R", JT_ERR_INVALID_SCOPE, NULL, NULL}, /* case counts */
        /* nothing left, but it may call without a scope */
        {"bare", "https://a", "w", JT_OK, "https://a", ""},
        {"bare-strict", "https://a", "w", JT_ERR_INVALID_SCOPE, NULL, NULL},
        {"bare-strict", "https://a", "", JT_OK, "https://a", ""},
        /* not a list of scope-tokens */
        {"one", "https://a", "r\"", JT_ERR_INVALID_SCOPE, NULL, NULL},
        {"one", "https://a", "r\\", JT_ERR_INVALID_SCOPE, NULL, NULL},
        {"one", "https://a", "r w\"", JT_ERR_INVALID_SCOPE, NULL, NULL}, /* not dropped: told */
        {"one", "https://a", "r w", JT_OK, "https://a", "r"},
        {"one", "https://a", "r\tw", JT_ERR_INVALID_SCOPE, NULL, NULL},
        {"one", "https://a", "r\xC3\xA9", JT_ERR_INVALID_SCOPE, NULL, NULL},
        {"one", "https://a", "r", JT_OK, "https://a", "r"},
    };
    CHECK_ROWS(rows);
}

static void decide_dropped_scopes_are_told(void **state)
{
    (void)state;
    struct jt_decision decision;
    assert_ok(ask("one", "https://a", "r w only-a", &decision, NULL));
    assert_int_equal(decision.n_dropped, 2);
    assert_span(decision.dropped[0], "w");
    assert_span(decision.dropped[1], "only-a");
    assert_ok(ask("one", "https://a", "r", &decision, NULL));
    assert_int_equal(decision.n_dropped, 0);
}

static void decide_reasons_name_the_right(void **state)
{
    (void)state;
    struct jt_decision decision;
    assert_ok(ask("roles", "https://a", "w", &decision, NULL));
    assert_int_equal(decision.scopes[0].source, JT_BY_ROLE);
    assert_span(decision.scopes[0].by, "writer");
    assert_ok(ask("one", "https://a", "r", &decision, NULL));
    assert_int_equal(decision.scopes[0].source, JT_BY_GRANT);
    assert_int_equal(decision.scopes[0].by.n, 0);
}

/* --- several resources --- */

static void decide_several_only_where_each_shares(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"sharer", "https://s1 https://s2", "s1-only s2-only", JT_OK, "https://s1 https://s2",
         "s1-only s2-only"},
        {"sharer", "https://s1 https://a", "", JT_ERR_TARGET, NULL, NULL},
        {"sharer", "https://a https://s1", "", JT_ERR_TARGET, NULL, NULL},
        {"two", "https://a https://b", "", JT_ERR_TARGET, NULL, NULL},
        {"sharer", "https://s1 https://s-jwt", "", JT_ERR_TARGET, NULL, NULL}, /* another typ */
        {"sharer", "https://s1 https://s-rsa", "", JT_ERR_TARGET, NULL, NULL}, /* another alg */
        {"sharer", "https://s1 https://s1", "", JT_ERR_TARGET, NULL, NULL},
        {"sharer", "https://s1 https://nowhere", "", JT_ERR_TARGET, NULL, NULL},
        {"sharer", "https://s1", "", JT_OK, "https://s1", "r s1-only"},
        /* one too many */
        {"sharer",
         "https://1 https://2 https://3 https://4 https://5 https://6 https://7 "
         "https://8 https://9",
         "", JT_ERR_TARGET, NULL, NULL},
    };
    CHECK_ROWS(rows);
}

static void decide_scope_of_two_needs_both(void **state)
{
    (void)state;
    static const struct row rows[] = {
        /* r is held at s1 and not at s2, which defines it too */
        {"sharer", "https://s1 https://s2", "", JT_OK, "https://s1 https://s2", "s1-only s2-only"},
        {"sharer", "https://s1 https://s2", "r", JT_ERR_INVALID_SCOPE, NULL, NULL},
        {"sharer", "https://s2 https://s1", "r s2-only", JT_OK, "https://s2 https://s1", "s2-only"},
        {"sharer", "https://s1", "r", JT_OK, "https://s1", "r"},
        {"sharer-all", "https://s1 https://s2", "", JT_OK, "https://s1 https://s2", "r"},
        {"sharer-all", "https://s1 https://s2", "r", JT_OK, "https://s1 https://s2", "r"},
        /* no scope at all only with the bare grant on each */
        {"sharer-bare", "https://s1 https://s2", "", JT_OK, "https://s1 https://s2", ""},
        {"sharer-half-bare", "https://s1 https://s2", "", JT_ERR_INVALID_SCOPE, NULL, NULL},
        {"sharer-half-bare", "https://s2 https://s1", "", JT_ERR_INVALID_SCOPE, NULL, NULL},
    };
    CHECK_ROWS(rows);
}

static void decide_lifetime_alg_typ_are_the_resources(void **state)
{
    (void)state;
    struct jt_decision decision;
    assert_ok(ask("two", "https://b", "", &decision, NULL));
    assert_int_equal(decision.lifetime_s, 60);
    assert_int_equal(decision.alg, JT_ALG_RS256);
    assert_span(decision.typ, "JWT");
    assert_ok(ask("two", "https://a", "", &decision, NULL));
    assert_int_equal(decision.lifetime_s, 3600);
    assert_int_equal(decision.alg, JT_ALG_ES256);
    assert_span(decision.typ, "at+jwt");
    /* of several, the shortest */
    assert_ok(ask("sharer-all", "https://s1 https://s2", "", &decision, NULL));
    assert_int_equal(decision.lifetime_s, 60);
    assert_ok(ask("sharer-all", "https://s2 https://s1", "", &decision, NULL));
    assert_int_equal(decision.lifetime_s, 60);
}

static void decide_scopes_beyond_the_limit_refused(void **state)
{
    (void)state;
    struct jt_decision decision;
    JT_AUTO(buf) scope = JT_BUF_INIT(8192);
    assert_ok(jt_buf_puts(&scope, "r"));
    for (int i = 1; i < JT_DECIDE_MAX_SCOPES; i++) {
        assert_ok(jt_buf_printf(&scope, " x%d", i));
    }
    assert_ok(ask("one", "https://a", jt_buf_str(&scope), &decision, NULL));
    assert_int_equal(decision.n_dropped, JT_DECIDE_MAX_SCOPES - 1);
    assert_ok(jt_buf_puts(&scope, " r")); /* named twice is one */
    assert_ok(ask("one", "https://a", jt_buf_str(&scope), &decision, NULL));
    assert_ok(jt_buf_puts(&scope, " y"));
    assert_err(ask("one", "https://a", jt_buf_str(&scope), &decision, NULL), JT_ERR_INVALID_SCOPE);
}

/* `old` (freed) with one more object. */
static struct jt_access *with(struct jt_access *old, enum jt_store_kind kind, const char *text)
{
    struct jt_object *object = NULL;
    struct jt_access *access = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(parse_text(kind, text, &object, &diag));
    struct jt_access_change change = {kind, object->id, object};
    assert_ok(jt_access_apply(old, &change, 1, &access));
    jt_object_free(object);
    jt_access_free(old);
    return access;
}

/* Two resources define r, and the second may be beyond those that are listed. */
static void decide_among_more_resources_than_are_listed_asks_for_one(void **state)
{
    (void)state;
    for (int n = JT_HOLDINGS_MAX - 1; n <= JT_HOLDINGS_MAX + 1; n++) {
        struct jt_access *access = NULL;
        JT_AUTO(buf) client = JT_BUF_INIT(8192);
        struct jt_decision decision;
        assert_ok(jt_buf_puts(&client, "{'client_id':'c','name':'c','grants':["));
        for (int i = 0; i < n; i++) {
            char text[128];
            const char *scope = i == 0 || i == JT_HOLDINGS_MAX ? "r" : "w";
            (void)snprintf(text, sizeof text, "{'identifier':'urn:%d','scopes':['%s']}", i, scope);
            access = with(access, JT_STORE_RESOURCE, text);
            assert_ok(jt_buf_printf(&client, "%s'urn:%d#%s'", i == 0 ? "" : ",", i, scope));
        }
        assert_ok(jt_buf_puts(&client, "]}"));
        access = with(access, JT_STORE_CLIENT, jt_buf_str(&client));
        const struct jt_client *who = jt_access_client(access, JT_SPAN("c"));
        const struct jt_decide_ask request = {NULL, 0, JT_SPAN("r")};
        enum jt_err err = jt_decide(access, who, &request, &decision, NULL);
        assert_err(err, n < JT_HOLDINGS_MAX ? JT_OK : JT_ERR_TARGET);
        jt_access_free(access);
    }
}

static void decide_more_resources_than_a_token_has_refused(void **state)
{
    (void)state;
    enum { N = JT_DECIDE_MAX_RESOURCES + 1 };
    static char names[N][16];
    struct jt_span asked[N];
    struct jt_access *access = NULL;
    JT_AUTO(buf) client = JT_BUF_INIT(1024);
    struct jt_decision decision;
    assert_ok(jt_buf_puts(&client, "{'client_id':'c','name':'c','grants':["));
    for (int i = 0; i < N; i++) {
        char text[sizeof names + 64];
        (void)snprintf(names[i], sizeof names[i], "urn:%d", i);
        (void)snprintf(text, sizeof text, "{'identifier':'%s','shared':true}", names[i]);
        asked[i] = jt_span_str(names[i]);
        access = with(access, JT_STORE_RESOURCE, text);
        assert_ok(jt_buf_printf(&client, "%s'%s'", i == 0 ? "" : ",", names[i]));
    }
    assert_ok(jt_buf_puts(&client, "]}"));
    access = with(access, JT_STORE_CLIENT, jt_buf_str(&client));
    const struct jt_client *who = jt_access_client(access, JT_SPAN("c"));
    struct jt_decide_ask request = {asked, N, JT_SPAN_NONE};
    assert_err(jt_decide(access, who, &request, &decision, NULL), JT_ERR_TARGET);
    request.n_resources = JT_DECIDE_MAX_RESOURCES;
    assert_ok(jt_decide(access, who, &request, &decision, NULL));
    assert_int_equal(decision.n_resources, JT_DECIDE_MAX_RESOURCES);
    jt_access_free(access);
}

/* Of all that is held nothing is left out unsaid. */
static void decide_more_scopes_held_than_a_token_has_refused(void **state)
{
    (void)state;
    enum { EACH = JT_DECIDE_MAX_SCOPES / 2 + 1 };
    static const char *const names[] = {"urn:a", "urn:b"};
    struct jt_access *access = NULL;
    JT_AUTO(buf) client = JT_BUF_INIT(8192);
    struct jt_decision decision;
    assert_ok(jt_buf_puts(&client, "{'client_id':'c','name':'c','grants':['urn:a'"));
    for (size_t r = 0; r < JT_COUNT(names); r++) {
        JT_AUTO(buf) resource = JT_BUF_INIT(8192);
        assert_ok(
            jt_buf_printf(&resource, "{'identifier':'%s','shared':true,'scopes':[", names[r]));
        for (int i = 0; i < EACH; i++) {
            assert_ok(jt_buf_printf(&resource, "%s'%zu-%d'", i == 0 ? "" : ",", r, i));
            assert_ok(jt_buf_printf(&client, ",'%s#%zu-%d'", names[r], r, i));
        }
        assert_ok(jt_buf_puts(&resource, "]}"));
        access = with(access, JT_STORE_RESOURCE, jt_buf_str(&resource));
    }
    assert_ok(jt_buf_puts(&client, "]}"));
    access = with(access, JT_STORE_CLIENT, jt_buf_str(&client));
    const struct jt_client *who = jt_access_client(access, JT_SPAN("c"));
    const struct jt_span both[] = {JT_SPAN("urn:a"), JT_SPAN("urn:b")};
    struct jt_decide_ask request = {both, 2, JT_SPAN_NONE};
    assert_err(jt_decide(access, who, &request, &decision, NULL), JT_ERR_INVALID_SCOPE);
    request.n_resources = 1;
    assert_ok(jt_decide(access, who, &request, &decision, NULL));
    assert_int_equal(decision.n_scopes, EACH);
    jt_access_free(access);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decide_without_resource_chooses),
        cmocka_unit_test(decide_resource_unknown_or_unheld_same_answer),
        cmocka_unit_test(decide_scope_absent_gives_all_held),
        cmocka_unit_test(decide_scope_filter_or_strict),
        cmocka_unit_test(decide_dropped_scopes_are_told),
        cmocka_unit_test(decide_reasons_name_the_right),
        cmocka_unit_test(decide_several_only_where_each_shares),
        cmocka_unit_test(decide_scope_of_two_needs_both),
        cmocka_unit_test(decide_lifetime_alg_typ_are_the_resources),
        cmocka_unit_test(decide_scopes_beyond_the_limit_refused),
        cmocka_unit_test(decide_among_more_resources_than_are_listed_asks_for_one),
        cmocka_unit_test(decide_more_resources_than_a_token_has_refused),
        cmocka_unit_test(decide_more_scopes_held_than_a_token_has_refused),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
