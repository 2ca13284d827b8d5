"""Sessions as events of a calendar, RFC 5545: SUMMARY is the title, LOCATION the stream, DESCRIPTION the rest.

In the description stand lines such as `tech: bob alice` or `预计观众: 5000`; other lines are left alone.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from dateutil.rrule import rrule, rruleset, rrulestr
from icalendar import Calendar as ICalendar

from streamwatch.calendars.cells import Cell
from streamwatch.calendars.reading import Calendar, Known, Reading
from streamwatch.calendars.words import fields_of
from streamwatch.duty import Window
from streamwatch.language import Text

PAST, AHEAD = timedelta(days=60), timedelta(days=400)  # how far an event that repeats is followed
ID = "X-STREAMWATCH-ID"
KIND = "X-STREAMWATCH-KIND"
DRILL = "drill"  # a drill of the calendar: no session either
SHIFT = "shift"  # of a rotation: for people to see, not a session
NOT_ICAL = Text("不是 iCalendar 文件：{why}", "not an iCalendar file: {why}")
NO_CLOCK = Text("{place}：“{what}”没有钟点（全天事件），未读取", "{place}: '{what}' is a whole day and is not read")
NO_STREAM = Text(
    "{place}：“{what}”没有写直播间（地点，或说明里的“直播间: id”），未读取",
    "{place}: '{what}' names no stream (as location, or as 'stream: id' in the description) and is not read",
)
ENDLESS = 1000  # occurrences of one event


def read_ical(name: str, data: bytes, known: Known, at: datetime) -> Calendar:
    """Every session of the calendar; of events that repeat those from 60 days before *at* to 400 days after it."""
    reading = Reading(name, known)
    try:
        parts = ICalendar.from_ical(data, multiple=True)
        calendars = [each for each in parts if each.name == "VCALENDAR"]
        events: list[Any] = [event for each in calendars for event in each.walk("VEVENT")]
    except (ValueError, TypeError, KeyError, IndexError) as error:
        reading.mistake(Cell("", 1, 1), "", NOT_ICAL.format(why=str(error)[:120]))
        return reading.calendar
    if not calendars:
        reading.mistake(Cell("", 1, 1), "", NOT_ICAL.format(why="BEGIN:VCALENDAR"))
    places = dict(zip(map(id, events), _places(data), strict=False))
    moved = {(_uid(event), _local(event["RECURRENCE-ID"].dt)) for event in events if "RECURRENCE-ID" in event}
    for event in events:
        place = places.get(id(event), Cell("", 1, 1))
        for cells in _occurrences(reading, event, place, known, moved, Window(at - PAST, at + AHEAD)):
            reading.session(cells, place)
    return reading.calendar


def _places(data: bytes) -> Iterator[Cell]:
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip().upper() == b"BEGIN:VEVENT":
            yield Cell("", number, 1)


def _uid(event: Any) -> str:
    return str(event.get("UID", ""))


def _occurrences(
    reading: Reading, event: Any, place: Cell, known: Known, moved: set[tuple[str, datetime]], near: Window
) -> Iterator[dict[str, Cell]]:
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or str(event.get(KIND, "")) in (SHIFT, DRILL):
        return
    cells = _told(event, place)
    doubt = None
    if "DTSTART" not in event or not isinstance(event["DTSTART"].dt, datetime):
        doubt = NO_CLOCK
    elif not cells["stream"].text:
        doubt = NO_STREAM
    if doubt is not None:
        what = str(event.get("SUMMARY", "")) or _uid(event)
        reading.calendar.doubts.append(doubt.format(place=f"{reading.name}:{place.line}:1", what=what))
        return
    begins: datetime = event["DTSTART"].dt
    length = _length(event, begins)
    if "RRULE" not in event and "RDATE" not in event:
        yield cells | _times(begins, begins + length, place)
        return
    for local in _repeated(event, begins, known, near):
        if (_uid(event), local) not in moved:
            start = local if begins.tzinfo is None else local.replace(tzinfo=begins.tzinfo)
            identity = {"id": cells["id"]._replace(text=f"{cells['id'].text}-{local:%Y%m%d%H%M}")}
            yield cells | identity | _times(start, start + length, place)


def _told(event: Any, place: Cell) -> dict[str, Cell]:
    """What the event says in words."""
    told: dict[str, str] = {}
    lines = [re.split("[:：]", line, maxsplit=1) for line in str(event.get("DESCRIPTION", "")).splitlines()]
    pairs = [line for line in lines if len(line) == 2]
    for field, (_, value) in zip(fields_of(word for word, _ in pairs), pairs, strict=True):
        if field and field not in ("id", "start", "end", "title"):
            told[field] = value.strip()
    identity = str(event.get(ID, "")) or _uid(event).partition("@")[0]
    if "RECURRENCE-ID" in event and ID not in event:
        identity += f"-{event['RECURRENCE-ID'].dt:%Y%m%d%H%M}"
    title = str(event.get("SUMMARY", "")).strip()
    stream = told.pop("stream", "") or str(event.get("LOCATION", "")).strip()
    told |= {"id": identity, "stream": stream, "title": "" if title == identity else title}
    return {key: place._replace(text=text) for key, text in told.items()}


def _length(event: Any, begins: datetime) -> timedelta:
    """How long by the clock, so that a show which repeats ends at the same time after the clocks changed."""
    if "DTEND" in event:
        ends = event["DTEND"].dt
        if isinstance(ends, datetime) and begins.tzinfo is not None and ends.tzinfo is not None:
            ends = ends.astimezone(begins.tzinfo)
        return ends - begins if isinstance(ends, datetime) else timedelta(0)
    length: timedelta = event["DURATION"].dt if "DURATION" in event else timedelta(0)
    return length


def _times(start: datetime, end: datetime, place: Cell) -> dict[str, Cell]:
    return {"start": place._replace(text=_written(start)), "end": place._replace(text=_written(end))}


def _written(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()


def _local(at: Any) -> datetime:
    """By the clock on the wall: what an exception of a repeated event is known by."""
    if not isinstance(at, datetime):
        return datetime(at.year, at.month, at.day)  # noqa: DTZ001  # a wall-clock time
    return at.replace(tzinfo=None)


def _repeated(event: Any, begins: datetime, known: Known, near: Window) -> Iterable[datetime]:
    """The starts, by the clock: a show at eight is at eight in winter too."""
    first = begins.replace(tzinfo=None)
    dates = rruleset()
    for rule in _listed(event.get("RRULE")):
        repeats = rrulestr(_rule(rule, begins), dtstart=first)
        assert isinstance(repeats, rrule)  # one rule, not a set
        dates.rrule(repeats)
    if "RRULE" not in event:
        dates.rdate(first)
    for key, add in (("RDATE", dates.rdate), ("EXDATE", dates.exdate)):
        for each in _listed(event.get(key)):
            for given in each.dts:
                add(_in_zone_of(given.dt, begins))
    zone = begins.tzinfo or known.zone
    since = near.start.astimezone(zone).replace(tzinfo=None)
    until = near.end.astimezone(zone).replace(tzinfo=None)
    found: list[datetime] = []
    for each in dates.xafter(since, inc=True):
        if each >= until or len(found) >= ENDLESS:
            break
        found.append(each)
    return found


def _rule(rule: Any, begins: datetime) -> str:
    """With its end by the same clock as the start: RFC 5545 writes it in UTC."""
    plain = dict(rule)
    plain["UNTIL"] = [_in_zone_of(each, begins) for each in rule.get("UNTIL", [])]
    if not plain["UNTIL"]:
        del plain["UNTIL"]
    return str(type(rule)(plain).to_ical().decode())


def _in_zone_of(given: Any, begins: datetime) -> datetime:
    if not isinstance(given, datetime):
        return datetime.combine(given, begins.time())
    here = given.astimezone(begins.tzinfo) if given.tzinfo is not None and begins.tzinfo is not None else given
    return here.replace(tzinfo=None)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
