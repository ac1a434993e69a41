/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a listener that speaks TLS needs: the certificate chain and the use of its private key, which
 * may be replaced while it serves. A connection keeps the pair that it began with; connections that
 * are open are not touched. The key itself is not here: it signs through a call of its holder's
 * (keys/tls_key.h), so that GnuTLS never has it. TLS 1.2 and 1.3, ALPN http/1.1, neither
 * renegotiation nor resumption (tls.c says why).
 * Ownership: a pair is loaded by one, then taken by a jt_tls, which connections share by counting.
 * Thread rule: use by one thread at a time; what the server calls, by any thread. `lock` guards
 * `current`.
 * Sources: RFC 8446, RFC 5246, RFC 9325 (recommendations), RFC 7301 (ALPN).
 */
#ifndef JT_HTTP_TLS_H
#define JT_HTTP_TLS_H

#include "common/base/diag.h"
#include "common/base/span.h"
#include "common/http/tls_turn.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum jt_tls_form {
    JT_TLS_ECDSA,     /* of a digest; DER */
    JT_TLS_RSA_PKCS1, /* of a DigestInfo */
    JT_TLS_RSA_PSS,   /* of a digest; the salt is as long */
};

#define JT_TLS_SIGNATURE_MAX 1024

/* A private key by its use: the holder's, who says what it is. */
struct jt_tls_key {
    void *holder;
    bool rsa; /* else EC */
    unsigned bits;
    /* Writes the signature of `digest`, made by hash `md` ("SHA256"), to `out`, which has room for
     * JT_TLS_SIGNATURE_MAX bytes. Any thread. False: it cannot. */
    bool (*sign)(void *holder, enum jt_tls_form form, const char *md, struct jt_span digest,
                 uint8_t *out, size_t *out_n);
    void (*free)(void *holder);
};

struct jt_tls_pair;

/* What can be told of a certificate. */
struct jt_tls_about {
    char subject[128];    /* as RFC 4514 has it, cut */
    int64_t not_after_s;  /* it is of no use from here on */
    char fingerprint[65]; /* SHA-256 of the certificate, in hex */
};

/* Gives the pair of the certificate chain in `pem`, the server's own first, and `key` (taken, also
 * on failure). `name` is the chain's file, for sentences. JT_ERR_CONFIG with a sentence: no such
 * chain, out of order, a key that is too weak, or one that is not the certificate's. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_tls_pair_new(struct jt_span pem, const char *name,
                                        struct jt_tls_key *key, struct jt_tls_pair **out_pair,
                                        struct jt_diag *diag);

/* Of a pair that has not been taken, or the caller's own; NULL is harmless. */
void jt_tls_pair_free(struct jt_tls_pair *pair);
JT_AUTOP_DEFINE(tls_pair);

/* Borrowed. */
const struct jt_tls_about *jt_tls_pair_about(const struct jt_tls_pair *pair);

/* The server calls through this, so that it can be linked without GnuTLS. */
struct jt_tls {
    const char *priorities; /* in GnuTLS's words */
    void *retrieve;         /* for MHD_OPTION_HTTPS_CERT_CALLBACK2 */
    /* A connection begins, in `session` of GnuTLS, over the socket `fd`, served by the thread of
     * `turn`, which outlives it. Gives what `end` takes when the connection has been closed; NULL: it
     * has to be closed at once. */
    void *(*begin)(struct jt_tls *tls, void *session, int fd, struct jt_tls_turn *turn);
    void (*end)(void *held);
    pthread_mutex_t lock;
    struct jt_tls_pair *current;
};

/* Takes `pair`. JT_ERR_NOMEM: `pair` is still the caller's. */
JT_MUST_USE enum jt_err jt_tls_init(struct jt_tls *tls, struct jt_tls_pair *pair);

/* Takes `pair`, for connections from here on. */
void jt_tls_use(struct jt_tls *tls, struct jt_tls_pair *pair);

/* After the servers that used it have stopped. Harmless when init was never called (all zero). */
void jt_tls_release(struct jt_tls *tls);

#endif
