/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of the PROXY protocol, version 1 (a line) or 2 (binary), which a proxy sends before
 * anything of its client's. Only its addresses are used.
 * Ownership: none.
 * Thread rule: any thread.
 * Sources: HAProxy, "The PROXY protocol, versions 1 & 2", sec. 2.1, 2.2.
 */
#ifndef JT_HTTP_PROXYLINE_H
#define JT_HTTP_PROXYLINE_H

#include "common/http/peers.h"

enum jt_proxyline { JT_PROXYLINE_MORE, JT_PROXYLINE_DONE, JT_PROXYLINE_BAD };

#define JT_PROXYLINE_MAX 4096 /* bytes; a longer one is BAD */

struct jt_proxyline_peer {
    bool
        known; /* else the proxy speaks for itself (LOCAL), or does not know: the peer is its own */
    struct jt_peers_address address;
    uint16_t port;
};

/* Reads the header at the front of `bytes`. DONE: it is `*out_n` bytes long. MORE: these are the
 * front of one. */
enum jt_proxyline jt_proxyline_read(struct jt_span bytes, size_t *out_n,
                                    struct jt_proxyline_peer *out_peer);

#endif
