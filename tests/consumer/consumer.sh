#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# consumer.sh BUILD MAKE_TOKEN: installs libjeton alone into a temporary prefix, moves that, and builds
# programs against it with pkg-config and nothing else: shared, static, C++, and by CMake's
# find_package. CMAKE, CC, CXX, CFLAGS come from the environment.
set -eu
build=$1 make_token=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { echo "consumer: $*"; }

for component in libjeton libjeton-dev; do
    "$CMAKE" --install "$build" --component $component --prefix "$work/first" >/dev/null
done
mv "$work/first" "$work/prefix"
pc=$(find "$work/prefix" -name jeton.pc)
libdir=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH="$libdir/pkgconfig" LD_LIBRARY_PATH="$libdir"
# pkg-config is the program's own, whatever an uninstalled tree would say
unset PKG_CONFIG_SYSROOT_DIR

"$make_token" "$work"
good=$(cat "$work/good") bad=$(cat "$work/bad")

# judge PROGRAM: accepts the good token, refuses the bad one
judge() {
    out=$("$1" "$work/jwks.json" "$good")
    [ "$out" = "ok cart" ] || { say "$1 says: $out"; exit 1; }
    status=0
    out=$("$1" "$work/jwks.json" "$bad") || status=$?
    [ "$out ($status)" = "bad_signature  (2)" ] || { say "$1 says: $out ($status)"; exit 1; }
}

warn="-Wall -Wextra -Wpedantic -Werror"
# shellcheck disable=SC2046,SC2086 # the flags are lists
$CC -std=c11 $warn $CFLAGS "$here/consumer.c" -o "$work/shared" $(pkg-config --cflags --libs jeton)
judge "$work/shared"
say "shared: ok"

# each header is whole by itself, and asks for no later language than it says
for header in "$work"/prefix/include/jeton/*.h; do
    name=jeton/$(basename "$header")
    # shellcheck disable=SC2086
    for std in c99 c17; do
        echo "#include <$name>" | $CC -std=$std $warn -fsyntax-only -I "$work/prefix/include" -x c -
    done
    if command -v "$CXX" >/dev/null; then
        # shellcheck disable=SC2086
        for std in c++11 c++17; do
            echo "#include <$name>" |
                $CXX -std=$std $warn -fsyntax-only -I "$work/prefix/include" -x c++ -
        done
    fi
done
say "headers: ok"

# what leaves the library is jeton_* and nothing else
if nm -D --defined-only "$libdir/libjeton.so" | awk '$2 != "A" { print $3 }' |
    grep -v -e '^jeton_' -e '@@JETON_0$' -e '^__' | grep .; then
    say "the names above leave libjeton.so"
    exit 1
fi

mkdir "$work/static"
cp -r "$work/prefix/." "$work/static"
find "$work/static" -name 'libjeton.so*' -exec rm {} +
PKG_CONFIG_PATH="$work/static${libdir#"$work/prefix"}/pkgconfig"
export PKG_CONFIG_PATH
# shellcheck disable=SC2046,SC2086
$CC -std=c11 $warn $CFLAGS "$here/consumer.c" -o "$work/archive" \
    $(pkg-config --static --cflags --libs jeton)
judge "$work/archive"
say "static: ok"
PKG_CONFIG_PATH="$libdir/pkgconfig"

if command -v "$CXX" >/dev/null; then
    # shellcheck disable=SC2046,SC2086
    $CXX -std=c++11 $warn $CFLAGS "$here/consumer.cc" -o "$work/cplusplus" \
        $(pkg-config --cflags --libs jeton)
    "$work/cplusplus" "$work/jwks.json" "$good"
    say "C++: ok"
else
    say "C++: left out, there is no $CXX"
fi

mkdir "$work/cmake"
cat >"$work/cmake/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES C)
find_package(jeton 0.1 REQUIRED)
add_executable(consumer $here/consumer.c)
target_link_libraries(consumer PRIVATE jeton::jeton)
END
"$CMAKE" -S "$work/cmake" -B "$work/cmake/build" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$CFLAGS" >/dev/null
"$CMAKE" --build "$work/cmake/build" >/dev/null
judge "$work/cmake/build/consumer"
say "CMake: ok"
