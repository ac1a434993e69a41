/* SPDX-License-Identifier: Apache-2.0 */
/* What a process can do before it closes itself in and cannot after, in a child for each case. */
#include "keys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/random.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

enum { FINE = 0, WRONG_BEFORE = 10, WRONG_AFTER = 11, NOT_CLOSED = 12 };

/* Ends the child with what `run` returns. */
static int in_child(int (*run)(const void *arg), const void *arg)
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(run(arg));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool close_in(void)
{
    struct jt_diag diag = JT_DIAG_INIT;
    bool ok = jt_sandbox_begin(&diag) == JT_OK && jt_sandbox_drop(&diag) == JT_OK &&
              jt_sandbox_close(&diag) == JT_OK;
    return ok;
}

/* --- what is refused --- */

static long open_file(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0);
}

static long make_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long make_pair(void)
{
    int ends[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

/* Fails for its own reason where it is allowed. */
static long run_program(void)
{
    char name[] = "x";
    char *const arguments[] = {name, NULL};
    (void)execve("/dev/null", arguments, NULL);
    return errno == EPERM ? -1 : 0;
}

static long make_process(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? -1 : waitpid(pid, NULL, 0);
}

static long map_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? -1 : 0;
}

static int zero = -1;

static long map_file(void)
{
    void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, zero, 0);
    return p == MAP_FAILED ? -1 : 0;
}

static void *page;

static long make_code(void)
{
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long signal_another(void)
{
    return kill(getppid(), 0);
}

static long read_others_memory(void)
{
    return syscall(SYS_process_vm_readv, getpid(), NULL, 0UL, NULL, 0UL, 0UL);
}

static long rename_file(void)
{
    return rename("/nonexistent/a", "/nonexistent/b") == 0 || errno == ENOENT ? 0 : -1;
}

struct attempt {
    const char *name;
    long (*call)(void);
};

static const struct attempt attempts[] = {
    {"open", open_file},       {"socket", make_socket},
    {"socketpair", make_pair}, {"execve", run_program},
    {"clone", make_process},   {"mmap code", map_code},
    {"mmap file", map_file},   {"mprotect code", make_code},
    {"kill", signal_another},  {"process_vm_readv", read_others_memory},
    {"rename", rename_file},
};

static int try(const void *arg)
{
    const struct attempt *attempt = arg;
    zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (attempt->call() < 0) {
        return WRONG_BEFORE;
    }
    if (!close_in()) {
        return NOT_CLOSED;
    }
    errno = 0;
    return attempt->call() < 0 && errno == EPERM ? FINE : WRONG_AFTER;
}

static void closed_in_then_each_way_out_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(attempts); i++) {
        int got = in_child(try, &attempts[i]);
        if (got != FINE) {
            fail_msg("%s: %d", attempts[i].name, got);
        }
    }
}

/* --- what goes on --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn;

static void take_turn(int number)
{
    (void)pthread_mutex_lock(&lock);
    turn = number;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

static void wait_turn(int number)
{
    (void)pthread_mutex_lock(&lock);
    while (turn != number) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
}

static void *other_thread(void *result)
{
    take_turn(1);
    wait_turn(2);
    *(long *)result = open_file() < 0 && errno == EPERM;
    return NULL;
}

/* Memory, locks, randomness and messages go on; a thread that was there before is closed in too. */
static int work_on(const void *arg)
{
    (void)arg;
    int ends[2];
    pthread_t thread;
    long refused = 0;
    char byte = 1;
    uint8_t random[16];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0 ||
        pthread_create(&thread, NULL, other_thread, &refused) != 0) {
        return WRONG_BEFORE;
    }
    wait_turn(1);
    if (!close_in()) {
        return NOT_CLOSED;
    }
    take_turn(2);
    if (pthread_join(thread, NULL) != 0) {
        return WRONG_AFTER;
    }
    void *large = malloc((size_t)8 << 20);
    memset(large, 1, (size_t)8 << 20);
    free(large);
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    bool ok = refused == 1 && jt_random_fill(&jt_random_system, random, sizeof random) == JT_OK &&
              sendmsg(ends[0], &message, MSG_NOSIGNAL) == 1 && recvmsg(ends[1], &message, 0) == 1;
    return ok ? FINE : WRONG_AFTER;
}

static void closed_in_then_its_work_goes_on(void **state)
{
    (void)state;
    assert_int_equal(in_child(work_on, NULL), FINE);
}

/* --- what it is --- */

static int look_at_itself(const void *arg)
{
    (void)arg;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0) {
        return WRONG_BEFORE;
    }
    struct jt_diag diag = JT_DIAG_INIT;
    struct rlimit core, files;
    int ends_with = 0;
    if (jt_sandbox_begin(&diag) != JT_OK || jt_sandbox_drop(&diag) != JT_OK) {
        return NOT_CLOSED;
    }
    bool ok = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
              prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
              prctl(PR_GET_PDEATHSIG, &ends_with, 0, 0, 0) == 0 && ends_with == SIGKILL &&
              getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0 &&
              getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max == 16;
    FILE *status = fopen("/proc/thread-self/status", "r");
    char line[256];
    unsigned long long caps = 1;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "CapEff:", 7) == 0) {
            caps = strtoull(line + 7, NULL, 16);
        }
    }
    return ok && caps == 0 ? FINE : WRONG_AFTER;
}

static void begun_then_neither_dumped_nor_privileged(void **state)
{
    (void)state;
    assert_int_equal(in_child(look_at_itself, NULL), FINE);
}

/* --- under a service manager that forbids capset --- */

static bool forbid_capset(void)
{
    struct sock_filter rows[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {JT_COUNT(rows), rows};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

/* With the capabilities of `arg`, of those that this process has. */
static int drop_without_capset(const void *arg)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
    struct jt_diag diag = JT_DIAG_INIT;
    held[0].permitted = *(const uint32_t *)arg;
    if (syscall(SYS_capset, &header, held) != 0 || !forbid_capset()) {
        return WRONG_BEFORE;
    }
    return jt_sandbox_drop(&diag) == JT_OK ? FINE : NOT_CLOSED;
}

static void drop_where_capset_is_forbidden_fine_without_any_capability(void **state)
{
    (void)state;
    const uint32_t none = 0, one = 1U << CAP_KILL;
    assert_int_equal(in_child(drop_without_capset, &none), FINE);
    if (geteuid() != 0) {
        skip(); /* there is none to keep */
    }
    assert_int_equal(in_child(drop_without_capset, &one), NOT_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_in_then_each_way_out_refused),
        cmocka_unit_test(closed_in_then_its_work_goes_on),
        cmocka_unit_test(begun_then_neither_dumped_nor_privileged),
        cmocka_unit_test(drop_where_capset_is_forbidden_fine_without_any_capability),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
