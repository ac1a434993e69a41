/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/judge/payload.h"

#include <dirent.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define MAX_TEXT (1 << 18)

static struct jt_payload claims;

static int make_room(void **state)
{
    (void)state;
    return jt_payload_init(&claims, MAX_TEXT) == JT_OK ? 0 : -1;
}

static int give_up_room(void **state)
{
    (void)state;
    jt_payload_release(&claims);
    jt_payload_release(&claims);
    return 0;
}

static enum jt_err load(const char *text)
{
    return jt_payload_load(&claims, jt_span_str(text));
}

static void load_refused_forgets_what_was_there(void **state)
{
    (void)state;
    static const char *const refused[] = {"", "[]", "7", "null", "{", "{}x", "{\"a\":1,\"a\":1}"};
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        assert_ok(load("{\"a\":1}"));
        assert_true(jt_payload_has(&claims, "a"));
        assert_err(load(refused[i]), JT_ERR_CLAIMS);
        assert_false(jt_payload_has(&claims, "a"));
    }
}

static void load_before_init_or_after_release_refused(void **state)
{
    (void)state;
    struct jt_payload other = {0};
    assert_err(jt_payload_load(&other, JT_SPAN("{}")), JT_ERR_CLAIMS);
    assert_false(jt_payload_has(&other, "a"));
    assert_ok(jt_payload_init(&other, 7));
    assert_ok(jt_payload_load(&other, JT_SPAN("{\"a\":1}")));
    assert_err(jt_payload_load(&other, JT_SPAN("{\"a\":1} ")), JT_ERR_CLAIMS);
    jt_payload_release(&other);
    assert_err(jt_payload_load(&other, JT_SPAN("{}")), JT_ERR_CLAIMS);
    assert_err(jt_payload_init(&other, SIZE_MAX), JT_ERR_NOMEM);
    jt_payload_release(&other);
}

static void load_one_value_too_many_refused(void **state)
{
    (void)state;
    char text[2 * JT_PAYLOAD_MAX_VALUES + 16];
    for (int n = JT_PAYLOAD_MAX_VALUES; n <= JT_PAYLOAD_MAX_VALUES + 1; n++) {
        size_t len = (size_t)snprintf(text, sizeof text, "{\"a\":[1");
        for (int i = 2; i < n; i++) {
            len += (size_t)snprintf(text + len, sizeof text - len, ",1");
        }
        (void)snprintf(text + len, sizeof text - len, "]}"); /* there is room */
        assert_err(load(text), n <= JT_PAYLOAD_MAX_VALUES ? JT_OK : JT_ERR_CLAIMS);
    }
}

static void has_null_and_absent_told_as_absent(void **state)
{
    (void)state;
    assert_ok(load("{\"n\":null,\"s\":\"null\",\"f\":false,\"o\":{\"in\":1}}"));
    assert_false(jt_payload_has(&claims, "n"));
    assert_false(jt_payload_has(&claims, "x"));
    assert_false(jt_payload_has(&claims, "in"));
    assert_true(jt_payload_has(&claims, "s"));
    assert_true(jt_payload_has(&claims, "f"));
}

static void text_of_another_type_refused(void **state)
{
    (void)state;
    struct jt_span text = JT_SPAN("kept");
    assert_ok(load("{\"n\":1,\"a\":[\"x\"],\"z\":null,\"s\":\"x\",\"e\":\"\",\"u\":\"\\u00e9\"}"));
    assert_err(jt_payload_text(&claims, "n", &text), JT_ERR_CLAIMS);
    assert_err(jt_payload_text(&claims, "a", &text), JT_ERR_CLAIMS);
    assert_err(jt_payload_text(&claims, "z", &text), JT_ERR_CLAIMS);
    assert_span(text, "kept");
    assert_ok(jt_payload_text(&claims, "s", &text));
    assert_span(text, "x");
    assert_ok(jt_payload_text(&claims, "u", &text));
    assert_span(text, "\xc3\xa9");
    assert_ok(jt_payload_text(&claims, "e", &text));
    assert_true(text.p != NULL && text.n == 0);
    assert_ok(jt_payload_text(&claims, "x", &text));
    assert_true(text.p == NULL && text.n == 0);
}

static void raw_gives_the_value_as_it_was_written(void **state)
{
    (void)state;
    static const char *const values[] = {
        "\"a \\u00e9 \\/ b\"",        "1.50E+03", "123456789012345678901234567890", "true", "null",
        "[ 1 , [ \"x\" ] , { } ]",    "[]",       "{ \"a\" : { \"b\" : \"}\" } }",  "{}",   "-0",
        "\"\xf0\x9f\x98\x80 ]}\\\"\""};
    char text[128];
    for (size_t i = 0; i < JT_COUNT(values); i++) {
        struct jt_span raw = JT_SPAN("kept");
        (void)snprintf(text, sizeof text, " { \"x\" : %s , \"y\" : 1 } ", values[i]);
        assert_ok(load(text));
        assert_err(jt_payload_raw(&claims, "z", &raw), JT_ERR_NOT_FOUND);
        assert_span(raw, "kept");
        assert_ok(jt_payload_raw(&claims, "x", &raw));
        assert_span(raw, values[i]);
    }
}

static enum jt_err date_of(const char *value, int64_t *out_s)
{
    char text[2048];
    assert_true(snprintf(text, sizeof text, "{\"d\":%s}", value) < (int)sizeof text);
    assert_ok(load(text));
    return jt_payload_date(&claims, "d", out_s);
}

#define NOUGHTS "00000000000000000000000000000000000000000000000000"

static const struct {
    const char *refused, *accepted;
    int64_t seconds;
} dates[] = {
    {"-1", "1", 1},
    {"\"123\"", "123", 123},
    {"null", "0", 0},
    {"true", "-0", 0},
    {"false", "-0.0e5", 0},
    {"[1]", "0.9", 0},
    {"{}", "0e999999999999999999999999", 0},
    {"-0.5", "0.5", 0},
    {"-1e-400", "1e-400", 0},
    {"1e300", "1e3", 1000},
    {"1e19", "1e1", 10},
    {"1e99999999999999999999999999", "1e-99999999999999999999999999", 0},
    {"9223372036854775808", "9223372036", 9223372036},
    {"18446744073709551616", "1844674407.3709551616", 1844674407},
    {"253402300800", "253402300799", 253402300799},
    {"253402300799.5", "253402300798.5", 253402300798},
    {"253402300799.00000000000000001", "253402300799.00000000000000000", 253402300799},
    {"2.53402300800e11", "2.53402300799e11", 253402300799},
    {"1700000000000", "1700000000000e-3", 1700000000},
    {"17e80", "17e8", 1700000000},
    {"1.7e90", "1.7e9", 1700000000},
    {"1.7E+90", "1.7E+9", 1700000000},
    {"1700000000.9e9", "1700000000.9", 1700000000},
    {"1700000000.9e3", "1700000000.9e0", 1700000000},
    {"0.1e100", "0.1e1", 1},
    {"-0.1e1", "0.01e1", 0},
    {"1" NOUGHTS, "1" NOUGHTS "e-49", 10},
    {"1" NOUGHTS "e-10", "0." NOUGHTS "12345e53", 123},
    /* the nearest double is 1700000000 */
    {"-1699999999.99999999999999999999", "1699999999.99999999999999999999", 1699999999},
};

static void date_refused_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(dates); i++) {
        int64_t seconds = 77;
        assert_err(date_of(dates[i].refused, &seconds), JT_ERR_CLAIMS);
        assert_int_equal(seconds, 77);
        assert_err(date_of(dates[i].accepted, &seconds), JT_OK);
        assert_true(seconds == dates[i].seconds);
    }
    int64_t seconds = 77;
    assert_ok(jt_payload_date(&claims, "absent", &seconds));
    assert_true(seconds == -1);
}

/* Each way to write a number of some digits: floor(digits * 10^(exponent - fraction)). */
static void date_written_in_every_way_is_the_same(void **state)
{
    (void)state;
    static const int64_t numbers[] = {1, 10, 99, 1700000000, 253402300799};
    for (size_t i = 0; i < JT_COUNT(numbers); i++) {
        char digits[32], value[96];
        int n = snprintf(digits, sizeof digits, "%lld", (long long)numbers[i]);
        for (int point = 1; point <= n; point++) {
            int64_t seconds = -1;
            (void)snprintf(value, sizeof value, "%.*s.%s0E+%02d", point, digits, digits + point,
                           n - point);
            assert_ok(date_of(value, &seconds));
            assert_true(seconds == numbers[i]);
            (void)snprintf(value, sizeof value, "%s000e-%d", digits, 3);
            assert_ok(date_of(value, &seconds));
            assert_true(seconds == numbers[i]);
            (void)snprintf(value, sizeof value, "0.%.*s%se%d", point, NOUGHTS, digits, point + n);
            assert_ok(date_of(value, &seconds));
            assert_true(seconds == numbers[i]);
        }
    }
}

static void count_of_other_than_strings_refused(void **state)
{
    (void)state;
    static const struct {
        const char *refused, *accepted;
        size_t n;
    } rows[] = {
        {"1", "\"1\"", 1},
        {"null", "[]", 0},
        {"{}", "\"\"", 1},
        {"[1]", "[\"1\"]", 1},
        {"[\"a\",null]", "[\"a\",\"null\"]", 2},
        {"[\"a\",[\"b\"]]", "[\"a\",\"b\"]", 2},
        {"[[\"a\"],\"b\"]", "[ \"a\" , \"\\u0062\" , \"\" ]", 3},
        {"[{\"a\":\"b\"}]", "[\"a\",\"b\"]", 2},
        {"[[]]", "[\"[]\"]", 1},
    };
    char text[64];
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        size_t n = 77;
        (void)snprintf(text, sizeof text, "{\"a\":%s,\"b\":\"b\"}", rows[i].refused);
        assert_ok(load(text));
        assert_err(jt_payload_count(&claims, "a", &n), JT_ERR_CLAIMS);
        assert_int_equal(n, 77);
        (void)snprintf(text, sizeof text, "{\"a\":%s,\"b\":\"b\"}", rows[i].accepted);
        assert_ok(load(text));
        assert_ok(jt_payload_count(&claims, "a", &n));
        assert_int_equal(n, rows[i].n);
        assert_int_equal(jt_payload_is_array(&claims, "a"), rows[i].accepted[0] == '[');
        assert_true(jt_payload_element(&claims, "a", rows[i].n + 5).p == NULL ||
                    rows[i].accepted[0] != '[');
    }
    size_t n = 77;
    assert_ok(jt_payload_count(&claims, "absent", &n));
    assert_int_equal(n, 0);
    assert_false(jt_payload_is_array(&claims, "absent"));
    assert_true(jt_payload_element(&claims, "absent", 0).p == NULL);
}

static void element_gives_each_in_turn(void **state)
{
    (void)state;
    assert_ok(load("{\"aud\":[\"one\",\"\",\"t\\u0068ree\"],\"one\":\"alone\"}"));
    assert_span(jt_payload_element(&claims, "aud", 0), "one");
    assert_span(jt_payload_element(&claims, "aud", 1), "");
    assert_span(jt_payload_element(&claims, "aud", 2), "three");
    assert_span(jt_payload_element(&claims, "aud", 3), "");
    assert_span(jt_payload_element(&claims, "one", 0), "alone");
}

/* JSONTestSuite. A claims set is an object, so a text that is none is judged as the value of a
 * member, {"x": TEXT}. */
static size_t read_file(const char *dir, const char *name, char *out, size_t max)
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

/* Why a text that the suite has accepted is not accepted here; NULL: it must be. */
static const char *out_of_scope(const char *name)
{
    static const char *const rows[][2] = {
        /* RFC 7519 sec. 4: names must be unique; RFC 8259 sec. 4: they should be */
        {"y_object_duplicated_key.json", "duplicate members are refused here"},
        {"y_object_duplicated_key_and_value.json", "duplicate members are refused here"},
        {"y_object_escaped_null_in_key.json", "NUL is refused here"},
        {"y_string_null_escape.json", "NUL is refused here"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        if (strcmp(name, rows[i][0]) == 0) {
            return rows[i][1];
        }
    }
    return NULL;
}

/* Is `text` accepted as it is, or as the value of a member. */
static bool accepted(struct jt_span text)
{
    static char wrapped[MAX_TEXT];
    bool alone = jt_payload_load(&claims, text) == JT_OK;
    memcpy(wrapped, "{\"x\":", 5);
    if (text.n > 0) {
        memcpy(wrapped + 5, text.p, text.n);
    }
    wrapped[5 + text.n] = '}';
    bool within = jt_payload_load(&claims, jt_span_of(wrapped, text.n + 6)) == JT_OK;
    assert_true(within || !alone);
    return within;
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
    static char bytes[MAX_TEXT - 16];
    size_t refused = 0, taken = 0, outside = 0, either = 0;
    for (const struct dirent *e = readdir(files); e != NULL; e = readdir(files)) {
        if (strstr(e->d_name, ".json") == NULL) {
            continue;
        }
        bool yes = accepted(jt_span_of(bytes, read_file(dir, e->d_name, bytes, sizeof bytes)));
        const char *why = out_of_scope(e->d_name);
        if (why != NULL) {
            print_message("    out of scope: %s: %s\n", e->d_name, why);
            assert_false(yes);
            outside++;
            continue;
        }
        if (e->d_name[0] != 'i' && yes != (e->d_name[0] == 'y')) {
            fail_msg("%s: %s", e->d_name, yes ? "accepted" : "refused");
        }
        either += e->d_name[0] == 'i';
        refused += e->d_name[0] == 'n';
        taken += e->d_name[0] == 'y';
    }
    assert_int_equal(closedir(files), 0);
    print_message("JSONTestSuite: %zu judged: %zu n_ refused, %zu y_ accepted; out of scope: %zu "
                  "y_ (above), %zu i_ (either is right; they ended)\n",
                  refused + taken, refused, taken, outside, either);
    assert_true(refused > 100 && taken > 80 && outside == 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_refused_forgets_what_was_there),
        cmocka_unit_test(load_before_init_or_after_release_refused),
        cmocka_unit_test(load_one_value_too_many_refused),
        cmocka_unit_test(has_null_and_absent_told_as_absent),
        cmocka_unit_test(text_of_another_type_refused),
        cmocka_unit_test(raw_gives_the_value_as_it_was_written),
        cmocka_unit_test(date_refused_repaired_accepted),
        cmocka_unit_test(date_written_in_every_way_is_the_same),
        cmocka_unit_test(count_of_other_than_strings_refused),
        cmocka_unit_test(element_gives_each_in_turn),
        cmocka_unit_test(test_suite_n_refused_y_accepted),
    };
    return cmocka_run_group_tests(tests, make_room, give_up_room);
}
