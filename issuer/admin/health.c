/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/health.h"

#include "issuer/admin/admin.h"

#include "common/base/base.h"

static void answer_text(struct jt_answer *answer, int status, const char *text)
{
    answer->status = status;
    answer->content_type = "text/plain; charset=utf-8";
    answer->cache_control = "no-store";
    JT_IGNORE(jt_buf_puts(&answer->body, text)); /* out of memory: the status alone says it */
}

void jt_health_live(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request; /* neither can make the answer another */
    answer_text(answer, 200, "ok\n");
}

/* A further algorithm whose first key waits for the lead takes nothing away: no resource can use it
 * before. */
static bool any_key_signs(const struct jt_root *root)
{
    bool any = false;
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        any = any || root->keys->signing_kid[alg][0] != 0;
    }
    return any;
}

void jt_health_ready(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app; /* reads the root of its thread */
    struct jt_issuer_worker *worker = ((const struct jt_admin_thread *)request->thread)->worker;
    struct jt_signer_status signer;
    jt_signer_status(worker->issuer->signer, &signer);
    const struct jt_root *root = jt_issuer_enter(worker);
    const struct {
        bool amiss;
        const char *line;
    } checks[] = {
        {!any_key_signs(root), "no key signs\n"},
        {signer.away, "signer: away\n"},
        {jt_issuer_is_stale(worker->issuer, root),
         "store: not reached for longer than keys.staleness\n"},
    };
    jt_issuer_exit(worker);
    answer_text(answer, 200, "");
    for (size_t i = 0; i < JT_COUNT(checks); i++) {
        if (checks[i].amiss) {
            answer_text(answer, 503, checks[i].line);
        }
    }
    if (answer->status == 200) {
        answer_text(answer, 200,
                    jt_issuer_is_cut_off(worker->issuer) ? "ok\nstore: away\n" : "ok\n");
    }
}
