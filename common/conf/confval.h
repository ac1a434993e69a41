/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a configuration file as text and as numbers: what a row's type accepts, and how a
 * number is told to a person. It knows no file and no place in one.
 * Ownership: none.
 * Thread rule: any thread.
 */
#ifndef JT_CONF_CONFVAL_H
#define JT_CONF_CONFVAL_H

#include "common/conf/conf.h"

/* The number that `text` says, for the types INT, DURATION and SIZE; false when it is not one of
 * `type` or does not fit. */
bool jt_confval_number(enum jt_conf_type type, const char *text, int64_t *out_number);

/* "true" or "false"; false for any other text. */
bool jt_confval_bool(const char *text, bool *out_value);

/* Is `word` one of the space-separated `choices`? */
bool jt_confval_choice(const char *choices, const char *word);

#define JT_CONFVAL_TEXT_MAX 32

/* Writes `number` as it would stand in the file, in the largest unit that divides it. */
void jt_confval_show(enum jt_conf_type type, int64_t number, char out[JT_CONFVAL_TEXT_MAX]);

/* Name of the type, and how a value of it is written: both for sentences. */
const char *jt_confval_type(enum jt_conf_type type);
const char *jt_confval_example(enum jt_conf_type type);

#endif
