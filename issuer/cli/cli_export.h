/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command export: the access model as declarations that apply takes. What has no value (null, an
 * empty list, an empty object) is left out, it means the same to every version; a value is kept
 * though it is the default of this one, so that a file says tomorrow what it says today. Secrets are
 * not told. Objects stand in the order of kinds and names, members in that of the API: what two
 * exports differ in is what has changed.
 * Ownership: none. Thread rule: one thread.
 */
#ifndef JT_CLI_EXPORT_H
#define JT_CLI_EXPORT_H

#include "issuer/cli/cli_options.h"

enum jt_err jt_cli_export_run(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
