# SPDX-License-Identifier: Apache-2.0
"""The issuer over PostgreSQL, whose database is cut off, killed, lost, rolled back or shared: in the
middle of a rotation, at every message of it, and otherwise. Tokens and key set go on; what was
answered is there; no token is refused that was given; no revoked key comes back; two issuers are as
one.

Every message is met by a connection that is cut; the whole server dies at every sixth (`--all`: at
each). Skipped with a word where no PostgreSQL server is installed."""

import concurrent.futures
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from faults import (ALGORITHMS, LEAD_S, LEDGER, Prepared, check_keys, issuer_of, kid_of, look_again,
                    preload, verifies)
from harness import DEADLINE_S, JETOND, PAYMENT, Daemon, start_serve, until, write_config
from postgres import NoServer, Proxy, Server

ENDLESS = 400  # more messages than a rotation has
KILLED = 1 if "--all" in sys.argv else 6
ROUNDS = 500   # of two rotations that are asked for at once
STALENESS_S = 60
CABLE_S = 90   # until TCP gives up a cable, which takes 20 s, and for a machine that is busy


def set_ahead(path, seconds):
    """A daemon sees what is written only when it is whole: an empty file is no time ahead."""
    with open(path + ".new", "w", encoding="ascii") as out:
        out.write(str(seconds))
    os.rename(path + ".new", path)


class Database(Prepared):
    """Its keys are in a database of `server`."""

    def __init__(self, folder, server, name, **more):
        self.server, self.name = server, name
        server.make(name)
        super().__init__(folder, **more)

    def write_config(self, folder, *hosts, name=None, conninfo=None, **more):
        """Of a daemon that runs in `folder` and reaches the database by the sockets in `hosts`."""
        path = write_config(folder, keys={"algorithms": ALGORITHMS,
                                          "staleness": f"{STALENESS_S}s"}, **more)
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["store"] = {"postgres": conninfo or self.server.conninfo(name or self.name, *hosts)}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    def audit(self, name):
        return [row[0] for row in self.server.rows(name, "SELECT action FROM audit ORDER BY seq")]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-fault-")
        os.chmod(cls.home, 0o755)  # the server is another user's
        try:
            cls.server = cls.make_server()
        except NoServer as why:
            shutil.rmtree(cls.home)
            raise unittest.SkipTest(str(why)) from None
        cls.base = Database(os.path.join(cls.home, "base"), cls.server, "base")

    @classmethod
    def make_server(cls):
        return Server(os.path.join(cls.home, "pg"))

    def setUp(self):
        if self.server.process.poll() is not None:
            self.server.start()  # a test before this one failed while it was down

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.home)

    def new_folder(self):
        folder = tempfile.mkdtemp(dir=self.home)
        shutil.copy(os.path.join(self.base.folder, "kek"), folder)
        return folder

    def run_daemon(self, config, **more):
        issuer = start_serve(config, preload(**more) if more else None)
        self.addCleanup(issuer.daemon.stop)
        return issuer

    def copy(self, name):
        """A database with what the base's has."""
        self.server.make(name, self.base.name)
        return name

    def tokens(self, issuer):
        return [self.token(issuer, resource) for resource in (PAYMENT, LEDGER)]

    def token(self, issuer, resource=PAYMENT):
        answer = issuer.token(self.base.client, resource=resource)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["access_token"]


class Interrupted(Case):
    """A rotation, at each message that it sends to the server."""

    def meet(self, point, answered, kill):
        """Was the point met?"""
        name = f"p{point}{'a' if answered else 'b'}{'k' if kill else 'c'}"
        self.copy(name)
        folder = self.new_folder()
        proxy = Proxy(os.path.join(folder, "proxy"), self.server)
        self.addCleanup(proxy.close)
        issuer = self.run_daemon(self.base.write_config(folder, proxy.folder, name=name))
        before, audit = issuer.keys(), self.base.audit(name)
        proxy.arm(point, answered, self.server.kill if kill else None)
        answer = issuer.admin("POST", "/keys/rotate", {})
        met = proxy.disarm() >= point
        if answer.status != 200:
            self.assertEqual(answer.status, 503, answer)
            self.assertGreater(len(answer.json()["detail"]), 20, answer)
        tokens = self.base.tokens + self.tokens(issuer)  # without a database, maybe
        self.assertTrue(all(verifies(token, issuer.jwks()) for token in tokens))
        if kill and met:
            self.server.process.wait(DEADLINE_S)  # of the kill, which may be on its way
            self.server.start()
        look_again(issuer)
        self.check(issuer, name, before, audit, answer, tokens)
        self.assertEqual(issuer.daemon.stop(), 0)
        proxy.close()
        shutil.rmtree(folder)
        return met

    def check(self, issuer, name, before, audit, answer, tokens):
        """The old state or the new one, with its lines in the trail; then it can be done."""
        states = check_keys(issuer, tokens + self.tokens(issuer))
        kids = [self.base.by_state["active", alg] for alg in ALGORITHMS]
        turned = [states[kid] == "retiring" for kid in kids]
        self.assertEqual(turned[0], turned[1])
        done = self.base.audit(name)[len(audit):]
        self.assertEqual(done, ["key.sign", "key.stop", "key.publish"] * 2 if turned[0] else [])
        self.assertEqual(len(states), len(before) + (2 if turned[0] else 0))
        if answer.status == 200:
            self.assertTrue(turned[0])
        again = issuer.admin("POST", "/keys/rotate", {"force": True})
        self.assertEqual(again.status, 200, again)
        check_keys(issuer, tokens + self.tokens(issuer))

    def meet_all(self, title, answered, kill=False):
        """Two at a time, where they can: a server dies for all."""
        points, ended = 0, False
        numbers = range(1, ENDLESS, KILLED if kill else 1)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for first in range(0, len(numbers), 4):
                few = numbers[first:first + 4]
                if kill:
                    results = [self.meet(point, answered, kill) for point in few]
                else:
                    results = pool.map(lambda point: self.meet(point, answered, kill), few)
                for met in results:
                    points += met
                    ended = ended or not met
                if ended:
                    break
        self.assertTrue(ended, "it never came to an end")
        self.assertGreater(points, 3)
        print(f"rotation, {title}: {points} points met, {points} passed", flush=True)

    def test_connection_cut_before_each_message(self):
        self.meet_all("connection cut before a message", False)

    def test_connection_cut_after_each_message(self):
        self.meet_all("connection cut before an answer", True)

    def test_server_killed_before_a_message(self):
        self.meet_all("server killed before a message", False, kill=True)

    def test_server_killed_after_a_message(self):
        self.meet_all("server killed before an answer", True, kill=True)


class Away(Case):
    """The database is gone for some time."""

    def test_gone_for_longer_than_the_staleness_limit(self):
        folder = self.new_folder()
        ahead = os.path.join(folder, "ahead")
        config = self.base.write_config(folder, name=self.copy("away"))
        issuer = self.run_daemon(config, ahead=ahead)
        made = issuer.admin("POST", "/roles", {"name": "kept"})
        self.assertEqual(made.status, 201, made)
        tokens = self.tokens(issuer)
        self.server.kill()
        self.assert_goes_on(issuer, tokens)
        self.pass_time(issuer, ahead, STALENESS_S // 2)
        self.assert_goes_on(issuer, tokens)
        self.pass_time(issuer, ahead, STALENESS_S + 1)
        refused = issuer.token(self.base.client, resource=PAYMENT)
        self.assertEqual((refused.status, refused.json()["error"]),
                         (503, "temporarily_unavailable"), refused)
        self.assertTrue(all(verifies(token, issuer.jwks()) for token in tokens))
        self.assertEqual(issuer.admin("GET", "/readyz", prefix="").status, 503)
        issuer.daemon.wait_log("ev=store.stale")
        self.server.start()
        look_again(issuer)
        issuer.daemon.wait_log("ev=store.back")
        self.assertEqual(issuer.admin("GET", "/readyz", prefix="").status, 200)
        check_keys(issuer, tokens + self.tokens(issuer))
        names = [role["name"] for role in issuer.admin("GET", "/roles").json()["items"]]
        self.assertEqual(names, ["kept"])

    def test_hanging_while_many_changes_wait(self):
        """It takes what it is told and says nothing: more changes wait than the listener has
        threads, and what needs no database is answered all the same."""
        folder = self.new_folder()
        proxy = Proxy(os.path.join(folder, "proxy"), self.server)
        self.addCleanup(proxy.close)
        name = self.copy("hanging")
        issuer = self.run_daemon(self.base.write_config(folder, proxy.folder, name=name))
        until(lambda: self.changes_wait(issuer, proxy), "a change waits, not the daemon's own look")

    def changes_wait(self, issuer, proxy):
        """False: the daemon was looking itself when it began to hang, and all changes were refused."""
        names = [f"role-{len(self.roles(issuer))}-{i}" for i in range(8)]
        proxy.flowing.clear()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            changes = [pool.submit(issuer.admin, "POST", "/roles", {"name": name})
                       for name in names]
            refused = next(concurrent.futures.as_completed(changes)).result()
            self.assertEqual((refused.status, refused.header("Retry-After")), (503, "1"), refused)
            for path in ("/livez", "/readyz", "/metrics"):
                self.assertEqual(issuer.admin("GET", path, prefix="").status, 200)
            self.roles(issuer)
            self.tokens(issuer)
            proxy.flowing.set()
            answers = [change.result() for change in changes]
        self.assertLessEqual({answer.status for answer in answers}, {201, 503}, answers)
        made = [name for name, answer in zip(names, answers) if answer.status == 201]
        self.assertEqual(sorted(set(self.roles(issuer)) & set(names)), made)
        return made != []

    def roles(self, issuer):
        answer = issuer.admin("GET", "/roles")
        self.assertEqual(answer.status, 200, answer)
        return [role["name"] for role in answer.json()["items"]]

    def pass_time(self, issuer, ahead, seconds):
        set_ahead(ahead, seconds)
        look_again(issuer)

    def assert_goes_on(self, issuer, tokens):
        """Without a database: tokens and key set as before; a change is refused with a sentence."""
        for token in tokens + self.tokens(issuer):
            self.assertTrue(verifies(token, issuer.jwks()))
        for path, body in (("/roles", {"name": "lost"}), ("/keys/rotate", {})):
            refused = issuer.admin("POST", path, body)
            self.assertEqual(refused.status, 503, refused)
            self.assertGreater(len(refused.json()["detail"]), 20, refused)


class History(Case):
    """A standby is promoted that misses the last rows."""

    def test_standby_that_misses_the_last_rows(self):
        standby = Server(os.path.join(self.home, "standby"), standby_of=self.server)
        self.addCleanup(standby.stop)
        folders = [self.new_folder() for _ in range(2)]
        configs = [self.base.write_config(folder, self.server.folder, standby.folder)
                   for folder in folders]
        one, other = (self.run_daemon(config) for config in configs)
        until(lambda: standby.rows(
            "base", "SELECT value FROM meta WHERE name = 'version'") == self.server.rows(
                "base", "SELECT value FROM meta WHERE name = 'version'"), "the standby has all")
        standby.stop()  # what follows it misses
        revoked = self.base.by_state["next", "ES256"]
        self.assertEqual(one.admin("POST", f"/keys/{revoked}/revoke", {}).status, 200)
        self.assertEqual(one.admin("POST", "/keys/rotate", {"force": True}).status, 200)
        until(lambda: one.jwks() == other.jwks(), "it has come to the other")
        tokens = self.base.tokens + self.tokens(one) + self.tokens(other)
        known = one.jwks()
        self.server.kill()
        standby.start()
        self.assertNotIn(kid_of(tokens[-2]), str(standby.rows("base", "SELECT kid FROM keys")))
        standby.promote()
        for issuer in (one, other):
            look_again(issuer)
        one.daemon.wait_log("ev=store.diverged")
        for issuer in (one, other):
            look_again(issuer)
            states = check_keys(issuer, tokens + self.tokens(issuer))
            self.assertEqual(states[revoked], "revoked")
            shown = [key["kid"] for key in issuer.jwks()]
            self.assertTrue({key["kid"] for key in known} <= set(shown))
        self.assertEqual(one.jwks(), other.jwks())
        lines = standby.rows("base", "SELECT action FROM audit WHERE action = 'store.rejoin'")
        self.assertTrue(lines)
        self.assertEqual(one.daemon.stop(), 0)
        one = self.run_daemon(configs[0])
        states = check_keys(one, tokens + self.tokens(one))
        self.assertEqual(states[revoked], "revoked")


class Together(Case):
    """Two issuers over one database."""

    def setUp(self):
        super().setUp()
        self.name = self.copy(self._testMethodName)
        folder = self.new_folder()
        self.ahead, self.ahead_s = os.path.join(folder, "ahead"), 0
        self.pair = [self.run_daemon(self.base.write_config(self.new_folder(), name=self.name),
                                     ahead=self.ahead) for _ in range(2)]

    def pass_time(self, seconds):
        """At once for both."""
        self.ahead_s += seconds
        set_ahead(self.ahead, self.ahead_s)
        for issuer in self.pair:
            look_again(issuer)

    def sets(self):
        return [issuer.jwks() for issuer in self.pair]

    def rotate_at_once(self, pool, force):
        return sorted(answer.status for answer in pool.map(
            lambda issuer: issuer.admin("POST", "/keys/rotate", {"alg": "ES256", "force": force}),
            self.pair))

    def version(self):
        return int(self.server.rows(self.name, "SELECT value FROM meta WHERE name = 'version'")
                   [0][0])

    def same_set(self):
        """How long it took until both serve one set."""
        asked = time.monotonic()
        until(lambda: len({json.dumps(one) for one in self.sets()}) == 1, "there is one set")
        return time.monotonic() - asked

    def test_both_rotate_at_once(self):
        """Within the lead one of them is refused; by force both are done, one after the other. The
        days that pass between let old keys go."""
        slowest, version = 0, self.version()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for number in range(ROUNDS):
                force = number % 2 == 1
                if not force:
                    self.pass_time(LEAD_S + 3600)
                statuses = self.rotate_at_once(pool, force)
                self.assertEqual(statuses, [200, 200] if force else [200, 409])
                slowest = max(slowest, self.same_set())
                self.check_round(number)
        self.check_audit(version)
        print(f"two issuers asked to rotate at once: {ROUNDS * 2} times, one set again within "
              f"{slowest * 1000:.0f} ms at most", flush=True)

    def test_a_change_of_which_no_notice_came(self):
        """As from an issuer whose notice was lost: both look at the version now and then."""
        client = self.pair[0].admin("GET", "/clients").json()["items"][0]
        old, new = (f'"name":"{name}"' for name in (client["name"], "renamed-elsewhere"))
        self.server.psql(self.name, f"""
            BEGIN;
            UPDATE meta SET value = value + 1 WHERE name = 'version';
            UPDATE objects SET version = (SELECT value FROM meta WHERE name = 'version'),
                doc = convert_to(replace(convert_from(doc, 'UTF8'), '{old}', '{new}'), 'UTF8')
                WHERE id = convert_to('{client["client_id"]}', 'UTF8');
            INSERT INTO commits (version, mark) SELECT value, 4711 FROM meta WHERE name = 'version';
            COMMIT""")
        asked = time.monotonic()
        for issuer in self.pair:
            until(lambda one=issuer: one.admin("GET", "/clients/" + client["client_id"])
                  .json()["name"] == "renamed-elsewhere", "it has the new name")
        print(f"a change of which no notice came: seen by both within {time.monotonic() - asked:.1f} s",
              flush=True)

    def check_round(self, number):
        issuer = self.pair[number % 2]
        states = [(key["state"], key["alg"]) for key in issuer.keys()]
        for alg in ALGORITHMS:
            self.assertEqual(states.count(("active", alg)), 1)
            self.assertEqual(states.count(("next", alg)), 1)
        if number % 20 == 0:
            for one in self.pair:
                token = self.token(one)
                self.assertTrue(all(verifies(token, keys) for keys in self.sets()))

    def check_audit(self, version):
        """One line of each kind for each rotation of ES256, and versions without a gap."""
        done = self.base.audit(self.name)
        self.assertGreaterEqual(done.count("key.stop"), ROUNDS // 2 * 3)
        made = self.server.rows(self.name, "SELECT count(*), count(DISTINCT version), "
                                f"max(version) FROM commits WHERE version > {version}")[0]
        self.assertEqual(made[0], made[1])
        self.assertEqual(int(made[2]), self.version())
        self.assertEqual(int(made[0]), self.version() - version)


class Network:
    """A network namespace with a cable to the database and one to its clients. The addresses are of
    the block for benchmarks (RFC 2544), four of it for each cable: no machine is reached by them."""

    BLOCK = f"198.18.{os.getpid() % 250}."
    DATABASE, CLIENTS = (BLOCK + "1", BLOCK + "2"), (BLOCK + "5", BLOCK + "6")

    def __init__(self):
        self.name = f"jeton-{os.getpid()}"
        self.ends = [f"jt{os.getpid()}{end}" for end in "dc"]

    def make(self):
        self.ip("netns", "add", self.name)
        for end, (here, there) in zip(self.ends, (self.DATABASE, self.CLIENTS)):
            self.ip("link", "add", end, "type", "veth", "peer", "name", end + "n",
                    "netns", self.name)
            self.ip("address", "add", here + "/30", "dev", end)
            self.ip("link", "set", end, "up")
            self.ip("-n", self.name, "address", "add", there + "/30", "dev", end + "n")
            self.ip("-n", self.name, "link", "set", end + "n", "up")
        self.ip("-n", self.name, "link", "set", "lo", "up")

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True, capture_output=True)

    def remove(self):
        for words in (["netns", "delete", self.name], *(["link", "delete", end]
                                                        for end in self.ends)):
            subprocess.run(["ip", *words], check=False, capture_output=True)

    def plug(self, how):
        """Without it what is sent is lost, and nobody is told."""
        self.ip("-n", self.name, "link", "set", self.ends[0] + "n", how)


class Partition(Case):
    """One of two issuers is on a machine whose cable to the database is pulled."""

    @classmethod
    def setUpClass(cls):
        cls.network = Network()
        cls.addClassCleanup(cls.network.remove)
        try:
            cls.network.make()
        except (OSError, subprocess.CalledProcessError) as why:
            raise unittest.SkipTest(f"no network namespace can be made here: {why}") from None
        super().setUpClass()

    @classmethod
    def make_server(cls):
        return Server(os.path.join(cls.home, "pg"), address=Network.DATABASE[0])

    def run_beyond(self, ahead):
        """The one on the other machine."""
        conninfo = self.server.conninfo_of_the_network("base")
        config = self.base.write_config(self.new_folder(), conninfo=conninfo,
                                        listen=Network.CLIENTS[1] + ":0")
        daemon = Daemon(["netns", "exec", self.network.name, JETOND, "serve", "--config", config],
                        preload(ahead=ahead), program="ip")
        self.addCleanup(daemon.stop)
        return issuer_of(daemon)

    def test_cable_pulled(self):
        ahead = os.path.join(self.home, "ahead")
        near = self.run_daemon(self.base.write_config(self.new_folder()))
        far = self.run_beyond(ahead)
        tokens = self.base.tokens + self.tokens(near) + self.tokens(far)
        active, upcoming = (self.base.by_state[state, "ES256"] for state in ("active", "next"))
        self.network.plug("down")
        self.assertEqual(near.admin("POST", "/keys/rotate", {}).status, 200)
        made = near.admin("POST", "/roles", {"name": "kept"})
        self.assertEqual(made.status, 201, made)
        tokens += self.tokens(near)
        self.assertEqual(kid_of(tokens[-2]), upcoming)
        tokens += self.tokens(far)  # by the key that it knows, which stays in the set
        self.assertEqual(kid_of(tokens[-2]), active)
        for issuer in (near, far):
            self.assertTrue(all(verifies(token, issuer.jwks()) for token in tokens))
        refused = far.admin("POST", "/keys/rotate", {}, timeout=CABLE_S)
        self.assertEqual(refused.status, 503, refused)
        set_ahead(ahead, STALENESS_S + 1)
        until(lambda: self.asks(far) == 503, "it is stale")
        self.assertEqual(self.asks(near), 200)
        self.assertTrue(all(verifies(token, far.jwks()) for token in tokens))
        self.assertEqual(far.admin("GET", "/readyz", prefix="").status, 503)
        self.network.plug("up")
        until(lambda: self.asks(far) == 200 and near.jwks() == far.jwks(), "it is back")
        for issuer in (near, far):
            check_keys(issuer, tokens + self.tokens(issuer))
            names = [role["name"] for role in issuer.admin("GET", "/roles").json()["items"]]
            self.assertEqual(names, ["kept"])
        far.daemon.wait_log("ev=store.back")

    def asks(self, issuer):
        try:
            return issuer.token(self.base.client, resource=PAYMENT).status
        except (http.client.HTTPException, OSError):
            return None  # a connection on which time passes is closed


if __name__ == "__main__":
    unittest.main(argv=[arg for arg in sys.argv if arg != "--all"])
