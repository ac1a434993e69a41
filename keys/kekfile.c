/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/kekfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/jose/b64url.h"

#include "common/base/base.h"

#define KEY_LEN 32

static bool write_all(int fd, struct jt_span bytes)
{
    while (bytes.n > 0) {
        ssize_t put = write(fd, bytes.p, bytes.n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        bytes.p += put;
        bytes.n -= (size_t)put;
    }
    return true;
}

/* Makes the file `path` of these bytes, on disk when it returns; false leaves errno and no file. */
static bool write_file(const char *path, struct jt_span bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool ok = write_all(fd, bytes) && fsync(fd) == 0;
    int why = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (!ok) {
        (void)unlink(path); /* the first failure is the one to tell */
        errno = why;
    }
    return ok;
}

/* Makes the new name in the folder of `path` outlive a crash. */
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    char folder[PATH_MAX] = ".";
    if (slash != NULL && n < sizeof folder) {
        memcpy(folder, path, n);
        folder[n] = 0;
    }
    int fd = open(slash == path ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool ok = fsync(fd) == 0;
    int why = errno;
    (void)close(fd); /* only synchronized */
    errno = why;
    return ok;
}

/* link refuses to replace: of two processes that begin at once, one makes the key both use. */
static bool place_file(const char *path, const char *temp, struct jt_span bytes)
{
    if (!write_file(temp, bytes)) {
        return false;
    }
    bool ok = link(temp, path) == 0 || errno == EEXIST;
    int why = errno;
    (void)unlink(temp); /* a second name of the same key, or one that nothing was sealed under */
    errno = why;
    return ok && sync_folder(path);
}

/* Fills `text` with a fresh key as it stands in a file. It never grows: nothing is left unwiped. */
static enum jt_err make_text(const struct jt_random *random, struct jt_buf *text)
{
    uint8_t key[KEY_LEN];
    JT_TRY(jt_buf_reserve(text, text->max));
    enum jt_err err = jt_random_fill(random, key, sizeof key);
    if (err == JT_OK) {
        err = jt_b64url_put(text, jt_span_of(key, sizeof key));
    }
    jt_secret_wipe(key, sizeof key);
    return err == JT_OK ? jt_buf_putc(text, '\n') : err;
}

enum jt_err jt_kekfile_create(const char *path, const struct jt_random *random,
                              struct jt_diag *diag)
{
    struct stat st;
    if (lstat(path, &st) == 0) {
        return JT_OK;
    }
    JT_AUTO(buf) temp = JT_BUF_INIT(PATH_MAX);
    JT_TRY(jt_buf_printf(&temp, "%s.new-", path));
    JT_TRY(jt_random_base62(random, 12, &temp));
    JT_AUTO(buf) text = JT_BUF_INIT(JT_B64URL_LEN(KEY_LEN) + 1);
    enum jt_err err = make_text(random, &text);
    if (err == JT_OK && !place_file(path, jt_buf_str(&temp), jt_buf_span(&text))) {
        err = jt_diag_fail(diag, JT_ERR_KEK, "the key-encryption key %s cannot be made: %s", path,
                           strerrordesc_np(errno));
    }
    jt_secret_wipe(text.p, text.cap);
    return err;
}
