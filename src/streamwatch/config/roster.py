"""People, rotations, sessions and exceptions as duty.yml writes them. `duty_book` makes of them who is called."""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from streamwatch.duty import Days
from streamwatch.language import Language

WEEKDAYS = {name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
WEEKDAYS |= {f"周{name}": number for number, name in enumerate("一二三四五六日")}
UNITS = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1)}
DAY = timedelta(days=1)


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("no such time zone; write one like Asia/Shanghai")
    return name


def _clock(value: Any) -> Any:
    """YAML reads an unquoted 23:00 as so many minutes."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1440:
        return time(value // 60, value % 60)
    if isinstance(value, str) and re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value.strip()):
        hour, minute = value.strip().split(":")
        return time(int(hour), int(minute))
    raise ValueError("write a time of day, as in 23:00")


def _moment_or_clock(value: Any) -> Any:
    """A whole moment stays what it is."""
    whole = isinstance(value, datetime) or (isinstance(value, str) and re.match(r"\s*\d{4}-", value))
    return value if whole else _clock(value)


def _every(text: str) -> str:
    found = re.fullmatch(r"([1-9]\d{0,2})([wdh])", text)
    length = int(found[1]) * UNITS[found[2]] if found else timedelta(0)
    if not found or (DAY % length and length % DAY):
        raise ValueError("write 1w, 2w, 1d, or hours that divide a day: 12h, 8h, 6h, 4h")
    return text


def _handover(value: Any) -> Any:
    day, _, clock = value.strip().rpartition(" ") if isinstance(value, str) else ("", "", value)
    try:
        if day and day.lower() not in WEEKDAYS:
            raise ValueError
        at = _clock(clock)
    except ValueError:
        raise ValueError("write a time, with a weekday for weeks: 'Mon 10:00'") from None
    return f"{day.lower()} {at:%H:%M}".strip()


Role = Literal["tech", "ops", "service", "planner", "marketing", "data", "host"]
CalledRole = Literal["tech", "ops", "service", "planner", "marketing", "data"]  # never the host
People = Annotated[tuple[str, ...], Field(min_length=1)]
Zone = Annotated[str, AfterValidator(_zone)]
Clock = Annotated[time, BeforeValidator(_clock)]


Words = Annotated[str, Field(max_length=200, coerce_numbers_to_str=True)]  # `room: 8812` is a number to YAML


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ContactPart(Part):
    channel: str
    to: str


class QuietPart(Part):
    """Every day, by the person's clock; over midnight when it ends before it starts. A P0 calls all the same."""

    begins: Annotated[Clock, Field(alias="from")]
    ends: Annotated[Clock, Field(alias="to")]


class PersonPart(Part):
    """`roles` are those that they can cover; without it, any. `timezone` is for their quiet hours."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
    name: Annotated[str, Field(min_length=1, max_length=40)]
    language: Language = "zh"
    contacts: tuple[ContactPart, ...] = ()
    timezone: Zone | None = None
    quiet: tuple[QuietPart, ...] = ()
    roles: tuple[Role, ...] | None = None


class RehearsalPart(Part):
    start: datetime
    end: datetime


class WindowPart(Part):
    begins: Annotated[datetime, Field(alias="from")]
    ends: Annotated[datetime, Field(alias="to")]


class MaterialPart(Part):
    """A file on this machine, at least `seconds` long."""

    file: Annotated[str, Field(min_length=1, max_length=1000)]
    what: Literal["slate", "backup_video", "intro", "music", "picture", "other"] = "other"
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None


class ItemPart(Part):
    """What people tick, in both languages."""

    zh: Annotated[str, Field(min_length=1, max_length=200)]
    en: Annotated[str, Field(min_length=1, max_length=200)]


Item = ItemPart | Annotated[str, Field(min_length=1, max_length=200)]


class StreamPart(Part):
    """What every show of a stream needs."""

    material: tuple[MaterialPart, ...] = ()
    checklist: tuple[Item, ...] = ()


class SegmentPart(Part):
    """`at` is a time of day within the session, or a whole moment; `who` a role or the id of a person."""

    at: Annotated[datetime | time, BeforeValidator(_moment_or_clock)]
    what: Annotated[str, Field(min_length=1, max_length=200, coerce_numbers_to_str=True)]
    minutes: Annotated[int, Field(gt=0, le=1440)] | None = None
    who: Annotated[str, Field(max_length=40)] = ""


class SessionPart(Part):
    """Times without an offset are wall-clock times in the file's zone."""

    id: str
    stream: str
    start: datetime
    end: datetime
    title: str = ""
    duty: dict[Role, People] = {}
    expected_viewers: Annotated[int, Field(ge=0)] | None = None
    platform: Words = ""
    room: Words = ""
    site: Words = ""
    rehearsal: RehearsalPart | None = None
    slate: tuple[WindowPart, ...] = ()
    silence: tuple[WindowPart, ...] = ()
    rundown: tuple[SegmentPart, ...] = ()
    material: tuple[MaterialPart, ...] = ()
    checklist: tuple[Item, ...] = ()


class RotationPart(Part):
    """The first of `people` has the turn from the first hand-over on or after `since`."""

    role: CalledRole
    people: People
    every: Annotated[str, AfterValidator(_every)]
    handover: Annotated[str, BeforeValidator(_handover)]
    since: date
    streams: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    only: Days | None = None

    @property
    def length(self) -> timedelta:
        return int(self.every[:-1]) * UNITS[self.every[-1]]

    @property
    def first(self) -> datetime:
        """The first hand-over, as clocks show it."""
        day, _, clock = self.handover.rpartition(" ")
        ahead = (WEEKDAYS[day] - self.since.weekday()) % 7 if day else 0
        return datetime.combine(self.since + timedelta(days=ahead), time.fromisoformat(clock))


class DrillPart(Part):
    """A drill of the calendar: `fault` as `streamwatch drill --list` or `streamwatch drill report` names it."""

    fault: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    every: Annotated[str, AfterValidator(_every)]
    streams: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @property
    def length(self) -> timedelta:
        return int(self.every[:-1]) * UNITS[self.every[-1]]


class AwayPart(WindowPart):
    person: str


class OverridePart(WindowPart):
    """Of one stream, or of all."""

    role: CalledRole
    person: str
    stream: str | None = None
    reason: Annotated[str, Field(max_length=200)] = ""


class HolidaysFile(Part):
    """Days off by law, and days of a weekend that are worked instead. `source` says who decided so."""

    source: str
    days_off: tuple[date, ...]
    days_worked: tuple[date, ...] = ()


PARTS = (
    ContactPart,
    QuietPart,
    PersonPart,
    RehearsalPart,
    WindowPart,
    MaterialPart,
    ItemPart,
    StreamPart,
    SegmentPart,
    SessionPart,
    RotationPart,
    DrillPart,
    AwayPart,
    OverridePart,
)
