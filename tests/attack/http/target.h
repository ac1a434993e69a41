/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the attacks are sent to: a server in this process, whose handlers count, or a daemon, whose
 * answers tell. Behind each request stands a canary on the same connection; it must be served when
 * the request was whole and in order, and never otherwise.
 * Ownership: the target is the program's.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_ATTACK_HTTP_TARGET_H
#define JT_TESTS_ATTACK_HTTP_TARGET_H

#include "common/base/span.h"

#define TARGET_ANSWERS_MAX 65536
#define TARGET_REQUEST_MAX (4 << 20)

struct target {
    const char *address;
    const char *get, *post;      /* a path that takes GET alone, and one that takes POST alone */
    int get_status, post_status; /* of what they serve to the requests of rows.h */
    size_t max_body;             /* of `post`; `get` takes none */
    bool unread;                 /* all is answered at its head, and a body closes the connection */
    struct jt_span canary;       /* a request with Authorization that closes its connection */
    const char *canary_method, *canary_path;
    size_t canary_body;
    const char *canary_mark; /* stands in the canary's answer alone, whose status is 200 */
    /* What the handlers have counted since reset; NULL: told by the answers. */
    void (*reset)(void);
    size_t (*served)(void);
    size_t (*canaries)(void);
};

extern const struct target *target;

/* How many canaries have been answered in all: what was served without an answer is the
 * difference to what the daemon has counted. */
extern size_t target_canaries;

/* What came back: the text, how many canaries were served, and how many others (SIZE_MAX: the
 * target does not tell). */
struct target_said {
    char text[TARGET_ANSWERS_MAX];
    size_t canaries, served;
};

/* Sends `request` with a canary and `tail` behind it, `piece` bytes at a time (0: at once), "/ok"
 * replaced by the path meant. */
void target_ask(struct jt_span request, size_t piece, struct jt_span tail, struct target_said *out);

/* The request with its path, as target_ask sends it; `out` has room for TARGET_REQUEST_MAX. */
size_t target_write(struct jt_span request, uint8_t *out);

/* The request is to be refused with `status` (0: closed without an answer) and nothing behind it
 * served; or served, and the canary too where the connection goes on. */
void target_refuses(const char *name, int status, struct jt_span request, size_t piece);
void target_serves(const char *name, struct jt_span request, size_t piece);

#endif
