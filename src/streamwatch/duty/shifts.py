"""Who holds a role over days: one shift after the other, without a moment between them. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from streamwatch.duty.book import DutyBook
from streamwatch.duty.resolve import Duty, who
from streamwatch.duty.session import Session, utc


@dataclass(frozen=True)
class Shift:
    """*duty* is the answer all through [*start*, *end*), in UTC. Quiet hours do not count: a P0 calls in them."""

    role: str
    stream: str
    start: datetime
    end: datetime
    duty: Duty

    @property
    def is_gap(self) -> bool:
        """Nobody holds the role: everyone would be called, or nobody could be."""
        return self.duty.source in ("everyone", "nobody")


def shifts(book: DutyBook, role: str, stream: str, start: datetime, end: datetime) -> list[Shift]:
    """All shifts of *role* for *stream* within [*start*, *end*), which together are all of it."""
    found: list[Shift] = []
    for begins, ends in pairwise(moments(book, role, stream, start, end)):
        duty = who(book, role, stream, begins)
        if found and found[-1].duty == duty:
            found[-1] = replace(found[-1], end=ends)
        else:
            found.append(Shift(role, stream, begins, ends, duty))
    return found


def moments(book: DutyBook, role: str, stream: str, start: datetime, end: datetime) -> list[datetime]:
    """Every instant at which the answer may change, *start* and *end* among them, in UTC."""
    first, last = utc(start), utc(end)
    found = {first, last, *_of_sessions(book.sessions, stream)}
    found.update(utc(moment) for away in book.away for moment in (away.start, away.end))
    found.update(utc(moment) for each in book.overrides if each.role == role for moment in (each.start, each.end))
    for rotation in book.rotations:
        if rotation.serves(role, stream):
            found.update(rotation.moments(first, last))
    return sorted(moment for moment in found if first <= moment <= last)


def _of_sessions(sessions: Iterable[Session], stream: str) -> Iterator[datetime]:
    """Their own, and the middle between two of the stream, where the team changes. Other streams have hosts."""
    mine: list[tuple[datetime, datetime, Session]] = []
    for session in sessions:
        if session.stream == stream:
            own = session.moments()
            mine.append((min(own), max(own), session))
            yield from own
        elif "host" in session.duty:
            yield from (session.air.start, session.air.end)
    mine.sort(key=lambda each: each[0])
    for number, (_, last, session) in enumerate(mine):
        for first, _, other in mine[number + 1 :]:
            if first > last:
                break
            one, two = sorted((session.air, other.air), key=lambda air: air.start)
            yield one.end + (two.start - one.end) / 2
