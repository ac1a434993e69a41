#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The attacks on framing and the server's tests against libmicrohttpd 1.x: in a Debian 13 of its own,
# made by debootstrap in a temporary folder, where this tree is built anew.
#   tests/attack/http/on_trixie.sh [FOLDER]     FOLDER: made there, and kept for the next time
# 0: all passed; 77: skipped, with a word: no root, no debootstrap, no mirror of Debian.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../../.."
readonly suite=trixie
readonly targets=(test_attack_http attack_daemon test_listen test_reaper test_route test_server
    test_server_head test_server_stop test_server_stream jetond jeton_cli jeton_guard)
readonly tests='^attack\.http|^unit\.test_(listen|reaper|route|server)'

skip() {
    echo "skipped: $1" >&2
    exit 77
}

((EUID == 0)) || skip 'it takes root to make a Debian in a folder and to enter it'
command -v debootstrap >/dev/null || skip 'there is no debootstrap (apt-get install debootstrap)'
[[ -e /usr/share/debootstrap/scripts/$suite ]] || skip "this debootstrap does not know $suite"

# As this machine's apt is configured: its mirror of Debian, and its proxy.
# shellcheck disable=SC2016  # what apt-get expands
mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT)' 2>/dev/null |
    awk '$2 == "Debian" && $3 == "main" && $1 !~ /security/ {print $1; exit}')
[[ -n $mirror ]] || skip 'apt here has no mirror of Debian'
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
export http_proxy="${http_proxy-}" https_proxy="${https_proxy-}"

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=${1:-$work/root}

# Without this environment: what builds here by a compiler or a launcher of its own has none there.
in_root() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive HOME=/root LC_ALL=C \
        http_proxy="$http_proxy" https_proxy="$https_proxy" "$@" </dev/null
}

if [[ ! -e $root/installed ]]; then
    mkdir -p "$root"
    echo "making $suite" >&2
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" \
        >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        skip 'debootstrap did not make it (no network, or no right to make devices)'
    }
fi
rm -rf "$root/src"
mkdir "$root/src"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
        [[ -e $file ]] && printf '%s\0' "$file" # not one that is deleted and not yet committed
    done | tar -c --null -T - | tar -x -C "$root/src"
if [[ ! -e $root/installed ]]; then
    # nothing that is installed starts a daemon; dependencies.sh would need /proc to say so
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    in_root apt-get -qq update >"$work/log" 2>&1 || skip 'its apt does not reach the mirror'
    in_root /src/packaging/dependencies.sh build
    in_root apt-get -qq install -y --no-install-recommends libcmocka-dev python3 >"$work/log" 2>&1
    touch "$root/installed"
fi
# shellcheck disable=SC2016  # what dpkg-query expands
in_root dpkg-query -W -f='${Package} ${Version}\n' libmicrohttpd-dev
in_root sh -c "cd /src && cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=Debug" >"$work/log"
in_root ninja -C /build "${targets[@]}" >"$work/log" || {
    cat "$work/log"
    exit 1
}
in_root sh -c "cd /build && ctest --output-on-failure --no-tests=error -R '$tests'"
