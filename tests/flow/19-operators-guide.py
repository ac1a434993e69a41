# SPDX-License-Identifier: Apache-2.0
"""docs/operators-guide.md and docs/rotating-keys.md, followed: the sh blocks of each are run in order by
one shell against a real daemon, and each line of a text block is found, in order, in the output of the sh
block before it ("..." stands for anything)."""

import os
import re
import subprocess
import unittest

from harness import (DEADLINE_S, JETON, JETOND, Case, free_port, start_serve,
                     write_config)

DOCS = os.path.join(os.path.dirname(__file__), "../../docs")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "--- end of block "


def blocks(name):
    """(command text, lines of output that it must have), in order."""
    found = []
    with open(os.path.join(DOCS, name), encoding="utf-8") as guide:
        for kind, text in BLOCK.findall(guide.read()):
            if kind == "sh":
                found.append((text, []))
            elif kind == "text":
                found[-1][1].extend(text.splitlines())
    return found


def pattern(line):
    return re.compile(".*".join(
        r"\s+".join(re.escape(word) for word in part.split(" ")) for part in line.split("...")))


class Guide(Case):
    def environment(self):
        public, admin = free_port(), free_port()
        config = write_config(self.dir, issuer=f"http://127.0.0.1:{public}",
                              listen=f"127.0.0.1:{public}",
                              admin={"listen": f"127.0.0.1:{admin}"},
                              keys={"jitter": "1d"})  # a key draws none of it once in 86,401
        os.chmod(config, 0o600)
        issuer = self.run_daemon(start_serve(config))
        bin_dir, work = os.path.join(self.dir, "bin"), os.path.join(self.dir, "work")
        os.mkdir(bin_dir)
        os.mkdir(work)
        for name, program in (("jeton", JETON), ("jetond", JETOND)):
            os.symlink(os.path.abspath(program), os.path.join(bin_dir, name))
        return work, {"PATH": bin_dir + ":" + os.environ["PATH"], "HOME": work,
                      "ISSUER": issuer.url, "JETON_SOCKET": issuer.socket,
                      "ADMIN_URL": f"http://127.0.0.1:{admin}",
                      "CONFIG": config}

    def run_blocks(self, found):
        """The output of each, standard error in it."""
        work, env = self.environment()
        script = "exec 2>&1\nset -eu -o pipefail\n" + "".join(
            f"{text}echo '{MARK}{index}'\n" for index, (text, _) in enumerate(found))
        path = os.path.join(self.dir, "guide.sh")
        with open(path, "w", encoding="utf-8") as out:
            out.write(script)
        done = subprocess.run(["bash", path], stdin=subprocess.DEVNULL, capture_output=True, cwd=work,
                              env=env, timeout=2 * DEADLINE_S, check=False)
        said = done.stdout.decode()
        self.assertEqual(done.returncode, 0, said)
        parts = re.split(r"(?m)^" + MARK + r"\d+\n", said)
        self.assertEqual(len(parts), len(found) + 1)
        return parts

    def follow(self, name, more_than):
        found = blocks(name)
        self.assertGreater(len(found), more_than)
        for (text, lines), said in zip(found, self.run_blocks(found)):
            rest = said
            for line in lines:
                match = pattern(line).search(rest)
                self.assertIsNotNone(match, f"{text}\nsays\n{said}\nwithout: {line}")
                rest = rest[match.end():]

    def test_the_guide_works_as_written(self):
        self.follow("operators-guide.md", 20)

    def test_rotating_keys_works_as_written(self):
        self.follow("rotating-keys.md", 7)


if __name__ == "__main__":
    unittest.main()
