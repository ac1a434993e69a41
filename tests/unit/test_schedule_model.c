/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of one issuer under the real schedule: ticks, rotations and revocations by hand,
 * lifetimes raised, clocks that step, and a replica that signs by an old view of the rows for as
 * long as the staleness limit allows. After every event the invariants are checked:
 *   - no key begins to sign that was published for less than the lead, in real time (but for the
 *     first key of a fresh issuer, steps by force, and no lead at all);
 *   - no unexpired token's key is missing from the set, unless revoked;
 *   - at most one next and one signing key per algorithm; once there is a set it is never empty;
 *   - a tick acts exactly when jt_schedule_due says so.
 * JETON_MODEL_SEED=n runs the history of that seed alone; a failure prints it.
 */
#include "keys/schedule.h"

#include <inttypes.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define HISTORIES  4000
#define EVENTS     120
#define KEYS_MAX   160
#define TOKENS_MAX 256
#define START_S    1700000000

struct token {
    size_t key;
    int64_t exp_s; /* by the issuer's wall clock, as verifiers read it */
};

struct model {
    uint64_t seed, state;
    struct jt_schedule_conf conf;
    int64_t real_s, offset_s; /* the wall clock shows real_s + offset_s */
    int64_t lifetime_s;
    enum jt_alg algs[2];
    size_t n_algs;
    size_t n_keys, n_tokens;
    struct jt_key_times keys[KEYS_MAX];
    int64_t published_real_s[KEYS_MAX];
    struct token tokens[TOKENS_MAX];
    struct jt_key_times replica[KEYS_MAX]; /* an old view of the rows */
    size_t n_replica;
    int64_t replica_real_s;
};

static struct model m;

/* splitmix64 */
static uint64_t draw(uint64_t below)
{
    m.state += 0x9E3779B97F4A7C15u;
    uint64_t z = m.state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % below;
}

static int64_t draw_s(int64_t below)
{
    return (int64_t)draw((uint64_t)below);
}

static int64_t wall_s(void)
{
    return m.real_s + m.offset_s;
}

#define require(condition)                                                                \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fail_msg("JETON_MODEL_SEED=%" PRIu64 " at %" PRId64 ": %s", m.seed, m.real_s, \
                     #condition);                                                         \
        }                                                                                 \
    } while (0)

/* --- what a plan does to the rows --- */

static size_t index_of(const char *kid)
{
    size_t i = 0;
    while (i < m.n_keys && strcmp(m.keys[i].kid, kid) != 0) {
        i++;
    }
    require(i < m.n_keys);
    return i;
}

static size_t publish(enum jt_alg alg)
{
    size_t i = m.n_keys++;
    require(i < KEYS_MAX);
    m.keys[i] =
        (struct jt_key_times){.alg = alg, .published_at_s = wall_s(), .longest_s = m.lifetime_s};
    (void)snprintf(m.keys[i].kid, sizeof m.keys[i].kid, "k%zu", i);
    m.published_real_s[i] = m.real_s;
    return i;
}

static void begin_to_sign(size_t i, bool excepted)
{
    require(m.keys[i].sign_from_s == 0 && jt_schedule_published(&m.keys[i]));
    require(excepted || m.real_s - m.published_real_s[i] >= m.conf.lead_s);
    m.keys[i].sign_from_s = wall_s();
}

static void apply(const struct jt_schedule_plan *plan, bool excepted)
{
    size_t newest = KEYS_MAX;
    for (size_t k = 0; k < plan->n; k++) {
        const struct jt_schedule_change *change = &plan->changes[k];
        if (change->step == JT_STEP_PUBLISH) {
            newest = publish(change->alg);
            continue;
        }
        bool is_newest = change->kid[0] == 0;
        require(!is_newest || (k > 0 && plan->changes[k - 1].step == JT_STEP_PUBLISH));
        size_t i = is_newest ? newest : index_of(change->kid);
        require(m.keys[i].alg == change->alg);
        switch (change->step) {
        case JT_STEP_PUBLISH:
            break;
        case JT_STEP_SIGN:
            begin_to_sign(i, excepted || m.conf.lead_s == 0);
            break;
        case JT_STEP_STOP:
            m.keys[i].sign_until_s = wall_s();
            m.keys[i].drop_at_s = change->at_s;
            break;
        case JT_STEP_DROP:
            m.keys[i].dropped_at_s = wall_s();
            break;
        case JT_STEP_REVOKE:
            m.keys[i].revoked_at_s = wall_s();
            break;
        }
    }
}

/* --- events --- */

static void tick(void)
{
    static struct jt_schedule_plan plan;
    bool fresh = m.n_keys == 0, may_drop = draw(4) > 0;
    plan.n = 0;
    for (size_t a = 0; a < m.n_algs; a++) {
        size_t before = plan.n;
        int64_t due = jt_schedule_due(&m.conf, m.keys, m.n_keys, m.algs[a]);
        enum jt_err err =
            jt_schedule_tick(&m.conf, m.keys, m.n_keys, m.algs[a], wall_s(), may_drop, &plan);
        require(err == JT_OK);
        require(plan.n == before || due <= wall_s());
        require(plan.n > before || due > wall_s() || !may_drop);
    }
    apply(&plan, fresh);
}

static void rotate(void)
{
    static struct jt_schedule_plan plan;
    struct jt_diag diag = JT_DIAG_INIT;
    bool force = draw(4) == 0;
    plan.n = 0;
    enum jt_err err = jt_schedule_rotate(&m.conf, m.keys, m.n_keys, m.algs[draw(m.n_algs)],
                                         wall_s(), force, &plan, &diag);
    require(err == JT_OK || (plan.n == 0 && diag.text[0] != 0));
    require(err == JT_OK || err == JT_ERR_NOT_FOUND || (err == JT_ERR_WITHIN_LEAD && !force));
    apply(&plan, force);
}

static void revoke(void)
{
    static struct jt_schedule_plan plan;
    struct jt_diag diag = JT_DIAG_INIT;
    bool force = draw(2) == 0;
    if (m.n_keys == 0) {
        return;
    }
    size_t i = draw(m.n_keys);
    plan.n = 0;
    enum jt_err err =
        jt_schedule_revoke(&m.conf, m.keys, m.n_keys, m.keys[i].kid, wall_s(), force, &plan, &diag);
    require(err == JT_OK || (plan.n == 0 && diag.text[0] != 0));
    require(err != JT_ERR_WITHIN_LEAD || !force);
    apply(&plan, force);
    require(err != JT_OK || m.keys[i].revoked_at_s != 0);
}

static void add_token(const struct jt_key_times *key, const char *kid)
{
    if (key == NULL) {
        return;
    }
    struct token *token = &m.tokens[m.n_tokens++ % TOKENS_MAX];
    *token = (struct token){index_of(kid), wall_s() + key->longest_s};
}

/* By the newest rows, or by a view of them as old as the staleness limit lets it be. */
static void sign(void)
{
    enum jt_alg alg = m.algs[draw(m.n_algs)];
    bool usable = m.n_replica > 0 && m.real_s - m.replica_real_s <= m.conf.staleness_s;
    const struct jt_key_times *key = usable && draw(2) == 0
                                         ? jt_schedule_active(m.replica, m.n_replica, alg)
                                         : jt_schedule_active(m.keys, m.n_keys, alg);
    add_token(key, key == NULL ? "" : key->kid);
}

static void raise_lifetime(void)
{
    m.lifetime_s += 1 + draw_s(1000);
    for (size_t i = 0; i < m.n_keys; i++) {
        if (m.keys[i].sign_until_s == 0) {
            m.keys[i].longest_s = m.lifetime_s;
        }
    }
}

static void refresh_replica(void)
{
    memcpy(m.replica, m.keys, sizeof m.replica);
    m.n_replica = m.n_keys;
    m.replica_real_s = m.real_s;
}

/* Steps as large as the skew that verifiers are told to allow. */
static void step_clock(void)
{
    m.offset_s = draw_s(m.conf.skew_s / 2 + 1);
}

static void pass_time(void)
{
    static const int64_t most_s[] = {60, 3600, 86400, 864000};
    m.real_s += draw_s(most_s[draw(JT_COUNT(most_s))]);
}

/* --- invariants --- */

static void check_counts(enum jt_alg alg)
{
    size_t next = 0, active = 0;
    for (size_t i = 0; i < m.n_keys; i++) {
        enum jt_key_state state = jt_schedule_state(&m.keys[i], m.keys, m.n_keys);
        bool open = m.keys[i].alg == alg && jt_schedule_published(&m.keys[i]);
        next += open && state == JT_KEY_NEXT;
        active += open && m.keys[i].sign_from_s != 0 && m.keys[i].sign_until_s == 0;
    }
    require(next <= 1);
    require(active <= 1);
}

static void check_set(void)
{
    size_t published = 0;
    for (size_t i = 0; i < m.n_keys; i++) {
        published += jt_schedule_published(&m.keys[i]);
    }
    require(m.n_keys == 0 || published > 0);
}

static void check_tokens(void)
{
    size_t n = m.n_tokens < TOKENS_MAX ? m.n_tokens : TOKENS_MAX;
    for (size_t i = 0; i < n; i++) {
        const struct jt_key_times *key = &m.keys[m.tokens[i].key];
        bool expired = wall_s() >= m.tokens[i].exp_s;
        require(expired || key->revoked_at_s != 0 || jt_schedule_published(key));
    }
}

static void begin(uint64_t seed)
{
    static const int64_t leads[] = {0, 0, 300, 3600, 86400, 86400};
    memset(&m, 0, sizeof m);
    m.seed = m.state = seed;
    m.real_s = START_S;
    m.lifetime_s = 1 + draw_s(7200);
    m.conf.lead_s = leads[draw(JT_COUNT(leads))];
    m.conf.period_s = m.conf.lead_s + draw_s(2592000);
    m.conf.skew_s = draw_s(300);
    m.conf.max_age_s = draw_s(600);
    m.conf.staleness_s = m.conf.lead_s == 0 ? 0 : draw_s(m.conf.lead_s);
    m.algs[0] = JT_ALG_ES256;
    m.algs[1] = JT_ALG_RS256;
    m.n_algs = 1 + draw(2);
    m.conf.named[m.algs[0]] = m.conf.named[m.algs[1]] = true;
    m.conf.jitter_s = draw_s(m.conf.period_s + 1);
}

/* Chances out of 32; time passes between events. */
static void run_event(void)
{
    static const struct {
        unsigned chance;
        void (*run)(void);
    } events[] = {{12, tick},  {10, sign},      {3, refresh_replica}, {2, rotate},
                  {1, revoke}, {2, step_clock}, {1, raise_lifetime},  {1, pass_time}};
    uint64_t at = draw(32);
    for (size_t i = 0; i < JT_COUNT(events); i++) {
        if (at < events[i].chance) {
            events[i].run();
            return;
        }
        at -= events[i].chance;
    }
}

static void run_history(uint64_t seed)
{
    begin(seed);
    for (size_t i = 0; i < EVENTS; i++) {
        pass_time();
        run_event();
        if (draw(100) == 0) {
            m.n_algs = 2; /* a further algorithm on a live issuer */
        }
        check_counts(JT_ALG_ES256);
        check_counts(JT_ALG_RS256);
        check_set();
        check_tokens();
    }
}

static void random_histories_keep_the_invariants(void **state)
{
    (void)state;
    const char *one = getenv("JETON_MODEL_SEED");
    if (one != NULL) {
        run_history(strtoull(one, NULL, 10));
        return;
    }
    size_t rotations = 0, drops = 0, tokens = 0;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        run_history(seed);
        tokens += m.n_tokens;
        for (size_t i = 0; i < m.n_keys; i++) {
            rotations += m.keys[i].sign_until_s != 0;
            drops += m.keys[i].dropped_at_s != 0;
        }
    }
    /* the histories are worth something */
    assert_true(rotations > 10 * (size_t)HISTORIES);
    assert_true(drops > 5 * (size_t)HISTORIES);
    assert_true(tokens > 20 * (size_t)HISTORIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_histories_keep_the_invariants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
