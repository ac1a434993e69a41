#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_p99.py BIN_DIR [--connections N,...] [--clients N] [--rounds N] [--seconds S] [--apart]
[-o json]: how long token requests take (ES256, kept alive) at half of the rate that as many connections
get at most, beside the key set, a constant answer of the same daemon, at the same pace and in turns:
what the machine and wrk make it wait for anyway. With --apart the daemon has all cores but the last, a
thread on each, and wrk that one, so that neither waits for the other's turn. Medians of the rounds. On
a machine that others use, run it with `nice -n -19`. Needs wrk, and taskset for --apart."""
import argparse
import json
import os
import statistics
import tempfile

import wrk
from bench_daemon import RESOURCE, Daemon, make_clients

TRIALS = 3  # to find how long a connection has to wait between requests
KEY_SET = "/.well-known/jwks.json"


def on(cores):
    """What runs a command on `cores` alone; anywhere, when there are none."""
    return ["taskset", "-c", ",".join(map(str, cores))] if cores else []


def rounds_at(args, load):
    """Rounds at full load, then pairs of rounds at half of its rate: of tokens, of the key set."""
    full = [load(args.seconds) for _ in range(args.rounds)]
    half = statistics.median(row["per_s"] for row in full) / 2
    delay_ms = load.connections / half * 1000
    for _ in range(TRIALS):  # what the answer takes is no wait
        delay_ms = max(0.05, delay_ms * load(1, delay=delay_ms)["per_s"] / half)
    pairs = [(load(args.seconds, delay=delay_ms), load(args.seconds, KEY_SET, delay=delay_ms))
             for _ in range(args.rounds)]
    return full, [pair[0] for pair in pairs], [pair[1] for pair in pairs]


class Load:
    """So many connections, for the tokens of `clients` or what is at another path."""

    def __init__(self, daemon, clients, connections, under):
        self.daemon, self.clients = daemon, clients
        self.connections, self.under = connections, under

    def __call__(self, seconds, path="/oauth2/token", **more):
        if path == KEY_SET:
            more["method"] = "GET"
        return wrk.run(f"http://{self.daemon.address}{path}", self.clients, RESOURCE, seconds,
                       self.connections, under=self.under, **more)


def measure(args, load):
    load(1)  # to warm up
    full, tokens, floor = rounds_at(args, load)

    def median(rows, name):
        return round(statistics.median(row[name] for row in rows), 3)

    return {"connections": load.connections, "full_per_s": round(median(full, "per_s")),
            "per_s": round(median(tokens, "per_s")),
            **{f"{name}_{which}_ms": median(rows, f"{which}_ms") for which in ("p50", "p99")
               for name, rows in (("full", full), ("token", tokens), ("key_set", floor))}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--connections", default="8,16,32", help="a row for each number")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of a round")
    parser.add_argument("--apart", action="store_true", help="wrk has a core of its own")
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if args.apart and len(cores) < 2:
        raise SystemExit("--apart needs two cores")
    daemons, wrks = (cores[:-1], cores[-1:]) if args.apart else ([], [])
    with tempfile.TemporaryDirectory() as folder, \
            Daemon(args.bin, folder, threads=len(daemons), under=on(daemons)) as daemon:
        clients = wrk.write_clients(os.path.join(folder, "clients"), make_clients(daemon, args.clients))
        told = [measure(args, Load(daemon, clients, int(n), on(wrks)))
                for n in args.connections.split(",")]
    if args.o == "json":
        print(json.dumps({"clients": args.clients, "rows": told}))
        return
    for row in told:
        print("{connections} connections: full load {full_per_s} tokens/s, p99 {full_p99_ms} ms; at "
              "{per_s}/s: token p50 {token_p50_ms} ms, p99 {token_p99_ms} ms; key set p50 "
              "{key_set_p50_ms} ms, p99 {key_set_p99_ms} ms".format(**row))


main()
