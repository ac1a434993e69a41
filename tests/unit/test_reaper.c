/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/reaper.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define START   1000000
#define IDLE    30000
#define REQUEST 10000
#define LIFE    3600000
#define SWEEP   JT_REAPER_SWEEP_MS

/* A connection under a reaper, and the client's end of it. */
struct held {
    struct jt_reaper reaper;
    struct jt_reaper_entry *entry;
    int client, server;
};

static void hold(struct held *held)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    held->client = ends[0];
    held->server = ends[1];
    const struct jt_reaper_times times = {IDLE, REQUEST, LIFE};
    assert_ok(jt_reaper_init(&held->reaper, &times, START));
    held->entry = jt_reaper_add(&held->reaper, held->server);
    assert_non_null(held->entry);
}

static void let_go(struct held *held)
{
    jt_reaper_remove(&held->reaper, held->entry);
    assert_int_equal(jt_reaper_count(&held->reaper), 0);
    jt_reaper_release(&held->reaper);
    close(held->client);
    close(held->server);
}

static bool is_shut(const struct held *held)
{
    char c;
    return recv(held->client, &c, 1, MSG_DONTWAIT) == 0;
}

/* Open at the last sweep before `deadline`, shut down at it. */
static void check_deadline(struct held *held, int64_t deadline)
{
    jt_reaper_sweep(&held->reaper, deadline - 1);
    assert_false(is_shut(held));
    jt_reaper_sweep(&held->reaper, deadline);
    assert_true(is_shut(held));
}

static void connection_without_request_shut_after_idle_and_request_time(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    check_deadline(&held, START + IDLE + REQUEST + SWEEP);
    let_go(&held);
}

static void request_not_whole_shut_after_request_time(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    jt_reaper_sweep(&held.reaper, START + 5000);
    jt_reaper_request(&held.reaper, held.entry);
    check_deadline(&held, START + 5000 + REQUEST + SWEEP);
    let_go(&held);
}

static void request_line_that_dribbled_in_gains_no_time(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    jt_reaper_sweep(&held.reaper, START + IDLE + REQUEST);
    jt_reaper_request(&held.reaper, held.entry);
    check_deadline(&held, START + IDLE + REQUEST + SWEEP);
    let_go(&held);
}

static void part_of_a_request_moves_its_deadline_on(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    int64_t now = START;
    jt_reaper_request(&held.reaper, held.entry);
    for (int i = 0; i < 100; i++) {
        now += REQUEST;
        jt_reaper_sweep(&held.reaper, now);
        jt_reaper_progress(&held.reaper, held.entry);
        assert_false(is_shut(&held));
    }
    check_deadline(&held, now + REQUEST + SWEEP);
    let_go(&held);
}

static void answer_being_made_has_no_deadline(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    jt_reaper_hold(held.entry);
    jt_reaper_sweep(&held.reaper, START + 1000 * IDLE);
    assert_false(is_shut(&held));
    jt_reaper_answer(&held.reaper, held.entry); /* however old the connection is by now */
    check_deadline(&held, START + 1000 * IDLE + IDLE + REQUEST + SWEEP);
    let_go(&held);
}

static void answer_not_taken_shut_after_idle_and_request_time(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    jt_reaper_request(&held.reaper, held.entry);
    jt_reaper_sweep(&held.reaper, START + 9000);
    jt_reaper_answer(&held.reaper, held.entry);
    check_deadline(&held, START + 9000 + IDLE + REQUEST + SWEEP);
    let_go(&held);
}

static void next_request_awaited_anew_after_each_answer(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    int64_t now = START;
    for (int i = 0; i < 100; i++) {
        now += IDLE;
        jt_reaper_sweep(&held.reaper, now);
        jt_reaper_request(&held.reaper, held.entry);
        jt_reaper_await(&held.reaper, held.entry);
        assert_false(is_shut(&held));
    }
    check_deadline(&held, now + IDLE + REQUEST + SWEEP);
    let_go(&held);
}

static void sweep_shuts_only_what_is_due(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct jt_reaper_entry *other = jt_reaper_add(&held.reaper, ends[1]);
    assert_non_null(other);
    assert_int_equal(jt_reaper_count(&held.reaper), 2);
    jt_reaper_request(&held.reaper, other);
    jt_reaper_sweep(&held.reaper, START + REQUEST + SWEEP);
    assert_false(is_shut(&held));
    char c;
    assert_int_equal(recv(ends[0], &c, 1, MSG_DONTWAIT), 0);
    jt_reaper_remove(&held.reaper, other);
    close(ends[0]);
    close(ends[1]);
    let_go(&held);
}

static void connection_old_when_its_lifetime_is_over(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    jt_reaper_sweep(&held.reaper, START + 1);
    jt_reaper_request(&held.reaper, held.entry);
    jt_reaper_hold(held.entry);
    jt_reaper_sweep(&held.reaper, START + LIFE + SWEEP - 1);
    assert_false(jt_reaper_is_old(&held.reaper, held.entry));
    jt_reaper_sweep(&held.reaper, START + LIFE + SWEEP);
    assert_true(jt_reaper_is_old(&held.reaper, held.entry));
    assert_false(is_shut(&held));
    let_go(&held);
}

static void parts_of_a_request_not_taken_after_the_hard_end(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    jt_reaper_request(&held.reaper, held.entry);
    int64_t end = START + LIFE + SWEEP + IDLE + REQUEST + SWEEP;
    for (int64_t now = START; now < end; now += REQUEST) {
        jt_reaper_sweep(&held.reaper, now);
        jt_reaper_progress(&held.reaper, held.entry);
        assert_false(is_shut(&held));
    }
    check_deadline(&held, end);
    let_go(&held);
}

static void requests_not_awaited_after_the_hard_end(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    int64_t end = START + LIFE + SWEEP + IDLE + REQUEST + SWEEP;
    for (int64_t now = START; now < end; now += IDLE) {
        jt_reaper_sweep(&held.reaper, now);
        jt_reaper_request(&held.reaper, held.entry);
        jt_reaper_answer(&held.reaper, held.entry);
        jt_reaper_await(&held.reaper, held.entry);
        assert_false(is_shut(&held));
    }
    check_deadline(&held, end);
    let_go(&held);
}

static void relief_ends_the_longest_idle_and_none_with_a_request(void **state)
{
    (void)state;
    struct held held;
    hold(&held); /* will have a request */
    int ends[3][2];
    struct jt_reaper_entry *others[3];
    jt_reaper_request(&held.reaper, held.entry);
    for (int i = 0; i < 3; i++) {
        jt_reaper_sweep(&held.reaper, START + (int64_t)i * SWEEP);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]), 0);
        others[i] = jt_reaper_add(&held.reaper, ends[i][1]);
        assert_non_null(others[i]);
    }
    char c;
    for (int i = 0; i < 3; i++) { /* the others have not been idle for long enough */
        assert_int_equal(jt_reaper_relieve(&held.reaper, 9), 1);
        assert_int_equal(recv(ends[i][0], &c, 1, MSG_DONTWAIT), 0);
        assert_int_equal(jt_reaper_relieve(&held.reaper, 9), 0);
        jt_reaper_sweep(&held.reaper, START + (int64_t)(i + 3) * SWEEP);
    }
    assert_false(is_shut(&held));
    jt_reaper_await(&held.reaper, held.entry);
    jt_reaper_sweep(&held.reaper, START + 6 * SWEEP);
    assert_int_equal(jt_reaper_relieve(&held.reaper, 9), 0);
    jt_reaper_sweep(&held.reaper, START + 7 * SWEEP);
    assert_int_equal(jt_reaper_relieve(&held.reaper, 9), 1);
    assert_true(is_shut(&held));
    for (int i = 0; i < 3; i++) {
        jt_reaper_remove(&held.reaper, others[i]);
        close(ends[i][0]);
        close(ends[i][1]);
    }
    let_go(&held);
}

static void relief_begins_with_the_longest_idle(void **state)
{
    (void)state;
    struct held held;
    int ends[2];
    char c;
    hold(&held); /* the older, which stands behind the other in the list */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    jt_reaper_sweep(&held.reaper, START + SWEEP);
    struct jt_reaper_entry *other = jt_reaper_add(&held.reaper, ends[1]);
    assert_non_null(other);
    jt_reaper_sweep(&held.reaper, START + 9 * SWEEP);
    assert_int_equal(jt_reaper_relieve(&held.reaper, 1), 1);
    assert_true(is_shut(&held));
    assert_int_equal(recv(ends[0], &c, 1, MSG_DONTWAIT), -1);
    assert_int_equal(jt_reaper_relieve(&held.reaper, 1), 1);
    assert_int_equal(recv(ends[0], &c, 1, MSG_DONTWAIT), 0);
    jt_reaper_remove(&held.reaper, other);
    close(ends[0]);
    close(ends[1]);
    let_go(&held);
}

static void relief_ends_no_more_than_asked(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct jt_reaper_entry *other = jt_reaper_add(&held.reaper, ends[1]);
    assert_non_null(other);
    jt_reaper_sweep(&held.reaper, START + 2 * SWEEP);
    assert_int_equal(jt_reaper_relieve(&held.reaper, 1), 1);
    char c;
    assert_true(is_shut(&held) != (recv(ends[0], &c, 1, MSG_DONTWAIT) == 0));
    assert_int_equal(jt_reaper_relieve(&held.reaper, 1), 1);
    assert_int_equal(jt_reaper_relieve(&held.reaper, 1), 0);
    jt_reaper_remove(&held.reaper, other);
    close(ends[0]);
    close(ends[1]);
    let_go(&held);
}

static void connection_that_was_ended_counted_once(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    int64_t due = START + IDLE + REQUEST + SWEEP;
    assert_int_equal(jt_reaper_sweep(&held.reaper, due - 1), 0);
    assert_int_equal(jt_reaper_sweep(&held.reaper, due), 1);
    assert_int_equal(jt_reaper_sweep(&held.reaper, due + SWEEP), 0);
    assert_int_equal(jt_reaper_relieve(&held.reaper, 1), 0);
    let_go(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_without_request_shut_after_idle_and_request_time),
        cmocka_unit_test(request_not_whole_shut_after_request_time),
        cmocka_unit_test(request_line_that_dribbled_in_gains_no_time),
        cmocka_unit_test(part_of_a_request_moves_its_deadline_on),
        cmocka_unit_test(answer_being_made_has_no_deadline),
        cmocka_unit_test(answer_not_taken_shut_after_idle_and_request_time),
        cmocka_unit_test(next_request_awaited_anew_after_each_answer),
        cmocka_unit_test(sweep_shuts_only_what_is_due),
        cmocka_unit_test(connection_old_when_its_lifetime_is_over),
        cmocka_unit_test(parts_of_a_request_not_taken_after_the_hard_end),
        cmocka_unit_test(requests_not_awaited_after_the_hard_end),
        cmocka_unit_test(relief_ends_the_longest_idle_and_none_with_a_request),
        cmocka_unit_test(relief_begins_with_the_longest_idle),
        cmocka_unit_test(relief_ends_no_more_than_asked),
        cmocka_unit_test(connection_that_was_ended_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
