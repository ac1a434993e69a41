/* SPDX-License-Identifier: Apache-2.0 */
/* The attacks on the framing of requests, run against `target` (target.h), which the caller sets
 * before or in `setup`. */
#ifndef JT_TESTS_ATTACK_HTTP_ATTACKS_H
#define JT_TESTS_ATTACK_HTTP_ATTACKS_H

/* How many of the tests failed. */
int attacks_run(const char *name, int (*setup)(void **), int (*teardown)(void **));

#endif
