/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `jetond dev`: an issuer to try, on loopback only, with one resource and one client made and told.
 * Lead 0: a rotated key signs at once, which a production issuer would not allow.
 * Thread rule: the main thread.
 */
#ifndef JT_ISSUER_DEV_H
#define JT_ISSUER_DEV_H

#include "common/base/diag.h"
#include "common/log/log.h"

struct jt_dev {
    const char *listen;     /* NULL: 127.0.0.1:8080 */
    const char *dir;        /* NULL: a temporary folder, removed at the end */
    const char *algorithms; /* comma-separated; NULL: ES256 */
    bool tls;               /* https, by a certificate made for it (keys/devcert.h) */
    bool json;              /* print one JSON object instead of the page for people */
    struct jt_log *log;
};

/* Runs until SIGTERM or SIGINT. JT_ERR_CONFIG when `listen` is not loopback. */
JT_MUST_USE enum jt_err jt_dev_run(const struct jt_dev *dev, struct jt_diag *diag);

#endif
