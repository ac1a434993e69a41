/* SPDX-License-Identifier: Apache-2.0 */
/* What products and roles together give: Apigee's rules, in its own examples. */
#include "tests/unit/unit_access.h"

#include "issuer/access/decide.h"
#include "issuer/access/holdings.h"

#include "common/base/base.h"

#define PRODUCT(name, grants)                                         \
    {                                                                 \
        JT_STORE_PRODUCT, "{'name':'" name "','grants':[" grants "]}" \
    }
#define CLIENT(id, more)                                                   \
    {                                                                      \
        JT_STORE_CLIENT, "{'client_id':'" id "','name':'" id "'," more "}" \
    }
#define ON(product, status) "{'product':'" product "','status':'" status "'}"

static const struct access_row world[] = {
    {JT_STORE_RESOURCE, "{'identifier':'u:1','scopes':['C','A','X','B','Y','Z','none']}"},
    {JT_STORE_RESOURCE, "{'identifier':'u:2','scopes':['A','Q']}"},
    PRODUCT("abc", "'u:1#B','u:1#A','u:1#C'"),
    PRODUCT("abcx", "'u:1#A','u:1#B','u:1#C','u:1#X'"),
    PRODUCT("abx", "'u:1#A','u:1#B','u:1#X'"),
    PRODUCT("x", "'u:1#X'"),
    PRODUCT("bare", "'u:1'"),
    PRODUCT("two", "'u:1#A','u:2#Q'"),
    PRODUCT("empty", ""),
    {JT_STORE_ROLE, "{'name':'role-y','grants':['u:1#Y']}"},
    {JT_STORE_ROLE, "{'name':'abc','grants':['u:1#Z']}"}, /* a role of a product's name */
    CLIENT("abc", "'subscriptions':[" ON("abc", "approved") "]"),
    CLIENT("abcx", "'subscriptions':[" ON("abcx", "approved") "]"),
    CLIENT("abx", "'subscriptions':[" ON("abx", "approved") "]"),
    CLIENT("abx-strict", "'scope_policy':'strict','subscriptions':[" ON("abx", "approved") "]"),
    CLIENT("pending", "'subscriptions':[" ON("abc", "pending") "]"),
    CLIENT("revoked", "'subscriptions':[" ON("abc", "revoked") "]"),
    CLIENT("union", "'roles':['role-y'],'grants':['u:1#Z'],'subscriptions':[" ON(
                        "abc", "approved") "," ON("x", "approved") "," ON("bare", "pending") "]"),
    CLIENT("part",
           "'roles':['role-y'],'subscriptions':[" ON("abc", "revoked") "," ON("x", "approved") "]"),
    CLIENT("bare", "'subscriptions':[" ON("bare", "approved") "]"),
    CLIENT("two", "'subscriptions':[" ON("two", "approved") "]"),
    CLIENT("empty", "'subscriptions':[" ON("empty", "approved") "]"),
    CLIENT("role", "'roles':['abc'],'subscriptions':[" ON("abc", "pending") "]"),
    CLIENT("default", "'default_resource':'u:1','subscriptions':[" ON("abc", "pending") "]"),
};

static struct jt_access *part;

static int make_world(void **state)
{
    (void)state;
    part = access_of(world, JT_COUNT(world));
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    jt_access_free(part);
    return 0;
}

static enum jt_err ask(const char *client, const char *resource, const char *scope,
                       struct jt_decision *out)
{
    const struct jt_client *who = jt_access_client(part, jt_span_str(client));
    struct jt_span resources[] = {jt_span_str(resource)};
    struct jt_diag diag = JT_DIAG_INIT;
    assert_non_null(who);
    const struct jt_decide_ask request = {resources, resource[0] != 0, jt_span_str(scope)};
    return jt_decide(part, who, &request, out, &diag);
}

static void decide_as_apigee_does(void **state)
{
    (void)state;
    static const struct {
        const char *client, *resource, *scope;
        enum jt_err err;
        const char *granted;
    } rows[] = {
        /* nothing asked: all, in the order of the resource */
        {"abc", "u:1", "", JT_OK, "C A B"},
        {"abc", "", "", JT_OK, "C A B"},
        {"abcx", "u:1", "A X", JT_OK, "A X"},
        {"abcx", "u:1", "X A", JT_OK, "X A"},
        {"abcx", "", "A X", JT_OK, "A X"},
        {"abx", "u:1", "X Y Z", JT_OK, "X"},
        {"abx", "u:1", "Y Z", JT_ERR_INVALID_SCOPE, NULL},
        {"abx-strict", "u:1", "X Y Z", JT_ERR_INVALID_SCOPE, NULL},
        {"abx-strict", "u:1", "X A", JT_OK, "X A"},
        {"abx-strict", "u:1", "", JT_OK, "A X B"},
        /* what is not approved gives nothing, not even that the resource is there */
        {"pending", "u:1", "", JT_ERR_TARGET, NULL},
        {"pending", "", "", JT_ERR_TARGET, NULL},
        {"pending", "", "A", JT_ERR_TARGET, NULL},
        {"revoked", "u:1", "A", JT_ERR_TARGET, NULL},
        {"revoked", "", "", JT_ERR_TARGET, NULL},
        {"default", "", "", JT_ERR_TARGET, NULL},
        {"empty", "u:1", "", JT_ERR_TARGET, NULL},
        {"empty", "", "", JT_ERR_TARGET, NULL},
        /* the union */
        {"union", "u:1", "", JT_OK, "C A X B Y Z"},
        {"union", "u:1", "Z Y X none", JT_OK, "Z Y X"},
        {"union", "u:1", "none", JT_ERR_INVALID_SCOPE, NULL}, /* the bare one is pending */
        {"part", "u:1", "", JT_OK, "X Y"},
        {"part", "u:1", "A B", JT_ERR_INVALID_SCOPE, NULL},
        {"bare", "u:1", "", JT_OK, ""},
        {"bare", "u:1", "A", JT_OK, ""},
        {"role", "u:1", "", JT_OK, "Z"},
        /* of one resource what is asked for there */
        {"two", "u:2", "", JT_OK, "Q"},
        {"two", "u:2", "A", JT_ERR_INVALID_SCOPE, NULL},
        {"two", "", "Q", JT_OK, "Q"},
        {"two", "", "A", JT_ERR_INVALID_SCOPE, NULL}, /* both define it */
        {"two", "", "", JT_ERR_TARGET, NULL},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_decision decision;
        JT_AUTO(buf) granted = JT_BUF_INIT(256);
        enum jt_err err = ask(rows[i].client, rows[i].resource, rows[i].scope, &decision);
        if (err != rows[i].err) {
            fail_msg("row %zu: %s", i, jt_err_name(err));
        }
        for (size_t j = 0; err == JT_OK && j < decision.n_scopes; j++) {
            assert_ok(jt_buf_puts(&granted, j == 0 ? "" : " "));
            assert_ok(jt_buf_put(&granted, decision.scopes[j].name));
        }
        assert_string_equal(granted.len == 0 ? "" : jt_buf_str(&granted),
                            rows[i].granted == NULL ? "" : rows[i].granted);
    }
}

static void decide_reasons_name_the_product(void **state)
{
    (void)state;
    struct jt_decision decision;
    static const struct {
        const char *scope, *by;
        enum jt_decide_source source;
    } rows[] = {
        {"A", "abc", JT_BY_PRODUCT},
        {"X", "x", JT_BY_PRODUCT},
        {"Y", "role-y", JT_BY_ROLE},
        {"Z", "", JT_BY_GRANT},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_ok(ask("union", "u:1", rows[i].scope, &decision));
        assert_int_equal(decision.scopes[0].source, rows[i].source);
        assert_span(decision.scopes[0].by, rows[i].by);
    }
    assert_ok(ask("role", "u:1", "", &decision));
    assert_int_equal(decision.scopes[0].source, JT_BY_ROLE);
}

static void holdings_listed_with_what_grants_nothing(void **state)
{
    (void)state;
    static const struct {
        enum jt_decide_source source;
        const char *by;
        size_t n;
    } rows[] = {
        {JT_BY_GRANT, "", 1},    {JT_BY_ROLE, "role-y", 1},  {JT_BY_PRODUCT, "abc", 3},
        {JT_BY_PRODUCT, "x", 1}, {JT_BY_PRODUCT, "bare", 0},
    };
    const struct jt_client *client = jt_access_client(part, JT_SPAN("union"));
    struct jt_holding holding;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_true(jt_holdings_at(part, client, i, &holding));
        assert_int_equal(holding.source, rows[i].source);
        assert_span(holding.by, rows[i].by);
        assert_int_equal(holding.n, rows[i].n);
    }
    assert_false(jt_holdings_at(part, client, JT_COUNT(rows), &holding));
}

static void holdings_resources_are_those_that_count(void **state)
{
    (void)state;
    static const struct {
        const char *client;
        size_t n;
    } rows[] = {{"two", 2},     {"union", 1}, {"pending", 0},
                {"revoked", 0}, {"empty", 0}, {"bare", 1}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_held_resources held;
        const struct jt_client *client = jt_access_client(part, jt_span_str(rows[i].client));
        jt_holdings_resources(part, client, &held);
        assert_int_equal(held.n, rows[i].n);
        const struct jt_resource *first = jt_access_resource(part, JT_SPAN("u:1"));
        assert_int_equal(jt_holdings_any(part, client, first), rows[i].n > 0);
        assert_int_equal(jt_holdings_bare(part, client, first),
                         strcmp(rows[i].client, "bare") == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decide_as_apigee_does),
        cmocka_unit_test(decide_reasons_name_the_product),
        cmocka_unit_test(holdings_listed_with_what_grants_nothing),
        cmocka_unit_test(holdings_resources_are_those_that_count),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
