/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/pkcs11_object.h"

#include "common/base/base.h"

#define DESTROY_MAX 8 /* objects of one CKA_ID and class */

CK_RV jt_pkcs11_object_search(const struct jt_pkcs11_call *call, CK_ATTRIBUTE *match, CK_ULONG n,
                              CK_OBJECT_HANDLE *out_objects, CK_ULONG max, CK_ULONG *out_n)
{
    CK_RV rv = call->f->C_FindObjectsInit(call->session, match, n);
    if (rv != CKR_OK) {
        return rv;
    }
    *out_n = 0;
    rv = call->f->C_FindObjects(call->session, out_objects, max, out_n);
    CK_RV last = call->f->C_FindObjectsFinal(call->session);
    return rv == CKR_OK ? last : rv;
}

static CK_RV search_id(const struct jt_pkcs11_call *call, CK_OBJECT_CLASS class,
                       const uint8_t id[JT_PKCS11_ID_LEN], CK_OBJECT_HANDLE *out_objects,
                       CK_ULONG max, CK_ULONG *out_n)
{
    uint8_t copy[JT_PKCS11_ID_LEN];
    memcpy(copy, id, sizeof copy); /* a template is of writable values */
    CK_ATTRIBUTE match[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, copy, sizeof copy}};
    return jt_pkcs11_object_search(call, match, JT_COUNT(match), out_objects, max, out_n);
}

CK_RV jt_pkcs11_object_find(const struct jt_pkcs11_call *call, CK_OBJECT_CLASS class,
                            const uint8_t id[JT_PKCS11_ID_LEN], CK_OBJECT_HANDLE *out_object)
{
    CK_ULONG n = 0;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_RV rv = search_id(call, class, id, &object, 1, &n);
    if (rv == CKR_OK) {
        *out_object = n == 0 ? CK_INVALID_HANDLE : object;
    }
    return rv;
}

/* An attribute of a fixed length; `value` stays as it is when the object has none such. */
static CK_RV read_fixed(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                        CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG n)
{
    CK_ATTRIBUTE attribute = {type, value, n};
    CK_RV rv = call->f->C_GetAttributeValue(call->session, object, &attribute, 1);
    return rv == CKR_ATTRIBUTE_TYPE_INVALID ? CKR_OK : rv;
}

CK_RV jt_pkcs11_object_flag(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE_TYPE type, bool *out_value)
{
    CK_BBOOL value = CK_FALSE;
    CK_RV rv = read_fixed(call, object, type, &value, sizeof value);
    *out_value = rv == CKR_OK && value == CK_TRUE;
    return rv;
}

CK_RV jt_pkcs11_object_number(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE_TYPE type, CK_ULONG *out_value)
{
    *out_value = CK_UNAVAILABLE_INFORMATION;
    return read_fixed(call, object, type, out_value, sizeof *out_value);
}

CK_RV jt_pkcs11_object_bytes(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                             CK_ATTRIBUTE_TYPE type, struct jt_buf *out)
{
    CK_ATTRIBUTE attribute = {type, NULL, 0};
    CK_RV rv = call->f->C_GetAttributeValue(call->session, object, &attribute, 1);
    if (rv != CKR_OK) {
        return rv;
    }
    jt_buf_clear(out);
    if (attribute.ulValueLen > out->max) {
        return CKR_DATA_LEN_RANGE;
    }
    if (jt_buf_reserve(out, attribute.ulValueLen) != JT_OK) {
        return CKR_HOST_MEMORY;
    }
    attribute.pValue = out->p;
    rv = call->f->C_GetAttributeValue(call->session, object, &attribute, 1);
    if (rv == CKR_OK && attribute.ulValueLen <= out->cap && out->p != NULL) {
        out->len = attribute.ulValueLen;
        out->p[out->len] = 0;
    }
    return rv;
}

CK_RV jt_pkcs11_object_stays(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                             bool *out_stays)
{
    bool sensitive = false, extractable = false, private = false;
    CK_RV rv = jt_pkcs11_object_flag(call, object, CKA_SENSITIVE, &sensitive);
    if (rv == CKR_OK) {
        rv = jt_pkcs11_object_flag(call, object, CKA_EXTRACTABLE, &extractable);
    }
    if (rv == CKR_OK) {
        rv = jt_pkcs11_object_flag(call, object, CKA_PRIVATE, &private);
    }
    *out_stays = rv == CKR_OK && sensitive && !extractable && private;
    return rv;
}

static CK_RV destroy_class(const struct jt_pkcs11_call *call, CK_OBJECT_CLASS class,
                           const uint8_t id[JT_PKCS11_ID_LEN])
{
    CK_OBJECT_HANDLE objects[DESTROY_MAX];
    CK_ULONG n = 0;
    CK_RV rv = search_id(call, class, id, objects, DESTROY_MAX, &n);
    for (CK_ULONG i = 0; i < n && rv == CKR_OK; i++) {
        rv = call->f->C_DestroyObject(call->session, objects[i]);
        if (rv == CKR_OBJECT_HANDLE_INVALID) {
            rv = CKR_OK; /* another issuer that shares the token was faster */
        }
    }
    return rv;
}

CK_RV jt_pkcs11_object_destroy(const struct jt_pkcs11_call *call,
                               const uint8_t id[JT_PKCS11_ID_LEN])
{
    CK_RV rv = destroy_class(call, CKO_PRIVATE_KEY, id);
    return rv == CKR_OK ? destroy_class(call, CKO_PUBLIC_KEY, id) : rv;
}
