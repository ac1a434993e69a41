/* SPDX-License-Identifier: Apache-2.0 */
/* The key of a certificate: where it lies while it signs, and what it signs. */
#include "keys/tls_key.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/devcert.h"
#include "keys/memory_guard.h"
#include "tests/support/memory_scan.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define PIECE 16

static char folder[] = "/tmp/jeton-tls-XXXXXX";
static struct jt_memory_state guarded;

static const struct kind {
    const char *name;
    const char *numbers[7]; /* private ones */
} kinds[] = {
    {"ec", {OSSL_PKEY_PARAM_PRIV_KEY}},
    {"rsa",
     {OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
      OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
      OSSL_PKEY_PARAM_RSA_COEFFICIENT1}},
};

static const char *path_of(const char *name, const char *what)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s.%s", folder, name, what);
    return path;
}

/* --- keys, made by a process that ends: none of it is left in this one --- */

/* The first bytes of each private number as libcrypto holds it, inverted. */
static void write_numbers(const struct kind *kind, EVP_PKEY *pkey)
{
    FILE *file = fopen(path_of(kind->name, "numbers"), "wb");
    for (size_t i = 0; kind->numbers[i] != NULL; i++) {
        BIGNUM *number = NULL;
        uint8_t bytes[512];
        if (EVP_PKEY_get_bn_param(pkey, kind->numbers[i], &number) != 1 ||
            BN_bn2lebinpad(number, bytes, sizeof bytes) < 0) {
            _exit(1);
        }
        for (size_t k = 0; k < PIECE; k++) {
            bytes[k] ^= 0xFF;
        }
        (void)fwrite(bytes, 1, PIECE, file);
    }
    (void)fclose(file);
}

static void make_keys(void)
{
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        EVP_PKEY *pkey = i == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
        FILE *file = fopen(path_of(kinds[i].name, "key"), "w");
        if (pkey == NULL || file == NULL || fchmod(fileno(file), 0600) != 0 ||
            PEM_write_PKCS8PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL) != 1 ||
            fclose(file) != 0) {
            _exit(1);
        }
        write_numbers(&kinds[i], pkey);
    }
}

static int set_up(void **state)
{
    (void)state;
    int status = 1;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        make_keys();
        _exit(0);
    }
    jt_memory_guard(&guarded);
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"ec.key",   "ec.numbers", "rsa.key",   "rsa.numbers",
                                        "root.pem", "server.pem", "server.key"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

static struct jt_tls_key load(const char *path)
{
    struct jt_tls_key key = {.holder = NULL};
    struct jt_diag why = JT_DIAG_INIT;
    if (jt_tls_key_load(path, &key, &why) != JT_OK) {
        fail_msg("%s", why.text);
    }
    return key;
}

static struct memory_found look(const struct kind *kind)
{
    struct memory_found all = {0, 0, 0};
    uint8_t piece[PIECE];
    FILE *file = fopen(path_of(kind->name, "numbers"), "rb");
    assert_non_null(file);
    for (size_t i = 0; fread(piece, 1, PIECE, file) == PIECE; i++) {
        struct memory_found one = memory_scan(piece, PIECE);
        all = (struct memory_found){all.n + one.n, all.locked + one.locked,
                                    all.undumped + one.undumped};
    }
    (void)fclose(file);
    return all;
}

static bool sign(const struct jt_tls_key *key, enum jt_tls_form form, struct jt_span digest,
                 uint8_t out[JT_TLS_SIGNATURE_MAX], size_t *out_n)
{
    return key->sign(key->holder, form, "SHA256", digest, out, out_n);
}

static void key_that_signs_lies_in_guarded_pages_and_is_wiped(void **state)
{
    uint8_t digest[32] = {1}, out[JT_TLS_SIGNATURE_MAX];
    size_t n = 0;
    (void)state;
    if (!guarded.locked) {
        print_message("skipped: %s\n", guarded.why);
        skip();
    }
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        struct jt_tls_key key = load(path_of(kinds[i].name, "key"));
        enum jt_tls_form form = key.rsa ? JT_TLS_RSA_PSS : JT_TLS_ECDSA;
        for (int round = 0; round < 3; round++) {
            assert_true(sign(&key, form, jt_span_of(digest, sizeof digest), out, &n));
        }
        struct memory_found found = look(&kinds[i]);
        assert_in_range(found.n, 1, 16);
        assert_int_equal(found.locked, found.n);
        assert_int_equal(found.undumped, found.n);
        key.free(key.holder);
        assert_int_equal(look(&kinds[i]).n, 0);
    }
}

static void guarded_pages_do_not_fill(void **state)
{
    size_t used = 0;
    (void)state;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < JT_COUNT(kinds); i++) {
            struct jt_tls_key key = load(path_of(kinds[i].name, "key"));
            key.free(key.holder);
        }
        used = round == 1 ? CRYPTO_secure_used() : used;
    }
    assert_int_equal(CRYPTO_secure_used(), used);
}

/* --- what it signs --- */

static bool verifies(const char *path, enum jt_tls_form form, struct jt_span digest,
                     struct jt_span signature)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    EVP_PKEY *pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    if (form != JT_TLS_ECDSA) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, form == JT_TLS_RSA_PSS
                                                               ? RSA_PKCS1_PSS_PADDING
                                                               : RSA_PKCS1_PADDING),
                         1);
    }
    if (form == JT_TLS_RSA_PSS) {
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    bool right = EVP_PKEY_verify(ctx, signature.p, signature.n, digest.p, digest.n) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return right;
}

static void each_form_verifies_and_no_other_digest_does(void **state)
{
    static const struct {
        const char *name;
        enum jt_tls_form form;
    } rows[] = {{"ec", JT_TLS_ECDSA}, {"rsa", JT_TLS_RSA_PSS}, {"rsa", JT_TLS_RSA_PKCS1}};
    uint8_t digest[32] = {7}, other[32] = {8}, out[JT_TLS_SIGNATURE_MAX];
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        const char *path = path_of(rows[i].name, "key");
        struct jt_tls_key key = load(path);
        size_t n = 0;
        struct jt_span right = jt_span_of(digest, sizeof digest);
        assert_true(sign(&key, rows[i].form, right, out, &n));
        assert_true(verifies(path, rows[i].form, right, jt_span_of(out, n)));
        assert_false(
            verifies(path, rows[i].form, jt_span_of(other, sizeof other), jt_span_of(out, n)));
        key.free(key.holder);
    }
}

static void what_it_cannot_sign_is_refused(void **state)
{
    uint8_t digest[32] = {7}, out[JT_TLS_SIGNATURE_MAX];
    struct jt_tls_key rsa = load(path_of("rsa", "key"));
    size_t n = 0;
    (void)state;
    assert_false(sign(&rsa, JT_TLS_RSA_PSS, jt_span_of(digest, 31), out, &n));
    assert_false(rsa.sign(rsa.holder, JT_TLS_RSA_PSS, "none", jt_span_of(digest, 32), out, &n));
    assert_true(sign(&rsa, JT_TLS_RSA_PSS, jt_span_of(digest, 32), out, &n));
    rsa.free(rsa.holder);
}

/* --- a certificate to try with --- */

static void certificate_to_try_fits_its_key(void **state)
{
    char names[3][128], pem[4096];
    static const char *const parts[] = {"root", "server", "server"};
    struct jt_tls_pair *pair = NULL;
    struct jt_diag why = JT_DIAG_INIT;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s", path_of(parts[i], i < 2 ? "pem" : "key"));
    }
    const struct jt_devcert_paths paths = {names[0], names[1], names[2]};
    assert_int_equal(jt_devcert_create(&paths, JT_SPAN("127.0.0.1"), &why), JT_OK);
    assert_int_equal(jt_devcert_create(&paths, JT_SPAN("::1"), &why), JT_OK); /* anew */
    assert_int_not_equal(jt_devcert_create(&paths, JT_SPAN("localhost"), &why), JT_OK);
    FILE *file = fopen(paths.certificate, "r");
    assert_non_null(file);
    size_t n = fread(pem, 1, sizeof pem, file);
    (void)fclose(file);
    struct jt_tls_key other = load(path_of("ec", "key"));
    assert_int_equal(jt_tls_pair_new(jt_span_of(pem, n), "x", &other, &pair, &why), JT_ERR_CONFIG);
    assert_non_null(strstr(why.text, "not the key of"));
    struct jt_tls_key key = load(paths.key);
    assert_int_equal(jt_tls_pair_new(jt_span_of(pem, n), "x", &key, &pair, &why), JT_OK);
    assert_string_equal(jt_tls_pair_about(pair)->subject, "CN=localhost");
    assert_int_equal(strlen(jt_tls_pair_about(pair)->fingerprint), 64);
    jt_tls_pair_free(pair);
    const struct jt_devcert_paths nowhere = {names[0], names[1], "/nowhere/key"};
    assert_int_equal(jt_devcert_create(&nowhere, JT_SPAN("::1"), &why), JT_ERR_IO);
    assert_non_null(strstr(why.text, "/nowhere/key"));
}

static X509 *read_certificate(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    assert_non_null(certificate);
    return certificate;
}

/* Who trusts the root trusts one server, and nobody else by it. */
static void certificate_to_try_is_for_one_server(void **state)
{
    char names[3][128];
    struct jt_diag why = JT_DIAG_INIT;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s",
                       path_of(i == 0 ? "root" : "server", i < 2 ? "pem" : "key"));
    }
    const struct jt_devcert_paths paths = {names[0], names[1], names[2]};
    assert_int_equal(jt_devcert_create(&paths, JT_SPAN("127.0.0.1"), &why), JT_OK);
    X509 *root = read_certificate(paths.root), *server = read_certificate(paths.certificate);
    assert_int_equal(X509_check_issued(root, server), X509_V_OK);
    assert_int_equal(X509_verify(server, X509_get0_pubkey(root)), 1);
    assert_int_equal(X509_check_ca(root), 1);
    assert_int_equal(X509_get_pathlen(root), 0);
    assert_int_equal(X509_get_key_usage(root), KU_KEY_CERT_SIGN);
    assert_int_equal(X509_check_ca(server), 0);
    assert_int_equal(X509_get_extension_flags(server) & EXFLAG_CA, 0);
    assert_int_equal(X509_get_key_usage(server), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(server), XKU_SSL_SERVER);
    assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(server, "example.com", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.2", 0), 0);
    X509_free(root);
    X509_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_that_signs_lies_in_guarded_pages_and_is_wiped),
        cmocka_unit_test(guarded_pages_do_not_fill),
        cmocka_unit_test(each_form_verifies_and_no_other_digest_does),
        cmocka_unit_test(what_it_cannot_sign_is_refused),
        cmocka_unit_test(certificate_to_try_fits_its_key),
        cmocka_unit_test(certificate_to_try_is_for_one_server),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
