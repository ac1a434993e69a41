/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/object.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "issuer/access/member.h"

#include "common/base/base.h"

static const struct jt_object_kind *const kinds[] = {
    [JT_STORE_RESOURCE] = &jt_resource_kind,
    [JT_STORE_ROLE] = &jt_role_kind,
    [JT_STORE_PRODUCT] = &jt_product_kind,
    [JT_STORE_CLIENT] = &jt_client_kind,
};

/* --- names --- */

const char *jt_object_kind_name(enum jt_store_kind kind)
{
    return kinds[kind]->name;
}

bool jt_object_find_kind(struct jt_span name, enum jt_store_kind *out_kind)
{
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        if (jt_span_is(name, kinds[i]->name)) {
            *out_kind = (enum jt_store_kind)i;
            return true;
        }
    }
    return false;
}

const char *jt_object_id_member(enum jt_store_kind kind)
{
    return kinds[kind]->id_member;
}

struct jt_span jt_object_name(const struct jt_object *object)
{
    return object->kind == JT_STORE_CLIENT ? ((const struct jt_client *)object)->name : object->id;
}

const char *jt_object_status_name(enum jt_subscription_status status)
{
    static const char *const names[] = {
        [JT_SUBSCRIPTION_ASKED] = "",
        [JT_SUBSCRIPTION_PENDING] = "pending",
        [JT_SUBSCRIPTION_APPROVED] = "approved",
        [JT_SUBSCRIPTION_REVOKED] = "revoked",
    };
    return names[status];
}

/* --- members --- */

/* Two texts: of a label its name and value, of a grant its resource and scope. */
static const struct jt_text *pair_at(const struct jt_object *object, uint32_t place, size_t i)
{
    const struct jt_text *texts = jt_object_place(object, place);
    return &texts[2 * i];
}

struct jt_label jt_object_label_at(const struct jt_object *object, size_t i)
{
    const struct jt_text *pair = pair_at(object, object->labels, i);
    return (struct jt_label){jt_object_text(object, pair[0]), jt_object_text(object, pair[1])};
}

struct jt_span jt_object_role(const struct jt_client *client, size_t i)
{
    const struct jt_text *roles = jt_object_place(&client->object, client->roles);
    return jt_object_text(&client->object, roles[i]);
}

struct jt_grant jt_object_grant(const struct jt_client *client, size_t i)
{
    const struct jt_object *object = &client->object;
    const struct jt_text *pair = pair_at(object, client->grants, i);
    return (struct jt_grant){jt_object_text(object, pair[0]), jt_object_text(object, pair[1])};
}

struct jt_span jt_object_label(const struct jt_object *object, struct jt_span name)
{
    for (size_t i = 0; i < object->n_labels; i++) {
        struct jt_label label = jt_object_label_at(object, i);
        if (jt_span_eq(label.name, name)) {
            return label.value.n == 0 ? JT_SPAN("") : label.value;
        }
    }
    return JT_SPAN_NONE;
}

bool jt_object_has_label(const struct jt_object *object, struct jt_span wanted)
{
    const uint8_t *equals = memchr(wanted.p, '=', wanted.n);
    size_t n = equals == NULL ? wanted.n : (size_t)(equals - wanted.p);
    struct jt_span value = jt_object_label(object, jt_span_of(wanted.p, n));
    return value.p != NULL &&
           (equals == NULL || jt_span_eq(value, jt_span_of(equals + 1, wanted.n - n - 1)));
}

struct jt_client_secret *jt_object_secret(const struct jt_client *client, struct jt_span id)
{
    struct jt_client_secret *secrets = jt_object_secrets(client);
    for (size_t i = 0; i < client->n_secrets; i++) {
        if (jt_span_eq(jt_object_text(&client->object, secrets[i].id), id)) {
            return &secrets[i];
        }
    }
    return NULL;
}

const struct jt_subscription *jt_object_subscription(const struct jt_client *client,
                                                     struct jt_span product)
{
    const struct jt_subscription *subscriptions = jt_object_subscriptions(client);
    for (size_t i = 0; i < client->n_subscriptions; i++) {
        if (jt_span_eq(jt_object_text(&client->object, subscriptions[i].product), product)) {
            return &subscriptions[i];
        }
    }
    return NULL;
}

/* --- from JSON --- */

static enum jt_err read_member(struct jt_pack *pack, const struct jt_member *members,
                               const char *name, const json_t *value, void *record)
{
    pack->member = name;
    for (; members->name != NULL; members++) {
        if (strcmp(name, members->name) == 0) {
            /* null is the default (RFC 7396 sec. 2) */
            return json_is_null(value) ? JT_OK : members->read(pack, value, record);
        }
    }
    return jt_pack_fail(pack, "no such member here; leave it out");
}

static enum jt_err read_members(struct jt_pack *pack, const json_t *doc, struct jt_object *object)
{
    const struct jt_member *members = kinds[object->kind]->members;
    json_t *readable = (json_t *)(uintptr_t)doc; /* jansson reads it only */
    for (void *iter = json_object_iter(readable); iter != NULL;
         iter = json_object_iter_next(readable, iter)) {
        JT_TRY(read_member(pack, members, json_object_iter_key(iter), json_object_iter_value(iter),
                           object));
    }
    for (; members->name != NULL; members++) {
        const json_t *value = members->required ? json_object_get(doc, members->name) : doc;
        if (value == NULL || json_is_null(value)) {
            pack->member = members->name;
            return jt_pack_fail(pack, "is missing; give it");
        }
    }
    return JT_OK;
}

enum jt_err jt_object_parse(enum jt_store_kind kind, const json_t *doc,
                            struct jt_object **out_object, struct jt_diag *diag)
{
    if (!json_is_object(doc)) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "not a %s: give a JSON object",
                            jt_object_kind_name(kind));
    }
    struct jt_pack pack;
    struct jt_object *object = NULL;
    JT_TRY(jt_pack_begin(&pack, doc, kinds[kind]->size, diag, (void **)&object));
    object->kind = kind;
    atomic_init(&object->refs, 1);
    if (kinds[kind]->set_defaults != NULL) {
        kinds[kind]->set_defaults(object);
    }
    enum jt_err err = read_members(&pack, doc, object);
    object->bytes = (uint32_t)(pack.end - (const uint8_t *)object);
    if (err == JT_OK && kind != JT_STORE_CLIENT) {
        *out_object = object;
        return JT_OK;
    }
    if (err == JT_OK) {
        err = jt_pack_copy(&pack, out_object);
    }
    free(object);
    return err;
}

/* --- and back --- */

enum jt_err jt_object_json(const struct jt_object *object, bool for_store, json_t **out_doc)
{
    json_t *doc = json_object();
    const struct jt_member *member = kinds[object->kind]->members;
    for (; doc != NULL && member->name != NULL; member++) {
        if (json_object_set_new_nocheck(doc, member->name, member->write(object, for_store)) != 0) {
            json_decref(doc);
            doc = NULL;
        }
    }
    *out_doc = doc;
    return doc == NULL ? JT_ERR_NOMEM : JT_OK;
}

static enum jt_err put_required(const struct jt_member *member, struct jt_buf *out)
{
    const char *comma = "";
    JT_TRY(jt_buf_puts(out, "},\"required\":["));
    for (; member->name != NULL; member++) {
        if (member->required) {
            JT_TRY(jt_buf_printf(out, "%s\"%s\"", comma, member->name));
            comma = ",";
        }
    }
    return jt_buf_puts(out, "]}");
}

enum jt_err jt_object_schema(enum jt_store_kind kind, struct jt_buf *out)
{
    const struct jt_member *members = kinds[kind]->members;
    JT_TRY(
        jt_buf_puts(out, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"));
    for (const struct jt_member *member = members; member->name != NULL; member++) {
        JT_TRY(jt_buf_printf(out, "%s\"%s\":", member == members ? "" : ",", member->name));
        JT_TRY(jt_buf_puts(out, member->schema));
    }
    return put_required(members, out);
}

struct jt_object *jt_object_ref(struct jt_object *object)
{
    atomic_fetch_add_explicit(&object->refs, 1, memory_order_relaxed);
    return object;
}

void jt_object_free(struct jt_object *object)
{
    if (object != NULL && atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) == 1) {
        free(object);
    }
}
