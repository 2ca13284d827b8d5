"""A rundown in one cell of a table or one line of an event: `19:20 Product 3 (15 min) @host`, one segment a line.

Excel begins a new line in a cell with Alt+Enter; a semicolon does as well.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from streamwatch.calendars.moments import NotATime, moment
from streamwatch.duty import Segment

_LINE = re.compile(
    r"(?P<at>(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[T\s]+)?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?:Z|[+-]\d{2}:?\d{2})?)"
    r"\s+(?P<what>.+)"
)
_WHO = re.compile(r"(?:^|\s|(?<=[)）]))@(?P<who>\S+)\s*$")
_LENGTH = re.compile(r"[（(]\s*(?P<minutes>\d{1,4})\s*(?:min|分钟?|m)\s*[)）]\s*$", re.IGNORECASE)


class NotASegment(ValueError):
    """What stands there is no segment."""


class Line(NamedTuple):
    """*at* is naive unless it has an offset; *who* is a word, whoever it means."""

    at: datetime
    what: str
    minutes: int | None
    who: str


def lines(text: str, start: datetime) -> list[Line]:
    """Every segment of *text*; a time of day is the first from *start* on. Raises `NotASegment` with the line."""
    return [_line(part.strip(), start) for part in re.split(r"[;；\r\n]", text) if part.strip()]


def written(rundown: Iterable[Segment], moment: Callable[[datetime], str]) -> Iterator[str]:
    """Each segment as `lines` reads it."""
    for each in rundown:
        length = f" ({each.minutes} min)" if each.minutes is not None else ""
        who = f" @{each.who}" if each.who else ""
        yield f"{moment(each.at)} {each.what}{length}{who}"


def _line(text: str, start: datetime) -> Line:
    found = _LINE.fullmatch(text)
    if found is None:
        raise NotASegment(text)
    try:
        at = moment(unicodedata.normalize("NFKC", found["at"]), start)
    except NotATime:
        raise NotASegment(text) from None
    what, who, minutes = found["what"], "", None
    if tail := _WHO.search(what):
        what, who = what[: tail.start()], tail["who"]
    if tail := _LENGTH.search(what):
        what, minutes = what[: tail.start()], int(tail["minutes"])
    if not what.strip() or minutes == 0:
        raise NotASegment(text)
    return Line(at, what.strip(), minutes, who)
