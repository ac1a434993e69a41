/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit_access.h"

#include "issuer/who_can.h"

#include "common/base/base.h"

static const struct access_row world[] = {
    {JT_STORE_RESOURCE, "{'identifier':'https://a','scopes':['read','write']}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://b','scopes':['read']}"},
    {JT_STORE_ROLE, "{'name':'reader','grants':['https://a#read']}"},
    {JT_STORE_PRODUCT, "{'name':'gold','approval':'manual','grants':['https://a#read',"
                       "'https://a#write']}"},
    {JT_STORE_CLIENT, "{'client_id':'c1','name':'zoe','roles':['reader']}"},
    {JT_STORE_CLIENT, "{'client_id':'c2','name':'anna','grants':['https://a#read'],'subscriptions':"
                      "[{'product':'gold','status':'approved'}]}"},
    {JT_STORE_CLIENT, "{'client_id':'c3','name':'off','enabled':false,'grants':["
                      "'https://a#write']}"},
    {JT_STORE_CLIENT, "{'client_id':'c4','name':'bare','grants':['https://a']}"},
    {JT_STORE_CLIENT, "{'client_id':'c5','name':'waits','subscriptions':[{'product':'gold',"
                      "'status':'pending'}]}"},
    {JT_STORE_CLIENT, "{'client_id':'c6','name':'other','grants':['https://b#read']}"},
    {JT_STORE_CLIENT, "{'client_id':'c7','name':'strict','scope_policy':'strict','grants':["
                      "'https://a#read']}"},
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

static enum jt_err ask(const char *resource, const char *scope, const char *after, size_t limit,
                       json_t **out_page, struct jt_diag *diag)
{
    json_t *items = NULL;
    struct jt_span last = JT_SPAN_NONE;
    const struct jt_who_can who_can = {access_part, jt_span_str(resource), jt_span_str(scope),
                                       jt_span_str(after), limit};
    JT_TRY(jt_who_can_list(&who_can, &items, &last, diag));
    *out_page = json_pack("{s:o}", "items", items);
    if (last.p != NULL) {
        assert_int_equal(
            json_object_set_new(*out_page, "next", json_stringn((const char *)last.p, last.n)), 0);
    }
    return JT_OK;
}

static void assert_page(const char *resource, const char *scope, const char *after, size_t limit,
                        const char *text)
{
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *page = NULL, *want = doc_of(text);
    assert_ok(ask(resource, scope, after, limit, &page, &diag));
    if (!json_equal(page, want)) {
        char *got = json_dumps(page, JSON_COMPACT);
        fail_msg("%s %s: %s", resource, scope, got);
    }
    json_decref(page);
    json_decref(want);
}

#define ANNA(via)  "{'client_id':'c2','name':'anna','enabled':true,'via':[" via "]}"
#define STRICT     "{'client_id':'c7','name':'strict','enabled':true,'via':[{'grant':true}]}"
#define ZOE        "{'client_id':'c1','name':'zoe','enabled':true,'via':[{'role':'reader'}]}"
#define OFF        "{'client_id':'c3','name':'off','enabled':false,'via':[{'grant':true}]}"
#define BARE       "{'client_id':'c4','name':'bare','enabled':true,'via':[{'grant':true}]}"
#define GRANT_GOLD "{'grant':true},{'product':'gold','status':'approved'}"

static void who_can_with_scope_lists_those_that_get_it(void **state)
{
    (void)state;
    assert_page("https://a", "read", "", 9, "{'items':[" ANNA(GRANT_GOLD) "," STRICT "," ZOE "]}");
    assert_page("https://a", "write", "", 9,
                "{'items':[" ANNA("{'product':'gold','status':'approved'}") "," OFF "]}");
}

static void who_can_without_scope_lists_all_that_get_a_token(void **state)
{
    (void)state;
    assert_page("https://a", "", "", 9,
                "{'items':[" ANNA(GRANT_GOLD) "," BARE "," OFF "," STRICT "," ZOE "]}");
}

static void who_can_goes_on_where_a_page_ended(void **state)
{
    (void)state;
    assert_page("https://a", "", "", 2, "{'items':[" ANNA(GRANT_GOLD) "," BARE "],'next':'bare'}");
    assert_page("https://a", "", "bare", 2, "{'items':[" OFF "," STRICT "],'next':'strict'}");
    assert_page("https://a", "", "strict", 2, "{'items':[" ZOE "]}");
    assert_page("https://a", "", "strict", 1, "{'items':[" ZOE "]}");
    assert_page("https://a", "", "zoe", 1, "{'items':[]}");
}

static void who_can_of_nothing_is_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *page = NULL;
    assert_err(ask("https://none", "", "", 9, &page, &diag), JT_ERR_INVALID);
    assert_non_null(strstr(diag.text, "resource: "));
    assert_err(ask("https://a", "raed", "", 9, &page, &diag), JT_ERR_INVALID);
    assert_string_equal(diag.text, "scope: the resource defines no such scope; did you mean read?");
    assert_err(ask("https://a", "read write", "", 9, &page, &diag), JT_ERR_INVALID);
    assert_null(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_can_with_scope_lists_those_that_get_it),
        cmocka_unit_test(who_can_without_scope_lists_all_that_get_a_token),
        cmocka_unit_test(who_can_goes_on_where_a_page_ended),
        cmocka_unit_test(who_can_of_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
