/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "issuer/oauth/token_request.h"

#include "common/jose/b64url.h"

#include "common/base/base.h"

#define MAX_BASIC 2048

/* The parameters that we know; all others are ignored (RFC 6749 sec. 3.2). */
enum param { GRANT_TYPE, SCOPE, RESOURCE, AUDIENCE, CLIENT_ID, CLIENT_SECRET, ASSERTION, N_PARAMS };

static const struct {
    const char *name;
    bool repeats;  /* RFC 8707 sec. 2: resource may stand several times */
    bool in_query; /* with the compatibility setting */
} params[N_PARAMS] = {
    [GRANT_TYPE] = {"grant_type", false, true},
    [SCOPE] = {"scope", false, true},
    [RESOURCE] = {"resource", true, true},
    [AUDIENCE] = {"audience", false, true},
    [CLIENT_ID] = {"client_id", false, false},
    [CLIENT_SECRET] = {"client_secret", false, false},
    [ASSERTION] = {"client_assertion", false, false},
};

/* What was found of each, while reading. */
struct found {
    struct jt_span values[N_PARAMS];
    bool seen[N_PARAMS];
};

void jt_token_request_release(struct jt_token_request *request)
{
    jt_form_release(&request->form);
    jt_form_release(&request->query);
    jt_secret_release(&request->basic);
}

/* --- media type --- */

static enum jt_err check_media_type(const struct jt_request *request, struct jt_diag *diag)
{
    struct jt_span type = jt_request_header(request, "Content-Type");
    const uint8_t *semicolon = type.n == 0 ? NULL : memchr(type.p, ';', type.n);
    struct jt_span parameter = JT_SPAN_NONE;
    if (semicolon != NULL) {
        size_t n = (size_t)(semicolon - type.p);
        parameter = jt_span_trim(jt_span_of(semicolon + 1, type.n - n - 1));
        type.n = n;
    }
    if (!jt_span_eq_nocase(jt_span_trim(type), JT_SPAN("application/x-www-form-urlencoded"))) {
        return jt_diag_fail(
            diag, JT_ERR_MEDIA_TYPE,
            "send the parameters as application/x-www-form-urlencoded (curl: -d, not "
            "-F nor --json)");
    }
    if (parameter.n > 0 && !jt_span_eq_nocase(parameter, JT_SPAN("charset=utf-8")) &&
        !jt_span_eq_nocase(parameter, JT_SPAN("charset=\"utf-8\""))) {
        return jt_diag_fail(diag, JT_ERR_MEDIA_TYPE, "the only charset is UTF-8; leave it out");
    }
    struct jt_span coding = jt_request_header(request, "Content-Encoding");
    if (coding.p != NULL && !jt_span_eq_nocase(jt_span_trim(coding), JT_SPAN("identity"))) {
        return jt_diag_fail(diag, JT_ERR_MEDIA_TYPE, "send the body without Content-Encoding");
    }
    return JT_OK;
}

/* --- parameters --- */

static enum jt_err take_field(struct jt_token_request *out, struct found *found,
                              const struct jt_form_field *field, bool from_query,
                              struct jt_diag *diag)
{
    size_t i = 0;
    while (i < N_PARAMS && !jt_span_is(field->name, params[i].name)) {
        i++;
    }
    /* RFC 6749 sec. 3.2: without a value it counts as left out */
    if (i == N_PARAMS || field->value.n == 0) {
        return JT_OK;
    }
    if (from_query && !params[i].in_query) {
        return jt_diag_fail(diag, JT_ERR_REQUEST,
                            "%s may not stand in the URL; send it in the body", params[i].name);
    }
    if (found->seen[i] && !params[i].repeats) {
        return jt_diag_fail(diag, JT_ERR_REPEATED, "%s is given more than once", params[i].name);
    }
    found->seen[i] = true;
    if (i == RESOURCE) {
        if (out->n_resources < JT_COUNT(out->resources)) {
            out->resources[out->n_resources++] = field->value;
        }
        return JT_OK;
    }
    found->values[i] = field->value;
    return JT_OK;
}

static enum jt_err take_fields(struct jt_token_request *out, struct found *found,
                               const struct jt_form *form, bool from_query, struct jt_diag *diag)
{
    for (size_t i = 0; i < form->n; i++) {
        JT_TRY(take_field(out, found, &form->fields[i], from_query, diag));
    }
    return JT_OK;
}

static enum jt_err parse_form(struct jt_span text, struct jt_form *form, struct jt_diag *diag)
{
    enum jt_err err = jt_form_parse(text, form);
    if (err == JT_ERR_FORM) {
        return jt_diag_fail(diag, err,
                            "a parameter is not valid: percent-encode UTF-8, without NUL");
    }
    if (err == JT_ERR_LIMIT) {
        return jt_diag_fail(diag, err, "more than %d parameters", JT_FORM_MAX_FIELDS);
    }
    return err;
}

/* `audience` is what clients that know no `resource` send; with both they must be equal. */
static enum jt_err take_audience(struct jt_token_request *out, struct jt_span audience,
                                 struct jt_diag *diag)
{
    if (audience.n == 0) {
        return JT_OK;
    }
    if (out->n_resources == 0) {
        out->resources[out->n_resources++] = audience;
        return JT_OK;
    }
    if (out->n_resources > 1 || !jt_span_eq(out->resources[0], audience)) {
        return jt_diag_fail(diag, JT_ERR_TARGET,
                            "resource and audience differ; send resource alone");
    }
    return JT_OK;
}

/* --- credentials --- */

static enum jt_err malformed_basic(struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_CLIENT,
                        "malformed Authorization: send Basic base64(id:secret), both parts "
                        "form-urlencoded first");
}

/* RFC 6749 sec. 2.3.1: each half is form-urlencoded before it is base64-encoded. */
static enum jt_err decode_half(struct jt_span half, uint8_t *out, struct jt_span *out_span,
                               struct jt_diag *diag)
{
    size_t n = 0;
    if (half.n == 0 || jt_form_decode(half, out, &n) != JT_OK ||
        !jt_span_utf8(jt_span_of(out, n))) {
        return malformed_basic(diag);
    }
    *out_span = jt_span_of(out, n);
    return JT_OK;
}

static enum jt_err read_basic(struct jt_span header, struct jt_token_request *out,
                              struct jt_diag *diag)
{
    struct jt_span scheme = {header.p, header.n < 6 ? header.n : 6};
    if (!jt_span_eq_nocase(scheme, JT_SPAN("Basic ")) || header.n > MAX_BASIC) {
        return malformed_basic(diag);
    }
    struct jt_span text = jt_span_trim(jt_span_of(header.p + 6, header.n - 6));
    /* one part for the decoded header, one for the halves decoded from it */
    JT_TRY(jt_secret_alloc(&out->basic, (size_t)2 * MAX_BASIC));
    size_t n = 0;
    if (jt_b64url_decode_standard(text, out->basic.p, &n) != JT_OK || n == 0) {
        return malformed_basic(diag);
    }
    const uint8_t *colon = memchr(out->basic.p, ':', n);
    if (colon == NULL) {
        return malformed_basic(diag);
    }
    size_t id_len = (size_t)(colon - out->basic.p);
    uint8_t *halves = out->basic.p + MAX_BASIC;
    JT_TRY(decode_half(jt_span_of(out->basic.p, id_len), halves, &out->client_id, diag));
    return decode_half(jt_span_of(colon + 1, n - id_len - 1), halves + id_len, &out->client_secret,
                       diag);
}

static enum jt_err take_credentials(const struct jt_request *request, const struct found *found,
                                    struct jt_token_request *out, struct jt_diag *diag)
{
    struct jt_span header = jt_request_header(request, "Authorization");
    bool in_body = found->values[CLIENT_SECRET].n > 0;
    if (found->values[ASSERTION].n > 0) {
        return jt_diag_fail(diag, JT_ERR_CLIENT,
                            "client_assertion is not supported here; use client_secret_basic");
    }
    /* RFC 6749 sec. 2.3: one method per request */
    if (header.p != NULL && in_body) {
        return jt_diag_fail(
            diag, JT_ERR_REQUEST,
            "two ways of authentication at once; leave client_secret out of the body");
    }
    if (header.p != NULL) {
        out->by_header = true;
        JT_TRY(read_basic(header, out, diag));
        if (found->values[CLIENT_ID].n > 0 &&
            !jt_span_eq(found->values[CLIENT_ID], out->client_id)) {
            return jt_diag_fail(diag, JT_ERR_REQUEST,
                                "client_id is not the client of the Authorization header");
        }
        return JT_OK;
    }
    if (!in_body || found->values[CLIENT_ID].n == 0) {
        return jt_diag_fail(diag, JT_ERR_CLIENT,
                            "no client authentication; send Authorization: Basic, or client_id and "
                            "client_secret in the body");
    }
    out->client_id = found->values[CLIENT_ID];
    out->client_secret = found->values[CLIENT_SECRET];
    return JT_OK;
}

enum jt_err jt_token_request_parse(const struct jt_request *request, bool allow_query,
                                   struct jt_token_request *out_request, struct jt_diag *diag)
{
    struct found found = {0};
    /* the forms' field arrays are large; what is not read is not cleared */
    out_request->grant_type = out_request->scope = JT_SPAN_NONE;
    out_request->client_id = out_request->client_secret = JT_SPAN_NONE;
    out_request->n_resources = out_request->form.n = out_request->query.n = 0;
    out_request->form.text = out_request->query.text = out_request->basic =
        (struct jt_secret)JT_SECRET_INIT;
    out_request->by_header = jt_request_header(request, "Authorization").p != NULL;
    JT_TRY(check_media_type(request, diag));
    if (request->query.n > 0 && !allow_query) {
        return jt_diag_fail(diag, JT_ERR_REQUEST,
                            "parameters may not stand in the URL; send them in the body (or set "
                            "http.query_parameters)");
    }
    JT_TRY(parse_form(request->body, &out_request->form, diag));
    JT_TRY(take_fields(out_request, &found, &out_request->form, false, diag));
    if (request->query.n > 0) {
        JT_TRY(parse_form(request->query, &out_request->query, diag));
        JT_TRY(take_fields(out_request, &found, &out_request->query, true, diag));
    }
    out_request->grant_type = found.values[GRANT_TYPE];
    out_request->scope = found.values[SCOPE];
    JT_TRY(take_credentials(request, &found, out_request, diag));
    return take_audience(out_request, found.values[AUDIENCE], diag);
}
