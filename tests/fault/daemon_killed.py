# SPDX-License-Identifier: Apache-2.0
"""The daemon dies, or its disk fails, at every call that changes a file, while it does what ACTS
tells. After each point it starts again, and

 - what was answered is there; what was not answered is there whole or not at all, its lines in the
   audit trail with it;
 - the key set is not empty, one key of each algorithm signs and one stands next;
 - every token of a key that was not revoked verifies, those too that were given while it failed;
 - of a key that stopped no private half is left in any file.

Where the disk fails the daemon goes on: the request is refused with a sentence or done, tokens are
given meanwhile, and the same request succeeds when the disk is back.

Every call is met by SIGKILL, and either by EIO or by a disk that is full from there on, which take
turns; of what writes half every fourth, of a first start on a full disk every fifth: `--all` meets all
of all. The points met are printed as the table of
docs/reliability.md."""

import concurrent.futures
import dataclasses
import os
import re
import shutil
import signal
import sys
import tempfile
import unittest
from typing import Callable

from faults import (ALGORITHMS, LEDGER, Base, arm, check_erased, check_keys, check_rows, counted,
                    disarm, environment, look_again, query, snapshot, start_or_none, try_admin)
from harness import PAYMENT, segment, start_serve

ENDLESS = 500  # more points than any act has
EVERY = "--all" in sys.argv
THIN = {"kill": (1, 1), "torn": (1, 4), "eio": (1, 2), "full": (2, 2), "short": (3, 4)}  # from, step
MODES = {"kill": "SIGKILL", "torn": "SIGKILL amid a write", "eio": "EIO once",
         "full": "ENOSPC from there on", "short": "a short write, then ENOSPC"}


@dataclasses.dataclass
class Act:
    """What is interrupted: `do` asks `issuer` for it; without one it is the start itself, in a folder
    that `prepare` has changed."""

    title: str
    base: str                                # a key of BASES; None: an empty folder
    do: Callable = None                      # of (issuer, base): the answer, None when it died
    prepare: Callable = lambda folder: None
    finish: Callable = None                  # of the folder, when it was done: it starts once more
    kept: tuple = tuple(ALGORITHMS)          # algorithms that have an active and a next key
    modes: tuple = tuple(MODES)


BASES = {"aged": {}, "turned": {"turned_s": 600}, "added": {"added": "ES512"}}


def post(path, body=None):
    def do(issuer, base):
        return try_admin(issuer, "POST", path, body or {})
    return do


def revoke(state, force=False):
    def do(issuer, base):
        kid = base.by_state[state, "ES256"]
        return try_admin(issuer, "POST", f"/keys/{kid}/revoke", {"force": force})
    return do


def raise_lifetime(issuer, base):
    return try_admin(issuer, "PATCH", "/resources/" + segment(PAYMENT), {"lifetime_s": 7200})


def revoke_secret(issuer, base):
    return try_admin(issuer, "DELETE", f"/clients/cart/secrets/{base.secret_id}")


def retire(issuer, base):
    return try_admin(issuer, "DELETE", "/keys/algorithms/ES512")


def rotate_kek(issuer, base):
    return try_admin(issuer, "POST", "/kek/rotate")


def name_next_kek(folder):
    path = os.path.join(folder, "kek-next")
    with open(path, "w", encoding="ascii") as out:
        out.write("7b" * 32)
    os.chmod(path, 0o600)
    Base.write_config(folder, kek_next_file=path)


def use_next_kek(folder):
    """The key that the rows were sealed under before is not there any more."""
    os.rename(os.path.join(folder, "kek-next"), os.path.join(folder, "kek"))
    Base.write_config(folder)


def make_old(folder):
    """As the first program that was released left its database."""
    tables = query(folder, "SELECT name FROM sqlite_master WHERE type = 'table'")
    first = {"meta", "objects", "keys", "sealed", "audit"}
    for name in {name for name, in tables} - first:
        query(folder, f"DROP TABLE {name}")
    query(folder, "UPDATE meta SET value = 1 WHERE name = 'schema'")


def leave_log(folder):
    """As a crash leaves it: what was changed last stands in the write-ahead log alone."""
    issuer = start_serve(os.path.join(folder, "jetond.yaml"))
    made = issuer.admin("POST", "/roles", {"name": "reader"})
    assert made.status == 201, made
    issuer.daemon.process.kill()
    issuer.daemon.process.wait()
    issuer.daemon.stop()
    assert os.path.getsize(os.path.join(folder, "jeton.db-wal")) > 0


ACTS = [
    Act("first start", None, modes=("kill", "full")),
    Act("start after a crash", "aged", prepare=leave_log),
    Act("database of an older schema", "aged", prepare=make_old),
    Act("rotate", "aged", post("/keys/rotate")),
    Act("rotate --force", "turned", post("/keys/rotate", {"force": True})),
    Act("revoke, the active key", "aged", revoke("active")),
    Act("revoke, the next key", "aged", revoke("next")),
    Act("revoke, a retiring key", "turned", revoke("retiring")),
    Act("revoke --all", "turned", post("/keys/revoke-all")),
    Act("add-algorithm", "aged", post("/keys/algorithms", {"alg": "ES512"})),
    Act("retire-algorithm", "added", retire),
    Act("kek rotate", "turned", rotate_kek, prepare=name_next_kek, finish=use_next_kek),
    Act("lifetime raised", "aged", raise_lifetime),
    Act("client create", "aged", post("/clients", {"name": "new", "grants": [PAYMENT + "#r"]})),
    Act("secret revoke", "aged", revoke_secret, modes=("kill", "torn")),
]


class Points:
    """An act at work: what it makes of its base when nothing disturbs it, and each point of it."""

    def __init__(self, act, base, home):
        self.act, self.base, self.home = act, base, home
        self.blobs = base.blobs if base else {}
        self.before = self.after = None
        self.before, self.after = self.undisturbed()

    def folder(self, name):
        """Made ready for the act; its configuration too."""
        folder = os.path.join(self.home, "-".join([self.act.title.replace(" ", "_"), name]))
        if self.base is None:
            os.mkdir(folder)
            return folder, Base.write_config(folder)
        config = self.base.copy(folder)
        self.act.prepare(folder)
        return folder, config

    def snapshot(self, folder):
        return snapshot(folder, self.base.states if self.base else {})

    def undisturbed(self):
        folder, config = self.folder("undisturbed")
        before = self.snapshot(folder) if self.base else None
        issuer = start_serve(config)
        if self.act.do:
            assert self.snapshot(folder) == before, "the start alone changes something"
            answer = self.act.do(issuer, self.base)
            assert answer.status // 100 == 2, answer
        assert issuer.daemon.stop() == 0
        after = self.snapshot(folder)
        assert self.act.prepare is leave_log or after != before, "it changes nothing"
        shutil.rmtree(folder)
        return before, after

    def tokens(self, issuer):
        """One of each algorithm, as they are given now; none where the client's secret went."""
        taken = []
        for resource in (PAYMENT, LEDGER) if self.base else ():
            answer = issuer.token(self.base.client, resource=resource)
            if answer.status == 200:
                taken.append(answer.json()["access_token"])
            else:
                assert self.act.do is revoke_secret and answer.status == 401, answer
        return taken

    def check(self, issuer, folder, tokens, answer, erased=True):
        """The invariants, and the old state or the new one."""
        held = (self.base.tokens if self.base else []) + tokens + self.tokens(issuer)
        states = check_keys(issuer, held, self.act.kept)
        check_rows(folder, states)
        if erased:
            check_erased(folder, self.blobs, states)
        found = self.snapshot(folder)
        assert found in (self.before, self.after), (found, self.before, self.after)
        if answer is not None and answer.status // 100 == 2:
            assert found == self.after, (answer, found)
        elif answer is not None:
            assert found == self.before, (answer, found)
        assert self.act.do or found == self.after, found
        return found == self.after

    def restart(self, folder, config, tokens, served, answer):
        issuer = start_serve(config)
        self.check(issuer, folder, tokens, answer)
        states = {key["kid"]: key["state"] for key in issuer.keys()}
        assert all(states[key["kid"]] in ("active", "next", "retiring") for key in served), states
        assert issuer.daemon.stop() == 0
        if self.act.finish and self.snapshot(folder) == self.after:
            self.act.finish(folder)
            issuer = start_serve(config)
            self.check(issuer, folder, tokens, answer)
            assert issuer.daemon.stop() == 0
        shutil.rmtree(folder)

    # --- it dies ---

    def die_at(self, mode, point):
        """Was the point met?"""
        folder, config = self.folder(f"{mode}-{point}")
        env = environment(folder, point, mode)
        if mode == "torn":
            env["KILLPOINT_CALLS"] = "writes"
        if not self.act.do:
            arm(folder)
        issuer, status, log = start_or_none(config, env)
        assert issuer is not None or status == -signal.SIGKILL, log
        answer, tokens, served, dead = None, [], [], issuer is None
        if issuer is not None:
            if self.act.do:
                arm(folder)
                answer = self.act.do(issuer, self.base)
            if answer is not None or not self.act.do:
                tokens, served = self.tokens(issuer), issuer.jwks()
            dead = issuer.daemon.stop() == -signal.SIGKILL  # of the act, or of its own stop
        disarm(folder)
        self.restart(folder, config, tokens, served, answer)
        return dead

    # --- its disk fails ---

    def fail_at(self, mode, point):
        folder, config = self.folder(f"{mode}-{point}")
        if not self.act.do:
            arm(folder)
        issuer, status, log = start_or_none(config, environment(folder, point, mode))
        tokens, served, met = [], [], None
        if issuer is None:
            assert status == 1 and re.search(r"^jetond: .{20,}", log, re.M), (status, log)
        else:
            tokens, served = self.ask_again(issuer, folder)
        met = counted(folder) >= point
        if issuer is None:
            disarm(folder)
        self.restart(folder, config, tokens, served, None)
        return met

    def ask_again(self, issuer, folder):
        """Asks for the act on a disk that fails, and, when that was refused, on one that works."""
        answer = None
        if self.act.do:
            arm(folder)
            answer = self.act.do(issuer, self.base)
            if answer.status // 100 != 2:
                assert answer.status == 503 and len(answer.json()["detail"]) > 20, answer
        tokens = self.tokens(issuer)
        self.check(issuer, folder, tokens, answer, erased=False)
        disarm(folder)
        if answer is not None and answer.status == 503:
            answer = self.act.do(issuer, self.base)
            assert answer.status // 100 == 2, answer
        look_again(issuer)
        tokens += self.tokens(issuer)
        served = issuer.jwks()
        assert self.check(issuer, folder, tokens, answer)
        assert issuer.daemon.stop() == 0
        return tokens, served


class DaemonKilled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-fault-")
        cls.bases = {name: Base(os.path.join(cls.home, name), **how)
                     for name, how in BASES.items()}
        cls.table = {}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home)
        print_table(cls.table)

    def meet_all(self, act, mode):
        """Every point until one is not met; two at a time."""
        points = Points(act, self.bases.get(act.base), self.home)
        meet = points.die_at if mode in ("kill", "torn") else points.fail_at
        passed, ended = 0, False
        first, step = (1, 1) if EVERY else THIN[mode]
        numbers = range(first, ENDLESS, 5 if act.base is None and mode == "full" else step)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for i in range(0, len(numbers), 4):
                for met in pool.map(lambda point: meet(mode, point), numbers[i:i + 4]):
                    passed += met
                    ended = ended or not met
                if ended:
                    break
        self.assertTrue(ended, "it never came to an end")
        self.assertGreater(passed, 2, "the points were not met")
        self.table[act.title, mode] = passed


def print_table(table):
    print("| | " + " | ".join(MODES.values()) + " |")
    print("| --- |" + " --- |" * len(MODES))
    for act in ACTS:
        met = [table.get((act.title, mode)) for mode in MODES]
        if any(met):
            print(f"| {act.title} | " + " | ".join("" if n is None else str(n) for n in met) + " |")
    sums = [sum(n for (_, of), n in table.items() if of == mode) for mode in MODES]
    print("| all | " + " | ".join(map(str, sums)) + " |", flush=True)


def make_test(act, mode):
    return lambda self: self.meet_all(act, mode)


for one in ACTS:
    for how in one.modes:
        words = "_".join(filter(None, re.split("[^a-z]+", f"{one.title} {how}")))
        setattr(DaemonKilled, "test_" + words, make_test(one, how))

if __name__ == "__main__":
    unittest.main(argv=[arg for arg in sys.argv if arg != "--all"])
