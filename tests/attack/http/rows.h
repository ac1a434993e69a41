/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of requests for tests/attack/http: what is refused, by class, with its answer and the
 * same request repaired; what is odd but right; what the versions of libmicrohttpd take
 * differently. "/ok" stands for a path that is served by GET, and of a POST for one served by POST.
 */
#ifndef JT_TESTS_ATTACK_HTTP_ROWS_H
#define JT_TESTS_ATTACK_HTTP_ROWS_H

#include "common/base/span.h"

#define RAW(text)                                 \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

struct rows_pair {
    const char *name;
    int status; /* of the bad request's answer; 0: closed without one */
    struct jt_span bad, good;
};

struct rows_class {
    const char *name;
    const struct rows_pair *rows;
    size_t n;
    bool in_body; /* the fault is behind the head */
};
extern const struct rows_class rows_classes[];
extern const size_t rows_n_classes;

/* Odd, and right: served. */
struct rows_right {
    const char *name;
    struct jt_span request;
};
extern const struct rows_right *const rows_right;
extern const size_t rows_n_right;

/* Served or refused, as the library has it; nothing behind it is served, but with a later library
 * what follows a request that is in order (`goes_on`). */
struct rows_either {
    const char *name;
    int status; /* with 0.9.7x; 200: served */
    struct jt_span request;
    bool goes_on;
};
extern const struct rows_either *const rows_either;
extern const size_t rows_n_either;

/* Taken by 0.9.7x as `same` is, to the last byte, with what stands behind it; refused by others. */
struct rows_untold {
    const char *name;
    struct jt_span request, same;
};
extern const struct rows_untold *const rows_untold;
extern const size_t rows_n_untold;

#endif
