# SPDX-License-Identifier: Apache-2.0
"""Keys rotate under running services: by hand, within and after the lead, under load; and are
revoked."""

import threading
import unittest

from harness import PAYMENT, Case, DevCase, decode, jeton, start_serve, until, write_config


def kid_of(answer):
    return decode(answer.json()["access_token"])[0]["kid"]


class Rotation(DevCase):
    def token(self):
        answer = self.issuer.token(resource=PAYMENT)
        self.assertEqual(answer.status, 200, answer)
        return answer

    def published(self):
        return {key["kid"] for key in self.issuer.jwks()}

    def verify(self, token):
        done = jeton("token", "verify", "--issuer", self.issuer.url, "--audience", PAYMENT, "-",
                     stdin=token.encode())
        return done.returncode

    def test_lead_zero_rotates_at_once(self):
        active, upcoming = self.issuer.kid("active"), self.issuer.kid("next")
        old = self.token()
        self.assertEqual(kid_of(old), active)
        answer = self.issuer.admin("POST", "/keys/rotate")
        self.assertEqual(answer.status, 200, answer)
        states = {key["kid"]: key["state"] for key in answer.json()["items"]}
        published = [key["published_at_s"] for key in answer.json()["items"]]
        self.assertEqual(published, sorted(published, reverse=True))  # newest first
        self.assertEqual((states[active], states[upcoming]), ("retiring", "active"))
        new = self.token()
        self.assertEqual(kid_of(new), upcoming)
        self.assertTrue({active, upcoming, self.issuer.kid("next")} <= self.published())
        for answer in (old, new):
            self.assertEqual(self.verify(answer.json()["access_token"]), 0)

    def test_retiring_key_tells_when_it_goes(self):
        self.issuer.admin("POST", "/keys/rotate")
        key = [key for key in self.issuer.keys() if key["state"] == "retiring"][0]
        # an hour's tokens, 4 h staleness, 5 min skew, 5 min max-age
        self.assertEqual(key["drop_at_s"] - key["sign_until_s"], 3600 + 4 * 3600 + 300 + 300)
        self.assertIsNone(key["revoked_at_s"])

    def test_revoke_is_at_once(self):
        victim = self.token()
        kid = kid_of(victim)
        self.assertEqual(self.verify(victim.json()["access_token"]), 0)
        answer = self.issuer.admin("POST", f"/keys/{kid}/revoke", {"force": False})
        self.assertEqual(answer.status, 200, answer)
        self.assertNotIn(kid, self.published())
        self.assertEqual(self.verify(victim.json()["access_token"]), 2)
        after = self.token()
        self.assertNotEqual(kid_of(after), kid)
        self.assertEqual(self.verify(after.json()["access_token"]), 0)
        again = self.issuer.admin("POST", f"/keys/{kid}/revoke")
        self.assertEqual((again.status, again.json()["code"]), (409, "conflict"))

    def test_revoke_of_all_that_signs_leaves_a_set(self):
        for _ in range(3):
            for kid in sorted(self.published()):
                self.assertEqual(self.issuer.admin("POST", f"/keys/{kid}/revoke",
                                                   {"force": True}).status, 200)
            self.assertTrue(self.published())
            self.assertIn(kid_of(self.token()), self.published())

    def test_under_load_no_request_fails(self):
        """Threads take tokens on kept-alive connections while the key rotates twenty times."""
        failures, kids, stop = [], set(), threading.Event()

        def take():
            connection = self.issuer.connect()
            try:
                while not stop.is_set():
                    answer = self.issuer.token(resource=PAYMENT, connection=connection)
                    if answer.status != 200:
                        failures.append(answer)
                        return
                    kids.add(kid_of(answer))
            except OSError as error:
                failures.append(error)
            finally:
                connection.close()
        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        signed = []
        for _ in range(20):
            signed.append(self.issuer.kid("active"))
            self.assertEqual(self.issuer.admin("POST", "/keys/rotate").status, 200)
            kid = kid_of(self.token())
            until(lambda: kid in kids or failures)  # pylint: disable=cell-var-from-loop
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        # every kid that ever signed is in the set, for its tokens have not expired
        self.assertTrue(kids | set(signed) <= self.published())
        self.assertGreater(len(kids), 3)

    def test_rotation_and_edits_at_once(self):
        """Changes of every kind from several threads: each is whole, none is lost."""
        failures = []

        def work(name):
            for i in range(8):
                made = self.issuer.admin("POST", "/roles", {"name": f"{name}-{i}"})
                turned = self.issuer.admin("POST", "/keys/rotate")
                if (made.status, turned.status) != (201, 200):
                    failures.append((made, turned))
        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b", "c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        names = {role["name"] for role in self.issuer.admin("GET", "/roles").json()["items"]}
        self.assertTrue({f"{name}-{i}" for name in "abc" for i in range(8)} <= names)


class Lead(Case):
    def setUp(self):
        super().setUp()
        self.issuer = self.run_daemon(start_serve(write_config(self.dir)))

    def test_within_the_lead_refused_and_told(self):
        before = self.issuer.keys()
        upcoming = self.issuer.kid("next")
        answer = self.issuer.admin("POST", "/keys/rotate", {"force": False})
        self.assertEqual(answer.status, 409)
        self.assertEqual(answer.header("Content-Type"), "application/problem+json")
        problem = answer.json()
        self.assertEqual(problem["code"], "within_lead")
        for part in (upcoming, "lead is 1d", "refuse", "force"):  # whose, how long, what then, what to do
            self.assertIn(part, problem["detail"])
        self.assertEqual(self.issuer.keys(), before)
        answer = self.issuer.admin("POST", "/keys/rotate", {"force": True})
        self.assertEqual(answer.status, 200, answer)
        for part in (upcoming, "lead is 1d", "refuse"):  # done, and the consequence told all the same
            self.assertIn(part, answer.json()["note"])
        self.assertEqual(self.issuer.kid("active"), upcoming)

    def test_revoking_the_active_key_within_the_lead(self):
        active, upcoming = self.issuer.kid("active"), self.issuer.kid("next")
        answer = self.issuer.admin("POST", f"/keys/{active}/revoke")
        self.assertEqual((answer.status, answer.json()["code"]), (409, "within_lead"))
        self.assertEqual(self.issuer.kid("active"), active)
        answer = self.issuer.admin("POST", f"/keys/{active}/revoke", {"force": True})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.issuer.kid("active"), upcoming)

    def test_revoking_the_next_key_postpones_rotation(self):
        active, upcoming = self.issuer.kid("active"), self.issuer.kid("next")
        self.assertEqual(self.issuer.admin("POST", f"/keys/{upcoming}/revoke").status, 200)
        self.assertEqual(self.issuer.kid("active"), active)
        self.assertNotEqual(self.issuer.kid("next"), upcoming)
        self.assertNotIn(upcoming, {key["kid"] for key in self.issuer.jwks()})


if __name__ == "__main__":
    unittest.main()
