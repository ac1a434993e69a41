/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/yamljson.h"

#include "common/conf/yamlscalar.h"
#include "tests/support/failing_allocation.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

/* All objects of `text` as a list. */
static enum jt_err read_all(struct jt_span text, json_t **out_list, struct jt_diag *diag)
{
    JT_AUTOP(yamljson) reader = NULL;
    JT_JSON_AUTO json_t *list = json_array();
    if (list == NULL) {
        return JT_ERR_NOMEM;
    }
    JT_TRY(jt_yamljson_new(text, "f.yaml", &reader));
    for (;;) {
        json_t *object = NULL;
        JT_TRY(jt_yamljson_next(reader, &object, diag));
        if (object == NULL) {
            break;
        }
        if (json_array_append_new(list, object) != 0) {
            return JT_ERR_NOMEM;
        }
    }
    *out_list = list;
    list = NULL;
    return JT_OK;
}

static void check_reads(const char *text, const char *json)
{
    struct jt_diag diag = JT_DIAG_INIT;
    JT_JSON_AUTO json_t *got = NULL, *want = NULL;
    enum jt_err err = read_all(jt_span_str(text), &got, &diag);
    if (err != JT_OK) {
        print_error("%s\n%s\n", text, diag.text);
    }
    assert_ok(err);
    assert_ok(jt_json_load(jt_span_str(json), JT_JSON_DEPTH + 1, &want));
    if (!json_equal(got, want)) {
        JT_AUTO(buf) shown = JT_BUF_INIT(65536);
        assert_ok(jt_json_dump(got, &shown));
        assert_string_equal(jt_buf_str(&shown), json);
    }
}

static const struct {
    const char *yaml, *json;
} streams[] = {
    {"", "[]"},
    {"# nothing\n", "[]"},
    {"---\n---\n...\n", "[]"},
    {"~\n", "[]"},
    {"[]\n", "[]"},
    {"a: b\n", "[{\"a\":\"b\"}]"},
    {"\xEF\xBB\xBF"
     "a: b\nc: d\n",
     "[{\"a\":\"b\",\"c\":\"d\"}]"}, /* a byte order mark */
    {"a: b\n---\nc: d\n---\n- e: f\n- {g: h}\n",
     "[{\"a\":\"b\"},{\"c\":\"d\"},{\"e\":\"f\"},{\"g\":\"h\"}]"},
    {"%YAML 1.2\n---\na: b\n", "[{\"a\":\"b\"}]"},
    {"- a: [b, c]\n  d:\n  - e\n  - {f: [{g: h}]}\n- {}\n",
     "[{\"a\":[\"b\",\"c\"],\"d\":[\"e\",{\"f\":[{\"g\":\"h\"}]}]},{}]"},
    {"{\"a\": [1, \"2\", null, true], \"b\": {}}", "[{\"a\":[1,\"2\",null,true],\"b\":{}}]"},
    {"a: |\n  x\n  y\n", "[{\"a\":\"x\\ny\\n\"}]"},
    {"a: >-\n  x\n  y\n", "[{\"a\":\"x y\"}]"},
    {"grant: https://a.example/x#read # a comment\n", "[{\"grant\":\"https://a.example/x#read\"}]"},
    {"\xEF\xBB\xBF"
     "a: b\n",
     "[{\"a\":\"b\"}]"},
    {"\xC3\xA9: \xE2\x82\xAC\n", "[{\"\xC3\xA9\":\"\xE2\x82\xAC\"}]"},
    {"a: \"\\u2028\\x41\"\n", "[{\"a\":\"\xE2\x80\xA8"
                              "A\"}]"},
    {"\"1\": a\n'null': b\n", "[{\"1\":\"a\",\"null\":\"b\"}]"},
    {"a: b\r\nc: d\r\n", "[{\"a\":\"b\",\"c\":\"d\"}]"},
};

static void next_streams_of_documents_and_lists_gives_each_object(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(streams); i++) {
        check_reads(streams[i].yaml, streams[i].json);
    }
}

/* What a plain scalar means by YAML 1.2, and where readers of 1.1 would see something else. */
static const struct {
    const char *yaml, *json;
} scalars[] = {
    {"", "null"},
    {"~", "null"},
    {"null", "null"},
    {"Null", "null"},
    {"NULL", "null"},
    {"nULL", "\"nULL\""},
    {"'null'", "\"null\""},
    {"\"\"", "\"\""},
    {"true", "true"},
    {"True", "true"},
    {"TRUE", "true"},
    {"tRUE", "\"tRUE\""},
    {"false", "false"},
    {"False", "false"},
    {"FALSE", "false"},
    {"'false'", "\"false\""},
    {"yes", "\"yes\""},
    {"no", "\"no\""},
    {"on", "\"on\""},
    {"Off", "\"Off\""},
    {"y", "\"y\""},
    {"0", "0"},
    {"7", "7"},
    {"+7", "7"},
    {"-7", "-7"},
    {"007", "7"},
    {"-0", "0"},
    {"'7'", "\"7\""},
    {"0o17", "15"},
    {"0x1F", "31"},
    {"0xg", "\"0xg\""},
    {"0o8", "\"0o8\""},
    {"-0x1", "\"-0x1\""},
    {"0b1", "\"0b1\""},
    {"1_000", "\"1_000\""},
    {"12:30:00", "\"12:30:00\""},
    {"2026-01-02", "\"2026-01-02\""},
    {"1.2.3", "\"1.2.3\""},
    {"1e", "\"1e\""},
    {".", "\".\""},
    {"+", "\"+\""},
    {"1.5", "1.5"},
    {"+1.5", "1.5"},
    {"1.", "1.0"},
    {".5", "0.5"},
    {"-.5", "-0.5"},
    {"1e3", "1000.0"},
    {"00.5E-1", "0.05"},
    {"1.e2", "100.0"},
    {"-", "\"-\""},
    {"inf", "\"inf\""},
    {"9223372036854775807", "9223372036854775807"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"0x7fffffffffffffff", "9223372036854775807"},
    {"+00009223372036854775807", "9223372036854775807"},
};

static void next_plain_scalar_is_what_the_core_schema_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(scalars); i++) {
        char yaml[128], json[128];
        if (strcmp(scalars[i].yaml, "-") == 0) {
            continue; /* begins a list; below as it is */
        }
        (void)snprintf(yaml, sizeof yaml, "a: %s\n", scalars[i].yaml);
        (void)snprintf(json, sizeof json, "[{\"a\":%s}]", scalars[i].json);
        check_reads(yaml, json);
    }
    assert_true(jt_yamlscalar_is_string(JT_SPAN("-")));
    assert_true(jt_yamlscalar_is_string(JT_SPAN("yes")));
    assert_false(jt_yamlscalar_is_string(JT_SPAN("12")));
    assert_false(jt_yamlscalar_is_string(JT_SPAN(".inf")));
    assert_false(jt_yamlscalar_is_string(JT_SPAN_NONE));
}

#define DEEP15 "[[[[[[[[[[[[[[[" /* an object round 15 lists: 16 levels */
#define SHUT15 "]]]]]]]]]]]]]]]"

/* Refused, with words of the sentence; and the text with only that cause repaired. */
static const struct {
    const char *refused, *sentence, *accepted;
} pairs[] = {
    {"a: &x b\n", "f.yaml:1:4: an anchor", "a: '&x b'\n"},
    {"a: *x\n", "f.yaml:1:4: an alias", "a: '*x'\n"},
    {"a: !!str b\n", "f.yaml:1:4: a tag", "a: '!!str b'\n"},
    {"a: !x\n  b: c\n", "f.yaml:1:4: a tag", "a:\n  b: c\n"},
    {"x: 1\n<<: {a: b}\n", "f.yaml:2:1: a merge key", "x: 1\n'<<': {a: b}\n"},
    {"%YAML 1.1\n---\na: b\n", "f.yaml:1:1: this is read as YAML 1.2", "%YAML 1.2\n---\na: b\n"},
    {"%TAG ! tag:x,1:\n---\na: b\n", "f.yaml:1:1: a %TAG directive", "---\na: b\n"},
    {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: key 'a' stands twice", "a: 1\nb: 2\nc: 3\n"},
    {"a: {b: 1, \"b\": 2}\n", "f.yaml:1:11: key 'b' stands twice", "a: {b: 1, c: 2}\n"},
    {"1: a\n", "f.yaml:1:1: a key is a string", "'1': a\n"},
    {"true: a\n", "a key is a string", "yes: a\n"},
    {"~: a\n", "a key is a string", "'~': a\n"},
    {"? [a]\n: b\n", "a key must be one word", "? a\n: b\n"},
    {"a: 9223372036854775808\n", "f.yaml:1:4: no number", "a: '9223372036854775808'\n"},
    {"a: 0xffffffffffffffff\n", "no number", "a: 0xfffffffffffffff\n"},
    {"a: 1e999\n", "no number", "a: 1e99\n"},
    {"a: .inf\n", "no number", "a: '.inf'\n"},
    {"a: -.INF\n", "no number", "a: '-.INF'\n"},
    {"a: .nan\n", "no number", "a: nan\n"},
    {"a: \"x\\0\"\n", "cannot hold a NUL", "a: \"x0\"\n"},
    {"\"a\\0\": x\n", "no member has such a name", "\"a0\": x\n"},
    {"a: \xE2\x80\xA8x\n", "f.yaml:1:4: a character that some take", "a: \"\\u2028x\"\n"},
    {"a: \xC2\x85x\n", "a character that some take", "a: \"\\u0085x\"\n"},
    {"a: \xFF\n", "save the file as plain UTF-8", "a: \xC3\xBF\n"},
    {"a: \xED\xA0\x80\n", "save the file as plain UTF-8", "a: \xED\x9F\xBF\n"},
    {"a: \x01\n", "save the file as plain UTF-8", "a: \"\\x01\"\n"},
    {"b\n", "f.yaml:1:1: an object belongs here", "b:\n"},
    {"- a: 1\n- b\n", "f.yaml:2:3: an object belongs here", "- a: 1\n- b:\n"},
    {"- a: 1\n-\n", "an object belongs here", "- a: 1\n- {}\n"},
    {"- a: 1\n- - b: 1\n", "f.yaml:2:3: a list in the list", "- a: 1\n- b: 1\n"},
    {"a: " DEEP15 "[" SHUT15 "]\n", "nested too deeply", "a: " DEEP15 SHUT15 "\n"},
    {"a: [b\n", "not YAML", "a: [b]\n"},
    {"a: 'b\n", "not YAML", "a: 'b'\n"},
    {"a: b: c\n", "not YAML", "a: 'b: c'\n"},
    {"\ta: b\n", "not YAML", "  a: b\n"},
    {"a: b\n...\nc: d\n", "f.yaml:3:1: not YAML", "a: b\n...\n---\nc: d\n"},
    {"{\"a\": 1}\n{\"b\": 2}\n", "not YAML", "{\"a\": 1}\n---\n{\"b\": 2}\n"},
};

static void next_refused_with_place_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        JT_JSON_AUTO json_t *none = NULL, *list = NULL;
        assert_err(read_all(jt_span_str(pairs[i].refused), &none, &diag), JT_ERR_CONFIG);
        if (strstr(diag.text, pairs[i].sentence) == NULL) {
            assert_string_equal(diag.text, pairs[i].sentence);
        }
        assert_int_equal(strncmp(diag.text, "f.yaml:", 7), 0);
        diag.text[0] = 0;
        enum jt_err err = read_all(jt_span_str(pairs[i].accepted), &list, &diag);
        assert_string_equal(diag.text, "");
        assert_ok(err);
    }
}

static void next_long_key_refused_shorter_accepted(void **state)
{
    (void)state;
    JT_AUTO(buf) text = JT_BUF_INIT(4096);
    for (size_t n = 1024; n <= 1025; n++) {
        struct jt_diag diag = JT_DIAG_INIT;
        JT_JSON_AUTO json_t *list = NULL;
        jt_buf_clear(&text);
        assert_ok(jt_buf_puts(&text, "? "));
        for (size_t i = 0; i < n; i++) {
            assert_ok(jt_buf_putc(&text, 'k'));
        }
        assert_ok(jt_buf_puts(&text, "\n: v\n"));
        assert_err(read_all(jt_buf_span(&text), &list, &diag), n == 1024 ? JT_OK : JT_ERR_CONFIG);
    }
}

/* The objects before a fault are given before it is told, and none after the end. */
static void next_gives_objects_as_it_reads(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    JT_AUTOP(yamljson) reader = NULL;
    JT_JSON_AUTO json_t *first = NULL;
    json_t *second = NULL;
    assert_ok(jt_yamljson_new(JT_SPAN("- a: 1\n- b: ]\n"), "f.yaml", &reader));
    assert_ok(jt_yamljson_next(reader, &first, &diag));
    assert_int_equal(json_integer_value(json_object_get(first, "a")), 1);
    assert_err(jt_yamljson_next(reader, &second, &diag), JT_ERR_CONFIG);

    JT_AUTOP(yamljson) ended = NULL;
    assert_ok(jt_yamljson_new(JT_SPAN("[]"), "f.yaml", &ended));
    for (int i = 0; i < 3; i++) {
        assert_ok(jt_yamljson_next(ended, &second, &diag));
        assert_null(second);
    }
}

static void at_tells_where_members_begin(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    JT_AUTOP(yamljson) reader = NULL;
    json_t *object = NULL;
    assert_ok(jt_yamljson_new(JT_SPAN("- kind: role\n  name: x\n  grants:\n  - a: {name: y}\n"
                                      "- name: z\n"),
                              "f.yaml", &reader));
    assert_ok(jt_yamljson_next(reader, &object, &diag));
    json_decref(object);
    assert_int_equal(jt_yamljson_at(reader, JT_SPAN("kind")).line, 1);
    assert_int_equal(jt_yamljson_at(reader, JT_SPAN("name")).line, 2);
    assert_int_equal(jt_yamljson_at(reader, JT_SPAN("grants")).line, 3);
    assert_int_equal(jt_yamljson_at(reader, JT_SPAN("grants")).column, 3);
    assert_int_equal(jt_yamljson_at(reader, JT_SPAN("owner")).line, 1);
    assert_ok(jt_yamljson_next(reader, &object, &diag));
    json_decref(object);
    assert_int_equal(jt_yamljson_at(reader, JT_SPAN("name")).line, 5);
    assert_int_equal(jt_yamljson_at(reader, JT_SPAN("grants")).line, 5);
}

/* Whatever allocation of ours or of jansson's fails: an error, and nothing kept. */
static void next_without_memory_fails(void **state)
{
    (void)state;
#define TEXT "- a: [1, 'x', {b: ~}]\n  c: 0.5\n- {d: e}\n"
    json_set_alloc_funcs(malloc, free);
    for (long n = 0;; n++) {
        JT_JSON_AUTO json_t *list = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        allocations_left = n;
        enum jt_err err = read_all(JT_SPAN(TEXT), &list, &diag);
        if (allocations_left >= 0) { /* none was left to fail */
            allocations_left = -1;
            assert_ok(err);
            assert_true(n > 20);
            break;
        }
        assert_err(err, JT_ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_streams_of_documents_and_lists_gives_each_object),
        cmocka_unit_test(next_plain_scalar_is_what_the_core_schema_says),
        cmocka_unit_test(next_refused_with_place_repaired_accepted),
        cmocka_unit_test(next_long_key_refused_shorter_accepted),
        cmocka_unit_test(next_gives_objects_as_it_reads),
        cmocka_unit_test(at_tells_where_members_begin),
        cmocka_unit_test(next_without_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
