/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key-encryption key out of a PKCS#11 token. The token's secret key never leaves it: the 32 bytes
 * are what it makes of a fixed text, by HMAC-SHA-256 where it is a generic secret and by AES-CMAC
 * where it is an AES key, in counter mode (SP 800-108). With the database and every file, but without
 * the token and its PIN, nothing opens. Internal to keys/.
 *
 * Not by wrapping with CKM_AES_GCM or by CKM_AES_ECB: the same 32 bytes must come out at each start,
 * nothing is to be stored beside the row, and a key that may only sign cannot decrypt anything else.
 *
 * Ownership: the bytes are the caller's, wiped by him.
 * Thread rule: any thread.
 * Sources: NIST SP 800-108r1 sec. 4.1, SP 800-38B, RFC 2104; PKCS#11 2.40 mechanisms sec. 2.13, 2.22.
 */
#ifndef JT_KEYS_PKCS11_KEK_H
#define JT_KEYS_PKCS11_KEK_H

#include "common/base/secret.h"
#include "keys/signer.h"

/* Derives the 32 bytes of the secret key called `label` in the token of `conf`. JT_ERR_KEK with a
 * sentence: no such key or two, one that could leave the token or is shorter than 32 bytes or may not
 * sign, a token that does not answer or let us in; JT_ERR_CONFIG; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pkcs11_kek(const struct jt_pkcs11_conf *conf, const char *label,
                                      struct jt_secret *out_bytes, struct jt_diag *diag);

#endif
