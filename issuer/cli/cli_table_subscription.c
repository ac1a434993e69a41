/* SPDX-License-Identifier: Apache-2.0 */
/* What gives a client its rights, beside `client create` and `client update`. */
#include "issuer/cli/cli_client.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

static const struct jt_cli_option confirmed[] = {YES, {0}};

const struct jt_cli_command jt_cli_table_subscription[] = {
    {.path = "client grant",
     .args = "CLIENT GRANT...",
     .run = jt_cli_client_grant,
     .help = "add grants to those a client holds",
     .examples = "jeton client grant cart-service " PAYMENT "#payments:read"},
    {.path = "client ungrant",
     .args = "CLIENT GRANT...",
     .run = jt_cli_client_ungrant,
     .help = "take grants away",
     .more = "One after the other; it stops at one that the client does not hold.",
     .examples = "jeton client ungrant cart-service " PAYMENT "#payments:read"},
    {.path = "client assign",
     .args = "CLIENT ROLE...",
     .run = jt_cli_client_assign,
     .help = "add roles to those a client holds",
     .examples = "jeton client assign cart-service billing"},
    {.path = "client unassign",
     .args = "CLIENT ROLE...",
     .run = jt_cli_client_unassign,
     .help = "take roles away",
     .more = "One after the other; it stops at one that the client does not hold.",
     .examples = "jeton client unassign cart-service billing"},
    {.path = "client subscribe",
     .args = "CLIENT PRODUCT",
     .run = jt_cli_client_subscribe,
     .help = "subscribe a client to a product",
     .more = "With the approval auto it has the product's rights at once; with manual the "
             "subscription is pending until client approve.",
     .examples = "jeton client subscribe cart-service checkout"},
    {.path = "client unsubscribe",
     .args = "CLIENT PRODUCT",
     .options = confirmed,
     .run = jt_cli_client_unsubscribe,
     .help = "end a subscription",
     .examples = "jeton client unsubscribe cart-service checkout"},
    {.path = "client approve",
     .args = "CLIENT PRODUCT",
     .run = jt_cli_client_approve,
     .help = "approve a subscription that is pending or revoked",
     .examples = "jeton client list --status pending\njeton client approve cart-service reports"},
    {.path = "client revoke",
     .args = "CLIENT PRODUCT",
     .options = confirmed,
     .run = jt_cli_client_revoke,
     .help = "revoke a subscription; it stays there, and gives nothing",
     .examples = "jeton client revoke cart-service reports"},
    {0},
};
