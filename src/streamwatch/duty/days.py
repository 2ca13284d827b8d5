"""Which days are worked: weekdays, and statutory holidays with the weekends on which they are made up for. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Days = Literal["weekdays", "weekends", "workdays", "holidays"]
SATURDAY = 5


@dataclass(frozen=True)
class Holidays:
    """*off* are days off by law, *work* are days of a weekend that are worked instead."""

    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()

    def is_workday(self, day: date) -> bool:
        if day in self.work:
            return True
        return day.weekday() < SATURDAY and day not in self.off

    @property
    def years(self) -> frozenset[int]:
        """The years it knows about; in others every weekday is worked."""
        return frozenset(day.year for day in self.off | self.work)


def falls(day: date, days: Days, holidays: Holidays) -> bool:
    """Whether *day* is one of *days*."""
    match days:
        case "weekdays":
            return day.weekday() < SATURDAY
        case "weekends":
            return day.weekday() >= SATURDAY
        case "workdays":
            return holidays.is_workday(day)
        case "holidays":
            return not holidays.is_workday(day)


def days_between(first: date, last: date) -> list[date]:
    """Every day from *first* up to *last*, which is not among them."""
    return [first + timedelta(days=number) for number in range((last - first).days)]
