# SPDX-License-Identifier: Apache-2.0
"""A throw-away PostgreSQL server for a test (tests/support/postgres.sh)."""

import os
import shutil
import subprocess
import tempfile
import unittest

from harness import DEADLINE_S

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "postgres.sh")


class Server:
    """Skips the test where none is installed."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="jeton-pg-")
        os.chmod(self.folder, 0o711)
        self.process = subprocess.Popen([SCRIPT, self.folder], stdin=subprocess.DEVNULL)
        while not self.answers():
            try:
                status = self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            self.stop()
            if status == 77:
                raise unittest.SkipTest("no PostgreSQL server")
            raise AssertionError(f"the server ended with {status}")

    def answers(self):
        done = subprocess.run(["psql", "-XqAtd", self.at("postgres"), "-c", "SELECT 1"],
                              capture_output=True, timeout=DEADLINE_S, check=False)
        return done.returncode == 0

    def at(self, database):
        """Its connection string."""
        return f"host={self.folder} user=jeton dbname={database}"

    def run(self, sql, database="postgres"):
        """The rows that it gives, a line each."""
        done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.at(database),
                               "-c", sql], capture_output=True, timeout=DEADLINE_S, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().splitlines()

    def create(self, database):
        self.run(f"CREATE DATABASE {database}")
        return self.at(database)

    def drop(self, database):
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE_S)
        shutil.rmtree(self.folder)
