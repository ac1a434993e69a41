# SPDX-License-Identifier: Apache-2.0
"""Contexts: the file, which of them is used, and the token that one with a url gets."""

import base64
import json
import os
import stat
import unittest

from cli_support import Case, Handler, TcpServer, UnixServer, run

KEYS = {"items": [{"kid": "k1"}]}
FILE = ".config/jeton/contexts.yaml"


class ContextCase(Case):
    def setUp(self):
        super().setUp()
        self.env = {"HOME": self.dir}
        self.path = os.path.join(self.dir, FILE)

    def jeton(self, *args, env=None, **more):
        return run(*args, env={**self.env, **(env or {})}, **more)

    def done(self, *args, **more):
        result = self.jeton(*args, **more)
        self.assertEqual(result.code, 0, result.err)
        return result.out

    def content(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def put(self, text, mode=0o600):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.write(FILE, text, mode)


class File(ContextCase):
    def test_what_is_added_stands_in_the_file_which_is_for_this_user_alone(self):
        self.check(self.jeton("context", "add", "local", "--socket", "/run/s"), 0, "",
                   "added the context local; as the first it is the one in use")
        self.check(self.jeton("context", "add", "prod", "--url", "https://a.example.com",
                              "--issuer", "https://id.example.com", "--credentials", "/c.json",
                              "--ca-file", "/ca.pem"), 0, "",
                   "added the context prod; jeton context use")
        self.assertEqual(self.content().splitlines()[1:], [
            "current: local", "contexts:", "- name: local", "  socket: /run/s", "- name: prod",
            "  url: https://a.example.com", "  issuer: https://id.example.com",
            "  credentials: /c.json", "  ca_file: /ca.pem"])
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.path)).st_mode), 0o700)
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ["contexts.yaml"])

    def test_the_folder_of_xdg_wins_and_a_relative_one_counts_as_none(self):
        place = os.path.join(self.dir, "xdg")
        self.done("context", "add", "a", "--socket", "/s", env={"XDG_CONFIG_HOME": place})
        self.assertTrue(os.path.exists(os.path.join(place, "jeton/contexts.yaml")))
        self.assertFalse(os.path.exists(self.path))
        self.done("context", "add", "a", "--socket", "/s", env={"XDG_CONFIG_HOME": "xdg"})
        self.assertTrue(os.path.exists(self.path))
        self.check(run("context", "add", "a", "--socket", "/s"), 1, "", "set HOME")

    def test_paths_are_made_absolute(self):
        self.done("context", "add", "a", "--socket", "s")
        self.assertEqual(self.done("context", "show", "a", "--field", "socket"),
                         os.path.join(os.getcwd(), "s") + "\n")

    def test_list_show_use_and_remove(self):
        self.done("context", "add", "a", "--socket", "/a")
        self.done("context", "add", "b", "--socket", "/b")
        self.assertEqual(json.loads(self.done("context", "list", "-o", "json")), [
            {"name": "a", "socket": "/a", "current": True},
            {"name": "b", "socket": "/b", "current": False}])
        self.done("context", "use", "b")
        self.assertEqual(self.done("context", "show", "-o", "name"), "b\n")
        self.assertEqual(self.done("context", "show", "a", "--field", "current"), "false\n")
        self.assertEqual(self.done("context", "list", "-o", "name"), "a\nb\n")
        self.check(self.jeton("context", "remove", "b"), 1, "", "cannot ask without a terminal")
        self.check(self.jeton("context", "remove", "b", "--yes"), 0, "", "none is in use now")
        self.assertEqual(self.done("context", "show", "--field", "socket"),
                         "/run/jeton/admin.sock\n")
        self.check(self.jeton("context", "remove", "a", "--yes"), 0, "", "removed the context a\n")
        self.check(self.jeton("context", "list"), 0, "", "no contexts yet")
        for verb in ("use", "remove", "show"):
            self.check(self.jeton("context", verb, "b", *["--yes"] * (verb == "remove")), 3, "",
                       "there is no context 'b'")

    def test_what_cannot_be_a_context_is_refused_and_nothing_written(self):
        whole = ["--url", "https://a.example.com", "--issuer", "https://id.example.com",
                 "--credentials", "/c"]
        for args, line in (
                (["a"], "needs either a socket or a url"),
                (["a", "--socket", "/s", *whole], "needs either a socket or a url"),
                (["a", "--socket", "/s", "--issuer", "https://i"], "is a socket, which takes no"),
                (["a", *whole[:2]], "needs an issuer and credentials too"),
                (["a", *whole[:4]], "needs an issuer and credentials too"),
                (["a", *whole[2:]], "needs either a socket or a url"),
                (["a", "--url", "http://a.example.com", *whole[2:]], "url must be https"),
                (["a", "--url", "https://u:p@a.example.com", *whole[2:]], "no user, query"),
                (["a", *whole[:2], "--issuer", "http://id.example.com", *whole[4:]],
                 "issuer must be https"),
                (["a b", "--socket", "/s"], "a context's name is made of"),
                (["x" * 65, "--socket", "/s"], "a context's name is made of"),
                (["--socket", "/s", "--", "-a"], "a context's name is made of")):
            with self.subTest(args=args):
                said = self.jeton("context", "add", *args)
                self.check(said, 1, "", line)
                self.assertNotIn(":3:", said.err)  # of a file that nobody has seen
                self.assertFalse(os.path.exists(self.path))
        self.done("context", "add", "a", "--url", "http://127.0.0.1:1", *whole[2:])
        before = self.content()
        self.check(self.jeton("context", "add", "a", "--socket", "/s"), 1, "", "'a' already")
        self.assertEqual(self.content(), before)

    def test_a_file_that_is_wrong_is_told_with_its_place(self):
        for text, line in (
                ("contexts:\n- name: a\n", "contexts.yaml:2:3: context 'a' needs either"),
                ("contexts:\n- socket: /s\n", "name"),
                ("current: a\n", "current: there is no context 'a'"),
                ("contexts:\n- name: a\n  socket: /s\n- name: a\n  socket: /t\n", "stands twice"),
                ("contexts:\n- name: a\n  sockt: /s\n", "socket"),
                ("contexts: [", "not YAML")):
            with self.subTest(text=text):
                self.put(text)
                self.check(self.jeton("key", "list"), 1, "", line)
                # what does not need the file does not read it
                self.check(self.jeton("--socket", "/nonexistent", "key", "list"), 5, "",
                           "no admin socket /nonexistent")
                self.check(self.jeton("key", "list", env={"JETON_SOCKET": "/none"}), 5, "", "/none")

    def test_a_file_that_others_may_write_is_refused(self):
        text = "current: a\ncontexts:\n- name: a\n  socket: /nonexistent\n"
        for mode in (0o620, 0o602, 0o666):
            self.put(text, mode)
            self.check(self.jeton("key", "list"), 1, "", f"others may write {self.path} (mode")
        for mode in (0o600, 0o644):
            self.put(text, mode)
            self.check(self.jeton("key", "list"), 5, "", "no admin socket /nonexistent")
        if os.geteuid() == 0:
            os.chown(self.path, 12345, 0)
            self.check(self.jeton("key", "list"), 1, "", "owner 12345")
        os.unlink(self.path)
        os.mkdir(self.path)
        self.check(self.jeton("key", "list"), 1, "", "is not a file")

    def test_a_place_that_cannot_be_written_is_told(self):
        with open(os.path.join(self.dir, ".config"), "w", encoding="utf-8"):
            pass
        self.check(self.jeton("context", "add", "a", "--socket", "/s"), 1, "", "cannot write")


class Precedence(ContextCase):
    def test_the_first_that_is_given_decides(self):
        sockets = {}
        for name in ("option", "named", "variable", "chosen", "current"):
            sockets[name] = os.path.join(self.dir, name + ".sock")
            server = self.serve(UnixServer(sockets[name], Handler))
            server.script[("GET", "/admin/v1/keys")] = (200, {"items": [{"kid": name}]})
        for name in ("named", "chosen", "current"):
            self.done("context", "add", name, "--socket", sockets[name])
        self.done("context", "use", "current")
        ways = [(["--socket", sockets["option"]], {}, "option"),
                (["--context", "named"], {}, "named"),
                ([], {"JETON_SOCKET": sockets["variable"]}, "variable"),
                ([], {"JETON_CONTEXT": "chosen"}, "chosen"),
                ([], {}, "current")]
        for i, (_, _, name) in enumerate(ways):
            args = sum((way[0] for way in ways[i:]), [])
            env = {key: value for way in ways[i:] for key, value in way[1].items()}
            with self.subTest(name=name):
                self.assertEqual(self.done("key", "list", "-o", "name", *args, env=env),
                                 name + "\n")
        self.assertEqual(self.done("key", "list", "-o", "name",
                                   env={"JETON_SOCKET": "", "JETON_CONTEXT": ""}), "current\n")

    def test_a_context_that_is_not_there_is_not_found(self):
        self.check(self.jeton("key", "list", "--context", "none"), 3, "", "no context 'none'")
        self.check(self.jeton("key", "list", env={"JETON_CONTEXT": "none"}), 3, "",
                   "no context 'none'")


class Url(ContextCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve(TcpServer(("127.0.0.1", 0), Handler))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.issuer = self.url + "/tenant"
        self.says("GET", "/.well-known/oauth-authorization-server/tenant",
                  {"issuer": self.issuer, "token_endpoint": self.url + "/token"})
        self.says("POST", "/token", {"access_token": "the.admin.token", "expires_in": 60})
        self.says("GET", "/admin/v1/keys", KEYS)
        self.credentials = self.write("c.json", '{"client_id": "me", "client_secret": "s"}')
        self.done("context", "add", "prod", "--url", self.url + "/", "--issuer", self.issuer,
                  "--credentials", self.credentials)

    def says(self, method, path, answer, status=200):
        self.server.script[(method, path)] = (status, answer)

    def test_a_token_is_got_for_the_admin_api_and_sent(self):
        self.assertEqual(self.done("key", "list", "-o", "name"), "k1\n")
        asked = [(method, path) for method, path, _, _ in self.server.requests]
        self.assertEqual(asked[1:], [("POST", "/token"), ("GET", "/admin/v1/keys")])
        _, _, form, headers = self.server.requests[1]
        resource = self.issuer.replace(":", "%3A").replace("/", "%2F") + "%2Fadmin"
        self.assertEqual(form.decode(),
                         "grant_type=client_credentials&resource=" + resource)
        self.assertEqual(base64.b64decode(headers["Authorization"].split()[1]), b"me:s")
        self.assertEqual(self.server.requests[2][3]["Authorization"], "Bearer the.admin.token")

    def test_one_token_serves_every_request_of_a_command(self):
        self.says("GET", "/admin/v1/roles?limit=1000", {"items": [{"name": "a"}], "next": "n"})
        self.says("GET", "/admin/v1/roles?limit=1000&after=n", {"items": [{"name": "b"}]})
        self.assertEqual(self.done("role", "list", "-o", "name"), "a\nb\n")
        self.assertEqual([path for _, path, _, _ in self.server.requests].count("/token"), 1)

    def test_a_refusal_of_the_token_is_told_and_nothing_is_asked(self):
        self.says("POST", "/token", {"error": "invalid_client", "error_description": "no"}, 401)
        self.check(self.jeton("key", "list"), 2, "", "invalid_client: no")
        self.assertNotIn("/admin/v1/keys", [path for _, path, _, _ in self.server.requests])

    def test_an_answer_without_a_token_is_refused(self):
        for answer in ({}, {"access_token": 1}, {"access_token": "a\nb"}):
            self.says("POST", "/token", answer)
            self.check(self.jeton("key", "list"), 2, "", "without an access_token")

    def test_credentials_that_others_may_read_are_not_used(self):
        os.chmod(self.credentials, 0o640)
        self.check(self.jeton("key", "list"), 1, "", "others may read")
        self.assertEqual(self.server.requests, [])

    def test_what_is_not_the_admin_api_is_named(self):
        self.says("GET", "/admin/v1/keys", b"hello")
        self.check(self.jeton("key", "list"), 5, "", "check the url of context prod")

    def test_a_socket_gets_no_token(self):
        path = os.path.join(self.dir, "s")
        server = self.serve(UnixServer(path, Handler))
        server.script[("GET", "/admin/v1/keys")] = (200, KEYS)
        self.done("--socket", path, "key", "list")
        self.assertNotIn("Authorization", server.requests[0][3])
        self.assertEqual(self.server.requests, [])


if __name__ == "__main__":
    unittest.main()
