/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/peers.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "common/base/base.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static struct jt_peers_address of_v6(const uint8_t ip[16])
{
    struct jt_peers_address address = {.n = 16};
    if (memcmp(ip, mapped, sizeof mapped) == 0) {
        address.n = 4;
        memcpy(address.ip, ip + sizeof mapped, 4);
    } else {
        memcpy(address.ip, ip, 16);
    }
    return address;
}

struct jt_peers_address jt_peers_address_of(const struct sockaddr *peer)
{
    struct jt_peers_address address = {.n = 0};
    if (peer->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, peer, sizeof v6);
        return of_v6(v6.sin6_addr.s6_addr);
    }
    if (peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        address.n = 4;
        memcpy(address.ip, &v4.sin_addr, 4);
    }
    return address;
}

bool jt_peers_read(struct jt_span text, struct jt_peers_address *out)
{
    char copy[JT_PEERS_TEXT];
    uint8_t ip[16];
    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, 0, text.n) != NULL) {
        return false;
    }
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    if (inet_pton(AF_INET, copy, ip) == 1) {
        *out = (struct jt_peers_address){.n = 4};
        memcpy(out->ip, ip, 4);
        return true;
    }
    if (inet_pton(AF_INET6, copy, ip) == 1) {
        *out = of_v6(ip);
        return true;
    }
    return false;
}

socklen_t jt_peers_to_socket(const struct jt_peers_address *address, uint16_t port,
                             struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){0};
    if (address->n == 4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&v4.sin_addr, address->ip, 4);
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&v6.sin6_addr, address->ip, 16);
    memcpy(out, &v6, sizeof v6);
    return sizeof v6;
}

/* inet_ntop prints by snprintf: this is on the way of every token. */
static size_t put_byte(char *out, uint8_t value)
{
    size_t n = 0;
    if (value >= 100) {
        out[n++] = (char)('0' + value / 100);
    }
    if (value >= 10) {
        out[n++] = (char)('0' + value / 10 % 10);
    }
    out[n++] = (char)('0' + value % 10);
    return n;
}

struct jt_span jt_peers_write(const struct jt_peers_address *address, char out[JT_PEERS_TEXT])
{
    size_t n = 0;
    if (address->n == 0) {
        return JT_SPAN("unix");
    }
    if (address->n == 16) {
        return inet_ntop(AF_INET6, address->ip, out, JT_PEERS_TEXT) == NULL ? JT_SPAN_NONE
                                                                            : jt_span_str(out);
    }
    for (size_t i = 0; i < 4; i++) {
        n += put_byte(out + n, address->ip[i]);
        out[n++] = i < 3 ? '.' : 0;
    }
    return jt_span_of(out, n - 1);
}

/* --- sets --- */

static bool same_front(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    size_t whole = bits / 8;
    unsigned rest = bits % 8;
    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

bool jt_peers_contains_address(const struct jt_peers *peers, const struct jt_peers_address *peer)
{
    if (peers == NULL || peer->n == 0) {
        return peers != NULL && peers->by_unix;
    }
    for (size_t i = 0; i < peers->n; i++) {
        const struct jt_peers_address *from = &peers->ranges[i].from;
        if (from->n == peer->n && same_front(from->ip, peer->ip, peers->ranges[i].bits)) {
            return true;
        }
    }
    return false;
}

bool jt_peers_contains(const struct jt_peers *peers, const struct sockaddr *peer)
{
    struct jt_peers_address address = jt_peers_address_of(peer);
    return (address.n != 0 || peer->sa_family == AF_UNIX) &&
           jt_peers_contains_address(peers, &address);
}

/* The bits behind '/'; 0 for what is no number that can stand there. */
static unsigned read_bits(const char *text, unsigned most)
{
    size_t n = strlen(text);
    if (n == 0 || n > 3 || strspn(text, "0123456789") != n || text[0] == '0') {
        return 0;
    }
    unsigned long bits = strtoul(text, NULL, 10);
    return bits > most ? 0 : (unsigned)bits;
}

static bool has_bits_behind(const struct jt_peers_address *address, unsigned bits)
{
    for (unsigned at = bits; at < address->n * 8; at++) {
        if ((address->ip[at / 8] >> (7 - at % 8) & 1) != 0) {
            return true;
        }
    }
    return false;
}

static enum jt_err parse_one(const char *text, const char *key, struct jt_peers *out,
                             struct jt_diag *diag)
{
    const char *slash = strchr(text, '/');
    struct jt_peers_address from = {.n = 0};
    if (jt_span_is(jt_span_str(text), "unix")) {
        out->by_unix = true;
        return JT_OK;
    }
    size_t n = slash == NULL ? strlen(text) : (size_t)(slash - text);
    bool good = jt_peers_read(jt_span_of(text, n), &from);
    unsigned most = (unsigned)from.n * 8;
    unsigned bits = slash == NULL ? most : read_bits(slash + 1, most);
    if (!good || bits == 0) {
        return jt_diag_fail(
            diag, JT_ERR_CONFIG,
            "%s: '%.64s' is no address nor a range of some; give such as 192.0.2.7, "
            "10.0.0.0/8, 2001:db8::/32 or unix",
            key, text);
    }
    if (has_bits_behind(&from, bits)) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "%s: '%.64s' has bits behind its prefix; leave them 0, or give the one "
                            "address without '/'",
                            key, text);
    }
    if (out->n == JT_PEERS_MAX) {
        return jt_diag_fail(diag, JT_ERR_CONFIG, "%s: more than %d; name ranges", key,
                            JT_PEERS_MAX);
    }
    out->ranges[out->n].from = from;
    out->ranges[out->n].bits = bits;
    out->n++;
    return JT_OK;
}

enum jt_err jt_peers_parse(char *const *texts, const char *key, struct jt_peers *out,
                           struct jt_diag *diag)
{
    *out = (struct jt_peers){.n = 0};
    for (; *texts != NULL; texts++) {
        JT_TRY(parse_one(*texts, key, out, diag));
    }
    return JT_OK;
}
