/* SPDX-License-Identifier: Apache-2.0 */
/* The database: what a plan does to the rows, and what must be so of them after each commit. */
#include <inttypes.h>

#include "tests/model/world.h"

#include "common/base/base.h"

#define MIN_LONGEST_S 3600 /* as issuer/change.c */

/* A kid is two letters that order it anyhow, and its number. */
size_t rows_number(const char *kid)
{
    size_t number = 0;
    for (const char *p = kid + 2; *p >= '0' && *p <= '9'; p++) {
        number = number * 10 + (size_t)(*p - '0');
    }
    return number;
}

static struct jt_key_times *find_row(const char *kid)
{
    for (size_t i = 0; i < w.n_keys; i++) {
        if (strcmp(w.rows[i].kid, kid) == 0) {
            return &w.rows[i];
        }
    }
    world_fail("a plan names %s, which is not there", kid);
}

static const char *name_of(enum jt_alg alg)
{
    return jt_alg_row(alg)->name;
}

/* The kid of the key that is made. */
static const char *publish(const struct issuer *issuer, enum jt_alg alg)
{
    size_t number = w.n_keys, at = w.n_keys;
    int64_t longest_s = w.lifetime_s[alg] > MIN_LONGEST_S ? w.lifetime_s[alg] : MIN_LONGEST_S;
    struct jt_key_times row = {
        .alg = alg, .published_at_s = world_wall_s(issuer), .longest_s = longest_s};
    MUST(number < KEYS_MAX, "more keys than the model holds");
    (void)snprintf(row.kid, sizeof row.kid, "%c%c%zu", (char)('a' + world_draw(26)),
                   (char)('a' + world_draw(26)), number);
    for (; at > 0 && (w.rows[at - 1].published_at_s > row.published_at_s ||
                      (w.rows[at - 1].published_at_s == row.published_at_s &&
                       strcmp(w.rows[at - 1].kid, row.kid) > 0));
         at--) {
        w.rows[at] = w.rows[at - 1];
    }
    w.rows[at] = row;
    w.n_keys++;
    w.keys[number] = (struct key){.published_in = w.n_commits, .published_s = w.now_s};
    world_tell("    %s %s is published", name_of(alg), row.kid);
    return w.rows[at].kid;
}

static void begin_to_sign(const struct issuer *issuer, struct jt_key_times *row, bool excepted)
{
    struct key *key = &w.keys[rows_number(row->kid)];
    int64_t aged_s = world_wall_s(issuer) - row->published_at_s;
    MUST(row->sign_from_s == 0 && !key->gone, "%s begins to sign twice, or when gone", row->kid);
    MUST(excepted || aged_s >= w.conf.lead_s,
         "%s signs though published, by the clock, %" PRId64 " s ago; the lead is %" PRId64
         " s (1)",
         row->kid, aged_s, w.conf.lead_s);
    row->sign_from_s = world_wall_s(issuer);
    key->lead_s = w.conf.lead_s;
    key->excepted = excepted;
}

static void stop(const struct issuer *issuer, struct jt_key_times *row, int64_t drop_at_s)
{
    MUST(row->sign_from_s != 0 && row->sign_until_s == 0, "%s stops, and did not sign", row->kid);
    row->sign_until_s = world_wall_s(issuer);
    row->drop_at_s = drop_at_s;
}

static void leave(const struct issuer *issuer, struct jt_key_times *row, enum jt_schedule_step step)
{
    struct key *key = &w.keys[rows_number(row->kid)];
    MUST(!key->gone, "%s leaves the set twice", row->kid);
    key->gone = true;
    key->revoked = step == JT_STEP_REVOKE;
    if (step == JT_STEP_REVOKE) {
        row->revoked_at_s = world_wall_s(issuer);
        w.counts->revoked++;
        return;
    }
    row->dropped_at_s = world_wall_s(issuer);
    w.counts->dropped++;
}

static void carry_out(const struct issuer *issuer, const struct jt_schedule_change *change,
                      const char *kid, bool excepted)
{
    struct jt_key_times *row = find_row(kid);
    MUST(row->alg == change->alg, "a plan for %s changes %s", name_of(change->alg), kid);
    switch (change->step) {
    case JT_STEP_PUBLISH:
        return;
    case JT_STEP_SIGN:
        begin_to_sign(issuer, row, excepted);
        world_tell("    %s signs", kid);
        return;
    case JT_STEP_STOP:
        stop(issuer, row, change->at_s);
        world_tell("    %s stops, and goes %" PRId64 " s later", kid,
                   change->at_s - row->sign_until_s);
        return;
    case JT_STEP_DROP:
    case JT_STEP_REVOKE:
        leave(issuer, row, change->step);
        world_tell("    %s %s", kid, change->step == JT_STEP_DROP ? "is dropped" : "is revoked");
    }
}

static void check_alg(const struct commit *commit, enum jt_alg alg)
{
    size_t next = 0, active = 0;
    for (size_t i = 0; i < commit->n; i++) {
        const struct jt_key_times *row = &commit->shown[i];
        next += row->alg == alg && row->sign_from_s == 0;
        active += row->alg == alg && row->sign_from_s != 0 && row->sign_until_s == 0;
    }
    MUST(next <= 1, "%zu next keys of %s (5)", next, name_of(alg));
    MUST(active <= 1, "%zu keys of %s sign (5)", active, name_of(alg));
}

static void commit(void)
{
    MUST(w.n_commits < COMMITS_MAX, "more commits than the model holds");
    struct commit *commit = &w.commits[w.n_commits++];
    commit->n = 0;
    memset(commit->has, 0, sizeof commit->has);
    for (size_t i = 0; i < w.n_keys; i++) {
        if (!jt_schedule_published(&w.rows[i])) {
            continue;
        }
        MUST(!w.keys[rows_number(w.rows[i].kid)].gone, "%s comes back (4)", w.rows[i].kid);
        MUST(commit->n < SHOWN_MAX, "more keys in the set than the model holds");
        commit->has[rows_number(w.rows[i].kid)] = true;
        commit->shown[commit->n++] = w.rows[i];
    }
    memcpy(commit->lifetime_s, w.lifetime_s, sizeof commit->lifetime_s);
    MUST(commit->n > 0, "the set is empty (3)");
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        check_alg(commit, alg);
    }
    w.counts->commits++;
}

/* As jt_keyring_apply, which refuses a plan beyond JT_KEYRING_PUBLISHED. */
bool rows_have_room(const struct jt_schedule_plan *plan)
{
    size_t shown = 0;
    for (size_t i = 0; i < plan->n; i++) {
        shown += plan->changes[i].step == JT_STEP_PUBLISH;
    }
    for (size_t i = 0; i < w.n_keys; i++) {
        shown += jt_schedule_published(&w.rows[i]);
    }
    w.was_full = w.was_full || shown > SHOWN_MAX;
    return shown <= SHOWN_MAX;
}

void rows_apply(const struct issuer *issuer, const struct jt_schedule_plan *plan, bool excepted)
{
    char made[JT_KEY_KID_MAX] = "";
    for (size_t i = 0; i < plan->n; i++) {
        const struct jt_schedule_change *change = &plan->changes[i];
        if (change->step == JT_STEP_PUBLISH) {
            (void)snprintf(made, sizeof made, "%s", publish(issuer, change->alg));
        }
        MUST(change->kid[0] != 0 || (made[0] != 0 && (change->step == JT_STEP_PUBLISH ||
                                                      change->step == JT_STEP_SIGN)),
             "a plan names no key");
        carry_out(issuer, change, change->kid[0] == 0 ? made : change->kid, excepted);
        w.counts->signed_on += change->step == JT_STEP_SIGN;
        if (w.rules->tears && change->step == JT_STEP_SIGN) {
            break; /* a fault: committed by halves */
        }
    }
    commit();
}

/* As issuer/batch.c and jt_keyring_raise: keys that sign, or will, may sign the longer ones. */
void rows_set_lifetime(enum jt_alg alg, int64_t lifetime_s)
{
    w.lifetime_s[alg] = lifetime_s;
    for (size_t i = 0; i < w.n_keys; i++) {
        enum jt_key_state state = jt_schedule_state(&w.rows[i], w.rows, w.n_keys);
        if (w.rows[i].alg == alg && (state == JT_KEY_ACTIVE || state == JT_KEY_NEXT) &&
            w.rows[i].longest_s < lifetime_s && !w.rules->never_raises) {
            w.rows[i].longest_s = lifetime_s;
        }
    }
    commit();
}
