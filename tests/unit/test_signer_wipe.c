/* SPDX-License-Identifier: Apache-2.0 */
/* Erased means wiped: what of a private key is left in this process once it is forgotten. */
#include <pthread.h>
#include <semaphore.h>
#include <sodium.h>

#include "keys/seal.h"
#include "tests/support/memory_scan.h"
#include "tests/unit/unit_signer.h"

#include "common/base/base.h"

#define PIECE 16

/* Sixteen bytes of the private number of the sealed key, inverted: its last as it is written, its
 * first as libcrypto holds numbers on most machines, least byte first. In either form the piece is
 * at the end, for the allocator overwrites the beginning of what was freed. */
static void read_inverted(const struct jt_sealed *sealed, uint8_t big[PIECE], uint8_t little[PIECE])
{
    JT_AUTO(kek) kek = fixed_kek(1);
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    assert_ok(jt_seal_open(&kek, sealed, &bytes, NULL));
    bool rsa = sealed->alg == JT_ALG_RS256; /* its p; else d or the seed: keycode.h */
    const uint8_t *number = bytes.p + (rsa ? 256 + 8 + 256 : 0);
    size_t n = rsa ? 128 : 32;
    for (size_t i = 0; i < PIECE; i++) {
        big[i] = number[n - PIECE + i] ^ 0xFF;
        little[i] = number[PIECE - 1 - i] ^ 0xFF;
    }
}

static void forgotten_key_is_nowhere_in_memory(void **state)
{
    (void)state;
    static const enum jt_alg kinds[] = {JT_ALG_EDDSA, JT_ALG_ES256, JT_ALG_RS256};
    for (size_t k = 0; k < JT_COUNT(kinds); k++) {
        JT_AUTO(sealed) sealed = generate_and_load(kinds[k]);
        uint8_t big[PIECE], little[PIECE];
        assert_ok(try_sign(&sealed));
        read_inverted(&sealed, big, little);
        assert_in_range(memory_scan_count(big, PIECE) + memory_scan_count(little, PIECE), 1, 8);
        jt_buf_clear(&sealed.blob);
        assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
        assert_int_equal(memory_scan_count(big, PIECE), 0);
        assert_int_equal(memory_scan_count(little, PIECE), 0);
    }
}

/* Holds a signature under way, when asked to, until the test lets it go on. */
static bool hold;
static sem_t inside, go_on;

int __real_crypto_sign_detached(unsigned char *sig, unsigned long long *n, const unsigned char *m,
                                unsigned long long m_len, const unsigned char *key);
int __wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *n, const unsigned char *m,
                                unsigned long long m_len, const unsigned char *key);

int __wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *n, const unsigned char *m,
                                unsigned long long m_len, const unsigned char *key)
{
    if (hold) {
        (void)sem_post(&inside);
        (void)sem_wait(&go_on);
    }
    return __real_crypto_sign_detached(sig, n, m, m_len, key);
}

static enum jt_err held_result;

static void *sign_once(void *sealed)
{
    held_result = try_sign(sealed);
    return NULL;
}

static void key_forgotten_while_it_signs_wiped_when_the_lane_leaves(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_EDDSA);
    JT_AUTO(sealed) erased = copy_of(&sealed);
    uint8_t big[PIECE], little[PIECE];
    read_inverted(&sealed, big, little);
    jt_buf_clear(&erased.blob);
    assert_int_equal(sem_init(&inside, 0, 0) + sem_init(&go_on, 0, 0), 0);
    pthread_t thread;
    hold = true;
    assert_int_equal(pthread_create(&thread, NULL, sign_once, &sealed), 0);
    assert_int_equal(sem_wait(&inside), 0);
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag)); /* does not wait for ever */
    size_t held = memory_scan_count(big, PIECE);
    assert_int_equal(sem_post(&go_on), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    hold = false;
    assert_int_equal(held, 1);
    assert_ok(held_result); /* what was under way is finished */
    assert_int_equal(memory_scan_count(big, PIECE), 0);
    assert_err(try_sign(&sealed), JT_ERR_KEY_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_signer(forgotten_key_is_nowhere_in_memory),
        with_signer(key_forgotten_while_it_signs_wiped_when_the_lane_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
