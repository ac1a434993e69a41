/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/apply_input.h"

#include <stdlib.h>

#include "common/json/json.h"
#include "issuer/access/declared.h"
#include "issuer/edit_client.h"

#include "common/base/base.h"

#define PER_OBJECT ((size_t)256) /* in lists, and by who allocates */

void jt_apply_input_init(struct jt_apply_input *input, struct jt_issuer *issuer)
{
    *input = (struct jt_apply_input){.issuer = issuer, .line = JT_BUF_INIT(JT_APPLY_MAX_LINE)};
}

void jt_apply_input_release(struct jt_apply_input *input)
{
    for (size_t i = 0; i < input->n; i++) {
        jt_object_free(input->items[i].object);
    }
    free(input->items);
    jt_buf_release(&input->line);
    (void)atomic_fetch_sub(&input->issuer->applying, input->n_held);
    jt_apply_input_init(input, input->issuer);
}

/* Counts what the object holds until the apply has ended; the present one, in case of refusal, too. */
static enum jt_err hold(struct jt_apply_input *input, const struct jt_object *object)
{
    size_t n = object->bytes + PER_OBJECT;
    input->n_held += n;
    return atomic_fetch_add(&input->issuer->applying, n) + n <= JT_APPLY_MAX_HELD
               ? JT_OK
               : jt_diag_fail(&input->diag, JT_ERR_LIMIT,
                              "this apply and others under way take more than %zu bytes of memory; "
                              "apply the objects in parts",
                              JT_APPLY_MAX_HELD);
}

static enum jt_err add_item(struct jt_apply_input *input, const struct jt_apply_item *item)
{
    if (input->n == JT_APPLY_MAX_OBJECTS) {
        return jt_diag_fail(&input->diag, JT_ERR_LIMIT,
                            "more than %zu objects; apply them in parts", JT_APPLY_MAX_OBJECTS);
    }
    if (input->n == input->cap) {
        size_t cap = input->cap == 0 ? 64 : input->cap * 2;
        struct jt_apply_item *items = realloc(input->items, cap * sizeof *items);
        if (items == NULL) {
            return JT_ERR_NOMEM;
        }
        input->items = items;
        input->cap = cap;
    }
    input->items[input->n++] = *item;
    return JT_OK;
}

/* --- one line --- */

static enum jt_err at_line(size_t line, enum jt_err err, struct jt_diag *diag)
{
    struct jt_diag sentence = *diag;
    return jt_diag_fail(diag, err, "line %zu: %s", line, jt_diag_text(&sentence, err));
}

enum jt_err jt_apply_input_fail(const struct jt_apply_item *item, enum jt_err err,
                                struct jt_diag *diag)
{
    struct jt_span name = jt_object_name(item->object);
    struct jt_diag sentence = *diag;
    return jt_diag_fail(diag, err, "line %zu: %s '%.*s': %s", item->line,
                        jt_object_kind_name(item->object->kind),
                        (int)(name.n > JT_NAMES_MAX ? JT_NAMES_MAX : name.n), (const char *)name.p,
                        jt_diag_text(&sentence, err));
}

static enum jt_err read_object(struct jt_apply_input *input, enum jt_store_kind kind, json_t *doc,
                               struct jt_apply_item *item)
{
    item->id_given = kind == JT_STORE_CLIENT && jt_declared_has_id(doc);
    if (kind == JT_STORE_CLIENT && !item->id_given) {
        json_t *made = NULL;
        JT_TRY(jt_edit_client_make_id(input->issuer, &made));
        if (json_object_set_new(doc, "client_id", made) != 0) {
            return JT_ERR_NOMEM;
        }
    }
    return jt_declared_parse(kind, doc, &item->object, &input->diag);
}

static enum jt_err take_object(struct jt_apply_input *input, json_t *doc)
{
    struct jt_apply_item item = {.line = input->n_lines};
    enum jt_store_kind kind;
    enum jt_err err = jt_declared_kind(doc, &kind, &input->diag);
    if (err != JT_OK) {
        return at_line(input->n_lines, err, &input->diag);
    }
    err = read_object(input, kind, doc, &item);
    if (err != JT_OK) {
        (void)jt_declared_fail(kind, doc, err, &input->diag); /* the same error */
        return at_line(input->n_lines, err, &input->diag);
    }
    err = hold(input, item.object);
    if (err == JT_OK) {
        err = add_item(input, &item);
    }
    if (err != JT_OK) {
        jt_object_free(item.object);
    }
    return err;
}

static bool is_blank(struct jt_span line)
{
    size_t n = 0;
    while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t' || line.p[n] == '\r')) {
        n++;
    }
    return n == line.n;
}

static enum jt_err take_line(struct jt_apply_input *input, struct jt_span line)
{
    json_t *doc = NULL;
    input->n_lines++;
    if (is_blank(line)) {
        return JT_OK;
    }
    enum jt_err err = jt_json_load_object(line, JT_JSON_DEPTH, &doc);
    if (err == JT_ERR_NOMEM) {
        return err;
    }
    if (err != JT_OK) {
        return jt_diag_fail(&input->diag, JT_ERR_INVALID,
                            "line %zu: not one JSON object (valid UTF-8, no member twice, at most "
                            "%d levels); mend it",
                            input->n_lines, JT_JSON_DEPTH);
    }
    err = take_object(input, doc);
    json_decref(doc);
    return err;
}

/* --- lines --- */

static enum jt_err keep(struct jt_apply_input *input, struct jt_span part)
{
    enum jt_err err = jt_buf_put(&input->line, part);
    return err == JT_ERR_LIMIT
               ? jt_diag_fail(&input->diag, err, "line %zu: over %zu bytes; divide the object",
                              input->n_lines + 1, JT_APPLY_MAX_LINE)
               : err;
}

/* Takes what stands before the line end, which the line before it may have begun. */
static enum jt_err finish_line(struct jt_apply_input *input, struct jt_span part)
{
    if (input->line.len == 0 && part.n <= JT_APPLY_MAX_LINE) {
        return take_line(input, part);
    }
    JT_TRY(keep(input, part));
    enum jt_err err = take_line(input, jt_buf_span(&input->line));
    jt_buf_clear(&input->line);
    return err;
}

static enum jt_err take(struct jt_apply_input *input, struct jt_span bytes)
{
    if (bytes.n > JT_APPLY_MAX_BYTES - input->n_bytes) {
        return jt_diag_fail(&input->diag, JT_ERR_LIMIT,
                            "more than %zu bytes; apply the objects in parts", JT_APPLY_MAX_BYTES);
    }
    input->n_bytes += bytes.n;
    while (bytes.n > 0) {
        const uint8_t *end = memchr(bytes.p, '\n', bytes.n);
        if (end == NULL) {
            return keep(input, bytes);
        }
        size_t n = (size_t)(end - bytes.p);
        JT_TRY(finish_line(input, jt_span_of(bytes.p, n)));
        bytes = jt_span_of(end + 1, bytes.n - n - 1);
    }
    return JT_OK;
}

bool jt_apply_input_take(struct jt_apply_input *input, struct jt_span bytes)
{
    if (input->err == JT_OK) {
        input->err = take(input, bytes);
    }
    return input->err == JT_OK;
}

enum jt_err jt_apply_input_end(struct jt_apply_input *input, struct jt_diag *diag)
{
    if (input->err == JT_OK && input->line.len > 0) {
        input->err = finish_line(input, JT_SPAN_NONE);
    }
    if (input->err != JT_OK && input->diag.text[0] != 0) {
        return jt_diag_fail(diag, input->err, "%s", input->diag.text);
    }
    return input->err;
}
