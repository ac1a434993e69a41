/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a real store under a real signer and a fixed clock, through the issuer's steps. */
#include "tests/unit/unit_issuer.h"

#include "issuer/edit.h"
#include "issuer/store/store.h"

#define TAIL_S \
    (4 * HOUR_S + 300 + 300) /* staleness, skew, max-age; a key's lifetime comes on top */

struct key_list {
    struct jt_key_times items[JT_KEYRING_KEPT];
    enum jt_key_state states[JT_KEYRING_KEPT];
    size_t n;
};

static enum jt_err collect(void *ctx, const struct jt_key_times *key, enum jt_key_state state)
{
    struct key_list *list = ctx;
    assert_true(list->n < JT_KEYRING_KEPT);
    list->items[list->n] = *key;
    list->states[list->n++] = state;
    return JT_OK;
}

static struct key_list list_keys(void)
{
    struct key_list list = {.n = 0};
    assert_ok(jt_issuer_keys(desk.issuer, collect, &list, NULL));
    return list;
}

static size_t count_state(const struct key_list *list, enum jt_key_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        n += list->states[i] == state;
    }
    return n;
}

/* The one key of `state` and algorithm ES256. */
static struct jt_key_times only(enum jt_key_state state)
{
    struct key_list list = list_keys();
    struct jt_key_times found = {0};
    size_t n = 0;
    for (size_t i = 0; i < list.n; i++) {
        if (list.states[i] == state && list.items[i].alg == JT_ALG_ES256) {
            found = list.items[i];
            n++;
        }
    }
    assert_int_equal(n, 1);
    return found;
}

static struct jt_key_times by_kid(const char *kid)
{
    struct key_list list = list_keys();
    for (size_t i = 0; i < list.n; i++) {
        if (strcmp(list.items[i].kid, kid) == 0) {
            return list.items[i];
        }
    }
    fail_msg("no key %s", kid);
    return (struct jt_key_times){0};
}

static bool in_set(const char *kid)
{
    return strstr(jt_buf_str(&desk_root()->keys->jwks), kid) != NULL;
}

static const char *signing(enum jt_alg alg)
{
    return desk_root()->keys->signing_kid[alg];
}

static enum jt_err sign(const char *kid, int64_t lifetime_s)
{
    struct jt_issuer_worker *worker = NULL;
    JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    struct jt_span aud = JT_SPAN("https://a");
    struct jt_claims claims = {.iss = JT_SPAN("https://id.example.com"),
                               .sub = JT_SPAN("c"),
                               .client_id = JT_SPAN("c"),
                               .jti = JT_SPAN("j"),
                               .aud = &aud,
                               .n_aud = 1,
                               .iat_s = desk.clock.wall_s,
                               .nbf_s = desk.clock.wall_s,
                               .exp_s = desk.clock.wall_s + lifetime_s,
                               .typ = JT_SPAN("at+jwt")};
    assert_ok(jt_issuer_worker_new(desk.issuer, &worker));
    enum jt_err err = jt_signer_sign(worker->lane, jt_span_str(kid), &claims, &token);
    jt_issuer_worker_free(worker);
    return err;
}

static enum jt_err rotate(bool force, struct jt_diag *diag)
{
    return jt_issuer_rotate(desk.issuer, JT_ALG_NONE, force, "test", diag);
}

static void tick(void)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_issuer_tick(desk.issuer, &diag);
    if (err != JT_OK) {
        fail_msg("%s: %s", jt_err_name(err), diag.text);
    }
}

/* --- starting --- */

static void first_start_one_signs_one_stands_next(void **state)
{
    (void)state;
    desk_open("");
    struct key_list list = list_keys();
    assert_int_equal(list.n, 2);
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    assert_int_equal(active.published_at_s, START_S);
    assert_int_equal(active.sign_from_s, START_S);
    assert_int_equal(next.sign_from_s, 0);
    assert_true(in_set(active.kid) && in_set(next.kid));
    assert_ok(sign(active.kid, HOUR_S));
    assert_string_equal(signing(JT_ALG_RS256), "");
}

static void restart_keeps_the_keys(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    char etag[48];
    memcpy(etag, desk_root()->keys->etag, sizeof etag);
    desk_reopen("");
    assert_string_equal(only(JT_KEY_ACTIVE).kid, active.kid);
    assert_string_equal(only(JT_KEY_NEXT).kid, next.kid);
    assert_string_equal(desk_root()->keys->etag, etag);
    assert_ok(sign(active.kid, HOUR_S));
}

/* --- rotation by hand --- */

static void rotate_within_lead_refused_and_told(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    int64_t version = desk_root()->version;
    fixed_clock_pass(&desk.clock, DAY_S - 1);
    assert_err(rotate(false, &diag), JT_ERR_WITHIN_LEAD);
    assert_non_null(strstr(diag.text, next.kid));
    assert_non_null(strstr(diag.text, "; wait"));
    assert_int_equal(desk_root()->version, version);
    assert_string_equal(only(JT_KEY_ACTIVE).kid, active.kid);
    fixed_clock_pass(&desk.clock, 1);
    assert_ok(rotate(false, &diag));
    assert_string_equal(only(JT_KEY_ACTIVE).kid, next.kid);
    assert_true(desk_root()->version > version);
}

static void rotate_forced_signs_at_once(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    assert_ok(rotate(true, NULL));
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
    assert_ok(sign(next.kid, HOUR_S));
    /* the old one stays published, signs no more and can be opened no more */
    struct jt_key_times retiring = only(JT_KEY_RETIRING);
    assert_string_equal(retiring.kid, active.kid);
    assert_int_equal(retiring.sign_until_s, START_S);
    assert_int_equal(retiring.drop_at_s, START_S + HOUR_S + TAIL_S);
    assert_true(in_set(active.kid));
    assert_err(sign(active.kid, HOUR_S), JT_ERR_KEY_ABSENT);
    struct jt_key_times newer = only(JT_KEY_NEXT);
    assert_true(in_set(newer.kid));
    assert_string_not_equal(newer.kid, next.kid);
    desk_reopen("");
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
    assert_err(sign(active.kid, HOUR_S), JT_ERR_KEY_ABSENT);
    assert_ok(sign(next.kid, HOUR_S));
}

static void rotate_lead_zero_any_number_of_times(void **state)
{
    (void)state;
    desk_open("  lead: 0\n");
    for (size_t i = 0; i < 10; i++) {
        struct jt_key_times next = only(JT_KEY_NEXT);
        assert_ok(rotate(false, NULL));
        assert_string_equal(signing(JT_ALG_ES256), next.kid);
    }
    struct key_list list = list_keys();
    assert_int_equal(list.n, 12);
    assert_int_equal(count_state(&list, JT_KEY_RETIRING), 10);
    for (size_t i = 0; i < list.n; i++) {
        assert_true(in_set(list.items[i].kid));
    }
}

static void rotate_algorithm_not_kept_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("  lead: 0\n");
    assert_err(jt_issuer_rotate(desk.issuer, JT_ALG_RS256, true, "test", &diag), JT_ERR_NOT_FOUND);
    assert_non_null(strstr(diag.text, "jeton key add-algorithm RS256"));
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, true, "test", NULL));
}

/* --- revocation --- */

static void revoke_active_next_signs_at_once(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    assert_err(jt_issuer_revoke(desk.issuer, active.kid, false, "test", &diag), JT_ERR_WITHIN_LEAD);
    assert_true(in_set(active.kid));
    assert_ok(jt_issuer_revoke(desk.issuer, active.kid, true, "test", &diag));
    assert_false(in_set(active.kid));
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
    assert_err(sign(active.kid, HOUR_S), JT_ERR_KEY_ABSENT);
    assert_ok(sign(next.kid, HOUR_S));
    assert_err(jt_issuer_revoke(desk.issuer, active.kid, true, "test", &diag), JT_ERR_CONFLICT);
    assert_err(jt_issuer_revoke(desk.issuer, "nobody", true, "test", &diag), JT_ERR_NOT_FOUND);
    desk_reopen("");
    assert_false(in_set(active.kid));
}

static void revoke_next_another_stands_and_waits_its_lead(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    fixed_clock_pass(&desk.clock, DAY_S);
    assert_ok(jt_issuer_revoke(desk.issuer, next.kid, false, "test", NULL));
    assert_false(in_set(next.kid));
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    assert_string_not_equal(only(JT_KEY_NEXT).kid, next.kid);
    assert_err(rotate(false, NULL), JT_ERR_WITHIN_LEAD);
    fixed_clock_pass(&desk.clock, DAY_S);
    assert_ok(rotate(false, NULL));
}

static void revoke_retiring_is_gone_at_once(void **state)
{
    (void)state;
    desk_open("  lead: 0\n");
    struct jt_key_times first = only(JT_KEY_ACTIVE);
    assert_ok(rotate(false, NULL));
    assert_true(in_set(first.kid));
    struct jt_key_times active = only(JT_KEY_ACTIVE);
    assert_ok(jt_issuer_revoke(desk.issuer, first.kid, false, "test", NULL));
    assert_false(in_set(first.kid));
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
}

/* --- the schedule --- */

static void tick_rotates_after_the_period(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    fixed_clock_pass(&desk.clock, 30 * DAY_S - 1);
    tick();
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    fixed_clock_pass(&desk.clock, 1);
    tick();
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
    assert_true(in_set(active.kid));
    tick(); /* nothing more is due */
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
}

static void tick_drops_after_the_tail(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times first = only(JT_KEY_ACTIVE);
    assert_ok(rotate(true, NULL));
    fixed_clock_pass(&desk.clock, HOUR_S + TAIL_S - 1);
    tick();
    assert_true(in_set(first.kid));
    fixed_clock_pass(&desk.clock, 1);
    tick();
    assert_false(in_set(first.kid));
    assert_int_equal(by_kid(first.kid).dropped_at_s, desk.clock.wall_s);
}

static void tick_drops_not_before_the_process_saw_pace(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times first = only(JT_KEY_ACTIVE);
    assert_ok(rotate(true, NULL));
    fixed_clock_pass(&desk.clock, HOUR_S + TAIL_S);
    desk_reopen(""); /* a process that has just started trusts no clock with a drop */
    tick();
    assert_true(in_set(first.kid));
    fixed_clock_pass(&desk.clock, HOUR_S);
    tick();
    assert_false(in_set(first.kid));
}

static void tick_after_a_clock_step_waits(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    fixed_clock_pass(&desk.clock, HOUR_S);
    desk.clock.wall_s += 31 * DAY_S;
    tick();
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    fixed_clock_pass(&desk.clock, DAY_S - 1); /* until the next key is as old as it looks */
    tick();
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    fixed_clock_pass(&desk.clock, 1);
    tick();
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
}

static void tick_after_a_clock_step_drops_when_the_tail_has_passed(void **state)
{
    (void)state;
    desk_open("  lead: 2h\n  staleness: 1h\n");
    struct jt_key_times first = only(JT_KEY_ACTIVE);
    assert_ok(rotate(true, NULL));
    fixed_clock_pass(&desk.clock, HOUR_S);
    desk.clock.wall_s += 31 * DAY_S;
    tick();
    fixed_clock_pass(&desk.clock, 2 * HOUR_S + 600 - 1); /* the tail: longer than the lead */
    tick();
    assert_true(in_set(first.kid));
    fixed_clock_pass(&desk.clock, 1);
    tick();
    assert_false(in_set(first.kid));
}

static void tick_clock_stepped_back_nothing_early(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE);
    desk.clock.wall_s -= 365 * DAY_S;
    tick();
    fixed_clock_pass(&desk.clock, 2 * HOUR_S);
    tick();
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    assert_true(in_set(active.kid));
    desk_reopen("");
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
}

/* --- further algorithms --- */

static const struct jt_actor actor = {.name = "test"};
static const struct jt_edit_how how = {.actor = &actor};

static enum jt_err create_resource(const char *text)
{
    json_t *doc = doc_of(text);
    enum jt_err err = jt_edit_create(desk.issuer, &how, JT_STORE_RESOURCE, doc, NULL, NULL);
    json_decref(doc);
    return err;
}

static void reload_new_algorithm_is_published_before_it_signs(void **state)
{
    (void)state;
    struct jt_config config;
    desk_open("");
    assert_ok(desk_config("  algorithms: [ES256, EdDSA]\n", &config));
    assert_ok(jt_issuer_reload(desk.issuer, &config, NULL));
    struct key_list list = list_keys();
    assert_int_equal(list.n, 3);
    assert_string_equal(signing(JT_ALG_EDDSA), "");
    const char *resource = "{'identifier':'https://ed','alg':'EdDSA'}";
    assert_err(create_resource(resource), JT_ERR_INVALID);
    fixed_clock_pass(&desk.clock, DAY_S);
    tick();
    assert_string_not_equal(signing(JT_ALG_EDDSA), "");
    assert_ok(create_resource(resource));
    assert_ok(sign(signing(JT_ALG_EDDSA), HOUR_S));
}

static void first_start_every_algorithm_signs_at_once(void **state)
{
    (void)state;
    desk_open("  algorithms: [ES256, ES384, ES512, EdDSA]\n");
    static const enum jt_alg algs[] = {JT_ALG_ES256, JT_ALG_ES384, JT_ALG_ES512, JT_ALG_EDDSA};
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        assert_ok(sign(signing(algs[i]), HOUR_S));
    }
    assert_int_equal(list_keys().n, 8);
}

/* --- lifetimes --- */

static void lifetime_raised_before_a_longer_token_is_signed(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE);
    assert_ok(sign(active.kid, HOUR_S));
    assert_err(sign(active.kid, HOUR_S + 1), JT_ERR_LIFETIME);
    assert_ok(create_resource("{'identifier':'https://long','lifetime_s':7200}"));
    assert_ok(sign(active.kid, 2 * HOUR_S));
    assert_err(sign(active.kid, 2 * HOUR_S + 1), JT_ERR_LIFETIME);
    assert_int_equal(only(JT_KEY_ACTIVE).longest_s, 2 * HOUR_S);
    assert_int_equal(only(JT_KEY_NEXT).longest_s, 2 * HOUR_S);
    /* it only grows */
    assert_ok(jt_edit_delete(desk.issuer, &how, JT_STORE_RESOURCE, JT_SPAN("https://long"), NULL));
    desk_reopen("");
    assert_int_equal(only(JT_KEY_ACTIVE).longest_s, 2 * HOUR_S);
    assert_ok(rotate(true, NULL));
    assert_int_equal(by_kid(active.kid).drop_at_s, START_S + 2 * HOUR_S + TAIL_S);
    /* a key made now need not live as long */
    assert_int_equal(only(JT_KEY_NEXT).longest_s, HOUR_S);
}

static void lifetime_of_a_new_key_covers_the_resources(void **state)
{
    (void)state;
    desk_open("  lead: 0\n");
    assert_ok(create_resource("{'identifier':'https://long','lifetime_s':7200}"));
    assert_ok(rotate(false, NULL));
    assert_ok(rotate(false, NULL));
    assert_int_equal(only(JT_KEY_ACTIVE).longest_s, 2 * HOUR_S);
    assert_ok(sign(signing(JT_ALG_ES256), 2 * HOUR_S));
}

/* --- rows changed by hand --- */

/* One row as it stands, with room of its own. */
struct row_copy {
    struct jt_buf kid, alg, jwk, mac, blob;
    struct jt_store_key key;
};

#define N_COPIES 4
struct copies {
    struct row_copy rows[N_COPIES];
    size_t n;
};

static struct jt_span keep(struct jt_buf *buf, struct jt_span bytes)
{
    *buf = (struct jt_buf)JT_BUF_INIT(JT_SEALED_BLOB_MAX);
    assert_ok(jt_buf_put(buf, bytes));
    return jt_buf_span(buf);
}

static enum jt_err copy_row(void *ctx, const struct jt_store_key *key)
{
    struct copies *copies = ctx;
    assert_true(copies->n < N_COPIES);
    struct row_copy *row = &copies->rows[copies->n++];
    row->key = *key;
    row->key.kid = keep(&row->kid, key->kid);
    row->key.alg = keep(&row->alg, key->alg);
    row->key.public_jwk = keep(&row->jwk, key->public_jwk);
    row->key.mac = keep(&row->mac, key->mac);
    row->key.blob = keep(&row->blob, key->blob);
    return JT_OK;
}

static void drop_copies(struct copies *copies)
{
    for (size_t i = 0; i < copies->n; i++) {
        struct row_copy *row = &copies->rows[i];
        jt_buf_release(&row->kid);
        jt_buf_release(&row->alg);
        jt_buf_release(&row->jwk);
        jt_buf_release(&row->mac);
        jt_buf_release(&row->blob);
    }
    copies->n = 0;
}

static void read_rows(struct copies *out)
{
    struct jt_store *store = NULL;
    *out = (struct copies){.n = 0};
    assert_ok(jt_store_peek(desk_where(), &store, NULL));
    assert_ok(jt_store_keys(store, copy_row, out));
    jt_store_close(store);
}

/* With the daemon stopped. */
static void write_row(const struct jt_store_key *key)
{
    struct jt_store *store = NULL;
    assert_ok(jt_store_open(desk_where(), &desk.clock.clock, &store, NULL));
    assert_ok(jt_store_begin(store, NULL));
    assert_ok(jt_store_put_key(store, key));
    assert_ok(jt_store_commit(store, NULL));
    jt_store_close(store);
}

static struct row_copy *find_row(struct copies *copies, const char *kid)
{
    for (size_t i = 0; i < copies->n; i++) {
        if (jt_span_is(copies->rows[i].key.kid, kid)) {
            return &copies->rows[i];
        }
    }
    fail_msg("no row %s", kid);
    return NULL;
}

/* A row of another issuer (its own key-encryption key) gets into no set, whatever times it claims,
 * with its private half or without: it is passed over. */
static void alien_row_is_not_published(void **state)
{
    (void)state;
    char dir[64], mine[JT_KEY_KID_MAX], alien[JT_KEY_KID_MAX];
    struct copies aliens;
    desk_open("");
    memcpy(mine, signing(JT_ALG_ES256), sizeof mine);
    desk_close();
    memcpy(dir, desk.dir, sizeof dir);
    memcpy(desk.dir, "/tmp/jeton-unit-XXXXXX", sizeof "/tmp/jeton-unit-XXXXXX");
    assert_non_null(mkdtemp(desk.dir));
    assert_int_equal(setenv("JT_TEST_KEK", KEK_B, 1), 0);
    desk_open("");
    memcpy(alien, signing(JT_ALG_ES256), sizeof alien);
    desk_close();
    read_rows(&aliens);
    assert_int_equal(nftw(desk.dir, desk_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    memcpy(desk.dir, dir, sizeof dir);
    assert_int_equal(setenv("JT_TEST_KEK", KEK_A, 1), 0);

    struct row_copy *row = find_row(&aliens, alien);
    row->key.sign_from_s = row->key.published_at_s = START_S + 1000; /* would be the newest */
    write_row(&row->key);
    desk_open("");
    assert_false(in_set(alien));
    desk_close();
    row->key.blob = JT_SPAN_NONE;
    write_row(&row->key);
    desk_open("");
    assert_false(in_set(alien));
    assert_true(in_set(mine));
    assert_string_equal(signing(JT_ALG_ES256), mine);
    assert_int_equal(list_keys().n, 2);
    assert_ok(rotate(true, NULL)); /* and the schedule goes on without it */
    assert_false(in_set(alien));
    assert_err(jt_issuer_revoke(desk.issuer, alien, true, "test", NULL), JT_ERR_NOT_FOUND);
    drop_copies(&aliens);
}

/* Rotates until it is refused; the times that it was done. */
static size_t rotate_until_refused(void)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = JT_OK;
    size_t done = 0;
    while ((err = rotate(true, &diag)) == JT_OK) {
        assert_true(++done < JT_KEYRING_MAX);
    }
    assert_err(err, JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "wait"));
    return done;
}

static void set_full_for_verifiers_refused_dropped_goes_on(void **state)
{
    (void)state;
    desk_open("");
    char first[JT_KEY_KID_MAX];
    memcpy(first, signing(JT_ALG_ES256), sizeof first);
    assert_int_equal(rotate_until_refused(), JT_KEYRING_PUBLISHED - 2);
    assert_true(in_set(first)); /* nothing is dropped early for it */
    for (int round = 0; round < 3; round++) {
        fixed_clock_pass(&desk.clock, 2 * DAY_S); /* past every tail, and the pace is kept */
        tick();
        assert_int_equal(rotate_until_refused(), JT_KEYRING_PUBLISHED - 2);
    }
    assert_false(in_set(first));
    /* of those that are gone only so many are kept: the rows never reach what can be read */
    assert_int_equal(list_keys().n, JT_KEYRING_KEPT);
    desk_reopen("");
    assert_int_equal(list_keys().n, JT_KEYRING_KEPT);
}

/* Of another algorithm that rotates far more often all that a store keeps are younger. */
static void old_key_that_is_published_is_not_purged(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("  algorithms: [ES256, EdDSA]\n");
    char old[JT_KEY_KID_MAX];
    memcpy(old, signing(JT_ALG_EDDSA), sizeof old);
    for (int round = 0; round < 4; round++) {
        while (jt_issuer_rotate(desk.issuer, JT_ALG_ES256, true, "test", &diag) == JT_OK) {
        }
        fixed_clock_pass(&desk.clock, 2 * DAY_S);
        tick();
    }
    assert_int_equal(list_keys().n, JT_KEYRING_KEPT);
    assert_true(in_set(old));
    desk_reopen("  algorithms: [ES256, EdDSA]\n");
    assert_string_equal(signing(JT_ALG_EDDSA), old);
}

/* `spoil` changes the active row; the start must stop with a sentence and leave the rows alone. */
static void check_spoiled_active_stops(void (*spoil)(struct row_copy *row), enum jt_err want)
{
    struct copies rows, after;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE);
    desk_close();
    read_rows(&rows);
    struct row_copy *row = find_row(&rows, active.kid);
    const struct row_copy good = *row;
    spoil(row);
    write_row(&row->key);
    assert_err(desk_try_open("", &diag), want);
    assert_true(strlen(diag.text) > 20);
    read_rows(&after);
    assert_int_equal(after.n, rows.n); /* no replacement was made silently */
    drop_copies(&after);
    write_row(&good.key); /* the repaired pair */
    desk_open("");
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    drop_copies(&rows);
}

static void spoil_mac(struct row_copy *row)
{
    static uint8_t mac[JT_SEALED_MAC_LEN];
    memcpy(mac, row->mac.p, sizeof mac);
    mac[0] ^= 1;
    row->key.mac = jt_span_of(mac, sizeof mac);
}

static void spoil_mac_length(struct row_copy *row)
{
    row->key.mac = jt_span_of(row->mac.p, JT_SEALED_MAC_LEN - 1);
}

static void spoil_mac_gone(struct row_copy *row)
{
    row->key.mac = JT_SPAN_NONE;
}

static void spoil_longest(struct row_copy *row)
{
    row->key.longest_s = 0; /* under no MAC */
}

static void spoil_jwk(struct row_copy *row)
{
    static uint8_t jwk[JT_SEALED_JWK_MAX];
    memcpy(jwk, row->jwk.p, row->jwk.len);
    uint8_t *x = memmem(jwk, row->jwk.len, "\"x\":\"", 5);
    assert_non_null(x);
    x[5] = x[5] == 'A' ? 'B' : 'A';
    row->key.public_jwk = jt_span_of(jwk, row->jwk.len);
}

static void spoil_alg(struct row_copy *row)
{
    row->key.alg = JT_SPAN("ES384");
}

static void spoil_blob(struct row_copy *row)
{
    static uint8_t blob[JT_SEALED_BLOB_MAX];
    memcpy(blob, row->blob.p, row->blob.len);
    blob[row->blob.len - 1] ^= 1;
    row->key.blob = jt_span_of(blob, row->blob.len);
}

static void spoil_blob_gone(struct row_copy *row)
{
    row->key.blob = JT_SPAN_NONE;
}

/* Each in a database of its own. */
static void active_row_spoiled_stops(void **state)
{
    static const struct {
        void (*spoil)(struct row_copy *row);
        enum jt_err want;
    } rows[] = {
        {spoil_mac, JT_ERR_KEY_MAC},      {spoil_mac_length, JT_ERR_KEY_MAC},
        {spoil_mac_gone, JT_ERR_KEY_MAC}, {spoil_longest, JT_ERR_KEY_MAC},
        {spoil_jwk, JT_ERR_KEY_MAC},      {spoil_alg, JT_ERR_KEY_MAC},
        {spoil_blob, JT_ERR_UNSEAL},      {spoil_blob_gone, JT_ERR_UNSEAL},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        check_spoiled_active_stops(rows[i].spoil, rows[i].want);
        assert_int_equal(desk_teardown(state), 0);
        assert_int_equal(desk_setup(state), 0);
    }
}

/* Longer than any kid that is read at all. */
static void row_of_a_long_kid_is_passed_over(void **state)
{
    (void)state;
    struct copies rows;
    struct jt_diag diag = JT_DIAG_INIT;
    static char kid[300];
    memset(kid, 'k', sizeof kid);
    memcpy(kid, "\n\x1b\"%-_", 6);
    desk_open("");
    desk_close();
    read_rows(&rows);
    struct jt_store_key row = rows.rows[0].key;
    row.kid = jt_span_of(kid, sizeof kid);
    write_row(&row);
    assert_ok(desk_try_open("", &diag));
    assert_int_equal(list_keys().n, 2);
    assert_int_equal(desk.issuer->known.untrusted, 1);
    assert_int_equal(strncmp(desk.issuer->known.stranger, "?\?\?\?-_kkkkkk", 12), 0);
    drop_copies(&rows);
}

static void next_row_changed_mac_is_replaced(void **state)
{
    (void)state;
    struct copies rows;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    desk_close();
    read_rows(&rows);
    struct row_copy *row = find_row(&rows, next.kid);
    spoil_mac(row);
    write_row(&row->key);
    desk_open("");
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    assert_false(in_set(next.kid));
    assert_string_not_equal(only(JT_KEY_NEXT).kid, next.kid);
    drop_copies(&rows);
}

static void another_kek_stops_and_changes_nothing(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct copies before, after;
    desk_open("");
    char kid[JT_KEY_KID_MAX];
    memcpy(kid, signing(JT_ALG_ES256), sizeof kid);
    desk_close();
    read_rows(&before);
    assert_int_equal(setenv("JT_TEST_KEK", KEK_B, 1), 0);
    enum jt_err err = desk_try_open("", &diag);
    assert_true(err == JT_ERR_UNSEAL || err == JT_ERR_KEY_MAC);
    assert_true(strlen(diag.text) > 20);
    read_rows(&after);
    assert_int_equal(after.n, before.n);
    drop_copies(&before);
    drop_copies(&after);
    assert_int_equal(setenv("JT_TEST_KEK", KEK_A, 1), 0);
    desk_open("");
    assert_string_equal(signing(JT_ALG_ES256), kid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(first_start_one_signs_one_stands_next),
        DESK_TEST(restart_keeps_the_keys),
        DESK_TEST(rotate_within_lead_refused_and_told),
        DESK_TEST(rotate_forced_signs_at_once),
        DESK_TEST(rotate_lead_zero_any_number_of_times),
        DESK_TEST(rotate_algorithm_not_kept_refused),
        DESK_TEST(revoke_active_next_signs_at_once),
        DESK_TEST(revoke_next_another_stands_and_waits_its_lead),
        DESK_TEST(revoke_retiring_is_gone_at_once),
        DESK_TEST(tick_rotates_after_the_period),
        DESK_TEST(tick_drops_after_the_tail),
        DESK_TEST(tick_drops_not_before_the_process_saw_pace),
        DESK_TEST(tick_after_a_clock_step_waits),
        DESK_TEST(tick_after_a_clock_step_drops_when_the_tail_has_passed),
        DESK_TEST(tick_clock_stepped_back_nothing_early),
        DESK_TEST(reload_new_algorithm_is_published_before_it_signs),
        DESK_TEST(first_start_every_algorithm_signs_at_once),
        DESK_TEST(lifetime_raised_before_a_longer_token_is_signed),
        DESK_TEST(lifetime_of_a_new_key_covers_the_resources),
        DESK_TEST(alien_row_is_not_published),
        DESK_TEST(set_full_for_verifiers_refused_dropped_goes_on),
        DESK_TEST(old_key_that_is_published_is_not_purged),
        DESK_TEST(active_row_spoiled_stops),
        DESK_TEST(row_of_a_long_kid_is_passed_over),
        DESK_TEST(next_row_changed_mac_is_replaced),
        DESK_TEST(another_kek_stops_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
