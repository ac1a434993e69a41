/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/admin_metrics.h"

#include "common/metrics/metrics.h"
#include "issuer/admin/admin.h"

#include "common/base/base.h"

/* What one answer is made from. */
struct view {
    const struct jt_issuer *issuer;
    const struct jt_root *root;
    struct jt_signer_status signer;
    const struct jt_crowd_tally *tally;
    struct jt_buf *out;
};

static int64_t count_keys(const struct jt_key_part *keys, enum jt_alg alg, enum jt_key_state state)
{
    int64_t n = 0;
    for (size_t i = 0; i < keys->n_times; i++) {
        n += keys->times[i].alg == alg &&
             jt_schedule_state(&keys->times[i], keys->times, keys->n_times) == state;
    }
    return n;
}

/* Of an algorithm that has keys every state is told: what is 0 can be asked for. */
static enum jt_err put_keys(const struct view *v, const struct jt_metrics_row *row)
{
    static const struct {
        enum jt_key_state state;
        const char *name;
    } states[] = {{JT_KEY_NEXT, "next"}, {JT_KEY_ACTIVE, "active"}, {JT_KEY_RETIRING, "retiring"}};
    const struct jt_key_part *keys = v->root->keys;
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        int64_t n[JT_COUNT(states)], all = 0;
        for (size_t s = 0; s < JT_COUNT(states); s++) {
            n[s] = count_keys(keys, alg, states[s].state);
            all += n[s];
        }
        for (size_t s = 0; all > 0 && s < JT_COUNT(states); s++) {
            const struct jt_metrics_label labels[] = {{"alg", jt_span_str(jt_alg_row(alg)->name)},
                                                      {"state", jt_span_str(states[s].name)}};
            JT_TRY(jt_metrics_put(v->out, row, labels, JT_COUNT(labels), n[s]));
        }
    }
    return JT_OK;
}

static enum jt_err put_due(const struct view *v, const struct jt_metrics_row *row)
{
    const struct jt_key_part *keys = v->root->keys;
    struct jt_schedule_conf conf = jt_config_schedule(&v->root->settings->config);
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        const struct jt_metrics_label label = {"alg", jt_span_str(jt_alg_row(alg)->name)};
        if (keys->signing_kid[alg][0] != 0) {
            JT_TRY(jt_metrics_put(v->out, row, &label, 1,
                                  jt_schedule_due(&conf, keys->times, keys->n_times, alg)));
        }
    }
    return JT_OK;
}

static int64_t store_up(const struct view *v)
{
    return !jt_issuer_is_cut_off(v->issuer);
}

static int64_t store_age(const struct view *v)
{
    return jt_staleness_age_s(&v->issuer->staleness, v->issuer->clock);
}

static int64_t store_stale(const struct view *v)
{
    return jt_issuer_is_stale(v->issuer, v->root);
}

static int64_t store_version(const struct view *v)
{
    return v->root->version;
}

static int64_t store_rejoins(const struct view *v)
{
    return (int64_t)atomic_load(&v->issuer->rejoins);
}

static int64_t signer_up(const struct view *v)
{
    return !v->signer.away;
}

static int64_t signer_restarts(const struct view *v)
{
    return (int64_t)v->signer.restarts;
}

static int64_t memory_locked(const struct view *v)
{
    return v->signer.memory_locked;
}

static int64_t connections(const struct view *v)
{
    return v->tally == NULL ? 0 : (int64_t)atomic_load(&v->tally->open);
}

static enum jt_err put_ended(const struct view *v, const struct jt_metrics_row *row)
{
    for (enum jt_crowd_cause cause = 0; v->tally != NULL && cause < JT_CROWD_CAUSES_; cause++) {
        const struct jt_metrics_label label = {"cause", jt_span_str(jt_crowd_cause_name(cause))};
        JT_TRY(
            jt_metrics_put(v->out, row, &label, 1, (int64_t)atomic_load(&v->tally->ended[cause])));
    }
    return JT_OK;
}

/* One row a metric: what it is, and its one value, or what puts its samples. */
static const struct {
    struct jt_metrics_row row;
    int64_t (*value)(const struct view *v);
    enum jt_err (*put)(const struct view *v, const struct jt_metrics_row *row);
} metrics[] = {
    {{"jeton_keys", JT_METRICS_GAUGE, "Keys in the set, by algorithm and state."}, NULL, put_keys},
    {{"jeton_key_step_due_seconds", JT_METRICS_GAUGE,
      "When the next automatic step of an algorithm is due, in seconds since 1970."},
     NULL,
     put_due},
    {{"jeton_store_up", JT_METRICS_GAUGE, "Whether the database answered when last asked."},
     store_up,
     NULL},
    {{"jeton_store_age_seconds", JT_METRICS_GAUGE,
      "How long ago what is in memory was last found to be what the database holds."},
     store_age,
     NULL},
    {{"jeton_store_stale", JT_METRICS_GAUGE,
      "Whether that is longer ago than keys.staleness, so that no tokens are issued."},
     store_stale,
     NULL},
    {{"jeton_store_version", JT_METRICS_GAUGE, "The version of the data that is served."},
     store_version,
     NULL},
    {{"jeton_store_rejoins_total", JT_METRICS_COUNTER,
      "How often the database turned out to have lost commits that were known here."},
     store_rejoins,
     NULL},
    {{"jeton_signer_up", JT_METRICS_GAUGE, "Whether the signer can sign."}, signer_up, NULL},
    {{"jeton_signer_restarts_total", JT_METRICS_COUNTER, "Restarts of the signer process."},
     signer_restarts,
     NULL},
    {{"jeton_memory_locked", JT_METRICS_GAUGE,
      "Whether the memory that holds private keys is kept from swap."},
     memory_locked,
     NULL},
    {{"jeton_http_connections", JT_METRICS_GAUGE, "Connections of the public listener."},
     connections,
     NULL},
    {{"jeton_http_connections_ended_total", JT_METRICS_COUNTER,
      "Connections of the public listener that it refused or ended itself, by cause: source "
      "(http.max_per_source), descriptors, memory, full (idle, to make place for others), "
      "deadline."},
     NULL,
     put_ended},
};

static enum jt_err put_all(const struct view *v)
{
    for (size_t i = 0; i < JT_COUNT(metrics); i++) {
        JT_TRY(jt_metrics_head(v->out, &metrics[i].row));
        if (metrics[i].put != NULL) {
            JT_TRY(metrics[i].put(v, &metrics[i].row));
        } else {
            JT_TRY(jt_metrics_put(v->out, &metrics[i].row, NULL, 0, metrics[i].value(v)));
        }
    }
    return JT_OK;
}

void jt_admin_metrics_get(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    const struct jt_admin *admin = app;
    struct jt_issuer_worker *worker = ((const struct jt_admin_thread *)request->thread)->worker;
    struct view v = {.issuer = worker->issuer, .tally = admin->tally, .out = &answer->body};
    jt_signer_status(worker->issuer->signer, &v.signer);
    v.root = jt_issuer_enter(worker);
    enum jt_err err = put_all(&v);
    jt_issuer_exit(worker);
    answer->cache_control = "no-store";
    answer->status = err == JT_OK ? 200 : 503;
    answer->content_type = JT_METRICS_TYPE;
    if (err != JT_OK) {
        jt_buf_clear(&answer->body);
    }
}
