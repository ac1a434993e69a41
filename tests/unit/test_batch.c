/* SPDX-License-Identifier: Apache-2.0 */
/* Batches over a real store: checked as a whole, whatever their order; all of it or nothing. */
#include "tests/unit/unit_batch.h"

#include "common/base/base.h"

/* --- together, in any order --- */

enum { N_WORLD = 5 };
static const struct batch_row world[N_WORLD] = {
    {JT_STORE_RESOURCE, NULL, "{'identifier':'https://a','scopes':['r','w']}"},
    {JT_STORE_ROLE, NULL, "{'name':'reader','grants':['https://a#r']}"},
    {JT_STORE_PRODUCT, NULL, "{'name':'basic','grants':['https://a#w']}"},
    {JT_STORE_CLIENT, NULL,
     "{'client_id':'c1','name':'cart','roles':['reader'],'subscriptions':['basic'],"
     "'default_resource':'https://a','grants':['https://a']}"},
    {JT_STORE_CLIENT, NULL, "{'client_id':'c2','name':'desk','grants':['https://a#r']}"},
};
static const char *const world_ids[N_WORLD] = {"https://a", "reader", "basic", "c1", "c2"};

/* The `which`-th order of the world's objects. */
static void order_of(size_t which, size_t out[N_WORLD])
{
    size_t left[N_WORLD], n = N_WORLD;
    for (size_t i = 0; i < N_WORLD; i++) {
        left[i] = i;
    }
    for (size_t i = 0; i < N_WORLD; i++, n--) {
        size_t at = which % n;
        which /= n;
        out[i] = left[at];
        left[at] = left[n - 1];
    }
}

static void batch_in_any_order_made_and_deleted_as_one(void **state)
{
    (void)state;
    desk_open("");
    for (size_t which = 0; which < 120; which += 7) {
        size_t order[N_WORLD];
        struct batch_row made[N_WORLD], gone[N_WORLD];
        order_of(which, order);
        for (size_t i = 0; i < N_WORLD; i++) {
            made[i] = world[order[i]];
            gone[i] = (struct batch_row){made[i].kind, world_ids[order[i]], NULL};
        }
        int64_t version = desk_root()->version;
        MAKE_ALL(made);
        assert_int_equal(desk_root()->version, version + 1);
        for (size_t i = 0; i < N_WORLD; i++) {
            assert_int_equal(version_of(world[i].kind, world_ids[i]), version + 1);
        }
        MAKE_ALL(gone);
        assert_int_equal(desk_root()->version, version + 2);
        for (size_t i = 0; i < N_WORLD; i++) {
            assert_null(object_of(world[i].kind, world_ids[i]));
        }
        assert_null(object_of(JT_STORE_CLIENT, "cart")); /* nor by name */
    }
}

static void batch_of_nothing_changes_nothing(void **state)
{
    (void)state;
    struct batch_run run;
    desk_open("");
    int64_t version = desk_root()->version;
    assert_ok(run_batch(&run, NULL, 0));
    assert_int_equal(desk_root()->version, version);
}

static void batch_versions_are_the_last_writers_and_survive(void **state)
{
    (void)state;
    static const struct batch_row second[] = {
        {JT_STORE_ROLE, "reader", "{'name':'reader','grants':['https://a#w']}"},
        {JT_STORE_CLIENT, "cart", "{'client_id':'c1','name':'cart','enabled':false}"},
    };
    desk_open("");
    MAKE_ALL(world);
    int64_t first = desk_root()->version;
    MAKE_ALL(second);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(version_of(JT_STORE_RESOURCE, "https://a"), first);
        assert_int_equal(version_of(JT_STORE_PRODUCT, "basic"), first);
        assert_int_equal(version_of(JT_STORE_CLIENT, "desk"), first);
        assert_int_equal(version_of(JT_STORE_ROLE, "reader"), first + 1);
        assert_int_equal(version_of(JT_STORE_CLIENT, "cart"), first + 1);
        assert_member(JT_STORE_CLIENT, "cart", "enabled", "false");
        assert_member(JT_STORE_CLIENT, "cart", "roles", "[]");
        desk_reopen("");
    }
}

/* --- refused as a whole --- */

struct refusal {
    struct batch_row rows[4];
    size_t failed;
    enum jt_err err;
    const char *sentence;
};

static size_t n_rows(const struct refusal *refusal)
{
    size_t n = 0;
    while (n < 4 && (refusal->rows[n].id != NULL || refusal->rows[n].text != NULL)) {
        n++;
    }
    return n;
}

#define ROLE(name, grants)    "{'name':'" name "','grants':[" grants "]}"
#define CLIENT(id, name)      "{'client_id':'" id "','name':'" name "'}"
#define CLIENT_WITH(id, more) "{'client_id':'" id "','name':'" id "-name'," more "}"

static const struct refusal refusals[] = {
    /* what dangles */
    {{{JT_STORE_ROLE, NULL, ROLE("good", "'https://a'")},
      {JT_STORE_ROLE, NULL, ROLE("x", "'https://b#r'")}},
     1,
     JT_ERR_INVALID,
     "grants: no resource 'https://b'"},
    {{{JT_STORE_PRODUCT, NULL, ROLE("x", "'https://a#none'")},
      {JT_STORE_ROLE, NULL, ROLE("good", "'https://a'")}},
     0,
     JT_ERR_INVALID,
     "grants: 'https://a' defines no scope 'none'"},
    {{{JT_STORE_ROLE, NULL, ROLE("good", "")},
      {JT_STORE_ROLE, NULL, ROLE("better", "")},
      {JT_STORE_CLIENT, NULL, CLIENT_WITH("x", "'roles':['good','none']")}},
     2,
     JT_ERR_INVALID,
     "roles: no role 'none'"},
    {{{JT_STORE_CLIENT, NULL, CLIENT_WITH("x", "'subscriptions':['none']")}},
     0,
     JT_ERR_INVALID,
     "subscriptions: no product 'none'"},
    /* a role is no product, and a product no role */
    {{{JT_STORE_CLIENT, NULL, CLIENT_WITH("x", "'subscriptions':['reader']")}},
     0,
     JT_ERR_INVALID,
     "subscriptions: "},
    {{{JT_STORE_CLIENT, NULL, CLIENT_WITH("x", "'roles':['basic']")}},
     0,
     JT_ERR_INVALID,
     "roles: "},
    {{{JT_STORE_CLIENT, NULL, CLIENT_WITH("x", "'default_resource':'https://b'")}},
     0,
     JT_ERR_INVALID,
     "default_resource: "},
    /* what is written refers to what goes in the same batch */
    {{{JT_STORE_ROLE, "reader", NULL},
      {JT_STORE_CLIENT, "cart", CLIENT_WITH("c1", "'roles':['reader']")}},
     1,
     JT_ERR_INVALID,
     "roles: no role 'reader'"},
    {{{JT_STORE_ROLE, NULL, ROLE("x", "'https://a#w'")},
      {JT_STORE_RESOURCE, "https://a", "{'identifier':'https://a','scopes':['r']}"}},
     0,
     JT_ERR_INVALID,
     "grants: "},
    /* what others use goes: about none of the items, but for a batch of one */
    {{{JT_STORE_ROLE, NULL, ROLE("good", "")}, {JT_STORE_ROLE, "reader", NULL}},
     2,
     JT_ERR_CONFLICT,
     "client 'cart' still uses role 'reader'"},
    {{{JT_STORE_ROLE, "reader", NULL}}, 0, JT_ERR_CONFLICT, "client 'cart' still uses role"},
    {{{JT_STORE_PRODUCT, "basic", NULL}}, 0, JT_ERR_CONFLICT, "client 'cart' still uses product"},
    {{{JT_STORE_RESOURCE, "https://a", NULL}}, 0, JT_ERR_CONFLICT, "still uses resource"},
    {{{JT_STORE_RESOURCE, "https://a", "{'identifier':'https://a','scopes':['w']}"},
      {JT_STORE_ROLE, "reader", ROLE("reader", "'https://a#w'")}},
     2,
     JT_ERR_CONFLICT,
     "client 'desk' still uses resource 'https://a#r'"},
    {{{JT_STORE_RESOURCE, "https://a", "{'identifier':'https://a','scopes':['r']}"},
      {JT_STORE_CLIENT, "cart", CLIENT("c1", "cart")}},
     2,
     JT_ERR_CONFLICT,
     "product 'basic' still uses resource 'https://a#w'"},
    /* names: a client's own, and no other's id */
    {{{JT_STORE_CLIENT, NULL, CLIENT("x1", "twin")}, {JT_STORE_CLIENT, NULL, CLIENT("x2", "twin")}},
     0,
     JT_ERR_EXISTS,
     "name: another client has it"},
    {{{JT_STORE_ROLE, NULL, ROLE("good", "")}, {JT_STORE_CLIENT, NULL, CLIENT("x", "cart")}},
     1,
     JT_ERR_EXISTS,
     "name: another client has it"},
    {{{JT_STORE_CLIENT, NULL, CLIENT("x", "c2")}}, 0, JT_ERR_EXISTS, "name: "},
    {{{JT_STORE_CLIENT, NULL, CLIENT("desk", "other")}}, 0, JT_ERR_EXISTS, "client_id: "},
    {{{JT_STORE_CLIENT, NULL, CLIENT("x1", "x2")}, {JT_STORE_CLIENT, NULL, CLIENT("x2", "x3")}},
     0,
     JT_ERR_EXISTS,
     "name: "},
    {{{JT_STORE_CLIENT, "cart", CLIENT("c1", "desk")}}, 0, JT_ERR_EXISTS, "name: "},
    {{{JT_STORE_CLIENT, "cart", CLIENT("c1", "x")}, {JT_STORE_CLIENT, "desk", CLIENT("c2", "c1")}},
     0,
     JT_ERR_EXISTS,
     "client_id: "},
    /* an algorithm that no keys are kept for */
    {{{JT_STORE_ROLE, NULL, ROLE("good", "")},
      {JT_STORE_RESOURCE, NULL, "{'identifier':'https://rsa','alg':'RS256'}"}},
     1,
     JT_ERR_INVALID,
     "alg: "},
};

static void batch_each_refusal_names_its_item_and_writes_nothing(void **state)
{
    (void)state;
    desk_open("");
    MAKE_ALL(world);
    const struct jt_root *before = desk_root();
    for (size_t i = 0; i < JT_COUNT(refusals); i++) {
        struct batch_run run;
        enum jt_err err = run_batch(&run, refusals[i].rows, n_rows(&refusals[i]));
        if (err != refusals[i].err || strstr(run.diag.text, refusals[i].sentence) == NULL ||
            run.failed != refusals[i].failed) {
            fail_msg("%zu: %s '%s' of item %zu", i, jt_err_name(err), run.diag.text, run.failed);
        }
        assert_ptr_equal(desk_root(), before);
    }
    assert_null(object_of(JT_STORE_ROLE, "good"));
    /* nor did anything reach the disk */
    int64_t version = before->version;
    desk_reopen("");
    assert_int_equal(desk_root()->version, version);
    assert_null(object_of(JT_STORE_ROLE, "good"));
    assert_member(JT_STORE_CLIENT, "cart", "name", "'cart'");
}

/* The same, each with its cause repaired, in the same batch. */
static const struct refusal repaired[] = {
    {{{JT_STORE_ROLE, NULL, ROLE("x", "'https://b#r'")},
      {JT_STORE_RESOURCE, NULL, "{'identifier':'https://b','scopes':['r']}"}},
     0,
     JT_OK,
     ""},
    {{{JT_STORE_ROLE, "reader", NULL}, {JT_STORE_CLIENT, "cart", CLIENT("c1", "cart")}},
     0,
     JT_OK,
     ""},
    {{{JT_STORE_RESOURCE, "https://a", "{'identifier':'https://a','scopes':['w']}"},
      {JT_STORE_ROLE, "reader", ROLE("reader", "'https://a#w'")},
      {JT_STORE_CLIENT, "desk", CLIENT("c2", "desk")}},
     0,
     JT_OK,
     ""},
    {{{JT_STORE_PRODUCT, "basic", NULL}, {JT_STORE_CLIENT, "cart", NULL}}, 0, JT_OK, ""},
    /* names pass on: from who goes, from who takes another, crosswise, and round */
    {{{JT_STORE_CLIENT, NULL, CLIENT("x", "cart")}, {JT_STORE_CLIENT, "cart", NULL}}, 0, JT_OK, ""},
    {{{JT_STORE_CLIENT, NULL, CLIENT("x", "cart")},
      {JT_STORE_CLIENT, "cart", CLIENT("c1", "barrow")}},
     0,
     JT_OK,
     ""},
    {{{JT_STORE_CLIENT, "cart", CLIENT("c1", "desk")},
      {JT_STORE_CLIENT, "desk", CLIENT("c2", "cart")}},
     0,
     JT_OK,
     ""},
    {{{JT_STORE_CLIENT, "cart", CLIENT("c1", "desk")},
      {JT_STORE_CLIENT, "desk", CLIENT("c2", "third")},
      {JT_STORE_CLIENT, NULL, CLIENT("x", "cart")}},
     0,
     JT_OK,
     ""},
    /* an id that was another's name, once that one has another */
    {{{JT_STORE_CLIENT, NULL, CLIENT("desk", "other")},
      {JT_STORE_CLIENT, "desk", CLIENT("c2", "table")}},
     0,
     JT_OK,
     ""},
    {{{JT_STORE_CLIENT, "cart", CLIENT("c1", "c1")}}, 0, JT_OK, ""},
};

static void assert_names_lead_home(const struct batch_row *row)
{
    struct jt_object *object = NULL;
    if (row->text == NULL || row->kind != JT_STORE_CLIENT) {
        return;
    }
    assert_ok(parse_text(row->kind, row->text, &object, NULL));
    const struct jt_client *named =
        jt_access_client_named(desk_root()->access, jt_object_name(object));
    const struct jt_client *same = jt_access_client(desk_root()->access, object->id);
    assert_non_null(named);
    assert_ptr_equal(named, same);
    jt_object_free(object);
}

static void batch_each_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(repaired); i++) {
        assert_int_equal(desk_setup(NULL), 0);
        desk_open("");
        MAKE_ALL(world);
        make_all(repaired[i].rows, n_rows(&repaired[i]));
        for (int round = 0; round < 2; round++) {
            for (size_t j = 0; j < n_rows(&repaired[i]); j++) {
                assert_names_lead_home(&repaired[i].rows[j]);
            }
            desk_reopen("");
        }
        assert_int_equal(desk_teardown(NULL), 0);
    }
}

/* --- subscriptions are settled --- */

#define SUBSCRIBED "'subscriptions':['open','asked',{'product':'own','status':'revoked'}]"

static const struct batch_row products[] = {
    {JT_STORE_CLIENT, NULL, CLIENT_WITH("c", SUBSCRIBED)}, /* before the products that it names */
    {JT_STORE_PRODUCT, NULL, "{'name':'open','approval':'auto'}"},
    {JT_STORE_PRODUCT, NULL, "{'name':'asked','approval':'manual'}"},
    {JT_STORE_PRODUCT, NULL, "{'name':'own'}"},
    {JT_STORE_PRODUCT, NULL, "{'name':'more'}"},
};

static void assert_statuses(const char *open, const char *asked, const char *own)
{
    char text[256];
    (void)snprintf(text, sizeof text,
                   "[{'product':'open','status':'%s'},{'product':'asked','status':'%s'},"
                   "{'product':'own','status':'%s'}]",
                   open, asked, own);
    assert_member(JT_STORE_CLIENT, "c", "subscriptions", text);
}

static void batch_subscription_without_status_asks_the_product(void **state)
{
    (void)state;
    desk_open("");
    MAKE_ALL(products);
    assert_statuses("approved", "pending", "revoked");
    desk_reopen("");
    assert_statuses("approved", "pending", "revoked");
}

static void batch_subscription_without_status_keeps_the_present_one(void **state)
{
    (void)state;
    static const struct batch_row set[] = {
        {JT_STORE_CLIENT, "c",
         CLIENT_WITH("c", "'subscriptions':[{'product':'open','status':'revoked'},{'product':"
                          "'asked','status':'approved'},{'product':'own','status':'pending'}]")},
    };
    /* what the products say now is for those who come */
    static const struct batch_row again[] = {
        {JT_STORE_PRODUCT, "open", "{'name':'open','approval':'manual'}"},
        {JT_STORE_PRODUCT, "asked", "{'name':'asked','approval':'auto'}"},
        {JT_STORE_CLIENT, "c", CLIENT_WITH("c", "'subscriptions':['open','asked','own']")},
        {JT_STORE_CLIENT, NULL, CLIENT_WITH("d", "'subscriptions':['open','asked','own']")},
    };
    desk_open("");
    MAKE_ALL(products);
    MAKE_ALL(set);
    assert_statuses("revoked", "approved", "pending");
    MAKE_ALL(again);
    assert_statuses("revoked", "approved", "pending");
    assert_member(JT_STORE_CLIENT, "d", "subscriptions",
                  "[{'product':'open','status':'pending'},{'product':'asked','status':'approved'},"
                  "{'product':'own','status':'approved'}]");
}

/* --- the trail --- */

static enum jt_err count_row(void *ctx, const struct jt_store_object *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return JT_OK;
}

static void batch_writes_what_it_publishes(void **state)
{
    (void)state;
    size_t n = 0;
    desk_open("");
    MAKE_ALL(world);
    assert_ok(jt_store_objects(desk.issuer->store, desk_root()->version - 1, count_row, &n));
    assert_int_equal(n, N_WORLD);
    json_t *before[N_WORLD];
    for (size_t i = 0; i < N_WORLD; i++) {
        before[i] = view_of(world[i].kind, world_ids[i]);
    }
    desk_reopen("");
    for (size_t i = 0; i < N_WORLD; i++) {
        json_t *after = view_of(world[i].kind, world_ids[i]);
        assert_true(json_equal(before[i], after) != 0);
        json_decref(before[i]);
        json_decref(after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(batch_in_any_order_made_and_deleted_as_one),
        DESK_TEST(batch_of_nothing_changes_nothing),
        DESK_TEST(batch_versions_are_the_last_writers_and_survive),
        DESK_TEST(batch_each_refusal_names_its_item_and_writes_nothing),
        cmocka_unit_test(batch_each_repaired_accepted),
        DESK_TEST(batch_subscription_without_status_asks_the_product),
        DESK_TEST(batch_subscription_without_status_keeps_the_present_one),
        DESK_TEST(batch_writes_what_it_publishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
