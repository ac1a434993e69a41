/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a signer process: starts it, makes the calls that are not signing, starts another when it
 * ends or hangs and loads into that what was loaded. It does not know what a lane does. Internal to
 * keys/; signer_process.c is what uses it.
 * Ownership: new gives a keeper.
 * Thread rule: `ring`, `epoch` and `away` are read by any thread; calls by any, one at a time (they
 * wait for each other). A thread of its own starts the processes, for a process ends with the thread
 * that started it.
 */
#ifndef JT_KEYS_SIGNER_KEEPER_H
#define JT_KEYS_SIGNER_KEEPER_H

#include "keys/signer_link.h"
#include "keys/signer_ring.h"
#include "keys/signer_wire.h"

struct jt_keeper;

/* Starts a signer process. Errors of jt_signer_new, and JT_ERR_SIGNER_AWAY with a sentence when it
 * cannot be started. */
JT_MUST_USE enum jt_err jt_keeper_new(const struct jt_signer_conf *conf,
                                      struct jt_keeper **out_keeper, struct jt_diag *diag);

/* Ends the process and frees. NULL is harmless. */
void jt_keeper_free(struct jt_keeper *keeper);
JT_AUTOP_DEFINE(keeper);

struct jt_ring *jt_keeper_ring(struct jt_keeper *keeper);

/* Changes when the process that was there is gone. Read before jt_keeper_away. */
_Atomic uint32_t *jt_keeper_epoch(struct jt_keeper *keeper);

/* Is no process there that signs? */
bool jt_keeper_away(struct jt_keeper *keeper);

/* Asks the process, also another one that was started meanwhile: what is asked may be asked twice.
 * The error is that of the reply, whose sentence is in `diag`; JT_ERR_SIGNER_AWAY when there was none
 * in time. What was loaded, re-wrapped or erased by it is what another process will be given. */
JT_MUST_USE enum jt_err jt_keeper_call(struct jt_keeper *keeper,
                                       const struct jt_wire_request *request,
                                       struct jt_wire_reply *reply, struct jt_diag *diag);

/* Has the process, or one that takes over from it, use the key-encryption keys of `conf`. Errors as
 * jt_signer_set_keks. */
JT_MUST_USE enum jt_err jt_keeper_set_keks(struct jt_keeper *keeper,
                                           const struct jt_signer_conf *conf, struct jt_diag *diag);

/* The process answered what is no answer: another is started. */
void jt_keeper_distrust(struct jt_keeper *keeper);

/* As of the last call; does not wait for one. */
void jt_keeper_status(struct jt_keeper *keeper, struct jt_signer_status *out_status);

#endif
