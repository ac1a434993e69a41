/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/postgres_store.h"

#include <stdlib.h>

#include "common/base/base.h"

#define DATABASE JT_POSTGRES_STORE_DATABASE

struct jt_postgres_cluster jt_postgres_store_cluster;
static void *locker;

static void make(void)
{
    jt_postgres_cluster_run(&jt_postgres_store_cluster, "postgres", "CREATE DATABASE " DATABASE,
                            NULL);
}

static void take_away(void)
{
    jt_postgres_cluster_run(&jt_postgres_store_cluster, "postgres",
                            "DROP DATABASE " DATABASE " WITH (FORCE)", NULL);
}

static const struct jt_store_where *where(void)
{
    static struct jt_store_where where;
    where.postgres = jt_postgres_cluster_at(&jt_postgres_store_cluster, DATABASE);
    return &where;
}

static void run(const char *sql, struct jt_buf *out)
{
    jt_postgres_cluster_run(&jt_postgres_store_cluster, DATABASE, sql, out);
}

static void lock(void)
{
    locker = jt_postgres_cluster_enter(&jt_postgres_store_cluster, DATABASE);
    jt_postgres_cluster_do(locker, "BEGIN; UPDATE meta SET value = value WHERE name = 'version'",
                           NULL);
}

static void unlock(void)
{
    jt_postgres_cluster_leave(locker);
    locker = NULL;
}

static const struct store_other postgres = {make, take_away, where, run, lock, unlock};

const struct store_other *jt_postgres_store(void)
{
    if (!jt_postgres_cluster_new(&jt_postgres_store_cluster, NULL)) {
        exit(77);
    }
    return &postgres;
}

const struct store_other *jt_postgres_store_asked(void)
{
    const char *asked = getenv("JETON_TEST_STORE");
    return asked != NULL && strcmp(asked, "postgres") == 0 ? jt_postgres_store() : NULL;
}

void jt_postgres_store_end(void)
{
    if (jt_postgres_store_cluster.pid != 0) {
        jt_postgres_cluster_release(&jt_postgres_store_cluster);
    }
}
