"""The newest segments of a DASH stream, each fetched once as a player would, beside the looks at the manifest."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from streamwatch_exporters.buckets import FETCHING, Buckets
from streamwatch_exporters.dash_loading import resolve
from streamwatch_exporters.dash_windows import Piece
from streamwatch_exporters.fetching import Transfer, drain
from streamwatch_exporters.hls_segment import Download, SegmentCounts, code_class
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.watching import stop

_LIMIT = 256 * 1024 * 1024  # bytes
_STALE_COPIES = 4  # an edge cache that goes back to an older manifest has no new segment


@dataclass
class Newest:
    """The newest segment of one representation. `up` is None until one came or failed."""

    up: bool | None = None
    failure: ProbeFailed | None = None
    download: Download = field(default_factory=Download)
    asked: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_STALE_COPIES))
    task: asyncio.Task[None] | None = None


class Downloads:
    """Those of one stream. *came* is told which representation has come how far."""

    def __init__(self, session: aiohttp.ClientSession, came: Callable[[str, float], None]) -> None:
        self.counts = SegmentCounts()
        self.ttfb, self.seconds = Buckets(FETCHING), Buckets(FETCHING)
        self.newest: dict[str, Newest] = {}
        self._session, self._came = session, came

    @property
    def tasks(self) -> int:
        return sum(each.task is not None and not each.task.done() for each in list(self.newest.values()))

    async def keep_only(self, names: set[str]) -> None:
        gone = [self.newest.pop(name) for name in set(self.newest) - names]
        await stop([each.task for each in gone if each.task is not None])

    async def close(self) -> None:
        await self.keep_only(set())

    def want(self, name: str, base: URL, piece: Piece) -> bool:
        """Fetch a segment unless it was asked for before; false when the one before it still comes."""
        newest = self.newest.setdefault(name, Newest())
        place = round(piece.end, 3), piece.mark
        if place in newest.asked:
            return True
        if newest.task is not None and not newest.task.done():
            return False
        newest.asked.append(place)
        newest.task = asyncio.create_task(self._fetch(name, newest, base, piece))
        return True

    async def _fetch(self, name: str, newest: Newest, base: URL, piece: Piece) -> None:
        self.counts.requests += 1
        try:
            transfer = await self._transfer(base, piece)
        except ProbeFailed as failure:
            self._failed(newest, failure)
            return
        except Exception as exc:  # noqa: BLE001 - of an address that a stranger wrote; its text may hold a token
            self._failed(newest, ProbeFailed("protocol", f"unforeseen {type(exc).__name__}"))
            return
        newest.up, newest.failure = True, None
        newest.download.learn(transfer, piece.duration)
        self.counts.size += transfer.size
        self.ttfb.observe(transfer.ttfb)
        self.seconds.observe(transfer.seconds)
        self._came(name, piece.end)

    def _failed(self, newest: Newest, failure: ProbeFailed) -> None:
        self.counts.failures[code_class(failure)] += 1
        newest.up, newest.failure = False, failure
        newest.download.learn(None, 0.0)

    async def _transfer(self, base: URL, piece: Piece) -> Transfer:
        """A player gives up after about two durations."""
        url = resolve(base, (*piece.bases, piece.reference))
        headers = {}
        if piece.byte_range is not None:
            headers["Range"] = "bytes={}-{}".format(*piece.byte_range)
        within = min(60.0, max(5.0, 2 * piece.duration))
        return await drain(self._session, url, limit=_LIMIT, within=within, headers=headers)
