/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libjeton's verdict as a list of checks: which stood, which failed, which were not reached.
 * Ownership: borrows the result.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_CHECKS_H
#define JT_CLI_CHECKS_H

#include <jeton/verifier.h>

#include "common/base/diag.h"
#include "common/json/json.h"
#include "issuer/cli/cli_pen.h"

enum jt_cli_check_state { JT_CLI_CHECK_OK, JT_CLI_CHECK_FAILED, JT_CLI_CHECK_NOT_REACHED };

struct jt_cli_check {
    const char *name;
    enum jt_cli_check_state state;
    jeton_status status; /* why it failed; JETON_OK else */
};

#define JT_CLI_CHECKS_N 10

/* Fills all checks, in order. False when the status is no verdict on a token (memory, use). */
bool jt_cli_checks_fill(const struct jeton_result *result,
                        struct jt_cli_check out_checks[JT_CLI_CHECKS_N]);

/* Prints a line for each; `claims` (NULL: not readable) tells what the token has where it failed.
 */
void jt_cli_checks_print(enum jt_cli_ink ink, const struct jt_cli_check checks[JT_CLI_CHECKS_N],
                         const json_t *claims);

/* Gives {"accepted", "status", "checks": [{"check", "result", "status", "text"}]}; the last two
 * only where one failed. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_checks_json(const struct jt_cli_check checks[JT_CLI_CHECKS_N],
                                           jeton_status status, json_t **out_json);

#endif
