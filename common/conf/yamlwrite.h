/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON value as one YAML document, in block style. A string that a reader of YAML 1.1 or 1.2
 * could take for something else (yes, null, 1e3, 0x1F, ~, 2026-01-31, nothing) stands in quotes, so
 * that reading gives the value back. It writes no `---` and no comment: those are the caller's.
 * Ownership: borrows the value, appends to the caller's buffer.
 * Thread rule: one thread per buffer and value.
 * Sources: YAML 1.1 sec. 10 (types), YAML 1.2 sec. 10.3 (core schema).
 */
#ifndef JT_CONF_YAMLWRITE_H
#define JT_CONF_YAMLWRITE_H

#include "common/base/buf.h"
#include "common/json/json.h"

#define JT_YAMLWRITE_DEPTH 32 /* objects and arrays in each other */

enum jt_yamlwrite_charset {
    JT_YAMLWRITE_UTF8,
    JT_YAMLWRITE_ASCII, /* anything else escaped, for a terminal */
};

/* Appends `json` to `out`, ending in a line end. Strings must be valid UTF-8, as jt_json_load gives
 * them. JT_ERR_LIMIT past the buffer's max, JT_ERR_JSON_DEPTH when nested too deeply, JT_ERR_NOMEM;
 * after all of them `out` is as it was. */
JT_MUST_USE enum jt_err jt_yamlwrite_put(json_t *json, enum jt_yamlwrite_charset charset,
                                         struct jt_buf *out);

#endif
