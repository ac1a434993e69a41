/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running out of memory at every single allocation: the n-th one fails, for every n, alone and with
 * all that follow. Ours are reached by the linker (--wrap), the libraries' by their hooks. A call
 * must then fail or be complete, and nothing may stay behind.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "common/base/secret.h"
#include "common/base/slots.h"
#include "common/jose/b64url.h"
#include "common/jose/jwks.h"
#include "common/jose/jws.h"
#include "common/json/json.h"
#include "tests/unit/jose_examples.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

static struct {
    bool armed, rest_too; /* rest_too: what follows the n-th fails as well */
    size_t seen, fail_at;
    long live; /* blocks of ours and of jansson that are not freed */
} heap;

static bool refuse(void)
{
    if (!heap.armed) {
        return false;
    }
    heap.seen++;
    return heap.rest_too ? heap.seen >= heap.fail_at : heap.seen == heap.fail_at;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
void __wrap_free(void *p);

static void *counted(void *p)
{
    heap.live += p != NULL;
    return p;
}

void *__wrap_malloc(size_t n)
{
    return refuse() ? NULL : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t n)
{
    return refuse() ? NULL : counted(__real_calloc(count, n));
}

void *__wrap_realloc(void *p, size_t n)
{
    if (refuse()) {
        return NULL;
    }
    return p == NULL ? counted(__real_realloc(p, n)) : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    return refuse() ? NULL : counted(__real_aligned_alloc(alignment, n));
}

void __wrap_free(void *p)
{
    heap.live -= p != NULL;
    __real_free(p);
}

/* libcrypto's: its caches live on, so they are refused but not counted. */
static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuse() ? NULL : __real_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuse() ? NULL : __real_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    __real_free(p);
}

/* What is run: JT_OK must mean that the result is whole (each asserts it). */
#define KID "a key id that is longer than the lexer's first buffer"
#define JWK_TEXT(more) \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"" more "}"

static enum jt_err load_object(void)
{
    JT_JSON_AUTO json_t *json = NULL;
    JT_TRY(jt_json_load_object(JT_SPAN("{\"kid\":\"" KID "\",\"a\":[1,2.5,{\"b\":null}],"
                                       "\"n\":1234567890123456789}"),
                               JT_JSON_DEPTH, &json));
    assert_span(jt_json_value(json_object_get(json, "kid")), KID);
    assert_int_equal(json_array_size(json_object_get(json, "a")), 3);
    assert_true(json_integer_value(json_object_get(json, "n")) == 1234567890123456789);
    return JT_OK;
}

static json_t *shared_json; /* loaded before anything fails */

static enum jt_err parse_jwk(void)
{
    JT_AUTOP(jwk) jwk = NULL;
    JT_TRY(jt_jwk_parse(json_array_get(shared_json, 0), &jwk));
    assert_string_equal(jwk->kid, KID);
    return JT_OK;
}

static enum jt_err parse_jwk_rsa(void)
{
    JT_AUTOP(jwk) jwk = NULL;
    JT_TRY(jt_jwk_parse(json_array_get(shared_json, 1), &jwk));
    assert_string_equal(jwk->thumbprint, RSA_THUMBPRINT);
    return JT_OK;
}

static enum jt_err parse_jwk_okp(void)
{
    JT_AUTOP(jwk) jwk = NULL;
    JT_TRY(jt_jwk_parse(json_array_get(shared_json, 2), &jwk));
    assert_string_equal(jwk->thumbprint, OKP_THUMBPRINT);
    return JT_OK;
}

static enum jt_err parse_jwks(void)
{
    JT_AUTOP(jwks) jwks = NULL;
    JT_TRY(jt_jwks_parse(
        JT_SPAN("{\"keys\":[" JWK_TEXT(",\"kid\":\"" KID "\"") "," RSA_JWK "," OKP_JWK "]}"),
        &jwks));
    assert_int_equal(jwks->n, 3); /* no key may be lost for want of memory */
    assert_int_equal(jwks->skipped, 0);
    assert_string_equal(jwks->keys[0]->kid, KID);
    assert_string_equal(jwks->keys[1]->thumbprint, RSA_THUMBPRINT);
    assert_string_equal(jwks->keys[2]->thumbprint, OKP_THUMBPRINT);
    return JT_OK;
}

static enum jt_err parse_header(void)
{
    struct jt_jws_header header;
    /* {"alg":"ES256","kid":"a key id longer than sixteen","typ":"at+jwt"} */
    JT_TRY(
        jt_jws_parse_header(JT_SPAN("eyJhbGciOiJFUzI1NiIsImtpZCI6ImEga2V5IGlkIGxvbmdlciB0aGFuIHNp"
                                    "eHRlZW4iLCJ0eXAiOiJhdCtqd3QifQ"),
                            &header));
    assert_int_equal(header.alg->id, JT_ALG_ES256);
    assert_string_equal(header.kid, "a key id longer than sixteen");
    assert_string_equal(header.typ, "at+jwt");
    return JT_OK;
}

static struct jt_jwk *shared_jwk;

static enum jt_err put_jwk(void)
{
    JT_AUTO(buf) text = JT_BUF_INIT(4096);
    JT_TRY(jt_jwk_put(shared_jwk, &text));
    assert_string_equal(jt_buf_str(&text),
                        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y
                        "\",\"kid\":\"" KID "\",\"use\":\"sig\"}");
    return JT_OK;
}

static enum jt_err public_half(void)
{
    JT_AUTOP(jwk) jwk = NULL;
    JT_TRY(jt_jwk_from_pkey(shared_jwk->pkey, JT_ALG_ES256, &jwk));
    assert_string_equal(jwk->kid, shared_jwk->thumbprint);
    return JT_OK;
}

static enum jt_err fill_buffer(struct jt_buf *b, char **copy)
{
    for (int i = 0; i < 10; i++) {
        JT_TRY(jt_buf_put(b, JT_SPAN("0123456789")));
        JT_TRY(jt_buf_puti(b, -1));
        JT_TRY(jt_buf_printf(b, "%s", "abc"));
        JT_TRY(jt_b64url_put(b, JT_SPAN("foobar")));
        JT_TRY(jt_buf_putc(b, '\n'));
    }
    return jt_buf_strdup(jt_buf_span(b), copy);
}

static enum jt_err use_buffer(void)
{
    JT_AUTO(buf) b = JT_BUF_INIT(1000);
    char *copy = NULL;
    JT_TRY(fill_buffer(&b, &copy));
    bool whole = b.len == 240 && strcmp(copy, jt_buf_str(&b)) == 0;
    free(copy);
    assert_true(whole);
    return JT_OK;
}

static enum jt_err use_secret(void)
{
    JT_AUTO(secret) s = JT_SECRET_INIT;
    JT_TRY(jt_secret_copy(&s, JT_SPAN("a secret")));
    enum jt_err err = jt_secret_copy(&s, JT_SPAN("another"));
    assert_span(jt_secret_span(&s), err == JT_OK ? "another" : ""); /* as the header says */
    return err;
}

static enum jt_err dump_json(void)
{
    JT_AUTO(buf) text = JT_BUF_INIT(4096);
    JT_TRY(jt_json_dump(json_array_get(shared_json, 2), &text));
    assert_string_equal(jt_buf_str(&text), OKP_JWK);
    return JT_OK;
}

static void free_root(void *root)
{
    free(root);
}

static enum jt_err publish_some(struct jt_slots *slots)
{
    for (int i = 0; i < 20; i++) {
        void *root = malloc(1);
        enum jt_err err = root == NULL ? JT_ERR_NOMEM : jt_slots_publish(slots, root);
        if (err != JT_OK) {
            free(root); /* still the caller's */
            return err;
        }
    }
    return JT_OK;
}

static enum jt_err use_slots(void)
{
    JT_AUTOP(slots) slots = NULL;
    struct jt_slot *slot = NULL;
    JT_TRY(jt_slots_new(free_root, &slots));
    JT_TRY(jt_slots_join(slots, &slot));
    JT_TRY(publish_some(slots));
    assert_non_null(jt_slots_enter(slot));
    JT_TRY(publish_some(slots));
    jt_slots_exit(slot);
    assert_int_equal(jt_slots_reclaim(slots), 0);
    return JT_OK;
}

typedef enum jt_err subject(void);

static void run_with_failure_at(subject *run, size_t n, bool rest_too)
{
    long before = heap.live;
    heap.seen = 0;
    heap.fail_at = n;
    heap.rest_too = rest_too;
    heap.armed = true;
    enum jt_err err = run();
    heap.armed = false;
    ERR_clear_error();
    if (err != JT_OK && jt_err_row(err)->class != JT_CLASS_ENV) { /* never the peer's fault */
        fail_msg("allocation %zu%s: %s", n, rest_too ? " and on" : "", jt_err_name(err));
    }
    if (heap.live != before) {
        fail_msg("allocation %zu%s: %ld blocks left", n, rest_too ? " and on" : "",
                 heap.live - before);
    }
}

static void every_allocation_fails_in(subject *run)
{
    assert_ok(run()); /* the libraries' caches are filled */
    run_with_failure_at(run, 0, false);
    size_t total = heap.seen;
    assert_true(total > 0);
    for (size_t n = 1; n <= total; n++) {
        run_with_failure_at(run, n, false);
        run_with_failure_at(run, n, true);
    }
    assert_ok(run()); /* and nothing is broken afterwards */
    print_message("%zu allocations\n", total);
}

#define CASE(name, run)                 \
    static void name(void **state)      \
    {                                   \
        (void)state;                    \
        every_allocation_fails_in(run); \
    }

CASE(json_load_object_without_memory_fails, load_object)
CASE(json_dump_without_memory_fails, dump_json)
CASE(jwk_parse_without_memory_fails, parse_jwk)
CASE(jwk_parse_rsa_without_memory_fails, parse_jwk_rsa)
CASE(jwk_parse_okp_without_memory_fails, parse_jwk_okp)
CASE(jwk_put_without_memory_fails, put_jwk)
CASE(jwk_from_pkey_without_memory_fails, public_half)
CASE(jwks_parse_without_memory_fails, parse_jwks)
CASE(buf_without_memory_fails, use_buffer)
CASE(secret_without_memory_is_empty, use_secret)
CASE(slots_without_memory_fail, use_slots)

static void jws_parse_header_needs_no_memory(void **state)
{
    (void)state;
    run_with_failure_at(parse_header, 1, true);
    assert_int_equal(heap.seen, 0);
    assert_ok(parse_header());
}

static int load_shared(void **state)
{
    (void)state;
    if (jt_json_load(JT_SPAN("[" JWK_TEXT(",\"kid\":\"" KID "\"") "," RSA_JWK "," OKP_JWK "]"),
                     JT_JSON_DEPTH, &shared_json) != JT_OK) {
        return -1;
    }
    return jt_jwk_parse(json_array_get(shared_json, 0), &shared_jwk) == JT_OK ? 0 : -1;
}

static int free_shared(void **state)
{
    (void)state;
    jt_jwk_free(shared_jwk);
    json_decref(shared_json);
    return 0;
}

int main(void)
{
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1) {
        return 1;
    }
    json_set_alloc_funcs(malloc, free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_load_object_without_memory_fails),
        cmocka_unit_test(json_dump_without_memory_fails),
        cmocka_unit_test(jwk_parse_without_memory_fails),
        cmocka_unit_test(jwk_parse_rsa_without_memory_fails),
        cmocka_unit_test(jwk_parse_okp_without_memory_fails),
        cmocka_unit_test(jwk_put_without_memory_fails),
        cmocka_unit_test(jwk_from_pkey_without_memory_fails),
        cmocka_unit_test(jwks_parse_without_memory_fails),
        cmocka_unit_test(jws_parse_header_needs_no_memory),
        cmocka_unit_test(buf_without_memory_fails),
        cmocka_unit_test(secret_without_memory_is_empty),
        cmocka_unit_test(slots_without_memory_fail),
    };
    return cmocka_run_group_tests(tests, load_shared, free_shared);
}
