/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages, with descriptors beside them, over the socket between the daemon and its signer process.
 * It does not know what they say (signer_wire.h). Internal to keys/.
 * Ownership: descriptors that came are the caller's to close.
 * Thread rule: one thread per socket and direction.
 */
#ifndef JT_KEYS_SIGNER_LINK_H
#define JT_KEYS_SIGNER_LINK_H

#include "common/base/err.h"
#include "common/base/span.h"

#define JT_LINK_FDS 4 /* even: the kernel would fill the padding after an odd one */

/* The descriptors that go with a message; -1: none in this place. */
struct jt_link_fds {
    int fds[JT_LINK_FDS];
    size_t n;
};

/* Sends all, or nothing. JT_ERR_IO: the other end is gone, or has not read for too long. */
JT_MUST_USE enum jt_err jt_link_send(int socket, struct jt_span bytes,
                                     const struct jt_link_fds *fds);

/* Waits for a message of up to `room` bytes. JT_ERR_IO: the other end is gone, was silent for
 * longer than the socket's limit, or sent what is longer or has more descriptors. */
JT_MUST_USE enum jt_err jt_link_receive(int socket, uint8_t *out, size_t room, size_t *out_n,
                                        struct jt_link_fds *out_fds);

void jt_link_close_fds(struct jt_link_fds *fds);

#endif
