#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_replicas.py BIN_DIR [--rounds N] [--seconds S] [-o json]: tokens a second of two issuers over one
PostgreSQL database, beside two without one (each over a file of its own), all of the same load, in
turns; medians over the rounds. Needs wrk and a PostgreSQL server to be installed, not running."""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import wrk
from bench_daemon import RESOURCE, Daemon, Unix, call

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


def client_of(daemon, folder, name):
    """The file of a client made by `daemon`."""
    connection = Unix(daemon.socket)
    if call(connection, "GET", "/resources")["items"] == []:
        call(connection, "POST", "/resources", {"identifier": RESOURCE, "scopes": ["read"]})
    made = call(connection, "POST", "/clients", {"name": name, "grants": [RESOURCE + "#read"]})
    return wrk.write_clients(os.path.join(folder, name), [(made["client_id"], made["client_secret"])])


def load(pair, seconds):
    """Both daemons of a pair at once: tokens a second together, and their CPU for each."""
    before = sum(daemon.cpu_s() for daemon, _ in pair)
    running = [subprocess.Popen(wrk.command(f"http://{daemon.address}/oauth2/token", client, RESOURCE,
                                            seconds, 4), stdout=subprocess.PIPE, text=True)
               for daemon, client in pair]
    said = [one.communicate()[0] for one in running]
    if any(one.returncode != 0 for one in running):
        raise SystemExit("\n".join(said))
    told = [wrk.told(text) for text in said]
    cpu_s = sum(daemon.cpu_s() for daemon, _ in pair) - before
    return {"per_s": sum(row["per_s"] for row in told),
            "cpu_us": cpu_s * 1e6 / sum(row["requests"] for row in told)}


def measure(args, stack):
    folder = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(4)]
    store = f"postgres: '{stack.enter_context(postgres())}'"
    first = stack.enter_context(Daemon(args.bin, folder[0], store))
    shared = [first, stack.enter_context(Daemon(args.bin, folder[1], store, kek=first.kek))]
    alone = [stack.enter_context(Daemon(args.bin, name)) for name in folder[2:]]
    pairs = [[(daemon, client_of(daemon, folder[0], f"caller-{n}-{i}"))
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
