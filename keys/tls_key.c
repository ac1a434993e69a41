/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "keys/tls_key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "keys/memory_guard.h"

#include "common/base/base.h"

#define FILE_MAX 32768 /* an RSA key of 16384 bits is 13 KiB */

/* --- the file --- */

static enum jt_err check_stat(const struct stat *st, const char *path, struct jt_diag *diag)
{
    if (!S_ISREG(st->st_mode)) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.key: %s is not a regular file; name the PEM "
                            "file of the key",
                            path);
    }
    if (st->st_uid != geteuid() && st->st_uid != 0) {
        return jt_diag_fail(
            diag, JT_ERR_CONFIG,
            "tls.key: %s belongs to user %lu; it must belong to root or to the user "
            "that reads it (%lu): chown it",
            path, (unsigned long)st->st_uid, (unsigned long)geteuid());
    }
    /* a group may read it: systemd shows a credential so, and Debian keeps keys for ssl-cert so */
    if ((st->st_mode & (S_IWGRP | S_IRWXO)) != 0) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.key: %s has mode %04o, so that others may read or write it; "
                            "run: chmod 600 %s",
                            path, (unsigned)(st->st_mode & 07777), path);
    }
    return JT_OK;
}

static enum jt_err read_all(int fd, const char *path, struct jt_secret *text, size_t *out_n,
                            struct jt_diag *diag)
{
    size_t n = 0;
    while (n < text->n) {
        ssize_t got = read(fd, text->p + n, text->n - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return jt_diag_fail(diag, JT_ERR_CONFIG, "tls.key: %s cannot be read: %s", path,
                                strerrordesc_np(errno));
        }
        if (got == 0) {
            *out_n = n;
            return JT_OK;
        }
        n += (size_t)got;
    }
    return jt_diag_fail(diag, JT_ERR_CONFIG,
                        "tls.key: %s is longer than a key; name the PEM file "
                        "of the key alone",
                        path);
}

static enum jt_err read_file(const char *path, struct jt_secret *text, size_t *out_n,
                             struct jt_diag *diag)
{
    /* links are followed, as who renews certificates makes them; the checks are made on what was
     * opened. O_NONBLOCK: a FIFO must not stop the start */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.key: %s cannot be opened: %s; name a file that the user who runs "
                            "jetond may read, and its folders",
                            path, strerrordesc_np(errno));
    }
    struct stat st;
    enum jt_err err = fstat(fd, &st) == 0 ? check_stat(&st, path, diag) : JT_ERR_IO;
    if (err == JT_OK) {
        err = read_all(fd, path, text, out_n, diag);
    }
    (void)close(fd); /* only read */
    return err;
}

/* --- the key --- */

static void forget_errors(void)
{
    ERR_clear_error(); /* the queue is the thread's; what failed is told in a sentence */
}

/* No passphrase, and nobody is asked for one. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the parameters are the library's */
static int no_passphrase(char *out, int size, int writes, void *ctx)
{
    (void)out;
    (void)size;
    (void)writes;
    (void)ctx;
    return -1;
}

/* What libcrypto fetches to read a key stays for good: it is fetched outside the guarded pages. */
static void fetch_readers(void)
{
    const unsigned char none[] = {0x30, 0x00}, *at = none;
    EVP_PKEY_free(d2i_AutoPrivateKey_ex(NULL, &at, sizeof none, NULL, NULL)); /* NULL */
    forget_errors();
}

static EVP_PKEY *parse(struct jt_span text)
{
    fetch_readers();
    jt_memory_guard_enter();
    EVP_PKEY *pkey = NULL;
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
    if (bio != NULL) {
        pkey = PEM_read_bio_PrivateKey_ex(bio, NULL, no_passphrase, NULL, NULL, NULL);
    }
    BIO_free(bio);
    jt_memory_guard_leave();
    forget_errors();
    return pkey;
}

static bool set_form(EVP_PKEY_CTX *ctx, enum jt_tls_form form, const char *md)
{
    if (form == JT_TLS_ECDSA) {
        return true;
    }
    if (form == JT_TLS_RSA_PKCS1) { /* without a hash of its own: what comes is a DigestInfo */
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    }
    const EVP_MD *hash = EVP_get_digestbyname(md);
    /* RFC 8446 sec. 4.2.3: MGF1 with the same hash, and a salt as long as its digest */
    return hash != NULL && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(ctx, hash) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, hash) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool sign(void *holder, enum jt_tls_form form, const char *md, struct jt_span digest,
                 uint8_t *out, size_t *out_n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, holder, NULL);
    size_t n = JT_TLS_SIGNATURE_MAX;
    bool ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 && set_form(ctx, form, md) &&
              EVP_PKEY_sign(ctx, out, &n, digest.p, digest.n) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!ok) {
        forget_errors();
        return false;
    }
    *out_n = n;
    return true;
}

/* What libcrypto makes of an RSA key at its first signature holds p and q and stays with the key. */
static bool settle(EVP_PKEY *pkey, bool rsa)
{
    uint8_t signature[JT_TLS_SIGNATURE_MAX];
    const uint8_t digest[32] = {0};
    size_t n = 0;
    enum jt_tls_form form = rsa ? JT_TLS_RSA_PSS : JT_TLS_ECDSA;
    if (rsa) {
        jt_memory_guard_enter();
    }
    bool ok = sign(pkey, form, "SHA256", jt_span_of(digest, sizeof digest), signature, &n);
    if (rsa) {
        jt_memory_guard_leave();
    }
    return ok;
}

static void release(void *holder)
{
    EVP_PKEY_free(holder); /* libcrypto wipes the private numbers */
}

static bool is_known(const EVP_PKEY *pkey)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    char name[64] = "";
    if (EVP_PKEY_is_a(pkey, "RSA")) {
        return EVP_PKEY_get_size(pkey) <= JT_TLS_SIGNATURE_MAX;
    }
    if (!EVP_PKEY_is_a(pkey, "EC") || EVP_PKEY_get_group_name(pkey, name, sizeof name, NULL) != 1) {
        return false;
    }
    for (size_t i = 0; i < JT_COUNT(curves); i++) {
        if (jt_span_is(jt_span_str(name), curves[i])) {
            return true;
        }
    }
    return false;
}

enum jt_err jt_tls_key_load(const char *path, struct jt_tls_key *out_key, struct jt_diag *diag)
{
    JT_AUTO(secret) text = JT_SECRET_INIT;
    size_t n = 0;
    JT_TRY(jt_secret_alloc_locked(&text, FILE_MAX));
    JT_TRY(read_file(path, &text, &n, diag));
    EVP_PKEY *pkey = parse(jt_span_of(text.p, n));
    if (pkey == NULL) {
        return jt_diag_fail(
            diag, JT_ERR_CONFIG,
            "tls.key: %s is not a private key in PEM without a passphrase; make one "
            "by: openssl genpkey -algorithm EC -pkeyopt "
            "ec_paramgen_curve:P-256",
            path);
    }
    bool rsa = EVP_PKEY_is_a(pkey, "RSA") == 1;
    if (!is_known(pkey) || !settle(pkey, rsa)) {
        release(pkey);
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.key: the key in %s is neither RSA of at most 8192 bits nor EC of "
                            "P-256, P-384 or P-521, which every client takes; make such a one",
                            path);
    }
    *out_key = (struct jt_tls_key){.holder = pkey,
                                   .rsa = rsa,
                                   .bits = (unsigned)EVP_PKEY_get_bits(pkey),
                                   .sign = sign,
                                   .free = release};
    return JT_OK;
}
