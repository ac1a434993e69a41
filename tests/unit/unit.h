/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every unit test includes: cmocka with the headers it wants first, and a few checks on spans.
 */
#ifndef JT_TESTS_UNIT_UNIT_H
#define JT_TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/span.h"

/* The two sides of a check, told by the names of the errors when they differ. */
#define assert_err(got, want) assert_string_equal(jt_err_name(got), jt_err_name(want))
#define assert_ok(got)        assert_err(got, JT_OK)

#define assert_span(span, text)                                                       \
    do {                                                                              \
        struct jt_span got_ = (span);                                                 \
        assert_int_equal(got_.n, strlen(text));                                       \
        assert_memory_equal(got_.n > 0 ? got_.p : (const uint8_t *)"", text, got_.n); \
    } while (0)

/* The bytes of a hexadecimal text, into `out` of at least half its length; how many. */
static inline size_t unhex(const char *text, uint8_t *out)
{
    size_t n = strlen(text) / 2;
    for (size_t i = 0; i < n; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

#endif
