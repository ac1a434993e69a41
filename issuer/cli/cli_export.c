/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_export.h"

#include <stdio.h>

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_show.h"

#include "common/base/base.h"

#define QUERY_MAX 8192

static const struct {
    const char *kind, *collection;
} kinds[] = {
    {"resource", "resources"}, {"role", "roles"}, {"product", "products"}, {"client", "clients"}};

/* An export on its way; as `lines`, or as a listing. */
struct export
{
    const struct jt_cli_run *run;
    struct jt_cli_listing listing;
    bool lines;
};

static bool is_nothing(const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* Gives the declaration of what the API shows. */
static enum jt_err declare(const char *kind, json_t *item, json_t **out_doc)
{
    JT_JSON_AUTO json_t *doc = json_pack("{s:s}", "kind", kind);
    if (doc == NULL) {
        return JT_ERR_NOMEM;
    }
    for (void *iter = json_object_iter(item); iter != NULL;
         iter = json_object_iter_next(item, iter)) {
        json_t *value = json_object_iter_value(iter);
        const char *member = json_object_iter_key(iter);
        if (strcmp(member, "secrets") != 0 && !is_nothing(value) &&
            json_object_set(doc, member, value) != 0) {
            return JT_ERR_NOMEM;
        }
    }
    *out_doc = json_incref(doc);
    return JT_OK;
}

static enum jt_err declare_all(const char *kind, const json_t *items, json_t **out_docs)
{
    JT_JSON_AUTO json_t *docs = json_array();
    size_t index;
    json_t *item;
    if (docs == NULL) {
        return JT_ERR_NOMEM;
    }
    json_array_foreach(items, index, item)
    {
        json_t *doc = NULL;
        JT_TRY(declare(kind, item, &doc));
        if (json_array_append_new(docs, doc) != 0) {
            return JT_ERR_NOMEM;
        }
    }
    *out_docs = json_incref(docs);
    return JT_OK;
}

static void put_lines(const json_t *docs)
{
    size_t index;
    const json_t *doc;
    json_array_foreach(docs, index, doc)
    {
        jt_cli_output_json_line(doc);
    }
}

/* --- pages --- */

static enum jt_err put_query(const struct jt_cli_run *run, const json_t *after, struct jt_buf *out)
{
    const char *label = jt_cli_options_text(run, "label");
    JT_TRY(jt_cli_admin_query(out, "limit", "1000"));
    if (label != NULL) {
        JT_TRY(jt_cli_admin_query(out, "label", label));
    }
    return after == NULL ? JT_OK : jt_cli_admin_query(out, "after", json_string_value(after));
}

/* One page; `*cursor` (NULL: from the start) becomes that of the next, NULL at the end. */
static enum jt_err put_page(struct export *export, size_t kind, json_t **cursor,
                            struct jt_diag *diag)
{
    JT_AUTO(buf) query = JT_BUF_INIT(QUERY_MAX);
    JT_JSON_AUTO json_t *page = NULL;
    JT_JSON_AUTO json_t *docs = NULL;
    json_t *items = NULL;
    JT_TRY(put_query(export->run, *cursor, &query));
    const struct jt_cli_admin_request request = {
        .method = "GET", .path = {kinds[kind].collection}, .query = jt_buf_str(&query)};
    JT_TRY(jt_cli_admin_call(export->run, &request, &page, diag));
    JT_TRY(jt_cli_admin_list(export->run, page, "items", &items, diag));
    JT_TRY(declare_all(kinds[kind].kind, items, &docs));
    if (export->lines) {
        put_lines(docs);
        export->listing.n += json_array_size(docs);
    } else {
        JT_TRY(jt_cli_show_page(&export->listing, docs, diag));
    }
    json_t *next = json_object_get(page, "next");
    json_decref(*cursor);
    *cursor = json_is_string(next) ? json_incref(next) : NULL;
    return JT_OK;
}

static enum jt_err put_kind(struct export *export, size_t kind, struct jt_diag *diag)
{
    json_t *cursor = NULL;
    enum jt_err err;
    do {
        err = put_page(export, kind, &cursor, diag);
    } while (err == JT_OK && cursor != NULL);
    json_decref(cursor);
    return err;
}

/* What is at the other end of a pipe sees no status, and neither YAML nor lines have an end: it must
 * not take a part for the whole. JSON lacks its bracket. */
static void spoil(const struct export *export)
{
    if (export->listing.n > 0 && (export->lines || export->run->format == JT_CLI_AS_YAML)) {
        (void)fputs("unfinished: the export failed here\n", stdout); /* main asks ferror() */
    }
}

enum jt_err jt_cli_export_run(const struct jt_cli_run *run, struct jt_diag *diag)
{
    static const struct jt_cli_shape shape = {NULL, NULL};
    static struct jt_cli_run as; /* too large for the stack */
    as = *run;
    if (jt_cli_show_people(run)) {
        as.format = JT_CLI_AS_YAML; /* what people read here is what apply reads */
    }
    struct export export = {.run = &as, .lines = jt_cli_options_has(run, "lines")};
    if (export.lines && !jt_cli_show_people(run)) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "--lines is a form of its own; leave out %s",
                            run->field != NULL ? "--field" : "-o");
    }
    jt_cli_show_begin(&export.listing, &as, &shape);
    enum jt_err err = JT_OK;
    for (size_t i = 0; i < JT_COUNT(kinds) && err == JT_OK; i++) {
        err = put_kind(&export, i, diag);
    }
    if (err != JT_OK && run->field == NULL) {
        spoil(&export);
    }
    return export.lines ? err : jt_cli_show_end(&export.listing, err, diag);
}
