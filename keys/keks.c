/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keks.h"

#include "keys/pkcs11_kek.h"
#include "keys/seal.h"

#include "common/base/base.h"

static bool is_named(const struct jt_kek_source *source)
{
    return source->file != NULL || source->credential != NULL || source->env != NULL ||
           source->pkcs11 != NULL;
}

static enum jt_err load(const struct jt_signer_conf *conf, const struct jt_kek_source *source,
                        struct jt_kek *out_kek, struct jt_diag *diag)
{
    if (source->pkcs11 == NULL) {
        return jt_kek_load(source, out_kek, diag);
    }
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_TRY(jt_pkcs11_kek(&conf->pkcs11, source->pkcs11, &bytes, diag));
    return jt_kek_derive(jt_secret_span(&bytes), out_kek);
}

enum jt_err jt_keks_load(const struct jt_signer_conf *conf, struct jt_keks *out_keks,
                         struct jt_diag *diag)
{
    JT_AUTO(keks) keks = JT_KEKS_INIT;
    JT_TRY(load(conf, &conf->kek, &keks.now, diag));
    if (is_named(&conf->kek_next)) {
        JT_TRY(load(conf, &conf->kek_next, &keks.next, diag));
        keks.has_next = true;
    }
    jt_keks_release(out_keks);
    *out_keks = keks;
    keks = (struct jt_keks)JT_KEKS_INIT;
    return JT_OK;
}

const struct jt_kek *jt_keks_target(const struct jt_keks *keks)
{
    return keks->has_next ? &keks->next : &keks->now;
}

const struct jt_kek *jt_keks_of(const struct jt_keks *keks, const struct jt_sealed *row)
{
    if (!keks->has_next) {
        return &keks->now;
    }
    if (row->blob.len > 0) {
        return jt_seal_names(row, &keks->next) ? &keks->next : &keks->now;
    }
    return jt_seal_check(&keks->next, row, NULL) == JT_OK ? &keks->next : &keks->now;
}

void jt_keks_release(struct jt_keks *keks)
{
    jt_kek_release(&keks->now);
    jt_kek_release(&keks->next);
    keks->has_next = false;
}
