/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_candidates.h"

#include <stdio.h>

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_pen.h"
#include "issuer/cli/cli_target.h"

#include "common/base/base.h"

#define WAIT_MS     2000 /* of a person who has pressed Tab */
#define QUERY_LIMIT 8192
#define GRANT_LIMIT 8192
#define ALGORITHMS  "ES256 ES384 ES512 RS256 PS256 EdDSA"

void jt_cli_candidates_offer(const struct jt_cli_offer *offer, struct jt_span value,
                             const char *help)
{
    if (!jt_span_starts(value, offer->begin)) {
        return;
    }
    struct jt_cli_pen pen = jt_cli_pen_on(stdout);
    jt_cli_pen_text(&pen, offer->before);
    jt_cli_pen_text(&pen, value);
    (void)fputc('\t', stdout); /* main asks ferror() at the end; so below */
    jt_cli_pen_puts(&pen, help);
    (void)fputc('\n', stdout);
}

static void offer_words(const struct jt_cli_offer *offer, struct jt_span words)
{
    struct jt_span word;
    while (jt_span_word(&words, &word)) {
        jt_cli_candidates_offer(offer, word, "");
    }
}

/* Asks where the line's own options say; nothing when that fails. */
static json_t *ask(const struct jt_cli_offer *offer, const struct jt_cli_admin_request *request)
{
    static struct jt_cli_run run; /* large */
    struct jt_cli_target target = {.timeout_ms = WAIT_MS};
    json_t *answer = NULL;
    run = (struct jt_cli_run){.command = offer->run->command, .target = &target};
    run.socket = offer->line->socket != NULL ? offer->line->socket : offer->run->socket;
    run.context = offer->line->context != NULL ? offer->line->context : offer->run->context;
    if (jt_cli_admin_call(&run, request, &answer, NULL) != JT_OK) {
        answer = NULL; /* there is nothing to tell a person in the middle of a line */
    }
    jt_cli_target_release(&target);
    return answer;
}

/* How a list is asked for. */
enum listing {
    WHOLE, /* it takes no parameters */
    PAGED,
    NAMED /* and by how a name begins, too */
};

/* The items of `collection`, those only whose name begins as it must where that can be asked. */
static json_t *ask_list(const struct jt_cli_offer *offer, const char *collection,
                        enum listing listing)
{
    JT_AUTO(buf) begin = JT_BUF_INIT(QUERY_LIMIT);
    JT_AUTO(buf) query = JT_BUF_INIT(QUERY_LIMIT);
    if ((listing != WHOLE && jt_buf_puts(&query, "limit=1000") != JT_OK) ||
        jt_buf_put(&begin, offer->begin) != JT_OK ||
        (listing == NAMED && begin.len > 0 &&
         jt_cli_admin_query(&query, "name", jt_buf_str(&begin)) != JT_OK)) {
        return NULL;
    }
    struct jt_cli_admin_request request = {
        .method = "GET", .path = {collection}, .query = jt_buf_str(&query)};
    return ask(offer, &request);
}

static void offer_members(const struct jt_cli_offer *offer, const json_t *items, const char *member,
                          const char *told)
{
    size_t index;
    const json_t *item;
    json_array_foreach(items, index, item)
    {
        const char *help = told == NULL ? NULL : json_string_value(json_object_get(item, told));
        struct jt_span value = jt_json_value(json_object_get(item, member));
        if (value.n > 0) {
            jt_cli_candidates_offer(offer, value, help == NULL ? "" : help);
        }
    }
}

static void offer_scopes(const struct jt_cli_offer *offer, const json_t *resource)
{
    const char *uri = json_string_value(json_object_get(resource, "identifier"));
    size_t index;
    const json_t *scope;
    json_array_foreach(json_object_get(resource, "scopes"), index, scope)
    {
        JT_AUTO(buf) grant = JT_BUF_INIT(GRANT_LIMIT);
        if (uri != NULL && json_is_string(scope) &&
            jt_buf_printf(&grant, "%s#%s", uri, json_string_value(scope)) == JT_OK) {
            jt_cli_candidates_offer(offer, jt_buf_span(&grant), "");
        }
    }
}

static void offer_grants(const struct jt_cli_offer *offer)
{
    JT_JSON_AUTO json_t *answer = ask_list(offer, "resources", PAGED);
    size_t index;
    const json_t *resource;
    json_array_foreach(json_object_get(answer, "items"), index, resource)
    {
        jt_cli_candidates_offer(offer, jt_json_value(json_object_get(resource, "identifier")), "");
        offer_scopes(offer, resource);
    }
}

/* The ids of the secrets of the client that stands before. */
static void offer_secrets(const struct jt_cli_offer *offer)
{
    if (offer->line->n_args == 0) {
        return;
    }
    struct jt_cli_admin_request request = {.method = "GET",
                                           .path = {"clients", offer->line->args[0]}};
    JT_JSON_AUTO json_t *client = ask(offer, &request);
    offer_members(offer, json_object_get(client, "secrets"), "id", "name");
}

static void offer_contexts(const struct jt_cli_offer *offer)
{
    struct jt_cli_contexts contexts;
    if (jt_cli_contexts_load(&contexts, NULL) != JT_OK) {
        return;
    }
    const struct jt_cli_context *list = contexts.list.items;
    for (size_t i = 0; i < contexts.list.n; i++) {
        jt_cli_candidates_offer(offer, jt_span_str(list[i].name), "");
    }
    jt_cli_contexts_release(&contexts);
}

/* Of --reset: the options whose members have a default to go back to. */
static void offer_resets(const struct jt_cli_offer *offer)
{
    const struct jt_cli_command *command = offer->line->command;
    const struct jt_cli_option *o = command == NULL ? NULL : command->options;
    for (; o != NULL && o->name != NULL; o++) {
        if (o->member != NULL && o->type != JT_CLI_FALSE) {
            jt_cli_candidates_offer(offer, jt_span_str(o->name), o->help);
        }
    }
}

/* The word in the middle of "[-|FILE]...". */
static struct jt_span bare(struct jt_span what)
{
    while (what.n > 0 && strchr("[-|", what.p[0]) != NULL) {
        what.p++;
        what.n--;
    }
    while (what.n > 0 && strchr("].", what.p[what.n - 1]) != NULL) {
        what.n--;
    }
    return what;
}

static bool offer_named(const struct jt_cli_offer *offer, struct jt_span what)
{
    static const struct {
        const char *what, *collection, *member, *told;
        enum listing listing;
    } kinds[] = {
        {"URI", "resources", "identifier", NULL, NAMED},
        {"ROLE", "roles", "name", NULL, NAMED},
        {"PRODUCT", "products", "name", NULL, NAMED},
        {"CLIENT", "clients", "name", "client_id", NAMED},
        {"KID", "keys", "kid", "state", WHOLE},
    };
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        if (jt_span_is(what, kinds[i].what)) {
            JT_JSON_AUTO json_t *answer = ask_list(offer, kinds[i].collection, kinds[i].listing);
            offer_members(offer, json_object_get(answer, "items"), kinds[i].member, kinds[i].told);
            return true;
        }
    }
    return false;
}

static bool offer_special(const struct jt_cli_offer *offer, struct jt_span what)
{
    static const struct {
        const char *what;
        void (*run)(const struct jt_cli_offer *offer);
    } kinds[] = {{"GRANT", offer_grants},
                 {"ID", offer_secrets},
                 {"CONTEXT", offer_contexts},
                 {"OPTION", offer_resets}};
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        if (jt_span_is(what, kinds[i].what)) {
            kinds[i].run(offer);
            return true;
        }
    }
    return false;
}

static bool is_file(struct jt_span what)
{
    static const char *const names[] = {"FILE", "PATH", "PEM", "DIR", "FILE|DIR"};
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        if (jt_span_is(what, names[i])) {
            return true;
        }
    }
    return false;
}

/* A name that is about to be made is none of those there are. */
static bool is_new(const struct jt_cli_line *line)
{
    const char *verb = line->command == NULL ? NULL : strrchr(line->command->path, ' ');
    return line->option == NULL && line->n_args == 0 && verb != NULL &&
           strcmp(verb, " create") == 0;
}

void jt_cli_candidates_value(const struct jt_cli_offer *offer, struct jt_span what,
                             const char *choices)
{
    what = bare(what);
    if (choices != NULL) {
        offer_words(offer, jt_span_str(choices));
    } else if (is_file(what)) {
        (void)fputs(":files\n", stdout);
    } else if (jt_span_is(what, "SHELL")) {
        offer_words(offer, JT_SPAN("bash zsh fish"));
    } else if (jt_span_is(what, "ALG")) {
        offer_words(offer, JT_SPAN(ALGORITHMS));
    } else if (!is_new(offer->line) && !offer_special(offer, what)) {
        (void)offer_named(offer, what); /* what has no names has no candidates */
    }
}
