/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are not what RFC 9112 asks for, by class. Behind each stands a canary request on
 * the same connection; it must never be served, whatever the bad one was taken for. Each row holds
 * the same request with only that fault repaired, which must be served, and a table at the end
 * holds what is odd but right. All of it is sent whole and a second time byte by byte.
 */
#include "tests/attack/http/attacks.h"

#include "common/http/door.h"
#include "tests/attack/http/rows.h"
#include "tests/attack/http/sweep.h"
#include "tests/attack/http/target.h"
#include "tests/attack/http/wire.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define REQUEST_MAX (TARGET_REQUEST_MAX / 2)
#define N_UNREAD    5 /* of the tests at the end */

static struct target_said said;

/* Who never reads a body does not see its fault; what is behind it is served no more than that. */
static void answers_the_head_alone(const struct rows_pair *row, size_t piece)
{
    target_ask(row->bad, piece, JT_SPAN_NONE, &said);
    if (said.canaries != 0 || wire_count(said.text) != 1) {
        fail_msg("%s: %zu canaries, pieces of %zu: %s", row->name, said.canaries, piece, said.text);
    }
}

static void check_class(void **state)
{
    static const size_t pieces[] = {0, 1};
    const struct rows_class *class = *state;
    for (size_t i = 0; i < class->n; i++) {
        for (size_t j = 0; j < JT_COUNT(pieces); j++) {
            const struct rows_pair *row = &class->rows[i];
            if (target->unread && class->in_body) {
                answers_the_head_alone(row, pieces[j]);
            } else {
                target_refuses(row->name, row->status, row->bad, pieces[j]);
            }
            target_serves(row->name, row->good, pieces[j]);
        }
    }
}

static void odd_but_right_served(void **state)
{
    (void)state;
    for (size_t i = 0; i < rows_n_right; i++) {
        target_serves(rows_right[i].name, rows_right[i].request, 0);
        target_serves(rows_right[i].name, rows_right[i].request, 1);
    }
}

static void request_that_libraries_differ_on_answered_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < rows_n_either; i++) {
        target_ask(rows_either[i].request, 0, JT_SPAN_NONE, &said);
        bool post = jt_span_starts(rows_either[i].request, JT_SPAN("POST"));
        int want = rows_either[i].status;
        want = want == 200 ? (post ? target->post_status : target->get_status) : want;
        int status = wire_status(said.text);
        bool on = rows_either[i].goes_on && !jt_door_knows_library();
        if ((said.canaries != 0 && !on) || (said.served != SIZE_MAX && said.served > 1) ||
            (jt_door_knows_library() && status != want)) {
            fail_msg("%s: %s", rows_either[i].name, said.text);
        }
    }
}

static void assert_same_statuses(const char *name, const char *a, const char *b)
{
    while (a != NULL && b != NULL) {
        if (wire_status(a) != wire_status(b)) {
            fail_msg("%s: %s where %s was due", name, a, b);
        }
        a = wire_next(a);
        b = wire_next(b);
    }
    assert_true(a == NULL && b == NULL);
}

static void fault_that_the_library_hides_taken_as_what_it_is_without(void **state)
{
    (void)state;
    static struct target_said twin;
    for (size_t i = 0; i < rows_n_untold; i++) {
        const struct rows_untold *row = &rows_untold[i];
        target_ask(row->request, 0, JT_SPAN_NONE, &said);
        target_ask(row->same, 0, JT_SPAN_NONE, &twin);
        if (!jt_door_knows_library()) {
            assert_true(said.canaries <= twin.canaries);
            continue;
        }
        if (said.canaries != twin.canaries || said.served != twin.served) {
            fail_msg("%s: %zu canaries: %s", row->name, said.canaries, said.text);
        }
        assert_same_statuses(row->name, said.text, twin.text);
    }
}

/* --- sizes --- */

/* A POST with a body of `n` bytes, in a chunk or with its length; `sent` of them are there. */
static struct jt_span make_post(size_t n, bool chunked, size_t sent, char *out)
{
    const char *coding = chunked ? "Transfer-Encoding: chunked" : "Content-Length: ";
    size_t at = (size_t)snprintf(out, REQUEST_MAX, "POST /ok HTTP/1.1\r\nHost: a\r\n%s", coding);
    at += chunked ? (size_t)snprintf(out + at, REQUEST_MAX - at, "\r\n\r\n%zx\r\n", n)
                  : (size_t)snprintf(out + at, REQUEST_MAX - at, "%zu\r\n\r\n", n);
    memset(out + at, 'b', sent);
    at += sent;
    if (chunked) {
        memcpy(out + at, "\r\n0\r\n\r\n", 7);
        at += 7;
    }
    return jt_span_of(out, at);
}

static void body_refused_past_its_limit(void **state)
{
    (void)state;
    static char post[REQUEST_MAX];
    static const bool ways[] = {false, true};
    size_t max = target->max_body;
    assert_true(max + 256 < sizeof post);
    for (size_t i = 0; i < JT_COUNT(ways); i++) {
        target_refuses("one byte over the limit", 413, make_post(max + 1, ways[i], max + 1, post),
                       0);
        target_serves("the limit", make_post(max, ways[i], max, post), 0);
    }
    target_refuses("the canary as a body over the limit", 413, make_post(max + 1, false, 0, post),
                   0);
    target_refuses(
        "a length past 64 bits in chunks", 413,
        (struct jt_span)RAW("POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                            "\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"),
        0);
    target_serves(
        "zeros before a size",
        (struct jt_span)RAW("POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                            "\r\n0000000000000005\r\nhello\r\n0\r\n\r\n"),
        0);
    target_refuses("a GiB announced, and waiting to send it", 413,
                   (struct jt_span)RAW("POST /ok HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                       "Content-Length: 1073741824\r\n\r\n"),
                   0);
}

/* A head of `lines` lines with values of `value_n` bytes. */
static struct jt_span make_head(size_t lines, size_t value_n, char *out)
{
    size_t n = (size_t)snprintf(out, REQUEST_MAX, "GET /ok HTTP/1.1\r\nHost: a\r\n");
    for (size_t i = 0; i < lines; i++) {
        n += (size_t)snprintf(out + n, REQUEST_MAX - n, "X-%zu: ", i);
        memset(out + n, 'v', value_n);
        n += value_n;
        memcpy(out + n, "\r\n", 2);
        n += 2;
    }
    memcpy(out + n, "\r\n", 2);
    return jt_span_of(out, n + 2);
}

static void large_head_refused_past_the_memory_of_a_connection(void **state)
{
    (void)state;
    static char head[REQUEST_MAX];
    static const struct {
        size_t lines, value_n;
        int status;
    } rows[] = {{20, 20, 200},  {1, 1024, 200},   {1, 40000, 431},
                {8000, 1, 431}, {1, 100000, 431}, {100, 1000, 431}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_span request = make_head(rows[i].lines, rows[i].value_n, head);
        if (rows[i].status == 200) {
            target_serves("large head", request, 0);
            target_serves("large head", request, 7);
        } else {
            target_refuses("too large head", rows[i].status, request, 0);
        }
    }
}

static void long_target_refused_past_the_memory_of_a_connection(void **state)
{
    (void)state;
    static char request[REQUEST_MAX];
    static const struct {
        size_t n;
        int status;
    } rows[] = {{1000, 200}, {40000, 414}, {100000, 414}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        int n = snprintf(request, sizeof request, "GET /ok?%0*d HTTP/1.1\r\nHost: a\r\n\r\n",
                         (int)rows[i].n, 0);
        struct jt_span span = jt_span_of(request, (size_t)n);
        if (rows[i].status == 200) {
            target_serves("long target", span, 0);
            target_serves("long target", span, 7);
        } else {
            target_refuses("too long target", rows[i].status, span, 0);
        }
    }
}

/* --- several requests --- */

static void bad_request_behind_good_ones_ends_the_connection(void **state)
{
    (void)state;
    static const struct jt_span good = RAW("GET /ok HTTP/1.1\r\nHost: a\r\nX: a b\r\n\r\n"),
                                bad = RAW("GET /ok HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n");
    static uint8_t stream[REQUEST_MAX];
    for (size_t before = 0; before <= 3; before++) {
        size_t n = 0;
        for (size_t i = 0; i < before; i++) {
            n += target_write(good, stream + n);
        }
        n += target_write(bad, stream + n);
        n += target_write(good, stream + n);
        target_ask(jt_span_of(stream, n), 0, JT_SPAN_NONE, &said);
        assert_int_equal(said.canaries, 0);
        assert_true(said.served == SIZE_MAX || said.served == before);
        if (jt_door_knows_library()) {
            assert_int_equal(wire_count(said.text), before + 1);
            assert_non_null(strstr(said.text, "HTTP/1.1 400 "));
        }
    }
    size_t n = target_write(good, stream);
    n += target_write(good, stream + n);
    target_ask(jt_span_of(stream, n), 0, JT_SPAN_NONE, &said);
    assert_int_equal(wire_count(said.text), 3);
    assert_int_equal(said.canaries, 1);
}

int attacks_run(const char *name, int (*setup)(void **), int (*teardown)(void **))
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(odd_but_right_served),
        cmocka_unit_test(fault_that_the_library_hides_taken_as_what_it_is_without),
        cmocka_unit_test(large_head_refused_past_the_memory_of_a_connection),
        cmocka_unit_test(long_target_refused_past_the_memory_of_a_connection),
        cmocka_unit_test(bad_request_behind_good_ones_ends_the_connection),
        cmocka_unit_test(request_that_libraries_differ_on_answered_alone),
        cmocka_unit_test(body_refused_past_its_limit),
        cmocka_unit_test(sweep_inserts_each_byte_everywhere),
        cmocka_unit_test(sweep_leaves_each_byte_out),
    };
    struct CMUnitTest tests[32];
    size_t n = 0;
    assert_true(rows_n_classes + JT_COUNT(others) <= JT_COUNT(tests));
    for (size_t i = 0; i < rows_n_classes; i++) {
        tests[n++] = (struct CMUnitTest){.name = rows_classes[i].name,
                                         .test_func = check_class,
                                         .initial_state = (void *)(uintptr_t)&rows_classes[i]};
    }
    /* what is left asks for bodies that are read, and for a GET or POST alone */
    size_t n_others = target != NULL && target->unread ? N_UNREAD : JT_COUNT(others);
    memcpy(tests + n, others, n_others * sizeof *others);
    n += n_others;
    return _cmocka_run_group_tests(name, tests, n, setup, teardown);
}
