/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "issuer/config.h"

#include "common/base/macros.h"

#define OK_ISSUER "issuer: https://id.example.com\n"
#define OK_KEYS   "keys:\n  kek_file: /kek\n"
#define OK_TOKEN  "  pkcs11_module: /m.so\n  pkcs11_token: t\n  pkcs11_pin_env: P\n"

static enum jt_err load(const char *text, struct jt_config *out, struct jt_diag *diag)
{
    *out = (struct jt_config){0};
    return jt_config_load(jt_span_str(text), "t.yaml", out, diag);
}

static void check_accepted(const char *text)
{
    struct jt_config config;
    struct jt_diag diag = JT_DIAG_INIT;
    if (load(text, &config, &diag) != JT_OK) {
        fail_msg("%s: %s", text, diag.text);
    }
    jt_config_release(&config);
}

static void check_refused(const char *text, const char *sentence)
{
    struct jt_config config;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = load(text, &config, &diag);
    if (err != JT_ERR_CONFIG || strstr(diag.text, "t.yaml") != diag.text ||
        strstr(diag.text, sentence) == NULL || strchr(diag.text, '\n') != NULL) {
        fail_msg("%s: %s '%s', wanted '%s'", text, jt_err_name(err), diag.text, sentence);
    }
}

/* --- the checks across keys, each beside its repaired pair --- */

static void load_issuer_url_checked(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *repaired;
    } rows[] = {
        {"http://id.example.com", "https://id.example.com"},
        {"id.example.com", "https://id.example.com"},
        {"https://", "https://id"},
        {"https:///path", "https://id/path"},
        {"https://id.example.com/", "https://id.example.com"},
        {"https://id.example.com/a/", "https://id.example.com/a"},
        {"https://id.example.com?x=1", "https://id.example.com/x"},
        {"'https://id.example.com#x'", "https://id.example.com/x"},
        {"https://id.example.com/%41", "https://id.example.com/A"},
        {"'https://id.example.com/a b'", "https://id.example.com/a-b"},
        {"https://id.example.com/\xC3\xA9", "https://id.example.com/e"},
        {"http://127.0.0.1", "http://127.0.0.1:80"},
        {"http://127.evil.example:80", "http://127.0.0.2:8080/path"},
        {"http://localhost.example.com:80", "http://localhost:80"},
        {"http://[::2]:80", "'http://[::1]:80'"},
        {"HTTPS://id.example.com", "https://ID.example.com"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "issuer: %s\n" OK_KEYS, rows[i].url);
        check_refused(text, "issuer");
        (void)snprintf(text, sizeof text, "issuer: %s\n" OK_KEYS, rows[i].repaired);
        check_accepted(text);
    }
}

static void load_keys_checked_against_each_other(void **state)
{
    (void)state;
    static const struct {
        const char *refused, *sentence, *repaired;
    } rows[] = {
        {"  period: 23h\n", "keys.period", "  period: 24h\n"},
        {"  lead: 31d\n", "keys.period", "  lead: 30d\n"},
        {"  period: 2d\n  jitter: 49h\n", "keys.jitter", "  period: 2d\n  jitter: 48h\n"},
        {"  staleness: 24h\n", "keys.staleness", "  staleness: 23h\n"},
        {"  lead: 1h\n  staleness: 1h\n", "keys.staleness", "  lead: 1h\n  staleness: 59m\n"},
        {"  lead: 4m\n  staleness: 1m\n", "keys.lead", "  lead: 5m\n  staleness: 1m\n"},
        {"  algorithms: []\n", "keys.algorithms", "  algorithms: [ES256]\n"},
        {"  algorithms: [HS256]\n", "HS256", "  algorithms: [RS256]\n"},
        {"  algorithms: [ES256, RS512]\n", "RS512", "  algorithms: [ES256, PS256]\n"},
        {"  algorithms: [ES256, ES256]\n", "ES256", "  algorithms: [ES256, ES384]\n"},
        {"  kek_env: KEK\n", "exactly one", ""},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        char text[512];
        (void)snprintf(text, sizeof text, OK_ISSUER OK_KEYS "%s", rows[i].refused);
        check_refused(text, rows[i].sentence);
        (void)snprintf(text, sizeof text, OK_ISSUER OK_KEYS "%s", rows[i].repaired);
        check_accepted(text);
    }
}

static void load_exactly_one_kek_source(void **state)
{
    (void)state;
    check_refused(OK_ISSUER, "kek_file");
    check_refused(OK_ISSUER "keys: {kek_file: /a, kek_credential: b}\n", "kek_file");
    check_refused(OK_ISSUER "keys: {kek_file: /a, kek_credential: b, kek_env: C}\n", "kek_file");
    check_accepted(OK_ISSUER "keys: {kek_file: /a}\n");
    check_accepted(OK_ISSUER "keys: {kek_credential: b}\n");
    check_accepted(OK_ISSUER "keys: {kek_env: C}\n");
    check_accepted(OK_ISSUER "keys:\n  kek_pkcs11: L\n" OK_TOKEN);
    check_refused(OK_ISSUER OK_KEYS "  kek_next_file: /n\n  kek_next_env: N\n", "at most one");
    check_accepted(OK_ISSUER OK_KEYS "  kek_next_file: /n\n");
}

static void load_token_whole_where_one_is_used(void **state)
{
    (void)state;
    static const char *const uses[] = {
        OK_KEYS "  signer: pkcs11\n", "keys:\n  kek_pkcs11: L\n", OK_KEYS "  kek_next_pkcs11: L\n",
        OK_KEYS /* named alone */
    };
    static const struct {
        const char *token, *told;
    } rows[] = {
        {"  pkcs11_token: t\n  pkcs11_pin_env: P\n", "keys.pkcs11_module"},
        {"  pkcs11_module: m.so\n  pkcs11_token: t\n  pkcs11_pin_env: P\n", "whole path"},
        {"  pkcs11_module: /m.so\n  pkcs11_pin_env: P\n", "keys.pkcs11_token"},
        {"  pkcs11_module: /m.so\n  pkcs11_token: t\n", "pkcs11_pin_file"},
        {OK_TOKEN "  pkcs11_pin_file: /p\n", "exactly one"},
    };
    char text[512];
    for (size_t i = 0; i < JT_COUNT(uses); i++) {
        for (size_t j = 0; j < JT_COUNT(rows); j++) {
            (void)snprintf(text, sizeof text, OK_ISSUER "%s%s", uses[i], rows[j].token);
            check_refused(text, rows[j].told);
        }
        (void)snprintf(text, sizeof text, OK_ISSUER "%s%s", uses[i], OK_TOKEN);
        check_accepted(text);
    }
    check_refused(OK_ISSUER OK_KEYS "  signer: pkcs11\n", "keys.pkcs11_module");
    check_accepted(OK_ISSUER OK_KEYS);
}

static void load_algorithm_that_a_token_does_not_make_refused(void **state)
{
    (void)state;
    check_refused(OK_ISSUER OK_KEYS OK_TOKEN "  signer: pkcs11\n  algorithms: [ES256, EdDSA]\n",
                  "EdDSA");
    check_accepted(OK_ISSUER OK_KEYS OK_TOKEN
                   "  signer: pkcs11\n  algorithms: [ES256, RS256, ES384, ES512, PS256]\n");
    check_accepted(OK_ISSUER OK_KEYS OK_TOKEN "  signer: local\n  algorithms: [ES256, EdDSA]\n");
}

static void load_lead_zero_needs_no_order(void **state)
{
    (void)state;
    check_accepted(OK_ISSUER OK_KEYS "  lead: 0\n  staleness: 4h\n  period: 1h\n");
}

static void load_unknown_key_names_place_and_nearest(void **state)
{
    (void)state;
    check_refused(OK_ISSUER OK_KEYS "  perod: 40d\n", ":4:3");
    check_refused(OK_ISSUER OK_KEYS "  perod: 40d\n", "period");
    check_accepted(OK_ISSUER OK_KEYS "  period: 40d\n");
    check_refused(OK_ISSUER OK_ISSUER OK_KEYS, ":2:1"); /* repeated */
    check_refused(OK_KEYS, "issuer");                   /* missing */
}

/* --- values --- */

/* There may be others over it. */
static void values_postgres_makes_keys_wait_for_other_issuers(void **state)
{
    (void)state;
    struct jt_config config;
    assert_ok(load(OK_ISSUER OK_KEYS "store: {postgres: dbname=x}\n", &config, NULL));
    struct jt_schedule_conf schedule = jt_config_schedule(&config);
    assert_int_equal(schedule.late_s, 4 * 3600 + 300);
    assert_int_equal(jt_schedule_wait(&schedule), 86400 + 4 * 3600 + 300);
    jt_config_release(&config);
}

static void values_defaults_are_the_decided_ones(void **state)
{
    (void)state;
    struct jt_config config;
    assert_ok(load(OK_ISSUER OK_KEYS, &config, NULL));
    struct jt_schedule_conf schedule = jt_config_schedule(&config);
    assert_int_equal(schedule.period_s, 30 * 86400);
    assert_int_equal(schedule.lead_s, 86400);
    assert_int_equal(schedule.jitter_s, 3600);
    assert_int_equal(schedule.staleness_s, 4 * 3600);
    assert_true(schedule.named[JT_ALG_ES256]);
    assert_false(schedule.named[JT_ALG_RS256]);
    assert_int_equal(schedule.max_age_s, 300);
    assert_int_equal(schedule.skew_s, 300);
    assert_int_equal(schedule.late_s, 0);
    assert_int_equal(jt_config_log_level(&config), JT_LOG_INFO);
    assert_int_equal(jt_config_admin_mode(&config), 0600);
    assert_string_equal(config.query_parameters, "refuse");
    jt_config_release(&config);
    assert_ok(
        load(OK_ISSUER OK_KEYS "log: {level: debug}\nadmin: {mode: '0660'}\n", &config, NULL));
    assert_int_equal(jt_config_log_level(&config), JT_LOG_DEBUG);
    assert_int_equal(jt_config_admin_mode(&config), 0660);
    jt_config_release(&config);
}

static void values_issuer_path(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"https://id.example.com", ""},
        {"https://id.example.com/a", "/a"},
        {"https://id.example.com/a/b", "/a/b"},
        {"http://127.0.0.1:80/t", "/t"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_config config;
        char text[256];
        (void)snprintf(text, sizeof text, "issuer: %s\n" OK_KEYS, rows[i][0]);
        assert_ok(load(text, &config, NULL));
        assert_string_equal(jt_config_issuer_path(&config), rows[i][1]);
        jt_config_release(&config);
    }
}

static void values_restart_key_names_what_a_reload_cannot_change(void **state)
{
    (void)state;
    static const struct {
        const char *change;
        const char *key; /* NULL: a reload does */
    } rows[] = {
        {"issuer: https://other.example.com\n" OK_KEYS, "issuer"},
        {OK_ISSUER OK_KEYS "listen: 127.0.0.1:9\n", "listen"},
        {OK_ISSUER OK_KEYS "admin: {socket: /x}\n", "admin.socket"},
        {OK_ISSUER OK_KEYS "admin: {mode: '0666'}\n", "admin.mode"},
        {OK_ISSUER OK_KEYS "store: {path: /x}\n", "store.path"},
        {OK_ISSUER OK_KEYS "store: {postgres: dbname=x}\n", "store.postgres"},
        {OK_ISSUER OK_KEYS "  signer: process\n", "keys.signer"},
        {OK_ISSUER "keys: {kek_file: /other}\n", NULL},
        {OK_ISSUER "keys: {kek_credential: x}\n", NULL},
        {OK_ISSUER OK_KEYS "http: {threads: 3}\n", "http.threads"},
        {OK_ISSUER OK_KEYS "http: {max_connections: 3}\n", "http.max_connections"},
        {OK_ISSUER OK_KEYS "http: {max_per_source: 3}\n", "http.max_per_source"},
        {OK_ISSUER OK_KEYS "http: {head: 4000}\n", "http.head"},
        {OK_ISSUER OK_KEYS "http: {lifetime: 3s}\n", "http.lifetime"},
        {OK_ISSUER OK_KEYS "http: {idle: 3s}\n", "http.idle"},
        {OK_ISSUER OK_KEYS "http: {deadline: 3s}\n", "http.deadline"},
        {OK_ISSUER OK_KEYS "http: {drain: 3s}\n", "http.drain"},
        {OK_ISSUER OK_KEYS "http: {query_parameters: allow}\n", NULL},
        {OK_ISSUER OK_KEYS "log: {level: error}\n", NULL},
        {OK_ISSUER OK_KEYS "jwks: {max_age: 1m}\n", NULL},
        {OK_ISSUER OK_KEYS "  algorithms: [ES256, RS256]\n", NULL},
        {OK_ISSUER OK_KEYS "  period: 40d\n  lead: 2d\n  skew: 1m\n  staleness: 1h\n", NULL},
        {OK_ISSUER OK_KEYS, NULL},
    };
    struct jt_config now, then;
    assert_ok(load(OK_ISSUER OK_KEYS, &now, NULL));
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_ok(load(rows[i].change, &then, NULL));
        const char *key = jt_config_restart_key(&now, &then);
        assert_true((key == NULL) == (rows[i].key == NULL));
        if (key != NULL) {
            assert_string_equal(key, rows[i].key);
        }
        jt_config_release(&then);
    }
    jt_config_release(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_issuer_url_checked),
        cmocka_unit_test(load_keys_checked_against_each_other),
        cmocka_unit_test(load_exactly_one_kek_source),
        cmocka_unit_test(load_token_whole_where_one_is_used),
        cmocka_unit_test(load_algorithm_that_a_token_does_not_make_refused),
        cmocka_unit_test(load_lead_zero_needs_no_order),
        cmocka_unit_test(load_unknown_key_names_place_and_nearest),
        cmocka_unit_test(values_postgres_makes_keys_wait_for_other_issuers),
        cmocka_unit_test(values_defaults_are_the_decided_ones),
        cmocka_unit_test(values_issuer_path),
        cmocka_unit_test(values_restart_key_names_what_a_reload_cannot_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
