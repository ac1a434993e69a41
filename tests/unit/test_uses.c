/* SPDX-License-Identifier: Apache-2.0 */
/* Last uses of secrets: noted by requests, written once a minute for all, of no version. */
#include "issuer/uses.h"

#include "tests/unit/unit_edit.h"

#include "common/base/base.h"

static size_t transactions;

enum jt_err __real_jt_store_begin(struct jt_store *store, struct jt_diag *diag);
enum jt_err __wrap_jt_store_begin(struct jt_store *store, struct jt_diag *diag);

enum jt_err __wrap_jt_store_begin(struct jt_store *store, struct jt_diag *diag)
{
    transactions++;
    return __real_jt_store_begin(store, diag);
}

/* --- a few clients, and what is known of them --- */

enum { N_CLIENTS = 5 };
static json_t *clients[N_CLIENTS]; /* as shown at their making */
static char names[N_CLIENTS][8];

static void open_with_clients(void)
{
    desk_open("");
    for (size_t i = 0; i < N_CLIENTS; i++) {
        char text[64];
        (void)snprintf(names[i], sizeof names[i], "c%zu", i);
        (void)snprintf(text, sizeof text, "{'name':'%s'}", names[i]);
        assert_ok(create(JT_STORE_CLIENT, text, &clients[i], NULL));
    }
}

static int close_with_clients(void **state)
{
    for (size_t i = 0; i < N_CLIENTS; i++) {
        json_decref(clients[i]);
    }
    return desk_teardown(state);
}

static void use(size_t i)
{
    assert_ok(authenticate(names[i], text_of(clients[i], "client_secret")));
}

/* The last use that the view of a client tells of its first secret; 0: none. */
static int64_t shown(const char *name)
{
    json_t *view = view_of(JT_STORE_CLIENT, name);
    const json_t *used_s =
        json_object_get(json_array_get(json_object_get(view, "secrets"), 0), "last_used_s");
    assert_non_null(used_s);
    int64_t at_s = json_integer_value(used_s);
    json_decref(view);
    return at_s;
}

struct stored {
    size_t n;
    int64_t sum_s; /* since the start */
};

static enum jt_err add_stored(void *ctx, const struct jt_store_use *row)
{
    struct stored *stored = ctx;
    stored->n++;
    stored->sum_s += row->used_s - START_S;
    return JT_OK;
}

static void assert_stored(size_t n, int64_t sum_s)
{
    struct stored stored = {0};
    assert_ok(jt_store_uses(desk.issuer->store, 0, add_stored, &stored));
    assert_int_equal(stored.n, n);
    assert_int_equal(stored.sum_s, sum_s);
}

static void pass(int64_t seconds)
{
    fixed_clock_pass(&desk.clock, seconds);
    assert_ok(jt_issuer_tick(desk.issuer, NULL));
}

static int64_t stored_version(void)
{
    int64_t version = 0;
    assert_ok(jt_store_version(desk.issuer->store, &version));
    return version;
}

/* --- writing --- */

static void uses_written_once_a_minute_for_all(void **state)
{
    (void)state;
    open_with_clients();
    const struct jt_root *root = desk_root();
    int64_t version = stored_version();
    pass(10);
    for (size_t i = 0; i < 3; i++) {
        use(i);
        assert_int_equal(shown(names[i]), START_S + 10);
    }
    transactions = 0;
    pass(49);
    assert_int_equal(transactions, 0);
    assert_stored(0, 0);
    pass(1);
    assert_int_equal(transactions, 1);
    assert_stored(3, 30);
    /* nothing is written when nothing was used */
    for (int i = 0; i < 5; i++) {
        pass(60);
    }
    assert_int_equal(transactions, 1);
    use(0);
    pass(60);
    assert_int_equal(transactions, 2);
    assert_stored(3, 380);
    assert_int_equal(shown(names[0]), START_S + 360);
    assert_int_equal(shown(names[3]), 0);
    /* of no version: nobody has to read anything again */
    assert_ptr_equal(desk_root(), root);
    assert_int_equal(stored_version(), version);
}

static void uses_of_a_secret_written_again_after_its_minute(void **state)
{
    (void)state;
    open_with_clients();
    use(0);
    pass(60);
    for (int i = 0; i < 7; i++) { /* all the time */
        use(0);
        pass(20);
    }
    assert_int_equal(shown(names[0]), START_S + 180);
    pass(60);
    assert_stored(1, 180);
}

static void uses_in_the_second_of_the_writing_are_not_lost(void **state)
{
    (void)state;
    open_with_clients();
    use(0);
    pass(60);
    use(1);
    pass(60);
    assert_stored(2, 60);
    desk_reopen("");
    assert_int_equal(shown(names[1]), START_S + 60);
}

static void uses_after_the_clock_was_set_back_are_written(void **state)
{
    (void)state;
    open_with_clients();
    pass(5000);
    use(0);
    pass(60);
    assert_stored(1, 5000);
    desk.clock.wall_s -= 3000;
    use(1);
    pass(60);
    assert_stored(2, 5000 + 2060);
}

/* --- keeping --- */

static void uses_kept_over_a_restart(void **state)
{
    (void)state;
    open_with_clients();
    pass(7);
    use(1);
    pass(60);
    pass(3);
    use(2); /* not written yet: closing does */
    desk_reopen("");
    assert_int_equal(shown(names[0]), 0);
    assert_int_equal(shown(names[1]), START_S + 7);
    assert_int_equal(shown(names[2]), START_S + 70);
    assert_stored(2, 77);
}

/* Each secret of a client has its own. */
static void uses_kept_of_the_secret_that_was_used(void **state)
{
    (void)state;
    open_with_clients();
    assert_ok(jt_edit_add_secret(desk.issuer, &how, jt_span_str(names[0]), JT_SPAN("second"), 0,
                                 NULL, NULL));
    pass(7);
    use(0);
    desk_reopen("");
    assert_int_equal(shown(names[0]), START_S + 7);
    json_t *view = view_of(JT_STORE_CLIENT, names[0]);
    const json_t *second = json_array_get(json_object_get(view, "secrets"), 1);
    assert_string_equal(text_of(second, "name"), "second");
    assert_true(json_is_null(json_object_get(second, "last_used_s")));
    json_decref(view);
}

static void uses_carried_over_changes_of_the_client(void **state)
{
    (void)state;
    open_with_clients();
    pass(7);
    use(0);
    assert_ok(patch(JT_STORE_CLIENT, names[0], "{'enabled':false,'owner':'o'}", NULL));
    assert_int_equal(shown(names[0]), START_S + 7);
    assert_ok(patch(JT_STORE_CLIENT, names[0], "{'name':'renamed'}", NULL));
    assert_ok(jt_edit_add_secret(desk.issuer, &how, JT_SPAN("renamed"), JT_SPAN("second"), 0, NULL,
                                 NULL));
    assert_int_equal(shown("renamed"), START_S + 7);
    pass(60);
    assert_ok(patch(JT_STORE_CLIENT, "renamed", "{'enabled':true}", NULL));
    assert_int_equal(shown("renamed"), START_S + 7);
    desk_reopen("");
    assert_int_equal(shown("renamed"), START_S + 7);
    assert_stored(1, 7);
}

static void uses_forgotten_with_the_secret_and_the_client(void **state)
{
    (void)state;
    open_with_clients();
    use(0);
    use(1);
    use(2);
    pass(60);
    assert_stored(3, 0);
    assert_ok(jt_edit_revoke_secret(desk.issuer, &how, JT_SPAN("c0"),
                                    jt_span_str(secret_id(clients[0], 0)), NULL));
    assert_stored(2, 0);
    assert_ok(remove_object(JT_STORE_CLIENT, "c1", NULL));
    assert_stored(1, 0);
    /* nor does a later writing bring them back */
    use(2);
    pass(60);
    assert_stored(1, 60);
    desk_reopen("");
    assert_stored(1, 60);
}

static void uses_of_a_wrong_secret_are_none(void **state)
{
    (void)state;
    open_with_clients();
    assert_err(authenticate(names[0], text_of(clients[1], "client_secret")), JT_ERR_CLIENT);
    assert_ok(patch(JT_STORE_CLIENT, names[2], "{'enabled':false}", NULL));
    assert_err(authenticate(names[2], text_of(clients[2], "client_secret")), JT_ERR_CLIENT);
    pass(60);
    assert_stored(0, 0);
    assert_int_equal(shown(names[0]), 0);
    assert_int_equal(shown(names[2]), 0);
}

/* The store may know of what is there no more: a backup was put back. */
static void uses_of_unknown_secrets_do_no_harm(void **state)
{
    (void)state;
    open_with_clients();
    const struct jt_store_use rows[] = {{JT_SPAN("nobody"), JT_SPAN("x"), START_S},
                                        {JT_SPAN(""), JT_SPAN("\0"), INT64_MAX}};
    assert_ok(jt_store_begin(desk.issuer->store, NULL));
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_ok(jt_store_put_use(desk.issuer->store, &rows[i]));
    }
    assert_ok(jt_store_commit(desk.issuer->store, NULL));
    desk_reopen("");
    assert_int_equal(shown(names[0]), 0);
}

#define USES_TEST(test) cmocka_unit_test_setup_teardown(test, desk_setup, close_with_clients)

int main(void)
{
    const struct CMUnitTest tests[] = {
        USES_TEST(uses_written_once_a_minute_for_all),
        USES_TEST(uses_of_a_secret_written_again_after_its_minute),
        USES_TEST(uses_in_the_second_of_the_writing_are_not_lost),
        USES_TEST(uses_after_the_clock_was_set_back_are_written),
        USES_TEST(uses_kept_over_a_restart),
        USES_TEST(uses_kept_of_the_secret_that_was_used),
        USES_TEST(uses_carried_over_changes_of_the_client),
        USES_TEST(uses_forgotten_with_the_secret_and_the_client),
        USES_TEST(uses_of_a_wrong_secret_are_none),
        USES_TEST(uses_of_unknown_secrets_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
