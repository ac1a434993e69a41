/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/kek_rows.h"

#include "common/base/base.h"

#define SECRETS_MAX 16 /* rows of secrets that are read at all; there is one, the pepper */

/* --- counting --- */

struct counting {
    struct jt_signer *signer;
    struct jt_kek_rows *rows;
    struct jt_diag *diag;
};

static size_t *tally_of(struct jt_kek_tally *tally, enum jt_sealed_kind kind)
{
    return kind == JT_SEALED_KEY ? &tally->keys : &tally->secrets;
}

static bool is_pepper(const struct jt_sealed *row)
{
    return row->kind == JT_SEALED_PEPPER && jt_span_is(jt_buf_span(&row->kid), JT_KEK_ROWS_PEPPER);
}

/* One that did not open: is it under a key-encryption key that was not given? */
static struct jt_kek_tally *place_closed(struct jt_kek_rows *rows, const struct jt_sealed *row,
                                         const char *id)
{
    if (id[0] == 0 || strcmp(id, rows->signer.kek) == 0 || strcmp(id, rows->signer.kek_next) == 0) {
        return &rows->untrusted;
    }
    if (rows->foreign_id[0] == 0 || is_pepper(row)) {
        memcpy(rows->foreign_id, id, JT_KEK_ID_TEXT);
    }
    rows->pepper_foreign = rows->pepper_foreign || is_pepper(row);
    return &rows->foreign;
}

/* `row` is a copy: re-wrapping it tells under which key it was, of an erased one too. */
static enum jt_err count_row(const struct counting *counting, struct jt_sealed *row)
{
    struct jt_kek_rows *rows = counting->rows;
    char id[JT_KEK_ID_TEXT] = "";
    bool changed = false;
    (void)jt_sealed_kek(jt_buf_span(&row->blob), id); /* an erased row names none */
    enum jt_err err = jt_signer_rewrap(counting->signer, row, &changed, counting->diag);
    struct jt_kek_tally *tally;
    if (err == JT_ERR_UNSEAL || err == JT_ERR_KEY_MAC) {
        tally = place_closed(rows, row, id);
    } else if (err != JT_OK) {
        return err;
    } else {
        tally = changed || rows->signer.kek_next[0] == 0 ? &rows->now : &rows->next;
    }
    ++*tally_of(tally, row->kind);
    return JT_OK;
}

static enum jt_err fill(struct jt_sealed *out, struct jt_span kid, struct jt_span mac,
                        struct jt_span blob)
{
    if (mac.n == sizeof out->mac) { /* else it stays zero, which is no MAC of ours */
        memcpy(out->mac, mac.p, mac.n);
    }
    JT_TRY(jt_buf_put(&out->kid, kid));
    return jt_buf_put(&out->blob, blob);
}

static enum jt_err count_key(void *ctx, const struct jt_store_key *key)
{
    const struct counting *counting = ctx;
    const struct jt_alg_row *alg = jt_alg_find(key->alg);
    JT_AUTO(sealed) row = JT_SEALED_INIT;
    row.alg = alg == NULL ? JT_ALG_NONE : alg->id;
    enum jt_err err = fill(&row, key->kid, key->mac, key->blob);
    if (err == JT_OK) {
        err = jt_buf_put(&row.public_jwk, key->public_jwk);
    }
    if (err == JT_ERR_LIMIT) {
        counting->rows->untrusted.keys++; /* longer than any of ours */
        return JT_OK;
    }
    JT_TRY(err);
    return count_row(counting, &row);
}

static enum jt_err count_secret(void *ctx, const char *name, struct jt_span mac,
                                struct jt_span blob)
{
    const struct counting *counting = ctx;
    JT_AUTO(sealed) row = JT_SEALED_INIT;
    row.kind = JT_SEALED_PEPPER;
    enum jt_err err = fill(&row, jt_span_str(name), mac, blob);
    if (err == JT_ERR_LIMIT) {
        counting->rows->untrusted.secrets++;
        return JT_OK;
    }
    JT_TRY(err);
    return count_row(counting, &row);
}

enum jt_err jt_kek_rows_count(struct jt_store *store, struct jt_signer *signer,
                              struct jt_kek_rows *out_rows, struct jt_diag *diag)
{
    struct jt_kek_rows rows = {.foreign_id = ""};
    struct counting counting = {signer, &rows, diag};
    jt_signer_status(signer, &rows.signer);
    JT_TRY(jt_store_keys(store, count_key, &counting));
    JT_TRY(jt_store_each_sealed(store, count_secret, &counting));
    *out_rows = rows;
    return JT_OK;
}

/* --- telling --- */

const char *jt_kek_rows_step(const struct jt_kek_rows *rows)
{
    const struct jt_signer_status *signer = &rows->signer;
    if (rows->pepper_foreign) {
        return "name the key-encryption key that rows are sealed under as keys.kek_next_*, and "
               "reload this issuer";
    }
    if (signer->kek_next[0] == 0) {
        return "nothing is to be done; to change the key, make another (umask 077; set -C; openssl "
               "rand "
               "-hex 32 > FILE), name it as keys.kek_next_* on every issuer, and reload them";
    }
    if (strcmp(signer->kek, signer->kek_next) == 0) {
        return "drop keys.kek_next_*, which is the key that keys.kek_* names, on every issuer, and "
               "reload them";
    }
    if (rows->now.keys + rows->now.secrets > 0) {
        return "when every issuer names the next key and was reloaded, run: jeton kek rotate";
    }
    return "name the next key as keys.kek_*, drop keys.kek_next_*, on every issuer, and reload "
           "them; "
           "then destroy the old key";
}

enum jt_err jt_kek_rows_explain(struct jt_store *store, struct jt_signer *signer, enum jt_err err,
                                struct jt_diag *diag)
{
    struct jt_kek_rows rows;
    if ((err != JT_ERR_UNSEAL && err != JT_ERR_KEY_MAC) ||
        jt_kek_rows_count(store, signer, &rows, NULL) != JT_OK || !rows.pepper_foreign) {
        return err; /* with the sentence that it came with */
    }
    bool next = rows.signer.kek_next[0] != 0;
    return jt_diag_fail(
        diag, err,
        "%zu rows of %.200s, the pepper of client secrets among them, are sealed under the "
        "key-encryption key with id %s, but the one given has id %s%s%s: name it as keys.kek_* or "
        "keys.kek_next_*; to give it up, run `jeton kek rotate` first, with both named",
        rows.foreign.keys + rows.foreign.secrets, jt_store_name(store), rows.foreign_id,
        rows.signer.kek, next ? ", the next one " : "", rows.signer.kek_next);
}

/* --- changing --- */

static enum jt_err see_kek(void *ctx, struct jt_span mac, struct jt_span blob)
{
    (void)mac;
    (void)jt_sealed_kek(blob, ctx); /* a damaged one names none */
    return JT_OK;
}

enum jt_err jt_kek_rows_follow(struct jt_store *store, struct jt_signer *signer,
                               struct jt_sealed *sealed, struct jt_diag *diag)
{
    struct jt_signer_status status;
    char id[JT_KEK_ID_TEXT] = "";
    bool changed = false;
    jt_signer_status(signer, &status);
    if (status.kek_next[0] == 0) {
        return JT_OK;
    }
    enum jt_err err = jt_store_sealed(store, JT_KEK_ROWS_PEPPER, see_kek, id);
    if (err != JT_OK || strcmp(id, status.kek_next) != 0) {
        return err == JT_ERR_NOT_FOUND ? JT_OK : err;
    }
    return jt_signer_rewrap(signer, sealed, &changed, diag);
}

struct secrets {
    struct jt_sealed rows[SECRETS_MAX];
    size_t n;
};

static enum jt_err keep_secret(void *ctx, const char *name, struct jt_span mac, struct jt_span blob)
{
    struct secrets *secrets = ctx;
    if (secrets->n == SECRETS_MAX) {
        return JT_ERR_LIMIT;
    }
    struct jt_sealed *row = &secrets->rows[secrets->n++];
    *row = (struct jt_sealed)JT_SEALED_INIT;
    row->kind = JT_SEALED_PEPPER;
    return fill(row, jt_span_str(name), mac, blob);
}

static enum jt_err rewrap_secret(struct jt_store *store, struct jt_signer *signer,
                                 struct jt_sealed *row, size_t *n, struct jt_diag *diag)
{
    bool changed = false;
    enum jt_err err = jt_signer_rewrap(signer, row, &changed, diag);
    if ((err == JT_ERR_UNSEAL || err == JT_ERR_KEY_MAC) && !is_pepper(row)) {
        return JT_OK; /* not of this issuer */
    }
    if (err != JT_OK || !changed) {
        return err;
    }
    ++*n;
    return jt_store_put_sealed(store, jt_buf_str(&row->kid), jt_span_of(row->mac, sizeof row->mac),
                               jt_buf_span(&row->blob));
}

enum jt_err jt_kek_rows_rewrap(struct jt_store *store, struct jt_signer *signer, size_t *out_n,
                               struct jt_diag *diag)
{
    struct secrets secrets = {.n = 0};
    size_t n = 0;
    enum jt_err err = jt_store_each_sealed(store, keep_secret, &secrets);
    for (size_t i = 0; err == JT_OK && i < secrets.n; i++) {
        err = rewrap_secret(store, signer, &secrets.rows[i], &n, diag);
    }
    for (size_t i = 0; i < secrets.n; i++) {
        jt_sealed_release(&secrets.rows[i]);
    }
    JT_TRY(err);
    *out_n = n;
    return JT_OK;
}
