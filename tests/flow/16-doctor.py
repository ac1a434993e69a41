# SPDX-License-Identifier: Apache-2.0
"""The doctor finds what is not in order, says the fix, and is content once that was done. What needs a
clock of its own is in tests/unit/test_doctor.c."""

import email.utils
import http.client
import http.server
import json
import os
import re
import signal
import threading
import time
import unittest

from command_line import WRONG_USE, VerbCase
from harness import DEADLINE_S, Case, jeton, start_serve, write_config


class Proxy(http.server.ThreadingHTTPServer):
    """What stands at the public URL: passes requests on to jetond, unless a test wants otherwise."""

    daemon_threads = True

    def __init__(self):
        self.target, self.replace, self.shift_s = None, {}, 0
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join(DEADLINE_S)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body, status = self.server.replace.get(self.path), 200
        if body is None:
            upstream = http.client.HTTPConnection(*self.server.target, timeout=DEADLINE_S)
            upstream.request("GET", self.path)
            answer = upstream.getresponse()
            body, status = answer.read(), answer.status
            upstream.close()
        self.send_response_only(status)
        self.send_header("Date", email.utils.formatdate(time.time() + self.server.shift_s,
                                                        usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Doctor(Case):
    def setUp(self):
        super().setUp()
        self.proxy = Proxy()
        self.addCleanup(self.proxy.close)
        self.config = write_config(self.dir, issuer=self.proxy.url)
        os.chmod(self.config, 0o600)
        self.issuer = self.run_daemon(start_serve(self.config))
        self.proxy.target = (self.issuer.host, self.issuer.port)

    def doctor(self, *args, code=0, socket=None):
        """Its checks, by name; those of one name in a list."""
        done = jeton("--socket", socket or self.issuer.socket, "doctor", "-o", "json", *args)
        self.assertEqual(done.returncode, code, (done.stdout, done.stderr))
        found = {}
        for item in json.loads(done.stdout)["checks"]:
            self.assertIn(item["status"], ("ok", "warn", "fail"))
            self.assertEqual("fix" in item, item["status"] != "ok", item)
            found.setdefault(item["check"], []).append(item)
        return found

    def expect(self, check, status, part, *args, **more):
        item, = self.doctor(*args, code=status == "fail", **more)[check]
        self.assertEqual(item["status"], status, item)
        self.assertIn(part, item["detail"])

    def expect_all_well(self):
        for items in self.doctor().values():
            for item in items:
                if item["check"] != "memory":  # a machine may let nobody lock any
                    self.assertEqual(item["status"], "ok", item)

    # --- the daemon's own checks ---

    def test_a_new_issuer_is_well(self):
        self.expect_all_well()
        done = jeton("--socket", self.issuer.socket, "doctor")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.decode(), r"(?m)^ok +keys +2 keys open and signed a probe each$")

    def test_api_gives_the_checks(self):
        answer = self.issuer.admin("GET", "/doctor")
        self.assertEqual(answer.status, 200)
        self.assertEqual({item["check"] for item in answer.json()["checks"]},
                         {"config", "config_file", "kek", "keys", "kek_rows", "memory", "schedule",
                          "clock", "database", "database_history", "database_files", "disk", "admin_socket", "secrets_ending",
                          "secrets_ended", "clients_without_secret"})

    def rewrite(self, change):
        """Changes the file of the configuration; `change` is given it as an object."""
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        change(config)
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def test_config_that_would_not_load(self):
        self.rewrite(lambda config: config.update(isuser="x"))
        self.expect("config", "fail", "isuser")
        self.rewrite(lambda config: config.pop("isuser"))
        self.expect_all_well()

    def test_config_that_was_not_reloaded(self):
        self.rewrite(lambda config: config.update(jwks={"max_age": "10m"}))
        self.expect("config", "warn", "jwks.max_age")
        mark = self.issuer.daemon.mark()
        self.issuer.daemon.process.send_signal(signal.SIGHUP)
        self.issuer.daemon.wait_log("ev=config.load", since=mark)
        self.expect_all_well()

    def test_config_that_needs_a_restart(self):
        self.rewrite(lambda config: config.update(http={"threads": 3}))
        self.expect("config", "warn", "http.threads")
        self.rewrite(lambda config: config.pop("http"))
        self.expect_all_well()

    def test_config_that_others_may_write(self):
        os.chmod(self.config, 0o620)
        self.expect("config_file", "fail", "0620")
        os.chmod(self.config, 0o640)
        self.expect_all_well()

    def test_key_encryption_key_that_is_gone_or_open(self):
        kek = os.path.join(self.dir, "kek")
        os.rename(kek, kek + "-away")
        self.expect("kek", "fail", kek)
        os.rename(kek + "-away", kek)
        self.expect_all_well()
        os.chmod(kek, 0o644)
        self.expect("kek", "fail", kek)
        os.chmod(kek, 0o600)
        self.expect_all_well()

    def test_database_that_was_replaced(self):
        path = os.path.join(self.dir, "jeton.db")
        os.rename(path, path + "-away")
        self.expect("database", "fail", "not the file that is open any more")
        os.rename(path + "-away", path)
        self.expect_all_well()

    def test_database_that_others_may_read(self):
        for name in ("jeton.db", "jeton.db-wal"):
            os.chmod(os.path.join(self.dir, name), 0o640)
            self.expect("database_files", "fail", name + " has mode 0640")
            os.chmod(os.path.join(self.dir, name), 0o600)
            self.expect_all_well()

    def test_log_of_the_database_that_grows(self):
        path = os.path.join(self.dir, "jeton.db-wal")
        size = os.path.getsize(path)
        os.truncate(path, 65 * 1024 * 1024)
        self.expect("database_files", "warn", "has grown to 65 MiB")
        os.truncate(path, size)
        self.expect_all_well()

    def test_admin_socket_that_is_gone_or_open(self):
        os.chmod(self.issuer.socket, 0o666)
        self.expect("admin_socket", "fail", "0666")
        os.chmod(self.issuer.socket, 0o400)
        self.expect("admin_socket", "warn", "0400")
        os.chmod(self.issuer.socket, 0o600)
        self.expect_all_well()
        away = self.issuer.socket + "-away"
        os.rename(self.issuer.socket, away)
        self.expect("admin_socket", "fail", "not there any more", socket=away)
        os.rename(away, self.issuer.socket)
        self.expect_all_well()

    # --- what is seen from outside ---

    def test_daemon_that_is_not_reached(self):
        found = self.doctor(code=1, socket=os.path.join(self.dir, "none"))
        self.assertEqual(found["daemon"][0]["status"], "fail")
        self.assertIn("jetond check", found["daemon"][0]["fix"])
        self.assertEqual(found["discovery"][0]["status"], "warn")
        found = self.doctor("--issuer", self.proxy.url, code=1,
                            socket=os.path.join(self.dir, "none"))
        self.assertEqual(found["discovery"][0]["status"], "ok")
        self.assertEqual(found["jwks"][0]["status"], "warn")

    def test_discovery_of_another_issuer(self):
        for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
            document = self.issuer.get(path).json()
            document["issuer"] = "https://other.example.com"
            self.proxy.replace[path] = json.dumps(document).encode()
            self.expect("discovery", "fail", "names another issuer")
            self.proxy.replace = {path: b"<html>"}
            self.expect("discovery", "fail", "not the JSON")
            self.proxy.replace = {}
            self.expect_all_well()

    def test_public_url_that_does_not_answer(self):
        self.expect("discovery", "fail", "cannot be reached", "--issuer", "http://127.0.0.1:1")

    def test_public_url_without_the_tls_it_should_have(self):
        url = self.proxy.url.replace("http:", "https:")  # what answers there speaks no TLS
        item, = self.doctor("--issuer", url, code=1)["discovery"]
        self.assertRegex(item["detail"], r"cannot be reached \(.*(SSL|TLS)")

    def test_key_set_that_lacks_a_key(self):
        path = "/.well-known/jwks.json"
        whole = self.issuer.get(path).json()
        for state in ("active", "next"):
            kid = self.issuer.kid(state)
            keys = [key for key in whole["keys"] if key["kid"] != kid]
            self.proxy.replace[path] = json.dumps({"keys": keys}).encode()
            self.expect("jwks", "fail", f"lacks key {kid}, which is {state}")
        self.proxy.replace = {}
        self.expect_all_well()

    def test_key_set_that_still_has_a_revoked_key(self):
        path = "/.well-known/jwks.json"
        kid, old = self.issuer.kid("next"), self.issuer.get(path).json()
        self.assertEqual(self.issuer.admin("POST", f"/keys/{kid}/revoke", {}).status, 200)
        new = self.issuer.get(path).json()
        keys = {key["kid"]: key for key in old["keys"] + new["keys"]}
        self.proxy.replace[path] = json.dumps({"keys": list(keys.values())}).encode()
        self.expect("jwks", "fail", f"still has key {kid}, which is revoked")
        self.proxy.replace = {}
        self.expect_all_well()

    def test_clocks_that_differ(self):
        for shift_s in (-90, 90):
            self.proxy.shift_s = shift_s
            item, = self.doctor()["clock_here"]
            self.assertEqual(item["status"], "warn")
            self.assertRegex(item["detail"], r"are \d+ s apart")
        self.proxy.shift_s = 0
        self.expect_all_well()

    def test_warnings_alone_end_with_status_0(self):
        self.proxy.shift_s = 90
        done = jeton("--socket", self.issuer.socket, "doctor")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.decode(), r"(?m)^warn +clock_here +.*\n +fix: ")
        self.assertEqual(re.findall(r"(?m)^fail", done.stdout.decode()), [])


class Verb(VerbCase):
    def test_doctor(self):
        self.assertEqual({item["status"] for item in self.do_json()["checks"]}, {"ok"})
        self.assertRegex(self.do(), r"(?m)^ok +daemon +")
        self.do("--issuer", "http://127.0.0.1:1", code=WRONG_USE)


if __name__ == "__main__":
    unittest.main()
