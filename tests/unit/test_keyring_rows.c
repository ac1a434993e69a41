/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of keys that were changed by hand: what a start does with each. */
#include "tests/unit/unit_keyring.h"

#include "issuer/store/store.h"

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
        DESK_TEST(alien_row_is_not_published),
        DESK_TEST(active_row_spoiled_stops),
        DESK_TEST(row_of_a_long_kid_is_passed_over),
        DESK_TEST(next_row_changed_mac_is_replaced),
        DESK_TEST(another_kek_stops_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
