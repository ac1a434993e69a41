# SPDX-License-Identifier: Apache-2.0
"""What the tests of jeton.py share. JETON_LIBRARY names the library that was built, MAKE_TOKEN the
program that makes a key set and tokens of it, JETOND and JETON the programs of the issuer."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODULE = os.path.join(ROOT, "verifier", "python")
EXAMPLES = os.path.join(ROOT, "docs", "examples", "python")
sys.path[:0] = [MODULE, os.path.join(ROOT, "tests", "flow")]

import jeton  # noqa: E402

ISSUER = "https://id.example.com"
PAYMENT = "https://payment.example.com/api"
LEDGER = "https://ledger.example.com/api"


class TokenCase(unittest.TestCase):
    """A key set in a file and two tokens: one that it signed, one that another key did. They last
    an hour."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="jeton-python-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        subprocess.run([os.environ["MAKE_TOKEN"], cls.dir], check=True)
        cls.jwks = os.path.join(cls.dir, "jwks.json")
        cls.good, cls.bad = cls.read("good").decode(), cls.read("bad").decode()

    @classmethod
    def read(cls, name):
        with open(os.path.join(cls.dir, name), "rb") as file:
            return file.read()

    def policy(self, **more):
        return jeton.Policy(**{"issuer": ISSUER, "audiences": [PAYMENT], "jwks_file": self.jwks,
                               **more})

    def verifier(self, *policies, **settings):
        made = jeton.Verifier(*(policies or [self.policy()]), **settings)
        self.addCleanup(made.close)
        return made

    def refuse(self, kind, code, call, *args, **more):
        """`call` raises this kind of TokenError with this name; gives it."""
        with self.assertRaises(kind) as caught:
            call(*args, **more)
        self.assertEqual(caught.exception.name, code)
        return caught.exception
