# SPDX-License-Identifier: Apache-2.0
"""That jeton.py says of structs and numbers what a C compiler says of the public headers."""

import os
import re
import shlex
import subprocess
import tempfile
import unittest

from support import ROOT, jeton

INCLUDE = os.path.join(ROOT, "verifier", "include")


def headers():
    """The text of all, without comments."""
    text = ""
    for name in ("status", "observe", "verifier"):
        with open(os.path.join(INCLUDE, "jeton", name + ".h"), encoding="utf-8") as file:
            text += file.read()
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def members(body):
    """The names that a struct's body declares, in order."""
    names = []
    for declaration in filter(str.strip, body.split(";")):
        pointer = re.search(r"\(\*(\w+)\)", declaration)
        names += [pointer.group(1)] if pointer else [
            re.search(r"(\w+)\s*$", part).group(1) for part in declaration.split(",")]
    return names


def ask_compiler(lines):
    """What the expressions are worth: [(name, expression)] -> {name: number}."""
    with tempfile.TemporaryDirectory(prefix="jeton-python-") as folder:
        program = os.path.join(folder, "layout")
        with open(program + ".c", "w", encoding="utf-8") as out:
            out.write("#include <jeton/verifier.h>\n#include <stdio.h>\nint main(void)\n{\n")
            for name, expression in lines:
                out.write(f'    printf("{name} %lld\\n", (long long)({expression}));\n')
            out.write("    return 0;\n}\n")
        subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-std=c11", "-I", INCLUDE,
                        program + ".c", "-o", program], check=True)
        said = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return {name: int(number) for name, number in map(str.split, said.splitlines())}


class Layout(unittest.TestCase):
    maxDiff = None

    def test_every_struct_of_the_headers_is_bound(self):
        declared = {name: members(body) for name, body in
                    re.findall(r"struct (jeton_\w+) \{(.*?)\n\};", headers(), re.S)}
        bound = {name: [field[0] for field in struct._fields_]
                 for name, struct in jeton._STRUCTS.items()}
        self.assertEqual(bound, declared)

    def test_sizes_and_offsets_are_the_compiler_s(self):
        asked, bound = [], {}
        for name, struct in jeton._STRUCTS.items():
            asked.append((name, f"sizeof(struct {name})"))
            bound[name] = jeton.ctypes.sizeof(struct)
            for field, *_ in struct._fields_:
                at = getattr(struct, field)
                asked.append((f"{name}.{field}", f"offsetof(struct {name}, {field})"))
                asked.append((f"{name}.{field}:", f"sizeof((struct {name} *)0)->{field}"))
                bound[f"{name}.{field}"], bound[f"{name}.{field}:"] = at.offset, at.size
        self.assertEqual(bound, ask_compiler(asked))

    def numbers(self, prefix, pattern, enumeration):
        names = re.findall(pattern, headers(), re.M)
        self.assertTrue(names)
        said = ask_compiler([(name, prefix + name) for name in names])
        bound = {name: int(member) for name, member in enumeration.__members__.items()}
        self.assertEqual(bound, said)

    def test_numbers_of_statuses_are_the_compiler_s(self):
        body = re.search(r"typedef enum jeton_status \{(.*?)\}", headers(), re.S).group(1)
        names = re.findall(r"JETON_(\w+) =", body)
        said = ask_compiler([(name, "JETON_" + name) for name in names])
        self.assertEqual({name: int(member) for name, member in jeton.Status.__members__.items()},
                         said)

    def test_numbers_of_events_are_the_compiler_s(self):
        self.numbers("JETON_EVENT_", r"JETON_EVENT_(\w+) =", jeton.EventKind)

    def test_numbers_of_failures_are_the_compiler_s(self):
        self.numbers("JETON_FAIL_", r"^#define JETON_FAIL_(\w+)", jeton.Failure)

    def test_numbers_of_algorithms_are_the_compiler_s(self):
        self.numbers("JETON_", r"^#define JETON_((?:[ERP]S\d+|EDDSA)) ", jeton.Algorithm)

    def test_functions_are_those_of_the_headers_with_as_many_arguments(self):
        declared = {}
        for name, arguments in re.findall(r"\b(jeton_\w+)\(([^;{]*)\);", headers()):
            declared[name] = arguments.count(",") + 1
        for name, (_, *arguments) in jeton._FUNCTIONS.items():
            self.assertEqual(len(arguments), declared.get(name), name)

    def test_names_and_classes_of_statuses_are_the_library_s(self):
        for status in jeton.Status:
            self.assertEqual(status.code, status.name.lower())
            self.assertTrue(status.text.endswith("."), status)
        self.assertEqual({status.http_status for status in jeton.Status}, {200, 401, 403, 503, 500})

    def test_status_of_a_newer_library_is_a_status_all_the_same(self):
        self.assertEqual(jeton.Status(120), 120)
        self.assertIsInstance(jeton.Status(120), jeton.Status)
        self.assertEqual(jeton.Status(120).code, "internal")
        with self.assertRaises(ValueError):
            jeton.Status("expired")


if __name__ == "__main__":
    unittest.main()
