#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_changes.py BIN_DIR [-n CLIENTS] [--rounds N] [--seconds S] [-o json]: how long token requests take while the
access model changes 100 times a second, beside the same requests without changes in the same run (the
two alternate; medians over the rounds, of wrk's own 50th and 99th percentiles); and how long after it
was asked for a change of one client is in its next token. Needs wrk."""
import argparse
import base64
import http.client
import json
import os
import statistics
import subprocess
import tempfile
import threading
import urllib.parse

import wrk
from bench_daemon import RESOURCE, Daemon, Unix, call, now_s, write_jsonl

CHANGES_A_SECOND = 100
CONNECTIONS = 4
VISIBLE = 200  # changes whose visibility is timed


def load(address, clients, seconds):
    """Percentiles of one round of token requests."""
    return wrk.run(f"http://{address}/oauth2/token", clients, RESOURCE, seconds, CONNECTIONS)


class Changer(threading.Thread):
    """Changes one client after another, at the pace asked for, until it is told to stop."""

    def __init__(self, path, clients):
        super().__init__()
        self.path, self.clients = path, clients
        self.done, self.stop = 0, threading.Event()

    def run(self):
        connection, begun = Unix(self.path), now_s()
        while not self.stop.wait(max(0, begun + self.done / CHANGES_A_SECOND - now_s())):
            call(connection, "PATCH", f"/clients/client-{self.done % self.clients:06}",
                 {"labels": {"change": str(self.done)}})
            self.done += 1
        self.rate = self.done / (now_s() - begun)


def loaded(daemon, clients, args):
    changer = Changer(daemon.socket, args.n)
    changer.start()
    told = load(daemon.address, clients, args.seconds)
    changer.stop.set()
    changer.join()
    return {**told, "changes_per_s": changer.rate}


def visible_ms(daemon, client, basic):
    """From the moment a change is asked for to the end of the first token request that has it."""
    admin = Unix(daemon.socket)
    public = http.client.HTTPConnection(daemon.address)
    body = urllib.parse.urlencode({"grant_type": "client_credentials", "resource": RESOURCE})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic " + basic}
    for i in range(VISIBLE):
        wanted = ["read", "write"][i % 2]
        begun = now_s()
        call(admin, "PATCH", f"/clients/{client}", {"grants": [f"{RESOURCE}#{wanted}"]})
        while True:
            public.request("POST", "/oauth2/token", body, headers)
            if json.load(public.getresponse())["scope"] == wanted:
                break
        yield (now_s() - begun) * 1000


def visible_under_load(daemon, client, basic, clients, args):
    """The same while other token requests and other changes come as fast as above."""
    changer = Changer(daemon.socket, args.n)
    load_beside = subprocess.Popen(
        wrk.command(f"http://{daemon.address}/oauth2/token", clients, RESOURCE, 600, CONNECTIONS),
        stdout=subprocess.DEVNULL)
    changer.start()
    try:
        return list(visible_ms(daemon, client, basic))
    finally:
        changer.stop.set()
        changer.join()
        load_beside.kill()
        load_beside.wait()


def measure(args, daemon):
    connection = Unix(daemon.socket)
    client = call(connection, "POST", "/clients",
                  {"name": "caller", "grants": [RESOURCE + "#read"]})
    basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    clients = wrk.write_clients(os.path.join(daemon.folder, "clients"),
                                [(client["client_id"], client["client_secret"])])
    load(daemon.address, clients, 1)  # to warm up
    quiet, busy = [], []
    for _ in range(args.rounds):
        quiet.append(load(daemon.address, clients, args.seconds))
        busy.append(loaded(daemon, clients, args))
    alone = sorted(visible_ms(daemon, client["client_id"], basic))
    seen = sorted(visible_under_load(daemon, client["client_id"], basic, clients, args))

    def median(rounds, name):
        return statistics.median(row[name] for row in rounds)

    return {"clients": args.n, "changes_per_s": round(median(busy, "changes_per_s"), 1),
            "tokens_per_s": round(median(quiet, "per_s")), "p50_ms": median(quiet, "p50_ms"),
            "p99_ms": median(quiet, "p99_ms"), "changing_p50_ms": median(busy, "p50_ms"),
            "changing_p99_ms": median(busy, "p99_ms"),
            "ratio_p99": round(median(busy, "p99_ms") / median(quiet, "p99_ms"), 2),
            "visible_p50_ms": round(alone[len(alone) // 2], 2),
            "visible_max_ms": round(alone[-1], 2),
            "loaded_visible_p50_ms": round(seen[len(seen) // 2], 2),
            "loaded_visible_p99_ms": round(seen[len(seen) * 99 // 100], 2),
            "loaded_visible_max_ms": round(seen[-1], 2)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("-n", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of a round")
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Daemon(args.bin, folder) as daemon:
        file = os.path.join(folder, "model.jsonl")
        write_jsonl(file, args.n)
        subprocess.run([os.path.join(args.bin, "jeton"), "--socket", daemon.socket, "apply", "-f", file],
                       stdout=subprocess.DEVNULL, check=True)
        told = measure(args, daemon)
    print(json.dumps(told) if args.o == "json" else
          "{clients} clients, {changes_per_s} changes/s: token requests {p50_ms:.2f} ms (p99 "
          "{p99_ms:.2f}) without, {changing_p50_ms:.2f} ms (p99 {changing_p99_ms:.2f}) with changes, "
          "p99 x {ratio_p99}; a change is in the next token after {visible_p50_ms} ms (at most "
          "{visible_max_ms}), under that load {loaded_visible_p50_ms} (p99 {loaded_visible_p99_ms}, at "
          "most {loaded_visible_max_ms})".format(**told))


if __name__ == "__main__":
    main()
