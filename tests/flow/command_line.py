# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share: it runs on the daemon of the test, and a test named
after a command is that command's."""

import json
import os
import re

from harness import PAYMENT, DevCase, jeton

READ, WRITE = PAYMENT + "#payments:read", PAYMENT + "#payments:write"
DONE, WRONG_USE, REFUSED, NOT_FOUND, UNREACHABLE, DIFFERENT = 0, 1, 2, 3, 5, 6


def verbs():
    """Every command, as the program lists them."""
    block = jeton("--help").stdout.decode().split("tells more):\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\S.*?)  ", block, re.M)


def named(verb):
    """The name of the test of a command."""
    return "test_" + verb.replace(" ", "_").replace("-", "_")


class CommandLineCase(DevCase):
    """On a daemon `dev` unless a class says another."""

    def jeton(self, *args, code=DONE, **more):
        """Runs it on this daemon's socket; its standard output."""
        done = jeton("--socket", self.issuer.socket, *args, **more)
        self.assertEqual(done.returncode, code, (args, done.stdout, done.stderr))
        if code != DONE:
            self.assertRegex(done.stderr.decode(), r"(?m)^jeton: [^\n]+\n\Z")
        return done.stdout.decode()

    def json(self, *args, **more):
        return json.loads(self.jeton(*args, "-o", "json", **more))

    def get(self, client, *args, code=DONE):
        """A token for the payment API with the id and secret of `client`."""
        env = {"JETON_CLIENT_ID": client["client_id"],
               "JETON_CLIENT_SECRET": client["client_secret"]}
        return self.jeton("token", "get", "--issuer", self.issuer.url, "--resource", PAYMENT, *args,
                          env=env, code=code)

    def judge(self, token, *args, code=DONE, audience=PAYMENT):
        return self.jeton("token", "verify", "--issuer", self.issuer.url, "--audience", audience,
                          *args, stdin=token.encode(), code=code)

    def write(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as out:
            out.write(text)
        return path


class VerbCase(CommandLineCase):
    """One test for each of some commands, called after it: `do` and `do_json` run the verb of the
    test's name, and each test must have succeeded with it at least once."""

    def setUp(self):
        self.codes = set()
        self.verb = next((verb for verb in verbs() if named(verb) == self._testMethodName), "")

    def tearDown(self):
        super().tearDown()
        self.assertEqual(DONE in self.codes, self.verb != "")

    def do(self, *args, code=DONE):
        self.codes.add(code)
        return self.jeton(*self.verb.split(), *args, code=code)

    def do_json(self, *args):
        return json.loads(self.do(*args, "-o", "json"))

    def make_client(self, name, *args):
        return self.json("client", "create", name, *args)
