"""What a manifest lists at a moment: the period that is live, and of each representation the window and its end.

Pure. Positions are seconds since the presentation began (`availabilityStartTime`), so that they go on from one
period to the next.
"""

import math
import re
from dataclasses import dataclass, field
from itertools import islice

from streamwatch_exporters.dash_identity import named
from streamwatch_exporters.dash_manifest import Addressing, Manifest, Period, Representation, SegmentUrl

_LOOKED_INTO = 32
"""Periods that have begun, from the newest: where all of these list nothing, no player finds anything either. Each
has up to 64 representations, and this is done on the event loop."""

_IDENTIFIER = re.compile(r"\$(?:(RepresentationID|Number|Bandwidth|Time)(?:%0(\d{1,2})d)?)?\$")


@dataclass(frozen=True)
class Piece:
    """One segment: where it is, beside the address of the manifest, and its place and length."""

    bases: tuple[str, ...] = field(repr=False)
    reference: str = field(repr=False)
    end: float
    duration: float
    byte_range: tuple[int, int] | None = None
    mark: str = field(default="", repr=False)  # what else tells it from the one before, where `end` does not


@dataclass(frozen=True)
class Window:
    """What a representation offers. `told` when the manifest lists it; else it follows from the clock alone."""

    start: float
    end: float
    segments: int
    longest: float
    told: bool
    newest: Piece
    breaks: tuple[tuple[float, float], ...] = ()  # place, and seconds of gap (negative: overlap)
    early: float = 0.0


@dataclass(frozen=True)
class Live:
    """The period that is on now."""

    period: Period
    representations: dict[str, Representation]
    windows: dict[str, Window]
    before: Period | None = None


def live(manifest: Manifest, elapsed: float | None) -> Live | None:
    """The last period that has begun and offers something. *elapsed* is None when nobody knows the time in it."""
    periods = manifest.periods
    begun = (
        at
        for at in range(len(periods) - 1, -1, -1)
        if periods[at].representations and (elapsed is None or periods[at].start <= elapsed)
    )
    for at in islice(begun, _LOOKED_INTO):
        representations, windows = of_period(periods[at], elapsed)
        if windows:
            return Live(periods[at], representations, windows, periods[at - 1] if at else None)
    return None


def of_period(period: Period, elapsed: float | None) -> tuple[dict[str, Representation], dict[str, Window]]:
    """What a period has, and what of it can be asked for, by name."""
    representations = named(period.representations)
    found = ((name, window(each, period, elapsed)) for name, each in representations.items())
    return representations, {name: one for name, one in found if one is not None}


def window(representation: Representation, period: Period, elapsed: float | None) -> Window | None:
    """None when there is nothing to ask for, or when nothing says what."""
    said = representation.addressing
    if said is None:
        return None
    if said.timeline is not None:
        return _of_timeline(said, representation, period, elapsed)
    if said.duration is None:
        return None
    if said.urls:
        return _of_list(said, representation, period)
    return _of_clock(said, representation, period, elapsed)


def _of_timeline(
    said: Addressing, representation: Representation, period: Period, elapsed: float | None
) -> Window | None:
    timeline = said.timeline
    assert timeline is not None
    last, told = timeline.last, timeline.last.count is not None
    limit = period.end if period.end is not None else _reached(said, elapsed)
    count = last.count
    if count is None:
        if limit is None:
            return None
        ticks = (limit - period.start) * said.timescale + said.offset - last.start
        # At its end a period may cut its last segment short; for the others see `_of_clock`.
        ended = limit == period.end
        count = math.ceil(ticks / last.duration) if ended else math.floor(ticks / last.duration) - 1
    segments = timeline.before + count
    if segments <= 0:
        return None
    at = last.start + last.duration * (count - 1)
    end = _place(at + last.duration, said, period)
    duration = last.duration / said.timescale
    newest = _piece(said, representation, segments - 1, at, end, duration)
    if newest is None:
        return None
    return Window(
        start=_place(timeline.first, said, period),
        end=end,
        segments=segments,
        longest=timeline.longest / said.timescale,
        told=told,
        newest=newest,
        breaks=tuple((_place(each.at, said, period), each.ticks / said.timescale) for each in timeline.breaks),
        early=said.early,
    )


def _of_list(said: Addressing, representation: Representation, period: Period) -> Window | None:
    """Number 1 begins with its period (clause 5.3.9.5.3); a list that slides begins with a later one.

    Some slide and keep their number: then only the name of the newest tells that it is another.
    """
    assert said.duration is not None
    count, each = said.urls_before + len(said.urls), said.duration / said.timescale
    start = period.start + max(0, said.start_number - 1) * each
    end = start + count * each
    url = said.urls[-1]
    newest = Piece(representation.bases, url.reference, end, each, url.byte_range, _mark(url))
    return Window(start, end, count, each, told=True, newest=newest, early=said.early)


def _mark(url: SegmentUrl) -> str:
    """Without the query and the folders: tokens that rotate stand there, and must not pass for a new segment."""
    return f"{url.reference.partition('?')[0].rpartition('/')[2]} {url.byte_range or ''}"


def _of_clock(
    said: Addressing, representation: Representation, period: Period, elapsed: float | None
) -> Window | None:
    """SegmentTemplate with a duration: segments are as many as have gone by (clause 5.3.9.5.3).

    The one before the newest is asked for: players keep away from the edge, where encoders are a little late.
    """
    assert said.duration is not None
    each = said.duration / said.timescale
    limit = _reached(said, elapsed)
    if period.end is not None:
        limit = period.end if limit is None else min(limit, period.end)
    if limit is None:
        return None
    count = math.floor((limit - period.start) / each + 1e-6)
    if limit != period.end:
        count -= 1
    if said.end_number is not None:
        count = min(count, said.end_number - said.start_number + 1)
    if count <= 0:
        return None
    end = period.start + count * each
    newest = _piece(said, representation, count - 1, said.offset + (count - 1) * said.duration, end, each)
    if newest is None:
        return None
    return Window(period.start, end, count, each, told=False, newest=newest, early=said.early)


def _reached(said: Addressing, elapsed: float | None) -> float | None:
    return None if elapsed is None else elapsed + said.early


def _place(ticks: int, said: Addressing, period: Period) -> float:
    return period.start + (ticks - said.offset) / said.timescale


def _piece(
    said: Addressing, representation: Representation, index: int, ticks: int, end: float, duration: float
) -> Piece | None:
    if said.urls:
        at = index - said.urls_before
        if at < 0:
            return None
        url = said.urls[min(at, len(said.urls) - 1)]
    elif said.media:
        url = SegmentUrl(fill(said.media, representation, said.start_number + index, ticks))
    else:
        return None
    return Piece(representation.bases, url.reference, end, duration, url.byte_range)


def fill(template: str, representation: Representation, number: int, time: int) -> str:
    """The address of a segment (clause 5.3.9.4.4): `chunk-$RepresentationID$-$Number%05d$.m4s`."""

    def value(found: re.Match[str]) -> str:
        name, width = found[1], int(found[2] or 1)
        if name is None:
            return "$"
        if name == "RepresentationID":
            return representation.id
        ticks = {"Number": number, "Bandwidth": representation.bandwidth, "Time": time}[name]
        return f"{ticks:0{width}d}"

    return _IDENTIFIER.sub(value, template)
