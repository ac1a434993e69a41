/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of a YAML text, one by one, under the rules that all YAML of ours is read by: UTF-8
 * only; no anchor, alias or tag, so that every value is what stands there; every fault is told by
 * its place. It knows nothing of documents, keys and values (yamldoc.h and yamljson.h do).
 * Ownership: in place; release. The text, its name and `diag` are borrowed until then.
 * Thread rule: one thread.
 * Sources: YAML 1.1 and 1.2 as libyaml reads them.
 */
#ifndef JT_CONF_YAMLEVENTS_H
#define JT_CONF_YAMLEVENTS_H

#include "common/conf/yamldoc.h"

#include <yaml.h>

struct jt_yamlevents {
    yaml_parser_t parser;
    yaml_event_t event; /* the present one */
    struct jt_span text;
    const char *name; /* of the file, for sentences */
    struct jt_diag *diag;
};

/* Before the first event of `text`. JT_ERR_NOMEM: there is nothing to release. */
JT_MUST_USE enum jt_err jt_yamlevents_init(struct jt_yamlevents *events, struct jt_span text,
                                           const char *name, struct jt_diag *diag);

void jt_yamlevents_release(struct jt_yamlevents *events);

/* Makes the next event the present one. JT_ERR_CONFIG with a sentence: not YAML, not UTF-8, or one of
 * what is not read here. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_yamlevents_next(struct jt_yamlevents *events);

/* Where the present event begins. */
struct jt_yamldoc_at jt_yamlevents_at(const struct jt_yamlevents *events);

/* The text of the present event, a scalar; borrowed until the next. */
struct jt_span jt_yamlevents_scalar(const struct jt_yamlevents *events);

/* JT_ERR_CONFIG, with the sentence `what` said of the present event. */
JT_MUST_USE enum jt_err jt_yamlevents_refuse(const struct jt_yamlevents *events, const char *what);

/* The place of the byte `offset` of `text`. */
struct jt_yamldoc_at jt_yamlevents_place(struct jt_span text, size_t offset);

#endif
