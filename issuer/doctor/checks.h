/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of doctor.h, one function for what is looked at together. A check that finds something
 * wrong has done its work: it returns an error only when it could not say so.
 * Ownership: `items` is the answer's.
 * Thread rule: as in doctor.h.
 */
#ifndef JT_DOCTOR_CHECKS_H
#define JT_DOCTOR_CHECKS_H

#include "issuer/issuer.h"
#include "issuer/told.h"

#include <jansson.h>

struct jt_checks {
    struct jt_issuer *issuer;
    struct jt_issuer_worker *worker;
    json_t *items;
};

enum jt_checks_status { JT_CHECKS_OK, JT_CHECKS_WARN, JT_CHECKS_FAIL };

/* Adds an item; `fix` NULL for none. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_checks_say(const struct jt_checks *checks, const char *check,
                                      enum jt_checks_status status, const char *fix,
                                      const char *format, ...) JT_PRINTF(5, 6);

/* A time as 2026-01-31T12:00:00Z, in `out`. */
#define JT_CHECKS_TIME JT_TOLD_TIME
const char *jt_checks_time(int64_t at_s, char out[JT_CHECKS_TIME]);

/* config, config_file */
JT_MUST_USE enum jt_err jt_checks_config(const struct jt_checks *checks);
/* kek, keys, schedule, clock */
JT_MUST_USE enum jt_err jt_checks_keys(const struct jt_checks *checks);
/* kek_rows, memory */
JT_MUST_USE enum jt_err jt_checks_kek(const struct jt_checks *checks);
/* database, database_history, and of a file database_files, disk; admin_socket */
JT_MUST_USE enum jt_err jt_checks_files(const struct jt_checks *checks);
/* certificate, where listeners speak TLS */
JT_MUST_USE enum jt_err jt_checks_certificate(const struct jt_checks *checks);
/* secrets_ending, secrets_ended, clients_without_secret */
JT_MUST_USE enum jt_err jt_checks_secrets(const struct jt_checks *checks);

#endif
