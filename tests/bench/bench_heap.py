#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_heap.py BIN_DIR [--first N] [--last N] [--clients N] [--rounds] [-o json]: by how much the
daemon's memory grows from the first N tokens to the last, over the same connections, without a change
meanwhile: anonymous memory of its process, libraries' included. With --rounds the connections come and
go every second: then each thread keeps what it needed when it had the most of them. Needs wrk."""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import wrk
from bench_daemon import RESOURCE, Daemon, Unix, call, make_clients


def anonymous_kb(daemon):
    for line in pathlib.Path(f"/proc/{daemon.process.pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1])
    raise SystemExit("this kernel tells no smaps_rollup")


def issued(admin):
    """Tokens so far: none expires within the hour."""
    return sum(key["unexpired_tokens"] for key in call(admin, "GET", "/keys")["items"])


def start_load(args, daemon, clients):
    seconds = 1 if args.rounds else 3000
    return subprocess.Popen(wrk.command(f"http://{daemon.address}/oauth2/token", clients, RESOURCE,
                                        seconds), stdout=subprocess.PIPE, text=True)


def measure(args, daemon, clients):
    told, admin, load = {}, Unix(daemon.socket), start_load(args, daemon, clients)
    for name, until in (("first", args.first), ("last", args.last)):
        while (done := issued(admin)) < until:
            time.sleep(0.1)
            daemon.forget_log()
            if load.poll() is not None:
                wrk.told(load.communicate()[0])
                load = start_load(args, daemon, clients)
        told |= {f"{name}_tokens": done, f"{name}_kb": anonymous_kb(daemon)}
    load.send_signal(signal.SIGINT)
    wrk.told(load.communicate()[0])
    return {"clients": args.clients, **told, "growth_kb": told["last_kb"] - told["first_kb"]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--first", type=int, default=10000)
    parser.add_argument("--last", type=int, default=1000000)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rounds", action="store_true")
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Daemon(args.bin, folder) as daemon:
        clients = wrk.write_clients(os.path.join(folder, "clients"), make_clients(daemon, args.clients))
        told = measure(args, daemon, clients)
    print(json.dumps(told) if args.o == "json" else
          "{clients} clients: {first_kb} kB after {first_tokens} tokens, {last_kb} kB after "
          "{last_tokens}: {growth_kb} kB more".format(**told))


main()
