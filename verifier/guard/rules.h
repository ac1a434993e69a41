/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules in the order in which they decide, and the one that is for a request. The most specific
 * host pattern that fits decides first, then the longest path, then the method: what a more
 * specific rule says is never softened by a more general one, so a method that the rules of the
 * path do not name is denied there.
 * Ownership: in place; borrows the configuration, whose life is longer.
 * Thread rule: read by any thread once made.
 */
#ifndef JT_GUARD_RULES_H
#define JT_GUARD_RULES_H

#include <jeton/verifier.h>

#include "verifier/guard/forward.h"
#include "verifier/guard/guardconf.h"

#define JT_RULES_ANY_ISSUER SIZE_MAX
#define JT_RULES_CHALLENGE_MAX \
    8000 /* of WWW-Authenticate: JT_AUTHORIZE_ANSWER_ROOM has room for it */

struct jt_rule {
    const struct jt_guardconf_rule *conf;
    struct jt_span host; /* empty: any */
    bool below;          /* those below `host`, which begins with the dot */
    struct jt_buf path;  /* decoded; "" for the root */
    size_t issuer;       /* place of its policy, or JT_RULES_ANY_ISSUER */
    const char *audiences[2];
    struct jeton_require require;
};

struct jt_rules {
    struct jt_rule *rules; /* in the order in which they decide */
    size_t n;
};

/* Fills in place from `conf`, the content of the file `name`. JT_ERR_CONFIG with a sentence when
 * two rules are for the same requests, or one has more scopes than can be told; JT_ERR_NOMEM.
 * Nothing needs release then. */
JT_MUST_USE enum jt_err jt_rules_make(const struct jt_guardconf *conf, const char *name,
                                      struct jt_rules *out_rules, struct jt_diag *diag);
void jt_rules_release(struct jt_rules *rules);

/* The rule that decides about `request`; NULL: none, which is to deny it. */
const struct jt_rule *jt_rules_find(const struct jt_rules *rules, const struct jt_forward *request);

#endif
