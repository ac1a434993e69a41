#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What jeton-guard costs: bench_guard.sh FOLDER-OF-THE-PROGRAMS [SECONDS-A-ROW]
# Asked directly, with the processor time of a decision from /proc; and behind nginx, with the same
# nginx without auth_request beside it. Needs wrk, nginx and curl.
set -euo pipefail
PATH=$PATH:${PATH//\/bin//sbin}
for program in wrk nginx curl; do
    if ! command -v "$program" >/dev/null; then
        echo "skipped: $program is not installed (apt-get install wrk nginx-light curl)"
        exit 77
    fi
done

readonly bin=$1 seconds=${2:-5} audience=https://payment.example.com/api
work=$(mktemp -d /tmp/jeton-bench-XXXXXX)
pids=()

clean_up() {
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true # it may have ended
    done
    wait
    rm -rf "$work"
}
trap clean_up EXIT

wait_for() { # FILE PATTERN
    local tries
    for ((tries = 200; tries > 0; tries--)); do
        grep -q "$2" "$1" 2>/dev/null && return 0
        sleep 0.05
    done
    cat "$1"
    exit 1
}

said() { # FILE NAME
    sed -n "s/.* $2=\([^ ]*\).*/\1/p" "$1" | head -n 1
}

"$bin/jetond" dev --listen 127.0.0.1:0 --dir "$work/issuer" -o json >"$work/told" 2>"$work/log" &
pids+=($!)
wait_for "$work/told" issuer
told() { # NAME
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/told"
}
token=$(curl -sS -u "$(told client_id):$(told client_secret)" -d grant_type=client_credentials \
    --data-urlencode "resource=$audience" "$(told token_endpoint)" |
    sed 's/.*"access_token":"\([^"]*\)".*/\1/')

start_guard() { # CACHE-TOKENS
    cat >"$work/guard.yaml" <<EOF
listen: 127.0.0.1:0
ops: {listen: 127.0.0.1:0}
cache_tokens: $1
http: {max_connections: 20000}
log: {level: info}
issuers: [{issuer: '$(told issuer)'}]
rules:
  - {path: /, audience: '$audience', any_of: ['payments:read']}
  - {path: /public, public: true}
EOF
    "$bin/jeton-guard" serve --config "$work/guard.yaml" 2>"$work/guard.log" &
    guard=$!
    pids+=("$guard")
    wait_for "$work/guard.log" ev=daemon.ready
    address=$(said "$work/guard.log" listen)
}

ticks() { # PID: processor time, in clock ticks
    awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}

# wrk's answer as: requests, requests a second, median and 99th percentile
load() { # CONNECTIONS URL
    wrk -t1 -c"$1" -d"${seconds}s" --latency -H "Host: api.example.com" \
        -H "Authorization: Bearer $token" "$2" >"$work/wrk"
    if grep -q 'Non-2xx\|Socket errors' "$work/wrk"; then
        cat "$work/wrk"
        exit 1
    fi
    awk '/requests in/ { n = $1 } /Requests\/sec/ { rate = $2 } /50%/ { half = $2 }
         /99%/ { most = $2 } END { print n, int(rate), half, most }' "$work/wrk"
}

row() { # NAME URL [PID]
    local before=0 n rate half most each=-
    [[ $# -lt 3 ]] || before=$(ticks "$3")
    read -r n rate half most < <(load 32 "$2")
    if [[ $# -ge 3 ]]; then
        each=$(awk -v t=$(($(ticks "$3") - before)) -v hz="$(getconf CLK_TCK)" -v n="$n" \
            'BEGIN { printf "%.1f", t * 1e6 / hz / n }')
    fi
    printf '%-44s %10s %10s %10s %12s\n' "$1" "$rate" "$half" "$most" "$each"
}

printf '%-44s %10s %10s %10s %12s\n' '' 'requests/s' median 99% 'guard us/req'
start_guard 0
row 'guard alone, no token remembered' "http://$address/authorize/prefix/x" "$guard"
kill "$guard"
wait "$guard" || true
start_guard 1024
row 'guard alone, token remembered' "http://$address/authorize/prefix/x" "$guard"
row 'guard alone, public path' "http://$address/authorize/prefix/public" "$guard"

free=$(shuf -i 20000-30000 -n 1)
cat >"$work/nginx.conf" <<EOF
daemon off; pid $work/pid; error_log stderr crit; worker_processes 2;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path $work/a; proxy_temp_path $work/b; fastcgi_temp_path $work/c;
    uwsgi_temp_path $work/d; scgi_temp_path $work/e;
    keepalive_requests 100000000;
    upstream application { server 127.0.0.1:$((free + 1)); keepalive 64; }
    upstream jeton_guard { server $address; keepalive 64; keepalive_requests 100000000; }
    server { listen 127.0.0.1:$((free + 1)); location / { return 200 "hello"; } }
    server {
        listen 127.0.0.1:$free;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location /open { proxy_pass http://application; }
        location /asked {
            auth_request /_guard;
            auth_request_set \$client \$upstream_http_x_auth_client_id;
            proxy_set_header X-Auth-Client-Id \$client;
            proxy_set_header Connection "";
            proxy_pass http://application;
        }
        location = /_guard {
            internal;
            proxy_pass http://jeton_guard/authorize/original;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Connection "";
            proxy_set_header X-Original-Method \$request_method;
            proxy_set_header X-Original-Host \$host;
            proxy_set_header X-Original-URI \$request_uri;
        }
    }
}
EOF
nginx -p "$work" -e stderr -c "$work/nginx.conf" 2>"$work/nginx.log" &
pids+=($!)
for ((tries = 100; tries > 0; tries--)); do
    curl -s -o "$work/body" "http://127.0.0.1:$free/open" && break
    sleep 0.05
done
row 'nginx to an application, without auth_request' "http://127.0.0.1:$free/open"
row 'nginx to an application, with auth_request' "http://127.0.0.1:$free/asked" "$guard"
