/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is behind the proxies, by what they wrote into X-Forwarded-For or Forwarded. Each proxy adds
 * the peer that it saw at the end, so the list is read from there, for as long as who wrote the entry
 * is trusted: what a client itself has put in front of it is never believed.
 * Ownership: none.
 * Thread rule: any thread.
 * Sources: RFC 7239 sec. 4, 5.2, 6, 8.1.
 */
#ifndef JT_HTTP_FORWARDED_H
#define JT_HTTP_FORWARDED_H

#include "common/http/peers.h"

enum jt_forwarded { JT_FORWARDED_OFF, JT_FORWARDED_X, JT_FORWARDED_RFC7239 };

#define JT_FORWARDED_HOPS 16 /* more are not looked at */

struct jt_forwarded_list {
    size_t n; /* of entries that were added; the last JT_FORWARDED_HOPS are kept */
    struct {
        bool known;
        struct jt_peers_address address;
    } hops[JT_FORWARDED_HOPS];
};

/* Adds the entries of one header line's value, in the order of lines. */
void jt_forwarded_add(struct jt_forwarded_list *list, enum jt_forwarded how, struct jt_span value);

/* The client, where the peer of the connection is `peer`: itself when it is not of `trusted`, or the
 * last that is known. */
struct jt_peers_address jt_forwarded_client(const struct jt_forwarded_list *list,
                                            const struct jt_peers *trusted,
                                            const struct jt_peers_address *peer);

#endif
