#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The gate: everything that looks at the sources without running them.
#   tests/check/check.sh BUILD [STEP...]     BUILD has compile_commands.json; no STEP: all of them
# A tool that is missing is told with the package that brings it, and fails its step.
set -u
export LC_ALL=C
build=$(realpath "${1:?usage: check.sh BUILD [STEP...]}") || exit 1
shift
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
jobs=$(nproc)
product=(common keys verifier issuer)

need() # TOOL PACKAGE
{
    if ! command -v "$1" >/dev/null; then
        echo "$1 is not installed: apt-get install $2"
        return 1
    fi
}

# Ours by extension, without what a build or npm left.
ours() # FOLDER... -- PATTERN...
{
    local folders=() names=() pattern
    while [[ $1 != -- ]]; do
        [[ ! -e $1 ]] || folders+=("$1")
        shift
    done
    shift
    for pattern in "$@"; do
        names+=(-o -name "$pattern")
    done
    find "${folders[@]}" -name node_modules -prune -o -type f \( "${names[@]:1}" \) -print0 | sort -z
}

step_format()
{
    need clang-format clang-format || return 1
    ours "${product[@]}" tests docs -- '*.c' '*.h' | xargs -0 clang-format --dry-run -Werror
}

# The compile database says how each of our files is compiled; those of tests/ are not looked at.
step_tidy()
{
    need clang-tidy clang-tidy && need python3 python3 || return 1
    if [[ ! -f $build/compile_commands.json ]]; then
        echo "$build/compile_commands.json is missing: cmake -S . -B $build"
        return 1
    fi
    python3 - "$build/compile_commands.json" "$root" "${product[@]}" <<'PYTHON' |
import json, os, sys
database, root, rooms = sys.argv[1], sys.argv[2], tuple(sys.argv[3:])
files = {os.path.relpath(entry["file"], root) for entry in json.load(open(database))}
for file in sorted(files):
    if file.startswith(tuple(room + "/" for room in rooms)):
        print(file, end="\0")
PYTHON
        xargs -0 -P "$jobs" -n 4 clang-tidy -p "$build" --quiet 2> >(grep -v 'warnings\? generated\|^$' >&2)
}

step_cppcheck()
{
    need cppcheck cppcheck || return 1
    # readdirCalled asks for readdir_r, which glibc has deprecated
    cppcheck --quiet --enable=warning,portability --error-exitcode=1 --inline-suppr -j "$jobs" \
        --std=c11 --library=posix --library=gnu --library=openssl --library=sqlite3 \
        --suppress=missingIncludeSystem --suppress=readdirCalled -D_GNU_SOURCE -I . -I verifier/include "${product[@]}"
}

step_layering()
{
    tests/layering.sh "$root" "$build" && tests/layering.sh --self-test
}

step_limits()
{
    tests/limits.sh "$root"
}

step_shell()
{
    need shellcheck shellcheck || return 1
    {
        ours tests packaging docs -- '*.sh'
        for script in quickstart test .ci/run; do
            [[ ! -f $script ]] || printf '%s\0' "$script"
        done
    } | xargs -0 shellcheck
}

[[ $# -gt 0 ]] || set -- format tidy cppcheck layering limits shell
failed=()
for step in "$@"; do
    echo "== $step"
    "step_$step" || failed+=("$step")
done
if [[ ${#failed[@]} -gt 0 ]]; then
    echo "failed: ${failed[*]}"
    exit 1
fi
echo "all clean"
