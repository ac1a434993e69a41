/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/oauth/oauth.h"

#include "common/base/base.h"

static void release_part(void *part)
{
    jt_key_part_free(part);
}

/* RFC 9110 sec. 13.1.2: If-None-Match is "*" or a list of tags, compared weakly. */
static bool matches(struct jt_span list, const char *etag)
{
    struct jt_span tag = jt_span_str(etag);
    if (jt_span_is(list, "*")) {
        return true;
    }
    return tag.n > 0 && list.n >= tag.n && memmem(list.p, list.n, tag.p, tag.n) != NULL;
}

void jt_jwks_get(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app; /* the worker knows the issuer */
    struct jt_issuer_worker *worker = request->thread;
    const struct jt_root *root = jt_issuer_enter(worker);
    struct jt_key_part *keys = root->keys;
    answer->content_type = "application/json";
    jt_answer_header(answer, "ETag", "%s", keys->etag);
    jt_answer_header(answer, "Cache-Control", "public, max-age=%lld",
                     (long long)root->settings->config.max_age_s);
    bool held = matches(jt_request_header(request, "If-None-Match"), keys->etag);
    if (strcmp(request->method, "HEAD") != 0) {
        jt_counter_fetch(worker->counter, jt_clock_wall_s(worker->issuer->clock), held);
    }
    if (held) {
        answer->status = 304;
    } else {
        answer->status = 200;
        /* sent as it lies in memory: the part stays until the last answer is out */
        answer->shared_ctx = jt_key_part_ref(keys);
        answer->shared_release = release_part;
        answer->shared_body = jt_buf_span(&keys->jwks);
    }
    jt_issuer_exit(worker);
}
