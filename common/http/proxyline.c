/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/proxyline.h"

#include "common/base/base.h"

#define V1_MAX   107 /* sec. 2.1: with CRLF */
#define V2_FIXED 16  /* sec. 2.2: signature, version and command, family, length */

static const uint8_t signature[12] = {'\r', '\n', '\r', '\n', 0,   '\r',
                                      '\n', 'Q',  'U',  'I',  'T', '\n'};

static bool begins(struct jt_span bytes, struct jt_span with)
{
    size_t n = bytes.n < with.n ? bytes.n : with.n;
    return memcmp(bytes.p, with.p, n) == 0;
}

/* The word before the next space, which is taken off with it. */
static struct jt_span take_word(struct jt_span *rest)
{
    const uint8_t *space = memchr(rest->p, ' ', rest->n);
    struct jt_span word = *rest;
    if (space == NULL) {
        *rest = jt_span_of(rest->p + rest->n, 0);
        return word;
    }
    word.n = (size_t)(space - rest->p);
    *rest = jt_span_of(space + 1, rest->n - word.n - 1);
    return word;
}

static bool read_port(struct jt_span text, uint16_t *out)
{
    uint32_t port = 0;
    if (text.n == 0 || text.n > 5 || (text.n > 1 && text.p[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        port = port * 10 + (uint32_t)(text.p[i] - '0');
    }
    *out = (uint16_t)port;
    return port <= 65535;
}

/* sec. 2.1: `line` is without "PROXY " and CRLF. */
static bool read_line(struct jt_span line, struct jt_proxyline_peer *out)
{
    struct jt_span family = take_word(&line);
    if (jt_span_is(family, "UNKNOWN")) {
        return true; /* the rest is to be ignored */
    }
    bool v4 = jt_span_is(family, "TCP4");
    if (!v4 && !jt_span_is(family, "TCP6")) {
        return false;
    }
    struct jt_span texts[] = {take_word(&line), take_word(&line)};
    struct jt_peers_address from, to;
    uint16_t to_port = 0;
    if (!jt_peers_read(texts[0], &from) || !jt_peers_read(texts[1], &to) ||
        !read_port(take_word(&line), &out->port) || !read_port(line, &to_port)) {
        return false;
    }
    /* a mapped address reads as one of 4 bytes, so its text tells the family */
    for (size_t i = 0; i < JT_COUNT(texts); i++) {
        if ((memchr(texts[i].p, ':', texts[i].n) == NULL) != v4) {
            return false;
        }
    }
    out->known = true;
    out->address = from;
    return true;
}

static enum jt_proxyline read_v1(struct jt_span bytes, size_t *out_n,
                                 struct jt_proxyline_peer *out_peer)
{
    const struct jt_span name = JT_SPAN("PROXY ");
    const uint8_t *end = memchr(bytes.p, '\n', bytes.n < V1_MAX ? bytes.n : V1_MAX);
    if (end == NULL) {
        return bytes.n < V1_MAX ? JT_PROXYLINE_MORE : JT_PROXYLINE_BAD;
    }
    size_t n = (size_t)(end - bytes.p) + 1;
    if (n < name.n + 2 || end[-1] != '\r' ||
        !read_line(jt_span_of(bytes.p + name.n, n - name.n - 2), out_peer)) {
        return JT_PROXYLINE_BAD;
    }
    *out_n = n;
    return JT_PROXYLINE_DONE;
}

/* sec. 2.2: source, destination, their ports, then what is of no use here. */
static bool read_addresses(const uint8_t *head, struct jt_span body,
                           struct jt_proxyline_peer *out_peer)
{
    uint8_t command = head[12] & 0x0F, family = head[13];
    if (head[12] >> 4 != 2 || command > 1) {
        return false;
    }
    if (command == 0 || family == 0 || family == 0x31) {
        return true; /* LOCAL; UNSPEC; a UNIX socket: the connection's own */
    }
    size_t n = family == 0x11 ? 4 : 16; /* TCP over IPv4, over IPv6 */
    if ((family != 0x11 && family != 0x21) || body.n < 2 * n + 4) {
        return false;
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    out_peer->known = true;
    out_peer->address.n = n;
    memcpy(out_peer->address.ip, body.p, n);
    if (n == 16) { /* a mapped one is one of 4 bytes */
        memcpy(&v6.sin6_addr, body.p, n);
        out_peer->address = jt_peers_address_of((const struct sockaddr *)&v6);
    }
    out_peer->port = (uint16_t)(body.p[2 * n] << 8 | body.p[2 * n + 1]);
    return true;
}

static enum jt_proxyline read_v2(struct jt_span bytes, size_t *out_n,
                                 struct jt_proxyline_peer *out_peer)
{
    if (bytes.n < V2_FIXED) {
        return JT_PROXYLINE_MORE;
    }
    size_t n = V2_FIXED + ((size_t)bytes.p[14] << 8 | bytes.p[15]);
    if (n > JT_PROXYLINE_MAX) {
        return JT_PROXYLINE_BAD;
    }
    if (bytes.n < n) {
        return JT_PROXYLINE_MORE;
    }
    if (!read_addresses(bytes.p, jt_span_of(bytes.p + V2_FIXED, n - V2_FIXED), out_peer)) {
        return JT_PROXYLINE_BAD;
    }
    *out_n = n;
    return JT_PROXYLINE_DONE;
}

enum jt_proxyline jt_proxyline_read(struct jt_span bytes, size_t *out_n,
                                    struct jt_proxyline_peer *out_peer)
{
    *out_peer = (struct jt_proxyline_peer){.known = false};
    if (bytes.n == 0) {
        return JT_PROXYLINE_MORE;
    }
    if (begins(bytes, JT_SPAN("PROXY "))) {
        return read_v1(bytes, out_n, out_peer);
    }
    if (begins(bytes, jt_span_of(signature, sizeof signature))) {
        return read_v2(bytes, out_n, out_peer);
    }
    return JT_PROXYLINE_BAD;
}
