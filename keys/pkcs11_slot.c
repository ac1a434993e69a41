/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/pkcs11_slot.h"

#include <stdlib.h>

#include "common/base/base.h"

enum jt_err jt_pkcs11_slot_fail(const char *label, CK_RV rv, struct jt_diag *diag)
{
    if (rv == CKR_HOST_MEMORY) {
        return JT_ERR_NOMEM;
    }
    return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY, "PKCS#11 token '%s': %s (0x%lx)", label,
                        p11_kit_strerror(rv), rv);
}

/* PKCS#11 2.40 sec. 3.2: a label is padded with blanks and has no NUL. */
static bool is_called(const CK_TOKEN_INFO *info, const char *label)
{
    struct jt_span have = jt_span_of(info->label, sizeof info->label);
    while (have.n > 0 && have.p[have.n - 1] == ' ') {
        have.n--;
    }
    return jt_span_is(have, label);
}

static enum jt_err choose(CK_FUNCTION_LIST *f, const char *label, const CK_SLOT_ID *slots,
                          CK_ULONG n, CK_SLOT_ID *out_slot, struct jt_diag *diag)
{
    int found = 0;
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO info;
        if (f->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            (info.flags & CKF_TOKEN_INITIALIZED) != 0 && is_called(&info, label)) {
            *out_slot = slots[i];
            found++;
        }
    }
    if (found == 1) {
        return JT_OK;
    }
    return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY,
                        "keys.pkcs11_token: the module shows %s token called '%s'; see: "
                        "pkcs11-tool --module MODULE --list-token-slots",
                        found == 0 ? "no" : "more than one", label);
}

enum jt_err jt_pkcs11_slot_find(CK_FUNCTION_LIST *f, const char *label, CK_SLOT_ID *out_slot,
                                struct jt_diag *diag)
{
    CK_ULONG n = 0;
    CK_RV rv = f->C_GetSlotList(CK_TRUE, NULL, &n);
    if (rv != CKR_OK) {
        return jt_pkcs11_slot_fail(label, rv, diag);
    }
    CK_SLOT_ID *slots = calloc(n + 1, sizeof *slots);
    if (slots == NULL) {
        return JT_ERR_NOMEM;
    }
    rv = f->C_GetSlotList(CK_TRUE, slots, &n);
    enum jt_err err = rv == CKR_OK ? choose(f, label, slots, n, out_slot, diag)
                                   : jt_pkcs11_slot_fail(label, rv, diag);
    free(slots);
    return err;
}

/* A service that is started again and again would lock the token with a PIN that is wrong. */
static enum jt_err check_tries(CK_FUNCTION_LIST *f, CK_SLOT_ID slot, struct jt_diag *diag)
{
    CK_TOKEN_INFO info;
    if (f->C_GetTokenInfo(slot, &info) != CKR_OK ||
        (info.flags & (CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)) == 0) {
        return JT_OK;
    }
    bool locked = (info.flags & CKF_USER_PIN_LOCKED) != 0;
    return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY, "the PKCS#11 token %s; %s, then start again",
                        locked ? "has locked its PIN" : "leaves one more try for its PIN",
                        locked ? "have its security officer set a new one"
                               : "log in by hand once to see that the PIN is right (pkcs11-tool "
                                 "--login --list-objects)");
}

static enum jt_err log_in(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, struct jt_span pin,
                          bool *out_refused, struct jt_diag *diag)
{
    CK_UTF8CHAR copy[256];
    if (pin.n > sizeof copy) {
        return JT_ERR_ARGUMENT;
    }
    memcpy(copy, pin.p, pin.n); /* the call takes a writable text */
    CK_RV rv = f->C_Login(session, CKU_USER, copy, pin.n);
    jt_secret_wipe(copy, sizeof copy);
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
        return JT_OK;
    }
    *out_refused = rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE ||
                   rv == CKR_PIN_LOCKED || rv == CKR_PIN_EXPIRED;
    return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY, "the PKCS#11 token does not let us in: %s%s",
                        p11_kit_strerror(rv),
                        *out_refused ? "; give the right PIN and start again" : "");
}

enum jt_err jt_pkcs11_slot_login(CK_FUNCTION_LIST *f, CK_SLOT_ID slot, struct jt_span pin,
                                 CK_SESSION_HANDLE *out_session, bool *out_refused,
                                 struct jt_diag *diag)
{
    *out_refused = false;
    enum jt_err err = check_tries(f, slot, diag);
    if (err != JT_OK) {
        *out_refused = true;
        return err;
    }
    CK_SESSION_HANDLE session = 0;
    CK_RV rv = f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
    if (rv != CKR_OK) {
        return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY, "the PKCS#11 token opens no session: %s",
                            p11_kit_strerror(rv));
    }
    err = log_in(f, session, pin, out_refused, diag);
    if (err != JT_OK) {
        (void)f->C_CloseSession(session); /* of no use */
        return err;
    }
    *out_session = session;
    return JT_OK;
}
