/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed rows that a signer process has loaded, kept in the daemon so that the next process can
 * be given them. They are sealed: nothing here is secret. Internal to keys/.
 * Ownership: in place; rows are copied.
 * Thread rule: one thread, or with its holder's lock.
 */
#ifndef JT_KEYS_SIGNER_ROWS_H
#define JT_KEYS_SIGNER_ROWS_H

#include "keys/signer.h"

struct jt_rows_one {
    struct jt_sealed row;
    int64_t longest_s;
};

struct jt_rows {
    struct jt_rows_one *rows;
    size_t n, cap;
};

/* Keeps a copy over what was kept of its kid. JT_ERR_NOMEM: as it was. */
JT_MUST_USE enum jt_err jt_rows_keep(struct jt_rows *rows, const struct jt_sealed *row,
                                     int64_t longest_s);

/* The bound of the row of this kid, to keep it anew with; -1 when none is kept. */
int64_t jt_rows_longest(const struct jt_rows *rows, struct jt_span kid);

void jt_rows_forget(struct jt_rows *rows, struct jt_span kid);
void jt_rows_release(struct jt_rows *rows);

#endif
