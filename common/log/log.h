/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemons' log: one line per event to a descriptor, `ts level ev=token.issue client=...
 * err=...`. Event names are rows of event.def. Values that come from peers are escaped and cut;
 * tokens, secrets and bodies have no type that can be passed here.
 * Ownership: none.
 * Thread rule: any thread; a line is one write(2).
 */
#ifndef JT_LOG_LOG_H
#define JT_LOG_LOG_H

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/span.h"

enum jt_log_level { JT_LOG_ERROR, JT_LOG_WARN, JT_LOG_INFO, JT_LOG_DEBUG };

enum jt_log_event {
#define JT_EVENT(id, name, level) JT_EV_##id,
#include "common/log/event.def"
#undef JT_EVENT
    JT_EV_COUNT_
};

#define JT_LOG_PEER_MAX 64 /* bytes of peer text that are kept */
#define JT_LOG_LINE_MAX 1024

struct jt_log {
    int fd;                          /* -1: nothing is written */
    _Atomic enum jt_log_level level; /* events above it are not written; may change while in use */
    const struct jt_clock *clock;
};

/* One `key=value` of a line. Made only by the helpers below, so that every value is escaped. */
struct jt_log_field {
    const char *key;
    enum { JT_LOG_TEXT, JT_LOG_NUMBER } type;
    struct jt_span text;
    size_t max;
    int64_t number;
};

/* Text of our own (cut at 256 bytes; jt_log_own for a span), text of a peer's (cut at JT_LOG_PEER_MAX), a number, an
 * error. */
struct jt_log_field jt_log_str(const char *key, const char *text);
struct jt_log_field jt_log_own(const char *key, struct jt_span text);
struct jt_log_field jt_log_peer(const char *key, struct jt_span text);
struct jt_log_field jt_log_int(const char *key, int64_t number);
struct jt_log_field jt_log_err(enum jt_err err);

/* Writes the event with its fields; a value with a space, quote, backslash, '=', control or
 * non-ASCII byte is quoted and escaped (\xNN), so that a line is always one line of printable
 * ASCII. Never fails: a line that cannot be written is lost. `log` may be NULL. */
void jt_log_write(const struct jt_log *log, enum jt_log_event event,
                  const struct jt_log_field *fields, size_t n_fields);

/* jt_log(log, JT_EV_X, jt_log_str("a", b), jt_log_int("n", 1)) */
#define jt_log(log, event, ...)                                              \
    jt_log_write((log), (event), (const struct jt_log_field[]){__VA_ARGS__}, \
                 sizeof((const struct jt_log_field[]){__VA_ARGS__}) / sizeof(struct jt_log_field))

/* "error", "warn", "info", "debug" to a level; false for any other text. */
bool jt_log_parse_level(struct jt_span text, enum jt_log_level *out_level);

#endif
