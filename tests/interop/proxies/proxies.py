# SPDX-License-Identifier: Apache-2.0
"""A real proxy in front of a real application, asking a real jeton-guard about tokens of a real jetond:
proxies.py nginx|haproxy|caddy. The configurations are those of docs/integrations, with the addresses
replaced. Exit status 77 where the proxy is not installed. Needs JETOND, JETON, JETON_GUARD."""

import http.server
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, "tests", "flow"))

# pylint: disable=wrong-import-position
from guard_harness import IDENTITY, start_guard  # noqa: E402
from harness import DEADLINE_S, Case, Daemon, free_port, read_answer, start_dev  # noqa: E402

ISSUER, AUDIENCE = "https://id.example.com", "https://payment.example.com/api"


def blocks(page, language):
    """The fenced blocks of `language` in docs/integrations/`page`."""
    with open(os.path.join(ROOT, "docs", "integrations", page), encoding="utf-8") as text:
        found = re.findall(rf"^```{language}\n(.*?)^```$", text.read(), re.M | re.S)
    assert found, (page, language)
    return found


def replaced(text, **changes):
    """`text` with each address of the documentation replaced, which must be there."""
    for documented, real in changes.values():
        assert documented in text, documented
        text = text.replace(documented, real)
    return text


def spellings(name):
    """`name` with each '-' written as '-', '_' or '.', in all mixtures but the plain one."""
    parts = name.split("-")
    mixtures = itertools.product("-_.", repeat=len(parts) - 1)
    return ["".join(part + mark for part, mark in zip(parts, (*marks, "")))
            for marks in mixtures if set(marks) != {"-"}]


class Application(http.server.BaseHTTPRequestHandler):
    """Tells what it was sent: the identity headers, and how long the body was."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        length, body = int(self.headers.get("Content-Length") or 0), 0
        while body < length:
            body += len(self.rfile.read(min(65536, length - body)))
        self.server.seen.append((self.command, self.path))
        told = [f"{name}={value}" for name, value in self.headers.items()
                if re.sub(r"[^a-z0-9]", "-", name.lower()).startswith("x-auth-")]
        text = "\n".join([f"body={body}", *told]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def handle(self):
        try:
            super().handle()
        except ConnectionResetError:
            pass  # a proxy ends its idle connections as it likes

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Proxy(Case):
    """The tests; each subclass starts its proxy and says how it words what is not the guard's to say."""

    program = None
    unavailable = 503  # what a client gets while keys are missing
    away = 503         # ... and while there is no guard
    silent = 503       # ... and when it does not answer
    hop_refused = True  # what names identity headers in Connection
    timeouts = ()      # for the guard, as documented, and for a machine that is busy
    as_documented = False

    def setUp(self):
        super().setUp()
        self.application = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
        self.application.seen, self.application.daemon_threads = [], True
        threading.Thread(target=self.application.serve_forever, daemon=True).start()
        self.addCleanup(self.application.server_close)
        self.addCleanup(self.application.shutdown)
        self.port, self.guard_port = free_port(), free_port()
        self.issuer = self.run_daemon(start_dev())
        self.token = self.get_token()

    def get_token(self, scope=None):
        fields = {"resource": AUDIENCE, **({"scope": scope} if scope else {})}
        return self.issuer.token(**fields).json()["access_token"]

    def patience(self):
        return {} if self.as_documented else {pair[0]: pair for pair in self.timeouts}

    def addresses(self):
        return {"guard": ("127.0.0.1:9180", f"127.0.0.1:{self.guard_port}"),
                "application": ("127.0.0.1:8000",
                                f"127.0.0.1:{self.application.server_address[1]}")}

    def start_guard(self, issuer=None):
        """The guard of docs/integrations/README.md."""
        text = replaced(blocks("README.md", "yaml")[0],
                        issuer=(ISSUER, issuer or self.issuer.url),
                        listen=("127.0.0.1:9180", f"127.0.0.1:{self.guard_port}"),
                        ops=("127.0.0.1:9181", "127.0.0.1:0"), wait=("wait: 5s", "wait: 10s"))
        guard = start_guard(self.dir, text)
        self.addCleanup(guard.daemon.stop)
        return guard

    def start_proxy(self):
        """Started and listening; its configuration is of docs/integrations, but for how long the guard
        may take where that is not what is tested."""
        args = self.configure()
        log = open(os.path.join(self.dir, "proxy.log"), "wb")  # pylint: disable=consider-using-with
        self.addCleanup(log.close)
        process = subprocess.Popen(args, cwd=self.dir, stdout=log, stderr=log,
                                   env={**os.environ, "HOME": self.dir})
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        until = time.monotonic() + DEADLINE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), DEADLINE_S).close()
                return
            except OSError:
                self.assertLess(time.monotonic(), until, self.proxy_log())
                self.assertIsNone(process.poll(), self.proxy_log())
                time.sleep(0.02)  # until the port is taken: nothing else tells

    def proxy_log(self):
        with open(os.path.join(self.dir, "proxy.log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def start_all(self):
        self.guard = self.start_guard()
        self.start_proxy()

    def ask(self, method="GET", path="/payments", headers=(), body=b"", token=None,
            host="api.example.com"):
        """One request through the proxy, as it is."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        if token:
            lines.append("Authorization: Bearer " + token)
        if body:
            lines.append(f"Content-Length: {len(body)}")
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE_S) as sock:
            try:
                sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before it was all sent: the answer is there
            answer = read_answer(sock, method)
        self.assertIsNotNone(answer, self.proxy_log())
        return answer

    def told(self, answer):
        """What the application says of the identity headers that it got: {lower name: [values]}."""
        self.assertEqual(answer.status, 200, (answer, self.proxy_log()))
        found = {}
        for line in answer.body.decode().split("\n")[1:]:
            name, _, value = line.partition("=")
            found.setdefault(name.lower(), []).append(value)
        return {name: values for name, values in found.items() if values != [""]}

    def assert_denied(self, answer, *statuses):
        self.assertIn(answer.status, statuses, (answer, self.proxy_log()))
        self.assertEqual(self.application.seen, [])

    # --- what is let through, and what not ---

    def test_requests(self):
        self.start_all()
        with self.subTest("no token"):
            answer = self.ask()
            self.assert_denied(answer, 401)
            self.assertEqual(answer.header("WWW-Authenticate"), 'Bearer realm="api", scope="payments:read"')
        with self.subTest("a forged token"):
            answer = self.ask(token=self.token[:-4] + ("AAAA" if self.token[-4:] != "AAAA" else "BBBB"))
            self.assert_denied(answer, 401)
            self.assertIn('error="invalid_token"', answer.header("WWW-Authenticate"))
        with self.subTest("a scope that is missing"):
            answer = self.ask("POST", token=self.get_token("payments:read"), body=b"{}")
            self.assert_denied(answer, 403)
            self.assertIn('scope="payments:write"', answer.header("WWW-Authenticate"))
        with self.subTest("no rule for the method"):
            self.assert_denied(self.ask("DELETE", token=self.token), 403)
        with self.subTest("no rule for the host"):
            self.assert_denied(self.ask(token=self.token, host="other.example.com"), 403)
        with self.subTest("two tokens"):
            # the proxy may refuse them itself; nginx words the guard's 400 as 500
            headers = [("Authorization", "Bearer " + self.token)]
            self.assert_denied(self.ask(token=self.token, headers=headers), 400, 401, 403, 500, 503)
        with self.subTest("allowed"):
            self.assertEqual(self.told(self.ask(token=self.token))["x-auth-client-id"],
                             [self.issuer.client_id])
        with self.subTest("allowed by another method"):
            self.told(self.ask("POST", token=self.token, body=b"{}"))
        with self.subTest("HEAD as GET"):
            self.assertEqual(self.ask("HEAD", token=self.token).status, 200)
        self.guard.daemon.assert_clean()

    def test_identity_is_the_guards(self):
        self.start_all()
        spoofed = [(name, "spoofed") for name in IDENTITY]
        spoofed += [(name.lower(), "again") for name in IDENTITY]
        told = self.told(self.ask(token=self.token, headers=spoofed))
        self.assertEqual(set(told), {name.lower() for name in IDENTITY})
        self.assertEqual(told["x-auth-subject"], [self.issuer.client_id])
        self.assertEqual(told["x-auth-issuer"], [self.issuer.url])
        self.assertEqual(told["x-auth-audience"], [AUDIENCE])
        self.assertEqual(told["x-auth-scope"], ["payments:read payments:write"])
        self.assertNotIn("spoofed", str(told))
        # an application of CGI's descent reads X_Auth.Subject under the same name
        for name in IDENTITY:
            mixed = [(spelling, "spoofed") for spelling in spellings(name)]
            told = self.told(self.ask(token=self.token, headers=mixed))
            self.assertNotIn("spoofed", str(told))
            self.assertEqual(self.told(self.ask(path="/health", headers=mixed)), {})
        # a public path: nobody is told, whatever the client says
        self.assertEqual(self.told(self.ask(path="/health", headers=spoofed)), {})

    def test_connection_names_no_identity(self):
        """A hop that obeyed the client's Connection line would take the guard's headers away."""
        self.start_all()
        for value in ("X-Auth-Subject, x-auth-scope", "te,X-AUTH-SUBJECT"):
            answer = self.ask(token=self.token, headers=[("Connection", value)])
            if self.hop_refused:
                self.assert_denied(answer, 400)
            else:
                self.assertEqual(len(self.told(answer)), len(IDENTITY))
        answer = self.ask(token=self.token, headers=[("Connection", "te, X-Other")])
        self.assertEqual(len(self.told(answer)), len(IDENTITY))

    def test_request_is_the_clients(self):
        """No header of the client's makes the guard judge another request."""
        self.start_all()
        for name in ("X-Original-URI", "X-Forwarded-Uri", "X-Rewrite-Url"):
            self.assert_denied(self.ask(headers=[(name, "/health")]), 401, 403)
        for name in ("X-Original-Method", "X-Forwarded-Method", "X-HTTP-Method-Override"):
            self.assert_denied(self.ask("POST", token=self.get_token("payments:read"),
                                        headers=[(name, "GET")], body=b"{}"), 403)
        for name in ("X-Original-Host", "X-Forwarded-Host"):
            self.assert_denied(self.ask(host="other.example.com", token=self.token,
                                        headers=[(name, "api.example.com")]), 403)

    def test_paths(self):
        """What readers take differently is denied on public paths, too; its plain spelling is not."""
        self.start_all()
        for path in ("/health/../payments", "/health/%2e%2e/payments", "/health/..%2fpayments",
                     "/health//payments", "//payments", "/health;x/payments", "/health/.",
                     "/health%2f..%2fpayments", "/health/%5c..%5cpayments", "/health\\..\\payments"):
            with self.subTest(path):
                self.assert_denied(self.ask(path=path), 400, 401, 403, 404)
        self.assert_denied(self.ask(path="/%70ayments"), 401)
        self.assert_denied(self.ask(path="/healthy"), 403)
        self.told(self.ask(path="/health"))
        self.told(self.ask(path="/health/"))
        self.told(self.ask(path="/health/deep/%C3%A9?a=/../b"))
        self.told(self.ask(path="/%68ealth"))

    def test_large_body_passes(self):
        self.start_all()
        body = b"x" * (4 << 20 if self.program != "nginx" else 1 << 20)  # nginx's default limit
        answer = self.ask("POST", token=self.token, body=body)
        self.assertEqual(answer.status, 200, (answer, self.proxy_log()))
        self.assertIn(f"body={len(body)}\n".encode(), answer.body)

    def test_guard_away_denies(self):
        self.start_proxy()
        for token in (None, self.token):
            self.assert_denied(self.ask(token=token), self.away)
        self.assert_denied(self.ask(path="/health"), self.away)
        self.start_guard()
        # HAProxy and Caddy ask anew each time; nginx forgets the failure within ten seconds
        self.until_allowed()

    def test_guard_silent_denies(self):
        self.as_documented = True
        with socket.create_server(("127.0.0.1", self.guard_port)):  # takes, and is silent
            self.start_proxy()
            self.assert_denied(self.ask(token=self.token), self.silent)

    def until_allowed(self):
        until = time.monotonic() + DEADLINE_S
        while self.ask(token=self.token).status != 200:
            self.assertLess(time.monotonic(), until, self.proxy_log())
            time.sleep(0.1)

    def test_keys_missing_denies(self):
        self.guard = start_guard(self.dir, replaced(
            blocks("README.md", "yaml")[0], issuer=(ISSUER, f"http://127.0.0.1:{free_port()}"),
            listen=("127.0.0.1:9180", f"127.0.0.1:{self.guard_port}"),
            ops=("127.0.0.1:9181", "127.0.0.1:0"), wait=("wait: 5s", "wait: 0s")))
        self.addCleanup(self.guard.daemon.stop)
        self.start_proxy()
        self.assert_denied(self.ask(token=self.token), self.unavailable)
        self.assertEqual(self.guard.ops("/readyz").status, 503)
        self.told(self.ask(path="/health"))  # needs none


class Nginx(Proxy):
    program = "nginx"
    unavailable = away = silent = 500
    hop_refused = False
    timeouts = (("proxy_read_timeout 2s;", "proxy_read_timeout 30s;"),)

    def configure(self):
        text = replaced(blocks("nginx.md", "nginx")[0], **self.addresses(), **self.patience(),
                        listen=("listen 8080;", f"listen 127.0.0.1:{self.port};"))
        paths = "".join(f"{kind}_temp_path {self.dir}/{kind};\n" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        whole = (f"daemon off; master_process off; pid {self.dir}/pid; error_log stderr;\n"
                 f"events {{}}\nhttp {{\naccess_log off;\n{paths}\n{text}\n}}\n")
        return ["nginx", "-p", self.dir, "-e", "stderr", "-c", self.write("nginx.conf", whole)]


class Haproxy(Proxy):
    program = "haproxy"
    timeouts = (("timeout = 1000 }", "timeout = 30000 }"),)

    def configure(self):
        addresses = self.addresses()
        lua = self.write("jeton-guard.lua",
                         replaced(blocks("haproxy.md", "lua")[0], **self.patience()))
        text = replaced(blocks("haproxy.md", "haproxy")[0], **addresses,
                        bind=("bind :8080", f"bind 127.0.0.1:{self.port}"),
                        lua=("/etc/haproxy/jeton-guard.lua", lua))
        return ["haproxy", "-db", "-f", self.write("haproxy.cfg", text)]


class Caddy(Proxy):
    program = "caddy"
    away, silent = 502, 504
    timeouts = (("response_header_timeout 2s", "response_header_timeout 30s"),)

    def configure(self):
        text = replaced(blocks("caddy.md", "caddy")[0], **self.addresses(), **self.patience(),
                        listen=(":8080 {", f"http://:{self.port} {{"))
        return ["caddy", "run", "--adapter", "caddyfile",
                "--config", self.write("Caddyfile", text)]


KINDS = {"nginx": Nginx, "haproxy": Haproxy, "caddy": Caddy}


def main():
    kind = KINDS[sys.argv[1]]
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    os.environ["PATH"] = path
    if shutil.which(kind.program) is None:
        print(f"skipped: {kind.program} is not installed; packaging/dependencies.sh test installs it")
        sys.exit(77)
    del Proxy.program  # not a suite of its own
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(kind)
    if len(sys.argv) > 2:
        suite = unittest.TestSuite(test for test in suite if sys.argv[2] in test.id())
    done = unittest.TextTestRunner(verbosity=2).run(suite)
    sys.exit(0 if done.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
