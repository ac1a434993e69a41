/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/currentset.h"

#include <stdatomic.h>

#include "common/base/buf.h"
#include "verifier/source/keyfile.h"

#include "common/base/base.h"

#define MS_PER_S 1000
#define NEVER_MS INT64_MAX

enum jt_err jt_currentset_init(struct jt_currentset *current, const struct jt_sourceconf *conf)
{
    *current = (struct jt_currentset){.conf = conf, .next_id = 1, .drop_ms = NEVER_MS};
    atomic_init(&current->stale_ms, NEVER_MS);
    return jt_slots_new(jt_keyset_free, &current->slots);
}

void jt_currentset_release(struct jt_currentset *current)
{
    jt_slots_free(current->slots);
    current->slots = NULL;
}

uint64_t jt_currentset_generation(const struct jt_currentset *current)
{
    return atomic_load_explicit(&current->generation, memory_order_acquire);
}

const struct jt_keyset *jt_currentset_get(const struct jt_currentset *current)
{
    return jt_slots_current(current->slots);
}

static int64_t now_ms(const struct jt_currentset *current)
{
    return jt_clock_boot_ms(current->conf->clock);
}

static int64_t clamp(int64_t n, int64_t low, int64_t high)
{
    return n < low ? low : n > high ? high : n;
}

void jt_currentset_tell(const struct jt_currentset *current, jeton_event_kind kind,
                        const char *text)
{
    jt_sourceconf_tell(current->conf, kind, text, (size_t)atomic_load(&current->keys),
                       (size_t)atomic_load(&current->skipped));
}

/* Takes `set` (NULL: from here on there is none) and makes it the one in use. */
static enum jt_err use(struct jt_currentset *current, struct jt_keyset *set)
{
    enum jt_err err = jt_slots_publish(current->slots, set);
    if (err != JT_OK) {
        jt_keyset_free(set);
        return err;
    }
    /* after the set: who sees the number finds the set */
    atomic_fetch_add_explicit(&current->generation, 1, memory_order_release);
    return JT_OK;
}

/* A key that was turned away when there were tables enough may have its own now. */
static void want_tables_again(struct jt_currentset *current)
{
    const struct jt_keyset *set = jt_currentset_get(current);
    for (size_t i = 0; i < set->n; i++) {
        const struct jt_verkey *key = set->keys[i];
        if (atomic_load(&key->wants_table) && !key->tried) {
            atomic_store(&current->table_wanted, true);
        }
    }
}

/* Makes `text` the set in use. Where its keys are in use already nothing changes, so that workers
 * keep what they have remembered. */
static enum jt_err publish(struct jt_currentset *current, struct jt_span text)
{
    const struct jt_keyset *before = jt_currentset_get(current);
    struct jt_jwks *jwks = NULL;
    struct jt_keyset *set = NULL;
    JT_TRY(jt_jwks_parse(text, &jwks));
    enum jt_err err = jt_keyset_new(jwks, before, &current->next_id, &set);
    jt_jwks_free(jwks);
    JT_TRY(err);
    if (before != NULL && jt_keyset_equal(before, set)) {
        jt_keyset_free(set);
        return JT_OK;
    }
    JT_TRY(use(current, set));
    want_tables_again(current);
    atomic_fetch_add(&current->sets, 1);
    return JT_OK;
}

/* The set in use was got `age_s` ago and was fresh for `fresh_s` then. */
static void date(struct jt_currentset *current, int64_t age_s, int64_t fresh_s)
{
    const struct jt_keyset *set = jt_currentset_get(current);
    int64_t confirmed_ms = now_ms(current) - age_s * MS_PER_S;
    atomic_store(&current->confirmed_ms, confirmed_ms);
    atomic_store(&current->stale_ms, NEVER_MS);
    if (current->conf->policy->fetches) { /* else nobody will renew it, and it is meant to stay */
        atomic_store(&current->stale_ms, confirmed_ms + fresh_s * MS_PER_S);
        current->drop_ms = confirmed_ms + (fresh_s + JT_CURRENTSET_STALE_S) * MS_PER_S;
    }
    atomic_store(&current->stale, false);
    /* last: while there are no keys, who asks for info looks at none of the others */
    atomic_store(&current->skipped, set->skipped);
    atomic_store(&current->keys, set->n);
}

/* For the next start; this one goes on without. */
static void keep(const struct jt_currentset *current, struct jt_span text, int64_t fresh_s)
{
    const struct jt_policy *policy = current->conf->policy;
    const struct jt_keyfile_times times = {jt_clock_wall_s(current->conf->clock), fresh_s};
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_span issuer = jt_span_of(policy->issuer, policy->issuer_len);
    enum jt_err err = jt_keyfile_write(policy->jwks_cache, issuer, &times, text, &diag);
    if (err != JT_OK) {
        jt_currentset_tell(current, JETON_EVENT_CACHE_FAILED, jt_diag_text(&diag, err));
    }
}

enum jt_err jt_currentset_renew(struct jt_currentset *current, struct jt_span text,
                                int64_t max_age_s, int64_t *out_ttl_s)
{
    uint64_t sets = atomic_load(&current->sets);
    int64_t ttl_s = max_age_s < 0
                        ? JT_CURRENTSET_TTL_ABSENT_S
                        : clamp(max_age_s, JT_CURRENTSET_TTL_MIN_S, JT_CURRENTSET_TTL_MAX_S);
    JT_TRY(publish(current, text));
    date(current, 0, ttl_s);
    if (atomic_load(&current->sets) != sets) {
        jt_currentset_tell(current, JETON_EVENT_SET, "another key set is in use");
    }
    if (current->conf->policy->jwks_cache != NULL) {
        keep(current, text, ttl_s);
    }
    *out_ttl_s = ttl_s;
    return JT_OK;
}

static enum jt_err load_file(struct jt_currentset *current, struct jt_buf *text,
                             struct jt_diag *diag)
{
    const char *path = current->conf->policy->jwks_file;
    enum jt_err err = jt_keyfile_read(path, JT_KEYFILE_GIVEN, text, diag);
    if (err == JT_ERR_NOT_FOUND) {
        return jt_diag_fail(diag, JT_ERR_IO, "cannot read %.200s: it is not there", path);
    }
    if (err == JT_OK) {
        err = publish(current, jt_buf_span(text));
    }
    if (err == JT_OK) {
        date(current, 0, JT_CURRENTSET_TTL_ABSENT_S);
    } else if (err != JT_ERR_IO && err != JT_ERR_NOMEM) {
        return jt_diag_fail(diag, err, "the key set from %.200s is refused: %s", path,
                            jt_err_row(err)->text);
    }
    return err;
}

static enum jt_err load_kept(struct jt_currentset *current, struct jt_buf *text,
                             struct jt_diag *diag)
{
    const struct jt_policy *policy = current->conf->policy;
    struct jt_keyfile_times times;
    JT_TRY(jt_keyfile_read(policy->jwks_cache, JT_KEYFILE_KEPT, text, diag));
    JT_TRY(jt_keyfile_times(jt_buf_span(text), jt_span_of(policy->issuer, policy->issuer_len),
                            &times, diag));
    int64_t now_s = jt_clock_wall_s(current->conf->clock);
    int64_t fresh_s = clamp(times.fresh_s, JT_CURRENTSET_TTL_MIN_S, JT_CURRENTSET_TTL_MAX_S);
    /* under a clock that was set back meanwhile it is young, not unborn */
    int64_t age_s = now_s > times.fetched_s ? now_s - times.fetched_s : 0;
    if (age_s >= fresh_s + JT_CURRENTSET_STALE_S) {
        return jt_diag_fail(diag, JT_ERR_LIMIT, "it is too old");
    }
    JT_TRY(publish(current, jt_buf_span(text)));
    date(current, age_s, fresh_s);
    return JT_OK;
}

enum jt_err jt_currentset_load(struct jt_currentset *current, struct jt_diag *diag)
{
    struct jt_buf text = JT_BUF_INIT(JT_JWKS_MAX_BYTES);
    struct jt_diag why = JT_DIAG_INIT, sentence = JT_DIAG_INIT;
    enum jt_err err = JT_OK;
    if (current->conf->policy->jwks_file != NULL) {
        err = load_file(current, &text, diag);
    } else if (current->conf->policy->jwks_cache != NULL) {
        enum jt_err kept = load_kept(current, &text, &why);
        if (kept != JT_OK && kept != JT_ERR_NOT_FOUND) {
            JT_IGNORE(jt_diag_fail(&sentence, kept, "jwks_cache is not used: %s",
                                   jt_diag_text(&why, kept))); /* it is what was passed in */
            jt_currentset_tell(current, JETON_EVENT_CACHE_FAILED, sentence.text);
        }
    }
    jt_buf_release(&text);
    return err;
}

int64_t jt_currentset_age(struct jt_currentset *current)
{
    const struct jt_keyset *set = jt_currentset_get(current);
    int64_t now = now_ms(current), stale_ms = atomic_load(&current->stale_ms);
    if (set == NULL || stale_ms == NEVER_MS) {
        return NEVER_MS;
    }
    if (now < stale_ms) {
        return stale_ms;
    }
    if (now >= current->drop_ms) {
        if (use(current, NULL) != JT_OK) {
            return now + MS_PER_S; /* memory is short: soon again */
        }
        atomic_store(&current->stale, false);
        atomic_store(&current->keys, 0);
        atomic_store(&current->skipped, 0);
        jt_currentset_tell(current, JETON_EVENT_DROPPED,
                           "the key set could not be renewed for a day: it is used no longer");
        return NEVER_MS;
    }
    if (!atomic_load(&current->stale)) {
        atomic_store(&current->stale, true);
        jt_currentset_tell(
            current, JETON_EVENT_STALE,
            "the key set is past its time to live: it is used on, for a day at most");
    }
    return current->drop_ms;
}

bool jt_currentset_want_table(struct jt_currentset *current, struct jt_verkey *key)
{
    if (atomic_load_explicit(&key->wants_table, memory_order_relaxed)) {
        return false;
    }
    atomic_store(&key->wants_table, true);
    return !atomic_exchange(&current->table_wanted, true);
}

bool jt_currentset_wants_table(const struct jt_currentset *current)
{
    return atomic_load(&current->table_wanted);
}

bool jt_currentset_make_table(struct jt_currentset *current)
{
    if (!atomic_exchange(&current->table_wanted, false)) {
        return false;
    }
    const struct jt_keyset *set = jt_currentset_get(current);
    struct jt_verkey *chosen = NULL;
    size_t tables = 0;
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        struct jt_verkey *key = set->keys[i];
        tables += atomic_load(&key->table) != NULL;
        if (atomic_load(&key->wants_table) && !key->tried) {
            chosen = key;
        }
    }
    if (chosen == NULL || tables >= JT_CURRENTSET_TABLES) {
        return false;
    }
    if (jt_verkey_make_table(chosen)) {
        atomic_store(&current->table_wanted, true); /* to look again: more may be wanted */
    }
    return true;
}

void jt_currentset_info(const struct jt_currentset *current, struct jeton_issuer_info *out)
{
    int64_t now = now_ms(current), stale_ms = atomic_load(&current->stale_ms);
    out->issuer = current->conf->policy->issuer;
    out->keys = (size_t)atomic_load(&current->keys);
    out->skipped = (size_t)atomic_load(&current->skipped);
    out->stale = atomic_load(&current->stale);
    out->sets = atomic_load(&current->sets);
    out->age_s = -1;
    out->fresh_s = 0;
    if (out->keys > 0) {
        out->age_s = (now - atomic_load(&current->confirmed_ms)) / MS_PER_S;
        out->fresh_s = stale_ms == NEVER_MS ? INT64_MAX : (stale_ms - now) / MS_PER_S;
    }
}
