/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_table.h"

#include "issuer/cli/cli_client.h"
#include "issuer/cli/cli_key.h"
#include "issuer/cli/cli_object.h"
#include "issuer/cli/cli_token_get.h"
#include "issuer/cli/cli_token_inspect.h"
#include "issuer/cli/cli_token_verify.h"

#include "common/base/base.h"

#define PAYMENT "https://payment.example.com/api"
#define OPTION(name, value, type, member, help)  \
    {                                            \
        name, value, JT_CLI_##type, member, help \
    }
#define YES     OPTION("yes", NULL, TRUE, NULL, "do not ask; needed where there is no terminal")
#define RESET   OPTION("reset", "OPTION", RESET, NULL, "back to that option's default; repeatable")
#define GRANTS  OPTION("grant", "GRANT", LIST, "grants", "URI#SCOPE, or URI alone; repeatable")
#define CA_FILE OPTION("ca-file", "PEM", TEXT, NULL, "trust these instead of the system's")

#define RESOURCE                                                                                   \
    OPTION("scope", "SCOPE", LIST, "scopes", "a scope it defines; repeatable"),                    \
        OPTION("lifetime", "TIME", SECONDS, "lifetime_s", "of its tokens, e.g. 15m (default 1h)"), \
        OPTION("alg", "ALG", TEXT, "alg", "that signs its tokens (default ES256)"),                \
        OPTION("typ", "TYP", TEXT, "typ", "at+jwt (default), or JWT for verifiers that want it"),  \
        OPTION("claims", "JSON", JSON, "claims", "an object of claims put into every token"),      \
        OPTION("shared", NULL, TRUE, "shared", "may stand in one token with other resources")

#define CLIENT                                                                    \
    OPTION("role", "ROLE", LIST, "roles", "a role it holds; repeatable"), GRANTS, \
        OPTION("default-resource", "URI", TEXT, "default_resource",               \
               "when its request names none"),                                    \
        OPTION("scope-policy", "POLICY", TEXT, "scope_policy",                    \
               "filter (default): leave out what is not held; strict: refuse")

static const struct jt_cli_option resource_create[] = {RESOURCE, {0}};
static const struct jt_cli_option resource_update[] = {
    RESOURCE,
    OPTION("no-shared", NULL, FALSE, "shared", "may not stand beside other resources"),
    RESET,
    {0}};
static const struct jt_cli_option role_create[] = {GRANTS, {0}};
static const struct jt_cli_option role_update[] = {GRANTS, RESET, {0}};
static const struct jt_cli_option client_create[] = {
    CLIENT,
    OPTION("secret-name", "NAME", TEXT, "secret_name", "of its first secret"),
    OPTION("secret-lifetime", "TIME", SECONDS, "secret_lifetime_s",
           "of its first secret, e.g. 90d (default: no end)"),
    {0}};
static const struct jt_cli_option client_update[] = {
    OPTION("name", "NAME", TEXT, "name", "its new name"),
    OPTION("enable", NULL, TRUE, "enabled", "it gets tokens again"),
    OPTION("disable", NULL, FALSE, "enabled", "it gets no more tokens"),
    CLIENT,
    RESET,
    {0}};
static const struct jt_cli_option secret_add[] = {
    OPTION("name", "NAME", TEXT, "name", "to tell it from the others"),
    OPTION("lifetime", "TIME", SECONDS, "lifetime_s", "e.g. 90d (default: no end)"),
    {0}};
static const struct jt_cli_option confirmed[] = {YES, {0}};
static const struct jt_cli_option key_rotate[] = {
    OPTION("alg", "ALG", TEXT, "alg", "rotate the keys of this algorithm (default: all in use)"),
    OPTION("force", NULL, TRUE, "force", "within the lead, though some verifiers lack the next"),
    {0}};
static const struct jt_cli_option key_revoke[] = {
    OPTION("force", NULL, TRUE, "force", "though the key that takes over is within its lead"),
    YES,
    {0}};
static const struct jt_cli_option token_get[] = {
    OPTION("issuer", "URL", TEXT, NULL, "of the tokens (required)"),
    OPTION("resource", "URI", LIST, NULL, "the API to call; repeatable"),
    OPTION("scope", "SCOPES", LIST, NULL, "separated by spaces; repeatable (default: all held)"),
    OPTION("credentials", "FILE", TEXT, NULL, "JSON with client_id and client_secret, mode 0600"),
    CA_FILE,
    {0}};
static const struct jt_cli_option token_verify[] = {
    OPTION("issuer", "URL", TEXT, NULL, "that must have signed it (required)"),
    OPTION("audience", "URI", TEXT, NULL, "the API that judges it (required)"),
    OPTION("scope", "SCOPES", LIST, NULL, "that it must hold, all of them; repeatable"),
    OPTION("typ", "TYP", LIST, NULL, "accepted typ (default at+jwt); repeatable"),
    OPTION("jwks", "FILE", TEXT, NULL, "a JWK Set to use instead of fetching the issuer's"),
    CA_FILE,
    {0}};

const struct jt_cli_command jt_cli_table[] = {
    {"resource create", "URI", resource_create, &jt_cli_object_resource, jt_cli_object_create,
     "register an API and its scopes",
     "jeton resource create " PAYMENT " --scope payments:read --scope payments:write\n"
     "jeton resource create https://old.example.com/ --typ JWT --alg RS256 --lifetime 10m"},
    {"resource list", "", NULL, &jt_cli_object_resource, jt_cli_object_list, "list the APIs",
     "jeton resource list"},
    {"resource show", "URI", NULL, &jt_cli_object_resource, jt_cli_object_show, "show one API",
     "jeton resource show " PAYMENT},
    {"resource update", "URI", resource_update, &jt_cli_object_resource, jt_cli_object_update,
     "change what is given, leave the rest (lists are replaced)",
     "jeton resource update " PAYMENT " --lifetime 15m\n"
     "jeton resource update " PAYMENT " --reset claims"},
    {"resource delete", "URI", confirmed, &jt_cli_object_resource, jt_cli_object_delete,
     "delete an API that nothing refers to", "jeton resource delete " PAYMENT},

    {"role create", "NAME", role_create, &jt_cli_object_role, jt_cli_object_create,
     "name a set of grants", "jeton role create billing --grant " PAYMENT "#payments:write"},
    {"role list", "", NULL, &jt_cli_object_role, jt_cli_object_list, "list the roles",
     "jeton role list"},
    {"role show", "NAME", NULL, &jt_cli_object_role, jt_cli_object_show, "show one role",
     "jeton role show billing"},
    {"role update", "NAME", role_update, &jt_cli_object_role, jt_cli_object_update,
     "replace the grants of a role", "jeton role update billing --grant " PAYMENT "#payments:read"},
    {"role delete", "NAME", confirmed, &jt_cli_object_role, jt_cli_object_delete,
     "delete a role that no client holds", "jeton role delete billing"},

    {"client create", "NAME", client_create, &jt_cli_object_client, jt_cli_client_create,
     "register a service; prints its client_id and client_secret, this once",
     "jeton client create cart-service --role billing\n"
     "jeton client create cart-service --grant " PAYMENT "#payments:read --secret-lifetime 90d\n"
     "(umask 077; jeton client create cart-service --role billing -o json >cart.json)"},
    {"client list", "", NULL, &jt_cli_object_client, jt_cli_object_list, "list the clients",
     "jeton client list"},
    {"client show", "CLIENT", NULL, &jt_cli_object_client, jt_cli_object_show,
     "show one client, by client_id or name", "jeton client show cart-service"},
    {"client update", "CLIENT", client_update, &jt_cli_object_client, jt_cli_object_update,
     "change what is given, leave the rest (lists are replaced)",
     "jeton client update cart-service --disable\n"
     "jeton client update cart-service --default-resource " PAYMENT},
    {"client delete", "CLIENT", confirmed, &jt_cli_object_client, jt_cli_object_delete,
     "delete a client and its secrets", "jeton client delete cart-service"},
    {"client secret add", "CLIENT", secret_add, NULL, jt_cli_client_secret_add,
     "one more secret beside the live ones; prints it, this once",
     "jeton client secret add cart-service --name 2026-spring --lifetime 90d"},
    {"client secret list", "CLIENT", NULL, NULL, jt_cli_client_secret_list,
     "list the secrets' names and ends", "jeton client secret list cart-service"},
    {"client secret revoke", "CLIENT ID", confirmed, NULL, jt_cli_client_secret_revoke,
     "end a secret at once", "jeton client secret revoke cart-service 3f9a"},
    {"client grant", "CLIENT GRANT...", NULL, NULL, jt_cli_client_grant,
     "add grants to those a client holds",
     "jeton client grant cart-service " PAYMENT "#payments:read"},
    {"client ungrant", "CLIENT GRANT...", NULL, NULL, jt_cli_client_ungrant, "take grants away",
     "jeton client ungrant cart-service " PAYMENT "#payments:read"},

    {"key list", "", NULL, NULL, jt_cli_key_list, "list the signing keys, newest first",
     "jeton key list"},
    {"key rotate", "", key_rotate, NULL, jt_cli_key_rotate,
     "let the standing next key sign from now on",
     "jeton key rotate\njeton key rotate --alg RS256"},
    {"key revoke", "KID", key_revoke, NULL, jt_cli_key_revoke,
     "take a key out of the key set at once; its tokens are refused",
     "jeton key revoke NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},

    {"token get", "", token_get, NULL, jt_cli_token_get,
     "get a token as a client; id and secret from JETON_CLIENT_ID and JETON_CLIENT_SECRET",
     "jeton token get --issuer https://id.example.com --resource " PAYMENT
     " --credentials cart.json\n"
     "jeton token get --issuer https://id.example.com --resource " PAYMENT
     " --scope \"payments:read payments:write\""},
    {"token inspect", "[-|FILE]", NULL, NULL, jt_cli_token_inspect,
     "show what a token says, verifying nothing; from FILE, or - for standard input (the default)",
     "jeton token get ... | jeton token inspect\njeton token inspect token.txt"},
    {"token verify", "[-|FILE]", token_verify, NULL, jt_cli_token_verify,
     "judge a token as an API would; from FILE, or - for standard input (the default)",
     "jeton token get ... | jeton token verify --issuer https://id.example.com"
     " --audience " PAYMENT "\n"
     "jeton token verify --issuer https://id.example.com --audience " PAYMENT
     " --scope payments:read token.txt"},
};
const size_t jt_cli_table_n = JT_COUNT(jt_cli_table);

const struct jt_cli_option jt_cli_table_globals[] = {
    {"socket", "PATH", JT_CLI_TEXT, NULL,
     "admin socket (else JETON_SOCKET, else /run/jeton/admin.sock)"},
    {"output", "table|json", JT_CLI_TEXT, NULL, "for people (default) or as the API's JSON"},
    {"help", NULL, JT_CLI_TRUE, NULL, "this text"},
    {"version", NULL, JT_CLI_TRUE, NULL, "the version"},
    {0}};

bool jt_cli_table_under(const struct jt_cli_command *command, const char *prefix)
{
    size_t n = strlen(prefix);
    if (n == 0) {
        return true;
    }
    return strncmp(command->path, prefix, n) == 0 &&
           (command->path[n] == 0 || command->path[n] == ' ');
}

const struct jt_cli_option *jt_cli_table_option(const struct jt_cli_option *options,
                                                struct jt_span name)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (jt_span_is(name, options->name)) {
            return options;
        }
    }
    return NULL;
}

void jt_cli_table_arity(const char *args, size_t *out_least, size_t *out_most)
{
    struct jt_span rest = jt_span_str(args), word;
    *out_least = *out_most = 0;
    while (jt_span_word(&rest, &word)) {
        *out_least += word.p[0] != '[';
        ++*out_most;
        if (word.n > 3 && jt_span_is(jt_span_of(word.p + word.n - 3, 3), "...")) {
            *out_most = SIZE_MAX;
        }
    }
}
