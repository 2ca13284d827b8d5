"""Rotations, absences, overrides and calendars in duty.yml: what they mean, and mistakes with their places."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from servers.duty_file import HEAD, write_duty_file
from streamwatch.config.load import Config, load, warnings
from streamwatch.duty import Quiet, Window, who
from streamwatch.errors import ConfigError

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EVERYTHING = """\
rotations:
  - {role: tech, people: [alice, bob, charlie], every: 1w, handover: "Mon 10:00", since: 2026-01-01}
  - {role: data, people: [bob, charlie], every: 12h, handover: 10:00, since: 2026-01-05, only: workdays,
     streams: [demo]}
holidays_file: holidays.yml
away:
  - {person: alice, from: 2026-12-01T00:00, to: 2026-12-08T00:00}
overrides:
  - {role: ops, person: charlie, from: 2026-12-01T00:00, to: 2026-12-02T00:00, stream: demo, reason: 体检}
sessions:
  - id: A
    stream: demo
    start: 2026-11-22T19:00
    end: 2026-11-22T23:30
    expected_viewers: 5000
    platform: 抖音
    room: 8812
    site: 二号棚
    rehearsal: {start: 2026-11-22T18:00, end: 2026-11-22T18:40}
    slate: [{from: 2026-11-22T20:00, to: 2026-11-22T20:10}]
    silence: [{from: 2026-11-22T21:00, to: 2026-11-22T21:01}]
    duty: {tech: [bob]}
sessions_files: [calendar.csv, show.ics]
"""
HOLIDAYS = "source: test\ndays_off: [2026-10-01]\ndays_worked: [2026-10-10]\n"
TABLE = "id,stream,start,end,tech\nB,demo,2026-11-23 19:00,20:00,查理\n"
ICAL = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:C\r\nDTSTAMP:20261101T000000Z\r\n"
    "DTSTART:20261124T110000Z\r\nDTEND:20261124T120000Z\r\nLOCATION:demo\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def write(folder: Path, more: str = EVERYTHING, head: str = HEAD) -> Path:
    (folder / "holidays.yml").write_text(HOLIDAYS)
    (folder / "calendar.csv").write_text(TABLE, encoding="utf-8-sig")
    (folder / "show.ics").write_text(ICAL)
    return write_duty_file(folder, more, head)


def read(folder: Path, more: str = EVERYTHING, head: str = HEAD) -> Config:
    return load(write(folder, more, head), at=NOW)


def test_everything_about_duty_is_read(tmp_path: Path) -> None:
    """Rotations by their first hand-over, sessions of three files, wall-clock times of the file's zone."""
    book = read(tmp_path).book
    weekly, halves = book.rotations

    assert weekly.first == datetime(2026, 1, 5, 10, 0)  # noqa: DTZ001  # the first Monday on or after
    assert (weekly.every, weekly.zone, weekly.streams) == (timedelta(weeks=1), SHANGHAI, None)
    assert (halves.every, halves.only, halves.streams) == (timedelta(hours=12), "workdays", frozenset({"demo"}))
    assert halves.first.time() == time(10, 0)  # which YAML reads as 600
    assert not halves.holidays.is_workday(datetime(2026, 10, 1).date())  # noqa: DTZ001
    assert [session.id for session in book.sessions] == ["A", "B", "C"]
    assert book.sessions[1].duty == {"tech": ("charlie",)}
    first = book.sessions[0]
    evening = [datetime(2026, 11, 22, hour, minute, tzinfo=SHANGHAI) for hour, minute in ((18, 0), (18, 40))]
    assert (first.rehearsal, first.expected_viewers) == (Window(*evening), 5000)
    assert (first.platform, first.room, first.site) == ("抖音", "8812", "二号棚")
    assert (len(first.slate), len(first.silence)) == (1, 1)
    assert who(book, "tech", "", datetime(2026, 12, 1, 12, 0, tzinfo=SHANGHAI)).source == "rotation"
    assert who(book, "ops", "demo", datetime(2026, 12, 1, 12, 0, tzinfo=SHANGHAI)).call == ("charlie",)


def test_people_have_quiet_hours_a_zone_and_roles(tmp_path: Path) -> None:
    """With quotation marks or without: YAML takes 23:00 for a number."""
    alice = "id: alice, name: Alice, timezone: Europe/Berlin, roles: [tech], quiet: [{from: 23:00, to: '07:00'}]"
    book = read(tmp_path, "", HEAD.replace("id: alice, name: Alice", alice)).book

    assert book.people["alice"].quiet == (Quiet(time(23), time(7)),)
    assert book.people["alice"].zone == ZoneInfo("Europe/Berlin")
    assert (book.people["alice"].can_cover("tech"), book.people["alice"].can_cover("ops")) == (True, False)
    assert book.people["bob"].zone == SHANGHAI


@pytest.mark.parametrize(
    ("before", "after", "line", "key", "says"),
    [
        ("every: 1w", "every: 7h", 13, "rotations.0.every", "hours that divide a day"),
        ("every: 1w", "every: often", 13, "rotations.0.every", "write 1w, 2w, 1d"),
        ('"Mon 10:00"', "someday", 13, "rotations.0.handover", "a weekday for weeks: 'Mon 10:00'"),
        ('"Mon 10:00"', '"Mon 25:00"', 13, "rotations.0.handover", "write a time"),
        ("since: 2026-01-01", "since: spring", 13, "rotations.0.since", "date"),
        ("role: tech, people", "role: host, people", 13, "rotations.0.role", "'tech', 'ops'"),
        ("[alice, bob, charlie]", "[alice, mallory]", 13, "rotations.0.people.1", "nobody has the id 'mallory'"),
        ("holidays_file: holidays.yml\n", "", 14, "rotations.1.only", "add holidays_file: holidays.cn.yml"),
        ("person: alice, from", "person: eve, from", 18, "away.0.person", "nobody has the id 'eve'"),
        ("2026-12-08T00:00", "2026-11-08T00:00", 18, "away.0.to", "after midnight is the next day"),
        ("person: charlie, from", "persn: charlie, from", 20, "overrides.0.persn", "did you mean 'person'?"),
        ("reason: 体检", "why: 体检", 20, "overrides.0.why", "unknown key"),
        ("expected_viewers: 5000", "expected_viewers: many", 26, "sessions.0.expected_viewers", "integer"),
        ("18:40}", "17:40}", 30, "sessions.0.rehearsal.end", "ends before it starts"),
        ("20:10}", "19:10}", 31, "sessions.0.slate.0.to", "ends before it starts"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_cure(
    tmp_path: Path, before: str, after: str, line: int, key: str, says: str
) -> None:
    """One change to a good file, and the first mistake is there."""
    assert before in EVERYTHING
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, EVERYTHING.replace(before, after, 1))
    found = refused.value.mistakes[0]
    assert (found.line, found.key) == (line, key)
    assert says in found.text
    assert found.text_zh != found.text


def test_who_cannot_cover_a_role_is_refused_on_its_lists(tmp_path: Path) -> None:
    """Bob covers ops alone, and stands on the list of tech."""
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, "", HEAD.replace("name: Bob", "name: Bob, roles: [ops]"))
    (found,) = refused.value.mistakes
    assert (found.key, found.text.splitlines()[0]) == (
        "duty.tech.1",
        "Bob does not cover role tech; their roles do not name it",
    )


@pytest.mark.parametrize(
    ("file", "text", "place", "says"),
    [
        ("calendar.csv", TABLE.replace("B,", "A,"), "calendar.csv:2:1: id", "the id 'A' stands twice"),
        ("calendar.csv", TABLE.replace("19:00", "soon"), "calendar.csv:2:8: start", "is not a time"),
        ("show.ics", "nothing", "show.ics:1:1", "not an iCalendar file"),
        ("holidays.yml", "source: x\noff: [2026-10-01]\n", "duty.yml:16:1: holidays_file", "written like config"),
        ("holidays.yml", "source: [", "holidays.yml:1", "not YAML"),
    ],
)
def test_a_mistake_in_a_file_beside_it_names_that_file(
    tmp_path: Path, file: str, text: str, place: str, says: str
) -> None:
    """Or, of the holidays, the line that names it."""
    path = write(tmp_path)
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(path, at=NOW)
    assert place in str(refused.value)
    assert says in str(refused.value)


def test_a_calendar_that_is_gone_is_a_mistake(tmp_path: Path) -> None:
    """Without it nobody knows when the show is: better said at the reload than at the show."""
    path = write(tmp_path)
    (tmp_path / "show.ics").unlink()
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(path, at=NOW)


def test_a_time_that_clocks_show_twice_is_a_warning(tmp_path: Path) -> None:
    """It has a meaning, and its writer may have meant the other."""
    session = "{id: A, stream: demo, start: 2026-10-25T02:30, end: 2026-10-25T04:00}"
    config = read(tmp_path, f"timezone: Europe/Berlin\nsessions: [{session}]\n")
    assert config.book.sessions[0].start.astimezone(UTC).hour == 0
    (doubt,) = warnings(config)
    assert "sessions.0: clocks of Europe/Berlin show 2026-10-25 02:30 twice" in doubt.en
    assert "出现两次" in doubt.zh
