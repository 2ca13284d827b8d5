"""Times as people and tables write them."""

import re
import unicodedata
from datetime import datetime, time, timedelta
from typing import NamedTuple

_DATE = r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
_DOTTED = r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"
_CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}(?:\.0+)?))?"
_OFFSET = r"(?P<offset>Z|[+-]\d{2}:?\d{2})?"
_WHOLE = [re.compile(rf"{day}(?:T|\s+){_CLOCK}\s*{_OFFSET}") for day in (_DATE, _DOTTED)]
_BETWEEN = re.compile(
    r"\s*(?:至|~|–|—)\s*|\s*(?<=[\dZ])/(?=\d{4}\D)\s*|(?<=:\d\d)/|\s+-\s+|(?<=:\d\d)-(?=\d{1,2}:\d\d)"
)


class NotATime(ValueError):
    """What stands there is no time."""


class Range(NamedTuple):
    start: datetime
    end: datetime


def moment(text: str, after: datetime | None = None) -> datetime:
    """A moment, naive unless it has an offset; a time of day alone is the first after *after*. Raises `NotATime`.

    Day and month are never guessed: 3/4/2026 is refused.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    for pattern in _WHOLE:
        if found := pattern.fullmatch(plain):
            return _whole(found)
    if after is not None and (found := re.fullmatch(_CLOCK, plain)):
        return _next(after, _time(found))
    raise NotATime(plain)


def ranges(text: str, around: datetime, *, before: bool = False) -> list[Range]:
    """From-to pairs, commas between; a time of day alone is the first after *around*, or the last *before* it."""
    plain = unicodedata.normalize("NFKC", text).replace("、", ",").replace(";", ",").replace("\n", ",")
    return [_range(part.strip(), around, before) for part in plain.split(",") if part.strip()]


def _range(text: str, around: datetime, before: bool) -> Range:
    parts = _BETWEEN.split(text)
    if len(parts) != 2:
        raise NotATime(text)
    start = moment(parts[0], around - timedelta(days=1) if before else around)
    return Range(start, moment(parts[1], start))


def _whole(found: re.Match[str]) -> datetime:
    clock = _time(found)
    offset = found["offset"]
    try:
        day = datetime(int(found["y"]), int(found["m"]), int(found["d"]))  # noqa: DTZ001  # a wall-clock time
        naive = datetime.combine(day, clock)
        return datetime.fromisoformat(f"{naive.isoformat()}{offset}") if offset else naive
    except ValueError:
        raise NotATime(found[0]) from None


def _time(found: re.Match[str]) -> time:
    try:
        return time(int(found["H"]), int(found["M"]), int(float(found["S"] or 0)))
    except ValueError:
        raise NotATime(found[0]) from None


def _next(after: datetime, clock: time) -> datetime:
    same_day = datetime.combine(after.date(), clock, after.tzinfo)
    return same_day if same_day >= after else same_day + timedelta(days=1)
