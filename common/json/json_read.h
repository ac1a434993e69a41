/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict reader behind jt_json_load and jt_json_next (json.h), which alone call it: JSON text into values of
 * jansson's, without recursion. Not json_loadb: jansson's lexer ignores that its buffer could not
 * grow (2.14: lex_save) and goes on with a byte less, so that running out of memory alters a value,
 * or walks past the buffer, where it must fail.
 * Ownership: gives a json_t.
 * Thread rule: any thread.
 * Sources: RFC 8259; RFC 7515 sec. 4.
 */
#ifndef JT_JSON_JSON_READ_H
#define JT_JSON_JSON_READ_H

#include "common/base/err.h"
#include "common/base/span.h"

#include <jansson.h>

/* As jt_json_next says. */
JT_MUST_USE enum jt_err jt_json_read(struct jt_span *rest, size_t max_depth, json_t **out_json);

#endif
