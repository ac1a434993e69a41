/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer.h"

#include "keys/seal.h"
#include "keys/signer_ops.h"

#include "common/base/base.h"

void jt_sealed_release(struct jt_sealed *sealed)
{
    jt_buf_release(&sealed->kid);
    jt_buf_release(&sealed->public_jwk);
    jt_buf_release(&sealed->blob);
}

bool jt_sealed_kek(struct jt_span blob, char out_id[JT_KEK_ID_TEXT])
{
    struct jt_span id = jt_seal_kek_id(blob);
    if (id.n == 0) {
        return false;
    }
    jt_kek_id_text(id.p, out_id);
    return true;
}

void jt_signer_free(struct jt_signer *signer)
{
    if (signer != NULL) {
        signer->ops->free(signer);
    }
}

enum jt_err jt_signer_generate(struct jt_signer *signer, enum jt_sealed_kind kind, enum jt_alg alg,
                               struct jt_sealed *out_sealed, struct jt_diag *diag)
{
    return signer->ops->generate(signer, kind, alg, out_sealed, diag);
}

enum jt_err jt_signer_load(struct jt_signer *signer, const struct jt_sealed *sealed,
                           int64_t longest_s, struct jt_secret *out_pepper, struct jt_diag *diag)
{
    return signer->ops->load(signer, sealed, longest_s, out_pepper, diag);
}

enum jt_err jt_signer_rewrap(struct jt_signer *signer, struct jt_sealed *sealed, bool *out_changed,
                             struct jt_diag *diag)
{
    return signer->ops->rewrap(signer, sealed, out_changed, diag);
}

enum jt_err jt_signer_set_keks(struct jt_signer *signer, const struct jt_signer_conf *conf,
                               struct jt_diag *diag)
{
    return signer->ops->set_keks(signer, conf, diag);
}

void jt_signer_status(struct jt_signer *signer, struct jt_signer_status *out_status)
{
    signer->ops->status(signer, out_status);
}

enum jt_err jt_signer_lane_new(struct jt_signer *signer, struct jt_signer_lane **out_lane)
{
    return signer->ops->lane_new(signer, out_lane);
}

void jt_signer_lane_free(struct jt_signer_lane *lane)
{
    if (lane != NULL) {
        lane->ops->lane_free(lane);
    }
}

enum jt_err jt_signer_sign(struct jt_signer_lane *lane, struct jt_span kid,
                           const struct jt_claims *claims, struct jt_buf *out)
{
    return lane->ops->sign(lane, kid, claims, out);
}
