/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/admin_apply.h"

#include "issuer/access/object.h"
#include "issuer/apply.h"

#include "common/base/base.h"

/* As in jt_admin_apply_params. */
enum { DRY_RUN, PRUNE, PRUNE_ALL };

const struct jt_admin_param jt_admin_apply_params[] = {
    {.name = "dry_run",
     .type = JT_ADMIN_BOOL,
     .help = "true: tell what would change, and change nothing"},
    {.name = "prune",
     .type = JT_ADMIN_TEXT,
     .max = JT_OBJECT_MAX_LABEL_NAME + 1 + JT_OBJECT_MAX_TEXT,
     .help = "NAME=VALUE: delete what has this label and is not in the body"},
    {.name = "prune_all",
     .type = JT_ADMIN_BOOL,
     .help = "true: delete whatever is not in the body"},
    {.name = NULL},
};

static void *open_apply(void *app, const struct jt_request *head)
{
    const struct jt_admin *admin = app;
    struct jt_apply *apply = NULL;
    (void)head; /* judged before */
    return jt_apply_new(admin->issuer, &apply) == JT_OK ? apply : NULL;
}

static bool take_bytes(void *state, struct jt_span bytes)
{
    return jt_apply_take(state, bytes);
}

static void close_apply(void *state)
{
    jt_apply_free(state);
}

const struct jt_stream jt_admin_apply_stream = {open_apply, take_bytes, close_apply};

/* What a web page can make a browser send is not taken for an apply. */
static enum jt_err check_type(struct jt_admin_call *call)
{
    struct jt_span type = jt_request_header(call->request, "Content-Type");
    const uint8_t *end = type.n == 0 ? NULL : memchr(type.p, ';', type.n);
    if (end != NULL) {
        type = jt_span_trim(jt_span_of(type.p, (size_t)(end - type.p)));
    }
    if (jt_span_eq_nocase(type, JT_SPAN("application/jsonl")) ||
        jt_span_eq_nocase(type, JT_SPAN("application/x-ndjson"))) {
        return JT_OK;
    }
    return jt_diag_fail(&call->diag, JT_ERR_MEDIA_TYPE,
                        "send JSON lines as application/jsonl (or application/x-ndjson)");
}

enum jt_err jt_admin_apply_run(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    const struct jt_apply_how how = {.actor = call->actor,
                                     .dry_run = jt_admin_true(call, DRY_RUN),
                                     .prune_all = jt_admin_true(call, PRUNE_ALL),
                                     .label = call->params[PRUNE]};
    JT_TRY(check_type(call));
    return jt_apply_run(call->stream, &how, &reply->json, &call->diag);
}
