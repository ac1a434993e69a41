# SPDX-License-Identifier: Apache-2.0
"""token get, inspect and verify: against a scripted issuer, and tokens signed beforehand."""

import base64
import json
import os
import re
import ssl
import subprocess
import unittest

from cli_support import JETON, PAYMENT, TOKENS, Case, Handler, TcpServer, run

ISSUER = "https://id.example.com"
DISCOVERY = "/.well-known/oauth-authorization-server"
ANSWER = {"access_token": "aaa.bbb.ccc", "token_type": "Bearer", "expires_in": 3600, "scope": "a b"}
ENV = {"JETON_CLIENT_ID": "jtc1", "JETON_CLIENT_SECRET": "jts:+\u00e9"}


class IssuerCase(Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve(TcpServer(("127.0.0.1", 0), Handler))
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.metadata = {"issuer": self.issuer, "token_endpoint": self.issuer + "/oauth2/token",
                         "jwks_uri": self.issuer + "/jwks"}
        self.server.script[("GET", DISCOVERY)] = (200, self.metadata)
        self.server.script[("POST", "/oauth2/token")] = (200, ANSWER)

    def get(self, *args, env=None):
        return run("token", "get", "--issuer", self.issuer, *args, env=ENV if env is None else env)


class Get(IssuerCase):
    def test_token_is_asked_for_and_printed_alone(self):
        self.check(self.get("--resource", PAYMENT, "--scope", "a b", "--scope", "c"), 0,
                   "aaa.bbb.ccc\n")
        (method, path, body, headers) = self.server.requests[1]
        self.assertEqual((method, path), ("POST", "/oauth2/token"))
        self.assertEqual(body, b"grant_type=client_credentials"
                               b"&resource=https%3A%2F%2Fpayment.example.com%2Fapi&scope=a%20b%20c")
        self.assertEqual(headers["Content-Type"], "application/x-www-form-urlencoded")
        # RFC 6749 sec. 2.3.1: each half is form-encoded before base64
        self.assertEqual(headers["Authorization"],
                         "Basic " + base64.b64encode(b"jtc1:jts%3A%2B%C3%A9").decode())

    def test_json_output_is_the_whole_answer(self):
        self.assertEqual(json.loads(self.get("-o", "json").out), ANSWER)

    def test_what_is_not_given_is_not_sent(self):
        self.check(self.get(), 0, "aaa.bbb.ccc\n")
        self.assertEqual(self.server.requests[1][2], b"grant_type=client_credentials")

    def test_an_issuer_with_a_path_is_discovered_by_insertion(self):
        # RFC 8414 sec. 3.1
        issuer = self.issuer + "/tenant"
        self.server.script[("GET", DISCOVERY + "/tenant")] = (200, {**self.metadata,
                                                                    "issuer": issuer})
        self.check(run("token", "get", "--issuer", issuer, env=ENV), 0, "aaa.bbb.ccc\n")

    def test_credentials_file_is_refused_when_others_may_read_it(self):
        text = json.dumps({"client_id": "id2", "client_secret": "s2", "name": "more is ignored"})
        for mode in (0o640, 0o604, 0o660, 0o666, 0o610):
            path = self.write("c.json", text, mode)
            self.check(self.get("--credentials", path), 1, "", "chmod 600 it")
            self.assertEqual(self.server.requests, [])
        path = self.write("c.json", text, 0o600)
        self.check(self.get("--credentials", path), 0, "aaa.bbb.ccc\n")
        self.assertEqual(self.server.requests[1][3]["Authorization"],
                         "Basic " + base64.b64encode(b"id2:s2").decode())

    def test_bad_credentials_are_a_local_failure(self):
        for text, line in (("{}", "client_id and client_secret"), ("nonsense", "is not a JSON"),
                           ('{"client_id": "a", "client_secret": 1}', "is not a JSON"),
                           ("", "is empty")):
            self.check(self.get("--credentials", self.write("c.json", text)), 1, "", line)
        self.check(self.get("--credentials", self.dir + "/none"), 1, "", "No such file")
        for env in ({}, {"JETON_CLIENT_ID": "a"}, {"JETON_CLIENT_SECRET": "a"}):
            self.check(self.get(env=env), 1, "", "no credentials; set JETON_CLIENT_ID")

    def test_an_oauth_error_is_told_and_exits_2(self):
        self.server.script[("POST", "/oauth2/token")] = (
            400, {"error": "invalid_target", "error_description": "ask for a resource you hold"})
        self.check(self.get(), 2, "", "jeton: invalid_target: ask for a resource you hold\n")
        self.server.script[("POST", "/oauth2/token")] = (401, {"error": "invalid_client"})
        self.check(self.get(), 2, "", "jeton: invalid_client\n")
        self.server.script[("POST", "/oauth2/token")] = (503, b"busy")
        self.check(self.get(), 2, "", "answered 503 without an OAuth error")
        self.server.script[("POST", "/oauth2/token")] = (200, {"token": "x"})
        self.check(self.get(), 2, "", "without an access_token")

    def test_metadata_that_is_not_the_issuers_is_refused_before_the_secret_is_sent(self):
        cases = [
            (200, {**self.metadata, "issuer": "https://evil.example"}, 5,
             "names another issuer, 'https://evil.example'"),
            (200, {**self.metadata, "issuer": self.issuer + "/"}, 5, "names another issuer"),
            (200, {"issuer": self.issuer}, 5, "names no token_endpoint"),
            (200, {**self.metadata, "token_endpoint": "http://evil.example/t"}, 1,
             "the issuer's token_endpoint must be https, or http on loopback"),
            (404, {}, 5, "check --issuer"),
            (200, b"<html>", 5, "check --issuer"),
            (302, {}, 5, "check --issuer"),
        ]
        for status, answer, code, line in cases:
            with self.subTest(answer=answer):
                self.server.script[("GET", DISCOVERY)] = (status, answer)
                self.check(self.get(), code, "", line)
        self.assertEqual({method for method, *_ in self.server.requests}, {"GET"})

    def test_issuer_must_be_https_or_loopback(self):
        refused = ["http://id.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1",
                   "http://user@127.0.0.1", "http://127.0.0.1/?a=b", "http://127.0.0.1/#f",
                   "ftp://127.0.0.1", "id.example.com", "/path", "http://[::2]"]
        for issuer in refused:
            with self.subTest(issuer=issuer):
                result = run("token", "get", "--issuer", issuer, env=ENV)
                self.check(result, 1, "", "--issuer")
        for issuer in ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1",
                       "https://127.0.0.1:1"):
            with self.subTest(issuer=issuer):
                self.check(run("token", "get", "--issuer", issuer, env=ENV), 5, "", "cannot be")

    def test_help_names_the_environment_and_no_option_for_a_secret(self):
        result = run("token", "get", "--help")
        self.assertNotIn("--secret", result.out)
        self.assertIn("JETON_CLIENT_SECRET", result.out)


class Tls(IssuerCase):
    def setUp(self):
        super().setUp()
        self.pem = os.path.join(os.path.dirname(__file__), "loopback.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.issuer = self.issuer.replace("http:", "https:")
        self.server.script[("GET", DISCOVERY)] = (200, {
            "issuer": self.issuer, "token_endpoint": self.issuer + "/oauth2/token",
            "jwks_uri": self.issuer + "/jwks"})
        self.server.script[("GET", "/jwks")] = (200, TOKENS["jwks"])

    def verify(self, *args):
        return run("token", "verify", "--issuer", self.issuer, "--audience", PAYMENT, *args,
                   stdin=TOKENS["tokens"]["good"].encode())

    def test_get_trusts_the_authority_that_is_given_and_no_other(self):
        self.check(self.get("--ca-file", self.pem), 0, "aaa.bbb.ccc\n")
        self.server.requests.clear()
        self.check(self.get(), 5, "", "certificate")
        self.assertEqual(self.server.requests, [])

    def test_verify_trusts_the_authority_that_is_given_and_no_other(self):
        self.check(self.verify("--ca-file", self.pem), 2, None, "wrong_issuer")
        self.check(self.verify(), 5, "", "certificate")


class Inspect(Case):
    def test_header_claims_and_times_are_shown_and_nothing_is_vouched_for(self):
        result = run("token", "inspect", stdin=TOKENS["tokens"]["expired"].encode() + b"\n")
        self.check(result, 0, None, "nothing was verified")
        self.assertIn("  alg  ES256\n", result.out)
        self.assertRegex(result.out,
                         r"  exp        1700003600  2023-11-14T23:13:20Z \(\d+d ago\)\n")
        good = run("token", "inspect", "-", stdin=TOKENS["tokens"]["good"].encode())
        self.assertRegex(good.out, r"  exp        4102444800  2100-01-01T00:00:00Z \(in \d+d\)\n")

    def test_token_may_stand_in_a_file(self):
        path = self.write("token", "  " + TOKENS["tokens"]["good"] + "\r\n", 0o644)
        self.check(run("token", "inspect", path), 0, None, "nothing was verified")

    def test_json_output_says_that_it_is_not_verified(self):
        result = run("token", "inspect", "-o", "json", stdin=TOKENS["tokens"]["good"].encode())
        answer = json.loads(result.out)
        self.assertEqual((answer["header"]["typ"], answer["claims"]["iss"], answer["verified"]),
                         ("at+jwt", ISSUER, False))

    def test_hostile_claims_are_escaped(self):
        result = run("token", "inspect", stdin=TOKENS["tokens"]["hostile"].encode())
        self.assertIn("\\x1b[31mred\\u202e\\u009b\n", result.out)

    def test_what_is_no_token_is_refused(self):
        for text in ("a.b", "a.b.c.d", "!.!.!", "e30.bm8.x", "bm8.e30.x", "e30..x"):
            with self.subTest(text=text):
                result = run("token", "inspect", stdin=text.encode())
                self.assertEqual((result.code, result.out), (2, ""))
        self.check(run("token", "inspect", stdin=b"e30.e30.x"), 0, "header\nclaims\n",
                   "nothing was")

    def test_input_that_cannot_be_read_is_a_local_failure(self):
        self.check(run("token", "inspect", stdin=b" \n"), 1, "", "standard input is empty")
        self.check(run("token", "inspect", stdin=b"x" * 70000), 1, "", "File too large")
        self.check(run("token", "inspect", self.dir), 1, "", "Is a directory")
        self.check(run("token", "inspect", "/nonexistent"), 1, "", "cannot open /nonexistent")

    def test_a_token_as_argument_is_refused_and_not_repeated(self):
        result = run("token", "inspect", TOKENS["tokens"]["good"])
        self.check(result, 1, "", "shows in the process list")
        self.assertNotIn(TOKENS["tokens"]["good"][:40], result.err)


class Verify(Case):
    NAMES = ["form", "algorithm", "type", "key", "signature", "claims", "issuer", "audience",
             "time", "scope"]

    def setUp(self):
        super().setUp()
        self.jwks = self.write("jwks.json", json.dumps(TOKENS["jwks"]), 0o644)

    def verify(self, token, *args, issuer=ISSUER, audience=PAYMENT):
        return run("token", "verify", "--issuer", issuer, "--audience", audience, "--jwks",
                   self.jwks, *args, stdin=token.encode())

    def states(self, result):
        lines = [re.split(r"  +", line) for line in result.out.splitlines()]
        self.assertEqual([line[0] for line in lines], self.NAMES)
        return {line[0]: line[1] for line in lines}

    def test_an_acceptable_token_passes_every_check(self):
        for scopes in ([], ["--scope", "payments:read"],
                       ["--scope", "payments:read payments:write"],
                       ["--scope", "payments:read", "--scope=payments:write"]):
            result = self.verify(TOKENS["tokens"]["good"], *scopes)
            self.check(result, 0)
            self.assertEqual(set(self.states(result).values()), {"ok"})

    def test_each_cause_fails_its_check_and_those_after_it_are_not_reached(self):
        good = TOKENS["tokens"]["good"]
        head, payload, signature = good.split(".")
        flipped = ("B" if signature[10] != "B" else "C")
        changed = signature[:10] + flipped + signature[11:]
        none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        cases = [
            # token, check, status, further arguments
            ("a.b", "form", "malformed"),
            (head + "." + payload, "form", "malformed"),
            (good + "=", "form", "malformed"),
            (none + "." + payload + "." + signature, "algorithm", "alg_refused"),
            (TOKENS["tokens"]["type_jwt"], "type", "typ_refused"),
            (TOKENS["tokens"]["other_key"], "key", "unknown_key"),
            (".".join((head, payload, changed)), "signature", "bad_signature"),
            (TOKENS["tokens"]["claims_of_wrong_type"], "claims", "bad_claims"),
        ]
        for token, name, status in cases:
            with self.subTest(name=name, token=token[:20]):
                result = self.verify(token)
                self.check(result, 2, None, f"jeton: the token is refused ({status}); ")
                at = self.NAMES.index(name)
                self.assertEqual(list(self.states(result).values()),
                                 ["ok"] * at + ["failed"] + ["not reached"] * (9 - at))
        self.check(self.verify(TOKENS["tokens"]["type_jwt"], "--typ", "JWT"), 0)

    def test_claims_are_judged_beside_each_other_and_the_token_s_value_is_told(self):
        good = TOKENS["tokens"]["good"]
        cases = [
            (good, {"issuer": "https://other.example.com"}, "issuer", "wrong_issuer",
             "The token's iss is https://id.example.com"),
            (good, {"audience": "https://other.example.com"}, "audience", "wrong_audience",
             "The token's aud is " + PAYMENT),
            (TOKENS["tokens"]["expired"], {}, "time", "expired",
             "The token's exp is 2023-11-14T23:13:20Z"),
        ]
        for token, more, name, status, told in cases:
            with self.subTest(name=name):
                result = self.verify(token, **more)
                self.check(result, 2, None, f"({status})")
                self.assertIn(told, result.out)
                states = self.states(result)
                self.assertEqual({key for key in states if states[key] != "ok"}, {name})
        result = self.verify(good, "--scope", "payments:read payments:refund")
        self.check(result, 2, None, "(insufficient_scope)")
        self.assertIn("The token's scope is payments:read payments:write", result.out)
        several = self.verify(TOKENS["tokens"]["expired"], "--scope", "x", audience="https://o/")
        self.assertEqual([v for v in self.states(several).values()],
                         ["ok"] * 7 + ["failed"] * 3)

    def test_json_output_lists_the_checks(self):
        result = self.verify(TOKENS["tokens"]["expired"], "-o", "json")
        self.assertEqual(result.code, 2)
        answer = json.loads(result.out)
        self.assertEqual((answer["accepted"], answer["status"]), (False, "expired"))
        self.assertEqual([check["check"] for check in answer["checks"]], self.NAMES)
        self.assertEqual({check["check"]: check["result"] for check in answer["checks"]}["time"],
                         "failed")
        answer = json.loads(self.verify(TOKENS["tokens"]["good"], "-o", "json").out)
        self.assertEqual((answer["accepted"], answer["status"]), (True, "ok"))

    def test_a_key_set_that_cannot_be_used_is_a_local_failure(self):
        self.jwks = "/nonexistent"
        self.check(self.verify(TOKENS["tokens"]["good"]), 1, "", "/nonexistent")
        self.jwks = self.write("empty.json", '{"keys": []}')
        self.check(self.verify(TOKENS["tokens"]["good"]), 1, "", "empty.json")

    def test_too_many_scopes_are_refused(self):
        self.check(self.verify(TOKENS["tokens"]["good"], "--scope", "a " * 65), 1, "",
                   "--scope has more than 64 words")

    def test_empty_standard_input_is_refused(self):
        done = subprocess.run([JETON, "token", "verify", "--issuer", ISSUER, "--audience", PAYMENT,
                               "--jwks", self.jwks, "-"], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=20, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, b""))


class VerifyFetched(IssuerCase):
    def verify(self, issuer):
        return run("token", "verify", "--issuer", issuer, "--audience", PAYMENT,
                   stdin=TOKENS["tokens"]["good"].encode())

    def test_keys_are_discovered_and_fetched(self):
        self.server.script[("GET", "/jwks")] = (200, TOKENS["jwks"])
        result = self.verify(self.issuer)
        # the token is of another issuer: that its signature stands shows that the keys came
        self.check(result, 2, None, "wrong_issuer")
        self.assertRegex(result.out, r"(?m)^signature +ok$")

    def test_keys_that_cannot_be_fetched_exit_5(self):
        self.check(self.verify("http://127.0.0.1:1"), 5, "", "keys cannot be fetched")
        self.check(self.verify(self.issuer), 5, "", "keys cannot be fetched")
        self.server.script[("GET", "/jwks")] = (200, {"keys": []})
        self.check(self.verify(self.issuer), 5, "", "keys cannot be fetched")

    def test_http_beyond_loopback_is_refused(self):
        self.check(self.verify("http://id.example.com"), 1, "", "--issuer must be https")


if __name__ == "__main__":
    unittest.main()
