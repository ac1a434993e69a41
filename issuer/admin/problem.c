/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/problem.h"

#include "common/json/json.h"

#include "common/base/base.h"

/* RFC 9457 sec. 3.1 */
void jt_problem_put(struct jt_answer *answer, const struct jt_problem *problem)
{
    json_t *json = json_pack("{s:s, s:s, s:i, s:s}", "code", problem->code, "title", problem->title,
                             "status", problem->status, "detail", problem->detail);
    const char *colon = problem->has_member ? strstr(problem->detail, ": ") : NULL;
    if (colon != NULL && memchr(problem->detail, ' ', (size_t)(colon - problem->detail)) != NULL) {
        colon = NULL; /* "line 7: ...": no member's name has a space */
    }
    if (json != NULL && colon != NULL) {
        (void)json_object_set_new(
            json, "member",
            json_stringn(problem->detail, (size_t)(colon - problem->detail))); /* a help only */
    }
    jt_buf_clear(&answer->body);
    if (json == NULL || jt_json_dump(json, &answer->body) != JT_OK) {
        jt_buf_clear(&answer->body); /* out of memory: the status alone says it */
    }
    json_decref(json);
    answer->status = problem->status;
    answer->content_type = "application/problem+json";
    answer->cache_control = "no-store";
}

void jt_problem_refuse(struct jt_answer *answer, enum jt_err err, const struct jt_diag *diag)
{
    const struct jt_err_row *row = jt_err_row(err);
    struct jt_problem problem = {.status = row->http,
                                 .code = row->name,
                                 .title = row->text,
                                 .detail = diag == NULL ? row->text : jt_diag_text(diag, err),
                                 .has_member = err == JT_ERR_SCOPE || row->http == 422};
    jt_problem_put(answer, &problem);
}

void jt_problem_refuse_http(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app; /* the shape depends on nothing of the issuer's */
    struct jt_problem problem = {.status = status,
                                 .code = "http",
                                 .title = "the request cannot be served",
                                 .detail = sentence};
    jt_problem_put(answer, &problem);
}
