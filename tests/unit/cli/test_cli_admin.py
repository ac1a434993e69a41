# SPDX-License-Identifier: Apache-2.0
"""The verbs that speak to the admin socket: what they ask, what they print, how they end."""

import json
import os
import pty
import re
import socket
import subprocess
import unittest

from cli_support import JETON, PAYMENT, TOKENS, AdminCase, Case, commands, own_options, run

PAYMENT_PATH = "/resources/https%3A%2F%2Fpayment.example.com%2Fapi"
RESOURCE = {"identifier": PAYMENT, "scopes": ["payments:read", "payments:write"],
            "lifetime_s": 3600, "alg": "ES256", "typ": "at+jwt", "claims": {}, "shared": False,
            "owner": None, "labels": {}}
ROLE = {"name": "billing", "grants": [PAYMENT + "#payments:write"], "owner": "pay",
        "labels": {"team": "payments", "tier": "1"}}
PRODUCT = {"name": "checkout", "approval": "manual", "grants": [PAYMENT], "owner": None,
           "labels": {}}
CLIENT = {"client_id": "jtc1", "name": "cart-service", "enabled": True, "scope_policy": "filter",
          "default_resource": None, "roles": ["billing"],
          "subscriptions": [{"product": "checkout", "status": "approved"},
                            {"product": "reports", "status": "pending"}], "grants": [],
          "secrets": [{"id": "s1", "name": "first", "created_s": 1763800000, "expires_s": None,
                       "last_used_s": 1763800060},
                      {"id": "s2", "name": "next", "created_s": 1763800000,
                       "expires_s": 1771576000, "last_used_s": None}],
          "owner": None, "labels": {}}
KEYS = {"items": [
    {"kid": "k2", "alg": "ES256", "state": "next", "published_at_s": 1763800000,
     "sign_from_s": None, "sign_until_s": None, "drop_at_s": None, "revoked_at_s": None},
    {"kid": "k1", "alg": "ES256", "state": "active", "published_at_s": 1763700000,
     "sign_from_s": 1763700000, "sign_until_s": None, "drop_at_s": None, "revoked_at_s": None}]}


class Requests(AdminCase):
    # arguments, method, path, body, answer
    CASES = [
        (["resource", "create", PAYMENT], "POST", "/resources", {"identifier": PAYMENT}, RESOURCE),
        (["resource", "create", PAYMENT, "--scope", "a", "--scope=b", "--lifetime", "1h", "--alg",
          "RS256", "--typ", "JWT", "--claims", '{"tier": 2}', "--shared"], "POST", "/resources",
         {"identifier": PAYMENT, "scopes": ["a", "b"], "lifetime_s": 3600, "alg": "RS256",
          "typ": "JWT", "claims": {"tier": 2}, "shared": True}, RESOURCE),
        (["resource", "show", PAYMENT], "GET", PAYMENT_PATH, None, RESOURCE),
        (["resource", "update", PAYMENT, "--lifetime", "15m", "--no-shared", "--reset", "claims"],
         "PATCH", PAYMENT_PATH, {"lifetime_s": 900, "shared": False, "claims": None}, RESOURCE),
        (["resource", "update", PAYMENT, "--reset", "shared", "--reset", "scope"],
         "PATCH", PAYMENT_PATH, {"shared": None, "scopes": None}, RESOURCE),
        (["resource", "delete", PAYMENT, "--yes"], "DELETE", PAYMENT_PATH, None, None),
        (["role", "create", "billing", "--grant", PAYMENT + "#payments:write"], "POST", "/roles",
         {"name": "billing", "grants": [PAYMENT + "#payments:write"]}, ROLE),
        (["role", "show", "billing"], "GET", "/roles/billing", None, ROLE),
        (["role", "update", "billing", "--grant", PAYMENT], "PATCH", "/roles/billing",
         {"grants": [PAYMENT]}, ROLE),
        (["role", "delete", "--yes", "--", "--odd"], "DELETE", "/roles/--odd", None, None),
        (["role", "create", "r", "--owner", "pay", "--label", "team=a=b", "--label", "empty="],
         "POST", "/roles", {"name": "r", "owner": "pay", "labels": {"team": "a=b", "empty": ""}},
         ROLE),
        (["role", "update", "r", "--label", "team=pay", "--unlabel", "old", "--unlabel", "older"],
         "PATCH", "/roles/r", {"labels": {"team": "pay", "old": None, "older": None}}, ROLE),
        (["role", "update", "r", "--reset", "label", "--reset", "owner"], "PATCH", "/roles/r",
         {"labels": None, "owner": None}, ROLE),
        (["product", "create", "checkout", "--grant", PAYMENT, "--approval", "manual"], "POST",
         "/products", {"name": "checkout", "grants": [PAYMENT], "approval": "manual"}, PRODUCT),
        (["product", "show", "checkout"], "GET", "/products/checkout", None, PRODUCT),
        (["product", "update", "checkout", "--approval=auto"], "PATCH", "/products/checkout",
         {"approval": "auto"}, PRODUCT),
        (["product", "delete", "checkout", "--yes"], "DELETE", "/products/checkout", None, None),
        (["client", "create", "cart", "--product", "a", "--product", "b"], "POST", "/clients",
         {"name": "cart", "subscriptions": ["a", "b"]}, {**CLIENT, "client_secret": "jts"}),
        (["client", "assign", "c", "r", "s"], "POST", "/clients/c/roles", {"roles": ["r", "s"]},
         CLIENT),
        (["client", "unassign", "c", "r"], "DELETE", "/clients/c/roles/r", None, CLIENT),
        (["client", "subscribe", "c", "p/q"], "POST", "/clients/c/subscriptions",
         {"product": "p/q"}, CLIENT),
        (["client", "unsubscribe", "c", "p/q", "--yes"], "DELETE", "/clients/c/subscriptions/p%2Fq",
         None, CLIENT),
        (["client", "approve", "c", "p"], "POST", "/clients/c/subscriptions/p/approve", None,
         CLIENT),
        (["client", "revoke", "c", "p", "--yes"], "POST", "/clients/c/subscriptions/p/revoke", None,
         CLIENT),
        (["client", "create", "cart", "--role", "r", "--grant", PAYMENT, "--default-resource",
          PAYMENT, "--scope-policy", "strict", "--secret-name", "n", "--secret-lifetime", "90d"],
         "POST", "/clients",
         {"name": "cart", "roles": ["r"], "grants": [PAYMENT], "default_resource": PAYMENT,
          "scope_policy": "strict", "secret_name": "n", "secret_lifetime_s": 7776000},
         {**CLIENT, "client_secret": "jts"}),
        (["client", "show", "a/b c"], "GET", "/clients/a%2Fb%20c", None, CLIENT),
        (["client", "show", ".."], "GET", "/clients/..", None, CLIENT),
        (["client", "show", "caf\u00e9?x=1#y"], "GET", "/clients/caf%C3%A9%3Fx%3D1%23y", None,
         CLIENT),
        (["client", "update", "c", "--disable", "--name", "d"], "PATCH", "/clients/c",
         {"enabled": False, "name": "d"}, CLIENT),
        (["client", "update", "c", "--enable"], "PATCH", "/clients/c", {"enabled": True}, CLIENT),
        (["client", "delete", "c", "--yes"], "DELETE", "/clients/c", None, None),
        (["client", "secret", "add", "c"], "POST", "/clients/c/secrets", {},
         {"id": "s", "name": None, "created_s": 1, "expires_s": None, "client_secret": "jts"}),
        (["client", "secret", "add", "c", "--name", "n", "--lifetime", "2w"], "POST",
         "/clients/c/secrets", {"name": "n", "lifetime_s": 1209600},
         {"id": "s", "name": "n", "created_s": 1, "expires_s": 2, "client_secret": "jts"}),
        (["client", "secret", "list", "c"], "GET", "/clients/c", None, CLIENT),
        (["client", "secret", "revoke", "c", "s1", "--yes"], "DELETE", "/clients/c/secrets/s1",
         None, None),
        (["client", "grant", "c", PAYMENT, PAYMENT + "#a"], "POST", "/clients/c/grants",
         {"grants": [PAYMENT, PAYMENT + "#a"]}, CLIENT),
        (["client", "ungrant", "c", PAYMENT + "#a"], "DELETE",
         "/clients/c/grants/https%3A%2F%2Fpayment.example.com%2Fapi%23a", None, CLIENT),
        (["key", "list"], "GET", "/keys", None, KEYS),
        (["key", "rotate"], "POST", "/keys/rotate", {}, KEYS),
        (["key", "rotate", "--alg", "RS256", "--force"], "POST", "/keys/rotate",
         {"alg": "RS256", "force": True}, KEYS),
        (["key", "revoke", "--all", "--yes"], "POST", "/keys/revoke-all", None, KEYS),
        (["key", "add-algorithm", "RS256"], "POST", "/keys/algorithms", {"alg": "RS256"}, KEYS),
        (["key", "retire-algorithm", "RS256"], "DELETE", "/keys/algorithms/RS256", None, KEYS),
        (["key", "revoke", "k1", "--yes"], "POST", "/keys/k1/revoke", {}, KEYS),
        # a thumbprint may begin with dashes; what is no thumbprint is an option
        *((["key", "revoke", kid, "--yes"], "POST", f"/keys/{kid}/revoke", {}, KEYS)
          for kid in ("-zbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
                      "--bLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")),
        (["key", "revoke", "k1", "--yes", "--force"], "POST", "/keys/k1/revoke", {"force": True},
         KEYS),
    ]

    def test_each_verb_sends_its_request_and_fails_when_refused(self):
        for args, method, path, body, answer in self.CASES:
            with self.subTest(args=args):
                self.says(method, path, 204 if answer is None else 200, answer)
                self.assertEqual(self.jeton(*args).code, 0)
                self.assertEqual(self.asked(), [(method, "/admin/v1" + path, body)])
                self.says(method, path, 409, {"detail": "in use by role billing"})
                self.check(self.jeton(*args), 2, "", "jeton: in use by role billing\n")
                self.says(method, path, 404, {"detail": "no such thing"})
                self.check(self.jeton(*args), 3, "", "jeton: no such thing\n")
                self.asked()

    def test_json_output_is_the_api_object_or_the_array_of_its_items(self):
        for args, method, path, _, answer in self.CASES:
            if answer is None:
                continue
            with self.subTest(args=args):
                self.says(method, path, 200, answer)
                expected = answer.get("items", answer)
                if args[:3] == ["client", "secret", "list"]:
                    expected = answer["secrets"]
                printed = self.jeton(*args[:2], "-o", "json", *args[2:]) if "--" in args else \
                    self.jeton(*args, "-o", "json")
                self.assertEqual(printed.code, 0)
                self.assertEqual(json.loads(printed.out), expected)

    def test_filters_are_a_query(self):
        cases = [
            (["--name", "a b", "--label", "team=x&y", "--owner", "p", "--role", "r", "--product",
              "q", "--status", "pending", "--resource", PAYMENT, "--enabled"],
             "name=a%20b&label=team%3Dx%26y&owner=p&role=r&product=q&status=pending"
             "&resource=https%3A%2F%2Fpayment.example.com%2Fapi&enabled=true&limit=1000"),
            (["--disabled", "--limit", "5"], "enabled=false&limit=5"),
            ([], "limit=1000"),
        ]
        for args, query in cases:
            with self.subTest(args=args):
                self.says("GET", "/clients?" + query, 200, {"items": [CLIENT]})
                self.check(self.jeton("client", "list", "-o", "name", *args), 0, "cart-service\n")

    def test_a_body_is_announced_as_json(self):
        self.says("POST", "/roles", 201, ROLE)
        self.jeton("role", "create", "billing")
        headers = self.admin.requests[0][3]
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["Host"], "localhost")
        self.assertNotIn("Expect", headers)

    def test_ungrant_stops_at_the_first_refusal_and_tells_what_is_gone(self):
        self.says("DELETE", "/clients/c/grants/a", 200, CLIENT)
        self.says("DELETE", "/clients/c/grants/b", 404, {"detail": "no such grant"})
        result = self.jeton("client", "ungrant", "c", "a", "b", "d")
        self.check(result, 3, "", "took a from c\njeton: no such grant\n")
        self.assertEqual([path for _, path, _ in self.asked()],
                         ["/admin/v1/clients/c/grants/a", "/admin/v1/clients/c/grants/b"])


class Output(AdminCase):
    def test_tables_are_aligned(self):
        self.says("GET", "/resources?limit=1000", 200, {"items": [
            RESOURCE, {**RESOURCE, "identifier": "https://\u00e9.example/", "scopes": [],
                       "lifetime_s": 90}]})
        self.check(self.jeton("resource", "list"), 0,
                   "IDENTIFIER                       SCOPES                         LIFETIME  ALG"
                   "    TYP     LABELS\n"
                   "https://payment.example.com/api  payments:read, payments:write  1h        ES256"
                   "  at+jwt  -\n"
                   "https://\u00e9.example/               -                              90s       "
                   "ES256  at+jwt  -\n")

    def test_keys_show_their_times(self):
        self.says("GET", "/keys", 200, KEYS)
        lines = self.jeton("key", "list").out.splitlines()
        self.assertEqual(lines[0].split("  ")[0], "KID")
        self.assertEqual(lines[1].split(),
                         ["k2", "ES256", "next", "2025-11-22T08:26:40Z", "-", "-", "-", "-", "-", "-",
                          "-"])

    def test_one_object_is_a_line_per_field(self):
        self.says("GET", "/clients/c", 200, CLIENT)
        self.check(self.jeton("client", "show", "c"), 0,
                   "name              cart-service\n"
                   "client_id         jtc1\n"
                   "enabled           yes\n"
                   "scope_policy      filter\n"
                   "default_resource  -\n"
                   "roles             billing\n"
                   "products          checkout (approved)\n"
                   "                  reports (pending)\n"
                   "grants            -\n"
                   "secrets           s1  first  without end\n"
                   "                  s2  next  until 2026-02-20T08:26:40Z\n"
                   "owner             -\n"
                   "labels            -\n")

    def test_an_empty_list_prints_no_data(self):
        self.says("GET", "/roles?limit=1000", 200, {"items": []})
        self.says("GET", "/roles?owner=p&limit=1000", 200, {"items": []})
        self.check(self.jeton("role", "list"), 0, "", "no roles yet; jeton role create --help")
        self.check(self.jeton("role", "list", "--owner", "p"), 0, "", "no roles like that")
        self.check(self.jeton("role", "list", "-o", "json"), 0, "[]\n")
        self.check(self.jeton("role", "list", "-o", "yaml"), 0, "[]\n")
        self.check(self.jeton("role", "list", "-o", "name"), 0, "")
        self.check(self.jeton("role", "list", "--field", "0"), 3, "", "there is no member '0'")

    def test_a_new_secret_is_data_and_the_warning_is_talk(self):
        self.says("POST", "/clients", 201, {**CLIENT, "client_secret": "jts_secret"})
        self.check(self.jeton("client", "create", "cart-service"), 0,
                   "client_id      jtc1\nclient_secret  jts_secret\n", "is shown this once")
        self.says("POST", "/clients/c/secrets", 201,
                  {"id": "s3", "name": "n", "created_s": 1, "expires_s": 1771576000,
                   "client_secret": "jts_more"})
        self.check(self.jeton("client", "secret", "add", "c"), 0,
                   "id             s3\nname           n\nexpires        2026-02-20T08:26:40Z\n"
                   "client_secret  jts_more\n", "is shown this once")

    def test_listed_secrets_have_a_table_of_their_own(self):
        self.says("GET", "/clients/c", 200, CLIENT)
        lines = self.jeton("client", "secret", "list", "c").out.splitlines()
        self.assertEqual(lines[1].split(), ["s1", "first", "2025-11-22T08:26:40Z", "-",
                                            "2025-11-22T08:27:40Z"])
        self.assertEqual(len(lines), 3)

    def test_peer_text_cannot_drive_the_terminal(self):
        self.says("GET", "/roles/r", 200,
                  {"name": "\x1b[2J\x07\u202e\u009b\u00e9", "grants": ["a\nb\x7f"]})
        self.check(self.jeton("role", "show", "r"), 0,
                   "name    \\x1b[2J\\x07\\u202e\\u009b\u00e9\ngrants  a\\x0ab\\x7f\n"
                   "owner   -\nlabels  -\n")
        self.says("GET", "/roles/r", 409, {"detail": "\x1b[2Jgone\nforged: line"})
        self.check(self.jeton("role", "show", "r"), 2, "",
                   "jeton: ?[2Jgone?forged: line\n")

    def test_output_that_cannot_be_written_is_a_failure(self):
        self.says("POST", "/clients", 201, {**CLIENT, "client_secret": "jts_secret"})
        with open("/dev/full", "wb") as full:
            done = subprocess.run([JETON, "--socket", self.socket, "client", "create", "c"],
                                  stdout=full, stderr=subprocess.PIPE, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write to standard output", done.stderr)


class Formats(AdminCase):
    """-o and --field; JSON is above."""

    def test_yaml_is_the_object_or_the_list(self):
        self.says("GET", "/roles/r", 200, ROLE)
        self.check(self.jeton("role", "show", "r", "-o", "yaml"), 0,
                   "name: billing\ngrants:\n- https://payment.example.com/api#payments:write\n"
                   "owner: pay\nlabels:\n  team: payments\n  tier: '1'\n")
        self.says("GET", "/keys", 200, {"items": [{"kid": "yes", "alg": None, "of": 1}]})
        self.check(self.jeton("key", "list", "-o", "yaml"), 0,
                   "- kid: 'yes'\n  alg: null\n  of: 1\n")

    def test_names_are_one_a_line(self):
        self.says("GET", "/roles/r", 200, ROLE)
        self.says("GET", "/keys", 200, KEYS)
        self.says("GET", "/clients/c", 200, CLIENT)
        self.says("GET", PAYMENT_PATH, 200, RESOURCE)
        for args, names in ((["role", "show", "r"], "billing\n"),
                            (["resource", "show", PAYMENT], PAYMENT + "\n"),
                            (["key", "list"], "k2\nk1\n"),
                            (["client", "secret", "list", "c"], "s1\ns2\n")):
            self.check(self.jeton(*args, "-o", "name"), 0, names)

    def test_a_field_is_found_by_its_path(self):
        self.says("GET", "/clients/c", 200, {**CLIENT, "labels": {"a.b": "1", "a": "2", "": "3"}})
        cases = [("name", "cart-service"), ("enabled", "true"), ("default_resource", "null"),
                 ("secrets.1.expires_s", "1771576000"), ("subscriptions.0.product", "checkout"),
                 ("labels.a.b", "1"), ("labels.a", "2"), ("labels.", "3"),
                 ("roles", '["billing"]'), ("secrets.0.name", "first"), ("grants", "[]")]
        for path, value in cases:
            with self.subTest(path=path):
                self.check(self.jeton("client", "show", "c", "--field", path), 0, value + "\n")
        for path in ("none", "name.x", "roles.1", "roles.-1", "roles.x", "roles.0.x", "secrets.00x",
                     "secrets.0.", ".name", "roles.99999999999999999999", "labels.b"):
            with self.subTest(path=path):
                self.check(self.jeton("client", "show", "c", "--field", path), 3, "",
                           f"there is no member '{path}' here")

    def test_a_field_is_printed_as_it_is(self):
        self.says("POST", "/clients", 201, {**CLIENT, "client_secret": 'a"\u00e9\n'})
        self.check(self.jeton("client", "create", "c", "--field", "client_secret"), 0,
                   'a"\u00e9\n\n', "is shown this once")

    def test_what_has_no_name_says_so(self):
        result = run("token", "inspect", "-o", "name",
                     stdin=TOKENS["tokens"]["good"].encode())
        self.check(result, 1, "", "what token inspect shows has no name")


class Pages(AdminCase):
    """A list comes page by page; in every format it is one."""

    def setUp(self):
        super().setUp()
        first, second = [{**ROLE, "name": name} for name in ("a", "wider-than-the-first")]
        self.roles = [first, second, {**ROLE, "name": "c"}]
        self.says("GET", "/roles?limit=1000", 200, {"items": [first], "next": "a&b="})
        self.says("GET", "/roles?limit=1000&after=a%26b%3D", 200, {"items": [second], "next": "z"})
        self.says("GET", "/roles?limit=1000&after=z", 200, {"items": [self.roles[2]]})

    def test_every_page_is_printed(self):
        result = self.jeton("role", "list", "-o", "json")
        self.check(result, 0, json.dumps(self.roles, indent=2, ensure_ascii=False) + "\n")
        self.check(self.jeton("role", "list", "-o", "name"), 0, "a\nwider-than-the-first\nc\n")
        yaml = self.jeton("role", "list", "-o", "yaml").out
        self.assertEqual([line for line in yaml.splitlines() if "name" in line],
                         ["- name: a", "- name: wider-than-the-first", "- name: c"])
        self.check(self.jeton("role", "list", "--field", "1.name"), 0, "wider-than-the-first\n")
        lines = self.jeton("role", "list").out.splitlines()
        self.assertEqual([line.split()[0] for line in lines],
                         ["NAME", "a", "wider-than-the-first", "c"])
        self.assertIn("wider-than-the-first  https:", lines[2])

    def test_no_more_is_asked_for_than_is_wanted(self):
        self.says("GET", "/roles?limit=2", 200, {"items": self.roles[:1], "next": "n"})
        self.says("GET", "/roles?limit=1&after=n", 200, {"items": self.roles[1:2], "next": "m"})
        self.check(self.jeton("role", "list", "--limit", "2", "-o", "name"), 0,
                   "a\nwider-than-the-first\n")

    def test_a_page_that_fails_ends_the_list_with_a_failure(self):
        self.says("GET", "/roles?limit=1000&after=z", 503, {"detail": "no memory"})
        self.assertEqual(self.jeton("role", "list", "-o", "name").code, 2)
        result = self.jeton("role", "list", "-o", "json")
        self.assertEqual(result.code, 2)
        with self.assertRaises(ValueError):  # nobody takes half a list for the whole
            json.loads(result.out)

    def export_pages(self):
        for kind in ("resources", "products", "clients"):
            self.says("GET", f"/{kind}?limit=1000", 200, {"items": []})

    def test_an_export_that_fails_is_nothing_that_apply_takes(self):
        self.export_pages()
        forms = (("-o", "yaml"), ("-o", "json"), ("--lines",), ())
        whole = [self.jeton("export", *form) for form in forms]
        self.says("GET", "/roles?limit=1000&after=z", 503, {"detail": "no memory"})
        for form, all_of_it in zip(forms, whole):
            with self.subTest(form):
                self.check(all_of_it, 0, all_of_it.out)
                self.check(run("validate", "-f", "-", stdin=all_of_it.out.encode()), 0, "",
                           "3 objects, all well formed")
                part = self.jeton("export", *form)
                self.check(part, 2, part.out, "no memory")
                self.assertIn("wider-than-the-first", part.out)
                self.assertEqual(run("validate", "-f", "-", stdin=part.out.encode()).code, 1)

    def test_an_export_that_fails_at_once_prints_nothing(self):
        self.says("GET", "/resources?limit=1000", 503, {"detail": "no memory"})
        for form in ((), ("-o", "json"), ("--lines",)):
            self.check(self.jeton("export", *form), 2, "", "no memory")


class Colours(AdminCase):
    def on_terminal(self, *args, env=None):
        """Standard output as a terminal gets it."""
        leader, follower = pty.openpty()
        done = subprocess.run([JETON, "--socket", self.socket, *args], stdout=follower,
                              stderr=subprocess.PIPE, timeout=20, check=False,
                              env={"PATH": os.environ["PATH"], "TERM": "xterm", **(env or {})})
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        os.close(follower)
        text = b""
        try:
            while chunk := os.read(leader, 65536):
                text += chunk
        except OSError:  # Linux says so when it is all read
            pass
        os.close(leader)
        return text.decode()

    def test_titles_and_statuses_are_coloured_on_a_terminal(self):
        self.says("GET", "/keys", 200, KEYS)
        text = self.on_terminal("key", "list")
        self.assertIn("\x1b[1mKID\x1b[0m", text)
        self.assertIn("\x1b[32mactive\x1b[0m", text)
        self.says("GET", "/clients/c", 200, CLIENT)
        text = self.on_terminal("client", "show", "c")
        self.assertIn("\x1b[32mapproved\x1b[0m", text)
        self.assertIn("\x1b[33mpending\x1b[0m", text)

    def test_colour_does_not_move_the_columns(self):
        self.says("GET", "/keys", 200, KEYS)
        bare = re.sub(r"\x1b\[\d+m", "", self.on_terminal("key", "list"))
        self.assertEqual(bare.replace("\r\n", "\n"), self.jeton("key", "list").out)

    def test_nothing_is_coloured_where_it_is_not_wanted(self):
        self.says("GET", "/keys", 200, KEYS)
        for args, env in ((["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}),
                          ([], {"TERM": ""}), (["-o", "json"], {}), (["-o", "yaml"], {}),
                          (["-o", "name"], {}), (["--field", "0.kid"], {})):
            with self.subTest(args=args, env=env):
                self.assertNotIn("\x1b", self.on_terminal("key", "list", *args, env=env))
        self.assertIn("\x1b", self.on_terminal("key", "list", env={"NO_COLOR": ""}))
        self.assertNotIn("\x1b", self.jeton("key", "list", env={"TERM": "xterm"}).out)

    def test_peer_text_cannot_drive_the_terminal_in_any_format(self):
        self.says("GET", "/roles/r", 200, {**ROLE, "name": "\x1b[2J\u202e\u009b"})
        for args in (["-o", "json"], ["-o", "yaml"], ["-o", "name"], ["--field", "name"],
                     ["--no-color"], ["--field", "labels"]):
            with self.subTest(args=args):
                text = self.on_terminal("role", "show", "r", *args)
                for hostile in "\x1b\u202e\u009b":
                    self.assertNotIn(hostile, text)
        for kind in ("resources", "products", "clients"):
            self.says("GET", f"/{kind}?limit=1000", 200, {"items": []})
        self.says("GET", "/roles?limit=1000", 200,
                  {"items": [{**ROLE, "owner": "\x1b[2J\u202e\u009b"}]})
        for args in ([], ["-o", "json"], ["--lines"]):
            with self.subTest(args=args):
                text = self.on_terminal("export", *args)
                self.assertIn("u202", text)
                for hostile in "\x1b\u202e\u009b":
                    self.assertNotIn(hostile, text)


class Setup(AdminCase):
    ADMIN = "https://id.example.com/admin"
    PATH = "/resources/https%3A%2F%2Fid.example.com%2Fadmin"
    SCOPES = ["clients:read", "clients:write"]

    def setUp(self):
        super().setUp()
        self.grants = [f"{self.ADMIN}#{scope}" for scope in self.SCOPES]
        self.says("GET", "", 200, {"issuer": "https://id.example.com",
                                   "admin_resource": self.ADMIN, "scopes": self.SCOPES})

    def test_what_is_missing_is_made(self):
        self.says("POST", "/resources", 201, {"scopes": self.SCOPES})
        self.says("POST", "/roles", 201, {"grants": self.grants})
        self.says("POST", "/clients", 201, {**CLIENT, "client_secret": "jts"})
        result = self.jeton("admin", "setup", "--client", "ops", "-o", "json")
        self.check(result, 0, err="shown this once")
        self.assertEqual(json.loads(result.out),
                         {"resource": self.ADMIN, "role": "jeton-admin", "client_id": "jtc1",
                          "client_secret": "jts"})
        self.assertEqual([asked for asked in self.asked() if asked[0] != "GET"], [
            ("POST", "/admin/v1/resources", {"identifier": self.ADMIN, "scopes": self.SCOPES}),
            ("POST", "/admin/v1/roles", {"name": "jeton-admin", "grants": self.grants}),
            ("POST", "/admin/v1/clients", {"name": "ops", "roles": ["jeton-admin"]})])

    def test_what_is_there_is_completed_and_what_is_whole_left_alone(self):
        self.says("GET", self.PATH, 200, {"scopes": ["own", "clients:read"]})
        self.says("PATCH", self.PATH, 200, {})
        self.says("GET", "/roles/jeton-admin", 200, {"grants": self.grants})
        self.says("GET", "/clients/ops", 200, {**CLIENT, "roles": ["jeton-admin"]})
        self.check(self.jeton("admin", "setup", "--client", "ops"), 0, err="ops is there already")
        self.assertEqual([asked for asked in self.asked() if asked[0] != "GET"], [
            ("PATCH", "/admin/v1" + self.PATH, {"scopes": ["own", "clients:read",
                                                           "clients:write"]})])

    def test_an_api_that_does_not_describe_itself_is_told(self):
        for answer in ({}, {"scopes": ["a"]}, {"admin_resource": "u", "scopes": [1]},
                       {"admin_resource": "u", "scopes": "a"}):
            self.says("GET", "", 200, answer)
            self.check(self.jeton("admin", "setup"), 5, "", "jeton: ")


class Refusals(AdminCase):
    def test_the_sentence_comes_from_the_problem_document(self):
        # body of the answer, the line
        cases = [
            ({"detail": "is too long", "member": "lifetime_s"}, "lifetime_s: is too long"),
            ({"detail": "lifetime_s is too long", "member": "lifetime_s"},
             "lifetime_s is too long"),
            ({"title": "Conflict"}, "Conflict"),
            ({"code": "within_lead", "detail": "k2 is 1h old"},
             "k2 is 1h old. --force does it nevertheless"),
            ({}, "jetond answered 409 and gave no reason"),
            ([], "jetond answered 409 and gave no reason"),
            (b"<html>", "jetond answered 409 and gave no reason"),
            (None, "jetond answered 409 and gave no reason"),
        ]
        for answer, line in cases:
            with self.subTest(answer=answer):
                self.says("POST", "/keys/rotate", 409, answer)
                result = self.jeton("key", "rotate")
                self.check(result, 2, "", "jeton: " + line)
                self.assertEqual("--force" in result.err, "--force" in line)

    def test_what_is_not_there_is_named(self):
        # arguments, the line; the scripted server says no more than "no such object"
        cases = [
            (["client", "show", "nobody"],
             "there is no client 'nobody'; jeton client list shows those there are"),
            (["client", "secret", "revoke", "nobody", "s1", "--yes"],
             "there is no client 'nobody'; jeton client list shows those there are"),
            (["client", "grant", "nobody", PAYMENT],
             "there is no client 'nobody'; jeton client list shows those there are"),
            (["resource", "update", PAYMENT, "--shared"],
             f"there is no resource '{PAYMENT}'; jeton resource list shows those there are"),
            (["role", "delete", "nobody", "--yes"],
             "there is no role 'nobody'; jeton role list shows those there are"),
            (["role", "show", "\x1b[2J"], "there is no role '?[2J';"),
            (["key", "list"], "no such object"),
        ]
        for args, line in cases:
            with self.subTest(args=args):
                self.check(self.jeton(*args), 3, "", "jeton: " + line)

    def test_an_answer_that_is_not_the_api_is_unreachable(self):
        for answer in (b"hello", b"", {"items": 1}, []):
            with self.subTest(answer=answer):
                self.says("GET", "/keys", 200, answer)
                self.check(self.jeton("key", "list"), 5, "", "is not jetond; check --socket")


class Confirmation(AdminCase):
    CASES = [
        (["resource", "delete", "a"], "DELETE", "/resources/a", "a"),
        (["role", "delete", "a"], "DELETE", "/roles/a", "a"),
        (["client", "delete", "a"], "DELETE", "/clients/a", "a"),
        (["client", "secret", "revoke", "a", "s1"], "DELETE", "/clients/a/secrets/s1", "s1"),
        (["client", "unsubscribe", "a", "p"], "DELETE", "/clients/a/subscriptions/p", "p"),
        (["client", "revoke", "a", "p"], "POST", "/clients/a/subscriptions/p/revoke", "p"),
        (["product", "delete", "a"], "DELETE", "/products/a", "a"),
        (["key", "revoke", "k1"], "POST", "/keys/k1/revoke", "k1"),
    ]

    def test_whatever_takes_away_for_good_is_confirmed(self):
        asks = [command for command in commands()
                if "--yes" in own_options(command) and command != "apply"]  # flow/14-apply
        words = ("delete", "revoke", "unsubscribe", "remove", "prune")
        self.assertEqual(asks, [c for c in commands() if c.split()[-1] in words])
        self.assertEqual({" ".join(w for w in args if len(w) > 2) for args, *_ in self.CASES},
                         set(asks) - {"context remove"})

    def at_terminal(self, args, typed):
        leader, follower = pty.openpty()
        os.write(leader, typed)
        done = subprocess.run([JETON, "--socket", self.socket, *args], stdin=follower,
                              capture_output=True, timeout=20, check=False)
        os.close(leader)
        os.close(follower)
        return done

    def test_without_a_terminal_yes_is_needed(self):
        for args, *_ in self.CASES:
            with self.subTest(args=args):
                self.check(self.jeton(*args), 1, "", "cannot ask without a terminal; add --yes")
                self.assertEqual(self.asked(), [])

    def test_at_a_terminal_the_name_must_be_typed(self):
        for args, method, path, name in self.CASES:
            with self.subTest(args=args):
                self.says(method, path, 200, KEYS)
                # the tokens that die are told before a key is revoked
                first = [("GET", "/admin/v1/keys")] if args[0] == "key" else []
                self.says("GET", "/keys", 200, KEYS)
                for typed in (b"other\n", b"\n", b"\x04"):
                    done = self.at_terminal(args, typed)
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(b"To go on, type " + name.encode() + b": ", done.stderr)
                    self.assertIn(b"that is not the name; nothing was changed", done.stderr)
                    self.assertEqual([(m, p) for m, p, _ in self.asked()], first)
                self.assertEqual(self.at_terminal(args, name.encode() + b"\n").returncode, 0)
                self.assertEqual([(m, p) for m, p, _ in self.asked()],
                                 first + [(method, "/admin/v1" + path)])

    def test_a_key_is_revoked_after_the_tokens_that_die_are_told(self):
        self.says("POST", "/keys/k1/revoke", 200, KEYS)
        self.says("POST", "/keys/revoke-all", 200, KEYS)
        for counts, args, name, told in [
                ([0, 5], ["k1"], b"k1", b"At most 5 unexpired tokens of this key"),
                ([7, 5], ["--all"], b"all", b"At most 12 unexpired tokens of every key"),
                ([7, 5], ["--all"], b"all", b"; the new ones, too, until an API fetches"),
                ([7, None], ["k1"], b"k1", b"how many is not known")]:
            items = [{**key, "unexpired_tokens": n} for key, n in zip(KEYS["items"], counts)]
            self.says("GET", "/keys", 200, {"items": items})
            done = self.at_terminal(["key", "revoke", *args], name + b"\n")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(told, done.stderr)


DAY_S = 86400
NOW_S = 1763800000
TIMELINE = {
    "now_s": NOW_S, "pause_until_s": None,
    "algorithms": [{"alg": "ES256", "named": True, "active": "active-key", "next": "next-key",
                    "next_signs_s": NOW_S + 10 * DAY_S, "period_s": 30 * DAY_S, "jitter_s": 2220,
                    "lead_s": DAY_S, "tail_s": 3 * DAY_S},
                   {"alg": "RS256", "named": False, "active": None, "next": "first-key",
                    "next_signs_s": NOW_S + 5 * DAY_S, "period_s": 30 * DAY_S, "jitter_s": 0,
                    "lead_s": 5 * DAY_S, "tail_s": 0}],
    "items": [
        {"kid": "first-key", "alg": "RS256", "state": "next", "published_at_s": NOW_S},
        {"kid": "next-key", "alg": "ES256", "state": "next", "published_at_s": NOW_S - 20 * DAY_S},
        {"kid": "active-key", "alg": "ES256", "state": "active",
         "published_at_s": NOW_S - 50 * DAY_S, "sign_from_s": NOW_S - 20 * DAY_S},
        {"kid": "retiring-key", "alg": "ES256", "state": "retiring",
         "published_at_s": NOW_S - 60 * DAY_S, "sign_from_s": NOW_S - 50 * DAY_S,
         "sign_until_s": NOW_S - 20 * DAY_S, "drop_at_s": NOW_S + 5 * DAY_S},
        {"kid": "bad-key", "alg": "ES256", "state": "revoked", "published_at_s": NOW_S - 60 * DAY_S,
         "sign_from_s": NOW_S - 60 * DAY_S, "revoked_at_s": NOW_S - 5 * DAY_S},
        {"kid": "old-key", "alg": "ES256", "state": "dropped",
         "published_at_s": NOW_S - 90 * DAY_S, "sign_from_s": NOW_S - 90 * DAY_S,
         "sign_until_s": NOW_S - 60 * DAY_S, "drop_at_s": NOW_S - 50 * DAY_S,
         "dropped_at_s": NOW_S - 50 * DAY_S}]}


class Timeline(AdminCase):
    def draw(self, *args, answer=TIMELINE, **env):
        self.says("GET", "/keys", 200, answer)
        done = subprocess.run([JETON, "--socket", self.socket, "key", "timeline", *args],
                              capture_output=True, timeout=20, check=False,
                              env={"PATH": os.environ["PATH"], **env})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def test_picture(self):
        # from 60 days ago to 13 ahead and a tenth of it: 80 days in 80 cells
        bars = {"bad-key  ES256 revoked ": "#" * 55 + "x" + "    |",
                "retiring ES256 retiring": "." * 10 + "#" * 30 + "-" * 20 + "|" + "-" * 4,
                "active-k ES256 active  ": " " * 10 + "." * 30 + "#" * 20 + "|" + "#" * 9 + "-" * 3,
                "next-key ES256 next    ": " " * 40 + "." * 20 + "|" + "." * 9 + "#" * 10,
                "first-ke RS256 next    ": " " * 60 + "|" + "." * 4 + "#" * 15}
        lines = self.draw(COLUMNS="106").splitlines()
        self.assertEqual(lines[0].split(), ["2025-09-23T08:26:40Z", "2025-12-12T15:39:40Z"])
        for line, (label, bar) in zip(lines[1:6], bars.items()):
            self.assertEqual(line[:23], label)
            self.assertLessEqual(len(line), 106)
            self.assertRegex(self.runs(line[26:]), self.roughly(bar), (line[26:], bar))
        self.assertIn("| now: 2025-11-22T08:26:40Z", lines[7])
        self.assertEqual(lines[8], "ES256 rotates 2025-12-02T08:26:40Z, in 10d (37m of jitter in "
                         "it)")
        self.assertEqual(lines[9], "RS256 signs first 2025-11-27T08:26:40Z, in 5d; keys.algorithms "
                         "does not name it")
        self.assertEqual(len(lines), 10)

    @staticmethod
    def runs(bar):
        return " ".join(f"{match[0][0]}{len(match[0])}"
                        for match in re.finditer(r"(.)\1*", bar.replace(" ", "_")))

    @staticmethod
    def roughly(bar):
        """Each run of the picture may be a cell longer or shorter."""
        parts = []
        for match in re.finditer(r"(.)\1*", bar.replace(" ", "_")):
            n = len(match[0])
            parts.append(re.escape(match[0][0]) + f"({n - 1}|{n}|{n + 1})")
        return "^" + " ".join(parts) + "$"

    def test_a_tail_of_hours_among_months_is_seen(self):
        turn = {**TIMELINE["algorithms"][0], "tail_s": 5 * 3600}
        bar = self.draw(COLUMNS="106", answer={**TIMELINE, "algorithms": [turn]}).splitlines()[3]
        self.assertRegex(bar, r"^active-k .*#-$")

    def test_keys_gone_long_ago_are_left_out_but_by_all(self):
        self.assertNotIn("old-key", self.draw())
        self.assertIn("old-key  ES256 dropped", self.draw("--all"))

    def test_alphabet_is_the_terminals(self):
        self.assertTrue(self.draw(LANG="C").isascii())
        self.assertTrue(self.draw("--ascii", LANG="de_DE.UTF-8").isascii())
        self.assertTrue(self.draw(LC_ALL="C", LANG="de_DE.UTF-8").isascii())
        self.assertIn("\u2591\u2588", self.draw(LANG="de_DE.UTF-8").replace("\u2502", ""))
        self.assertNotIn("\x1b", self.draw())  # no terminal, no colour

    def test_width_is_that_of_the_terminal(self):
        for columns, want in (("70", 70), ("120", 120), ("1", 70), ("99999999999999999999", 240)):
            lines = self.draw(COLUMNS=columns).splitlines()
            self.assertEqual(len(lines[0]), want)
        # the last one has room to say where now is
        self.assertEqual(lines[0].index("now") + 1, lines[1].index("|"))

    def test_a_jump_of_the_clock_and_overdue_changes_are_told(self):
        turn = {**TIMELINE["algorithms"][0], "next_signs_s": NOW_S - 90}
        shown = self.draw(answer={**TIMELINE, "algorithms": [turn], "pause_until_s": NOW_S + 60})
        self.assertIn("due since 1m 30s", shown)
        self.assertIn("the clock jumped: automatic steps wait until 2025-11-22T08:27:40Z", shown)

    def test_absurd_answers_do_no_harm(self):
        top = 9223372036854775807
        for at_s in (top, -top, 0, 1):
            key = {"kid": "k\x1b[31m" * 100, "alg": "ES256\n" * 9, "state": "next",
                   "published_at_s": at_s, "sign_from_s": top, "sign_until_s": -5, "drop_at_s": at_s}
            shown = self.draw(answer={**TIMELINE, "items": [key, {}, None, 7]})
            self.assertNotIn("\x1b", shown)
        self.says("GET", "/keys", 200, {"items": []})
        self.check(self.jeton("key", "timeline"), 5, "", "has no times")


class Sockets(AdminCase):
    def test_the_option_wins_over_the_environment(self):
        self.says("GET", "/keys", 200, KEYS)
        self.assertEqual(run("key", "list", env={"JETON_SOCKET": self.socket}).code, 0)
        self.assertEqual(self.jeton("key", "list", env={"JETON_SOCKET": "/nonexistent"}).code, 0)
        self.assertEqual(run("key", "list", "--socket=" + self.socket).code, 0)
        proxied = {"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"}
        self.assertEqual(self.jeton("key", "list", env=proxied).code, 0)


class Unanswered(AdminCase):
    def test_an_apply_that_was_sent_may_have_happened(self):
        report = {"created": 0, "updated": 0, "deleted": 0, "unchanged": 1, "changes": []}
        for dry_run, command in (("false", "apply"), ("true", "diff")):
            words = (command, "-f", "-")
            self.says("POST", "/apply?dry_run=" + dry_run, 0, None)
            failed = self.jeton(*words, stdin=b"{kind: role, name: r}")
            self.check(failed, 5, "", "does not answer")
            self.assertEqual("jeton diff tells" in failed.err, command == "apply")
            self.says("POST", "/apply?dry_run=" + dry_run, 200, report)
            self.assertEqual(self.jeton(*words, stdin=b"{kind: role, name: r}").code, 0)
        gone = run("--socket", self.dir + "/none", "apply", "-f", "-", stdin=b"{kind: role, name: r}")
        self.assertNotIn("jeton diff tells", gone.err)


class Unreachable(Case):
    def test_no_socket(self):
        self.check(run("key", "list", env={"JETON_SOCKET": "/nonexistent/s"}), 5, "",
                   "there is no admin socket /nonexistent/s; start jetond")

    def test_the_default_socket_is_named(self):
        if os.path.exists("/run/jeton/admin.sock"):
            self.skipTest("a jetond is installed here")
        for env in ({}, {"JETON_SOCKET": ""}):
            self.check(run("key", "list", env=env), 5, "", "no admin socket /run/jeton/admin.sock")

    def test_nobody_listens(self):
        path = os.path.join(self.dir, "s")
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path)
        self.check(run("--socket", path, "key", "list"), 5, "", "no jetond listens on " + path)

    def test_no_permission(self):
        if os.geteuid() == 0:
            self.skipTest("root may open every socket")
        path = os.path.join(self.dir, "s")
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path)
            made.listen()
            os.chmod(path, 0)
            self.check(run("--socket", path, "key", "list"), 5, "", "no permission")

    def test_a_path_too_long_for_a_socket(self):
        self.check(run("--socket", "/" + "x" * 108, "key", "list"), 1, "", "longer than a socket's")


if __name__ == "__main__":
    unittest.main()
