/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_checks.h"

#include "common/base/base.h"

/* What makes a check fail: a bit of `failures` once the signature stands, before that a status. */
struct cause {
    uint64_t bit;
    jeton_status status;
};

/* In the order in which libjeton checks. `claim` is what the token has to show for it. */
static const struct row {
    const char *name;
    const char *claim;
    struct cause causes[4];
} rows[JT_CLI_CHECKS_N] = {
    {"form",
     NULL,
     {{0, JETON_MALFORMED},
      {0, JETON_TOO_LONG},
      {0, JETON_CRIT_REFUSED},
      {0, JETON_MISSING_TOKEN}}},
    {"algorithm", NULL, {{0, JETON_ALG_REFUSED}}},
    {"type", NULL, {{0, JETON_TYP_REFUSED}}},
    {"key", NULL, {{0, JETON_UNKNOWN_KEY}}},
    {"signature", NULL, {{0, JETON_BAD_SIGNATURE}}},
    {"claims", NULL, {{0, JETON_BAD_CLAIMS}}},
    {"issuer", "iss", {{JETON_FAIL_ISSUER, JETON_WRONG_ISSUER}}},
    {"audience", "aud", {{JETON_FAIL_AUDIENCE, JETON_WRONG_AUDIENCE}}},
    {"time",
     "exp",
     {{JETON_FAIL_EXPIRED, JETON_EXPIRED},
      {JETON_FAIL_NOT_YET, JETON_NOT_YET_VALID},
      {JETON_FAIL_TOO_OLD, JETON_TOO_OLD},
      {JETON_FAIL_MISSING, JETON_MISSING_CLAIM}}},
    {"scope", "scope", {{JETON_FAIL_SCOPE, JETON_INSUFFICIENT_SCOPE}}},
};

static const char *const state_names[] = {"ok", "failed", "not reached"};

static jeton_status failure(const struct row *row, const struct jeton_result *result)
{
    for (size_t i = 0; i < JT_COUNT(row->causes); i++) {
        const struct cause *cause = &row->causes[i];
        bool hit = cause->bit != 0 ? (result->failures & cause->bit) != 0
                                   : cause->status != JETON_OK && cause->status == result->status;
        if (hit) {
            return cause->status;
        }
    }
    return JETON_OK;
}

bool jt_cli_checks_fill(const struct jeton_result *result,
                        struct jt_cli_check out_checks[JT_CLI_CHECKS_N])
{
    bool stopped = false; /* nothing after a failure is checked, except beside other claims */
    bool failed = false;
    for (size_t i = 0; i < JT_CLI_CHECKS_N; i++) {
        jeton_status status = failure(&rows[i], result);
        enum jt_cli_check_state state = status != JETON_OK ? JT_CLI_CHECK_FAILED
                                        : stopped          ? JT_CLI_CHECK_NOT_REACHED
                                                           : JT_CLI_CHECK_OK;
        failed = failed || status != JETON_OK;
        stopped = stopped || (status != JETON_OK && result->failures == 0);
        out_checks[i] = (struct jt_cli_check){rows[i].name, state, status};
    }
    return failed == (result->status != JETON_OK);
}

static void put_failure(struct jt_cli_pen *pen, size_t index, jeton_status status,
                        const json_t *claims)
{
    const char *claim = rows[index].claim;
    json_t *value = claim == NULL ? NULL : json_object_get(claims, claim);
    jt_cli_pen_pad(pen, 24);
    jt_cli_pen_puts(pen, jeton_status_text(status));
    if (value != NULL) {
        bool time = strcmp(claim, "exp") == 0;
        jt_cli_pen_puts(pen, " The token's ");
        jt_cli_pen_puts(pen, claim);
        jt_cli_pen_puts(pen, " is ");
        jt_cli_pen_value(pen, value, time ? JT_CLI_FORM_TIME : JT_CLI_FORM_PLAIN);
    }
}

void jt_cli_checks_print(enum jt_cli_ink ink, const struct jt_cli_check checks[JT_CLI_CHECKS_N],
                         const json_t *claims)
{
    for (size_t i = 0; i < JT_CLI_CHECKS_N; i++) {
        struct jt_cli_pen pen = {.file = stdout, .ink = ink};
        jt_cli_pen_puts(&pen, checks[i].name);
        jt_cli_pen_pad(&pen, 11);
        jt_cli_pen_status(&pen, jt_span_str(state_names[checks[i].state]));
        if (checks[i].state == JT_CLI_CHECK_FAILED) {
            put_failure(&pen, i, checks[i].status, claims);
        }
        (void)fputc('\n', stdout); /* main asks ferror() at the end */
    }
}

static json_t *check_json(const struct jt_cli_check *check)
{
    if (check->state != JT_CLI_CHECK_FAILED) {
        return json_pack("{ssss}", "check", check->name, "result", state_names[check->state]);
    }
    return json_pack("{ssssssss}", "check", check->name, "result", state_names[check->state],
                     "status", jeton_status_name(check->status), "text",
                     jeton_status_text(check->status));
}

enum jt_err jt_cli_checks_json(const struct jt_cli_check checks[JT_CLI_CHECKS_N],
                               jeton_status status, json_t **out_json)
{
    json_t *list = json_array();
    for (size_t i = 0; i < JT_CLI_CHECKS_N; i++) {
        if (json_array_append_new(list, check_json(&checks[i])) != 0) {
            json_decref(list);
            return JT_ERR_NOMEM;
        }
    }
    *out_json = json_pack("{sbssso}", "accepted", status == JETON_OK, "status",
                          jeton_status_name(status), "checks", list);
    return *out_json == NULL ? JT_ERR_NOMEM : JT_OK; /* json_pack has dropped the list then */
}
