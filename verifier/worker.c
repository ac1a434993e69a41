/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/worker.h"

#include <stdlib.h>

#include "verifier/judge/judge.h"
#include "verifier/sized.h"
#include "verifier/status.h"

#include "common/base/base.h"

static enum jt_err make_desk(jeton_verifier *verifier, size_t place, struct jt_worker_desk *desk)
{
    desk->current = jt_keysource_current(verifier->source_of[place]);
    JT_TRY(jt_sigcheck_new(&desk->sigcheck));
    return jt_slots_join(desk->current->slots, &desk->slot);
}

static enum jt_err make_worker(jeton_verifier *verifier, jeton_worker *worker)
{
    worker->verifier = verifier;
    worker->scopes = (struct jt_buf)JT_BUF_INIT(verifier->max_token);
    worker->text = malloc(verifier->max_token);
    worker->desks = calloc(verifier->n, sizeof *worker->desks);
    if (worker->text == NULL || worker->desks == NULL) {
        return JT_ERR_NOMEM;
    }
    JT_TRY(jt_buf_reserve(&worker->scopes, verifier->max_token));
    JT_TRY(jt_payload_init(&worker->payload, verifier->max_token));
    JT_TRY(jt_tallies_join(verifier->tallies, &worker->tally));
    if (verifier->cache_tokens > 0) {
        JT_TRY(jt_tokencache_new(verifier->cache_tokens, &jt_random_system, &worker->cache));
    }
    for (size_t i = 0; i < verifier->n; i++) {
        JT_TRY(make_desk(verifier, i, &worker->desks[i]));
    }
    return JT_OK;
}

jeton_status jeton_worker_new(jeton_verifier *verifier, jeton_worker **out_worker)
{
    if (out_worker == NULL) {
        return JETON_USAGE;
    }
    *out_worker = NULL;
    if (verifier == NULL || !verifier->usable) {
        return JETON_USAGE;
    }
    jeton_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return JETON_NO_MEMORY;
    }
    enum jt_err err = make_worker(verifier, worker);
    if (err != JT_OK) {
        jeton_worker_free(worker);
        return jt_status_of(err);
    }
    *out_worker = worker;
    return JETON_OK;
}

void jeton_worker_free(jeton_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    for (size_t i = 0; worker->desks != NULL && i < worker->verifier->n; i++) {
        struct jt_worker_desk *desk = &worker->desks[i];
        if (desk->slot != NULL) {
            jt_slots_leave(desk->current->slots, desk->slot);
        }
        jt_sigcheck_free(desk->sigcheck);
    }
    jt_tallies_leave(worker->verifier->tallies, worker->tally);
    jt_tokencache_free(worker->cache);
    jt_payload_release(&worker->payload);
    jt_buf_release(&worker->scopes);
    free(worker->desks);
    free(worker->text);
    free(worker);
}

static enum jt_err verify(jeton_worker *worker, struct jt_span token,
                          const struct jeton_require *require, struct jeton_result *result)
{
    struct jeton_require known = {0};
    if (require != NULL &&
        jt_sized_read(require, JT_SIZED_REQUIRE, &known, sizeof known) != JT_OK) {
        return JT_ERR_ARGUMENT;
    }
    return jt_judge_token(worker, token, require != NULL ? &known : NULL, result);
}

/* Shows none of the claims of the last token. */
static void hide(jeton_worker *worker)
{
    worker->told = JT_SPAN_NONE;
    worker->loaded = false;
}

static jeton_status verify_into(jeton_worker *worker, struct jt_span token,
                                const struct jeton_require *require, struct jeton_result *result)
{
    struct jeton_result filled = {.size = sizeof filled, .status = JETON_USAGE, .issued_s = -1};
    if (worker != NULL) {
        hide(worker);
        filled.policy = worker->verifier->n;
        filled.status = jt_status_of(verify(worker, token, require, &filled));
        jt_tally_count(worker->tally, filled.policy, filled.status);
    }
    if (result != NULL && jt_sized_write(result, JT_SIZED_UP_TO(struct jeton_result, policy),
                                         &filled, sizeof filled) != JT_OK) {
        if (worker != NULL) {
            hide(worker); /* what is answered with an error shows no claims */
        }
        return JETON_USAGE;
    }
    return filled.status;
}

jeton_status jeton_verify(jeton_worker *worker, const char *token, size_t token_len,
                          const struct jeton_require *require, struct jeton_result *result)
{
    struct jt_span span = token == NULL ? JT_SPAN_NONE : jt_span_of(token, token_len);
    return verify_into(worker, span, require, result);
}

jeton_status jeton_verify_header(jeton_worker *worker, const char *authorization,
                                 const struct jeton_require *require, struct jeton_result *result)
{
    struct jt_span rest = jt_span_str(authorization);
    struct jt_span token = JT_SPAN_NONE;
    /* RFC 6750 sec. 2.1, RFC 9110 sec. 11.1: the scheme in any case, then 1*SP */
    const struct jt_span scheme = JT_SPAN("bearer ");
    if (rest.n >= scheme.n && jt_span_eq_nocase(jt_span_of(rest.p, scheme.n), scheme)) {
        size_t at = scheme.n;
        while (at < rest.n && rest.p[at] == ' ') {
            at++;
        }
        token = jt_span_of(rest.p + at, rest.n - at);
    }
    return verify_into(worker, token, require, result);
}

/* The claims of the last token, NULL when none are to be shown. */
static const struct jt_payload *claims_of(jeton_worker *worker, const char *name)
{
    if (worker == NULL || name == NULL || worker->told.p == NULL) {
        return NULL;
    }
    if (!worker->loaded && jt_payload_load(&worker->payload, worker->told) != JT_OK) {
        return NULL;
    }
    worker->loaded = true;
    return &worker->payload;
}

struct jeton_slice jeton_worker_claim(jeton_worker *worker, const char *name)
{
    const struct jt_payload *claims = claims_of(worker, name);
    struct jt_span text = JT_SPAN_NONE;
    if (claims == NULL || jt_payload_text(claims, name, &text) != JT_OK) {
        return (struct jeton_slice){NULL, 0};
    }
    return (struct jeton_slice){(const char *)text.p, text.n};
}

struct jeton_slice jeton_worker_claim_json(jeton_worker *worker, const char *name)
{
    const struct jt_payload *claims = claims_of(worker, name);
    struct jt_span text = JT_SPAN_NONE;
    if (claims == NULL || jt_payload_raw(claims, name, &text) != JT_OK) {
        return (struct jeton_slice){NULL, 0};
    }
    return (struct jeton_slice){(const char *)text.p, text.n};
}

struct jeton_slice jeton_worker_claims_json(jeton_worker *worker)
{
    struct jt_span told = worker == NULL ? JT_SPAN_NONE : worker->told;
    return (struct jeton_slice){(const char *)told.p, told.n};
}

struct jeton_slice jeton_worker_claim_at(jeton_worker *worker, const char *name, size_t at)
{
    const struct jt_payload *claims = claims_of(worker, name);
    size_t n = 0;
    if (claims == NULL || jt_payload_count(claims, name, &n) != JT_OK || at >= n) {
        return (struct jeton_slice){NULL, 0};
    }
    struct jt_span text = jt_payload_element(claims, name, at);
    return (struct jeton_slice){(const char *)text.p, text.n};
}
