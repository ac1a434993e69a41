/* SPDX-License-Identifier: Apache-2.0 */
/* Batches at the edges of the machine: keys that have to sign longer, and memory that runs out. */
#include "tests/unit/unit_batch.h"

#include "tests/support/failing_allocation.h"

#include "common/base/base.h"

/* --- lifetimes --- */

static size_t raises;

enum jt_err __real_jt_issuer_raise_lifetime(struct jt_issuer *issuer, enum jt_alg alg,
                                            int64_t lifetime_s, struct jt_diag *diag);
enum jt_err __wrap_jt_issuer_raise_lifetime(struct jt_issuer *issuer, enum jt_alg alg,
                                            int64_t lifetime_s, struct jt_diag *diag);

enum jt_err __wrap_jt_issuer_raise_lifetime(struct jt_issuer *issuer, enum jt_alg alg,
                                            int64_t lifetime_s, struct jt_diag *diag)
{
    raises++;
    return __real_jt_issuer_raise_lifetime(issuer, alg, lifetime_s, diag);
}

struct longest {
    enum jt_alg alg;
    int64_t least_s, most_s;
};

static enum jt_err look_at_key(void *ctx, const struct jt_key_times *key, enum jt_key_state state)
{
    struct longest *longest = ctx;
    (void)state;
    if (key->alg == longest->alg) {
        longest->least_s = key->longest_s < longest->least_s ? key->longest_s : longest->least_s;
        longest->most_s = key->longest_s > longest->most_s ? key->longest_s : longest->most_s;
    }
    return JT_OK;
}

/* What the active key of `alg` may sign for. */
static void assert_longest(enum jt_alg alg, int64_t want_s)
{
    struct longest longest = {alg, INT64_MAX, 0};
    assert_ok(jt_issuer_keys(desk.issuer, look_at_key, &longest, NULL));
    assert_int_equal(longest.most_s, want_s);
}

#define TWO_ALGS "  algorithms: [ES256, EdDSA]\n"

static void batch_raises_lifetimes_once_an_algorithm(void **state)
{
    (void)state;
    static const struct batch_row rows[] = {
        {JT_STORE_RESOURCE, NULL, "{'identifier':'https://1','lifetime_s':4000}"},
        {JT_STORE_RESOURCE, NULL, "{'identifier':'https://2','lifetime_s':7200}"},
        {JT_STORE_RESOURCE, NULL, "{'identifier':'https://3','lifetime_s':60}"},
        {JT_STORE_RESOURCE, NULL, "{'identifier':'https://4','lifetime_s':5000,'alg':'EdDSA'}"},
        {JT_STORE_ROLE, NULL, "{'name':'r'}"},
    };
    static const struct batch_row same[] = {{JT_STORE_ROLE, "r", "{'name':'r'}"}};
    static const struct batch_row lower[] = {
        {JT_STORE_RESOURCE, "https://2", "{'identifier':'https://2','lifetime_s':100}"},
        {JT_STORE_RESOURCE, "https://4", NULL},
    };
    desk_open(TWO_ALGS);
    raises = 0;
    MAKE_ALL(rows);
    assert_int_equal(raises, 2);
    for (int round = 0; round < 2; round++) {
        assert_longest(JT_ALG_ES256, 7200);
        assert_longest(JT_ALG_EDDSA, 5000);
        MAKE_ALL(same);
        desk_reopen(TWO_ALGS);
    }
    MAKE_ALL(lower); /* tokens of the longer one are still about */
    assert_longest(JT_ALG_ES256, 7200);
    assert_longest(JT_ALG_EDDSA, 5000);
}

static void batch_refused_raises_no_lifetime(void **state)
{
    (void)state;
    static const struct batch_row rows[] = {
        {JT_STORE_RESOURCE, NULL, "{'identifier':'https://1','lifetime_s':7200}"},
        {JT_STORE_ROLE, NULL, "{'name':'r','grants':['https://none']}"},
    };
    struct batch_run run;
    desk_open("");
    assert_err(run_batch(&run, rows, 2), JT_ERR_INVALID);
    assert_longest(JT_ALG_ES256, 3600);
}

/* --- without memory --- */

static const struct batch_row before[] = {
    {JT_STORE_RESOURCE, NULL, "{'identifier':'https://a','scopes':['r','w']}"},
    {JT_STORE_ROLE, NULL, "{'name':'reader','grants':['https://a#r']}"},
    {JT_STORE_CLIENT, NULL, "{'client_id':'c1','name':'cart','roles':['reader']}"},
    {JT_STORE_CLIENT, NULL, "{'client_id':'c2','name':'desk'}"},
};

static const struct batch_row change[] = {
    {JT_STORE_PRODUCT, NULL, "{'name':'basic','grants':['https://a#w'],'labels':{'a':'b'}}"},
    {JT_STORE_CLIENT, "cart",
     "{'client_id':'c1','name':'desk','subscriptions':['basic'],'owner':'o','grants':['https://"
     "b']}"},
    {JT_STORE_CLIENT, "desk", NULL},
    {JT_STORE_ROLE, "reader", NULL},
    {JT_STORE_RESOURCE, NULL, "{'identifier':'https://b','lifetime_s':7200,'claims':{'t':1}}"},
};

/* Is all of the change there (or none of it)? */
static bool changed(void)
{
    bool is = object_of(JT_STORE_PRODUCT, "basic") != NULL;
    assert_int_equal(object_of(JT_STORE_RESOURCE, "https://b") != NULL, is);
    assert_int_equal(object_of(JT_STORE_ROLE, "reader") == NULL, is);
    assert_int_equal(object_of(JT_STORE_CLIENT, "c2") == NULL, is);
    assert_int_equal(object_of(JT_STORE_CLIENT, "cart") == NULL, is);
    assert_ptr_equal(object_of(JT_STORE_CLIENT, "desk"),
                     object_of(JT_STORE_CLIENT, is ? "c1" : "c2"));
    return is;
}

/* Runs the change while the `n`-th allocation fails; JT_OK when there were not so many. */
static enum jt_err change_with_failure_at(long n)
{
    struct batch_run run;
    const struct jt_root *root = desk_root();
    load_batch(&run, change, JT_COUNT(change));
    allocations_left = n;
    enum jt_err err = jt_issuer_change(desk.issuer, batch_change, &run, &run.diag);
    bool met = allocations_left < 0;
    allocations_left = -1;
    drop_batch(&run);
    if (err != JT_OK && jt_err_row(err)->class != JT_CLASS_ENV) {
        fail_msg("allocation %ld: %s", n, jt_err_name(err)); /* never the peer's fault */
    }
    assert_int_equal(err == JT_OK, !met);
    assert_int_equal(changed(), err == JT_OK);
    assert_true(err == JT_OK || desk_root() == root);
    return err;
}

static void batch_without_memory_is_whole_or_absent(void **state)
{
    enum jt_err err = JT_ERR_NOMEM;
    long n = 0, after_commit = -1;
    for (; err != JT_OK; after_commit++) {
        assert_int_equal(desk_setup(state), 0);
        desk_open("");
        MAKE_ALL(before);
        while (!changed()) {
            err = change_with_failure_at(n++);
            /* what was committed and could not be published is at the next occasion */
            assert_ok(jt_issuer_tick(desk.issuer, NULL));
        }
        desk_reopen("");
        assert_true(changed());
        assert_int_equal(desk_teardown(state), 0);
    }
    assert_true(n > 50);
    assert_true(after_commit <= 4); /* publishing makes a root, and room for the old one */
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
        DESK_TEST(batch_raises_lifetimes_once_an_algorithm),
        DESK_TEST(batch_refused_raises_no_lifetime),
        cmocka_unit_test(batch_without_memory_is_whole_or_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
