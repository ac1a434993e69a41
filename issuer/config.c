/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/config.h"

#include <stddef.h>
#include <stdlib.h>

#include "issuer/config_check.h"
#include "issuer/store/store.h"

#include "common/base/base.h"

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define AT(member) offsetof(struct jt_config, member)

const struct jt_conf_row jt_config_rows[] = {
    {"issuer", JT_CONF_STRING, AT(issuer), NULL, 0, 0, true, NULL,
     "the issuer's URL, as it stands in iss: https, or http on loopback; no slash at the end"},
    {"listen", JT_CONF_STRING, AT(listen), "127.0.0.1:8080", 0, 0, false, NULL,
     "address and port of the public listener"},
    {"admin.socket", JT_CONF_STRING, AT(admin_socket), "/run/jeton/admin.sock", 0, 0, false, NULL,
     "path of the admin listener's UNIX socket"},
    {"admin.mode", JT_CONF_STRING, AT(admin_mode), "0600", 0, 0, false, "0600 0660 0666",
     "file mode of that socket: it is the access control"},
    {"admin.listen", JT_CONF_STRING, AT(admin_listen), NULL, 0, 0, false, NULL,
     "address and port of a second admin listener, for bearer tokens of this issuer; beyond "
     "loopback "
     "only with tls.certificate"},
    {"tls.certificate", JT_CONF_STRING, AT(tls_certificate), NULL, 0, 0, false, NULL,
     "PEM file of the certificate that listen and admin.listen speak TLS with, intermediate ones "
     "behind it; read again when it changes"},
    {"tls.key", JT_CONF_STRING, AT(tls_key), NULL, 0, 0, false, NULL,
     "PEM file of its private key, which nobody else may read (its group may)"},
    {"store.path", JT_CONF_STRING, AT(store_path), JT_STORE_PATH, 0, 0, false, NULL,
     "the SQLite database"},
    {"store.postgres", JT_CONF_STRING, AT(store_postgres), NULL, 0, 0, false, NULL,
     "connection string of a PostgreSQL database, without a password (passfile=), in place of "
     "store.path"},
    {"keys.signer", JT_CONF_STRING, AT(signer), "local", 0, 0, false, "local process pkcs11",
     "where private keys are: in this process, in a process of their own, in a PKCS#11 token"},
    {"keys.kek_file", JT_CONF_STRING, AT(kek_file), NULL, 0, 0, false, NULL,
     "file with the key-encryption key, readable by its owner alone"},
    {"keys.kek_credential", JT_CONF_STRING, AT(kek_credential), NULL, 0, 0, false, NULL,
     "name of a systemd credential with it"},
    {"keys.kek_env", JT_CONF_STRING, AT(kek_env), NULL, 0, 0, false, NULL,
     "name of an environment variable with it"},
    {"keys.kek_pkcs11", JT_CONF_STRING, AT(kek_pkcs11), NULL, 0, 0, false, NULL,
     "label of a secret key in the PKCS#11 token, from which it is derived"},
    {"keys.kek_next_file", JT_CONF_STRING, AT(kek_next_file), NULL, 0, 0, false, NULL,
     "file with the key-encryption key that `jeton kek rotate` changes to"},
    {"keys.kek_next_credential", JT_CONF_STRING, AT(kek_next_credential), NULL, 0, 0, false, NULL,
     "name of a systemd credential with that one"},
    {"keys.kek_next_env", JT_CONF_STRING, AT(kek_next_env), NULL, 0, 0, false, NULL,
     "name of an environment variable with that one"},
    {"keys.kek_next_pkcs11", JT_CONF_STRING, AT(kek_next_pkcs11), NULL, 0, 0, false, NULL,
     "label of a secret key in the PKCS#11 token for that one"},
    {"keys.pkcs11_module", JT_CONF_STRING, AT(pkcs11_module), NULL, 0, 0, false, NULL,
     "path of the PKCS#11 module, e.g. /usr/lib/softhsm/libsofthsm2.so"},
    {"keys.pkcs11_token", JT_CONF_STRING, AT(pkcs11_token), NULL, 0, 0, false, NULL,
     "label of the token"},
    {"keys.pkcs11_pin_file", JT_CONF_STRING, AT(pkcs11_pin_file), NULL, 0, 0, false, NULL,
     "file with the token's PIN, readable by its owner alone"},
    {"keys.pkcs11_pin_credential", JT_CONF_STRING, AT(pkcs11_pin_credential), NULL, 0, 0, false,
     NULL, "name of a systemd credential with the PIN"},
    {"keys.pkcs11_pin_env", JT_CONF_STRING, AT(pkcs11_pin_env), NULL, 0, 0, false, NULL,
     "name of an environment variable with the PIN"},
    {"keys.algorithms", JT_CONF_LIST, AT(algorithms), "ES256", 0, 0, false, NULL,
     "the algorithms that this issuer keeps keys for"},
    {"keys.period", JT_CONF_DURATION, AT(period_s), "30d", HOUR, 3650 * (int64_t)DAY, false, NULL,
     "how long a key signs"},
    {"keys.lead", JT_CONF_DURATION, AT(lead_s), "24h", 0, 365 * (int64_t)DAY, false, NULL,
     "how long a key is published before it signs"},
    {"keys.jitter", JT_CONF_DURATION, AT(jitter_s), "1h", 0, 30 * (int64_t)DAY, false, NULL,
     "how much later than its period a rotation may come, by the key"},
    {"keys.skew", JT_CONF_DURATION, AT(skew_s), "5m", 0, DAY, false, NULL,
     "clock skew that a retiring key is kept for"},
    {"keys.staleness", JT_CONF_DURATION, AT(staleness_s), "4h", 10, 30 * (int64_t)DAY, false, NULL,
     "how long an issuer goes on without its database; so much longer a retiring key is published"},
    {"jwks.max_age", JT_CONF_DURATION, AT(max_age_s), "5m", 1, DAY, false, NULL,
     "max-age of the key set's Cache-Control"},
    {"http.threads", JT_CONF_INT, AT(threads), "0", 0, 64, false, NULL,
     "threads of the public listener; 0: one per core"},
    {"http.max_connections", JT_CONF_INT, AT(max_connections), "10000", 1, 1000000, false, NULL,
     "connections of the public listener"},
    {"http.max_per_source", JT_CONF_INT, AT(max_per_source), "1000", 0, 1000000, false, NULL,
     "connections of one source: an IPv4 address, or the /64 of an IPv6 address; 0: any number"},
    {"http.head", JT_CONF_INT, AT(head), "3584", 1024, 65536, false, NULL,
     "memory of a connection for a request's head, in bytes: its lines, and 80 for each of them"},
    {"http.idle", JT_CONF_DURATION, AT(idle_s), "30s", 1, HOUR, false, NULL,
     "how long a connection may stand without a request"},
    {"http.deadline", JT_CONF_DURATION, AT(deadline_s), "10s", 1, HOUR, false, NULL,
     "how long one request may take to arrive"},
    {"http.lifetime", JT_CONF_DURATION, AT(lifetime_s), "1h", 1, 30 * (int64_t)DAY, false, NULL,
     "how old a connection may become; the first answer after that closes it"},
    {"http.drain", JT_CONF_DURATION, AT(drain_s), "5s", 0, HOUR, false, NULL,
     "how long requests in flight may end after SIGTERM"},
    {"http.trusted_proxies", JT_CONF_LIST, AT(trusted_proxies), NULL, 0, 0, false, NULL,
     "addresses, ranges (10.0.0.0/8) or unix: proxies whose word counts as to who is behind them"},
    {"http.proxy_protocol", JT_CONF_STRING, AT(proxy_protocol), "off", 0, 0, false, "off on",
     "connections of those proxies to the public listener begin with a PROXY header (version 1 or "
     "2)"},
    {"http.forwarded", JT_CONF_STRING, AT(forwarded), "x-forwarded-for", 0, 0, false,
     "x-forwarded-for forwarded off",
     "the header that those proxies add to, and that no client's word in it passes for theirs"},
    {"http.query_parameters", JT_CONF_STRING, AT(query_parameters), "refuse", 0, 0, false,
     "refuse allow",
     "token requests with grant_type, scope, resource in the query string (never a secret)"},
    {"log.level", JT_CONF_STRING, AT(log_level), "info", 0, 0, false, "error warn info debug",
     "what is logged"},
};
const size_t jt_config_n_rows = JT_COUNT(jt_config_rows);

static enum jt_err check(const char *name, struct jt_config *config, struct jt_diag *diag)
{
    struct jt_diag sentence = JT_DIAG_INIT;
    enum jt_err err = jt_config_check(config, &sentence);
    if (err != JT_OK) {
        jt_config_release(config);
        return jt_diag_fail(diag, err, "%s: %.400s", name, sentence.text);
    }
    return JT_OK;
}

enum jt_err jt_config_load(struct jt_span text, const char *name, struct jt_config *out_config,
                           struct jt_diag *diag)
{
    JT_TRY(jt_conf_load(text, name, jt_config_rows, jt_config_n_rows, out_config, diag));
    return check(name, out_config, diag);
}

enum jt_err jt_config_load_file(const char *path, struct jt_config *out_config,
                                struct jt_diag *diag)
{
    JT_TRY(jt_conf_load_file(path, jt_config_rows, jt_config_n_rows, out_config, diag));
    return check(path, out_config, diag);
}

void jt_config_release(struct jt_config *config)
{
    jt_conf_release(jt_config_rows, jt_config_n_rows, config);
}

/* --- values --- */

static bool differs(const char *a, const char *b)
{
    return (a == NULL) != (b == NULL) || !jt_span_eq(jt_span_str(a), jt_span_str(b));
}

struct jt_schedule_conf jt_config_schedule(const struct jt_config *config)
{
    struct jt_schedule_conf conf = {.lead_s = config->lead_s,
                                    .period_s = config->period_s,
                                    .jitter_s = config->jitter_s,
                                    .skew_s = config->skew_s,
                                    .max_age_s = config->max_age_s,
                                    .staleness_s = config->staleness_s};
    if (config->store_postgres != NULL) { /* other issuers, with copies and clocks of their own */
        conf.late_s = config->staleness_s + config->skew_s;
    }
    for (char **name = config->algorithms; *name != NULL; name++) {
        conf.named[jt_alg_find(jt_span_str(*name))->id] = true;
    }
    return conf;
}

struct jt_signer_conf jt_config_signer(const struct jt_config *config)
{
    enum jt_signer_how how = JT_SIGNER_LOCAL;
    if (!differs(config->signer, "process")) {
        how = JT_SIGNER_PROCESS;
    } else if (!differs(config->signer, "pkcs11")) {
        how = JT_SIGNER_PKCS11;
    }
    return (struct jt_signer_conf){
        .how = how,
        .kek = {config->kek_file, config->kek_credential, config->kek_env, config->kek_pkcs11},
        .kek_next = {config->kek_next_file, config->kek_next_credential, config->kek_next_env,
                     config->kek_next_pkcs11},
        .pkcs11 = {config->pkcs11_module, config->pkcs11_token, config->pkcs11_pin_file,
                   config->pkcs11_pin_credential, config->pkcs11_pin_env},
    };
}

struct jt_store_where jt_config_store(const struct jt_config *config)
{
    return (struct jt_store_where){.sqlite_path =
                                       config->store_postgres == NULL ? config->store_path : NULL,
                                   .postgres = config->store_postgres};
}

struct jt_peers jt_config_proxies(const struct jt_config *config)
{
    struct jt_peers peers;
    JT_IGNORE(jt_peers_parse(config->trusted_proxies, "", &peers, NULL)); /* the check saw them */
    return peers;
}

bool jt_config_proxy_protocol(const struct jt_config *config)
{
    return !differs(config->proxy_protocol, "on");
}

enum jt_forwarded jt_config_forwarded(const struct jt_config *config)
{
    if (!differs(config->forwarded, "off")) {
        return JT_FORWARDED_OFF;
    }
    return differs(config->forwarded, "forwarded") ? JT_FORWARDED_X : JT_FORWARDED_RFC7239;
}

enum jt_log_level jt_config_log_level(const struct jt_config *config)
{
    enum jt_log_level level = JT_LOG_INFO;
    (void)jt_log_parse_level(jt_span_str(config->log_level), &level); /* the table checked it */
    return level;
}

unsigned jt_config_admin_mode(const struct jt_config *config)
{
    return (unsigned)strtoul(config->admin_mode, NULL, 8);
}

const char *jt_config_issuer_path(const struct jt_config *config)
{
    const char *host = strstr(config->issuer, "://") + 3; /* check_issuer saw it */
    const char *path = strchr(host, '/');
    return path == NULL ? "" : path;
}

static bool lists_differ(char *const *now, char *const *then)
{
    for (; *now != NULL && *then != NULL; now++, then++) {
        if (differs(*now, *then)) {
            return true;
        }
    }
    return *now != *then; /* both at their end: both NULL */
}

const char *jt_config_restart_key(const struct jt_config *now, const struct jt_config *then)
{
    const struct {
        const char *key;
        bool changed;
    } fixed[] = {
        {"issuer", differs(now->issuer, then->issuer)},
        {"listen", differs(now->listen, then->listen)},
        {"admin.socket", differs(now->admin_socket, then->admin_socket)},
        {"admin.listen", differs(now->admin_listen, then->admin_listen)},
        {"tls.certificate", (now->tls_certificate == NULL) != (then->tls_certificate == NULL)},
        {"admin.mode", differs(now->admin_mode, then->admin_mode)},
        {"store.path", differs(now->store_path, then->store_path)},
        {"store.postgres", differs(now->store_postgres, then->store_postgres)},
        {"keys.signer", differs(now->signer, then->signer)},
        {"keys.pkcs11_module", differs(now->pkcs11_module, then->pkcs11_module)},
        {"keys.pkcs11_token", differs(now->pkcs11_token, then->pkcs11_token)},
        {"keys.pkcs11_pin_file", differs(now->pkcs11_pin_file, then->pkcs11_pin_file)},
        {"keys.pkcs11_pin_credential",
         differs(now->pkcs11_pin_credential, then->pkcs11_pin_credential)},
        {"keys.pkcs11_pin_env", differs(now->pkcs11_pin_env, then->pkcs11_pin_env)},
        {"http.trusted_proxies", lists_differ(now->trusted_proxies, then->trusted_proxies)},
        {"http.proxy_protocol", differs(now->proxy_protocol, then->proxy_protocol)},
        {"http.forwarded", differs(now->forwarded, then->forwarded)},
        {"http.threads", now->threads != then->threads},
        {"http.max_connections", now->max_connections != then->max_connections},
        {"http.max_per_source", now->max_per_source != then->max_per_source},
        {"http.head", now->head != then->head},
        {"http.lifetime", now->lifetime_s != then->lifetime_s},
        {"http.idle", now->idle_s != then->idle_s},
        {"http.deadline", now->deadline_s != then->deadline_s},
        {"http.drain", now->drain_s != then->drain_s},
    };
    for (size_t i = 0; i < JT_COUNT(fixed); i++) {
        if (fixed[i].changed) {
            return fixed[i].key;
        }
    }
    return NULL;
}

static bool row_differs(const struct jt_conf_row *row, const struct jt_config *now,
                        const struct jt_config *then)
{
    const void *a = (const char *)now + row->offset, *b = (const char *)then + row->offset;
    switch (row->type) {
    case JT_CONF_STRING:
        return differs(*(char *const *)a, *(char *const *)b);
    case JT_CONF_LIST:
        return lists_differ(*(char *const *const *)a, *(char *const *const *)b);
    default:
        return *(const int64_t *)a != *(const int64_t *)b;
    }
}

const char *jt_config_other_key(const struct jt_config *now, const struct jt_config *then)
{
    for (size_t i = 0; i < jt_config_n_rows; i++) {
        if (row_differs(&jt_config_rows[i], now, then)) {
            return jt_config_rows[i].key;
        }
    }
    return NULL;
}
