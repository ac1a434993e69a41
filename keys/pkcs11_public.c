/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/pkcs11_public.h"

#include <openssl/evp.h>

#include "common/jose/pkey.h"
#include "keys/pkcs11_object.h"

#include "common/base/base.h"

CK_RV jt_pkcs11_public_read(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                            const struct jt_alg_row *alg, struct jt_pkcs11_public *out_public)
{
    if (alg->kty == JT_KTY_EC) {
        return jt_pkcs11_object_bytes(call, object, CKA_EC_POINT, &out_public->first);
    }
    CK_RV rv = jt_pkcs11_object_bytes(call, object, CKA_MODULUS, &out_public->first);
    if (rv == CKR_OK) {
        rv = jt_pkcs11_object_bytes(call, object, CKA_PUBLIC_EXPONENT, &out_public->second);
    }
    return rv;
}

static struct jt_span without_zeros(struct jt_span number)
{
    while (number.n > 0 && number.p[0] == 0) {
        number = jt_span_of(number.p + 1, number.n - 1);
    }
    return number;
}

/* PKCS#11 2.40 mechanisms sec. 2.3.3: the point as a DER OCTET STRING; some tokens leave out its
 * head. */
static struct jt_span bare_point(struct jt_span point, size_t n)
{
    size_t head = n < 0x80 ? 2 : 3;
    if (point.n != head + n || point.p[0] != 4 || point.p[head - 1] != n ||
        (head == 3 && point.p[1] != 0x81)) {
        return point;
    }
    return jt_span_of(point.p + head, n);
}

static enum jt_err make_ec(const struct jt_alg_row *alg, struct jt_span point, EVP_PKEY **out_pkey)
{
    size_t n = alg->coord_len;
    point = bare_point(point, 1 + 2 * n);
    if (point.n != 1 + 2 * n || point.p[0] != 4) { /* SEC 1 sec. 2.3.3: uncompressed */
        return JT_ERR_JWK_UNUSABLE;
    }
    return jt_pkey_ec(alg, jt_span_of(point.p + 1, n), jt_span_of(point.p + 1 + n, n), out_pkey);
}

enum jt_err jt_pkcs11_public_jwk(const struct jt_pkcs11_public *public,
                                 const struct jt_alg_row *alg, struct jt_jwk **out_jwk)
{
    EVP_PKEY *pkey = NULL;
    struct jt_span first = jt_buf_span(&public->first), second = jt_buf_span(&public->second);
    if (alg->kty == JT_KTY_EC) {
        JT_TRY(make_ec(alg, first, &pkey));
    } else {
        JT_TRY(jt_pkey_rsa(without_zeros(first), without_zeros(second), &pkey));
    }
    enum jt_err err = jt_jwk_from_pkey(pkey, alg->id, out_jwk);
    EVP_PKEY_free(pkey);
    return err;
}

void jt_pkcs11_public_release(struct jt_pkcs11_public *public)
{
    jt_buf_release(&public->first);
    jt_buf_release(&public->second);
}
