# SPDX-License-Identifier: Apache-2.0
"""Verifies access tokens offline with libjeton: one module over its C ABI, nothing to compile.

    verifier = jeton.Verifier(jeton.Policy(issuer="https://id.example.com",
                                           audiences=["https://payment.example.com/api"]))
    try:
        token = verifier.verify_header(authorization, all_of=["payments:write"])
    except jeton.TokenError as error:
        answer(error.http_status, error.www_authenticate)   # 401, 403 or 503
    print(token.client_id, "may pay")

and for a whole application: jeton.WSGIMiddleware, jeton.ASGIMiddleware.

A Verifier is for all threads: make one per program. It fetches and keeps the issuer's keys on a
thread of its own, so verify() never does I/O and may be called in an event loop. Each call borrows
a jeton_worker from a pool and gives it back: there are never more workers than calls at one time,
and a server that makes a thread for each request does not make a worker for each. After a fork the
child makes a verifier of its own at its first call (the parent's thread does not live there); that
call waits for the keys as Verifier() did. What the library means by its fields and numbers is said
once, in <jeton/verifier.h>, <jeton/observe.h>, <jeton/status.h> and libjeton(3).

The library is JETON_LIBRARY, else libjeton.so.0 as the dynamic loader finds it.
"""

import atexit
import ctypes
import enum
import functools
import json
import os
import threading
import weakref
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple, Optional, Sequence, Union

__all__ = ["ASGIMiddleware", "Algorithm", "Event", "EventKind", "Failure", "InsufficientScope",
           "InvalidToken", "IssuerInfo", "JetonError", "LibraryNotFound", "Policy", "SetupError",
           "Status", "Token", "TokenError", "Unavailable", "Verifier", "WSGIMiddleware"]


# --- numbers: those of the headers ---

class Status(enum.IntEnum):
    """The outcome of a call. A library newer than this module may answer with numbers that have no
    name here; they are members all the same."""

    OK = 0
    MALFORMED = 1
    TOO_LONG = 2
    CRIT_REFUSED = 3
    ALG_REFUSED = 4
    TYP_REFUSED = 5
    UNKNOWN_KEY = 6
    BAD_SIGNATURE = 7
    BAD_CLAIMS = 8
    WRONG_ISSUER = 9
    WRONG_AUDIENCE = 10
    EXPIRED = 11
    NOT_YET_VALID = 12
    TOO_OLD = 13
    MISSING_CLAIM = 14
    MISSING_TOKEN = 15
    INSUFFICIENT_SCOPE = 32
    NO_KEYS = 48
    NO_MEMORY = 49
    USAGE = 64
    FETCH_FAILED = 65
    DISCOVERY_REFUSED = 66
    FILE_FAILED = 67
    KEYS_REFUSED = 68
    INTERNAL = 69

    @classmethod
    def _missing_(cls, value):
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_, member._value_ = f"STATUS_{value}", value
        return member

    @property
    def code(self):
        """The stable short name, e.g. "expired"."""
        return _library().jeton_status_name(self).decode()

    @property
    def text(self):
        """One sentence that says how to mend it."""
        return _library().jeton_status_text(self).decode()

    @property
    def http_status(self):
        """200, 401, 403, 503, or 500 for errors of use and set-up."""
        return _library().jeton_status_class(self)


class Failure(enum.IntFlag):
    """The claim checks that failed once the signature stood."""

    ISSUER = 1 << 0
    AUDIENCE = 1 << 1
    EXPIRED = 1 << 2
    NOT_YET = 1 << 3
    TOO_OLD = 1 << 4
    MISSING = 1 << 5
    SCOPE = 1 << 6


class Algorithm(enum.IntFlag):
    """What a policy accepts; a policy also takes the names."""

    ES256 = 1 << 1
    ES384 = 1 << 2
    ES512 = 1 << 3
    RS256 = 1 << 4
    RS384 = 1 << 5
    RS512 = 1 << 6
    PS256 = 1 << 7
    PS384 = 1 << 8
    PS512 = 1 << 9
    EDDSA = 1 << 10


class EventKind(enum.IntEnum):
    """What happened to an issuer's key set."""

    SET = 1
    FETCH_FAILED = 2
    STALE = 3
    DROPPED = 4
    KID_UNKNOWN = 5
    CACHE_FAILED = 6

    _missing_ = classmethod(Status._missing_.__func__)


# --- structs: those of the headers, member by member ---

class _Slice(ctypes.Structure):
    _fields_ = [("p", ctypes.c_void_p), ("n", ctypes.c_size_t)]

    def text(self):
        """A copy; None when absent."""
        return ctypes.string_at(self.p, self.n).decode() if self.p else None


class _Response(ctypes.Structure):
    _fields_ = [("body", ctypes.c_void_p), ("body_len", ctypes.c_size_t),
                ("max_age_s", ctypes.c_int64)]


class _Event(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("kind", ctypes.c_int), ("policy", ctypes.c_size_t),
                ("issuer", ctypes.c_char_p), ("text", ctypes.c_char_p), ("keys", ctypes.c_size_t),
                ("skipped", ctypes.c_size_t)]


_Strings = ctypes.POINTER(ctypes.c_char_p)
_FetchFn = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t,
                            ctypes.POINTER(_Response))
_ClockFn = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
_EventFn = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(_Event))


class _Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("fetch", _FetchFn), ("fetch_ctx", ctypes.c_void_p),
                ("now_s", _ClockFn), ("monotonic_ms", _ClockFn), ("clock_ctx", ctypes.c_void_p),
                ("ca_file", ctypes.c_char_p), ("wait_ms", ctypes.c_int64),
                ("no_thread", ctypes.c_int), ("cache_tokens", ctypes.c_size_t),
                ("no_es256_table", ctypes.c_int), ("on_event", _EventFn),
                ("event_ctx", ctypes.c_void_p)]


class _Policy(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("issuer", ctypes.c_char_p), ("audiences", _Strings),
                ("jwks_uri", ctypes.c_char_p), ("jwks_file", ctypes.c_char_p),
                ("jwks_cache", ctypes.c_char_p), ("discover", ctypes.c_int),
                ("algorithms", ctypes.c_uint32), ("types", _Strings),
                ("required_claims", _Strings), ("scope_claims", _Strings),
                ("skew_s", ctypes.c_int64), ("max_age_s", ctypes.c_int64),
                ("max_token", ctypes.c_size_t)]


class _Require(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("any_of", _Strings), ("all_of", _Strings),
                ("audiences", _Strings)]


class _Result(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("status", ctypes.c_int), ("failures", ctypes.c_uint64),
                ("issuer", _Slice), ("subject", _Slice), ("client_id", _Slice),
                ("token_id", _Slice), ("key_id", _Slice), ("scope", _Slice), ("audience", _Slice),
                ("expires_s", ctypes.c_int64), ("issued_s", ctypes.c_int64),
                ("policy", ctypes.c_size_t)]


class _Info(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("issuer", ctypes.c_char_p), ("keys", ctypes.c_size_t),
                ("skipped", ctypes.c_size_t), ("age_s", ctypes.c_int64),
                ("fresh_s", ctypes.c_int64), ("stale", ctypes.c_int), ("fetches", ctypes.c_uint64),
                ("failures", ctypes.c_uint64), ("early_fetches", ctypes.c_uint64),
                ("sets", ctypes.c_uint64), ("stale_uses", ctypes.c_uint64),
                ("cache_hits", ctypes.c_uint64)]


_STRUCTS = {"jeton_slice": _Slice, "jeton_response": _Response, "jeton_event": _Event,
            "jeton_options": _Options, "jeton_policy": _Policy, "jeton_require": _Require,
            "jeton_result": _Result, "jeton_issuer_info": _Info}


# --- the library ---

_P = ctypes.c_void_p
_FUNCTIONS = {  # name: (result, arguments)
    "jeton_status_name": (ctypes.c_char_p, ctypes.c_int),
    "jeton_status_text": (ctypes.c_char_p, ctypes.c_int),
    "jeton_status_class": (ctypes.c_int, ctypes.c_int),
    "jeton_verifier_new": (ctypes.c_int, _P, _P, ctypes.c_size_t, ctypes.POINTER(_P)),
    "jeton_verifier_free": (None, _P),
    "jeton_verifier_error": (ctypes.c_char_p, _P),
    "jeton_verifier_ready": (ctypes.c_int, _P),
    "jeton_verifier_info": (ctypes.c_int, _P, ctypes.c_size_t, _P),
    "jeton_verifier_count": (ctypes.c_uint64, _P, ctypes.c_size_t, ctypes.c_int),
    "jeton_worker_new": (ctypes.c_int, _P, ctypes.POINTER(_P)),
    "jeton_worker_free": (None, _P),
    "jeton_worker_claims_json": (_Slice, _P),
    "jeton_verify": (ctypes.c_int, _P, ctypes.c_char_p, ctypes.c_size_t, _P, _P),
    "jeton_www_authenticate": (ctypes.c_size_t, ctypes.c_int, _P, _P, ctypes.c_size_t),
}


@functools.lru_cache(maxsize=None)
def _library():
    path = os.environ.get("JETON_LIBRARY") or "libjeton.so.0"
    try:
        library = ctypes.CDLL(path)  # lets go of the interpreter lock in each call
    except OSError as error:
        raise LibraryNotFound(f"{error}; install libjeton and run ldconfig, or set JETON_LIBRARY "
                              "to the path of libjeton.so.0") from None
    for name, (result, *arguments) in _FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise LibraryNotFound(f"{path} has no {name}: it is not libjeton, or older than this "
                                  "module") from None
        function.restype, function.argtypes = result, arguments
    return library


# --- errors ---

class JetonError(Exception):
    """Whatever this module raises for a reason of its own; a wrong argument is a ValueError or a
    TypeError, as is a call to a verifier that was closed."""


class LibraryNotFound(JetonError, OSError):
    """libjeton.so.0 is not there, or is another library."""


class SetupError(JetonError):
    """No verifier could be made; the message says what to mend."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class TokenError(JetonError):
    """A token was refused, or could not be judged. Answer with `http_status` and, unless it is "",
    with `www_authenticate` as the header of that name."""

    def __init__(self, status, failures, token, asked):
        super().__init__(f"{status.code}: {status.text}")
        self.status = status
        self.failures = failures  # every claim check that failed, once the signature stood
        self.token = token        # whose it was, once the signature stood, for a log; else None
        self._asked = asked

    @property
    def name(self):
        """The status' stable short name, e.g. "expired"."""
        return self.status.code

    @property
    def text(self):
        """One sentence that says how to mend it."""
        return self.status.text

    @property
    def http_status(self):
        """401, 403, 503 or 500."""
        return self.status.http_status

    @property
    def www_authenticate(self):
        """RFC 6750 sec. 3; "" when no header is due (503, 500)."""
        write = _library().jeton_www_authenticate
        room = write(self.status, self._asked.pointer, None, 0) + 1
        out = ctypes.create_string_buffer(room)
        write(self.status, self._asked.pointer, out, room)
        return out.value.decode("latin-1")


class InvalidToken(TokenError):
    """401: the token is missing or not acceptable."""


class InsufficientScope(TokenError):
    """403: the token is good, but not for this."""


class Unavailable(TokenError):
    """503: there are no keys yet, or no memory. It says nothing about the token."""


_ERRORS = {401: InvalidToken, 403: InsufficientScope, 503: Unavailable}


# --- what goes in ---

def _bytes(text, what):
    if not isinstance(text, str):
        raise TypeError(f"{what}: {text!r} is not a string")
    data = text.encode()
    if b"\0" in data:
        raise ValueError(f"{what}: a NUL character in {text!r}")
    return data


def _path(path, what):
    return None if path is None else _bytes(os.fspath(path), what)


def _strings(texts, what):
    """A NULL-ended array; None for None. A string alone would be taken apart into characters."""
    if texts is None:
        return None
    if isinstance(texts, (str, bytes)):
        raise TypeError(f"{what} is a list of strings, not one string: [{texts!r}]")
    items = [_bytes(text, what) for text in texts]
    return (ctypes.c_char_p * (len(items) + 1))(*items, None)


def _size(number, what):
    if number < 0:
        raise ValueError(f"{what} is negative")
    return number


def _algorithms(names):
    bits = Algorithm(0)
    for name in () if names is None else [names] if isinstance(names, (str, int)) else names:
        if isinstance(name, str) and name.upper() not in Algorithm.__members__:
            raise ValueError(f"algorithms: {name!r} is none of {', '.join(Algorithm.__members__)}")
        bits |= Algorithm[name.upper()] if isinstance(name, str) else name
    if names is not None and not bits:
        raise ValueError("algorithms: none is named; leave it out for the defaults")
    return bits


@dataclass(frozen=True)
class Policy:
    """Of one issuer: the struct jeton_policy, with lists where it has arrays. `algorithms` are
    names such as "ES256"."""

    issuer: str
    audiences: Sequence[str]
    jwks_uri: Optional[str] = None
    jwks_file: Union[str, os.PathLike, None] = None
    jwks_cache: Union[str, os.PathLike, None] = None
    discover: bool = False
    algorithms: Union[Sequence[str], Algorithm, None] = None
    types: Optional[Sequence[str]] = None
    required_claims: Optional[Sequence[str]] = None
    scope_claims: Optional[Sequence[str]] = None
    skew_s: int = 0
    max_age_s: int = 0
    max_token: int = 0

    def _fill(self, out):
        out.size = ctypes.sizeof(out)
        out.issuer = _bytes(self.issuer, "issuer")
        out.jwks_uri = None if self.jwks_uri is None else _bytes(self.jwks_uri, "jwks_uri")
        out.jwks_file = _path(self.jwks_file, "jwks_file")
        out.jwks_cache = _path(self.jwks_cache, "jwks_cache")
        out.discover = bool(self.discover)
        out.algorithms = _algorithms(self.algorithms)
        for name in ("audiences", "types", "required_claims", "scope_claims"):
            array = _strings(getattr(self, name), name)
            setattr(out, name, None if array is None else ctypes.cast(array, _Strings))
        out.skew_s, out.max_age_s = self.skew_s, self.max_age_s
        out.max_token = _size(self.max_token, "max_token")


class _Asked:
    """What one route asks for, as C reads it: made once, read by any number of threads."""

    def __init__(self, all_of, any_of, audiences):
        if audiences is not None and not audiences:
            raise ValueError("audiences: none is named, so no token could pass; leave it out for "
                             "any of the policy's")
        self._arrays = [_strings(any_of, "any_of"), _strings(all_of, "all_of"),
                        _strings(audiences, "audiences")]
        self._require = _Require(ctypes.sizeof(_Require), *(
            None if array is None else ctypes.cast(array, _Strings) for array in self._arrays))
        self.pointer = ctypes.addressof(self._require)


_asked_once = functools.lru_cache(maxsize=256)(_Asked)


def _tuple(texts, what):
    if isinstance(texts, (str, bytes)):
        raise TypeError(f"{what} is a list of strings, not one string: [{texts!r}]")
    return None if texts is None else tuple(texts)


def _asked(all_of, any_of, audiences):
    return _asked_once(_tuple(all_of, "all_of"), _tuple(any_of, "any_of"),
                       _tuple(audiences, "audiences"))


# --- what comes out ---

class Token(NamedTuple):
    """A verified token; it owns what it has. Text is None when the token has no such claim."""

    issuer: Optional[str]
    subject: Optional[str]
    client_id: Optional[str]
    token_id: Optional[str]
    key_id: Optional[str]
    audience: Optional[str]  # the one of the policy's that matched
    scope: str               # space-separated, whatever form the token has; "" for none
    expires_s: int           # seconds since 1970
    issued_s: Optional[int]
    policy: int              # the place of the policy that judged
    claims_json: str         # the whole claims set

    @property
    def claims(self):
        """The whole claims set as a dict, read anew at each use."""
        return json.loads(self.claims_json)

    @property
    def scopes(self):
        """The scopes as a set."""
        return frozenset(self.scope.split())


class Event(NamedTuple):
    """What happened to an issuer's key set."""

    kind: EventKind
    policy: int
    issuer: str
    text: str
    keys: int
    skipped: int


class IssuerInfo(NamedTuple):
    """The struct jeton_issuer_info."""

    issuer: str
    keys: int
    skipped: int
    age_s: int
    fresh_s: int
    stale: bool
    fetches: int
    failures: int
    early_fetches: int
    sets: int
    stale_uses: int
    cache_hits: int


def _text(data):
    return "" if data is None else data.decode("utf-8", "replace")


class _Worker:
    """A jeton_worker and room for its result; lent to one thread at a time."""

    __slots__ = ("pointer", "result", "result_pointer")

    def __init__(self, library, verifier):
        pointer = _P()
        status = library.jeton_worker_new(verifier, ctypes.byref(pointer))
        if status != Status.OK:
            raise MemoryError("libjeton: no memory for a worker")
        self.pointer = pointer
        self.result = _Result(ctypes.sizeof(_Result))
        self.result_pointer = ctypes.addressof(self.result)

    def token(self, library):
        """A copy of what the last call left."""
        result = self.result
        return Token(result.issuer.text(), result.subject.text(), result.client_id.text(),
                     result.token_id.text(), result.key_id.text(), result.audience.text(),
                     result.scope.text() or "", result.expires_s,
                     None if result.issued_s < 0 else result.issued_s, result.policy,
                     library.jeton_worker_claims_json(self.pointer).text())


# --- a jeton_verifier and who uses it ---

_NEVER = 2**62  # seconds: later than any token, and with room for a skew


class _Hooks:
    """The callbacks of one jeton_verifier: ctypes does not keep them alive, this does. C never sees
    an exception of theirs; sys.unraisablehook does, where it is not told otherwise."""

    def __init__(self, fetch, now, on_event):
        self.calling = None  # the thread that on_event runs in, while it does
        self._user_fetch, self._user_now, self._user_event = fetch, now, on_event
        self._body = None
        self.fetch = _FetchFn() if fetch is None else _FetchFn(self._fetch)
        self.now = _ClockFn() if now is None else _ClockFn(self._now)
        self.event = _EventFn() if on_event is None else _EventFn(self._event)

    def _fetch(self, _ctx, url, max_body, out):
        try:
            answer = self._user_fetch(url.decode(), max_body)
            body, max_age_s = answer if isinstance(answer, tuple) else (answer, -1)
            self._body = ctypes.create_string_buffer(body, max(len(body), 1))  # until the next call
            out.contents.body = ctypes.addressof(self._body)
            out.contents.body_len, out.contents.max_age_s = len(body), max_age_s
            return Status.OK
        except Exception:  # the same to the library, which tells it as an event and tries again
            return Status.FETCH_FAILED

    def _now(self, _ctx):
        try:
            now_s = int(self._user_now())
        except Exception:
            now_s = -1
        return now_s if 0 <= now_s < _NEVER else _NEVER  # without a clock every token has expired

    def _event(self, _ctx, event):
        seen = event.contents
        self.calling = threading.get_ident()
        try:
            self._user_event(Event(EventKind(seen.kind), seen.policy, _text(seen.issuer),
                                   _text(seen.text), seen.keys, seen.skipped))
        finally:
            self.calling = None


class _Core:
    """One jeton_verifier, its idle workers, and a count of who uses it: it is freed by close(), or
    by the last who was using it then. Nobody waits, so that a signal handler may close."""

    def __init__(self, policies, options, hooks):
        self.library, self._hooks = _library(), hooks
        structs = (_Policy * len(policies))()
        for policy, struct in zip(policies, structs):
            policy._fill(struct)
        self.pointer = _P()
        status = self.library.jeton_verifier_new(ctypes.byref(options), structs, len(policies),
                                                 ctypes.byref(self.pointer))
        if status != Status.OK:
            status = Status(status)
            said = self.library.jeton_verifier_error(self.pointer).decode("utf-8", "replace")
            self.library.jeton_verifier_free(self.pointer)
            raise SetupError(status, said or status.text)
        self._lock = threading.RLock()
        self._users, self._idle, self._closed = 0, [], False

    def __enter__(self):
        with self._lock:
            if self._closed:
                raise ValueError("the verifier is closed")
            self._users += 1
        return self.pointer

    def __exit__(self, *_):
        with self._lock:
            self._users -= 1
            last = self._closed and self._users == 0
        if last:
            self._free()

    def take(self):
        """A worker for the calling thread, until it gives it back."""
        with self._lock:
            self.__enter__()
            if self._idle:
                return self._idle.pop()  # the one used last: what it remembers is the freshest
        try:
            return _Worker(self.library, self.pointer)
        except BaseException:
            self.__exit__()
            raise

    def give(self, worker):
        with self._lock:
            self._idle.append(worker)
            self._users -= 1
            last = self._closed and self._users == 0
        if last:
            self._free()

    def close(self):
        with self._lock:
            if self._closed:
                return
            self._closed = True
            last = self._users == 0
        if last:
            self._free()

    def _free(self):
        # jeton_verifier_free waits for the thread that on_event runs in: it cannot be that one
        if self._hooks.calling == threading.get_ident():
            threading.Thread(target=self._free_all).start()
        else:
            self._free_all()

    def _free_all(self):
        for worker in self._idle:
            self.library.jeton_worker_free(worker.pointer)
        self._idle = []
        self.library.jeton_verifier_free(self.pointer)


class Verifier:
    """Verifies tokens of one or more issuers. Any thread.

    `wait`: how many seconds the constructor may wait for the first keys. That none came is no
    error: `error` tells why, and verify() raises Unavailable until they do. `cache_tokens`: for
    each worker, so at most for each call at one time. `fetch(url, max_body)` gives the body as
    bytes, or the body and its max-age; `now()` gives seconds since 1970: both are for tests and
    special transports. `on_event(event)` is called on the thread that makes the event, and is to be
    quick. Wrong settings raise SetupError, ValueError or TypeError, with a sentence that says what
    to mend."""

    def __init__(self, *policies, wait=2.0, ca_file=None, cache_tokens=0,
                 es256_table=True, on_event=None, fetch=None, now=None):
        if not policies or not all(isinstance(policy, Policy) for policy in policies):
            raise TypeError("give one jeton.Policy for each issuer")
        self._policies = policies
        self._settings = (wait, _path(ca_file, "ca_file"), _size(cache_tokens, "cache_tokens"),
                          es256_table)
        self._given = (fetch, now, on_event)
        self._lock, self._closed, self._making = threading.RLock(), False, False
        self._core = None
        self._open()
        _verifiers.add(self)

    def _make(self):
        hooks = _Hooks(*self._given)
        wait, ca_file, cache_tokens, es256_table = self._settings
        options = _Options(ctypes.sizeof(_Options), hooks.fetch, None, hooks.now)
        options.ca_file, options.cache_tokens = ca_file, cache_tokens
        options.wait_ms = int(_size(wait, "wait") * 1000)
        options.no_es256_table = not es256_table
        options.on_event = hooks.event
        return _Core(self._policies, options, hooks)

    def _open(self):
        """The core; a new one in a process that was forked."""
        core = self._core
        if core is not None:
            return core
        with self._lock:
            if self._closed or self._making:  # the latter: on_event calls within the constructor
                raise ValueError("the verifier is closed, or not yet open")
            if self._core is None:
                self._making = True
                try:
                    self._core = self._make()
                finally:
                    self._making = False
            return self._core

    def _after_fork(self):
        # The thread that fetches is the parent's, and locks may be held for ever: the parent's core
        # is left as it is, not freed.
        self._lock, self._making = threading.RLock(), False
        self._core = None

    def verify(self, token, *, all_of=None, any_of=None, audiences=None):
        """The Token that `token` (str, bytes or None) is, or raises TokenError. `all_of`: it holds
        every one of these scopes. `any_of`: at least one. `audiences`: it is for one of these, of
        the policy's audiences."""
        return self._judge(token, _asked(all_of, any_of, audiences))

    def verify_header(self, authorization, *, all_of=None, any_of=None, audiences=None):
        """The same for the value of an Authorization header (None: there is none): the scheme
        Bearer in any case, spaces, and the token."""
        return self._judge_header(authorization, _asked(all_of, any_of, audiences))

    def _judge_header(self, authorization, asked):
        if isinstance(authorization, str):
            authorization = authorization.encode("utf-8", "replace")
        # RFC 6750 sec. 2.1, RFC 9110 sec. 11.1: the scheme in any case, then 1*SP. Not by
        # jeton_verify_header: it ends at a NUL, which a header of Python's may have inside
        scheme, _, token = (authorization or b"").partition(b" ")
        return self._judge(token.lstrip(b" ") if scheme.lower() == b"bearer" else b"", asked)

    def _judge(self, token, asked):
        if isinstance(token, str):
            token = token.encode("utf-8", "replace")  # no token has what is replaced
        elif token is None:
            token = b""
        core = self._core or self._open()
        worker, seen = core.take(), None
        try:
            status = core.library.jeton_verify(worker.pointer, token, len(token), asked.pointer,
                                               worker.result_pointer)
            failures = worker.result.failures
            if status == Status.OK or failures != 0:
                seen = worker.token(core.library)
        finally:
            core.give(worker)
        if status == Status.OK:
            return seen
        status = Status(status)
        raise _ERRORS.get(status.http_status, TokenError)(status, Failure(failures), seen, asked)

    @property
    def ready(self):
        """Whether each issuer has a usable key set."""
        core = self._open()
        with core as pointer:
            return core.library.jeton_verifier_ready(pointer) == 1

    @property
    def error(self):
        """Why the fetch that the constructor waited for failed; "" when none did."""
        core = self._open()
        with core as pointer:
            return _text(core.library.jeton_verifier_error(pointer))

    def info(self, policy=0):
        """IssuerInfo of the issuer at place `policy`."""
        core, info = self._open(), _Info(ctypes.sizeof(_Info))
        with core as pointer:
            if not 0 <= policy < len(self._policies) or core.library.jeton_verifier_info(
                    pointer, policy, ctypes.byref(info)) != Status.OK:
                raise IndexError(f"there is no policy {policy}")
            values = [getattr(info, name) for name in IssuerInfo._fields]
        return IssuerInfo(*values)._replace(issuer=_text(info.issuer), stale=info.stale != 0)

    def count(self, status, policy=None):
        """How many tokens ended in `status`: of the issuer at place `policy` (the place behind the
        last: refused before an issuer was chosen), or of all."""
        core = self._open()
        places = range(len(self._policies) + 1) if policy is None else [_size(policy, "policy")]
        with core as pointer:
            return sum(core.library.jeton_verifier_count(pointer, at, status) for at in places)

    def close(self):
        """Stops the thread that fetches and frees; harmless when repeated. Calls under way end
        first, later ones raise ValueError."""
        with self._lock:
            self._closed = True
            core, self._core = self._core, None
        if core is not None:
            core.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_core", None) is not None:  # else it was never made
            self.close()


_verifiers = weakref.WeakSet()


def _after_fork():
    for verifier in list(_verifiers):
        verifier._after_fork()


@atexit.register
def _at_exit():
    """No on_event may be called in an interpreter that ends."""
    for verifier in list(_verifiers):
        verifier.close()


os.register_at_fork(after_in_child=_after_fork)


# --- HTTP ---

# RFC 6750 sec. 3.1: invalid_request for a request that has more than one token, with 400
_TWICE = "There is more than one Authorization header: send one."
_TWICE_CHALLENGE = f'Bearer realm="api", error="invalid_request", error_description="{_TWICE}"'


def _problem(http_status, name, text, challenge):
    """Status, headers and body of a refusal: RFC 9457."""
    problem = {"title": HTTPStatus(http_status).phrase, "status": http_status, "error": name,
               "detail": text}
    body = (json.dumps(problem) + "\n").encode()
    headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    if challenge:
        headers.append(("WWW-Authenticate", challenge))
    return http_status, headers, body


class _Middleware:
    """`all_of`, `any_of`, `audiences` as for Verifier.verify(); without them every good token is
    let in, and the application asks for scopes itself (`token.scopes`)."""

    def __init__(self, app, verifier, *, all_of=None, any_of=None, audiences=None):
        self.app, self.verifier = app, verifier
        self._required = _asked(all_of, any_of, audiences)

    def _judge(self, authorizations):
        """(token, None), or (None, the refusal)."""
        line = authorizations[0] if authorizations else b""
        # a comma is what a server makes of two lines; no token has one (RFC 6750 sec. 2.1)
        joined = b"," in line and line[:7].lower() == b"bearer "
        if len(authorizations) > 1 or joined:
            return None, _problem(400, "invalid_request", _TWICE, _TWICE_CHALLENGE)
        try:
            return self.verifier._judge_header(line, self._required), None
        except TokenError as error:
            return None, _problem(error.http_status, error.name, error.text,
                                  error.www_authenticate)


class WSGIMiddleware(_Middleware):
    """Lets a request to `app` only with a good token, which is then environ["jeton.token"]; else
    answers 400, 401, 403 or 503 with a JSON problem."""

    def __call__(self, environ, start_response):
        line = environ.get("HTTP_AUTHORIZATION")
        token, refusal = self._judge([] if line is None else [line.encode("latin-1", "replace")])
        if refusal is None:
            environ["jeton.token"] = token
            return self.app(environ, start_response)
        status, headers, body = refusal
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


class ASGIMiddleware(_Middleware):
    """Lets an HTTP request or a WebSocket to `app` only with a good token, which is then
    scope["jeton.token"]; else answers 400, 401, 403 or 503 with a JSON problem, or closes the
    WebSocket before it is accepted. It runs in the event loop: verifying does no I/O."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket"):
            raise ValueError(f"ASGI scope type {scope['type']!r}: no way to refuse it is known")
        token, refusal = self._judge([value for name, value in scope["headers"]
                                      if name.lower() == b"authorization"])
        if refusal is None:
            await self.app({**scope, "jeton.token": token}, receive, send)
        elif scope["type"] == "http":
            await self._refuse(send, "http.response", refusal, scope["method"] == "HEAD")
        elif "websocket.http.response" in (scope.get("extensions") or {}):
            await receive()  # websocket.connect
            await self._refuse(send, "websocket.http.response", refusal, False)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # a server answers 403

    @staticmethod
    async def _refuse(send, kind, refusal, without_body):
        status, headers, body = refusal
        await send({"type": kind + ".start", "status": status,
                    "headers": [(name.lower().encode(), value.encode("latin-1"))
                                for name, value in headers]})
        await send({"type": kind + ".body", "body": b"" if without_body else body})
