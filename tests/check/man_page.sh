#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# libjeton(3) as docs/header2scd.awk makes it has every function of the public header, and scdoc
# takes it:
#   tests/check/man_page.sh [ROOT]
set -u
export LC_ALL=C
cd "${1:-$(dirname "$0")/../..}" || exit 1
header=verifier/include/jeton/verifier.h
failures=0

fail() # WHAT
{
    echo "libjeton(3): $1"
    failures=$((failures + 1))
}

page=$(awk -f docs/header2scd.awk "$header") || exit 1
titles=$(grep '^## ' <<<"$page" | tr -d "\\\\" | grep -oE '[A-Za-z0-9_]+')

# Each declaration that the header exports names one function.
names=$(grep '^JETON_API' "$header" | grep -oE '\bjeton_[a-z0-9_]+\(' | tr -d '(')
exported=$(grep -c '^JETON_API' "$header")
[[ $exported -gt 0 ]] || fail "the header exports nothing"
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
