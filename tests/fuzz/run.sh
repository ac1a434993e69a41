#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Looks for inputs that break a property of tests/fuzz, two targets at a time:
#   tests/fuzz/run.sh SECONDS [TARGET...]     TARGET: claims, jws ... (fuzz_NAME.c); none: all
# Each target runs SECONDS seconds from a copy of its corpus. 0: nothing found, with a table of what
# was done; 1: the input that was found is printed, with how to replay it.
# Builds in build/fuzz with clang. Needs what packaging/dependencies.sh build test check installs.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."

usage() {
    echo "usage: $0 SECONDS [TARGET...]" >&2
    exit 1
}

seconds=${1:-}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || usage
shift
targets=("$@")
if (($# == 0)); then
    for source in tests/fuzz/fuzz_*.c; do
        source=${source##*/fuzz_}
        targets+=("${source%.c}")
    done
fi
for target in "${targets[@]}"; do
    [[ -f tests/fuzz/fuzz_$target.c ]] || usage
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() {
    cmake -S . -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DJETON_FUZZ=ON -DJETON_SANITIZE=address,undefined >"$work/build" 2>&1 &&
        cmake --build build/fuzz --parallel "$(nproc)" --target "${targets[@]/#/fuzz_}" \
            >>"$work/build" 2>&1
}

run() { # TARGET: leaves its log, and what was found in the folder found/
    local target=$1
    mkdir -p "$work/$target/found"
    touch "$work/$target/failed"
    cp -r "tests/fuzz/corpus/$target" "$work/$target/corpus"
    build/fuzz/tests/fuzz/"fuzz_$target" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$work/$target/found/" \
        "$work/$target/corpus" >"$work/$target/log" 2>&1 </dev/null
    rm "$work/$target/failed"
}

last() { # TARGET PATTERN: what follows the pattern where it stands last in the log
    sed -nE "s|.*$2([0-9]+).*|\\1|p" "$work/$1/log" | tail -n 1
}

tell_finding() { # TARGET
    local target=$1 input
    echo "fuzz_$target failed:"
    grep -vE '^#[0-9]|^INFO:|^stat::' "$work/$target/log" | tail -n 40
    for input in "$work/$target/found/"*; do
        [[ -f $input ]] || continue
        echo "to replay it (a file of tests/fuzz/corpus/$target is replayed by ctest, too):"
        echo "  base64 -d >/tmp/${input##*/} <<'END'"
        base64 "$input"
        echo "END"
        echo "  build/fuzz/tests/fuzz/fuzz_$target /tmp/${input##*/}"
    done
}

if ! build; then
    cat "$work/build" >&2
    exit 1
fi
for target in "${targets[@]}"; do
    while (($(jobs -rp | wc -l) >= 2)); do
        wait -n || true # what failed is told below
    done
    run "$target" & # set -e ends it with the first failure
done
wait # 0, whatever they ended with

failed=0
for target in "${targets[@]}"; do
    if [[ -f $work/$target/failed ]]; then
        tell_finding "$target"
        failed=1
    fi
done
printf '%-12s %12s %14s %14s %12s\n' target executions executions/s 'edges covered' 'corpus size'
for target in "${targets[@]}"; do
    printf '%-12s %12s %14s %14s %12s\n' "$target" \
        "$(last "$target" 'stat::number_of_executed_units: *')" \
        "$(last "$target" 'stat::average_exec_per_sec: *')" \
        "$(last "$target" ' cov: ')" "$(last "$target" ' corp: ')"
done
exit "$failed"
