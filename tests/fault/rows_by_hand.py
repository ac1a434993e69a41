# SPDX-License-Identifier: Apache-2.0
"""Who can write the database but has not the key-encryption key: rows of the keys table are made,
mixed and changed by hand, at rest and under the running daemon. None of it publishes a key that the
issuer did not make, gives a key another's private half, or undoes a step that the daemon knows of;
each is refused by a sentence or passed over and told, and all is well when it is taken back."""

import os
import shutil
import tempfile
import unittest

from faults import (LEDGER, TIMES, Base, kid_of, key_rows, look_again, query, start_or_none,
                    verifies)
from harness import PAYMENT, segment, start_serve

COLUMNS = ["kid", "alg", "public_jwk", "mac", "blob", *TIMES, "longest_s"]


class RowsByHand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-fault-")
        cls.bases = {name: Base(os.path.join(cls.home, name), **how)
                     for name, how in (("aged", {}), ("turned", {"turned_s": 600}))}
        cls.stranger = cls.make_stranger(os.path.join(cls.home, "stranger"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home)

    @staticmethod
    def make_stranger(folder):
        """A row of an issuer with another key-encryption key: right in all but its MAC."""
        os.mkdir(folder)
        kek = os.path.join(folder, "kek")
        with open(kek, "w", encoding="ascii") as out:
            out.write("5a" * 32)
        os.chmod(kek, 0o600)
        issuer = start_serve(Base.write_config(folder))
        kid = issuer.kid("active")
        assert issuer.daemon.stop() == 0
        return RowsByHand.row(folder, kid)

    @staticmethod
    def row(folder, kid):
        return dict(zip(COLUMNS, query(
            folder, f"SELECT {','.join(COLUMNS)} FROM keys WHERE kid = ?", kid)[0]))

    @staticmethod
    def put(folder, row):
        query(folder, f"INSERT OR REPLACE INTO keys ({','.join(COLUMNS)}) "
                      f"VALUES ({','.join('?' * len(COLUMNS))})", *(row[name] for name in COLUMNS))

    @staticmethod
    def change(folder, kid, **to):
        query(folder, f"UPDATE keys SET {','.join(name + ' = ?' for name in to)} WHERE kid = ?",
              *to.values(), kid)

    @staticmethod
    def raise_version(folder):
        """As a change of another program leaves it, so that the daemon reads all again."""
        query(folder, "UPDATE meta SET value = value + 1 WHERE name = 'version'")
        query(folder, "INSERT INTO commits SELECT value, 1 FROM meta WHERE name = 'version'")

    def setUp(self):
        self.folder = None

    def use(self, name):
        """A copy of the base; its folder and configuration are this test's."""
        self.base = self.bases[name]
        self.folder = tempfile.mkdtemp(dir=self.home)
        os.rmdir(self.folder)
        self.config = self.base.copy(self.folder)
        return self.base

    def run_daemon(self):
        issuer = start_serve(self.config)
        self.addCleanup(issuer.daemon.stop)
        return issuer

    def stop(self, issuer):
        self.assertEqual(issuer.daemon.stop(), 0)

    def assert_refused(self, *words):
        issuer, status, log = start_or_none(self.config, None)
        if issuer is not None:
            issuer.daemon.stop()
        self.assertIsNone(issuer)
        self.assertEqual(status, 1, log)
        for word in words:
            self.assertIn(word, log)

    def assert_well(self, issuer, *gone):
        """Both algorithms give tokens that verify; old ones do but those of keys `gone`."""
        published = issuer.jwks()
        tokens = self.base.tokens[:]
        for resource in (PAYMENT, LEDGER):
            answer = issuer.token(self.base.client, resource=resource)
            self.assertEqual(answer.status, 200, answer)
            tokens.append(answer.json()["access_token"])
        for token in tokens:
            self.assertEqual(verifies(token, published), kid_of(token) not in gone)
        for kid in gone:
            self.assertNotIn(kid, [key["kid"] for key in published])

    def assert_well_at_start(self, *gone):
        issuer = self.run_daemon()
        self.assert_well(issuer, *gone)
        self.stop(issuer)

    def doctor(self, issuer, name):
        return [check for check in issuer.admin("GET", "/doctor").json()["checks"]
                if check["check"] == name]

    # --- a row of someone's own ---

    def strangers(self):
        """The row as it might be written: with which MAC and blob, in which state."""
        ours = self.row(self.folder, self.base.by_state["active", "ES256"])
        now = ours["published_at_s"] + 1000
        states = [{"sign_from_s": 0}, {"sign_from_s": now},
                  {"sign_from_s": now, "sign_until_s": now + 1, "drop_at_s": now + 10**6}]
        forms = [{}, {"mac": ours["mac"]}, {"mac": ours["mac"], "blob": ours["blob"]},
                 {"mac": ours["mac"], "blob": None}, {"mac": ours["mac"][:31]}, {"mac": b""},
                 {"mac": ours["mac"], "longest_s": 0}]
        for form in forms:
            for state in states:
                yield {**self.stranger, "published_at_s": now, **form, **state}

    def test_row_of_a_stranger_is_passed_over(self):
        self.use("aged")
        alien = self.stranger["kid"]
        for row in self.strangers():
            self.put(self.folder, row)
            issuer = self.run_daemon()
            said = issuer.daemon.wait_log("ev=key.refuse")
            self.assertIn("kid=" + alien, said)
            self.assert_well(issuer, alien)
            self.assertNotIn(alien, [key["kid"] for key in issuer.keys()])
            check, = self.doctor(issuer, "keys")
            self.assertEqual(check["status"], "warn", check)
            self.assertIn(alien, check["detail"])
            self.stop(issuer)
        query(self.folder, "DELETE FROM keys WHERE kid = ?", alien)
        issuer = self.run_daemon()
        self.assertEqual(self.doctor(issuer, "keys")[0]["status"], "ok")
        self.assertNotIn("ev=key.refuse", issuer.daemon.log())
        self.stop(issuer)

    def test_row_of_a_stranger_under_the_running_daemon(self):
        self.use("aged")
        issuer = self.run_daemon()
        self.put(self.folder, {**self.stranger, "sign_from_s": 2**33, "published_at_s": 2**33})
        self.raise_version(self.folder)
        look_again(issuer)
        issuer.daemon.wait_log("ev=key.refuse")
        self.assert_well(issuer, self.stranger["kid"])
        self.assertEqual(issuer.admin("POST", "/keys/rotate", {}).status, 200)
        self.assert_well(issuer, self.stranger["kid"])
        self.stop(issuer)

    def test_kid_that_is_no_text_is_told_in_plain_letters(self):
        self.use("aged")
        for kid, told in ((b"\xff\x00\x1b[31m", "???"), (b"x" * 300, "x" * 63), ("é", "??")):
            self.put(self.folder, {**self.stranger, "kid": kid})
            issuer = self.run_daemon()
            self.assertIn(told, self.doctor(issuer, "keys")[0]["detail"])
            self.assertIn("kid=" + told, issuer.daemon.wait_log("ev=key.refuse"))
            self.assert_well(issuer)
            self.stop(issuer)
            query(self.folder, "DELETE FROM keys WHERE kid = ?", kid)

    # --- parts of our own rows, mixed ---

    def swap(self, column, one, other):
        rows = [self.row(self.folder, kid) for kid in (one, other)]
        self.change(self.folder, one, **{column: rows[1][column]})
        self.change(self.folder, other, **{column: rows[0][column]})

    def test_blobs_swapped_are_refused(self):
        by_state = self.use("aged").by_state
        for one, other in ((("active", "ES256"), ("next", "ES256")),
                           (("active", "ES256"), ("active", "ES384"))):
            pair = by_state[one], by_state[other]
            self.swap("blob", *pair)
            self.assert_refused("the sealed part of key", "restore the database from a backup")
            self.swap("blob", *pair)
            self.assert_well_at_start()

    def test_blobs_swapped_under_the_running_daemon(self):
        by_state = self.use("aged").by_state
        pair = by_state["active", "ES256"], by_state["next", "ES256"]
        issuer = self.run_daemon()
        self.swap("blob", *pair)
        refused = issuer.admin("POST", "/keys/rotate", {})
        self.assertEqual(refused.status // 100, 5, refused)
        self.assertIn("the sealed part of key", refused.json()["detail"])
        self.assert_well(issuer)
        self.swap("blob", *pair)
        self.assertEqual(issuer.admin("POST", "/keys/rotate", {}).status, 200)
        self.assert_well(issuer)
        self.stop(issuer)

    def test_macs_swapped_are_refused(self):
        by_state = self.use("aged").by_state
        pair = by_state["active", "ES256"], by_state["next", "ES256"]
        self.swap("mac", *pair)
        self.assert_refused("does not carry this issuer's MAC")
        self.swap("mac", *pair)
        self.assert_well_at_start()

    def test_algorithm_changed(self):
        by_state = self.use("aged").by_state
        active, upcoming = by_state["active", "ES256"], by_state["next", "ES256"]
        self.change(self.folder, active, alg="RS256")
        self.assert_refused("key")
        self.change(self.folder, active, alg="ES256")
        self.change(self.folder, upcoming, alg="RS256")
        issuer = self.run_daemon()  # a new one stands next, which verifiers have not seen
        self.assert_well(issuer, upcoming)
        self.assertNotEqual(issuer.kid("next"), upcoming)
        refused = issuer.admin("POST", "/keys/rotate", {"alg": "ES256"})
        self.assertEqual(refused.json()["code"], "within_lead", refused)
        self.stop(issuer)

    def test_public_key_changed(self):
        by_state = self.use("aged").by_state
        active = by_state["active", "ES256"]
        right = self.row(self.folder, active)["public_jwk"]
        theirs = self.stranger["public_jwk"].replace(self.stranger["kid"], active)
        self.change(self.folder, active, public_jwk=theirs)
        self.assert_refused("does not carry this issuer's MAC")
        self.change(self.folder, active, public_jwk=right)
        self.assert_well_at_start()

    # --- a kid in two rows ---

    def test_row_twice_is_refused(self):
        """A BLOB of the same bytes is another primary key to SQLite."""
        base = self.use("turned")
        retiring = base.by_state["retiring", "ES256"]
        issuer = self.run_daemon()
        self.assertEqual(issuer.admin("POST", f"/keys/{retiring}/revoke", {}).status, 200)
        self.stop(issuer)
        row = self.row(self.folder, retiring)
        self.put(self.folder, {**row, "kid": retiring.encode(), "revoked_at_s": 0})
        self.assert_refused(retiring, "stands in two rows")
        query(self.folder, "DELETE FROM keys WHERE kid = ?", retiring.encode())
        self.assert_well_at_start(retiring)

    # --- times ---

    def revoked(self, state, force=False, **keys):
        """A daemon that has revoked the key of `state`; the row as it was, and the kid."""
        kid = self.base.by_state[state, "ES256"]
        before = self.row(self.folder, kid)
        if keys:
            Base.write_config(self.folder, **keys)
        issuer = self.run_daemon()
        done = issuer.admin("POST", f"/keys/{kid}/revoke", {"force": force})
        self.assertEqual(done.status, 200, done)
        return issuer, before, kid

    def assert_stays_revoked(self, issuer, kid):
        """After the daemon has seen the row, and after it has written it again."""
        self.assert_well(issuer, kid)
        look_again(issuer)
        issuer.daemon.wait_log("ev=key.restore")
        self.assert_well(issuer, kid)
        row = self.row(self.folder, kid)
        self.assertTrue(row["revoked_at_s"] and row["blob"] is None, row)
        self.stop(issuer)
        self.assert_well_at_start(kid)

    def test_old_row_put_back_after_a_revocation(self):
        for name, state in (("aged", "active"), ("aged", "next"), ("turned", "retiring")):
            self.use(name)
            issuer, before, kid = self.revoked(state)
            self.put(self.folder, before)
            self.raise_version(self.folder)
            look_again(issuer)
            self.assert_stays_revoked(issuer, kid)

    def test_old_row_put_back_is_found_by_the_next_step(self):
        """Without a new version: the daemon has no reason to look until it changes keys itself."""
        self.use("aged")
        issuer, before, kid = self.revoked("active")
        self.put(self.folder, before)
        self.assertEqual(issuer.admin("POST", "/keys/rotate", {"force": True}).status, 200)
        self.assert_stays_revoked(issuer, kid)

    def test_old_row_put_back_is_found_whatever_writes_keys(self):
        """A new key-encryption key, or a longer lifetime of tokens."""
        path = os.path.join(self.home, "kek-next")
        with open(path, "w", encoding="ascii") as out:
            out.write("7b" * 32)
        os.chmod(path, 0o600)
        for what in (("POST", "/kek/rotate"),
                     ("PATCH", "/resources/" + segment(PAYMENT), {"lifetime_s": 7200})):
            self.use("turned")
            issuer, before, kid = self.revoked("retiring", kek_next_file=path)
            self.put(self.folder, before)
            done = issuer.admin(*what)
            self.assertEqual(done.status, 200, done)
            self.assert_stays_revoked(issuer, kid)

    def test_revocation_taken_back_by_its_time(self):
        self.use("turned")
        issuer, _, kid = self.revoked("retiring")
        self.change(self.folder, kid, revoked_at_s=0)
        self.raise_version(self.folder)
        look_again(issuer)
        self.assert_stays_revoked(issuer, kid)

    def test_stopped_key_made_to_sign_again(self):
        """Its private half is gone: it cannot."""
        base = self.use("turned")
        kid = base.by_state["retiring", "ES256"]
        self.change(self.folder, kid, sign_until_s=0, sign_from_s=2**33)
        self.assert_refused(kid, "its private half is gone")

    def test_key_taken_away(self):
        """Under the running daemon: it is known, published again and written again."""
        base = self.use("turned")
        issuer = self.run_daemon()
        kid = base.by_state["retiring", "ES256"]
        query(self.folder, "DELETE FROM keys WHERE kid = ?", kid)
        self.raise_version(self.folder)
        look_again(issuer)
        look_again(issuer)
        self.assert_well(issuer)
        self.assertIn(kid, key_rows(self.folder))
        self.stop(issuer)
        self.assert_well_at_start()


if __name__ == "__main__":
    unittest.main()
