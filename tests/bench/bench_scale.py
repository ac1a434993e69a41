#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_scale.py BIN_DIR [-n CLIENTS] [--active N] [--rounds N] [--seconds S] [--postgres] [--keep FOLDER]
[-o json]: what a million clients cost. The clients (each with a role, a product, a grant, two labels and a
secret) come by `jeton apply`; --active of them, and those of a second daemon with 10 clients, get secrets
by the admin API, the others' secrets are written into the stopped store, with hashes that nobody knows
the secret of. Then: ready time from exec, beside that of 10 clients; memory when ready and after all the
rounds; and CPU for a token (ES256, wrk, kept-alive) with 10 of the clients asking in turn and with
all --active, against the daemon with 10, in interleaved rounds; and the time of one change of a client.
--keep FOLDER: where the stores are made, and found again. Needs wrk."""
import argparse
import base64
import json
import os
import pathlib
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile

from bench_daemon import RESOURCE, Daemon, Unix, call, now_s, write_jsonl

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from postgres import Cluster  # pylint: disable=wrong-import-position

FEW, STARTS, CHANGES, CONNECTIONS = 10, 3, 50, 4
CLIENT = 40  # the number of the kind in the store

# each connection of wrk has its clients in turn, so that every one of them is asked for
SCRIPT = """
local basics, i = {{}}, 0
for line in io.lines("{file}") do basics[#basics + 1] = "Basic " .. line end
local body = "grant_type=client_credentials&resource={resource}"
function request()
  i = i % #basics + 1
  return wrk.format("POST", nil, {{["Content-Type"] = "application/x-www-form-urlencoded",
                                   ["Authorization"] = basics[i]}}, body)
end
function response(status) if status ~= 200 then os.exit(1) end end
"""


def give_secrets(daemon, n, path):
    """Secrets of the first `n` clients, written as Basic credentials."""
    connection = Unix(daemon.socket)
    with open(path, "w", encoding="ascii") as out:
        for i in range(n):
            name = f"client-{i:06}"
            client = call(connection, "GET", f"/clients/{name}")["client_id"]
            made = call(connection, "POST", f"/clients/{name}/secrets", {"name": "bench"})
            text = f"{client}:{made['client_secret']}"
            out.write(base64.b64encode(text.encode()).decode() + "\n")


def with_secret(doc):
    """The document of a client that has none, with one that nobody knows."""
    client = json.loads(doc)
    if not client["secrets"]:
        digest = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
        client["secrets"] = [{"id": secrets.token_hex(4), "name": "bench", "created_s": 1700000000,
                              "expires_s": None, "hash": digest}]
    return json.dumps(client, separators=(",", ":")).encode()


def fill_secrets(path):
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("BEGIN")
        rows = db.execute(f"SELECT rowid, doc FROM objects WHERE kind = {CLIENT}").fetchall()
        db.executemany("UPDATE objects SET doc = ? WHERE rowid = ?",
                       ((with_secret(doc), row) for row, doc in rows))
        db.execute("COMMIT")
    db.close()


def fill_secrets_postgres(conninfo):
    """The same inside the server, which has no random bytes but uuids."""
    digest = ("rtrim(translate(encode(decode(replace(gen_random_uuid()::text || "
              "gen_random_uuid()::text, '-', ''), 'hex'), 'base64'), '+/', '-_'), '=')")
    secret = ('\'"secrets":[{"id":"\' || substr(gen_random_uuid()::text, 1, 8) || '
              '\'","name":"bench","created_s":1700000000,"expires_s":null,"hash":"\' || ' + digest + " || '\"}]'")
    text = "convert_from(doc, 'UTF8')"
    subprocess.run(["psql", "-q", conninfo, "-c",
                    f"UPDATE objects SET doc = convert_to(replace({text}, '\"secrets\":[]', {secret}), 'UTF8') "
                    f"WHERE kind = {CLIENT}"], check=True)


def make(args, folder, n, active, conninfo):
    """A store with `n` clients, unless it is there; how long applying them took."""
    os.makedirs(folder, exist_ok=True)
    done = pathlib.Path(folder, "made")
    if done.exists():
        return None
    model = os.path.join(folder, "model.jsonl")
    write_jsonl(model, n)
    with Daemon(args.bin, folder, conninfo and f"postgres: '{conninfo}'") as daemon:
        begun = now_s()
        subprocess.run([os.path.join(args.bin, "jeton"), "--socket", daemon.socket, "apply", "-f", model],
                       check=True, stdout=subprocess.DEVNULL)
        took_s = now_s() - begun
        give_secrets(daemon, active, os.path.join(folder, "basics"))
    if conninfo:
        fill_secrets_postgres(conninfo)
    else:
        fill_secrets(os.path.join(folder, "jeton.db"))
    os.unlink(model)
    done.touch()
    return took_s


def memory_mb(daemon):
    """Resident, anonymous, and the most that was ever resident."""
    process = pathlib.Path(f"/proc/{daemon.process.pid}")
    rows = dict(line.split(":", 1) for line in (process / "status").read_text(encoding="ascii").splitlines())
    return {name: round(int(rows[row].split()[0]) / 1024, 1)
            for name, row in (("resident", "VmRSS"), ("anonymous", "RssAnon"), ("most", "VmHWM"))}


def starts(args, folder, store):
    told = []
    for _ in range(STARTS):
        begun = now_s()
        with daemon_over(args, folder, store) as daemon:
            told.append((now_s() - begun, daemon.cpu_ns() / 1e9))
    return {"wall_s": round(statistics.median(wall for wall, _ in told), 3),
            "cpu_s": round(statistics.median(cpu for _, cpu in told), 3)}


def daemon_over(args, folder, store):
    return Daemon(args.bin, folder, store, kek=os.path.join(folder, "kek"))


def write_script(folder, name, basics, n):
    lines = pathlib.Path(basics).read_text(encoding="ascii").splitlines(True)[:n]
    file = os.path.join(folder, name + ".basics")
    pathlib.Path(file).write_text("".join(lines), encoding="ascii")
    script = os.path.join(folder, name + ".lua")
    pathlib.Path(script).write_text(SCRIPT.format(file=file, resource=RESOURCE), encoding="ascii")
    return script


def cpu_us(daemon, script, seconds):
    """CPU of the daemon for a token in one round."""
    before = daemon.cpu_ns()
    ended = subprocess.run(["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", script,
                            f"http://{daemon.address}/oauth2/token"], capture_output=True, text=True, check=False)
    if ended.returncode != 0 or "Non-2xx" in ended.stdout or "Socket errors" in ended.stdout:
        raise SystemExit(f"wrk: {ended.stdout}{ended.stderr}")
    tokens = int(ended.stdout.split(" requests in ")[0].rsplit(None, 1)[1])
    return (daemon.cpu_ns() - before) / 1000 / tokens


def rounds(args, few, many, scripts):
    told = {"few": [], "ten": [], "active": []}
    for _ in range(args.rounds):
        for name, daemon in (("few", few), ("ten", many), ("active", many)):
            told[name].append(cpu_us(daemon, scripts[name], args.seconds))
    ratios = {name: [a / b for a, b in zip(told[name], told["few"])] for name in ("ten", "active")}
    return {"us": {name: round(statistics.median(all_), 2) for name, all_ in told.items()},
            "ratio": {name: [round(f(all_), 3) for f in (statistics.median, min, max)]
                      for name, all_ in ratios.items()}}


def change_ms(daemon, n):
    connection, took = Unix(daemon.socket), []
    for i in range(CHANGES):
        begun = now_s()
        call(connection, "PATCH", f"/clients/client-{i % n:06}", {"labels": {"change": secrets.token_hex(4)}})
        took.append((now_s() - begun) * 1000)
    return round(statistics.median(took), 2)


def measure(args, folder, cluster):
    homes = {"few": FEW, "many": args.n}
    folders = {name: os.path.join(folder, f"{name}-{n}") for name, n in homes.items()}
    infos = {name: cluster and cluster.database(name) for name in homes}
    told = {"clients": args.n, "active": args.active, "store": "PostgreSQL" if cluster else "SQLite"}
    for name, n in homes.items():
        told["apply_s"] = make(args, folders[name], n, min(n, args.active), infos[name])
    stores = {name: info and f"postgres: '{info}'" for name, info in infos.items()}
    told["ready"] = {name: starts(args, folders[name], stores[name]) for name in homes}
    scripts = {name: write_script(folder, name, os.path.join(folders[home], "basics"), n)
               for name, home, n in (("few", "few", FEW), ("ten", "many", FEW), ("active", "many", args.active))}
    with daemon_over(args, folders["few"], stores["few"]) as few, \
            daemon_over(args, folders["many"], stores["many"]) as many:
        told["memory_mb"] = {"few": memory_mb(few), "ready": memory_mb(many)}
        told["cpu"] = rounds(args, few, many, scripts)
        told["change_ms"] = {"few": change_ms(few, FEW), "many": change_ms(many, args.n)}
        told["memory_mb"]["after"] = memory_mb(many)
    return told


def show(told):
    print(f"{told['clients']} clients, {told['active']} active, {told['store']}")
    if told["apply_s"]:
        print(f"jeton apply: {told['apply_s']:.1f} s")
    for name, row in told["ready"].items():
        print(f"ready, {name}: {row['wall_s']:.3f} s of wall time, {row['cpu_s']:.3f} of CPU")
    for name, row in told["memory_mb"].items():
        print(f"memory, {name}: resident {row['resident']} MB, anonymous {row['anonymous']}, at most {row['most']}")
    cpu = told["cpu"]
    print(f"CPU for a token: {cpu['us']['few']} us with {FEW} clients")
    for name, words in (("ten", f"{FEW} active"), ("active", f"{told['active']} active")):
        median, least, most = cpu["ratio"][name]
        print(f"  {told['clients']} clients, {words}: {cpu['us'][name]} us, {median:.3f} of it "
              f"({least:.3f} to {most:.3f})")
    print(f"a change of one client: {told['change_ms']['many']} ms; with {FEW} clients {told['change_ms']['few']}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("-n", type=int, default=1000000)
    parser.add_argument("--active", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--keep")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("-o", choices=["text", "json"], default="text")
    args = parser.parse_args()
    cluster = Cluster({"shared_buffers": "128MB"}, memory=False) if args.postgres else None
    with tempfile.TemporaryDirectory() as folder:
        told = measure(args, args.keep or folder, cluster)
    if args.o == "json":
        print(json.dumps(told))
    else:
        show(told)


main()
