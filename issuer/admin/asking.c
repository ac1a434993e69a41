/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/asking.h"

#include "common/json/json.h"
#include "issuer/admin/page.h"
#include "issuer/doctor/doctor.h"
#include "issuer/explain.h"
#include "issuer/view.h"
#include "issuer/who_can.h"

#include "common/base/base.h"

/* The members of an explanation's request. */
struct question {
    struct jt_span client, scope;
    struct jt_span resources[JT_DECIDE_MAX_RESOURCES + 1]; /* one more, so that too many are seen */
    size_t n_resources;
};

/* A parameter that is empty counts as omitted, as at the token endpoint. */
static enum jt_err read_text(struct jt_admin_call *call, const char *name, struct jt_span *out)
{
    const json_t *value = json_object_get(call->body, name);
    if (value != NULL && !json_is_null(value) && !json_is_string(value)) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID, "%s: give a string", name);
    }
    *out = jt_json_value(value);
    return JT_OK;
}

static enum jt_err add_resource(struct jt_admin_call *call, const json_t *value,
                                struct question *question)
{
    if (!json_is_string(value)) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID,
                            "resource: give an identifier, or a list of them");
    }
    if (json_string_length(value) > 0 && question->n_resources <= JT_DECIDE_MAX_RESOURCES) {
        question->resources[question->n_resources++] = jt_json_value(value);
    }
    return JT_OK;
}

static enum jt_err read_resources(struct jt_admin_call *call, struct question *question)
{
    const json_t *value = json_object_get(call->body, "resource");
    if (!json_is_array(value)) {
        return value == NULL || json_is_null(value) ? JT_OK : add_resource(call, value, question);
    }
    size_t index;
    const json_t *item;
    json_array_foreach(value, index, item)
    {
        JT_TRY(add_resource(call, item, question));
    }
    return JT_OK;
}

static enum jt_err read_question(struct jt_admin_call *call, struct question *question)
{
    static const char *const members[] = {"client", "resource", "scope", NULL};
    JT_TRY(jt_admin_only(call, members));
    JT_TRY(read_text(call, "client", &question->client));
    if (question->client.n == 0) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID, "client: give its client_id or name");
    }
    JT_TRY(read_text(call, "scope", &question->scope));
    return read_resources(call, question);
}

static enum jt_err explain(struct jt_admin_call *call, const struct question *question,
                           json_t **out_answer)
{
    const struct jt_root *root = jt_issuer_enter(call->worker);
    const struct jt_explain what = {
        .root = root,
        .lane = call->worker->lane,
        .client =
            (const struct jt_client *)jt_view_find(root->access, JT_STORE_CLIENT, question->client),
        .name = question->client,
        .ask = {question->resources, question->n_resources, question->scope},
        .now_s = jt_clock_wall_s(call->issuer->clock),
    };
    enum jt_err err = jt_explain_make(&what, out_answer);
    jt_issuer_exit(call->worker);
    return err;
}

enum jt_err jt_asking_explain(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    struct question question = {0};
    JT_TRY(read_question(call, &question));
    enum jt_err err = explain(call, &question, &reply->json);
    if (err == JT_ERR_KEY_ABSENT) { /* rotated between the root and the key: the new root has it */
        err = explain(call, &question, &reply->json);
    }
    return err;
}

enum who_can_param { PARAM_RESOURCE = JT_PAGE_AT_AFTER + 1, PARAM_SCOPE };

const struct jt_admin_param jt_asking_who_can_params[] = {
    JT_PAGE_PARAMS,
    {.name = "resource",
     .type = JT_ADMIN_TEXT,
     .required = true,
     .help = "the resource's identifier"},
    {.name = "scope", .type = JT_ADMIN_TEXT, .help = "one of its scopes; any token when absent"},
    {0},
};

/* The page, whose cursor is a name of the root's. */
static enum jt_err list_who_can(struct jt_admin_call *call, const struct jt_who_can *who_can,
                                json_t **out_page)
{
    json_t *items = NULL;
    struct jt_span last = JT_SPAN_NONE;
    JT_TRY(jt_who_can_list(who_can, &items, &last, &call->diag));
    return jt_page_make(items, last, out_page);
}

enum jt_err jt_asking_who_can(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    JT_AUTO(buf) after = JT_BUF_INIT(JT_NAMES_MAX_IDENTIFIER);
    JT_TRY(jt_page_after(call, &after));
    const struct jt_root *root = jt_issuer_enter(call->worker);
    const struct jt_who_can who_can = {
        .access = root->access,
        .resource = call->params[PARAM_RESOURCE],
        .scope = call->params[PARAM_SCOPE],
        .after = jt_buf_span(&after),
        .limit = (size_t)jt_admin_int(call, JT_PAGE_AT_LIMIT, JT_PAGE_LIMIT),
    };
    enum jt_err err = list_who_can(call, &who_can, &reply->json);
    jt_issuer_exit(call->worker);
    return err;
}

enum jt_err jt_asking_doctor(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return jt_doctor_run(call->worker, &reply->json);
}
