/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key sets in files: one that an operator lays there (jwks_file), and one that the verifier keeps
 * for its own next start (jwks_cache): a JWK Set with three members more, "issuer", "fetched" and
 * "fresh_for", so that a set is never taken for another issuer's, nor for younger than it is. It
 * does not judge keys.
 * Ownership: the caller's buffers.
 * Thread rule: any thread; of one path one at a time.
 * Source: RFC 7517 sec. 5.
 */
#ifndef JT_VERIFIER_KEYFILE_H
#define JT_VERIFIER_KEYFILE_H

#include "common/base/buf.h"
#include "common/base/diag.h"

/* Whose a file is: an operator's, who answers for it; or the verifier's own, where nobody else may
 * have put keys. */
enum jt_keyfile_kind { JT_KEYFILE_GIVEN, JT_KEYFILE_KEPT };

/* Reads the file `path` into `out`, whose `max` bounds it. A kept one must be a regular file of this
 * process's user or root's that nobody else may write. JT_ERR_IO with a sentence, JT_ERR_LIMIT,
 * JT_ERR_NOMEM; JT_ERR_NOT_FOUND, without a sentence, when there is no such file. */
JT_MUST_USE enum jt_err jt_keyfile_read(const char *path, enum jt_keyfile_kind kind,
                                        struct jt_buf *out, struct jt_diag *diag);

/* When a kept set was fetched (seconds since 1970), and for how long it was fresh then. */
struct jt_keyfile_times {
    int64_t fetched_s, fresh_s;
};

/* What the kept set `text` says of itself. JT_ERR_JSON with a sentence when it says it wrongly or
 * is another issuer's; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keyfile_times(struct jt_span text, struct jt_span issuer,
                                         struct jt_keyfile_times *out_times, struct jt_diag *diag);

/* Keeps the JWK Set `text` in the file `path` (mode 0600), which is replaced whole or not at all.
 * JT_ERR_IO with a sentence, JT_ERR_JSON, JT_ERR_NOMEM; JT_ERR_LIMIT: it would be too large to be
 * read again. */
JT_MUST_USE enum jt_err jt_keyfile_write(const char *path, struct jt_span issuer,
                                         const struct jt_keyfile_times *times, struct jt_span text,
                                         struct jt_diag *diag);

#endif
