/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/softhsm.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/base.h"

static char folder[64];

const char *softhsm_folder(void)
{
    return folder;
}

const char *softhsm_module(void)
{
    static const char *const paths[] = {"/usr/lib/softhsm/libsofthsm2.so",
                                        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                                        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
                                        "/usr/lib64/pkcs11/libsofthsm2.so",
                                        "/usr/lib64/softhsm/libsofthsm2.so",
                                        "/usr/local/lib/softhsm/libsofthsm2.so"};
    const char *named = getenv("SOFTHSM2_MODULE");
    if (named != NULL) {
        return named;
    }
    for (size_t i = 0; i < JT_COUNT(paths); i++) {
        if (access(paths[i], R_OK) == 0 && access("/usr/bin/softhsm2-util", X_OK) == 0) {
            return paths[i];
        }
    }
    return NULL;
}

bool softhsm_add(const char *label)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null, STDOUT_FILENO); /* what it says is of no interest */
        (void)execlp("softhsm2-util", "softhsm2-util", "--init-token", "--free", "--label", label,
                     "--so-pin", "87654321", "--pin", SOFTHSM_PIN, (char *)NULL);
        _exit(127);
    }
    int status = 1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

bool softhsm_make(void)
{
    memcpy(folder, "/tmp/jeton-softhsm-XXXXXX", sizeof "/tmp/jeton-softhsm-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return false;
    }
    char path[128];
    (void)snprintf(path, sizeof path, "%s/tokens", folder);
    if (mkdir(path, 0700) != 0) {
        return false;
    }
    (void)snprintf(path, sizeof path, "%s/softhsm2.conf", folder);
    FILE *conf = fopen(path, "we");
    if (conf == NULL) {
        return false;
    }
    (void)fprintf(conf, "directories.tokendir = %s/tokens\nlog.level = ERROR\n", folder);
    return fclose(conf) == 0 && setenv("SOFTHSM2_CONF", path, 1) == 0 && softhsm_add(SOFTHSM_LABEL);
}

static int take(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

void softhsm_remove(void)
{
    (void)nftw(folder, take, 8, FTW_DEPTH | FTW_PHYS); /* of a test: what stays is in /tmp */
}
