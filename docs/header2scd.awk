# SPDX-License-Identifier: Apache-2.0
# Makes libjeton(3) from the public header, so that each function is documented once: every group of
# declarations becomes a section, its comment the text. Usage: awk -f header2scd.awk verifier.h
function escape(text) { gsub(/[*_\\]/, "\\\\&", text); gsub(/`/, "*", text); return text }

function say_text(text,    lines, n, i, code) {
    n = split(text, lines, "\n")
    code = 0
    for (i = 1; i <= n; i++) {
        if (lines[i] ~ /^    / && !code) { print "\n```"; code = 1 }
        if (lines[i] !~ /^    / && code) { print "```\n"; code = 0 }
        print code ? substr(lines[i], 5) : escape(lines[i])
    }
    if (code) print "```"
}

function heading(code,    name) {
    if (match(code, /jeton_[a-z_0-9]+\(/)) return substr(code, RSTART, RLENGTH - 1)
    if (match(code, /typedef[^;]*\(\*jeton_[a-z_]+/)) { match(code, /\*jeton_[a-z_]+/); return substr(code, RSTART + 1, RLENGTH - 1) }
    if (match(code, /enum jeton_[a-z_]+/)) return substr(code, RSTART, RLENGTH)
    if (match(code, /struct jeton_[a-z_]+ \{/)) return substr(code, RSTART, RLENGTH - 2)
    if (match(code, /#define JETON_[A-Z]+/)) return substr(code, RSTART + 8, RLENGTH - 8) (comment ~ /bits|Bits|Algorithms/ ? " and others" : "")
    return "types"
}

function flush() {
    if (code == "") return
    print "\n## " escape(heading(code)) "\n\n```\n" code "```"
    if (comment != "") { print ""; say_text(comment) }
    code = ""; comment = ""
}

BEGIN {
    print "libjeton(3)\n\n# NAME\n\nlibjeton - verify access tokens offline\n\n# SYNOPSIS\n"
    print "*#include <jeton/verifier.h>*\n\npkg-config --cflags --libs jeton\n\n# DESCRIPTION\n"
}
/^\/\* SPDX/ { next }
/^#if|^#endif|^extern "C"|^#include|^#    define|^#else|^}$/ { next }
/^#define JETON_VERIFIER_H|^#define JETON_API|^#define JETON_CHECK/ { next }
/^\/\*/ && !in_comment {
    flush()
    in_comment = 1
    text = ""
}
in_comment {
    line = $0
    ends = line ~ /\*\/$/
    sub(/ ?\*\/$/, "", line)
    sub(/^\/\* ?/, "", line)
    sub(/^ \* ?/, "", line)
    if (line != "" || text != "") text = text line "\n"
    if (ends) {
        in_comment = 0
        if (!described) { say_text(text); print "\n# REFERENCE"; described = 1 }
        else comment = text
    }
    next
}
/^$/ { flush(); next }
{ code = code $0 "\n" }
END { flush(); print "\n# SEE ALSO\n\n*jeton*(1), *jetond*(8)" }
