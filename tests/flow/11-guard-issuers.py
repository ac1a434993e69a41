# SPDX-License-Identifier: Apache-2.0
"""The sidecar with several issuers and several audiences, its figures by issuer, and a start without the
network."""

import base64
import json
import os
import signal
import unittest

from guard_harness import start_guard, write_guard_config
from harness import PAYMENT, Case, start_dev

SHOP = "https://shop.example.com/api"


class Issuers(Case):
    def setUp(self):
        super().setUp()
        self.first = self.run_daemon(start_dev())
        self.second = self.run_daemon(start_dev())

    def guard_of(self, rules, issuers=None, **more):
        whole = {"listen": "127.0.0.1:0", "ops": {"listen": "127.0.0.1:0"}, "wait": "10s",
                 "issuers": issuers or [{"issuer": self.first.url}, {"issuer": self.second.url}],
                 "rules": rules, **more}
        guard = start_guard(self.dir, whole)
        self.addCleanup(self.stop_guard, guard)
        return guard

    def stop_guard(self, guard):
        self.assertEqual(guard.daemon.stop(), 0, guard.daemon.log())

    def token(self, issuer, resource=PAYMENT):
        answer = issuer.token(resource=resource)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["access_token"]

    def grant_shop(self, issuer):
        """A second API at `issuer`; its one client may call it."""
        made = issuer.admin("POST", "/resources", {"identifier": SHOP, "scopes": ["shop:read"]})
        self.assertEqual(made.status, 201, made)
        made = issuer.admin("POST", "/clients", {"name": "shopper",
                                                 "grants": [SHOP + "#shop:read",
                                                            PAYMENT + "#payments:read"]})
        self.assertEqual(made.status, 201, made)
        issuer.client_id, issuer.client_secret = (made.json()["client_id"],
                                                  made.json()["client_secret"])

    def test_rule_takes_tokens_of_its_issuer_alone(self):
        guard = self.guard_of([{"path": "/any", "audience": PAYMENT},
                               {"path": "/first", "audience": PAYMENT, "issuer": self.first.url},
                               {"path": "/scoped", "audience": PAYMENT, "issuer": self.first.url,
                                "all_of": ["refunds:write"]},
                               {"path": "/second", "audience": PAYMENT,
                                "issuer": self.second.url}])
        tokens = {"first": self.token(self.first), "second": self.token(self.second)}
        for name, token in tokens.items():
            answer = guard.authorize("/any", token=token)
            self.assertEqual(answer.status, 200, guard.daemon.log())
            self.assertEqual(answer.header("X-Auth-Issuer"), getattr(self, name).url)
            for path in tokens:
                answer = guard.authorize("/" + path, token=token)
                self.assertEqual(answer.status, 200 if path == name else 401)
        # a missing scope is told to who is of the right issuer only
        self.assertEqual(guard.authorize("/scoped", token=tokens["first"]).status, 403)
        self.assertEqual(guard.authorize("/scoped", token=tokens["second"]).status, 401)

    def test_token_of_another_issuer_without_keys_is_401(self):
        """Such a token need not be signed: a 503 would be anybody's to cause."""
        away = "http://127.0.0.1:1"
        guard = self.guard_of([{"path": "/first", "audience": PAYMENT, "issuer": self.first.url},
                               {"path": "/away", "audience": PAYMENT, "issuer": away}],
                              [{"issuer": self.first.url, "jwks_file": self.save_keys(self.first)},
                               {"issuer": away}], wait="0s")
        parts = [{"alg": "ES256", "typ": "at+jwt", "kid": "x"},
                 {"iss": away, "aud": PAYMENT, "exp": 4102444800}]
        forged = ".".join([base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
                           for part in parts] + ["A" * 86])
        self.assertEqual(guard.authorize("/first", token=forged).status, 401)
        self.assertEqual(guard.authorize("/away", token=forged).status, 503)
        self.assertEqual(guard.authorize("/first", token=self.token(self.first)).status, 200)

    def test_reload_keeps_the_keys_of_each_issuer(self):
        """That one issuer has no keys is no reason to lose those of another."""
        path = self.save_keys(self.first)
        one = {"issuer": self.first.url}
        issuers = [{**one, "jwks_file": path}, {"issuer": "http://127.0.0.1:1"}]
        rules = [{"path": "/", "audience": PAYMENT}]
        guard = self.guard_of(rules, issuers, wait="0s")
        token = self.token(self.first)
        without = [{**one, "jwks_uri": "http://127.0.0.1:1/jwks"}, issuers[1]]
        for changed, event in ((without, "config.refuse"), (issuers, "config.load"),
                               (issuers[:1], "config.load")):
            mark = guard.daemon.mark()
            write_guard_config(self.dir, {"listen": "127.0.0.1:0", "ops": {"listen": "127.0.0.1:0"},
                                          "wait": "0s", "issuers": changed, "rules": rules})
            guard.daemon.process.send_signal(signal.SIGHUP)
            said = guard.daemon.wait_log("ev=config", since=mark)
            self.assertIn("ev=" + event, said)
            if event == "config.refuse":
                self.assertIn(f"keys are missing of {self.first.url}", said)
            self.assertEqual(guard.authorize("/", token=token).status, 200)

    def test_rule_takes_tokens_for_its_audience_alone(self):
        self.grant_shop(self.first)
        guard = self.guard_of([{"path": "/payments", "audience": PAYMENT},
                               {"path": "/shop", "audience": SHOP}])
        payment, shop = self.token(self.first), self.token(self.first, SHOP)
        for path, token, status in (("/payments", payment, 200), ("/payments", shop, 401),
                                    ("/shop", shop, 200), ("/shop", payment, 401)):
            answer = guard.authorize(path, token=token)
            self.assertEqual(answer.status, status, (path, guard.daemon.log()))
            if status == 200:
                self.assertEqual(answer.header("X-Auth-Audience"),
                                 PAYMENT if token == payment else SHOP)

    def figures(self, guard):
        """{(name, issuer, outcome): value}"""
        found = {}
        for line in guard.ops("/metrics").body.decode().splitlines():
            if line.startswith("#") or "issuer=" not in line:
                continue
            name, _, rest = line.partition("{")
            labels, _, value = rest.rpartition("} ")
            pairs = dict(label.split("=", 1) for label in labels.split(","))
            found[name, pairs["issuer"].strip('"'),
                  pairs.get("outcome", "").strip('"')] = int(value)
        return found

    def test_figures_by_issuer(self):
        guard = self.guard_of([{"path": "/", "audience": PAYMENT}], cache_tokens=100,
                              http={"threads": 1})
        token = self.token(self.first)
        for _ in range(3):
            self.assertEqual(guard.authorize("/", token=token).status, 200)
        self.assertEqual(guard.authorize("/", token=self.token(self.second)).status, 200)
        self.assertEqual(guard.authorize("/", token="x").status, 401)
        forged = token[:-8] + ("AAAAAAAA" if token[-8:] != "AAAAAAAA" else "BBBBBBBB")
        self.assertEqual(guard.authorize("/", token=forged).status, 401)
        got = self.figures(guard)
        decisions = "jeton_guard_decisions_total"
        self.assertEqual(got[decisions, self.first.url, "ok"], 3)
        self.assertEqual(got[decisions, self.second.url, "ok"], 1)
        self.assertEqual(got[decisions, self.first.url, "bad_signature"], 1)
        self.assertEqual(got[decisions, "", "malformed"], 1)
        for issuer in (self.first.url, self.second.url):
            self.assertEqual(got["jeton_guard_keys", issuer, ""], 2)
            self.assertEqual(got["jeton_guard_keys_stale", issuer, ""], 0)
            self.assertGreaterEqual(got["jeton_guard_keys_age_seconds", issuer, ""], 0)
            self.assertGreater(got["jeton_guard_keys_fresh_seconds", issuer, ""], 0)
            self.assertGreaterEqual(got["jeton_guard_fetches_total", issuer, ""], 1)
            self.assertEqual(got["jeton_guard_fetch_failures_total", issuer, ""], 0)
            self.assertEqual(got["jeton_guard_key_sets_total", issuer, ""], 1)
        self.assertEqual(got["jeton_guard_cache_hits_total", self.first.url, ""], 2)
        self.assertEqual(got["jeton_guard_cache_hits_total", self.second.url, ""], 0)

    def test_issuer_without_keys_is_named(self):
        away = "http://127.0.0.1:1"
        guard = self.guard_of([{"path": "/", "audience": PAYMENT}], wait="0s",
                              issuers=[{"issuer": self.first.url,
                                        "jwks_file": self.save_keys(self.first)},
                                       {"issuer": away}])
        ready = guard.ops("/readyz")
        self.assertEqual((ready.status, ready.body),
                         (503, f"keys are missing\nno keys of {away}\n".encode()))
        self.assertEqual(guard.authorize("/", token=self.token(self.first)).status, 200)

    def save_keys(self, issuer):
        path = os.path.join(self.dir, "jwks.json")
        with open(path, "wb") as out:
            out.write(issuer.get("/.well-known/jwks.json").body)
        return path

    def test_cached_keys_start_without_the_issuer(self):
        issuer = start_dev()
        self.addCleanup(issuer.daemon.stop)  # again, when it was stopped, is harmless
        token = self.token(issuer)
        cache = os.path.join(self.dir, "cache.json")
        one = [{"issuer": issuer.url, "jwks_cache": cache}]
        rules = [{"path": "/", "audience": PAYMENT}]
        guard = self.guard_of(rules, one)
        self.assertEqual(guard.authorize("/", token=token).status, 200)
        self.stop_guard(guard)
        with open(cache, encoding="utf-8") as text:
            self.assertTrue(json.load(text))
        self.stop(issuer)
        guard = self.guard_of(rules, one, wait="0s")
        self.assertEqual(guard.authorize("/", token=token).status, 200)
        # and so does a reload
        mark = guard.daemon.mark()
        rules = rules + [{"path": "/public", "public": True}]
        write_guard_config(self.dir, {"listen": "127.0.0.1:0", "ops": {"listen": "127.0.0.1:0"},
                                      "wait": "0s", "issuers": one, "rules": rules})
        guard.daemon.process.send_signal(signal.SIGHUP)
        guard.daemon.wait_log("ev=config.load", since=mark)
        self.assertEqual(guard.authorize("/public").status, 200)

    def test_events_of_key_sets_are_logged(self):
        guard = self.guard_of([{"path": "/", "audience": PAYMENT}])
        for issuer in (self.first, self.second):
            guard.daemon.wait_log("ev=keyset.change", f"issuer={issuer.url} ", "keys=2 ")
        guard = self.guard_of([{"path": "/", "audience": PAYMENT}], wait="1s",
                              issuers=[{"issuer": "http://127.0.0.1:1"}])
        guard.daemon.wait_log("ev=keyset.fetch_fail", "issuer=http://127.0.0.1:1 ")


if __name__ == "__main__":
    unittest.main()
