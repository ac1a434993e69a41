/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would the token endpoint do with this request, and why? The decision is jt_decide's, the
 * claims are token_claims.h's, the refusal is token_error.h's and the key signs for a try: this
 * only adds the reasons.
 * Ownership: gives a json_t.
 * Thread rule: any thread; the lane is the calling thread's.
 */
#ifndef JT_ISSUER_EXPLAIN_H
#define JT_ISSUER_EXPLAIN_H

#include "issuer/access/decide.h"
#include "issuer/root.h"
#include "keys/signer.h"

#include <jansson.h>

struct jt_explain {
    const struct jt_root *root;
    struct jt_signer_lane *lane;
    const struct jt_client *client; /* NULL: unknown */
    struct jt_span name;            /* what it was asked for by */
    struct jt_decide_ask ask;
    int64_t now_s;
};

/* Gives the answer that docs/admin-api.md describes. JT_ERR_KEY_ABSENT: the root's signing key has
 * gone meanwhile; enter the new root and ask again. JT_ERR_NOMEM, JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_explain_make(const struct jt_explain *explain, json_t **out_answer);

#endif
