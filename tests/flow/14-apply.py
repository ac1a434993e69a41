# SPDX-License-Identifier: Apache-2.0
"""What an operator declares in files becomes the model, all of it or nothing; what he exports he can
apply again; and every fault is told by file and line."""

import json
import os
import pty
import re
import subprocess
import unittest

from command_line import VerbCase
from harness import (DEADLINE_S, JETON, PAYMENT, Case, ServeCase, UnixConnection, ask, jeton,
                     segment, start_dev)

READ, WRITE = PAYMENT + "#payments:read", PAYMENT + "#payments:write"
DONE, WRONG, REFUSED, UNREACHABLE, DIFFERENT = 0, 1, 2, 5, 6
LINES = "application/jsonl"
COUNTS = ("created", "updated", "deleted", "unchanged")

# every kind, each before what it refers to
MODEL = f"""\
- kind: client
  name: cart
  roles: [billing]
  subscriptions: [gold, {{product: silver, status: approved}}]
  grants: [{WRITE}]
  default_resource: {PAYMENT}
  scope_policy: strict
  owner: Team Cart
  labels: {{team: cart, "env": prod}}
- kind: client
  name: kiosk
  subscriptions: [silver]
  labels: {{team: kiosk}}
---
- {{kind: product, name: gold, approval: auto, grants: ["{READ}"]}}
- {{kind: product, name: silver, approval: manual, grants: ["{WRITE}"]}}
- kind: role
  name: billing
  grants:
  - {READ}
  labels: {{team: cart}}
---
kind: resource
identifier: {PAYMENT}
scopes: [payments:read, payments:write]
lifetime_s: 900
claims: {{tier: gold, deep: [1, {{a: null}}]}}
"""


class ApplyCase(Case):
    """A fresh issuer for each test, its example objects deleted."""

    def setUp(self):
        super().setUp()
        self.issuer = self.run_daemon(self.fresh("one"))

    def fresh(self, name):
        issuer = start_dev("--dir", os.path.join(self.dir, name))
        self.apply_text("[]", "--prune-all", "--yes", issuer=issuer)
        return issuer

    def tearDown(self):
        self.issuer.daemon.assert_clean()
        super().tearDown()

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        return path

    def jeton(self, *args, code=DONE, stdin=b"", issuer=None, env=None):
        done = jeton("--socket", (issuer or self.issuer).socket, *args, stdin=stdin, env=env)
        self.assertEqual(done.returncode, code, (args, done.stdout, done.stderr))
        self.said = done.stderr.decode()
        if code != DONE:
            self.assertRegex(self.said, r"(?m)^jeton: [^\n]+\n\Z")
        return done.stdout.decode()

    def apply_text(self, text, *args, issuer=None, **more):
        """`text` from standard input; the report."""
        out = self.jeton("apply", "-f", "-", "-o", "json", *args, issuer=issuer,
                         stdin=text if isinstance(text, bytes) else text.encode(), **more)
        return json.loads(out) if out else None

    def counts(self, report):
        return tuple(report[name] for name in COUNTS)

    def get(self, path):
        return self.issuer.admin("GET", path).json()

    def export(self, *args, issuer=None):
        return self.jeton("export", *args, issuer=issuer)

    def post(self, body, query="", content_type=LINES):
        connection = UnixConnection(self.issuer.socket)
        try:
            return ask(connection, "POST", "/admin/v1/apply" + query, body,
                       {"Content-Type": content_type})
        finally:
            connection.close()


class Applied(ApplyCase):
    def test_all_kinds_in_any_order(self):
        report = self.apply_text(MODEL)
        self.assertEqual(self.counts(report), (6, 0, 0, 0))
        self.assertEqual((report["dry_run"], report["more"]), (False, 0))
        self.assertEqual({(c["kind"], c["name"], c["action"]) for c in report["changes"]},
                         {("client", "cart", "create"), ("client", "kiosk", "create"),
                          ("product", "gold", "create"), ("product", "silver", "create"),
                          ("role", "billing", "create"), ("resource", PAYMENT, "create")})
        cart = self.get("/clients/cart")
        self.assertRegex(cart["client_id"], r"\A[A-Za-z0-9]+\Z")
        self.assertEqual(cart["subscriptions"], [{"product": "gold", "status": "approved"},
                                                 {"product": "silver", "status": "approved"}])
        self.assertEqual((cart["owner"], cart["labels"], cart["secrets"], cart["scope_policy"]),
                         ("Team Cart", {"team": "cart", "env": "prod"}, [], "strict"))
        self.assertEqual(self.get("/clients/kiosk")["subscriptions"],
                         [{"product": "silver", "status": "pending"}])
        resource = self.get("/resources/" + segment(PAYMENT))
        self.assertEqual((resource["lifetime_s"], resource["claims"]),
                         (900, {"tier": "gold", "deep": [1, {"a": None}]}))

    def test_the_same_again_changes_nothing(self):
        self.apply_text(MODEL)
        paths = ("/clients/cart", "/roles/billing", "/resources/" + segment(PAYMENT))
        tags = [self.issuer.admin("GET", path).header("ETag") for path in paths]
        self.issuer.daemon.wait_log("ev=admin.change", "object=model")
        mark = self.issuer.daemon.mark()
        self.assertEqual(self.counts(self.apply_text(MODEL)), (0, 0, 0, 6))
        self.assertEqual([self.issuer.admin("GET", path).header("ETag") for path in paths], tags)
        self.assertNotIn("ev=admin.change", "\n".join(self.issuer.daemon.lines[mark:]))
        self.assertEqual(self.jeton("diff", "-f", "-", stdin=MODEL.encode()), "")
        # the order of an object's members and labels is of no meaning
        self.assertEqual(self.counts(self.apply_text(MODEL.replace(
            '{team: cart, "env": prod}', '{env: prod, team: cart}'))), (0, 0, 0, 6))

    def test_a_member_that_is_not_given_is_the_default(self):
        self.apply_text(MODEL)
        report = self.apply_text("{kind: client, name: cart, roles: [billing]}")
        self.assertEqual(self.counts(report), (0, 1, 0, 0))
        cart = self.get("/clients/cart")
        self.assertEqual((cart["grants"], cart["labels"], cart["owner"], cart["subscriptions"],
                          cart["scope_policy"], cart["default_resource"]),
                         ([], {}, None, [], "filter", None))

    def test_secrets_and_statuses_are_kept(self):
        self.apply_text(MODEL)
        made = self.issuer.admin("POST", "/clients/kiosk/secrets", {"name": "s"})
        self.assertEqual(made.status, 201, made)
        before = self.get("/clients/kiosk")
        self.issuer.admin("POST", "/clients/kiosk/subscriptions/silver/approve")
        report = self.apply_text(MODEL.replace("{team: kiosk}", "{team: kiosk, more: yes}"))
        self.assertEqual(self.counts(report), (0, 1, 0, 5))
        after = self.get("/clients/kiosk")
        self.assertEqual(after["subscriptions"], [{"product": "silver", "status": "approved"}])
        self.assertEqual(after["labels"], {"team": "kiosk", "more": "yes"})
        self.assertEqual((after["client_id"], after["secrets"]),
                         (before["client_id"], before["secrets"]))
        self.assertEqual(self.issuer.token((after["client_id"], made.json()["client_secret"]),
                                           resource=PAYMENT).status, 200)
        # given, a status is what it says
        report = self.apply_text(MODEL.replace("[silver]",
                                               "[{product: silver, status: revoked}]"))
        self.assertEqual(self.get("/clients/kiosk")["subscriptions"][0]["status"], "revoked")

    def test_a_client_is_renamed_by_its_id(self):
        self.apply_text(MODEL)
        cart = self.get("/clients/cart")
        report = self.apply_text(json.dumps({"kind": "client", "name": "basket",
                                             "client_id": cart["client_id"]}))
        self.assertEqual(self.counts(report), (0, 1, 0, 0))
        change = report["changes"][0]
        self.assertIn({"member": "name", "from": "cart", "to": "basket"}, change["members"])
        self.assertEqual(self.get("/clients/basket")["client_id"], cart["client_id"])
        self.assertEqual(self.issuer.admin("GET", "/clients/cart").status, 404)

    def test_two_clients_change_their_names_with_each_other(self):
        self.apply_text(MODEL)
        a, b = (self.get("/clients/" + name)["client_id"] for name in ("cart", "kiosk"))
        self.apply_text(f"- {{kind: client, client_id: {a}, name: kiosk}}\n"
                        f"- {{kind: client, client_id: {b}, name: cart}}\n")
        self.assertEqual([self.get("/clients/" + name)["client_id"] for name in ("cart", "kiosk")],
                         [b, a])

    def test_a_new_client_gets_the_id_it_is_given(self):
        self.apply_text("{kind: client, name: given, client_id: abc123}")
        self.assertEqual(self.get("/clients/given")["client_id"], "abc123")

    def test_what_refers_and_what_is_referred_to_change_together(self):
        self.apply_text(MODEL)
        text = MODEL.replace("payments:read", "payments:see")
        self.assertEqual(self.counts(self.apply_text(text)), (0, 3, 0, 3))
        self.assertEqual(self.get("/roles/billing")["grants"], [PAYMENT + "#payments:see"])

    def test_yaml_that_others_read_otherwise(self):
        self.apply_text("kind: client\nname: n1\nlabels:\n  a: yes\n  b: 'no'\n  c: 1.2.3\n"
                        "  d: \"\\u2028\"\n  e: |-\n    on\nowner: \"\\xe9\"\n")
        client = self.get("/clients/n1")
        self.assertEqual(client["labels"], {"a": "yes", "b": "no", "c": "1.2.3", "d": "\u2028",
                                            "e": "on"})
        self.assertEqual(client["owner"], "\u00e9")
        for text, said in (("{kind: client, name: 007}", "name: "),
                           ("{kind: client, name: n, labels: {zip: 01234}}", "labels: give 'zip'"),
                           ("{kind: client, name: n, enabled: yes}", "enabled: give true or false"),
                           ("{kind: client, name: n, owner: 2e3}", "owner: ")):
            self.apply_text(text, code=REFUSED)
            self.assertIn(said, self.said)

    def test_a_byte_order_mark_is_no_part_of_the_text(self):
        mark = b"\xef\xbb\xbf"
        for name, text in (("m.yaml", b"kind: role\nname: m\n"),
                           ("m.json", b'{"kind":"role","name":"m"}'),
                           ("m.txt", b'[{"kind":"role","name":"m"}]'),
                           ("m.jsonl", b'{"kind":"role","name":"m"}\n')):
            self.jeton("apply", "-f", self.write(name, mark + text))
            self.jeton("diff", "-f", self.write(name, text))
        self.jeton("validate", "-f", self.write("m.yaml", mark + b"kind: role\nname: 7\n"),
                   code=WRONG)

    def test_a_folder_in_the_order_of_bytes(self):
        parts = MODEL.split("---\n")
        for name, text in (("a.yaml", parts[0]), ("B.yml", parts[1]), ("c.yaml", parts[2]),
                           ("d.JSON", '{"kind":"role","name":"from-json"}'),
                           ("e.jsonl", '{"kind":"role","name":"l1"}\n\n{"kind":"role","name":"l2"}'),
                           ("f.txt", "not: read"), (".hidden.yaml", "not: read"),
                           ("below/g.yaml", "not: read"), ("h.yaml/i.yaml", "not: read")):
            self.write("folder/" + name, text)
        out = self.jeton("apply", "-f", os.path.join(self.dir, "folder"))
        self.assertEqual([line for line in out.splitlines() if line.startswith("+ role")],
                         ["+ role billing", "+ role from-json", "+ role l1", "+ role l2"])
        self.assertEqual(out.splitlines()[0], "+ product gold")  # B before a
        self.assertIn("9 created, 0 updated, 0 deleted, 0 unchanged", out)
        for passed_over in ("below", "h.yaml"):
            self.assertIn(f"folder/{passed_over} is a folder in a folder, and is not read", self.said)
        self.jeton("apply", "-f", os.path.join(self.dir, "folder/below"),
                   "-f", os.path.join(self.dir, "folder/a.yaml"), code=REFUSED)
        self.jeton("apply", "-f", self.dir, code=WRONG)
        self.assertIn("holds no *.yaml", self.said)

    def test_each_change_is_told(self):
        self.apply_text(MODEL)
        text = (MODEL.replace("strict", "filter").replace("[billing]", "[]")
                .replace("status: approved", "status: revoked")
                .replace("env\": prod", "env\": test").replace("900", "60"))
        out = self.jeton("diff", "-f", "-", stdin=text.encode(), code=DIFFERENT)
        self.assertEqual(out.splitlines(), [
            "~ client cart", "  - scope_policy: strict", "  + scope_policy: filter",
            "  - roles: billing", "  - subscriptions: silver (approved)",
            "  + subscriptions: silver (revoked)", "  - labels.env: prod", "  + labels.env: test",
            "~ resource " + PAYMENT, "  - lifetime_s: 900", "  + lifetime_s: 60"])
        self.assertIn("0 to create, 2 to update, 0 to delete, 4 the same", self.said)
        self.assertEqual(self.counts(self.apply_text(MODEL)), (0, 0, 0, 6))  # nothing was done
        out = self.jeton("apply", "-f", "-", stdin=text.encode())
        self.assertEqual(out.splitlines(), [
            "~ client cart: scope_policy, roles, subscriptions, labels", "~ resource %s: lifetime_s" % PAYMENT,
            "0 created, 2 updated, 0 deleted, 4 unchanged"])
        self.jeton("diff", "-f", "-", stdin=text.encode())

    def test_a_thousand_changes_are_listed(self):
        lines = "".join('{"kind":"role","name":"r%04d"}\n' % i for i in range(1500))
        report = self.apply_text(lines)
        self.assertEqual((report["created"], len(report["changes"]), report["more"]),
                         (1500, 1000, 500))
        self.assertIn("... and 500 more", self.jeton("diff", "-f", "-", "--prune-all",
                                                     stdin=b"[]", code=DIFFERENT))


class Pruned(ApplyCase):
    def test_by_label_leaves_others(self):
        self.apply_text(MODEL)
        report = self.apply_text("{kind: client, name: cart, labels: {team: cart}}",
                                 "--prune", "team=cart", "--yes")
        self.assertEqual(self.counts(report), (0, 1, 1, 0))
        self.assertEqual([c["name"] for c in report["changes"] if c["action"] == "delete"],
                         ["billing"])
        self.assertEqual(self.get("/clients/kiosk")["name"], "kiosk")
        self.assertEqual(self.issuer.admin("GET", "/roles/billing").status, 404)

    def test_all_deletes_what_is_not_named(self):
        self.apply_text(MODEL)
        report = self.apply_text("{kind: resource, identifier: 'https://new.example/'}",
                                 "--prune-all", "--yes")
        self.assertEqual(self.counts(report), (1, 0, 6, 0))
        self.assertEqual(self.get("/clients")["items"], [])
        self.assertEqual([r["identifier"] for r in self.get("/resources")["items"]],
                         ["https://new.example/"])

    def test_deletions_are_told_in_order(self):
        lines = ['{"kind":"client","name":"c%03d"}\n' % i for i in range(200)]
        self.apply_text("".join(lines))
        report = self.apply_text("[]", "--prune-all", "--yes")
        self.assertEqual([change["name"] for change in report["changes"]],
                         ["c%03d" % i for i in range(200)])

    def test_what_is_still_used_is_refused_by_name(self):
        self.apply_text(MODEL.replace("{kind: product, name: gold,",
                                      "{kind: product, name: gold, labels: {team: cart},"))
        before = self.export()
        self.apply_text("{kind: client, name: cart, labels: {team: cart}, roles: [billing]}",
                        "--prune", "team=cart", "--yes", code=REFUSED)
        self.assertIn("roles: no role 'billing'", self.said)
        self.apply_text("{kind: client, name: other, subscriptions: [gold]}", "--prune",
                        "team=kiosk", "--yes")
        self.apply_text("{kind: client, name: cart, labels: {team: cart}}",
                        "--prune", "team=cart", "--yes", code=REFUSED)
        self.assertIn("client 'other' still uses product 'gold'", self.said)
        self.apply_text("[]", "--prune", "team=none", "--yes")
        self.assertEqual([line for line in before.splitlines() if "name: cart" in line],
                         [line for line in self.export().splitlines() if "name: cart" in line])

    def test_an_input_without_objects_prunes_nothing(self):
        self.apply_text(MODEL)
        before = self.export()
        for text in ("", "\n", "# nothing\n", "---\n---\n", "null\n"):
            for how in (("--prune-all",), ("--prune", "team=cart")):
                self.apply_text(text, *how, "--yes", code=WRONG)
                self.assertIn("no objects were read", self.said)
                self.jeton("diff", "-f", self.write("f.jsonl", ""), *how, code=WRONG)
            self.apply_text(text)  # which changes nothing
        self.assertEqual(self.export(), before)
        report = self.apply_text(b"\xef\xbb\xbf [ ]\n", "--prune-all", "--yes")
        self.assertEqual(self.counts(report), (0, 0, 6, 0))
        self.assertEqual(self.export(), "[]\n")

    def test_without_a_terminal_needs_yes(self):
        self.apply_text(MODEL)
        for how in (("--prune-all",), ("--prune", "team=cart")):
            self.apply_text(MODEL, *how, code=WRONG)
            self.assertIn("add --yes", self.said)
        self.assertEqual(self.counts(self.apply_text(MODEL, "--prune-all", "--yes")), (0, 0, 0, 6))
        self.jeton("diff", "-f", "-", "--prune-all", stdin=MODEL.encode())  # asks nothing

    def on_terminal(self, answer, *args):
        """Runs it with a terminal as its standard input and error, and `answer` typed there; the
        exit status, standard output, and what the terminal showed."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([JETON, "--socket", self.issuer.socket, *args], stdin=follower,
                                   stdout=subprocess.PIPE, stderr=follower,
                                   env={"PATH": os.environ["PATH"]})
        os.close(follower)
        os.write(leader, answer.encode() + b"\n")
        out, _ = process.communicate(timeout=DEADLINE_S)
        shown = b""
        try:
            while True:
                shown += os.read(leader, 65536)
        except OSError:  # EIO: nobody has it open any more
            os.close(leader)
        return process.returncode, out.decode(), shown.decode()

    def test_on_a_terminal_asks_and_shows_how_far_it_is(self):
        self.apply_text(MODEL)
        file = self.write("f.yaml", MODEL.replace("{team: kiosk}", "{team: cart}"))
        how = ("apply", "-f", self.write("none.yaml", "[]"), "--prune", "team=cart")
        status, out, shown = self.on_terminal("3", *how)
        self.assertEqual((status, out), (WRONG, ""))
        self.assertIn("- role billing\r\n- client cart\r\n", shown)
        self.assertIn("This deletes 2 objects. To go on, type 2: ", shown)
        self.assertIn("nothing was changed", shown)
        self.jeton("diff", "-f", "-", stdin=MODEL.encode())
        status, out, shown = self.on_terminal("2", *how)
        self.assertEqual((status, out.splitlines()[-1]),
                         (DONE, "0 created, 0 updated, 2 deleted, 0 unchanged"))
        # what deletes nothing asks nothing
        status, out, shown = self.on_terminal("", "apply", "-f", file, "--prune-all")
        self.assertEqual(status, DONE, shown)
        self.assertNotIn("To go on", shown)
        self.assertIn("applying 6 objects ...", shown)

    def test_a_label_that_is_none_is_refused(self):
        self.apply_text(MODEL)
        for label in ("team", "=cart", "a b=c", "team=" + "x" * 1000):
            self.apply_text("[]", "--prune", label, "--yes", code=REFUSED)
            self.assertIn("prune: ", self.said)
        self.apply_text("[]", "--prune", "team=cart", "--prune-all", "--yes", code=REFUSED)
        self.assertIn("prune: give either", self.said)
        self.assertEqual(self.counts(self.apply_text(MODEL)), (0, 0, 0, 6))


class Refused(ApplyCase):
    """Nothing is applied, and the message names the place and the mend."""

    def refuse(self, text, *said, name="f.yaml", code=REFUSED):
        before = self.export()
        self.jeton("apply", "-f", self.write(name, text), code=code)
        for part in said:
            self.assertIn(part, self.said)
        self.assertEqual(self.export(), before)

    def test_line_9999_of_10000(self):
        lines = [f"- {{kind: role, name: r{i}}}\n" for i in range(10000)]
        self.assertEqual(self.counts(self.apply_text("".join(lines[:10]))), (10, 0, 0, 0))
        lines[9998] = "- {kind: role, name: r9998, grants: ['https://none.example/']}\n"
        self.refuse("".join(lines), "f.yaml:9999: role 'r9998': grants: no resource "
                    "'https://none.example/'; create it first")
        lines[9998] = "- {kind: role, name: r9998, grants: [7]}\n"
        self.refuse("".join(lines), "f.yaml:9999: role 'r9998': grants: element 1 is not ")
        lines[9998] = "- {kind: role, name: r9998, grants: [7}\n"
        self.refuse("".join(lines), "f.yaml:9999:39: not YAML", code=WRONG)
        lines[9998] = "- {kind: role, name: r9998}\n"
        self.assertEqual(self.counts(self.apply_text("".join(lines))), (9990, 0, 0, 10))

    def test_an_object_twice(self):
        role = '{"kind":"role","name":"a"}\n'
        self.refuse(role + '{"kind":"role","name":"b"}\n' + role,
                    "f.jsonl:3: role 'a': stands at", "f.jsonl:1 too; keep one of", name="f.jsonl")
        client = '{"kind":"client","name":"a","client_id":"%s"}\n'
        self.refuse(client % "x" + client % "y", "f.jsonl:2: client 'a': stands at", "f.jsonl:1 too",
                    name="f.jsonl")
        self.apply_text(client % "x")
        self.refuse('{"kind":"client","name":"a"}\n{"kind":"client","name":"b","client_id":"x"}\n',
                    "f.jsonl:2: client 'b': stands at", "f.jsonl:1 too", name="f.jsonl")
        self.refuse('{"kind":"client","name":"b","client_id":"x"}\n{"kind":"client","name":"a"}\n',
                    "f.jsonl:2: client 'a': stands at", "f.jsonl:1 too, as 'b'; keep one of the two "
                    "lines, or give what is to be a new client a new client_id", name="f.jsonl")
        self.apply_text('{"kind":"client","name":"b","client_id":"x"}\n' + client % "new")
        self.assertEqual([c["name"] for c in self.get("/clients")["items"]], ["a", "b"])
        # a role and a product may have one name
        self.apply_text(role + '{"kind":"product","name":"a","approval":"auto"}\n')

    def test_members(self):
        for line, said in (
                ('{"kind":"thing"}', "kind: give resource, role, product or client"),
                ('{"name":"a"}', "kind: give resource"),
                ('{"kind":"role"}', "name: is missing"),
                ('{"kind":"role","name":"a","x":1}', "role 'a': x: no such member"),
                ('{"kind":"role","name":"a b"}', "name: 1 to 128 of"),
                ('{"kind":"role","name":7}', "name: give a text, in quotes: 1 to 128 of"),
                ('{"kind":"role","name":"a","owner":7}', "owner: give a text, in quotes, of at"),
                ('{"kind":"role","name":"a","labels":{"a":7}}', "labels: give 'a' a text, in quotes"),
                ('{"kind":"client","name":"a","roles":["a b"]}',
                 "roles: element 1 is no such name: 1 to 128 of"),
                ('{"kind":"resource","identifier":"https://a.example/","scopes":["a","b c"]}',
                 "scopes: element 2 is no such name: 1 to 128 printable"),
                ('{"kind":"resource","identifier":"https://a.example/","lifetime_s":900.0}',
                 "lifetime_s: give a whole number of seconds"),
                ('{"kind":"client","name":"a","secrets":[]}', "secrets: a client keeps"),
                ('{"kind":"client","name":"a","client_id":"a-b"}', "client_id: give 1 to 128"),
                ('{"kind":"client","name":"a","client_id":""}', "client_id: give 1 to 128"),
                ('{"kind":"client","name":"a","client_id":7}', "client_id: give 1 to 128"),
                ('{"kind":"client","name":"a","client_id":"%s"}' % ("x" * 129), "client_id: "),
                ('{"kind":"client","name":"a","subscriptions":["p"]}', "no product 'p'"),
                ('{"kind":"client","name":"a","subscriptions":[{"product":"p","status":"x"}]}',
                 "subscriptions: a status is"),
                ('{"kind":"resource","identifier":"https://a.example/","alg":"ES512"}', "alg: "),
                ('{"kind":"client","name":"a","owner":"x\\u0001"}', "owner: ")):
            self.refuse(line, said, name="f.jsonl")

    def test_json_that_is_none(self):
        for text, said in ((b'{"kind":"role","name":"a"', "f.json:1:1: not JSON: the object that"),
                           (b'{"kind":"role",}', "f.json:1:16: not JSON"),
                           (b'[{"kind":"role","name":"a"} {"kind"', "f.json:1:29: not JSON: the el"),
                           (b'[{"kind":"role","name":"a"}', "not JSON: the elements"),
                           (b'\n\n  7', "f.json:3:3: an object belongs here"),
                           (b'{"kind":"role","kind":"role"}', "not JSON"),
                           (b'{"kind":"role","name":"\xff"}', "not JSON"),
                           (b'[[{"kind":"role"}]]', "an object belongs here"),
                           (b'{"a":' * 17 + b"1" + b"}" * 17, "nested too deeply")):
            self.refuse(text, said, name="f.json", code=WRONG)

    def test_a_long_line(self):
        grants = [f"https://a.example/{i:04}#{'s' * 100}" for i in range(4096)]
        text = json.dumps({"kind": "role", "name": "long", "grants": grants})
        self.assertGreater(len(text), 500000)
        self.refuse(text, "f.jsonl:1: role 'long': grants: no resource", name="f.jsonl")
        grants = [f"https://a.example/{i:04}#{'s' * 128}{'x' * 110}" for i in range(4500)]
        text = json.dumps({"kind": "role", "name": "long", "grants": grants})
        self.assertGreater(len(text), 1 << 20)
        self.refuse(text, "f.jsonl:1:1: this object takes over 1048576 bytes", name="f.jsonl",
                    code=WRONG)

    def test_files(self):
        self.jeton("apply", code=WRONG)
        self.assertIn("needs -f", self.said)
        self.jeton("apply", "-f", self.dir + "/none.yaml", code=WRONG)
        self.assertIn("none.yaml: No such file", self.said)
        self.jeton("apply", "-f", "-", "-f", "-", code=WRONG)
        self.assertIn("named twice", self.said)
        self.jeton("apply", "-f", "-", code=WRONG, env={"TMPDIR": self.dir + "/none"})
        self.assertIn("TMPDIR", self.said)
        done = jeton("--socket", self.dir + "/no.sock", "apply", "-f", "-")
        self.assertEqual(done.returncode, UNREACHABLE)


class Stream(ApplyCase):
    """The endpoint itself."""

    def test_a_stream_of_any_pieces(self):
        body = b'\n{"kind":"role","name":"a"}\r\n  \n{"kind":"role","name":"b"}'
        answer = self.post(body)
        self.assertEqual((answer.status, answer.json()["created"]), (200, 2), answer)
        self.assertEqual(self.post(body, "?dry_run=true").json()["unchanged"], 2)
        connection = UnixConnection(self.issuer.socket)
        connection.request("POST", "/admin/v1/apply", iter([bytes([b]) for b in body]),
                           {"Content-Type": LINES}, encode_chunked=True)
        self.assertEqual(json.load(connection.getresponse())["unchanged"], 2)
        connection.close()
        self.assertEqual(self.post(b"").json()["unchanged"], 0)

    def test_a_dry_run_changes_nothing_and_tells_the_same(self):
        body = b'{"kind":"client","name":"a","labels":{"x":"y"}}\n{"kind":"role","name":"b"}\n'
        told = self.post(body, "?dry_run=true").json()
        self.assertTrue(told["dry_run"])
        self.assertEqual(self.get("/clients")["items"], [])
        done = self.post(body).json()
        made = [m for m in done["changes"][0]["members"] if m["member"] == "client_id"]
        self.assertEqual(made, [{"member": "client_id", "from": None,
                                 "to": self.get("/clients/a")["client_id"]}])
        done["changes"][0]["members"].remove(made[0])  # who knows it before?
        self.assertEqual({**told, "dry_run": False}, done)

    def test_refusals_are_problem_documents(self):
        for body, query, kind, status, code in (
                (b"{}", "?prune=x", LINES, 422, "invalid"),
                (b"{}", "?dry_run=1", LINES, 422, "invalid"),
                (b"{}", "?other=1", LINES, 422, "invalid"),
                (b"{}", "", "application/json", 415, "media_type"),
                (b"{}", "", "text/plain", 415, "media_type"),
                (b"[]", "", LINES, 422, "invalid"), (b"{} {}", "", LINES, 422, "invalid"),
                (b'{"kind":"role","name":"a","name":"a"}', "", LINES, 422, "invalid"),
                (b'{"kind":"role","name":"\xff"}', "", LINES, 422, "invalid"),
                (b"x" * (1 << 20) + b"x", "", LINES, 400, "limit"),
                (b'{"kind":"client","name":"a","client_id":"a"}\n'
                 b'{"kind":"client","name":"b","client_id":"b"}\n'
                 b'{"kind":"client","name":"c","roles":["r"]}\n', "", LINES, 422, "invalid")):
            answer = self.post(body, query, kind)
            self.assertEqual((answer.status, answer.header("Content-Type"), answer.json()["code"]),
                             (status, "application/problem+json", code), (body[:50], answer))
            self.assertEqual(self.get("/clients")["items"], [])
        self.assertEqual(answer.json()["detail"],
                         "line 3: client 'c': roles: no role 'r'; create it first")
        self.assertNotIn("member", answer.json())
        self.assertEqual(self.post(b"", "", "application/x-ndjson; charset=utf-8").status, 200)

    def test_an_upload_that_ends_early_changes_nothing(self):
        body = b'{"kind":"role","name":"a"}\n' * 2
        connection = UnixConnection(self.issuer.socket)
        connection.connect()
        connection.sock.sendall(b"POST /admin/v1/apply HTTP/1.1\r\nHost: localhost\r\n"
                                b"Content-Type: application/jsonl\r\nContent-Length: 100000\r\n\r\n"
                                + body)
        connection.close()
        self.assertEqual(self.get("/roles")["items"], [])

    def test_what_changes_during_the_upload_is_seen(self):
        """The decision is made when the stream has ended."""
        connection = UnixConnection(self.issuer.socket)
        connection.putrequest("POST", "/admin/v1/apply")
        connection.putheader("Content-Type", LINES)
        line = b'{"kind":"client","name":"late","labels":{"a":"b"}}\n'
        connection.putheader("Content-Length", str(len(line)))
        connection.endheaders(line[:20])
        made = self.issuer.admin("POST", "/clients", {"name": "late"})
        self.assertEqual(made.status, 201)
        connection.send(line[20:])
        self.assertEqual(json.load(connection.getresponse())["updated"], 1)
        connection.close()
        late = self.get("/clients/late")
        self.assertEqual((late["client_id"], len(late["secrets"]), late["labels"]),
                         (made.json()["client_id"], 1, {"a": "b"}))


class Verbs(VerbCase):
    """Each command as its help says; what it promises is tested above and below."""

    def test_apply(self):
        file = self.write("apply.yaml", "kind: role\nname: applied\n")
        self.assertEqual(self.do("-f", file), "+ role applied\n"
                         "1 created, 0 updated, 0 deleted, 0 unchanged\n")
        self.assertEqual(self.do_json("-f", file)["unchanged"], 1)
        self.assertEqual(self.jeton("apply", "-f", file, "--field", "unchanged"), "1\n")
        self.do("-f", file, "-o", "name", code=WRONG)

    def test_diff(self):
        file = self.write("diff.yaml", "kind: role\nname: differs\nlabels: {a: b}\n")
        self.assertEqual(self.do("-f", file, code=DIFFERENT), "+ role differs\n  + labels.a: b\n")
        self.jeton("apply", "-f", file)
        self.assertEqual(self.do("-f", file), "")
        self.assertEqual(self.do_json("-f", file)["unchanged"], 1)

    def test_export(self):
        self.jeton("role", "create", "exported", "--label", "of=export")
        self.assertEqual(self.do("--label", "of=export"),
                         "- kind: role\n  name: exported\n  labels:\n    of: export\n")
        told = {"kind": "role", "name": "exported", "labels": {"of": "export"}}
        self.assertEqual(self.do_json("--label", "of"), [told])
        self.assertEqual(json.loads(self.do("--label", "of=export", "--lines")), told)
        self.assertEqual(self.do("--label", "of=none"), "[]\n")
        self.do("--lines", "-o", "json", code=WRONG)
        self.do("--lines", "--field", "0", code=WRONG)
        self.do("-o", "name", code=WRONG)

    def test_validate(self):
        self.do("-f", self.write("right.yaml", MODEL))
        self.do("-f", self.write("wrong.yaml", MODEL + "---\nkind: x\n"), code=WRONG)


class OverTcp(ServeCase):
    """By a token: every right to write, and nothing is given that the caller does not hold."""

    KINDS = ("resources", "roles", "products", "clients")
    WRITES = [kind + ":write" for kind in KINDS] + ["clients:approve"]
    READS = [kind + ":read" for kind in KINDS]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = cls.issuer.url + "/admin"
        scopes = cls.issuer.admin("GET", "").json()["scopes"]
        cls.issuer.admin("POST", "/resources", {"identifier": cls.api, "scopes": scopes})

    def token(self, name, scopes):
        client = self.create_client(name, *[f"{self.api}#{scope}" for scope in scopes])
        self.addCleanup(self.issuer.admin, "DELETE", "/clients/" + client[0])
        answer = self.issuer.token(client, resource=self.api)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["access_token"]

    def apply(self, token, *objects, query=""):
        body = "\n".join(json.dumps(one) for one in objects).encode()
        return self.issuer.admin("POST", "/apply" + query, body, token=token,
                                 headers={"Content-Type": LINES})

    def test_scopes(self):
        role = {"kind": "role", "name": "r"}
        for query, needed, others in (("", self.WRITES, self.READS),
                                      ("?dry_run=false", self.WRITES, self.READS),
                                      ("?dry_run=true", self.READS, self.WRITES)):
            for i, lacking in enumerate(needed):
                held = [scope for scope in needed if scope != lacking] + others
                answer = self.apply(self.token(f"lacks-{i}", held), role, query=query)
                self.assertEqual((answer.status, answer.json()["code"]),
                                 (403, "insufficient_scope"), answer)
                self.assertIn(lacking, answer.json()["detail"])
                self.doCleanups()
            self.assertEqual(self.apply(self.token("has", needed), role, query=query).status, 200)
            self.doCleanups()
        self.assertEqual(self.apply("", role).status, 401)

    def test_who_is_not_let_in_is_not_read(self):
        answer = self.issuer.admin("POST", "/apply", token="", headers={
            "Content-Type": LINES, "Content-Length": str(1 << 30)})
        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.header("Connection").lower(), "close")

    def test_nobody_prunes_himself(self):
        token = self.token("pruner", self.WRITES)
        me = self.issuer.admin("GET", "/clients/pruner").json()
        self.issuer.admin("PATCH", "/clients/pruner", {"labels": {"team": "cart"}})
        mine = {"kind": "client", "name": "pruner", "grants": me["grants"]}
        for query in ("?prune_all=true", "?prune=team=cart"):
            answer = self.apply(token, {"kind": "role", "name": "r"}, query=query)
            self.assertEqual((answer.status, answer.json()["code"]), (409, "conflict"), answer)
            self.assertIn("prune: this would delete client 'pruner'", answer.json()["detail"])
        self.assertEqual(self.issuer.admin("GET", "/roles/r").status, 404)
        self.assertEqual(self.issuer.admin("GET", "/clients/pruner").status, 200)
        self.assertEqual(self.apply(token, mine, query="?prune=team=cart").status, 200)
        self.issuer.admin("PATCH", "/clients/pruner", {"labels": {"team": "cart"}})
        answer = self.issuer.admin("POST", "/apply?prune=team=cart", b'{"kind":"role","name":"r"}',
                                   headers={"Content-Type": LINES})  # by the socket
        self.assertEqual((answer.status, answer.json()["deleted"]), (200, 1), answer)
        self.assertEqual(self.issuer.admin("DELETE", "/roles/r").status, 204)

    def test_nobody_gives_what_he_does_not_hold(self):
        key = self.api + "#keys:write"
        before = [self.issuer.admin("GET", "/" + kind).json() for kind in self.KINDS]
        for objects in ([{"kind": "client", "name": "x", "grants": [key]}],
                        [{"kind": "client", "name": "x", "roles": ["x"]},
                         {"kind": "role", "name": "x", "grants": [key]}],
                        [{"kind": "role", "name": "x", "grants": [key]}],
                        [{"kind": "client", "name": "x", "subscriptions": ["x"]},
                         {"kind": "product", "name": "x", "approval": "auto", "grants": [key]}],
                        [{"kind": "client", "name": "giver", "grants": [key]}]):
            token = self.token("giver", self.WRITES)
            answer = self.apply(token, *objects)
            self.assertEqual((answer.status, answer.json()["code"]), (403, "insufficient_scope"),
                             answer)
            self.assertRegex(answer.json()["detail"], r"\Aline \d: (client|role|product) '")
            self.assertIn(key, answer.json()["detail"])
            self.doCleanups()
            self.assertEqual([self.issuer.admin("GET", "/" + kind).json() for kind in self.KINDS],
                             before)
            token = self.token("giver", self.WRITES + ["keys:write"])
            self.assertEqual(self.apply(token, *objects).status, 200)
            for kind in ("clients", "roles", "products"):
                self.issuer.admin("DELETE", f"/{kind}/x")
            self.doCleanups()


class Exported(ApplyCase):
    def test_onto_itself_nothing_changes(self):
        self.apply_text(MODEL)
        self.issuer.admin("POST", "/clients/cart/secrets", {"name": "s"})
        for form in ((), ("-o", "json"), ("-o", "yaml"), ("--lines",)):
            text = self.export(*form)
            self.assertNotIn("secret", text)
            self.assertNotIn("version", text)
            self.assertEqual(self.jeton("diff", "-f", "-", "--prune-all", stdin=text.encode()), "")
            self.assertEqual(self.counts(self.apply_text(text)), (0, 0, 0, 6))

    def test_onto_an_empty_issuer_gives_the_same(self):
        self.apply_text(MODEL)
        text = self.export()
        other = self.run_daemon(self.fresh("two"))
        self.assertEqual(self.counts(self.apply_text(text, issuer=other)), (6, 0, 0, 0))
        self.assertEqual(self.export(issuer=other), text)
        for kind in ("resources", "roles", "products", "clients"):
            mine, others = (i.admin("GET", "/" + kind).json() for i in (self.issuer, other))
            self.assertEqual(mine, others)

    def test_order_and_members(self):
        self.apply_text(MODEL)
        objects = json.loads(self.export("-o", "json"))
        self.assertEqual([(o["kind"], o.get("name", o.get("identifier"))) for o in objects],
                         [("resource", PAYMENT), ("role", "billing"), ("product", "gold"),
                          ("product", "silver"), ("client", "cart"), ("client", "kiosk")])
        self.assertEqual(list(objects[5])[0], "kind")
        self.assertNotIn("roles", objects[5])     # nothing means nothing to every version
        self.assertIs(objects[5]["enabled"], True)  # a value is told though it is the default

    def test_by_label(self):
        self.apply_text(MODEL)
        objects = json.loads(self.export("-o", "json", "--label", "team=cart"))
        self.assertEqual([(o["kind"], o["name"]) for o in objects],
                         [("role", "billing"), ("client", "cart")])
        self.assertEqual(json.loads(self.export("-o", "json", "--label", "team=none")), [])

    def test_many_pages(self):
        lines = "".join('{"kind":"role","name":"r%05d"}\n' % i for i in range(2500))
        self.apply_text(lines)
        objects = json.loads(self.export("-o", "json"))
        self.assertEqual([o["name"] for o in objects], ["r%05d" % i for i in range(2500)])


class Validated(Case):
    """Without any issuer."""

    def validate(self, *files, code=DONE):
        args = [arg for path in files for arg in ("-f", path)]
        done = jeton("validate", *args)
        self.assertEqual(done.returncode, code, (done.stdout, done.stderr))
        return done.stdout.decode().splitlines()

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def test_every_fault_is_told(self):
        a = self.write("a.yaml", "- kind: client\n  name: a b\n  enabled: yes\n  roles: [x, x]\n"
                                 "  labels: {a: 1}\n- kind: role\n- kind: thing\n"
                                 "- kind: role\n  name: r\n- kind: role\n  name: r\n")
        b = self.write("b.yaml", "a: [\n")
        c = self.write("c.jsonl", '{"kind":"role","name":"r"}\n{"kind":"role","x":1}\n')
        told = self.validate(a, b, c, code=WRONG)
        wanted = [r"a.yaml:2:3: client 'a b': name: ", r"a.yaml:3:3: client 'a b': enabled: give",
                  r"a.yaml:4:3: client 'a b': roles: element 2 stands twice",
                  r"a.yaml:5:3: client 'a b': labels: give 'a'", r"a.yaml:6:3: role '': name: is mi",
                  r"a.yaml:7:3: kind: give", r"a.yaml:11:3: role 'r': name: stands at .*a.yaml:8 to",
                  r"b.yaml:2:1: not YAML", r"c.jsonl:1:1: role 'r': name: stands at .*a.yaml:8 too",
                  r"c.jsonl:2:1: role '': x: no such member", r"c.jsonl:2:1: role '': name: is miss"]
        self.assertEqual(len(told), len(wanted), "\n".join(told))
        for line, pattern in zip(told, wanted):
            self.assertRegex(line, re.escape(self.dir) + "/" + pattern)

    def test_what_is_well_formed_passes(self):
        self.assertEqual(self.validate(self.write("a.yaml", MODEL)), [])


if __name__ == "__main__":
    unittest.main()
