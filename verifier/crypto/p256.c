/* SPDX-License-Identifier: Apache-2.0 */
/* libcrypto 3.0 deprecates EC_GROUP_precompute_mult and the projective coordinates without putting
 * anything in their place */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "verifier/crypto/p256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <stdbool.h>
#include <stdlib.h>

#include "verifier/crypto/modinv.h"

#include "common/base/base.h"

#define NUMBER_LEN 32 /* r, s, a digest, a coordinate */
#define POINT_LEN  (1 + 2 * NUMBER_LEN)

struct jt_p256 {
    EC_GROUP *g; /* P-256 as it is */
    EC_GROUP *q; /* P-256 with the public key as its generator */
};

struct jt_p256_scratch {
    BN_CTX *ctx;
    BN_MONT_CTX *mod_n, *mod_p; /* R = 2^256 in both */
    BIGNUM *n, *p;
    BIGNUM *one_by_r; /* 1/R mod n */
    BIGNUM *r_cubed;  /* R^3 mod p */
    BIGNUM *p_less_n;
    struct jt_modinv inverse_mod_n;
    /* of one verification */
    BIGNUM *r, *s, *e, *w, *u1, *u2, *x, *z, *t;
    EC_POINT *sum, *addend;
};

/* What libcrypto's failure means: out of memory stands first or last among what it tells. (An error
 * of the program's may be taken for it: whoever asks here asks EVP after either.) */
static enum jt_err failure(enum jt_err otherwise)
{
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ||
                   ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE
               ? JT_ERR_NOMEM
               : otherwise;
}

/* The table. */

static enum jt_err read_point(const EVP_PKEY *pkey, const EC_GROUP *group, EC_POINT *out_point,
                              BN_CTX *ctx)
{
    char name[sizeof SN_X9_62_prime256v1];
    uint8_t bytes[POINT_LEN];
    size_t n = 0;
    if (EVP_PKEY_get_group_name(pkey, name, sizeof name, &n) != 1 ||
        OBJ_sn2nid(name) != NID_X9_62_prime256v1) {
        return failure(JT_ERR_ARGUMENT);
    }
    /* oct2point sees that it is on the curve, but takes infinity */
    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes, &n) !=
            1 ||
        EC_POINT_oct2point(group, out_point, bytes, n, ctx) != 1 ||
        EC_POINT_is_at_infinity(group, out_point)) {
        return failure(JT_ERR_ARGUMENT);
    }
    return JT_OK;
}

/* 36 digits of 7 bits, `even` and `odd` in turns, below one of 4 bits. */
static bool make_scalar(unsigned even, unsigned odd, BIGNUM *out_scalar)
{
    bool ok = BN_set_word(out_scalar, even < 15 ? even : 15) == 1;
    for (int place = 35; place >= 0; place--) {
        ok = ok && BN_lshift(out_scalar, out_scalar, 7) == 1 &&
             BN_add_word(out_scalar, place % 2 == 0 ? even : odd) == 1;
    }
    return ok;
}

static enum jt_err check_scalar(const EC_GROUP *group, const BIGNUM *scalar, EC_POINT *by_table,
                                EC_POINT *by_point, BN_CTX *ctx)
{
    if (EC_POINT_mul(group, by_table, scalar, NULL, NULL, ctx) != 1 ||
        EC_POINT_mul(group, by_point, NULL, EC_GROUP_get0_generator(group), scalar, ctx) != 1) {
        return failure(JT_ERR_CRYPTO);
    }
    return EC_POINT_cmp(group, by_table, by_point, ctx) == 0 ? JT_OK : JT_ERR_CRYPTO;
}

/* Compares the table with multiplications that do not use it: those of ECDSA_verify. libcrypto's
 * fastest code writes a scalar as digits of 7 bits from -64 to 64 (64 and more is 128 less, and 1
 * carried) and has 64 multiples for each place; these scalars use every one of them. Other code is
 * compared at 65 scalars all the same. */
static enum jt_err check_table(const EC_GROUP *group, BN_CTX *ctx)
{
    EC_POINT *by_table = EC_POINT_new(group);
    EC_POINT *by_point = EC_POINT_new(group);
    BIGNUM *scalar = BN_new();
    enum jt_err err = by_table == NULL || by_point == NULL || scalar == NULL ? JT_ERR_NOMEM : JT_OK;
    for (unsigned digit = 1; digit <= 65 && err == JT_OK; digit++) {
        unsigned even = digit < 65 ? digit : 63;
        unsigned odd = digit < 64 ? digit : 127 - even;
        err = make_scalar(even, odd, scalar) ? check_scalar(group, scalar, by_table, by_point, ctx)
                                             : JT_ERR_NOMEM;
    }
    EC_POINT_free(by_table);
    EC_POINT_free(by_point);
    BN_free(scalar);
    return err;
}

/* libcrypto's code for any curve, which serves P-256 where none is made for it, fills a table, but a
 * single product does without: it climbs a ladder, and two take longer than all of ECDSA_verify. */
static bool ignores_tables(const EC_GROUP *group)
{
    const EC_METHOD *method = EC_GROUP_method_of(group);
    return method == EC_GFp_mont_method() || method == EC_GFp_nist_method();
}

static enum jt_err fill_table(EC_GROUP *group, BN_CTX *ctx)
{
    if (ignores_tables(group)) {
        return JT_ERR_NOT_FOUND;
    }
    if (EC_GROUP_precompute_mult(group, ctx) != 1) {
        return failure(JT_ERR_CRYPTO);
    }
    if (EC_GROUP_have_precompute_mult(group) != 1) {
        return JT_ERR_NOT_FOUND; /* as on s390x, which has instructions instead */
    }
    return check_table(group, ctx);
}

static enum jt_err make_table(struct jt_p256 *table, const EVP_PKEY *pkey, EC_POINT *point,
                              BN_CTX *ctx)
{
    JT_TRY(read_point(pkey, table->g, point, ctx));
    if (EC_GROUP_set_generator(table->q, point, EC_GROUP_get0_order(table->g),
                               EC_GROUP_get0_cofactor(table->g)) != 1) {
        return failure(JT_ERR_CRYPTO);
    }
    JT_TRY(fill_table(table->g, ctx));
    return fill_table(table->q, ctx);
}

void jt_p256_free(struct jt_p256 *table)
{
    if (table == NULL) {
        return;
    }
    EC_GROUP_free(table->g);
    EC_GROUP_free(table->q);
    free(table);
}

enum jt_err jt_p256_new(const struct evp_pkey_st *pkey, struct jt_p256 **out_table)
{
    struct jt_p256 *table = calloc(1, sizeof *table);
    if (table == NULL) {
        return JT_ERR_NOMEM;
    }
    (void)ERR_set_mark(); /* the error queue is the program's; an empty one needs no mark */
    BN_CTX *ctx = BN_CTX_new();
    table->g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    table->q = table->g == NULL ? NULL : EC_GROUP_dup(table->g);
    EC_POINT *point = table->q == NULL ? NULL : EC_POINT_new(table->g);
    enum jt_err err =
        ctx == NULL || point == NULL ? failure(JT_ERR_CRYPTO) : make_table(table, pkey, point, ctx);
    EC_POINT_free(point);
    BN_CTX_free(ctx);
    (void)ERR_pop_to_mark(); /* as above */
    if (err != JT_OK) {
        jt_p256_free(table);
        return err;
    }
    *out_table = table;
    return JT_OK;
}

/* The scratch. */

void jt_p256_scratch_free(struct jt_p256_scratch *scratch)
{
    if (scratch == NULL) {
        return;
    }
    BIGNUM *numbers[] = {scratch->n,        scratch->p,  scratch->one_by_r, scratch->r_cubed,
                         scratch->p_less_n, scratch->r,  scratch->s,        scratch->e,
                         scratch->w,        scratch->u1, scratch->u2,       scratch->x,
                         scratch->z,        scratch->t};
    for (size_t i = 0; i < JT_COUNT(numbers); i++) {
        BN_free(numbers[i]);
    }
    EC_POINT_free(scratch->sum);
    EC_POINT_free(scratch->addend);
    BN_MONT_CTX_free(scratch->mod_n);
    BN_MONT_CTX_free(scratch->mod_p);
    BN_CTX_free(scratch->ctx);
    free(scratch);
}

static bool allocate(struct jt_p256_scratch *scratch, const EC_GROUP *group)
{
    BIGNUM **numbers[] = {&scratch->n,        &scratch->p,  &scratch->one_by_r, &scratch->r_cubed,
                          &scratch->p_less_n, &scratch->r,  &scratch->s,        &scratch->e,
                          &scratch->w,        &scratch->u1, &scratch->u2,       &scratch->x,
                          &scratch->z,        &scratch->t};
    bool ok = true;
    for (size_t i = 0; i < JT_COUNT(numbers); i++) {
        *numbers[i] = BN_new();
        ok = ok && *numbers[i] != NULL;
    }
    scratch->ctx = BN_CTX_new();
    scratch->mod_n = BN_MONT_CTX_new();
    scratch->mod_p = BN_MONT_CTX_new();
    scratch->sum = EC_POINT_new(group);
    scratch->addend = EC_POINT_new(group);
    return ok && scratch->ctx != NULL && scratch->mod_n != NULL && scratch->mod_p != NULL &&
           scratch->sum != NULL && scratch->addend != NULL;
}

static bool prepare(struct jt_p256_scratch *its, const EC_GROUP *group)
{
    uint8_t n[JT_MODINV_LEN];
    return BN_copy(its->n, EC_GROUP_get0_order(group)) != NULL &&
           EC_GROUP_get_curve(group, its->p, NULL, NULL, its->ctx) == 1 &&
           BN_sub(its->p_less_n, its->p, its->n) == 1 &&
           BN_MONT_CTX_set(its->mod_n, its->n, its->ctx) == 1 &&
           BN_MONT_CTX_set(its->mod_p, its->p, its->ctx) == 1 &&
           BN_from_montgomery(its->one_by_r, BN_value_one(), its->mod_n, its->ctx) == 1 &&
           BN_to_montgomery(its->r_cubed, BN_value_one(), its->mod_p, its->ctx) == 1 &&
           BN_to_montgomery(its->r_cubed, its->r_cubed, its->mod_p, its->ctx) == 1 &&
           BN_to_montgomery(its->r_cubed, its->r_cubed, its->mod_p, its->ctx) == 1 &&
           BN_bn2binpad(its->n, n, sizeof n) == (int)sizeof n &&
           jt_modinv_init(&its->inverse_mod_n, n) == JT_OK;
}

enum jt_err jt_p256_scratch_new(struct jt_p256_scratch **out_scratch)
{
    struct jt_p256_scratch *scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL) {
        return JT_ERR_NOMEM;
    }
    (void)ERR_set_mark(); /* as in jt_p256_new */
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    bool ok = group != NULL && allocate(scratch, group) && prepare(scratch, group);
    enum jt_err err = ok ? JT_OK : failure(JT_ERR_CRYPTO);
    EC_GROUP_free(group);    /* the points are of any group with the same curve */
    (void)ERR_pop_to_mark(); /* as in jt_p256_new */
    if (err != JT_OK) {
        jt_p256_scratch_free(scratch);
        return err;
    }
    *out_scratch = scratch;
    return JT_OK;
}

/* A verification. Montgomery's product of a and b is a b / R: a factor R or so is put in where it
 * costs least. */

static bool mul_n(struct jt_p256_scratch *its, BIGNUM *out, const BIGNUM *a, const BIGNUM *b)
{
    return BN_mod_mul_montgomery(out, a, b, its->mod_n, its->ctx) == 1;
}

static bool mul_p(struct jt_p256_scratch *its, BIGNUM *out, const BIGNUM *a, const BIGNUM *b)
{
    return BN_mod_mul_montgomery(out, a, b, its->mod_p, its->ctx) == 1;
}

static enum jt_err read_numbers(struct jt_p256_scratch *its, const uint8_t *digest,
                                const uint8_t *signature)
{
    if (BN_bin2bn(signature, NUMBER_LEN, its->r) == NULL ||
        BN_bin2bn(signature + NUMBER_LEN, NUMBER_LEN, its->s) == NULL ||
        BN_bin2bn(digest, NUMBER_LEN, its->e) == NULL) {
        return failure(JT_ERR_CRYPTO);
    }
    /* SEC 1 sec. 4.1.4: r and s in [1, n - 1] */
    if (BN_is_zero(its->r) || BN_is_zero(its->s) || BN_cmp(its->r, its->n) >= 0 ||
        BN_cmp(its->s, its->n) >= 0) {
        return JT_ERR_SIGNATURE;
    }
    /* 2^256 is less than 2 n */
    if (BN_cmp(its->e, its->n) >= 0 && BN_sub(its->e, its->e, its->n) != 1) {
        return failure(JT_ERR_CRYPTO);
    }
    return JT_OK;
}

/* w = 1/s mod n. Ours is believed only when w s is 1. */
static enum jt_err invert_s(struct jt_p256_scratch *its, const uint8_t *s)
{
    uint8_t w[JT_MODINV_LEN];
    if (jt_modinv_invert(&its->inverse_mod_n, s, w) == JT_OK) {
        if (BN_bin2bn(w, sizeof w, its->w) == NULL || !mul_n(its, its->t, its->w, its->s)) {
            return failure(JT_ERR_CRYPTO);
        }
        if (BN_cmp(its->t, its->one_by_r) == 0) {
            return JT_OK;
        }
    }
    return BN_mod_inverse(its->w, its->s, its->n, its->ctx) != NULL ? JT_OK
                                                                    : failure(JT_ERR_CRYPTO);
}

/* u1 G + u2 Q, u1 = e/s, u2 = r/s */
static enum jt_err add_up(const struct jt_p256 *table, struct jt_p256_scratch *its)
{
    if (BN_to_montgomery(its->t, its->w, its->mod_n, its->ctx) != 1 ||
        !mul_n(its, its->u1, its->e, its->t) || !mul_n(its, its->u2, its->r, its->t) ||
        EC_POINT_mul(table->g, its->sum, its->u1, NULL, NULL, its->ctx) != 1 ||
        EC_POINT_mul(table->q, its->addend, its->u2, NULL, NULL, its->ctx) != 1 ||
        /* doubles equal points, and knows infinity */
        EC_POINT_add(table->g, its->sum, its->sum, its->addend, its->ctx) != 1) {
        return failure(JT_ERR_CRYPTO);
    }
    return JT_OK;
}

/* Is the sum's x, X / Z^2, this number below p? `z` is Z^2 / R, and two more R go: the three are in
 * r_cubed. */
static enum jt_err compare_x(struct jt_p256_scratch *its, const BIGNUM *number)
{
    if (!mul_p(its, its->t, number, its->r_cubed) || !mul_p(its, its->t, its->t, its->z)) {
        return failure(JT_ERR_CRYPTO);
    }
    return BN_cmp(its->t, its->x) == 0 ? JT_OK : JT_ERR_SIGNATURE;
}

/* Is the sum's x, reduced modulo n, r? */
static enum jt_err compare(const struct jt_p256 *table, struct jt_p256_scratch *its)
{
    if (EC_POINT_is_at_infinity(table->g, its->sum)) {
        return JT_ERR_SIGNATURE;
    }
    if (EC_POINT_get_Jprojective_coordinates_GFp(table->g, its->sum, its->x, NULL, its->z,
                                                 its->ctx) != 1 ||
        !mul_p(its, its->z, its->z, its->z)) {
        return failure(JT_ERR_CRYPTO);
    }
    enum jt_err err = compare_x(its, its->r);
    /* p is more than n: an x from n to p - 1 is r + n */
    if (err == JT_ERR_SIGNATURE && BN_cmp(its->r, its->p_less_n) < 0) {
        return BN_add(its->r, its->r, its->n) == 1 ? compare_x(its, its->r)
                                                   : failure(JT_ERR_CRYPTO);
    }
    return err;
}

enum jt_err jt_p256_verify(const struct jt_p256 *table, struct jt_p256_scratch *scratch,
                           const uint8_t digest[JT_P256_DIGEST_LEN],
                           const uint8_t signature[JT_P256_SIGNATURE_LEN])
{
    JT_TRY(read_numbers(scratch, digest, signature));
    JT_TRY(invert_s(scratch, signature + NUMBER_LEN));
    JT_TRY(add_up(table, scratch));
    return compare(table, scratch);
}
