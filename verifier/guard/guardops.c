/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/guard/guardops.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/metrics/metrics.h"

#include "common/base/base.h"

struct thread {
    struct jt_guardops *app;
    struct jt_slot *slot;
};

/* --- /livez, /readyz --- */

static void answer_text(struct jt_answer *answer, int status, const char *text)
{
    answer->status = status;
    answer->content_type = "text/plain; charset=utf-8";
    answer->cache_control = "no-store";
    JT_IGNORE(jt_buf_puts(&answer->body, text)); /* out of memory: the status alone says it */
}

static void on_live(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request; /* neither can make the answer another */
    answer_text(answer, 200, "ok\n");
}

static void on_ready(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app; /* the thread's state has it */
    struct thread *thread = request->thread;
    const struct jt_generation *generation = jt_slots_enter(thread->slot);
    bool ready = jeton_verifier_ready(generation->verifier) == 1;
    answer_text(answer, ready ? 200 : 503, ready ? "ok\n" : "keys are missing\n");
    for (size_t i = 0; !ready && i < generation->conf.issuers.n; i++) {
        struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
        if (jeton_verifier_info(generation->verifier, i, &info) == JETON_OK && info.keys == 0) {
            JT_IGNORE(jt_buf_printf(&answer->body, "no keys of %s\n", info.issuer)); /* as above */
        }
    }
    jt_slots_exit(thread->slot);
}

/* --- /metrics --- */

enum {
    BUILD,
    ANSWERS,
    RELOADS,
    DECISIONS,
    KEYS,
    KEYS_SKIPPED,
    KEYS_AGE,
    KEYS_FRESH,
    KEYS_STALE,
    FETCHES,
    FAILURES,
    EARLY,
    SETS,
    STALE_USES,
    CACHE_HITS,
    N_METRICS
};

static const struct jt_metrics_row metrics[N_METRICS] = {
    [BUILD] = {"jeton_guard_build_info", JT_METRICS_GAUGE, "Always 1; the version is a label."},
    [ANSWERS] = {"jeton_guard_requests_total", JT_METRICS_COUNTER,
                 "Answers to proxies by HTTP status."},
    [RELOADS] = {"jeton_guard_reloads_total", JT_METRICS_COUNTER,
                 "Reloads of the configuration by result."},
    [DECISIONS] =
        {"jeton_guard_decisions_total", JT_METRICS_COUNTER,
         "Tokens verified, by issuer and outcome; no issuer: refused before one was known. "
         "Since the last reload."},
    [KEYS] = {"jeton_guard_keys", JT_METRICS_GAUGE, "Usable keys in an issuer's set; 0: no set."},
    [KEYS_SKIPPED] = {"jeton_guard_keys_skipped", JT_METRICS_GAUGE,
                      "Members of the set that are no usable key."},
    [KEYS_AGE] = {"jeton_guard_keys_age_seconds", JT_METRICS_GAUGE,
                  "Since the set was fetched or found unchanged; -1: no set."},
    [KEYS_FRESH] = {"jeton_guard_keys_fresh_seconds", JT_METRICS_GAUGE,
                    "How long the set is fresh still; below 0: stale since."},
    [KEYS_STALE] = {"jeton_guard_keys_stale", JT_METRICS_GAUGE,
                    "1: in use past its time to live, because fetching fails."},
    [FETCHES] = {"jeton_guard_fetches_total", JT_METRICS_COUNTER,
                 "Attempts to get a key set that have ended."},
    [FAILURES] = {"jeton_guard_fetch_failures_total", JT_METRICS_COUNTER, "Those that failed."},
    [EARLY] = {"jeton_guard_early_fetches_total", JT_METRICS_COUNTER,
               "Those that tokens with an unknown kid asked for."},
    [SETS] = {"jeton_guard_key_sets_total", JT_METRICS_COUNTER,
              "How often another key set came into use."},
    [STALE_USES] = {"jeton_guard_stale_uses_total", JT_METRICS_COUNTER,
                    "Tokens judged with a stale key set."},
    [CACHE_HITS] = {"jeton_guard_cache_hits_total", JT_METRICS_COUNTER,
                    "Tokens found among the remembered."},
};

static enum jt_err put_build(struct jt_buf *out, const struct jt_guardops *app)
{
    const struct jt_metrics_label version = {"version", jt_span_str(app->version)};
    JT_TRY(jt_metrics_head(out, &metrics[BUILD]));
    return jt_metrics_put(out, &metrics[BUILD], &version, 1, 1);
}

static enum jt_err put_answers(struct jt_buf *out, const struct jt_guardops *app)
{
    JT_TRY(jt_metrics_head(out, &metrics[ANSWERS]));
    for (size_t i = 0; i < JT_AUTHORIZE_ANSWERS; i++) {
        char status[16];
        (void)snprintf(status, sizeof status, "%d", jt_authorize_status[i]); /* fits */
        const struct jt_metrics_label label = {"status", jt_span_str(status)};
        JT_TRY(jt_metrics_put(
            out, &metrics[ANSWERS], &label, 1,
            (int64_t)jt_authorize_count(app->authorize, (enum jt_authorize_answer)i)));
    }
    return JT_OK;
}

static enum jt_err put_reloads(struct jt_buf *out, const struct jt_guardops *app)
{
    static const char *const results[] = {"refused", "done"};
    JT_TRY(jt_metrics_head(out, &metrics[RELOADS]));
    for (size_t i = 0; i < JT_COUNT(results); i++) {
        const struct jt_metrics_label label = {"result", jt_span_str(results[i])};
        JT_TRY(jt_metrics_put(out, &metrics[RELOADS], &label, 1,
                              (int64_t)atomic_load(&app->reloads[i])));
    }
    return JT_OK;
}

/* The outcomes that were met; and 0 for "ok", so that a rate has a beginning. */
static enum jt_err put_decisions(struct jt_buf *out, const struct jt_generation *generation)
{
    JT_TRY(jt_metrics_head(out, &metrics[DECISIONS]));
    size_t n = generation->conf.issuers.n;
    for (size_t i = 0; i <= n; i++) { /* the last: before a policy was chosen */
        const char *issuer = i < n ? jt_guardconf_issuers(&generation->conf)[i].issuer : "";
        for (int status = JETON_OK; status <= JETON_STATUS_MAX; status++) {
            uint64_t count = jeton_verifier_count(generation->verifier, i, (jeton_status)status);
            if (count == 0 && (status != JETON_OK || i == n)) {
                continue;
            }
            const struct jt_metrics_label labels[] = {
                {"issuer", jt_span_str(issuer)},
                {"outcome", jt_span_str(jeton_status_name((jeton_status)status))}};
            JT_TRY(
                jt_metrics_put(out, &metrics[DECISIONS], labels, JT_COUNT(labels), (int64_t)count));
        }
    }
    return JT_OK;
}

static int64_t info_value(const struct jeton_issuer_info *info, size_t metric)
{
    const int64_t values[N_METRICS] = {
        [KEYS] = (int64_t)info->keys,
        [KEYS_SKIPPED] = (int64_t)info->skipped,
        [KEYS_AGE] = info->age_s,
        [KEYS_FRESH] = info->fresh_s,
        [KEYS_STALE] = info->stale,
        [FETCHES] = (int64_t)info->fetches,
        [FAILURES] = (int64_t)info->failures,
        [EARLY] = (int64_t)info->early_fetches,
        [SETS] = (int64_t)info->sets,
        [STALE_USES] = (int64_t)info->stale_uses,
        [CACHE_HITS] = (int64_t)info->cache_hits,
    };
    return values[metric];
}

static enum jt_err put_issuers(struct jt_buf *out, const struct jt_generation *generation)
{
    for (size_t metric = KEYS; metric < N_METRICS; metric++) {
        JT_TRY(jt_metrics_head(out, &metrics[metric]));
        for (size_t i = 0; i < generation->conf.issuers.n; i++) {
            struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
            if (jeton_verifier_info(generation->verifier, i, &info) != JETON_OK) {
                continue; /* cannot be: the place exists */
            }
            if (metric == KEYS_FRESH && info.fresh_s == INT64_MAX) {
                continue; /* never fetched again: for ever */
            }
            const struct jt_metrics_label label = {"issuer", jt_span_str(info.issuer)};
            JT_TRY(jt_metrics_put(out, &metrics[metric], &label, 1, info_value(&info, metric)));
        }
    }
    return JT_OK;
}

static enum jt_err put_all(struct jt_buf *out, const struct jt_guardops *app,
                           const struct jt_generation *generation)
{
    JT_TRY(put_build(out, app));
    JT_TRY(put_answers(out, app));
    JT_TRY(put_reloads(out, app));
    JT_TRY(put_decisions(out, generation));
    return put_issuers(out, generation);
}

static void on_metrics(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app; /* the thread's state has it */
    struct thread *thread = request->thread;
    const struct jt_generation *generation = jt_slots_enter(thread->slot);
    bool done = put_all(&answer->body, thread->app, generation) == JT_OK;
    jt_slots_exit(thread->slot);
    if (!done) {
        jt_buf_clear(&answer->body);
        answer_text(answer, 503, "out of memory\n");
        return;
    }
    answer->status = 200;
    answer->content_type = JT_METRICS_TYPE;
    answer->cache_control = "no-store";
}

const struct jt_route jt_guardops_routes[] = {
    {.method = "GET", .path = "/livez", .handler = on_live},
    {.method = "GET", .path = "/readyz", .handler = on_ready},
    {.method = "GET", .path = "/metrics", .handler = on_metrics},
};
const size_t jt_guardops_n_routes = JT_COUNT(jt_guardops_routes);

void jt_guardops_refuse(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app;
    (void)sentence; /* is logged */
    answer->status = status;
    answer->cache_control = "no-store";
}

/* --- threads --- */

void *jt_guardops_thread_new(void *app)
{
    struct jt_guardops *ops = app;
    struct thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL || jt_slots_join(ops->generations, &thread->slot) != JT_OK) {
        free(thread);
        return NULL;
    }
    thread->app = ops;
    return thread;
}

void jt_guardops_thread_free(void *state)
{
    struct thread *thread = state;
    if (thread != NULL) {
        jt_slots_leave(thread->app->generations, thread->slot);
        free(thread);
    }
}
