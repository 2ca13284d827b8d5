"""What is known of one media playlist over time: when it advanced, and which rules it broke. No I/O, no judging.

A violation is counted when it begins, not at every look while it lasts.
"""

from collections import deque
from collections.abc import Iterator
from typing import Literal, get_args

from streamwatch_exporters.hls_playlist import MediaPlaylist

Rule = Literal[
    "media_sequence_regress",
    "media_sequence_gap",
    "segment_rewritten",
    "playlist_shrunk",
    "target_duration_exceeded",
    "target_duration_changed",
    "target_duration_missing",
    "window_too_short",
    "discontinuity_sequence",
    "endlist_on_live",
    "pdt_jump",
    "cue_unpaired",
    "key_invalid",
    "variant_drift",
    "bad_content_type",
]
RULES: tuple[Rule, ...] = get_args(Rule)

_STALE_COPIES = 4
"""So many newest states are remembered: an edge cache that goes back to one of them has not advanced."""

_OF_PLAYLIST: frozenset[Rule] = frozenset(
    {"endlist_on_live", "target_duration_missing", "target_duration_exceeded", "window_too_short"}
)
"""Conditions that a playlist shows by itself; the others that last are held by whoever sees them."""

Position = tuple[int, int, str, str]


class PlaylistState:
    """Takes each playlist as it was read. All times are steady seconds."""

    def __init__(self) -> None:
        self.last_advance: float | None = None
        self.playlist: MediaPlaylist | None = None
        self.violations: dict[Rule, int] = dict.fromkeys(RULES, 0)
        self._recent: deque[Position] = deque(maxlen=_STALE_COPIES)
        self._lasting: set[Rule] = set()
        self._taken_at = 0.0

    def take(self, playlist: MediaPlaylist, now: float) -> bool:
        """Learn what the playlist says now; true when it advanced."""
        if playlist is self.playlist:  # nothing to compare: most looks see what the one before saw
            self._taken_at = now
            return False
        broken = set(self._conditions(playlist))
        began = broken - self._lasting
        self._lasting = self._lasting - _OF_PLAYLIST | broken
        if self.playlist is not None:
            began |= set(_changes(self.playlist, playlist, watched=self._watched_closely(now)))
        for rule in began:
            self.violations[rule] += 1
        position = _position(playlist)
        advanced = position not in self._recent
        if advanced:
            self._recent.append(position)
            self.last_advance = now
        self.playlist, self._taken_at = playlist, now
        return advanced

    def hold(self, rule: Rule, *, holds: bool) -> None:
        """Learn of a condition that does not stand in the playlist; it counts when it begins."""
        if not holds:
            self._lasting.discard(rule)
        elif rule not in self._lasting:
            self.violations[rule] += 1
            self._lasting.add(rule)

    def age(self, now: float) -> float | None:
        """Seconds since the playlist advanced. It goes on growing while the origin cannot be reached: that
        the playlist has not been seen to advance is known."""
        return None if self.last_advance is None else max(0.0, now - self.last_advance)

    def stall_ratio(self, now: float) -> float | None:
        """Age as a multiple of the target duration."""
        age = self.age(now)
        if age is None or self.playlist is None or not self.playlist.target_duration:
            return None
        return age / self.playlist.target_duration

    def _watched_closely(self, now: float) -> bool:
        """After a pause longer than the window, a gap is ours and not the origin's."""
        return self.playlist is not None and now - self._taken_at < max(2.0, self.playlist.duration / 2)

    @staticmethod
    def _conditions(playlist: MediaPlaylist) -> Iterator[Rule]:
        """Rules that a playlist breaks by itself and for as long as it says so."""
        target = playlist.target_duration
        if playlist.ended or playlist.on_demand:
            yield "endlist_on_live"
        if target is None:
            yield "target_duration_missing"
            return
        # RFC 8216 section 4.3.3.1: a duration rounded to the nearest integer must not exceed the target.
        if any(segment.duration >= target + 0.5 for segment in playlist.segments):
            yield "target_duration_exceeded"
        # Section 6.2.2: segments may be taken away only while three target durations remain.
        # A delta update lists only a part of the window.
        whole = playlist.segments and not playlist.skipped
        if playlist.media_sequence > 0 and whole and playlist.duration < 3 * target - 0.5:
            yield "window_too_short"


def _position(playlist: MediaPlaylist) -> Position:
    last = playlist.segments[-1].path if playlist.segments else ""
    return playlist.media_sequence, len(playlist.segments) + playlist.skipped, last, playlist.last_part


def _changes(before: MediaPlaylist, now: MediaPlaylist, *, watched: bool) -> Iterator[Rule]:
    """Rules that are broken by the step from one playlist to the next."""
    if now.target_duration != before.target_duration and None not in (now.target_duration, before.target_duration):
        yield "target_duration_changed"
    if now.media_sequence < before.media_sequence:
        yield "media_sequence_regress"
        return
    if now.discontinuity_sequence < before.discontinuity_sequence:
        yield "discontinuity_sequence"
    if watched and now.media_sequence > before.end_sequence:
        yield "media_sequence_gap"
    if now.end_sequence < before.end_sequence:
        yield "playlist_shrunk"
    if _rewritten(before, now):
        yield "segment_rewritten"


def _rewritten(before: MediaPlaylist, now: MediaPlaylist) -> bool:
    known = {before.first_sequence + i: segment.path for i, segment in enumerate(before.segments)}
    return any(
        known.get(now.first_sequence + i, segment.path) != segment.path for i, segment in enumerate(now.segments)
    )
