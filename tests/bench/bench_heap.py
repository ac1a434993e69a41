#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_heap.py BIN_DIR [--first N] [--last N] [--clients N] [-o json]: by how much the daemon's memory
grows from the first N token requests to the last: anonymous memory of its process, kept-alive
connections that come and go with each round of wrk, no change meanwhile. Needs wrk."""
import argparse
import json
import os
import pathlib
import tempfile

import wrk
from bench_daemon import RESOURCE, Daemon, make_clients


def anonymous_kb(daemon):
    for line in pathlib.Path(f"/proc/{daemon.process.pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1])
    raise SystemExit("this kernel tells no smaps_rollup")


def measure(args, daemon, clients):
    done, told = 0, {}
    for name, until in (("first", args.first), ("last", args.last)):
        while done < until:
            done += wrk.run(f"http://{daemon.address}/oauth2/token", clients, RESOURCE, 1)["requests"]
            daemon.forget_log()
        told |= {f"{name}_requests": done, f"{name}_kb": anonymous_kb(daemon)}
    return {"clients": args.clients, **told, "growth_kb": told["last_kb"] - told["first_kb"]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--first", type=int, default=10000)
    parser.add_argument("--last", type=int, default=1000000)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Daemon(args.bin, folder) as daemon:
        clients = wrk.write_clients(os.path.join(folder, "clients"), make_clients(daemon, args.clients))
        told = measure(args, daemon, clients)
    print(json.dumps(told) if args.o == "json" else
          "{clients} clients: {first_kb} kB after {first_requests} requests, {last_kb} kB after "
          "{last_requests}: {growth_kb} kB more".format(**told))


main()
