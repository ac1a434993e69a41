/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/failing_allocation.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

struct sample {
    char *name, *mode, *deep;
    char **algorithms, **tags;
    int64_t threads, lead_s, body_bytes;
    bool strict;
};

#define AT(member) offsetof(struct sample, member)

static const struct jt_conf_row rows[] = {
    {"issuer", JT_CONF_STRING, AT(name), NULL, 0, 0, true, NULL, "the name in iss"},
    {"mode", JT_CONF_STRING, AT(mode), "filter", 0, 0, false, "filter strict", "the policy"},
    {"tags", JT_CONF_LIST, AT(tags), NULL, 0, 0, false, NULL, "words"},
    {"keys.algorithms", JT_CONF_LIST, AT(algorithms), "ES256, RS256", 0, 0, false,
     "ES256 RS256 EdDSA", "what signs"},
    {"keys.lead", JT_CONF_DURATION, AT(lead_s), "24h", 60, 2592000, false, NULL,
     "time *before* use"},
    {"http.threads", JT_CONF_INT, AT(threads), "-1", -1, 64, false, NULL, "one per core when -1"},
    {"http.body_max", JT_CONF_SIZE, AT(body_bytes), "64KiB", 1, 1048576, false, NULL, "a limit"},
    {"http.front.door.strict", JT_CONF_BOOL, AT(strict), "true", 0, 0, false, NULL, "a switch"},
    {"http.front.door.name", JT_CONF_STRING, AT(deep), NULL, 0, 0, false, NULL, "a word"},
};

static enum jt_err load(struct jt_span text, struct sample *out, struct jt_diag *diag)
{
    *diag = (struct jt_diag)JT_DIAG_INIT;
    return jt_conf_load(text, "a.yaml", rows, JT_COUNT(rows), out, diag);
}

static void assert_loads(struct jt_span text)
{
    struct sample s;
    struct jt_diag diag;
    enum jt_err err = load(text, &s, &diag);
    if (err != JT_OK) {
        print_error("%.*s: %s\n", (int)text.n, (const char *)text.p, diag.text);
    }
    assert_ok(err);
    jt_conf_release(rows, JT_COUNT(rows), &s);
}

/* --- what is accepted --- */

static void load_nothing_but_required_gives_defaults(void **state)
{
    (void)state;
    struct sample s;
    struct jt_diag diag;
    assert_ok(load(JT_SPAN("issuer: here\n"), &s, &diag));
    assert_string_equal(s.name, "here");
    assert_string_equal(s.mode, "filter");
    assert_null(s.deep);
    assert_non_null(s.tags);
    assert_null(s.tags[0]);
    assert_string_equal(s.algorithms[0], "ES256");
    assert_string_equal(s.algorithms[1], "RS256");
    assert_null(s.algorithms[2]);
    assert_int_equal(s.lead_s, 86400);
    assert_int_equal(s.threads, -1);
    assert_int_equal(s.body_bytes, 65536);
    assert_true(s.strict);
    jt_conf_release(rows, JT_COUNT(rows), &s);
    assert_null(s.name);
    assert_null(s.algorithms);
    jt_conf_release(rows, JT_COUNT(rows), &s);
}

static void assert_everything(struct jt_span text)
{
    struct sample s;
    struct jt_diag diag;
    assert_ok(load(text, &s, &diag));
    assert_string_equal(s.name, "https://a.example/é");
    assert_string_equal(s.mode, "strict");
    assert_string_equal(s.tags[0], "yes");
    assert_string_equal(s.tags[1], "");
    assert_null(s.tags[2]);
    assert_string_equal(s.algorithms[0], "EdDSA");
    assert_null(s.algorithms[1]);
    assert_int_equal(s.lead_s, 900);
    assert_int_equal(s.threads, 8);
    assert_int_equal(s.body_bytes, 1048576);
    assert_false(s.strict);
    assert_string_equal(s.deep, "on");
    jt_conf_release(rows, JT_COUNT(rows), &s);
}

static void load_every_key_as_yaml_gives_values(void **state)
{
    (void)state;
    assert_everything(JT_SPAN("# a comment\n"
                              "issuer: https://a.example/é\n"
                              "mode: strict\n"
                              "tags:\n"
                              "  - yes\n"
                              "  - ''\n"
                              "keys:\n"
                              "  algorithms: [EdDSA]\n"
                              "  lead: 15m\n"
                              "http:\n"
                              "  threads: 8\n"
                              "  body_max: 1MiB\n"
                              "  front:\n"
                              "    door:\n"
                              "      strict: false\n"
                              "      name: on\n"));
}

static void load_every_key_as_json_gives_values(void **state)
{
    (void)state;
    assert_everything(JT_SPAN("{\"issuer\": \"https://a.example/\\u00e9\", \"mode\": \"strict\",\n"
                              "  \"tags\": [\"yes\", \"\"],\n"
                              "  \"keys\": {\"algorithms\": [\"EdDSA\"], \"lead\": 900},\n"
                              "  \"http\": {\"threads\": 8, \"body_max\": 1048576, \"front\":\n"
                              "    {\"door\": {\"strict\": false, \"name\": \"on\"}}}}\n"));
}

static void load_units_give_base_units(void **state)
{
    (void)state;
    static const struct {
        const char *lead, *body;
        int64_t lead_s, body_bytes;
    } cases[] = {
        {"90", "4096", 90, 4096}, {"90s", "64KiB", 90, 65536},  {"15m", "1MiB", 900, 1048576},
        {"24h", "1", 86400, 1},   {"30d", "\"2\"", 2592000, 2},
    };
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        JT_AUTO(buf) text = JT_BUF_INIT(1000);
        assert_ok(jt_buf_printf(&text, "issuer: a\nkeys: {lead: %s}\nhttp: {body_max: %s}\n",
                                cases[i].lead, cases[i].body));
        struct sample s;
        struct jt_diag diag;
        assert_ok(load(jt_buf_span(&text), &s, &diag));
        assert_int_equal(s.lead_s, cases[i].lead_s);
        assert_int_equal(s.body_bytes, cases[i].body_bytes);
        jt_conf_release(rows, JT_COUNT(rows), &s);
    }
}

static void load_empty_file_without_required_keys_gives_defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n",
                                        "# only a comment\n",
                                        "---\n",
                                        "~\n",
                                        "{}",
                                        "\xEF\xBB\xBF# after a byte order mark\n"};
    for (size_t i = 0; i < JT_COUNT(texts); i++) {
        struct sample s;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_ok(
            jt_conf_load(jt_span_str(texts[i]), "a.yaml", rows + 1, JT_COUNT(rows) - 1, &s, &diag));
        assert_string_equal(s.mode, "filter");
        jt_conf_release(rows + 1, JT_COUNT(rows) - 1, &s);
    }
}

static void load_empty_section_gives_defaults(void **state)
{
    (void)state;
    assert_loads(JT_SPAN("issuer: a\nkeys:\n  # lead: 1h\nhttp: {}\n"));
}

/* --- what is refused, each beside its repaired text --- */

static const struct {
    const char *bad, *sentence, *good;
} refusals[] = {
    /* unknown keys */
    {"issuer: a\nkeys:\n  laed: 1h\n",
     "a.yaml:3:3: unknown key 'keys.laed'; did you mean 'keys.lead'?",
     "issuer: a\nkeys:\n  lead: 1h\n"},
    {"issuer: a\nlead: 1h\n", "a.yaml:2:1: unknown key 'lead'; did you mean 'keys.lead'?",
     "issuer: a\nkeys: {lead: 1h}\n"},
    {"issuer: a\nkey:\n  lead: 1h\n", "a.yaml:2:1: unknown key 'key'; did you mean 'keys'?",
     "issuer: a\nkeys:\n  lead: 1h\n"},
    {"issuer: a\nzzzzzzzz: 1\n",
     "a.yaml:2:1: unknown key 'zzzzzzzz'; known here: issuer, mode, tags, keys, http",
     "issuer: a\n"},
    {"issuer: a\nhttp: {front: {wwwwwwww: 1}}\n",
     "a.yaml:2:16: unknown key 'http.front.wwwwwwww'; known here: door",
     "issuer: a\nhttp: {front: {door: {name: b}}}\n"},
    /* keys that stand twice */
    {"issuer: a\nkeys: {lead: 1h}\nissuer: b\n",
     "a.yaml:3:1: key 'issuer' stands twice, first on line 1; keep one of them",
     "issuer: a\nkeys: {lead: 1h}\n"},
    {"issuer: a\nkeys:\n  lead: 1h\n  lead: 1h\n",
     "a.yaml:4:3: key 'keys.lead' stands twice, first on line 3; keep one of them",
     "issuer: a\nkeys:\n  lead: 1h\n"},
    {"issuer: a\nkeys:\nkeys:\n",
     "a.yaml:3:1: key 'keys' stands twice, first on line 2; keep one of them",
     "issuer: a\nkeys:\n"},
    /* required, no value */
    {"mode: strict\n", "a.yaml:1:1: the key 'issuer' is required; add it: the name in iss",
     "mode: strict\nissuer: a\n"},
    {"issuer:\n", "a.yaml:1:1: issuer: has no value; write one, or remove the line", "issuer: a\n"},
    {"issuer: ~\n", "a.yaml:1:1: issuer: has no value; write one, or remove the line",
     "issuer: '~'\n"},
    {"issuer: a\nmode: null\n", "a.yaml:2:1: mode: has no value; write one, or remove the line",
     "issuer: a\n"},
    /* types */
    {"issuer: a\nhttp: {threads: eight}\n",
     "a.yaml:2:17: http.threads: 'eight' is not a whole number; write digits, e.g. 8",
     "issuer: a\nhttp: {threads: 8}\n"},
    {"issuer: a\nhttp: {threads: 8s}\n",
     "a.yaml:2:17: http.threads: '8s' is not a whole number; write digits, e.g. 8",
     "issuer: a\nhttp: {threads: 8}\n"},
    {"issuer: a\nhttp: {threads: +8}\n",
     "a.yaml:2:17: http.threads: '+8' is not a whole number; write digits, e.g. 8",
     "issuer: a\nhttp: {threads: 8}\n"},
    {"issuer: a\nhttp: {threads: ' 8'}\n",
     "a.yaml:2:17: http.threads: ' 8' is not a whole number; write digits, e.g. 8",
     "issuer: a\nhttp: {threads: '8'}\n"},
    {"issuer: a\nhttp: {threads: 99999999999999999999}\n",
     "a.yaml:2:17: http.threads: '99999999999999999999' is not a whole number; write digits, e.g. "
     "8",
     "issuer: a\nhttp: {threads: 64}\n"},
    {"issuer: a\nkeys: {lead: soon}\n",
     "a.yaml:2:14: keys.lead: 'soon' is not a duration; write a number with s, m, h or d, e.g. 15m",
     "issuer: a\nkeys: {lead: 15m}\n"},
    {"issuer: a\nkeys: {lead: 15 m}\n",
     "a.yaml:2:14: keys.lead: '15 m' is not a duration; write a number with s, m, h or d, e.g. 15m",
     "issuer: a\nkeys: {lead: 15m}\n"},
    {"issuer: a\nkeys: {lead: 999999999999999999d}\n",
     "a.yaml:2:14: keys.lead: '999999999999999999d' is not a duration; write a number with s, m, h "
     "or d, e.g. 15m",
     "issuer: a\nkeys: {lead: 30d}\n"},
    {"issuer: a\nhttp: {body_max: 64kb}\n",
     "a.yaml:2:18: http.body_max: '64kb' is not a size; write bytes, or a number with KiB, MiB or "
     "GiB, e.g. 64KiB",
     "issuer: a\nhttp: {body_max: 64KiB}\n"},
    {"issuer: a\nhttp: {front: {door: {strict: yes}}}\n",
     "a.yaml:2:31: http.front.door.strict: 'yes' is not a boolean; write true or false",
     "issuer: a\nhttp: {front: {door: {strict: true}}}\n"},
    {"issuer: a\nmode: Strict\n",
     "a.yaml:2:7: mode: 'Strict' is none of the choices; choose from: filter strict",
     "issuer: a\nmode: strict\n"},
    {"issuer: a\nmode: \"a\\eéb\"\n",
     "a.yaml:2:7: mode: 'a???b' is none of the choices; choose from: filter strict",
     "issuer: a\nmode: strict\n"},
    {"issuer: a\nkeys:\n  algorithms:\n    - ES256\n    - HS256\n",
     "a.yaml:5:7: keys.algorithms: 'HS256' is none of the choices; choose from: ES256 RS256 EdDSA",
     "issuer: a\nkeys:\n  algorithms:\n    - ES256\n    - EdDSA\n"},
    /* ranges: each bound, one past it */
    {"issuer: a\nkeys: {lead: 59s}\n",
     "a.yaml:2:14: keys.lead: '59s' is out of range; choose from 1m to 30d",
     "issuer: a\nkeys: {lead: 60s}\n"},
    {"issuer: a\nkeys: {lead: 2592001}\n",
     "a.yaml:2:14: keys.lead: '2592001' is out of range; choose from 1m to 30d",
     "issuer: a\nkeys: {lead: 2592000}\n"},
    {"issuer: a\nhttp: {threads: -2}\n",
     "a.yaml:2:17: http.threads: '-2' is out of range; choose from -1 to 64",
     "issuer: a\nhttp: {threads: -1}\n"},
    {"issuer: a\nhttp: {body_max: 1025KiB}\n",
     "a.yaml:2:18: http.body_max: '1025KiB' is out of range; choose from 1 to 1MiB",
     "issuer: a\nhttp: {body_max: 1024KiB}\n"},
    /* shapes */
    {"issuer: a\nkeys: 24h\n",
     "a.yaml:2:7: keys: is a section; put its keys on lines of their own, indented below it",
     "issuer: a\nkeys:\n  lead: 24h\n"},
    {"issuer: a\nkeys: [lead]\n",
     "a.yaml:2:7: keys: is a section; put its keys on lines of their own, indented below it",
     "issuer: a\nkeys:\n  lead: 24h\n"},
    {"issuer:\n  name: a\n", "a.yaml:2:3: issuer: must be a text; write plain text", "issuer: a\n"},
    {"issuer: [a]\n", "a.yaml:1:9: issuer: must be a text; write plain text", "issuer: a\n"},
    {"issuer: a\ntags: one\n", "a.yaml:2:7: tags: must be a list; write [a, b]",
     "issuer: a\ntags: [one]\n"},
    {"issuer: a\ntags: [[one]]\n", "a.yaml:2:8: a list holds plain values only; write [a, b]",
     "issuer: a\ntags: [one]\n"},
    {"issuer: a\ntags: [one, ~]\n", "a.yaml:2:13: a list holds plain values only; write [a, b]",
     "issuer: a\ntags: [one, '~']\n"},
    {"- issuer\n", "a.yaml:1:1: the file must be keys with values; write KEY: VALUE, one a line",
     "issuer: a\n"},
    {"issuer\n", "a.yaml:1:1: the file must be keys with values; write KEY: VALUE, one a line",
     "issuer: a\n"},
    {"issuer: a\n[b, c]: d\n", "a.yaml:2:1: a key must be one word; write KEY: VALUE",
     "issuer: a\n"},
    {"issuer: a\nkeys.lead: 1h\n",
     "a.yaml:2:1: a key is made of letters, digits, '_' and '-'; the keys of a section stand "
     "indented below its name",
     "issuer: a\nkeys:\n  lead: 1h\n"},
    {"issuer: a\nhttp: {a: {b: {c: {d: 1}}}}\n",
     "a.yaml:2:19: sections are nested too deeply; no key stands below this one",
     "issuer: a\nhttp: {front: {door: {name: '1'}}}\n"},
    {"issuer: \"a\\0b\"\n", "a.yaml:1:9: a value cannot hold a NUL; remove it", "issuer: \"ab\"\n"},
    /* what of YAML is not read */
    {"issuer: &x a\n",
     "a.yaml:1:9: an anchor ('&name') is not read here; remove it, or quote the value",
     "issuer: '&x a'\n"},
    {"issuer: a\nkeys: &x {lead: 1h}\n",
     "a.yaml:2:7: an anchor ('&name') is not read here; remove it, or quote the value",
     "issuer: a\nkeys: {lead: 1h}\n"},
    {"issuer: *x\n", "a.yaml:1:9: an alias ('*name') is not read here; write the value out",
     "issuer: '*x'\n"},
    {"issuer: !!str 1\n",
     "a.yaml:1:9: a tag ('!name') is not read here; remove it, or quote the value", "issuer: 1\n"},
    {"issuer: a\ntags: !!set [b]\n",
     "a.yaml:2:7: a tag ('!name') is not read here; remove it, or quote the value",
     "issuer: a\ntags: [b]\n"},
    {"issuer: a\nkeys:\n  <<: {lead: 1h}\n",
     "a.yaml:3:3: a merge key ('<<') is not read here; write the keys out",
     "issuer: a\nkeys:\n  lead: 1h\n"},
    {"issuer: a\n---\nissuer: b\n", "a.yaml:2:1: a second document begins here; keep one to a file",
     "---\nissuer: a\n"},
    {"%YAML 1.1\n---\nissuer: a\n",
     "a.yaml:1:1: a directive ('%') is not read here; remove the line", "---\nissuer: a\n"},
    {"%TAG ! tag:x,2000:\n---\nissuer: a\n",
     "a.yaml:1:1: a directive ('%') is not read here; remove the line", "---\nissuer: a\n"},
    /* not YAML, not text */
    {"issuer: a\nkeys:\n\tlead: 1h\n",
     "a.yaml:3:1: not YAML: while scanning for the next token, found character that cannot start "
     "any "
     "token; mend it here or just before (indent by spaces, close every quote and bracket)",
     "issuer: a\nkeys:\n  lead: 1h\n"},
    {"issuer: a\ntags: [b\n",
     "a.yaml:3:1: not YAML: while parsing a flow sequence, did not find expected ',' or ']'; mend "
     "it "
     "here or just before (indent by spaces, close every quote and bracket)",
     "issuer: a\ntags: [b]\n"},
    {"mode: strict\nissuer: é\xFF\n",
     "a.yaml:2:10: invalid leading UTF-8 octet; save the file as plain UTF-8 text",
     "mode: strict\nissuer: é\n"},
    {"issuer: a\nmode: \x01\n",
     "a.yaml:2:7: control characters are not allowed; save the file as plain UTF-8 text",
     "issuer: a\nmode: strict\n"},
};

static void load_bad_text_refused_with_place_and_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(refusals); i++) {
        struct sample s;
        struct jt_diag diag;
        enum jt_err err = load(jt_span_str(refusals[i].bad), &s, &diag);
        if (err != JT_ERR_CONFIG) {
            print_error("accepted: %s\n", refusals[i].bad);
        }
        assert_err(err, JT_ERR_CONFIG);
        assert_string_equal(diag.text, refusals[i].sentence);
        assert_loads(jt_span_str(refusals[i].good));
    }
}

static void load_bad_text_without_diag_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(refusals); i++) {
        struct sample s;
        assert_err(
            jt_conf_load(jt_span_str(refusals[i].bad), "a.yaml", rows, JT_COUNT(rows), &s, NULL),
            JT_ERR_CONFIG);
    }
}

static void load_nul_byte_in_file_refused(void **state)
{
    (void)state;
    struct sample s;
    struct jt_diag diag;
    assert_err(load(JT_SPAN("issuer: a\0b\n"), &s, &diag), JT_ERR_CONFIG);
    assert_string_equal(diag.text, "a.yaml:1:10: control characters are not allowed; save the file "
                                   "as plain UTF-8 text");
    assert_loads(JT_SPAN("issuer: ab\n"));
}

static void load_required_key_of_section_missing_told_at_section(void **state)
{
    (void)state;
    static const struct jt_conf_row one[] = {
        {"a.b", JT_CONF_STRING, AT(name), NULL, 0, 0, true, NULL, "a name"}};
    struct sample s;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_conf_load(JT_SPAN("\n a:\n"), "a.yaml", one, 1, &s, &diag), JT_ERR_CONFIG);
    assert_string_equal(diag.text, "a.yaml:2:2: the key 'a.b' is required; add it: a name");
    assert_ok(jt_conf_load(JT_SPAN("\n a:\n  b: c\n"), "a.yaml", one, 1, &s, &diag));
    jt_conf_release(one, 1, &s);
}

static void load_wrong_default_in_table_is_our_mistake(void **state)
{
    (void)state;
    struct jt_conf_row one = {"a", JT_CONF_INT, AT(threads), "9", 0, 8, false, NULL, "a number"};
    struct sample s;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_conf_load(JT_SPAN_NONE, "a.yaml", &one, 1, &s, &diag), JT_ERR_INTERNAL);
    one.fallback = "8";
    assert_ok(jt_conf_load(JT_SPAN_NONE, "a.yaml", &one, 1, &s, &diag));
}

/* --- limits --- */

static void fill(struct jt_buf *text, const char *piece, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        assert_ok(jt_buf_puts(text, piece));
    }
}

static void load_key_of_65_letters_refused(void **state)
{
    (void)state;
    for (size_t n = 64; n <= 65; n++) {
        JT_AUTO(buf) text = JT_BUF_INIT(1000);
        fill(&text, "k", n);
        assert_ok(jt_buf_puts(&text, ": 1\n"));
        struct sample s;
        struct jt_diag diag;
        assert_err(load(jt_buf_span(&text), &s, &diag), JT_ERR_CONFIG);
        bool unknown = strstr(diag.text, "unknown key") != NULL; /* passed the limit */
        assert_int_equal(unknown, n == 64);
    }
}

static void load_more_than_8192_keys_refused(void **state)
{
    (void)state;
    for (size_t n = 8192; n <= 8193; n++) {
        JT_AUTO(buf) text = JT_BUF_INIT(200000);
        for (size_t i = 0; i < n; i++) {
            assert_ok(jt_buf_printf(&text, "k%zu: 1\n", i));
        }
        struct sample s;
        struct jt_diag diag;
        assert_err(load(jt_buf_span(&text), &s, &diag), JT_ERR_CONFIG);
        assert_non_null(strstr(diag.text, n == 8192 ? "a.yaml:1:1: unknown key 'k0'"
                                                    : "a.yaml:8193:1: more keys than"));
    }
}

static void load_more_than_65536_nodes_refused(void **state)
{
    (void)state;
    for (size_t n = 65534; n <= 65535; n++) { /* and the keys `tags` and `issuer` */
        JT_AUTO(buf) text = JT_BUF_INIT(1000000);
        assert_ok(jt_buf_puts(&text, "issuer: a\ntags: ["));
        fill(&text, "b,", n);
        assert_ok(jt_buf_puts(&text, "]\n"));
        struct sample s;
        struct jt_diag diag;
        enum jt_err err = load(jt_buf_span(&text), &s, &diag);
        assert_err(err, n == 65534 ? JT_OK : JT_ERR_CONFIG);
        if (err == JT_OK) {
            jt_conf_release(rows, JT_COUNT(rows), &s);
        } else {
            assert_non_null(strstr(diag.text, "shorten the list"));
        }
    }
}

static void load_deep_flow_refused_in_time(void **state)
{
    (void)state;
    static const char *const pieces[] = {"[", "{a: ", "- ", "a: \n "};
    for (size_t i = 0; i < JT_COUNT(pieces); i++) {
        JT_AUTO(buf) text = JT_BUF_INIT(JT_CONF_MAX_BYTES);
        fill(&text, pieces[i], JT_CONF_MAX_BYTES / strlen(pieces[i]));
        struct sample s;
        struct jt_diag diag;
        assert_err(load(jt_buf_span(&text), &s, &diag), JT_ERR_CONFIG);
    }
}

static void load_larger_than_limit_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) text = JT_BUF_INIT(2 * JT_CONF_MAX_BYTES);
    assert_ok(jt_buf_puts(&text, "issuer: a\n#"));
    fill(&text, "x", JT_CONF_MAX_BYTES - text.len);
    assert_loads(jt_buf_span(&text));
    assert_ok(jt_buf_putc(&text, 'x'));
    struct sample s;
    struct jt_diag diag;
    assert_err(load(jt_buf_span(&text), &s, &diag), JT_ERR_CONFIG);
    assert_string_equal(diag.text, "a.yaml: larger than 1 MiB; is it the right file?");
}

/* --- files --- */

static void load_file_reads_what_stands_there(void **state)
{
    (void)state;
    char path[] = "/tmp/test_conf.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "issuer: a\n", 10), 10);
    struct sample s;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_conf_load_file(path, rows, JT_COUNT(rows), &s, &diag));
    assert_string_equal(s.name, "a");
    jt_conf_release(rows, JT_COUNT(rows), &s);

    assert_int_equal(ftruncate(fd, 3L * JT_CONF_MAX_BYTES), 0);
    assert_err(jt_conf_load_file(path, rows, JT_COUNT(rows), &s, &diag), JT_ERR_CONFIG);
    assert_non_null(strstr(diag.text, "larger than 1 MiB"));
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

static void load_file_unreadable_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *sentence;
    } cases[] = {
        {"/tmp/no-such-folder/a.yaml",
         "/tmp/no-such-folder/a.yaml: cannot be read: No such file or "
         "directory; name a configuration file that this user may read"},
        {"/tmp",
         "/tmp: cannot be read: Is a directory; name a configuration file that this user may "
         "read"},
    };
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct sample s;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_err(jt_conf_load_file(cases[i].path, rows, JT_COUNT(rows), &s, &diag),
                   JT_ERR_CONFIG);
        assert_string_equal(diag.text, cases[i].sentence);
    }
}

/* --- the reference --- */

static void reference_tells_every_row(void **state)
{
    (void)state;
    JT_AUTO(buf) out = JT_BUF_INIT(10000);
    assert_ok(jt_conf_reference(rows, JT_COUNT(rows), &out));
    assert_string_equal(
        jt_buf_str(&out),
        "*issuer*\n\tthe name in iss.++\n(text; required)\n\n"
        "*mode*\n\tthe policy.++\n(text; default filter; one of: filter strict)\n\n"
        "*tags*\n\twords.++\n(list)\n\n"
        "*keys.algorithms*\n\twhat signs.++\n(list; default ES256, RS256; one of: ES256 RS256 "
        "EdDSA)\n\n"
        "*keys.lead*\n\ttime \\*before\\* use.++\n(duration; default 24h; from 1m to 30d)\n\n"
        "*http.threads*\n\tone per core when -1.++\n(whole number; default -1; from -1 to 64)\n\n"
        "*http.body\\_max*\n\ta limit.++\n(size; default 64KiB; from 1 to 1MiB)\n\n"
        "*http.front.door.strict*\n\ta switch.++\n(boolean; default true)\n\n"
        "*http.front.door.name*\n\ta word.++\n(text)\n\n");
}

static void reference_past_limit_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) whole = JT_BUF_INIT(10000);
    assert_ok(jt_conf_reference(rows, JT_COUNT(rows), &whole));
    for (size_t max = 0; max < whole.len; max++) {
        JT_AUTO(buf) out = JT_BUF_INIT(max);
        assert_err(jt_conf_reference(rows, JT_COUNT(rows), &out), JT_ERR_LIMIT);
    }
}

/* --- memory: the n-th allocation of ours fails, for every n --- */

static long run_until_enough_memory(struct jt_span text, enum jt_err last)
{
    for (long n = 0;; n++) {
        struct sample s;
        struct jt_diag diag;
        allocations_left = n;
        enum jt_err err = load(text, &s, &diag);
        bool untouched = allocations_left >= 0;
        allocations_left = -1;
        if (err == JT_OK) {
            jt_conf_release(rows, JT_COUNT(rows), &s);
        }
        if (untouched) {
            assert_err(err, last);
            return n;
        }
        assert_err(err, JT_ERR_NOMEM);
    }
}

static void load_any_allocation_failing_told(void **state)
{
    (void)state;
    struct jt_span good = JT_SPAN("issuer: a\ntags: [b, c]\nkeys:\n  lead: 1h\n");
    assert_true(run_until_enough_memory(good, JT_OK) > 15);
    struct jt_span bad = JT_SPAN("issuer: a\ntags: [b, c]\nkeys:\n  laed: 1h\n");
    assert_true(run_until_enough_memory(bad, JT_ERR_CONFIG) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_nothing_but_required_gives_defaults),
        cmocka_unit_test(load_every_key_as_yaml_gives_values),
        cmocka_unit_test(load_every_key_as_json_gives_values),
        cmocka_unit_test(load_units_give_base_units),
        cmocka_unit_test(load_empty_file_without_required_keys_gives_defaults),
        cmocka_unit_test(load_empty_section_gives_defaults),
        cmocka_unit_test(load_bad_text_refused_with_place_and_remedy),
        cmocka_unit_test(load_bad_text_without_diag_refused),
        cmocka_unit_test(load_nul_byte_in_file_refused),
        cmocka_unit_test(load_required_key_of_section_missing_told_at_section),
        cmocka_unit_test(load_wrong_default_in_table_is_our_mistake),
        cmocka_unit_test(load_key_of_65_letters_refused),
        cmocka_unit_test(load_more_than_8192_keys_refused),
        cmocka_unit_test(load_more_than_65536_nodes_refused),
        cmocka_unit_test(load_deep_flow_refused_in_time),
        cmocka_unit_test(load_larger_than_limit_refused),
        cmocka_unit_test(load_file_reads_what_stands_there),
        cmocka_unit_test(load_file_unreadable_refused),
        cmocka_unit_test(reference_tells_every_row),
        cmocka_unit_test(reference_past_limit_refused),
        cmocka_unit_test(load_any_allocation_failing_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
