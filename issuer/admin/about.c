/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/about.h"

#include "common/json/json.h"

#include "common/base/base.h"

static bool holds(const json_t *array, struct jt_span text)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (jt_span_eq(jt_json_value(json_array_get(array, i)), text)) {
            return true;
        }
    }
    return false;
}

/* Adds those of `scopes` that are not there yet. */
static bool add(json_t *array, const char *scopes)
{
    struct jt_span rest = jt_span_str(scopes), word;
    while (jt_span_word(&rest, &word)) {
        if (!holds(array, word) &&
            json_array_append_new(array, json_stringn((const char *)word.p, word.n)) != 0) {
            return false;
        }
    }
    return true;
}

/* Every scope that a route asks for. */
static json_t *all_scopes(void)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < jt_admin_n_table; i++) {
        if (!add(array, jt_admin_table[i].scope)) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

enum jt_err jt_about_get(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    const struct jt_root *root = jt_issuer_enter(call->worker);
    const char *issuer = root->settings->config.issuer;
    reply->json = json_pack("{s:s, s:s, s:s+, s:o}", "issuer", issuer, "version", JETON_VERSION,
                            "admin_resource", issuer, JT_CONFIG_ADMIN, "scopes", all_scopes());
    jt_issuer_exit(call->worker);
    return reply->json == NULL ? JT_ERR_NOMEM : JT_OK;
}
