#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a throw-away PostgreSQL server in the foreground, over a cluster of its own in DIR, on a UNIX
# socket in DIR alone; the machine's own clusters are not touched. It ends with whoever started it.
#   tests/support/postgres.sh [--standby-of DIR] DIR [-c NAME=VALUE]...
# Reach it by: host=DIR user=jeton dbname=postgres. Its log is DIR/log. A cluster that is in DIR
# already is used again. 77: there is no server here.
set -euo pipefail

tools=$(command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1) ||
    true
if [[ -z $tools ]]; then
    echo 'no PostgreSQL server is installed (packaging/dependencies.sh test)' >&2
    exit 77
fi
tools=$(dirname "$(realpath "$tools")")
primary=
if [[ $1 == --standby-of ]]; then
    primary=$2
    shift 2
fi
folder=$(realpath "$1")
shift

as=(setpriv --pdeathsig INT)
if ((EUID == 0)); then # a server refuses to run as root
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$folder"
    chmod 711 "$folder"
    as+=(--reuid "$user" --regid "$(id -g "$user")" --clear-groups)
fi
cd "$folder"
umask 077
if [[ ! -e data/PG_VERSION ]]; then
    if [[ -n $primary ]]; then
        "${as[@]}" "$tools/pg_basebackup" -h "$primary" -U jeton -D "$folder/data" -R -c fast -N
    else
        "${as[@]}" "$tools/initdb" -D "$folder/data" -U jeton -A trust -E UTF8 --locale=C --no-sync \
            --no-instructions >/dev/null
    fi
fi
exec "${as[@]}" "$tools/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= \
    -c shared_buffers=16MB -c max_connections=60 -c timezone=UTC "$@" </dev/null >>log 2>&1
