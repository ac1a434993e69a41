/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a part of jeton(1) out of the command table: cli_reference options|commands. */
#include <stdio.h>
#include <string.h>

#include "issuer/cli/cli_reference.h"

#include "common/base/base.h"

int main(int argc, char *argv[])
{
    JT_AUTO(buf) out = JT_BUF_INIT((size_t)1024 * 1024);
    bool options = argc == 2 && strcmp(argv[1], "options") == 0;
    enum jt_err err = options ? jt_cli_reference_options(&out) : jt_cli_reference_commands(&out);
    return err != JT_OK || fputs(jt_buf_str(&out), stdout) < 0;
}
