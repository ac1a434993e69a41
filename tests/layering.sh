#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the arrows between the rooms by what the sources include, and, given a build folder, by the
# symbols of the library:
#   tests/layering.sh [ROOT [BUILD]]     0: every arrow stands; 1: each breach on a line
#   tests/layering.sh --self-test        plants breaches in a copy and wants each of them found
set -u
export LC_ALL=C
rooms=(common keys verifier issuer)
breaches=0

breach() # FILE:LINE SENTENCE
{
    echo "$1: $2"
    breaches=$((breaches + 1))
}

# May a file FROM include TO, both named from the root?
arrow() # FROM TO
{
    case "$1" in
    common/base/*) [[ $2 == common/base/* ]] ;;
    common/json/*) [[ $2 == common/@(base|json)/* ]] ;;
    common/jose/*) [[ $2 == common/@(base|json|jose)/* ]] ;;
    common/conf/*) [[ $2 == common/@(base|json|conf)/* ]] ;;
    common/http/*) [[ $2 == common/@(base|log|http)/* ]] ;;
    common/*) [[ $2 == common/base/* || ${2%/*} == "${1%/*}" ]] ;;
    keys/*) [[ $2 == common/* || $2 == keys/* ]] ;;
    verifier/guard/*) [[ $2 == common/* || $2 == verifier/guard/* ]] ;;
    verifier/crypto/*) [[ $2 == common/@(base|jose)/* || $2 == verifier/@(crypto/*|verkey.h) ]] ;;
    verifier/source/*)
        [[ $2 == common/@(base|json|jose)/* || $2 == verifier/@(source|crypto)/* ||
            $2 == verifier/@(keyset|verkey|policy|texts|sized|status).h ]]
        ;;
    verifier/*) [[ $2 == common/@(base|json|jose)/* || ($2 == verifier/* && $2 != verifier/guard/*) ]] ;;
    issuer/cli/*)
        [[ $2 == common/* || $2 == issuer/@(cli|store)/* || $2 == issuer/access/declared.h ]]
        ;;
    issuer/store/*) [[ $2 == common/* || $2 == issuer/store/* ]] ;;
    issuer/access/*) [[ $2 == common/* || $2 == keys/* || $2 == issuer/@(access|store)/* ]] ;;
    issuer/oauth/*) [[ $2 == common/* || $2 == keys/* || ($2 == issuer/* && $2 != issuer/@(admin|cli)/*) ]] ;;
    issuer/admin/*) [[ $2 == common/* || $2 == keys/* || ($2 == issuer/* && $2 != issuer/@(oauth|cli)/*) ]] ;;
    issuer/*) [[ $2 == common/* || $2 == keys/* || ($2 == issuer/* && $2 != issuer/cli/*) ]] ;;
    *) false ;;
    esac
}

# Where the header of a foreign library may be included; nothing for one that has no corner.
corner() # HEADER
{
    case "$1" in
    microhttpd.h) echo 'common/http/*' ;;
    gnutls/*) echo 'common/http/tls?(_turn).c' ;;
    yaml.h) echo 'common/conf/*' ;;
    sqlite3.h | libpq-fe.h | libpq/*) echo 'issuer/store/*' ;;
    openssl/*) echo 'common/jose/*|common/base/@(digest|hasher|secret|random).c|keys/*|verifier/crypto/*' ;;
    sodium.h | sodium/*) echo 'keys/*|verifier/crypto/*' ;;
    jwt.h | seccomp.h) echo 'keys/*' ;;
    p11-kit/*) echo 'keys/pkcs11*' ;;
    curl/*) echo 'verifier/source/fetch_curl.c|issuer/cli/*' ;;
    jansson.h) echo '@(common/json|common/jose|verifier|issuer)/*' ;;
    jeton/*) echo 'verifier/*|issuer/*' ;;
    esac
}

check_ours() # FILE LINE HEADER
{
    if [[ $3 == tests/* ]]; then
        breach "$1:$2" "includes tests/: $3"
    elif [[ ! -f $3 ]]; then
        breach "$1:$2" "is not a file named from the root: $3"
    elif [[ $1 == issuer/* && $3 == verifier/* ]]; then
        breach "$1:$2" "reaches the verifier other than by <jeton/verifier.h>: $3"
    elif ! arrow "$1" "$3"; then
        breach "$1:$2" "against the arrows: $3"
    fi
}

check_foreign() # FILE LINE HEADER
{
    local where
    where=$(corner "$3")
    # shellcheck disable=SC2053,SC2254 # the corner is a pattern
    if [[ -n $where && $1 != @($where) ]]; then
        breach "$1:$2" "<$3> outside its corner ($where)"
    elif [[ $1 == verifier/include/* && -n $where && $3 != jeton/*.h ]]; then
        breach "$1:$2" "the public header includes more than standard headers and ours: <$3>"
    elif [[ $1 == verifier/guard/* && -n $where && $3 != jeton/* ]]; then
        breach "$1:$2" "the sidecar reaches past the public header of libjeton: <$3>"
    elif [[ -z $where && -f $3 ]]; then
        breach "$1:$2" "a header of ours in angle brackets: <$3>"
    fi
}

check_includes() # FILE
{
    local line header
    while IFS=: read -r line header; do
        header=${header#*include}
        header=${header#"${header%%[![:space:]]*}"}
        case "$header" in
        \"*) header=${header#\"} && check_ours "$1" "$line" "${header%%\"*}" ;;
        \<*) header=${header#<} && check_foreign "$1" "$line" "${header%%>*}" ;;
        *) breach "$1:$line" "neither \"ours\" nor <foreign>: $header" ;;
        esac
    done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' "$1")
}

# base.h poisons calls, so nothing may be included after it.
check_base_last() # FILE
{
    local last
    last=$(grep -nE '^#[[:space:]]*include' "$1" | grep -vE '"[^"]*\.def"' | tail -n 1)
    if [[ ${last#*:} != '#include "common/base/base.h"' ]]; then
        breach "$1:${last%%:*}" 'the last include is not "common/base/base.h"'
    fi
}

check_json_load() # FILE
{
    local found
    found=$(grep -nE '\bjson_load[a-z]*[[:space:]]*\(' "$1" | head -n 1)
    if [[ -n $found ]]; then
        breach "$1:${found%%:*}" "JSON text is read by jt_json_load alone"
    fi
}

check_file() # FILE
{
    check_includes "$1"
    check_json_load "$1"
    if [[ $1 == *.c ]]; then
        check_base_last "$1"
    fi
}

check_sources()
{
    local file
    while read -r file; do
        check_file "$file"
    done < <(find "${rooms[@]}" -name '*.[ch]' 2>/dev/null | sort)
}

# The library exports jeton_* alone, and holds nothing of keys/.
check_library() # BUILD
{
    local library symbol held
    library=$(find "$1/verifier" -name 'libjeton.so*' -type f 2>/dev/null | sort | head -n 1)
    if [[ -z $library ]]; then
        echo "libjeton.so is not built under $1: its symbols are not checked"
        return
    fi
    while read -r symbol; do
        breach "$library" "exports $symbol"
    done < <(nm -D --defined-only --format=posix "$library" |
        awk '$2 != "A" && $1 !~ /^jeton_/ { print $1 }')
    held=$(find "$1/keys" -name '*.o' -exec nm --defined-only --format=posix {} + 2>/dev/null |
        awk '$2 == "T" || $2 == "D" || $2 == "R" { print $1 }' | sort -u)
    while read -r symbol; do
        breach "$library" "holds a symbol of keys/: $symbol"
    done < <(nm --defined-only --format=posix "$library" 2>/dev/null | awk '{ print $1 }' |
        sort -u | comm -12 - <(echo "$held"))
}

# One breach in a copy of the tree, which the check must tell by file and sentence.
plant() # FILE LINE WANTED
{
    local copy=$1 found
    mkdir -p "$(dirname "$copy")"
    printf '%s\n\n#include "common/base/base.h"\n' "$2" >"$copy"
    found=$(check_file "$copy")
    rm -f "$copy"
    if [[ $found != *"$3"* ]]; then
        echo "not found: $copy with $2 (wanted: $3; told: ${found:-nothing})"
        breaches=$((breaches + 1))
    fi
}

# A library that exports what it should not and holds an object of keys/.
plant_library()
{
    local found
    mkdir -p build/verifier build/keys
    echo 'void jt_signer_sign(void) {}' >keys.c
    echo 'void jeton_right(void) {} void jt_wrong(void) {}' >library.c
    "${CC:-cc}" -c keys.c -o build/keys/signer.o &&
        "${CC:-cc}" -shared -fPIC library.c keys.c -o build/verifier/libjeton.so.0 || exit 1
    found=$(check_library build)
    if [[ $found != *"exports jt_wrong"* || $found != *"of keys/: jt_signer_sign"* ||
        $found == *jeton_right* ]]; then
        echo "not found: a library that exports jt_wrong and holds jt_signer_sign"
        breaches=$((breaches + 1))
    fi
}

self_test()
{
    local copy
    copy=$(mktemp -d) || exit 1
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$copy'" EXIT
    (cd "$root" && find "${rooms[@]}" -name '*.[ch]' -print0 | xargs -0 cp --parents -t "$copy")
    cd "$copy" || exit 1
    local arrows="against the arrows" out="outside its corner"
    plant common/base/x.c '#include "common/json/json.h"' "$arrows"
    plant common/json/x.c '#include "common/jose/jwk.h"' "$arrows"
    plant common/jose/x.c '#include "common/log/log.h"' "$arrows"
    plant common/http/x.c '#include "common/json/json.h"' "$arrows"
    plant common/conf/x.c '#include "common/log/log.h"' "$arrows"
    plant common/conf/x.c '#include <jansson.h>' "$out"
    plant common/log/x.c '#include "issuer/store/store.h"' "$arrows"
    plant keys/x.c '#include "verifier/verifier.h"' "$arrows"
    plant keys/x.c '#include "issuer/store/store.h"' "$arrows"
    plant verifier/x.c '#include "keys/signer.h"' "$arrows"
    plant verifier/x.c '#include "common/http/server.h"' "$arrows"
    plant verifier/guard/x.c '#include "verifier/verifier.h"' "$arrows"
    plant verifier/guard/x.c '#include "keys/signer.h"' "$arrows"
    plant verifier/guard/x.c '#include "issuer/config.h"' "$arrows"
    plant verifier/x.c '#include "verifier/guard/rules.h"' "$arrows"
    plant verifier/crypto/x.c '#include "verifier/source/keysource.h"' "$arrows"
    plant verifier/source/x.c '#include "verifier/judge/judge.h"' "$arrows"
    plant verifier/judge/x.c '#include <openssl/evp.h>' "$out"
    plant verifier/guard/x.c '#include <openssl/evp.h>' "$out"
    plant verifier/guard/x.c '#include <jansson.h>' "past the public header"
    plant verifier/guard/x.c '#include <microhttpd.h>' "$out"
    plant issuer/cli/x.c '#include "issuer/config.h"' "$arrows"
    plant issuer/cli/x.c '#include "issuer/access/access.h"' "$arrows"
    plant issuer/cli/x.c '#include "keys/signer.h"' "$arrows"
    plant issuer/cli/x.c '#include <sqlite3.h>' "$out"
    plant issuer/store/x.c '#include "issuer/access/access.h"' "$arrows"
    plant issuer/store/x.c '#include "issuer/oauth/oauth.h"' "$arrows"
    plant issuer/store/x.c '#include "issuer/admin/admin.h"' "$arrows"
    plant issuer/access/x.c '#include "issuer/oauth/oauth.h"' "$arrows"
    plant issuer/access/x.c '#include "issuer/admin/admin.h"' "$arrows"
    plant issuer/access/x.c '#include "issuer/cli/cli_http.h"' "$arrows"
    plant issuer/access/x.c '#include "issuer/root.h"' "$arrows"
    plant issuer/oauth/x.c '#include "issuer/admin/admin.h"' "$arrows"
    plant issuer/admin/x.c '#include "issuer/oauth/oauth.h"' "$arrows"
    plant issuer/x.c '#include "issuer/cli/cli_http.h"' "$arrows"
    plant issuer/oauth/x.c '#include "verifier/verifier.h"' "other than by <jeton/verifier.h>"
    plant issuer/x.c '#include "tests/unit/unit.h"' "includes tests/"
    plant common/base/x.c '#include "span.h"' "named from the root"
    plant common/base/x.c '#include <common/base/span.h>' "angle brackets"
    plant common/base/x.c '#include HEADER' 'neither "ours" nor <foreign>'
    plant issuer/x.c '#include <microhttpd.h>' "$out"
    plant common/http/x.c '#include <gnutls/gnutls.h>' "$out"
    plant issuer/x.c '#include <yaml.h>' "$out"
    plant issuer/oauth/x.c '#include <sqlite3.h>' "$out"
    plant issuer/x.c '#  include <libpq-fe.h>' "$out"
    plant issuer/x.c '#include <openssl/evp.h>' "$out"
    plant common/base/x.c ' # include <openssl/evp.h>' "$out"
    plant common/jose/x.c '#include <sodium.h>' "$out"
    plant verifier/x.c '#include <jwt.h>' "$out"
    plant issuer/x.c '#include <seccomp.h>' "$out"
    plant verifier/x.c '#include <curl/curl.h>' "$out"
    plant keys/x.c '#include <p11-kit/pkcs11.h>' "$out"
    plant keys/x.c '#include <jansson.h>' "$out"
    plant keys/x.c '#include <jeton/verifier.h>' "$out"
    plant verifier/include/jeton/x.h '#include <jansson.h>' "more than standard headers"
    plant issuer/x.c 'json_t *j = json_loads(text, 0, NULL);' "jt_json_load alone"
    printf '#include "common/base/base.h"\n#include <stdio.h>\n' >keys/x.c
    if ! "$self" . | grep -qF "keys/x.c:2: the last include"; then # the whole way, as it is called
        echo "not found: an include after base.h"
        breaches=$((breaches + 1))
    fi
    plant_library
}

shopt -s extglob
self=$(realpath "$0")
root=$(realpath "$(dirname "$self")/..")
if [[ ${1-} == --self-test ]]; then
    self_test
else
    build=${2:+$(realpath "$2")}
    cd "${1:-$root}" || exit 1
    check_sources
    if [[ -n $build ]]; then
        check_library "$build"
    fi
fi
[[ $breaches -eq 0 ]] || { echo "$breaches breaches" && exit 1; }
