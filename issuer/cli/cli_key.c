/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_key.h"

#include <unistd.h>

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_body.h"
#include "issuer/cli/cli_confirm.h"
#include "issuer/cli/cli_show.h"

#include "common/base/base.h"

#define SENTENCE 300

static const struct jt_cli_field fields[] = {
    {"kid", "kid", JT_CLI_FORM_PLAIN, true},
    {"alg", "alg", JT_CLI_FORM_PLAIN, true},
    {"state", "state", JT_CLI_FORM_STATUS, true},
    {"published_at_s", "published", JT_CLI_FORM_TIME, true},
    {"sign_from_s", "signs from", JT_CLI_FORM_TIME, true},
    {"sign_until_s", "signs until", JT_CLI_FORM_TIME, true},
    {"drop_at_s", "drop at", JT_CLI_FORM_TIME, true},
    {"revoked_at_s", "revoked", JT_CLI_FORM_TIME, true},
    {"longest_s", "longest", JT_CLI_FORM_DURATION, true},
    {"unexpired_tokens", "unexpired", JT_CLI_FORM_PLAIN, true},
    {"witness", "witness", JT_CLI_FORM_PLAIN, true},
    {0}};
static const struct jt_cli_shape shape = {"kid", fields};

/* Sends the request, whose answer is the list of keys, and prints that. */
static enum jt_err call(const struct jt_cli_run *run, const struct jt_cli_admin_request *request,
                        struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    json_t *items = NULL;
    JT_TRY(jt_cli_admin_call(run, request, &answer, diag));
    JT_TRY(jt_cli_admin_list(run, answer, "items", &items, diag));
    const json_t *note = json_object_get(answer, "note");
    if (json_is_string(note)) {
        bool forced = jt_cli_options_has(run, "force") || jt_cli_options_has(run, "all");
        jt_cli_output_talk("%s%s", forced ? "warning: " : "", json_string_value(note));
    }
    return jt_cli_show_list(run, &shape, items, diag);
}

enum jt_err jt_cli_key_list(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct jt_cli_admin_request request = {.method = "GET", .path = {"keys"}};
    return call(run, &request, diag);
}

enum jt_err jt_cli_key_rotate(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    JT_TRY(jt_cli_body_make(run, &body, diag));
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {"keys", "rotate"}, .body = body};
    return call(run, &request, diag);
}

/* --- revocation --- */

/* What a person is told before the key (NULL: every key) is revoked. */
static enum jt_err tell_tokens(const struct jt_cli_run *run, const char *kid, char out[SENTENCE],
                               struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    json_t *items = NULL;
    struct jt_cli_admin_request request = {.method = "GET", .path = {"keys"}};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    JT_TRY(jt_cli_admin_list(run, answer, "items", &items, diag));
    size_t index;
    const json_t *item;
    json_int_t tokens = 0;
    bool known = true;
    json_array_foreach(items, index, item)
    {
        const char *name = json_string_value(json_object_get(item, "kid"));
        const json_t *count = json_object_get(item, "unexpired_tokens");
        if (kid == NULL || (name != NULL && strcmp(name, kid) == 0)) {
            known = known && json_is_integer(count);
            tokens += json_integer_value(count);
        }
    }
    const char *whose = kid == NULL ? "every key" : "this key";
    const char *after =
        kid == NULL ? "; the new ones, too, until an API fetches the set again" : "";
    if (known) {
        (void)snprintf(
            out, SENTENCE,
            "At most %lld unexpired tokens of %s that this issuer signed will be refused%s",
            (long long)tokens, whose, after);
    } else {
        (void)snprintf(out, SENTENCE,
                       "Every token that %s signed will be refused, unexpired ones too (how many "
                       "is not known)%s",
                       whose, after);
    }
    return JT_OK;
}

static enum jt_err confirm(const struct jt_cli_run *run, const char *kid, struct jt_diag *diag)
{
    char sentence[SENTENCE] = "";
    if (!jt_cli_options_has(run, "yes") && isatty(STDIN_FILENO)) {
        JT_TRY(tell_tokens(run, kid, sentence, diag));
    }
    return jt_cli_confirm_ask(run, kid == NULL ? "all" : kid, sentence, diag);
}

static enum jt_err revoke_all(const struct jt_cli_run *run, struct jt_diag *diag)
{
    if (jt_cli_options_has(run, "force")) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "--all asks for no --force: fresh keys sign at once anyway");
    }
    JT_TRY(confirm(run, NULL, diag));
    struct jt_cli_admin_request request = {.method = "POST", .path = {"keys", "revoke-all"}};
    return call(run, &request, diag);
}

enum jt_err jt_cli_key_revoke(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    bool all = jt_cli_options_has(run, "all");
    if (all == (run->n_args > 0)) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            all ? "give a KID or --all, not both"
                                : "give a KID, or --all for every key");
    }
    if (all) {
        return revoke_all(run, diag);
    }
    JT_TRY(confirm(run, run->args[0], diag));
    JT_TRY(jt_cli_body_make(run, &body, diag));
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {"keys", run->args[0], "revoke"}, .body = body};
    return call(run, &request, diag);
}

/* --- algorithms --- */

enum jt_err jt_cli_key_add_algorithm(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = json_object();
    JT_TRY(jt_cli_body_text(body, "alg", "ALG", run->args[0], diag));
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {"keys", "algorithms"}, .body = body};
    return call(run, &request, diag);
}

enum jt_err jt_cli_key_retire_algorithm(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct jt_cli_admin_request request = {.method = "DELETE",
                                           .path = {"keys", "algorithms", run->args[0]}};
    return call(run, &request, diag);
}

/* --- reach --- */

static void put_window(const json_t *window)
{
    struct jt_cli_pen pen = jt_cli_pen_on(stdout);
    json_t *window_s = json_object_get(window, "window_s");
    const json_t *share = json_object_get(window, "share");
    char percent[32] = "-";
    if (json_is_number(share)) {
        (void)snprintf(percent, sizeof percent, "%.0f %%", 100 * json_number_value(share));
    }
    if (json_is_integer(window_s)) {
        jt_cli_pen_puts(&pen, "last ");
        jt_cli_pen_value(&pen, window_s, JT_CLI_FORM_DURATION);
    } else {
        jt_cli_pen_puts(&pen, "since the change");
    }
    static const char *const members[] = {"fetches", "newest", "held"};
    for (size_t i = 0; i < JT_COUNT(members); i++) {
        jt_cli_pen_pad(&pen, 18 + 10 * i);
        jt_cli_pen_value(&pen, json_object_get(window, members[i]), JT_CLI_FORM_PLAIN);
    }
    jt_cli_pen_pad(&pen, 48);
    jt_cli_pen_puts(&pen, percent);
    (void)fputc('\n', stdout); /* main asks ferror() at the end; so below */
}

static void put_reach(const json_t *answer, const json_t *windows)
{
    size_t index;
    const json_t *window;
    struct jt_cli_pen pen = jt_cli_pen_on(stdout);
    jt_cli_pen_puts(&pen, "The key set is as it is since ");
    jt_cli_pen_time(&pen, json_integer_value(json_object_get(answer, "set_since_s")));
    jt_cli_pen_puts(&pen, "; this issuer counts since ");
    jt_cli_pen_time(&pen, json_integer_value(json_object_get(answer, "started_s")));
    (void)fputs("\n\nWINDOW            FETCHES   NEWEST    HELD      SHARE\n", stdout);
    json_array_foreach(windows, index, window)
    {
        put_window(window);
    }
    (void)fputs(
        "\nNEWEST of the fetches carried the set as it is now, HELD of those asked with its "
        "ETag.\nAn estimate: caches and NAT stand between, and other issuers count their "
        "own.\n",
        stdout);
}

enum jt_err jt_cli_key_reach(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    json_t *windows = NULL;
    struct jt_cli_admin_request request = {.method = "GET", .path = {"keys", "reach"}};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    JT_TRY(jt_cli_admin_list(run, answer, "windows", &windows, diag));
    if (!jt_cli_show_people(run)) {
        return jt_cli_show_value(run, NULL, answer, diag);
    }
    put_reach(answer, windows);
    return JT_OK;
}
