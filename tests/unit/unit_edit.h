/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of edits share: edits of the desk's issuer from JSON text, and what is shown and
 * stored after them.
 */
#ifndef JT_TESTS_UNIT_UNIT_EDIT_H
#define JT_TESTS_UNIT_UNIT_EDIT_H

#include "tests/unit/unit_issuer.h"

#include "issuer/access/client_secret.h"
#include "issuer/edit.h"
#include "issuer/view.h"

static const struct jt_actor actor = {.name = "test"};
static const struct jt_edit_how how = {.actor = &actor};

/* --- edits --- */

static inline enum jt_err create_how(const struct jt_edit_how *as, enum jt_store_kind kind,
                                     const char *text, struct jt_edit_result *out,
                                     struct jt_diag *diag)
{
    json_t *doc = doc_of(text);
    enum jt_err err = jt_edit_create(desk.issuer, as, kind, doc, out, diag);
    json_decref(doc);
    return err;
}

static inline enum jt_err create(enum jt_store_kind kind, const char *text, json_t **out_view,
                                 struct jt_diag *diag)
{
    struct jt_edit_result result = {0};
    enum jt_err err = create_how(&how, kind, text, &result, diag);
    if (out_view != NULL) {
        *out_view = result.view;
    } else {
        json_decref(result.view);
    }
    return err;
}

static inline enum jt_err patch_how(const struct jt_edit_how *as, enum jt_store_kind kind,
                                    const char *id, const char *text, struct jt_diag *diag)
{
    json_t *doc = doc_of(text);
    enum jt_err err = jt_edit_patch(desk.issuer, as, kind, jt_span_str(id), doc, NULL, diag);
    json_decref(doc);
    return err;
}

static inline enum jt_err patch(enum jt_store_kind kind, const char *id, const char *text,
                                struct jt_diag *diag)
{
    return patch_how(&how, kind, id, text, diag);
}

static inline enum jt_err remove_object(enum jt_store_kind kind, const char *id,
                                        struct jt_diag *diag)
{
    return jt_edit_delete(desk.issuer, &how, kind, jt_span_str(id), diag);
}

/* An act on one element of the list of the client `id`. */
static inline enum jt_err act_how(const struct jt_edit_how *as, const char *id,
                                  enum jt_edit_list_act act, const char *item, struct jt_diag *diag)
{
    json_t *items = json_pack("[s]", item);
    const struct jt_edit_list list = {act, items, jt_span_str(item)};
    enum jt_err err = jt_edit_list(desk.issuer, as, jt_span_str(id), &list, NULL, diag);
    json_decref(items);
    return err;
}

static inline enum jt_err act(const char *id, enum jt_edit_list_act what, const char *item,
                              struct jt_diag *diag)
{
    return act_how(&how, id, what, item, diag);
}

/* --- what there is --- */

static inline const struct jt_object *object_of(enum jt_store_kind kind, const char *id)
{
    return jt_view_find(desk_root()->access, kind, jt_span_str(id));
}

static inline int64_t version_of(enum jt_store_kind kind, const char *id)
{
    const struct jt_object *object = object_of(kind, id);
    assert_non_null(object);
    return object->version;
}

static inline json_t *view_of(enum jt_store_kind kind, const char *id)
{
    json_t *view = NULL;
    enum jt_err err = jt_view_object(desk_root()->access, kind, jt_span_str(id), &view);
    return err == JT_OK ? view : NULL;
}

/* The object as shown now is `text`. */
static inline void assert_view(enum jt_store_kind kind, const char *id, const char *text)
{
    json_t *want = doc_of(text), *got = view_of(kind, id);
    assert_non_null(got);
    if (json_equal(want, got) == 0) {
        char *dump = json_dumps(got, JSON_COMPACT);
        fail_msg("%s", dump);
    }
    json_decref(want);
    json_decref(got);
}

/* One member of the object as shown now is `text`. */
static inline void assert_member(enum jt_store_kind kind, const char *id, const char *member,
                                 const char *text)
{
    char list[1024];
    (void)snprintf(list, sizeof list, "[%s]", text);
    json_t *want = doc_of(list), *view = view_of(kind, id);
    assert_non_null(view);
    if (json_equal(json_array_get(want, 0), json_object_get(view, member)) == 0) {
        char *dump = json_dumps(view, JSON_COMPACT);
        fail_msg("%s is not %s: %s", member, text, dump);
    }
    json_decref(want);
    json_decref(view);
}

static inline const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

/* The id of the `index`-th secret of a client's view. */
static inline const char *secret_id(const json_t *view, size_t index)
{
    return text_of(json_array_get(json_object_get(view, "secrets"), index), "id");
}

/* Does `secret` let the client in, now? */
static inline enum jt_err authenticate(const char *name, const char *secret)
{
    const struct jt_client *client = jt_access_client_named(desk_root()->access, jt_span_str(name));
    JT_AUTOP(hasher) hasher = NULL;
    assert_ok(jt_hasher_new(jt_secret_span(&desk.issuer->pepper), &hasher));
    return jt_client_secret_check(hasher, client, jt_span_str(secret), desk.clock.wall_s);
}

#endif
