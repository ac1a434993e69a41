/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SoftHSM token for each test behind a module that can be unplugged, and signers over it.
 */
#ifndef JT_TESTS_UNIT_UNIT_PKCS11_H
#define JT_TESTS_UNIT_UNIT_PKCS11_H

#include "tests/unit/unit_signer.h"

#include <dlfcn.h>
#include <unistd.h>

#include "keys/pkcs11.h"
#include "keys/pkcs11_call.h"
#include "keys/signer_local.h"
#include "tests/support/loose_module.h"
#include "tests/support/softhsm.h"

#define PIN_VARIABLE "JETON_TEST_PIN"

static struct loose_state *loose;

static inline struct jt_pkcs11_conf token_conf(void)
{
    return (struct jt_pkcs11_conf){
        .module = LOOSE_MODULE, .token = SOFTHSM_LABEL, .pin_env = PIN_VARIABLE};
}

/* A signer under fixed_kek(1) whose new keys are where `how` says. */
static inline struct jt_signer *token_signer(enum jt_signer_how how)
{
    struct jt_pkcs11_conf conf = token_conf();
    JT_AUTOP(pkcs11) token = NULL;
    struct jt_pkcs11_tend *tend = NULL;
    struct jt_signer *made = fixed_signer(1, &fixed.random);
    assert_ok(jt_pkcs11_new(&conf, &token, &diag));
    assert_ok(jt_pkcs11_tend_new(token, &tend));
    jt_signer_local_use(made, how, tend);
    return made;
}

static inline int make_token(void **state)
{
    (void)state;
    assert_true(softhsm_make());
    assert_int_equal(setenv(PIN_VARIABLE, SOFTHSM_PIN, 1), 0);
    atomic_int *const counts[] = {&loose->max_sessions, &loose->stale, &loose->refused_sessions,
                                  &loose->logins};
    atomic_bool *const turns[] = {
        &loose->away,           &loose->refuse_pin,     &loose->final_try,
        &loose->lie_leaves,     &loose->refuse_ending,  &loose->refuse_naming,
        &loose->ended_by_other, &loose->cut_signatures, &loose->stall};
    for (size_t i = 0; i < JT_COUNT(counts); i++) {
        atomic_store(counts[i], 0);
    }
    for (size_t i = 0; i < JT_COUNT(turns); i++) {
        atomic_store(turns[i], false);
    }
    (void)fixed_random(&fixed, 1000000); /* taken by the signers */
    diag = (struct jt_diag)JT_DIAG_INIT;
    return 0;
}

static inline int remove_token(void **state)
{
    (void)state;
    softhsm_remove();
    return 0;
}

static inline int make_token_signer(void **state)
{
    (void)make_token(state);
    signer = token_signer(JT_SIGNER_PKCS11);
    assert_ok(jt_signer_lane_new(signer, &lane));
    return 0;
}

static inline int free_token_signer(void **state)
{
    (void)free_signer(state);
    return remove_token(state);
}

/* Ends the signer and begins another over the same token, as a restart does. */
static inline void restart_signer(enum jt_signer_how how)
{
    jt_signer_lane_free(lane);
    jt_signer_free(signer);
    signer = token_signer(how);
    assert_ok(jt_signer_lane_new(signer, &lane));
}

static inline struct jt_signer_status status_now(void)
{
    struct jt_signer_status status;
    jt_signer_status(signer, &status);
    return status;
}

struct counting {
    CK_ATTRIBUTE *match;
    CK_ULONG n_match, n;
};

static inline CK_RV count_objects(void *ctx, const struct jt_pkcs11_call *call)
{
    struct counting *counting = ctx;
    CK_OBJECT_HANDLE objects[64];
    CK_RV rv = call->f->C_FindObjectsInit(call->session, counting->match, counting->n_match);
    if (rv == CKR_OK) {
        rv = call->f->C_FindObjects(call->session, objects, JT_COUNT(objects), &counting->n);
        (void)call->f->C_FindObjectsFinal(call->session);
    }
    return rv;
}

/* Does something in a session of the test's own. */
static inline void in_token(jt_pkcs11_fn fn, void *ctx)
{
    struct jt_pkcs11_conf conf = token_conf();
    JT_AUTOP(pkcs11) token = NULL;
    assert_ok(jt_pkcs11_new(&conf, &token, &diag));
    assert_ok(jt_pkcs11_run(token, fn, ctx, &diag));
}

/* Objects in the token of that class, and that label unless NULL. */
static inline int count_in_token(CK_OBJECT_CLASS class, const struct jt_sealed *row)
{
    char label[64] = "";
    CK_ATTRIBUTE match[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, label, 0}};
    if (row != NULL) {
        memcpy(label, row->kid.p, row->kid.len);
        match[1].ulValueLen = row->kid.len;
    }
    struct counting counting = {match, row == NULL ? 1 : 2, 0};
    in_token(count_objects, &counting);
    return (int)counting.n;
}

/* Finds the two modules; 77 when SoftHSM is not installed. */
static inline int find_modules(void)
{
    const char *real = softhsm_module();
    if (real == NULL) {
        (void)printf("SoftHSM 2 is not installed (softhsm2): skipped\n");
        return 77;
    }
    (void)setenv("LOOSE_MODULE_REAL", real, 1);
    void *module = dlopen(LOOSE_MODULE, RTLD_NOW | RTLD_LOCAL);
    loose = module == NULL ? NULL : dlsym(module, LOOSE_STATE);
    return loose == NULL ? 1 : 0;
}

#define with_token(test) cmocka_unit_test_setup_teardown(test, make_token, remove_token)
#define with_token_signer(test) \
    cmocka_unit_test_setup_teardown(test, make_token_signer, free_token_signer)

#endif
