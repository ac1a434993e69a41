/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/keymerge.h"

#include "common/base/base.h"

/* A step that either has happened; where both have, the store's time stands, for others have read
 * it. */
static bool take_step(int64_t *row_s, int64_t known_s)
{
    if (*row_s != 0 || known_s == 0) {
        return false;
    }
    *row_s = known_s;
    return true;
}

static bool take_later(int64_t *row_s, int64_t known_s)
{
    if (*row_s >= known_s) {
        return false;
    }
    *row_s = known_s;
    return true;
}

static bool merge_times(struct jt_key_times *row, const struct jt_key_times *known)
{
    bool changed = take_step(&row->published_at_s, known->published_at_s);
    changed |= take_step(&row->sign_from_s, known->sign_from_s);
    changed |= take_step(&row->sign_until_s, known->sign_until_s);
    changed |= take_step(&row->dropped_at_s, known->dropped_at_s);
    changed |= take_step(&row->revoked_at_s, known->revoked_at_s);
    changed |= take_later(&row->drop_at_s, known->drop_at_s);
    changed |= take_later(&row->longest_s, known->longest_s);
    return changed;
}

/* Rows that are gone from the set are purged in the end (keyring.h): one that is older than all that
 * a full store keeps was not lost. */
static bool was_purged(const struct jt_keyring *keyring, const struct jt_key_times *known)
{
    return keyring->n >= JT_KEYRING_KEPT &&
           known->published_at_s <= keyring->times[0].published_at_s;
}

static enum jt_err merge_row(struct jt_keyring *keyring, const struct jt_keyring *known, size_t i,
                             size_t *out_at, bool *out_changed)
{
    const struct jt_key_times *times = &known->times[i];
    size_t at = jt_keyring_find(keyring, times->kid);
    *out_at = at;
    *out_changed = false;
    if (at == keyring->n) {
        if (!jt_schedule_published(times) || was_purged(keyring, times)) {
            return JT_OK; /* of no use any more */
        }
        *out_changed = true;
        return jt_keyring_add(keyring, times, &known->sealed[i]);
    }
    *out_changed = merge_times(&keyring->times[at], times);
    if (known->sealed[i].blob.len == 0 && keyring->sealed[at].blob.len > 0) {
        jt_buf_release(&keyring->sealed[at].blob); /* sealed: nothing to wipe */
        *out_changed = true;
    }
    return JT_OK;
}

enum jt_err jt_keymerge(struct jt_keyring *keyring, const struct jt_keyring *known,
                        struct jt_store *store, size_t *out_n)
{
    size_t n = 0;
    for (size_t i = 0; i < known->n; i++) {
        size_t at = 0;
        bool changed = false;
        JT_TRY(merge_row(keyring, known, i, &at, &changed));
        if (changed) {
            JT_TRY(store == NULL ? JT_OK : jt_keyring_write(keyring, at, store));
            n++;
        }
    }
    jt_keyring_sort(keyring);
    *out_n = n;
    return JT_OK;
}
