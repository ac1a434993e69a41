/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks after a token for a signer: a thread that asks it for a sign of life every second, so that
 * it is known to be away though nobody asks for access tokens, and is used again once it is back;
 * and the destruction of pairs that sign no more, done once, and later where the token was away.
 * Internal to keys/.
 * Ownership: heap, the signer's; holds a reference to the token. Freeing waits for the thread, which
 * may be inside the module.
 * Thread rule: new, start, end and free by one thread; the others by any.
 */
#ifndef JT_KEYS_PKCS11_TEND_H
#define JT_KEYS_PKCS11_TEND_H

#include "keys/pkcs11.h"

struct jt_pkcs11_tend;

/* Gives one without its thread. Takes a reference to `token` of its own. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pkcs11_tend_new(struct jt_pkcs11 *token,
                                           struct jt_pkcs11_tend **out_tend);

/* Starts the thread, once. JT_ERR_NOMEM when the system gives none. */
JT_MUST_USE enum jt_err jt_pkcs11_tend_start(struct jt_pkcs11_tend *tend);

/* Stops the thread and frees. NULL is harmless. */
void jt_pkcs11_tend_free(struct jt_pkcs11_tend *tend);
JT_AUTOP_DEFINE(pkcs11_tend);

/* Borrowed. */
struct jt_pkcs11 *jt_pkcs11_tend_token(const struct jt_pkcs11_tend *tend);

/* Destroys the pair `kid` in the token, if it is there and was not seen to be gone. A failure is no
 * error of the caller's: the pair is left over until the thread or a later call succeeds. */
void jt_pkcs11_tend_end(struct jt_pkcs11_tend *tend, struct jt_span kid);

/* How many pairs are left over. */
size_t jt_pkcs11_tend_leftover(struct jt_pkcs11_tend *tend);

#endif
