# SPDX-License-Identifier: Apache-2.0
"""The daemon dies, or its disk fails, at every call that changes a file, while it does its first
start, rotates, revokes, or makes a client. After each point it starts again, and

 - what was answered is there; what was not answered is there whole or not at all;
 - no key signs that was published for less than the lead (but for the first of all);
 - every key that ever signed an unexpired token, and every key that was ever served, is in the set;
 - one key stands next; the private half that a step erased is in no file.

KILLPOINT_LIBRARY is preloaded (killpoint.c). Prints the points met."""

import concurrent.futures
import http.client
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))

from harness import PAYMENT, Daemon, Issuer, decode, start_serve, write_config

LEAD_S = 86400
AGE_S = 3 * LEAD_S  # how long ago the prepared keys were published
LIBRARY = os.environ["KILLPOINT_LIBRARY"]
ENDLESS = 400  # more points than any act has


class Base:
    """A folder with a database whose keys are older than the lead, a client and its first token."""

    def __init__(self, folder):
        self.folder = folder
        issuer = start_serve(write_config(folder))
        made = issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})
        assert made.status == 201, made
        made = issuer.admin("POST", "/clients", {"name": "cart", "grants": [PAYMENT + "#r"]})
        self.client = (made.json()["client_id"], made.json()["client_secret"])
        self.secret_id = made.json()["secrets"][0]["id"]
        assert issuer.daemon.stop() == 0
        db = sqlite3.connect(os.path.join(folder, "jeton.db"))
        with db:
            db.execute("UPDATE keys SET published_at_s = published_at_s - ?", (AGE_S,))
            db.execute("UPDATE keys SET sign_from_s = sign_from_s - ? WHERE sign_from_s > 0",
                       (AGE_S,))
        self.blobs = dict(db.execute("SELECT kid, blob FROM keys").fetchall())
        db.close()
        issuer = start_serve(write_config(folder))
        self.active, self.next = issuer.kid("active"), issuer.kid("next")
        assert kid_of(issuer.token(self.client)) == self.active
        assert issuer.daemon.stop() == 0

    def copy(self, parent, name):
        folder = os.path.join(parent, name)
        shutil.copytree(self.folder, folder)
        return folder


def kid_of(answer):
    assert answer.status == 200, answer
    return decode(answer.json()["access_token"])[0]["kid"]


def environment(folder, point, mode):
    asan = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": LIBRARY, "KILLPOINT": str(point), "KILLPOINT_MODE": mode,
            "KILLPOINT_FILE": os.path.join(folder, "jeton.db"),
            "KILLPOINT_ARM": os.path.join(folder, "arm"),
            "KILLPOINT_REPORT": os.path.join(folder, "count"),
            "ASAN_OPTIONS": ":".join(filter(None, [asan, "verify_asan_link_order=0"]))}


def counted(folder):
    with open(os.path.join(folder, "count"), encoding="ascii") as file:
        return int(file.read())


def arm(folder):
    with open(os.path.join(folder, "arm"), "w", encoding="ascii"):
        pass


def start_to_die(config, env):
    """The issuer, or None when it died on its way to readiness."""
    daemon = Daemon(["serve", "--config", config], env)
    try:
        ready = daemon.wait_log("ev=daemon.ready")
    except AssertionError:
        assert daemon.stop() == -signal.SIGKILL, daemon.log()
        return None
    said = dict(word.split("=", 1) for word in ready.split() if "=" in word)
    return Issuer(daemon, {"issuer": said["issuer"], "admin_socket": said["admin"],
                           "address": said["listen"]})


def try_admin(issuer, *args):
    """The answer, or None when the daemon died of the request."""
    try:
        return issuer.admin(*args)
    except (http.client.HTTPException, OSError):
        return None


def check_keys(issuer, base, *served):
    """The invariants that hold for keys after any start."""
    keys = issuer.keys()
    published = {key["kid"] for key in issuer.jwks()}
    revoked = {key["kid"] for key in keys if key["state"] == "revoked"}
    states = [key["state"] for key in keys if key["state"] != "revoked"]
    assert states.count("active") == 1 and states.count("next") == 1, keys
    for key in keys:
        assert (key["kid"] in published) == (key["state"] != "revoked"), keys
        if key["sign_from_s"] is not None and base is not None and key["kid"] != base.active:
            assert key["sign_from_s"] - key["published_at_s"] >= LEAD_S, key
    for kid in served:
        assert kid in published or kid in revoked, (kid, keys)
    if base is not None:
        signs = kid_of(issuer.token(base.client))
        assert signs == issuer.kid("active")
        assert signs in (base.active, base.next)
    return {key["kid"]: key["state"] for key in keys}


def check_erased(folder, base, states):
    """Where the old key signs no more, no file of the database holds its private half."""
    if states[base.active] == "active":
        return
    blob = base.blobs[base.active]
    parts = [blob[i:i + 32] for i in range(0, len(blob) - 32, 32)]
    for name in os.listdir(folder):
        if name.startswith("jeton.db"):
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
            assert not any(part in content for part in parts), name


class Act:
    """What is interrupted: `do` asks for it; `check` judges what is there afterwards."""

    base = None

    def do(self, issuer):
        raise NotImplementedError

    def check(self, issuer, states, answer):
        raise NotImplementedError


class Rotate(Act):
    def do(self, issuer):
        return try_admin(issuer, "POST", "/keys/rotate", {})

    def check(self, issuer, states, answer):
        after = (states[self.base.active], states[self.base.next]) == ("retiring", "active")
        before = (states[self.base.active], states[self.base.next]) == ("active", "next")
        assert before or after, states
        if answer is not None:
            assert after == (answer.status == 200), (states, answer)


class Revoke(Act):
    def do(self, issuer):
        return try_admin(issuer, "POST", f"/keys/{self.base.active}/revoke", {})

    def check(self, issuer, states, answer):
        after = (states[self.base.active], states[self.base.next]) == ("revoked", "active")
        before = (states[self.base.active], states[self.base.next]) == ("active", "next")
        assert before or after, states
        if answer is not None:
            assert after == (answer.status == 200), (states, answer)


class Create(Act):
    def do(self, issuer):
        return try_admin(issuer, "POST", "/clients", {"name": "new", "grants": [PAYMENT + "#r"]})

    def check(self, issuer, states, answer):
        names = [client["name"] for client in issuer.admin("GET", "/clients").json()["items"]]
        assert names in (["cart"], ["cart", "new"]), names
        if answer is not None:
            assert ("new" in names) == (answer.status == 201), (names, answer)
            if answer.status == 201:
                client = (answer.json()["client_id"], answer.json()["client_secret"])
                assert issuer.token(client).status == 200


class RevokeSecret(Act):
    def do(self, issuer):
        return try_admin(issuer, "DELETE", f"/clients/cart/secrets/{self.base.secret_id}")

    def check(self, issuer, states, answer):
        gone = issuer.token(self.base.client).status == 401
        left = issuer.admin("GET", "/clients/cart").json()["secrets"]
        assert gone == (not left), left
        if answer is not None:
            assert gone == (answer.status == 204), answer


class DaemonKilled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-fault-")
        folder = os.path.join(cls.home, "base")
        os.mkdir(folder)
        cls.base = Base(folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home)

    def for_every_point(self, title, meet):
        """`meet(point)` tells whether the point was met; two are tried at a time."""
        passed, ended = 0, False
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for first in range(1, ENDLESS, 4):
                for met in pool.map(meet, range(first, first + 4)):
                    passed += met
                    ended = ended or not met
                if ended:
                    break
        self.assertTrue(ended, "it never came to an end")
        self.assertGreater(passed, 3, "the points were not met")
        print(f"{title}: {passed} points met, {passed} passed", flush=True)

    # --- dying ---

    def die_at(self, act, title, point):
        act.base = self.base
        folder = self.base.copy(self.home, f"{title}-{point}")
        config = write_config(folder)
        issuer = start_to_die(config, environment(folder, point, "kill"))
        self.assertIsNotNone(issuer)  # nothing is counted yet
        arm(folder)
        answer = act.do(issuer)
        dead = issuer.daemon.stop() == -signal.SIGKILL  # of the act, or of its own stop
        os.unlink(os.path.join(folder, "arm"))
        issuer = start_serve(config)
        gone = isinstance(act, RevokeSecret)
        states = check_keys(issuer, None if gone else self.base, self.base.active, self.base.next)
        act.check(issuer, states, answer)
        check_erased(folder, self.base, states)
        self.assertEqual(issuer.daemon.stop(), 0)
        shutil.rmtree(folder)
        return dead

    def test_rotate(self):
        self.for_every_point("key rotate", lambda point: self.die_at(Rotate(), "rotate", point))

    def test_revoke(self):
        self.for_every_point("key revoke", lambda point: self.die_at(Revoke(), "revoke", point))

    def test_client_create(self):
        self.for_every_point("client create", lambda point: self.die_at(Create(), "create", point))

    def test_secret_revoke(self):
        self.for_every_point("secret revoke",
                             lambda point: self.die_at(RevokeSecret(), "secret", point))

    def first_start(self, point):
        folder = os.path.join(self.home, f"first-{point}")
        os.mkdir(folder)
        config = write_config(folder)
        arm(folder)
        issuer = start_to_die(config, environment(folder, point, "kill"))
        served = []
        dead = issuer is None
        if issuer is not None:
            served = [key["kid"] for key in issuer.jwks()]
            self.assertEqual(len(served), 2)
            dead = issuer.daemon.stop() == -signal.SIGKILL
        issuer = start_serve(config)
        states = check_keys(issuer, None, *served)
        self.assertEqual(sorted(states.values()), ["active", "next"])
        self.assertEqual(issuer.daemon.stop(), 0)
        shutil.rmtree(folder)
        return dead

    def test_first_start(self):
        self.for_every_point("first start", self.first_start)

    # --- a disk that fails ---

    def fail_at(self, mode, point):
        """One call fails: the request is refused or done; the daemon goes on and does the next."""
        act = Rotate()
        act.base = self.base
        folder = self.base.copy(self.home, f"{mode}-{point}")
        config = write_config(folder)
        issuer = start_serve(config, environment(folder, point, mode))
        arm(folder)
        answer = act.do(issuer)
        met = counted(folder) >= point
        self.assertIn(answer.status, (200, 503), answer)
        os.unlink(os.path.join(folder, "arm"))
        states = check_keys(issuer, self.base, self.base.active, self.base.next)
        act.check(issuer, states, answer)
        again = issuer.admin("POST", "/keys/rotate", {"force": True})
        self.assertEqual(again.status, 200, again)
        self.assertEqual(issuer.token(self.base.client).status, 200)
        kids = {key["kid"] for key in issuer.jwks()}
        self.assertEqual(issuer.daemon.stop(), 0)
        issuer = start_serve(config)
        self.assertEqual({key["kid"] for key in issuer.jwks()}, kids)
        self.assertEqual(issuer.daemon.stop(), 0)
        shutil.rmtree(folder)
        return met

    def test_rotate_with_a_call_that_fails(self):
        self.for_every_point("key rotate, one call fails (EIO)",
                             lambda point: self.fail_at("eio", point))

    def test_rotate_with_a_disk_that_is_full(self):
        self.for_every_point("key rotate, disk full from there on",
                             lambda point: self.fail_at("full", point))


if __name__ == "__main__":
    unittest.main()
