/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of one JSON object into a flat index: an entry for each value, in the order of the
 * text, in memory that the caller gives. It allocates nothing, makes no tree and does not recurse;
 * it converts no number (any that the grammar allows is accepted, of any size) and leaves the text
 * as it is, so that each value can be shown as it was written. As strict as jt_json_load otherwise.
 * Ownership: entries borrow from the text and the caller's memory.
 * Thread rule: one thread per struct jt_json_index.
 * Sources: RFC 8259; RFC 7515 sec. 4, RFC 7519 sec. 4 (duplicate members).
 *
 *     struct jt_json_index_entry entries[32];
 *     uint8_t arena[1024]; // as long as the longest text
 *     struct jt_json_index index = {.entries = entries, .max = 32, .arena = arena,
 *                                   .arena_n = sizeof arena};
 *     JT_TRY(jt_json_index_read(&index, text));
 *     const struct jt_json_index_entry *alg = jt_json_index_find(&index, JT_SPAN("alg"));
 */
#ifndef JT_JSON_JSON_INDEX_H
#define JT_JSON_JSON_INDEX_H

#include "common/base/err.h"
#include "common/base/span.h"

#define JT_JSON_INDEX_LARGEST UINT16_MAX /* entries there can be */

enum jt_json_index_type {
    JT_JSON_INDEX_LITERAL, /* true, false, null */
    JT_JSON_INDEX_NUMBER,
    JT_JSON_INDEX_STRING,
    JT_JSON_INDEX_ARRAY,
    JT_JSON_INDEX_OBJECT,
};

struct jt_json_index_entry {
    struct jt_span name; /* of a member, unescaped; p NULL for an element and the object itself */
    struct jt_span text; /* of a string, unescaped; else as `raw` */
    struct jt_span raw;  /* the value as it stands in the text */
    uint64_t key;        /* of the name: equal for equal names */
    uint16_t n;          /* members or elements of its own */
    uint16_t next;       /* in the same object or array; 0 for the last */
    uint16_t order;      /* the reader's own */
    uint8_t type;        /* enum jt_json_index_type */
};

/* The caller fills in `entries` (max of them, up to JT_JSON_INDEX_LARGEST) and `arena`, where the
 * strings that have escapes are unescaped. entries[0] is the object; those of what it holds follow
 * in the order of the text, so that the first member of entry i is entry i + 1. */
struct jt_json_index {
    struct jt_json_index_entry *entries;
    size_t max;
    uint8_t *arena;
    size_t arena_n;
    size_t n; /* entries there are; 0 when nothing was read */
};

/* Reads `text`, which must be one JSON object and nothing else: valid UTF-8, no NUL (also not
 * escaped), no duplicate member at any level, at most JT_JSON_DEPTH levels. JT_ERR_JSON,
 * JT_ERR_JSON_DEPTH; JT_ERR_LIMIT: more values than `max`, or longer than the arena. After a
 * failure the index is empty. */
JT_MUST_USE enum jt_err jt_json_index_read(struct jt_json_index *index, struct jt_span text);

/* The member `name` of the object itself, borrowed; NULL when absent, or nothing was read. */
const struct jt_json_index_entry *jt_json_index_find(const struct jt_json_index *index,
                                                     struct jt_span name);

#endif
