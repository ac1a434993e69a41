#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_start.py BIN_DIR [-n CLIENTS] [-o json]: how long from exec to ready with N clients, and
what memory is held when idle. The daemon is the real one, its store made through the admin API; ready
is its own log line. Medians of 9 starts."""
import argparse
import http.client
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

STARTS = 9


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def start(jetond, config):
    begun = time.monotonic()
    daemon = subprocess.Popen([jetond, "serve", "--config", config], stderr=subprocess.PIPE, text=True)
    for line in daemon.stderr:
        if "ev=daemon.ready" in line:
            took_ms = (time.monotonic() - begun) * 1000
            threading.Thread(target=daemon.stderr.read, daemon=True).start()  # keep the pipe empty
            return daemon, took_ms
    raise SystemExit("the daemon did not start")


def stop(daemon):
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()


def memory_kb(pid):
    rows = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        rows[name] = int(value.split()[0])
    return rows


def fill(socket_path, clients):
    admin = Unix(socket_path)

    def post(path, body):
        admin.request("POST", "/admin/v1/" + path, json.dumps(body), {"Content-Type": "application/json"})
        answer = admin.getresponse()
        text = answer.read()
        assert answer.status == 201, text

    post("resources", {"identifier": "https://api.example.com/", "scopes": ["read", "write"]})
    post("roles", {"name": "reader", "grants": ["https://api.example.com/#read"]})
    for i in range(clients):
        post("clients", {"name": f"client-{i}", "roles": ["reader"],
                         "grants": ["https://api.example.com/#write"]})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    jetond = os.path.join(args.bin, "jetond")
    with tempfile.TemporaryDirectory() as folder:
        kek = os.path.join(folder, "kek")
        with open(os.open(kek, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(os.urandom(32).hex())
        config = os.path.join(folder, "jetond.yaml")
        pathlib.Path(config).write_text(
            f"issuer: http://127.0.0.1:1\nlisten: 127.0.0.1:0\nadmin: {{socket: {folder}/admin.sock}}\n"
            f"store: {{path: {folder}/jeton.db}}\nkeys: {{kek_file: {kek}}}\n")
        daemon, _ = start(jetond, config)
        fill(f"{folder}/admin.sock", args.n)
        stop(daemon)
        ready, memory = [], []
        for _ in range(STARTS):
            daemon, ms = start(jetond, config)
            ready.append(ms)
            memory.append(memory_kb(daemon.pid))
            stop(daemon)
        told = {"clients": args.n, "ready_ms": round(statistics.median(ready), 1),
                "anonymous_kb": statistics.median(m["Anonymous"] for m in memory),
                "resident_kb": statistics.median(m["Rss"] for m in memory)}
        print(json.dumps(told) if args.o == "json" else
              "{clients} clients: ready after {ready_ms:.1f} ms; idle: anonymous {anonymous_kb} kB, "
              "resident {resident_kb} kB".format(**told))


main()
