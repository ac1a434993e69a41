/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/loose_module.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/base.h"

__attribute__((visibility("default"))) struct loose_state loose_state;

static CK_FUNCTION_LIST list, *real;

static bool is_away(void)
{
    const char *file = getenv("LOOSE_MODULE_AWAY");
    return atomic_load(&loose_state.away) || (file != NULL && access(file, F_OK) == 0);
}

static CK_RV initialize(void *args)
{
    atomic_fetch_add(&loose_state.initialized, 1);
    atomic_store(&loose_state.sessions, 0);
    return real->C_Initialize(args);
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
    atomic_fetch_add(&loose_state.stalled, 1);
    while (atomic_load(&loose_state.stall)) {
        (void)sched_yield();
    }
    atomic_fetch_sub(&loose_state.stalled, 1);
    if (is_away()) {
        *n = 0;
        return CKR_OK;
    }
    return real->C_GetSlotList(present, slots, n);
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv = real->C_GetTokenInfo(slot, info);
    if (rv == CKR_OK && atomic_load(&loose_state.final_try)) {
        info->flags |= CKF_USER_PIN_FINAL_TRY;
    }
    return rv;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    if (is_away()) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    int max = atomic_load(&loose_state.max_sessions);
    int n = atomic_fetch_add(&loose_state.sessions, 1) + 1;
    if (max > 0 && n > max) {
        atomic_fetch_sub(&loose_state.sessions, 1);
        atomic_fetch_add(&loose_state.refused_sessions, 1);
        return CKR_SESSION_COUNT;
    }
    return real->C_OpenSession(slot, flags, app, notify, session);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG n)
{
    atomic_fetch_add(&loose_state.logins, 1);
    if (atomic_load(&loose_state.refuse_pin)) {
        return CKR_PIN_INCORRECT;
    }
    return is_away() ? CKR_DEVICE_REMOVED : real->C_Login(session, user, pin, n);
}

static CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    return is_away() ? CKR_SESSION_HANDLE_INVALID : real->C_GetSessionInfo(session, info);
}

static CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *match, CK_ULONG n)
{
    return is_away() ? CKR_DEVICE_ERROR : real->C_FindObjectsInit(session, match, n);
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *attributes, CK_ULONG n)
{
    CK_RV rv = real->C_GetAttributeValue(session, object, attributes, n);
    if (rv == CKR_OK && n == 1 && attributes[0].type == CKA_EXTRACTABLE &&
        atomic_load(&loose_state.lie_leaves)) {
        *(CK_BBOOL *)attributes[0].pValue = CK_TRUE;
    }
    return rv;
}

static CK_RV set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *attributes, CK_ULONG n)
{
    return atomic_load(&loose_state.refuse_naming)
               ? CKR_ATTRIBUTE_READ_ONLY
               : real->C_SetAttributeValue(session, object, attributes, n);
}

static CK_RV destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    if (atomic_load(&loose_state.refuse_ending)) {
        return CKR_ACTION_PROHIBITED;
    }
    CK_RV rv = real->C_DestroyObject(session, object);
    return atomic_load(&loose_state.ended_by_other) ? CKR_OBJECT_HANDLE_INVALID : rv;
}

static CK_RV generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_ATTRIBUTE *public, CK_ULONG n_public, CK_ATTRIBUTE *private,
                               CK_ULONG n_private, CK_OBJECT_HANDLE *out_public,
                               CK_OBJECT_HANDLE *out_private)
{
    return is_away() ? CKR_DEVICE_REMOVED
                     : real->C_GenerateKeyPair(session, mechanism, public, n_public, private,
                                               n_private, out_public, out_private);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    if (atomic_load(&loose_state.stale) > 0) {
        atomic_fetch_sub(&loose_state.stale, 1);
        return CKR_KEY_HANDLE_INVALID;
    }
    /* a code of a vendor's own, as network modules have them */
    return is_away() ? CKR_VENDOR_DEFINED | 7 : real->C_SignInit(session, mechanism, key);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG n, CK_BYTE *out,
                  CK_ULONG *out_n)
{
    CK_RV rv = real->C_Sign(session, data, n, out, out_n);
    *out_n -= rv == CKR_OK && atomic_load(&loose_state.cut_signatures) ? 1 : 0;
    return rv;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out_list)
{
    void *module = dlopen(getenv("LOOSE_MODULE_REAL"), RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get = NULL;
    if (module == NULL) {
        return CKR_GENERAL_ERROR;
    }
    *(void **)&get = dlsym(module, "C_GetFunctionList");
    if (get == NULL || get(&real) != CKR_OK) {
        return CKR_GENERAL_ERROR;
    }
    list = *real;
    list.C_Initialize = initialize;
    list.C_GetSlotList = get_slot_list;
    list.C_GetTokenInfo = get_token_info;
    list.C_OpenSession = open_session;
    list.C_Login = login;
    list.C_GetSessionInfo = get_session_info;
    list.C_FindObjectsInit = find_objects_init;
    list.C_GetAttributeValue = get_attribute_value;
    list.C_SetAttributeValue = set_attribute_value;
    list.C_DestroyObject = destroy_object;
    list.C_GenerateKeyPair = generate_key_pair;
    list.C_SignInit = sign_init;
    list.C_Sign = sign;
    *out_list = &list;
    return CKR_OK;
}
