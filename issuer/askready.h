/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a running issuer of this machine, by its admin socket, whether traffic may be sent to it: what
 * `jetond health` says, for whoever watches a container.
 * Ownership: none.
 * Thread rule: any thread.
 */
#ifndef JT_ISSUER_ASKREADY_H
#define JT_ISSUER_ASKREADY_H

#include "common/base/diag.h"

/* JT_OK when /readyz on the UNIX socket `path` answers 200. JT_ERR_IO and a sentence: nothing answers
 * there within some seconds, or something else does, or it serves no tokens now, and why. */
JT_MUST_USE enum jt_err jt_askready(const char *path, struct jt_diag *diag);

#endif
