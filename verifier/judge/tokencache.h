/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that one worker has verified, by a secret-keyed digest of the whole token: bounded, and
 * not written when one is found. It keeps what the signature vouched for; time and requirement are
 * for the caller to check at every find. The tokens themselves are not kept.
 * Ownership: jt_tokencache_new gives it; what is found is its own, until the next put or sweep.
 * Thread rule: one thread.
 * Source: RFC 8725 sec. 3.
 */
#ifndef JT_VERIFIER_TOKENCACHE_H
#define JT_VERIFIER_TOKENCACHE_H

#include "common/base/random.h"
#include "verifier/judge/tokenclaims.h"
#include "verifier/keyset.h"

#define JT_TOKENCACHE_TOKENS_MAX (1024 * 1024)
#define JT_TOKENCACHE_TEXT       896 /* of payload and claims; tokens with more are not kept */

struct jt_tokencache;

struct jt_tokencache_tag {
    uint64_t digest[2];
};

/* What is known of a token. */
struct jt_tokencache_known {
    size_t policy;
    uint64_t key; /* number of the key that signed, never 0 */
    struct jt_tokenclaims claims;
    struct jeton_slice kid;
    struct jt_span payload;
};

/* Gives a cache of at least `tokens`. JT_ERR_NOMEM, JT_ERR_RANDOM. */
JT_MUST_USE enum jt_err jt_tokencache_new(size_t tokens, const struct jt_random *random,
                                          struct jt_tokencache **out_cache);

/* NULL is harmless. */
void jt_tokencache_free(struct jt_tokencache *cache);

/* The tag of `token`; false when there is none: it cannot be found, nor remembered. */
JT_MUST_USE bool jt_tokencache_tag(const struct jt_tokencache *cache, struct jt_span token,
                                   struct jt_tokencache_tag *out_tag);

/* What is known of the token with `tag`, NULL when it is not there. Writes nothing. */
const struct jt_tokencache_known *jt_tokencache_find(const struct jt_tokencache *cache,
                                                     const struct jt_tokencache_tag *tag);

/* Remembers `known`, whose texts are copied, under `tag`, in the place of an expired entry or of
 * another one. Does nothing when the texts are too long. */
void jt_tokencache_put(struct jt_tokencache *cache, const struct jt_tokencache_tag *tag,
                       const struct jt_tokencache_known *known, int64_t now_s);

/* Forgets the tokens of `policy` whose key does not stand in `set` (NULL: of every key). */
void jt_tokencache_sweep(struct jt_tokencache *cache, size_t policy, const struct jt_keyset *set);

#endif
