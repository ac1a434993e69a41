#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# lean.sh SOURCE MAKE_TOKEN: builds libjeton with every option off, and sees that it needs libcrypto
# and jansson and nothing else, and judges all the same. CMAKE and CC come from the environment.
set -eu
source=$1 make_token=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$CMAKE" -S "$source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_COMPILE_WARNING_AS_ERROR=ON \
    -DJETON_SODIUM=OFF -DJETON_CURL=OFF -DJETON_ISSUER=OFF -DJETON_ES256_TABLE=OFF \
    -DBUILD_TESTING=OFF >/dev/null
"$CMAKE" --build "$work/build" --target jeton >/dev/null
library=$(dirname "$(find "$work/build" -name libjeton.so)")

needs=$(readelf -d "$library/libjeton.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p' |
    grep -v -x -e libc -e 'ld-linux.*' | sort | tr '\n' ' ')
if [ "$needs" != "libcrypto libjansson " ]; then
    echo "lean: it needs $needs"
    exit 1
fi

"$make_token" "$work"
$CC -std=c11 -I "$source/verifier/include" "$source/tests/consumer/consumer.c" -o "$work/program" \
    -L "$library" -ljeton
for token in good bad; do
    LD_LIBRARY_PATH=$library "$work/program" "$work/jwks.json" "$(cat "$work/$token")" || true
done >"$work/said"
if [ "$(tr '\n' ' ' <"$work/said")" != 'ok cart bad_signature  ' ]; then
    echo "lean: it says $(cat "$work/said")"
    exit 1
fi
