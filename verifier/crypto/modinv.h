/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inverse of a number modulo an odd number of up to 256 bits, faster than libcrypto's. Its time
 * depends on the numbers: it is for public ones (signatures that are verified), never for secrets.
 * It is not relied upon: who uses it multiplies and looks (p256.c).
 * Ownership: none; struct jt_modinv is plain data.
 * Thread rule: any thread; a struct jt_modinv is immutable once made.
 * Sources: Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (2019),
 * whose divsteps are run here without its constant time.
 */
#ifndef JT_VERIFIER_MODINV_H
#define JT_VERIFIER_MODINV_H

#include "common/base/err.h"

#include <stdint.h>

#define JT_MODINV_LEN   32 /* bytes, big endian */
#define JT_MODINV_LIMBS 9  /* of 30 bits; the sign stands in the last */

struct jt_modinv {
    int32_t modulus[JT_MODINV_LIMBS];
    uint32_t inverse; /* of the modulus, modulo 2^30 */
};

/* Prepares for `modulus`. JT_ERR_ARGUMENT: it is even, or 1. */
JT_MUST_USE enum jt_err jt_modinv_init(struct jt_modinv *modinv,
                                       const uint8_t modulus[JT_MODINV_LEN]);

/* The y below the modulus with `number` * y = 1 modulo it. JT_ERR_NOT_FOUND: there is none. */
JT_MUST_USE enum jt_err jt_modinv_invert(const struct jt_modinv *modinv,
                                         const uint8_t number[JT_MODINV_LEN],
                                         uint8_t out_inverse[JT_MODINV_LEN]);

#endif
