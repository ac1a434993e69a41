/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/rivals/probes.h"

#include <string.h>

static const char *sign_other(struct sample_token good, const struct rival_task *task)
{
    return sample_token_sign(&good, token_maker_key(task->key->alg));
}

/* RFC 8725 sec. 3.1: no signature at all */
static const char *alg_none(struct sample_token good, const struct rival_task *task)
{
    (void)task;
    good.alg = "none";
    return token_maker_join(sample_token_header(&good), sample_token_payload(&good), NULL, 0);
}

/* RFC 8725 sec. 2.1: the public key taken for the secret of an HMAC */
static const char *public_key_as_secret(struct sample_token good, const struct rival_task *task)
{
    uint8_t mac[32];
    good.alg = "HS256";
    const char *header = sample_token_header(&good), *payload = sample_token_payload(&good);
    const char *text = token_maker_text("%s.%s", token_maker_b64(header, strlen(header)),
                                        token_maker_b64(payload, strlen(payload)));
    token_maker_hmac(task->pem, strlen(task->pem), text, mac);
    return token_maker_join(header, payload, mac, sizeof mac);
}

/* RFC 7515 sec. 4.1.11: an extension that nobody here knows */
static const char *unknown_crit(struct sample_token good, const struct rival_task *task)
{
    good.header_more = ",\"crit\":[\"urn:example:x\"],\"urn:example:x\":1";
    return sample_token_sign(&good, task->key);
}

static const char *other_typ(struct sample_token good, const struct rival_task *task)
{
    good.typ = "logout+jwt";
    return sample_token_sign(&good, task->key);
}

static const char *expired(struct sample_token good, const struct rival_task *task)
{
    good.expires_in_s = -10;
    return sample_token_sign(&good, task->key);
}

static const char *not_yet_valid(struct sample_token good, const struct rival_task *task)
{
    good.valid_in_s = 3600;
    return sample_token_sign(&good, task->key);
}

static const char *other_issuer(struct sample_token good, const struct rival_task *task)
{
    good.issuer = SAMPLE_ISSUER "/other";
    return sample_token_sign(&good, task->key);
}

static const char *other_audience(struct sample_token good, const struct rival_task *task)
{
    good.audience = SAMPLE_AUDIENCE "/other";
    return sample_token_sign(&good, task->key);
}

static const char *other_scope(struct sample_token good, const struct rival_task *task)
{
    good.scope = SAMPLE_SCOPE "s";
    return sample_token_sign(&good, task->key);
}

const struct probe probes[] = {
    {"signature", sign_other}, {"none", alg_none},    {"hmac", public_key_as_secret},
    {"crit", unknown_crit},    {"typ", other_typ},    {"exp", expired},
    {"nbf", not_yet_valid},    {"iss", other_issuer}, {"aud", other_audience},
    {"scope", other_scope},    {NULL, NULL},
};

static struct sample_token good_for(const struct rival *rival, const struct rival_task *task)
{
    struct sample_token good = sample_token_good(task->key);
    if (rival->typ != NULL) {
        good.typ = rival->typ;
    }
    return good;
}

const char *probes_good(const struct rival *rival, const struct rival_task *task)
{
    struct sample_token good = good_for(rival, task);
    return sample_token_sign(&good, task->key);
}

bool probes_refused(const struct probe *probe, const struct rival *rival,
                    const struct rival_task *task, void *state)
{
    return !rival->verify(state, probe->make(good_for(rival, task), task));
}
