#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The units are of a form that systemd reads without a word, and leave at most 2.0 of what could be open:
#   tests/packages/units.sh BUILD
# 77: this machine lacks systemd-analyze, or it cannot look at files (before 250).
set -euo pipefail
export LC_ALL=C
build=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
    echo 'systemd-analyze is not here, or too old to look at files: nothing was checked'
    exit 77
fi

exposure() { # UNIT: prints what systemd says of it; fails when that is over 2.0, or when it warns
    systemd-analyze security --offline=true --threshold=20 --no-pager "$1" >"$work/said" 2>"$work/warned" &&
        ! [[ -s $work/warned ]] || return 1
    grep Overall "$work/said"
}

failures=0
for unit in jetond.service jeton-guard.service jetond.socket; do
    sed "s,@CMAKE_INSTALL_FULL_SBINDIR@,$build/bin," "$root/packaging/systemd/$unit"* >"$work/$unit"
done
for unit in jetond.service jeton-guard.service; do
    if ! exposure "$work/$unit"; then
        echo "$unit: over 2.0, or not as systemd reads it:"
        cat "$work/warned"
        grep -v '^+' "$work/said"
        failures=$((failures + 1))
    fi
    # each line that shuts something counts: without it, the exposure is another one
    if sed '/^SystemCallFilter=/d; /^CapabilityBoundingSet=/d; /^PrivateUsers=/d' "$work/$unit" >"$work/open.service" &&
        exposure "$work/open.service" >/dev/null; then
        echo "$unit: within 2.0 without its filters, too: this check sees nothing"
        failures=$((failures + 1))
    fi
done
# names of settings, and that what is started is there; what is told of other units of this machine is not asked
if systemd-analyze verify --man=no "$work/jetond.service" "$work/jetond.socket" \
    "$work/jeton-guard.service" 2>&1 | grep -F "$work"; then
    failures=$((failures + 1))
fi
exit $((failures > 0))
