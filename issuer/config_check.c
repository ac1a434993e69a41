/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/config_check.h"

#include "common/base/base.h"

static bool starts(const char *text, const char *prefix)
{
    return jt_span_starts(jt_span_str(text), jt_span_str(prefix));
}

static bool is_loopback_url(const char *url)
{
    size_t number = starts(url, "http://127.") ? strspn(url + 7, "0123456789.") : 0;
    return (number > 0 && url[7 + number] == ':') || starts(url, "http://localhost:") ||
           starts(url, "http://[::1]:");
}

/* RFC 8414 sec. 2: an https URL without query or fragment; http is for loopback. */
static enum jt_err check_issuer(const struct jt_config *config, struct jt_diag *diag)
{
    const char *issuer = config->issuer;
    if ((!starts(issuer, "https://") || issuer[8] == 0 || issuer[8] == '/') &&
        !is_loopback_url(issuer)) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "issuer: '%.128s' is not https (nor http on loopback with a port); "
                            "verifiers fetch keys from there: give the public https URL",
                            issuer);
    }
    size_t n = strlen(issuer);
    if (issuer[n - 1] == '/' || n > 256) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "issuer: leave out the slash at the end; iss is compared byte by byte");
    }
    for (size_t i = 0; i < n; i++) {
        if (issuer[i] <= 0x20 || issuer[i] >= 0x7F || memchr("\"#?\\<>%{}", issuer[i], 9) != NULL) {
            return jt_diag_fail(diag, JT_ERR_CONFIG,
                                "issuer: no query, fragment, escapes or spaces; give plain "
                                "https://HOST[:PORT][/PATH]");
        }
    }
    return JT_OK;
}

static enum jt_err check_algorithms(const struct jt_config *config, struct jt_diag *diag)
{
    if (config->algorithms == NULL || config->algorithms[0] == NULL) {
        return jt_diag_fail(diag, JT_ERR_CONFIG, "keys.algorithms: empty; name at least ES256");
    }
    for (char **name = config->algorithms; *name != NULL; name++) {
        const struct jt_alg_row *row = jt_alg_find(jt_span_str(*name));
        if (row == NULL || !row->issue) {
            return jt_diag_fail(diag, JT_ERR_CONFIG,
                                "keys.algorithms: '%.32s' is none of ES256 ES384 ES512 RS256 PS256 "
                                "EdDSA",
                                *name);
        }
        /* each name is one schedule: two of one would plan every step twice */
        for (char **other = config->algorithms; other < name; other++) {
            if (jt_span_eq(jt_span_str(*other), jt_span_str(*name))) {
                return jt_diag_fail(diag, JT_ERR_CONFIG,
                                    "keys.algorithms: %s stands twice; name it once", *name);
            }
        }
    }
    return JT_OK;
}

static enum jt_err check_times(const struct jt_config *config, struct jt_diag *diag)
{
    if (config->period_s < config->lead_s) {
        return jt_diag_fail(
            diag, JT_ERR_CONFIG,
            "keys.period: shorter than keys.lead; a next key could never be ready in "
            "time: make it at least the lead");
    }
    if (config->jitter_s > config->period_s) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys.jitter: longer than keys.period; a key could sign for more than "
                            "twice its period: make it shorter, or 0");
    }
    if (config->lead_s > 0 && config->staleness_s >= config->lead_s) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys.staleness: not below keys.lead; a cut-off issuer could miss a "
                            "rotation: make it shorter");
    }
    if (config->lead_s > 0 && config->lead_s < config->max_age_s) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys.lead: shorter than jwks.max_age; verifiers could meet a key they "
                            "were told not to look for: make it longer");
    }
    return JT_OK;
}

static int count_sources(const struct jt_kek_source *source)
{
    return (source->file != NULL) + (source->credential != NULL) + (source->env != NULL) +
           (source->pkcs11 != NULL);
}

static enum jt_err check_kek(const struct jt_config *config, struct jt_diag *diag)
{
    struct jt_signer_conf signer = jt_config_signer(config);
    if (count_sources(&signer.kek) != 1) {
        return jt_diag_fail(
            diag, JT_ERR_CONFIG,
            "keys: give exactly one of kek_file, kek_credential, kek_env, kek_pkcs11 (a file is "
            "made by: umask 077; set -C; head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' "
            "> FILE)");
    }
    if (count_sources(&signer.kek_next) > 1) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys: give at most one of kek_next_file, kek_next_credential, "
                            "kek_next_env, kek_next_pkcs11");
    }
    return JT_OK;
}

static enum jt_err check_token(const struct jt_pkcs11_conf *token, struct jt_diag *diag)
{
    if (token->module == NULL || token->module[0] != '/') {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys.pkcs11_module: give the module's whole path, e.g. "
                            "/usr/lib/softhsm/libsofthsm2.so");
    }
    if (token->token == NULL) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys.pkcs11_token: missing; give the token's label, as shown by: "
                            "pkcs11-tool --module %.200s --list-token-slots",
                            token->module);
    }
    int pins =
        (token->pin_file != NULL) + (token->pin_credential != NULL) + (token->pin_env != NULL);
    if (pins != 1) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys: give exactly one of pkcs11_pin_file, pkcs11_pin_credential, "
                            "pkcs11_pin_env for the token's PIN");
    }
    return JT_OK;
}

static enum jt_err check_made_there(const struct jt_config *config, struct jt_diag *diag)
{
    for (char **name = config->algorithms; *name != NULL; name++) {
        if (!jt_signer_makes(JT_SIGNER_PKCS11, jt_alg_find(jt_span_str(*name))->id)) {
            return jt_diag_fail(diag, JT_ERR_CONFIG,
                                "keys.signer: pkcs11 makes no keys for %s; take it out of "
                                "keys.algorithms, or choose local or process",
                                *name);
        }
    }
    return JT_OK;
}

/* A token that nothing uses any more may stay named: keys made there sign until they have rotated. */
static enum jt_err check_pkcs11(const struct jt_config *config, struct jt_diag *diag)
{
    struct jt_signer_conf signer = jt_config_signer(config);
    const struct jt_pkcs11_conf *token = &signer.pkcs11;
    if (signer.how == JT_SIGNER_PKCS11) {
        JT_TRY(check_made_there(config, diag));
    }
    bool used = signer.how == JT_SIGNER_PKCS11 || signer.kek.pkcs11 != NULL ||
                signer.kek_next.pkcs11 != NULL;
    bool named = token->module != NULL || token->token != NULL || token->pin_file != NULL ||
                 token->pin_credential != NULL || token->pin_env != NULL;
    return used || named ? check_token(token, diag) : JT_OK;
}

static enum jt_err check_tls(const struct jt_config *config, struct jt_diag *diag)
{
    if ((config->tls_certificate == NULL) == (config->tls_key == NULL)) {
        return JT_OK;
    }
    bool has_key = config->tls_key != NULL;
    return jt_diag_fail(
        diag, JT_ERR_CONFIG, "%s: missing, and %s is there; give both, or none for plain HTTP",
        has_key ? "tls.certificate" : "tls.key", has_key ? "tls.key" : "tls.certificate");
}

/* Tokens go over it in clear unless it speaks TLS: what is beyond this machine then reaches it
 * through a proxy that does. */
static enum jt_err check_admin(const struct jt_config *config, struct jt_diag *diag)
{
    const char *listen = config->admin_listen;
    if (listen == NULL || starts(listen, "[::1]:") || config->tls_certificate != NULL) {
        return JT_OK;
    }
    size_t number = strspn(listen, "0123456789.");
    if (!starts(listen, "127.") || listen[number] != ':') {
        return jt_diag_fail(
            diag, JT_ERR_CONFIG,
            "admin.listen: '%.64s' is not on loopback, and this listener has no TLS; give "
            "127.0.0.1:PORT or [::1]:PORT and put a proxy with TLS before it, or give "
            "tls.certificate and tls.key",
            listen);
    }
    return JT_OK;
}

static enum jt_err check_proxies(const struct jt_config *config, struct jt_diag *diag)
{
    struct jt_peers peers;
    JT_TRY(jt_peers_parse(config->trusted_proxies, "http.trusted_proxies", &peers, diag));
    if (jt_config_proxy_protocol(config) && peers.n == 0 && !peers.by_unix) {
        return jt_diag_fail(
            diag, JT_ERR_CONFIG,
            "http.proxy_protocol: on, and http.trusted_proxies names nobody who may "
            "speak it; name the proxies, or turn it off");
    }
    return JT_OK;
}

enum jt_err jt_config_check(const struct jt_config *config, struct jt_diag *diag)
{
    static enum jt_err (*const checks[])(const struct jt_config *, struct jt_diag *) = {
        check_issuer, check_algorithms, check_times, check_kek,
        check_pkcs11, check_tls,        check_admin, check_proxies};
    for (size_t i = 0; i < JT_COUNT(checks); i++) {
        JT_TRY(checks[i](config, diag));
    }
    return JT_OK;
}
