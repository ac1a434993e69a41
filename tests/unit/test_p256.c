/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every verdict by the table is EVP's. `test_p256 N` judges N random and crafted signatures
 * (20,000 without it).
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* EC_METHOD */
#include "tests/unit/unit.h"

#include "tests/support/ecdsa_maker.h"
#include "verifier/crypto/modinv.h"
#include "verifier/crypto/p256.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#define KEYS    8
#define THREADS 4

static unsigned long cases = 20000;

static struct {
    const struct ecdsa_key *key;
    struct jt_p256 *table;
} desk[KEYS];
static struct jt_p256_scratch *scratch;

/* 0, 1, n - 1, n, n + 1, 2^256 - 1: for r, s and digests */
#define EDGES 6
static uint8_t edges[EDGES][32];

/* The inverse lies when it is told to. */
static enum { HONEST, WRONG, NONE } inverse;
enum jt_err __real_jt_modinv_invert(const struct jt_modinv *modinv, const uint8_t number[32],
                                    uint8_t out_inverse[32]);
enum jt_err __wrap_jt_modinv_invert(const struct jt_modinv *modinv, const uint8_t number[32],
                                    uint8_t out_inverse[32]);
enum jt_err __wrap_jt_modinv_invert(const struct jt_modinv *modinv, const uint8_t number[32],
                                    uint8_t out_inverse[32])
{
    enum jt_err err = __real_jt_modinv_invert(modinv, number, out_inverse);
    if (inverse == WRONG) {
        out_inverse[31] ^= 1;
    }
    return inverse == NONE ? JT_ERR_NOT_FOUND : err;
}

/* The table of a new group, when it has the form that libcrypto's fastest code gives it: 37 places of
 * 64 multiples of 64 bytes, in a block of its own. A byte of it is spoilt between its making and its
 * check, when `spoil` says which. */
#define PLACES      37
#define MULTIPLES   64
#define TABLE_LEN   ((size_t)PLACES * MULTIPLES * 64)
#define BLOCK_LEN   (TABLE_LEN + 64)
#define NO_SPOILING SIZE_MAX
static uint8_t *block;
static size_t spoil = NO_SPOILING;
int __real_EC_GROUP_have_precompute_mult(const EC_GROUP *group);
int __wrap_EC_GROUP_have_precompute_mult(const EC_GROUP *group);
int __wrap_EC_GROUP_have_precompute_mult(const EC_GROUP *group)
{
    if (spoil != NO_SPOILING && block != NULL) {
        block[64 - (uintptr_t)block % 64 + spoil] ^= 1; /* where libcrypto aligns it */
    }
    return __real_EC_GROUP_have_precompute_mult(group);
}

/* The code that libcrypto has for the group. */
static const EC_METHOD *(*other_method)(void);
const EC_METHOD *__real_EC_GROUP_method_of(const EC_GROUP *group);
const EC_METHOD *__wrap_EC_GROUP_method_of(const EC_GROUP *group);
const EC_METHOD *__wrap_EC_GROUP_method_of(const EC_GROUP *group)
{
    return other_method != NULL ? other_method() : __real_EC_GROUP_method_of(group);
}

/* libcrypto's memory: counted, and the allocation after `left` more fails. Each thread its own:
 * nothing here is to order threads. */
static _Thread_local long counted, left = -1;
static _Thread_local bool failed;

static bool refuse(void)
{
    counted++;
    if (left < 0 || left-- > 0) {
        return false;
    }
    failed = true;
    return true;
}

static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    void *p = refuse() ? NULL : malloc(n);
    if (spoil != NO_SPOILING && n == BLOCK_LEN) {
        block = p;
    }
    return p;
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuse() ? NULL : realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* The same numbers in every run. */
static uint64_t seed = 1;

static unsigned pick(unsigned n)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(seed >> 33) % n;
}

static void fill(uint8_t out[32])
{
    for (size_t i = 0; i < 32; i++) {
        out[i] = (uint8_t)pick(256);
    }
}

struct attempt {
    size_t by; /* place of the key it is judged by */
    uint8_t digest[32], signature[64];
};

static void flip(uint8_t *bytes)
{
    unsigned bit = pick(256);
    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
}

enum kind {
    GOOD,
    GOOD_NEGATED,
    GOOD_DOUBLED,
    GOOD_KINDS_,
    R_FLIPPED = GOOD_KINDS_,
    S_FLIPPED,
    DIGEST_FLIPPED,
    OTHER_KEY,
    R_EDGE,
    S_EDGE,
    BOTH_EDGE,
    CANCELLED,
    KINDS_
};

static struct attempt make_attempt(enum kind kind)
{
    struct attempt made = {.by = pick(KEYS)};
    const struct ecdsa_key *key = desk[made.by].key;
    uint8_t nonce[32];
    fill(nonce);
    fill(made.digest);
    if (pick(4) == 0) {
        memcpy(made.digest, edges[pick(EDGES)], 32);
    }
    ecdsa_maker_sign(key, nonce, made.digest, made.signature);
    if (kind == R_EDGE || kind == BOTH_EDGE) {
        memcpy(made.signature, edges[pick(EDGES)], 32);
    }
    if (kind == S_EDGE || kind == BOTH_EDGE) {
        memcpy(made.signature + 32, edges[pick(EDGES)], 32);
    }
    switch (kind) {
    case GOOD_NEGATED:
        ecdsa_maker_negate_s(made.signature);
        break;
    case GOOD_DOUBLED:
        ecdsa_maker_double(key, nonce, made.digest, made.signature);
        break;
    case R_FLIPPED:
        flip(made.signature);
        break;
    case S_FLIPPED:
        flip(made.signature + 32);
        break;
    case DIGEST_FLIPPED:
        flip(made.digest);
        break;
    case OTHER_KEY:
        made.by = (made.by + 1) % KEYS;
        break;
    case CANCELLED:
        ecdsa_maker_cancel(key, made.signature, made.digest);
        break;
    default:
        break;
    }
    return made;
}

/* One that is judged by the last key, which is of no special form. */
static struct attempt make_plain_attempt(enum kind kind)
{
    struct attempt made;
    do {
        made = make_attempt(kind);
    } while (made.by != KEYS - 1);
    return made;
}

static enum jt_err by_table(const struct attempt *attempt)
{
    return jt_p256_verify(desk[attempt->by].table, scratch, attempt->digest, attempt->signature);
}

static void check(const struct attempt *attempt)
{
    bool accepts =
        ecdsa_maker_evp_accepts(desk[attempt->by].key, attempt->digest, attempt->signature);
    assert_err(by_table(attempt), accepts ? JT_OK : JT_ERR_SIGNATURE);
}

static void random_signatures_judged_as_evp_does(void **state)
{
    (void)state;
    unsigned long accepted = 0;
    for (unsigned long i = 0; i < cases; i++) {
        enum kind kind = pick(2) == 0 ? (enum kind)pick(GOOD_KINDS_) : (enum kind)pick(KINDS_);
        struct attempt attempt = make_attempt(kind);
        check(&attempt);
        if (kind < GOOD_KINDS_) {
            assert_ok(by_table(&attempt));
            accepted++;
        }
    }
    assert_int_equal(ERR_peek_error(), 0);
    print_message("    %lu signatures, %lu of them made to be good, no other verdict than EVP's\n",
                  cases, accepted);
}

static void edges_of_r_s_and_digest_judged_as_evp_does(void **state)
{
    (void)state;
    struct attempt attempt;
    for (unsigned i = 0; i < KEYS * EDGES * EDGES * EDGES; i++) {
        attempt.by = i % KEYS;
        memcpy(attempt.signature, edges[i / KEYS % EDGES], 32);
        memcpy(attempt.signature + 32, edges[i / KEYS / EDGES % EDGES], 32);
        memcpy(attempt.digest, edges[i / KEYS / EDGES / EDGES], 32);
        check(&attempt);
    }
}

static void sum_of_equal_points_accepted_and_of_opposite_ones_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        struct attempt attempt = {.by = i};
        uint8_t nonce[32];
        fill(nonce);
        ecdsa_maker_double(desk[i].key, nonce, attempt.digest, attempt.signature);
        assert_ok(by_table(&attempt));
        check(&attempt);
        ecdsa_maker_cancel(desk[i].key, attempt.signature, attempt.digest);
        assert_err(by_table(&attempt), JT_ERR_SIGNATURE);
        check(&attempt);
    }
}

/* With x from n on, r is x - n; with a small x, r is x: for both, r + n is below p. */
static void x_above_the_order_accepted_as_below_it(void **state)
{
    (void)state;
    BIGNUM *x = BN_new();
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(BN_set_word(x, 1 + 1000000 * (BN_ULONG)(i / 2)), 1);
        if (i % 2 == 0) {
            assert_int_equal(BN_add(x, x, ecdsa_maker_order()), 1);
        }
        uint8_t digest[32], s[32], signature[64];
        fill(digest);
        fill(s);
        s[0] = 1; /* below n */
        const struct ecdsa_key *key = ecdsa_maker_key_for_x(x, digest, s, signature);
        struct jt_p256 *table = NULL;
        assert_ok(jt_p256_new(key->pkey, &table));
        assert_true(ecdsa_maker_evp_accepts(key, digest, signature));
        assert_ok(jt_p256_verify(table, scratch, digest, signature));
        digest[7] ^= 1;
        assert_false(ecdsa_maker_evp_accepts(key, digest, signature));
        assert_err(jt_p256_verify(table, scratch, digest, signature), JT_ERR_SIGNATURE);
        jt_p256_free(table);
    }
    BN_free(x);
}

/* r is x reduced modulo n; x itself, the same modulo n, would be another signature of the same. */
static void x_above_the_order_refused_as_r(void **state)
{
    (void)state;
    BIGNUM *x = BN_dup(ecdsa_maker_order()), *r = BN_new();
    uint8_t digest[32], s[32], signature[64];
    struct jt_p256 *table = NULL;
    fill(digest);
    fill(s);
    s[0] = 1; /* below n */
    const struct ecdsa_key *key = ecdsa_maker_key_for_x(x, digest, s, signature);
    assert_ok(jt_p256_new(key->pkey, &table));
    assert_ok(jt_p256_verify(table, scratch, digest, signature));
    assert_non_null(BN_bin2bn(signature, 32, r));
    assert_int_equal(BN_add(r, r, x), 1);
    assert_int_equal(BN_bn2binpad(r, signature, 32), 32);
    assert_false(ecdsa_maker_evp_accepts(key, digest, signature));
    assert_err(jt_p256_verify(table, scratch, digest, signature), JT_ERR_SIGNATURE);
    jt_p256_free(table);
    BN_free(x);
    BN_free(r);
}

static void wrong_or_missing_inverse_changes_no_verdict(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 400; i++) {
        struct attempt attempt = make_attempt((enum kind)pick(KINDS_));
        inverse = i % 2 == 0 ? WRONG : NONE;
        check(&attempt);
        inverse = HONEST;
    }
}

static void new_of_another_kind_of_key_refused(void **state)
{
    (void)state;
    EVP_PKEY *others[] = {EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"),
                          EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_EC_gen("P-256")};
    for (size_t i = 0; i < JT_COUNT(others); i++) {
        struct jt_p256 *table = NULL;
        assert_err(jt_p256_new(others[i], &table), i < 3 ? JT_ERR_ARGUMENT : JT_OK);
        assert_true((table != NULL) == (i == 3));
        jt_p256_free(table);
        EVP_PKEY_free(others[i]);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* Does jt_p256_new find that this multiple at this place is wrong? */
static enum jt_err new_with_spoilt(size_t place, size_t multiple)
{
    struct jt_p256 *table = NULL;
    block = NULL;
    /* of its byte `multiple`, whether the 64 multiples stand in a row or interleaved */
    spoil = (place * MULTIPLES + multiple) * 64 + multiple;
    enum jt_err err = jt_p256_new(desk[KEYS - 1].key->pkey, &table);
    spoil = NO_SPOILING;
    jt_p256_free(table);
    return err;
}

/* The first of all is the key itself: libcrypto looks, and where it differs uses no table. In the
 * highest place, of 4 bits, no scalar uses more than 16 multiples. */
static void new_with_any_multiple_wrong_refused(void **state)
{
    (void)state;
    size_t step = cases > 20000 ? 1 : 61, refused = 0;
    size_t reachable = (size_t)(PLACES - 1) * MULTIPLES + 16;
    for (size_t at = 1; at < reachable; at += step) {
        enum jt_err err = new_with_spoilt(at / MULTIPLES, at % MULTIPLES);
        if (block == NULL) {
            print_message("    skipped: this libcrypto's tables have another form\n");
            skip();
        }
        assert_err(err, JT_ERR_CRYPTO);
        refused++;
    }
    assert_ok(new_with_spoilt(PLACES - 1, 16)); /* it is the spoiling that is found */
    print_message("    %zu of %zu multiples spoilt, each found\n", refused, reachable - 1);
}

static void new_where_products_use_no_table_finds_none(void **state)
{
    (void)state;
    const EC_METHOD *(*const slow[])(void) = {EC_GFp_mont_method, EC_GFp_nist_method, NULL};
    for (size_t i = 0; i < JT_COUNT(slow); i++) {
        struct jt_p256 *table = NULL;
        other_method = slow[i];
        enum jt_err err = jt_p256_new(desk[KEYS - 1].key->pkey, &table);
        other_method = NULL;
        assert_err(err, slow[i] != NULL ? JT_ERR_NOT_FOUND : JT_OK);
        jt_p256_free(table);
    }
}

static void free_of_null_harmless(void **state)
{
    (void)state;
    jt_p256_free(NULL);
    jt_p256_scratch_free(NULL);
}

/* cmocka's checks belong to the main thread, so the others count. */
struct reader {
    pthread_t thread;
    struct attempt good, bad;
    unsigned wrong;
};

static void *read_table(void *ctx)
{
    struct reader *reader = ctx;
    struct jt_p256_scratch *own = NULL;
    if (jt_p256_scratch_new(&own) != JT_OK) {
        reader->wrong++;
        return NULL;
    }
    const struct jt_p256 *table = desk[reader->good.by].table;
    for (unsigned i = 0; i < 500; i++) {
        reader->wrong +=
            jt_p256_verify(table, own, reader->good.digest, reader->good.signature) != JT_OK;
        reader->wrong += jt_p256_verify(table, own, reader->bad.digest, reader->bad.signature) !=
                         JT_ERR_SIGNATURE;
    }
    jt_p256_scratch_free(own);
    return NULL;
}

static void one_table_read_by_many_threads(void **state)
{
    (void)state;
    struct reader readers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        readers[i].good = make_plain_attempt(GOOD);
        readers[i].bad = readers[i].good;
        readers[i].bad.digest[i] ^= 1;
        readers[i].wrong = 0;
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_table, &readers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        assert_int_equal(readers[i].wrong, 0);
    }
}

static void verify_out_of_memory_says_so(void **state)
{
    (void)state;
    struct attempt good = make_plain_attempt(GOOD), bad = make_plain_attempt(DIGEST_FLIPPED);
    counted = 0;
    assert_ok(by_table(&good));
    long needs = counted;
    print_message("    allocations in a verification: %ld\n", needs);
    for (long n = 0; n < needs; n++) {
        left = n;
        enum jt_err err = by_table(&good);
        left = n;
        enum jt_err bad_err = by_table(&bad);
        left = -1;
        assert_true(err == JT_ERR_NOMEM || err == JT_ERR_CRYPTO);
        assert_true(bad_err == JT_ERR_NOMEM || bad_err == JT_ERR_CRYPTO);
        ERR_clear_error();
        assert_ok(by_table(&good));
    }
}

static void scratch_new_out_of_memory_says_so(void **state)
{
    (void)state;
    failed = true;
    for (long n = 0; failed; n++) {
        struct jt_p256_scratch *made = NULL;
        failed = false;
        left = n;
        enum jt_err err = jt_p256_scratch_new(&made);
        left = -1;
        assert_true(err == JT_OK || err == JT_ERR_NOMEM || err == JT_ERR_CRYPTO);
        assert_true(failed ? err != JT_OK || made != NULL : err == JT_OK);
        jt_p256_scratch_free(made);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* Every allocation of the first hundred, then some: a table takes thousands. */
static void new_out_of_memory_says_so(void **state)
{
    (void)state;
    failed = true;
    for (long n = 0; failed; n += n < 100 ? 1 : 1 + n / 8) {
        struct jt_p256 *table = NULL;
        failed = false;
        left = n;
        enum jt_err err = jt_p256_new(desk[KEYS - 1].key->pkey, &table);
        left = -1;
        assert_true(err == JT_OK || err == JT_ERR_NOMEM || err == JT_ERR_CRYPTO);
        assert_true((table != NULL) == (err == JT_OK));
        assert_true(failed || err == JT_OK);
        jt_p256_free(table);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void make_edges(void)
{
    BIGNUM *number = BN_dup(ecdsa_maker_order());
    memset(edges[0], 0, 32);
    memset(edges[1], 0, 32);
    edges[1][31] = 1;
    assert_int_equal(BN_sub_word(number, 1), 1);
    for (size_t i = 2; i < 5; i++) {
        assert_int_equal(BN_bn2binpad(number, edges[i], 32), 32);
        assert_int_equal(BN_add_word(number, 1), 1);
    }
    memset(edges[5], 0xff, 32);
    BN_free(number);
}

static int prepare(void **state)
{
    (void)state;
    static const long small[KEYS - 2] = {1, -1, 2, -2, 3, -3}; /* Q = G, -G, 2 G ... */
    make_edges();
    for (size_t i = 0; i < KEYS; i++) {
        uint8_t bytes[32];
        fill(bytes);
        desk[i].key = i < JT_COUNT(small) ? ecdsa_maker_key(small[i]) : ecdsa_maker_key_of(bytes);
        assert_ok(jt_p256_new(desk[i].key->pkey, &desk[i].table));
    }
    assert_ok(jt_p256_scratch_new(&scratch));
    return 0;
}

static int release(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        jt_p256_free(desk[i].table);
    }
    jt_p256_scratch_free(scratch);
    ecdsa_maker_release();
    return 0;
}

int main(int argc, char **argv)
{
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1) {
        (void)fprintf(stderr, "libcrypto has allocated already\n");
        return 1;
    }
    cases = argc > 1 ? strtoul(argv[1], NULL, 10) : cases;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_signatures_judged_as_evp_does),
        cmocka_unit_test(edges_of_r_s_and_digest_judged_as_evp_does),
        cmocka_unit_test(sum_of_equal_points_accepted_and_of_opposite_ones_refused),
        cmocka_unit_test(x_above_the_order_accepted_as_below_it),
        cmocka_unit_test(x_above_the_order_refused_as_r),
        cmocka_unit_test(wrong_or_missing_inverse_changes_no_verdict),
        cmocka_unit_test(new_of_another_kind_of_key_refused),
        cmocka_unit_test(new_with_any_multiple_wrong_refused),
        cmocka_unit_test(new_where_products_use_no_table_finds_none),
        cmocka_unit_test(free_of_null_harmless),
        cmocka_unit_test(one_table_read_by_many_threads),
        cmocka_unit_test(verify_out_of_memory_says_so),
        cmocka_unit_test(scratch_new_out_of_memory_says_so),
        cmocka_unit_test(new_out_of_memory_says_so),
    };
    return cmocka_run_group_tests(tests, prepare, release);
}
