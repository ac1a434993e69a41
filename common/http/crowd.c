/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/random.h"

#include "common/base/base.h"

#define BUCKETS_MIN 16
#define PER_BUCKET  2                /* sources, when each connection is another one */
#define TELL_MS     ((int64_t)60000) /* between two lines of one cause */

struct jt_crowd_source {
    struct jt_crowd_source *next;
    uint64_t prefix;
    bool v6;
    size_t n; /* its connections: at least 1 */
};

static const struct {
    const char *name, *fix;
} causes[JT_CROWD_CAUSES_] = {
    [JT_CROWD_SOURCE] = {"source", "raise http.max_per_source if this many are wanted"},
    [JT_CROWD_DESCRIPTORS] = {"descriptors", "raise LimitNOFILE, or lower http.max_connections"},
    [JT_CROWD_MEMORY] = {"memory", "give the process more memory, or lower http.max_connections"},
    [JT_CROWD_FULL] = {"full", "raise http.max_connections if this many are wanted"},
    [JT_CROWD_DEADLINE] = {"deadline", NULL},
};

const char *jt_crowd_cause_name(enum jt_crowd_cause cause)
{
    return causes[cause].name;
}

enum jt_err jt_crowd_init(struct jt_crowd *crowd, size_t places)
{
    JT_TRY(jt_random_fill(&jt_random_system, &crowd->factor, sizeof crowd->factor));
    crowd->factor |= 1;
    crowd->n_buckets = BUCKETS_MIN;
    while (crowd->n_buckets < places / PER_BUCKET) {
        crowd->n_buckets *= 2;
    }
    if (crowd->tally == NULL) {
        crowd->tally = &crowd->own;
    }
    for (size_t i = 0; i < JT_CROWD_CAUSES_; i++) {
        atomic_init(&crowd->told_ms[i], INT64_MIN);
    }
    crowd->buckets = calloc(crowd->n_buckets, sizeof(struct jt_crowd_source *));
    if (crowd->buckets == NULL) {
        return JT_ERR_NOMEM;
    }
    if (pthread_mutex_init(&crowd->lock, NULL) != 0) {
        free(crowd->buckets);
        return JT_ERR_NOMEM;
    }
    return JT_OK;
}

void jt_crowd_release(struct jt_crowd *crowd)
{
    (void)pthread_mutex_destroy(&crowd->lock); /* not locked: everybody has left */
    free(crowd->buckets);
    crowd->buckets = NULL;
}

static uint64_t join(const uint8_t *bytes, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum = sum << 8 | bytes[i];
    }
    return sum;
}

/* False: what the peer is counts as no source. */
static bool find_source(const struct jt_crowd *crowd, const struct sockaddr *peer,
                        struct jt_crowd_source *out)
{
    *out = (struct jt_crowd_source){0};
    if (crowd->max_per_source == 0 || peer == NULL ||
        (crowd->exempt != NULL && crowd->exempt(crowd->exempt_ctx, peer))) {
        return false;
    }
    if (peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        out->prefix = ntohl(v4.sin_addr.s_addr);
        return true;
    }
    if (peer->sa_family != AF_INET6) {
        return false;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, peer, sizeof v6);
    const uint8_t *ip = v6.sin6_addr.s6_addr;
    /* RFC 4291 sec. 2.5.5.2: an IPv4 peer of a socket that takes both */
    out->v6 = !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
    out->prefix = out->v6 ? join(ip, 8) : join(ip + 12, 4);
    return true;
}

/* Multiply-shift: the upper half of the product is the best mixed one. */
static struct jt_crowd_source **find(struct jt_crowd *crowd, const struct jt_crowd_source *wanted)
{
    uint64_t mixed = (wanted->prefix ^ wanted->prefix >> 29) * crowd->factor;
    struct jt_crowd_source **at = &crowd->buckets[(mixed >> 32) & (crowd->n_buckets - 1)];
    while (*at != NULL && ((*at)->prefix != wanted->prefix || (*at)->v6 != wanted->v6)) {
        at = &(*at)->next;
    }
    return at;
}

bool jt_crowd_admits(struct jt_crowd *crowd, const struct sockaddr *peer)
{
    struct jt_crowd_source wanted;
    if (!find_source(crowd, peer, &wanted)) {
        return true;
    }
    (void)pthread_mutex_lock(&crowd->lock); /* a plain mutex, never recursive: cannot fail */
    const struct jt_crowd_source *source = *find(crowd, &wanted);
    bool admits = source == NULL || source->n < crowd->max_per_source;
    (void)pthread_mutex_unlock(&crowd->lock);
    return admits;
}

/* With the lock. */
static enum jt_err count_one(struct jt_crowd *crowd, const struct jt_crowd_source *wanted)
{
    struct jt_crowd_source **at = find(crowd, wanted);
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL) {
            return JT_ERR_NOMEM;
        }
        (*at)->prefix = wanted->prefix;
        (*at)->v6 = wanted->v6;
    }
    if ((*at)->n >= crowd->max_per_source) {
        return JT_ERR_LIMIT;
    }
    (*at)->n++;
    return JT_OK;
}

enum jt_err jt_crowd_enter(struct jt_crowd *crowd, const struct sockaddr *peer)
{
    struct jt_crowd_source wanted;
    enum jt_err err = JT_OK;
    if (find_source(crowd, peer, &wanted)) {
        (void)pthread_mutex_lock(&crowd->lock);
        err = count_one(crowd, &wanted);
        (void)pthread_mutex_unlock(&crowd->lock);
    }
    if (err == JT_OK) {
        (void)atomic_fetch_add_explicit(&crowd->tally->open, 1, memory_order_relaxed);
    }
    return err;
}

/* With the lock. */
static void leave_source(struct jt_crowd *crowd, const struct jt_crowd_source *wanted)
{
    struct jt_crowd_source **at = find(crowd, wanted), *source = *at;
    if (source != NULL && --source->n == 0) {
        *at = source->next;
        free(source);
    }
}

void jt_crowd_leave(struct jt_crowd *crowd, const struct sockaddr *peer)
{
    struct jt_crowd_source wanted;
    if (find_source(crowd, peer, &wanted)) {
        (void)pthread_mutex_lock(&crowd->lock);
        leave_source(crowd, &wanted);
        (void)pthread_mutex_unlock(&crowd->lock);
    }
    /* last: who has seen it fall is not told that there is no place for its source */
    (void)atomic_fetch_sub_explicit(&crowd->tally->open, 1, memory_order_relaxed);
}

static void write_peer(const struct sockaddr *peer, char out[INET6_ADDRSTRLEN])
{
    const void *ip = NULL;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (peer != NULL && peer->sa_family == AF_INET) {
        memcpy(&v4, peer, sizeof v4);
        ip = &v4.sin_addr;
    } else if (peer != NULL && peer->sa_family == AF_INET6) {
        memcpy(&v6, peer, sizeof v6);
        ip = &v6.sin6_addr;
    }
    if (ip == NULL || inet_ntop(peer->sa_family, ip, out, INET6_ADDRSTRLEN) == NULL) {
        memcpy(out, "-", 2);
    }
}

/* Whether a minute has passed since the last line, and this thread is the one to write it. */
static bool is_to_tell(struct jt_crowd *crowd, enum jt_crowd_cause cause)
{
    int64_t now = jt_clock_boot_ms(&jt_clock_system);
    int64_t told = atomic_load_explicit(&crowd->told_ms[cause], memory_order_relaxed);
    return causes[cause].fix != NULL && (told == INT64_MIN || now - told >= TELL_MS) &&
           atomic_compare_exchange_strong(&crowd->told_ms[cause], &told, now);
}

void jt_crowd_refused(struct jt_crowd *crowd, enum jt_crowd_cause cause,
                      const struct sockaddr *peer)
{
    atomic_uint_least64_t *ended = &crowd->tally->ended[cause];
    uint64_t n = atomic_fetch_add_explicit(ended, 1, memory_order_relaxed) + 1;
    if (!is_to_tell(crowd, cause)) {
        return;
    }
    char text[INET6_ADDRSTRLEN];
    write_peer(peer, text);
    jt_log(crowd->log, JT_EV_HTTP_CROWDED, jt_log_str("cause", causes[cause].name),
           jt_log_str("peer", text), jt_log_int("so_far", (int64_t)n),
           jt_log_int("open", (int64_t)atomic_load(&crowd->tally->open)),
           jt_log_str("fix", causes[cause].fix));
}
