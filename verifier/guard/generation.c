/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/guard/generation.h"

#include <stdlib.h>

#include "common/base/base.h"

/* --- from the configuration to policies --- */

static const struct {
    const char *name;
    uint32_t bit;
} algorithms[] = {
    {"ES256", JETON_ES256}, {"ES384", JETON_ES384}, {"ES512", JETON_ES512}, {"RS256", JETON_RS256},
    {"RS384", JETON_RS384}, {"RS512", JETON_RS512}, {"PS256", JETON_PS256}, {"PS384", JETON_PS384},
    {"PS512", JETON_PS512}, {"EdDSA", JETON_EDDSA},
};

static uint32_t algorithm_bits(char **names)
{
    uint32_t bits = 0;
    for (; *names != NULL; names++) {
        for (size_t i = 0; i < JT_COUNT(algorithms); i++) {
            bits |= jt_span_is(jt_span_str(*names), algorithms[i].name) ? algorithms[i].bit : 0;
        }
    }
    return bits;
}

static struct jeton_policy policy_of(const struct jt_guardconf_issuer *issuer,
                                     const char *const *audiences)
{
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    policy.issuer = issuer->issuer;
    policy.audiences = audiences;
    policy.jwks_uri = issuer->jwks_uri;
    policy.jwks_file = issuer->jwks_file;
    policy.jwks_cache = issuer->jwks_cache;
    policy.discover = issuer->discover;
    policy.algorithms = algorithm_bits(issuer->algorithms);
    policy.types = jt_guardconf_list(issuer->types);
    policy.required_claims = jt_guardconf_list(issuer->required_claims);
    policy.scope_claims = jt_guardconf_list(issuer->scope_claims);
    policy.skew_s = issuer->skew_s;
    policy.max_age_s = issuer->max_age_s;
    return policy;
}

/* The audiences of the rules that take tokens of the issuer at place `issuer`, each once, into
 * `out` with room for all rules and the NULL at the end. */
static void fill_audiences(const struct jt_guardconf *conf, size_t issuer, const char **out)
{
    size_t n = 0;
    for (size_t i = 0; i < conf->rules.n; i++) {
        const struct jt_guardconf_rule *rule = &jt_guardconf_rules(conf)[i];
        bool known = !jt_guardconf_uses(conf, rule, issuer);
        for (size_t k = 0; k < n && !known; k++) {
            known = jt_span_is(jt_span_str(rule->audience), out[k]);
        }
        if (!known) {
            out[n++] = rule->audience;
        }
    }
    out[n] = NULL;
}

/* Of the issuers `first` to `end`. JETON_OK, or what jeton_verifier_new answered; JETON_NO_MEMORY.
 */
static jeton_status make_verifier(const struct jt_guardconf *conf, size_t first, size_t end,
                                  const struct jeton_options *options, jeton_verifier **out)
{
    size_t row = conf->rules.n + 1;
    const char **audiences = calloc(conf->issuers.n * row, sizeof *audiences);
    struct jeton_policy *policies = calloc(conf->issuers.n, sizeof *policies);
    jeton_status status = JETON_NO_MEMORY;
    for (size_t i = 0; audiences != NULL && policies != NULL && i < conf->issuers.n; i++) {
        fill_audiences(conf, i, &audiences[i * row]);
        policies[i] = policy_of(&jt_guardconf_issuers(conf)[i], &audiences[i * row]);
    }
    if (audiences != NULL && policies != NULL) {
        status = jeton_verifier_new(options, &policies[first], end - first, out);
    }
    free(policies);
    free((void *)audiences);
    return status;
}

/* The library speaks of policies; the file has the same names in a section of issuers. */
static void without_policy(const char *sentence, char out[static 512])
{
    static const char prefix[] = "policy.";
    size_t n = 0;
    while (*sentence != 0 && n + 1 < 512) {
        if (strncmp(sentence, prefix, sizeof prefix - 1) == 0) {
            sentence += sizeof prefix - 1;
            continue;
        }
        out[n++] = *sentence++;
    }
    out[n] = 0;
}

/* What is wrong with the issuer at place `at`; with conf->issuers.n: with all of them together. */
static enum jt_err fail(jeton_status status, const jeton_verifier *verifier,
                        const struct jt_guardconf *conf, size_t at, const char *name,
                        struct jt_diag *diag)
{
    if (status == JETON_NO_MEMORY) {
        return JT_ERR_NOMEM;
    }
    char why[512];
    without_policy(jeton_verifier_error(verifier), why);
    const char *text = why[0] == 0 ? jeton_status_text(status) : why;
    if (at == conf->issuers.n) {
        return jt_diag_fail(diag, JT_ERR_CONFIG, "%s: issuers: %.400s", name, text);
    }
    return jt_yamldoc_fail(name, jt_guardconf_issuers(conf)[at].at, diag, "issuers[%zu]: %.400s",
                           at, text);
}

/* --- looking without fetching --- */

static jeton_status no_fetch(void *ctx, const char *url, size_t max_body,
                             struct jeton_response *out)
{
    (void)ctx;
    (void)url;
    (void)max_body;
    (void)out; /* a check asks nobody */
    return JETON_FETCH_FAILED;
}

/* With `first` and `end` of one issuer, or of all. */
static enum jt_err check_some(const struct jt_guardconf *conf, size_t first, size_t end,
                              const char *name, struct jt_diag *diag)
{
    struct jeton_options options = JETON_INIT(jeton_options);
    options.fetch = no_fetch;
    options.no_thread = 1;
    options.cache_tokens = (size_t)conf->cache_tokens;
    jeton_verifier *verifier = NULL;
    jeton_status status = make_verifier(conf, first, end, &options, &verifier);
    size_t at = end - first == 1 ? first : conf->issuers.n;
    enum jt_err err = status == JETON_OK ? JT_OK : fail(status, verifier, conf, at, name, diag);
    jeton_verifier_free(verifier);
    return err;
}

/* The first issuer that is wrong by itself; `otherwise` when none is. */
static enum jt_err check_each(const struct jt_guardconf *conf, const char *name,
                              enum jt_err otherwise, struct jt_diag *diag)
{
    for (size_t i = 0; i < conf->issuers.n; i++) {
        JT_TRY(check_some(conf, i, i + 1, name, diag));
    }
    return otherwise;
}

enum jt_err jt_generation_check(const struct jt_guardconf *conf, const char *name,
                                struct jt_diag *diag)
{
    struct jt_rules rules;
    JT_TRY(jt_rules_make(conf, name, &rules, diag));
    jt_rules_release(&rules);
    JT_TRY(check_each(conf, name, JT_OK, diag));
    return check_some(conf, 0, conf->issuers.n, name, diag);
}

/* --- what happens to key sets --- */

static void on_event(void *ctx, const struct jeton_event *event)
{
    static const enum jt_log_event events[] = {
        [JETON_EVENT_SET] = JT_EV_KEYSET_CHANGE,
        [JETON_EVENT_FETCH_FAILED] = JT_EV_KEYSET_FETCH_FAIL,
        [JETON_EVENT_STALE] = JT_EV_KEYSET_STALE,
        [JETON_EVENT_DROPPED] = JT_EV_KEYSET_DROP,
        [JETON_EVENT_KID_UNKNOWN] = JT_EV_KEYSET_KID_UNKNOWN,
        [JETON_EVENT_CACHE_FAILED] = JT_EV_KEYSET_CACHE_FAIL,
    };
    const struct jt_log *log = ctx;
    if (event->kind < JETON_EVENT_SET || event->kind > JETON_EVENT_CACHE_FAILED) {
        return; /* of a newer library */
    }
    jt_log(log, events[event->kind], jt_log_str("issuer", event->issuer),
           jt_log_int("keys", (int64_t)event->keys), jt_log_int("skipped", (int64_t)event->skipped),
           jt_log_str("text", event->text));
}

/* --- the whole --- */

static enum jt_err make(struct jt_generation *g, const char *name, struct jt_diag *diag)
{
    struct jeton_options options = JETON_INIT(jeton_options);
    options.ca_file = g->conf.ca_file;
    options.wait_ms = g->conf.wait_s * 1000;
    options.cache_tokens = (size_t)g->conf.cache_tokens;
    options.on_event = on_event;
    /* the library hands it back as it was given; on_event only reads */
    union {
        const struct jt_log *in;
        void *out;
    } log = {.in = g->log};
    options.event_ctx = log.out;
    JT_TRY(jt_rules_make(&g->conf, name, &g->rules, diag));
    jeton_status status = make_verifier(&g->conf, 0, g->conf.issuers.n, &options, &g->verifier);
    if (status != JETON_OK) {
        enum jt_err err = fail(status, g->verifier, &g->conf, g->conf.issuers.n, name, diag);
        /* which of them it is says the check, if it is one */
        return err == JT_ERR_CONFIG ? check_each(&g->conf, name, err, diag) : err;
    }
    for (size_t i = 0; i < g->n_workers; i++) {
        if (jeton_worker_new(g->verifier, &g->workers[i]) != JETON_OK) {
            return JT_ERR_NOMEM;
        }
    }
    return JT_OK;
}

enum jt_err jt_generation_new(struct jt_guardconf *conf, const char *name, size_t n_workers,
                              const struct jt_log *log, struct jt_generation **out_generation,
                              struct jt_diag *diag)
{
    struct jt_generation *g = calloc(1, sizeof *g);
    if (g == NULL) {
        jt_guardconf_release(conf);
        return JT_ERR_NOMEM;
    }
    g->conf = *conf;
    *conf = (struct jt_guardconf){0};
    g->log = log;
    g->workers = calloc(n_workers, sizeof *g->workers);
    g->n_workers = g->workers == NULL ? 0 : n_workers;
    enum jt_err err = g->workers == NULL ? JT_ERR_NOMEM : make(g, name, diag);
    if (err != JT_OK) {
        jt_generation_free(g);
        return err;
    }
    *out_generation = g;
    return JT_OK;
}

void jt_generation_free(struct jt_generation *g)
{
    if (g == NULL) {
        return;
    }
    for (size_t i = 0; i < g->n_workers; i++) {
        jeton_worker_free(g->workers[i]);
    }
    free((void *)g->workers);
    jeton_verifier_free(g->verifier);
    jt_rules_release(&g->rules);
    jt_guardconf_release(&g->conf);
    free(g);
}
