/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/policy.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "verifier/crypto/ed25519.h"
#include "verifier/sized.h"
#include "verifier/source/fetchurl.h"

#include "common/base/base.h"

#define SKEW_MAX_S        300
#define MAX_TOKEN         16384
#define MAX_TOKEN_LARGEST (1024 * 1024) /* each worker holds two buffers of it */
#define ALGORITHMS \
    (JETON_ES256 | JETON_ES384 | JETON_ES512 | JETON_RS256 | JETON_PS256 | JETON_EDDSA)
#define ALGORITHMS_KNOWN (ALGORITHMS | JETON_RS384 | JETON_RS512 | JETON_PS384 | JETON_PS512)

_Static_assert(JETON_ES256 == 1u << JT_ALG_ES256 && JETON_ES384 == 1u << JT_ALG_ES384 &&
                   JETON_ES512 == 1u << JT_ALG_ES512 && JETON_RS256 == 1u << JT_ALG_RS256 &&
                   JETON_RS384 == 1u << JT_ALG_RS384 && JETON_RS512 == 1u << JT_ALG_RS512 &&
                   JETON_PS256 == 1u << JT_ALG_PS256 && JETON_PS384 == 1u << JT_ALG_PS384 &&
                   JETON_PS512 == 1u << JT_ALG_PS512 && JETON_EDDSA == 1u << JT_ALG_EDDSA,
               "a policy's bits are the numbers of the algorithm table");

static enum jt_err check_numbers(const struct jeton_policy *given, struct jt_diag *diag)
{
    if ((given->algorithms & ~ALGORITHMS_KNOWN) != 0) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.algorithms has bits that are no JETON_ algorithm: 0x%x",
                            (unsigned)(given->algorithms & ~ALGORITHMS_KNOWN));
    }
    if ((given->algorithms & JETON_EDDSA) != 0 && !jt_ed25519_there) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.algorithms names EdDSA, which this build lacks: build with "
                            "JETON_SODIUM");
    }
    if (given->skew_s < 0 || given->skew_s > SKEW_MAX_S) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.skew_s is %lld; it must be 0 to %d seconds",
                            (long long)given->skew_s, SKEW_MAX_S);
    }
    if (given->max_age_s < 0 || given->max_age_s > INT32_MAX) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.max_age_s is %lld; it must be 0 (no limit) or seconds",
                            (long long)given->max_age_s);
    }
    if (given->max_token > MAX_TOKEN_LARGEST) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT, "policy.max_token is %zu; at most %d bytes",
                            given->max_token, MAX_TOKEN_LARGEST);
    }
    return JT_OK;
}

/* A list that names nothing or an empty string would accept or refuse all, silently. */
static enum jt_err check_list(const char *const *list, const char *name, bool empty_text_ok,
                              struct jt_diag *diag)
{
    if (list != NULL && list[0] == NULL) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT, "policy.%s is an empty list", name);
    }
    for (size_t i = 0; !empty_text_ok && list != NULL && list[i] != NULL; i++) {
        if (list[i][0] == 0) {
            return jt_diag_fail(diag, JT_ERR_ARGUMENT, "policy.%s has an empty string", name);
        }
    }
    return JT_OK;
}

static enum jt_err check_count(const char *const *audiences, struct jt_diag *diag)
{
    size_t n = 0;
    while (audiences[n] != NULL) {
        n++;
    }
    if (n > JT_POLICY_AUDIENCES) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT, "policy.audiences has %zu; at most %d", n,
                            JT_POLICY_AUDIENCES);
    }
    return JT_OK;
}

static enum jt_err check_texts(const struct jeton_policy *given, struct jt_diag *diag)
{
    if (given->issuer == NULL || given->issuer[0] == 0) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT, "policy.issuer is missing");
    }
    if (given->audiences == NULL) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.audiences is missing: name this API's identifier");
    }
    JT_TRY(check_list(given->audiences, "audiences", false, diag));
    JT_TRY(check_count(given->audiences, diag));
    JT_TRY(check_list(given->types, "types", true, diag));
    JT_TRY(check_list(given->required_claims, "required_claims", false, diag));
    return check_list(given->scope_claims, "scope_claims", false, diag);
}

static bool discovers(const struct jeton_policy *given)
{
    return given->jwks_uri == NULL && (given->jwks_file == NULL || given->discover != 0);
}

static enum jt_err check_urls(const struct jeton_policy *given, struct jt_diag *diag)
{
    struct jt_fetchurl url;
    if (given->jwks_uri != NULL && given->discover != 0) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.jwks_uri and policy.discover exclude each other");
    }
    if (given->jwks_uri != NULL && jt_fetchurl_parse(jt_span_str(given->jwks_uri), &url) != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.jwks_uri must be https, or http on loopback: %.200s",
                            given->jwks_uri);
    }
    if (discovers(given) && (jt_fetchurl_parse(jt_span_str(given->issuer), &url) != JT_OK ||
                             strchr(given->issuer, '?') != NULL)) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.issuer must be https, or http on loopback, without query, to "
                            "discover its keys; else set policy.jwks_uri: %.200s",
                            given->issuer);
    }
    return JT_OK;
}

static enum jt_err check_files(const struct jeton_policy *given, struct jt_diag *diag)
{
    if (given->jwks_cache == NULL) {
        return JT_OK;
    }
    if (given->jwks_file != NULL) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.jwks_cache and policy.jwks_file exclude each other");
    }
    if (given->jwks_cache[0] == 0) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT, "policy.jwks_cache is an empty string");
    }
    return JT_OK;
}

static enum jt_err copy_text(const char *text, char **out_copy)
{
    return text == NULL ? JT_OK : jt_buf_strdup(jt_span_str(text), out_copy);
}

static enum jt_err copy_lists(const struct jeton_policy *given, struct jt_policy *policy)
{
    static const char *const types[] = {"at+jwt", NULL};
    static const char *const scope_claims[] = {"scope", "scp", NULL};
    JT_TRY(jt_texts_new(given->audiences, &policy->audiences));
    JT_TRY(jt_texts_new(given->types != NULL ? given->types : types, &policy->types));
    JT_TRY(jt_texts_new(given->required_claims, &policy->required_claims));
    return jt_texts_new(given->scope_claims != NULL ? given->scope_claims : scope_claims,
                        &policy->scope_claims);
}

static enum jt_err copy(const struct jeton_policy *given, struct jt_policy *policy)
{
    JT_TRY(copy_text(given->issuer, &policy->issuer));
    JT_TRY(copy_text(given->jwks_uri, &policy->jwks_uri));
    JT_TRY(copy_text(given->jwks_file, &policy->jwks_file));
    JT_TRY(copy_text(given->jwks_cache, &policy->jwks_cache));
    policy->issuer_len = strlen(given->issuer);
    policy->fetches = given->jwks_uri != NULL || discovers(given);
    policy->algorithms = given->algorithms != 0 ? given->algorithms : ALGORITHMS;
    policy->algorithms &= jt_ed25519_there ? UINT32_MAX : ~JETON_EDDSA;
    policy->skew_s = given->skew_s;
    policy->max_age_s = given->max_age_s;
    policy->max_token = given->max_token != 0 ? given->max_token : MAX_TOKEN;
    return copy_lists(given, policy);
}

enum jt_err jt_policy_new(const struct jeton_policy *given, struct jt_diag *diag,
                          struct jt_policy **out_policy)
{
    struct jeton_policy known;
    if (jt_sized_read(given, JT_SIZED_UP_TO(struct jeton_policy, max_token), &known,
                      sizeof known) != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                            "policy.size is wrong: initialise with JETON_INIT(jeton_policy)");
    }
    JT_TRY(check_texts(&known, diag));
    JT_TRY(check_numbers(&known, diag));
    JT_TRY(check_urls(&known, diag));
    JT_TRY(check_files(&known, diag));
    struct jt_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        return JT_ERR_NOMEM;
    }
    enum jt_err err = copy(&known, policy);
    if (err != JT_OK) {
        jt_policy_free(policy);
        return err;
    }
    *out_policy = policy;
    return JT_OK;
}

void jt_policy_free(struct jt_policy *policy)
{
    if (policy == NULL) {
        return;
    }
    jt_texts_free(policy->audiences);
    jt_texts_free(policy->types);
    jt_texts_free(policy->required_claims);
    jt_texts_free(policy->scope_claims);
    free(policy->issuer);
    free(policy->jwks_uri);
    free(policy->jwks_file);
    free(policy->jwks_cache);
    free(policy);
}

bool jt_policy_allows(const struct jt_policy *policy, const struct jt_alg_row *alg)
{
    return (policy->algorithms >> alg->key_alg & 1) != 0;
}

/* RFC 7515 sec. 4.1.9: a media type whose "application/" may be left out, in any case. */
static struct jt_span strip_application(struct jt_span type)
{
    const struct jt_span prefix = JT_SPAN("application/");
    if (type.n > prefix.n && jt_span_eq_nocase(jt_span_of(type.p, prefix.n), prefix)) {
        return jt_span_of(type.p + prefix.n, type.n - prefix.n);
    }
    return type;
}

bool jt_policy_accepts_type(const struct jt_policy *policy, struct jt_span typ)
{
    for (size_t i = 0; i < policy->types->n; i++) {
        if (jt_span_eq_nocase(strip_application(policy->types->v[i]), strip_application(typ))) {
            return true;
        }
    }
    return false;
}
