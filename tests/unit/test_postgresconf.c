/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgresconf.h"

#include "issuer/store/store.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define SECRET "hunter2"

static enum jt_err read_conf(const char *conninfo, struct jt_diag *diag)
{
    struct jt_postgresconf conf = {0};
    enum jt_err err = jt_postgresconf_read(conninfo, &conf, diag);
    if (err == JT_OK) {
        assert_null(strstr(conf.name, SECRET));
    }
    jt_postgresconf_release(&conf);
    jt_postgresconf_release(&conf);
    return err;
}

static const struct {
    const char *wrong, *sentence, *right;
} cases[] = {
    /* secrets, in every form that libpq takes */
    {"host=/run dbname=j password=" SECRET, "holds a secret (password)", "host=/run dbname=j"},
    {"host=/run dbname=j password='" SECRET " x'", "give passfile=FILE",
     "host=/run dbname=j passfile=/etc/jeton/pass"},
    {"password = " SECRET " host=/run", "holds a secret (password)", "host=/run"},
    {"postgresql://u:" SECRET "@localhost/j", "holds a secret (password)",
     "postgresql://u@localhost/j"},
    {"postgres://u:" SECRET "@localhost/j", "holds a secret (password)",
     "postgres://u@localhost/j"},
    {"postgresql://u:%68unter2@localhost/j", "holds a secret (password)",
     "postgresql://%68unter@localhost/j"},
    {"postgresql://localhost/j?user=u&password=" SECRET, "holds a secret (password)",
     "postgresql://localhost/j?user=u"},
    {"host=localhost sslpassword=" SECRET, "holds a secret (sslpassword)",
     "host=localhost sslkey=/etc/jeton/key"},
    {"dbname='password=" SECRET "'", "dbname is a connection string itself", "dbname=j"},
    {"dbname=postgresql://u:" SECRET "@localhost/j", "dbname is a connection string itself",
     "dbname=j"},
    /* what libpq cannot read: its own message would repeat the word */
    {"host=/run " SECRET, "is no connection string of PostgreSQL", "host=/run"},
    {"pasword=" SECRET, "is no connection string of PostgreSQL", "user=u"},
    {"postgresql://u:" SECRET "@[::1/j", "is no connection string of PostgreSQL",
     "postgresql://u@[::1]/j"},
    {"postgresql://localhost/j?pasword=" SECRET, "is no connection string of PostgreSQL",
     "postgresql://localhost/j"},
    {"host='/run", "is no connection string of PostgreSQL", "host='/run'"},
    /* another machine */
    {"host=db.example.com", "db.example.com is another machine, and nothing is said of TLS",
     "host=db.example.com sslmode=verify-full"},
    {"postgresql://db.example.com/j", "another machine", "postgresql://localhost/j"},
    {"host=10.0.0.1", "add sslmode=verify-full", "host=10.0.0.1 sslmode=disable"},
    {"host=localhost,10.0.0.1", "another machine", "host=localhost,/run"},
    {"host=10.0.0.1,localhost", "another machine", "host=127.0.0.1,localhost"},
    {"host=/run,b dbname=j", "another machine", "host=/run,127.0.0.1 dbname=j"},
    {"host=localhost hostaddr=10.0.0.1", "10.0.0.1 is another machine",
     "host=db.example.com hostaddr=127.0.0.1"},
    {"hostaddr=::2", "another machine", "hostaddr=::1"},
    {"host=127.example.com sslmode=", "another machine", "host=127.0.0.1"},
};

static void read_wrong_refused_without_the_secret_right_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        enum jt_err err = read_conf(cases[i].wrong, &diag);
        if (err != JT_ERR_STORE || strstr(diag.text, cases[i].sentence) == NULL) {
            fail_msg("%s: %s", cases[i].wrong, diag.text);
        }
        assert_null(strstr(diag.text, SECRET));
        diag = (struct jt_diag)JT_DIAG_INIT;
        if (read_conf(cases[i].right, &diag) != JT_OK) {
            fail_msg("%s: %s", cases[i].right, diag.text);
        }
    }
}

/* Refused before anything is connected, on every way in. */
static void open_peek_watch_refuse_a_secret(void **state)
{
    (void)state;
    const struct jt_store_where where = {.postgres = "host=/nowhere password=" SECRET};
    struct jt_store *store = NULL;
    struct jt_store_watch *watch = NULL;
    struct jt_diag diags[3] = {JT_DIAG_INIT, JT_DIAG_INIT, JT_DIAG_INIT};
    assert_err(jt_store_open(&where, &jt_clock_system, &store, &diags[0]), JT_ERR_STORE);
    assert_err(jt_store_peek(&where, &store, &diags[1]), JT_ERR_STORE);
    assert_err(jt_store_watch_new(&where, &watch, &diags[2]), JT_ERR_STORE);
    for (size_t i = 0; i < JT_COUNT(diags); i++) {
        assert_non_null(strstr(diags[i].text, "holds a secret (password)"));
        assert_null(strstr(diags[i].text, SECRET));
    }
}

static void open_where_nobody_listens_told(void **state)
{
    (void)state;
    const struct jt_store_where where = {.postgres = "host=/nowhere dbname=j user=u"};
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_open(&where, &jt_clock_system, &store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "PostgreSQL j at /nowhere: cannot be reached: "));
    assert_err(jt_store_peek(&where, &store, &diag), JT_ERR_STORE);
    struct jt_store_watch *watch = NULL;
    assert_ok(jt_store_watch_new(&where, &watch, &diag)); /* it may come */
    assert_int_equal(jt_store_watch_fd(watch), -1);
    assert_false(jt_store_watch_take(watch));
    jt_store_watch_free(watch);
}

static const char *param(const struct jt_postgresconf_params *params, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < params->n; i++) { /* the last one counts */
        value = strcmp(params->names[i], name) == 0 ? params->values[i] : value;
    }
    return value == NULL ? "" : value;
}

static void params_hold_what_was_given_before_the_defaults(void **state)
{
    (void)state;
    struct jt_postgresconf conf = {0};
    struct jt_postgresconf_params params;
    assert_ok(jt_postgresconf_read("host=/a,/b connect_timeout=9 dbname=j", &conf, NULL));
    jt_postgresconf_params(&conf, NULL, &params);
    assert_string_equal(param(&params, "connect_timeout"), "9");
    assert_string_equal(param(&params, "tcp_user_timeout"), "15000");
    assert_string_equal(param(&params, "target_session_attrs"), "read-write"); /* of several */
    assert_string_equal(param(&params, "client_encoding"), "UTF8");
    assert_null(params.names[params.n]);
    jt_postgresconf_params(&conf, "2", &params);
    assert_string_equal(param(&params, "connect_timeout"), "2");
    jt_postgresconf_release(&conf);
    assert_ok(jt_postgresconf_read("host=/a client_encoding=LATIN1", &conf, NULL));
    jt_postgresconf_params(&conf, NULL, &params);
    assert_string_equal(param(&params, "connect_timeout"), "5");
    assert_string_equal(param(&params, "target_session_attrs"), "");
    assert_string_equal(param(&params, "client_encoding"), "UTF8");
    jt_postgresconf_release(&conf);
}

int main(void)
{
    static const char *const variables[] = {"PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_wrong_refused_without_the_secret_right_accepted),
        cmocka_unit_test(open_peek_watch_refuse_a_secret),
        cmocka_unit_test(open_where_nobody_listens_told),
        cmocka_unit_test(params_hold_what_was_given_before_the_defaults),
    };
    for (size_t i = 0; i < JT_COUNT(variables); i++) {
        (void)unsetenv(variables[i]); /* of whoever runs the tests */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
