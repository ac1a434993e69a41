/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the store ask of a database other than SQLite.
 */
#ifndef JT_TESTS_UNIT_STORE_OTHER_H
#define JT_TESTS_UNIT_STORE_OTHER_H

#include "common/base/buf.h"
#include "issuer/store/store.h"

struct store_other {
    void (*make)(void);   /* an empty database, in place of the last */
    void (*remove)(void); /* it */
    const struct jt_store_where *(*where)(void);
    void (*run)(const char *sql, struct jt_buf *out); /* as an operator would; out may be NULL */
    void (*lock)(void);                               /* takes the write lock, as another writer */
    void (*unlock)(void);
};

#endif
