/* SPDX-License-Identifier: Apache-2.0 */
/* Which implementation of the signer a configuration asks for. */
#include "keys/pkcs11_key.h"
#include "keys/signer_local.h"
#include "keys/signer_process.h"

#include "common/base/base.h"

/* A token that keys are made in must be there at the start; one that rows may refer to is reached when
 * one does. */
static enum jt_err new_tend(const struct jt_signer_conf *conf, struct jt_pkcs11_tend **out_tend,
                            struct jt_diag *diag)
{
    JT_AUTOP(pkcs11) token = NULL;
    JT_AUTOP(pkcs11_tend) tend = NULL;
    JT_TRY(jt_pkcs11_new(&conf->pkcs11, &token, diag));
    JT_TRY(jt_pkcs11_tend_new(token, &tend));
    if (conf->how == JT_SIGNER_PKCS11) {
        JT_TRY(jt_pkcs11_ping(token, diag));
        JT_TRY(jt_pkcs11_tend_start(tend));
    }
    *out_tend = tend;
    tend = NULL;
    return JT_OK;
}

static enum jt_err new_local(const struct jt_signer_conf *conf, const struct jt_random *random,
                             struct jt_signer **out_signer, struct jt_diag *diag)
{
    JT_AUTO(keks) keks = JT_KEKS_INIT;
    JT_AUTOP(pkcs11_tend) tend = NULL;
    if (conf->how == JT_SIGNER_PKCS11 || conf->pkcs11.module != NULL) {
        JT_TRY(new_tend(conf, &tend, diag));
    }
    JT_TRY(jt_keks_load(conf, &keks, diag));
    JT_TRY(jt_signer_new_local(&keks, random, out_signer));
    jt_signer_local_use(*out_signer, conf->how, tend);
    tend = NULL;
    return JT_OK;
}

enum jt_err jt_signer_new(const struct jt_signer_conf *conf, const struct jt_random *random,
                          struct jt_signer **out_signer, struct jt_diag *diag)
{
    if (conf->how == JT_SIGNER_LOCAL || conf->how == JT_SIGNER_PKCS11) {
        return new_local(conf, random, out_signer, diag);
    }
    return jt_signer_new_process(conf, out_signer, diag);
}

bool jt_signer_makes(enum jt_signer_how how, enum jt_alg alg)
{
    const struct jt_alg_row *row = jt_alg_row(alg);
    return row != NULL && row->issue && (how != JT_SIGNER_PKCS11 || jt_pkcs11_key_makes(row));
}
