/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One YAML document as a flat list of keys with their places, scalars still text. It knows no key
 * and converts nothing (conf.c does). Of YAML it takes mappings nested at most JT_YAMLDOC_DEPTH_MAX
 * deep, scalars, lists of scalars and lists of mappings; tags, anchors, aliases, merge keys,
 * directives and further documents are refused, so that every value is what stands there.
 * Ownership: jt_yamldoc_parse fills in place; release.
 * Thread rule: one thread.
 * Sources: YAML 1.1 as libyaml reads it.
 */
#ifndef JT_CONF_YAMLDOC_H
#define JT_CONF_YAMLDOC_H

#include "common/base/diag.h"
#include "common/base/span.h"

#define JT_YAMLDOC_DEPTH_MAX 4
#define JT_YAMLDOC_KEY_MAX   64 /* bytes of one key; letters, digits, '_' and '-' */
#define JT_YAMLDOC_PATH_MAX  (JT_YAMLDOC_DEPTH_MAX * (JT_YAMLDOC_KEY_MAX + 1))

/* A place in the file, both numbers from 1. */
struct jt_yamldoc_at {
    size_t line, column;
};

enum jt_yamldoc_kind {
    JT_YAMLDOC_NOTHING, /* a key without a value (also `~` and `null`) */
    JT_YAMLDOC_TEXT,
    JT_YAMLDOC_LIST,    /* its items follow it */
    JT_YAMLDOC_ITEM,    /* of the list before it */
    JT_YAMLDOC_SECTION, /* its keys follow it */
    JT_YAMLDOC_ENTRY,   /* a mapping of the list before it: its keys follow it */
};

struct jt_yamldoc_node {
    enum jt_yamldoc_kind kind;
    char *path; /* dotted path of the key, "rules[].host" below an entry of `rules`, whose own is
                   "rules[]"; NULL for an item */
    char *text; /* of a text or an item, else NULL */
    struct jt_yamldoc_at key_at, value_at;
};

/* In the order of the file; no path stands twice, but for those of different entries. */
struct jt_yamldoc {
    struct jt_yamldoc_node *nodes;
    size_t n, cap;
};

#define JT_YAMLDOC_INIT \
    {                   \
        NULL, 0, 0      \
    }

/* Parses `text`, the content of the file `name`. JT_ERR_CONFIG with a sentence, JT_ERR_NOMEM; after
 * both `out_doc` is empty. */
JT_MUST_USE enum jt_err jt_yamldoc_parse(struct jt_span text, const char *name,
                                         struct jt_yamldoc *out_doc, struct jt_diag *diag);

void jt_yamldoc_release(struct jt_yamldoc *doc);

/* The node of the key `path`, the first of number `from` and before `to`; NULL when it is not there.
 */
const struct jt_yamldoc_node *jt_yamldoc_find(const struct jt_yamldoc *doc, size_t from, size_t to,
                                              const char *path);

/* JT_ERR_CONFIG, after writing `NAME:LINE:COLUMN: ` and the sentence into `diag` (which may be
 * NULL). */
enum jt_err jt_yamldoc_fail(const char *name, struct jt_yamldoc_at at, struct jt_diag *diag,
                            const char *format, ...) JT_PRINTF(4, 5);

#endif
