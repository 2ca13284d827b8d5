"""The seam between a page and a service on the internet: one verb, and failures typed by what to do next.

A channel is made from its `Settings`, an `httpx.AsyncClient` and a `Clock`; it keeps no state of its own. An
HTTP 200 with an error inside is a failure; an answer that nobody understands is one too.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx

from streamwatch.errors import StreamWatchError
from streamwatch.message import Message

SEND_TIMEOUT = 10.0  # seconds for connect, write and answer together; a lease is longer than this
CONNECT_TIMEOUT = 3.0  # seconds each for a free connection, TCP and TLS: who cannot connect can try elsewhere

# httpx writes every address it calls, and the address of a robot is its password.
logging.getLogger("httpx").addFilter(lambda record: record.levelno >= logging.WARNING)


class Reason(StrEnum):
    """Why a page was not delivered. A closed list: it is the metric label and decides the next move."""

    CONNECT = "connect"  # no connection: certainly not delivered
    BUSY = "busy"  # the service says: later
    SERVER_ERROR = "server_error"  # 5xx, or an answer that is not the service's own
    THROTTLED = "throttled"  # a rate limit was hit; wait for retry_after
    AUTH = "auth"  # token, signature, keyword or address refused
    REJECTED = "rejected"  # the service will never take this message
    GONE = "gone"  # the robot, group or address does not exist any more
    UNKNOWN = "unknown"  # sent, and no answer was seen: it may have been delivered

    @property
    def permanent(self) -> bool:
        return self in (Reason.AUTH, Reason.REJECTED, Reason.GONE)


class ChannelError(StreamWatchError):
    """The page was not delivered."""

    def __init__(self, text: str, *, reason: Reason, retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.reason = reason
        self.retry_after = retry_after


@dataclass(frozen=True)
class Receipt:
    """The service said yes. *provider_id* is its own name for the message, if it gave one.

    Not *confirmed*: somebody said yes who cannot know, and a message that never came would not be noticed.
    """

    provider_id: str | None = None
    confirmed: bool = True


@dataclass(frozen=True)
class Limit:
    """At most *sends* in any window of this length, by the service's own rules."""

    sends: int
    window: timedelta


class Channel(Protocol):
    """A way to a person."""

    limits: tuple[Limit, ...]

    async def send(self, message: Message, to: str) -> Receipt:
        """Deliver *message* to *to*, or raise `ChannelError`. Returns only when the service said yes."""


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """The body as it goes out: services count their limits in these bytes. Half a surrogate pair becomes '?'."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


async def post_json(
    http: httpx.AsyncClient,
    url: httpx.URL,
    body: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    patience: float = SEND_TIMEOUT,
) -> httpx.Response:
    """POST of an object in JSON; see `post`."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return await post(http, url, json_bytes(body), {**kind, **(headers or {})}, patience)


async def post_form(
    http: httpx.AsyncClient, url: httpx.URL, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """POST of a form; see `post`."""
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    content = urlencode(fields, errors="replace").encode()
    return await post(http, url, content, {**kind, **(headers or {})})


async def post(
    http: httpx.AsyncClient,
    url: httpx.URL,
    content: bytes,
    headers: Mapping[str, str],
    patience: float = SEND_TIMEOUT,
) -> httpx.Response:
    """POST, with every transport failure as a `ChannelError`; the words never hold the URL: it is a secret."""
    waits = httpx.Timeout(patience, connect=CONNECT_TIMEOUT, pool=CONNECT_TIMEOUT)
    try:
        # httpx counts each read anew: an answer that comes drop by drop would never end.
        async with asyncio.timeout(patience):
            return await http.post(
                url, content=content, headers=dict(headers), timeout=waits, follow_redirects=False
            )
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise ChannelError(f"no connection ({type(error).__name__})", reason=Reason.CONNECT) from error
    except (httpx.RequestError, TimeoutError) as error:
        # The body may have arrived: only the answer is missing.
        raise ChannelError(f"no answer ({type(error).__name__})", reason=Reason.UNKNOWN) from error
