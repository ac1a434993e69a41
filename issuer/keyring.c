/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/keyring.h"

#include <stdlib.h>

#include "issuer/kek_rows.h"
#include "keys/witness.h"

#include "common/base/base.h"

void jt_keyring_release(struct jt_keyring *keyring)
{
    for (size_t i = 0; i < keyring->n; i++) {
        jt_sealed_release(&keyring->sealed[i]);
    }
    free(keyring->times);
    free(keyring->sealed);
    *keyring = (struct jt_keyring){0};
}

/* --- reading --- */

static enum jt_err grow(struct jt_keyring *keyring)
{
    if (keyring->n < keyring->cap) {
        return JT_OK;
    }
    size_t cap = keyring->cap == 0 ? 8 : keyring->cap * 2;
    if (cap > JT_KEYRING_MAX) {
        return JT_ERR_LIMIT;
    }
    struct jt_key_times *times = realloc(keyring->times, cap * sizeof *times);
    if (times == NULL) {
        return JT_ERR_NOMEM;
    }
    keyring->times = times;
    struct jt_sealed *sealed = realloc(keyring->sealed, cap * sizeof *sealed);
    if (sealed == NULL) {
        return JT_ERR_NOMEM;
    }
    keyring->sealed = sealed;
    keyring->cap = cap;
    return JT_OK;
}

static enum jt_err copy_sealed(const struct jt_store_key *row, enum jt_alg alg,
                               struct jt_sealed *out)
{
    *out = (struct jt_sealed)JT_SEALED_INIT;
    out->alg = alg;
    memcpy(out->mac, row->mac.p, JT_SEALED_MAC_LEN);
    enum jt_err err = jt_buf_put(&out->kid, row->kid);
    if (err == JT_OK) {
        err = jt_buf_put(&out->public_jwk, row->public_jwk);
    }
    if (err == JT_OK) {
        err = jt_buf_put(&out->blob, row->blob);
    }
    if (err != JT_OK) {
        jt_sealed_release(out);
    }
    return err;
}

static void copy_times(const struct jt_store_key *row, enum jt_alg alg, struct jt_key_times *out)
{
    *out = (struct jt_key_times){.alg = alg,
                                 .published_at_s = row->published_at_s,
                                 .sign_from_s = row->sign_from_s,
                                 .sign_until_s = row->sign_until_s,
                                 .drop_at_s = row->drop_at_s,
                                 .dropped_at_s = row->dropped_at_s,
                                 .revoked_at_s = row->revoked_at_s,
                                 .longest_s = row->longest_s};
    memcpy(out->kid, row->kid.p, row->kid.n);
}

enum jt_err jt_keyring_add(struct jt_keyring *keyring, const struct jt_key_times *times,
                           const struct jt_sealed *sealed)
{
    const struct jt_store_key row = {.kid = jt_buf_span(&sealed->kid),
                                     .public_jwk = jt_buf_span(&sealed->public_jwk),
                                     .blob = jt_buf_span(&sealed->blob),
                                     .mac = jt_span_of(sealed->mac, sizeof sealed->mac)};
    JT_TRY(grow(keyring));
    JT_TRY(copy_sealed(&row, times->alg, &keyring->sealed[keyring->n]));
    keyring->times[keyring->n++] = *times;
    return JT_OK;
}

enum jt_err jt_keyring_copy(const struct jt_keyring *keyring, struct jt_keyring *out_copy)
{
    struct jt_keyring copy = {.untrusted = keyring->untrusted};
    memcpy(copy.stranger, keyring->stranger, sizeof copy.stranger);
    for (size_t i = 0; i < keyring->n; i++) {
        enum jt_err err = jt_keyring_add(&copy, &keyring->times[i], &keyring->sealed[i]);
        if (err != JT_OK) {
            jt_keyring_release(&copy);
            return err;
        }
    }
    *out_copy = copy;
    return JT_OK;
}

bool jt_keyring_same(const struct jt_keyring *a, const struct jt_keyring *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) {
        const struct jt_key_times *x = &a->times[i], *y = &b->times[i];
        same = strcmp(x->kid, y->kid) == 0 && x->published_at_s == y->published_at_s &&
               x->sign_from_s == y->sign_from_s && x->sign_until_s == y->sign_until_s &&
               x->drop_at_s == y->drop_at_s && x->dropped_at_s == y->dropped_at_s &&
               x->revoked_at_s == y->revoked_at_s && x->longest_s == y->longest_s;
    }
    return same;
}

struct reading {
    struct jt_keyring *keyring;
    struct jt_signer *signer;
    struct jt_diag *diag;
    bool lost[JT_ALG_COUNT_]; /* an untrusted row stood where this algorithm's active key could */
};

static bool still_signs(const struct jt_store_key *row)
{
    return row->sign_until_s == 0 && row->dropped_at_s == 0 && row->revoked_at_s == 0;
}

/* The kid is anyone's bytes. */
static void name_stranger(struct jt_span kid, char out[JT_KEY_KID_MAX])
{
    size_t n = kid.n < JT_KEY_KID_MAX ? kid.n : JT_KEY_KID_MAX - 1;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = kid.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '-' || c == '_';
        out[i] = (char)(plain ? c : '?');
    }
    out[n] = 0;
}

static void distrust(struct reading *reading, const struct jt_store_key *row, enum jt_alg alg)
{
    reading->keyring->untrusted++;
    name_stranger(row->kid, reading->keyring->stranger);
    if (still_signs(row) && row->sign_from_s != 0) {
        reading->lost[alg] = true;
    }
}

/* Does the row carry this issuer's MAC? Nothing is loaded or wiped. */
static enum jt_err check_mac(struct jt_signer *signer, struct jt_sealed *sealed,
                             struct jt_diag *diag)
{
    struct jt_buf blob = sealed->blob;
    sealed->blob = (struct jt_buf)JT_BUF_INIT(blob.max);
    enum jt_err err = jt_signer_load(signer, sealed, 0, NULL, diag);
    sealed->blob = blob;
    return err;
}

/* Loads the row. One that does not open may be a stranger's: then its MAC is wrong too, which is
 * asked for alone (the pepper has shown before that the key-encryption key is this store's). */
static enum jt_err load_row(const struct reading *reading, const struct jt_store_key *row,
                            struct jt_sealed *sealed, struct jt_diag *diag)
{
    if (jt_keyring_find(reading->keyring, jt_buf_str(&sealed->kid)) < reading->keyring->n) {
        /* SQLite tells a BLOB from a TEXT of the same bytes: its primary key lets both in */
        JT_TRY(check_mac(reading->signer, sealed, diag));
        return jt_diag_fail(diag, JT_ERR_UNSEAL,
                            "it stands in two rows: the database was changed by hand; remove the "
                            "one that jetond did not write, or restore a backup");
    }
    if (sealed->blob.len == 0) {
        JT_TRY(check_mac(reading->signer, sealed, diag));
        return !still_signs(row) ? JT_OK
                                 : jt_diag_fail(diag, JT_ERR_UNSEAL,
                                                "its private half is gone from the store; restore "
                                                "the database from a backup");
    }
    enum jt_err err = jt_signer_load(reading->signer, sealed, row->longest_s, NULL, diag);
    if (err == JT_ERR_UNSEAL && check_mac(reading->signer, sealed, NULL) == JT_ERR_KEY_MAC) {
        return JT_ERR_KEY_MAC;
    }
    return err;
}

/* Signed by no MAC, and reckoned with. */
static bool are_possible(const struct jt_key_times *times)
{
    return times->published_at_s >= 0 && times->sign_from_s >= 0 && times->sign_until_s >= 0 &&
           times->drop_at_s >= 0 && times->dropped_at_s >= 0 && times->revoked_at_s >= 0;
}

static enum jt_err read_row(void *ctx, const struct jt_store_key *row)
{
    struct reading *reading = ctx;
    struct jt_keyring *keyring = reading->keyring;
    const struct jt_alg_row *alg = jt_alg_find(row->alg);
    if (alg == NULL || !alg->issue || row->kid.n == 0 || row->kid.n >= JT_KEY_KID_MAX ||
        memchr(row->kid.p, 0, row->kid.n) != NULL || row->mac.n != JT_SEALED_MAC_LEN ||
        row->longest_s < 1) {
        distrust(reading, row, alg == NULL ? JT_ALG_NONE : alg->id);
        return JT_OK;
    }
    JT_TRY(grow(keyring));
    struct jt_sealed *sealed = &keyring->sealed[keyring->n];
    JT_TRY(copy_sealed(row, alg->id, sealed));
    struct jt_diag sentence = JT_DIAG_INIT;
    enum jt_err err = load_row(reading, row, sealed, &sentence);
    if (err == JT_ERR_KEY_MAC) {
        distrust(reading, row, alg->id);
        jt_sealed_release(sealed);
        return JT_OK;
    }
    if (err != JT_OK) {
        jt_sealed_release(sealed);
        return jt_diag_fail(reading->diag, err, "key %.*s: %.400s", (int)row->kid.n,
                            (const char *)row->kid.p, jt_diag_text(&sentence, err));
    }
    copy_times(row, alg->id, &keyring->times[keyring->n]);
    if (!are_possible(&keyring->times[keyring->n])) {
        jt_sealed_release(sealed);
        return jt_diag_fail(reading->diag, JT_ERR_STORE,
                            "key %.*s: has a time before 1970: the database was changed by hand; "
                            "restore a backup",
                            (int)row->kid.n, (const char *)row->kid.p);
    }
    keyring->n++;
    return JT_OK;
}

enum jt_err jt_keyring_read(struct jt_store *store, struct jt_signer *signer,
                            struct jt_keyring *out_keyring, struct jt_diag *diag)
{
    struct jt_keyring keyring = {0};
    struct reading reading = {&keyring, signer, diag, {0}};
    enum jt_err err = jt_store_keys(store, read_row, &reading);
    for (enum jt_alg alg = JT_ALG_NONE; err == JT_OK && alg < JT_ALG_COUNT_; alg++) {
        if (reading.lost[alg] && jt_schedule_active(keyring.times, keyring.n, alg) == NULL) {
            err =
                jt_diag_fail(diag, JT_ERR_KEY_MAC,
                             "the signing key's row does not carry this issuer's MAC: the database "
                             "was changed by hand, or the key-encryption key is another's; give "
                             "the right one or restore a backup");
        }
    }
    if (err != JT_OK) {
        jt_keyring_release(&keyring);
        return jt_kek_rows_explain(store, signer, err, diag);
    }
    *out_keyring = keyring;
    return JT_OK;
}

/* --- carrying out a plan --- */

size_t jt_keyring_find(const struct jt_keyring *keyring, const char *kid)
{
    size_t i = 0;
    while (i < keyring->n && strcmp(keyring->times[i].kid, kid) != 0) {
        i++;
    }
    return i;
}

enum jt_err jt_keyring_write(const struct jt_keyring *keyring, size_t i, struct jt_store *store)
{
    const struct jt_key_times *times = &keyring->times[i];
    const struct jt_sealed *sealed = &keyring->sealed[i];
    struct jt_store_key row = {.kid = jt_buf_span(&sealed->kid),
                               .alg = jt_span_str(jt_alg_row(times->alg)->name),
                               .public_jwk = jt_buf_span(&sealed->public_jwk),
                               .mac = jt_span_of(sealed->mac, sizeof sealed->mac),
                               .blob = jt_buf_span(&sealed->blob),
                               .published_at_s = times->published_at_s,
                               .sign_from_s = times->sign_from_s,
                               .sign_until_s = times->sign_until_s,
                               .drop_at_s = times->drop_at_s,
                               .dropped_at_s = times->dropped_at_s,
                               .revoked_at_s = times->revoked_at_s,
                               .longest_s = times->longest_s};
    return jt_store_put_key(store, &row);
}

struct carrying {
    struct jt_keyring *keyring;
    struct jt_store *store;
    struct jt_signer *signer;
    int64_t now_s;
    const int64_t *longest_s;
    struct jt_diag *diag;
};

static size_t count_published(const struct jt_keyring *keyring)
{
    size_t n = 0;
    for (size_t i = 0; i < keyring->n; i++) {
        n += jt_schedule_published(&keyring->times[i]);
    }
    return n;
}

static enum jt_err publish(const struct carrying *c, enum jt_alg alg)
{
    struct jt_keyring *keyring = c->keyring;
    if (count_published(keyring) >= JT_KEYRING_PUBLISHED) {
        return jt_diag_fail(c->diag, JT_ERR_CONFLICT,
                            "the set holds %d keys, and verifiers read few more; wait until the "
                            "oldest that retire are dropped",
                            JT_KEYRING_PUBLISHED);
    }
    JT_TRY(grow(keyring));
    struct jt_sealed sealed = JT_SEALED_INIT;
    JT_TRY(jt_signer_generate(c->signer, JT_SEALED_KEY, alg, &sealed, c->diag));
    enum jt_err err = jt_kek_rows_follow(c->store, c->signer, &sealed, c->diag);
    if (err != JT_OK) {
        jt_sealed_release(&sealed);
        return err;
    }
    if (sealed.kid.len == 0 || sealed.kid.len >= JT_KEY_KID_MAX) {
        jt_sealed_release(&sealed);
        return JT_ERR_INTERNAL;
    }
    keyring->sealed[keyring->n] = sealed;
    struct jt_key_times *times = &keyring->times[keyring->n];
    *times = (struct jt_key_times){
        .alg = alg, .published_at_s = c->now_s, .longest_s = c->longest_s[alg]};
    memcpy(times->kid, sealed.kid.p, sealed.kid.len);
    keyring->n++;
    return jt_signer_load(c->signer, &keyring->sealed[keyring->n - 1], times->longest_s, NULL,
                          c->diag);
}

static void erase_private(struct jt_keyring *keyring, size_t i)
{
    jt_buf_release(&keyring->sealed[i].blob); /* sealed: nothing to wipe */
}

static enum jt_err carry_out(const struct carrying *c, struct jt_schedule_change *change)
{
    struct jt_keyring *keyring = c->keyring;
    if (change->step == JT_STEP_PUBLISH) {
        JT_TRY(publish(c, change->alg));
    }
    if (change->kid[0] == 0 && keyring->n > 0) {
        /* this PUBLISH's key, or the one that the PUBLISH before it made */
        memcpy(change->kid, keyring->times[keyring->n - 1].kid, sizeof change->kid);
    }
    size_t i = jt_keyring_find(keyring, change->kid);
    if (i == keyring->n) {
        return JT_ERR_INTERNAL;
    }
    struct jt_key_times *times = &keyring->times[i];
    switch (change->step) {
    case JT_STEP_PUBLISH:
        break;
    case JT_STEP_SIGN:
        times->sign_from_s = c->now_s;
        break;
    case JT_STEP_STOP:
        times->sign_until_s = c->now_s;
        times->drop_at_s = change->at_s;
        erase_private(keyring, i);
        break;
    case JT_STEP_DROP:
        times->dropped_at_s = c->now_s;
        erase_private(keyring, i); /* of a next key that never signs; others have lost theirs */
        break;
    case JT_STEP_REVOKE:
        times->revoked_at_s = c->now_s;
        erase_private(keyring, i);
        break;
    }
    return jt_keyring_write(keyring, i, c->store);
}

static bool stands_before(const struct jt_key_times *a, const struct jt_key_times *b)
{
    return a->published_at_s < b->published_at_s ||
           (a->published_at_s == b->published_at_s && strcmp(a->kid, b->kid) < 0);
}

void jt_keyring_sort(struct jt_keyring *keyring)
{
    for (size_t i = 1; i < keyring->n; i++) {
        for (size_t j = i; j > 0 && stands_before(&keyring->times[j], &keyring->times[j - 1]);
             j--) {
            struct jt_key_times times = keyring->times[j];
            struct jt_sealed sealed = keyring->sealed[j];
            keyring->times[j] = keyring->times[j - 1];
            keyring->sealed[j] = keyring->sealed[j - 1];
            keyring->times[j - 1] = times;
            keyring->sealed[j - 1] = sealed;
        }
    }
}

/* Keys that are gone from the set are kept for operators to see, but not for ever. */
static enum jt_err purge(struct jt_keyring *keyring, struct jt_store *store)
{
    for (size_t i = 0; i < keyring->n && keyring->n > JT_KEYRING_KEPT;) {
        if (jt_schedule_published(&keyring->times[i])) {
            i++;
            continue;
        }
        JT_TRY(jt_store_delete_key(store, jt_buf_span(&keyring->sealed[i].kid)));
        jt_sealed_release(&keyring->sealed[i]);
        keyring->n--;
        memmove(&keyring->times[i], &keyring->times[i + 1],
                (keyring->n - i) * sizeof keyring->times[0]);
        memmove(&keyring->sealed[i], &keyring->sealed[i + 1],
                (keyring->n - i) * sizeof keyring->sealed[0]);
    }
    return JT_OK;
}

enum jt_err jt_keyring_apply(struct jt_keyring *keyring, struct jt_schedule_plan *plan,
                             struct jt_store *store, struct jt_signer *signer, const char *actor,
                             int64_t now_s, const int64_t longest_s[JT_ALG_COUNT_],
                             struct jt_diag *diag)
{
    static const char *const actions[] = {
        [JT_STEP_PUBLISH] = "key.publish", [JT_STEP_SIGN] = "key.sign",
        [JT_STEP_STOP] = "key.stop",       [JT_STEP_DROP] = "key.drop",
        [JT_STEP_REVOKE] = "key.revoke",
    };
    struct carrying c = {keyring, store, signer, now_s, longest_s, diag};
    for (size_t i = 0; i < plan->n; i++) {
        struct jt_schedule_change *change = &plan->changes[i];
        JT_TRY(carry_out(&c, change));
        const char *witness = change->step == JT_STEP_PUBLISH ? jt_witness_name(change->alg) : NULL;
        JT_TRY(jt_store_audit(store, actor, actions[change->step], jt_span_str(change->kid),
                              witness == NULL ? JT_SPAN_NONE : jt_span_str(witness)));
    }
    jt_keyring_sort(keyring);
    return purge(keyring, store);
}

enum jt_err jt_keyring_raise(struct jt_keyring *keyring, struct jt_store *store,
                             struct jt_signer *signer, enum jt_alg alg, int64_t lifetime_s,
                             struct jt_diag *diag)
{
    for (size_t i = 0; i < keyring->n; i++) {
        struct jt_key_times *times = &keyring->times[i];
        enum jt_key_state state = jt_schedule_state(times, keyring->times, keyring->n);
        if (times->alg != alg || times->longest_s >= lifetime_s ||
            (state != JT_KEY_ACTIVE && state != JT_KEY_NEXT)) {
            continue;
        }
        times->longest_s = lifetime_s;
        JT_TRY(jt_signer_load(signer, &keyring->sealed[i], lifetime_s, NULL, diag));
        JT_TRY(jt_keyring_write(keyring, i, store));
    }
    return JT_OK;
}

enum jt_err jt_keyring_rewrap(struct jt_keyring *keyring, struct jt_store *store,
                              struct jt_signer *signer, size_t *out_n, struct jt_diag *diag)
{
    size_t n = 0;
    for (size_t i = 0; i < keyring->n; i++) {
        bool changed = false;
        JT_TRY(jt_signer_rewrap(signer, &keyring->sealed[i], &changed, diag));
        if (changed) {
            JT_TRY(jt_keyring_write(keyring, i, store));
            n++;
        }
    }
    *out_n = n;
    return JT_OK;
}

void jt_keyring_forget(const struct jt_keyring *keyring, struct jt_signer *signer)
{
    for (size_t i = 0; i < keyring->n; i++) {
        if (keyring->sealed[i].blob.len == 0) {
            /* loading a row that was loaded before can only fail for memory; the next change, or
             * the next start, wipes it then */
            JT_IGNORE(jt_signer_load(signer, &keyring->sealed[i], keyring->times[i].longest_s, NULL,
                                     NULL));
        }
    }
}
