# SPDX-License-Identifier: Apache-2.0
"""The key-encryption key is changed under a running daemon: no request fails, no row is left
behind, and what the old key sealed is in no file."""

import json
import os
import signal
import sqlite3
import stat
import tempfile
import threading
import unittest

from command_line import REFUSED, VerbCase
from harness import PAYMENT, Case, Daemon, decode, jeton, start_serve, write_config

NEW = bytes(range(128, 160)).hex()


def write_key(folder, name, value=NEW):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as out:
        out.write(value + "\n")
    return path


class Kek(Case):
    def setUp(self):
        super().setUp()
        self.issuer = start_serve(write_config(self.dir))
        self.addCleanup(lambda: self.stop(self.issuer))
        self.issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})
        made = self.issuer.admin("POST", "/clients", {"name": "cart", "grants": [PAYMENT + "#r"]})
        self.client = made.json()["client_id"], made.json()["client_secret"]

    # --- the operator's hands ---

    def file(self, name, value=NEW):
        return write_key(self.dir, name, value)

    def configure(self, now, following=None):
        """Which files keys.kek_file and keys.kek_next_file name."""
        keys = {"kek_file": os.path.join(self.dir, now)}
        if following is not None:
            keys["kek_next_file"] = os.path.join(self.dir, following)
        return write_config(self.dir, keys=keys)

    def reload(self, *wanted):
        """SIGHUP; the log line that tells what came of it."""
        mark = self.issuer.daemon.mark()
        self.issuer.daemon.process.send_signal(signal.SIGHUP)
        return self.issuer.daemon.wait_log(*wanted, since=mark)

    def restart(self, config):
        self.stop(self.issuer)
        self.issuer = start_serve(config)

    def command(self, *args, status=0):
        done = jeton(*args, "--socket", self.issuer.socket, "-o", "json")
        self.assertEqual(done.returncode, status, done)
        return json.loads(done.stdout) if status == 0 else done.stderr.decode()

    def rows(self):
        """How many rows stand under each key-encryption key, by its role."""
        items = self.command("kek", "status")["items"]
        return {item["role"]: (item["keys"], item["secrets"]) for item in items}

    def checked(self, check):
        items = self.issuer.admin("GET", "/doctor").json()["checks"]
        return [item for item in items if item["check"] == check][0]

    def token(self, connection=None):
        answer = self.issuer.token(self.client, connection=connection, resource=PAYMENT)
        self.assertEqual(answer.status, 200, answer)
        return decode(answer.json()["access_token"])[0]["kid"]

    # --- what lies in the files ---

    def wrapped(self):
        """The wrapped data key and the MAC of every row: what only its key-encryption key opens."""
        db = sqlite3.connect(f"file:{self.dir}/jeton.db?mode=ro", uri=True)
        rows = db.execute("SELECT mac, blob FROM keys UNION ALL SELECT mac, blob FROM sealed")
        found = [(bytes(mac), bytes(blob)[1:69] if blob else b"") for mac, blob in rows.fetchall()]
        db.close()
        return found

    def files(self):
        for name in os.listdir(self.dir):
            path = os.path.join(self.dir, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, "rb") as file:
                    yield name, file.read()

    # --- tests ---

    def test_the_whole_way_under_load(self):
        self.file("kek2")
        failures, stop = [], threading.Event()

        def load():
            connection = self.issuer.connect()
            while not stop.is_set():
                try:
                    self.token(connection)
                except Exception as error:  # pylint: disable=broad-except
                    failures.append(error)
                    return
            connection.close()
        # a key that retires has an erased row, whose MAC is all that is of the old key
        self.assertEqual(self.issuer.admin("POST", "/keys/rotate", {"force": True}).status, 200)
        self.assertEqual(self.rows(), {"now": (3, 1)})
        published = self.issuer.get("/.well-known/jwks.json")
        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            self.configure("kek", "kek2")
            self.reload("ev=config.load")
            self.assertEqual(self.rows(), {"now": (3, 1), "next": (0, 0)})
            self.assertEqual(self.checked("kek_rows")["status"], "warn")
            before = self.wrapped()
            told = self.command("kek", "rotate")
            self.assertEqual(told["moved"], 4)
            self.assertIn("keys.kek_*", told["step"])
            self.assertEqual(self.rows(), {"now": (0, 0), "next": (3, 1)})
            self.issuer.daemon.wait_log("ev=kek.rotate", "keys=3", "secrets=1")
            self.configure("kek2")
            self.reload("ev=config.load")
            self.assertEqual(self.rows(), {"now": (3, 1)})
            self.assertEqual(self.checked("kek_rows")["status"], "ok")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        after = self.issuer.get("/.well-known/jwks.json")
        self.assertEqual((after.body, after.header("ETag")),
                         (published.body, published.header("ETag")))
        # nothing of the old wrapping is left, nor of the old MACs
        old = [part for row in before for part in row if part]
        self.assertEqual(len(old), 7)
        for name, content in self.files():
            for part in old:
                self.assertNotIn(part, content, name)
        self.assertTrue(any(self.wrapped()[0][0] in content for _, content in self.files()))

        # the old key may go; the same keys sign
        kid = self.issuer.kid("active")
        os.remove(os.path.join(self.dir, "kek"))
        self.restart(os.path.join(self.dir, "jetond.yaml"))
        self.assertEqual(self.token(), kid)
        self.assertEqual({key["kid"] for key in self.issuer.jwks()},
                         {key["kid"] for key in published.json()["keys"]})
        db = sqlite3.connect(f"file:{self.dir}/jeton.db?mode=ro", uri=True)
        audit = db.execute("SELECT actor, detail FROM audit WHERE action = 'kek.rotate'").fetchall()
        db.close()
        self.assertEqual([json.loads(detail) for _, detail in audit], [{"keys": 3, "secrets": 1}])

    def test_rotate_without_a_next_key_refused(self):
        refused = self.issuer.admin("POST", "/kek/rotate")
        self.assertEqual((refused.status, refused.json()["code"]), (409, "conflict"))
        self.assertIn("kek_next_file", refused.json()["detail"])
        self.file("kek2")
        self.configure("kek", "kek2")
        self.reload("ev=kek.change")
        self.assertEqual(self.command("kek", "rotate")["moved"], 3)
        self.assertEqual(self.command("kek", "rotate")["moved"], 0)  # again does no harm

    def test_start_with_the_old_key_alone_refused(self):
        self.file("kek2")
        self.configure("kek", "kek2")
        self.reload("ev=kek.change")
        self.command("kek", "rotate")
        self.stop(self.issuer)
        for verb in ("check", "serve"):
            refused = Daemon([verb, "--config", self.configure("kek")])
            self.assertNotEqual(refused.process.wait(30), 0)
            refused.stop()
            for part in ("3 rows", "key-encryption key with id", "jeton kek rotate"):
                self.assertIn(part, refused.log())
        self.issuer = start_serve(self.configure("kek", "kek2"))  # either order starts
        self.restart(self.configure("kek2", "kek"))
        self.assertEqual(self.rows(), {"now": (2, 1), "next": (0, 0)})
        self.restart(self.configure("kek2"))
        self.token()

    def test_reload_that_would_lose_rows_refused(self):
        self.file("kek2")
        for following in (None, "kek3"):  # not rotated yet: the old one is needed
            self.file("kek3", NEW[::-1])
            self.configure("kek2", following)
            line = self.reload("ev=config.refuse")
            for part in ("3 rows", "jeton kek rotate", "name it again"):
                self.assertIn(part, line)
            self.assertEqual(self.rows(), {"now": (2, 1)})
            self.token()
        self.configure("kek", "kek2")
        self.reload("ev=kek.change")
        self.command("kek", "rotate")
        self.configure("kek")  # now the new one is
        self.assertIn("3 rows", self.reload("ev=config.refuse"))
        self.configure("kek2")
        self.reload("ev=kek.change")
        self.assertEqual(self.rows(), {"now": (2, 1)})

    def test_key_made_before_the_rotation_is_the_old_ones(self):
        """Naming the next key changes nothing yet: who does not know it reads every row."""
        self.file("kek2")
        self.configure("kek", "kek2")
        self.reload("ev=kek.change")
        self.assertEqual(self.issuer.admin("POST", "/keys/rotate", {"force": True}).status, 200)
        self.assertEqual(self.rows(), {"now": (3, 1), "next": (0, 0)})
        self.command("kek", "rotate")
        self.assertEqual(self.issuer.admin("POST", "/keys/rotate", {"force": True}).status, 200)
        # and after it, the new one's
        self.assertEqual(self.rows(), {"now": (0, 0), "next": (4, 1)})
        self.restart(self.configure("kek2"))
        self.token()

    def test_next_key_that_cannot_be_read_leaves_all_as_it_was(self):
        self.configure("kek", "none")
        self.assertIn("none", self.reload("ev=config.refuse"))
        os.chmod(self.file("kek2"), 0o644)
        self.configure("kek", "kek2")
        self.assertIn("chmod", self.reload("ev=config.refuse"))
        self.file("kek2x", "too short")
        self.configure("kek", "kek2x")
        self.assertIn("openssl rand", self.reload("ev=config.refuse"))
        self.assertEqual(self.rows(), {"now": (2, 1)})
        os.chmod(os.path.join(self.dir, "kek2"), 0o600)
        self.configure("kek", "kek2")
        self.reload("ev=kek.change")
        self.assertEqual(self.rows(), {"now": (2, 1), "next": (0, 0)})

    def test_killed_at_once_either_key_opens(self):
        """Whatever a kill -9 in the middle of it leaves, both keys named open it."""
        self.file("kek2")
        config = self.configure("kek", "kek2")
        self.reload("ev=kek.change")
        for _ in range(5):
            asked = threading.Thread(target=jeton, args=("kek", "rotate", "--socket",
                                                         self.issuer.socket))
            asked.start()
            self.issuer.daemon.stop(signal.SIGKILL)
            asked.join()
            self.issuer = start_serve(config)
            rows = self.rows()
            self.assertIn(rows, ({"now": (2, 1), "next": (0, 0)}, {"now": (0, 0), "next": (2, 1)}))
            self.token()

    def test_memory_is_locked_or_told(self):
        with open(f"/proc/{self.issuer.daemon.process.pid}/status", encoding="ascii") as file:
            locked = [line.split()[1] for line in file if line.startswith("VmLck")]
        if int(locked[0]) >= 2048:
            self.assertEqual(self.checked("memory")["status"], "ok")
            self.assertNotIn("ev=memory.open", self.issuer.daemon.log())
        else:
            self.assertEqual(self.checked("memory")["status"], "warn")
            self.issuer.daemon.wait_log("ev=memory.open", "LimitMEMLOCK")


class Verbs(VerbCase):
    """On a daemon that has been told of a next key."""

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-flow-")
        cls.following = write_key(cls.home, "kek2")
        cls.issuer = start_serve(write_config(cls.home, keys={"kek_next_file": cls.following}))

    def test_kek_status(self):
        told = self.do_json()
        roles = {item["role"]: item for item in told["items"]}
        self.assertEqual(set(roles), {"now", "next"})
        self.assertEqual(roles["next"]["source"], "file " + self.following)
        shown = self.do()
        for item in told["items"]:
            self.assertIn(item["id"], shown)
            self.assertIn(item["source"], shown)
        self.assertEqual(self.do("--field", "untrusted"), "0\n")
        self.do("more", code=1)

    def test_kek_rotate(self):
        before = self.json("kek", "status")["items"]
        told = self.do_json()
        self.assertEqual([item["id"] for item in told["items"]], [item["id"] for item in before])
        self.assertEqual(told["moved"], before[0]["keys"] + before[0]["secrets"])
        self.assertEqual((told["items"][0]["keys"], told["items"][1]["secrets"]), (0, 1))
        self.assertIn(told["items"][1]["id"], self.do())


class NoNext(VerbCase):
    def test_without_a_next_key(self):
        self.jeton("kek", "rotate", code=REFUSED)


if __name__ == "__main__":
    unittest.main()
