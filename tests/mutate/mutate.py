#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes each check of the verifier and the issuer away, one at a time, and asks whether a test notices.

    tests/mutate/mutate.py [--only REGEXP] [--first] [--markdown FILE] [--keep FOLDER] [--jobs N] [--dry]

A row of checks.py says what is taken away. In a copy of the tree the row is applied, the tests of its
room are built and run until one fails: killed. A row that no test notices survived: a test is missing,
unless the row says why another check stands behind it. Not part of CI: it takes an hour or so.
Ends with 1 when a check survived that should not, when one was noticed that says it cannot be, or when a
row is wrong: its pattern does not match exactly once, or what it makes does not compile. --markdown
writes the table of FILE anew, which begins with a line "N of M killed."; rows that --only leaves out
keep the line that they have there. --keep builds in FOLDER and leaves it, so that the next run is
quicker; --first asks only the tests that are likely to notice, for a first look: what survives it may
be noticed by another; --dry asks only whether each pattern matches exactly once."""

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
PARTS = ("CMakeLists.txt", "CHANGELOG.md", "cmake", "common", "docs", "issuer", "keys", "packaging",
         "tests", "verifier")
VECTORS = os.path.join(ROOT, "..", "shared", "vectors")

# whose checks (by path), and the tests that are asked: first those that are likely to notice, then
# the others, by what they cost
LIBRARY = (r"^unit\.test_(json|json_index|alg|b64url|pkey|jwk|jwks|jws|oom|payload|kidwatch|span)$",
           r"^unit\.test_(p256|modinv)", r"^unit\.test_verifier_", r"^unit\.test_attack_", r"^fuzz\.",
           r"^fault\.verifier$")
GUARD = (r"^unit\.test_(forward|identity|rules|authorize|generation)$", r"^fuzz\.forward_auth$",
         r"^flow\.1[01]-guard")
OPERATOR = (r"^unit\.test_(access|object|bestow|decide|decide_products|client_secret|batch|batch_limits"
            r"|edit|edit_list|edit_subscriptions|edit_replies|merge_patch|uses|who_can|apply|admin_intake)$",
            r"^flow\.(05|12|13|14|15|17|18)-")
SEALS = (r"^unit\.test_(seal|kek|keycode|signer|signer_sign|keyring|kek_steps|config)$",
         r"^flow\.22-kek$")
MEMORY = (r"^unit\.test_(memory_guard|signer_wipe|signer_sign)$", r"^flow\.08-")
TOKENS = (r"^unit\.test_(pkcs11|pkcs11_away|pkcs11_kek|pkcs11_memory|kidset|signer)$",
          r"^unit\.test_witness", r"^flow\.23-")
POSTGRES = (r"^unit\.test_(postgresconf|postgres|postgres_lost|store_postgres|copy_postgres)$",
            r"^flow\.04-rotation-postgres$")
COPIES = (r"^unit\.test_(bulk|newfile|copy|copy_postgres)$", r"^flow\.22-db$")
KEYS = (r"^unit\.test_(schedule|schedule_hand|key_steps|keyring|kek_steps|keymerge|history|meanwhile"
        r"|clockwatch|doctor)$",
        r"^flow\.(04-rotation|20-keys)$")
DOOR = (r"^attack\.http$", r"^unit\.test_server_head$", r"^fuzz\.door$", r"^attack\.http\.jetond$")
LIMITS = (r"^unit\.test_(crowd|nudge|reaper|server|server_stop|server_stream|listen)$", r"^flow\.26-")
PROXIES = (r"^unit\.test_(peers|forwarded|proxyline)$", r"^flow\.29-")
TLS = (r"^unit\.test_(tls_key|certificate|config)$", r"^flow\.27-", r"^flow\.29-")
SERVICE = (r"^unit\.test_(notify|handed)$", r"^flow\.28-")
BULK = (r"^unit\.test_(quick|load|access|apply|meanwhile|history)$", r"^fault\.rows_by_hand$")
ROOMS = (
    (r"^common/http/door", (r"^attack\.http$",), DOOR),
    (r"^common/http/(crowd|places|nudge|acceptor|reaper)", (r"^unit\.test_(crowd|nudge|reaper)$",), LIMITS),
    (r"^common/http/(peers|forwarded|prox)", (r"^unit\.test_(peers|forwarded|proxyline)$",), PROXIES),
    (r"^(common/http/tls|issuer/certificate|keys/(tls_key|devcert)|issuer/config_check)",
     (r"^unit\.test_(tls_key|certificate|config)$",), TLS),
    (r"^common/daemon/", (r"^unit\.test_(notify|handed)$",), SERVICE),
    (r"^keys/render", (r"^unit\.test_render$",), (r"^unit\.test_(render|signer|signer_sign|claims)$", r"^flow\.01-")),
    (r"^issuer/(access/quick|load)", (r"^unit\.test_(quick|load)$",), BULK),
    (r"^issuer/access/(decide|holdings)", (r"^unit\.test_(decide|decide_products|who_can)$",), OPERATOR),
    (r"^issuer/access/(references|walk)", (r"^unit\.test_(access|batch)$",), OPERATOR),
    (r"^issuer/access/bestow", (r"^unit\.test_bestow$",), OPERATOR),
    (r"^issuer/access/client_secret", (r"^unit\.test_client_secret$",), OPERATOR),
    (r"^issuer/access/declared", (r"^unit\.test_apply$",), OPERATOR),
    (r"^issuer/access/", (r"^unit\.test_object$",), OPERATOR),
    (r"^issuer/admin/", (r"^unit\.test_admin_intake$", r"^flow\.12-"), OPERATOR),
    (r"^issuer/edit", (r"^unit\.test_edit",), OPERATOR),
    (r"^issuer/batch", (r"^unit\.test_(batch|batch_limits)$",), OPERATOR),
    (r"^issuer/apply", (r"^unit\.test_apply$",), OPERATOR),
    (r"^keys/(seal|keks)", (r"^unit\.test_(seal|kek_steps)$",), SEALS),
    (r"^keys/kek\.", (r"^unit\.test_kek$",), SEALS),
    (r"^keys/signkey", (r"^unit\.test_signer$",), SEALS),
    (r"^keys/signer_local", (r"^unit\.test_(signer|keyring|pkcs11)$",), (*SEALS, *TOKENS)),
    (r"^keys/memory_guard", (r"^unit\.test_memory_guard$",), MEMORY),
    (r"^keys/pkcs11_kek", (r"^unit\.test_pkcs11_kek$",), TOKENS),
    (r"^keys/pkcs11(_slot)?\.", (r"^unit\.test_pkcs11_away$",), TOKENS),
    (r"^keys/pkcs11_key", (r"^unit\.test_pkcs11(_away)?$",), TOKENS),
    (r"^keys/(pkcs11|kidset|mint)", (r"^unit\.test_(kidset|pkcs11|pkcs11_kek)$",), TOKENS),
    (r"^keys/schedule", (r"^unit\.test_schedule(_hand)?$",), KEYS),
    (r"^issuer/key_(steps|told)", (r"^unit\.test_(key_steps|keyring|history|meanwhile)$",), KEYS),
    (r"^issuer/keyring", (r"^unit\.test_(keyring|history|meanwhile|key_steps)$",), (*KEYS, r"^fault\.rows_by_hand$")),
    (r"^issuer/keymerge", (r"^unit\.test_(keymerge|history)$",), (*KEYS, r"^fault\.rows_by_hand$")),
    (r"^issuer/staleness", (r"^unit\.test_(history|meanwhile)$",), KEYS),
    (r"^issuer/change", (r"^unit\.test_history$",),
     (*KEYS, r"^unit\.test_(apply|edit|edit_replies)$", r"^fault\.rows_by_hand$")),
    (r"^issuer/clockwatch", (r"^unit\.test_clockwatch$",), KEYS),
    (r"^issuer/kek_", (r"^unit\.test_kek_steps$",), (*KEYS, r"^flow\.22-kek$")),
    (r"^issuer/store/postgresconf", (r"^unit\.test_postgresconf$",), POSTGRES),
    (r"^issuer/store/postgres", (r"^unit\.test_postgres$",), POSTGRES),
    (r"^issuer/store/rows", (r"^unit\.test_meanwhile$",), (r"^unit\.test_(store|sqlite|postgres)",)),
    (r"^issuer/store/newfile", (r"^unit\.test_newfile$",), COPIES),
    (r"^issuer/store/", (r"^unit\.test_(bulk|copy)$",), COPIES),
    (r"^issuer/", (r"^unit\.test_(merge_patch|uses|edit_replies)$",), OPERATOR),
    (r"^verifier/guard/", (r"^unit\.test_(forward|identity|rules|authorize)$",), GUARD),
    (r"^common/json/", (r"^unit\.test_json",), LIBRARY),
    (r"^common/jose/", (r"^unit\.test_(alg|b64url|jwk|jwks|jws|pkey)$",), LIBRARY),
    (r"^verifier/crypto/(p256|modinv)", (r"^unit\.test_(modinv|p256)",), LIBRARY),
    (r"^verifier/crypto/", (r"^unit\.test_attack_signature$",), LIBRARY),
    (r"^verifier/judge/payload", (r"^unit\.test_payload$", r"^unit\.test_attack_claims$"), LIBRARY),
    (r"^verifier/judge/.*cache", (r"^unit\.test_(verifier_cache|attack_memory)$",), LIBRARY),
    (r"^verifier/judge/judge", (r"^unit\.test_verifier_(token|issuers|cache|keysource)$",), LIBRARY),
    (r"^verifier/judge/", (r"^unit\.test_(verifier_token|attack_claims)$",), LIBRARY),
    (r"^verifier/source/(fetch|max_age)", (r"^unit\.test_verifier_(fetch|answer)$",), LIBRARY),
    (r"^verifier/source/", (r"^unit\.test_(kidwatch|verifier_keysource|verifier_kept)$",), LIBRARY),
    (r"^verifier/(keyset|verkey)", (r"^unit\.test_attack_(keys|form|signature)$",), LIBRARY),
    (r"^verifier/(policy|verifier|sized)", (r"^unit\.test_verifier_new$",), LIBRARY),
    (r"^verifier/www_", (r"^unit\.test_verifier_answer$",), LIBRARY),
    (r"", (r"^unit\.test_verifier_token$",), LIBRARY),
)
LEAST_S, TIMES = 10, 8  # a test hangs when it takes so many times what it took without a change


def run(*command, seconds=1800, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=seconds, check=False, **more)


def copy_changed(source, target):
    """With a new time, so that what was made of a file that a row had changed is made again; what is
    the same keeps its time."""
    if not os.path.exists(target) or not filecmp.cmp(source, target, shallow=False):
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


class Test:
    """One of ctest's."""

    def __init__(self, told, build):
        properties = {one["name"]: one["value"] for one in told.get("properties", [])}
        more = dict(pair.split("=", 1) for pair in properties.get("ENVIRONMENT", []))
        self.name, self.command = told["name"], told["command"]
        self.folder = properties.get("WORKING_DIRECTORY", build)
        self.environment = {"JETON_VECTORS": VECTORS, **os.environ, **more}
        named = (*self.command, *more.values())
        self.programs = {os.path.relpath(one, build) for one in named if one.startswith(build + "/")}
        self.cost_s = 100.0

    def passes(self):
        try:
            end = run(*self.command, seconds=LEAST_S + TIMES * self.cost_s, env=self.environment,
                      cwd=self.folder)
        except subprocess.TimeoutExpired:
            return False
        return end.returncode in (0, 77)

    def passes_now(self):
        """The same, and how long that took."""
        before = time.monotonic()
        passes = self.passes()
        self.cost_s = time.monotonic() - before
        return passes


class Copy:
    """The tree, where it may be changed."""

    def __init__(self, folder, checks, jobs, only_first):
        self.folder, self.build, self.jobs = folder, os.path.join(folder, "build"), jobs
        self.only_first = only_first
        for part in PARTS:
            source, target = os.path.join(ROOT, part), os.path.join(folder, part)
            if os.path.isdir(source):
                shutil.copytree(source, target, copy_function=copy_changed, dirs_exist_ok=True)
            else:
                copy_changed(source, target)
        configured = run("cmake", "-S", folder, "-B", self.build, "-G", "Ninja",
                         "-DCMAKE_BUILD_TYPE=Debug")
        assert configured.returncode == 0, configured.stdout
        # ctest tells no command of a program that is not there yet
        assert self.compiles(()), "the tree as it is does not compile:\n" + self.last.stdout
        told = json.loads(run("ctest", "--show-only=json-v1", cwd=self.build).stdout)["tests"]
        tests = [Test(test, self.build) for test in told if "command" in test]
        tests = [test for test in tests
                 if any(self._asks(check.file, test) for check in checks)]
        self.tests = sorted(filter(self._stands, tests), key=lambda test: test.cost_s)

    @staticmethod
    def _stands(test):
        if test.passes_now():
            return True
        print(f"{test.name} fails without any change and is left out", flush=True)
        return False

    @staticmethod
    def _room(file):
        return next((first, all_) for path, first, all_ in ROOMS if re.search(path, file))

    def _asks(self, file, test):
        first, all_ = self._room(file)
        return any(re.search(pattern, test.name) for pattern in (first if self.only_first else all_))

    def compiles(self, tests):
        self.last = run("ninja", "-C", self.build, f"-j{self.jobs}",
                        *set().union(*(t.programs for t in tests)))
        return self.last.returncode == 0

    def killer(self, file):
        """The first test that notices a change of `file`; None when none does. Raises when it does not
        compile."""
        first = [test for test in self.tests
                 if any(re.search(pattern, test.name) for pattern in self._room(file)[0])]
        rest = [test for test in self.tests if test not in first and self._asks(file, test)]
        for tests in (first, rest):
            if not self.compiles(tests):
                raise SyntaxError(self.last.stdout[-2000:])
            for test in tests:
                if not test.passes():
                    return test.name
        return None


def pattern_of(text):
    """The text as it stands, with white space wherever it has some, of whatever kind."""
    return r"\s+".join(re.escape(word) for word in text.split())


def matches(check, text):
    return len(re.findall(pattern_of(check.old), text))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Judge:
    def __init__(self, copy):
        self.copy, self.rows, self.wrong = copy, [], 0

    def judge(self, check):
        path = os.path.join(self.copy.folder, check.file)
        text = read(path)
        if matches(check, text) != 1:
            return self.tell(check, f"wrong row: {matches(check, text)} matches", "")
        mutated = re.sub(pattern_of(check.old), lambda _: check.new, text)
        try:
            self.write(path, mutated)
            by = self.copy.killer(check.file)
        except SyntaxError as error:
            print(error)
            return self.tell(check, "wrong row: does not compile", "")
        finally:
            self.write(path, text)
        if by is None:
            return self.tell(check, "survived", check.behind)
        return self.tell(check, "wrong row: killed all the same" if check.behind else "killed", by)

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def tell(self, check, verdict, by):
        self.rows.append((check.file, check.what, verdict, by))
        self.wrong += verdict.startswith("wrong") or (verdict == "survived" and not by)
        print(f"{verdict:9} {check.file}: {check.what} ({by or check.old})", flush=True)

    def markdown(self, before=""):
        """The table; what was not judged now has the line that it has in `before`."""
        lines = {line[:2]: line for line in TABLE_LINE.findall(before)}
        lines.update({(file, what): (file, what, *verdict) for file, what, *verdict in self.rows})
        known = [(check.file, check.what) for check in CHECKS]
        rows = [lines[name] for name in known if name in lines]
        killed = sum(row[2] == "killed" for row in rows)
        return "\n".join([f"{killed} of {len(rows)} killed.", "",
                          "| file | what is taken away | | noticed by, or what stands behind it |",
                          "| --- | --- | --- | --- |",
                          *("| `{}` | {} | {} | {} |".format(*row) for row in rows)]) + "\n"


TABLE_LINE = re.compile(r"^\| `(.*?)` \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)


def put_table(path, judge):
    """In the place of the one that is there, at the end."""
    text = read(path)
    before = re.split(r"^\d+ of \d+ killed\.$", text, maxsplit=1, flags=re.MULTILINE)[0]
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + judge.markdown(text[len(before):]))


def wrong_patterns(checks):
    wrong = [check for check in checks if matches(check, read(os.path.join(ROOT, check.file))) != 1]
    for check in wrong:
        print(f"not one match {check.file}: {check.what} ({check.old})")
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--only", default="", help="rows whose file or words match")
    parser.add_argument("--first", action="store_true", help="ask only the tests likely to notice")
    parser.add_argument("--markdown", help="page whose table is replaced")
    parser.add_argument("--keep", help="folder of the copy")
    parser.add_argument("--jobs", type=int, default=2, help="of the build")
    parser.add_argument("--dry", action="store_true", help="only look at the patterns")
    arguments = parser.parse_args()
    checks = [check for check in CHECKS
              if re.search(arguments.only, f"{check.file}: {check.what}")]
    if arguments.dry:
        sys.exit(wrong_patterns(checks) != 0)
    folder = os.path.realpath(arguments.keep or tempfile.mkdtemp(prefix="mutate-"))
    os.makedirs(folder, exist_ok=True)
    try:
        judge = Judge(Copy(folder, checks, arguments.jobs, arguments.first))
        for check in checks:
            judge.judge(check)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder)
    print(judge.markdown())
    if arguments.markdown:
        put_table(arguments.markdown, judge)
    sys.exit(judge.wrong != 0)


if __name__ == "__main__":
    main()
