/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of peers: a set of them (addresses and CIDR ranges, such as those of one's own proxies),
 * and one as text. No name is looked up.
 * Ownership: in place, nothing to release.
 * Thread rule: immutable once parsed, any thread.
 * Sources: RFC 4632 sec. 3.1 (CIDR), RFC 4291 sec. 2.5.5.2 (mapped addresses), RFC 5952 (text).
 */
#ifndef JT_HTTP_PEERS_H
#define JT_HTTP_PEERS_H

#include "common/base/diag.h"
#include "common/base/span.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#define JT_PEERS_MAX 64

/* An IPv4 address is one of 4 bytes, also when a socket of IPv6 tells it as a mapped one. */
struct jt_peers_address {
    size_t n; /* bytes: 4, 16; 0: a UNIX socket, or unknown */
    uint8_t ip[16];
};

struct jt_peers {
    size_t n;
    struct {
        struct jt_peers_address from;
        unsigned bits;
    } ranges[JT_PEERS_MAX];
    bool by_unix; /* peers of UNIX sockets */
};

/* Fills `out` with what the NULL-ended `texts` name: "192.0.2.1", "10.0.0.0/8", "2001:db8::/32",
 * "unix". JT_ERR_CONFIG with a sentence that begins with `key`: malformed, more than JT_PEERS_MAX,
 * bits behind the prefix, or everybody. */
JT_MUST_USE enum jt_err jt_peers_parse(char *const *texts, const char *key, struct jt_peers *out,
                                       struct jt_diag *diag);

/* Of a socket's address, or of one of 0 bytes for what is no IP address. NULL: neither. */
bool jt_peers_contains(const struct jt_peers *peers, const struct sockaddr *peer);
bool jt_peers_contains_address(const struct jt_peers *peers, const struct jt_peers_address *peer);

struct jt_peers_address jt_peers_address_of(const struct sockaddr *peer);

/* The address in `text`, without port or brackets. False: it is none. */
bool jt_peers_read(struct jt_span text, struct jt_peers_address *out);

/* As a socket's address of `port`; its length. */
socklen_t jt_peers_to_socket(const struct jt_peers_address *address, uint16_t port,
                             struct sockaddr_storage *out);

/* "192.0.2.1", "2001:db8::1", "unix"; borrowed from `out`. */
#define JT_PEERS_TEXT 46
struct jt_span jt_peers_write(const struct jt_peers_address *address, char out[JT_PEERS_TEXT]);

#endif
