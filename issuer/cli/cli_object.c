/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_body.h"
#include "issuer/cli/cli_confirm.h"

#include "common/base/base.h"

#define PAGE      1000 /* objects a request; the most that the API gives */
#define QUERY_MAX 8192

#define OWNED                                        \
    {"owner", "owner", JT_CLI_FORM_PLAIN, false},    \
    {                                                \
        "labels", "labels", JT_CLI_FORM_LABELS, true \
    }

static const struct jt_cli_field resource_fields[] = {
    {"identifier", "identifier", JT_CLI_FORM_PLAIN, true},
    {"scopes", "scopes", JT_CLI_FORM_PLAIN, true},
    {"lifetime_s", "lifetime", JT_CLI_FORM_DURATION, true},
    {"alg", "alg", JT_CLI_FORM_PLAIN, true},
    {"typ", "typ", JT_CLI_FORM_PLAIN, true},
    {"claims", "claims", JT_CLI_FORM_PLAIN, false},
    {"shared", "shared", JT_CLI_FORM_PLAIN, false},
    OWNED,
    {0}};

static const struct jt_cli_field role_fields[] = {{"name", "name", JT_CLI_FORM_PLAIN, true},
                                                  {"grants", "grants", JT_CLI_FORM_PLAIN, true},
                                                  OWNED,
                                                  {0}};

static const struct jt_cli_field product_fields[] = {
    {"name", "name", JT_CLI_FORM_PLAIN, true},
    {"approval", "approval", JT_CLI_FORM_PLAIN, true},
    {"grants", "grants", JT_CLI_FORM_PLAIN, true},
    OWNED,
    {0}};

static const struct jt_cli_field client_fields[] = {
    {"name", "name", JT_CLI_FORM_PLAIN, true},
    {"client_id", "client_id", JT_CLI_FORM_PLAIN, true},
    {"enabled", "enabled", JT_CLI_FORM_PLAIN, true},
    {"scope_policy", "scope_policy", JT_CLI_FORM_PLAIN, false},
    {"default_resource", "default_resource", JT_CLI_FORM_PLAIN, false},
    {"roles", "roles", JT_CLI_FORM_PLAIN, true},
    {"subscriptions", "products", JT_CLI_FORM_SUBSCRIPTION, true},
    {"grants", "grants", JT_CLI_FORM_PLAIN, true},
    {"secrets", "secrets", JT_CLI_FORM_SECRET, false},
    OWNED,
    {0}};

const struct jt_cli_noun jt_cli_object_resource = {
    "resource", "resources", "identifier", {"identifier", resource_fields}};
const struct jt_cli_noun jt_cli_object_role = {"role", "roles", "name", {"name", role_fields}};
const struct jt_cli_noun jt_cli_object_product = {
    "product", "products", "name", {"name", product_fields}};
const struct jt_cli_noun jt_cli_object_client = {
    "client", "clients", "name", {"name", client_fields}};

enum jt_err jt_cli_object_create(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_noun *noun = run->command->noun;
    JT_JSON_AUTO json_t *body = NULL;
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(jt_cli_body_make(run, &body, diag));
    JT_TRY(jt_cli_body_text(body, noun->key, noun->key, run->args[0], diag));
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {noun->collection}, .body = body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    return jt_cli_show_object(run, &run->command->noun->shape, answer, diag);
}

/* One page; `*out_after` is where the next begins, NULL at the end, borrowed from the answer. */
static enum jt_err get_page(const struct jt_cli_pages *pages, const char *after, uint64_t left,
                            json_t **out_answer, const char **out_after, struct jt_diag *diag)
{
    char limit[16];
    JT_AUTO(buf) query = JT_BUF_INIT(QUERY_MAX);
    (void)snprintf(limit, sizeof limit, "%d", left < PAGE ? (int)left : PAGE); /* four digits */
    JT_TRY(jt_buf_puts(&query, pages->filter));
    JT_TRY(jt_cli_admin_query(&query, "limit", limit));
    if (after != NULL) {
        JT_TRY(jt_cli_admin_query(&query, "after", after));
    }
    struct jt_cli_admin_request request = {
        .method = "GET", .path = {pages->collection}, .query = jt_buf_str(&query)};
    JT_TRY(jt_cli_admin_call(pages->run, &request, out_answer, diag));
    *out_after = json_string_value(json_object_get(*out_answer, "next"));
    return JT_OK;
}

enum jt_err jt_cli_object_pages(const struct jt_cli_pages *pages, struct jt_cli_listing *listing,
                                struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    const char *after = NULL;
    uint64_t left = pages->limit;
    do {
        json_t *next = NULL, *items = NULL;
        JT_TRY(get_page(pages, after, left, &next, &after, diag));
        json_decref(answer); /* `after` was of the one before */
        answer = next;
        JT_TRY(jt_cli_admin_list(pages->run, answer, "items", &items, diag));
        JT_TRY(jt_cli_show_page(listing, items, diag));
        left -= json_array_size(items) < left ? json_array_size(items) : left;
    } while (after != NULL && left > 0);
    return JT_OK;
}

/* The filters that were given, as a query. */
static enum jt_err put_filters(const struct jt_cli_run *run, struct jt_buf *query)
{
    for (size_t i = 0; i < run->n_given; i++) {
        const struct jt_cli_option *option = run->given[i].option;
        const char *value = option->type == JT_CLI_TRUE    ? "true"
                            : option->type == JT_CLI_FALSE ? "false"
                                                           : run->given[i].value;
        if (option->member != NULL) {
            JT_TRY(jt_cli_admin_query(query, option->member, value));
        }
    }
    return JT_OK;
}

static enum jt_err read_limit(const struct jt_cli_run *run, uint64_t *out_limit,
                              struct jt_diag *diag)
{
    const char *text = jt_cli_options_text(run, "limit");
    *out_limit = UINT64_MAX;
    if (text == NULL) {
        return JT_OK;
    }
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 9 || text[n] != 0 || strspn(text, "0") == n) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "--limit is not a number from 1 to 999999999");
    }
    *out_limit = strtoull(text, NULL, 10);
    return JT_OK;
}

enum jt_err jt_cli_object_list(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_noun *noun = run->command->noun;
    struct jt_cli_pages pages = {.run = run, .collection = noun->collection};
    JT_AUTO(buf) filter = JT_BUF_INIT(QUERY_MAX);
    JT_TRY(read_limit(run, &pages.limit, diag));
    JT_TRY(put_filters(run, &filter));
    pages.filter = jt_buf_str(&filter);
    struct jt_cli_listing listing;
    jt_cli_show_begin(&listing, run, &noun->shape);
    enum jt_err err = jt_cli_object_pages(&pages, &listing, diag);
    err = jt_cli_show_end(&listing, err, diag);
    if (err == JT_OK && listing.n == 0 && jt_cli_show_people(run)) {
        jt_cli_output_talk(filter.len > 0 ? "no %s like that" : "no %s yet; jeton %s create --help",
                           noun->collection, noun->name);
    }
    return err;
}

enum jt_err jt_cli_object_show(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    struct jt_cli_admin_request request = {.method = "GET",
                                           .path = {run->command->noun->collection, run->args[0]}};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    return jt_cli_show_object(run, &run->command->noun->shape, answer, diag);
}

enum jt_err jt_cli_object_update(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(jt_cli_body_make(run, &body, diag));
    if (json_object_size(body) == 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "nothing to change was given; see jeton %s --help",
                            run->command->path);
    }
    struct jt_cli_admin_request request = {
        .method = "PATCH", .path = {run->command->noun->collection, run->args[0]}, .body = body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    return jt_cli_show_object(run, &run->command->noun->shape, answer, diag);
}

enum jt_err jt_cli_object_delete(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_noun *noun = run->command->noun;
    char consequence[64];
    (void)snprintf(consequence, sizeof consequence, "This deletes the %s", noun->name); /* short */
    JT_TRY(jt_cli_confirm_ask(run, run->args[0], consequence, diag));
    struct jt_cli_admin_request request = {.method = "DELETE",
                                           .path = {noun->collection, run->args[0]}};
    JT_TRY(jt_cli_admin_call(run, &request, NULL, diag));
    jt_cli_output_talk("deleted the %s %s", noun->name, run->args[0]);
    return JT_OK;
}
