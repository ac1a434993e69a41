# SPDX-License-Identifier: Apache-2.0
"""A start that cannot be: one line that says what and how to mend it, a status that is not 0,
nothing changed on disk. Each beside the repaired start."""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import unittest

from harness import DEADLINE_S, DIRTY, JETOND, KEK, Case, start_serve, write_config

NOBODY = 65534


def jetond(*args, env=None, preexec=None):
    return subprocess.run([JETOND, *args], capture_output=True, timeout=DEADLINE_S, check=False,
                          env={**os.environ, **(env or {})}, preexec_fn=preexec)


def snapshot(folder):
    """Every path below with its mode, owner and content."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            info = os.lstat(path)
            digest = None
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            found[path] = (info.st_mode, info.st_uid, info.st_mtime_ns if digest else None, digest)
    return found


class Config(Case):
    def refuses(self, args, *parts, env=None, preexec=None):
        """One line on standard error that holds all of `parts`; nothing changed."""
        before = snapshot(self.dir)
        done = jetond(*args, env=env, preexec=preexec)
        said = done.stderr.decode()
        self.assertGreater(done.returncode, 0, said)
        self.assertFalse(any(word in said for word in DIRTY), said)
        self.assertRegex(said, r"\Ajetond: [^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, said)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(snapshot(self.dir), before)
        return done.returncode

    def both_refuse(self, config, *parts, **how):
        for verb in ("check", "serve"):
            with self.subTest(verb):
                self.assertEqual(self.refuses([verb, "--config", config], *parts, **how), 1)

    def checks(self, config):
        """`check` finds all in order, and changes nothing."""
        before = snapshot(self.dir)
        done = jetond("check", "--config", config)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(snapshot(self.dir), before)

    def starts(self, config):
        self.checks(config)
        issuer = start_serve(config)
        self.assertEqual(len(issuer.jwks()), 2)
        self.stop(issuer)

    def write(self, text):
        path = os.path.join(self.dir, "jetond.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def started_once(self):
        """A configuration whose database exists."""
        config = write_config(self.dir)
        self.stop(start_serve(config))
        return config

    # --- the file ---

    def test_unknown_key_is_named_with_its_place(self):
        write_config(self.dir)
        text = ("issuer: https://id.example.com\nlisten: 127.0.0.1:0\n"
                "admin:\n  socket: {0}/admin.sock\nstore:\n  path: {0}/jeton.db\n"
                "keys:\n  kek_file: {0}/kek\n  {1}: 31d\n")
        config = self.write(text.format(self.dir, "peroid"))
        self.both_refuse(config, f"{config}:9:3", "peroid", "period")
        self.write(text.format(self.dir, "period"))
        self.starts(config)

    def test_files_that_are_not_a_configuration(self):
        write_config(self.dir)
        for text in ("", "[]", "issuer: [\n", "\x00", "issuer: https://a\nissuer: https://b\n",
                     "issuer: !!python/object x\n", "a: &x [*x]\n", "listen: 1\n"):
            with self.subTest(text):
                self.both_refuse(self.write(text), "jetond.yaml")
        config = os.path.join(self.dir, "jetond.yaml")
        os.unlink(config)
        self.both_refuse(config, config)
        os.mkdir(config)
        self.both_refuse(config, config)
        os.rmdir(config)
        self.starts(write_config(self.dir))

    def test_values_that_cannot_be(self):
        rows = [({"issuer": "http://id.example.com"}, "issuer"),
                ({"issuer": "https://id.example.com/"}, "issuer"),
                ({"keys": {"lead": "40d"}}, "keys.period"),
                ({"keys": {"staleness": "2d"}}, "keys.staleness"),
                ({"keys": {"algorithms": ["HS256"]}}, "HS256"),
                ({"keys": {"algorithms": ["ES256", "ES256"]}}, "ES256"),
                ({"keys": {"kek_env": "X"}}, "kek"), ({"keys": {"lead": "1 fortnight"}}, "lead"),
                ({"log": {"level": "loud"}}, "log.level"),
                ({"http": {"query_parameters": "maybe"}}, "http.query_parameters"),
                ({"http": {"threads": 65}}, "http.threads"), ({"http": {"threads": "x"}}, "threads"),
                ({"admin": {"mode": "0777"}}, "admin.mode"), ({"jwks": {"max_age": "0"}}, "max_age")]
        for change, part in rows:
            with self.subTest(change):
                self.both_refuse(write_config(self.dir, **change), part)
        self.starts(write_config(self.dir))

    def test_usage(self):
        rows = [[], ["serve"], ["check"], ["reserve"], ["serve", "--config"], ["serve", "extra", "x"],
                ["dev", "-o", "yaml"], ["--nothing"], ["check", "--config", "x", "--dir", "y"],
                ["serve", "--config", "x", "--listen", "127.0.0.1:0"], ["dev", "--config", "x"]]
        for args in rows:
            done = jetond(*args)
            self.assertEqual(done.returncode, 1, args)
            self.assertIn(b"jetond serve --config FILE", done.stderr)
        self.assertEqual(jetond("--help").returncode, 0)
        self.assertRegex(jetond("--version").stdout, rb"\Ajetond \d+\.\d+\.\d+\n\Z")

    def test_algorithm_in_use_is_kept(self):
        config = write_config(self.dir, keys={"algorithms": ["ES256", "EdDSA"]})
        issuer = start_serve(config)
        issuer.admin("POST", "/resources", {"identifier": "urn:ed", "alg": "EdDSA"})
        self.stop(issuer)
        # named no more, its keys go on
        issuer = start_serve(write_config(self.dir))
        self.assertEqual({key["alg"] for key in issuer.jwks()}, {"ES256", "EdDSA"})
        self.stop(issuer)
        with contextlib.closing(sqlite3.connect(os.path.join(self.dir, "jeton.db"))) as db:
            db.execute("DELETE FROM keys WHERE alg = 'EdDSA'")
            db.commit()
        self.both_refuse(write_config(self.dir), "keys.algorithms", "urn:ed", "EdDSA")
        self.checks(write_config(self.dir, keys={"algorithms": ["EdDSA"]}))

    # --- sockets ---

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            config = write_config(self.dir, listen=address)
            self.refuses(["serve", "--config", config], address, "in use")
        self.starts(config)

    def test_addresses_that_cannot_be(self):
        for listen in ("localhost:0", "127.0.0.1", "127.0.0.1:65536", "192.0.2.1:80", "::1:80",
                       "127.0.0.1:x"):
            with self.subTest(listen):
                config = write_config(self.dir, listen=listen)
                self.refuses(["serve", "--config", config], listen)
                if listen != "192.0.2.1:80":  # well-formed: only binding can tell
                    self.refuses(["check", "--config", config], listen)

    def test_admin_socket_path_taken(self):
        path = os.path.join(self.dir, "admin.sock")
        config = write_config(self.dir)
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        self.refuses(["serve", "--config", config], path)
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
            other.listen()
            self.refuses(["serve", "--config", config], path)
        self.starts(config)  # nobody answers there any more: replaced

    def test_admin_socket_folder_missing(self):
        path = os.path.join(self.dir, "nowhere", "admin.sock")
        config = write_config(self.dir, admin={"socket": path})
        self.both_refuse(config, path, "make it")
        os.mkdir(os.path.dirname(path))
        self.starts(config)
        path = os.path.join(self.dir, "x" * 120)
        self.both_refuse(write_config(self.dir, admin={"socket": path}), "107")

    # --- the database ---

    def test_folder_missing(self):
        path = os.path.join(self.dir, "nowhere", "jeton.db")
        config = write_config(self.dir, store={"path": path})
        self.both_refuse(config, path, "folder")
        os.mkdir(os.path.dirname(path))
        self.starts(config)

    def test_folder_not_writable(self):
        if os.getuid() != 0:
            self.skipTest("needs root to become another user")
        # as a user who can write nowhere but to the socket's folder
        os.chmod(self.dir, 0o755)
        run, closed = (os.path.join(self.dir, name) for name in ("run", "closed"))
        for folder in (run, closed):
            os.mkdir(folder)
        os.chown(run, NOBODY, NOBODY)
        config = write_config(self.dir, admin={"socket": os.path.join(run, "admin.sock")},
                              store={"path": os.path.join(closed, "jeton.db")})
        with open(config, encoding="utf-8") as file:
            settings = json.load(file)
        settings["keys"] = {"kek_env": "JT_FLOW_KEK"}
        self.write(json.dumps(settings))

        def become_nobody():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        how = {"env": {"JT_FLOW_KEK": KEK}, "preexec": become_nobody}
        try:
            jetond("--version", preexec=become_nobody)
        except PermissionError:
            self.skipTest("the build folder is closed to other users")
        self.both_refuse(config, "may not be written", closed, **how)
        os.chown(closed, NOBODY, NOBODY)
        self.assertEqual(jetond("check", "--config", config, **how).returncode, 0)

    def test_database_of_a_newer_version(self):
        config = self.started_once()
        path = os.path.join(self.dir, "jeton.db")

        def set_schema(number):
            with sqlite3.connect(path) as db:
                db.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (number,))
            db.close()
        with sqlite3.connect(path) as db:
            known = db.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()[0]
        db.close()
        set_schema(known + 1)
        self.both_refuse(config, path, str(known + 1), "newer")
        set_schema(known)
        self.starts(config)

    def test_files_that_are_no_database_of_ours(self):
        config = write_config(self.dir)
        path = os.path.join(self.dir, "jeton.db")
        for content in (b"", b"x", b"SQLite format 3\0" + b"\0" * 4096, b"\xff" * 8192):
            with self.subTest(content[:20]):
                with open(path, "wb") as file:
                    file.write(content)
                self.both_refuse(config, path)
        os.unlink(path)
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE meta (name TEXT, value INTEGER)")
        db.close()
        self.both_refuse(config, path, "another application")
        os.unlink(path)
        os.mkdir(path)
        self.both_refuse(config, path)
        os.rmdir(path)
        self.starts(config)

    def test_object_changed_by_hand_is_named(self):
        config = write_config(self.dir)
        issuer = start_serve(config)
        issuer.admin("POST", "/roles", {"name": "reader"})
        self.stop(issuer)
        path = os.path.join(self.dir, "jeton.db")
        for doc, part in ((b"x", "reader"), (b'{"name":"writer"}', "another"),
                          (b'{"name":"reader","grants":7}', "grants")):
            with sqlite3.connect(path) as db:
                db.execute("UPDATE objects SET doc = ? WHERE id = ?", (doc, b"reader"))
            db.close()
            self.both_refuse(config, "role", part)
        with sqlite3.connect(path) as db:
            db.execute("UPDATE objects SET doc = ?", (b'{"name":"reader"}',))
        db.close()
        self.starts(config)

    def test_database_in_use(self):
        config = self.started_once()
        issuer = self.run_daemon(start_serve(config))
        self.checks_while_running(config)
        second = write_config(self.dir, admin={"socket": os.path.join(self.dir, "second.sock")})
        done = jetond("serve", "--config", second)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.decode(), r"\Ajetond: [^\n]*another jetond[^\n]*\n\Z")
        self.assertFalse(os.path.exists(os.path.join(self.dir, "second.sock")))
        self.assertEqual(issuer.admin("POST", "/roles", {"name": "still-here"}).status, 201)

    def checks_while_running(self, config):
        before = {path: what[3] for path, what in snapshot(self.dir).items()}
        done = jetond("check", "--config", config)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        after = {path: what[3] for path, what in snapshot(self.dir).items()}
        shm = os.path.join(self.dir, "jeton.db-shm")  # SQLite's scratch memory: readers' marks
        before.pop(shm, None)
        after.pop(shm, None)
        self.assertEqual(after, before)

    # --- the key-encryption key ---

    def kek(self, text, mode=0o600):
        path = os.path.join(self.dir, "kek")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_kek_that_does_not_open(self):
        config = self.started_once()
        self.kek("a0" * 32)
        self.both_refuse(config, "key-encryption key")
        self.kek(KEK)
        self.starts(config)

    def test_kek_made_as_the_manual_says(self):
        docs = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "jetond.8.scd")
        with open(docs, encoding="utf-8") as page:
            line = next(line for line in page if line.startswith("umask 077; set -C; head"))
        config = write_config(self.dir)
        path = self.kek("")
        os.remove(path)
        # scdoc reads a backslash before a character as that character
        made = ["sh", "-c", line.replace("\\\\", "\\").replace("/etc/jeton/kek", path)]
        subprocess.run(made, check=True)
        self.starts(config)
        again = subprocess.run(made, check=False, stderr=subprocess.DEVNULL)
        self.assertNotEqual(again.returncode, 0)  # a key that is there is left alone
        self.starts(config)

    def test_kek_file_wrong(self):
        config = write_config(self.dir)
        path = os.path.join(self.dir, "kek")
        for mode in (0o640, 0o604, 0o620, 0o644, 0o666):
            with self.subTest(oct(mode)):
                self.kek(KEK, mode)
                self.both_refuse(config, path, "chmod")
        for text in ("", "\n", KEK[:-1], KEK + "0", "g" * 64, "=" * 43, KEK[:62] + " 0"):
            with self.subTest(text):
                self.kek(text)
                self.both_refuse(config, path)
        os.unlink(path)
        self.both_refuse(config, path)
        os.mkdir(path, 0o700)
        self.both_refuse(config, path)
        os.rmdir(path)
        self.kek(KEK + "\n")
        self.starts(config)

    def test_kek_missing(self):
        config = write_config(self.dir)
        with open(config, encoding="utf-8") as file:
            settings = json.load(file)
        settings["keys"] = {}
        self.both_refuse(self.write(json.dumps(settings)), "kek_file")
        settings["keys"] = {"kek_env": "JT_FLOW_NO_SUCH"}
        self.both_refuse(self.write(json.dumps(settings)), "JT_FLOW_NO_SUCH")
        settings["keys"] = {"kek_credential": "kek"}
        self.both_refuse(self.write(json.dumps(settings)), "kek")
        os.mkdir(os.path.join(self.dir, "cred"))
        shutil.copy(os.path.join(self.dir, "kek"), os.path.join(self.dir, "cred", "kek"))
        done = jetond("check", "--config", config,
                      env={"CREDENTIALS_DIRECTORY": os.path.join(self.dir, "cred")})
        self.assertEqual(done.returncode, 0, done.stderr)

    # --- dev ---

    def test_dev_listens_on_loopback_only(self):
        for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0", "8080", "localhost:0", "127.0.0.1",
                       "10.127.0.1:0"):
            with self.subTest(listen):
                folder = os.path.join(self.dir, "dev")
                self.refuses(["dev", "--listen", listen, "--dir", folder, "-o", "json"], listen)
        self.refuses(["dev", "--listen", "127.0.0.1:0", "--alg", "HS256", "--dir",
                      os.path.join(self.dir)], "HS256")


if __name__ == "__main__":
    unittest.main()
