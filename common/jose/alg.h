/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithm table: which JWS algorithms exist here, what key each takes and who may use it. An
 * algorithm is a row; no other file compares algorithm names. HMAC and `none` have no row, so they
 * cannot be chosen by a token, a policy or a configuration.
 * Ownership: constant data.
 * Thread rule: any thread.
 * Sources: RFC 7518 sec. 3, RFC 8037 sec. 3.1, RFC 9864 sec. 2.2 (the name Ed25519).
 */
#ifndef JT_JOSE_ALG_H
#define JT_JOSE_ALG_H

#include "common/base/span.h"

enum jt_alg {
    JT_ALG_NONE = 0, /* no algorithm; never a row */
    JT_ALG_ES256,
    JT_ALG_ES384,
    JT_ALG_ES512,
    JT_ALG_RS256,
    JT_ALG_RS384,
    JT_ALG_RS512,
    JT_ALG_PS256,
    JT_ALG_PS384,
    JT_ALG_PS512,
    JT_ALG_EDDSA,
    JT_ALG_ED25519,
    JT_ALG_COUNT_
};

enum jt_kty { JT_KTY_EC, JT_KTY_RSA, JT_KTY_OKP };

struct jt_alg_row {
    enum jt_alg id;
    const char *name; /* as in the header's alg */
    enum jt_kty kty;
    const char *crv;   /* JWK crv; NULL for RSA */
    const char *group; /* OpenSSL's name of the curve; NULL for RSA */
    const char *md;    /* OpenSSL's name of the digest; NULL for EdDSA */
    bool pss;          /* RSASSA-PSS with a salt as long as the digest */
    size_t coord_len;  /* bytes of one coordinate, and half a signature; 0 for RSA */
    bool issue;        /* may a key of this issuer be made for it */
    /* The algorithm that a key is made for: two names of one algorithm (EdDSA, Ed25519) share it,
     * and a key pinned to one verifies the other. */
    enum jt_alg key_alg;
};

/* The row of `id`, NULL for JT_ALG_NONE or an unknown number. */
const struct jt_alg_row *jt_alg_row(enum jt_alg id);

/* The row whose name is exactly `name` (RFC 7515 sec. 4.1.1: case-sensitive); NULL if none. */
const struct jt_alg_row *jt_alg_find(struct jt_span name);

/* "EC", "RSA", "OKP". */
const char *jt_alg_kty_name(enum jt_kty kty);

#endif
