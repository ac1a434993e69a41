/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/kekfds.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "keys/keks.h"

#include "common/base/base.h"

#define KEPT_MAX  8
#define VALUE_MAX 512 /* more than a value may be long: the reader refuses it */

/* The values of variables, which are the process's as the environment is. */
static struct {
    pthread_mutex_t lock;
    size_t n;
    char *names[KEPT_MAX];
    int fds[KEPT_MAX];
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int find_kept(const char *name)
{
    for (size_t i = 0; i < kept.n; i++) {
        if (strcmp(kept.names[i], name) == 0) {
            return kept.fds[i];
        }
    }
    return -1;
}

/* What the pipe holds, as memory that can be read again. */
static int keep_text(int pipe)
{
    uint8_t value[VALUE_MAX];
    int memory = memfd_create("jeton-kek", MFD_CLOEXEC);
    ssize_t n = read(pipe, value, sizeof value);
    if (memory >= 0 && (n < 0 || write(memory, value, (size_t)n) != n)) {
        (void)close(memory);
        memory = -1;
    }
    jt_secret_wipe(value, sizeof value);
    return memory;
}

static enum jt_err keep(const struct jt_kek_source *source, int *out_fd, struct jt_diag *diag)
{
    int pipe = -1;
    char *name = NULL;
    if (kept.n == KEPT_MAX) {
        return JT_ERR_LIMIT;
    }
    JT_TRY(jt_kek_open(source, &pipe, diag));
    int memory = keep_text(pipe);
    (void)close(pipe); /* read */
    if (memory < 0) {
        return JT_ERR_NOMEM;
    }
    enum jt_err err = jt_buf_strdup(jt_span_str(source->env), &name);
    if (err != JT_OK) {
        (void)close(memory);
        return err;
    }
    kept.names[kept.n] = name;
    kept.fds[kept.n++] = memory;
    *out_fd = memory;
    return JT_OK;
}

/* A second descriptor, at the beginning: they share where they stand. */
static enum jt_err open_kept(const struct jt_kek_source *source, int *out_fd, struct jt_diag *diag)
{
    (void)pthread_mutex_lock(&kept.lock); /* a plain mutex, never recursive: cannot fail */
    int fd = find_kept(source->env);
    enum jt_err err = fd >= 0 ? JT_OK : keep(source, &fd, diag);
    if (err == JT_OK) {
        *out_fd = lseek(fd, 0, SEEK_SET) == 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
        err = *out_fd >= 0 ? JT_OK : JT_ERR_NOMEM;
    }
    (void)pthread_mutex_unlock(&kept.lock);
    return err;
}

static enum jt_err open_one(const struct jt_kek_source *source, struct jt_link_fds *fds,
                            struct jt_diag *diag)
{
    if (!jt_keks_has_fd(source)) {
        return JT_OK;
    }
    int fd = -1;
    JT_TRY(source->env != NULL ? open_kept(source, &fd, diag) : jt_kek_open(source, &fd, diag));
    fds->fds[fds->n++] = fd;
    return JT_OK;
}

enum jt_err jt_kekfds_open(const struct jt_signer_conf *conf, struct jt_link_fds *fds,
                           struct jt_diag *diag)
{
    size_t before = fds->n;
    enum jt_err err = open_one(&conf->kek, fds, diag);
    if (err == JT_OK) {
        err = open_one(&conf->kek_next, fds, diag);
    }
    while (err != JT_OK && fds->n > before) {
        (void)close(fds->fds[--fds->n]); /* not read */
    }
    return err;
}

/* In place: the environment's own bytes, which getenv gives. The name stays, without a value. */
static void wipe(const char *name)
{
    char *value = name == NULL ? NULL : getenv(name);
    if (value != NULL) {
        jt_secret_wipe(value, strlen(value));
    }
}

void jt_kekfds_forget(const struct jt_signer_conf *conf)
{
    wipe(conf->kek.env);
    wipe(conf->kek_next.env);
}
