/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "issuer/advice.h"
#include "issuer/doctor/checks.h"

#include "common/base/base.h"

enum jt_err jt_checks_say(const struct jt_checks *checks, const char *check,
                          enum jt_checks_status status, const char *fix, const char *format, ...)
{
    static const char *const names[] = {
        [JT_CHECKS_OK] = "ok", [JT_CHECKS_WARN] = "warn", [JT_CHECKS_FAIL] = "fail"};
    JT_AUTO(buf) detail = JT_BUF_INIT(JT_ADVICE_MAX);
    va_list args;
    va_start(args, format);
    enum jt_err err = jt_buf_vprintf(&detail, format, args);
    va_end(args);
    JT_TRY(err);
    json_t *item = json_object();
    JT_TRY(jt_advice_append(checks->items, item)); /* theirs from here on */
    JT_TRY(jt_advice_set(item, "check", json_string(check)));
    JT_TRY(jt_advice_set(item, "status", json_string(names[status])));
    JT_TRY(jt_advice_set(item, "detail", jt_advice_text(jt_buf_span(&detail))));
    return fix == NULL ? JT_OK : jt_advice_set(item, "fix", json_string(fix));
}

const char *jt_checks_time(int64_t at_s, char out[JT_CHECKS_TIME])
{
    return jt_told_time(at_s, out);
}

enum jt_err jt_doctor_run(struct jt_issuer_worker *worker, json_t **out_answer)
{
    static enum jt_err (*const all[])(const struct jt_checks *) = {
        jt_checks_config, jt_checks_keys,        jt_checks_kek,
        jt_checks_files,  jt_checks_certificate, jt_checks_secrets};
    struct jt_checks checks = {worker->issuer, worker, json_array()};
    json_t *answer = json_object();
    enum jt_err err = jt_advice_set(answer, "checks", checks.items);
    for (size_t i = 0; err == JT_OK && i < JT_COUNT(all); i++) {
        err = all[i](&checks);
    }
    if (err != JT_OK) {
        json_decref(answer);
        return err;
    }
    *out_answer = answer;
    return JT_OK;
}
