/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_object.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

#define PRODUCT                                                         \
    GRANTS,                                                             \
        CHOICE("approval", "HOW", "auto manual", "approval",            \
               "of subscriptions: auto (default: at once), or manual"), \
        OWNED

static const struct jt_cli_option product_create[] = {PRODUCT, {0}};
static const struct jt_cli_option product_update[] = {PRODUCT, UNLABEL, RESET, {0}};
static const struct jt_cli_option product_list[] = {FILTERS("name"), {0}};
static const struct jt_cli_option confirmed[] = {YES, {0}};

const struct jt_cli_command jt_cli_table_product[] = {
    {.path = "product create",
     .args = "NAME",
     .options = product_create,
     .noun = &jt_cli_object_product,
     .run = jt_cli_object_create,
     .help = "name a set of grants that clients subscribe to",
     .examples =
         "jeton product create checkout --grant " PAYMENT "#payments:write --approval auto\n"
         "jeton product create reports --grant " PAYMENT "#payments:read --approval manual"},
    {.path = "product list",
     .options = product_list,
     .noun = &jt_cli_object_product,
     .run = jt_cli_object_list,
     .help = "list the products",
     .examples = "jeton product list\njeton product list --label team=payments -o name"},
    {.path = "product show",
     .args = "PRODUCT",
     .noun = &jt_cli_object_product,
     .run = jt_cli_object_show,
     .help = "show one product",
     .examples = "jeton product show checkout"},
    {.path = "product update",
     .args = "PRODUCT",
     .options = product_update,
     .noun = &jt_cli_object_product,
     .run = jt_cli_object_update,
     .help = "change what is given, leave the rest",
     .more = "The grants that are given replace the old ones, at once for every client with an "
             "approved subscription.",
     .examples = "jeton product update checkout --approval manual --label team=payments"},
    {.path = "product delete",
     .args = "PRODUCT",
     .options = confirmed,
     .noun = &jt_cli_object_product,
     .run = jt_cli_object_delete,
     .help = "delete a product that no client subscribes to",
     .examples = "jeton product delete checkout"},
    {0},
};
