/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the file that a key-encryption key stands in, for an issuer that has none yet.
 * Ownership: none.
 * Thread rule: any thread.
 */
#ifndef JT_KEYS_KEKFILE_H
#define JT_KEYS_KEKFILE_H

#include "common/base/diag.h"
#include "common/base/random.h"

/* Makes `path` with a fresh key, mode 0600, unless the file exists (then it is left alone and the
 * answer is JT_OK). Written whole or not at all (fsync, link). JT_ERR_KEK with a sentence;
 * JT_ERR_RANDOM, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_kekfile_create(const char *path, const struct jt_random *random,
                                          struct jt_diag *diag);

#endif
