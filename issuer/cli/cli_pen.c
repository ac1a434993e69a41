/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_pen.h"

#include <inttypes.h>
#include <time.h>

#include "common/base/base.h"

static void put(struct jt_cli_pen *pen, struct jt_span bytes, size_t width)
{
    if (pen->file != NULL && bytes.n > 0) {
        (void)fwrite(bytes.p, 1, bytes.n, pen->file); /* main asks ferror() at the end */
    }
    pen->width += width;
}

struct jt_cli_pen jt_cli_pen_on(FILE *file)
{
    return (struct jt_cli_pen){.file = file};
}

void jt_cli_pen_style(struct jt_cli_pen *pen, enum jt_cli_style style)
{
    /* ECMA-48 sec. 8.3.117: select graphic rendition */
    static const char *const codes[] = {"\x1b[0m", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
    if (pen->ink == JT_CLI_INK_COLOUR) {
        put(pen, jt_span_str(codes[style]), 0);
    }
}

static void put_escape(struct jt_cli_pen *pen, bool byte, unsigned number)
{
    char text[16];
    int n = byte ? snprintf(text, sizeof text, "\\x%02x", number)
                 : snprintf(text, sizeof text, "\\u%04x", number);
    put(pen, jt_span_of(text, (size_t)n), (size_t)n);
}

/* The length of the UTF-8 sequence at the start of `rest` and its character; 0 when broken. */
static size_t sequence(struct jt_span rest, uint32_t *out_char)
{
    static const uint8_t lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint8_t lead = rest.p[0];
    size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (n > rest.n || !jt_span_utf8(jt_span_of(rest.p, n))) {
        return 0;
    }
    uint32_t c = lead & lead_bits[n];
    for (size_t i = 1; i < n; i++) {
        c = c << 6 | (rest.p[i] & 0x3Fu);
    }
    *out_char = c;
    return n;
}

/* Characters that move the cursor, recolour, or reorder what is read. */
static bool is_safe(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
        return false;
    }
    return !(c == 0x061C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
             (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF || (c >= 0xE0000 && c <= 0xE0FFF));
}

void jt_cli_pen_text(struct jt_cli_pen *pen, struct jt_span text)
{
    while (text.n > 0) {
        uint32_t c = 0;
        size_t n = sequence(text, &c);
        if (n == 0 || c < 0x80) {
            n = 1;
            c = text.p[0];
        }
        if (is_safe(c) && (n > 1 || c < 0x80)) {
            put(pen, jt_span_of(text.p, n), 1);
        } else {
            put_escape(pen, n == 1, c);
        }
        text.p += n;
        text.n -= n;
    }
}

void jt_cli_pen_puts(struct jt_cli_pen *pen, const char *text)
{
    jt_cli_pen_text(pen, jt_span_str(text));
}

void jt_cli_pen_pad(struct jt_cli_pen *pen, size_t width)
{
    while (pen->width < width) {
        put(pen, JT_SPAN(" "), 1);
    }
}

static void put_number(struct jt_cli_pen *pen, int64_t number, const char *unit)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%" PRId64 "%s", number, unit);
    put(pen, jt_span_of(text, (size_t)n), (size_t)n);
}

void jt_cli_pen_time(struct jt_cli_pen *pen, int64_t at_s)
{
    time_t at = (time_t)at_s;
    struct tm utc;
    char text[64];
    if (gmtime_r(&at, &utc) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        put_number(pen, at_s, ""); /* a year past what the C library knows */
        return;
    }
    jt_cli_pen_puts(pen, text);
}

void jt_cli_pen_duration(struct jt_cli_pen *pen, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}};
    for (size_t i = 0; i < JT_COUNT(units); i++) {
        if (seconds != 0 && seconds % units[i].seconds == 0) {
            put_number(pen, seconds / units[i].seconds, units[i].name);
            return;
        }
    }
    put_number(pen, seconds, "s");
}

static int put_chunk(const char *bytes, size_t n, void *ctx)
{
    jt_cli_pen_text(ctx, jt_span_of(bytes, n));
    return 0;
}

/* Strings as they are, null and what is absent as "-", the rest as JSON. */
static void put_plain(struct jt_cli_pen *pen, const json_t *value)
{
    if (value == NULL || json_is_null(value)) {
        jt_cli_pen_puts(pen, "-");
    } else if (json_is_string(value)) {
        jt_cli_pen_text(pen, jt_json_value(value));
    } else if (json_is_boolean(value)) {
        jt_cli_pen_puts(pen, json_is_true(value) ? "yes" : "no");
    } else {
        /* put_chunk never fails; out of memory leaves the value out, and this is for the eye */
        (void)json_dump_callback(value, put_chunk, pen, JSON_COMPACT | JSON_ENCODE_ANY);
    }
}

void jt_cli_pen_status(struct jt_cli_pen *pen, struct jt_span word)
{
    static const struct {
        const char *word;
        enum jt_cli_style style;
    } meanings[] = {
        {"ok", JT_CLI_STYLE_GOOD},        {"active", JT_CLI_STYLE_GOOD},
        {"approved", JT_CLI_STYLE_GOOD},  {"granted", JT_CLI_STYLE_GOOD},
        {"warn", JT_CLI_STYLE_WATCH},     {"pending", JT_CLI_STYLE_WATCH},
        {"retiring", JT_CLI_STYLE_WATCH}, {"fail", JT_CLI_STYLE_BAD},
        {"failed", JT_CLI_STYLE_BAD},     {"revoked", JT_CLI_STYLE_BAD},
        {"refused", JT_CLI_STYLE_BAD},    {"dropped", JT_CLI_STYLE_BAD},
        {"disabled", JT_CLI_STYLE_BAD},
    };
    enum jt_cli_style style = JT_CLI_STYLE_NONE;
    for (size_t i = 0; i < JT_COUNT(meanings); i++) {
        style = jt_span_is(word, meanings[i].word) ? meanings[i].style : style;
    }
    if (style == JT_CLI_STYLE_NONE) {
        jt_cli_pen_text(pen, word);
        return;
    }
    jt_cli_pen_style(pen, style);
    jt_cli_pen_text(pen, word);
    jt_cli_pen_style(pen, JT_CLI_STYLE_NONE);
}

static void put_labels(struct jt_cli_pen *pen, json_t *labels)
{
    const char *name;
    json_t *value;
    const char *before = "";
    json_object_foreach(labels, name, value)
    {
        jt_cli_pen_puts(pen, before);
        jt_cli_pen_puts(pen, name);
        jt_cli_pen_puts(pen, "=");
        put_plain(pen, value);
        before = ", ";
    }
    jt_cli_pen_puts(pen, before[0] == 0 ? "-" : "");
}

static void put_secret(struct jt_cli_pen *pen, const json_t *secret)
{
    const json_t *expires = json_object_get(secret, "expires_s");
    put_plain(pen, json_object_get(secret, "id"));
    jt_cli_pen_puts(pen, "  ");
    put_plain(pen, json_object_get(secret, "name"));
    jt_cli_pen_puts(pen, json_is_integer(expires) ? "  until " : "  without end");
    if (json_is_integer(expires)) {
        jt_cli_pen_time(pen, json_integer_value(expires));
    }
}

static void put_subscription(struct jt_cli_pen *pen, const json_t *subscription)
{
    put_plain(pen, json_object_get(subscription, "product"));
    jt_cli_pen_puts(pen, " (");
    jt_cli_pen_status(pen, jt_json_value(json_object_get(subscription, "status")));
    jt_cli_pen_puts(pen, ")");
}

static void put_source(struct jt_cli_pen *pen, const json_t *source)
{
    struct jt_span role = jt_json_value(json_object_get(source, "role"));
    struct jt_span product = jt_json_value(json_object_get(source, "product"));
    struct jt_span status = jt_json_value(json_object_get(source, "status"));
    if (role.n == 0 && product.n == 0) {
        jt_cli_pen_puts(pen, "direct grant");
        return;
    }
    jt_cli_pen_puts(pen, role.n > 0 ? "role " : "product ");
    jt_cli_pen_text(pen, role.n > 0 ? role : product);
    if (status.n > 0) {
        jt_cli_pen_puts(pen, " (");
        jt_cli_pen_status(pen, status);
        jt_cli_pen_puts(pen, ")");
    }
}

static void put_object(struct jt_cli_pen *pen, json_t *object, enum jt_cli_form form)
{
    switch (form) {
    case JT_CLI_FORM_SECRET:
        put_secret(pen, object);
        return;
    case JT_CLI_FORM_SUBSCRIPTION:
        put_subscription(pen, object);
        return;
    case JT_CLI_FORM_LABELS:
        put_labels(pen, object);
        return;
    case JT_CLI_FORM_SOURCE:
        put_source(pen, object);
        return;
    default:
        put_plain(pen, object);
    }
}

static void put_scalar(struct jt_cli_pen *pen, const json_t *value, enum jt_cli_form form)
{
    if (json_is_integer(value) && form == JT_CLI_FORM_TIME) {
        jt_cli_pen_time(pen, json_integer_value(value));
    } else if (json_is_integer(value) && form == JT_CLI_FORM_DURATION) {
        jt_cli_pen_duration(pen, json_integer_value(value));
    } else if (json_is_string(value) && form == JT_CLI_FORM_STATUS) {
        jt_cli_pen_status(pen, jt_json_value(value));
    } else {
        put_plain(pen, value);
    }
}

static void put_item(struct jt_cli_pen *pen, json_t *value, enum jt_cli_form form)
{
    if (json_is_object(value)) {
        put_object(pen, value, form);
    } else {
        put_scalar(pen, value, form);
    }
}

void jt_cli_pen_value(struct jt_cli_pen *pen, json_t *value, enum jt_cli_form form)
{
    if (!json_is_array(value)) {
        put_item(pen, value, form);
        return;
    }
    size_t index;
    json_t *item;
    json_array_foreach(value, index, item)
    {
        jt_cli_pen_puts(pen, index > 0 ? ", " : "");
        put_item(pen, item, form);
    }
    jt_cli_pen_puts(pen, json_array_size(value) == 0 ? "-" : "");
}
