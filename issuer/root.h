/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What request threads read: a root of pointers to immutable parts, published through
 * common/base/slots. A change makes the parts it touches anew and a new root; the rest is shared.
 * Ownership: parts are shared by reference count, a root owns one reference to each.
 * Thread rule: immutable once published; published only with jt_issuer's write lock.
 */
#ifndef JT_ISSUER_ROOT_H
#define JT_ISSUER_ROOT_H

#include "issuer/access/access.h"
#include "issuer/config.h"
#include "issuer/key_part.h"

/* The configuration that a reload can replace. */
struct jt_settings {
    _Atomic unsigned refs;
    struct jt_config config;
};

struct jt_root {
    int64_t version; /* of the store, when the parts were made */
    struct jt_settings *settings;
    struct jt_access *access;
    struct jt_key_part *keys;
};

/* Gives a root that takes nothing: it refs the parts. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_root_new(int64_t version, struct jt_settings *settings,
                                    struct jt_access *access, struct jt_key_part *keys,
                                    struct jt_root **out_root);
/* Drops the references; has the shape that jt_slots_new wants. */
void jt_root_free(void *root_pointer);

/* Gives settings that take `config` (moved out: the holder's becomes empty). JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_root_settings(struct jt_config *config,
                                         struct jt_settings **out_settings);
void jt_root_settings_free(struct jt_settings *settings);

#endif
