#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""instructions.py BIN_DIR BUILD_TYPE [--record]: instructions that the daemon executes for a token
(ES256, signer in process, one kept-alive connection), counted by callgrind, beside those recorded in
instructions.json: more than 3 % up or down fails, since what gets cheaper is recorded, too. The same
program text takes other instructions by another compiler, library or processor: they are recorded with
the figure, and where nothing is recorded for them the check is skipped (77). --record writes what it
counts. Needs valgrind and readelf."""
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench"))
# pylint: disable=wrong-import-position
from bench_daemon import RESOURCE, SCOPE, Daemon, make_clients

RECORD = pathlib.Path(__file__).with_suffix(".json")
LIMIT = 0.03
FEW, MANY = 300, 1800  # tokens; the difference is free of what starting and stopping takes
LIBRARIES = ("libc", "libcrypto", "libjansson", "libmicrohttpd")
# what libraries choose their code by, as far as valgrind knows it
FEATURES = ("aes", "avx", "avx2", "bmi1", "bmi2", "movbe", "pclmulqdq", "rdrand", "rdseed", "sse4_2")


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def identity(jetond, build_type):
    """What the figure depends on, apart from the source."""
    compiler = re.findall(r"\[ *[0-9a-f]+\]\s+(.*)", output("readelf", "-p", ".comment", jetond))
    libraries = {}
    for name, path in re.findall(r"(lib\w+)\S* => (\S+)", output("ldd", jetond)):
        if name in LIBRARIES:
            build = re.search(r"Build ID: (\w+)", output("readelf", "-n", path))
            libraries[name] = build.group(1)[:12] if build else "unknown"
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text("utf-8"),
                      re.M)
    have = flags.group(1).split() if flags else []
    return {"compiler": "; ".join(sorted(set(compiler))), "build": build_type,
            "valgrind": output("valgrind", "--version").strip(), **dict(sorted(libraries.items())),
            "processor": " ".join([os.uname().machine, *(one for one in FEATURES if one in have)])}


def ask(address, pair, n):
    connection = http.client.HTTPConnection(address)
    body = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": pair[0],
                                   "client_secret": pair[1], "resource": RESOURCE, "scope": SCOPE})
    for _ in range(n):
        connection.request("POST", "/oauth2/token", body,
                           {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{answer.status} {text}")
    connection.close()


def executed(bin_dir, n):
    """Instructions of a daemon's life in which it issues `n` tokens."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        under = ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + out]
        with Daemon(bin_dir, folder, keys=", signer: local", threads=1, under=under) as daemon:
            ask(daemon.address, *make_clients(daemon, 1), n)
        return int(re.search(r"^(?:summary|totals): (\d+)$", pathlib.Path(out).read_text("ascii"),
                             re.M).group(1))


def main():
    bin_dir, build_type = sys.argv[1:3]
    missing = [name for name in ("valgrind", "readelf", "ldd") if shutil.which(name) is None]
    if missing:
        print(f"skipped: {missing[0]} is not installed; packaging/dependencies.sh check")
        return 77
    rows = json.loads(RECORD.read_text(encoding="utf-8"))
    told = identity(os.path.join(bin_dir, "jetond"), build_type)
    record = "--record" in sys.argv[3:]
    if told not in [row["of"] for row in rows] and not record:
        print(f"skipped: no figure is recorded for {told}")
        return 77
    per_token = round((executed(bin_dir, MANY) - executed(bin_dir, FEW)) / (MANY - FEW))
    if record:
        rows = [row for row in rows if row["of"] != told] + [{"of": told, "per_token": per_token}]
        RECORD.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        print(f"recorded: {per_token} instructions for a token")
        return 0
    recorded = next(row["per_token"] for row in rows if row["of"] == told)
    change = per_token / recorded - 1
    print(f"{per_token} instructions for a token, {change:+.1%} of the {recorded} recorded")
    if abs(change) <= LIMIT:
        return 0
    print("find what it is by callgrind_annotate, or record it by --record and say in the commit why")
    return 1


sys.exit(main())
