/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd 0.9.7x parses a head where it was received: it ends the method, the target, the
 * version, each name and each value by writing NUL over the byte that follows and remembers where
 * they begin. So a head of the form RFC 9112 sec. 2.1 asks for lies in memory as
 *
 *     method 0 target 0 version 0 0 name 0 OWS value 0 0 name 0 OWS value 0 0 0 0
 *
 * and ends at the header size that the library tells. A bare LF is one byte short; a NUL ends a
 * value before its line; a folded line leaves a gap, or a name built elsewhere. Each moves what
 * follows, so adding up lengths finds it without looking at a byte that was overwritten.
 *
 * What cannot be found so, because the library leaves the same bytes and lengths behind: NUL LF in
 * the place of a CR LF behind a field; ':' LF in the place of the empty line; LF, NUL or ':', CR or
 * NUL, LF, or NUL, CR or NUL, LF, LF in the place of both, with HTTP/1.0 behind the request line,
 * too; and empty lines or lines that begin with NUL before the request line, which it passes over.
 * tests/fuzz/fuzz_door.c knows these and looks for others. 1.x refuses them. Nothing is smuggled by
 * them: a line still ends where LF stands, as RFC 9112 sec. 2.2 lets it, and what follows an end of
 * the head that another reader does not see would have to be a request line to us, which begins
 * with a token and a space, and a field line to the other, whose name has no space behind it.
 */
#include "common/http/door.h"

#include <microhttpd.h>

#include "common/http/form.h"

#include "common/base/base.h"

#define CRLF_LEN 2
#define RECORD   80 /* the library's memory for a line, parameter or cookie; 64 in 0.9.75 */

enum single {
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    AUTHORIZATION,
    CONTENT_TYPE,
    N_SINGLES,
};

static const struct {
    const char *name, *repeated;
} singles[N_SINGLES] = {
    [HOST] = {"Host", "more than one Host line"},
    [CONTENT_LENGTH] = {"Content-Length", "more than one Content-Length line"},
    [TRANSFER_ENCODING] = {"Transfer-Encoding", "more than one Transfer-Encoding line"},
    [AUTHORIZATION] = {"Authorization", "more than one Authorization line"},
    [CONTENT_TYPE] = {"Content-Type", "more than one Content-Type line"},
};

static const char misplaced[] =
    "a line that is folded, holds NUL, has a space too many or does not end in CR LF";

/* The walk along the header lines. Addresses are compared as numbers: they are only known to lie in
 * one object once the check has passed. */
struct walk {
    bool layout;           /* the library's layout is known */
    uintptr_t cursor;      /* where the next name must begin */
    uintptr_t end;         /* one past the head */
    const uint8_t *method; /* where it begins, and its bytes */
    size_t n;
    bool seen[N_SINGLES];
    const char *why; /* NULL: nothing wrong so far */
};

static bool is_token_char(uint8_t c)
{
    uint8_t letter = c | 0x20;
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* RFC 9110 sec. 5.6.2: token */
static bool is_token(struct jt_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_token_char(text.p[i])) {
            return false;
        }
    }
    return text.n > 0;
}

/* RFC 9110 sec. 5.5: field values are visible characters, obs-text, SP and HTAB */
static bool is_field_value(struct jt_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((text.p[i] < 0x20 && text.p[i] != '\t') || text.p[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

static bool is_uri_char(uint8_t c)
{
    return c < 0x80 && is_token_char(c) && c != '#' && c != '^' && c != '`' && c != '|';
}

/* RFC 3986 sec. 3.2.2: reg-name, of which IPv4address is one; it may be empty */
static bool is_reg_name(struct jt_span name)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        if (c == '%' &&
            (i + 2 >= name.n || jt_form_hex(name.p[i + 1]) < 0 || jt_form_hex(name.p[i + 2]) < 0)) {
            return false;
        }
        if (!is_uri_char(c) && (c == 0 || strchr("(),;=", c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* RFC 3986 sec. 3.2.2: IP-literal; what its address means is nobody's business here */
static bool is_ip_literal(struct jt_span host)
{
    if (host.n < 3 || host.p[0] != '[' || host.p[host.n - 1] != ']') {
        return false;
    }
    for (size_t i = 1; i + 1 < host.n; i++) {
        if (host.p[i] != ':' && (host.p[i] == '%' || !is_reg_name(jt_span_of(host.p + i, 1)))) {
            return false;
        }
    }
    return true;
}

/* RFC 9112 sec. 3.2: Host = uri-host [ ":" port ]; another value is refused */
static bool is_host(struct jt_span value)
{
    size_t n = value.n;
    while (n > 0 && value.p[n - 1] >= '0' && value.p[n - 1] <= '9') {
        n--;
    }
    struct jt_span host = n > 0 && value.p[n - 1] == ':' ? jt_span_of(value.p, n - 1) : value;
    return is_ip_literal(host) || is_reg_name(host);
}

static const char *check_target(const char *target)
{
    /* RFC 9112 sec. 3.2: the origin form. The absolute form is for proxies, and a path filter in
     * front of us may have read it in another way than we would: refused. */
    if (target[0] != '/') {
        return "the request target does not begin with '/'";
    }
    /* RFC 3986 sec. 2: a URI is made of visible ASCII, and the fragment is never sent */
    for (const char *p = target; *p != 0; p++) {
        if (*p < 0x21 || *p > 0x7E || *p == '#') {
            return "a byte in the request target that must be percent-encoded";
        }
        if (p[0] == '%' && p[1] == '0' && p[2] == '0') {
            return "NUL in the request target";
        }
    }
    return NULL;
}

static void check_single(struct walk *walk, struct jt_span name, struct jt_span value)
{
    for (size_t i = 0; i < N_SINGLES; i++) {
        if (!jt_span_eq_nocase(name, jt_span_str(singles[i].name))) {
            continue;
        }
        /* RFC 9110 sec. 5.3: a field that is no list must not be sent twice */
        if (walk->seen[i]) {
            walk->why = singles[i].repeated;
        }
        walk->seen[i] = true;
        /* RFC 9112 sec. 6.1: only chunked is understood, and the library only sees it when it
         * stands alone: with any other value it would read until the connection ends */
        if (i == TRANSFER_ENCODING && !jt_span_eq_nocase(value, JT_SPAN("chunked"))) {
            walk->why = "a Transfer-Encoding other than chunked";
        }
        if (i == HOST && !is_host(jt_span_trim(value))) {
            walk->why = "a Host that is no name or address, with a port or without";
        }
        return;
    }
}

static void check_place(struct walk *walk, struct jt_span name, struct jt_span value)
{
    uintptr_t name_at = (uintptr_t)name.p;
    uintptr_t value_at = (uintptr_t)value.p;
    /* between them lie the colon and optional white space; a value before its name wraps */
    uintptr_t gap = value_at - name_at - name.n;
    if (name_at != walk->cursor || gap > walk->end - walk->cursor) {
        walk->why = misplaced;
        return;
    }
    walk->cursor = value_at + value.n + CRLF_LEN;
}

static enum MHD_Result check_line(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n,
                                  const char *text, size_t text_n)
{
    (void)kind; /* only header lines are asked for */
    struct walk *walk = cls;
    struct jt_span name = jt_span_of(key, key_n);
    struct jt_span value = jt_span_of(text, text_n);
    /* RFC 9112 sec. 5.1: no white space before the colon; no other separator either */
    if (!is_token(name)) {
        walk->why = "a header name that is not a token";
    } else if (!is_field_value(value)) {
        walk->why = "a control character in a header value";
    } else {
        check_single(walk, name, value);
    }
    if (walk->why == NULL && walk->layout) {
        check_place(walk, name, value);
    }
    return walk->why == NULL ? MHD_YES : MHD_NO;
}

/* RFC 9112 sec. 3: single spaces between method, target and version. More of them, or a NUL in the
 * target, which makes `url` shorter than what was sent, leave the cursor before the first name. */
static bool start_layout(struct walk *walk, struct MHD_Connection *connection, const char *method,
                         const char *url, const char *version)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info == NULL) {
        return false;
    }
    size_t line = strlen(method) + 1 + strlen(url) + 1 + strlen(version) + CRLF_LEN;
    walk->cursor = (uintptr_t)method + line;
    walk->end = (uintptr_t)method + info->header_size;
    walk->method = (const uint8_t *)method;
    walk->n = info->header_size;
    return true;
}

/* The last line ends in CR LF and so does the empty one: four bytes that the library made NUL. */
static bool ends_well(const struct walk *walk)
{
    static const uint8_t ends[2 * CRLF_LEN];
    const uint8_t *at = walk->method + walk->n - sizeof ends; /* behind "HTTP/1.1" at the least */
    return walk->cursor + CRLF_LEN == walk->end &&
           jt_span_eq(jt_span_of(at, sizeof ends), jt_span_of(ends, sizeof ends));
}

static const char *check_framing(const struct walk *walk, bool http_1_0)
{
    /* RFC 9112 sec. 3.2: a request of HTTP/1.1 has exactly one Host line */
    if (!walk->seen[HOST] && !http_1_0) {
        return "no Host line";
    }
    /* RFC 9112 sec. 6.1: both is how requests are smuggled */
    if (walk->seen[CONTENT_LENGTH] && walk->seen[TRANSFER_ENCODING]) {
        return "Content-Length and Transfer-Encoding together";
    }
    /* RFC 9112 sec. 6.1: HTTP/1.0 has no transfer codings; treat the framing as faulty */
    if (walk->seen[TRANSFER_ENCODING] && http_1_0) {
        return "Transfer-Encoding in HTTP/1.0";
    }
    return walk->layout && !ends_well(walk) ? misplaced : NULL;
}

static const char *find_fault(struct MHD_Connection *connection, const char *method,
                              const char *url, const char *version)
{
    struct walk walk = {.layout = jt_door_knows_library()};
    bool http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    /* RFC 9112 sec. 2.3: no other version is spoken here */
    if (!http_1_0 && strcmp(version, "HTTP/1.1") != 0) {
        return "a version other than HTTP/1.1 and HTTP/1.0";
    }
    if (!is_token(jt_span_str(method))) {
        return "a method that is not a token";
    }
    const char *why = check_target(url);
    if (why == NULL && walk.layout && !start_layout(&walk, connection, method, url, version)) {
        why = misplaced;
    }
    if (why != NULL) {
        return why;
    }
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, check_line, &walk); /* a count */
    return walk.why != NULL ? walk.why : check_framing(&walk, http_1_0);
}

enum jt_err jt_door_check(struct MHD_Connection *connection, const char *method, const char *url,
                          const char *version, const char **out_why)
{
    const char *why = find_fault(connection, method, url, version);
    if (why == NULL) {
        return JT_OK;
    }
    *out_why = why;
    return JT_ERR_HTTP;
}

bool jt_door_leaves(struct MHD_Connection *connection, size_t memory, size_t room)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    int records = MHD_get_connection_values_n(
        connection, MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND | MHD_COOKIE_KIND, NULL, NULL);
    if (info == NULL || records < 0) {
        return false;
    }
    const char *cookie = NULL;
    size_t cookie_n = 0; /* the library has a copy of it */
    (void)MHD_lookup_connection_value_n(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_COOKIE,
                                        strlen(MHD_HTTP_HEADER_COOKIE), &cookie,
                                        &cookie_n); /* none: nothing */
    return info->header_size + (size_t)records * RECORD + cookie_n + room <= memory;
}

bool jt_door_knows_library(void)
{
    /* what runs, not what was compiled against: 0.9.7x and 1.x have the same soname */
    return strncmp(MHD_get_version(), "0.9.7", sizeof "0.9.7" - 1) == 0;
}
