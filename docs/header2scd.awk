# SPDX-License-Identifier: Apache-2.0
# Makes libjeton(3) from the public headers, so that each function is documented once: every group of
# declarations becomes a section, what it declares the title, its comment the text. The comment at the
# top of the first header is the description; each other header is a part of its own.
# Usage: awk -f header2scd.awk verifier.h observe.h status.h
function escape(text) { gsub(/[*_\\]/, "\\\\&", text); gsub(/`/, "*", text); return text }

function say_text(text,    lines, n, i, code) {
    n = split(text, lines, "\n")
    while (n > 0 && lines[n] == "") n--
    code = 0
    for (i = 1; i <= n; i++) {
        if (lines[i] ~ /^    / && !code) { print "```"; code = 1 }
        if (lines[i] !~ /^    / && code) { print "```"; code = 0 }
        print code ? substr(lines[i], 5) : escape(lines[i])
    }
    if (code) print "```"
}

# The name that the line declares, "" when it only goes on with another.
function declared(line) {
    if (line ~ /^ /) return ""
    if (match(line, /^#define JETON_[A-Z0-9_]+/)) return substr(line, 9, RLENGTH - 8)
    if (match(line, /\(\*jeton_[a-z0-9_]+\)/)) return substr(line, RSTART + 2, RLENGTH - 3)
    if (match(line, /jeton_[a-z0-9_]+\(/)) return substr(line, RSTART, RLENGTH - 1)
    if (match(line, /(enum|struct) jeton_[a-z0-9_]+ \{$/)) return substr(line, RSTART, RLENGTH - 2)
    if (match(line, /^typedef.* jeton_[a-z0-9_]+;$/)) {
        match(line, /[a-z0-9_]+;$/)
        return substr(line, RSTART, RLENGTH - 1)
    }
    return ""
}

function heading(code,    lines, names, n, i, found, title) {
    n = split(code, lines, "\n")
    for (i = 1; i <= n; i++) if (declared(lines[i]) != "") names[++found] = declared(lines[i])
    title = names[1]
    if (found > 2) return title " to " names[found]
    for (i = 2; i <= found; i++) title = title ", " names[i]
    return title
}

# A prototype without what is for the compiler alone; the lines it goes on with move along.
function prototype(line,    n) {
    if (match(line, /^JETON_API (JETON_CHECK )?/)) {
        moved = RLENGTH
        return substr(line, RLENGTH + 1)
    }
    if (line !~ /^ /) moved = 0
    match(line, /^ */)
    n = RLENGTH < moved ? RLENGTH : moved
    return substr(line, n + 1)
}

function flush() {
    if (code == "") return
    print "\n## " escape(heading(code)) "\n\n```\n" code "```"
    if (comment != "") { print ""; say_text(comment) }
    code = ""; comment = ""
}

# The comment at the top of a header; the first one describes the library.
function begin_part(text,    name) {
    if (FILENAME == ARGV[1]) {
        say_text(text)
        print "\n# REFERENCE"
    } else {
        name = FILENAME
        sub(/.*\//, "", name)
        print "\n# <" toupper("jeton/" name) ">\n"
        say_text(text)
    }
    described = FILENAME
}

BEGIN {
    print "libjeton(3)\n\n# NAME\n\nlibjeton - verify access tokens offline\n\n# SYNOPSIS\n"
    print "*#include <jeton/verifier.h>*\n\npkg-config --cflags --libs jeton\n\n# DESCRIPTION\n"
}
FNR == 1 { flush() }
/^\/\* SPDX|^\/\* clang-format/ { next }
/^#    define JETON_INIT/ && code == "" { code = "#define JETON_INIT(type)\n" } # C's and C++'s: one
/^#if|^#endif|^extern "C"|^#include|^#    define|^#else|^}$/ { next }
/^#define JETON_[A-Z]+_H$/ { next }
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
        if (described != FILENAME) begin_part(text)
        else comment = text
    }
    next
}
/^$/ { flush(); next }
{ code = code prototype($0) "\n" }
END { flush(); print "\n# SEE ALSO\n\n*jeton*(1), *jetond*(8)" }
