/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/judge/judge.h"

#include <stdatomic.h>

#include "common/jose/b64url.h"
#include "verifier/judge/claimcheck.h"

#include "common/base/base.h"

/* What is known of the token under judgement. */
struct hearing {
    struct jt_span token;
    const struct jeton_require *require;
    const struct jt_tokencache_tag *tag; /* NULL: nothing is remembered */
    struct jt_jws jws;
    const struct jt_policy *policy;
    struct jt_worker_desk *desk;
    const struct jt_jws_header *header;
    enum jt_err form; /* of the claims: JT_OK when they are a JSON object */
    bool of_issuer;   /* the token says that it is of the policy's issuer */
    uint64_t key;     /* number of the key that signed */
};

static enum jt_err decode_signature(jeton_worker *worker, struct jt_span encoded)
{
    /* longer than the longest signature there is: no form of it could be right */
    if (JT_B64URL_DECODED(encoded.n) > sizeof worker->signature) {
        return JT_ERR_SIGNATURE;
    }
    return jt_b64url_decode(encoded, worker->signature, &worker->signature_n);
}

/* Reads the claims, which nothing vouches for yet. */
static enum jt_err load_payload(jeton_worker *worker, struct hearing *hearing)
{
    size_t n = 0;
    JT_TRY(jt_b64url_decode(hearing->jws.payload, worker->text, &n));
    hearing->form = jt_payload_load(&worker->payload, jt_span_of(worker->text, n));
    return JT_OK;
}

/* Only the issuer's own keys are tried: a key of one never vouches for another. With one policy a
 * foreign token is judged by it, so that all that is wrong with it is told. */
static enum jt_err choose_policy(jeton_worker *worker, struct hearing *hearing, size_t *out_place)
{
    const jeton_verifier *verifier = worker->verifier;
    struct jt_span iss = JT_SPAN_NONE;
    enum jt_err err = hearing->form;
    if (err == JT_OK) {
        err = jt_payload_text(&worker->payload, "iss", &iss);
    }
    size_t place = jt_verifier_place(verifier, iss);
    hearing->of_issuer = place < verifier->n;
    if (verifier->n == 1) {
        place = 0;
    } else if (!hearing->of_issuer) {
        return err != JT_OK ? err : JT_ERR_ISS;
    }
    hearing->policy = verifier->policies[place];
    hearing->desk = &worker->desks[place];
    *out_place = place;
    return JT_OK;
}

/* The header: remembered, or parsed now. */
static enum jt_err read_header(jeton_worker *worker, struct hearing *hearing)
{
    const struct jt_worker_memo *memo = &hearing->desk->memo;
    if (jt_span_eq(hearing->jws.header, jt_span_of(memo->text, memo->n))) {
        hearing->header = &memo->header;
        return JT_OK;
    }
    hearing->header = &worker->fresh;
    return jt_jws_parse_header(hearing->jws.header, &worker->fresh);
}

static void remember_header(jeton_worker *worker, const struct hearing *hearing)
{
    struct jt_worker_memo *memo = &hearing->desk->memo;
    if (hearing->header != &worker->fresh) {
        return;
    }
    /* jt_jws_parse_header bounds its length */
    memcpy(memo->text, hearing->jws.header.p, hearing->jws.header.n);
    memo->n = hearing->jws.header.n;
    memo->header = worker->fresh;
}

static enum jt_err check_header(const struct hearing *hearing)
{
    const struct jt_jws_header *header = hearing->header;
    /* RFC 8725 sec. 3.1: the policy says which algorithms, never the token */
    if (!jt_policy_allows(hearing->policy, header->alg)) {
        return JT_ERR_ALG;
    }
    /* RFC 9068 sec. 4, RFC 8725 sec. 3.11: an explicit type keeps other kinds of JWT out */
    return jt_policy_accepts_type(hearing->policy, jt_span_of(header->typ, header->typ_len))
               ? JT_OK
               : JT_ERR_TYP;
}

static void wake_if(const jeton_worker *worker, bool news)
{
    if (news && worker->verifier->refresher != NULL) {
        jt_refresher_wake(worker->verifier->refresher);
    }
}

static enum jt_err find_keys(jeton_worker *worker, const struct hearing *hearing,
                             const struct jt_keyset *set, struct jt_keyset_found *out_found)
{
    struct jt_span kid = jt_span_of(hearing->header->kid, hearing->header->kid_len);
    enum jt_err err = jt_keyset_find(set, kid, hearing->header->alg, out_found);
    if (err == JT_ERR_KID && hearing->form == JT_OK && !hearing->of_issuer) {
        return JT_ERR_ISS; /* no wonder that its key is not here */
    }
    /* only a kid that no key has asks for a fetch: a bad signature never does */
    if (err == JT_ERR_KID && kid.n > 0 && hearing->of_issuer) {
        size_t place = (size_t)(hearing->desk - worker->desks);
        wake_if(worker, jt_keysource_want(worker->verifier->source_of[place], kid));
    }
    return err;
}

/* Is the signature that of one of the keys in `set`? */
static enum jt_err try_keys(jeton_worker *worker, struct hearing *hearing,
                            const struct jt_keyset *set)
{
    if (set == NULL) {
        return JT_ERR_NO_KEYS;
    }
    struct jt_keyset_found found;
    JT_TRY(find_keys(worker, hearing, set, &found));
    const struct jt_alg_row *alg = hearing->header->alg;
    struct jt_span signature = jt_span_of(worker->signature, worker->signature_n);
    for (size_t i = 0; i < found.n; i++) {
        struct jt_verkey *key = set->keys[found.at[i]];
        enum jt_err err = jt_sigcheck_verify(hearing->desk->sigcheck, key, found.at[i], alg,
                                             hearing->jws.signed_part, signature);
        if (err == JT_OK) {
            hearing->key = key->id;
            wake_if(worker, worker->verifier->tables && jt_sigcheck_lacks_table(key, alg) &&
                                jt_currentset_want_table(hearing->desk->current, key));
        }
        if (err != JT_ERR_SIGNATURE) {
            return err;
        }
    }
    return JT_ERR_SIGNATURE;
}

static enum jt_err check_signature(jeton_worker *worker, struct hearing *hearing)
{
    const struct jt_keyset *set = jt_slots_enter(hearing->desk->slot);
    enum jt_err err = try_keys(worker, hearing, set);
    jt_slots_exit(hearing->desk->slot);
    return err;
}

/* Everything up to the signature. */
static enum jt_err hear(jeton_worker *worker, struct hearing *hearing, size_t *out_place)
{
    JT_TRY(jt_jws_split(hearing->token, &hearing->jws));
    JT_TRY(load_payload(worker, hearing));
    JT_TRY(choose_policy(worker, hearing, out_place));
    if (hearing->token.n > hearing->policy->max_token) {
        return JT_ERR_TOKEN_TOO_LONG;
    }
    JT_TRY(read_header(worker, hearing));
    JT_TRY(check_header(hearing));
    JT_TRY(decode_signature(worker, hearing->jws.signature));
    JT_TRY(check_signature(worker, hearing));
    remember_header(worker, hearing);
    return hearing->form;
}

/* The verdict on claims that a signature stands for. */
static enum jt_err judge_claims(jeton_worker *worker, const struct jt_tokencache_known *known,
                                const struct jeton_require *require, struct jeton_result *result)
{
    const struct jt_worker_desk *desk = &worker->desks[known->policy];
    const struct jt_claimcheck check = {.policy = worker->verifier->policies[known->policy],
                                        .require = require,
                                        .now_s = jt_clock_wall_s(&worker->verifier->clock)};
    if (atomic_load_explicit(&desk->current->stale, memory_order_relaxed)) {
        jt_tally_count(worker->tally, known->policy, JT_TALLY_STALE_USES);
    }
    result->policy = known->policy;
    result->key_id = known->kid;
    result->failures = jt_claimcheck_run(&check, &known->claims, result);
    worker->told = known->payload;
    return jt_claimcheck_first(result->failures);
}

/* A token is remembered for what time and route do not change: it was good in itself. */
static bool is_good_in_itself(const struct jeton_result *result)
{
    return (result->failures & ~(JETON_FAIL_SCOPE | JETON_FAIL_AUDIENCE)) == 0;
}

static enum jt_err judge_anew(jeton_worker *worker, struct hearing *hearing,
                              struct jeton_result *result)
{
    JT_TRY(hear(worker, hearing, &result->policy));
    struct jt_tokencache_known known;
    const struct jt_jws_header *header = hearing->header;
    known.policy = result->policy;
    known.key = hearing->key;
    known.payload = jt_payload_whole(&worker->payload);
    known.kid = header->kid_len > 0 ? (struct jeton_slice){header->kid, header->kid_len}
                                    : (struct jeton_slice){NULL, 0};
    JT_TRY(jt_tokenclaims_read(hearing->policy, &worker->payload, &worker->scopes, &known.claims));
    enum jt_err err = judge_claims(worker, &known, hearing->require, result);
    worker->loaded = true;
    if (hearing->tag != NULL && is_good_in_itself(result)) {
        jt_tokencache_put(worker->cache, hearing->tag, &known,
                          jt_clock_wall_s(&worker->verifier->clock));
    }
    return err;
}

/* Forgets the tokens whose key has left its set since the last look. */
static void forget_gone(jeton_worker *worker, size_t place)
{
    struct jt_worker_desk *desk = &worker->desks[place];
    uint64_t generation = jt_currentset_generation(desk->current);
    if (generation == desk->swept) {
        return;
    }
    jt_tokencache_sweep(worker->cache, place, jt_slots_enter(desk->slot));
    jt_slots_exit(desk->slot);
    desk->swept = generation;
}

static const struct jt_tokencache_known *recall(jeton_worker *worker,
                                                const struct jt_tokencache_tag *tag)
{
    const struct jt_tokencache_known *known = jt_tokencache_find(worker->cache, tag);
    if (known == NULL) {
        return NULL;
    }
    forget_gone(worker, known->policy);
    return known->key != 0 ? known : NULL;
}

enum jt_err jt_judge_token(jeton_worker *worker, struct jt_span token,
                           const struct jeton_require *require, struct jeton_result *result)
{
    struct jt_tokencache_tag tag;
    struct hearing hearing = {.token = token, .require = require};
    if (token.n == 0) {
        return JT_ERR_TOKEN_MISSING;
    }
    if (token.n > worker->verifier->max_token) {
        return JT_ERR_TOKEN_TOO_LONG;
    }
    if (worker->cache != NULL && jt_tokencache_tag(worker->cache, token, &tag)) {
        hearing.tag = &tag;
        const struct jt_tokencache_known *known = recall(worker, &tag);
        if (known != NULL) {
            jt_tally_count(worker->tally, known->policy, JT_TALLY_CACHE_HITS);
            return judge_claims(worker, known, require, result);
        }
    }
    return judge_anew(worker, &hearing, result);
}
