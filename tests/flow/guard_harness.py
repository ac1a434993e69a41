# SPDX-License-Identifier: Apache-2.0
"""Runs the real jeton-guard for a test. JETON_GUARD names the program."""

import http.client
import json
import os
import socket

from harness import DEADLINE_S, Daemon, UnixConnection, ask, read_answer

JETON_GUARD = os.environ["JETON_GUARD"]
IDENTITY = ("X-Auth-Subject", "X-Auth-Client-Id", "X-Auth-Scope", "X-Auth-Audience",
            "X-Auth-Issuer", "X-Auth-Token-Id", "X-Auth-Expires")


class Guard:
    """A sidecar with its two listeners."""

    def __init__(self, daemon, listen, ops):
        self.daemon, self.listen, self.ops_address = daemon, listen, ops

    @staticmethod
    def connect_to(address):
        if "/" in address:
            return UnixConnection(address)
        host, port = address.rsplit(":", 1)
        return http.client.HTTPConnection(host, int(port), timeout=DEADLINE_S)

    def connect(self):
        return self.connect_to(self.listen)

    def ops(self, path, method="GET"):
        connection = self.connect_to(self.ops_address)
        try:
            return ask(connection, method, path)
        finally:
            connection.close()

    def raw(self, data, more=()):
        """Sends bytes as they are; the answer."""
        host, port = self.listen.rsplit(":", 1)
        with socket.create_connection((host, int(port)), DEADLINE_S) as sock:
            sock.sendall(data)
            for piece in more:
                sock.sendall(piece)
            return read_answer(sock)

    def authorize(self, path="/", method="GET", host="api.example.com", token=None, headers=(),
                  connection=None):
        """As nginx asks; `headers` are further ones."""
        told = {"X-Original-Method": method, "X-Original-Host": host, "X-Original-URI": path}
        if token is not None:
            told["Authorization"] = "Bearer " + token
        told.update(headers)
        own = connection or self.connect()
        try:
            return ask(own, "GET", "/authorize/original", None, told)
        finally:
            if connection is None:
                own.close()


def write_guard_config(folder, config):
    """`config`: text, or what becomes JSON, which is YAML; its path."""
    path = os.path.join(folder, "guard.yaml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(config if isinstance(config, str) else json.dumps(config, indent=1))
    return path


def start_guard(folder, config):
    daemon = Daemon(["serve", "--config", write_guard_config(folder, config)], program=JETON_GUARD)
    ready = daemon.wait_log("ev=daemon.ready")
    said = dict(word.split("=", 1) for word in ready.split() if "=" in word)
    return Guard(daemon, said["listen"], said["ops"])
