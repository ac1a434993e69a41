/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_confirm.h"

#include <stdio.h>
#include <unistd.h>

#include "issuer/cli/cli_pen.h"

#include "common/base/base.h"

#define NAME_MAX_BYTES 4096

static void ask(const char *name, const char *consequence)
{
    struct jt_cli_pen pen = jt_cli_pen_on(stderr);
    jt_cli_pen_puts(&pen, consequence);
    jt_cli_pen_puts(&pen, ". To go on, type ");
    jt_cli_pen_puts(&pen, name);
    jt_cli_pen_puts(&pen, ": ");
}

enum jt_err jt_cli_confirm_ask(const struct jt_cli_run *run, const char *name,
                               const char *consequence, struct jt_diag *diag)
{
    if (jt_cli_options_has(run, "yes")) {
        return JT_OK;
    }
    if (!isatty(STDIN_FILENO)) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "%s cannot ask without a terminal; add --yes to go on",
                            run->command->path);
    }
    ask(name, consequence);
    char line[NAME_MAX_BYTES];
    if (fgets(line, sizeof line, stdin) == NULL) {
        line[0] = 0;
    }
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line, name) != 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "that is not the name; nothing was changed");
    }
    return JT_OK;
}
