/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's configuration: one table of keys (config.c), the struct they fill, and the checks
 * across keys.
 * Ownership: jt_config_load_file fills in place; release.
 * Thread rule: one thread.
 */
#ifndef JT_ISSUER_CONFIG_H
#define JT_ISSUER_CONFIG_H

#include "common/base/diag.h"
#include "common/conf/conf.h"
#include "common/http/forwarded.h"
#include "common/jose/alg.h"
#include "common/log/log.h"
#include "issuer/store/store.h"
#include "keys/schedule.h"
#include "keys/signer.h"

struct jt_config {
    char *issuer, *listen;
    char *admin_socket, *admin_mode, *admin_listen;
    char *tls_certificate, *tls_key;
    char *store_path, *store_postgres;
    char *signer;
    char *kek_file, *kek_credential, *kek_env, *kek_pkcs11;
    char *kek_next_file, *kek_next_credential, *kek_next_env, *kek_next_pkcs11;
    char *pkcs11_module, *pkcs11_token;
    char *pkcs11_pin_file, *pkcs11_pin_credential, *pkcs11_pin_env;
    char **algorithms;
    int64_t period_s, lead_s, jitter_s, skew_s, staleness_s, max_age_s;
    int64_t threads, max_connections, max_per_source, head, idle_s, deadline_s, lifetime_s, drain_s;
    char **trusted_proxies;
    char *proxy_protocol, *forwarded;
    char *query_parameters, *log_level;
};

/* The resource that rights on the admin API are on is the issuer's URL with this. */
#define JT_CONFIG_ADMIN "/admin"

/* The table, for the reference page. */
extern const struct jt_conf_row jt_config_rows[];
extern const size_t jt_config_n_rows;

/* Loads and checks the file. JT_ERR_CONFIG with a sentence that says where, what and how to mend
 * it. */
JT_MUST_USE enum jt_err jt_config_load_file(const char *path, struct jt_config *out_config,
                                            struct jt_diag *diag);

/* The same for text, as of a file called `name`. */
JT_MUST_USE enum jt_err jt_config_load(struct jt_span text, const char *name,
                                       struct jt_config *out_config, struct jt_diag *diag);

void jt_config_release(struct jt_config *config);

struct jt_schedule_conf jt_config_schedule(const struct jt_config *config);
struct jt_signer_conf jt_config_signer(const struct jt_config *config); /* borrows */
struct jt_store_where jt_config_store(const struct jt_config *config);  /* borrows */

/* The proxies that are trusted, and how they are spoken with. */
struct jt_peers jt_config_proxies(const struct jt_config *config);
bool jt_config_proxy_protocol(const struct jt_config *config);
enum jt_forwarded jt_config_forwarded(const struct jt_config *config);

enum jt_log_level jt_config_log_level(const struct jt_config *config);
unsigned jt_config_admin_mode(const struct jt_config *config);

/* The path of the issuer's URL, "" for none: what its endpoints' paths begin with. */
const char *jt_config_issuer_path(const struct jt_config *config);

/* The key whose change needs a restart, when `now` and `then` differ in one; NULL when a reload
 * does. */
const char *jt_config_restart_key(const struct jt_config *now, const struct jt_config *then);

/* Any key in which they differ; NULL when they are equal. */
const char *jt_config_other_key(const struct jt_config *now, const struct jt_config *then);

#endif
