/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_changes.h"

#include <inttypes.h>

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_output.h"
#include "issuer/cli/cli_pen.h"

#include "common/base/base.h"

#define VALUE_MAX ((size_t)2 * 1024 * 1024) /* an object has at most half of it */

static int64_t count(const json_t *report, const char *name)
{
    return json_integer_value(json_object_get(report, name)); /* 0 for what is none */
}

enum jt_err jt_cli_changes_read(const struct jt_cli_run *run, const json_t *report,
                                struct jt_cli_changes *out, struct jt_diag *diag)
{
    JT_TRY(jt_cli_admin_list(run, report, "changes", &out->list, diag));
    out->created = count(report, "created");
    out->updated = count(report, "updated");
    out->deleted = count(report, "deleted");
    out->unchanged = count(report, "unchanged");
    out->more = count(report, "more");
    return JT_OK;
}

void jt_cli_changes_summary(const struct jt_cli_changes *changes, bool done,
                            char out[JT_CLI_CHANGES_SUMMARY])
{
    (void)snprintf(out, JT_CLI_CHANGES_SUMMARY, /* four numbers fit */
                   done ? "%" PRId64 " created, %" PRId64 " updated, %" PRId64 " deleted, %" PRId64
                          " unchanged"
                        : "%" PRId64 " to create, %" PRId64 " to update, %" PRId64
                          " to delete, %" PRId64 " the same",
                   changes->created, changes->updated, changes->deleted, changes->unchanged);
}

/* --- one change --- */

static char sign_of(const json_t *change)
{
    struct jt_span action = jt_json_value(json_object_get(change, "action"));
    const char *sign = jt_span_is(action, "create")   ? "+"
                       : jt_span_is(action, "delete") ? "-"
                                                      : "~";
    return *sign;
}

/* Begins a line: the sign, in its colour until the line ends. */
static void put_sign(struct jt_cli_pen *pen, const char *indent, char sign)
{
    jt_cli_pen_style(pen, sign == '+'   ? JT_CLI_STYLE_GOOD
                          : sign == '-' ? JT_CLI_STYLE_BAD
                                        : JT_CLI_STYLE_WATCH);
    jt_cli_pen_puts(pen, indent);
    jt_cli_pen_text(pen, jt_span_of(&sign, 1));
    jt_cli_pen_puts(pen, " ");
}

static void end_line(struct jt_cli_pen *pen)
{
    jt_cli_pen_style(pen, JT_CLI_STYLE_NONE);
    (void)fputc('\n', pen->file); /* main asks ferror() at the end */
}

static void put_value(struct jt_cli_pen *pen, char sign, const char *member, const char *below,
                      json_t *value)
{
    JT_AUTO(buf) text = JT_BUF_INIT(VALUE_MAX);
    put_sign(pen, "  ", sign);
    jt_cli_pen_puts(pen, member);
    jt_cli_pen_puts(pen, below == NULL ? "" : ".");
    jt_cli_pen_puts(pen, below == NULL ? "" : below);
    jt_cli_pen_puts(pen, ": ");
    if (strcmp(member, "subscriptions") == 0) {
        jt_cli_pen_value(pen, value, JT_CLI_FORM_SUBSCRIPTION);
    } else if (json_is_string(value)) {
        jt_cli_pen_text(pen, jt_json_value(value));
    } else if (jt_json_dump(value, &text) == JT_OK) {
        jt_cli_pen_text(pen, jt_buf_span(&text));
    }
    end_line(pen);
}

static bool holds(const json_t *list, const json_t *element)
{
    size_t index;
    const json_t *other;
    json_array_foreach(list, index, other)
    {
        if (json_equal(other, element) != 0) {
            return true;
        }
    }
    return false;
}

/* The elements of `list` that `other` has not; how many. */
static size_t put_elements(struct jt_cli_pen *pen, char sign, const char *member,
                           const json_t *list, const json_t *other)
{
    size_t index, n = 0;
    json_t *element;
    json_array_foreach(list, index, element)
    {
        if (!holds(other, element)) {
            put_value(pen, sign, member, NULL, element);
            n++;
        }
    }
    return n;
}

static void put_labels(struct jt_cli_pen *pen, char sign, const char *member, json_t *labels,
                       const json_t *others)
{
    for (void *iter = json_object_iter(labels); iter != NULL;
         iter = json_object_iter_next(labels, iter)) {
        const char *name = json_object_iter_key(iter);
        json_t *value = json_object_iter_value(iter);
        if (json_equal(value, json_object_get(others, name)) == 0) {
            put_value(pen, sign, member, name, value);
        }
    }
}

static void put_member(struct jt_cli_pen *pen, const json_t *row)
{
    const char *member = json_string_value(json_object_get(row, "member"));
    json_t *from = json_object_get(row, "from"), *to = json_object_get(row, "to");
    if (member == NULL) {
        return;
    }
    if (json_is_object(from) || json_is_object(to)) {
        put_labels(pen, '-', member, from, to);
        put_labels(pen, '+', member, to, from);
        return;
    }
    bool lists = json_is_array(from) || json_is_array(to);
    if (lists &&
        put_elements(pen, '-', member, from, to) + put_elements(pen, '+', member, to, from) > 0) {
        return; /* else it is the order that differs */
    }
    if (from != NULL && !json_is_null(from)) {
        put_value(pen, '-', member, NULL, from);
    }
    if (to != NULL && !json_is_null(to)) {
        put_value(pen, '+', member, NULL, to);
    }
}

static void put_names(struct jt_cli_pen *pen, const json_t *members)
{
    size_t index;
    const json_t *row;
    json_array_foreach(members, index, row)
    {
        jt_cli_pen_puts(pen, index == 0 ? ": " : ", ");
        jt_cli_pen_text(pen, jt_json_value(json_object_get(row, "member")));
    }
}

static void put_change(struct jt_cli_pen *pen, const json_t *change, bool in_full)
{
    const json_t *members = json_object_get(change, "members"), *row;
    char sign = sign_of(change);
    put_sign(pen, "", sign);
    jt_cli_pen_text(pen, jt_json_value(json_object_get(change, "kind")));
    jt_cli_pen_puts(pen, " ");
    jt_cli_pen_text(pen, jt_json_value(json_object_get(change, "name")));
    if (!in_full && sign == '~') {
        put_names(pen, members);
    }
    end_line(pen);
    size_t index;
    json_array_foreach(members, index, row)
    {
        if (in_full) {
            put_member(pen, row);
        }
    }
}

void jt_cli_changes_print(const struct jt_cli_run *run, const struct jt_cli_changes *changes,
                          bool in_full)
{
    struct jt_cli_pen pen = {.file = stdout, .ink = jt_cli_output_ink(run)};
    size_t index;
    const json_t *change;
    json_array_foreach(changes->list, index, change)
    {
        put_change(&pen, change, in_full);
    }
    if (changes->more > 0) {
        (void)printf("... and %" PRId64 " more\n", changes->more);
    }
}
