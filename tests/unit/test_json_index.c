/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_index.h"

#include "common/json/json.h"
#include "common/json/json_lex.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define MAX_TEXT 65536

static struct jt_json_index_entry entries[1024];
static uint8_t arena[MAX_TEXT];
static struct jt_json_index index_ = {entries, 1024, arena, sizeof arena, 0};

static enum jt_err read_span(struct jt_span text)
{
    enum jt_err err = jt_json_index_read(&index_, text);
    assert_true((err == JT_OK) == (index_.n > 0)); /* empty after a failure */
    if (err != JT_OK) {
        assert_null(jt_json_index_find(&index_, JT_SPAN("a")));
    }
    return err;
}

static enum jt_err read_text(const char *text)
{
    return read_span(jt_span_str(text));
}

static const struct jt_json_index_entry *find(const char *name)
{
    const struct jt_json_index_entry *entry = jt_json_index_find(&index_, jt_span_str(name));
    assert_non_null(entry);
    assert_span(entry->name, name);
    return entry;
}

/* Refused, and the text with only that cause repaired. */
static const struct {
    const char *refused, *accepted;
} pairs[] = {
    {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":1}"},
    {"{\"a\":1,\"\":1,\"\":1}", "{\"a\":1,\"\":1,\" \":1}"},
    {"{\"alg\":1,\"\\u0061lg\":2}", "{\"alg\":1,\"\\u0062lg\":2}"}, /* the same name, escaped */
    {"{\"a\":{\"b\":1,\"b\":2}}", "{\"a\":{\"b\":1,\"c\":2}}"},
    {"{\"a\":{\"b\":1},\"c\":2,\"a\":3}", "{\"a\":{\"a\":1},\"c\":2,\"b\":3}"},
    {"{\"x\":[{\"a\":1,\"a\":2}]}", "{\"x\":[{\"a\":1},{\"a\":2}]}"},
    {"{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\\u0001y\"}"},
    {"{\"a\\u0000\":1}", "{\"a\\u0001\":1}"},
    {"{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\\udc00\"}"}, /* half a surrogate pair */
    {"{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\u0041\\u0041\"}"},
    {"{\"a\":\"\\ud800\\ud800\"}", "{\"a\":\"\\ud800\\udfff\"}"},
    {"{\"a\":\"\\ud800xxdc00\"}", "{\"a\":\"\\ud800\\udc00\"}"},
    {"{\"a\":\"\\udc00\"}", "{\"a\":\"\\udbff\\udfff\"}"},
    {"{\"a\":\"\\udc00\\ud800\"}", "{\"a\":\"\\ud800\\udc00\"}"},
    {"{\"a\":\"\\u12\"}", "{\"a\":\"\\u1212\"}"},
    {"{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u12F4\"}"},
    {"{\"a\":\"\\x\"}", "{\"a\":\"\\b\"}"},
    {"{\"a\":\"\\", "{\"a\":\"\\\\\"}"},
    {"{\"a\":\"\\\"}", "{\"a\":\"\\\"\"}"},
    {"{\"a\":\"\xff\"}", "{\"a\":\"\xc3\xbf\"}"},
    {"{\"a\":\"\xc3\"}", "{\"a\":\"\xc3\xbf\"}"},
    {"{\"a\":\"\xc3\\u00bf\"}", "{\"a\":\"\xc3\xbf\\u00bf\"}"},
    {"{\"a\xff\":1}", "{\"a\xc3\xbf\":1}"},
    {"{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xed\x9f\xbf\"}"},
    {"{\"a\":\"\x01\"}", "{\"a\":\" \"}"},
    {"{\"a\":\"eight by\x1ftes\"}", "{\"a\":\"eight by tes\"}"},
    {"{\"a\":1} x", "{\"a\":1} "},
    {"{\"a\":1}\xc2\xa0", "{\"a\":1}\t\r\n "},
    {"{\"a\":1}{}", "{\"a\":1}"},
    {"\xef\xbb\xbf{}", "{}"}, /* RFC 8259 sec. 8.1: no byte order mark */
    {"{\"a\":1,}", "{\"a\":1}"},
    {"{,\"a\":1}", "{\"a\":1}"},
    {"{\"a\":1 \"b\":2}", "{\"a\":1, \"b\":2}"},
    {"{\"a\" 1}", "{\"a\" :1}"},
    {"{\"a\":[1,]}", "{\"a\":[1]}"},
    {"{\"a\":[1}", "{\"a\":[1]}"},
    {"{\"a\":[1}]", "{\"a\":[1]}"},
    {"{a:1}", "{\"a\":1}"},
    {"{'a':1}", "{\"a\":1}"},
    {"{1:1}", "{\"1\":1}"},
    {"{\"a\":01}", "{\"a\":0}"},
    {"{\"a\":-01}", "{\"a\":-0}"},
    {"{\"a\":+1}", "{\"a\":-1}"},
    {"{\"a\":-}", "{\"a\":-1}"},
    {"{\"a\":.5}", "{\"a\":0.5}"},
    {"{\"a\":1.}", "{\"a\":1.0}"},
    {"{\"a\":1e}", "{\"a\":1e0}"},
    {"{\"a\":1e+}", "{\"a\":1E+00}"},
    {"{\"a\":1.5e1.5}", "{\"a\":1.5e-15}"},
    {"{\"a\":0x10}", "{\"a\":10}"},
    {"{\"a\":NaN}", "{\"a\":null}"},
    {"{\"a\":Infinity}", "{\"a\":1e999}"}, /* no number is converted here */
    {"{\"a\":1 /* no */}", "{\"a\":123456789012345678901234567890}"},
    {"{\"a\":True}", "{\"a\":true}"},
    {"{\"a\":truth}", "{\"a\":false}"},
    {"{\"a\":nul", "{\"a\":null}"},
    {"[1]", "{\"a\":[1]}"},
    {"1", "{}"},
    {"\"a\"", "{}"},
    {"", "{}"},
    {" ", " {} "},
    {"{", "{}"},
    {"{\"a\":1", "{\"a\":1}"},
    {"{\"a\":", "{\"a\":1}"},
    {"{\"a", "{\"a\":1}"},
};

static void read_unstrict_text_refused_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        assert_err(read_text(pairs[i].refused), JT_ERR_JSON);
        assert_ok(read_text(pairs[i].accepted));
    }
    assert_err(read_span(JT_SPAN_NONE), JT_ERR_JSON);
    assert_err(read_span(JT_SPAN("{}\0")), JT_ERR_JSON);
    assert_err(read_span(JT_SPAN("\0{}")), JT_ERR_JSON);
    assert_err(read_span(JT_SPAN("{\"a\":1\0}")), JT_ERR_JSON);
    assert_err(read_span(JT_SPAN("{\"a\":\"x\0y\"}")), JT_ERR_JSON);
}

/* What stops a string, at each place of a word of eight bytes and of what is left over. */
static void string_stopped_at_every_place(void **state)
{
    (void)state;
    static const char *const stops[] = {"\x01", "\x1f", "\xff", "\x80", "\\x", "\"\""};
    for (size_t at = 0; at < 20; at++) {
        for (size_t after = 0; after < 20; after++) {
            char text[96];
            for (size_t i = 0; i < JT_COUNT(stops); i++) {
                (void)snprintf(text, sizeof text, "{\"a\":\"%.*s%s%.*s\"}", (int)at,
                               "!#[]~\x7f abcdefghijklmno", stops[i], (int)after,
                               "ABCDEFGHIJKLMNOPQRST");
                assert_err(read_text(text), JT_ERR_JSON);
            }
            (void)snprintf(text, sizeof text, "{\"a\":\"%.*s\\n\xc3\xa9%.*s\"}", (int)at,
                           "!#[]~\x7f abcdefghijklmno", (int)after, "ABCDEFGHIJKLMNOPQRST");
            assert_ok(read_text(text));
            assert_int_equal(find("a")->text.n, at + 3 + after);
        }
    }
}

/* A text ends where it ends, though what stands behind would go on with it. */
static void string_cut_short_refused_whatever_follows(void **state)
{
    (void)state;
    static const char *const texts[] = {"\"plain\"", "\"\\n\"", "\"\\u0041\"", "\"\\ud83d\\ude00\"",
                                        "\"\xc3\xa9\""};
    for (size_t i = 0; i < JT_COUNT(texts); i++) {
        size_t whole = strlen(texts[i]);
        for (size_t n = 0; n <= whole; n++) {
            struct jt_json_lex lex = jt_json_lex_of(jt_span_of(texts[i], n));
            struct jt_span raw;
            bool escaped;
            assert_err(jt_json_lex_string(&lex, &raw, &escaped), n < whole ? JT_ERR_JSON : JT_OK);
        }
    }
}

static void find_tells_type_text_and_raw(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *raw;
        enum jt_json_index_type type;
    } rows[] = {
        {"s", "text", "\"text\"", JT_JSON_INDEX_STRING},
        {"e", "\xc3\xa9\"\\/\b\f\n\r\t\xf0\x9f\x98\x80",
         "\"\\u00E9\\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\uDE00\"", JT_JSON_INDEX_STRING},
        {"", "", "\"\"", JT_JSON_INDEX_STRING},
        {"n", "-1.50e+3", "-1.50e+3", JT_JSON_INDEX_NUMBER},
        {"t", "true", "true", JT_JSON_INDEX_LITERAL},
        {"f", "false", "false", JT_JSON_INDEX_LITERAL},
        {"z", "null", "null", JT_JSON_INDEX_LITERAL},
        {"a", "[ 1 , [ ] ]", "[ 1 , [ ] ]", JT_JSON_INDEX_ARRAY},
        {"o", "{\"s\" : \"inner\"}", "{\"s\" : \"inner\"}", JT_JSON_INDEX_OBJECT},
        {"a name of more than eight bytes", "1", "1", JT_JSON_INDEX_NUMBER},
        {"esc", "2", "2", JT_JSON_INDEX_NUMBER},
    };
    assert_ok(read_text(" { \"s\" : \"text\" , \"e\":\"\\u00E9\\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d"
                        "\\uDE00\",\"\":\"\",\n\"n\":-1.50e+3,\"t\":true,\"f\":false,\"z\":null,"
                        "\"a\":[ 1 , [ ] ],\"o\":{\"s\" : \"inner\"},"
                        "\"a name of more than eight bytes\":1,\"\\u0065\\u0073c\":2} "));
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        const struct jt_json_index_entry *entry = find(rows[i].name);
        assert_int_equal(entry->type, rows[i].type);
        assert_span(entry->text, rows[i].text);
        assert_span(entry->raw, rows[i].raw);
    }
    assert_null(jt_json_index_find(&index_, JT_SPAN("absent")));
    assert_null(jt_json_index_find(&index_, JT_SPAN("inner"))); /* nor what is not a member */
    assert_int_equal(find("a")->n, 2);
    assert_int_equal(find("o")->n, 1);
    assert_span(find("o")[1].name, "s");
    assert_ok(read_text("{}"));
    assert_null(jt_json_index_find(&index_, JT_SPAN("")));
}

static void one_level_too_deep_refused(void **state)
{
    (void)state;
    char text[128];
    for (int levels = JT_JSON_DEPTH - 1; levels <= JT_JSON_DEPTH; levels++) {
        size_t n = (size_t)snprintf(text, sizeof text, "{\"a\":");
        memset(text + n, '[', (size_t)levels);
        memset(text + n + levels, ']', (size_t)levels);
        text[n + 2 * (size_t)levels] = '}';
        struct jt_span span = jt_span_of(text, n + 2 * (size_t)levels + 1);
        assert_err(read_span(span), levels < JT_JSON_DEPTH ? JT_OK : JT_ERR_JSON_DEPTH);
    }
    assert_ok(read_text("{\"a\":[[],[],{},[[]]],\"b\":\"[[[[[[[[[[[[[[[[[[[[[[\"}"));
}

static void one_value_too_many_refused(void **state)
{
    (void)state;
    struct jt_json_index_entry few[4];
    struct jt_json_index small = {few, 4, arena, sizeof arena, 0};
    assert_err(jt_json_index_read(&small, JT_SPAN("{\"a\":[1,2,3]}")), JT_ERR_LIMIT);
    assert_ok(jt_json_index_read(&small, JT_SPAN("{\"a\":[1,2]}")));
    assert_int_equal(small.n, 4);
    assert_err(jt_json_index_read(&small, JT_SPAN("{\"a\":1,\"b\":2,\"c\":3,\"d\":4}")),
               JT_ERR_LIMIT);
    assert_int_equal(small.n, 0);
    assert_ok(jt_json_index_read(&small, JT_SPAN("{\"a\":1,\"b\":2,\"c\":3}")));
    small.max = 0;
    assert_err(jt_json_index_read(&small, JT_SPAN("{}")), JT_ERR_LIMIT);
    small.max = 1;
    assert_ok(jt_json_index_read(&small, JT_SPAN("{}")));
    small.arena_n = 1;
    assert_err(jt_json_index_read(&small, JT_SPAN("{}")), JT_ERR_LIMIT);
}

/* Names of one length whose first and last eight bytes are the same share a key. */
static void names_that_share_a_key_told_apart(void **state)
{
    (void)state;
    assert_ok(read_text("{\"https://a/x/role/of\":1,\"https://a/y/role/of\":2}"));
    assert_span(find("https://a/x/role/of")->text, "1");
    assert_span(find("https://a/y/role/of")->text, "2");
    assert_null(jt_json_index_find(&index_, JT_SPAN("https://a/z/role/of")));
    assert_err(read_text("{\"https://a/x/role/of\":1,\"https://a/x/role/of\":2}"), JT_ERR_JSON);
}

/* {"m0":0,"m1":1 ...}, name `same` repeating the one of number 0; -1 for none. */
static size_t write_members(char *out, const char *head, const char *tail, int n, int same)
{
    size_t len = 0;
    for (int i = 0; i < n; i++) {
        /* names in no order, each once: 7919 is a prime */
        unsigned number = i == same ? 0 : (unsigned)i * 7919 % 10000;
        len += (size_t)snprintf(out + len, MAX_TEXT - len, "%c\"%s%04u%s\":%d", i == 0 ? '{' : ',',
                                head, number, tail, i);
    }
    len += (size_t)snprintf(out + len, MAX_TEXT - len, "}");
    assert_true(len < MAX_TEXT);
    return len;
}

/* Whichever way they are compared, and wherever the second stands. */
static void duplicate_among_many_members_found(void **state)
{
    (void)state;
    static char text[MAX_TEXT];
    static const int counts[] = {2, 3, 15, 16, 17, 18, 19, 33, 100, 1023};
    static const char *const forms[][2] = {
        {"", ""}, {"m", ""}, {"a long head ", " and a long tail"}, {"\\u0061", "\\n"}};
    for (size_t f = 0; f < JT_COUNT(forms); f++) {
        for (size_t c = 0; c < JT_COUNT(counts); c++) {
            int n = counts[c], step = n > 100 ? 97 : 1;
            size_t len = write_members(text, forms[f][0], forms[f][1], n, -1);
            assert_ok(read_span(jt_span_of(text, len)));
            assert_int_equal(index_.entries[0].n, n);
            for (int same = 1; same < n; same += step) {
                len = write_members(text, forms[f][0], forms[f][1], n, same);
                assert_err(read_span(jt_span_of(text, len)), JT_ERR_JSON);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_unstrict_text_refused_repaired_accepted),
        cmocka_unit_test(string_stopped_at_every_place),
        cmocka_unit_test(string_cut_short_refused_whatever_follows),
        cmocka_unit_test(find_tells_type_text_and_raw),
        cmocka_unit_test(one_level_too_deep_refused),
        cmocka_unit_test(one_value_too_many_refused),
        cmocka_unit_test(names_that_share_a_key_told_apart),
        cmocka_unit_test(duplicate_among_many_members_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
