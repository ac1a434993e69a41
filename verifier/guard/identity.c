/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/guard/identity.h"

#include <stdio.h>

#include "common/base/base.h"

enum { SUBJECT, CLIENT = JT_IDENTITY_CLIENT, SCOPE, AUDIENCE, ISSUER, TOKEN, EXPIRES };

static const char *const names[JT_IDENTITY_LINES] = {
    [SUBJECT] = "X-Auth-Subject",   [CLIENT] = "X-Auth-Client-Id", [SCOPE] = "X-Auth-Scope",
    [AUDIENCE] = "X-Auth-Audience", [ISSUER] = "X-Auth-Issuer",    [TOKEN] = "X-Auth-Token-Id",
    [EXPIRES] = "X-Auth-Expires"};

void jt_identity_clear(struct jt_identity *identity)
{
    for (size_t i = 0; i < JT_IDENTITY_LINES; i++) {
        identity->values[i][0] = 0;
        identity->lines[i] = (struct jt_answer_line){names[i], identity->values[i]};
    }
}

/* RFC 9110 sec. 5.5: visible ASCII with spaces between; other bytes are read in more than one way
 */
static bool can_stand(struct jeton_slice value)
{
    if (value.n > JT_IDENTITY_VALUE_MAX ||
        (value.n > 0 && (value.p[0] == ' ' || value.p[value.n - 1] == ' '))) {
        return false;
    }
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < 0x20 || value.p[i] > 0x7E) {
            return false;
        }
    }
    return true;
}

enum jt_err jt_identity_fill(struct jt_identity *identity, const struct jeton_result *result,
                             const char **out_header)
{
    const struct jeton_slice values[] = {
        [SUBJECT] = result->subject,   [CLIENT] = result->client_id, [SCOPE] = result->scope,
        [AUDIENCE] = result->audience, [ISSUER] = result->issuer,    [TOKEN] = result->token_id,
    };
    jt_identity_clear(identity);
    for (size_t i = 0; i < JT_COUNT(values); i++) {
        if (!can_stand(values[i])) {
            jt_identity_clear(identity);
            *out_header = names[i];
            return JT_ERR_CLAIMS;
        }
        if (values[i].n > 0) {
            memcpy(identity->values[i], values[i].p, values[i].n);
        }
        identity->values[i][values[i].n] = 0;
    }
    (void)snprintf(identity->values[EXPIRES], sizeof identity->values[EXPIRES], "%lld",
                   (long long)result->expires_s); /* fits */
    return JT_OK;
}
