/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/authority.h"

#include <jeton/verifier.h>
#include <stdio.h>
#include <stdlib.h>

#include "issuer/access/decide.h"
#include "issuer/admin/problem.h"

#include "common/base/base.h"

#define JWKS_URI    "https://jwks.invalid/" /* never asked: the hook has the set at hand */
#define WAIT_MS     1000                    /* the hook answers at once */
#define MAX_SCOPES  16
#define TOKENS_KEPT 32

struct jt_authority_pass {
    const struct jt_clock *clock;
    struct jt_buf audience;
    char etag[sizeof((struct jt_key_part *)NULL)->etag]; /* of the set that the verifier has */
    jeton_verifier *verifier;
    jeton_worker *worker;
};

/* --- the verifier --- */

static jeton_status hand_set(void *ctx, const char *url, size_t max_body,
                             struct jeton_response *out)
{
    const struct jt_buf *jwks = ctx;
    (void)url; /* there is one set */
    if (jwks->len > max_body) {
        return JETON_FETCH_FAILED;
    }
    *out = (struct jeton_response){jwks->p, jwks->len, -1};
    return JETON_OK;
}

static void forget(struct jt_authority_pass *pass)
{
    jeton_worker_free(pass->worker);
    jeton_verifier_free(pass->verifier);
    pass->worker = NULL;
    pass->verifier = NULL;
    pass->etag[0] = 0;
}

static jeton_status make_verifier(struct jt_authority_pass *pass, const struct jt_root *root)
{
    struct jeton_options options = JETON_INIT(jeton_options);
    options.fetch = hand_set;
    options.fetch_ctx = &root->keys->jwks; /* made and read now, never later: nothing polls */
    options.now_s = pass->clock->wall_s;
    options.monotonic_ms = pass->clock->boot_ms;
    options.clock_ctx = pass->clock->ctx;
    options.wait_ms = WAIT_MS;
    options.no_thread = 1;
    options.cache_tokens = TOKENS_KEPT;
    options.no_es256_table = 1; /* 150 KB for a few requests */
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    policy.issuer = root->settings->config.issuer;
    policy.audiences = (const char *const[]){jt_buf_str(&pass->audience), NULL};
    policy.jwks_uri = JWKS_URI;
    jeton_status status = jeton_verifier_new(&options, &policy, 1, &pass->verifier);
    return status == JETON_OK ? jeton_worker_new(pass->verifier, &pass->worker) : status;
}

/* Makes the verifier one of the key set that is published now. */
static jeton_status renew(struct jt_authority_pass *pass, const struct jt_root *root)
{
    const char *etag = root->keys->etag;
    if (pass->worker != NULL && jt_span_is(jt_span_str(pass->etag), etag)) {
        return JETON_OK;
    }
    forget(pass);
    if (pass->audience.len == 0 && jt_buf_printf(&pass->audience, "%s" JT_CONFIG_ADMIN,
                                                 root->settings->config.issuer) != JT_OK) {
        return JETON_NO_MEMORY;
    }
    jeton_status status = make_verifier(pass, root);
    if (status != JETON_OK) {
        forget(pass);
        return status;
    }
    (void)snprintf(pass->etag, sizeof pass->etag, "%s", etag); /* of the same size */
    return JETON_OK;
}

enum jt_err jt_authority_pass_new(const struct jt_clock *clock, struct jt_authority_pass **out_pass)
{
    struct jt_authority_pass *pass = calloc(1, sizeof *pass);
    if (pass == NULL) {
        return JT_ERR_NOMEM;
    }
    pass->clock = clock;
    pass->audience.max = JT_NAMES_MAX_IDENTIFIER;
    *out_pass = pass;
    return JT_OK;
}

void jt_authority_pass_free(struct jt_authority_pass *pass)
{
    if (pass != NULL) {
        forget(pass);
        jt_buf_release(&pass->audience);
        free(pass);
    }
}

/* --- the verdict --- */

/* The words of `scopes`, as libjeton wants them. */
struct needed {
    char text[JT_AUTHORITY_MAX_TEXT];
    const char *names[MAX_SCOPES + 1];
    struct jeton_require require;
};

static void split(const char *scopes, struct needed *out)
{
    size_t n = 0;
    struct jt_span rest, word;
    (void)snprintf(out->text, sizeof out->text, "%s", scopes); /* a row of our table: it fits */
    rest = jt_span_str(out->text);
    while (n < MAX_SCOPES && jt_span_word(&rest, &word)) {
        out->names[n++] = (const char *)word.p;
    }
    out->names[n] = NULL;
    for (char *c = out->text; *c != 0; c++) {
        if (*c == ' ') {
            *c = 0; /* each word ends: the loop above has passed them all */
        }
    }
    out->require = (struct jeton_require){.size = sizeof out->require, .all_of = out->names};
}

static void refuse(struct jt_authority_verdict *verdict, jeton_status status,
                   const struct needed *needed, const char *scopes)
{
    verdict->status = jeton_status_class(status);
    verdict->code = jeton_status_name(status);
    verdict->title = verdict->status == 401   ? "the token is not acceptable"
                     : verdict->status == 403 ? "the token does not suffice"
                                              : "the token cannot be judged";
    (void)snprintf(verdict->detail, sizeof verdict->detail, "%s%s%s", jeton_status_text(status),
                   verdict->status == 403 ? " Needed: " : "", verdict->status == 403 ? scopes : "");
    (void)jeton_www_authenticate(status, &needed->require, verdict->challenge,
                                 sizeof verdict->challenge); /* "" when none is due */
}

/* The client is known by its token, and may not use it any more. */
static void refuse_client(struct jt_authority_verdict *verdict)
{
    *verdict = (struct jt_authority_verdict){
        .status = 401,
        .code = "client_disabled",
        .title = "the token is not acceptable",
        .detail = "The client of this token is disabled or deleted: enable it, or use another.",
        .challenge =
            "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"The client "
            "of this token is disabled or deleted.\""};
}

static bool gives_all(const struct jt_decision *decision, const struct needed *needed)
{
    for (const char *const *name = needed->names; *name != NULL; name++) {
        size_t i = 0;
        while (i < decision->n_scopes && !jt_span_is(decision->scopes[i].name, *name)) {
            i++;
        }
        if (i == decision->n_scopes) {
            return false;
        }
    }
    return true;
}

/* What the client holds now, by the same decision that its tokens come from. */
static jeton_status decide(const struct jt_authority_pass *pass, const struct jt_root *root,
                           const struct jt_client *client, const char *scopes,
                           const struct needed *needed)
{
    struct jt_span resource = jt_buf_span(&pass->audience);
    struct jt_decide_ask ask = {&resource, 1, jt_span_str(scopes)};
    struct jt_decision decision;
    switch (jt_decide(root->access, client, &ask, &decision, NULL)) {
    case JT_OK:
        return gives_all(&decision, needed) ? JETON_OK : JETON_INSUFFICIENT_SCOPE;
    case JT_ERR_TARGET:
    case JT_ERR_INVALID_SCOPE:
        return JETON_INSUFFICIENT_SCOPE;
    default:
        return JETON_NO_MEMORY;
    }
}

static jeton_status verify(struct jt_authority_pass *pass, struct jt_span authorization,
                           const struct needed *needed, struct jeton_result *result)
{
    char *text = NULL;
    if (authorization.p != NULL && jt_buf_strdup(authorization, &text) != JT_OK) {
        return JETON_NO_MEMORY;
    }
    jeton_status status = jeton_verify_header(pass->worker, text, &needed->require, result);
    free(text);
    return status;
}

void jt_authority_judge(struct jt_authority_pass *pass, const struct jt_root *root,
                        struct jt_span authorization, const char *scopes,
                        struct jt_authority_verdict *out_verdict)
{
    struct needed needed = {.text = ""};
    struct jeton_result result = JETON_INIT(jeton_result);
    *out_verdict = (struct jt_authority_verdict){0};
    split(scopes, &needed);
    jeton_status status = renew(pass, root);
    if (status == JETON_OK) {
        status = verify(pass, authorization, &needed, &result);
    }
    if (status != JETON_OK) {
        refuse(out_verdict, status, &needed, scopes);
        return;
    }
    struct jt_span client_id = jt_span_of(result.client_id.p, result.client_id.n);
    const struct jt_client *client = jt_access_client(root->access, client_id);
    if (client == NULL || !client->enabled || client_id.n > JT_NAMES_MAX) {
        refuse_client(out_verdict);
        return;
    }
    status = decide(pass, root, client, scopes, &needed);
    if (status != JETON_OK) {
        refuse(out_verdict, status, &needed, scopes);
        if (status == JETON_INSUFFICIENT_SCOPE) {
            (void)snprintf(out_verdict->detail, sizeof out_verdict->detail,
                           "The client no longer holds %s on %s: grant it.",
                           scopes[0] == 0 ? "anything" : scopes, jt_buf_str(&pass->audience));
        }
        return;
    }
    (void)snprintf(out_verdict->name, sizeof out_verdict->name, "client %.*s", (int)client_id.n,
                   (const char *)client_id.p); /* fits: a name of at most JT_NAMES_MAX */
    out_verdict->actor = (struct jt_actor){
        out_verdict->name, jt_span_of(out_verdict->name + sizeof "client " - 1, client_id.n),
        jt_span_of(result.scope.p, result.scope.n), jt_span_str(scopes)};
}

void jt_authority_refuse(const struct jt_authority_verdict *verdict, struct jt_answer *answer)
{
    struct jt_problem problem = {.status = verdict->status,
                                 .code = verdict->code,
                                 .title = verdict->title,
                                 .detail = verdict->detail};
    jt_problem_put(answer, &problem);
    if (verdict->challenge[0] != 0) {
        jt_answer_header(answer, "WWW-Authenticate", "%s", verdict->challenge);
    }
}
