/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/route.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static const struct jt_route routes[] = {
    {.method = "GET", .path = "/"},
    {.method = "GET", .path = "/a"},
    {.method = "POST", .path = "/a"},
    {.method = "PUT", .path = "/a/{}"},
    {.method = "GET", .path = "/a/{}"},
    {.method = "DELETE", .path = "/a/{}/b/{}"},
    {.method = "GET", .path = "/a/{}/{}/{}/{}/x"},
    {.method = "POST", .path = "/a/new"},
    {.method = "GET", .path = "/f-{}"},
    {.method = "*", .path = "/any/{*}"},
    {.method = "*", .path = "/one"},
    {.method = "GET", .path = "/named/{of this}/x"},
};

/* route -1: none; 405 when `known`. */
static const struct {
    const char *method, *path;
    int route;
    bool known;
    const char *segments[4];
} rows[] = {
    {"GET", "/", 0, true, {0}},
    {"GET", "/a", 1, true, {0}},
    {"HEAD", "/a", 1, true, {0}},
    {"POST", "/a", 2, true, {0}},
    {"DELETE", "/a", -1, true, {0}},
    {"get", "/a", -1, true, {0}},
    {"BREW", "/a", -1, true, {0}},
    {"GET", "", -1, false, {0}},
    {"GET", "//", -1, false, {0}},
    {"GET", "/A", -1, false, {0}},
    {"GET", "/b", -1, false, {0}},
    {"GET", "/a/", -1, false, {0}},
    {"GET", "//a", -1, false, {0}},
    {"GET", "/%61", -1, false, {0}},
    {"GET", "/ab", -1, false, {0}},
    {"GET", "/a/x", 4, true, {"x"}},
    {"HEAD", "/a/x", 4, true, {"x"}},
    {"PUT", "/a/x", 3, true, {"x"}},
    {"POST", "/a/x", -1, true, {0}},
    {"GET", "/a/x%2Fy", 4, true, {"x%2Fy"}},
    {"GET", "/a/..", 4, true, {".."}},
    {"GET", "/a/x/", -1, false, {0}},
    {"DELETE", "/a/1/b/2", 5, true, {"1", "2"}},
    {"DELETE", "/a//b/2", -1, false, {0}},
    {"DELETE", "/a/1/b/", -1, false, {0}},
    {"DELETE", "/a/1/c/2", -1, false, {0}},
    {"GET", "/a/1/2/3/4/x", 6, true, {"1", "2", "3", "4"}},
    {"POST", "/a/new", 7, true, {0}},
    {"GET", "/a/new", 4, true, {"new"}},
    {"GET", "/f-1", 8, true, {"1"}},
    {"GET", "/f-", -1, false, {0}},
    {"GET", "/named/1/x", 11, true, {"1"}},
    {"GET", "/named//x", -1, false, {0}},
    {"GET", "/named/1", -1, false, {0}},
    {"GET", "/any/", 9, true, {0}},
    {"BREW", "/any//x/../y", 9, true, {0}},
    {"GET", "/any", -1, false, {0}},
    {"GET", "/anyone", -1, false, {0}},
    {"HEAD", "/one", 10, true, {0}},
    {"PATCH", "/one", 10, true, {0}},
    {"PATCH", "/one/", -1, false, {0}},
};

static void find_gives_row_and_segments(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_route_match match;
        jt_route_find(routes, JT_COUNT(routes), rows[i].method, jt_span_str(rows[i].path), &match);
        const struct jt_route *want = rows[i].route < 0 ? NULL : &routes[rows[i].route];
        if (match.route != want || match.path_known != rows[i].known) {
            fail_msg("%s %s", rows[i].method, rows[i].path);
        }
        for (size_t j = 0; want != NULL && j < match.n_segments; j++) {
            assert_non_null(rows[i].segments[j]);
            assert_span(match.segments[j], rows[i].segments[j]);
        }
    }
}

static void allow_lists_the_methods_of_the_path(void **state)
{
    (void)state;
    static const struct {
        const char *path, *allow;
    } paths[] = {{"/", "GET, HEAD"},         {"/a", "GET, HEAD, POST"},
                 {"/a/x", "PUT, GET, HEAD"}, {"/a/new", "PUT, GET, HEAD, POST"},
                 {"/a/1/b/2", "DELETE"},     {"/absent", ""}};
    for (size_t i = 0; i < JT_COUNT(paths); i++) {
        char allow[64];
        jt_route_allow(routes, JT_COUNT(routes), jt_span_str(paths[i].path), allow, sizeof allow);
        assert_string_equal(allow, paths[i].allow);
    }
}

static void allow_without_room_is_cut(void **state)
{
    (void)state;
    char allow[8] = "";
    jt_route_allow(routes, JT_COUNT(routes), JT_SPAN("/a/new"), allow, sizeof allow);
    assert_string_equal(allow, "PUT, GE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_gives_row_and_segments),
        cmocka_unit_test(allow_lists_the_methods_of_the_path),
        cmocka_unit_test(allow_without_room_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
