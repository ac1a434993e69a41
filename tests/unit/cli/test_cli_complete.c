/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_complete.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

/* The line of the words of `text`, which are separated by single spaces; the last may be empty. */
static struct jt_cli_line line_of(char *text)
{
    const char *words[16];
    size_t n = 0;
    words[n++] = text;
    for (char *c = text; *c != 0; c++) {
        if (*c == ' ') {
            *c = 0;
            words[n++] = c + 1;
        }
    }
    struct jt_cli_line line;
    jt_cli_complete_read(words, n, &line);
    return line;
}

static void lines_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *command, *option, *begin;
        size_t n_args;
    } rows[] = {
        {"", NULL, NULL, "", 0},
        {"client se", NULL, NULL, "se", 0},
        {"client secret add ", "client secret add", NULL, "", 0},
        {"client assign cart b", "client assign", NULL, "b", 1},
        {"client assign cart b c d ", "client assign", NULL, "", 4},
        {"client list --role bi", "client list", "role", "bi", 0},
        {"client list --role=bi", "client list", "role", "bi", 0},
        {"client list --role= ", "client list", NULL, "", 0},
        {"client list --enabled ", "client list", NULL, "", 0},
        {"client list -o ", "client list", "output", "", 0},
        {"client list -- --role=", "client list", NULL, "--role=", 0},
        {"client list --none=a", "client list", NULL, "a", 0},
        {"-o json client list --ro", "client list", NULL, "--ro", 0},
        {"--socket client show ca", NULL, NULL, "ca", 0},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        struct jt_cli_line line = line_of(text);
        const char *command = line.command == NULL ? "-" : line.command->path;
        const char *option = line.option == NULL ? "-" : line.option->name;
        assert_string_equal(command, rows[i].command == NULL ? "-" : rows[i].command);
        assert_string_equal(option, rows[i].option == NULL ? "-" : rows[i].option);
        assert_string_equal(line.begin, rows[i].begin);
        assert_int_equal(line.n_args, rows[i].n_args);
    }
}

static void where_it_goes_kept(void **state)
{
    (void)state;
    char text[] = "--socket=/a role --context b show --socket /c ";
    struct jt_cli_line line = line_of(text);
    assert_string_equal(line.socket, "/c");
    assert_string_equal(line.context, "b");
    assert_string_equal(line.command->path, "role show");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_taken_apart),
        cmocka_unit_test(where_it_goes_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
