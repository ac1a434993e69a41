/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/base/base.h"

#define TEXT_MAX 256

struct event_row {
    const char *name;
    enum jt_log_level level;
};

static const struct event_row events[] = {
#define JT_EVENT(id, name, level) {name, JT_LOG_##level},
#include "common/log/event.def"
#undef JT_EVENT
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* A line being made. Room for a closing quote and the line end is always kept, so that a line that
 * is too long ends between two whole characters, quoted and ended like any other. */
struct line {
    char text[JT_LOG_LINE_MAX];
    size_t n;
    bool full;
};

#define LINE_KEPT 2

static void put(struct line *line, const char *unit, size_t n)
{
    if (line->full || n > sizeof line->text - LINE_KEPT - line->n) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->n, unit, n);
    line->n += n;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static bool is_plain(uint8_t c)
{
    return c > 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '=';
}

static bool all_plain(struct jt_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_plain(text.p[i])) {
            return false;
        }
    }
    return text.n > 0;
}

static void put_escaped(struct line *line, uint8_t c)
{
    char unit[8];
    if (is_plain(c) || c == ' ' || c == '=') {
        unit[0] = (char)c;
        put(line, unit, 1);
    } else if (c == '"' || c == '\\') {
        unit[0] = '\\';
        unit[1] = (char)c;
        put(line, unit, 2);
    } else {
        (void)snprintf(unit, sizeof unit, "\\x%02X", c); /* four characters */
        put(line, unit, 4);
    }
}

/* Cut between two characters when the line is full; the closing quote always has its room. */
static void put_value(struct line *line, struct jt_span text)
{
    bool quoted = !all_plain(text);
    if (quoted) {
        put_text(line, "\"");
    }
    for (size_t i = 0; i < text.n; i++) {
        put_escaped(line, text.p[i]);
    }
    if (quoted) {
        line->text[line->n++] = '"';
    }
}

/* A field whose key, '=' and first character no longer fit is left out whole. */
static void put_field(struct line *line, const struct jt_log_field *field)
{
    if (strlen(field->key) + sizeof " =\"\\xNN" > sizeof line->text - LINE_KEPT - line->n) {
        line->full = true;
        return;
    }
    put_text(line, " ");
    put_text(line, field->key);
    put_text(line, "=");
    if (field->type == JT_LOG_NUMBER) {
        char digits[24];
        (void)snprintf(digits, sizeof digits, "%" PRId64, field->number); /* 20 at most */
        put_text(line, digits);
        return;
    }
    struct jt_span text = field->text;
    text.n = text.n < field->max ? text.n : field->max;
    put_value(line, text);
}

static void put_time(struct line *line, int64_t wall_s)
{
    time_t t = (time_t)wall_s;
    struct tm utc;
    if (gmtime_r(&t, &utc) == NULL) { /* past any calendar: shown as 1970 */
        utc = (struct tm){.tm_year = 70, .tm_mday = 1};
    }
    char text[64];
    /* RFC 3339 sec. 5.6: date-time in UTC with whole seconds */
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ ", &utc); /* 21 bytes for our age */
    put_text(line, text);
}

struct jt_log_field jt_log_own(const char *key, struct jt_span text)
{
    return (struct jt_log_field){.key = key, .text = text, .max = TEXT_MAX};
}

struct jt_log_field jt_log_str(const char *key, const char *text)
{
    return jt_log_own(key, jt_span_str(text));
}

struct jt_log_field jt_log_peer(const char *key, struct jt_span text)
{
    return (struct jt_log_field){.key = key, .text = text, .max = JT_LOG_PEER_MAX};
}

struct jt_log_field jt_log_int(const char *key, int64_t number)
{
    return (struct jt_log_field){.key = key, .type = JT_LOG_NUMBER, .number = number};
}

struct jt_log_field jt_log_err(enum jt_err err)
{
    return jt_log_str("err", jt_err_name(err));
}

void jt_log_write(const struct jt_log *log, enum jt_log_event event,
                  const struct jt_log_field *fields, size_t n_fields)
{
    const struct event_row *row = &events[event];
    if (log == NULL || log->fd < 0 || row->level > log->level) {
        return;
    }
    struct line line = {.n = 0};
    put_time(&line, jt_clock_wall_s(log->clock));
    put_text(&line, level_names[row->level]);
    put_text(&line, " ev=");
    put_text(&line, row->name);
    for (size_t i = 0; i < n_fields && !line.full; i++) {
        put_field(&line, &fields[i]);
    }
    line.text[line.n++] = '\n'; /* room is kept */
    ssize_t written = write(log->fd, line.text, line.n);
    (void)written; /* a line that cannot be written is lost: the daemon goes on */
}

bool jt_log_parse_level(struct jt_span text, enum jt_log_level *out_level)
{
    for (size_t i = 0; i < JT_COUNT(level_names); i++) {
        if (jt_span_is(text, level_names[i])) {
            *out_level = (enum jt_log_level)i;
            return true;
        }
    }
    return false;
}
