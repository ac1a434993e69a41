/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_pick.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static json_t *sample(void)
{
    json_t *json = NULL;
    assert_ok(jt_json_load(JT_SPAN("{\"a\":1,\"a.b\":{\"c\":2,\"\":3},\"list\":[[4],{\"a\":5}],"
                                   "\"\":6,\"s\":\"text\",\"a.b.c\":7}"),
                           JT_JSON_DEPTH, &json));
    return json;
}

static void path_that_is_there_found(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int number;
    } rows[] = {{"a", 1},        {"a.b.c", 7}, {"a.b.", 3},      {"list.0.0", 4},
                {"list.1.a", 5}, {"", 6},      {"list.000.0", 4}};
    json_t *json = sample();
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        const json_t *found = jt_cli_pick_find(rows[i].path, json);
        assert_int_equal(json_integer_value(found), rows[i].number);
    }
    json_decref(json);
}

static void path_that_is_not_there_null(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "b",      "a.x",     "a.b.d",     "list.2", "list.-1", "list. 0",    "list.0x0",
        "list.a", "list.0.", "list.1.a.", "s.0",    "s.",      "list.0.0.0", "list.9999999999",
        ".a",     "a.b.c.",  "list..0"};
    json_t *json = sample();
    for (size_t i = 0; i < JT_COUNT(paths); i++) {
        assert_null(jt_cli_pick_find(paths[i], json));
    }
    assert_null(jt_cli_pick_find("a", json_object_get(json, "s")));
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_that_is_there_found),
        cmocka_unit_test(path_that_is_not_there_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
