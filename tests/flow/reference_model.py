# SPDX-License-Identifier: Apache-2.0
"""The access model once more, as plainly as can be: what there is, which changes are refused, and
what a token request gets. Written from the design's words and decision, not from the program.

Objects are the documents that the admin API shows, without a client's id and secrets; clients stand
under their names. A change is made or raises Refused with the codes it may be refused with."""

import copy

DEFAULTS = {
    "resources": {"scopes": [], "lifetime_s": 3600, "alg": "ES256", "typ": "at+jwt", "claims": {},
                  "shared": False, "owner": None, "labels": {}},
    "roles": {"grants": [], "owner": None, "labels": {}},
    "products": {"approval": "auto", "grants": [], "owner": None, "labels": {}},
    "clients": {"enabled": True, "scope_policy": "filter", "default_resource": None, "roles": [],
                "subscriptions": [], "grants": [], "owner": None, "labels": {}},
}
ID = {"resources": "identifier", "roles": "name", "products": "name", "clients": "name"}
MAX_SECRETS = 16


class Refused(Exception):
    def __init__(self, *codes):
        super().__init__(codes)
        self.codes = set(codes)


def merge(target, patch):
    """RFC 7396."""
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict):
            below = target.get(name)
            target[name] = merge(below if isinstance(below, dict) else {}, value)
        else:
            target[name] = copy.deepcopy(value)
    return target


def references(doc):
    """What a document needs: (kind, name), or ("grant", grant)."""
    yield from (("grant", grant) for grant in doc.get("grants", ()))
    yield from (("roles", role) for role in doc.get("roles", ()))
    yield from (("products", s["product"]) for s in doc.get("subscriptions", ()))
    if doc.get("default_resource"):
        yield "resources", doc["default_resource"]


class Model:
    def __init__(self):
        self.objects = {kind: {} for kind in DEFAULTS}
        self.secrets = {}  # of a client, by its name: the names of those alive

    def dangles(self, doc):
        for kind, name in references(doc):
            if kind == "grant":
                identifier, hash_, scope = name.partition("#")
                resource = self.objects["resources"].get(identifier)
                if resource is None or (hash_ and scope not in resource["scopes"]):
                    return True
            elif name not in self.objects[kind]:
                return True
        return False

    def store(self, kind, old_id, doc):
        """Makes `doc` (None: nothing) of `old_id` (None: what is new); was that a change?"""
        before, objects = dict(self.objects[kind]), self.objects[kind]
        codes = set()
        old = objects.pop(old_id, None)
        if doc is not None:
            codes |= {"exists"} if doc[ID[kind]] in objects else set()
            objects[doc[ID[kind]]] = doc
            codes |= {"invalid"} if self.dangles(doc) else set()
        if not codes and any(self.dangles(other) for objects in self.objects.values()
                             for other in objects.values() if other is not doc):
            codes.add("conflict")
        if codes:
            self.objects[kind] = before
            raise Refused(*codes)
        return old != doc

    def find(self, kind, name):
        if name not in self.objects[kind]:
            raise Refused("not_found")
        return copy.deepcopy(self.objects[kind][name])

    def settle(self, product):
        manual = self.objects["products"].get(product, {}).get("approval") == "manual"
        return {"product": product, "status": "pending" if manual else "approved"}

    def create(self, kind, doc, secret=None):
        whole = {**copy.deepcopy(DEFAULTS[kind]), **merge({}, doc)}
        if kind == "clients":
            whole["subscriptions"] = [self.settle(name) for name in whole["subscriptions"]]
        self.store(kind, None, whole)
        if kind == "clients":
            self.secrets[whole["name"]] = [secret]
        return True

    def patch(self, kind, name, patch):
        doc = {**copy.deepcopy(DEFAULTS[kind]), **merge(self.find(kind, name), patch)}
        changed = self.store(kind, name, doc)
        if kind == "clients":
            self.secrets[doc["name"]] = self.secrets.pop(name)
        return changed

    def delete(self, kind, name):
        self.find(kind, name)
        self.store(kind, name, None)
        if kind == "clients":
            del self.secrets[name]
        return True

    def add(self, client, member, items):
        doc = self.find("clients", client)
        if not items:
            raise Refused("invalid")
        doc[member] += [item for item in dict.fromkeys(items) if item not in doc[member]]
        return self.store("clients", client, doc)

    def remove(self, client, member, item):
        doc = self.find("clients", client)
        if item not in doc[member]:
            raise Refused("not_found")
        doc[member].remove(item)
        return self.store("clients", client, doc)

    def subscription(self, client, act, product):
        doc = self.find("clients", client)
        mine = [s for s in doc["subscriptions"] if s["product"] == product]
        if act == "subscribe":
            if mine and mine[0]["status"] == "revoked":
                raise Refused("conflict")
            doc["subscriptions"] += [] if mine else [self.settle(product)]
        elif not mine:
            raise Refused("not_found")
        elif act == "unsubscribe":
            doc["subscriptions"].remove(mine[0])
        else:
            mine[0]["status"] = {"approve": "approved", "revoke": "revoked"}[act]
        return self.store("clients", client, doc)

    def add_secret(self, client, name):
        self.find("clients", client)
        if len(self.secrets[client]) == MAX_SECRETS:
            raise Refused("conflict")
        self.secrets[client].append(name)
        return True

    def revoke_secret(self, client, name):
        if name not in self.secrets.get(client, ()):
            raise Refused("not_found")
        self.secrets[client].remove(name)
        return True

    def holdings(self, client):
        sets = [self.objects["roles"][role] for role in client["roles"]]
        sets += [self.objects["products"][one["product"]] for one in client["subscriptions"]
                 if one["status"] == "approved"]
        return set(client["grants"]).union(*(one["grants"] for one in sets))

    def choose(self, client, callable_, words):
        """Which resource, when none is named."""
        if client["default_resource"]:
            return [client["default_resource"]]
        if words:
            fit = [name for name in callable_
                   if set(words) <= set(self.objects["resources"][name]["scopes"])]
            if len(fit) > 1:
                raise Refused("invalid_scope")
            if fit:
                return fit
        if len(callable_) != 1:
            raise Refused("invalid_target")
        return list(callable_)

    def token(self, client_name, secret, resources, words):
        """(aud, scopes, lifetime_s), or Refused."""
        client = self.objects["clients"].get(client_name, {"enabled": False})
        if not client["enabled"] or secret not in self.secrets[client_name]:
            raise Refused("invalid_client")
        held = self.holdings(client)
        callable_ = {grant.partition("#")[0] for grant in held}
        aud = resources or self.choose(client, callable_, words)
        known = [self.objects["resources"][name] for name in aud if name in callable_]
        if len(known) != len(aud) or (len(aud) > 1 and not all(r["shared"] for r in known)):
            raise Refused("invalid_target")

        def given(scope):
            defining = [r["identifier"] for r in known if scope in r["scopes"]]
            return bool(defining) and all(f"{name}#{scope}" in held for name in defining)

        scopes = {s for s in words or {s for r in known for s in r["scopes"]} if given(s)}
        refused = words and client["scope_policy"] == "strict" and scopes != set(words)
        if refused or (not scopes and not all(name in held for name in aud)):
            raise Refused("invalid_scope")
        return aud, scopes, min(r["lifetime_s"] for r in known)
