# SPDX-License-Identifier: Apache-2.0
"""The command line dies, or its disk fails, at every call that changes a file, while it raises a
schema, backs up, replaces a backup, or copies; with PostgreSQL it dies before everything that it
tells the server. After each point

 - the database that was worked on is the old one or the new one, and a daemon starts on it;
 - under a final name there is nothing, the old file, or the whole new one;
 - the same command does it when it is run again.

KILLPOINT_LIBRARY is preloaded (killpoint.c). Prints the points met: every call of a file that it dies
at, of the others each third; --all: every one."""

import concurrent.futures
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import unittest

from faults import LIBRARY
from harness import PAYMENT, jeton, start_serve, write_config
from postgres_server import Server

DONE = 0
ENDLESS = 500  # more points than any act has
ALL = "--all" in sys.argv
THINNED = 3


def environment(folder, point, mode):
    asan = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": LIBRARY, "KILLPOINT": str(point), "KILLPOINT_MODE": mode,
            "KILLPOINT_FILE": os.path.join(folder, ""),
            "KILLPOINT_REPORT": os.path.join(os.path.dirname(folder),
                                             os.path.basename(folder) + "-count"),
            "ASAN_OPTIONS": ":".join(filter(None, [asan, "verify_asan_link_order=0"]))}


def report_of(folder):
    return folder + "-count"


def run(args, env=None):
    """`jeton db ... -o json`; the exit status and what it told."""
    done = jeton("db", *args, "-o", "json", env=env)
    return done.returncode, json.loads(done.stdout) if done.returncode == DONE else None


def status(path):
    """Of the database file; None when there is none, or it is not one."""
    return run(["status", "--database", "sqlite:" + path])[1]


class Act:
    """What is interrupted. `state` gives "old" or "new", and fails for anything else."""

    calls = "all"

    def prepare(self, folder):
        pass

    def args(self, folder):
        raise NotImplementedError

    def state(self, folder):
        raise NotImplementedError

    def finish(self, folder):
        """Nothing of it stays outside of the folder."""


def database(folder):
    return os.path.join(folder, "jeton.db")


class Migrate(Act):
    def prepare(self, folder):
        db = sqlite3.connect(database(folder))
        with db:
            for table in ("uses", "replies", "commits"):
                db.execute(f"DROP TABLE {table}")
            db.execute("UPDATE meta SET value = 1 WHERE name = 'schema'")
        db.close()

    def args(self, folder):
        return ["migrate", "--database", "sqlite:" + database(folder)]

    def state(self, folder):
        told = status(database(folder))
        assert told["objects"]["client"] == 1 and told["keys"]["active"] == 1, told
        assert told["schema"] in (1, told["schema_newest"]), told
        return "old" if told["schema"] == 1 else "new"


class Backup(Act):
    """Into a new file."""

    def target(self, folder):
        return os.path.join(folder, "out", "b.db")

    def prepare(self, folder):
        os.mkdir(os.path.join(folder, "out"))

    def args(self, folder):
        return ["backup", self.target(folder), "--database", "sqlite:" + database(folder)]

    def is_old(self, folder):
        return not os.path.exists(self.target(folder))

    def state(self, folder):
        if self.is_old(folder):
            return "old"
        told = status(self.target(folder))
        assert told is not None, "half a file under the final name"
        source = status(database(folder))
        assert told["objects"] == source["objects"] and told["keys"] == source["keys"], told
        assert told["version"] == source["version"], told
        assert os.stat(self.target(folder)).st_mode & 0o7777 == 0o600
        return "new"


class Replace(Backup):
    """Into a file that holds an older backup."""

    def prepare(self, folder):
        super().prepare(folder)
        assert run(self.args(folder)[:-1] + ["sqlite:" + database(folder)])[0] == DONE
        db = sqlite3.connect(database(folder))
        with db:
            db.execute("UPDATE meta SET value = value + 1 WHERE name = 'version'")
        db.close()

    def args(self, folder):
        args = super().args(folder)
        return [*args[:2], *(["--force"] if os.path.exists(self.target(folder)) else []), *args[2:]]

    def is_old(self, folder):
        told = status(self.target(folder))
        assert told is not None, "half a file under the final name"
        return told["version"] < status(database(folder))["version"]


class Copy(Backup):
    """To a database that is not there."""

    def args(self, folder):
        return ["copy", "--from", "sqlite:" + database(folder), "--to",
                "sqlite:" + self.target(folder)]


class CopyToEmpty(Copy):
    """To one that has a schema and nothing else."""

    def prepare(self, folder):
        super().prepare(folder)
        assert run(self.args(folder))[0] == DONE
        db = sqlite3.connect(self.target(folder))
        with db:
            for table in ("objects", "keys", "sealed", "audit", "uses", "replies", "commits"):
                db.execute(f"DELETE FROM {table}")
            db.execute("UPDATE meta SET value = 0 WHERE name = 'version'")
        db.close()

    def is_old(self, folder):
        told = status(self.target(folder))
        assert told is not None
        if told["version"] == 0:
            assert not any(told["objects"].values()) and told["sealed"] == 0, told
        return told["version"] == 0


class Told(Act):
    """What is told to a server, of which each folder has a database of its own."""

    calls = "sends"
    server = None

    def name(self, folder):
        return os.path.basename(folder).lower().replace("-", "_")

    def place(self, folder):
        return "postgres:" + self.server.at(self.name(folder))

    def prepare(self, folder):
        self.server.create(self.name(folder))

    def finish(self, folder):
        self.server.drop(self.name(folder))

    def told(self, folder):
        return run(["status", "--database", self.place(folder)])[1]


class MigratePostgres(Told):
    def prepare(self, folder):
        super().prepare(folder)
        args = ["copy", "--from", "sqlite:" + database(folder), "--to", self.place(folder)]
        assert run(args)[0] == DONE
        self.server.run("DROP TABLE commits; DROP TABLE uses; DROP TABLE replies;"
                        "UPDATE meta SET value = 1 WHERE name = 'schema'", self.name(folder))

    def args(self, folder):
        return ["migrate", "--database", self.place(folder)]

    def state(self, folder):
        told = self.told(folder)
        assert told["objects"]["client"] == 1 and told["keys"]["active"] == 1, told
        assert told["schema"] in (1, told["schema_newest"]), told
        return "old" if told["schema"] == 1 else "new"


class CopyToPostgres(Told):
    def args(self, folder):
        return ["copy", "--from", "sqlite:" + database(folder), "--to", self.place(folder)]

    def state(self, folder):
        told, source = self.told(folder), status(database(folder))
        if told["version"] == 0:
            assert not any(told["objects"].values()) and told["sealed"] == 0, told
            return "old"
        for what in ("version", "objects", "deleted", "keys", "sealed"):
            assert told[what] == source[what], (told, source)
        return "new"


class DbKilled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-fault-")
        cls.base = os.path.join(cls.home, "base")
        os.mkdir(cls.base)
        issuer = start_serve(write_config(cls.base))
        issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})
        made = issuer.admin("POST", "/clients", {"name": "cart", "grants": [PAYMENT + "#r"]})
        cls.client = (made.json()["client_id"], made.json()["client_secret"])
        assert issuer.daemon.stop() == 0

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home)

    def check_starts(self, folder):
        issuer = start_serve(write_config(folder))
        self.assertEqual(issuer.token(self.client).status, 200)
        self.assertEqual(issuer.daemon.stop(), 0)

    def meet(self, act, mode, point):
        """What became of it; None when the point was not met."""
        folder = os.path.join(self.home, f"{type(act).__name__}-{mode}-{point}")
        shutil.copytree(self.base, folder)
        act.prepare(folder)
        code, _ = run(act.args(folder), {**environment(folder, point, mode),
                                         "KILLPOINT_CALLS": act.calls})
        met = counted_in(folder) >= point
        if mode == "kill":
            self.assertEqual(code, -signal.SIGKILL if met else DONE)
        became = act.state(folder)
        if code == DONE:
            self.assertEqual(became, "new", "told as done, and lost")
        if became == "old":
            self.assertEqual(run(act.args(folder))[0], DONE)
            self.assertEqual(act.state(folder), "new")
        if act.calls == "all":
            self.check_starts(folder)
        act.finish(folder)
        shutil.rmtree(folder)
        return became if met else None

    def meet_all(self, act, mode):
        became, stride = [], 1 if ALL or mode == "kill" and act.calls == "all" else THINNED
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for first in range(1, ENDLESS, 4 * stride):
                became += pool.map(lambda point: self.meet(act, mode, point),
                                   range(first, first + 4 * stride, stride))
                if became[-1] is None:
                    break
        met = [one for one in became if one is not None]
        self.assertEqual(became[:len(met)], met)
        self.assertIsNone(became[-1], "it never came to an end")
        self.assertGreater(len(met), 5, "the points were not met")
        if mode == "kill":  # what is durable at one point is so at all that follow
            self.assertEqual(met, sorted(met, reverse=True))
        print(f"{type(act).__name__}, {mode}: {len(met)} points met, {met.count('old')} times the "
              f"old, {met.count('new')} times the new", flush=True)


class PostgresKilled(DbKilled):
    @classmethod
    def setUpClass(cls):
        Told.server = Server()
        cls.addClassCleanup(Told.server.stop)
        super().setUpClass()


def counted_in(folder):
    try:
        with open(report_of(folder), encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def add_tests(case, acts, modes):
    for act in acts:
        for mode in modes:
            def test(self, act=act, mode=mode):
                self.meet_all(act(), mode)
            setattr(case, f"test_{act.__name__.lower()}_{mode}", test)


class FilesKilled(DbKilled):
    pass


add_tests(FilesKilled, (Migrate, Backup, Replace, Copy, CopyToEmpty), ("kill", "eio", "full"))
add_tests(PostgresKilled, (MigratePostgres, CopyToPostgres), ("kill",))

if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word != "--all"])
