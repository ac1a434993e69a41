/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation fails, for every n, whether it is ours, jansson's or libcrypto's: each public
 * function answers with JETON_NO_MEMORY (or a refusal), never with JETON_OK for a bad token or a
 * crash, and works again afterwards. The linker wraps ours (--wrap), the libraries are given hooks.
 */
#include "tests/unit/unit.h"

#include "tests/support/verify_desk.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);

static long left = -1; /* allocations until the one that fails; below 0: none does */
static bool failed;
static long counted;

static bool fails(void)
{
    counted++;
    if (left < 0 || left-- > 0) {
        return false;
    }
    failed = true;
    return true;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : __real_aligned_alloc(align, n);
}

static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return __wrap_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return __wrap_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* Runs `step` with allocation 0, 1, 2 ... failing until none does. Returns how many failed. */
static long exhaust(void (*step)(void *), void *ctx)
{
    for (long n = 0;; n++) {
        assert_true(n < 20000);
        failed = false;
        left = n;
        step(ctx);
        left = -1;
        if (!failed) {
            return n;
        }
    }
}

static const char *jwks, *good, *bad;
static unsigned told; /* how often a verdict was that memory is short */

static void open_and_close(void *ctx)
{
    struct desk *desk = ctx;
    struct jeton_options options = desk_options(desk);
    struct jeton_policy policy = desk_policy();
    options.wait_ms = 1000;
    jeton_verifier *verifier = NULL;
    jeton_worker *worker = NULL;
    jeton_status status = jeton_verifier_new(&options, &policy, 1, &verifier);
    if (status == JETON_OK) {
        status = jeton_worker_new(verifier, &worker);
    }
    if (status != JETON_OK) {
        assert_true(status == JETON_NO_MEMORY || status == JETON_INTERNAL); /* no randomness */
        assert_true(failed);
    }
    if (!failed) {
        assert_int_equal(jeton_verifier_ready(verifier), 1);
    }
    jeton_worker_free(worker);
    jeton_verifier_free(verifier);
}

static void new_out_of_memory_says_so(void **state)
{
    (void)state;
    struct desk desk = {.now_s = DESK_NOW, .body = jwks, .max_age_s = -1};
    assert_true(exhaust(open_and_close, &desk) > 30);
}

/* A fresh worker each time, so that preparing its contexts fails too. */
static void verify_once(void *ctx)
{
    struct desk *desk = ctx;
    jeton_worker *worker = NULL;
    long was = left;
    left = -1;
    assert_status(jeton_worker_new(desk->verifier, &worker), JETON_OK);
    left = was;
    struct jeton_result result = JETON_INIT(jeton_result);
    jeton_status status = jeton_verify(worker, good, strlen(good), NULL, &result);
    if (failed) {
        assert_true(status == JETON_OK || status == JETON_NO_MEMORY || status == JETON_INTERNAL ||
                    status == JETON_BAD_SIGNATURE);
    } else {
        assert_status(status, JETON_OK);
    }
    told += status == JETON_NO_MEMORY;
    assert_status(result.status, status);
    assert_true((result.subject.p != NULL) == (status == JETON_OK));
    left = -1;
    assert_status(jeton_verify(worker, good, strlen(good), NULL, NULL), JETON_OK);
    jeton_worker_free(worker);
}

static void verify_bad_once(void *ctx)
{
    struct desk *desk = ctx;
    assert_true(jeton_verify(desk->worker, bad, strlen(bad), NULL, NULL) != JETON_OK);
}

static void verify_out_of_memory_says_so_and_never_accepts(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, jwks);
    told = 0;
    assert_true(exhaust(verify_once, &desk) > 20);
    assert_true(told > 10);
    assert_true(exhaust(verify_bad_once, &desk) > 0);
    desk_close(&desk);
}

/* Refetching with no memory keeps the set that is there; with memory again, it succeeds. */
static void poll_once(struct desk *desk)
{
    desk->boot_ms += 900 * 1000;
    (void)jeton_verifier_poll(desk->verifier);
    left = -1;
    assert_status(desk_judge(desk, good), JETON_OK);
    desk->boot_ms += 75 * 1000; /* the longest wait after a failure */
    (void)jeton_verifier_poll(desk->verifier);
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    assert_status(jeton_verifier_info(desk->verifier, 0, &info), JETON_OK);
    assert_in_range(info.age_s, 0, 75);
}

static void poll_out_of_memory_keeps_the_set(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, jwks);
    for (long n = 0;; n++) {
        desk.body = token_maker_text("%s%*s", jwks, (int)n + 1, ""); /* other bytes: a new set */
        failed = false;
        left = n;
        poll_once(&desk);
        if (!failed) {
            assert_true(n > 10);
            break;
        }
    }
    desk_close(&desk);
}

static void verify_allocates_nothing_of_its_own(void **state)
{
    (void)state;
    const struct token_key *ed = token_maker_key("EdDSA"); /* libsodium allocates nothing */
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(ed));
    const char *token = desk_token(ed, "{\"scp\":[\"a\"],\"x\":{\"\\n\":[1.5,null]}}");
    counted = 0;
    assert_status(jeton_verify(desk.worker, token, strlen(token), NULL, NULL), JETON_OK);
    assert_int_equal(counted, 0);
    desk_close(&desk);
    desk_open(&desk, NULL, jwks);
    assert_status(desk_judge(&desk, good), JETON_OK);
    counted = 0;
    assert_status(jeton_verify(desk.worker, good, strlen(good), NULL, NULL), JETON_OK);
    print_message("    allocations in a verification: none of ours, some %ld of libcrypto for "
                  "ES256\n",
                  counted);
    desk_close(&desk);
}

static int prepare(void **state)
{
    (void)state;
    const struct token_key *key = token_maker_key("ES256");
    jwks = desk_jwks(key);
    good = desk_token(key, "{\"scp\":[\"a\"]}");
    bad = desk_token(token_maker_key("ES256"), "{}");
    struct desk warm; /* what the libraries allocate once, they keep */
    desk_open(&warm, NULL, jwks);
    assert_status(desk_judge(&warm, good), JETON_OK);
    assert_true(desk_judge(&warm, bad) != JETON_OK);
    desk_close(&warm);
    return 0;
}

static int release(void **state)
{
    (void)state;
    token_maker_release();
    return 0;
}

int main(void)
{
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1) {
        (void)fprintf(stderr, "libcrypto has allocated already\n");
        return 1;
    }
    json_set_alloc_funcs(__wrap_malloc, free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_out_of_memory_says_so),
        cmocka_unit_test(verify_out_of_memory_says_so_and_never_accepts),
        cmocka_unit_test(poll_out_of_memory_keeps_the_set),
        cmocka_unit_test(verify_allocates_nothing_of_its_own),
    };
    return cmocka_run_group_tests(tests, prepare, release);
}
