/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/guard/rules.h"

#include <stdlib.h>

#include "common/base/base.h"

/* --- the order --- */

/* A name is more specific than those below one, and those below the longer one than others. */
static int compare_hosts(const struct jt_rule *a, const struct jt_rule *b)
{
    int rank_a = a->host.n == 0 ? 2 : a->below;
    int rank_b = b->host.n == 0 ? 2 : b->below;
    if (rank_a != rank_b) {
        return rank_a - rank_b;
    }
    if (a->host.n != b->host.n) {
        return a->host.n > b->host.n ? -1 : 1;
    }
    return jt_span_cmp(a->host, b->host);
}

static int compare_paths(const struct jt_rule *a, const struct jt_rule *b)
{
    if (a->path.len != b->path.len) {
        return a->path.len > b->path.len ? -1 : 1;
    }
    return jt_span_cmp(jt_buf_span(&a->path), jt_buf_span(&b->path));
}

static int compare(const void *left, const void *right)
{
    const struct jt_rule *a = left;
    const struct jt_rule *b = right;
    int order = compare_hosts(a, b);
    order = order != 0 ? order : compare_paths(a, b);
    if (order != 0) {
        return order;
    }
    int any_a = a->conf->methods[0] == NULL;
    int any_b = b->conf->methods[0] == NULL;
    return any_a - any_b;
}

/* --- making --- */

static bool names(const struct jt_rule *rule, struct jt_span method)
{
    bool head = jt_span_is(method, "HEAD");
    for (char **name = rule->conf->methods; *name != NULL; name++) {
        /* RFC 9110 sec. 9.3.2: HEAD tells what GET would */
        if (jt_span_is(method, *name) || (head && jt_span_is(jt_span_str(*name), "GET"))) {
            return true;
        }
    }
    return false;
}

static bool overlap(const struct jt_rule *a, const struct jt_rule *b)
{
    bool any_a = a->conf->methods[0] == NULL;
    bool any_b = b->conf->methods[0] == NULL;
    if (any_a || any_b) {
        return any_a && any_b; /* one that names methods goes before one that does not */
    }
    for (char **name = a->conf->methods; *name != NULL; name++) {
        if (names(b, jt_span_str(*name))) {
            return true;
        }
    }
    for (char **name = b->conf->methods; *name != NULL; name++) {
        if (names(a, jt_span_str(*name))) {
            return true;
        }
    }
    return false;
}

/* A 401 whose challenge is cut off, or is none, says not what to ask the issuer for. */
static enum jt_err check_challenges(const struct jt_rules *rules, const char *name,
                                    struct jt_diag *diag)
{
    for (size_t i = 0; i < rules->n; i++) {
        for (int status = JETON_OK; status <= JETON_STATUS_MAX; status++) {
            const struct jt_rule *rule = &rules->rules[i];
            if (jeton_www_authenticate((jeton_status)status, &rule->require, NULL, 0) >
                JT_RULES_CHALLENGE_MAX) {
                return jt_yamldoc_fail(
                    name, rule->conf->at, diag,
                    "rules: too many or too long scopes: WWW-Authenticate, which "
                    "names them, would be over %d bytes",
                    JT_RULES_CHALLENGE_MAX);
            }
        }
    }
    return JT_OK;
}

static enum jt_err check_overlaps(const struct jt_rules *rules, const char *name,
                                  struct jt_diag *diag)
{
    for (size_t i = 0; i < rules->n; i++) {
        const struct jt_rule *a = &rules->rules[i];
        for (size_t k = i + 1; k < rules->n; k++) {
            const struct jt_rule *b = &rules->rules[k];
            if (compare_hosts(a, b) != 0 || compare_paths(a, b) != 0) {
                break;
            }
            if (overlap(a, b)) {
                bool first = a->conf < b->conf;
                return jt_yamldoc_fail(name, (first ? b : a)->conf->at, diag,
                                       "rules: the rule on line %zu is for the same host, path and "
                                       "method; keep one of them",
                                       (first ? a : b)->conf->at.line);
            }
        }
    }
    return JT_OK;
}

static enum jt_err put_path(struct jt_rule *rule)
{
    uint8_t path[JT_FORWARD_PATH_MAX];
    size_t n = 0;
    const char *why = NULL;
    JT_TRY(jt_forward_path(jt_span_str(rule->conf->path), path, &n, &why)); /* was checked */
    rule->path = (struct jt_buf)JT_BUF_INIT(JT_FORWARD_PATH_MAX);
    return jt_buf_put(&rule->path, jt_span_of(path, n == 1 ? 0 : n));
}

/* In place: `require` points to `audiences` once the rules have their order. */
static enum jt_err fill(const struct jt_guardconf *conf, const struct jt_guardconf_rule *from,
                        struct jt_rule *rule)
{
    rule->conf = from;
    rule->host = jt_span_str(from->host);
    rule->below = jt_span_starts(rule->host, JT_SPAN("*."));
    if (from->host[0] == '*') {
        rule->host = jt_span_of(rule->host.p + 1, rule->host.n - 1);
    }
    rule->issuer =
        from->issuer == NULL ? JT_RULES_ANY_ISSUER : jt_guardconf_find_issuer(conf, from->issuer);
    rule->audiences[0] = from->audience;
    rule->require = (struct jeton_require)JETON_INIT(jeton_require);
    rule->require.any_of = jt_guardconf_list(from->any_of);
    rule->require.all_of = jt_guardconf_list(from->all_of);
    return put_path(rule);
}

enum jt_err jt_rules_make(const struct jt_guardconf *conf, const char *name,
                          struct jt_rules *out_rules, struct jt_diag *diag)
{
    struct jt_rules rules = {calloc(conf->rules.n, sizeof *rules.rules), 0};
    enum jt_err err = rules.rules == NULL ? JT_ERR_NOMEM : JT_OK;
    while (err == JT_OK && rules.n < conf->rules.n) {
        struct jt_rule *rule = &rules.rules[rules.n];
        err = fill(conf, &jt_guardconf_rules(conf)[rules.n], rule);
        rules.n++;
    }
    if (err == JT_OK) {
        qsort(rules.rules, rules.n, sizeof *rules.rules, compare);
        err = check_overlaps(&rules, name, diag);
    }
    if (err == JT_OK) {
        err = check_challenges(&rules, name, diag);
    }
    if (err != JT_OK) {
        jt_rules_release(&rules);
        return err;
    }
    for (size_t i = 0; i < rules.n; i++) {
        rules.rules[i].require.audiences = rules.rules[i].audiences;
    }
    *out_rules = rules;
    return JT_OK;
}

void jt_rules_release(struct jt_rules *rules)
{
    for (size_t i = 0; i < rules->n; i++) {
        jt_buf_release(&rules->rules[i].path);
    }
    free(rules->rules);
    *rules = (struct jt_rules){NULL, 0};
}

/* --- finding --- */

static bool fits_host(const struct jt_rule *rule, struct jt_span host)
{
    if (!rule->below) {
        return rule->host.n == 0 || jt_span_eq(rule->host, host);
    }
    return host.n > rule->host.n &&
           jt_span_eq(rule->host, jt_span_of(host.p + host.n - rule->host.n, rule->host.n));
}

static bool fits_path(const struct jt_rule *rule, struct jt_span path)
{
    size_t n = rule->path.len;
    return jt_span_starts(path, jt_buf_span(&rule->path)) && (path.n == n || path.p[n] == '/');
}

const struct jt_rule *jt_rules_find(const struct jt_rules *rules, const struct jt_forward *request)
{
    struct jt_span host = jt_span_of(request->host, request->host_n);
    struct jt_span path = jt_span_of(request->path, request->path_n);
    const struct jt_rule *at = rules->rules;
    const struct jt_rule *end = at + rules->n;
    while (at < end && !fits_host(at, host)) {
        at++;
    }
    const struct jt_rule *first = at;
    while (at < end && compare_hosts(first, at) == 0 && !fits_path(at, path)) {
        at++;
    }
    first = at < end && compare_hosts(first, at) == 0 ? at : end;
    for (; at < end && first < end; at++) {
        if (compare_hosts(first, at) != 0 || compare_paths(first, at) != 0) {
            return NULL;
        }
        if (at->conf->methods[0] == NULL || names(at, request->method)) {
            return at;
        }
    }
    return NULL;
}
