#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server of key sets that misbehaves as it is told, on a free port of 127.0.0.1. The first part of
a path is a case; what the case answers is set from outside and may be changed at any time:

    server = FaultServer()
    server.serve("a", "healthy", SET)       # GET /a/jwks.json gives SET
    server.serve("a", "hang")               # from now on nothing
    server.case("a").requests               # how many came

By hand, for any verifier: fault_server.py FAULT FILE tells its root and serves FILE with that fault.
Faults are the methods fault_... below; each gets the connection after the request's head was read."""

import gzip
import http
import socket
import ssl
import struct
import sys
import threading

BLOCK = b" " * 65536
HUGE = 100 * 1000 * 1000
SHUT_S = 60  # a peer that never closes


class Case:
    """What one path answers, and what was asked of it."""

    def __init__(self):
        self.fault, self.body, self.paths = "healthy", b"", {}
        self.requests, self.closed, self.sent = 0, 0, 0
        self.heads = []
        self.changed = threading.Condition()

    def await_requests(self, n, deadline_s):
        """True when the n-th request has come."""
        with self.changed:
            return self.changed.wait_for(lambda: self.requests >= n, deadline_s)


class FaultServer:
    """Listens from the start; TLS when `context` is one, which may be exchanged at any time."""

    def __init__(self, context=None):
        self.context = context
        self.cases, self.lock = {}, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.root = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def case(self, name):
        with self.lock:
            return self.cases.setdefault(name, Case())

    def serve(self, name, fault, body=None):
        """The case `name` has this fault from the next request on."""
        assert hasattr(self, "fault_" + fault), fault
        case = self.case(name)
        if fault == "gzip_bomb":  # seconds of work, not to be done while anybody measures
            body = gzip.compress(body + b" " * HUGE, 1)
        with case.changed:
            case.fault = fault
            case.body = case.body if body is None else body

    def serve_path(self, path, answer):
        """Exactly this path gives `answer`, whatever the fault of its case."""
        self.case(path.split("/")[1]).paths[path] = answer

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        try:
            connection.settimeout(SHUT_S)
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            self._answer(connection)
        except OSError:
            pass  # the peer had enough: what it is tested for
        finally:
            connection.close()

    def _answer(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            block = connection.recv(4096)
            if not block:
                return
            head += block
        path = head.split(b" ")[1].decode()
        case = self.case(path.split("/")[1])
        with case.changed:
            case.requests += 1
            case.heads.append(head.decode("latin-1"))
            fault, body = case.fault, case.body
            case.changed.notify_all()
        if path in case.paths:
            fault, body = "healthy", case.paths[path]
        try:
            getattr(self, "fault_" + fault)(connection, case, body)
        finally:
            with case.changed:
                case.closed += 1
                case.changed.notify_all()

    @staticmethod
    def _send(connection, case, data):
        connection.sendall(data)
        case.sent += len(data)

    def _respond(self, connection, case, body, status=200, headers=(), length=None):
        lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}", "Connection: close",
                 f"Content-Length: {len(body) if length is None else length}", *headers]
        self._send(connection, case, "\r\n".join([*lines, "", ""]).encode() + body)

    # the faults

    def fault_healthy(self, connection, case, body):
        self._respond(connection, case, body, headers=["Cache-Control: max-age=300"])

    def fault_hang(self, connection, _case, _body):
        """Not a byte, until the peer goes."""
        connection.recv(1)

    def fault_drip(self, connection, case, body):
        """The head, and then a byte a second."""
        self._respond(connection, case, b"", length=len(body))
        connection.settimeout(1)
        for at in range(len(body)):
            self._send(connection, case, body[at:at + 1])
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                pass

    def fault_reset(self, connection, _case, _body):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def fault_half(self, connection, case, body):
        self._respond(connection, case, body[:len(body) // 2], length=len(body))

    def fault_half_then_reset(self, connection, case, body):
        self.fault_half(connection, case, body)
        self.fault_reset(connection, case, body)

    def fault_status(self, connection, case, body):
        self._respond(connection, case, body, status=503)

    def fault_html(self, connection, case, _body):
        self._respond(connection, case, b"<!doctype html><title>Log in</title>",
                      headers=["Content-Type: text/html"])

    def fault_empty(self, connection, case, _body):
        self._respond(connection, case, b'{"keys":[]}')

    def fault_many_keys(self, connection, case, body):
        """10,000 times the keys of the set: 2 MB."""
        keys = body[body.index(b"[") + 1:body.rindex(b"]")]
        self._respond(connection, case, b'{"keys":[' + b",".join([keys] * 10000) + b"]}")

    def fault_many_small_keys(self, connection, case, body):
        """10,000 members that are no keys, and only then the set's: within the limit of bytes."""
        keys = body[body.index(b"[") + 1:body.rindex(b"]")]
        self._respond(connection, case, b'{"keys":[' + b"{}," * 10000 + keys + b"]}")

    def fault_huge(self, connection, case, body):
        """100 MB, of which the first bytes are a good set."""
        self._respond(connection, case, body, length=HUGE)
        for _ in range((HUGE - len(body)) // len(BLOCK) + 1):
            self._send(connection, case, BLOCK)

    def fault_gzip_bomb(self, connection, case, body):
        """A good set and 100 MB of spaces, packed; nobody asked for an encoding."""
        self._respond(connection, case, body, headers=["Content-Encoding: gzip"])

    def fault_redirect(self, connection, case, body):
        """To the URL that the body is."""
        self._respond(connection, case, b"", status=302, headers=["Location: " + body.decode()])


def tls_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def main():
    faults = sorted(name[6:] for name in dir(FaultServer) if name.startswith("fault_"))
    if len(sys.argv) != 3 or sys.argv[1] not in faults:
        sys.exit(f"usage: fault_server.py FAULT FILE; faults: {' '.join(faults)}")
    server = FaultServer()
    with open(sys.argv[2], "rb") as file:
        server.serve("", sys.argv[1], file.read())
        server.cases["jwks.json"] = server.case("")
    print(server.root + "/jwks.json", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
