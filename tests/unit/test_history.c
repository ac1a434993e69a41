/* SPDX-License-Identifier: Apache-2.0 */
/* The store goes back under a running issuer, as when a standby is promoted or a backup restored; and
 * the store is away. */
#include "issuer/change.h"
#include "issuer/edit.h"

#include <sqlite3.h>

#include "tests/unit/unit_issuer.h"

#include "common/base/base.h"

#define NO_JITTER "  jitter: 0s\n"

static const char *copy_path(void)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/copy.db", desk.dir);
    return path;
}

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(desk_db(), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s: %s", sql, why);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void back_up(void)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "VACUUM INTO '%s'", copy_path());
    run_sql(sql);
}

/* The tables become what they were, in one transaction, while the issuer holds the database open. */
static void restore(void)
{
    static const char *const tables[] = {"meta", "objects", "keys", "sealed", "audit", "commits"};
    char sql[2048];
    int n = snprintf(sql, sizeof sql, "ATTACH '%s' AS copy; BEGIN IMMEDIATE;", copy_path());
    for (size_t i = 0; i < JT_COUNT(tables); i++) {
        n += snprintf(sql + n, sizeof sql - (size_t)n,
                      "DELETE FROM main.%s; INSERT INTO main.%s SELECT * FROM copy.%s;", tables[i],
                      tables[i], tables[i]);
    }
    (void)snprintf(sql + n, sizeof sql - (size_t)n, "COMMIT; DETACH copy");
    run_sql(sql);
}

static bool in_set(const char *kid)
{
    return strstr(jt_buf_str(&desk_root()->keys->jwks), kid) != NULL;
}

struct found {
    const char *kid;
    struct jt_key_times times;
    enum jt_key_state state;
    bool any;
};

static enum jt_err look(void *ctx, const struct jt_key_times *key, enum jt_key_state state)
{
    struct found *found = ctx;
    if (strcmp(found->kid, key->kid) == 0) {
        found->times = *key;
        found->state = state;
        found->any = true;
    }
    return JT_OK;
}

/* The key as the store has it. */
static struct found stored(const char *kid)
{
    struct found found = {.kid = kid};
    assert_ok(jt_issuer_keys(desk.issuer, look, &found, NULL));
    return found;
}

static void signing_kid(char out[JT_KEY_KID_MAX])
{
    memcpy(out, desk_root()->keys->signing_kid[JT_ALG_ES256], JT_KEY_KID_MAX);
}

static void store_gone_back_then_keys_published_since_are_written_back(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    char old[JT_KEY_KID_MAX], active[JT_KEY_KID_MAX];
    desk_open(NO_JITTER);
    signing_kid(old);
    back_up();
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, false, "test", &diag));
    signing_kid(active);
    assert_string_not_equal(active, old);
    char next[JT_KEY_KID_MAX];
    const struct jt_key_part *keys = desk_root()->keys;
    memcpy(next, jt_schedule_next(keys->times, keys->n_times, JT_ALG_ES256)->kid, sizeof next);
    restore();
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_int_equal(atomic_load(&desk.issuer->rejoins), 1);
    assert_string_equal(desk_root()->keys->signing_kid[JT_ALG_ES256], active);
    assert_true(in_set(old) && in_set(active) && in_set(next));
    assert_int_equal(stored(old).state, JT_KEY_RETIRING);
    assert_int_equal(stored(active).state, JT_KEY_ACTIVE);
    assert_int_equal(stored(next).state, JT_KEY_NEXT);
    assert_ok(jt_issuer_tick(desk.issuer, &diag)); /* from here on it is one history */
    assert_int_equal(atomic_load(&desk.issuer->rejoins), 1);
    desk_reopen(NO_JITTER);
    assert_string_equal(desk_root()->keys->signing_kid[JT_ALG_ES256], active);
}

static void store_gone_back_then_a_revoked_key_stays_revoked(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    char old[JT_KEY_KID_MAX];
    desk_open(NO_JITTER);
    signing_kid(old);
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    back_up();
    assert_ok(jt_issuer_revoke(desk.issuer, old, false, "test", &diag));
    assert_false(in_set(old));
    restore();
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_false(in_set(old));
    assert_int_equal(stored(old).state, JT_KEY_REVOKED);
}

/* The version is the same again, and what it brought is something else. */
static void store_of_the_same_version_and_another_history_is_noticed(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open(NO_JITTER);
    back_up();
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, false, "test", &diag));
    char active[JT_KEY_KID_MAX];
    signing_kid(active);
    int64_t version = desk_root()->version;
    restore();
    run_sql("UPDATE meta SET value = value + 1 WHERE name = 'version';"
            "INSERT INTO commits (version, mark) SELECT value, 42 FROM meta WHERE name = 'version';"
            "INSERT INTO audit (seq, at_s, actor, action, object, detail) SELECT MAX(seq) + 1, 0, "
            "'other', 'other', x'', x'' FROM audit");
    int64_t theirs = 0;
    assert_ok(jt_store_version(desk.issuer->store, &theirs));
    assert_int_equal(theirs, version);
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_int_equal(atomic_load(&desk.issuer->rejoins), 1);
    assert_true(in_set(active));
    assert_string_equal(desk_root()->keys->signing_kid[JT_ALG_ES256], active);
}

static void a_change_after_the_store_went_back_is_made_over_what_it_holds(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open(NO_JITTER);
    back_up();
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, false, "test", &diag));
    restore();
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, false, "test", &diag));
    assert_int_equal(atomic_load(&desk.issuer->rejoins), 1);
    size_t published = 0;
    for (size_t i = 0; i < desk_root()->keys->n_times; i++) {
        published += jt_schedule_published(&desk_root()->keys->times[i]);
    }
    assert_int_equal(published, 4); /* two retire, one signs, one is next */
}

static void the_same_store_is_never_taken_for_another(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open(NO_JITTER);
    for (int i = 0; i < 5; i++) {
        fixed_clock_pass(&desk.clock, 2 * DAY_S);
        assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, false, "test", &diag));
        assert_ok(jt_issuer_tick(desk.issuer, &diag));
    }
    assert_int_equal(atomic_load(&desk.issuer->rejoins), 0);
}

/* As if another issuer had committed. */
static void commit_by_hand(const char *change)
{
    char sql[1024];
    (void)snprintf(sql, sizeof sql,
                   "BEGIN IMMEDIATE; %s; UPDATE meta SET value = value + 1 WHERE name = 'version';"
                   "INSERT INTO commits (version, mark) SELECT value, 42 FROM meta WHERE name = "
                   "'version'; COMMIT",
                   change);
    run_sql(sql);
}

/* No MAC covers the times of a row: what they had said is not forgotten for a change by hand. */
static void steps_taken_back_by_hand_stay_taken(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    char revoked[JT_KEY_KID_MAX], retiring[JT_KEY_KID_MAX], sql[256];
    desk_open(NO_JITTER);
    signing_kid(revoked);
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, false, "test", &diag));
    signing_kid(retiring);
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, false, "test", &diag));
    assert_ok(jt_issuer_revoke(desk.issuer, revoked, false, "test", &diag));
    (void)snprintf(sql, sizeof sql, "DELETE FROM keys WHERE kid = '%s'", retiring);
    commit_by_hand(sql);
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_true(in_set(retiring));
    commit_by_hand("UPDATE keys SET revoked_at_s = 0, dropped_at_s = 0");
    assert_ok(jt_issuer_tick(desk.issuer, &diag)); /* sees it */
    assert_false(in_set(revoked));
    assert_ok(jt_issuer_tick(desk.issuer, &diag)); /* and writes it again */
    assert_int_equal(atomic_load(&desk.issuer->rejoins), 0);
    desk_reopen(NO_JITTER); /* which knows nothing but the store */
    assert_false(in_set(revoked));
    assert_true(in_set(retiring));
    assert_int_equal(stored(revoked).state, JT_KEY_REVOKED);
    assert_int_equal(stored(retiring).state, JT_KEY_RETIRING);
}

/* Can the signer sign with it? */
static enum jt_err sign(const char *kid)
{
    struct jt_issuer_worker *worker = NULL;
    JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    const struct jt_span aud = JT_SPAN("https://a");
    const struct jt_claims claims = {.iss = aud,
                                     .sub = aud,
                                     .client_id = aud,
                                     .jti = aud,
                                     .aud = &aud,
                                     .n_aud = 1,
                                     .iat_s = START_S,
                                     .nbf_s = START_S,
                                     .exp_s = START_S + 1,
                                     .typ = JT_SPAN("at+jwt")};
    assert_ok(jt_issuer_worker_new(desk.issuer, &worker));
    enum jt_err err = jt_signer_sign(worker->lane, jt_span_str(kid), &claims, &token);
    jt_issuer_worker_free(worker);
    return err;
}

static void next_kid(char out[JT_KEY_KID_MAX])
{
    const struct jt_key_part *keys = desk_root()->keys;
    memcpy(out, jt_schedule_next(keys->times, keys->n_times, JT_ALG_ES256)->kid, JT_KEY_KID_MAX);
}

/* What another issuer has revoked leaves this one's memory, too. */
static void key_that_another_revoked_signs_no_more(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    char kid[JT_KEY_KID_MAX], sql[256];
    for (int other_history = 0; other_history < 2; other_history++) {
        desk_open(NO_JITTER);
        back_up();
        fixed_clock_pass(&desk.clock, 2 * DAY_S);
        next_kid(kid);
        assert_ok(sign(kid));
        (void)snprintf(sql, sizeof sql,
                       "UPDATE keys SET revoked_at_s = %d, blob = NULL WHERE kid = '%s'", START_S,
                       kid);
        if (other_history == 1) {
            assert_ok(jt_issuer_add_algorithm(desk.issuer, JT_ALG_EDDSA, "test", &diag));
            restore();
        }
        commit_by_hand(sql);
        assert_ok(jt_issuer_tick(desk.issuer, &diag));
        assert_int_equal(atomic_load(&desk.issuer->rejoins), other_history);
        assert_false(in_set(kid));
        assert_err(sign(kid), JT_ERR_KEY_ABSENT);
        desk_close();
        assert_int_equal(unlink(desk_db()) + unlink(copy_path()), 0);
    }
}

static enum jt_err create_resource(const char *text)
{
    json_t *doc = json_loads(text, 0, NULL);
    const struct jt_actor actor = {.name = "test"};
    const struct jt_edit_how how = {.actor = &actor};
    enum jt_err err = jt_edit_create(desk.issuer, &how, JT_STORE_RESOURCE, doc, NULL, NULL);
    json_decref(doc);
    return err;
}

/* Longer than any that was ever taken. */
static void document_too_long_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open(NO_JITTER);
    assert_ok(create_resource("{\"identifier\":\"https://a\"}"));
    back_up();
    commit_by_hand("UPDATE objects SET doc = CAST(CAST(doc AS TEXT) || printf('%1048576s', '') AS "
                   "BLOB), version = (SELECT value + 1 FROM meta WHERE name = 'version')");
    assert_err(jt_issuer_tick(desk.issuer, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "https://a"));
    restore();
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
}

/* A BLOB of the same bytes is another primary key to SQLite. A row that is not even ours is passed
 * over. */
static void key_in_two_rows_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open(NO_JITTER);
    desk_close();
    run_sql("INSERT INTO keys SELECT CAST(kid AS BLOB), alg, public_jwk, mac, blob, published_at_s,"
            " sign_from_s, sign_until_s, drop_at_s, dropped_at_s, revoked_at_s, longest_s FROM keys"
            " WHERE sign_from_s = 0");
    assert_err(desk_try_open(NO_JITTER, &diag), JT_ERR_UNSEAL);
    assert_non_null(strstr(diag.text, "two rows"));
    run_sql("UPDATE keys SET mac = zeroblob(32) WHERE typeof(kid) = 'blob'");
    assert_ok(desk_try_open(NO_JITTER, &diag));
    assert_int_equal(desk.issuer->known.n, 2);
}

/* --- another issuer commits between the look at the store and the lock --- */

static bool other_commits;

enum jt_err __real_jt_store_begin(struct jt_store *store, struct jt_diag *diag);
enum jt_err __wrap_jt_store_begin(struct jt_store *store, struct jt_diag *diag);

enum jt_err __wrap_jt_store_begin(struct jt_store *store, struct jt_diag *diag)
{
    if (other_commits) {
        other_commits = false;
        commit_by_hand("INSERT INTO objects SELECT kind, CAST('https://b' AS BLOB),"
                       " CAST(replace(CAST(doc AS TEXT), 'https://a', 'https://b') AS BLOB),"
                       " (SELECT value + 1 FROM meta WHERE name = 'version') FROM objects");
    }
    return __real_jt_store_begin(store, diag);
}

static void change_that_came_between_is_seen(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open(NO_JITTER);
    assert_ok(create_resource("{\"identifier\":\"https://a\"}"));
    other_commits = true;
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, true, "test", &diag));
    assert_false(other_commits);
    assert_non_null(jt_access_find(desk_root()->access, JT_STORE_RESOURCE, JT_SPAN("https://b")));
    assert_int_equal(atomic_load(&desk.issuer->rejoins), 0);
}

/* So many commits that the mark of the one that is known was forgotten: no history was lost. One
 * fewer, and it would be there. */
static void mark_forgotten_after_many_commits_is_no_other_history(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    char sql[256];
    desk_open(NO_JITTER);
    for (int missing = 1; missing >= 0; missing--) {
        uint64_t rejoins = atomic_load(&desk.issuer->rejoins);
        (void)snprintf(sql, sizeof sql,
                       "DELETE FROM commits; UPDATE meta SET value = value + %d WHERE name = "
                       "'version'",
                       JT_STORE_MARKS - 1 - missing);
        commit_by_hand(sql);
        assert_ok(jt_issuer_tick(desk.issuer, &diag));
        assert_int_equal(atomic_load(&desk.issuer->rejoins) - rejoins, missing);
        assert_ok(jt_issuer_tick(desk.issuer, &diag)); /* from here on it is one history */
        assert_int_equal(atomic_load(&desk.issuer->rejoins) - rejoins, missing);
    }
}

/* A database that cannot be read: keys that no longer open stand for it. */
static void store_away_then_stale_after_the_limit_and_back_at_once(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open(NO_JITTER "  staleness: 1h\n");
    back_up();
    run_sql("UPDATE meta SET value = value + 1 WHERE name = 'version'; DELETE FROM commits;"
            "UPDATE keys SET mac = zeroblob(32)");
    assert_err(jt_issuer_tick(desk.issuer, &diag), JT_ERR_KEY_MAC);
    assert_true(jt_issuer_is_cut_off(desk.issuer));
    assert_false(jt_issuer_is_stale(desk.issuer, desk_root()));
    assert_true(desk_root()->keys->signing_kid[JT_ALG_ES256][0] != 0); /* goes on meanwhile */
    char active[JT_KEY_KID_MAX];
    signing_kid(active);
    assert_int_equal(stored(active).state, JT_KEY_ACTIVE); /* told from what is known */
    fixed_clock_pass(&desk.clock, 3600);
    assert_false(jt_issuer_is_stale(desk.issuer, desk_root()));
    desk.clock.boot_ms += 1;
    assert_true(jt_issuer_is_stale(desk.issuer, desk_root()));
    restore();
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_false(jt_issuer_is_cut_off(desk.issuer));
    assert_false(jt_issuer_is_stale(desk.issuer, desk_root()));
}

/* The others may have dropped, by the lower limit, what this one would sign with. */
static void store_away_a_raised_limit_revives_nobody(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_config config;
    desk_open(NO_JITTER "  staleness: 1h\n");
    back_up();
    run_sql("UPDATE meta SET value = value + 1 WHERE name = 'version'; DELETE FROM commits;"
            "UPDATE keys SET mac = zeroblob(32)");
    assert_err(jt_issuer_tick(desk.issuer, &diag), JT_ERR_KEY_MAC);
    fixed_clock_pass(&desk.clock, 1800);
    assert_ok(desk_config(NO_JITTER "  staleness: 10m\n", &config));
    assert_err(jt_issuer_reload(desk.issuer, &config, &diag), JT_ERR_KEY_MAC); /* by its tick */
    assert_true(jt_issuer_is_stale(desk.issuer, desk_root()));
    assert_ok(desk_config(NO_JITTER "  staleness: 4h\n", &config));
    assert_err(jt_issuer_reload(desk.issuer, &config, &diag), JT_ERR_KEY_MAC);
    assert_true(jt_issuer_is_stale(desk.issuer, desk_root()));
    restore();
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    fixed_clock_pass(&desk.clock, 3 * 3600);
    assert_false(jt_issuer_is_stale(desk.issuer, desk_root()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(store_gone_back_then_keys_published_since_are_written_back),
        DESK_TEST(store_gone_back_then_a_revoked_key_stays_revoked),
        DESK_TEST(store_of_the_same_version_and_another_history_is_noticed),
        DESK_TEST(a_change_after_the_store_went_back_is_made_over_what_it_holds),
        DESK_TEST(the_same_store_is_never_taken_for_another),
        DESK_TEST(steps_taken_back_by_hand_stay_taken),
        DESK_TEST(key_that_another_revoked_signs_no_more),
        DESK_TEST(document_too_long_refused),
        DESK_TEST(key_in_two_rows_refused),
        DESK_TEST(change_that_came_between_is_seen),
        DESK_TEST(mark_forgotten_after_many_commits_is_no_other_history),
        DESK_TEST(store_away_then_stale_after_the_limit_and_back_at_once),
        DESK_TEST(store_away_a_raised_limit_revives_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
