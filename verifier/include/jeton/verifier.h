/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libjeton verifies access tokens offline: signature, issuer, audience, time and scopes, against a
 * key set that it fetches in the background and keeps. It never does I/O inside jeton_verify, never
 * logs, and holds no private key.
 *
 * A jeton_verifier is shared by all threads; each thread verifies through a jeton_worker of its
 * own. Options and policies are structs whose first member is their size and whose zero is the safe
 * default of every field: initialise with JETON_INIT(type).
 *
 *     struct jeton_policy policy = JETON_INIT(jeton_policy);
 *     policy.issuer = "https://id.example.com";
 *     policy.audiences = (const char *const[]){"https://payment.example.com/api", NULL};
 *     jeton_status status = jeton_verifier_new(NULL, &policy, 1, &verifier);
 *     if (status == JETON_OK) {
 *         status = jeton_worker_new(verifier, &worker); // once per thread
 *     }
 *     if (status == JETON_OK) {
 *         status = jeton_verify(worker, token, token_len, &require, &result);
 *     }
 *
 * Sources: RFC 7515, 7517, 7519, 8725 (JWT), RFC 9068 (access tokens), RFC 6750 (answers),
 * RFC 8414 (discovery).
 */
#ifndef JETON_VERIFIER_H
#define JETON_VERIFIER_H

#include <stddef.h>
#include <stdint.h>

#include <jeton/observe.h>
#include <jeton/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The initialiser of a struct of this header that has a size: all else is zero, the safe default.
 * E.g. struct jeton_policy policy = JETON_INIT(jeton_policy); Since 0.1. */
/* clang-format off */
#ifdef __cplusplus
#    define JETON_INIT(type) ([] { struct type t = {}; t.size = sizeof t; return t; }())
#else
#    define JETON_INIT(type) {.size = sizeof(struct type)}
#endif
/* clang-format on */

/* Text of someone else's: each function says how long it lives. Since 0.1. */
struct jeton_slice {
    const char *p; /* not NUL-ended; NULL when absent */
    size_t n;
};

/* Algorithms, as bits of a policy's `algorithms`. Since 0.1. */
#define JETON_ES256 (UINT32_C(1) << 1)
#define JETON_ES384 (UINT32_C(1) << 2)
#define JETON_ES512 (UINT32_C(1) << 3)
#define JETON_RS256 (UINT32_C(1) << 4)
#define JETON_RS384 (UINT32_C(1) << 5)
#define JETON_RS512 (UINT32_C(1) << 6)
#define JETON_PS256 (UINT32_C(1) << 7)
#define JETON_PS384 (UINT32_C(1) << 8)
#define JETON_PS512 (UINT32_C(1) << 9)
#define JETON_EDDSA (UINT32_C(1) << 10) /* the names EdDSA and Ed25519 */

/* What a fetch hook answers; `body` is the hook's and must live until it is called again.
 * Since 0.1. */
struct jeton_response {
    const void *body;
    size_t body_len;
    int64_t max_age_s; /* of Cache-Control; -1 when absent */
};

/* Fetches `url` (never following a redirect; a body of at most `max_body` bytes; bounded in time: no
 * other issuer is fetched, no set dropped and no verifier freed meanwhile). Called from one thread at
 * a time. Returns JETON_OK, or JETON_FETCH_FAILED: it is tried again later. Since 0.1. */
typedef jeton_status (*jeton_fetch_fn)(void *ctx, const char *url, size_t max_body,
                                       struct jeton_response *out);

/* Of the verifier as a whole. Strings are copied. NULL options are all defaults. The clocks are
 * asked by any thread, many at once. Since 0.1. */
struct jeton_options {
    size_t size;
    jeton_fetch_fn fetch; /* NULL: libcurl, when built in */
    void *fetch_ctx;
    int64_t (*now_s)(void *ctx);        /* NULL: the system's wall clock */
    int64_t (*monotonic_ms)(void *ctx); /* NULL: the system's boot clock */
    void *clock_ctx;
    const char *ca_file; /* PEM; NULL: the system's trust store */
    int64_t wait_ms; /* how long jeton_verifier_new may wait for the first fetches, which are made
                            one after another: 5 s for each request that may hang; <= 2^31 - 1 */
    int no_thread;   /* 1: no background thread; call jeton_verifier_poll */
    size_t cache_tokens; /* accepted tokens that each worker remembers, at about 1.2 KB, so that
                            the next call with one costs no signature check; 0: none; <= 1048576 */
    int no_es256_table;  /* 1: ES256 by OpenSSL's ECDSA alone, without a table for each used key */
    jeton_event_fn on_event; /* NULL: none */
    void *event_ctx;
};

/* Of one issuer. Arrays end in NULL. Strings are copied. Since 0.1. */
struct jeton_policy {
    size_t size;
    const char *issuer;                 /* required; compared byte by byte with iss */
    const char *const *audiences;       /* required; aud must hold one of them, byte by byte */
    const char *jwks_uri;               /* NULL: by discovery from `issuer` */
    const char *jwks_file;              /* a JWK Set read by jeton_verifier_new; alone, never fetch:
                                           set jwks_uri or `discover` to fetch later ones */
    const char *jwks_cache;             /* a file that the verifier keeps: read when it is there and
                                           nobody else may write it, written after each fetch, so
                                           that a start needs no network; not with jwks_file */
    int discover;                       /* 1: discovery although jwks_file is given */
    uint32_t algorithms;                /* 0: ES256 ES384 ES512 RS256 PS256 EdDSA */
    const char *const *types;           /* NULL: "at+jwt"; "application/" before it also matches;
                                           "" accepts a token without typ */
    const char *const *required_claims; /* beside exp; null is missing */
    const char *const *scope_claims;    /* the first that is there counts; NULL: "scope", "scp" */
    int64_t skew_s;                     /* clock skew allowed, at most 300; 0: none */
    int64_t max_age_s;                  /* 0: no limit; else iat is required */
    size_t max_token;                   /* bytes; 0: 16384 */
};

/* What one route asks for. NULL, or empty lists: no scope is needed. Since 0.1. */
struct jeton_require {
    size_t size;
    const char *const *any_of;    /* the token holds at least one of these */
    const char *const *all_of;    /* and every one of these */
    const char *const *audiences; /* aud holds one of these, of the policy's audiences (an audience
                                     that no policy has is never held, nor one of an empty list);
                                     NULL: any of the policy's */
};

/* Bits of `failures`: every claim check that failed once the signature stood. Since 0.1. */
#define JETON_FAIL_ISSUER   (UINT64_C(1) << 0)
#define JETON_FAIL_AUDIENCE (UINT64_C(1) << 1)
#define JETON_FAIL_EXPIRED  (UINT64_C(1) << 2)
#define JETON_FAIL_NOT_YET  (UINT64_C(1) << 3)
#define JETON_FAIL_TOO_OLD  (UINT64_C(1) << 4)
#define JETON_FAIL_MISSING  (UINT64_C(1) << 5)
#define JETON_FAIL_SCOPE    (UINT64_C(1) << 6)

/* Claims are filled only when the signature and the claims' form stand: for JETON_OK, and when
 * `failures` is not 0; else all are empty. Slices live until the worker's next call. Since 0.1. */
struct jeton_result {
    size_t size;
    jeton_status status;
    uint64_t failures;
    struct jeton_slice issuer, subject, client_id, token_id, key_id;
    struct jeton_slice scope;    /* space-separated, whatever form the token has; an element
                                    of an array that is no scope (with a space) is left out */
    struct jeton_slice audience; /* the one of the policy's audiences that matched */
    int64_t expires_s, issued_s; /* seconds since 1970; 0 and -1 when absent */
    size_t policy;               /* place of the policy that judged: of the token's issuer, or the
                                    only one; the number of policies when none did */
};

/* One per thread; of jeton_verifier there is one per program, shared by its threads. Since 0.1. */
typedef struct jeton_worker jeton_worker;

/* Gives a verifier for `n_policies` issuers, 1 to 64, each with one policy. Reads each jwks_file
 * and jwks_cache, and starts the first fetches; for issuers that have no set then it waits up to
 * options->wait_ms in all (with no_thread: makes their fetches). That a fetch fails, or that what
 * it brings is refused, is no error here: jeton_verify answers JETON_NO_KEYS until a set arrives,
 * and jeton_verifier_error tells why one that was waited for failed, if it failed in time. Errors, and what
 * `*out_verifier` is then: JETON_USAGE, JETON_FILE_FAILED and JETON_KEYS_REFUSED (both of a
 * jwks_file), a verifier that has the sentence for jeton_verifier_error, gives no worker and is to
 * be freed; JETON_NO_MEMORY (or no thread could be started) and JETON_INTERNAL, NULL. Any thread.
 * Since 0.1. */
JETON_API JETON_CHECK jeton_status jeton_verifier_new(const struct jeton_options *options,
                                                      const struct jeton_policy *policies,
                                                      size_t n_policies,
                                                      jeton_verifier **out_verifier);

/* Stops the background thread, which may have to end a request first (5 s at most), and frees.
 * Workers must be freed before. NULL is harmless. Any thread, once no other uses it. Since 0.1. */
JETON_API void jeton_verifier_free(jeton_verifier *verifier);

/* What jeton_verifier_new found wrong, or why the fetch that it waited for failed, in one sentence;
 * "" when nothing, or for NULL. Later fetches do not change it. Borrowed. Any thread. Since 0.1. */
JETON_API const char *jeton_verifier_error(const jeton_verifier *verifier);

/* With no_thread: does the work that is due (at most one request, bounded by its time-outs, and the
 * writing of its jwks_cache; or one key's table, which takes some 20 ms of CPU; a set that has grown
 * too old is dropped here) and returns how many milliseconds may pass until the next call, counted
 * also while the machine sleeps. After JETON_UNKNOWN_KEY call it at once: a newer set may be wanted.
 * Otherwise does nothing. One thread at a time. Since 0.1. */
JETON_API int64_t jeton_verifier_poll(jeton_verifier *verifier);

/* 1 when each issuer has a usable key set. Any thread. Since 0.1. */
JETON_API int jeton_verifier_ready(const jeton_verifier *verifier);

/* Gives a worker for the calling thread. JETON_NO_MEMORY, JETON_INTERNAL (no randomness),
 * JETON_USAGE (`verifier` is NULL or came with an error); `*out_worker` is NULL then. Any thread. Since 0.1. */
JETON_API JETON_CHECK jeton_status jeton_worker_new(jeton_verifier *verifier,
                                                    jeton_worker **out_worker);

/* Frees; slices into the worker end. NULL is harmless. Any thread, before the verifier is freed and
 * once no other uses the worker. Since 0.1. */
JETON_API void jeton_worker_free(jeton_worker *worker);

/* Verifies the compact JWS of `token_len` bytes at `token` under the policy of its issuer and
 * `require` (NULL: no scope needed). Never does I/O, takes no lock, allocates nothing of its own.
 * Returns JETON_OK or why not; the same is in `result->status`. `result` may be NULL. No token
 * (NULL, or no bytes): JETON_MISSING_TOKEN. JETON_USAGE: `worker` is NULL, or `require` or `result`
 * was not initialised with JETON_INIT (such a `result` is left as it was). One thread per worker.
 * RFC 9068 sec. 4. Since 0.1. */
JETON_API JETON_CHECK jeton_status jeton_verify(jeton_worker *worker, const char *token,
                                                size_t token_len,
                                                const struct jeton_require *require,
                                                struct jeton_result *result);

/* The same for the value of an Authorization header: the scheme Bearer in any case, spaces, and the
 * token (RFC 6750 sec. 2.1). NULL or another scheme: JETON_MISSING_TOKEN. Since 0.1. */
JETON_API JETON_CHECK jeton_status jeton_verify_header(jeton_worker *worker,
                                                       const char *authorization,
                                                       const struct jeton_require *require,
                                                       struct jeton_result *result);

/* The string claim `name` of the token that the worker verified last (as for the claims of
 * jeton_result); empty when absent or not a string. Lives until the worker's next call. One
 * thread per worker. Since 0.1. */
JETON_API struct jeton_slice jeton_worker_claim(jeton_worker *worker, const char *name);

/* The same for any claim: its JSON text as it stands in the token, e.g. `{"act":[1,2]}` or `"text"`
 * with quotes and escapes. Since 0.1. */
JETON_API struct jeton_slice jeton_worker_claim_json(jeton_worker *worker, const char *name);

/* The whole claims set of that token, as JSON text. Since 0.1. */
JETON_API struct jeton_slice jeton_worker_claims_json(jeton_worker *worker);

/* The string at place `at` of the claim `name`, which is an array of strings, or one string (at
 * place 0); empty, with p NULL, for any other type and past the end. Since 0.1. */
JETON_API struct jeton_slice jeton_worker_claim_at(jeton_worker *worker, const char *name,
                                                   size_t at);

/* Writes the value of WWW-Authenticate for `status` and `require` (for the scopes asked) into `out`
 * as a NUL-ended string, whole or "": RFC 6750 sec. 3, with the realm "api". Returns its length; ""
 * is written when `size` is not larger than that. 0 and "" unless the class is 401 or 403: no
 * header is due. `out` may be NULL, to measure. Any thread. Since 0.1. */
JETON_API size_t jeton_www_authenticate(jeton_status status, const struct jeton_require *require,
                                        char *out, size_t size);

#ifdef __cplusplus
}
#endif

#endif
