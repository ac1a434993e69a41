/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema and its history: numbered SQL texts, run in order, forward only, inside a transaction
 * of the caller's. The number reached stands in meta under 'schema', in every database. It knows no
 * database: the caller executes.
 * Ownership: none (constant data).
 * Thread rule: one thread.
 */
#ifndef JT_STORE_MIGRATE_H
#define JT_STORE_MIGRATE_H

#include "common/base/diag.h"

#include <stddef.h>
#include <stdint.h>

struct jt_migration {
    int64_t number; /* from 1, without a gap */
    const char *sql;
};

struct jt_migrations {
    const struct jt_migration *list;
    size_t n;
};

/* All of this program's. */
extern const struct jt_migrations jt_migrate_all;

/* The number of the schema that `migrations` lead to. */
int64_t jt_migrate_newest(const struct jt_migrations *migrations);

/* Executes one or several statements without parameters. */
typedef enum jt_err (*jt_migrate_exec_fn)(void *ctx, const char *sql);

/* Raises the schema `have` (0: an empty database) to the newest; nothing is executed when it is
 * that already. JT_ERR_STORE_VERSION when `have` is newer, the sentence naming both and the
 * database `name`; else what `exec` returned. */
JT_MUST_USE enum jt_err jt_migrate(const struct jt_migrations *migrations, int64_t have,
                                   const char *name, jt_migrate_exec_fn exec, void *ctx,
                                   struct jt_diag *diag);

/* Only the check: is `have` one that this program can use or raise? */
JT_MUST_USE enum jt_err jt_migrate_check(const struct jt_migrations *migrations, int64_t have,
                                         const char *name, struct jt_diag *diag);

#endif
