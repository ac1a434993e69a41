# SPDX-License-Identifier: Apache-2.0
"""The daemon dies, or its disk is full, during an apply of 10,000 objects that makes, changes and
deletes some of each kind. After each point it starts again, and the model is the old one or the new
one, by what `jeton export` tells: never a mixture, and the new one when the apply was answered.

An apply this large changes its files thousands of times. Of those calls the first and the last are
met one by one, and every sync; between them points at even distances. `--all` meets every one."""

import concurrent.futures
import json
import os
import shutil
import signal
import sys
import tempfile
import unittest

from faults import arm, counted, environment
from harness import LARGE_S, PAYMENT, jeton, start_serve, write_config

OBJECTS = 10000
KEPT = 2000    # clients of the old model that the new one changes
PRUNED = 500   # those that it deletes
FIRST, LAST, BETWEEN = 6, 40, 34
EVERY = "--all" in sys.argv
DONE, REFUSED, UNREACHABLE = 0, 2, 5


def client(number, **more):
    return {"kind": "client", "name": f"client-{number:05}", "client_id": f"id{number:05}",
            "roles": ["reader"], "grants": [PAYMENT + "#write"], **more}


def common(lifetime_s):
    return [{"kind": "resource", "identifier": PAYMENT, "scopes": ["read", "write"],
             "lifetime_s": lifetime_s},
            {"kind": "role", "name": "reader", "grants": [PAYMENT + "#read"]},
            {"kind": "product", "name": f"product-{lifetime_s}", "approval": "auto"}]


def write_model(path, objects):
    with open(path, "w", encoding="ascii") as out:
        out.writelines(json.dumps(one) + "\n" for one in objects)


class ApplyKilled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-fault-")
        cls.base = os.path.join(cls.home, "base")
        os.mkdir(cls.base)
        old, cls.new_file = (os.path.join(cls.home, name) for name in ("old.jsonl", "new.jsonl"))
        write_model(old, common(900) + [client(i) for i in range(KEPT + PRUNED)])
        new = common(60)
        new += [client(i, labels={"new": "yes"}) for i in range(KEPT)]
        new += [client(i) for i in range(KEPT + PRUNED, PRUNED + OBJECTS - len(common(60)))]
        assert len(new) == OBJECTS
        write_model(cls.new_file, new)
        issuer = start_serve(write_config(cls.base))
        assert cls.apply(issuer, old).returncode == DONE
        cls.old = cls.export(issuer)
        assert issuer.daemon.stop() == 0
        cls.calls, cls.syncs, cls.new = cls.count()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home)

    @staticmethod
    def apply(issuer, file):
        return jeton("--socket", issuer.socket, "apply", "-f", file, "--prune-all", "--yes",
                     timeout=LARGE_S)

    @staticmethod
    def export(issuer):
        done = jeton("--socket", issuer.socket, "export", timeout=LARGE_S)
        assert done.returncode == DONE, done.stderr
        return done.stdout

    @classmethod
    def copy(cls, name):
        folder = os.path.join(cls.home, name)
        shutil.copytree(cls.base, folder)
        return folder

    @classmethod
    def count(cls):
        """How many calls an apply makes that nobody disturbs, how many of them sync, and what the
        model is then."""
        told = []
        for calls in ("all", "syncs"):
            folder = cls.copy("count-" + calls)
            env = {**environment(folder, 0, "kill"), "KILLPOINT_CALLS": calls}
            issuer = start_serve(write_config(folder), env)
            arm(folder)
            done = cls.apply(issuer, cls.new_file)
            assert done.returncode == DONE, done.stderr
            told.append(counted(folder))
            os.unlink(os.path.join(folder, "arm"))
            new = cls.export(issuer)
            assert issuer.daemon.stop() == 0
            shutil.rmtree(folder)
        assert new != cls.old
        return (*told, new)

    def points(self):
        if EVERY:
            return list(range(1, self.calls + 1))
        points = set(range(1, FIRST + 1)) | set(range(self.calls - LAST, self.calls + 1))
        points |= {self.calls * i // BETWEEN for i in range(1, BETWEEN)}
        return sorted(point for point in points if point >= 1)

    def meet(self, mode, point, calls="all"):
        """What became of it: "old" or "new"."""
        folder = self.copy(f"{mode}-{calls}-{point}")
        config = write_config(folder)
        env = {**environment(folder, point, mode), "KILLPOINT_CALLS": calls}
        issuer = start_serve(config, env)
        arm(folder)
        done = self.apply(issuer, self.new_file)
        os.unlink(os.path.join(folder, "arm"))
        if mode == "kill":
            self.assertIn(done.returncode, (DONE, UNREACHABLE), done.stderr)
            self.assertEqual(issuer.daemon.stop(), -signal.SIGKILL, (point, calls))
        else:
            self.assertIn(done.returncode, (DONE, REFUSED), done.stderr)
            model = self.export(issuer)
            self.assertEqual(model, self.new if done.returncode == DONE else self.old)
            self.assertEqual(issuer.daemon.stop(), 0)
        issuer = start_serve(config)
        model = self.export(issuer)
        if mode != "kill" and model == self.old:
            self.assertEqual(self.apply(issuer, self.new_file).returncode, DONE)
            self.assertEqual(self.export(issuer), self.new)
        self.assertEqual(issuer.daemon.stop(), 0)
        shutil.rmtree(folder)
        self.assertIn(model, (self.old, self.new), f"a mixture after point {point} of {calls}")
        if done.returncode == DONE:
            self.assertEqual(model, self.new, f"answered, and lost, at point {point} of {calls}")
        return "new" if model == self.new else "old"

    def meet_all(self, title, mode, points, calls="all"):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            became = list(pool.map(lambda point: self.meet(mode, point, calls), points))
        # what is durable at one point is so at all that follow
        self.assertEqual(became, sorted(became, reverse=True))
        print(f"{title}: {len(became)} points met of {self.calls} calls ({self.syncs} syncs), "
              f"{became.count('old')} times the old model, {became.count('new')} times the new",
              flush=True)

    def test_dies_at_a_call(self):
        self.meet_all("apply of 10,000", "kill", self.points())

    def test_dies_at_a_sync(self):
        self.meet_all("apply of 10,000, at syncs", "kill", range(1, self.syncs + 1), "syncs")

    def test_disk_that_is_full(self):
        step = max(1, self.calls // 8)
        points = set(range(1, self.calls + 1, step)) | {self.calls - 2, self.calls}
        self.meet_all("apply of 10,000, disk full from there on", "full", sorted(points))


if __name__ == "__main__":
    unittest.main(argv=[arg for arg in sys.argv if arg != "--all"])
