/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front door: looks at a request head at libmicrohttpd's first handler call and says whether
 * its framing is the one that RFC 9112 allows. libmicrohttpd before 1.0 accepts much that is not
 * (CL with TE, repeats, folding, bare LF, NUL): what its API has lost is found by the layout of the
 * head in memory. A refused request is answered 400 and its connection closed.
 * Ownership: none.
 * Thread rule: the connection's thread.
 * Sources: RFC 9112 sec. 2.2, 3.2, 5, 6; RFC 9110 sec. 5.5, 8.6.
 */
#ifndef JT_HTTP_DOOR_H
#define JT_HTTP_DOOR_H

#include "common/base/err.h"
#include "common/base/span.h"

struct MHD_Connection;

/* JT_OK, or JT_ERR_HTTP with `*out_why` a literal that names the rule broken. `url` is the raw
 * target as libmicrohttpd hands it before unescaping. */
JT_MUST_USE enum jt_err jt_door_check(struct MHD_Connection *connection, const char *method,
                                      const char *url, const char *version, const char **out_why);

/* Does the head leave `room` bytes of the connection's `memory` for that of the answer? Where it
 * does not the library closes the connection without a word, and the client decides when. */
bool jt_door_leaves(struct MHD_Connection *connection, size_t memory, size_t room);

/* Whether the library that runs is one whose layout the check knows (0.9.7x). With another, which
 * is 1.x, counts and alphabets are checked and the rest is left to the library's own strict mode.
 */
bool jt_door_knows_library(void);

#endif
