#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# curl against the running daemon: curl.sh FOLDER-OF-THE-PROGRAMS
# Each check is a pair: a request that is refused, and it mended, accepted.
set -euo pipefail
if ! command -v curl >/dev/null; then
    echo 'skipped: curl is not installed; ./test installs it'
    exit 77
fi

readonly bin=$1 payment=https://payment.example.com/api
work=$(mktemp -d /tmp/jeton-curl-XXXXXX)
daemon=''
failures=0

clean_up() {
    [[ -z $daemon ]] || kill -KILL "$daemon" 2>/dev/null || true # it may have ended
    rm -rf "$work"
}
trap clean_up EXIT

"$bin/jetond" dev --listen 127.0.0.1:0 --dir "$work/issuer" -o json \
    >"$work/told" 2>"$work/log" </dev/null &
daemon=$!
for ((tries = 200; tries > 0; tries--)); do
    if [[ -s $work/told ]] || ! kill -0 "$daemon" 2>/dev/null; then
        break
    fi
    sleep 0.1
done

told() { # NAME
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/told"
}
issuer=$(told issuer) endpoint=$(told token_endpoint)
id=$(told client_id) secret=$(told client_secret)
[[ -n $issuer ]] || { cat "$work/log" && exit 1; }

# Sends, and wants the answer's status and, as a pattern, its head and body.
wants() { # NAME STATUS PATTERN CURL-ARGUMENTS...
    local name=$1 wanted=$2 pattern=$3 status
    shift 3
    : >"$work/head"
    : >"$work/body"
    status=$(curl -sS --max-time 20 -D "$work/head" -o "$work/body" -w '%{http_code}' "$@" 2>&1) ||
        true # then it is no status
    if [[ $status != "$wanted" ]] || ! grep -qiE -e "$pattern" "$work/head" "$work/body"; then
        printf 'not ok  %s: wanted %s and %s, got %s\n' "$name" "$wanted" "$pattern" "$status"
        cat "$work/head" "$work/body"
        failures=$((failures + 1))
        return 0
    fi
    printf 'ok      %s\n' "$name"
}

same() { # NAME A B
    if [[ $2 != "$3" ]]; then
        printf 'not ok  %s: %s is not %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
        return 0
    fi
    printf 'ok      %s\n' "$1"
}

ask=(-d grant_type=client_credentials --data-urlencode "resource=$payment")
token='"access_token":"ey[^"]+","token_type":"Bearer","expires_in":3600'

# what a person's curl sends as -u is not form-encoded: refused as credentials, never as a crash
for odd in 'a b' 'ä€' '%' '%zz' '%00' 'a+b' '::' '\"' '=&' ''; do
    wants "basic_secret_<${odd}>_challenged" 401 'www-authenticate: basic' \
        -u "$id:$odd" "${ask[@]}" "$endpoint"
    wants "basic_secret_<${odd}>_is_invalid_client" 401 '"error":"invalid_client"' \
        -u "$id:$odd" "${ask[@]}" "$endpoint"
    wants "basic_id_<${odd}>_is_invalid_client" 401 '"error":"invalid_client"' \
        -u "${odd//:/}:$secret" "${ask[@]}" "$endpoint"
done
wants basic_right_accepted 200 "$token" -u "$id:$secret" "${ask[@]}" "$endpoint"
wants answer_never_stored 200 'cache-control: no-store' -u "$id:$secret" "${ask[@]}" "$endpoint"

wants post_wrong_secret_is_invalid_client 400 '"error":"invalid_client"' \
    "${ask[@]}" -d "client_id=$id" -d client_secret=wrong "$endpoint"
wants post_right_accepted 200 "$token" \
    "${ask[@]}" -d "client_id=$id" -d "client_secret=$secret" "$endpoint"

wants token_by_get_told_to_post 405 'allow: post' -u "$id:$secret" -G "${ask[@]}" "$endpoint"
wants token_by_multipart_refused 415 '"error":"invalid_request"' \
    -u "$id:$secret" -F grant_type=client_credentials "$endpoint"
wants token_by_http_1_0_accepted 200 "$token" -0 -u "$id:$secret" "${ask[@]}" "$endpoint"
wants token_by_chunks_accepted 200 "$token" \
    -H 'Transfer-Encoding: chunked' -u "$id:$secret" "${ask[@]}" "$endpoint"
wants token_after_100_continue_accepted 200 "$token" \
    -H 'Expect: 100-continue' -u "$id:$secret" "${ask[@]}" "$endpoint"

well_known=$issuer/.well-known
wants discovery_accepted 200 "\"token_endpoint\":\"$endpoint\"" "$well_known/oauth-authorization-server"
first=$(<"$work/body")
wants discovery_by_openid_accepted 200 "\"issuer\":\"$issuer\"" "$well_known/openid-configuration"
same discovery_documents_equal "$(<"$work/body")" "$first"
wants discovery_of_an_unknown_path_refused 404 '"error"' "$well_known/unknown"

wants jwks_has_an_etag 200 '"keys":\[\{' --etag-save "$work/etag" "$well_known/jwks.json"
wants jwks_may_be_cached 200 'cache-control: public, max-age=[0-9]+' "$well_known/jwks.json"
wants jwks_unchanged_is_304 304 '^etag: ' --etag-compare "$work/etag" "$well_known/jwks.json"
same jwks_304_has_no_body "$(stat -c %s "$work/body")" 0
wants jwks_of_another_etag_sent 200 '"keys":\[\{' -H 'If-None-Match: "other"' "$well_known/jwks.json"
length=$(stat -c %s "$work/body")
wants jwks_by_head_tells_the_length 200 "content-length: $length" -I "$well_known/jwks.json"
JETON_SOCKET=$(told admin_socket) "$bin/jeton" key rotate >/dev/null
wants jwks_changed_is_sent 200 '"keys":\[\{' --etag-compare "$work/etag" "$well_known/jwks.json"

same connection_kept_alive "$(curl -sS --max-time 20 -w '%{num_connects} ' -o "$work/body" \
    "$well_known/jwks.json" -o "$work/body" "$well_known/jwks.json")" '1 0 '

kill "$daemon"
ended=0
wait "$daemon" || ended=$?
daemon=''
same exit_status_on_sigterm "$ended" 0
if ((failures > 0)); then
    cat "$work/log"
    echo "$failures failures"
    exit 1
fi
