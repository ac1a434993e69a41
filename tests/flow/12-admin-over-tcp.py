# SPDX-License-Identifier: Apache-2.0
"""The admin API over TCP: who is let in, by what, and what he may give away. Each refusal stands
beside the same request with its one cause mended."""

import json
import os
import subprocess
import time
import unittest

from harness import (DEADLINE_S, JETOND, PAYMENT, Case, ServeCase, b64url, segment, start_serve,
                     write_config)

DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "openapi.json")
ISSUER = "https://id.example.com"
ADMIN = ISSUER + "/admin"


class OverTcp(ServeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(DOCUMENT, encoding="utf-8") as file:
            cls.paths = json.load(file)["paths"]
        cls.scopes = cls.issuer.admin("GET", "").json()["scopes"]
        cls.issuer.admin("POST", "/resources", {"identifier": ADMIN, "scopes": cls.scopes})

    def client(self, name, *scopes, **more):
        """A client with these scopes of the admin API; its credentials."""
        client = self.create_client(name, *[f"{ADMIN}#{scope}" for scope in scopes], **more)
        self.addCleanup(self.issuer.admin, "DELETE", "/clients/" + client[0])
        return client

    def token(self, client, resource=ADMIN, **fields):
        answer = self.issuer.token(client, resource=resource, **fields)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["access_token"]

    def ask(self, token, method="GET", path="/clients", body=None, **more):
        return self.issuer.admin(method, path, body, token=token, **more)

    def let_in(self, token, *request, **more):
        answer = self.ask(token, *request, **more)
        self.assertIn(answer.status, (200, 201, 204), answer)
        return answer

    def refused(self, status, code, token, *request, **more):
        """A problem document, and the challenge of RFC 6750 sec. 3."""
        answer = self.ask(token, *request, **more)
        problem = answer.json()
        self.assertEqual((answer.status, problem["code"]), (status, code), answer)
        self.assertEqual(answer.header("Content-Type"), "application/problem+json")
        challenge = answer.header("WWW-Authenticate")
        self.assertTrue(challenge.startswith('Bearer realm="api"'), challenge)
        self.assertEqual("error=" in challenge, code != "missing_token", challenge)
        self.assertEqual('error="insufficient_scope"' in challenge, status == 403, challenge)
        return answer

    def changed(self, method, path, body=None):
        """A change by the socket, which may do everything."""
        answer = self.issuer.admin(method, path, body)
        self.assertIn(answer.status, (200, 201, 204), answer)
        return answer


class LetIn(OverTcp):
    def test_every_route_needs_its_scopes(self):
        """Without one of them 403, which names it; with all of them alone not."""
        one = {}
        for i, scope in enumerate(self.scopes):
            others = [other for other in self.scopes if other != scope]
            one[scope] = self.token(self.client(f"all-but-{i}", *others))
        checked = 0
        # the one after which no token is good comes last
        for path, operations in sorted(self.paths.items(),
                                       key=lambda item: item[0].endswith("/keys/revoke-all")):
            for method, operation in operations.items():
                if "requestBody" in operation and "application/json" not in \
                        operation["requestBody"]["content"]:
                    continue  # has a test of its own
                with self.subTest(method + " " + path):
                    checked += 1
                    at = path.removeprefix("/admin/v1").replace("{", "").replace("}", "")
                    request = (method.upper(), at, {} if "requestBody" in operation else None)
                    needed = operation["security"][0]["token"]
                    self.refused(401, "missing_token", "", *request)
                    for scope in needed:
                        answer = self.refused(403, "insufficient_scope", one[scope], *request)
                        self.assertIn(f'scope="{" ".join(needed)}"',
                                      answer.header("WWW-Authenticate"))
                        self.assertIn(scope, answer.json()["detail"])
                    name = "just-" + operation["operationId"].replace("_", "-")
                    just = self.token(self.client(name, *(needed or self.scopes[:1])))
                    self.assertNotIn(self.ask(just, *request).status, (401, 403))
        self.assertGreater(checked, 30)

    def test_health_needs_no_token(self):
        for path in ("/livez", "/readyz"):
            self.assertEqual(self.issuer.admin("GET", path, prefix="", token="").status, 200)

    def test_of_no_scope_any_right_lets_in(self):
        client = self.client("bare")
        self.changed("POST", "/clients/bare/grants", {"grants": [ADMIN]})
        token = self.token(client)
        self.let_in(token, "GET", "")
        self.let_in(token, "GET", "/openapi.json")
        self.refused(403, "insufficient_scope", token)
        self.changed("DELETE", "/clients/bare/grants/" + segment(ADMIN))
        self.refused(403, "insufficient_scope", token, "GET", "")

    def test_scheme_and_form(self):
        token = self.token(self.client("former", "clients:read"))
        for value in ("Basic YTpi", token, "Bearer", "Bearer ", "Token " + token):
            answer = self.ask("", headers={"Authorization": value})
            self.assertEqual(answer.status, 401, value)
        for value in ("Bearer " + token, "bearer " + token):
            self.assertEqual(self.ask("", headers={"Authorization": value}).status, 200)
        for wrong in ("x", "a.b.c", token + "x", token[:-1], token + "." + token, "." + token):
            answer = self.ask(wrong)
            self.assertEqual(answer.status, 401, answer)
            self.assertIn('error="invalid_token"', answer.header("WWW-Authenticate"))
        self.let_in(token)

    def test_signature(self):
        token = self.token(self.client("signer", "clients:read"))
        head, claims, signature = token.split(".")
        swapped = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
        self.refused(401, "bad_signature", ".".join((head, claims, swapped)))
        none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"  # {"alg":"none","typ":"at+jwt"}
        self.assertEqual(b64url(none), b'{"alg":"none","typ":"at+jwt"}')
        self.assertEqual(self.ask(f"{none}.{claims}.").status, 401)
        self.let_in(token)

    def test_audience(self):
        client = self.client("elsewhere", "clients:read")
        self.changed("POST", "/clients/elsewhere/grants", {"grants": [PAYMENT]})
        self.refused(401, "wrong_audience", self.token(client, PAYMENT))
        self.let_in(self.token(client))

    def test_expiry(self):
        client = self.client("late", "clients:read")
        self.changed("PATCH", "/resources/" + segment(ADMIN), {"lifetime_s": 1})
        self.addCleanup(self.changed, "PATCH", "/resources/" + segment(ADMIN),
                        {"lifetime_s": None})
        token, until = self.token(client), time.monotonic() + DEADLINE_S
        while self.ask(token).status == 200:
            self.assertLess(time.monotonic(), until)
        self.refused(401, "expired", token)
        self.changed("PATCH", "/resources/" + segment(ADMIN), {"lifetime_s": None})
        self.let_in(self.token(client))

    def test_disabled_and_deleted_clients(self):
        client = self.client("gone", "clients:read")
        token = self.token(client)
        self.let_in(token)
        self.changed("PATCH", "/clients/gone", {"enabled": False})
        self.refused(401, "client_disabled", token)
        self.changed("PATCH", "/clients/gone", {"enabled": True})
        self.let_in(token)
        self.changed("DELETE", "/clients/gone")
        self.refused(401, "client_disabled", token)

    def test_right_removed_is_gone_on_the_next_request(self):
        self.create("/roles", {"name": "reads", "grants": [ADMIN + "#clients:read"]})
        self.create("/products", {"name": "reading", "grants": [ADMIN + "#clients:read"]})
        holders = {
            "granted": ({"grants": [ADMIN + "#clients:read"]},
                        ("PATCH", "/clients/granted", {"grants": [ADMIN]}),
                        ("PATCH", "/clients/granted", {"grants": [ADMIN + "#clients:read"]})),
            "assigned": ({"roles": ["reads"]}, ("DELETE", "/clients/assigned/roles/reads"),
                         ("POST", "/clients/assigned/roles", {"roles": ["reads"]})),
            "of-role": ({"roles": ["reads"]}, ("PATCH", "/roles/reads", {"grants": []}),
                        ("PATCH", "/roles/reads", {"grants": [ADMIN + "#clients:read"]})),
            "subscribed": ({"subscriptions": ["reading"]},
                           ("POST", "/clients/subscribed/subscriptions/reading/revoke"),
                           ("POST", "/clients/subscribed/subscriptions/reading/approve")),
            "of-product": ({"subscriptions": ["reading"]},
                           ("PATCH", "/products/reading", {"grants": [ADMIN]}),
                           ("PATCH", "/products/reading", {"grants": [ADMIN + "#clients:read"]})),
        }
        for name, (held, take, give) in holders.items():
            with self.subTest(name):
                token = self.token(self.client(name, **held))
                self.let_in(token)
                self.changed(*take)
                self.refused(403, "insufficient_scope", token)
                self.changed(*give)
                self.let_in(token)

    def test_token_without_the_scope_is_not_helped_by_a_right_that_came_later(self):
        client = self.client("grower", "keys:read")
        before = self.token(client)
        self.changed("POST", "/clients/grower/grants", {"grants": [ADMIN + "#clients:read"]})
        self.refused(403, "insufficient_scope", before)
        self.let_in(self.token(client))

    def test_key_steps_are_known_on_the_next_request(self):
        client = self.client("keeper", "clients:read")
        old = self.token(client)
        self.changed("POST", "/keys/rotate", {"force": True})
        new = self.token(client)
        for token in (new, old, new, old):  # a new key is known, one that retires too
            self.let_in(token)
        retiring = self.issuer.kid("retiring")
        self.changed("POST", f"/keys/{retiring}/revoke")
        self.refused(401, "unknown_key", old)
        self.let_in(new)
        self.changed("POST", f"/keys/{self.issuer.kid('active')}/revoke", {"force": True})
        self.refused(401, "unknown_key", new)
        self.let_in(self.token(client))

    def test_body_of_who_is_not_let_in_is_not_read(self):
        """The answer comes when the head is there, and the connection ends."""
        token = self.token(self.client("sender", "clients:read", "clients:write"))
        for sent, status in (("", 401), (self.token(self.client("idler", "clients:read")), 403)):
            answer = self.issuer.admin("POST", "/clients", token=sent, headers={
                "Content-Length": "1000000"})
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.header("Connection").lower(), "close")
        self.let_in(token, "POST", "/clients", {"name": "sent"})

    def test_the_audit_names_the_client(self):
        client = self.client("named", "roles:write")
        mark = self.issuer.daemon.mark()
        self.let_in(self.token(client), "POST", "/roles", {"name": "by-named"})
        self.issuer.daemon.wait_log("ev=admin.change", "object=role", f'"client {client[0]}"',
                                    since=mark)


class Giving(OverTcp):
    """Nobody gives over TCP what he does not hold there himself."""

    writer = ("clients:read", "clients:write", "clients:approve", "roles:write", "products:write",
              "resources:write")

    def setUp(self):
        super().setUp()
        self.held = self.client("writer", *self.writer)
        self.by = self.token(self.held)

    def pair(self, method, path, body, member, status=200, undo=None):
        """Refused, nothing changed; the same accepted when the writer holds what it gives."""
        kind = "/" + path.split("/")[1]
        before = self.issuer.admin("GET", kind + "?limit=1000").json()
        answer = self.ask(self.by, method, path, body)
        problem = answer.json()
        self.assertEqual((answer.status, problem["code"]), (403, "insufficient_scope"), answer)
        self.assertEqual(problem["member"], member, problem)
        self.assertIn(ADMIN + "#keys:write", problem["detail"])
        self.assertEqual(self.issuer.admin("GET", kind + "?limit=1000").json(), before)
        self.changed("POST", "/clients/writer/grants", {"grants": [ADMIN + "#keys:write"]})
        answer = self.ask(self.token(self.held), method, path, body)
        self.assertEqual(answer.status, status, answer)
        self.changed("DELETE", "/clients/writer/grants/" + segment(ADMIN + "#keys:write"))
        if undo:
            self.changed(*undo)

    def setup_objects(self):
        key = ADMIN + "#keys:write"
        self.create("/roles", {"name": "keys", "grants": [key]})
        self.create("/roles", {"name": "plain"})
        self.create("/products", {"name": "keys", "grants": [key]})
        self.create("/products", {"name": "keys-asked", "approval": "manual", "grants": [key]})
        self.create("/products", {"name": "plain"})
        self.create_client("target")
        self.create_client("waiting", subscriptions=["keys-asked"])
        self.create_client("holder", key)
        self.create_client("sleeper", key, enabled=False)
        return key

    def test_what_gives(self):
        key = self.setup_objects()
        name = iter(range(100))
        away = ("DELETE", "/clients/target/grants/" + segment(key))
        self.pair("POST", "/clients/target/grants", {"grants": [key]}, "grants", undo=away)
        self.pair("PATCH", "/clients/target", {"grants": [key]}, "grants", undo=away)
        self.pair("POST", "/clients/target/roles", {"roles": ["keys"]}, "roles",
                  undo=("DELETE", "/clients/target/roles/keys"))
        self.pair("PATCH", "/clients/target", {"roles": ["plain", "keys"]}, "roles",
                  undo=("PATCH", "/clients/target", {"roles": []}))
        self.pair("POST", "/clients/target/subscriptions", {"product": "keys"}, "subscriptions",
                  undo=("DELETE", "/clients/target/subscriptions/keys"))
        self.pair("POST", "/clients/waiting/subscriptions/keys-asked/approve", None,
                  "subscriptions")
        for member, value in (("grants", [key]), ("roles", ["keys"]), ("subscriptions", ["keys"])):
            self.pair("POST", "/clients", {"name": f"new-{next(name)}", member: value}, member, 201)
        self.pair("POST", "/clients/holder/secrets", {}, "secrets", 201)
        self.pair("PATCH", "/clients/sleeper", {"enabled": True}, "enabled")
        for plural in ("roles", "products"):
            self.pair("POST", f"/{plural}", {"name": f"new-{next(name)}", "grants": [key]},
                      "grants", 201)
            self.pair("PATCH", f"/{plural}/plain", {"grants": [key]}, "grants")

    def test_what_gives_nothing(self):
        """Rights elsewhere, rights that he holds, and changes of who has more than he."""
        key = ADMIN + "#keys:read"
        self.create_client("more", key)
        self.create("/roles", {"name": "more", "grants": [key]})
        self.create("/products", {"name": "more-asked", "approval": "manual", "grants": [key]})
        for method, path, body in (
                ("POST", "/clients/more/grants", {"grants": [PAYMENT, ADMIN]}),
                ("POST", "/clients/more/grants", {"grants": [ADMIN + "#roles:write"]}),
                ("PATCH", "/clients/more", {"owner": "x", "enabled": True}),
                ("PATCH", "/clients/more", {"enabled": False}),
                ("POST", "/clients/more/subscriptions", {"product": "more-asked"}),  # waits
                ("DELETE", "/clients/more/subscriptions/more-asked", None),
                ("PATCH", "/roles/more", {"grants": [key, PAYMENT]}),
                ("PATCH", "/roles/more", {"grants": []}),
                ("PATCH", "/products/more-asked", {"approval": "auto"}),
                ("DELETE", "/roles/more", None), ("DELETE", "/clients/more", None),
                ("POST", "/resources", {"identifier": "urn:new", "scopes": ["keys:read"]})):
            with self.subTest(path=path, body=body):
                self.let_in(self.by, method, path, body)

    def test_what_he_gave_himself_he_cannot_use_to_rise(self):
        """Not even by way of his own client."""
        self.pair("POST", "/clients/writer/grants", {"grants": [ADMIN + "#keys:write"]}, "grants")

    def test_token_for_less_gives_no_more_than_it_is_for(self):
        """Who was lent a token of one scope has no way to the others that its client holds."""
        holder = self.client("lender", "clients:write", "roles:write", "keys:write")
        lent, whole = self.token(holder, scope="clients:write roles:write"), self.token(holder)
        key = ADMIN + "#keys:write"
        for method, path, body, member, status in (
                ("POST", "/clients/lender/secrets", {}, "secrets", 201),
                ("POST", "/clients", {"name": "lent", "grants": [key]}, "grants", 201),
                ("POST", "/roles", {"name": "lent", "grants": [key]}, "grants", 201)):
            with self.subTest(path):
                answer = self.refused_by(lent, method, path, body)
                self.assertEqual(answer["member"], member)
                self.assertIn(key, answer["detail"])
                self.assertEqual(self.ask(whole, method, path, body).status, status)
        self.let_in(lent, "POST", "/roles", {"name": "lent-own",
                                             "grants": [ADMIN + "#roles:write", ADMIN]})

    def refused_by(self, token, method, path, body):
        answer = self.ask(token, method, path, body)
        problem = answer.json()
        self.assertEqual((answer.status, problem["code"]), (403, "insufficient_scope"), answer)
        return problem

    def test_credentials_renewed_without_a_gap(self):
        """As docs/admin-api.md says: a further secret, a token by it, then the old one revoked."""
        old = self.issuer.admin("GET", "/clients/writer").json()["secrets"][0]["id"]
        made = self.let_in(self.by, "POST", f"/clients/{self.held[0]}/secrets",
                           {"name": "second"}).json()
        fresh = self.token((self.held[0], made["client_secret"]))
        self.let_in(fresh, "DELETE", f"/clients/{self.held[0]}/secrets/{old}")
        self.assertEqual(self.issuer.token(self.held).status, 401)
        self.let_in(self.token((self.held[0], made["client_secret"])))

    def test_keys_of_idempotency_are_each_actors_own(self):
        other = self.token(self.client("other", "roles:write"))
        key = {"Idempotency-Key": "shared"}
        for i, token in enumerate((self.by, other)):
            self.assertEqual(self.ask(token, "POST", "/roles", {"name": f"own-{i}"},
                                      headers=key).status, 201)
        again = self.ask(self.by, "POST", "/roles", {"name": "own-0"}, headers=key)
        self.assertEqual(again.header("Idempotency-Replayed"), "true")


class Listen(Case):
    def test_loopback_alone(self):
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0", "127.0.0.1", "127.0.0.1.example:0",
                        "localhost:0", "/tmp/admin.sock", ""):
            with self.subTest(address):
                config = write_config(self.dir, admin={"listen": address})
                for command in ("check", "serve"):
                    done = subprocess.run([JETOND, command, "--config", config],
                                          capture_output=True, timeout=DEADLINE_S, check=False)
                    self.assertEqual(done.returncode, 1, done)
                    self.assertIn(b"admin.listen", done.stderr)
        config = write_config(self.dir, admin={"listen": "127.0.0.1:0"})
        issuer = self.run_daemon(start_serve(config))
        self.assertEqual(issuer.admin("GET", "", token="").status, 401)

    def test_off_unless_asked_for(self):
        issuer = self.run_daemon(start_serve(write_config(self.dir)))
        self.assertEqual(issuer.told["admin_listen"], "off")


if __name__ == "__main__":
    unittest.main()
