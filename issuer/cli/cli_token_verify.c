/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_token_verify.h"

#include <jeton/verifier.h>

#include "common/base/buf.h"
#include "issuer/cli/cli_checks.h"
#include "issuer/cli/cli_http.h"
#include "issuer/cli/cli_input.h"
#include "issuer/cli/cli_show.h"
#include "issuer/cli/cli_token_parts.h"

#include "common/base/base.h"

#define WORDS_MAX   64
#define WORDS_LIMIT ((size_t)64 * 1024)
#define WAIT_MS     10000

/* The words of a repeatable option as the NULL-ended list that libjeton takes. */
struct words {
    struct jt_buf text; /* made at its full size at once: the list points into it */
    size_t n;
    const char *list[WORDS_MAX + 1];
};

#define WORDS_INIT                   \
    {                                \
        JT_BUF_INIT(WORDS_LIMIT), 0, \
        {                            \
            NULL                     \
        }                            \
    }

static enum jt_err add_words(struct words *words, const char *value)
{
    struct jt_span rest = jt_span_str(value), word;
    while (jt_span_word(&rest, &word)) {
        if (words->n == WORDS_MAX) {
            return JT_ERR_LIMIT;
        }
        words->list[words->n++] = (const char *)words->text.p + words->text.len;
        JT_TRY(jt_buf_put(&words->text, word));
        JT_TRY(jt_buf_putc(&words->text, 0));
    }
    return JT_OK;
}

static enum jt_err read_words(const struct jt_cli_run *run, const char *option, struct words *words,
                              struct jt_diag *diag)
{
    const char *value;
    JT_TRY(jt_buf_reserve(&words->text, WORDS_LIMIT));
    for (size_t at = 0; (value = jt_cli_options_next(run, option, &at)) != NULL;) {
        enum jt_err err = add_words(words, value);
        if (err != JT_OK) {
            return jt_diag_fail(diag, JT_ERR_USAGE, "--%s has more than %d words; leave some out",
                                option, WORDS_MAX);
        }
    }
    return JT_OK;
}

/* The verdict on `token`. */
static enum jt_err judge(jeton_verifier *verifier, struct jt_span token, const struct words *scopes,
                         struct jeton_result *out_result)
{
    struct jeton_require require = JETON_INIT(jeton_require);
    require.all_of = scopes->n > 0 ? scopes->list : NULL;
    jeton_worker *worker = NULL;
    if (jeton_worker_new(verifier, &worker) != JETON_OK) {
        return JT_ERR_NOMEM;
    }
    struct jeton_result result = JETON_INIT(jeton_result);
    jeton_status status = jeton_verify(worker, (const char *)token.p, token.n, &require, &result);
    jeton_worker_free(worker); /* and with it the slices: only the verdict goes on */
    *out_result = (struct jeton_result){
        .size = sizeof *out_result, .status = status, .failures = result.failures};
    return JT_OK;
}

static enum jt_err print(const struct jt_cli_run *run, struct jt_span token,
                         const struct jeton_result *result, struct jt_diag *diag)
{
    struct jt_cli_check checks[JT_CLI_CHECKS_N];
    if (!jt_cli_checks_fill(result, checks)) {
        return jt_diag_fail(diag, JT_ERR_INTERNAL, "%s", jeton_status_text(result->status));
    }
    if (!jt_cli_show_people(run)) {
        JT_JSON_AUTO json_t *verdict = NULL;
        JT_TRY(jt_cli_checks_json(checks, result->status, &verdict));
        JT_TRY(jt_cli_show_value(run, NULL, verdict, diag));
    } else {
        JT_JSON_AUTO json_t *header = NULL;
        JT_JSON_AUTO json_t *claims = NULL;
        if (jt_cli_token_parts(token, &header, &claims, NULL) != JT_OK) {
            claims = NULL; /* the lines say a little less */
        }
        jt_cli_checks_print(jt_cli_output_ink(run), checks, claims);
    }
    if (result->status == JETON_OK) {
        return JT_OK;
    }
    return jt_diag_fail(diag, JT_ERR_REFUSED, "the token is refused (%s); %s",
                        jeton_status_name(result->status), jeton_status_text(result->status));
}

/* Why a verifier could not be made or has no keys. */
static enum jt_err no_verifier(const jeton_verifier *verifier, jeton_status status,
                               struct jt_diag *diag)
{
    const char *why = jeton_verifier_error(verifier);
    why = why[0] != 0 ? why : jeton_status_text(status);
    if (status == JETON_OK) {
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                            "the issuer's keys cannot be fetched: %s; check --issuer (and "
                            "--ca-file for a CA of your own), or give --jwks",
                            why);
    }
    return jt_diag_fail(diag, status == JETON_NO_MEMORY ? JT_ERR_NOMEM : JT_ERR_USAGE, "%s", why);
}

static enum jt_err verify(const struct jt_cli_run *run, const struct jeton_policy *policy,
                          const struct words *scopes, struct jt_diag *diag)
{
    JT_AUTO(secret) token = JT_SECRET_INIT;
    JT_TRY(jt_cli_input_token(run, &token, diag));
    struct jeton_options options = JETON_INIT(jeton_options);
    options.ca_file = jt_cli_options_text(run, "ca-file");
    options.no_thread = 1;
    options.wait_ms = WAIT_MS;
    options.no_es256_table = 1; /* it would be of use for the next token, and there is none */
    jeton_verifier *verifier = NULL;
    jeton_status status = jeton_verifier_new(&options, policy, 1, &verifier);
    enum jt_err err;
    if (status != JETON_OK || !jeton_verifier_ready(verifier)) {
        err = no_verifier(verifier, status, diag);
    } else {
        struct jeton_result result = JETON_INIT(jeton_result);
        err = judge(verifier, jt_secret_span(&token), scopes, &result);
        err = err == JT_OK ? print(run, jt_secret_span(&token), &result, diag) : err;
    }
    jeton_verifier_free(verifier);
    return err;
}

static enum jt_err make_policy(const struct jt_cli_run *run, struct jeton_policy *policy,
                               const char *audiences[2], struct jt_diag *diag)
{
    JT_TRY(jt_cli_options_need(run, "issuer", &policy->issuer, diag));
    JT_TRY(jt_cli_options_need(run, "audience", &audiences[0], diag));
    policy->audiences = audiences;
    policy->jwks_file = jt_cli_options_text(run, "jwks");
    return policy->jwks_file != NULL ? JT_OK
                                     : jt_cli_http_check_url("--issuer", policy->issuer, diag);
}

enum jt_err jt_cli_token_verify(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    const char *audiences[2] = {NULL, NULL};
    JT_TRY(make_policy(run, &policy, audiences, diag));
    struct words scopes = WORDS_INIT, types = WORDS_INIT;
    enum jt_err err = read_words(run, "scope", &scopes, diag);
    err = err == JT_OK ? read_words(run, "typ", &types, diag) : err;
    if (err == JT_OK) {
        policy.types = types.n > 0 ? types.list : NULL;
        err = verify(run, &policy, &scopes, diag);
    }
    jt_buf_release(&scopes.text);
    jt_buf_release(&types.text);
    return err;
}
