/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many places for connections a server has, and what those are told who find none.
 * Ownership: none.
 * Thread rule: any.
 * Sources: RFC 9110 sec. 15.6.4 (503), 10.2.3 (Retry-After).
 */
#ifndef JT_HTTP_PLACES_H
#define JT_HTTP_PLACES_H

#include "common/http/server.h"

/* What `conf` asks for, or as many as there are descriptors for besides those that the daemon needs
 * for all else; a smaller number than asked for is logged. */
size_t jt_places_count(const struct jt_server_conf *conf);

/* Fills the empty `out` with a 503 as it is sent; where sources are counted the application's refusal
 * words it, else it has no body. JT_ERR_NOMEM, JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_places_busy(const struct jt_server_conf *conf, struct jt_buf *out);

#endif
