# SPDX-License-Identifier: Apache-2.0
"""What must not leak does not: secrets, tokens and key bytes in logs and on disk, forged log lines,
file modes."""

import base64
import os
import re
import sqlite3
import stat
import unittest

from harness import (KEK, PAYMENT, Case, basic, decode, start_dev, start_serve, write_config)

LINE = re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (error|warn|info|debug) ev=[a-z._]+( \S.*)?\Z")
GRANT = "grant_type=client_credentials"


class Hygiene(Case):
    def setUp(self):
        super().setUp()
        self.issuer = self.run_daemon(start_serve(write_config(self.dir, log={"level": "debug"})))
        self.issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})

    def create(self, name):
        made = self.issuer.admin("POST", "/clients", {"name": name, "grants": [PAYMENT + "#r"]})
        return made.json()["client_id"], made.json()["client_secret"]

    def files(self):
        """The content of every file of the daemon's own, by name."""
        found = {}
        for name in os.listdir(self.dir):
            path = os.path.join(self.dir, name)
            if name not in ("kek", "jetond.yaml") and stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, "rb") as file:
                    found[name] = file.read()
        return found

    def assert_nowhere(self, *needles):
        places = {**self.files(), "the log": self.issuer.daemon.log().encode()}
        self.assertIn("jeton.db", places)
        self.assertIn("jeton.db-wal", places)
        for needle in needles:
            self.assertGreaterEqual(len(needle), 5)
            for name, content in places.items():
                self.assertNotIn(needle, content, name)

    def test_secrets_and_tokens_are_nowhere(self):
        leaks = []
        for i in range(5):
            name, secret = self.create(f"client-{i}")
            more = self.issuer.admin("POST", f"/clients/client-{i}/secrets").json()["client_secret"]
            leaks += [secret, more]
            fields = f"client_id={name}&client_secret={more}"
            answers = [self.issuer.token((name, secret)), self.issuer.post(f"{GRANT}&{fields}")]
            for answer in answers:
                token = answer.json()["access_token"]
                leaks += [token, token.split(".")[1], token.split(".")[2],
                          decode(token)[1]["jti"] + "."]
            # secrets in every wrong place: refused, and neither logged nor echoed
            wrong = [
                self.issuer.post(f"{GRANT}&{fields}", path=f"/oauth2/token?client_secret={secret}"),
                self.issuer.post(f"{GRANT}&{fields}", path=f"/{secret}?{secret}"),
                self.issuer.post(f"{GRANT}&client_id={name}&client_secret={secret}x"),
                self.issuer.post(f"grant_type={secret}&{fields}"),
                self.issuer.post(f"{GRANT}&{fields}&client_secret={more}"),
                self.issuer.post(GRANT, {"Authorization": "Basic " + secret}),
                self.issuer.post(GRANT, {"Authorization": basic(secret, name)}),  # exchanged
                self.issuer.post(f"{GRANT}&client_id={secret}&client_secret={name}"),
                self.issuer.post(GRANT, {"Authorization": "Bearer " + answers[0].json()[
                    "access_token"]}),
                self.issuer.post(f"{GRANT}&{fields}", {"Authorization": basic(name, secret)}),
                self.issuer.post(f"{GRANT}&{fields}&scope=%22{secret}"),
            ]
            for answer in wrong:
                self.assertGreaterEqual(answer.status, 400)
                self.assertNotIn(secret.encode(), answer.body)
                self.assertNotIn(more.encode(), answer.body)
        # the path of a request is the peer's to choose, and is logged: that is not the daemon's leak
        self.assertEqual(self.issuer.admin("DELETE", "/clients/client-0").status, 204)
        shown = self.issuer.daemon.log()
        log = "\n".join(line for line in shown.splitlines() if "ev=http.refuse" not in line)
        for leak in leaks:
            self.assertNotIn(leak, log)
            for name, content in self.files().items():
                self.assertNotIn(leak.encode(), content, name)

    def test_key_bytes_are_nowhere_in_clear(self):
        for _ in range(3):
            self.assertEqual(self.issuer.admin("POST", "/keys/rotate", {"force": True}).status, 200)
        raw = bytes.fromhex(KEK)
        self.assert_nowhere(KEK.encode(), KEK.upper().encode(), raw,
                            base64.urlsafe_b64encode(raw).rstrip(b"="), b"PRIVATE KEY",
                            b'"d":"')
        # a SEC 1 private key of P-256 begins so: SEQUENCE, version 1, OCTET STRING of 32
        for name, content in self.files().items():
            self.assertNotIn(bytes.fromhex("020101") + b"\x04\x20", content, name)

    def test_erased_private_half_is_in_no_file(self):
        path = f"file:{self.dir}/jeton.db?mode=ro"

        def blobs():
            db = sqlite3.connect(path, uri=True)
            rows = db.execute("SELECT kid, blob FROM keys").fetchall()
            db.close()
            return dict(rows)
        active = self.issuer.kid("active")
        sealed = blobs()[active]
        self.assertGreater(len(sealed), 64)
        parts = [sealed[i:i + 32] for i in range(0, len(sealed) - 32, 32)]

        def found():
            return any(part in content for part in parts for content in self.files().values())
        self.assertTrue(found())
        self.assertEqual(self.issuer.admin("POST", "/keys/rotate", {"force": True}).status, 200)
        self.assertIsNone(blobs()[active])
        self.assertFalse(found())
        # revoked ones too
        active = self.issuer.kid("active")
        sealed = blobs()[active]
        parts = [sealed[i:i + 32] for i in range(0, len(sealed) - 32, 32)]
        self.assertTrue(found())
        self.assertEqual(
            self.issuer.admin("POST", f"/keys/{active}/revoke", {"force": True}).status, 200)
        self.assertFalse(found())

    def test_log_lines_cannot_be_forged(self):
        forged = "2026-01-01T00:00:00Z info ev=key.revoke kid=forged"
        nasty = [f"x\r\n{forged}", f"x\n{forged}", "x\x1b[2J\x1b]0;title\x07", 'x" err=ok "y',
                 "x\x7f\x80\x9b", "x=y err=ok", "é\u202e\u2028", "\\x0a" + forged, "a" * 5000]
        for name in nasty:
            form = "client_id=" + "".join(f"%{byte:02x}" for byte in name.encode())
            mark = self.issuer.daemon.mark()
            self.issuer.post(f"{GRANT}&{form[:12000]}&client_secret=x")
            self.issuer.daemon.wait_log("ev=token.refuse", since=mark)
            self.issuer.post(GRANT, {"Authorization": basic(name[:800], "x")})
            path = "".join(f"%{byte:02x}" for byte in name.encode()[:800])
            self.issuer.admin("GET", "/clients/" + path)
            self.issuer.admin("POST", "/roles", {"name": name})
            self.issuer.admin("POST", "/roles", {name.replace("\x80", ""): 1})
            self.issuer.get("/" + path)
        last = self.issuer.daemon.mark()
        self.issuer.post(GRANT, {"Authorization": basic("last", "x")})
        self.issuer.daemon.wait_log("client=last", since=last)
        for line in self.issuer.daemon.log().split("\n"):
            self.assertRegex(line, LINE)
            self.assertTrue(all(" " <= c <= "~" for c in line), line)
            self.assertFalse(line.startswith(forged), line)
            self.assertLess(len(line), 1100)

    def test_error_descriptions_hold_nothing_of_the_peers(self):
        answer = self.issuer.post(f"grant_type=%0d%0aX-Evil%3a+1&client_id=%22%5c&client_secret=x")
        self.assertEqual(answer.status, 400)
        self.assertIsNone(answer.header("X-Evil"))
        self.assertNotIn(b"Evil", answer.body)

    def test_no_core_dump(self):
        with open(f"/proc/{self.issuer.daemon.process.pid}/limits", encoding="ascii") as limits:
            core = [line.split() for line in limits if line.startswith("Max core")][0]
        self.assertEqual(core[4:6], ["0", "0"])


class Modes(Case):
    def modes(self, folder):
        return {name: stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode)
                for name in os.listdir(folder)}

    def open_umask(self):
        before = os.umask(0)
        self.addCleanup(os.umask, before)

    def test_files_are_the_owners_alone_whatever_the_umask(self):
        self.open_umask()
        config = write_config(self.dir)
        issuer = self.run_daemon(start_serve(config))
        issuer.admin("POST", "/roles", {"name": "x"})
        modes = self.modes(self.dir)
        del modes["jetond.yaml"]
        self.assertEqual(set(modes), {"kek", "admin.sock", "jeton.db", "jeton.db-wal",
                                      "jeton.db-shm", "jeton.db.lock"})
        self.assertEqual(set(modes.values()), {0o600}, modes)

    def test_admin_mode_is_a_setting(self):
        issuer = self.run_daemon(start_serve(write_config(self.dir, admin={"mode": "0660"})))
        self.assertEqual(stat.S_IMODE(os.lstat(issuer.socket).st_mode), 0o660)

    def test_dev_folder(self):
        self.open_umask()
        folder = os.path.join(self.dir, "dev")
        self.run_daemon(start_dev("--dir", folder))
        self.assertEqual(self.modes(self.dir), {"dev": 0o700})
        self.assertEqual(set(self.modes(folder).values()), {0o600})
        with open(os.path.join(folder, "kek"), encoding="ascii") as file:
            self.assertRegex(file.read(), r"\A([0-9a-f]{64}|[A-Za-z0-9_-]{43})\n?\Z")


if __name__ == "__main__":
    unittest.main()
