# SPDX-License-Identifier: Apache-2.0
"""The verbs that speak to the admin socket: what they ask, what they print, how they end."""

import json
import os
import pty
import socket
import subprocess
import unittest

from cli_support import JETON, PAYMENT, AdminCase, Case, run

PAYMENT_PATH = "/resources/https%3A%2F%2Fpayment.example.com%2Fapi"
RESOURCE = {"identifier": PAYMENT, "scopes": ["payments:read", "payments:write"],
            "lifetime_s": 3600, "alg": "ES256", "typ": "at+jwt", "claims": {}, "shared": False}
ROLE = {"name": "billing", "grants": [PAYMENT + "#payments:write"]}
CLIENT = {"client_id": "jtc1", "name": "cart-service", "enabled": True, "scope_policy": "filter",
          "default_resource": None, "roles": ["billing"], "grants": [],
          "secrets": [{"id": "s1", "name": "first", "created_s": 1763800000, "expires_s": None},
                      {"id": "s2", "name": "next", "created_s": 1763800000,
                       "expires_s": 1771576000}]}
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
        (["key", "revoke", "k1", "--yes"], "POST", "/keys/k1/revoke", {}, KEYS),
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
        self.says("GET", "/resources", 200, {"items": [
            RESOURCE, {**RESOURCE, "identifier": "https://\u00e9.example/", "scopes": [],
                       "lifetime_s": 90}]})
        self.check(self.jeton("resource", "list"), 0,
                   "IDENTIFIER                       SCOPES                         LIFETIME  ALG"
                   "    TYP\n"
                   "https://payment.example.com/api  payments:read, payments:write  1h        ES256"
                   "  at+jwt\n"
                   "https://\u00e9.example/               -                              90s       "
                   "ES256  at+jwt\n")

    def test_keys_show_their_times(self):
        self.says("GET", "/keys", 200, KEYS)
        lines = self.jeton("key", "list").out.splitlines()
        self.assertEqual(lines[0].split("  ")[0], "KID")
        self.assertEqual(lines[1].split(),
                         ["k2", "ES256", "next", "2025-11-22T08:26:40Z", "-", "-", "-", "-"])

    def test_one_object_is_a_line_per_field(self):
        self.says("GET", "/clients/c", 200, CLIENT)
        self.check(self.jeton("client", "show", "c"), 0,
                   "name              cart-service\n"
                   "client_id         jtc1\n"
                   "enabled           yes\n"
                   "scope_policy      filter\n"
                   "default_resource  -\n"
                   "roles             billing\n"
                   "grants            -\n"
                   "secrets           s1  first  without end\n"
                   "                  s2  next  until 2026-02-20T08:26:40Z\n")

    def test_an_empty_list_prints_no_data(self):
        self.says("GET", "/roles", 200, {"items": []})
        self.check(self.jeton("role", "list"), 0, "", "no roles yet; jeton role create --help")
        self.check(self.jeton("role", "list", "-o", "json"), 0, "[]\n")

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
        self.assertEqual(lines[1].split(), ["s1", "first", "2025-11-22T08:26:40Z", "-"])
        self.assertEqual(len(lines), 3)

    def test_peer_text_cannot_drive_the_terminal(self):
        self.says("GET", "/roles/r", 200,
                  {"name": "\x1b[2J\x07\u202e\u009b\u00e9", "grants": ["a\nb\x7f"]})
        self.check(self.jeton("role", "show", "r"), 0,
                   "name    \\x1b[2J\\x07\\u202e\\u009b\u00e9\ngrants  a\\x0ab\\x7f\n")
        self.says("GET", "/roles/r", 409, {"detail": "\x1b[2Jgone\nforged: line"})
        self.check(self.jeton("role", "show", "r"), 2, "",
                   "jeton: \\x1b[2Jgone\\x0aforged: line\n")

    def test_output_that_cannot_be_written_is_a_failure(self):
        self.says("POST", "/clients", 201, {**CLIENT, "client_secret": "jts_secret"})
        with open("/dev/full", "wb") as full:
            done = subprocess.run([JETON, "--socket", self.socket, "client", "create", "c"],
                                  stdout=full, stderr=subprocess.PIPE, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write to standard output", done.stderr)


class Refusals(AdminCase):
    def test_the_sentence_comes_from_the_problem_document(self):
        # body of the answer, the line
        cases = [
            ({"detail": "is too long", "member": "lifetime_s"}, "lifetime_s: is too long"),
            ({"detail": "lifetime_s is too long", "member": "lifetime_s"},
             "lifetime_s is too long"),
            ({"title": "Conflict"}, "Conflict"),
            ({"code": "within_lead", "detail": "k2 is 1h old"},
             "k2 is 1h old; --force does it nevertheless"),
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
            (["role", "show", "\x1b[2J"], "there is no role '\\x1b[2J';"),
            (["role", "list"], "no such object"),
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
        (["key", "revoke", "k1"], "POST", "/keys/k1/revoke", "k1"),
    ]

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
                for typed in (b"other\n", b"\n", b"\x04"):
                    done = self.at_terminal(args, typed)
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(b"To go on, type " + name.encode() + b": ", done.stderr)
                    self.assertIn(b"that is not the name; nothing was changed", done.stderr)
                    self.assertEqual(self.asked(), [])
                self.assertEqual(self.at_terminal(args, name.encode() + b"\n").returncode, 0)
                self.assertEqual([(m, p) for m, p, _ in self.asked()],
                                 [(method, "/admin/v1" + path)])


class Sockets(AdminCase):
    def test_the_option_wins_over_the_environment(self):
        self.says("GET", "/keys", 200, KEYS)
        self.assertEqual(run("key", "list", env={"JETON_SOCKET": self.socket}).code, 0)
        self.assertEqual(self.jeton("key", "list", env={"JETON_SOCKET": "/nonexistent"}).code, 0)
        self.assertEqual(run("key", "list", "--socket=" + self.socket).code, 0)
        proxied = {"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"}
        self.assertEqual(self.jeton("key", "list", env=proxied).code, 0)


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
