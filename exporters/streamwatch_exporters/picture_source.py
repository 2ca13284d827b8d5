"""One playlist whose segments are looked at: which segment comes next, and what became of it."""

import asyncio
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from streamwatch_exporters.fetching import fetch
from streamwatch_exporters.hls_playlist import MediaPlaylist, Segment
from streamwatch_exporters.picture_facts import Facts, Question
from streamwatch_exporters.picture_state import PictureState, Sample
from streamwatch_exporters.picture_workers import Workers
from streamwatch_exporters.playlist_loading import resolve
from streamwatch_exporters.probe import ProbeFailed

_SEGMENT_LIMIT = 32 * 1024 * 1024  # bytes
_CATCH_UP = 4  # segments of one look, while something holds and none may be left out
_SHORT = 0.5  # share of its declared duration under which a segment was cut off
_FOR_THE_WAY = 0.6  # share of the time left that fetching may take


@dataclass(frozen=True)
class Rules:
    """What a source needs of the settings."""

    full_every: int
    frozen_difference: float
    slate: str | None


class Deadline:
    """The end of a look, on the clock of the event loop."""

    def __init__(self, seconds: float) -> None:
        self._at = asyncio.get_running_loop().time() + seconds

    @property
    def left(self) -> float:
        """Seconds; raises `ProbeFailed` when there are none."""
        left = self._at - asyncio.get_running_loop().time()
        if left <= 0:
            raise ProbeFailed("timeout", "no complete answer in time")
        return left


@dataclass
class _Last:
    """The last segment that was seen, and how it ended."""

    sequence: int
    path: str
    picture: bytes = field(default=b"", repr=False)
    shape: tuple[int, int] = (0, 0)


class Source:
    """Looks at the newest segment, and while something holds at every one, so that durations add up."""

    def __init__(self, session: aiohttp.ClientSession, workers: Workers, rules: Rules, state: PictureState) -> None:
        self.state = state
        self._session, self._workers, self._rules = session, workers, rules
        self._last: _Last | None = None
        self._samples = 0
        self._initialisation: tuple[URL, bytes] | None = None

    async def look(self, playlist: MediaPlaylist, base: URL, deadline: Deadline) -> bool:
        """Look at what is new; false when nothing is. Raises `ProbeFailed`, and then knows nothing."""
        due = self._due(playlist)
        for sequence, segment in due:
            try:
                await self._sample(sequence, segment, base, deadline)
            except ProbeFailed:
                self.state.lose_sight()
                raise
        return bool(due)

    def _due(self, playlist: MediaPlaylist) -> list[tuple[int, Segment]]:
        listed = [each for each in enumerate(playlist.segments, playlist.media_sequence) if not each[1].gap]
        if self._last is None or not listed:
            return listed[-1:]
        sequence, newest = listed[-1]
        if sequence < self._last.sequence or (sequence == self._last.sequence and newest.path != self._last.path):
            self._last.sequence = -2  # its numbers began again: nothing follows on what was
            return listed[-1:]
        unseen = [each for each in listed if each[0] > self._last.sequence]
        return unseen[-_CATCH_UP:] if self.state.suspicious else unseen[-1:]

    async def _sample(self, sequence: int, segment: Segment, base: URL, deadline: Deadline) -> None:
        if segment.encrypted:
            raise ProbeFailed("decode", "the segments are encrypted, so nothing can be seen in them")
        last = self._last
        follows = last is not None and last.sequence + 1 == sequence
        body = await self._fetch(segment, base, deadline)
        before = last.picture if last else b""
        self._samples += 1
        question = Question(
            full=self.state.looks_suspicious or self._samples % self._rules.full_every == 0,
            consecutive=follows and bool(before),
            before_size=len(before),
            before_shape=last.shape if last else (0, 0),
            frozen_difference=self._rules.frozen_difference,
            slate=self._rules.slate,
        )
        decoded = await self._workers.decode(question, before, body, within=deadline.left)
        _require_whole(decoded.facts, segment)
        self.state.take(Sample(decoded.facts, follows=follows, marked=segment.discontinuity))
        self._last = _Last(sequence, segment.path, decoded.picture, decoded.shape)

    async def _fetch(self, segment: Segment, base: URL, deadline: Deadline) -> bytes:
        body = await self._get(resolve(base, segment.uri), segment.byte_range, deadline)
        if segment.initialisation is None:
            return body
        url = resolve(base, segment.initialisation.uri)
        if self._initialisation is None or self._initialisation[0] != url:
            self._initialisation = (url, await self._get(url, segment.initialisation.byte_range, deadline))
        return self._initialisation[1] + body

    async def _get(self, url: URL, byte_range: tuple[int, int] | None, deadline: Deadline) -> bytes:
        within = deadline.left * _FOR_THE_WAY
        if byte_range is None:
            return (await fetch(self._session, url, limit=_SEGMENT_LIMIT, within=within)).body
        start, length = byte_range
        headers = {"Range": f"bytes={start}-{start + length - 1}"}
        body = (await fetch(self._session, url, limit=_SEGMENT_LIMIT, within=within, headers=headers)).body
        # A server that knows no ranges sends everything.
        return body if len(body) <= length else body[start : start + length]


def _require_whole(facts: Facts, segment: Segment) -> None:
    tracks = [track for track in (facts.video_track, facts.audio_track) if track is not None]
    if max((track.seconds for track in tracks), default=0.0) < _SHORT * segment.duration:
        raise ProbeFailed("decode", "the segment is cut short: it lasts less than half of what the playlist says")
