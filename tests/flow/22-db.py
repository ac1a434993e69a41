# SPDX-License-Identifier: Apache-2.0
"""The database itself: looked at, raised to a newer schema, backed up while its daemon works, copied.
A backup is a database that a daemon starts on, and what was refused is left alone."""

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import stat
import threading
import unittest

from command_line import DONE, NOT_FOUND, REFUSED, WRONG_USE, VerbCase
from harness import DEADLINE_S, PAYMENT, Case, jeton, start_serve, write_config
from postgres_server import Server

KINDS = ("resource", "role", "product", "client")


def digest(folder):
    """Of all files of a folder but sockets."""
    files = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "rb") as file:
                files[name] = hashlib.sha256(file.read()).hexdigest()
    return files


@contextlib.contextmanager
def changing(path):
    """The database as another program sees it."""
    db = sqlite3.connect(path)
    try:
        with db:
            yield db
    finally:
        db.close()


def set_schema(path, number):
    """Only what it says of itself."""
    with changing(path) as db:
        db.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (number,))


def lower_schema(path):
    """Back to schema 1, as the first releases made it."""
    with changing(path) as db:
        for table in ("uses", "replies", "commits"):
            db.execute(f"DROP TABLE {table}")
    set_schema(path, 1)


class Folder(Case):
    """A stopped issuer in `self.dir` with one resource and one client."""

    def setUp(self):
        super().setUp()
        self.config = write_config(self.dir)
        self.path = os.path.join(self.dir, "jeton.db")
        issuer = start_serve(self.config)
        made = issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})
        self.assertEqual(made.status, 201, made)
        made = issuer.admin("POST", "/clients", {"name": "first", "grants": [PAYMENT + "#r"]}).json()
        self.client = (made["client_id"], made["client_secret"])
        self.token = issuer.token(self.client).json()["access_token"]
        self.assertEqual(issuer.daemon.stop(), 0)

    def db(self, verb, *args, code=DONE, config=True):
        words = ["db", verb, *args] + (["-c", self.config] if config else [])
        done = jeton(*words)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        if code != DONE:
            self.assertEqual(done.stdout, b"")
            self.assertRegex(done.stderr.decode(), r"\Ajeton: [^\n]+\n\Z")
            return done.stderr.decode()
        return done.stdout.decode()

    def db_json(self, verb, *args, **more):
        return json.loads(self.db(verb, *args, "-o", "json", **more))

    def in_folder(self, name):
        return os.path.join(self.dir, name)

    def start_on(self, database, name):
        """A daemon whose database is a copy of the file `database`, in a folder of its own."""
        folder = self.in_folder(name)
        os.mkdir(folder)
        shutil.copy(database, os.path.join(folder, "jeton.db"))
        return self.run_daemon(start_serve(write_config(folder)))

    def judge(self, token, issuer):
        """As an API that has the key set of `issuer`."""
        file = self.in_folder("jwks.json")
        with open(file, "wb") as out:
            out.write(issuer.get("/.well-known/jwks.json").body)
        done = jeton("token", "verify", "--issuer", issuer.url, "--audience", PAYMENT, "--jwks",
                     file, stdin=token.encode())
        self.assertEqual(done.returncode, DONE, done.stdout)


class Status(Folder):
    def test_tells_what_is_there_and_changes_nothing(self):
        before = digest(self.dir)
        told = self.db_json("status")
        self.assertEqual(digest(self.dir), before)
        self.assertEqual(told["database"], self.path)
        self.assertEqual((told["kind"], told["daemons"]), ("sqlite", 0))
        self.assertEqual(told["bytes"], os.path.getsize(self.path))
        self.assertEqual(told["schema"], told["schema_newest"])
        self.assertEqual(told["objects"], {"resource": 1, "role": 0, "product": 0, "client": 1})
        self.assertEqual(told["keys"], {"next": 1, "active": 1, "retiring": 0, "dropped": 0,
                                        "revoked": 0})
        self.assertEqual((told["deleted"], told["sealed"]), (0, 3))
        table = self.db("status")
        self.assertRegex(table, r"(?m)^keys +next=1, active=1, retiring=0, dropped=0, revoked=0$")
        self.assertIn("kind: sqlite\n", self.db("status", "-o", "yaml"))
        self.assertEqual(self.db("status", "--field", "objects.client"), "1\n")
        self.assertEqual(self.db_json("status", "--database", "sqlite:" + self.path, config=False),
                         told)

    def test_counts_what_a_running_daemon_changed(self):
        issuer = self.run_daemon(start_serve(self.config))
        version = self.db_json("status")["version"]
        issuer.admin("DELETE", "/clients/first")
        issuer.admin("POST", "/keys/rotate", {"force": True})
        told = self.db_json("status")
        self.assertEqual((told["daemons"], told["deleted"], told["objects"]["client"]), (1, 1, 0))
        self.assertEqual(told["keys"], {"next": 1, "active": 1, "retiring": 1, "dropped": 0,
                                        "revoked": 0})
        self.assertGreater(told["version"], version)
        issuer.admin("POST", f"/keys/{issuer.kid('retiring')}/revoke", {})
        self.assertEqual(self.db_json("status")["keys"]["revoked"], 1)

    def test_works_on_what_a_killed_daemon_left(self):
        issuer = start_serve(self.config)
        issuer.admin("POST", "/roles", {"name": "left"})
        issuer.daemon.stop(9)
        before = digest(self.dir)
        self.assertGreater(os.path.getsize(self.path + "-wal"), 0)
        self.assertEqual(self.db_json("status")["objects"]["role"], 1)
        self.db("backup", self.in_folder("b.db"))
        after = digest(self.dir)
        del after["b.db"]
        self.assertEqual(after, before)
        self.assertEqual(self.db_json("status", "--database", "sqlite:" + self.in_folder("b.db"),
                                      config=False)["objects"]["role"], 1)

    def test_what_is_no_database_of_ours(self):
        moved = self.in_folder("moved")
        os.rename(self.path, moved)
        self.assertIn("no such file", self.db("status", code=NOT_FOUND))
        with open(self.path, "wb") as out:
            out.write(b"no database at all, however long it may be" * 100)
        self.assertIn("not a database", self.db("status", code=REFUSED))
        os.unlink(self.path)
        with changing(self.path) as db:
            db.execute("CREATE TABLE meta (name TEXT, value BIGINT)")
        self.assertIn("another application", self.db("status", code=REFUSED))
        os.unlink(self.path)
        os.mkdir(self.path)
        self.db("status", code=REFUSED)
        os.rmdir(self.path)
        os.rename(moved, self.path)
        self.db("status")

    def test_a_newer_schema_is_told_and_no_more(self):
        newest = self.db_json("status")["schema_newest"]
        set_schema(self.path, newest + 1)
        told = self.db_json("status")
        self.assertEqual((told["schema"], told["schema_newest"]), (newest + 1, newest))
        self.assertNotIn("objects", told)
        self.assertIn("schema", self.db("backup", self.in_folder("b.db"), code=REFUSED))
        self.assertFalse(os.path.exists(self.in_folder("b.db")))
        set_schema(self.path, newest)
        self.assertIn("objects", self.db_json("status"))
        self.db("backup", self.in_folder("b.db"))

    def test_the_database_is_named_once_and_understood(self):
        for args in (["--database", "sqlite:" + self.path],):
            self.assertIn("give one", self.db("status", *args, code=WRONG_USE))
        for name in ("", "sqlite:", self.path, "mysql:x", "postgres:", "sqlite"):
            self.assertIn("--database", self.db("status", "--database", name, code=WRONG_USE,
                                                config=False))
        nowhere = self.in_folder("none.yaml")
        self.assertIn("none.yaml", self.db("status", "-c", nowhere, code=WRONG_USE, config=False))
        with open(nowhere, "w", encoding="ascii") as out:
            out.write('{"store": {"path": ["a"]}}')
        self.assertIn("store.path", self.db("status", "-c", nowhere, code=WRONG_USE, config=False))
        with open(nowhere, "w", encoding="ascii") as out:
            json.dump({"store": {"path": self.path}}, out)
        self.db("status", "-c", nowhere, config=False)

    def test_the_default_is_the_daemons_own(self):
        bare = self.in_folder("bare.yaml")
        with open(bare, "w", encoding="ascii") as out:
            out.write("issuer: https://id.example.com\n")
        done = jeton("db", "status", "-c", bare)
        if done.returncode != DONE:
            self.assertIn(b"/var/lib/jeton/jeton.db", done.stderr)


class Migrate(Folder):
    def test_raises_an_old_schema_once_told_before(self):
        newest = self.db_json("status")["schema"]
        steps = list(range(2, newest + 1))
        lower_schema(self.path)
        before = digest(self.dir)
        told = self.db_json("migrate", "--dry-run")
        self.assertEqual(told, {"database": self.path, "schema": 1, "steps": steps, "done": False})
        self.assertEqual(digest(self.dir), before)
        told = self.db_json("migrate")
        self.assertEqual(told, {"database": self.path, "schema": newest, "steps": steps,
                                "done": True})
        self.assertEqual(self.db_json("status")["schema"], newest)
        self.assertEqual(self.db_json("migrate")["steps"], [])
        issuer = self.run_daemon(start_serve(self.config))
        self.assertEqual(issuer.token(self.client).status, 200)
        self.judge(self.token, issuer)

    def test_refused_while_a_daemon_holds_it(self):
        issuer = start_serve(self.config)
        self.assertIn("in use", self.db("migrate", code=REFUSED))
        self.db("migrate", "--dry-run")
        issuer.daemon.assert_clean()
        self.assertEqual(issuer.daemon.stop(), 0)
        self.db("migrate")

    def test_a_newer_schema_or_none_refused(self):
        newest = self.db_json("status")["schema"]
        set_schema(self.path, newest + 1)
        before = digest(self.dir)
        for args in ([], ["--dry-run"]):
            self.assertIn("knows only up to", self.db("migrate", *args, code=REFUSED))
        self.assertEqual(digest(self.dir), before)
        set_schema(self.path, newest)
        self.db("migrate")
        other = self.in_folder("other.db")
        self.db("migrate", "--database", "sqlite:" + other, code=NOT_FOUND, config=False)
        self.assertFalse(os.path.exists(other))  # a database is never made by looking for one

    def test_an_old_database_is_backed_up_as_it_is(self):
        lower_schema(self.path)
        backup = self.in_folder("b.db")
        self.db("backup", backup)
        told = self.db_json("status", "--database", "sqlite:" + backup, config=False)
        self.assertEqual((told["schema"], told["objects"]["client"]), (1, 1))
        self.judge(self.token, self.start_on(backup, "restored"))
        other = "sqlite:" + self.in_folder("copy.db")
        self.assertIn("jeton db migrate", self.db("copy", "--to", other, code=REFUSED))
        self.db("migrate")
        self.db("copy", "--to", other)


class Editor:
    """Makes clients one after the other, and asks for tokens, until it is told to stop."""

    def __init__(self, issuer, client):
        self.issuer, self.client = issuer, client
        self.made, self.tokens, self.changed = 0, [], threading.Condition()
        self.stopped, self.failed = False, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.stopped:
                body = {"name": f"c{self.made:05}", "grants": [PAYMENT + "#r"]}
                assert self.issuer.admin("POST", "/clients", body).status == 201
                token = self.issuer.token(self.client)
                assert token.status == 200
                with self.changed:
                    self.made += 1
                    self.tokens.append(token.json()["access_token"])
                    self.changed.notify_all()
        except (AssertionError, OSError) as failed:
            with self.changed:
                self.failed = failed
                self.changed.notify_all()

    def wait_for_more(self, n=5):
        """Waits until it has made `n` more; how many there are now."""
        with self.changed:
            wanted = self.made + n
            assert self.changed.wait_for(lambda: self.made >= wanted or self.failed, DEADLINE_S)
            assert self.failed is None, self.failed
            return self.made

    def stop(self):
        self.stopped = True
        self.thread.join()
        assert self.failed is None, self.failed


class Backup(Folder):
    def names(self, issuer):
        return sorted(item["name"] for item in issuer.admin("GET", "/clients?limit=1000")
                      .json()["items"])

    def test_while_clients_are_made_and_tokens_issued(self):
        issuer = self.run_daemon(start_serve(self.config))
        editor = Editor(issuer, self.client)
        backups = []
        try:
            for i in range(4):
                least = editor.wait_for_more()
                told = self.db_json("backup", self.in_folder(f"b{i}.db"))
                backups.append((least, editor.wait_for_more(), len(editor.tokens), told))
        finally:
            editor.stop()
        for i, (least, most, n_tokens, told) in enumerate(backups):
            restored = self.start_on(told["to"], f"r{i}")
            names = self.names(restored)
            n = len(names) - 1  # beside "first"
            self.assertEqual(names, [f"c{k:05}" for k in range(n)] + ["first"])
            self.assertTrue(least <= n <= most + 1, (least, n, most))
            self.judge(editor.tokens[n_tokens - 1], restored)
            self.judge(restored.token(self.client).json()["access_token"], issuer)
            self.assertEqual(restored.get("/.well-known/jwks.json").header("ETag"),
                             issuer.get("/.well-known/jwks.json").header("ETag"))
        issuer.daemon.assert_clean()

    def test_is_private_and_whole_and_replaces_nothing_unasked(self):
        file = self.in_folder("b.db")
        told = self.db_json("backup", file)
        self.assertEqual((told["from"], told["to"]), (self.path, file))
        self.assertEqual(told["rows"]["objects"], 2)
        self.assertEqual(os.stat(file).st_mode & 0o7777, 0o600)
        self.assertEqual([name for name in os.listdir(self.dir) if name.startswith("b.db")],
                         ["b.db"])
        with open(file, "rb") as old:
            content = old.read()
        self.assertIn("exists already", self.db("backup", file, code=REFUSED))
        issuer = start_serve(self.config)
        issuer.admin("POST", "/roles", {"name": "new"})
        self.assertEqual(issuer.daemon.stop(), 0)
        self.assertIn("exists already", self.db("backup", file, code=REFUSED))
        with open(file, "rb") as old:
            self.assertEqual(old.read(), content)
        again = self.db_json("backup", file, "--force")
        self.assertNotEqual(again["digest"], told["digest"])
        self.assertEqual(again["rows"]["objects"], 3)

    def test_places_that_it_cannot_be(self):
        self.assertIn("No such file", self.db("backup", self.in_folder("none/b.db"), code=REFUSED))
        self.assertIn("is not a file", self.db("backup", self.dir, "--force", code=REFUSED))
        issuer = start_serve(self.config)
        self.assertIn("a jetond that runs", self.db("backup", self.path, "--force", code=REFUSED))
        self.assertEqual(issuer.daemon.stop(), 0)
        with open(self.in_folder("b.db-wal"), "wb") as out:
            out.write(b"frames of something else")
        self.assertIn("b.db-wal", self.db("backup", self.in_folder("b.db"), code=REFUSED))
        os.unlink(self.in_folder("b.db-wal"))
        self.db("backup", self.in_folder("b.db"))

    def test_memory_does_not_grow_with_the_database(self):
        def peak(name):
            """Of a backup, in KiB; at least what this program has, which the child is made of."""
            pid = os.posix_spawn(os.environ["JETON"],
                                 ["jeton", "db", "backup", self.in_folder(name), "-c", self.config],
                                 {"ASAN_OPTIONS": "quarantine_size_mb=1"}, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull,
                                                    os.O_WRONLY, 0)])
            _, status, usage = os.wait4(pid, 0)
            self.assertEqual(status, 0)
            return usage.ru_maxrss
        small = peak("small.db")
        with changing(self.path) as db:
            db.executemany("INSERT INTO audit VALUES (?, 1, 'a', 'b', ?, ?)",
                           ((1000 + i, b"o%d" % i, b"x" * 4000) for i in range(25000)))
        large = peak("large.db")
        self.assertGreater(os.path.getsize(self.in_folder("large.db")), 25000 * 4000)
        self.assertLess(large - small, 32 * 1024)


class Copy(Folder):
    def test_to_a_new_place_and_start_there(self):
        other = self.in_folder("other.db")
        told = self.db_json("copy", "--to", "sqlite:" + other)
        self.assertEqual((told["from"], told["to"]), (self.path, other))
        self.assertEqual(told["rows"]["keys"], 2)
        status = self.db_json("status", "--database", "sqlite:" + other, config=False)
        self.assertEqual({**status, "database": "", "bytes": 0},
                         {**self.db_json("status"), "database": "", "bytes": 0})
        self.assertEqual(self.db_json("backup", self.in_folder("b.db"))["digest"], told["digest"])
        config = write_config(self.dir, store={"path": other})
        issuer = self.run_daemon(start_serve(config))
        self.judge(self.token, issuer)
        self.assertEqual(issuer.token(self.client).status, 200)

    def test_from_under_a_running_daemon_warns(self):
        words = ["db", "copy", "-c", self.config, "--to", "sqlite:"]
        told = jeton(*words[:-1], words[-1] + self.in_folder("still.db"))
        self.assertEqual((told.returncode, told.stderr), (DONE, b""))
        self.run_daemon(start_serve(self.config))
        told = jeton(*words[:-1], words[-1] + self.in_folder("running.db"))
        self.assertEqual(told.returncode, DONE)
        self.assertRegex(told.stderr, rb"\Awarning: jetond has .* open, and what it changes")

    def test_to_what_is_not_empty_refused(self):
        other = self.in_folder("other.db")
        self.db("copy", "--to", "sqlite:" + other)
        self.db("status", "--database", "sqlite:" + other, config=False)
        with open(other, "rb") as file:
            content = file.read()
        self.assertIn("is not empty", self.db("copy", "--to", "sqlite:" + other, code=REFUSED))
        with open(other, "rb") as file:
            self.assertEqual(file.read(), content)
        os.unlink(other)
        self.db("copy", "--to", "sqlite:" + other)

    def test_to_itself_or_to_what_a_daemon_holds_refused(self):
        self.assertIn("not empty", self.db("copy", "--to", "sqlite:" + self.path, code=REFUSED))
        folder = self.in_folder("other")
        os.mkdir(folder)
        issuer = start_serve(write_config(folder))
        to = "sqlite:" + os.path.join(folder, "jeton.db")
        self.assertIn("is not empty", self.db("copy", "--to", to, code=REFUSED))
        self.assertEqual(issuer.daemon.stop(), 0)
        self.assertIn("is not empty", self.db("copy", "--to", to, code=REFUSED))
        os.unlink(to.removeprefix("sqlite:"))
        self.db("copy", "--to", to)

    def test_says_where_to(self):
        self.assertIn("--to", self.db("copy", code=WRONG_USE))
        self.assertIn("--to", self.db("copy", "--to", self.path, code=WRONG_USE))


class Postgres(Folder):
    """The same commands on a database of a server."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        super().setUp()
        self.there = self.server.create("jeton")
        self.addCleanup(self.server.drop, "jeton")

    def named(self):
        return "postgres:" + self.there

    def config_there(self):
        return write_config(self.dir, store={"postgres": self.there})

    def test_moved_there_and_back_tokens_verify_and_the_set_is_the_same(self):
        issuer = start_serve(self.config)
        etag = issuer.get("/.well-known/jwks.json").header("ETag")
        self.assertEqual(issuer.daemon.stop(), 0)
        moved = self.db_json("copy", "--to", self.named())
        issuer = start_serve(self.config_there())
        self.assertEqual(issuer.get("/.well-known/jwks.json").header("ETag"), etag)
        self.judge(self.token, issuer)
        there = issuer.token(self.client).json()["access_token"]
        issuer.admin("POST", "/roles", {"name": "made-there"})
        self.assertEqual(issuer.daemon.stop(), 0)
        back = self.in_folder("back.db")
        told = self.db_json("copy", "--from", self.named(), "--to", "sqlite:" + back, config=False)
        self.assertEqual({**told["rows"], "audit": 0, "commits": 0, "uses": 0},
                         {**moved["rows"], "audit": 0, "commits": 0, "uses": 0, "objects": 3})
        issuer = self.start_on(back, "returned")
        self.assertEqual(issuer.get("/.well-known/jwks.json").header("ETag"), etag)
        self.judge(there, issuer)
        self.judge(self.token, issuer)
        self.assertEqual(issuer.admin("GET", "/roles/made-there").status, 200)

    def test_a_connection_string_is_as_good_as_a_uri_or_a_configuration(self):
        self.db("copy", "--to", self.named())
        told = self.db_json("status", "--database", self.named(), config=False)
        self.assertEqual((told["kind"], told["daemons"], told["version"]),
                         ("postgres", 0, self.db_json("status")["version"]))
        uri = f"postgresql://jeton@/jeton?host={self.server.folder}"
        self.assertEqual(self.db_json("status", "--database", uri, config=False)["objects"],
                         told["objects"])
        self.assertEqual(self.db_json("status", "-c", self.config_there(), config=False), told)

    def test_backup_of_a_running_issuer(self):
        self.db("copy", "--to", self.named())
        issuer = self.run_daemon(start_serve(self.config_there()))
        self.assertEqual(self.db_json("status", "--database", self.named(), config=False)["daemons"],
                         1)
        editor = Editor(issuer, self.client)
        try:
            least = editor.wait_for_more()
            told = self.db_json("backup", self.in_folder("b.db"), "--database", self.named(),
                                config=False)
            most = editor.wait_for_more()
        finally:
            editor.stop()
        self.assertIn(told["rows"]["objects"], range(2 + least, 2 + most + 2))
        restored = self.start_on(self.in_folder("b.db"), "restored")
        self.judge(editor.tokens[-1], restored)
        self.assertEqual(restored.token(self.client).status, 200)

    def test_migrate_makes_and_raises_the_schema(self):
        newest = self.db_json("status")["schema"]
        told = self.db_json("migrate", "--database", self.named(), "--dry-run", config=False)
        self.assertEqual((told["schema"], told["steps"]), (0, list(range(1, newest + 1))))
        self.assertEqual(self.server.run("SELECT to_regclass('meta') IS NULL", "jeton"), ["t"])
        self.db("migrate", "--database", self.named(), config=False)
        self.db("copy", "--to", self.named())
        self.server.run("DROP TABLE commits; DROP TABLE uses; DROP TABLE replies;"
                        "UPDATE meta SET value = 1 WHERE name = 'schema'", "jeton")
        self.assertIn("jeton db migrate", self.db("copy", "--from", self.named(), "--to", "sqlite:" +
                                                  self.in_folder("x.db"), code=REFUSED,
                                                  config=False))
        self.db("migrate", "--database", self.named(), config=False)
        self.judge(self.token, self.run_daemon(start_serve(self.config_there())))
        self.server.run(f"UPDATE meta SET value = {newest + 1} WHERE name = 'schema'", "jeton")
        for verb in ("migrate", "backup"):
            args = [self.in_folder("x.db")] if verb == "backup" else []
            self.assertIn("knows only up to", self.db(verb, *args, "--database", self.named(),
                                                      code=REFUSED, config=False))
        self.server.run(f"UPDATE meta SET value = {newest} WHERE name = 'schema'", "jeton")

    def test_what_is_refused_is_told_without_secrets(self):
        self.db("copy", "--to", self.named())
        self.assertIn("is not empty", self.db("copy", "--to", self.named(), code=REFUSED))
        nobody = f"postgres:host={self.server.folder} user=jeton dbname=none"
        self.assertIn("none", self.db("status", "--database", nobody, code=REFUSED, config=False))
        nowhere = "postgres:host=/nonexistent user=jeton dbname=jeton"
        self.db("status", "--database", nowhere, code=REFUSED, config=False)
        secret = self.db("status", "--database", self.named() + " password=swordfish",
                         code=REFUSED, config=False)
        self.assertIn("passfile", secret)
        self.assertNotIn("swordfish", secret)
        self.server.run("CREATE TABLE t (a INT)", "postgres")
        self.addCleanup(self.server.run, "DROP TABLE t", "postgres")
        other = "postgres:" + self.server.at("postgres")
        self.assertEqual(self.db_json("status", "--database", other, config=False)["schema"], 0)
        self.assertIn("nothing of an issuer", self.db("backup", self.in_folder("b.db"),
                                                      "--database", other, code=NOT_FOUND,
                                                      config=False))


class Verbs(VerbCase):
    """That each is a command like the others."""

    def place(self):
        return "sqlite:" + os.path.join(self.home, "dev", "jeton.db")

    def test_db_status(self):
        self.assertEqual(set(self.do_json("--database", self.place())["objects"]), set(KINDS))
        self.do("--database", "sqlite:/nonexistent", code=NOT_FOUND)

    def test_db_migrate(self):
        self.do("--database", self.place(), code=REFUSED)
        self.assertEqual(self.do_json("--database", self.place(), "--dry-run")["steps"], [])

    def test_db_backup(self):
        file = os.path.join(self.home, "backup.db")
        self.assertEqual(self.do_json(file, "--database", self.place())["to"], file)
        self.do(file, "--database", self.place(), code=REFUSED)

    def test_db_copy(self):
        to = "sqlite:" + os.path.join(self.home, "copy.db")
        self.assertEqual(len(self.do_json("--from", self.place(), "--to", to)["digest"]), 64)
        self.do("--from", self.place(), "--to", to, code=REFUSED)


if __name__ == "__main__":
    unittest.main()
