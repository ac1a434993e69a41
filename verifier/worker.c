/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot path. Order: size, form, header, algorithm and typ against the policy, key, signature,
 * and only then the claims: nothing that a signature does not cover is believed, and what is cheap
 * to refuse is refused first.
 */
#include <jeton/verifier.h>

#include <stdlib.h>

#include "common/jose/b64url.h"
#include "common/jose/jws.h"
#include "verifier/claimcheck.h"
#include "verifier/sigcheck.h"
#include "verifier/sized.h"
#include "verifier/status.h"
#include "verifier/verifier.h"

#include "common/base/base.h"

/* The last header under which a signature stood: its bytes mean the same again. Forged headers do
 * not get in, so they cannot push it out. */
struct memo {
    size_t n;
    uint8_t text[JT_JWS_MAX_HEADER];
    struct jt_jws_header header;
};

struct jeton_worker {
    jeton_verifier *verifier;
    struct jt_slots *slots;
    struct jt_slot *slot;
    struct jt_sigcheck *sigcheck;
    struct memo memo;
    struct jt_jws_header fresh;
    struct jt_payload claims;
    struct jt_buf scopes; /* where an array of scopes is joined */
    bool stands;          /* the last token's signature and the form of its claims stand */
    size_t signature_n, payload_n;
    uint8_t signature[JT_JWS_MAX_SIG];
    uint8_t payload[]; /* room for the policy's max_token */
};

static enum jt_err make_worker(jeton_verifier *verifier, jeton_worker *worker)
{
    worker->verifier = verifier;
    worker->slots = jt_keysource_slots(verifier->source);
    worker->scopes = (struct jt_buf)JT_BUF_INIT(verifier->policy->max_token);
    JT_TRY(jt_payload_init(&worker->claims, verifier->policy->max_token));
    JT_TRY(jt_sigcheck_new(&worker->sigcheck));
    JT_TRY(jt_buf_reserve(&worker->scopes, verifier->policy->max_token));
    return jt_slots_join(worker->slots, &worker->slot);
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
    jeton_worker *worker = calloc(1, sizeof *worker + verifier->policy->max_token);
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
    jt_slots_leave(worker->slots, worker->slot);
    jt_sigcheck_free(worker->sigcheck);
    jt_payload_release(&worker->claims);
    jt_buf_release(&worker->scopes);
    free(worker);
}

static enum jt_err decode(jeton_worker *worker, const struct jt_jws *jws)
{
    /* longer than the longest signature there is: no form of it could be right */
    if (JT_B64URL_DECODED(jws->signature.n) > sizeof worker->signature) {
        return JT_ERR_SIGNATURE;
    }
    JT_TRY(jt_b64url_decode(jws->signature, worker->signature, &worker->signature_n));
    return jt_b64url_decode(jws->payload, worker->payload, &worker->payload_n);
}

/* The header that `encoded` is: remembered, or parsed now. */
static enum jt_err read_header(jeton_worker *worker, struct jt_span encoded,
                               const struct jt_jws_header **out_header)
{
    if (jt_span_eq(encoded, jt_span_of(worker->memo.text, worker->memo.n))) {
        *out_header = &worker->memo.header;
        return JT_OK;
    }
    JT_TRY(jt_jws_parse_header(encoded, &worker->fresh));
    *out_header = &worker->fresh;
    return JT_OK;
}

static void remember(jeton_worker *worker, struct jt_span encoded)
{
    memcpy(worker->memo.text, encoded.p, encoded.n); /* parse_header bounds its length */
    worker->memo.n = encoded.n;
    worker->memo.header = worker->fresh;
}

static enum jt_err check_header(const struct jt_policy *policy, const struct jt_jws_header *header)
{
    /* RFC 8725 sec. 3.1: the policy says which algorithms, never the token */
    if (!jt_policy_allows(policy, header->alg)) {
        return JT_ERR_ALG;
    }
    /* RFC 9068 sec. 4, RFC 8725 sec. 3.11: an explicit type keeps other kinds of JWT out */
    return jt_policy_accepts_type(policy, jt_span_of(header->typ, header->typ_len)) ? JT_OK
                                                                                    : JT_ERR_TYP;
}

static enum jt_err check_signature(jeton_worker *worker, const struct jt_keyset *set,
                                   const struct jt_jws *jws, const struct jt_jws_header *header)
{
    if (set == NULL) {
        return JT_ERR_NO_KEYS;
    }
    struct jt_keyset_found found;
    struct jt_span kid = jt_span_of(header->kid, header->kid_len);
    enum jt_err err = jt_keyset_find(set, kid, header->alg, &found);
    /* only a kid that no key has asks for a fetch: a bad signature never does */
    if (err == JT_ERR_KID && kid.n > 0 && jt_keysource_want(worker->verifier->source) &&
        worker->verifier->refresher != NULL) {
        jt_refresher_wake(worker->verifier->refresher);
    }
    JT_TRY(err);
    struct jt_span signature = jt_span_of(worker->signature, worker->signature_n);
    for (size_t i = 0; i < found.n; i++) {
        err = jt_sigcheck_verify(worker->sigcheck, set, found.at[i], header->alg, jws->signed_part,
                                 signature);
        if (err != JT_ERR_SIGNATURE) {
            return err;
        }
    }
    return JT_ERR_SIGNATURE;
}

static enum jt_err check_jws(jeton_worker *worker, struct jt_span token,
                             const struct jt_jws_header **out_header)
{
    const struct jt_policy *policy = worker->verifier->policy;
    if (token.n == 0) {
        return JT_ERR_TOKEN_MISSING;
    }
    if (token.n > policy->max_token) {
        return JT_ERR_TOKEN_TOO_LONG;
    }
    struct jt_jws jws;
    const struct jt_jws_header *header = NULL;
    JT_TRY(jt_jws_split(token, &jws));
    JT_TRY(read_header(worker, jws.header, &header));
    JT_TRY(check_header(policy, header));
    JT_TRY(decode(worker, &jws));
    enum jt_err err = check_signature(worker, jt_slots_enter(worker->slot), &jws, header);
    jt_slots_exit(worker->slot);
    JT_TRY(err);
    if (header == &worker->fresh) {
        remember(worker, jws.header);
    }
    *out_header = header;
    return JT_OK;
}

static enum jt_err verify(jeton_worker *worker, struct jt_span token,
                          const struct jeton_require *require, struct jeton_result *result)
{
    struct jeton_require known = {0};
    if (require != NULL && jt_sized_read(require, JT_SIZED_UP_TO(struct jeton_require, all_of),
                                         &known, sizeof known) != JT_OK) {
        return JT_ERR_ARGUMENT;
    }
    const struct jt_jws_header *header = NULL;
    JT_TRY(check_jws(worker, token, &header));
    JT_TRY(jt_payload_load(&worker->claims, jt_span_of(worker->payload, worker->payload_n)));
    const struct jt_claimcheck check = {.policy = worker->verifier->policy,
                                        .require = require != NULL ? &known : NULL,
                                        .now_s = jt_clock_wall_s(&worker->verifier->clock)};
    struct jeton_result filled = *result;
    JT_TRY(jt_claimcheck_run(&check, &worker->claims, &worker->scopes, &filled));
    if (header->kid_len > 0) {
        filled.key_id = (struct jeton_slice){header->kid, header->kid_len};
    }
    worker->stands = true;
    *result = filled;
    return jt_claimcheck_first(filled.failures);
}

static jeton_status verify_into(jeton_worker *worker, struct jt_span token,
                                const struct jeton_require *require, struct jeton_result *result)
{
    struct jeton_result filled = {.size = sizeof filled, .issued_s = -1};
    enum jt_err err = JT_ERR_ARGUMENT;
    if (worker != NULL) {
        worker->stands = false;
        err = verify(worker, token, require, &filled);
    }
    filled.status = jt_status_of(err);
    if (result != NULL && jt_sized_write(result, JT_SIZED_UP_TO(struct jeton_result, issued_s),
                                         &filled, sizeof filled) != JT_OK) {
        if (worker != NULL) {
            worker->stands = false; /* what is answered with an error shows no claims */
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

struct jeton_slice jeton_worker_claim(const jeton_worker *worker, const char *name)
{
    struct jt_span text = JT_SPAN_NONE;
    if (worker == NULL || name == NULL || !worker->stands ||
        jt_payload_text(&worker->claims, name, &text) != JT_OK) {
        return (struct jeton_slice){NULL, 0};
    }
    return (struct jeton_slice){(const char *)text.p, text.n};
}
