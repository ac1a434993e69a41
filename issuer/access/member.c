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

enum jt_err jt_member_read_words(struct jt_pack *pack, const json_t *value,
                                 const struct jt_member_words *form, struct jt_span **out_words,
                                 size_t *out_n)
{
    if (!json_is_array(value) || json_array_size(value) > form->max) {
        return jt_pack_fail(pack, "give a list of at most %zu strings", form->max);
    }
    struct jt_span *words = jt_pack_array(pack, json_array_size(value), sizeof *words);
    size_t index;
    const json_t *word;
    json_array_foreach(value, index, word)
    {
        if (!form->is_word(jt_json_value(word))) {
            return jt_pack_fail(pack, "element %zu is no such name: %s", index + 1, form->help);
        }
        words[index] = jt_pack_text(pack, jt_json_value(word));
    }
    *out_words = words;
    *out_n = json_array_size(value);
    return check_repeats(pack, value);
}

enum jt_err jt_member_read_grants(struct jt_pack *pack, const json_t *value,
                                  struct jt_grant **out_grants, size_t *out_n)
{
    if (!json_is_array(value) || json_array_size(value) > JT_OBJECT_MAX_GRANTS) {
        return jt_pack_fail(pack, "give a list of at most %d grants", JT_OBJECT_MAX_GRANTS);
    }
    struct jt_grant *grants = jt_pack_array(pack, json_array_size(value), sizeof *grants);
    size_t index;
    const json_t *item;
    json_array_foreach(value, index, item)
    {
        struct jt_span text = jt_pack_text(pack, jt_json_value(item));
        if (jt_names_parse_grant(text, &grants[index]) != JT_OK) {
            return jt_pack_fail(pack, "element %zu is not IDENTIFIER#SCOPE or IDENTIFIER",
                                index + 1);
        }
    }
    *out_grants = grants;
    *out_n = json_array_size(value);
    return check_repeats(pack, value); /* a grant that stood twice would outlive its removal */
}

enum jt_err jt_member_read_owner(struct jt_pack *pack, const json_t *value, void *record)
{
    if (!json_is_string(value) || !jt_names_is_text(jt_json_value(value), JT_OBJECT_MAX_TEXT)) {
        return jt_pack_fail(pack, "give a text%s of at most %d bytes without control characters",
                            json_is_string(value) ? "" : ", in quotes,", JT_OBJECT_MAX_TEXT);
    }
    ((struct jt_object *)record)->owner = jt_pack_text(pack, jt_json_value(value));
    return JT_OK;
}

static enum jt_err read_label(struct jt_pack *pack, const char *name, const json_t *value,
                              struct jt_label *label)
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
    *label = (struct jt_label){jt_pack_text(pack, text), jt_pack_text(pack, jt_json_value(value))};
    return JT_OK;
}

enum jt_err jt_member_read_labels(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_object *object = record;
    if (!json_is_object(value) || json_object_size(value) > JT_OBJECT_MAX_LABELS) {
        return jt_pack_fail(pack, "give an object of at most %d labels, {\"NAME\": \"VALUE\"}",
                            JT_OBJECT_MAX_LABELS);
    }
    object->labels = jt_pack_array(pack, json_object_size(value), sizeof *object->labels);
    json_t *readable = (json_t *)(uintptr_t)value; /* jansson reads it only */
    for (void *iter = json_object_iter(readable); iter != NULL;
         iter = json_object_iter_next(readable, iter)) {
        JT_TRY(read_label(pack, json_object_iter_key(iter), json_object_iter_value(iter),
                          &object->labels[object->n_labels]));
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

json_t *jt_member_words(const struct jt_span *words, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < n; i++) {
        if (json_array_append_new(array, jt_member_text(words[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

json_t *jt_member_grants(const struct jt_grant *grants, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < n; i++) {
        /* resource, '#' and scope stand side by side in the record, as they did in the document */
        struct jt_span text = grants[i].resource;
        if (grants[i].scope.n > 0) {
            text.n += 1 + grants[i].scope.n;
        }
        if (json_array_append_new(array, jt_member_text(text)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

json_t *jt_member_owner(const void *record, bool for_store)
{
    (void)for_store; /* the same for both */
    return jt_member_text(((const struct jt_object *)record)->owner);
}

json_t *jt_member_labels(const void *record, bool for_store)
{
    (void)for_store; /* the same for both */
    const struct jt_object *object = record;
    json_t *labels = json_object();
    for (size_t i = 0; labels != NULL && i < object->n_labels; i++) {
        char name[JT_OBJECT_MAX_LABEL_NAME + 1] = {0};
        memcpy(name, object->labels[i].name.p, object->labels[i].name.n);
        struct jt_span value = object->labels[i].value;
        if (json_object_set_new(labels, name,
                                json_stringn(value.n == 0 ? "" : (const char *)value.p, value.n)) !=
            0) {
            json_decref(labels);
            return NULL;
        }
    }
    return labels;
}
