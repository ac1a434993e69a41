/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/apply_report.h"

#include <assert.h>

#include "common/json/json.h"

#include "common/base/base.h"

enum jt_err jt_apply_report_init(struct jt_apply_report *report, bool dry_run)
{
    *report = (struct jt_apply_report){.dry_run = dry_run, .changes = json_array()};
    return report->changes == NULL ? JT_ERR_NOMEM : JT_OK;
}

void jt_apply_report_release(struct jt_apply_report *report)
{
    json_decref(report->changes);
    report->changes = NULL;
}

/* --- members --- */

static bool is_empty(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* Adds `member` when it is not the same in both; what is empty is no more than absent. */
static enum jt_err add_member(json_t *members, const char *member, json_t *from, json_t *to)
{
    bool both = from != NULL && to != NULL;
    if (both ? json_equal(from, to) != 0 : is_empty(from) && is_empty(to)) {
        return JT_OK;
    }
    json_t *row = json_pack("{s:s, s:o, s:o}", "member", member, "from",
                            from == NULL ? json_null() : json_incref(from), "to",
                            to == NULL ? json_null() : json_incref(to));
    return json_array_append_new(members, row) == 0 ? JT_OK : JT_ERR_NOMEM;
}

/* The object as it is, or as it was: a change has one of them. */
static const struct jt_object *subject(const struct jt_object *old, const struct jt_object *object)
{
    const struct jt_object *either = object != NULL ? object : old;
    assert(either != NULL);
    return either;
}

/* What names it, and the secrets, are no difference between two documents of one object. */
static bool is_told(const struct jt_object *old, const struct jt_object *object, bool id_made,
                    const char *member)
{
    bool one = old == NULL || object == NULL;
    enum jt_store_kind kind = subject(old, object)->kind;
    if (kind != JT_STORE_CLIENT) {
        return strcmp(member, jt_object_id_member(kind)) != 0;
    }
    if (strcmp(member, "name") == 0) {
        return !one; /* the change itself is called so */
    }
    return strcmp(member, "secrets") != 0 &&
           (strcmp(member, jt_object_id_member(kind)) != 0 || (one && !id_made));
}

static enum jt_err doc_of(const struct jt_object *object, json_t **out_doc)
{
    return object == NULL ? JT_OK : jt_object_json(object, false, out_doc);
}

static enum jt_err compare(const struct jt_object *old, const struct jt_object *object,
                           bool id_made, json_t *members)
{
    JT_JSON_AUTO json_t *from = NULL;
    JT_JSON_AUTO json_t *to = NULL;
    JT_TRY(doc_of(old, &from));
    JT_TRY(doc_of(object, &to));
    json_t *of = to != NULL ? to : from; /* documents of one kind have the same members */
    for (void *iter = json_object_iter(of); iter != NULL; iter = json_object_iter_next(of, iter)) {
        const char *member = json_object_iter_key(iter);
        if (is_told(old, object, id_made, member)) {
            JT_TRY(add_member(members, member, json_object_get(from, member),
                              json_object_get(to, member)));
        }
    }
    return JT_OK;
}

enum jt_err jt_apply_report_same(const struct jt_object *old, const struct jt_object *object,
                                 bool *out_same)
{
    JT_JSON_AUTO json_t *members = json_array();
    if (members == NULL) {
        return JT_ERR_NOMEM;
    }
    JT_TRY(compare(old, object, true, members));
    *out_same = json_array_size(members) == 0;
    return JT_OK;
}

/* --- changes --- */

static enum jt_err list(struct jt_apply_report *report, const struct jt_object *old,
                        const struct jt_object *object, bool id_made)
{
    const struct jt_object *told = subject(old, object);
    struct jt_span name = jt_object_name(told);
    JT_JSON_AUTO json_t *members = json_array();
    if (members == NULL) {
        return JT_ERR_NOMEM;
    }
    JT_TRY(compare(old, object, id_made, members));
    json_t *change = json_pack("{s:s, s:s%, s:s, s:O}", "kind", jt_object_kind_name(told->kind),
                               "name", (const char *)name.p, name.n, "action",
                               old == NULL      ? "create"
                               : object == NULL ? "delete"
                                                : "update",
                               "members", members);
    if (change == NULL) {
        return JT_ERR_NOMEM;
    }
    report->n_bytes += json_dumpb(change, NULL, 0, JSON_COMPACT);
    return json_array_append_new(report->changes, change) == 0 ? JT_OK : JT_ERR_NOMEM;
}

enum jt_err jt_apply_report_add(struct jt_apply_report *report, const struct jt_object *old,
                                const struct jt_object *object, bool id_made)
{
    size_t *counter = old == NULL      ? &report->created
                      : object == NULL ? &report->deleted
                                       : &report->updated;
    ++*counter;
    report->n_changes++;
    if (json_array_size(report->changes) == JT_APPLY_REPORT_CHANGES ||
        report->n_bytes > JT_APPLY_REPORT_BYTES) {
        return JT_OK;
    }
    return list(report, old, object, id_made);
}

enum jt_err jt_apply_report_json(const struct jt_apply_report *report, json_t **out_json)
{
    json_t *json =
        json_pack("{s:b, s:I, s:I, s:I, s:I, s:O, s:I}", "dry_run", report->dry_run, "created",
                  (json_int_t)report->created, "updated", (json_int_t)report->updated, "deleted",
                  (json_int_t)report->deleted, "unchanged", (json_int_t)report->unchanged,
                  "changes", report->changes, "more",
                  (json_int_t)(report->n_changes - json_array_size(report->changes)));
    *out_json = json;
    return json == NULL ? JT_ERR_NOMEM : JT_OK;
}
