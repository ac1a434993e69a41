#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_signer.py BIN_DIR [--rounds N] [--seconds S] [--connections N] [--threads LOCAL,PROCESS] [-o json]: CPU time
per ES256 token of the whole daemon (of both processes, where there are two) with the signer in a
process of its own beside signing in process, and the 99th percentile of token requests; at full load,
and at half the rate that the slower of the two bears. Both daemons run the whole time and are asked
in turns; what counts is the ratio of neighbours, of which the median and the extremes are told. On a
machine that others use, run it with `nice -n -19`. Needs wrk."""
import argparse
import json
import os
import statistics
import tempfile

import wrk
from bench_daemon import RESOURCE, Daemon, make_clients

HOWS = ["local", "process"]
PACED = 64  # connections at half load, each of which waits between requests


class Side:
    """A daemon with a client of its own."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.clients = wrk.write_clients(os.path.join(daemon.folder, "clients"), make_clients(daemon, 1))

    def load(self, seconds, connections, delay_ms=None):
        before = self.daemon.cpu_ns()
        figures = wrk.run(f"http://{self.daemon.address}/oauth2/token", self.clients, RESOURCE, seconds,
                          connections, delay=delay_ms)
        return {"cpu_us": (self.daemon.cpu_ns() - before) / 1000 / figures["requests"], **figures}


def spread(values):
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3),
            "max": round(max(values), 3)}


def measure(sides, args):
    for side in sides:
        side.load(1, args.connections)  # to warm up
    full, half = [], []
    for _ in range(args.rounds):
        full.append([side.load(args.seconds, args.connections) for side in sides])
    rate = min(statistics.median(row[i]["per_s"] for row in full) for i in range(2))
    delay_ms = max(1, round(PACED / (rate / 2) * 1000))
    for _ in range(args.rounds):
        half.append([side.load(args.seconds, PACED, delay_ms) for side in sides])
    told = {}
    for name, rows in (("full", full), ("half", half)):
        told[name] = {
            "cpu_ratio": spread([row[1]["cpu_us"] / row[0]["cpu_us"] for row in rows]),
            "p99_ratio": spread([row[1]["p99_ms"] / row[0]["p99_ms"] for row in rows])}
        for i, how in enumerate(HOWS):
            told[name][how] = {key: round(statistics.median(row[i][key] for row in rows), 2)
                               for key in ("cpu_us", "per_s", "p99_ms")}
    return told


def show(told):
    for name, load in told.items():
        cpu, p99 = load["cpu_ratio"], load["p99_ratio"]
        print(f"{name} load: CPU per token x {cpu['median']} ({cpu['min']} to {cpu['max']}), "
              f"p99 x {p99['median']} ({p99['min']} to {p99['max']})")
        for how in HOWS:
            print("  {0}: {cpu_us} us CPU per token, {per_s:.0f} tokens/s, p99 {p99_ms} ms".format(
                how, **load[how]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of a round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--threads", default="0,0", help="http.threads of each")
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    threads = args.threads.split(",")
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, \
            Daemon(args.bin, one, keys=", signer: local", threads=threads[0]) as local, \
            Daemon(args.bin, two, keys=", signer: process", threads=threads[1]) as process:
        told = measure([Side(local), Side(process)], args)
    if args.o == "json":
        print(json.dumps(told))
    else:
        show(told)


main()
