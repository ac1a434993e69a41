#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_rotation.py BIN_DIR [-n ROTATIONS] [-o json]: wrk asks the real daemon for tokens at full speed
while its key rotates, the daemon's clock moved by the lead in between; APIs of seven cache habits judge
sampled tokens meanwhile. Tells how many requests failed and how many verdicts were refusals: 0 and 0,
else it ends with 1. Needs wrk. (flow.25-rotation-under-load is the small form.)"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import wrk

HERE = os.path.dirname(os.path.abspath(__file__))


def prepare(bin_dir):
    """What tests/flow is told by ctest."""
    for name, program in (("JETOND", "jetond"), ("JETON", "jeton"),
                          ("CLOCK_SHIFT_LIBRARY", "clock_shift.so")):
        os.environ[name] = os.path.abspath(os.path.join(bin_dir, program))
    os.environ.setdefault("JETON_LIBRARY", os.path.abspath(
        os.path.join(bin_dir, "../verifier/libjeton.so")))
    sys.path.insert(0, os.path.join(HERE, "../flow"))


def measure(folder, n):
    from harness import PAYMENT
    from rotating import Clock, Rotations, start
    clock = Clock(folder)
    issuer = start(folder, clock)
    clients = wrk.write_clients(os.path.join(folder, "clients"),
                                [(issuer.client_id, issuer.client_secret)])
    load = subprocess.Popen(
        wrk.command(f"http://{issuer.host}:{issuer.port}/oauth2/token", clients, PAYMENT, 3600, 4),
        stdout=subprocess.PIPE, text=True)
    try:
        rotations, begun = Rotations(issuer, clock, folder), time.monotonic()
        connection = issuer.connect()
        for _ in range(n):
            rotations.rotate(connection)
        seconds = time.monotonic() - begun
        connection.close()
        rotations.sets.close()
    finally:
        load.send_signal(signal.SIGINT)
        said = load.communicate()[0]
        status = issuer.daemon.stop()
    if status != 0 or load.returncode != 0:
        raise SystemExit(f"jetond {status}, wrk {load.returncode}: {said}")
    requests = wrk.told(said)["requests"]  # ends the run when one of them failed
    return {"rotations": n, "seconds": round(seconds, 1), "requests": requests,
            "failed": 0, "refused": len(rotations.refusals),
            **{name.replace(" ", "_"): value for name, value in rotations.counts().items()}}, rotations


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("-n", type=int, default=100)
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    prepare(args.bin)
    with tempfile.TemporaryDirectory() as folder:
        told, rotations = measure(folder, args.n)
    print(json.dumps(told) if args.o == "json" else
          "{rotations} rotations in {seconds} s: {requests} token requests, {failed} failed; "
          "{sampled_verdicts} verdicts on tokens of {signed_by} keys by {sets} sets, {refused} "
          "refusals".format(**told))
    for refusal in rotations.refusals[:10]:
        print(refusal, file=sys.stderr)
    return 1 if rotations.refusals else 0


if __name__ == "__main__":
    sys.exit(main())
