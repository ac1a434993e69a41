/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/base.h"

#define CHAIN_MAX 8 /* certificates; roots are the clients' */
#define RSA_MIN   2048

/* RFC 9325 sec. 3.1.1, 4.1, 4.2: TLS 1.2 and 1.3; key exchange that is ephemeral, so that the
 * certificate's key opens nothing that was recorded; ciphers with authentication alone (no CBC). The
 * first in the list is chosen, and X25519 is the cheapest. Without 0-RTT (RFC 8446 sec. 8: it can be
 * replayed, and a token request is not idempotent) and without tickets: their key would be a second
 * long-lived secret, held by who may read all TLS 1.2 sessions resumed under it, and a client of ours
 * keeps its connection or asks once an hour. Renegotiation ends a connection: the HTTP library takes
 * a second ClientHello for an error. */
static const char priorities[] =
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:+AEAD:"
    "+ECDHE-ECDSA:+ECDHE-RSA:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
    "+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+SIGN-ECDSA-SHA512:"
    "+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SECP521R1-SHA512:"
    "+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512:"
    "+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512:"
    "+COMP-NULL:+CTYPE-X509:%SERVER_PRECEDENCE:%NO_TICKETS:%FORCE_ETM";

struct jt_tls_pair {
    atomic_uint holders; /* the jt_tls, and each connection */
    struct jt_tls_key key;
    gnutls_privkey_t privkey; /* a way to `key` */
    unsigned n;
    gnutls_pcert_st certs[CHAIN_MAX];
    struct jt_tls_about about;
};

/* --- the key, as GnuTLS uses one that is elsewhere --- */

static const struct {
    gnutls_sign_algorithm_t algorithm;
    enum jt_tls_form form;
    const char *md; /* NULL: it is in the DigestInfo */
} forms[] = {
    {GNUTLS_SIGN_ECDSA_SHA256, JT_TLS_ECDSA, "SHA256"},
    {GNUTLS_SIGN_ECDSA_SHA384, JT_TLS_ECDSA, "SHA384"},
    {GNUTLS_SIGN_ECDSA_SHA512, JT_TLS_ECDSA, "SHA512"},
    {GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, JT_TLS_ECDSA, "SHA256"},
    {GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, JT_TLS_ECDSA, "SHA384"},
    {GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, JT_TLS_ECDSA, "SHA512"},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, JT_TLS_RSA_PSS, "SHA256"},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, JT_TLS_RSA_PSS, "SHA384"},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, JT_TLS_RSA_PSS, "SHA512"},
    {GNUTLS_SIGN_RSA_SHA256, JT_TLS_RSA_PKCS1, NULL},
    {GNUTLS_SIGN_RSA_SHA384, JT_TLS_RSA_PKCS1, NULL},
    {GNUTLS_SIGN_RSA_SHA512, JT_TLS_RSA_PKCS1, NULL},
    {GNUTLS_SIGN_RSA_RAW, JT_TLS_RSA_PKCS1, NULL}, /* what GnuTLS calls the three above then */
};

static size_t find_form(gnutls_sign_algorithm_t algorithm)
{
    size_t i = 0;
    while (i < JT_COUNT(forms) && forms[i].algorithm != algorithm) {
        i++;
    }
    return i;
}

static int sign_hash(gnutls_privkey_t privkey, gnutls_sign_algorithm_t algorithm, void *userdata,
                     unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
    (void)privkey;
    (void)flags;
    const struct jt_tls_key *key = userdata;
    uint8_t made[JT_TLS_SIGNATURE_MAX];
    size_t at = find_form(algorithm), n = 0;
    if (at == JT_COUNT(forms) || !key->sign(key->holder, forms[at].form, forms[at].md,
                                            jt_span_of(hash->data, hash->size), made, &n)) {
        return GNUTLS_E_PK_SIGN_FAILED;
    }
    signature->data = gnutls_malloc(n); /* GnuTLS frees it */
    if (signature->data == NULL) {
        return GNUTLS_E_MEMORY_ERROR;
    }
    memcpy(signature->data, made, n);
    signature->size = (unsigned)n;
    return 0;
}

static int tell_key(gnutls_privkey_t privkey, unsigned flags, void *userdata)
{
    (void)privkey;
    const struct jt_tls_key *key = userdata;
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO) != 0) {
        return key->rsa ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA;
    }
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS) != 0) {
        return (int)key->bits;
    }
    if ((flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) != 0) {
        size_t at = find_form(GNUTLS_FLAGS_TO_SIGN_ALGO(flags));
        return at < JT_COUNT(forms) && (forms[at].form != JT_TLS_ECDSA) == key->rsa;
    }
    return -1;
}

/* --- loading --- */

static enum jt_err fail_chain(struct jt_diag *diag, const char *name, int code)
{
    if (code == GNUTLS_E_MEMORY_ERROR) {
        return JT_ERR_NOMEM;
    }
    if (code == GNUTLS_E_CERTIFICATE_LIST_UNSORTED) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.certificate: in %s a certificate is not followed by that of its "
                            "issuer; put the server's own first, then the intermediate ones",
                            name);
    }
    if (code == GNUTLS_E_SHORT_MEMORY_BUFFER) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.certificate: %s holds more than %d certificates; leave out what "
                            "is not the server's chain",
                            name, CHAIN_MAX);
    }
    return jt_diag_fail(diag, JT_ERR_CONFIG,
                        "tls.certificate: %s is not a chain of certificates in PEM (%s); give the "
                        "file that begins with -----BEGIN CERTIFICATE-----",
                        name, gnutls_strerror(code));
}

static enum jt_err describe(struct jt_tls_pair *pair, gnutls_x509_crt_t own, const char *name,
                            struct jt_diag *diag)
{
    struct jt_tls_about *about = &pair->about;
    size_t n = sizeof about->subject;
    uint8_t hash[32];
    size_t hash_n = sizeof hash;
    unsigned usage = 0, critical = 0;
    if (gnutls_x509_crt_get_dn(own, about->subject, &n) != 0) {
        (void)snprintf(about->subject, sizeof about->subject, "-"); /* none, or a long one */
    }
    about->not_after_s = gnutls_x509_crt_get_expiration_time(own);
    if (gnutls_x509_crt_get_fingerprint(own, GNUTLS_DIG_SHA256, hash, &hash_n) != 0) {
        return JT_ERR_CRYPTO;
    }
    for (size_t i = 0; i < hash_n; i++) {
        (void)snprintf(about->fingerprint + 2 * i, 3, "%02x", hash[i]); /* fits */
    }
    /* RFC 8446 sec. 4.4.2.2: a key usage that is told has to allow signatures */
    if (gnutls_x509_crt_get_key_usage(own, &usage, &critical) >= 0 &&
        (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) == 0) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.certificate: the key usage of the first certificate in %s has no "
                            "digitalSignature, so no client takes it; is it a server's?",
                            name);
    }
    return JT_OK;
}

/* How many certificates begin, as GnuTLS looks for them: anywhere, also where a line's end is missing
 * between two files that were put together. CERTIFICATE, X509 CERTIFICATE, TRUSTED CERTIFICATE. */
static unsigned count_begun(struct jt_span pem)
{
    const struct jt_span begin = JT_SPAN("-----BEGIN ");
    unsigned n = 0;
    for (const uint8_t *at = memmem(pem.p, pem.n, begin.p, begin.n); at != NULL;
         at = memmem(pem.p, pem.n, begin.p, begin.n)) {
        pem.n -= (size_t)(at - pem.p) + begin.n;
        pem.p = at + begin.n;
        n += pem.n > 0 && (pem.p[0] == 'C' || pem.p[0] == 'X' || pem.p[0] == 'T');
    }
    return n;
}

/* GnuTLS stops without a word at a certificate of which a part is missing, such as the last of a file
 * that was not written to its end; no client could follow what is left of the chain. */
static enum jt_err check_whole(struct jt_span pem, unsigned n, const char *name,
                               struct jt_diag *diag)
{
    unsigned begun = count_begun(pem);
    return begun == n ? JT_OK
                      : jt_diag_fail(diag, JT_ERR_CONFIG,
                                     "tls.certificate: %u certificates begin in %s, and %u are "
                                     "whole; write the file again, with certificates alone",
                                     begun, name, n);
}

static enum jt_err take_chain(struct jt_tls_pair *pair, struct jt_span pem, const char *name,
                              struct jt_diag *diag)
{
    gnutls_x509_crt_t list[CHAIN_MAX];
    unsigned n = CHAIN_MAX;
    const gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem.p, (unsigned)pem.n}; /* is read */
    int code = gnutls_x509_crt_list_import(list, &n, &text, GNUTLS_X509_FMT_PEM,
                                           GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED |
                                               GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (code < 1) {
        return fail_chain(diag, name, code == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND : code);
    }
    enum jt_err err = check_whole(pem, (unsigned)code, name, diag);
    if (err == JT_OK) {
        err = describe(pair, list[0], name, diag);
    }
    for (unsigned i = 0; i < (unsigned)code; i++) {
        if (err == JT_OK) {
            int taken = gnutls_pcert_import_x509(&pair->certs[i], list[i], 0);
            pair->n += taken == 0;
            err = taken == 0 ? JT_OK : fail_chain(diag, name, taken);
        }
        gnutls_x509_crt_deinit(list[i]);
    }
    return err;
}

/* Signs and lets the certificate judge: this is the key, and the way to it works. */
static bool probe(const struct jt_tls_pair *pair)
{
    static const unsigned char digest[32] = "jeton: is this the key?";
    const gnutls_datum_t hash = {(unsigned char *)(uintptr_t)digest, sizeof digest}; /* is read */
    gnutls_sign_algorithm_t how =
        pair->key.rsa ? GNUTLS_SIGN_RSA_PSS_RSAE_SHA256 : GNUTLS_SIGN_ECDSA_SHA256;
    gnutls_pubkey_t public_key = pair->certs[0].pubkey;
    gnutls_datum_t signature = {NULL, 0};
    if (gnutls_privkey_sign_hash2(pair->privkey, how, 0, &hash, &signature) != 0) {
        return false;
    }
    bool right = gnutls_pubkey_verify_hash2(public_key, how, 0, &hash, &signature) >= 0;
    gnutls_free(signature.data);
    return right;
}

static enum jt_err take_key(struct jt_tls_pair *pair, const char *name, struct jt_diag *diag)
{
    if (pair->key.rsa && pair->key.bits < RSA_MIN) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.key: an RSA key of %u bits, which clients refuse; make one of EC "
                            "P-256, or of %d bits",
                            pair->key.bits, RSA_MIN);
    }
    if (gnutls_privkey_init(&pair->privkey) != 0) {
        return JT_ERR_NOMEM;
    }
    if (gnutls_privkey_import_ext4(pair->privkey, &pair->key, NULL, sign_hash, NULL, NULL, tell_key,
                                   0) != 0) {
        return JT_ERR_CRYPTO;
    }
    unsigned bits = 0;
    int type = gnutls_pubkey_get_pk_algorithm(pair->certs[0].pubkey, &bits);
    if (type != (pair->key.rsa ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA) || !probe(pair)) {
        return jt_diag_fail(
            diag, JT_ERR_CONFIG,
            "tls.key: not the key of the first certificate in %s; give the two that "
            "were made together",
            name);
    }
    return JT_OK;
}

enum jt_err jt_tls_pair_new(struct jt_span pem, const char *name, struct jt_tls_key *key,
                            struct jt_tls_pair **out_pair, struct jt_diag *diag)
{
    struct jt_tls_pair *pair = calloc(1, sizeof *pair);
    if (pair == NULL) {
        key->free(key->holder);
        return JT_ERR_NOMEM;
    }
    atomic_init(&pair->holders, 1);
    pair->key = *key;
    enum jt_err err = take_chain(pair, pem, name, diag);
    if (err == JT_OK) {
        err = take_key(pair, name, diag);
    }
    if (err != JT_OK) {
        jt_tls_pair_free(pair);
        return err;
    }
    *out_pair = pair;
    return JT_OK;
}

static void drop(struct jt_tls_pair *pair)
{
    if (pair == NULL || atomic_fetch_sub(&pair->holders, 1) > 1) {
        return;
    }
    gnutls_privkey_deinit(pair->privkey);
    for (unsigned i = 0; i < pair->n; i++) {
        gnutls_pcert_deinit(&pair->certs[i]);
    }
    pair->key.free(pair->key.holder);
    free(pair);
}

void jt_tls_pair_free(struct jt_tls_pair *pair)
{
    drop(pair);
}

const struct jt_tls_about *jt_tls_pair_about(const struct jt_tls_pair *pair)
{
    return &pair->about;
}

/* --- serving --- */

struct held {
    struct jt_tls_pair *pair;
    struct jt_tls_seat seat;
};

/* What the session points to is the HTTP library's; the pointer of a session cache is free, as there
 * is no such cache. The pair outlives the session: the connection holds it. */
static int retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                    gnutls_pcert_st **certs, unsigned *certs_n, gnutls_ocsp_data_st **ocsp,
                    unsigned *ocsp_n, gnutls_privkey_t *privkey, unsigned *flags)
{
    (void)info; /* one certificate, whatever name or algorithm is asked for */
    const struct held *held = gnutls_db_get_ptr(session);
    if (held == NULL) {
        return -1;
    }
    struct jt_tls_pair *pair = held->pair;
    *certs = pair->certs;
    *certs_n = pair->n;
    *ocsp = NULL;
    *ocsp_n = 0;
    *privkey = pair->privkey;
    *flags = 0; /* nothing of it is GnuTLS's to free */
    return 0;
}

static struct jt_tls_pair *share_current(struct jt_tls *tls)
{
    (void)pthread_mutex_lock(&tls->lock); /* a plain mutex, never recursive: cannot fail */
    struct jt_tls_pair *pair = tls->current;
    (void)atomic_fetch_add(&pair->holders, 1);
    (void)pthread_mutex_unlock(&tls->lock);
    return pair;
}

static void *begin(struct jt_tls *tls, void *session, int fd, struct jt_tls_turn *turn)
{
    /* RFC 7301 sec. 3.2: a client that offers other protocols alone is refused, so that what it says
     * in another is never taken for HTTP */
    static const char http[] = "http/1.1";
    const gnutls_datum_t protocol = {(unsigned char *)(uintptr_t)http, sizeof http - 1};
    struct held *held = malloc(sizeof *held);
    if (held == NULL ||
        gnutls_alpn_set_protocols(session, &protocol, 1, GNUTLS_ALPN_MANDATORY) != 0) {
        free(held);
        return NULL;
    }
    held->pair = share_current(tls);
    gnutls_db_set_ptr(session, held);
    jt_tls_sit(&held->seat, turn, session, fd);
    return held;
}

static void end(void *ptr)
{
    struct held *held = ptr;
    if (held != NULL) {
        drop(held->pair);
        free(held);
    }
}

enum jt_err jt_tls_init(struct jt_tls *tls, struct jt_tls_pair *pair)
{
    int (*const call)(gnutls_session_t, const struct gnutls_cert_retr_st *, gnutls_pcert_st **,
                      unsigned *, gnutls_ocsp_data_st **, unsigned *, gnutls_privkey_t *,
                      unsigned *) = retrieve;
    *tls = (struct jt_tls){.priorities = priorities, .begin = begin, .end = end};
    _Static_assert(sizeof call == sizeof tls->retrieve, "dlsym(3) asks for as much");
    memcpy(&tls->retrieve, &call, sizeof call);
    if (pthread_mutex_init(&tls->lock, NULL) != 0) {
        return JT_ERR_NOMEM;
    }
    tls->current = pair;
    return JT_OK;
}

void jt_tls_use(struct jt_tls *tls, struct jt_tls_pair *pair)
{
    (void)pthread_mutex_lock(&tls->lock);
    struct jt_tls_pair *before = tls->current;
    tls->current = pair;
    (void)pthread_mutex_unlock(&tls->lock);
    drop(before);
}

void jt_tls_release(struct jt_tls *tls)
{
    if (tls->current == NULL) {
        return;
    }
    drop(tls->current);
    tls->current = NULL;
    (void)pthread_mutex_destroy(&tls->lock); /* not locked: no server is left */
}
