/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets that the service manager opened and handed to this process, each under a name
 * (systemd's FileDescriptorName=): so a restart refuses nobody, and a port below 1024 takes no
 * right of ours. It does not look at what they are: jt_listen_adopt does.
 * Ownership: in place; release closes what nobody took.
 * Thread rule: one thread; jt_handed_open before any other is started, as it changes the
 * environment.
 * Sources: sd_listen_fds(3), systemd.socket(5).
 */
#ifndef JT_DAEMON_HANDED_H
#define JT_DAEMON_HANDED_H

#include "common/base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JT_HANDED_MAX 8

struct jt_handed {
    size_t n;
    struct {
        int fd; /* -1: taken */
        char name[64];
    } sockets[JT_HANDED_MAX];
};

/* Takes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of the environment; no child of this process
 * gets the descriptors. None when they are for another process. JT_ERR_CONFIG with a sentence. */
JT_MUST_USE enum jt_err jt_handed_open(struct jt_handed *out_handed, struct jt_diag *diag);

/* Gives the first descriptor of that name; -1 when there is none. */
int jt_handed_take(struct jt_handed *handed, const char *name);

/* JT_ERR_CONFIG when one is left that nobody took; `known` names those that there are. */
JT_MUST_USE enum jt_err jt_handed_check(const struct jt_handed *handed, const char *known,
                                        struct jt_diag *diag);

void jt_handed_release(struct jt_handed *handed);

/* A decimal number up to `max` and nothing else, as the variables of a service manager have it. */
bool jt_handed_number(const char *text, int64_t max, int64_t *out_value);

#endif
