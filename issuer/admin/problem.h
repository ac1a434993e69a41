/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals as problem documents: the one place of this daemon's admin API that turns an error into an
 * answer.
 * Ownership: the answer's body is made; nothing is kept.
 * Thread rule: any thread.
 * Sources: RFC 9457.
 */
#ifndef JT_ADMIN_PROBLEM_H
#define JT_ADMIN_PROBLEM_H

#include "common/base/diag.h"
#include "common/http/server.h"

struct jt_problem {
    int status;
    const char *code, *title, *detail;
    bool has_member; /* what stands before the first ": " of the detail is the member at fault */
};

void jt_problem_put(struct jt_answer *answer, const struct jt_problem *problem);

/* For `err`, with the sentence in `diag` (NULL: the text of the error's row). */
void jt_problem_refuse(struct jt_answer *answer, enum jt_err err, const struct jt_diag *diag);

/* The server's own refusals; for struct jt_server_conf. */
void jt_problem_refuse_http(void *app, int status, const char *sentence, struct jt_answer *answer);

#endif
