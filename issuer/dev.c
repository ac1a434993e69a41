/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/dev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json/json.h"
#include "issuer/certificate.h"
#include "issuer/edit.h"
#include "issuer/serve.h"
#include "keys/devcert.h"
#include "keys/kekfile.h"

#include "common/base/base.h"

#define LISTEN   "127.0.0.1:8080"
#define RESOURCE "https://payment.example.com/api"
#define CLIENT   "cart-service"

#define CERTIFICATE_LEFT_S \
    (7 * 24 * 3600) /* a shorter-lived one is made anew; issuer/certificate.c warns */

/* --- where it lives --- */

static bool is_loopback(const char *listen)
{
    struct jt_span address = jt_span_str(listen);
    return jt_span_starts(address, JT_SPAN("127.")) || jt_span_starts(address, JT_SPAN("[::1]:"));
}

static enum jt_err choose_dir(const struct jt_dev *dev, char *out, size_t size,
                              struct jt_diag *diag)
{
    if (dev->dir == NULL) {
        (void)snprintf(out, size, "/tmp/jetond-dev-XXXXXX"); /* fits */
        if (mkdtemp(out) == NULL) {
            return jt_diag_fail(diag, JT_ERR_IO, "cannot make a folder under /tmp: %s; give --dir",
                                strerror(errno)); // NOLINT(concurrency-mt-unsafe): one thread yet
        }
        return JT_OK;
    }
    char here[1024] = "";
    if (dev->dir[0] != '/' && getcwd(here, sizeof here - 1) == NULL) {
        return jt_diag_fail(diag, JT_ERR_IO, "--dir: cannot tell where that is; give it from /");
    }
    /* absolute: what is told must work from anywhere */
    if (snprintf(out, size, "%s%s%s", here, here[0] != 0 ? "/" : "", dev->dir) >= (int)size) {
        return jt_diag_fail(diag, JT_ERR_CONFIG, "--dir: too long");
    }
    return JT_OK;
}

static enum jt_err make_dir(const char *dir, struct jt_diag *diag)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return jt_diag_fail(diag, JT_ERR_IO, "cannot make folder %s: %s; give another --dir", dir,
                            strerror(errno)); // NOLINT(concurrency-mt-unsafe): one thread yet
    }
    return JT_OK;
}

/* The files of a temporary folder are ours alone. */
static void remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) { // NOLINT(concurrency-mt-unsafe): one thread again
        (void)unlinkat(dirfd(dir), entry->d_name, 0); /* "." and ".." refuse by themselves */
    }
    (void)closedir(dir);
    (void)rmdir(path); /* what is left is told by the folder itself */
}

/* "A,B" as a JSON array. */
static json_t *split(const char *words)
{
    json_t *array = json_array();
    while (array != NULL && *words != 0) {
        size_t n = strcspn(words, ",");
        if (json_array_append_new(array, json_stringn(words, n)) != 0) {
            json_decref(array);
            return NULL;
        }
        words += n + (words[n] == ',');
    }
    return array;
}

#define ROOT_FILE "/ca.pem"

static json_t *pack_tls(const char *dir)
{
    return json_pack("{s:s+, s:s+}", "certificate", dir, "/tls.pem", "key", dir, "/tls.key");
}

/* The configuration as JSON, which is YAML. */
static enum jt_err make_config(const struct jt_dev *dev, const char *dir, const char *address,
                               struct jt_config *out_config, struct jt_diag *diag)
{
    const char *port = strrchr(address, ':'); /* jt_listen_open has put it there */
    bool local = jt_span_starts(jt_span_str(address), JT_SPAN("127.0.0.1:")) || address[0] == '[';
    json_t *json =
        json_pack("{s:s++, s:s, s:{s:s+}, s:{s:s+}, s:{s:s+, s:s, s:s, s:o}, s:o*}", "issuer",
                  dev->tls ? "https://" : "http://", dev->tls && local ? "localhost" : "",
                  dev->tls && local ? port : address, "listen", address, "admin", "socket", dir,
                  "/admin.sock", "store", "path", dir, "/jeton.db", "keys", "kek_file", dir, "/kek",
                  "lead", "0s", "jitter", "0s", "algorithms",
                  split(dev->algorithms != NULL ? dev->algorithms : "ES256"), "tls",
                  dev->tls ? pack_tls(dir) : NULL);
    struct jt_buf text = JT_BUF_INIT(16384);
    enum jt_err err = json == NULL ? JT_ERR_NOMEM : jt_json_dump(json, &text);
    json_decref(json);
    if (err == JT_OK) {
        err = jt_config_load(jt_buf_span(&text), "dev", out_config, diag);
    }
    jt_buf_release(&text);
    return err;
}

/* --- what is made in it --- */

/* Is what a run before has made in this folder of use for some days yet? Who trusts its root need
 * not change then. */
static bool has_certificate(const struct jt_config *config, const char *root)
{
    struct jt_tls_pair *pair = NULL;
    if (access(root, R_OK) != 0 || jt_certificate_load(config, &pair, NULL) != JT_OK) {
        return false;
    }
    int64_t left_s = jt_tls_pair_about(pair)->not_after_s - jt_clock_wall_s(&jt_clock_system);
    jt_tls_pair_free(pair);
    return left_s > CERTIFICATE_LEFT_S;
}

static enum jt_err make_certificate(const struct jt_config *config, const char *dir,
                                    const char *address, struct jt_diag *diag)
{
    JT_AUTO(buf) root = JT_BUF_INIT(4096);
    if (config->tls_certificate == NULL) {
        return JT_OK;
    }
    JT_TRY(jt_buf_printf(&root, "%s" ROOT_FILE, dir));
    const struct jt_devcert_paths paths = {jt_buf_str(&root), config->tls_certificate,
                                           config->tls_key};
    if (has_certificate(config, paths.root)) {
        return JT_OK;
    }
    bool v6 = address[0] == '[';
    const char *ip = address + (v6 ? 1 : 0), *port = strrchr(address, ':');
    return jt_devcert_create(&paths, jt_span_of(ip, (size_t)(port - ip) - (v6 ? 1 : 0)), diag);
}

static const struct jt_actor actor = {.name = "dev"};
static const struct jt_edit_how how = {.actor = &actor};

/* Gives the demonstration client, made anew in a folder used before: a secret is shown only once.
 */
static enum jt_err make_client(struct jt_issuer *issuer, json_t **out_view, struct jt_diag *diag)
{
    struct jt_edit_result made = {0};
    enum jt_err gone = jt_edit_delete(issuer, &how, JT_STORE_CLIENT, JT_SPAN(CLIENT), diag);
    if (gone != JT_OK && gone != JT_ERR_NOT_FOUND) {
        return gone;
    }
    json_t *doc =
        json_pack("{s:s, s:[s,s], s:s}", "name", CLIENT, "grants", RESOURCE "#payments:read",
                  RESOURCE "#payments:write", "secret_name", "dev");
    enum jt_err err = jt_edit_create(issuer, &how, JT_STORE_CLIENT, doc, &made, diag);
    json_decref(doc);
    *out_view = made.view;
    return err;
}

static enum jt_err make_objects(struct jt_issuer *issuer, const char *alg, json_t **out_client,
                                struct jt_diag *diag)
{
    json_t *doc = json_pack("{s:s, s:[s,s], s:s}", "identifier", RESOURCE, "scopes",
                            "payments:read", "payments:write", "alg", alg);
    enum jt_err err = jt_edit_create(issuer, &how, JT_STORE_RESOURCE, doc, NULL, diag);
    json_decref(doc);
    if (err != JT_OK && err != JT_ERR_EXISTS) {
        return err;
    }
    return make_client(issuer, out_client, diag);
}

/* --- telling --- */

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* The command line as it can be pasted: beside this program when it stands there, else by PATH. */
static void find_jeton(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - sizeof "/jeton");
    if (n > 0) {
        out[n] = 0;
        char *slash = strrchr(out, '/');
        if (slash != NULL) {
            memcpy(slash, "/jeton", sizeof "/jeton");
            if (access(out, X_OK) == 0) {
                return;
            }
        }
    }
    (void)snprintf(out, size, "jeton"); /* fits */
}

static void tell_page(const json_t *told)
{
    char jeton[1024];
    const char *root = text_of(told, "ca_file"); /* NULL without TLS */
    find_jeton(jeton, sizeof jeton);
    (void)printf(
        "jetond dev: an issuer to try, on loopback only. Lead 0: a rotated key signs at once.\n\n"
        "  issuer          %s\n  token endpoint  %s\n  JWKS            %s\n  admin socket    %s\n"
        "%s%s%s\n"
        "  resource        %s  (payments:read payments:write)\n"
        "  client          %s\n  secret          %s  (shown once)\n\n"
        "try it:\n"
        "  curl -s%s%s -u %s:%s -d grant_type=client_credentials -d resource=%s %s\n"
        "  JETON_SOCKET=%s %s key list\n\nCtrl-C ends it.\n",
        text_of(told, "issuer"), text_of(told, "token_endpoint"), text_of(told, "jwks_uri"),
        text_of(told, "admin_socket"), root == NULL ? "" : "  trust this      ",
        root == NULL ? "" : root,
        root == NULL ? "" : "  (--cacert, --ca-file, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS)\n",
        text_of(told, "resource"), text_of(told, "client_id"), text_of(told, "client_secret"),
        root == NULL ? "" : " --cacert ", root == NULL ? "" : root, text_of(told, "client_id"),
        text_of(told, "client_secret"), text_of(told, "resource"), text_of(told, "token_endpoint"),
        text_of(told, "admin_socket"), jeton);
}

static enum jt_err tell(void *ctx, struct jt_issuer *issuer, const char *address,
                        struct jt_diag *diag)
{
    const struct jt_dev *dev = ctx;
    json_t *client = NULL;
    (void)address; /* the issuer's URL holds it */
    const struct jt_config *config = jt_issuer_config(issuer);
    JT_TRY(make_objects(issuer, config->algorithms[0], &client, diag));
    const char *url = config->issuer;
    json_t *told =
        json_pack("{s:s, s:s+, s:s+, s:s, s:s, s:[s,s], s:O, s:O}", "issuer", url, "token_endpoint",
                  url, "/oauth2/token", "jwks_uri", url, "/.well-known/jwks.json", "admin_socket",
                  config->admin_socket, "resource", RESOURCE, "scopes", "payments:read",
                  "payments:write", "client_id", json_object_get(client, "client_id"),
                  "client_secret", json_object_get(client, "client_secret"));
    json_decref(client);
    if (dev->tls &&
        json_object_set_new(told, "ca_file", json_pack("s+", dev->dir, ROOT_FILE)) != 0) {
        json_decref(told);
        told = NULL; /* out of memory, as it may have been before */
    }
    if (told == NULL) {
        return JT_ERR_NOMEM;
    }
    if (dev->json) {
        (void)json_dumpf(told, stdout, JSON_COMPACT); /* who reads it sees that it is cut */
        (void)putchar('\n');
    } else {
        tell_page(told);
    }
    json_decref(told);
    return fflush(stdout) == 0 ? JT_OK : JT_ERR_IO;
}

/* --- running --- */

static enum jt_err run_in(const struct jt_dev *dev, const char *dir, struct jt_diag *diag)
{
    struct jt_listen listen = {.fd = -1};
    struct jt_config config = {0};
    struct jt_buf kek = JT_BUF_INIT(4096);
    /* what the command line says is judged before anything is made */
    JT_TRY(jt_listen_open(dev->listen != NULL ? dev->listen : LISTEN, 0, &listen, diag));
    enum jt_err err = make_config(dev, dir, listen.address, &config, diag);
    if (err == JT_OK) {
        err = make_dir(dir, diag);
    }
    if (err == JT_OK) {
        err = jt_buf_printf(&kek, "%s/kek", dir);
    }
    if (err == JT_OK) {
        err = jt_kekfile_create(jt_buf_str(&kek), &jt_random_system, diag);
    }
    if (err == JT_OK) {
        err = make_certificate(&config, dir, listen.address, diag);
    }
    if (err == JT_OK) {
        struct jt_dev told = *dev;
        told.dir = dir;
        struct jt_serve serve = {.config = &config,
                                 .listen = &listen,
                                 .log = dev->log,
                                 .ready = tell,
                                 .ready_ctx = &told};
        err = jt_serve_run(&serve, diag);
    }
    jt_config_release(&config);
    jt_listen_close(&listen);
    jt_buf_release(&kek);
    return err;
}

enum jt_err jt_dev_run(const struct jt_dev *dev, struct jt_diag *diag)
{
    char dir[1024];
    if (dev->listen != NULL && !is_loopback(dev->listen)) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "--listen %.64s: dev listens on loopback only; give 127.0.0.1:PORT, or "
                            "use jetond serve",
                            dev->listen);
    }
    JT_TRY(choose_dir(dev, dir, sizeof dir, diag));
    enum jt_err err = run_in(dev, dir, diag);
    if (dev->dir == NULL) {
        remove_dir(dir);
    }
    return err;
}
