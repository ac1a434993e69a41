/* SPDX-License-Identifier: Apache-2.0 */
/* Built instead of sandbox_calls.c with JETON_SANITIZE: what the sanitizers' runtime does while the
 * program runs. It opens no file either, but for its report. */
#include "keys/sandbox_calls.h"

#include <seccomp.h>

#include "common/base/base.h"

const int jt_sandbox_calls[] = {
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(prctl),
    SCMP_SYS(getrusage),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(lseek),
    /* a thread of the runtime's own may begin late: glibc ends the process when it cannot register */
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
};
const size_t jt_sandbox_calls_n = JT_COUNT(jt_sandbox_calls);
