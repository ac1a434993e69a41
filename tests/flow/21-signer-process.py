# SPDX-License-Identifier: Apache-2.0
"""The signer process: no private key is in the process that speaks with the network, what holds it can
neither open a file nor a socket, and its end costs no more than a few answers 503."""

import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import unittest

from harness import (DEADLINE_S, KEK, PAYMENT, Case, decode, start_serve, until, write_config)

KEK_BYTES = bytes.fromhex(KEK)


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            found += map(int, file.read().split())
    return found


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def descriptors(pid):
    return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]


def memory(pid):
    """Every readable byte that the process could have written, area by area; a sanitizer's shadow,
    which is large, is left out."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        areas = [line.split() for line in maps]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for area in areas:
            start, end = (int(part, 16) for part in area[0].split("-"))
            if not area[1].startswith("rw") or end - start > 64 << 20:
                continue
            mem.seek(start)
            try:
                yield mem.read(end - start)
            except OSError:  # a guard page, or memory that went away
                pass


def is_sanitized(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        return re.search(r"/lib[at]san\.so", maps.read()) is not None


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def states(pid):
    """Of all threads."""
    found = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as file:
            found.add(file.read().rsplit(")", 1)[1].split()[0])
    return found


def derived(info):
    """HKDF of keys/kek.c: what a key-encryption key becomes (RFC 5869, SHA-256, no salt)."""
    prk = hmac_sha256(bytes(32), KEK_BYTES)
    return hmac_sha256(prk, info + b"\x01")


def hmac_sha256(key, data):
    key = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + data).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


# what opens every key: the key itself, as text in either case, and the two keys made of it
SECRETS = [KEK_BYTES, KEK.encode(), KEK.upper().encode(), derived(b"jeton kek wrap v1"),
           derived(b"jeton kek mac v1")]


def decrypt(key, nonce, sealed):
    """AES-256-GCM without its tag is the counter mode from 2 on (NIST SP 800-38D sec. 7.2)."""
    return subprocess.run(["openssl", "enc", "-d", "-aes-256-ctr", "-K", key.hex(), "-iv",
                           (nonce + b"\0\0\0\2").hex()], input=sealed, capture_output=True,
                          check=True, timeout=DEADLINE_S).stdout


def private_number(blob):
    """The number d of an EC key, sealed as keys/seal.h and keys/keycode.h say."""
    data_key = decrypt(derived(b"jeton kek wrap v1"), blob[9:21], blob[21:53])
    return decrypt(data_key, blob[69:81], blob[81:-16])[:32]


class SignerCase(Case):
    def start(self, how="process", **more):
        issuer = start_serve(write_config(self.dir, keys={"signer": how, **more}))
        self.addCleanup(self.stop, issuer)
        issuer.admin("POST", "/resources", {"identifier": PAYMENT, "scopes": ["r"]})
        made = issuer.admin("POST", "/clients", {"name": "cart", "grants": [PAYMENT + "#r"]}).json()
        issuer.client_id, issuer.client_secret = made["client_id"], made["client_secret"]
        return issuer

    def signer(self, issuer):
        found = children(issuer.daemon.process.pid)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def token(self, issuer):
        answer = issuer.token(resource=PAYMENT)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["access_token"]


class Secrets(SignerCase):
    def private_numbers(self):
        """Of the keys that sign or will, in both orders of bytes: libcrypto holds numbers with the
        least first."""
        database = sqlite3.connect(f"file:{self.dir}/jeton.db?mode=ro", uri=True)
        blobs = [row[0] for row in database.execute("SELECT blob FROM keys WHERE blob IS NOT NULL")]
        database.close()
        self.assertEqual(len(blobs), 2)
        numbers = [private_number(blob) for blob in blobs]
        return [form for number in numbers for form in (number, number[::-1])]

    def found(self, pid, needles):
        """Which of the needles are in the memory of the process."""
        hits = set()
        for area in memory(pid):
            hits |= {needle for needle in needles if needle in area}
        return hits

    def test_no_key_in_the_process_that_speaks_with_the_network(self):
        issuer = self.start()
        for _ in range(20):
            self.token(issuer)
        self.assertEqual(issuer.admin("POST", "/keys/rotate", {"force": True}).status, 200)
        self.token(issuer)
        numbers = self.private_numbers()
        self.assertEqual(self.found(issuer.daemon.process.pid, SECRETS + numbers), set())
        names = descriptors(issuer.daemon.process.pid)
        self.assertFalse([name for name in names if "kek" in name], names)
        self.assert_holds_keys(self.signer(issuer), numbers)  # so they would have been seen

    def assert_holds_keys(self, pid, numbers):
        seen = self.found(pid, SECRETS + numbers)
        self.assertLessEqual(set(SECRETS[3:]), seen)
        for i in range(0, len(numbers), 2):
            self.assertTrue(seen & set(numbers[i:i + 2]), i)

    def test_in_process_they_are_there(self):
        """The same look with keys.signer: local."""
        issuer = self.start("local")
        self.token(issuer)
        self.assert_holds_keys(issuer.daemon.process.pid, self.private_numbers())
        self.assertEqual(children(issuer.daemon.process.pid), [])

    def test_variable_is_wiped(self):
        name = "JETON_TEST_KEK"
        config = write_config(self.dir, keys={"signer": "process"})
        with open(config, encoding="utf-8") as file:
            text = json.load(file)
        text["keys"] = {"signer": "process", "kek_env": name}
        with open(config, "w", encoding="utf-8") as file:
            json.dump(text, file)
        issuer = start_serve(config, {name: KEK})
        self.addCleanup(self.stop, issuer)
        pid = issuer.daemon.process.pid
        with open(f"/proc/{pid}/environ", "rb") as file:
            environment = file.read()
        self.assertIn(name.encode() + b"=", environment)
        self.assertNotIn(KEK.encode(), environment)
        if not is_sanitized(pid):  # whose runtime keeps a copy of the environment of its own
            self.assertEqual(self.found(pid, SECRETS), set())
        mark = self.signer(issuer)
        os.kill(mark, signal.SIGKILL)
        until(lambda: children(pid) not in ([], [mark]))  # and yet the next one has it
        until(lambda: issuer.admin("POST", "/keys/rotate", {"force": True}).status == 200)


class Confinement(SignerCase):
    def test_every_thread_is_closed_in(self):
        issuer = self.start()
        pid = self.signer(issuer)
        for task in os.listdir(f"/proc/{pid}/task"):
            said = status(f"{pid}/task/{task}")
            self.assertEqual((said["Seccomp"], said["NoNewPrivs"]), ("2", "1"))
        said = status(pid)
        self.assertEqual({said[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}, {"0" * 16})
        with open(f"/proc/{pid}/limits", encoding="ascii") as file:
            limits = {line[:25].strip(): line[25:].split()[:2] for line in file}
        self.assertEqual(limits["Max core file size"], ["0", "0"])
        self.assertEqual(limits["Max open files"], ["16", "16"])

    def test_descriptors_are_a_socket_and_the_standard_ones(self):
        issuer = self.start()
        names = sorted(os.readlink(f"/proc/{self.signer(issuer)}/fd/{fd}")
                       for fd in os.listdir(f"/proc/{self.signer(issuer)}/fd"))
        kinds = [re.sub(r":\[\d+\]$", "", name) for name in names]
        self.assertEqual(kinds, ["/dev/null", "/dev/null", "pipe", "socket"])

    def test_signals_of_the_group_are_the_daemons(self):
        issuer = self.start()
        pid = self.signer(issuer)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            os.kill(pid, number)
        self.token(issuer)
        self.assertEqual(self.signer(issuer), pid)

    def test_ends_with_the_daemon(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            issuer = start_serve(write_config(self.dir, keys={"signer": "process"}))
            pid = self.signer(issuer)
            issuer.daemon.stop(how)
            until(lambda: not alive(pid))  # pylint: disable=cell-var-from-loop


class Death(SignerCase):
    def test_killed_under_load(self):
        issuer = self.start()
        keys, kid, pid = issuer.jwks(), issuer.kid("active"), issuer.daemon.process.pid
        self.token(issuer)
        answers, stop = [], threading.Event()

        def load():
            connection = issuer.connect()
            while not stop.is_set():
                answers.append(issuer.token(resource=PAYMENT, connection=connection))
            connection.close()

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            before, seen = self.signer(issuer), len(answers)
            os.kill(before, signal.SIGKILL)
            until(lambda: children(pid) not in ([], [before]) and  # pylint: disable=cell-var-from-loop
                  any(a.status == 200 for a in answers[seen + 8:]))
        stop.set()
        for thread in threads:
            thread.join(DEADLINE_S)
        self.assertEqual({answer.status for answer in answers} - {503}, {200})
        for answer in answers:
            if answer.status == 503:
                self.assertEqual(answer.header("Retry-After"), "1")
                self.assertEqual(answer.json()["error"], "temporarily_unavailable")
            else:
                self.assertEqual(decode(answer.json()["access_token"])[0]["kid"], kid)
        self.assertEqual(issuer.jwks(), keys)

    def test_stopped_then_told_to_come_again(self):
        """A signer that hangs: who asks is told to come again, and another takes its place."""
        issuer = self.start()
        keys, before = issuer.jwks(), self.signer(issuer)
        os.kill(before, signal.SIGSTOP)
        until(lambda: states(before) == {"T"})
        answer = issuer.token(resource=PAYMENT)
        self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"))
        until(lambda: issuer.token(resource=PAYMENT).status == 200)
        self.assertNotEqual(self.signer(issuer), before)
        self.assertEqual(issuer.jwks(), keys)

    def test_keys_change_while_signers_die(self):
        issuer = self.start()
        for _ in range(3):
            os.kill(self.signer(issuer), signal.SIGKILL)
            until(issuer.rotates)
            until(lambda: issuer.token(resource=PAYMENT).status == 200)
            header, _ = decode(self.token(issuer))
            self.assertEqual(header["kid"], issuer.kid("active"))


if __name__ == "__main__":
    unittest.main()
