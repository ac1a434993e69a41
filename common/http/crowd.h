/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is connected: how many connections there are of each source, so that one does not take all the
 * places, and how many were refused and why. A source is an IPv4 address or the /64 of an IPv6
 * address, which is what one host is given; peers of UNIX sockets, and those that are exempt, are no
 * source. What is refused is logged at most once a minute for each cause. It closes nothing itself.
 * Ownership: in place, init to release; the tally is its holder's and outlives it.
 * Thread rule: any thread, between init and release. `lock` guards the table of sources.
 */
#ifndef JT_HTTP_CROWD_H
#define JT_HTTP_CROWD_H

#include "common/base/err.h"
#include "common/log/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

/* Why a connection was refused or ended by the server. */
enum jt_crowd_cause {
    JT_CROWD_SOURCE,      /* its source has as many as it may: answered 503 */
    JT_CROWD_DESCRIPTORS, /* no descriptor was left: answered 503 */
    JT_CROWD_MEMORY,      /* no memory was left: closed */
    JT_CROWD_FULL,        /* the longest idle of all, to make a place: closed */
    JT_CROWD_DEADLINE,    /* not done in time: closed */
    JT_CROWD_CAUSES_
};

/* What /metrics tells; zero before use. */
struct jt_crowd_tally {
    atomic_size_t open;
    atomic_uint_least64_t ended[JT_CROWD_CAUSES_];
};

struct jt_crowd {
    struct jt_crowd_tally *tally, own; /* `tally` is `own` where nobody else looks */
    size_t max_per_source;             /* 0: any number */
    bool (*exempt)(const void *ctx, const struct sockaddr *peer); /* NULL: nobody */
    const void *exempt_ctx;
    const struct jt_log *log;
    uint64_t factor; /* of the hash: random, so that nobody can choose addresses that collide */
    pthread_mutex_t lock;
    size_t n_buckets;
    struct jt_crowd_source **buckets;
    _Atomic(int64_t) told_ms[JT_CROWD_CAUSES_];
};

/* With the fields from `tally` (NULL: own) to `log` set. `places`: how many connections there will be
 * at most. JT_ERR_NOMEM, JT_ERR_RANDOM. */
JT_MUST_USE enum jt_err jt_crowd_init(struct jt_crowd *crowd, size_t places);

/* Everybody has left. */
void jt_crowd_release(struct jt_crowd *crowd);

/* May another one of this source come, by what is known now? */
bool jt_crowd_admits(struct jt_crowd *crowd, const struct sockaddr *peer);

/* A connection is there: JT_OK, and jt_crowd_leave has to follow. JT_ERR_LIMIT: its source has as
 * many as it may; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_crowd_enter(struct jt_crowd *crowd, const struct sockaddr *peer);
void jt_crowd_leave(struct jt_crowd *crowd, const struct sockaddr *peer);

/* Counts, and logs. `peer` may be NULL: not known. */
void jt_crowd_refused(struct jt_crowd *crowd, enum jt_crowd_cause cause,
                      const struct sockaddr *peer);

/* "source", "descriptors", ... */
const char *jt_crowd_cause_name(enum jt_crowd_cause cause);

#endif
