"""The continuous watcher of one HLS stream: a task for its entry playlist and one for each playlist it lists.

A playlist that hangs holds up nobody else; each has its own state, so an advancing variant hides no frozen one.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from yarl import URL

from streamwatch_exporters.buckets import FETCHING, Buckets
from streamwatch_exporters.fetching import Transfer
from streamwatch_exporters.hls import HlsSettings
from streamwatch_exporters.hls_blocking import EVERY, blocking_reload, offers_blocking
from streamwatch_exporters.hls_cdns import CdnWatch
from streamwatch_exporters.hls_identity import SINGLE, Listed, PlaylistId, listed_playlists
from streamwatch_exporters.hls_playlist import MasterPlaylist, MediaPlaylist
from streamwatch_exporters.hls_segment import SegmentCounts, code_class, fetch_segment
from streamwatch_exporters.hls_stream import StreamDetails
from streamwatch_exporters.hls_watched import WatchedPlaylist
from streamwatch_exporters.pace import OVERRUN, Pace, reload_after
from streamwatch_exporters.playlist_loading import Loaded, load, load_media, resolve
from streamwatch_exporters.probe import Answer, ProbeFailed, Target
from streamwatch_exporters.recent import Look
from streamwatch_exporters.settings import http_url
from streamwatch_exporters.watching import Tools, stop

_MASTER_EVERY = 10.0  # seconds: its addresses may hold tokens that expire
_RETRY = 1.0  # seconds
_JITTER = 0.5  # seconds over which watchers that start together are spread
_AT_ONCE = 20  # looks that begin in one round of the event loop: about 10 ms of work
_MAX_PLAYLISTS = 64  # of one master; a list without end must not become tasks without end
_SEGMENT_BUSY = "segment_busy"


class Times:
    """Durations of one stream, in seconds, which cannot be told from a last value. What never was has none."""

    def __init__(self) -> None:
        self.playlists: dict[str, Buckets] = {}  # by kind
        self.ttfb: Buckets | None = None
        self.segments: Buckets | None = None

    def playlist(self, kind: str, seconds: float) -> None:
        if kind not in self.playlists:
            self.playlists[kind] = Buckets(FETCHING)
        self.playlists[kind].observe(seconds)

    def segment(self, transfer: Transfer) -> None:
        self.ttfb, self.segments = self.ttfb or Buckets(FETCHING), self.segments or Buckets(FETCHING)
        self.ttfb.observe(transfer.ttfb)
        self.segments.observe(transfer.seconds)


class Turns:
    """Lets only so many looks begin in each round of the event loop, so that those under way get on.

    A process that is behind would else begin faster than it ends: all looks time out, connect anew, and time out.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._free = _AT_ONCE

    async def take(self) -> None:
        loop = asyncio.get_running_loop()
        if self._free == _AT_ONCE:
            loop.call_soon(self._next_round)
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next_round(self) -> None:
        self._free = _AT_ONCE
        while self._waiting and self._free:
            turn = self._waiting.popleft()
            if not turn.done():  # its watcher may have been closed
                turn.set_result(None)
                self._free -= 1
        if self._free < _AT_ONCE:
            asyncio.get_running_loop().call_soon(self._next_round)


class HlsWatcher:
    """Watches one stream until closed. Read by `HlsFamily`; what it does not know is None."""

    def __init__(self, stream: str, settings: HlsSettings, tools: Tools, turns: Turns) -> None:
        self.stream, self.settings = stream, settings
        self.target, self.labels = Target("hls", stream=stream), (stream,)
        self.playlists: dict[PlaylistId, WatchedPlaylist] = {}
        self.segments = SegmentCounts()
        self.entry_failure: ProbeFailed | None = None
        self.details = StreamDetails(tools.session, settings.timeout, self.playlists)
        self._entry: Loaded | None = None
        self._variables: Mapping[str, str] = {}
        self._session, self._get, self._health = tools.session, tools.kept.get, tools.health
        self._clock, self._note = tools.clock, tools.note
        self.times, self._turns = Times(), turns
        self._url = http_url(settings.secret_url)
        self._record = tools.health.watch(self.target, skip_reasons=(OVERRUN, _SEGMENT_BUSY))
        self._task = asyncio.create_task(self._every(self._look))
        self.cdns = [CdnWatch(copy, settings.timeout, self._get, self.details.edge) for copy in settings.also]

    @property
    def tasks(self) -> int:
        return 1 + len(self.cdns) + sum(watched.task is not None for watched in list(self.playlists.values()))

    async def close(self) -> None:
        """Stop watching and leave nothing behind."""
        await stop([self._task])
        await asyncio.gather(*(cdn.close() for cdn in self.cdns))
        await stop([task for watched in self.playlists.values() for task in watched.tasks()])
        await self.details.keys.close()
        self._health.forget(self.target)

    async def _every(self, look: Callable[[], Awaitable[float]], watched: WatchedPlaylist | None = None) -> None:
        """Look for ever, each look saying when the next one is due. Without `watched` it is the entry playlist."""
        await asyncio.sleep(random.random() * _JITTER)  # noqa: S311 - spreads load, guards nothing
        pace, late = Pace(self._record, self._clock), 0.0
        while True:
            await self._turn(late)
            started = self._clock.steady()
            try:
                interval = await look()
                self._health.succeeded(self.target, up=self._is_up())
            except ProbeFailed as failure:
                interval = self._take_failure(watched, failure)
            except Exception as exc:  # noqa: BLE001 - a watcher that dies would be a silent gap
                # Only its type: the text of an unforeseen error may hold the address.
                interval = self._take_failure(watched, ProbeFailed("protocol", f"unforeseen {type(exc).__name__}"))
            self._report(started)
            await pace.wait(interval)
            late = self._record.lag or 0.0

    async def _turn(self, late: float) -> None:
        """Waiting for the others makes a look that is late already later."""
        asked = self._clock.steady()
        await self._turns.take()
        self._record.lag = late + self._clock.steady() - asked

    async def _look(self) -> float:
        """Load the entry playlist: the only one, or the master that lists the others."""
        loaded = self._entry = await load(self._get, self._url, self.settings.timeout, known=self._entry)
        if isinstance(loaded.playlist, MasterPlaylist):
            return await self._take_master(loaded, loaded.playlist)
        self.entry_failure = None
        await self._keep_only({SINGLE})
        watched = self._watched(SINGLE)
        return self._take_media(watched, loaded, loaded.playlist)

    async def _look_at(self, watched: WatchedPlaylist) -> float:
        """Load one listed playlist."""
        assert watched.url is not None
        playlist, loaded = await load_media(
            self._get, watched.url, self.settings.timeout, known=watched.loaded, imported=self._variables
        )
        return self._take_media(watched, loaded, playlist)

    async def _take_master(self, loaded: Loaded, master: MasterPlaylist) -> float:
        self.times.playlist("master", loaded.seconds)
        self.details.answered(loaded.answer, self._clock.wall())
        self.details.keys.look_at(master.session_keys, loaded.url)
        self._variables = master.variables
        listed = listed_playlists(master)[:_MAX_PLAYLISTS]
        urls = [resolve(loaded.url, each.uri) for each in listed]
        self.entry_failure = None
        await self._keep_only({each.id for each in listed})
        for each, url in zip(listed, urls, strict=True):
            self._follow(each, url)
        settled = all(watched.up for watched in self.playlists.values())
        return _MASTER_EVERY if settled else _RETRY

    def _follow(self, listed: Listed, url: URL) -> None:
        watched = self._watched(listed.id)
        watched.variant, watched.url = listed.variant, url
        if watched.task is None:
            watched.task = asyncio.create_task(self._every(lambda: self._look_at(watched), watched))

    def _watched(self, id_: PlaylistId) -> WatchedPlaylist:
        watched = self.playlists.get(id_)
        if watched is None:
            watched = self.playlists[id_] = WatchedPlaylist()
        return watched

    async def _keep_only(self, ids: set[PlaylistId]) -> None:
        """Playlists that are no longer listed are forgotten, and with them their series."""
        if ids >= self.playlists.keys():
            return
        gone = [self.playlists.pop(id_) for id_ in set(self.playlists) - ids]
        await stop([task for watched in gone for task in watched.tasks()])

    def _take_media(self, watched: WatchedPlaylist, loaded: Loaded, playlist: MediaPlaylist) -> float:
        self.times.playlist("media", loaded.seconds)
        advanced = watched.state.take(playlist, self._clock.steady())
        watched.up, watched.failure = True, None
        self.details.take(watched, loaded, playlist, self._clock.wall())
        if advanced and self._is_variant(watched):
            self._start_reload(watched, loaded.url, playlist)
        if advanced and self.settings.segments:
            self._start_segment(watched, loaded.url, playlist)
        return reload_after(playlist.target_duration, advanced=advanced)

    def _is_variant(self, watched: WatchedPlaylist) -> bool:
        return watched.variant is not None or self.playlists.get(SINGLE) is watched

    def _start_reload(self, watched: WatchedPlaylist, url: URL, playlist: MediaPlaylist) -> None:
        """Beside the polling: however long the server holds it back, nothing waits for it."""
        now = self._clock.steady()
        idle = watched.reload_task is None or watched.reload_task.done()
        if offers_blocking(playlist) and idle and now >= watched.reload_due:
            watched.reload_due = now + EVERY
            watched.reload_task = asyncio.create_task(self._reload(watched, url, playlist))

    async def _reload(self, watched: WatchedPlaylist, url: URL, playlist: MediaPlaylist) -> None:
        try:
            seconds = await blocking_reload(self._session, url, playlist, self._variables)
        except Exception:  # noqa: BLE001 - of what a stranger wrote; the polling tells of playlists that fail
            return
        if seconds is not None:
            watched.details.reloads.observe(seconds)

    def _take_failure(self, watched: WatchedPlaylist | None, failure: ProbeFailed) -> float:
        if watched is None:
            self.entry_failure = failure
            watched = self.playlists.get(SINGLE)
        if watched is not None:
            watched.up, watched.failure = False, failure
        self._health.failed(self.target, failure.reason, up=self._is_up())
        return _RETRY

    def _start_segment(self, watched: WatchedPlaylist, base: URL, playlist: MediaPlaylist) -> None:
        """Fetch the newest segment beside the polling, so that a slow one delays no look at the playlist."""
        if not self._is_variant(watched) or not playlist.segments or playlist.segments[-1].gap:
            return
        if watched.segment_task is not None and not watched.segment_task.done():
            self._record.skipped[_SEGMENT_BUSY] += 1
            return
        watched.segment_task = asyncio.create_task(self._fetch_segment(watched, base, playlist))

    async def _fetch_segment(self, watched: WatchedPlaylist, base: URL, playlist: MediaPlaylist) -> None:
        segment = playlist.segments[-1]
        self.segments.requests += 1
        try:
            transfer = await fetch_segment(self._session, resolve(base, segment.uri), segment)
        except ProbeFailed as failure:
            self._segment_failed(watched, failure)
            return
        except Exception as exc:  # noqa: BLE001 - of an address that a stranger wrote; its text may hold a token
            self._segment_failed(watched, ProbeFailed("protocol", f"unforeseen {type(exc).__name__}"))
            return
        self.segments.size += transfer.size
        self.details.cache.learn(transfer.headers)
        self.times.segment(transfer)
        watched.download.learn(transfer, segment.duration)

    def _segment_failed(self, watched: WatchedPlaylist, failure: ProbeFailed) -> None:
        self.segments.failures[code_class(failure)] += 1
        watched.download.learn(None, 0.0)

    def _is_up(self) -> bool:
        """Reached and understood: the entry, and at least one playlist that was tried."""
        tried = [watched.up for watched in self.playlists.values() if watched.up is not None]
        return self.entry_failure is None and (any(tried) or not tried)

    def _report(self, started: float) -> None:
        answer, text = describe(self.entry_failure, self.playlists)
        seconds = self._clock.steady() - started
        self._note(Look(self.target, self._clock.wall(), answer, text, seconds))


def describe(entry_failure: ProbeFailed | None, playlists: dict[PlaylistId, WatchedPlaylist]) -> tuple[Answer, str]:
    """One answer for the stream, in words without numbers that change at each look."""
    if entry_failure is not None:
        return Answer.CANNOT_TELL, str(entry_failure)
    failing = [(id_, watched.failure) for id_, watched in playlists.items() if watched.failure is not None]
    if failing:
        id_, failure = failing[0]
        name = id_.variant or id_.rendition
        answer = Answer.BAD if len(failing) < len(playlists) else Answer.CANNOT_TELL
        return answer, f"{len(failing)} of {len(playlists)} playlists fail, {name}: {failure}"
    if any(watched.state.playlist and watched.state.playlist.ended for watched in playlists.values()):
        return Answer.BAD, "the playlist says that the stream is over"
    return Answer.OK, f"{len(playlists)} playlist(s) answer"
