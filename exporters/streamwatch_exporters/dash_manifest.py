"""What a DASH manifest says (ISO/IEC 23009-1), as facts.

Instants are unix time and durations seconds, but within an `Addressing` times are ticks of its `timescale`.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Run:
    """Equal segments one after the other. A `count` of None goes on to the end of the period, or until now."""

    start: int
    duration: int
    count: int | None = 1


@dataclass(frozen=True)
class Break:
    """Where a timeline does not join: `ticks` of gap, or of overlap when negative, before `at`."""

    at: int
    ticks: int


@dataclass(frozen=True)
class Timeline:
    """A SegmentTimeline in short: it may have a hundred thousand entries, and players look at its end."""

    first: int
    last: Run
    before: int  # segments ahead of the last run
    longest: int
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True)
class SegmentUrl:
    reference: str = field(repr=False)
    byte_range: tuple[int, int] | None = None  # first and last


@dataclass(frozen=True)
class Addressing:
    """How segments are found: SegmentTemplate with or without a timeline, or SegmentList."""

    timescale: int = 1
    offset: int = 0  # presentationTimeOffset
    start_number: int = 1
    end_number: int | None = None
    media: str = field(default="", repr=False)
    duration: int | None = None
    timeline: Timeline | None = None
    urls: tuple[SegmentUrl, ...] = field(default=(), repr=False)
    urls_before: int = 0  # older ones of the list, which nobody keeps
    early: float = 0.0  # seconds that a segment may be asked for before its end: availabilityTimeOffset


@dataclass(frozen=True)
class Representation:
    """One quality of one kind of media. `bases` are BaseURLs from the outermost; they may hold tokens."""

    id: str
    kind: str  # video audio text image other
    bandwidth: int = 0  # bits per second
    resolution: str = ""
    codecs: str = ""
    frame_rate: str = ""
    language: str = ""
    addressing: Addressing | None = None
    bases: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Period:
    """`start` and `end` are seconds since the presentation began; `end` is None while nobody knows it."""

    key: str  # its id, else # and its start
    start: float
    end: float | None = None
    representations: tuple[Representation, ...] = ()


@dataclass(frozen=True)
class UtcTiming:
    """Where players ask for the time. `scheme` is its last words: `direct`, `http-head`, `http-iso`, …"""

    scheme: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class Manifest:
    dynamic: bool
    available_from: float | None = None  # availabilityStartTime
    published: float | None = None
    update_period: float | None = None
    depth: float | None = None  # timeShiftBufferDepth
    longest_segment: float | None = None  # maxSegmentDuration
    location: str = field(default="", repr=False)
    timings: tuple[UtcTiming, ...] = ()
    periods: tuple[Period, ...] = ()
