#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `./quickstart` without --once stays until Ctrl-C, and what it prints to try next works as pasted,
# also from a folder with a space in its name. Plays what is built in build/quickstart; exit status 77
# when nothing is.
set -euo pipefail
set -m # a job of ours can be interrupted, and is a process group
export LC_ALL=C
root=$(realpath "$(dirname "$0")/../..")
if [[ ! -x $root/build/quickstart/bin/jetond ]]; then
    echo 'skipped: build/quickstart is not built (./quickstart --once builds it)'
    exit 77
fi
work=$(mktemp -d)
pid=''

clean_up() {
    local tries=50
    while [[ -n $pid ]] && kill -TERM -- "-$pid" 2>/dev/null && ((tries > 0)); do
        tries=$((tries - 1))
        sleep 0.1
    done
    ((tries > 0)) || kill -KILL -- "-$pid" 2>/dev/null || true # it ended after all
    rm -rf "$work"
}
trap clean_up EXIT

fail() {
    printf 'quickstart_stays: %s\n' "$1" >&2
    [[ ! -s $work/told ]] || cat "$work/told" >&2
    exit 1
}

# A copy with the same programs, and a cmake that has nothing to do.
lay_out() {
    folder="$work/with a space"
    mkdir -p "$folder/build/quickstart" "$work/path"
    cp "$root/quickstart" "$folder"
    ln -s "$root/packaging" "$folder/packaging"
    ln -s "$root/build/quickstart/bin" "$folder/build/quickstart/bin"
    ln -s "$(type -P true)" "$work/path/cmake"
}

start() {
    : >"$work/told"
    PATH=$work/path:$PATH "$folder/quickstart" >"$work/told" 2>&1 </dev/null &
    pid=$!
    local tries=600
    until grep -q '^Ctrl-C ends it' "$work/told"; do
        kill -0 "$pid" 2>/dev/null || fail 'ended instead of staying'
        tries=$((tries - 1))
        ((tries > 0)) || fail 'has not told what to try next within 60 s'
        sleep 0.1
    done
}

paste() { # LINES WANTED: in a shell of its own, as in another terminal
    local said
    [[ -n $1 ]] || fail "no line to paste (that gives $2)"
    said=$(cd / && bash -euc "$1" 2>&1) || fail "failed: $1"$'\n'"$said"
    [[ $said == *"$2"* ]] || fail "no $2 from: $1"$'\n'"$said"
}

interrupt() { # TARGET, of kill
    local ended=0 socket
    socket=$(sed -n 's/^ *export JETON_SOCKET=//p' "$work/told")
    [[ -S $socket ]] || fail "no socket at '$socket'"
    kill -INT -- "$1"
    wait "$pid" || ended=$?
    [[ $ended == 0 ]] || fail "exit status $ended on SIGINT, not 0"
    ! kill -0 -- "-$pid" 2>/dev/null || fail 'left a process running'
    [[ ! -e $socket ]] || fail 'left its files'
    pid=''
}

lay_out
start
mapfile -t curls < <(grep '^ *curl ' "$work/told")
((${#curls[@]} == 2)) || fail "${#curls[@]} curl lines, not 2"
paste "${curls[0]}" '"access_token"'
paste "${curls[1]}" 'HTTP/1.1 200'
paste "$(sed -n '/^ *export JETON_SOCKET=/,/^$/p' "$work/told")" cart-service
interrupt "-$pid" # as a terminal does: all of the group

start
interrupt "$pid" # it alone
