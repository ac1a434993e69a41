#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Debian packages from their making to their purge, in a folder with this machine's Debian: installed, started by a systemd of
# its own with the units as they are, asked for tokens over restarts, removed, installed again, purged.
#   tests/packages/packages.sh
# JETON_DEBIAN names a folder that debootstrap made before, of which a copy is used. 77: this machine lacks what that takes (root, debootstrap, systemd-nspawn, namespaces).
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
source=$(pwd)

skip() { # WHY
    echo "$1: the packages were not tried"
    exit 77
}

((EUID == 0)) || skip 'this takes root'
for command in cpack debootstrap dpkg-deb systemd-nspawn; do
    command -v $command >/dev/null || skip "$command is not installed"
done
unshare --mount --pid --fork true 2>/dev/null || skip 'no namespaces may be made here'
# shellcheck source=/dev/null
suite=$(. /etc/os-release && [[ $ID == debian ]] && echo "$VERSION_CODENAME") || skip 'this is not Debian'
mirror=$(apt-get indextargets --format "\$(REPO_URI)" "Codename: $suite" 'Created-By: Packages' | head -n 1)
[[ -n $mirror ]] || skip "apt knows nowhere to get $suite from"

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

fail() { # WHAT
    echo "failed: $1"
    exit 1
}

make_packages() {
    cmake --preset deb -G Ninja >"$work/log"
    cmake --build build/deb --parallel "$(nproc)" >"$work/log"
    (cd "$work" && cpack --config "$source/build/deb/CPackConfig.cmake" -B "$work/cpack" >"$work/log")
    packages=("$work"/cpack/*.deb)
    ((${#packages[@]} == 4)) || fail 'not four packages'
    if command -v lintian >/dev/null; then
        # errors count; warnings are read by people
        lintian --allow-root --fail-on error "${packages[@]}" || fail 'lintian'
    fi
}

# What the packages need, without versions and without each other.
list_needs() {
    local deb
    for deb in "${packages[@]}"; do
        dpkg-deb -f "$deb" Depends
    done | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | grep -v jeton | sort -u | paste -sd,
}

make_root() {
    if [[ -n ${JETON_DEBIAN-} ]]; then
        cp -a "$JETON_DEBIAN" "$root"
    else
        debootstrap --variant=minbase --include="systemd-sysv,dbus,$(list_needs)" "$suite" "$root" "$mirror" \
            >"$work/log" 2>&1 || skip 'debootstrap failed'
    fi
}

# All that is there, but for what dpkg writes of itself, caches, logs, and when the boot met Debian's own timers.
list_files() {
    (cd "$root" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache \
        -o -path ./var/lib/systemd/timers -o -path ./proc -o -path ./tmp -o -path ./run -o -path ./debs \) -prune -o -print | sort)
    cut -d: -f1 "$root/etc/passwd" "$root/etc/group"
}

in_root() {
    chroot "$root" "$@"
}

install_packages() {
    in_root sh -c 'DEBIAN_FRONTEND=noninteractive dpkg -i /debs/*.deb' >"$work/log" 2>&1 || fail 'dpkg -i'
}

check_installed() {
    [[ $(stat -c '%a %U %s' "$root/etc/jeton/kek") == '600 root 64' ]] || fail 'the key-encryption key'
    [[ $(in_root stat -c '%a %U %G' /var/lib/jeton) == '700 jeton jeton' ]] || fail 'the folder of the database'
    in_root ldconfig -p | grep -q 'libjeton.so.0' || fail 'the library is not found'
    [[ $(in_root jeton --version) == jeton* ]] || fail 'jeton --version'
    if in_root jetond check --config /etc/jeton/jetond.yaml 2>"$work/said"; then
        fail 'jetond is content without an issuer'
    fi
    grep -q 'issuer' "$work/said" || fail 'it is not said that the issuer is missing'
}

boot() { # SCRIPT in this folder: runs it under a systemd of its own, on a loopback of its own
    install -m 755 "tests/packages/$1" "$root/usr/local/sbin/booted"
    install -m 644 tests/packages/booted.service "$root/etc/systemd/system/booted.service"
    rm -f "$root/booted.log" "$root/booted.done"
    # locking memory is within the limit of a unit, but of those calls that nspawn forbids by itself
    timeout 300 systemd-nspawn --quiet --register=no --keep-unit --private-network --console=pipe \
        --system-call-filter=@memlock -D "$root" -b systemd.unit=booted.service systemd.mask=systemd-networkd-wait-online.service \
        </dev/null >"$work/console" 2>&1 || true
    if [[ ! -e $root/booted.log ]]; then
        cat "$work/console"
        skip 'no systemd can be booted here'
    fi
    cat "$root/booted.log"
    [[ -e $root/booted.done ]] || fail "$1"
    rm -f "$root"/booted.* "$root/usr/local/sbin/booted" "$root/etc/systemd/system/booted.service"
}

make_packages
make_root
mkdir "$root/debs"
cp "${packages[@]}" "$root/debs"
in_root systemctl preset-all >/dev/null 2>&1 || true # links that the first boot would make
list_files >"$work/before"
install_packages
check_installed
boot with-systemd.sh

kek=$(cat "$root/etc/jeton/kek")
in_root dpkg -r jetond jeton-guard libjeton-dev libjeton0 >"$work/log" 2>&1 || fail 'dpkg -r'
[[ ! -e $root/usr/sbin/jetond && -e $root/var/lib/jeton/jeton.db ]] || fail 'what a removal takes and leaves'
install_packages
[[ $(cat "$root/etc/jeton/kek") == "$kek" ]] || fail 'another key-encryption key after a removal'
rm "$root/etc/jeton/kek"
install_packages
[[ ! -e $root/etc/jeton/kek ]] || fail 'a new key-encryption key beside a database of another'
in_root dpkg -P jetond jeton-guard libjeton-dev libjeton0 >"$work/log" 2>&1 || fail 'dpkg -P'
list_files >"$work/after"
diff "$work/before" "$work/after" || fail 'the purge left something'
rm -rf "$root/debs"
python3 -B tests/packages/container.py build/deb "$root" || fail 'the image of a container'
echo 'the packages are in order'
