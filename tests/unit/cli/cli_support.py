# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share: the program, and scripted servers that note what they
are asked. JETON names the program, JETON_SOURCE the source tree."""

import http.server
import json
import os
import re
import shutil
import socketserver
import subprocess
import tempfile
import threading
import unittest

JETON = os.environ["JETON"]
SOURCE = os.environ["JETON_SOURCE"]
PAYMENT = "https://payment.example.com/api"

with open(os.path.join(os.path.dirname(__file__), "tokens.json"), encoding="utf-8") as file:
    TOKENS = json.load(file)


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()


def run(*args, stdin=b"", env=None):
    """Runs jeton with an environment of `env` alone."""
    done = subprocess.run([JETON, *args], input=stdin, capture_output=True, timeout=20, check=False,
                          env={"PATH": os.environ["PATH"], **(env or {})})
    return Result(done)


def commands():
    """Every command that the overview names."""
    text = run("--help").out
    block = text.split("tells more):\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\S.*?)  ", block, re.M)


def own_options(command):
    """The options of a command that are not those of every command."""
    text = run(*command.split(), "--help").out
    own = re.search(r"\nOptions:\n(.*?)\nEverywhere:", text, re.S)
    return re.findall(r"^  (?:-\w, )?(--[a-z-]+)", own.group(1), re.M) if own else []


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers from server.script[(method, path)] = (status, body) and notes every request."""

    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "peer"

    def log_message(self, *_):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        self.server.requests.append((self.command, self.path, body, dict(self.headers)))
        status, answer = self.server.script.get(
            (self.command, self.path), (404, {"title": "Not Found", "detail": "no such object"}))
        if status == 0:  # hangs up without a word
            self.close_connection = True
            return
        data = answer if isinstance(answer, bytes) else b"" if answer is None else \
            json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if data:  # who reads an empty answer may have hung up already
            self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = answer


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("peer", 0)


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def serve(self, server):
        server.script, server.requests = {}, []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, mode)
        return path

    def check(self, result, code, out=None, err=None):
        """The exit status, the exact standard output, and a part of standard error."""
        self.assertEqual(result.code, code, result.out + result.err)
        if out is not None:
            self.assertEqual(result.out, out)
        if err is None:
            self.assertEqual(result.err, "")
        else:
            self.assertIn(err, result.err)
        if code != 0:
            self.assertRegex(result.err, r"(?m)^jeton: [^\n]+\n\Z")


class AdminCase(Case):
    """With a scripted admin server on a UNIX socket."""

    def setUp(self):
        super().setUp()
        self.socket = os.path.join(self.dir, "admin.sock")
        self.admin = self.serve(UnixServer(self.socket, Handler))

    def says(self, method, path, status, answer):
        self.admin.script[(method, "/admin/v1" + path)] = (status, answer)

    def jeton(self, *args, **more):
        return run("--socket", self.socket, *args, **more)

    def asked(self):
        """The requests since the last call: (method, path, JSON body or None)."""
        seen = [(method, path, json.loads(body) if body else None)
                for method, path, body, _ in self.admin.requests]
        self.admin.requests.clear()
        return seen
