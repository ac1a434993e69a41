# SPDX-License-Identifier: Apache-2.0
"""Arguments, options, help and the man page: nothing here reaches a server."""

import os
import re
import shlex
import unittest

from cli_support import PAYMENT, SOURCE, Case, run


def commands():
    """Every command that the overview names."""
    text = run("--help").out
    block = text.split("tells more):\n")[1].split("\n\n")[0]
    return [re.split(r"  +", line.strip())[0] for line in block.splitlines()]


def own_options(command):
    """The options of a command that are not those of every command."""
    text = run(*command.split(), "--help").out
    own = re.search(r"\nOptions:\n(.*?)\nEverywhere:", text, re.S)
    return re.findall(r"^  (--[a-z-]+)", own.group(1), re.M) if own else []


class Help(Case):
    def test_overview_names_every_command_and_examples_come_first(self):
        text = run("--help").out
        self.assertGreaterEqual(len(commands()), 26)
        self.assertLess(text.index("Examples:"), text.index("Commands"))
        for option in ("--socket PATH", "-o, --output", "-h, --help", "--version"):
            self.assertIn(option, text)

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


class ManPage(Case):
    def test_every_command_and_option_stands_in_the_man_page(self):
        with open(os.path.join(SOURCE, "docs/jeton.1.scd"), encoding="utf-8") as page:
            text = page.read()
        for command in commands():
            self.assertIn(f"*jeton {command}*", text)
            for option in own_options(command):
                self.assertIn(f"*{option}*", text, command)

    def test_the_man_page_names_no_option_that_does_not_exist(self):
        with open(os.path.join(SOURCE, "docs/jeton.1.scd"), encoding="utf-8") as page:
            named = set(re.findall(r"\*(--[a-z-]+)\*", page.read()))
        known = {option for command in commands() for option in own_options(command)}
        self.assertEqual(named - known, {"--socket", "--output", "--help", "--version"})


def readme_commands(text):
    """Every jeton command of README.md, as words: the lines of its code blocks, and the spans of
    its text that have more than the name."""
    parts = re.split(r"^```.*$", text, flags=re.M)  # text, block, text, ...
    lines = "\n".join(parts[1::2]).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`(jeton [^`]*)`", "\n".join(parts[0::2]))
    pipes = [line.split("|") for line in lines if line.startswith("jeton ")]
    return [shlex.split(piece, comments=True) for pipe in pipes for piece in pipe]


class Readme(Case):
    def test_every_command_of_the_readme_is_understood(self):
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as page:
            found = readme_commands(page.read())
        nouns = {words[1] for words in found}
        self.assertEqual(nouns, {"resource", "role", "client", "key", "token"})
        for name, *args in found:
            with self.subTest(args=args):
                self.assertEqual(name, "jeton")
                if args[0] == "token":  # would ask the issuer
                    self.check(run(*args, "--help"), 0)
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
        (["key", "rotate", "-f"], "key rotate has no option --f"),
        (["key", "list", "--output", "xml"], "no output format 'xml'; use table or json"),
        (["--force", "key", "rotate"], "option --force before the command"),
        (["key", "rotate", "--force=yes"], "--force takes no value"),
        (["key", "rotate", "--alg"], "--alg needs a value: --alg ALG"),
        (["key", "rotate", "--alg", "A", "--alg", "B"], "--alg is given twice"),
        (["client", "update", "x", "--enable", "--disable"], "--enable and --disable contradict"),
        (["client", "show"], "too few arguments; usage: jeton client show CLIENT"),
        (["client", "show", "a", "b"], "too many arguments"),
        (["client", "show", ""], "an argument is empty"),
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
