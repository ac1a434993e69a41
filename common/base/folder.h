/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can a file be made where a configuration says? Looks, and makes nothing.
 * Ownership: none. Thread rule: any thread.
 */
#ifndef JT_BASE_FOLDER_H
#define JT_BASE_FOLDER_H

#include "common/base/diag.h"

/* Is the folder of `path` there, and may this process make files in it? JT_ERR_IO with a sentence that
 * names the folder and the mend. */
JT_MUST_USE enum jt_err jt_folder_check(const char *path, struct jt_diag *diag);

#endif
