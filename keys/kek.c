/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "keys/kek.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/digest.h"
#include "common/jose/b64url.h"

#include "common/base/base.h"

#define KEY_LEN  32
#define HEX_LEN  (2 * KEY_LEN)
#define TEXT_MAX 256 /* bytes of a source: the key and any white space after it */

/* How a source is called in sentences, and which bits of its mode make it refused. */
struct source {
    const char *what, *name;
    mode_t forbidden;
};

enum jt_err jt_kek_derive(struct jt_span bytes, struct jt_kek *out_kek)
{
    if (bytes.n != KEY_LEN) {
        return JT_ERR_ARGUMENT;
    }
    struct jt_kek kek = JT_KEK_INIT;
    enum jt_err err = jt_secret_alloc_locked(&kek.wrap, KEY_LEN);
    if (err == JT_OK) {
        err = jt_secret_alloc_locked(&kek.mac, KEY_LEN);
    }
    /* RFC 5869 sec. 3.2: info keeps keys of different purpose independent */
    if (err == JT_OK) {
        err = jt_digest_hkdf(bytes, JT_SPAN("jeton kek wrap v1"), kek.wrap.p, KEY_LEN);
    }
    if (err == JT_OK) {
        err = jt_digest_hkdf(bytes, JT_SPAN("jeton kek mac v1"), kek.mac.p, KEY_LEN);
    }
    if (err == JT_OK) {
        err = jt_digest_hkdf(bytes, JT_SPAN("jeton kek id v1"), kek.id, sizeof kek.id);
    }
    if (err != JT_OK) {
        jt_kek_release(&kek);
        return err;
    }
    jt_kek_release(out_kek);
    *out_kek = kek;
    return JT_OK;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum jt_err decode_hex(struct jt_span text, uint8_t out[KEY_LEN])
{
    for (size_t i = 0; i < KEY_LEN; i++) {
        int high = hex_digit(text.p[2 * i]), low = hex_digit(text.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            return JT_ERR_KEK;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return JT_OK;
}

static enum jt_err decode_key(struct jt_span text, uint8_t out[KEY_LEN])
{
    if (text.n == HEX_LEN) {
        return decode_hex(text, out);
    }
    size_t n = 0;
    if (text.n != JT_B64URL_LEN(KEY_LEN) || jt_b64url_decode(text, out, &n) != JT_OK) {
        return JT_ERR_KEK;
    }
    return JT_OK;
}

static enum jt_err take_text(struct jt_span text, const char *what, struct jt_kek *out_kek,
                             struct jt_diag *diag)
{
    while (text.n > 0 && memchr(" \t\r\n", text.p[text.n - 1], 4) != NULL) {
        text.n--;
    }
    JT_AUTO(secret) key = JT_SECRET_INIT;
    JT_TRY(jt_secret_alloc_locked(&key, KEY_LEN));
    enum jt_err err = decode_key(text, key.p);
    if (err == JT_OK) {
        err = jt_kek_derive(jt_secret_span(&key), out_kek);
    }
    if (err != JT_ERR_KEK) {
        return err;
    }
    return jt_diag_fail(diag, JT_ERR_KEK,
                        "the key-encryption key in %s must be 43 characters of base64url or 64 of "
                        "hex (32 random bytes), e.g. of: openssl rand -hex 32",
                        what);
}

/* Refuses what is not a plain file of ours that nobody else can reach. */
static enum jt_err check_stat(const struct stat *st, const struct source *source,
                              struct jt_diag *diag)
{
    if (!S_ISREG(st->st_mode)) {
        return jt_diag_fail(diag, JT_ERR_KEK, "%s %s is not a regular file", source->what,
                            source->name);
    }
    if (st->st_uid != geteuid() && st->st_uid != 0) {
        return jt_diag_fail(diag, JT_ERR_KEK,
                            "%s %s belongs to user %lu; it must belong to root or to the user that "
                            "reads it (%lu): chown it",
                            source->what, source->name, (unsigned long)st->st_uid,
                            (unsigned long)geteuid());
    }
    if ((st->st_mode & source->forbidden) != 0) {
        return jt_diag_fail(diag, JT_ERR_KEK,
                            "%s %s has mode %04o, so that others than its owner may read or write "
                            "it; run: chmod 600 %s",
                            source->what, source->name, (unsigned)(st->st_mode & 07777),
                            source->name);
    }
    return JT_OK;
}

static enum jt_err read_text(int fd, uint8_t *out, size_t max, size_t *out_n)
{
    size_t n = 0;
    while (n < max) {
        ssize_t got = read(fd, out + n, max - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return JT_ERR_IO;
        }
        if (got == 0) {
            break;
        }
        n += (size_t)got;
    }
    *out_n = n;
    return JT_OK;
}

enum jt_err jt_kek_read(int fd, const char *what, struct jt_kek *out_kek, struct jt_diag *diag)
{
    JT_AUTO(secret) text = JT_SECRET_INIT;
    size_t n = 0;
    JT_TRY(jt_secret_alloc_locked(&text, TEXT_MAX + 1));
    if (read_text(fd, text.p, text.n, &n) != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_KEK, "%s cannot be read: %s", what,
                            strerrordesc_np(errno));
    }
    if (n > TEXT_MAX) {
        return jt_diag_fail(diag, JT_ERR_KEK, "%s is longer than %d bytes", what, TEXT_MAX);
    }
    return take_text(jt_span_of(text.p, n), what, out_kek, diag);
}

static enum jt_err open_path(const char *path, const struct source *source, int *out_fd,
                             struct jt_diag *diag)
{
    /* the checks are made on what was opened; O_NONBLOCK: a FIFO must not stop the start */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        const char *why =
            errno == ELOOP ? "it is a symbolic link, name the file itself" : strerrordesc_np(errno);
        return jt_diag_fail(diag, JT_ERR_KEK, "%s %s cannot be opened: %s", source->what,
                            source->name, why);
    }
    struct stat st;
    enum jt_err err = fstat(fd, &st) == 0
                          ? check_stat(&st, source, diag)
                          : jt_diag_fail(diag, JT_ERR_KEK, "%s %s: %s", source->what, source->name,
                                         strerrordesc_np(errno));
    if (err != JT_OK) {
        (void)close(fd); /* nothing was read */
        return err;
    }
    *out_fd = fd;
    return JT_OK;
}

static enum jt_err open_credential(const char *name, int *out_fd, struct jt_diag *diag)
{
    /* systemd shows the service's right of reading, given by an ACL, as the group's r (mode 0440)
     */
    const struct source source = {"credential", name, S_IWGRP | S_IRWXO};
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (folder == NULL || folder[0] != '/') {
        return jt_diag_fail(diag, JT_ERR_KEK,
                            "credential %s: CREDENTIALS_DIRECTORY is not set; add "
                            "LoadCredential=%s:/path to the service's unit; by hand, set it to the "
                            "folder that holds %s",
                            name, name, name);
    }
    if (name[0] == 0 || name[0] == '.' || strchr(name, '/') != NULL) {
        return jt_diag_fail(diag, JT_ERR_KEK, "credential %s: not the name of a credential", name);
    }
    JT_AUTO(buf) path = JT_BUF_INIT(PATH_MAX);
    JT_TRY(jt_buf_printf(&path, "%s/%s", folder, name));
    return open_path(jt_buf_str(&path), &source, out_fd, diag);
}

/* The value through a pipe, which holds more than a value may be long. */
static enum jt_err open_env(const char *name, int *out_fd, struct jt_diag *diag)
{
    const char *value = getenv(name);
    if (value == NULL) {
        return jt_diag_fail(diag, JT_ERR_KEK, "environment variable %s is not set", name);
    }
    size_t n = strlen(value);
    n = n > TEXT_MAX + 1 ? TEXT_MAX + 1 : n; /* the reader refuses it */
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return jt_diag_fail(diag, JT_ERR_KEK, "environment variable %s: %s", name,
                            strerrordesc_np(errno));
    }
    bool ok = write(ends[1], value, n) == (ssize_t)n;
    (void)close(ends[1]); /* the reader's end of file */
    if (!ok) {
        (void)close(ends[0]);
        return jt_diag_fail(diag, JT_ERR_KEK, "environment variable %s cannot be handed on", name);
    }
    *out_fd = ends[0];
    return JT_OK;
}

enum jt_err jt_kek_open(const struct jt_kek_source *source, int *out_fd, struct jt_diag *diag)
{
    int named = (source->file != NULL) + (source->credential != NULL) + (source->env != NULL);
    if (named != 1 || source->pkcs11 != NULL) {
        return JT_ERR_ARGUMENT;
    }
    if (source->credential != NULL) {
        return open_credential(source->credential, out_fd, diag);
    }
    if (source->env != NULL) {
        return open_env(source->env, out_fd, diag);
    }
    const struct source file = {"file", source->file, S_IRWXG | S_IRWXO};
    return open_path(source->file, &file, out_fd, diag);
}

enum jt_err jt_kek_describe(const struct jt_kek_source *source, struct jt_buf *out)
{
    const struct {
        const char *what, *name;
    } kinds[] = {{"file", source->file},
                 {"credential", source->credential},
                 {"environment variable", source->env},
                 {"PKCS#11 key", source->pkcs11}};
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        if (kinds[i].name != NULL) {
            return jt_buf_printf(out, "%s %s", kinds[i].what, kinds[i].name);
        }
    }
    return JT_OK;
}

enum jt_err jt_kek_load(const struct jt_kek_source *source, struct jt_kek *out_kek,
                        struct jt_diag *diag)
{
    JT_AUTO(buf) what = JT_BUF_INIT(PATH_MAX + 64);
    JT_TRY(jt_kek_describe(source, &what));
    int fd = -1;
    JT_TRY(jt_kek_open(source, &fd, diag));
    enum jt_err err = jt_kek_read(fd, jt_buf_str(&what), out_kek, diag);
    (void)close(fd); /* only read */
    return err;
}

void jt_kek_id_text(const uint8_t id[JT_KEK_ID_LEN], char out[JT_KEK_ID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < JT_KEK_ID_LEN; i++) {
        out[2 * i] = digits[id[i] >> 4];
        out[2 * i + 1] = digits[id[i] & 15];
    }
    out[2 * JT_KEK_ID_LEN] = 0;
}

void jt_kek_release(struct jt_kek *kek)
{
    jt_secret_release(&kek->wrap);
    jt_secret_release(&kek->mac);
    jt_secret_wipe(kek->id, sizeof kek->id);
}
