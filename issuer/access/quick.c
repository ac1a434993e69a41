/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/quick.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/jose/b64url.h"
#include "common/json/json_index.h"
#include "issuer/access/pack.h"

#include "common/base/base.h"

/* Documents beyond any of these are left to the other reader. */
#define MAX_DOC    ((size_t)16 * 1024)
#define MAX_VALUES 512
#define MAX_LIST   64 /* elements of a list: they are compared in pairs */
#define MAX_DIGITS 18 /* of a number: always within int64 */
/* The texts are in the document; of arrays, 16 secrets and 64 of each other list are the most. */
#define MAX_RECORD (MAX_DOC + (size_t)8 * 1024)

struct jt_quick {
    struct jt_json_index_entry entries[MAX_VALUES];
    uint8_t arena[MAX_DOC];
    struct jt_json_index index;
    struct jt_pack pack;
    _Alignas(struct jt_client) uint8_t record[MAX_RECORD];
};

enum jt_err jt_quick_new(struct jt_quick **out_quick)
{
    struct jt_quick *quick = calloc(1, sizeof *quick);
    if (quick == NULL) {
        return JT_ERR_NOMEM;
    }
    quick->index = (struct jt_json_index){.entries = quick->entries,
                                          .max = MAX_VALUES,
                                          .arena = quick->arena,
                                          .arena_n = sizeof quick->arena};
    *out_quick = quick;
    return JT_OK;
}

void jt_quick_free(struct jt_quick *quick)
{
    free(quick);
}

/* --- values --- */

/* The client on its way, and the document's values. */
struct taking {
    struct jt_pack *pack;
    const struct jt_json_index_entry *entries;
    struct jt_client *client;
};

static const struct jt_json_index_entry *next(const struct taking *taking,
                                              const struct jt_json_index_entry *value)
{
    return taking->entries + value->next;
}

static bool is_text(const struct jt_json_index_entry *value, bool (*is_right)(struct jt_span text))
{
    return value->type == JT_JSON_INDEX_STRING && is_right(value->text);
}

static bool is_free_text(struct jt_span text)
{
    return jt_names_is_text(text, JT_OBJECT_MAX_TEXT);
}

static bool is_null(const struct jt_json_index_entry *value)
{
    return value->type == JT_JSON_INDEX_LITERAL && jt_span_is(value->raw, "null");
}

/* A time, in digits alone; null is none. */
static bool take_time(const struct jt_json_index_entry *value, int64_t *out_time_s)
{
    int64_t number = 0;
    if (is_null(value)) {
        *out_time_s = 0;
        return true;
    }
    if (value->type != JT_JSON_INDEX_NUMBER || value->raw.n > MAX_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < value->raw.n; i++) {
        uint8_t digit = value->raw.p[i];
        if (digit < '0' || digit > '9') {
            return false;
        }
        number = number * 10 + (digit - '0');
    }
    *out_time_s = number;
    return true;
}

/* A list of different strings, each of which is right. */
static bool is_list(const struct taking *taking, const struct jt_json_index_entry *list,
                    bool (*is_right)(struct jt_span text))
{
    if (list->type != JT_JSON_INDEX_ARRAY || list->n > MAX_LIST) {
        return false;
    }
    const struct jt_json_index_entry *item = list + 1;
    for (size_t i = 0; i < list->n; i++, item = next(taking, item)) {
        if (!is_text(item, is_right)) {
            return false;
        }
        const struct jt_json_index_entry *other = list + 1;
        for (; other != item; other = next(taking, other)) {
            if (jt_span_eq(other->text, item->text)) {
                return false;
            }
        }
    }
    return true;
}

/* --- members --- */

static bool take_id(struct taking *taking, const struct jt_json_index_entry *value)
{
    bool right = is_text(value, jt_names_is_name);
    taking->client->object.id = right ? jt_pack_text(taking->pack, value->text) : JT_SPAN_NONE;
    return right;
}

static bool take_name(struct taking *taking, const struct jt_json_index_entry *value)
{
    bool right = is_text(value, jt_names_is_name);
    taking->client->name = right ? jt_pack_text(taking->pack, value->text) : JT_SPAN_NONE;
    return right;
}

static bool take_enabled(struct taking *taking, const struct jt_json_index_entry *value)
{
    taking->client->enabled = jt_span_is(value->raw, "true");
    return taking->client->enabled || jt_span_is(value->raw, "false");
}

static bool take_policy(struct taking *taking, const struct jt_json_index_entry *value)
{
    taking->client->strict = jt_span_is(value->raw, "\"strict\"");
    return taking->client->strict || jt_span_is(value->raw, "\"filter\"");
}

static bool take_default(struct taking *taking, const struct jt_json_index_entry *value)
{
    bool right = is_text(value, jt_names_is_identifier);
    if (right) {
        taking->client->default_resource = jt_pack_place(taking->pack, value->text);
    }
    return right;
}

static bool take_roles(struct taking *taking, const struct jt_json_index_entry *value)
{
    struct jt_client *client = taking->client;
    if (!is_list(taking, value, jt_names_is_name) || value->n > JT_OBJECT_MAX_ROLES) {
        return false;
    }
    struct jt_text *roles = jt_pack_places(taking->pack, value->n, sizeof *roles, &client->roles);
    const struct jt_json_index_entry *item = value + 1;
    for (; client->n_roles < value->n; client->n_roles++, item = next(taking, item)) {
        roles[client->n_roles] = jt_pack_place(taking->pack, item->text);
    }
    return true;
}

static bool is_grant(struct jt_span text)
{
    struct jt_grant grant;
    return jt_names_parse_grant(text, &grant) == JT_OK;
}

static bool take_grants(struct taking *taking, const struct jt_json_index_entry *value)
{
    struct jt_client *client = taking->client;
    if (!is_list(taking, value, is_grant)) {
        return false;
    }
    struct jt_text(*grants)[2] =
        jt_pack_places(taking->pack, value->n, sizeof *grants, &client->grants);
    const struct jt_json_index_entry *item = value + 1;
    for (; client->n_grants < value->n; client->n_grants++, item = next(taking, item)) {
        jt_pack_grant(taking->pack, item->text, grants[client->n_grants]);
    }
    return true;
}

static bool take_status(const struct jt_json_index_entry *value,
                        enum jt_subscription_status *out_status)
{
    for (enum jt_subscription_status status = JT_SUBSCRIPTION_PENDING;
         value->type == JT_JSON_INDEX_STRING && status < JT_SUBSCRIPTION_COUNT_; status++) {
        if (jt_span_is(value->text, jt_object_status_name(status))) {
            *out_status = status;
            return true;
        }
    }
    return false;
}

/* As the store has them: {"product": ..., "status": ...}. */
static bool take_subscription(struct taking *taking, const struct jt_json_index_entry *item,
                              struct jt_subscription *subscription)
{
    if (item->type != JT_JSON_INDEX_OBJECT || item->n != 2) {
        return false;
    }
    const struct jt_json_index_entry *product = item + 1;
    const struct jt_json_index_entry *status = next(taking, product);
    if (!jt_span_is(product->name, "product") || !is_text(product, jt_names_is_name) ||
        !jt_span_is(status->name, "status") || !take_status(status, &subscription->status) ||
        jt_object_subscription(taking->client, product->text) != NULL) {
        return false;
    }
    subscription->product = jt_pack_place(taking->pack, product->text);
    return true;
}

static bool take_subscriptions(struct taking *taking, const struct jt_json_index_entry *value)
{
    struct jt_client *client = taking->client;
    if (value->type != JT_JSON_INDEX_ARRAY || value->n > JT_OBJECT_MAX_PRODUCTS) {
        return false;
    }
    struct jt_subscription *subscriptions =
        jt_pack_places(taking->pack, value->n, sizeof *subscriptions, &client->subscriptions);
    const struct jt_json_index_entry *item = value + 1;
    for (; client->n_subscriptions < value->n;
         client->n_subscriptions++, item = next(taking, item)) {
        if (!take_subscription(taking, item, &subscriptions[client->n_subscriptions])) {
            return false;
        }
    }
    return true;
}

static bool take_hash(const struct jt_json_index_entry *value, uint8_t out_hash[JT_SHA256_LEN])
{
    size_t n = 0;
    return value->type == JT_JSON_INDEX_STRING && value->text.n == JT_B64URL_LEN(JT_SHA256_LEN) &&
           jt_b64url_decode(value->text, out_hash, &n) == JT_OK;
}

/* Its members in whatever order; five, and no two of a name, are all. */
static bool take_secret(struct taking *taking, const struct jt_json_index_entry *item,
                        struct jt_client_secret *secret)
{
    bool right = item->type == JT_JSON_INDEX_OBJECT && item->n == 5;
    const struct jt_json_index_entry *member = item + 1;
    atomic_init(&secret->used_s, 0);
    for (size_t i = 0; right && i < 5; i++, member = next(taking, member)) {
        struct jt_span name = member->name;
        if (jt_span_is(name, "id") || jt_span_is(name, "name")) {
            right = is_text(member, jt_names_is_name);
            struct jt_text *text = jt_span_is(name, "id") ? &secret->id : &secret->name;
            *text = right ? jt_pack_place(taking->pack, member->text) : *text;
        } else if (jt_span_is(name, "hash")) {
            right = take_hash(member, secret->hash);
        } else {
            int64_t *time_s = jt_span_is(name, "created_s")   ? &secret->created_s
                              : jt_span_is(name, "expires_s") ? &secret->expires_s
                                                              : NULL;
            right = time_s != NULL && take_time(member, time_s);
        }
    }
    return right;
}

static bool take_secrets(struct taking *taking, const struct jt_json_index_entry *value)
{
    struct jt_client *client = taking->client;
    if (value->type != JT_JSON_INDEX_ARRAY || value->n > JT_OBJECT_MAX_SECRETS) {
        return false;
    }
    struct jt_client_secret *secrets =
        jt_pack_places(taking->pack, value->n, sizeof *secrets, &client->secrets);
    const struct jt_json_index_entry *item = value + 1;
    for (; client->n_secrets < value->n; client->n_secrets++, item = next(taking, item)) {
        if (!take_secret(taking, item, &secrets[client->n_secrets])) {
            return false;
        }
    }
    return true;
}

static bool take_owner(struct taking *taking, const struct jt_json_index_entry *value)
{
    bool right = is_text(value, is_free_text);
    if (right) {
        taking->client->object.owner = jt_pack_place(taking->pack, value->text);
    }
    return right;
}

static bool take_labels(struct taking *taking, const struct jt_json_index_entry *value)
{
    struct jt_object *object = &taking->client->object;
    if (value->type != JT_JSON_INDEX_OBJECT || value->n > JT_OBJECT_MAX_LABELS) {
        return false;
    }
    struct jt_text(*labels)[2] =
        jt_pack_places(taking->pack, value->n, sizeof *labels, &object->labels);
    const struct jt_json_index_entry *item = value + 1;
    for (; object->n_labels < value->n; object->n_labels++, item = next(taking, item)) {
        if (!jt_names_is_name(item->name) || item->name.n > JT_OBJECT_MAX_LABEL_NAME ||
            !is_text(item, is_free_text)) {
            return false;
        }
        labels[object->n_labels][0] = jt_pack_place(taking->pack, item->name);
        labels[object->n_labels][1] = jt_pack_place(taking->pack, item->text);
    }
    return true;
}

static const struct member {
    struct jt_span name;
    bool (*take)(struct taking *taking, const struct jt_json_index_entry *value);
} members[] = {
    {{(const uint8_t *)"client_id", 9}, take_id},
    {{(const uint8_t *)"name", 4}, take_name},
    {{(const uint8_t *)"enabled", 7}, take_enabled},
    {{(const uint8_t *)"scope_policy", 12}, take_policy},
    {{(const uint8_t *)"default_resource", 16}, take_default},
    {{(const uint8_t *)"roles", 5}, take_roles},
    {{(const uint8_t *)"subscriptions", 13}, take_subscriptions},
    {{(const uint8_t *)"grants", 6}, take_grants},
    {{(const uint8_t *)"secrets", 7}, take_secrets},
    {{(const uint8_t *)"owner", 5}, take_owner},
    {{(const uint8_t *)"labels", 6}, take_labels},
};

/* They mostly stand in the order of the table. */
static bool take_member(struct taking *taking, const struct jt_json_index_entry *value,
                        size_t *expected)
{
    for (size_t i = 0; i < JT_COUNT(members); i++) {
        size_t at = (*expected + i) % JT_COUNT(members);
        if (jt_span_eq(members[at].name, value->name)) {
            *expected = at + 1;
            /* null is the default (RFC 7396 sec. 2) */
            return is_null(value) || members[at].take(taking, value);
        }
    }
    return false;
}

enum jt_err jt_quick_client(struct jt_quick *quick, struct jt_span doc,
                            struct jt_object **out_object)
{
    if (jt_json_index_read(&quick->index, doc) != JT_OK) {
        return JT_ERR_INVALID;
    }
    struct jt_client *client = (struct jt_client *)(void *)quick->record;
    memset(client, 0, sizeof *client);
    client->enabled = true;
    uint8_t *end = quick->record + sizeof quick->record;
    quick->pack = (struct jt_pack){quick->record, quick->record + sizeof *client, end, "", NULL};
    struct taking taking = {&quick->pack, quick->entries, client};
    const struct jt_json_index_entry *member = quick->entries + 1;
    size_t expected = 0;
    for (size_t i = 0; i < quick->entries[0].n; i++, member = next(&taking, member)) {
        if (!take_member(&taking, member, &expected)) {
            return JT_ERR_INVALID;
        }
    }
    if (client->object.id.n == 0 || client->name.n == 0) {
        return JT_ERR_INVALID;
    }
    client->object.kind = JT_STORE_CLIENT;
    atomic_init(&client->object.refs, 1);
    return jt_pack_copy(&quick->pack, out_object);
}
