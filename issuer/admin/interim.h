/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JT_ADMIN_INTERIM_H
#define JT_ADMIN_INTERIM_H

#include "issuer/actor.h"

struct jt_edit_how {
    const struct jt_actor *actor;
    int64_t if_version; /* 0: any */
    struct jt_span key, request_hash;
};

#endif
