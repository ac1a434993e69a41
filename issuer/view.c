/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/view.h"

#include <stdlib.h>

#include "common/json/json.h"

#include "common/base/base.h"

const struct jt_object *jt_view_find(const struct jt_access *access, enum jt_store_kind kind,
                                     struct jt_span id)
{
    const struct jt_object *object = jt_access_find(access, kind, id);
    if (object == NULL && kind == JT_STORE_CLIENT) {
        const struct jt_client *named = jt_access_client_named(access, id);
        object = named == NULL ? NULL : &named->object;
    }
    return object;
}

enum jt_err jt_view_object(const struct jt_access *access, enum jt_store_kind kind,
                           struct jt_span id, json_t **out_view)
{
    const struct jt_object *object = jt_view_find(access, kind, id);
    return object == NULL ? JT_ERR_NOT_FOUND : jt_object_json(object, false, out_view);
}

static enum jt_err append_view(void *ctx, const struct jt_object *object)
{
    json_t *view = NULL;
    JT_TRY(jt_object_json(object, false, &view));
    return json_array_append_new(ctx, view) == 0 ? JT_OK : JT_ERR_NOMEM;
}

static int name_order(const void *a, const void *b)
{
    json_t *const *x = a, *const *y = b;
    return jt_span_cmp(jt_json_value(json_object_get(*x, "name")),
                       jt_json_value(json_object_get(*y, "name")));
}

/* Clients stand in shards; people want them by name. */
static enum jt_err sort_by_name(json_t *array)
{
    size_t n = json_array_size(array);
    json_t **items = calloc(n + 1, sizeof *items);
    if (items == NULL) {
        return JT_ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        items[i] = json_incref(json_array_get(array, i));
    }
    qsort(items, n, sizeof *items, name_order);
    for (size_t i = 0; i < n; i++) {
        (void)json_array_set_new(array, i, items[i]); /* the index exists: cannot fail */
    }
    free(items);
    return JT_OK;
}

enum jt_err jt_view_list(const struct jt_access *access, enum jt_store_kind kind,
                         json_t **out_array)
{
    json_t *array = json_array();
    if (array == NULL) {
        return JT_ERR_NOMEM;
    }
    enum jt_err err = jt_access_each(access, kind, append_view, array);
    if (err == JT_OK && kind == JT_STORE_CLIENT) {
        err = sort_by_name(array);
    }
    if (err != JT_OK) {
        json_decref(array);
        return err;
    }
    *out_array = array;
    return JT_OK;
}
