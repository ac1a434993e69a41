# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of the issuer share: a daemon of its own over a database on disk, calls to its
admin socket, and how much CPU it took."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

RESOURCE = "https://api.example.com/"


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Daemon:
    """Runs jetond of `bin_dir` over `folder`; ready is its own log line. `store` and `keys` are YAML
    for those sections, `kek` the file of another daemon's key-encryption key."""

    def __init__(self, bin_dir, folder, store=None, keys="", kek=None, threads=0):
        self.jetond, self.folder = os.path.join(bin_dir, "jetond"), folder
        self.socket = os.path.join(folder, "admin.sock")
        self.kek = kek or os.path.join(folder, "kek")
        store = store or f"path: {folder}/jeton.db"
        if kek is None:
            with open(os.open(self.kek, os.O_CREAT | os.O_WRONLY, 0o600), "w",
                      encoding="ascii") as file:
                file.write(os.urandom(32).hex())
        self.config = os.path.join(folder, "jetond.yaml")
        pathlib.Path(self.config).write_text(
            f"issuer: http://127.0.0.1:1\nlisten: 127.0.0.1:0\nadmin: {{socket: {self.socket}}}\n"
            f"store: {{{store}}}\nhttp: {{threads: {threads}}}\nkeys: {{kek_file: {self.kek}{keys}}}\n", encoding="ascii")

    def __enter__(self):
        self.process = subprocess.Popen([self.jetond, "serve", "--config", self.config],
                                        stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "ev=daemon.ready" in line:
                self.address = line.split("listen=")[1].split()[0]
                threading.Thread(target=self.process.stderr.read, daemon=True).start()
                return self
        raise SystemExit("the daemon did not start")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def cpu_s(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def cpu_ns(self):
        """Of the daemon and of a signer process of its own, all threads that live."""
        total, pids = 0, [self.process.pid]
        for pid in pids:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
                pids += map(int, (task / "children").read_text(encoding="ascii").split())
        return total


def call(connection, method, path, body=None):
    """The answer's JSON; anything but success ends the benchmark."""
    data = None if body is None else json.dumps(body)
    connection.request(method, "/admin/v1" + path, data, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status not in (200, 201, 204):
        raise SystemExit(f"{method} {path}: {answer.status} {text}")
    return json.loads(text) if text else None


def objects(clients):
    """A resource, a role, a product, and clients that have them."""
    yield {"kind": "resource", "identifier": RESOURCE, "scopes": ["read", "write", "see"]}
    yield {"kind": "role", "name": "reader", "grants": [RESOURCE + "#read"]}
    yield {"kind": "product", "name": "viewer", "approval": "auto", "grants": [RESOURCE + "#see"]}
    for i in range(clients):
        yield {"kind": "client", "name": f"client-{i:06}", "roles": ["reader"],
               "subscriptions": ["viewer"], "grants": [RESOURCE + "#write"],
               "labels": {"team": f"team-{i % 50}", "env": "prod"}}


def write_jsonl(path, clients):
    with open(path, "w", encoding="ascii") as out:
        out.writelines(json.dumps(one) + "\n" for one in objects(clients))


def yaml_lines(one):
    """Block style, as people write it."""
    first = "- "
    for name, value in one.items():
        if isinstance(value, str):
            yield f"{first}{name}: {value}\n"
        else:
            yield f"{first}{name}:\n"
            pairs = value.items() if isinstance(value, dict) else None
            yield from ([f"    {k}: {v}\n" for k, v in pairs] if pairs is not None
                        else [f"  - {item}\n" for item in value])
        first = "  "


def write_yaml(path, clients):
    with open(path, "w", encoding="ascii") as out:
        for one in objects(clients):
            out.writelines(yaml_lines(one))


def now_s():
    return time.monotonic()
