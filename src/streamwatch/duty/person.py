"""People: how each is reached, when they are left alone, which roles they can cover. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from streamwatch.language import Language

ROLES = ("tech", "ops", "service", "planner", "marketing", "data", "host")


@dataclass(frozen=True)
class Contact:
    """One way to a person: a channel of duty.yml and the address that channel understands."""

    channel: str
    to: str


@dataclass(frozen=True)
class Quiet:
    """Every day from *start* to *end* by the person's clock; over midnight when it ends before it starts."""

    start: time
    end: time

    def holds(self, clock: time) -> bool:
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    language: Language
    contacts: tuple[Contact, ...]  # best first
    zone: tzinfo = UTC
    quiet: tuple[Quiet, ...] = ()
    roles: frozenset[str] | None = None  # which they can cover; None: any

    def is_quiet(self, at: datetime) -> bool:
        if not self.quiet:
            return False
        clock = at.astimezone(self.zone).time()
        return any(each.holds(clock) for each in self.quiet)

    def awake_at(self, at: datetime) -> datetime:
        """The first instant from *at* on that is not in quiet hours; some day for who has nothing else."""
        for _ in self.quiet:
            clock = at.astimezone(self.zone)
            ends = [each.end for each in self.quiet if each.holds(clock.time())]
            at = max((_next(clock, end) for end in ends), default=at).astimezone(at.tzinfo)
        return at

    def can_cover(self, role: str) -> bool:
        return self.roles is None or role in self.roles


def _next(clock: datetime, end: time) -> datetime:
    """The next time that clocks show *end*."""
    today = datetime.combine(clock.date(), end, clock.tzinfo)
    return today if today > clock else datetime.combine(clock.date() + timedelta(days=1), end, clock.tzinfo)
