/* SPDX-License-Identifier: Apache-2.0 */
/* jt_hasher_hmac goes through the test (-Wl,--wrap), which counts the work. */
#include "tests/unit/unit_keys.h"

#include <regex.h>

#include "issuer/access/client_secret.h"

static const struct jt_secret pepper = {(uint8_t[]){"0123456789abcdef0123456789abcdef"}, 32};

static size_t hmac_calls, hmac_bytes;

static struct jt_hasher *hasher; /* under the pepper */

enum jt_err __real_jt_hasher_hmac(struct jt_hasher *of, struct jt_span bytes,
                                  uint8_t out[JT_SHA256_LEN]);
enum jt_err __wrap_jt_hasher_hmac(struct jt_hasher *of, struct jt_span bytes,
                                  uint8_t out[JT_SHA256_LEN]);
enum jt_err __wrap_jt_hasher_hmac(struct jt_hasher *of, struct jt_span bytes,
                                  uint8_t out[JT_SHA256_LEN])
{
    hmac_calls++;
    hmac_bytes += bytes.n;
    return __real_jt_hasher_hmac(of, bytes, out);
}

static int make_hasher(void **state)
{
    (void)state;
    return jt_hasher_new(jt_secret_span(&pepper), &hasher) == JT_OK ? 0 : -1;
}

static int drop_hasher(void **state)
{
    (void)state;
    jt_hasher_free(hasher);
    return 0;
}

/* A client with one secret of each of `n` expiries. */
struct owner {
    struct jt_client client;
    struct jt_client_secret rows[3];
    struct jt_secret texts[3];
    struct fixed_random random;
};

static void make_owner(struct owner *owner, size_t n, const int64_t *expires_s)
{
    *owner = (struct owner){.client = {.enabled = true,
                                       .secrets = offsetof(struct owner, rows), /* of the record */
                                       .n_secrets = (uint8_t)n}};
    const struct jt_random *random = fixed_random(&owner->random, 1000);
    for (size_t i = 0; i < n; i++) {
        assert_ok(jt_client_secret_make(random, &owner->texts[i]));
        assert_ok(
            jt_client_secret_hash(&pepper, jt_secret_span(&owner->texts[i]), owner->rows[i].hash));
        owner->rows[i].expires_s = expires_s[i];
    }
}

static void drop_owner(struct owner *owner)
{
    for (size_t i = 0; i < JT_COUNT(owner->texts); i++) {
        jt_secret_release(&owner->texts[i]);
    }
}

static enum jt_err check(const struct owner *owner, size_t i, int64_t now_s)
{
    return jt_client_secret_check(hasher, &owner->client, jt_secret_span(&owner->texts[i]), now_s);
}

static void make_form_is_what_scanners_look_for(void **state)
{
    (void)state;
    regex_t form;
    assert_int_equal(regcomp(&form, "^jts[0-9A-Za-z]{49}$", REG_EXTENDED | REG_NOSUB), 0);
    struct jt_secret before = JT_SECRET_INIT;
    for (int i = 0; i < 50; i++) {
        struct jt_secret secret = JT_SECRET_INIT;
        assert_ok(jt_client_secret_make(&jt_random_system, &secret));
        char text[JT_CLIENT_SECRET_LEN + 1] = {0};
        assert_int_equal(secret.n, JT_CLIENT_SECRET_LEN);
        memcpy(text, secret.p, secret.n);
        assert_int_equal(regexec(&form, text, 0, NULL, 0), 0);
        assert_true(jt_client_secret_well_formed(jt_secret_span(&secret)));
        assert_false(jt_span_eq(jt_secret_span(&secret), jt_secret_span(&before)));
        jt_secret_release(&before);
        before = secret;
    }
    jt_secret_release(&before);
    regfree(&form);
}

static void make_without_randomness_fails(void **state)
{
    (void)state;
    struct fixed_random random;
    struct jt_secret secret = JT_SECRET_INIT;
    assert_err(jt_client_secret_make(fixed_random(&random, 0), &secret), JT_ERR_RANDOM);
    assert_null(secret.p);
    assert_ok(jt_client_secret_make(fixed_random(&random, 1000), &secret));
    jt_secret_release(&secret);
}

static void well_formed_every_single_edit_refused(void **state)
{
    (void)state;
    struct jt_secret secret = JT_SECRET_INIT;
    struct fixed_random random;
    assert_ok(jt_client_secret_make(fixed_random(&random, 1000), &secret));
    for (size_t at = 0; at < secret.n; at++) {
        uint8_t was = secret.p[at];
        for (size_t i = 0; i < 62; i++) {
            secret.p[at] = (uint8_t)jt_random_alphabet[i];
            assert_true(jt_client_secret_well_formed(jt_secret_span(&secret)) ==
                        (secret.p[at] == was));
        }
        secret.p[at] = was;
    }
    /* one character left out, one added, neighbours exchanged */
    assert_false(jt_client_secret_well_formed(jt_span_of(secret.p, secret.n - 1)));
    assert_false(jt_client_secret_well_formed(jt_span_of(secret.p + 1, secret.n - 1)));
    assert_false(jt_client_secret_well_formed(JT_SPAN_NONE));
    uint8_t longer[JT_CLIENT_SECRET_LEN + 1] = {0};
    memcpy(longer, secret.p, secret.n);
    longer[secret.n] = '0';
    assert_false(jt_client_secret_well_formed(jt_span_of(longer, sizeof longer)));
    for (size_t at = 3; at + 1 < secret.n; at++) {
        uint8_t swapped[JT_CLIENT_SECRET_LEN];
        memcpy(swapped, secret.p, sizeof swapped);
        swapped[at] = secret.p[at + 1];
        swapped[at + 1] = secret.p[at];
        assert_true(swapped[at] == swapped[at + 1] ||
                    !jt_client_secret_well_formed(jt_span_of(swapped, sizeof swapped)));
    }
    assert_true(jt_client_secret_well_formed(jt_secret_span(&secret)));
    jt_secret_release(&secret);
}

/* Another prefix, with the check digits that are right for it. */
static void well_formed_foreign_prefix_refused(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"jts", "jtS", "ghp"};
    for (size_t i = 0; i < JT_COUNT(prefixes); i++) {
        uint8_t digest[JT_SHA256_LEN];
        char text[JT_CLIENT_SECRET_LEN + 1];
        (void)snprintf(text, sizeof text, "%s%046d", prefixes[i], 0);
        assert_ok(jt_digest_sha256(jt_span_of(text, JT_CLIENT_SECRET_LEN - 6), digest));
        uint32_t value = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
                         (uint32_t)digest[2] << 8 | digest[3];
        for (size_t at = JT_CLIENT_SECRET_LEN; at-- > JT_CLIENT_SECRET_LEN - 6; value /= 62) {
            text[at] = jt_random_alphabet[value % 62];
        }
        assert_true(jt_client_secret_well_formed(jt_span_of(text, JT_CLIENT_SECRET_LEN)) ==
                    (i == 0));
    }
}

static void hash_depends_on_pepper_and_secret(void **state)
{
    (void)state;
    uint8_t a[JT_SHA256_LEN], b[JT_SHA256_LEN];
    const struct jt_secret other = {(uint8_t[]){"1123456789abcdef0123456789abcdef"}, 32};
    assert_ok(jt_client_secret_hash(&pepper, JT_SPAN("x"), a));
    assert_ok(jt_client_secret_hash(&pepper, JT_SPAN("x"), b));
    assert_memory_equal(a, b, sizeof a);
    assert_ok(jt_client_secret_hash(&other, JT_SPAN("x"), b));
    assert_memory_not_equal(a, b, sizeof a);
    assert_ok(jt_client_secret_hash(&pepper, JT_SPAN("y"), b));
    assert_memory_not_equal(a, b, sizeof a);
}

static void check_each_of_several_live_secrets_works(void **state)
{
    (void)state;
    struct owner owner, stranger;
    make_owner(&owner, 3, (const int64_t[]){0, 0, 0});
    for (size_t i = 0; i < 3; i++) {
        assert_ok(check(&owner, i, 100));
    }
    /* another client's, though well formed */
    make_owner(&stranger, 1, (const int64_t[]){0});
    drop_owner(&stranger);
    assert_ok(jt_client_secret_make(&jt_random_system, &stranger.texts[0]));
    assert_err(
        jt_client_secret_check(hasher, &owner.client, jt_secret_span(&stranger.texts[0]), 100),
        JT_ERR_CLIENT);
    drop_owner(&stranger);
    /* revoked: the row is gone */
    owner.client.n_secrets = 2;
    assert_err(check(&owner, 2, 100), JT_ERR_CLIENT);
    assert_ok(check(&owner, 1, 100));
    drop_owner(&owner);
}

static void check_expires_at_its_second(void **state)
{
    (void)state;
    struct owner owner;
    make_owner(&owner, 2, (const int64_t[]){200, 0});
    assert_ok(check(&owner, 0, 199));
    assert_err(check(&owner, 0, 200), JT_ERR_CLIENT);
    assert_err(check(&owner, 0, 201), JT_ERR_CLIENT);
    assert_ok(check(&owner, 1, INT64_MAX)); /* never */
    drop_owner(&owner);
}

/* Of the secret that was used, and not for every token. */
static void check_notes_the_use_once_a_minute(void **state)
{
    (void)state;
    struct owner owner;
    make_owner(&owner, 2, (const int64_t[]){0, 0});
    assert_ok(check(&owner, 1, 1000));
    assert_int_equal(owner.rows[1].used_s, 1000);
    assert_ok(check(&owner, 1, 1000 + JT_CLIENT_SECRET_USE_S - 1));
    assert_int_equal(owner.rows[1].used_s, 1000);
    assert_ok(check(&owner, 1, 1000 + JT_CLIENT_SECRET_USE_S));
    assert_int_equal(owner.rows[1].used_s, 1000 + JT_CLIENT_SECRET_USE_S);
    assert_int_equal(owner.rows[0].used_s, 0);
    owner.client.enabled = false;
    assert_err(check(&owner, 0, 5000), JT_ERR_CLIENT);
    assert_int_equal(owner.rows[0].used_s, 0);
    drop_owner(&owner);
}

static void check_disabled_client_refused(void **state)
{
    (void)state;
    struct owner owner;
    make_owner(&owner, 1, (const int64_t[]){0});
    owner.client.enabled = false;
    assert_err(check(&owner, 0, 100), JT_ERR_CLIENT);
    owner.client.enabled = true;
    assert_ok(check(&owner, 0, 100));
    drop_owner(&owner);
}

static void check_prefix_or_empty_refused(void **state)
{
    (void)state;
    struct owner owner;
    make_owner(&owner, 1, (const int64_t[]){0});
    struct jt_span whole = jt_secret_span(&owner.texts[0]);
    for (size_t n = 0; n < whole.n; n++) {
        assert_err(jt_client_secret_check(hasher, &owner.client, jt_span_of(whole.p, n), 100),
                   JT_ERR_CLIENT);
    }
    assert_ok(jt_client_secret_check(hasher, &owner.client, whole, 100));
    drop_owner(&owner);
}

static void check_unknown_client_does_the_same_hmac(void **state)
{
    (void)state;
    struct owner owner;
    make_owner(&owner, 1, (const int64_t[]){0});
    struct jt_span secret = jt_secret_span(&owner.texts[0]);
    uint8_t wrong[JT_CLIENT_SECRET_LEN];
    memcpy(wrong, secret.p, sizeof wrong);
    wrong[10] = wrong[10] == 'a' ? 'b' : 'a';

    hmac_calls = hmac_bytes = 0;
    assert_err(jt_client_secret_check(hasher, &owner.client, jt_span_of(wrong, sizeof wrong), 100),
               JT_ERR_CLIENT);
    size_t calls = hmac_calls, bytes = hmac_bytes;
    assert_int_equal(calls, 1);
    assert_int_equal(bytes, JT_CLIENT_SECRET_LEN);

    hmac_calls = hmac_bytes = 0;
    assert_err(jt_client_secret_check(hasher, NULL, secret, 100), JT_ERR_CLIENT);
    assert_int_equal(hmac_calls, calls);
    assert_int_equal(hmac_bytes, bytes);

    owner.client.enabled = false;
    hmac_calls = hmac_bytes = 0;
    assert_err(check(&owner, 0, 100), JT_ERR_CLIENT);
    assert_int_equal(hmac_calls, calls);
    assert_int_equal(hmac_bytes, bytes);
    drop_owner(&owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make_form_is_what_scanners_look_for),
        cmocka_unit_test(make_without_randomness_fails),
        cmocka_unit_test(well_formed_every_single_edit_refused),
        cmocka_unit_test(well_formed_foreign_prefix_refused),
        cmocka_unit_test(hash_depends_on_pepper_and_secret),
        cmocka_unit_test(check_each_of_several_live_secrets_works),
        cmocka_unit_test(check_expires_at_its_second),
        cmocka_unit_test(check_notes_the_use_once_a_minute),
        cmocka_unit_test(check_disabled_client_refused),
        cmocka_unit_test(check_prefix_or_empty_refused),
        cmocka_unit_test(check_unknown_client_does_the_same_hmac),
    };
    return cmocka_run_group_tests(tests, make_hasher, drop_hasher);
}
