# SPDX-License-Identifier: Apache-2.0
"""Signals and restarts: SIGTERM drains, SIGHUP reloads, what was made is there again."""

import http.client
import os
import re
import signal
import socket
import subprocess
import time
import unittest

from harness import (DEADLINE_S, FORM, PAYMENT, Case, Daemon, ask, basic, decode, read_answer,
                     read_line, start_dev, start_serve, until, write_config)


class Served(Case):
    def serve(self, **config):
        """A daemon with one resource and one client."""
        issuer = start_serve(write_config(self.dir, **config))
        if issuer.admin("GET", "/clients/cart").status == 404:
            issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})
            made = issuer.admin("POST", "/clients", {"name": "cart", "grants": [PAYMENT + "#r"]})
            self.client = (made.json()["client_id"], made.json()["client_secret"])
        issuer.client_id, issuer.client_secret = self.client
        return issuer

    def begin_request(self, issuer):
        """A token request whose head the daemon has seen, and its body, yet to be sent."""
        body = b"grant_type=client_credentials"
        sock = socket.create_connection((issuer.host, issuer.port), DEADLINE_S)
        self.addCleanup(sock.close)
        sock.sendall((f"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
                      f"Authorization: {basic(*self.client)}\r\nExpect: 100-continue\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n").encode())
        seen = b""
        while b"\r\n\r\n" not in seen:
            seen += sock.recv(1024)
        self.assertRegex(seen, rb"\AHTTP/1.1 100 ")
        return sock, body


class Stop(Served):
    def test_sigterm_drains_a_request_in_flight(self):
        issuer = self.serve()
        sock, body = self.begin_request(issuer)
        sock.sendall(body[:5])
        issuer.daemon.process.send_signal(signal.SIGTERM)
        issuer.daemon.wait_log("ev=daemon.stop")
        self.wait_closed(issuer)
        sock.sendall(body[5:])
        answer = read_answer(sock)
        self.assertIsNotNone(answer)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.header("Connection").lower(), "close")
        decode(answer.json()["access_token"])
        self.stop(issuer)

    def wait_closed(self, issuer):
        """No new connection is taken."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            try:
                socket.create_connection((issuer.host, issuer.port), DEADLINE_S).close()
            except OSError:
                return
        self.fail("it goes on accepting")

    def test_sigterm_idle_connections_do_not_keep_it(self):
        issuer = self.serve(http={"drain": "1h", "idle": "1h"})
        connections = [issuer.connect() for _ in range(5)]
        for connection in connections:
            self.assertEqual(issuer.token(connection=connection).status, 200)
            self.addCleanup(connection.close)
        self.stop(issuer)

    def test_sigterm_cuts_what_outlasts_the_drain(self):
        issuer = self.serve(http={"drain": "0s", "deadline": "1h"})
        sock, _ = self.begin_request(issuer)
        self.stop(issuer)
        self.assertIsNone(read_answer(sock))

    def test_sigint_ends_it_too(self):
        issuer = self.serve()
        self.assertEqual(issuer.daemon.stop(signal.SIGINT), 0)
        self.assertFalse(os.path.exists(issuer.socket))

    def test_clients_that_leave_do_no_harm(self):
        issuer = self.run_daemon(self.serve())
        for _ in range(20):
            sock, body = self.begin_request(issuer)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.sendall(body)
            sock.close()  # with a reset, while the answer is made
        self.assertEqual(issuer.token().status, 200)
        issuer.daemon.assert_clean()


class Reload(Served):
    def reload(self, issuer, event, /, *parts, **config):
        """Writes the file anew, sends SIGHUP, waits for the log line of `event`."""
        mark = issuer.daemon.mark()
        write_config(self.dir, **config)
        issuer.daemon.process.send_signal(signal.SIGHUP)
        return issuer.daemon.wait_log("ev=" + event, *parts, since=mark)

    def max_age(self, issuer):
        return issuer.get("/.well-known/jwks.json").header("Cache-Control")

    def test_reload_changes_what_it_can(self):
        issuer = self.run_daemon(self.serve())
        self.assertEqual(self.max_age(issuer), "public, max-age=300")
        self.reload(issuer, "config.load", jwks={"max_age": "1m"}, log={"level": "debug"})
        self.assertEqual(self.max_age(issuer), "public, max-age=60")
        document = issuer.get("/.well-known/oauth-authorization-server")
        self.assertEqual(document.header("Cache-Control"), "public, max-age=60")
        issuer.token()
        issuer.daemon.wait_log("ev=token.issue")
        # quiet: the reload itself is told before, or not at all; the header tells that it is done
        mark = issuer.daemon.mark()
        write_config(self.dir, jwks={"max_age": "2m"}, log={"level": "error"})
        issuer.daemon.process.send_signal(signal.SIGHUP)
        until(lambda: self.max_age(issuer) == "public, max-age=120")
        until(lambda: self.silent_token(issuer))
        self.assertNotIn("ev=token.refuse", "\n".join(issuer.daemon.lines[mark:]))

    def silent_token(self, issuer):
        """Was nothing logged of a token? What a later line of another level proves."""
        mark = issuer.daemon.mark()
        self.assertEqual(issuer.token().status, 200)
        self.reload(issuer, "config.refuse", keys={"peroid": "1d"})
        return "ev=token.issue" not in "\n".join(issuer.daemon.lines[mark:])

    def test_bad_file_keeps_the_old_one(self):
        issuer = self.run_daemon(self.serve(jwks={"max_age": "1m"}))
        line = self.reload(issuer, "config.refuse", "peroid", jwks={"max_age": "2m"},
                           keys={"peroid": "1d"})
        self.assertIn("jetond.yaml:", line)
        self.assertEqual(self.max_age(issuer), "public, max-age=60")
        self.assertEqual(issuer.token().status, 200)
        self.reload(issuer, "config.load", jwks={"max_age": "2m"})
        self.assertEqual(self.max_age(issuer), "public, max-age=120")

    def test_missing_file_keeps_the_old_one(self):
        issuer = self.run_daemon(self.serve())
        mark = issuer.daemon.mark()
        os.unlink(os.path.join(self.dir, "jetond.yaml"))
        issuer.daemon.process.send_signal(signal.SIGHUP)
        issuer.daemon.wait_log("ev=config.refuse", since=mark)
        self.assertEqual(issuer.token().status, 200)

    def test_key_that_needs_a_restart_is_named(self):
        issuer = self.run_daemon(self.serve())
        rows = [({"issuer": "https://other.example.com"}, "issuer"),
                ({"listen": "127.0.0.1:1"}, "listen"), ({"http": {"threads": 7}}, "http.threads"),
                ({"admin": {"mode": "0660"}}, "admin.mode")]
        for change, key in rows:
            with self.subTest(key):
                self.reload(issuer, "config.restart_needed", "key=" + key + " ",
                            jwks={"max_age": "1m"}, **change)
                self.assertEqual(self.max_age(issuer), "public, max-age=300")  # all or nothing

    def test_new_algorithm_is_published_at_once(self):
        issuer = self.run_daemon(self.serve())
        self.reload(issuer, "config.load", keys={"algorithms": ["ES256", "EdDSA"]})
        until(lambda: len(issuer.jwks()) == 3)
        states = {(key["alg"], key["state"]) for key in issuer.keys()}
        self.assertEqual(states, {("ES256", "active"), ("ES256", "next"), ("EdDSA", "next")})
        refused = issuer.admin("POST", "/resources", {"identifier": "urn:ed", "alg": "EdDSA"})
        self.assertEqual((refused.status, refused.json()["member"]), (422, "alg"))
        document = issuer.get("/.well-known/openid-configuration").json()
        self.assertEqual(document["id_token_signing_alg_values_supported"], ["ES256", "EdDSA"])

    def test_algorithm_that_is_named_no_more_goes_on_until_retired(self):
        issuer = self.run_daemon(self.serve(keys={"algorithms": ["ES256", "EdDSA"]}))
        ed = {"identifier": "urn:ed", "alg": "EdDSA"}
        retire = ("DELETE", "/keys/algorithms/EdDSA")
        self.assertEqual(issuer.admin("POST", "/resources", ed).status, 201)
        self.assertEqual(issuer.admin(*retire).status, 409)  # the configuration names it
        self.reload(issuer, "config.load", keys={"algorithms": ["ES256"]})
        self.assertEqual(issuer.token().status, 200)
        self.assertIn("urn:ed", issuer.admin(*retire).json()["detail"])
        self.assertEqual(issuer.admin("PATCH", "/resources/urn:ed", {"alg": None}).status, 200)
        self.assertEqual(issuer.admin(*retire).status, 200)
        self.assertEqual(issuer.token().status, 200)


class Restart(Served):
    def test_keys_and_clients_are_there_again(self):
        issuer = self.serve()
        token, keys = issuer.token(), issuer.keys()
        clients = issuer.admin("GET", "/clients").json()
        self.stop(issuer)
        issuer = self.run_daemon(self.serve())
        self.assertEqual(issuer.keys(), keys)
        self.assertEqual(issuer.admin("GET", "/clients").json(), clients)
        after = issuer.token()
        self.assertEqual(decode(after.json()["access_token"])[0],
                         decode(token.json()["access_token"])[0])

    def test_killed_daemon_starts_again(self):
        issuer = self.serve()
        keys = issuer.keys()
        self.assertEqual(issuer.daemon.stop(signal.SIGKILL), -signal.SIGKILL)
        self.assertTrue(os.path.exists(issuer.socket))  # left behind, and replaced
        issuer = self.run_daemon(self.serve())
        self.assertEqual(issuer.keys(), keys)
        self.assertEqual(issuer.token().status, 200)


class Dev(Case):
    def test_same_folder_twice(self):
        folder = os.path.join(self.dir, "dev")
        first = start_dev("--dir", folder)
        keys = first.keys()
        self.assertEqual(first.token().status, 200)
        self.stop(first)
        second = self.run_daemon(start_dev("--dir", folder))
        self.assertEqual(second.keys(), keys)
        self.assertEqual(second.token(resource=PAYMENT).status, 200)
        clients = second.admin("GET", "/clients").json()["items"]
        self.assertEqual([client["name"] for client in clients], ["cart-service"])

    def test_same_folder_at_once_is_refused(self):
        folder = os.path.join(self.dir, "dev")
        first = self.run_daemon(start_dev("--dir", folder))
        with self.assertRaises(AssertionError) as refused:
            start_dev("--dir", folder)
        self.assertIn("jetond: ", str(refused.exception))
        self.assertEqual(first.token().status, 200)
        self.assertEqual(first.admin("GET", "/keys").status, 200)

    def test_relative_folder_told_so_that_it_works_from_anywhere(self):
        folder = os.path.join(self.dir, "dev")
        issuer = self.run_daemon(start_dev("--dir", os.path.relpath(folder)))
        self.assertEqual(issuer.told["admin_socket"],
                         os.path.join(os.getcwd(), os.path.relpath(folder), "admin.sock"))
        self.assertEqual(issuer.admin("GET", "/keys").status, 200)

    def test_other_loopback_address(self):
        issuer = self.run_daemon(start_dev("--listen", "127.0.0.2:0"))
        self.assertRegex(issuer.url, r"\Ahttp://127\.0\.0\.2:\d+\Z")
        self.assertEqual(issuer.token().status, 200)

    def test_temporary_folder_is_removed(self):
        issuer = start_dev()
        folder = os.path.dirname(issuer.socket)
        self.assertTrue(os.path.exists(os.path.join(folder, "jeton.db")))
        self.stop(issuer)
        self.assertFalse(os.path.exists(folder))

    def test_ipv6_loopback(self):
        if not socket.has_ipv6:
            self.skipTest("no IPv6")
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 loopback")
        issuer = self.run_daemon(start_dev("--listen", "[::1]:0"))
        issuer.host = issuer.host.strip("[]")
        self.assertRegex(issuer.url, r"\Ahttp://\[::1\]:\d+\Z")
        self.assertEqual(issuer.token().status, 200)

    def test_page_for_people_has_a_curl_line_that_works(self):
        daemon = Daemon(["dev", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE)
        page = b""
        while b"Ctrl-C" not in page:
            page += read_line(daemon.process.stdout)
        text = page.decode()
        self.assertIn("Lead 0", text)
        found = re.search(r"-u (\S+):(\S+) -d grant_type=client_credentials -d resource=(\S+) "
                          r"http://(\S+):(\d+)(/\S+)", text)
        self.assertIsNotNone(found, text)
        name, secret, resource, host, port, path = found.groups()
        connection = http.client.HTTPConnection(host, int(port), timeout=DEADLINE_S)
        answer = ask(connection, "POST", path,
                     f"grant_type=client_credentials&resource={resource}".encode(),
                     {"Content-Type": FORM, "Authorization": basic(name, secret)})
        connection.close()
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
