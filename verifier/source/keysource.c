/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/keysource.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "verifier/source/kidwatch.h"
#include "verifier/source/setfetch.h"

#include "common/base/base.h"

#define MS_PER_S   1000
#define REFRESH_AT 75 /* hundredths of the time to live, and up to ... */
#define JITTER     10 /* ... so many more */
#define RETRY_MORE 25 /* hundredths that a wait after a failure may be longer */

struct jt_keysource {
    struct jt_sourceconf conf;
    struct jt_currentset current;
    struct jt_kidwatch kids;

    /* the driver's: the schedule, on the boot clock */
    int64_t due_ms;   /* when the next set is due */
    int64_t early_ms; /* before then, no attempt for an unknown kid */
    int64_t retry_ms;
    bool busy, early; /* an attempt is under way; it is one for an unknown kid */
    struct jt_setfetch setfetch;
    enum jt_err failure;
    struct jt_diag diag;

    /* written by the driver, read by who asks for info */
    _Atomic uint64_t fetches, failures, early_fetches;
};

enum jt_err jt_keysource_new(const struct jt_sourceconf *conf, struct jt_keysource **out_source)
{
    struct jt_keysource *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return JT_ERR_NOMEM;
    }
    source->conf = *conf;
    source->setfetch = (struct jt_setfetch){
        .policy = conf->policy, .get = conf->fetch, .ctx = conf->fetch_ctx, .own = conf->own};
    source->due_ms = jt_clock_boot_ms(conf->clock);
    source->early_ms = source->due_ms;
    source->retry_ms = JT_KEYSOURCE_RETRY_MIN_MS;
    enum jt_err err = jt_kidwatch_init(&source->kids, conf->random);
    if (err == JT_OK) {
        err = jt_currentset_init(&source->current, &source->conf);
    }
    if (err != JT_OK) {
        jt_keysource_free(source);
        return err;
    }
    *out_source = source;
    return JT_OK;
}

void jt_keysource_free(struct jt_keysource *source)
{
    if (source == NULL) {
        return;
    }
    jt_currentset_release(&source->current);
    jt_setfetch_forget(&source->setfetch);
    free(source);
}

struct jt_currentset *jt_keysource_current(struct jt_keysource *source)
{
    return &source->current;
}

static int64_t now_ms(const struct jt_keysource *source)
{
    return jt_clock_boot_ms(source->conf.clock);
}

/* `hundredths` of `ms`, and up to `more` hundredths on top: verifiers that were started together
 * shall not ask together for ever. Without randomness there is no more. */
static int64_t spread(const struct jt_keysource *source, int64_t ms, int64_t hundredths,
                      int64_t more)
{
    uint16_t random = 0;
    if (jt_random_fill(source->conf.random, &random, sizeof random) != JT_OK) {
        random = 0;
    }
    return ms * hundredths / 100 + ms * more / 100 * random / UINT16_MAX;
}

static void end_attempt(struct jt_keysource *source, enum jt_err failure)
{
    source->busy = false;
    source->failure = failure;
    atomic_fetch_add(&source->fetches, 1);
    /* kids that were unknown until now are judged by the outcome */
    jt_kidwatch_settle(&source->kids, failure == JT_OK ? jt_currentset_get(&source->current) : NULL,
                       now_ms(source));
}

static void succeed(struct jt_keysource *source, int64_t ttl_s)
{
    source->due_ms = now_ms(source) + spread(source, ttl_s * MS_PER_S, REFRESH_AT, JITTER);
    source->retry_ms = JT_KEYSOURCE_RETRY_MIN_MS;
    end_attempt(source, JT_OK);
}

static void fail(struct jt_keysource *source, enum jt_err err)
{
    /* an attempt for an unknown kid has the cool-down for back-off, and the set is not older for it
     */
    if (!source->early) {
        source->due_ms = now_ms(source) + spread(source, source->retry_ms, 100, RETRY_MORE);
        source->retry_ms *= 2;
        if (source->retry_ms > JT_KEYSOURCE_RETRY_MAX_MS) {
            source->retry_ms = JT_KEYSOURCE_RETRY_MAX_MS;
        }
    }
    jt_setfetch_forget(&source->setfetch);
    atomic_fetch_add(&source->failures, 1);
    end_attempt(source, err);
    jt_currentset_tell(&source->current, JETON_EVENT_FETCH_FAILED,
                       jt_diag_text(&source->diag, err));
}

static enum jt_err renew(struct jt_keysource *source, const struct jeton_response *response,
                         int64_t *out_ttl_s)
{
    struct jt_span text = jt_span_of(response->body, response->body_len);
    enum jt_err err = jt_currentset_renew(&source->current, text, response->max_age_s, out_ttl_s);
    if (err != JT_OK && err != JT_ERR_NOMEM) {
        return jt_diag_fail(&source->diag, err, "the key set from %.200s is refused: %s",
                            jt_setfetch_uri(&source->setfetch), jt_err_row(err)->text);
    }
    return err;
}

/* One request of the attempt that is under way. */
static void request(struct jt_keysource *source)
{
    struct jeton_response response;
    bool more = false;
    int64_t ttl_s = 0;
    jt_kidwatch_ask(&source->kids);
    enum jt_err err = jt_setfetch_request(&source->setfetch, &response, &more, &source->diag);
    if (err == JT_OK && more) {
        return;
    }
    if (err == JT_OK) {
        err = renew(source, &response, &ttl_s);
    }
    if (err == JT_OK) {
        succeed(source, ttl_s);
    } else {
        fail(source, err);
    }
}

/* May an unknown kid have its fetch now? */
static bool begins_early(struct jt_keysource *source, int64_t now)
{
    if (!jt_kidwatch_any(&source->kids) || now < source->early_ms) {
        return false;
    }
    if (!jt_kidwatch_worth(&source->kids, now)) {
        jt_kidwatch_settle(&source->kids, NULL, now);
        source->early_ms = now + JT_KEYSOURCE_PACE_MS;
        return false;
    }
    /* stamped before the attempt, so that one that fails or hangs counts as well */
    source->early_ms = now + JT_KEYSOURCE_COOLDOWN_MS;
    atomic_fetch_add(&source->early_fetches, 1);
    jt_currentset_tell(&source->current, JETON_EVENT_KID_UNKNOWN,
                       "a token names a kid that no key has: a newer key set is looked for");
    return true;
}

/* Begins the attempt that is due; false when none is. */
static bool begin(struct jt_keysource *source)
{
    int64_t now = now_ms(source);
    bool early = now < source->due_ms;
    if (early && !begins_early(source, now)) {
        return false;
    }
    source->busy = true;
    source->early = early;
    source->diag.text[0] = 0;
    jt_setfetch_begin(&source->setfetch);
    return true;
}

/* In how many milliseconds something is due, `next` (a moment) at the latest. */
static int64_t until_next(const struct jt_keysource *source, int64_t next)
{
    if (source->busy || jt_currentset_wants_table(&source->current)) {
        return 0;
    }
    if (source->conf.policy->fetches && source->due_ms < next) {
        next = source->due_ms;
    }
    if (jt_kidwatch_any(&source->kids) && source->early_ms < next) {
        next = source->early_ms;
    }
    int64_t now = now_ms(source);
    if (next <= now) {
        return 0;
    }
    return next - now < JT_KEYSOURCE_IDLE_MS ? next - now : JT_KEYSOURCE_IDLE_MS;
}

/* Does one of the long things that are due; false when none is. */
static bool work(struct jt_keysource *source)
{
    if (source->conf.policy->fetches && (source->busy || begin(source))) {
        request(source);
        return true;
    }
    return jt_currentset_make_table(&source->current);
}

int64_t jt_keysources_step(struct jt_keysources *sources)
{
    bool worked = false;
    for (size_t i = 0; i < sources->n && !worked; i++) {
        worked = work(sources->v[sources->turn]);
        sources->turn = (sources->turn + 1) % sources->n;
    }
    int64_t next = JT_KEYSOURCE_IDLE_MS;
    for (size_t i = 0; i < sources->n; i++) {
        int64_t wait = until_next(sources->v[i], jt_currentset_age(&sources->v[i]->current));
        next = wait < next ? wait : next;
    }
    return next;
}

bool jt_keysources_await(const struct jt_keysources *sources)
{
    for (size_t i = 0; i < sources->n; i++) {
        struct jt_keysource *source = sources->v[i];
        if (source->conf.policy->fetches && atomic_load(&source->fetches) == 0 &&
            !jt_keysource_ready(source)) {
            return true;
        }
    }
    return false;
}

enum jt_err jt_keysources_failure(const struct jt_keysources *sources, struct jt_diag *diag)
{
    for (size_t i = 0; i < sources->n; i++) {
        if (sources->v[i]->failure != JT_OK && !jt_keysource_ready(sources->v[i])) {
            *diag = sources->v[i]->diag;
            return sources->v[i]->failure;
        }
    }
    return JT_OK;
}

bool jt_keysource_want(struct jt_keysource *source, struct jt_span kid)
{
    return source->conf.policy->fetches && jt_kidwatch_note(&source->kids, kid);
}

bool jt_keysource_ready(struct jt_keysource *source)
{
    return jt_currentset_get(&source->current) != NULL;
}

void jt_keysource_info(const struct jt_keysource *source, struct jeton_issuer_info *out)
{
    jt_currentset_info(&source->current, out);
    out->fetches = atomic_load(&source->fetches);
    out->failures = atomic_load(&source->failures);
    out->early_fetches = atomic_load(&source->early_fetches);
}
