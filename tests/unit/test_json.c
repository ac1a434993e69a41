/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json.h"

#include <dirent.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

static enum jt_err load(struct jt_span text, size_t max_depth)
{
    json_t *const untouched = json_true();
    JT_JSON_AUTO json_t *json = NULL;
    json_t *out = untouched;
    enum jt_err err = jt_json_load(text, max_depth, &out);
    if (err == JT_OK) {
        json = out;
    } else {
        assert_ptr_equal(out, untouched); /* written only on success */
    }
    return err;
}

/* Refused, and the text with only that cause repaired. */
static const struct {
    const char *refused, *accepted;
} pairs[] = {
    {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":1}"},
    {"{\"alg\":1,\"\\u0061lg\":2}", "{\"alg\":1,\"\\u0062lg\":2}"}, /* the same name, escaped */
    {"{\"a\":{\"b\":1,\"b\":2}}", "{\"a\":{\"b\":1,\"c\":2}}"},
    {"[{\"a\":1,\"a\":2}]", "[{\"a\":1},{\"a\":2}]"},
    {"{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\\u0001y\"}"},
    {"{\"a\\u0000\":1}", "{\"a\\u0001\":1}"},
    {"{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\\udc00\"}"}, /* half a surrogate pair */
    {"{\"a\":\"\\udc00\"}", "{\"a\":\"\\udbff\\udfff\"}"},
    {"{\"a\":\"\\ud800xxdc00\"}", "{\"a\":\"\\ud800\\udc00\"}"},
    {"{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\ud800\\udc41\"}"},
    {"{\"a\":\"\\ud800\\ue000\"}", "{\"a\":\"\\ud800\\udfff\"}"},
    {"{\"a\":\"\\q\"}", "{\"a\":\"\\\\q\"}"},
    {"{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u12f4\"}"},
    {"{\"a\":\"\xff\"}", "{\"a\":\"\xc3\xbf\"}"},
    {"{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xed\x9f\xbf\"}"},
    {"{\"a\":\"\x01\"}", "{\"a\":\" \"}"},
    {"{\"a\":1} x", "{\"a\":1} "},
    {"{\"a\":1}{}", "{\"a\":1}"},
    {"\xef\xbb\xbf{}", "{}"}, /* RFC 8259 sec. 8.1: no byte order mark */
    {"{\"a\":1,}", "{\"a\":1}"},
    {"{a:1}", "{\"a\":1}"},
    {"{'a':1}", "{\"a\":1}"},
    {"{\"a\":01}", "{\"a\":1}"},
    {"{\"a\":+1}", "{\"a\":-1}"},
    {"[1.]", "[1.0]"},
    {"[1.e5]", "[1.0e5]"},
    {"[.5]", "[0.5]"},
    {"[1e]", "[1e1]"},
    {"[-]", "[-1]"},
    {"[1 2]", "[1,2]"},
    {"{\"a\" 1}", "{\"a\":1}"},
    {"{\"a\":NaN}", "{\"a\":null}"},
    {"{\"a\":1e999}", "{\"a\":1e99}"},
    {"{\"a\":9223372036854775808}", "{\"a\":9223372036854775807}"},
    {"{\"a\":-9223372036854775809}", "{\"a\":-9223372036854775808}"},
    {"{\"a\":1 /* no */}", "{\"a\":1}"},
    {"{\"a\":True}", "{\"a\":true}"},
    {"1", "[1]"},
    {"\"a\"", "[\"a\"]"},
    {"null", "[null]"},
    {"", "{}"},
    {" ", " {} "},
    {"{\"a\":1", "{\"a\":1}"},
};

static void load_unstrict_text_refused_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        assert_err(load(jt_span_str(pairs[i].refused), JT_JSON_DEPTH), JT_ERR_JSON);
        assert_ok(load(jt_span_str(pairs[i].accepted), JT_JSON_DEPTH));
    }
    assert_err(load(JT_SPAN_NONE, JT_JSON_DEPTH), JT_ERR_JSON);
    assert_err(load(JT_SPAN("{}\0"), JT_JSON_DEPTH), JT_ERR_JSON);
    assert_err(load(JT_SPAN("[1\0]"), JT_JSON_DEPTH), JT_ERR_JSON); /* jansson's own takes it */
    assert_err(load(JT_SPAN("{\"a\":\"x\0y\"}"), JT_JSON_DEPTH), JT_ERR_JSON);
}

static void load_one_level_too_deep_refused(void **state)
{
    (void)state;
    assert_err(load(JT_SPAN("[[[[]]]]"), 3), JT_ERR_JSON_DEPTH);
    assert_ok(load(JT_SPAN("[[[[]]]]"), 4));
    assert_err(load(JT_SPAN("{\"a\":[{\"b\":{}}]}"), 3), JT_ERR_JSON_DEPTH);
    assert_ok(load(JT_SPAN("{\"a\":[{\"b\":{}}]}"), 4));
    assert_ok(load(JT_SPAN("[[],[],{},[[]]]"), 3)); /* closed levels do not add up */
    assert_ok(
        load(JT_SPAN("[\"[[[[\",\"\\\"[[[[\",\"\\\\\"]"), 1)); /* nor do brackets in strings */
}

/* A megabyte of opening brackets is refused before anything recurses over it. */
static void load_a_million_levels_refused(void **state)
{
    (void)state;
    static char text[1 << 20];
    memset(text, '[', sizeof text);
    assert_err(load(jt_span_of(text, sizeof text), JT_JSON_DEPTH), JT_ERR_JSON_DEPTH);
}

static void load_object_of_an_array_refused(void **state)
{
    (void)state;
    JT_JSON_AUTO json_t *json = NULL;
    assert_err(jt_json_load_object(JT_SPAN("[]"), JT_JSON_DEPTH, &json), JT_ERR_JSON);
    assert_null(json);
    assert_ok(jt_json_load_object(JT_SPAN("{}"), JT_JSON_DEPTH, &json));
    assert_true(json_is_object(json));
}

static void string_absent_other_type_and_present_told_apart(void **state)
{
    (void)state;
    JT_JSON_AUTO json_t *json = NULL;
    assert_ok(jt_json_load_object(JT_SPAN("{\"s\":\"text\",\"e\":\"\",\"n\":1,\"z\":null}"),
                                  JT_JSON_DEPTH, &json));
    struct jt_span text = JT_SPAN("kept");
    assert_err(jt_json_string(json, "absent", &text), JT_ERR_NOT_FOUND);
    assert_err(jt_json_string(json, "n", &text), JT_ERR_JSON);
    assert_err(jt_json_string(json, "z", &text), JT_ERR_JSON);
    assert_span(text, "kept");
    assert_ok(jt_json_string(json, "s", &text));
    assert_span(text, "text");
    assert_ok(jt_json_string(json, "e", &text));
    assert_span(text, "");
    assert_span(jt_json_value(json_object_get(json, "s")), "text");
    assert_span(jt_json_value(json_object_get(json, "n")), "");
    assert_span(jt_json_value(NULL), "");
}

static void put_string_comes_back_as_it_was(void **state)
{
    (void)state;
    uint8_t all[127 + 6];
    for (size_t i = 0; i < 127; i++) {
        all[i] = (uint8_t)(i + 1); /* every ASCII character but NUL */
    }
    memcpy(all + 127, "\xc3\xa9\xf0\x90\x80\x80", 6);
    JT_AUTO(buf) out = JT_BUF_INIT(1024);
    assert_ok(jt_buf_puts(&out, "["));
    assert_ok(jt_json_put_string(&out, jt_span_of(all, sizeof all)));
    assert_ok(jt_buf_puts(&out, ","));
    assert_ok(jt_json_put_string(&out, JT_SPAN_NONE));
    assert_ok(jt_buf_puts(&out, "]"));
    for (size_t i = 0; i < out.len; i++) {
        assert_true(out.p[i] >= 0x20); /* RFC 8259 sec. 7 */
    }
    JT_JSON_AUTO json_t *json = NULL;
    assert_ok(jt_json_load(jt_buf_span(&out), 1, &json));
    struct jt_span back = jt_json_value(json_array_get(json, 0));
    assert_true(jt_span_eq(back, jt_span_of(all, sizeof all)));
    assert_int_equal(json_string_length(json_array_get(json, 1)), 0);
}

static void put_string_and_dump_past_max_refused(void **state)
{
    (void)state;
    JT_JSON_AUTO json_t *json = NULL;
    assert_ok(jt_json_load(JT_SPAN("{ \"b\" : [1, 2.5, \"x\"] }"), JT_JSON_DEPTH, &json));
    JT_AUTO(buf) small = JT_BUF_INIT(10), enough = JT_BUF_INIT(64);
    assert_err(jt_json_dump(json, &small), JT_ERR_LIMIT);
    assert_ok(jt_json_dump(json, &enough));
    assert_string_equal(jt_buf_str(&enough), "{\"b\":[1,2.5,\"x\"]}");
    jt_buf_clear(&small);
    assert_err(jt_json_put_string(&small, JT_SPAN("123456789")), JT_ERR_LIMIT);
    jt_buf_clear(&small);
    assert_ok(jt_json_put_string(&small, JT_SPAN("12345678")));
}

/* jansson does not look at whether a member's name was put: the rest would pass for the whole. */
static void dump_past_max_at_any_byte_refused(void **state)
{
    (void)state;
    JT_JSON_AUTO json_t *json = NULL;
    const char *text = "{\"b\":[1,\"x\"],\"c\":{\"another\":1},\"a long name\":1}";
    assert_ok(jt_json_load(jt_span_str(text), JT_JSON_DEPTH, &json));
    for (size_t max = 0; max <= strlen(text); max++) {
        JT_AUTO(buf) out = JT_BUF_INIT(max);
        assert_err(jt_json_dump(json, &out), max < strlen(text) ? JT_ERR_LIMIT : JT_OK);
    }
}

/* JSONTestSuite: n_ must be refused, y_ accepted when they are what this loader takes; i_ may be
 * either, but must end. */
static size_t read_file(const char *dir, const char *name, uint8_t *out, size_t max)
{
    char path[4096 + 256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name); /* cut: fopen fails */
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(out, 1, max, file);
    assert_true(n < max);
    assert_int_equal(fclose(file), 0);
    return n;
}

static uint8_t first_character(struct jt_span text)
{
    size_t i = 0;
    while (i < text.n && strchr(" \t\r\n", text.p[i]) != NULL && text.p[i] != 0) {
        i++;
    }
    return i < text.n ? text.p[i] : 0;
}

static void test_suite_n_refused_y_accepted(void **state)
{
    (void)state;
    const char *vectors = getenv("JETON_VECTORS");
    char dir[4096];
    (void)snprintf(dir, sizeof dir, "%s/json-test-suite/test_parsing",
                   vectors != NULL ? vectors : JT_VECTORS_DIR); /* cut: opendir fails */
    DIR *files = opendir(dir);
    if (files == NULL) {
        print_message("JSONTestSuite is not at %s: left out\n", dir);
        skip();
    }
    static uint8_t bytes[1 << 20];
    size_t n_refused = 0, n_accepted = 0, n_scalars = 0, n_either = 0;
    for (const struct dirent *e = readdir(files); e != NULL; e = readdir(files)) {
        if (strstr(e->d_name, ".json") == NULL) {
            continue;
        }
        struct jt_span text = {bytes, read_file(dir, e->d_name, bytes, sizeof bytes)};
        bool accepted = load(text, JT_JSON_DEPTH) == JT_OK;
        uint8_t first = first_character(text);
        bool want = e->d_name[0] == 'y' && (first == '{' || first == '[') &&
                    strstr(e->d_name, "duplicated_key") == NULL &&
                    strstr(e->d_name, "null_escape") == NULL &&
                    strstr(e->d_name, "escaped_null") == NULL;
        n_either += e->d_name[0] == 'i';
        n_scalars += e->d_name[0] == 'y' && !want;
        n_refused += e->d_name[0] == 'n' && !accepted;
        n_accepted += want && accepted;
        if (e->d_name[0] != 'i' && accepted != want) {
            fail_msg("%s: %s", e->d_name, accepted ? "accepted" : "refused");
        }
    }
    assert_int_equal(closedir(files), 0);
    print_message("JSONTestSuite: %zu n_ refused, %zu y_ accepted, %zu y_ refused on purpose "
                  "(scalars, duplicate members, NUL), %zu i_ ended\n",
                  n_refused, n_accepted, n_scalars, n_either);
    assert_true(n_refused > 100 && n_accepted > 50);
}

static void next_takes_documents_off_the_front(void **state)
{
    (void)state;
    struct jt_span rest = JT_SPAN(" {\"a\":1}\n{\"b\":[2]} [] {\"c\":x}");
    static const char *const want[] = {"{\"a\":1}", "{\"b\":[2]}", "[]"};
    for (size_t i = 0; i < JT_COUNT(want); i++) {
        JT_JSON_AUTO json_t *json = NULL;
        JT_AUTO(buf) shown = JT_BUF_INIT(64);
        assert_ok(jt_json_next(&rest, JT_JSON_DEPTH, &json));
        assert_ok(jt_json_dump(json, &shown));
        assert_string_equal(jt_buf_str(&shown), want[i]);
    }
    assert_span(rest, "{\"c\":x}"); /* the white space is passed */
    json_t *none = NULL;
    assert_err(jt_json_next(&rest, JT_JSON_DEPTH, &none), JT_ERR_JSON);
    assert_span(rest, "x}"); /* where the fault is */
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_takes_documents_off_the_front),
        cmocka_unit_test(load_unstrict_text_refused_repaired_accepted),
        cmocka_unit_test(load_one_level_too_deep_refused),
        cmocka_unit_test(load_a_million_levels_refused),
        cmocka_unit_test(load_object_of_an_array_refused),
        cmocka_unit_test(string_absent_other_type_and_present_told_apart),
        cmocka_unit_test(put_string_comes_back_as_it_was),
        cmocka_unit_test(put_string_and_dump_past_max_refused),
        cmocka_unit_test(dump_past_max_at_any_byte_refused),
        cmocka_unit_test(test_suite_n_refused_y_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
