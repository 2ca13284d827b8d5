"""SNMP 2c and 3 by pysnmp, in a thread of its own: one request costs it 5 ms of processor time and more.

All devices of a community share an engine; making one takes 0.1 s. Of version 3 each device has its own: an engine
knows users by name alone, and never finds back to a device that was restarted or replaced, so that it is made anew.
The library is loaded in that thread too, when the first device is asked. Its errors become `ProbeFailed` here.
"""

import asyncio
import secrets
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from types import ModuleType
from typing import Any, TypeVar

from streamwatch_exporters.probe import ProbeFailed, Reason
from streamwatch_exporters.snmp_discovery import is_alive
from streamwatch_exporters.snmp_engines import INSTALL, Engines
from streamwatch_exporters.snmp_modules import Answers
from streamwatch_exporters.snmp_settings import Rights, SnmpSettings

T = TypeVar("T")

_AT_ONCE = 16  # objects in one request: the answer fits into 484 bytes, which every agent can send (RFC 3417)
_ROWS = 24  # of a table in one request
_SHARE = 0.6  # of the deadline of a look for one request: silence is to be told as such
_DISCOVERY = 0.15  # of the same, to find out whether it is the device that is silent


class SnmpThread:
    """A thread with an event loop, from the first request until nobody is asked any more."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.engines = Engines(steady)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it there, and wait here. Who gives up waiting ends the work, too."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._started()))

    async def prepare(self, rights: Iterable[Rights]) -> None:
        """Spend the time that the library and new engines take now. Without the library each look will say so."""
        for each in rights:
            with suppress(ProbeFailed):
                await self.run(self._prepared(each))

    async def keep_only(self, rights: Iterable[Rights]) -> None:
        """Drop what the configuration no longer names; with nothing left, end the thread."""
        if self._loop is None or self._thread is None:
            return
        kept = set(rights)
        await self.run(self._drop(kept))
        if not kept:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            loop.call_soon_threadsafe(loop.stop)
            await asyncio.to_thread(thread.join)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = self._loop = asyncio.new_event_loop()
            # What comes from a damaged answer is told by the look that gets none; its text may hold the address.
            loop.set_exception_handler(lambda _loop, _context: None)
            self._thread = threading.Thread(target=_serve, args=(loop,), name="snmp", daemon=True)
            self._thread.start()
        return self._loop

    async def _prepared(self, rights: Rights) -> None:
        with self.engines.asking(rights):
            pass

    async def _drop(self, kept: set[Rights]) -> None:
        self.engines.keep_only(kept)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)  # of a look on demand, whose engine is to be let go
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left))
        loop.run_until_complete(asyncio.sleep(0))  # sockets that were closed last are let go
    finally:
        loop.close()


class Agent:
    """One device. Every call raises `ProbeFailed`; the caller keeps the deadline of the whole look."""

    def __init__(
        self, thread: SnmpThread, settings: SnmpSettings, family: socket.AddressFamily, host: str, port: int
    ) -> None:
        self._thread, self._settings = thread, settings
        self._family, self._address = family, (host, port)

    async def get(self, oids: Iterable[str]) -> Answers:
        """The objects that the device knows, by OID."""
        return await self._thread.run(self._get(list(dict.fromkeys(oids))))

    async def walk(self, column: str, *, limit: int) -> Answers:
        """All of one column of a table, at most *limit* rows."""
        return await self._thread.run(self._walk(column, limit))

    async def _get(self, oids: list[str]) -> Answers:
        found: dict[str, int | bytes] = {}
        for start in range(0, len(oids), _AT_ONCE):
            asked = oids[start : start + _AT_ONCE]
            answered = dict(await self._request("get_cmd", asked))
            found |= {oid: value for oid in asked if (value := answered.get(oid)) is not None}
        return found

    async def _walk(self, column: str, limit: int) -> Answers:
        found: dict[str, int | bytes] = {}
        last = column
        while True:
            rows = await self._request("bulk_cmd", [last], 0, _ROWS)
            for oid, value in rows:
                if value is None or not oid.startswith(f"{column}."):
                    return found
                if _numbers(oid) <= _numbers(last):
                    raise ProbeFailed("protocol", "a table of the agent runs in circles")
                found[oid], last = value, oid
                if len(found) > limit:
                    raise ProbeFailed("too_large", f"a table of the agent has more than {limit} rows")
            if not rows:
                return found

    async def _request(
        self, command: str, oids: list[str], *repetitions: int
    ) -> list[tuple[str, int | bytes | None]]:
        """One request, and its answer in order; None for what the device does not know."""
        rights = self._settings.rights
        with self._thread.engines.asking(rights) as (library, engine):
            indication, status, _, bindings = await getattr(library, command)(
                engine,
                _auth(library, rights),
                await self._target(library),
                library.ContextData(),
                *repetitions,
                *(library.ObjectType(library.ObjectIdentity(oid)) for oid in oids),
                lookupMib=False,
            )
        if indication:
            if type(indication).__name__ == "RequestTimedOut":
                raise await self._silence(engine)
            raise _failure(type(indication).__name__)
        self._thread.engines.answered(rights)
        if int(status):
            raise _refusal(int(status))
        return [(str(oid), _plain(value)) for oid, value in bindings]

    async def _silence(self, engine: Any) -> ProbeFailed:
        """A device that answers, but not to this user, is no silent one. What is known of it is out of date."""
        if self._settings.v3 is None:
            text = "no answer: the device is off, UDP is filtered, or its community is another"
            return ProbeFailed("timeout", text)
        host, port = self._address
        within, number = _DISCOVERY * self._settings.timeout, secrets.randbelow(2**30) + 2**24
        if not await is_alive(host, port, number=number, within=within):
            return ProbeFailed("timeout", "no answer: the device is off, or UDP is filtered")
        self._thread.engines.renew(self._settings.rights, engine)
        text = "the device answers, but not to this user: it was restarted, or the password of priv is wrong"
        return ProbeFailed("auth", text)

    async def _target(self, library: ModuleType) -> Any:
        kind = library.Udp6TransportTarget if self._family == socket.AF_INET6 else library.UdpTransportTarget
        within = _SHARE * self._settings.timeout / (self._settings.retries + 1)
        return await kind.create(self._address, timeout=within, retries=self._settings.retries)


def _auth(library: ModuleType, rights: Rights) -> Any:
    community, user, _ = rights
    if community is not None:
        return library.CommunityData(community.get_secret_value(), mpModel=1)
    assert user is not None
    auth = {
        "md5": library.USM_AUTH_HMAC96_MD5,
        "sha": library.USM_AUTH_HMAC96_SHA,
        "sha224": library.USM_AUTH_HMAC128_SHA224,
        "sha256": library.USM_AUTH_HMAC192_SHA256,
        "sha384": library.USM_AUTH_HMAC256_SHA384,
        "sha512": library.USM_AUTH_HMAC384_SHA512,
    }[user.auth]
    name, password = user.user.get_secret_value(), user.auth_file.get_secret_value()
    if user.priv_file is None:
        return library.UsmUserData(name, password, authProtocol=auth)
    priv = {
        "des": library.USM_PRIV_CBC56_DES,
        "aes": library.USM_PRIV_CFB128_AES,
        "aes192": library.USM_PRIV_CFB192_AES,
        "aes256": library.USM_PRIV_CFB256_AES,
    }[user.priv]
    secret = user.priv_file.get_secret_value()
    return library.UsmUserData(name, password, secret, authProtocol=auth, privProtocol=priv)


def _numbers(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))


def _plain(value: Any) -> int | bytes | None:
    """A number or bytes; None for noSuchObject, noSuchInstance, endOfMibView and what no metric is made of."""
    name = type(value).__name__
    if name in ("NoSuchObject", "NoSuchInstance", "EndOfMibView", "Null", "ObjectIdentifier"):
        return None
    # Text first, by what only strings of bytes have: int() would make a number of the text "24".
    return bytes(value) if hasattr(value, "asOctets") else int(value)


_AUTH = {
    "WrongDigest": "the password is wrong",
    "AuthenticationFailure": "the password is wrong, or the answer was forged",
    "UnknownUserName": "the device knows no such user",
    "UnsupportedSecurityLevel": "the device does not let this user ask at this level of security",
    "DecryptionError": "the password for encryption is wrong",
    "NotInTimeWindow": "the device's clock for SNMP does not agree with what it said before",
}


def _failure(kind: str) -> ProbeFailed:
    """In our words what the library says: its text may hold the address."""
    if kind in _AUTH:
        return ProbeFailed("auth", _AUTH[kind])
    if kind == "EncryptionError":
        return ProbeFailed("protocol", f"no encryption here: {INSTALL}")
    return ProbeFailed("protocol", f"the agent or the library refuses: {kind}")


def _refusal(status: int) -> ProbeFailed:
    """RFC 3416 section 3: noAccess(6), authorizationError(16)."""
    reason: Reason = "auth" if status in (6, 16) else "protocol"
    return ProbeFailed(reason, f"the agent answers with error status {status}")
