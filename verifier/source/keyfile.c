/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/jose/jwks.h"
#include "common/json/json.h"

#include "common/base/base.h"

#define CHUNK ((size_t)8192)

static enum jt_err read_all(int fd, struct jt_buf *out)
{
    for (;;) {
        uint8_t chunk[CHUNK];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0) {
            return JT_OK;
        }
        if (n < 0 && errno != EINTR) {
            return JT_ERR_IO;
        }
        if (n > 0) {
            JT_TRY(jt_buf_put(out, jt_span_of(chunk, (size_t)n)));
        }
    }
}

/* Whoever can write the file can sign tokens. */
static bool is_own(int fd)
{
    struct stat file;
    return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
           (file.st_uid == geteuid() || file.st_uid == 0) &&
           (file.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static enum jt_err read_open(int fd, const char *path, enum jt_keyfile_kind kind,
                             struct jt_buf *out, struct jt_diag *diag)
{
    if (kind == JT_KEYFILE_KEPT && !is_own(fd)) {
        return jt_diag_fail(diag, JT_ERR_IO,
                            "%.200s is not a file of this user's that nobody else may write: "
                            "remove it, or name another",
                            path);
    }
    enum jt_err err = read_all(fd, out);
    return err == JT_ERR_IO ? jt_diag_fail(diag, err, "cannot read %.200s: is it a file?", path)
                            : err;
}

enum jt_err jt_keyfile_read(const char *path, enum jt_keyfile_kind kind, struct jt_buf *out,
                            struct jt_diag *diag)
{
    /* a FIFO would block the open, for ever */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        return JT_ERR_NOT_FOUND;
    }
    if (fd < 0) {
        return jt_diag_fail(diag, JT_ERR_IO, "cannot read %.200s: check its mode", path);
    }
    enum jt_err err = read_open(fd, path, kind, out, diag);
    (void)close(fd); /* only read from */
    return err;
}

static bool read_number(const json_t *object, const char *name, int64_t *out_number)
{
    const json_t *value = json_object_get(object, name);
    *out_number = json_integer_value(value);
    return json_is_integer(value) && *out_number >= 0;
}

static enum jt_err read_times(const json_t *object, struct jt_span issuer,
                              struct jt_keyfile_times *out_times, struct jt_diag *diag)
{
    struct jt_span named;
    if (jt_json_string(object, "issuer", &named) != JT_OK || !jt_span_eq(named, issuer)) {
        return jt_diag_fail(diag, JT_ERR_JSON,
                            "its issuer is another: each policy keeps a jwks_cache of its own");
    }
    if (!read_number(object, "fetched", &out_times->fetched_s) ||
        !read_number(object, "fresh_for", &out_times->fresh_s)) {
        return jt_diag_fail(diag, JT_ERR_JSON, "it does not say when it was fetched");
    }
    return JT_OK;
}

enum jt_err jt_keyfile_times(struct jt_span text, struct jt_span issuer,
                             struct jt_keyfile_times *out_times, struct jt_diag *diag)
{
    json_t *object = NULL;
    enum jt_err err = jt_json_load_object(text, JT_JSON_DEPTH, &object);
    if (err != JT_OK) {
        return err == JT_ERR_NOMEM ? err : jt_diag_fail(diag, JT_ERR_JSON, "it is not JSON");
    }
    err = read_times(object, issuer, out_times, diag);
    json_decref(object);
    return err;
}

static enum jt_err render(struct jt_span issuer, const struct jt_keyfile_times *times,
                          struct jt_span text, struct jt_buf *out)
{
    json_t *object = NULL;
    JT_TRY(jt_json_load_object(text, JT_JSON_DEPTH, &object));
    enum jt_err err = JT_ERR_NOMEM;
    if (json_object_set_new(object, "issuer", json_stringn((const char *)issuer.p, issuer.n)) ==
            0 &&
        json_object_set_new(object, "fetched", json_integer(times->fetched_s)) == 0 &&
        json_object_set_new(object, "fresh_for", json_integer(times->fresh_s)) == 0) {
        err = jt_json_dump(object, out);
    }
    json_decref(object);
    return err;
}

static bool write_all(int fd, struct jt_span bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        size_t written = n < 0 ? 0 : (size_t)n;
        bytes = jt_span_of(bytes.p + written, bytes.n - written);
    }
    return fsync(fd) == 0;
}

/* Through a file beside it with a name of its own, so that no reader sees a half. */
static enum jt_err replace(const char *path, struct jt_span bytes, struct jt_buf *beside)
{
    JT_TRY(jt_buf_printf(beside, "%s.XXXXXX", path));
    char *name = (char *)beside->p;
    int fd = mkostemp(name, O_CLOEXEC); /* with mode 0600 */
    if (fd < 0) {
        return JT_ERR_IO;
    }
    bool ok = write_all(fd, bytes);
    ok = close(fd) == 0 && ok;
    if (!ok || rename(name, path) != 0) {
        (void)unlink(name); /* the error is told already */
        return JT_ERR_IO;
    }
    return JT_OK;
}

enum jt_err jt_keyfile_write(const char *path, struct jt_span issuer,
                             const struct jt_keyfile_times *times, struct jt_span text,
                             struct jt_diag *diag)
{
    struct jt_buf bytes = JT_BUF_INIT(JT_JWKS_MAX_BYTES), beside = JT_BUF_INIT(strlen(path) + 8);
    enum jt_err err = render(issuer, times, text, &bytes);
    if (err == JT_OK) {
        err = replace(path, jt_buf_span(&bytes), &beside);
    }
    if (err == JT_ERR_IO) {
        err = jt_diag_fail(diag, err, "cannot write %.200s: check its folder and the room on disk",
                           path);
    }
    jt_buf_release(&bytes);
    jt_buf_release(&beside);
    return err;
}
