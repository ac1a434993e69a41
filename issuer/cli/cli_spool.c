/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/base.h"

#define PIECE ((size_t)256 * 1024) /* what one write takes */

struct jt_cli_spool_origin {
    uint32_t file;
    uint32_t line;
};

static int open_unlinked(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) {
        return fd;
    }
    char path[4096]; /* a file system without O_TMPFILE */
    int n = snprintf(path, sizeof path, "%s/jeton-XXXXXX", folder);
    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        (void)unlink(path); /* 0600 all the same */
    }
    return fd;
}

enum jt_err jt_cli_spool_open(struct jt_cli_spool *out_spool, struct jt_diag *diag)
{
    const char *folder = getenv("TMPDIR");
    *out_spool =
        (struct jt_cli_spool){.fd = -1, .pending = JT_BUF_INIT(PIECE + JT_CLI_SPOOL_MAX_LINE + 1)};
    if (folder == NULL || folder[0] == 0) {
        folder = "/tmp";
    }
    out_spool->fd = open_unlinked(folder);
    if (out_spool->fd < 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "cannot make a temporary file in %s (%s); name another folder in "
                            "TMPDIR",
                            folder, strerror(errno));
    }
    return JT_OK;
}

void jt_cli_spool_release(struct jt_cli_spool *spool)
{
    if (spool->fd >= 0) {
        (void)close(spool->fd); /* nobody needs it any more */
    }
    jt_buf_release(&spool->pending);
    for (size_t i = 0; i < spool->n_files; i++) {
        free(spool->files[i]);
    }
    free(spool->files);
    free(spool->origins);
    *spool = (struct jt_cli_spool){.fd = -1};
}

enum jt_err jt_cli_spool_finish(struct jt_cli_spool *spool, struct jt_diag *diag)
{
    for (size_t done = 0; done < spool->pending.len;) {
        ssize_t n = write(spool->fd, spool->pending.p + done, spool->pending.len - done);
        if (n < 0 && errno != EINTR) {
            return jt_diag_fail(diag, JT_ERR_USAGE,
                                "cannot write the temporary file (%s); free some space, or name "
                                "another folder in TMPDIR",
                                strerror(errno));
        }
        done += n > 0 ? (size_t)n : 0;
    }
    jt_buf_clear(&spool->pending);
    return JT_OK;
}

/* The number of `file`: files are read one after another, so it is the last one, or new. */
static enum jt_err file_number(struct jt_cli_spool *spool, const char *file, uint32_t *out_number)
{
    if (spool->n_files == 0 || strcmp(spool->files[spool->n_files - 1], file) != 0) {
        char **files = realloc(spool->files, (spool->n_files + 1) * sizeof *files);
        if (files == NULL) {
            return JT_ERR_NOMEM;
        }
        spool->files = files;
        JT_TRY(jt_buf_strdup(jt_span_str(file), &files[spool->n_files]));
        spool->n_files++;
    }
    *out_number = (uint32_t)spool->n_files - 1;
    return JT_OK;
}

static enum jt_err remember(struct jt_cli_spool *spool, const struct jt_cli_document *document)
{
    if (spool->n == spool->cap) {
        size_t cap = spool->cap == 0 ? 256 : spool->cap * 2;
        struct jt_cli_spool_origin *origins = realloc(spool->origins, cap * sizeof *origins);
        if (origins == NULL) {
            return JT_ERR_NOMEM;
        }
        spool->origins = origins;
        spool->cap = cap;
    }
    uint32_t file = 0;
    JT_TRY(file_number(spool, document->file, &file));
    /* a file has fewer lines than bytes, and those are under 2^32 */
    spool->origins[spool->n++] = (struct jt_cli_spool_origin){file, (uint32_t)document->at.line};
    return JT_OK;
}

enum jt_err jt_cli_spool_put(struct jt_cli_spool *spool, const struct jt_cli_document *document,
                             struct jt_diag *diag)
{
    size_t start = spool->pending.len;
    enum jt_err err = jt_json_dump(document->object, &spool->pending);
    size_t n = spool->pending.len - start;
    if (err == JT_ERR_LIMIT || n > JT_CLI_SPOOL_MAX_LINE) {
        return jt_yamldoc_fail(document->file, document->at, diag,
                               "this object takes over %zu bytes; divide it",
                               JT_CLI_SPOOL_MAX_LINE);
    }
    JT_TRY(err);
    JT_TRY(jt_buf_putc(&spool->pending, '\n'));
    spool->len += n + 1;
    if (spool->len > JT_CLI_SPOOL_MAX) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "the objects take over %zu bytes together; apply them in parts",
                            JT_CLI_SPOOL_MAX);
    }
    JT_TRY(remember(spool, document));
    return spool->pending.len < PIECE ? JT_OK : jt_cli_spool_finish(spool, diag);
}

bool jt_cli_spool_find(const struct jt_cli_spool *spool, size_t number, const char **out_file,
                       size_t *out_line)
{
    if (number == 0 || number > spool->n) {
        return false;
    }
    *out_file = spool->files[spool->origins[number - 1].file];
    *out_line = spool->origins[number - 1].line;
    return true;
}
