/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The original request as a proxy tells it to a forward-auth endpoint, read into the one form that
 * rules are compared with. Where the proxy, this reader and the application behind might take a
 * request for different ones, it is refused rather than guessed: a rule that protects /admin must
 * not be passed by another spelling of it.
 * Ownership: in place; the method is borrowed from the request.
 * Thread rule: one thread.
 * Sources: RFC 9110 sec. 9.1, 7.2; RFC 3986 sec. 2, 3.2.2, 3.3, 6.2.2.
 */
#ifndef JT_GUARD_FORWARD_H
#define JT_GUARD_FORWARD_H

#include "common/base/err.h"
#include "common/base/span.h"

#define JT_FORWARD_METHOD_MAX 32
#define JT_FORWARD_HOST_MAX   255
#define JT_FORWARD_PATH_MAX   4096

/* Where the original request stands. Only the endpoint decides, never which headers are there: a
 * client can add those that the proxy in front does not set. */
enum jt_forward_source {
    JT_FORWARD_ORIGINAL,  /* X-Original-Method, X-Original-Host, X-Original-URI */
    JT_FORWARD_FORWARDED, /* X-Forwarded-Method, X-Forwarded-Host, X-Forwarded-Uri */
    JT_FORWARD_REQUEST,   /* the request's own method, Host, and target behind a prefix */
};

enum jt_forward_part { JT_FORWARD_METHOD, JT_FORWARD_HOST, JT_FORWARD_TARGET, JT_FORWARD_PARTS };

/* What was sent. Begin with `source` and, for JT_FORWARD_REQUEST, method and target, told once; all
 * else 0. */
struct jt_forward_told {
    enum jt_forward_source source;
    struct jt_span part[JT_FORWARD_PARTS];
    unsigned times[JT_FORWARD_PARTS]; /* how often it was told */
};

struct jt_forward {
    struct jt_span method;
    size_t host_n, path_n;
    char host[JT_FORWARD_HOST_MAX];    /* lower case, without port */
    uint8_t path[JT_FORWARD_PATH_MAX]; /* decoded, without query; begins with '/' */
};

/* Why a request was not read. */
struct jt_forward_fault {
    const char *why;
    const char *fix; /* the setting of the proxy that mends it; NULL: the client's doing */
};

/* Takes a header line of the request to the endpoint, if it is one that `told` needs. */
void jt_forward_line(struct jt_forward_told *told, struct jt_span name, struct jt_span value);

/* JT_ERR_REQUEST with `*out_fault`; `out` is undefined then. */
JT_MUST_USE enum jt_err jt_forward_read(const struct jt_forward_told *told, struct jt_forward *out,
                                        struct jt_forward_fault *out_fault);

/* The parts alone, for rules: what jt_forward_read accepts and how it writes it. `out` has room for
 * text.n bytes; the path must not have a query. JT_ERR_REQUEST with `*out_why`. */
JT_MUST_USE enum jt_err jt_forward_path(struct jt_span text, uint8_t *out, size_t *out_n,
                                        const char **out_why);
JT_MUST_USE enum jt_err jt_forward_host(struct jt_span text, char *out, size_t *out_n,
                                        const char **out_why);
JT_MUST_USE enum jt_err jt_forward_method(struct jt_span text, const char **out_why);

#endif
