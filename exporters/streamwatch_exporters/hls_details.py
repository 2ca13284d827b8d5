"""What one media playlist tells beyond its age: dates, marks, ad breaks and parts, followed over time. Pure."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from streamwatch_exporters.buckets import Buckets
from streamwatch_exporters.hls_cues import AdBreak, CueKind, inside_range
from streamwatch_exporters.hls_news import LiveEdge, Newness, News
from streamwatch_exporters.hls_playlist import MediaPlaylist

PART_SECONDS = (0.1, 0.2, 0.25, 0.33, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
RELOAD_SECONDS = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 6.0, 10.0)
_RANGES = 256  # remembered DATERANGEs


@dataclass
class Happened:
    """What came up since the look before."""

    cues: list[CueKind] = field(default_factory=list)
    unpaired: int = 0
    jumps: int = 0


class PlaylistDetails:
    """Takes each playlist that differs from the one before. `edge` is unix seconds by the packager's clock."""

    def __init__(self) -> None:
        self.discontinuities = 0
        self.gaps = 0
        self.edge: float | None = None
        self.ad_active: bool | None = None
        self.parts = Buckets(PART_SECONDS)
        self.reloads = Buckets(RELOAD_SECONDS)
        self._newness, self._live_edge, self._break = Newness(), LiveEdge(), AdBreak()
        self._newest_part = (-1, -1)
        self._ranges: OrderedDict[tuple[str, str], None] = OrderedDict()

    def take(self, playlist: MediaPlaylist) -> Happened:
        news = self._newness.take(playlist)
        happened = Happened(jumps=self._live_edge.take(news) if news.segments else 0)
        self.edge = self._live_edge.with_parts(playlist)
        self._take_breaks(news, happened)
        new_ranges = list(self._new_ranges(playlist))
        happened.cues += ["daterange"] * len(new_ranges)
        ranged = inside_range(playlist.ad_ranges, self.edge)
        self.ad_active = ranged if ranged or self._break.inside is None else self._break.inside
        self._take_parts(playlist, anew=bool(news.segments) and not news.follows)
        if news.history:
            return Happened()
        self.discontinuities += sum(segment.discontinuity for segment in news.segments)
        self.gaps += sum(segment.gap for segment in news.segments)
        return happened

    def _take_breaks(self, news: News, happened: Happened) -> None:
        if news.segments and not news.follows:
            self._break = AdBreak()  # what stood in the segments between is not known
        for segment in news.segments:
            happened.unpaired += self._break.take(segment.cues, segment.duration)
            happened.cues += [cue.kind for cue in segment.cues]

    def _new_ranges(self, playlist: MediaPlaylist) -> Iterator[tuple[str, str]]:
        """A DATERANGE stays listed for long, and may be told again with more attributes."""
        for ad_range in playlist.ad_ranges:
            key = ad_range.id, ad_range.command
            if key not in self._ranges:
                yield key
            self._ranges[key] = None
            self._ranges.move_to_end(key)
        while len(self._ranges) > _RANGES:
            self._ranges.popitem(last=False)

    def _take_parts(self, playlist: MediaPlaylist, *, anew: bool) -> None:
        """Each part once, also when an older copy lists it again; *anew* when the numbers may begin again."""
        if playlist.low_latency is None or not playlist.low_latency.parts:
            return
        self._newest_part = (-1, -1) if anew else self._newest_part
        for part in playlist.low_latency.parts:
            if (part.segment, part.index) > self._newest_part and not part.gap:
                self.parts.observe(part.duration)
        newest = playlist.low_latency.parts[-1]
        self._newest_part = max(self._newest_part, (newest.segment, newest.index))
