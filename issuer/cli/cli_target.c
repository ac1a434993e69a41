/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_target.h"

#include <stdlib.h>

#include "issuer/cli/cli_http.h"
#include "issuer/cli/cli_token_ask.h"

#include "common/base/base.h"

#define DEFAULT_SOCKET "/run/jeton/admin.sock"
#define FORM_LIMIT     16384

/* A variable that is empty counts as none. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != 0 ? value : NULL;
}

static enum jt_err use_context(struct jt_cli_target *target, const char *name, struct jt_diag *diag)
{
    JT_TRY(jt_cli_contexts_load(&target->contexts, diag));
    name = name != NULL ? name : target->contexts.current;
    if (name == NULL) {
        target->socket = DEFAULT_SOCKET;
        return JT_OK;
    }
    target->context = jt_cli_contexts_find(&target->contexts, name);
    if (target->context == NULL) {
        return jt_diag_fail(diag, JT_ERR_NOT_FOUND,
                            "there is no context '%s'; jeton context list shows those there are",
                            name);
    }
    target->socket = target->context->socket;
    return JT_OK;
}

enum jt_err jt_cli_target_find(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct jt_cli_target *target = run->target;
    if (target->found) {
        return JT_OK;
    }
    const char *context = run->context;
    target->socket = run->socket;
    if (target->socket == NULL && context == NULL) {
        target->socket = variable("JETON_SOCKET");
        context = variable("JETON_CONTEXT");
    }
    if (target->socket == NULL) {
        JT_TRY(use_context(target, context, diag));
    }
    target->found = true;
    return JT_OK;
}

/* The token of the context's client for <issuer>/admin. */
static enum jt_err get_bearer(struct jt_cli_target *target, struct jt_diag *diag)
{
    const struct jt_cli_context *context = target->context;
    JT_AUTO(buf) form = JT_BUF_INIT(FORM_LIMIT);
    JT_JSON_AUTO json_t *answer = NULL;
    struct jt_span token;
    JT_TRY(jt_buf_puts(&form, "&resource="));
    JT_TRY(jt_cli_http_encode(&form, jt_span_str(context->issuer)));
    JT_TRY(jt_buf_puts(&form, "%2Fadmin"));
    struct jt_cli_token_ask ask = {.issuer = context->issuer,
                                   .issuer_name = "the context's issuer",
                                   .credentials = context->credentials,
                                   .ca_file = context->ca_file,
                                   .timeout_ms = target->timeout_ms,
                                   .form = jt_buf_span(&form)};
    JT_TRY(jt_cli_token_ask_send(&ask, &answer, &token, diag));
    JT_TRY(jt_secret_alloc(&target->bearer, token.n + 1));
    memcpy(target->bearer.p, token.p, token.n);
    return JT_OK;
}

enum jt_err jt_cli_target_open(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct jt_cli_target *target = run->target;
    JT_TRY(jt_cli_target_find(run, diag));
    if (!target->open && target->socket == NULL) {
        JT_TRY(get_bearer(target, diag));
    }
    target->open = true;
    return JT_OK;
}

void jt_cli_target_release(struct jt_cli_target *target)
{
    jt_secret_release(&target->bearer);
    jt_cli_contexts_release(&target->contexts);
    *target = (struct jt_cli_target){.found = false};
}
