/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verifier.h"

#include <sodium.h>
#include <stdlib.h>

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
    if (jt_sized_read(given, JT_SIZED_UP_TO(struct jeton_options, no_thread), out, sizeof *out) !=
        JT_OK) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "options.size is wrong: initialise with JETON_INIT(jeton_options)");
    }
    if (out->wait_ms < 0) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT, "options.wait_ms is negative");
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

static enum jt_err make_source(jeton_verifier *verifier, const struct jeton_options *options)
{
    struct jt_keysource_fetch fetch = {.get = options->fetch, .ctx = options->fetch_ctx};
    if (fetch.get == NULL && verifier->policy->fetches) {
        JT_TRY(jt_fetch_new(options->ca_file, &verifier->error, &verifier->own_fetch));
        fetch = (struct jt_keysource_fetch){
            .get = jt_fetch_get, .ctx = verifier->own_fetch, .own = verifier->own_fetch};
    }
    JT_TRY(jt_keysource_new(verifier->policy, &verifier->clock, &fetch, &verifier->source));
    if (verifier->policy->jwks_file == NULL) {
        return JT_OK;
    }
    return jt_keysource_load(verifier->source, verifier->policy->jwks_file, &verifier->error);
}

/* With no thread of ours, waiting is doing it. */
static enum jt_err poll_first(jeton_verifier *verifier, int64_t wait_ms)
{
    int64_t end_ms = jt_clock_boot_ms(&verifier->clock) + wait_ms;
    while (jt_keysource_attempts(verifier->source) == 0 &&
           jt_clock_boot_ms(&verifier->clock) <= end_ms) {
        (void)jt_keysource_step(verifier->source); /* an attempt is due, so it makes a request */
    }
    return jt_keysource_failure(verifier->source, &verifier->error);
}

/* That the first fetch fails is told in `error`, and is no failure: the issuer may come back. */
static enum jt_err start_fetching(jeton_verifier *verifier, const struct jeton_options *options)
{
    if (!verifier->policy->fetches) {
        return JT_OK;
    }
    bool wait = options->wait_ms > 0 && !jt_keysource_ready(verifier->source);
    enum jt_err first = JT_OK;
    if (options->no_thread != 0) {
        first = wait ? poll_first(verifier, options->wait_ms) : JT_OK;
    } else {
        JT_TRY(jt_refresher_new(verifier->source, &verifier->refresher));
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
    if (policies == NULL || n_policies != 1) {
        return jt_diag_fail(&verifier->error, JT_ERR_ARGUMENT,
                            "exactly one policy is supported by this version");
    }
    if (sodium_init() < 0) {
        return JT_ERR_CRYPTO;
    }
    verifier->clock = make_clock(&options);
    JT_TRY(jt_policy_new(policies, &verifier->error, &verifier->policy));
    JT_TRY(make_source(verifier, &options));
    return start_fetching(verifier, &options);
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
    jt_keysource_free(verifier->source);
    jt_fetch_free(verifier->own_fetch);
    jt_policy_free(verifier->policy);
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
    return jt_keysource_step(verifier->source);
}

int jeton_verifier_ready(const jeton_verifier *verifier)
{
    return verifier != NULL && verifier->usable && jt_keysource_ready(verifier->source);
}
