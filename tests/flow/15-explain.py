# SPDX-License-Identifier: Apache-2.0
"""What explain says is what the token endpoint does: hundreds of random requests against random
models are asked of both. And who-can lists those clients that do get the token."""

import random
import unittest
import urllib.parse

from command_line import NOT_FOUND, REFUSED, WRONG_USE, VerbCase
from harness import DevCase, decode, segment

SEED = 20260101
MODELS, REQUESTS = 16, 24
SCOPES = ["read", "write", "admin", "refund"]
NONSENSE = ["raed", "none", 'quo"te', "a\\b"]


class Model:
    """Resources, roles, products and clients of random shape, made through the admin API."""

    def __init__(self, case, number):
        self.case, self.dice = case, random.Random(SEED + number)
        self.prefix = f"m{number}"
        self.resources, self.clients = {}, {}
        for index in range(self.dice.randint(2, 4)):
            self.make_resource(index)
        self.roles = [self.make_set("roles", index) for index in range(2)]
        self.products = [self.make_set("products", index,
                                       approval=self.dice.choice(["auto", "manual"]))
                         for index in range(2)]
        for index in range(4):
            self.make_client(index)

    def some(self, items, most=3):
        return self.dice.sample(items, self.dice.randint(0, min(most, len(items))))

    def make_resource(self, index):
        identifier = f"https://{self.prefix}.example.com/r{index}"
        scopes = self.some(SCOPES, 4)
        self.case.create("/resources", {
            "identifier": identifier, "scopes": scopes, "shared": self.dice.random() < 0.7,
            "typ": "JWT" if self.dice.random() < 0.15 else "at+jwt",
            "lifetime_s": self.dice.choice([60, 600, 3600])})
        self.resources[identifier] = scopes

    def grants(self, most):
        everything = [identifier + ("#" + scope if scope else "")
                      for identifier, scopes in self.resources.items() for scope in ["", *scopes]]
        return self.some(everything, most)

    def make_set(self, kind, index, **more):
        name = f"{self.prefix}-{kind}-{index}"
        self.case.create("/" + kind, {"name": name, "grants": self.grants(4), **more})
        return name

    def make_client(self, index):
        name = f"{self.prefix}-c{index}"
        made = self.case.create("/clients", {
            "name": name, "roles": self.some(self.roles, 1), "grants": self.grants(3),
            "subscriptions": self.some(self.products, 2),
            "scope_policy": self.dice.choice(["filter", "filter", "strict"]),
            "default_resource": self.dice.choice([None, None, *self.resources])})
        for subscription in made["subscriptions"]:
            step = self.dice.choice(["approve", "revoke", None])
            if step is not None:
                self.case.below(name, "subscriptions", subscription["product"], step)
        if self.dice.random() < 0.15:
            self.case.issuer.admin("PATCH", "/clients/" + name, {"enabled": False})
        self.clients[name] = (made["client_id"], made["client_secret"])

    def request(self):
        """A client's name and the fields of a token request."""
        fields = {}
        if self.dice.random() < 0.75:
            some = self.some(list(self.resources), 2) or list(self.resources)[:1]
            if self.dice.random() < 0.1:
                some.append(self.dice.choice(["https://none.example.com/", some[0]]))
            fields["resource"] = some
        if self.dice.random() < 0.6:
            words = self.some(SCOPES + NONSENSE[:2], 4)
            if self.dice.random() < 0.05:
                words.append(self.dice.choice(NONSENSE[2:]))
            fields["scope"] = " ".join(words)
        return self.dice.choice(list(self.clients)), fields


class Shops:
    """What the tests of the API and those of the command line make."""

    def below(self, client, *path):
        answer = self.issuer.admin("POST", "/clients/" + "/".join([client, *map(segment, path)]))
        self.assertEqual(answer.status, 200, answer)

    def make_shop(self, tag):
        uri = f"https://{tag}.example.com/"
        self.create("/resources", {"identifier": uri, "scopes": ["payments:write", "refunds:write"]})
        self.create("/roles", {"name": tag + "-billing", "grants": [uri + "#payments:write"]})
        self.create("/products", {"name": tag + "-gold", "approval": "manual",
                                  "grants": [uri + "#payments:write", uri + "#refunds:write"]})
        self.create_client(tag, roles=[tag + "-billing"], subscriptions=[tag + "-gold"])
        return uri


class Explain(Shops, DevCase):
    def explain(self, **body):
        answer = self.issuer.admin("POST", "/explain", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def compare(self, credentials, told, fields):
        """What explain told against what the token endpoint answers."""
        got = self.issuer.token(credentials, **fields)
        self.assertEqual(told["status"], got.status, (told, got))
        if got.status != 200:
            self.assertEqual(told["decision"], "refused")
            self.assertEqual((told["error"], told["error_description"]),
                             (got.json()["error"], got.json()["error_description"]))
            self.assertEqual((told["scopes"], told["claims"]), ([], None))
            return False
        header, claims = decode(got.json()["access_token"])
        self.assertEqual(told["decision"], "granted")
        self.assertEqual(told["header"], header)
        self.assertEqual({item["scope"] for item in told["scopes"]},
                         set(got.json()["scope"].split()))
        for times in (told["claims"], claims):
            self.assertEqual((times["nbf"], times["exp"] - times["iat"]),
                             (times["iat"], got.json()["expires_in"]))
        for name in ("jti", "iat", "nbf", "exp"):  # of the moment
            told["claims"].pop(name), claims.pop(name)
        self.assertEqual(told["claims"], claims)
        return True

    def check_reasons(self, told, fields):
        """Every scope that was asked for is either given or said to be dropped, with a reason."""
        if told["decision"] != "granted":
            return
        given = {item["scope"] for item in told["scopes"]}
        dropped = {item["scope"] for item in told["dropped"]}
        self.assertEqual(given & dropped, set())
        asked = set(fields.get("scope", "").split())
        if asked:
            self.assertEqual(given | dropped, asked)
        for item in told["scopes"]:
            self.assertTrue(item["via"], told)
        for item in told["dropped"]:
            self.assertIn(item["why"], ("undefined", "not_held", "not_everywhere"))
            self.assertTrue(item["hint"])

    def test_explain_says_what_the_token_endpoint_does(self):
        granted = 0
        for number in range(MODELS):
            model = Model(self, number)
            for _ in range(REQUESTS):
                client, fields = model.request()
                told = self.explain(client=client, **fields)
                self.check_reasons(told, fields)
                granted += self.compare(model.clients[client], told, fields)
            self.check_who_can(model)
        self.assertGreater(granted, MODELS * REQUESTS // 5)
        self.assertLess(granted, MODELS * REQUESTS)

    def check_who_can(self, model):
        """Those listed, and none else, are given the token (when they are enabled)."""
        for identifier, scopes in model.resources.items():
            for scope in [None, *scopes]:
                listed = {item["name"]: item for item in self.who_can(identifier, scope)}
                for name in model.clients:
                    fields = {"resource": [identifier], **({"scope": scope} if scope else {})}
                    told = self.explain(client=name, **fields)
                    if not told["client"]["enabled"]:
                        self.assertFalse(listed.get(name, {}).get("enabled", False))
                        continue
                    gets = told["decision"] == "granted" and (scope is None or told["scopes"])
                    self.assertEqual(name in listed, bool(gets), (name, fields, told))
                    if scope and gets:
                        self.assertEqual(listed[name]["via"], told["scopes"][0]["via"])

    def who_can(self, resource, scope=None, limit=1):
        """All pages."""
        items, after = [], None
        while True:
            query = {"resource": resource, "limit": str(limit), **({"scope": scope} if scope else {}),
                     **({"after": after} if after else {})}
            answer = self.issuer.admin("GET", "/who-can?" + urllib.parse.urlencode(query))
            self.assertEqual(answer.status, 200, answer)
            items += answer.json()["items"]
            after = answer.json().get("next")
            if after is None:
                return items

    # --- hostile input ---

    def test_explain_refuses_what_it_does_not_know(self):
        for body, member in [({}, "client"), ({"client": ""}, "client"), ({"client": 1}, "client"),
                             ({"client": "x", "scope": ["a"]}, "scope"),
                             ({"client": "x", "resource": 1}, "resource"),
                             ({"client": "x", "resource": [1]}, "resource"),
                             ({"client": "x", "clinet": "y"}, "clinet")]:
            answer = self.issuer.admin("POST", "/explain", body)
            self.assertEqual((answer.status, answer.json()["member"]), (422, member), answer)
        self.assertEqual(self.explain(client="no-such-client")["client"], None)

    def test_explain_bears_long_requests(self):
        uri = self.make_shop("long")
        for scope in [" ".join(f"s{i}" for i in range(200)), "x" * 100000, "\x01\x7f", " "]:
            told = self.explain(client="long", resource=[uri] * 3, scope=scope)
            self.assertIn(told["error"], ("invalid_scope", "invalid_target"))
        told = self.explain(client="long", resource=[uri + str(i) for i in range(20)])
        self.assertEqual(told["error"], "invalid_target")

    def test_who_can_refuses_what_it_does_not_know(self):
        for query, member in [("", "resource"), ("resource=urn:none", "resource"),
                              ("resource=urn:none&limit=0", "limit"),
                              ("resource=urn:none&nope=1", "nope")]:
            answer = self.issuer.admin("GET", "/who-can?" + query)
            self.assertEqual((answer.status, answer.json()["member"]), (422, member), answer)
            self.assertEqual("is missing" in answer.json()["detail"], query == "", answer)


class Verbs(Shops, VerbCase):
    def test_explain(self):
        uri = self.make_shop("shop")
        said = self.do("--client", "shop", "--resource", uri, "--scope",
                       "payments:write refunds:write")
        self.assertIn(f"shop gets a token for {uri}\n", said)
        self.assertIn("payments:write  role shop-billing\n", said)
        self.assertIn("refunds:write   dropped: held by product shop-gold, whose subscription is "
                      "pending; jeton client approve shop shop-gold\n", said)
        self.assertIn("\nto mend it\n  jeton client approve shop shop-gold\n", said)
        self.below("shop", "subscriptions", "shop-gold", "approve")
        said = self.do("--client", "shop", "--scope", "payments:write", "--scope", "refunds:write")
        self.assertIn(f"shop gets a token for {uri}, the only one it may call\n", said)
        self.assertIn("payments:write  role shop-billing, product shop-gold (approved)\n", said)
        self.assertIn("refunds:write   product shop-gold (approved)\n", said)
        self.assertNotIn("to mend it", said)
        self.assertEqual(self.do_json("--client", "shop")["chosen"], "only")
        self.assertIn("chosen: only\n", self.do("--client", "shop", "-o", "yaml"))
        self.assertEqual(self.do("--client", "shop", "--field", "decision"), "granted\n")
        self.check_refusals(uri)

    def check_refusals(self, uri):
        """The exit status tells them too."""
        said = self.do("--client", "shop", "--resource", uri + "x", code=REFUSED)
        self.assertIn("shop is refused: invalid_target: ", said)
        self.assertIn(f"{uri}x  refused: there is no such resource; did you mean {uri}?\n", said)
        for change, told in (("--disable", True), ("--enable", False)):
            self.jeton("client", "update", "shop", change)
            said = self.do("--client", "shop", code=REFUSED if told else 0)
            self.assertEqual("shop  refused: it is disabled\n" in said, told)
        secret = self.jeton("client", "show", "shop", "--field", "secrets.0.id").strip()
        self.assertNotIn("live secret", said)
        self.jeton("client", "secret", "revoke", "shop", secret, "--yes")
        self.assertIn("shop  refused: it has no live secret\n",
                      self.do("--client", "shop", code=REFUSED))
        self.do("--client", "shpo", code=NOT_FOUND)
        self.do(code=WRONG_USE)

    def test_who_can(self):
        uri = self.make_shop("kiosk")
        said = self.do("--resource", uri, "--scope", "payments:write")
        self.assertRegex(said, r"(?m)^kiosk +\S+ +yes +role kiosk-billing$")
        self.assertEqual([item["name"] for item in self.do_json("--resource", uri)], ["kiosk"])
        self.assertEqual(self.do("--resource", uri, "-o", "name"), "kiosk\n")
        self.do("--resource", uri, "--scope", "refund:write", code=REFUSED)
        self.do(code=WRONG_USE)


if __name__ == "__main__":
    unittest.main()
