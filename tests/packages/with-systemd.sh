#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Under systemd, by the units as they were installed; packages.sh boots it.
set -euo pipefail
conf=/etc/jeton/jetond.yaml
api=https://payment.example.com/api
cd /tmp

fail() { # WHAT
    echo "failed: $1"
    systemctl status --no-pager --full 'jeton*' || true
    journalctl --no-pager -n 50 || true
    exit 1
}
trap 'fail "line $LINENO"' ERR

state() { # UNIT PROPERTY
    systemctl show --value -p "$2" "$1"
}

until_is() { # UNIT PROPERTY VALUE: waits for it
    local i
    for ((i = 0; i < 600; i++)); do
        if [[ $(state "$1" "$2") == "$3" ]]; then
            return 0
        fi
        sleep 0.1
    done
    fail "$1: $2 is $(state "$1" "$2"), not $3"
}

token() {
    jeton token get --issuer http://127.0.0.1:8080 --credentials client.json --resource $api >token.txt
    grep -qE '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$' token.txt || fail 'no token'
}

ask_guard() { # PATH: the status that a proxy gets for the token
    exec 3<>/dev/tcp/127.0.0.1/9180
    printf 'GET /authorize/original HTTP/1.1\r\nHost: g\r\nX-Original-Method: GET\r\nX-Original-Host: %s\r\n' \
        payment.example.com >&3
    printf 'X-Original-URI: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n' "$1" "$(cat token.txt)" >&3
    head -n 1 <&3 | cut -d' ' -f2
    exec 3>&-
}

echo '-- the operator says who the issuer is, and starts it'
sed -i 's,^# issuer: .*,issuer: http://127.0.0.1:8080,' $conf
systemctl enable --now jetond || fail 'the first start'
[[ $(state jetond StatusText) == 'issuing as http://127.0.0.1:8080 on 127.0.0.1:8080' ]] || fail 'the status'
[[ $(state jetond WatchdogUSec) == 2min ]] || fail 'the watchdog'
jeton doctor >doctor.txt || fail 'jeton doctor'
grep '^ok *memory ' doctor.txt || fail 'private keys are not locked'
jeton resource create $api --scope payments:read
(umask 077; jeton client create cart --grant $api#payments:read -o json >client.json)
token

echo '-- nothing of the machine is open to it'
pid=$(state jetond MainPID)
grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$pid/status"
[[ $(awk '/^Cap(Eff|Prm|Bnd|Inh|Amb):/ {print $2}' "/proc/$pid/status" | sort -u) == 0000000000000000 ]] || fail 'capabilities'
[[ $(awk '/^(NoNewPrivs|Seccomp):/ {print $2}' "/proc/$pid/status" | paste -sd' ') == '1 2' ]] || fail 'seccomp'

echo '-- reload, good and bad'
echo 'jwks: {max_age: 1m}' >>$conf
systemctl reload jetond
until_is jetond StatusText 'issuing as http://127.0.0.1:8080 on 127.0.0.1:8080'
sed -i 's/^jwks: .*/jwks: {max_aeg: 1m}/' $conf
systemctl reload jetond
for ((i = 0; i < 100; i++)); do
    [[ $(state jetond StatusText) == 'nothing was reloaded: '*max_aeg* ]] && break
    sleep 0.1
done
[[ $(state jetond StatusText) == 'nothing was reloaded: '*max_aeg* ]] || fail 'a bad reload is not told'
sed -i '/^jwks: /d' $conf
token

echo '-- restart: the same keys and clients; private keys in a process of their own'
set_before=$(jeton key list -o name | sort)
sed -i 's/^keys:$/keys:\n  signer: process/' $conf
systemctl restart jetond || fail 'the restart with keys.signer: process'
[[ $(jeton key list -o name | sort) == "$set_before" ]] || fail 'other keys after a restart'
token
pid=$(state jetond MainPID)
signer=$(cat "/proc/$pid"/task/*/children) # of whichever thread
signer=${signer% }
[[ $(awk '/^Seccomp_filters:/ {print $2}' "/proc/$signer/status") -gt \
    $(awk '/^Seccomp_filters:/ {print $2}' "/proc/$pid/status") ]] || fail 'the filter of the signer process'
if tr '\0' '\n' <"/proc/$signer/environ" | grep -E 'NOTIFY_SOCKET|WATCHDOG|LISTEN'; then
    fail 'the signer process could speak for jetond'
fi
jeton doctor >doctor.txt || fail 'jeton doctor with the signer process'
grep '^ok *memory ' doctor.txt || fail 'private keys of the signer process are not locked'

echo '-- one that hangs is started anew'
mkdir -p /run/systemd/system/jetond.service.d
printf '[Service]\nWatchdogSec=3\n' >/run/systemd/system/jetond.service.d/soon.conf
systemctl daemon-reload
systemctl restart jetond
pid=$(state jetond MainPID)
kill -STOP "$pid"
until_is jetond NRestarts 1
until_is jetond ActiveState active
[[ $(state jetond MainPID) != "$pid" ]] || fail 'the watchdog'
token

echo '-- a socket of systemd: it starts who listens'
systemctl stop jetond
systemctl start jetond.socket || fail 'jetond.socket'
[[ $(state jetond ActiveState) == inactive ]] || fail 'started before anybody asked'
token
[[ $(state jetond ActiveState) == active ]] || fail 'not started by the socket'
systemctl restart jetond
token

echo '-- the sidecar'
sed -e 's,https://id.example.com,http://127.0.0.1:8080,' /usr/share/doc/jeton-guard/examples/guard.yaml >/etc/jeton/guard.yaml
systemctl start jeton-guard || fail 'jeton-guard'
[[ $(ask_guard /) == 200 ]] || fail 'the guard refuses a good token'
echo "$(cut -d. -f1-2 token.txt).AAAA" >token.txt
[[ $(ask_guard /) == 401 ]] || fail 'the guard lets a bad token through'
[[ -s /var/cache/jeton-guard/id.example.com.json ]] || fail 'the guard keeps no key set'
systemctl reload jeton-guard
until_is jeton-guard StatusText 'answering on 127.0.0.1:9180 by 1 rules'

systemctl stop jeton-guard jetond.socket jetond
[[ $(state jetond Result) == success && $(state jeton-guard Result) == success ]] || fail 'how they ended'
rm /etc/jeton/guard.yaml
touch /booted.done
