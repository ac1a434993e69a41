/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer of this process. Lanes read an immutable table of loaded keys by a slot each; who
 * loads publishes a new table. A key taken out is wiped when the last table that holds it is freed,
 * which is when no lane is inside one: the loading thread waits a moment for that, and otherwise
 * the lane that leaves last does it.
 * A key may be in a PKCS#11 token; what is said above holds for the reference to it, and its private
 * half is destroyed in the token when a row says that it signs no more. Every load of such a row asks
 * for that, so that what a crash or a token that was away left behind goes with a later one.
 */
#include "keys/signer_local.h"

#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/slots.h"
#include "keys/memory_guard.h"
#include "keys/mint.h"
#include "keys/pkcs11_key.h"
#include "keys/pkcs11_tend.h"
#include "keys/seal.h"
#include "keys/signer_ops.h"
#include "keys/signkey.h"

#include "common/base/base.h"

#define RECLAIM_TURNS 1000 /* sched_yield: some milliseconds, a few signatures */

struct table {
    size_t n;
    struct jt_signkey *keys[];
};

struct local {
    struct jt_signer base;
    struct jt_keks keks;
    const struct jt_random *random;
    enum jt_signer_how how;
    struct jt_pkcs11_tend *tend; /* NULL: there is no token */
    struct jt_slots *tables;
    atomic_bool unwiped;  /* an old table is still held */
    pthread_mutex_t lock; /* guards lanes, and keks where status reads them */
    bool lanes[JT_SIGNER_LANES_MAX];
};

struct lane {
    struct jt_signer_lane base;
    struct local *local;
    size_t index;
    struct jt_slot *slot;
    struct jt_render *render;
};

static struct local *local_of(struct jt_signer *signer)
{
    return (struct local *)(void *)signer; /* base is the first member */
}

static void free_table(void *root)
{
    struct table *table = root;
    for (size_t i = 0; i < table->n; i++) {
        jt_signkey_free(table->keys[i]);
    }
    free(table);
}

static struct jt_signkey *find(const struct table *table, struct jt_span kid)
{
    for (size_t i = 0; i < table->n; i++) {
        if (jt_span_eq(jt_signkey_kid(table->keys[i]), kid)) {
            return table->keys[i];
        }
    }
    return NULL;
}

/* Lets go of the tables that no lane reads any more. */
static void sweep(struct local *local)
{
    /* cleared first: who finds an old table still held sets it again, whatever others do meanwhile
     */
    atomic_store(&local->unwiped, false);
    if (jt_slots_reclaim(local->tables) > 0) {
        atomic_store(&local->unwiped, true);
    }
}

/* The keys taken out are to be gone when the caller goes on, so it waits for signatures under way;
 * not for ever: a lane whose thread is stopped is left to `unwiped`. */
static void settle(struct local *local)
{
    sweep(local);
    for (int i = 0; i < RECLAIM_TURNS && atomic_load(&local->unwiped); i++) {
        (void)sched_yield(); /* never fails on Linux */
        sweep(local);
    }
}

/* Publishes the present table without the key `kid` and with `added` (takes a reference of its own)
 * unless NULL. On failure nothing has changed. */
static enum jt_err publish(struct local *local, struct jt_span kid, struct jt_signkey *added)
{
    const struct table *old = jt_slots_current(local->tables);
    size_t n_old = old == NULL ? 0 : old->n;
    struct table *table = malloc(sizeof *table + (n_old + 1) * sizeof(struct jt_signkey *));
    if (table == NULL) {
        return JT_ERR_NOMEM;
    }
    table->n = 0;
    for (size_t i = 0; i < n_old; i++) {
        if (!jt_span_eq(jt_signkey_kid(old->keys[i]), kid)) {
            table->keys[table->n++] = jt_signkey_ref(old->keys[i]);
        }
    }
    if (added != NULL) {
        table->keys[table->n++] = jt_signkey_ref(added);
    }
    enum jt_err err = jt_slots_publish(local->tables, table);
    if (err != JT_OK) {
        free_table(table);
        return err;
    }
    settle(local);
    return JT_OK;
}

/* --- generate, load, rewrap --- */

static struct jt_pkcs11 *token_of(const struct local *local)
{
    return local->tend == NULL ? NULL : jt_pkcs11_tend_token(local->tend);
}

static enum jt_err local_generate(struct jt_signer *signer, enum jt_sealed_kind kind,
                                  enum jt_alg alg, struct jt_sealed *out_sealed,
                                  struct jt_diag *diag)
{
    const struct local *local = local_of(signer);
    const struct jt_alg_row *row = jt_alg_row(alg);
    if (kind == JT_SEALED_KEY ? row == NULL || !row->issue : alg != JT_ALG_NONE) {
        return JT_ERR_ARGUMENT;
    }
    JT_AUTO(sealed) made = JT_SEALED_INIT;
    made.kind = kind;
    made.alg = alg;
    struct jt_pkcs11 *maker = local->how == JT_SIGNER_PKCS11 ? token_of(local) : NULL;
    JT_TRY(jt_mint_row(&local->keks.now, maker, local->random, &made, diag));
    jt_sealed_release(out_sealed);
    *out_sealed = made;
    made = (struct jt_sealed)JT_SEALED_INIT;
    return JT_OK;
}

static enum jt_err load_pepper(struct local *local, const struct jt_sealed *row,
                               struct jt_secret *out_pepper, struct jt_diag *diag)
{
    if (out_pepper == NULL) {
        return JT_ERR_ARGUMENT;
    }
    JT_AUTO(secret) pepper = JT_SECRET_INIT;
    JT_TRY(jt_seal_open(jt_keks_of(&local->keks, row), row, &pepper, diag));
    if (pepper.n != JT_MINT_PEPPER_LEN) {
        return jt_diag_fail(diag, JT_ERR_UNSEAL, "the sealed pepper is not of 32 bytes");
    }
    jt_secret_release(out_pepper);
    *out_pepper = pepper;
    pepper = (struct jt_secret)JT_SECRET_INIT;
    return JT_OK;
}

static enum jt_err renew_in_token(struct local *local, const struct jt_sealed *row,
                                  struct jt_signkey *present, int64_t longest_s,
                                  struct jt_diag *diag)
{
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_TRY(jt_seal_open(jt_keks_of(&local->keks, row), row, &bytes, diag));
    if (!jt_pkcs11_key_refers(jt_secret_span(&bytes), jt_buf_span(&row->kid))) {
        return jt_diag_fail(diag, JT_ERR_UNSEAL,
                            "what is sealed in the row of key %s names another key",
                            jt_buf_str(&row->kid));
    }
    jt_signkey_set_longest(present, longest_s);
    return JT_OK;
}

static enum jt_err load_key(struct local *local, const struct jt_sealed *row, int64_t longest_s,
                            struct jt_diag *diag)
{
    JT_AUTOP(signkey) key = NULL;
    struct jt_span kid = jt_buf_span(&row->kid);
    struct jt_signkey *present = find(jt_slots_current(local->tables), kid);
    if (present != NULL && jt_signkey_in_token(present)) {
        /* what the token was asked once is not asked again: the row may be read while it is away */
        return renew_in_token(local, row, present, longest_s, diag);
    }
    JT_TRY(jt_signkey_open(jt_keks_of(&local->keks, row), token_of(local), row, longest_s, &key,
                           diag));
    if (present != NULL) {
        /* the same key, for a kid is a thumbprint: the lanes keep their contexts */
        jt_signkey_set_longest(present, longest_s);
        return JT_OK;
    }
    return publish(local, kid, key);
}

static enum jt_err forget_key(struct local *local, const struct jt_sealed *row,
                              struct jt_diag *diag)
{
    struct jt_span kid = jt_buf_span(&row->kid);
    JT_TRY(jt_seal_check(jt_keks_of(&local->keks, row), row, diag));
    if (find(jt_slots_current(local->tables), kid) != NULL) {
        JT_TRY(publish(local, kid, NULL));
    }
    if (local->tend != NULL) {
        jt_pkcs11_tend_end(local->tend, kid);
    }
    return JT_OK;
}

static enum jt_err local_load(struct jt_signer *signer, const struct jt_sealed *sealed,
                              int64_t longest_s, struct jt_secret *out_pepper, struct jt_diag *diag)
{
    struct local *local = local_of(signer);
    sweep(local);
    if (sealed->kind == JT_SEALED_PEPPER) {
        return load_pepper(local, sealed, out_pepper, diag);
    }
    if (longest_s == 0) {
        return jt_seal_check(jt_keks_of(&local->keks, sealed), sealed, diag);
    }
    if (sealed->blob.len == 0) {
        return forget_key(local, sealed, diag);
    }
    return load_key(local, sealed, longest_s, diag);
}

static enum jt_err local_rewrap(struct jt_signer *signer, struct jt_sealed *sealed,
                                bool *out_changed, struct jt_diag *diag)
{
    struct local *local = local_of(signer);
    const struct jt_kek *old = jt_keks_of(&local->keks, sealed);
    const struct jt_kek *new = jt_keks_target(&local->keks);
    if (old == new) {
        JT_TRY(jt_seal_check(new, sealed, diag));
        *out_changed = false;
        return JT_OK;
    }
    JT_TRY(jt_seal_rewrap(old, new, local->random, sealed, diag));
    *out_changed = true;
    return JT_OK;
}

/* Who signs does not look at them, only the calls of the one thread and status. */
void jt_signer_local_take_keks(struct jt_signer *signer, struct jt_keks *keks)
{
    struct local *local = local_of(signer);
    (void)pthread_mutex_lock(&local->lock); /* a plain mutex, never recursive: cannot fail */
    struct jt_keks old = local->keks;
    local->keks = *keks;
    (void)pthread_mutex_unlock(&local->lock);
    *keks = (struct jt_keks)JT_KEKS_INIT;
    jt_keks_release(&old);
}

static enum jt_err local_set_keks(struct jt_signer *signer, const struct jt_signer_conf *conf,
                                  struct jt_diag *diag)
{
    struct jt_keks keks = JT_KEKS_INIT;
    JT_TRY(jt_keks_load(conf, &keks, diag));
    jt_signer_local_take_keks(signer, &keks);
    return JT_OK;
}

static void local_status(struct jt_signer *signer, struct jt_signer_status *out_status)
{
    struct local *local = local_of(signer);
    *out_status = (struct jt_signer_status){.how = local->how,
                                            .memory_locked = jt_memory_guard_state().locked};
    out_status->leftover = local->tend == NULL ? 0 : jt_pkcs11_tend_leftover(local->tend);
    out_status->away = local->how == JT_SIGNER_PKCS11 && !jt_pkcs11_is_up(token_of(local));
    (void)pthread_mutex_lock(&local->lock);
    jt_kek_id_text(local->keks.now.id, out_status->kek);
    if (local->keks.has_next) {
        jt_kek_id_text(local->keks.next.id, out_status->kek_next);
    }
    (void)pthread_mutex_unlock(&local->lock);
}

/* --- lanes --- */

static enum jt_err take_index(struct local *local, size_t *out_index)
{
    enum jt_err err = JT_ERR_LIMIT;
    (void)pthread_mutex_lock(&local->lock); /* a plain mutex, never recursive: cannot fail */
    for (size_t i = 0; i < JT_SIGNER_LANES_MAX; i++) {
        if (!local->lanes[i]) {
            local->lanes[i] = true;
            *out_index = i;
            err = JT_OK;
            break;
        }
    }
    (void)pthread_mutex_unlock(&local->lock);
    return err;
}

static void return_index(struct local *local, size_t index)
{
    (void)pthread_mutex_lock(&local->lock);
    local->lanes[index] = false;
    (void)pthread_mutex_unlock(&local->lock);
}

static enum jt_err local_lane_new(struct jt_signer *signer, struct jt_signer_lane **out_lane)
{
    struct local *local = local_of(signer);
    struct lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL) {
        return JT_ERR_NOMEM;
    }
    lane->base.ops = signer->ops;
    lane->local = local;
    enum jt_err err = jt_render_new(&lane->render);
    if (err == JT_OK) {
        err = take_index(local, &lane->index);
    }
    if (err == JT_OK) {
        err = jt_slots_join(local->tables, &lane->slot);
        if (err != JT_OK) {
            return_index(local, lane->index);
        }
    }
    if (err != JT_OK) {
        jt_render_free(lane->render);
        free(lane);
        return err;
    }
    *out_lane = &lane->base;
    return JT_OK;
}

/* The contexts stay with the keys, for the next thread that takes this index. */
static void local_lane_free(struct jt_signer_lane *base)
{
    struct lane *lane = (struct lane *)(void *)base; /* base is the first member */
    jt_slots_leave(lane->local->tables, lane->slot);
    return_index(lane->local, lane->index);
    jt_render_free(lane->render);
    free(lane);
}

static enum jt_err local_sign(struct jt_signer_lane *base, struct jt_span kid,
                              const struct jt_claims *claims, struct jt_buf *out)
{
    struct lane *lane = (struct lane *)(void *)base; /* base is the first member */
    const struct table *table = jt_slots_enter(lane->slot);
    struct jt_signkey *key = find(table, kid);
    enum jt_err err = key == NULL ? JT_ERR_KEY_ABSENT
                                  : jt_signkey_token(key, lane->index, lane->render, claims, out);
    jt_slots_exit(lane->slot);
    if (atomic_load_explicit(&lane->local->unwiped, memory_order_relaxed)) {
        sweep(lane->local);
    }
    return err;
}

/* --- the signer --- */

static void local_free(struct jt_signer *signer)
{
    struct local *local = local_of(signer);
    jt_slots_free(local->tables);
    jt_keks_release(&local->keks);
    jt_pkcs11_tend_free(local->tend);
    (void)pthread_mutex_destroy(&local->lock); /* not locked: every lane is freed */
    free(local);
}

static const struct jt_signer_ops ops = {
    .free = local_free,
    .generate = local_generate,
    .load = local_load,
    .rewrap = local_rewrap,
    .set_keks = local_set_keks,
    .status = local_status,
    .lane_new = local_lane_new,
    .lane_free = local_lane_free,
    .sign = local_sign,
};

enum jt_err jt_signer_new_local(struct jt_keks *keks, const struct jt_random *random,
                                struct jt_signer **out_signer)
{
    if (sodium_init() < 0) {
        return JT_ERR_CRYPTO;
    }
    struct local *local = calloc(1, sizeof *local);
    if (local == NULL) {
        return JT_ERR_NOMEM;
    }
    local->base.ops = &ops;
    local->random = random;
    atomic_init(&local->unwiped, false);
    if (pthread_mutex_init(&local->lock, NULL) != 0) {
        free(local);
        return JT_ERR_NOMEM;
    }
    enum jt_err err = jt_slots_new(free_table, &local->tables);
    if (err == JT_OK) {
        err = publish(local, JT_SPAN_NONE, NULL); /* an empty table: readers never meet none */
    }
    if (err != JT_OK) {
        local_free(&local->base);
        return err;
    }
    local->keks = *keks;
    *keks = (struct jt_keks)JT_KEKS_INIT;
    *out_signer = &local->base;
    return JT_OK;
}

void jt_signer_local_use(struct jt_signer *signer, enum jt_signer_how how,
                         struct jt_pkcs11_tend *tend)
{
    struct local *local = local_of(signer);
    local->how = how;
    local->tend = tend;
}
