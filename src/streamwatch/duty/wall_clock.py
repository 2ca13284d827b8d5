"""What a wall-clock time means as an instant, also in the two nights of a year in which the clocks jump. Pure.

A time that does not exist is moved on by the jump. One that comes twice is the first of the two, and the last where
something ends: people stay too long rather than leave too early. RFC 5545 §3.3.5 says so too, save for the ends.
"""

from datetime import UTC, datetime, tzinfo
from typing import Literal

Doubt = Literal["missing", "twice"]


def instant(wall: datetime, zone: tzinfo, *, ending: bool = False) -> datetime:
    """The instant, in UTC, at which clocks of *zone* show *wall*, which has no zone of its own."""
    first, second = _readings(wall, zone)
    return max(first, second) if ending else first


def doubt(wall: datetime, zone: tzinfo) -> Doubt | None:
    """Whether clocks of *zone* never show *wall*, or show it twice."""
    first, second = _readings(wall, zone)
    if first == second:
        return None
    return "missing" if first > second else "twice"


def wall(at: datetime, zone: tzinfo) -> datetime:
    """What clocks of *zone* show at *at*."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _readings(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """With the offset before a jump, and with the one after it."""
    local = wall.replace(tzinfo=zone, fold=0)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
