/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate to try TLS with on loopback: for localhost and one address, signed by a root that is
 * made for it. The root's key is gone when the call returns and was never on disk: what trusts its
 * certificate trusts this one server.
 * Ownership: none.
 * Thread rule: any thread.
 * Sources: RFC 5280 sec. 4.
 */
#ifndef JT_KEYS_DEVCERT_H
#define JT_KEYS_DEVCERT_H

#include "common/base/diag.h"
#include "common/base/span.h"

struct jt_devcert_paths {
    const char *root;        /* the root's certificate, to trust */
    const char *certificate; /* the server's */
    const char *key;         /* and its key, mode 0600 */
};

#define JT_DEVCERT_DAYS 90

/* Makes the three files anew, for `localhost` and the IP address `ip`. JT_ERR_IO with a sentence;
 * JT_ERR_CRYPTO, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_devcert_create(const struct jt_devcert_paths *paths, struct jt_span ip,
                                          struct jt_diag *diag);

#endif
