# SPDX-License-Identifier: Apache-2.0
"""Who asks the daemon something in the soak: each actor is a thread with a chance of its own, that does
one thing after another until it is told to stop, counts what was answered, and notes as a finding what
may not be."""

import errno
import http.client
import json
import random
import re
import signal
import socket
import struct
import sys
import threading
import time
import urllib.parse

from harness import FORM, PAYMENT, ask, basic, decode, segment

import soak_rows

STOCK = "https://stock.example.com/api"
PATIENCE_S = 120  # a daemon under a sanitizer on a busy machine; longer than any deadline of it
CANARY = b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SUNG = b'"token_endpoint"'  # stands in the canary's answer alone
LINE = re.compile(rb"^HTTP/1\.[01] (\d{3}) ", re.M)


class Actor(threading.Thread):
    """`name` in the counts; `pause_s` between two steps."""

    pause_s = 0

    def __init__(self, world, number):
        super().__init__(daemon=True)
        self.world, self.issuer = world, world.issuer
        self.random = random.Random(f"{world.seed}/{type(self).__name__}/{number}")
        self.kind, self.counts = type(self).__name__.lower(), {}

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def find(self, what):
        self.world.find(f"{self.kind}: {what}")

    def expect(self, answer, *statuses):
        """Counts the answer; whether it is one of these."""
        self.count(str(answer.status))
        if answer.status in statuses:
            return True
        self.find(f"{answer} is none of {statuses}")
        return False

    def step(self):
        raise NotImplementedError

    def run(self):
        while not self.world.stop.wait(self.pause_s):
            try:
                self.step()
            except Exception as error:  # pylint: disable=broad-exception-caught
                self.find(f"{type(error).__name__}: {error} (line {_line(sys.exc_info()[2])})")
                self.end()
        self.end()

    def end(self):
        pass


def _line(trace):
    while trace.tb_next is not None and "soak" in trace.tb_next.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    return trace.tb_lineno


# --- what is well formed ---


class Kept(Actor):
    """One that keeps its connection, and opens another when it was told close."""

    connection = None

    def ask(self, method, path, body=None, headers=None):
        kept = self.connection is not None
        if not kept:
            self.connection = self.issuer.connect()
            self.connection.timeout = PATIENCE_S
        try:
            answer = ask(self.connection, method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.end()
            if not kept:
                raise
            self.count("closed")  # as it stood without a request for too long: asked again
            return self.ask(method, path, body, headers)
        if (answer.header("Connection") or "").lower() == "close" or self.random.random() < 0.02:
            self.end()
        return answer

    def end(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Tokens(Kept):
    def step(self):
        client = self.random.choice(self.world.clients)
        resource, scopes = self.random.choice([(PAYMENT, ["payments:read", "payments:write"]),
                                               (STOCK, ["stock:read"])])
        form = [("grant_type", "client_credentials"), ("resource", resource)]
        if self.random.random() < 0.5:
            form.append(("scope", self.random.choice(scopes)))
        headers = {"Content-Type": FORM}
        if self.random.random() < 0.5:
            headers["Authorization"] = basic(*client)
        else:
            form += [("client_id", client[0]), ("client_secret", client[1])]
        answer = self.ask("POST", "/oauth2/token", urllib.parse.urlencode(form).encode(), headers)
        if self.expect(answer, 200):
            claims = decode(answer.json()["access_token"])[1]
            if (claims["aud"], claims["client_id"]) != (resource, client[0]):
                self.find(f"{claims} is not for {client[0]} at {resource}")


class Documents(Kept):
    """The key set, asked for anew and with its ETag, and the metadata."""

    etag = None

    def step(self):
        path = self.random.choice(["jwks.json", "jwks.json", "openid-configuration",
                                   "oauth-authorization-server"])
        known = self.etag if path == "jwks.json" and self.random.random() < 0.5 else None
        answer = self.ask("GET", "/.well-known/" + path, None,
                          {"If-None-Match": known} if known else {})
        if not self.expect(answer, 200, *([304] if known else [])) or answer.status == 304:
            return
        told = answer.json()
        if path == "jwks.json":
            self.etag = answer.header("ETag")
            if not told["keys"] or any("d" in key for key in told["keys"]):
                self.find(f"served {told}")
        elif told["issuer"] != self.issuer.url:
            self.find(f"served {told}")


class Refused(Kept):
    """Requests that HTTP lets through and OAuth does not."""

    def rows(self):
        client_id, secret = self.random.choice(self.world.clients)
        right = {"Content-Type": FORM, "Authorization": basic(client_id, secret)}
        wrong = {**right, "Authorization": basic(client_id, secret[:-1] + "~")}
        nobody = {**right, "Authorization": basic("nobody", secret)}
        grant = "grant_type=client_credentials"
        noise = bytes(self.random.randrange(256) for _ in range(self.random.randrange(300)))
        return [
            (401, "POST", grant, wrong), (401, "POST", grant, nobody),
            (401, "POST", grant, {**right, "Authorization": "Basic " + "A" * 3000}),
            (400, "POST", f"{grant}&client_id={client_id}&client_secret=x", {"Content-Type": FORM}),
            (400, "POST", grant + "&resource=https%3A%2F%2Fnowhere.example.com", right),
            (400, "POST", f"{grant}&{grant}", right), (400, "POST", "", right),
            (400, "POST", "grant_type=password&username=a&password=b", right),
            (400, "POST", grant + "&scope=%00", right), (400, "POST", grant + "&scope=a%22b", right),
            (400, "POST", f"{grant}&scope=nothing&resource={segment(PAYMENT)}", right),
            (415, "POST", "{}", {**right, "Content-Type": "application/json"}),
            (413, "POST", "x" * 200000, right), (405, "GET", None, {}), (405, "PUT", None, {}),
            (400, "POST", noise, right),
        ]

    def step(self):
        status, method, body, headers = self.random.choice(self.rows())
        body = body.encode() if isinstance(body, str) else body
        answer = self.ask(method, "/oauth2/token", body, headers)
        if self.expect(answer, status) and "access_token" in answer.body.decode("utf-8", "replace"):
            self.find(f"a token for {method} {body!r}")


# --- bytes as they are ---


class Raw(Actor):
    """What the framing tests send, whole or in pieces, with a canary behind it."""

    def __init__(self, world, number):
        super().__init__(world, number)
        self.bad, self.others = soak_rows.read()

    def talk(self, data, close_half=False):
        """All that comes back, until the daemon ends the connection."""
        got = b""
        with socket.create_connection((self.issuer.host, self.issuer.port), PATIENCE_S) as sock:
            try:
                at = 0
                while at < len(data):
                    n = len(data) if self.random.random() < 0.5 else self.random.randrange(1, 64)
                    sock.sendall(data[at:at + n])
                    at += n
                if close_half:
                    sock.shutdown(socket.SHUT_WR)
                while piece := sock.recv(65536):
                    got += piece
            except OSError as error:
                if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
                    raise
                self.count("reset")  # refused before it was all read
        statuses = [int(status) for status in LINE.findall(got)]
        for status in statuses or ["none"]:
            self.count(str(status))
            if status in range(500, 600) and status != 505:
                self.find(f"{data!r} got {got[:300]!r}")
        return got

    def step(self):
        name, request = self.random.choice(self.bad)
        if SUNG in self.talk(request + CANARY):
            self.find(f"{name}: what stands behind it was served")
        self.talk(self.random.choice(self.others)[1] + CANARY)


class Broken(Raw):
    """A right token request in which bytes were put in, taken away or replaced."""

    def step(self):
        body = f"grant_type=client_credentials&resource={segment(PAYMENT)}"
        head = (f"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: {FORM}\r\nAuthorization: "
                f"{basic(*self.random.choice(self.world.clients))}\r\nContent-Length: {len(body)}\r\n\r\n")
        data = bytearray((head + body).encode())
        for _ in range(self.random.choice([1, 1, 1, 2, 8])):
            at, byte = self.random.randrange(len(data)), self.random.choice(b"\0\r\n :;,%&=+\x80\xff\x7f0a/")
            data[at:at + self.random.choice([0, 1])] = b"" if self.random.random() < 0.2 else bytes([byte])
        self.talk(bytes(data) + CANARY, close_half=self.random.random() < 0.7)


class Slow(Actor):
    """Connections that dawdle, stop half-way, do not read, or are torn down."""

    def request(self):
        body = b"grant_type=client_credentials"
        return (f"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: {FORM}\r\nContent-Length: "
                f"{len(body)}\r\nX: {'x' * 200}\r\n\r\n").encode() + body

    def dawdle(self, sock):
        """A byte after the other; the daemon's deadline ends it."""
        sock.settimeout(0.02)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for byte in self.request():
                sock.send(bytes([byte]))
                try:
                    if not sock.recv(65536):
                        return
                except TimeoutError:
                    pass
        self.find("a request of a byte at a time goes on for ever")

    def stop_half_way(self, sock):
        sock.sendall(self.request()[:self.random.randrange(len(self.request()))])
        if self.random.random() < 0.5:
            sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass

    def read_nothing(self, sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(0.2)
        try:
            for _ in range(3000):
                sock.sendall(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n")
        except TimeoutError:
            self.count("full")
        sock.settimeout(PATIENCE_S)
        for _ in range(self.random.choice([0, 0, 100])):
            if not sock.recv(65536):
                return

    def tear_down(self, sock):
        sock.sendall(self.request()[:self.random.randrange(1, len(self.request()))])
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def say_nothing(self, sock):
        while sock.recv(65536):
            pass

    def step(self):
        how = self.random.choice([self.dawdle, self.stop_half_way, self.stop_half_way,
                                  self.read_nothing, self.tear_down, self.tear_down, self.say_nothing])
        with socket.create_connection((self.issuer.host, self.issuer.port), PATIENCE_S) as sock:
            try:
                how(sock)
            except OSError as error:
                if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
                    raise
        self.count(how.__name__.replace("_", " "))


# --- the operator ---


class Admin(Actor):
    """Makes, changes and takes away; right and wrong."""

    pause_s = 0.01

    def __init__(self, world, number):
        super().__init__(world, number)
        self.number, self.made = number, 0

    def call(self, method, path, body=None, *statuses):
        answer = self.issuer.admin(method, path, body)
        return answer if self.expect(answer, *statuses) else None

    def life(self):
        """Of a client, with all that can be done to one."""
        self.made += 1
        name = f"soak-{self.number}-{self.made}"
        if self.call("POST", "/clients", {"name": name, "grants": [PAYMENT + "#payments:read"]}, 201):
            self.call("POST", f"/clients/{name}/secrets", {"name": "second"}, 201)
            self.call("PATCH", f"/clients/{name}", {"labels": {"made": str(self.made)}}, 200)
            self.call("POST", f"/clients/{name}/roles", {"roles": ["reader"]}, 200)
            self.call("POST", f"/clients/{name}/subscriptions", {"product": "basic"}, 200)
            self.call("PATCH", f"/clients/{name}", {"enabled": False}, 200)
            self.call("DELETE", f"/clients/{name}", None, 204)

    def apply(self):
        """Many at once, then gone."""
        self.made += 1
        names = [f"many-{self.number}-{self.made}-{i}" for i in range(20)]
        lines = "".join(json.dumps({"kind": "client", "name": name, "grants": [STOCK + "#stock:read"]})
                        + "\n" for name in names).encode()
        answer = self.issuer.admin("POST", "/apply", lines, headers={
            "Content-Type": "application/x-ndjson"})
        self.expect(answer, 200)
        for name in names:
            self.call("DELETE", f"/clients/{name}", None, 204)

    def look(self):
        path = self.random.choice(["/clients", "/clients?limit=3", "/keys", "/keys/reach", "/kek",
                                   "/resources", "/roles", "/products", "/openapi.json"])
        self.call("GET", path, None, 200)
        for path in ("/metrics", "/livez", "/readyz"):
            self.expect(self.issuer.admin("GET", path, prefix=""), 200)

    def err(self):
        noise = bytes(self.random.randrange(256) for _ in range(self.random.randrange(200)))
        method, path, body, statuses = self.random.choice([
            ("POST", "/clients", noise, (400,)), ("POST", "/clients", {"name": 7}, (422,)),
            ("POST", "/clients", {"name": "x", "grants": ["https://nowhere.example.com"]}, (422,)),
            ("POST", "/clients", b'{"name":"x","name":"y"}', (400,)),
            ("POST", "/clients", b"[" * 5000, (400,)), ("POST", "/clients", b"\xff", (400,)),
            ("GET", "/clients/nobody", None, (404,)), ("DELETE", "/roles/reader", None, (409,)),
            ("GET", "/clients?limit=-1", None, (422,)), ("POST", "/keys/nothing/revoke", {}, (404,)),
            ("POST", "/keys/rotate", {"alg": "HS256"}, (422,)), ("PUT", "/clients", {}, (405,)),
            ("GET", "/" + urllib.parse.quote_from_bytes(noise[:40], safe=""), None, (400, 404))])
        self.call(method, path, body, *statuses)

    def step(self):
        self.random.choice([self.life, self.apply, self.look, self.look, self.err, self.err, self.err])()


class Keys(Actor):
    """Rotates, and revokes what has retired so that the set stays small."""

    pause_s = 0.5

    def step(self):
        answer = self.issuer.admin("POST", "/keys/rotate", {"alg": "ES256"})
        if self.expect(answer, 200):
            old = [key["kid"] for key in answer.json()["items"] if key["state"] == "retiring"]
            for kid in old[4:]:
                self.expect(self.issuer.admin("POST", f"/keys/{kid}/revoke", {}), 200)


class Reloads(Actor):
    """SIGHUP over files that differ, are broken, and are as they were."""

    pause_s = 0.3

    def step(self):
        how = self.random.choice(list(self.world.configs))
        with open(self.world.config, "w", encoding="utf-8") as out:
            out.write(self.world.configs[how])
        mark = self.issuer.daemon.mark()
        self.issuer.daemon.process.send_signal(signal.SIGHUP)
        self.issuer.daemon.wait_log("ev=config.", since=mark)
        self.count(how)
