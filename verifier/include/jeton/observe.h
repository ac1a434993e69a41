/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verifier tells of itself: counters by outcome and issuer, the age of each key set, and
 * events about key sets. The library never logs; this is what a program logs and measures by.
 * <jeton/verifier.h> includes this header. Issuers are named by their place in the array of
 * policies that jeton_verifier_new was given.
 *
 *     struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
 *     if (jeton_verifier_info(verifier, 0, &info) == JETON_OK && info.stale) {
 *         fprintf(stderr, "keys of %s are %lld s old\n", info.issuer, (long long)info.age_s);
 *     }
 *     printf("%llu\n", (unsigned long long)jeton_verifier_count(verifier, 0, JETON_EXPIRED));
 */
#ifndef JETON_OBSERVE_H
#define JETON_OBSERVE_H

#include <stddef.h>
#include <stdint.h>

#include <jeton/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One per program, shared by its threads; <jeton/verifier.h> makes it. Since 0.1. */
typedef struct jeton_verifier jeton_verifier;

/* What happened to an issuer's key set. Numbers are stable; new ones may be added. Since 0.1. */
typedef enum jeton_event_kind {
    JETON_EVENT_SET = 1,          /* another set is in use */
    JETON_EVENT_FETCH_FAILED = 2, /* no set was got, or it was refused; the one in use stays */
    JETON_EVENT_STALE = 3,        /* the set is past its time to live, and goes on being used */
    JETON_EVENT_DROPPED = 4,      /* ... for too long: from here on there is none */
    JETON_EVENT_KID_UNKNOWN = 5,  /* a token named a kid that no key has: an early fetch begins */
    JETON_EVENT_CACHE_FAILED = 6  /* jwks_cache could not be read or written */
} jeton_event_kind;

/* All of it is borrowed for the call. Since 0.1. */
struct jeton_event {
    size_t size;
    jeton_event_kind kind;
    size_t policy;        /* place of the issuer's policy */
    const char *issuer;   /* of the policy */
    const char *text;     /* one sentence, without line breaks */
    size_t keys, skipped; /* of the set in use: usable keys, and members that are none */
};

/* Called by the thread that makes the event: the background thread, or who calls
 * jeton_verifier_new or jeton_verifier_poll; from one thread at a time. It must not call
 * jeton_verifier_poll or jeton_verifier_free, and delays the next fetch while it runs. Since 0.1.
 */
typedef void (*jeton_event_fn)(void *ctx, const struct jeton_event *event);

/* Of one issuer, now. Since 0.1. */
struct jeton_issuer_info {
    size_t size;
    const char *issuer;     /* borrowed from the verifier */
    size_t keys, skipped;   /* of the set in use; no keys: no set */
    int64_t age_s;          /* since the set was fetched or found unchanged; -1: no set */
    int64_t fresh_s;        /* how long it is fresh still; below 0: stale since; 0 without a set,
                               INT64_MAX for one that is never fetched again */
    int stale;              /* 1: in use past its time to live, because fetching fails */
    uint64_t fetches;       /* attempts to get a set that have ended */
    uint64_t failures;      /* ... of which failed */
    uint64_t early_fetches; /* attempts that unknown kids have begun */
    uint64_t sets;          /* how often another set came into use */
    uint64_t stale_uses;    /* tokens judged with a stale set */
    uint64_t cache_hits;    /* tokens found among the remembered (jeton_options cache_tokens) */
};

/* Fills `out` for the issuer at place `policy`. JETON_USAGE: no such place, `verifier` is NULL or
 * came with an error, or `out` was not initialised with JETON_INIT. Any thread. Since 0.1. */
JETON_API JETON_CHECK jeton_status jeton_verifier_info(const jeton_verifier *verifier,
                                                       size_t policy,
                                                       struct jeton_issuer_info *out);

/* How many tokens of the issuer at place `policy` ended in `status`, over all workers since the
 * verifier was made. The place behind the last policy counts the tokens that were refused before
 * a policy was chosen (missing, malformed, of an issuer that none is for). 0 for what is no place or no
 * status. Workers count without a lock: the answer may lag behind calls that are under way. Any
 * thread. Since 0.1. */
JETON_API uint64_t jeton_verifier_count(const jeton_verifier *verifier, size_t policy,
                                        jeton_status status);

#ifdef __cplusplus
}
#endif

#endif
