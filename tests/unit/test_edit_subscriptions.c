/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions to products, from asking to giving, and what they give at each moment. */
#include "tests/unit/unit_edit.h"

#include "issuer/access/holdings.h"

#include "common/base/base.h"

static void open_with_products(void)
{
    desk_open("");
    assert_ok(
        create(JT_STORE_RESOURCE, "{'identifier':'https://a','scopes':['r','w']}", NULL, NULL));
    assert_ok(create(JT_STORE_PRODUCT, "{'name':'open','grants':['https://a#r']}", NULL, NULL));
    assert_ok(create(JT_STORE_PRODUCT,
                     "{'name':'asked','approval':'manual','grants':['https://a#w']}", NULL, NULL));
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart'}", NULL, NULL));
}

/* Does the client hold `scope` of https://a? */
static bool holds(const char *scope)
{
    struct jt_decide_scope unused;
    const struct jt_access *access = desk_root()->access;
    return jt_holdings_scope(access, jt_access_client_named(access, JT_SPAN("cart")),
                             jt_access_resource(access, JT_SPAN("https://a")), jt_span_str(scope),
                             &unused);
}

static void assert_subscriptions(const char *text)
{
    assert_member(JT_STORE_CLIENT, "cart", "subscriptions", text);
}

static void subscribe_auto_gives_at_once_manual_when_approved(void **state)
{
    (void)state;
    open_with_products();
    assert_ok(act("cart", JT_EDIT_SUBSCRIBE, "open", NULL));
    assert_true(holds("r"));
    assert_ok(act("cart", JT_EDIT_SUBSCRIBE, "asked", NULL));
    assert_false(holds("w"));
    assert_subscriptions("[{'product':'open','status':'approved'},"
                         "{'product':'asked','status':'pending'}]");
    assert_ok(act("cart", JT_EDIT_APPROVE, "asked", NULL));
    assert_true(holds("w"));
    assert_ok(act("cart", JT_EDIT_REVOKE, "asked", NULL));
    assert_false(holds("w"));
    assert_true(holds("r"));
    desk_reopen("");
    assert_false(holds("w"));
    assert_true(holds("r"));
    assert_ok(act("cart", JT_EDIT_APPROVE, "asked", NULL));
    assert_true(holds("w"));
    assert_ok(act("cart", JT_EDIT_UNSUBSCRIBE, "asked", NULL));
    assert_false(holds("w"));
    assert_subscriptions("[{'product':'open','status':'approved'}]");
}

static void subscribe_each_refusal_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        enum jt_edit_list_act act;
        const char *product;
        enum jt_err err;
    } rows[] = {
        {JT_EDIT_SUBSCRIBE, "none", JT_ERR_INVALID},
        {JT_EDIT_SUBSCRIBE, "", JT_ERR_INVALID},
        {JT_EDIT_SUBSCRIBE, "a b", JT_ERR_INVALID},
        {JT_EDIT_SUBSCRIBE, "https://a", JT_ERR_INVALID},
        {JT_EDIT_SUBSCRIBE, "open", JT_ERR_CONFLICT}, /* revoked below */
        {JT_EDIT_APPROVE, "asked", JT_ERR_NOT_FOUND},
        {JT_EDIT_REVOKE, "asked", JT_ERR_NOT_FOUND},
        {JT_EDIT_UNSUBSCRIBE, "asked", JT_ERR_NOT_FOUND},
    };
    open_with_products();
    assert_ok(act("cart", JT_EDIT_SUBSCRIBE, "open", NULL));
    assert_ok(act("cart", JT_EDIT_REVOKE, "open", NULL));
    int64_t version = desk_root()->version;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        assert_err(act("cart", rows[i].act, rows[i].product, &diag), rows[i].err);
        assert_true(strlen(diag.text) > 10);
        assert_err(act("nobody", rows[i].act, rows[i].product, &diag), JT_ERR_NOT_FOUND);
        assert_int_equal(desk_root()->version, version);
    }
    assert_ok(act("cart", JT_EDIT_APPROVE, "open", NULL));
    assert_ok(act("cart", JT_EDIT_SUBSCRIBE, "open", NULL)); /* is there */
}

static void create_with_subscriptions_settles_them(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *view = NULL;
    open_with_products();
    assert_ok(create(JT_STORE_CLIENT,
                     "{'name':'desk','subscriptions':['asked',{'product':'open'}]}", &view, NULL));
    json_t *want = doc_of("[{'product':'asked','status':'pending'},"
                          "{'product':'open','status':'approved'}]");
    assert_true(json_equal(json_object_get(view, "subscriptions"), want) != 0);
    json_decref(want);
    json_decref(view);
    /* nobody who may only create clients approves by creating */
    assert_err(create(JT_STORE_CLIENT,
                      "{'name':'x','subscriptions':['open',{'product':'asked','status':"
                      "'approved'}]}",
                      NULL, &diag),
               JT_ERR_INVALID);
    assert_ptr_equal(strstr(diag.text, "subscriptions: "), diag.text);
    assert_err(create(JT_STORE_CLIENT,
                      "{'name':'x','subscriptions':[{'product':'asked','status':null}]}", NULL,
                      NULL),
               JT_ERR_INVALID);
    assert_err(create(JT_STORE_CLIENT, "{'name':'x','subscriptions':['open','open']}", NULL, NULL),
               JT_ERR_INVALID);
    assert_err(create(JT_STORE_CLIENT, "{'name':'x','subscriptions':'open'}", NULL, NULL),
               JT_ERR_INVALID);
    assert_err(create(JT_STORE_CLIENT, "{'name':'x','subscriptions':[['open']]}", NULL, NULL),
               JT_ERR_INVALID);
    assert_ok(create(JT_STORE_CLIENT, "{'name':'x','subscriptions':['open']}", NULL, NULL));
}

static void patch_leaves_subscriptions_to_their_acts(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "{'subscriptions':[]}",
        "{'subscriptions':null}",
        "{'subscriptions':[{'product':'asked','status':'approved'}]}",
        "{'enabled':false,'subscriptions':['asked']}",
    };
    open_with_products();
    assert_ok(act("cart", JT_EDIT_SUBSCRIBE, "asked", NULL));
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        assert_err(patch(JT_STORE_CLIENT, "cart", refused[i], &diag), JT_ERR_INVALID);
        assert_ptr_equal(strstr(diag.text, "subscriptions: "), diag.text);
    }
    /* what the product says later is for who comes later */
    assert_ok(patch(JT_STORE_PRODUCT, "asked", "{'approval':'auto'}", NULL));
    assert_ok(patch(JT_STORE_CLIENT, "cart", "{'scope_policy':'strict'}", NULL));
    assert_subscriptions("[{'product':'asked','status':'pending'}]");
    assert_false(holds("w"));
}

static void product_deleted_only_without_subscribers(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    open_with_products();
    assert_ok(act("cart", JT_EDIT_SUBSCRIBE, "open", NULL));
    for (int i = 0; i < 2; i++) { /* a revoked one is a subscriber still */
        assert_err(remove_object(JT_STORE_PRODUCT, "open", &diag), JT_ERR_CONFLICT);
        assert_non_null(strstr(diag.text, "client 'cart' still uses product 'open'"));
        assert_ok(act("cart", JT_EDIT_REVOKE, "open", NULL));
    }
    assert_ok(act("cart", JT_EDIT_UNSUBSCRIBE, "open", NULL));
    assert_ok(remove_object(JT_STORE_PRODUCT, "open", &diag));
}

static void product_change_reaches_its_subscribers(void **state)
{
    (void)state;
    open_with_products();
    assert_ok(act("cart", JT_EDIT_SUBSCRIBE, "open", NULL));
    assert_ok(patch(JT_STORE_PRODUCT, "open", "{'grants':['https://a#w']}", NULL));
    assert_false(holds("r"));
    assert_true(holds("w"));
    assert_ok(patch(JT_STORE_PRODUCT, "open", "{'grants':[]}", NULL));
    assert_false(holds("w"));
}

static void roles_one_by_one(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    open_with_products();
    assert_ok(create(JT_STORE_ROLE, "{'name':'reader','grants':['https://a#r']}", NULL, NULL));
    assert_ok(act("cart", JT_EDIT_ASSIGN, "reader", NULL));
    assert_true(holds("r"));
    assert_err(act("cart", JT_EDIT_ASSIGN, "none", &diag), JT_ERR_INVALID);
    assert_err(act("cart", JT_EDIT_ASSIGN, "open", &diag), JT_ERR_INVALID); /* a product */
    assert_member(JT_STORE_CLIENT, "cart", "roles", "['reader']");
    assert_err(act("cart", JT_EDIT_UNASSIGN, "none", &diag), JT_ERR_NOT_FOUND);
    assert_ok(act("cart", JT_EDIT_UNASSIGN, "reader", NULL));
    assert_false(holds("r"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(subscribe_auto_gives_at_once_manual_when_approved),
        DESK_TEST(subscribe_each_refusal_changes_nothing),
        DESK_TEST(create_with_subscriptions_settles_them),
        DESK_TEST(patch_leaves_subscriptions_to_their_acts),
        DESK_TEST(product_deleted_only_without_subscribers),
        DESK_TEST(product_change_reaches_its_subscribers),
        DESK_TEST(roles_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
