# SPDX-License-Identifier: Apache-2.0
"""A throw-away PostgreSQL server for a test, by tests/support/postgres.sh: a cluster of its own in a
folder of its own, on a UNIX socket there; the machine's own clusters are not touched. It ends with the
program that started it, or earlier by end()."""

import atexit
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NO_SERVER = 77
DEADLINE_S = 60
PSQL = shutil.which("psql") or max(glob.glob("/usr/lib/postgresql/*/bin/psql"), default="psql")


class NoServer(Exception):
    """This machine has no PostgreSQL server."""


class Cluster:
    """`settings`: of the server, e.g. {"fsync": "off"}; they stand as PostgreSQL has them unless given.
    `memory`: where there is such a place, the folder is in memory, so that fsync costs nothing.
    `primary`: the new one is a hot standby of that Cluster."""

    def __init__(self, settings=None, memory=True, primary=None):
        shm = memory and os.access("/dev/shm", os.W_OK)
        self.folder = tempfile.mkdtemp(prefix="jeton-pg-", dir="/dev/shm" if shm else "/tmp")
        self.settings, self.process = settings or {}, None
        atexit.register(self.end)
        self.start(primary)

    def start(self, primary=None):
        """Starts it over what it has; returns when it answers."""
        command = [os.path.join(HERE, "postgres.sh")]
        command += ["--standby-of", primary.folder] if primary else []
        command += [self.folder]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        until = time.monotonic() + DEADLINE_S
        while not self._answers():
            status = self.process.poll()
            if status == NO_SERVER:
                self.end()
                raise NoServer
            if status is not None or time.monotonic() > until:
                raise AssertionError(f"PostgreSQL does not start: {status}\n{self.log()}")
            time.sleep(0.02)  # its answer is waited for; nothing else tells of it

    def _answers(self):
        done = subprocess.run([PSQL, "-X", "-d", self.conninfo("postgres"), "-c", "SELECT 1"],
                              capture_output=True, check=False)
        return done.returncode == 0

    def log(self):
        try:
            with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
                return log.read()[-4000:]
        except OSError:
            return ""

    def conninfo(self, database):
        return f"host={self.folder} user=jeton dbname={database}"

    def database(self, name):
        """The connection string of a database that is made when it is not there."""
        if not self.query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            self.query(f"CREATE DATABASE {name}")
        return self.conninfo(name)

    def query(self, sql, database="postgres"):
        """As an operator would; the values, a row a line, separated by |."""
        done = subprocess.run([PSQL, "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
                               self.conninfo(database)], input=sql, capture_output=True, text=True,
                              check=False, timeout=DEADLINE_S)
        if done.returncode != 0:
            raise AssertionError(f"{sql}: {done.stderr}")
        return done.stdout.strip()

    def _children(self):
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            return [int(child) for child in children.read().split()]

    def _signal(self, number):
        for pid in [*self._children(), self.process.pid]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # a session that has ended meanwhile

    def kill(self):
        """SIGKILL to all its processes, as in a crash."""
        os.kill(self.process.pid, signal.SIGSTOP)  # it makes no more of them
        self._signal(signal.SIGKILL)
        self.process.wait()

    def freeze(self):
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)

    def stop(self):
        """In order, with the sessions that are open."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(DEADLINE_S)

    def promote(self):
        """Makes a primary of a standby."""
        self.query("SELECT pg_promote()")

    def end(self):
        """Kills it and removes its folder; harmless when that was done."""
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
