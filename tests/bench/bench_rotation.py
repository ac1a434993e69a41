#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_rotation.py BIN_DIR [-n ROTATIONS] [-o json]: wrk asks the real daemon for tokens at full speed
while its key rotates, the daemon's clock moved by the lead in between; APIs of seven cache habits judge
sampled tokens meanwhile. Tells how many requests failed and how many verdicts were refusals: 0 and 0,
else it ends with 1. Needs wrk. (flow.25-rotation-under-load is the small form.)"""
import argparse
import base64
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

from bench_changes import CONNECTIONS, SCRIPT

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
    basic = base64.b64encode(f"{issuer.client_id}:{issuer.client_secret}".encode()).decode()
    with open(os.path.join(folder, "wrk.lua"), "w", encoding="ascii") as script:
        script.write(SCRIPT.format(resource=urllib.parse.quote(PAYMENT, safe=""), basic=basic))
    wrk = subprocess.Popen(["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", "3600s", "-s",
                            script.name, f"http://{issuer.host}:{issuer.port}/oauth2/token"],
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
        wrk.send_signal(signal.SIGINT)
        said = wrk.communicate()[0]
        status = issuer.daemon.stop()
    requests = re.search(r"(\d+) requests in", said)
    failed = [line.strip() for line in said.splitlines() if "Non-2xx" in line or "Socket err" in line]
    if status != 0 or wrk.returncode != 0 or requests is None or failed:
        raise SystemExit(f"jetond {status}, wrk {wrk.returncode}: {said}")
    return {"rotations": n, "seconds": round(seconds, 1), "requests": int(requests.group(1)),
            "failed": len(failed), "refused": len(rotations.refusals),
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
