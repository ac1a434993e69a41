/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of the listeners that speak TLS: read at the start, again when its files change
 * and at a reload. What is refused changes nothing: the certificate that was in use stays.
 * Ownership: in place, zero until opened; `tls` is lent to servers that end before release.
 * Thread rule: the main thread; `tls` as its header says.
 */
#ifndef JT_ISSUER_CERTIFICATE_H
#define JT_ISSUER_CERTIFICATE_H

#include "common/http/tls.h"
#include "issuer/config.h"

#include <sys/types.h>
#include <time.h>

/* So long before its end a certificate is warned of: who renews by himself has done so long before. */
#define JT_CERTIFICATE_WARN_S ((int64_t)7 * 24 * 60 * 60)

/* Where a file's content comes from, as far as stat(2) tells. */
struct jt_certificate_file {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec changed;
};

struct jt_certificate_files {
    struct jt_certificate_file chain, key;
};

struct jt_certificate {
    struct jt_tls tls;
    bool is_open;
    struct jt_certificate_files judged; /* what was loaded or refused last */
    struct jt_certificate_files met;    /* what has been found since, */
    int64_t met_ms;                     /* and when, by boot time; 0: nothing */
    struct jt_tls_about about;          /* of the one in use */
    int64_t warned_s;                   /* when its end was last warned of; 0: never */
    bool refused;                       /* what is in the files now is not what is in use */
};

/* Gives what tls.certificate and tls.key name; NULL when they name nothing. JT_ERR_CONFIG with a
 * sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_certificate_load(const struct jt_config *config,
                                            struct jt_tls_pair **out_pair, struct jt_diag *diag);

/* Loads it and looks whether it has ended, with which a daemon serves on: what clients say of it is
 * more than silence. The errors of jt_certificate_load. */
JT_MUST_USE enum jt_err jt_certificate_check(const struct jt_config *config,
                                             const struct jt_clock *clock, struct jt_diag *diag);

/* Loads and logs it. Nothing happens where `config` has no certificate: `is_open` stays false. The
 * errors of jt_certificate_load. */
JT_MUST_USE enum jt_err jt_certificate_open(struct jt_certificate *certificate,
                                            const struct jt_config *config,
                                            const struct jt_log *log, struct jt_diag *diag);

/* Takes `pair`, of `config`, for connections from here on. */
void jt_certificate_use(struct jt_certificate *certificate, const struct jt_config *config,
                        struct jt_tls_pair *pair, const struct jt_log *log);

/* Loads the files once they have changed and then stayed as they are for a moment: the two are
 * seldom replaced at once. What cannot be used is logged once. Warns of a certificate that ends
 * soon, once a day. */
void jt_certificate_tick(struct jt_certificate *certificate, const struct jt_config *config,
                         const struct jt_log *log, const struct jt_clock *clock);

void jt_certificate_release(struct jt_certificate *certificate);

#endif
