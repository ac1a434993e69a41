/* SPDX-License-Identifier: Apache-2.0 */
#include "common/daemon/handed.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Descriptors 3 and 4, as a manager leaves them; no others up to 12. */
static int hand_over(void **state)
{
    (void)state;
    int fds[2];
    if (pipe(fds) != 0) {
        return -1;
    }
    int first = fcntl(fds[0], F_DUPFD, 20), second = fcntl(fds[1], F_DUPFD, 20);
    for (int fd = 3; fd <= 12; fd++) {
        close(fd);
    }
    int bad = dup2(first, 3) != 3 || dup2(second, 4) != 4;
    close(first);
    close(second);
    return bad;
}

/* `pid` 0: this process; negative: none is told. */
static void set_all(pid_t pid, const char *fds, const char *names)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%d", (int)(pid == 0 ? getpid() : pid));
    assert_int_equal(pid < 0 ? unsetenv("LISTEN_PID") : setenv("LISTEN_PID", text, 1), 0);
    assert_int_equal(fds == NULL ? unsetenv("LISTEN_FDS") : setenv("LISTEN_FDS", fds, 1), 0);
    assert_int_equal(
        names == NULL ? unsetenv("LISTEN_FDNAMES") : setenv("LISTEN_FDNAMES", names, 1), 0);
}

static void check_forgotten(void)
{
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_FDNAMES"));
}

static void open_gives_each_by_its_name_once(void **state)
{
    (void)state;
    struct jt_handed handed;
    struct jt_diag diag = JT_DIAG_INIT;
    set_all(0, "2", "public:admin");
    assert_ok(jt_handed_open(&handed, &diag));
    check_forgotten();
    assert_true((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(4, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(jt_handed_take(&handed, "publi"), -1);
    assert_int_equal(jt_handed_take(&handed, "admin"), 4);
    assert_int_equal(jt_handed_take(&handed, "admin"), -1);
    assert_err(jt_handed_check(&handed, "public", &diag), JT_ERR_CONFIG);
    assert_int_equal(jt_handed_take(&handed, "public"), 3);
    assert_ok(jt_handed_check(&handed, "public", &diag));
    jt_handed_release(&handed);
    assert_true(is_open(3) && is_open(4)); /* who took them closes them */
}

static void check_second_of_a_name_and_unknown_refused(void **state)
{
    (void)state;
    const char *const rows[] = {"public:public", "public:other", "public", "public:", "public::x"};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_handed handed;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_int_equal(hand_over(NULL), 0);
        set_all(0, "2", rows[i]);
        assert_ok(jt_handed_open(&handed, &diag));
        assert_int_equal(jt_handed_take(&handed, "public"), 3);
        assert_err(jt_handed_check(&handed, "public and admin", &diag), JT_ERR_CONFIG);
        assert_non_null(strstr(diag.text, "public and admin"));
        jt_handed_release(&handed);
        assert_true(is_open(3));
        assert_false(is_open(4));
    }
}

static void open_for_another_or_for_none_nothing(void **state)
{
    (void)state;
    struct jt_handed handed;
    struct jt_diag diag = JT_DIAG_INIT;
    const struct {
        pid_t pid;
        const char *fds;
    } rows[] = {{getppid(), "2"}, {0, NULL}, {-1, NULL}, {0, "0"}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        set_all(rows[i].pid, rows[i].fds, "public:admin");
        assert_ok(jt_handed_open(&handed, &diag));
        assert_int_equal(handed.n, 0);
        check_forgotten();
        assert_true(is_open(3) && is_open(4));
        assert_ok(jt_handed_check(&handed, "public", &diag));
    }
}

static void open_malformed_refused(void **state)
{
    (void)state;
    char name[80];
    memset(name, 'x', sizeof name);
    name[64] = 0;
    const struct {
        pid_t pid;
        const char *fds, *names, *words;
    } rows[] = {
        {-1, "2", "a:b", "LISTEN_PID"},    {0, "", "a:b", "LISTEN_FDS"},
        {0, "-1", "a:b", "LISTEN_FDS"},    {0, "2x", "a:b", "LISTEN_FDS"},
        {0, " 2", "a:b", "LISTEN_FDS"},    {0, "9", "a:b", "a number up to"},
        {0, "3", "a:b:c", "descriptor 5"}, {0, "2", name, "LISTEN_FDNAMES"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_handed handed;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_int_equal(hand_over(NULL), 0);
        set_all(rows[i].pid, rows[i].fds, rows[i].names);
        assert_err(jt_handed_open(&handed, &diag), JT_ERR_CONFIG);
        if (strstr(diag.text, rows[i].words) == NULL) {
            fail_msg("%zu: %s", i, diag.text);
        }
        check_forgotten();
    }
    struct jt_handed handed;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_int_equal(hand_over(NULL), 0);
    name[63] = 0; /* the longest */
    set_all(0, "2", name);
    assert_ok(jt_handed_open(&handed, &diag));
    assert_int_equal(jt_handed_take(&handed, name), 3);
    close(3);
    jt_handed_release(&handed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(open_gives_each_by_its_name_once, hand_over),
        cmocka_unit_test_setup(check_second_of_a_name_and_unknown_refused, hand_over),
        cmocka_unit_test_setup(open_for_another_or_for_none_nothing, hand_over),
        cmocka_unit_test_setup(open_malformed_refused, hand_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
