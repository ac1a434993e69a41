#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""soak.py [--minutes M | --seconds S] [--seed N] [-o json]: the daemon of JETOND (one built with a
sanitizer is meant) under mixed good and hostile load for so long: tokens, key sets, refusals, the raw
requests of tests/attack/http, broken, half-closed, slow and torn connections, changes by the operator,
rotations, reloads; and wrk at full speed where it is installed. Tells what was answered how often, and
ends with 1 when anything was found: an answer that may not be, a daemon that ends or does not end at
SIGTERM with 0, a word of a sanitizer. The same seed makes the same choices, not the same order."""
import argparse
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../flow"), os.path.join(HERE, "../bench")]
# pylint: disable=wrong-import-position
import wrk
from harness import DIRTY, PAYMENT, Daemon, Issuer, write_config
from soak_actors import (STOCK, Admin, Broken, Documents, Keys, Raw, Refused, Reloads, Slow, Tokens)

CAST = [(Tokens, 2), (Documents, 1), (Refused, 1), (Raw, 2), (Broken, 2), (Slow, 6), (Admin, 2),
        (Keys, 1), (Reloads, 1)]
FOUND_MAX = 20  # findings that are told in full
COUNTED = ("token.", "http.", "admin.")  # events that come by the million are counted alone


class Terse(Daemon):
    """Keeps only the log lines that somebody may wait for, and what is wrong."""

    def __init__(self, *args, **more):
        self.events, self.dirt = {}, []
        super().__init__(*args, **more)

    def _collect(self):
        for raw in self.process.stderr:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            event = re.search(r" ev=(\S+)", line)
            if event is not None:
                self.events[event.group(1)] = self.events.get(event.group(1), 0) + 1
            if (event is None or any(word in line for word in DIRTY)) and len(self.dirt) < 400:
                self.dirt.append(line)
            if event is not None and not event.group(1).startswith(COUNTED):
                with self.changed:
                    self.lines.append(line)
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()


class World:
    """The daemon, its clients, and what was found."""

    def __init__(self, folder, seed):
        self.seed, self.stop = seed, threading.Event()
        self.findings, self.lock = [], threading.Lock()
        self.config = write_config(folder, keys={"lead": "0s", "jitter": "0s"},
                                   http={"idle": "5s", "deadline": "4s", "threads": 2})
        with open(self.config, encoding="utf-8") as text:
            right = text.read()
        self.configs = {"as it was": right, "broken": right.replace('"keys"', '"kyes"'), "cut": right[:-20],
                        "debug": json.dumps({**json.loads(right), "log": {"level": "debug"}})}
        daemon = Terse(["serve", "--config", self.config])
        said = dict(word.split("=", 1) for word in daemon.wait_log("ev=daemon.ready").split()
                    if "=" in word)
        self.issuer = Issuer(daemon, {"issuer": said["issuer"], "admin_socket": said["admin"],
                                      "address": said["listen"]})
        self.clients = list(self.fill())

    def fill(self):
        for path, body in (
                ("resources", {"identifier": PAYMENT, "scopes": ["payments:read", "payments:write"]}),
                ("resources", {"identifier": STOCK, "scopes": ["stock:read"]}),
                ("roles", {"name": "reader", "grants": [PAYMENT + "#payments:read"]}),
                ("products", {"name": "basic", "grants": [STOCK + "#stock:read"]})):
            made = self.issuer.admin("POST", "/" + path, body)
            assert made.status == 201, made
        for i in range(20):
            made = self.issuer.admin("POST", "/clients", {
                "name": f"client-{i}", "roles": ["reader"],
                "grants": [PAYMENT + "#payments:write", STOCK + "#stock:read"]})
            assert made.status == 201, made
            yield made.json()["client_id"], made.json()["client_secret"]

    def find(self, what, first=False):
        with self.lock:
            self.findings.insert(0 if first else len(self.findings), what[:10000 if first else 2000])


def full_speed(world, folder, seconds):
    """wrk beside all the others; None where it is not installed."""
    if shutil.which("wrk") is None:
        return None
    clients = wrk.write_clients(os.path.join(folder, "clients"), world.clients)
    return subprocess.Popen(
        wrk.command(f"http://{world.issuer.host}:{world.issuer.port}/oauth2/token", clients, PAYMENT,
                    max(1, int(seconds)), 8), stdout=subprocess.PIPE, text=True)


def judge_wrk(world, load):
    """How many tokens it got; it ends by itself. A connection that the daemon closes between two
    requests may cost wrk a read, and is no finding: an answer that is no token is."""
    said = load.communicate()[0]
    if load.returncode != 0 or "Non-2xx" in said:
        world.find(f"wrk: {said}")
    return {"200": int(re.search(r"(\d+) requests in", said).group(1))}


def play(world, folder, seconds):
    """All of them for so long; the counts."""
    load = full_speed(world, folder, seconds)
    cast = [actor(world, i) for actor, n in CAST for i in range(n)]
    for one in cast:
        one.start()
    until = time.monotonic() + seconds
    while time.monotonic() < until and world.issuer.daemon.process.poll() is None:
        world.stop.wait(min(1, max(0, until - time.monotonic())))
    world.stop.set()
    counts = {}
    for one in cast:
        one.join(600)
        if one.is_alive():
            world.find(f"{one.kind} waits for an answer for ever")
        of_kind = counts.setdefault(one.kind, {})
        for what, n in list(one.counts.items()):
            of_kind[what] = of_kind.get(what, 0) + n
    if load is not None:
        counts["wrk"] = judge_wrk(world, load)
    return {kind: dict(sorted(of.items())) for kind, of in counts.items()}


def end(world):
    """It still serves, and ends as it should."""
    daemon = world.issuer.daemon
    if daemon.process.poll() is None:
        answer = world.issuer.token(client=world.clients[0], resource=PAYMENT)
        if answer.status != 200:
            world.find(f"the last request: {answer}")
    try:
        status = daemon.stop()
        if status != 0:
            world.find(f"the daemon ended with {status}", first=True)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        daemon.process.kill()
        world.find(f"the daemon does not end: {error}")
    if any(word in line for line in daemon.dirt for word in DIRTY):
        world.find("\n".join(daemon.dirt), first=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    seconds = args.minutes * 60 if args.seconds is None else args.seconds
    with tempfile.TemporaryDirectory(prefix="jeton-soak-") as folder:
        begun = time.monotonic()
        world = World(folder, args.seed)
        counts = play(world, folder, seconds)
        end(world)
    told = {"seconds": round(time.monotonic() - begun), "seed": args.seed, "counts": counts,
            "events": dict(sorted(world.issuer.daemon.events.items())), "findings": len(world.findings)}
    if args.o == "json":
        print(json.dumps(told))
    else:
        print(f"{told['seconds']} s, seed {args.seed}: {told['findings']} findings")
        for kind, of in counts.items():
            print(f"  {kind:10} " + ", ".join(f"{what}: {n}" for what, n in of.items()))
        print("  log        " + ", ".join(f"{what}: {n}" for what, n in told["events"].items()))
    for found in world.findings[:FOUND_MAX]:
        print(found, file=sys.stderr)
    idle = [kind for kind, of in counts.items() if not of]
    if idle:
        print(f"did nothing: {idle}", file=sys.stderr)
    return 1 if world.findings or idle else 0


sys.exit(main())
