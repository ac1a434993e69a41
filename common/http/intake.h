/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request on its way in: kept whole up to its route's limit, or handed piece by piece
 * to the route's stream.
 * Ownership: in place, zero until begun; release closes the stream's state and wipes what was kept,
 * which may have held a client's secret.
 * Thread rule: the connection's thread.
 */
#ifndef JT_HTTP_INTAKE_H
#define JT_HTTP_INTAKE_H

#include "common/http/server.h"

struct jt_intake {
    struct jt_buf whole;
    const struct jt_stream *stream; /* NULL: `whole` is kept */
    void *state;                    /* what the stream's open gave */
    size_t max, taken, discarded;
    bool too_large; /* more came than `max` */
    bool refused;   /* the stream takes no more */
};

/* Before the first byte. `announced`: how many will come, 0 when that is not known. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_intake_begin(struct jt_intake *intake, const struct jt_route *route,
                                        size_t announced);

/* Opens the route's stream. False: it gave nothing. */
bool jt_intake_open(struct jt_intake *intake, void *app, const struct jt_request *head);

/* Takes the next bytes. False: the connection has to be closed without an answer (out of memory, or
 * a body without announced length went on too far beyond the limit). */
bool jt_intake_take(struct jt_intake *intake, struct jt_span bytes);

void jt_intake_release(struct jt_intake *intake);

#endif
