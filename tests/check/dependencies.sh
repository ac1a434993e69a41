#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# packaging/dependencies.sh on a machine without apt-get and pkg-config: exit status 1 and each
# missing package named once; nothing is run, so nothing else is told. What is there is not named.
set -euo pipefail
export LC_ALL=C
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'dependencies: %s\n' "$1" >&2
    [[ ! -s $work/told ]] || cat "$work/told" >&2
    exit 1
}

# The packages told, one row each; checks all around the rows. $work/path is all the PATH there is.
look() { # GROUP...
    local ended=0
    PATH=$work/path "$BASH" "$root/packaging/dependencies.sh" "$@" >"$work/out" 2>"$work/told" ||
        ended=$?
    [[ $ended == 1 ]] || fail "exit status $ended, not 1"
    [[ ! -s $work/out ]] || fail 'something is told to standard output'
    [[ $(sed -n 1p "$work/told") == *'there is no apt-get here'* ]] || fail 'the first line'
    [[ $(tail -n 1 "$work/told") == 'A name with >= is '* ]] || fail 'the last line'
    sed '1d;$d' "$work/told" >"$work/rows"
    ! grep -vE '^  [^ ]+ +Debian, Ubuntu: [a-z0-9]' "$work/rows" || fail 'a line that is no row'
    sed 's/.*Debian, Ubuntu: //' "$work/rows" | tr ' ' '\n' | sort >"$work/named"
}

known() { # GROUPS-BY-|: the packages of the script's own table
    sed -n "/^needs='\$/,/^'\$/p" "$root/packaging/dependencies.sh" |
        sed -nE "s/^($1) +[^ ]+ +//p" | tr ' ' '\n' | sort
}

mkdir "$work/path"
look build test check
known 'build|test|check' >"$work/known"
[[ $(wc -l <"$work/known") -gt 20 ]] || fail 'the table of the script was not found'
[[ -z $(uniq -d "$work/named") ]] || fail "named more than once: $(uniq -d "$work/named")"
diff "$work/known" "$work/named" || fail 'what is named (>) is not what is needed (<)'

look check
diff <(known check) "$work/named" || fail 'another group than asked for'

ln -s "$BASH" "$work/path/cmake" # anything that can be run
look build
diff <(known build | grep -vx cmake) "$work/named" || fail 'cmake is there, the others are not'
