# SPDX-License-Identifier: Apache-2.0
"""The middleware: by wsgiref and gunicorn over sockets, by a small ASGI driver; the examples."""

import asyncio
import http.client
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import unittest
import wsgiref.simple_server

from support import EXAMPLES, MODULE, PAYMENT, TokenCase, jeton

import harness

sys.path.insert(0, EXAMPLES)


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_args):
        pass


def send(port, *authorizations, method="GET", path="/"):
    """One request with these Authorization headers; the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for value in authorizations:
            connection.putheader("Authorization", value)
        connection.endheaders()
        response = connection.getresponse()
        return harness.Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


class Refusals:
    """What both kinds of middleware have to do. `ask(*authorizations)` gives an Answer."""

    def assert_refused(self, answer, http_status, name):
        self.assertEqual(answer.status, http_status, answer)
        self.assertEqual(answer.header("Content-Type"), "application/problem+json")
        self.assertEqual(int(answer.header("Content-Length")), len(answer.body))
        problem = answer.json()
        self.assertEqual((problem["status"], problem["error"]), (http_status, name))
        self.assertTrue(problem["detail"].endswith("."), problem)
        self.assertTrue(problem["title"], problem)
        challenge = answer.header("WWW-Authenticate")
        self.assertEqual(challenge is None, http_status >= 500)
        return challenge

    def test_good_token_comes_to_the_application(self):
        for scheme in ("Bearer", "bearer", "BEARER"):
            answer = self.ask(f"{scheme} {self.good}")
            self.assertEqual((answer.status, answer.body), (200, b"cart"), answer)

    def test_request_without_a_token_is_challenged(self):
        for authorizations in ((), ("",), ("Basic YTpi",)):
            challenge = self.assert_refused(self.ask(*authorizations), 401, "missing_token")
            self.assertEqual(challenge, 'Bearer realm="api"')

    def test_bad_token_is_refused_with_the_reason(self):
        challenge = self.assert_refused(self.ask(f"Bearer {self.bad}"), 401, "bad_signature")
        self.assertIn('error="invalid_token"', challenge)

    def test_two_authorization_headers_are_refused(self):
        for authorizations in ((f"Bearer {self.good}", f"Bearer {self.good}"),
                               (f"Bearer {self.bad}", f"Bearer {self.good}"),
                               (f"Bearer {self.good}, Bearer {self.bad}",)):
            challenge = self.assert_refused(self.ask(*authorizations), 400, "invalid_request")
            self.assertIn('error="invalid_request"', challenge)
        answer = self.ask("Basic YTpi", f"Bearer {self.good}")
        self.assertIn(answer.status, (400, 401), answer)

    def test_missing_scope_is_403_and_named(self):
        challenge = self.assert_refused(self.ask(f"Bearer {self.good}", all_of=["payments:write"]),
                                        403, "insufficient_scope")
        self.assertIn('scope="payments:write"', challenge)

    def test_no_keys_is_503_without_a_challenge(self):
        def fetch(_url, _max_body):
            raise OSError("no network")

        keyless = self.verifier(self.policy(jwks_file=None, jwks_uri="https://id.example.com/jwks"),
                                fetch=fetch)
        self.assert_refused(self.ask(f"Bearer {self.good}", verifier=keyless), 503, "no_keys")


class Wsgi(Refusals, TokenCase):
    """By wsgiref's server in a thread."""

    @staticmethod
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["jeton.token"].subject.encode()]

    def serve(self, app):
        server = wsgiref.simple_server.make_server("127.0.0.1", 0, app, handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()

        def stop():
            server.shutdown()
            thread.join()
            server.server_close()

        self.addCleanup(stop)
        return server.server_port

    def ask(self, *authorizations, verifier=None, method="GET", **asked):
        app = jeton.WSGIMiddleware(self.app, verifier or self.verifier(), **asked)
        return send(self.serve(app), *authorizations, method=method)

    def test_head_has_the_headers_alone(self):
        answer = self.ask(method="HEAD")
        self.assertEqual((answer.status, answer.body), (401, b""))
        self.assertEqual(answer.header("WWW-Authenticate"), 'Bearer realm="api"')

    def test_environ_s_own_token_is_overwritten(self):
        app = jeton.WSGIMiddleware(self.app, self.verifier())
        environ = {"REQUEST_METHOD": "GET", "jeton.token": None,
                   "HTTP_AUTHORIZATION": f"Bearer {self.good}"}
        self.assertEqual(list(app(environ, lambda *_: None)), [b"cart"])


def drive(app, scope, received):
    """Runs an ASGI application once; what it sent."""
    sent, waiting = [], list(received)

    async def receive():
        return waiting.pop(0)

    async def send_event(event):
        sent.append(event)

    asyncio.run(app(scope, receive, send_event))
    return sent


def answer_of(sent, kind="http.response"):
    start, body = sent
    assert (start["type"], body["type"]) == (kind + ".start", kind + ".body"), sent
    assert all(name == name.lower() for name, _ in start["headers"]), sent
    return harness.Answer(start["status"], [(name.decode(), value.decode("latin-1"))
                                            for name, value in start["headers"]], body["body"])


def http_scope(*authorizations, method="GET"):
    return {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "path": "/", "headers": [(b"host", b"a")] + [(b"authorization", value.encode("latin-1"))
                                                         for value in authorizations]}


class Asgi(Refusals, TokenCase):
    REQUEST = {"type": "http.request", "body": b"", "more_body": False}

    @staticmethod
    async def app(scope, receive, send_event):
        await receive()
        await send_event({"type": "http.response.start", "status": 200, "headers": []})
        await send_event({"type": "http.response.body",
                          "body": scope["jeton.token"].subject.encode()})

    def ask(self, *authorizations, verifier=None, method="GET", **asked):
        app = jeton.ASGIMiddleware(self.app, verifier or self.verifier(), **asked)
        return answer_of(drive(app, http_scope(*authorizations, method=method), [self.REQUEST]))

    def test_websocket_is_let_in_or_closed_before_it_is_accepted(self):
        async def app(scope, receive, send_event):
            await receive()
            await send_event({"type": "websocket.accept", "of": scope["jeton.token"].subject})

        guarded = jeton.ASGIMiddleware(app, self.verifier())
        scope = {"type": "websocket", "headers": http_scope(f"Bearer {self.good}")["headers"]}
        connect = [{"type": "websocket.connect"}]
        self.assertEqual(drive(guarded, scope, connect),
                         [{"type": "websocket.accept", "of": "cart"}])
        scope["headers"] = []
        self.assertEqual(drive(guarded, scope, connect),
                         [{"type": "websocket.close", "code": 1008}])
        scope["extensions"] = {"websocket.http.response": {}}
        self.assert_refused(answer_of(drive(guarded, scope, connect), "websocket.http.response"),
                            401, "missing_token")

    def test_lifespan_is_passed_on_and_what_is_unknown_is_not(self):
        async def app(scope, _receive, send_event):
            await send_event({"type": scope["type"]})

        guarded = jeton.ASGIMiddleware(app, self.verifier())
        self.assertEqual(drive(guarded, {"type": "lifespan"}, []), [{"type": "lifespan"}])
        with self.assertRaises(ValueError):
            drive(guarded, {"type": "telepathy"}, [])


class Examples(harness.DevCase):
    """docs/examples/python with tokens of a real issuer."""

    def setUp(self):
        super().setUp()
        os.environ.update(JETON_ISSUER=self.issuer.url, JETON_AUDIENCE=PAYMENT)

    def header(self, **fields):
        answer = self.issuer.token(resource=PAYMENT, **fields)
        self.assertEqual(answer.status, 200, answer)
        return "Bearer " + answer.json()["access_token"]

    def assert_api(self, port):
        """The example's answers."""
        answer = send(port, self.header(scope="payments:read"))
        self.assertEqual((answer.status, answer.json()["client"]),
                         (200, self.issuer.client_id), answer)
        self.assertEqual(send(port, self.header(), method="POST").status, 200)
        self.assertEqual(send(port, self.header(scope="payments:read"), method="POST").status, 403)
        self.assertEqual(send(port).status, 401)
        twice = self.header()
        self.assertEqual(send(port, twice, twice).status, 400)

    def start(self, *command):
        """A server in a process; it is stopped at the end."""
        process = subprocess.Popen(command, cwd=EXAMPLES, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT,
                                   env={**os.environ, "PYTHONPATH": MODULE,
                                        "PYTHONDONTWRITEBYTECODE": "1"})

        def stop():
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)

        self.addCleanup(stop)
        return process

    def wait_port(self, process):
        said = b""
        while not (told := re.search(rb"http://127\.0\.0\.1:(\d+)", said)):
            said += harness.read_line(process.stdout)
        return int(told.group(1))

    def test_wsgi_example_by_the_standard_library(self):
        process = self.start(sys.executable, "payment_wsgi.py", "0")
        self.assert_api(self.wait_port(process))

    def run_gunicorn(self, *more):
        if shutil.which("gunicorn") is None:
            self.skipTest("gunicorn is not installed (apt-get install gunicorn)")
        process = self.start("gunicorn", "--workers", "2", "--bind", "127.0.0.1:0", *more,
                             "payment_wsgi:app")
        port = self.wait_port(process)
        for _ in range(4):
            self.assert_api(port)

    def test_wsgi_example_by_gunicorn(self):
        self.run_gunicorn()

    @unittest.skipIf("ASAN_OPTIONS" in os.environ,
                     "AddressSanitizer does not survive a fork beside other threads")
    def test_wsgi_example_by_gunicorn_that_forks_after_loading(self):
        self.run_gunicorn("--preload")

    def test_asgi_example(self):
        example = importlib.import_module("payment_asgi")
        self.addCleanup(example.verifier.close)
        answer = answer_of(drive(example.app, http_scope(self.header()), [Asgi.REQUEST]))
        self.assertEqual((answer.status, answer.json()["client"]), (200, self.issuer.client_id))
        read = self.header(scope="payments:read")
        answer = answer_of(drive(example.app, http_scope(read), [Asgi.REQUEST]))
        self.assertEqual(answer.status, 403)


if __name__ == "__main__":
    unittest.main()
