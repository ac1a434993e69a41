/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON reading into jansson's values, typed access, and escaping for output. JSON text
 * becomes values only here; json_load* is never called. It does not keep the text: what a json_t
 * gives lives as long as the json_t.
 * Ownership: jt_json_load gives a json_t (json_decref); accessors borrow from it.
 * Thread rule: one thread per json_t.
 * Sources: RFC 8259; RFC 7515 sec. 4 (duplicate members).
 */
#ifndef JT_JSON_JSON_H
#define JT_JSON_JSON_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

#include <jansson.h>

/* Nesting that any document of ours needs; the JWS payload and header use it too. */
#define JT_JSON_DEPTH 16

/* Parses `text`, which must be one JSON object or array and nothing else: valid UTF-8, no NUL (also
 * not escaped), no duplicate member at any level, at most `max_depth` levels, integers within
 * int64. JT_ERR_JSON, JT_ERR_JSON_DEPTH, JT_ERR_NOMEM. The size is the caller's to bound first. */
JT_MUST_USE enum jt_err jt_json_load(struct jt_span text, size_t max_depth, json_t **out_json);

/* The same for a text of several documents: reads the one at the front of `*rest`, and leaves there
 * what follows it and its white space; after a failure, what begins at or near the fault. */
JT_MUST_USE enum jt_err jt_json_next(struct jt_span *rest, size_t max_depth, json_t **out_json);

/* As jt_json_load, and the text must be an object. */
JT_MUST_USE enum jt_err jt_json_load_object(struct jt_span text, size_t max_depth,
                                            json_t **out_json);

/* The member `name` of `object` as a string. JT_ERR_NOT_FOUND when absent, JT_ERR_JSON when not a
 * string. `*out_text` is borrowed from `object`. */
JT_MUST_USE enum jt_err jt_json_string(const json_t *object, const char *name,
                                       struct jt_span *out_text);

/* The bytes of a JSON string value, borrowed; the empty span for any other type. */
struct jt_span jt_json_value(const json_t *string);

/* Appends `text` in quotes, escaped as RFC 8259 sec. 7 asks. `text` must be valid UTF-8 (it is
 * written as it is). JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_json_put_string(struct jt_buf *out, struct jt_span text);

/* Appends the compact text of `json`. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_json_dump(const json_t *json, struct jt_buf *out);

/* Scope cleanup: JT_JSON_AUTO json_t *j = NULL; */
static inline void jt_json_autofree(json_t **json)
{
    json_decref(*json);
}
#define JT_JSON_AUTO __attribute__((cleanup(jt_json_autofree)))

#endif
