/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jeton: the command line. Standard output is data, standard error is talk; every failure is one
 * line `jeton: what; how to mend it` and an exit status.
 */
#include <errno.h>
#include <stdio.h>

#include "common/base/secret.h"
#include "issuer/cli/cli_help.h"
#include "issuer/cli/cli_memory.h"
#include "issuer/cli/cli_output.h"
#include "issuer/cli/cli_target.h"

#include "common/base/base.h"

enum {
    EXIT_DONE,
    EXIT_USAGE,
    EXIT_REFUSED,
    EXIT_NOT_FOUND,
    EXIT_UNREACHABLE = 5,
    EXIT_DIFFERENT,
};

static int exit_status(enum jt_err err)
{
    switch (err) {
    case JT_OK:
        return EXIT_DONE;
    case JT_ERR_REFUSED:
        return EXIT_REFUSED;
    case JT_ERR_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case JT_ERR_UNREACHABLE:
        return EXIT_UNREACHABLE;
    case JT_ERR_DIFFERENT:
        return EXIT_DIFFERENT;
    default:
        return EXIT_USAGE;
    }
}

static enum jt_err act(const struct jt_cli_run *run, struct jt_diag *diag)
{
    if (run->help) {
        jt_cli_help_print(run, stdout);
        return JT_OK;
    }
    if (run->version) {
        (void)printf("jeton %s\n", JETON_VERSION); /* finish() asks ferror() */
        return JT_OK;
    }
    JT_TRY(jt_cli_memory_install());
    return run->command->run(run, diag);
}

/* What could not be written was not done: a secret that is shown once is lost. */
static enum jt_err finish(enum jt_err err, struct jt_diag *diag)
{
    bool lost = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (err == JT_OK && lost) {
        return jt_diag_fail(diag, JT_ERR_IO, "cannot write to standard output: %s; free some space",
                            strerror(errno));
    }
    return err;
}

int main(int argc, char *argv[])
{
    /* secrets pass through this buffer, so it is ours to wipe */
    static char buffer[65536];
    (void)setvbuf(stdout, buffer, _IOFBF, sizeof buffer); /* the buffer is given: cannot fail */

    struct jt_diag diag = JT_DIAG_INIT;
    static struct jt_cli_run run;
    if (argc <= 1) {
        jt_cli_help_print(&run, stderr);
        return EXIT_USAGE;
    }
    static struct jt_cli_target target;
    enum jt_err err = jt_cli_options_parse(argc, argv, &run, &diag);
    run.target = &target;
    err = err == JT_OK ? act(&run, &diag) : err;
    jt_cli_target_release(&target);
    err = finish(err, &diag);
    jt_secret_wipe(buffer, sizeof buffer);
    if (err != JT_OK) {
        jt_cli_output_talk("jeton: %s", jt_diag_text(&diag, err));
    }
    return exit_status(err);
}
