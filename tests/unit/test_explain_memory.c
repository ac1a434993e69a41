/* SPDX-License-Identifier: Apache-2.0 */
/* Explaining while memory runs out at every single allocation: the whole answer, or none. */
#include "tests/unit/unit_issuer.h"

#include "issuer/doctor/doctor.h"
#include "issuer/explain.h"
#include "issuer/who_can.h"
#include "tests/support/failing_allocation.h"

#include "common/base/base.h"

static const struct access_row world[] = {
    {JT_STORE_RESOURCE, "{'identifier':'https://s1','scopes':['read','s1'],'shared':true}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://s2','scopes':['read','s2'],'shared':true}"},
    {JT_STORE_ROLE, "{'name':'reader','grants':['https://s2#read','https://s1#s1']}"},
    {JT_STORE_PRODUCT, "{'name':'gold','approval':'manual','grants':['https://s1#s1']}"},
    {JT_STORE_CLIENT, "{'client_id':'c1','name':'cart','grants':['https://s1#read',"
                      "'https://s2#s2'],'subscriptions':[{'product':'gold','status':'pending'}],"
                      "'secrets':[{'id':'s','name':'s','created_s':1,'hash':"
                      "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}]}"},
    {JT_STORE_CLIENT, "{'client_id':'c2','name':'none','enabled':false}"},
};

static struct jt_access *access_part;
static struct jt_root *root;
static struct jt_issuer_worker *worker;

static int make_world(void **state)
{
    int failed = desk_setup(state);
    desk_open("");
    access_part = access_of(world, JT_COUNT(world));
    assert_ok(jt_root_new(1, desk_root()->settings, access_part, desk_root()->keys, &root));
    assert_ok(jt_issuer_worker_new(desk.issuer, &worker));
    return failed;
}

static int drop_world(void **state)
{
    jt_issuer_worker_free(worker);
    jt_root_free(root);
    jt_access_free(access_part);
    return desk_teardown(state);
}

static enum jt_err ask(const char *client, size_t n_resources, const char *scope, json_t **out)
{
    static const struct jt_span resources[] = {{(const uint8_t *)"https://s1", 10},
                                               {(const uint8_t *)"https://s2", 10},
                                               {(const uint8_t *)"https://s3", 10}};
    const struct jt_explain what = {root,
                                    worker->lane,
                                    jt_access_client_named(access_part, jt_span_str(client)),
                                    jt_span_str(client),
                                    {resources, n_resources, jt_span_str(scope)},
                                    START_S};
    return jt_explain_make(&what, out);
}

static enum jt_err granted(json_t **out)
{
    return ask("cart", 2, "read s1 s2 s3", out);
}

static enum jt_err everything(json_t **out)
{
    return ask("cart", 2, "", out);
}

static enum jt_err refused(json_t **out)
{
    return ask("cart", 3, "", out);
}

static enum jt_err unnamed(json_t **out)
{
    return ask("cart", 0, "", out);
}

static enum jt_err disabled(json_t **out)
{
    return ask("none", 1, "read", out);
}

static enum jt_err unknown(json_t **out)
{
    return ask("crat", 0, "", out);
}

static enum jt_err list(json_t **out)
{
    const struct jt_who_can who_can = {access_part, JT_SPAN("https://s1"), JT_SPAN_NONE,
                                       JT_SPAN_NONE, 10};
    struct jt_span last;
    return jt_who_can_list(&who_can, out, &last, NULL);
}

static void assert_whole_or_none(enum jt_err (*make)(json_t **out))
{
    json_t *whole = NULL;
    assert_ok(make(&whole));
    enum jt_err err = JT_ERR_NOMEM;
    long n = 0;
    for (; err != JT_OK; n++) {
        json_t *answer = NULL;
        allocations_left = n;
        err = make(&answer);
        allocations_left = -1;
        if (err == JT_OK) {
            assert_true(json_equal(whole, answer));
        } else {
            assert_err(err, JT_ERR_NOMEM);
            assert_null(answer);
        }
        json_decref(answer);
    }
    assert_true(n > 10);
    json_decref(whole);
}

static void answers_without_memory_are_whole_or_none(void **state)
{
    (void)state;
    static enum jt_err (*const makers[])(json_t **) = {granted,  everything, refused, unnamed,
                                                       disabled, unknown,    list};
    for (size_t i = 0; i < JT_COUNT(makers); i++) {
        assert_whole_or_none(makers[i]);
    }
}

/* The same checks with the same outcome; what they tell may change, such as the room on the disk. */
static bool same_checks(const json_t *a, const json_t *b)
{
    size_t index;
    const json_t *item;
    json_array_foreach(json_object_get(a, "checks"), index, item)
    {
        const json_t *other = json_array_get(json_object_get(b, "checks"), index);
        if (!json_equal(json_object_get(item, "check"), json_object_get(other, "check")) ||
            !json_equal(json_object_get(item, "status"), json_object_get(other, "status"))) {
            return false;
        }
    }
    return true;
}

/* A check that memory kept from looking may be told as failed; the answer is whole all the same. */
static void doctor_without_memory_says_so_or_nothing(void **state)
{
    (void)state;
    json_t *whole = NULL;
    assert_ok(jt_doctor_run(worker, &whole));
    size_t n_checks = json_array_size(json_object_get(whole, "checks"));
    for (long n = 0;; n++) {
        json_t *answer = NULL;
        allocations_left = n;
        enum jt_err err = jt_doctor_run(worker, &answer);
        bool reached = allocations_left == -1;
        allocations_left = -1;
        if (err == JT_OK) {
            assert_int_equal(json_array_size(json_object_get(answer, "checks")), n_checks);
        } else {
            assert_err(err, JT_ERR_NOMEM);
        }
        bool same = err == JT_OK && same_checks(whole, answer);
        json_decref(answer);
        if (!reached) {
            assert_true(same && n > 50);
            break;
        }
    }
    json_decref(whole);
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
        cmocka_unit_test_setup_teardown(answers_without_memory_are_whole_or_none, make_world,
                                        drop_world),
        cmocka_unit_test_setup_teardown(doctor_without_memory_says_so_or_nothing, make_world,
                                        drop_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
