/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuer: store, signer, pepper and the published root, and the one way to change them. The
 * listeners read roots; changes, one at a time, are made durable first and visible second. It knows
 * no HTTP.
 * Ownership: open gives an issuer.
 * Thread rule: requests read through jt_issuer_worker; every change takes the write lock itself and
 * may be called from any thread that may block.
 */
#ifndef JT_ISSUER_ISSUER_H
#define JT_ISSUER_ISSUER_H

#include "common/base/hasher.h"
#include "common/base/randompool.h"
#include "common/base/slots.h"
#include "common/log/log.h"
#include "issuer/clockwatch.h"
#include "issuer/counter.h"
#include "issuer/keyring.h"
#include "issuer/root.h"
#include "issuer/staleness.h"

#include <pthread.h>
#include <stdatomic.h>

/* The certificate of the listeners that speak TLS, as who serves last saw it: for doctor. */
struct jt_issuer_certificate {
    atomic_int_fast64_t end_s; /* of the one in use; 0: there is none */
    atomic_bool refused;       /* the files that are there now cannot be used */
};

struct jt_issuer {
    const struct jt_clock *clock;
    const struct jt_random *random;
    struct jt_log *log;
    const char *config_path; /* of the file that the settings came from; NULL: none */
    struct jt_slots *roots;
    struct jt_signer *signer;
    struct jt_staleness staleness; /* when the store was last asked */
    atomic_uint_fast64_t rejoins;  /* how often its history was another */
    atomic_size_t applying;        /* bytes that the applies on their way hold (apply_input.h) */
    struct jt_secret pepper;       /* keys the hashes of client secrets */
    struct jt_counters *counters;  /* what the request threads count */
    struct jt_issuer_certificate certificate;
    int64_t started_s;          /* when they began to */
    bool counts_all;            /* there was no key before: nothing is missing */
    pthread_mutex_t write_lock; /* orders changes; guards all below and publishing */
    struct jt_store *store;
    int64_t mark;             /* of the store's commit that the root is of */
    struct jt_keyring known;  /* the keys as last published */
    struct jt_keyring raised; /* within a change: the keys, able to sign for longer */
    struct jt_keyring
        unborn; /* made by the last step that failed: the next one looks what became of them */
    struct jt_clockwatch watch;
    int64_t due_s;        /* when the next automatic key step can be due */
    int64_t uses_saved_s; /* when the last uses of secrets were written */
};

/* What open is given; all borrowed for the issuer's life, `config` taken. */
struct jt_issuer_deps {
    const struct jt_clock *clock;
    const struct jt_random *random;
    struct jt_log *log;
};

/* Opens the store that `config` names, loads keys and access data, makes what a first start needs
 * (pepper, first keys), publishes the first root. Nothing is changed on disk unless key-encryption
 * key, database and keys are all in order. Errors come with a sentence. */
JT_MUST_USE enum jt_err jt_issuer_open(const struct jt_issuer_deps *deps, struct jt_config *config,
                                       struct jt_issuer **out_issuer, struct jt_diag *diag);

/* The same checks, changing nothing on disk (`jetond check`). */
JT_MUST_USE enum jt_err jt_issuer_check(const struct jt_issuer_deps *deps,
                                        const struct jt_config *config, struct jt_diag *diag);

/* No worker may be left. NULL is harmless. */
void jt_issuer_free(struct jt_issuer *issuer);
JT_AUTOP_DEFINE(issuer);

/* --- reading, per request thread --- */

struct jt_issuer_worker {
    struct jt_issuer *issuer;
    struct jt_slot *slot;
    struct jt_signer_lane *lane;
    struct jt_counter *counter;
    struct jt_hasher *hasher; /* its key is the pepper, which an issuer never changes */
    struct jt_randompool ids; /* for jti */
    struct jt_buf scope;      /* of the token that is being made */
};

JT_MUST_USE enum jt_err jt_issuer_worker_new(struct jt_issuer *issuer,
                                             struct jt_issuer_worker **out_worker);
void jt_issuer_worker_free(struct jt_issuer_worker *worker);

static inline const struct jt_root *jt_issuer_enter(struct jt_issuer_worker *worker)
{
    return (const struct jt_root *)jt_slots_enter(worker->slot);
}
static inline void jt_issuer_exit(struct jt_issuer_worker *worker)
{
    jt_slots_exit(worker->slot);
}

/* Has the issuer been cut off from its store for longer than keys.staleness, so that no token may be
 * issued? By the root that the request reads. */
static inline bool jt_issuer_is_stale(const struct jt_issuer *issuer, const struct jt_root *root)
{
    return jt_staleness_is_stale(&issuer->staleness, issuer->clock,
                                 root->settings->config.staleness_s);
}

/* Did the last try to ask the store fail? */
static inline bool jt_issuer_is_cut_off(const struct jt_issuer *issuer)
{
    return atomic_load(&issuer->staleness.away);
}

/* --- changing --- */

/* Called with the write lock inside a store transaction; writes to issuer->store. `now` is the root
 * that the change is made against. Gives the access part that it becomes (batch.h), or leaves NULL:
 * nothing changed. */
typedef enum jt_err (*jt_issuer_change_fn)(struct jt_issuer *issuer, const struct jt_root *now,
                                           void *ctx, struct jt_access **out_access,
                                           struct jt_diag *diag);

/* Runs `fn` in a transaction; on JT_OK commits, and publishes a new root. On any error nothing has
 * changed. */
JT_MUST_USE enum jt_err jt_issuer_change(struct jt_issuer *issuer, jt_issuer_change_fn fn,
                                         void *ctx, struct jt_diag *diag);

/* Inside a change: makes the keys of `alg` able to sign tokens of `lifetime_s`. */
JT_MUST_USE enum jt_err jt_issuer_raise_lifetime(struct jt_issuer *issuer, enum jt_alg alg,
                                                 int64_t lifetime_s, struct jt_diag *diag);

/* --- keys --- */

/* Does the automatic steps that are due; cheap when none is. */
JT_MUST_USE enum jt_err jt_issuer_tick(struct jt_issuer *issuer, struct jt_diag *diag);

/* The steps by hand, each in one transaction. `diag` tells what there is to know of a step that was
 * taken, too (key_told.h); the errors are those of keys/schedule.h.
 * Rotates `alg`, or all that are kept for JT_ALG_NONE. After a jump of the clock ahead only with
 * `force`: JT_ERR_WITHIN_LEAD. */
JT_MUST_USE enum jt_err jt_issuer_rotate(struct jt_issuer *issuer, enum jt_alg alg, bool force,
                                         const char *actor, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_issuer_revoke(struct jt_issuer *issuer, const char *kid, bool force,
                                         const char *actor, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_issuer_revoke_all(struct jt_issuer *issuer, const char *actor,
                                             struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_issuer_add_algorithm(struct jt_issuer *issuer, enum jt_alg alg,
                                                const char *actor, struct jt_diag *diag);
/* JT_ERR_CONFLICT, too, when a resource is signed with it. */
JT_MUST_USE enum jt_err jt_issuer_retire_algorithm(struct jt_issuer *issuer, enum jt_alg alg,
                                                   const char *actor, struct jt_diag *diag);

/* The schedule as it stands. */
struct jt_issuer_schedule {
    struct jt_schedule_conf conf;
    const struct jt_key_times *keys; /* oldest published first */
    size_t n;
    int64_t now_s, pause_until_s; /* automatic steps wait until then; 0: they do not wait */
};

/* Hands it to `fn`, whose error is returned; as it was last known while the store is away. */
typedef enum jt_err (*jt_issuer_schedule_fn)(void *ctx, const struct jt_issuer_schedule *schedule);
JT_MUST_USE enum jt_err jt_issuer_schedule(struct jt_issuer *issuer, jt_issuer_schedule_fn fn,
                                           void *ctx, struct jt_diag *diag);

/* Hands every key (times, state, newest first) to `fn`. */
typedef enum jt_err (*jt_issuer_key_fn)(void *ctx, const struct jt_key_times *key,
                                        enum jt_key_state state);
JT_MUST_USE enum jt_err jt_issuer_keys(struct jt_issuer *issuer, jt_issuer_key_fn fn, void *ctx,
                                       struct jt_diag *diag);

/* The configuration in force: borrowed until the next jt_issuer_reload, so for the thread that
 * reloads. (The root itself may be freed by any other thread's change.) */
const struct jt_config *jt_issuer_config(struct jt_issuer *issuer);

/* Publishes `config` (taken on JT_OK) as the settings; keys of a new algorithm are published. Keys
 * that need a restart are the caller's to have compared. */
JT_MUST_USE enum jt_err jt_issuer_reload(struct jt_issuer *issuer, struct jt_config *config,
                                         struct jt_diag *diag);

#endif
