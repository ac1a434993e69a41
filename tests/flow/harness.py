# SPDX-License-Identifier: Apache-2.0
"""Runs the real daemon for a flow test: on free ports, in a folder of its own, with no sleeps. Every
test ends by asserting that the daemon is alive and clean; the last one that SIGTERM ends it with
status 0. JETOND and JETON name the programs. With JETON_TEST_STORE=postgres every daemon keeps what
it has in PostgreSQL: one throw-away server for the program, a database for each folder; with
JETON_TEST_SIGNER=process every `jetond serve` signs in a process of its own."""

import base64
import hashlib
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import postgres
from ports import free_port

JETOND = os.environ["JETOND"]
JETON = os.environ["JETON"]
PAYMENT = "https://payment.example.com/api"
FORM = "application/x-www-form-urlencoded"
DEADLINE_S = 30  # for a machine that is busy; nothing waits for it when all goes well
LARGE_S = 120   # the same for an apply of 10,000 objects or more, under a sanitizer
SIGNER_WAIT_S = 2  # no refusal of a change comes sooner where a signer process is missing
DIRTY = ("Sanitizer", "runtime error:", "Assertion", "double free", "corrupted")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        """The value of the one header `name`; None when absent."""
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        assert len(values) <= 1, (name, values)
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]!r}"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=DEADLINE_S):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(connection, method, path, body=None, headers=None):
    """One request on `connection`, without headers of http.client's own choosing."""
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    try:
        connection.endheaders(body)
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before it was all sent: the answer is there
    response = connection.getresponse()
    return Answer(response.status, response.getheaders(), response.read())


def read_answer(sock, method=None):
    """Reads one answer from a raw socket; None when the peer closed without one."""
    response = http.client.HTTPResponse(sock, method=method)
    try:
        response.begin()
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None
    return Answer(response.status, response.getheaders(), response.read())


def basic(client_id, secret):
    halves = [urllib.parse.quote_plus(client_id), urllib.parse.quote_plus(secret)]
    return "Basic " + base64.b64encode(":".join(halves).encode()).decode()


def b64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def decode(token):
    """Header and claims of a token, unverified."""
    header, claims, signature = token.split(".")
    assert signature
    return json.loads(b64url(header)), json.loads(b64url(claims))


def until(true, what="it is so"):
    """Looks again and again: another thread or process does it in a while, and tells nobody."""
    end = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.002)  # in which the other threads of this program go on


def jeton(*args, stdin=b"", env=None, timeout=DEADLINE_S):
    return subprocess.run([JETON, *args], input=stdin, capture_output=True, timeout=timeout,
                          check=False, env={"PATH": os.environ["PATH"], **(env or {})})


class Daemon:
    """A jetond (or another program) that runs; its log is collected as it is written."""

    def __init__(self, args, env=None, stdout=subprocess.DEVNULL, preexec=None, program=JETOND,
                 pass_fds=()):
        self.lines, self.changed = [], threading.Condition()
        self.ended = False
        self.process = subprocess.Popen([program, *args], stdout=stdout, stderr=subprocess.PIPE,
                                        env={**os.environ, **(env or {})}, preexec_fn=preexec,
                                        pass_fds=pass_fds)
        self.reader = threading.Thread(target=self._collect, daemon=True)
        self.reader.start()

    def _collect(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_log(self, *parts, since=0):
        """The first log line, from number `since` on, that holds all of `parts`."""
        until = time.monotonic() + DEADLINE_S
        with self.changed:
            while True:
                for line in self.lines[since:]:
                    if all(part in line for part in parts):
                        return line
                left = until - time.monotonic()
                if self.ended or left <= 0:
                    raise AssertionError(f"no log line with {parts}:\n" + "\n".join(self.lines))
                self.changed.wait(left)

    def mark(self):
        """The number of log lines so far."""
        with self.changed:
            return len(self.lines)

    def log(self):
        with self.changed:
            return "\n".join(self.lines)

    def assert_clean(self):
        assert self.process.poll() is None, "the daemon has ended:\n" + self.log()
        self.assert_no_dirt()

    def assert_no_dirt(self):
        for line in self.log().splitlines():
            assert not any(word in line for word in DIRTY), self.log()

    def stop(self, how=signal.SIGTERM):
        """Ends it; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(DEADLINE_S)
        self.reader.join(DEADLINE_S)
        for stream in (self.process.stderr, self.process.stdout):
            if stream is not None:
                stream.close()
        self.assert_no_dirt()
        return status


class Issuer:
    """A daemon with its addresses, and calls to its two listeners."""

    def __init__(self, daemon, told):
        self.daemon, self.told = daemon, told
        self.url = told["issuer"]
        self.socket = told["admin_socket"]
        self.host, port = told["address"].rsplit(":", 1)
        self.port = int(port)
        self.client_id, self.client_secret = told.get("client_id"), told.get("client_secret")

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE_S)

    def get(self, path, method="GET", headers=None):
        connection = self.connect()
        try:
            return ask(connection, method, path, None, headers)
        finally:
            connection.close()

    def post(self, body, headers=None, path="/oauth2/token", method="POST", connection=None):
        """`body` as sent: text or bytes; the form's media type unless given."""
        data = body if isinstance(body, bytes) else body.encode()
        sent = {"Content-Type": FORM, **(headers or {})}
        sent = {name: value for name, value in sent.items() if value is not None}
        own = connection or self.connect()
        try:
            return ask(own, method, path, data, sent)
        finally:
            if connection is None:
                own.close()

    def token(self, client=None, connection=None, **fields):
        """A token request with Basic credentials; `resource` may be a list."""
        client_id, secret = client or (self.client_id, self.client_secret)
        form = [("grant_type", "client_credentials")]
        for name, value in fields.items():
            form += [(name, item) for item in (value if isinstance(value, list) else [value])]
        return self.post(urllib.parse.urlencode(form),
                         {"Authorization": basic(client_id, secret)}, connection=connection)

    def raw(self, *pieces):
        """Sends bytes as they are on one connection; the answer."""
        with socket.create_connection((self.host, self.port), DEADLINE_S) as sock:
            for piece in pieces:
                sock.sendall(piece)
            return read_answer(sock)

    def admin(self, method, path, body=None, prefix="/admin/v1", headers=None, token=None,
              timeout=DEADLINE_S):
        """`body`: a JSON value, or bytes as they are. With a `token` ("": none is sent) over TCP."""
        host, _, port = self.told.get("admin_listen", "").rpartition(":")
        connection = UnixConnection(self.socket, timeout) if token is None else \
            http.client.HTTPConnection(host, int(port), timeout=timeout)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {} if data is None else {"Content-Type": "application/json"}
        if token:
            sent["Authorization"] = "Bearer " + token
        try:
            return ask(connection, method, prefix + path, data, {**sent, **(headers or {})})
        finally:
            connection.close()

    def jwks(self):
        return self.get("/.well-known/jwks.json").json()["keys"]

    def keys(self):
        """Without what a process counts, and a restart forgets."""
        items = self.admin("GET", "/keys").json()["items"]
        return [{name: value for name, value in key.items() if name != "unexpired_tokens"}
                for key in items]

    def rotates(self):
        """After its signer process was killed: by force, with the next one. False: refused, for it
        waited for the next one in vain, as it does on a machine that stalls for seconds."""
        asked = time.monotonic()
        answer = self.admin("POST", "/keys/rotate", {"force": True})
        assert answer.status == 200 or time.monotonic() - asked >= SIGNER_WAIT_S, answer
        assert answer.status in (200, 503), answer
        return answer.status == 200

    def kid(self, state, alg="ES256"):
        found = [key["kid"] for key in self.keys() if (key["state"], key["alg"]) == (state, alg)]
        assert len(found) == 1, found
        return found[0]


def segment(text):
    """A path segment of the admin API."""
    return urllib.parse.quote(text, safe="")


def read_line(stream):
    """A line of a program's standard output, within the deadline."""
    data, until = b"", time.monotonic() + DEADLINE_S
    while not data.endswith(b"\n"):
        ready, _, _ = select.select([stream], [], [], max(0, until - time.monotonic()))
        chunk = os.read(stream.fileno(), 65536) if ready else b""
        if not chunk:
            raise AssertionError(f"the daemon ended or said nothing: {data!r}")
        data += chunk
    return data


CLUSTER = None
if os.environ.get("JETON_TEST_STORE") == "postgres":
    try:
        CLUSTER = postgres.Cluster()
    except postgres.NoServer:
        sys.exit(postgres.NO_SERVER)


def store_of(folder):
    """The section `store` of a configuration over `folder`."""
    if CLUSTER is None:
        return {"path": os.path.join(folder, "jeton.db")}
    name = "f" + hashlib.sha256(os.path.abspath(folder).encode()).hexdigest()[:24]
    return {"postgres": CLUSTER.database(name)}


def start_like_dev(*args, env=None):
    """What `jetond dev` does, which knows SQLite alone, over PostgreSQL."""
    options = dict(zip(args[::2], args[1::2]))
    folder = options.pop("--dir", None) or tempfile.mkdtemp(prefix="jeton-flow-")
    algorithms = options.pop("--alg", "ES256").split(",")
    assert not options, options
    os.makedirs(folder, 0o700, exist_ok=True)
    address = f"127.0.0.1:{free_port()}"
    issuer = start_serve(write_config(folder, "http://" + address, listen=address, keys={
        "lead": "0s", "jitter": "0s", "algorithms": algorithms}), env)
    made = issuer.admin("POST", "/resources", {
        "identifier": PAYMENT, "alg": algorithms[0],
        "scopes": ["payments:read", "payments:write"]})
    assert made.status in (201, 409), made
    issuer.admin("DELETE", "/clients/cart-service")
    made = issuer.admin("POST", "/clients", {
        "name": "cart-service", "secret_name": "dev",
        "grants": [PAYMENT + "#payments:read", PAYMENT + "#payments:write"]})
    assert made.status == 201, made
    issuer.client_id, issuer.client_secret = (made.json()[name] for name in
                                              ("client_id", "client_secret"))
    return issuer


def start_dev(*args, env=None):
    if CLUSTER is not None:
        return start_like_dev(*args, env=env)
    daemon = Daemon(["dev", "--listen", "127.0.0.1:0", "-o", "json", *args], env,
                    stdout=subprocess.PIPE)
    try:
        told = json.loads(read_line(daemon.process.stdout))
    except AssertionError as error:
        daemon.stop()
        raise AssertionError(f"{error}\n{daemon.log()}") from None
    told["address"] = urllib.parse.urlsplit(told["issuer"]).netloc
    return Issuer(daemon, told)


KEK = bytes(range(64, 96)).hex()


SIGNER = os.environ.get("JETON_TEST_SIGNER", "local")


def write_config(folder, issuer="https://id.example.com", keys=None, **sections):
    """A configuration as JSON, which is YAML, over `folder`; its path."""
    config = {"issuer": issuer, "listen": "127.0.0.1:0",
              "admin": {"socket": os.path.join(folder, "admin.sock")},
              "store": store_of(folder),
              "keys": {"kek_file": os.path.join(folder, "kek"), "signer": SIGNER, **(keys or {})}}
    for name, value in sections.items():
        config[name] = {**config.get(name, {}), **value} if isinstance(value, dict) else value
    kek = os.path.join(folder, "kek")
    if not os.path.exists(kek):
        with open(kek, "w", encoding="ascii") as out:
            out.write(KEK)
        os.chmod(kek, 0o600)
    path = os.path.join(folder, "jetond.yaml")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(config, out, indent=1)
    return path


def start_serve(config, env=None):
    daemon = Daemon(["serve", "--config", config], env)
    ready = daemon.wait_log("ev=daemon.ready")
    said = dict(word.split("=", 1) for word in ready.split() if "=" in word)
    return Issuer(daemon, {"issuer": said["issuer"], "admin_socket": said["admin"],
                           "address": said["listen"],
                           "admin_listen": said.get("admin_listen", "")})


class Case(unittest.TestCase):
    """A folder for each test, daemons that are stopped and found clean."""

    maxDiff = None

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="jeton-flow-")
        self.addCleanup(shutil.rmtree, self.dir)

    def run_daemon(self, issuer):
        """Stops it at the test's end, with status 0."""
        self.addCleanup(self.stop, issuer)
        return issuer

    def stop(self, issuer):
        self.assertEqual(issuer.daemon.stop(), 0, issuer.daemon.log())
        self.assertFalse(os.path.exists(issuer.socket))


class DevCase(Case):
    """One `jetond dev` for all tests of the class."""

    args = ()

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-flow-")
        cls.issuer = start_dev("--dir", os.path.join(cls.home, "dev"), *cls.args)

    @classmethod
    def tearDownClass(cls):
        try:
            status = cls.issuer.daemon.stop()
            assert status == 0, f"exit status {status}\n" + cls.issuer.daemon.log()
        finally:
            shutil.rmtree(cls.home)

    def tearDown(self):
        self.issuer.daemon.assert_clean()

    def create(self, path, body):
        answer = self.issuer.admin("POST", path, body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def create_client(self, name, *grants, **more):
        """Its (client_id, client_secret)."""
        made = self.create("/clients", {"name": name, "grants": list(grants), **more})
        return made["client_id"], made["client_secret"]


class ServeCase(DevCase):
    """One `jetond serve` for all tests of the class, whose admin API is on TCP too."""

    keys, sections = {}, {}

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-flow-")
        config = write_config(cls.home, keys=cls.keys, admin={"listen": "127.0.0.1:0"},
                              **cls.sections)
        cls.issuer = start_serve(config)
        cls.issuer.admin("POST", "/resources", {
            "identifier": PAYMENT, "scopes": ["payments:read", "payments:write"]})
