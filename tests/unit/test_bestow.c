/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/bestow.h"

#include "tests/unit/unit_access.h"

#include "common/base/base.h"

#define R "urn:admin"

/* Before each change. The giver holds a and b (the latter by a role); nobody else's c is his. */
static const struct access_row now_rows[] = {
    {JT_STORE_RESOURCE, "{'identifier':'urn:admin','scopes':['a','b','c']}"},
    {JT_STORE_RESOURCE, "{'identifier':'urn:other','scopes':['c']}"},
    {JT_STORE_ROLE, "{'name':'has-b','grants':['urn:admin#b']}"},
    {JT_STORE_ROLE, "{'name':'has-c','grants':['urn:admin#c']}"},
    {JT_STORE_ROLE, "{'name':'empty'}"},
    {JT_STORE_PRODUCT, "{'name':'sells-c','grants':['urn:admin#c']}"},
    {JT_STORE_CLIENT,
     "{'client_id':'giver','name':'giver','grants':['urn:admin#a'],'roles':['has-b']}"},
    {JT_STORE_CLIENT, "{'client_id':'x','name':'x'}"},
    {JT_STORE_CLIENT, "{'client_id':'c','name':'c','grants':['urn:admin#c']}"},
    {JT_STORE_CLIENT, "{'client_id':'off','name':'off','grants':['urn:admin#c'],'enabled':false}"},
    {JT_STORE_CLIENT, "{'client_id':'p','name':'p','subscriptions':[{'product':'sells-c',"
                      "'status':'pending'}]}"},
};

#define SECRET                                                     \
    "{'id':'s','name':'s','created_s':1,'expires_s':null,'hash':'" \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}"

/* An object as it becomes, and the member that is refused (NULL: it may be). */
static const struct {
    enum jt_store_kind kind;
    const char *text, *member;
} rows[] = {
    /* by grant */
    {JT_STORE_CLIENT, "{'client_id':'x','name':'x','grants':['urn:admin#c']}", "grants"},
    {JT_STORE_CLIENT, "{'client_id':'x','name':'x','grants':['urn:admin#a','urn:admin#b']}", NULL},
    {JT_STORE_CLIENT, "{'client_id':'x','name':'x','grants':['urn:admin']}", NULL},
    {JT_STORE_CLIENT, "{'client_id':'x','name':'x','grants':['urn:other#c','urn:other']}", NULL},
    {JT_STORE_CLIENT, "{'client_id':'giver','name':'giver','grants':['urn:admin#c']}", "grants"},
    /* by role and product */
    {JT_STORE_CLIENT, "{'client_id':'x','name':'x','roles':['empty','has-c']}", "roles"},
    {JT_STORE_CLIENT, "{'client_id':'x','name':'x','roles':['empty','has-b']}", NULL},
    {JT_STORE_CLIENT,
     "{'client_id':'p','name':'p','subscriptions':[{'product':'sells-c','status':'approved'}]}",
     "subscriptions"},
    {JT_STORE_CLIENT,
     "{'client_id':'p','name':'p','subscriptions':[{'product':'sells-c','status':'revoked'}]}",
     NULL},
    {JT_STORE_CLIENT,
     "{'client_id':'x','name':'x','subscriptions':[{'product':'sells-c','status':'pending'}]}",
     NULL},
    /* what a client has, another way: nothing new */
    {JT_STORE_CLIENT, "{'client_id':'c','name':'c','roles':['has-c']}", NULL},
    {JT_STORE_CLIENT, "{'client_id':'c','name':'c','grants':['urn:admin#c','urn:admin#a']}", NULL},
    {JT_STORE_CLIENT, "{'client_id':'c','name':'renamed','grants':['urn:admin#c']}", NULL},
    {JT_STORE_CLIENT, "{'client_id':'c','name':'c'}", NULL},
    /* a new client, in new hands or enabled again */
    {JT_STORE_CLIENT, "{'client_id':'n','name':'n','roles':['has-c']}", "roles"},
    {JT_STORE_CLIENT, "{'client_id':'n','name':'n','grants':['urn:admin#c'],'enabled':false}",
     "grants"},
    {JT_STORE_CLIENT, "{'client_id':'n','name':'n','roles':['has-b']}", NULL},
    {JT_STORE_CLIENT,
     "{'client_id':'c','name':'c','grants':['urn:admin#c'],'secrets':[" SECRET "]}", "secrets"},
    {JT_STORE_CLIENT, "{'client_id':'x','name':'x','secrets':[" SECRET "]}", NULL},
    {JT_STORE_CLIENT, "{'client_id':'off','name':'off','grants':['urn:admin#c']}", "enabled"},
    {JT_STORE_CLIENT, "{'client_id':'off','name':'off','enabled':true}", NULL},
    {JT_STORE_CLIENT, "{'client_id':'off','name':'o','grants':['urn:admin#c'],'enabled':false}",
     NULL},
    /* roles and products */
    {JT_STORE_ROLE, "{'name':'empty','grants':['urn:admin#c']}", "grants"},
    {JT_STORE_ROLE, "{'name':'empty','grants':['urn:admin#b','urn:other#c','urn:admin']}", NULL},
    {JT_STORE_ROLE, "{'name':'has-c','grants':['urn:admin#c','urn:admin#a']}", NULL},
    {JT_STORE_ROLE, "{'name':'new','grants':['urn:admin#c']}", "grants"},
    {JT_STORE_PRODUCT, "{'name':'new','grants':['urn:admin#c']}", "grants"},
    {JT_STORE_PRODUCT, "{'name':'sells-c','approval':'manual','grants':['urn:admin#c']}", NULL},
    {JT_STORE_PRODUCT, "{'name':'new','grants':['urn:admin#a']}", NULL},
    /* a resource defines rights and gives none */
    {JT_STORE_RESOURCE, "{'identifier':'urn:admin','scopes':['a','b','c','d']}", NULL},
};

static void right_given_only_by_who_holds_it(void **state)
{
    (void)state;
    struct jt_access *now = access_of(now_rows, JT_COUNT(now_rows));
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        struct jt_object *object = NULL;
        struct jt_access *then = NULL;
        assert_ok(parse_text(rows[i].kind, rows[i].text, &object, &diag));
        struct jt_access_change change = {object->kind, object->id, object};
        assert_ok(jt_access_apply(now, &change, 1, &then));
        struct jt_bestow bestow = {now, then, jt_access_client(now, JT_SPAN("giver")), JT_SPAN(R),
                                   JT_SPAN("a b c")};
        enum jt_err err =
            jt_bestow_check(&bestow, jt_access_find(now, object->kind, object->id), object, &diag);
        if (err != (rows[i].member == NULL ? JT_OK : JT_ERR_SCOPE)) {
            fail_msg("%s: %s %s", rows[i].text, jt_err_name(err), diag.text);
        }
        if (rows[i].member != NULL) {
            assert_ptr_equal(strstr(diag.text, rows[i].member), diag.text);
            assert_int_equal(diag.text[strlen(rows[i].member)], ':');
            assert_non_null(strstr(diag.text, R "#c"));
        }
        jt_access_free(then);
        jt_object_free(object);
    }
    jt_access_free(now);
}

/* Who holds nothing on the resource gives not even the right to call it. */
static void bare_right_given_by_who_holds_any(void **state)
{
    (void)state;
    struct jt_access *now = access_of(now_rows, JT_COUNT(now_rows));
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_object *object = NULL;
    assert_ok(parse_text(JT_STORE_ROLE, "{'name':'bare','grants':['urn:admin']}", &object, &diag));
    struct jt_bestow bestow = {now, now, jt_access_client(now, JT_SPAN("x")), JT_SPAN(R),
                               JT_SPAN("a b c")};
    assert_err(jt_bestow_check(&bestow, NULL, object, &diag), JT_ERR_SCOPE);
    bestow.giver = jt_access_client(now, JT_SPAN("giver"));
    assert_ok(jt_bestow_check(&bestow, NULL, object, &diag));
    jt_object_free(object);
    jt_access_free(now);
}

/* A token for less than its client holds gives no more than it is for. */
static void right_outside_the_token_not_given(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        enum jt_err err;
    } tokens[] = {{"a b", JT_OK},       {"b", JT_OK},       {"c  b", JT_OK},
                  {"a", JT_ERR_SCOPE},  {"", JT_ERR_SCOPE}, {"bb", JT_ERR_SCOPE},
                  {"a:b", JT_ERR_SCOPE}};
    struct jt_access *now = access_of(now_rows, JT_COUNT(now_rows));
    struct jt_object *gives = NULL, *bare = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(parse_text(JT_STORE_ROLE, "{'name':'n','grants':['urn:admin#b']}", &gives, &diag));
    assert_ok(parse_text(JT_STORE_ROLE, "{'name':'n','grants':['urn:admin']}", &bare, &diag));
    for (size_t i = 0; i < JT_COUNT(tokens); i++) {
        struct jt_bestow bestow = {now, now, jt_access_client(now, JT_SPAN("giver")), JT_SPAN(R),
                                   jt_span_str(tokens[i].scope)};
        assert_err(jt_bestow_check(&bestow, NULL, gives, &diag), tokens[i].err);
        assert_ok(jt_bestow_check(&bestow, NULL, bare, &diag));
    }
    jt_object_free(gives);
    jt_object_free(bare);
    jt_access_free(now);
}

/* Ending a revoked subscription, or giving it another status, undoes what an approver decided. */
static void revoked_subscription_ended_only_by_who_approves(void **state)
{
    (void)state;
    static const struct access_row world[] = {
        {JT_STORE_RESOURCE, "{'identifier':'urn:admin','scopes':['clients:approve','w']}"},
        {JT_STORE_PRODUCT, "{'name':'gold'}"},
        {JT_STORE_CLIENT, "{'client_id':'g','name':'g','grants':['urn:admin#clients:approve',"
                          "'urn:admin#w']}"},
        {JT_STORE_CLIENT,
         "{'client_id':'x','name':'x','subscriptions':[{'product':'gold','status':'revoked'}]}"},
        {JT_STORE_CLIENT,
         "{'client_id':'y','name':'y','subscriptions':[{'product':'gold','status':'approved'}]}"},
    };
    static const struct {
        const char *text, *scope;
        enum jt_err err;
    } cases[] = {
        {"{'client_id':'x','name':'x'}", "w", JT_ERR_SCOPE},
        {"{'client_id':'x','name':'x'}", "w clients:approve", JT_OK},
        {"{'client_id':'x','name':'x','subscriptions':[{'product':'gold','status':'pending'}]}",
         "w", JT_ERR_SCOPE},
        {"{'client_id':'x','name':'z','subscriptions':[{'product':'gold','status':'revoked'}]}",
         "w", JT_OK},
        {"{'client_id':'y','name':'y'}", "w", JT_OK},
    };
    struct jt_access *access = access_of(world, JT_COUNT(world));
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct jt_object *object = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        struct jt_bestow bestow = {.now = access,
                                   .then = access,
                                   .giver = jt_access_client(access, JT_SPAN("g")),
                                   .resource = JT_SPAN(R),
                                   .scope = jt_span_str(cases[i].scope)};
        assert_ok(parse_text(JT_STORE_CLIENT, cases[i].text, &object, NULL));
        const struct jt_object *before = jt_access_find(access, JT_STORE_CLIENT, object->id);
        if (jt_bestow_check(&bestow, before, object, &diag) != cases[i].err) {
            fail_msg("row %zu: %s", i, diag.text);
        }
        jt_object_free(object);
    }
    jt_access_free(access);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_given_only_by_who_holds_it),
        cmocka_unit_test(bare_right_given_by_who_holds_any),
        cmocka_unit_test(right_outside_the_token_not_given),
        cmocka_unit_test(revoked_subscription_ended_only_by_who_approves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
