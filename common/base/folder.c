/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/base.h"

enum jt_err jt_folder_check(const char *path, struct jt_diag *diag)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    if (snprintf(folder, sizeof folder, "%.*s", n, slash == NULL ? "." : path) >=
        (int)sizeof folder) {
        return jt_diag_fail(diag, JT_ERR_IO, "%.200s...: the path is too long", path);
    }
    if (access(folder, W_OK | X_OK) == 0) {
        return JT_OK;
    }
    return errno == EACCES || errno == EROFS
               ? jt_diag_fail(diag, JT_ERR_IO,
                              "cannot make %.200s: the folder %.200s may not be written by this "
                              "user; change its owner or mode, or configure another",
                              path, folder)
               : jt_diag_fail(
                     diag, JT_ERR_IO,
                     "cannot make %.200s: there is no folder %.200s; make it, or configure "
                     "another",
                     path, folder);
}
