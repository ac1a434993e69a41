/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_allocations [-o json]: how often one jeton_verify with every check asks the heap for memory
 * once it is warm, by algorithm: libjeton itself, jansson, and libcrypto; and libcrypto in the bare
 * check of bench_verify. malloc, calloc and realloc of the whole program are counted here; what
 * libcrypto and jansson ask for comes through their hooks, and does not count twice.
 */
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bare_check.h"
#include "tests/bench/full_check.h"
#include "tests/bench/meter.h"

#define CALLS 1000

/* glibc's own, which the three below stand before. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static struct counted {
    size_t own, json, crypto;
} counted;

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void *malloc(size_t n)
{
    counted.own++;
    return __libc_malloc(n);
}

EXPORTED void *calloc(size_t n, size_t size)
{
    counted.own++;
    return __libc_calloc(n, size);
}

EXPORTED void *realloc(void *p, size_t n)
{
    counted.own++;
    return __libc_realloc(p, n);
}

static void *json_malloc(size_t n)
{
    counted.json++;
    return __libc_malloc(n);
}

static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    counted.crypto++;
    return __libc_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    counted.crypto++;
    return __libc_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* What CALLS calls took, after some that warm up. */
static struct counted count(void (*run)(void *ctx), void *ctx)
{
    for (int i = 0; i < CALLS; i++) {
        run(ctx);
    }
    counted = (struct counted){0, 0, 0};
    for (int i = 0; i < CALLS; i++) {
        run(ctx);
    }
    return counted;
}

static double each(size_t n)
{
    return (double)n / CALLS;
}

static void tell(const char *alg, const struct full_check_variant *variant, bool json)
{
    const struct token_key *key = token_maker_key(alg);
    struct full_check full;
    struct bare_check bare;
    full_check_open(&full, key, variant);
    bare_check_prepare(&bare, key);
    struct counted ours = count(full_check_run, &full), floor = count(bare_check_run, &bare);
    printf(json ? "{\"alg\":\"%s\",\"setup\":\"%s\",\"own\":%.2f,\"jansson\":%.2f,"
                  "\"libcrypto\":%.2f,\"floor_libcrypto\":%.2f}\n"
                : "%-6s %-8s own %5.2f  jansson %5.2f  libcrypto %5.2f  (bare check %5.2f)\n",
           alg, variant->flag + 2, each(ours.own), each(ours.json), each(ours.crypto),
           each(floor.crypto));
    bare_check_release(&bare);
    full_check_close(&full);
}

int main(int argc, char **argv)
{
    static const char *const algs[] = {"ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"};
    bool json = argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "json") == 0;
    if (argc != 1 && !json) {
        (void)fprintf(stderr, "usage: bench_allocations [-o json]\n");
        return 1;
    }
    /* before libcrypto has asked for anything */
    meter_must(CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) == 1,
               "CRYPTO_set_mem_functions");
    json_set_alloc_funcs(json_malloc, free);
    for (const struct full_check_variant *v = full_check_variants; v->flag != NULL; v++) {
        for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
            tell(algs[i], v, json);
        }
    }
    token_maker_release();
    return 0;
}
