# SPDX-License-Identifier: Apache-2.0
"""The attacks of this folder against the real sidecar: all that it is asked is answered at the head,
and a body closes its connection unread. A question with a token is the canary, which the answers of the
others, who name no host, do not look like. ATTACK names the program that attacks."""

import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "..", "flow"))
# pylint: disable=wrong-import-position
from guard_harness import start_guard
from harness import PAYMENT, DevCase

LIMIT_S = 200
PLAIN = "/authorize/original"


class Attacks(DevCase):
    def test_questions(self):
        guard = start_guard(self.dir, {
            "listen": "127.0.0.1:0", "ops": {"listen": "127.0.0.1:0"}, "wait": "10s",
            "issuers": [{"issuer": self.issuer.url}],
            "rules": [{"path": "/payments", "audience": PAYMENT}]})
        self.addCleanup(guard.daemon.stop)
        token = self.issuer.token(resource=PAYMENT).json()["access_token"]
        done = subprocess.run(
            [os.environ["ATTACK"], guard.listen, PLAIN, PLAIN, "403", "0", "GET",
             "/authorize/prefix/payments", f"Authorization: Bearer {token}\r\n", "",
             "X-Auth-Subject: " + self.issuer.client_id], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
        said = done.stdout.decode("utf-8", "replace")
        self.assertEqual(done.returncode, 0, said)
        self.assertGreater(int(said.rsplit("canaries ", 1)[1]), 100)
        guard.daemon.assert_clean()


if __name__ == "__main__":
    unittest.main()
