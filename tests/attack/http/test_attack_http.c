/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are not what RFC 9112 asks for, by class. Behind each stands a canary request on
 * the same connection; it must never be served, whatever the bad one was taken for. Each row holds
 * the same request with only that fault repaired, which must be served, and a table at the end
 * holds what is odd but right. All of it is sent whole and a second time byte by byte.
 */
#include "common/http/server.h"

#include "common/http/door.h"
#include "tests/attack/http/wire.h"
#include "tests/unit/unit.h"

#include <stdatomic.h>

#include "common/base/base.h"

#define ANSWER_MAX  65536
#define REQUEST_MAX 131072

#define RAW(text)                                 \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

#define GET    "GET /ok HTTP/1.1\r\nHost: a\r\n"
#define POST   "POST /ok HTTP/1.1\r\nHost: a\r\n"
#define END    "\r\n"
#define HELLO  "Content-Length: 5\r\n\r\nhello"
#define CHUNKS "\r\n5\r\nhello\r\n0\r\n\r\n"
#define CANARY "GET /canary HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

struct pair {
    const char *name;
    int status; /* of the bad request's answer; 0: closed without one */
    struct jt_span bad, good;
};

/* RFC 9112 sec. 6.3: one way to know where a body ends */
static const struct pair length_rows[] = {
    {"length, then chunked", 400,
     RAW(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"chunked, then length", 400,
     RAW(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" CHUNKS),
     RAW(POST "Content-Length: 5\r\n\r\nhello")},
    {"two lengths that differ", 400,
     RAW(POST "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello"), RAW(POST HELLO)},
    {"two lengths, the larger last", 400,
     RAW(POST "Content-Length: 0\r\nContent-Length: 52\r\n\r\n"),
     RAW(POST "Content-Length: 0\r\n\r\n")},
    {"two equal lengths", 400, RAW(POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello"),
     RAW(POST "content-length: 5\r\n\r\nhello")},
    {"a list of lengths", 400, RAW(POST "Content-Length: 5, 5\r\n\r\nhello"), RAW(POST HELLO)},
    {"a signed length", 400, RAW(POST "Content-Length: +5\r\n\r\nhello"), RAW(POST HELLO)},
    {"a negative length", 400, RAW(POST "Content-Length: -5\r\n\r\nhello"), RAW(POST HELLO)},
    {"a hexadecimal length", 400, RAW(POST "Content-Length: 0x5\r\n\r\nhello"), RAW(POST HELLO)},
    {"an empty length", 400, RAW(POST "Content-Length:\r\n\r\n"),
     RAW(POST "Content-Length: 0\r\n\r\n")},
    {"a length of words", 400, RAW(POST "Content-Length: five\r\n\r\nhello"), RAW(POST HELLO)},
    {"a length past 64 bits", 413, RAW(POST "Content-Length: 99999999999999999999999\r\n\r\nhello"),
     RAW(POST "Content-Length: 00000000000000000000005\r\n\r\nhello")},
    {"space before the colon of a length", 400, RAW(POST "Content-Length : 5\r\n\r\nhello"),
     RAW(POST HELLO)},
    {"a length in a longer name", 400, RAW(POST "X Content-Length: 5\r\n\r\n"),
     RAW(POST "X-Content-Length: 5\r\n\r\n")},
};

/* RFC 9112 sec. 6.1: chunked alone is understood */
static const struct pair coding_rows[] = {
    {"another word", 400, RAW(POST "Transfer-Encoding: xchunked\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"gzip before chunked", 400, RAW(POST "Transfer-Encoding: gzip, chunked\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"chunked twice in a list", 400, RAW(POST "Transfer-Encoding: chunked, chunked\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"two lines", 400,
     RAW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"two equal lines", 400,
     RAW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"identity with a length", 400, RAW(POST "Transfer-Encoding: identity\r\n" HELLO),
     RAW(POST HELLO)},
    {"a parameter", 400, RAW(POST "Transfer-Encoding: chunked;a=b\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"quoted", 400, RAW(POST "Transfer-Encoding: \"chunked\"\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: CHUNKED\r\n" CHUNKS)},
    {"a vertical tab", 400, RAW(POST "Transfer-Encoding: \vchunked\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: \tchunked\r\n" CHUNKS)},
    {"empty", 400, RAW(POST "Transfer-Encoding:\r\n" HELLO), RAW(POST HELLO)},
    {"space before the colon", 400, RAW(POST "Transfer-Encoding : chunked\r\n" HELLO),
     RAW(POST HELLO)},
    {"tab before the colon", 400, RAW(POST "Transfer-Encoding\t: chunked\r\n" HELLO),
     RAW(POST HELLO)},
    {"a dot before the name", 400, RAW(POST "\x0bTransfer-Encoding: chunked\r\n" HELLO),
     RAW(POST "X-Transfer-Encoding: chunked\r\n" HELLO)},
    {"with HTTP/1.0", 400,
     RAW("POST /ok HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n" CHUNKS),
     RAW("POST /ok HTTP/1.0\r\nConnection: keep-alive\r\n" HELLO)},
};

/* RFC 9112 sec. 5.2: a folded line is refused; the library would build names of the pieces */
static const struct pair folding_rows[] = {
    {"after a value", 400, RAW(GET "X: a\r\n b\r\n" END), RAW(GET "X: a b\r\n" END)},
    {"with a tab", 400, RAW(GET "X: a\r\n\tb\r\n" END), RAW(GET "X: a\tb\r\n" END)},
    {"after an empty value", 400, RAW(GET "X:\r\n b\r\n" END), RAW(GET "X: b\r\n" END)},
    {"twice", 400, RAW(GET "X: a\r\n b\r\n c\r\n" END), RAW(GET "X: a b c\r\n" END)},
    {"a line of one space", 400, RAW(GET "X: a\r\n \r\nY: b\r\n" END),
     RAW(GET "X: a \r\nY: b\r\n" END)},
    {"a line of one tab at the end", 400, RAW(GET "X: a\r\n\t\r\n" END), RAW(GET "X: a\t\r\n" END)},
    {"of the first line", 400, RAW("GET /ok HTTP/1.1\r\n Host: a\r\n" END), RAW(GET END)},
    {"of the request line", 400, RAW("GET /ok\r\n HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"that builds Host", 400, RAW("GET /ok HTTP/1.1\r\nHo: a\r\n st\r\n" END),
     RAW("GET /ok HTTP/1.1\r\nHost: a\r\n" END)},
    {"that builds Authorization", 400, RAW(GET "Auth: Basic eDp5\r\n orization\r\n" END),
     RAW(GET "Authorization: Basic eDp5\r\n" END)},
    {"that builds Content-Length", 400, RAW(POST "Content-: 5\r\n Length\r\n\r\nhello"),
     RAW(POST HELLO)},
    {"that builds Transfer-Encoding", 400, RAW(POST "Transfer-: chunked\r\n Encoding\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"that unbuilds Content-Length", 400, RAW(POST "Content-Length: 5\r\n er\r\n\r\nhello"),
     RAW(POST HELLO)},
};

/* RFC 9112 sec. 2.2: lines end in CR LF; a CR alone is no line end and no part of an element */
static const struct pair line_end_rows[] = {
    {"LF after the request line", 400, RAW("GET /ok HTTP/1.1\nHost: a\r\n" END), RAW(GET END)},
    {"LF after Host", 400, RAW("GET /ok HTTP/1.1\r\nHost: a\n" END), RAW(GET END)},
    {"LF after a line in the middle", 400, RAW(GET "X: a\nY: b\r\n" END),
     RAW(GET "X: a\r\nY: b\r\n" END)},
    {"LF after the last line", 400, RAW(GET "X: a\n\r\n"), RAW(GET "X: a\r\n\r\n")},
    {"LF as the empty line", 400, RAW(GET "X: a\r\n\n"), RAW(GET "X: a\r\n\r\n")},
    {"LF everywhere", 400, RAW("GET /ok HTTP/1.1\nHost: a\n\n"), RAW(GET END)},
    {"LF hides a length", 400, RAW(POST "X: a\nContent-Length: 5\r\n\r\nhello"),
     RAW(POST "X: a\r\n" HELLO)},
    {"CR inside a value", 400, RAW(GET "X: a\rb\r\n" END), RAW(GET "X: a b\r\n" END)},
    {"CR at the end of a value", 400, RAW(GET "X: a\r\r\n" END), RAW(GET "X: a\r\n" END)},
    {"CR before a name", 400, RAW(GET "\rX: a\r\n" END), RAW(GET "X: a\r\n" END)},
    {"CR inside a name", 400, RAW(GET "X\rY: a\r\n" END), RAW(GET "XY: a\r\n" END)},
    {"CR hides a length", 400, RAW(POST "X: a\rContent-Length: 5\r\n\r\n"),
     RAW(POST "X: a\r\n" HELLO)},
    {"CR in the target", 400, RAW("GET /ok?\rx HTTP/1.1\r\nHost: a\r\n" END),
     RAW("GET /ok?%0Dx HTTP/1.1\r\nHost: a\r\n" END)},
    {"CR CR LF as the empty line", 400, RAW(GET "\r\r\n"), RAW(GET "\r\n")},
    {"vertical tab in a value", 400, RAW(GET "X: a\vb\r\n" END), RAW(GET "X: a\tb\r\n" END)},
    {"escape in a value", 400, RAW(GET "X: a\x1b[2Jb\r\n" END), RAW(GET "X: a[2Jb\r\n" END)},
    {"DEL in a value", 400, RAW(GET "X: a\x7f\r\n" END), RAW(GET "X: a\xff\r\n" END)},
};

/* RFC 9110 sec. 5.5: NUL is refused; the library would cut there */
static const struct pair nul_rows[] = {
    {"in a value", 400, RAW(GET "X: a\0b\r\n" END), RAW(GET "X: ab\r\n" END)},
    {"at the start of a value", 400, RAW(GET "X: \0b\r\n" END), RAW(GET "X: b\r\n" END)},
    {"as a value", 400, RAW(GET "X: \0\r\n" END), RAW(GET "X: \r\n" END)},
    {"at the end of a value", 400, RAW(GET "X: a\0\r\n" END), RAW(GET "X: a\r\n" END)},
    {"in the last of two", 400, RAW(GET "X: a\r\nY: b\0c\r\n" END),
     RAW(GET "X: a\r\nY: bc\r\n" END)},
    {"cuts chunked off a list", 400, RAW(POST "Transfer-Encoding: chunked\0, gzip\r\n" CHUNKS),
     RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"cuts a length", 400,
     RAW(POST "Content-Length: 5\0"
              "2\r\n\r\nhello"),
     RAW(POST HELLO)},
    {"in a name", 400, RAW(GET "X\0Y: a\r\n" END), RAW(GET "XY: a\r\n" END)},
    {"before a name ends the head", 400, RAW(POST "\0X: a\r\n" HELLO), RAW(POST "X: a\r\n" HELLO)},
    {"after the colon", 400, RAW(GET "X:\0a\r\n" END), RAW(GET "X:a\r\n" END)},
    {"as the empty line", 400, RAW(GET "X: a\r\n\0\r\n"), RAW(GET "X: a\r\n\r\n")},
    {"in the path", 400, RAW("GET /ok\0y HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"in the query", 400, RAW("GET /ok?a=b\0c HTTP/1.1\r\nHost: a\r\n" END),
     RAW("GET /ok?a=bc HTTP/1.1\r\nHost: a\r\n" END)},
    {"at the end of the query", 400, RAW("GET /ok?a=b\0 HTTP/1.1\r\nHost: a\r\n" END),
     RAW("GET /ok?a=b HTTP/1.1\r\nHost: a\r\n" END)},
    {"in the method", 400, RAW("GE\0T /ok HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"in the version", 400, RAW("GET /ok HTTP/1.1\0\r\nHost: a\r\n" END), RAW(GET END)},
    {"encoded, in the path", 400, RAW("GET /ok%00y HTTP/1.1\r\nHost: a\r\n" END),
     RAW("GET /ok?%20y HTTP/1.1\r\nHost: a\r\n" END)},
    {"encoded, in the query", 400, RAW("GET /ok?a=%00 HTTP/1.1\r\nHost: a\r\n" END),
     RAW("GET /ok?a=%01 HTTP/1.1\r\nHost: a\r\n" END)},
};

/* RFC 9112 sec. 3: the request line */
static const struct pair line_rows[] = {
    {"HTTP/1.2", 400, RAW("GET /ok HTTP/1.2\r\nHost: a\r\n" END), RAW(GET END)},
    {"HTTP/2.0", 505, RAW("GET /ok HTTP/2.0\r\nHost: a\r\n" END), RAW(GET END)},
    {"HTTP/0.9", 505, RAW("GET /ok HTTP/0.9\r\nHost: a\r\n" END), RAW(GET END)},
    {"no version", 400, RAW("GET /ok\r\nHost: a\r\n" END), RAW(GET END)},
    {"version in lower case", 400, RAW("GET /ok http/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"version of two digits", 400, RAW("GET /ok HTTP/1.10\r\nHost: a\r\n" END), RAW(GET END)},
    {"space after the version", 400, RAW("GET /ok HTTP/1.1 \r\nHost: a\r\n" END), RAW(GET END)},
    {"two spaces after the method", 400, RAW("GET  /ok HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"two spaces before the version", 400, RAW("GET /ok  HTTP/1.1\r\nHost: a\r\n" END),
     RAW(GET END)},
    {"tab for a space", 400, RAW("GET\t/ok HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"space in the target", 400, RAW("GET /ok?a b HTTP/1.1\r\nHost: a\r\n" END),
     RAW("GET /ok?a+b HTTP/1.1\r\nHost: a\r\n" END)},
    {"one word", 0, RAW("GET\r\nHost: a\r\n" END), RAW(GET END)},
    {"a method that is no token", 400, RAW("GE(T /ok HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"a method that is not ASCII", 400, RAW("GE\xc3\x89 /ok HTTP/1.1\r\nHost: a\r\n" END),
     RAW(GET END)},
    {"no method", 0, RAW(" /ok HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"no slash", 400, RAW("GET ok HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"the absolute form", 400, RAW("GET http://a/ok HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"the asterisk form", 400, RAW("OPTIONS * HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"the authority form", 400, RAW("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" END), RAW(GET END)},
    {"a fragment", 400, RAW("GET /ok#a HTTP/1.1\r\nHost: a\r\n" END),
     RAW("GET /ok?%23a HTTP/1.1\r\nHost: a\r\n" END)},
    {"DEL in the target", 400, RAW("GET /ok?\x7f HTTP/1.1\r\nHost: a\r\n" END),
     RAW("GET /ok?~ HTTP/1.1\r\nHost: a\r\n" END)},
    {"raw UTF-8 in the target", 400, RAW("GET /ok?\xc3\xa9 HTTP/1.1\r\nHost: a\r\n" END),
     RAW("GET /ok?%C3%A9 HTTP/1.1\r\nHost: a\r\n" END)},
};

/* RFC 9110 sec. 5.3, 7.2: what may stand once only; sec. 5.1: what a name is */
static const struct pair field_rows[] = {
    {"no Host", 400, RAW("GET /ok HTTP/1.1\r\nX: a\r\n" END), RAW(GET "X: a\r\n" END)},
    {"two Hosts", 400, RAW(GET "Host: b\r\n" END), RAW(GET "X-Host: b\r\n" END)},
    {"two equal Hosts", 400, RAW(GET "hOST: a\r\n" END), RAW(GET END)},
    {"two Hosts in HTTP/1.0", 400, RAW("GET /ok HTTP/1.0\r\nHost: a\r\nHost: b\r\n" END),
     RAW("GET /ok HTTP/1.0\r\nHost: a\r\n" END)},
    {"two Authorizations", 400,
     RAW(GET "Authorization: Basic eDp5\r\nAuthorization: Bearer x\r\n" END),
     RAW(GET "Authorization: Basic eDp5\r\nX-Authorization: Bearer x\r\n" END)},
    {"two Content-Types", 400, RAW(POST "Content-Type: a/b\r\ncontent-type: c/d\r\n" HELLO),
     RAW(POST "Content-Type: a/b\r\n" HELLO)},
    {"space before a colon", 400, RAW(GET "X : a\r\n" END), RAW(GET "X: a\r\n" END)},
    {"tab before a colon", 400, RAW(GET "X\t: a\r\n" END), RAW(GET "X: a\r\n" END)},
    {"space inside a name", 400, RAW(GET "X Y: a\r\n" END), RAW(GET "X-Y: a\r\n" END)},
    {"an empty name", 400, RAW(GET ": a\r\n" END), RAW(GET "X: a\r\n" END)},
    {"no colon", 400, RAW(GET "X a\r\n" END), RAW(GET "X: a\r\n" END)},
    {"a name with a separator", 400, RAW(GET "X(Y): a\r\n" END), RAW(GET "X!Y: a\r\n" END)},
    {"a name that is not ASCII", 400, RAW(GET "X\xc3\xa9: a\r\n" END), RAW(GET "Xe: a\r\n" END)},
};

/* What is too much: by an announced length or by count. */
static const struct pair size_rows[] = {
    {"one byte over the limit", 413, RAW(POST "Content-Length: 17\r\n\r\n12345678901234567"),
     RAW(POST "Content-Length: 16\r\n\r\n1234567890123456")},
    {"a canary as the body over the limit", 413, RAW(POST "Content-Length: 52\r\n\r\n"),
     RAW(POST "Content-Length: 0\r\n\r\n")},
    {"a GiB announced, and waiting to send it", 413,
     RAW(POST "Expect: 100-continue\r\nContent-Length: 1073741824\r\n\r\n"), RAW(POST HELLO)},
    {"one byte over the limit in chunks", 413,
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n11\r\n12345678901234567\r\n0\r\n\r\n"),
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n10\r\n1234567890123456\r\n0\r\n\r\n")},
    {"a body where none is taken", 413, RAW("GET /ok HTTP/1.1\r\nHost: a\r\n" HELLO), RAW(GET END)},
    {"chunks where none are taken", 413,
     RAW("GET /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" CHUNKS), RAW(GET END)},
    {"a signed chunk size", 400,
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"),
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")},
    {"a chunk size with a prefix", 400,
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"),
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n05\r\nhello\r\n0\r\n\r\n")},
    {"a chunk size past 64 bits", 413,
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"),
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n0000000000000005\r\nhello\r\n0\r\n\r\n")},
    {"a chunk longer than its size", 400,
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n"),
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")},
};

/* Odd, and right. */
static const struct {
    const char *name;
    struct jt_span request;
} legitimate_rows[] = {
    {"no header but Host", RAW("GET /ok HTTP/1.1\r\nHost: a\r\n\r\n")},
    {"an empty Host", RAW("GET /ok HTTP/1.1\r\nHost:\r\n\r\n")},
    {"an empty line before the request line", RAW("\r\nGET /ok HTTP/1.1\r\nHost: a\r\n\r\n")},
    {"no header in HTTP/1.0", RAW("GET /ok HTTP/1.0\r\n\r\n")},
    {"HTTP/1.0 kept alive", RAW("GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")},
    {"HTTP/1.0 with a body", RAW("POST /ok HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello")},
    {"names in lower case", RAW("POST /ok HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello")},
    {"names in upper case", RAW("POST /ok HTTP/1.1\r\nHOST: a\r\nCONTENT-LENGTH: 5\r\n\r\nhello")},
    {"a name of every token character", RAW(GET "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n")},
    {"obs-text in a value", RAW(GET "X: caf\xe9 \xc3\xa9 \x80\xff\r\n\r\n")},
    {"an empty value", RAW(GET "X:\r\nY: \r\nZ:\t\r\n\r\n")},
    {"no space after the colon", RAW(GET "X:a\r\nY:b\r\n\r\n")},
    {"much space after the colon", RAW(GET "X: \t \t  a\r\n\r\n")},
    {"trailing white space", RAW(GET "X: a \t \r\nY: b\t\r\n\r\n")},
    {"tabs inside a value", RAW(GET "X: a\tb\r\n\r\n")},
    {"colons and commas in a value", RAW(GET "X: a: b, c;d=\"e:f\"\r\n\r\n")},
    {"a repeated list field", RAW(GET "Accept: a/b\r\nAccept: c/d\r\nX: 1\r\nX: 2\r\n\r\n")},
    {"cookies", RAW(GET "Cookie: a=b; c=\"d\"; e\r\nCookie: f=g\r\n\r\n")},
    {"a query", RAW("GET /ok?a=b&c=d HTTP/1.1\r\nHost: a\r\n\r\n")},
    {"an empty query", RAW("GET /ok? HTTP/1.1\r\nHost: a\r\n\r\n")},
    {"a query without values", RAW("GET /ok?a&b&c HTTP/1.1\r\nHost: a\r\n\r\n")},
    {"a query with empty parts", RAW("GET /ok?&&a=&=b&==&? HTTP/1.1\r\nHost: a\r\n\r\n")},
    {"a query with everything",
     RAW("GET /ok?a=b;c&d%26=%3D+e%20f&g=h=i?/:@!$'()*,~-._[]{}|\\^`\"<> "
         "HTTP/1.1\r\nHost: a\r\n\r\n")},
    {"a query with a broken escape", RAW("GET /ok?a=%zz&b=% HTTP/1.1\r\nHost: a\r\n\r\n")},
    {"a length of zero", RAW(POST "Content-Length: 0\r\n\r\n")},
    {"no length", RAW(POST "\r\n")},
    {"a length of zero with GET", RAW(GET "Content-Length: 0\r\n\r\n")},
    {"a length with zeros before it", RAW(POST "Content-Length: 005\r\n\r\nhello")},
    {"a body of NUL, CR, LF and a request",
     RAW(POST "Content-Length: 16\r\n\r\n\0\r\n\nGET / HTTP/1")},
    {"chunks", RAW(POST "Transfer-Encoding: chunked\r\n" CHUNKS)},
    {"no chunk", RAW(POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"several chunks",
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n4\r\nello\r\n0\r\n\r\n")},
    {"a chunk size in upper case",
     RAW(POST "Transfer-Encoding: chunked\r\n\r\nA\r\n1234567890\r\n0\r\n\r\n")},
    {"a trailer",
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: a\r\nY: b\r\n\r\n")},
    {"no chunk where no body is taken", RAW(GET "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"waiting for 100", RAW(POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")},
    {"TE and Trailer, which are not Transfer-Encoding",
     RAW(GET "TE: trailers\r\nTrailer: X\r\n\r\n")},
    {"Upgrade, not taken up", RAW(GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n")},
};

/* What 0.9.7x and 1.x of the library take differently, both within RFC 9112. */
static const struct {
    const char *name;
    int status; /* with 0.9.7x */
    struct jt_span request;
} library_rows[] = {
    {"a space after chunked, which 0.9.7x takes for a part of it", 400,
     RAW(POST "Transfer-Encoding: chunked \r\n" CHUNKS)},
    {"chunk extensions", 200,
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n")},
    {"LF after the lines of a chunk", 200,
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n")},
    {"LF in a chunk extension", 400,
     RAW(POST "Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n")},
};

static atomic_size_t served, canaries;

static void on_ok(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request;
    atomic_fetch_add(&served, 1);
    answer->status = jt_buf_puts(&answer->body, "ok") == JT_OK ? 200 : 500;
}

static void on_canary(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request;
    atomic_fetch_add(&canaries, 1);
    answer->status = 200;
}

static void on_refusal(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app;
    answer->content_type = "text/plain";
    answer->status = jt_buf_puts(&answer->body, sentence) == JT_OK ? status : 500;
}

static const struct jt_route routes[] = {
    {.method = "GET", .path = "/ok", .handler = on_ok},
    {.method = "POST", .path = "/ok", .handler = on_ok, .max_body = 16},
    {.method = "GET", .path = "/canary", .handler = on_canary},
};

static const struct jt_server_conf conf = {
    .address = "127.0.0.1:0",
    .threads = 1,
    .routes = routes,
    .n_routes = JT_COUNT(routes),
    .refusal = on_refusal,
};

static struct jt_server *server;

/* Sends the request with a canary behind it; the answers into `text`. */
static void ask(struct jt_span request, size_t piece, char *text)
{
    uint8_t *bytes = malloc(REQUEST_MAX);
    assert_non_null(bytes);
    assert_true(request.n + sizeof CANARY <= REQUEST_MAX);
    memcpy(bytes, request.p, request.n);
    memcpy(bytes + request.n, CANARY, sizeof CANARY - 1);
    atomic_store(&served, 0);
    atomic_store(&canaries, 0);
    int fd = wire_connect(jt_server_address(server));
    wire_send(fd, jt_span_of(bytes, request.n + sizeof CANARY - 1), piece);
    free(bytes);
    (void)wire_read_all(fd, text, ANSWER_MAX);
}

/* A connection that goes on after the request serves the canary, one that must not does not. */
static bool goes_on(struct jt_span request)
{
    bool http_1_0 = memmem(request.p, request.n, "HTTP/1.0\r\n", 10) != NULL;
    bool kept = memmem(request.p, request.n, "keep-alive", 10) != NULL;
    bool chunked = memmem(request.p, request.n, "Transfer-Encoding:", 18) != NULL &&
                   memmem(request.p, request.n, "X-Transfer-Encoding:", 20) == NULL;
    return (!http_1_0 || kept) && !chunked;
}

static void check_served(const char *name, struct jt_span request, size_t piece)
{
    char text[ANSWER_MAX];
    ask(request, piece, text);
    const char *first = strncmp(text, "HTTP/1.1 100", 12) == 0 ? strstr(text + 1, "HTTP/1.") : text;
    size_t on = goes_on(request) ? 1 : 0;
    if (first == NULL || wire_status(first) != 200 || wire_count(first) != 1 + on ||
        atomic_load(&canaries) != on || atomic_load(&served) != 1) {
        fail_msg("%s: should be served (%zu canaries, pieces of %zu): %s", name,
                 atomic_load(&canaries), piece, text);
    }
}

/* Some heads of the library's own refusals go out twice: any number, but of that status alone. */
static bool all_have(const char *text, int status)
{
    char line[32];
    size_t n = 0;
    (void)snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++) {
        n++;
    }
    return wire_count(text) == n;
}

static void check_refused(const char *name, int status, struct jt_span request, size_t piece)
{
    char text[ANSWER_MAX];
    ask(request, piece, text);
    /* 1.x refuses more by itself, with or without an answer */
    bool refused = jt_door_knows_library() ? wire_status(text) == status && all_have(text, status)
                                           : wire_status(text) != 200;
    if (!refused || atomic_load(&canaries) != 0 || atomic_load(&served) != 0) {
        fail_msg("%s: should be %d alone (%zu canaries, pieces of %zu): %s", name, status,
                 atomic_load(&canaries), piece, text);
    }
}

static void check_pairs(const struct pair *rows, size_t n)
{
    static const size_t pieces[] = {0, 1};
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < JT_COUNT(pieces); j++) {
            check_refused(rows[i].name, rows[i].status, rows[i].bad, pieces[j]);
            check_served(rows[i].name, rows[i].good, pieces[j]);
        }
    }
}

static void two_ways_to_tell_the_length_refused(void **state)
{
    (void)state;
    check_pairs(length_rows, JT_COUNT(length_rows));
}

static void transfer_coding_other_than_chunked_refused(void **state)
{
    (void)state;
    check_pairs(coding_rows, JT_COUNT(coding_rows));
}

static void folded_line_refused(void **state)
{
    (void)state;
    check_pairs(folding_rows, JT_COUNT(folding_rows));
}

static void line_end_other_than_crlf_refused(void **state)
{
    (void)state;
    check_pairs(line_end_rows, JT_COUNT(line_end_rows));
}

static void nul_refused(void **state)
{
    (void)state;
    check_pairs(nul_rows, JT_COUNT(nul_rows));
}

static void malformed_request_line_refused(void **state)
{
    (void)state;
    check_pairs(line_rows, JT_COUNT(line_rows));
}

static void repeated_or_malformed_field_refused(void **state)
{
    (void)state;
    check_pairs(field_rows, JT_COUNT(field_rows));
}

static void oversized_or_malformed_body_refused(void **state)
{
    (void)state;
    check_pairs(size_rows, JT_COUNT(size_rows));
}

static void request_that_libraries_differ_on_answered_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(library_rows); i++) {
        char text[ANSWER_MAX];
        ask(library_rows[i].request, 0, text);
        int status = wire_status(text);
        if (atomic_load(&canaries) != 0 || wire_count(text) > 1 ||
            (jt_door_knows_library() && status != library_rows[i].status)) {
            fail_msg("%s: %s", library_rows[i].name, text);
        }
    }
}

static void odd_but_right_served(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(legitimate_rows); i++) {
        check_served(legitimate_rows[i].name, legitimate_rows[i].request, 0);
        check_served(legitimate_rows[i].name, legitimate_rows[i].request, 1);
    }
}

/* A head of `lines` lines with values of `value_n` bytes. */
static struct jt_span make_head(size_t lines, size_t value_n, char *out)
{
    size_t n = sizeof GET - 1;
    memcpy(out, GET, n);
    for (size_t i = 0; i < lines; i++) {
        n += (size_t)snprintf(out + n, REQUEST_MAX - n, "X-%zu: ", i);
        memset(out + n, 'v', value_n);
        n += value_n;
        memcpy(out + n, "\r\n", 2);
        n += 2;
    }
    memcpy(out + n, "\r\n", 2);
    return jt_span_of(out, n + 2);
}

static void large_head_served_up_to_the_memory_of_a_connection(void **state)
{
    (void)state;
    static const struct {
        size_t lines, value_n;
        int status;
    } rows[] = {{100, 20, 200}, {200, 5, 200},   {1, 8192, 200}, {1, 16000, 200},
                {3, 4096, 200}, {1, 40000, 431}, {8000, 1, 431}, {1, 100000, 431}};
    char *head = malloc(REQUEST_MAX);
    assert_non_null(head);
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_span request = make_head(rows[i].lines, rows[i].value_n, head);
        if (rows[i].status == 200) {
            check_served("large head", request, 0);
            check_served("large head", request, 7);
        } else {
            check_refused("too large head", rows[i].status, request, 0);
        }
    }
    free(head);
}

static void long_target_served_up_to_the_memory_of_a_connection(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        int status;
    } rows[] = {{8000, 200}, {40000, 414}};
    char *request = malloc(REQUEST_MAX);
    assert_non_null(request);
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        int n = snprintf(request, REQUEST_MAX, "GET /ok?%0*d HTTP/1.1\r\nHost: a\r\n\r\n",
                         (int)rows[i].n, 0);
        struct jt_span span = jt_span_of(request, (size_t)n);
        if (rows[i].status == 200) {
            check_served("long target", span, 0);
            check_served("long target", span, 7);
        } else {
            check_refused("too long target", rows[i].status, span, 0);
        }
    }
    free(request);
}

static void bad_request_behind_good_ones_ends_the_connection(void **state)
{
    (void)state;
    char text[ANSWER_MAX];
    ask((struct jt_span)RAW(GET END POST HELLO GET "X: a\r\n b\r\n" END GET END), 0, text);
    assert_int_equal(wire_count(text), 3);
    assert_non_null(strstr(text, "HTTP/1.1 400"));
    assert_int_equal(atomic_load(&served), 2);
    assert_int_equal(atomic_load(&canaries), 0);
    ask((struct jt_span)RAW(GET END POST HELLO GET "X: a b\r\n" END GET END), 0, text);
    assert_int_equal(wire_count(text), 5);
    assert_int_equal(atomic_load(&served), 4);
    assert_int_equal(atomic_load(&canaries), 1);
}

static int start(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    return jt_server_start(&conf, &server, &diag) == JT_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    jt_server_stop(server, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ways_to_tell_the_length_refused),
        cmocka_unit_test(transfer_coding_other_than_chunked_refused),
        cmocka_unit_test(folded_line_refused),
        cmocka_unit_test(line_end_other_than_crlf_refused),
        cmocka_unit_test(nul_refused),
        cmocka_unit_test(malformed_request_line_refused),
        cmocka_unit_test(repeated_or_malformed_field_refused),
        cmocka_unit_test(oversized_or_malformed_body_refused),
        cmocka_unit_test(request_that_libraries_differ_on_answered_alone),
        cmocka_unit_test(odd_but_right_served),
        cmocka_unit_test(large_head_served_up_to_the_memory_of_a_connection),
        cmocka_unit_test(long_target_served_up_to_the_memory_of_a_connection),
        cmocka_unit_test(bad_request_behind_good_ones_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
