/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long something lasts, for a person's eye: "23h 58m", the two greatest units.
 * Ownership: the caller's, in place. Thread rule: any thread.
 */
#ifndef JT_BASE_LASTING_H
#define JT_BASE_LASTING_H

#include <stdint.h>

#define JT_LASTING 32

/* Cuts what is below the second unit: "1d", "1d 2h", "10m 1s", "0s". Gives `out`. */
const char *jt_lasting(int64_t seconds, char out[JT_LASTING]);

#endif
