# SPDX-License-Identifier: Apache-2.0
"""Under a service manager: what the daemons tell it, the signs of life that end when the loop hangs,
and sockets that it opened and hands over. The manager is this program."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import unittest

from guard_harness import JETON_GUARD, Guard, write_guard_config
from harness import (DEADLINE_S, JETOND, PAYMENT, Case, Daemon, Issuer, UnixConnection, ask,
                     read_answer, start_dev, write_config)

ALIVE = {"WATCHDOG_USEC": "100000"}  # a sign of life every 50 ms
# What systemd does between fork and exec: the descriptors from 3 on, and whose they are.
HAND_OVER = """
import os, sys
n = int(sys.argv[1])
for at, fd in enumerate(sys.argv[2:2 + n]):
    os.dup2(int(fd), 100 + at)
for at in range(n):
    os.dup2(100 + at, 3 + at)
    os.close(100 + at)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(n))
os.execv(sys.argv[2 + n], sys.argv[2 + n:])
"""


class Manager:
    """Where notifications go: a socket of datagrams, as systemd's is."""

    def __init__(self, path):
        self.env = {"NOTIFY_SOCKET": path}
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(path)
        self.sock.settimeout(DEADLINE_S)

    def next(self):
        return self.sock.recv(4096).decode()

    def until(self, start):
        """The messages up to one that begins with `start`, that one included."""
        heard = [self.next()]
        while not heard[-1].startswith(start):
            heard.append(self.next())
        return heard

    def rest(self):
        """What is there already."""
        heard = []
        self.sock.setblocking(False)
        try:
            while True:
                heard.append(self.next())
        except BlockingIOError:
            return heard
        finally:
            self.sock.settimeout(DEADLINE_S)

    def hears_nothing_for(self, seconds):
        self.sock.settimeout(seconds)
        try:
            return [self.next()]
        except TimeoutError:
            return []
        finally:
            self.sock.settimeout(DEADLINE_S)


class Managed(Case):
    def setUp(self):
        super().setUp()
        self.manager = Manager(os.path.join(self.dir, "notify"))
        self.addCleanup(self.manager.sock.close)
        self.sockets = []

    def listen(self, where, mode=0o600):
        """A listening socket as a .socket unit makes it: of a path with `mode`, or of a port."""
        sock = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        self.addCleanup(sock.close)
        sock.bind(where)
        if isinstance(where, str) and not where.startswith("\0"):
            os.chmod(where, mode)
        sock.listen(16)
        return sock

    def start(self, args, sockets=(), env=None, program=JETOND):
        """A program that is handed `sockets`, pairs of name and socket."""
        env = {**self.manager.env, **(env or {})}
        if not sockets:
            return Daemon(args, env, program=program)
        fds = [sock.fileno() for _, sock in sockets]
        env["LISTEN_FDNAMES"] = ":".join(name for name, _ in sockets)
        launch = ["-c", HAND_OVER, str(len(fds)), *map(str, fds), program, *args]
        return Daemon(launch, env, program=sys.executable, pass_fds=fds)

    def serve(self, sockets=(), env=None, **config):
        daemon = self.start(["serve", "--config", write_config(self.dir, **config)], sockets, env)
        ready = daemon.wait_log("ev=daemon.ready")
        said = dict(word.split("=", 1) for word in ready.split() if "=" in word)
        return Issuer(daemon, {"issuer": said["issuer"], "admin_socket": said["admin"],
                               "address": said["listen"]})

    def refused(self, sockets, **config):
        """The sentence with which it does not start, which the manager is told, too."""
        daemon = self.start(["serve", "--config", write_config(self.dir, **config)], sockets)
        self.assertEqual(daemon.process.wait(DEADLINE_S), 1)
        self.assertEqual(daemon.stop(), 1)
        told = self.manager.rest()
        self.assertEqual(len(told), 1, told)
        sentence = daemon.lines[-1].removeprefix("jetond: ")
        self.assertEqual(told[0], "STATUS=" + sentence)
        return sentence


class Told(Managed):
    def test_ready_when_it_serves_and_stopping(self):
        config = write_config(self.dir)
        daemon = self.start(["serve", "--config", config])
        heard = self.manager.until("READY=1")
        address = re.search(r"\ASTATUS=issuing as https://id\.example\.com on (127\.0\.0\.1:\d+)\Z",
                            heard[0]).group(1)
        issuer = Issuer(daemon, {"issuer": "https://id.example.com", "address": address,
                                 "admin_socket": os.path.join(self.dir, "admin.sock")})
        self.assertEqual(len(heard), 2)
        self.assertEqual(len(issuer.jwks()), 2)  # at once
        self.assertEqual(issuer.admin("GET", "/keys").status, 200)
        self.assertEqual(self.manager.rest(), [])
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(self.manager.rest(), ["STOPPING=1"])

    def test_reload_told_from_begin_to_end(self):
        issuer = self.run_daemon(self.serve())
        self.manager.until("READY=1")
        rows = [({"jwks": {"max_age": "1m"}}, "STATUS=issuing as https://id.example.com on "),
                ({"jwks": {"max_aeg": "1m"}}, "STATUS=nothing was reloaded: "),
                ({"http": {"threads": 7}}, "STATUS=nothing was reloaded: http.threads needs a restart")]
        last_usec = 0
        for config, status in rows:
            with self.subTest(status):
                write_config(self.dir, **config)
                issuer.daemon.process.send_signal(signal.SIGHUP)
                heard = self.manager.until("READY=1")
                self.assertEqual(len(heard), 3, heard)
                usec = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", heard[0])
                self.assertGreater(int(usec.group(1)), last_usec)
                last_usec = int(usec.group(1))
                self.assertTrue(heard[1].startswith(status), heard[1])

    def test_start_that_fails_says_why_and_is_never_ready(self):
        taken = self.listen(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        self.assertIn("the port is in use", self.refused((), listen=address))

    def test_environment_of_another_form_refused(self):
        config = write_config(self.dir)
        for name, value in (("NOTIFY_SOCKET", "here"), ("WATCHDOG_USEC", "soon"),
                            ("WATCHDOG_PID", "me")):
            with self.subTest(name):
                daemon = self.start(["serve", "--config", config], env={**ALIVE, name: value})
                self.assertEqual(daemon.process.wait(DEADLINE_S), 1)
                daemon.stop()
                self.assertIn(name, daemon.lines[-1])
        self.assertEqual(self.manager.rest(), [])
        self.run_daemon(self.serve(env=ALIVE))


class Watched(Managed):
    def test_alive_as_long_as_the_loop_turns(self):
        issuer = self.run_daemon(self.serve(env=ALIVE))
        self.manager.until("READY=1")
        self.assertEqual([self.manager.next() for _ in range(5)], ["WATCHDOG=1"] * 5)
        # the loop waits for whoever writes the file
        path = os.path.join(self.dir, "jetond.yaml")
        with open(path, "rb") as file:
            text = file.read()
        os.unlink(path)
        os.mkfifo(path)
        issuer.daemon.process.send_signal(signal.SIGHUP)
        self.manager.until("RELOADING=1")
        self.assertEqual(self.manager.hears_nothing_for(0.5), [])
        self.assertEqual(len(issuer.jwks()), 2)  # and its threads go on meanwhile
        with open(path, "wb") as pipe:
            pipe.write(text)
        self.assertNotIn("WATCHDOG=1", self.manager.until("READY=1"))
        self.manager.until("WATCHDOG=1")

    def test_watch_of_another_process_is_not_answered(self):
        issuer = self.serve(env={**ALIVE, "WATCHDOG_PID": str(os.getpid())})
        self.manager.until("READY=1")
        self.assertEqual(self.manager.hears_nothing_for(0.2), [])
        self.stop(issuer)
        self.assertEqual(self.manager.rest(), ["STOPPING=1"])


class Handed(Managed):
    def setUp(self):
        super().setUp()
        self.public = self.listen(("127.0.0.1", 0))
        self.path = os.path.join(self.dir, "admin.sock")
        self.port = self.public.getsockname()[1]

    def connect(self):
        """A connection, which is made although nobody may accept yet."""
        sock = socket.create_connection(("127.0.0.1", self.port), DEADLINE_S)
        self.addCleanup(sock.close)
        sock.sendall(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n")
        return sock

    def test_nobody_is_refused_over_a_restart(self):
        admin = self.listen(self.path)
        sockets = [("admin", admin), ("public", self.public)]
        for _ in range(3):
            waiting = self.connect()
            issuer = self.serve(sockets)
            self.assertEqual((issuer.port, issuer.socket), (self.port, self.path))
            self.assertEqual(read_answer(waiting).status, 200)
            self.assertEqual(issuer.admin("GET", "/keys").status, 200)
            self.assertEqual(issuer.daemon.stop(), 0)
            self.assertTrue(stat.S_ISSOCK(os.stat(self.path).st_mode))  # the manager's

    def test_one_handed_over_the_other_opened(self):
        issuer = self.run_daemon(self.serve([("public", self.public)]))
        self.assertEqual((issuer.port, issuer.socket), (self.port, self.path))
        self.assertEqual(issuer.admin("GET", "/keys").status, 200)
        self.assertEqual(len(issuer.jwks()), 2)

    def test_public_by_a_file(self):
        path = os.path.join(self.dir, "public.sock")
        daemon = self.start(["serve", "--config", write_config(self.dir)],
                            [("public", self.listen(path, 0o666))])
        daemon.wait_log("ev=daemon.ready", "listen=" + path)
        connection = UnixConnection(path)
        self.assertEqual(ask(connection, "GET", "/.well-known/jwks.json").status, 200)
        connection.close()
        self.assertEqual(daemon.stop(), 0)
        self.assertTrue(os.path.exists(path))

    def test_admin_is_open_to_no_more_than_configured(self):
        rows = [(0o666, "0600", False), (0o660, "0600", False), (0o660, "0660", True),
                (0o606, "0660", False), (0o600, "0600", True)]
        for mode, wanted, fine in rows:
            with self.subTest(mode=oct(mode), wanted=wanted):
                admin = self.listen(self.path, mode)
                if fine:
                    issuer = self.serve([("admin", admin)], admin={"mode": wanted})
                    self.assertEqual(issuer.admin("GET", "/keys").status, 200)
                    self.assertEqual(issuer.daemon.stop(), 0)
                    self.manager.rest()
                else:
                    sentence = self.refused([("admin", admin)], admin={"mode": wanted})
                    self.assertIn("SocketMode=" + wanted, sentence)
                os.unlink(self.path)

    def test_other_sockets_refused(self):
        unbound = socket.socket()
        self.addCleanup(unbound.close)
        other = self.listen(os.path.join(self.dir, "other.sock"))
        rows = [([("admin", self.public)], "admin.socket"), ([("admin", other)], "admin.socket"),
                ([("admin", self.listen("\0jeton-%d" % os.getpid()))], "SocketMode="),
                ([("public", unbound)], "ListenStream="),
                ([("jetond.socket", self.public)], "FileDescriptorName="),
                ([("public", self.public), ("public", other)], "FileDescriptorName=")]
        for sockets, words in rows:
            with self.subTest(words):
                self.assertIn(words, self.refused(sockets))
                self.assertFalse(os.path.exists(self.path))


class Health(Managed):
    """`jetond health`, what a container is watched by."""

    def health(self, config):
        done = subprocess.run([JETOND, "health", "--config", config], capture_output=True,
                              timeout=DEADLINE_S, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_says_what_the_running_one_says(self):
        config = write_config(self.dir)
        issuer = self.serve()
        self.assertEqual(self.health(config), (0, "ok\n", ""))
        self.assertEqual(issuer.daemon.stop(), 0)
        status, out, said = self.health(config)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("no issuer answers at " + issuer.socket, said)

    def test_answers_that_are_none(self):
        config = write_config(self.dir)
        ready = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
        rows = [(ready, 0, ""), (b"", 1, "is no issuer"), (b"SSH-2.0-x\r\n\r\n", 1, "is no issuer"),
                (b"HTTP/1.1 200 OK\r\n", 1, "is no issuer"), (b"HTTP/1.1 200", 1, "is no issuer"),
                (ready.replace(b"200 OK", b"503 X").replace(b"ok", b"signer: away"), 1,
                 "the issuer serves no tokens: signer: away"),
                (ready.replace(b"200 ", b"2000 "), 1, "serves no tokens"), (ready + b"x" * 9000, 0, "")]
        sock = self.listen(os.path.join(self.dir, "admin.sock"))
        for answer, wanted, words in rows:
            with self.subTest(answer[:40]):
                teller = threading.Thread(target=self.tell, args=(sock, answer))
                teller.start()
                status, _, said = self.health(config)
                teller.join(DEADLINE_S)
                self.assertEqual(status, wanted, said)
                self.assertIn(words, said)

    @staticmethod
    def tell(sock, answer):
        peer, _ = sock.accept()
        with peer:
            peer.recv(4096)
            try:
                peer.sendall(answer)
            except BrokenPipeError:
                pass  # it has heard enough

    def test_configuration_that_is_wrong(self):
        config = write_config(self.dir, keys={"peroid": "1d"})
        self.assertIn("peroid", self.health(config)[2])
        self.assertEqual(self.health(config)[0], 1)


class Sidecar(Managed):
    def config(self, issuer):
        return {"listen": "127.0.0.1:0", "ops": {"listen": "127.0.0.1:0"}, "wait": "10s",
                "issuers": [{"issuer": issuer}],
                "rules": [{"host": "api.example.com", "audience": PAYMENT}]}

    def guard(self, config, sockets=()):
        path = write_guard_config(self.dir, config)
        daemon = self.start(["serve", "--config", path], sockets, ALIVE, JETON_GUARD)
        ready = daemon.wait_log("ev=daemon.ready")
        said = dict(word.split("=", 1) for word in ready.split() if "=" in word)
        return Guard(daemon, said["listen"], said["ops"])

    def test_told_and_watched(self):
        issuer = self.run_daemon(start_dev())
        guard = self.guard(self.config(issuer.url))
        heard = [said for said in self.manager.until("READY=1") if said != "WATCHDOG=1"]
        self.assertEqual(heard[0], f"STATUS=answering on {guard.listen} by 1 rules")
        self.manager.until("WATCHDOG=1")
        # an issuer that is connected to and says nothing: the reload waits for its keys
        deaf = self.listen(("127.0.0.1", 0))
        write_guard_config(self.dir, self.config("http://127.0.0.1:%d" % deaf.getsockname()[1]))
        guard.daemon.process.send_signal(signal.SIGHUP)
        self.manager.until("RELOADING=1")
        deaf.accept()[0].close()
        heard = self.manager.until("READY=1")
        self.assertNotIn("WATCHDOG=1", heard)
        self.assertTrue(heard[-2].startswith("STATUS=nothing was reloaded: "), heard)
        self.manager.until("WATCHDOG=1")
        guard.daemon.process.send_signal(signal.SIGTERM)
        self.manager.until("STOPPING=1")  # heard at once: ten signs of life fill the socket
        self.assertEqual(guard.daemon.stop(), 0)
        self.assertEqual(self.manager.rest(), [])

    def test_handed_over(self):
        issuer = self.run_daemon(start_dev())
        token = issuer.token(resource=PAYMENT).json()["access_token"]
        proxies, ops = self.listen(("127.0.0.1", 0)), self.listen(os.path.join(self.dir, "ops"), 0o660)
        guard = self.guard(self.config(issuer.url), [("proxies", proxies), ("ops", ops)])
        self.assertEqual(guard.listen, "127.0.0.1:%d" % proxies.getsockname()[1])
        self.assertEqual(guard.authorize(token=token).status, 200)
        self.assertEqual(guard.ops("/readyz").status, 200)
        self.assertEqual(guard.daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
