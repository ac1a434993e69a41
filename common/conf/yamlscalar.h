/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plain (unquoted) scalar of YAML means by the core schema of YAML 1.2: null, true or false,
 * an integer, a float, else a string. The reader (yamljson.h) and whoever writes YAML ask it, so
 * that what one writes plain the other reads back.
 * Ownership: gives a json_t. Thread rule: any thread.
 * Sources: YAML 1.2.2 sec. 10.3.2.
 */
#ifndef JT_CONF_YAMLSCALAR_H
#define JT_CONF_YAMLSCALAR_H

#include "common/json/json.h"

/* Is it null: nothing, `~`, `null` in three spellings? */
bool jt_yamlscalar_is_null(struct jt_span text);

/* Is it a string, not null, not a boolean, not a number? */
bool jt_yamlscalar_is_string(struct jt_span text);

/* Gives the value of `text`, which is valid UTF-8 without NUL. JT_ERR_JSON for a number that JSON
 * does not hold here: past 64 bits, infinite, none. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_yamlscalar_read(struct jt_span text, json_t **out_value);

#endif
