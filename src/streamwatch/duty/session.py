"""One scheduled broadcast: planned and actual times, its duty list, and what is planned to look like a fault."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal

from streamwatch.duty.rundown import Segment
from streamwatch.language import Text

BEFORE = timedelta(minutes=60)  # people are at their places an hour before a session
AFTER = timedelta(minutes=30)  # and half an hour after its end
OVERRUN = timedelta(hours=3)  # a session that somebody started and nobody ended is on air so long beyond its plan

Phase = Literal["off_air", "rehearsal", "before", "on_air", "after"]
PHASES: tuple[Phase, ...] = ("off_air", "rehearsal", "before", "on_air", "after")
_STRONGEST: tuple[Phase, ...] = ("on_air", "rehearsal", "before", "after", "off_air")


@dataclass(frozen=True)
class Window:
    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        return utc(self.start) <= utc(at) < utc(self.end)


@dataclass(frozen=True)
class Material:
    """A file on the receiver's machine that a show needs, at least *seconds* long where that is said."""

    file: str
    what: str = "other"  # slate backup_video intro music picture other
    seconds: float | None = None


@dataclass(frozen=True)
class Usual:
    """What every show of a stream needs, whatever its session says."""

    material: tuple[Material, ...] = ()
    checklist: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Session:
    """*duty* maps a role to people, the first is called first. *started* and *ended* are what really happened.

    *ended* may lie ahead: a session that will be longer than planned.
    """

    id: str
    stream: str
    start: datetime
    end: datetime
    duty: Mapping[str, tuple[str, ...]]
    title: str = ""
    expected_viewers: int | None = None
    rehearsal: Window | None = None
    slate: tuple[Window, ...] = ()  # the picture stands still on purpose
    silence: tuple[Window, ...] = ()  # and here there is no sound on purpose
    started: datetime | None = None
    ended: datetime | None = None
    platform: str = ""  # where viewers watch, as people call it
    room: str = ""  # the platform's own number or name of the room
    site: str = ""  # where it is made: a studio, a shop
    rundown: tuple[Segment, ...] = ()  # what is shown when, the first first
    material: tuple[Material, ...] = ()
    checklist: tuple[Text, ...] = ()  # what people tick before it begins

    @cached_property
    def air(self) -> Window:
        """When it is on air, in UTC: by the plan where nobody said otherwise."""
        begins = utc(self.started or self.start)
        ends = utc(self.end)
        if self.ended is not None:
            ends = utc(self.ended)
        elif self.started is not None:
            ends = ends + OVERRUN
        return Window(begins, max(begins, ends))

    @cached_property
    def presence(self) -> Window:
        """From an hour before its start to half an hour after its end, in UTC: its duty list counts."""
        return Window(min(utc(self.start), self.air.start) - BEFORE, self.air.end + AFTER)

    def covers(self, at: datetime) -> bool:
        return self.presence.holds(at) or (self.rehearsal is not None and self.rehearsal.holds(at))

    def on_air(self, at: datetime) -> bool:
        """Between its start and end, actual or planned."""
        return self.air.holds(at)

    def phase(self, at: datetime) -> Phase:
        """A rehearsal that was planned goes before the hour before the start, in which it mostly lies."""
        if self.on_air(at):
            return "on_air"
        if self.rehearsal is not None and self.rehearsal.holds(at):
            return "rehearsal"
        if not self.presence.holds(at):
            return "off_air"
        return "before" if utc(at) < self.air.start else "after"

    def distance(self, at: datetime) -> timedelta:
        """How far *at* is outside the broadcast itself: zero within it."""
        here = utc(at)
        return max(self.air.start - here, here - self.air.end, timedelta(0))

    def moments(self) -> list[datetime]:
        """Every instant at which it begins or ceases to matter, in UTC."""
        rehearsal = [self.rehearsal] if self.rehearsal else []
        windows = [self.air, self.presence, *rehearsal, *self.slate, *self.silence]
        return [utc(each) for window in windows for each in (window.start, window.end)]

    def as_it_was(self, started: datetime | None, ended: datetime | None) -> "Session":
        return replace(self, started=started or self.started, ended=ended or self.ended)


def strongest(phases: list[Phase]) -> Phase:
    """Of several sessions of one stream the phase that asks for most attention."""
    return min(phases, key=_STRONGEST.index, default="off_air")


def utc(at: datetime) -> datetime:
    """Two times of one zone are compared by their wall clocks, which jump: an hour before must be an hour."""
    return at.astimezone(UTC)
