/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/member.h"

#include <stdlib.h>

#include "common/json/json.h"

#include "common/base/base.h"

/* --- reading --- */

enum jt_err jt_member_read_name(struct jt_pack *pack, const json_t *value, struct jt_span *out_name)
{
    if (!jt_names_is_name(jt_json_value(value))) {
        return jt_pack_fail(pack,
                            "%s1 to 128 of A-Z a-z 0-9 . _ : @ -, the first a letter or digit",
                            json_is_string(value) ? "" : "give a text, in quotes: ");
    }
    *out_name = jt_pack_text(pack, jt_json_value(value));
    return JT_OK;
}

enum jt_err jt_member_read_bool(struct jt_pack *pack, const json_t *value, bool *out_bool)
{
    if (!json_is_boolean(value)) {
        return jt_pack_fail(pack, "give true or false");
    }
    *out_bool = json_is_true(value);
    return JT_OK;
}

struct place {
    struct jt_span text;
    size_t index;
};

static int by_text(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order = jt_span_cmp(a->text, b->text);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

/* Refuses a list of strings in which one stands twice. By sorting: there may be thousands. */
static enum jt_err check_repeats(struct jt_pack *pack, const json_t *array)
{
    size_t n = json_array_size(array), twice = 0;
    struct place *places = calloc(n + 1, sizeof *places);
    if (places == NULL) {
        return JT_ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        places[i] = (struct place){jt_json_value(json_array_get(array, i)), i};
    }
    qsort(places, n, sizeof *places, by_text);
    for (size_t i = 1; twice == 0 && i < n; i++) {
        twice = jt_span_eq(places[i - 1].text, places[i].text) ? places[i].index + 1 : 0;
    }
    free(places);
    return twice == 0 ? JT_OK : jt_pack_fail(pack, "element %zu stands twice; name it once", twice);
}

enum jt_err jt_member_check_words(struct jt_pack *pack, const json_t *value,
                                  const struct jt_member_words *form)
{
    if (!json_is_array(value) || json_array_size(value) > form->max) {
        return jt_pack_fail(pack, "give a list of at most %zu strings", form->max);
    }
    size_t index;
    const json_t *word;
    json_array_foreach(value, index, word)
    {
        if (!form->is_word(jt_json_value(word))) {
            return jt_pack_fail(pack, "element %zu is no such name: %s", index + 1, form->help);
        }
    }
    return check_repeats(pack, value);
}

enum jt_err jt_member_check_grants(struct jt_pack *pack, const json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) > JT_OBJECT_MAX_GRANTS) {
        return jt_pack_fail(pack, "give a list of at most %d grants", JT_OBJECT_MAX_GRANTS);
    }
    size_t index;
    const json_t *item;
    struct jt_grant grant;
    json_array_foreach(value, index, item)
    {
        if (jt_names_parse_grant(jt_json_value(item), &grant) != JT_OK) {
            return jt_pack_fail(pack, "element %zu is not IDENTIFIER#SCOPE or IDENTIFIER",
                                index + 1);
        }
    }
    return check_repeats(pack, value); /* a grant that stood twice would outlive its removal */
}

enum jt_err jt_member_read_owner(struct jt_pack *pack, const json_t *value, void *record)
{
    if (!json_is_string(value) || !jt_names_is_text(jt_json_value(value), JT_OBJECT_MAX_TEXT)) {
        return jt_pack_fail(pack, "give a text%s of at most %d bytes without control characters",
                            json_is_string(value) ? "" : ", in quotes,", JT_OBJECT_MAX_TEXT);
    }
    ((struct jt_object *)record)->owner = jt_pack_place(pack, jt_json_value(value));
    return JT_OK;
}

static enum jt_err read_label(struct jt_pack *pack, const char *name, const json_t *value,
                              struct jt_text label[2])
{
    struct jt_span text = jt_span_str(name);
    if (!jt_names_is_name(text) || text.n > JT_OBJECT_MAX_LABEL_NAME) {
        return jt_pack_fail(pack,
                            "'%.80s' is no name of a label: 1 to %d of A-Z a-z 0-9 . _ : @ -, the "
                            "first a letter or digit",
                            name, JT_OBJECT_MAX_LABEL_NAME);
    }
    if (!json_is_string(value) || !jt_names_is_text(jt_json_value(value), JT_OBJECT_MAX_TEXT)) {
        return jt_pack_fail(pack,
                            "give '%s' a text%s of at most %d bytes without control characters",
                            name, json_is_string(value) ? "" : ", in quotes,", JT_OBJECT_MAX_TEXT);
    }
    label[0] = jt_pack_place(pack, text);
    label[1] = jt_pack_place(pack, jt_json_value(value));
    return JT_OK;
}

enum jt_err jt_member_read_labels(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_object *object = record;
    if (!json_is_object(value) || json_object_size(value) > JT_OBJECT_MAX_LABELS) {
        return jt_pack_fail(pack, "give an object of at most %d labels, {\"NAME\": \"VALUE\"}",
                            JT_OBJECT_MAX_LABELS);
    }
    struct jt_text(*labels)[2] =
        jt_pack_places(pack, json_object_size(value), sizeof *labels, &object->labels);
    json_t *readable = (json_t *)(uintptr_t)value; /* jansson reads it only */
    for (void *iter = json_object_iter(readable); iter != NULL;
         iter = json_object_iter_next(readable, iter)) {
        JT_TRY(read_label(pack, json_object_iter_key(iter), json_object_iter_value(iter),
                          labels[object->n_labels]));
        object->n_labels++;
    }
    return JT_OK;
}

/* --- writing --- */

json_t *jt_member_text(struct jt_span text)
{
    return text.n == 0 ? json_null() : json_stringn((const char *)text.p, text.n);
}

json_t *jt_member_time(int64_t time_s)
{
    return time_s == 0 ? json_null() : json_integer(time_s);
}

json_t *jt_member_grant(struct jt_grant grant)
{
    /* resource, '#' and scope stand side by side in the record, as they did in the document */
    struct jt_span text = grant.resource;
    if (grant.scope.n > 0) {
        text.n += 1 + grant.scope.n;
    }
    return jt_member_text(text);
}

json_t *jt_member_owner(const void *record, bool for_store)
{
    (void)for_store; /* the same for both */
    const struct jt_object *object = record;
    return jt_member_text(jt_object_text(object, object->owner));
}

json_t *jt_member_labels(const void *record, bool for_store)
{
    (void)for_store; /* the same for both */
    const struct jt_object *object = record;
    json_t *labels = json_object();
    for (size_t i = 0; labels != NULL && i < object->n_labels; i++) {
        char name[JT_OBJECT_MAX_LABEL_NAME + 1] = {0};
        const struct jt_label label = jt_object_label_at(object, i);
        memcpy(name, label.name.p, label.name.n);
        struct jt_span value = label.value;
        if (json_object_set_new(labels, name,
                                json_stringn(value.n == 0 ? "" : (const char *)value.p, value.n)) !=
            0) {
            json_decref(labels);
            return NULL;
        }
    }
    return labels;
}
