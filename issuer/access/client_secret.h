/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client secrets: made here only, never chosen. `jts`, 43 characters of [0-9A-Za-z] (256 bits), and
 * 6 that are a checksum, so that a scanner tells a leaked one offline: jts[0-9A-Za-z]{49}. What is
 * kept is an HMAC under the issuer's pepper; a slow hash would protect nothing that has 256 bits
 * and be a lever for denial of service.
 * Ownership: none.
 * Thread rule: any thread.
 * Sources: RFC 6749 sec. 2.3.1, 10.10.
 */
#ifndef JT_ACCESS_CLIENT_SECRET_H
#define JT_ACCESS_CLIENT_SECRET_H

#include "common/base/hasher.h"
#include "common/base/random.h"
#include "common/base/secret.h"
#include "issuer/access/object.h"

#define JT_CLIENT_SECRET_LEN 52

/* Makes a secret. JT_ERR_RANDOM, JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_client_secret_make(const struct jt_random *random,
                                              struct jt_secret *out_secret);

/* Prefix, alphabet and checksum as they must be? Tells nothing of any stored secret. */
bool jt_client_secret_well_formed(struct jt_span secret);

/* What is stored and compared. JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_client_secret_hash(const struct jt_secret *pepper, struct jt_span secret,
                                              uint8_t out_hash[JT_SHA256_LEN]);

/* Has it no end, or is that still to come at `now_s`? */
bool jt_client_secret_alive(const struct jt_client_secret *secret, int64_t now_s);

/* A secret's last use is kept to this many seconds. */
#define JT_CLIENT_SECRET_USE_S 60

/* Does `secret` belong to `client` (NULL: unknown), alive at `now_s`? The hasher's key is the pepper. An unknown or disabled client
 * costs the same as a wrong secret. The secret's last use is set to now_s. JT_ERR_CLIENT when not; JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_client_secret_check(struct jt_hasher *hasher,
                                               const struct jt_client *client,
                                               struct jt_span secret, int64_t now_s);

#endif
