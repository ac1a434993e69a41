/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "tests/attack/attack_desk.h"

#include <string.h>

const struct token_key *attack_es256, *attack_rs256, *attack_eddsa;
struct desk attack_ec, attack_rsa, attack_ed;

int attack_open_desks(void **state)
{
    (void)state;
    attack_es256 = token_maker_key("ES256");
    attack_rs256 = token_maker_key("RS256");
    attack_eddsa = token_maker_key("EdDSA");
    desk_open(&attack_ec, NULL, desk_jwks(attack_es256));
    desk_open(&attack_rsa, NULL, desk_jwks(attack_rs256));
    desk_open(&attack_ed, NULL, desk_jwks(attack_eddsa));
    return 0;
}

int attack_close_desks(void **state)
{
    (void)state;
    desk_close(&attack_ec);
    desk_close(&attack_rsa);
    desk_close(&attack_ed);
    token_maker_release();
    return 0;
}

const char *attack_signed_part(const char *header, const char *payload)
{
    return token_maker_text("%s.%s", token_maker_b64(header, strlen(header)),
                            token_maker_b64(payload, strlen(payload)));
}

void attack_refuse_header(struct desk *desk, const struct token_key *key, const char *header,
                          jeton_status want)
{
    assert_pair(desk, token_maker_sign(key, header, desk_claims("{}")), want,
                desk_token(key, "{}"));
}

void attack_refuse_payload(const char *payload, jeton_status want)
{
    assert_pair(&attack_ec, token_maker_sign(attack_es256, desk_header("ES256"), payload), want,
                desk_token(attack_es256, "{}"));
}

jeton_status attack_judge_with_jwks(const char *jwks, const char *token)
{
    struct jeton_policy policy = desk_policy();
    policy.algorithms = JETON_ES256 | JETON_ES384 | JETON_ES512 | JETON_RS256 | JETON_RS384 |
                        JETON_RS512 | JETON_PS256 | JETON_PS384 | JETON_PS512 | JETON_EDDSA;
    struct desk desk;
    desk_open(&desk, &policy, jwks);
    jeton_status status = desk_judge(&desk, token);
    desk_close(&desk);
    return status;
}

jeton_status attack_judge_beside_good(const char *jwk, const char *token)
{
    return attack_judge_with_jwks(
        token_maker_jwks(jwk, token_maker_jwk(attack_es256, "\"kid\":\"k2\""), NULL), token);
}
