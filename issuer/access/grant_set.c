/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and products: named sets of grants. */
#include "common/json/json.h"
#include "issuer/access/member.h"

#include "common/base/base.h"

static enum jt_err read_name(struct jt_pack *pack, const json_t *value, void *record)
{
    return jt_member_read_name(pack, value, &((struct jt_grant_set *)record)->object.id);
}

static json_t *write_name(const void *record, bool for_store)
{
    (void)for_store; /* the same for both, here and below */
    return jt_member_text(((const struct jt_grant_set *)record)->object.id);
}

static enum jt_err read_approval(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_span approval = jt_json_value(value);
    if (!jt_span_is(approval, "auto") && !jt_span_is(approval, "manual")) {
        return jt_pack_fail(pack, "give auto or manual");
    }
    ((struct jt_grant_set *)record)->manual = jt_span_is(approval, "manual");
    return JT_OK;
}

static json_t *write_approval(const void *record, bool for_store)
{
    (void)for_store;
    return json_string(((const struct jt_grant_set *)record)->manual ? "manual" : "auto");
}

static enum jt_err read_grants(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_grant_set *set = record;
    JT_TRY(jt_member_check_grants(pack, value));
    set->grants = jt_pack_array(pack, json_array_size(value), sizeof *set->grants);
    for (; set->n_grants < json_array_size(value); set->n_grants++) {
        struct jt_span text = jt_json_value(json_array_get(value, set->n_grants));
        JT_TRY(jt_names_parse_grant(jt_pack_text(pack, text), &set->grants[set->n_grants]));
    }
    return JT_OK;
}

static json_t *write_grants(const void *record, bool for_store)
{
    (void)for_store;
    const struct jt_grant_set *set = record;
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < set->n_grants; i++) {
        if (json_array_append_new(array, jt_member_grant(set->grants[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static const struct jt_member role_members[] = {
    {"name", true, read_name, write_name, JT_MEMBER_NAME},
    {"grants", false, read_grants, write_grants, JT_MEMBER_GRANTS},
    JT_MEMBER_COMMON,
};

static const struct jt_member product_members[] = {
    {"name", true, read_name, write_name, JT_MEMBER_NAME},
    {"approval", false, read_approval, write_approval,
     "{\"type\":\"string\",\"enum\":[\"auto\",\"manual\"],\"default\":\"auto\"}"},
    {"grants", false, read_grants, write_grants, JT_MEMBER_GRANTS},
    JT_MEMBER_COMMON,
};

const struct jt_object_kind jt_role_kind = {"role", "name", sizeof(struct jt_grant_set),
                                            role_members, NULL};
const struct jt_object_kind jt_product_kind = {"product", "name", sizeof(struct jt_grant_set),
                                               product_members, NULL};
