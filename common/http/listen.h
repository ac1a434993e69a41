/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket, TCP or UNIX: binds it so that every failure is a sentence, never takes a
 * UNIX socket that something still answers on, and removes only the one it made; or adopts one that
 * a service manager opened. It does not accept: acceptor.h does.
 * Ownership: in place; close what was opened.
 * Thread rule: one thread.
 */
#ifndef JT_HTTP_LISTEN_H
#define JT_HTTP_LISTEN_H

#include "common/base/diag.h"

#include <stdbool.h>
#include <sys/types.h>

struct jt_listen {
    int fd;            /* non-blocking */
    char address[128]; /* "127.0.0.1:43210", "[::1]:43210" or the path */
    bool is_unix;
    bool adopted; /* another's as well, who goes on listening; a UNIX socket's file is his */
    dev_t dev;    /* of the UNIX socket's file, to know it again */
    ino_t ino;
};

/* Binds and listens at `address` ("127.0.0.1:8080", "[::1]:8080", or a path, known by its '/'). The
 * file of a UNIX socket has `mode` (0: 0600) before anything can connect to it. JT_ERR_IO and a
 * sentence in `diag`; nothing is left open or on disk then. */
JT_MUST_USE enum jt_err jt_listen_open(const char *address, unsigned mode,
                                       struct jt_listen *out_listen, struct jt_diag *diag);

/* Takes `fd`, a listening socket that was handed to this process under `name`. What may be done with
 * the file of a UNIX socket must be within `mode` (an abstract one has no file, and so no bounds).
 * JT_ERR_CONFIG and a sentence: it is no such socket, or open to more; it is closed then. */
JT_MUST_USE enum jt_err jt_listen_adopt(int fd, const char *name, unsigned mode,
                                        struct jt_listen *out_listen, struct jt_diag *diag);

/* What can be told of `address` without binding it: its form, and of a UNIX socket whether its folder
 * is there and may be written. JT_ERR_IO and a sentence. */
JT_MUST_USE enum jt_err jt_listen_check(const char *address, struct jt_diag *diag);

/* Closes the socket, so that connecting is refused from here on (to one that was adopted it is not:
 * who connects waits for the next process), and removes its file if it is still the one that was
 * made. Harmless when repeated. */
void jt_listen_close(struct jt_listen *listen);

#endif
