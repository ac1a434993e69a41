/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keys/sandbox_calls.h"

#include "common/base/base.h"

#define FILES_MAX 16 /* descriptors: the socket, what comes over it, and the standard ones */

static enum jt_err fail(struct jt_diag *diag, const char *what)
{
    return jt_diag_fail(diag, JT_ERR_IO, "the signer process cannot close itself in (%s: %s)", what,
                        strerrordesc_np(errno));
}

enum jt_err jt_sandbox_begin(struct jt_diag *diag)
{
    const struct rlimit none = {0, 0};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail(diag, "prctl");
    }
    return setrlimit(RLIMIT_CORE, &none) == 0 ? JT_OK : fail(diag, "setrlimit");
}

/* Whether there is any to drop: where a service manager left none, it may forbid capset as well. */
static bool holds_capabilities(struct __user_cap_header_struct *header)
{
    struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, header, held) != 0) {
        return true;
    }
    for (size_t i = 0; i < JT_COUNT(held); i++) {
        if ((held[i].effective | held[i].permitted | held[i].inheritable) != 0) {
            return true;
        }
    }
    return false;
}

enum jt_err jt_sandbox_drop(struct jt_diag *diag)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const struct rlimit few = {FILES_MAX, FILES_MAX};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
    /* without the right to narrow these there is nothing in them that no_new_privs would not refuse
     */
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    }
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, none) != 0 && holds_capabilities(&header)) {
        return fail(diag, "capset");
    }
    return setrlimit(RLIMIT_NOFILE, &few) == 0 ? JT_OK : fail(diag, "setrlimit");
}

/* Those whose arguments say nothing that matters. */
static const int calls[] = {
    SCMP_SYS(futex),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(sched_yield),
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

static bool allow_each(scmp_filter_ctx filter, const int *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, list[i], 0) != 0) {
            return false;
        }
    }
    return true;
}

/* Memory of its own that is never code; signals to itself, as abort sends. */
static bool allow_bounded(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp no_code = {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
    const struct scmp_arg_cmp no_file = {3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS};
    const struct scmp_arg_cmp itself = {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0};
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, no_code, no_file) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, itself) == 0;
}

enum jt_err jt_sandbox_close(struct jt_diag *diag)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return JT_ERR_NOMEM;
    }
    bool ok = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
              allow_each(filter, calls, JT_COUNT(calls)) &&
              allow_each(filter, jt_sandbox_calls, jt_sandbox_calls_n) && allow_bounded(filter);
    int failed = ok ? seccomp_load(filter) : -EINVAL;
    seccomp_release(filter);
    if (failed != 0) {
        errno = -failed;
        return fail(diag, "seccomp");
    }
    return JT_OK;
}
