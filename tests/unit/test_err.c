/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/err.h"

#include "common/base/diag.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

static void every_row_has_name_class_status_text(void **state)
{
    (void)state;
    for (enum jt_err err = JT_OK + 1; err < JT_ERR_COUNT_; err++) {
        const struct jt_err_row *row = jt_err_row(err);
        assert_non_null(row->name);
        assert_string_equal(jt_err_name(err), row->name);
        assert_true(row->class >= JT_CLASS_PEER && row->class <= JT_CLASS_BUG);
        assert_in_range(row->http, 400, 599);
        assert_non_null(row->text);
        if (strchr(row->text, ' ') == NULL) {
            fail_msg("%s: a sentence, not a word: %s", row->name, row->text);
        }
    }
    assert_string_equal(jt_err_name(JT_OK), "ok");
    assert_int_equal(jt_err_row(JT_OK)->class, JT_CLASS_NONE);
}

/* They stand in log lines as err=NAME: one word. */
static void names_are_unique_words(void **state)
{
    (void)state;
    for (enum jt_err a = JT_OK; a < JT_ERR_COUNT_; a++) {
        const char *name = jt_err_name(a);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
        for (enum jt_err b = a + 1; b < JT_ERR_COUNT_; b++) {
            assert_string_not_equal(name, jt_err_name(b));
        }
    }
}

/* RFC 6749 sec. 5.2 and 4.1.2.1, RFC 8707 sec. 2: the registered codes, and no others. */
static void oauth_codes_are_registered(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "invalid_request",         "invalid_client", "unsupported_grant_type", "invalid_scope",
        "temporarily_unavailable", "server_error",   "invalid_target"};
    for (enum jt_err err = JT_OK + 1; err < JT_ERR_COUNT_; err++) {
        const char *code = jt_err_row(err)->oauth;
        bool known = code == NULL;
        for (size_t i = 0; !known && i < JT_COUNT(codes); i++) {
            known = strcmp(code, codes[i]) == 0;
        }
        if (!known) {
            fail_msg("%s: %s", jt_err_name(err), code);
        }
    }
}

/* Who is at fault decides the status: ours is never told as theirs. */
static void class_and_status_agree(void **state)
{
    (void)state;
    for (enum jt_err err = JT_OK + 1; err < JT_ERR_COUNT_; err++) {
        const struct jt_err_row *row = jt_err_row(err);
        if (row->class == JT_CLASS_ENV || row->class == JT_CLASS_BUG) {
            assert_in_range(row->http, 500, 599);
        }
        if (row->oauth != NULL && strcmp(row->oauth, "invalid_request") == 0) {
            assert_int_equal(row->class, JT_CLASS_PEER);
        }
    }
}

static void unknown_number_gives_the_internal_row(void **state)
{
    (void)state;
    const struct jt_err_row *internal = jt_err_row(JT_ERR_INTERNAL);
    assert_ptr_equal(jt_err_row(JT_ERR_COUNT_), internal);
    assert_ptr_equal(jt_err_row((enum jt_err) - 1), internal);
    assert_ptr_not_equal(jt_err_row(JT_ERR_NOMEM), internal);
}

static void diag_keeps_the_sentence_or_the_rows_text(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_string_equal(jt_diag_text(&diag, JT_ERR_IO), jt_err_row(JT_ERR_IO)->text);
    assert_err(jt_diag_fail(&diag, JT_ERR_IO, "%s: %d", "file", 7), JT_ERR_IO);
    assert_string_equal(jt_diag_text(&diag, JT_ERR_IO), "file: 7");
    assert_err(jt_diag_fail(NULL, JT_ERR_KEK, "%s", "nobody listens"), JT_ERR_KEK);
}

static void diag_too_long_cut_at_its_size(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    char text[2 * sizeof diag.text];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    assert_err(jt_diag_fail(&diag, JT_ERR_IO, "%s", text), JT_ERR_IO);
    assert_int_equal(strlen(diag.text), sizeof diag.text - 1);
}

/* Where a name is cut, no half of a character stays: no JSON document would take the sentence. */
static void diag_cut_character_mended(void **state)
{
    (void)state;
    static const struct {
        const char *given, *told;
    } rows[] = {
        {"a\xC3\xA9:", "a\xC3\xA9:"},
        {"a\xC3:", "a?:"},
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
        {"\xF0\x9F\x98", "???"},
        {"\xE2\x82:\xE2\x82\xAC", "??:\xE2\x82\xAC"},
        /* a quoted value neither ends the line nor steers the terminal */
        {"a\nb\r\tc", "a?b??c"},
        {"\x1b[2J\x7f~", "?[2J?~"},
        {"\xC2\x9B\x32J\xC2\xA0", "??2J\xC2\xA0"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        assert_err(jt_diag_fail(&diag, JT_ERR_IO, "%s", rows[i].given), JT_ERR_IO);
        assert_string_equal(diag.text, rows[i].told);
    }
    struct jt_diag diag = JT_DIAG_INIT;
    char text[sizeof diag.text + 1];
    memset(text, 'x', sizeof text);
    memcpy(text + sizeof text - 3, "\xC3\xA9", 3); /* its first byte is the last that fits */
    assert_err(jt_diag_fail(&diag, JT_ERR_IO, "%s", text), JT_ERR_IO);
    assert_string_equal(diag.text + sizeof diag.text - 3, "x?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_name_class_status_text),
        cmocka_unit_test(names_are_unique_words),
        cmocka_unit_test(oauth_codes_are_registered),
        cmocka_unit_test(class_and_status_agree),
        cmocka_unit_test(unknown_number_gives_the_internal_row),
        cmocka_unit_test(diag_keeps_the_sentence_or_the_rows_text),
        cmocka_unit_test(diag_too_long_cut_at_its_size),
        cmocka_unit_test(diag_cut_character_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
