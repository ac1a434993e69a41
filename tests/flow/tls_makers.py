# SPDX-License-Identifier: Apache-2.0
"""Certificates for the tests of TLS, made by openssl(1)."""

import os
import shutil
import subprocess

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
EC = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
KINDS = {"ec": EC, "ec384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], "rsa": ["rsa:2048"],
         "weak": ["rsa:1024"]}


def openssl(*args):
    done = subprocess.run(["openssl", *args], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


class Authority:
    """A root, an intermediate, and certificates of the latter, in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.root = self.path("root.pem")
        openssl("req", "-x509", "-newkey", *EC, "-nodes", "-keyout", self.path("root.key"),
                "-out", self.root, "-days", "30", "-subj", "/CN=root of a test")
        self.sign("middle", "root", EC, "basicConstraints=critical,CA:TRUE", ["-days", "30"])

    def path(self, name):
        return os.path.join(self.folder, name)

    def sign(self, name, by, kind, extensions, days):
        with open(self.path(name + ".ext"), "w", encoding="ascii") as out:
            out.write(extensions + "\n")
        openssl("req", "-newkey", *kind, "-nodes", "-keyout", self.path(name + ".key"),
                "-out", self.path(name + ".csr"), "-subj", "/CN=" + name)
        openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path(by + ".pem"),
                "-CAkey", self.path(by + ".key"), "-CAcreateserial", *days, "-out",
                self.path(name + ".pem"), "-extfile", self.path(name + ".ext"))
        os.chmod(self.path(name + ".key"), 0o600)

    def certificate(self, name, kind="ec", extensions=NAMES, days="10"):
        """(chain, key) as files; the chain holds the intermediate, too."""
        self.sign(name, "middle", KINDS[kind], extensions, ["-days", days])
        chain = self.path(name + ".chain")
        with open(chain, "wb") as out:
            for part in (name, "middle"):
                with open(self.path(part + ".pem"), "rb") as file:
                    out.write(file.read())
        return chain, self.path(name + ".key")


def put(pair, chain, key):
    """Replaces the files `chain` and `key`, each at once, by those of `pair`."""
    for source, target in zip(pair, (chain, key)):
        shutil.copy2(source, target + ".new")
        os.rename(target + ".new", target)
