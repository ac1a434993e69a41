# SPDX-License-Identifier: Apache-2.0
"""The sidecar's contract with proxies, over real sockets: what each of them sends, byte by byte, and
what it is answered. The proxies themselves are in tests/interop/proxies."""

import os
import re
import signal
import socket
import stat
import subprocess
import threading
import time
import unittest

from guard_harness import IDENTITY, JETON_GUARD, start_guard, write_guard_config
from harness import DEADLINE_S, PAYMENT, Case, ask, free_port, start_dev, until

RULES = [
    {"host": "api.example.com", "path": "/payments", "methods": ["GET"], "audience": PAYMENT,
     "any_of": ["payments:read"]},
    {"host": "api.example.com", "path": "/payments", "methods": ["POST"], "audience": PAYMENT,
     "all_of": ["payments:read", "payments:write"]},
    {"host": "api.example.com", "path": "/refunds", "audience": PAYMENT, "all_of": ["refunds:write"]},
    {"host": "api.example.com", "path": "/public", "public": True},
]


def config(issuer, rules=None, **more):
    return {"listen": "127.0.0.1:0", "ops": {"listen": "127.0.0.1:0"}, "wait": "10s",
            "issuers": [{"issuer": issuer}], "rules": RULES if rules is None else rules, **more}


def free_url():
    return f"http://127.0.0.1:{free_port()}"


class Guarded(Case):
    def guard_of(self, issuer, rules=None, **more):
        guard = start_guard(self.dir, config(issuer, rules, **more))
        self.addCleanup(self.stop_guard, guard)
        return guard

    def stop_guard(self, guard):
        self.assertEqual(guard.daemon.stop(), 0, guard.daemon.log())


class Answers(Guarded):
    def setUp(self):
        super().setUp()
        self.issuer = self.run_daemon(start_dev())
        self.token = self.issuer.token(resource=PAYMENT).json()["access_token"]
        self.reading = self.issuer.token(resource=PAYMENT,
                                         scope="payments:read").json()["access_token"]
        self.guard = self.guard_of(self.issuer.url, log={"level": "debug"})

    def assert_contract(self, answer, status, challenge=None):
        """Nothing but what the contract names; never a body."""
        self.assertEqual((answer.status, answer.body), (status, b""), answer)
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        self.assertEqual(answer.header("Content-Length"), "0")
        names = {name for name, _ in answer.headers} - {"Date", "Content-Length", "Cache-Control",
                                                         "Connection"}
        wanted = set(IDENTITY) if status == 200 else set()
        wanted |= {"WWW-Authenticate"} if challenge else set()
        self.assertEqual(names, wanted)
        if challenge:
            self.assertIn(challenge, answer.header("WWW-Authenticate"))

    def test_allow_tells_who_calls(self):
        answer = self.guard.authorize("/payments/1?a=b", token=self.token)
        self.assert_contract(answer, 200)
        self.assertEqual(answer.header("X-Auth-Client-Id"), self.issuer.client_id)
        self.assertEqual(answer.header("X-Auth-Subject"), self.issuer.client_id)
        self.assertEqual(answer.header("X-Auth-Scope"), "payments:read payments:write")
        self.assertEqual(answer.header("X-Auth-Audience"), PAYMENT)
        self.assertEqual(answer.header("X-Auth-Issuer"), self.issuer.url)
        self.assertRegex(answer.header("X-Auth-Token-Id"), r"\A[\w-]{20,}\Z")
        self.assertRegex(answer.header("X-Auth-Expires"), r"\A\d{10}\Z")
        self.guard.daemon.wait_log("ev=guard.allow", "client=" + self.issuer.client_id)
        self.assertNotIn(self.token[-20:], self.guard.daemon.log())

    def test_public_path_tells_nobody(self):
        for token in (None, self.token, "rubbish"):
            answer = self.guard.authorize("/public/x", token=token,
                                          headers={"X-Auth-Subject": "spoofed"})
            self.assert_contract(answer, 200)
            self.assertEqual({answer.header(name) for name in IDENTITY}, {""})

    def test_denied(self):
        rows = [(401, 'Bearer realm="api"', "missing_token", {"path": "/payments"}),
                (401, 'error="invalid_token"', "malformed", {"path": "/payments", "token": "x"}),
                (401, 'error="invalid_token"', "bad_signature",
                 {"path": "/payments", "token": self.token[:-8] + "AAAAAAAA"}),
                (403, 'scope="payments:read payments:write"', "insufficient_scope",
                 {"path": "/payments", "method": "POST", "token": self.reading}),
                (403, 'scope="refunds:write"', "insufficient_scope",
                 {"path": "/refunds", "token": self.token}),
                (403, None, "no rule",
                 {"path": "/payments", "method": "DELETE", "token": self.token}),
                (403, None, "no rule", {"path": "/", "token": self.token}),
                (403, None, "no rule",
                 {"path": "/payments", "token": self.token, "host": "example.com"})]
        for status, challenge, why, request in rows:
            with self.subTest(why):
                mark = self.guard.daemon.mark()
                self.assert_contract(self.guard.authorize(**request), status, challenge)
                self.guard.daemon.wait_log("ev=guard.deny", f"status={status}",
                                           why.split(" ", maxsplit=1)[0], since=mark)
        self.assert_contract(self.guard.authorize("/payments", "POST", token=self.token), 200)
        self.assert_contract(self.guard.authorize("/payments", host="API.example.com:443",
                                                  token=self.token), 200)

    def test_setting_that_the_proxy_lacks_is_told(self):
        whole = {"X-Original-Method": "GET", "X-Original-Host": "api.example.com",
                 "X-Original-URI": "/public"}
        for name in whole:
            lines = "".join(f"{n}: {v}\r\n" for n, v in whole.items() if n != name)
            mark = self.guard.daemon.mark()
            answer = self.guard.raw(b"GET /authorize/original HTTP/1.1\r\nHost: g\r\n" +
                                    lines.encode() + b"\r\n")
            self.assert_contract(answer, 403)
            self.guard.daemon.wait_log("ev=guard.proxy", f"proxy_set_header {name} ", since=mark)
        lines = "".join(f"{n}: {v}\r\n" for n, v in whole.items())
        for more, status in (("X-Original-URI: /public\r\n", 403), ("", 200)):
            answer = self.guard.raw((f"GET /authorize/original HTTP/1.1\r\nHost: g\r\n{lines}{more}"
                                     "\r\n").encode())
            self.assert_contract(answer, status)

    def test_empty_host_is_the_clients_doing(self):
        lines = "X-Original-Method: GET\r\nX-Original-URI: /public?code=hidden\r\n"
        for host, status in (("", 403), ("api.example.com", 200)):
            mark = self.guard.daemon.mark()
            answer = self.guard.raw((f"GET /authorize/original HTTP/1.1\r\nHost: g\r\n{lines}"
                                     f"X-Original-Host: {host}\r\n\r\n").encode())
            self.assert_contract(answer, status)
            if status == 403:
                said = self.guard.daemon.wait_log("ev=guard.deny", "method=GET", "path=/public ",
                                                  since=mark)
                self.assertNotIn("hidden", said)
        self.assertNotIn("ev=guard.proxy", self.guard.daemon.log())

    def test_refusal_says_what_was_refused(self):
        mark = self.guard.daemon.mark()
        self.assert_contract(self.guard.authorize("/public/../x?code=hidden", "PUT"), 403)
        said = self.guard.daemon.wait_log("ev=guard.deny", "method=PUT", "host=api.example.com",
                                          "path=/public/../x ", since=mark)
        self.assertNotIn("hidden", said)

    def test_refusals_of_the_server_are_counted(self):
        def counts():
            text = self.guard.ops("/metrics").body.decode()
            return {status: int(count) for status, count in
                    re.findall(r'^jeton_guard_requests_total\{status="(\d+)"\} (\d+)$', text, re.M)}
        before = counts()
        head = "GET /authorize/prefix/public HTTP/1.1\r\nHost: api.example.com\r\n"
        rows = [("404", "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"),
                ("400", head + "Host: again\r\n\r\n"),
                ("431", head + "X-Pad: " + "p" * 25000 + "\r\n\r\n"),
                ("200", head + "X-Pad: " + "p" * 15000 + "\r\n\r\n")]
        for status, data in rows:
            answer = self.guard.raw(data.encode())
            self.assertEqual((str(answer.status), answer.body), (status, b""))
        after = counts()
        self.assertEqual({status: after[status] - before[status] for status in after},
                         {"200": 1, "400": 1, "401": 0, "403": 0, "404": 1, "431": 1, "503": 0})

    def test_two_tokens_refused_by_the_front_door(self):
        head = ("GET /authorize/prefix/payments HTTP/1.1\r\nHost: api.example.com\r\n"
                f"Authorization: Bearer {self.token}\r\n")
        twice = head + "Authorization: Bearer x\r\n\r\n"
        self.assertEqual(self.guard.raw(twice.encode()).status, 400)
        self.assertEqual(self.guard.raw((head + "\r\n").encode()).status, 200)

    def test_body_never_waited_for(self):
        """nginx without Content-Length "" announces what it never sends."""
        head = ("GET /authorize/original HTTP/1.0\r\nHost: jeton_guard\r\n"
                "X-Original-Method: POST\r\nX-Original-Host: api.example.com\r\n"
                f"X-Original-URI: /payments\r\nAuthorization: Bearer {self.token}\r\n")
        for framing in ("Content-Length: 11\r\n", "Content-Length: 4294967296\r\n", ""):
            self.assert_contract(self.guard.raw((head + framing + "\r\n").encode()), 200)

    def test_paths_in_pairs(self):
        rows = [("/public/../payments", "/public/..payments"), ("/public//x", "/public/x"),
                ("/public/%2e%2e/x", "/public/%2e%2ex"), ("/public%2fx", "/public%2Dx/x"),
                ("/public/x;y", "/public/x,y"), ("/public/x%00", "/public/x%30"),
                ("/public/.", "/public/.x"), ("/public/%252e", "/public/%2Ex")]
        for bad, good in rows:
            self.assert_contract(self.guard.authorize(bad), 403)
            status = 403 if good == "/public%2Dx/x" else 200  # another path, no rule
            self.assert_contract(self.guard.authorize(good), status)

    # --- in the exact shape that those send that are not packaged for the tests ---

    def test_traefik(self):
        """ForwardAuth of Traefik 2 and 3: GET, all headers of the client, its own X-Forwarded-."""
        def sent(method, uri, *more):
            lines = ["GET /authorize/forwarded HTTP/1.1", f"Host: {self.guard.listen}",
                     "User-Agent: Go-http-client/1.1", "Accept: */*",
                     "X-Forwarded-Host: api.example.com", f"X-Forwarded-Method: {method}",
                     "X-Forwarded-Port: 443", "X-Forwarded-Proto: https",
                     "X-Forwarded-Server: 1b2c3d", f"X-Forwarded-Uri: {uri}",
                     "X-Forwarded-For: 192.0.2.1", "X-Real-Ip: 192.0.2.1", "Accept-Encoding: gzip",
                     *more]
            return self.guard.raw("\r\n".join(lines).encode() + b"\r\n\r\n")
        bearer = "Authorization: Bearer " + self.token
        self.assert_contract(sent("GET", "/payments", bearer), 200)
        self.assert_contract(sent("POST", "/payments?a=b", bearer, "Content-Type: a/b"), 200)
        self.assert_contract(sent("GET", "/payments"), 401, "Bearer")
        self.assert_contract(sent("GET", "/payments", "X-Original-URI: /public"), 401, "Bearer")
        self.assert_contract(sent("GET", "/payments", "X-Forwarded-Uri: /public"), 403)
        self.assert_contract(sent("GET", "/public"), 200)

    def test_envoy(self):
        """ext_authz over HTTP: the original method and path behind the prefix, no body."""
        def sent(method, path, *more):
            lines = [f"{method} /authorize/prefix{path} HTTP/1.1", "host: api.example.com",
                     "content-length: 0", "x-envoy-internal: true",
                     "x-forwarded-for: 192.0.2.1", "x-envoy-expected-rq-timeout-ms: 200", *more]
            return self.guard.raw("\r\n".join(lines).encode() + b"\r\n\r\n")
        bearer = "authorization: Bearer " + self.token
        self.assert_contract(sent("GET", "/payments?x=y", bearer), 200)
        self.assert_contract(sent("POST", "/payments", bearer), 200)
        self.assert_contract(sent("POST", "/payments"), 401, "Bearer")
        self.assert_contract(sent("DELETE", "/payments", bearer), 403)
        self.assert_contract(sent("GET", "/public/../payments", bearer), 403)
        self.assert_contract(sent("GET", "//public", bearer), 403)
        self.assert_contract(sent("GET", "/public", "x-original-method: DELETE"), 200)
        self.assertEqual(sent("GET", "").status, 404)

    def test_connection_is_kept(self):
        connection = self.guard.connect()
        self.addCleanup(connection.close)
        for _ in range(5):
            self.assertEqual(self.guard.authorize("/payments", token=self.token,
                                                  connection=connection).status, 200)
            self.assertEqual(self.guard.authorize("/nowhere", connection=connection).status, 403)

    def test_endpoints_of_operators_are_apart(self):
        for path in ("/metrics", "/readyz", "/livez", "/", "/authorize", "/authorize/"):
            connection = self.guard.connect()
            self.assertEqual(ask(connection, "GET", path).status, 404)
            connection.close()
        self.assertEqual(self.guard.ops("/authorize/original").status, 404)
        self.assertEqual(self.guard.ops("/livez").status, 200)
        self.assertEqual(self.guard.ops("/readyz").status, 200)
        self.assertEqual(self.guard.ops("/metrics", "POST").status, 405)

    def test_metrics_are_prometheus_text(self):
        self.guard.authorize("/payments", token=self.token)
        self.guard.authorize("/payments")
        self.guard.authorize("/nowhere")
        answer = self.guard.ops("/metrics")
        self.assertEqual(answer.header("Content-Type"),
                         "text/plain; version=0.0.4; charset=utf-8")
        text = answer.body.decode()
        for status, count in (("200", 1), ("401", 1), ("403", 1), ("503", 0)):
            self.assertIn(f'jeton_guard_requests_total{{status="{status}"}} {count}\n', text)
        self.assertRegex(text, r'jeton_guard_build_info\{version="[\d.]+"\} 1\n')
        self.assertIn('jeton_guard_reloads_total{result="done"} 0\n', text)
        names = re.findall(r"^# TYPE (\w+) (?:counter|gauge)$", text, re.M)
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(names, re.findall(r"^# HELP (\w+) \S.*\.$", text, re.M))
        for line in text.splitlines():
            self.assertRegex(line, r'\A(#.*|[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? -?\d+)\Z')


class Keys(Guarded):
    def test_missing_keys_are_503_until_they_come(self):
        issuer = self.run_daemon(start_dev())
        token = issuer.token(resource=PAYMENT).json()["access_token"]
        keys = issuer.get("/.well-known/jwks.json").body
        with socket.socket() as reserved:  # bound and not listening: a connection is refused
            reserved.bind(("127.0.0.1", 0))
            uri = f"http://127.0.0.1:{reserved.getsockname()[1]}/jwks"
            guard = self.guard_of("", wait="0s",
                                  issuers=[{"issuer": issuer.url, "jwks_uri": uri}])
            self.assertEqual(guard.authorize("/payments", token=token).status, 503)
            self.assertEqual(guard.authorize("/payments").status, 401)
            self.assertEqual(guard.authorize("/public").status, 200)
            self.assertEqual(guard.authorize("/nowhere").status, 403)
            ready = guard.ops("/readyz")
            self.assertEqual(ready.status, 503)
            self.assertIn(b"keys are missing\n", ready.body)
            self.assertEqual(guard.ops("/livez").status, 200)
            self.serve_keys(reserved, keys)
            until = time.monotonic() + DEADLINE_S
            while guard.ops("/readyz").status != 200:
                self.assertLess(time.monotonic(), until, guard.daemon.log())
                time.sleep(0.05)  # the next attempt is the guard's to choose
            self.assertEqual(guard.authorize("/payments", token=token).status, 200)

    def serve_keys(self, sock, keys):
        """Answers each request on `sock`, which listens from here on, with `keys`."""
        sock.listen()

        def serve():
            while True:
                try:
                    peer, _ = sock.accept()
                except OSError:
                    return  # closed: the test is over
                with peer:
                    peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n"
                                 b"\r\n" % len(keys) + keys)

        threading.Thread(target=serve, daemon=True).start()

    def test_missing_keys_answered_as_configured(self):
        issuer = self.run_daemon(start_dev())
        token = issuer.token(resource=PAYMENT).json()["access_token"]
        for setting, status in ((None, 503), ("503", 503), ("403", 403)):
            more = {} if setting is None else {"unavailable_status": setting}
            issuers = [{"issuer": issuer.url, "jwks_uri": free_url() + "/jwks"}]
            guard = self.guard_of(issuer.url, wait="0s", **more, issuers=issuers)
            answer = guard.authorize("/payments", token=token)
            self.assertEqual((answer.status, answer.header("WWW-Authenticate")), (status, None))
            guard.daemon.wait_log("ev=guard.deny", "why=no_keys")

    def test_keys_from_a_file(self):
        issuer = self.run_daemon(start_dev())
        token = issuer.token(resource=PAYMENT).json()["access_token"]
        path = os.path.join(self.dir, "jwks.json")
        with open(path, "wb") as out:
            out.write(issuer.get("/.well-known/jwks.json").body)
        guard = self.guard_of("", issuers=[{"issuer": issuer.url, "jwks_file": path}])
        self.assertEqual(guard.authorize("/payments", token=token).status, 200)
        self.assertEqual(guard.ops("/readyz").status, 200)


class Reload(Guarded):
    def setUp(self):
        super().setUp()
        self.issuer = self.run_daemon(start_dev())
        self.token = self.issuer.token(resource=PAYMENT).json()["access_token"]

    def reload(self, guard, wanted, *parts):
        mark = guard.daemon.mark()
        write_guard_config(self.dir, wanted)
        guard.daemon.process.send_signal(signal.SIGHUP)
        return lambda event: guard.daemon.wait_log("ev=" + event, *parts, since=mark)

    def config(self, guard, rules=None, **more):
        """As the guard runs, but for `rules` and `more`."""
        return config(self.issuer.url, rules, **more)

    def test_new_rules_are_in_force_and_no_request_is_dropped(self):
        guard = self.guard_of(self.issuer.url, http={"threads": 2})
        ended, failures, asked = threading.Event(), [], []

        def hammer():
            connection = guard.connect()
            while not ended.is_set():
                try:
                    status = guard.authorize("/payments", token=self.token,
                                             connection=connection).status
                    if status != 200:
                        failures.append(status)
                except OSError as error:
                    failures.append(error)
                    return
                asked.append(1)
            connection.close()

        threads = [threading.Thread(target=hammer) for _ in range(4)]
        for thread in threads:
            thread.start()
        for i in range(6):
            path = f"/made-{i}"
            self.assertEqual(guard.authorize(path).status, 403)
            rules = RULES + [{"path": path, "host": "api.example.com", "public": True}]
            self.reload(guard, self.config(guard, rules, http={"threads": 2}))("config.load")
            self.assertEqual(guard.authorize(path).status, 200)
            seen = len(asked) + len(threads)  # of what is answered next, so many were asked before
            until(lambda: len(asked) > seen or failures)  # pylint: disable=cell-var-from-loop
        ended.set()
        for thread in threads:
            thread.join(DEADLINE_S)
        self.assertEqual(failures, [])
        self.assertGreater(len(asked), 6)
        self.assertIn('jeton_guard_reloads_total{result="done"} 6',
                      guard.ops("/metrics").body.decode())

    def test_bad_file_keeps_the_old_one(self):
        guard = self.guard_of(self.issuer.url)
        rows = [("unknown key", self.config(guard, [{"pth": "/"}])),
                ("for the same host, path", self.config(guard, RULES + RULES[:1])),
                ("no rule takes tokens", self.config(guard, [{"public": True}])),
                ("not YAML", "rules: ["),
                ("https", self.config(guard, issuers=[{"issuer": "http://id.example.com"}]))]
        for part, wanted in rows:
            with self.subTest(part):
                self.reload(guard, wanted, part)("config.refuse")
                self.assertEqual(guard.authorize("/payments", token=self.token).status, 200)
        self.reload(guard, self.config(guard))("config.load")
        self.assertIn('jeton_guard_reloads_total{result="refused"} 5',
                      guard.ops("/metrics").body.decode())

    def test_key_that_needs_a_restart_is_named(self):
        guard = self.guard_of(self.issuer.url)
        self.reload(guard, self.config(guard, listen="127.0.0.1:1"),
                    "key=listen")("config.restart_needed")
        self.reload(guard, self.config(guard, http={"threads": 7}),
                    "key=http.threads")("config.restart_needed")
        self.assertEqual(guard.authorize("/payments", token=self.token).status, 200)

    def test_issuer_that_is_away_keeps_the_old_one(self):
        guard = self.guard_of(self.issuer.url)
        issuers = [{"issuer": self.issuer.url, "jwks_uri": free_url() + "/jwks"}]
        self.reload(guard, self.config(guard, issuers=issuers, wait="0s"),
                    "keys are missing")("config.refuse")
        self.assertEqual(guard.authorize("/payments", token=self.token).status, 200)
        self.assertEqual(guard.ops("/readyz").status, 200)

    def test_reload_waits_for_keys_whatever_the_start_does(self):
        guard = self.guard_of(self.issuer.url, wait="0s")
        until = time.monotonic() + DEADLINE_S
        while guard.ops("/readyz").status != 200:
            self.assertLess(time.monotonic(), until, guard.daemon.log())
            time.sleep(0.05)  # the first fetch is the guard's to begin
        self.reload(guard, self.config(guard, wait="0s"))("config.load")
        self.assertEqual(guard.authorize("/payments", token=self.token).status, 200)

    def test_log_level_changes(self):
        guard = self.guard_of(self.issuer.url)
        self.reload(guard, self.config(guard, log={"level": "debug"}))("config.load")
        guard.authorize("/payments", token=self.token)
        guard.daemon.wait_log("ev=guard.allow")


class Sockets(Guarded):
    def test_unix_sockets(self):
        issuer = self.run_daemon(start_dev())
        token = issuer.token(resource=PAYMENT).json()["access_token"]
        listen, ops = os.path.join(self.dir, "guard.sock"), os.path.join(self.dir, "ops.sock")
        guard = self.guard_of(issuer.url, listen=listen, mode="0666", ops={"listen": ops})
        self.assertEqual(guard.authorize("/payments", token=token).status, 200)
        self.assertEqual(guard.ops("/readyz").status, 200)
        self.assertEqual(stat.S_IMODE(os.stat(listen).st_mode), 0o666)
        self.assertEqual(stat.S_IMODE(os.stat(ops).st_mode), 0o660)
        self.assertEqual(guard.daemon.stop(), 0)
        self.assertFalse(os.path.exists(listen) or os.path.exists(ops))

    def test_request_in_flight_is_answered_at_the_end(self):
        issuer = self.run_daemon(start_dev())
        guard = self.guard_of(issuer.url)
        host, port = guard.listen.rsplit(":", 1)
        with socket.create_connection((host, int(port)), DEADLINE_S) as sock:
            sock.sendall(b"GET /authorize/prefix/public HTTP/1.1\r\n")
            guard.authorize("/public")
            guard.daemon.process.send_signal(signal.SIGTERM)
            guard.daemon.wait_log("ev=daemon.stop")
            try:
                sock.sendall(b"Host: api.example.com\r\n\r\n")
                data = sock.recv(12)
            except ConnectionError:
                data = b""  # its head was not whole: it may be cut
            self.assertIn(data, (b"", b"HTTP/1.1 200"))


class CommandLine(Guarded):
    def run_guard(self, *args):
        return subprocess.run([JETON_GUARD, *args], capture_output=True, timeout=DEADLINE_S,
                              check=False, text=True)

    def check(self, wanted):
        return self.run_guard("check", "--config", write_guard_config(self.dir, wanted))

    def test_version_and_help(self):
        self.assertRegex(self.run_guard("--version").stdout, r"\Ajeton-guard \d+\.\d+\.\d+\n\Z")
        shown = self.run_guard("--help")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        self.assertIn("jeton-guard serve --config FILE", shown.stdout)

    def test_wrong_use_is_told(self):
        for args in ((), ("serve",), ("check",), ("dance", "--config", "x"), ("--nonsense",),
                     ("check", "more", "--config", "x")):
            said = self.run_guard(*args)
            self.assertNotEqual(said.returncode, 0, args)
            self.assertEqual(said.stdout, "")
            self.assertIn("jeton-guard", said.stderr)

    def test_check_tells_the_first_thing_that_is_wrong(self):
        good = self.check(config("https://id.example.com"))
        self.assertEqual((good.returncode, good.stderr), (0, ""))
        self.assertTrue(good.stdout.endswith("guard.yaml: in order\n"), good.stdout)
        rows = [
            ("guard.yaml:3:5: unknown key 'rules[].audiense'; did you mean 'rules[].audience'?",
             "issuers: [{issuer: 'https://a'}]\nrules:\n  - audiense: x\n"),
            ("https", config("http://id.example.com")),
            ("nowhere.json", config("", issuers=[{"issuer": "https://a",
                                                  "jwks_file": self.dir + "/nowhere.json"}])),
            ("127.0.0.1", config("https://a", listen="127.0.0.1:x")),
            ("folder", config("https://a", ops={"listen": self.dir + "/none/ops.sock"})),
            ("both 127.0.0.1:1", config("https://a", listen="127.0.0.1:1",
                                        ops={"listen": "127.0.0.1:1"})),
            ("ca_file", config("https://a", ca_file=self.dir + "/none.pem")),
            ("no folder", config("", issuers=[{"issuer": "https://a",
                                               "jwks_cache": self.dir + "/none/c.json"}])),
            ("'*'", config("https://a", [{"path": "/admin/*", "audience": PAYMENT}])),
            ("/a?b", config("https://a", [{"path": "/a\nb", "audience": PAYMENT}]))]
        for part, wanted in rows:
            with self.subTest(part):
                said = self.check(wanted)
                self.assertEqual((said.returncode, said.stdout), (1, ""))
                self.assertIn(part, said.stderr)
                self.assertEqual(said.stderr.count("\n"), 1)

    def test_check_fetches_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0.2)
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            self.assertEqual(self.check(config(url)).returncode, 0)
            with self.assertRaises(TimeoutError):
                server.accept()

    def test_port_in_use_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"127.0.0.1:{server.getsockname()[1]}"
            path = write_guard_config(self.dir, config("https://a", listen=address))
            said = self.run_guard("serve", "--config", path)
        self.assertEqual(said.returncode, 1)
        self.assertIn(address, said.stderr)


if __name__ == "__main__":
    unittest.main()
