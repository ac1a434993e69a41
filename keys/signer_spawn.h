/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signer process as its daemon holds it: started from the daemon's own executable, spoken to over a
 * socket, ended. It starts no second one (signer_keeper.h). Internal to keys/.
 * Ownership: in place; ended by jt_spawn_end.
 * Thread rule: one at a time; the thread that starts it must live as long as it is to live.
 */
#ifndef JT_KEYS_SIGNER_SPAWN_H
#define JT_KEYS_SIGNER_SPAWN_H

#include <sys/types.h>

#include "keys/signer_link.h"
#include "keys/signer_rows.h"
#include "keys/signer_wire.h"

struct jt_spawn {
    pid_t pid;  /* 0: none */
    int socket; /* -1: none */
};

#define JT_SPAWN_INIT \
    {                 \
        0, -1         \
    }

/* Starts the process, gives it the ring and the key-encryption keys of `conf`, and waits until it
 * has closed itself in; then loads `rows` (what does not open is left out, for its caller was told so
 * or will be). It signs nothing before JT_WIRE_GO. Errors of jt_signer_new; JT_ERR_SIGNER_AWAY with a
 * sentence. On failure none is left. */
JT_MUST_USE enum jt_err jt_spawn_start(const struct jt_signer_conf *conf, int ring_fd,
                                       const struct jt_rows *rows, struct jt_spawn *out_spawn,
                                       struct jt_wire_reply *reply, struct jt_diag *diag);

/* One request and its reply, whatever it says. JT_ERR_SIGNER_AWAY: there was none; then the process
 * is to be ended. JT_ERR_NOMEM, JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_spawn_call(const struct jt_spawn *spawn,
                                      const struct jt_wire_request *request,
                                      const struct jt_link_fds *fds, struct jt_wire_reply *reply);

/* Ends the process and waits for its end. Harmless when there is none. */
void jt_spawn_end(struct jt_spawn *spawn);

#endif
