/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_doctor.h"

#include <stdarg.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_discovery.h"
#include "issuer/cli/cli_show.h"
#include "issuer/cli/cli_target.h"

#include "common/base/base.h"

#define SKEW_S 30 /* of the clocks, that is told */

struct doctor {
    const struct jt_cli_run *run;
    json_t *checks;
    json_t *keys; /* of the daemon; NULL: not known */
    char *issuer; /* NULL: not known */
};

enum status { OK, WARN, FAIL };

static enum jt_err say(struct doctor *doctor, const char *check, enum status status,
                       const char *fix, const char *format, ...) JT_PRINTF(5, 6);

static enum jt_err say(struct doctor *doctor, const char *check, enum status status,
                       const char *fix, const char *format, ...)
{
    static const char *const names[] = {[OK] = "ok", [WARN] = "warn", [FAIL] = "fail"};
    char detail[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args); /* talk may be cut */
    va_end(args);
    json_t *item =
        json_pack("{s:s, s:s, s:s}", "check", check, "status", names[status], "detail", detail);
    if (item == NULL || (fix != NULL && json_object_set_new(item, "fix", json_string(fix)) != 0)) {
        json_decref(item);
        return JT_ERR_NOMEM;
    }
    return json_array_append_new(doctor->checks, item) == 0 ? JT_OK : JT_ERR_NOMEM;
}

/* --- through the admin API --- */

static enum jt_err take_checks(struct doctor *doctor, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    json_t *checks = NULL;
    const struct jt_cli_admin_request request = {.method = "GET", .path = {"doctor"}};
    JT_TRY(jt_cli_admin_call(doctor->run, &request, &answer, diag));
    JT_TRY(jt_cli_admin_list(doctor->run, answer, "checks", &checks, diag));
    return json_array_extend(doctor->checks, checks) == 0 ? JT_OK : JT_ERR_NOMEM;
}

static enum jt_err take_issuer(struct doctor *doctor, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    const char *given = jt_cli_options_text(doctor->run, "issuer");
    if (given != NULL) {
        return jt_buf_strdup(jt_span_str(given), &doctor->issuer);
    }
    const struct jt_cli_admin_request request = {.method = "GET"};
    JT_TRY(jt_cli_admin_call(doctor->run, &request, &answer, diag));
    return jt_buf_strdup(jt_json_value(json_object_get(answer, "issuer")), &doctor->issuer);
}

/* Fills what the daemon tells. That it cannot be reached is a finding, not a failure. */
static enum jt_err ask_daemon(struct doctor *doctor, struct jt_diag *diag)
{
    struct jt_diag why = JT_DIAG_INIT;
    const struct jt_cli_admin_request request = {.method = "GET", .path = {"keys"}};
    enum jt_err err = jt_cli_admin_call(doctor->run, &request, &doctor->keys, &why);
    if (err == JT_ERR_UNREACHABLE) {
        const char *given = jt_cli_options_text(doctor->run, "issuer");
        JT_TRY(given == NULL ? JT_OK : jt_buf_strdup(jt_span_str(given), &doctor->issuer));
        return say(doctor, "daemon", FAIL,
                   "systemctl status jetond; jetond check --config /etc/jeton/jetond.yaml", "%s",
                   jt_diag_text(&why, err));
    }
    if (err != JT_OK) {
        return jt_diag_fail(diag, err, "%s", jt_diag_text(&why, err));
    }
    JT_TRY(say(doctor, "daemon", OK, NULL, "jetond answers on its admin listener"));
    JT_TRY(take_issuer(doctor, diag));
    return take_checks(doctor, diag);
}

/* --- through the public URL --- */

static enum jt_err check_clock(struct doctor *doctor, int64_t date_s)
{
    int64_t skew_s = date_s - jt_clock_wall_s(&jt_clock_system);
    if (date_s == 0) {
        return JT_OK; /* nothing to compare with */
    }
    if (skew_s > SKEW_S || skew_s < -SKEW_S) {
        return say(doctor, "clock_here", WARN,
                   "set both clocks right and keep them so (timedatectl, chrony)",
                   "the clock here and that of %s are %lld s apart", doctor->issuer,
                   (long long)(skew_s < 0 ? -skew_s : skew_s));
    }
    return say(doctor, "clock_here", OK, NULL, "the clock here agrees with that of %s",
               doctor->issuer);
}

/* Gives the document of RFC 8414; NULL when it is not to be had. */
static enum jt_err check_discovery(struct doctor *doctor, json_t **out_document)
{
    static const enum jt_cli_discovery both[] = {JT_CLI_DISCOVERY_OPENID, JT_CLI_DISCOVERY_OAUTH};
    int64_t date_s = 0;
    for (size_t i = 0; i < JT_COUNT(both); i++) {
        struct jt_diag why = JT_DIAG_INIT;
        const struct jt_cli_discovery_ask ask = {doctor->issuer, "--issuer", both[i],
                                                 jt_cli_options_text(doctor->run, "ca-file"), 0};
        json_decref(*out_document);
        *out_document = NULL;
        enum jt_err err = jt_cli_discovery_get(&ask, out_document, &date_s, &why);
        if (err == JT_ERR_NOMEM) {
            return err;
        }
        if (err != JT_OK) {
            return say(doctor, "discovery", FAIL,
                       "look at name service, certificate and reverse proxy: the paths under "
                       "/.well-known/ must come to jetond as they are",
                       "%s", jt_diag_text(&why, err));
        }
    }
    JT_TRY(say(doctor, "discovery", OK, NULL, "both documents of %s are there and name it",
               doctor->issuer));
    return check_clock(doctor, date_s);
}

static bool has_kid(const json_t *set, struct jt_span kid)
{
    size_t index;
    const json_t *key;
    json_array_foreach(json_object_get(set, "keys"), index, key)
    {
        if (jt_span_eq(jt_json_value(json_object_get(key, "kid")), kid)) {
            return true;
        }
    }
    return false;
}

/* Is each key where its state says it is? */
static enum jt_err compare_keys(struct doctor *doctor, const char *url, const json_t *set)
{
    size_t index, n = 0;
    const json_t *key;
    json_array_foreach(json_object_get(doctor->keys, "items"), index, key)
    {
        struct jt_span kid = jt_json_value(json_object_get(key, "kid"));
        struct jt_span state = jt_json_value(json_object_get(key, "state"));
        bool there = has_kid(set, kid);
        bool wanted = jt_span_is(state, "active") || jt_span_is(state, "next");
        bool gone = jt_span_is(state, "revoked") || jt_span_is(state, "dropped");
        n += wanted;
        if ((wanted && !there) || (gone && there)) {
            return say(
                doctor, "jwks", FAIL,
                "another jetond or a cache answers there: let the proxy pass it to this one, "
                "with its Cache-Control",
                "the set at %s %s key %.*s, which is %.*s", url, wanted ? "lacks" : "still has",
                (int)kid.n, (const char *)kid.p, (int)state.n, (const char *)state.p);
        }
    }
    return say(doctor, "jwks", OK, NULL, "the set at %s has the %zu keys that sign or will", url,
               n);
}

static enum jt_err fetch_set(const struct doctor *doctor, const char *url, json_t **out_set,
                             struct jt_diag *diag)
{
    JT_AUTO(cli_http_answer) answer = JT_CLI_HTTP_ANSWER_INIT;
    JT_TRY(jt_cli_http_check_url("the issuer's jwks_uri", url, diag));
    const struct jt_cli_http_request request = {
        .method = "GET", .url = url, .ca_file = jt_cli_options_text(doctor->run, "ca-file")};
    JT_TRY(jt_cli_http_send(&request, &answer, diag));
    if (answer.status != 200 ||
        jt_json_load_object(jt_cli_http_body(&answer), JT_JSON_DEPTH, out_set) != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE, "%s does not answer with a JWK Set", url);
    }
    return JT_OK;
}

static enum jt_err check_jwks(struct doctor *doctor, const json_t *document)
{
    JT_JSON_AUTO json_t *set = NULL;
    struct jt_diag why = JT_DIAG_INIT;
    char *url = NULL;
    JT_TRY(jt_buf_strdup(jt_json_value(json_object_get(document, "jwks_uri")), &url));
    enum jt_err err = fetch_set(doctor, url, &set, &why);
    if (err == JT_OK && doctor->keys != NULL) {
        err = compare_keys(doctor, url, set);
    } else if (err == JT_OK) {
        err = say(doctor, "jwks", WARN, "ask again when the daemon answers",
                  "%s answers with a set; which keys belong there only the daemon knows", url);
    } else if (err != JT_ERR_NOMEM) {
        err = say(doctor, "jwks", FAIL, "let the reverse proxy pass jwks_uri to jetond", "%s",
                  jt_diag_text(&why, err));
    }
    free(url);
    return err;
}

static enum jt_err ask_public(struct doctor *doctor)
{
    JT_JSON_AUTO json_t *document = NULL;
    if (doctor->issuer == NULL) {
        return say(doctor, "discovery", WARN, "ask again with --issuer URL",
                   "which URL to look at only the daemon knows");
    }
    JT_TRY(check_discovery(doctor, &document));
    return document == NULL ? JT_OK : check_jwks(doctor, document);
}

/* --- the outcome --- */

static void print(const struct jt_cli_run *run, const json_t *checks)
{
    size_t index;
    const json_t *item;
    json_array_foreach(checks, index, item)
    {
        struct jt_cli_pen pen = jt_cli_pen_on(stdout);
        struct jt_span fix = jt_json_value(json_object_get(item, "fix"));
        pen.ink = jt_cli_output_ink(run);
        jt_cli_pen_status(&pen, jt_json_value(json_object_get(item, "status")));
        jt_cli_pen_pad(&pen, 6);
        jt_cli_pen_text(&pen, jt_json_value(json_object_get(item, "check")));
        jt_cli_pen_pad(&pen, 30);
        jt_cli_pen_text(&pen, jt_json_value(json_object_get(item, "detail")));
        if (fix.n > 0) {
            struct jt_cli_pen below = jt_cli_pen_on(stdout);
            (void)fputc('\n', stdout); /* main asks ferror() at the end; so below */
            jt_cli_pen_pad(&below, 30);
            jt_cli_pen_puts(&below, "fix: ");
            jt_cli_pen_text(&below, fix);
        }
        (void)fputc('\n', stdout);
    }
}

static enum jt_err finish(const struct doctor *doctor, struct jt_diag *diag)
{
    size_t index, failed = 0;
    const json_t *item;
    json_array_foreach(doctor->checks, index, item)
    {
        failed += jt_span_is(jt_json_value(json_object_get(item, "status")), "fail");
    }
    if (jt_cli_show_people(doctor->run)) {
        print(doctor->run, doctor->checks);
    } else {
        JT_JSON_AUTO json_t *answer = json_pack("{s:O}", "checks", doctor->checks);
        JT_TRY(answer == NULL ? JT_ERR_NOMEM : JT_OK);
        JT_TRY(jt_cli_show_value(doctor->run, NULL, answer, diag));
    }
    return failed == 0
               ? JT_OK
               : jt_diag_fail(diag, JT_ERR_IO, "%zu of %zu checks failed; each says its fix",
                              failed, json_array_size(doctor->checks));
}

enum jt_err jt_cli_doctor(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct doctor doctor = {.run = run, .checks = json_array()};
    enum jt_err err = doctor.checks == NULL ? JT_ERR_NOMEM : ask_daemon(&doctor, diag);
    err = err == JT_OK ? ask_public(&doctor) : err;
    err = err == JT_OK ? finish(&doctor, diag) : err;
    free(doctor.issuer);
    json_decref(doctor.keys);
    json_decref(doctor.checks);
    return err;
}
