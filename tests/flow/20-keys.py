# SPDX-License-Identifier: Apache-2.0
"""Signing keys in an operator's hands: what each command does and tells, algorithms that come and go,
the emergency, how far the set has come, and the picture of it all."""

import json
import re
import unittest

from command_line import DONE, NOT_FOUND, READ, REFUSED, WRONG_USE, VerbCase
from harness import PAYMENT, Case, decode, jeton, start_serve, write_config

JWKS = "/.well-known/jwks.json"


class Verbs(VerbCase):
    def states(self, alg):
        return sorted(key["state"] for key in self.issuer.keys() if key["alg"] == alg)

    def test_key_add_algorithm(self):
        self.do("HS256", code=REFUSED)
        self.do("RS256")  # without a lead it signs at once
        self.assertEqual(self.states("RS256"), ["active", "next"])
        self.do("RS256", code=REFUSED)
        self.jeton("resource", "create", "urn:rs", "--alg", "RS256")
        client = self.make_client("of-rs", "--grant", "urn:rs")
        got = self.issuer.token((client["client_id"], client["client_secret"]), resource="urn:rs")
        self.assertEqual(decode(got.json()["access_token"])[0]["alg"], "RS256")
        metadata = self.issuer.get("/.well-known/openid-configuration").json()
        self.assertIn("RS256", metadata["id_token_signing_alg_values_supported"])

    def test_key_retire_algorithm(self):
        self.do("ES256", code=REFUSED)
        self.do("PS256", code=NOT_FOUND)
        self.jeton("key", "add-algorithm", "PS256")
        self.jeton("resource", "create", "urn:ps", "--alg", "PS256")
        self.do("PS256", code=REFUSED)  # a resource uses it
        self.jeton("resource", "delete", "urn:ps", "--yes")
        self.do("PS256")
        self.assertEqual(self.states("PS256"), ["dropped", "retiring"])
        self.jeton("resource", "create", "urn:ps", "--alg", "PS256", code=REFUSED)

    def test_key_reach(self):
        before = self.do_json()["windows"][2]
        etag = self.issuer.get(JWKS).header("ETag")
        self.issuer.get(JWKS, headers={"If-None-Match": etag})
        after = self.do_json()["windows"][2]
        self.assertEqual((after["fetches"] - before["fetches"], after["held"] - before["held"]),
                         (2, 1))
        self.jeton("key", "rotate")
        self.assertEqual(self.do_json()["windows"][2]["fetches"], 0)
        shown = self.do()
        self.assertIn("estimate", shown)
        self.assertRegex(shown, r"(?m)^last 5m +\d+ +0 +0 +0 %$")

    def test_key_timeline(self):
        told = self.do_json()
        self.assertEqual(set(told), {"items", "algorithms", "now_s", "pause_until_s"})
        active, upcoming = self.issuer.kid("active"), self.issuer.kid("next")
        shown = self.do("--ascii")
        self.assertRegex(shown, rf"(?m)^{re.escape(active[:8])} ES256 active +\|#+-*$")
        self.assertRegex(shown, rf"(?m)^{re.escape(upcoming[:8])} ES256 next +\|\.+#*$")
        self.assertRegex(shown, r"(?m)^ES256 rotates \d{4}-\d\d-\d\dT")
        self.assertTrue(shown.isascii())

    def test_emergency_by_one_command(self):
        client = self.make_client("in-an-emergency", "--grant", READ)
        old = self.get(client)
        self.judge(old)
        self.jeton("key", "revoke", "--all", code=WRONG_USE)  # no terminal to ask on
        self.jeton("key", "revoke", code=WRONG_USE)
        self.jeton("key", "revoke", "x", "--all", "--yes", code=WRONG_USE)
        self.judge(old)
        before = {key["kid"] for key in self.issuer.jwks()}
        done = jeton("--socket", self.issuer.socket, "key", "revoke", "--all", "--yes")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertRegex(done.stderr.decode(), r"(?m)^warning: .*until a verifier fetches the key set "
                         r"again.*At most \d+ unexpired tokens")
        self.assertEqual(before & {key["kid"] for key in self.issuer.jwks()}, set())
        self.judge(old, code=REFUSED)
        self.judge(self.get(client))

    def test_revocation_tells_the_tokens(self):
        client = self.make_client("counted", "--grant", READ)
        self.jeton("key", "rotate")  # a key of which all tokens are known
        for _ in range(7):
            token = self.get(client)
        kid = decode(token)[0]["kid"]
        self.assertEqual([key["unexpired_tokens"] for key in self.json("key", "list")
                          if key["kid"] == kid], [7])
        done = jeton("--socket", self.issuer.socket, "key", "revoke", kid, "--yes")
        self.assertIn("At most 7 unexpired tokens", done.stderr.decode())


class Lead(Case):
    """On an issuer as in production: a lead of a day."""

    def setUp(self):
        super().setUp()
        self.issuer = self.run_daemon(start_serve(write_config(self.dir)))

    def jeton(self, *args):
        done = jeton("--socket", self.issuer.socket, *args)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_rotation_tells_who_saw_the_next_key(self):
        for _ in range(3):
            self.issuer.get(JWKS)
        etag = self.issuer.get(JWKS).header("ETag")
        self.issuer.get(JWKS, headers={"If-None-Match": etag})
        code, _, told = self.jeton("key", "rotate")
        self.assertEqual(code, REFUSED)
        self.assertRegex(told, r"published \d+s ago and the lead is 1d:")
        self.assertIn("given out the set with it 5 times, 5 of them in the last 5m", told)
        code, _, told = self.jeton("key", "rotate", "--force")
        self.assertEqual(code, DONE)
        self.assertRegex(told, r"(?m)^warning: .*5 times")

    def test_metrics_tell_states_that_no_key_has(self):
        for retiring, step in ((0, ["rotate", "--force"]), (1, ["list"])):
            told = self.issuer.admin("GET", "/metrics", prefix="").body.decode().splitlines()
            self.assertIn(f'jeton_keys{{alg="ES256",state="retiring"}} {retiring}', told)
            self.assertNotIn("RS256", "".join(told))
            self.assertEqual(self.jeton("key", *step)[0], DONE)

    def test_witness_is_told(self):
        self.issuer.daemon.wait_log("ev=key.publish", "alg=ES256", "witness=libjwt")
        self.assertEqual(self.jeton("key", "add-algorithm", "EdDSA")[0], DONE)
        self.issuer.daemon.wait_log("ev=key.publish", "alg=EdDSA", "witness=openssl")
        self.assertEqual({(key["alg"], key["witness"]) for key in self.issuer.keys()},
                         {("ES256", "libjwt"), ("EdDSA", "openssl")})
        self.assertRegex(self.jeton("key", "list")[1], r"(?m) EdDSA .* openssl$")

    def test_tokens_of_before_a_restart_are_not_known(self):
        self.stop(self.issuer)
        issuer = self.run_daemon(start_serve(write_config(self.dir)))
        counts = {key["state"]: key["unexpired_tokens"]
                  for key in issuer.admin("GET", "/keys").json()["items"]}
        self.assertEqual(counts, {"active": None, "next": 0})
        kid = issuer.kid("active")
        answer = issuer.admin("POST", f"/keys/{kid}/revoke", {"force": True})
        self.assertIn("is not known", answer.json()["note"])

    def test_algorithm_added_by_hand_outlives_a_restart(self):
        self.assertEqual(self.jeton("key", "add-algorithm", "RS256")[0], DONE)
        code, _, told = self.jeton("resource", "create", PAYMENT, "--alg", "RS256")
        self.assertEqual(code, REFUSED)
        self.assertRegex(told, r"signs only from \d{4}")
        self.assertEqual(self.jeton("key", "rotate", "--alg", "RS256", "--force")[0], DONE)
        self.assertEqual(self.jeton("resource", "create", PAYMENT, "--alg", "RS256")[0], DONE)
        self.stop(self.issuer)
        self.issuer = self.run_daemon(start_serve(write_config(self.dir)))  # names ES256 alone
        self.assertEqual({key["alg"] for key in self.issuer.jwks()}, {"ES256", "RS256"})
        told = json.loads(self.jeton("key", "timeline", "-o", "json")[1])["algorithms"]
        self.assertEqual({item["alg"]: item["named"] for item in told},
                         {"ES256": True, "RS256": False})


if __name__ == "__main__":
    unittest.main()
