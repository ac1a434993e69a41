/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outlives the process: objects of the access model as JSON documents, key rows, sealed
 * secrets, the audit trail, and one version number that every change raises. Any number of issuers
 * may stand over one store: each reads what changed since the version it knows. It does not know
 * what a document means (issuer/access does) and opens no sealed blob (keys does). Implementations:
 * SQLite (sqlite.c), PostgreSQL (postgres.c), with the same schema and statements.
 * Ownership: results are handed to callbacks, borrowed for the call; a callback must not call its
 * store.
 * Thread rule: one thread at a time (the writer's lock of issuer/root.h); no request thread ever
 * calls it. Every call out of order (a write outside a transaction, a begin inside one, a call from
 * a callback, a change to a store that was opened to look at) is JT_ERR_ARGUMENT.
 */
#ifndef JT_STORE_STORE_H
#define JT_STORE_STORE_H

#include "common/base/clock.h"
#include "common/base/diag.h"
#include "common/base/span.h"

struct jt_store;

#define JT_STORE_PATH "/var/lib/jeton/jeton.db" /* where nothing else is configured */

/* Exactly one of the two; the other is NULL. */
struct jt_store_where {
    const char *sqlite_path; /* of the database file */
    const char *postgres;    /* what libpq takes: key words and values, or a URI; no password */
};

/* Opens the database and brings its schema to this program's version in one transaction. The file
 * of SQLite is made, mode 0600, when absent; beside it stand PATH-wal and PATH-shm while it is
 * open, and PATH.lock, which keeps a second daemon out. JT_ERR_STORE_VERSION: made by a newer
 * program, nothing changed. JT_ERR_STORE with a sentence: not reachable, not writable, not a
 * database, another application's, damaged, in use by another daemon. `clock` stamps the audit
 * trail and is borrowed. */
JT_MUST_USE enum jt_err jt_store_open(const struct jt_store_where *where,
                                      const struct jt_clock *clock, struct jt_store **out_store,
                                      struct jt_diag *diag);
/* An existing database to look at only (for `jetond check`): nothing changes in it, running daemons
 * go on, and what is seen has this program's schema. JT_ERR_NOT_FOUND when there is none yet; else
 * as jt_store_open. */
JT_MUST_USE enum jt_err jt_store_peek(const struct jt_store_where *where,
                                      struct jt_store **out_store, struct jt_diag *diag);
/* Rolls back an open transaction and closes. NULL is harmless. */
void jt_store_close(struct jt_store *store);

/* What sentences call it: the file's path, or server and database; never a secret. Borrowed. */
const char *jt_store_name(const struct jt_store *store);

/* Why the last read failed, or the first write of the last transaction, as a sentence; "" when none
 * did, or a callback's refusal ended it. Borrowed until the next call. */
const char *jt_store_why(const struct jt_store *store);

/* A write transaction: takes the database's write lock (waiting up to 5 s: JT_ERR_STORE), so that
 * what is read after begin is what commit changes. Every write below needs one. Not nested. */
JT_MUST_USE enum jt_err jt_store_begin(struct jt_store *store, struct jt_diag *diag);
/* Makes all writes since begin durable (fsync) and visible at once, or none of them; the
 * transaction is over either way. JT_ERR_STORE with the sentence of the first write that failed,
 * when one did. */
JT_MUST_USE enum jt_err jt_store_commit(struct jt_store *store, struct jt_diag *diag);
/* Undoes all writes since begin, and ends a begin_read; harmless without one. */
void jt_store_rollback(struct jt_store *store);
/* All reads until jt_store_rollback see one state of the database, whatever others commit; writes
 * are refused. For those who read several tables, or the version and what it brought. */
JT_MUST_USE enum jt_err jt_store_begin_read(struct jt_store *store, struct jt_diag *diag);

/* The version of the last committed (or, inside a transaction, of this) change; 0 for a new store.
 * Each commit that wrote something raises it by one. */
JT_MUST_USE enum jt_err jt_store_version(struct jt_store *store, int64_t *out_version);

#define JT_STORE_MARKS 10000 /* how many of the last commits are remembered by their marks */

/* The random number, not negative, that the commit which made `version` (0: the first opening) wrote
 * beside it. Two stores that agree on it have the same history up to there. JT_ERR_NOT_FOUND: no
 * such commit here, or one too long ago: where it was once seen, this is another history (a standby
 * was promoted, a backup restored). */
JT_MUST_USE enum jt_err jt_store_mark(struct jt_store *store, int64_t version, int64_t *out_mark);

/* The mark that the last commit made here which raised the version wrote; 0 when there was none.
 * Asks no database. */
int64_t jt_store_last_mark(const struct jt_store *store);

/* Is the database file still the one that was opened, and sound in itself? Reads all of it.
 * JT_ERR_STORE with a sentence; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_store_check(struct jt_store *store, struct jt_diag *diag);

/* --- objects: one JSON document per (kind, id) --- */

enum jt_store_kind { JT_STORE_RESOURCE, JT_STORE_ROLE, JT_STORE_CLIENT, JT_STORE_PRODUCT };

struct jt_store_object {
    enum jt_store_kind kind;
    struct jt_span id;
    struct jt_span doc; /* empty: deleted at `version` */
    int64_t version;    /* of the store when this object last changed */
};

typedef enum jt_err (*jt_store_object_fn)(void *ctx, const struct jt_store_object *object);

/* Calls `fn` for every object changed after version `since` (0: every live object), deletions too
 * when `since` is not 0, in the order resource, role, product, client, then id. Stops with what
 * `fn` returns when it is not JT_OK. */
JT_MUST_USE enum jt_err jt_store_objects(struct jt_store *store, int64_t since,
                                         jt_store_object_fn fn, void *ctx);

/* The same for every live object, in no order that can be relied on: a database gives them so in a
 * fraction of the time. */
JT_MUST_USE enum jt_err jt_store_each_object(struct jt_store *store, jt_store_object_fn fn,
                                             void *ctx);

/* Writes or replaces, and deletes, at this transaction's version. Deleting what is not there is
 * JT_ERR_NOT_FOUND; an empty `doc` is JT_ERR_ARGUMENT. Any bytes will do, in `id` and `doc`. */
JT_MUST_USE enum jt_err jt_store_put(struct jt_store *store, enum jt_store_kind kind,
                                     struct jt_span id, struct jt_span doc);
JT_MUST_USE enum jt_err jt_store_delete(struct jt_store *store, enum jt_store_kind kind,
                                        struct jt_span id);

/* --- key rows --- */

struct jt_store_key {
    struct jt_span kid, alg, public_jwk;
    struct jt_span mac;  /* 32 bytes */
    struct jt_span blob; /* empty: the private half is erased */
    int64_t published_at_s, sign_from_s, sign_until_s, drop_at_s, dropped_at_s, revoked_at_s;
    int64_t longest_s;
};

typedef enum jt_err (*jt_store_key_fn)(void *ctx, const struct jt_store_key *key);

/* Every key row, oldest published first. */
JT_MUST_USE enum jt_err jt_store_keys(struct jt_store *store, jt_store_key_fn fn, void *ctx);
/* Writes or replaces the row of `key->kid`; an empty blob erases the stored one: after commit no
 * file of the database holds its bytes. The same goes for a blob that is replaced, here and below.
 */
JT_MUST_USE enum jt_err jt_store_put_key(struct jt_store *store, const struct jt_store_key *key);

/* Removes the row of `kid`, a key that is gone from the set for good. JT_ERR_NOT_FOUND. */
JT_MUST_USE enum jt_err jt_store_delete_key(struct jt_store *store, struct jt_span kid);

/* --- sealed secrets, e.g. the pepper --- */

/* Hands the row `name` to `fn` once; JT_ERR_NOT_FOUND. */
typedef enum jt_err (*jt_store_sealed_fn)(void *ctx, struct jt_span mac, struct jt_span blob);
JT_MUST_USE enum jt_err jt_store_sealed(struct jt_store *store, const char *name,
                                        jt_store_sealed_fn fn, void *ctx);
JT_MUST_USE enum jt_err jt_store_put_sealed(struct jt_store *store, const char *name,
                                            struct jt_span mac, struct jt_span blob);
/* Every row, in no order that can be relied on. */
typedef enum jt_err (*jt_store_each_sealed_fn)(void *ctx, const char *name, struct jt_span mac,
                                               struct jt_span blob);
JT_MUST_USE enum jt_err jt_store_each_sealed(struct jt_store *store, jt_store_each_sealed_fn fn,
                                             void *ctx);

/* --- last uses of client secrets: of no version --- */

struct jt_store_use {
    struct jt_span client, secret; /* their ids */
    int64_t used_s;
};

typedef enum jt_err (*jt_store_use_fn)(void *ctx, const struct jt_store_use *use);

/* Those at `since_s` or later. */
JT_MUST_USE enum jt_err jt_store_uses(struct jt_store *store, int64_t since_s, jt_store_use_fn fn,
                                      void *ctx);
/* Writes it unless a later one is there; forgets it (none there: JT_OK). */
JT_MUST_USE enum jt_err jt_store_put_use(struct jt_store *store, const struct jt_store_use *use);
JT_MUST_USE enum jt_err jt_store_forget_use(struct jt_store *store, struct jt_span client,
                                            struct jt_span secret);

/* --- replies: what a request under an idempotency key was answered; of no version --- */

#define JT_STORE_REPLY_S 86400 /* how long they are kept */

/* Hands the reply under `key` of `actor` to `fn` once: the digest of the request that was answered,
 * and the answer. JT_ERR_NOT_FOUND when there is none, or no longer, at `now_s`. */
typedef enum jt_err (*jt_store_reply_fn)(void *ctx, struct jt_span request, struct jt_span answer);
JT_MUST_USE enum jt_err jt_store_reply(struct jt_store *store, struct jt_span actor,
                                       struct jt_span key, int64_t now_s, jt_store_reply_fn fn,
                                       void *ctx);
struct jt_store_reply {
    struct jt_span actor, key, request, answer;
    int64_t at_s;
};

/* Writes or replaces it, and drops those that are over. */
JT_MUST_USE enum jt_err jt_store_put_reply(struct jt_store *store,
                                           const struct jt_store_reply *reply);

/* --- audit --- */

/* Adds a line to the trail, in this transaction. `detail` is one JSON object, or empty. */
JT_MUST_USE enum jt_err jt_store_audit(struct jt_store *store, const char *actor,
                                       const char *action, struct jt_span object,
                                       struct jt_span detail);

/* --- word of others' commits --- */

/* Has a connection of its own; any thread, one at a time, without the lock that guards the store. */
struct jt_store_watch;

/* A database that is away is no failure: take() tries again. `where` is copied. JT_ERR_STORE with a
 * sentence when `where` cannot be right, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_store_watch_new(const struct jt_store_where *where,
                                           struct jt_store_watch **out_watch, struct jt_diag *diag);
/* Readable when there is something to take; -1: nothing tells (SQLite; the database is away), so
 * look at the version now and then. May be another after each take. */
int jt_store_watch_fd(const struct jt_store_watch *watch);
/* Takes what has come; true: somebody may have committed since the last call. Connects again when it
 * must, and gives up for this time after about 2 s. */
bool jt_store_watch_take(struct jt_store_watch *watch);
void jt_store_watch_free(struct jt_store_watch *watch);

#endif
