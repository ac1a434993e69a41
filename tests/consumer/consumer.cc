// SPDX-License-Identifier: Apache-2.0
// consumer JWKS-FILE TOKEN: that the headers are C++, and their names are C's.
#include <jeton/verifier.h>

#include <cstdio>
#include <cstring>
#include <string>

static int failures = 0;

static void expect(bool good, const char *what)
{
    if (!good) {
        std::printf("consumer.cc: %s\n", what);
        failures++;
    }
}

static void count_event(void *ctx, const jeton_event *event)
{
    *static_cast<int *>(ctx) += event->kind == JETON_EVENT_SET;
}

static void refuse_empty_policy()
{
    jeton_policy policy = JETON_INIT(jeton_policy);
    jeton_options options = JETON_INIT(jeton_options);
    options.no_thread = 1;
    jeton_verifier *verifier = nullptr;
    jeton_status status = jeton_verifier_new(&options, &policy, 1, &verifier);
    expect(status == JETON_USAGE, jeton_status_name(status));
    expect(std::strlen(jeton_verifier_error(verifier)) > 0, "no sentence for a policy without issuer");
    expect(policy.size == sizeof policy, "JETON_INIT");
    jeton_verifier_free(verifier);
}

static void judge(jeton_verifier *verifier, jeton_worker *worker, const char *token)
{
    jeton_result result = JETON_INIT(jeton_result);
    jeton_require require = JETON_INIT(jeton_require);
    const char *const audiences[] = {"https://payment.example.com/api", nullptr};
    require.audiences = audiences;
    jeton_status status = jeton_verify(worker, token, std::strlen(token), &require, &result);
    expect(status == JETON_OK, jeton_status_text(status));
    jeton_slice subject = jeton_worker_claim_json(worker, "sub");
    expect(std::string(subject.p, subject.n) == "\"cart\"", "the JSON of sub");
    jeton_slice audience = jeton_worker_claim_at(worker, "aud", 0);
    expect(std::string(audience.p, audience.n) == audiences[0], "the first of aud");
    expect(jeton_worker_claim_at(worker, "aud", 1).p == nullptr, "aud has one element");
    jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    expect(jeton_verifier_info(verifier, 0, &info) == JETON_OK && info.keys == 1, "info");
    expect(jeton_verifier_info(verifier, 1, &info) == JETON_USAGE, "info of no place");
    expect(jeton_verifier_count(verifier, 0, JETON_OK) == 1, "count");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 1;
    }
    refuse_empty_policy();
    jeton_policy policy = JETON_INIT(jeton_policy);
    jeton_options options = JETON_INIT(jeton_options);
    const char *const audiences[] = {"https://payment.example.com/api", nullptr};
    int sets = 0;
    options.on_event = count_event;
    options.event_ctx = &sets;
    options.cache_tokens = 16;
    policy.issuer = "https://id.example.com";
    policy.audiences = audiences;
    policy.jwks_file = argv[1];
    jeton_verifier *verifier = nullptr;
    jeton_worker *worker = nullptr;
    expect(jeton_verifier_new(&options, &policy, 1, &verifier) == JETON_OK, "no verifier");
    expect(jeton_worker_new(verifier, &worker) == JETON_OK, "no worker");
    judge(verifier, worker, argv[2]);
    jeton_worker_free(worker);
    jeton_verifier_free(verifier);
    return failures == 0 ? 0 : 1;
}
