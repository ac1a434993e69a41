/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls pass a gate that stands open while the token is up. Who finds it away shuts it, waits until
 * the calls under way have left, and initializes the module anew: nothing less brings back every
 * token (a reader that was unplugged, a network module whose connection broke). Meanwhile the others
 * are told at once that the token is away: a request does not wait for a machine that hangs.
 */
#include "keys/pkcs11.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys/pkcs11_call.h"
#include "keys/pkcs11_slot.h"

#include "common/base/base.h"

#define PIN_MAX      256
#define SESSIONS_MAX JT_SIGNER_LANES_MAX

struct jt_pkcs11 {
    atomic_uint refs;
    char *module, *label;
    struct jt_secret pin;
    pthread_mutex_t mending; /* held by who connects, for as long as that takes */
    pthread_rwlock_t gate;   /* read: a call is under way; write: guards f to life */
    CK_FUNCTION_LIST *f;
    bool started, refused;
    CK_SLOT_ID slot;
    uint64_t life;
    atomic_bool up;
    pthread_mutex_t lock; /* guards what follows, as long as the gate is passed */
    pthread_cond_t returned;
    CK_SESSION_HANDLE idle[SESSIONS_MAX];
    size_t n_idle, n_open, max_open;
};

/* --- the PIN --- */

static enum jt_err read_pin(int fd, struct jt_secret *out_pin)
{
    uint8_t text[PIN_MAX + 1];
    ssize_t got = read(fd, text, sizeof text); /* a file or a pipe that is full: whole at once */
    size_t n = got < 0 ? 0 : (size_t)got;
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r')) {
        n--;
    }
    enum jt_err err = n == 0 || n > PIN_MAX ? JT_ERR_CONFIG : JT_OK;
    if (err == JT_OK) {
        err = jt_secret_copy(out_pin, jt_span_of(text, n));
    }
    jt_secret_wipe(text, sizeof text);
    return err;
}

static enum jt_err load_pin(const struct jt_pkcs11_conf *conf, struct jt_secret *out_pin,
                            struct jt_diag *diag)
{
    const struct jt_kek_source source = {conf->pin_file, conf->pin_credential, conf->pin_env, NULL};
    struct jt_diag sentence = JT_DIAG_INIT;
    int fd = -1;
    enum jt_err err = jt_kek_open(&source, &fd, &sentence);
    if (err == JT_ERR_ARGUMENT) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys: give exactly one of pkcs11_pin_file, pkcs11_pin_credential, "
                            "pkcs11_pin_env");
    }
    if (err != JT_OK) {
        return jt_diag_fail(diag, err == JT_ERR_KEK ? JT_ERR_CONFIG : err,
                            "the token's PIN: %.400s", jt_diag_text(&sentence, err));
    }
    err = read_pin(fd, out_pin);
    (void)close(fd); /* only read */
    if (err != JT_ERR_CONFIG) {
        return err;
    }
    return jt_diag_fail(diag, err, "the token's PIN is empty, or longer than %d bytes", PIN_MAX);
}

/* --- making and freeing --- */

static bool init_locks(struct jt_pkcs11 *token)
{
    if (pthread_mutex_init(&token->mending, NULL) != 0) {
        return false;
    }
    if (pthread_mutex_init(&token->lock, NULL) != 0) {
        (void)pthread_mutex_destroy(&token->mending); /* never locked */
        return false;
    }
    /* glibc's take no memory and cannot fail with these arguments */
    return pthread_rwlock_init(&token->gate, NULL) == 0 &&
           pthread_cond_init(&token->returned, NULL) == 0;
}

enum jt_err jt_pkcs11_new(const struct jt_pkcs11_conf *conf, struct jt_pkcs11 **out_token,
                          struct jt_diag *diag)
{
    if (conf->module == NULL || conf->token == NULL) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys: give pkcs11_module and pkcs11_token, the path of the PKCS#11 "
                            "module and the label of the token");
    }
    struct jt_pkcs11 *token = calloc(1, sizeof *token);
    if (token == NULL) {
        return JT_ERR_NOMEM;
    }
    if (!init_locks(token)) {
        free(token);
        return JT_ERR_NOMEM;
    }
    atomic_init(&token->refs, 1);
    atomic_init(&token->up, false);
    enum jt_err err = jt_buf_strdup(jt_span_str(conf->module), &token->module);
    if (err == JT_OK) {
        err = jt_buf_strdup(jt_span_str(conf->token), &token->label);
    }
    if (err == JT_OK) {
        err = load_pin(conf, &token->pin, diag);
    }
    if (err != JT_OK) {
        jt_pkcs11_free(token);
        return err;
    }
    *out_token = token;
    return JT_OK;
}

struct jt_pkcs11 *jt_pkcs11_ref(struct jt_pkcs11 *token)
{
    atomic_fetch_add_explicit(&token->refs, 1, memory_order_relaxed);
    return token;
}

void jt_pkcs11_free(struct jt_pkcs11 *token)
{
    if (token == NULL || atomic_fetch_sub_explicit(&token->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    if (token->started) {
        (void)p11_kit_module_finalize(token->f); /* closes its sessions; nothing to mend */
    }
    if (token->f != NULL) {
        p11_kit_module_release(token->f);
    }
    /* nobody holds them: this was the last reference */
    (void)pthread_mutex_destroy(&token->mending);
    (void)pthread_mutex_destroy(&token->lock);
    (void)pthread_rwlock_destroy(&token->gate);
    (void)pthread_cond_destroy(&token->returned);
    jt_secret_release(&token->pin);
    free(token->module);
    free(token->label);
    free(token);
}

const char *jt_pkcs11_label(const struct jt_pkcs11 *token)
{
    return token->label;
}

/* --- connecting --- */

static enum jt_err start_module(struct jt_pkcs11 *token, struct jt_diag *diag)
{
    if (token->f == NULL) {
        token->f = p11_kit_module_load(token->module, P11_KIT_MODULE_CRITICAL);
        if (token->f == NULL) {
            const char *why = p11_kit_message();
            return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY,
                                "keys.pkcs11_module: %.200s is not a PKCS#11 module that can be "
                                "loaded: %.200s",
                                token->module, why == NULL ? "no reason is told" : why);
        }
    }
    if (token->started) {
        (void)p11_kit_module_finalize(token->f); /* what it could not end is begun anew */
        token->started = false;
    }
    CK_RV rv = p11_kit_module_initialize(token->f);
    if (rv != CKR_OK) {
        return jt_pkcs11_slot_fail(token->label, rv, diag);
    }
    token->started = true;
    return JT_OK;
}

/* With the gate held for writing: no session is in use. */
static enum jt_err connect_anew(struct jt_pkcs11 *token, struct jt_diag *diag)
{
    if (token->refused) {
        return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY,
                            "the PKCS#11 token '%s' refused the PIN, which is not given again: "
                            "give the right one and start again",
                            token->label);
    }
    token->n_idle = token->n_open = 0;
    token->max_open = SESSIONS_MAX;
    JT_TRY(start_module(token, diag));
    JT_TRY(jt_pkcs11_slot_find(token->f, token->label, &token->slot, diag));
    JT_TRY(jt_pkcs11_slot_login(token->f, token->slot, jt_secret_span(&token->pin), &token->idle[0],
                                &token->refused, diag));
    token->n_idle = token->n_open = 1; /* stays open: a login ends with the last session */
    token->life++;
    atomic_store(&token->up, true);
    return JT_OK;
}

bool jt_pkcs11_is_up(const struct jt_pkcs11 *token)
{
    return atomic_load(&token->up);
}

static enum jt_err fail_mending(const struct jt_pkcs11 *token, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY,
                        "the PKCS#11 token '%s' is away and being connected to", token->label);
}

static enum jt_err mend(struct jt_pkcs11 *token, struct jt_diag *diag)
{
    if (pthread_mutex_trylock(&token->mending) != 0) {
        return fail_mending(token, diag);
    }
    enum jt_err err = JT_OK;
    (void)pthread_rwlock_wrlock(&token->gate); /* not held by this thread: cannot fail */
    if (!jt_pkcs11_is_up(token)) {
        err = connect_anew(token, diag);
    }
    (void)pthread_rwlock_unlock(&token->gate);
    (void)pthread_mutex_unlock(&token->mending);
    return err;
}

/* --- a call --- */

static enum jt_err enter(struct jt_pkcs11 *token, struct jt_diag *diag)
{
    if (pthread_rwlock_tryrdlock(&token->gate) == 0) {
        if (jt_pkcs11_is_up(token)) {
            return JT_OK;
        }
        (void)pthread_rwlock_unlock(&token->gate);
    }
    JT_TRY(mend(token, diag));
    return pthread_rwlock_tryrdlock(&token->gate) == 0 ? JT_OK : fail_mending(token, diag);
}

/* Opens a session beyond the idle ones. Where the token has no more, tells so by CKR_SESSION_COUNT
 * and opens no more until it is connected anew. With the lock held, which it lets go of meanwhile. */
static CK_RV open_session(struct jt_pkcs11 *token, CK_SESSION_HANDLE *out_session)
{
    token->n_open++;
    (void)pthread_mutex_unlock(&token->lock);
    CK_RV rv = token->f->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                       out_session);
    (void)pthread_mutex_lock(&token->lock);
    if (rv != CKR_OK) {
        token->n_open--;
    }
    if (rv == CKR_SESSION_COUNT && token->n_open > 0) {
        token->max_open = token->n_open;
    }
    return rv;
}

static CK_RV take_session(struct jt_pkcs11 *token, struct jt_pkcs11_call *call)
{
    CK_RV rv = CKR_OK;
    (void)pthread_mutex_lock(&token->lock); /* a plain mutex, never recursive: cannot fail */
    for (;;) {
        if (token->n_idle > 0) {
            call->session = token->idle[--token->n_idle];
            rv = CKR_OK;
            break;
        }
        if (token->n_open >= token->max_open) {
            (void)pthread_cond_wait(&token->returned, &token->lock);
            continue;
        }
        rv = open_session(token, &call->session);
        if (rv != CKR_SESSION_COUNT || token->n_open == 0) {
            break;
        }
    }
    call->f = token->f;
    call->life = token->life;
    (void)pthread_mutex_unlock(&token->lock);
    return rv;
}

/* Does `rv` tell of the request, by a token that is there? All else, and what vendors have made up
 * for their connections, tells that it may not be. */
static bool is_answer(CK_RV rv)
{
    static const CK_RV answers[] = {
        CKR_OK,
        CKR_HOST_MEMORY,
        CKR_DEVICE_MEMORY,
        CKR_ARGUMENTS_BAD,
        CKR_ATTRIBUTE_READ_ONLY,
        CKR_ATTRIBUTE_SENSITIVE,
        CKR_ATTRIBUTE_TYPE_INVALID,
        CKR_ATTRIBUTE_VALUE_INVALID,
        CKR_ACTION_PROHIBITED,
        CKR_BUFFER_TOO_SMALL,
        CKR_CURVE_NOT_SUPPORTED,
        CKR_DATA_INVALID,
        CKR_DATA_LEN_RANGE,
        CKR_DOMAIN_PARAMS_INVALID,
        CKR_FUNCTION_NOT_SUPPORTED,
        CKR_KEY_FUNCTION_NOT_PERMITTED,
        CKR_KEY_HANDLE_INVALID,
        CKR_KEY_SIZE_RANGE,
        CKR_KEY_TYPE_INCONSISTENT,
        CKR_MECHANISM_INVALID,
        CKR_MECHANISM_PARAM_INVALID,
        CKR_OBJECT_HANDLE_INVALID,
        CKR_TEMPLATE_INCOMPLETE,
        CKR_TEMPLATE_INCONSISTENT,
        CKR_TOKEN_WRITE_PROTECTED,
    };
    for (size_t i = 0; i < JT_COUNT(answers); i++) {
        if (rv == answers[i]) {
            return true;
        }
    }
    return false;
}

static void give_back(struct jt_pkcs11 *token, const struct jt_pkcs11_call *call)
{
    (void)pthread_mutex_lock(&token->lock);
    token->idle[token->n_idle++] = call->session;
    (void)pthread_cond_signal(&token->returned);
    (void)pthread_mutex_unlock(&token->lock);
}

/* One go; the gate is passed. */
static CK_RV call_once(struct jt_pkcs11 *token, jt_pkcs11_fn fn, void *ctx)
{
    struct jt_pkcs11_call call;
    CK_RV rv = take_session(token, &call);
    if (rv == CKR_OK) {
        rv = fn(ctx, &call);
        give_back(token, &call);
    }
    if (!is_answer(rv)) {
        atomic_store(&token->up, false); /* of this life: the next begins when the gate is left */
    }
    (void)pthread_rwlock_unlock(&token->gate);
    return rv;
}

enum jt_err jt_pkcs11_run(struct jt_pkcs11 *token, jt_pkcs11_fn fn, void *ctx, struct jt_diag *diag)
{
    CK_RV rv = CKR_OK;
    for (int go = 0; go < 2; go++) {
        JT_TRY(enter(token, diag));
        rv = call_once(token, fn, ctx);
        if (is_answer(rv)) {
            break;
        }
    }
    return rv == CKR_OK ? JT_OK : jt_pkcs11_slot_fail(token->label, rv, diag);
}

static CK_RV ping(void *ctx, const struct jt_pkcs11_call *call)
{
    (void)ctx; /* nothing is asked */
    CK_SESSION_INFO info;
    return call->f->C_GetSessionInfo(call->session, &info);
}

enum jt_err jt_pkcs11_ping(struct jt_pkcs11 *token, struct jt_diag *diag)
{
    return jt_pkcs11_run(token, ping, NULL, diag);
}
