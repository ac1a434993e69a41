# SPDX-License-Identifier: Apache-2.0
"""Completion: what `completion SHELL -- WORD...` offers, and the scripts in the shells themselves,
which are skipped where a shell is not installed."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from cli_support import JETON, PAYMENT, AdminCase, Case, commands, own_options, run

DEADLINE_S = 30
PATIENCE_S = 2  # of jeton with a server that is to name candidates; then it offers none
WIDE = "https://wide.example.com/a b;$(false)"


def offered(*words, env=None):
    """The values that are offered for the last word, without their descriptions."""
    while True:
        asked = time.monotonic()
        result = run("completion", "bash", "--", *words, env=env)
        assert (result.code, result.err) == (0, ""), result.err
        if result.out or time.monotonic() - asked < PATIENCE_S:
            return [line.split("\t")[0] for line in result.out.splitlines()]


class Words(Case):
    def test_commands_are_offered_word_by_word(self):
        nouns = list(dict.fromkeys(command.split()[0] for command in commands()))
        self.assertEqual(offered(""), nouns)
        self.assertEqual(offered("cl"), ["client"])
        self.assertEqual(offered("client", "secret", ""), ["add", "list", "revoke"])
        self.assertEqual(offered("client", "u"), ["update", "ungrant", "unassign", "unsubscribe"])
        self.assertEqual(offered("frobnicate", ""), [])
        self.assertEqual(offered("client", "x" * 100, ""), [])
        for command in commands():
            *before, last = command.split()
            self.assertIn(last, offered(*before, last))

    def test_options_of_the_command_and_of_all_are_offered(self):
        for command in commands():
            found = offered(*command.split(), "--")
            for option in [*own_options(command), "--socket", "--output", "--help"]:
                self.assertIn(option, found, command)
        self.assertEqual(offered("key", "rotate", "--fo"), ["--force"])
        self.assertEqual(offered("--soc"), ["--socket"])
        self.assertEqual(offered("token", "inspect", "--", "--"), [":files"])

    def test_choices_are_offered_in_both_ways_of_giving_a_value(self):
        self.assertEqual(offered("-o", ""), ["table", "json", "yaml", "name"])
        self.assertEqual(offered("role", "list", "-o", "j"), ["json"])
        self.assertEqual(offered("role", "list", "--output=j"), ["--output=json"])
        self.assertEqual(offered("product", "create", "p", "--approval", ""), ["auto", "manual"])
        self.assertEqual(offered("client", "list", "--status=p"), ["--status=pending"])
        self.assertEqual(offered("key", "rotate", "--alg", "Ed"), ["EdDSA"])
        self.assertEqual(offered("key", "rotate", "--alg", "none", ""), [])
        self.assertEqual(offered("key", "rotate", "--nonsense", ""), [])
        self.assertEqual(offered("role", "update", "r", "--reset", "o"), ["owner"])
        self.assertEqual(offered("completion", ""), ["bash", "zsh", "fish"])

    def test_files_are_left_to_the_shell(self):
        for words in (["token", "inspect", ""], ["token", "get", "--credentials", "x"],
                      ["--socket="], ["token", "verify", "--jwks=/"]):
            self.assertEqual(offered(*words), [":files"])

    def test_contexts_are_offered_from_their_file(self):
        env = {"HOME": self.dir}
        for name in ("prod", "production", "test"):
            self.assertEqual(run("context", "add", name, "--socket", "/s", env=env).code, 0)
        self.assertEqual(offered("context", "use", "prod", env=env), ["prod", "production"])
        self.assertEqual(offered("key", "list", "--context", "t", env=env), ["test"])
        self.assertEqual(offered("context", "add", "", env=env), [])

    def test_where_no_issuer_answers_nothing_is_said(self):
        self.assertEqual(offered("role", "show", "", env={"JETON_SOCKET": "/nonexistent"}), [])
        self.assertEqual(offered("role", "show", "--context", "none", "", env={"HOME": "/"}), [])

    def test_another_shell_is_refused(self):
        self.check(run("completion", "tcsh"), 1, "", "for bash, zsh and fish")


class ObjectsCase(AdminCase):
    def setUp(self):
        super().setUp()
        for path, items in (
                ("/resources", [{"identifier": PAYMENT, "scopes": ["a:read", "a:write"]},
                                {"identifier": WIDE, "scopes": []}]),
                ("/roles", [{"name": "billing"}, {"name": "boss"}]),
                ("/products", [{"name": "checkout"}]),
                ("/clients", [{"name": "cart", "client_id": "id1"}]),
                ("/keys", [{"kid": "k1", "state": "active"}])):
            self.says("GET", path + ("" if path == "/keys" else "?limit=1000"), 200,
                      {"items": items})
        self.says("GET", "/clients/cart", 200, {"secrets": [{"id": "s1", "name": "first"}]})


class Objects(ObjectsCase):
    def names(self, *words):
        return offered(*words, env={"JETON_SOCKET": self.socket})

    def test_names_come_from_the_issuer(self):
        for words, names in (
                (["client", "show"], ["cart"]), (["role", "delete"], ["billing", "boss"]),
                (["client", "assign", "cart"], ["billing", "boss"]),
                (["client", "assign", "cart", "boss"], ["billing", "boss"]),
                (["client", "subscribe", "cart"], ["checkout"]),
                (["client", "create", "new", "--product"], ["checkout"]),
                (["client", "secret", "revoke", "cart"], ["s1"]),
                (["client", "list", "--resource"], [PAYMENT, WIDE]),
                (["key", "revoke"], ["k1"]),
                (["client", "grant", "cart"],
                 [PAYMENT, PAYMENT + "#a:read", PAYMENT + "#a:write", WIDE])):
            with self.subTest(words=words):
                self.assertEqual(self.names(*words, ""), names)

    def test_what_is_begun_is_asked_for_by_its_beginning(self):
        self.says("GET", "/roles?limit=1000&name=bo", 200, {"items": [{"name": "boss"}]})
        self.assertEqual(self.names("role", "show", "bo"), ["boss"])
        self.assertEqual(self.names("client", "create", "c", "--role=bo"), ["--role=boss"])

    def test_a_name_that_is_new_is_not_one_of_the_old(self):
        self.assertEqual(self.names("resource", "create", ""), [])
        self.assertEqual(self.names("role", "show", "boss", ""), [])

    def test_the_issuer_of_the_line_is_asked(self):
        self.assertEqual(offered("--socket", self.socket, "role", "show", "",
                                 env={"JETON_SOCKET": "/nonexistent"}), ["billing", "boss"])
        self.assertEqual(offered("role", "show", "--socket=" + self.socket, ""),
                         ["billing", "boss"])

    def test_names_cannot_forge_lines(self):
        self.says("GET", "/roles?limit=1000", 200, {"items": [{"name": "a\n:files\tb\x1b"}, 1, {}]})
        self.assertEqual(self.names("role", "show", ""), ["a\\x0a:files\\x09b\\x1b"])


class Shell:
    """A shell on a terminal of its own, with the completion read in."""

    def __init__(self, argv, env, begin):
        self.leader, follower = pty.openpty()
        self.process = subprocess.Popen(argv, stdin=follower, stdout=follower, stderr=follower,
                                        env=env, start_new_session=True)
        os.close(follower)
        self.text = ""
        self.send(begin + "\necho re''ady\n")
        self.wait("ready")

    def send(self, text):
        os.write(self.leader, text.encode())

    def wait(self, wanted):
        """Reads until `wanted` stands there."""
        until = time.monotonic() + DEADLINE_S
        while wanted not in self.text:
            ready, _, _ = select.select([self.leader], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {wanted!r} in {self.text!r}")
            self.text += os.read(self.leader, 65536).decode("utf-8", "replace")

    def becomes(self, typed, words):
        """`typed` and Tab make the line `words`: printf tells, put before it."""
        self.text = ""
        self.send(typed + "\t\x01printf '<%s>' \n")
        self.wait("".join(f"<{word}>" for word in words))

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.leader)


class InShells(ObjectsCase):
    def environment(self):
        return {"PATH": os.path.dirname(JETON) + os.pathsep + os.environ["PATH"], "TERM": "dumb",
                "JETON_SOCKET": self.socket, "HOME": self.dir, "PS1": "$ ", "LC_ALL": "C.UTF-8"}

    def shell(self, name, *args, begin):
        if shutil.which(name) is None:
            self.skipTest(f"{name} is not installed")
        made = Shell([name, *args], self.environment(), begin)
        self.addCleanup(made.end)
        return made

    def check_lines(self, shell):
        self.says("GET", "/roles?limit=1000&name=bo", 200, {"items": [{"name": "boss"}]})
        self.says("GET", "/resources?limit=1000&name=https%3A%2F%2Fwi", 200,
                  {"items": [{"identifier": WIDE}]})
        self.says("GET", "/resources?limit=1000&name=https%3A%2F%2Fpa", 200,
                  {"items": [{"identifier": PAYMENT}]})
        for name in ("file-one.txt", "other"):
            self.write(name, "")
        for typed, words in (
                ("jeton cli", ["jeton", "client"]),
                ("jeton client secret rev", ["jeton", "client", "secret", "revoke"]),
                ("jeton key rotate --fo", ["jeton", "key", "rotate", "--force"]),
                ("jeton role list -o ya", ["jeton", "role", "list", "-o", "yaml"]),
                ("jeton role list --output=ya", ["jeton", "role", "list", "--output=yaml"]),
                ("jeton role show bo", ["jeton", "role", "show", "boss"]),
                ("jeton resource show https://pa", ["jeton", "resource", "show", PAYMENT]),
                ("jeton client grant cart https://payment.example.com/api#a:w",
                 ["jeton", "client", "grant", "cart", PAYMENT + "#a:write"]),
                ("jeton resource show https://wi", ["jeton", "resource", "show", WIDE]),
                (f"jeton token inspect {self.dir}/file-o",
                 ["jeton", "token", "inspect", self.dir + "/file-one.txt"]),
                (f"jeton token get --credentials={self.dir}/file-o",
                 ["jeton", "token", "get", f"--credentials={self.dir}/file-one.txt"])):
            with self.subTest(typed=typed):
                shell.becomes(typed, words)

    def test_bash(self):
        self.check_lines(self.shell("bash", "--norc", "--noprofile", "-i",
                                    begin="source <(jeton completion bash)"))

    def test_zsh(self):
        self.check_lines(self.shell("zsh", "-f", "-i", begin="autoload -Uz compinit; compinit -u; "
                                    "bindkey -e; setopt interactive_comments; "
                                    "unsetopt prompt_sp prompt_cr; source <(jeton completion zsh)"))

    def test_fish(self):
        if shutil.which("fish") is None:
            self.skipTest("fish is not installed")
        for typed, words in (("jeton cli", ["client"]), ("jeton key rotate --fo", ["--force"]),
                             ("jeton role list --output=ya", ["--output=yaml"]),
                             ("jeton role show ", ["billing", "boss"]),
                             ("jeton client assign cart boss ", ["billing", "boss"])):
            script = f"jeton completion fish | source; complete -C '{typed}'"
            done = subprocess.run(["fish", "--no-config", "-c", script], env=self.environment(),
                                  capture_output=True, timeout=DEADLINE_S, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertEqual(re.findall(r"(?m)^[^\t\n]+", done.stdout.decode()), words)

    def test_the_scripts_are_sound(self):
        for name in ("bash", "zsh", "fish"):
            if shutil.which(name) is not None:
                done = subprocess.run([name, "-n"], input=run("completion", name).out.encode(),
                                      capture_output=True, timeout=DEADLINE_S, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
        if shutil.which("shellcheck") is not None:
            done = subprocess.run(["shellcheck", "-s", "bash", "-"], capture_output=True,
                                  input=run("completion", "bash").out.encode(),
                                  timeout=DEADLINE_S, check=False)
            self.assertEqual(done.returncode, 0, done.stdout.decode())


if __name__ == "__main__":
    unittest.main()
