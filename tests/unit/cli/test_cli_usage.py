# SPDX-License-Identifier: Apache-2.0
"""Arguments, options, help and the man page: nothing here reaches a server."""

import os
import re
import shlex
import subprocess
import unittest

from cli_support import PAYMENT, SOURCE, Case, commands, own_options, run


GLOBALS = ["--socket", "--context", "--output", "--field", "--no-color", "--help", "--version"]


class Help(Case):
    def test_overview_names_every_command_and_examples_come_first(self):
        text = run("--help").out
        self.assertGreaterEqual(len(commands()), 43)
        self.assertLess(text.index("Examples:"), text.index("Commands"))
        for option in GLOBALS:
            self.assertIn(option, text)

    def test_help_fits_80_columns_and_a_command_a_line_of_the_overview(self):
        text = run("--help").out
        block = text.split("tells more):\n")[1].split("\n\n")[0]
        self.assertEqual(len(block.splitlines()), len(commands()))
        for command in ["", "client", *commands()]:
            for line in run(*command.split(), "--help").out.splitlines():
                self.assertLessEqual(len(line), 80, (command, line))

    def test_an_example_that_goes_on_is_one_command_to_a_shell(self):
        text = run("token", "get", "--help").out
        examples = text.split("Examples:\n")[1].split("\n\n")[0].replace("\\\n", "")
        for line in examples.splitlines():
            self.assertEqual(shlex.split(line)[:5],
                             ["jeton", "token", "get", "--issuer", "https://id.example.com"])

    def test_every_command_has_help_with_an_example_of_itself(self):
        for command in commands():
            for words in ([*command.split(), "--help"], [*command.split(), "-h"],
                          ["help", *command.split()], ["--help", *command.split()]):
                with self.subTest(words=words):
                    result = run(*words)
                    self.check(result, 0)
                    self.assertTrue(result.out.startswith(f"jeton {command}: "))
                    examples = result.out.split("Examples:\n")[1].split("\n\n")[0]
                    self.assertIn(f"jeton {command}", examples)
                    self.assertIn("\nUsage:\n  jeton " + command, result.out)

    def test_noun_and_group_help_list_their_commands_alone(self):
        for words in ("client", "client secret"):
            text = run(*words.split(), "--help").out
            for command in commands():
                self.assertEqual(f"\n  {command} " in text, command.startswith(words + " "))

    def test_without_arguments_help_goes_to_stderr(self):
        result = run()
        self.check_empty_out(result)
        self.assertIn("Commands", result.err)

    def check_empty_out(self, result):
        self.assertEqual((result.code, result.out), (1, ""))

    def test_version_is_printed(self):
        result = run("--version")
        self.check(result, 0)
        self.assertRegex(result.out, r"\Ajeton \d+\.\d+\.\d+\n\Z")


def reference(part):
    """What is put into the man page out of the command table."""
    return subprocess.run([os.environ["JETON_REFERENCE"], part], capture_output=True, check=True,
                          timeout=20).stdout.decode()


class ManPage(Case):
    def test_every_command_stands_in_the_man_page_with_its_options(self):
        sections = re.split(r"^\*jeton ", reference("commands"), flags=re.M)[1:]
        named = {section.split("*")[0]: section for section in sections}
        self.assertEqual(list(named), commands())
        for command, section in named.items():
            self.assertEqual(re.findall(r"\*(--[a-z-]+)\*", section), own_options(command))

    def test_the_options_of_all_commands_stand_in_it_once(self):
        self.assertEqual(re.findall(r"\*(--[a-z-]+)\*", reference("options")), GLOBALS)
        with open(os.path.join(SOURCE, "docs/jeton.1.scd"), encoding="utf-8") as page:
            text = page.read()
        for part in ("OPTIONS", "COMMANDS"):
            self.assertEqual(text.count(f"@{part}@\n"), 1)

    def test_the_rest_of_the_page_names_no_option_that_does_not_exist(self):
        with open(os.path.join(SOURCE, "docs/jeton.1.scd"), encoding="utf-8") as page:
            named = set(re.findall(r"--[a-z][a-z-]*", page.read()))
        known = {option for command in commands() for option in own_options(command)}
        self.assertEqual(named - known - set(GLOBALS), set())


def readme_commands(text):
    """Every jeton command of README.md, as words: the lines of its code blocks, and the spans of
    its text that have more than the name."""
    parts = re.split(r"^```.*$", text, flags=re.M)  # text, block, text, ...
    lines = "\n".join(parts[1::2]).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`(jeton [^`]*)`", "\n".join(parts[0::2]))
    pipes = [line.split("|") for line in lines if line.startswith("jeton ")]
    split = [shlex.split(piece, comments=True) for pipe in pipes for piece in pipe]
    return [words[:words.index(">")] if ">" in words else words for words in split]


class Readme(Case):
    def test_every_command_of_the_readme_is_understood(self):
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as page:
            found = readme_commands(page.read())
        nouns = {words[1] for words in found}
        self.assertLessEqual({"resource", "role", "client", "key", "token"}, nouns)
        model = self.write("model.yaml", "kind: role\nname: billing\n")
        for name, *args in found:
            args = [model if word == "model.yaml" else word for word in args]
            with self.subTest(args=args):
                self.assertEqual(name, "jeton")
                if args[0] in ("token", "context", "completion", "db"):  # would ask others, or nobody
                    self.check(run(*args, "--help"), 0)
                elif args[0] == "doctor":  # that there is no daemon is a finding
                    self.check(run(*args, env={"JETON_SOCKET": "/nonexistent"}), 1, None, "failed")
                else:  # understood, body and all, once there is nothing left but to connect
                    self.check(run(*args, env={"JETON_SOCKET": "/nonexistent"}), 5, "",
                               "there is no admin socket /nonexistent")

    def test_a_command_that_does_not_exist_would_be_seen(self):
        found = readme_commands("a `jeton token got | jeton token verify` b\n"
                                "```\njeton key list \\\n  --frc # c\n$ x\n```\n"
                                "jeton is not a command here\n")
        self.assertEqual(found, [["jeton", "key", "list", "--frc"], ["jeton", "token", "got"],
                                 ["jeton", "token", "verify"]])
        self.check(run(*found[0][1:]), 1, "", "key list has no option --frc")
        self.check(run(*found[1][1:], "--help"), 1, "", "did you mean 'token get'?")


class BadArguments(Case):
    CASES = [
        # arguments, what the line says
        (["clint"], "no command 'clint'; did you mean 'client'?"),
        (["client", "craete", "x"], "no command 'client craete'; did you mean 'client create'?"),
        (["client", "secret", "lsit"], "did you mean 'client secret list'?"),
        (["frobnicate"], "no command 'frobnicate'; see jeton --help"),
        (["client", "x" * 100], "no command"),
        (["client", ""], "no command"),
        (["client"], "the command is incomplete; see jeton client --help"),
        (["-o", "json"], "the command is incomplete; see jeton --help"),
        (["key", "rotate", "--foce"], "key rotate has no option --foce; did you mean --force?"),
        (["key", "rotate", "-f"], "key rotate has no option -f;"),
        (["key", "list", "--output", "xml"], "--output takes one of: table, json, yaml, name"),
        (["key", "revoke", "--bLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xt", "--yes"],
         "key revoke has no option --bLs"),  # no thumbprint: spare bits are set
        (["key", "revoke", "--bLsXh8uDCcd", "--yes"], "key revoke has no option --bLs"),
        (["--force", "key", "rotate"], "option --force before the command"),
        (["key", "rotate", "--force=yes"], "--force takes no value"),
        (["key", "rotate", "--alg"], "--alg needs a value: --alg ALG"),
        (["key", "rotate", "--alg", "A", "--alg", "B"], "--alg is given twice"),
        (["client", "update", "x", "--enable", "--disable"], "--enable and --disable contradict"),
        (["client", "show"], "too few arguments; usage: jeton client show CLIENT"),
        (["client", "show", "a", "b"], "too many arguments"),
        (["client", "show", ""], "an argument is empty"),
        (["diff", "model"], "too many arguments; usage: jeton diff -f FILE"),
        (["client", "grant", "a"], "usage: jeton client grant CLIENT GRANT..."),
        (["key", "list", "--", "--help"], "too many arguments"),
        (["client", "update", "x"], "nothing to change was given"),
        (["client", "update", "x", "--reset", "secret-name"],
         "--reset secret-name names no option"),
        (["client", "update", "x", "--reset", "rol"], "did you mean --reset role?"),
        (["client", "update", "x", "--reset", "role", "--role", "r"], "contradict"),
        (["resource", "create", "u", "--claims", "[]"], "--claims is not one JSON object"),
        (["resource", "create", "u", "--claims", '{"a":1,"a":2}'],
         "--claims is not one JSON object"),
        (["key", "list", "--field", "0.kid", "-o", "json"], "--field prints the value alone"),
        (["key", "list", "--field", ""], "--field needs the name of a member"),
        (["key", "list", "-o"], "--output needs a value: --output FORMAT"),
        (["key", "list", "-ojson"], "key list has no option"),
        (["client", "list", "--limit", "0"], "--limit is not a number from 1"),
        (["client", "list", "--limit", "1e3"], "--limit is not a number from 1"),
        (["client", "list", "--status", "aproved"],
         "--status takes one of: pending, approved, revoked"),
        (["client", "list", "--enabled", "--disabled"], "--enabled and --disabled contradict"),
        (["role", "create", "r", "--label", "team"], "write --label NAME=VALUE"),
        (["role", "create", "r", "--label", "=x"], "a label needs a name"),
        (["role", "create", "r", "--label", "a=1", "--label", "a=2"],
         "the label a is given twice"),
        (["role", "update", "r", "--label", "a=1", "--unlabel", "a"],
         "the label a is given twice"),
        (["role", "update", "r", "--label", "a=1", "--reset", "label"], "contradict"),
        (["client", "create", "c", "-o", "name"], "-o name would lose the secret"),
        (["client", "secret", "add", "c", "-o", "name"], "-o name would lose the secret"),
        (["admin", "setup", "-o", "name"], "-o name would lose the secret"),
        (["token", "get"], "--issuer is needed"),
        (["token", "verify", "--issuer", "https://id.example.com"], "--audience is needed"),
    ]

    def test_bad_arguments_are_refused_in_one_line(self):
        for args, line in self.CASES:
            with self.subTest(args=args):
                self.check(run(*args, env={"JETON_SOCKET": "/nonexistent"}), 1, "", line)

    def test_bad_times_are_refused(self):
        for text in ("", "h", "1y", "-1h", "1.5h", "1 h", "1hh", "99999999999999999999",
                     "9999999d"):
            with self.subTest(text=text):
                result = run("resource", "create", "u", "--lifetime", text)
                self.check(result, 1, "", "--lifetime is not a time; write it as")

    def test_text_that_is_not_utf8_is_refused(self):
        self.check(run("resource", "create", "u", "--scope", b"\xff"), 1, "",
                   "--scope is not valid")
        self.check(run("role", "create", b"\xff"), 1, "", "name is not valid UTF-8")
        self.check(run("client", "grant", "c", b"\xff"), 1, "", "a grant is not valid UTF-8")

    def test_a_value_of_an_unknown_option_is_not_repeated(self):
        result = run("token", "get", "--client-secret=hunter2")
        self.check(result, 1, "", "token get has no option --client-secret")
        self.assertNotIn("hunter2", result.err)

    def test_too_many_options_are_refused(self):
        result = run("role", "create", "r", *(["--grant", PAYMENT] * 1025))
        self.check(result, 1, "", "more than 1024 options")


if __name__ == "__main__":
    unittest.main()
