/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `doctor`: what the daemon says of itself, and what only somebody outside it can see: is it
 * reached, is it what its public URL leads to. Handler of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_DOCTOR_H
#define JT_CLI_DOCTOR_H

#include "issuer/cli/cli_options.h"

/* JT_ERR_IO with a sentence when a check fails. */
JT_MUST_USE enum jt_err jt_cli_doctor(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
