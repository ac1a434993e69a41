/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token's claims, read by name and by type. It does not judge them. How the text is kept behind
 * this header is nobody's business but payload.c's.
 * Ownership: the holder's, in place; the text of a load is borrowed, and what is read borrows from
 * it and from the holder, until the next load or release.
 * Thread rule: one thread.
 * Sources: RFC 7519 sec. 2, 4; RFC 8259.
 */
#ifndef JT_VERIFIER_PAYLOAD_H
#define JT_VERIFIER_PAYLOAD_H

#include "common/json/json_index.h"

/* Values in a claims set, of all levels: a text of 16 KiB then has 16 bytes for each. */
#define JT_PAYLOAD_MAX_VALUES 1024

struct jt_payload {
    struct jt_json_index index;
};

/* Makes room, once, for claims sets of at most `max_text` bytes. Before it nothing can be loaded.
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_payload_init(struct jt_payload *claims, size_t max_text);

/* Loads the claims set `text`, dropping what was loaded before. Borrows `text` until the next load
 * or release; allocates nothing. JT_ERR_CLAIMS when it is not one strict JSON object, has more than
 * JT_PAYLOAD_MAX_VALUES values or is longer than there is room for. After a failure no claim is
 * there. */
JT_MUST_USE enum jt_err jt_payload_load(struct jt_payload *claims, struct jt_span text);

/* The text that was loaded last, borrowed; p NULL when there are no claims. */
struct jt_span jt_payload_whole(const struct jt_payload *claims);

/* Forgets the claims and gives up the room; harmless when repeated. */
void jt_payload_release(struct jt_payload *claims);

/* Is `name` there with any value but null. */
bool jt_payload_has(const struct jt_payload *claims, const char *name);

/* The JSON text of the value `name`, as it stands in the token. JT_ERR_NOT_FOUND when absent. */
JT_MUST_USE enum jt_err jt_payload_raw(const struct jt_payload *claims, const char *name,
                                       struct jt_span *out_text);

/* The string `name`; when absent, `*out_text` is the empty span with p NULL. JT_ERR_CLAIMS for any
 * other type. */
JT_MUST_USE enum jt_err jt_payload_text(const struct jt_payload *claims, const char *name,
                                        struct jt_span *out_text);

/* The NumericDate `name` in whole seconds, exactly: the number is not rounded before its fraction
 * is cut off; `*out_s` is -1 when absent. JT_ERR_CLAIMS when it is no number, or outside the years
 * 1970 to 9999. */
JT_MUST_USE enum jt_err jt_payload_date(const struct jt_payload *claims, const char *name,
                                        int64_t *out_s);

/* Of a claim that is one string or an array of strings: how many; 0 when absent. JT_ERR_CLAIMS for
 * any other type, also of one element. */
JT_MUST_USE enum jt_err jt_payload_count(const struct jt_payload *claims, const char *name,
                                         size_t *out_n);

/* Element `at` of a claim that jt_payload_count has counted. */
struct jt_span jt_payload_element(const struct jt_payload *claims, const char *name, size_t at);

/* Is `name` there as an array. */
bool jt_payload_is_array(const struct jt_payload *claims, const char *name);

#endif
