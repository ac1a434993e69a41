/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public side of the keys as request threads read it: which kid signs, and the JWKS answer.
 * Ownership: make gives a part, shared by reference count. Thread rule: immutable once made, any
 * thread.
 * Source: RFC 7517 sec. 5.
 */
#ifndef JT_ISSUER_KEY_PART_H
#define JT_ISSUER_KEY_PART_H

#include "common/base/buf.h"
#include "issuer/counter.h"
#include "keys/schedule.h"

struct jt_keyring;

/* From when something stood in the set that this process answers with, and how often it had been
 * fetched by then (reach.h). */
struct jt_key_mark {
    char kid[JT_KEY_KID_MAX];
    int64_t since_s;
    struct jt_counter_fetches before;
};

/* The public side of the keys: which kid signs for each algorithm, and the JWKS answer. */
struct jt_key_part {
    _Atomic unsigned refs;
    char signing_kid[JT_ALG_COUNT_][JT_KEY_KID_MAX]; /* "" where no key signs */
    struct jt_buf jwks;                              /* the JWK Set, ready to send */
    char etag[48];                                   /* quoted, of the set's digest */
    struct jt_key_times *times;                      /* of all keys, oldest published first */
    size_t n_times;
    struct jt_key_mark set;    /* of the set as it is; no kid */
    struct jt_key_mark *marks; /* of each key in it */
    size_t n_marks;
};

/* Gives the public side: signing kids, JWKS text, ETag; what is in the set is marked by jt_reach_mark.
 * JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_key_part_make(const struct jt_keyring *keyring,
                                         struct jt_key_part **out_part);

/* Are keys of `alg` there: does one sign, or stand next? */
bool jt_key_part_keeps(const struct jt_key_part *keys, enum jt_alg alg);

struct jt_key_part *jt_key_part_ref(struct jt_key_part *keys);
void jt_key_part_free(struct jt_key_part *keys); /* drops a reference; NULL is harmless */

#endif
