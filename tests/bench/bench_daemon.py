# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of the issuer share: a daemon of its own over a database on disk, calls to its
admin socket, and how much CPU it took."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

RESOURCE = "https://api.example.com/"
SCOPE = "read"


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Daemon:
    """Runs jetond of `bin_dir` over `folder`; ready is its own log line. `store`, `keys` and `http` are
    YAML for those sections, `more` is YAML for others, `kek` the file of another daemon's
    key-encryption key, `under` a command that runs it. The log goes to a file: nobody has to be woken
    to read it."""

    def __init__(self, bin_dir, folder, store=None, keys="", kek=None, threads=0, http="", more="",
                 under=()):
        self.command, self.folder = [*under, os.path.join(bin_dir, "jetond"), "serve"], folder
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
            f"store: {{{store}}}\nhttp: {{threads: {threads}{http}}}\n"
            f"keys: {{kek_file: {self.kek}{keys}}}\n{more}", encoding="ascii")
        self.log = os.path.join(folder, "log")

    def __enter__(self):
        with open(self.log, "wb"):
            pass  # of an earlier daemon in the folder
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.command, "--config", self.config], stderr=log)
        while True:
            ended = self.process.poll() is not None
            text = pathlib.Path(self.log).read_text(encoding="utf-8", errors="replace")
            ready = re.search(r"ev=daemon\.ready .*?listen=(\S+).*\n", text)
            if ready is not None:
                self.address = ready.group(1)
                return self
            if ended:
                raise SystemExit(f"the daemon did not start: {text}")
            time.sleep(0.005)

    def forget_log(self):
        """So that a long run does not fill the disk."""
        os.truncate(self.log, 0)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def cpu_s(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def cpu_ns(self):
        return cpu_ns(self.process.pid)


def cpu_ns(first):
    """Of the process and all below it, such as a signer process: all threads that live."""
    total, pids = 0, [first]
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


def make_clients(daemon, n):
    """A resource and clients that hold SCOPE on it; their ids and secrets."""
    connection = Unix(daemon.socket)
    call(connection, "POST", "/resources", {"identifier": RESOURCE, "scopes": [SCOPE]})
    for i in range(n):
        made = call(connection, "POST", "/clients",
                    {"name": f"client-{i:06}", "grants": [f"{RESOURCE}#{SCOPE}"]})
        yield made["client_id"], made["client_secret"]


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
