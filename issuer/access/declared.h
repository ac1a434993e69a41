/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object as an operator's file declares it: its document with the member `kind`, and without what
 * the issuer alone makes. Whoever reads declarations asks here, so that what passes a check without
 * an issuer is what the issuer takes.
 * Ownership: parse gives a reference. Thread rule: any thread.
 */
#ifndef JT_ACCESS_DECLARED_H
#define JT_ACCESS_DECLARED_H

#include "issuer/access/object.h"

/* The kind that `doc` says. JT_ERR_INVALID with a sentence (`MEMBER: what; mend`, here and below). */
JT_MUST_USE enum jt_err jt_declared_kind(const json_t *doc, enum jt_store_kind *out_kind,
                                         struct jt_diag *diag);

/* Does a client's `doc` say its id? If not, the caller puts one in before parse. */
bool jt_declared_has_id(const json_t *doc);

/* Gives the record of `doc`, which loses `kind` on the way. JT_ERR_INVALID, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_declared_parse(enum jt_store_kind kind, json_t *doc,
                                          struct jt_object **out_object, struct jt_diag *diag);

/* `err`, after `KIND 'NAME': ` was put before the sentence in `diag`; the name is what people call
 * the object that `doc` declares. */
enum jt_err jt_declared_fail(enum jt_store_kind kind, const json_t *doc, enum jt_err err,
                             struct jt_diag *diag);

#endif
