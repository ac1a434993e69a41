/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects in a token: found by their attributes, their attributes read, the pair of a kid found and
 * destroyed. Internal to keys/pkcs11*. Each call stands in a jt_pkcs11_fn and returns its CK_RV.
 * Ownership: none.
 * Thread rule: the thread of the call.
 * Source: PKCS#11 2.40 sec. 5.7.
 */
#ifndef JT_KEYS_PKCS11_OBJECT_H
#define JT_KEYS_PKCS11_OBJECT_H

#include "common/base/buf.h"
#include "keys/pkcs11_call.h"

#define JT_PKCS11_ID_LEN 32 /* of CKA_ID: a thumbprint */

/* The object of `class` whose CKA_ID is `id`; CK_INVALID_HANDLE when there is none. Of several, one.
 */
CK_RV jt_pkcs11_object_find(const struct jt_pkcs11_call *call, CK_OBJECT_CLASS class,
                            const uint8_t id[JT_PKCS11_ID_LEN], CK_OBJECT_HANDLE *out_object);

/* Up to `max` objects that match; how many are filled. */
CK_RV jt_pkcs11_object_search(const struct jt_pkcs11_call *call, CK_ATTRIBUTE *match, CK_ULONG n,
                              CK_OBJECT_HANDLE *out_objects, CK_ULONG max, CK_ULONG *out_n);

/* A boolean attribute; `out_value` is false also when the object has none such. */
CK_RV jt_pkcs11_object_flag(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE_TYPE type, bool *out_value);

/* A number; CK_UNAVAILABLE_INFORMATION when the object has none such. */
CK_RV jt_pkcs11_object_number(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE_TYPE type, CK_ULONG *out_value);

/* Replaces what `out` holds by an attribute's bytes: CKR_DATA_LEN_RANGE when they are more than its
 * max. */
CK_RV jt_pkcs11_object_bytes(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                             CK_ATTRIBUTE_TYPE type, struct jt_buf *out);

/* May the secret in `object` never be seen outside the token, nor used without the PIN? */
CK_RV jt_pkcs11_object_stays(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                             bool *out_stays);

/* Destroys every private and public key whose CKA_ID is `id`; none is fine. */
CK_RV jt_pkcs11_object_destroy(const struct jt_pkcs11_call *call,
                               const uint8_t id[JT_PKCS11_ID_LEN]);

#endif
