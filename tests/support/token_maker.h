/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tests' own issuer: keys of every algorithm, JWKs and tokens from the JSON text it is given,
 * good or bad, made by libcrypto and libsodium directly and so independent of keys/ and
 * common/jose. A failure of its own ends the program.
 * Ownership: strings and keys live until token_maker_release.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_SUPPORT_TOKEN_MAKER_H
#define JT_TESTS_SUPPORT_TOKEN_MAKER_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

struct token_key {
    const char *alg; /* as in the header */
    EVP_PKEY *pkey;
};

/* A new key for the JWS algorithm `alg`; RSA of 2048 bits, or of `bits`. */
const struct token_key *token_maker_key(const char *alg);
const struct token_key *token_maker_rsa(const char *alg, unsigned bits, unsigned long e);

/* The public JWK with the members of `more` ("\"kid\":\"a\"", may be "") after the key's own. */
const char *token_maker_jwk(const struct token_key *key, const char *more);

/* {"keys":[...]} of JWK texts, the last argument NULL. */
const char *token_maker_jwks(const char *jwk, ...);

/* header "." payload "." signature of the texts as they are. */
const char *token_maker_sign(const struct token_key *key, const char *header, const char *payload);

/* The same where header and payload are encoded already. */
const char *token_maker_sign_encoded(const struct token_key *key, const char *header,
                                     const char *payload);

/* The signature alone, as JWS has it, into `out` of 1024 bytes; its length. */
size_t token_maker_signature(const struct token_key *key, const char *signed_part, uint8_t *out);

/* An RSASSA-PSS signature with SHA-256 but this salt length and MGF1 digest. */
size_t token_maker_pss(const struct token_key *key, const char *signed_part, int salt_len,
                       const char *mgf1_md, uint8_t *out);

/* HMAC-SHA-256 of `text`, 32 bytes. */
void token_maker_hmac(const void *key, size_t key_len, const char *text, uint8_t *out);

/* header "." payload "." base64url of these signature bytes. */
const char *token_maker_join(const char *header, const char *payload, const uint8_t *signature,
                             size_t n);

const char *token_maker_b64(const void *bytes, size_t n);

/* printf into a string that lives as long as the rest. */
const char *token_maker_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Frees all keys and strings. */
void token_maker_release(void);

#endif
