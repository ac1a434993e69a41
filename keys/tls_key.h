/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private key of a listener's certificate, from a PEM file: it signs handshakes, never tokens.
 * It is in the process that serves HTTP, also with `keys.signer: process`; who reads that process
 * can pretend to be the server until the certificate is replaced, and makes no token. It lies in
 * guarded pages (memory_guard.h) and is wiped when freed; libcrypto signs, so GnuTLS, which could do
 * neither, never has it. Not in those pages: what a signature computes with, while it does.
 * Ownership: heap; given to who holds the certificate (common/http/tls.h).
 * Thread rule: load by any thread; signing any thread.
 * Sources: RFC 7468, RFC 5958 (files); RFC 8446 sec. 4.2.3 (signatures).
 */
#ifndef JT_KEYS_TLS_KEY_H
#define JT_KEYS_TLS_KEY_H

#include "common/http/tls.h"

/* Gives the key in the file `path`: EC of P-256, P-384 or P-521, or RSA; without a passphrase. The
 * file must be root's or this user's, and nobody else's to write or, but for its group, to read.
 * JT_ERR_CONFIG with a sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_tls_key_load(const char *path, struct jt_tls_key *out_key,
                                        struct jt_diag *diag);

#endif
