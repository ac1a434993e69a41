/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/query.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/base.h"

#define MAX_TEXT   512  /* bytes of a text parameter */
#define MAX_KEY    255  /* characters of Idempotency-Key */
#define NEVER      (-1) /* a version that no object has */
#define MAX_DIGITS 18

/* --- parameters --- */

/* Digits only, at most 18: no sign, no space, no overflow. */
static bool read_number(struct jt_span text, int64_t *out)
{
    int64_t number = 0;
    if (text.n == 0 || text.n > MAX_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        number = number * 10 + (text.p[i] - '0');
    }
    *out = number;
    return true;
}

static bool is_choice(const char *choices, struct jt_span value)
{
    struct jt_span rest = jt_span_str(choices), word;
    while (jt_span_word(&rest, &word)) {
        if (jt_span_eq(word, value)) {
            return true;
        }
    }
    return false;
}

static enum jt_err check_value(const struct jt_admin_param *param, struct jt_span value,
                               struct jt_diag *diag)
{
    int64_t number = 0;
    size_t most = param->max == 0 ? MAX_TEXT : (size_t)param->max;
    switch (param->type) {
    case JT_ADMIN_INT:
        return read_number(value, &number) && number >= param->min && number <= param->max
                   ? JT_OK
                   : jt_diag_fail(diag, JT_ERR_INVALID,
                                  "%s: give a number from %" PRId64 " to %" PRId64, param->name,
                                  param->min, param->max);
    case JT_ADMIN_BOOL:
        return is_choice("true false", value)
                   ? JT_OK
                   : jt_diag_fail(diag, JT_ERR_INVALID, "%s: give true or false", param->name);
    case JT_ADMIN_CHOICE:
        return is_choice(param->choices, value)
                   ? JT_OK
                   : jt_diag_fail(diag, JT_ERR_INVALID, "%s: give one of: %s", param->name,
                                  param->choices);
    case JT_ADMIN_TEXT:
    default:
        return value.n > 0 && value.n <= most
                   ? JT_OK
                   : jt_diag_fail(diag, JT_ERR_INVALID, "%s: give 1 to %zu bytes, or leave it out",
                                  param->name, most);
    }
}

static enum jt_err take_field(struct jt_admin_call *call, const struct jt_form_field *field)
{
    const struct jt_admin_param *param = call->route->params;
    for (size_t i = 0; param != NULL && param[i].name != NULL; i++) {
        if (!jt_span_is(field->name, param[i].name)) {
            continue;
        }
        if (call->params[i].p != NULL) {
            return jt_diag_fail(&call->diag, JT_ERR_INVALID, "%s: stands twice; give it once",
                                param[i].name);
        }
        JT_TRY(check_value(&param[i], field->value, &call->diag));
        call->params[i] = field->value;
        return JT_OK;
    }
    return jt_diag_fail(&call->diag, JT_ERR_INVALID, "%.*s: no such parameter here; leave it out",
                        field->name.n > 64 ? 64 : (int)field->name.n, (const char *)field->name.p);
}

static enum jt_err take_fields(struct jt_admin_call *call, const struct jt_form *form)
{
    for (size_t i = 0; i < form->n; i++) {
        JT_TRY(take_field(call, &form->fields[i]));
    }
    const struct jt_admin_param *param = call->route->params;
    for (size_t i = 0; param != NULL && param[i].name != NULL; i++) {
        if (param[i].required && call->params[i].p == NULL) {
            return jt_diag_fail(&call->diag, JT_ERR_INVALID, "%s: is missing; give it",
                                param[i].name);
        }
    }
    return JT_OK;
}

enum jt_err jt_query_params(struct jt_admin_call *call, struct jt_form *out_form)
{
    enum jt_err err = jt_form_parse(call->request->query, out_form);
    if (err == JT_ERR_FORM || err == JT_ERR_LIMIT) {
        return jt_diag_fail(&call->diag, JT_ERR_REQUEST,
                            "the query is not at most %d parameters in percent-encoded UTF-8",
                            JT_FORM_MAX_FIELDS);
    }
    JT_TRY(err);
    err = take_fields(call, out_form);
    if (err != JT_OK) {
        jt_form_release(out_form);
    }
    return err;
}

int64_t jt_admin_int(const struct jt_admin_call *call, size_t at, int64_t otherwise)
{
    (void)read_number(call->params[at], &otherwise); /* absent: it stays */
    return otherwise;
}

bool jt_admin_true(const struct jt_admin_call *call, size_t at)
{
    return jt_span_is(call->params[at], "true");
}

/* --- headers --- */

struct wanted {
    struct jt_span name, value;
    size_t n;
};

static void find(void *ctx, struct jt_span name, struct jt_span value)
{
    struct wanted *wanted = ctx;
    if (jt_span_eq_nocase(name, wanted->name)) {
        wanted->value = value.p == NULL ? JT_SPAN("") : value;
        wanted->n++;
    }
}

/* The header's value; `p` NULL when absent. */
static enum jt_err read_header(struct jt_admin_call *call, const char *name, bool taken,
                               struct jt_span *out_value)
{
    struct wanted wanted = {.name = jt_span_str(name)};
    jt_request_each_header(call->request, find, &wanted);
    if (wanted.n > 0 && !taken) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID, "%s: has no meaning here; leave it out",
                            name);
    }
    if (wanted.n > 1) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID, "%s: stands twice; give it once", name);
    }
    *out_value = wanted.value;
    return JT_OK;
}

void jt_query_etag(int64_t version, char out[JT_QUERY_ETAG_MAX])
{
    (void)snprintf(out, JT_QUERY_ETAG_MAX, "\"%" PRId64 "\"", version);
}

/* RFC 9110 sec. 8.8.3: an opaque text in quotes; ours is a version. */
static enum jt_err read_if_match(struct jt_admin_call *call, struct jt_span value)
{
    if (jt_span_is(value, "*")) {
        return JT_OK;
    }
    bool quoted = value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"' &&
                  memchr(value.p + 1, '"', value.n - 2) == NULL;
    if (!quoted) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID,
                            "If-Match: give one ETag as it was answered, quotes included, or *");
    }
    char tag[JT_QUERY_ETAG_MAX] = {0};
    if (read_number(jt_span_of(value.p + 1, value.n - 2), &call->how.if_version)) {
        jt_query_etag(call->how.if_version, tag);
    }
    if (!jt_span_is(value, tag) || call->how.if_version == 0) {
        call->how.if_version = NEVER; /* "07" is no tag that was ever answered */
    }
    return JT_OK;
}

static enum jt_err check_key(struct jt_admin_call *call, struct jt_span value)
{
    bool fine = value.n >= 1 && value.n <= MAX_KEY;
    for (size_t i = 0; fine && i < value.n; i++) {
        fine = value.p[i] > 0x20 && value.p[i] < 0x7F;
    }
    if (!fine) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID,
                            "Idempotency-Key: give 1 to %d visible ASCII characters, e.g. a UUID",
                            MAX_KEY);
    }
    call->how.key = value;
    return JT_OK;
}

enum jt_err jt_query_headers(struct jt_admin_call *call)
{
    struct jt_span value = JT_SPAN_NONE;
    JT_TRY(read_header(call, "If-Match", call->route->if_match, &value));
    if (value.p != NULL) {
        JT_TRY(read_if_match(call, value));
    }
    JT_TRY(read_header(call, "Idempotency-Key", call->route->key, &value));
    return value.p == NULL ? JT_OK : check_key(call, value);
}

/* RFC 9110 sec. 13.1.2: a list, compared weakly. Our tags hold no comma. */
bool jt_query_none_match(const struct jt_request *request, int64_t version)
{
    char tag[JT_QUERY_ETAG_MAX];
    struct jt_span value = jt_request_header(request, "If-None-Match");
    jt_query_etag(version, tag);
    while (value.n > 0) {
        const uint8_t *comma = memchr(value.p, ',', value.n);
        size_t n = comma == NULL ? value.n : (size_t)(comma - value.p);
        struct jt_span one = jt_span_trim(jt_span_of(value.p, n));
        if (jt_span_starts(one, JT_SPAN("W/"))) {
            one = jt_span_of(one.p + 2, one.n - 2);
        }
        if (jt_span_is(one, tag) || jt_span_is(one, "*")) {
            return true;
        }
        n += comma != NULL;
        value = jt_span_of(value.p + n, value.n - n);
    }
    return false;
}
