/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of issuer/access share: records and access parts made from JSON text, in which
 * single quotes stand for double ones.
 */
#ifndef JT_TESTS_UNIT_UNIT_ACCESS_H
#define JT_TESTS_UNIT_UNIT_ACCESS_H

#include "tests/unit/unit.h"

#include "common/json/json.h"
#include "issuer/access/access.h"

/* A document, to json_decref. */
static inline json_t *doc_of(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *c = copy; *c != 0; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    json_t *doc = NULL;
    assert_ok(jt_json_load(jt_span_str(copy), JT_JSON_DEPTH, &doc));
    free(copy);
    return doc;
}

/* Parses `text`; on success `*out` is to be freed. */
static inline enum jt_err parse_text(enum jt_store_kind kind, const char *text,
                                     struct jt_object **out, struct jt_diag *diag)
{
    json_t *doc = doc_of(text);
    enum jt_err err = jt_object_parse(kind, doc, out, diag);
    json_decref(doc);
    return err;
}

struct access_row {
    enum jt_store_kind kind;
    const char *text;
};

/* The access part of `rows`, to free. */
static inline struct jt_access *access_of(const struct access_row *rows, size_t n)
{
    struct jt_access_change changes[64];
    struct jt_access *access = NULL;
    assert_true(n <= 64);
    for (size_t i = 0; i < n; i++) {
        struct jt_object *object = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        if (parse_text(rows[i].kind, rows[i].text, &object, &diag) != JT_OK) {
            fail_msg("%s: %s", rows[i].text, diag.text);
        }
        changes[i] = (struct jt_access_change){rows[i].kind, object->id, object};
    }
    assert_ok(jt_access_apply(NULL, changes, n, &access));
    for (size_t i = 0; i < n; i++) {
        jt_object_free(changes[i].object);
    }
    return access;
}

#endif
