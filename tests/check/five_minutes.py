#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/verify-in-five-minutes.md, pasted: every block of shell is run in its order, in one shell,
against the library as it is installed; where a block of output follows, that is what came. The blocks
of a proxy that is not installed are left out.

    CMAKE=cmake CC=cc tests/check/five_minutes.py BUILD

The issuer listens on a port of its own choosing, as the API, the guard and the proxies do; nothing
else is changed."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "tests", "support"))
from ports import free_port  # noqa: E402 pylint: disable=wrong-import-position

PAGE = os.path.join(ROOT, "docs", "verify-in-five-minutes.md")
PLACE = "/tmp/jeton-five"  # where the page works; here it is another folder
PROXIES = ("nginx", "haproxy")
SEARCHED = os.environ["PATH"] + os.pathsep + "/usr/sbin"
MARK = "--- the end of a block ---"


def blocks():
    """[(shell, expected output or None)] of the page."""
    with open(PAGE, encoding="utf-8") as page:
        found = re.findall(r"^```(sh|output)\n(.*?)^```$", page.read(), re.M | re.S)
    ours = []
    for kind, text in found:
        if kind == "sh":
            ours.append([text, None])
        else:
            assert ours and ours[-1][1] is None, "output without a block before it"
            ours[-1][1] = text
    return [block for block in ours if not any(
        f"\n{proxy} -" in block[0] and shutil.which(proxy, path=SEARCHED) is None for proxy in PROXIES)]


def wrapper(folder, name, command):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\nexec {command}\n")
    os.chmod(path, 0o755)


def prepare(build, work):
    """Installs the library; the environment that the shell gets."""
    prefix, programs = os.path.join(work, "prefix"), os.path.join(work, "bin")
    for component in ("libjeton", "libjeton-dev"):
        subprocess.run([os.environ.get("CMAKE", "cmake"), "--install", build, "--component",
                        component, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    folder = next(at for at, _, files in os.walk(prefix) if "jeton.pc" in files)
    os.mkdir(programs)
    bin_dir = os.path.join(build, "bin")
    wrapper(programs, "jetond", f'"{bin_dir}/jetond" "$@" --listen 127.0.0.1:0')
    wrapper(programs, "jeton", f'"{bin_dir}/jeton" "$@"')
    wrapper(programs, "jeton-guard", f'"{bin_dir}/jeton-guard" "$@"')
    wrapper(programs, "cc", f'{os.environ.get("CC", "cc")} {os.environ.get("CFLAGS", "")} -Wall '
                            '-Wextra -Wpedantic -Werror "$@"')
    # what a sanitizer asks for is for the interpreter, not for every program of the shell
    wrapper(programs, "python3", f'env LD_PRELOAD="{os.environ.get("LD_PRELOAD", "")}" '
                                 f'{sys.executable} -B "$@"')
    given = {name: value for name, value in os.environ.items()
             if name not in ("LD_PRELOAD", "JETON_LIBRARY")}
    return {**given, "PATH": programs + os.pathsep + SEARCHED,
            "PKG_CONFIG_PATH": folder, "LD_LIBRARY_PATH": os.path.dirname(folder),
            **{name: str(free_port())
               for name in ("PORT", "GUARD_PORT", "NGINX_PORT", "HAPROXY_PORT")}}


def script(page, place):
    text = "set -eu\n"
    for shell, _ in page:
        assert MARK not in shell
        text += shell.replace(PLACE, place) + f"echo '{MARK}'\n"
    return text


def main():
    page = blocks()
    assert any("cc verify.c" in shell for shell, _ in page), "the C part is not found"
    assert any("verify.py" in shell for shell, _ in page), "the Python part is not found"
    work = tempfile.mkdtemp(prefix="jeton-five-")
    try:
        environment = prepare(os.path.abspath(sys.argv[1]), work)
        # a session of its own: whatever the page left running ends with it
        shell = subprocess.Popen(["bash", "-c", script(page, os.path.join(work, "place"))],
                                 env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 start_new_session=True, text=True)
        try:
            said = shell.communicate(timeout=100)[0].split(MARK + "\n")
        except subprocess.TimeoutExpired as late:
            sys.exit(f"{PAGE}: it does not end; it said\n{(late.stdout or b'').decode()}")
        finally:
            try:
                os.killpg(shell.pid, 15)
            except ProcessLookupError:
                pass
        if shell.returncode != 0:
            print("".join(said))
            sys.exit(f"{PAGE}: block {len(said)} failed with {shell.returncode}")
        for at, (_, expected) in enumerate(page):
            if expected is not None and said[at] != expected:
                sys.exit(f"{PAGE}: block {at + 1} says\n{said[at]}instead of\n{expected}")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
