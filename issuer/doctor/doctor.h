/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at a running issuer from the inside and says what is not in order, each with the mend:
 * configuration, files, keys, schedule, database, clock, secrets. It changes nothing.
 * Ownership: gives a json_t.
 * Thread rule: any thread that may block; takes the write lock for the parts that need it.
 */
#ifndef JT_DOCTOR_DOCTOR_H
#define JT_DOCTOR_DOCTOR_H

#include "issuer/issuer.h"

#include <jansson.h>

/* Gives {"checks":[{"check","status":"ok|warn|fail","detail","fix"}]}; "fix" is absent where there
 * is nothing to mend. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_doctor_run(struct jt_issuer_worker *worker, json_t **out_answer);

#endif
