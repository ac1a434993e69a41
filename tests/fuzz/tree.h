/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson's own reader, which is called nowhere else, as the second opinion on a JSON text; and how
 * deep and how large the tree is that it gives.
 */
#ifndef JT_TESTS_FUZZ_TREE_H
#define JT_TESTS_FUZZ_TREE_H

#include "tests/fuzz/fuzz.h"

#include <jansson.h>

/* Levels of objects and arrays; `*size` grows by the values, `json` itself among them. */
static inline size_t tree_measure(const json_t *json, size_t *size)
{
    size_t deepest = 0, index;
    json_t *member;
    (*size)++;
    if (json_is_array(json)) {
        json_array_foreach(json, index, member)
        {
            size_t depth = tree_measure(member, size);
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    if (!json_is_object(json)) {
        return 0;
    }
    void *it = json_object_iter((json_t *)(uintptr_t)json); /* the iterator only reads */
    for (; it != NULL; it = json_object_iter_next((json_t *)(uintptr_t)json, it)) {
        size_t depth = tree_measure(json_object_iter_value(it), size);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

/* NULL when refused; `*out_overflow` tells that it was for a number that no int64 or double has. */
static inline json_t *tree_load(const uint8_t *bytes, size_t n, size_t flags, bool *out_overflow)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)bytes, n, flags | JSON_REJECT_DUPLICATES, &error);
    *out_overflow = json == NULL && json_error_code(&error) == json_error_numeric_overflow;
    return json;
}

#endif
