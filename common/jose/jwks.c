/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/jwks.h"

#include <stdlib.h>

#include "common/json/json.h"

#include "common/base/base.h"

/* Fills `jwks` with the usable members of `keys`. What is wrong with a member skips it; what is
 * wrong with us is fatal, else a set would lose keys without anybody being told. */
static enum jt_err collect(const json_t *keys, struct jt_jwks *jwks)
{
    size_t index;
    const json_t *member;
    json_array_foreach(keys, index, member)
    {
        struct jt_jwk *jwk = NULL;
        enum jt_err err = JT_ERR_LIMIT;
        if (index < JT_JWKS_MAX_KEYS) {
            err = jt_jwk_parse(member, &jwk);
        }
        if (jt_err_row(err)->class == JT_CLASS_ENV) {
            return err;
        }
        if (err == JT_OK) {
            jwks->keys[jwks->n++] = jwk;
        } else {
            jwks->skipped++;
        }
    }
    return jwks->n > 0 ? JT_OK : JT_ERR_JWKS_EMPTY;
}

enum jt_err jt_jwks_parse(struct jt_span text, struct jt_jwks **out_jwks)
{
    if (text.n > JT_JWKS_MAX_BYTES) {
        return JT_ERR_LIMIT;
    }
    json_t *object = NULL;
    JT_TRY(jt_json_load_object(text, JT_JSON_DEPTH, &object));
    struct jt_jwks *jwks = NULL;
    enum jt_err err = JT_ERR_JSON;
    const json_t *keys = json_object_get(object, "keys");
    if (!json_is_array(keys)) {
        goto done;
    }
    jwks = calloc(1, sizeof *jwks + JT_JWKS_MAX_KEYS * sizeof(struct jt_jwk *));
    err = jwks == NULL ? JT_ERR_NOMEM : collect(keys, jwks);
done:
    json_decref(object);
    if (err != JT_OK) {
        jt_jwks_free(jwks);
        return err;
    }
    *out_jwks = jwks;
    return JT_OK;
}

void jt_jwks_free(struct jt_jwks *jwks)
{
    if (jwks == NULL) {
        return;
    }
    for (size_t i = 0; i < jwks->n; i++) {
        jt_jwk_free(jwks->keys[i]);
    }
    free(jwks);
}
