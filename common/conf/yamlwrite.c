/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/yamlwrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "common/base/base.h"

/* An object or array that is open, and where the walk stands in it. */
struct frame {
    json_t *value;
    void *member; /* of an object: the iterator */
    size_t index; /* of an array */
};

struct writer {
    yaml_emitter_t emitter;
    struct jt_buf *out;
    enum jt_err err; /* of `out` */
    struct frame open[JT_YAMLWRITE_DEPTH];
    size_t depth;
};

static int on_bytes(void *ctx, unsigned char *bytes, size_t n)
{
    struct writer *w = ctx;
    w->err = jt_buf_put(w->out, jt_span_of(bytes, n));
    return w->err == JT_OK;
}

/* Emits `event`, when it could be `made`. */
static enum jt_err emit(struct writer *w, int made, yaml_event_t *event)
{
    if (made != 0 && yaml_emitter_emit(&w->emitter, event) != 0) {
        return JT_OK;
    }
    return w->err != JT_OK ? w->err : JT_ERR_NOMEM;
}

/* A string that is plain only if nobody could read it as anything but itself. */
static bool is_word(struct jt_span text)
{
    /* YAML 1.1 sec. 10.4 (bool, null); what begins with a letter is nothing else */
    static const char *const taken[] = {"y",  "n",   "yes",  "no",   "true",
                                        "on", "off", "null", "false"};
    uint8_t lower = text.n == 0 ? 0 : text.p[0] | 0x20;
    if ((lower < 'a' || lower > 'z') && lower != '/') {
        return false;
    }
    for (size_t i = 0; i < JT_COUNT(taken); i++) {
        if (jt_span_eq_nocase(text, jt_span_str(taken[i]))) {
            return false;
        }
    }
    return true;
}

static bool has_control(struct jt_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 || text.p[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

static enum jt_err put_scalar(struct writer *w, struct jt_span text, yaml_scalar_style_t style)
{
    yaml_event_t event;
    if (text.n > INT32_MAX) {
        return JT_ERR_LIMIT; /* libyaml counts in int */
    }
    const yaml_char_t *bytes = text.n == 0 ? (const yaml_char_t *)"" : text.p;
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, bytes, (int)text.n, 1, 1, style);
    return emit(w, made, &event);
}

/* libyaml takes quotes where the plain style cannot carry the characters. */
static enum jt_err put_string(struct writer *w, struct jt_span text)
{
    yaml_scalar_style_t style = has_control(text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
                                : is_word(text)   ? YAML_PLAIN_SCALAR_STYLE
                                                  : YAML_SINGLE_QUOTED_SCALAR_STYLE;
    return put_scalar(w, text, style);
}

/* YAML 1.1 sec. 10.4 (float): a point always, and a sign in the exponent. */
static enum jt_err put_real(struct writer *w, double number)
{
    char digits[32];
    char text[40];
    for (int precision = 15; precision <= 17; precision++) { /* the shortest that reads back */
        (void)snprintf(digits, sizeof digits, "%.*g", precision, number); /* 24 at most */
        if (strtod(digits, NULL) == number) {
            break;
        }
    }
    size_t mantissa = strcspn(digits, "e");
    const char *point = memchr(digits, '.', mantissa) == NULL ? ".0" : "";
    int n =
        snprintf(text, sizeof text, "%.*s%s%s", (int)mantissa, digits, point, digits + mantissa);
    return put_scalar(w, jt_span_of(text, (size_t)n), YAML_PLAIN_SCALAR_STYLE);
}

static enum jt_err put_integer(struct writer *w, json_int_t number)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, number);
    return put_scalar(w, jt_span_of(text, (size_t)n), YAML_PLAIN_SCALAR_STYLE);
}

static enum jt_err open_frame(struct writer *w, json_t *value)
{
    yaml_event_t event;
    if (w->depth == JT_YAMLWRITE_DEPTH) {
        return JT_ERR_JSON_DEPTH;
    }
    w->open[w->depth++] = (struct frame){value, json_object_iter(value), 0};
    int made =
        json_is_object(value)
            ? yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE)
            : yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                   YAML_BLOCK_SEQUENCE_STYLE);
    return emit(w, made, &event);
}

static enum jt_err close_frame(struct writer *w)
{
    yaml_event_t event;
    const json_t *value = w->open[--w->depth].value;
    int made = json_is_object(value) ? yaml_mapping_end_event_initialize(&event)
                                     : yaml_sequence_end_event_initialize(&event);
    return emit(w, made, &event);
}

static enum jt_err put_value(struct writer *w, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return open_frame(w, value);
    case JSON_STRING:
        return put_string(w, jt_json_value(value));
    case JSON_INTEGER:
        return put_integer(w, json_integer_value(value));
    case JSON_REAL:
        return put_real(w, json_real_value(value));
    case JSON_TRUE:
        return put_scalar(w, JT_SPAN("true"), YAML_PLAIN_SCALAR_STYLE);
    case JSON_FALSE:
        return put_scalar(w, JT_SPAN("false"), YAML_PLAIN_SCALAR_STYLE);
    case JSON_NULL:
        break;
    }
    return put_scalar(w, JT_SPAN("null"), YAML_PLAIN_SCALAR_STYLE);
}

/* One step of the walk: the next child of the innermost frame, or its end. */
static enum jt_err step(struct writer *w)
{
    struct frame *frame = &w->open[w->depth - 1];
    if (json_is_array(frame->value)) {
        json_t *item = json_array_get(frame->value, frame->index++);
        return item == NULL ? close_frame(w) : put_value(w, item);
    }
    if (frame->member == NULL) {
        return close_frame(w);
    }
    const char *name = json_object_iter_key(frame->member);
    json_t *value = json_object_iter_value(frame->member);
    frame->member = json_object_iter_next(frame->value, frame->member);
    JT_TRY(put_string(w, jt_span_str(name)));
    return put_value(w, value);
}

static enum jt_err write_document(struct writer *w, json_t *json)
{
    yaml_event_t event;
    JT_TRY(emit(w, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event));
    JT_TRY(emit(w, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event));
    JT_TRY(put_value(w, json));
    while (w->depth > 0) {
        JT_TRY(step(w));
    }
    JT_TRY(emit(w, yaml_document_end_event_initialize(&event, 1), &event));
    return emit(w, yaml_stream_end_event_initialize(&event), &event);
}

enum jt_err jt_yamlwrite_put(json_t *json, enum jt_yamlwrite_charset charset, struct jt_buf *out)
{
    struct writer w = {.out = out};
    size_t before = out->len;
    if (yaml_emitter_initialize(&w.emitter) == 0) {
        return JT_ERR_NOMEM;
    }
    yaml_emitter_set_output(&w.emitter, on_bytes, &w);
    yaml_emitter_set_width(&w.emitter, -1); /* a string stays on its line */
    yaml_emitter_set_unicode(&w.emitter, charset == JT_YAMLWRITE_UTF8);
    enum jt_err err = write_document(&w, json);
    yaml_emitter_delete(&w.emitter);
    if (err != JT_OK && out->p != NULL) {
        out->len = before;
        out->p[before] = 0;
    }
    return err;
}
