#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The examples that people copy, the first C block of README.md and the one at the top of each public
# header, compile without a warning as the body of a function:
#   CC=gcc tests/check/readme_example.sh [ROOT]
set -u
export LC_ALL=C
cd "${1:-$(dirname "$0")/../..}" || exit 1
failures=0

of_readme()
{
    awk '/^```c$/ { code = 1; next } /^```/ && code { exit } code' README.md
}

# What the first comment sets in by four more.
of_header() # HEADER
{
    awk '/^#/ { exit } sub(/^ \*     /, "")' "$1"
}

# An example leaves these to the program. They are outside the function, so that it may have its own.
program()
{
    cat <<'C'
#include <jeton/verifier.h>
#include <stdio.h>
extern const char *authorization;
extern const char *token;
extern size_t token_len;
extern struct jeton_require require;
extern struct jeton_result result;
extern jeton_verifier *verifier;
extern jeton_worker *worker;
int answer(int http_status, ...);
int example(void);
C
    grep '^#include' <<<"$1"
    printf 'int example(void)\n{\n%s\nreturn 0;\n}\n' "$(grep -v '^#include' <<<"$1")"
}

compile() # WHERE EXAMPLE
{
    if [[ $2 != *jeton_verif* ]]; then
        echo "$1: its example is not found"
        failures=$((failures + 1))
    elif ! program "$2" | "${CC:-cc}" -std=c17 -pedantic -Wall -Wextra -Werror \
        -fsyntax-only -I verifier/include -x c -; then
        echo "$1: its example does not compile"
        failures=$((failures + 1))
    fi
}

compile README.md "$(of_readme)"
for header in verifier/include/jeton/*.h; do
    compile "$header" "$(of_header "$header")"
done
[[ $failures -eq 0 ]] || { echo "$failures failures" && exit 1; }
