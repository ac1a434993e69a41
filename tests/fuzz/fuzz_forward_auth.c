/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The original request as a proxy tells it. The first byte chooses the source; then come lines, "name:
 * value" each. What is accepted holds nothing that two readers may take differently, and reads the
 * same when it is told again in its plain form.
 */
#include "tests/fuzz/fuzz.h"
#include "verifier/guard/forward.h"

#include "common/base/base.h"

static bool next_line(struct jt_span *rest, struct jt_span *out_line)
{
    if (rest->n == 0) {
        return false;
    }
    const uint8_t *end = memchr(rest->p, '\n', rest->n);
    size_t n = end == NULL ? rest->n : (size_t)(end - rest->p);
    *out_line = jt_span_of(rest->p, n);
    size_t taken = n + (end != NULL);
    *rest = jt_span_of(rest->p + taken, rest->n - taken);
    return true;
}

static void tell(struct jt_forward_told *told, struct jt_span line)
{
    const uint8_t *colon = line.n == 0 ? NULL : memchr(line.p, ':', line.n);
    if (colon != NULL) {
        size_t n = (size_t)(colon - line.p);
        jt_forward_line(told, jt_span_of(line.p, n),
                        jt_span_trim(jt_span_of(colon + 1, line.n - n - 1)));
    }
}

static void check_path(struct jt_span path)
{
    MUST(path.n > 0 && path.n <= JT_FORWARD_PATH_MAX && path.p[0] == '/');
    MUST(jt_span_utf8(path));
    for (size_t i = 0; i < path.n; i++) {
        uint8_t c = path.p[i];
        MUST(c >= 0x20 && c != 0x7F && strchr("\\%?#;", c) == NULL);
        MUST(i == 0 || c != '/' || path.p[i - 1] != '/');
        bool ends = i + 1 == path.n || path.p[i + 1] == '/';
        MUST(!ends || (c != '.' && c != ' '));
    }
}

static void check_host(struct jt_span host)
{
    MUST(host.n > 0 && host.n <= JT_FORWARD_HOST_MAX);
    for (size_t i = 0; i < host.n; i++) {
        MUST(host.p[i] > 0x20 && host.p[i] < 0x7F && (host.p[i] < 'A' || host.p[i] > 'Z'));
        MUST(strchr("/\\@,;%#?\"", host.p[i]) == NULL);
    }
    MUST(host.p[host.n - 1] != '.');
}

/* Every byte of the path as an escape, but for the slashes. */
static void read_again(const struct jt_forward *first)
{
    static uint8_t escaped[JT_FORWARD_PATH_MAX], decoded[JT_FORWARD_PATH_MAX];
    size_t n = 0;
    for (size_t i = 0; i < first->path_n && n + 3 <= sizeof escaped; i++) {
        uint8_t c = first->path[i];
        if (c == '/') {
            escaped[n++] = c;
            continue;
        }
        escaped[n++] = '%';
        escaped[n++] = (uint8_t) "0123456789ABCDEF"[c >> 4];
        escaped[n++] = (uint8_t) "0123456789abcdef"[c & 15];
        if (i + 1 == first->path_n) {
            size_t decoded_n = 0;
            const char *why = NULL;
            MUST(jt_forward_path(jt_span_of(escaped, n), decoded, &decoded_n, &why) == JT_OK);
            MUST(
                jt_span_eq(jt_span_of(decoded, decoded_n), jt_span_of(first->path, first->path_n)));
        }
    }
    char host[JT_FORWARD_HOST_MAX];
    size_t host_n = 0;
    const char *why = NULL;
    struct jt_span was = jt_span_of(first->host, first->host_n);
    MUST(jt_forward_host(was, host, &host_n, &why) == JT_OK);
    MUST(jt_span_eq(was, jt_span_of(host, host_n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jt_span rest = jt_span_of(bytes, n);
    struct jt_span line;
    if (n == 0) {
        return 0;
    }
    struct jt_forward_told told = {.source = (enum jt_forward_source)(bytes[0] % 3)};
    rest = jt_span_of(bytes + 1, n - 1);
    if (told.source == JT_FORWARD_REQUEST) {
        for (size_t i = 0; i < 2 && next_line(&rest, &line); i++) {
            enum jt_forward_part part = i == 0 ? JT_FORWARD_METHOD : JT_FORWARD_TARGET;
            told.part[part] = line;
            told.times[part] = 1;
        }
    }
    while (next_line(&rest, &line)) {
        tell(&told, line);
    }
    static struct jt_forward request;
    struct jt_forward_fault fault = {NULL, NULL};
    if (jt_forward_read(&told, &request, &fault) != JT_OK) {
        MUST(fault.why != NULL);
        return 0;
    }
    MUST(request.method.n > 0 && request.method.n <= JT_FORWARD_METHOD_MAX);
    check_host(jt_span_of(request.host, request.host_n));
    check_path(jt_span_of(request.path, request.path_n));
    read_again(&request);
    return 0;
}
