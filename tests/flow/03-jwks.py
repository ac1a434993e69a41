# SPDX-License-Identifier: Apache-2.0
"""What verifiers fetch: the key set and both discovery documents."""

import json
import unittest

from harness import Case, DevCase, start_serve, write_config

JWKS = "/.well-known/jwks.json"
DOCUMENTS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
PUBLIC = {
    "ES256": {"crv", "x", "y"}, "ES384": {"crv", "x", "y"}, "ES512": {"crv", "x", "y"},
    "RS256": {"n", "e"}, "PS256": {"n", "e"}, "EdDSA": {"crv", "x"},
}


class Jwks(DevCase):
    args = ("--alg", ",".join(PUBLIC))

    def test_set_holds_public_members_only(self):
        keys = self.issuer.jwks()
        self.assertEqual(len(keys), 12)  # one that signs and one that stands next, of each
        for key in keys:
            self.assertFalse(PRIVATE & set(key), key)
            self.assertEqual(set(key), {"kty", "use", "alg", "kid"} | PUBLIC[key["alg"]])
            self.assertEqual(key["use"], "sig")
        self.assertEqual(len({key["kid"] for key in keys}), 12)
        states = {key["kid"]: key["state"] for key in self.issuer.keys()
                  if key["state"] != "revoked"}
        self.assertEqual(set(states), {key["kid"] for key in keys})
        self.assertEqual(sorted(states.values()), ["active"] * 6 + ["next"] * 6)

    def test_headers(self):
        answer = self.issuer.get(JWKS)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("Content-Type"), "application/json")
        self.assertEqual(answer.header("Cache-Control"), "public, max-age=300")
        self.assertRegex(answer.header("ETag"), r'\A"[A-Za-z0-9_-]{43}"\Z')

    def test_if_none_match(self):
        etag = self.issuer.get(JWKS).header("ETag")
        rows = [(etag, 304), ("W/" + etag, 304), ("*", 304), (f'"x", {etag}', 304),
                (f'{etag} , "x"', 304), ('"x"', 200), (etag[:-2] + '"', 200), (etag.strip('"'), 200),
                ("", 200)]
        for sent, status in rows:
            with self.subTest(sent):
                answer = self.issuer.get(JWKS, headers={"If-None-Match": sent})
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.header("ETag"), etag)
                self.assertEqual(answer.header("Cache-Control"), "public, max-age=300")
                self.assertEqual(answer.body == b"", status == 304)

    def test_etag_changes_with_the_set(self):
        before = self.issuer.get(JWKS)
        self.assertEqual(self.issuer.get(JWKS).header("ETag"), before.header("ETag"))
        self.assertEqual(self.issuer.admin("POST", "/keys/rotate", {"alg": "ES256"}).status, 200)
        after = self.issuer.get(JWKS, headers={"If-None-Match": before.header("ETag")})
        self.assertEqual(after.status, 200)
        self.assertNotEqual(after.header("ETag"), before.header("ETag"))
        # nothing is taken away, one key is new; put back what the other tests count
        kids = [{key["kid"] for key in answer.json()["keys"]} for answer in (before, after)]
        self.assertTrue(kids[0] < kids[1])
        self.assertEqual(len(kids[1]), len(kids[0]) + 1)
        gone = self.issuer.kid("retiring")
        self.assertEqual(self.issuer.admin("POST", f"/keys/{gone}/revoke").status, 200)

    def test_head(self):
        for path in (JWKS, *DOCUMENTS):
            head, get = self.issuer.get(path, "HEAD"), self.issuer.get(path)
            self.assertEqual((head.status, head.body), (200, b""))
            for name in ("Content-Type", "Cache-Control", "ETag", "Content-Length"):
                self.assertEqual(head.header(name), get.header(name), (path, name))

    def test_wrong_method(self):
        for path in (JWKS, *DOCUMENTS):
            answer = self.issuer.post("", path=path)
            self.assertEqual(answer.status, 405)
            self.assertEqual(answer.header("Allow"), "GET, HEAD")

    def test_both_documents_are_the_same(self):
        first, second = (self.issuer.get(path) for path in DOCUMENTS)
        self.assertEqual(first.status, 200)
        self.assertEqual(first.body, second.body)
        self.assertEqual(first.header("Content-Type"), "application/json")
        url = self.issuer.url
        self.assertEqual(first.json(), {
            "issuer": url,
            "token_endpoint": url + "/oauth2/token",
            "jwks_uri": url + JWKS,
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic",
                                                      "client_secret_post"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(PUBLIC),
        })


class Path(Case):
    def test_issuer_with_a_path(self):
        # RFC 8414 sec. 3.1: the well-known part comes before the issuer's path
        issuer = self.run_daemon(start_serve(write_config(
            self.dir, issuer="https://id.example.com/tenants/a")))
        served = ["/.well-known/oauth-authorization-server/tenants/a",
                  "/.well-known/openid-configuration/tenants/a",
                  "/tenants/a/.well-known/openid-configuration",
                  "/tenants/a/.well-known/jwks.json"]
        for path in served:
            self.assertEqual(issuer.get(path).status, 200, path)
        for path in (*DOCUMENTS, JWKS, "/oauth2/token", "/tenants/a",
                     "/tenants/.well-known/jwks.json"):
            self.assertEqual(issuer.get(path).status, 404, path)
        document = issuer.get(served[0]).json()
        self.assertEqual(document["issuer"], "https://id.example.com/tenants/a")
        self.assertEqual(document["jwks_uri"],
                         "https://id.example.com/tenants/a/.well-known/jwks.json")
        self.assertEqual(issuer.post("", path="/tenants/a/oauth2/token").status, 400)

    def test_max_age_is_a_setting(self):
        issuer = self.run_daemon(start_serve(write_config(self.dir, jwks={"max_age": "1h"})))
        answer = issuer.get(JWKS)
        self.assertEqual(answer.header("Cache-Control"), "public, max-age=3600")
        self.assertEqual(len(json.loads(answer.body)["keys"]), 2)  # a first start, never empty

    def test_restart_serves_the_same_set_and_etag(self):
        config = write_config(self.dir, keys={"lead": "0"})
        issuer = start_serve(config)
        for _ in range(5):
            self.assertEqual(issuer.admin("POST", "/keys/rotate").status, 200)
        before = issuer.get(JWKS)
        self.assertEqual(issuer.daemon.stop(), 0)
        after = self.run_daemon(start_serve(config)).get(JWKS)
        self.assertEqual(before.body, after.body)
        self.assertEqual(before.header("ETag"), after.header("ETag"))


if __name__ == "__main__":
    unittest.main()
