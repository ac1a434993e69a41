/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SoftHSM token in a folder of its own, for tests: made with softhsm2-util, taken away with the
 * folder.
 */
#ifndef JT_TESTS_SUPPORT_SOFTHSM_H
#define JT_TESTS_SUPPORT_SOFTHSM_H

#include "common/base/span.h"

#define SOFTHSM_LABEL "jeton"
#define SOFTHSM_PIN   "1234"

/* The path of SoftHSM's module (SOFTHSM2_MODULE, or where systems put it); NULL when it is not
 * installed, or softhsm2-util is not. */
const char *softhsm_module(void);

/* Makes a folder with a token and has SoftHSM use it, for this process and its children: false when
 * softhsm2-util fails. */
bool softhsm_make(void);

/* One more token there, of that label. */
bool softhsm_add(const char *label);

/* The folder. */
const char *softhsm_folder(void);

void softhsm_remove(void);

#endif
