/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of YAML documents as JSON objects, one at a time: each document is an object, or a list
 * of objects that are given one by one, so that a list of any length is never in memory as a whole.
 * Beyond the rules of yamlevents.h: a key is a string and stands once; a plain value is what the
 * core schema of YAML 1.2 says (so `yes` and `on` are strings), a quoted one a string; no directive
 * but %YAML 1.2, no merge key, no number that JSON does not hold, and none of the characters that
 * YAML 1.1 alone takes for line ends. It knows no member of any object.
 * Ownership: jt_yamljson_new gives a reader, which borrows the text and its name.
 * Thread rule: one thread.
 * Sources: YAML 1.2.2 sec. 10.3 (core schema).
 */
#ifndef JT_CONF_YAMLJSON_H
#define JT_CONF_YAMLJSON_H

#include "common/base/diag.h"
#include "common/base/span.h"
#include "common/conf/yamldoc.h"
#include "common/json/json.h"

struct jt_yamljson;

/* Gives a reader before the first document of `text`, the content of the file `name`. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_yamljson_new(struct jt_span text, const char *name,
                                        struct jt_yamljson **out_reader);

void jt_yamljson_free(struct jt_yamljson *reader); /* NULL is harmless */
JT_AUTOP_DEFINE(yamljson);

/* Gives the next object, of at most JT_JSON_DEPTH levels, or NULL after the last. JT_ERR_CONFIG with
 * a sentence that begins with its place; JT_ERR_NOMEM. After a failure there is no next. */
JT_MUST_USE enum jt_err jt_yamljson_next(struct jt_yamljson *reader, json_t **out_object,
                                         struct jt_diag *diag);

/* Where the member `name` of the object last given begins; the object itself for a member that it
 * has not, or that stands after JT_YAMLJSON_PLACES others. */
#define JT_YAMLJSON_PLACES 32
struct jt_yamldoc_at jt_yamljson_at(const struct jt_yamljson *reader, struct jt_span name);

#endif
