#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs with apt what is missing of the groups named: build, test, check; bench, the libraries
# that bench_rivals compares with and wrk for the benchmarks of token requests, which nothing else
# needs. Names are those of Debian 12 and Ubuntu 24.04. Without apt, or the right to use it,
# tells what is missing and by what package it comes, and exits 1.
set -euo pipefail

# group  probe (a command, a pkg-config module and its lowest version, or what clang can link)
#        packages
needs='
build  cc                      build-essential
build  cmake                   cmake
build  make                    make
build  ninja                   ninja-build
build  pkg-config              pkg-config
build  libcrypto>=3.0          libssl-dev
build  jansson>=2.13           libjansson-dev
build  libsodium>=1.0.18       libsodium-dev
build  libcurl>=7.85           libcurl4-openssl-dev
build  libmicrohttpd>=0.9.75   libmicrohttpd-dev
build  gnutls>=3.7             libgnutls28-dev
build  sqlite3>=3.37           libsqlite3-dev
build  libpq>=14               libpq-dev
build  yaml-0.1>=0.2           libyaml-dev
build  libjwt>=1.10            libjwt-dev
build  p11-kit-1>=0.23         libp11-kit-dev
build  libseccomp>=2.5         libseccomp-dev
build  curl                    curl
build  scdoc                   scdoc
test   cmocka>=1.1             libcmocka-dev
test   c++                     g++
test   python3                 python3
test   gunicorn                gunicorn
test   openssl                 openssl
test   node                    nodejs
test   npm                     npm ca-certificates
test   nginx                   nginx-light
test   haproxy                 haproxy
test   caddy                   caddy
test   initdb                  postgresql
test   softhsm2-util           softhsm2
test   pkcs11-tool             opensc
test   zsh                     zsh
test   fish                    fish
test   systemd-analyze         systemd
test   debootstrap             debootstrap
test   systemd-nspawn          systemd-container
test   lintian                 lintian
check  clang                   clang
check  clang:-fsanitize=fuzzer libclang-rt-dev
check  clang-tidy              clang-tidy
check  clang-format            clang-format
check  cppcheck                cppcheck
check  shellcheck              shellcheck
check  valgrind                valgrind
bench  libjwt>=1.10            libjwt-dev
bench  cjose>=0.6              libcjose-dev
bench  librhonabwy>=1.1        librhonabwy-dev
bench  liboauth2>=1.4          liboauth2-dev
bench  wrk                     wrk
'

links() { # FLAG: can clang link with it: its parts are of other packages, of a version each
    command -v clang >/dev/null &&
        clang "$1" -x c -o /dev/null - 2>/dev/null \
            <<<'int LLVMFuzzerTestOneInput(void) { return 0; }'
}

has_server() { # Debian puts PostgreSQL's beside the folders of the path
    local dir
    for dir in ${PATH//:/ }; do
        if compgen -G "${dir%/bin}/lib/postgresql/*/bin/initdb" >/dev/null; then
            return 0
        fi
    done
    return 1
}

is_there() {
    case $1 in
    *'>='*) command -v pkg-config >/dev/null && pkg-config --exists "${1%%>=*} >= ${1##*>=}" ;;
    clang:*) links "${1#clang:}" ;;
    initdb) command -v initdb >/dev/null || has_server ;;
    *) PATH=$PATH:${PATH//\/bin//sbin} command -v "$1" >/dev/null ;; # daemons stand there
    esac
}

# Fills `missing` (probes) and `packages` for the groups given.
look() {
    missing=() packages=()
    local group probe names
    while read -r group probe names; do
        if [[ " $* " == *" $group "* ]] && ! is_there "$probe"; then
            missing+=("$probe") packages+=("$names")
        fi
    done <<<"$needs"
}

tell_missing() {
    local i
    echo "Jeton needs what this machine lacks; $1:" >&2
    for i in "${!missing[@]}"; do
        printf '  %-24s Debian, Ubuntu: %s\n' "${missing[i]}" "${packages[i]}" >&2
    done
    echo 'A name with >= is a pkg-config module, one with : what clang links, the others are commands.' >&2
    exit 1
}

as_root=()
become_root() {
    if ((EUID == 0)); then
        return 0
    fi
    command -v sudo >/dev/null || return 1
    as_root=(sudo)
    if ! [[ -t 0 ]]; then
        as_root+=(-n) # nobody is there to type a password
    fi
    "${as_root[@]}" true
}

apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Some packages are of daemons that their installation would start, on every address of this machine:
# the tests want the programs alone. policy-rc.d is how a system says so; one that is there stays.
readonly policy=/usr/sbin/policy-rc.d
keep_stopped() {
    if [[ ! -e $policy ]]; then
        trap '"${as_root[@]}" rm -f "$policy"' EXIT
        "${as_root[@]}" install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
    fi
}

for group in "$@"; do
    case $group in
    build | test | check | bench) ;;
    *)
        echo "usage: $0 [build] [test] [check] [bench]" >&2
        exit 1
        ;;
    esac
done

look "$@"
if ((${#missing[@]} == 0)); then
    exit 0
fi
command -v apt-get >/dev/null || tell_missing 'there is no apt-get here to install it'
become_root || tell_missing 'installing it takes root or sudo'
echo "installing: ${packages[*]}" >&2
apt_get update >/dev/null
keep_stopped
# shellcheck disable=SC2068  # an element may be several packages
apt_get install -y --no-install-recommends ${packages[@]} >/dev/null
look "$@"
if ((${#missing[@]} > 0)); then
    tell_missing 'apt-get installed no version that is new enough'
fi
