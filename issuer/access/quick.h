/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the documents of clients, as the store keeps them, without making values of them first: a
 * start may have a million to read. It accepts nothing that jt_object_parse would refuse, and makes
 * the same record; what is not as usual it leaves to that one, which has the sentences.
 * Ownership: a reader is the holder's; take gives a reference.
 * Thread rule: one thread per reader.
 */
#ifndef JT_ACCESS_QUICK_H
#define JT_ACCESS_QUICK_H

#include "issuer/access/object.h"

struct jt_quick;

JT_MUST_USE enum jt_err jt_quick_new(struct jt_quick **out_quick);
void jt_quick_free(struct jt_quick *quick); /* NULL is harmless */
JT_AUTOP_DEFINE(quick);

/* Gives the client that the JSON text `doc` describes. JT_ERR_INVALID: ask jt_object_parse.
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_quick_client(struct jt_quick *quick, struct jt_span doc,
                                        struct jt_object **out_object);

#endif
