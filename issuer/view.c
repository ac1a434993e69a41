/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/view.h"

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

enum jt_err jt_view_list(const struct jt_access *access, enum jt_store_kind kind,
                         json_t **out_array)
{
    json_t *array = json_array();
    if (array == NULL) {
        return JT_ERR_NOMEM;
    }
    enum jt_err err = jt_access_walk(access, kind, JT_SPAN_NONE, append_view, array);
    if (err != JT_OK) {
        json_decref(array);
        return err;
    }
    *out_array = array;
    return JT_OK;
}
