# SPDX-License-Identifier: Apache-2.0
"""Signing keys and the key-encryption key in a PKCS#11 token (SoftHSM): made there, rotated and
destroyed there, and nothing opens without it."""

import json
import os
import shutil
import signal
import subprocess
import threading
import unittest

from harness import (DEADLINE_S, PAYMENT, Case, Daemon, b64url, decode, jeton, start_serve, until,
                     write_config)

MODULES = [os.environ.get("SOFTHSM2_MODULE", ""), "/usr/lib/softhsm/libsofthsm2.so",
           "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
           "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"]
MODULE = next((path for path in MODULES if os.path.exists(path)), None)
LOOSE = os.environ.get("LOOSE_MODULE")
ISSUER = "https://id.example.com"
PIN = "1234"
MISSING = [name for name in ("softhsm2-util", "pkcs11-tool") if shutil.which(name) is None] + \
    ([] if MODULE else ["libsofthsm2.so"])


@unittest.skipIf(MISSING, f"not installed: {', '.join(MISSING)}")
class TokenCase(Case):
    def setUp(self):
        super().setUp()
        tokens = os.path.join(self.dir, "tokens")
        os.mkdir(tokens)
        conf = os.path.join(self.dir, "softhsm2.conf")
        with open(conf, "w", encoding="ascii") as out:
            out.write(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
        self.pin = os.path.join(self.dir, "pin")
        with open(self.pin, "w", encoding="ascii") as out:
            out.write(PIN + "\n")
        os.chmod(self.pin, 0o600)
        self.away = os.path.join(self.dir, "away")
        self.env = {"SOFTHSM2_CONF": conf, "LOOSE_MODULE_REAL": MODULE,
                    "LOOSE_MODULE_AWAY": self.away}
        self.run_tool("softhsm2-util", "--init-token", "--free", "--label", "jeton", "--so-pin",
                      "87654321", "--pin", PIN)

    def run_tool(self, *args):
        done = subprocess.run(args, env={**os.environ, **self.env}, capture_output=True,
                              timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def tool(self, *args):
        return self.run_tool("pkcs11-tool", "--module", MODULE, "--token-label", "jeton", "--login",
                             "--pin", PIN, *args)

    def labels(self, kind):
        """Of the objects of a kind in the token."""
        lines = self.tool("--list-objects", "--type", kind).splitlines()
        return sorted(line.split()[-1] for line in lines if line.strip().startswith("label:"))

    def make_kek(self):
        self.tool("--keygen", "--key-type", "GENERIC:32", "--label", "jeton-kek", "--private",
                  "--sensitive", "--usage-sign")

    def config(self, signer, module=MODULE, kek=True, **keys):
        """The key-encryption key is in the token unless `kek` is False."""
        path = write_config(self.dir, issuer=ISSUER, keys={
            "signer": signer, "lead": "0s", "pkcs11_module": module, "pkcs11_token": "jeton",
            "pkcs11_pin_file": self.pin, **keys})
        if kek:
            with open(path, encoding="utf-8") as file:
                config = json.load(file)
            del config["keys"]["kek_file"]
            os.remove(os.path.join(self.dir, "kek"))
            config["keys"]["kek_pkcs11"] = "jeton-kek"
            with open(path, "w", encoding="utf-8") as out:
                json.dump(config, out)
        return path

    def start(self, *args, **keys):
        return start_serve(self.config(*args, **keys), self.env)

    def set_up_client(self, issuer):
        made = issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})
        self.assertEqual(made.status, 201, made)
        made = issuer.admin("POST", "/clients", {"name": "cart", "grants": [PAYMENT + "#r"]})
        self.assertEqual(made.status, 201, made)
        self.client = made.json()["client_id"], made.json()["client_secret"]

    def token(self, issuer):
        answer = issuer.token(self.client, resource=PAYMENT)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["access_token"]

    def assert_verified(self, issuer, *tokens):
        """By libjeton, from the set as it is published now."""
        path = os.path.join(self.dir, "jwks.json")
        with open(path, "wb") as out:
            out.write(issuer.get("/.well-known/jwks.json").body)
        for token in tokens:
            done = jeton("token", "verify", "--issuer", ISSUER, "--audience", PAYMENT, "--jwks",
                         path, "-", stdin=token.encode())
            self.assertEqual(done.returncode, 0, done.stdout)

    def refused_start(self, config):
        """The log of a daemon that does not start."""
        daemon = Daemon(["serve", "--config", config], self.env)
        self.assertEqual(daemon.process.wait(DEADLINE_S), 1)
        daemon.stop()
        return daemon.log()

    def rotate(self, issuer):
        answer = issuer.admin("POST", "/keys/rotate", {"force": True})
        self.assertEqual(answer.status, 200, answer)


def kid_of(token):
    return decode(token)[0]["kid"]


class Life(TokenCase):
    def test_from_the_first_start_to_the_restart(self):
        self.make_kek()
        issuer = self.start("pkcs11", algorithms=["ES256", "RS256"])
        self.set_up_client(issuer)
        active, upcoming = issuer.kid("active"), issuer.kid("next")
        keys = sorted(key["kid"] for key in issuer.jwks())
        self.assertEqual(len(keys), 4)
        self.assertEqual(self.labels("privkey"), keys)
        old = self.token(issuer)
        self.assertEqual(kid_of(old), active)
        self.assert_verified(issuer, old)
        self.rotate(issuer)
        new = self.token(issuer)
        self.assertEqual(kid_of(new), upcoming)
        self.assert_verified(issuer, old, new)
        self.assertIn(active, [key["kid"] for key in issuer.jwks()])  # Hydra's deletes it
        for kind in ("privkey", "pubkey"):
            self.assertNotIn(active, self.labels(kind))
            self.assertIn(upcoming, self.labels(kind))
        self.assertEqual(len(self.labels("privkey")), 4)
        self.assertEqual(issuer.daemon.stop(), 0)
        issuer = self.run_daemon(self.start("pkcs11", algorithms=["ES256", "RS256"]))
        again = self.token(issuer)
        self.assertEqual(kid_of(again), upcoming)
        self.assert_verified(issuer, old, new, again)
        issuer.daemon.assert_clean()

    def test_rs256_for_a_resource(self):
        issuer = self.run_daemon(self.start("pkcs11", kek=False, algorithms=["RS256"]))
        made = issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"],
                                                   "alg": "RS256"})
        self.assertEqual(made.status, 201, made)
        made = issuer.admin("POST", "/clients", {"name": "cart", "grants": [PAYMENT + "#r"]})
        self.client = made.json()["client_id"], made.json()["client_secret"]
        token = self.token(issuer)
        self.assertEqual(decode(token)[0]["alg"], "RS256")
        self.assert_verified(issuer, token)

    def test_a_crash_before_the_destruction(self):
        issuer = self.start("pkcs11", kek=False)
        self.set_up_client(issuer)
        active = issuer.kid("active")
        self.rotate(issuer)
        self.assertEqual(issuer.daemon.stop(), 0)
        # as if the daemon had been killed between the commit and the destruction: the pair is back
        self.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", active, "--id",
                  b64url(active).hex(), "--usage-sign")
        self.assertIn(active, self.labels("privkey"))
        issuer = self.run_daemon(self.start("pkcs11", kek=False))
        self.assertNotIn(active, self.labels("privkey"))
        self.token(issuer)


class Change(TokenCase):
    def test_from_this_process_to_the_token_and_back(self):
        issuer = self.start("local", kek=False)
        self.set_up_client(issuer)
        soft = self.token(issuer)
        self.assertEqual(issuer.daemon.stop(), 0)
        self.assertEqual(self.labels("privkey"), [])
        issuer = self.start("pkcs11", kek=False)
        mixed = self.token(issuer)
        self.assertEqual(kid_of(mixed), kid_of(soft))  # what was there goes on
        self.rotate(issuer)
        self.rotate(issuer)
        hard = self.token(issuer)
        self.assertIn(kid_of(hard), self.labels("privkey"))
        self.assertNotIn(kid_of(soft), self.labels("privkey"))
        self.assert_verified(issuer, soft, mixed, hard)
        self.assertEqual(issuer.daemon.stop(), 0)
        issuer = self.run_daemon(self.start("local", kek=False))
        self.assertEqual(kid_of(self.token(issuer)), kid_of(hard))
        self.rotate(issuer)
        self.rotate(issuer)
        back = self.token(issuer)
        self.assertNotIn(kid_of(back), self.labels("privkey"))
        self.assert_verified(issuer, soft, hard, back)
        self.assertEqual(self.labels("privkey"), [])

    def test_an_algorithm_that_a_token_does_not_make(self):
        both = self.config("local", kek=False, algorithms=["ES256", "EdDSA"])
        self.assertEqual(start_serve(both, self.env).daemon.stop(), 0)
        said = self.refused_start(self.config("pkcs11", kek=False))
        self.assertIn("retire-algorithm EdDSA", said)
        issuer = self.start("local", kek=False)
        done = jeton("--socket", issuer.socket, "key", "retire-algorithm", "EdDSA")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(issuer.daemon.stop(), 0)
        self.rotate(self.run_daemon(self.start("pkcs11", kek=False)))


class SignerProcess(TokenCase):
    """The token is asked for the key-encryption key before a signer process closes itself in."""

    def signer(self, issuer):
        pid = issuer.daemon.process.pid
        found = []
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
        return found

    def wait_for_another(self, issuer, before):
        until(lambda: self.signer(issuer) not in ([], before))

    def test_kek_in_the_token(self):
        self.make_kek()
        issuer = self.run_daemon(self.start("process"))
        self.set_up_client(issuer)
        before = self.signer(issuer)
        old = self.token(issuer)
        os.kill(before[0], signal.SIGKILL)
        self.wait_for_another(issuer, before)
        until(issuer.rotates)
        self.assert_verified(issuer, old, self.token(issuer))
        self.assertEqual(self.labels("privkey"), [])

    def test_process_that_asks_the_token_takes_over(self):
        self.make_kek()
        config = self.config("process", kek=False)
        issuer = self.run_daemon(start_serve(config, self.env))
        self.set_up_client(issuer)
        before = self.signer(issuer)
        with open(config, encoding="utf-8") as file:
            text = json.load(file)
        text["keys"]["kek_next_pkcs11"] = "jeton-kek"
        with open(config, "w", encoding="utf-8") as out:
            json.dump(text, out)
        answers, stop = [], threading.Event()

        def load():
            while not stop.is_set():
                answers.append(issuer.token(self.client, resource=PAYMENT).status)

        thread = threading.Thread(target=load)
        thread.start()
        until(lambda: answers)
        issuer.daemon.process.send_signal(signal.SIGHUP)
        issuer.daemon.wait_log("ev=config.load")
        rotated = issuer.admin("POST", "/kek/rotate")
        seen = len(answers)
        until(lambda: len(answers) > seen)
        stop.set()
        thread.join(DEADLINE_S)
        self.assertEqual(rotated.status, 200, rotated)
        self.assertEqual(set(answers), {200})  # none was turned away by it
        after = self.signer(issuer)
        self.assertEqual(len(after), 1)
        self.assertNotEqual(after, before)
        self.token(issuer)


class Without(TokenCase):
    def test_token_nothing_starts(self):
        self.make_kek()
        issuer = self.start("pkcs11")
        self.set_up_client(issuer)
        active = issuer.kid("active")
        self.assertEqual(issuer.daemon.stop(), 0)
        path = self.config("pkcs11")
        self.assertIn("no token called 'else'",
                      self.refused_start(self.config("pkcs11", pkcs11_token="else")))
        self.assertIn("PKCS#11 module", self.refused_start(
            self.config("pkcs11", module="/nowhere/module.so")))
        with open(self.pin, "w", encoding="ascii") as out:
            out.write("4321")
        self.assertIn("PIN", self.refused_start(self.config("pkcs11")))
        with open(self.pin, "w", encoding="ascii") as out:
            out.write(PIN)
        os.chmod(self.pin, 0o644)
        self.assertIn("chmod 600", self.refused_start(self.config("pkcs11")))
        os.chmod(self.pin, 0o600)
        self.assertEqual(start_serve(self.config("pkcs11"), self.env).daemon.stop(), 0)
        self.tool("--delete-object", "--type", "privkey", "--label", active)
        said = self.refused_start(path)
        self.assertIn(active, said)
        self.assertIn("is not in the PKCS#11 token", said)

    def test_the_secret_key_nothing_opens(self):
        self.make_kek()
        self.assertEqual(self.start("local").daemon.stop(), 0)
        self.tool("--delete-object", "--type", "secrkey", "--label", "jeton-kek")
        self.assertIn("no secret key called 'jeton-kek'", self.refused_start(self.config("local")))
        self.make_kek()  # another of that name
        self.assertIn("key-encryption key with id", self.refused_start(self.config("local")))

    @unittest.skipUnless(LOOSE, "the module that can be unplugged was not built")
    def test_token_for_a_while(self):
        issuer = self.run_daemon(self.start("pkcs11", module=LOOSE, kek=False))
        self.set_up_client(issuer)
        self.token(issuer)
        self.assertEqual(issuer.admin("GET", "/readyz", prefix="").status, 200)
        with open(self.away, "w", encoding="ascii"):
            pass
        answer = issuer.token(self.client, resource=PAYMENT)
        self.assertEqual(answer.status, 503, answer)
        self.assertEqual(answer.json()["error"], "temporarily_unavailable")
        self.assertIsNotNone(answer.header("Retry-After"))
        self.assertEqual(len(issuer.jwks()), 2)  # goes on
        self.assertEqual(issuer.admin("GET", "/keys").status, 200)
        ready = issuer.admin("GET", "/readyz", prefix="")
        self.assertEqual((ready.status, ready.body), (503, b"signer: away\n"))
        issuer.daemon.wait_log("err=signer_away")
        os.remove(self.away)
        # nobody asks for a token: the issuer looks itself
        until(lambda: issuer.admin("GET", "/readyz", prefix="").status == 200)
        self.assert_verified(issuer, self.token(issuer))


if __name__ == "__main__":
    unittest.main()
