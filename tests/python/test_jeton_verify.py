# SPDX-License-Identifier: Apache-2.0
"""jeton.Verifier: tokens of a key set in a file, and of a real issuer; many threads, a fork, an
event loop, the end of it all."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import unittest

from support import ISSUER, LEDGER, MODULE, PAYMENT, TokenCase, jeton

import harness

THREADS = 8


class Judging(TokenCase):
    def test_good_token_is_accepted_and_owned(self):
        verifier = self.verifier()
        token = verifier.verify(self.good)
        with self.assertRaises(jeton.InvalidToken):
            verifier.verify(self.bad)  # overwrites what the library lent
        self.assertEqual((token.issuer, token.subject, token.audience), (ISSUER, "cart", PAYMENT))
        self.assertEqual((token.key_id, token.policy), ("k1", 0))
        self.assertEqual((token.client_id, token.token_id, token.issued_s), (None, None, None))
        self.assertEqual((token.scope, token.scopes), ("", frozenset()))
        with self.assertRaises(AttributeError):
            token.subject = "other"
        token.claims["sub"] = "other"  # of a dict of the caller's own
        self.assertEqual(token.claims["sub"], "cart")

    def test_changed_token_is_refused_with_all_that_an_answer_needs(self):
        error = self.refuse(jeton.InvalidToken, "bad_signature", self.verifier().verify, self.bad)
        self.assertEqual((error.status, error.http_status), (jeton.Status.BAD_SIGNATURE, 401))
        self.assertEqual((error.failures, error.token), (jeton.Failure(0), None))
        self.assertIn('error="invalid_token"', error.www_authenticate)
        self.assertIn(error.text, error.www_authenticate)
        self.assertEqual(str(error), f"bad_signature: {error.text}")

    def test_token_is_good_until_the_second_it_expires(self):
        expires_s = self.verifier().verify(self.good).expires_s
        self.verifier(now=lambda: expires_s - 1).verify(self.good)
        late = self.verifier(now=lambda: expires_s)
        error = self.refuse(jeton.InvalidToken, "expired", late.verify, self.good)
        self.assertEqual(error.failures, jeton.Failure.EXPIRED)
        self.assertEqual(error.token.subject, "cart")  # the signature stood: a log may say whose

    def test_clock_that_raises_or_makes_no_sense_refuses(self):
        for now in (lambda: 1 // 0, lambda: -1, lambda: 2**64, lambda: None):
            broken = self.verifier(self.policy(skew_s=300), now=now)
            self.refuse(jeton.InvalidToken, "expired", broken.verify, self.good)

    def test_all_failures_are_told_at_once(self):
        strict = self.verifier(self.policy(audiences=[LEDGER], required_claims=["jti"]))
        error = self.refuse(jeton.InvalidToken, "wrong_audience", strict.verify, self.good,
                            all_of=["payments:write"])
        self.assertEqual(error.failures, jeton.Failure.AUDIENCE | jeton.Failure.MISSING |
                         jeton.Failure.SCOPE)

    def test_text_that_is_no_token_is_refused(self):
        verifier = self.verifier()
        for text, code in (("", "missing_token"), (b"", "missing_token"), (None, "missing_token"),
                           ("a.b", "malformed"), ("\u00e9.\udc80.x", "malformed"),
                           (self.good + "\0", "malformed"), ("a" * 16385, "too_long")):
            with self.subTest(text=text):
                self.refuse(jeton.InvalidToken, code, verifier.verify, text)
        self.assertEqual(verifier.verify(self.good.encode()).subject, "cart")

    def test_header_has_the_scheme_in_any_case(self):
        verify = self.verifier().verify_header
        for scheme in ("Bearer ", "bearer ", "BEARER   "):
            self.assertEqual(verify(scheme + self.good).subject, "cart")
            self.assertEqual(verify((scheme + self.good).encode()).subject, "cart")
        for header, code in ((None, "missing_token"), ("", "missing_token"),
                             ("Bearer", "missing_token"), ("Basic " + self.good, "missing_token"),
                             (self.good, "missing_token"),
                             ("Bearer\t" + self.good, "missing_token"),
                             (f"Bearer {self.good}\0", "malformed"),
                             (f"Bearer {self.good}, Bearer {self.good}", "malformed")):
            with self.subTest(header=header):
                self.refuse(jeton.InvalidToken, code, verify, header)

    def test_challenge_names_the_scopes_that_are_asked(self):
        verifier = self.verifier()
        error = self.refuse(jeton.InsufficientScope, "insufficient_scope", verifier.verify,
                            self.good, all_of=["a", "b"], any_of=["c"])
        self.assertEqual(error.http_status, 403)
        self.assertIn('scope="a b c"', error.www_authenticate)
        error = self.refuse(jeton.InvalidToken, "missing_token", verifier.verify, "")
        self.assertEqual(error.www_authenticate, 'Bearer realm="api"')

    def test_claims_are_there_as_json_reads_them(self):
        claims = self.verifier(cache_tokens=4).verify(self.good).claims
        self.assertEqual((claims["sub"], claims["aud"]), ("cart", PAYMENT))
        self.assertNotIn("absent", claims)

    def test_route_may_ask_for_one_of_the_policy_s_audiences(self):
        verifier = self.verifier(self.policy(audiences=[PAYMENT, LEDGER]))
        self.assertEqual(verifier.verify(self.good, audiences=[PAYMENT]).audience, PAYMENT)
        self.refuse(jeton.InvalidToken, "wrong_audience", verifier.verify, self.good,
                    audiences=[LEDGER])

    def test_remembered_token_expires_all_the_same(self):
        now = [self.verifier().verify(self.good).expires_s - 1]
        verifier = self.verifier(cache_tokens=16, now=lambda: now[0])
        for _ in range(3):
            self.assertEqual(verifier.verify(self.good).subject, "cart")
        self.assertEqual(verifier.info().cache_hits, 2)
        now[0] += 1
        self.refuse(jeton.InvalidToken, "expired", verifier.verify, self.good)

    def test_counts_are_told_by_outcome(self):
        verifier = self.verifier()
        verifier.verify(self.good)
        self.refuse(jeton.InvalidToken, "bad_signature", verifier.verify, self.bad)
        self.refuse(jeton.InvalidToken, "missing_token", verifier.verify, "")
        counted = [(verifier.count(status), verifier.count(status, 0), verifier.count(status, 1))
                   for status in (jeton.Status.OK, jeton.Status.BAD_SIGNATURE,
                                  jeton.Status.MISSING_TOKEN, jeton.Status.EXPIRED)]
        self.assertEqual(counted, [(1, 1, 0), (1, 1, 0), (1, 0, 1), (0, 0, 0)])

    def test_info_tells_of_the_key_set(self):
        verifier = self.verifier()
        info = verifier.info()
        self.assertEqual((info.issuer, info.keys, info.skipped, info.stale), (ISSUER, 1, 0, False))
        self.assertIs(verifier.ready, True)
        for place in (1, -1):
            with self.assertRaises(IndexError):
                verifier.info(place)

    def test_several_issuers_have_a_policy_each(self):
        other = self.policy(issuer="https://other.example.com")
        verifier = self.verifier(other, self.policy())
        self.assertEqual(verifier.verify(self.good).policy, 1)
        alone = self.verifier(other)
        self.refuse(jeton.InvalidToken, "wrong_issuer", alone.verify, self.good)


class SettingUp(TokenCase):
    def test_settings_that_are_wrong_are_told_with_what_to_mend(self):
        for error, words, policy in (
                (jeton.SetupError, "absent", self.policy(jwks_file=self.dir + "/absent")),
                (jeton.SetupError, "issuer", self.policy(issuer="")),
                (TypeError, "list of strings", self.policy(audiences=PAYMENT)),
                (TypeError, "not a string", self.policy(audiences=[b"x"])),
                (ValueError, "NUL", self.policy(issuer="https://a\0b")),
                (ValueError, "ES256", self.policy(algorithms=["HS256"])),
                (ValueError, "none is named", self.policy(algorithms=[])),
                (ValueError, "negative", self.policy(max_token=-1))):
            with self.subTest(policy=policy), self.assertRaisesRegex(error, words):
                self.verifier(policy)
        for error, settings in ((ValueError, {"wait": -1}), (ValueError, {"cache_tokens": -1}),
                                (TypeError, {"claims": "sub"})):
            with self.subTest(settings=settings), self.assertRaises(error):
                self.verifier(self.policy(), **settings)
        with self.assertRaises(TypeError):
            jeton.Verifier(ISSUER)

    def test_set_up_error_has_its_status(self):
        with self.assertRaises(jeton.SetupError) as caught:
            self.verifier(self.policy(jwks_file=self.dir + "/absent"))
        self.assertEqual(caught.exception.status, jeton.Status.FILE_FAILED)

    def test_scopes_given_as_one_string_are_a_mistake(self):
        verifier = self.verifier()
        for more in ({"all_of": "a"}, {"any_of": "a"}, {"audiences": PAYMENT}):
            with self.subTest(more=more), self.assertRaises(TypeError):
                verifier.verify(self.good, **more)
        with self.assertRaises(ValueError):
            verifier.verify(self.good, audiences=[])

    def test_algorithms_are_names_or_members(self):
        for names in (["es256"], "ES256", jeton.Algorithm.ES256, ["ES256", "EdDSA"]):
            self.verifier(self.policy(algorithms=names)).verify(self.good)
        other = self.verifier(self.policy(algorithms=["EdDSA"]))
        self.refuse(jeton.InvalidToken, "alg_refused", other.verify, self.good)

    def test_strings_live_as_long_as_c_needs_them(self):
        verifier = self.verifier()
        kept = [jeton._Asked((f"scope-{i}",), None, None) for i in range(300)]
        gc.collect()
        for i, asked in enumerate(kept):
            with self.assertRaises(jeton.InsufficientScope) as caught:
                verifier._judge(self.good, asked)
            self.assertIn(f'scope="scope-{i}"', caught.exception.www_authenticate)

    def run_python(self, library):
        code = "import jeton; jeton.Verifier(jeton.Policy(issuer='https://a', audiences=['b']))"
        return subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True,
                              check=False, env={**os.environ, "PYTHONPATH": MODULE,
                                                "JETON_LIBRARY": library}).stderr.splitlines()[-1]

    def test_library_that_is_absent_or_another_is_told(self):
        self.assertRegex(self.run_python("/nowhere/libjeton.so.0"), "^jeton.LibraryNotFound: "
                         ".*/nowhere/libjeton.so.0.*; install libjeton.*JETON_LIBRARY")
        self.assertRegex(self.run_python("libc.so.6"), "^jeton.LibraryNotFound: libc.so.6 has no "
                         "jeton_status_name")


class Fetching(TokenCase):
    def policy(self, **more):
        return super().policy(**{"jwks_file": None, "jwks_uri": ISSUER + "/jwks", **more})

    def test_fetch_of_the_program_s_own_brings_the_keys(self):
        asked = []

        def fetch(url, max_body):
            asked.append((url, max_body > 0))
            return self.read("jwks.json"), 300

        self.verifier(fetch=fetch).verify(self.good)
        self.assertEqual(asked, [(ISSUER + "/jwks", True)])

    def test_without_keys_nothing_is_said_about_the_token(self):
        def fetch(_url, _max_body):
            raise OSError("no network")

        verifier = self.verifier(fetch=fetch)
        self.assertIs(verifier.ready, False)
        self.assertNotEqual(verifier.error, "")
        error = self.refuse(jeton.Unavailable, "no_keys", verifier.verify, self.good)
        self.assertEqual((error.http_status, error.www_authenticate), (503, ""))

    def test_events_tell_of_the_key_set(self):
        events, came = [], threading.Event()

        def on_event(event):
            events.append(event)
            came.set()

        self.verifier(fetch=lambda *_: self.read("jwks.json"), on_event=on_event)
        self.assertTrue(came.wait(30))
        self.assertEqual(events[0][:3], (jeton.EventKind.SET, 0, ISSUER))
        self.assertEqual(events[0][4:], (1, 0))
        self.assertNotEqual(events[0].text, "")

    def test_close_in_an_event_s_own_thread_is_harmless(self):
        made, closed, box = threading.Event(), threading.Event(), []

        def on_event(_event):
            if made.wait(30):
                box[0].close()
                closed.set()

        box.append(self.verifier(fetch=lambda *_: self.read("jwks.json"), on_event=on_event,
                                 wait=0))
        made.set()
        self.assertTrue(closed.wait(30))
        with self.assertRaises(ValueError):
            box[0].verify(self.good)


class Sharing(TokenCase):
    def test_eight_threads_at_once_have_a_worker_each(self):
        verifier, together, wrong = self.verifier(), threading.Barrier(THREADS), []

        def work():
            together.wait()
            for _ in range(50):
                try:
                    if verifier.verify(self.good).subject != "cart":
                        wrong.append("subject")
                    verifier.verify(self.bad)
                    wrong.append("accepted")
                except jeton.InvalidToken as error:
                    if error.name != "bad_signature":
                        wrong.append(error)

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertLessEqual(len(verifier._core._idle), THREADS)

    def test_thread_for_each_request_needs_one_worker_in_all(self):
        verifier = self.verifier()
        for _ in range(20):
            thread = threading.Thread(target=verifier.verify, args=(self.good,))
            thread.start()
            thread.join()
        self.assertEqual(len(verifier._core._idle), 1)

    def test_event_loop_may_verify_itself_and_in_threads(self):
        verifier = self.verifier()

        async def one(at):
            if at % 2:
                return verifier.verify(self.good)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, verifier.verify, self.good)

        async def all_of_them():
            return await asyncio.gather(*(one(at) for at in range(50)))

        self.assertEqual({token.subject for token in asyncio.run(all_of_them())}, {"cart"})

    def in_child(self, work):
        """What `work` gives in a forked process. Not under AddressSanitizer: its allocator, unlike
        libc's, leaves a lock held in the child when another thread allocates at the moment of the
        fork, and a verifier has a thread. (.ci/run runs these in the release build.)"""
        if "ASAN_OPTIONS" in os.environ:
            self.skipTest("AddressSanitizer does not survive a fork beside other threads")
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(theirs, str(work()).encode())
            finally:
                os._exit(0)
        os.close(theirs)
        with open(ours, "rb") as said:
            text = said.read().decode()
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        return text

    def test_forked_child_has_a_verifier_of_its_own(self):
        fetches = []

        def fetch(_url, _max_body):
            fetches.append(os.getpid())
            return self.read("jwks.json")

        verifier = self.verifier(self.policy(jwks_file=None, jwks_uri=ISSUER + "/jwks"),
                                 fetch=fetch)
        self.assertEqual(verifier.verify(self.good).subject, "cart")

        def work():
            subject = verifier.verify(self.good).subject
            mine = fetches[-1] == os.getpid()
            verifier.close()
            return subject, len(fetches), mine

        self.assertEqual(self.in_child(work), "('cart', 2, True)")
        self.assertEqual(verifier.verify(self.good).subject, "cart")  # the parent's goes on
        self.assertEqual(len(fetches), 1)

    def test_forked_child_may_close_or_drop_what_it_never_used(self):
        verifier = self.verifier()
        verifier.verify(self.good)
        self.assertEqual(self.in_child(verifier.close), "None")
        box = [jeton.Verifier(self.policy())]
        self.assertEqual(self.in_child(box.clear), "None")
        box[0].close()

    def test_fork_while_other_threads_verify_is_harmless(self):
        verifier, stop = self.verifier(), threading.Event()

        def work():
            while not stop.is_set():
                verifier.verify(self.good)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(10):
                self.assertEqual(self.in_child(lambda: verifier.verify(self.good).subject), "cart")
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def test_closed_verifier_refuses_to_go_on(self):
        with jeton.Verifier(self.policy()) as verifier:
            verifier.verify(self.good)
        verifier.close()
        for call in (lambda: verifier.verify(self.good), lambda: verifier.ready, verifier.info,
                     lambda: verifier.count(0)):
            with self.assertRaisesRegex(ValueError, "closed"):
                call()

    def test_who_uses_it_last_frees_a_closed_one(self):
        verifier = self.verifier()
        core = verifier._core
        worker = core.take()
        verifier.close()
        freed = []
        core._free_all = lambda free=core._free_all: (freed.append(True), free())
        core.give(worker)
        self.assertEqual(freed, [True])

    def test_program_that_never_closes_ends_in_peace(self):
        code = ("import jeton\n"
                "policy = jeton.Policy(issuer='https://a.example', audiences=['b'])\n"
                "events = []\n"
                "verifier = jeton.Verifier(policy, fetch=lambda *_: b'', on_event=events.append,"
                " wait=0)\n"
                "print('ready', verifier.ready)\n")
        done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True,
                              check=False, env={**os.environ, "PYTHONPATH": MODULE}, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("ready False", done.stdout)


class RealIssuer(harness.DevCase):
    """Tokens of jetond, keys by discovery."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.verifier = jeton.Verifier(
            jeton.Policy(issuer=cls.issuer.url, audiences=[PAYMENT]), wait=30)

    @classmethod
    def tearDownClass(cls):
        cls.verifier.close()
        super().tearDownClass()

    def token(self, **fields):
        answer = self.issuer.token(**{"resource": PAYMENT, **fields})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["access_token"]

    def test_token_of_the_issuer_is_accepted_for_its_api_alone(self):
        text = self.token(scope="payments:read")
        token = self.verifier.verify(text)
        header, claims = harness.decode(text)
        self.assertEqual(token.client_id, self.issuer.client_id)
        self.assertEqual((token.token_id, token.key_id), (claims["jti"], header["kid"]))
        self.assertEqual((token.issued_s, token.expires_s), (claims["iat"], claims["exp"]))
        with jeton.Verifier(jeton.Policy(issuer=self.issuer.url, audiences=[LEDGER]),
                            wait=30) as ledger, self.assertRaises(jeton.InvalidToken) as caught:
            ledger.verify(text)
        self.assertEqual(caught.exception.name, "wrong_audience")

    def test_scopes_are_asked_for_all_or_one_of_them(self):
        read, both = self.token(scope="payments:read"), self.token()
        self.assertEqual(self.verifier.verify(both).scopes, {"payments:read", "payments:write"})
        for text, more, good in (
                (read, {"all_of": ["payments:read"]}, True),
                (read, {"all_of": ["payments:read", "payments:write"]}, False),
                (both, {"all_of": ["payments:read", "payments:write"]}, True),
                (read, {"any_of": ["payments:read", "payments:write"]}, True),
                (read, {"any_of": ["payments:write", "admin"]}, False),
                (both, {"any_of": ["payments:write", "admin"]}, True),
                (read, {"any_of": [], "all_of": []}, True)):
            with self.subTest(more=more, good=good):
                if good:
                    self.verifier.verify(text, **more)
                else:
                    with self.assertRaises(jeton.InsufficientScope):
                        self.verifier.verify(text, **more)

    def test_verified_without_the_issuer_s_help(self):
        text = self.token()
        before = self.verifier.info().fetches
        for _ in range(10):
            self.verifier.verify(text)
        self.assertEqual(self.verifier.info().fetches, before)


if __name__ == "__main__":
    unittest.main()
