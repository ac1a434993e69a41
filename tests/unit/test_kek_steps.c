/* SPDX-License-Identifier: Apache-2.0 */
/* The key-encryption key changes over a real store: which rows are under which, what is moved, what is
 * refused. */
#include "tests/unit/unit_issuer.h"

#include "issuer/kek_steps.h"

#include "common/base/base.h"

#define NEXT  "  kek_next_env: JT_TEST_KEK_NEXT\n"
#define KEK_C "0000000000000000000000000000000000000000000000000000000000000003"

/* --- a store that fails --- */

static int puts_left = -1; /* writes of sealed secrets before one fails; -1: none does */

enum jt_err __real_jt_store_put_sealed(struct jt_store *store, const char *name, struct jt_span mac,
                                       struct jt_span blob);
enum jt_err __wrap_jt_store_put_sealed(struct jt_store *store, const char *name, struct jt_span mac,
                                       struct jt_span blob);

enum jt_err __wrap_jt_store_put_sealed(struct jt_store *store, const char *name, struct jt_span mac,
                                       struct jt_span blob)
{
    if (puts_left-- == 0) {
        return JT_ERR_STORE;
    }
    return __real_jt_store_put_sealed(store, name, mac, blob);
}

/* --- looking --- */

static struct jt_kek_rows look(void)
{
    struct jt_kek_steps steps = JT_KEK_STEPS_INIT;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_kek_steps_look(desk.issuer, &steps, &diag);
    if (err != JT_OK) {
        fail_msg("%s: %s", jt_err_name(err), diag.text);
    }
    struct jt_kek_rows rows = steps.rows;
    jt_kek_steps_release(&steps);
    return rows;
}

static void assert_tally(struct jt_kek_tally tally, size_t keys, size_t secrets)
{
    assert_int_equal(tally.keys, keys);
    assert_int_equal(tally.secrets, secrets);
}

static void assert_step(const char *part)
{
    struct jt_kek_rows rows = look();
    if (strstr(jt_kek_rows_step(&rows), part) == NULL) {
        fail_msg("%s: without '%s'", jt_kek_rows_step(&rows), part);
    }
}

static enum jt_err rotate(size_t *out_n, struct jt_diag *diag)
{
    return jt_kek_steps_rotate(desk.issuer, "test", out_n, diag);
}

static void rotate_moves(size_t want)
{
    struct jt_diag diag = JT_DIAG_INIT;
    size_t n = 0;
    enum jt_err err = rotate(&n, &diag);
    if (err != JT_OK) {
        fail_msg("%s: %s", jt_err_name(err), diag.text);
    }
    assert_int_equal(n, want);
}

static void set_keks(const char *now, const char *next)
{
    assert_int_equal(setenv("JT_TEST_KEK", now, 1), 0);
    assert_int_equal(setenv("JT_TEST_KEK_NEXT", next, 1), 0);
}

static enum jt_err reload(const char *more, struct jt_diag *diag)
{
    struct jt_config config;
    assert_ok(desk_config(more, &config));
    enum jt_err err = jt_issuer_reload(desk.issuer, &config, diag);
    jt_config_release(&config);
    return err;
}

/* A row that retires, so that one of the rows is erased. */
static void open_with_an_erased_row(const char *more)
{
    set_keks(KEK_A, KEK_B);
    desk_open(more);
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_NONE, true, "test", NULL));
}

/* --- tests --- */

static void rows_of_a_fresh_issuer_are_under_its_key(void **state)
{
    (void)state;
    open_with_an_erased_row("");
    struct jt_kek_rows rows = look();
    assert_tally(rows.now, 3, 1);
    assert_tally(rows.next, 0, 0);
    assert_tally(rows.foreign, 0, 0);
    assert_tally(rows.untrusted, 0, 0);
    assert_string_equal(rows.foreign_id, "");
    assert_step("nothing is to be done");
}

static void rotate_moves_every_row_once(void **state)
{
    (void)state;
    open_with_an_erased_row(NEXT);
    assert_tally(look().now, 3, 1);
    assert_step("jeton kek rotate");
    int64_t version = desk_root()->version;
    rotate_moves(4);
    assert_int_equal(desk_root()->version, version + 1);
    assert_tally(look().now, 0, 0);
    assert_tally(look().next, 3, 1);
    assert_step("destroy the old key");
    rotate_moves(0);
    assert_int_equal(desk_root()->version, version + 1); /* nothing was written */
    desk_close();
    set_keks(KEK_B, KEK_A); /* moved, the old one still named */
    desk_open(NEXT);
    assert_tally(look().now, 3, 1);
    rotate_moves(4); /* and back */
    desk_close();
    set_keks(KEK_A, KEK_A);
    desk_open(NEXT);
    assert_step("drop keys.kek_next_*");
    desk_reopen("");
    assert_tally(look().now, 3, 1);
}

static void rotate_without_a_next_key_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    size_t n = 7;
    open_with_an_erased_row("");
    assert_err(rotate(&n, &diag), JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "keys.kek_next_file"));
    assert_int_equal(n, 7);
    assert_ok(reload(NEXT, &diag));
    rotate_moves(4);
}

static void rotate_that_fails_at_its_last_write_changes_nothing(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    size_t n = 0;
    open_with_an_erased_row(NEXT);
    puts_left = 0;
    enum jt_err err = rotate(&n, &diag);
    puts_left = -1;
    assert_err(err, JT_ERR_STORE);
    assert_tally(look().now, 3, 1);
    desk_reopen("");
    assert_tally(look().now, 3, 1);
    desk_reopen(NEXT);
    rotate_moves(4);
}

static void key_made_goes_where_the_pepper_is(void **state)
{
    (void)state;
    set_keks(KEK_A, KEK_B);
    desk_open(NEXT);
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_NONE, true, "test", NULL));
    assert_tally(look().now, 3, 1); /* who does not know the next key yet reads it */
    desk_reopen("");
    desk_reopen(NEXT);
    rotate_moves(4);
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_NONE, true, "test", NULL));
    assert_tally(look().now, 0, 0);
    assert_tally(look().next, 4, 1);
    set_keks(KEK_B, KEK_C);
    desk_reopen("");
    assert_tally(look().now, 4, 1);
}

static void reload_that_loses_rows_refused_else_taken(void **state)
{
    (void)state;
    static const struct {
        const char *now, *next, *more;
        bool refused;
    } steps[] = {
        {KEK_B, KEK_B, "", true}, /* exchanged at once */
        {KEK_B, KEK_C, NEXT, true},  {KEK_B, KEK_A, NEXT, false},
        {KEK_A, KEK_B, NEXT, false}, {KEK_A, KEK_B, "", false},
    };
    open_with_an_erased_row("");
    for (size_t i = 0; i < JT_COUNT(steps); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        set_keks(steps[i].now, steps[i].next);
        enum jt_err err = reload(steps[i].more, &diag);
        assert_err(err, steps[i].refused ? JT_ERR_KEK : JT_OK);
        assert_true(!steps[i].refused || strstr(diag.text, "4 rows") != NULL);
        assert_true(!steps[i].refused || strstr(diag.text, "jeton kek rotate") != NULL);
        struct jt_kek_rows rows = look();
        assert_int_equal(rows.now.keys + rows.next.keys, 3); /* goes on as it was */
    }
}

static void start_without_the_key_refused_with_the_number(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    open_with_an_erased_row(NEXT);
    rotate_moves(4);
    desk_close();
    assert_err(desk_try_open("", &diag), JT_ERR_UNSEAL);
    for (size_t i = 0; i < 3; i++) {
        static const char *const parts[] = {"rows of", "with id", "jeton kek rotate"};
        assert_non_null(strstr(diag.text, parts[i]));
    }
    assert_non_null(strstr(diag.text, "3 rows")); /* the erased one names no key */
    desk_open(NEXT);
    assert_tally(look().next, 3, 1);
}

/* Another issuer has rotated, and this one was not given the next key. */
static void issuer_without_the_next_key_tells(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_keyring keyring = {0};
    const struct jt_signer_conf old = {.kek = {.env = "JT_TEST_KEK"}};
    open_with_an_erased_row(NEXT);
    rotate_moves(4);
    assert_ok(jt_signer_set_keks(desk.issuer->signer, &old, NULL));
    struct jt_kek_rows rows = look();
    assert_true(rows.pepper_foreign);
    assert_tally(rows.foreign, 2, 1);
    assert_tally(rows.untrusted, 1, 0); /* an erased row names no key */
    assert_step("keys.kek_next_*, and reload");
    assert_err(jt_keyring_read(desk.issuer->store, desk.issuer->signer, &keyring, &diag),
               JT_ERR_KEY_MAC);
    assert_non_null(strstr(diag.text, rows.foreign_id));
    assert_ok(reload(NEXT, &diag)); /* given */
    assert_tally(look().next, 3, 1);
    assert_ok(jt_keyring_read(desk.issuer->store, desk.issuer->signer, &keyring, &diag));
    jt_keyring_release(&keyring);
}

/* --- rows of strangers --- */

static void write_row(const char *kid, struct jt_span blob)
{
    uint8_t mac[20 * JT_SEALED_MAC_LEN] = {1}; /* longer than any of ours */
    const struct jt_store_key key = {.kid = jt_span_str(kid),
                                     .alg = JT_SPAN("ES256"),
                                     .public_jwk = JT_SPAN("{}"),
                                     .mac = jt_span_of(mac, sizeof mac),
                                     .blob = blob,
                                     .published_at_s = START_S,
                                     .sign_until_s = START_S,
                                     .longest_s = 3600};
    struct jt_store *store = NULL;
    assert_ok(jt_store_open(desk_where(), &desk.clock.clock, &store, NULL));
    assert_ok(jt_store_begin(store, NULL));
    assert_ok(jt_store_put_key(store, &key));
    assert_ok(jt_store_put_sealed(store, kid, key.mac, blob.n > 0 ? blob : JT_SPAN("x")));
    assert_ok(jt_store_commit(store, NULL));
    jt_store_close(store);
}

static void row_of_a_stranger_is_passed_over(void **state)
{
    (void)state;
    uint8_t blob[200] = {1, 0xAA, 0xBB}; /* version, then a key's id */
    open_with_an_erased_row(NEXT);
    desk_close();
    write_row("stranger", jt_span_of(blob, sizeof blob));
    write_row("erased", JT_SPAN_NONE);
    desk_open(NEXT);
    struct jt_kek_rows rows = look();
    assert_tally(rows.now, 3, 1);
    assert_tally(rows.foreign, 1, 1);
    assert_tally(rows.untrusted, 1, 1);
    assert_string_equal(rows.foreign_id, "aabb000000000000");
    assert_false(rows.pepper_foreign);
    rotate_moves(4);
    assert_tally(look().next, 3, 1);
    assert_tally(look().foreign, 1, 1);
    set_keks(KEK_B, KEK_C);
    desk_reopen("");
    assert_tally(look().now, 3, 1);
}

/* It names a key that is at hand and does not open: it was not sealed by another issuer. */
static void row_that_was_changed_is_not_foreign(void **state)
{
    (void)state;
    uint8_t blob[200] = {1};
    open_with_an_erased_row(NEXT);
    struct jt_kek_rows rows = look();
    for (size_t i = 0; i < JT_KEK_ID_LEN; i++) {
        const char digits[] = {rows.signer.kek_next[2 * i], rows.signer.kek_next[2 * i + 1], 0};
        blob[1 + i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    desk_close();
    write_row("changed", jt_span_of(blob, sizeof blob));
    desk_open(NEXT);
    rows = look();
    assert_tally(rows.now, 3, 1);
    assert_tally(rows.foreign, 0, 0);
    assert_tally(rows.untrusted, 1, 1);
    assert_string_equal(rows.foreign_id, "");
}

struct pepper {
    uint8_t mac[JT_SEALED_MAC_LEN];
    struct jt_buf blob;
};

static enum jt_err take_pepper(void *ctx, struct jt_span mac, struct jt_span blob)
{
    struct pepper *pepper = ctx;
    assert_int_equal(mac.n, sizeof pepper->mac);
    memcpy(pepper->mac, mac.p, mac.n);
    return jt_buf_put(&pepper->blob, blob);
}

static void put_pepper(const struct pepper *pepper)
{
    struct jt_store *store = desk.issuer->store;
    assert_ok(jt_store_begin(store, NULL));
    assert_ok(jt_store_put_sealed(store, JT_KEK_ROWS_PEPPER,
                                  jt_span_of(pepper->mac, sizeof pepper->mac),
                                  jt_buf_span(&pepper->blob)));
    assert_ok(jt_store_commit(store, NULL));
}

/* Left behind it would be lost with the old key, and every client's secret with it. */
static void pepper_that_does_not_open_stops_the_rotation(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    size_t n = 99;
    struct pepper pepper = {.blob = JT_BUF_INIT(JT_SEALED_BLOB_MAX)};
    open_with_an_erased_row(NEXT);
    assert_ok(jt_store_sealed(desk.issuer->store, JT_KEK_ROWS_PEPPER, take_pepper, &pepper));
    pepper.mac[0] ^= 1;
    put_pepper(&pepper);
    assert_err(rotate(&n, &diag), JT_ERR_KEY_MAC);
    assert_int_equal(n, 99);
    assert_tally(look().now, 3, 0); /* as they were */
    pepper.mac[0] ^= 1;
    put_pepper(&pepper);
    rotate_moves(4);
    jt_buf_release(&pepper.blob);
}

/* Puts `n` secrets of a stranger beside the pepper. */
static void write_secrets(size_t n)
{
    struct jt_store *store = NULL;
    assert_ok(jt_store_open(desk_where(), &desk.clock.clock, &store, NULL));
    assert_ok(jt_store_begin(store, NULL));
    for (size_t i = 0; i < n; i++) {
        char name[32];
        uint8_t mac[JT_SEALED_MAC_LEN] = {1};
        (void)snprintf(name, sizeof name, "secret%zu", i);
        assert_ok(jt_store_put_sealed(store, name, jt_span_of(mac, sizeof mac), JT_SPAN("x")));
    }
    assert_ok(jt_store_commit(store, NULL));
    jt_store_close(store);
}

/* There is one secret, the pepper: who finds very many looks before he changes any. */
static void secrets_beyond_what_is_read_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    size_t n = 99;
    open_with_an_erased_row(NEXT);
    desk_close();
    write_secrets(15);
    desk_open(NEXT);
    rotate_moves(4);
    set_keks(KEK_B, KEK_C); /* on, with one more */
    desk_close();
    write_secrets(16);
    desk_open(NEXT);
    assert_err(rotate(&n, &diag), JT_ERR_LIMIT);
    assert_int_equal(n, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(rows_of_a_fresh_issuer_are_under_its_key),
        DESK_TEST(rotate_moves_every_row_once),
        DESK_TEST(rotate_without_a_next_key_refused),
        DESK_TEST(rotate_that_fails_at_its_last_write_changes_nothing),
        DESK_TEST(key_made_goes_where_the_pepper_is),
        DESK_TEST(reload_that_loses_rows_refused_else_taken),
        DESK_TEST(start_without_the_key_refused_with_the_number),
        DESK_TEST(issuer_without_the_next_key_tells),
        DESK_TEST(row_of_a_stranger_is_passed_over),
        DESK_TEST(row_that_was_changed_is_not_foreign),
        DESK_TEST(pepper_that_does_not_open_stops_the_rotation),
        DESK_TEST(secrets_beyond_what_is_read_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
