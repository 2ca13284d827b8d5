"""Sessions in tables and calendars: what Excel and phones write is read, and what we write is read back."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamwatch.calendars import Calendar, Known, read_calendar
from streamwatch.calendars.cells import rows, written
from streamwatch.calendars.csv_file import read_csv, write_csv
from streamwatch.calendars.feed import write_feed
from streamwatch.calendars.ical import read_ical
from streamwatch.duty import ROLES, DutyBook, Person, Rotation, Segment, Session, Window, shifts
from streamwatch.duty.rundown import MARKS

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
PEOPLE = {"alice": "Alice Wang", "bob": "Bob", "charlie": "查理"}
KNOWN = Known(PEOPLE, SHANGHAI)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ENGLISH = """\
id,stream,start,end,title,expected_viewers,tech,host
1122-A,demo,2026-11-22 19:00,2026-11-22 23:30,Black Friday,5000,"Alice Wang, bob",charlie
1123-A,demo,2026-11-23 19:00,01:30,,,bob,
"""
CHINESE = """\
场次;直播间;开播;下播;标题;预计观众;技术;主播;彩排;垫片
1122-A;demo;2026/11/22 19:00;2026年11月22日 23：30;双十一;5000;Alice Wang、bob;查理;18:00-18:40;20:00-20:10
"""


def of_table(text: str, encoding: str = "utf-8", known: Known = KNOWN) -> Calendar:
    return read_csv("sessions.csv", text.encode(encoding), known)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_a_table_is_read() -> None:
    """Ids and names of people, a title, an end after midnight given by its time alone."""
    read = of_table(ENGLISH)
    assert (read.mistakes, read.doubts) == ([], [])
    first, second = read.sessions
    assert first == Session(
        "1122-A",
        "demo",
        at("2026-11-22T19:00"),
        at("2026-11-22T23:30"),
        {"tech": ("alice", "bob"), "host": ("charlie",)},
        "Black Friday",
        5000,
    )
    assert (second.end, second.duty) == (at("2026-11-24T01:30"), {"tech": ("bob",)})


@pytest.mark.parametrize(
    ("head", "stream", "room"),
    [
        ("id,stream,start,end,platform,room,site", "demo", "8812"),
        ("场次,直播间,开始,结束,平台,房间号,地点", "demo", "8812"),
        ("id,room,start,end,platform,直播间号,site", "demo", "8812"),  # who has one room calls the stream so
    ],
)
def test_a_table_says_on_which_platform_in_which_room_and_where(head: str, stream: str, room: str) -> None:
    """`room` beside a stream is the platform's own; alone it has always been the stream."""
    read = of_table(f"{head}\nA,demo,2026-11-22 19:00,20:00,抖音,8812,二号棚\n")
    assert (read.mistakes, read.doubts) == ([], [])
    (session,) = read.sessions
    assert (session.stream, session.platform, session.room, session.site) == (stream, "抖音", room, "二号棚")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_chinese_table_is_read_however_excel_saved_it(encoding: str) -> None:
    """With a mark or without, in GBK, with semicolons, Chinese headers, full-width colons and names."""
    read = of_table(CHINESE, encoding)
    assert (read.mistakes, read.doubts) == ([], [])
    (session,) = read.sessions
    assert (session.title, session.expected_viewers) == ("双十一", 5000)
    assert session.duty == {"tech": ("alice", "bob"), "host": ("charlie",)}
    assert session.rehearsal == Window(at("2026-11-22T18:00"), at("2026-11-22T18:40"))
    assert session.slate == (Window(at("2026-11-22T20:00"), at("2026-11-22T20:10")),)


@pytest.mark.parametrize(
    ("before", "after", "line", "column", "says"),
    [
        ("id,stream,start,end", "id,room no,start,end", 1, 1, "the column 'stream' is missing"),
        ("title,exp", "end,exp", 1, 21, "this column stands twice"),
        ("2026-11-22 19:00", "22 Nov", 2, 13, "'22 Nov' is not a time; write it as 2026-11-22 19:00"),
        ("2026-11-22 19:00", "11/22/2026 19:00", 2, 13, "is not a time"),
        ("2026-11-22 23:30", "2026-11-22 18:30", 2, 30, "ends before it starts"),
        (",5000,", ",many,", 2, 60, "'many' is not a count; write a whole number"),
        (
            '"Alice Wang, bob"',
            "mallory",
            2,
            65,
            "nobody has the id or name 'mallory'; people are: alice bob charlie",
        ),
        ("1123-A", "1122-A", 3, 1, "the session '1122-A' stands twice"),
        ("1123-A", "", 3, 1, "must not be empty"),
        ("1122-A,demo", "1122-A,", 2, 8, "must not be empty"),
    ],
)
def test_a_mistake_in_a_table_is_told_with_its_place(
    before: str, after: str, line: int, column: int, says: str
) -> None:
    """File, line and column, the cure, and both languages."""
    assert before in ENGLISH
    read = of_table(ENGLISH.replace(before, after, 1))
    found = read.mistakes[0]
    assert (found.file, found.line, found.column) == ("sessions.csv", line, column)
    assert says in found.text
    assert found.text_zh != found.text


def test_every_mistake_of_a_table_is_told_at_once() -> None:
    """One in each line; the good lines are read all the same."""
    read = of_table(ENGLISH + "1124-A,demo,then,later,,,mallory,\n1125-A,demo,2026-11-25 19:00,22:00,,,bob,\n")
    assert [(each.line, each.key) for each in read.mistakes] == [(4, "start"), (4, "end"), (4, "tech")]
    assert [session.id for session in read.sessions] == ["1122-A", "1123-A", "1125-A"]


def test_a_column_of_somebody_elses_is_left_alone_and_told() -> None:
    """Their table has more in it than we need."""
    read = of_table("id,stream,start,end,budget\nA,demo,2026-11-22 19:00,20:00,100\n")
    assert (len(read.sessions), read.mistakes) == (1, [])
    assert read.doubts[0].en == "sessions.csv: the unknown column 'budget' is not read"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff\xff\xff\x80", b"id;stream", b'"', b'id,"stream\n,,,,'])
def test_what_is_no_table_is_one_mistake_or_more_and_never_a_crash(data: bytes) -> None:
    """Empty, of other bytes, cut off."""
    assert read_csv("x.csv", data, KNOWN).mistakes


def test_a_time_that_clocks_skip_or_show_twice_is_told() -> None:
    """Both nights of Berlin: said in words, and with one meaning each."""
    known = Known(PEOPLE, BERLIN)
    read = of_table(
        "id,stream,start,end\nA,demo,2026-10-25 02:30,2026-10-25 04:00\nB,demo,2027-03-28 02:30,2027-03-28 05:00\n",
        known=known,
    )
    assert [session.start.astimezone(UTC).hour for session in read.sessions] == [0, 1]
    twice, never = read.doubts
    assert "sessions.csv:2:8: clocks of Europe/Berlin show 2026-10-25 02:30 twice" in twice.en
    assert "sessions.csv:3:8: clocks of Europe/Berlin never show 2027-03-28 02:30" in never.en


cells = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=8).filter(
    lambda text: text == text.strip() and "\r" not in text and len(text.splitlines()) < 2
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    table=st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=5),
    separator=st.sampled_from(",;\t"),
)
def test_cells_are_cut_as_the_standard_library_cuts_them(table: list[list[str]], separator: str) -> None:
    """And they stand where they say they do."""
    text = "".join(written(row, separator) for row in table)
    ours = [[cell.text for cell in row] for row in rows(text, separator)]
    theirs = [
        row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(c.strip() for c in row)
    ]
    assert ours == theirs
    lines = text.split("\r\n")
    for row in rows(text, separator):
        for cell in row:
            assert lines[cell.line - 1][cell.column - 1 :].startswith(
                (cell.text or ("",)) if not cell.text else (cell.text, '"')
            )


# Sessions at random, written and read back.

words = st.text(st.sampled_from("abcXYZ09 -_,;\"'双十一：、\\"), max_size=12).map(str.strip)
moments = st.integers(0, 400 * 24 * 60).map(lambda n: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=n))
windows = st.tuples(moments, st.integers(1, 300)).map(lambda w: Window(w[0], w[0] + timedelta(minutes=w[1])))
teams = st.lists(st.sampled_from(sorted(PEOPLE)), min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def rundowns(draw: st.DrawFn, start: datetime, minutes: int) -> tuple[Segment, ...]:
    """In order and within the session, some as long as until the next."""
    begins = sorted(draw(st.lists(st.integers(0, minutes - 1), max_size=4, unique=True)))
    ends = [*begins[1:], minutes]
    return tuple(
        Segment(
            start + timedelta(minutes=begin),
            draw(words.filter(lambda text: text and not MARKS.search(text))),
            draw(st.none() | st.integers(1, end - begin)),
            draw(st.sampled_from(("", "host", "bob"))),
        )
        for begin, end in zip(begins, ends, strict=False)
    )


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    start = draw(moments)
    minutes = draw(st.integers(1, 1000))
    return Session(
        draw(st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True)),
        draw(st.sampled_from(("demo", "studio-2"))),
        start,
        start + timedelta(minutes=minutes),
        draw(st.dictionaries(st.sampled_from(ROLES), teams, max_size=4)),
        draw(words),
        draw(st.none() | st.integers(0, 10**9)),
        draw(st.none() | windows),
        tuple(draw(st.lists(windows, max_size=2))),
        tuple(draw(st.lists(windows, max_size=2))),
        platform=draw(words),
        room=draw(words),
        site=draw(words),
        rundown=draw(rundowns(start, minutes)),
    )


several = st.lists(sessions(), max_size=4, unique_by=lambda session: session.id)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(given_sessions=several, zone=st.sampled_from(("Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe")))
def test_a_table_we_wrote_is_read_back(given_sessions: list[Session], zone: str) -> None:
    """Every part of every session, also in the nights in which the clocks change."""
    known = Known(PEOPLE, ZoneInfo(zone))
    read = read_csv("back.csv", write_csv(given_sessions, known.zone).encode(), known)
    assert (read.mistakes, read.doubts) == ([], [])
    assert read.sessions == given_sessions


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe"])
def test_a_table_tells_the_two_half_past_ones_apart(zone: str) -> None:
    """Every quarter of an hour around both changes of the clocks, as start, end and slate."""
    known, quarter = Known(PEOPLE, ZoneInfo(zone)), timedelta(minutes=15)
    nights = [datetime(2026, *day, 12, tzinfo=UTC) for day in ((3, 28), (4, 4), (10, 3), (10, 24))]
    starts = [night + number * quarter for night in nights for number in range(80)]
    written_sessions = [
        Session(str(number), "demo", at, at + quarter, {}, slate=(Window(at, at + quarter),))
        for number, at in enumerate(starts)
    ]
    read = read_csv("back.csv", write_csv(written_sessions, known.zone).encode(), known)
    assert (read.mistakes, read.doubts) == ([], [])
    assert [each.moments() for each in read.sessions] == [each.moments() for each in written_sessions]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(given_sessions=several)
def test_a_feed_is_read_back(given_sessions: list[Session]) -> None:
    """What a phone subscribes to has everything in it."""
    read = read_ical("duty.ics", write_feed(given_sessions, (), book(), NOW), KNOWN, NOW)
    assert (read.mistakes, read.doubts) == ([], [])
    assert read.sessions == [
        replace(each, title="" if each.title == each.id else each.title) for each in given_sessions
    ]


def book() -> DutyBook:
    people = {each: Person(each, name, "zh", ()) for each, name in PEOPLE.items()}
    turns = Rotation("tech", tuple(PEOPLE), timedelta(days=1), datetime(2026, 11, 1, 10, 0), SHANGHAI)  # noqa: DTZ001
    return DutyBook(people, {}, rotations=(turns,))


def test_a_feed_tells_shifts_that_are_not_read_as_sessions() -> None:
    """They are there for people, and no broadcast."""
    turns = shifts(book(), "tech", "", NOW, NOW + timedelta(days=3))
    feed = write_feed((), turns, book(), NOW)
    read = read_ical("duty.ics", feed, KNOWN, NOW)
    assert feed.decode().count("BEGIN:VEVENT") == 4
    assert "值班 技术：Bob" in feed.decode()
    assert (read.sessions, read.mistakes, read.doubts) == ([], [], [])


def test_a_feed_tells_drills_that_are_due_and_are_no_sessions_either() -> None:
    """Half an hour each, at the moment when they are due."""
    feed = write_feed((), (), book(), NOW, "zh", [("power", NOW + timedelta(days=3))])
    read = read_ical("duty.ics", feed, KNOWN, NOW)
    assert "演练到期：power" in feed.decode()
    assert (read.sessions, read.mistakes, read.doubts) == ([], [], [])


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", "UID:show@example.org", "DTSTAMP:20261101T000000Z", *lines, "END:VEVENT"])


def of_calendar(*events: str, known: Known = KNOWN) -> Calendar:
    text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//", *events, "END:VCALENDAR", ""])
    return read_ical("show.ics", text.encode(), known, NOW)


EVENING = ("DTSTART;TZID=Asia/Shanghai:20261122T190000", "DTEND;TZID=Asia/Shanghai:20261122T233000")


def test_an_event_of_a_phones_calendar_is_a_session() -> None:
    """The place is the stream, and the description says in words who is on duty."""
    read = of_calendar(
        event(
            *EVENING,
            "SUMMARY:双十一",
            "LOCATION:demo",
            "DESCRIPTION:技术：Alice Wang、bob\\n主播: 查理\\n提词器在二楼\\n预计观众: 5000",
        )
    )
    assert (read.mistakes, read.doubts) == ([], [])
    (session,) = read.sessions
    assert (session.id, session.stream, session.title) == ("show", "demo", "双十一")
    assert session.duty == {"tech": ("alice", "bob"), "host": ("charlie",)}
    assert (session.start, session.end, session.expected_viewers) == (
        at("2026-11-22T19:00"),
        at("2026-11-22T23:30"),
        5000,
    )


@pytest.mark.parametrize(
    ("lines", "stream", "room"),
    [
        ("平台：抖音\\n房间号: 8812\\n地点: 二号棚", "demo", "8812"),
        ("platform: 抖音\\nroom: 8812\\nstream: studio\\nsite: 二号棚", "studio", "8812"),
        ("platform: 抖音\\nroom: studio\\n场地：二号棚", "studio", ""),
    ],
)
def test_an_event_says_on_which_platform_in_which_room_and_where(lines: str, stream: str, room: str) -> None:
    """Also in an event `room` is the platform's own only beside a stream."""
    (session,) = of_calendar(event(*EVENING, "LOCATION:demo", f"DESCRIPTION:{lines}")).sessions
    assert (session.stream, session.platform, session.room, session.site) == (stream, "抖音", room, "二号棚")


@pytest.mark.parametrize(
    ("times", "hours"),
    [
        (("DTSTART:20261122T110000Z", "DURATION:PT4H30M"), 4.5),
        (("DTSTART:20261122T190000", "DTEND:20261122T200000"), 1),  # floating: of duty.yml's zone
        (("DTSTART;TZID=Europe/Berlin:20261122T120000", "DTEND:20261122T110500Z"), 1 / 12),
    ],
)
def test_times_are_read_as_rfc_5545_says(times: tuple[str, str], hours: float) -> None:
    """In UTC, in a zone, in none; with an end or a duration."""
    (session,) = of_calendar(event(*times, "LOCATION:demo")).sessions
    assert session.start == at("2026-11-22T19:00")
    assert session.end - session.start == timedelta(hours=hours)


def test_a_show_every_week_stays_at_its_time_on_the_wall() -> None:
    """Eight in the evening in Berlin before and after the clocks change; one week left out, one moved."""
    known = Known(PEOPLE, BERLIN)
    weekly = event(
        "DTSTART;TZID=Europe/Berlin:20261011T200000",
        "DTEND;TZID=Europe/Berlin:20261011T220000",
        "RRULE:FREQ=WEEKLY;UNTIL=20261115T190000Z",
        "EXDATE;TZID=Europe/Berlin:20261018T200000",
        "LOCATION:demo",
    )
    moved = event(
        "RECURRENCE-ID;TZID=Europe/Berlin:20261101T200000",
        "DTSTART;TZID=Europe/Berlin:20261102T210000",
        "DTEND;TZID=Europe/Berlin:20261102T220000",
        "LOCATION:demo",
    )
    read = of_calendar(weekly, moved, known=known)
    assert read.mistakes == []
    starts = sorted(f"{session.start:%m-%d %H:%M}" for session in read.sessions)
    assert starts == ["10-11 20:00", "10-25 20:00", "11-02 21:00", "11-08 20:00", "11-15 20:00"]
    assert len({session.id for session in read.sessions}) == 5


def test_a_show_without_end_is_followed_for_a_year_and_a_bit() -> None:
    """From two months ago: what is over long since is left out."""
    daily = event("DTSTART:20200101T110000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY", "LOCATION:demo")
    read = of_calendar(daily)
    assert len(read.sessions) == 460
    assert min(session.start for session in read.sessions) == datetime(2026, 9, 22, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            ("DTSTART;VALUE=DATE:20261122", "SUMMARY:day off", "LOCATION:demo"),
            "'day off' is a whole day and is not read",
        ),
        ((*EVENING, "SUMMARY:dentist"), "'dentist' names no stream"),
    ],
)
def test_an_event_that_is_no_session_is_left_out_and_told(lines: tuple[str, ...], says: str) -> None:
    """A calendar holds other things too; a session forgotten there must not vanish without a word."""
    read = of_calendar(event(*lines))
    assert (read.sessions, read.mistakes) == ([], [])
    assert says in read.doubts[0].en
    assert read.doubts[0].en.startswith("show.ics:4:1: ")


def test_a_cancelled_event_is_no_session() -> None:
    """It was called off."""
    assert of_calendar(event(*EVENING, "LOCATION:demo", "STATUS:CANCELLED")).sessions == []


def test_a_mistake_in_a_calendar_names_its_event() -> None:
    """By the line on which it begins."""
    good = event(*EVENING, "LOCATION:demo")
    read = of_calendar(
        good, event(*EVENING, "LOCATION:demo", "DESCRIPTION:tech: mallory").replace("UID:show", "UID:two")
    )
    (found,) = read.mistakes
    assert (found.line, found.key) == (11, "tech")
    assert "mallory" in found.text


@pytest.mark.parametrize(
    "data", [b"", b"BEGIN:VCALENDAR", b"hello", b"\xff\xfe\x00", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n"]
)
def test_what_is_no_calendar_is_a_mistake_and_never_a_crash(data: bytes) -> None:
    """Empty, cut off, something else."""
    assert read_ical("x.ics", data, KNOWN, NOW).mistakes


@pytest.mark.parametrize(
    ("name", "says"), [("notes.txt", "only .csv and .ics"), ("gone.csv", "cannot be read: No such file")]
)
def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path, name: str, says: str) -> None:
    """With its name."""
    (tmp_path / "notes.txt").write_text("x")
    (found,) = read_calendar(tmp_path / name, KNOWN, NOW).mistakes
    assert says in found.text
    assert found.file.endswith(name)
