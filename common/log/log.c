/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/word.h"

#include "common/base/base.h"

#define TEXT_MAX 256
#define LAST_S   INT64_C(253402300799) /* of the year 9999 */

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

static bool word_plain(uint64_t word)
{
    return !jt_word_high(word) && !jt_word_below(word, 0x21) && !jt_word_has(word, 0x7F) &&
           !jt_word_has(word, '"') && !jt_word_has(word, '\\') && !jt_word_has(word, '=');
}

static bool all_plain(struct jt_span text)
{
    size_t i = 0;
    while (text.n - i >= JT_WORD_SIZE && word_plain(jt_word_load(text.p + i))) {
        i += JT_WORD_SIZE;
    }
    for (; i < text.n; i++) {
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

/* Of one byte a character: cut where the line is full. */
static void put_plain(struct line *line, struct jt_span text)
{
    size_t room = sizeof line->text - LINE_KEPT - line->n;
    size_t n = text.n < room ? text.n : room;
    put(line, (const char *)text.p, n);
    line->full = line->full || n < text.n;
}

/* Cut between two characters when the line is full; the closing quote always has its room. */
static void put_value(struct line *line, struct jt_span text)
{
    if (all_plain(text)) {
        put_plain(line, text);
        return;
    }
    put_text(line, "\"");
    for (size_t i = 0; i < text.n; i++) {
        put_escaped(line, text.p[i]);
    }
    line->text[line->n++] = '"';
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

/* `digits` of them, before `end`. */
static void put_digits(char *end, int64_t value, int digits)
{
    for (; digits > 0; digits--, value /= 10) {
        *--end = (char)('0' + value % 10);
    }
}

/* The day `days` after 1970-01-01 in years that begin in March, so that a leap day ends its year, as
 * YYYY-MM-DD. */
static void put_date(char out[10], int64_t days)
{
    days += 719468;              /* since 0000-03-01 */
    int64_t era = days / 146097; /* of 400 years, all of the same length */
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0: March */
    int64_t day = of_year - (153 * month + 2) / 5 + 1;
    put_digits(out + 4, era * 400 + year + (month >= 10), 4);
    put_digits(out + 7, month < 10 ? month + 3 : month - 9, 2);
    put_digits(out + 10, day, 2);
}

/* By hand: gmtime_r takes a lock that all threads share, and strftime costs a microsecond. */
static void put_time(struct line *line, int64_t wall_s)
{
    char text[] = "YYYY-MM-DDThh:mm:ssZ "; /* RFC 3339 sec. 5.6: date-time in UTC */
    if (wall_s < 0 || wall_s > LAST_S) {   /* no time of ours: shown as 1970 */
        wall_s = 0;
    }
    int64_t of_day = wall_s % 86400;
    put_date(text, wall_s / 86400);
    put_digits(text + 13, of_day / 3600, 2);
    put_digits(text + 16, of_day / 60 % 60, 2);
    put_digits(text + 19, of_day % 60, 2);
    put(line, text, sizeof text - 1);
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
    JT_UNCLEARED struct line line;
    line.n = 0;
    line.full = false;
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
