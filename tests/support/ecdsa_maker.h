/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-256 keys and ES256 signatures out of chosen numbers, by the textbook, and what EVP says of
 * them: for signatures that no signer makes. A failure of its own ends the program.
 * Ownership: everything lives until ecdsa_maker_release.
 * Thread rule: one thread.
 * Sources: SEC 1 sec. 4.1.
 */
#ifndef JT_TESTS_SUPPORT_ECDSA_MAKER_H
#define JT_TESTS_SUPPORT_ECDSA_MAKER_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/bn.h>
#include <openssl/evp.h>

struct ecdsa_key {
    EVP_PKEY *pkey;       /* the public half */
    EVP_PKEY_CTX *verify; /* prepared */
    BIGNUM *d;            /* the private number; NULL when nobody knows it */
};

/* Of the curve: its order, and arithmetic modulo it. Results live until release. */
const BIGNUM *ecdsa_maker_order(void);

/* The key d G; with a negative `d`, that of n + d. */
struct ecdsa_key *ecdsa_maker_key(long d);

/* A key whose d is these 32 bytes modulo n - 1, plus 1. */
struct ecdsa_key *ecdsa_maker_key_of(const uint8_t bytes[32]);

/* Signs `digest` by the nonce that these bytes give (as above). */
void ecdsa_maker_sign(const struct ecdsa_key *key, const uint8_t nonce[32],
                      const uint8_t digest[32], uint8_t out_signature[64]);

/* Turns s into n - s, which is as good. */
void ecdsa_maker_negate_s(uint8_t signature[64]);

/* A signature and its digest for which u1 G and u2 Q are the same point; it is valid. */
void ecdsa_maker_double(const struct ecdsa_key *key, const uint8_t nonce[32],
                        uint8_t out_digest[32], uint8_t out_signature[64]);

/* The digest for which u1 G + u2 Q is the point at infinity, whatever s. */
void ecdsa_maker_cancel(const struct ecdsa_key *key, const uint8_t signature[64],
                        uint8_t out_digest[32]);

/* A key, and a valid signature of `digest` by it, where the x of the sum is the first of a point
 * from `x_from` on: r is that reduced modulo n, s the same 32 bytes that are given. */
struct ecdsa_key *ecdsa_maker_key_for_x(const BIGNUM *x_from, const uint8_t digest[32],
                                        const uint8_t s[32], uint8_t out_signature[64]);

/* Does EVP_PKEY_verify say yes. */
bool ecdsa_maker_evp_accepts(const struct ecdsa_key *key, const uint8_t digest[32],
                             const uint8_t signature[64]);

/* Frees all keys and numbers. */
void ecdsa_maker_release(void);

#endif
