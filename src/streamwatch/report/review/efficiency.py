"""Numbers that show what the machinery saves, by procedure: never by person. Pure."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from statistics import median
from typing import NamedTuple

from streamwatch.report.review.handling import Handling
from streamwatch.report.window import Window
from streamwatch.vocabulary import PROCEDURES, place

TARGET = 180.0  # seconds in which a P0 is to be over, as the team set itself
MORNING = time(7)  # until then it is night, from midnight on


class Spread(NamedTuple):
    """Seconds; None: of no incident."""

    median: float | None
    p95: float | None  # 95 of 100 took no longer


@dataclass(frozen=True)
class Effect:
    """Of one procedure; of all where that is None. Incidents are those without drills."""

    procedure: str | None
    incidents: int
    pages: int
    routed: int  # pages whose receiver the duty list named
    called: int  # incidents for which somebody is to be called: not those that are observed only
    taken: int  # of these
    page: Spread
    ack: Spread
    over: Spread
    p0: int
    p0_in_time: int  # over within the target
    false_alarms: int
    folded: int  # repeats that were no message of their own


@dataclass(frozen=True)
class Efficiency:
    effects: tuple[Effect, ...]  # of all, then of each procedure
    nights: int
    quiet: int  # nights in which nobody was called


def efficiency(handlings: Sequence[Handling], span: Window, zone: tzinfo) -> Efficiency:
    """*handlings* without drills, of all streams that are told."""
    procedures = sorted({each.procedure for each in handlings}, key=lambda each: (place(PROCEDURES, each), each))
    effects = [_effect(None, handlings)]
    effects += [_effect(name, [each for each in handlings if each.procedure == name]) for name in procedures]
    nights = list(_nights(span, zone))
    rang = [at for each in handlings for at in each.rang_at]
    quiet = sum(not any(start <= at < end for at in rang) for start, end in nights)
    return Efficiency(tuple(effects), len(nights), quiet)


def _effect(procedure: str | None, handlings: Sequence[Handling]) -> Effect:
    urgent = [each.seconds_to(each.over_at) for each in handlings if each.severity == "P0"]
    called = [each for each in handlings if not each.observed]
    return Effect(
        procedure,
        incidents=len(handlings),
        pages=sum(each.pages for each in called),
        routed=sum(each.pages for each in called if not each.unattended),
        called=len(called),
        taken=sum(each.taken_at is not None for each in called),
        page=_spread(each.seconds_to(each.paged_at) for each in handlings),
        ack=_spread(each.seconds_to(each.taken_at) for each in handlings),
        over=_spread(each.seconds_to(each.over_at) for each in handlings),
        p0=len(urgent),
        p0_in_time=sum(each is not None and each <= TARGET for each in urgent),
        false_alarms=sum(each.false_alarm for each in handlings),
        folded=sum(each.heard - 1 for each in handlings),
    )


def _spread(seconds: Iterable[float | None]) -> Spread:
    known = sorted(each for each in seconds if each is not None)
    if not known:
        return Spread(None, None)
    return Spread(median(known), known[math.ceil(0.95 * len(known)) - 1])


def _nights(span: Window, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """Those that lie in *span* whole, in UTC."""
    day = span.start.astimezone(zone).date()
    while (start := datetime.combine(day, time(), zone).astimezone(UTC)) < span.end:
        end = datetime.combine(day, MORNING, zone).astimezone(UTC)
        if span.start <= start and end <= span.end:
            yield start, end
        day += timedelta(days=1)
