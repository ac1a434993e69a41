/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/merge_patch.h"

#include "common/json/json.h"

#include "common/base/base.h"

/* An object of the target that is being merged, and where in its patch. */
struct level {
    json_t *target, *patch;
    void *iter;
};

static struct level begin(json_t *target, json_t *patch)
{
    return (struct level){target, patch, json_object_iter(patch)};
}

/* The object `name` of `target`; one that is no object yet becomes an empty one. */
static json_t *object_of(json_t *target, const char *name)
{
    json_t *object = json_object_get(target, name);
    if (json_is_object(object)) {
        return object;
    }
    object = json_object();
    return json_object_set_new(target, name, object) == 0 ? object : NULL;
}

static enum jt_err merge_member(struct level *level, struct level *out_below, bool *out_descend)
{
    const char *name = json_object_iter_key(level->iter);
    json_t *value = json_object_iter_value(level->iter);
    level->iter = json_object_iter_next(level->patch, level->iter);
    *out_descend = json_is_object(value);
    if (json_is_object(value)) {
        json_t *object = object_of(level->target, name);
        *out_below = begin(object, value);
        return object == NULL ? JT_ERR_NOMEM : JT_OK;
    }
    if (json_is_null(value)) {
        (void)json_object_del(level->target, name); /* absent is fine */
        return JT_OK;
    }
    /* a copy: what is merged later must not reach into the patch */
    return json_object_set_new(level->target, name, json_deep_copy(value)) == 0 ? JT_OK
                                                                                : JT_ERR_NOMEM;
}

enum jt_err jt_merge_patch(json_t *target, const json_t *patch)
{
    struct level levels[JT_JSON_DEPTH];
    size_t n = 1;
    levels[0] = begin(target, (json_t *)(uintptr_t)patch); /* jansson reads it only */
    while (n > 0) {
        struct level below;
        bool descend = false;
        if (levels[n - 1].iter == NULL) {
            n--;
            continue;
        }
        JT_TRY(merge_member(&levels[n - 1], &below, &descend));
        if (descend && n == JT_COUNT(levels)) {
            return JT_ERR_LIMIT;
        }
        if (descend) {
            levels[n++] = below;
        }
    }
    return JT_OK;
}
