/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verifier.h"

#include <stdlib.h>

#include "verifier/crypto/ed25519.h"
#include "verifier/judge/tokencache.h"
#include "verifier/sized.h"
#include "verifier/status.h"

#include "common/base/base.h"

static enum jt_err read_options(const struct jeton_options *given, struct jeton_options *out,
                                struct jt_diag *diag)
{
    *out = (struct jeton_options){0};
    if (given == NULL) {
        return JT_OK;
    }
    if (jt_sized_read(given, JT_SIZED_UP_TO(struct jeton_options, event_ctx), out, sizeof *out) !=
        JT_OK) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "options.size is wrong: initialise with JETON_INIT(jeton_options)");
    }
    if (out->wait_ms < 0 || out->wait_ms > INT32_MAX) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT, "options.wait_ms is %lld; it must be 0 to %d",
                            (long long)out->wait_ms, INT32_MAX);
    }
    if (out->cache_tokens > JT_TOKENCACHE_TOKENS_MAX) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT, "options.cache_tokens is %zu; at most %d",
                            out->cache_tokens, JT_TOKENCACHE_TOKENS_MAX);
    }
    return JT_OK;
}

static struct jt_clock make_clock(const struct jeton_options *options)
{
    /* a clock of which the program gives one half takes the other from the system, whose calls need
     * no context */
    return (struct jt_clock){
        .wall_s = options->now_s != NULL ? options->now_s : jt_clock_system.wall_s,
        .boot_ms = options->monotonic_ms != NULL ? options->monotonic_ms : jt_clock_system.boot_ms,
        .ctx = options->clock_ctx,
    };
}

size_t jt_verifier_place(const jeton_verifier *verifier, struct jt_span issuer)
{
    size_t place = 0;
    while (place < verifier->n &&
           !jt_span_eq(issuer, jt_span_of(verifier->policies[place]->issuer,
                                          verifier->policies[place]->issuer_len))) {
        place++;
    }
    return place;
}

static enum jt_err read_policy(jeton_verifier *verifier, const struct jeton_policy *given)
{
    struct jt_policy *policy = NULL;
    JT_TRY(jt_policy_new(given, &verifier->error, &policy));
    if (jt_verifier_place(verifier, jt_span_str(policy->issuer)) < verifier->n) {
        enum jt_err err = jt_diag_fail(&verifier->error, JT_ERR_ARGUMENT,
                                       "two policies have the issuer %.200s: list the audiences of "
                                       "both in one",
                                       policy->issuer);
        jt_policy_free(policy);
        return err;
    }
    verifier->policies[verifier->n++] = policy;
    if (policy->max_token > verifier->max_token) {
        verifier->max_token = policy->max_token;
    }
    return JT_OK;
}

/* The struct may be of another version than ours: the next stands its own size further. */
static enum jt_err read_policies(jeton_verifier *verifier, const struct jeton_policy *policies,
                                 size_t n_policies)
{
    if (policies == NULL || n_policies == 0 || n_policies > JT_VERIFIER_POLICIES) {
        return jt_diag_fail(&verifier->error, JT_ERR_ARGUMENT,
                            "there are %zu policies; it must be 1 to %d",
                            policies == NULL ? 0 : n_policies, JT_VERIFIER_POLICIES);
    }
    const uint8_t *at = (const uint8_t *)policies;
    size_t size = policies->size;
    for (size_t i = 0; i < n_policies; i++) {
        const struct jeton_policy *policy = (const struct jeton_policy *)(const void *)at;
        if (policy->size != size || size % _Alignof(struct jeton_policy) != 0) {
            return jt_diag_fail(&verifier->error, JT_ERR_ARGUMENT,
                                "policy.size is not the same in all: initialise each with "
                                "JETON_INIT(jeton_policy)");
        }
        JT_TRY(read_policy(verifier, policy));
        at += size;
    }
    return JT_OK;
}

static bool any_fetches(const jeton_verifier *verifier)
{
    for (size_t i = 0; i < verifier->n; i++) {
        if (verifier->policies[i]->fetches) {
            return true;
        }
    }
    return false;
}

static enum jt_err make_sources(jeton_verifier *verifier, const struct jeton_options *options)
{
    struct jt_sourceconf conf = {.clock = &verifier->clock,
                                 .random = &jt_random_system,
                                 .fetch = options->fetch,
                                 .fetch_ctx = options->fetch_ctx,
                                 .event = options->on_event,
                                 .event_ctx = options->event_ctx};
    if (conf.fetch == NULL && any_fetches(verifier)) {
        JT_TRY(jt_fetch_new(options->ca_file, &verifier->error, &verifier->own_fetch));
        conf.fetch = jt_fetch_get;
        conf.fetch_ctx = verifier->own_fetch;
        conf.own = verifier->own_fetch;
    }
    verifier->sources.v = verifier->source_of;
    for (size_t i = 0; i < verifier->n; i++) {
        conf.policy = verifier->policies[i];
        conf.place = i;
        JT_TRY(jt_keysource_new(&conf, &verifier->source_of[i]));
        verifier->sources.n++;
        JT_TRY(jt_currentset_load(jt_keysource_current(verifier->source_of[i]), &verifier->error));
    }
    return JT_OK;
}

/* With no thread of ours, waiting is doing it. */
static enum jt_err poll_first(jeton_verifier *verifier, int64_t wait_ms)
{
    int64_t end_ms = jt_clock_boot_ms(&verifier->clock) + wait_ms;
    while (jt_keysources_await(&verifier->sources) &&
           jt_clock_boot_ms(&verifier->clock) <= end_ms) {
        (void)jt_keysources_step(&verifier->sources); /* an attempt is due: it makes a request */
    }
    return jt_keysources_failure(&verifier->sources, &verifier->error);
}

/* That a first fetch fails is told in `error`, and is no failure: the issuer may come back. */
static enum jt_err start(jeton_verifier *verifier, const struct jeton_options *options)
{
    bool wait = options->wait_ms > 0 && jt_keysources_await(&verifier->sources);
    enum jt_err first = JT_OK;
    if (options->no_thread != 0) {
        first = wait ? poll_first(verifier, options->wait_ms) : JT_OK;
    } else if (any_fetches(verifier) || verifier->tables) {
        JT_TRY(jt_refresher_new(&verifier->sources, &verifier->refresher));
        first = wait ? jt_refresher_wait(verifier->refresher, options->wait_ms, &verifier->error)
                     : JT_OK;
    }
    if (first != JT_OK && verifier->error.text[0] == 0) {
        return jt_diag_fail(&verifier->error, JT_OK, "%s", jt_err_row(first)->text);
    }
    return JT_OK;
}

static enum jt_err set_up(jeton_verifier *verifier, const struct jeton_options *given,
                          const struct jeton_policy *policies, size_t n_policies)
{
    struct jeton_options options;
    JT_TRY(read_options(given, &options, &verifier->error));
    JT_TRY(jt_ed25519_init());
    verifier->clock = make_clock(&options);
    verifier->cache_tokens = options.cache_tokens;
    verifier->tables = options.no_es256_table == 0;
    JT_TRY(read_policies(verifier, policies, n_policies));
    JT_TRY(jt_tallies_new(verifier->n + 1, &verifier->tallies));
    JT_TRY(make_sources(verifier, &options));
    return start(verifier, &options);
}

jeton_status jeton_verifier_new(const struct jeton_options *options,
                                const struct jeton_policy *policies, size_t n_policies,
                                jeton_verifier **out_verifier)
{
    if (out_verifier == NULL) {
        return JETON_USAGE;
    }
    *out_verifier = NULL;
    jeton_verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier == NULL) {
        return JETON_NO_MEMORY;
    }
    jeton_status status = jt_status_of(set_up(verifier, options, policies, n_policies));
    if (status == JETON_NO_MEMORY || status == JETON_INTERNAL) {
        jeton_verifier_free(verifier);
        return status;
    }
    verifier->usable = status == JETON_OK;
    *out_verifier = verifier;
    return status;
}

void jeton_verifier_free(jeton_verifier *verifier)
{
    if (verifier == NULL) {
        return;
    }
    jt_refresher_free(verifier->refresher);
    for (size_t i = 0; i < verifier->n; i++) {
        jt_keysource_free(verifier->source_of[i]);
        jt_policy_free(verifier->policies[i]);
    }
    jt_fetch_free(verifier->own_fetch);
    jt_tallies_free(verifier->tallies);
    free(verifier);
}

const char *jeton_verifier_error(const jeton_verifier *verifier)
{
    return verifier == NULL ? "" : verifier->error.text;
}

int64_t jeton_verifier_poll(jeton_verifier *verifier)
{
    if (verifier == NULL || !verifier->usable || verifier->refresher != NULL) {
        return JT_KEYSOURCE_IDLE_MS;
    }
    return jt_keysources_step(&verifier->sources);
}

int jeton_verifier_ready(const jeton_verifier *verifier)
{
    if (verifier == NULL || !verifier->usable) {
        return 0;
    }
    for (size_t i = 0; i < verifier->n; i++) {
        if (!jt_keysource_ready(verifier->source_of[i])) {
            return 0;
        }
    }
    return 1;
}

jeton_status jeton_verifier_info(const jeton_verifier *verifier, size_t policy,
                                 struct jeton_issuer_info *out)
{
    if (verifier == NULL || !verifier->usable || policy >= verifier->n || out == NULL) {
        return JETON_USAGE;
    }
    struct jeton_issuer_info info = {.size = sizeof info};
    jt_keysource_info(verifier->source_of[policy], &info);
    info.stale_uses = jt_tallies_sum(verifier->tallies, policy, JT_TALLY_STALE_USES);
    info.cache_hits = jt_tallies_sum(verifier->tallies, policy, JT_TALLY_CACHE_HITS);
    enum jt_err err = jt_sized_write(out, JT_SIZED_UP_TO(struct jeton_issuer_info, cache_hits),
                                     &info, sizeof info);
    return jt_status_of(err);
}

uint64_t jeton_verifier_count(const jeton_verifier *verifier, size_t policy, jeton_status status)
{
    if (verifier == NULL || !verifier->usable || (int)status < 0 || status > JETON_STATUS_MAX) {
        return 0;
    }
    return jt_tallies_sum(verifier->tallies, policy, (unsigned)status);
}
