"""Probe `flv`: what a player meets that pulls the stream as HTTP-FLV. `flv_watcher` is built on it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice

import aiohttp
from pydantic import Field

from streamwatch_exporters.fetching import open_endless
from streamwatch_exporters.flv_tags import FlvParser, NotFlv, Tag
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.settings import Addressed, http_url

_AT_ONCE = 256  # tags handled before others get their turn
_MAX_TAGS, _MAX_BYTES = 10_000, 32 * 1024 * 1024  # in a second; a peer that pours more is made to wait


class FlvSettings(Addressed):
    """Where the stream is pulled; the address may hold a token, hence a secret.

    `timeout` seconds until the answer and its first frame are overdue, `reconnect_after` seconds without a frame
    until the connection is given up.
    """

    timeout: float = Field(5.0, gt=0, le=60)
    reconnect_after: float = Field(20.0, ge=1, le=600)


class Ended(ProbeFailed):
    """The server said that there is no more to come."""

    def __init__(self) -> None:
        super().__init__("connect", "the server ended the stream")


class FlvConnection:
    """An open answer."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content
        self._parser = FlvParser()
        self._tags: Iterator[Tag] = iter(())
        self._second, self._tags_of_second, self._bytes_of_second = time.monotonic(), 0, 0

    @property
    def understood(self) -> bool:
        """It is FLV that comes."""
        return self._parser.started

    async def tags(self, within: float) -> list[Tag]:
        """The next tags, perhaps none. Comes back after *within* seconds at the latest. Raises `ProbeFailed`."""
        try:
            found = list(islice(self._tags, _AT_ONCE))
            if not found:
                self._tags = self._parser.feed(await self._read(within))
                found = list(islice(self._tags, _AT_ONCE))
        except NotFlv as exc:
            raise ProbeFailed("parse", str(exc)) from exc
        self._tags_of_second += len(found)
        await self._keep_pace()
        return found

    async def _read(self, within: float) -> bytes:
        try:
            async with asyncio.timeout(within):
                data = await self._content.readany()
        except TimeoutError:
            return b""
        except (aiohttp.ClientError, OSError) as exc:
            raise ProbeFailed("connect", "the connection was lost") from exc
        if not data:
            raise Ended
        self._bytes_of_second += len(data)
        return data

    async def _keep_pace(self) -> None:
        """Let others have their turn; what is not read meanwhile holds the sender back."""
        left = self._second + 1 - time.monotonic()
        if left > 0 and self._tags_of_second < _MAX_TAGS and self._bytes_of_second < _MAX_BYTES:
            await asyncio.sleep(0)
            return
        await asyncio.sleep(max(0.0, left))
        self._second, self._tags_of_second, self._bytes_of_second = time.monotonic(), 0, 0


@asynccontextmanager
async def flv_connection(session: aiohttp.ClientSession, settings: FlvSettings) -> AsyncIterator[FlvConnection]:
    """Ask for the stream. Raises `ProbeFailed`."""
    async with open_endless(session, http_url(settings.secret_url), within=settings.timeout) as content:
        yield FlvConnection(content)
