/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keks.h"

#include "keys/pkcs11_kek.h"
#include "keys/seal.h"

#include "common/base/base.h"

#define SOURCE_MAX 8192 /* how a source is named in sentences */

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

bool jt_keks_has_fd(const struct jt_kek_source *source)
{
    return source->file != NULL || source->credential != NULL || source->env != NULL;
}

/* By `fd` unless NULL. */
static enum jt_err read_one(const struct jt_signer_conf *conf, const struct jt_kek_source *source,
                            const int *fd, struct jt_kek *out_kek, struct jt_diag *diag)
{
    if (fd == NULL || !jt_keks_has_fd(source)) {
        return load(conf, source, out_kek, diag);
    }
    JT_AUTO(buf) what = JT_BUF_INIT(SOURCE_MAX);
    JT_TRY(jt_kek_describe(source, &what));
    return jt_kek_read(*fd, jt_buf_str(&what), out_kek, diag);
}

/* By the descriptors of each unless `now_fd` and `next_fd` are NULL. */
static enum jt_err read_both(const struct jt_signer_conf *conf, const int *now_fd,
                             const int *next_fd, struct jt_keks *out_keks, struct jt_diag *diag)
{
    struct jt_keks keks = JT_KEKS_INIT;
    enum jt_err err = read_one(conf, &conf->kek, now_fd, &keks.now, diag);
    if (err == JT_OK && is_named(&conf->kek_next)) {
        err = read_one(conf, &conf->kek_next, next_fd, &keks.next, diag);
        keks.has_next = true;
    }
    if (err != JT_OK) {
        jt_keks_release(&keks);
        return err;
    }
    jt_keks_release(out_keks);
    *out_keks = keks;
    return JT_OK;
}

enum jt_err jt_keks_load(const struct jt_signer_conf *conf, struct jt_keks *out_keks,
                         struct jt_diag *diag)
{
    return read_both(conf, NULL, NULL, out_keks, diag);
}

enum jt_err jt_keks_read(const struct jt_signer_conf *conf, const int *fds, size_t n_fds,
                         struct jt_keks *out_keks, struct jt_diag *diag)
{
    size_t now_fds = jt_keks_has_fd(&conf->kek), next_fds = jt_keks_has_fd(&conf->kek_next);
    if (n_fds != now_fds + next_fds || !is_named(&conf->kek)) {
        return JT_ERR_ARGUMENT;
    }
    return read_both(conf, fds, fds + now_fds, out_keks, diag);
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
