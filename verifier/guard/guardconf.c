/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/guard/guardconf.h"

#include <stddef.h>

#include "verifier/guard/forward.h"

#include "common/base/base.h"

#define AUDIENCE_MAX 1024 /* as a header of identity.h may be long */

#define HOUR 3600
#define DAY  (24 * HOUR)

#define AT(member)     offsetof(struct jt_guardconf, member)
#define ISSUER(member) offsetof(struct jt_guardconf_issuer, member)
#define RULE(member)   offsetof(struct jt_guardconf_rule, member)

const struct jt_conf_row jt_guardconf_rows[] = {
    {"listen", JT_CONF_STRING, AT(listen), "127.0.0.1:9180", 0, 0, false, NULL,
     "where proxies ask: address and port, or the path of a UNIX socket"},
    {"mode", JT_CONF_STRING, AT(mode), "0660", 0, 0, false, "0600 0660 0666",
     "file mode of that socket"},
    {"ops.listen", JT_CONF_STRING, AT(ops_listen), "127.0.0.1:9181", 0, 0, false, NULL,
     "where /metrics, /readyz and /livez are: address and port, or a path"},
    {"ops.mode", JT_CONF_STRING, AT(ops_mode), "0660", 0, 0, false, "0600 0660 0666",
     "file mode of that socket"},
    {"unavailable_status", JT_CONF_STRING, AT(unavailable_status), "503", 0, 0, false, "503 403",
     "answer while an issuer's keys are missing: 503, or 403 for proxies that pass a request on "
     "after a 5xx (Envoy with failure_mode_allow)"},
    {"wait", JT_CONF_DURATION, AT(wait_s), "5s", 0, 60, false, NULL,
     "how long start and reload wait for the first key sets; a reload at least 5s"},
    {"cache_tokens", JT_CONF_INT, AT(cache_tokens), "1024", 0, 1048576, false, NULL,
     "accepted tokens that each thread remembers, at about 1.2 KB, so that the next request with "
     "one costs no signature check; 0: none"},
    {"ca_file", JT_CONF_STRING, AT(ca_file), NULL, 0, 0, false, NULL,
     "certificates (PEM) that issuers are trusted by; none: those of the system"},
    {"http.threads", JT_CONF_INT, AT(threads), "0", 0, 64, false, NULL,
     "threads that answer proxies; 0: one per core"},
    {"http.max_connections", JT_CONF_INT, AT(max_connections), "10000", 1, 1000000, false, NULL,
     "connections of proxies"},
    {"http.idle", JT_CONF_DURATION, AT(idle_s), "75s", 1, HOUR, false, NULL,
     "how long a connection may stand without a request; longer than the proxy keeps it"},
    {"http.deadline", JT_CONF_DURATION, AT(deadline_s), "10s", 1, HOUR, false, NULL,
     "how long one request may take to arrive"},
    {"http.drain", JT_CONF_DURATION, AT(drain_s), "5s", 0, HOUR, false, NULL,
     "how long requests in flight may end after SIGTERM"},
    {"log.level", JT_CONF_STRING, AT(log_level), "info", 0, 0, false, "error warn info debug",
     "what is logged; debug tells each request that is let through"},
    {"issuers", JT_CONF_SECTIONS, AT(issuers), NULL, sizeof(struct jt_guardconf_issuer),
     JT_GUARDCONF_ISSUERS_MAX, true, NULL, "whose tokens are accepted"},
    {"issuers[].issuer", JT_CONF_STRING, ISSUER(issuer), NULL, 0, 0, true, NULL,
     "the issuer's URL, byte by byte as it stands in iss"},
    {"issuers[].jwks_uri", JT_CONF_STRING, ISSUER(jwks_uri), NULL, 0, 0, false, NULL,
     "where its keys are; none: what its discovery document says, or jwks_file"},
    {"issuers[].jwks_file", JT_CONF_STRING, ISSUER(jwks_file), NULL, 0, 0, false, NULL,
     "a file with its keys; alone, they are never fetched"},
    {"issuers[].jwks_cache", JT_CONF_STRING, ISSUER(jwks_cache), NULL, 0, 0, false, NULL,
     "a file that is kept with the keys fetched last, so that a start needs no network"},
    {"issuers[].discover", JT_CONF_BOOL, ISSUER(discover), "false", 0, 0, false, NULL,
     "fetch by discovery although jwks_file is given"},
    {"issuers[].algorithms", JT_CONF_LIST, ISSUER(algorithms), NULL, 0, 0, false,
     "ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA",
     "signatures that are accepted; none: ES256, ES384, ES512, RS256, PS256, EdDSA"},
    {"issuers[].types", JT_CONF_LIST, ISSUER(types), NULL, 0, 0, false, NULL,
     "accepted values of the token's typ; none: at+jwt; '' accepts a token without one"},
    {"issuers[].required_claims", JT_CONF_LIST, ISSUER(required_claims), NULL, 0, 0, false, NULL,
     "claims that a token must have beside exp"},
    {"issuers[].scope_claims", JT_CONF_LIST, ISSUER(scope_claims), NULL, 0, 0, false, NULL,
     "claims that scopes stand in, the first that is there; none: scope, scp"},
    {"issuers[].skew", JT_CONF_DURATION, ISSUER(skew_s), "0", 0, 300, false, NULL,
     "clock skew that is allowed"},
    {"issuers[].max_age", JT_CONF_DURATION, ISSUER(max_age_s), "0", 0, 3650 * (int64_t)DAY, false,
     NULL, "oldest token that is accepted; 0: any that has not expired"},
    {"rules", JT_CONF_SECTIONS, AT(rules), NULL, sizeof(struct jt_guardconf_rule),
     JT_GUARDCONF_RULES_MAX, true, NULL, "what is asked where; what no rule is for is denied"},
    {"rules[].host", JT_CONF_STRING, RULE(host), "*", 0, 0, false, NULL,
     "the request's host without port: a name, *.example.com for those below it, or * for all "
     "that no other rule names"},
    {"rules[].path", JT_CONF_STRING, RULE(path), "/", 0, 0, false, NULL,
     "the path and all below it; no patterns"},
    {"rules[].methods", JT_CONF_LIST, RULE(methods), NULL, 0, 0, false, NULL,
     "methods, GET standing for HEAD too; none: all that no other rule for the same host and path "
     "names"},
    {"rules[].public", JT_CONF_BOOL, RULE(is_public), "false", 0, 0, false, NULL,
     "let through without a token"},
    {"rules[].issuer", JT_CONF_STRING, RULE(issuer), NULL, 0, 0, false, NULL,
     "the one issuer whose tokens count here; none: any of those above"},
    {"rules[].audience", JT_CONF_STRING, RULE(audience), NULL, 0, 0, false, NULL,
     "what aud must hold; required unless public; the rules for an issuer have at most 256 "
     "different ones"},
    {"rules[].any_of", JT_CONF_LIST, RULE(any_of), NULL, 0, 0, false, NULL,
     "scopes of which the token must hold one"},
    {"rules[].all_of", JT_CONF_LIST, RULE(all_of), NULL, 0, 0, false, NULL,
     "scopes of which the token must hold every one"},
};
const size_t jt_guardconf_n_rows = JT_COUNT(jt_guardconf_rows);

/* --- checks across keys --- */

/* What the checks of one load share. */
struct check {
    const char *name;
    const struct jt_guardconf *conf;
    struct jt_diag *diag;
};

static bool same(const char *a, const char *b)
{
    return jt_span_eq(jt_span_str(a), jt_span_str(b));
}

size_t jt_guardconf_find_issuer(const struct jt_guardconf *conf, const char *issuer)
{
    for (size_t i = 0; i < conf->issuers.n; i++) {
        if (same(issuer, jt_guardconf_issuers(conf)[i].issuer)) {
            return i;
        }
    }
    return JT_GUARDCONF_NO_ISSUER;
}

bool jt_guardconf_uses(const struct jt_guardconf *conf, const struct jt_guardconf_rule *rule,
                       size_t issuer)
{
    return !rule->is_public &&
           (rule->issuer == NULL || same(rule->issuer, jt_guardconf_issuers(conf)[issuer].issuer));
}

static enum jt_err check_issuer(const struct check *c, size_t index)
{
    const struct jt_guardconf_issuer *issuers = jt_guardconf_issuers(c->conf);
    const struct jt_guardconf_issuer *issuer = &issuers[index];
    size_t first = jt_guardconf_find_issuer(c->conf, issuer->issuer);
    if (first < index) {
        return jt_yamldoc_fail(c->name, issuer->at, c->diag,
                               "issuers: '%.128s' stands twice, first on line %zu; keep one",
                               issuer->issuer, issuers[first].at.line);
    }
    for (size_t i = 0; i < c->conf->rules.n; i++) {
        if (jt_guardconf_uses(c->conf, &jt_guardconf_rules(c->conf)[i], index)) {
            return JT_OK;
        }
    }
    return jt_yamldoc_fail(c->name, issuer->at, c->diag,
                           "issuers: no rule takes tokens of '%.128s'; add one, or remove it",
                           issuer->issuer);
}

static enum jt_err check_rule_issuer(const struct check *c, const struct jt_guardconf_rule *rule)
{
    if (rule->issuer == NULL ||
        jt_guardconf_find_issuer(c->conf, rule->issuer) != JT_GUARDCONF_NO_ISSUER) {
        return JT_OK;
    }
    return jt_yamldoc_fail(c->name, rule->at, c->diag,
                           "rules[].issuer: '%.128s' is none of the issuers; add it to issuers, or "
                           "name one that is there",
                           rule->issuer);
}

static enum jt_err check_scopes(const struct check *c, const struct jt_guardconf_rule *rule,
                                char **scopes)
{
    for (; *scopes != NULL; scopes++) {
        if (!jt_span_scope(jt_span_str(*scopes))) {
            return jt_yamldoc_fail(c->name, rule->at, c->diag,
                                   "rules: a scope is one word of visible ASCII without quote and "
                                   "backslash; write one scope an item");
        }
    }
    return JT_OK;
}

/* As X-Auth-Audience, see identity.h. */
static bool can_be_told(const char *audience)
{
    size_t n = 0;
    for (; audience[n] != 0; n++) {
        if (audience[n] < 0x21 || audience[n] > 0x7E) {
            return false;
        }
    }
    return n <= AUDIENCE_MAX;
}

static enum jt_err check_asks(const struct check *c, const struct jt_guardconf_rule *rule)
{
    bool asks = rule->audience != NULL || rule->issuer != NULL || rule->any_of[0] != NULL ||
                rule->all_of[0] != NULL;
    if (rule->is_public && asks) {
        return jt_yamldoc_fail(
            c->name, rule->at, c->diag,
            "rules: public, and yet asks for something; remove public, or issuer, "
            "audience, any_of and all_of");
    }
    if (!rule->is_public && (rule->audience == NULL || rule->audience[0] == 0)) {
        return jt_yamldoc_fail(c->name, rule->at, c->diag,
                               "rules: no audience; name the API that tokens must be for, or write "
                               "public: true");
    }
    if (!rule->is_public && !can_be_told(rule->audience)) {
        return jt_yamldoc_fail(
            c->name, rule->at, c->diag,
            "rules: an audience that no header can tell, so that each token would "
            "be denied; write 1 to 1024 characters of visible ASCII");
    }
    JT_TRY(check_scopes(c, rule, rule->any_of));
    return check_scopes(c, rule, rule->all_of);
}

static enum jt_err check_host(const struct check *c, const struct jt_guardconf_rule *rule)
{
    char plain[JT_FORWARD_HOST_MAX];
    size_t n = 0;
    const char *why = NULL;
    struct jt_span host = jt_span_str(rule->host);
    if (jt_span_is(host, "*")) {
        return JT_OK;
    }
    if (jt_span_starts(host, JT_SPAN("*."))) {
        host = jt_span_of(host.p + 2, host.n - 2);
    }
    if (jt_forward_host(host, plain, &n, &why) != JT_OK ||
        !jt_span_eq(host, jt_span_of(plain, n))) {
        return jt_yamldoc_fail(c->name, rule->at, c->diag,
                               "rules[].host: '%.128s' is no host; write a name in small letters "
                               "without port, *.NAME, or *",
                               rule->host);
    }
    return JT_OK;
}

static enum jt_err check_path(const struct check *c, const struct jt_guardconf_rule *rule)
{
    uint8_t plain[JT_FORWARD_PATH_MAX];
    size_t n = 0;
    const char *why = "a path with '/' at its end, although it covers what is below without";
    struct jt_span path = jt_span_str(rule->path);
    if (path.n > 0 && memchr(path.p, '*', path.n) != NULL) {
        return jt_yamldoc_fail(
            c->name, rule->at, c->diag,
            "rules[].path: '%.128s' holds a '*', which is no pattern here; write "
            "/admin, it covers what is below, or %%2A for the character",
            rule->path);
    }
    bool slash = path.n > 1 && path.p[path.n - 1] == '/';
    if (slash || jt_forward_path(path, plain, &n, &why) != JT_OK) {
        return jt_yamldoc_fail(
            c->name, rule->at, c->diag,
            "rules[].path: '%.128s' is %s; write it as a request has it, without "
            "query",
            rule->path, why);
    }
    return JT_OK;
}

static enum jt_err check_methods(const struct check *c, const struct jt_guardconf_rule *rule)
{
    const char *why = NULL;
    for (char **method = rule->methods; *method != NULL; method++) {
        if (jt_forward_method(jt_span_str(*method), &why) != JT_OK) {
            return jt_yamldoc_fail(
                c->name, rule->at, c->diag,
                "rules[].methods: '%.32s' is no method; write large letters, e.g. "
                "[GET, POST]",
                *method);
        }
    }
    return JT_OK;
}

static enum jt_err check_rule(const struct check *c, size_t index)
{
    static enum jt_err (*const checks[])(const struct check *, const struct jt_guardconf_rule *) = {
        check_host, check_path, check_methods, check_asks, check_rule_issuer};
    for (size_t i = 0; i < JT_COUNT(checks); i++) {
        JT_TRY(checks[i](c, &jt_guardconf_rules(c->conf)[index]));
    }
    return JT_OK;
}

static enum jt_err check_all(const struct check *c)
{
    if (c->conf->issuers.n == 0 || c->conf->rules.n == 0) {
        return jt_diag_fail(
            c->diag, JT_ERR_CONFIG,
            "%s: %s: empty; there must be at least one, else nothing is let through", c->name,
            c->conf->issuers.n == 0 ? "issuers" : "rules");
    }
    for (size_t i = 0; i < c->conf->rules.n; i++) {
        JT_TRY(check_rule(c, i));
    }
    for (size_t i = 0; i < c->conf->issuers.n; i++) {
        JT_TRY(check_issuer(c, i));
    }
    return JT_OK;
}

static enum jt_err check(const char *name, struct jt_guardconf *conf, struct jt_diag *diag)
{
    const struct check c = {name, conf, diag};
    enum jt_err err = check_all(&c);
    if (err != JT_OK) {
        jt_guardconf_release(conf);
    }
    return err;
}

enum jt_err jt_guardconf_load(struct jt_span text, const char *name, struct jt_guardconf *out_conf,
                              struct jt_diag *diag)
{
    JT_TRY(jt_conf_load(text, name, jt_guardconf_rows, jt_guardconf_n_rows, out_conf, diag));
    return check(name, out_conf, diag);
}

enum jt_err jt_guardconf_load_file(const char *path, struct jt_guardconf *out_conf,
                                   struct jt_diag *diag)
{
    JT_TRY(jt_conf_load_file(path, jt_guardconf_rows, jt_guardconf_n_rows, out_conf, diag));
    return check(path, out_conf, diag);
}

void jt_guardconf_release(struct jt_guardconf *conf)
{
    jt_conf_release(jt_guardconf_rows, jt_guardconf_n_rows, conf);
}

/* --- values --- */

int jt_guardconf_unavailable(const struct jt_guardconf *conf)
{
    return same(conf->unavailable_status, "403") ? 403 : 503;
}

enum jt_log_level jt_guardconf_log_level(const struct jt_guardconf *conf)
{
    enum jt_log_level level = JT_LOG_INFO;
    (void)jt_log_parse_level(jt_span_str(conf->log_level), &level); /* the table checked it */
    return level;
}

const char *jt_guardconf_restart_key(const struct jt_guardconf *now,
                                     const struct jt_guardconf *then)
{
    const struct {
        const char *key;
        bool changed;
    } fixed[] = {
        {"listen", !same(now->listen, then->listen)},
        {"mode", !same(now->mode, then->mode)},
        {"ops.listen", !same(now->ops_listen, then->ops_listen)},
        {"ops.mode", !same(now->ops_mode, then->ops_mode)},
        {"http.threads", now->threads != then->threads},
        {"http.max_connections", now->max_connections != then->max_connections},
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
