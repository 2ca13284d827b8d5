"""What the playlists of one stream tell together: its servers' clock and caches, its ad breaks, keys and drift."""

from collections.abc import Iterable, Mapping

import aiohttp
from multidict import istr

from streamwatch_exporters.fetching import Fetched
from streamwatch_exporters.hls_answers import CacheCounts, is_playlist_type
from streamwatch_exporters.hls_clock_skew import ClockSkew
from streamwatch_exporters.hls_cues import CUE_KINDS, CueKind
from streamwatch_exporters.hls_identity import PlaylistId
from streamwatch_exporters.hls_key_fetch import KeyWatch
from streamwatch_exporters.hls_playlist import MediaPlaylist
from streamwatch_exporters.hls_watched import WatchedPlaylist
from streamwatch_exporters.playlist_loading import Loaded

_MAX_DRIFT = 3  # segments
_TYPE = istr("Content-Type")
_SKEW_EVERY = 1.7  # seconds: reading a date takes longer than all else at a playlist that did not change


class StreamDetails:
    """One for each stream. `cues` follow one variant: the others carry the same ones."""

    def __init__(
        self, session: aiohttp.ClientSession, timeout: float, playlists: Mapping[PlaylistId, WatchedPlaylist]
    ) -> None:
        self.skew = ClockSkew()
        self.cache = CacheCounts()
        self.cues: dict[CueKind, int] = dict.fromkeys(CUE_KINDS, 0)
        self.keys = KeyWatch(session, timeout)
        self._playlists = playlists
        self._skew_at = 0.0

    def answered(self, answer: Fetched, now: float) -> None:
        """Learn from the headers of a playlist that came just *now*, in wall-clock time."""
        self.cache.learn(answer.headers)
        if not 0 <= now - self._skew_at < _SKEW_EVERY:
            self._skew_at = now
            self.skew.learn(answer.server_time, now - answer.seconds / 2, answer.headers.get("Age", ""))

    def take(self, watched: WatchedPlaylist, loaded: Loaded, playlist: MediaPlaylist, now: float) -> None:
        """Everything beyond the age. Of a playlist with the same bytes as before only its answer is new."""
        self.answered(loaded.answer, now)
        self._hold_rules(watched, loaded, playlist)
        changed = watched.loaded is None or watched.loaded.playlist is not playlist
        watched.loaded = loaded
        if not changed:
            return
        happened = watched.details.take(playlist)
        watched.state.violations["pdt_jump"] += happened.jumps
        watched.state.violations["cue_unpaired"] += happened.unpaired
        leader = self.leader()
        if happened.cues and leader is not None and leader[1] is watched:
            for kind in happened.cues:
                self.cues[kind] += 1

    def leader(self) -> tuple[PlaylistId, WatchedPlaylist] | None:
        """The variant whose ad breaks stand for the stream."""
        return next(iter(self._answering()), None)

    @property
    def ad_active(self) -> bool | None:
        """Whether the stream is inside an ad break."""
        leader = self.leader()
        return None if leader is None else leader[1].details.ad_active

    def newest(self) -> list[int]:
        """The media sequence numbers that come next, of the variants that answer."""
        playlists = (watched.state.playlist for _, watched in self._answering())
        return [playlist.end_sequence for playlist in playlists if playlist is not None]

    def edge(self) -> tuple[PlaylistId, int] | None:
        """What copies at other networks are compared with."""
        leader = self.leader()
        if leader is None or leader[1].state.playlist is None:
            return None
        return leader[0], leader[1].state.playlist.end_sequence

    def _hold_rules(self, watched: WatchedPlaylist, loaded: Loaded, playlist: MediaPlaylist) -> None:
        hold = watched.state.hold
        hold("bad_content_type", holds=not is_playlist_type(loaded.answer.headers.get(_TYPE, "")))
        behind = max(self.newest(), default=0) - playlist.end_sequence if len(self._playlists) > 1 else 0
        hold("variant_drift", holds=watched.variant is not None and behind > _MAX_DRIFT)
        if playlist.keys and (good := self.keys.look_at(playlist.keys, loaded.url)) is not None:
            hold("key_invalid", holds=not good)

    def _answering(self) -> list[tuple[PlaylistId, WatchedPlaylist]]:
        # A copy: the page is made in another thread, while playlists come and go.
        return [(id_, watched) for id_, watched in list(self._playlists.items()) if id_.variant and watched.up]


def drift(newest: Iterable[int]) -> int | None:
    """How far the newest media sequence numbers of the variants lie apart; None when there are not two."""
    numbers = list(newest)
    return max(numbers) - min(numbers) if len(numbers) > 1 else None
