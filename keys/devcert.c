/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "keys/devcert.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "common/base/base.h"

#define HOUR 3600L
#define DAY  (24 * HOUR)

struct one {
    EVP_PKEY *key;
    X509 *certificate;
};

static void release(struct one *one)
{
    EVP_PKEY_free(one->key);
    X509_free(one->certificate);
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    /* RFC 5280 sec. 4.1.2.2: positive, at most 20 octets; the top bit that is set makes it so */
    bool ok = number != NULL && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return ok;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool add_extensions(const struct one *one, const struct one *issuer, struct jt_span ip)
{
    char names[128];
    (void)snprintf(names, sizeof names, "DNS:localhost,IP:%.*s", (int)ip.n,
                   (const char *)ip.p); /* fits any address; what is cut is refused below */
    bool root = one == issuer;
    const struct {
        int nid;
        const char *value;
    } rows[] = {{NID_basic_constraints, root ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE"},
                {NID_key_usage, root ? "critical,keyCertSign" : "critical,digitalSignature"},
                {NID_subject_key_identifier, "hash"},
                {NID_authority_key_identifier, "keyid:always"},
                {NID_ext_key_usage, root ? NULL : "serverAuth"},
                {NID_subject_alt_name, root ? NULL : names}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        if (rows[i].value != NULL &&
            !add_extension(one->certificate, issuer->certificate, rows[i].nid, rows[i].value)) {
            return false;
        }
    }
    return true;
}

static bool set_names(X509 *certificate, const char *name, const struct one *issuer)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                      -1, 0) == 1 &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) == 1;
}

/* Fills `one`, signed by `issuer`, which may be the same. */
static enum jt_err make(struct one *one, const char *name, const struct one *issuer,
                        struct jt_span ip)
{
    one->key = EVP_EC_gen("P-256");
    one->certificate = X509_new();
    X509 *certificate = one->certificate;
    if (one->key == NULL || certificate == NULL) {
        return JT_ERR_CRYPTO;
    }
    bool ok = X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
              /* an hour back: clocks differ */
              X509_gmtime_adj(X509_getm_notBefore(certificate), -HOUR) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(certificate), JT_DEVCERT_DAYS * DAY) != NULL &&
              X509_set_pubkey(certificate, one->key) == 1 && set_names(certificate, name, issuer) &&
              add_extensions(one, issuer, ip) &&
              X509_sign(certificate, issuer->key, EVP_sha256()) > 0;
    return ok ? JT_OK : JT_ERR_CRYPTO;
}

/* --- files --- */

static bool write_bio(BIO *bio, int fd)
{
    char *bytes = NULL;
    long n = BIO_get_mem_data(bio, &bytes);
    return n > 0 && write(fd, bytes, (size_t)n) == n; /* a new file of a page: at once or not */
}

static enum jt_err write_file(const char *path, BIO *bio, mode_t mode, struct jt_diag *diag)
{
    (void)unlink(path); /* who has the old one open keeps it; what is not there is fine */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    bool ok = fd >= 0 && write_bio(bio, fd);
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    return ok ? JT_OK
              : jt_diag_fail(diag, JT_ERR_IO, "cannot make %s: %s; give another --dir", path,
                             strerrordesc_np(why));
}

static enum jt_err write_certificate(const char *path, X509 *certificate, struct jt_diag *diag)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum jt_err err = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1
                          ? write_file(path, bio, 0644, diag)
                          : JT_ERR_CRYPTO;
    BIO_free(bio);
    return err;
}

static enum jt_err write_key(const char *path, EVP_PKEY *key, struct jt_diag *diag)
{
    BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when freed */
    bool ok =
        bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    enum jt_err err = ok ? write_file(path, bio, 0600, diag) : JT_ERR_CRYPTO;
    BIO_free(bio);
    return err;
}

enum jt_err jt_devcert_create(const struct jt_devcert_paths *paths, struct jt_span ip,
                              struct jt_diag *diag)
{
    struct one root = {NULL, NULL}, server = {NULL, NULL};
    enum jt_err err = make(&root, "jetond dev", &root, JT_SPAN_NONE);
    if (err == JT_OK) {
        err = make(&server, "localhost", &root, ip);
    }
    if (err == JT_OK) {
        err = write_key(paths->key, server.key, diag);
    }
    if (err == JT_OK) {
        err = write_certificate(paths->certificate, server.certificate, diag);
    }
    if (err == JT_OK) {
        err = write_certificate(paths->root, root.certificate, diag);
    }
    release(&root);
    release(&server);
    ERR_clear_error(); /* the queue is the thread's */
    return err;
}
