/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that say how to mend something: commands to copy into a shell, so what others have named
 * (scopes, identifiers) is quoted for it. It runs nothing.
 * Ownership: the caller's.
 * Thread rule: any thread.
 */
#ifndef JT_ISSUER_ADVICE_H
#define JT_ISSUER_ADVICE_H

#include "common/base/buf.h"

#include <jansson.h>

#define JT_ADVICE_MAX ((size_t)4096) /* of a line */

/* Appends `text` as one word of a POSIX shell. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_advice_put_word(struct jt_buf *out, struct jt_span text);

/* Appends `command` and the `n` words after it. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_advice_put(struct jt_buf *out, const char *command,
                                      const struct jt_span *words, size_t n);

/* Adds `line` to the array `lines` unless it stands there. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_advice_add(json_t *lines, struct jt_span line);

/* The two at once. */
JT_MUST_USE enum jt_err jt_advice_command(json_t *lines, const char *command,
                                          const struct jt_span *words, size_t n);

/* Keeps in `*nearest` whichever of it and `name` is nearer to `wanted`; one further than half the
 * length of `name` (but at least one edit) is not near. Starts with the empty span. */
void jt_advice_nearer(struct jt_span wanted, struct jt_span name, struct jt_span *nearest);

/* A JSON string of `text`, which is valid UTF-8; NULL when memory is out. */
json_t *jt_advice_text(struct jt_span text);

/* Adds `item` (taken) to `array`, or under `name` to `object`. JT_ERR_NOMEM, also for a NULL
 * `item`. */
JT_MUST_USE enum jt_err jt_advice_append(json_t *array, json_t *item);
JT_MUST_USE enum jt_err jt_advice_set(json_t *object, const char *name, json_t *item);

#endif
