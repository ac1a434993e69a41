/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgresconf.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"

#include "common/base/base.h"

/* --- what was given --- */

/* NULL when it was not, or is empty, which libpq takes for not given. */
static const char *given(const struct jt_postgresconf *conf, const char *name)
{
    for (const PQconninfoOption *o = conf->options; o->keyword != NULL; o++) {
        if (strcmp(o->keyword, name) == 0) {
            return o->val == NULL || o->val[0] == 0 ? NULL : o->val;
        }
    }
    return NULL;
}

static const char *given_or(const struct jt_postgresconf *conf, const char *name,
                            const char *variable)
{
    const char *value = given(conf, name);
    value = value != NULL ? value : getenv(variable);
    return value == NULL || value[0] == 0 ? NULL : value;
}

/* --- what is refused --- */

/* libpq marks with a star what is shown as stars: passwords, of users and of key files. */
static enum jt_err check_secrets(const struct jt_postgresconf *conf, struct jt_diag *diag)
{
    for (const PQconninfoOption *o = conf->options; o->keyword != NULL; o++) {
        if (o->val != NULL && o->dispchar[0] == '*') {
            return jt_diag_fail(diag, JT_ERR_STORE,
                                "store.postgres: holds a secret (%s), which a configuration must "
                                "not; put it into a file of mode 0600 and give passfile=FILE, or "
                                "set PGPASSFILE",
                                o->keyword);
        }
    }
    const char *dbname = given(conf, "dbname");
    if (dbname != NULL && (strchr(dbname, '=') != NULL || strstr(dbname, "://") != NULL)) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "store.postgres: dbname is a connection string itself; give the name "
                            "of the database alone");
    }
    return JT_OK;
}

/* 127.0.0.1, not 127.example.com. */
static bool is_loopback(struct jt_span host)
{
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9')) {
            return false;
        }
    }
    return jt_span_starts(host, JT_SPAN("127."));
}

static bool is_local(struct jt_span host)
{
    return host.n == 0 || host.p[0] == '/' || host.p[0] == '@' || jt_span_is(host, "localhost") ||
           jt_span_is(host, "::1") || is_loopback(host);
}

/* Of a list with commas. */
static bool are_local(const char *hosts)
{
    for (struct jt_span rest = jt_span_str(hosts);;) {
        const uint8_t *comma = rest.n == 0 ? NULL : memchr(rest.p, ',', rest.n);
        size_t n = comma == NULL ? rest.n : (size_t)(comma - rest.p);
        if (!is_local(jt_span_of(rest.p, n))) {
            return false;
        }
        if (comma == NULL) {
            return true;
        }
        rest = jt_span_of(comma + 1, rest.n - n - 1);
    }
}

/* libpq's own choice, sslmode=prefer, gives way to whoever stands between: who can do that could
 * give himself any right, as no row of the access model carries a MAC. */
static enum jt_err check_tls(const struct jt_postgresconf *conf, struct jt_diag *diag)
{
    const char *address = given_or(conf, "hostaddr", "PGHOSTADDR");
    const char *host = address != NULL ? address : given_or(conf, "host", "PGHOST");
    bool service = given_or(conf, "service", "PGSERVICE") != NULL; /* its file says it */
    if (are_local(host) || service || given_or(conf, "sslmode", "PGSSLMODE") != NULL) {
        return JT_OK;
    }
    return jt_diag_fail(diag, JT_ERR_STORE,
                        "store.postgres: %.200s is another machine, and nothing is said of TLS; "
                        "add sslmode=verify-full sslrootcert=FILE (or sslmode=disable where the "
                        "network is yours alone)",
                        host);
}

/* --- in and out --- */

static enum jt_err make_name(struct jt_postgresconf *conf)
{
    const char *dbname = given_or(conf, "dbname", "PGDATABASE");
    const char *service = given_or(conf, "service", "PGSERVICE");
    const char *address = given_or(conf, "hostaddr", "PGHOSTADDR");
    const char *host = address != NULL ? address : given_or(conf, "host", "PGHOST");
    const char *port = given_or(conf, "port", "PGPORT");
    JT_AUTO(buf) text = JT_BUF_INIT(512);
    JT_TRY(jt_buf_puts(&text, "PostgreSQL"));
    if (dbname != NULL || service == NULL) {
        JT_TRY(jt_buf_printf(&text, " %.64s", dbname == NULL ? "(the user's own)" : dbname));
    }
    if (service != NULL) {
        JT_TRY(jt_buf_printf(&text, " of service %.64s", service));
    }
    if (host != NULL) {
        JT_TRY(jt_buf_printf(&text, " at %.100s", host));
    }
    if (port != NULL) {
        JT_TRY(jt_buf_printf(&text, ":%.32s", port));
    }
    return jt_buf_strdup(jt_buf_span(&text), &conf->name);
}

enum jt_err jt_postgresconf_read(const char *conninfo, struct jt_postgresconf *conf,
                                 struct jt_diag *diag)
{
    char *message = NULL;
    conf->options = PQconninfoParse(conninfo, &message);
    if (conf->options == NULL) {
        bool no_memory = message == NULL;
        PQfreemem(message); /* it repeats parts of the string */
        return no_memory ? JT_ERR_NOMEM
                         : jt_diag_fail(diag, JT_ERR_STORE,
                                        "store.postgres: is no connection string of PostgreSQL; "
                                        "write host=/run/postgresql dbname=jeton user=jeton, or "
                                        "postgresql://jeton@HOST/jeton?sslmode=verify-full");
    }
    JT_TRY(check_secrets(conf, diag));
    JT_TRY(check_tls(conf, diag));
    return make_name(conf);
}

void jt_postgresconf_release(struct jt_postgresconf *conf)
{
    PQconninfoFree(conf->options);
    free(conf->name);
    *conf = (struct jt_postgresconf){0};
}

static void add(struct jt_postgresconf_params *params, const char *name, const char *value)
{
    if (params->n + 1 < JT_COUNT(params->names)) {
        params->names[params->n] = name;
        params->values[params->n] = value;
        params->n++;
    }
}

/* A peer that is gone is noticed within half a minute. The place for GSS is not looked for unless
 * it is asked for: that reads files of the user's. */
static const struct {
    const char *name, *value;
} defaults[] = {
    {"connect_timeout", "5"},  {"keepalives", "1"},
    {"keepalives_idle", "10"}, {"keepalives_interval", "5"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "15000"},
    {"gssencmode", "disable"}, {"fallback_application_name", "jeton"},
};

void jt_postgresconf_params(const struct jt_postgresconf *conf, const char *connect_s,
                            struct jt_postgresconf_params *out_params)
{
    *out_params = (struct jt_postgresconf_params){.n = 0};
    for (size_t i = 0; i < JT_COUNT(defaults); i++) {
        add(out_params, defaults[i].name, defaults[i].value);
    }
    const char *host = given(conf, "host");
    if (host != NULL && strchr(host, ',') != NULL) { /* of several, the one that takes changes */
        add(out_params, "target_session_attrs", "read-write");
    }
    for (const PQconninfoOption *o = conf->options; o->keyword != NULL; o++) {
        if (o->val != NULL) {
            add(out_params, o->keyword, o->val);
        }
    }
    if (connect_s != NULL) {
        add(out_params, "connect_timeout", connect_s);
    }
    add(out_params, "client_encoding", "UTF8");
}
