# SPDX-License-Identifier: Apache-2.0
"""A service gets a token for one API: the answer, the claims, every algorithm, the scope rules."""

import re
import time
import unittest
import urllib.parse

from harness import (PAYMENT, DevCase, basic, decode, jeton)

ALGORITHMS = ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"]


class Token(DevCase):
    args = ("--alg", ",".join(ALGORITHMS))

    def test_answer_has_exactly_these_members_and_headers(self):
        answer = self.issuer.token(resource=PAYMENT)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(set(answer.json()), {"access_token", "token_type", "expires_in", "scope"})
        self.assertEqual(answer.json()["token_type"], "Bearer")
        self.assertEqual(answer.json()["expires_in"], 3600)
        self.assertEqual(answer.json()["scope"], "payments:read payments:write")
        names = {name.lower() for name, _ in answer.headers}
        self.assertEqual(names, {"date", "content-type", "content-length", "cache-control",
                                 "pragma"})
        self.assertEqual(answer.header("Content-Type"), "application/json")
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        self.assertEqual(answer.header("Pragma"), "no-cache")

    def test_basic_and_post_give_the_same(self):
        by_header = self.issuer.token(resource=PAYMENT)
        by_body = self.issuer.post(urllib.parse.urlencode(
            {"grant_type": "client_credentials", "resource": PAYMENT,
             "client_id": self.issuer.client_id, "client_secret": self.issuer.client_secret}))
        claims = []
        for answer in (by_header, by_body):
            self.assertEqual(answer.status, 200, answer)
            claims.append(decode(answer.json()["access_token"])[1])
            for varies in ("iat", "nbf", "exp", "jti"):
                del claims[-1][varies]
        self.assertEqual(*claims)

    def test_body_client_id_equal_to_the_authenticated_one_is_fine(self):
        answer = self.issuer.token(resource=PAYMENT, client_id=self.issuer.client_id)
        self.assertEqual(answer.status, 200, answer)

    def test_claims_are_those_of_rfc_9068(self):
        before = int(time.time())
        token = self.issuer.token(resource=PAYMENT, scope="payments:read").json()["access_token"]
        after = int(time.time())
        header, claims = decode(token)
        self.assertEqual(set(header), {"typ", "alg", "kid"})
        self.assertEqual((header["typ"], header["alg"]), ("at+jwt", "ES256"))
        self.assertEqual(header["kid"], self.issuer.kid("active"))
        self.assertEqual(set(claims), {"iss", "sub", "aud", "client_id", "scope", "iat", "nbf",
                                       "exp", "jti"})
        self.assertEqual(claims["iss"], self.issuer.url)
        self.assertEqual(claims["sub"], self.issuer.client_id)
        self.assertEqual(claims["client_id"], self.issuer.client_id)
        self.assertEqual(claims["aud"], PAYMENT)
        self.assertEqual(claims["scope"], "payments:read")
        self.assertTrue(before <= claims["iat"] <= after)
        self.assertEqual(claims["nbf"], claims["iat"])
        self.assertEqual(claims["exp"], claims["iat"] + 3600)
        self.assertRegex(claims["jti"], r"\A[A-Za-z0-9_-]{22}\Z")
        self.assertRegex(claims["client_id"], r"\Ajtc[A-Za-z0-9]{20}\Z")
        self.assertRegex(self.issuer.client_secret, r"\Ajts[A-Za-z0-9]{49}\Z")

    def test_every_token_has_a_jti_of_its_own(self):
        seen = {decode(self.issuer.token(resource=PAYMENT).json()["access_token"])[1]["jti"]
                for _ in range(50)}
        self.assertEqual(len(seen), 50)

    def test_every_algorithm_signs_what_libjeton_verifies(self):
        for alg in ALGORITHMS:
            with self.subTest(alg=alg):
                api = f"https://{alg.lower()}.example.com"
                self.create("/resources", {"identifier": api, "alg": alg, "scopes": ["r"],
                                           "lifetime_s": 60})
                client = self.create_client("of-" + alg, api + "#r")
                answer = self.issuer.token(client, resource=api)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(answer.json()["expires_in"], 60)
                token = answer.json()["access_token"]
                header, claims = decode(token)
                self.assertEqual(header["alg"], alg)
                self.assertEqual(claims["exp"] - claims["iat"], 60)
                self.assertIn((header["kid"], alg),
                              [(key["kid"], key["alg"]) for key in self.issuer.jwks()])
                verify = ("token", "verify", "--issuer", self.issuer.url, "--scope", "r",
                          "--audience")
                done = jeton(*verify, api, "-", stdin=token.encode())
                self.assertEqual(done.returncode, 0, done)
                done = jeton(*verify, PAYMENT, "-", stdin=token.encode())
                self.assertEqual(done.returncode, 2, done)
                spoiled = re.sub(r"\.([^.])([^.]*)\Z",
                                 lambda m: "." + ("A" if m[1] != "A" else "B") + m[2], token)
                done = jeton(*verify, api, "-", stdin=spoiled.encode())
                self.assertEqual(done.returncode, 2, done)

    def test_resource_settings_show_in_the_token(self):
        api = "https://legacy.example.com"
        self.create("/resources", {"identifier": api, "typ": "JWT", "lifetime_s": 7200,
                                   "claims": {"tenant": "t-1", "limits": {"max": [1, 2.5, None]}}})
        client = self.create_client("legacy", api)
        answer = self.issuer.token(client, resource=api)
        header, claims = decode(answer.json()["access_token"])
        self.assertEqual(header["typ"], "JWT")
        self.assertEqual(claims["tenant"], "t-1")
        self.assertEqual(claims["limits"], {"max": [1, 2.5, None]})
        self.assertEqual(claims["exp"] - claims["iat"], 7200)

    def test_bare_grant_gives_an_empty_scope_and_no_claim(self):
        api = "https://bare.example.com"
        self.create("/resources", {"identifier": api, "scopes": ["r"]})
        client = self.create_client("bare", api)
        for scope in ("", "r"):
            answer = self.issuer.token(client, resource=api, scope=scope)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json()["scope"], "")
            self.assertNotIn("scope", decode(answer.json()["access_token"])[1])

    def test_scope_rules(self):
        rows = [
            ("payments:read", 200, "payments:read"),
            ("payments:write payments:read", 200, "payments:write payments:read"),
            ("payments:read payments:read", 200, "payments:read"),
            ("payments:read unheard-of", 200, "payments:read"),
            ("", 200, "payments:read payments:write"),
            ("unheard-of", 400, "invalid_scope"),
            ('payments:read"', 400, "invalid_scope"),
        ]
        for scope, status, want in rows:
            with self.subTest(scope=scope):
                answer = self.issuer.token(resource=PAYMENT, scope=scope)
                self.assertEqual(answer.status, status, answer)
                member = "scope" if status == 200 else "error"
                self.assertEqual(answer.json()[member], want)
        strict = self.create_client("strict", PAYMENT + "#payments:read", scope_policy="strict")
        answer = self.issuer.token(strict, resource=PAYMENT, scope="payments:read payments:write")
        self.assertEqual((answer.status, answer.json()["error"]), (400, "invalid_scope"))
        answer = self.issuer.token(strict, resource=PAYMENT, scope="payments:read")
        self.assertEqual((answer.status, answer.json()["scope"]), (200, "payments:read"))

    def test_without_resource_the_only_one_is_meant(self):
        answer = self.issuer.token()
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(decode(answer.json()["access_token"])[1]["aud"], PAYMENT)
        self.assertEqual(self.issuer.token(audience=PAYMENT).status, 200)
        self.assertEqual(self.issuer.token(resource=PAYMENT, audience=PAYMENT).status, 200)

    def test_unknown_and_unheld_resource_get_the_same_answer(self):
        self.create("/resources", {"identifier": "https://unheld.example.com"})
        unknown = self.issuer.token(resource="https://unknown.example.com")
        unheld = self.issuer.token(resource="https://unheld.example.com")
        self.assertEqual((unknown.status, unknown.json()["error"]), (400, "invalid_target"))
        self.assertEqual((unknown.status, unknown.body), (unheld.status, unheld.body))

    def test_several_resources_only_where_each_shares(self):
        shared = ["https://s1.example.com", "https://s2.example.com"]
        for api in shared:
            self.create("/resources", {"identifier": api, "shared": True, "scopes": ["both"]})
        client = self.create_client("sharer", shared[0] + "#both", shared[1] + "#both",
                                    PAYMENT + "#payments:read")
        answer = self.issuer.token(client, resource=shared)
        self.assertEqual(answer.status, 200, answer)
        claims = decode(answer.json()["access_token"])[1]
        self.assertEqual((claims["aud"], claims["scope"]), (shared, "both"))
        answer = self.issuer.token(client, resource=[shared[0], PAYMENT])
        self.assertEqual((answer.status, answer.json()["error"]), (400, "invalid_target"))

    def test_roles_count(self):
        self.create("/roles", {"name": "reader", "grants": [PAYMENT + "#payments:read"]})
        client = self.create_client("by-role", roles=["reader"])
        self.assertEqual(self.issuer.token(client).json()["scope"], "payments:read")

    def test_credentials_may_be_percent_encoded(self):
        coded = "".join(f"%{ord(c):02x}" for c in self.issuer.client_id)
        answer = self.issuer.post(f"grant_type=client_credentials&client_id={coded}"
                                  f"&client_secret={self.issuer.client_secret}")
        self.assertEqual(answer.status, 200, answer)

    def test_one_connection_serves_many_requests(self):
        connection = self.issuer.connect()
        self.addCleanup(connection.close)
        for _ in range(100):
            self.assertEqual(self.issuer.token(connection=connection).status, 200)
        wrong = self.issuer.post("grant_type=client_credentials",
                                 {"Authorization": basic("x", "y")}, connection=connection)
        self.assertEqual(wrong.status, 401)
        self.assertEqual(self.issuer.token(connection=connection).status, 200)


if __name__ == "__main__":
    unittest.main()
