# SPDX-License-Identifier: Apache-2.0
"""TLS of the daemon's own: what it speaks and refuses, certificates that are replaced while it
serves, and those that are refused."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from harness import (DEADLINE_S, PAYMENT, Case, Daemon, Issuer, ask, basic, jeton, read_line,
                     start_serve, write_config)
from tls_makers import Authority, openssl, put

FORM = "application/x-www-form-urlencoded"


class Secure(Case):
    """A daemon over the files cert.pem and key.pem of the test's folder."""

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-flow-")
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.authority = Authority(cls.home)
        cls.pairs = {kind: cls.authority.certificate(kind, kind) for kind in ("ec", "rsa", "ec384")}
        cls.second = cls.authority.certificate("second")

    def setUp(self):
        super().setUp()
        self.chain, self.key = (os.path.join(self.dir, name) for name in ("cert.pem", "key.pem"))
        self.context = ssl.create_default_context(cafile=self.authority.root)

    def config(self, pair=None, **sections):
        put(pair or self.pairs["ec"], self.chain, self.key)
        return write_config(self.dir, tls={"certificate": self.chain, "key": self.key}, **sections)

    def serve(self, pair=None, **sections):
        return self.run_daemon(start_serve(self.config(pair, **sections)))

    def connect(self, issuer, context=None):
        connection = http.client.HTTPSConnection("localhost", issuer.port, timeout=DEADLINE_S,
                                                 context=context or self.context)
        self.addCleanup(connection.close)
        return connection

    def get(self, issuer, path="/.well-known/jwks.json", context=None):
        connection = self.connect(issuer, context)
        answer = ask(connection, "GET", path)
        return answer, connection.sock

    def subject(self, sock):
        return dict(part[0] for part in sock.getpeercert()["subject"])["commonName"]

    def serves(self, issuer, name):
        answer, sock = self.get(issuer)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.subject(sock), name)

    def assert_doctor(self, issuer, status, part):
        found = [check for check in issuer.admin("GET", "/doctor").json()["checks"]
                 if check["check"] == "certificate"]
        self.assertEqual([check["status"] for check in found], [status], found)
        self.assertIn(part, found[0]["detail"])
        self.assertEqual("fix" in found[0], status != "ok")

    def restrict(self, version):
        context = ssl.create_default_context(cafile=self.authority.root)
        context.minimum_version = context.maximum_version = version
        return context

    def refused(self, issuer, context):
        with self.assertRaises((ssl.SSLError, ConnectionResetError, http.client.RemoteDisconnected)):
            self.get(issuer, context=context)


class Handshakes(Secure):
    def test_a_thread_sleeps_while_a_handshake_waits_for_its_client(self):
        issuer = self.serve(http={"threads": 1})
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = self.restrict(version).wrap_bio(incoming, outgoing, server_hostname="localhost")
            with self.assertRaises(ssl.SSLWantReadError):
                session.do_handshake()
            with socket.create_connection(("localhost", issuer.port), DEADLINE_S) as sock:
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(65536))  # the server's messages: it waits for ours
                self.wait_for_sleep(issuer)
                self.serves(issuer, "ec")  # and gives way to others
                self.wait_for_sleep(issuer)
                while True:
                    try:
                        session.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        sock.sendall(outgoing.read())
                        incoming.write(sock.recv(65536))
                session.write(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(65536))
                self.assertTrue(session.read(64).startswith(b"HTTP/1.1 200 "))

    def wait_for_sleep(self, issuer):
        """Of all threads that serve; one that goes round does not before the deadline has
        closed the connection, on which the handshake then fails."""
        before = time.monotonic()
        while time.monotonic() < before + DEADLINE_S:
            states = [stat.rsplit(")", 1)[1].split()[0] for stat in self.stats(issuer)
                      if "(MHD-single)" in stat]
            self.assertTrue(states)
            if set(states) == {"S"}:
                return
        self.fail(f"they do not sleep: {states}")

    def stats(self, issuer):
        tasks = f"/proc/{issuer.daemon.process.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/stat", encoding="ascii") as file:
                yield file.read()


class Speaks(Secure):
    def test_a_token_over_each_kind_of_key_and_version(self):
        for kind, pair in self.pairs.items():
            issuer = start_serve(self.config(pair))
            try:
                for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                    with self.subTest(kind=kind, version=version):
                        answer, sock = self.get(issuer, context=self.restrict(version))
                        self.assertEqual(answer.status, 200, answer)
                        self.assertEqual(self.subject(sock), kind)
                        self.assertIn("GCM", sock.cipher()[0])
            finally:
                self.stop(issuer)

    def test_a_token_over_a_connection_that_is_kept(self):
        issuer = self.serve()
        issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})
        made = issuer.admin("POST", "/clients", {"name": "cart", "grants": [PAYMENT + "#r"]}).json()
        connection = self.connect(issuer)
        for _ in range(3):
            answer = ask(connection, "POST", "/oauth2/token", b"grant_type=client_credentials", {
                "Content-Type": FORM,
                "Authorization": basic(made["client_id"], made["client_secret"])})
            self.assertEqual(answer.status, 200, answer)
        issuer.daemon.assert_clean()

    def test_versions_before_1_2_are_refused(self):
        issuer = self.serve()
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with self.subTest(version):
                context = self.restrict(version)
                context.set_ciphers("ALL:@SECLEVEL=0")
                self.refused(issuer, context)
        context = self.restrict(ssl.TLSVersion.TLSv1_2)
        context.set_ciphers("ALL:@SECLEVEL=0")
        self.assertEqual(self.get(issuer, context=context)[0].status, 200)

    def test_ciphers_without_forward_secrecy_or_authentication_are_refused(self):
        issuer = self.serve(self.pairs["rsa"])
        for name in ("AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256",
                     "ADH-AES128-GCM-SHA256:@SECLEVEL=0"):
            with self.subTest(name):
                context = self.restrict(ssl.TLSVersion.TLSv1_2)
                context.set_ciphers(name)
                self.refused(issuer, context)
        context = self.restrict(ssl.TLSVersion.TLSv1_2)
        context.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
        self.assertEqual(self.get(issuer, context=context)[0].status, 200)

    def test_of_the_ciphers_that_are_offered_the_first_of_ours_is_chosen(self):
        issuer = self.serve()
        context = self.restrict(ssl.TLSVersion.TLSv1_2)
        for offered in ("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
                        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"):
            context.set_ciphers(offered)
            self.assertEqual(self.get(issuer, context=context)[1].cipher()[0],
                             "ECDHE-ECDSA-AES128-GCM-SHA256")

    def test_alpn_is_http_1_1_or_nothing(self):
        issuer = self.serve()
        for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"),
                                ([], None)):
            with self.subTest(offered):
                context = ssl.create_default_context(cafile=self.authority.root)
                if offered:
                    context.set_alpn_protocols(offered)
                with socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as sock, \
                        context.wrap_socket(sock, server_hostname="localhost") as wrapped:
                    self.assertEqual(wrapped.selected_alpn_protocol(), chosen)
        context = ssl.create_default_context(cafile=self.authority.root)
        context.set_alpn_protocols(["h2"])
        with socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as sock, \
                self.assertRaises((ssl.SSLError, ConnectionResetError)):
            context.wrap_socket(sock, server_hostname="localhost")

    def test_sessions_are_not_resumed(self):
        issuer = self.serve()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.restrict(version)
            with socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as sock, \
                    context.wrap_socket(sock, server_hostname="localhost") as first:
                first.sendall(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertTrue(first.recv(4096))
                session = first.session
            self.assertFalse(session is not None and session.has_ticket, version)
            with socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as sock, \
                    context.wrap_socket(sock, server_hostname="localhost",
                                        session=session) as second:
                self.assertFalse(second.session_reused)

    def test_renegotiation_ends_the_connection(self):
        issuer = self.serve()
        client = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{issuer.port}", "-tls1_2",
             "-CAfile", self.authority.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        said = b""
        while b"Verify return code: 0 (ok)" not in said:
            said += client.stdout.readline()
        client.stdin.write(b"R\n")
        client.stdin.flush()
        said = client.stdout.read()  # it ends when the daemon has closed
        client.stdin.close()
        client.stdout.close()
        client.wait(DEADLINE_S)
        self.assertIn(b"RENEGOTIATING", said)
        self.assertNotIn(b"verify return", said.partition(b"RENEGOTIATING")[2])  # no second one
        self.serves(issuer, "ec")

    def test_plain_http_gets_no_answer(self):
        issuer = self.serve()
        with socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as sock:
            sock.sendall(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try:
                said = sock.recv(4096)
            except ConnectionResetError:
                said = b""
        self.assertNotIn(b"HTTP", said)
        self.serves(issuer, "ec")
        issuer.daemon.assert_clean()

    def test_curl_trusts_it(self):
        issuer = self.serve()
        done = subprocess.run(["curl", "-sS", "--cacert", self.authority.root,
                               f"https://localhost:{issuer.port}/.well-known/jwks.json"],
                              capture_output=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b'"keys"', done.stdout)

    def test_the_admin_listener_speaks_it_beyond_loopback(self):
        issuer = self.serve(admin={"listen": "0.0.0.0:0"})
        port = int(issuer.told["admin_listen"].rpartition(":")[2])
        connection = http.client.HTTPSConnection("localhost", port, timeout=DEADLINE_S,
                                                 context=self.context)
        self.addCleanup(connection.close)
        self.assertEqual(ask(connection, "GET", "/livez").status, 200)
        self.assertEqual(ask(connection, "GET", "/admin/v1/clients").status, 401)

    def test_without_it_the_admin_listener_stays_on_loopback(self):
        config = write_config(self.dir, admin={"listen": "0.0.0.0:0"})
        done = subprocess.run([os.environ["JETOND"], "check", "--config", config],
                              capture_output=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"admin.listen: '0.0.0.0:0' is not on loopback", done.stderr)
        self.assertIn(b"tls.certificate", done.stderr)

    def test_a_slow_handshake_is_closed(self):
        issuer = self.serve(http={"idle": "3s", "deadline": "3s"})
        with socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as slow, \
                socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as silent:
            slow.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
            self.serves(issuer, "ec")
            for sock in (slow, silent):
                try:
                    while sock.recv(4096):  # an alert, maybe
                        pass
                except ConnectionResetError:
                    pass
        self.serves(issuer, "ec")


class Replaced(Secure):
    def hup(self, issuer, *parts):
        mark = issuer.daemon.mark()
        issuer.daemon.process.send_signal(signal.SIGHUP)
        return issuer.daemon.wait_log(*parts, since=mark)

    def test_a_reload_keeps_open_connections(self):
        issuer = self.serve()
        kept = self.connect(issuer)
        self.assertEqual(ask(kept, "GET", "/.well-known/jwks.json").status, 200)
        sock = kept.sock
        for pair, name in ((self.second, "second"), (self.pairs["rsa"], "rsa")):
            put(pair, self.chain, self.key)
            self.hup(issuer, "ev=config.load")
            self.serves(issuer, name)
            self.assertEqual(ask(kept, "GET", "/.well-known/jwks.json").status, 200)
            self.assertIs(kept.sock, sock)
        self.assertEqual(self.subject(sock), "ec")

    def test_a_handshake_that_has_begun_ends_with_the_pair_it_began_with(self):
        issuer = self.serve(http={"threads": 1})  # it takes one connection after the other
        outgoing, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        hello = outgoing.read()
        with socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as sock:
            sock.sendall(hello[:20])
            self.serves(issuer, "ec")  # on the way the connection above has been taken
            put(self.second, self.chain, self.key)
            self.hup(issuer, "ev=tls.load", "CN=second")
            sock.sendall(hello[20:])
            while True:
                incoming.write(sock.recv(65536))
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    pass
            sock.sendall(outgoing.read())
        self.assertEqual(self.subject(client), "ec")

    def test_files_that_change_are_taken(self):
        issuer = self.serve()
        put(self.second, self.chain, self.key)
        issuer.daemon.wait_log("ev=tls.load", "CN=second")
        self.serves(issuer, "second")
        self.assertNotIn("ev=tls.refuse", issuer.daemon.log())

    def test_files_that_do_not_fit_are_told_once_and_the_old_ones_stay(self):
        issuer = self.serve()
        shutil.copy2(self.second[0], self.chain)
        line = issuer.daemon.wait_log("ev=tls.refuse")
        self.assertIn("tls.key: not the key of the first certificate", line)
        self.serves(issuer, "ec")
        shutil.copy2(self.second[1], self.key)
        issuer.daemon.wait_log("ev=tls.load", "CN=second")
        self.serves(issuer, "second")
        self.assertEqual(issuer.daemon.log().count("ev=tls.refuse"), 1)

    def test_doctor_tells_what_is_the_matter_with_it(self):
        issuer = self.serve()
        self.assert_doctor(issuer, "ok", "is good until")
        os.unlink(self.key)
        issuer.daemon.wait_log("ev=tls.refuse")
        self.assert_doctor(issuer, "warn", "cannot be used")
        put(self.authority.certificate("short", days="2"), self.chain, self.key)
        self.hup(issuer, "ev=config.load")
        self.assert_doctor(issuer, "warn", "ends at")
        put(self.pairs["ec"], self.chain, self.key)
        self.hup(issuer, "ev=config.load")
        self.assert_doctor(issuer, "ok", "is good until")

    def test_a_reload_that_is_refused_changes_nothing(self):
        issuer = self.serve()
        for spoil, parts in ((lambda: os.chmod(self.key, 0o644), ("mode 0644", "chmod 600")),
                             (lambda: os.unlink(self.key), ("cannot be opened",))):
            spoil()
            line = self.hup(issuer, "ev=config.refuse")
            for part in parts:
                self.assertIn(part, line)
            self.serves(issuer, "ec")
            put(self.pairs["ec"], self.chain, self.key)
        put(self.second, self.chain, self.key)
        self.hup(issuer, "ev=tls.load", "CN=second")
        self.serves(issuer, "second")

    def test_other_paths_are_taken_and_turning_it_off_needs_a_restart(self):
        issuer = self.serve()
        chain, key = self.second
        write_config(self.dir, tls={"certificate": chain, "key": key})
        self.hup(issuer, "ev=config.load")
        self.serves(issuer, "second")
        write_config(self.dir)
        self.hup(issuer, "ev=config.restart_needed", "key=tls.certificate")
        self.serves(issuer, "second")

    def test_a_certificate_that_ends_soon_is_warned_of(self):
        issuer = self.serve(self.authority.certificate("brief", days="2"))
        issuer.daemon.wait_log("ev=tls.expire", "renew it")
        put(self.second, self.chain, self.key)
        mark = issuer.daemon.mark()
        self.hup(issuer, "ev=config.load")
        self.serves(issuer, "second")
        self.assertFalse([line for line in issuer.daemon.log().splitlines()[mark:]
                          if "ev=tls.expire" in line])


class Refused(Secure):
    """What cannot be used is told by `check` and `serve`, and the same repaired is in order."""

    def check(self, config):
        done = subprocess.run([os.environ["JETOND"], "check", "--config", config],
                              capture_output=True, timeout=DEADLINE_S, check=False)
        return done.returncode, done.stderr.decode()

    def pair_refused(self, pair, *parts, named=False):
        """`named`: the files themselves, not copies."""
        status, said = self.check(write_config(self.dir, tls=dict(zip(("certificate", "key"), pair)))
                                  if named else self.config(pair))
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"\Ajetond: [^\n]+; [^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, said)

    def in_order(self, pair):
        self.assertEqual(self.check(self.config(pair)), (0, ""))

    def write(self, name, data):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as out:
            out.write(data)
        os.chmod(path, 0o600)
        return path

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def test_a_certificate_that_has_ended(self):
        """Which a daemon serves on: what clients say of it is more than silence."""
        ended = self.authority.certificate("ended", days="0")
        self.pair_refused(ended, "tls.certificate: ", " ended at ", "renew it")
        self.in_order(self.second)
        issuer = self.serve(ended)
        issuer.daemon.wait_log("ev=tls.expire", "has ended")

    def test_chains(self):
        chain, key = self.pairs["ec"]
        own, middle = (part + b"-----END CERTIFICATE-----\n"
                       for part in self.read(chain).split(b"-----END CERTIFICATE-----\n")[:2])
        self.pair_refused((self.write("empty", b""), key), "is not a chain of certificates")
        self.pair_refused((self.write("cut", own[:200]), key), "is not a chain of certificates")
        self.pair_refused((key, key), "is not a chain of certificates")
        self.pair_refused((self.write("turned", middle + own), key), "tls.")
        self.pair_refused((self.write("many", own + middle * 8), key), "tls.certificate")
        self.pair_refused((self.write("long", own * 1000), key), "longer than a chain")
        for n in (20, 200, len(middle) - 20):
            self.pair_refused((self.write("half", own + middle[:n]), key), "tls.certificate")
        self.in_order((self.write("joined", own.strip() + middle), key))
        self.in_order((self.write("told", b"-----\nours\n-----\n" + own + b"and\n" + middle), key))
        foreign = self.read(self.second[0]).split(b"-----END")[0] + b"-----END CERTIFICATE-----\n"
        self.pair_refused((self.write("foreign", own + foreign), key), "not followed by that of its issuer")
        root = self.read(self.authority.root)  # its own issuer
        self.pair_refused((self.write("nine", own + middle + root * 7), key), "holds more than 8")
        self.in_order((self.write("eight", own + middle + root * 6), key))
        os.mkfifo(self.write("fifo", b"") + ".pipe")
        self.pair_refused((os.path.join(self.dir, "fifo.pipe"), key), "is not a chain", named=True)
        self.in_order((self.write("one", own), key))
        self.in_order((self.write("two", own + middle), key))

    def test_a_certificate_that_is_not_a_servers(self):
        pair = self.authority.certificate("usage", extensions="keyUsage=keyEncipherment")
        self.pair_refused(pair, "no digitalSignature")
        self.in_order(self.authority.certificate("usages", extensions="keyUsage=digitalSignature"))

    def test_keys(self):
        chain, key = self.pairs["ec"]
        self.pair_refused((chain, self.write("none", b"")), "is not a private key in PEM")
        self.pair_refused((chain, chain), "tls.key: ")
        self.pair_refused((chain, self.second[1]), "not the key of the first certificate")
        self.pair_refused((chain, self.pairs["rsa"][1]), "not the key of the first certificate")
        for kind in (["ed25519"], ["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]):
            other = self.write("other", b"")
            openssl("genpkey", "-algorithm", *kind, "-out", other)
            self.pair_refused((chain, other), "neither RSA of at most 8192 bits nor EC")
        whole = self.read(key)
        self.pair_refused((chain, self.write("long", whole + b"\n" * 32768)), "longer than a key")
        self.in_order((chain, self.write("lines", whole + b"\n" * 16384)))
        self.pair_refused(self.authority.certificate("weak", "weak"), "an RSA key of 1024 bits")
        locked = os.path.join(self.dir, "locked")
        subprocess.run(["openssl", "ec", "-in", key, "-aes128", "-passout", "pass:secret", "-out",
                        locked], check=True, capture_output=True)
        os.chmod(locked, 0o600)
        self.pair_refused((chain, locked), "without a passphrase")
        self.in_order((chain, key))

    def test_files_of_keys(self):
        config = self.config()
        for mode, fine in ((0o600, True), (0o400, True), (0o640, True), (0o604, False),
                           (0o660, False), (0o644, False)):
            with self.subTest(oct(mode)):
                os.chmod(self.key, mode)
                status, said = self.check(config)
                self.assertEqual(status, 0 if fine else 1, said)
                self.assertEqual("chmod 600" in said, not fine, said)
        os.chmod(self.key, 0o600)
        if os.geteuid() == 0:
            os.chown(self.key, 65534, -1)
            self.assertIn("belongs to user 65534", self.check(config)[1])
            os.chown(self.key, 0, -1)
            self.assertEqual(self.check(config), (0, ""))
        os.rename(self.key, self.key + ".real")
        os.symlink(self.key + ".real", self.key)
        self.assertEqual(self.check(config), (0, ""))
        os.unlink(self.key)
        os.mkfifo(self.key, 0o600)
        self.assertIn("not a regular file", self.check(config)[1])

    def test_one_of_the_two_alone(self):
        for name in ("certificate", "key"):
            self.config()
            config = write_config(self.dir, tls={name: getattr(self, "chain" if name ==
                                                               "certificate" else "key")})
            status, said = self.check(config)
            self.assertEqual(status, 1)
            self.assertRegex(said, r"tls\.\w+: missing, and tls\.\w+ is there; give both")


class Dev(Case):
    """`jetond dev --tls`: clients that refuse plain HTTP work, once they trust the file that is told."""

    def start(self, *args):
        daemon = Daemon(["dev", "--tls", "--listen", "127.0.0.1:0", "-o", "json", *args],
                        stdout=subprocess.PIPE)
        told = json.loads(read_line(daemon.process.stdout))
        told["address"] = "127.0.0.1:" + told["issuer"].rpartition(":")[2]
        return Issuer(daemon, told)

    def test_a_token_by_curl_jeton_and_python(self):
        issuer = self.run_daemon(self.start())
        self.assertRegex(issuer.url, r"\Ahttps://localhost:\d+\Z")
        root = issuer.told["ca_file"]
        done = subprocess.run(
            ["curl", "-sS", "--cacert", root, "-u", f"{issuer.client_id}:{issuer.client_secret}",
             "-d", "grant_type=client_credentials", "-d", "resource=" + PAYMENT,
             issuer.told["token_endpoint"]], capture_output=True, timeout=DEADLINE_S, check=False)
        token = json.loads(done.stdout)["access_token"]
        verify = ["token", "verify", "--issuer", issuer.url, "--audience", PAYMENT]
        right = jeton(*verify, "--ca-file", root, stdin=token.encode())
        self.assertEqual(right.returncode, 0, right.stderr)
        self.assertNotEqual(jeton(*verify, stdin=token.encode()).returncode, 0)
        credentials = {"JETON_CLIENT_ID": issuer.client_id,
                       "JETON_CLIENT_SECRET": issuer.client_secret}
        got = jeton("token", "get", "--issuer", issuer.url, "--resource", PAYMENT, "--ca-file", root,
                    env=credentials)
        self.assertEqual(got.returncode, 0, got.stderr)
        context = ssl.create_default_context(cafile=root)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        for name in ("localhost", "127.0.0.1"):
            with socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as sock:
                context.wrap_socket(sock, server_hostname=name).close()
        with socket.create_connection((issuer.host, issuer.port), DEADLINE_S) as sock, \
                self.assertRaises(ssl.SSLCertVerificationError):
            context.wrap_socket(sock, server_hostname="other.example.com")

    def test_a_folder_keeps_its_certificate_and_never_has_the_roots_key(self):
        home = os.path.join(self.dir, "dev")
        roots = []
        for _ in range(2):
            issuer = self.start("--dir", home)
            with open(issuer.told["ca_file"], encoding="ascii") as file:
                roots.append(file.read())
            self.stop(issuer)
        self.assertEqual(roots[0], roots[1])
        found = [name for name in os.listdir(home)
                 if b"PRIVATE KEY" in open(os.path.join(home, name), "rb").read()]
        self.assertEqual(found, ["tls.key"])
        self.assertEqual(os.stat(os.path.join(home, "tls.key")).st_mode & 0o7777, 0o600)
        os.unlink(os.path.join(home, "tls.pem"))  # a run that was cut short
        issuer = self.start("--dir", home)
        with open(issuer.told["ca_file"], encoding="ascii") as file:
            self.assertNotEqual(file.read(), roots[0])
        self.stop(issuer)

    def test_the_page_for_people_tells_a_command_that_works(self):
        daemon = Daemon(["dev", "--tls", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE)
        self.addCleanup(daemon.stop)
        page = []
        while not page or "Ctrl-C" not in page[-1]:
            page.append(read_line(daemon.process.stdout).decode())
        command, = (line for line in "".join(page).splitlines()
                    if line.lstrip().startswith("curl "))
        done = subprocess.run(command.strip(), shell=True, capture_output=True, timeout=DEADLINE_S,
                              check=False)
        self.assertIn(b'"access_token"', done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
