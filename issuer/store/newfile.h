/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that appears under its name whole and durable, or not at all. Until it is published it is
 * PATH.part, mode 0600 and locked, so that two who make the same one do not meet; what a killed one
 * left there is taken over by the next. It knows nothing of the content.
 * Ownership: in place; release, which removes what was not published.
 * Thread rule: one thread.
 */
#ifndef JT_STORE_NEWFILE_H
#define JT_STORE_NEWFILE_H

#include "common/base/diag.h"

#include <limits.h>
#include <stdbool.h>

struct jt_newfile {
    char path[PATH_MAX], part[PATH_MAX];
    bool replace; /* a file of that name gives way */
    int fd;       /* of the part; -1: none */
};

#define JT_NEWFILE_INIT             \
    {                               \
        .replace = false, .fd = -1, \
    }

/* Makes the empty part. JT_ERR_EXISTS with a sentence when there is such a file and `replace` does not
 * let it go; JT_ERR_STORE: something there that is no file, or the part cannot be made. */
JT_MUST_USE enum jt_err jt_newfile_begin(struct jt_newfile *file, const char *path, bool replace,
                                         struct jt_diag *diag);

/* Makes its bytes durable and gives it its name, durably too. Errors as above. */
JT_MUST_USE enum jt_err jt_newfile_publish(struct jt_newfile *file, struct jt_diag *diag);

void jt_newfile_release(struct jt_newfile *file);

/* What was made, renamed or removed in the folder of `path` is on disk when this returns. */
JT_MUST_USE enum jt_err jt_newfile_sync(const char *path, struct jt_diag *diag);

#endif
