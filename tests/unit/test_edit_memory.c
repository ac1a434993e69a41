/* SPDX-License-Identifier: Apache-2.0 */
/* Edits while memory runs out at every single allocation: made, or not made. */
#include "tests/unit/unit_edit.h"

#include "tests/support/failing_allocation.h"

#include "common/base/base.h"

static json_t *input; /* of the edit, loaded before anything fails */
static char revoked[64];

static enum jt_err create_client(struct jt_edit_result *out)
{
    const struct jt_edit_how as = {
        .actor = &actor, .key = JT_SPAN("k"), .request_hash = JT_SPAN("request")};
    return jt_edit_create(desk.issuer, &as, JT_STORE_CLIENT, input, out, NULL);
}

static enum jt_err patch_resource(struct jt_edit_result *out)
{
    return jt_edit_patch(desk.issuer, &how, JT_STORE_RESOURCE, JT_SPAN("https://a"), input, out,
                         NULL);
}

static enum jt_err subscribe(struct jt_edit_result *out)
{
    const struct jt_edit_list list = {JT_EDIT_SUBSCRIBE, NULL, JT_SPAN("open")};
    return jt_edit_list(desk.issuer, &how, JT_SPAN("cart"), &list, out, NULL);
}

static enum jt_err grant(struct jt_edit_result *out)
{
    const struct jt_edit_list list = {JT_EDIT_GRANT, input, JT_SPAN_NONE};
    return jt_edit_list(desk.issuer, &how, JT_SPAN("cart"), &list, out, NULL);
}

static enum jt_err add_secret(struct jt_edit_result *out)
{
    return jt_edit_add_secret(desk.issuer, &how, JT_SPAN("cart"), JT_SPAN_NONE, 60, out, NULL);
}

static enum jt_err revoke_secret(struct jt_edit_result *out)
{
    (void)out;
    return jt_edit_revoke_secret(desk.issuer, &how, JT_SPAN("cart"), jt_span_str(revoked), NULL);
}

static enum jt_err delete_role(struct jt_edit_result *out)
{
    (void)out;
    return jt_edit_delete(desk.issuer, &how, JT_STORE_ROLE, JT_SPAN("idle"), NULL);
}

static const struct {
    enum jt_err (*run)(struct jt_edit_result *out);
    const char *input;
} edits[] = {
    {create_client,
     "{'name':'desk','subscriptions':['open'],'labels':{'a':'b'},'secret_name':'s'}"},
    {patch_resource, "{'claims':{'t':{'deep':1}},'lifetime_s':7200,'labels':{'a':'b'}}"},
    {subscribe, "{}"},
    {grant, "['https://a#r','https://a']"},
    {add_secret, "{}"},
    {revoke_secret, "{}"},
    {delete_role, "{}"},
};

static void open_with_objects(void)
{
    json_t *view = NULL;
    desk_open("");
    assert_ok(create(JT_STORE_RESOURCE, "{'identifier':'https://a','scopes':['r']}", NULL, NULL));
    assert_ok(create(JT_STORE_ROLE, "{'name':'idle'}", NULL, NULL));
    assert_ok(create(JT_STORE_PRODUCT, "{'name':'open','grants':['https://a#r']}", NULL, NULL));
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart'}", &view, NULL));
    (void)snprintf(revoked, sizeof revoked, "%s", secret_id(view, 0));
    json_decref(view);
}

/* Everything that there is. */
static json_t *whole(void)
{
    json_t *all = json_array();
    for (enum jt_store_kind kind = JT_STORE_RESOURCE; kind <= JT_STORE_PRODUCT; kind++) {
        json_t *list = NULL;
        assert_ok(jt_view_list(desk_root()->access, kind, &list));
        assert_int_equal(json_array_append_new(all, list), 0);
    }
    return all;
}

/* What is shown is what the database holds. */
static void assert_kept(void)
{
    json_t *before = whole();
    desk_reopen("");
    json_t *kept = whole();
    assert_true(json_equal(before, kept) != 0);
    json_decref(before);
    json_decref(kept);
}

struct outcome {
    bool failed, changed;
};

static struct outcome run_with_failure_at(size_t which, long n)
{
    struct jt_edit_result result = {0};
    json_t *before = whole();
    int64_t version = desk_root()->version;
    allocations_left = n;
    enum jt_err err = edits[which].run(&result);
    bool met = allocations_left < 0;
    allocations_left = -1;
    if (err != JT_OK && jt_err_row(err)->class != JT_CLASS_ENV) { /* never the peer's fault */
        fail_msg("edit %zu, allocation %ld: %s", which, n, jt_err_name(err));
    }
    assert_int_equal(err == JT_OK, !met);
    json_decref(result.view);
    /* what was committed and could not be published is at the next occasion */
    assert_ok(jt_issuer_tick(desk.issuer, NULL));
    json_t *after = whole();
    const struct outcome outcome = {err != JT_OK, json_equal(before, after) == 0};
    assert_int_equal(desk_root()->version, version + outcome.changed);
    assert_true(outcome.failed || outcome.changed);
    json_decref(before);
    json_decref(after);
    return outcome;
}

static void edit_without_memory_is_made_or_not(void **state)
{
    for (size_t i = 0; i < JT_COUNT(edits); i++) {
        struct outcome outcome = {.failed = true};
        long n = 0, made = 0;
        input = doc_of(edits[i].input);
        while (outcome.failed) {
            assert_int_equal(desk_setup(state), 0);
            open_with_objects();
            for (outcome.changed = false; !outcome.changed; n++) {
                outcome = run_with_failure_at(i, n);
            }
            made++;
            assert_kept();
            assert_int_equal(desk_teardown(state), 0);
        }
        json_decref(input);
        assert_true(n > 3);
        assert_true(made <= 5); /* nearly all can fail before the commit */
    }
}

static void *our_malloc(size_t n)
{
    return malloc(n);
}

static void our_free(void *p)
{
    free(p);
}

int main(void)
{
    json_set_alloc_funcs(our_malloc, our_free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edit_without_memory_is_made_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
