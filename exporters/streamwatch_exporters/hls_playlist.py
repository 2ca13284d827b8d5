"""An HLS playlist, read line by line (RFC 8216 section 4). Unknown tags are passed over, as section 6.3.1 asks.

Read are the tags that a check needs; MEDIA-SEQUENCE and DISCONTINUITY-SEQUENCE default to 0 (sections 4.3.3.2, 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from streamwatch_exporters.hls_cues import AdRange, Cue, CueReader
from streamwatch_exporters.hls_keys import Key, KeyFormat, read_key
from streamwatch_exporters.hls_low_latency import LowLatency
from streamwatch_exporters.hls_parts import PartReader
from streamwatch_exporters.hls_values import attributes, byte_range, seconds, unix_time, whole
from streamwatch_exporters.hls_variables import Variables
from streamwatch_exporters.probe import ProbeFailed


@dataclass(slots=True)  # not frozen, which takes four times as long to make, and playlists list many
class Segment:
    """One media segment. `duration` is seconds; the byte range is (offset, length)."""

    uri: str = field(repr=False)
    duration: float
    discontinuity: bool = False
    gap: bool = False
    byte_range: tuple[int, int] | None = None
    initialisation: "Initialisation | None" = None
    encrypted: bool = False
    date: float | None = None  # EXT-X-PROGRAM-DATE-TIME, unix seconds
    cues: tuple[Cue, ...] = ()

    @property
    def path(self) -> str:
        """The reference without its query: tokens rotate, the segment stays the same."""
        return self.uri.partition("?")[0]


@dataclass(frozen=True)
class Initialisation:
    """EXT-X-MAP: what a decoder must read before a segment."""

    uri: str = field(repr=False)
    byte_range: tuple[int, int] | None = None


@dataclass(frozen=True)
class MediaPlaylist:
    """A list of segments. Durations are seconds; `target_duration` is None when the playlist lacks it."""

    segments: tuple[Segment, ...]
    target_duration: float | None
    media_sequence: int = 0
    discontinuity_sequence: int = 0
    ended: bool = False
    on_demand: bool = False
    last_part: str = ""  # newest partial segment of low-latency HLS, without its query
    skipped: int = 0  # segments that a delta update leaves out at its beginning
    date_after: float | None = None  # EXT-X-PROGRAM-DATE-TIME behind the last segment
    keys: tuple[Key, ...] = ()
    ad_ranges: tuple[AdRange, ...] = ()
    low_latency: LowLatency | None = None

    @property
    def first_sequence(self) -> int:
        """The media sequence number of the first of `segments`."""
        return self.media_sequence + self.skipped

    @property
    def end_sequence(self) -> int:
        """The media sequence number that the next segment will have."""
        return self.media_sequence + self.skipped + len(self.segments)

    @cached_property
    def duration(self) -> float:
        return sum(segment.duration for segment in self.segments)


@dataclass(frozen=True)
class Variant:
    """One EXT-X-STREAM-INF. `bandwidth` is bits per second, as declared."""

    uri: str = field(repr=False)
    bandwidth: int
    resolution: str = ""
    codecs: str = ""
    frame_rate: str = ""
    audio_group: str = ""


@dataclass(frozen=True)
class Rendition:
    """One EXT-X-MEDIA that has a playlist of its own."""

    uri: str = field(repr=False)
    kind: str
    group: str
    name: str


@dataclass(frozen=True)
class MasterPlaylist:
    """What can be played."""

    variants: tuple[Variant, ...]
    renditions: tuple[Rendition, ...]
    session_keys: tuple[Key, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_playlist(body: bytes, variables: Variables | None = None) -> MasterPlaylist | MediaPlaylist:
    """Read a playlist; raises `ProbeFailed` with reason `parse` when it is none."""
    lines = _lines(body)
    known = variables or Variables()
    if b"#EXT-X-STREAM-INF:" in body and any(line.startswith("#EXT-X-STREAM-INF:") for line in lines):
        return _read_master(lines, known)
    return _MediaReader(known).read(lines)


def _lines(body: bytes) -> list[str]:
    if not body.strip():
        raise ProbeFailed("parse", "the answer is empty")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ProbeFailed("parse", "the answer is not text in UTF-8") from exc
    lines = [line.strip() for line in text.split("\n")]
    if lines[0].split(maxsplit=1)[:1] != ["#EXTM3U"]:
        what = "HTML" if text.lstrip()[:1] == "<" else "something else"
        raise ProbeFailed("parse", f"the answer is {what}, not a playlist: it does not start with #EXTM3U")
    return [line for line in lines if line]


def _attributes(line: str) -> dict[str, str]:
    return attributes(line.partition(":")[2])


def _read_master(lines: list[str], variables: Variables) -> MasterPlaylist:
    variants: list[Variant] = []
    renditions: list[Rendition] = []
    keys: list[Key | None] = []
    pending: dict[str, str] | None = None
    for raw in lines:
        line = variables.fill(raw)
        if line.startswith("#EXT-X-STREAM-INF:"):
            pending = _attributes(line)
        elif line.startswith("#EXT-X-MEDIA:"):
            renditions += _rendition(_attributes(line))
        elif line.startswith("#EXT-X-SESSION-KEY:"):
            keys.append(read_key(_attributes(line)))
        elif line.startswith("#EXT-X-DEFINE:"):
            variables.define(_attributes(line))
        elif not line.startswith("#") and pending is not None:
            variants.append(_variant(pending, line))
            pending = None
    if not variants:
        raise ProbeFailed("parse", "the master playlist lists no variant with an address")
    session_keys = tuple(key for key in keys if key is not None)
    return MasterPlaylist(tuple(variants), tuple(renditions), session_keys, variables.defined)


def _variant(named: dict[str, str], uri: str) -> Variant:
    return Variant(
        uri=uri,
        bandwidth=whole("BANDWIDTH", named.get("BANDWIDTH", "0")),
        resolution=named.get("RESOLUTION", "").lower(),
        codecs=named.get("CODECS", ""),
        frame_rate=named.get("FRAME-RATE", ""),
        audio_group=named.get("AUDIO", ""),
    )


def _rendition(named: dict[str, str]) -> list[Rendition]:
    """A rendition without an address travels inside the variants: there is nothing to fetch."""
    if "URI" not in named:
        return []
    kind, group, name = (named.get(key, "") for key in ("TYPE", "GROUP-ID", "NAME"))
    return [Rendition(named["URI"], kind.lower(), group, name)]


class _MediaReader:
    """Reads the tags of a media playlist, each of which is about the playlist or about the next segment."""

    def __init__(self, variables: Variables) -> None:
        self.numbers: dict[str, int] = {}
        self.segments: list[Segment] = []
        self.flags: set[str] = set()
        self._variables = variables
        self._parts = PartReader()
        self._cues = CueReader()
        self._date: float | None = None
        self._keys: dict[KeyFormat, Key | None] = {}
        self._duration: float | None = None
        self._range: tuple[int | None, int] | None = None
        self._range_end = 0
        self._initialisation: Initialisation | None = None
        self._encrypted = False

    def read(self, lines: list[str]) -> MediaPlaylist:
        for raw in lines:
            line = self._variables.fill(raw) if "{$" in raw else raw
            if line.startswith("#EXTINF:"):
                self._duration = seconds(line[8:].partition(",")[0])
            elif line[0] != "#":
                self._segment(line)
            elif line.startswith("#EXT"):
                self._tag(line)
        target = self.numbers.get("#EXT-X-TARGETDURATION")
        if target is None and not self.segments:
            raise ProbeFailed("parse", "the playlist has neither variants nor segments nor a target duration")
        return MediaPlaylist(
            segments=tuple(self.segments),
            target_duration=target,
            media_sequence=self.numbers.get("#EXT-X-MEDIA-SEQUENCE", 0),
            discontinuity_sequence=self.numbers.get("#EXT-X-DISCONTINUITY-SEQUENCE", 0),
            ended="#EXT-X-ENDLIST" in self.flags,
            on_demand="#EXT-X-PLAYLIST-TYPE:VOD" in self.flags,
            last_part=self._parts.newest(len(self.segments)),
            skipped=self._parts.skipped,
            date_after=self._date,
            keys=tuple(key for key in self._keys.values() if key is not None),
            ad_ranges=tuple(self._cues.ad_ranges),
            low_latency=self._parts.low_latency(self.numbers.get("#EXT-X-MEDIA-SEQUENCE", 0), len(self.segments)),
        )

    def _tag(self, line: str) -> None:
        tag, _, value = line.partition(":")
        if tag == "#EXT-X-PROGRAM-DATE-TIME":
            self._date = unix_time(value)
        elif tag in _NUMBERS:
            self.numbers[tag] = whole(tag[len("#EXT-X-") :], value)
        elif tag == "#EXT-X-BYTERANGE":
            self._range = byte_range(value)
        elif tag == "#EXT-X-MAP":
            self._initialisation = _initialisation(attributes(value))
        elif tag == "#EXT-X-KEY":
            self._key(attributes(value))
        elif tag in _FLAGS:
            self.flags.add(line if tag == "#EXT-X-PLAYLIST-TYPE" else tag)
        elif tag == "#EXT-X-DEFINE":
            self._variables.define(attributes(value))
        elif not self._parts.take(tag, value, len(self.segments)):
            self._cues.take(tag, value)

    def _key(self, named: dict[str, str]) -> None:
        """A key is in force until the next tag of its format; METHOD=NONE ends all."""
        self._encrypted = named.get("METHOD", "NONE") != "NONE"
        key = read_key(named)
        if key is None:
            self._keys.clear()
        else:
            self._keys[key.key_format] = key

    def _segment(self, uri: str) -> None:
        if self._duration is None:
            raise ProbeFailed("parse", "a segment has no EXTINF")
        self.segments.append(
            Segment(
                uri,
                self._duration,
                discontinuity="#EXT-X-DISCONTINUITY" in self.flags,
                gap="#EXT-X-GAP" in self.flags,
                byte_range=None if self._range is None else self._place(*self._range),
                initialisation=self._initialisation,
                encrypted=self._encrypted,
                date=self._date,
                cues=self._cues.before_segment(),
            )
        )
        if self.flags:
            self.flags -= _OF_SEGMENT
        self._duration = self._range = self._date = None

    def _place(self, offset: int | None, length: int) -> tuple[int, int]:
        """A range without an offset follows the one before it (section 4.3.2.2)."""
        start = self._range_end if offset is None else offset
        self._range_end = start + length
        return start, length


_NUMBERS = {"#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE"}
_OF_SEGMENT = {"#EXT-X-DISCONTINUITY", "#EXT-X-GAP"}
_FLAGS = {*_OF_SEGMENT, "#EXT-X-ENDLIST", "#EXT-X-PLAYLIST-TYPE"}


def _initialisation(named: dict[str, str]) -> Initialisation | None:
    if "URI" not in named:
        return None
    if "BYTERANGE" not in named:
        return Initialisation(named["URI"])
    offset, length = byte_range(named["BYTERANGE"])
    return Initialisation(named["URI"], (offset or 0, length))
