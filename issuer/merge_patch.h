/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON merge patch.
 * Ownership: the target is the caller's, and changed in place. Thread rule: any thread.
 * Sources: RFC 7396.
 */
#ifndef JT_ISSUER_MERGE_PATCH_H
#define JT_ISSUER_MERGE_PATCH_H

#include "common/base/err.h"

#include <jansson.h>

/* Merges the object `patch` into the object `target`: a member that is null goes, an object is
 * merged, all else is replaced. JT_ERR_LIMIT for a patch deeper than JT_JSON_DEPTH, JT_ERR_NOMEM;
 * the target is then part old, part new. */
JT_MUST_USE enum jt_err jt_merge_patch(json_t *target, const json_t *patch);

#endif
