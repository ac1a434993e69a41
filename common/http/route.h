/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the row of a route table that a method and a path belong to. It compares paths as sent: a
 * literal segment that was percent-encoded is another path.
 * Ownership: none; spans point into the path.
 * Thread rule: any thread.
 * Sources: RFC 9110 sec. 9.3.2, 15.5.6.
 */
#ifndef JT_HTTP_ROUTE_H
#define JT_HTTP_ROUTE_H

#include "common/http/server.h"

#define JT_ROUTE_SEGMENTS 4

struct jt_route_match {
    const struct jt_route *route; /* NULL: none */
    bool path_known;              /* a row has the path, maybe with other methods only */
    struct jt_span segments[JT_ROUTE_SEGMENTS]; /* of route's {} parts, still encoded */
    size_t n_segments;
};

void jt_route_find(const struct jt_route *routes, size_t n_routes, const char *method,
                   struct jt_span path, struct jt_route_match *out_match);

/* The value of Allow for `path`, e.g. "GET, HEAD, POST", cut at `size`. */
void jt_route_allow(const struct jt_route *routes, size_t n_routes, struct jt_span path, char *out,
                    size_t size);

#endif
