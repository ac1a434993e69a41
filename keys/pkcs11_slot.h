/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a token by its label and logging in to it. Internal to keys/pkcs11*.
 * Ownership: none.
 * Thread rule: one thread at a time for each module.
 * Source: PKCS#11 2.40 sec. 5.5, 5.6.
 */
#ifndef JT_KEYS_PKCS11_SLOT_H
#define JT_KEYS_PKCS11_SLOT_H

#include "common/base/diag.h"
#include "common/base/secret.h"
#include "common/base/span.h"
#include "keys/pkcs11_call.h"

/* Finds the one initialized token called `label`. JT_ERR_SIGNER_AWAY with a sentence when there is
 * none, or two; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pkcs11_slot_find(CK_FUNCTION_LIST *f, const char *label,
                                            CK_SLOT_ID *out_slot, struct jt_diag *diag);

/* Opens a session and logs in. `out_refused` is true when the PIN is not to be given again: it was
 * refused, or the token has one try left. JT_ERR_SIGNER_AWAY with a sentence. */
JT_MUST_USE enum jt_err jt_pkcs11_slot_login(CK_FUNCTION_LIST *f, CK_SLOT_ID slot,
                                             struct jt_span pin, CK_SESSION_HANDLE *out_session,
                                             bool *out_refused, struct jt_diag *diag);

/* "TEXT (0xNUMBER)" for a failure that a module told. */
enum jt_err jt_pkcs11_slot_fail(const char *label, CK_RV rv, struct jt_diag *diag);

#endif
