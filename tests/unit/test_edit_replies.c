/* SPDX-License-Identifier: Apache-2.0 */
/* Edits that depend on what was before: on a version, on an earlier request, on whether anything
 * changes at all. */
#include "tests/unit/unit_edit.h"

#include "common/base/base.h"

/* --- against lost updates --- */

static enum jt_err each_edit(int which, int64_t if_version)
{
    const struct jt_edit_how as = {.actor = &actor, .if_version = if_version};
    switch (which) {
    case 0:
        return patch_how(&as, JT_STORE_CLIENT, "cart", "{'owner':'another'}", NULL);
    case 1:
        return act_how(&as, "cart", JT_EDIT_GRANT, "https://a", NULL);
    case 2:
        return jt_edit_add_secret(desk.issuer, &as, JT_SPAN("cart"), JT_SPAN("more"), 0, NULL,
                                  NULL);
    case 3: {
        json_t *view = view_of(JT_STORE_CLIENT, "cart");
        enum jt_err err = jt_edit_revoke_secret(desk.issuer, &as, JT_SPAN("cart"),
                                                jt_span_str(secret_id(view, 0)), NULL);
        json_decref(view);
        return err;
    }
    default:
        return jt_edit_delete(desk.issuer, &as, JT_STORE_CLIENT, JT_SPAN("cart"), NULL);
    }
}

static void open_with_cart(void)
{
    desk_open("");
    assert_ok(create(JT_STORE_RESOURCE, "{'identifier':'https://a','scopes':['r']}", NULL, NULL));
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart'}", NULL, NULL));
    assert_ok(create(JT_STORE_CLIENT, "{'name':'desk'}", NULL, NULL)); /* of a later version */
}

static void edit_of_another_version_refused_of_the_present_accepted(void **state)
{
    (void)state;
    open_with_cart();
    for (int i = 0; i < 5; i++) {
        int64_t version = version_of(JT_STORE_CLIENT, "cart"), all = desk_root()->version;
        assert_err(each_edit(i, version - 1), JT_ERR_PRECONDITION);
        assert_err(each_edit(i, version + 1), JT_ERR_PRECONDITION);
        assert_err(each_edit(i, INT64_MAX), JT_ERR_PRECONDITION);
        assert_err(each_edit(i, -1), JT_ERR_PRECONDITION);
        assert_int_equal(desk_root()->version, all);
        assert_int_equal(version_of(JT_STORE_CLIENT, "cart"), version);
        assert_ok(each_edit(i, version));
        assert_int_equal(desk_root()->version, all + 1);
        assert_err(each_edit(i, version), i < 4 ? JT_ERR_PRECONDITION : JT_ERR_NOT_FOUND);
    }
}

static void edit_of_any_version_accepted(void **state)
{
    (void)state;
    open_with_cart();
    for (int i = 0; i < 5; i++) {
        assert_ok(each_edit(i, 0));
    }
}

/* A change of another object is not this one's. */
static void edit_after_others_changed_accepted(void **state)
{
    (void)state;
    open_with_cart();
    int64_t version = version_of(JT_STORE_CLIENT, "cart");
    assert_ok(patch(JT_STORE_RESOURCE, "https://a", "{'lifetime_s':60}", NULL));
    assert_ok(patch(JT_STORE_CLIENT, "desk", "{'enabled':false}", NULL));
    desk_reopen("");
    assert_int_equal(version_of(JT_STORE_CLIENT, "cart"), version);
    assert_ok(each_edit(0, version));
}

/* --- that change nothing --- */

static void edit_that_changes_nothing_writes_nothing(void **state)
{
    (void)state;
    static const struct {
        enum jt_store_kind kind;
        const char *id, *patch;
    } rows[] = {
        {JT_STORE_RESOURCE, "https://a", "{}"},
        {JT_STORE_RESOURCE, "https://a", "{'scopes':['r'],'identifier':'https://a'}"},
        {JT_STORE_RESOURCE, "https://a", "{'lifetime_s':3600,'alg':'ES256'}"},
        {JT_STORE_RESOURCE, "https://a", "{'lifetime_s':null,'claims':null,'owner':null}"},
        {JT_STORE_RESOURCE, "https://a", "{'claims':{}}"},
        {JT_STORE_RESOURCE, "https://a", "{'claims':{'none':null},'labels':{'none':null}}"},
        {JT_STORE_RESOURCE, "https://a", "{'labels':{}}"},
        {JT_STORE_CLIENT, "cart", "{'enabled':true,'scope_policy':'filter'}"},
        {JT_STORE_CLIENT, "cart", "{'enabled':null,'roles':null,'default_resource':null}"},
        {JT_STORE_CLIENT, "cart", "{'owner':''}"},
        {JT_STORE_CLIENT, "cart", "{'grants':[],'roles':[]}"},
    };
    open_with_cart();
    const struct jt_root *root = desk_root();
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        json_t *doc = doc_of(rows[i].patch);
        struct jt_edit_result result = {0};
        assert_ok(jt_edit_patch(desk.issuer, &how, rows[i].kind, jt_span_str(rows[i].id), doc,
                                &result, NULL));
        json_t *view = view_of(rows[i].kind, rows[i].id);
        if (desk_root() != root || json_equal(result.view, view) == 0) {
            fail_msg("%s", rows[i].patch);
        }
        assert_int_equal(result.version, version_of(rows[i].kind, rows[i].id));
        json_decref(view);
        json_decref(result.view);
        json_decref(doc);
    }
    assert_ok(act("cart", JT_EDIT_GRANT, "https://a", NULL));
    root = desk_root();
    assert_ok(act("cart", JT_EDIT_GRANT, "https://a", NULL));
    assert_ptr_equal(desk_root(), root);
    /* refused all the same, when it is thought out against another version */
    const struct jt_edit_how as = {.actor = &actor, .if_version = 1};
    assert_err(patch_how(&as, JT_STORE_CLIENT, "cart", "{}", NULL), JT_ERR_PRECONDITION);
}

static void patch_merges_labels_and_claims_member_by_member(void **state)
{
    (void)state;
    open_with_cart();
    assert_ok(patch(JT_STORE_RESOURCE, "https://a",
                    "{'labels':{'a':'1','b':'2'},'claims':{'t':{'x':1,'y':2},'u':[1]},"
                    "'owner':'o'}",
                    NULL));
    assert_ok(patch(JT_STORE_RESOURCE, "https://a",
                    "{'labels':{'a':null,'c':'3'},'claims':{'t':{'x':null,'z':3},'u':[2]}}", NULL));
    for (int round = 0; round < 2; round++) {
        assert_member(JT_STORE_RESOURCE, "https://a", "labels", "{'b':'2','c':'3'}");
        assert_member(JT_STORE_RESOURCE, "https://a", "claims", "{'t':{'y':2,'z':3},'u':[2]}");
        assert_member(JT_STORE_RESOURCE, "https://a", "owner", "'o'");
        desk_reopen("");
    }
    assert_ok(
        patch(JT_STORE_RESOURCE, "https://a", "{'labels':null,'claims':null,'owner':null}", NULL));
    assert_member(JT_STORE_RESOURCE, "https://a", "labels", "{}");
    assert_member(JT_STORE_RESOURCE, "https://a", "claims", "{}");
    assert_member(JT_STORE_RESOURCE, "https://a", "owner", "null");
    assert_err(patch(JT_STORE_RESOURCE, "https://a", "{'claims':{'sub':'x'}}", NULL),
               JT_ERR_INVALID);
    assert_err(patch(JT_STORE_RESOURCE, "https://a", "{'labels':{'a':1}}", NULL), JT_ERR_INVALID);
    assert_err(patch(JT_STORE_RESOURCE, "https://a", "{'labels':{'a b':'1'}}", NULL),
               JT_ERR_INVALID);
    assert_err(patch(JT_STORE_RESOURCE, "https://a", "{'owner':'a\\u0007'}", NULL), JT_ERR_INVALID);
}

/* --- idempotency keys --- */

static const struct jt_actor other = {.name = "another"};

static struct jt_edit_how keyed(const struct jt_actor *by, const char *key, const char *request)
{
    return (struct jt_edit_how){
        .actor = by, .key = jt_span_str(key), .request_hash = jt_span_str(request)};
}

static enum jt_err create_keyed(const struct jt_actor *by, const char *key, const char *name,
                                struct jt_edit_result *out)
{
    char text[64];
    const struct jt_edit_how as = keyed(by, key, name);
    (void)snprintf(text, sizeof text, "{'name':'%s'}", name);
    *out = (struct jt_edit_result){0};
    return create_how(&as, JT_STORE_CLIENT, text, out, NULL);
}

/* The same again: the first answer but for the secret, and nothing changes. */
static void assert_replayed(const struct jt_actor *by, const char *key, const char *name,
                            const struct jt_edit_result *first)
{
    struct jt_edit_result again;
    const struct jt_root *root = desk_root();
    assert_ok(create_keyed(by, key, name, &again));
    assert_true(again.replayed);
    assert_null(json_object_get(again.view, "client_secret"));
    assert_null(json_object_get(json_array_get(json_object_get(again.view, "secrets"), 0), "hash"));
    assert_int_equal(again.version, first->version);
    json_t *want = json_copy(first->view);
    assert_int_equal(json_object_del(want, "client_secret"), 0);
    assert_true(json_equal(want, again.view) != 0);
    json_decref(want);
    json_decref(again.view);
    assert_ptr_equal(desk_root(), root);
}

static void create_again_under_its_key_replays(void **state)
{
    (void)state;
    struct jt_edit_result first, unused;
    desk_open("");
    assert_ok(create_keyed(&actor, "k", "cart", &first));
    assert_false(first.replayed);
    assert_ok(authenticate("cart", text_of(first.view, "client_secret")));
    assert_replayed(&actor, "k", "cart", &first);
    assert_err(create_keyed(&actor, "k", "desk", &unused), JT_ERR_IDEMPOTENCY);
    assert_null(object_of(JT_STORE_CLIENT, "desk"));
    assert_err(create_keyed(&actor, "k2", "cart", &unused), JT_ERR_EXISTS); /* another key */
    assert_ok(authenticate("cart", text_of(first.view, "client_secret")));
    desk_reopen("");
    assert_replayed(&actor, "k", "cart", &first);
    /* even once it is gone: it was answered */
    assert_ok(remove_object(JT_STORE_CLIENT, "cart", NULL));
    assert_replayed(&actor, "k", "cart", &first);
    assert_null(object_of(JT_STORE_CLIENT, "cart"));
    json_decref(first.view);
}

static void create_under_anothers_key_is_ones_own(void **state)
{
    (void)state;
    struct jt_edit_result first, second;
    desk_open("");
    assert_ok(create_keyed(&actor, "k", "cart", &first));
    assert_ok(create_keyed(&other, "k", "desk", &second));
    assert_false(second.replayed);
    assert_replayed(&actor, "k", "cart", &first);
    assert_replayed(&other, "k", "desk", &second);
    json_decref(first.view);
    json_decref(second.view);
}

static void create_under_a_key_that_is_over_is_new(void **state)
{
    (void)state;
    struct jt_edit_result first, second;
    desk_open("");
    assert_ok(create_keyed(&actor, "k", "cart", &first));
    fixed_clock_pass(&desk.clock, JT_STORE_REPLY_S - 1);
    assert_replayed(&actor, "k", "cart", &first);
    assert_err(create_keyed(&actor, "k", "desk", &second), JT_ERR_IDEMPOTENCY);
    fixed_clock_pass(&desk.clock, 1);
    assert_err(create_keyed(&actor, "k", "cart", &second), JT_ERR_EXISTS);
    assert_ok(create_keyed(&actor, "k", "desk", &second));
    assert_false(second.replayed);
    assert_replayed(&actor, "k", "desk", &second);
    json_decref(first.view);
    json_decref(second.view);
}

static void create_refused_under_a_key_leaves_it_free(void **state)
{
    (void)state;
    struct jt_edit_result result;
    desk_open("");
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart'}", NULL, NULL));
    assert_err(create_keyed(&actor, "k", "cart", &result), JT_ERR_EXISTS);
    assert_ok(remove_object(JT_STORE_CLIENT, "cart", NULL));
    assert_ok(create_keyed(&actor, "k", "cart", &result));
    assert_false(result.replayed);
    json_decref(result.view);
}

static void add_secret_again_under_its_key_replays(void **state)
{
    (void)state;
    struct jt_edit_result first = {0}, again = {0};
    const struct jt_edit_how as = keyed(&actor, "k", "request");
    desk_open("");
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart'}", NULL, NULL));
    assert_ok(
        jt_edit_add_secret(desk.issuer, &as, JT_SPAN("cart"), JT_SPAN("next"), 0, &first, NULL));
    assert_ok(
        jt_edit_add_secret(desk.issuer, &as, JT_SPAN("cart"), JT_SPAN("next"), 0, &again, NULL));
    assert_true(again.replayed && !first.replayed);
    assert_ok(authenticate("cart", text_of(first.view, "client_secret")));
    assert_null(json_object_get(again.view, "client_secret"));
    assert_string_equal(text_of(first.view, "id"), text_of(again.view, "id"));
    json_t *view = view_of(JT_STORE_CLIENT, "cart");
    assert_int_equal(json_array_size(json_object_get(view, "secrets")), 2);
    json_decref(view);
    json_decref(first.view);
    json_decref(again.view);
}

/* What a body may be as deep as, its answer may be too. */
static void create_as_deep_as_allowed_replays(void **state)
{
    (void)state;
    const struct jt_edit_how as = keyed(&actor, "k", "deep");
    desk_open("");
    json_t *claims = json_object();
    for (int i = 2; i < JT_JSON_DEPTH; i++) {
        claims = json_pack("{s:o}", "a", claims);
    }
    json_t *doc = json_pack("{s:s, s:o}", "identifier", "https://deep", "claims", claims);
    for (int i = 0; i < 2; i++) {
        struct jt_edit_result result = {0};
        assert_ok(jt_edit_create(desk.issuer, &as, JT_STORE_RESOURCE, doc, &result, NULL));
        assert_int_equal(result.replayed, i == 1);
        json_decref(result.view);
    }
    desk_reopen("");
    assert_non_null(object_of(JT_STORE_RESOURCE, "https://deep"));
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(edit_of_another_version_refused_of_the_present_accepted),
        DESK_TEST(edit_of_any_version_accepted),
        DESK_TEST(edit_after_others_changed_accepted),
        DESK_TEST(edit_that_changes_nothing_writes_nothing),
        DESK_TEST(patch_merges_labels_and_claims_member_by_member),
        DESK_TEST(create_again_under_its_key_replays),
        DESK_TEST(create_under_anothers_key_is_ones_own),
        DESK_TEST(create_under_a_key_that_is_over_is_new),
        DESK_TEST(create_refused_under_a_key_leaves_it_free),
        DESK_TEST(add_secret_again_under_its_key_replays),
        DESK_TEST(create_as_deep_as_allowed_replays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
