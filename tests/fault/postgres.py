# SPDX-License-Identifier: Apache-2.0
"""A throw-away PostgreSQL server (tests/support/postgres.sh), one that can be killed, stand by and be
promoted; and a proxy before it that counts what a client says and cuts it off."""

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "postgres.sh")
DEADLINE_S = 30
NONE_HERE = 77
SOCKET = ".s.PGSQL.5432"
READY = b"Z\0\0\0\5"  # ReadyForQuery, and a byte


class NoServer(Exception):
    pass


class Server:
    """`options` are words of postgres' own command line. With an `address` it takes connections from
    the machines of its network, too, at a port that is free there."""

    def __init__(self, folder, *options, standby_of=None, address=None):
        os.makedirs(folder, exist_ok=True)
        if shutil.which("psql") is None:
            raise NoServer("there is no psql here (packaging/dependencies.sh test)")
        self.folder, self.process = folder, None
        self.options = ["-c", "fsync=off", *options]  # killed, not cut off from power
        self.before = ["--standby-of", standby_of.folder] if standby_of else []
        self.address, self.port = address, 5432
        if address:
            with socket.create_server((address, 0)) as free:
                self.port = free.getsockname()[1]
            self.options += ["-c", f"listen_addresses={address}", "-c", f"port={self.port}"]
        self.start()
        if address:
            with open(os.path.join(folder, "data", "pg_hba.conf"), "a", encoding="ascii") as out:
                out.write("host all all samenet trust\n")
            self.rows("postgres", "SELECT pg_reload_conf()")

    def start(self):
        """After a kill its children may hold its memory for a moment: tried until they are gone."""
        until = time.monotonic() + DEADLINE_S
        while True:
            self.process = subprocess.Popen([SCRIPT, *self.before, self.folder, *self.options],
                                            stdout=subprocess.DEVNULL)
            while self.process.poll() is None:
                if self.answers():
                    return
                time.sleep(0.01)  # a server tells nobody that it is ready
                assert time.monotonic() < until, self.log()
            if self.process.returncode == NONE_HERE:
                raise NoServer("there is no PostgreSQL server here")
            assert time.monotonic() < until, self.log()

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return file.read()

    def psql(self, database, text):
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
                               self.folder, "-p", str(self.port), "-U", "jeton", "-d", database,
                               "-c", text], capture_output=True, timeout=DEADLINE_S, check=False)

    def answers(self):
        return self.psql("postgres", "SELECT 1").stdout == b"1\n"

    def rows(self, database, text):
        done = self.psql(database, text)
        assert done.returncode == 0, done.stderr
        return [tuple(line.split("|")) for line in done.stdout.decode().splitlines()]

    def make(self, database, like="template0"):
        self.rows("postgres", f"CREATE DATABASE {database} TEMPLATE {like}")

    def drop(self, database):
        self.rows("postgres", f"DROP DATABASE {database} WITH (FORCE)")

    def conninfo(self, database, *folders):
        hosts = ",".join(folders or [self.folder])
        return f"host={hosts} port={self.port} user=jeton dbname={database}"

    def conninfo_of_the_network(self, database):
        return (f"host={self.address} port={self.port} user=jeton dbname={database} "
                "sslmode=disable")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(DEADLINE_S)

    def promote(self):
        self.rows("postgres", "SELECT pg_promote()")


class Proxy:
    """A socket in `folder` that leads to `server`. While armed, counts the messages of its clients
    (PostgreSQL's protocol, version 3) and at the `point`-th calls `at_point` and hangs up on all:
    before the server has it, or, `answered`, when it was answered and the client does not know."""

    def __init__(self, folder, server):
        os.makedirs(folder)
        self.folder, self.server = folder, server
        self.lock = threading.Lock()
        self.pairs, self.count, self.point = [], 0, None
        self.answered, self.at_point = False, None
        self.swallowing = None  # the server whose answer is kept back
        self.flowing = threading.Event()  # cleared: it hangs, with all of its connections
        self.flowing.set()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(folder, SOCKET))
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            upstream = socket.socket(socket.AF_UNIX)
            try:
                upstream.connect(os.path.join(self.server.folder, SOCKET))
            except OSError:
                client.close()
                upstream.close()
                continue
            with self.lock:
                self.pairs.append((client, upstream))
            threading.Thread(target=self.forward, args=(client, upstream), daemon=True).start()
            threading.Thread(target=self.back, args=(client, upstream), daemon=True).start()

    def arm(self, point, answered=False, at_point=None):
        with self.lock:
            self.count, self.point = 0, point
            self.answered, self.at_point = answered, at_point

    def disarm(self):
        """The number of messages since it was armed. No later one is the point."""
        with self.lock:
            self.point = None
            return self.count

    def hang_up(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def close(self):
        self.flowing.set()
        self.listener.close()
        self.hang_up()

    def meets(self, kind):
        """Counts a message, or of `answered` those that are answered at once; is it the one?"""
        with self.lock:
            if self.point is None or (self.answered and kind not in (b"S", b"Q")):
                return False
            self.count += 1
            return self.count == self.point

    def cut(self):
        if self.at_point:
            self.at_point()
        self.hang_up()

    def forward(self, client, upstream):
        with contextlib.suppress(OSError):
            stream = client.makefile("rb")
            (size,) = struct.unpack("!i", stream.read(4))  # the first one has no type
            self.flowing.wait()
            upstream.sendall(struct.pack("!i", size) + stream.read(size - 4))
            while True:
                head = stream.read(5)
                if len(head) < 5:
                    break
                message = head + stream.read(struct.unpack("!i", head[1:])[0] - 4)
                self.flowing.wait()
                if self.meets(message[:1]):
                    if not self.answered:
                        self.cut()
                        return
                    self.swallowing = upstream
                upstream.sendall(message)
        self.end(client, upstream)

    def back(self, client, upstream):
        with contextlib.suppress(OSError):
            while True:
                data = upstream.recv(65536)
                if not data:
                    break
                if self.swallowing is not upstream:
                    client.sendall(data)
                elif data[-6:-1] == READY:
                    self.swallowing = None
                    self.cut()
                    return
        self.end(client, upstream)

    def end(self, client, upstream):
        with self.lock:
            if (client, upstream) not in self.pairs:
                return
            self.pairs.remove((client, upstream))
        for end in (client, upstream):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
