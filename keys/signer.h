/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one narrow door to private keys: generate, load, sign, rewrap. Nothing outside keys/ holds a
 * private key or the key-encryption key; the store carries sealed blobs that only a signer opens. A
 * signer takes claims, never bytes to sign, and refuses a lifetime longer than the key may sign.
 * Implementations stand behind struct jt_signer_ops; signer_new.c chooses. It does not know the schedule: which key signs
 * is the caller's choice.
 * Ownership: said at each call.
 * Thread rule: generate, load, rewrap, set_keks by one thread at a time (the keyring's); sign by any
 * thread through a lane of its own.
 * Sources: RFC 7515, RFC 9068 sec. 2, NIST SP 800-38D.
 */
#ifndef JT_KEYS_SIGNER_H
#define JT_KEYS_SIGNER_H

#include "common/base/buf.h"
#include "common/base/diag.h"
#include "common/base/random.h"
#include "common/base/secret.h"
#include "common/jose/alg.h"
#include "keys/kek.h"

struct jt_signer;
struct jt_signer_lane;

enum jt_sealed_kind {
    JT_SEALED_KEY,    /* a signing key pair */
    JT_SEALED_PEPPER, /* the 32-byte key of client-secret hashes; kid "pepper", no public part */
};

#define JT_SEALED_MAC_LEN  32
#define JT_SEALED_BLOB_MAX 8192
#define JT_SEALED_JWK_MAX  4096

/* What the store carries of a key: kid, algorithm, public JWK (JSON text) and MAC in clear, the
 * private half sealed. An empty blob: the private half was erased. Owned by the holder. */
struct jt_sealed {
    enum jt_sealed_kind kind;
    enum jt_alg alg; /* JT_ALG_NONE for a pepper */
    struct jt_buf kid, public_jwk, blob;
    uint8_t mac[JT_SEALED_MAC_LEN]; /* HMAC over kind, kid, alg and public JWK */
};

#define JT_SEALED_INIT                                                                \
    {                                                                                 \
        JT_SEALED_KEY, JT_ALG_NONE, JT_BUF_INIT(256), JT_BUF_INIT(JT_SEALED_JWK_MAX), \
            JT_BUF_INIT(JT_SEALED_BLOB_MAX),                                          \
        {                                                                             \
            0                                                                         \
        }                                                                             \
    }

void jt_sealed_release(struct jt_sealed *sealed);

/* Writes the id of the key-encryption key that `blob` says it is wrapped under, which nothing has
 * proved; false: it is not a blob, or an erased one. */
bool jt_sealed_kek(struct jt_span blob, char out_id[JT_KEK_ID_TEXT]);

/* The claims of an access token (RFC 9068 sec. 2.2). Spans are borrowed and must be valid UTF-8. */
struct jt_claims {
    struct jt_span iss, sub, client_id, jti;
    const struct jt_span *aud; /* n_aud >= 1: one is written as a string, more as an array */
    size_t n_aud;
    struct jt_span scope; /* space-separated; empty: the claim is left out */
    int64_t iat_s, nbf_s, exp_s;
    struct jt_span extra; /* further members as JSON text `"a":1,"b":2`, or empty; the access
                             model has checked that none is a registered name */
    struct jt_span typ;   /* header typ: "at+jwt" or "JWT" */
};

#define JT_SIGNER_TOKEN_MAX (16 * 1024)
#define JT_SIGNER_LANES_MAX 256 /* threads that sign at the same time */

/* --- where the keys are --- */

enum jt_signer_how {
    JT_SIGNER_LOCAL,   /* in this process */
    JT_SIGNER_PROCESS, /* in a process of their own */
    JT_SIGNER_PKCS11,  /* in a PKCS#11 token */
};

/* The token that `how` or a key-encryption key needs; the PIN has one source. */
struct jt_pkcs11_conf {
    const char *module, *token;
    const char *pin_file, *pin_credential, *pin_env;
};

struct jt_signer_conf {
    enum jt_signer_how how;
    struct jt_kek_source kek, kek_next; /* kek_next: all NULL when none is to come */
    struct jt_pkcs11_conf pkcs11;
};

/* Does a signer of that kind make keys for `alg`? In a token: for all but EdDSA. */
bool jt_signer_makes(enum jt_signer_how how, enum jt_alg alg);

/* Gives the signer that `conf` asks for, its key-encryption keys loaded. `conf` is borrowed for the
 * call, `random` for the signer's life. JT_ERR_KEK with a sentence that names the source and the
 * mend; JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_signer_new(const struct jt_signer_conf *conf,
                                      const struct jt_random *random, struct jt_signer **out_signer,
                                      struct jt_diag *diag);

/* Replaces the key-encryption keys by those that `conf` names; loaded keys stay loaded. It is not
 * asked whether every row opens under them: jt_signer_load tells. On failure nothing has changed;
 * errors as above. */
JT_MUST_USE enum jt_err jt_signer_set_keks(struct jt_signer *signer,
                                           const struct jt_signer_conf *conf, struct jt_diag *diag);

struct jt_signer_status {
    enum jt_signer_how how;
    char kek[JT_KEK_ID_TEXT], kek_next[JT_KEK_ID_TEXT]; /* "": none */
    bool away;                                          /* cannot sign just now */
    uint64_t leftover; /* private halves of a token that sign no more and are to be destroyed yet */
    bool memory_locked; /* what holds the keys is never swapped */
    uint64_t restarts;  /* of a signer process */
};
/* Any thread; asks nobody that could keep it waiting. */
void jt_signer_status(struct jt_signer *signer, struct jt_signer_status *out_status);

/* Wipes the keys and frees. Every lane must be freed before. NULL is harmless. */
void jt_signer_free(struct jt_signer *signer);
JT_AUTOP_DEFINE(signer);

/* Makes a key pair for `alg` (a row with `issue`), or a pepper (alg JT_ALG_NONE), seals it under the
 * key-encryption key in force and fills `out_sealed`. Does not load it. Before a key pair is given, the independent witness must
 * have verified a probe signed by it against the public JWK as it stands in `out_sealed`
 * (witness.h). JT_ERR_WITNESS, JT_ERR_RANDOM, JT_ERR_CRYPTO, JT_ERR_NOMEM, JT_ERR_ARGUMENT. */
JT_MUST_USE enum jt_err jt_signer_generate(struct jt_signer *signer, enum jt_sealed_kind kind,
                                           enum jt_alg alg, struct jt_sealed *out_sealed,
                                           struct jt_diag *diag);

/* Makes what the signer knows of `sealed->kid` equal to the row: checks the MAC, opens the blob and
 * checks that it is the private half of the public JWK; with an empty blob only the MAC is checked,
 * and the private half is wiped, and destroyed in a token, for ever. `longest_s` is the longest
 * lifetime the key may sign; 0: only the MAC is checked, nothing is loaded, wiped or destroyed. For a
 * pepper `out_pepper` receives the 32 bytes; for a key it is NULL.
 * JT_ERR_KEY_MAC: not a row of this issuer's. JT_ERR_UNSEAL: sealed under another key, or damaged.
 * JT_ERR_NOMEM, JT_ERR_CRYPTO. On failure nothing of the signer's state has changed. */
JT_MUST_USE enum jt_err jt_signer_load(struct jt_signer *signer, const struct jt_sealed *sealed,
                                       int64_t longest_s, struct jt_secret *out_pepper,
                                       struct jt_diag *diag);

/* Wraps the data key of `sealed->blob` under the next key-encryption key, or under the one in force
 * when there is no next, and makes the row's MAC anew; the private key itself is not touched.
 * `out_changed`: false when it was so already. JT_ERR_UNSEAL, JT_ERR_KEY_MAC, JT_ERR_CRYPTO,
 * JT_ERR_NOMEM; on failure `sealed` is as it was. */
JT_MUST_USE enum jt_err jt_signer_rewrap(struct jt_signer *signer, struct jt_sealed *sealed,
                                         bool *out_changed, struct jt_diag *diag);

/* Gives a lane for the calling thread: prepared contexts and a slot. JT_ERR_NOMEM; JT_ERR_LIMIT
 * when JT_SIGNER_LANES_MAX lanes are in use. */
JT_MUST_USE enum jt_err jt_signer_lane_new(struct jt_signer *signer,
                                           struct jt_signer_lane **out_lane);
void jt_signer_lane_free(struct jt_signer_lane *lane);
JT_AUTOP_DEFINE(signer_lane);

/* Appends the compact JWS of `claims`, signed by key `kid`, to `out` (max at least
 * JT_SIGNER_TOKEN_MAX). JT_ERR_KEY_ABSENT: no private half of that kid is loaded (a caller that
 * read an old root reads the new one and tries again). JT_ERR_LIFETIME: exp_s - iat_s is over the
 * key's longest_s, or not above 0. JT_ERR_ARGUMENT: no aud, another typ, an empty iss, sub,
 * client_id or jti. JT_ERR_UTF8. JT_ERR_LIMIT: longer than JT_SIGNER_TOKEN_MAX. JT_ERR_NOMEM,
 * JT_ERR_CRYPTO. On failure `out` is as it was. RFC 7515 sec. 5.1. */
JT_MUST_USE enum jt_err jt_signer_sign(struct jt_signer_lane *lane, struct jt_span kid,
                                       const struct jt_claims *claims, struct jt_buf *out);

#endif
