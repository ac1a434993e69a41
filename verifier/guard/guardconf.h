/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sidecar's configuration: one table of keys, the structs they fill, and the checks across
 * keys. What the verifier refuses of an issuer it says itself (generation.h).
 * Ownership: jt_guardconf_load fills in place; release.
 * Thread rule: one thread.
 */
#ifndef JT_GUARD_GUARDCONF_H
#define JT_GUARD_GUARDCONF_H

#include "common/conf/conf.h"
#include "common/log/log.h"

#define JT_GUARDCONF_ISSUERS_MAX 64 /* as many policies as a verifier takes */
#define JT_GUARDCONF_RULES_MAX   1024

struct jt_guardconf_issuer {
    struct jt_yamldoc_at at;
    char *issuer, *jwks_uri, *jwks_file, *jwks_cache;
    bool discover;
    char **algorithms, **types, **required_claims, **scope_claims;
    int64_t skew_s, max_age_s;
};

struct jt_guardconf_rule {
    struct jt_yamldoc_at at;
    char *host, *path, *issuer, *audience;
    char **methods, **any_of, **all_of;
    bool is_public;
};

struct jt_guardconf {
    char *listen, *mode, *ops_listen, *ops_mode, *ca_file, *log_level, *unavailable_status;
    int64_t threads, max_connections, idle_s, deadline_s, drain_s;
    int64_t wait_s, cache_tokens;
    struct jt_conf_sections issuers, rules;
};

extern const struct jt_conf_row jt_guardconf_rows[];
extern const size_t jt_guardconf_n_rows;

/* Loads and checks; JT_ERR_CONFIG with a sentence that names file, line and column. Nothing needs
 * release then. */
JT_MUST_USE enum jt_err jt_guardconf_load(struct jt_span text, const char *name,
                                          struct jt_guardconf *out_conf, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_guardconf_load_file(const char *path, struct jt_guardconf *out_conf,
                                               struct jt_diag *diag);
void jt_guardconf_release(struct jt_guardconf *conf);

static inline const struct jt_guardconf_issuer *
jt_guardconf_issuers(const struct jt_guardconf *conf)
{
    return conf->issuers.items;
}

static inline const struct jt_guardconf_rule *jt_guardconf_rules(const struct jt_guardconf *conf)
{
    return conf->rules.items;
}

#define JT_GUARDCONF_NO_ISSUER SIZE_MAX

/* The place of `issuer` among the issuers, or JT_GUARDCONF_NO_ISSUER. */
size_t jt_guardconf_find_issuer(const struct jt_guardconf *conf, const char *issuer);

/* A loaded list; NULL when it is empty, as the verifier wants it. */
static inline const char *const *jt_guardconf_list(char **list)
{
    return list[0] == NULL ? NULL : (const char *const *)list;
}

/* May a token of the issuer at place `issuer` pass `rule`? Never for a public one. */
bool jt_guardconf_uses(const struct jt_guardconf *conf, const struct jt_guardconf_rule *rule,
                       size_t issuer);

/* The status to answer with while keys are missing: 503 or 403. */
int jt_guardconf_unavailable(const struct jt_guardconf *conf);

enum jt_log_level jt_guardconf_log_level(const struct jt_guardconf *conf);

/* The first key that differs and cannot be changed while the daemon runs; NULL when none. */
const char *jt_guardconf_restart_key(const struct jt_guardconf *now,
                                     const struct jt_guardconf *then);

#endif
