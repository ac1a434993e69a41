/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "tests/attack/attack_desk.h"

#include <string.h>

const struct token_key *attack_es256, *attack_rs256, *attack_eddsa;
struct desk attack_ec, attack_rsa, attack_ed;

/* As fast as it gets: an attack that a table or a remembered token lets in would be seen. Desks that
 * are opened for one attack have neither. */
static void speed_up(struct jeton_options *options)
{
    options->no_es256_table = 0;
    options->cache_tokens = 256;
}

static void open_fast(struct desk *desk, const struct token_key *key)
{
    struct jeton_policy policy = desk_policy();
    desk_open_with(desk, speed_up, &policy, 1, desk_jwks(key));
    assert_status(desk_judge(desk, desk_token(key, "{}")), JETON_OK);
    desk_settle(desk);
}

int attack_open_desks(void **state)
{
    (void)state;
    attack_es256 = token_maker_key("ES256");
    attack_rs256 = token_maker_key("RS256");
    attack_eddsa = token_maker_key("EdDSA");
    open_fast(&attack_ec, attack_es256);
    open_fast(&attack_rsa, attack_rs256);
    open_fast(&attack_ed, attack_eddsa);
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
