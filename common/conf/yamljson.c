/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/yamljson.h"

#include <stdlib.h>

#include "common/conf/yamlevents.h"
#include "common/conf/yamlscalar.h"

#include "common/base/base.h"

#define NAME_MAX_BYTES ((size_t)1024) /* of a key: libyaml's own limit for one without `?` */

/* Where a member of the present object is. Its name is found again by its hash. */
struct member_place {
    uint64_t name;
    struct jt_yamldoc_at at;
};

struct jt_yamljson {
    struct jt_yamlevents events;
    bool started, in_list; /* the stream has begun; its present document is a list */
    json_t *root;
    json_t *open[JT_JSON_DEPTH]; /* borrowed from root: the containers that are not closed yet */
    size_t depth;
    struct jt_buf key; /* of the member whose value comes next */
    struct jt_yamldoc_at at;
    struct member_place places[JT_YAMLJSON_PLACES];
    size_t n_places;
};

enum jt_err jt_yamljson_new(struct jt_span text, const char *name, struct jt_yamljson **out_reader)
{
    struct jt_yamljson *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return JT_ERR_NOMEM;
    }
    reader->key = (struct jt_buf)JT_BUF_INIT(NAME_MAX_BYTES);
    enum jt_err err = jt_yamlevents_init(&reader->events, text, name, NULL);
    if (err != JT_OK) {
        free(reader);
        return err;
    }
    *out_reader = reader;
    return JT_OK;
}

void jt_yamljson_free(struct jt_yamljson *reader)
{
    if (reader != NULL) {
        json_decref(reader->root);
        jt_buf_release(&reader->key);
        jt_yamlevents_release(&reader->events);
        free(reader);
    }
}

/* FNV-1a */
static uint64_t hash(struct jt_span name)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < name.n; i++) {
        h = (h ^ name.p[i]) * UINT64_C(1099511628211);
    }
    return h;
}

struct jt_yamldoc_at jt_yamljson_at(const struct jt_yamljson *reader, struct jt_span name)
{
    uint64_t wanted = hash(name);
    for (size_t i = 0; i < reader->n_places; i++) {
        if (reader->places[i].name == wanted) {
            return reader->places[i].at;
        }
    }
    return reader->at;
}

static enum jt_err refuse(const struct jt_yamljson *reader, const char *what)
{
    return jt_yamlevents_refuse(&reader->events, what);
}

/* The key that is the present event, a member of the innermost open object. */
static enum jt_err read_key(struct jt_yamljson *reader)
{
    const yaml_event_t *event = &reader->events.event;
    if (event->type != YAML_SCALAR_EVENT) {
        return refuse(reader, "a key must be one word; write KEY: VALUE");
    }
    struct jt_span key = jt_yamlevents_scalar(&reader->events);
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (plain && jt_span_is(key, "<<")) {
        return refuse(reader, "a merge key ('<<') is not read here; write the keys out");
    }
    if (plain && !jt_yamlscalar_is_string(key)) {
        return refuse(reader, "a key is a string, and this is none; put it in quotes");
    }
    if (key.n > NAME_MAX_BYTES || memchr(key.p, 0, key.n) != NULL) {
        return refuse(reader, "no member has such a name; remove it");
    }
    jt_buf_clear(&reader->key);
    JT_TRY(jt_buf_put(&reader->key, key));
    if (json_object_get(reader->open[reader->depth - 1], jt_buf_str(&reader->key)) != NULL) {
        return jt_yamldoc_fail(reader->events.name, jt_yamlevents_at(&reader->events),
                               reader->events.diag, "key '%.64s' stands twice; keep one of them",
                               jt_buf_str(&reader->key));
    }
    if (reader->depth == 1 && reader->n_places < JT_YAMLJSON_PLACES) {
        reader->places[reader->n_places++] =
            (struct member_place){hash(key), jt_yamlevents_at(&reader->events)};
    }
    return JT_OK;
}

static enum jt_err read_scalar(struct jt_yamljson *reader, json_t **out_value)
{
    struct jt_span text = jt_yamlevents_scalar(&reader->events);
    if (reader->events.event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        if (memchr(text.p, 0, text.n) != NULL) {
            return refuse(reader, "a value cannot hold a NUL; remove it");
        }
        *out_value = json_stringn_nocheck((const char *)text.p, text.n); /* UTF-8: by libyaml */
        return *out_value == NULL ? JT_ERR_NOMEM : JT_OK;
    }
    enum jt_err err = jt_yamlscalar_read(text, out_value);
    return err == JT_ERR_JSON
               ? refuse(reader, "no number that fits here (64 bits, finite); put it in quotes if "
                                "it is a text")
               : err;
}

/* The value that begins with the present event; a container still empty. */
static enum jt_err read_value(struct jt_yamljson *reader, json_t **out_value)
{
    switch (reader->events.event.type) {
    case YAML_MAPPING_START_EVENT:
        *out_value = json_object();
        break;
    case YAML_SEQUENCE_START_EVENT:
        *out_value = json_array();
        break;
    default: /* aliases are refused before: a scalar */
        return read_scalar(reader, out_value);
    }
    return *out_value == NULL ? JT_ERR_NOMEM : JT_OK;
}

/* Takes `value`: puts it where the reader stands. */
static enum jt_err attach(struct jt_yamljson *reader, json_t *value)
{
    if (reader->depth == 0) {
        reader->root = value;
        return JT_OK;
    }
    json_t *parent = reader->open[reader->depth - 1];
    int failed = json_is_array(parent)
                     ? json_array_append_new(parent, value)
                     : json_object_set_new_nocheck(parent, jt_buf_str(&reader->key), value);
    return failed != 0 ? JT_ERR_NOMEM : JT_OK;
}

static enum jt_err add_value(struct jt_yamljson *reader)
{
    json_t *value = NULL;
    JT_TRY(read_value(reader, &value));
    JT_TRY(attach(reader, value));
    if (json_is_object(value) || json_is_array(value)) {
        if (reader->depth == JT_JSON_DEPTH) {
            return refuse(reader, "nested too deeply; no object of the model is");
        }
        reader->open[reader->depth++] = value;
    }
    return JT_OK;
}

/* The rest of the object whose beginning is the present event. */
static enum jt_err read_object(struct jt_yamljson *reader, json_t **out_object)
{
    reader->at = jt_yamlevents_at(&reader->events);
    reader->n_places = 0;
    JT_TRY(add_value(reader));
    while (reader->depth > 0) {
        JT_TRY(jt_yamlevents_next(&reader->events));
        yaml_event_type_t type = reader->events.event.type;
        if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT) {
            reader->depth--;
            continue;
        }
        if (json_is_object(reader->open[reader->depth - 1])) {
            JT_TRY(read_key(reader));
            JT_TRY(jt_yamlevents_next(&reader->events));
        }
        JT_TRY(add_value(reader));
    }
    *out_object = reader->root;
    reader->root = NULL;
    return JT_OK;
}

/* YAML 1.1 ends a line at U+0085, U+2028 and U+2029, and so does libyaml; 1.2 and JSON do not. */
static enum jt_err refuse_other_line_ends(const struct jt_yamljson *reader)
{
    static const char *const ends[] = {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
    struct jt_span text = reader->events.text;
    for (size_t i = 0; i < JT_COUNT(ends); i++) {
        const uint8_t *at = text.n == 0 ? NULL : memmem(text.p, text.n, ends[i], strlen(ends[i]));
        if (at != NULL) {
            return jt_yamldoc_fail(reader->events.name,
                                   jt_yamlevents_place(text, (size_t)(at - text.p)),
                                   reader->events.diag,
                                   "a character that some take for a line end; write it as an "
                                   "escape (\"\\u2028\") in double quotes");
        }
    }
    return JT_OK;
}

static enum jt_err check_directives(const struct jt_yamljson *reader)
{
    const yaml_version_directive_t *version =
        reader->events.event.data.document_start.version_directive;
    if (version != NULL && (version->major != 1 || version->minor != 2)) {
        return refuse(reader, "this is read as YAML 1.2; remove the %YAML line, or change it");
    }
    if (reader->events.event.data.document_start.tag_directives.start !=
        reader->events.event.data.document_start.tag_directives.end) {
        return refuse(reader, "a %TAG directive is not read here; remove the line");
    }
    return JT_OK;
}

static bool is_nothing(const struct jt_yamljson *reader)
{
    return reader->events.event.type == YAML_SCALAR_EVENT &&
           reader->events.event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           jt_yamlscalar_is_null(jt_yamlevents_scalar(&reader->events));
}

/* The present event is one of the stream's or a document's, or begins a value at the top: goes on to
 * the next object. */
static enum jt_err find_object(struct jt_yamljson *reader, json_t **out_object)
{
    for (;;) {
        JT_TRY(jt_yamlevents_next(&reader->events));
        switch (reader->events.event.type) {
        case YAML_STREAM_END_EVENT:
        case YAML_NO_EVENT: /* asked again after the end */
            *out_object = NULL;
            return JT_OK;
        case YAML_DOCUMENT_START_EVENT:
            JT_TRY(check_directives(reader));
            break;
        case YAML_MAPPING_START_EVENT:
            return read_object(reader, out_object);
        case YAML_SEQUENCE_START_EVENT:
            if (reader->in_list) {
                return refuse(reader, "a list in the list; the objects stand in one list");
            }
            reader->in_list = true;
            break;
        case YAML_SEQUENCE_END_EVENT:
            reader->in_list = false;
            break;
        case YAML_SCALAR_EVENT:
            if (reader->in_list || !is_nothing(reader)) {
                return refuse(reader, "an object belongs here; write its members as KEY: VALUE");
            }
            break;
        default: /* the stream begins, a document ends */
            break;
        }
    }
}

enum jt_err jt_yamljson_next(struct jt_yamljson *reader, json_t **out_object, struct jt_diag *diag)
{
    reader->events.diag = diag;
    if (!reader->started) {
        reader->started = true;
        JT_TRY(refuse_other_line_ends(reader));
    }
    return find_object(reader, out_object);
}
