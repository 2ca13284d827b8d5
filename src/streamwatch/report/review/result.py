"""The result of a stream: when it was on air, how long it was interrupted, how many watched. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from streamwatch.alert import BY_PERSON, SEVERITIES
from streamwatch.duty import Session
from streamwatch.report.review.handling import Handling
from streamwatch.report.review.measured import AVERAGE, Measured
from streamwatch.report.table import Column
from streamwatch.report.window import Window

BEFORE_ITS_ALERT = timedelta(minutes=1)  # a fault is made, then seen, then told

Interval = tuple[datetime, datetime]


@dataclass(frozen=True)
class Result:
    """Seconds and people; None where nobody measured it. *incidents* are by severity, without drills."""

    stream: str
    sessions: tuple[Session, ...]
    interrupted: float
    not_publishing: float | None
    incidents: dict[str, int]
    peak: float | None
    average: float | None
    known: float  # share of the time on air for which viewers are known, 0 to 1
    publishing_known: float  # the same of the stream at ingest


def result(
    stream: str,
    sessions: Sequence[Session],
    handlings: Sequence[Handling],
    measured: Measured,
    span: Window,
    carried: Sequence[Handling] = (),
    drills: Sequence[Handling] = (),
) -> Result:
    """*handlings* are the incidents of *stream* without drills. Where no session is known all of *span* counts.

    *carried* are those of the session before: they are no incidents of this one, and what they darken is dark.
    """
    mine = tuple(each for each in sessions if each.stream == stream)
    air = _on_air(mine, span)
    rows = rows_on_air(stream, sessions, span)
    played = rows_of_drills(drills, [*handlings, *carried], span)
    earnest = [row for row in rows if row not in played]
    viewers = _values(measured.one("viewers"), rows)
    average = _values(measured.one(AVERAGE.key), rows)
    publishing = _values(measured.one("publishing"), earnest) if air else []
    return Result(
        stream,
        mine,
        interrupted([*handlings, *carried], air or [(span.start, span.end)]),
        sum(max(0.0, 1 - share) * span.step for share in publishing) if publishing else None,
        by_severity(handlings),
        max(viewers, default=None),
        sum(average) / len(average) if average else None,
        len(viewers) / len(rows) if rows else 0.0,
        len(publishing) / len(earnest) if earnest else 0.0,
    )


def by_severity(handlings: Iterable[Handling]) -> dict[str, int]:
    found = Counter(each.severity for each in handlings)
    return {severity: found[severity] for severity in SEVERITIES}


def interrupted(handlings: Iterable[Handling], air: Sequence[Interval]) -> float:
    """Seconds of *air* in which a P0 of stream_interruption fired: viewers saw nothing. Overlaps count once."""
    last = max(end for _, end in air)
    fired = [
        (episode.start, episode.end or each.over_at or last)
        for each in handlings
        if each.procedure == "stream_interruption"
        for episode in each.episodes
        if episode.severity == "P0"
    ]
    whole = _joined(fired)
    return sum(
        max(0.0, (min(end, until) - max(start, since)).total_seconds())
        for since, until in _joined(air)
        for start, end in whole
    )


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in intervals that do not overlap."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _on_air(sessions: Iterable[Session], span: Window) -> list[Interval]:
    return [part for each in sessions if (part := _within((each.air.start, each.air.end), span))]


def _within(interval: Interval, span: Window) -> Interval | None:
    start, end = max(interval[0], span.start), min(interval[1], span.end)
    return (start, end) if start < end else None


def rows_on_air(stream: str, sessions: Sequence[Session], span: Window) -> list[int]:
    """Those of *span* that begin on air; all of them where no session of *stream* is known."""
    air = _on_air([each for each in sessions if each.stream == stream], span)
    if not air:
        return list(range(span.rows))
    return [row for row in range(span.rows) if any(start <= span.begins(row) < end for start, end in air)]


def rows_of_drills(drills: Iterable[Handling], earnest: Sequence[Handling], span: Window) -> frozenset[int]:
    """The rows of *span* in which a drill made a fault: from a while before its first alert, which comes late.

    A drill of what people report breaks nothing that is measured. What an *earnest* incident darkened counts.
    """
    found = set[int]()
    for each in drills:
        if each.episodes and all(episode.fingerprint.startswith(BY_PERSON) for episode in each.episodes):
            continue
        starts = [each.opened_at, *(episode.start for episode in each.episodes)]
        ends = [episode.end or each.over_at or span.end for episode in each.episodes]
        start, end = min(starts) - BEFORE_ITS_ALERT, max([each.opened_at, each.over_at or span.start, *ends])
        first, last = (int((at - span.start).total_seconds() // span.step) for at in (start, end))
        found.update(range(max(0, first), min(span.rows, last + 1)))
    return frozenset(row for row in found if not interrupted(earnest, [(span.begins(row), span.begins(row + 1))]))


def _values(column: Column | None, rows: Iterable[int]) -> list[float]:
    return [value for row in rows if (value := column.values[row]) is not None] if column else []
