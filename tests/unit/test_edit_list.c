/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/edit_list.h"

#include "issuer/access/object.h"
#include "tests/unit/unit_access.h"

#include "common/base/base.h"

#define CLIENT                                                                               \
    "{'grants':['https://a#r','https://a'],'roles':['x','y'],'subscriptions':["              \
    "{'product':'p','status':'pending'},{'product':'a','status':'approved'},{'product':'r'," \
    "'status':'revoked'}]}"

static const struct {
    enum jt_edit_list_act act;
    const char *given; /* a list, or the item */
    enum jt_err err;
    const char *member, *then; /* NULL: as it was */
} rows[] = {
    {JT_EDIT_GRANT, "['https://b','https://a#r','https://b']", JT_OK, "grants",
     "['https://a#r','https://a','https://b']"},
    {JT_EDIT_GRANT, "['https://a']", JT_OK, "grants", NULL},
    {JT_EDIT_GRANT, "[]", JT_ERR_INVALID, "grants", NULL},
    {JT_EDIT_GRANT, "{}", JT_ERR_INVALID, "grants", NULL},
    {JT_EDIT_UNGRANT, "https://a", JT_OK, "grants", "['https://a#r']"},
    {JT_EDIT_UNGRANT, "https://a#r", JT_OK, "grants", "['https://a']"},
    {JT_EDIT_UNGRANT, "https://a#", JT_ERR_NOT_FOUND, "grants", NULL},
    {JT_EDIT_UNGRANT, "x", JT_ERR_NOT_FOUND, "grants", NULL},
    {JT_EDIT_UNGRANT, "", JT_ERR_NOT_FOUND, "grants", NULL},
    {JT_EDIT_ASSIGN, "['z','x']", JT_OK, "roles", "['x','y','z']"},
    {JT_EDIT_ASSIGN, "[]", JT_ERR_INVALID, "roles", NULL},
    {JT_EDIT_UNASSIGN, "x", JT_OK, "roles", "['y']"},
    {JT_EDIT_UNASSIGN, "z", JT_ERR_NOT_FOUND, "roles", NULL},
    {JT_EDIT_UNASSIGN, "p", JT_ERR_NOT_FOUND, "roles", NULL},
    {JT_EDIT_SUBSCRIBE, "new", JT_OK, "subscriptions",
     "[{'product':'p','status':'pending'},{'product':'a','status':'approved'},{'product':'r',"
     "'status':'revoked'},'new']"},
    {JT_EDIT_SUBSCRIBE, "p", JT_OK, "subscriptions", NULL},
    {JT_EDIT_SUBSCRIBE, "a", JT_OK, "subscriptions", NULL},
    {JT_EDIT_SUBSCRIBE, "r", JT_ERR_CONFLICT, "subscriptions", NULL},
    {JT_EDIT_UNSUBSCRIBE, "p", JT_OK, "subscriptions",
     "[{'product':'a','status':'approved'},{'product':'r','status':'revoked'}]"},
    {JT_EDIT_UNSUBSCRIBE, "x", JT_ERR_NOT_FOUND, "subscriptions", NULL},
    {JT_EDIT_APPROVE, "p", JT_OK, "subscriptions",
     "[{'product':'p','status':'approved'},{'product':'a','status':'approved'},{'product':'r',"
     "'status':'revoked'}]"},
    {JT_EDIT_APPROVE, "a", JT_OK, "subscriptions", NULL},
    {JT_EDIT_APPROVE, "r", JT_OK, "subscriptions",
     "[{'product':'p','status':'pending'},{'product':'a','status':'approved'},{'product':'r',"
     "'status':'approved'}]"},
    {JT_EDIT_APPROVE, "new", JT_ERR_NOT_FOUND, "subscriptions", NULL},
    {JT_EDIT_REVOKE, "p", JT_OK, "subscriptions",
     "[{'product':'p','status':'revoked'},{'product':'a','status':'approved'},{'product':'r',"
     "'status':'revoked'}]"},
    {JT_EDIT_REVOKE, "r", JT_OK, "subscriptions", NULL},
    {JT_EDIT_REVOKE, "new", JT_ERR_NOT_FOUND, "subscriptions", NULL},
};

static void change_each_act_touches_its_member_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        bool several = rows[i].act == JT_EDIT_GRANT || rows[i].act == JT_EDIT_ASSIGN;
        json_t *client = doc_of(CLIENT), *want = doc_of(CLIENT);
        json_t *items = several ? doc_of(rows[i].given) : NULL;
        const struct jt_edit_list list = {rows[i].act, items,
                                          several ? JT_SPAN_NONE : jt_span_str(rows[i].given)};
        assert_err(jt_edit_list_change(&list, client, &diag), rows[i].err);
        assert_int_equal(diag.text[0] != 0, rows[i].err != JT_OK);
        if (rows[i].then != NULL) {
            assert_int_equal(json_object_set_new(want, rows[i].member, doc_of(rows[i].then)), 0);
        }
        if (json_equal(client, want) == 0) {
            fail_msg("row %zu: %s", i, json_dumps(client, JSON_COMPACT));
        }
        json_decref(client);
        json_decref(want);
        json_decref(items);
    }
}

/* What is over the limit is refused by its number, before any of it is looked at: each element is
 * compared with all there are. */
static void change_more_than_an_object_may_have_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        enum jt_edit_list_act act;
        size_t max;
    } limits[] = {{JT_EDIT_GRANT, JT_OBJECT_MAX_GRANTS}, {JT_EDIT_ASSIGN, JT_OBJECT_MAX_ROLES}};
    for (size_t i = 0; i < JT_COUNT(limits); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        json_t *client = doc_of(CLIENT), *before = doc_of(CLIENT), *items = json_array();
        const struct jt_edit_list list = {limits[i].act, items, JT_SPAN_NONE};
        while (json_array_size(items) <= limits[i].max) {
            assert_int_equal(json_array_append_new(items, json_string("x")), 0);
        }
        assert_err(jt_edit_list_change(&list, client, &diag), JT_ERR_INVALID);
        assert_non_null(strstr(diag.text, "give a list of at most"));
        assert_true(json_equal(client, before));
        assert_int_equal(json_array_remove(items, 0), 0);
        assert_err(jt_edit_list_change(&list, client, &diag), JT_OK);
        json_decref(client);
        json_decref(before);
        json_decref(items);
    }
}

static void change_missing_element_told_cut_and_whole(void **state)
{
    (void)state;
    char name[600];
    json_t *client = doc_of(CLIENT);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    const struct jt_edit_list lists[] = {{JT_EDIT_UNASSIGN, NULL, jt_span_str(name)},
                                         {JT_EDIT_APPROVE, NULL, JT_SPAN_NONE}};
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_edit_list_change(&lists[0], client, &diag), JT_ERR_NOT_FOUND);
    assert_non_null(strstr(diag.text, "the client has no role 'nnn"));
    assert_err(jt_edit_list_change(&lists[1], client, &diag), JT_ERR_NOT_FOUND);
    assert_string_equal(diag.text, "the client has no subscription ''; show it to see what it has");
    json_decref(client);
}

static void action_is_another_for_each_act(void **state)
{
    (void)state;
    for (enum jt_edit_list_act a = JT_EDIT_GRANT; a <= JT_EDIT_REVOKE; a++) {
        for (enum jt_edit_list_act b = JT_EDIT_GRANT; b < a; b++) {
            assert_string_not_equal(jt_edit_list_action(a), jt_edit_list_action(b));
        }
    }
    assert_string_equal(jt_edit_list_action(JT_EDIT_APPROVE), "subscription.approve");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(change_each_act_touches_its_member_alone),
        cmocka_unit_test(change_more_than_an_object_may_have_refused_at_once),
        cmocka_unit_test(change_missing_element_told_cut_and_whole),
        cmocka_unit_test(action_is_another_for_each_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
