/* SPDX-License-Identifier: Apache-2.0 */
/* Which implementation of the signer a configuration asks for. */
#include "keys/signer_local.h"

#include "common/base/base.h"

static enum jt_err new_local(const struct jt_signer_conf *conf, const struct jt_random *random,
                             struct jt_signer **out_signer, struct jt_diag *diag)
{
    JT_AUTO(keks) keks = JT_KEKS_INIT;
    JT_TRY(jt_keks_load(conf, &keks, diag));
    return jt_signer_new_local(&keks, random, out_signer);
}

enum jt_err jt_signer_new(const struct jt_signer_conf *conf, const struct jt_random *random,
                          struct jt_signer **out_signer, struct jt_diag *diag)
{
    if (conf->how == JT_SIGNER_LOCAL) {
        return new_local(conf, random, out_signer, diag);
    }
    return jt_diag_fail(diag, JT_ERR_CONFIG, "keys.signer: only local is there yet");
}
