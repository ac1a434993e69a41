/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_db.h"

#include "issuer/cli/cli_database.h"
#include "issuer/cli/cli_output.h"
#include "issuer/cli/cli_show.h"
#include "issuer/store/copy.h"
#include "issuer/store/migrate.h"

#include "common/base/base.h"

/* --- migrate --- */

static const struct jt_cli_field migrate_fields[] = {
    {"database", "database", JT_CLI_FORM_PLAIN, true},
    {"schema", "schema", JT_CLI_FORM_PLAIN, true},
    {"steps", "steps", JT_CLI_FORM_PLAIN, true},
    {"done", "done", JT_CLI_FORM_PLAIN, true},
    {0}};
static const struct jt_cli_shape migrate_shape = {NULL, migrate_fields};

static enum jt_err show_steps(const struct jt_cli_run *run, const char *name, int64_t have,
                              bool done, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *steps = json_array();
    int64_t newest = jt_migrate_newest(&jt_migrate_all);
    for (int64_t number = have + 1; number <= newest; number++) {
        JT_TRY(json_array_append_new(steps, json_integer(number)) == 0 ? JT_OK : JT_ERR_NOMEM);
    }
    JT_JSON_AUTO json_t *told =
        json_pack("{s:s, s:I, s:O, s:b}", "database", name, "schema",
                  (json_int_t)(done ? newest : have), "steps", steps, "done", (int)done);
    return told == NULL ? JT_ERR_NOMEM : jt_cli_show_object(run, &migrate_shape, told, diag);
}

/* The schema of an existing database, which is not newer than this program. */
static enum jt_err find_schema(const struct jt_cli_database *database, int64_t *out_have,
                               struct jt_diag *diag)
{
    struct jt_store *store = NULL;
    struct jt_bulk_about about = {0};
    JT_TRY(jt_bulk_open(&database->where, &store, diag));
    enum jt_err err = jt_bulk_about(store, &about, diag);
    if (err == JT_OK) {
        err = jt_migrate_check(&jt_migrate_all, about.schema, jt_store_name(store), diag);
    }
    jt_store_close(store);
    *out_have = about.schema;
    return err;
}

static enum jt_err migrate(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_AUTO(cli_database) database = JT_CLI_DATABASE_INIT;
    struct jt_store *store = NULL;
    int64_t have;
    JT_TRY(jt_cli_database_of(run, "database", &database, diag));
    JT_TRY(find_schema(&database, &have, diag));
    if (jt_cli_options_has(run, "dry-run")) {
        JT_TRY(jt_bulk_open(&database.where, &store, diag));
    } else {
        JT_TRY(jt_store_open(&database.where, &jt_clock_system, &store, diag));
    }
    enum jt_err err =
        show_steps(run, jt_store_name(store), have, !jt_cli_options_has(run, "dry-run"), diag);
    jt_store_close(store);
    return err;
}

enum jt_err jt_cli_db_migrate(const struct jt_cli_run *run, struct jt_diag *diag)
{
    return jt_cli_database_finish(migrate(run, diag), diag);
}

/* --- backup, copy --- */

static const struct jt_cli_field copy_fields[] = {{"from", "from", JT_CLI_FORM_PLAIN, true},
                                                  {"to", "to", JT_CLI_FORM_PLAIN, true},
                                                  {"rows", "rows", JT_CLI_FORM_LABELS, true},
                                                  {"digest", "digest", JT_CLI_FORM_PLAIN, true},
                                                  {0}};
static const struct jt_cli_shape copy_shape = {NULL, copy_fields};

static enum jt_err put_rows(const struct jt_bulk_sum *sum, json_t *rows)
{
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        json_t *n = json_integer((json_int_t)sum->n[table]);
        JT_TRY(json_object_set_new(rows, jt_tables_name(table), n) == 0 ? JT_OK : JT_ERR_NOMEM);
    }
    return JT_OK;
}

static enum jt_err show_done(const struct jt_cli_run *run, struct jt_store *from,
                             const struct jt_copy_done *done, struct jt_diag *diag)
{
    char digest[2 * sizeof done->sum.digest + 1];
    for (size_t i = 0; i < sizeof done->sum.digest; i++) {
        (void)snprintf(digest + 2 * i, 3, "%02x", done->sum.digest[i]);
    }
    JT_JSON_AUTO json_t *rows = json_object();
    JT_TRY(put_rows(&done->sum, rows));
    JT_JSON_AUTO json_t *told = json_pack("{s:s, s:s, s:O, s:s}", "from", jt_store_name(from), "to",
                                          done->to, "rows", rows, "digest", digest);
    return told == NULL ? JT_ERR_NOMEM : jt_cli_show_object(run, &copy_shape, told, diag);
}

static enum jt_err backup(const struct jt_cli_run *run, struct jt_store *from, struct jt_diag *diag)
{
    struct jt_copy_done done;
    bool replace = jt_cli_options_has(run, "force");
    JT_TRY(jt_copy_to_file(from, run->args[0], replace, &done, diag));
    return show_done(run, from, &done, diag);
}

enum jt_err jt_cli_db_backup(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct jt_store *from = NULL;
    enum jt_err err = jt_cli_database_look(run, "database", &from, diag);
    err = err == JT_OK ? backup(run, from, diag) : err;
    jt_store_close(from);
    return jt_cli_database_finish(err, diag);
}

static enum jt_err copy(const struct jt_cli_run *run, struct jt_store *from,
                        const struct jt_cli_database *to, struct jt_diag *diag)
{
    struct jt_copy_done done;
    struct jt_bulk_about about = {0};
    JT_TRY(jt_copy_to_store(from, &to->where, &done, diag));
    JT_TRY(jt_bulk_about(from, &about, diag));
    if (about.daemons > 0) {
        jt_cli_output_talk("warning: jetond has %s open, and what it changes from now on is not in "
                           "the copy: stop it, empty the target, and copy again",
                           jt_store_name(from));
    }
    return show_done(run, from, &done, diag);
}

enum jt_err jt_cli_db_copy(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_AUTO(cli_database) to = JT_CLI_DATABASE_INIT;
    struct jt_store *from = NULL;
    const char *text;
    JT_TRY(jt_cli_options_need(run, "to", &text, diag));
    JT_TRY(jt_cli_database_parse("to", text, &to, diag));
    enum jt_err err = jt_cli_database_look(run, "from", &from, diag);
    err = err == JT_OK ? copy(run, from, &to, diag) : err;
    jt_store_close(from);
    return jt_cli_database_finish(err, diag);
}
