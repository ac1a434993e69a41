/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer_link.h"

#include <errno.h>
#include <stdalign.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/base.h"

#define CONTROL CMSG_SPACE(JT_LINK_FDS * sizeof(int))

/* Puts the descriptors beside the message. `control` is of CONTROL bytes, all 0. */
static void put_fds(struct msghdr *message, uint8_t *control, const struct jt_link_fds *fds)
{
    message->msg_control = control;
    message->msg_controllen = CMSG_SPACE(fds->n * sizeof(int));
    struct cmsghdr *rights = CMSG_FIRSTHDR(message);
    if (rights != NULL) { /* always: there is room for one */
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(fds->n * sizeof(int));
        memcpy(CMSG_DATA(rights), fds->fds, fds->n * sizeof(int));
    }
}

enum jt_err jt_link_send(int socket, struct jt_span bytes, const struct jt_link_fds *fds)
{
    alignas(struct cmsghdr) uint8_t control[CONTROL] = {0};
    struct iovec part = {(void *)(uintptr_t)bytes.p, bytes.n}; /* read only */
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fds != NULL && fds->n > 0) {
        put_fds(&message, control, fds);
    }
    for (;;) {
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent >= 0) {
            return (size_t)sent == bytes.n ? JT_OK : JT_ERR_IO;
        }
        if (errno != EINTR) {
            return JT_ERR_IO;
        }
    }
}

static void take_fds(const struct cmsghdr *rights, struct jt_link_fds *out)
{
    if (rights == NULL || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) {
        return;
    }
    size_t n = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    out->n = n < JT_LINK_FDS ? n : JT_LINK_FDS; /* the kernel gives no more than has room */
    memcpy(out->fds, CMSG_DATA(rights), out->n * sizeof(int));
}

/* NOLINTNEXTLINE(readability-non-const-parameter): recvmsg writes to it */
enum jt_err jt_link_receive(int socket, uint8_t *out, size_t room, size_t *out_n,
                            struct jt_link_fds *out_fds)
{
    alignas(struct cmsghdr) uint8_t control[CONTROL];
    struct iovec part = {out, room};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t got;
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    *out_fds = (struct jt_link_fds){.n = 0};
    if (got <= 0) {
        return JT_ERR_IO;
    }
    take_fds(CMSG_FIRSTHDR(&message), out_fds);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        jt_link_close_fds(out_fds);
        return JT_ERR_IO;
    }
    *out_n = (size_t)got;
    return JT_OK;
}

void jt_link_close_fds(struct jt_link_fds *fds)
{
    for (size_t i = 0; i < fds->n; i++) {
        (void)close(fds->fds[i]); /* only handed on or read */
    }
    fds->n = 0;
}
