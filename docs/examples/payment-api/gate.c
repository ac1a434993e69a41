/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"

#define FIRST_KEYS_MS 5000

bool gate_open(const char *issuer, const char *audience, FILE *talk, jeton_verifier **out_gate)
{
    struct jeton_options options = JETON_INIT(jeton_options);
    options.wait_ms = FIRST_KEYS_MS;
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    policy.issuer = issuer;
    policy.audiences = (const char *const[]){audience, NULL};
    jeton_verifier *gate = NULL;
    jeton_status status = jeton_verifier_new(&options, &policy, 1, &gate);
    if (status != JETON_OK) {
        (void)fprintf(talk, "payment-api: %s: %s\n", jeton_status_name(status),
                      gate == NULL ? jeton_status_text(status) : jeton_verifier_error(gate));
        jeton_verifier_free(gate);
        return false;
    }
    if (!jeton_verifier_ready(gate)) {
        (void)fprintf(talk, "payment-api: no keys yet, answers 503 until they come: %s\n",
                      jeton_verifier_error(gate));
    }
    *out_gate = gate;
    return true;
}

void gate_judge(jeton_worker *pass, const char *authorization, const char *scope,
                struct gate_verdict *out_verdict)
{
    const char *const scopes[] = {scope, NULL};
    struct jeton_require require = JETON_INIT(jeton_require);
    require.all_of = scopes;
    struct jeton_result result = JETON_INIT(jeton_result);
    jeton_status status = jeton_verify_header(pass, authorization, &require, &result);
    *out_verdict = (struct gate_verdict){.http_status = jeton_status_class(status),
                                         .name = jeton_status_name(status),
                                         .text = jeton_status_text(status)};
    /* longer than the room only if `scope` is: then it stays empty */
    (void)jeton_www_authenticate(status, &require, out_verdict->challenge,
                                 sizeof out_verdict->challenge);
    if (status == JETON_OK) {
        (void)snprintf(out_verdict->client, sizeof out_verdict->client, "%.*s",
                       (int)result.client_id.n, result.client_id.p);
    }
}
