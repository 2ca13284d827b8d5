"""Which drills are due, by what was planned and what was held. Pure.

A drill counts when it was brought to its end, whatever it showed; one that was broken off does not.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from streamwatch.language import Text

# What happens least often is known least: a power cut and a fire are practised twice a year.
SUGGESTED = {"power": timedelta(weeks=26), "fire": timedelta(weeks=26)}
_EPOCH = datetime(2020, 1, 6, tzinfo=UTC)  # a Monday: the periods of what was never held count from here


class Planned(NamedTuple):
    """*fault* as `streamwatch drill` or `streamwatch drill report` names it, on one *stream* or on any."""

    fault: str
    every: timedelta
    stream: str | None = None


class Held(NamedTuple):
    """When a drill of that fault was held last on that stream."""

    fault: str
    stream: str
    at: datetime


@dataclass(frozen=True)
class Due:
    """*last*: None, it was never held, and is due by that."""

    planned: Planned
    last: datetime | None

    @property
    def at(self) -> datetime | None:
        return None if self.last is None else self.last + self.planned.every

    def is_overdue(self, now: datetime) -> bool:
        return self.at is None or self.at <= now

    def period(self, now: datetime) -> str:
        """Names the period in which it is overdue: people are told once in each."""
        since, every = self.at or _EPOCH, self.planned.every
        began = since + (now - since) // every * every
        return f"{self.planned.fault}:{self.planned.stream or ''}:{began.astimezone(UTC).isoformat()}"


def dues(plan: Iterable[Planned], held: Iterable[Held]) -> Iterator[Due]:
    """In the order of *plan*."""
    last: dict[tuple[str, str | None], datetime] = {}
    for each in held:
        for key in ((each.fault, each.stream), (each.fault, None)):
            last[key] = max(each.at, last.get(key, each.at))
    for planned in plan:
        yield Due(planned, last.get((planned.fault, planned.stream)))


def suggested() -> tuple[Planned, ...]:
    """For a team that planned nothing yet."""
    return tuple(Planned(fault, every) for fault, every in SUGGESTED.items())


OVERDUE = Text("演练 {fault}{where} 到期了：上次 {last}，每 {days} 天一次",
               "the drill {fault}{where} is due: last held {last}, planned every {days} days")  # fmt: skip
NEVER = Text("演练 {fault}{where} 还没有做过，计划每 {days} 天一次",
             "the drill {fault}{where} was never held; it is planned every {days} days")  # fmt: skip
AHEAD = Text("演练 {fault}{where} 下次 {due}（上次 {last}）",
             "the drill {fault}{where} is due on {due} (last held {last})")  # fmt: skip


def said(due: Due, now: datetime) -> Text:
    """In one sentence; days by the zone of *now*."""
    fault, every, stream = due.planned
    where = f" ({stream})" if stream else ""
    words: Mapping[str, object] = {"fault": fault, "where": where, "days": every.days or 1}
    if due.last is None or due.at is None:
        return NEVER.format(**words)
    last, at = (f"{each.astimezone(now.tzinfo):%Y-%m-%d}" for each in (due.last, due.at))
    return (OVERDUE if due.is_overdue(now) else AHEAD).format(**words, last=last, due=at)
