/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the attack tests share: three keys, a verifier for each, and the ways to judge a forgery.
 * Ownership: from attack_open_desks to attack_close_desks.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_ATTACK_ATTACK_DESK_H
#define JT_TESTS_ATTACK_ATTACK_DESK_H

#include "tests/support/verify_desk.h"

extern const struct token_key *attack_es256, *attack_rs256, *attack_eddsa;
extern struct desk attack_ec, attack_rsa, attack_ed; /* with the default policy, and that one key */

/* Set-up and tear-down of a cmocka group. */
int attack_open_desks(void **state);
int attack_close_desks(void **state);

/* The first two parts of a token, of these texts. */
const char *attack_signed_part(const char *header, const char *payload);

/* A token that `key` signs with this header is refused as `want`, one with the usual accepted. */
void attack_refuse_header(struct desk *desk, const struct token_key *key, const char *header,
                          jeton_status want);

/* The same for the payload, by the EC key. */
void attack_refuse_payload(const char *payload, jeton_status want);

/* The status of `token` under the key set `jwks` and a policy of every algorithm. */
jeton_status attack_judge_with_jwks(const char *jwks, const char *token);

/* The same for a set of `jwk` and a good key of kid k2, so that the set as such is usable. */
jeton_status attack_judge_beside_good(const char *jwk, const char *token);

#endif
