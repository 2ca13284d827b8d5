"""The time by which a DASH stream goes: that of its UTCTiming (ISO/IEC 23009-1 clause 5.8.4.11), as players do it.

Without one it is ours, or the server's `Date` where the two are far apart: half a second is all that `Date` tells.
"""

import asyncio

import aiohttp
from yarl import URL

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.dash_loading import LoadedManifest, resolve
from streamwatch_exporters.dash_manifest import UtcTiming
from streamwatch_exporters.dash_values import instant
from streamwatch_exporters.fetching import Fetched, fetch, translated_errors
from streamwatch_exporters.hls_clock_skew import ClockSkew
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.watching import stop

_BY_HTTP = ("http-head", "http-iso", "http-xsdate")
_EVERY, _RETRY = 30.0, 5.0  # seconds
_LIMIT = 1024  # bytes
_FAR = 1.0  # seconds
_HALF_A_SECOND = 0.5


class StreamTime:
    """`skew` is how far the clock of UTCTiming is ahead of ours; None until it told. `failed`: it does not tell."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, timeout: float) -> None:
        self.skew: float | None = None
        self.failed = False
        self._session, self._clock, self._timeout = session, clock, timeout
        self._dates = ClockSkew()
        self._task: asyncio.Task[None] | None = None
        self._due = 0.0
        self._told_by: LoadedManifest | None = None

    def now(self) -> float:
        """Unix time."""
        return self._clock.wall() + self.correction

    @property
    def correction(self) -> float:
        if self.skew is not None:
            return self.skew
        by_date = self._dates.seconds or 0.0
        return by_date if abs(by_date) > _FAR else 0.0

    def learn(self, loaded: LoadedManifest) -> None:
        """Learn from an answer that came just now. A time server is asked beside it, so that it delays nothing."""
        midpoint = self._clock.wall() - loaded.answer.seconds / 2
        self._dates.learn(loaded.answer.server_time, midpoint, loaded.answer.headers.get("Age", ""))
        timing = chosen(loaded.manifest.timings)
        if timing is None:
            self.skew, self.failed = None, False
        elif timing.scheme == "direct":
            self._learn_direct(timing, loaded, midpoint)
        elif self._clock.steady() >= self._due and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._ask(timing, loaded.url))

    async def settle(self) -> None:
        """Return when a question that is under way was answered or given up."""
        if self._task is not None:
            await self._task

    async def close(self) -> None:
        await stop([self._task] if self._task is not None else [])

    def _learn_direct(self, timing: UtcTiming, loaded: LoadedManifest, midpoint: float) -> None:
        """What stands in the manifest was true when it was written: the same one again says nothing new."""
        if self._told_by is not None and self._told_by.manifest is loaded.manifest:
            return
        self._told_by = loaded
        said = instant(timing.value)
        self.failed = said is None
        if said is not None:
            self.skew = said - midpoint

    async def _ask(self, timing: UtcTiming, base: URL) -> None:
        try:
            url = resolve(base, timing.value.split()[:1])
            self.skew = await skew_by(self._session, timing.scheme, url, self._clock, self._timeout)
            self.failed = False
        except Exception:  # noqa: BLE001 - whatever becomes of an address that a stranger wrote, it tells no time
            self.failed = True
        self._due = self._clock.steady() + (_RETRY if self.failed else _EVERY)


def chosen(timings: tuple[UtcTiming, ...]) -> UtcTiming | None:
    """The first that is spoken here: they stand in the order of preference."""
    return next((each for each in timings if each.scheme == "direct" or each.scheme in _BY_HTTP), None)


async def skew_by(session: aiohttp.ClientSession, scheme: str, url: URL, clock: Clock, within: float) -> float:
    """Seconds that a time server is ahead of us. Raises `ProbeFailed`."""
    started = clock.steady()
    if scheme == "http-head":
        answer = await _head(session, url, within)
        told = answer.server_time
        said = None if told is None else told + _HALF_A_SECOND  # Date has whole seconds
    else:
        answer = await fetch(session, url, limit=_LIMIT, within=within)
        said = instant(answer.body.decode("ascii", "replace"))
    if said is None:
        raise ProbeFailed("parse", "the time server does not tell the time")
    return said - (clock.wall() - (clock.steady() - started) / 2)


async def _head(session: aiohttp.ClientSession, url: URL, within: float) -> Fetched:
    with translated_errors():
        async with asyncio.timeout(within), session.head(url, allow_redirects=True, max_redirects=5) as response:
            return Fetched(b"", response.url, 0.0, response.headers.get("Date", ""), response.headers)
