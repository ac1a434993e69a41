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

#define OPTION(name, value, type, member, help)           \
    {                                                     \
        name, value, JT_CLI_##type, member, help, NULL, 0 \
    }
/* An option whose value is one of the words `choices`. */
#define CHOICE(name, value, choices, member, help)         \
    {                                                      \
        name, value, JT_CLI_TEXT, member, help, choices, 0 \
    }
/* An option that has a letter too. */
#define LETTER(letter, name, value, type, member, help)        \
    {                                                          \
        name, value, JT_CLI_##type, member, help, NULL, letter \
    }

#define PAYMENT "https://payment.example.com/api" /* of the examples */
#define YES     OPTION("yes", NULL, TRUE, NULL, "do not ask; needed where there is no terminal")
#define RESET   OPTION("reset", "OPTION", RESET, NULL, "back to that option's default; repeatable")
#define GRANTS  OPTION("grant", "GRANT", LIST, "grants", "URI#SCOPE, or URI alone; repeatable")

#define OWNED                                                     \
    OPTION("owner", "TEXT", TEXT, "owner", "who looks after it"), \
        OPTION("label", "NAME=VALUE", LABEL, "labels", "a label; repeatable")
#define UNLABEL OPTION("unlabel", "NAME", LIST, NULL, "takes that label away; repeatable")
/* Of lists. */
#define FILTERS(what)                                                            \
    OPTION("name", "PREFIX", TEXT, "name", "those whose " what " begins so"),    \
        OPTION("label", "NAME[=VALUE]", TEXT, "label", "those with this label"), \
        OPTION("owner", "TEXT", TEXT, "owner", "those of this owner"),           \
        OPTION("limit", "N", TEXT, NULL, "at most so many (default: all)")

extern const struct jt_cli_command jt_cli_table_resource[];
extern const struct jt_cli_command jt_cli_table_role[];
extern const struct jt_cli_command jt_cli_table_product[];
extern const struct jt_cli_command jt_cli_table_client[];
extern const struct jt_cli_command jt_cli_table_subscription[];
extern const struct jt_cli_command jt_cli_table_key[];
extern const struct jt_cli_command jt_cli_table_kek[];
extern const struct jt_cli_command jt_cli_table_db[];
extern const struct jt_cli_command jt_cli_table_token[];
extern const struct jt_cli_command jt_cli_table_ask[];
extern const struct jt_cli_command jt_cli_table_context[];
extern const struct jt_cli_command jt_cli_table_admin[];
extern const struct jt_cli_command jt_cli_table_apply[];

#endif
