#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sizes, words and forms that no compiler sees:
#   tests/limits.sh [ROOT]     0: nothing beyond a hard limit; what is long is told all the same
set -u
export LC_ALL=C
cd "${1:-$(dirname "$0")/..}" || exit 1
failures=0

fail() # WHAT
{
    echo "$1"
    failures=$((failures + 1))
}

# Every file of ours that matches one of the patterns, one a line.
files() # PATTERN...
{
    local pattern names=()
    for pattern in "$@"; do
        names+=(-o -name "$pattern")
    done
    find . \( -path './build*' -o -name .git -o -name node_modules -o -name corpus \) -prune -o \
        -type f \( "${names[@]:1}" \) -print | sed 's|^\./||' | sort
}

# Aims (told) and hard limits (fail): a .c of 400 and 600 lines (800 where tables of a test stand in
# it), the public header of 300.
check_file_lengths()
{
    local file lines most
    while read -r file; do
        lines=$(wc -l <"$file")
        most=600
        [[ $file != tests/* ]] || most=800
        if [[ $file == *.c && $lines -gt $most ]]; then
            fail "$file: $lines lines, over $most: is it still one idea?"
        elif [[ $file == verifier/include/* && $lines -gt 300 ]]; then
            fail "$file: $lines lines, over the 300 of a public header"
        elif [[ $lines -gt 400 ]]; then
            echo "notice: $file: $lines lines, over 400"
        fi
    done < <(files '*.[ch]')
}

# A body stands between a { and a } of their own in the first column: clang-format sees to it.
check_function_lengths()
{
    # shellcheck disable=SC2016 # awk's, not the shell's
    files '*.c' | xargs -d '\n' awk '
        FNR == 1 { start = 0 }
        /^[a-zA-Z].*\(/ { name = $0 }
        /^\{$/ { start = FNR }
        /^\}$/ && start {
            if (FNR - start - 1 > 70) {
                sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
                printf "notice: %s:%d: %s has %d lines, over 70\n", FILENAME, start, name,
                       FNR - start - 1
            }
            start = 0
        }'
}

refuse() # SENTENCE EXTENDED-REGEXP PATTERN...
{
    local sentence=$1 words=$2 found
    shift 2
    while IFS= read -r found; do
        fail "${found:0:120}: $sentence"
    done < <(files "$@" | grep -v '^tests/limits.sh$' | xargs -d '\n' grep -nE "$words" /dev/null)
}

check_words()
{
    refuse "a TODO names its issue: TODO(#12)" '\bTODO\b([^(]|\([^#]|$)' '*.[ch]' '*.def' '*.sh' \
        '*.cmake' CMakeLists.txt '*.md' '*.scd'
    refuse "unfinished" '\b(FIXME|XXX|HACK)\b|\b[Nn]ot (yet )?implemented\b' '*.[ch]' '*.def' \
        '*.sh' '*.cmake' CMakeLists.txt '*.md' '*.scd'
    refuse "one-line comments are /* so */" '^[[:space:]]*//' '*.[ch]'
}

# grep -rn "RFC 7519" is the compliance report, so every citation has one form.
check_citations()
{
    refuse "cite as: RFC 7519 sec. 4.1.4" \
        '\bRFC[-_]?[0-9]|\b(rfc|Rfc)[- ]?[0-9]+([^0-9_]|$)|\bRFC [0-9]+,? *(§|[Ss]ection|Sec|[Ss]ect|sec[^.]|s\.)' \
        '*.[ch]' '*.def'
}

check_licence()
{
    local file
    while read -r file; do
        if ! head -n 3 "$file" | grep -qF 'SPDX-License-Identifier: Apache-2.0'; then
            fail "$file: no SPDX line at the top"
        fi
    done < <(files '*.[ch]' '*.def' '*.sh' '*.cmake' CMakeLists.txt '*.py' '*.mjs' '*.js' '*.map' \
        quickstart test run)
}

check_modes()
{
    local file
    while read -r file; do
        [[ -x $file ]] || fail "$file: has a #! line and is not executable"
    done < <(files '*' | xargs -d '\n' awk 'FNR == 1 && /^#!/ { print FILENAME } { nextfile }')
}

# docs/attacks.md names tests that exist, and every case of tests/attack that carries a class.
check_attacks()
{
    local name named tests
    [[ -f docs/attacks.md ]] || return 0
    # shellcheck disable=SC2016 # backquotes of Markdown
    named=$(grep -oE '`[a-z0-9]+(_[a-z0-9]+)+`' docs/attacks.md | tr -d '`' | sort -u)
    tests=$(files '*.[ch]' '*.py' | grep '^tests/' |
        xargs -d '\n' grep -hoE '\b[a-z0-9]+(_[a-z0-9]+)+\b' | sort -u)
    tests+=$'\n'$(files 'fuzz_*.c' | sed 's|.*/||;s|\.c$||')
    while read -r name; do
        fail "docs/attacks.md: no test has the name $name"
    done < <(comm -23 <(echo "$named") <(sort -u <<<"$tests") | grep .)
    while read -r name; do
        fail "docs/attacks.md does not name $name"
    done < <(grep -E '^class_[0-9]' <<<"$tests" | comm -13 <(echo "$named") - | grep .)
}

check_file_lengths
check_function_lengths
check_words
check_citations
check_licence
check_modes
check_attacks
for file in CHANGELOG.md LICENSE README.md CONTRIBUTING.md; do
    [[ -f $file ]] || fail "$file is missing"
done
[[ $failures -eq 0 ]] || { echo "$failures failures" && exit 1; }
