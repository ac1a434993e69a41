/* SPDX-License-Identifier: Apache-2.0 */
/* Signed numbers of nine limbs, the lowest first: eight of 30 bits, not negative, and a last one
 * that carries the sign. Right shifts of negative integers keep the sign (gcc, clang). */
#include "verifier/crypto/modinv.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/base.h"

#define LIMBS JT_MODINV_LIMBS
#define BITS  30
#define MASK  ((1U << BITS) - 1)

/* 741 divsteps bring any pair below 2^256 to g = 0 (theorem 11.2 of the paper) */
#define MAX_BATCHES ((741 + BITS - 1) / BITS)

/* What BITS divsteps do to f and g, times 2^BITS:  f' = u f + v g,  g' = q f + r g */
struct batch {
    int32_t u, v, q, r;
};

static void load(const uint8_t bytes[JT_MODINV_LEN], int32_t out[LIMBS])
{
    uint64_t held = 0;
    unsigned bits = 0;
    size_t limb = 0;
    for (size_t i = JT_MODINV_LEN; i-- > 0;) {
        held |= (uint64_t)bytes[i] << bits;
        bits += 8;
        if (bits >= BITS) {
            out[limb++] = (int32_t)(held & MASK);
            held >>= BITS;
            bits -= BITS;
        }
    }
    out[limb] = (int32_t)held;
}

/* `number` is not negative and below 2^256. */
static void store(const int32_t number[LIMBS], uint8_t out[JT_MODINV_LEN])
{
    uint64_t held = 0;
    unsigned bits = 0;
    size_t limb = 0;
    for (size_t i = JT_MODINV_LEN; i-- > 0;) {
        if (bits < 8) {
            held |= (uint64_t)(uint32_t)number[limb++] << bits;
            bits += BITS;
        }
        out[i] = (uint8_t)held;
        held >>= 8;
        bits -= 8;
    }
}

enum jt_err jt_modinv_init(struct jt_modinv *modinv, const uint8_t modulus[JT_MODINV_LEN])
{
    static const uint8_t one[JT_MODINV_LEN] = {[JT_MODINV_LEN - 1] = 1};
    if (modulus[JT_MODINV_LEN - 1] % 2 == 0 || memcmp(modulus, one, sizeof one) == 0) {
        return JT_ERR_ARGUMENT;
    }
    load(modulus, modinv->modulus);
    uint32_t m = (uint32_t)modinv->modulus[0];
    uint32_t inverse = m;           /* right in 3 bits: the square of an odd number is 1 modulo 8 */
    for (int i = 0; i < 4; i++) {   /* 6, 12, 24, 48 */
        inverse *= 2 - m * inverse; /* Newton */
    }
    modinv->inverse = inverse & MASK;
    return JT_OK;
}

/* BITS divsteps by the low bits of f, which is odd, and g. `eta` is the paper's -delta. */
static int32_t run_batch(int32_t eta, uint32_t f, uint32_t g, struct batch *out)
{
    uint32_t u = 1, v = 0, q = 0, r = 1; /* signed numbers, in two's complement */
    int32_t left = BITS;
    for (;;) {
        int32_t zeros = __builtin_ctz(g | UINT32_MAX << left);
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        eta -= zeros;
        left -= zeros;
        if (left == 0) {
            break;
        }
        if (eta < 0) {
            uint32_t old_f = f, old_u = u, old_v = v;
            eta = -eta;
            f = g, u = q, v = r;
            g = 0 - old_f, q = 0 - old_u, r = 0 - old_v;
        }
        /* as many steps at once as come before the next swap, 6 at most: f (f f - 2) is -1/f modulo
         * 64, so that g + w f ends in that many zeros */
        int32_t steps = eta + 1 < left ? eta + 1 : left;
        uint32_t w = (f * (f * f - 2) * g) & (63U >> (steps < 6 ? 6 - steps : 0));
        g += w * f;
        q += w * u;
        r += w * v;
    }
    *out = (struct batch){(int32_t)u, (int32_t)v, (int32_t)q, (int32_t)r};
    return eta;
}

/* f and g after the batch: their low BITS are then zero, and leave. */
static void step_f_g(int32_t f[LIMBS], int32_t g[LIMBS], const struct batch *by)
{
    int64_t to_f = (int64_t)by->u * f[0] + (int64_t)by->v * g[0];
    int64_t to_g = (int64_t)by->q * f[0] + (int64_t)by->r * g[0];
    for (size_t i = 1; i < LIMBS; i++) {
        to_f = (to_f >> BITS) + (int64_t)by->u * f[i] + (int64_t)by->v * g[i];
        to_g = (to_g >> BITS) + (int64_t)by->q * f[i] + (int64_t)by->r * g[i];
        f[i - 1] = (int32_t)(to_f & MASK);
        g[i - 1] = (int32_t)(to_g & MASK);
    }
    f[LIMBS - 1] = (int32_t)(to_f >> BITS);
    g[LIMBS - 1] = (int32_t)(to_g >> BITS);
}

/* How often the modulus m is to be added to a d + b e, so that its low BITS become zero and the
 * result, divided by 2^BITS, lies between -2m and m as d and e do: a negative d or e counts with m
 * added, and is then between -m and m, their sum within 2^BITS m; up to 2^BITS m is taken off. */
static int64_t multiple(const struct jt_modinv *modinv, int32_t a, int32_t b,
                        const int32_t d[LIMBS], const int32_t e[LIMBS])
{
    int64_t times = (int64_t)(d[LIMBS - 1] < 0 ? a : 0) + (int64_t)(e[LIMBS - 1] < 0 ? b : 0);
    uint32_t low = (uint32_t)a * (uint32_t)d[0] + (uint32_t)b * (uint32_t)e[0];
    return times - (int64_t)((low * modinv->inverse + (uint32_t)times) & MASK);
}

/* d and e by the same batch, modulo the modulus. */
static void step_d_e(const struct jt_modinv *modinv, int32_t d[LIMBS], int32_t e[LIMBS],
                     const struct batch *by)
{
    const int32_t *m = modinv->modulus;
    int64_t d_times = multiple(modinv, by->u, by->v, d, e);
    int64_t e_times = multiple(modinv, by->q, by->r, d, e);
    int64_t to_d = (int64_t)by->u * d[0] + (int64_t)by->v * e[0] + d_times * m[0];
    int64_t to_e = (int64_t)by->q * d[0] + (int64_t)by->r * e[0] + e_times * m[0];
    for (size_t i = 1; i < LIMBS; i++) {
        to_d = (to_d >> BITS) + (int64_t)by->u * d[i] + (int64_t)by->v * e[i] + d_times * m[i];
        to_e = (to_e >> BITS) + (int64_t)by->q * d[i] + (int64_t)by->r * e[i] + e_times * m[i];
        d[i - 1] = (int32_t)(to_d & MASK);
        e[i - 1] = (int32_t)(to_e & MASK);
    }
    d[LIMBS - 1] = (int32_t)(to_d >> BITS);
    e[LIMBS - 1] = (int32_t)(to_e >> BITS);
}

/* number = sign * number + times * m */
static void settle(int32_t number[LIMBS], int32_t sign, int32_t times, const int32_t m[LIMBS])
{
    int64_t sum = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        sum = (sum >> BITS) + (int64_t)sign * number[i] + (int64_t)times * m[i];
        number[i] = (int32_t)(sum & MASK);
    }
    number[LIMBS - 1] = (int32_t)sum;
}

static bool is_zero(const int32_t number[LIMBS])
{
    int32_t bits = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        bits |= number[i];
    }
    return bits == 0;
}

/* 1 or -1 when `number` is that, else 0 */
static int32_t unit(const int32_t number[LIMBS])
{
    int32_t sign = number[LIMBS - 1] < 0 ? -1 : 1;
    int32_t one[LIMBS] = {1};
    int32_t magnitude[LIMBS];
    memcpy(magnitude, number, sizeof magnitude);
    settle(magnitude, sign, 0, one);
    return memcmp(magnitude, one, sizeof one) == 0 ? sign : 0;
}

enum jt_err jt_modinv_invert(const struct jt_modinv *modinv, const uint8_t number[JT_MODINV_LEN],
                             uint8_t out_inverse[JT_MODINV_LEN])
{
    /* all along, f = d * number and g = e * number, modulo the modulus */
    int32_t f[LIMBS], g[LIMBS], d[LIMBS] = {0}, e[LIMBS] = {1};
    memcpy(f, modinv->modulus, sizeof f);
    load(number, g);
    int32_t eta = -1;
    for (int batches = 0; batches < MAX_BATCHES && !is_zero(g); batches++) {
        struct batch by;
        eta = run_batch(eta, (uint32_t)f[0], (uint32_t)g[0], &by);
        step_f_g(f, g, &by);
        step_d_e(modinv, d, e, &by);
    }
    /* f is now the greatest common divisor, or that negated */
    int32_t sign = is_zero(g) ? unit(f) : 0;
    if (sign == 0) {
        return JT_ERR_NOT_FOUND;
    }
    /* from between -2m and m: below m, either sign; its own sign; not negative */
    settle(d, 1, d[LIMBS - 1] < 0, modinv->modulus);
    settle(d, sign, 0, modinv->modulus);
    settle(d, 1, d[LIMBS - 1] < 0, modinv->modulus);
    store(d, out_inverse);
    return JT_OK;
}
