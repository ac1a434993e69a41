/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error space: every function that can fail returns enum jt_err, 0 = JT_OK. It does not
 * carry free text: a message for a human goes through struct jt_diag (diag.h).
 * Ownership: none.
 * Thread rule: any thread (constant data).
 * Sources: RFC 6749 sec. 5.2, RFC 8707 sec. 2, RFC 6750 sec. 3.1.
 */
#ifndef JT_BASE_ERR_H
#define JT_BASE_ERR_H

#include "common/base/macros.h"

enum jt_err {
    JT_OK = 0,
#define JT_ERR(id, name, class, http, oauth, text) JT_ERR_##id,
#include "common/base/err.def"
#undef JT_ERR
    JT_ERR_COUNT_
};

/* PEER: malformed input. DENY: well formed, refused. ENV: disk, database, memory. BUG: our mistake.
 */
enum jt_err_class { JT_CLASS_NONE, JT_CLASS_PEER, JT_CLASS_DENY, JT_CLASS_ENV, JT_CLASS_BUG };

/* The row of an error: `oauth` is the code of RFC 6749 sec. 5.2 or NULL, `text` one sentence. */
struct jt_err_row {
    const char *name;
    enum jt_err_class class;
    int http;
    const char *oauth;
    const char *text;
};

/* The row of `err`; never NULL (an unknown number gives the row of JT_ERR_INTERNAL). */
const struct jt_err_row *jt_err_row(enum jt_err err);

/* Short stable name for logs, e.g. "bad_signature"; "ok" for JT_OK. */
const char *jt_err_name(enum jt_err err);

#endif
