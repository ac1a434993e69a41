/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From struct jt_answer to a response of libmicrohttpd's.
 * Ownership: said at each call.
 * Thread rule: the connection's thread.
 */
#ifndef JT_HTTP_ANSWER_H
#define JT_HTTP_ANSWER_H

#include "common/http/server.h"

/* Status 500 and nothing else. */
void jt_answer_init(struct jt_answer *answer);

/* Queues the answer and takes its body: a shared one is released when it has been sent, or now if
 * it cannot be. False: nothing was queued, the connection has to be closed. */
bool jt_answer_queue(struct MHD_Connection *connection, struct jt_answer *answer);

#endif
