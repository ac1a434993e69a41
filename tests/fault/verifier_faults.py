# SPDX-License-Identifier: Apache-2.0
"""A verifier whose key server misbehaves. Under every fault

 - all verdicts stay right and the set in use stays: no token of another key is accepted;
 - tokens are verified while the fetch suffers, and none of them waits for it;
 - jeton_verifier_info counts the failure and an event tells it;
 - memory stays bounded; no other server is asked;
 - once the server is well again, so is the verifier.

Floods of unknown kids cause a fetch or two, floods of bad signatures none. FAULT_PROBE is the
verifier's program (fault_probe.c); fault_server.py misbehaves. `--figures` tells how long tokens take,
without a fault and under each, one fault at a time, and floods it in real time."""

import concurrent.futures
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from fault_server import FaultServer, tls_context

PROBE = os.environ.get("FAULT_PROBE", "")
DEADLINE_S = 100  # for a machine that is busy; nothing waits for it when all goes well
AGE_MS = 301000  # past the time to live that the server tells and every back-off
DAYS_MS = 3 * 24 * 3600 * 1000  # nothing is used any longer
ROUNDS, FEW = 300, 20
AT_ONCE = 8  # more would keep a verifier from its few rounds until the fetch that hangs is given up
BODY_MAX = 32 * 1000 * 1000  # what the sockets' buffers may take of 100 MB besides what is read
GROWTH_KB = 32 * 1000
EVENT_SET, EVENT_FETCH_FAILED, EVENT_STALE, EVENT_DROPPED = 1, 2, 3, 4


class Probe:
    """A verifier in a process of its own."""

    def __init__(self, proxy):
        """What is on loopback is never asked for through `proxy`, of which the environment tells."""
        rest = {name: value for name, value in os.environ.items()
                if not name.lower().endswith("_proxy")}
        self.process = subprocess.Popen([PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**rest, "http_proxy": proxy})
        self.sets = {name: text.encode() for name, text in self.tell("keys").items()}

    def tell(self, *words):
        """Obeyed when this returns: what the probe answered."""
        guard = threading.Timer(DEADLINE_S, self.process.kill)
        guard.start()
        try:
            self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        finally:
            guard.cancel()
        assert line, f"no answer to {words}"
        return json.loads(line)

    def open(self, how, issuer, uri="-", file="-", ca="-"):
        return self.tell(how, issuer, uri, file, ca)

    def end(self):
        self.process.stdin.close()
        try:
            return self.process.wait(DEADLINE_S)
        finally:
            self.process.kill()
            self.process.stdout.close()


class Place:
    """One case of a server with a verifier that has a good set of it."""

    def __init__(self, world, name):
        self.world, self.name, self.probe = world, name, Probe(world.elsewhere.root)
        self.case, self.well, self.ill = None, None, None

    def open(self, server=None, uri=None, file="-", ca="-", discover=False):
        """Opens with the set at `server`, or in `file`."""
        server = server or self.world.plain
        self.server, self.case = server, server.case(self.name)
        self.root = f"{server.root}/{self.name}"
        uri = uri or self.root + "/jwks.json"
        server.serve(self.name, "healthy", self.probe.sets["first"])
        if discover:
            self.document(self.root, uri)
        opened = self.probe.open("open", self.root, "-" if discover else uri, file, ca)
        assert opened["ready"] == 1, opened
        if file != "-":
            self.probe.tell("await", 1)  # the first fetch failed; what is in the file stays
        self.verify("warming up")  # with the first token the key's table is wanted, and made
        self.well = self.verify("without a fault")

    def document(self, issuer, uri):
        path = f"/{self.name}/.well-known/openid-configuration"
        self.server.serve_path(path, json.dumps({"issuer": issuer, "jwks_uri": uri}).encode())

    def verify(self, when, rounds=0):
        figures = self.probe.tell("verify", rounds or ROUNDS)
        assert figures["verified"] > 0 and figures["wrong"] == 0, (self.name, when, figures)
        return figures

    def suffer(self, hangs=False):
        """One fetch under the fault, from its beginning to its end."""
        before, asked = self.probe.tell("info"), self.case.requests
        assert self.probe.tell("age", AGE_MS)["status"] == "unknown_key"
        if hangs:
            assert self.case.await_requests(asked + 1, DEADLINE_S)
            self.verify("while the fetch hangs", FEW)
            during = self.probe.tell("info")  # all of these were verified while it was under way
            assert during["fetches"] == before["fetches"], (before, during)
        self.ill = self.verify("under the fault")
        self.probe.tell("await", before["fetches"] + 1)
        after = self.probe.tell("info")
        assert after["failures"] > before["failures"], (before, after)
        assert after["events"][EVENT_FETCH_FAILED] > before["events"][EVENT_FETCH_FAILED], after
        assert after["events"][EVENT_SET] == before["events"][EVENT_SET], after
        assert after["keys"] == before["keys"] > 0, after
        assert after["peak_kb"] - before["peak_kb"] < GROWTH_KB, (before, after)
        self.verify("after the fault")

    def age(self, ms):
        """So much later; one more fetch has ended when this returns."""
        before = self.probe.tell("info")
        self.probe.tell("age", ms)
        self.probe.tell("await", before["fetches"] + 1)

    def heal(self):
        """The server is well, and has the next set."""
        assert self.probe.tell("next")["status"] != "ok"
        self.server.serve(self.name, "healthy", self.probe.sets["next"])
        for _ in range(3):  # what the fault left under way, or a fetch that only discovers
            self.age(AGE_MS)
            if self.probe.tell("next")["status"] == "ok":
                break
        assert self.probe.tell("next")["status"] == "ok"
        self.verify("after healing")

    def end(self):
        status = self.probe.end()
        assert status == 0, (self.name, status)


class World:
    """The servers, and the certificates of those that speak TLS."""

    def __init__(self, folder):
        self.folder = folder
        self.ca_file = os.path.join(folder, "ca.pem")
        certificates = {}
        for name, host in (("good", "IP:127.0.0.1"), ("name", "DNS:id.example.com"),
                           ("unknown", "IP:127.0.0.1")):
            certificates[name] = self._certificate(name, host)
        with open(self.ca_file, "wb") as trusted:
            for name in ("good", "name"):
                with open(certificates[name][0], "rb") as file:
                    trusted.write(file.read())
        self.contexts = {name: tls_context(*files) for name, files in certificates.items()}
        self.plain, self.elsewhere = FaultServer(), FaultServer()
        self.tls = []

    def _certificate(self, name, host):
        paths = [os.path.join(self.folder, f"{name}.{end}") for end in ("crt", "key")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-addext", f"subjectAltName={host}", "-out", paths[0], "-keyout", paths[1]],
                       check=True, capture_output=True)
        return paths

    def secure(self):
        self.tls.append(FaultServer(self.contexts["good"]))
        return self.tls[-1]

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(text)
        return path

    def close(self):
        for server in (self.plain, self.elsewhere, *self.tls):
            server.close()


def serves(place, fault, hangs=False, body="foreign"):
    """A fault of the answer. What could be taken for a set has another key under the same kid."""
    place.open()
    place.server.serve(place.name, fault, place.probe.sets.get(body, b""))
    place.suffer(hangs)
    place.heal()


def hang(place):
    serves(place, "hang", hangs=True)


def drip(place):
    serves(place, "drip", hangs=True)


def huge(place):
    serves(place, "huge")
    assert place.case.sent < BODY_MAX, place.case.sent


def gzip_bomb(place):
    serves(place, "gzip_bomb")
    for head in place.case.heads:
        assert not re.search("accept-encoding", head, re.IGNORECASE), head


def redirect(place):
    place.open()
    elsewhere = place.world.elsewhere
    elsewhere.serve(place.name, "healthy", place.probe.sets["foreign"])
    place.server.serve(place.name, "redirect",
                       f"{elsewhere.root}/{place.name}/jwks.json".encode())
    place.suffer()
    assert elsewhere.case(place.name).requests == 0
    place.heal()


def wrong_issuer(place):
    """Discovery, once the place it had found fails: the document is another issuer's."""
    elsewhere = place.world.elsewhere
    place.open(discover=True)
    elsewhere.serve(place.name, "healthy", place.probe.sets["foreign"])
    place.document("https://evil.example.com", f"{elsewhere.root}/{place.name}/jwks.json")
    place.server.serve(place.name, "status")
    place.suffer()
    place.suffer()
    assert elsewhere.case(place.name).requests == 0
    place.document(place.root, place.root + "/jwks.json")
    place.heal()


def away_for_days(place):
    """A set is stale past its time to live, used all the same, and in the end used no more."""
    place.open()
    place.server.serve(place.name, "status")
    place.suffer()
    told = place.probe.tell("info")
    assert told["stale"] == 1 and told["stale_uses"] > 0 and told["fresh_s"] < 0, told
    assert told["events"][EVENT_STALE] == 1 and told["events"][EVENT_DROPPED] == 0, told
    place.age(DAYS_MS)
    assert place.probe.tell("next")["status"] == "no_keys"
    told = place.probe.tell("info")
    assert told["keys"] == 0 and told["age_s"] == -1, told
    assert told["events"][EVENT_DROPPED] == 1, told
    place.heal()


def tls_good(place):
    place.open(server=place.world.secure(), ca=place.world.ca_file)
    place.heal()


def tls_fails(place, certificate):
    place.open(server=place.world.secure(), ca=place.world.ca_file)
    place.server.serve(place.name, "healthy", place.probe.sets["foreign"])
    asked = place.case.requests
    place.server.context = place.world.contexts[certificate]
    place.suffer()
    assert place.case.requests == asked  # not even the path was told to who cannot name itself
    place.server.context = place.world.contexts["good"]
    place.heal()


def tls_wrong_name(place):
    tls_fails(place, "name")


def tls_unknown_ca(place):
    tls_fails(place, "unknown")


def from_file(place, uri):
    """A server that is never there: the set of the file is used and stays."""
    place.open(uri=uri, file=place.world.file(place.name, place.probe.sets["first"]))
    place.suffer()


def no_such_name(place):
    from_file(place, "https://keys.invalid/jwks.json")


def nobody_listens(place):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    from_file(place, f"http://127.0.0.1:{port}/jwks.json")


def nobody_accepts(place):
    """The queue of connections is full: a handshake is never answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(3):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(full.getsockname())
        from_file(place, f"http://127.0.0.1:{full.getsockname()[1]}/jwks.json")
        for one in waiting:
            one.close()


def flood(place, kind, most):
    """100,000 within ten seconds of the verifier's clock, from where no set is due."""
    place.server = place.world.plain
    place.case = place.server.case(place.name)
    place.server.serve(place.name, "healthy", place.probe.sets["first"])
    root = f"{place.server.root}/{place.name}"
    place.probe.open("poll", root, root + "/jwks.json")
    before = place.case.requests
    told = place.probe.tell("flood", kind, 100000, 10000)
    assert told["wrong"] == 0, told
    assert place.case.requests - before <= most, place.case.requests - before
    place.verify("after the flood")


def flood_of_unknown_kids(place):
    flood(place, "kid", 2)
    assert place.case.requests > 1  # a kid that is new is looked for


def flood_of_bad_signatures(place):
    flood(place, "signature", 0)


FAULTS = {name: (lambda fault: lambda place: serves(place, fault))(name)
          for name in ("reset", "half", "half_then_reset", "status", "html", "empty", "many_keys",
                       "many_small_keys")}
FAULTS.update({one.__name__: one for one in (
    hang, drip, huge, gzip_bomb, redirect, wrong_issuer, away_for_days, tls_good, tls_wrong_name,
    tls_unknown_ca, no_such_name, nobody_listens, nobody_accepts)})
FLOODS = {one.__name__: one for one in (flood_of_unknown_kids, flood_of_bad_signatures)}


def run(world, name, act):
    place = Place(world, name)
    try:
        act(place)
        return place
    finally:
        place.end()


class VerifierFaults(unittest.TestCase):
    def test_every_fault_leaves_verdicts_right_and_the_set_in_use(self):
        acts = {**FAULTS, **FLOODS}
        with tempfile.TemporaryDirectory() as folder:
            world = World(folder)
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                ends = {name: pool.submit(run, world, name, act) for name, act in acts.items()}
                for name, end in ends.items():
                    with self.subTest(fault=name):
                        end.result()
            world.close()


def tell_fault(world, name, act):
    place = run(world, name, act)
    if place.ill is not None:
        ratio = place.ill["p99_us"] / place.well["p99_us"]
        print(f"{name:16}", *(f"{figures[key]:8.1f}" for figures in (place.well, place.ill)
                              for key in ("p50_us", "p99_us", "cpu_p99_us")), f"{ratio:6.2f}",
              flush=True)


def tell_flood(world, kind):
    """In real time, on a verifier with a thread."""
    probe, case = Probe(world.elsewhere.root), world.plain.case("soak-" + kind)
    world.plain.serve("soak-" + kind, "healthy", probe.sets["first"])
    root = f"{world.plain.root}/soak-{kind}"
    probe.open("open", root, root + "/jwks.json")
    before = case.requests
    told = probe.tell("soak", kind, 10000, 10)
    assert told["wrong"] == 0, told
    print(f"flood of 10,000/s ({kind}): {told['presented']} in {told['seconds']} s, "
          f"{told['cpu_us_each']} us of CPU each, {case.requests - before} fetches", flush=True)
    probe.end()


def tell_figures():
    """Each fault alone, so that nothing else takes the machine; the same tokens just before it."""
    print("microseconds     |   without a fault         |   under the fault         |  p99")
    print("fault            |    p50     p99  CPU p99   |    p50     p99  CPU p99   | ratio")
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        for name, act in FAULTS.items():
            tell_fault(world, name, act)
        for kind in ("kid", "signature"):
            tell_flood(world, kind)
        world.close()


if __name__ == "__main__":
    if "--figures" in sys.argv:
        ROUNDS = 5000
        tell_figures()
    else:
        unittest.main()
