/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/rivals/rival.h"

#include <string.h>

/* What CMake found: RIVAL(name) for each. */
#define RIVAL(name) extern const struct rival name;
#include "rivals_built.def"
#undef RIVAL

const struct rival *const rivals[] = {
#define RIVAL(name) &(name),
#include "rivals_built.def"
#undef RIVAL
    NULL,
};

bool rival_has(const struct rival *rival, const char *alg)
{
    for (size_t i = 0; i < sizeof rival->algs / sizeof rival->algs[0]; i++) {
        if (rival->algs[i] != NULL && strcmp(rival->algs[i], alg) == 0) {
            return true;
        }
    }
    return false;
}
