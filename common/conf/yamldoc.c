/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/yamldoc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/conf/yamlevents.h"

#include "common/base/base.h"

#define KEYS_MAX  8192  /* those of a section are compared with each other */
#define NODES_MAX 65536 /* keys and list items together */

struct reader {
    struct jt_yamlevents events;
    struct jt_yamldoc *doc;
    size_t n_keys;
    size_t depth;                          /* of open mappings and lists of them */
    size_t sections[JT_YAMLDOC_DEPTH_MAX]; /* index of the node of each, the outermost has none */
};

enum jt_err jt_yamldoc_fail(const char *name, struct jt_yamldoc_at at, struct jt_diag *diag,
                            const char *format, ...)
{
    struct jt_diag sentence = JT_DIAG_INIT;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence.text, sizeof sentence.text, format,
                    args); /* cutting is the contract */
    va_end(args);
    return jt_diag_fail(diag, JT_ERR_CONFIG, "%s:%zu:%zu: %s", name, at.line, at.column,
                        sentence.text);
}

static enum jt_err add_node(struct reader *r, struct jt_yamldoc_node **out_node)
{
    struct jt_yamldoc *doc = r->doc;
    if (doc->n == NODES_MAX) {
        return jt_yamlevents_refuse(
            &r->events, "more list items than a configuration can have; shorten the list");
    }
    if (doc->n == doc->cap) {
        size_t cap = doc->cap == 0 ? 32 : doc->cap * 2;
        struct jt_yamldoc_node *nodes = realloc(doc->nodes, cap * sizeof *nodes);
        if (nodes == NULL) {
            return JT_ERR_NOMEM;
        }
        doc->nodes = nodes;
        doc->cap = cap;
    }
    doc->nodes[doc->n] = (struct jt_yamldoc_node){.key_at = jt_yamlevents_at(&r->events),
                                                  .value_at = jt_yamlevents_at(&r->events)};
    *out_node = &doc->nodes[doc->n++];
    return JT_OK;
}

static bool is_nothing(const struct reader *r)
{
    struct jt_span text = jt_yamlevents_scalar(&r->events);
    return r->events.event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.n == 0 || jt_span_is(text, "~") || jt_span_is(text, "null"));
}

static bool is_name(struct jt_span key)
{
    for (size_t i = 0; i < key.n; i++) {
        uint8_t c = key.p[i];
        uint8_t lower = c | 0x20;
        if ((lower < 'a' || lower > 'z') && (c < '0' || c > '9') && c != '_' && c != '-') {
            return false;
        }
    }
    return key.n > 0 && key.n <= JT_YAMLDOC_KEY_MAX;
}

static enum jt_err check_key(const struct reader *r)
{
    if (r->events.event.type != YAML_SCALAR_EVENT) {
        return jt_yamlevents_refuse(&r->events, "a key must be one word; write KEY: VALUE");
    }
    if (jt_span_is(jt_yamlevents_scalar(&r->events), "<<")) {
        return jt_yamlevents_refuse(&r->events,
                                    "a merge key ('<<') is not read here; write the keys out");
    }
    if (!is_name(jt_yamlevents_scalar(&r->events))) {
        return jt_yamlevents_refuse(
            &r->events,
            "a key is made of letters, digits, '_' and '-'; the keys of a section stand "
            "indented below its name");
    }
    if (r->n_keys == KEYS_MAX) {
        return jt_yamlevents_refuse(&r->events,
                                    "more keys than a configuration can have; shorten the file");
    }
    return JT_OK;
}

/* Makes a node for the key that is the present event. */
static enum jt_err read_key(struct reader *r, size_t *out_index)
{
    JT_TRY(check_key(r));
    char path[JT_YAMLDOC_PATH_MAX + 1];
    size_t section = r->depth == 1 ? 0 : r->sections[r->depth - 1];
    const char *parent = r->depth == 1 ? "" : r->doc->nodes[section].path;
    (void)snprintf(
        path, sizeof path, "%s%s%.*s", parent, r->depth == 1 ? "" : ".",
        (int)jt_yamlevents_scalar(&r->events).n,
        (const char *)jt_yamlevents_scalar(&r->events).p); /* bounded by depth and key length */
    const struct jt_yamldoc_node *first = jt_yamldoc_find(r->doc, section, r->doc->n, path);
    if (first != NULL) {
        return jt_yamldoc_fail(r->events.name, jt_yamlevents_at(&r->events), r->events.diag,
                               "key '%s' stands twice, first on line %zu; keep one of them", path,
                               first->key_at.line);
    }
    struct jt_yamldoc_node *node = NULL;
    JT_TRY(add_node(r, &node));
    r->n_keys++;
    *out_index = r->doc->n - 1;
    return jt_buf_strdup(jt_span_str(path), &node->path);
}

static enum jt_err read_text(struct reader *r, struct jt_yamldoc_node *node,
                             enum jt_yamldoc_kind kind)
{
    if (memchr(jt_yamlevents_scalar(&r->events).p, 0, jt_yamlevents_scalar(&r->events).n) != NULL) {
        return jt_yamlevents_refuse(&r->events, "a value cannot hold a NUL; remove it");
    }
    node->kind = kind;
    return jt_buf_strdup(jt_yamlevents_scalar(&r->events), &node->text);
}

static enum jt_err open_section(struct reader *r, size_t index, enum jt_yamldoc_kind kind)
{
    if (r->depth == JT_YAMLDOC_DEPTH_MAX) {
        return jt_yamlevents_refuse(&r->events,
                                    "sections are nested too deeply; no key stands below this one");
    }
    r->doc->nodes[index].kind = kind;
    r->sections[r->depth++] = index;
    return JT_OK;
}

/* The present event is what follows an entry of the list that is open: an entry, or its end. */
static enum jt_err read_entry(struct reader *r)
{
    if (r->events.event.type == YAML_SEQUENCE_END_EVENT) {
        r->depth--;
        return JT_OK;
    }
    if (r->events.event.type != YAML_MAPPING_START_EVENT) {
        return jt_yamlevents_refuse(&r->events,
                                    "this list holds sections only; write - KEY: VALUE");
    }
    if (r->n_keys++ == KEYS_MAX) {
        return jt_yamlevents_refuse(&r->events,
                                    "more keys than a configuration can have; shorten the file");
    }
    char path[JT_YAMLDOC_PATH_MAX + 1];
    (void)snprintf(path, sizeof path, "%s[]", r->doc->nodes[r->sections[r->depth - 1]].path);
    struct jt_yamldoc_node *entry = NULL;
    JT_TRY(add_node(r, &entry));
    JT_TRY(jt_buf_strdup(jt_span_str(path), &entry->path));
    return open_section(r, r->doc->n - 1, JT_YAMLDOC_ENTRY);
}

static bool is_list_of_entries(const struct reader *r, size_t index)
{
    return r->events.event.type == YAML_MAPPING_START_EVENT && index == r->doc->n - 1 &&
           strstr(r->doc->nodes[index].path, "[]") == NULL;
}

/* The items of the list whose node is `index`; with entries, the first of them and no more. */
static enum jt_err read_items(struct reader *r, size_t index)
{
    for (;;) {
        JT_TRY(jt_yamlevents_next(&r->events));
        if (r->events.event.type == YAML_SEQUENCE_END_EVENT) {
            return JT_OK;
        }
        if (is_list_of_entries(r, index)) {
            JT_TRY(open_section(r, index, JT_YAMLDOC_LIST));
            return read_entry(r);
        }
        if (r->events.event.type != YAML_SCALAR_EVENT || is_nothing(r)) {
            return jt_yamlevents_refuse(&r->events, "a list holds plain values only; write [a, b]");
        }
        struct jt_yamldoc_node *item = NULL;
        JT_TRY(add_node(r, &item));
        JT_TRY(read_text(r, item, JT_YAMLDOC_ITEM));
    }
}

static enum jt_err read_value(struct reader *r, size_t index)
{
    JT_TRY(jt_yamlevents_next(&r->events));
    struct jt_yamldoc_node *node = &r->doc->nodes[index];
    node->value_at = jt_yamlevents_at(&r->events);
    switch (r->events.event.type) {
    case YAML_MAPPING_START_EVENT:
        return open_section(r, index, JT_YAMLDOC_SECTION);
    case YAML_SEQUENCE_START_EVENT:
        node->kind = JT_YAMLDOC_LIST;
        return read_items(r, index);
    default: /* aliases are refused before: a scalar */
        return is_nothing(r) ? JT_OK : read_text(r, node, JT_YAMLDOC_TEXT);
    }
}

/* The mapping whose start is the present event, with all below it. */
static enum jt_err read_mapping(struct reader *r)
{
    r->depth = 1;
    while (r->depth > 0) {
        JT_TRY(jt_yamlevents_next(&r->events));
        if (r->events.event.type == YAML_MAPPING_END_EVENT) {
            r->depth--;
            continue;
        }
        if (r->depth > 1 && r->doc->nodes[r->sections[r->depth - 1]].kind == JT_YAMLDOC_LIST) {
            JT_TRY(read_entry(r));
            continue;
        }
        size_t index = 0;
        JT_TRY(read_key(r, &index));
        JT_TRY(read_value(r, index));
    }
    return JT_OK;
}

static enum jt_err read_stream(struct reader *r)
{
    JT_TRY(jt_yamlevents_next(&r->events)); /* the start of the stream */
    JT_TRY(jt_yamlevents_next(&r->events));
    if (r->events.event.type == YAML_STREAM_END_EVENT) {
        return JT_OK;
    }
    if (r->events.event.data.document_start.version_directive != NULL ||
        r->events.event.data.document_start.tag_directives.start !=
            r->events.event.data.document_start.tag_directives.end) {
        return jt_yamlevents_refuse(&r->events,
                                    "a directive ('%') is not read here; remove the line");
    }
    JT_TRY(jt_yamlevents_next(&r->events));
    if (r->events.event.type == YAML_MAPPING_START_EVENT) {
        JT_TRY(read_mapping(r));
    } else if (r->events.event.type != YAML_SCALAR_EVENT || !is_nothing(r)) {
        return jt_yamlevents_refuse(
            &r->events, "the file must be keys with values; write KEY: VALUE, one a line");
    }
    JT_TRY(jt_yamlevents_next(&r->events)); /* the end of the document */
    JT_TRY(jt_yamlevents_next(&r->events));
    if (r->events.event.type != YAML_STREAM_END_EVENT) {
        return jt_yamlevents_refuse(&r->events,
                                    "a second document begins here; keep one to a file");
    }
    return JT_OK;
}

enum jt_err jt_yamldoc_parse(struct jt_span text, const char *name, struct jt_yamldoc *out_doc,
                             struct jt_diag *diag)
{
    *out_doc = (struct jt_yamldoc)JT_YAMLDOC_INIT;
    struct reader r = {.doc = out_doc};
    JT_TRY(jt_yamlevents_init(&r.events, text, name, diag));
    enum jt_err err = read_stream(&r);
    jt_yamlevents_release(&r.events);
    if (err != JT_OK) {
        jt_yamldoc_release(out_doc);
    }
    return err;
}

void jt_yamldoc_release(struct jt_yamldoc *doc)
{
    for (size_t i = 0; i < doc->n; i++) {
        free(doc->nodes[i].path);
        free(doc->nodes[i].text);
    }
    free(doc->nodes);
    *doc = (struct jt_yamldoc)JT_YAMLDOC_INIT;
}

const struct jt_yamldoc_node *jt_yamldoc_find(const struct jt_yamldoc *doc, size_t from, size_t to,
                                              const char *path)
{
    for (size_t i = from; i < to; i++) {
        if (doc->nodes[i].path != NULL && strcmp(doc->nodes[i].path, path) == 0) {
            return &doc->nodes[i];
        }
    }
    return NULL;
}
