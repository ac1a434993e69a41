/* SPDX-License-Identifier: Apache-2.0 */
/* ES256 by tables: made in the background, for keys that are used, and for no others. */
#include "tests/unit/unit.h"

#include <stdatomic.h>
#include <string.h>

#include "tests/support/verify_desk.h"
#include "verifier/verifier.h"

#define KEYS 20

static const struct token_key *keys[KEYS];
static const char *jwks, *tokens[KEYS];

static int make_keys(void **state)
{
    (void)state;
    const char *members = "";
    for (int i = 0; i < KEYS; i++) {
        const char *kid = token_maker_text("\"kid\":\"k%d\"", i);
        keys[i] = token_maker_key("ES256");
        members =
            token_maker_text("%s%s%s", members, i > 0 ? "," : "", token_maker_jwk(keys[i], kid));
        tokens[i] = token_maker_sign(
            keys[i], token_maker_text("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",%s}", kid),
            desk_claims("{}"));
    }
    jwks = token_maker_text("{\"keys\":[%s]}", members);
    return 0;
}

static int release(void **state)
{
    (void)state;
    token_maker_release();
    return 0;
}

static void with_tables(struct jeton_options *options)
{
    options->no_es256_table = 0;
}

static void open_desk(struct desk *desk, void (*alter)(struct jeton_options *options))
{
    struct jeton_policy policy = desk_policy();
    desk_open_with(desk, alter, &policy, 1, jwks);
    desk_settle(desk);
}

static const struct jt_keyset *set_of(const struct desk *desk)
{
    return jt_currentset_get(jt_keysource_current(desk->verifier->source_of[0]));
}

static size_t tables(const struct desk *desk)
{
    size_t n = 0;
    for (size_t i = 0; i < set_of(desk)->n; i++) {
        n += atomic_load(&set_of(desk)->keys[i]->table) != NULL;
    }
    return n;
}

static void table_made_for_a_key_that_is_used_and_for_no_other(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, with_tables);
    assert_int_equal(tables(&desk), 0);
    /* a forgery asks for nothing */
    const char *forged = token_maker_sign(
        keys[1], "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k0\"}", desk_claims("{}"));
    assert_status(desk_judge(&desk, forged), JETON_BAD_SIGNATURE);
    desk_settle(&desk);
    assert_int_equal(tables(&desk), 0);
    assert_status(desk_judge(&desk, tokens[7]), JETON_OK);
    assert_int_equal(tables(&desk), 0); /* not in the request */
    desk_settle(&desk);
    assert_int_equal(tables(&desk), 1);
    assert_non_null(atomic_load(&set_of(&desk)->keys[7]->table));
    assert_pair(&desk, forged, JETON_BAD_SIGNATURE, tokens[7]);
    forged = token_maker_sign(keys[1], "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k7\"}",
                              desk_claims("{}"));
    assert_pair(&desk, forged, JETON_BAD_SIGNATURE, tokens[7]);
    desk_close(&desk);
}

static void table_stays_with_its_key_from_set_to_set(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, with_tables);
    assert_status(desk_judge(&desk, tokens[3]), JETON_OK);
    desk_settle(&desk);
    const void *table = atomic_load(&set_of(&desk)->keys[3]->table);
    const void *set = set_of(&desk);
    desk.body = token_maker_jwks(token_maker_jwk(keys[4], "\"kid\":\"k4\""),
                                 token_maker_jwk(keys[3], "\"kid\":\"k3\""), NULL);
    desk.boot_ms += 900 * 1000;
    desk_settle(&desk);
    assert_ptr_not_equal(set_of(&desk), set);
    assert_ptr_equal(atomic_load(&set_of(&desk)->keys[1]->table), table);
    assert_pair(&desk, tokens[5], JETON_UNKNOWN_KEY, tokens[3]);
    desk_close(&desk);
}

static void there_are_sixteen_tables_at_most_and_the_rest_verify_too(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, with_tables);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < KEYS; i++) {
            assert_status(desk_judge(&desk, tokens[i]), JETON_OK);
        }
        desk_settle(&desk);
        assert_int_equal(tables(&desk), 16);
    }
    desk_close(&desk);
}

static void key_without_a_table_gets_one_when_others_have_gone(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, with_tables);
    for (int i = 0; i < KEYS; i++) {
        assert_status(desk_judge(&desk, tokens[i]), JETON_OK);
    }
    desk_settle(&desk);
    size_t left = 0;
    while (atomic_load(&set_of(&desk)->keys[left]->table) != NULL) {
        left++;
    }
    desk.body = token_maker_jwks(
        token_maker_jwk(keys[left], token_maker_text("\"kid\":\"k%zu\"", left)), NULL);
    desk.boot_ms += 900 * 1000;
    desk_settle(&desk);
    assert_int_equal(set_of(&desk)->n, 1);
    assert_int_equal(tables(&desk), 1);
    desk_close(&desk);
}

static void none_where_they_are_switched_off(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, NULL); /* the desk's own options */
    assert_status(desk_judge(&desk, tokens[0]), JETON_OK);
    desk_settle(&desk);
    assert_int_equal(tables(&desk), 0);
    assert_status(desk_judge(&desk, tokens[0]), JETON_OK);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_made_for_a_key_that_is_used_and_for_no_other),
        cmocka_unit_test(table_stays_with_its_key_from_set_to_set),
        cmocka_unit_test(there_are_sixteen_tables_at_most_and_the_rest_verify_too),
        cmocka_unit_test(key_without_a_table_gets_one_when_others_have_gone),
        cmocka_unit_test(none_where_they_are_switched_off),
    };
    return cmocka_run_group_tests(tests, make_keys, release);
}
