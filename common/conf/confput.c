/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/confput.h"

#include <stdlib.h>

#include "common/conf/confval.h"

#include "common/base/base.h"

void *jt_confput_member(const struct jt_conf_row *row, void *conf)
{
    return (char *)conf + row->offset;
}

/* JT_ERR_INVALID: not of the row's type or choices; JT_ERR_LIMIT: outside its bounds. */
static enum jt_err put_number(const struct jt_conf_row *row, const char *text, void *conf)
{
    int64_t number;
    if (!jt_confval_number(row->type, text, &number)) {
        return JT_ERR_INVALID;
    }
    if (number < row->min || number > row->max) {
        return JT_ERR_LIMIT;
    }
    *(int64_t *)jt_confput_member(row, conf) = number;
    return JT_OK;
}

enum jt_err jt_confput_string(const struct jt_conf_row *row, const char *text, char **out_string)
{
    if (row->choices != NULL && !jt_confval_choice(row->choices, text)) {
        return JT_ERR_INVALID;
    }
    return jt_buf_strdup(jt_span_str(text), out_string);
}

enum jt_err jt_confput_scalar(const struct jt_conf_row *row, const char *text, void *conf)
{
    switch (row->type) {
    case JT_CONF_STRING:
        return jt_confput_string(row, text, (char **)jt_confput_member(row, conf));
    case JT_CONF_BOOL:
        return jt_confval_bool(text, (bool *)jt_confput_member(row, conf)) ? JT_OK : JT_ERR_INVALID;
    default:
        return put_number(row, text, conf);
    }
}

enum jt_err jt_confput_list(const struct jt_conf_row *row, size_t n, void *conf)
{
    char **list = calloc(n + 1, sizeof *list);
    if (list == NULL) {
        return JT_ERR_NOMEM;
    }
    *(char ***)jt_confput_member(row, conf) = list;
    return JT_OK;
}

static size_t count_words(struct jt_span text)
{
    struct jt_span word;
    size_t n = 0;
    while (jt_span_word(&text, &word)) {
        n++;
    }
    return n;
}

/* "a, b" as it would stand between the brackets */
static enum jt_err default_list(const struct jt_conf_row *row, void *conf)
{
    struct jt_span rest = jt_span_str(row->fallback);
    JT_TRY(jt_confput_list(row, count_words(rest), conf));
    char **list = *(char ***)jt_confput_member(row, conf);
    struct jt_span word;
    for (size_t i = 0; jt_span_word(&rest, &word); i++) {
        word.n -= word.p[word.n - 1] == ',';
        JT_TRY(jt_buf_strdup(word, &list[i]));
    }
    return JT_OK;
}

enum jt_err jt_confput_default(const struct jt_conf_row *row, void *conf)
{
    if (row->type == JT_CONF_LIST) {
        return default_list(row, conf);
    }
    if (row->fallback == NULL) {
        return JT_OK;
    }
    enum jt_err err = jt_confput_scalar(row, row->fallback, conf);
    return err == JT_OK || err == JT_ERR_NOMEM ? err : JT_ERR_INTERNAL; /* the table is wrong */
}

void jt_confput_clear(const struct jt_conf_row *row, void *conf)
{
    switch (row->type) {
    case JT_CONF_STRING:
        *(char **)jt_confput_member(row, conf) = NULL;
        return;
    case JT_CONF_LIST:
        *(char ***)jt_confput_member(row, conf) = NULL;
        return;
    case JT_CONF_BOOL:
        *(bool *)jt_confput_member(row, conf) = false;
        return;
    case JT_CONF_SECTIONS:
        *(struct jt_conf_sections *)jt_confput_member(row, conf) =
            (struct jt_conf_sections){NULL, 0};
        return;
    default:
        *(int64_t *)jt_confput_member(row, conf) = 0;
    }
}

void jt_confput_release(const struct jt_conf_row *row, void *conf)
{
    if (row->type == JT_CONF_STRING) {
        free(*(char **)jt_confput_member(row, conf));
        jt_confput_clear(row, conf);
    } else if (row->type == JT_CONF_LIST) {
        char **list = *(char ***)jt_confput_member(row, conf);
        for (char **item = list; item != NULL && *item != NULL; item++) {
            free(*item);
        }
        free(list);
        jt_confput_clear(row, conf);
    }
}
