/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/certificate.h"
#include "issuer/doctor/checks.h"

#include "common/base/base.h"

enum jt_err jt_checks_certificate(const struct jt_checks *checks)
{
    const struct jt_issuer_certificate *certificate = &checks->issuer->certificate;
    int64_t end_s = atomic_load(&certificate->end_s);
    int64_t left_s = end_s - jt_clock_wall_s(checks->issuer->clock);
    char until[JT_CHECKS_TIME];
    if (end_s == 0) {
        return JT_OK;
    }
    (void)jt_checks_time(end_s, until);
    if (atomic_load(&certificate->refused)) {
        return jt_checks_say(
            checks, "certificate", left_s > 0 ? JT_CHECKS_WARN : JT_CHECKS_FAIL,
            "jetond check --config FILE says what is wrong with them; once mended "
            "they are taken without a restart",
            "the files of tls.certificate and tls.key were replaced by what cannot "
            "be used; the certificate of before is still in use, until %s",
            until);
    }
    if (left_s <= JT_CERTIFICATE_WARN_S) {
        return jt_checks_say(checks, "certificate", left_s > 0 ? JT_CHECKS_WARN : JT_CHECKS_FAIL,
                             "renew it, and replace the files of tls.certificate and tls.key: they "
                             "are taken without a restart",
                             left_s > 0 ? "the certificate of tls.certificate ends at %s"
                                        : "the certificate of tls.certificate ended at %s: clients "
                                          "refuse it",
                             until);
    }
    return jt_checks_say(checks, "certificate", JT_CHECKS_OK, NULL,
                         "the certificate of tls.certificate is good until %s", until);
}
