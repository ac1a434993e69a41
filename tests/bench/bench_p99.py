#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_p99.py BIN_DIR [--clients N] [--rounds N] [--seconds S] [-o json]: how long token requests take
(ES256, kept alive) at half of the rate that the machine bears, beside the key set, a constant answer
of the same daemon, at the same pace and in turns: what the machine and wrk make it wait for anyway.
Medians of the rounds. On a machine that others use, run it with `nice -n -19`. Needs wrk."""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

import wrk
from bench_daemon import RESOURCE, Daemon, make_clients

PACED = 64  # connections, each of which waits between requests
KEY_SET = "/.well-known/jwks.json"


def told_by(args):
    ended = subprocess.run(args, capture_output=True, text=True, check=True)
    return wrk.told(ended.stdout)


def measure(args, daemon, clients):
    url = f"http://{daemon.address}/oauth2/token"
    wrk.run(url, clients, RESOURCE, 1)  # to warm up
    full = statistics.median(wrk.run(url, clients, RESOURCE, args.seconds)["per_s"]
                             for _ in range(args.rounds))
    delay_ms = max(1, round(PACED / (full / 2) * 1000))
    tokens, floor = [], []
    for _ in range(args.rounds):
        tokens.append(wrk.run(url, clients, RESOURCE, args.seconds, PACED, delay=delay_ms))
        floor.append(told_by(wrk.command(f"http://{daemon.address}{KEY_SET}", clients, RESOURCE,
                                         args.seconds, PACED, delay=delay_ms, method="GET")))

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
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Daemon(args.bin, folder) as daemon:
        clients = wrk.write_clients(os.path.join(folder, "clients"), make_clients(daemon, args.clients))
        told = measure(args, daemon, clients)
    print(json.dumps(told) if args.o == "json" else
          "full load {full_per_s} tokens/s; at {per_s}/s: token p50 {token_p50_ms} ms, p99 "
          "{token_p99_ms} ms; key set p50 {key_set_p50_ms} ms, p99 {key_set_p99_ms} ms".format(**told))


main()
