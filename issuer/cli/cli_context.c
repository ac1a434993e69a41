/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_context.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "issuer/cli/cli_body.h"
#include "issuer/cli/cli_confirm.h"
#include "issuer/cli/cli_show.h"
#include "issuer/cli/cli_target.h"

#include "common/base/base.h"

#define PATH_LIMIT 4096

static const struct jt_cli_field fields[] = {
    {"name", "name", JT_CLI_FORM_PLAIN, true},
    {"current", "current", JT_CLI_FORM_PLAIN, true},
    {"socket", "socket", JT_CLI_FORM_PLAIN, true},
    {"url", "url", JT_CLI_FORM_PLAIN, true},
    {"issuer", "issuer", JT_CLI_FORM_PLAIN, true},
    {"credentials", "credentials", JT_CLI_FORM_PLAIN, false},
    {"ca_file", "ca_file", JT_CLI_FORM_PLAIN, false},
    {0}};
static const struct jt_cli_shape shape = {"name", fields};

/* The content of the file as JSON, to be changed and saved. */
static enum jt_err load(json_t **out_json, struct jt_diag *diag)
{
    struct jt_cli_contexts contexts;
    JT_TRY(jt_cli_contexts_load(&contexts, diag));
    enum jt_err err = jt_cli_contexts_json(&contexts, out_json);
    jt_cli_contexts_release(&contexts);
    return err;
}

/* Where the context called `name` stands in the list; its length when it does not. */
static size_t place_of(const json_t *list, const char *name)
{
    size_t i = 0;
    while (i < json_array_size(list) &&
           !jt_span_is(jt_json_value(json_object_get(json_array_get(list, i), "name")), name)) {
        i++;
    }
    return i;
}

static bool is_current(const json_t *json, const char *name)
{
    return jt_span_is(jt_json_value(json_object_get(json, "current")), name);
}

static enum jt_err absent(const char *name, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_NOT_FOUND,
                        "there is no context '%s'; jeton context list shows those there are", name);
}

/* Sets `member` to the path `path`, made absolute: the context is used from any folder. */
static enum jt_err put_path(json_t *context, const char *member, const char *path,
                            struct jt_diag *diag)
{
    JT_AUTO(buf) whole = JT_BUF_INIT(2 * PATH_LIMIT);
    if (path[0] != '/') {
        char folder[PATH_LIMIT];
        if (getcwd(folder, sizeof folder) == NULL) {
            return jt_diag_fail(diag, JT_ERR_USAGE, "cannot tell the present folder: %s",
                                strerror(errno));
        }
        JT_TRY(jt_buf_printf(&whole, "%s/", folder));
    }
    JT_TRY(jt_buf_puts(&whole, path));
    return jt_cli_body_text(context, member, member, jt_buf_str(&whole), diag);
}

/* The new context as the options say; whether they go together is checked when it is saved. */
static enum jt_err make(const struct jt_cli_run *run, json_t **out_context, struct jt_diag *diag)
{
    static const char *const paths[][2] = {{"credentials", "credentials"}, {"ca-file", "ca_file"}};
    JT_JSON_AUTO json_t *context = json_object();
    JT_JSON_AUTO json_t *given = NULL;
    JT_TRY(jt_cli_body_text(context, "name", "the context's name", run->args[0], diag));
    JT_TRY(jt_cli_body_make(run, &given, diag));
    if (json_object_update(context, given) != 0) {
        return JT_ERR_NOMEM;
    }
    if (run->socket != NULL) {
        JT_TRY(put_path(context, "socket", run->socket, diag));
    }
    for (size_t i = 0; i < JT_COUNT(paths); i++) {
        const char *path = jt_cli_options_text(run, paths[i][0]);
        if (path != NULL) {
            JT_TRY(put_path(context, paths[i][1], path, diag));
        }
    }
    *out_context = context;
    context = NULL;
    return JT_OK;
}

enum jt_err jt_cli_context_add(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *json = NULL;
    json_t *context = NULL;
    JT_TRY(load(&json, diag));
    json_t *list = json_object_get(json, "contexts");
    if (place_of(list, run->args[0]) < json_array_size(list)) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "there is a context '%s' already; remove it, or choose another name",
                            run->args[0]);
    }
    JT_TRY(make(run, &context, diag));
    bool first = json_array_size(list) == 0;
    if (json_array_append_new(list, context) != 0) {
        return JT_ERR_NOMEM;
    }
    if (first) {
        JT_TRY(jt_cli_body_text(json, "current", "the context's name", run->args[0], diag));
    }
    JT_TRY(jt_cli_contexts_save(json, diag));
    jt_cli_output_talk(first ? "added the context %s; as the first it is the one in use"
                             : "added the context %s; jeton context use makes it the one in use",
                       run->args[0]);
    return JT_OK;
}

enum jt_err jt_cli_context_list(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *json = NULL;
    JT_TRY(load(&json, diag));
    json_t *list = json_object_get(json, "contexts");
    size_t index;
    json_t *context;
    json_array_foreach(list, index, context)
    {
        bool current = is_current(json, json_string_value(json_object_get(context, "name")));
        if (json_object_set_new(context, "current", json_boolean(current)) != 0) {
            return JT_ERR_NOMEM;
        }
    }
    if (json_array_size(list) == 0 && jt_cli_show_people(run)) {
        jt_cli_output_talk("no contexts yet; jeton context add --help");
    }
    return jt_cli_show_list(run, &shape, list, diag);
}

/* Where the next command would go: a context, or the bare socket. */
static enum jt_err show_used(const struct jt_cli_run *run, json_t **out_context,
                             struct jt_diag *diag)
{
    JT_TRY(jt_cli_target_find(run, diag));
    const struct jt_cli_target *target = run->target;
    if (target->context != NULL) {
        return jt_cli_contexts_one(target->context, out_context);
    }
    *out_context = json_pack("{s:n, s:s}", "name", "socket", target->socket);
    return *out_context == NULL ? JT_ERR_NOMEM : JT_OK;
}

enum jt_err jt_cli_context_show(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *json = NULL;
    JT_JSON_AUTO json_t *context = NULL;
    JT_TRY(load(&json, diag));
    if (run->n_args == 0) {
        JT_TRY(show_used(run, &context, diag));
    } else {
        json_t *list = json_object_get(json, "contexts");
        context = json_incref(json_array_get(list, place_of(list, run->args[0])));
    }
    if (context == NULL) {
        return absent(run->args[0], diag);
    }
    const char *name = json_string_value(json_object_get(context, "name"));
    bool current = name != NULL && is_current(json, name);
    if (json_object_set_new(context, "current", json_boolean(current)) != 0) {
        return JT_ERR_NOMEM;
    }
    return jt_cli_show_object(run, &shape, context, diag);
}

enum jt_err jt_cli_context_use(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *json = NULL;
    JT_TRY(load(&json, diag));
    const json_t *list = json_object_get(json, "contexts");
    if (place_of(list, run->args[0]) == json_array_size(list)) {
        return absent(run->args[0], diag);
    }
    JT_TRY(jt_cli_body_text(json, "current", "the context's name", run->args[0], diag));
    JT_TRY(jt_cli_contexts_save(json, diag));
    jt_cli_output_talk("%s is in use", run->args[0]);
    return JT_OK;
}

enum jt_err jt_cli_context_remove(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *json = NULL;
    JT_TRY(load(&json, diag));
    json_t *list = json_object_get(json, "contexts");
    size_t place = place_of(list, run->args[0]);
    if (place == json_array_size(list)) {
        return absent(run->args[0], diag);
    }
    JT_TRY(jt_cli_confirm_ask(run, run->args[0], "This forgets the context, not its issuer", diag));
    bool current = is_current(json, run->args[0]);
    if (json_array_remove(list, place) != 0 || (current && json_object_del(json, "current") != 0)) {
        return JT_ERR_NOMEM;
    }
    JT_TRY(jt_cli_contexts_save(json, diag));
    jt_cli_output_talk(current ? "removed the context %s; none is in use now"
                               : "removed the context %s",
                       run->args[0]);
    return JT_OK;
}
