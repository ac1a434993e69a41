/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/forwarded.h"

#include "common/base/base.h"

/* The part of `*rest` before the next `end`, with `quotes` one that stands in none, and takes both off
 * it. */
static struct jt_span take_part(struct jt_span *rest, uint8_t end, bool quotes)
{
    bool quoted = false;
    size_t n = 0;
    while (n < rest->n && (quoted || rest->p[n] != end)) {
        quoted ^= quotes && rest->p[n] == '"';
        n++;
    }
    struct jt_span part = {rest->p, n};
    size_t taken = n < rest->n ? n + 1 : n;
    *rest = (struct jt_span){rest->p + taken, rest->n - taken};
    return jt_span_trim(part);
}

static bool is_port(struct jt_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
    }
    return text.n > 0 && text.n <= 5;
}

/* RFC 7239 sec. 6: an address, with a port or without; IPv6 in brackets, which X-Forwarded-For leaves
 * out where there is no port. */
static bool read_node(struct jt_span text, struct jt_peers_address *out)
{
    if (text.n == 0) {
        return false;
    }
    const uint8_t *colon = memchr(text.p, ':', text.n);
    struct jt_span host = text, port = JT_SPAN("0");
    if (text.p[0] == '[') {
        const uint8_t *end = memchr(text.p, ']', text.n);
        if (end == NULL) {
            return false;
        }
        host = jt_span_of(text.p + 1, (size_t)(end - text.p) - 1);
        size_t behind = text.n - host.n - 2;
        if (behind > 0) {
            port = end[1] == ':' ? jt_span_of(end + 2, behind - 1) : JT_SPAN_NONE;
        }
    } else if (colon != NULL &&
               memchr(colon + 1, ':', text.n - (size_t)(colon - text.p) - 1) == NULL) {
        host.n = (size_t)(colon - text.p);
        port = jt_span_of(colon + 1, text.n - host.n - 1);
    }
    return is_port(port) && jt_peers_read(host, out);
}

/* RFC 7239 sec. 4: pairs between semicolons; each name once. */
static bool read_element(struct jt_span element, struct jt_peers_address *out)
{
    struct jt_span node = JT_SPAN_NONE;
    while (element.n > 0) {
        struct jt_span pair = take_part(&element, ';', true);
        if (pair.n < 4 || !jt_span_eq_nocase(jt_span_of(pair.p, 4), JT_SPAN("for="))) {
            continue;
        }
        if (node.p != NULL) {
            return false;
        }
        node = jt_span_of(pair.p + 4, pair.n - 4);
    }
    if (node.n >= 2 && node.p[0] == '"' && node.p[node.n - 1] == '"') {
        node = jt_span_of(node.p + 1, node.n - 2);
    }
    return read_node(node, out);
}

static bool has_open_quote(struct jt_span value)
{
    bool open = false;
    for (size_t i = 0; i < value.n; i++) {
        open ^= value.p[i] == '"';
    }
    return open;
}

void jt_forwarded_add(struct jt_forwarded_list *list, enum jt_forwarded how, struct jt_span value)
{
    bool quotes = how == JT_FORWARDED_RFC7239;
    /* a quote that a client has left open would make what its proxy added a part of what it wrote */
    bool refused = quotes && has_open_quote(value);
    while (value.n > 0) {
        struct jt_span element = take_part(&value, ',', quotes);
        size_t at = list->n++ % JT_FORWARDED_HOPS;
        list->hops[at].known =
            !refused && (quotes ? read_element : read_node)(element, &list->hops[at].address);
    }
}

struct jt_peers_address jt_forwarded_client(const struct jt_forwarded_list *list,
                                            const struct jt_peers *trusted,
                                            const struct jt_peers_address *peer)
{
    struct jt_peers_address client = *peer;
    size_t left = list->n < JT_FORWARDED_HOPS ? list->n : JT_FORWARDED_HOPS;
    /* RFC 7239 sec. 8.1: only what a trusted proxy has added can be relied on */
    for (size_t i = list->n; left > 0 && jt_peers_contains_address(trusted, &client); left--) {
        i--;
        if (!list->hops[i % JT_FORWARDED_HOPS].known) {
            break;
        }
        client = list->hops[i % JT_FORWARDED_HOPS].address;
    }
    return client;
}
