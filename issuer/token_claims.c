/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/token_claims.h"

#include "common/base/base.h"

enum jt_err jt_token_claims_scope(const struct jt_decision *decision, struct jt_buf *out)
{
    for (size_t i = 0; i < decision->n_scopes; i++) {
        JT_TRY(jt_buf_puts(out, i == 0 ? "" : " "));
        JT_TRY(jt_buf_put(out, decision->scopes[i].name));
    }
    return JT_OK;
}

/* RFC 9068 sec. 2.2: the claims of an access token; sub is the client when there is no user. */
void jt_token_claims_fill(const struct jt_root *root, const struct jt_client *client,
                          const struct jt_decision *decision, const struct jt_token_claims_own *own,
                          struct jt_token_claims *out_claims)
{
    for (size_t i = 0; i < decision->n_resources; i++) {
        out_claims->aud[i] = decision->resources[i]->object.id;
    }
    out_claims->claims = (struct jt_claims){
        .iss = jt_span_str(root->settings->config.issuer),
        .sub = client->object.id,
        .client_id = client->object.id,
        .jti = own->jti,
        .aud = out_claims->aud,
        .n_aud = decision->n_resources,
        .scope = own->scope,
        .iat_s = own->now_s,
        .nbf_s = own->now_s,
        .exp_s = own->now_s + decision->lifetime_s,
        .extra = decision->n_resources == 1 ? decision->resources[0]->claims : JT_SPAN_NONE,
        .typ = decision->typ,
    };
}
