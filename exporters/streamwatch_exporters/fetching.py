"""One HTTP request with a cap and a deadline. aiohttp's errors become `ProbeFailed` here and nowhere else."""

import asyncio
import socket
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import Any, Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict, MultiMapping
from yarl import URL

from streamwatch_exporters import __version__
from streamwatch_exporters.connecting import resolve
from streamwatch_exporters.probe import ProbeFailed, Reason

_MAX_REDIRECTS = 5
_UNPACKED = {"Accept-Encoding": "identity"}  # media does not shrink, and what is counted is what the line carried
USER_AGENT = f"streamwatch-exporter/{__version__}"


@dataclass(slots=True)  # not frozen, which takes four times as long to make
class Fetched:
    """A complete answer of status 200. `url` is the one after redirects: relative references hang on it."""

    body: bytes = field(repr=False)
    url: URL = field(repr=False)
    seconds: float
    date: str = ""
    headers: MultiMapping[str] = field(default_factory=CIMultiDict, repr=False)

    @property
    def server_time(self) -> float | None:
        """Unix time by the server's own clock, in whole seconds; None when it does not say."""
        return _unix_time(self.date)


@lru_cache(64)  # what many servers say within a second
def _unix_time(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class Transfer:
    """How a body arrived that nobody needs to keep."""

    size: int  # bytes
    ttfb: float  # seconds to the first byte of the answer
    seconds: float  # complete download
    headers: MultiMapping[str] = field(default_factory=CIMultiDict, repr=False)


class Get(Protocol):
    """A GET of a whole body: by `KeptConnections.get`, or by `fetch` over a session."""

    async def __call__(self, url: URL, *, limit: int, within: float) -> Fetched: ...


def through(session: aiohttp.ClientSession) -> Get:
    return partial(fetch, session)


class _Names(AbstractResolver):
    """Names are looked up beside the event loop, in threads of which one that hangs holds up no other name.

    uvloop has two threads for this, and gives neither back before its lookup ends.
    """

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_UNSPEC) -> list[ResolveResult]:
        try:
            found = await resolve(host, port, family)
        except ProbeFailed as exc:
            raise OSError(exc.text) from exc
        return [
            ResolveResult(
                hostname=host, host=address[0], port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
            )
            for kind, address in found.addresses
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def open_session() -> aiohttp.ClientSession:
    """No limit on connections: a target that hangs must not hold a place that another one waits for."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=30, resolver=_Names()),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
        timeout=aiohttp.ClientTimeout(total=None),
    )


async def fetch(
    session: aiohttp.ClientSession,
    url: URL,
    *,
    limit: int,
    within: float,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    json: Any = None,
) -> Fetched:
    """Read the whole body, at most `limit` bytes after decompression, in less than `within` seconds.

    A GET, or a POST when there is a *form* or *json* to send.
    """
    started = time.monotonic()
    async with _request(session, url, within, headers, data=form, json=json) as response:
        parts, size = list[bytes](), 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > limit:
                raise too_large(limit)
            parts.append(part)
        plain = gunzip(b"".join(parts), limit)
        date = response.headers.get("Date", "")
        return Fetched(plain, response.url, time.monotonic() - started, date, response.headers)


async def drain(
    session: aiohttp.ClientSession, url: URL, *, limit: int, within: float, headers: Mapping[str, str]
) -> Transfer:
    """Read a body and throw it away, counting its bytes as they were sent, also when they were packed unasked."""
    started = time.monotonic()
    asked = {**headers, **_UNPACKED}
    async with _request(session, url, within, asked, auto_decompress=False) as response:
        first: float | None = None
        size = 0
        async for chunk in response.content.iter_any():
            first = first or time.monotonic()
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
        ended = time.monotonic()
        return Transfer(size, (first or ended) - started, ended - started, response.headers)


@asynccontextmanager
async def _request(
    session: aiohttp.ClientSession,
    url: URL,
    within: float,
    headers: Mapping[str, str] | None = None,
    auto_decompress: bool = True,
    **body: Any,
) -> AsyncIterator[aiohttp.ClientResponse]:
    method = "GET" if all(part is None for part in body.values()) else "POST"
    more = {**body, "headers": headers, "auto_decompress": auto_decompress}
    with translated_errors():
        async with (
            asyncio.timeout(within),
            session.request(method, url, max_redirects=_MAX_REDIRECTS, **more) as response,
        ):
            require_success(response.status)
            yield response


@asynccontextmanager
async def open_endless(
    session: aiohttp.ClientSession, url: URL, *, within: float, as_sent: bool = False
) -> AsyncIterator[aiohttp.StreamReader]:
    """The body of an answer that has no end. *within* is for its headers; the caller keeps the time after them.

    *as_sent* leaves packed what a server packs unasked: for whoever measures the line.
    """
    with translated_errors():
        async with asyncio.timeout(within):
            response = await session.get(
                url, max_redirects=_MAX_REDIRECTS, headers=_UNPACKED, auto_decompress=not as_sent
            )
        try:
            require_success(response.status)
            yield response.content
        finally:
            response.close()


def require_success(status: int) -> None:
    """Raises `ProbeFailed` for what is no answer to a GET."""
    if status in (200, 206):
        return
    raise ProbeFailed(_reason_of_status(status), f"the server answered with status {status}")


def _reason_of_status(status: int) -> Reason:
    if status in (401, 403, 407):
        return "auth"
    if 400 <= status < 500:
        return "http_4xx"
    return "http_5xx" if status >= 500 else "protocol"


def gunzip(body: bytes, limit: int) -> bytes:
    """Some origins store playlists compressed and forget to say so in a header."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        plain = zlib.decompressobj(wbits=31).decompress(body, limit + 1)
    except zlib.error as exc:
        raise ProbeFailed("parse", "the answer is damaged gzip") from exc
    if len(plain) > limit:
        raise too_large(limit)
    return plain


def too_large(limit: int) -> ProbeFailed:
    """That an answer has more than *limit* bytes."""
    return ProbeFailed("too_large", f"the answer is larger than {limit} bytes")


@contextmanager
def translated_errors() -> Iterator[None]:
    """Every way a GET can fail, as a `ProbeFailed`. The texts of aiohttp are dropped: they may hold the URL."""
    try:
        yield
    except TimeoutError as exc:
        raise ProbeFailed("timeout", "no complete answer in time") from exc
    except (aiohttp.ClientConnectorDNSError, socket.gaierror, UnicodeError) as exc:  # the last: no name can be so
        raise ProbeFailed("dns", "the host name cannot be resolved") from exc
    except (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError, ssl.SSLError) as exc:
        raise ProbeFailed("tls", "TLS could not be agreed, or the certificate is not good") from exc
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, OSError) as exc:
        raise ProbeFailed("connect", "the connection was refused or lost") from exc
    except aiohttp.InvalidURL as exc:
        raise ProbeFailed("protocol", "the address, or the one it redirects to, is not an http URL") from exc
    except aiohttp.TooManyRedirects as exc:
        raise ProbeFailed("protocol", f"more than {_MAX_REDIRECTS} redirects") from exc
    except (aiohttp.ClientError, aiohttp.http.HttpProcessingError) as exc:
        raise ProbeFailed("protocol", "the answer is not proper HTTP") from exc
