/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "issuer/store/migrate.h"
#include "issuer/store/newfile.h"
#include "issuer/store/sqlite.h"
#include "issuer/store/sqliteconn.h"
#include "issuer/store/sqlitelock.h"

#include "common/base/base.h"

/* --- rows --- */

struct copying {
    struct jt_store *to;
    enum jt_tables_id table;
    struct jt_bulk_sum *sum; /* of what was read */
    struct jt_diag *diag;
};

static enum jt_err take_row(void *ctx, const struct jt_bulk_cell *cells)
{
    const struct copying *copying = ctx;
    JT_TRY(jt_bulk_sum_add(copying->sum, copying->table, cells));
    return jt_bulk_put(copying->to, copying->table, cells, copying->diag);
}

static enum jt_err copy_rows(struct jt_store *from, struct jt_store *to, struct jt_bulk_sum *sum,
                             struct jt_diag *diag)
{
    JT_TRY(jt_bulk_clear(to, diag));
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        struct copying copying = {to, table, sum, diag};
        JT_TRY(jt_bulk_each(from, table, take_row, &copying, diag));
    }
    return JT_OK;
}

static enum jt_err verify(struct jt_store *to, const struct jt_bulk_sum *sum, struct jt_diag *diag)
{
    struct jt_bulk_sum found;
    JT_TRY(jt_bulk_sum(to, &found, diag));
    if (!jt_span_eq(jt_span_of(&found, sizeof found), jt_span_of(sum, sizeof *sum))) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: does not give back what was written to it; check its disk, and "
                            "copy again",
                            jt_store_name(to));
    }
    return JT_OK;
}

/* All of it in one transaction, undone after a failure. */
static enum jt_err fill(struct jt_store *from, struct jt_store *to, struct jt_bulk_sum *out_sum,
                        struct jt_diag *diag)
{
    struct jt_bulk_sum sum = {0};
    JT_TRY(jt_store_begin(to, diag));
    enum jt_err err = copy_rows(from, to, &sum, diag);
    err = err == JT_OK ? verify(to, &sum, diag) : err;
    if (err != JT_OK) {
        jt_store_rollback(to);
        return err;
    }
    JT_TRY(jt_store_commit(to, diag));
    *out_sum = sum;
    return JT_OK;
}

static enum jt_err check_source(struct jt_store *from, struct jt_bulk_about *out_about,
                                struct jt_diag *diag)
{
    JT_TRY(jt_bulk_about(from, out_about, diag));
    JT_TRY(jt_migrate_check(&jt_migrate_all, out_about->schema, jt_store_name(from), diag));
    if (out_about->schema == 0) {
        return jt_diag_fail(
            diag, JT_ERR_NOT_FOUND,
            "%s: holds nothing of an issuer; name the database of one that has been "
            "started once",
            jt_store_name(from));
    }
    return jt_store_check(from, diag);
}

/* --- into a file --- */

/* A log beside a database that it does not belong to destroys it. */
static enum jt_err check_beside(const char *path, struct jt_diag *diag)
{
    static const char *const suffixes[] = {"-wal", "-journal"};
    int fd;
    bool running;
    JT_TRY(jt_sqlitelock_look(path, &fd, &running, diag));
    if (fd >= 0) {
        (void)close(fd); /* nothing was written */
    }
    if (running) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is the database of a jetond that runs; name another file", path);
    }
    for (size_t i = 0; i < JT_COUNT(suffixes); i++) {
        const struct jt_sqliteconn_name name = jt_sqliteconn_beside(path, suffixes[i]);
        if (jt_sqliteconn_size(name.text) > 0) {
            return jt_diag_fail(diag, JT_ERR_STORE,
                                "%s: is there, and would be taken for a part of the new file; name "
                                "another file, or move it away together with its database",
                                name.text);
        }
    }
    return JT_OK;
}

static enum jt_err fill_file(struct jt_store *from, const char *path, int64_t schema,
                             struct jt_bulk_sum *out_sum, struct jt_diag *diag)
{
    const struct jt_migrations history = {jt_migrate_all.list, (size_t)schema};
    struct jt_store *to = NULL;
    JT_TRY(jt_sqlite_fill(path, &history, &jt_clock_system, &to, diag));
    enum jt_err err = fill(from, to, out_sum, diag);
    jt_store_close(to);
    return err;
}

/* By the file's bytes, not by what the connection that wrote them remembers. */
static enum jt_err verify_file(const char *path, const struct jt_bulk_sum *sum,
                               struct jt_diag *diag)
{
    struct jt_store *store = NULL;
    JT_TRY(jt_sqlite_look(path, &store, diag));
    enum jt_err err = verify(store, sum, diag);
    err = err == JT_OK ? jt_store_check(store, diag) : err;
    jt_store_close(store);
    return err;
}

static void say_done(const char *to, const struct jt_bulk_sum *sum, struct jt_copy_done *out_done)
{
    out_done->sum = *sum;
    (void)snprintf(out_done->to, sizeof out_done->to, "%s", to); /* for the eye: may be cut */
}

enum jt_err jt_copy_to_file(struct jt_store *from, const char *path, bool replace,
                            struct jt_copy_done *out_done, struct jt_diag *diag)
{
    struct jt_bulk_about about;
    struct jt_bulk_sum sum;
    JT_AUTO(newfile) file = JT_NEWFILE_INIT;
    JT_TRY(check_source(from, &about, diag));
    JT_TRY(jt_newfile_begin(&file, path, replace, diag));
    JT_TRY(check_beside(path, diag));
    JT_TRY(fill_file(from, file.part, about.schema, &sum, diag));
    JT_TRY(verify_file(file.part, &sum, diag));
    JT_TRY(jt_newfile_publish(&file, diag));
    say_done(path, &sum, out_done);
    return JT_OK;
}

/* --- into a database --- */

/* Before it is opened to be written to, which changes it. */
static enum jt_err check_target(const struct jt_store_where *to, struct jt_diag *diag)
{
    struct jt_store *store = NULL;
    JT_TRY(jt_bulk_open(to, &store, diag));
    enum jt_err err = jt_bulk_check_empty(store, diag);
    jt_store_close(store);
    return err;
}

enum jt_err jt_copy_to_store(struct jt_store *from, const struct jt_store_where *to,
                             struct jt_copy_done *out_done, struct jt_diag *diag)
{
    struct jt_bulk_about about;
    struct jt_bulk_sum sum;
    struct jt_store *store = NULL;
    JT_TRY(check_source(from, &about, diag));
    if (about.schema != about.newest) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: has schema %" PRId64 ", and only %" PRId64 " is copied into "
                            "another database; raise it first: jeton db migrate",
                            jt_store_name(from), about.schema, about.newest);
    }
    if (to->sqlite_path != NULL && jt_sqliteconn_absent(to->sqlite_path)) {
        return jt_copy_to_file(from, to->sqlite_path, false, out_done, diag);
    }
    JT_TRY(check_target(to, diag));
    JT_TRY(jt_store_open(to, &jt_clock_system, &store, diag));
    enum jt_err err = fill(from, store, &sum, diag);
    if (err == JT_OK) {
        say_done(jt_store_name(store), &sum, out_done);
    }
    jt_store_close(store);
    return err;
}
