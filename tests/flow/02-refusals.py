# SPDX-License-Identifier: Apache-2.0
"""What is refused at the token endpoint: each with its exact status, error code and headers, beside
the same request with only that cause repaired, answered 200."""

import base64
import re
import shutil
import tempfile
import unittest

from harness import (FORM, PAYMENT, Case, DevCase, basic, segment, start_serve,
                     write_config)

DESCRIPTION = re.compile(r"\A[\x20-\x21\x23-\x5B\x5D-\x7E]+\Z")  # RFC 6749 sec. 5.2
GRANT = "grant_type=client_credentials"


def b64(text):
    data = text if isinstance(text, bytes) else text.encode("latin-1")
    return base64.b64encode(data).decode()


class RefusalCase(Case):
    def check_refused(self, answer, status, code, challenged=False):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.header("Content-Type"), "application/json")
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        self.assertEqual(answer.header("Pragma"), "no-cache")
        said = answer.json()
        self.assertEqual(set(said), {"error", "error_description"})
        self.assertEqual(said["error"], code, answer)
        self.assertRegex(said["error_description"], DESCRIPTION)
        challenge = answer.header("WWW-Authenticate")
        if challenged:
            self.assertRegex(challenge, r'\ABasic realm="[^"]+"')
        else:
            self.assertIsNone(challenge, answer)
        self.assertEqual(answer.header("Allow") is not None, status == 405)

    def check_pairs(self, rows):
        for title, refused, want, repaired in rows:
            with self.subTest(title):
                self.check_refused(self.issuer.post(**refused), *want)
                answer = self.issuer.post(**repaired)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(answer.json()["token_type"], "Bearer")


class Refusals(DevCase, RefusalCase):
    def post_body(self, *more):
        return "&".join((GRANT, f"client_id={self.issuer.client_id}",
                         f"client_secret={self.issuer.client_secret}", *more))

    def auth(self, **more):
        return {"Authorization": basic(self.issuer.client_id, self.issuer.client_secret), **more}

    # --- what is not an OAuth request ---

    def test_methods(self):
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
            with self.subTest(method):
                answer = self.issuer.get("/oauth2/token", method)
                self.assertEqual(answer.status, 405)
                self.assertEqual(answer.header("Allow"), "POST")
                if method != "HEAD":
                    self.check_refused(answer, 405, "invalid_request")
        self.assertEqual(self.issuer.post(self.post_body()).status, 200)

    def test_media_type(self):
        right = {"body": self.post_body()}
        wrong = (415, "invalid_request")
        self.check_pairs([
            (repr(kind), {"body": self.post_body(), "headers": {"Content-Type": kind}}, wrong, right)
            for kind in (None, "application/json", "text/plain", "multipart/form-data; boundary=x",
                         FORM + "-x", FORM + "; charset=ISO-8859-1", FORM + "; charset=utf-16")])
        for kind in (FORM.upper(), FORM + ";charset=UTF-8", FORM + ' ; charset="utf-8"'):
            answer = self.issuer.post(self.post_body(), {"Content-Type": kind})
            self.assertEqual(answer.status, 200, (kind, answer))

    def test_content_encoding(self):
        self.check_pairs([
            (coding, {"body": self.post_body(), "headers": {"Content-Encoding": coding}},
             (415, "invalid_request"),
             {"body": self.post_body(), "headers": {"Content-Encoding": "identity"}})
            for coding in ("gzip", "deflate", "br", "x")])

    def test_body_too_large(self):
        limit = 16 * 1024
        room = limit - len(self.post_body("x="))
        answer = self.issuer.post(self.post_body("x=" + "y" * room))
        self.assertEqual(answer.status, 200, answer)
        answer = self.issuer.post(self.post_body("x=" + "y" * (room + 1)))
        self.check_refused(answer, 413, "invalid_request")
        self.assertEqual(answer.header("Connection"), "close")

    def test_body_too_large_in_chunks(self):
        head = (f"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
                "Transfer-Encoding: chunked\r\n\r\n").encode()

        def chunked(body):
            return self.issuer.raw(head, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        self.check_refused(chunked(b"x" * 20000), 413, "invalid_request")
        self.assertEqual(chunked(self.post_body().encode()).status, 200)

    def test_path(self):
        for path in ("/oauth2/token/", "/oauth2/Token", "/", "/oauth2", "//oauth2/token",
                     "/oauth2/%74oken"):
            answer = self.issuer.post(self.post_body(), path=path)
            self.assertEqual(answer.status, 404, (path, answer))

    # --- parameters ---

    def test_grant_type(self):
        rows = [
            ("missing", "grant_type=", "invalid_request"),
            ("left out", "x=1", "invalid_request"),
            ("unknown", "grant_type=password", "unsupported_grant_type"),
            ("code", "grant_type=authorization_code", "unsupported_grant_type"),
            ("case", "grant_type=Client_Credentials", "unsupported_grant_type"),
            ("space", "grant_type=client_credentials+", "unsupported_grant_type"),
        ]
        self.check_pairs([
            (title, {"body": body, "headers": self.auth()}, (400, code),
             {"body": GRANT, "headers": self.auth()}) for title, body, code in rows])

    def test_repeated_parameters(self):
        twice = {
            "grant_type": GRANT, "scope": "scope=payments:read", "audience": f"audience={PAYMENT}",
            "client_id": f"client_id={self.issuer.client_id}",
            "client_secret": f"client_secret={self.issuer.client_secret}",
        }
        for name, pair in twice.items():
            with self.subTest(name):
                extra = [] if pair in self.post_body().split("&") else [pair]
                refused = self.issuer.post(self.post_body(*extra, pair))
                self.check_refused(refused, 400, "invalid_request")
                self.assertIn(name, refused.json()["error_description"])
                answer = self.issuer.post(self.post_body(*extra))
                self.assertEqual(answer.status, 200, answer)
        # `resource` may stand several times (RFC 8707): another refusal, of another code
        answer = self.issuer.post(self.post_body(f"resource={PAYMENT}",
                                                 "resource=https://other.example.com"))
        self.check_refused(answer, 400, "invalid_target")
        # what is not known is ignored, however often
        self.assertEqual(self.issuer.post(self.post_body("a=1", "a=2")).status, 200)

    def test_empty_counts_as_omitted(self):
        for extra in ("scope=", "resource=", "audience=", "scope=&scope=", "scope",
                      "scope=&scope=payments:read", "client_assertion=", "&&", "=", "=x"):
            answer = self.issuer.post(self.post_body(extra))
            self.assertEqual(answer.status, 200, (extra, answer))

    def test_encoding(self):
        rows = [("x=%", "x=%25"), ("x=%4", "x=%41"), ("x=%zz", "x=%7a"), ("%=x", "%25=x"),
                ("x=%00", "x=%01"), ("x=%FF", "x=%C3%BF"), ("x=%C3", "x=%C3%A9"),
                ("x=%C0%80", "x=%C2%80"), ("x=%ED%A0%80", "x=%EE%80%80"),
                ("x=%F4%90%80%80", "x=%F4%8F%BF%BF"), ("scope=%00", "scope=payments%3Aread")]
        self.check_pairs([
            (bad, {"body": self.post_body(bad)}, (400, "invalid_request"),
             {"body": self.post_body(good)}) for bad, good in rows])
        raw = [(b"&x=\0", b"&x="), (b"&x=\xff", b"&x=\xc3\xbf"), (b"&x=\xc3", b"&x=\xc3\xa9"),
               (b"\0", b"")]
        start = self.post_body().encode()
        self.check_pairs([
            (repr(bad), {"body": start + bad}, (400, "invalid_request"), {"body": start + good})
            for bad, good in raw])

    def test_too_many_parameters(self):
        some = [f"x{i}=1" for i in range(61)]
        self.assertEqual(self.issuer.post(self.post_body(*some)).status, 200)
        self.check_refused(self.issuer.post(self.post_body(*some, "y=1")), 400, "invalid_request")

    def test_query_string(self):
        rows = [("/oauth2/token?" + GRANT, (400, "invalid_request")),
                ("/oauth2/token?x=1", (400, "invalid_request")),
                ("/oauth2/token?client_secret=x", (400, "invalid_request"))]
        self.check_pairs([
            (path, {"body": self.post_body(), "path": path}, want,
             {"body": self.post_body(), "path": "/oauth2/token?"}) for path, want in rows])

    def test_resource_and_audience_differ(self):
        self.check_pairs([(
            "differ", {"body": self.post_body(f"resource={PAYMENT}", "audience=https://x")},
            (400, "invalid_target"),
            {"body": self.post_body(f"resource={PAYMENT}", f"audience={PAYMENT}")})])

    # --- authentication ---

    def test_malformed_basic(self):
        name, secret = self.issuer.client_id, self.issuer.client_secret
        right = basic(name, secret)
        rows = [
            "Basic", "Basic ", "Basic=" + b64(f"{name}:{secret}"), b64(f"{name}:{secret}"),
            "Basic !!!!", right + "!", right[:20] + " " + right[20:], "Basic " + b64(name),
            "Basic " + b64(f"{name}:"), "Basic " + b64(f":{secret}"), "Basic " + b64(":"),
            "Basic " + b64(f"{name}:{secret}%"), "Basic " + b64(f"{name}:%zz"),
            "Basic " + b64(f"{name}:\xff"), "Basic " + b64(f"{name}:%00{secret}"),
            "Basic " + b64(f"{name}:\0{secret}"), "Basic " + "A" * 2000,
            "Bearer " + b64(f"{name}:{secret}"), "Digest username=x", right + ", " + right,
            # the right ones, in the alphabet of URLs or with the padding changed
            "Basic " + b64(f"{name}:{secret}").rstrip("=") + "====",
        ]
        self.check_pairs([
            (header, {"body": GRANT, "headers": {"Authorization": header}},
             (401, "invalid_client", True), {"body": GRANT, "headers": {"Authorization": right}})
            for header in rows])
        lower = "basic" + right[5:]
        self.assertEqual(self.issuer.post(GRANT, {"Authorization": lower}).status, 200)

    def test_wrong_credentials_by_header_are_challenged(self):
        name, secret = self.issuer.client_id, self.issuer.client_secret
        other = "A" if secret[20] != "A" else "B"
        rows = [(name, secret[:20] + other + secret[21:]), (name, secret[:-1]), (name, secret + "0"),
                ("nobody", secret), (name.lower(), secret), (name, secret.swapcase()),
                ("cart-service", secret)]  # a name is not an id
        self.check_pairs([
            (f"{a} {b}", {"body": GRANT, "headers": {"Authorization": basic(a, b)}},
             (401, "invalid_client", True), {"body": GRANT, "headers": self.auth()})
            for a, b in rows])

    def test_wrong_credentials_in_the_body_are_not_challenged(self):
        name, secret = self.issuer.client_id, self.issuer.client_secret
        rows = [f"{GRANT}", f"{GRANT}&client_id={name}", f"{GRANT}&client_secret={secret}",
                f"{GRANT}&client_id={name}&client_secret=x",
                f"{GRANT}&client_id=nobody&client_secret={secret}",
                f"{GRANT}&client_id=&client_secret={secret}"]
        self.check_pairs([(body, {"body": body}, (400, "invalid_client"),
                           {"body": self.post_body()}) for body in rows])

    def test_unknown_client_and_wrong_secret_get_the_same_answer(self):
        name, secret = self.issuer.client_id, self.issuer.client_secret
        unknown = self.issuer.post(GRANT, {"Authorization": basic("jtc" + "0" * 20, secret)})
        wrong = self.issuer.post(GRANT, {"Authorization": basic(name, "jts" + "0" * 49)})
        self.assertEqual(unknown.status, wrong.status)
        self.assertEqual(unknown.body, wrong.body)
        self.assertEqual({n for n, _ in unknown.headers}, {n for n, _ in wrong.headers})

    def test_two_ways_of_authentication(self):
        name, secret = self.issuer.client_id, self.issuer.client_secret
        rows = [f"{GRANT}&client_secret={secret}", self.post_body(),
                f"{GRANT}&client_id=other", f"{GRANT}&client_id={name}x",
                f"{GRANT}&client_id=nobody&client_secret=x"]
        self.check_pairs([
            (body, {"body": body, "headers": self.auth()}, (400, "invalid_request"),
             {"body": f"{GRANT}&client_id={name}", "headers": self.auth()}) for body in rows])

    def test_client_assertion_is_not_a_way(self):
        body = self.post_body("client_assertion=x", "client_assertion_type=y")
        self.check_refused(self.issuer.post(body), 400, "invalid_client")

    def test_repeated_authorization_header(self):
        right = basic(self.issuer.client_id, self.issuer.client_secret)

        def send(lines):
            body = GRANT.encode()
            head = (f"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
                    f"Content-Length: {len(body)}\r\n{lines}\r\n")
            return self.issuer.raw(head.encode() + body)
        once = f"Authorization: {right}\r\n"
        self.assertEqual(send(once).status, 200)
        self.assertEqual(send(once + once).status, 400)

    def test_disabled_client_is_refused_like_an_unknown_one(self):
        client = self.create_client("off", PAYMENT, enabled=False)
        answer = self.issuer.token(client)
        self.check_refused(answer, 401, "invalid_client", True)
        self.issuer.admin("PATCH", "/clients/off", {"enabled": True})
        self.assertEqual(self.issuer.token(client).status, 200)

    # --- the decision ---

    def test_decision_refusals(self):
        rows = [("resource=https://nowhere.example.com", "invalid_target"),
                ("resource=payment", "invalid_target"),
                ("resource=" + segment(PAYMENT + "#x"), "invalid_target"),
                ("&".join(f"resource=https://{i}" for i in range(20)), "invalid_target"),
                ("scope=nothing", "invalid_scope"), ("scope=%22", "invalid_scope"),
                ("scope=%C3%A9", "invalid_scope")]
        self.check_pairs([
            (extra, {"body": self.post_body(extra)}, (400, code),
             {"body": self.post_body(f"resource={segment(PAYMENT)}", "scope=payments:read")})
            for extra, code in rows])


class Query(RefusalCase):
    """With http.query_parameters: allow."""

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="jeton-flow-")
        cls.issuer = start_serve(write_config(cls.home, http={"query_parameters": "allow"}))
        cls.issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r", "w"]})
        made = cls.issuer.admin("POST", "/clients", {"name": "cart",
                                                     "grants": [PAYMENT + "#r", PAYMENT + "#w"]})
        cls.issuer.client_id = made.json()["client_id"]
        cls.issuer.client_secret = made.json()["client_secret"]

    @classmethod
    def tearDownClass(cls):
        assert cls.issuer.daemon.stop() == 0, cls.issuer.daemon.log()
        shutil.rmtree(cls.home)

    def test_allowed_but_for_secrets(self):
        auth = {"Authorization": basic(self.issuer.client_id, self.issuer.client_secret)}
        path = f"/oauth2/token?{GRANT}&scope=r&resource={segment(PAYMENT)}"
        answer = self.issuer.post("", auth, path=path)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json()["scope"], "r")
        secret, name = self.issuer.client_secret, self.issuer.client_id
        both = f"client_id={name}&client_secret={secret}"
        rows = [
            (f"?client_secret={secret}", f"{GRANT}&client_id={name}"),
            (f"?client_id={name}", f"{GRANT}&client_secret={secret}"),
            (f"?{both}", GRANT),
            ("?client_assertion=x", f"{GRANT}&{both}"),
            (f"?{GRANT}", f"{GRANT}&{both}"),       # here and there is twice
            ("?scope=r&scope=w", f"{GRANT}&{both}"),
            ("?scope=%", f"{GRANT}&{both}"),
            ("?scope=%00", f"{GRANT}&{both}"),
        ]
        self.check_pairs([
            (query, {"body": body, "path": "/oauth2/token" + query}, (400, "invalid_request"),
             {"body": both, "path": f"/oauth2/token?{GRANT}"}) for query, body in rows])


if __name__ == "__main__":
    unittest.main()
