/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of sections: the rows of their items, their places, and what is refused in them. */
#include "common/conf/conf.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/failing_allocation.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

struct door {
    struct jt_yamldoc_at at;
    char *host, *mode, *deep;
    char **methods;
    int64_t skew_s;
    bool open;
};

struct house {
    char *name, *last;
    struct jt_conf_sections doors, keys;
};

struct key {
    struct jt_yamldoc_at at;
    char *id;
};

#define AT(member)   offsetof(struct house, member)
#define DOOR(member) offsetof(struct door, member)

static const struct jt_conf_row rows[] = {
    {"name", JT_CONF_STRING, AT(name), NULL, 0, 0, false, NULL, "a name"},
    {"doors", JT_CONF_SECTIONS, AT(doors), NULL, sizeof(struct door), 3, true, NULL, "the doors"},
    {"doors[].host", JT_CONF_STRING, DOOR(host), NULL, 0, 0, true, NULL, "whose door"},
    {"doors[].mode", JT_CONF_STRING, DOOR(mode), "in", 0, 0, false, "in out", "which way"},
    {"doors[].methods", JT_CONF_LIST, DOOR(methods), "GET, PUT", 0, 0, false, NULL, "words"},
    {"doors[].skew", JT_CONF_DURATION, DOOR(skew_s), "1m", 0, 300, false, NULL, "a time"},
    {"doors[].open", JT_CONF_BOOL, DOOR(open), NULL, 0, 0, false, NULL, "a switch"},
    {"doors[].sign.text", JT_CONF_STRING, DOOR(deep), NULL, 0, 0, false, NULL, "a word"},
    {"keys", JT_CONF_SECTIONS, AT(keys), NULL, sizeof(struct key), 2, false, NULL, "the keys"},
    {"keys[].id", JT_CONF_STRING, offsetof(struct key, id), NULL, 0, 0, false, NULL, "a word"},
    {"last", JT_CONF_STRING, AT(last), "z", 0, 0, false, NULL, "a word"},
};

static enum jt_err load(const char *text, struct house *out, struct jt_diag *diag)
{
    *diag = (struct jt_diag)JT_DIAG_INIT;
    return jt_conf_load(jt_span_str(text), "a.yaml", rows, JT_COUNT(rows), out, diag);
}

static void release(struct house *house)
{
    jt_conf_release(rows, JT_COUNT(rows), house);
}

static void sections_load_with_defaults_and_places(void **state)
{
    (void)state;
    struct house house;
    struct jt_diag diag;
    assert_ok(load("name: n\n"
                   "doors:\n"
                   "  - host: a\n"
                   "    methods: [HEAD, GET, PUT]\n"
                   "    skew: 5m\n"
                   "  - host: b\n"
                   "    mode: out\n"
                   "    open: true\n"
                   "    sign:\n"
                   "      text: hello\n"
                   "keys:\n"
                   "  - id: k\n"
                   "last: l\n",
                   &house, &diag));
    const struct door *doors = house.doors.items;
    assert_int_equal(house.doors.n, 2);
    assert_string_equal(doors[0].host, "a");
    assert_string_equal(doors[0].mode, "in");
    assert_string_equal(doors[0].methods[2], "PUT");
    assert_null(doors[0].methods[3]);
    assert_int_equal(doors[0].skew_s, 300);
    assert_false(doors[0].open);
    assert_null(doors[0].deep);
    assert_int_equal(doors[0].at.line, 3);
    assert_int_equal(doors[0].at.column, 5);
    assert_string_equal(doors[1].host, "b");
    assert_string_equal(doors[1].mode, "out");
    assert_string_equal(doors[1].methods[1], "PUT");
    assert_null(doors[1].methods[2]);
    assert_int_equal(doors[1].skew_s, 60);
    assert_true(doors[1].open);
    assert_string_equal(doors[1].deep, "hello");
    assert_int_equal(doors[1].at.line, 6);
    assert_int_equal(house.keys.n, 1);
    assert_string_equal(((const struct key *)house.keys.items)[0].id, "k");
    assert_string_equal(house.last, "l");
    release(&house);
    assert_null(house.doors.items);
    assert_null(house.last);
    release(&house);
}

static void sections_load_as_json_and_in_any_order(void **state)
{
    (void)state;
    struct house house;
    struct jt_diag diag;
    assert_ok(load("{\"keys\": [], \"doors\": [{\"host\": \"a\", \"methods\": []}, "
                   "{\"mode\": \"out\", \"host\": \"b\"}], \"name\": \"n\"}",
                   &house, &diag));
    const struct door *doors = house.doors.items;
    assert_int_equal(house.keys.n, 0);
    assert_int_equal(house.doors.n, 2);
    assert_null(doors[0].methods[0]);
    assert_string_equal(doors[1].mode, "out");
    assert_string_equal(house.last, "z");
    release(&house);
}

static const struct {
    const char *bad, *sentence, *mended;
} pairs[] = {
    {"name: a\n", "a.yaml:1:1: the key 'doors' is required; add it: the doors",
     "doors: [{host: a}]\n"},
    {"doors: a\n",
     "a.yaml:1:8: doors: must be a list of sections; write - KEY: VALUE, the other keys indented "
     "below it",
     "doors: [{host: a}]\n"},
    {"doors: [a]\n",
     "a.yaml:1:8: doors: must be a list of sections; write - KEY: VALUE, the other keys indented "
     "below it",
     "doors: [{host: a}]\n"},
    {"doors: [{host: a}, b]\n", "a.yaml:1:20: this list holds sections only; write - KEY: VALUE",
     "doors: [{host: a}, {host: b}]\n"},
    {"doors:\n  - host: a\n  - mode: in\n",
     "a.yaml:3:5: the key 'doors[].host' is required; add it: whose door",
     "doors:\n  - host: a\n  - host: b\n    mode: in\n"},
    {"doors:\n  - host: a\n    hots: b\n",
     "a.yaml:3:5: unknown key 'doors[].hots'; did you mean 'doors[].host'?",
     "doors:\n  - host: a\n    mode: in\n"},
    {"doors:\n  - host: a\n    host: b\n",
     "a.yaml:3:5: key 'doors[].host' stands twice, first on line 2; keep one of them",
     "doors:\n  - host: a\n  - host: b\n"},
    {"doors:\n  - host: a\n    skew: 6m\n",
     "a.yaml:3:11: doors[].skew: '6m' is out of range; choose from 0s to 5m",
     "doors:\n  - host: a\n    skew: 5m\n"},
    {"doors:\n  - host: a\n    methods:\n      - verb: GET\n",
     "a.yaml:4:9: a list holds plain values only; write [a, b]",
     "doors:\n  - host: a\n    methods:\n      - GET\n"},
    {"doors: [{host: a}, {host: b}, {host: c}, {host: d}]\n",
     "a.yaml:1:8: doors: 4 are more than 3", "doors: [{host: a}, {host: b}, {host: c}]\n"},
    {"doors: [{host: a}]\nname: [{host: a}]\n",
     "a.yaml:2:7: name: must be a text; write plain text", "doors: [{host: a}]\nname: b\n"},
    {"doors: [{host: a}]\nnames: [{host: a}]\n",
     "a.yaml:2:1: unknown key 'names'; did you mean 'name'?", "doors: [{host: a}]\nname: b\n"},
    {"doors: [{host: a}]\nextraordinary: b\n",
     "a.yaml:2:1: unknown key 'extraordinary'; known here: name, doors, keys, last",
     "doors: [{host: a}]\nname: b\n"},
    {"doors: [{host: a, sign: {text: {b: c}}}]\n",
     "a.yaml:1:32: sections are nested too deeply; no key stands below this one",
     "doors: [{host: a, sign: {text: b}}]\n"},
};

static void sections_bad_refused_and_mended_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        struct house house;
        struct jt_diag diag;
        assert_err(load(pairs[i].bad, &house, &diag), JT_ERR_CONFIG);
        assert_string_equal(diag.text, pairs[i].sentence);
        release(&house);
        assert_ok(load(pairs[i].mended, &house, &diag));
        release(&house);
    }
}

static void sections_for_a_plain_list_refused(void **state)
{
    (void)state;
    static const struct jt_conf_row one[] = {
        {"tags", JT_CONF_LIST, 0, NULL, 0, 0, false, NULL, "words"}};
    char **tags = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_conf_load(JT_SPAN("tags: [{a: b}]"), "a.yaml", one, 1, &tags, &diag),
               JT_ERR_CONFIG);
    assert_string_equal(diag.text, "a.yaml:1:7: tags: must be a list; write [a, b]");
    assert_ok(jt_conf_load(JT_SPAN("tags: [a, b]"), "a.yaml", one, 1, &tags, &diag));
    jt_conf_release(one, 1, &tags);
}

static void sections_stand_in_the_reference(void **state)
{
    (void)state;
    JT_AUTO(buf) out = JT_BUF_INIT(10000);
    assert_ok(jt_conf_reference(&rows[1], 2, &out));
    assert_string_equal(jt_buf_str(&out),
                        "*doors*\n\tthe doors.++\n(list of sections; required; at most 3)\n\n"
                        "*doors\\[\\].host*\n\twhose door.++\n(text; required)\n\n");
}

/* --- memory: the n-th allocation of ours fails, for every n --- */

static void sections_any_allocation_failing_told(void **state)
{
    (void)state;
    long n = 0;
    for (bool untouched = false; !untouched; n++) {
        struct house house;
        struct jt_diag diag;
        allocations_left = n;
        enum jt_err err = load("doors: [{host: a, methods: [b]}, {host: c}]", &house, &diag);
        untouched = allocations_left >= 0;
        allocations_left = -1;
        assert_err(err, untouched ? JT_OK : JT_ERR_NOMEM);
        release(&house);
    }
    assert_true(n > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_load_with_defaults_and_places),
        cmocka_unit_test(sections_load_as_json_and_in_any_order),
        cmocka_unit_test(sections_bad_refused_and_mended_accepted),
        cmocka_unit_test(sections_for_a_plain_list_refused),
        cmocka_unit_test(sections_stand_in_the_reference),
        cmocka_unit_test(sections_any_allocation_failing_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
