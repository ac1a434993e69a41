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

#include "issuer/issuer.h"

/* Creates an object from `doc` (without client_id and secrets for a client: those are made here; a
 * client gets one secret, with `secret_name` and `secret_lifetime_s` taken out of `doc`). Gives the
 * object as docs/admin-api.md shows it; a client's has client_secret. JT_ERR_INVALID, JT_ERR_EXISTS
 * with a sentence that names the member. */
JT_MUST_USE enum jt_err jt_edit_create(struct jt_issuer *issuer, const char *actor,
                                       enum jt_store_kind kind, const json_t *doc,
                                       json_t **out_view, struct jt_diag *diag);

/* Merges `patch` into the object `id` (of a client: its id or name). What names it cannot change
 * (a client's name can: its id names it), nor secrets here. JT_ERR_NOT_FOUND, JT_ERR_INVALID,
 * JT_ERR_CONFLICT. */
JT_MUST_USE enum jt_err jt_edit_patch(struct jt_issuer *issuer, const char *actor,
                                      enum jt_store_kind kind, struct jt_span id,
                                      const json_t *patch, json_t **out_view, struct jt_diag *diag);

/* JT_ERR_NOT_FOUND; JT_ERR_CONFLICT naming what still refers to it. */
JT_MUST_USE enum jt_err jt_edit_delete(struct jt_issuer *issuer, const char *actor,
                                       enum jt_store_kind kind, struct jt_span id,
                                       struct jt_diag *diag);

/* Adds grants to a client (those it holds already stay as they are), or takes one away
 * (JT_ERR_NOT_FOUND when it does not hold it). `grants` is a JSON array of strings. */
JT_MUST_USE enum jt_err jt_edit_grant(struct jt_issuer *issuer, const char *actor,
                                      struct jt_span client, const json_t *grants,
                                      json_t **out_view, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_edit_ungrant(struct jt_issuer *issuer, const char *actor,
                                        struct jt_span client, struct jt_span grant,
                                        json_t **out_view, struct jt_diag *diag);

/* Adds a secret to a client. `name` empty: made from its number; `lifetime_s` 0: never expires. The
 * view has client_secret, this once. JT_ERR_CONFLICT with JT_OBJECT_MAX_SECRETS of them. */
JT_MUST_USE enum jt_err jt_edit_add_secret(struct jt_issuer *issuer, const char *actor,
                                           struct jt_span client, struct jt_span name,
                                           int64_t lifetime_s, json_t **out_view,
                                           struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_edit_revoke_secret(struct jt_issuer *issuer, const char *actor,
                                              struct jt_span client, struct jt_span secret_id,
                                              struct jt_diag *diag);

#endif
