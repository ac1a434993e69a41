#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Containerfile, as far as it can be tried without a registry of images:
    tests/packages/container.py BUILD [DEBIAN]
Its form; that its libraries are those of the Debian package; then, in a copy of DEBIAN (a folder that debootstrap made), the steps
of its last stage as they stand, and what it starts, as the user that it names. Without DEBIAN, or root: the form alone."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CONTAINERFILE = os.path.join(ROOT, "packaging", "Containerfile")
DEADLINE_S = 30
KNOWN = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK",
         "ENTRYPOINT", "CMD"}


def read_stages():
    """The instructions of each stage, as pairs of name and text."""
    with open(CONTAINERFILE, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if not line.startswith("#")]
    stages = [[]]
    for text in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not text.strip():
            continue
        name, _, rest = text.partition(" ")
        assert name in KNOWN, text
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, rest.strip()))
    return stages


def one(stage, name):
    found = [text for at, text in stage if at == name]
    assert len(found) == 1, (name, found)
    return found[0]


def check_form(stages):
    assert len(stages) == 3, "a stage that builds and one that runs"
    last = stages[2]
    user = one(last, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a policy that refuses root reads a number"
    assert not any(name == "RUN" for name, _ in last[last.index(("USER", user)):]), "as root, before"
    assert re.fullmatch(r"--from=build /image/ /", one(last, "COPY")), "nothing but what was installed"
    for name, text in stages[1] + last:
        if name == "FROM":
            assert text.startswith("${DEBIAN}"), text
        assert not re.search(r"\bADD\b|curl |wget |https?://|chmod 777|PASSWORD|SECRET", text), text
    entry, command = json.loads(one(last, "ENTRYPOINT")), json.loads(one(last, "CMD"))
    return user, entry + command, json.loads(one(last, "HEALTHCHECK").partition(" CMD ")[2])


def check_needs(stages, build):
    """What it installs is what programs were linked with."""
    install = next(text for name, text in stages[2] if name == "RUN" and "apt-get install" in text)
    named = set(re.findall(r"\blib[a-z0-9.+-]+", install.partition("install")[2].partition("&&")[0]))
    linked = set()
    for program in ("jetond", "jeton"):
        said = subprocess.run(["objdump", "-p", os.path.join(build, "bin", program)], check=True,
                              capture_output=True, text=True).stdout
        linked |= set(re.findall(r"NEEDED +(\S+)", said))
    stems = {re.match(r"lib[a-z0-9]*[a-z]|ld-linux", name).group() for name in linked} - \
        {"libc", "libm", "ld-linux"}
    for stem in stems:
        stem = {"libcrypto": "libssl"}.get(stem, stem)
        assert any(re.match(stem + r"[-\d]", name) for name in named), (stem, named)
    assert len(named) == len({"libssl" if stem == "libcrypto" else stem for stem in stems}), \
        (named, stems)


def in_root(root, *command, user=None, **how):
    spec = [f"--userspec={user}"] if user else []
    enter = 'mount -t proc proc "$0/proc" && exec chroot "$@"'  # of this process and its children alone
    return ["unshare", "--mount", "/bin/sh", "-c", enter, root, *spec, root, *command], {"env": {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, **how}


def run(root, *command, user=None):
    args, how = in_root(root, *command, user=user)
    return subprocess.run(args, check=False, capture_output=True, timeout=600, text=True, **how)


def copy_installed(build, root):
    """What the first stage leaves in /image: the component, without what it removes there."""
    image = tempfile.mkdtemp(prefix="jeton-image-")
    os.chmod(image, 0o755)  # it becomes that of /
    subprocess.run(["cmake", "--install", build, "--component", "jetond"], check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, "DESTDIR": image})
    for folder in ("usr/share", "usr/lib/systemd", "etc"):
        shutil.rmtree(os.path.join(image, folder))
    subprocess.run(["cp", "-a", image + "/.", root], check=True)
    shutil.rmtree(image)


def make_image(stages, build, root):
    for name, text in stages[2]:
        if name == "RUN":
            done = run(root, "/bin/sh", "-c", text)
            assert done.returncode == 0, (text, done.stderr)
        elif name == "COPY":
            copy_installed(build, root)


def configure(root, user):
    uid, gid = map(int, user.split(":"))
    os.makedirs(root + "/etc/jeton")
    os.makedirs(root + "/run/secrets")
    with open(root + "/run/secrets/kek", "w", encoding="ascii") as file:
        file.write(os.urandom(32).hex())
    os.chmod(root + "/run/secrets/kek", 0o400)
    os.chown(root + "/run/secrets/kek", uid, gid)
    with open(root + "/etc/jeton/jetond.yaml", "w", encoding="ascii") as file:
        file.write("issuer: https://id.example.com\nlisten: 127.0.0.1:0\n"
                   "keys: {kek_file: /run/secrets/kek, signer: process}\n")


def wait_healthy(root, health, user):
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        if run(root, *health, user=user).returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError(run(root, *health, user=user).stderr)


def check_running(root, user, command, health):
    args, how = in_root(root, *command, user=user, stderr=subprocess.PIPE, text=True)
    with subprocess.Popen(args, **how) as daemon:
        try:
            wait_healthy(root, health, user)
            with open(f"/proc/{daemon.pid}/status", encoding="ascii") as status:
                assert f"Uid:\t{user.split(':', maxsplit=1)[0]}\t" in status.read()
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(DEADLINE_S) == 0, daemon.stderr.read()
        finally:
            daemon.kill()
    assert run(root, *health, user=user).returncode != 0, "healthy although it has ended"


def main():
    stages = read_stages()
    user, command, health = check_form(stages)
    build = os.path.abspath(sys.argv[1])
    check_needs(stages, build)
    if len(sys.argv) < 3 or os.geteuid() != 0:
        print("the form is in order; no Debian to try it in")
        return
    root = tempfile.mkdtemp(prefix="jeton-container-")
    try:
        subprocess.run(["cp", "-a", sys.argv[2] + "/.", root], check=True)
        make_image(stages, build, root)
        configure(root, user)
        check_running(root, user, command, health)
        print("the image starts as " + shlex.quote(user) + ", is healthy, and ends")
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", root], check=True)


if __name__ == "__main__":
    main()
