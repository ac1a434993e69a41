/* SPDX-License-Identifier: Apache-2.0 */
#include "common/daemon/notify.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

static char dir[] = "/tmp/jeton-notify-XXXXXX";
static char path[64];
static int manager; /* its end of the socket */

static int make_manager(void **state)
{
    (void)state;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/notify", dir);
    memcpy(addr.sun_path, path, strlen(path));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return bind(manager, (struct sockaddr *)&addr, sizeof addr);
}

static int remove_manager(void **state)
{
    (void)state;
    close(manager);
    unlink(path);
    return rmdir(dir);
}

/* The next message that is there; "" when there is none. */
static const char *heard(void)
{
    static char text[1024];
    ssize_t n = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);
    text[n < 0 ? 0 : n] = 0;
    return text;
}

static void set(const char *name, const char *value)
{
    assert_int_equal(value == NULL ? unsetenv(name) : setenv(name, value, 1), 0);
}

static void set_all(const char *to, const char *usec, const char *pid)
{
    set("NOTIFY_SOCKET", to);
    set("WATCHDOG_USEC", usec);
    set("WATCHDOG_PID", pid);
}

static struct jt_notify open_ok(const char *to, const char *usec, const char *pid)
{
    struct jt_notify notify;
    struct jt_diag diag = JT_DIAG_INIT;
    set_all(to, usec, pid);
    if (jt_notify_open(&notify, &diag) != JT_OK) {
        fail_msg("%s", diag.text);
    }
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    assert_null(getenv("WATCHDOG_PID"));
    return notify;
}

static void say_without_manager_does_nothing(void **state)
{
    (void)state;
    struct jt_notify notify = open_ok(NULL, "1000000", NULL);
    jt_notify_ready(&notify);
    jt_notify_ready(NULL);
    jt_notify_status(NULL, "%d", 1);
    assert_true(jt_notify_alive(&notify, 0) == INT64_MAX);
    assert_true(jt_notify_alive(NULL, 0) == INT64_MAX);
    jt_notify_release(&notify);
    jt_notify_release(&notify);
    assert_string_equal(heard(), "");
}

static void say_states_heard_word_by_word(void **state)
{
    (void)state;
    long long usec = 0;
    struct timespec before, after;
    struct jt_notify notify = open_ok(path, NULL, NULL);
    jt_notify_ready(&notify);
    assert_string_equal(heard(), "READY=1");
    jt_notify_stopping(&notify);
    assert_string_equal(heard(), "STOPPING=1");
    clock_gettime(CLOCK_MONOTONIC, &before);
    jt_notify_reloading(&notify);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%lld", &usec), 1);
    assert_true(usec >= (long long)before.tv_sec * 1000000 + before.tv_nsec / 1000);
    assert_true(usec <= (long long)after.tv_sec * 1000000 + after.tv_nsec / 1000);
    jt_notify_release(&notify);
}

static void say_status_is_one_line(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    struct jt_notify notify = open_ok(path, NULL, NULL);
    jt_notify_status(&notify, "%s on %d", "all is well", 8080);
    assert_string_equal(heard(), "STATUS=all is well on 8080");
    jt_notify_status(&notify, "bad\nMAINPID=1\r\t\x7F");
    assert_string_equal(heard(), "STATUS=bad MAINPID=1   ");
    jt_notify_status(&notify, "%s", text);
    assert_int_equal(strlen(heard()), strlen("STATUS=") + 511);
    jt_notify_release(&notify);
}

static void open_abstract_socket_heard(void **state)
{
    (void)state;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char name[64];
    int n = snprintf(name, sizeof name, "@jeton-notify-%d", (int)getpid());
    memcpy(addr.sun_path + 1, name + 1, (size_t)n - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)),
                     0);
    struct jt_notify notify = open_ok(name, NULL, NULL);
    jt_notify_ready(&notify);
    char text[16] = "";
    assert_int_equal(recv(fd, text, sizeof text, MSG_DONTWAIT), 7);
    jt_notify_release(&notify);
    close(fd);
}

static void say_to_manager_that_is_gone_harmless(void **state)
{
    (void)state;
    struct jt_notify notify = open_ok("/tmp/jeton-no-such-folder/notify", "2000000", NULL);
    struct timeval patience = {0};
    socklen_t n = sizeof patience;
    jt_notify_ready(&notify);
    assert_true(jt_notify_alive(&notify, 0) == 1000);
    /* one that does not read holds nobody up for good */
    assert_int_equal(getsockopt(notify.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, &n), 0);
    assert_true(patience.tv_sec > 0);
    jt_notify_release(&notify);
}

static void alive_twice_in_the_time_given(void **state)
{
    (void)state;
    struct jt_notify notify = open_ok(path, "3000000", NULL);
    assert_true(jt_notify_alive(&notify, 1000) == 2500);
    assert_string_equal(heard(), "WATCHDOG=1");
    assert_true(jt_notify_alive(&notify, 2499) == 2500);
    assert_string_equal(heard(), "");
    assert_true(jt_notify_alive(&notify, 2500) == 4000);
    assert_string_equal(heard(), "WATCHDOG=1");
    assert_true(jt_notify_alive(&notify, 9000) == 10500); /* late: one, not several */
    assert_string_equal(heard(), "WATCHDOG=1");
    assert_string_equal(heard(), "");
    jt_notify_release(&notify);
}

static void alive_watch_is_for_one_process(void **state)
{
    (void)state;
    char pid[32];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    struct jt_notify notify = open_ok(path, "2000000", pid);
    assert_true(jt_notify_alive(&notify, 0) == 1000);
    assert_string_equal(heard(), "WATCHDOG=1");
    jt_notify_release(&notify);
    (void)snprintf(pid, sizeof pid, "%d", (int)getppid());
    notify = open_ok(path, "2000000", pid);
    assert_true(jt_notify_alive(&notify, 0) == INT64_MAX);
    assert_string_equal(heard(), "");
    jt_notify_release(&notify);
}

static void open_malformed_refused(void **state)
{
    (void)state;
    char toolong[200] = "/";
    memset(toolong + 1, 'x', sizeof toolong - 2);
    toolong[sizeof toolong - 1] = 0;
    const struct {
        const char *to, *usec, *pid, *names;
    } rows[] = {
        {"", NULL, NULL, "NOTIFY_SOCKET"},
        {"/", NULL, NULL, "NOTIFY_SOCKET"},
        {"@", NULL, NULL, "NOTIFY_SOCKET"},
        {"notify", NULL, NULL, "NOTIFY_SOCKET"},
        {"vsock:2:1", NULL, NULL, "NOTIFY_SOCKET"},
        {toolong, NULL, NULL, "NOTIFY_SOCKET"},
        {path, "", NULL, "WATCHDOG_USEC"},
        {path, "0", NULL, "WATCHDOG_USEC"},
        {path, "1999", NULL, "WATCHDOG_USEC"},
        {path, "-2000000", NULL, "WATCHDOG_USEC"},
        {path, "2000000 ", NULL, "WATCHDOG_USEC"},
        {path, "99999999999999999999", NULL, "WATCHDOG_USEC"},
        {path, "2000000", "", "WATCHDOG_PID"},
        {path, "2000000", "1x", "WATCHDOG_PID"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_notify notify;
        struct jt_diag diag = JT_DIAG_INIT;
        set_all(rows[i].to, rows[i].usec, rows[i].pid);
        assert_err(jt_notify_open(&notify, &diag), JT_ERR_CONFIG);
        if (strstr(diag.text, rows[i].names) == NULL) {
            fail_msg("%zu: %s", i, diag.text);
        }
        assert_null(getenv("NOTIFY_SOCKET"));
    }
    struct jt_notify least = open_ok(path, "2000", NULL);
    assert_true(jt_notify_alive(&least, 0) == 1);
    assert_string_equal(heard(), "WATCHDOG=1");
    jt_notify_release(&least);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(say_without_manager_does_nothing),
        cmocka_unit_test(say_states_heard_word_by_word),
        cmocka_unit_test(say_status_is_one_line),
        cmocka_unit_test(open_abstract_socket_heard),
        cmocka_unit_test(say_to_manager_that_is_gone_harmless),
        cmocka_unit_test(alive_twice_in_the_time_given),
        cmocka_unit_test(alive_watch_is_for_one_process),
        cmocka_unit_test(open_malformed_refused),
    };
    return cmocka_run_group_tests(tests, make_manager, remove_manager);
}
