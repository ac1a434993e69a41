/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "issuer/told.h"
#include "keys/tls_key.h"

#include "common/base/base.h"

#define SETTLED_MS 2000   /* for so long files that changed have to stay as they are */
#define CHAIN_MAX  262144 /* bytes of a file */
#define DAY        (24 * 60 * 60)

/* All zero for a file that is not there, which is a state, too. */
static struct jt_certificate_file look(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return (struct jt_certificate_file){0};
    }
    return (struct jt_certificate_file){st.st_dev, st.st_ino, st.st_size, st.st_ctim};
}

static struct jt_certificate_files look_both(const struct jt_config *config)
{
    return (struct jt_certificate_files){look(config->tls_certificate), look(config->tls_key)};
}

static bool same(const struct jt_certificate_file *a, const struct jt_certificate_file *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool same_both(const struct jt_certificate_files *a, const struct jt_certificate_files *b)
{
    return same(&a->chain, &b->chain) && same(&a->key, &b->key);
}

static enum jt_err read_all(int fd, const char *path, struct jt_buf *out, struct jt_diag *diag)
{
    uint8_t chunk[4096];
    ssize_t got;
    do {
        got = read(fd, chunk, sizeof chunk);
        if (got > 0 && jt_buf_put(out, jt_span_of(chunk, (size_t)got)) != JT_OK) {
            return jt_diag_fail(diag, JT_ERR_CONFIG,
                                "tls.certificate: %s is longer than a chain; name the PEM file of "
                                "the server's certificate",
                                path);
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got == 0 ? JT_OK
                    : jt_diag_fail(diag, JT_ERR_CONFIG,
                                   "tls.certificate: %s cannot be read: %s; name a "
                                   "PEM file",
                                   path, strerrordesc_np(errno));
}

static enum jt_err read_chain(const char *path, struct jt_buf *out, struct jt_diag *diag)
{
    /* O_NONBLOCK: a FIFO must not stop the start */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.certificate: %s cannot be opened: %s; name a file that the user "
                            "who runs jetond may read, and its folders",
                            path, strerrordesc_np(errno));
    }
    enum jt_err err = read_all(fd, path, out, diag);
    (void)close(fd); /* only read */
    return err;
}

enum jt_err jt_certificate_load(const struct jt_config *config, struct jt_tls_pair **out_pair,
                                struct jt_diag *diag)
{
    JT_AUTO(buf) pem = JT_BUF_INIT(CHAIN_MAX);
    struct jt_tls_key key;
    if (config->tls_certificate == NULL) {
        *out_pair = NULL;
        return JT_OK;
    }
    JT_TRY(read_chain(config->tls_certificate, &pem, diag));
    JT_TRY(jt_tls_key_load(config->tls_key, &key, diag));
    return jt_tls_pair_new(jt_buf_span(&pem), config->tls_certificate, &key, out_pair, diag);
}

enum jt_err jt_certificate_check(const struct jt_config *config, const struct jt_clock *clock,
                                 struct jt_diag *diag)
{
    struct jt_tls_pair *pair = NULL;
    char until[JT_TOLD_TIME];
    JT_TRY(jt_certificate_load(config, &pair, diag));
    int64_t end_s = pair == NULL ? INT64_MAX : jt_tls_pair_about(pair)->not_after_s;
    jt_tls_pair_free(pair);
    if (end_s <= jt_clock_wall_s(clock)) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "tls.certificate: %s ended at %s; clients refuse it: renew it",
                            config->tls_certificate, jt_told_time(end_s, until));
    }
    return JT_OK;
}

static void tell(const struct jt_certificate *certificate, const struct jt_config *config,
                 const struct jt_log *log)
{
    const struct jt_tls_about *about = &certificate->about;
    char until[JT_TOLD_TIME];
    jt_log(log, JT_EV_TLS_LOAD, jt_log_str("file", config->tls_certificate),
           jt_log_str("subject", about->subject),
           jt_log_str("not_after", jt_told_time(about->not_after_s, until)),
           jt_log_str("sha256", about->fingerprint));
}

enum jt_err jt_certificate_open(struct jt_certificate *certificate, const struct jt_config *config,
                                const struct jt_log *log, struct jt_diag *diag)
{
    struct jt_tls_pair *pair = NULL;
    if (config->tls_certificate == NULL) {
        return JT_OK;
    }
    certificate->judged = look_both(config); /* before they are read: a change meanwhile is seen */
    JT_TRY(jt_certificate_load(config, &pair, diag));
    certificate->about = *jt_tls_pair_about(pair);
    enum jt_err err = jt_tls_init(&certificate->tls, pair);
    if (err != JT_OK) {
        jt_tls_pair_free(pair);
        return err;
    }
    certificate->is_open = true;
    tell(certificate, config, log);
    return JT_OK;
}

void jt_certificate_use(struct jt_certificate *certificate, const struct jt_config *config,
                        struct jt_tls_pair *pair, const struct jt_log *log)
{
    certificate->about = *jt_tls_pair_about(pair);
    certificate->warned_s = 0;
    certificate->refused = false;
    jt_tls_use(&certificate->tls, pair);
    tell(certificate, config, log);
}

static void warn_of_end(struct jt_certificate *certificate, const struct jt_config *config,
                        const struct jt_log *log, int64_t now_s)
{
    int64_t end_s = certificate->about.not_after_s;
    char until[JT_TOLD_TIME];
    if (end_s - now_s > JT_CERTIFICATE_WARN_S ||
        (certificate->warned_s != 0 && now_s - certificate->warned_s < DAY)) {
        return;
    }
    certificate->warned_s = now_s;
    jt_log(log, JT_EV_TLS_EXPIRE, jt_log_str("file", config->tls_certificate),
           jt_log_str("not_after", jt_told_time(end_s, until)),
           jt_log_str("why", end_s <= now_s ? "the certificate has ended: clients refuse it"
                                            : "the certificate ends within a week: renew it"));
}

static void try_files(struct jt_certificate *certificate, const struct jt_config *config,
                      const struct jt_log *log)
{
    struct jt_tls_pair *pair = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_certificate_load(config, &pair, &diag);
    if (err == JT_OK) {
        jt_certificate_use(certificate, config, pair, log);
    } else {
        certificate->refused = true;
        jt_log(log, JT_EV_TLS_REFUSE, jt_log_str("why", jt_diag_text(&diag, err)),
               jt_log_str("fix", "the certificate in use stays"));
    }
}

void jt_certificate_tick(struct jt_certificate *certificate, const struct jt_config *config,
                         const struct jt_log *log, const struct jt_clock *clock)
{
    if (!certificate->is_open) {
        return;
    }
    warn_of_end(certificate, config, log, jt_clock_wall_s(clock));
    struct jt_certificate_files now = look_both(config);
    int64_t now_ms = jt_clock_boot_ms(clock);
    if (same_both(&now, &certificate->judged)) {
        certificate->met_ms = 0;
    } else if (certificate->met_ms == 0 || !same_both(&now, &certificate->met)) {
        certificate->met = now;
        certificate->met_ms = now_ms;
    } else if (now_ms - certificate->met_ms >= SETTLED_MS) {
        certificate->met_ms = 0;
        certificate->judged = now;
        try_files(certificate, config, log);
    }
}

void jt_certificate_release(struct jt_certificate *certificate)
{
    jt_tls_release(&certificate->tls);
    certificate->is_open = false;
}
