/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_admin_setup.h"

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_show.h"

#include "common/base/base.h"

#define ROLE "jeton-admin"

static const struct jt_cli_field fields[] = {
    {"resource", "resource", JT_CLI_FORM_PLAIN, true},
    {"role", "role", JT_CLI_FORM_PLAIN, true},
    {"client_id", "client_id", JT_CLI_FORM_PLAIN, true},
    {"client_secret", "client_secret", JT_CLI_FORM_PLAIN, true},
    {0}};
static const struct jt_cli_shape shape = {NULL, fields};

struct setup {
    const struct jt_cli_run *run;
    struct jt_diag *diag;
    const char *resource;
    json_t *scopes, *grants;
};

/* Something that has to be there with all of a list. */
struct wanted {
    const char *collection, *name;
    const char *key;  /* the member that is its name */
    const char *list; /* the member that is the list */
    json_t *items;    /* that must be in it */
};

/* Appends to `list` what of `items` it lacks; how many that were, -1 when memory is out. */
static int add_missing(json_t *list, const json_t *items)
{
    int added = 0;
    size_t i, k;
    json_t *item;
    const json_t *there;
    json_array_foreach(items, i, item)
    {
        bool found = false;
        json_array_foreach(list, k, there)
        {
            found = found || json_equal(there, item) != 0;
        }
        if (!found && json_array_append(list, item) != 0) {
            return -1;
        }
        added += !found;
    }
    return added;
}

static enum jt_err make(const struct setup *s, const struct wanted *wanted, json_t **out_answer)
{
    JT_JSON_AUTO json_t *body =
        json_pack("{s:s, s:O}", wanted->key, wanted->name, wanted->list, wanted->items);
    if (body == NULL) {
        return JT_ERR_NOMEM;
    }
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {wanted->collection}, .body = body};
    JT_TRY(jt_cli_admin_call(s->run, &request, out_answer, s->diag));
    jt_cli_output_talk("made %s", wanted->name);
    return JT_OK;
}

/* Gives it what it lacks. */
static enum jt_err complete(const struct setup *s, const struct wanted *wanted,
                            const json_t *object)
{
    json_t *list = NULL;
    JT_TRY(jt_cli_admin_list(s->run, object, wanted->list, &list, s->diag));
    int added = add_missing(list, wanted->items);
    JT_JSON_AUTO json_t *patch = json_pack("{s:O}", wanted->list, list);
    if (added <= 0 || patch == NULL) {
        return added == 0 ? JT_OK : JT_ERR_NOMEM;
    }
    struct jt_cli_admin_request request = {
        .method = "PATCH", .path = {wanted->collection, wanted->name}, .body = patch};
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(jt_cli_admin_call(s->run, &request, &answer, s->diag));
    jt_cli_output_talk("completed %s", wanted->name);
    return JT_OK;
}

/* Makes or completes it; gives the object as it was made, or as it was found. */
static enum jt_err ensure(const struct setup *s, const struct wanted *wanted, json_t **out_object)
{
    struct jt_cli_admin_request request = {.method = "GET",
                                           .path = {wanted->collection, wanted->name}};
    enum jt_err err = jt_cli_admin_call(s->run, &request, out_object, s->diag);
    if (err == JT_ERR_NOT_FOUND) {
        return make(s, wanted, out_object);
    }
    return err == JT_OK ? complete(s, wanted, *out_object) : err;
}

/* Fills `s` from the API's description of itself. */
static enum jt_err plan(struct setup *s, const json_t *about)
{
    size_t i;
    const json_t *scope;
    s->resource = json_string_value(json_object_get(about, "admin_resource"));
    JT_TRY(jt_cli_admin_list(s->run, about, "scopes", &s->scopes, s->diag));
    s->grants = json_array();
    json_array_foreach(s->scopes, i, scope)
    {
        if (s->resource == NULL || !json_is_string(scope)) {
            return jt_diag_fail(s->diag, JT_ERR_UNREACHABLE,
                                "the admin API does not name its resource and scopes; is this "
                                "jetond older than this command?");
        }
        json_t *grant = json_sprintf("%s#%s", s->resource, json_string_value(scope));
        if (json_array_append_new(s->grants, grant) != 0) {
            return JT_ERR_NOMEM;
        }
    }
    return JT_OK;
}

static enum jt_err ensure_client(const struct setup *s, const char *name, json_t *out)
{
    JT_JSON_AUTO json_t *roles = json_pack("[s]", ROLE);
    JT_JSON_AUTO json_t *client = NULL;
    struct wanted wanted = {"clients", name, "name", "roles", roles};
    JT_TRY(ensure(s, &wanted, &client));
    json_t *id = json_object_get(client, "client_id");
    json_t *secret = json_object_get(client, "client_secret");
    if (json_object_set(out, "client_id", id) != 0 ||
        (secret != NULL && json_object_set(out, "client_secret", secret) != 0)) {
        return JT_ERR_NOMEM;
    }
    jt_cli_output_talk(secret != NULL
                           ? "the client_secret is shown this once; keep it where %s reads it"
                           : "%s is there already; jeton client secret add makes it another secret",
                       name);
    return JT_OK;
}

static enum jt_err set_up(const struct setup *s, struct jt_diag *diag)
{
    const struct jt_cli_run *run = s->run;
    const char *name = jt_cli_options_text(run, "client");
    JT_JSON_AUTO json_t *resource = NULL;
    JT_JSON_AUTO json_t *role = NULL;
    JT_JSON_AUTO json_t *out = json_pack("{s:s, s:s}", "resource", s->resource, "role", ROLE);
    struct wanted wanted_resource = {"resources", s->resource, "identifier", "scopes", s->scopes};
    struct wanted wanted_role = {"roles", ROLE, "name", "grants", s->grants};
    JT_TRY(ensure(s, &wanted_resource, &resource));
    JT_TRY(ensure(s, &wanted_role, &role));
    if (name != NULL) {
        JT_TRY(ensure_client(s, name, out));
    }
    return jt_cli_show_object(run, &shape, out, diag);
}

enum jt_err jt_cli_admin_setup(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *about = NULL;
    struct setup s = {.run = run, .diag = diag};
    if (run->format == JT_CLI_AS_NAME) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "-o name would lose the secret, which is shown only once; use table, "
                            "json or yaml");
    }
    struct jt_cli_admin_request request = {.method = "GET"};
    JT_TRY(jt_cli_admin_call(run, &request, &about, diag));
    enum jt_err err = plan(&s, about);
    err = err == JT_OK ? set_up(&s, diag) : err;
    json_decref(s.grants);
    return err;
}
