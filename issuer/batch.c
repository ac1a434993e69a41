/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/batch.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "issuer/access/bestow.h"
#include "issuer/told.h"

#include "common/base/base.h"

/* --- items --- */

static enum jt_err add(struct jt_batch *batch, const struct jt_batch_item *item)
{
    if (batch->n == batch->cap) {
        size_t cap = batch->cap == 0 ? 1 : batch->cap * 2; /* most batches are of one */
        struct jt_batch_item *items = realloc(batch->items, cap * sizeof *items);
        if (items == NULL) {
            return JT_ERR_NOMEM;
        }
        batch->items = items;
        batch->cap = cap;
    }
    batch->items[batch->n++] = *item;
    return JT_OK;
}

enum jt_err jt_batch_put(struct jt_batch *batch, const struct jt_object *old,
                         struct jt_object *object, const char *action)
{
    enum jt_err err = add(batch, &(struct jt_batch_item){old, object, action});
    if (err != JT_OK) {
        jt_object_free(object);
    }
    return err;
}

enum jt_err jt_batch_delete(struct jt_batch *batch, const struct jt_object *old, const char *action)
{
    return add(batch, &(struct jt_batch_item){old, NULL, action});
}

void jt_batch_release(struct jt_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        jt_object_free(batch->items[i].object);
    }
    free(batch->items);
    *batch = (struct jt_batch)JT_BATCH_INIT;
}

static const struct jt_object *subject(const struct jt_batch_item *item)
{
    return item->object != NULL ? item->object : item->old;
}

/* --- staging and checking --- */

static enum jt_err stage(const struct jt_batch *batch, const struct jt_access *now, int64_t version,
                         struct jt_access **out_access)
{
    struct jt_access_change *changes = calloc(batch->n + 1, sizeof *changes);
    if (changes == NULL) {
        return JT_ERR_NOMEM;
    }
    for (size_t i = 0; i < batch->n; i++) {
        const struct jt_batch_item *item = &batch->items[i];
        changes[i] =
            (struct jt_access_change){subject(item)->kind, subject(item)->id, item->object};
        if (item->object != NULL) {
            item->object->version = version;
        }
    }
    enum jt_err err = jt_access_apply(now, changes, batch->n, out_access);
    free(changes);
    return err;
}

void jt_batch_keep_statuses(struct jt_client *client, const struct jt_client *old)
{
    for (size_t i = 0; i < client->n_subscriptions; i++) {
        struct jt_subscription *subscription = &jt_object_subscriptions(client)[i];
        const struct jt_subscription *was =
            jt_object_subscription(old, jt_object_text(&client->object, subscription->product));
        if (subscription->status == JT_SUBSCRIPTION_ASKED && was != NULL) {
            subscription->status = was->status;
        }
    }
}

static enum jt_subscription_status status_by(const struct jt_grant_set *product)
{
    return product != NULL && !product->manual ? JT_SUBSCRIPTION_APPROVED : JT_SUBSCRIPTION_PENDING;
}

static void settle_subscriptions(const struct jt_access *access, const struct jt_batch_item *item)
{
    struct jt_client *client = (struct jt_client *)item->object;
    if (item->old != NULL) {
        jt_batch_keep_statuses(client, (const struct jt_client *)item->old);
    }
    for (size_t i = 0; i < client->n_subscriptions; i++) {
        struct jt_subscription *subscription = &jt_object_subscriptions(client)[i];
        struct jt_span product = jt_object_text(&client->object, subscription->product);
        if (subscription->status == JT_SUBSCRIPTION_ASKED) {
            subscription->status = status_by(jt_access_product(access, product));
        }
    }
}

/* A resource takes an algorithm only when a key of it signs: verifiers have seen that one. */
static enum jt_err check_alg(const struct jt_root *now, const struct jt_resource *resource,
                             struct jt_diag *diag)
{
    const char *name = jt_alg_row(resource->alg)->name;
    const struct jt_key_times *next =
        jt_schedule_next(now->keys->times, now->keys->n_times, resource->alg);
    struct jt_schedule_conf conf = jt_config_schedule(&now->settings->config);
    char from[JT_TOLD_TIME];
    if (now->keys->signing_kid[resource->alg][0] != 0) {
        return JT_OK;
    }
    if (next != NULL) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "alg: the first key of %s is published but signs only from %s, when "
                            "the lead has passed; wait",
                            name,
                            jt_told_time(next->published_at_s + jt_schedule_wait(&conf), from));
    }
    return jt_diag_fail(diag, JT_ERR_INVALID,
                        "alg: this issuer keeps no keys for %s; make them by jeton key "
                        "add-algorithm %s",
                        name, name);
}

static bool is_admin(const struct jt_root *now, struct jt_span resource)
{
    struct jt_span issuer = jt_span_str(now->settings->config.issuer);
    return jt_span_starts(resource, issuer) &&
           jt_span_is(jt_span_of(resource.p + issuer.n, resource.n - issuer.n), JT_CONFIG_ADMIN);
}

static enum jt_err check_resource(const struct jt_root *now, const struct jt_resource *resource,
                                  struct jt_diag *diag)
{
    if (resource->shared && is_admin(now, resource->object.id)) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "shared: a token for the admin API is for nobody else, who could use "
                            "it there; leave it false");
    }
    return check_alg(now, resource, diag);
}

static enum jt_err check_item(const struct jt_access *access, const struct jt_root *now,
                              const struct jt_batch_item *item, struct jt_diag *diag)
{
    if (item->object == NULL) {
        return JT_OK;
    }
    if (item->object->kind == JT_STORE_CLIENT) {
        settle_subscriptions(access, item);
    }
    if (item->object->kind == JT_STORE_RESOURCE) {
        JT_TRY(check_resource(now, (const struct jt_resource *)item->object, diag));
    }
    return jt_access_check(access, item->object, diag);
}

static enum jt_err check(struct jt_batch *batch, const struct jt_access *access,
                         const struct jt_root *now, struct jt_diag *diag)
{
    bool loses = false;
    for (size_t i = 0; i < batch->n; i++) {
        const struct jt_batch_item *item = &batch->items[i];
        batch->failed = i;
        JT_TRY(check_item(access, now, item, diag));
        loses = loses || (item->old != NULL && jt_access_loses(item->old, item->object));
    }
    batch->failed = batch->n == 1 ? 0 : batch->n;
    return loses ? jt_access_check_all(access, diag) : JT_OK;
}

/* Who is a client of this issuer gives no right on the admin API that he does not hold; and he is
 * one still, with the right to make the change: he may have waited for the lock behind the change
 * that takes it away. */
static enum jt_err check_giving(struct jt_batch *batch, const struct jt_access *access,
                                const struct jt_root *now, const struct jt_actor *actor,
                                struct jt_diag *diag)
{
    char resource[JT_NAMES_MAX_IDENTIFIER];
    if (actor->client_id.n == 0) {
        return JT_OK;
    }
    (void)snprintf(resource, sizeof resource, "%s" JT_CONFIG_ADMIN,
                   now->settings->config.issuer); /* at most 256 characters */
    struct jt_bestow bestow = {.now = now->access,
                               .then = access,
                               .giver = jt_access_client(now->access, actor->client_id),
                               .scope = actor->scope,
                               .resource = jt_span_str(resource)};
    if (bestow.giver == NULL || !bestow.giver->enabled) {
        return jt_diag_fail(diag, JT_ERR_SCOPE, "your client is disabled or deleted");
    }
    if (!jt_bestow_holds(&bestow, actor->needs)) {
        return jt_diag_fail(diag, JT_ERR_SCOPE, "your client no longer holds what this needs");
    }
    for (size_t i = 0; i < batch->n; i++) {
        const struct jt_batch_item *item = &batch->items[i];
        batch->failed = i;
        if (item->object != NULL) {
            JT_TRY(jt_bestow_check(&bestow, item->old, item->object, diag));
        }
    }
    return JT_OK;
}

enum jt_err jt_batch_check(struct jt_batch *batch, struct jt_issuer *issuer,
                           const struct jt_root *now, const struct jt_actor *actor,
                           struct jt_access **out_access, struct jt_diag *diag)
{
    struct jt_access *access = NULL;
    int64_t version = 0;
    batch->failed = batch->n;
    if (batch->n == 0) {
        *out_access = NULL;
        return JT_OK;
    }
    JT_TRY(jt_store_version(issuer->store, &version));
    JT_TRY(stage(batch, now->access, version, &access));
    enum jt_err err = check(batch, access, now, diag);
    if (err == JT_OK) {
        err = check_giving(batch, access, now, actor, diag);
    }
    if (err != JT_OK) {
        jt_access_free(access);
        return err;
    }
    *out_access = access;
    return JT_OK;
}

/* --- writing --- */

static enum jt_err put_object(struct jt_issuer *issuer, const struct jt_object *object,
                              struct jt_buf *text)
{
    json_t *doc = NULL;
    JT_TRY(jt_object_json(object, true, &doc));
    jt_buf_clear(text);
    enum jt_err err = jt_json_dump(doc, text);
    json_decref(doc);
    JT_TRY(err);
    return jt_store_put(issuer->store, object->kind, object->id, jt_buf_span(text));
}

static enum jt_err forget_uses(struct jt_issuer *issuer, const struct jt_batch_item *item)
{
    const struct jt_client *old = (const struct jt_client *)item->old;
    const struct jt_client *client = (const struct jt_client *)item->object;
    for (size_t i = 0; old != NULL && i < old->n_secrets; i++) {
        struct jt_span id = jt_object_text(&old->object, jt_object_secrets(old)[i].id);
        if (client == NULL || jt_object_secret(client, id) == NULL) {
            JT_TRY(jt_store_forget_use(issuer->store, old->object.id, id));
        }
    }
    return JT_OK;
}

static enum jt_err write_item(struct jt_issuer *issuer, const struct jt_batch_item *item,
                              const struct jt_actor *actor, struct jt_buf *text)
{
    const struct jt_object *object = subject(item);
    if (item->object == NULL) {
        JT_TRY(jt_store_delete(issuer->store, object->kind, object->id));
    } else {
        JT_TRY(put_object(issuer, item->object, text));
    }
    if (object->kind == JT_STORE_CLIENT) {
        JT_TRY(forget_uses(issuer, item));
    }
    jt_buf_clear(text);
    JT_TRY(jt_buf_printf(text, "%s.%s", jt_object_kind_name(object->kind), item->action));
    return jt_store_audit(issuer->store, actor->name, jt_buf_str(text), object->id, JT_SPAN_NONE);
}

/* Every algorithm's keys are made able to sign the longest of the lifetimes that are written. */
static enum jt_err raise_lifetimes(const struct jt_batch *batch, struct jt_issuer *issuer,
                                   struct jt_diag *diag)
{
    int64_t longest_s[JT_ALG_COUNT_] = {0};
    for (size_t i = 0; i < batch->n; i++) {
        const struct jt_resource *resource = (const struct jt_resource *)batch->items[i].object;
        if (resource != NULL && resource->object.kind == JT_STORE_RESOURCE &&
            longest_s[resource->alg] < resource->lifetime_s) {
            longest_s[resource->alg] = resource->lifetime_s;
        }
    }
    for (enum jt_alg alg = JT_ALG_NONE; alg < JT_ALG_COUNT_; alg++) {
        if (longest_s[alg] > 0) {
            JT_TRY(jt_issuer_raise_lifetime(issuer, alg, longest_s[alg], diag));
        }
    }
    return JT_OK;
}

/* What else an object has is bounded far below. */
static enum jt_err refuse_size(const struct jt_object *object, struct jt_diag *diag)
{
    struct jt_span name = jt_object_name(object);
    return jt_diag_fail(diag, JT_ERR_INVALID,
                        "grants: with them the %s '%.*s' takes more than %d bytes; divide them "
                        "among roles",
                        jt_object_kind_name(object->kind), (int)name.n, (const char *)name.p,
                        JT_OBJECT_MAX_DOC);
}

enum jt_err jt_batch_write(struct jt_batch *batch, struct jt_issuer *issuer,
                           const struct jt_actor *actor, struct jt_diag *diag)
{
    JT_AUTO(buf) text = JT_BUF_INIT(JT_OBJECT_MAX_DOC);
    batch->failed = batch->n;
    JT_TRY(raise_lifetimes(batch, issuer, diag));
    for (size_t i = 0; i < batch->n; i++) {
        enum jt_err err = write_item(issuer, &batch->items[i], actor, &text);
        if (err == JT_ERR_LIMIT) {
            return refuse_size(subject(&batch->items[i]), diag);
        }
        JT_TRY(err);
    }
    return JT_OK;
}
