"""Duty as a calendar that phones subscribe to, RFC 5545: sessions and the shifts of people. `ical` reads it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from streamwatch.calendars.ical import DRILL, ID, KIND, SHIFT
from streamwatch.calendars.segments import written
from streamwatch.duty import DutyBook, Session, Shift, Window
from streamwatch.language import Language, Text
from streamwatch.vocabulary import ROLES, say

REFRESH = timedelta(minutes=15)
DRILL_TAKES = timedelta(minutes=30)


def write_feed(
    sessions: Iterable[Session],
    turns: Iterable[Shift],
    book: DutyBook,
    at: datetime,
    language: Language = "zh",
    drills: Iterable[tuple[str, datetime]] = (),
) -> bytes:
    """*at* is when it is written, *drills* what is due when.

    Times are in UTC, which needs no zone to be explained."""
    calendar = Calendar()
    calendar.add("PRODID", "-//StreamWatch//duty//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("X-WR-CALNAME", Text("值班", "duty").read_in(language))
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    for session in sessions:
        calendar.add_component(_session(session, at))
    for shift in turns:
        calendar.add_component(_shift(shift, book, at, language))
    for name, due in drills:
        calendar.add_component(_drill(name, due, at, language))
    return bytes(calendar.to_ical())


def _drill(name: str, due: datetime, at: datetime, language: Language) -> Event:
    event = _event(f"drill-{name.replace(' ', '-')}-{due:%Y%m%d}@streamwatch", due, due + DRILL_TAKES, at)
    event.add("SUMMARY", Text(f"演练到期：{name}", f"drill due: {name}").read_in(language))
    event.add(KIND, DRILL)
    return event


def _session(session: Session, at: datetime) -> Event:
    """As planned, or as it really began and ended."""
    start, end = session.started or session.start, session.ended or session.end
    event = _event(f"session-{session.id}@streamwatch", start, end, at)
    event.add("SUMMARY", session.title or session.id)
    event.add("LOCATION", session.stream)
    event.add(ID, session.id)
    event.add("DESCRIPTION", "\n".join(_lines(session)))
    return event


def _lines(session: Session) -> list[str]:
    lines = [f"{role}: {' '.join(people)}" for role, people in session.duty.items()]
    where = {"platform": session.platform, "room": session.room, "site": session.site}
    lines += [f"{key}: {value}" for key, value in where.items() if value]
    if session.room:
        lines.append(f"stream: {session.stream}")  # else `room` would be read as one
    if session.expected_viewers is not None:
        lines.append(f"expected_viewers: {session.expected_viewers}")
    if session.rehearsal:
        lines.append(f"rehearsal: {_in_utc(session.rehearsal)}")
    for key, windows in (("slate", session.slate), ("silence", session.silence)):
        if windows:
            lines.append(f"{key}: {', '.join(map(_in_utc, windows))}")
    if session.rundown:
        lines.append(f"rundown: {'; '.join(written(session.rundown, _moment))}")
    return lines


def _shift(shift: Shift, book: DutyBook, at: datetime, language: Language) -> Event:
    people = "+".join(map(book.name, shift.duty.call))
    stream = f" · {shift.stream}" if shift.stream else ""
    uid = f"shift-{shift.role}-{shift.stream}-{shift.start:%Y%m%d%H%M%S}@streamwatch"
    event = _event(uid, shift.start, shift.end, at)
    role = say(ROLES, shift.role).read_in(language)
    summary = Text(f"值班 {role}：{people}{stream}", f"on duty: {role}: {people}{stream}")
    event.add("SUMMARY", summary.read_in(language))
    event.add("DESCRIPTION", shift.duty.reason.read_in(language))
    event.add(KIND, SHIFT)
    return event


def _event(uid: str, start: datetime, end: datetime, at: datetime) -> Event:
    event = Event()
    event.add("UID", uid)
    event.add("DTSTAMP", at.astimezone(UTC))
    event.add("DTSTART", start.astimezone(UTC))
    event.add("DTEND", end.astimezone(UTC))
    return event


def _in_utc(window: Window) -> str:
    return "/".join(map(_moment, (window.start, window.end)))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
