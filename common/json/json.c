/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json.h"

#include "common/base/word.h"
#include "common/json/json_read.h"

#include "common/base/base.h"

enum jt_err jt_json_load(struct jt_span text, size_t max_depth, json_t **out_json)
{
    json_t *json = NULL;
    JT_TRY(jt_json_read(&text, max_depth, &json));
    if (text.n > 0) {
        json_decref(json);
        return JT_ERR_JSON;
    }
    *out_json = json;
    return JT_OK;
}

enum jt_err jt_json_next(struct jt_span *rest, size_t max_depth, json_t **out_json)
{
    return jt_json_read(rest, max_depth, out_json);
}

enum jt_err jt_json_load_object(struct jt_span text, size_t max_depth, json_t **out_json)
{
    json_t *json = NULL;
    JT_TRY(jt_json_load(text, max_depth, &json));
    if (!json_is_object(json)) {
        json_decref(json);
        return JT_ERR_JSON;
    }
    *out_json = json;
    return JT_OK;
}

struct jt_span jt_json_value(const json_t *string)
{
    if (!json_is_string(string)) {
        return JT_SPAN_NONE;
    }
    return jt_span_of(json_string_value(string), json_string_length(string));
}

enum jt_err jt_json_string(const json_t *object, const char *name, struct jt_span *out_text)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL) {
        return JT_ERR_NOT_FOUND;
    }
    if (!json_is_string(value)) {
        return JT_ERR_JSON;
    }
    *out_text = jt_json_value(value);
    return JT_OK;
}

static enum jt_err put_escaped(struct jt_buf *out, uint8_t c)
{
    switch (c) {
    case '"':
        return jt_buf_puts(out, "\\\"");
    case '\\':
        return jt_buf_puts(out, "\\\\");
    case '\n':
        return jt_buf_puts(out, "\\n");
    case '\t':
        return jt_buf_puts(out, "\\t");
    case '\r':
        return jt_buf_puts(out, "\\r");
    default:
        return jt_buf_printf(out, "\\u%04x", c);
    }
}

/* How many bytes of `text` come before the first one that is escaped. */
static size_t plain_run(struct jt_span text)
{
    size_t i = 0;
    for (; text.n - i >= JT_WORD_SIZE; i += JT_WORD_SIZE) {
        uint64_t word = jt_word_load(text.p + i);
        if (jt_word_below(word, 0x20) || jt_word_has(word, '"') || jt_word_has(word, '\\')) {
            break;
        }
    }
    while (i < text.n && text.p[i] >= 0x20 && text.p[i] != '"' && text.p[i] != '\\') {
        i++;
    }
    return i;
}

enum jt_err jt_json_put_string(struct jt_buf *out, struct jt_span text)
{
    JT_TRY(jt_buf_putc(out, '"'));
    while (text.n > 0) {
        size_t n = plain_run(text);
        JT_TRY(jt_buf_put(out, jt_span_of(text.p, n)));
        text = jt_span_of(text.p + n, text.n - n);
        if (text.n > 0) {
            JT_TRY(put_escaped(out, text.p[0]));
            text = jt_span_of(text.p + 1, text.n - 1);
        }
    }
    return jt_buf_putc(out, '"');
}

static int dump_chunk(const char *bytes, size_t n, void *ctx)
{
    enum jt_err *err = ((void **)ctx)[1];
    if (*err == JT_OK) {
        *err = jt_buf_put(((void **)ctx)[0], jt_span_of(bytes, n));
    }
    return *err == JT_OK ? 0 : -1;
}

enum jt_err jt_json_dump(const json_t *json, struct jt_buf *out)
{
    enum jt_err err = JT_OK;
    void *ctx[2] = {out, &err};
    int failed = json_dump_callback(json, dump_chunk, ctx, JSON_COMPACT | JSON_ENCODE_ANY);
    /* jansson 2.14 goes on when a member's name cannot be put, and calls the rest a success */
    if (err != JT_OK) {
        return err;
    }
    return failed != 0 ? JT_ERR_NOMEM : JT_OK;
}
