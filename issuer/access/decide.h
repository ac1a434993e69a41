/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision: what token does this request get? One pure function from the access data, the
 * client and what it asks to a grant or a refusal, with the reasons. Whoever answers that question
 * calls it, so that no two answers disagree.
 * Ownership: a decision borrows from the access part and the request.
 * Thread rule: any thread.
 * Sources: RFC 6749 sec. 3.3, RFC 8707 sec. 2, RFC 9068 sec. 3.
 */
#ifndef JT_ACCESS_DECIDE_H
#define JT_ACCESS_DECIDE_H

#include "issuer/access/access.h"

#define JT_DECIDE_MAX_RESOURCES 8
#define JT_DECIDE_MAX_SCOPES    128

struct jt_decide_ask {
    const struct jt_span *resources; /* as sent; none: the client's default */
    size_t n_resources;
    struct jt_span scope; /* as sent, space-separated; empty: all that the client holds */
};

enum jt_decide_source { JT_BY_ROLE, JT_BY_PRODUCT, JT_BY_GRANT };

/* A scope of the token, and which right of the client it comes from. */
struct jt_decide_scope {
    struct jt_span name;
    enum jt_decide_source source;
    struct jt_span by; /* the role's or product's name; empty for a direct grant */
};

/* How the resources came to be those of the token. */
enum jt_decide_choice {
    JT_CHOSEN_NONE, /* none was, so far */
    JT_CHOSEN_ASKED,
    JT_CHOSEN_DEFAULT,  /* the client's default resource */
    JT_CHOSEN_BY_SCOPE, /* the only one held that defines all scopes asked for */
    JT_CHOSEN_ONLY,     /* the only one held */
};

struct jt_decision {
    const struct jt_resource *resources[JT_DECIDE_MAX_RESOURCES];
    size_t n_resources;
    enum jt_decide_choice choice;
    struct jt_decide_scope scopes[JT_DECIDE_MAX_SCOPES];
    size_t n_scopes;                              /* 0: a bare grant; the claim is left out */
    struct jt_span dropped[JT_DECIDE_MAX_SCOPES]; /* asked for, not given */
    size_t n_dropped;
    int64_t lifetime_s;
    enum jt_alg alg;
    struct jt_span typ;
};

/* Decides. After a refusal `out_decision` has the resources and the choice of before it, the rest is
 * not to be read. JT_ERR_TARGET, JT_ERR_INVALID_SCOPE with a sentence that names the fix, in the
 * characters RFC 6749 sec. 5.2 allows; an unknown resource and one that the client holds nothing on
 * get the same answer. The client is enabled: its authentication has seen to that. */
JT_MUST_USE enum jt_err jt_decide(const struct jt_access *access, const struct jt_client *client,
                                  const struct jt_decide_ask *ask, struct jt_decision *out_decision,
                                  struct jt_diag *diag);

#endif
