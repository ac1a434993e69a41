/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/root.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/base.h"

static bool drop_ref(_Atomic unsigned *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

enum jt_err jt_root_new(int64_t version, struct jt_settings *settings, struct jt_access *access,
                        struct jt_key_part *keys, struct jt_root **out_root)
{
    struct jt_root *root = calloc(1, sizeof *root);
    if (root == NULL) {
        return JT_ERR_NOMEM;
    }
    atomic_fetch_add_explicit(&settings->refs, 1, memory_order_relaxed);
    *root = (struct jt_root){version, settings, jt_access_ref(access), jt_key_part_ref(keys)};
    *out_root = root;
    return JT_OK;
}

void jt_root_free(void *root_pointer)
{
    struct jt_root *root = root_pointer;
    if (root == NULL) {
        return;
    }
    jt_root_settings_free(root->settings);
    jt_access_free(root->access);
    jt_key_part_free(root->keys);
    free(root);
}

enum jt_err jt_root_settings(struct jt_config *config, struct jt_settings **out_settings)
{
    struct jt_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) {
        return JT_ERR_NOMEM;
    }
    atomic_init(&settings->refs, 1);
    settings->config = *config;
    *config = (struct jt_config){0};
    *out_settings = settings;
    return JT_OK;
}

void jt_root_settings_free(struct jt_settings *settings)
{
    if (settings != NULL && drop_ref(&settings->refs)) {
        jt_config_release(&settings->config);
        free(settings);
    }
}
