#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_replicas.py BIN_DIR [--rounds N] [--seconds S] [-o json]: tokens a second of two issuers over one
PostgreSQL database, beside two without one (each over a file of its own), all of the same load, in
turns; medians over the rounds. Needs wrk and a PostgreSQL server to be installed, not running."""
import argparse
import base64
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time
import urllib.parse

from bench_daemon import RESOURCE, Daemon, Unix, call

SCRIPT = """
wrk.method = "POST"
wrk.body = "grant_type=client_credentials&resource={resource}"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic {basic}"
function response(status) if status ~= 200 then os.exit(1) end end
"""
POSTGRES = pathlib.Path(__file__).parent.parent / "support" / "postgres.sh"


@contextlib.contextmanager
def postgres():
    """The connection string of a server of its own, whose files are on disk as they would be."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        with subprocess.Popen([POSTGRES, folder]) as server:
            told = f"host={folder} user=jeton dbname=postgres"
            while subprocess.run(["psql", "-qd", told, "-c", "SELECT 1"], capture_output=True,
                                 check=False).returncode != 0:
                if server.poll() is not None:
                    raise SystemExit("no PostgreSQL server")
                time.sleep(0.05)
            yield told
            server.terminate()


def script_for(daemon, folder, name):
    """A script for wrk, of a client made by `daemon`."""
    connection = Unix(daemon.socket)
    if call(connection, "GET", "/resources")["items"] == []:
        call(connection, "POST", "/resources", {"identifier": RESOURCE, "scopes": ["read"]})
    client = call(connection, "POST", "/clients", {"name": name, "grants": [RESOURCE + "#read"]})
    basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    path = pathlib.Path(folder) / (name + ".lua")
    path.write_text(SCRIPT.format(resource=urllib.parse.quote(RESOURCE, safe=""), basic=basic))
    return path


def load(pair, seconds):
    """Both daemons of a pair at once: tokens a second together, and their CPU for each."""
    before = sum(daemon.cpu_s() for daemon, _ in pair)
    running = [subprocess.Popen(["wrk", "-t", "1", "-c", "4", "-d", f"{seconds}s", "-s", str(script),
                                 f"http://{daemon.address}/oauth2/token"],
                                stdout=subprocess.PIPE, text=True) for daemon, script in pair]
    told = [wrk.communicate()[0] for wrk in running]
    if any(wrk.returncode != 0 for wrk in running) or any("Non-2xx" in text for text in told):
        raise SystemExit("\n".join(told))
    requests = sum(int(re.search(r"(\d+) requests in", text).group(1)) for text in told)
    rate = sum(float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)) for text in told)
    cpu_s = sum(daemon.cpu_s() for daemon, _ in pair) - before
    return {"per_s": rate, "cpu_us": cpu_s * 1e6 / requests}


def measure(args, stack):
    folder = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(4)]
    store = f"postgres: '{stack.enter_context(postgres())}'"
    first = stack.enter_context(Daemon(args.bin, folder[0], store))
    shared = [first, stack.enter_context(Daemon(args.bin, folder[1], store, kek=first.kek))]
    alone = [stack.enter_context(Daemon(args.bin, name)) for name in folder[2:]]
    pairs = [[(daemon, script_for(daemon, folder[0], f"caller-{n}-{i}"))
              for i, daemon in enumerate(daemons)] for n, daemons in enumerate((shared, alone))]
    rounds = [[], []]
    for i in range(args.rounds + 1):
        for n, pair in enumerate(pairs):
            told = load(pair, args.seconds)
            if i > 0:  # the first is to warm up
                rounds[n].append(told)
    medians = [{name: statistics.median(row[name] for row in rows) for name in ("per_s", "cpu_us")}
               for rows in rounds]
    return {"shared_per_s": round(medians[0]["per_s"]), "alone_per_s": round(medians[1]["per_s"]),
            "ratio_per_s": round(statistics.median(a["per_s"] / b["per_s"] for a, b in zip(*rounds)), 3),
            "shared_cpu_us": round(medians[0]["cpu_us"], 1),
            "alone_cpu_us": round(medians[1]["cpu_us"], 1),
            "ratio_cpu": round(statistics.median(a["cpu_us"] / b["cpu_us"] for a, b in zip(*rounds)), 3)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4, help="of a round")
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        told = measure(args, stack)
    print(json.dumps(told) if args.o == "json" else
          "two issuers over one PostgreSQL: {shared_per_s} tokens/s, {shared_cpu_us} us of CPU each; "
          "without: {alone_per_s}, {alone_cpu_us}; tokens/s x {ratio_per_s}, CPU x {ratio_cpu}"
          .format(**told))


main()
