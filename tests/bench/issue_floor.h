/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no issuer of ours can be below, for bench_issue: the bare signature (EVP_PKEY_sign on a
 * prepared context, again and again), and a server of common/http, with the daemon's threads and
 * limits, that makes one bare signature for each request and answers the same bytes. A closed loop
 * that asks it as it asks the daemon goes at the tokens' pace, with their wake-ups.
 * Ownership: said at each call. Thread rule: one thread.
 */
#ifndef JT_BENCH_ISSUE_FLOOR_H
#define JT_BENCH_ISSUE_FLOOR_H

#include "common/base/span.h"
#include "common/jose/alg.h"

#include <sys/types.h>
#include <time.h>

struct issue_floor_key;

/* Gives a fresh key; ends the program when there is none. */
struct issue_floor_key *issue_floor_key_new(const struct jt_alg_row *alg);
void issue_floor_key_free(struct issue_floor_key *key);

/* CPU microseconds of this thread for one of `n` bare signatures. */
double issue_floor_us(const struct issue_floor_key *key, int n);

/* A process that serves POST /oauth2/token; killed by stop. */
struct issue_floor_server {
    pid_t pid;
    clockid_t clock; /* its CPU */
    int port;
};

/* `answer`: the body of each answer. */
struct issue_floor_server issue_floor_start(const struct issue_floor_key *key,
                                            struct jt_span answer);
void issue_floor_stop(const struct issue_floor_server *server);

#endif
