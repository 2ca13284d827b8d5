"""What is new in a media playlist since the last look at it, so that each tag counts once. Pure.

What stood in the first playlist is history: it began before anybody watched, and counting it would make every
start of the exporter look like an event.
"""

from dataclasses import dataclass

from streamwatch_exporters.hls_playlist import MediaPlaylist, Segment

MAX_PDT_STEP = 1.0  # seconds by which the dates of neighbours may contradict their durations


@dataclass(frozen=True)
class News:
    """Segments that were not listed before, oldest first. *follows*: nothing is missing in front of them."""

    segments: tuple[Segment, ...]
    history: bool = False
    follows: bool = True


class Newness:
    """Tells new segments from known ones by number, across sliding windows, stale copies and restarts."""

    def __init__(self) -> None:
        self._newest: MediaPlaylist | None = None

    def take(self, playlist: MediaPlaylist) -> News:
        before = self._newest
        if before is None:
            self._newest = playlist
            return News(playlist.segments, history=True, follows=False)
        if playlist.media_sequence < before.media_sequence and not _is_copy(playlist, before):
            self._newest = playlist  # its numbers began again: all of it is new
            return News(playlist.segments, follows=False)
        if playlist.end_sequence <= before.end_sequence:
            return News(())
        self._newest = playlist
        known = max(0, before.end_sequence - playlist.first_sequence)
        return News(playlist.segments[known:], follows=playlist.first_sequence <= before.end_sequence)


def _is_copy(playlist: MediaPlaylist, before: MediaPlaylist) -> bool:
    """An older copy, as a slow edge cache has it, shares segments with the newest playlist."""
    start = max(playlist.first_sequence, before.first_sequence)
    if start >= min(playlist.end_sequence, before.end_sequence):
        return False
    return (
        playlist.segments[start - playlist.first_sequence].path
        == before.segments[start - before.first_sequence].path
    )


class LiveEdge:
    """The wall-clock time, by EXT-X-PROGRAM-DATE-TIME, at which the newest segment ends. None when no tag says."""

    def __init__(self) -> None:
        self.end: float | None = None

    def take(self, news: News) -> int:
        """Follow the dates over new segments; how often they jumped without a discontinuity."""
        jumps = 0
        expected = self.end if news.follows else None
        for segment in news.segments:
            if segment.date is not None:
                off = expected is not None and abs(segment.date - expected) > MAX_PDT_STEP
                jumps += off and not segment.discontinuity
                expected = segment.date
            if expected is not None:
                expected += segment.duration
        self.end = expected
        return jumps

    def with_parts(self, playlist: MediaPlaylist) -> float | None:
        """The same with the parts of low-latency HLS that stand behind the newest segment."""
        end = self.end if playlist.date_after is None else playlist.date_after
        if end is None or playlist.low_latency is None:
            return self.end
        return end + playlist.low_latency.trailing_seconds
