# SPDX-License-Identifier: Apache-2.0
"""Products, roles and what clients get for them: Apigee's rules in its own examples; a right that
goes is gone at the next request on every thread; and nobody ever sees half of a change."""

import concurrent.futures
import threading
import unittest

from harness import ServeCase, decode, segment

API = "https://api.example.com/v1"
OTHER = "https://other.example.com"
THREADS = 4
CONNECTIONS = 4 * THREADS  # dealt round the threads


class ProductCase(ServeCase):
    sections = {"http": {"threads": THREADS}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = 0
        for identifier in (API, OTHER):
            cls.issuer.admin("POST", "/resources",
                             {"identifier": identifier, "scopes": ["A", "B", "C", "X", "Y", "Z"]})

    def admin(self, method, path, body=None, status=200, **headers):
        answer = self.issuer.admin(method, path, body, headers=headers)
        self.assertEqual(answer.status, status, answer)
        return answer.json() if answer.body else None

    def name(self, what):
        type(self).made += 1
        return f"{what}-{self.made}"

    def product(self, *scopes, approval="auto", resource=API):
        name = self.name("product")
        self.create("/products", {"name": name, "approval": approval,
                                  "grants": [f"{resource}#{scope}" for scope in scopes]})
        return name

    def role(self, *scopes):
        name = self.name("role")
        self.create("/roles", {"name": name, "grants": [f"{API}#{scope}" for scope in scopes]})
        return name

    def client(self, *products, **more):
        """Its path below /clients, and its credentials."""
        name = self.name("client")
        made = self.create("/clients", {"name": name, "subscriptions": list(products), **more})
        return f"/clients/{name}", (made["client_id"], made["client_secret"])

    def granted(self, client, connection=None, **asked):
        """The scope of the token that it gets, which the answer tells too; or (status, error)."""
        answer = self.issuer.token(client, connection=connection, **asked)
        if answer.status != 200:
            return answer.status, answer.json()["error"]
        claims = decode(answer.json()["access_token"])[1]
        self.assertEqual(claims.get("scope", ""), answer.json()["scope"])
        self.assertEqual(claims["aud"], asked.get("resource", API))
        return claims.get("scope", "")


class Apigee(ProductCase):
    def test_nothing_asked_gives_all_in_the_order_of_the_resource(self):
        _, client = self.client(self.product("C", "A", "B"))
        self.assertEqual(self.granted(client), "A B C")
        self.assertEqual(self.granted(client, scope=""), "A B C")
        self.assertEqual(self.granted(client, resource=API), "A B C")

    def test_asked_and_held(self):
        _, client = self.client(self.product("A", "B", "C", "X"))
        self.assertEqual(self.granted(client, scope="A X"), "A X")

    def test_asked_and_not_all_held(self):
        _, client = self.client(self.product("A", "B", "X"))
        self.assertEqual(self.granted(client, scope="X Y Z"), "X")
        self.assertEqual(self.granted(client, scope="Y Z"), (400, "invalid_scope"))

    def test_strict(self):
        path, client = self.client(self.product("A", "B", "X"), scope_policy="strict")
        self.assertEqual(self.granted(client, scope="X Y Z"), (400, "invalid_scope"))
        self.assertEqual(self.granted(client, scope="X A"), "X A")
        self.assertEqual(self.granted(client), "A B X")
        self.admin("PATCH", path, {"scope_policy": "filter"})
        self.assertEqual(self.granted(client, scope="X Y Z"), "X")

    def test_manual_approval(self):
        product = self.product("A", approval="manual")
        path, client = self.client(product)
        below = f"{path}/subscriptions/{product}"
        self.assertEqual(self.granted(client), (400, "invalid_target"))
        self.assertEqual(self.granted(client, resource=API), (400, "invalid_target"))
        self.admin("POST", f"{below}/approve")
        self.assertEqual(self.granted(client), "A")
        self.admin("POST", f"{below}/revoke")
        self.assertEqual(self.granted(client), (400, "invalid_target"))
        self.admin("POST", f"{path}/subscriptions", {"product": product}, 409)
        self.assertEqual(self.granted(client), (400, "invalid_target"))
        self.admin("POST", f"{below}/approve")
        self.assertEqual(self.granted(client), "A")
        self.admin("DELETE", below)
        self.assertEqual(self.granted(client), (400, "invalid_target"))
        self.admin("POST", f"{path}/subscriptions", {"product": product})
        self.assertEqual(self.granted(client), (400, "invalid_target"))

    def test_union_of_all_that_gives(self):
        manual = self.product("Y", approval="manual")
        path, client = self.client(self.product("A", "B"), self.product("B", "C"), manual,
                                   roles=[self.role("X", "A")], grants=[API + "#Z"])
        self.assertEqual(self.granted(client), "A B C X Z")
        self.admin("POST", f"{path}/subscriptions/{manual}/approve")
        self.assertEqual(self.granted(client), "A B C X Y Z")
        self.assertEqual(self.granted(client, scope="Y X Z"), "Y X Z")

    def test_what_two_give_stays_with_one(self):
        role, product = self.role("A"), self.product("A")
        path, client = self.client(product, roles=[role])
        self.admin("POST", f"{path}/subscriptions/{product}/revoke")
        self.assertEqual(self.granted(client), "A")
        self.admin("DELETE", f"{path}/roles/{role}")
        self.assertEqual(self.granted(client), (400, "invalid_target"))

    def test_a_scope_of_one_resource_is_none_of_another(self):
        _, client = self.client(self.product("A"), self.product("B", resource=OTHER))
        self.assertEqual(self.granted(client, resource=API), "A")
        self.assertEqual(self.granted(client, resource=OTHER), "B")
        self.assertEqual(self.granted(client, resource=OTHER, scope="A"), (400, "invalid_scope"))
        self.assertEqual(self.granted(client), (400, "invalid_target"))


class AtOnce(ProductCase):
    """What is taken away is gone at the next request, on every thread."""

    def setUp(self):
        super().setUp()
        self.connections = [self.issuer.connect() for _ in range(CONNECTIONS)]
        for connection in self.connections:
            self.addCleanup(connection.close)

    def everywhere(self, client, want, **asked):
        for connection in self.connections:
            before = connection.sock
            self.assertEqual(self.granted(client, connection, **asked), want)
            self.assertTrue(before is None or connection.sock is before, "a new connection")

    def test_each_change(self):
        role, product = self.role("A"), self.product("B")
        path, client = self.client(product, roles=[role], grants=[API + "#C"])
        below = f"{path}/subscriptions/{product}"
        steps = [
            ("PATCH", f"/roles/{role}", {"grants": []}, "B C"),
            ("PATCH", f"/roles/{role}", {"grants": [API + "#A", API + "#X"]}, "A B C X"),
            ("DELETE", f"{path}/roles/{role}", None, "B C"),
            ("POST", f"{path}/roles", {"roles": [role]}, "A B C X"),
            ("PATCH", f"/products/{product}", {"grants": [API + "#Y"]}, "A C X Y"),
            ("POST", f"{below}/revoke", None, "A C X"),
            ("POST", f"{below}/approve", None, "A C X Y"),
            ("DELETE", below, None, "A C X"),
            ("DELETE", f"{path}/grants/{segment(API + '#C')}", None, "A X"),
            ("POST", f"{path}/grants", {"grants": [API + "#Z"]}, "A X Z"),
            ("PATCH", path, {"roles": [], "grants": []}, (400, "invalid_target")),
            ("PATCH", path, {"grants": [API]}, ""),
            ("PATCH", path, {"enabled": False}, (401, "invalid_client")),
            ("PATCH", path, {"enabled": True}, ""),
        ]
        self.everywhere(client, "A B C")
        for method, where, body, want in steps:
            with self.subTest(method=method, where=where):
                self.admin(method, where, body)
                self.everywhere(client, want)

    def test_a_revoked_secret_and_a_deleted_client(self):
        path, (client_id, first) = self.client(self.product("A"))
        made = self.admin("POST", f"{path}/secrets", {}, 201)
        self.everywhere((client_id, first), "A")
        self.everywhere((client_id, made["client_secret"]), "A")
        old = self.admin("GET", path)["secrets"][0]["id"]
        self.admin("DELETE", f"{path}/secrets/{old}", status=204)
        self.everywhere((client_id, first), (401, "invalid_client"))
        self.everywhere((client_id, made["client_secret"]), "A")
        self.admin("DELETE", path, status=204)
        self.everywhere((client_id, made["client_secret"]), (401, "invalid_client"))

    def test_a_scope_that_the_resource_gets(self):
        _, client = self.client(grants=[API])
        self.everywhere(client, "", scope="new")
        self.admin("PATCH", f"/resources/{segment(API)}",
                   {"scopes": ["A", "B", "C", "X", "Y", "Z", "new"]})
        self.everywhere(client, "", scope="new")
        path, other = self.client(grants=[API + "#new"])
        self.everywhere(other, "new", scope="new")
        self.admin("PATCH", path, {"grants": []})
        self.admin("PATCH", f"/resources/{segment(API)}",
                   {"scopes": ["A", "B", "C", "X", "Y", "Z"]})
        self.everywhere(other, (400, "invalid_target"), scope="new")


class Whole(ProductCase):
    """While something flips, every token is of the one state or the other."""

    FLIPS, READERS = 150, 8

    def flip(self, path, states, read):
        """The states that were read meanwhile: the first to begin with, the last at the end."""
        start, over = threading.Barrier(self.READERS + 1), threading.Event()

        def reader():
            connection = self.issuer.connect()
            try:
                seen = {read(connection)}
                start.wait()
                while not over.is_set():
                    seen.add(read(connection))
                seen.add(read(connection))
                return seen
            except BaseException:
                start.abort()
                raise
            finally:
                connection.close()

        with concurrent.futures.ThreadPoolExecutor(self.READERS) as pool:
            readers = [pool.submit(reader) for _ in range(self.READERS)]
            try:
                start.wait()
                for i in range(1, 2 * self.FLIPS):
                    self.admin("PATCH", path, states[i % 2])
            except threading.BrokenBarrierError:
                pass  # the reader's own error is told below
            finally:
                over.set()
            return set().union(*(one.result() for one in readers))

    def test_a_role_between_two_disjoint_sets(self):
        many = [f"m{i:02}" for i in range(100)]
        resource = "https://many.example.com"
        self.create("/resources", {"identifier": resource, "scopes": many})
        states = [{"grants": [f"{resource}#{scope}" for scope in half]}
                  for half in (many[:50], many[50:])]
        role = self.name("role")
        self.create("/roles", {"name": role, **states[0]})
        _, client = self.client(roles=[role])
        seen = self.flip(f"/roles/{role}", states, lambda connection:
                         self.granted(client, connection, resource=resource))
        self.assertEqual(seen, {" ".join(many[:50]), " ".join(many[50:])})

    def test_a_resource_and_all_of_its_members(self):
        resource = "https://form.example.com"
        states = [{"lifetime_s": 100, "typ": "JWT", "claims": {"n": "one"}},
                  {"lifetime_s": 200, "typ": "at+jwt", "claims": {"n": "two"}}]
        self.create("/resources", {"identifier": resource, **states[0]})
        _, client = self.client(grants=[resource])

        def read(connection):
            answer = self.issuer.token(client, connection=connection).json()
            header, claims = decode(answer["access_token"])
            self.assertEqual(claims["exp"] - claims["iat"], answer["expires_in"])
            return answer["expires_in"], header["typ"], claims["n"]

        seen = self.flip(f"/resources/{segment(resource)}", states, read)
        self.assertEqual(seen, {(100, "JWT", "one"), (200, "at+jwt", "two")})


if __name__ == "__main__":
    unittest.main()
