/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of names in the access model: names of objects, scopes, identifiers of resources, and
 * grants, which are made of the last two.
 * Ownership: answers borrow. Thread rule: any thread.
 * Sources: RFC 6749 sec. 3.3 (scope), RFC 8707 sec. 2 and RFC 3986 sec. 4.3 (identifier).
 */
#ifndef JT_ACCESS_NAMES_H
#define JT_ACCESS_NAMES_H

#include "common/base/err.h"
#include "common/base/span.h"

#define JT_NAMES_MAX            128 /* characters of a name, and of a scope */
#define JT_NAMES_MAX_IDENTIFIER 512

/* The right to `scope` at `resource`. */
struct jt_grant {
    struct jt_span resource;
    struct jt_span scope; /* empty: the bare grant, may call with no scope */
};

/* 1 to JT_NAMES_MAX of A-Z a-z 0-9 . _ : @ -, the first a letter or digit. */
bool jt_names_is_name(struct jt_span text);

/* At most `max` bytes of UTF-8 (RFC 3629) without control characters. */
bool jt_names_is_text(struct jt_span text, size_t max);

/* One scope-token of at most JT_NAMES_MAX characters. */
bool jt_names_is_scope(struct jt_span text);

/* An absolute URI without fragment, of at most JT_NAMES_MAX_IDENTIFIER characters. */
bool jt_names_is_identifier(struct jt_span text);

/* Splits `IDENTIFIER#SCOPE` or `IDENTIFIER`. JT_ERR_INVALID when either part is malformed. */
JT_MUST_USE enum jt_err jt_names_parse_grant(struct jt_span text, struct jt_grant *out_grant);

#endif
