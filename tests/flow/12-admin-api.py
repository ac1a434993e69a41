# SPDX-License-Identifier: Apache-2.0
"""The admin API on its socket: every route of its OpenAPI document, bad input, lists, edits at the
same time, and requests made again."""

import concurrent.futures
import json
import os
import socket
import time
import unittest

from harness import DEADLINE_S, PAYMENT, ServeCase, segment

READ, WRITE = PAYMENT + "#payments:read", PAYMENT + "#payments:write"
DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "openapi.json")
KINDS = ("resources", "roles", "products", "clients")


class Admin(ServeCase):
    def admin(self, method, path, body=None, status=200, **headers):
        """The answer's JSON. `If_Match="x"` sends that header."""
        answer = self.ask(method, path, body, status, **headers)
        return answer.json() if answer.body else None

    def ask(self, method, path, body=None, status=200, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.issuer.admin(method, path, body, headers=sent)
        self.assertEqual(answer.status, status, answer)
        if status not in (204, 304):
            kind = "application/json" if status < 300 else "application/problem+json"
            self.assertEqual(answer.header("Content-Type"), kind)
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        return answer

    def refused(self, method, path, body, status, code, member=None, **headers):
        problem = self.admin(method, path, body, status, **headers)
        self.assertEqual(set(problem) - {"member"}, {"code", "title", "status", "detail"})
        self.assertEqual((problem["status"], problem["code"]), (status, code), problem)
        self.assertEqual(problem.get("member"), member, problem)
        return problem

    def version(self, path):
        return self.ask("GET", path).header("ETag")

    def everything(self):
        return [self.admin("GET", f"/{kind}?limit=1000") for kind in KINDS]


# --- every route ---

ROUTES = {}


def route(line):
    def keep(function):
        assert line not in ROUTES, line
        ROUTES[line] = function
        return function
    return keep


@route("GET /admin/v1")
def about(t):
    told = t.admin("GET", "")
    t.assertEqual(told["issuer"], t.issuer.url)
    t.assertEqual(told["admin_resource"], t.issuer.url + "/admin")
    t.assertEqual(set(told), {"issuer", "version", "admin_resource", "scopes"})
    t.assertEqual(set(told["scopes"]), {f"{noun}:{verb}" for noun in (*KINDS, "keys")
                                        for verb in ("read", "write")} | {"clients:approve"})


@route("GET /admin/v1/openapi.json")
def openapi(t):
    with open(DOCUMENT, encoding="utf-8") as file:
        t.assertEqual(t.admin("GET", "/openapi.json"), json.load(file))


def life(plural, member, name, change, rest):
    """The five routes of a kind; `rest`: what else an object shows."""
    path, one = f"/{plural}/" + segment(name), plural[:-1]
    body = {member: name, "owner": "desk", "labels": {"a": "1", "b": ""}}
    shown = {**body, **rest}

    def made(t):
        """By its name; what is not given has its default."""
        answer = t.ask("POST", f"/{plural}", body, 201)
        got = answer.json()
        t.assertRegex(answer.header("ETag"), r'\A"[0-9]+"\Z')
        t.assertEqual({key: got[key] for key in shown}, shown)
        t.refused("POST", f"/{plural}", body, 409, "exists")
        t.addCleanup(t.issuer.admin, "DELETE", path)
        return got

    @route(f"POST /admin/v1/{plural}")
    def create(t):
        made(t)

    @route(f"GET /admin/v1/{plural}")
    def listed(t):
        got = made(t)
        got.pop("client_secret", None)
        t.assertIn(got, t.admin("GET", f"/{plural}")["items"])

    @route(f"GET /admin/v1/{plural}/{{{one if plural != 'resources' else member}}}")
    def get(t):
        got = made(t)
        got.pop("client_secret", None)
        answer = t.ask("GET", path)
        t.assertEqual(answer.json(), got)
        tag = answer.header("ETag")
        t.assertRegex(tag, r'\A"[0-9]+"\Z')
        for matches in (tag, "W/" + tag, "*", f'"x", {tag}'):
            again = t.ask("GET", path, None, 304, If_None_Match=matches)
            t.assertEqual((again.body, again.header("ETag")), (b"", tag))
        for other in ('"0"', '"x"', tag.strip('"'), ""):
            t.ask("GET", path, None, 200, If_None_Match=other)
        t.refused("GET", f"/{plural}/none", None, 404, "not_found")

    @route(f"PATCH /admin/v1/{plural}/{{{one if plural != 'resources' else member}}}")
    def patch(t):
        made(t)
        before = t.ask("GET", path)
        answer = t.ask("PATCH", path, {**change, "labels": {"c": "2"}},
                       If_Match=before.header("ETag"))
        got = answer.json()
        # RFC 7396: an object is merged, everything else replaced
        t.assertEqual(got, {**before.json(), **change, "labels": {"a": "1", "b": "", "c": "2"}})
        t.assertNotEqual(answer.header("ETag"), before.header("ETag"))
        t.refused("PATCH", path, {"owner": "x"}, 412, "precondition",
                  If_Match=before.header("ETag"))
        t.assertEqual(t.admin("GET", path), got)
        same = t.ask("PATCH", path, {"owner": "desk"}, If_Match=answer.header("ETag"))
        t.assertEqual(same.header("ETag"), answer.header("ETag"))  # nothing has changed
        t.refused("PATCH", f"/{plural}/none", {}, 404, "not_found")

    @route(f"DELETE /admin/v1/{plural}/{{{one if plural != 'resources' else member}}}")
    def delete(t):
        made(t)
        before = t.version(path)
        t.admin("PATCH", path, {"owner": "x"})
        t.refused("DELETE", path, None, 412, "precondition", If_Match=before)
        for tag in ('"x"', '"0"', '"0' + t.version(path)[1:]):
            t.refused("DELETE", path, None, 412, "precondition", If_Match=tag)
        t.ask("DELETE", path, None, 204, If_Match=t.version(path))
        t.refused("DELETE", path, None, 404, "not_found", If_Match="*")


life("resources", "identifier", "urn:life", {"scopes": ["x"]},
     {"scopes": [], "lifetime_s": 3600, "alg": "ES256", "typ": "at+jwt", "claims": {},
      "shared": False})
life("roles", "name", "life", {"grants": [READ]}, {"grants": []})
life("products", "name", "life", {"approval": "manual", "grants": [READ]},
     {"approval": "auto", "grants": []})
life("clients", "name", "life", {"enabled": False, "grants": [READ]},
     {"enabled": True, "scope_policy": "filter", "default_resource": None, "roles": [],
      "subscriptions": [], "grants": []})


@route("POST /admin/v1/clients/{client}/secrets")
def add_secret(t):
    client_id, first = t.create_client("several", READ)
    made = t.admin("POST", "/clients/several/secrets", {"name": "next", "lifetime_s": 60}, 201)
    t.assertEqual((made["name"], made["expires_s"]), ("next", made["created_s"] + 60))
    for secret in (first, made["client_secret"]):
        t.assertEqual(t.issuer.token((client_id, secret)).status, 200)
    t.refused("POST", "/clients/several/secrets", {"nam": "x"}, 422, "invalid", "nam")
    t.refused("POST", "/clients/several/secrets", {}, 412, "precondition", If_Match='"1"')
    t.refused("POST", "/clients/none/secrets", {}, 404, "not_found")


@route("DELETE /admin/v1/clients/{client}/secrets/{secret}")
def revoke_secret(t):
    client_id, first = t.create_client("fewer", READ)
    made = t.admin("POST", "/clients/fewer/secrets", None, 201)
    path = "/clients/fewer/secrets/" + made["id"]
    t.refused("DELETE", path, None, 412, "precondition", If_Match='"1"')
    t.admin("DELETE", path, None, 204, If_Match=t.version("/clients/fewer"))
    t.assertEqual(t.issuer.token((client_id, made["client_secret"])).status, 401)
    t.assertEqual(t.issuer.token((client_id, first)).status, 200)
    t.refused("DELETE", path, None, 404, "not_found")


def one_by_one(noun, item, other, shown, wrong):
    """Adding to a list of a client and taking away from it."""
    name = "with-" + noun
    path = f"/clients/{name}/{noun}"

    def client(t):
        t.create_client(name)
        t.addCleanup(t.issuer.admin, "DELETE", "/clients/" + name)

    @route(f"POST /admin/v1/clients/{{client}}/{noun}")
    def add(t):
        client(t)
        answer = t.ask("POST", path, {noun: [item]})
        t.assertEqual(answer.json()[noun], [shown(item)])
        t.assertEqual(answer.header("ETag"), t.version("/clients/" + name))
        got = t.admin("POST", path, {noun: [item, other]})
        t.assertEqual(got[noun], [shown(item), shown(other)])
        t.refused("POST", path, {noun: [item]}, 412, "precondition", If_Match='"1"')
        for body in ({}, {noun: []}, {noun: item}, {noun: [1]}, {noun: None}, {noun: wrong}):
            t.refused("POST", path, body, 422, "invalid", noun)
        t.refused("POST", path, {noun: [item], "x": 1}, 422, "invalid", "x")
        t.assertEqual(t.admin("GET", "/clients/" + name), got)

    @route(f"DELETE /admin/v1/clients/{{client}}/{noun}/{{{noun[:-1]}}}")
    def remove(t):
        client(t)
        t.admin("POST", path, {noun: [item, other]})
        t.refused("DELETE", f"{path}/{segment(item)}", None, 412, "precondition", If_Match='"1"')
        got = t.admin("DELETE", f"{path}/{segment(item)}", None, 200,
                      If_Match=t.version("/clients/" + name))
        t.assertEqual(got[noun], [shown(other)])
        t.refused("DELETE", f"{path}/{segment(item)}", None, 404, "not_found")


one_by_one("grants", READ, WRITE, lambda item: item, ["urn:none#x"])
one_by_one("roles", "one", "two", lambda item: item, ["none"])


@route("POST /admin/v1/clients/{client}/subscriptions")
def subscribe(t):
    client = t.create_client("subscriber")
    path = "/clients/subscriber/subscriptions"
    got = t.admin("POST", path, {"product": "open"})
    t.assertEqual(got["subscriptions"], [{"product": "open", "status": "approved"}])
    t.assertEqual(t.issuer.token(client).json()["scope"], "payments:read")
    got = t.admin("POST", path, {"product": "asked"})
    t.assertEqual(got["subscriptions"][1], {"product": "asked", "status": "pending"})
    t.assertEqual(t.issuer.token(client).json()["scope"], "payments:read")
    t.assertEqual(t.admin("POST", path, {"product": "asked"}), got)
    for body in ({}, {"product": None}, {"product": ["open"]}):
        t.refused("POST", path, body, 422, "invalid", "product")
    t.refused("POST", path, {"product": "open", "status": "approved"}, 422, "invalid", "status")
    t.refused("POST", path, {"product": "none"}, 422, "invalid", "subscriptions")
    t.refused("POST", path, {"product": "open"}, 412, "precondition", If_Match='"1"')
    t.refused("PATCH", "/clients/subscriber", {"subscriptions": []}, 422, "invalid",
              "subscriptions")


def subscriber(t, name):
    client = t.create_client(name, subscriptions=["asked"])
    return client, f"/clients/{name}/subscriptions/asked"


@route("DELETE /admin/v1/clients/{client}/subscriptions/{product}")
def unsubscribe(t):
    _, path = subscriber(t, "unsubscriber")
    t.refused("DELETE", path, None, 412, "precondition", If_Match='"1"')
    t.assertEqual(t.admin("DELETE", path)["subscriptions"], [])
    t.refused("DELETE", path, None, 404, "not_found")


@route("POST /admin/v1/clients/{client}/subscriptions/{product}/approve")
def approve(t):
    client, path = subscriber(t, "approved")
    t.assertEqual(t.issuer.token(client, resource=PAYMENT).status, 400)
    t.refused("POST", path + "/approve", None, 412, "precondition", If_Match='"1"')
    got = t.admin("POST", path + "/approve")
    t.assertEqual(got["subscriptions"], [{"product": "asked", "status": "approved"}])
    t.assertEqual(t.issuer.token(client, resource=PAYMENT).json()["scope"], "payments:write")
    t.refused("POST", "/clients/approved/subscriptions/open/approve", None, 404, "not_found")


@route("POST /admin/v1/clients/{client}/subscriptions/{product}/revoke")
def revoke(t):
    client, path = subscriber(t, "revoked")
    t.admin("POST", path + "/approve")
    t.assertEqual(t.issuer.token(client, resource=PAYMENT).status, 200)
    t.refused("POST", path + "/revoke", None, 412, "precondition", If_Match='"1"')
    got = t.admin("POST", path + "/revoke")
    t.assertEqual(got["subscriptions"], [{"product": "asked", "status": "revoked"}])
    t.assertEqual(t.issuer.token(client, resource=PAYMENT).status, 400)  # at once
    t.refused("POST", "/clients/revoked/subscriptions", {"product": "asked"}, 409, "conflict")


@route("GET /admin/v1/keys")
def keys(t):
    told = t.admin("GET", "/keys")
    items = told["items"]
    t.assertEqual(set(told), {"items", "algorithms", "now_s", "pause_until_s"})
    t.assertIsNone(told["pause_until_s"])
    for key in items:
        t.assertEqual((key["witness"], key["longest_s"]),
                      ("openssl" if key["alg"] == "EdDSA" else "libjwt", 3600))
    turn = told["algorithms"][0]
    t.assertEqual((turn["alg"], turn["named"], turn["period_s"], turn["lead_s"]),
                  ("ES256", True, 30 * 86400, 86400))
    active = next(key for key in items if key["kid"] == turn["active"])
    t.assertEqual(turn["tail_s"], 5 * 3600 + 600)
    t.assertLessEqual(turn["jitter_s"], 3600)
    t.assertEqual(turn["next_signs_s"], active["sign_from_s"] + 30 * 86400 + turn["jitter_s"])
    t.assertLessEqual({"active", "next"}, {key["state"] for key in items})
    t.refused("GET", "/keys?limit=1", None, 422, "invalid", "limit")


@route("POST /admin/v1/keys/rotate")
def rotate(t):
    standing = t.issuer.kid("next")
    t.refused("POST", "/keys/rotate", None, 409, "within_lead")
    t.assertIn("note", t.admin("POST", "/keys/rotate", {"force": True, "alg": "ES256"}))
    t.assertEqual(t.issuer.kid("active"), standing)
    t.refused("POST", "/keys/rotate", {"force": 1}, 422, "invalid", "force")
    t.refused("POST", "/keys/rotate", {"kid": standing}, 422, "invalid", "kid")


@route("POST /admin/v1/keys/{kid}/revoke")
def revoke_key(t):
    standing = t.issuer.kid("next")
    t.admin("POST", f"/keys/{standing}/revoke")
    t.assertNotIn(standing, [key["kid"] for key in t.issuer.jwks()])
    t.refused("POST", f"/keys/{t.issuer.kid('active')}/revoke", {}, 409, "within_lead")
    t.refused("POST", "/keys/none/revoke", {}, 404, "not_found")
    t.refused("POST", f"/keys/{standing}/revoke", {"alg": "ES256"}, 422, "invalid", "alg")


@route("POST /admin/v1/keys/revoke-all")
def revoke_all_keys(t):
    before = {key["kid"] for key in t.issuer.jwks()}
    t.refused("POST", "/keys/revoke-all", {"force": True}, 422, "invalid", "force")
    t.assertEqual({key["kid"] for key in t.issuer.jwks()}, before)
    t.assertIn("unexpired tokens", t.admin("POST", "/keys/revoke-all")["note"])
    after = t.issuer.jwks()
    t.assertEqual({key["kid"] for key in after} & before, set())
    for alg in {key["alg"] for key in after}:  # one signs, one stands next
        t.assertEqual(len([key for key in after if key["alg"] == alg]), 2)


@route("POST /admin/v1/keys/algorithms")
def add_algorithm(t):
    t.refused("POST", "/keys/algorithms", {}, 422, "invalid", "alg")
    t.refused("POST", "/keys/algorithms", {"alg": "HS256"}, 422, "invalid", "alg")
    t.refused("POST", "/keys/algorithms", {"alg": "ES384", "x": 1}, 422, "invalid", "x")
    t.refused("POST", "/keys/algorithms", {"alg": "ES256"}, 409, "exists")
    t.refused("POST", "/resources", {"identifier": "urn:384", "alg": "ES384"}, 422, "invalid", "alg")
    t.admin("POST", "/keys/algorithms", {"alg": "ES384"})
    t.assertIn("ES384", {key["alg"] for key in t.issuer.jwks()})
    t.refused("POST", "/keys/algorithms", {"alg": "ES384"}, 409, "exists")
    # not before a key of it signs, which is said
    told = t.refused("POST", "/resources", {"identifier": "urn:384", "alg": "ES384"}, 422,
                     "invalid", "alg")
    t.assertRegex(told["detail"], r"signs only from \d{4}-\d\d-\d\dT")
    t.admin("POST", "/keys/rotate", {"alg": "ES384", "force": True})
    t.admin("POST", "/resources", {"identifier": "urn:384", "alg": "ES384"}, 201)
    t.refused("DELETE", "/keys/algorithms/ES384", None, 409, "conflict")


@route("DELETE /admin/v1/keys/algorithms/{alg}")
def retire_algorithm(t):
    t.refused("DELETE", "/keys/algorithms/ES256", None, 409, "conflict")
    t.refused("DELETE", "/keys/algorithms/RS256", None, 404, "not_found")
    t.refused("DELETE", "/keys/algorithms/none", None, 422, "invalid", "alg")
    t.admin("POST", "/keys/algorithms", {"alg": "EdDSA"})
    t.admin("POST", "/keys/rotate", {"alg": "EdDSA", "force": True})
    states = {key["state"] for key in t.admin("DELETE", "/keys/algorithms/EdDSA")["items"]
              if key["alg"] == "EdDSA"}
    t.assertEqual(states, {"retiring", "dropped"})
    t.refused("DELETE", "/keys/algorithms/EdDSA", None, 404, "not_found")


@route("GET /admin/v1/keys/reach")
def reach(t):
    before = t.admin("GET", "/keys/reach")
    etag = t.issuer.get("/.well-known/jwks.json").header("ETag")
    t.assertEqual(before["etag"], etag)
    t.issuer.get("/.well-known/jwks.json", headers={"If-None-Match": etag})
    t.issuer.get("/.well-known/jwks.json", headers={"If-None-Match": '"older"'})
    t.issuer.get("/.well-known/jwks.json", method="HEAD")  # fetches nothing
    after = t.admin("GET", "/keys/reach")
    t.assertEqual([window["window_s"] for window in after["windows"]], [300, 3600, None])
    for old, new in zip(before["windows"], after["windows"]):
        t.assertEqual((new["newest"] - old["newest"], new["held"] - old["held"]), (3, 1))
    t.assertEqual(after["windows"][2]["share"], 1)
    t.refused("GET", "/keys/reach?x=1", None, 422, "invalid", "x")


@route("GET /admin/v1/kek")
def kek(t):
    told = t.admin("GET", "/kek")
    t.assertEqual([(item["role"], item["secrets"]) for item in told["items"]], [("now", 1)])
    t.assertEqual(told["items"][0]["keys"], len(t.admin("GET", "/keys")["items"]))
    t.assertRegex(told["items"][0]["id"], r"\A[0-9a-f]{16}\Z")
    t.assertIn("kek_next", told["step"])
    t.refused("GET", "/kek?x=1", None, 422, "invalid", "x")


@route("POST /admin/v1/kek/rotate")
def rotate_kek(t):
    """With a next key named: tests/flow/22-kek.py."""
    t.refused("POST", "/kek/rotate", None, 409, "conflict")
    t.refused("POST", "/kek/rotate?force=true", None, 422, "invalid", "force")


@route("POST /admin/v1/explain")
def explain(t):
    t.admin("POST", "/clients", {"name": "explained", "grants": [READ]}, 201)
    t.addCleanup(t.issuer.admin, "DELETE", "/clients/explained")
    told = t.admin("POST", "/explain", {"client": "explained", "resource": PAYMENT})
    t.assertEqual((told["decision"], told["resources"]), ("granted", [PAYMENT]))
    told = t.admin("POST", "/explain", {"client": "none", "resource": [PAYMENT], "scope": "a b"})
    t.assertEqual((told["decision"], told["error"]), ("refused", "invalid_client"))
    t.refused("POST", "/explain", {}, 422, "invalid", "client")
    t.refused("POST", "/explain", {"client": "x", "scopes": "a"}, 422, "invalid", "scopes")


@route("GET /admin/v1/who-can")
def who_can(t):
    path = "/who-can?resource=" + segment(PAYMENT)
    t.admin("POST", "/clients", {"name": "able", "grants": [WRITE]}, 201)
    t.addCleanup(t.issuer.admin, "DELETE", "/clients/able")
    t.assertIn("able", [item["name"] for item in t.admin("GET", path)["items"]])
    for item in t.admin("GET", path + "&scope=payments:write&limit=1")["items"]:
        t.assertEqual((item["name"], item["via"]), ("able", [{"grant": True}]))
    t.refused("GET", "/who-can", None, 422, "invalid", "resource")
    t.refused("GET", path + "&scope=none", None, 422, "invalid", "scope")


@route("GET /admin/v1/doctor")
def doctor(t):
    told = t.admin("GET", "/doctor")["checks"]
    t.assertEqual({item["status"] for item in told}, {"ok"}, told)
    t.refused("GET", "/doctor?x=1", None, 422, "invalid", "x")


@route("POST /admin/v1/apply")
def apply(t):  # the rest of it: 14-apply
    lines = b'{"kind":"role","name":"applied"}\n{"kind":"client","name":"applied","roles":["applied"]}'
    kind = {"Content_Type": "application/jsonl"}
    told = t.admin("POST", "/apply?dry_run=true", lines, **kind)
    t.assertEqual((told["dry_run"], told["created"]), (True, 2))
    t.refused("GET", "/roles/applied", None, 404, "not_found")
    told = t.admin("POST", "/apply", lines, **kind)
    t.assertEqual((told["created"], told["updated"], told["deleted"], told["unchanged"],
                   told["more"]), (2, 0, 0, 0, 0))
    t.assertEqual(t.admin("GET", "/clients/applied")["roles"], ["applied"])
    t.refused("POST", "/apply", b'{"kind":"role"}', 422, "invalid", **kind)
    t.refused("POST", "/apply", lines, 415, "media_type")
    t.refused("POST", "/apply?prune=x", lines, 422, "invalid", "prune", **kind)


class Routes(Admin):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer.admin("POST", "/roles", {"name": "one", "grants": [READ]})
        cls.issuer.admin("POST", "/roles", {"name": "two"})
        cls.issuer.admin("POST", "/products", {"name": "open", "grants": [READ]})
        cls.issuer.admin("POST", "/products", {"name": "asked", "approval": "manual",
                                               "grants": [WRITE]})

    def test_each_has_a_test(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            paths = json.load(file)["paths"]
        told = {f"{method.upper()} {path}" for path in paths for method in paths[path]}
        self.assertEqual(set(ROUTES), told)


for _line, _function in ROUTES.items():
    setattr(Routes, "test " + _line, lambda self, run=_function: run(self))


# --- bad input ---

class Input(Admin):
    def test_refused_by_name_and_mended_accepted(self):
        """Each body but for one thing right: refused, nothing changed; without it made."""
        rows = [
            ("/resources", {"identifier": "urn:x"}, [
                ("scope", ["a"]), ("identifier", "urn:x#f"), ("identifier", "x"),
                ("identifier", "https://a b"), ("identifier", 1), ("scopes", ["a b"]),
                ("scopes", ['a"b']), ("scopes", ["a\\b"]), ("scopes", [""]), ("scopes", "a"),
                ("scopes", ["a", "a"]), ("scopes", [None]), ("lifetime_s", 0),
                ("lifetime_s", 1.5), ("lifetime_s", True), ("alg", "none"), ("typ", "jwt"),
                ("claims", []), ("claims", {"iss": "x"}), ("shared", 0), ("owner", 1),
                ("owner", "a\nb"), ("owner", "x" * 257), ("labels", []), ("labels", {"a": 1}),
                ("labels", {"a b": "c"}), ("labels", {"a": "\u0007"}), ("labels", {"a": "x" * 257}),
                ("labels", {"x" * 65: "a"}), ("labels", {f"n{i}": "" for i in range(33)})]),
            ("/roles", {"name": "x"}, [
                ("name", "x y"), ("name", ""), ("name", "x" * 129), ("name", "-x"),
                ("grants", ["urn:none"]), ("grants", [PAYMENT + "#none"]), ("grants", [READ, READ]),
                ("grants", [PAYMENT + "#a b"]), ("grants", {}), ("approval", "auto")]),
            ("/products", {"name": "x"}, [
                ("approval", "maybe"), ("approval", "Auto"),
                ("grants", ["urn:none#a"]), ("roles", [])]),
            ("/clients", {"name": "x"}, [
                ("name", "x\u00e9"), ("enabled", "true"), ("scope_policy", "none"),
                ("default_resource", "urn:none"), ("roles", ["none"]), ("roles", [["a"]]),
                ("subscriptions", ["none"]), ("subscriptions", [{"product": "none"}]),
                ("subscriptions", [{"status": "approved"}]), ("subscriptions", [1]),
                ("grants", [PAYMENT + "#"]), ("secrets", []), ("client_id", "x"),
                ("secret_name", "a b"), ("secret_lifetime_s", -1), ("client_secret", "x")]),
        ]
        for path, body, wrongs in rows:
            before = self.everything()
            for member, value in wrongs:
                with self.subTest(path, **{member: value}):
                    self.refused("POST", path, {**body, member: value}, 422, "invalid", member)
            self.assertEqual(self.everything(), before)
            self.create(path, body)

    def test_approval_is_given_by_its_own_route_alone(self):
        self.create("/products", {"name": "gate", "approval": "manual", "grants": [WRITE]})
        self.refused("POST", "/clients", {"name": "pusher", "subscriptions": [
            {"product": "gate", "status": "approved"}]}, 422, "invalid", "subscriptions")
        made = self.create("/clients", {"name": "pusher", "subscriptions": [{"product": "gate"}]})
        self.assertEqual(made["subscriptions"], [{"product": "gate", "status": "pending"}])

    def test_body_is_one_object(self):
        for body in (b"", b"{", b"[]", b"1", b'{"name":"a","name":"b"}', b'{"name":"\xff"}',
                     b'{"name":"a"}x', b'{"name":"\\u0000"}', b"\xef\xbb\xbf{}",
                     b'{"name":' + b"[" * 20 + b"]" * 20 + b"}"):
            with self.subTest(body[:30]):
                answer = self.issuer.admin("POST", "/roles", body)
                self.assertEqual(answer.status, 400, answer)
                self.assertEqual(answer.header("Content-Type"), "application/problem+json")
        self.assertEqual(self.issuer.admin("POST", "/roles", b'{"name":"whole"}').status, 201)

    def test_body_of_a_megabyte_taken_and_a_byte_more_refused(self):
        body = b'{"name":"padded"}'
        full = body + b" " * (1024 * 1024 - len(body))
        before = self.everything()
        self.assertEqual(self.issuer.admin("POST", "/roles", full + b" ").status, 413)
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.issuer.admin("POST", "/roles", full).status, 201)

    def test_object_of_a_megabyte_taken_and_a_byte_more_refused(self):
        """Also with a key, under which the answer is kept; by what is added, too."""
        scopes = [f"s{i:03}" + "x" * 100 for i in range(100)]
        grants = []
        for i in range(18):
            resource = "https://" + "h" * 480 + f"{i:02}"
            self.create("/resources", {"identifier": resource, "scopes": scopes})
            grants += [f"{resource}#{scope}" for scope in scopes]

        def sized(name, size):
            """A role whose document has that many bytes."""
            role = {"name": name, "grants": [], "owner": None, "labels": {"a": "", "b": "", "c": ""}}
            room = size - len(json.dumps(role, separators=(",", ":"))) + 1
            each = len(grants[0]) + 3
            role["grants"], room = grants[:room // each], room % each
            for label in role["labels"]:
                role["labels"][label] = "x" * min(room, 256)
                room -= min(room, 256)
            self.assertEqual(len(json.dumps(role, separators=(",", ":"))), size)
            return json.dumps(role, separators=(",", ":")).encode()

        megabyte = 1024 * 1024
        for name, key in (("edge-1", {}), ("edge-2", {"Idempotency_Key": "edge"})):
            self.ask("POST", "/roles", sized(name, megabyte), 201, **key)
        self.refused("PATCH", "/roles/edge-1", {"owner": "xxx"}, 422, "invalid", "grants")
        self.admin("PATCH", "/roles/edge-1", {"owner": "xx"})  # as long as null

    def test_what_a_route_does_not_take_is_named(self):
        for method, path, headers, member in (
                ("GET", "/roles?limits=1", {}, "limits"),
                ("GET", "/roles?limit=1&limit=1", {}, "limit"),
                ("GET", "/roles?limit=0", {}, "limit"), ("GET", "/roles?limit=1001", {}, "limit"),
                ("GET", "/roles?limit=", {}, "limit"), ("GET", "/roles?limit=%2B1", {}, "limit"),
                ("GET", "/roles?limit=1a", {}, "limit"),
                ("GET", "/roles?limit=99999999999999999999", {}, "limit"),
                ("GET", "/roles?after=", {}, "after"), ("GET", "/roles?after=x", {}, "after"),
                ("GET", "/roles?after=_w", {}, "after"), ("GET", "/roles?after=eA%3D%3D", {}, "after"),
                ("GET", "/roles?enabled=true", {}, "enabled"),
                ("GET", "/clients?enabled=yes", {}, "enabled"),
                ("GET", "/clients?status=gone", {}, "status"),
                ("GET", "/roles?name=" + "x" * 513, {}, "name"),
                ("GET", "/keys?x", {}, "x"), ("DELETE", "/roles/x?force=true", {}, "force"),
                ("GET", "/roles", {"If_Match": "*"}, "If-Match"),
                ("DELETE", "/roles/x", {"If_Match": "1"}, "If-Match"),
                ("DELETE", "/roles/x", {"If_Match": ""}, "If-Match"),
                ("DELETE", "/roles/x", {"If_Match": '"1", "2"'}, "If-Match"),
                ("GET", "/roles", {"Idempotency_Key": "a"}, "Idempotency-Key"),
                ("DELETE", "/roles/x", {"Idempotency_Key": "a"}, "Idempotency-Key")):
            with self.subTest(path, **headers):
                self.refused(method, path, None, 422, "invalid", member, **headers)
        for query in ("%", "%zz", "a=%ff", "&".join("a" * 65)):
            self.refused("GET", "/roles?" + query, None, 400, "invalid_request")
        self.admin("GET", "/roles?limit=1&name=x")

    def test_name_cut_within_a_character_is_told_all_the_same(self):
        """What is cut to fit a sentence leaves no half of a character, which JSON cannot hold."""
        self.create_client("teller")
        for pad in ("", "a"):  # one of them is cut within an e-acute
            name = pad + "\u00e9" * 150
            for method, path, body, status, code in (
                    ("POST", "/roles", {"name": "x", name: 1}, 422, "invalid"),
                    ("POST", "/clients/teller/secrets", {name: 1}, 422, "invalid"),
                    ("POST", "/roles", {"name": "x", "labels": {name: ""}}, 422, "invalid"),
                    ("GET", f"/roles?{segment(name)}=1", None, 422, "invalid"),
                    ("DELETE", f"/clients/teller/grants/{segment(name)}", None, 404, "not_found")):
                with self.subTest(path=path, pad=pad):
                    problem = self.admin(method, path, body, status)
                    self.assertEqual(problem["code"], code)
                    self.assertIn(pad + "\u00e9" * 30, problem["detail"])

    def test_header_twice_refused(self):
        for name, value in (("If-Match", '"1"'), ("Idempotency-Key", "k")):
            lines = f"{name}: {value}\r\n"
            path = "/clients/none/secrets"
            for count, status in ((2, 422), (1, 404)):
                answer = self.raw_admin(f"POST /admin/v1{path} HTTP/1.1\r\nHost: a\r\n"
                                        f"{lines * count}Content-Length: 2\r\n\r\n{{}}")
                self.assertIn(f" {status} ".encode(), answer.split(b"\r\n")[0], answer)

    def raw_admin(self, text):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(30)
            sock.connect(self.issuer.socket)
            sock.sendall(text.encode())
            return sock.recv(65536)


# --- lists ---

class Lists(Admin):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer.admin("POST", "/roles", {"name": "team", "grants": [READ]})
        cls.issuer.admin("POST", "/products", {"name": "gold", "approval": "manual",
                                               "grants": [WRITE]})
        for i in range(25):
            more = {"owner": "even"} if i % 2 == 0 else {"labels": {"odd": str(i % 3)}}
            if i < 4:
                more["roles"] = ["team"]
            if 2 <= i < 6:
                more["subscriptions"] = ["gold"]
            cls.issuer.admin("POST", "/clients", {"name": f"m-{i:02}", "enabled": i % 5 != 0,
                                                  **more})
        cls.issuer.admin("POST", "/clients/m-03/subscriptions/gold/approve")
        cls.issuer.admin("POST", "/clients/m-04/subscriptions/gold/revoke")

    def pages(self, query, plural="clients"):
        """The names on each page."""
        pages, after = [], ""
        while True:
            page = self.admin("GET", f"/{plural}?{query}{after}")
            pages.append([item.get("name") or item["identifier"] for item in page["items"]])
            if "next" not in page:
                return pages
            self.assertRegex(page["next"], r"\A[A-Za-z0-9_-]+\Z")
            after = "&after=" + page["next"]

    def test_every_item_once_in_the_order_of_bytes(self):
        names = [f"m-{i:02}" for i in range(25)]
        for limit in (1, 7, 12, 24, 25, 26, 1000):
            pages = self.pages(f"name=m-&limit={limit}")
            self.assertEqual(sum(pages, []), names)
            self.assertEqual([len(page) for page in pages[:-1]], [limit] * (len(pages) - 1))
            self.assertTrue(pages[-1])
        for name in ("B", "a", "Z9", "b-", "b.", "a_"):
            self.create("/roles", {"name": "by-" + name})
        found = sum(self.pages("name=by-&limit=2", "roles"), [])
        self.assertEqual(found, sorted(found, key=str.encode))
        self.assertEqual(len(found), 6)
        self.assertEqual(self.pages("name=none"), [[]])

    def test_page_of_large_objects_ends_before_its_limit(self):
        uris = [f"urn:{i:0500}" for i in range(12)]
        scopes = [f"{i:0128}" for i in range(128)]
        for uri in uris:
            self.create("/resources", {"identifier": uri, "scopes": scopes})
        grants = [f"{uri}#{scope}" for uri in uris for scope in scopes]  # just below a megabyte
        for i in range(6):
            self.create("/roles", {"name": f"large-{i}", "grants": grants})
        self.assertEqual(self.pages("name=large-", "roles"),
                         [[f"large-{i}" for i in range(5)], ["large-5"]])

    def test_pages_hold_while_objects_come_and_go(self):
        for name in ("w-2", "w-4", "w-6", "w-8"):
            self.create("/clients", {"name": name})
        page = self.admin("GET", "/clients?name=w-&limit=2")
        self.admin("DELETE", "/clients/w-4", status=204)  # where the page ended
        for name in ("w-1", "w-5"):
            self.create("/clients", {"name": name})
        rest = self.admin("GET", "/clients?name=w-&limit=9&after=" + page["next"])
        self.assertEqual([item["name"] for item in rest["items"]], ["w-5", "w-6", "w-8"])

    def test_filters(self):
        def by(numbers):
            return [f"m-{i:02}" for i in numbers]
        even, odd = range(0, 25, 2), range(1, 25, 2)
        rows = [("owner=even", by(even)), ("owner=odd", []), ("owner=eve", []),
                ("label=odd", by(odd)), ("label=odd%3D1", by(i for i in odd if i % 3 == 1)),
                ("label=odd%3D", []), ("label=none", []),
                ("enabled=false", by(range(0, 25, 5))),
                ("enabled=true&owner=even", by(i for i in even if i % 5)),
                ("name=m-1", by(range(10, 20))), ("role=team", by(range(4))), ("role=none", []),
                ("product=gold", by(range(2, 6))), ("product=none", []),
                ("product=gold&status=pending", by([2, 5])), ("status=approved", by([3])),
                ("status=revoked", by([4])), ("product=none&status=approved", []),
                ("resource=" + segment(PAYMENT), by(range(4))), ("resource=urn:none", []),
                ("resource=" + segment(PAYMENT) + "&role=team&status=pending", by([2]))]
        for query, names in rows:
            with self.subTest(query):
                prefix = "" if query.startswith("name=") else "&name=m-"
                self.assertEqual(sum(self.pages(f"limit=3&{query}{prefix}"), []), names)

    def test_lists_of_the_other_kinds(self):
        for i in range(3):
            self.create("/resources", {"identifier": f"urn:many:{i}", "labels": {"l": str(i)}})
        self.assertEqual(self.pages("name=urn:many:&limit=2", "resources"),
                         [["urn:many:0", "urn:many:1"], ["urn:many:2"]])
        self.assertEqual(self.pages("label=l%3D1", "resources"), [["urn:many:1"]])
        self.assertEqual(self.pages("name=g", "products"), [["gold"]])


# --- edits at the same time, and requests made again ---

class Together(Admin):
    @staticmethod
    def patiently(call):
        """Made again, as Retry-After asks, when there was no turn for it: then nothing was done."""
        until = time.monotonic() + DEADLINE_S
        while True:
            answer = call()
            if answer.status != 503 or time.monotonic() >= until:
                return answer
            time.sleep(float(answer.header("Retry-After")))

    def at_once(self, calls):
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(self.patiently, calls))

    def test_of_edits_with_one_etag_one_wins(self):
        self.create("/roles", {"name": "wanted"})
        for turn in range(5):
            tag = self.version("/roles/wanted")
            answers = self.at_once([
                lambda i=i: self.issuer.admin("PATCH", "/roles/wanted", {"owner": f"{turn}-{i}"},
                                              headers={"If-Match": tag}) for i in range(8)])
            self.assertEqual(sorted(answer.status for answer in answers), [200] + [412] * 7)
            won = next(answer for answer in answers if answer.status == 200)
            self.assertEqual(self.admin("GET", "/roles/wanted"), won.json())

    def test_of_elements_added_at_once_none_is_lost(self):
        self.create("/resources", {"identifier": "urn:many", "scopes": [f"s{i}" for i in range(8)]})
        self.create("/clients", {"name": "gatherer"})
        answers = self.at_once([
            lambda i=i: self.issuer.admin("POST", "/clients/gatherer/grants",
                                          {"grants": [f"urn:many#s{i}"]}) for i in range(8)])
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(len(self.admin("GET", "/clients/gatherer")["grants"]), 8)

    def replay(self, path, body, key):
        first = self.ask("POST", path, body, 201, Idempotency_Key=key)
        self.assertIsNone(first.header("Idempotency-Replayed"))
        before = self.everything()
        again = self.ask("POST", path, body, 201, Idempotency_Key=key)
        self.assertEqual(again.header("Idempotency-Replayed"), "true")
        shown = first.json()
        secret = shown.pop("client_secret", None)
        self.assertEqual(again.json(), shown)
        self.assertEqual(self.everything(), before)
        return secret

    def test_made_once_and_the_secret_shown_once(self):
        self.assertIsNone(self.replay("/resources", {"identifier": "urn:once"}, "r"))
        self.assertIsNone(self.replay("/roles", {"name": "once"}, "o"))
        self.assertIsNone(self.replay("/products", {"name": "once"}, "p"))
        self.assertIsNotNone(self.replay("/clients", {"name": "once"}, "c"))
        self.assertIsNotNone(self.replay("/clients/once/secrets", {"name": "x"}, "s"))

    def test_key_is_of_one_request(self):
        key = "8e03978e-40d5-43dd-bc93-6894a57f9324"
        self.admin("POST", "/roles", {"name": "keyed"}, 201, Idempotency_Key=key)
        for path, body in (("/roles", {"name": "other"}), ("/products", {"name": "keyed"}),
                           ("/roles", b'{"name": "keyed" }')):
            self.refused("POST", path, body, 422, "idempotency", Idempotency_Key=key)
        self.admin("POST", "/roles", {"name": "other"}, 201, Idempotency_Key=key + "x")

    def test_log_tells_what_has_changed_and_nothing_else(self):
        self.create("/roles", {"name": "before"})  # what came earlier has been read, too, with its line
        self.issuer.daemon.wait_log("ev=admin.change", "id=before")
        key, mark = {"Idempotency_Key": "told-once"}, self.issuer.daemon.mark()
        for _ in range(2):  # the second time nothing is new
            self.admin("POST", "/roles", {"name": "told"}, 201, **key)
            self.admin("PATCH", "/roles/told", {"owner": "x"})
        self.admin("DELETE", "/roles/told", None, 204)
        self.issuer.daemon.wait_log("ev=admin.change", "action=delete", "id=told", since=mark)
        told = [line for line in self.issuer.daemon.lines[mark:] if "ev=admin.change" in line]
        self.assertEqual(len(told), 3, told)

    def test_key_of_a_refused_request_is_free(self):
        self.refused("POST", "/roles", {"name": "a b"}, 422, "invalid", "name", Idempotency_Key="f")
        self.admin("POST", "/roles", {"name": "ab"}, 201, Idempotency_Key="f")

    def test_key_is_visible_ascii(self):
        for key in ("", "a b", "\u00e9".encode().decode("latin-1"), "x" * 256):
            self.refused("POST", "/roles", {"name": "k"}, 422, "invalid", "Idempotency-Key",
                         Idempotency_Key=key)
        self.admin("POST", "/roles", {"name": "k"}, 201, Idempotency_Key="x" * 255)

    def test_of_requests_with_one_key_at_once_one_makes(self):
        answers = self.at_once([
            lambda: self.issuer.admin("POST", "/clients", {"name": "single"},
                                      headers={"Idempotency-Key": "same"}) for _ in range(8)])
        self.assertEqual({answer.status for answer in answers}, {201})
        self.assertEqual(sum("client_secret" in answer.json() for answer in answers), 1)
        self.assertEqual(len({answer.json()["client_id"] for answer in answers}), 1)


if __name__ == "__main__":
    unittest.main()
