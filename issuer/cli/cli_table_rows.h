/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files with the rows of the command table share: cli_table_NOUN.c has a list, ended by an
 * empty row, of the commands of one noun (or of several that belong together), and cli_table.c puts
 * the lists in order. Only those files include this.
 * Ownership: constant data.
 * Thread rule: any thread.
 */
#ifndef JT_CLI_TABLE_ROWS_H
#define JT_CLI_TABLE_ROWS_H

#include "issuer/cli/cli_table.h"

#define OPTION(name, value, type, member, help)        \
    {                                                  \
        name, value, JT_CLI_##type, member, help, NULL \
    }
/* An option whose value is one of the words `choices`. */
#define CHOICE(name, value, choices, member, help)      \
    {                                                   \
        name, value, JT_CLI_TEXT, member, help, choices \
    }

#define PAYMENT "https://payment.example.com/api" /* of the examples */
#define YES     OPTION("yes", NULL, TRUE, NULL, "do not ask; needed where there is no terminal")
#define RESET   OPTION("reset", "OPTION", RESET, NULL, "back to that option's default; repeatable")
#define GRANTS  OPTION("grant", "GRANT", LIST, "grants", "URI#SCOPE, or URI alone; repeatable")

extern const struct jt_cli_command jt_cli_table_resource[];
extern const struct jt_cli_command jt_cli_table_role[];
extern const struct jt_cli_command jt_cli_table_client[];
extern const struct jt_cli_command jt_cli_table_key[];
extern const struct jt_cli_command jt_cli_table_token[];

#endif
