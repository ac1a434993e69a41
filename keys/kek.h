/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key-encryption key: 32 bytes from a file, a systemd credential or an environment variable
 * (or of a PKCS#11 token, keks.h), from which the wrapping key and the MAC key of key rows are
 * derived. It stays behind the signer.
 * Ownership: in place, wiped on release.
 * Thread rule: read-only by many once loaded.
 * Sources: RFC 5869 (derivation), NIST SP 800-38D (AES-GCM).
 */
#ifndef JT_KEYS_KEK_H
#define JT_KEYS_KEK_H

#include "common/base/buf.h"
#include "common/base/diag.h"
#include "common/base/secret.h"

#define JT_KEK_ID_LEN  8
#define JT_KEK_ID_TEXT (2 * JT_KEK_ID_LEN + 1) /* as hex, with the NUL */

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

/* One that is not NULL names it; all NULL: none. The value of the first three is 43 characters of
 * base64url or 64 of hex, white space at the end ignored. */
struct jt_kek_source {
    const char *file;       /* refused when others than its owner may read or write it */
    const char *credential; /* a name under $CREDENTIALS_DIRECTORY */
    const char *env;        /* a name of a variable */
    const char *pkcs11;     /* the label of a secret key in the token */
};

/* Gives a descriptor of the key's text, for jt_kek_read here or in the process that it is handed
 * to; of a variable, a pipe that holds it. Nothing is read of a file. JT_ERR_KEK with a sentence that
 * names the source and the mend; JT_ERR_NOMEM; JT_ERR_ARGUMENT unless exactly one source of the
 * first three is named. */
JT_MUST_USE enum jt_err jt_kek_open(const struct jt_kek_source *source, int *out_fd,
                                    struct jt_diag *diag);

/* Reads to the end of `fd`, which stays open, and derives. `what` names the source in sentences.
 * JT_ERR_KEK with a sentence; JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_kek_read(int fd, const char *what, struct jt_kek *out_kek,
                                    struct jt_diag *diag);

/* Both, one after the other. */
JT_MUST_USE enum jt_err jt_kek_load(const struct jt_kek_source *source, struct jt_kek *out_kek,
                                    struct jt_diag *diag);

/* Appends what names the source in sentences, e.g. "file /etc/jeton/kek". JT_ERR_NOMEM,
 * JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_kek_describe(const struct jt_kek_source *source, struct jt_buf *out);

/* Derives from 32 bytes. JT_ERR_CRYPTO, JT_ERR_NOMEM, JT_ERR_ARGUMENT when not 32. */
JT_MUST_USE enum jt_err jt_kek_derive(struct jt_span bytes, struct jt_kek *out_kek);

/* Writes the id as hex. */
void jt_kek_id_text(const uint8_t id[JT_KEK_ID_LEN], char out[JT_KEK_ID_TEXT]);

void jt_kek_release(struct jt_kek *kek);

#endif
