"""What `streamwatch check` wonders about: gaps, people in two places, people who cannot be reached."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from streamwatch.duty import Away, Contact, DutyBook, Holidays, Override, Person, Rotation, Session, doubts

START = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
END = START + timedelta(days=14)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PHONE = (Contact("phone", "x"),)
PEOPLE = {name: Person(name, name.capitalize(), "zh", PHONE) for name in ("alice", "bob", "charlie")}
WELL = DutyBook(PEOPLE, {"tech": ("alice", "bob"), "ops": ("bob",), "service": ("charlie",)})


def told(book: DutyBook) -> list[str]:
    found = doubts(book, START, END, UTC)
    assert all(text.zh != text.en for text in found)
    return [text.en for text in found]


def session(id_: str, stream: str, at: timedelta = 10 * HOUR, **duty: tuple[str, ...]) -> Session:
    return Session(id_, stream, START + at, START + at + 2 * HOUR, duty)


def test_a_good_book_leaves_no_doubt() -> None:
    """Sessions that follow each other, with backups, and everybody has a phone."""
    good = replace(
        WELL, sessions=(session("A", "demo", tech=("alice", "bob")), session("B", "demo", DAY, host=("alice",)))
    )
    assert told(good) == []


def test_uncovered_minutes_are_counted() -> None:
    """Of a role that must never be empty, and once for all streams."""
    turns = Rotation("tech", ("alice",), DAY, datetime(2026, 11, 23, 10, 0), UTC)  # noqa: DTZ001
    late = replace(WELL, default={"ops": ("bob",), "service": ("bob",)}, rotations=(turns,))
    sessions = (session("A", "demo", DAY, tech=("bob",)),)
    assert told(replace(late, sessions=sessions)) == [
        "nobody holds role tech from 2026-11-22 00:00 to 2026-11-23 10:00 (2040 min, stream —)"
    ]


def test_all_away_is_a_gap() -> None:
    """Both of the list are on holiday for a day."""
    away = tuple(Away(name, START + DAY, START + 2 * DAY) for name in ("alice", "bob"))
    found = told(replace(WELL, away=away))
    assert "nobody holds role tech from 2026-11-23 00:00 to 2026-11-24 00:00 (1440 min, stream —)" in found


def test_a_gap_of_one_stream_names_it() -> None:
    """While Charlie hosts demo nobody answers its viewers; elsewhere neither, so it is told once."""
    on_air = session("A", "demo", host=("charlie",))
    assert told(replace(WELL, sessions=(on_air,))) == [
        "nobody holds role service from 2026-11-22 10:00 to 2026-11-22 12:00 (120 min, stream —)"
    ]


def test_who_cannot_be_reached_is_named() -> None:
    """On a list and without a contact."""
    people = PEOPLE | {"bob": replace(PEOPLE["bob"], contacts=())}
    assert told(replace(WELL, people=people)) == ["Bob is on a duty list and has no contact"]


def test_ones_own_backup_is_named() -> None:
    """In a list, in a session, in a rotation two turns in a row."""
    turns = Rotation("data", ("alice", "alice", "bob"), DAY, datetime(2026, 1, 1), UTC)  # noqa: DTZ001
    twice = replace(
        WELL,
        default=dict(WELL.default) | {"tech": ("alice", "alice")},
        sessions=(session("A", "demo", tech=("bob", "bob")),),
        rotations=(turns,),
    )
    assert told(twice) == [
        "the default list, role tech: Alice is their own backup",
        "session A, role tech: Bob is their own backup",
        "the rotation, role data: Alice is their own backup",
    ]


def test_two_rooms_at_once_are_named() -> None:
    """Alice is first in both; with Bob first in the other there is no doubt."""
    both = (session("A", "demo", tech=("alice", "bob")), session("B", "other", 11 * HOUR, tech=("alice", "bob")))
    assert told(replace(WELL, sessions=both)) == ["Alice is first in A and B at once (from 2026-11-22 11:00)"]
    other = replace(both[1], duty={"tech": ("bob", "alice")})
    assert told(replace(WELL, sessions=(both[0], other))) == []


def test_a_host_on_duty_elsewhere_is_named() -> None:
    """On air she is not called."""
    both = (session("A", "demo", host=("alice",)), session("B", "other", tech=("alice", "bob")))
    assert told(replace(WELL, sessions=both)) == ["Alice is on air in A and on duty in B"]


def test_an_override_for_somebody_who_is_away_is_named() -> None:
    """It would not count."""
    away, over = Away("bob", START, END), Override("tech", "bob", START, START + DAY)
    default = {"tech": ("alice",), "ops": ("alice",), "service": ("charlie",)}
    assert told(replace(WELL, default=default, away=(away,), overrides=(over,))) == [
        "Bob takes role tech by an override from 2026-11-22 00:00, and is away then"
    ]


def test_a_year_without_holidays_is_named() -> None:
    """Turns on working days need to know them."""
    turns = Rotation(
        "tech",
        ("alice",),
        DAY,
        datetime(2026, 1, 1),  # noqa: DTZ001
        UTC,
        None,
        "workdays",
        Holidays(frozenset({START.date()})),
    )
    found = doubts(replace(WELL, rotations=(turns,)), START + 30 * DAY, START + 44 * DAY, UTC)
    assert [text.en for text in found] == [
        "the holidays file knows nothing of 2027: the rotation of role tech takes Monday to Friday as worked"
    ]


def test_many_of_a_kind_are_cut_short() -> None:
    """Nobody reads a hundred lines: five, and where the others are."""
    away = tuple(Away("charlie", START + n * DAY, START + n * DAY + HOUR) for n in range(10))
    found = told(replace(WELL, away=away))
    assert (len(found), found[-1]) == (6, "5 more of this kind: streamwatch duty preview")
