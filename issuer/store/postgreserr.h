/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PostgreSQL's failures are called here, and what a person can do about each.
 * Ownership: borrows.
 * Thread rule: any thread.
 * Sources: PostgreSQL's "PostgreSQL Error Codes".
 */
#ifndef JT_STORE_POSTGRESERR_H
#define JT_STORE_POSTGRESERR_H

#include "common/base/diag.h"

#include <libpq-fe.h>

/* JT_ERR_STORE with a sentence about the database `name`, by the error that `result` tells;
 * JT_ERR_NOMEM for the server's lack of memory and for NULL, which is libpq's. */
enum jt_err jt_postgreserr(const PGresult *result, const char *name, struct jt_diag *diag);

/* The same for a connection that was not made, or is lost: `message` is libpq's, of which the first
 * lines are told. */
enum jt_err jt_postgreserr_connect(const char *message, const char *name, struct jt_diag *diag);
enum jt_err jt_postgreserr_lost(const char *message, const char *name, struct jt_diag *diag);

#endif
