# SPDX-License-Identifier: Apache-2.0
"""The command line for all that an issuer knows: products and subscriptions, owners and labels,
lists that are filtered, contexts, and the admin API over TCP that `admin setup` opens. And every
command has a test on a daemon."""

import glob
import json
import os
import re
import unittest

from command_line import (DONE, NOT_FOUND, READ, REFUSED, UNREACHABLE, WRITE, WRONG_USE,
                          CommandLineCase, VerbCase, named, verbs)
from harness import (LARGE_S, PAYMENT, ServeCase, decode, free_port, jeton, start_serve,
                     write_config)

PRODUCT = {"name", "approval", "grants", "owner", "labels"}
NOWHERE = "http://127.0.0.1:1"
HERE = os.path.dirname(os.path.abspath(__file__))


class EveryCommand(CommandLineCase):
    """The list is the program's own: a new command without a test fails here."""

    # what commands need beside their arguments
    MORE = {"resource update": ["--shared"], "role update": ["--reset", "grant"],
            "product update": ["--approval", "auto"], "client update": ["--enable"],
            "explain": ["--client", "x"], "who-can": ["--resource", "x"],
            "token get": ["--issuer", NOWHERE],
            "token verify": ["--issuer", NOWHERE, "--audience", PAYMENT],
            "key revoke": ["--all"],
            "apply": ["-f", os.devnull], "diff": ["-f", os.devnull],
            "validate": ["-f", os.devnull],
            "db status": ["--database", "sqlite:/nonexistent"],
            "db migrate": ["--database", "sqlite:/nonexistent"],
            "db backup": ["--database", "sqlite:/nonexistent"],
            "db copy": ["--from", "sqlite:/nonexistent", "--to", "sqlite:/nonexistent"]}
    # what asks nobody, and how that ends
    ALONE = {"doctor": WRONG_USE,  # that there is no daemon is a finding
             "validate": DONE, "token inspect": REFUSED, "completion": WRONG_USE,
             "context add": WRONG_USE,
             "context list": DONE, "context show": DONE, "context use": NOT_FOUND,
             "context remove": NOT_FOUND,
             "db status": NOT_FOUND, "db migrate": NOT_FOUND, "db backup": NOT_FOUND,
             "db copy": NOT_FOUND}

    def test_each_has_a_test(self):
        tests = set()
        for path in glob.glob(os.path.join(HERE, "*.py")):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            if "VerbCase):" in text:
                tests |= set(re.findall(r"^    def (test_\w+)\(self\)", text, re.M))
        self.assertGreaterEqual(len(verbs()), 44)
        self.assertEqual([verb for verb in verbs() if named(verb) not in tests], [])

    def test_each_says_so_when_there_is_no_daemon(self):
        env = {"JETON_SOCKET": os.path.join(self.home, "none"), "JETON_CLIENT_ID": "i",
               "JETON_CLIENT_SECRET": "s"}
        for verb in verbs():
            with self.subTest(verb):
                text = jeton(*verb.split(), "--help").stdout.decode()
                usage = re.search(r"Usage:\n  jeton (.*)\n", text).group(1)[len(verb):]
                args = ["x" for word in usage.split() if word[0] != "["]
                args += self.MORE.get(verb, []) + (["--yes"] if "--yes" in text else [])
                done = jeton(*verb.split(), *args, env=env, stdin=b"a.b.c")
                self.assertEqual(done.returncode, self.ALONE.get(verb, UNREACHABLE), done.stderr)
                done = jeton(*verb.split(), *args, "--nonsense", env=env)
                self.assertEqual(done.returncode, WRONG_USE)


class Verbs(VerbCase):
    def make_product(self, name, *grants, approval="auto"):
        args = [word for grant in grants for word in ("--grant", grant)]
        self.jeton("product", "create", name, "--approval", approval, *args)

    def status(self, client, product):
        """Of the client's subscription to the product; None: it has none."""
        shown = self.json("client", "show", client)["subscriptions"]
        return {item["product"]: item["status"] for item in shown}.get(product)

    def scope(self, client):
        return decode(self.get(client))[1]["scope"]

    # --- products ---

    def test_product_create(self):
        made = self.do_json("made", "--grant", READ, "--approval", "manual", "--owner", "pay",
                            "--label", "team=payments", "--label", "tier=1")
        self.assertEqual(made, {"name": "made", "grants": [READ], "approval": "manual",
                                "owner": "pay", "labels": {"team": "payments", "tier": "1"}})
        self.do("made", code=REFUSED)
        self.do("other", "--grant", PAYMENT + "#none", code=REFUSED)
        self.do("other", "--approval", "perhaps", code=WRONG_USE)

    def test_product_list(self):
        self.make_product("listed", READ)
        self.assertIn("listed", self.do())
        for item in self.do_json():
            self.assertEqual(set(item), PRODUCT)
        self.assertIn("listed", self.do("-o", "name").splitlines())

    def test_product_show(self):
        self.make_product("shown", READ)
        self.assertEqual(self.do_json("shown")["grants"], [READ])
        self.assertEqual(self.do("shown", "--field", "grants.0"), READ + "\n")
        self.do("shown", "--field", "grants.1", code=NOT_FOUND)
        self.do("none", code=NOT_FOUND)

    def test_product_update(self):
        self.make_product("turned", READ)
        client = self.json("client", "create", "of-turned-product", "--product", "turned")
        self.assertEqual(self.scope(client), "payments:read")
        self.assertEqual(self.do_json("turned", "--grant", WRITE)["grants"], [WRITE])
        self.assertEqual(self.scope(client), "payments:write")
        self.do("turned", code=WRONG_USE)
        self.do("none", "--approval", "auto", code=NOT_FOUND)

    def test_product_delete(self):
        self.make_product("short", READ)
        self.jeton("client", "create", "of-short", "--product", "short")
        self.do("short", code=WRONG_USE)  # no terminal to ask on
        self.do("short", "--yes", code=REFUSED)  # a client subscribes
        self.jeton("client", "unsubscribe", "of-short", "short", "--yes")
        self.do("short", "--yes")
        self.do("short", "--yes", code=NOT_FOUND)

    # --- what a client holds ---

    def test_client_assign(self):
        self.jeton("role", "create", "reads", "--grant", READ)
        self.jeton("role", "create", "writes", "--grant", WRITE)
        client = self.json("client", "create", "assigned")
        self.get(client, code=REFUSED)
        self.assertEqual(self.do_json("assigned", "reads", "writes")["roles"], ["reads", "writes"])
        self.assertEqual(self.scope(client), "payments:read payments:write")
        self.do("assigned", "none", code=REFUSED)
        self.do("nobody", "reads", code=NOT_FOUND)

    def test_client_unassign(self):
        self.jeton("role", "create", "given", "--grant", READ)
        client = self.json("client", "create", "unassigned", "--role", "given")
        self.get(client)
        self.assertEqual(self.do_json("unassigned", "given")["roles"], [])
        self.get(client, code=REFUSED)
        self.do("unassigned", "given", code=NOT_FOUND)

    def test_client_subscribe(self):
        self.make_product("at-once", READ)
        self.make_product("later", WRITE, approval="manual")
        client = self.json("client", "create", "subscriber")
        self.assertEqual(self.do_json("subscriber", "at-once")["subscriptions"],
                         [{"product": "at-once", "status": "approved"}])
        self.assertEqual(self.scope(client), "payments:read")
        self.do("subscriber", "later")
        self.assertEqual(self.status("subscriber", "later"), "pending")
        self.assertEqual(self.scope(client), "payments:read")
        self.do("subscriber", "none", code=REFUSED)
        self.do("nobody", "later", code=NOT_FOUND)

    def test_client_unsubscribe(self):
        self.make_product("left", READ)
        client = self.json("client", "create", "leaver", "--product", "left")
        self.get(client)
        self.do("leaver", "left", code=WRONG_USE)  # no terminal to ask on
        self.get(client)
        self.assertEqual(self.do_json("leaver", "left", "--yes")["subscriptions"], [])
        self.get(client, code=REFUSED)
        self.do("leaver", "left", "--yes", code=NOT_FOUND)

    def test_client_approve(self):
        self.make_product("asked-for", READ, approval="manual")
        client = self.json("client", "create", "waiting", "--product", "asked-for")
        self.get(client, code=REFUSED)
        waiting = self.jeton("client", "list", "--status", "pending", "-o", "name").split()
        self.assertIn("waiting", waiting)
        self.do("waiting", "asked-for")
        self.assertEqual(self.status("waiting", "asked-for"), "approved")
        self.assertEqual(self.scope(client), "payments:read")
        self.do("waiting", "none", code=NOT_FOUND)

    def test_client_revoke(self):
        self.make_product("withdrawn", READ)
        client = self.json("client", "create", "loser", "--product", "withdrawn")
        self.get(client)
        self.do("loser", "withdrawn", code=WRONG_USE)  # no terminal to ask on
        self.get(client)
        self.do("loser", "withdrawn", "--yes")
        self.assertEqual(self.status("loser", "withdrawn"), "revoked")
        self.get(client, code=REFUSED)
        self.jeton("client", "approve", "loser", "withdrawn")
        self.get(client)
        self.do("loser", "none", "--yes", code=NOT_FOUND)

    # --- contexts ---

    def jeton(self, *args, env=None, **more):
        return super().jeton(*args, env={"HOME": self.home, **(env or {})}, **more)

    def bare(self, *args):
        """Without --socket; its standard output."""
        done = jeton(*args, env={"HOME": self.home})
        self.assertEqual(done.returncode, DONE, done.stderr)
        return done.stdout.decode()

    def add(self, name):
        """A context for this daemon: the --socket of every call here is its socket."""
        self.jeton("context", "add", name)
        self.addCleanup(self.jeton, "context", "remove", name, "--yes")

    def test_context_add(self):
        self.do("added")
        self.addCleanup(self.jeton, "context", "remove", "added", "--yes")
        self.assertIn("active", self.bare("key", "list", "--context", "added"))
        self.do("added", code=WRONG_USE)
        self.do("added-too", "--issuer", self.issuer.url, code=WRONG_USE)

    def test_context_list(self):
        self.add("listed")
        self.assertEqual(self.do_json(), [{"name": "listed", "socket": self.issuer.socket,
                                           "current": True}])
        self.assertIn(self.issuer.socket, self.do())

    def test_context_show(self):
        self.add("shown")
        self.assertEqual(self.do_json("shown")["socket"], self.issuer.socket)
        self.assertEqual(self.bare("context", "show", "-o", "name"), "shown\n")
        self.do("none", code=NOT_FOUND)

    def test_context_use(self):
        self.add("first")
        self.add("second")
        self.assertEqual(self.bare("context", "show", "-o", "name"), "first\n")
        self.do("second")
        self.assertEqual(self.bare("context", "show", "-o", "name"), "second\n")
        self.assertIn("active", self.bare("key", "list"))
        self.do("none", code=NOT_FOUND)

    def test_context_remove(self):
        self.jeton("context", "add", "gone")
        self.do("gone", code=WRONG_USE)  # no terminal to ask on
        self.do("gone", "--yes")
        self.assertEqual(self.bare("context", "list", "-o", "json"), "[]\n")
        self.do("gone", "--yes", code=NOT_FOUND)

    # --- the rest ---

    def test_admin_setup(self):
        made = self.do_json("--client", "ops")
        self.assertEqual(set(made), {"resource", "role", "client_id", "client_secret"})
        scopes = self.issuer.admin("GET", "").json()["scopes"]
        shown = self.json("resource", "show", made["resource"])
        self.assertEqual(sorted(shown["scopes"]), sorted(scopes))
        role = self.json("role", "show", made["role"])
        self.assertEqual(sorted(role["grants"]), sorted(f"{made['resource']}#{s}" for s in scopes))
        again = self.do_json("--client", "ops")
        del made["client_secret"]
        self.assertEqual(again, made)
        # what went missing comes back, what was added stays
        self.jeton("role", "update", made["role"], "--grant", READ)
        self.do()
        self.assertEqual(len(self.json("role", "show", made["role"])["grants"]), len(scopes) + 1)
        self.do("-o", "name", code=WRONG_USE)

    def test_completion(self):
        self.make_product("completed", READ)
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("completion " + shell + " --", self.do(shell))
        done = jeton("completion", "bash", "--", "--socket", self.issuer.socket, "product", "show",
                     "comp")
        self.assertEqual(done.stdout, b"completed\t\n")
        done = jeton("completion", "bash", "--", "--socket", self.issuer.socket, "client", "grant",
                     "x", PAYMENT + "#")
        self.assertEqual(sorted(done.stdout.decode().split()), [READ, WRITE])
        done = jeton("completion", "bash", "--", "--socket", self.issuer.socket, "key", "revoke", "")
        self.assertEqual(sorted(done.stdout.decode().splitlines()),
                         sorted("%(kid)s\t%(state)s" % key for key in self.json("key", "list")))
        self.do("tcsh", code=WRONG_USE)


class Labels(CommandLineCase):
    """Owners and labels, on all four kinds."""

    KINDS = {"resource": "urn:labelled", "role": "labelled", "product": "labelled",
             "client": "labelled"}

    def test_they_are_set_changed_and_taken_away(self):
        for kind, name in self.KINDS.items():
            with self.subTest(kind):
                self.jeton(kind, "create", name, "--owner", "pay", "--label", "a=1", "--label",
                           "b=x=y")
                shown = self.json(kind, "show", name)
                self.assertEqual((shown["owner"], shown["labels"]), ("pay", {"a": "1", "b": "x=y"}))
                shown = self.json(kind, "update", name, "--label", "c=3", "--label", "a=2",
                                  "--unlabel", "b", "--reset", "owner")
                self.assertEqual((shown["owner"], shown["labels"]), (None, {"a": "2", "c": "3"}))
                self.assertEqual(self.jeton(kind, "show", name, "--field", "labels.c"), "3\n")
                shown = self.json(kind, "update", name, "--reset", "label")
                self.assertEqual(shown["labels"], {})
                self.jeton(kind, "update", name, "--label", "a b=1", code=REFUSED)

    def test_lists_are_filtered_by_them(self):
        for kind, name in self.KINDS.items():
            with self.subTest(kind):
                name += "-filtered"
                self.jeton(kind, "create", name, "--owner", "filters", "--label", "of=" + kind)
                for args in (["--label", "of=" + kind], ["--label", "of"], ["--owner", "filters"],
                             ["--name", name[:-2]]):
                    self.assertEqual(self.jeton(kind, "list", "-o", "name", *args), name + "\n")
                self.assertEqual(self.jeton(kind, "list", "--label", "of=none"), "")


class Lists(CommandLineCase):
    def test_clients_are_found_by_what_they_hold(self):
        self.jeton("product", "create", "of-lists", "--grant", READ, "--approval", "manual")
        self.jeton("role", "create", "of-lists", "--grant", WRITE)
        self.jeton("client", "create", "lists-a", "--product", "of-lists")
        self.jeton("client", "create", "lists-b", "--role", "of-lists")
        self.jeton("client", "update", "lists-b", "--disable")
        for args, names in ((["--product", "of-lists"], ["lists-a"]),
                            (["--product", "of-lists", "--status", "approved"], []),
                            (["--role", "of-lists"], ["lists-b"]),
                            (["--disabled"], ["lists-b"]),
                            (["--enabled", "--name", "lists-"], ["lists-a"]),
                            (["--resource", PAYMENT, "--name", "lists-"], ["lists-b"])):
            with self.subTest(args):
                self.assertEqual(self.jeton("client", "list", "-o", "name", *args).split(), names)

    def test_a_list_longer_than_a_page_is_whole_and_in_order(self):
        names = [f"many-{i:04}" for i in range(1005)]
        for name in names:
            self.issuer.admin("POST", "/roles", {"name": name})
        listed = self.jeton("role", "list", "--name", "many-", "-o", "name").split()
        self.assertEqual(listed, names)
        listed = self.json("role", "list", "--name", "many-", "--limit", "1003")
        self.assertEqual([role["name"] for role in listed], names[:1003])
        self.assertEqual(len(self.jeton("role", "list", "--name", "many-").splitlines()), 1006)


class OverTcp(ServeCase, CommandLineCase):
    """A context with a url, from nothing: what the socket sets up, TCP lets in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer.daemon.stop()  # an issuer whose own URL answers
        port = free_port()
        config = write_config(cls.home, issuer=f"http://127.0.0.1:{port}",
                              listen=f"127.0.0.1:{port}", admin={"listen": "127.0.0.1:0"})
        cls.issuer = start_serve(config)

    def remote(self, *args, code=DONE, **more):
        done = jeton(*args, env={"HOME": self.home}, **more)
        self.assertEqual(done.returncode, code, (args, done.stdout, done.stderr))
        return done.stdout.decode() + done.stderr.decode()

    def test_a_context_manages_the_issuer_over_tcp(self):
        admin = self.jeton("admin", "setup", "--client", "ops", "-o", "json")
        path = self.write("admin.json", admin)
        self.remote("context", "add", "prod", "--url", "http://" + self.issuer.told["admin_listen"],
                    "--issuer", self.issuer.url, "--credentials", path)
        self.remote("product", "create", "remote", "--grant", READ)
        made = json.loads(self.remote("client", "create", "far", "--product", "remote", "-o",
                                      "json").split("the client_secret")[0])
        self.assertEqual(decode(self.get(made))[1]["scope"], "payments:read")
        self.assertEqual(self.remote("client", "list", "-o", "name"), "far\nops\n")
        # its secret is turned over by itself, without an outage
        added = json.loads(self.remote("client", "secret", "add", "ops", "-o",
                                       "json").split("the client_secret")[0])
        first = self.json("client", "secret", "list", "ops")[0]["id"]
        self.write("admin.json", json.dumps({**json.loads(admin), **added}))
        self.remote("client", "secret", "revoke", "ops", first, "--yes")
        self.assertIn("active", self.remote("key", "list"))
        # no right, no way in
        self.jeton("role", "update", "jeton-admin", "--reset", "grant")
        self.remote("key", "list", code=REFUSED)
        self.jeton("admin", "setup")
        self.assertIn("active", self.remote("key", "list"))

    def test_an_apply_over_tcp_and_one_that_is_not_let_in(self):
        admin = self.jeton("admin", "setup", "--client", "applier", "-o", "json")
        path = self.write("applier.json", admin)
        self.remote("context", "add", "applies", "--url",
                    "http://" + self.issuer.told["admin_listen"], "--issuer", self.issuer.url,
                    "--credentials", path)
        lines = "".join(json.dumps({"kind": "role", "name": f"r{i:05}", "owner": "x" * 200}) + "\n"
                        for i in range(20000))  # 5 MB: not sent when it is refused
        file = self.write("large.jsonl", lines)
        told = self.remote("--context", "applies", "apply", "-f", file, timeout=LARGE_S)
        self.assertIn("20000 created", told)
        self.jeton("client", "update", "applier", "--reset", "role", "--grant",
                   self.issuer.url + "/admin#roles:write")
        told = self.remote("--context", "applies", "apply", "-f", file, code=REFUSED,
                           timeout=LARGE_S)
        self.assertIn("lacks a scope", told)
        self.jeton("client", "update", "applier", "--role", "jeton-admin")
        told = self.remote("--context", "applies", "apply", "-f", file, timeout=LARGE_S)
        self.assertIn("20000 unchanged", told)
        self.jeton("client", "delete", "applier", "--yes")


if __name__ == "__main__":
    unittest.main()
