# SPDX-License-Identifier: Apache-2.0
"""Deadlines and limits: who is slow, silent or many is ended or told so, and others are served meanwhile;
10,000 idle connections in 64 MiB; out of descriptors and out of memory are survived."""

import http.client
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import unittest

from harness import (DEADLINE_S, FORM, PAYMENT, Case, Daemon, basic, read_answer, start_serve, until,
                     write_config)

HOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "holder.py")
GET = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n"
QUICK = {"deadline": "1s", "idle": "1s"}
KIND = {"deadline": "3s", "idle": "3s"}  # to what is asked in time, on a machine that stalls
MANY = 10000
MANY_MIB = 64
SANITIZED = re.compile(rb"__[atm]san_init")


class Limited(Case):
    def serve(self, **http):
        """A daemon with one client, and these keys of the section `http`."""
        issuer = start_serve(write_config(self.dir, http=http))
        self.run_daemon(issuer)
        issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})
        made = issuer.admin("POST", "/clients", {"name": "cart", "grants": [PAYMENT + "#r"]})
        issuer.client_id, issuer.client_secret = (made.json()[name] for name in
                                                  ("client_id", "client_secret"))
        return issuer

    def connect(self, issuer):
        sock = socket.create_connection((issuer.host, issuer.port), DEADLINE_S)
        self.addCleanup(sock.close)
        return sock

    def assert_ended(self, sock):
        """It ends, with nothing more said."""
        try:
            self.assertEqual(sock.recv(1), b"")
        except ConnectionResetError:
            pass

    @staticmethod
    def has_ended(sock):
        """By now; whoever looks has read what came before."""
        try:
            return bool(select.select([sock], [], [], 0)[0]) and sock.recv(1) == b""
        except ConnectionResetError:
            return True

    @staticmethod
    def gets_token(issuer):
        """Or is told, or cut off before all was sent."""
        try:
            return issuer.token().status == 200
        except (http.client.HTTPException, OSError):
            return False

    def metric(self, issuer, name):
        text = issuer.admin("GET", "/metrics", prefix="").body.decode()
        found = re.search("^" + re.escape(name) + r" (\d+)$", text, re.M)
        self.assertIsNotNone(found, text)
        return int(found.group(1))

    def ended(self, issuer, cause):
        return self.metric(issuer, f'jeton_http_connections_ended_total{{cause="{cause}"}}')

    def token_request(self, issuer, more=b""):
        body = b"grant_type=client_credentials"
        return (f"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
                f"Authorization: {basic(issuer.client_id, issuer.client_secret)}\r\n"
                f"Content-Length: {len(body)}\r\n").encode() + more + b"\r\n" + body


class Slow(Limited):
    """A byte now and then keeps no connection."""

    def dribble(self, sock, data):
        """Sends it byte by byte until the other side ends it; whether all of it could be sent."""
        for i, byte in enumerate(data):
            ended, _, _ = select.select([sock], [], [], 0.1)  # the pace, and no wait for anything
            if ended:
                return i == len(data)
            try:
                sock.sendall(bytes([byte]))
            except OSError:
                return False
        return True

    def check(self, begin, rest, times=None):
        issuer = self.serve(**(times or QUICK))
        quick = self.connect(issuer)
        slow = self.connect(issuer)
        slow.sendall(begin)
        if begin.endswith(GET):
            self.assertEqual(read_answer(slow).status, 200)
        self.assertFalse(self.dribble(slow, rest))
        self.assert_ended(slow)
        until(lambda: self.ended(issuer, "deadline") > 0)
        self.assertEqual(issuer.token().status, 200)
        quick.close()

    def test_request_line(self):
        self.check(b"", b"GET /" + b"x" * 1000)

    def test_header(self):
        self.check(b"GET / HTTP/1.1\r\n", b"X-Slow: " + b"x" * 1000)

    def test_body(self):
        self.check(f"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
                   "Content-Length: 1000\r\n\r\n".encode(), b"x" * 1000)

    def test_chunks(self):
        self.check(f"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n".encode(), b"1\r\nx\r\n" * 200)

    def test_next_request(self):
        self.check(GET, b"GET /" + b"x" * 1000, KIND)

    def test_the_same_requests_in_time_are_served(self):
        issuer = self.serve(**KIND)
        sock = self.connect(issuer)
        for request in (GET, self.token_request(issuer)):
            for piece in (request[:9], request[9:60], request[60:]):
                sock.sendall(piece)
            self.assertEqual(read_answer(sock).status, 200)

    def test_silence(self):
        issuer = self.serve(**KIND)
        silent, used = self.connect(issuer), self.connect(issuer)
        used.sendall(GET)
        self.assertEqual(read_answer(used).status, 200)
        self.assert_ended(silent)
        self.assert_ended(used)
        self.assertEqual(issuer.token().status, 200)

    def test_client_that_does_not_read(self):
        issuer = self.serve(**QUICK)
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(DEADLINE_S)
        sock.connect((issuer.host, issuer.port))
        try:
            while True:  # until the daemon does not read either, or has ended it
                if not select.select([], [sock], [], 0.5)[1]:
                    break
                sock.send(GET * 100)
        except OSError:
            pass
        until(lambda: self.metric(issuer, "jeton_http_connections") == 0)
        self.assertEqual(issuer.token().status, 200)


class Head(Limited):
    def test_head_that_is_too_large_is_431_and_smaller_ones_are_served(self):
        issuer = self.serve(head=2048)
        seen = set()
        for lines in (1, 10, 20):
            for size in range(0, 2600, 37):
                line = b"X: " + b"x" * max(0, size // lines - 5) + b"\r\n"
                request = GET[:-2] + line * lines + b"\r\n"
                fits = len(request) + 80 * (lines + 1) <= 2048
                answer = issuer.raw(request)
                status = answer.status if answer else None
                self.assertEqual(status, 200 if fits else 431, (len(request), lines))
                seen.add(status)
        self.assertLessEqual({200, 431}, seen)

    def test_default_takes_a_head_of_2500_bytes_in_12_lines(self):
        issuer = self.serve()
        more = b"".join(b"X-%d: " % i + b"x" * 280 + b"\r\n" for i in range(8))
        request = self.token_request(issuer, more)
        self.assertGreater(len(request), 2500)
        self.assertEqual(issuer.raw(request).status, 200)

    def test_larger_heads_are_taken_where_so_configured(self):
        issuer = self.serve(head=20000)
        more = b"X: " + b"x" * 16000 + b"\r\n"
        self.assertEqual(issuer.raw(self.token_request(issuer, more)).status, 200)


class Life(Limited):
    def test_first_answer_after_the_lifetime_closes(self):
        issuer = self.serve(lifetime="1s")
        # the first one may be late itself, on a machine that stalls
        until(lambda: self.answers(self.connect(issuer)) > 1)

    def answers(self, sock):
        """How many came until one closed the connection."""
        answers = 0
        while True:
            sock.sendall(GET)
            answer = read_answer(sock)
            self.assertEqual(answer.status, 200)  # the last one is as good as the others
            answers += 1
            if (answer.header("Connection") or "").lower() == "close":
                self.assert_ended(sock)
                return answers


class Places(Limited):
    def test_source_over_its_share_is_told_and_others_are_served(self):
        issuer = self.serve(max_per_source=3)
        held = [self.connect(issuer) for _ in range(3)]
        for sock in held:
            sock.sendall(GET)
            self.assertEqual(read_answer(sock).status, 200)
        for send in (b"", GET):
            sock = self.connect(issuer)
            sock.sendall(send)
            answer = read_answer(sock)
            self.assertEqual(answer.status, 503)
            self.assertEqual(answer.header("Retry-After"), "1")
            self.assertEqual(answer.header("Connection"), "close")
            self.assertIn("error", answer.json())
            self.assert_ended(sock)
        line = issuer.daemon.wait_log("ev=http.crowded", "cause=source", "peer=127.0.0.1")
        self.assertIn("http.max_per_source", line)
        self.assertEqual(issuer.daemon.log().count("ev=http.crowded"), 1)  # of two
        self.assertEqual(self.ended(issuer, "source"), 2)
        self.assertEqual(self.metric(issuer, "jeton_http_connections"), 3)
        other = socket.create_connection((issuer.host, issuer.port), DEADLINE_S, ("127.0.0.9", 0))
        self.addCleanup(other.close)
        other.sendall(GET)
        self.assertEqual(read_answer(other).status, 200)
        held[0].sendall(GET)  # theirs are as they were
        self.assertEqual(read_answer(held[0]).status, 200)
        held[0].close()
        until(lambda: self.metric(issuer, "jeton_http_connections") == 3)
        self.assertEqual(issuer.token().status, 200)

    def test_longest_idle_make_place(self):
        issuer = self.serve(max_connections=20, idle="1h")
        idle = [self.connect(issuer) for _ in range(20)]
        for sock in idle[:10]:
            sock.sendall(GET)
            self.assertEqual(read_answer(sock).status, 200)
        for _ in range(5):
            sock = self.connect(issuer)
            sock.sendall(GET)
            self.assertEqual(read_answer(sock).status, 200)
        self.assertGreater(self.ended(issuer, "full"), 0)
        issuer.daemon.wait_log("ev=http.crowded", "cause=full")

    def test_more_connections_at_once_than_places(self):
        """What is accepted before the threads have counted it must not be what stops them."""
        issuer = self.serve(threads=1, max_connections=2, idle="1h", deadline="1h")
        issuer.daemon.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, issuer.daemon.process.pid, os.WSTOPPED | os.WNOWAIT)
        socks = [self.connect(issuer) for _ in range(60)]
        for sock in socks:
            sock.sendall(GET[:-2] + b"Connection: close\r\n\r\n")
        issuer.daemon.process.send_signal(signal.SIGCONT)
        for sock in socks:
            self.assertEqual(read_answer(sock).status, 200)
        self.assertEqual(issuer.token().status, 200)

    def test_idle_ones_stay_while_nobody_waits_for_a_place(self):
        issuer = self.serve(max_connections=3, idle="1h", lifetime="3s")
        busy, *idle = [self.connect(issuer) for _ in range(3)]
        close = None
        while close is None:  # until its lifetime is over: for long enough to be taken for idle
            busy.sendall(GET)
            close = read_answer(busy).header("Connection")
        for sock in idle:
            sock.sendall(GET)
            self.assertEqual(read_answer(sock).status, 200)
        self.assertEqual(self.ended(issuer, "full"), 0)

    def test_as_many_requests_at_once_as_the_library_asks_for(self):
        """libmicrohttpd sleeps on exactly 128 events: what it does must not last until idle is over."""
        issuer = self.serve(threads=1, idle="1h", deadline="1h")
        socks = [self.connect(issuer) for _ in range(128)]
        until(lambda: self.metric(issuer, "jeton_http_connections") == 128)
        for n in (128, 127):
            issuer.daemon.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, issuer.daemon.process.pid, os.WSTOPPED | os.WNOWAIT)
            for sock in socks[:n]:
                sock.sendall(GET)
            issuer.daemon.process.send_signal(signal.SIGCONT)
            for sock in socks[:n]:
                self.assertEqual(read_answer(sock).status, 200)


def sanitized(issuer):
    with open(f"/proc/{issuer.daemon.process.pid}/exe", "rb") as program:
        return SANITIZED.search(program.read()) is not None


class Holder:
    """Connections in a process of its own, which has as many descriptors as it needs."""

    def __init__(self, case, issuer, n, request, patience_s):
        self.process = subprocess.Popen(
            [sys.executable, "-B", HOLDER, issuer.host, str(issuer.port), str(n), request.hex(),
             str(patience_s)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        case.addCleanup(self.end)

    def told(self):
        return int(self.process.stdout.readline().split()[1])

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.told()

    def end(self):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()


def resident_mib(issuer):
    with open(f"/proc/{issuer.daemon.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s*(\d+) kB", status.read()).group(1)) / 1024


class Many(Limited):
    """10,000 idle ones: silent, and kept alive after a request."""

    def check(self, request):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard < MANY * 3 // 2:
            self.skipTest(f"the hard limit of descriptors is {hard}")
        issuer = self.serve(max_per_source=0, max_connections=MANY + 100, idle="1h", lifetime="1h")
        connection = issuer.connect()
        self.addCleanup(connection.close)
        holder = Holder(self, issuer, MANY, request, DEADLINE_S)
        while not select.select([holder.process.stdout], [], [], 0)[0]:  # others are served meanwhile
            self.assertEqual(issuer.token(connection=connection).status, 200)
        self.assertEqual(holder.told(), MANY)
        until(lambda: self.metric(issuer, "jeton_http_connections") == MANY + 1)
        for _ in range(100):
            self.assertEqual(issuer.token(connection=connection).status, 200)
            self.assertEqual(issuer.token().status, 200)
        self.assertEqual(holder.ask("count"), MANY)
        if not sanitized(issuer):
            self.assertLessEqual(resident_mib(issuer), MANY_MIB)
        if request:
            self.assertEqual(holder.ask("again"), MANY)
        holder.end()
        until(lambda: self.metric(issuer, "jeton_http_connections") == 1)
        issuer.daemon.assert_clean()

    def test_silent(self):
        self.check(b"")

    def test_kept_alive(self):
        self.check(GET)


class Short(Limited):
    """Out of something: told, survived, and over when there is enough again."""

    def test_descriptors(self):
        issuer = self.serve(idle="1h")
        pid = issuer.daemon.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{pid}/fd"))
        connection = issuer.connect()
        self.addCleanup(connection.close)
        self.assertEqual(issuer.token(connection=connection).status, 200)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 11, before[1]))
        socks = [self.connect(issuer) for _ in range(40)]
        for sock in socks:
            sock.sendall(GET)
        statuses = []
        for sock in socks:
            answer = read_answer(sock)  # each is: served, told, or ended to make place
            statuses.append(answer.status if answer else None)
        self.assertIn(503, statuses)
        self.assertIn(200, statuses)
        issuer.daemon.wait_log("ev=http.crowded", "cause=descriptors")
        self.assertEqual(issuer.admin("GET", "/keys").status, 503)  # which has a spare one, too
        for sock in socks:
            sock.close()
        until(lambda: issuer.token().status == 200)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        self.assertGreater(self.ended(issuer, "descriptors"), 0)
        issuer.daemon.assert_clean()

    def test_idle_ones_make_place_for_want_of_descriptors(self):
        issuer = self.serve(idle="1h", lifetime="1h")
        pid = issuer.daemon.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 11,
                                                       before[1]))
        held, status = [], 200
        while status == 200:  # who has been answered stays, without another request
            held.append(self.connect(issuer))
            held[-1].sendall(GET)
            answer = read_answer(held[-1])
            status = answer.status if answer else None
        self.assertIn(status, (503, None))  # told, or ended as the longest idle
        until(lambda: self.gets_token(issuer))
        self.assertTrue(any(map(self.has_ended, held[:-1])))
        issuer.daemon.wait_log("ev=http.crowded", "cause=descriptors")
        issuer.daemon.assert_clean()

    def test_fewer_descriptors_than_places_are_told(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        issuer = start_serve(write_config(self.dir, http={"max_connections": hard + 1}))
        self.run_daemon(issuer)
        self.assertIsNotNone(soft)
        issuer.daemon.wait_log("ev=http.places", f"wanted={hard + 1}", "possible=")

    def limited(self, descriptors, **http):
        """A daemon that may open no more than so many."""
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        daemon = Daemon(["serve", "--config", write_config(self.dir, http=http)], preexec=limit)
        self.addCleanup(daemon.stop)
        daemon.wait_log("ev=daemon.ready")
        return daemon

    def test_places_leave_descriptors_for_what_else_is_opened(self):
        for descriptors, others in ((1024, 256), (3000, 512)):
            with self.subTest(descriptors):
                daemon = self.limited(descriptors, max_connections=descriptors - others + 1)
                daemon.wait_log("ev=http.places", f"possible={descriptors - others}")
                self.assertEqual(daemon.stop(), 0)
                daemon = self.limited(descriptors, max_connections=descriptors - others)
                self.assertEqual(daemon.stop(), 0)
                self.assertNotIn("ev=http.places", daemon.log())

    def test_memory(self):
        issuer = self.serve(idle="1h", max_per_source=0)
        if sanitized(issuer):
            self.skipTest("a sanitizer's memory cannot be limited")
        pid = issuer.daemon.process.pid
        connection = issuer.connect()
        self.addCleanup(connection.close)
        self.assertEqual(issuer.token(connection=connection).status, 200)
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            data = int(re.search(r"VmData:\s*(\d+) kB", status.read()).group(1)) * 1024
        before = resource.prlimit(pid, resource.RLIMIT_DATA)
        resource.prlimit(pid, resource.RLIMIT_DATA, (data + 2 * 1024 * 1024, before[1]))
        holder = Holder(self, issuer, 2000, GET, 5)  # some may wait in vain
        held = holder.told()
        self.assertLess(held, 2000)  # more than there is memory for
        self.assertGreater(held, 0)
        holder.end()
        until(lambda: self.metric(issuer, "jeton_http_connections") <= 1)
        self.assertEqual(issuer.token().status, 200)  # what they had is there again
        resource.prlimit(pid, resource.RLIMIT_DATA, before)
        self.assertEqual(issuer.token().status, 200)
        issuer.daemon.assert_clean()


if __name__ == "__main__":
    unittest.main()
