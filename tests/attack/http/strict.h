/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second opinion on HTTP/1.1 framing for the tests: reads a stream of requests as RFC 9112 wants
 * it, from the raw bytes, and shares no code with common/http. It takes what the front door has
 * decided to take: the origin form, the versions 1.0 and 1.1, no NUL and no "%00".
 * Ownership: spans point into the stream.
 * Thread rule: any thread.
 * Sources: RFC 9112 sec. 2.2, 3, 5, 6, 7.1; RFC 9110 sec. 5, 7.2; RFC 3986 sec. 3.2.
 */
#ifndef JT_TESTS_ATTACK_HTTP_STRICT_H
#define JT_TESTS_ATTACK_HTTP_STRICT_H

#include "common/base/span.h"

enum strict { STRICT_OK, STRICT_BAD, STRICT_SHORT /* more bytes are due */ };

struct strict_head {
    struct jt_span method, path; /* the path without its query */
    bool http_1_0, chunked, close, authorized;
    bool either;   /* right, and yet 0.9.7x of libmicrohttpd refuses it: white space after a length
                      or after "chunked" */
    size_t length; /* announced; SIZE_MAX: more than that */
    size_t n;      /* bytes of the head, with the empty lines before it */
};

/* Reads the head at the start of `stream`. `*out_head` is set with STRICT_OK. */
enum strict strict_read_head(struct jt_span stream, struct strict_head *out_head);

/* The same, with what 0.9.7x of libmicrohttpd takes without leaving a trace of it: NUL LF ends a
 * field line as CR LF does, ':' LF ends a head in the place of an empty line, LF, NUL or ':', CR or NUL,
 * and LF in the place of both, and lines that begin with NUL before a request line are passed over. */
enum strict strict_read_head_as_taken(struct jt_span stream, struct strict_head *out_head);

/* Does any of the forms stand in the stream that are the end of a head to 0.9.7x and leave no trace? */
bool strict_hides_end(struct jt_span stream);

/* Reads the body that follows `head`: `*out_bytes` of content in `*out_n` bytes. */
enum strict strict_read_body(struct jt_span stream, const struct strict_head *head,
                             size_t *out_bytes, size_t *out_n);

#endif
