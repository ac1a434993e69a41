/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a table that is nearest to one it does not have, for "did you mean".
 * Ownership: none.
 * Thread rule: any thread.
 */
#ifndef JT_CONF_CONFNEAR_H
#define JT_CONF_CONFNEAR_H

#include "common/conf/conf.h"

/* Appends "; did you mean 'KEY'?", KEY being a key or section of the table, or where none is near
 * "; known here: A, B" with the keys and sections beside `path`. JT_ERR_NOMEM, JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_confnear_hint(const char *path, const struct jt_conf_row *rows,
                                         size_t n_rows, struct jt_buf *out);

#endif
