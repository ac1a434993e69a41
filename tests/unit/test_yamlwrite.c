/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/yamlwrite.h"

#include "common/conf/yamldoc.h"
#include "tests/support/failing_allocation.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define LIMIT 65536

/* What is written for the JSON `text`. */
static void put(const char *text, enum jt_yamlwrite_charset charset, struct jt_buf *out)
{
    json_t *json = NULL;
    assert_ok(jt_json_load(jt_span_str(text), 64, &json));
    assert_ok(jt_yamlwrite_put(json, charset, out));
    json_decref(json);
}

static void values_in_block_style(void **state)
{
    (void)state;
    static const struct {
        const char *json, *yaml;
    } rows[] = {
        {"{}", "{}\n"},
        {"[]", "[]\n"},
        {"{\"name\":\"cart\",\"enabled\":true,\"shared\":false,\"owner\":null}",
         "name: cart\nenabled: true\nshared: false\nowner: null\n"},
        {"{\"zero\":0,\"least\":-9223372036854775808,\"most\":9223372036854775807}",
         "zero: 0\nleast: -9223372036854775808\nmost: 9223372036854775807\n"},
        {"[0.1,1.0,-2.5,1e300,1e-7]", "- 0.1\n- 1.0\n- -2.5\n- 1.0e+300\n- 1.0e-07\n"},
        {"{\"roles\":[\"a\",\"b\"],\"none\":[],\"labels\":{\"team\":\"pay\"},\"claims\":{}}",
         "roles:\n- a\n- b\nnone: []\nlabels:\n  team: pay\nclaims: {}\n"},
        {"[[1,[2]],{\"a\":[{\"b\":1,\"c\":2}]}]", "- - 1\n  - - 2\n- a:\n  - b: 1\n    c: 2\n"},
        {"{\"grants\":[\"https://a.example.com/api#x:read\"],\"file\":\"/etc/a\"}",
         "grants:\n- https://a.example.com/api#x:read\nfile: /etc/a\n"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_buf out = JT_BUF_INIT(LIMIT);
        put(rows[i].json, JT_YAMLWRITE_UTF8, &out);
        assert_string_equal(jt_buf_str(&out), rows[i].yaml);
        jt_buf_release(&out);
    }
}

/* Each as it stands, and beside it the word that is nothing but itself. */
static void strings_that_read_as_something_else_are_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *json, *yaml;
    } rows[] = {
        {"yes", "'yes'"},
        {"yesterday", "yesterday"},
        {"No", "'No'"},
        {"none", "none"},
        {"ON", "'ON'"},
        {"off", "'off'"},
        {"y", "'y'"},
        {"N", "'N'"},
        {"x", "x"},
        {"true", "'true'"},
        {"FALSE", "'FALSE'"},
        {"null", "'null'"},
        {"Null", "'Null'"},
        {"nullable", "nullable"},
        {"~", "'~'"},
        {"", "''"},
        {"<<", "'<<'"},
        {"=", "'='"},
        {"0", "'0'"},
        {"-1", "'-1'"},
        {"+1", "'+1'"},
        {"1_000", "'1_000'"},
        {"1e3", "'1e3'"},
        {"e3", "e3"},
        {".5", "'.5'"},
        {".inf", "'.inf'"},
        {"-.INF", "'-.INF'"},
        {".nan", "'.nan'"},
        {"0x1F", "'0x1F'"},
        {"x1F", "x1F"},
        {"0o17", "'0o17'"},
        {"0b1", "'0b1'"},
        {"12:30:45", "'12:30:45'"},
        {"2026-01-31", "'2026-01-31'"},
        {"-", "'-'"},
        {"- a", "'- a'"},
        {"--- a", "'--- a'"},
        {"a - b", "a - b"},
        {"# a", "'# a'"},
        {"a #b", "'a #b'"},
        {"a#b", "a#b"},
        {"a: b", "'a: b'"},
        {"a:b", "a:b"},
        {"a:", "'a:'"},
        {"{a}", "'{a}'"},
        {"[a]", "'[a]'"},
        {"!a", "'!a'"},
        {"&a", "'&a'"},
        {"*a", "'*a'"},
        {"%a", "'%a'"},
        {"@a", "'@a'"},
        {"`a", "'`a'"},
        {"it's", "it's"},
        {"'a'", "'''a'''"},
        {" a", "' a'"},
        {"a ", "'a '"},
        {"a\\nb", "\"a\\nb\""},
        {"\\n", "\"\\n\""},
        {"a\\u007fb\\u0001", "\"a\\x7Fb\\x01\""},
        {"a\\u0085b", "\"a\\Nb\""},
        {"\\ud83d\\ude00 a", "\"\\U0001F600 a\""},
        {"caf\\u00e9", "caf\303\251"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        char json[128], yaml[160];
        struct jt_buf out = JT_BUF_INIT(LIMIT);
        (void)snprintf(json, sizeof json, "[\"%s\"]", rows[i].json);
        (void)snprintf(yaml, sizeof yaml, "- %s\n", rows[i].yaml);
        put(json, JT_YAMLWRITE_UTF8, &out);
        assert_string_equal(jt_buf_str(&out), yaml);
        jt_buf_release(&out);
    }
}

static void ascii_when_asked_for(void **state)
{
    (void)state;
    struct jt_buf out = JT_BUF_INIT(LIMIT);
    put("{\"a\":\"caf\\u00e9 \\u202e\"}", JT_YAMLWRITE_ASCII, &out);
    assert_string_equal(jt_buf_str(&out), "a: \"caf\\xE9 \\u202E\"\n");
    jt_buf_release(&out);
}

/* Reads the only text of the document back. */
static void assert_reads_back(struct jt_span yaml, struct jt_span text)
{
    struct jt_yamldoc doc = JT_YAMLDOC_INIT;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_yamldoc_parse(yaml, "a.yaml", &doc, &diag));
    assert_int_equal(doc.n, 1);
    assert_int_equal(doc.nodes[0].kind, JT_YAMLDOC_TEXT);
    assert_int_equal(strlen(doc.nodes[0].text), text.n);
    assert_memory_equal(doc.nodes[0].text, text.p, text.n);
    jt_yamldoc_release(&doc);
}

static void assert_survives(const char *bytes, size_t n, enum jt_yamlwrite_charset charset)
{
    json_t *json = json_pack("{s:s%}", "a", bytes, n);
    struct jt_buf out = JT_BUF_INIT(LIMIT);
    assert_non_null(json);
    assert_ok(jt_yamlwrite_put(json, charset, &out));
    assert_reads_back(jt_buf_span(&out), jt_span_of(bytes, n));
    jt_buf_release(&out);
    json_decref(json);
}

/* All strings of one and two ASCII characters, and some of them between words. */
static void strings_read_back_as_they_were(void **state)
{
    (void)state;
    for (int a = 1; a < 128; a++) {
        for (int b = 0; b < 128; b++) {
            char text[] = {(char)a, (char)b, 0};
            char between[] = {'w', (char)a, b == 0 ? 'x' : (char)b, 'w', 0};
            assert_survives(text, strlen(text), JT_YAMLWRITE_UTF8);
            assert_survives(between, 4, JT_YAMLWRITE_UTF8);
        }
    }
    char lengthy[1001];
    for (size_t i = 0; i < 1000; i++) {
        lengthy[i] = i % 7 == 6 ? ' ' : 'a';
    }
    assert_survives(lengthy, 999, JT_YAMLWRITE_UTF8);
    assert_survives("\303\251\342\200\256\360\237\230\200", 9, JT_YAMLWRITE_UTF8);
    assert_survives("\303\251\342\200\256\360\237\230\200", 9, JT_YAMLWRITE_ASCII);
    assert_survives("\357\273\277", 3, JT_YAMLWRITE_UTF8);
}

/* The value of `depth` arrays in each other. */
static json_t *nested(size_t depth)
{
    json_t *json = json_array();
    for (size_t i = 1; i < depth; i++) {
        json_t *outer = json_array();
        assert_int_equal(json_array_append_new(outer, json), 0);
        json = outer;
    }
    return json;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct jt_buf out = JT_BUF_INIT(LIMIT);
    json_t *most = nested(JT_YAMLWRITE_DEPTH), *more = nested(JT_YAMLWRITE_DEPTH + 1);
    assert_ok(jt_yamlwrite_put(most, JT_YAMLWRITE_UTF8, &out));
    size_t len = out.len;
    assert_err(jt_yamlwrite_put(more, JT_YAMLWRITE_UTF8, &out), JT_ERR_JSON_DEPTH);
    assert_int_equal(out.len, len);
    jt_buf_release(&out);
    json_decref(most);
    json_decref(more);
}

/* The emitter keeps 16 KiB to itself: a longer text meets the limit while it is written. */
static void a_full_buffer_stays_as_it_was(void **state)
{
    (void)state;
    json_t *json = json_array();
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(json_array_append_new(json, json_string("word")), 0);
    }
    struct jt_buf out = JT_BUF_INIT(70000);
    assert_ok(jt_buf_puts(&out, "---\n"));
    assert_err(jt_yamlwrite_put(json, JT_YAMLWRITE_UTF8, &out), JT_ERR_LIMIT);
    assert_string_equal(jt_buf_str(&out), "---\n");
    out.max = 70004;
    assert_ok(jt_yamlwrite_put(json, JT_YAMLWRITE_UTF8, &out));
    assert_int_equal(out.len, 70004);
    jt_buf_release(&out);
    json_decref(json);
}

static void memory_out_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    json_t *json = json_pack("{s:[s]}", "a", "b");
    enum jt_err err = JT_ERR_NOMEM;
    for (long n = 0; err != JT_OK && n < 100; n++) {
        struct jt_buf out = JT_BUF_INIT(LIMIT);
        allocations_left = n;
        err = jt_yamlwrite_put(json, JT_YAMLWRITE_UTF8, &out);
        allocations_left = -1;
        assert_true(err == JT_OK || (err == JT_ERR_NOMEM && out.len == 0));
        jt_buf_release(&out);
    }
    assert_ok(err);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_in_block_style),
        cmocka_unit_test(strings_that_read_as_something_else_are_quoted),
        cmocka_unit_test(ascii_when_asked_for),
        cmocka_unit_test(strings_read_back_as_they_were),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_full_buffer_stays_as_it_was),
        cmocka_unit_test(memory_out_leaves_the_buffer_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
