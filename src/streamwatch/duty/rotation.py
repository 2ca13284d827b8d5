"""Who of several people has the turn: hand-overs are wall-clock times of one zone, whatever the clocks do. Pure."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from streamwatch.duty.days import Days, Holidays, days_between, falls
from streamwatch.duty.wall_clock import instant, wall

DAY = timedelta(days=1)
NO_HOLIDAYS = Holidays()


@dataclass(frozen=True)
class Rotation:
    """*people* take turns *every* so long from *first*, a wall-clock time of *zone*.

    With *only*, a turn of a day or less counts on such days alone, so that a holiday takes nobody's turn away. A
    day lasts from one hand-over time to the next: Friday's night ends on Saturday. *every* divides a day, or is
    whole days.
    """

    role: str
    people: tuple[str, ...]
    every: timedelta
    first: datetime
    zone: tzinfo
    streams: frozenset[str] | None = None  # None: all
    only: Days | None = None
    holidays: Holidays = NO_HOLIDAYS

    def serves(self, role: str, stream: str) -> bool:
        return role == self.role and (self.streams is None or stream in self.streams)

    def order(self, at: datetime) -> tuple[str, ...]:
        """Who has the turn, then those whose turns come next; nobody before *first* and on other days."""
        turn = self._turn(at)
        if turn is None:
            return ()
        at_turn = turn % len(self.people)
        return self.people[at_turn:] + self.people[:at_turn]

    def moments(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Every instant within [*start*, *end*) at which the turn may change, in UTC."""
        step = min(self.every, DAY) if self.only else self.every
        number = max(0, self._number(start, step))
        while (moment := instant(self.first + number * step, self.zone)) < end:
            if moment >= start:
                yield moment
            number += 1

    def _turn(self, at: datetime) -> int | None:
        number = self._number(at, self.every)
        if number < 0 or self.only is None:
            return number if number >= 0 else None
        day = self.first.date() + self._number(at, DAY) * DAY
        if not falls(day, self.only, self.holidays):
            return None
        if self.every > DAY:
            return number
        turns = DAY // self.every
        return _days_before(self.first.date(), day, self.only, self.holidays) * turns + number % turns

    def _number(self, at: datetime, step: timedelta) -> int:
        """How many steps from *first* have passed, -1 before it; set back, clocks show some of them twice."""
        number = (wall(at, self.zone) - self.first) // step + 1
        while number >= 0 and instant(self.first + number * step, self.zone) > at:
            number -= 1
        return max(number, -1)


def _days_before(first: date, day: date, only: Days, holidays: Holidays) -> int:
    """How many of the days *only* says lie between *first* and *day*."""
    whole = sum(len(_of_year(year, only, holidays)) for year in range(first.year, day.year))
    skipped = bisect_left(_of_year(first.year, only, holidays), first)
    return whole + bisect_left(_of_year(day.year, only, holidays), day) - skipped


@lru_cache(maxsize=256)
def _of_year(year: int, only: Days, holidays: Holidays) -> tuple[date, ...]:
    days = days_between(date(year, 1, 1), date(year + 1, 1, 1))
    return tuple(day for day in days if falls(day, only, holidays))
