/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /livez and /readyz: handlers of common/http/server.h for the admin servers. They tell nothing
 * that needs a right to be told.
 * Ownership: as server.h says.
 * Thread rule: the admin servers' threads.
 */
#ifndef JT_ADMIN_HEALTH_H
#define JT_ADMIN_HEALTH_H

#include "common/http/server.h"

/* The process answers: that is all. */
void jt_health_live(void *app, const struct jt_request *request, struct jt_answer *answer);

/* Tokens can be issued: a key signs, the signer answers, and the database was reached within the
 * staleness limit. Else 503 and what is missing, a line each. */
void jt_health_ready(void *app, const struct jt_request *request, struct jt_answer *answer);

#endif
