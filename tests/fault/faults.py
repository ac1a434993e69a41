# SPDX-License-Identifier: Apache-2.0
"""What the fault tests share: folders with an issuer's keys as they are after days, the preloaded
library (killpoint.c; KILLPOINT_LIBRARY names it), what a database holds, and what must be true of
an issuer after any fault."""

import functools
import hashlib
import http.client
import json
import os
import shutil
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))

from harness import PAYMENT, Daemon, Issuer, b64url, decode, start_serve, write_config

LIBRARY = os.environ["KILLPOINT_LIBRARY"]
LEAD_S = 86400
LEDGER = "https://ledger.example.com/api"
SECOND = "ES384"  # beside ES256: a step is one transaction for both


# --- the preloaded library ---

def preload(**more):
    """The environment of a daemon under the library; `more` are its words without KILLPOINT_."""
    asan = os.environ.get("ASAN_OPTIONS", "")
    words = {"KILLPOINT_" + name.upper(): str(value) for name, value in more.items()}
    return {"LD_PRELOAD": LIBRARY, **words,
            "ASAN_OPTIONS": ":".join(filter(None, [asan, "verify_asan_link_order=0"]))}


def environment(folder, point, mode):
    """Counts what changes the folder's database while it is armed."""
    return {**preload(mode=mode, file=os.path.join(folder, "jeton.db"),
                      arm=os.path.join(folder, "arm"), report=os.path.join(folder, "count")),
            "KILLPOINT": str(point)}


def counted(folder):
    try:
        with open(os.path.join(folder, "count"), encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def arm(folder):
    with open(os.path.join(folder, "arm"), "w", encoding="ascii"):
        pass


def disarm(folder):
    os.unlink(os.path.join(folder, "arm"))


def start_or_none(config, env):
    """The issuer, or None and the exit status when it ended on its way to readiness."""
    daemon = Daemon(["serve", "--config", config], env)
    try:
        return issuer_of(daemon), None, None
    except AssertionError:
        return None, daemon.stop(), daemon.log()


def issuer_of(daemon):
    """When it is ready."""
    ready = daemon.wait_log("ev=daemon.ready")
    said = dict(word.split("=", 1) for word in ready.split() if "=" in word)
    return Issuer(daemon, {"issuer": said["issuer"], "admin_socket": said["admin"],
                           "address": said["listen"]})


def look_again(issuer):
    """Lets the daemon do at once what it does every few seconds, whether it can or not."""
    mark = issuer.daemon.mark()
    issuer.daemon.process.send_signal(signal.SIGHUP)
    issuer.daemon.wait_log("ev=config.", since=mark)


def try_admin(issuer, *args):
    """The answer, or None when the daemon died of the request."""
    try:
        return issuer.admin(*args)
    except (http.client.HTTPException, OSError):
        return None


def kid_of(token):
    return decode(token)[0]["kid"]


# --- signatures, checked without any code of ours ---

CURVES = {  # FIPS 186-4 D.1.2: p, b, n, the generator; a is -3
    "ES256": ("sha256", 2**256 - 2**224 + 2**192 + 2**96 - 1,
              0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
              0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
              0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5),
    "ES384": ("sha384", 2**384 - 2**128 - 2**96 + 2**32 - 1,
              0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973,
              0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7,
              0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f),
}


def double(p, point):
    """Jacobian coordinates, by which nothing is divided: (x / z^2, y / z^3)."""
    x, y, z = point
    square = y * y % p
    s, m = 4 * x * square % p, 3 * (x - z * z) * (x + z * z) % p
    found = (m * m - 2 * s) % p
    return found, (m * (s - found) - 8 * square * square) % p, 2 * y * z % p


def add(p, one, other):
    if one[2] == 0 or other[2] == 0:
        return other if one[2] == 0 else one
    ones, others = one[2] * one[2] % p, other[2] * other[2] % p
    h = (other[0] * ones - one[0] * others) % p
    r = (other[1] * one[2] * ones - one[1] * other[2] * others) % p
    if h == 0:
        return double(p, one) if r == 0 else (1, 1, 0)
    u, cube = one[0] * others * h * h % p, h * h * h % p
    x = (r * r - cube - 2 * u) % p
    y = (r * (u - x) - one[1] * other[2] * others * cube) % p
    return x, y, h * one[2] * other[2] % p


def sum_of(p, u, one, v, other):
    """u * one + v * other, both at a time."""
    table = {(1, 0): one, (0, 1): other, (1, 1): add(p, one, other)}
    total = (1, 1, 0)
    for bit in reversed(range(p.bit_length())):
        total = double(p, total)
        chosen = table.get((u >> bit & 1, v >> bit & 1))
        total = add(p, total, chosen) if chosen else total
    return total


@functools.lru_cache(maxsize=4096)
def is_signed_by(token, x, y):
    """FIPS 186-4 sec. 6.4.2."""
    signed, _, signature = token.rpartition(".")
    digest, p, n, *generator = CURVES[decode(token)[0]["alg"]]
    point = tuple(int.from_bytes(b64url(part), "big") for part in (x, y))
    signature = b64url(signature)
    half = len(signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    e = int.from_bytes(hashlib.new(digest, signed.encode()).digest(), "big")
    w = pow(s, -1, n)
    found = sum_of(p, e * w % n, (*generator, 1), r * w % n, (*point, 1))
    if not (0 < r < n and 0 < s < n and found[2]):
        return False
    return found[0] * pow(found[2], -2, p) % p % n == r


def verifies(token, keys):
    """By the one key of the set `keys` that has its kid."""
    named = [key for key in keys if key["kid"] == kid_of(token)]
    return len(named) == 1 and is_signed_by(token, named[0]["x"], named[0]["y"])


# --- what a database holds ---

TIMES = "published_at_s sign_from_s sign_until_s drop_at_s dropped_at_s revoked_at_s".split()


def query(folder, text, *values):
    db = sqlite3.connect(os.path.join(folder, "jeton.db"))
    try:
        with db:
            return db.execute(text, values).fetchall()
    finally:
        db.close()


def key_rows(folder):
    names = ["kid", "alg", "blob", "longest_s", *TIMES]
    rows = query(folder, f"SELECT {','.join(names)} FROM keys")
    return {row[0]: dict(zip(names, row)) for row in rows}


def audit(folder):
    return [row[0] for row in query(folder, "SELECT action FROM audit ORDER BY seq")]


def about(doc):
    """What a document says that is the same in every run."""
    doc = json.loads(doc)
    return (doc.get("name") or doc.get("identifier"), doc.get("lifetime_s"), doc.get("enabled"),
            len(doc.get("secrets", [])))


def kek_of(blob):
    """The id of the key-encryption key that it is sealed under; None: nothing is sealed."""
    return blob[1:9].hex() if blob is not None else None


def snapshot(folder, known):
    """All that a step by hand may change; keys and clients made by it have no name of their own."""
    keys = sorted((row["kid"] if row["kid"] in known else "made", row["alg"],
                   *(bool(row[name]) for name in TIMES), row["longest_s"], kek_of(row["blob"]))
                  for row in key_rows(folder).values())
    objects = sorted(about(doc) for doc, in
                     query(folder, "SELECT doc FROM objects WHERE doc IS NOT NULL"))
    schema = query(folder, "SELECT value FROM meta WHERE name = 'schema'")
    secrets = [(name, kek_of(blob)) for name, blob in query(folder, "SELECT name, blob FROM sealed")]
    return {"keys": keys, "objects": objects, "schema": schema, "audit": audit(folder),
            "secrets": secrets}


# --- folders with keys of some age ---

ALGORITHMS = ["ES256", SECOND]


class Prepared:
    """A folder from which an issuer has run: two algorithms, a client with a resource for each, a token
    of each key that has signed. `turned_s`: its keys were rotated so long ago; None: never. `added`:
    a further algorithm, which is in no configuration."""

    def __init__(self, folder, turned_s=None, added=None):
        os.makedirs(folder)
        self.folder, self.tokens = folder, []
        self.config = self.write_config(folder)
        self.begin(added)
        if turned_s is not None:
            issuer = self.start(shift_s=-turned_s)
            self.take(issuer)
            turned = issuer.admin("POST", "/keys/rotate", {})
            assert turned.status == 200, turned
            assert issuer.daemon.stop() == 0
        issuer = self.start()
        self.take(issuer)
        self.states = {key["kid"]: key["state"] for key in issuer.keys()}
        self.by_state = {(key["state"], key["alg"]): key["kid"] for key in issuer.keys()}
        assert issuer.daemon.stop() == 0

    def write_config(self, folder):
        raise NotImplementedError

    def start(self, **more):
        return start_serve(self.config, preload(**more) if more else None)

    def begin(self, added):
        """Keys that are older than two leads, and what asks for tokens."""
        issuer = self.start(shift_s=-2 * LEAD_S)
        for identifier, alg in ((PAYMENT, "ES256"), (LEDGER, SECOND)):
            made = issuer.admin("POST", "/resources",
                                {"identifier": identifier, "scopes": ["r"], "alg": alg})
            assert made.status == 201, made
        made = issuer.admin("POST", "/clients",
                            {"name": "cart", "grants": [PAYMENT + "#r", LEDGER + "#r"]})
        self.client = (made.json()["client_id"], made.json()["client_secret"])
        self.secret_id = made.json()["secrets"][0]["id"]
        if added:
            made = issuer.admin("POST", "/keys/algorithms", {"alg": added})
            assert made.status // 100 == 2, made
        assert issuer.daemon.stop() == 0

    def take(self, issuer):
        """A token of each algorithm."""
        taken = []
        for resource in (PAYMENT, LEDGER):
            answer = issuer.token(self.client, resource=resource)
            assert answer.status == 200, answer
            taken.append(answer.json()["access_token"])
        self.tokens += taken
        return taken


class Base(Prepared):
    """The database is a file in the folder, which can be copied."""

    def __init__(self, folder, **how):
        super().__init__(folder, **how)
        rows = key_rows(folder)
        self.blobs = {kid: row["blob"] for kid, row in rows.items() if row["blob"] is not None}

    @staticmethod
    def write_config(folder, **keys):
        return write_config(folder, keys={"algorithms": ALGORITHMS, **keys})

    def copy(self, folder):
        shutil.copytree(self.folder, folder)
        return self.write_config(folder)


# --- what must be true ---

def check_keys(issuer, tokens, kept=ALGORITHMS):
    """At any time: the set is not empty and is what the rows say, each algorithm that is kept
    has one key that signs and one that stands next, and every token of a key that was not revoked
    verifies."""
    keys, published = issuer.keys(), issuer.jwks()
    states = {key["kid"]: key["state"] for key in keys}
    shown = [key["kid"] for key in published]
    assert shown and len(set(shown)) == len(shown), shown
    gone = ("revoked", "dropped")
    assert set(shown) == {kid for kid, state in states.items() if state not in gone}, keys
    for alg in kept:
        of_alg = [key["state"] for key in keys if key["alg"] == alg]
        assert of_alg.count("active") == 1 and of_alg.count("next") == 1, (alg, keys)
    for token in tokens:
        kid = kid_of(token)
        assert states[kid] == "revoked" or verifies(token, published), (kid, states)
    return states


def check_rows(folder, states):
    """A row has a private half while its key signs or may come to."""
    for kid, row in key_rows(folder).items():
        assert (row["blob"] is not None) == (states[kid] in ("active", "next")), (kid, states)


def check_erased(folder, blobs, states):
    """No file holds the private half of a key that signs no more."""
    stopped = [blob for kid, blob in blobs.items() if states.get(kid) not in ("active", "next")]
    parts = [blob[i:i + 32] for blob in stopped for i in range(0, len(blob) - 32, 32)]
    for name in os.listdir(folder):
        if name.startswith("jeton.db"):
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
            assert not any(part in content for part in parts), name

