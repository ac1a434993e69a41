/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_body.h"

#include <stdio.h>

#include "issuer/cli/cli_nearest.h"

#include "common/base/base.h"

#define LABEL_LIMIT ((size_t)64 * 1024)          /* the API has its own, far lower */
#define SECONDS_MAX (INT64_C(100) * 366 * 86400) /* a century: more is a slip of the hand */

static enum jt_err make_text(const char *what, const char *text, json_t **out_value,
                             struct jt_diag *diag)
{
    if (!jt_span_utf8(jt_span_str(text))) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "%s is not valid UTF-8; type it again", what);
    }
    *out_value = json_string_nocheck(text);
    return *out_value == NULL ? JT_ERR_NOMEM : JT_OK;
}

static int64_t unit_seconds(const char *unit)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
    for (size_t i = 0; i < JT_COUNT(units); i++) {
        if (strcmp(unit, units[i].name) == 0) {
            return units[i].seconds;
        }
    }
    return 0;
}

static enum jt_err make_seconds(const char *what, const char *text, json_t **out_value,
                                struct jt_diag *diag)
{
    int64_t number = 0;
    const char *unit = text;
    for (; *unit >= '0' && *unit <= '9' && number <= SECONDS_MAX; unit++) {
        number = number * 10 + (*unit - '0');
    }
    int64_t seconds = unit_seconds(unit);
    if (unit == text || seconds == 0 || number > SECONDS_MAX / seconds) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "%s is not a time; write it as 90s, 15m, 24h or 30d", what);
    }
    *out_value = json_integer(number * seconds);
    return *out_value == NULL ? JT_ERR_NOMEM : JT_OK;
}

static enum jt_err make_object(const char *what, const char *text, json_t **out_value,
                               struct jt_diag *diag)
{
    enum jt_err err = jt_json_load_object(jt_span_str(text), JT_JSON_DEPTH, out_value);
    if (err != JT_OK && err != JT_ERR_NOMEM) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "%s is not one JSON object; write it as '{\"name\": \"value\"}'", what);
    }
    return err;
}

static enum jt_err make_value(const struct jt_cli_given *given, json_t **out_value,
                              struct jt_diag *diag)
{
    char what[64];
    (void)snprintf(what, sizeof what, "--%s",
                   given->option->name); /* names of the table are short */
    switch (given->option->type) {
    case JT_CLI_TRUE:
        *out_value = json_true();
        return JT_OK;
    case JT_CLI_FALSE:
        *out_value = json_false();
        return JT_OK;
    case JT_CLI_SECONDS:
        return make_seconds(what, given->value, out_value, diag);
    case JT_CLI_JSON:
        return make_object(what, given->value, out_value, diag);
    case JT_CLI_TEXT:
    case JT_CLI_LIST:
    case JT_CLI_LABEL:
    case JT_CLI_RESET:
        break;
    }
    return make_text(what, given->value, out_value, diag);
}

/* Takes `value`. */
static enum jt_err set_member(json_t *body, const char *member, json_t *value)
{
    return json_object_set_new(body, member, value) == 0 ? JT_OK : JT_ERR_NOMEM;
}

/* Takes `value`. */
static enum jt_err append_member(json_t *body, const char *member, json_t *value)
{
    json_t *list = json_object_get(body, member);
    if (list == NULL) {
        list = json_array();
        if (json_object_set_new(body, member, list) != 0) {
            json_decref(value);
            return JT_ERR_NOMEM;
        }
    }
    return json_array_append_new(list, value) == 0 ? JT_OK : JT_ERR_NOMEM;
}

/* The option called `name` whose member --reset may empty, or NULL and the nearest one. */
static const struct jt_cli_option *find_reset(const struct jt_cli_option *options, const char *name,
                                              struct jt_cli_nearest *out_search)
{
    *out_search = jt_cli_nearest_start(jt_span_str(name));
    for (const struct jt_cli_option *o = options; o->name != NULL; o++) {
        if (o->member == NULL || o->type == JT_CLI_FALSE) {
            continue;
        }
        if (strcmp(o->name, name) == 0) {
            return o;
        }
        jt_cli_nearest_offer(out_search, jt_span_str(o->name));
    }
    return NULL;
}

static enum jt_err unknown_reset(const char *path, const char *name, struct jt_span near,
                                 struct jt_diag *diag)
{
    if (near.n == 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "--reset %s names no option of %s; see jeton %s --help", name, path,
                            path);
    }
    return jt_diag_fail(diag, JT_ERR_USAGE,
                        "--reset %s names no option of %s; did you mean --reset %.*s?", name, path,
                        (int)near.n, (const char *)near.p);
}

/* RFC 7396 sec. 1: null takes a member away, which the API understands as its default. */
static enum jt_err reset_member(json_t *body, const struct jt_cli_run *run, const char *name,
                                struct jt_diag *diag)
{
    struct jt_cli_nearest search;
    const struct jt_cli_option *option = find_reset(run->command->options, name, &search);
    if (option == NULL) {
        return unknown_reset(run->command->path, name, search.name, diag);
    }
    const json_t *given = json_object_get(body, option->member);
    if (given != NULL && !json_is_null(given)) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "--%s and --reset %s contradict; give one of them",
                            name, name);
    }
    return set_member(body, option->member, json_null());
}

enum jt_err jt_cli_body_text(json_t *body, const char *name, const char *what, const char *text,
                             struct jt_diag *diag)
{
    json_t *value = NULL;
    JT_TRY(make_text(what, text, &value, diag));
    return set_member(body, name, value);
}

enum jt_err jt_cli_body_append(json_t *body, const char *name, const char *what, const char *text,
                               struct jt_diag *diag)
{
    json_t *value = NULL;
    JT_TRY(make_text(what, text, &value, diag));
    return append_member(body, name, value);
}

/* The object member `member` of `body`, made when it is not there; NULL when memory is out. */
static json_t *object_member(json_t *body, const char *member)
{
    json_t *object = json_object_get(body, member);
    if (object != NULL) {
        return object;
    }
    object = json_object();
    return json_object_set_new(body, member, object) == 0 ? object : NULL;
}

/* Takes `value`. */
static enum jt_err set_label(json_t *body, const char *name, json_t *value, struct jt_diag *diag)
{
    json_t *labels = object_member(body, "labels");
    enum jt_err err = labels == NULL ? JT_ERR_NOMEM : JT_OK;
    if (err == JT_OK && (name[0] == 0 || !jt_span_utf8(jt_span_str(name)))) {
        err = jt_diag_fail(diag, JT_ERR_USAGE, "a label needs a name; write NAME=VALUE");
    }
    if (err == JT_OK && json_object_get(labels, name) != NULL) {
        err = jt_diag_fail(diag, JT_ERR_USAGE, "the label %s is given twice; give it once", name);
    }
    if (err != JT_OK) {
        json_decref(value);
        return err;
    }
    return set_member(labels, name, value);
}

static enum jt_err put_label(json_t *body, const char *text, struct jt_diag *diag)
{
    JT_AUTO(buf) name = JT_BUF_INIT(LABEL_LIMIT);
    json_t *value = NULL;
    size_t n = strcspn(text, "=");
    if (text[n] == 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "--label needs a name and a value; write --label NAME=VALUE");
    }
    JT_TRY(jt_buf_put(&name, jt_span_of(text, n)));
    JT_TRY(make_text("a label's value", text + n + 1, &value, diag));
    return set_label(body, jt_buf_str(&name), value, diag);
}

/* RFC 7396 sec. 2: null takes a member of the object away. */
static enum jt_err put_unlabels(json_t *body, const struct jt_cli_run *run, struct jt_diag *diag)
{
    const char *name;
    for (size_t at = 0; (name = jt_cli_options_next(run, "unlabel", &at)) != NULL;) {
        JT_TRY(set_label(body, name, json_null(), diag));
    }
    return JT_OK;
}

static enum jt_err put_given(json_t *body, const struct jt_cli_given *given, struct jt_diag *diag)
{
    json_t *value = NULL;
    if (given->option->type == JT_CLI_LABEL) {
        return put_label(body, given->value, diag);
    }
    JT_TRY(make_value(given, &value, diag));
    return given->option->type == JT_CLI_LIST ? append_member(body, given->option->member, value)
                                              : set_member(body, given->option->member, value);
}

enum jt_err jt_cli_body_make(const struct jt_cli_run *run, json_t **out_body, struct jt_diag *diag)
{
    json_t *body = json_object();
    enum jt_err err = body == NULL ? JT_ERR_NOMEM : JT_OK;
    for (size_t i = 0; err == JT_OK && i < run->n_given; i++) {
        if (run->given[i].option->member != NULL) {
            err = put_given(body, &run->given[i], diag);
        }
    }
    err = err == JT_OK ? put_unlabels(body, run, diag) : err;
    size_t at = 0;
    const char *name = NULL;
    while (err == JT_OK && (name = jt_cli_options_next(run, "reset", &at)) != NULL) {
        err = reset_member(body, run, name, diag);
    }
    if (err != JT_OK) {
        json_decref(body);
        return err;
    }
    *out_body = body;
    return JT_OK;
}
