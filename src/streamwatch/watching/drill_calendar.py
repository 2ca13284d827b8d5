"""Which drills are due, by what was planned and what was held. Pure.

A drill counts when it was brought to its end, whatever it showed; one that was broken off does not.
"""

from collections.abc import Iterable, Iterator
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


OVERDUE = Text("演练“{fault}”{where}到期了：上次 {last}，每{every}一次",
               "the drill '{fault}'{where} is due: last held {last}, planned every {every}")  # fmt: skip
NEVER = Text("演练“{fault}”{where}还没有做过，计划每{every}一次",
             "the drill '{fault}'{where} was never held; it is planned every {every}")  # fmt: skip
AHEAD = Text("演练“{fault}”{where}下次 {due}（上次 {last}）",
             "the drill '{fault}'{where} is due on {due} (last held {last})")  # fmt: skip


def said(due: Due, now: datetime, name: Text) -> Text:
    """In one sentence; *name* is what people call the drill, days are by the zone of *now*."""
    _, every, stream = due.planned
    where, often = f" ({stream})" if stream else "", _often(every)
    sentence, words = NEVER, dict[str, object]()
    if due.last is not None and due.at is not None:
        sentence = OVERDUE if due.is_overdue(now) else AHEAD
        last, at = (f"{each.astimezone(now.tzinfo):%Y-%m-%d}" for each in (due.last, due.at))
        words = {"last": last, "due": at}
    zh = sentence.format(**words, fault=name.zh, where=where, every=often.zh).zh
    return Text(zh, sentence.format(**words, fault=name.en, where=where, every=often.en).en)


def _often(every: timedelta) -> Text:
    """As it is planned: in weeks where it is whole weeks."""
    days = every.days or 1
    many, zh, en = (days // 7, "周", "week") if days % 7 == 0 else (days, "天", "day")
    return Text(f" {many} {zh}", en if many == 1 else f"{many} {en}s")
