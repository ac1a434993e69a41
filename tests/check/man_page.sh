#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# libjeton(3) as docs/header2scd.awk makes it has every function of the public headers, and scdoc
# takes it:
#   tests/check/man_page.sh [ROOT]
set -u
export LC_ALL=C
cd "${1:-$(dirname "$0")/../..}" || exit 1
include=verifier/include/jeton
headers=("$include"/verifier.h "$include"/observe.h "$include"/status.h)
failures=0

fail() # WHAT
{
    echo "libjeton(3): $1"
    failures=$((failures + 1))
}

page=$(awk -f docs/header2scd.awk "${headers[@]}") || exit 1
titles=$(grep '^## ' <<<"$page" | tr -d "\\\\" | grep -oE '[A-Za-z0-9_]+')

# The page, and CMake for the page that is installed, know of every header.
for header in "$include"/*.h; do
    [[ " ${headers[*]} " == *" $header "* ]] || fail "$header is left out by this test"
    grep -qF "${header##*/}" docs/CMakeLists.txt || fail "$header is left out by docs/CMakeLists.txt"
done

# Each declaration that a header exports names one function.
names=$(grep -h '^JETON_API' "${headers[@]}" | grep -oE '\bjeton_[a-z0-9_]+\(' | tr -d '(')
exported=$(cat "${headers[@]}" | grep -c '^JETON_API')
[[ $exported -gt 0 ]] || fail "the headers export nothing"
[[ $(wc -l <<<"$names") -eq $exported ]] || fail "of $exported exports some have no name: $names"
for name in $names JETON_INIT; do
    grep -qxF "$name" <<<"$titles" || fail "$name has no section"
    grep -qE "^[^\\]*\b$name\(" <<<"$page" || fail "$name has no prototype"
done

# A section is a title, a block of code, and prose.
silent=$(awk '/^```/ { code = !code; next }
    code { next }
    /^#/ { if (title && !prose) print title; title = /^## / ? $0 : ""; prose = 0; next }
    NF { prose = 1 }' <<<"$page")
[[ -z $silent ]] || fail "no prose under $silent"
! grep -nE 'JETON_(API|CHECK)|clang-format' <<<"$page" || fail "what is for tools alone stands in it"

if ! command -v scdoc >/dev/null; then
    echo "scdoc is not installed (apt-get install scdoc): the page is not tried with it"
elif ! scdoc <<<"$page" >/dev/null; then
    fail "scdoc refuses it"
fi
[[ $failures -eq 0 ]] || { echo "$failures failures" && exit 1; }
