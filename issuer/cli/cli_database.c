/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_database.h"

#include <stdlib.h>

#include "common/conf/conf.h"
#include "issuer/store/bulk.h"

#include "common/base/base.h"

#define CONFIG "/etc/jeton/jetond.yaml"

void jt_cli_database_release(struct jt_cli_database *database)
{
    free(database->text);
    *database = (struct jt_cli_database)JT_CLI_DATABASE_INIT;
}

static enum jt_err fill(struct jt_span name, bool is_path, struct jt_cli_database *out_database)
{
    *out_database = (struct jt_cli_database)JT_CLI_DATABASE_INIT;
    JT_TRY(jt_buf_strdup(name, &out_database->text));
    *(is_path ? &out_database->where.sqlite_path : &out_database->where.postgres) =
        out_database->text;
    return JT_OK;
}

/* --- named itself --- */

enum jt_err jt_cli_database_parse(const char *name, const char *text,
                                  struct jt_cli_database *out_database, struct jt_diag *diag)
{
    static const struct {
        const char *prefix;
        bool is_path, whole;
    } forms[] = {{"sqlite:", true, false},
                 {"postgres://", false, true},
                 {"postgresql://", false, true},
                 {"postgres:", false, false}};
    for (size_t i = 0; i < JT_COUNT(forms); i++) {
        size_t n = strlen(forms[i].prefix);
        if (strncmp(text, forms[i].prefix, n) == 0 && text[n] != 0) {
            return fill(jt_span_str(forms[i].whole ? text : text + n), forms[i].is_path,
                        out_database);
        }
    }
    /* never repeated: it may hold a password */
    return jt_diag_fail(diag, JT_ERR_USAGE,
                        "--%s names no database; give sqlite:PATH, postgres:CONNINFO or "
                        "postgresql://HOST/DATABASE",
                        name);
}

/* --- named by a configuration --- */

/* The text of a key that is a string; empty when it is not there. */
static enum jt_err find(const struct jt_yamldoc *doc, const char *file, const char *path,
                        struct jt_span *out_text, struct jt_diag *diag)
{
    const struct jt_yamldoc_node *node = jt_yamldoc_find(doc, 0, doc->n, path);
    if (node != NULL && node->kind != JT_YAMLDOC_TEXT) {
        return jt_yamldoc_fail(file, node->value_at, diag,
                               "%s is not a string; see jetond check --config FILE", path);
    }
    *out_text = node == NULL ? JT_SPAN_NONE : jt_span_str(node->text);
    return JT_OK;
}

/* Only what names the database is looked at: `jetond check` judges the rest. */
static enum jt_err choose(const struct jt_yamldoc *doc, const char *file,
                          struct jt_cli_database *out_database, struct jt_diag *diag)
{
    struct jt_span path = JT_SPAN_NONE;
    struct jt_span postgres = JT_SPAN_NONE;
    JT_TRY(find(doc, file, "store.path", &path, diag));
    JT_TRY(find(doc, file, "store.postgres", &postgres, diag));
    if (postgres.n > 0) {
        return fill(postgres, false, out_database);
    }
    return fill(path.n > 0 ? path : JT_SPAN(JT_STORE_PATH), true, out_database);
}

static enum jt_err load(const char *file, struct jt_cli_database *out_database,
                        struct jt_diag *diag)
{
    JT_AUTO(buf) text = JT_BUF_INIT(JT_CONF_READ_MAX);
    JT_AUTO(yamldoc) doc = JT_YAMLDOC_INIT;
    JT_TRY(jt_conf_read(file, &text, diag));
    if (text.len > JT_CONF_MAX_BYTES) {
        return jt_diag_fail(diag, JT_ERR_CONFIG, "%s: is no configuration: it is too long", file);
    }
    JT_TRY(jt_yamldoc_parse(jt_buf_span(&text), file, &doc, diag));
    return choose(&doc, file, out_database, diag);
}

enum jt_err jt_cli_database_of(const struct jt_cli_run *run, const char *name,
                               struct jt_cli_database *out_database, struct jt_diag *diag)
{
    const char *text = jt_cli_options_text(run, name);
    const char *config = jt_cli_options_text(run, "config");
    if (text != NULL && config != NULL) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "--%s and --config both name a database; give one",
                            name);
    }
    if (text != NULL) {
        return jt_cli_database_parse(name, text, out_database, diag);
    }
    return load(config == NULL ? CONFIG : config, out_database, diag);
}

/* --- using it --- */

enum jt_err jt_cli_database_look(const struct jt_cli_run *run, const char *name,
                                 struct jt_store **out_store, struct jt_diag *diag)
{
    JT_AUTO(cli_database) database = JT_CLI_DATABASE_INIT;
    JT_TRY(jt_cli_database_of(run, name, &database, diag));
    return jt_bulk_open(&database.where, out_store, diag);
}

enum jt_err jt_cli_database_finish(enum jt_err err, struct jt_diag *diag)
{
    bool refused = err == JT_ERR_EXISTS || err == JT_ERR_STORE || err == JT_ERR_STORE_VERSION;
    if (err != JT_OK && diag->text[0] == 0) {
        (void)jt_diag_fail(diag, err, "%s", jt_diag_text(diag, err)); /* told under another error */
    }
    return refused ? JT_ERR_REFUSED : err;
}
