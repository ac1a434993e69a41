/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits of the access model: what the admin API and `jetond dev` do to resources, roles and
 * clients. Each is one change (issuer.h): validated against what there is, audited in the same
 * transaction.
 * Ownership: results are given.
 * Thread rule: any thread that may block.
 */
#ifndef JT_ISSUER_EDIT_H
#define JT_ISSUER_EDIT_H

#include "issuer/actor.h"
#include "issuer/edit_list.h"
#include "issuer/issuer.h"

/* How an edit is made; all borrowed. */
struct jt_edit_how {
    const struct jt_actor *actor;
    /* The version of the object that the edit was thought out against; 0: whatever it is. Another
     * one now: JT_ERR_PRECONDITION. */
    int64_t if_version;
    /* An idempotency key, empty: none, and the digest of the request that it came with. The same
     * again within JT_STORE_REPLY_S changes nothing and gives the first view, without a secret;
     * another request under the key is JT_ERR_IDEMPOTENCY. */
    struct jt_span key, request_hash;
};

struct jt_edit_result {
    json_t *view;    /* the caller's; as docs/admin-api.md shows it */
    int64_t version; /* of the object that was edited */
    bool replayed;
};

/* Creates an object from `doc` (without client_id and secrets for a client: those are made here; a
 * client gets one secret, with `secret_name` and `secret_lifetime_s` taken out of `doc`). The view
 * of a client has client_secret, this once. JT_ERR_INVALID, JT_ERR_EXISTS with a sentence that names
 * the member. */
JT_MUST_USE enum jt_err jt_edit_create(struct jt_issuer *issuer, const struct jt_edit_how *how,
                                       enum jt_store_kind kind, const json_t *doc,
                                       struct jt_edit_result *out_result, struct jt_diag *diag);

/* Merges `patch` (RFC 7396) into the object `id` (of a client: its id or name); lists are replaced.
 * What names it cannot change (a client's name can: its id names it), nor secrets and subscriptions
 * here. JT_ERR_NOT_FOUND, JT_ERR_INVALID, JT_ERR_CONFLICT, JT_ERR_PRECONDITION. Here and below, an
 * edit that changes nothing writes nothing, and the version stays. */
JT_MUST_USE enum jt_err jt_edit_patch(struct jt_issuer *issuer, const struct jt_edit_how *how,
                                      enum jt_store_kind kind, struct jt_span id,
                                      const json_t *patch, struct jt_edit_result *out_result,
                                      struct jt_diag *diag);

/* JT_ERR_NOT_FOUND; JT_ERR_CONFLICT naming what still refers to it; JT_ERR_PRECONDITION. */
JT_MUST_USE enum jt_err jt_edit_delete(struct jt_issuer *issuer, const struct jt_edit_how *how,
                                       enum jt_store_kind kind, struct jt_span id,
                                       struct jt_diag *diag);

/* Grants, roles and subscriptions of a client, one by one (edit_list.h). */
JT_MUST_USE enum jt_err jt_edit_list(struct jt_issuer *issuer, const struct jt_edit_how *how,
                                     struct jt_span client, const struct jt_edit_list *list,
                                     struct jt_edit_result *out_result, struct jt_diag *diag);

/* Adds a secret to a client. `name` empty: made from its number; `lifetime_s` 0: never expires. The
 * view is the secret's and has client_secret, this once. JT_ERR_CONFLICT with JT_OBJECT_MAX_SECRETS
 * of them. */
JT_MUST_USE enum jt_err jt_edit_add_secret(struct jt_issuer *issuer, const struct jt_edit_how *how,
                                           struct jt_span client, struct jt_span name,
                                           int64_t lifetime_s, struct jt_edit_result *out_result,
                                           struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_edit_revoke_secret(struct jt_issuer *issuer,
                                              const struct jt_edit_how *how, struct jt_span client,
                                              struct jt_span secret_id, struct jt_diag *diag);

#endif
