/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics of the admin listeners: how the issuer stands, for Prometheus. It takes no lock and asks
 * no database, so that it answers when those are what is amiss; and it tells no name of a client or
 * resource.
 * Ownership: as server.h says.
 * Thread rule: the admin servers' threads.
 * Sources: docs/operators-guide.md tells what to alert on.
 */
#ifndef JT_ADMIN_ADMIN_METRICS_H
#define JT_ADMIN_ADMIN_METRICS_H

#include "common/http/server.h"

void jt_admin_metrics_get(void *app, const struct jt_request *request, struct jt_answer *answer);

#endif
