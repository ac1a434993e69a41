/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands and options of the table as text for scdoc, from which jeton(1) is made. Used when
 * the page is built, not by the program.
 * Ownership: appends to the caller's buffer.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_REFERENCE_H
#define JT_CLI_REFERENCE_H

#include "common/base/buf.h"

/* Appends the options that every command takes; the commands, a section for each noun.
 * JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_reference_options(struct jt_buf *out);
JT_MUST_USE enum jt_err jt_cli_reference_commands(struct jt_buf *out);

#endif
