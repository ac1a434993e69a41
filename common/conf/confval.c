/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/confval.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/base.h"

static const struct {
    const char *name, *example;
} types[] = {
    [JT_CONF_STRING] = {"text", "write plain text"},
    [JT_CONF_INT] = {"whole number", "write digits, e.g. 8"},
    [JT_CONF_DURATION] = {"duration", "write a number with s, m, h or d, e.g. 15m"},
    [JT_CONF_SIZE] = {"size", "write bytes, or a number with KiB, MiB or GiB, e.g. 64KiB"},
    [JT_CONF_BOOL] = {"boolean", "write true or false"},
    [JT_CONF_LIST] = {"list", "write [a, b]"},
    [JT_CONF_SECTIONS] = {"list of sections",
                          "write - KEY: VALUE, the other keys indented below it"},
};

/* Of each type the largest first. */
static const struct unit {
    enum jt_conf_type type;
    const char *suffix;
    int64_t factor;
} units[] = {
    {JT_CONF_INT, "", 1},           {JT_CONF_DURATION, "d", 86400}, {JT_CONF_DURATION, "h", 3600},
    {JT_CONF_DURATION, "m", 60},    {JT_CONF_DURATION, "s", 1},     {JT_CONF_DURATION, "", 1},
    {JT_CONF_SIZE, "GiB", 1 << 30}, {JT_CONF_SIZE, "MiB", 1 << 20}, {JT_CONF_SIZE, "KiB", 1 << 10},
    {JT_CONF_SIZE, "", 1},
};

const char *jt_confval_type(enum jt_conf_type type)
{
    return types[type].name;
}

const char *jt_confval_example(enum jt_conf_type type)
{
    return types[type].example;
}

static bool scale(int64_t number, int64_t factor, int64_t *out_number)
{
    if (number > INT64_MAX / factor || number < INT64_MIN / factor) {
        return false;
    }
    *out_number = number * factor;
    return true;
}

bool jt_confval_number(enum jt_conf_type type, const char *text, int64_t *out_number)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] < '0' || digits[0] > '9') { /* strtoll takes spaces and a plus */
        return false;
    }
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0) {
        return false;
    }
    for (size_t i = 0; i < JT_COUNT(units); i++) {
        if (units[i].type == type && strcmp(units[i].suffix, end) == 0) {
            return scale(number, units[i].factor, out_number);
        }
    }
    return false;
}

bool jt_confval_bool(const char *text, bool *out_value)
{
    *out_value = strcmp(text, "true") == 0;
    return *out_value || strcmp(text, "false") == 0;
}

bool jt_confval_choice(const char *choices, const char *word)
{
    struct jt_span rest = jt_span_str(choices);
    struct jt_span choice;
    while (jt_span_word(&rest, &choice)) {
        if (jt_span_is(choice, word)) {
            return true;
        }
    }
    return false;
}

void jt_confval_show(enum jt_conf_type type, int64_t number, char out[JT_CONFVAL_TEXT_MAX])
{
    const struct unit *unit = NULL;
    for (size_t i = 0; i < JT_COUNT(units); i++) {
        bool divides = number % units[i].factor == 0 && (number != 0 || units[i].factor == 1);
        if (unit == NULL && units[i].type == type && divides) {
            unit = &units[i];
        }
    }
    int64_t factor = unit == NULL ? 1 : unit->factor;
    (void)snprintf(out, JT_CONFVAL_TEXT_MAX, "%" PRId64 "%s", number / factor,
                   unit == NULL ? "" : unit->suffix); /* 20 digits and a suffix fit */
}
