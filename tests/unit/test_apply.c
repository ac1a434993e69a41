/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/apply.h"

#include "common/json/json.h"
#include "issuer/apply_input.h"
#include "issuer/edit.h"
#include "tests/support/failing_allocation.h"
#include "tests/unit/unit.h"
#include "tests/unit/unit_issuer.h"

#include "common/base/base.h"

#define API "https://api.example/"

static const struct jt_actor actor = {.name = "test"};

/* Applies `text`, given in pieces of `piece` bytes. */
static enum jt_err apply_pieces(const char *text, size_t piece, const struct jt_apply_how *how,
                                json_t **out_report, struct jt_diag *diag)
{
    JT_AUTOP(apply) apply = NULL;
    JT_TRY(jt_apply_new(desk.issuer, &apply));
    for (size_t n = strlen(text), at = 0; at < n; at += piece) {
        size_t len = n - at < piece ? n - at : piece;
        if (!jt_apply_take(apply, jt_span_of(text + at, len))) {
            break;
        }
    }
    return jt_apply_run(apply, how, out_report, diag);
}

static enum jt_err apply_text(const char *text, struct jt_diag *diag)
{
    const struct jt_apply_how how = {.actor = &actor};
    JT_JSON_AUTO json_t *report = NULL;
    return apply_pieces(text, 1000, &how, &report, diag);
}

static int64_t count(const json_t *report, const char *name)
{
    return json_integer_value(json_object_get(report, name));
}

/* Applies and compares "created updated deleted unchanged". */
static void check_counts(const char *text, const struct jt_apply_how *how, const char *want)
{
    struct jt_diag diag = JT_DIAG_INIT;
    JT_JSON_AUTO json_t *report = NULL;
    char got[64];
    enum jt_err err = apply_pieces(text, 7, how, &report, &diag);
    assert_string_equal(diag.text, "");
    assert_ok(err);
    (void)snprintf(got, sizeof got, "%d %d %d %d", (int)count(report, "created"),
                   (int)count(report, "updated"), (int)count(report, "deleted"),
                   (int)count(report, "unchanged"));
    assert_string_equal(got, want);
}

static const struct jt_apply_how plain = {.actor = &actor};

static const char model[] =
    "{\"kind\":\"client\",\"name\":\"cart\",\"roles\":[\"r\"],\"subscriptions\":[\"p\"]}\n"
    "{\"kind\":\"role\",\"name\":\"r\",\"grants\":[\"" API "#a\"],\"labels\":{\"t\":\"x\"}}\n"
    "{\"kind\":\"product\",\"name\":\"p\",\"approval\":\"manual\",\"grants\":[\"" API "#b\"]}\n"
    "{\"kind\":\"resource\",\"identifier\":\"" API "\",\"scopes\":[\"a\",\"b\"]}\n";

static void run_in_pieces_of_any_size_makes_the_same(void **state)
{
    (void)state;
    desk_open("");
    check_counts(model, &plain, "4 0 0 0");
    int64_t version = desk_root()->version;
    for (size_t piece = 1; piece <= sizeof model; piece = piece * 2 + 1) {
        struct jt_diag diag = JT_DIAG_INIT;
        JT_JSON_AUTO json_t *report = NULL;
        assert_ok(apply_pieces(model, piece, &plain, &report, &diag));
        assert_int_equal(count(report, "unchanged"), 4);
    }
    assert_int_equal(desk_root()->version, version); /* nothing was written */
}

static void run_after_a_restart_finds_the_same(void **state)
{
    (void)state;
    desk_open("");
    check_counts(model, &plain, "4 0 0 0");
    desk_reopen("");
    check_counts(model, &plain, "0 0 0 4");
}

static void run_dry_changes_nothing(void **state)
{
    (void)state;
    desk_open("");
    const struct jt_apply_how dry = {.actor = &actor, .dry_run = true, .prune_all = true};
    int64_t version = desk_root()->version;
    check_counts(model, &dry, "4 0 0 0");
    assert_int_equal(desk_root()->version, version);
    check_counts(model, &plain, "4 0 0 0");
    check_counts("", &dry, "0 0 4 0");
    check_counts(model, &plain, "0 0 0 4");
}

static void run_prune_by_label_takes_what_has_it(void **state)
{
    (void)state;
    desk_open("");
    const struct jt_apply_how other = {.actor = &actor, .label = JT_SPAN("t=y")};
    const struct jt_apply_how same = {.actor = &actor, .label = JT_SPAN("t=x")};
    struct jt_diag diag = JT_DIAG_INIT;
    JT_JSON_AUTO json_t *report = NULL;
    check_counts(model, &plain, "4 0 0 0");
    check_counts("", &other, "0 0 0 0");
    assert_err(apply_pieces("", 1, &same, &report, &diag), JT_ERR_CONFLICT);
    assert_string_equal(diag.text, "client 'cart' still uses role 'r'; change that first");
    check_counts(model, &same, "0 0 0 4"); /* it is in the input */
    check_counts("{\"kind\":\"client\",\"name\":\"cart\"}", &same, "0 1 1 0");
}

static void run_prune_of_what_is_no_label_refused(void **state)
{
    (void)state;
    const struct {
        struct jt_apply_how how;
        enum jt_err err;
    } rows[] = {
        {{.actor = &actor, .label = JT_SPAN("t=y"), .prune_all = true}, JT_ERR_INVALID},
        {{.actor = &actor, .label = JT_SPAN("t")}, JT_ERR_INVALID},
        {{.actor = &actor, .label = JT_SPAN("=y")}, JT_ERR_INVALID},
        {{.actor = &actor, .label = JT_SPAN("t u=y")}, JT_ERR_INVALID},
        {{.actor = &actor, .label = JT_SPAN("t=")}, JT_OK},
        {{.actor = &actor, .label = JT_SPAN("t=y")}, JT_OK},
    };
    desk_open("");
    check_counts(model, &plain, "4 0 0 0");
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        JT_JSON_AUTO json_t *report = NULL;
        assert_err(apply_pieces("", 1, &rows[i].how, &report, &diag), rows[i].err);
        assert_true(rows[i].err == JT_OK || strncmp(diag.text, "prune: ", 7) == 0);
    }
    check_counts(model, &plain, "0 0 0 4");
}

/* --- what a client keeps --- */

#define CART(status) \
    "{\"kind\":\"client\",\"name\":\"cart\",\"roles\":[\"r\"],\"subscriptions\":[" status "]}"
#define P(status) "{\"product\":\"p\",\"status\":\"" status "\"}"

static void run_status_changes_where_it_is_said(void **state)
{
    (void)state;
    desk_open("");
    check_counts(model, &plain, "4 0 0 0");
    check_counts(CART(P("pending")), &plain, "0 0 0 1");
    check_counts(CART(P("approved")), &plain, "0 1 0 0");
    check_counts(CART("\"p\""), &plain, "0 0 0 1");
    check_counts(CART(P("approved")), &plain, "0 0 0 1");
    check_counts(CART(P("revoked")), &plain, "0 1 0 0");
    check_counts(CART("\"p\""), &plain, "0 0 0 1");
    check_counts(CART(""), &plain, "0 1 0 0");
    check_counts(CART("\"p\""), &plain, "0 1 0 0"); /* anew: the product decides */
    check_counts(CART(P("pending")), &plain, "0 0 0 1");
}

static size_t n_secrets(const char *name)
{
    const struct jt_client *client = jt_access_client_named(desk_root()->access, jt_span_str(name));
    assert_non_null(client);
    return client->n_secrets;
}

static void run_changed_client_keeps_its_secrets(void **state)
{
    (void)state;
    const struct jt_edit_how how = {.actor = &actor};
    struct jt_edit_result result = {0};
    desk_open("");
    JT_JSON_AUTO json_t *doc = json_pack("{s:s}", "name", "cart");
    assert_ok(jt_edit_create(desk.issuer, &how, JT_STORE_CLIENT, doc, &result, NULL));
    json_decref(result.view);
    for (size_t i = 0; i < 2; i++) {
        check_counts(i == 0 ? model : CART(""), &plain, i == 0 ? "3 1 0 0" : "0 1 0 0");
        assert_int_equal(n_secrets("cart"), 1);
        desk_reopen("");
        assert_int_equal(n_secrets("cart"), 1);
    }
}

/* Refused with the sentence; and the text with only that cause repaired. */
static const struct {
    const char *refused, *sentence, *accepted;
} pairs[] = {
    {"{\"kind\":\"role\",\"name\":\"a\"}\n\nx", "line 3: not one JSON object",
     "{\"kind\":\"role\",\"name\":\"a\"}\n\n"},
    {"{\"kind\":\"role\",\"name\":\"a\"} {}", "line 1: not one JSON object",
     "{\"kind\":\"role\",\"name\":\"a\"} "},
    {"{\"kind\":\"Role\",\"name\":\"a\"}", "line 1: kind: give resource",
     "{\"kind\":\"role\",\"name\":\"a\"}"},
    {"{\"kind\":\"role\",\"name\":\"a\",\"grants\":[\"" API "\"]}",
     "line 1: role 'a': grants: no resource '" API "'; create it first",
     "{\"kind\":\"role\",\"name\":\"a\",\"grants\":[]}"},
    {"{\"kind\":\"client\",\"name\":\"a\",\"secrets\":[]}", "line 1: client 'a': secrets: a client",
     "{\"kind\":\"client\",\"name\":\"a\"}"},
    {"{\"kind\":\"client\",\"name\":\"b\",\"client_id\":\"b_1\"}",
     "line 1: client 'b': client_id: give",
     "{\"kind\":\"client\",\"name\":\"b\",\"client_id\":\"b1\"}"},
    {"{\"kind\":\"client\",\"name\":\"c\"}\n{\"kind\":\"client\",\"name\":\"c\"}",
     "line 2: client 'c': stands on line 1 too",
     "{\"kind\":\"client\",\"name\":\"c\"}\n{\"kind\":\"client\",\"name\":\"d\"}"},
    {"{\"kind\":\"client\",\"name\":\"x\",\"client_id\":\"e\"}\n"
     "{\"kind\":\"client\",\"name\":\"y\",\"client_id\":\"e\"}",
     "line 2: client 'y': stands on line 1 too",
     "{\"kind\":\"client\",\"name\":\"x\",\"client_id\":\"e\"}\n"
     "{\"kind\":\"client\",\"name\":\"y\",\"client_id\":\"f\"}"},
    /* of another id it is another client, whose name is taken */
    {"{\"kind\":\"client\",\"name\":\"c\",\"client_id\":\"c1\"}",
     "line 1: client 'c': name: another client has it",
     "{\"kind\":\"client\",\"name\":\"cc\",\"client_id\":\"c1\"}"},
    {"{\"kind\":\"client\",\"name\":\"g\",\"client_id\":\"h\"}\n"
     "{\"kind\":\"client\",\"name\":\"h\",\"client_id\":\"i\"}",
     "another client has it",
     "{\"kind\":\"client\",\"name\":\"g\",\"client_id\":\"h2\"}\n"
     "{\"kind\":\"client\",\"name\":\"h\",\"client_id\":\"i\"}"},
};

static void run_refused_with_line_repaired_accepted(void **state)
{
    (void)state;
    desk_open("");
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        int64_t version = desk_root()->version;
        assert_int_not_equal(apply_text(pairs[i].refused, &diag), JT_OK);
        if (strstr(diag.text, pairs[i].sentence) == NULL) {
            assert_string_equal(diag.text, pairs[i].sentence);
        }
        assert_int_equal(desk_root()->version, version);
        diag.text[0] = 0;
        enum jt_err err = apply_text(pairs[i].accepted, &diag);
        assert_string_equal(diag.text, "");
        assert_ok(err);
    }
}

static void take_a_line_that_is_too_long_refused(void **state)
{
    (void)state;
    desk_open("");
    for (size_t more = 0; more <= 1; more++) {
        struct jt_diag diag = JT_DIAG_INIT;
        JT_JSON_AUTO json_t *report = NULL;
        JT_AUTOP(apply) apply = NULL;
        static const char line[] = "{\"kind\":\"role\",\"name\":\"long\"}";
        assert_ok(jt_apply_new(desk.issuer, &apply));
        assert_true(jt_apply_take(apply, JT_SPAN("\n")));
        for (size_t n = strlen(line); n < JT_APPLY_MAX_LINE + more; n++) {
            assert_true(jt_apply_take(apply, JT_SPAN(" ")));
        }
        assert_int_equal(jt_apply_take(apply, jt_span_str(line)), more == 0);
        enum jt_err err = jt_apply_run(apply, &plain, &report, &diag);
        assert_err(err, more == 0 ? JT_OK : JT_ERR_LIMIT);
        assert_string_equal(diag.text,
                            more == 0 ? "" : "line 2: over 1048576 bytes; divide the object");
    }
}

/* The same, where it comes in one piece. */
static void take_a_long_line_in_one_piece_refused(void **state)
{
    (void)state;
    desk_open("");
    for (size_t more = 0; more <= 1; more++) {
        struct jt_diag diag = JT_DIAG_INIT;
        JT_JSON_AUTO json_t *report = NULL;
        JT_AUTO(buf) text = JT_BUF_INIT(JT_APPLY_MAX_LINE + 2);
        assert_ok(jt_buf_puts(&text, "{\"kind\":\"role\",\"name\":\"long\"}"));
        while (text.len < JT_APPLY_MAX_LINE + more) {
            assert_ok(jt_buf_putc(&text, ' '));
        }
        assert_ok(jt_buf_putc(&text, '\n'));
        assert_err(apply_pieces(jt_buf_str(&text), text.len, &plain, &report, &diag),
                   more == 0 ? JT_OK : JT_ERR_LIMIT);
    }
}

/* Whoever hands over more after a refusal makes no half of it. */
static void take_after_a_refusal_takes_nothing(void **state)
{
    (void)state;
    static const char good[] = "{\"kind\":\"role\",\"name\":\"good\"}\n";
    desk_open("");
    for (size_t i = 0; i < 2; i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        JT_JSON_AUTO json_t *report = NULL;
        JT_AUTOP(apply) apply = NULL;
        assert_ok(jt_apply_new(desk.issuer, &apply));
        assert_int_equal(jt_apply_take(apply, i == 0 ? JT_SPAN("x\n") : JT_SPAN("\n")), i == 1);
        assert_int_equal(jt_apply_take(apply, jt_span_str(good)), i == 1);
        assert_err(jt_apply_run(apply, &plain, &report, &diag), i == 0 ? JT_ERR_INVALID : JT_OK);
        assert_true((jt_access_role(desk_root()->access, JT_SPAN("good")) != NULL) == (i == 1));
    }
}

/* What all applies hold counts, and no longer than they hold it. */
static void take_more_than_memory_for_all_refused(void **state)
{
    (void)state;
    struct jt_apply *first = NULL, *second = NULL;
    JT_JSON_AUTO json_t *report = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    atomic_size_t *held = &desk.issuer->applying;
    assert_ok(jt_apply_new(desk.issuer, &first));
    assert_true(jt_apply_take(first, JT_SPAN("{\"kind\":\"role\",\"name\":\"first\"}\n")));
    size_t one = atomic_load(held);
    assert_true(one > sizeof(struct jt_grant_set));
    atomic_store(held, JT_APPLY_MAX_HELD - one + 1); /* by others */
    assert_ok(jt_apply_new(desk.issuer, &second));
    assert_false(jt_apply_take(second, JT_SPAN("{\"kind\":\"role\",\"name\":\"other\"}\n")));
    assert_err(jt_apply_run(second, &plain, &report, &diag), JT_ERR_LIMIT);
    assert_non_null(strstr(diag.text, "in parts"));
    jt_apply_free(second);
    atomic_store(held, JT_APPLY_MAX_HELD - one); /* one byte less */
    assert_ok(jt_apply_new(desk.issuer, &second));
    assert_true(jt_apply_take(second, JT_SPAN("{\"kind\":\"role\",\"name\":\"other\"}\n")));
    atomic_store(held, 2 * one);
    assert_ok(jt_apply_run(second, &plain, &report, &diag));
    jt_apply_free(second);
    jt_apply_free(first);
    assert_int_equal(atomic_load(held), 0);
}

/* Whatever allocation fails: all of it or nothing, and the next one works. */
static void run_without_memory_is_whole_or_nothing(void **state)
{
    (void)state;
    desk_open("");
    json_set_alloc_funcs(malloc, free);
    const struct jt_apply_how all = {.actor = &actor, .prune_all = true};
    bool ended = false;
    for (long n = 0; !ended; n++) {
        struct jt_diag diag = JT_DIAG_INIT;
        JT_JSON_AUTO json_t *report = NULL;
        JT_JSON_AUTO json_t *again = NULL;
        allocations_left = n;
        enum jt_err err = apply_pieces(model, 50, &all, &report, &diag);
        ended = allocations_left >= 0; /* none was left to fail */
        allocations_left = -1;
        assert_true(err == JT_ERR_NOMEM || err == JT_OK);
        assert_ok(apply_pieces(model, 1000, &plain, &again, &diag));
        int64_t created = count(again, "created"), unchanged = count(again, "unchanged");
        assert_int_equal(created + unchanged, 4);
        assert_true(created == 0 || created == 4);
        assert_true(err != JT_OK || unchanged == 4);
        json_decref(again);
        again = NULL;
        assert_ok(apply_pieces("", 1, &all, &again, &diag));
        assert_int_equal(count(again, "deleted"), 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(run_in_pieces_of_any_size_makes_the_same),
        DESK_TEST(run_after_a_restart_finds_the_same),
        DESK_TEST(run_dry_changes_nothing),
        DESK_TEST(run_prune_by_label_takes_what_has_it),
        DESK_TEST(run_prune_of_what_is_no_label_refused),
        DESK_TEST(run_status_changes_where_it_is_said),
        DESK_TEST(run_changed_client_keeps_its_secrets),
        DESK_TEST(run_refused_with_line_repaired_accepted),
        DESK_TEST(take_a_line_that_is_too_long_refused),
        DESK_TEST(take_more_than_memory_for_all_refused),
        DESK_TEST(take_a_long_line_in_one_piece_refused),
        DESK_TEST(take_after_a_refusal_takes_nothing),
        DESK_TEST(run_without_memory_is_whole_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
