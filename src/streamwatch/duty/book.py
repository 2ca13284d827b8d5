"""Everything that says who holds a role: people, lists, rotations, sessions, absences, overrides. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from heapq import merge
from operator import itemgetter

from streamwatch.duty.person import Person
from streamwatch.duty.rotation import Rotation
from streamwatch.duty.session import Session, Usual, utc

LONG = timedelta(days=14)
_Listed = tuple[int, Session]  # and its place in the file


@dataclass(frozen=True)
class Away:
    """*person* cannot be called."""

    person: str
    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        return utc(self.start) <= utc(at) < utc(self.end)


@dataclass(frozen=True)
class Override:
    """*person* holds *role* instead of whoever else would; of one *stream*, or of all."""

    role: str
    person: str
    start: datetime
    end: datetime
    stream: str | None = None
    reason: str = ""
    by: str | None = None  # who said so
    id: int | None = None  # of one that was made on the fly

    def serves(self, role: str, stream: str, at: datetime) -> bool:
        if role != self.role or (self.stream is not None and self.stream != stream):
            return False
        return utc(self.start) <= utc(at) < utc(self.end)


@dataclass(frozen=True)
class Actual:
    """When a session really began and ended, as far as somebody said so."""

    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True)
class DutyBook:
    people: Mapping[str, Person]
    default: Mapping[str, tuple[str, ...]]
    sessions: tuple[Session, ...] = ()
    fallback_role: str = "ops"
    rotations: tuple[Rotation, ...] = ()  # of a role the first that has somebody at the time counts
    away: tuple[Away, ...] = ()
    overrides: tuple[Override, ...] = ()  # the latest last
    usual: Mapping[str, Usual] = field(default_factory=dict)  # by stream

    def near(self, at: datetime) -> tuple[Session, ...]:
        """Every session that may matter at *at*, in the order of the file."""
        by_day, long = self._near
        listed = by_day.get(utc(at).date(), [])
        return tuple(session for _, session in (merge(listed, long, key=itemgetter(0)) if long else listed))

    @cached_property
    def _near(self) -> tuple[dict[date, list[_Listed]], list[_Listed]]:
        """By the days, in UTC, on which each matters: a year of sessions is not searched for every page.

        And those that go on for weeks, as a channel does that is never off air: those always may matter.
        """
        days, long = defaultdict[date, list[_Listed]](list), list[_Listed]()
        for listed in enumerate(self.sessions):
            moments = listed[1].moments()
            day, last = min(moments).date(), max(moments).date()
            if last - day > LONG:
                long.append(listed)
                continue
            while day <= last:
                days[day].append(listed)
                day += timedelta(days=1)
        return dict(days), long

    def name(self, person: str) -> str:
        """Who left duty.yml keeps the id as a name."""
        known = self.people.get(person)
        return known.name if known else person

    def as_it_is(self, overrides: Iterable[Override], actual: Mapping[str, Actual]) -> "DutyBook":
        """With what was said on the fly, which is later than what stands in the file."""
        sessions = tuple(
            session.as_it_was(actual[session.id].started, actual[session.id].ended)
            if session.id in actual
            else session
            for session in self.sessions
        )
        return replace(self, sessions=sessions, overrides=(*self.overrides, *overrides))
