# SPDX-License-Identifier: Apache-2.0
"""The command line against a daemon that runs: every verb does what it says, and the examples of
its man page work when they are followed in order."""

import json
import os
import re
import subprocess
import unittest

from command_line import (DONE, NOT_FOUND, READ, REFUSED, WRITE, WRONG_USE, CommandLineCase,
                          VerbCase)
from harness import DEADLINE_S, JETON, PAYMENT, decode, jeton

MAN_PAGE = os.path.join(os.path.dirname(__file__), "../../docs/jeton.1.scd")
RESOURCE = {"identifier", "scopes", "lifetime_s", "alg", "typ", "claims", "shared", "owner",
            "labels"}
ROLE = {"name", "grants", "owner", "labels"}
CLIENT = {"client_id", "name", "enabled", "scope_policy", "default_resource", "roles",
          "subscriptions", "grants", "secrets", "owner", "labels"}
SECRET = {"id", "name", "created_s", "expires_s", "last_used_s"}
KEY = {"kid", "alg", "state", "published_at_s", "sign_from_s", "sign_until_s", "drop_at_s",
       "dropped_at_s", "revoked_at_s", "longest_s", "witness", "unexpired_tokens"}


class Verbs(VerbCase):
    """Resources, roles, clients, keys and tokens; the rest is in 13-command-line.py."""

    # --- resources ---

    def test_resource_create(self):
        made = self.do_json("urn:made", "--scope", "a", "--scope", "b", "--lifetime", "15m")
        self.assertEqual(set(made), RESOURCE)
        self.assertEqual((made["scopes"], made["lifetime_s"]), (["a", "b"], 900))
        self.do("urn:made", code=REFUSED)
        self.do("not a URI", code=REFUSED)
        self.do(code=WRONG_USE)

    def test_resource_list(self):
        self.assertIn(PAYMENT, self.do())
        for item in self.do_json():
            self.assertEqual(set(item), RESOURCE)

    def test_resource_show(self):
        self.assertEqual(self.do_json(PAYMENT)["scopes"], ["payments:read", "payments:write"])
        self.assertRegex(self.do(PAYMENT), r"(?m)^lifetime +1h$")
        self.do("urn:none", code=NOT_FOUND)

    def test_resource_update(self):
        self.jeton("resource", "create", "urn:changed", "--scope", "a")
        changed = self.do_json("urn:changed", "--lifetime", "1m", "--shared")
        self.assertEqual((changed["lifetime_s"], changed["shared"], changed["scopes"]),
                         (60, True, ["a"]))
        self.assertEqual(self.do_json("urn:changed", "--reset", "lifetime")["lifetime_s"], 3600)
        self.do("urn:changed", code=WRONG_USE)
        self.do("urn:changed", "--alg", "HS256", code=REFUSED)
        self.do("urn:none", "--shared", code=NOT_FOUND)

    def test_resource_delete(self):
        self.jeton("resource", "create", "urn:short")
        self.do("urn:short", code=WRONG_USE)  # no terminal to ask on
        self.do("urn:short", "--yes")
        self.do("urn:short", "--yes", code=NOT_FOUND)
        self.do(PAYMENT, "--yes", code=REFUSED)  # in use

    # --- roles ---

    def test_role_create(self):
        self.assertEqual(self.do_json("reader", "--grant", READ),
                         {"name": "reader", "grants": [READ], "owner": None, "labels": {}})
        self.do("reader", code=REFUSED)

    def test_role_list(self):
        self.assertEqual(self.jeton("role", "create", "listed").split(),
                         ["name", "listed", "grants", "-", "owner", "-", "labels", "-"])
        self.assertIn("listed", self.do())
        for item in self.do_json():
            self.assertEqual(set(item), ROLE)

    def test_role_show(self):
        self.jeton("role", "create", "shown", "--grant", READ)
        self.assertEqual(self.do_json("shown"), {"name": "shown", "grants": [READ],
                                                 "owner": None, "labels": {}})
        self.do("nobody", code=NOT_FOUND)

    def test_role_update(self):
        self.jeton("role", "create", "turned", "--grant", READ)
        client = self.make_client("of-turned", "--role", "turned")
        self.get(client, "--scope", "payments:read")
        self.assertEqual(self.do_json("turned", "--grant", WRITE)["grants"], [WRITE])
        self.assertEqual(decode(self.get(client))[1]["scope"], "payments:write")
        self.do("turned", "--reset", "grant")
        self.get(client, code=REFUSED)
        self.do("nobody", "--grant", READ, code=NOT_FOUND)

    def test_role_delete(self):
        self.jeton("role", "create", "held")
        self.make_client("holder", "--role", "held")
        self.do("held", "--yes", code=REFUSED)
        self.jeton("client", "update", "holder", "--reset", "role")
        self.do("held", "--yes")
        self.do("held", "--yes", code=NOT_FOUND)

    # --- clients ---

    def test_client_create(self):
        made = self.do_json("made", "--grant", READ, "--secret-lifetime", "90d")
        self.assertEqual(set(made), CLIENT | {"client_secret"})
        self.get(made)
        self.assertNotIn("client_secret", self.json("client", "show", "made"))
        self.do("made", code=REFUSED)
        self.do("of-none", "--role", "none", code=REFUSED)

    def test_client_list(self):
        self.assertIn(self.issuer.client_id, self.do())
        for item in self.do_json():
            self.assertEqual(set(item), CLIENT)

    def test_client_show(self):
        shown = self.do_json(self.issuer.client_id)
        self.assertEqual(set(shown), CLIENT)
        self.assertEqual(self.do_json(shown["name"]), shown)
        self.do("nobody", code=NOT_FOUND)
        done = jeton("--socket", self.issuer.socket, "client", "show", "nobody")
        self.assertEqual(done.stderr.decode(), "jeton: there is no client 'nobody'; jeton client "
                                               "list shows those there are\n")

    def test_client_update(self):
        client = self.make_client("switched", "--grant", READ)
        self.assertFalse(self.do_json("switched", "--disable")["enabled"])
        self.get(client, code=REFUSED)
        self.do("switched", "--enable", "--name", "renamed")
        self.get(client)
        self.do("switched", "--enable", code=NOT_FOUND)
        self.do("renamed", "--scope-policy", "lax", code=WRONG_USE)

    def test_client_delete(self):
        client = self.make_client("gone", "--grant", READ)
        self.get(client)
        self.do("gone", "--yes")
        self.get(client, code=REFUSED)
        self.do("gone", "--yes", code=NOT_FOUND)

    def test_client_grant(self):
        client = self.make_client("granted")
        self.get(client, code=REFUSED)
        self.assertEqual(self.do_json("granted", READ, WRITE)["grants"], [READ, WRITE])
        self.assertEqual(decode(self.get(client))[1]["scope"], "payments:read payments:write")
        self.do("granted", PAYMENT + "#none", code=REFUSED)
        self.do("nobody", READ, code=NOT_FOUND)

    def test_client_ungrant(self):
        client = self.make_client("ungranted", "--grant", READ, "--grant", WRITE)
        self.assertEqual(self.do_json("ungranted", WRITE)["grants"], [READ])
        self.assertEqual(decode(self.get(client))[1]["scope"], "payments:read")
        self.do("ungranted", WRITE, code=NOT_FOUND)
        self.do("ungranted", READ)
        self.get(client, code=REFUSED)

    def test_client_secret_add(self):
        client = self.make_client("two-secrets", "--grant", READ)
        added = self.do_json("two-secrets", "--name", "second", "--lifetime", "90d")
        self.assertEqual(set(added), SECRET - {"last_used_s"} | {"client_secret"})
        self.assertEqual(added["expires_s"] - added["created_s"], 90 * 86400)
        for secret in (client["client_secret"], added["client_secret"]):
            self.get({**client, "client_secret": secret})
        self.get({**client, "client_secret": added["client_secret"][:-1]}, code=REFUSED)
        self.do("nobody", code=NOT_FOUND)

    def test_client_secret_list(self):
        self.make_client("listed-secrets", "--secret-name", "first")
        self.jeton("client", "secret", "add", "listed-secrets", "--name", "second")
        listed = self.do_json("listed-secrets")
        self.assertEqual([item["name"] for item in listed], ["first", "second"])
        self.assertEqual([set(item) for item in listed], [SECRET, SECRET])
        self.do("nobody", code=NOT_FOUND)

    def test_client_secret_revoke(self):
        old = self.make_client("turned-over", "--grant", READ)
        added = self.json("client", "secret", "add", "turned-over")
        new = {**old, "client_secret": added["client_secret"]}
        first = self.json("client", "secret", "list", "turned-over")[0]["id"]
        self.do("turned-over", first, code=WRONG_USE)  # no terminal to ask on
        self.get(old)
        self.do("turned-over", first, "--yes")
        self.get(old, code=REFUSED)
        self.get(new)
        self.do("turned-over", first, "--yes", code=NOT_FOUND)

    # --- keys ---

    def test_key_list(self):
        listed = self.do_json()
        self.assertIsInstance(listed, list)
        for key in listed:
            self.assertEqual(set(key), KEY)
            self.assertEqual(key["alg"], "ES256")
        states = [key["state"] for key in listed]
        self.assertEqual((states.count("next"), states.count("active")), (1, 1))
        self.assertIn(listed[0]["kid"], self.do())

    def test_key_rotate(self):
        upcoming = self.issuer.kid("next")
        states = {key["kid"]: key["state"] for key in self.do_json()}
        self.assertEqual(states[upcoming], "active")
        client = self.make_client("after-rotation", "--grant", READ)
        self.assertEqual(decode(self.get(client))[0]["kid"], upcoming)
        self.do("--alg", "RS256", code=NOT_FOUND)
        self.do("--alg", "HS256", code=REFUSED)

    def test_key_revoke(self):
        client = self.make_client("of-revoked-key", "--grant", READ)
        token = self.get(client)
        kid = decode(token)[0]["kid"]
        self.judge(token)
        self.do(kid, code=WRONG_USE)  # no terminal to ask on
        self.judge(token)
        states = {key["kid"]: key["state"] for key in self.do_json(kid, "--yes")}
        self.assertEqual(states[kid], "revoked")
        self.judge(token, code=REFUSED)
        self.judge(self.get(client))
        self.do(kid, "--yes", code=REFUSED)
        self.do("none", "--yes", code=NOT_FOUND)

    # --- tokens ---

    def test_token_get(self):
        client = self.make_client("asks", "--grant", READ, "--grant", WRITE)
        path = self.write("asks.json", json.dumps(client))
        asked = ["--issuer", self.issuer.url, "--credentials", path, "--resource", PAYMENT]
        answer = self.do_json(*asked, "--scope", "payments:read")
        self.assertEqual(set(answer), {"access_token", "token_type", "expires_in", "scope"})
        self.assertEqual(answer["scope"], "payments:read")
        token = self.do(*asked)
        self.assertRegex(token, r"\A[\w-]+\.[\w-]+\.[\w-]+\n\Z")
        self.assertEqual(decode(token)[1]["aud"], PAYMENT)
        self.do(*asked, "--resource", "urn:none", code=REFUSED)
        os.chmod(path, 0o644)
        self.do(*asked, code=WRONG_USE)

    def test_token_inspect(self):
        token = self.get(self.make_client("inspected", "--grant", READ))
        path = self.write("inspected.jwt", token)
        header, claims = decode(token)
        expected = {"header": header, "claims": claims, "verified": False}
        self.assertEqual(self.do_json(path), expected)
        for args in ([], ["-"]):
            shown = self.json("token", "inspect", *args, stdin=token.encode())
            self.assertEqual(shown, expected)
        self.do("-", code=WRONG_USE)  # empty
        self.do(path + ".none", code=WRONG_USE)

    def test_token_verify(self):
        token = self.get(self.make_client("judged", "--grant", READ))
        path = self.write("judged.jwt", token)
        asked = ["--issuer", self.issuer.url, "--audience", PAYMENT]
        self.do(*asked, "--scope", "payments:read", path)
        self.do(*asked, "--scope", "payments:write", path, code=REFUSED)
        for args in ([], ["-"]):
            self.judge(token, *args)
            self.judge(token, *args, audience="urn:other", code=REFUSED)
            self.judge("", *args, code=WRONG_USE)
        self.do(path, code=WRONG_USE)


class Examples(CommandLineCase):
    def blocks(self):
        """The code blocks of the man page's EXAMPLES, for this issuer, as a reader sees them."""
        with open(MAN_PAGE, encoding="utf-8") as page:
            text = page.read().split("\n# EXAMPLES\n")[1].split("\n# ")[0]
        blocks = re.findall(r"^```\n(.*?)^```\n", text, re.M | re.S)
        return [block.replace("\\\\", "\\").replace("https://id.example.com", self.issuer.url)
                for block in blocks]

    def shell(self, script, code=DONE):
        path = os.path.dirname(JETON) + os.pathsep + os.environ["PATH"]
        done = subprocess.run(["sh", "-eu", "-c", script], cwd=self.home, capture_output=True,
                              env={"PATH": path, "JETON_SOCKET": self.issuer.socket},
                              timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, code, (script, done.stdout, done.stderr))
        return done.stdout.decode()

    def test_the_examples_work_in_their_order(self):
        # what dev has made has the names of the examples
        self.jeton("client", "delete", "cart-service", "--yes")
        self.jeton("resource", "delete", PAYMENT, "--yes")
        rights, token, secrets, keys = self.blocks()
        self.shell(rights)
        self.shell(token)
        claims = decode(self.shell("cat token"))[1]
        self.assertEqual((claims["aud"], claims["scope"]), (PAYMENT, "payments:write"))
        self.assertEqual(os.stat(os.path.join(self.home, "cart.json")).st_mode & 0o777, 0o600)
        old = self.json("client", "secret", "list", "cart-service")[0]["id"]
        # the id stands for one of the list, and no one is here to confirm
        self.shell(secrets.replace("3f9a", old + " --yes"))
        left = self.json("client", "secret", "list", "cart-service")
        self.assertEqual([secret["name"] for secret in left], ["2026-spring"])
        self.shell(keys.split("|")[0])
        self.assertIn("retiring", [key["state"] for key in self.json("key", "list")])


if __name__ == "__main__":
    unittest.main()
