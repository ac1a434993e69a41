# SPDX-License-Identifier: Apache-2.0
"""Behind proxies: whose address the log tells, by the PROXY protocol or a header, and that nobody but
a proxy that is trusted can say so."""

import os
import socket
import ssl
import subprocess
import unittest

from harness import DEADLINE_S, Case, read_answer, start_serve, write_config
from tls_makers import Authority

V2 = b"\r\n\r\n\0\r\nQUIT\n"
V1_LINE = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"
V2_HEAD = V2 + b"\x21\x11\x00\x0c" + bytes([192, 0, 2, 2, 198, 51, 100, 1]) + b"\xdc\x04\x01\xbb"
V2_SIX = V2 + b"\x21\x21\x00\x24" + socket.inet_pton(socket.AF_INET6, "2001:db8::3") + bytes(20)
V2_LOCAL = V2 + b"\x20\x00\x00\x00"
REQUEST = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
TRUSTED, STRANGER = "127.0.0.2", "127.0.0.1"


class Proxies(Case):
    def serve(self, **http):
        return self.run_daemon(start_serve(write_config(self.dir, http={
            "trusted_proxies": ["127.0.0.2/32"], **http})))

    def connect(self, issuer, source):
        sock = socket.create_connection((issuer.host, issuer.port), DEADLINE_S,
                                        source_address=(source, 0))
        self.addCleanup(sock.close)
        return sock

    def peer_of(self, issuer, source, *pieces, status=404):
        """What the log calls the peer of a request that is refused."""
        mark = issuer.daemon.mark()
        sock = self.connect(issuer, source)
        for piece in pieces:
            sock.sendall(piece)
        answer = read_answer(sock)
        self.assertIsNotNone(answer, issuer.daemon.log())
        self.assertEqual(answer.status, status)
        line = issuer.daemon.wait_log("ev=http.refuse", f"status={status}", since=mark)
        return line.rpartition("peer=")[2].split()[0]

    def closed(self, sock):
        try:
            return sock.recv(4096) == b""
        except ConnectionResetError:
            return True


class Headers(Proxies):
    def request(self, *lines):
        return REQUEST[:-2] + b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    def test_a_stranger_is_himself_whatever_he_says(self):
        issuer = self.serve()
        for line in (b"X-Forwarded-For: 192.0.2.1", b"Forwarded: for=192.0.2.1"):
            self.assertEqual(self.peer_of(issuer, STRANGER, self.request(line)), STRANGER)

    def test_a_trusted_proxy_tells_who_is_behind_it(self):
        issuer = self.serve()
        for lines, peer in (([], TRUSTED), ([b"X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
                            ([b"x-forwarded-for: 198.51.100.9, 192.0.2.1"], "192.0.2.1"),
                            ([b"X-Forwarded-For: 198.51.100.9", b"X-Forwarded-For: 192.0.2.1"],
                             "192.0.2.1"),
                            ([b"X-Forwarded-For: 2001:db8::1, 127.0.0.2"], "2001:db8::1"),
                            ([b"X-Forwarded-For: <script>"], TRUSTED),
                            ([b"Forwarded: for=192.0.2.1"], TRUSTED)):
            with self.subTest(lines):
                self.assertEqual(self.peer_of(issuer, TRUSTED, self.request(*lines)), peer)

    def test_the_other_header_and_none(self):
        lines = b"X-Forwarded-For: 192.0.2.1", b'Forwarded: for="[2001:db8::1]:4711";proto=https'
        for how, peer in (("forwarded", "2001:db8::1"), ("off", TRUSTED)):
            with self.subTest(how):
                issuer = start_serve(write_config(self.dir, http={
                    "trusted_proxies": [TRUSTED], "forwarded": how}))
                try:
                    self.assertEqual(self.peer_of(issuer, TRUSTED, self.request(*lines)), peer)
                finally:
                    self.stop(issuer)

    def test_tokens_and_refusals_name_their_peer(self):
        issuer = self.serve()
        made = issuer.admin("POST", "/resources", {"identifier": "urn:a", "scopes": ["r"]})
        self.assertEqual(made.status, 201)
        made = issuer.admin("POST", "/clients", {"name": "cart", "grants": ["urn:a#r"]}).json()
        issuer.client_id, issuer.client_secret = made["client_id"], made["client_secret"]
        self.assertEqual(issuer.token().status, 200)
        self.assertIn(f"peer={STRANGER}", issuer.daemon.wait_log("ev=token.issue"))
        self.assertEqual(issuer.token(client=("no", "no")).status, 401)
        self.assertIn(f"peer={STRANGER}", issuer.daemon.wait_log("ev=token.refuse"))


class Protocol(Proxies):
    def test_each_form_of_header(self):
        issuer = self.serve(proxy_protocol="on")
        for head, peer in ((V1_LINE, "192.0.2.1"), (V2_HEAD, "192.0.2.2"), (V2_SIX, "2001:db8::3"),
                           (V2_LOCAL, TRUSTED), (b"PROXY UNKNOWN\r\n", TRUSTED)):
            with self.subTest(head):
                self.assertEqual(self.peer_of(issuer, TRUSTED, head + REQUEST), peer)
                self.assertEqual(self.peer_of(issuer, TRUSTED, head, REQUEST), peer)

    def test_a_header_byte_by_byte(self):
        issuer = self.serve(proxy_protocol="on")
        for head, peer in ((V1_LINE, "192.0.2.1"), (V2_HEAD, "192.0.2.2")):
            pieces = [head[i:i + 1] for i in range(len(head))]
            self.assertEqual(self.peer_of(issuer, TRUSTED, *pieces, REQUEST), peer)

    def test_it_holds_for_the_whole_connection(self):
        issuer = self.serve(proxy_protocol="on")
        sock = self.connect(issuer, TRUSTED)
        for sent in (V1_LINE + REQUEST, REQUEST):
            mark = issuer.daemon.mark()
            sock.sendall(sent)
            self.assertEqual(read_answer(sock).status, 404)
            line = issuer.daemon.wait_log("ev=http.refuse", since=mark)
            self.assertTrue(line.endswith("peer=192.0.2.1"), line)

    def test_who_is_behind_is_not_trusted_for_being_behind(self):
        issuer = self.serve(proxy_protocol="on")
        spoof = REQUEST[:-2] + b"X-Forwarded-For: 198.51.100.9\r\n\r\n"
        self.assertEqual(self.peer_of(issuer, TRUSTED, V1_LINE + spoof), "192.0.2.1")

    def not_heard(self, issuer, source):
        """A header is not HTTP: it is refused, and nothing behind it is served."""
        for head in (V1_LINE, V2_HEAD):
            with self.subTest(head):
                sock = self.connect(issuer, source)
                sock.sendall(head + REQUEST)
                answer = read_answer(sock)
                self.assertTrue(answer is None or answer.status == 400, answer)
                self.assertTrue(self.closed(sock))
        self.assertNotIn("192.0.2.", issuer.daemon.log())

    def test_a_stranger_needs_none_and_may_send_none(self):
        issuer = self.serve(proxy_protocol="on")
        self.assertEqual(self.peer_of(issuer, STRANGER, REQUEST), STRANGER)
        self.not_heard(issuer, STRANGER)

    def test_off_a_trusted_proxy_may_send_none_either(self):
        issuer = self.serve()
        self.not_heard(issuer, TRUSTED)
        self.assertEqual(self.peer_of(issuer, TRUSTED, REQUEST), TRUSTED)

    def test_what_is_no_header_closes_the_connection(self):
        issuer = self.serve(proxy_protocol="on")
        for sent in (REQUEST, V1_LINE.replace(b"TCP4", b"TCP6") + REQUEST,
                     V2 + b"\x21\x11\xff\xff" + REQUEST, b"\x16\x03\x01"):
            with self.subTest(sent):
                mark = issuer.daemon.mark()
                sock = self.connect(issuer, TRUSTED)
                sock.sendall(sent)
                self.assertTrue(self.closed(sock))
                issuer.daemon.wait_log("ev=http.proxy", f"peer={TRUSTED}", "no PROXY header",
                                       since=mark)
        self.assertEqual(self.peer_of(issuer, TRUSTED, V1_LINE + REQUEST), "192.0.2.1")
        self.assertNotIn("ev=http.refuse status=400", issuer.daemon.log())

    def test_a_slow_header_is_closed_and_nobody_waits_for_it(self):
        issuer = self.serve(proxy_protocol="on", deadline="3s", idle="3s")
        slow = [self.connect(issuer, TRUSTED) for _ in range(5)]
        for sock in slow[1:]:
            sock.sendall(V1_LINE[:20])
        self.assertEqual(self.peer_of(issuer, TRUSTED, V1_LINE + REQUEST), "192.0.2.1")
        for sock in slow:
            self.assertTrue(self.closed(sock))
        issuer.daemon.wait_log("ev=http.proxy", "took too long")

    def test_who_waits_for_a_header_has_a_place(self):
        """What is taken is counted before its header is there, or twice as many would be."""
        issuer = self.serve(proxy_protocol="on", max_connections=2, deadline="1h", idle="1h")
        waits = self.connect(issuer, TRUSTED)
        first = self.connect(issuer, STRANGER)
        first.sendall(REQUEST)
        self.assertEqual(read_answer(first).status, 404)
        self.assertEqual(self.peer_of(issuer, STRANGER, REQUEST), STRANGER)
        first.setblocking(False)
        self.assertTrue(self.closed(first))  # it was idle, and made place
        waits.sendall(V1_LINE + REQUEST)
        self.assertEqual(read_answer(waits).status, 404)

    def test_the_silence_of_proxies_leaves_others_their_places(self):
        issuer = self.serve(proxy_protocol="on", max_connections=4, deadline="1h", idle="1h")
        silent = [self.connect(issuer, TRUSTED) for _ in range(4)]
        self.assertEqual(self.peer_of(issuer, STRANGER, REQUEST), STRANGER)
        self.assertTrue(self.closed(silent[2]) and self.closed(silent[3]))
        silent[0].sendall(V1_LINE + REQUEST)
        self.assertEqual(read_answer(silent[0]).status, 404)

    def test_looking_whether_the_port_is_open_is_no_event(self):
        issuer = self.serve(proxy_protocol="on")
        self.connect(issuer, TRUSTED).close()
        self.assertEqual(self.peer_of(issuer, TRUSTED, V1_LINE + REQUEST), "192.0.2.1")
        self.assertNotIn("ev=http.proxy", issuer.daemon.log())

    def test_who_ends_without_a_word_is_let_go_at_once(self):
        issuer = self.serve(proxy_protocol="on", deadline="1h")
        sock = self.connect(issuer, TRUSTED)
        sock.shutdown(socket.SHUT_WR)
        self.assertTrue(self.closed(sock))

    def test_no_more_headers_are_awaited_than_there_are_places(self):
        issuer = self.serve(proxy_protocol="on", deadline="1h", max_connections=3)
        waiting = [self.connect(issuer, TRUSTED) for _ in range(3)]
        for sock in waiting:
            sock.sendall(V1_LINE[:20])
        self.assertTrue(self.closed(self.connect(issuer, TRUSTED)))
        waiting[0].sendall(V1_LINE[20:] + REQUEST)
        self.assertEqual(read_answer(waiting[0]).status, 404)
        self.assertEqual(self.peer_of(issuer, TRUSTED, V1_LINE + REQUEST), "192.0.2.1")

    def test_it_ends_while_headers_are_awaited(self):
        issuer = start_serve(write_config(self.dir, http={
            "trusted_proxies": [TRUSTED], "proxy_protocol": "on", "deadline": "1h"}))
        slow = [self.connect(issuer, TRUSTED) for _ in range(5)]
        slow[0].sendall(V1_LINE[:20])
        self.assertEqual(self.peer_of(issuer, TRUSTED, V1_LINE + REQUEST), "192.0.2.1")
        self.stop(issuer)
        for sock in slow:
            self.assertTrue(self.closed(sock))

    def test_before_tls(self):
        authority = Authority(self.dir)
        chain, key = authority.certificate("server")
        issuer = self.run_daemon(start_serve(write_config(
            self.dir, tls={"certificate": chain, "key": key},
            http={"trusted_proxies": [TRUSTED], "proxy_protocol": "on"})))
        sock = self.connect(issuer, TRUSTED)
        sock.sendall(V2_HEAD)
        context = ssl.create_default_context(cafile=authority.root)
        with context.wrap_socket(sock, server_hostname="localhost") as wrapped:
            wrapped.sendall(REQUEST)
            self.assertEqual(read_answer(wrapped).status, 404)
        issuer.daemon.wait_log("ev=http.refuse", "peer=192.0.2.2")
        outgoing = ssl.MemoryBIO()
        client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        hello = outgoing.read()
        for head, answered in ((V2_HEAD, False), (b"", True)):  # 0x16: a handshake's record
            stranger = self.connect(issuer, STRANGER)
            stranger.sendall(head + hello)
            try:
                said = stranger.recv(1)
            except ConnectionResetError:
                said = b""
            self.assertEqual(said == b"\x16", answered, said)

    def test_curl_speaks_it(self):
        issuer = self.serve(proxy_protocol="on")
        done = subprocess.run(["curl", "-s", "--haproxy-protocol", "--interface", TRUSTED,
                               f"http://{issuer.host}:{issuer.port}/.well-known/jwks.json"],
                              capture_output=True, timeout=DEADLINE_S, check=False)
        self.assertIn(b'"keys"', done.stdout)


class Refused(Case):
    def check(self, **http):
        config = write_config(self.dir, http=http)
        done = subprocess.run([os.environ["JETOND"], "check", "--config", config],
                              capture_output=True, timeout=DEADLINE_S, check=False)
        return done.returncode, done.stderr.decode()

    def test_settings(self):
        for http, part in (({"trusted_proxies": ["proxy.example.com"]}, "is no address"),
                           ({"trusted_proxies": ["0.0.0.0/0"]}, "is no address"),
                           ({"trusted_proxies": ["10.0.0.1/8"]}, "behind its prefix"),
                           ({"proxy_protocol": "on"}, "names nobody"),
                           ({"proxy_protocol": "v2", "trusted_proxies": ["10.0.0.1"]}, "off")):
            with self.subTest(http):
                status, said = self.check(**http)
                self.assertEqual(status, 1)
                self.assertIn(part, said)
        self.assertEqual(self.check(trusted_proxies=["unix"], proxy_protocol="on"), (0, ""))
        self.assertEqual(self.check(trusted_proxies=["10.0.0.0/8", "unix", "2001:db8::/32"],
                                    proxy_protocol="on"), (0, ""))


if __name__ == "__main__":
    unittest.main()
