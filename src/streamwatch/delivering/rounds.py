"""Notes (P3) are collected and told at times of the day, by the wall clock: they wake nobody. Pure."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo

DEFAULT = (time(10), time(18))


def due(severity: str, at: datetime, times: Sequence[time], zone: tzinfo) -> datetime:
    """When a page that is made *at* this instant goes out. Without *times* notes go out at once, as all others do.

    A time that the clock leaves out that day (it is set forth) is an hour later, as `zoneinfo` reads it.
    """
    if severity != "P3" or not times:
        return at
    today = at.astimezone(zone).date()
    rounds = (
        datetime.combine(today + timedelta(days=day), each, zone) for day in range(3) for each in sorted(times)
    )
    return next(moment for moment in (each.astimezone(at.tzinfo) for each in rounds) if moment > at)
