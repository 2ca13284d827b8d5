"""GETs of small answers over connections that are kept: what thousands of looks are made of.

A general client takes four times as long as everything else at a look. This one knows proper answers only: what it
cannot read is asked again by `fetch`, for players take more than the standard allows; redirects are followed there.
"""

import asyncio
import socket
import ssl
import time
import zlib
from functools import lru_cache
from typing import NamedTuple, cast

import aiohttp
import httptools
from aiohappyeyeballs import start_connection
from multidict import CIMultiDict, istr
from yarl import URL

from streamwatch_exporters.connecting import resolve
from streamwatch_exporters.fetching import (
    USER_AGENT,
    Fetched,
    fetch,
    gunzip,
    require_success,
    too_large,
    translated_errors,
)
from streamwatch_exporters.probe import ProbeFailed

_IDLE = 4.0  # seconds for which a connection is kept that nobody uses: many servers close theirs after five
_OLDEST = 30.0  # seconds: a name that moved, or a certificate that ran out, must be seen
_SWEEP = 2.0  # seconds
_ODD_FOR = 60.0  # seconds for which an address that answers oddly is left to `fetch`
_MANY = 10_000  # such addresses
_HEADERS_LIMIT = 64 * 1024  # bytes
_REDIRECTS = (301, 302, 303, 307, 308)
_HAPPY_EYEBALLS = 0.25  # seconds that the first of several addresses has for itself (RFC 8305)


class _Origin(NamedTuple):
    host: str
    port: int
    tls: bool


class _Answer(NamedTuple):
    status: int
    headers: CIMultiDict[str]
    body: bytes
    kept: bool


_NOTHING: CIMultiDict[str] = CIMultiDict()  # the headers of an answer whose headers have not come


class _Odd(Exception):
    """Not what a proper server says; others may make something of it."""


class _Lost(ConnectionError):
    """The connection ended before its answer did. *unheard*: before the first byte of it."""

    def __init__(self, *, unheard: bool) -> None:
        super().__init__()
        self.unheard = unheard


class KeptConnections:
    """Asks over a connection that is free, or opens one more. No limit: a target that hangs holds up no other."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._free: dict[_Origin, list[_Connection]] = {}
        self._odd: dict[URL, float] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])

    async def get(self, url: URL, *, limit: int, within: float) -> Fetched:
        """As `fetch`: the whole body, at most *limit* bytes, in less than *within* seconds, or `ProbeFailed`."""
        started = time.monotonic()
        written = _written(url)
        if written is None or (self._odd and self._odd.get(url, 0.0) > started):
            return await fetch(self._session, url, limit=limit, within=within)
        try:
            answer = await self._ask(*written, limit, started + within)
            if answer.status in _REDIRECTS and "Location" in answer.headers:
                url = _location(url, answer)
                return await fetch(self._session, url, limit=limit, within=started + within - time.monotonic())
            require_success(answer.status)
            body = gunzip(_unpacked(answer, limit), limit)
        except _Odd:
            if len(self._odd) >= _MANY:
                self._odd.clear()
            self._odd[url] = started + _ODD_FOR
            return await fetch(self._session, url, limit=limit, within=started + within - time.monotonic())
        seconds = time.monotonic() - started
        return Fetched(body, url, seconds, answer.headers.get(_DATE, ""), answer.headers)

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        for origin in list(self._free):
            self._drop(origin)

    async def _ask(self, origin: _Origin, request: bytes, limit: int, until: float) -> _Answer:
        """Raises `ProbeFailed`, or `_Odd`."""
        try:
            while (connection := self._take(origin)) is not None:
                try:
                    return await self._over(connection, origin, request, limit, until)
                except _Lost as lost:  # servers close what is idle: that is known when one asks again
                    if not lost.unheard:
                        raise
                except BaseException:
                    self._drop(origin)  # a server that is gone without a word answers over none of the others
                    raise
            async with asyncio.timeout(until - time.monotonic()):
                connection = await self._open(origin)
            return await self._over(connection, origin, request, limit, until)
        except Exception:  # here, because to be ready for each kind of them takes time also when none comes
            with translated_errors():
                raise

    async def _over(
        self, connection: "_Connection", origin: _Origin, request: bytes, limit: int, until: float
    ) -> _Answer:
        try:
            answer = await connection.ask(request, limit, until)
        except BaseException:
            connection.abort()
            raise
        now = time.monotonic()
        if answer.kept and now - connection.born < _OLDEST:
            self._give_back(origin, connection, now)
        else:
            connection.abort()
        return answer

    def _take(self, origin: _Origin) -> "_Connection | None":
        """The one used last."""
        free, now = self._free.get(origin), time.monotonic()
        while free:
            connection = free.pop()
            if connection.is_good(now):
                return connection
            connection.abort()
        return None

    def _give_back(self, origin: _Origin, connection: "_Connection", now: float) -> None:
        connection.since = now
        self._free.setdefault(origin, []).append(connection)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP, self._sweep)

    def _sweep(self) -> None:
        """Nothing stays open for an address that is no longer asked."""
        now = time.monotonic()
        for origin, free in list(self._free.items()):
            good = [connection for connection in free if connection.is_good(now)]
            for connection in free:
                if not connection.is_good(now):
                    connection.abort()
            if good:
                self._free[origin] = good
            else:
                del self._free[origin]
        self._sweeping = asyncio.get_running_loop().call_later(_SWEEP, self._sweep) if self._free else None

    def _drop(self, origin: _Origin) -> None:
        for connection in self._free.pop(origin, []):
            connection.abort()

    async def _open(self, origin: _Origin) -> "_Connection":
        addresses = (await resolve(origin.host, origin.port)).addresses
        found = [(family, socket.SOCK_STREAM, 0, "", address) for family, address in addresses]
        stream = await start_connection(found, happy_eyeballs_delay=_HAPPY_EYEBALLS)
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                _Connection,
                sock=stream,
                ssl=self._tls if origin.tls else None,
                server_hostname=origin.host if origin.tls else None,
            )
        except BaseException:
            stream.close()
            raise
        return connection


class _Connection(asyncio.Protocol):
    """One question at a time. What `httptools` finds in the bytes that come is collected here."""

    def __init__(self) -> None:
        self.lost = False
        self.born = time.monotonic()
        self.since = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._asked: asyncio.Future[_Answer] | None = None
        self._limit = 0
        self._forget()

    async def ask(self, request: bytes, limit: int, until: float) -> _Answer:
        """Raises `_Lost`, `ProbeFailed`, `TimeoutError`, or what the parser says. *until* is monotonic seconds."""
        asked: asyncio.Future[_Answer] = self._loop.create_future()
        self._asked, self._limit = asked, limit
        self._forget()
        # `asyncio.timeout` takes four times as long as a timer of one's own.
        timer = self._loop.call_later(max(0.0, until - time.monotonic()), self._fail, TimeoutError())
        try:
            self._transport.write(request)
            return await asked
        finally:
            timer.cancel()

    def is_good(self, now: float) -> bool:
        return not self.lost and now - self.since < _IDLE and now - self.born < _OLDEST

    def abort(self) -> None:
        self.lost = True
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # other event loops have classes of their own

    def data_received(self, data: bytes) -> None:
        if self._asked is None:
            self.abort()  # what nobody asked for
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(_Odd())
            return
        if not self._whole and self._received > _HEADERS_LIMIT:
            self._fail(ProbeFailed("protocol", f"the headers are larger than {_HEADERS_LIMIT} bytes"))
        elif self._received > 2 * self._limit + _HEADERS_LIMIT:  # what surrounds a body has no end of its own
            self._fail(too_large(self._limit))

    def eof_received(self) -> None:
        if self._whole and self._until_the_end:
            self._finish(kept=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        cut = ProbeFailed("protocol", "the answer ended in its middle")
        self._fail(cut if self._whole else _Lost(unheard=not self._received))

    def on_message_begin(self) -> None:
        if self._asked is None:
            self.abort()  # two answers to one question: the second is none to the next

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        told = self._headers = CIMultiDict(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._lines]
        )
        self._until_the_end = "Content-Length" not in told and "Transfer-Encoding" not in told
        status = self._status = self._parser.get_status_code()
        self._whole = status >= 200
        if self._whole and status not in (200, 206, *_REDIRECTS):
            self._finish(kept=False)  # it says enough

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= self._limit:
            self._body.append(body)
        elif self._status in _REDIRECTS:
            self._finish(kept=False)
        else:
            self._fail(too_large(self._limit))

    def on_message_complete(self) -> None:
        if self._status < 200:  # says that an answer will come
            self._lines.clear()
            return
        self._finish(kept=self._parser.should_keep_alive() and not self._until_the_end)

    def _finish(self, *, kept: bool) -> None:
        asked, self._asked = self._asked, None
        if asked is not None and not asked.done():
            asked.set_result(_Answer(self._status, self._headers, b"".join(self._body), kept))

    def _fail(self, error: Exception) -> None:
        asked, self._asked = self._asked, None
        if asked is not None and not asked.done():
            asked.set_exception(error)
        self.abort()

    def _forget(self) -> None:
        self._lines: list[tuple[bytes, bytes]] = []
        self._headers = _NOTHING
        self._body: list[bytes] = []
        self._received = self._size = self._status = 0
        self._whole = self._until_the_end = False


@lru_cache(10_000)
def _written(url: URL) -> tuple[_Origin, bytes] | None:
    """Where to ask, and the question; None for what `fetch` must ask."""
    if url.raw_user is not None or url.raw_password is not None or url.scheme not in ("http", "https"):
        return None
    host, port = url.raw_host or "", url.port or 0
    named = f"[{host}]" if ":" in host else host
    if not url.is_default_port():
        named += f":{port}"
    head = (
        f"GET {url.raw_path_qs} HTTP/1.1\r\nHost: {named}\r\nUser-Agent: {USER_AGENT}\r\n"
        "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
    )
    return _Origin(host, port, url.scheme == "https"), head.encode("ascii")


_DATE, _ENCODING = istr("Date"), istr("Content-Encoding")
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's word for the format


def _unpacked(answer: _Answer, limit: int) -> bytes:
    encoding = answer.headers.get(_ENCODING)
    if encoding is None or (encoding := encoding.strip().lower()) in ("identity", ""):
        return answer.body
    window = _WINDOWS.get(encoding)
    if window is None:
        raise _Odd
    unpacking = zlib.decompressobj(window)
    try:
        plain = unpacking.decompress(answer.body, limit + 1)
    except zlib.error as exc:
        raise _Odd from exc
    if len(plain) > limit:
        raise too_large(limit)
    if not unpacking.eof or unpacking.unused_data:
        raise _Odd
    return plain


def _location(url: URL, answer: _Answer) -> URL:
    try:
        return url.join(URL(answer.headers["Location"]))
    except ValueError as exc:
        raise ProbeFailed("protocol", "the address, or the one it redirects to, is not an http URL") from exc
