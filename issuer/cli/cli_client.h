/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients have beyond the verbs of every object: secrets, shown once, single
 * grants and roles, and subscriptions to products.
 * Handlers of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_CLIENT_H
#define JT_CLI_CLIENT_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_client_create(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_secret_add(const struct jt_cli_run *run,
                                                 struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_secret_list(const struct jt_cli_run *run,
                                                  struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_secret_revoke(const struct jt_cli_run *run,
                                                    struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_grant(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_ungrant(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_assign(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_unassign(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_subscribe(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_unsubscribe(const struct jt_cli_run *run,
                                                  struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_approve(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_client_revoke(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
