/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/issuer.h"

#include <malloc.h>
#include <stdlib.h>

#include "common/base/folder.h"
#include "issuer/change.h"
#include "issuer/kek_steps.h"
#include "issuer/token_claims.h"
#include "issuer/uses.h"

#include "common/base/base.h"

#define PEPPER JT_KEK_ROWS_PEPPER

/* --- opening --- */

static enum jt_err open_signer(const struct jt_issuer_deps *deps, const struct jt_config *config,
                               struct jt_signer **out_signer, struct jt_diag *diag)
{
    struct jt_signer_conf conf = jt_config_signer(config);
    return jt_signer_new(&conf, deps->random, out_signer, diag);
}

struct pepper_reading {
    struct jt_signer *signer;
    struct jt_secret *pepper;
    struct jt_diag *diag;
};

static enum jt_err read_pepper(void *ctx, struct jt_span mac, struct jt_span blob)
{
    const struct pepper_reading *reading = ctx;
    struct jt_sealed sealed = JT_SEALED_INIT;
    sealed.kind = JT_SEALED_PEPPER;
    if (mac.n != sizeof sealed.mac) {
        return jt_diag_fail(reading->diag, JT_ERR_KEY_MAC,
                            "the pepper's row is damaged; restore the database from a backup");
    }
    memcpy(sealed.mac, mac.p, sizeof sealed.mac);
    enum jt_err err = jt_buf_puts(&sealed.kid, PEPPER);
    if (err == JT_OK) {
        err = jt_buf_put(&sealed.blob, blob);
    }
    struct jt_diag sentence = JT_DIAG_INIT;
    if (err == JT_OK) {
        err = jt_signer_load(reading->signer, &sealed, 1, reading->pepper, &sentence);
    }
    jt_sealed_release(&sealed);
    if (err != JT_OK) {
        return jt_diag_fail(reading->diag, err, "the pepper of client secrets: %.400s",
                            jt_diag_text(&sentence, err));
    }
    return JT_OK;
}

static enum jt_err load_pepper(struct jt_store *store, struct jt_signer *signer,
                               struct jt_secret *out_pepper, struct jt_diag *diag)
{
    struct pepper_reading reading = {signer, out_pepper, diag};
    return jt_store_sealed(store, PEPPER, read_pepper, &reading);
}

struct alg_check {
    const bool *kept;
    struct jt_diag *diag;
};

static enum jt_err check_alg(void *ctx, const struct jt_object *object)
{
    const struct alg_check *check = ctx;
    const struct jt_resource *resource = (const struct jt_resource *)object;
    if (check->kept[resource->alg]) {
        return JT_OK;
    }
    return jt_diag_fail(check->diag, JT_ERR_CONFIG,
                        "keys.algorithms: resource '%.*s' is signed with %s, of which there are no "
                        "keys; add it to the list, or give the resource another alg first",
                        (int)object->id.n, (const char *)object->id.p,
                        jt_alg_row(resource->alg)->name);
}

/* Is every algorithm that a resource uses one that keys are kept of? */
static enum jt_err check_algs(const struct jt_access *access, const bool kept[JT_ALG_COUNT_],
                              struct jt_diag *diag)
{
    struct alg_check check = {kept, diag};
    return jt_access_each(access, JT_STORE_RESOURCE, check_alg, &check);
}

static enum jt_err check_stored_algs(const struct jt_access *access, const struct jt_config *config,
                                     const struct jt_keyring *keyring, struct jt_diag *diag)
{
    struct jt_schedule_conf conf = jt_config_schedule(config);
    bool kept[JT_ALG_COUNT_] = {0};
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        kept[alg] = jt_schedule_kept(&conf, keyring->times, keyring->n, alg);
        if (kept[alg] && !jt_signer_makes(jt_config_signer(config).how, alg)) {
            const char *name = jt_alg_row(alg)->name; /* its rotation would stop all others */
            return jt_diag_fail(diag, JT_ERR_CONFIG,
                                "keys.signer: pkcs11 makes no keys for %s, and the store keeps "
                                "some; start with local once more and run: jeton key "
                                "retire-algorithm %s",
                                name, name);
        }
    }
    return check_algs(access, kept, diag);
}

static enum jt_err check_reloaded_algs(const struct jt_root *now, const struct jt_config *config,
                                       struct jt_diag *diag)
{
    struct jt_schedule_conf conf = jt_config_schedule(config);
    bool kept[JT_ALG_COUNT_] = {0};
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        kept[alg] = conf.named[alg] || jt_key_part_keeps(now->keys, alg);
    }
    return check_algs(now->access, kept, diag);
}

/* Looks at all of it, and keeps the access data: reading them is most of a start. */
static enum jt_err look(const struct jt_issuer_deps *deps, const struct jt_config *config,
                        struct jt_load_found *out_found, struct jt_diag *diag)
{
    const struct jt_store_where where = jt_config_store(config);
    struct jt_signer *signer = NULL;
    struct jt_store *store = NULL;
    struct jt_secret pepper = JT_SECRET_INIT;
    struct jt_keyring keyring = {0};
    enum jt_err err = open_signer(deps, config, &signer, diag);
    if (err == JT_OK) {
        err = jt_store_peek(&where, &store, diag);
        if (err == JT_ERR_NOT_FOUND) {
            /* the first start makes it */
            err = where.sqlite_path == NULL ? JT_OK : jt_folder_check(where.sqlite_path, diag);
            goto done;
        }
    }
    if (err == JT_OK) {
        err = load_pepper(store, signer, &pepper, diag);
        err = jt_kek_rows_explain(store, signer, err, diag);
        err = err == JT_ERR_NOT_FOUND ? JT_OK : err;
    }
    if (err == JT_OK) {
        err = jt_keyring_read(store, signer, &keyring, diag);
    }
    if (err == JT_OK) {
        err = jt_load_found(store, out_found, diag);
    }
    if (err == JT_OK) {
        err = check_stored_algs(out_found->access, config, &keyring, diag);
    }
done:
    jt_keyring_release(&keyring);
    jt_secret_release(&pepper);
    jt_store_close(store);
    jt_signer_free(signer);
    return err;
}

enum jt_err jt_issuer_check(const struct jt_issuer_deps *deps, const struct jt_config *config,
                            struct jt_diag *diag)
{
    struct jt_load_found found = {0};
    enum jt_err err = look(deps, config, &found, diag);
    jt_access_free(found.access);
    return err;
}

static enum jt_err put_new_pepper(struct jt_issuer *issuer, struct jt_diag *diag)
{
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    JT_TRY(jt_signer_generate(issuer->signer, JT_SEALED_PEPPER, JT_ALG_NONE, &sealed, diag));
    JT_TRY(jt_store_put_sealed(issuer->store, PEPPER, jt_span_of(sealed.mac, sizeof sealed.mac),
                               jt_buf_span(&sealed.blob)));
    return jt_store_commit(issuer->store, diag);
}

/* Of several issuers that start over an empty database, one makes it. */
static enum jt_err make_pepper(struct jt_issuer *issuer, struct jt_diag *diag)
{
    JT_TRY(jt_store_begin(issuer->store, diag));
    enum jt_err err = load_pepper(issuer->store, issuer->signer, &issuer->pepper, diag);
    if (err == JT_ERR_NOT_FOUND) {
        err = put_new_pepper(issuer, diag);
        if (err == JT_OK) {
            err = load_pepper(issuer->store, issuer->signer, &issuer->pepper, diag);
        }
    }
    jt_store_rollback(issuer->store); /* harmless after the commit */
    return err;
}

static enum jt_err open_stored(struct jt_issuer *issuer, const struct jt_issuer_deps *deps,
                               struct jt_settings *settings, const struct jt_load_found *found,
                               struct jt_diag *diag)
{
    const struct jt_store_where where = jt_config_store(&settings->config);
    JT_TRY(open_signer(deps, &settings->config, &issuer->signer, diag));
    JT_TRY(jt_slots_new(jt_root_free, &issuer->roots));
    JT_TRY(jt_store_open(&where, issuer->clock, &issuer->store, diag));
    enum jt_err err = load_pepper(issuer->store, issuer->signer, &issuer->pepper, diag);
    if (err == JT_ERR_NOT_FOUND) {
        err = make_pepper(issuer, diag);
    }
    JT_TRY(err);
    JT_TRY(jt_change_publish_stored(issuer, settings, found, diag));
    const struct jt_root *first = jt_slots_current(issuer->roots);
    issuer->counts_all = first->keys->n_times == 0;
    JT_TRY(jt_uses_load(issuer));
    return jt_issuer_tick(issuer, diag); /* makes the first keys of a fresh issuer */
}

static enum jt_err open_parts(struct jt_issuer *issuer, const struct jt_issuer_deps *deps,
                              struct jt_settings *settings, struct jt_diag *diag)
{
    struct jt_load_found found = {0};
    enum jt_err err = look(deps, &settings->config, &found, diag);
    if (err == JT_OK) {
        err = open_stored(issuer, deps, settings, &found, diag);
    }
    jt_access_free(found.access);
    return err;
}

enum jt_err jt_issuer_open(const struct jt_issuer_deps *deps, struct jt_config *config,
                           struct jt_issuer **out_issuer, struct jt_diag *diag)
{
    struct jt_settings *settings = NULL;
    struct jt_issuer *issuer = calloc(1, sizeof *issuer);
    if (issuer == NULL) {
        return JT_ERR_NOMEM;
    }
    issuer->clock = deps->clock;
    issuer->random = deps->random;
    issuer->log = deps->log;
    (void)pthread_mutex_init(&issuer->write_lock, NULL); /* a plain mutex: cannot fail on Linux */
    jt_clockwatch_init(&issuer->watch, deps->clock);
    issuer->started_s = jt_clock_wall_s(deps->clock);
    enum jt_err err = jt_counters_new(&issuer->counters);
    if (err == JT_OK) {
        err = jt_root_settings(config, &settings);
    }
    if (err == JT_OK) {
        err = open_parts(issuer, deps, settings, diag);
        jt_root_settings_free(settings);
    }
    if (err != JT_OK) {
        jt_issuer_free(issuer);
        return err;
    }
    (void)malloc_trim(0); /* what parsing the access data left; idle memory is a figure of ours */
    *out_issuer = issuer;
    return JT_OK;
}

void jt_issuer_free(struct jt_issuer *issuer)
{
    if (issuer == NULL) {
        return;
    }
    if (issuer->roots != NULL && issuer->store != NULL && !jt_issuer_is_cut_off(issuer)) {
        /* what is lost is lost: a use of the last minute */
        JT_IGNORE(jt_uses_save(issuer, NULL));
    }
    jt_store_close(issuer->store);
    jt_slots_free(issuer->roots);
    jt_signer_free(issuer->signer);
    jt_keyring_release(&issuer->known);
    jt_keyring_release(&issuer->unborn);
    jt_counters_free(issuer->counters);
    jt_secret_release(&issuer->pepper);
    (void)pthread_mutex_destroy(&issuer->write_lock); /* nobody holds it */
    free(issuer);
}

/* --- reading --- */

enum jt_err jt_issuer_worker_new(struct jt_issuer *issuer, struct jt_issuer_worker **out_worker)
{
    struct jt_issuer_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return JT_ERR_NOMEM;
    }
    worker->issuer = issuer;
    jt_randompool_init(&worker->ids, issuer->random);
    worker->scope = (struct jt_buf)JT_BUF_INIT(JT_TOKEN_CLAIMS_MAX_SCOPE);
    enum jt_err err = jt_slots_join(issuer->roots, &worker->slot);
    if (err == JT_OK) {
        err = jt_signer_lane_new(issuer->signer, &worker->lane);
    }
    if (err == JT_OK) {
        err = jt_counter_join(issuer->counters, &worker->counter);
    }
    if (err == JT_OK) {
        err = jt_hasher_new(jt_secret_span(&issuer->pepper), &worker->hasher);
    }
    if (err != JT_OK) {
        jt_issuer_worker_free(worker);
        return err;
    }
    *out_worker = worker;
    return JT_OK;
}

void jt_issuer_worker_free(struct jt_issuer_worker *worker)
{
    if (worker != NULL) {
        jt_slots_leave(worker->issuer->roots, worker->slot);
        jt_signer_lane_free(worker->lane);
        jt_counter_leave(worker->issuer->counters, worker->counter);
        jt_hasher_free(worker->hasher);
        jt_randompool_release(&worker->ids);
        jt_buf_release(&worker->scope);
        free(worker);
    }
}

/* --- changing --- */

enum jt_err jt_issuer_change(struct jt_issuer *issuer, jt_issuer_change_fn fn, void *ctx,
                             struct jt_diag *diag)
{
    struct jt_access *access = NULL;
    (void)pthread_mutex_lock(&issuer->write_lock);
    enum jt_err err = jt_change_begin(issuer, diag);
    if (err == JT_OK) {
        err = fn(issuer, jt_slots_current(issuer->roots), ctx, &access, diag);
    }
    if (err == JT_OK && access != NULL) {
        err = jt_change_finish(issuer, access, issuer->raised.n > 0 ? &issuer->raised : NULL, diag);
        if (err == JT_OK) {
            jt_keyring_forget(&issuer->raised, issuer->signer);
        }
    }
    jt_keyring_release(&issuer->raised);
    err = jt_change_tell(issuer, err, diag);
    jt_store_rollback(issuer->store); /* harmless after the commit */
    (void)pthread_mutex_unlock(&issuer->write_lock);
    jt_access_free(access);
    return err;
}

enum jt_err jt_issuer_raise_lifetime(struct jt_issuer *issuer, enum jt_alg alg, int64_t lifetime_s,
                                     struct jt_diag *diag)
{
    struct jt_keyring keyring = {0};
    size_t restored = 0;
    JT_TRY(jt_change_read_keys(issuer, true, &keyring, &restored, diag));
    enum jt_err err =
        jt_keyring_raise(&keyring, issuer->store, issuer->signer, alg, lifetime_s, diag);
    if (err != JT_OK) {
        jt_keyring_release(&keyring);
        return err;
    }
    jt_keyring_release(&issuer->raised); /* what was read now has all that was raised before */
    issuer->raised = keyring;
    return JT_OK;
}

const struct jt_config *jt_issuer_config(struct jt_issuer *issuer)
{
    (void)pthread_mutex_lock(&issuer->write_lock);
    const struct jt_root *now = jt_slots_current(issuer->roots);
    const struct jt_config *config =
        &now->settings->config; /* every root shares it, until reload */
    (void)pthread_mutex_unlock(&issuer->write_lock);
    return config;
}

enum jt_err jt_issuer_reload(struct jt_issuer *issuer, struct jt_config *config,
                             struct jt_diag *diag)
{
    struct jt_settings *settings = NULL;
    JT_TRY(jt_root_settings(config, &settings));
    (void)pthread_mutex_lock(&issuer->write_lock);
    const struct jt_root *now = jt_slots_current(issuer->roots);
    struct jt_signer_conf signer = jt_config_signer(&settings->config);
    enum jt_err err = check_reloaded_algs(now, &settings->config, diag);
    if (err == JT_OK) {
        err = jt_kek_steps_take(issuer, &signer, diag);
    }
    if (err == JT_OK) {
        err = jt_change_publish(issuer, now->version, settings, NULL, NULL);
    }
    if (err == JT_OK) {
        jt_staleness_limit(&issuer->staleness, settings->config.staleness_s);
    }
    issuer->due_s = 0; /* lead, period or algorithms may have changed: look again */
    (void)pthread_mutex_unlock(&issuer->write_lock);
    if (err == JT_OK) {
        issuer->log->level = jt_config_log_level(&settings->config);
    }
    jt_root_settings_free(settings);
    JT_TRY(err);
    err = jt_issuer_tick(issuer, diag);
    /* without its database the settings are in force all the same; the steps come when it is back */
    return err == JT_ERR_STORE && jt_issuer_is_cut_off(issuer) ? JT_OK : err;
}
