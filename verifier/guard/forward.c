/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths are compared decoded: %61 is 'a' to every reader (RFC 3986 sec. 6.2.2.2). Of what decodes,
 * only that is taken which no reader takes for structure: no slash, backslash, '?', '#', ';' or '%'
 * hidden in an escape, no control byte, no UTF-8 that is not strict (an overlong slash). Empty and
 * dot segments are refused as well, in any spelling, since some readers remove them and some do
 * not.
 */
#include "verifier/guard/forward.h"

#include "common/http/form.h"

#include "common/base/base.h"

#define PORT_DIGITS 5

#define SENT_BY_ITSELF \
    "Traefik and Caddy send it by themselves: is the endpoint right? see docs/integrations"

static const struct {
    const char *name; /* NULL: no header line of its own */
    struct jt_forward_fault fault;
} parts[][JT_FORWARD_PARTS] = {
    [JT_FORWARD_ORIGINAL] =
        {{"X-Original-Method",
          {"X-Original-Method is missing or stands twice",
           "nginx: proxy_set_header X-Original-Method $request_method; see docs/integrations"}},
         {"X-Original-Host",
          {"X-Original-Host is missing or stands twice",
           "nginx: proxy_set_header X-Original-Host $host; see docs/integrations"}},
         {"X-Original-URI",
          {"X-Original-URI is missing or stands twice",
           "nginx: proxy_set_header X-Original-URI $request_uri; see docs/integrations"}}},
    [JT_FORWARD_FORWARDED] =
        {{"X-Forwarded-Method", {"X-Forwarded-Method is missing or stands twice", SENT_BY_ITSELF}},
         {"X-Forwarded-Host", {"X-Forwarded-Host is missing or stands twice", SENT_BY_ITSELF}},
         {"X-Forwarded-Uri", {"X-Forwarded-Uri is missing or stands twice", SENT_BY_ITSELF}}},
    [JT_FORWARD_REQUEST] = {{NULL, {"no method", "see docs/integrations"}},
                            {"Host", {"Host is missing", "let the proxy pass the original Host"}},
                            {NULL, {"no path", "see docs/integrations"}}},
};

static enum jt_err refuse(const char *why, const char **out_why)
{
    *out_why = why;
    return JT_ERR_REQUEST;
}

static bool is_alnum(uint8_t c)
{
    uint8_t letter = c | 0x20;
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9');
}

void jt_forward_line(struct jt_forward_told *told, struct jt_span name, struct jt_span value)
{
    for (size_t i = 0; i < JT_FORWARD_PARTS; i++) {
        const char *wanted = parts[told->source][i].name;
        if (wanted != NULL && jt_span_eq_nocase(name, jt_span_str(wanted))) {
            told->part[i] = value;
            told->times[i]++;
            return;
        }
    }
}

/* RFC 9110 sec. 9.1: methods are case-sensitive tokens. Not all applications know that, so those
 * with small letters, of which none is registered, could pass a rule for the large ones. */
enum jt_err jt_forward_method(struct jt_span text, const char **out_why)
{
    if (text.n == 0 || text.n > JT_FORWARD_METHOD_MAX) {
        return refuse("an empty or over-long method", out_why);
    }
    for (size_t i = 0; i < text.n; i++) {
        if ((text.p[i] < 'A' || text.p[i] > 'Z') && (text.p[i] != '-' || i == 0)) {
            return refuse("a method that is not of large letters", out_why);
        }
    }
    return JT_OK;
}

/* --- the host --- */

/* Cuts ":PORT" off; false when what follows the colon is no port. */
static bool cut_port(struct jt_span *text, size_t colon)
{
    size_t digits = text->n - colon - 1;
    for (size_t i = colon + 1; i < text->n; i++) {
        if (text->p[i] < '0' || text->p[i] > '9') {
            return false;
        }
    }
    text->n = colon;
    return digits > 0 && digits <= PORT_DIGITS;
}

/* RFC 3986 sec. 3.2.2: an address of IPv6 stands in brackets */
static bool is_bracketed(struct jt_span text)
{
    for (size_t i = 1; i + 1 < text.n; i++) {
        uint8_t letter = text.p[i] | 0x20;
        bool hex = (text.p[i] >= '0' && text.p[i] <= '9') || (letter >= 'a' && letter <= 'f');
        if (!hex && text.p[i] != ':' && text.p[i] != '.') {
            return false;
        }
    }
    return text.n > 3 && text.p[text.n - 1] == ']';
}

/* Labels of letters, digits, '-' and '_', none of them empty: so no dot at the end either. */
static bool is_name(struct jt_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool dot = text.p[i] == '.';
        if (!is_alnum(text.p[i]) && text.p[i] != '-' && text.p[i] != '_' && !dot) {
            return false;
        }
        if (dot && (i == 0 || i + 1 == text.n || text.p[i - 1] == '.')) {
            return false;
        }
    }
    return text.n > 0;
}

enum jt_err jt_forward_host(struct jt_span text, char *out, size_t *out_n, const char **out_why)
{
    bool brackets = text.n > 0 && text.p[0] == '[';
    const uint8_t *end = brackets ? memchr(text.p, ']', text.n) : text.p;
    const uint8_t *colon =
        end == NULL || text.n == 0 ? NULL : memchr(end, ':', text.n - (size_t)(end - text.p));
    if (colon != NULL && !cut_port(&text, (size_t)(colon - text.p))) {
        return refuse("a host whose port is none", out_why);
    }
    if (text.n > JT_FORWARD_HOST_MAX || !(brackets ? is_bracketed(text) : is_name(text))) {
        return refuse("a host that is no plain name or address", out_why);
    }
    for (size_t i = 0; i < text.n; i++) {
        bool large = text.p[i] >= 'A' && text.p[i] <= 'Z';
        out[i] = (char)(large ? text.p[i] | 0x20 : text.p[i]);
    }
    *out_n = text.n;
    return JT_OK;
}

/* --- the path --- */

/* RFC 3986 sec. 3.3: pchar and '/', without ';', behind which some readers cut */
static bool is_plain(uint8_t c)
{
    return is_alnum(c) || (c != 0 && strchr("/-._~!$&'()*+,=:@", c) != NULL);
}

/* What an escape may stand for: nothing that another reader takes for structure once decoded. */
static bool may_be_escaped(uint8_t c)
{
    return c >= 0x20 && c != 0x7F && strchr("/\\%?#;", c) == NULL;
}

static enum jt_err decode(struct jt_span text, uint8_t *out, size_t *out_n, const char **out_why)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '%') {
            if (!is_plain(text.p[i])) {
                return refuse("a byte in the path that readers take differently", out_why);
            }
            out[n++] = text.p[i];
            continue;
        }
        int high = i + 2 < text.n ? jt_form_hex(text.p[i + 1]) : -1;
        int low = i + 2 < text.n ? jt_form_hex(text.p[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return refuse("a '%' in the path that begins no escape", out_why);
        }
        uint8_t c = (uint8_t)(high * 16 + low);
        if (!may_be_escaped(c)) {
            return refuse("an escape in the path that readers take differently", out_why);
        }
        out[n++] = c;
        i += 2;
    }
    *out_n = n;
    return JT_OK;
}

/* No empty segment but the last, none that is dots, none that ends in a dot or a space: some
 * readers remove or resolve those. */
static bool segments_stand(struct jt_span path)
{
    for (size_t i = 1; i <= path.n; i++) {
        bool end = i == path.n;
        if (!end && path.p[i] != '/') {
            continue;
        }
        uint8_t before = path.p[i - 1];
        if ((before == '/' && !end) || before == '.' || before == ' ') {
            return false;
        }
    }
    return true;
}

enum jt_err jt_forward_path(struct jt_span text, uint8_t *out, size_t *out_n, const char **out_why)
{
    if (text.n == 0 || text.p[0] != '/') {
        return refuse("a path that does not begin with '/'", out_why);
    }
    if (text.n > JT_FORWARD_PATH_MAX) {
        return refuse("an over-long path", out_why);
    }
    JT_TRY(decode(text, out, out_n, out_why));
    struct jt_span path = jt_span_of(out, *out_n);
    if (!jt_span_utf8(path)) {
        return refuse("a path that is not UTF-8", out_why);
    }
    if (!segments_stand(path)) {
        return refuse("a path with '//', '.', '..', or a segment that ends in a dot or a space",
                      out_why);
    }
    return JT_OK;
}

/* The query decides nothing here, but a byte that no URI has may cut it elsewhere. */
static enum jt_err check_query(struct jt_span query, const char **out_why)
{
    for (size_t i = 0; i < query.n; i++) {
        if (query.p[i] < 0x21 || query.p[i] > 0x7E || query.p[i] == '#') {
            return refuse("a byte in the query that must be percent-encoded", out_why);
        }
    }
    return JT_OK;
}

/* --- the whole --- */

static enum jt_err read_parts(const struct jt_forward_told *told, struct jt_forward *out,
                              const char **out_why)
{
    struct jt_span path = told->part[JT_FORWARD_TARGET];
    struct jt_span query = JT_SPAN_NONE;
    const uint8_t *mark = path.n == 0 ? NULL : memchr(path.p, '?', path.n);
    if (mark != NULL) {
        query = jt_span_of(mark, path.n - (size_t)(mark - path.p));
        path.n = (size_t)(mark - path.p);
    }
    JT_TRY(jt_forward_method(told->part[JT_FORWARD_METHOD], out_why));
    JT_TRY(jt_forward_host(told->part[JT_FORWARD_HOST], out->host, &out->host_n, out_why));
    JT_TRY(jt_forward_path(path, out->path, &out->path_n, out_why));
    JT_TRY(check_query(query, out_why));
    out->method = told->part[JT_FORWARD_METHOD];
    return JT_OK;
}

enum jt_err jt_forward_read(const struct jt_forward_told *told, struct jt_forward *out,
                            struct jt_forward_fault *out_fault)
{
    for (size_t i = 0; i < JT_FORWARD_PARTS; i++) {
        if (told->times[i] != 1) { /* told once and empty: the client's doing */
            *out_fault = parts[told->source][i].fault;
            return JT_ERR_REQUEST;
        }
    }
    *out_fault = (struct jt_forward_fault){NULL, NULL};
    return read_parts(told, out, &out_fault->why);
}
