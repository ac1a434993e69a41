/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_token_inspect.h"

#include "common/base/clock.h"
#include "issuer/cli/cli_input.h"
#include "issuer/cli/cli_show.h"
#include "issuer/cli/cli_token_parts.h"

#include "common/base/base.h"

static bool is_time(const char *name)
{
    /* RFC 7519 sec. 4.1.4 to 4.1.6, RFC 9068 sec. 2.2.1: the NumericDates of an access token */
    static const char *const names[] = {"exp", "nbf", "iat", "auth_time"};
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* In the largest unit of which there are at least two: "in 59m", "3d ago". */
static void put_distance(struct jt_cli_pen *pen, int64_t from_now_s)
{
    static const int64_t units[] = {86400, 3600, 60};
    int64_t seconds = from_now_s < 0 ? -from_now_s : from_now_s;
    int64_t unit = 1;
    for (size_t i = 0; i < JT_COUNT(units) && unit == 1; i++) {
        unit = seconds >= 2 * units[i] ? units[i] : 1;
    }
    jt_cli_pen_puts(pen, from_now_s <= 0 ? " (" : " (in ");
    jt_cli_pen_duration(pen, seconds / unit * unit);
    jt_cli_pen_puts(pen, from_now_s <= 0 ? " ago)" : ")");
}

static void put_time(struct jt_cli_pen *pen, const json_t *value)
{
    /* RFC 7519 sec. 2: a NumericDate may be fractional */
    double at = json_number_value(value);
    if (at < 0 || at > 253402300799.0) { /* the year 9999 */
        return;
    }
    int64_t at_s = (int64_t)at;
    jt_cli_pen_puts(pen, "  ");
    jt_cli_pen_time(pen, at_s);
    put_distance(pen, at_s - jt_clock_wall_s(&jt_clock_system));
}

static void put_members(const char *title, json_t *object)
{
    const char *name;
    json_t *value;
    size_t edge = 0;
    (void)printf("%s\n", title); /* main asks ferror() at the end; so below */
    json_object_foreach(object, name, value)
    {
        struct jt_cli_pen measure = jt_cli_pen_on(NULL);
        jt_cli_pen_puts(&measure, name);
        edge = measure.width > edge ? measure.width : edge;
    }
    json_object_foreach(object, name, value)
    {
        struct jt_cli_pen pen = jt_cli_pen_on(stdout);
        jt_cli_pen_pad(&pen, 2);
        jt_cli_pen_puts(&pen, name);
        jt_cli_pen_pad(&pen, edge + 4);
        jt_cli_pen_value(&pen, value, JT_CLI_FORM_PLAIN);
        if (is_time(name) && json_is_number(value)) {
            put_time(&pen, value);
        }
        (void)fputc('\n', stdout);
    }
}

static enum jt_err print_data(const struct jt_cli_run *run, const json_t *header,
                              const json_t *claims, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *both =
        json_pack("{sOsOsb}", "header", header, "claims", claims, "verified", 0);
    return both == NULL ? JT_ERR_NOMEM : jt_cli_show_value(run, NULL, both, diag);
}

enum jt_err jt_cli_token_inspect(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_AUTO(secret) token = JT_SECRET_INIT;
    JT_JSON_AUTO json_t *header = NULL;
    JT_JSON_AUTO json_t *claims = NULL;
    JT_TRY(jt_cli_input_token(run, &token, diag));
    JT_TRY(jt_cli_token_parts(jt_secret_span(&token), &header, &claims, diag));
    if (!jt_cli_show_people(run)) {
        JT_TRY(print_data(run, header, claims, diag));
    } else {
        put_members("header", header);
        put_members("claims", claims);
    }
    jt_cli_output_talk("nothing was verified: anyone can write such a token; "
                       "jeton token verify judges it");
    return JT_OK;
}
