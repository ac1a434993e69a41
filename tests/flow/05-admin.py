# SPDX-License-Identifier: Apache-2.0
"""The admin API, row by row of docs/admin-api.md."""

import unittest

from harness import PAYMENT, DevCase, segment

API = "https://api.example.com/v1?x=1"  # an identifier that needs its percent-encoding


class Admin(DevCase):
    def admin(self, method, path, body=None, status=200):
        answer = self.issuer.admin(method, path, body)
        self.assertEqual(answer.status, status, answer)
        if status == 204:
            self.assertEqual(answer.body, b"")
            return None
        kind = "application/json" if status < 300 else "application/problem+json"
        self.assertEqual(answer.header("Content-Type"), kind)
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        return answer.json()

    def refused(self, method, path, body, status, code, member=None):
        """A problem document (RFC 9457); what was there is as it was."""
        problem = self.admin(method, path, body, status)
        self.assertEqual(set(problem) - {"member"}, {"code", "title", "status", "detail"})
        self.assertEqual((problem["status"], problem["code"]), (status, code), problem)
        self.assertEqual(problem.get("member"), member, problem)
        self.assertTrue(problem["detail"])
        return problem

    def names(self, plural):
        return [item["name"] for item in self.admin("GET", plural)["items"]]

    # --- resources ---

    def test_resource_life(self):
        path = "/resources/" + segment(API)
        made = self.admin("POST", "/resources", {"identifier": API}, 201)
        self.assertEqual(made, {"identifier": API, "scopes": [], "lifetime_s": 3600,
                                "alg": "ES256", "typ": "at+jwt", "claims": {}, "shared": False,
                                "owner": None, "labels": {}})
        self.assertEqual(self.admin("GET", path), made)
        self.assertIn(made, self.admin("GET", "/resources")["items"])
        changed = self.admin("PATCH", path, {"scopes": ["a", "b"], "lifetime_s": 60})
        self.assertEqual(changed, {**made, "scopes": ["a", "b"], "lifetime_s": 60})
        self.assertEqual(self.admin("PATCH", path, {"lifetime_s": None})["lifetime_s"], 3600)
        self.refused("POST", "/resources", {"identifier": API}, 409, "exists")
        self.admin("DELETE", path, status=204)
        self.refused("GET", path, None, 404, "not_found")
        self.refused("PATCH", path, {}, 404, "not_found")
        self.refused("DELETE", path, None, 404, "not_found")

    def test_resource_encodings_of_one_identifier_are_one(self):
        self.admin("POST", "/resources", {"identifier": "urn:x-y"}, 201)
        for path in ("urn:x-y", "urn%3Ax-y", "urn%3ax-y", "%75rn%3Ax%2Dy"):
            self.assertEqual(self.admin("GET", "/resources/" + path)["identifier"], "urn:x-y")
        for path in ("urn+x-y", "URN:x-y"):
            self.refused("GET", "/resources/" + path, None, 404, "not_found")
        # a slash that is not encoded makes two segments
        self.assertEqual(self.issuer.admin("GET", "/resources/" + PAYMENT).status, 404)
        for path in ("%", "%zz", "%00", "%ff"):
            self.assertEqual(self.issuer.admin("GET", "/resources/" + path).status, 400, path)

    def test_resource_members_named(self):
        rows = [({}, "identifier"), ({"identifier": "x"}, "identifier"),
                ({"identifier": None}, "identifier"), ({"identifier": 1}, "identifier"),
                ({"identifier": API, "scopes": ["a b"]}, "scopes"),
                ({"identifier": API, "scopes": ["a", "a"]}, "scopes"),
                ({"identifier": API, "lifetime_s": 0}, "lifetime_s"),
                ({"identifier": API, "lifetime_s": 86401}, "lifetime_s"),
                ({"identifier": API, "lifetime_s": "1h"}, "lifetime_s"),
                ({"identifier": API, "alg": "HS256"}, "alg"),
                ({"identifier": API, "alg": "RS256"}, "alg"),  # known, but no keys are kept for it
                ({"identifier": API, "typ": "x"}, "typ"),
                ({"identifier": API, "claims": {"sub": "x"}}, "claims"),
                ({"identifier": API, "shared": "yes"}, "shared"),
                ({"identifier": API, "scope": []}, "scope")]
        for body, member in rows:
            with self.subTest(body):
                self.refused("POST", "/resources", body, 422, "invalid", member)
        self.refused("GET", "/resources/" + segment(API), None, 404, "not_found")

    def test_resource_in_use_stays(self):
        self.admin("POST", "/resources", {"identifier": "urn:used", "scopes": ["a", "b"]}, 201)
        self.admin("POST", "/roles", {"name": "user-of-it", "grants": ["urn:used#a"]}, 201)
        problem = self.refused("DELETE", "/resources/urn:used", None, 409, "conflict")
        self.assertIn("user-of-it", problem["detail"])
        problem = self.refused("PATCH", "/resources/urn:used", {"scopes": ["b"]}, 409, "conflict")
        self.assertIn("user-of-it", problem["detail"])
        self.admin("PATCH", "/resources/urn:used", {"scopes": ["a"]})
        self.refused("PATCH", "/resources/urn:used", {"identifier": "urn:other"}, 422, "invalid",
                     "identifier")
        self.admin("DELETE", "/roles/user-of-it", status=204)
        self.admin("DELETE", "/resources/urn:used", status=204)

    # --- roles ---

    def test_role_life(self):
        made = self.admin("POST", "/roles", {"name": "billing", "grants": [PAYMENT]}, 201)
        self.assertEqual(made, {"name": "billing", "grants": [PAYMENT], "owner": None,
                                "labels": {}})
        self.assertEqual(self.admin("GET", "/roles/billing"), made)
        grants = [PAYMENT + "#payments:read"]
        self.assertEqual(self.admin("PATCH", "/roles/billing", {"grants": grants})["grants"],
                         grants)
        self.refused("POST", "/roles", {"name": "billing"}, 409, "exists")
        self.refused("PATCH", "/roles/billing", {"name": "other"}, 422, "invalid", "name")
        self.refused("PATCH", "/roles/billing", {"grants": ["urn:none"]}, 422, "invalid", "grants")
        self.refused("PATCH", "/roles/billing", {"grants": [PAYMENT + "#none"]}, 422, "invalid",
                     "grants")
        self.refused("PATCH", "/roles/billing", {"grants": [PAYMENT, PAYMENT]}, 422, "invalid",
                     "grants")
        self.refused("POST", "/roles", {"name": "a b"}, 422, "invalid", "name")
        self.refused("POST", "/roles", {"name": None}, 422, "invalid", "name")
        self.admin("POST", "/clients", {"name": "of-billing", "roles": ["billing"]}, 201)
        problem = self.refused("DELETE", "/roles/billing", None, 409, "conflict")
        self.assertIn("of-billing", problem["detail"])
        self.admin("DELETE", "/clients/of-billing", status=204)
        self.admin("DELETE", "/roles/billing", status=204)
        self.refused("GET", "/roles/billing", None, 404, "not_found")

    # --- clients ---

    def test_client_life(self):
        made = self.admin("POST", "/clients", {
            "name": "desk", "grants": [PAYMENT], "secret_name": "first", "secret_lifetime_s": 60},
                          201)
        secret = made.pop("client_secret")
        self.assertRegex(secret, r"\Ajts[0-9A-Za-z]{49}\Z")
        row = made["secrets"][0]
        self.assertEqual(row, {"id": row["id"], "name": "first", "created_s": row["created_s"],
                               "expires_s": row["created_s"] + 60, "last_used_s": None})
        self.assertEqual(made, {"client_id": made["client_id"], "name": "desk", "enabled": True,
                                "scope_policy": "filter", "default_resource": None, "roles": [],
                                "subscriptions": [], "grants": [PAYMENT], "secrets": [row],
                                "owner": None, "labels": {}})
        # by id and by name; the secret never again
        for name in (made["client_id"], "desk"):
            self.assertEqual(self.admin("GET", "/clients/" + name), made)
        self.assertNotIn(secret, str(self.admin("GET", "/clients")))
        client = (made["client_id"], secret)
        self.assertEqual(self.issuer.token(client).status, 200)
        changed = self.admin("PATCH", "/clients/desk", {"enabled": False, "name": "desk-2"})
        used_s = changed["secrets"][0].pop("last_used_s")
        self.assertLessEqual(abs(used_s - row["created_s"]), 60)
        del row["last_used_s"]
        self.assertEqual(changed, {**made, "enabled": False, "name": "desk-2"})
        self.assertEqual(self.issuer.token(client).status, 401)  # at once
        self.refused("GET", "/clients/desk", None, 404, "not_found")
        self.admin("PATCH", "/clients/desk-2", {"enabled": None, "default_resource": PAYMENT})
        self.assertEqual(self.issuer.token(client).status, 200)
        self.admin("DELETE", "/clients/" + made["client_id"], status=204)
        self.assertEqual(self.issuer.token(client).status, 401)
        self.refused("DELETE", "/clients/desk-2", None, 404, "not_found")

    def test_client_members_named(self):
        self.admin("POST", "/clients", {"name": "taken"}, 201)
        taken = self.admin("GET", "/clients/taken")["client_id"]
        rows = [({}, "name"), ({"name": None}, "name"), ({"name": "a b"}, "name"),
                ({"name": "x", "client_id": "mine"}, "client_id"),
                ({"name": "x", "secrets": []}, "secrets"), ({"name": "x", "enabled": 1}, "enabled"),
                ({"name": "x", "scope_policy": "loose"}, "scope_policy"),
                ({"name": "x", "roles": ["none"]}, "roles"),
                ({"name": "x", "grants": ["none"]}, "grants"),
                ({"name": "x", "grants": ["urn:none"]}, "grants"),
                ({"name": "x", "default_resource": "urn:none"}, "default_resource"),
                ({"name": "x", "client_secret": "y"}, "client_secret"),
                ({"name": "x", "secret_name": "a b"}, "secret_name"),
                ({"name": "x", "secret_lifetime_s": 0}, "secret_lifetime_s"),
                ({"name": "x", "secret_lifetime_s": 10 ** 12}, "secret_lifetime_s")]
        for body, member in rows:
            with self.subTest(body):
                self.refused("POST", "/clients", body, 422, "invalid", member)
        self.refused("POST", "/clients", {"name": "taken"}, 409, "exists")
        self.refused("POST", "/clients", {"name": taken}, 409, "exists")
        self.refused("GET", "/clients/x", None, 404, "not_found")
        self.refused("PATCH", "/clients/taken", {"client_id": "x"}, 422, "invalid", "client_id")
        self.refused("PATCH", "/clients/taken", {"secrets": []}, 422, "invalid", "secrets")
        self.refused("PATCH", "/clients/taken", {"name": None}, 422, "invalid", "name")

    def test_several_live_secrets(self):
        client_id, first = self.create_client("several", PAYMENT)
        path = "/clients/several/secrets"
        second = self.admin("POST", path, {"name": "next"}, 201)
        self.assertEqual(set(second), {"id", "name", "created_s", "expires_s", "client_secret"})
        self.assertEqual((second["name"], second["expires_s"]), ("next", None))
        third = self.admin("POST", path, status=201)  # both members are optional
        for secret in (first, second["client_secret"], third["client_secret"]):
            self.assertEqual(self.issuer.token((client_id, secret)).status, 200)
        self.admin("DELETE", f"{path}/{second['id']}", status=204)
        self.assertEqual(self.issuer.token((client_id, second["client_secret"])).status, 401)
        self.assertEqual(self.issuer.token((client_id, first)).status, 200)
        self.refused("DELETE", f"{path}/{second['id']}", None, 404, "not_found")
        self.refused("DELETE", "/clients/nobody/secrets/x", None, 404, "not_found")
        self.refused("POST", "/clients/nobody/secrets", {}, 404, "not_found")
        for body, member in (({"name": "a b"}, "name"), ({"name": 1}, "name"), ({"nam": "a"}, "nam"),
                             ({"lifetime_s": 0}, "lifetime_s"), ({"lifetime_s": -5}, "lifetime_s"),
                             ({"lifetime_s": "1d"}, "lifetime_s"),
                             ({"lifetime_s": 1.5}, "lifetime_s")):
            self.refused("POST", path, body, 422, "invalid", member)
        ids = {row["id"] for row in self.admin("GET", "/clients/several")["secrets"]}
        self.assertEqual(len(ids), 2)

    def test_secret_expires(self):
        client_id, _ = self.create_client("expiring", PAYMENT)
        made = self.admin("POST", "/clients/expiring/secrets", {"lifetime_s": 1}, 201)
        # its last second may have come already: what is refused once is refused for good
        statuses = []
        while not statuses or statuses[-1] == 200:
            statuses.append(self.issuer.token((client_id, made["client_secret"])).status)
        self.assertEqual(statuses[-1], 401)
        self.assertEqual(self.issuer.token((client_id, made["client_secret"])).status, 401)

    def test_secrets_are_bounded(self):
        self.create_client("many")
        for _ in range(15):
            self.admin("POST", "/clients/many/secrets", {}, 201)
        problem = self.refused("POST", "/clients/many/secrets", {}, 409, "conflict")
        self.assertIn("revoke", problem["detail"])

    def test_grants(self):
        client = self.create_client("granted", PAYMENT + "#payments:read")
        path, write = "/clients/granted/grants", PAYMENT + "#payments:write"
        self.assertEqual(self.issuer.token(client).json()["scope"], "payments:read")
        answer = self.admin("POST", path, {"grants": [write, PAYMENT + "#payments:read"]})
        self.assertEqual(answer["grants"], [PAYMENT + "#payments:read", write])
        self.assertNotIn("client_secret", answer)
        self.assertEqual(self.issuer.token(client).json()["scope"], "payments:read payments:write")
        answer = self.admin("DELETE", f"{path}/{segment(write)}")
        self.assertEqual(answer["grants"], [PAYMENT + "#payments:read"])
        self.assertEqual(self.issuer.token(client).json()["scope"], "payments:read")
        self.refused("DELETE", f"{path}/{segment(write)}", None, 404, "not_found")
        for body in ({}, {"grants": []}, {"grants": "x"}, {"grants": [1]},
                     {"grants": ["urn:none"]}, {"grants": [PAYMENT + "#none"]}):
            self.refused("POST", path, body, 422, "invalid", "grants")
        self.refused("POST", path, {"grant": []}, 422, "invalid", "grant")
        self.admin("DELETE", f"{path}/{segment(PAYMENT + '#payments:read')}")
        self.assertEqual(self.issuer.token(client).json()["error"], "invalid_target")

    def test_removing_a_role_takes_its_rights_at_once(self):
        self.admin("POST", "/roles", {"name": "temp", "grants": [PAYMENT]}, 201)
        client = self.create_client("by-temp", roles=["temp"])
        self.assertEqual(self.issuer.token(client).status, 200)
        self.admin("PATCH", "/roles/temp", {"grants": []})
        self.assertEqual(self.issuer.token(client).json()["error"], "invalid_target")

    def test_lists_are_ordered(self):
        for name in ("zz", "AA", "mm"):
            self.admin("POST", "/clients", {"name": name}, 201)
            self.admin("POST", "/roles", {"name": name}, 201)
        for plural in ("/clients", "/roles"):
            self.assertEqual(self.names(plural), sorted(self.names(plural)))
        ids = [item["identifier"] for item in self.admin("GET", "/resources")["items"]]
        self.assertEqual(ids, sorted(ids))

    # --- keys ---

    def test_keys(self):
        for key in self.admin("GET", "/keys")["items"]:
            self.assertEqual(set(key), {"kid", "alg", "state", "published_at_s", "sign_from_s",
                                        "sign_until_s", "drop_at_s", "dropped_at_s",
                                        "revoked_at_s", "longest_s", "witness",
                                        "unexpired_tokens"})
        for body in (None, {}, {"alg": None}, {"alg": "ES256", "force": False}):
            self.admin("POST", "/keys/rotate", body)
        self.refused("POST", "/keys/rotate", {"alg": "none"}, 422, "invalid", "alg")
        self.refused("POST", "/keys/rotate", {"force": 1}, 422, "invalid", "force")
        self.refused("POST", "/keys/rotate", {"x": 1}, 422, "invalid", "x")
        self.refused("POST", "/keys/rotate", {"alg": "RS256"}, 404, "not_found")
        self.refused("POST", "/keys/nobody/revoke", {}, 404, "not_found")
        self.refused("POST", "/keys/nobody/revoke", {"alg": "ES256"}, 422, "invalid", "alg")

    # --- bodies, methods, health ---

    def test_bodies_that_are_not_json_objects(self):
        rows = [b"", b"x", b"[]", b'"x"', b"null", b"{", b'{"name":"a"}x', b'{"name":"a","name":"b"}',
                b'{"name":"\xff"}', b'{"name":"\\u0000"}', b"{\"name\":\"a\0\"}",
                b'{"a":' * 40 + b"1" + b"}" * 40]
        for body in rows:
            with self.subTest(body):
                answer = self.issuer.admin("POST", "/roles", body)
                self.assertEqual(answer.status, 400, answer)
                self.assertEqual(answer.header("Content-Type"), "application/problem+json")
        answer = self.issuer.admin("POST", "/roles", b'{"name":"' + b"a" * 1024 * 1024 + b'"}')
        self.assertEqual(answer.status, 413)
        self.admin("POST", "/roles", {"name": "fine"}, 201)

    def test_methods_and_paths(self):
        rows = [("PUT", "/resources", "GET, HEAD, POST"), ("POST", "/roles/x", None),
                ("DELETE", "/keys", "GET, HEAD"), ("GET", "/keys/rotate", "POST")]
        for method, path, allow in rows:
            answer = self.issuer.admin(method, path, b"" if method != "GET" else None)
            self.assertEqual(answer.status, 405, (method, path, answer))
            if allow is not None:
                self.assertEqual(answer.header("Allow"), allow)
        for path in ("/", "/nothing", "/clients/", "/clients//secrets", "/product"):
            self.assertEqual(self.issuer.admin("GET", path).status, 404, path)
        self.assertEqual(self.issuer.admin("GET", "/oauth2/token", prefix="").status, 404)
        self.assertEqual(self.issuer.get("/admin/v1/clients").status, 404)  # not on the public one
        self.assertEqual(self.issuer.get("/livez").status, 404)

    def test_health(self):
        for path in ("/livez", "/readyz"):
            answer = self.issuer.admin("GET", path, prefix="")
            self.assertEqual((answer.status, answer.body), (200, b"ok\n"))
            self.assertEqual(answer.header("Content-Type"), "text/plain; charset=utf-8")

    def test_metrics(self):
        answer = self.issuer.admin("GET", "/metrics", prefix="")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8")
        lines = answer.body.decode().splitlines()
        for line in ('jeton_keys{alg="ES256",state="active"} 1',
                     'jeton_keys{alg="ES256",state="next"} 1', "jeton_store_up 1",
                     "jeton_store_stale 0", "jeton_store_rejoins_total 0", "jeton_signer_up 1"):
            self.assertIn(line, lines)
        due = [line for line in lines if line.startswith("jeton_key_step_due_seconds{")]
        self.assertEqual(len(due), 1)
        self.assertGreater(int(due[0].split()[-1]), 1_700_000_000)
        self.assertEqual(self.issuer.get("/metrics").status, 404)  # not on the public one


if __name__ == "__main__":
    unittest.main()
