/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/sample_token.h"

#include <time.h>

struct sample_token sample_token_good(const struct token_key *key)
{
    return (struct sample_token){.typ = "at+jwt",
                                 .alg = key->alg,
                                 .header_more = "",
                                 .issuer = SAMPLE_ISSUER,
                                 .audience = SAMPLE_AUDIENCE,
                                 .scope = "payments:read " SAMPLE_SCOPE,
                                 .expires_in_s = 36000};
}

const char *sample_token_header(const struct sample_token *sample)
{
    return token_maker_text("{\"typ\":\"%s\",\"alg\":\"%s\",\"kid\":\"" SAMPLE_KID "\"%s}",
                            sample->typ, sample->alg, sample->header_more);
}

const char *sample_token_payload(const struct sample_token *sample)
{
    long long now = (long long)time(NULL);
    return token_maker_text(
        "{\"iss\":\"%s\",\"sub\":\"cart-service\",\"aud\":\"%s\",\"client_id\":\"cart-service\","
        "\"scope\":\"%s\",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld,"
        "\"jti\":\"0b5e2f8c9d7a4e61b3f0a2c4d6e8f012\"}",
        sample->issuer, sample->audience, sample->scope, now, now + sample->valid_in_s,
        now + sample->expires_in_s);
}

const char *sample_token_sign(const struct sample_token *sample, const struct token_key *key)
{
    return token_maker_sign(key, sample_token_header(sample), sample_token_payload(sample));
}
