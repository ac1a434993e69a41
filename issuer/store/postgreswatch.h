/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hears of commits in a PostgreSQL database (LISTEN), over a connection of its own, so that a thread
 * can wait for one without the lock that guards the store. It reads no table.
 * Ownership: the caller's; free.
 * Thread rule: one thread at a time.
 */
#ifndef JT_STORE_POSTGRESWATCH_H
#define JT_STORE_POSTGRESWATCH_H

#include "common/base/diag.h"

#include <stdbool.h>

struct jt_postgreswatch;

/* As the calls jt_store_watch_* of store.h. */
JT_MUST_USE enum jt_err jt_postgreswatch_new(const char *conninfo,
                                             struct jt_postgreswatch **out_watch,
                                             struct jt_diag *diag);
int jt_postgreswatch_fd(const struct jt_postgreswatch *watch);
bool jt_postgreswatch_take(struct jt_postgreswatch *watch);
void jt_postgreswatch_free(struct jt_postgreswatch *watch);

#endif
