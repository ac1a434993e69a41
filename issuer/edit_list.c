/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/edit_list.h"

#include "common/json/json.h"
#include "issuer/access/object.h"

#include "common/base/base.h"

static enum jt_err add_items(const struct jt_edit_list *list, json_t *elements,
                             struct jt_diag *diag);
static enum jt_err take_item(const struct jt_edit_list *list, json_t *elements,
                             struct jt_diag *diag);
static enum jt_err subscribe(const struct jt_edit_list *list, json_t *elements,
                             struct jt_diag *diag);
static enum jt_err set_status(const struct jt_edit_list *list, json_t *elements,
                              struct jt_diag *diag);

static const struct {
    const char *action;
    const char *member; /* of the client */
    const char *what;   /* an element of it */
    enum jt_err (*run)(const struct jt_edit_list *list, json_t *elements, struct jt_diag *diag);
    const char *status;
    size_t max; /* items */
} acts[] = {
    [JT_EDIT_GRANT] = {"grant", "grants", "direct grant", add_items, NULL, JT_OBJECT_MAX_GRANTS},
    [JT_EDIT_UNGRANT] = {"ungrant", "grants", "direct grant", take_item, NULL, 0},
    [JT_EDIT_ASSIGN] = {"assign", "roles", "role", add_items, NULL, JT_OBJECT_MAX_ROLES},
    [JT_EDIT_UNASSIGN] = {"unassign", "roles", "role", take_item, NULL, 0},
    [JT_EDIT_SUBSCRIBE] = {"subscribe", "subscriptions", "subscription", subscribe, NULL, 0},
    [JT_EDIT_UNSUBSCRIBE] = {"unsubscribe", "subscriptions", "subscription", take_item, NULL, 0},
    [JT_EDIT_APPROVE] = {"subscription.approve", "subscriptions", "subscription", set_status,
                         "approved", 0},
    [JT_EDIT_REVOKE] = {"subscription.revoke", "subscriptions", "subscription", set_status,
                        "revoked", 0},
};

/* The element of this name: a string, or a subscription's product. */
static bool find(const json_t *elements, struct jt_span name, size_t *out_index)
{
    size_t index;
    const json_t *element;
    json_array_foreach(elements, index, element)
    {
        const json_t *text =
            json_is_object(element) ? json_object_get(element, "product") : element;
        if (jt_span_eq(jt_json_value(text), name)) {
            *out_index = index;
            return true;
        }
    }
    return false;
}

static enum jt_err not_there(const struct jt_edit_list *list, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_NOT_FOUND,
                        "the client has no %s '%.*s'; show it to see what it has",
                        acts[list->act].what, (int)(list->item.n < 256 ? list->item.n : 256),
                        list->item.n == 0 ? "" : (const char *)list->item.p);
}

static enum jt_err add_items(const struct jt_edit_list *list, json_t *elements,
                             struct jt_diag *diag)
{
    size_t index, there;
    json_t *item;
    if (!json_is_array(list->items) || json_array_size(list->items) == 0) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "%s: give a list of at least one",
                            acts[list->act].member);
    }
    /* before they are compared with one another: this is done with the write lock */
    if (json_array_size(list->items) > acts[list->act].max) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "%s: give a list of at most %zu",
                            acts[list->act].member, acts[list->act].max);
    }
    json_array_foreach(list->items, index, item)
    {
        bool known = json_is_string(item) && find(elements, jt_json_value(item), &there);
        if (!known && json_array_append(elements, item) != 0) {
            return JT_ERR_NOMEM;
        }
    }
    return JT_OK;
}

static enum jt_err take_item(const struct jt_edit_list *list, json_t *elements,
                             struct jt_diag *diag)
{
    size_t index;
    if (!find(elements, list->item, &index)) {
        return not_there(list, diag);
    }
    (void)json_array_remove(elements, index); /* the index exists */
    return JT_OK;
}

static enum jt_err subscribe(const struct jt_edit_list *list, json_t *elements,
                             struct jt_diag *diag)
{
    size_t index;
    if (find(elements, list->item, &index)) {
        const json_t *status = json_object_get(json_array_get(elements, index), "status");
        return jt_span_is(jt_json_value(status), "revoked")
                   ? jt_diag_fail(diag, JT_ERR_CONFLICT,
                                  "the subscription was revoked; approve it to give it back")
                   : JT_OK;
    }
    json_t *product =
        json_stringn(list->item.n == 0 ? "" : (const char *)list->item.p, list->item.n);
    return json_array_append_new(elements, product) == 0 ? JT_OK : JT_ERR_NOMEM;
}

static enum jt_err set_status(const struct jt_edit_list *list, json_t *elements,
                              struct jt_diag *diag)
{
    size_t index;
    if (!find(elements, list->item, &index)) {
        return not_there(list, diag);
    }
    json_t *element = json_array_get(elements, index);
    return json_object_set_new(element, "status", json_string(acts[list->act].status)) == 0
               ? JT_OK
               : JT_ERR_NOMEM;
}

enum jt_err jt_edit_list_change(const struct jt_edit_list *list, json_t *client,
                                struct jt_diag *diag)
{
    return acts[list->act].run(list, json_object_get(client, acts[list->act].member), diag);
}

const char *jt_edit_list_action(enum jt_edit_list_act act)
{
    return acts[act].action;
}
