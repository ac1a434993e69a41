/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a function given to jt_pkcs11_run gets, and the only place that brings PKCS#11's names.
 * Internal to keys/pkcs11*.
 * Ownership: borrowed for the call.
 * Thread rule: the thread that was called.
 * Source: PKCS#11 2.40, as p11-kit writes its names.
 */
#ifndef JT_KEYS_PKCS11_CALL_H
#define JT_KEYS_PKCS11_CALL_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <stdint.h>

struct jt_pkcs11_call {
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE session;
    uint64_t life; /* of the connection: an object's handle is of one */
};

#endif
