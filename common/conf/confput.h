/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row's value in the struct that the row's offset is of: written from text, set to its default,
 * cleared, released. It knows no file and no place in one.
 * Ownership: strings and lists in the struct are its own, freed by release.
 * Thread rule: one thread.
 */
#ifndef JT_CONF_CONFPUT_H
#define JT_CONF_CONFPUT_H

#include "common/conf/conf.h"

void *jt_confput_member(const struct jt_conf_row *row, void *conf);

/* Of the types that are one value. JT_ERR_INVALID: not of the row's type or choices; JT_ERR_LIMIT:
 * outside its bounds; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_confput_scalar(const struct jt_conf_row *row, const char *text,
                                          void *conf);

/* Gives a copy of `text`. JT_ERR_INVALID: none of the row's choices; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_confput_string(const struct jt_conf_row *row, const char *text,
                                          char **out_string);

/* A list with room for `n` strings, all NULL. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_confput_list(const struct jt_conf_row *row, size_t n, void *conf);

/* JT_ERR_INTERNAL: the row's default is not what the row takes; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_confput_default(const struct jt_conf_row *row, void *conf);

/* Nothing there: NULL, 0, false. What was there is not freed. */
void jt_confput_clear(const struct jt_conf_row *row, void *conf);

/* Frees a string or a list, and clears it. */
void jt_confput_release(const struct jt_conf_row *row, void *conf);

#endif
