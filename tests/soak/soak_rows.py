# SPDX-License-Identifier: Apache-2.0
"""The raw requests of tests/attack/http, read from its tables: rows of C with string literals and names
of such."""
import pathlib
import re

TABLES = pathlib.Path(__file__).resolve().parent.parent / "attack" / "http"
LITERAL = r'"(?:[^"\\]|\\.)*"'
TEXT = rf"(?:\s|{LITERAL}|[A-Z_]+)+"
DEFINE = re.compile(rf"#define\s+([A-Z_]+)((?:[ \t]|\\\n|{LITERAL}|[A-Z_]+)+)$", re.M)
ROW = re.compile(rf"\{{\s*({LITERAL}),\s*(?:(\d+),\s*)?RAW\(({TEXT})\)\s*(?:,\s*RAW\(({TEXT})\)\s*)?\}}")


def value(text, names):
    """The bytes of a concatenation of literals and names."""
    out = b""
    for literal, name in re.findall(rf"({LITERAL})|([A-Z_]+)", text):
        out += names[name] if name else \
            literal[1:-1].encode("latin-1").decode("unicode_escape").encode("latin-1")
    return out


def aim(request):
    """`/ok` of the tables is a path of the daemon's."""
    request = request.replace(b"GET /ok", b"GET /.well-known/jwks.json")
    return request.replace(b"POST /ok", b"POST /oauth2/token")


def read():
    """(bad, others): requests behind which nothing may be served, and all the rest."""
    bad, others = [], []
    for path in sorted(TABLES.glob("*.c")):
        text, names = path.read_text(encoding="utf-8"), {}
        for name, meant in DEFINE.findall(text):
            names[name] = value(meant, names)
        for name, status, first, second in ROW.findall(text):
            # what is too long for the server of that test, which takes 16 bytes, is not for the daemon
            judged = status and second and status != "413"
            (bad if judged else others).append((name, aim(value(first, names))))
            if second:
                others.append((name, aim(value(second, names))))
    assert len(bad) > 100 and len(others) > 150, (len(bad), len(others))
    return bad, others
