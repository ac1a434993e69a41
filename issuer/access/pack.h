/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packs a record of the access model into one allocation: the struct, its arrays, its text. The
 * size is known beforehand, for no text of a record is longer than it is in the JSON document.
 * Ownership: jt_pack_begin gives the memory (free()); all else points into it.
 * Thread rule: one.
 */
#ifndef JT_ACCESS_PACK_H
#define JT_ACCESS_PACK_H

#include "common/base/diag.h"
#include "common/base/span.h"
#include "issuer/access/object.h"

#include <jansson.h>

struct jt_pack {
    uint8_t *record, *next, *end;
    const char *member; /* being read, for sentences */
    struct jt_diag *diag;
};

/* Gives zeroed memory for a record of `size` bytes made from `doc`, in `*out_record`. JT_ERR_NOMEM.
 */
JT_MUST_USE enum jt_err jt_pack_begin(struct jt_pack *pack, const json_t *doc, size_t size,
                                      struct jt_diag *diag, void **out_record);

/* Zeroed room for `count` elements. What does not fit is a mistake of ours (assert). */
void *jt_pack_array(struct jt_pack *pack, size_t count, size_t size);

/* A copy of `text` in the record. */
struct jt_span jt_pack_text(struct jt_pack *pack, struct jt_span text);

/* The same by its place; `text` is shorter than JT_TEXT_MAX_N. */
struct jt_text jt_pack_place(struct jt_pack *pack, struct jt_span text);

/* The same of a grant, which must be one (names.h): of its resource and its scope. */
void jt_pack_grant(struct jt_pack *pack, struct jt_span text, struct jt_text out_texts[2]);

/* Zeroed room for `count` elements, and its place. */
void *jt_pack_places(struct jt_pack *pack, size_t count, size_t size, uint32_t *out_place);

/* Gives a copy of the client that was packed in memory of its own size: what was measured is the most
 * that it can be, and there are many. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pack_copy(const struct jt_pack *pack, struct jt_object **out_object);

/* Writes `MEMBER: sentence` and returns JT_ERR_INVALID. */
JT_MUST_USE enum jt_err jt_pack_fail(struct jt_pack *pack, const char *format, ...) JT_PRINTF(2, 3);

#endif
