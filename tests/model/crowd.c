/* SPDX-License-Identifier: Apache-2.0 */
/* The services that ask for tokens, and the APIs that judge them by their copies of the set. */
#include <inttypes.h>

#include "tests/model/world.h"

#include "common/base/base.h"

#define MINUTE_S 60
#define EARLY_S  30 /* between two fetches for an unknown kid */

static const struct {
    const char *name;
    int64_t habit_s; /* 0: the lead itself */
    bool by_kid;
} habits[VERIFIERS] = {
    {"5 min", 5 * MINUTE_S, false},
    {"5 min, or unknown kid", 5 * MINUTE_S, true},
    {"1 h", 60 * MINUTE_S, false},
    {"1 h, or unknown kid", 60 * MINUTE_S, true},
    {"24 h", 1440 * MINUTE_S, false},
    {"24 h, or unknown kid", 1440 * MINUTE_S, true},
    {"the lead", 0, false},
    {"the lead, another phase", 0, false},
    {"unknown kid alone", FOREVER_S, true},
    {"each time", 1, false},
};

void crowd_begin(void)
{
    for (size_t i = 0; i < VERIFIERS; i++) {
        int64_t habit_s = habits[i].habit_s;
        if (habit_s == 0) {
            habit_s = w.conf.lead_s > 0 ? w.conf.lead_s : 1;
        }
        w.verifiers[i] =
            (struct verifier){.habit_s = habit_s, .by_kid = habits[i].by_kid, .asked_s = -EARLY_S};
    }
}

/* By the load balancer: any issuer that is ready, else the one that read last. NULL: none is up. */
static const struct issuer *balance(void)
{
    const struct issuer *ready[ISSUERS_MAX], *last = NULL;
    size_t n = 0;
    for (size_t i = 0; i < w.n_issuers; i++) {
        const struct issuer *issuer = &w.issuers[i];
        if (issuer->up && world_is_ready(issuer)) {
            ready[n++] = issuer;
        }
        if (issuer->up && (last == NULL || issuer->confirmed_s > last->confirmed_s)) {
            last = issuer;
        }
    }
    return n > 0 ? ready[world_draw((int64_t)n)] : last;
}

void crowd_fetch(struct verifier *verifier)
{
    const struct issuer *issuer = balance();
    if (issuer == NULL) {
        return; /* the old copy goes on */
    }
    w.counts->fetches++;
    w.counts->stale_sets += issuer->commit + 1 < w.n_commits;
    verifier->has = true;
    verifier->excused = !world_is_ready(issuer);
    verifier->commit = issuer->commit;
    verifier->fetched_s = w.now_s;
}

/* --- tokens --- */

static void check_signing(const struct issuer *issuer, const struct jt_key_times *row)
{
    size_t number = rows_number(row->kid);
    const struct key *key = &w.keys[number];
    MUST(w.commits[issuer->commit].has[number], "%s signs and is not in the set (1)", row->kid);
    MUST(row->sign_from_s != 0 && row->sign_until_s == 0, "%s signs before its time, or after (1)",
         row->kid);
    MUST(w.is_dim || key->excepted || w.now_s - key->published_s >= key->lead_s,
         "%s signs though published %" PRId64 " s ago; the lead is %" PRId64 " s (1)", row->kid,
         w.now_s - key->published_s, key->lead_s);
}

static void sign_one(const struct issuer *issuer, enum jt_alg alg)
{
    const struct commit *commit = &w.commits[issuer->commit];
    const struct jt_key_times *row =
        w.rules->active(commit->shown, commit->n, alg, world_wall_s(issuer));
    int64_t lifetime_s = commit->lifetime_s[alg];
    if (row == NULL) {
        return;
    }
    check_signing(issuer, row);
    MUST(lifetime_s <= row->longest_s || w.rules->never_raises,
         "%s may not sign a token of %" PRId64 " s", row->kid, lifetime_s);
    /* by the verifier whose clock is behind most */
    int64_t until_s = w.now_s + issuer->drift_s + lifetime_s + w.conf.skew_s / 4;
    struct key *key = &w.keys[rows_number(row->kid)];
    key->live_until_s = until_s > key->live_until_s ? until_s : key->live_until_s;
    w.counts->tokens++;
}

static void sign(void)
{
    for (size_t i = 0; i < w.n_issuers; i++) {
        const struct issuer *issuer = &w.issuers[i];
        if (!issuer->up || (!world_is_ready(issuer) && !w.rules->signs_when_stale)) {
            continue; /* 503 */
        }
        for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
            sign_one(issuer, alg);
        }
    }
}

/* --- verdicts --- */

/* Why a verifier may lack `key`; false: it may not. */
static bool is_excused(const struct verifier *verifier, const struct key *key)
{
    if (key->revoked) {
        w.counts->excused_revoked++;
        return true;
    }
    if (verifier->commit >= key->published_in) {
        return false; /* it is in every set since */
    }
    if (key->excepted) {
        w.counts->excused_force++;
        return true;
    }
    if (w.now_s - verifier->fetched_s >= key->lead_s) {
        w.counts->excused_old++;
        return true;
    }
    w.counts->excused_unready += verifier->excused;
    return verifier->excused;
}

static bool knows(const struct verifier *verifier, const struct key *key)
{
    return w.commits[verifier->commit].has[key - w.keys];
}

static void judge(struct verifier *verifier, const struct jt_key_times *row, struct key *key)
{
    w.counts->presented++;
    if (knows(verifier, key)) {
        return;
    }
    if (verifier->by_kid && w.now_s - verifier->asked_s >= EARLY_S) {
        verifier->asked_s = w.now_s;
        crowd_fetch(verifier);
    }
    if (knows(verifier, key) || is_excused(verifier, key) || w.is_dim) {
        return;
    }
    world_fail("a verifier (%s) refuses a token of %s, by a copy fetched %" PRId64
               " s ago; the key was published %" PRId64 " s ago and the lead is %" PRId64 " s (6)",
               habits[verifier - w.verifiers].name, row->kid, w.now_s - verifier->fetched_s,
               w.now_s - key->published_s, key->lead_s);
}

static void check_sets(const struct jt_key_times *row, const struct key *key)
{
    for (size_t i = 0; i < w.n_issuers; i++) {
        const struct issuer *issuer = &w.issuers[i];
        bool late = issuer->commit < key->published_in;
        if (!issuer->up || !world_is_ready(issuer) || (late && key->excepted) || w.is_dim) {
            continue;
        }
        MUST(w.commits[issuer->commit].has[key - w.keys],
             "the set of issuer %zu lacks %s, and a token of it lives %" PRId64 " s more (2)", i,
             row->kid, key->live_until_s - w.now_s);
    }
}

static void present(void)
{
    for (size_t v = 0; v < VERIFIERS; v++) {
        struct verifier *verifier = &w.verifiers[v];
        if (!verifier->has || w.now_s - verifier->fetched_s >= verifier->habit_s) {
            crowd_fetch(verifier);
        }
    }
    for (size_t i = 0; i < w.n_keys; i++) {
        struct key *key = &w.keys[rows_number(w.rows[i].kid)];
        if (key->live_until_s <= w.now_s || key->revoked) {
            continue;
        }
        check_sets(&w.rows[i], key);
        for (size_t v = 0; v < VERIFIERS; v++) {
            if (w.verifiers[v].has) {
                judge(&w.verifiers[v], &w.rows[i], key);
            }
        }
    }
}

/* Is anything as it was not when they last asked? */
static bool is_news(void)
{
    bool news = w.met_s != w.now_s;
    for (size_t i = 0; i < w.n_issuers; i++) {
        struct issuer *issuer = &w.issuers[i];
        news = news || issuer->met_commit != issuer->commit || issuer->met_up != issuer->up;
        issuer->met_commit = issuer->commit;
        issuer->met_up = issuer->up;
    }
    w.met_s = w.now_s;
    return news;
}

void crowd_meet(void)
{
    if (is_news()) {
        sign();
        present();
    }
}
