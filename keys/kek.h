/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key-encryption key: 32 bytes from a file, a systemd credential or an environment variable,
 * from which the wrapping key and the MAC key of key rows are derived. It stays behind the signer.
 * Ownership: in place, wiped on release.
 * Thread rule: read-only by many once loaded.
 * Sources: RFC 5869 (derivation), NIST SP 800-38D (AES-GCM).
 */
#ifndef JT_KEYS_KEK_H
#define JT_KEYS_KEK_H

#include "common/base/diag.h"
#include "common/base/random.h"
#include "common/base/secret.h"

#define JT_KEK_ID_LEN 8

struct jt_kek {
    struct jt_secret wrap;     /* wraps data keys */
    struct jt_secret mac;      /* MACs key rows */
    uint8_t id[JT_KEK_ID_LEN]; /* names the key in blobs; tells nothing of it */
};

#define JT_KEK_INIT                     \
    {                                   \
        JT_SECRET_INIT, JT_SECRET_INIT, \
        {                               \
            0                           \
        }                               \
    }

/* Exactly one is not NULL. The value is 43 characters of base64url or 64 of hex, white space at the
 * end ignored. */
struct jt_kek_source {
    const char *file;       /* refused when others than its owner may read or write it */
    const char *credential; /* a name under $CREDENTIALS_DIRECTORY */
    const char *env;        /* a name of a variable */
};

/* Reads and derives. JT_ERR_KEK with a sentence that names the source and the mend; JT_ERR_NOMEM,
 * JT_ERR_CRYPTO; JT_ERR_ARGUMENT unless exactly one source is named. */
JT_MUST_USE enum jt_err jt_kek_load(const struct jt_kek_source *source, struct jt_kek *out_kek,
                                    struct jt_diag *diag);

/* Derives from 32 bytes. JT_ERR_CRYPTO, JT_ERR_NOMEM, JT_ERR_ARGUMENT when not 32. */
JT_MUST_USE enum jt_err jt_kek_derive(struct jt_span bytes, struct jt_kek *out_kek);

/* Makes `path` with a fresh key, mode 0600, unless the file exists (then it is left alone and the
 * answer is JT_OK). Written whole or not at all (fsync, link). JT_ERR_KEK with a sentence;
 * JT_ERR_RANDOM, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_kek_create(const char *path, const struct jt_random *random,
                                      struct jt_diag *diag);

void jt_kek_release(struct jt_kek *kek);

#endif
