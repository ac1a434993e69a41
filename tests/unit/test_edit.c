/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of the access model over a real store: what is refused changes nothing. */
#include "tests/unit/unit_edit.h"

static void open_with_objects(void)
{
    desk_open("");
    assert_ok(
        create(JT_STORE_RESOURCE, "{'identifier':'https://a','scopes':['r','w']}", NULL, NULL));
    assert_ok(create(JT_STORE_ROLE, "{'name':'reader','grants':['https://a#r']}", NULL, NULL));
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart','roles':['reader']}", NULL, NULL));
}

/* --- create --- */

static void create_client_makes_id_and_one_secret(void **state)
{
    (void)state;
    json_t *view = NULL;
    desk_open("");
    assert_ok(create(JT_STORE_CLIENT,
                     "{'name':'cart','secret_name':'first','secret_lifetime_s':60}", &view, NULL));
    const char *id = text_of(view, "client_id");
    assert_int_equal(strlen(id), 23);
    assert_int_equal(strncmp(id, "jtc", 3), 0);
    assert_int_equal(strspn(id, jt_random_alphabet), 23);
    const char *secret = text_of(view, "client_secret");
    assert_true(jt_client_secret_well_formed(jt_span_str(secret)));
    const json_t *row = json_array_get(json_object_get(view, "secrets"), 0);
    assert_string_equal(text_of(row, "name"), "first");
    assert_int_equal(json_integer_value(json_object_get(row, "created_s")), START_S);
    assert_int_equal(json_integer_value(json_object_get(row, "expires_s")), START_S + 60);
    assert_ok(authenticate("cart", secret));
    /* this once */
    json_t *again = view_of(JT_STORE_CLIENT, id);
    assert_null(json_object_get(again, "client_secret"));
    assert_null(json_object_get(json_array_get(json_object_get(again, "secrets"), 0), "hash"));
    json_decref(again);
    fixed_clock_pass(&desk.clock, 60);
    assert_err(authenticate("cart", secret), JT_ERR_CLIENT);
    json_decref(view);
}

static void create_each_refusal_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        enum jt_store_kind kind;
        const char *refused;
        enum jt_err err;
        const char *sentence;
    } rows[] = {
        {JT_STORE_RESOURCE, "{'identifier':'https://a'}", JT_ERR_EXISTS, "exists"},
        {JT_STORE_ROLE, "{'name':'reader'}", JT_ERR_EXISTS, "exists"},
        {JT_STORE_CLIENT, "{'name':'cart'}", JT_ERR_EXISTS, "name: "},
        {JT_STORE_RESOURCE, "{}", JT_ERR_INVALID, "identifier: "},
        {JT_STORE_RESOURCE, "{'identifier':'https://b','x':1}", JT_ERR_INVALID, "x: "},
        {JT_STORE_RESOURCE, "{'identifier':'https://b','alg':'RS256'}", JT_ERR_INVALID, "alg: "},
        {JT_STORE_RESOURCE, "{'identifier':'https://id.example.com/admin','shared':true}",
         JT_ERR_INVALID, "shared: "},
        {JT_STORE_ROLE, "{'name':'x','grants':['https://b']}", JT_ERR_INVALID, "grants: "},
        {JT_STORE_CLIENT, "{'name':'x','client_id':'mine'}", JT_ERR_INVALID, "client_id: "},
        {JT_STORE_CLIENT, "{'name':'x','secrets':[]}", JT_ERR_INVALID, "secrets: "},
        {JT_STORE_CLIENT, "{'name':'x','client_secret':'y'}", JT_ERR_INVALID, "client_secret: "},
        {JT_STORE_CLIENT, "{'name':'x','roles':['none']}", JT_ERR_INVALID, "roles: "},
        {JT_STORE_CLIENT, "{'name':'x','secret_name':'a b'}", JT_ERR_INVALID, "secret_name: "},
        {JT_STORE_CLIENT, "{'name':'x','secret_lifetime_s':0}", JT_ERR_INVALID,
         "secret_lifetime_s: "},
        {JT_STORE_CLIENT, "{'name':'x','secret_lifetime_s':-1}", JT_ERR_INVALID,
         "secret_lifetime_s: "},
        {JT_STORE_CLIENT, "{'name':'x','secret_lifetime_s':'1'}", JT_ERR_INVALID,
         "secret_lifetime_s: "},
        {JT_STORE_CLIENT, "{}", JT_ERR_INVALID, "name: "},
        {JT_STORE_PRODUCT, "{'name':'x','approval':'yes'}", JT_ERR_INVALID, "approval: "},
    };
    open_with_objects();
    int64_t version = desk_root()->version;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        enum jt_err err = create(rows[i].kind, rows[i].refused, NULL, &diag);
        if (err != rows[i].err || strstr(diag.text, rows[i].sentence) == NULL) {
            fail_msg("%s: %s '%s'", rows[i].refused, jt_err_name(err), diag.text);
        }
        assert_int_equal(desk_root()->version, version);
    }
    /* the repaired pairs */
    assert_ok(create(JT_STORE_RESOURCE,
                     "{'identifier':'https://id.example.com/admin','shared':false}", NULL, NULL));
    assert_ok(create(JT_STORE_RESOURCE, "{'identifier':'https://id.example.com/adm','shared':true}",
                     NULL, NULL));
    assert_ok(create(JT_STORE_RESOURCE, "{'identifier':'https://b','alg':'ES256'}", NULL, NULL));
    assert_ok(create(JT_STORE_ROLE, "{'name':'x','grants':['https://b']}", NULL, NULL));
    assert_ok(
        create(JT_STORE_CLIENT, "{'name':'x','roles':['x'],'secret_lifetime_s':1}", NULL, NULL));
}

/* --- patch --- */

static void patch_members_replace_and_null_resets(void **state)
{
    (void)state;
    open_with_objects();
    assert_ok(patch(JT_STORE_RESOURCE, "https://a",
                    "{'lifetime_s':60,'typ':'JWT','claims':{'t':1},'scopes':['r','x']}", NULL));
    assert_view(JT_STORE_RESOURCE, "https://a",
                "{'identifier':'https://a','scopes':['r','x'],'lifetime_s':60,'alg':'ES256',"
                "'typ':'JWT','claims':{'t':1},'shared':false,'owner':null,'labels':{}}");
    assert_ok(patch(JT_STORE_RESOURCE, "https://a", "{'lifetime_s':null,'typ':null,'claims':null}",
                    NULL));
    assert_view(JT_STORE_RESOURCE, "https://a",
                "{'identifier':'https://a','scopes':['r','x'],'lifetime_s':3600,'alg':'ES256',"
                "'typ':'at+jwt','claims':{},'shared':false,'owner':null,'labels':{}}");
    assert_ok(patch(JT_STORE_ROLE, "reader", "{'grants':null}", NULL));
    assert_view(JT_STORE_ROLE, "reader", "{'name':'reader','grants':[],'owner':null,'labels':{}}");
    assert_ok(patch(JT_STORE_ROLE, "reader", "{}", NULL));
}

static void patch_each_refusal_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        enum jt_store_kind kind;
        const char *id, *refused;
        enum jt_err err;
        const char *sentence;
    } rows[] = {
        {JT_STORE_RESOURCE, "https://b", "{'typ':'JWT'}", JT_ERR_NOT_FOUND, ""},
        {JT_STORE_RESOURCE, "https://a", "{'identifier':'https://b'}", JT_ERR_INVALID,
         "identifier: "},
        {JT_STORE_RESOURCE, "https://a", "{'identifier':null}", JT_ERR_INVALID, "identifier: "},
        {JT_STORE_RESOURCE, "https://a", "{'scopes':['w']}", JT_ERR_CONFLICT, "reader"},
        {JT_STORE_ROLE, "reader", "{'name':'other'}", JT_ERR_INVALID, "name: "},
        {JT_STORE_ROLE, "reader", "{'grants':['https://a#x']}", JT_ERR_INVALID, "grants: "},
        {JT_STORE_CLIENT, "cart", "{'client_id':'x'}", JT_ERR_INVALID, "client_id: "},
        {JT_STORE_CLIENT, "cart", "{'secrets':[]}", JT_ERR_INVALID, "secrets: "},
        {JT_STORE_CLIENT, "cart", "{'name':null}", JT_ERR_INVALID, "name: "},
        {JT_STORE_CLIENT, "cart", "{'enabled':1}", JT_ERR_INVALID, "enabled: "},
        {JT_STORE_CLIENT, "nobody", "{'enabled':false}", JT_ERR_NOT_FOUND, ""},
    };
    open_with_objects();
    int64_t version = desk_root()->version;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        enum jt_err err = patch(rows[i].kind, rows[i].id, rows[i].refused, &diag);
        if (err != rows[i].err || strstr(diag.text, rows[i].sentence) == NULL) {
            fail_msg("%s: %s '%s'", rows[i].refused, jt_err_name(err), diag.text);
        }
        assert_int_equal(desk_root()->version, version);
    }
    assert_ok(
        patch(JT_STORE_RESOURCE, "https://a", "{'identifier':'https://a','scopes':['r']}", NULL));
    assert_ok(patch(JT_STORE_ROLE, "reader", "{'name':'reader'}", NULL));
    assert_ok(patch(JT_STORE_CLIENT, "cart", "{'name':'desk','enabled':false}", NULL));
    assert_null(view_of(JT_STORE_CLIENT, "cart"));
}

static void patch_client_keeps_its_secrets(void **state)
{
    (void)state;
    json_t *view = NULL;
    desk_open("");
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart'}", &view, NULL));
    const char *secret = text_of(view, "client_secret");
    assert_ok(patch(JT_STORE_CLIENT, "cart", "{'scope_policy':'strict'}", NULL));
    assert_ok(authenticate("cart", secret));
    assert_ok(patch(JT_STORE_CLIENT, "cart", "{'enabled':false}", NULL));
    assert_err(authenticate("cart", secret), JT_ERR_CLIENT);
    assert_ok(patch(JT_STORE_CLIENT, "cart", "{'enabled':null}", NULL));
    assert_ok(authenticate("cart", secret));
    desk_reopen("");
    assert_ok(authenticate("cart", secret));
    json_decref(view);
}

/* --- delete --- */

static void delete_what_is_used_refused_with_its_user(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    open_with_objects();
    assert_err(remove_object(JT_STORE_RESOURCE, "https://a", &diag), JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "reader"));
    assert_err(remove_object(JT_STORE_ROLE, "reader", &diag), JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "cart"));
    assert_err(remove_object(JT_STORE_CLIENT, "nobody", &diag), JT_ERR_NOT_FOUND);
    assert_ok(remove_object(JT_STORE_CLIENT, "cart", &diag));
    assert_ok(remove_object(JT_STORE_ROLE, "reader", &diag));
    assert_ok(remove_object(JT_STORE_RESOURCE, "https://a", &diag));
    assert_err(remove_object(JT_STORE_RESOURCE, "https://a", &diag), JT_ERR_NOT_FOUND);
    desk_reopen("");
    assert_null(view_of(JT_STORE_RESOURCE, "https://a"));
}

/* --- grants --- */

static enum jt_err grant(const char *text, struct jt_diag *diag)
{
    json_t *grants = doc_of(text);
    const struct jt_edit_list list = {JT_EDIT_GRANT, grants, JT_SPAN_NONE};
    enum jt_err err = jt_edit_list(desk.issuer, &how, JT_SPAN("cart"), &list, NULL, diag);
    json_decref(grants);
    return err;
}

static enum jt_err ungrant(const char *text)
{
    const struct jt_edit_list list = {JT_EDIT_UNGRANT, NULL, jt_span_str(text)};
    return jt_edit_list(desk.issuer, &how, JT_SPAN("cart"), &list, NULL, NULL);
}

static size_t n_grants(void)
{
    return jt_access_client_named(desk_root()->access, JT_SPAN("cart"))->n_grants;
}

static void grants_added_once_and_removed(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    open_with_objects();
    assert_ok(grant("['https://a#r','https://a#w','https://a#r']", &diag));
    assert_int_equal(n_grants(), 2);
    assert_ok(grant("['https://a#w','https://a']", &diag));
    assert_int_equal(n_grants(), 3);
    assert_err(grant("['https://a#x']", &diag), JT_ERR_INVALID);
    assert_err(grant("['https://b']", &diag), JT_ERR_INVALID);
    assert_err(grant("[7]", &diag), JT_ERR_INVALID);
    assert_err(grant("[]", &diag), JT_ERR_INVALID);
    assert_err(grant("{}", &diag), JT_ERR_INVALID);
    assert_int_equal(n_grants(), 3);
    assert_ok(ungrant("https://a#w"));
    assert_int_equal(n_grants(), 2);
    assert_err(ungrant("https://a#w"), JT_ERR_NOT_FOUND);
    assert_err(ungrant("https://a#"), JT_ERR_NOT_FOUND);
    assert_ok(ungrant("https://a"));
    assert_ok(ungrant("https://a#r"));
    assert_int_equal(n_grants(), 0);
}

/* --- secrets --- */

static void secrets_several_live_and_revoked_one_by_one(void **state)
{
    (void)state;
    json_t *first = NULL, *second = NULL;
    struct jt_edit_result added = {0};
    desk_open("");
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart'}", &first, NULL));
    assert_ok(
        jt_edit_add_secret(desk.issuer, &how, JT_SPAN("cart"), JT_SPAN("next"), 60, &added, NULL));
    second = added.view;
    assert_ok(authenticate("cart", text_of(first, "client_secret")));
    assert_ok(authenticate("cart", text_of(second, "client_secret")));
    assert_string_equal(text_of(second, "name"), "next");
    assert_int_equal(json_object_size(second), 5);
    const char *id = secret_id(first, 0);
    assert_err(jt_edit_revoke_secret(desk.issuer, &how, JT_SPAN("cart"), JT_SPAN("none"), NULL),
               JT_ERR_NOT_FOUND);
    assert_err(jt_edit_revoke_secret(desk.issuer, &how, JT_SPAN("nobody"), jt_span_str(id), NULL),
               JT_ERR_NOT_FOUND);
    assert_ok(jt_edit_revoke_secret(desk.issuer, &how, JT_SPAN("cart"), jt_span_str(id), NULL));
    assert_err(authenticate("cart", text_of(first, "client_secret")), JT_ERR_CLIENT);
    assert_ok(authenticate("cart", text_of(second, "client_secret")));
    desk_reopen("");
    assert_err(authenticate("cart", text_of(first, "client_secret")), JT_ERR_CLIENT);
    assert_ok(authenticate("cart", text_of(second, "client_secret")));
    json_decref(first);
    json_decref(second);
}

static void secrets_over_the_maximum_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart'}", NULL, NULL));
    for (size_t i = 1; i < JT_OBJECT_MAX_SECRETS; i++) {
        assert_ok(
            jt_edit_add_secret(desk.issuer, &how, JT_SPAN("cart"), JT_SPAN_NONE, 0, NULL, NULL));
    }
    assert_err(jt_edit_add_secret(desk.issuer, &how, JT_SPAN("cart"), JT_SPAN_NONE, 0, NULL, &diag),
               JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "revoke"));
    json_t *client = view_of(JT_STORE_CLIENT, "cart");
    const char *id = secret_id(client, 0);
    assert_ok(jt_edit_revoke_secret(desk.issuer, &how, JT_SPAN("cart"), jt_span_str(id), NULL));
    json_decref(client);
    assert_ok(jt_edit_add_secret(desk.issuer, &how, JT_SPAN("cart"), JT_SPAN_NONE, 0, NULL, &diag));
}

/* --- lists --- */

static void list_is_ordered_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"m", "a", "z", "B", "k0", "k"};
    desk_open("");
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "{'name':'%s'}", names[i]);
        assert_ok(create(JT_STORE_CLIENT, text, NULL, NULL));
        assert_ok(create(JT_STORE_ROLE, text, NULL, NULL));
    }
    static const enum jt_store_kind kinds[] = {JT_STORE_CLIENT, JT_STORE_ROLE};
    static const char *const ordered[] = {"B", "a", "k", "k0", "m", "z"};
    for (size_t k = 0; k < JT_COUNT(kinds); k++) {
        json_t *array = NULL;
        assert_ok(jt_view_list(desk_root()->access, kinds[k], &array));
        assert_int_equal(json_array_size(array), JT_COUNT(ordered));
        for (size_t i = 0; i < JT_COUNT(ordered); i++) {
            assert_string_equal(text_of(json_array_get(array, i), "name"), ordered[i]);
        }
        json_decref(array);
    }
}

/* Who waited for the lock behind the change that took his right away. */
static void change_by_who_lost_the_right_meanwhile_refused(void **state)
{
    (void)state;
    static const char right[] = "https://id.example.com/admin#roles:write";
    json_t *view = NULL;
    desk_open("");
    assert_ok(create(JT_STORE_RESOURCE,
                     "{'identifier':'https://id.example.com/admin','scopes':['roles:write']}", NULL,
                     NULL));
    assert_ok(create(JT_STORE_CLIENT,
                     "{'name':'by','grants':['https://id.example.com/admin#roles:write']}", &view,
                     NULL));
    const struct jt_span scope = JT_SPAN("roles:write");
    const struct jt_actor by = {"by", jt_json_value(json_object_get(view, "client_id")), scope,
                                scope};
    const struct jt_edit_how by_him = {.actor = &by};
    assert_ok(create_how(&by_him, JT_STORE_ROLE, "{'name':'a'}", NULL, NULL));
    assert_ok(act("by", JT_EDIT_UNGRANT, right, NULL));
    assert_err(create_how(&by_him, JT_STORE_ROLE, "{'name':'b'}", NULL, NULL), JT_ERR_SCOPE);
    assert_err(patch_how(&by_him, JT_STORE_ROLE, "a", "{'owner':'x'}", NULL), JT_ERR_SCOPE);
    assert_err(jt_edit_delete(desk.issuer, &by_him, JT_STORE_ROLE, JT_SPAN("a"), NULL),
               JT_ERR_SCOPE);
    assert_null(object_of(JT_STORE_ROLE, "b"));
    assert_ok(act("by", JT_EDIT_GRANT, right, NULL));
    assert_ok(patch_how(&by_him, JT_STORE_ROLE, "a", "{'owner':'x'}", NULL));
    assert_ok(jt_edit_delete(desk.issuer, &by_him, JT_STORE_ROLE, JT_SPAN("a"), NULL));
    json_decref(view);
}

/* --- by a client of this issuer --- */

/* It was let in, and lost what lets it in before its change came to its turn. */
static void create_by_a_client_that_lost_its_rights_refused(void **state)
{
    (void)state;
    static const char role[] = "{'name':'given','grants':['https://id.example.com/admin#a']}";
    static const struct {
        const char *before; /* of the giver */
        enum jt_err empty, given;
    } rows[] = {
        {"{'enabled':false}", JT_ERR_SCOPE, JT_ERR_SCOPE},
        {"{'enabled':true}", JT_OK, JT_OK},
        {"{'grants':[]}", JT_OK, JT_ERR_SCOPE},
        {"{'grants':['https://id.example.com/admin#a']}", JT_OK, JT_OK},
    };
    desk_open("");
    json_t *view = NULL;
    assert_ok(create(JT_STORE_RESOURCE,
                     "{'identifier':'https://id.example.com/admin','scopes':['a']}", NULL, NULL));
    assert_ok(create(JT_STORE_CLIENT,
                     "{'name':'giver','grants':['https://id.example.com/admin#a']}", &view, NULL));
    const struct jt_actor client = {"client", jt_span_str(text_of(view, "client_id")), JT_SPAN("a"),
                                    JT_SPAN_NONE};
    const struct jt_edit_how as = {.actor = &client};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        assert_ok(patch(JT_STORE_CLIENT, "giver", rows[i].before, NULL));
        assert_err(create_how(&as, JT_STORE_ROLE, "{'name':'empty'}", NULL, &diag), rows[i].empty);
        assert_err(create_how(&as, JT_STORE_ROLE, role, NULL, &diag), rows[i].given);
        assert_true((object_of(JT_STORE_ROLE, "given") != NULL) == (rows[i].given == JT_OK));
        JT_IGNORE(remove_object(JT_STORE_ROLE, "empty", NULL));
        JT_IGNORE(remove_object(JT_STORE_ROLE, "given", NULL));
    }
    assert_ok(remove_object(JT_STORE_CLIENT, "giver", NULL));
    assert_err(create_how(&as, JT_STORE_ROLE, "{'name':'empty'}", NULL, NULL), JT_ERR_SCOPE);
    json_decref(view);
}

/* --- reading --- */

/* A row whose document is another object's: each object has one row, and one name. */
static void open_with_a_document_that_names_another_refused(void **state)
{
    (void)state;
    static const char *const docs[] = {"{\"name\":\"other\"}", "{\"name\":\"mine\"}"};
    desk_open("");
    for (size_t i = 0; i < JT_COUNT(docs); i++) {
        struct jt_store *store = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        desk_close();
        assert_ok(jt_store_open(desk_where(), &desk.clock.clock, &store, NULL));
        assert_ok(jt_store_begin(store, NULL));
        assert_ok(jt_store_put(store, JT_STORE_ROLE, JT_SPAN("mine"), jt_span_str(docs[i])));
        assert_ok(jt_store_commit(store, NULL));
        jt_store_close(store);
        assert_err(desk_try_open("", &diag), i == 0 ? JT_ERR_STORE : JT_OK);
        assert_true(i == 1 || strstr(diag.text, "role 'mine' is not as it must be") != NULL);
    }
    assert_non_null(object_of(JT_STORE_ROLE, "mine"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(create_client_makes_id_and_one_secret),
        DESK_TEST(create_each_refusal_changes_nothing),
        DESK_TEST(patch_members_replace_and_null_resets),
        DESK_TEST(patch_each_refusal_changes_nothing),
        DESK_TEST(patch_client_keeps_its_secrets),
        DESK_TEST(delete_what_is_used_refused_with_its_user),
        DESK_TEST(grants_added_once_and_removed),
        DESK_TEST(secrets_several_live_and_revoked_one_by_one),
        DESK_TEST(secrets_over_the_maximum_refused),
        DESK_TEST(list_is_ordered_by_name),
        DESK_TEST(change_by_who_lost_the_right_meanwhile_refused),
        DESK_TEST(create_by_a_client_that_lost_its_rights_refused),
        DESK_TEST(open_with_a_document_that_names_another_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
