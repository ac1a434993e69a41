/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which URLs the verifier fetches from. It does not fetch, and it does not normalise: a URL is used
 * as it is written or not at all.
 * Ownership: none.
 * Thread rule: any thread.
 * Sources: RFC 3986, RFC 8414 sec. 3, RFC 8252 sec. 7.3.
 */
#ifndef JT_VERIFIER_FETCHURL_H
#define JT_VERIFIER_FETCHURL_H

#include "common/base/err.h"
#include "common/base/span.h"

/* The parts of an accepted URL; they borrow from its text. */
struct jt_fetchurl {
    bool tls;
    struct jt_span origin; /* scheme://host[:port] */
    struct jt_span path;   /* all the rest: "", "/...", with its query */
};

/* Takes `text` apart. JT_ERR_URL: neither https nor http on loopback (localhost, 127.0.0.0/8,
 * [::1]), or it has a user, a fragment, a blank or a control character. */
JT_MUST_USE enum jt_err jt_fetchurl_parse(struct jt_span text, struct jt_fetchurl *out_url);

#endif
