#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_shape.py BIN_DIR PROGRAM...: each benchmark, with one round, tells what it measured as JSON of
the agreed members, which fit each other. How long anything took is not judged."""
import json
import os
import pathlib
import shutil
import subprocess
import sys


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def want(true, what):
    if not true:
        raise SystemExit(f"bench_shape: {what}")


def ask(*command):
    ended = run(*command)
    want(ended.returncode == 0, f"{command} ended with {ended.returncode}: {ended.stderr}")
    return json.loads(ended.stdout)


def check_figures(program, alg):
    told = ask(program, "--alg", alg, "--rounds", "1", "-o", "json")
    between = ["constant_us"] if program.endswith("bench_issue") else []
    want(list(told) == ["alg", "cpu_us", *between, "floor_us", "ratio"], f"{program} told {told}")
    want(told.get("constant_us", 1) > 0, f"{program} told {told}")
    want(told["alg"] == alg, f"{program} --alg {alg} measured {told['alg']}")
    want(told["floor_us"] > 0 and told["cpu_us"] > 0, f"{program} told {told}")
    ratio = told["cpu_us"] / told["floor_us"]
    want(abs(told["ratio"] - ratio) < 0.01 * ratio, f"{program}: ratio is not cpu / floor: {told}")


def check_rounds(program):
    for rounds in ("0", "-1", "1000", "many"):
        want(run(program, "--rounds", rounds).returncode == 1, f"{program} took --rounds {rounds}")


def check_threads(program):
    told = ask(program, "--threads", "2", "--rounds", "1", "-o", "json")
    want(told.pop("alg") == "ES256" and told.pop("threads") == 2 and min(told.values()) > 0,
         f"{program} told {told}")
    want(run(program, "--threads", "0").returncode == 1, f"{program} took --threads 0")


def check_allocations(program):
    ended = run(program, "-o", "json")
    want(ended.returncode == 0, f"{program} ended with {ended.returncode}: {ended.stderr}")
    for told in map(json.loads, ended.stdout.splitlines()):
        want(list(told) == ["alg", "setup", "own", "jansson", "libcrypto", "floor_libcrypto"],
             f"{program} told {told}")
        want(told["floor_libcrypto"] > 0, f"{program} counts nothing of libcrypto: {told}")


def check_rivals(program):
    told = ask(program, "--alg", "ES256", "--rounds", "1", "-o", "json")
    rows = {row["name"]: row for row in told["rivals"]}
    every = ["signature", "none", "hmac", "crit", "typ", "exp", "nbf", "iss", "aud", "scope"]
    want(rows["libjeton"]["checks"] == every, f"libjeton checks {rows['libjeton']['checks']}")
    for row in rows.values():
        want("signature" in row["checks"], f"{row} takes anything")
        ratio = row["cpu_us"] / told["floor_us"]
        want(abs(row["ratio"] - ratio) < 0.01 * ratio + 0.001, f"ratio is not cpu / floor: {row}")


def check_start(bin_dir):
    script = pathlib.Path(__file__).with_name("bench_start.py")
    told = ask(sys.executable, "-B", script, bin_dir, "-n", "2", "-o", "json")
    want(list(told) == ["clients", "ready_ms", "anonymous_kb", "resident_kb"], f"bench_start told {told}")
    want(told.pop("clients") == 2 and min(told.values()) > 0, f"bench_start told {told}")


def check_apply(bin_dir):
    script = pathlib.Path(__file__).with_name("bench_apply.py")
    told = ask(sys.executable, "-B", script, bin_dir, "-n", "2", "-o", "json")
    want(list(told) == ["clients", "store", "yaml", "jsonl"] and told["clients"] == 2,
         f"bench_apply told {told}")
    for form in ("yaml", "jsonl"):
        want(list(told[form]) == ["validate", "diff", "apply", "apply again", "export"],
             f"bench_apply told {told}")
        want(min(row["wall_s"] for row in told[form].values()) >= 0, f"bench_apply told {told}")


def check_changes(bin_dir):
    if shutil.which("wrk") is None:
        return
    script = pathlib.Path(__file__).with_name("bench_changes.py")
    told = ask(sys.executable, "-B", script, bin_dir, "-n", "2", "--rounds", "1", "--seconds", "1",
               "-o", "json")
    want(told["clients"] == 2 and min(told.values()) > 0, f"bench_changes told {told}")
    ratio = told["changing_p99_ms"] / told["p99_ms"]
    want(abs(told["ratio_p99"] - ratio) < 0.01, f"bench_changes: ratio is not p99 / p99: {told}")


def check_rotation(bin_dir):
    if shutil.which("wrk") is None:
        return
    script = pathlib.Path(__file__).with_name("bench_rotation.py")
    told = ask(sys.executable, "-B", script, bin_dir, "-n", "2", "-o", "json")
    want((told["rotations"], told["signed_by"]) == (2, 3), f"bench_rotation told {told}")
    want((told["failed"], told["refused"]) == (0, 0), f"bench_rotation told {told}")
    want(min(told["requests"], told["sampled_verdicts"], told["sets"]) > 2, f"bench_rotation told {told}")


def check_signer(bin_dir):
    if shutil.which("wrk") is None:
        return
    script = pathlib.Path(__file__).with_name("bench_signer.py")
    told = ask(sys.executable, "-B", script, bin_dir, "--rounds", "1", "--seconds", "1", "-o", "json")
    for load in (told["full"], told["half"]):
        ratio = load["process"]["cpu_us"] / load["local"]["cpu_us"]
        want(abs(load["cpu_ratio"]["median"] - ratio) < 0.01, f"bench_signer told {told}")
        want(load["process"]["per_s"] > 0 and load["local"]["p99_ms"] > 0, f"bench_signer told {told}")


def ask_script(name, bin_dir, *options):
    script = pathlib.Path(__file__).with_name(name)
    return ask(sys.executable, "-B", script, bin_dir, *options, "-o", "json")


def check_p99(bin_dir):
    if shutil.which("wrk") is None:
        return
    apart = len(os.sched_getaffinity(0)) > 1 and shutil.which("taskset") is not None
    for more in ([], ["--apart"]) if apart else ([],):
        told = ask_script("bench_p99.py", bin_dir, "--connections", "4", "--clients", "3",
                          "--rounds", "1", "--seconds", "1", *more)
        want([row["connections"] for row in told["rows"]] == [4], f"bench_p99 told {told}")
        for row in told["rows"]:
            want(min(row.values()) > 0, f"bench_p99 told {told}")
            for name in ("full", "token", "key_set"):
                want(row[f"{name}_p50_ms"] <= row[f"{name}_p99_ms"], f"bench_p99 told {told}")


def check_heap(bin_dir):
    if shutil.which("wrk") is None:
        return
    told = ask_script("bench_heap.py", bin_dir, "--clients", "3", "--first", "10", "--last", "5000")
    want(told["first_tokens"] >= 10 and told["last_tokens"] >= 5000, f"bench_heap told {told}")
    want(told["growth_kb"] == told["last_kb"] - told["first_kb"] and told["first_kb"] > 0,
         f"bench_heap told {told}")


def check_peer(bin_dir):
    """Where somebody has installed the peer."""
    if shutil.which("wrk") is None or \
            not os.path.exists(os.path.join(bin_dir, "../tests/bench/peers/node_modules")):
        return
    told = ask_script("bench_peer.py", bin_dir, "--clients", "3", "--rounds", "1", "--seconds", "1")
    ours, *peers = told["sides"].values()
    want(told["clients"] == 3 and len(peers) == 2, f"bench_peer told {told}")
    ratio = min(peer["cpu_us"] for peer in peers) / ours["cpu_us"]
    want(abs(told["cpu_ratio"]["median"] - ratio) < 0.01 * ratio + 0.01, f"bench_peer told {told}")


SCRIPTS = {"bench_start.py": check_start, "bench_apply.py": check_apply,
           "bench_changes.py": check_changes, "bench_rotation.py": check_rotation,
           "bench_signer.py": check_signer, "bench_p99.py": check_p99, "bench_heap.py": check_heap,
           "bench_peer.py": check_peer}

bin_dir, *programs = sys.argv[1:]
for name in programs:
    if name in SCRIPTS:
        SCRIPTS[name](bin_dir)
        continue
    path = os.path.join(bin_dir, name)
    if name == "bench_allocations":
        check_allocations(path)
        continue
    check_rounds(path)
    if name == "bench_rivals":
        check_rivals(path)
        continue
    if name == "bench_verify":
        check_threads(path)
    for alg in ("ES256", "EdDSA"):
        check_figures(path, alg)
