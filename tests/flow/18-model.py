# SPDX-License-Identifier: Apache-2.0
"""100,000 random changes and token requests: every answer of the daemon is that of a reference
model (reference_model.py), whatever came before, and over restarts. A history is its seed:

    18-model.py --seed 3 [--steps 25000]   runs that one alone, and tells its last steps on failure"""

import argparse
import base64
import json
import multiprocessing
import os
import random
import re
import shutil
import socket
import sys
import tempfile
import unittest
import urllib.parse

from harness import DEADLINE_S, b64url, segment, start_serve, write_config
from reference_model import DEFAULTS, ID, Model, Refused

SEEDS, STEPS, RESTART = (1, 2, 3, 4), 25000, 5000
STATUS = {"invalid": 422, "exists": 409, "conflict": 409, "not_found": 404, "precondition": 412}

SCOPES = [f"s{i}" for i in range(5)]
POOL = {"resources": [f"https://r{i}.example.com/x?y=1" for i in range(6)],
        "roles": [f"role{i}" for i in range(5)], "products": [f"product{i}" for i in range(5)],
        "clients": [f"client{i}" for i in range(8)]}
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.I)
ETAG = re.compile(rb"\r\netag: *([^\r]+)\r\n", re.I)


class Wire:
    """A kept-alive connection, for speed without http.client."""

    def __init__(self, address):
        self.address, self.sock = address, None

    def connect(self):
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        self.sock = socket.socket(family)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(self.address)

    def ask(self, head, body):
        """(status, ETag, the body's JSON)"""
        if self.sock is None:
            self.connect()
        self.sock.sendall(f"{head}Host: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        lines, _, rest = data.partition(b"\r\n\r\n")
        lines += b"\r\n"
        length = LENGTH.search(lines)
        while length and len(rest) < int(length[1]):
            rest += self.receive()
        if b"\r\nconnection: close\r\n" in lines.lower():
            self.close()
        etag = ETAG.search(lines)
        return int(lines[9:12]), etag and etag[1].decode(), json.loads(rest) if rest else None

    def receive(self):
        piece = self.sock.recv(65536)
        if not piece:
            raise AssertionError("the daemon closed the connection")
        return piece

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock = None


class Server:
    """The daemon under test, and what only it knows: ids, secrets, entity tags."""

    def __init__(self, folder):
        self.config = write_config(folder, http={"threads": 2})
        self.ids, self.etags, self.secret_ids = {}, {}, {}  # of clients by name; by id; by name
        self.start()

    def start(self):
        self.issuer = start_serve(self.config)
        self.public = Wire((self.issuer.host, self.issuer.port))
        self.socket = Wire(self.issuer.socket)

    def stop(self):
        self.public.close()
        self.socket.close()
        status = self.issuer.daemon.stop()
        assert status == 0, f"exit status {status}:\n" + self.issuer.daemon.log()

    def admin(self, method, path, body=None, if_match=None):
        tag = f"If-Match: {if_match}\r\n" if if_match else ""
        return self.socket.ask(f"{method} /admin/v1{path} HTTP/1.1\r\n{tag}"
                               "Content-Type: application/json\r\n",
                               "" if body is None else json.dumps(body))

    def token(self, form, credentials, by_header):
        header = ""
        if by_header:
            text = base64.b64encode(":".join(credentials).encode()).decode()
            header = f"Authorization: Basic {text}\r\n"
        else:
            form = form + [("client_id", credentials[0]), ("client_secret", credentials[1])]
        return self.public.ask("POST /oauth2/token HTTP/1.1\r\nContent-Type: application/"
                               f"x-www-form-urlencoded\r\n{header}", urllib.parse.urlencode(form))


class History:
    def __init__(self, seed, folder):
        self.random = random.Random(seed)
        self.model, self.server = Model(), Server(folder)
        self.credentials = []  # (client_id, secret's name, text), of the revoked and deleted too
        self.made, self.told, self.outcomes = 0, [], {}

    # --- choosing ---

    def some(self, items, most=3):
        items = list(items)
        return self.random.sample(items, self.random.randint(0, min(most, len(items))))

    def any_name(self, kind):
        there = list(self.model.objects[kind])
        return self.random.choice(there if there and self.random.random() < .9 else POOL[kind])

    def any_grant(self):
        identifier = self.any_name("resources")
        resource = self.model.objects["resources"].get(identifier, {"scopes": SCOPES})
        scopes = resource["scopes"] if self.random.random() < .95 else SCOPES
        bare = not scopes or self.random.random() < .2
        return identifier if bare else f"{identifier}#{self.random.choice(scopes)}"

    def grants(self, most=4):
        return list(dict.fromkeys(self.any_grant() for _ in range(self.random.randint(0, most))))

    def names(self, kind, most=2):
        return list(dict.fromkeys(self.any_name(kind)
                                  for _ in range(self.random.randint(0, most))))

    def members(self, kind):
        """Members that an object of the kind may be given."""
        pick = self.random
        common = {"owner": pick.choice([None, "team a", "été"]),
                  "labels": {name: pick.choice(["1", "2", ""]) for name in self.some(["a", "b"])}}
        own = {"resources": lambda: {"scopes": pick.sample(SCOPES, pick.randint(1, 4)),
                                     "lifetime_s": pick.randint(1, 5000),
                                     "shared": pick.random() < .7,
                                     "claims": pick.choice([{}, {"t": "x"}, {"t": {"u": [1]}}])},
               "roles": lambda: {"grants": self.grants()},
               "products": lambda: {"grants": self.grants(),
                                    "approval": pick.choice(["auto", "manual"])},
               "clients": lambda: {"enabled": pick.random() < .9,
                                   "scope_policy": pick.choice(["filter", "strict"]),
                                   "default_resource": pick.choice(
                                       [None, None, self.any_name("resources")]),
                                   "roles": self.names("roles"), "grants": self.grants(3)}}
        return {**own[kind](), **common}

    # --- changes: each (what the model does, how to ask the daemon, the status of success) ---

    def create(self):
        kind = self.random.choice(list(POOL))
        members = self.members(kind)
        doc = {ID[kind]: self.random.choice(POOL[kind]),
               **{name: members[name] for name in self.some(members, len(members))}}
        more = {}
        if kind == "clients":
            doc["subscriptions"] = self.names("products")
            more = {"secret_name": self.secret_name()}
        return (lambda: self.model.create(kind, doc, more.get("secret_name")),
                ("POST", f"/{kind}", {**doc, **more}), 201, (kind, doc[ID[kind]]), kind)

    def patch(self):
        kind = self.random.choice(list(POOL))
        name, members = self.any_name(kind), self.members(kind)
        patch = {key: None if self.random.random() < .15 else members[key]
                 for key in self.some(members, 3)}
        if "labels" in patch and patch["labels"] and self.random.random() < .5:
            patch["labels"]["a"] = None
        then = name
        if kind == "clients" and self.random.random() < .2:
            then = patch["name"] = self.random.choice(POOL[kind])
        return (lambda: self.model.patch(kind, name, patch),
                ("PATCH", self.path(kind, name), patch), 200, (kind, then), (kind, name))

    def delete(self):
        kind = self.random.choice(list(POOL)[:3] * 2 + ["clients"])
        name = self.any_name(kind)
        return (lambda: self.model.delete(kind, name), ("DELETE", self.path(kind, name), None), 204,
                None, (kind, name))

    def list_act(self):
        client, member = self.any_name("clients"), self.random.choice(["grants", "roles"])
        path = self.path("clients", client) + f"/{member}"
        where = ("clients", client)
        if self.random.random() < .5:
            items = self.grants(3) if member == "grants" else self.names("roles")
            return (lambda: self.model.add(client, member, items),
                    ("POST", path, {member: items}), 200, where, where)
        there = self.model.objects["clients"].get(client, {member: []})[member]
        item = self.random.choice(there) if there and self.random.random() < .9 else \
            self.any_grant() if member == "grants" else self.any_name("roles")
        return (lambda: self.model.remove(client, member, item),
                ("DELETE", f"{path}/{segment(item)}", None), 200, where, where)

    def subscription(self):
        client, product = self.any_name("clients"), self.any_name("products")
        mine = self.model.objects["clients"].get(client, {"subscriptions": []})["subscriptions"]
        act = self.random.choice(["subscribe", "approve", "approve", "revoke", "unsubscribe"])
        if mine and act != "subscribe" and self.random.random() < .9:
            product = self.random.choice(mine)["product"]
        path, where = self.path("clients", client) + "/subscriptions", ("clients", client)
        request = {"subscribe": ("POST", path, {"product": product}),
                   "unsubscribe": ("DELETE", f"{path}/{product}", None)}.get(
                       act, ("POST", f"{path}/{product}/{act}", None))
        return lambda: self.model.subscription(client, act, product), request, 200, where, where

    def secret_name(self):
        self.made += 1
        return f"secret{self.made}"

    def secret(self):
        client = self.any_name("clients")
        path, where = self.path("clients", client) + "/secrets", ("clients", client)
        mine = self.model.secrets.get(client, [])
        if self.random.random() < .5:
            name = self.secret_name()
            return (lambda: self.model.add_secret(client, name),
                    ("POST", path, {"name": name}), 201, None, where)
        name = self.random.choice(mine) if mine and self.random.random() < .9 else "none"
        return (lambda: self.model.revoke_secret(client, name),
                ("DELETE", f"{path}/{self.server.secret_ids.get(name, 'none')}", None), 204, None,
                where)

    def path(self, kind, name):
        if kind == "clients" and name in self.server.ids and self.random.random() < .5:
            name = self.server.ids[name]
        return f"/{kind}/{segment(name)}"

    # --- a step ---

    def key(self, where):
        """What keeps its name: a client's is its id."""
        kind, name = where
        return (kind, self.server.ids.get(name, name)) if kind == "clients" else where

    def change(self):
        choices = [self.create] * 3 + [self.patch] * 5 + [self.delete] + [self.list_act] * 3 + \
            [self.subscription] * 4 + [self.secret] * 2
        act, (method, path, body), status, shown, where = self.random.choice(choices)()
        there = isinstance(where, tuple) and where[1] in self.model.objects[where[0]]
        if_match, codes, changed = None, set(), None
        if there and self.random.random() < .15:
            if_match = self.random.choice([self.server.etags[self.key(where)],
                                           self.random.choice(list(self.server.etags.values()))])
        old = self.key(where) if there else None
        if if_match and if_match != self.server.etags[old]:
            codes = {"precondition"}
        else:
            try:
                changed = act()
            except Refused as refused:
                codes = refused.codes
        self.told.append(f"{method} {path} {json.dumps(body)} If-Match {if_match}")
        got, etag, answer = self.server.admin(method, path, body, if_match)
        if codes:
            self.count(answer["code"])
            assert answer["code"] in codes and got == STATUS[answer["code"]], \
                f"{sorted(codes)} expected: {got} {answer}"
            return
        self.count("changed" if changed else "the same")
        assert got == status, f"{status} expected: {got} {answer}"
        self.learn(method, shown, old, answer)
        if shown:
            self.check_shown(shown, answer)
            key = self.key(shown)
            assert etag and (old is None or (self.server.etags[old] != etag) == changed), \
                f"ETag {etag}, {changed}"
            self.server.etags[key] = etag
        elif old is not None:  # a secret, or gone
            self.refresh(old)

    def learn(self, method, shown, old, answer):
        """Takes what the daemon has made."""
        server = self.server
        if method == "DELETE" and shown is None and old[0] != "clients":
            return
        if answer and "client_secret" in answer:
            client_id = answer.get("client_id") or old[1]
            row = answer["secrets"][0] if "secrets" in answer else answer
            server.secret_ids[row["name"]] = row["id"]
            self.credentials.append((client_id, row["name"], answer["client_secret"]))
        if answer and "client_id" in answer:
            for name in [n for n, i in server.ids.items() if i == answer["client_id"]]:
                del server.ids[name]
            server.ids[answer["name"]] = answer["client_id"]

    def refresh(self, key):
        kind, name = key
        got, etag, answer = self.server.admin("GET", f"/{kind}/{segment(name)}")
        if got == 404:
            del self.server.etags[key]
            gone = [n for n, i in self.server.ids.items() if kind == "clients" and i == name]
            there = name in self.model.objects[kind] or \
                any(n in self.model.objects["clients"] for n in gone)
            assert not there, "404"
            for one in gone:
                del self.server.ids[one]
            return
        assert got == 200 and self.server.etags[key] != etag, f"{got} {etag} {answer}"
        self.server.etags[key] = etag
        self.check_shown((kind, answer[ID[kind]]), answer)

    def check_shown(self, where, answer):
        kind, name = where
        want = self.model.objects[kind].get(name)
        shown = {member: answer[member] for member in answer
                 if member not in ("client_id", "secrets", "client_secret")}
        assert shown == want, f"shown:    {shown}\nexpected: {want}"
        if kind == "clients":
            names = [row["name"] for row in answer["secrets"]]
            assert names == self.model.secrets[name], f"{names}: {self.model.secrets[name]}"

    # --- requests ---

    def ask(self):
        names = {identity: name for name, identity in self.server.ids.items()}
        alive = [one for one in self.credentials[-100:]
                 if one[1] in self.model.secrets.get(names.get(one[0]), ())]
        known = alive if alive and self.random.random() < .93 else self.credentials
        client_id, secret, text = self.random.choice(known)
        if self.random.random() < .02:
            text, secret = self.random.choice(self.credentials)[2], None
        name = names.get(client_id)
        if secret is None:  # another's, or by chance one of its own
            secret = next((s for i, s, t in self.credentials if (i, t) == (client_id, text)), None)
        resources = self.resources(name)
        words = [] if self.random.random() < .4 else \
            self.random.sample(SCOPES + ["unknown"], self.random.randint(1, 3))
        try:
            want = self.model.token(name, secret, resources, words)
        except Refused as refused:
            want = refused.codes
        form = [("grant_type", "client_credentials")] + [("resource", r) for r in resources]
        form += [("scope", " ".join(words))] if words else []
        by_header = self.random.random() < .5
        self.told.append(f"token of {name} {client_id}: {form[1:]}")
        self.check_token(want, client_id, by_header,
                         self.server.token(form, (client_id, text), by_header))

    def resources(self, name):
        """Which to ask for: none, one or two; mostly some that it holds."""
        if self.random.random() < .35:
            return []
        there = self.model.objects["clients"].get(name)
        held = sorted({g.partition("#")[0] for g in self.model.holdings(there)}) if there else []
        pool = held if held and self.random.random() < .9 else POOL["resources"]
        return self.random.sample(pool, min(len(pool), self.random.choice([1, 1, 2])))

    def check_token(self, want, client_id, by_header, answer):
        got, _, body = answer
        if isinstance(want, set):
            self.count(body.get("error"))
            status = 401 if "invalid_client" in want and by_header else 400
            assert got == status and body["error"] in want, f"{want} expected: {got} {body}"
            return
        assert got == 200, f"{want} expected: {got} {body}"
        aud, scopes, lifetime_s = want
        claims = json.loads(b64url(body["access_token"].split(".")[1]))
        words = claims["scope"].split(" ") if "scope" in claims else []
        self.count(f"token for {len(aud)}" + (" without scope" if not words else ""))
        assert body["scope"] == " ".join(words) and len(words) == len(set(words)) and \
            set(words) == scopes, f"scope {sorted(scopes)} expected: {body['scope']} {claims}"
        assert claims["aud"] == (aud if len(aud) > 1 else aud[0]), f"{aud} expected: {claims}"
        assert claims["sub"] == claims["client_id"] == client_id, claims
        assert claims["exp"] - claims["iat"] == body["expires_in"] == lifetime_s, claims

    def count(self, what):
        self.outcomes[what] = self.outcomes.get(what, 0) + 1

    # --- all of it ---

    def check_all(self):
        for kind in POOL:
            got, _, answer = self.server.admin("GET", f"/{kind}?limit=1000")
            assert got == 200, answer
            names = [item[ID[kind]] for item in answer["items"]]
            assert names == sorted(self.model.objects[kind]), f"{kind}: {names}"
            for item in answer["items"]:
                self.check_shown((kind, item[ID[kind]]), item)
        for key, known in self.server.etags.items():
            got, etag, _ = self.server.admin("GET", f"/{key[0]}/{segment(key[1])}")
            assert (got, etag) == (200, known), f"{key}: {got} {etag}, not {known}"

    def run(self, steps):
        try:
            for step in range(steps):
                if step % RESTART == RESTART - 1:
                    self.check_all()
                    self.server.stop()
                    self.server.start()
                    self.check_all()
                if not self.credentials or self.random.random() < .35:
                    self.change()
                else:
                    self.ask()
        except Exception as error:
            last = "\n".join(self.told[-12:])
            raise AssertionError(f"step {len(self.told)}: {error}\nlast steps:\n{last}") from error
        finally:
            self.server.stop()
        return self.outcomes


def run(seed, steps=STEPS):
    """The outcomes of a history, or what went wrong."""
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="jeton-flow-", dir=shm)
    try:
        return History(seed, folder).run(steps)
    except AssertionError as error:
        return f"18-model.py --seed {seed} --steps {steps}: {error}"
    finally:
        shutil.rmtree(folder)


class Histories(unittest.TestCase):
    def test_all(self):
        with multiprocessing.Pool(min(len(SEEDS), os.cpu_count() or 1)) as pool:
            outcomes = pool.map(run, SEEDS, chunksize=1)
        for one in outcomes:
            self.assertIsInstance(one, dict, one)
        # each outcome that there is was met, and met often
        total = {}
        for one in outcomes:
            for what, times in one.items():
                total[what] = total.get(what, 0) + times
        print("\n".join(f"{times:6} {what}" for what, times in sorted(total.items())))
        for what in (*STATUS, "changed", "the same", "invalid_client", "invalid_target",
                     "invalid_scope", "token for 1", "token for 2", "token for 1 without scope"):
            self.assertGreater(total.get(what, 0), 100, what)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    if arguments.seed is None:
        unittest.main(argv=sys.argv[:1])
    print(run(arguments.seed, arguments.steps))
