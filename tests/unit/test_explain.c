/* SPDX-License-Identifier: Apache-2.0 */
/* What explain says of one request after another; tests/flow/15-explain.py compares it with what the
 * token endpoint does. */
#include "tests/unit/unit_issuer.h"

#include "issuer/explain.h"
#include "issuer/why.h"

#include "common/base/base.h"

#define HASH   "'hash':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'"
#define SECRET "'secrets':[{'id':'s1','name':'first','created_s':1,'expires_s':null," HASH "}]"
#define ENDED  "'secrets':[{'id':'s1','name':'first','created_s':1,'expires_s':1700000000," HASH "}]"

static const struct access_row world[] = {
    {JT_STORE_RESOURCE, "{'identifier':'https://a','scopes':['read','write','odd$(x)'],"
                        "'claims':{'tier':'gold'},'lifetime_s':600}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://b','scopes':['read','only-b']}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://s1','scopes':['read','s1'],'shared':true}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://s2','scopes':['read','s2'],'shared':true}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://s-jwt','scopes':['read'],'shared':true,"
                        "'typ':'JWT'}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://rsa','scopes':['read'],'alg':'RS256'}"},
    {JT_STORE_ROLE, "{'name':'reader','grants':['https://a#read']}"},
    {JT_STORE_ROLE, "{'name':'writer','grants':['https://a#write','https://b#read']}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://p','scopes':['pay','refund','see','admin']}"},
    {JT_STORE_PRODUCT, "{'name':'gold','approval':'manual','grants':['https://p#pay',"
                       "'https://p#see']}"},
    {JT_STORE_PRODUCT, "{'name':'silver','grants':['https://p#refund']}"},
    {JT_STORE_PRODUCT, "{'name':'bronze','grants':['https://p#admin']}"},
    {JT_STORE_CLIENT, "{'client_id':'c10','name':'buyer','grants':['https://p#see'],"
                      "'subscriptions':[{'product':'gold','status':'approved'},{'product':'silver',"
                      "'status':'pending'}]," SECRET "}"},
    {JT_STORE_CLIENT, "{'client_id':'c11','name':'gone','grants':['https://p'],'subscriptions':["
                      "{'product':'gold','status':'revoked'}]," SECRET "}"},
    {JT_STORE_CLIENT, "{'client_id':'c1','name':'cart','roles':['reader'],"
                      "'grants':['https://a#read']," SECRET "}"},
    {JT_STORE_CLIENT, "{'client_id':'c2','name':'strict','scope_policy':'strict',"
                      "'grants':['https://a#read']," SECRET "}"},
    {JT_STORE_CLIENT, "{'client_id':'c3','name':'off','enabled':false,"
                      "'grants':['https://a#read']," SECRET "}"},
    {JT_STORE_CLIENT, "{'client_id':'c4','name':'ended','grants':['https://a#read']," ENDED "}"},
    {JT_STORE_CLIENT, "{'client_id':'c5','name':'two','default_resource':'https://b',"
                      "'grants':['https://a#read','https://b#only-b']," SECRET "}"},
    {JT_STORE_CLIENT, "{'client_id':'c6','name':'many',"
                      "'grants':['https://a#read','https://b#only-b']," SECRET "}"},
    {JT_STORE_CLIENT,
     "{'client_id':'c7','name':'sharer','grants':['https://s1#read',"
     "'https://s1#s1','https://s2#s2','https://s-jwt#read','https://a#read']," SECRET "}"},
    {JT_STORE_CLIENT, "{'client_id':'c8','name':'none'," SECRET "}"},
    {JT_STORE_CLIENT, "{'client_id':'c9','name':'rsa','grants':['https://rsa']," SECRET "}"},
};

static struct jt_access *access_part;
static struct jt_root *root;
static struct jt_signer_lane *lane;

static int make_world(void **state)
{
    int failed = desk_setup(state);
    desk_open("");
    access_part = access_of(world, JT_COUNT(world));
    assert_ok(jt_root_new(1, desk_root()->settings, access_part, desk_root()->keys, &root));
    assert_ok(jt_signer_lane_new(desk.issuer->signer, &lane));
    return failed;
}

static int drop_world(void **state)
{
    jt_signer_lane_free(lane);
    jt_root_free(root);
    jt_access_free(access_part);
    return desk_teardown(state);
}

/* The answer for a request, to json_decref; resources separated by spaces. */
static json_t *explain(const char *client, const char *resources, const char *scope)
{
    struct jt_span list[JT_DECIDE_MAX_RESOURCES + 4], rest = jt_span_str(resources);
    size_t n = 0;
    while (n < JT_COUNT(list) && jt_span_word(&rest, &list[n])) {
        n++;
    }
    const struct jt_explain what = {root,
                                    lane,
                                    jt_access_client_named(access_part, jt_span_str(client)),
                                    jt_span_str(client),
                                    {list, n, jt_span_str(scope)},
                                    START_S};
    json_t *answer = NULL;
    assert_ok(jt_explain_make(&what, &answer));
    return answer;
}

struct row {
    const char *client, *resources, *scope;
    const char *want; /* members that the answer has */
};

static void check_row(const struct row *row)
{
    json_t *answer = explain(row->client, row->resources, row->scope), *want = doc_of(row->want);
    const char *name;
    json_t *value;
    json_object_foreach(want, name, value)
    {
        if (!json_equal(json_object_get(answer, name), value)) {
            char *got = json_dumps(json_object_get(answer, name), JSON_ENCODE_ANY);
            char *wanted = json_dumps(value, JSON_ENCODE_ANY);
            fail_msg("%s asks '%s' for '%s': %s is\n%s, not\n%s", row->client, row->resources,
                     row->scope, name, got, wanted);
        }
    }
    json_decref(want);
    json_decref(answer);
}

#define CHECK_ROWS(rows)                             \
    for (size_t i_ = 0; i_ < JT_COUNT(rows); i_++) { \
        check_row(&(rows)[i_]);                      \
    }

static void explain_granted_names_every_source(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"cart", "https://a", "read",
         "{'decision':'granted','status':200,'resources':['https://a'],'chosen':'asked',"
         "'client':{'client_id':'c1','name':'cart','enabled':true,'scope_policy':'filter',"
         "'live_secret':true},"
         "'scopes':[{'scope':'read','resource':'https://a','via':[{'grant':true},"
         "{'role':'reader'}]}],'dropped':[],'refused_resources':[],'fix':[],"
         "'claims':{'iss':'https://id.example.com','sub':'c1','aud':'https://a','client_id':'c1',"
         "'scope':'read','iat':1700000000,'nbf':1700000000,'exp':1700000600,"
         "'jti':'(another one for each token)','tier':'gold'}}"},
        {"cart", "", "", "{'decision':'granted','chosen':'only','resources':['https://a']}"},
        {"two", "", "", "{'decision':'granted','chosen':'default','resources':['https://b']}"},
        {"many", "", "only-b",
         "{'decision':'granted','chosen':'by_scope','resources':['https://b']}"},
    };
    CHECK_ROWS(rows);
}

static void explain_dropped_says_why_and_what_would_give_it(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"cart", "https://a", "read wriet",
         "{'decision':'granted','fix':[],'dropped':[{'scope':'wriet','why':'undefined','resource':"
         "'https://a','nearest':'write','hint':'the resource defines no such scope; did you mean "
         "write?'}]}"},
        {"cart", "https://a", "read zzzzzzz",
         "{'fix':['jeton resource show https://a'],'dropped':[{'scope':'zzzzzzz','why':"
         "'undefined','resource':'https://a','hint':'the resource defines no such scope; jeton "
         "resource show https://a'}]}"},
        {"cart", "https://a", "read write",
         "{'fix':['jeton client assign cart writer'],'dropped':[{'scope':'write','why':"
         "'not_held','resource':'https://a','given_by':[{'role':'writer'}],'hint':'role writer "
         "would give it; jeton client assign cart writer'}]}"},
        {"strict", "https://a", "read write",
         "{'decision':'refused','error':'invalid_scope','status':400,'scopes':[],'claims':null,"
         "'fix':['jeton client assign strict writer'],'dropped':[{'scope':'write','why':"
         "'not_held','resource':'https://a','given_by':[{'role':'writer'}],'hint':'role writer "
         "would give it; jeton client assign strict writer'}]}"},
        {"sharer", "https://s1 https://s2", "",
         "{'decision':'granted','dropped':[{'scope':'read','why':'not_everywhere','resource':"
         "'https://s2','given_by':[],'hint':'held at https://s1 but not at https://s2, where the "
         "one token would work too; ask for a token each, or: no role or product gives it; jeton "
         "client grant sharer https://s2#read'}]}"},
    };
    CHECK_ROWS(rows);
}

static void explain_product_names_its_subscription(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"buyer", "https://p", "see pay refund admin",
         "{'decision':'granted','scopes':[{'scope':'see','resource':'https://p','via':[{'grant':"
         "true},{'product':'gold','status':'approved'}]},{'scope':'pay','resource':'https://"
         "p','via':[{'product':"
         "'gold','status':'approved'}]}],'dropped':[{'scope':'refund','why':'not_held','resource':'"
         "https://p',"
         "'given_by':[{'product':'silver','status':'pending'}],'hint':'held by product silver, "
         "whose subscription is pending; jeton client approve buyer silver'},{'scope':'admin',"
         "'why':'not_held','resource':'https://p','given_by':[{'product':'bronze'}],'hint':"
         "'product bronze would give it; jeton client subscribe buyer bronze'}],"
         "'fix':['jeton client approve buyer silver','jeton client subscribe buyer bronze']}"},
        {"gone", "", "pay",
         "{'decision':'granted','scopes':[],'dropped':[{'scope':'pay','why':'not_held','resource':"
         "'https://p','given_by':[{'product':'gold','status':'revoked'}],'hint':'held by product "
         "gold, whose subscription is revoked; jeton client approve gone gold'}]}"},
    };
    CHECK_ROWS(rows);
}

/* A scope may hold what a shell would run. */
static void explain_fix_is_quoted_for_a_shell(void **state)
{
    (void)state;
    static const struct row row = {"cart", "https://a", "odd$(x)",
                                   "{'fix':['jeton client grant cart \\u0027https://a#odd$(x)"
                                   "\\u0027']}"};
    check_row(&row);
}

static void explain_refused_resource_says_why(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"cart", "https://aa", "",
         "{'decision':'refused','error':'invalid_target','resources':[],'chosen':null,"
         "'refused_resources':[{'resource':'https://aa','why':'unknown','nearest':'https://a',"
         "'hint':'there is no such resource; did you mean https://a?'}]}"},
        {"cart", "https://b", "",
         "{'error':'invalid_target','fix':['jeton client assign cart writer'],"
         "'refused_resources':[{'resource':'https://b','why':'not_held','given_by':[{'role':"
         "'writer'}],'hint':'the client holds no right on it: role writer would give it; jeton "
         "client assign cart writer'}]}"},
        {"sharer", "https://s1 https://a", "",
         "{'error':'invalid_target','fix':['jeton resource update https://a --shared'],"
         "'refused_resources':[{'resource':'https://a','why':'not_shared','hint':'it shares no "
         "token with others; ask for a token each, or let it: jeton resource update https://a "
         "--shared'}]}"},
        {"sharer", "https://s1 https://s-jwt", "",
         "{'error':'invalid_target','refused_resources':[{'resource':'https://s-jwt','why':"
         "'differs','hint':'its algorithm or typ is not that of the first; ask for a token "
         "each'}]}"},
        {"sharer", "https://s1 https://s1", "",
         "{'error':'invalid_target','refused_resources':[{'resource':'https://s1','why':"
         "'named_twice','hint':'name it once'}]}"},
        {"many", "", "",
         "{'error':'invalid_target','holds':['https://a','https://b'],"
         "'fix':['jeton client update many --default-resource https://a']}"},
        {"none", "", "", "{'error':'invalid_target','holds':[],'fix':['jeton resource list']}"},
    };
    CHECK_ROWS(rows);
}

static void explain_client_that_cannot_authenticate_is_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"off", "https://a", "read",
         "{'decision':'refused','status':401,'error':'invalid_client','error_description':'unknown "
         "client, wrong or expired secret, or client disabled','scopes':[],'claims':null,"
         "'fix':['jeton client update off --enable']}"},
        {"ended", "https://a", "read",
         "{'decision':'refused','error':'invalid_client','fix':['jeton client secret add ended'],"
         "'client':{'client_id':'c4','name':'ended','enabled':true,'scope_policy':'filter',"
         "'live_secret':false}}"},
        {"crat", "https://a", "read",
         "{'decision':'refused','error':'invalid_client','client':null,'nearest':'cart',"
         "'fix':['jeton client list']}"},
    };
    CHECK_ROWS(rows);
}

static void explain_alg_without_key_is_unavailable(void **state)
{
    (void)state;
    static const struct row row = {"rsa", "", "",
                                   "{'decision':'refused','status':503,'error':"
                                   "'temporarily_unavailable','fix':['jeton doctor'],"
                                   "'claims':null}"};
    check_row(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explain_granted_names_every_source),
        cmocka_unit_test(explain_dropped_says_why_and_what_would_give_it),
        cmocka_unit_test(explain_product_names_its_subscription),
        cmocka_unit_test(explain_fix_is_quoted_for_a_shell),
        cmocka_unit_test(explain_refused_resource_says_why),
        cmocka_unit_test(explain_client_that_cannot_authenticate_is_refused),
        cmocka_unit_test(explain_alg_without_key_is_unavailable),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
