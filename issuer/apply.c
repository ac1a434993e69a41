/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/apply.h"

#include <stdlib.h>

#include "common/json/json.h"
#include "issuer/apply_input.h"
#include "issuer/apply_report.h"
#include "issuer/batch.h"

#include "common/base/base.h"

struct jt_apply {
    struct jt_issuer *issuer;
    struct jt_apply_input input;
};

enum jt_err jt_apply_new(struct jt_issuer *issuer, struct jt_apply **out_apply)
{
    struct jt_apply *apply = calloc(1, sizeof *apply);
    if (apply == NULL) {
        return JT_ERR_NOMEM;
    }
    apply->issuer = issuer;
    jt_apply_input_init(&apply->input, issuer);
    *out_apply = apply;
    return JT_OK;
}

void jt_apply_free(struct jt_apply *apply)
{
    if (apply != NULL) {
        jt_apply_input_release(&apply->input);
        free(apply);
    }
}

bool jt_apply_take(struct jt_apply *apply, struct jt_span bytes)
{
    return jt_apply_input_take(&apply->input, bytes);
}

/* --- inside the change --- */

/* A name of a line: the kind, and the id or a client's name. */
struct named {
    enum jt_store_kind kind;
    struct jt_span name;
    const struct jt_apply_item *item;
};

struct change {
    const struct jt_apply_how *how;
    struct jt_apply_input *input;
    struct named *ids;            /* of each item, ordered */
    struct jt_batch batch;        /* puts, then deletions */
    struct jt_apply_item **items; /* of each put */
    size_t n_puts;
    struct jt_apply_report report;
    struct jt_diag *diag;
};

static void release_change(struct change *change)
{
    free(change->ids);
    free(change->items);
    jt_batch_release(&change->batch);
    jt_apply_report_release(&change->report);
}

static enum jt_err make_room(struct change *change, const struct jt_apply_how *how,
                             struct jt_apply_input *input)
{
    *change = (struct change){.how = how, .input = input, .batch = JT_BATCH_INIT};
    change->ids = calloc(input->n + 1, sizeof *change->ids);
    change->items = calloc(input->n + 1, sizeof(struct jt_apply_item *));
    if (change->ids == NULL || change->items == NULL ||
        jt_apply_report_init(&change->report, how->dry_run) != JT_OK) {
        release_change(change);
        return JT_ERR_NOMEM;
    }
    return JT_OK;
}

static int compare_named(const void *left, const void *right)
{
    const struct named *a = left, *b = right;
    return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : jt_span_cmp(a->name, b->name);
}

static int by_name(const void *left, const void *right)
{
    const struct named *a = left, *b = right;
    int order = compare_named(a, b);
    return order != 0 ? order : (a->item->line > b->item->line) - (a->item->line < b->item->line);
}

/* Two lines are about one object; about a client by two names when one of them renames it. */
static enum jt_err twice(const struct jt_apply_item *first, const struct jt_apply_item *item,
                         struct jt_diag *diag)
{
    struct jt_span name = jt_object_name(first->object);
    if (jt_span_eq(name, jt_object_name(item->object))) {
        (void)jt_diag_fail(diag, JT_ERR_INVALID,
                           "stands on line %zu too; keep one of the two lines", first->line);
    } else {
        (void)jt_diag_fail(diag, JT_ERR_INVALID,
                           "stands on line %zu too, as '%.*s'; keep one of the two lines, or give "
                           "what is to be a new client a new client_id",
                           first->line, (int)name.n, (const char *)name.p);
    }
    return jt_apply_input_fail(item, JT_ERR_INVALID, diag);
}

/* Orders `names`; refuses a line that names what another has named. */
static enum jt_err order(struct named *names, size_t n, struct jt_diag *diag)
{
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 1; i < n; i++) {
        if (compare_named(&names[i - 1], &names[i]) == 0) {
            return twice(names[i - 1].item, names[i].item, diag);
        }
    }
    return JT_OK;
}

/* A client is known by its id, or else by its name. */
static const struct jt_object *find_old(const struct jt_access *now,
                                        const struct jt_apply_item *item)
{
    if (item->object->kind == JT_STORE_CLIENT && !item->id_given) {
        const struct jt_client *named = jt_access_client_named(now, jt_object_name(item->object));
        return named == NULL ? NULL : &named->object;
    }
    return jt_access_find(now, item->object->kind, item->object->id);
}

/* Finds what each line replaces; no object stands twice, by its id or by its name. */
static enum jt_err find_all(struct change *change, const struct jt_access *now,
                            struct jt_diag *diag)
{
    const struct jt_apply_input *input = change->input;
    for (size_t i = 0; i < input->n; i++) {
        struct jt_apply_item *item = &input->items[i];
        item->old = find_old(now, item);
        change->ids[i] = (struct named){item->object->kind, jt_object_name(item->object), item};
    }
    JT_TRY(order(change->ids, input->n, diag));
    for (size_t i = 0; i < input->n; i++) {
        const struct jt_apply_item *item = &input->items[i];
        change->ids[i] = (struct named){item->object->kind,
                                        item->old != NULL ? item->old->id : item->object->id, item};
    }
    return order(change->ids, input->n, diag);
}

/* A status that is still not said has no name in a document. */
static void unsay_statuses(json_t *doc)
{
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(doc, "subscriptions"), index, row)
    {
        if (jt_json_value(json_object_get(row, "status")).n == 0) {
            (void)json_object_del(row, "status"); /* it is there */
        }
    }
}

/* The client's record anew, with the id and the secrets of the one it replaces. */
static enum jt_err inherit(struct jt_apply_item *item, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *doc = NULL;
    JT_JSON_AUTO json_t *old = NULL;
    struct jt_object *object = NULL;
    JT_TRY(jt_object_json(item->object, true, &doc));
    JT_TRY(jt_object_json(item->old, true, &old));
    unsay_statuses(doc);
    if (json_object_set(doc, "client_id", json_object_get(old, "client_id")) != 0 ||
        json_object_set(doc, "secrets", json_object_get(old, "secrets")) != 0) {
        return JT_ERR_NOMEM;
    }
    JT_TRY(jt_object_parse(JT_STORE_CLIENT, doc, &object, diag));
    jt_object_free(item->object);
    item->object = object;
    return JT_OK;
}

/* Adds what the line changes, if it does, to the batch. The record is the batch's then, too. */
static enum jt_err put(struct change *change, struct jt_apply_item *item, struct jt_diag *diag)
{
    bool same = false;
    if (item->old != NULL && item->object->kind == JT_STORE_CLIENT) {
        jt_batch_keep_statuses((struct jt_client *)item->object,
                               (const struct jt_client *)item->old);
    }
    if (item->old != NULL) {
        JT_TRY(jt_apply_report_same(item->old, item->object, &same));
    }
    if (same) {
        change->report.unchanged++;
        return JT_OK;
    }
    if (item->old != NULL && item->object->kind == JT_STORE_CLIENT) {
        JT_TRY(inherit(item, diag));
    }
    change->items[change->n_puts] = item;
    JT_TRY(jt_batch_put(&change->batch, item->old, jt_object_ref(item->object),
                        item->old == NULL ? "create" : "update"));
    change->n_puts++;
    return JT_OK;
}

/* --- pruning --- */

static enum jt_err prune_object(void *ctx, const struct jt_object *object)
{
    struct change *change = ctx;
    const struct jt_actor *actor = change->how->actor;
    const struct named key = {object->kind, object->id, NULL};
    if (!change->how->prune_all && !jt_object_has_label(object, change->how->label)) {
        return JT_OK;
    }
    if (change->input->n > 0 &&
        bsearch(&key, change->ids, change->input->n, sizeof key, compare_named) != NULL) {
        return JT_OK;
    }
    if (object->kind == JT_STORE_CLIENT && jt_span_eq(object->id, actor->client_id)) {
        struct jt_span name = jt_object_name(object);
        return jt_diag_fail(change->diag, JT_ERR_CONFLICT,
                            "prune: this would delete client '%.*s', which is who asks; put it in "
                            "the input, or ask by the admin socket",
                            (int)name.n, (const char *)name.p);
    }
    return jt_batch_delete(&change->batch, object, "delete");
}

static int by_old_name(const void *left, const void *right)
{
    const struct jt_batch_item *a = left, *b = right;
    return jt_span_cmp(jt_object_name(a->old), jt_object_name(b->old));
}

/* Adds the deletions to the batch, each time in the same order. */
static enum jt_err prune(struct change *change, const struct jt_access *now)
{
    static const enum jt_store_kind kinds[] = {JT_STORE_RESOURCE, JT_STORE_ROLE, JT_STORE_PRODUCT,
                                               JT_STORE_CLIENT};
    struct jt_batch *batch = &change->batch;
    bool wanted = change->how->prune_all || change->how->label.n > 0;
    for (size_t i = 0; wanted && i < JT_COUNT(kinds); i++) {
        size_t first = batch->n;
        JT_TRY(jt_access_each(now, kinds[i], prune_object, change));
        if (batch->n > first) {
            qsort(batch->items + first, batch->n - first, sizeof *batch->items, by_old_name);
        }
    }
    return JT_OK;
}

/* --- the change --- */

static enum jt_err check(struct change *change, struct jt_issuer *issuer, const struct jt_root *now,
                         struct jt_access **out_access, struct jt_diag *diag)
{
    enum jt_err err =
        jt_batch_check(&change->batch, issuer, now, change->how->actor, out_access, diag);
    if (err == JT_OK || err == JT_ERR_NOMEM || change->batch.failed >= change->n_puts) {
        return err;
    }
    return jt_apply_input_fail(change->items[change->batch.failed], err, diag);
}

static enum jt_err tell(struct change *change)
{
    for (size_t i = 0; i < change->batch.n; i++) {
        const struct jt_batch_item *item = &change->batch.items[i];
        bool id_made = i < change->n_puts && !change->items[i]->id_given && change->how->dry_run;
        JT_TRY(jt_apply_report_add(&change->report, item->old, item->object, id_made));
    }
    return JT_OK;
}

static enum jt_err run_change(struct jt_issuer *issuer, const struct jt_root *now, void *ctx,
                              struct jt_access **out_access, struct jt_diag *diag)
{
    struct change *change = ctx;
    JT_AUTOP(access) access = NULL;
    change->diag = diag;
    JT_TRY(find_all(change, now->access, diag));
    for (size_t i = 0; i < change->input->n; i++) {
        JT_TRY(put(change, &change->input->items[i], diag));
    }
    JT_TRY(prune(change, now->access));
    if (change->batch.n == 0) {
        return JT_OK;
    }
    JT_TRY(check(change, issuer, now, &access, diag));
    JT_TRY(tell(change));
    if (change->how->dry_run) {
        return JT_OK;
    }
    JT_TRY(jt_batch_write(&change->batch, issuer, change->how->actor, diag));
    *out_access = access;
    access = NULL;
    return JT_OK;
}

/* After the commit: what is logged has happened. */
static void log_apply(struct jt_issuer *issuer, const struct change *change)
{
    const struct jt_apply_report *report = &change->report;
    if (change->how->dry_run || change->batch.n == 0) {
        return;
    }
    jt_log(issuer->log, JT_EV_ADMIN_CHANGE, jt_log_str("object", "model"),
           jt_log_str("action", "apply"), jt_log_int("created", (int64_t)report->created),
           jt_log_int("updated", (int64_t)report->updated),
           jt_log_int("deleted", (int64_t)report->deleted),
           jt_log_str("by", change->how->actor->name));
}

static enum jt_err check_how(const struct jt_apply_how *how, struct jt_diag *diag)
{
    if (how->label.n == 0) {
        return JT_OK;
    }
    if (how->prune_all) {
        return jt_diag_fail(
            diag, JT_ERR_INVALID,
            "prune: give either prune or prune_all; a label spares what has it not");
    }
    const uint8_t *equals = memchr(how->label.p, '=', how->label.n);
    if (equals == NULL ||
        !jt_names_is_name(jt_span_of(how->label.p, (size_t)(equals - how->label.p)))) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "prune: give the label as NAME=VALUE");
    }
    return JT_OK;
}

enum jt_err jt_apply_run(struct jt_apply *apply, const struct jt_apply_how *how,
                         json_t **out_report, struct jt_diag *diag)
{
    struct change change;
    JT_TRY(check_how(how, diag));
    JT_TRY(jt_apply_input_end(&apply->input, diag));
    JT_TRY(make_room(&change, how, &apply->input));
    enum jt_err err = jt_issuer_change(apply->issuer, run_change, &change, diag);
    if (err == JT_OK) {
        log_apply(apply->issuer, &change);
        err = jt_apply_report_json(&change.report, out_report);
    }
    release_change(&change);
    return err;
}
