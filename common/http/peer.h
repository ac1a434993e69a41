/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose connection it is, for the log: the peer, or who stands behind a proxy that is trusted.
 * Ownership: none.
 * Thread rule: the connection's thread.
 */
#ifndef JT_HTTP_PEER_H
#define JT_HTTP_PEER_H

#include "common/http/peers.h"
#include "common/http/server.h"

/* As text; borrowed from `out`. */
struct jt_span jt_peer_text(const struct jt_server_conf *conf, struct MHD_Connection *connection,
                            char out[JT_PEERS_TEXT]);

#endif
