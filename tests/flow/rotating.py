# SPDX-License-Identifier: Apache-2.0
"""What the tests of rotation under load share: a daemon whose clock the test moves (tests/support/
clock_shift.c), and APIs that keep copies of its key set in their various ways and verify by libjeton."""

import os
import sys
import threading
import time

from harness import PAYMENT, Daemon, Issuer, decode, write_config

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../verifier/python"))
import jeton as libjeton  # noqa: E402  (it reads JETON_LIBRARY when it is first used)

HOUR_S = 3600
LEAD_S = 24 * HOUR_S
HOP_S = LEAD_S // 8  # less than the staleness limit
EARLY_S = 60  # before the lead ends, longer than anything takes
# name, how long a copy is kept (None: for ever), whether an unknown kid makes it fetch
HABITS = [("5 min", 300, False), ("5 min, or unknown kid", 300, True), ("1 h", HOUR_S, False),
          ("24 h", 24 * HOUR_S, False), ("24 h, another phase", 24 * HOUR_S, False),
          ("24 h, or unknown kid", 24 * HOUR_S, True), ("unknown kid alone", None, True)]


class Clock:
    """As the daemon sees it."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "clock")
        self.shift_s = 0
        with open(self.path, "wb") as out:
            out.write(b"%-24d" % 0)

    def now_s(self):
        return time.time() + self.shift_s

    def move(self, seconds):
        self.shift_s += seconds
        with open(self.path, "r+b") as out:
            out.write(b"%-24d" % self.shift_s)


def start(folder, clock, **sections):
    """A daemon with the defaults of the schedule, and a client of it."""
    env = {"LD_PRELOAD": os.environ["CLOCK_SHIFT_LIBRARY"], "CLOCK_SHIFT": clock.path,
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    daemon = Daemon(["serve", "--config", write_config(folder, **sections)], env)
    ready = daemon.wait_log("ev=daemon.ready")
    said = dict(word.split("=", 1) for word in ready.split() if "=" in word)
    issuer = Issuer(daemon, {"issuer": said["issuer"], "admin_socket": said["admin"],
                             "address": said["listen"]})
    issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["payments:read"]})
    client = issuer.admin("POST", "/clients", {
        "name": "cart", "grants": [PAYMENT + "#payments:read"]}).json()
    issuer.client_id, issuer.client_secret = client["client_id"], client["client_secret"]
    return issuer


class Sets:
    """The key sets that were served, each with a verifier of its own that knows no other."""

    def __init__(self, issuer, clock, folder):
        self.issuer, self.clock, self.folder = issuer, clock, folder
        self.verifiers = {}

    def fetch(self):
        answer = self.issuer.get("/.well-known/jwks.json")
        assert answer.status == 200, answer
        etag = answer.header("ETag")
        if etag not in self.verifiers:
            path = os.path.join(self.folder, f"set-{len(self.verifiers)}.json")
            with open(path, "wb") as out:
                out.write(answer.body)
            policy = libjeton.Policy(self.issuer.url, [PAYMENT], jwks_file=path)
            self.verifiers[etag] = libjeton.Verifier(policy, es256_table=False,
                                                     now=lambda: int(self.clock.now_s()))
        return etag

    def close(self):
        for verifier in self.verifiers.values():
            verifier.close()


class Api:
    """Keeps a copy of the set in its way."""

    def __init__(self, sets, name, habit_s, by_kid):
        self.sets, self.name, self.habit_s, self.by_kid = sets, name, habit_s, by_kid
        self.fetches = self.judged = 0
        self.fetch()
        self.fetched_s -= 5 * HOUR_S if "phase" in name else 0

    def fetch(self):
        self.etag, self.fetched_s = self.sets.fetch(), self.sets.clock.now_s()
        self.fetches += 1

    def judge(self, token):
        """None, or why it refuses."""
        self.judged += 1
        if self.habit_s is not None and self.sets.clock.now_s() - self.fetched_s >= self.habit_s:
            self.fetch()
        try:
            self.sets.verifiers[self.etag].verify(token)
            return None
        except libjeton.TokenError as error:
            if self.by_kid and error.name == "unknown_key":
                self.fetch()
                return self.judge_again(token)
            return f"{self.name}: {error.name}, copy of {self.sets.clock.now_s() - self.fetched_s:.0f} s"

    def judge_again(self, token):
        try:
            self.sets.verifiers[self.etag].verify(token)
            return None
        except libjeton.TokenError as error:
            return f"{self.name}: {error.name} after a fetch"


class Rotations:
    """Takes tokens without end, has every API judge each of them while it lives, and rotates."""

    def __init__(self, issuer, clock, folder):
        self.issuer, self.clock = issuer, clock
        self.sets = Sets(issuer, clock, folder)
        self.published_s = max(key["published_at_s"] for key in issuer.keys())
        self.apis = [Api(self.sets, *habit) for habit in HABITS]
        self.tokens, self.refusals, self.kids, self.taken = [], [], set(), 0
        self.lock, self.stop = threading.Lock(), threading.Event()

    def take(self, connection):
        answer = self.issuer.token(resource=PAYMENT, connection=connection)
        if answer.status != 200:
            self.refusals.append(f"no token: {answer}")
            return None
        self.taken += 1
        return answer.json()["access_token"]

    def present(self, token):
        """To every API, unless it expires meanwhile."""
        for api in self.apis:
            refusal = api.judge(token)
            if refusal is not None and decode(token)[1]["exp"] > self.clock.now_s() + 1:
                self.refusals.append(refusal)

    def sample(self, connection):
        """A new token, and those that are kept."""
        token = self.take(connection)
        if token is not None:
            self.kids.add(decode(token)[0]["kid"])
            self.tokens.append(token)
        now_s = self.clock.now_s()
        self.tokens = [kept for kept in self.tokens if decode(kept)[1]["exp"] > now_s + 5]
        for kept in self.tokens:
            self.present(kept)

    def load(self):
        """Until it is told to stop, as fast as it can."""
        connection = self.issuer.connect()
        try:
            while not self.stop.is_set():
                self.take(connection)
        except OSError as error:
            self.refusals.append(f"no answer: {error}")
        finally:
            connection.close()

    def ask_to_rotate(self, want):
        """The store is read for it, whatever the answer: no time is so long that the issuer is stale."""
        answer = self.issuer.admin("POST", "/keys/rotate")
        if answer.status != want:
            self.refusals.append(f"rotation: {answer}, not {want}")

    def rotate(self, connection):
        """The lead passes, refused until its end; then half an hour in which the old key's tokens live."""
        due_s = self.published_s + LEAD_S
        while (left_s := due_s - EARLY_S - self.clock.now_s()) > 1:
            self.clock.move(int(min(HOP_S, left_s)))
            self.ask_to_rotate(409)
            self.sample(connection)
        self.clock.move(EARLY_S + 1)
        self.ask_to_rotate(200)
        self.published_s = int(self.clock.now_s())
        self.sample(connection)
        self.clock.move(1800)
        self.ask_to_rotate(409)
        self.sample(connection)

    def counts(self):
        return {"signed by": len(self.kids), "sampled verdicts": sum(api.judged for api in self.apis),
                "fetches": sum(api.fetches for api in self.apis), "sets": len(self.sets.verifiers)}
