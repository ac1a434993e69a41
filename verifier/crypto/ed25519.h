/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EdDSA over Ed25519, by libsodium: OpenSSL's takes nearly twice the time, and accepts keys and R
 * of small order. A build without libsodium (ed25519_none.c) has no EdDSA.
 * Thread rule: any thread, after init.
 * Sources: RFC 8032 sec. 5.1.7, RFC 8037 sec. 3.1.
 */
#ifndef JT_VERIFIER_ED25519_H
#define JT_VERIFIER_ED25519_H

#include "common/base/err.h"
#include "common/base/span.h"

/* Has this build EdDSA? */
extern const bool jt_ed25519_there;

/* Once before the first verification; harmless when repeated. JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_ed25519_init(void);

/* Is `signature`, of 64 bytes, one over `message` by the public key `key`? JT_ERR_SIGNATURE. */
JT_MUST_USE enum jt_err jt_ed25519_verify(const uint8_t key[32], struct jt_span message,
                                          struct jt_span signature);

#endif
