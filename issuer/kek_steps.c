/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/kek_steps.h"

#include "issuer/change.h"

#include "common/base/base.h"

static size_t total(const struct jt_kek_tally *tally)
{
    return tally->keys + tally->secrets;
}

/* --- where it stands --- */

void jt_kek_steps_release(struct jt_kek_steps *steps)
{
    jt_buf_release(&steps->source);
    jt_buf_release(&steps->source_next);
}

static enum jt_err look(struct jt_issuer *issuer, struct jt_kek_steps *steps, struct jt_diag *diag)
{
    const struct jt_root *root = jt_slots_current(issuer->roots);
    struct jt_signer_conf conf = jt_config_signer(&root->settings->config);
    jt_buf_clear(&steps->source);
    jt_buf_clear(&steps->source_next);
    JT_TRY(jt_kek_describe(&conf.kek, &steps->source));
    JT_TRY(jt_kek_describe(&conf.kek_next, &steps->source_next));
    JT_TRY(jt_store_begin_read(issuer->store, diag));
    enum jt_err err = jt_kek_rows_count(issuer->store, issuer->signer, &steps->rows, diag);
    jt_store_rollback(issuer->store);
    return err;
}

enum jt_err jt_kek_steps_look(struct jt_issuer *issuer, struct jt_kek_steps *out_steps,
                              struct jt_diag *diag)
{
    (void)pthread_mutex_lock(&issuer->write_lock);
    enum jt_err err = look(issuer, out_steps, diag);
    (void)pthread_mutex_unlock(&issuer->write_lock);
    return err;
}

/* --- moving the rows --- */

struct moved {
    size_t keys, secrets;
};

static enum jt_err finish(struct jt_issuer *issuer, const struct jt_keyring *keyring,
                          const char *actor, const char *id, const struct moved *moved,
                          struct jt_diag *diag)
{
    JT_AUTO(buf) detail = JT_BUF_INIT(256);
    JT_TRY(jt_buf_printf(&detail, "{\"keys\":%zu,\"secrets\":%zu}", moved->keys, moved->secrets));
    JT_TRY(
        jt_store_audit(issuer->store, actor, "kek.rotate", jt_span_str(id), jt_buf_span(&detail)));
    return jt_change_finish(issuer, NULL, keyring, diag);
}

/* In the transaction, which is left open when there was nothing to move. */
static enum jt_err move(struct jt_issuer *issuer, const char *actor, const char *id,
                        struct moved *moved, struct jt_diag *diag)
{
    struct jt_keyring keyring = {0};
    size_t restored = 0; /* alone they are written by the next look */
    JT_TRY(jt_change_read_keys(issuer, true, &keyring, &restored, diag));
    enum jt_err err =
        jt_keyring_rewrap(&keyring, issuer->store, issuer->signer, &moved->keys, diag);
    if (err == JT_OK) {
        err = jt_kek_rows_rewrap(issuer->store, issuer->signer, &moved->secrets, diag);
    }
    if (err == JT_OK && moved->keys + moved->secrets > 0) {
        err = finish(issuer, &keyring, actor, id, moved, diag);
        if (err == JT_OK) {
            jt_keyring_forget(&keyring, issuer->signer);
        }
    }
    jt_keyring_release(&keyring);
    return err;
}

static enum jt_err rotate(struct jt_issuer *issuer, const char *actor, struct moved *moved,
                          struct jt_diag *diag)
{
    struct jt_signer_status status;
    jt_signer_status(issuer->signer, &status);
    if (status.kek_next[0] == 0) {
        return jt_diag_fail(
            diag, JT_ERR_CONFLICT,
            "no next key-encryption key is named; make one (umask 077; set -C; openssl "
            "rand -hex 32 > FILE), name it as keys.kek_next_file on every issuer, "
            "reload them, and run this again");
    }
    JT_TRY(jt_change_begin(issuer, diag));
    enum jt_err err =
        jt_change_tell(issuer, move(issuer, actor, status.kek_next, moved, diag), diag);
    jt_store_rollback(issuer->store); /* harmless after the commit */
    if (err != JT_OK || moved->keys + moved->secrets == 0) {
        return err;
    }
    jt_log(issuer->log, JT_EV_KEK_ROTATE, jt_log_str("kek", status.kek_next),
           jt_log_int("keys", (int64_t)moved->keys), jt_log_int("secrets", (int64_t)moved->secrets),
           jt_log_str("by", actor));
    return JT_OK;
}

enum jt_err jt_kek_steps_rotate(struct jt_issuer *issuer, const char *actor, size_t *out_n,
                                struct jt_diag *diag)
{
    struct moved moved = {0, 0};
    (void)pthread_mutex_lock(&issuer->write_lock);
    enum jt_err err = rotate(issuer, actor, &moved, diag);
    (void)pthread_mutex_unlock(&issuer->write_lock);
    JT_TRY(err);
    *out_n = moved.keys + moved.secrets;
    return JT_OK;
}

/* --- a reload --- */

/* The id of a key-encryption key that `now` has rows under and `then` does not name. */
static const char *lost_id(const struct jt_kek_rows *now, const struct jt_signer_status *then)
{
    const char *ids[] = {now->signer.kek, now->signer.kek_next};
    const size_t rows[] = {total(&now->now), total(&now->next)};
    for (size_t i = 0; i < JT_COUNT(ids); i++) {
        if (rows[i] > 0 && strcmp(ids[i], then->kek) != 0 && strcmp(ids[i], then->kek_next) != 0) {
            return ids[i];
        }
    }
    return NULL;
}

/* Would every row that opens under the signer's keys open under those of `then`? */
static enum jt_err check_rows(struct jt_issuer *issuer, const struct jt_signer_status *then,
                              struct jt_diag *diag)
{
    struct jt_kek_rows rows;
    JT_TRY(jt_store_begin_read(issuer->store, diag));
    enum jt_err err = jt_kek_rows_count(issuer->store, issuer->signer, &rows, diag);
    jt_store_rollback(issuer->store);
    JT_TRY(err);
    const char *id = lost_id(&rows, then);
    if (id == NULL) {
        return JT_OK;
    }
    bool next = strcmp(id, rows.signer.kek_next) == 0;
    return jt_diag_fail(diag, JT_ERR_KEK,
                        "keys: %zu rows are sealed under the key-encryption key with id %s, which "
                        "keys.kek_* and keys.kek_next_* would not name any more; name it again; to "
                        "give it up, run `jeton kek rotate` first, with it as keys.kek_* and the "
                        "new one as keys.kek_next_*",
                        total(next ? &rows.next : &rows.now), id);
}

enum jt_err jt_kek_steps_take(struct jt_issuer *issuer, const struct jt_signer_conf *conf,
                              struct jt_diag *diag)
{
    struct jt_signer *probe = NULL;
    struct jt_signer_status now, then;
    JT_TRY(jt_signer_new(conf, issuer->random, &probe, diag));
    jt_signer_status(probe, &then);
    jt_signer_free(probe);
    jt_signer_status(issuer->signer, &now);
    if (strcmp(now.kek, then.kek) == 0 && strcmp(now.kek_next, then.kek_next) == 0) {
        return JT_OK; /* also while the database is away */
    }
    JT_TRY(check_rows(issuer, &then, diag));
    JT_TRY(jt_signer_set_keks(issuer->signer, conf, diag));
    jt_log(issuer->log, JT_EV_KEK_CHANGE, jt_log_str("kek", then.kek),
           jt_log_str("next", then.kek_next[0] == 0 ? "none" : then.kek_next));
    return JT_OK;
}
