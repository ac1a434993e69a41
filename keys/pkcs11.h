/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 token in use: its module loaded, the token found by its label, the PIN given, a session
 * for each call, and all that done anew when the token was away. It does not know what is done in a
 * session: pkcs11_key.h and pkcs11_kek.h do, and with them this is the only corner that knows
 * PKCS#11. Internal to keys/.
 * A PIN that the token refused is not given again by this process, for a few wrong ones lock it.
 * Ownership: shared by reference count; the last reference logs out and wipes the PIN.
 * Thread rule: any thread; a call waits for no other, but for a session where the token has few.
 * After a fork the child connects for itself (p11-kit sees to it).
 * Sources: PKCS#11 2.40 sec. 5.4 to 5.6; p11-kit's modules, which several parts of a process share.
 */
#ifndef JT_KEYS_PKCS11_H
#define JT_KEYS_PKCS11_H

#include "keys/signer.h"

struct jt_pkcs11;
struct jt_pkcs11_call; /* pkcs11_call.h */

/* Gives the token that `conf` names. The PIN is read from its one source, by the checks of a
 * key-encryption key; the module is reached by the first call. JT_ERR_CONFIG with a sentence;
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pkcs11_new(const struct jt_pkcs11_conf *conf,
                                      struct jt_pkcs11 **out_token, struct jt_diag *diag);

/* Gives one more reference. */
struct jt_pkcs11 *jt_pkcs11_ref(struct jt_pkcs11 *token);
void jt_pkcs11_free(struct jt_pkcs11 *token);
JT_AUTOP_DEFINE(pkcs11);

/* The token's label, borrowed. */
const char *jt_pkcs11_label(const struct jt_pkcs11 *token);

/* Does something in a session and returns a CK_RV, of which the session's state follows. */
typedef unsigned long (*jt_pkcs11_fn)(void *ctx, const struct jt_pkcs11_call *call);

/* Calls `fn` in a session of its own. When the token was away since the last call, or is found to be
 * by this one, connects anew and calls once more. JT_ERR_SIGNER_AWAY with a sentence when the token
 * does not answer, or refuses; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pkcs11_run(struct jt_pkcs11 *token, jt_pkcs11_fn fn, void *ctx,
                                      struct jt_diag *diag);

/* Was it there when it was last used or asked? Asks nothing. False before the first call. */
bool jt_pkcs11_is_up(const struct jt_pkcs11 *token);

/* Asks the token for a sign of life, connecting when that is needed. Errors as jt_pkcs11_run. */
JT_MUST_USE enum jt_err jt_pkcs11_ping(struct jt_pkcs11 *token, struct jt_diag *diag);

#endif
