/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/route.h"

#include <stdio.h>

#include "common/base/base.h"

/* Takes the bytes up to the next '/' at `*at` as a segment; false when empty or one too many. */
static bool take_segment(struct jt_span path, size_t *at, struct jt_route_match *match)
{
    size_t from = *at;
    while (*at < path.n && path.p[*at] != '/') {
        (*at)++;
    }
    if (*at == from || match->n_segments == JT_ROUTE_SEGMENTS) {
        return false;
    }
    match->segments[match->n_segments++] = jt_span_of(path.p + from, *at - from);
    return true;
}

static bool fits(const char *pattern, struct jt_span path, struct jt_route_match *match)
{
    size_t at = 0;
    match->n_segments = 0;
    while (*pattern != 0) {
        if (strcmp(pattern, "/{*}") == 0) {
            return at < path.n && path.p[at] == '/';
        }
        if (*pattern == '{') {
            if (!take_segment(path, &at, match)) {
                return false;
            }
            pattern = strchr(pattern, '}') + 1; /* a table of ours: it is there */
        } else if (at < path.n && path.p[at] == (uint8_t)*pattern) {
            at++;
            pattern++;
        } else {
            return false;
        }
    }
    return at == path.n;
}

static bool takes(const struct jt_route *route, const char *method)
{
    /* RFC 9110 sec. 9.3.2: HEAD is GET without the content */
    return strcmp(route->method, method) == 0 || strcmp(route->method, "*") == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

void jt_route_find(const struct jt_route *routes, size_t n_routes, const char *method,
                   struct jt_span path, struct jt_route_match *out_match)
{
    *out_match = (struct jt_route_match){0};
    for (size_t i = 0; i < n_routes; i++) {
        if (!fits(routes[i].path, path, out_match)) {
            continue;
        }
        out_match->path_known = true;
        if (takes(&routes[i], method)) {
            out_match->route = &routes[i];
            return;
        }
    }
}

void jt_route_allow(const struct jt_route *routes, size_t n_routes, struct jt_span path, char *out,
                    size_t size)
{
    struct jt_route_match ignored;
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < n_routes && n < size; i++) {
        if (!fits(routes[i].path, path, &ignored)) {
            continue;
        }
        bool get = strcmp(routes[i].method, "GET") == 0;
        int more = snprintf(out + n, size - n, "%s%s%s", n == 0 ? "" : ", ", routes[i].method,
                            get ? ", HEAD" : "");
        n += more > 0 ? (size_t)more : 0;
    }
}
