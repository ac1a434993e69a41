/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an implementation of the signer provides: the calls of signer.h, one row each. A signer and
 * a lane begin with the structs below, so that an implementation puts its own members behind them.
 * Internal to keys/.
 * Ownership and thread rules: as signer.h says at each call.
 */
#ifndef JT_KEYS_SIGNER_OPS_H
#define JT_KEYS_SIGNER_OPS_H

#include "keys/signer.h"

struct jt_signer_ops {
    void (*free)(struct jt_signer *signer);
    enum jt_err (*generate)(struct jt_signer *signer, enum jt_sealed_kind kind, enum jt_alg alg,
                            struct jt_sealed *out_sealed, struct jt_diag *diag);
    enum jt_err (*load)(struct jt_signer *signer, const struct jt_sealed *sealed, int64_t longest_s,
                        struct jt_secret *out_pepper, struct jt_diag *diag);
    enum jt_err (*rewrap)(struct jt_signer *signer, struct jt_sealed *sealed, bool *out_changed,
                          struct jt_diag *diag);
    enum jt_err (*set_keks)(struct jt_signer *signer, const struct jt_signer_conf *conf,
                            struct jt_diag *diag);
    void (*status)(struct jt_signer *signer, struct jt_signer_status *out_status);
    enum jt_err (*lane_new)(struct jt_signer *signer, struct jt_signer_lane **out_lane);
    void (*lane_free)(struct jt_signer_lane *lane);
    enum jt_err (*sign)(struct jt_signer_lane *lane, struct jt_span kid,
                        const struct jt_claims *claims, struct jt_buf *out);
};

struct jt_signer {
    const struct jt_signer_ops *ops;
};

struct jt_signer_lane {
    const struct jt_signer_ops *ops;
};

#endif
