/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/fetchurl.h"

#include <arpa/inet.h>

#include "common/base/base.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Strictly an address, never a name that begins like one. */
static bool is_ipv4_loopback(struct jt_span host)
{
    char text[INET_ADDRSTRLEN] = {0};
    uint8_t address[4];
    if (host.n >= sizeof text) {
        return false;
    }
    memcpy(text, host.p, host.n);
    return inet_pton(AF_INET, text, address) == 1 && address[0] == 127;
}

static bool is_loopback(struct jt_span host)
{
    return jt_span_eq_nocase(host, JT_SPAN("localhost")) || jt_span_is(host, "[::1]") ||
           is_ipv4_loopback(host);
}

static bool is_plain(struct jt_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c <= 0x20 || c >= 0x7F || strchr("@#\\\"<>", c) != NULL) {
            return false;
        }
    }
    return true;
}

/* Splits host[:port]; false when the host is empty or the port no number. */
static bool split_host(struct jt_span authority, struct jt_span *out_host)
{
    size_t n = 0;
    if (authority.n > 0 && authority.p[0] == '[') {
        const uint8_t *close = memchr(authority.p, ']', authority.n);
        n = close == NULL ? 0 : (size_t)(close - authority.p) + 1;
    } else {
        while (n < authority.n && authority.p[n] != ':') {
            n++;
        }
    }
    if (n == 0 || (n < authority.n && (authority.p[n] != ':' || n + 1 == authority.n))) {
        return false;
    }
    for (size_t i = n + 1; i < authority.n; i++) {
        if (!is_digit(authority.p[i])) {
            return false;
        }
    }
    *out_host = jt_span_of(authority.p, n);
    return true;
}

enum jt_err jt_fetchurl_parse(struct jt_span text, struct jt_fetchurl *out_url)
{
    bool tls = jt_span_starts(text, JT_SPAN("https://"));
    if ((!tls && !jt_span_starts(text, JT_SPAN("http://"))) || !is_plain(text)) {
        return JT_ERR_URL;
    }
    size_t from = tls ? 8 : 7;
    size_t origin_n = from;
    while (origin_n < text.n && text.p[origin_n] != '/' && text.p[origin_n] != '?') {
        origin_n++;
    }
    struct jt_span host;
    if (!split_host(jt_span_of(text.p + from, origin_n - from), &host) ||
        (!tls && !is_loopback(host))) {
        return JT_ERR_URL;
    }
    *out_url = (struct jt_fetchurl){
        .tls = tls, .origin = {text.p, origin_n}, .path = {text.p + origin_n, text.n - origin_n}};
    return JT_OK;
}
