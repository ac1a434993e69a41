/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every fuzz target shares. A target is one fuzz_NAME.c with LLVMFuzzerTestOneInput, a corpus
 * in corpus/NAME/ and one line in CMakeLists.txt.
 */
#ifndef JT_TESTS_FUZZ_FUZZ_H
#define JT_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* A property that must hold for every input. */
#define MUST(property)                                                                          \
    do {                                                                                        \
        if (!(property)) {                                                                      \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property); \
            abort();                                                                            \
        }                                                                                       \
    } while (0)

#endif
