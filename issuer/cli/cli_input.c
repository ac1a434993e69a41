/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "issuer/cli/cli_output.h"

#include "common/base/base.h"

/* Reads `fd` to its end into `memory`; how much. -1 with errno; EFBIG when there is more. */
static ssize_t read_all(int fd, struct jt_secret *memory)
{
    size_t len = 0;
    while (len < memory->n) {
        ssize_t n = read(fd, memory->p + len, memory->n - len);
        if (n == 0) {
            return (ssize_t)len;
        }
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    errno = EFBIG;
    return -1;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct jt_span trim(struct jt_span text)
{
    while (text.n > 0 && is_space(text.p[0])) {
        text.p++;
        text.n--;
    }
    while (text.n > 0 && is_space(text.p[text.n - 1])) {
        text.n--;
    }
    return text;
}

/* Reads `fd`, called `name` for people, without the white space around the content. */
static enum jt_err read_trimmed(int fd, const char *name, struct jt_secret *out_bytes,
                                struct jt_diag *diag)
{
    struct jt_secret memory = JT_SECRET_INIT;
    JT_TRY(jt_secret_alloc(&memory, JT_CLI_INPUT_MAX + 1));
    ssize_t n = read_all(fd, &memory);
    struct jt_span text = n < 0 ? JT_SPAN_NONE : trim(jt_span_of(memory.p, (size_t)n));
    enum jt_err err;
    if (n < 0) {
        err = jt_diag_fail(diag, JT_ERR_USAGE, "cannot read %s: %s", name, strerror(errno));
    } else if (text.n == 0) {
        err = jt_diag_fail(diag, JT_ERR_USAGE, "%s is empty; nothing was read from it", name);
    } else {
        err = jt_secret_copy(out_bytes, text);
    }
    jt_secret_release(&memory);
    return err;
}

static bool looks_like_token(const char *text)
{
    const char *dot = strchr(text, '.');
    return strncmp(text, "eyJ", 3) == 0 && dot != NULL && strchr(dot + 1, '.') != NULL;
}

static enum jt_err not_opened(const char *path, int why, struct jt_diag *diag)
{
    if (looks_like_token(path)) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "a token on the command line shows in the process list; give it on "
                            "standard input or in a file");
    }
    return jt_diag_fail(diag, JT_ERR_USAGE, "cannot open %s: %s", path, strerror(why));
}

enum jt_err jt_cli_input_token(const struct jt_cli_run *run, struct jt_secret *out_token,
                               struct jt_diag *diag)
{
    const char *path = run->n_args == 0 ? "-" : run->args[0];
    if (strcmp(path, "-") == 0) {
        if (isatty(STDIN_FILENO)) {
            jt_cli_output_talk("paste the token, then a line end and Ctrl-D");
        }
        return read_trimmed(STDIN_FILENO, "standard input", out_token, diag);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return not_opened(path, errno, diag);
    }
    enum jt_err err = read_trimmed(fd, path, out_token, diag);
    (void)close(fd); /* only read from */
    return err;
}

enum jt_err jt_cli_input_private(const char *path, struct jt_secret *out_bytes,
                                 struct jt_diag *diag)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        enum jt_err err =
            jt_diag_fail(diag, JT_ERR_USAGE, "cannot open %s: %s", path, strerror(errno));
        if (fd >= 0) {
            (void)close(fd); /* only opened */
        }
        return err;
    }
    enum jt_err err;
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        err = jt_diag_fail(diag, JT_ERR_USAGE, "others may read %s (mode %04o); chmod 600 it", path,
                           (unsigned)(st.st_mode & 07777));
    } else {
        err = read_trimmed(fd, path, out_bytes, diag);
    }
    (void)close(fd); /* only read from */
    return err;
}
