/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_contexts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf/yamlwrite.h"
#include "issuer/cli/cli_http.h"

#include "common/base/base.h"

#define PATH_LIMIT 4096
#define HEADER     "# The issuers that jeton knows by name; jeton context --help\n"

#define CONTEXT(member) offsetof(struct jt_cli_context, member)
static const struct jt_conf_row rows[] = {
    {"current", JT_CONF_STRING, offsetof(struct jt_cli_contexts, current), NULL, 0, 0, false, NULL,
     "the one in use"},
    {"contexts", JT_CONF_SECTIONS, offsetof(struct jt_cli_contexts, list), NULL,
     sizeof(struct jt_cli_context), JT_CLI_CONTEXTS_MAX, false, NULL, "the contexts"},
    {"contexts[].name", JT_CONF_STRING, CONTEXT(name), NULL, 0, 0, true, NULL, "its name"},
    {"contexts[].socket", JT_CONF_STRING, CONTEXT(socket), NULL, 0, 0, false, NULL, "a path"},
    {"contexts[].url", JT_CONF_STRING, CONTEXT(url), NULL, 0, 0, false, NULL, "a URL"},
    {"contexts[].issuer", JT_CONF_STRING, CONTEXT(issuer), NULL, 0, 0, false, NULL, "a URL"},
    {"contexts[].credentials", JT_CONF_STRING, CONTEXT(credentials), NULL, 0, 0, false, NULL,
     "a path"},
    {"contexts[].ca_file", JT_CONF_STRING, CONTEXT(ca_file), NULL, 0, 0, false, NULL, "a path"},
};

/* XDG Base Directory Specification: a relative XDG_CONFIG_HOME counts as none. */
enum jt_err jt_cli_contexts_path(struct jt_buf *out, struct jt_diag *diag)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (config != NULL && config[0] == '/') {
        return jt_buf_printf(out, "%s/jeton/contexts.yaml", config);
    }
    if (home == NULL || home[0] != '/') {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "there is no place for contexts; set HOME or XDG_CONFIG_HOME");
    }
    return jt_buf_printf(out, "%s/.config/jeton/contexts.yaml", home);
}

static bool is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return n > 0 && n <= JT_CLI_CONTEXTS_NAME_MAX && name[n] == 0 && name[0] != '-';
}

static enum jt_err check_place(const struct jt_cli_context *c, const char *file,
                               struct jt_diag *diag)
{
    if ((c->socket == NULL) == (c->url == NULL)) {
        return jt_yamldoc_fail(file, c->at, diag,
                               "context '%s' needs either a socket or a url; give one of them",
                               c->name);
    }
    if (c->socket != NULL) {
        return c->issuer == NULL && c->credentials == NULL && c->ca_file == NULL
                   ? JT_OK
                   : jt_yamldoc_fail(file, c->at, diag,
                                     "context '%s' is a socket, which takes no issuer, "
                                     "credentials or ca_file; remove them",
                                     c->name);
    }
    if (c->issuer == NULL || c->credentials == NULL) {
        return jt_yamldoc_fail(file, c->at, diag,
                               "context '%s' has a url, which needs an issuer and credentials too",
                               c->name);
    }
    struct jt_diag why = JT_DIAG_INIT;
    enum jt_err err = jt_cli_http_check_url("url", c->url, &why);
    err = err == JT_OK ? jt_cli_http_check_url("issuer", c->issuer, &why) : err;
    if (err != JT_OK && err != JT_ERR_NOMEM) {
        return jt_yamldoc_fail(file, c->at, diag, "context '%s': %s", c->name, why.text);
    }
    return err;
}

static enum jt_err check(const struct jt_cli_contexts *contexts, const char *file,
                         struct jt_diag *diag)
{
    const struct jt_cli_context *list = contexts->list.items;
    for (size_t i = 0; i < contexts->list.n; i++) {
        if (!is_name(list[i].name)) {
            return jt_yamldoc_fail(file, list[i].at, diag,
                                   "a context's name is made of letters, digits, '.', '_' and "
                                   "'-', at most %d; rename it",
                                   JT_CLI_CONTEXTS_NAME_MAX);
        }
        if (jt_cli_contexts_find(contexts, list[i].name) != &list[i]) {
            return jt_yamldoc_fail(file, list[i].at, diag,
                                   "context '%s' stands twice; keep one of them", list[i].name);
        }
        JT_TRY(check_place(&list[i], file, diag));
    }
    if (contexts->current != NULL && jt_cli_contexts_find(contexts, contexts->current) == NULL) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "%s: current: there is no context '%s'; name one "
                            "that stands there",
                            file, contexts->current);
    }
    return JT_OK;
}

enum jt_err jt_cli_contexts_parse(struct jt_span text, const char *name,
                                  struct jt_cli_contexts *out_contexts, struct jt_diag *diag)
{
    *out_contexts = (struct jt_cli_contexts)JT_CLI_CONTEXTS_INIT;
    JT_TRY(jt_conf_load(text, name, rows, JT_COUNT(rows), out_contexts, diag));
    enum jt_err err = check(out_contexts, name, diag);
    if (err != JT_OK) {
        jt_cli_contexts_release(out_contexts);
    }
    return err;
}

static enum jt_err read_file(int fd, const char *path, struct jt_buf *out, struct jt_diag *diag)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "%s is not a file; move it away", path);
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || (st.st_uid != geteuid() && st.st_uid != 0)) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "others may write %s (mode %04o, owner %ld), and it says where "
                            "requests go; own it and chmod 600 it",
                            path, (unsigned)(st.st_mode & 07777), (long)st.st_uid);
    }
    for (;;) {
        uint8_t chunk[4096];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0) {
            return JT_OK;
        }
        if (n < 0 && errno != EINTR) {
            return jt_diag_fail(diag, JT_ERR_USAGE, "cannot read %s: %s", path, strerror(errno));
        }
        if (n > 0 && jt_buf_put(out, jt_span_of(chunk, (size_t)n)) != JT_OK) {
            return jt_diag_fail(diag, JT_ERR_USAGE, "%s is too long; shorten it", path);
        }
    }
}

enum jt_err jt_cli_contexts_load(struct jt_cli_contexts *out_contexts, struct jt_diag *diag)
{
    JT_AUTO(buf) path = JT_BUF_INIT(PATH_LIMIT);
    JT_AUTO(buf) text = JT_BUF_INIT(JT_CONF_MAX_BYTES);
    *out_contexts = (struct jt_cli_contexts)JT_CLI_CONTEXTS_INIT;
    if (jt_cli_contexts_path(&path, NULL) != JT_OK) {
        return JT_OK; /* no home, no contexts */
    }
    int fd = open(jt_buf_str(&path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return JT_OK;
    }
    if (fd < 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "cannot open %s: %s", jt_buf_str(&path),
                            strerror(errno));
    }
    enum jt_err err = read_file(fd, jt_buf_str(&path), &text, diag);
    (void)close(fd); /* only read from */
    JT_TRY(err);
    return jt_cli_contexts_parse(jt_buf_span(&text), jt_buf_str(&path), out_contexts, diag);
}

void jt_cli_contexts_release(struct jt_cli_contexts *contexts)
{
    jt_conf_release(rows, JT_COUNT(rows), contexts);
}

const struct jt_cli_context *jt_cli_contexts_find(const struct jt_cli_contexts *contexts,
                                                  const char *name)
{
    const struct jt_cli_context *list = contexts->list.items;
    for (size_t i = 0; i < contexts->list.n; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

/* Members that are not set are left out. */
static json_t *context_json(const struct jt_cli_context *c)
{
    return json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*}", "name", c->name, "socket", c->socket,
                     "url", c->url, "issuer", c->issuer, "credentials", c->credentials, "ca_file",
                     c->ca_file);
}

enum jt_err jt_cli_contexts_one(const struct jt_cli_context *context, json_t **out_json)
{
    *out_json = context_json(context);
    return *out_json == NULL ? JT_ERR_NOMEM : JT_OK;
}

enum jt_err jt_cli_contexts_json(const struct jt_cli_contexts *contexts, json_t **out_json)
{
    const struct jt_cli_context *list = contexts->list.items;
    json_t *json = json_pack("{s:s*, s:[]}", "current", contexts->current, "contexts");
    for (size_t i = 0; i < contexts->list.n; i++) {
        if (json_array_append_new(json_object_get(json, "contexts"), context_json(&list[i])) != 0) {
            json_decref(json);
            return JT_ERR_NOMEM;
        }
    }
    *out_json = json;
    return json == NULL ? JT_ERR_NOMEM : JT_OK;
}

static enum jt_err cannot_write(const char *path, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_IO, "cannot write %s: %s", path, strerror(errno));
}

/* The folders of `path`, those that are missing made for this user alone. */
static enum jt_err make_folders(const char *path, struct jt_diag *diag)
{
    char folder[PATH_LIMIT];
    (void)snprintf(folder, sizeof folder, "%s", path); /* a jt_buf of that limit */
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
            return cannot_write(folder, diag);
        }
        *slash = '/';
    }
    return JT_OK;
}

static bool write_all(int fd, struct jt_span text)
{
    while (text.n > 0) {
        ssize_t n = write(fd, text.p, text.n);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        text.p += n > 0 ? n : 0;
        text.n -= n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0;
}

/* A new file (mode 0600) takes the place of the old one, or nothing changes. */
static enum jt_err replace(const char *path, struct jt_span text, struct jt_diag *diag)
{
    char beside[PATH_LIMIT + sizeof ".XXXXXX"];
    (void)snprintf(beside, sizeof beside, "%s.XXXXXX", path); /* as above */
    JT_TRY(make_folders(path, diag));
    int fd = mkstemp(beside);
    if (fd < 0) {
        return cannot_write(path, diag);
    }
    bool written = write_all(fd, text);
    written = close(fd) == 0 && written;
    if (!written || rename(beside, path) != 0) {
        enum jt_err err = cannot_write(path, diag);
        (void)unlink(beside); /* the failure is told already */
        return err;
    }
    return JT_OK;
}

/* The sentence about a text that nobody has seen: lines and columns of it say nothing. */
static enum jt_err without_place(enum jt_err err, struct jt_diag *diag)
{
    const struct jt_diag sentence = *diag;
    const char *colon = strstr(sentence.text, ": ");
    return colon == NULL ? err : jt_diag_fail(diag, err, "%s", colon + 2);
}

enum jt_err jt_cli_contexts_save(json_t *json, struct jt_diag *diag)
{
    JT_AUTO(buf) path = JT_BUF_INIT(PATH_LIMIT);
    JT_AUTO(buf) text = JT_BUF_INIT(JT_CONF_MAX_BYTES);
    struct jt_cli_contexts read_back;
    JT_TRY(jt_cli_contexts_path(&path, diag));
    JT_TRY(jt_buf_puts(&text, HEADER));
    JT_TRY(jt_yamlwrite_put(json, JT_YAMLWRITE_UTF8, &text));
    enum jt_err err = jt_cli_contexts_parse(jt_buf_span(&text), "", &read_back, diag);
    if (err != JT_OK) {
        return without_place(err, diag);
    }
    jt_cli_contexts_release(&read_back);
    return replace(jt_buf_str(&path), jt_buf_span(&text), diag);
}
