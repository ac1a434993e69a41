#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a program takes on with a library that verifies tokens: its size without symbols and what it
# needs itself, for libjeton of a build (aim: at most 120 KiB) and for the others that are installed.
#   tests/bench/bench_size.sh BUILD
set -euo pipefail
export LC_ALL=C
build=${1:?usage: bench_size.sh BUILD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tell() { # NAME FILE
    strip --strip-unneeded -o "$work/stripped" "$2"
    local bytes needed
    bytes=$(stat -c %s "$work/stripped")
    needed=$(readelf -d "$2" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^libc\.so' | tr '\n' ' ')
    printf '%-12s %7d bytes %6s KiB  needs %s\n' "$1" "$bytes" \
        "$((bytes / 1024)).$((bytes % 1024 * 10 / 1024))" "${needed:-libc alone}"
}

tell libjeton "$build/verifier/libjeton.so"
for row in libjwt:libjwt cjose:libcjose librhonabwy:librhonabwy liboauth2:liboauth2; do
    module=${row%:*} name=${row#*:}
    if dir=$(pkg-config --variable=libdir "$module" 2>/dev/null) && [[ -e $dir/$name.so ]]; then
        tell "$name" "$dir/$name.so"
    else
        printf '%-12s is not installed\n' "$name"
    fi
done
