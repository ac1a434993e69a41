# SPDX-License-Identifier: Apache-2.0
"""wrk with the script of tests/bench/wrk: token requests of one client or of many, kept alive or with
a connection each, as fast as they go or paced."""
import os
import pathlib
import re
import subprocess

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wrk", "token.lua")
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


def write_clients(path, pairs):
    """`pairs` of id and secret; gives the path."""
    pathlib.Path(path).write_text("".join(f"{name}:{secret}\n" for name, secret in pairs),
                                  encoding="ascii")
    return path


def command(url, clients, resource, seconds, connections=32, threads=1, under=(), **more):
    """What runs wrk, under the command `under`. `more`: scope, delay (ms), close, as in token.lua."""
    return [*under, "wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--latency",
            "-s", SCRIPT, url, "--", clients, resource,
            *(f"{name}={value}" for name, value in more.items() if value is not None)]


def told(text):
    """What wrk said, when every answer was a success."""
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(f"wrk: {text}")
    # wrk stops a little late: its own seconds count
    requests, took, unit = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", text).groups()
    figures = {"requests": int(requests),
               "per_s": int(requests) / (float(took) * UNITS[unit] / 1000)}
    for which in (50, 99):
        value, unit = re.search(rf"^\s+{which}%\s+([\d.]+)(us|ms|s|m) *$", text, re.M).groups()
        figures[f"p{which}_ms"] = float(value) * UNITS[unit]
    return figures


def run(*args, **more):
    """One round, as `command`; its figures."""
    ended = subprocess.run(command(*args, **more), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"wrk: {ended.stdout}{ended.stderr}")
    return told(ended.stdout)
