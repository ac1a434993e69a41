/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module that passes all on to SoftHSM and can be unplugged: what tests turn, and what they
 * count. LOOSE_STATE is the symbol in the module; the token is away also while the file exists that
 * the environment names as LOOSE_MODULE_AWAY (for a daemon). The module behind it is named by
 * LOOSE_MODULE_REAL.
 */
#ifndef JT_TESTS_SUPPORT_LOOSE_MODULE_H
#define JT_TESTS_SUPPORT_LOOSE_MODULE_H

#include <stdatomic.h>

#define LOOSE_STATE "loose_state"

struct loose_state {
    atomic_bool away;           /* as unplugged: no token in the slot, sessions are lost */
    atomic_bool refuse_pin;     /* a login finds the PIN wrong */
    atomic_bool final_try;      /* the token says that its PIN has one try left */
    atomic_bool lie_leaves;     /* keys say that they are extractable */
    atomic_bool refuse_ending;  /* objects are not destroyed */
    atomic_bool refuse_naming;  /* attributes are not changed */
    atomic_bool ended_by_other; /* objects are gone by the time that they are destroyed */
    atomic_bool cut_signatures; /* of each the last byte is left out */
    atomic_bool stall;          /* who asks for the slots gets no answer until it is over */
    atomic_int stalled;         /* how many wait so */
    atomic_int max_sessions;    /* 0: as many as SoftHSM gives */
    atomic_int stale;           /* so many times more the number of a key is none */
    atomic_int sessions, refused_sessions, logins, initialized;
};

#endif
