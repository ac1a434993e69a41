#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_apply.py BIN_DIR [-n CLIENTS] [-o json] [--postgres]: how long `jeton apply` takes for N clients (each with
a role, a product, a grant and labels) from a YAML file and from JSON lines, into an issuer that is
empty, over its UNIX socket, into SQLite on disk; and how long the steps round it. Seconds of wall
time, and of CPU of the command and of the daemon. The files stand in the page cache. With --postgres
into PostgreSQL on the same disk instead, a server of its own with its settings as they come."""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile

from bench_daemon import Daemon, now_s, write_jsonl, write_yaml

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from postgres import Cluster  # pylint: disable=wrong-import-position

DONE, DIFFERENT = 0, 6


def children_cpu_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def step(args, daemon, *words, status=DONE):
    begun, own, theirs = now_s(), children_cpu_s(), daemon.cpu_s()
    ended = subprocess.run([os.path.join(args.bin, "jeton"), "--socket", daemon.socket, *words],
                           capture_output=True, text=True, check=False)
    told = {"wall_s": now_s() - begun, "cli_cpu_s": children_cpu_s() - own,
            "daemon_cpu_s": daemon.cpu_s() - theirs}
    if ended.returncode != status:
        raise SystemExit(f"{words}: {ended.returncode}, {ended.stderr}")
    return ended.stdout, {name: round(value, 2) for name, value in told.items()}


def run(args, file, store):
    """Every step from one file, with a daemon of its own."""
    told = {}
    with tempfile.TemporaryDirectory(dir=args.dir) as folder, \
            Daemon(args.bin, folder, store) as daemon:
        _, told["validate"] = step(args, daemon, "validate", "-f", file)
        _, told["diff"] = step(args, daemon, "diff", "-f", file, status=DIFFERENT)
        text, told["apply"] = step(args, daemon, "apply", "-f", file)
        if f"{args.n + 3} created" not in text:
            raise SystemExit(text[-200:])
        text, told["apply again"] = step(args, daemon, "apply", "-f", file)
        if f"{args.n + 3} unchanged" not in text:
            raise SystemExit(text[-200:])
        _, told["export"] = step(args, daemon, "export")
    return told


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("-n", type=int, default=100000)
    parser.add_argument("-o", choices=["text", "json"], default="text")
    parser.add_argument("--dir", default=None, help="where the database is made")
    parser.add_argument("--postgres", action="store_true")
    args = parser.parse_args()
    cluster = Cluster({"shared_buffers": "128MB"}, memory=False) if args.postgres else None
    told = {"clients": args.n, "store": "PostgreSQL" if cluster else "SQLite"}
    with tempfile.TemporaryDirectory() as folder:
        for form, write in (("yaml", write_yaml), ("jsonl", write_jsonl)):
            file = os.path.join(folder, "model." + form)
            write(file, args.n)
            told[form] = run(args, file, cluster and f"postgres: '{cluster.database(form)}'")
    if args.o == "json":
        print(json.dumps(told))
        return
    print(f"{args.n} clients, {told['store']}; seconds of wall time, of CPU: the command's, the daemon's")
    for form in ("yaml", "jsonl"):
        for name, row in told[form].items():
            print(f"{form:6} {name:12} {row['wall_s']:7.2f} {row['cli_cpu_s']:7.2f} "
                  f"{row['daemon_cpu_s']:7.2f}")


main()
