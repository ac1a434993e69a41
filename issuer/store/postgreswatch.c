/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgreswatch.h"

#include <stdlib.h>

#include "issuer/store/postgres.h"
#include "issuer/store/postgresconn.h"

#include "common/base/base.h"

#define CONNECT_S   "2" /* per server; libpq knows no less */
#define PATIENCE_MS 2000

struct jt_postgreswatch {
    struct jt_postgresconn conn;
};

/* What was committed before is seen by whoever looks after this. */
static bool listen_anew(struct jt_postgreswatch *watch)
{
    if (jt_postgresconn_open(&watch->conn, CONNECT_S, NULL) != JT_OK) {
        return false;
    }
    if (jt_postgresconn_exec(&watch->conn, "LISTEN " JT_POSTGRES_CHANNEL, NULL) != JT_OK) {
        jt_postgresconn_drop(&watch->conn);
        return false;
    }
    return true;
}

enum jt_err jt_postgreswatch_new(const char *conninfo, struct jt_postgreswatch **out_watch,
                                 struct jt_diag *diag)
{
    struct jt_postgreswatch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return JT_ERR_NOMEM;
    }
    enum jt_err err = jt_postgresconn_init(&watch->conn, conninfo, diag);
    if (err != JT_OK) {
        jt_postgreswatch_free(watch);
        return err;
    }
    watch->conn.patience_ms = PATIENCE_MS;
    (void)listen_anew(watch); /* else take() does it */
    *out_watch = watch;
    return JT_OK;
}

int jt_postgreswatch_fd(const struct jt_postgreswatch *watch)
{
    return jt_postgresconn_is_up(&watch->conn) ? PQsocket(watch->conn.pg) : -1;
}

/* Takes all that has come off the queue. */
static bool take_all(PGconn *pg)
{
    bool any = false;
    for (PGnotify *one = PQnotifies(pg); one != NULL; one = PQnotifies(pg)) {
        PQfreemem(one);
        any = true;
    }
    return any;
}

bool jt_postgreswatch_take(struct jt_postgreswatch *watch)
{
    if (!jt_postgresconn_is_up(&watch->conn) || PQconsumeInput(watch->conn.pg) == 0) {
        return listen_anew(watch);
    }
    return take_all(watch->conn.pg);
}

void jt_postgreswatch_free(struct jt_postgreswatch *watch)
{
    if (watch != NULL) {
        jt_postgresconn_release(&watch->conn);
        free(watch);
    }
}
