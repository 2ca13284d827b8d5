"""What a session shows when: its segments, which of them is on, and what cannot be true of them. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from streamwatch.language import Text

Where = Literal["at", "minutes", "what"]

MARKS = re.compile(r"[;；\r\n]|[（(]\s*\d+\s*(?:min|分钟?|m)\s*[)）]\s*$|(?:^|[\s)）])@\S+\s*$", re.IGNORECASE)
"""What separates segments in a table, and how length and role stand behind their words: not to be used in them."""

NOT_IN_ORDER = Text("{at} 不晚于上一段；按时间顺序写", "{at} is not after the segment before; write them in order")
OUTSIDE = Text(
    "{at} 不在场次时间 {start}–{end} 之内；改时间，或改场次",
    "{at} is outside the session, {start}–{end}; change one of the two",
)
OVERLAPS = Text(
    "到 {until} 才完，下一段 {at} 就开始；改 minutes 或时间",
    "lasts until {until}, and the next begins {at}; change minutes or the time",
)
OVERRUNS = Text(
    "到 {until} 才完，场次先结束了；改 minutes", "lasts until {until}, after the session's end; change minutes"
)
MARKED = Text(
    "“{what}”里不能有分号，末尾不能写时长或 @岗位；用 minutes 和 who",
    "'{what}' must hold no semicolon, and no length or @role at its end; use minutes and who",
)


@dataclass(frozen=True)
class Segment:
    """*at* is aware. Without *minutes* it lasts until the next, or the end. *who* is a role or a person."""

    at: datetime
    what: str
    minutes: int | None = None
    who: str = ""

    @property
    def until(self) -> datetime | None:
        """In UTC, where its length is said."""
        return None if self.minutes is None else self.at.astimezone(UTC) + timedelta(minutes=self.minutes)


def segment_at(rundown: Sequence[Segment], end: datetime, at: datetime) -> tuple[int, Segment] | None:
    """The segment at *at* by the plan, and its number from 1; None between two, before the first, after the end."""
    begun = [(number, each) for number, each in enumerate(rundown, start=1) if each.at.astimezone(UTC) <= at]
    if not begun or at >= end.astimezone(UTC):
        return None
    number, found = begun[-1]
    return None if found.until is not None and at >= found.until else (number, found)


def mistakes(rundown: Sequence[Segment], start: datetime, end: datetime) -> Iterator[tuple[int, Where, Text]]:
    """Each with the index of its segment and the part that is wrong. *start* and *end* are the session's plan."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    before: datetime | None = None  # of those within the session
    for index, each in enumerate(rundown):
        at, clock = each.at.astimezone(UTC), f"{each.at:%H:%M}"
        if MARKS.search(each.what):
            yield index, "what", MARKED.format(what=each.what)
        if not first <= at < last:
            yield index, "at", OUTSIDE.format(at=clock, start=f"{start:%H:%M}", end=f"{end:%H:%M}")
            continue
        if before is not None and at <= before:
            yield index, "at", NOT_IN_ORDER.format(at=clock)
        elif each.until is not None:
            following = rundown[index + 1].at if index + 1 < len(rundown) else None
            yield from ((index, "minutes", text) for text in _too_long(each, each.until, following, last))
        before = at


def _too_long(each: Segment, until: datetime, following: datetime | None, last: datetime) -> Iterator[Text]:
    clock = f"{until.astimezone(each.at.tzinfo):%H:%M}"
    if following is not None and each.at.astimezone(UTC) < following.astimezone(UTC) < until:
        yield OVERLAPS.format(until=clock, at=f"{following:%H:%M}")
    elif until > last:
        yield OVERRUNS.format(until=clock)
