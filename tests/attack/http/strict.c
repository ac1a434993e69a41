/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/http/strict.h"

#include "common/base/base.h"

/* What of a head may stand once only, and what stands in it. */
struct fields {
    size_t hosts, lengths, codings, authorizations, types;
    bool keep_alive, close;
};

static bool is_one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool is_tchar(uint8_t c)
{
    return is_alnum(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
}

/* LF, NUL or ':', CR or NUL, LF; or NUL, CR or NUL, LF, LF: to 0.9.7x the end of a line and an empty
 * line. */
static bool hides_end(struct jt_span stream, size_t at)
{
    const uint8_t *p = stream.p + at;
    if (at + 3 >= stream.n || p[3] != '\n') {
        return false;
    }
    return p[0] == '\n' ? (p[1] == 0 || p[1] == ':') && (p[2] == 0 || p[2] == '\r')
                        : p[0] == 0 && (p[1] == 0 || p[1] == '\r') && p[2] == '\n';
}

bool strict_hides_end(struct jt_span stream)
{
    size_t at = 0;
    while (at < stream.n && !hides_end(stream, at)) {
        at++;
    }
    return at < stream.n;
}

/* The bytes up to CR LF; a CR or LF alone, or another control character, is BAD. */
static enum strict read_line(struct jt_span stream, size_t at, bool as_taken,
                             struct jt_span *out_line)
{
    for (size_t i = at; i < stream.n; i++) {
        uint8_t c = stream.p[i];
        bool has_next = i + 1 < stream.n, lf_next = has_next && stream.p[i + 1] == '\n';
        if (as_taken && i > at && hides_end(stream, i)) {
            *out_line = jt_span_of(stream.p + at, i - at);
            return STRICT_OK;
        }
        if (c == '\r' || (c == 0 && as_taken)) {
            *out_line = jt_span_of(stream.p + at, i - at);
            return lf_next ? STRICT_OK : has_next ? STRICT_BAD : STRICT_SHORT;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            return STRICT_BAD;
        }
    }
    return STRICT_SHORT;
}

static enum strict read_target(struct jt_span target, struct strict_head *out)
{
    if (target.n == 0 || target.p[0] != '/') {
        return STRICT_BAD;
    }
    out->path = target;
    for (size_t i = 0; i < target.n; i++) {
        uint8_t c = target.p[i];
        if (c < 0x21 || c > 0x7E || c == '#') {
            return STRICT_BAD;
        }
        if (c == '%' && i + 2 < target.n && target.p[i + 1] == '0' && target.p[i + 2] == '0') {
            return STRICT_BAD;
        }
        if (c == '?' && out->path.n == target.n) {
            out->path.n = i;
        }
    }
    return STRICT_OK;
}

static enum strict read_request_line(struct jt_span line, struct strict_head *out)
{
    size_t method_n = 0, target_n = 0;
    while (method_n < line.n && is_tchar(line.p[method_n])) {
        method_n++;
    }
    if (method_n == 0 || method_n == line.n || line.p[method_n] != ' ') {
        return STRICT_BAD;
    }
    struct jt_span rest = jt_span_of(line.p + method_n + 1, line.n - method_n - 1);
    while (target_n < rest.n && rest.p[target_n] != ' ') {
        target_n++;
    }
    struct jt_span version =
        jt_span_of(rest.p + target_n, rest.n - target_n); /* with the space before it */
    out->http_1_0 = jt_span_eq(version, JT_SPAN(" HTTP/1.0"));
    if (!out->http_1_0 && !jt_span_eq(version, JT_SPAN(" HTTP/1.1"))) {
        return STRICT_BAD;
    }
    out->method = jt_span_of(line.p, method_n);
    return read_target(jt_span_of(rest.p, target_n), out);
}

static bool is_ip_literal(struct jt_span host)
{
    if (host.n < 3 || host.p[0] != '[' || host.p[host.n - 1] != ']') {
        return false;
    }
    for (size_t i = 1; i + 1 < host.n; i++) {
        if (!is_alnum(host.p[i]) && !is_one_of(host.p[i], ":.-_~!$&'()*+,;=")) {
            return false;
        }
    }
    return true;
}

/* RFC 3986 sec. 3.2.2: a reg-name may be empty, and IPv4 is one in form */
static bool is_reg_name(struct jt_span host)
{
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] == '%') {
            if (i + 2 >= host.n || !is_hex(host.p[i + 1]) || !is_hex(host.p[i + 2])) {
                return false;
            }
        } else if (!is_alnum(host.p[i]) && !is_one_of(host.p[i], "-._~!$&'()*+,;=")) {
            return false;
        }
    }
    return true;
}

static bool is_host(struct jt_span value)
{
    size_t n = value.n;
    while (n > 0 && value.p[n - 1] >= '0' && value.p[n - 1] <= '9') {
        n--;
    }
    if (n > 0 && value.p[n - 1] == ':') {
        value.n = n - 1; /* a port, maybe an empty one */
    }
    return is_ip_literal(value) || is_reg_name(value);
}

static bool read_length(struct jt_span value, size_t *out_length)
{
    size_t length = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9') {
            return false;
        }
        length = length > SIZE_MAX / 16 ? SIZE_MAX : length * 10 + (size_t)(value.p[i] - '0');
    }
    *out_length = length;
    return value.n > 0;
}

static void read_connection(struct jt_span value, struct fields *fields)
{
    size_t from = 0;
    for (size_t i = 0; i <= value.n; i++) {
        if (i == value.n || value.p[i] == ',') {
            struct jt_span option = jt_span_trim(jt_span_of(value.p + from, i - from));
            fields->close = fields->close || jt_span_eq_nocase(option, JT_SPAN("close"));
            fields->keep_alive =
                fields->keep_alive || jt_span_eq_nocase(option, JT_SPAN("keep-alive"));
            from = i + 1;
        }
    }
}

static bool read_known(struct jt_span name, struct jt_span value, struct fields *fields,
                       struct strict_head *out)
{
    if (jt_span_eq_nocase(name, JT_SPAN("Host"))) {
        return fields->hosts++ == 0 && is_host(value);
    }
    if (jt_span_eq_nocase(name, JT_SPAN("Content-Length"))) {
        return fields->lengths++ == 0 && read_length(value, &out->length);
    }
    if (jt_span_eq_nocase(name, JT_SPAN("Transfer-Encoding"))) {
        out->chunked = true;
        return fields->codings++ == 0 && jt_span_eq_nocase(value, JT_SPAN("chunked"));
    }
    if (jt_span_eq_nocase(name, JT_SPAN("Authorization"))) {
        out->authorized = true;
        return fields->authorizations++ == 0;
    }
    if (jt_span_eq_nocase(name, JT_SPAN("Connection"))) {
        read_connection(value, fields);
    }
    return !jt_span_eq_nocase(name, JT_SPAN("Content-Type")) || fields->types++ == 0;
}

static bool read_field(struct jt_span line, struct fields *fields, struct strict_head *out)
{
    size_t n = 0;
    while (n < line.n && is_tchar(line.p[n])) {
        n++;
    }
    if (n == 0 || n == line.n || line.p[n] != ':') {
        return false;
    }
    struct jt_span name = jt_span_of(line.p, n);
    struct jt_span value = jt_span_trim(jt_span_of(line.p + n + 1, line.n - n - 1));
    bool spaced = value.n > 0 && value.p + value.n < line.p + line.n;
    out->either =
        out->either || (spaced && (jt_span_eq_nocase(name, JT_SPAN("Content-Length")) ||
                                   jt_span_eq_nocase(name, JT_SPAN("Transfer-Encoding"))));
    return read_known(name, value, fields, out);
}

/* Is there ':' LF at `at`, or the second half of what hides_end finds? */
static bool ends_head(struct jt_span stream, size_t at, bool as_taken)
{
    bool alone = at + 1 < stream.n && stream.p[at] == ':' && stream.p[at + 1] == '\n';
    return as_taken && (alone || hides_end(stream, at - 2));
}

/* The head's lines from `at` on, the empty one included. */
static enum strict read_fields(struct jt_span stream, size_t at, bool as_taken,
                               struct strict_head *out)
{
    struct fields fields = {0};
    struct jt_span line = JT_SPAN_NONE;
    for (size_t first = at; at == first || !ends_head(stream, at, as_taken); at += line.n + 2) {
        enum strict how = read_line(stream, at, as_taken, &line);
        if (how != STRICT_OK) {
            return how;
        }
        if (line.n == 0) {
            break;
        }
        if (!read_field(line, &fields, out)) {
            return STRICT_BAD;
        }
    }
    bool framed = (fields.lengths == 0 || fields.codings == 0) &&
                  (out->http_1_0 ? fields.codings == 0 : fields.hosts == 1);
    out->close = fields.close || (out->http_1_0 && !fields.keep_alive);
    out->n = at + 2;
    return framed ? STRICT_OK : STRICT_BAD;
}

/* RFC 9112 sec. 2.2: empty lines before a request line are ignored, and LF may end a line; with
 * nothing before it, nothing can hide behind it. Gives where the request line begins. */
static size_t pass_empty_lines(struct jt_span stream, bool as_taken)
{
    size_t at = 0;
    while (at < stream.n) {
        const uint8_t *p = stream.p + at;
        const uint8_t *lf = memchr(p, '\n', stream.n - at);
        bool empty = lf != NULL && (lf == p || (lf == p + 1 && *p == '\r'));
        if (!empty && (lf == NULL || !as_taken || *p != 0)) {
            break;
        }
        at = (size_t)(lf - stream.p) + 1;
    }
    return at;
}

static enum strict read_head(struct jt_span stream, bool as_taken, struct strict_head *out_head)
{
    struct strict_head head = {0};
    struct jt_span line = JT_SPAN_NONE;
    size_t at = pass_empty_lines(stream, as_taken);
    enum strict how = read_line(stream, at, false, &line);
    if (how != STRICT_OK) {
        return how;
    }
    if (read_request_line(line, &head) != STRICT_OK) {
        return STRICT_BAD;
    }
    how = read_fields(stream, at + line.n + 2, as_taken, &head);
    if (how == STRICT_OK) {
        *out_head = head;
    }
    return how;
}

enum strict strict_read_head(struct jt_span stream, struct strict_head *out_head)
{
    return read_head(stream, false, out_head);
}

enum strict strict_read_head_as_taken(struct jt_span stream, struct strict_head *out_head)
{
    return read_head(stream, true, out_head);
}

static bool is_chunk_line(struct jt_span line, size_t *out_size)
{
    size_t n = 0, size = 0;
    while (n < line.n && is_hex(line.p[n]) && size <= SIZE_MAX / 32) {
        uint8_t c = line.p[n++];
        size = size * 16 + (size_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    *out_size = size;
    return n > 0 && (n == line.n || line.p[n] == ';');
}

static enum strict read_chunks(struct jt_span stream, size_t at, size_t *out_bytes, size_t *out_end)
{
    struct strict_head ignored = {.http_1_0 = true};
    struct jt_span line = JT_SPAN_NONE;
    for (*out_bytes = 0;;) {
        size_t size = 0;
        enum strict how = read_line(stream, at, false, &line);
        if (how != STRICT_OK) {
            return how;
        }
        if (!is_chunk_line(line, &size)) {
            return STRICT_BAD;
        }
        at += line.n + 2;
        if (size == 0) {
            how = read_fields(stream, at, false, &ignored);
            *out_end = ignored.n;
            return how;
        }
        if (stream.n - at < size || stream.n - at - size < 2) {
            return STRICT_SHORT;
        }
        if (stream.p[at + size] != '\r' || stream.p[at + size + 1] != '\n') {
            return STRICT_BAD;
        }
        at += size + 2;
        *out_bytes += size;
    }
}

enum strict strict_read_body(struct jt_span stream, const struct strict_head *head,
                             size_t *out_bytes, size_t *out_n)
{
    if (head->chunked) {
        size_t end = 0;
        enum strict how = read_chunks(stream, head->n, out_bytes, &end);
        *out_n = how == STRICT_OK ? end - head->n : 0;
        return how;
    }
    *out_bytes = *out_n = head->length;
    return head->length <= stream.n - head->n ? STRICT_OK : STRICT_SHORT;
}
