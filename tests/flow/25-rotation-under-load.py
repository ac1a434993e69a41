# SPDX-License-Identifier: Apache-2.0
"""Ten rotations of a daemon under load, its clock moved by the lead between them: no request fails, and
no API refuses a token, however it keeps its copy of the key set."""

import threading
import unittest

from harness import Case
from rotating import HABITS, LEAD_S, Clock, Rotations, start

ROTATIONS = 10


class UnderLoad(Case):
    def test_nobody_notices(self):
        clock = Clock(self.dir)
        issuer = self.run_daemon(start(self.dir, clock))
        rotations = Rotations(issuer, clock, self.dir)
        self.addCleanup(rotations.sets.close)
        threads = [threading.Thread(target=rotations.load) for _ in range(2)]
        for thread in threads:
            thread.start()
        connection = issuer.connect()
        self.addCleanup(connection.close)
        for _ in range(ROTATIONS):
            rotations.rotate(connection)
        rotations.stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(rotations.refusals, [])
        counts = rotations.counts()
        self.assertEqual(counts["signed by"], ROTATIONS + 1)
        self.assertGreater(counts["sampled verdicts"], 5 * ROTATIONS * len(HABITS))
        self.assertGreater(counts["sets"], ROTATIONS)

    def test_an_api_that_keeps_its_copy_for_longer_than_the_lead_is_told_of(self):
        """The test can fail: who keeps a copy for ever refuses what a key made since signed."""
        clock = Clock(self.dir)
        issuer = self.run_daemon(start(self.dir, clock))
        rotations = Rotations(issuer, clock, self.dir)
        self.addCleanup(rotations.sets.close)
        connection = issuer.connect()
        self.addCleanup(connection.close)
        rotations.apis[0].habit_s = 3 * LEAD_S
        for _ in range(2):
            rotations.rotate(connection)
        self.assertNotEqual(rotations.refusals, [])
        for refusal in rotations.refusals:
            self.assertIn(HABITS[0][0] + ": unknown_key", refusal)


if __name__ == "__main__":
    unittest.main()
