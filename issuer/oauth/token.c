/* SPDX-License-Identifier: Apache-2.0 */
/* POST /oauth2/token: read, authenticate, decide, sign, answer. One root is read for all of it. */
#include "common/jose/b64url.h"
#include "common/json/json.h"
#include "issuer/access/client_secret.h"
#include "issuer/oauth/oauth.h"
#include "issuer/oauth/token_request.h"
#include "issuer/token_claims.h"
#include "issuer/token_error.h"

#include "common/base/base.h"

#define JTI_BYTES 16
#define JTI_LEN   JT_B64URL_LEN(JTI_BYTES)
#define BODY_ROOM \
    1000 /* most answers fit; with the NUL in what malloc gives from its fastest list */

/* All that one request makes on its way; released as a whole. */
struct issuing {
    struct jt_issuer_worker *worker;
    const struct jt_root *root;
    struct jt_token_request ask;
    const struct jt_client *client;
    struct jt_decision decision;
    struct jt_buf *scope; /* the worker's */
    char jti[JTI_LEN + 1];
    struct jt_diag diag;
};

/* RFC 6749 sec. 4.4.2 */
static enum jt_err check_grant_type(struct issuing *issuing)
{
    struct jt_span grant_type = issuing->ask.grant_type;
    if (grant_type.n == 0) {
        return jt_diag_fail(&issuing->diag, JT_ERR_REQUEST,
                            "grant_type is missing; send grant_type=client_credentials");
    }
    if (!jt_span_is(grant_type, "client_credentials")) {
        return jt_diag_fail(&issuing->diag, JT_ERR_GRANT_TYPE,
                            "the only grant type here is client_credentials");
    }
    return JT_OK;
}

/* Cut off from its database for too long: who may do what is not known any more. */
static enum jt_err check_staleness(struct issuing *issuing)
{
    if (!jt_issuer_is_stale(issuing->worker->issuer, issuing->root)) {
        return JT_OK;
    }
    return jt_diag_fail(&issuing->diag, JT_ERR_STORE_STALE,
                        "the issuer cannot reach its database; try again later");
}

static enum jt_err authenticate(struct issuing *issuing)
{
    const struct jt_issuer *issuer = issuing->worker->issuer;
    const struct jt_client *client =
        jt_access_client(issuing->root->access, issuing->ask.client_id);
    enum jt_err err =
        jt_client_secret_check(issuing->worker->hasher, client, issuing->ask.client_secret,
                               jt_clock_wall_s(issuer->clock));
    if (err == JT_ERR_CLIENT) {
        /* the same words for an unknown client, a disabled one and a wrong secret */
        return jt_diag_fail(&issuing->diag, err, JT_TOKEN_ERROR_CLIENT);
    }
    issuing->client = client;
    return err;
}

static enum jt_err decide(struct issuing *issuing)
{
    struct jt_decide_ask ask = {issuing->ask.resources, issuing->ask.n_resources,
                                issuing->ask.scope};
    JT_TRY(jt_decide(issuing->root->access, issuing->client, &ask, &issuing->decision,
                     &issuing->diag));
    return jt_token_claims_scope(&issuing->decision, issuing->scope);
}

static enum jt_err make_jti(struct issuing *issuing)
{
    uint8_t bytes[JTI_BYTES];
    JT_TRY(jt_randompool_take(&issuing->worker->ids, bytes, sizeof bytes));
    jt_b64url_encode(jt_span_of(bytes, sizeof bytes), issuing->jti);
    return JT_OK;
}

static enum jt_err sign(struct issuing *issuing, struct jt_buf *out)
{
    const struct jt_token_claims_own own = {jt_buf_span(issuing->scope), jt_span_str(issuing->jti),
                                            jt_clock_wall_s(issuing->worker->issuer->clock)};
    struct jt_token_claims made;
    jt_token_claims_fill(issuing->root, issuing->client, &issuing->decision, &own, &made);
    const char *kid = issuing->root->keys->signing_kid[issuing->decision.alg];
    JT_TRY(jt_signer_sign(issuing->worker->lane, jt_span_str(kid), &made.claims, out));
    jt_counter_token(issuing->worker->counter, kid, own.now_s, made.claims.exp_s);
    return JT_OK;
}

/* RFC 6749 sec. 5.1; scope always stands in the answer, whatever was asked. */
static enum jt_err answer_token(struct issuing *issuing, struct jt_answer *answer)
{
    struct jt_buf *body = &answer->body;
    JT_TRY(make_jti(issuing));
    JT_TRY(jt_buf_reserve(body, BODY_ROOM)); /* most tokens: one allocation */
    JT_TRY(jt_buf_put(body, JT_SPAN("{\"access_token\":\"")));
    JT_TRY(sign(issuing, body));
    JT_TRY(jt_buf_put(body, JT_SPAN("\",\"token_type\":\"Bearer\",\"expires_in\":")));
    JT_TRY(jt_buf_puti(body, issuing->decision.lifetime_s));
    JT_TRY(jt_buf_put(body, JT_SPAN(",\"scope\":")));
    JT_TRY(jt_json_put_string(body, jt_buf_span(issuing->scope)));
    JT_TRY(jt_buf_putc(body, '}'));
    answer->status = 200;
    answer->content_type = "application/json";
    answer->cache_control = "no-store";
    jt_answer_header(answer, "Pragma", "no-cache");
    return JT_OK;
}

/* The key part may have changed between reading the root and signing: the old key is wiped as soon
 * as the new root is out. The new root is read, once. */
static enum jt_err issue(struct issuing *issuing, struct jt_answer *answer)
{
    JT_TRY(check_grant_type(issuing));
    JT_TRY(check_staleness(issuing));
    for (int attempt = 0;; attempt++) {
        jt_buf_clear(issuing->scope);
        JT_TRY(authenticate(issuing));
        JT_TRY(decide(issuing));
        enum jt_err err = answer_token(issuing, answer);
        if (err != JT_ERR_KEY_ABSENT || attempt > 0) {
            return err;
        }
        jt_buf_clear(&answer->body);
        jt_issuer_exit(issuing->worker);
        issuing->root = jt_issuer_enter(issuing->worker);
    }
}

static void log_outcome(const struct issuing *issuing, const struct jt_request *request,
                        enum jt_err err)
{
    struct jt_log *log = issuing->worker->issuer->log;
    char text[JT_REQUEST_PEER];
    struct jt_span peer = jt_request_peer(request, text);
    if (err != JT_OK) {
        /* id and secret exchanged is a common mistake: a secret stays out of the log there too */
        struct jt_span client = jt_client_secret_well_formed(issuing->ask.client_id)
                                    ? JT_SPAN("(a secret)")
                                    : issuing->ask.client_id;
        jt_log(log, JT_EV_TOKEN_REFUSE, jt_log_peer("client", client), jt_log_err(err),
               jt_log_str("why", issuing->diag.text), jt_log_own("peer", peer));
        return;
    }
    const struct jt_decision *decision = &issuing->decision;
    struct jt_span first = decision->resources[0]->object.id;
    JT_AUTO(buf) all = JT_BUF_INIT(JT_DECIDE_MAX_RESOURCES * (JT_NAMES_MAX_IDENTIFIER + 1));
    for (size_t i = 0; decision->n_resources > 1 && i < decision->n_resources; i++) {
        /* out of memory: the line tells fewer */
        JT_IGNORE(jt_buf_puts(&all, i == 0 ? "" : " "));
        JT_IGNORE(jt_buf_put(&all, decision->resources[i]->object.id));
    }
    jt_log(log, JT_EV_TOKEN_ISSUE, jt_log_own("client", issuing->client->object.id),
           jt_log_own("resource", all.len > 0 ? jt_buf_span(&all) : first),
           jt_log_own("scope", jt_buf_span(issuing->scope)),
           jt_log_str("kid", issuing->root->keys->signing_kid[decision->alg]),
           jt_log_str("jti", issuing->jti), jt_log_own("peer", peer));
}

void jt_token_post(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app; /* the worker knows the issuer */
    JT_UNCLEARED struct issuing issuing;
    issuing.worker = request->thread;
    issuing.client = NULL;
    issuing.scope = &issuing.worker->scope;
    issuing.diag.text[0] = 0;
    issuing.root = jt_issuer_enter(issuing.worker);
    bool allow_query =
        jt_span_is(jt_span_str(issuing.root->settings->config.query_parameters), "allow");
    enum jt_err err = jt_token_request_parse(request, allow_query, &issuing.ask, &issuing.diag);
    if (err == JT_OK) {
        err = issue(&issuing, answer);
    }
    log_outcome(&issuing, request, err);
    jt_issuer_exit(issuing.worker);
    if (err != JT_OK) {
        jt_oauth_refuse(answer, err, jt_diag_text(&issuing.diag, err), issuing.ask.by_header);
    }
    jt_token_request_release(&issuing.ask);
}
