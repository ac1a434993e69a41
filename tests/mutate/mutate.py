#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes each check of the verifier away, one at a time, and asks whether a test notices.

    tests/mutate/mutate.py [--only REGEXP] [--markdown FILE] [--keep FOLDER]

A row of checks.py says what is taken away. In a copy of the tree the row is applied, the verifier's
tests are built and run until one fails: killed. A row that no test notices survived: a test is missing,
unless the row says why another check stands behind it. Not part of CI: it takes half an hour. Ends with
1 when a check survived that should not, or a row is wrong: its pattern does not match exactly once, or
what it makes does not compile. --keep builds in FOLDER and leaves it, so that the next run is quicker."""

import argparse
import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from checks import CHECKS

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PARTS = ("CMakeLists.txt", "CHANGELOG.md", "cmake", "common", "docs", "packaging", "tests", "verifier")
# in the order they are asked; the slow ones only about what all others let pass
QUICK = (r"^unit\.test_(json|alg|b64url|pkey|jwk|jwks|jws|oom)$", r"^unit\.test_attack_",
         r"^unit\.test_verifier_", r"^fuzz\.")
SLOW = (r"^fault\.verifier$",)
TEST_S, SLOW_S = 60, 200


def run(*command, seconds=1800, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=seconds, check=False, **more)


def copy_changed(source, target):
    """With a new time, so that what was made of a file that a row had changed is made again; what is
    the same keeps its time."""
    if not os.path.exists(target) or not filecmp.cmp(source, target, shallow=False):
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


class Copy:
    """The tree, where it may be changed."""

    def __init__(self, folder):
        self.folder, self.build = folder, os.path.join(folder, "build")
        for part in PARTS:
            source, target = os.path.join(ROOT, part), os.path.join(folder, part)
            if os.path.isdir(source):
                shutil.copytree(source, target, copy_function=copy_changed, dirs_exist_ok=True)
            else:
                copy_changed(source, target)
        configured = run("cmake", "-S", folder, "-B", self.build, "-G", "Ninja",
                         "-DCMAKE_BUILD_TYPE=Debug", "-DJETON_ISSUER=OFF")
        assert configured.returncode == 0, configured.stdout
        assert self.compiles(), "the tree as it is does not compile"
        self.quick, self.slow = self._tests(QUICK), self._tests(SLOW)
        for tests in (self.quick, self.slow):
            for test in [test for test in tests if not self.passes(test)]:
                print(f"{test['name']} fails without any change and is left out", flush=True)
                tests.remove(test)

    def _tests(self, patterns):
        told = run("ctest", "--show-only=json-v1", cwd=self.build)
        tests = [test for test in json.loads(told.stdout)["tests"] if "command" in test]
        return [test for pattern in patterns for test in tests if re.search(pattern, test["name"])]

    def compiles(self):
        self.last = run("ninja", "-C", self.build, "-j2")
        return self.last.returncode == 0

    def passes(self, test):
        properties = {one["name"]: one["value"] for one in test.get("properties", [])}
        more = dict(pair.split("=", 1) for pair in properties.get("ENVIRONMENT", []))
        seconds = SLOW_S if test in getattr(self, "slow", []) else TEST_S
        try:
            end = run(*test["command"], seconds=seconds, env={**os.environ, **more},
                      cwd=properties.get("WORKING_DIRECTORY", self.build))
        except subprocess.TimeoutExpired:
            return False
        return end.returncode in (0, 77)

    def killer(self):
        """The first test that notices; None when none does."""
        for test in (*self.quick, *self.slow):
            if not self.passes(test):
                return test["name"]
        return None


def pattern_of(text):
    """The text as it stands, with white space wherever it has some, of whatever kind."""
    return r"\s+".join(re.escape(word) for word in text.split())


class Judge:
    def __init__(self, copy):
        self.copy, self.rows, self.wrong = copy, [], 0

    def judge(self, check):
        path = os.path.join(self.copy.folder, check.file)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        found = re.findall(pattern_of(check.old), text)
        if len(found) != 1:
            return self.tell(check, f"wrong row: {len(found)} matches", "")
        mutated = re.sub(pattern_of(check.old), lambda _: check.new, text)
        try:
            self.write(path, mutated)
            if not self.copy.compiles():
                print(self.copy.last.stdout[-2000:])
                return self.tell(check, "wrong row: does not compile", "")
            by = self.copy.killer()
        finally:
            self.write(path, text)
        if by is not None:
            return self.tell(check, "killed", by)
        return self.tell(check, "survived", check.behind)

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.utime(path, (time.time(), time.time()))

    def tell(self, check, verdict, by):
        self.rows.append((check.file, check.what, verdict, by))
        self.wrong += verdict.startswith("wrong") or (verdict == "survived" and not by)
        print(f"{verdict:9} {check.file}: {check.what} ({by or check.old})", flush=True)

    def markdown(self):
        killed = sum(row[2] == "killed" for row in self.rows)
        lines = [f"{killed} of {len(self.rows)} killed.", "",
                 "| file | what is taken away | | noticed by, or what stands behind it |",
                 "| --- | --- | --- | --- |"]
        lines += [f"| `{file}` | {what} | {verdict} | {by} |"
                  for file, what, verdict, by in self.rows]
        return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--only", default="", help="rows whose file or words match")
    parser.add_argument("--markdown", help="where the table goes")
    parser.add_argument("--keep", help="folder of the copy")
    arguments = parser.parse_args()
    folder = arguments.keep or tempfile.mkdtemp(prefix="mutate-")
    os.makedirs(folder, exist_ok=True)
    try:
        judge = Judge(Copy(folder))
        for check in CHECKS:
            if re.search(arguments.only, f"{check.file}: {check.what}"):
                judge.judge(check)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder)
    print(judge.markdown())
    if arguments.markdown:
        with open(arguments.markdown, "w", encoding="utf-8") as file:
            file.write(judge.markdown())
    sys.exit(judge.wrong != 0)


if __name__ == "__main__":
    main()
