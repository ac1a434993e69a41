#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_p99.py BIN_DIR [--clients N] [--rounds N] [--seconds S] [--apart] [-o json]: how long token
requests take (ES256, kept alive) at half of the rate that the machine bears, beside the key set, a
constant answer of the same daemon, at the same pace and in turns: what the machine and wrk make it
wait for anyway. With --apart the daemon has all cores but the last, a thread on each, and wrk that
one, so that neither waits for the other's turn. Medians of the rounds. On a machine that others use,
run it with `nice -n -19`. Needs wrk, and taskset for --apart."""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

import wrk
from bench_daemon import RESOURCE, Daemon, make_clients

PACED = 32  # connections, as at full load, each of which waits between requests
KEY_SET = "/.well-known/jwks.json"


def told_by(args):
    ended = subprocess.run(args, capture_output=True, text=True, check=True)
    return wrk.told(ended.stdout)


def on(cores):
    """What runs a command on `cores` alone; anywhere, when there are none."""
    return ["taskset", "-c", ",".join(map(str, cores))] if cores else []


def measure(args, daemon, clients, under):
    url = f"http://{daemon.address}/oauth2/token"
    wrk.run(url, clients, RESOURCE, 1, under=under)  # to warm up
    full = statistics.median(wrk.run(url, clients, RESOURCE, args.seconds, under=under)["per_s"]
                             for _ in range(args.rounds))
    delay_ms = max(1, round(PACED / (full / 2) * 1000))
    tokens, floor = [], []
    for _ in range(args.rounds):
        tokens.append(wrk.run(url, clients, RESOURCE, args.seconds, PACED, under=under,
                              delay=delay_ms))
        floor.append(told_by(wrk.command(f"http://{daemon.address}{KEY_SET}", clients, RESOURCE,
                                         args.seconds, PACED, under=under, delay=delay_ms,
                                         method="GET")))

    def median(rows, name):
        return round(statistics.median(row[name] for row in rows), 3)

    return {"clients": args.clients, "full_per_s": round(full), "per_s": round(median(tokens, "per_s")),
            **{f"{name}_{which}_ms": median(rows, f"{which}_ms") for which in ("p50", "p99")
               for name, rows in (("token", tokens), ("key_set", floor))}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
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
        told = measure(args, daemon, clients, on(wrks))
    print(json.dumps(told) if args.o == "json" else
          "full load {full_per_s} tokens/s; at {per_s}/s: token p50 {token_p50_ms} ms, p99 "
          "{token_p99_ms} ms; key set p50 {key_set_p50_ms} ms, p99 {key_set_p99_ms} ms".format(**told))


main()
