# SPDX-License-Identifier: Apache-2.0
"""The attacks of this folder against the real daemon: its public listener, where a token is the
canary, and its admin listener. What was issued is counted in the log, too: a token that nobody was
answered would show. ATTACK names the program that attacks."""

import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "..", "flow"))
# pylint: disable=wrong-import-position
from harness import FORM, DevCase, basic, decode

LIMIT_S = 200


class Attacks(DevCase):
    def attack(self, address, get, post, post_status, max_body, canary):
        """`canary`: method, path, fields, body, and a mark of its answer. How many were answered."""
        method, path, fields, body, mark = canary
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        done = subprocess.run(
            [os.environ["ATTACK"], address, get, post, str(post_status), str(max_body), method,
             path, lines, body, mark], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=LIMIT_S, check=False)
        said = done.stdout.decode("utf-8", "replace")
        self.assertEqual(done.returncode, 0, said)
        self.issuer.daemon.assert_clean()
        return int(said.rsplit("canaries ", 1)[1])

    def test_public_listener(self):
        fields = {"Authorization": basic(self.issuer.client_id, self.issuer.client_secret),
                  "Content-Type": FORM}
        answered = self.attack(
            self.issuer.told["address"], "/.well-known/jwks.json", "/oauth2/token", 415, 16384,
            ("POST", "/oauth2/token", fields, "grant_type=client_credentials", '"access_token"'))
        self.assertGreater(answered, 100)
        token = self.issuer.token().json()["access_token"]
        # each line is written before its answer: with this one there, those before are there too
        self.issuer.daemon.wait_log("ev=token.issue", decode(token)[1]["jti"])
        issued = self.issuer.daemon.log().count("ev=token.issue")
        self.assertEqual(issued, answered + 1)

    def test_admin_listener(self):
        answered = self.attack(
            self.issuer.socket, "/livez", "/admin/v1/roles", 400, 1024 * 1024,
            ("GET", "/metrics", {"Authorization": "Bearer x"}, "", "# TYPE jeton_keys gauge"))
        self.assertGreater(answered, 100)


if __name__ == "__main__":
    unittest.main()
