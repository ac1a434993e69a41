/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_token_parts.h"

#include "common/base/secret.h"
#include "common/jose/b64url.h"
#include "common/jose/jws.h"

#include "common/base/base.h"

static enum jt_err decode(const char *what, struct jt_span part, json_t **out_json,
                          struct jt_diag *diag)
{
    JT_AUTO(secret) text = JT_SECRET_INIT;
    size_t n = 0;
    JT_TRY(jt_secret_alloc(&text, JT_B64URL_DECODED(part.n)));
    enum jt_err err = jt_b64url_decode(part, text.p, &n);
    if (err != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_REFUSED, "the token's %s is not base64url", what);
    }
    err = jt_json_load_object(jt_span_of(text.p, n), JT_JSON_DEPTH, out_json);
    if (err == JT_OK || err == JT_ERR_NOMEM) {
        return err;
    }
    return jt_diag_fail(diag, JT_ERR_REFUSED, "the token's %s is not one JSON object", what);
}

enum jt_err jt_cli_token_parts(struct jt_span token, json_t **out_header, json_t **out_claims,
                               struct jt_diag *diag)
{
    struct jt_jws jws;
    if (jt_jws_split(token, &jws) != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_REFUSED,
                            "that is not a JWT: not three parts with dots between them");
    }
    json_t *header = NULL;
    JT_TRY(decode("header", jws.header, &header, diag));
    enum jt_err err = decode("payload", jws.payload, out_claims, diag);
    if (err != JT_OK) {
        json_decref(header);
        return err;
    }
    *out_header = header;
    return JT_OK;
}
