"""A SegmentTimeline read into what matters of it (ISO/IEC 23009-1 clause 5.3.9.6). Pure.

It is never unrolled: one entry may stand for two thousand million segments.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from streamwatch_exporters.dash_manifest import Break, Run, Timeline
from streamwatch_exporters.dash_values import positive, whole
from streamwatch_exporters.probe import ProbeFailed

_JOINT = 0.1
"""Seconds that neighbours may be apart: a few frames are lost to rounding, and players step over them."""

_MAX_BREAKS = 256  # the newest are kept


class Entry(NamedTuple):
    """One S element as it is written."""

    t: str | None
    d: str | None
    r: str | None


def read_timeline(entries: Iterable[Entry], timescale: int) -> Timeline | None:
    """None when it lists nothing. Raises `ProbeFailed` with `parse`."""
    runs = list(_runs(entries))
    if not runs:
        return None
    before = 0
    breaks = deque[Break](maxlen=_MAX_BREAKS)
    for run, following in pairwise(runs):
        if run.count is None:  # ends where the next one begins, perhaps with a shorter segment
            before += max(1, -((run.start - following.start) // run.duration))
            continue
        before += run.count
        gap = following.start - (run.start + run.duration * run.count)
        if abs(gap) > _JOINT * timescale:
            breaks.append(Break(following.start, gap))
    return Timeline(runs[0].start, runs[-1], before, max(run.duration for run in runs), tuple(breaks))


def _runs(entries: Iterable[Entry]) -> Iterator[Run]:
    end: int | None = 0
    for entry in entries:
        if entry.t is None and end is None:
            raise ProbeFailed("parse", "an entry of a timeline does not say where it begins")
        start, length, repeats = whole(entry.t, end or 0), positive(entry.d, 0), whole(entry.r, 0)
        count = repeats + 1 if repeats >= 0 else None
        yield Run(start, length, count)
        end = None if count is None else start + length * count
