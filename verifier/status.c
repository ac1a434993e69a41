/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/status.h"

#include "common/base/base.h"

struct row {
    jeton_status status;
    const char *name;
    int class;
    const char *text; /* goes into error_description: no quote, no backslash */
};

static const struct row rows[] = {
    {JETON_OK, "ok", 200, "The token is acceptable."},
    {JETON_MALFORMED, "malformed", 401,
     "The token is not a signed JWT of three base64url parts: send the access token unchanged."},
    {JETON_TOO_LONG, "too_long", 401,
     "The token is longer than this API accepts: ask for fewer scopes or claims."},
    {JETON_CRIT_REFUSED, "crit_refused", 401,
     "The token's header has crit or b64, which are not understood here: issue it without them."},
    {JETON_ALG_REFUSED, "alg_refused", 401,
     "The token's algorithm is not one that this API accepts for its key: sign with another."},
    {JETON_TYP_REFUSED, "typ_refused", 401,
     "The token's typ is not one that this API accepts: send an access token of typ at+jwt, not "
     "an ID token."},
    {JETON_UNKNOWN_KEY, "unknown_key", 401,
     "The issuer has published no key of the token's kid: get a new token from the issuer."},
    {JETON_BAD_SIGNATURE, "bad_signature", 401,
     "The signature does not verify: send the token exactly as the issuer gave it."},
    {JETON_BAD_CLAIMS, "bad_claims", 401,
     "The token's claims are not a JSON object, or one is of the wrong type."},
    {JETON_WRONG_ISSUER, "wrong_issuer", 401,
     "The token is of another issuer: get one from the issuer that this API trusts."},
    {JETON_WRONG_AUDIENCE, "wrong_audience", 401,
     "The token is for another API: ask the issuer for one with this API as resource."},
    {JETON_EXPIRED, "expired", 401, "The token has expired: get a new one."},
    {JETON_NOT_YET_VALID, "not_yet_valid", 401,
     "The token is not valid yet: compare the clocks of the issuer and this API."},
    {JETON_TOO_OLD, "too_old", 401,
     "The token was issued longer ago than this API accepts: get a new one."},
    {JETON_MISSING_CLAIM, "missing_claim", 401,
     "The token lacks exp or another claim that this API requires."},
    {JETON_MISSING_TOKEN, "missing_token", 401,
     "No token was sent: send the header Authorization: Bearer and the access token."},
    {JETON_INSUFFICIENT_SCOPE, "insufficient_scope", 403,
     "The token lacks a scope that is required here: ask the issuer for it."},
    {JETON_NO_KEYS, "no_keys", 503,
     "The issuer's keys could not be fetched yet: try again; check jwks_uri and the network."},
    {JETON_NO_MEMORY, "no_memory", 503, "Out of memory: try again."},
    {JETON_USAGE, "usage", 500,
     "An argument is wrong: jeton_verifier_error tells which, or a struct was not initialised "
     "with JETON_INIT."},
    {JETON_FETCH_FAILED, "fetch_failed", 500,
     "Fetching from the issuer failed: check the URL, the network and the CA file."},
    {JETON_DISCOVERY_REFUSED, "discovery_refused", 500,
     "The discovery document is not the issuer's: its issuer must equal the policy's, its "
     "jwks_uri be https."},
    {JETON_FILE_FAILED, "file_failed", 500,
     "The key set's file cannot be read: check jwks_file and its mode."},
    {JETON_KEYS_REFUSED, "keys_refused", 500,
     "The key set is not a JWK Set with a usable key, or is too large."},
    {JETON_INTERNAL, "internal", 500, "A cryptographic operation failed inside the library."},
};

static const struct {
    enum jt_err err;
    jeton_status status;
} mapped[] = {
    {JT_OK, JETON_OK},
    {JT_ERR_JWS, JETON_MALFORMED},
    {JT_ERR_JWS_HEADER, JETON_MALFORMED},
    {JT_ERR_BASE64, JETON_MALFORMED},
    {JT_ERR_TOKEN_TOO_LONG, JETON_TOO_LONG},
    {JT_ERR_JWS_CRIT, JETON_CRIT_REFUSED},
    {JT_ERR_ALG, JETON_ALG_REFUSED},
    {JT_ERR_TYP, JETON_TYP_REFUSED},
    {JT_ERR_KID, JETON_UNKNOWN_KEY},
    {JT_ERR_SIGNATURE, JETON_BAD_SIGNATURE},
    {JT_ERR_CLAIMS, JETON_BAD_CLAIMS},
    {JT_ERR_ISS, JETON_WRONG_ISSUER},
    {JT_ERR_AUD, JETON_WRONG_AUDIENCE},
    {JT_ERR_EXPIRED, JETON_EXPIRED},
    {JT_ERR_NOT_YET, JETON_NOT_YET_VALID},
    {JT_ERR_TOO_OLD, JETON_TOO_OLD},
    {JT_ERR_CLAIM_MISSING, JETON_MISSING_CLAIM},
    {JT_ERR_TOKEN_MISSING, JETON_MISSING_TOKEN},
    {JT_ERR_SCOPE, JETON_INSUFFICIENT_SCOPE},
    {JT_ERR_NO_KEYS, JETON_NO_KEYS},
    {JT_ERR_NOMEM, JETON_NO_MEMORY},
    {JT_ERR_ARGUMENT, JETON_USAGE},
    {JT_ERR_FETCH, JETON_FETCH_FAILED},
    {JT_ERR_DISCOVERY, JETON_DISCOVERY_REFUSED},
    {JT_ERR_IO, JETON_FILE_FAILED},
    {JT_ERR_JSON, JETON_KEYS_REFUSED},
    {JT_ERR_JSON_DEPTH, JETON_KEYS_REFUSED},
    {JT_ERR_LIMIT, JETON_KEYS_REFUSED},
    {JT_ERR_JWKS_EMPTY, JETON_KEYS_REFUSED},
};

jeton_status jt_status_of(enum jt_err err)
{
    for (size_t i = 0; i < JT_COUNT(mapped); i++) {
        if (mapped[i].err == err) {
            return mapped[i].status;
        }
    }
    return JETON_INTERNAL;
}

static const struct row *row_of(jeton_status status)
{
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        if (rows[i].status == status) {
            return &rows[i];
        }
    }
    return &rows[JT_COUNT(rows) - 1];
}

const char *jeton_status_name(jeton_status status)
{
    return row_of(status)->name;
}

const char *jeton_status_text(jeton_status status)
{
    return row_of(status)->text;
}

int jeton_status_class(jeton_status status)
{
    return row_of(status)->class;
}
