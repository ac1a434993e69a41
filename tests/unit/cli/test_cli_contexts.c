/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_contexts.h"

#include "tests/support/failing_allocation.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define WHOLE                                                                       \
    "current: b\ncontexts:\n- name: a\n  socket: /s\n- name: b\n  url: https://h\n" \
    "  issuer: https://i\n  credentials: /c\n  ca_file: /p\n"
#define PLACE "  url: https://h\n  issuer: https://i\n  credentials: /c\n"

static enum jt_err parse(const char *text, struct jt_cli_contexts *out)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_cli_contexts_parse(jt_span_str(text), "c.yaml", out, &diag);
    assert_true(err != JT_ERR_CONFIG || strncmp(diag.text, "c.yaml:", 7) == 0);
    return err;
}

static void contexts_parse_and_are_found(void **state)
{
    (void)state;
    struct jt_cli_contexts contexts;
    assert_ok(parse(WHOLE, &contexts));
    assert_string_equal(contexts.current, "b");
    assert_int_equal(contexts.list.n, 2);
    assert_string_equal(jt_cli_contexts_find(&contexts, "a")->socket, "/s");
    assert_string_equal(jt_cli_contexts_find(&contexts, "b")->ca_file, "/p");
    assert_null(jt_cli_contexts_find(&contexts, "c"));
    jt_cli_contexts_release(&contexts);
    assert_ok(parse("", &contexts));
    assert_int_equal(contexts.list.n, 0);
    jt_cli_contexts_release(&contexts);
}

/* Each refused text, and the same with its one cause mended. */
static void contexts_that_are_wrong_refused(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *mended;
    } rows[] = {
        {"contexts:\n- name: a\n", "contexts:\n- name: a\n  socket: /s\n"},
        {"contexts:\n- name: a\n  socket: /s\n" PLACE, "contexts:\n- name: a\n" PLACE},
        {"contexts:\n- name: a\n  socket: /s\n  ca_file: /p\n",
         "contexts:\n- name: a\n  ca_file: /p\n" PLACE},
        {"contexts:\n- name: a\n  url: https://h\n  issuer: https://i\n",
         "contexts:\n- name: a\n" PLACE},
        {"contexts:\n- name: a\n  url: http://h\n  issuer: https://i\n  credentials: /c\n",
         "contexts:\n- name: a\n  url: http://[::1]\n  issuer: https://i\n  credentials: /c\n"},
        {"contexts:\n- name: a\n  url: https://h\n  issuer: ftp://i\n  credentials: /c\n",
         "contexts:\n- name: a\n" PLACE},
        {"contexts:\n- name: a b\n  socket: /s\n", "contexts:\n- name: a.b\n  socket: /s\n"},
        {"contexts:\n- name: -a\n  socket: /s\n", "contexts:\n- name: a-\n  socket: /s\n"},
        {"contexts:\n- name: a\n  socket: /s\n- name: a\n  socket: /t\n",
         "contexts:\n- name: a\n  socket: /s\n- name: A\n  socket: /t\n"},
        {"current: b\ncontexts:\n- name: a\n  socket: /s\n",
         "current: a\ncontexts:\n- name: a\n  socket: /s\n"},
        {"contexts:\n- name: a\n  secret: /s\n", "contexts:\n- name: a\n  socket: /s\n"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_cli_contexts contexts;
        assert_err(parse(rows[i].wrong, &contexts), JT_ERR_CONFIG);
        assert_ok(parse(rows[i].mended, &contexts));
        jt_cli_contexts_release(&contexts);
    }
}

static void memory_out_leaves_nothing_behind(void **state)
{
    (void)state;
    enum jt_err err = JT_ERR_NOMEM;
    for (long n = 0; err != JT_OK && n < 1000; n++) {
        struct jt_cli_contexts contexts;
        json_t *json = NULL;
        allocations_left = n;
        err = parse(WHOLE, &contexts);
        err = err == JT_OK ? jt_cli_contexts_json(&contexts, &json) : err;
        allocations_left = -1;
        assert_true(err == JT_OK || err == JT_ERR_NOMEM);
        json_decref(json);
        jt_cli_contexts_release(&contexts);
    }
    assert_ok(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_parse_and_are_found),
        cmocka_unit_test(contexts_that_are_wrong_refused),
        cmocka_unit_test(memory_out_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
