/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/doctor/checks.h"
#include "keys/witness.h"

#include "common/base/base.h"

#define OVERDUE_S (10 * (int64_t)60) /* the schedule is looked at every few seconds */
#define AHEAD_S   60                 /* of the clock, that a key may have been published */

/* --- the keys, from the disk --- */

/* A signer of its own, from the key-encryption key as it is there now: what the next start will do.
 * Gives it when there is nothing to say. */
static enum jt_err check_kek(const struct jt_checks *checks, const struct jt_config *config,
                             struct jt_signer **out_signer)
{
    struct jt_signer_conf conf = jt_config_signer(config);
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_signer_new(&conf, checks->issuer->random, out_signer, &diag);
    if (err == JT_ERR_NOMEM) {
        return err;
    }
    if (err != JT_OK) {
        return jt_checks_say(checks, "kek", JT_CHECKS_FAIL,
                             "mend it before jetond is started again: it would not start", "%s",
                             jt_diag_text(&diag, err));
    }
    return jt_checks_say(checks, "kek", JT_CHECKS_OK, NULL,
                         conf.kek.file != NULL
                             ? "the key-encryption key can be read, by its owner alone"
                             : "the key-encryption key can be read");
}

/* Signs what is worth nothing as a token, and has the witness judge it by the public key. */
static enum jt_err probe(struct jt_signer_lane *lane, const struct jt_sealed *row,
                         struct jt_diag *diag)
{
    static const struct jt_span name = {(const uint8_t *)"probe", 5};
    const struct jt_claims claims = {.iss = name,
                                     .sub = name,
                                     .client_id = name,
                                     .jti = name,
                                     .aud = &name,
                                     .n_aud = 1,
                                     .iat_s = 0,
                                     .nbf_s = 0,
                                     .exp_s = 1,
                                     .typ = JT_SPAN(JT_WITNESS_TYP)};
    JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    JT_TRY(jt_signer_sign(lane, jt_buf_span(&row->kid), &claims, &token));
    return jt_witness_judge(jt_buf_span(&token), jt_buf_span(&row->public_jwk), row->alg, diag);
}

/* Every key that signs or will, as it is on the disk; `out_n` counts them. */
static enum jt_err probe_all(struct jt_signer *signer, const struct jt_keyring *keyring,
                             size_t *out_n, struct jt_diag *diag)
{
    JT_AUTOP(signer_lane) lane = NULL;
    JT_TRY(jt_signer_lane_new(signer, &lane));
    for (size_t i = 0; i < keyring->n; i++) {
        enum jt_key_state state = jt_schedule_state(&keyring->times[i], keyring->times, keyring->n);
        if (state == JT_KEY_ACTIVE || state == JT_KEY_NEXT) {
            JT_TRY(probe(lane, &keyring->sealed[i], diag));
            ++*out_n;
        }
    }
    return JT_OK;
}

static enum jt_err check_keys(const struct jt_checks *checks, struct jt_signer *signer)
{
    struct jt_keyring keyring = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    size_t n = 0;
    enum jt_err err = jt_keyring_read(checks->issuer->store, signer, &keyring, &diag);
    err = err == JT_OK ? probe_all(signer, &keyring, &n, &diag) : err;
    size_t untrusted = keyring.untrusted;
    char stranger[JT_KEY_KID_MAX];
    memcpy(stranger, keyring.stranger, sizeof stranger);
    jt_keyring_release(&keyring);
    if (err == JT_ERR_NOMEM) {
        return err;
    }
    if (err != JT_OK) {
        return jt_checks_say(checks, "keys", JT_CHECKS_FAIL,
                             err == JT_ERR_STORE
                                 ? "mend what the database check tells"
                                 : "put database and key-encryption key that belong together in "
                                   "place; before, do not restart jetond",
                             "%s", jt_diag_text(&diag, err));
    }
    if (untrusted > 0) {
        return jt_checks_say(checks, "keys", JT_CHECKS_WARN,
                             "find out who wrote them to the database: jetond did not",
                             "%zu key rows do not carry this issuer's MAC and are passed over; the "
                             "last of them is %s",
                             untrusted, stranger);
    }
    return jt_checks_say(checks, "keys", JT_CHECKS_OK, NULL,
                         "%zu keys open and signed a probe each", n);
}

/* --- the schedule --- */

static enum jt_err say_due(const struct jt_checks *checks, const char *alg, int64_t due_s,
                           const struct jt_key_times *active, const struct jt_key_times *next)
{
    char since[JT_CHECKS_TIME], published[JT_CHECKS_TIME], due[JT_CHECKS_TIME];
    return jt_checks_say(checks, "schedule", JT_CHECKS_OK, NULL,
                         "%s: %s signs since %s, the next key is published since %s; the next step "
                         "is due %s",
                         alg, active->kid, jt_checks_time(active->sign_from_s, since),
                         jt_checks_time(next->published_at_s, published),
                         due_s == INT64_MAX ? "never" : jt_checks_time(due_s, due));
}

static enum jt_err say_overdue(const struct jt_checks *checks, const char *alg, int64_t due_s)
{
    const struct jt_issuer *issuer = checks->issuer;
    char due[JT_CHECKS_TIME];
    if (!jt_clockwatch_may_rotate(&issuer->watch, issuer->clock) ||
        !jt_clockwatch_may_drop(&issuer->watch, issuer->clock)) {
        return jt_checks_say(checks, "schedule", JT_CHECKS_OK, NULL,
                             "%s: a step is due since %s; it waits until the clocks have kept pace "
                             "for an hour",
                             alg, jt_checks_time(due_s, due));
    }
    return jt_checks_say(checks, "schedule", JT_CHECKS_FAIL,
                         "look for ev=key.tick_fail in jetond's log (journalctl -u jetond)",
                         "%s: a step is due since %s and was not done", alg,
                         jt_checks_time(due_s, due));
}

static enum jt_err check_alg(const struct jt_checks *checks, const struct jt_schedule_conf *conf,
                             const struct jt_keyring *keyring, const struct jt_alg_row *alg)
{
    const struct jt_key_times *active = jt_schedule_active(keyring->times, keyring->n, alg->id);
    const struct jt_key_times *next = jt_schedule_next(keyring->times, keyring->n, alg->id);
    int64_t due_s = jt_schedule_due(conf, keyring->times, keyring->n, alg->id);
    int64_t now_s = jt_clock_wall_s(checks->issuer->clock);
    if (active == NULL && next != NULL) {
        char from[JT_CHECKS_TIME];
        return jt_checks_say(checks, "schedule", JT_CHECKS_WARN,
                             "wait until then before resources use this algorithm",
                             "%s: its first key is published and signs from %s", alg->name,
                             jt_checks_time(next->published_at_s + jt_schedule_wait(conf), from));
    }
    if (active == NULL) {
        return jt_checks_say(checks, "schedule", JT_CHECKS_FAIL,
                             "look for ev=key. in jetond's log (journalctl -u jetond)",
                             "%s: no key signs and none is published", alg->name);
    }
    if (due_s != INT64_MAX && due_s + OVERDUE_S < now_s) {
        return say_overdue(checks, alg->name, due_s);
    }
    if (next == NULL) {
        return jt_checks_say(checks, "schedule", JT_CHECKS_WARN,
                             "look for ev=key. in jetond's log (journalctl -u jetond)",
                             "%s: no next key is published", alg->name);
    }
    return say_due(checks, alg->name, due_s, active, next);
}

/* --- the clock --- */

static const struct jt_key_times *newest(const struct jt_keyring *keyring)
{
    const struct jt_key_times *found = NULL;
    for (size_t i = 0; i < keyring->n; i++) {
        if (found == NULL || keyring->times[i].published_at_s > found->published_at_s) {
            found = &keyring->times[i];
        }
    }
    return found;
}

static enum jt_err check_clock(const struct jt_checks *checks, const struct jt_keyring *keyring)
{
    const struct jt_issuer *issuer = checks->issuer;
    struct jt_clockwatch watch = issuer->watch; /* a copy: looking moves it */
    int64_t step_s = jt_clockwatch_look(&watch, issuer->clock);
    const struct jt_key_times *key = newest(keyring);
    int64_t now_s = jt_clock_wall_s(issuer->clock);
    char now[JT_CHECKS_TIME], then[JT_CHECKS_TIME];
    static const char fix[] = "set the clock right and keep it so (timedatectl, chrony)";
    if (key != NULL && now_s + AHEAD_S < key->published_at_s) {
        return jt_checks_say(checks, "clock", JT_CHECKS_FAIL, fix,
                             "it is %s here, before the newest key was published (%s)",
                             jt_checks_time(now_s, now), jt_checks_time(key->published_at_s, then));
    }
    if (!jt_clockwatch_may_rotate(&watch, issuer->clock)) {
        return jt_checks_say(checks, "clock", JT_CHECKS_WARN, fix,
                             "the clock jumped%s; automatic key steps wait until it has kept pace "
                             "for as long as a key waits to sign, until %s",
                             step_s == 0 ? " lately" : "",
                             jt_checks_time(jt_clockwatch_until(&watch), then));
    }
    return jt_checks_say(checks, "clock", JT_CHECKS_OK, NULL, "it is %s here",
                         jt_checks_time(now_s, now));
}

/* --- all of them --- */

static enum jt_err check_times(const struct jt_checks *checks, const struct jt_config *config)
{
    struct jt_keyring keyring = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err =
        jt_keyring_read(checks->issuer->store, checks->issuer->signer, &keyring, &diag);
    if (err != JT_OK) {
        return err == JT_ERR_NOMEM ? err
                                   : jt_checks_say(checks, "schedule", JT_CHECKS_FAIL,
                                                   "mend what the keys check tells", "%s",
                                                   jt_diag_text(&diag, err));
    }
    struct jt_schedule_conf conf = jt_config_schedule(config);
    for (enum jt_alg alg = JT_ALG_NONE + 1; err == JT_OK && alg < JT_ALG_COUNT_; alg++) {
        if (jt_schedule_kept(&conf, keyring.times, keyring.n, alg)) {
            err = check_alg(checks, &conf, &keyring, jt_alg_row(alg));
        }
    }
    err = err == JT_OK ? check_clock(checks, &keyring) : err;
    jt_keyring_release(&keyring);
    return err;
}

enum jt_err jt_checks_keys(const struct jt_checks *checks)
{
    struct jt_signer *signer = NULL;
    (void)pthread_mutex_lock(&checks->issuer->write_lock);
    const struct jt_root *root = jt_slots_current(checks->issuer->roots);
    const struct jt_config *config = &root->settings->config; /* stays: the lock orders changes */
    enum jt_err err = check_kek(checks, config, &signer);
    if (err == JT_OK && signer != NULL) {
        err = check_keys(checks, signer);
    }
    err = err == JT_OK ? check_times(checks, config) : err;
    (void)pthread_mutex_unlock(&checks->issuer->write_lock);
    jt_signer_free(signer);
    return err;
}
