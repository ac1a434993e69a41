/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/nudge.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define LONG_MS 10000 /* for a machine that is busy */

static struct jt_nudge nudge;
static int epoll_fd;

static int start(void **state)
{
    (void)state;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd >= 0 && jt_nudge_init(&nudge, epoll_fd) == JT_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    jt_nudge_release(&nudge);
    jt_nudge_release(&nudge); /* harmless */
    return close(epoll_fd);
}

static int wait_for(int wait_ms)
{
    struct epoll_event event;
    return epoll_wait(epoll_fd, &event, 1, wait_ms);
}

/* Whoever waits is woken once, and sleeps again although nobody has read. */
static void wake_is_one_event(void **state)
{
    (void)state;
    assert_int_equal(wait_for(0), 0);
    for (int i = 0; i < 3; i++) {
        jt_nudge_wake(&nudge);
        assert_int_equal(wait_for(LONG_MS), 1);
        assert_int_equal(wait_for(0), 0);
    }
}

/* Nobody reads here either. */
static void keep_waking_goes_on(void **state)
{
    (void)state;
    jt_nudge_keep_waking(&nudge);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wait_for(LONG_MS), 1);
    }
}

static void init_where_there_is_no_thread_fails(void **state)
{
    (void)state;
    struct jt_nudge none;
    assert_err(jt_nudge_init(&none, -1), JT_ERR_IO);
    assert_int_equal(none.fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wake_is_one_event, start, end),
        cmocka_unit_test_setup_teardown(keep_waking_goes_on, start, end),
        cmocka_unit_test(init_where_there_is_no_thread_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
