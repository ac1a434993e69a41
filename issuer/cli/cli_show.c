/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_show.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/conf/yamlwrite.h"
#include "issuer/cli/cli_pick.h"

#include "common/base/base.h"

#define TEXT_LIMIT ((size_t)256 * 1024 * 1024) /* of a page as YAML */

bool jt_cli_show_people(const struct jt_cli_run *run)
{
    return run->format == JT_CLI_AS_TABLE && run->field == NULL;
}

static enum jt_err put_yaml(json_t *value)
{
    JT_AUTO(buf) text = JT_BUF_INIT(TEXT_LIMIT);
    /* on a terminal nothing may drive it that YAML does not escape by itself */
    enum jt_err err = jt_yamlwrite_put(
        value, isatty(STDOUT_FILENO) ? JT_YAMLWRITE_ASCII : JT_YAMLWRITE_UTF8, &text);
    if (err == JT_OK) {
        (void)fwrite(text.p, 1, text.len, stdout); /* main asks ferror() at the end; so below */
    }
    if (text.p != NULL) {
        jt_secret_wipe(text.p, text.cap); /* a new client's secret passes here */
    }
    return err;
}

static void put_name(const json_t *object, const char *name)
{
    struct jt_cli_pen pen = jt_cli_pen_on(stdout);
    jt_cli_pen_text(&pen, jt_json_value(json_object_get(object, name)));
    (void)fputc('\n', stdout);
}

static void put_names(const json_t *value, const char *name)
{
    size_t index;
    const json_t *item;
    if (!json_is_array(value)) {
        put_name(value, name);
        return;
    }
    json_array_foreach(value, index, item)
    {
        put_name(item, name);
    }
}

static enum jt_err check_named(const struct jt_cli_run *run, const char *name, struct jt_diag *diag)
{
    if (run->format == JT_CLI_AS_NAME && name == NULL) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "what %s shows has no name; use -o table, json or yaml",
                            run->command->path);
    }
    return JT_OK;
}

enum jt_err jt_cli_show_value(const struct jt_cli_run *run, const char *name, json_t *value,
                              struct jt_diag *diag)
{
    JT_TRY(check_named(run, name, diag));
    if (run->field != NULL) {
        return jt_cli_pick_print(run->field, value, diag);
    }
    switch (run->format) {
    case JT_CLI_AS_YAML:
        return put_yaml(value);
    case JT_CLI_AS_NAME:
        put_names(value, name);
        return JT_OK;
    case JT_CLI_AS_JSON:
    case JT_CLI_AS_TABLE:
        break;
    }
    jt_cli_output_json(value);
    return JT_OK;
}

enum jt_err jt_cli_show_object(const struct jt_cli_run *run, const struct jt_cli_shape *shape,
                               json_t *object, struct jt_diag *diag)
{
    if (!jt_cli_show_people(run)) {
        return jt_cli_show_value(run, shape->name, object, diag);
    }
    jt_cli_output_object(jt_cli_output_ink(run), shape->fields, object);
    return JT_OK;
}

enum jt_err jt_cli_show_list(const struct jt_cli_run *run, const struct jt_cli_shape *shape,
                             json_t *items, struct jt_diag *diag)
{
    struct jt_cli_listing listing;
    jt_cli_show_begin(&listing, run, shape);
    return jt_cli_show_end(&listing, jt_cli_show_page(&listing, items, diag), diag);
}

void jt_cli_show_begin(struct jt_cli_listing *listing, const struct jt_cli_run *run,
                       const struct jt_cli_shape *shape)
{
    *listing = (struct jt_cli_listing){.run = run, .shape = shape};
}

static enum jt_err keep(struct jt_cli_listing *listing, json_t *items)
{
    if (listing->all == NULL) {
        listing->all = json_array();
    }
    return json_array_extend(listing->all, items) == 0 ? JT_OK : JT_ERR_NOMEM;
}

/* The lines of one array go on where those of the page before ended. */
static enum jt_err put_json_items(const struct jt_cli_listing *listing, const json_t *items)
{
    char *text = jt_cli_output_json_text(items); /* "[\n  {...},\n  {...}\n]" */
    if (text == NULL) {
        return JT_ERR_NOMEM;
    }
    size_t n = strlen(text);
    (void)fputs(listing->n == 0 ? "[" : ",", stdout);
    (void)fwrite(text + 1, 1, n - 3, stdout);
    jt_secret_wipe(text, n);
    free(text);
    return JT_OK;
}

enum jt_err jt_cli_show_page(struct jt_cli_listing *listing, json_t *items, struct jt_diag *diag)
{
    const struct jt_cli_run *run = listing->run;
    JT_TRY(check_named(run, listing->shape->name, diag));
    if (json_array_size(items) == 0) {
        return JT_OK;
    }
    enum jt_err err = JT_OK;
    if (run->field != NULL) {
        err = keep(listing, items);
    } else if (run->format == JT_CLI_AS_JSON) {
        err = put_json_items(listing, items);
    } else if (run->format != JT_CLI_AS_TABLE) {
        err = jt_cli_show_value(run, listing->shape->name, items, diag);
    } else {
        if (listing->n == 0) {
            jt_cli_output_titles(jt_cli_output_ink(run), listing->shape->fields, items,
                                 &listing->columns);
        }
        jt_cli_output_rows(jt_cli_output_ink(run), listing->shape->fields, items,
                           &listing->columns);
    }
    listing->n += json_array_size(items);
    return err;
}

/* An empty list is data for programs; people are told by who asked. */
static enum jt_err finish(struct jt_cli_listing *listing, struct jt_diag *diag)
{
    const struct jt_cli_run *run = listing->run;
    if (run->field != NULL) {
        JT_JSON_AUTO json_t *none = json_array();
        return jt_cli_pick_print(run->field, listing->all == NULL ? none : listing->all, diag);
    }
    if (run->format == JT_CLI_AS_JSON) {
        (void)fputs(listing->n == 0 ? "[]\n" : "\n]\n", stdout);
    } else if (run->format == JT_CLI_AS_YAML && listing->n == 0) {
        (void)fputs("[]\n", stdout);
    }
    return JT_OK;
}

enum jt_err jt_cli_show_end(struct jt_cli_listing *listing, enum jt_err err, struct jt_diag *diag)
{
    err = err == JT_OK ? finish(listing, diag) : err;
    json_decref(listing->all);
    listing->all = NULL;
    return err;
}
