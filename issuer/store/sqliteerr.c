/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqliteerr.h"

#include <stddef.h>

#include "common/base/base.h"

static const struct {
    int code;
    const char *sentence;
} rows[] = {
    {SQLITE_NOTADB, "is not a database; name another file, or move it away to begin anew"},
    {SQLITE_CORRUPT, "is damaged; restore it from a backup"},
    {SQLITE_FULL, "its disk is full; free some space and try again"},
    {SQLITE_BUSY, "another program holds its lock; end that program and try again"},
    {SQLITE_READONLY, "cannot be written; give the user that runs jetond write access to the file "
                      "and its folder"},
    {SQLITE_CANTOPEN, "it or the files beside it (-wal, -shm) cannot be opened; give the user that "
                      "runs jetond write access to the file and its folder"},
    {SQLITE_IOERR, "reading or writing it failed; check its disk"},
};

enum jt_err jt_sqliteerr(sqlite3 *db, int rc, const char *name, struct jt_diag *diag)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE) {
        return JT_OK;
    }
    int code = rc & 0xFF;
    if (code == SQLITE_NOMEM) {
        return JT_ERR_NOMEM;
    }
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        if (rows[i].code == code) {
            return jt_diag_fail(diag, JT_ERR_STORE, "%s: %s (%s)", name, rows[i].sentence,
                                sqlite3_errstr(rc));
        }
    }
    return jt_diag_fail(diag, JT_ERR_STORE, "%s: %s; restore it from a backup", name,
                        db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db));
}

enum jt_err jt_sqliteerr_exec(sqlite3 *db, const char *sql, const char *name, struct jt_diag *diag)
{
    return jt_sqliteerr(db, sqlite3_exec(db, sql, NULL, NULL, NULL), name, diag);
}
