/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/judge/tokencache.h"

#include <stdlib.h>

#include "verifier/crypto/keyeddigest.h"

#include "common/base/base.h"

#define WAYS 4 /* places where one token may stand: their tags fill a cache line */

struct line {
    struct jt_tokencache_tag tags[WAYS];
};

struct entry {
    struct jt_tokencache_known known; /* its key is 0: the entry is empty */
    size_t used;                      /* of text */
    char text[JT_TOKENCACHE_TEXT];
};

struct jt_tokencache {
    uint8_t key[16];
    size_t n_lines; /* a power of two */
    struct line *lines;
    struct entry *entries; /* WAYS of each line */
};

enum jt_err jt_tokencache_new(size_t tokens, const struct jt_random *random,
                              struct jt_tokencache **out_cache)
{
    struct jt_tokencache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        return JT_ERR_NOMEM;
    }
    for (cache->n_lines = 1; cache->n_lines * WAYS < tokens;) {
        cache->n_lines *= 2;
    }
    cache->lines = calloc(cache->n_lines, sizeof *cache->lines);
    cache->entries = calloc(cache->n_lines * WAYS, sizeof *cache->entries);
    enum jt_err err = cache->lines == NULL || cache->entries == NULL
                          ? JT_ERR_NOMEM
                          : jt_random_fill(random, cache->key, sizeof cache->key);
    if (err != JT_OK) {
        jt_tokencache_free(cache);
        return err;
    }
    *out_cache = cache;
    return JT_OK;
}

void jt_tokencache_free(struct jt_tokencache *cache)
{
    if (cache == NULL) {
        return;
    }
    free(cache->lines);
    free(cache->entries);
    free(cache);
}

bool jt_tokencache_tag(const struct jt_tokencache *cache, struct jt_span token,
                       struct jt_tokencache_tag *out_tag)
{
    return jt_keyeddigest(cache->key, token, out_tag->digest);
}

static size_t line_of(const struct jt_tokencache *cache, const struct jt_tokencache_tag *tag)
{
    return (size_t)tag->digest[0] & (cache->n_lines - 1);
}

static bool same(const struct jt_tokencache_tag *a, const struct jt_tokencache_tag *b)
{
    return ((a->digest[0] ^ b->digest[0]) | (a->digest[1] ^ b->digest[1])) == 0;
}

const struct jt_tokencache_known *jt_tokencache_find(const struct jt_tokencache *cache,
                                                     const struct jt_tokencache_tag *tag)
{
    size_t at = line_of(cache, tag);
    for (size_t way = 0; way < WAYS; way++) {
        if (same(&cache->lines[at].tags[way], tag)) {
            const struct jt_tokencache_known *known = &cache->entries[at * WAYS + way].known;
            return known->key != 0 ? known : NULL;
        }
    }
    return NULL;
}

/* An empty or expired place, else one that the digest picks. */
static size_t choose(const struct jt_tokencache *cache, const struct jt_tokencache_tag *tag,
                     int64_t now_s)
{
    size_t first = line_of(cache, tag) * WAYS;
    for (size_t way = 0; way < WAYS; way++) {
        const struct jt_tokencache_known *known = &cache->entries[first + way].known;
        if (known->key == 0 || known->claims.exp_s <= now_s) {
            return first + way;
        }
    }
    return first + (size_t)(tag->digest[1] % WAYS);
}

/* Copies `*slice` behind what is copied already, and points it there. */
static void move_in(struct entry *entry, struct jeton_slice *slice)
{
    if (slice->n > 0) {
        memcpy(entry->text + entry->used, slice->p, slice->n);
        slice->p = entry->text + entry->used;
        entry->used += slice->n;
    }
}

void jt_tokencache_put(struct jt_tokencache *cache, const struct jt_tokencache_tag *tag,
                       const struct jt_tokencache_known *known, int64_t now_s)
{
    const struct jt_tokenclaims *claims = &known->claims;
    if (known->payload.n + known->kid.n + claims->issuer.n + claims->subject.n +
            claims->client_id.n + claims->token_id.n + claims->scope.n >
        JT_TOKENCACHE_TEXT) {
        return;
    }
    size_t at = choose(cache, tag, now_s);
    struct entry *to = &cache->entries[at];
    struct jeton_slice payload = {(const char *)known->payload.p, known->payload.n};
    to->known = *known;
    to->used = 0;
    move_in(to, &payload);
    to->known.payload = jt_span_of(payload.p, payload.n);
    move_in(to, &to->known.kid);
    move_in(to, &to->known.claims.issuer);
    move_in(to, &to->known.claims.subject);
    move_in(to, &to->known.claims.client_id);
    move_in(to, &to->known.claims.token_id);
    move_in(to, &to->known.claims.scope);
    cache->lines[at / WAYS].tags[at % WAYS] = *tag;
}

void jt_tokencache_sweep(struct jt_tokencache *cache, size_t policy, const struct jt_keyset *set)
{
    for (size_t i = 0; i < cache->n_lines * WAYS; i++) {
        struct jt_tokencache_known *known = &cache->entries[i].known;
        if (known->key != 0 && known->policy == policy && !jt_keyset_holds(set, known->key)) {
            known->key = 0;
        }
    }
}
