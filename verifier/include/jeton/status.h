/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outcomes of libjeton's functions: a number that never changes its meaning, a short name, a
 * sentence that says how to mend it, and the HTTP status to answer with. <jeton/verifier.h>
 * includes this header.
 *
 *     jeton_status status = jeton_verify(worker, token, token_len, NULL, NULL);
 *     if (status != JETON_OK) {
 *         fprintf(stderr, "%s: %s\n", jeton_status_name(status), jeton_status_text(status));
 *         answer(jeton_status_class(status)); // 401, 403, 503 or 500
 *     }
 *
 * Sources: RFC 6750 sec. 3.1, RFC 9110 sec. 15.
 */
#ifndef JETON_STATUS_H
#define JETON_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#    define JETON_API   __attribute__((visibility("default")))
#    define JETON_CHECK __attribute__((warn_unused_result))
#else
#    define JETON_API
#    define JETON_CHECK
#endif

/* The outcome. Numbers are stable; new ones may be added below JETON_STATUS_MAX. Since 0.1. */
typedef enum jeton_status {
    JETON_OK = 0,
    /* 401: the token is not acceptable */
    JETON_MALFORMED = 1,    /* not a compact JWS, or not strict base64url or JSON */
    JETON_TOO_LONG = 2,     /* longer than the policy's max_token */
    JETON_CRIT_REFUSED = 3, /* crit or b64 in the header */
    JETON_ALG_REFUSED = 4,  /* algorithm outside the policy, or other than the key's */
    JETON_TYP_REFUSED = 5,  /* typ is not one the policy accepts */
    JETON_UNKNOWN_KEY = 6,  /* no key of the issuer has this kid */
    JETON_BAD_SIGNATURE = 7,
    JETON_BAD_CLAIMS = 8,   /* not a JSON object, or a claim of the wrong type */
    JETON_WRONG_ISSUER = 9, /* of an issuer that no policy is for */
    JETON_WRONG_AUDIENCE = 10,
    JETON_EXPIRED = 11,
    JETON_NOT_YET_VALID = 12, /* nbf or iat in the future */
    JETON_TOO_OLD = 13,       /* older than the policy's max_age_s */
    JETON_MISSING_CLAIM = 14, /* exp, or a claim that the policy requires */
    JETON_MISSING_TOKEN = 15, /* no token was given */
    /* 403 */
    JETON_INSUFFICIENT_SCOPE = 32,
    /* 503 */
    JETON_NO_KEYS = 48, /* no usable key set is there: none came yet, or the last is too old */
    JETON_NO_MEMORY = 49,
    /* 500: use and set-up errors */
    JETON_USAGE = 64,             /* an argument is wrong; jeton_verifier_error tells which */
    JETON_FETCH_FAILED = 65,      /* what a fetch hook answers; no function returns it */
    JETON_DISCOVERY_REFUSED = 66, /* no function returns it: jeton_verifier_error tells why */
    JETON_FILE_FAILED = 67,       /* jwks_file cannot be read */
    JETON_KEYS_REFUSED = 68,      /* jwks_file has no usable key, is too large or not JSON */
    JETON_INTERNAL = 69           /* a cryptographic operation failed */
} jeton_status;

/* No status is ever above. Since 0.1. */
#define JETON_STATUS_MAX 127

/* Stable short name, e.g. "expired", and one sentence that says how to mend it. Borrowed, and
 * never NULL; a number that is none is "internal". Any thread. Since 0.1. */
JETON_API const char *jeton_status_name(jeton_status status);
JETON_API const char *jeton_status_text(jeton_status status);

/* The HTTP status to answer with: 200, 401, 403, 503, or 500 for errors of use and set-up. Any
 * thread. Since 0.1. */
JETON_API int jeton_status_class(jeton_status status);

#ifdef __cplusplus
}
#endif

#endif
