"""Turns: hand-overs by the clock on the wall, days that count and days that do not."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from streamwatch.config.roster import HolidaysFile
from streamwatch.duty import Days, Holidays, Rotation
from streamwatch.duty.days import days_between
from streamwatch.duty.wall_clock import doubt, instant, wall

BERLIN, SHANGHAI, LORD_HOWE = (ZoneInfo(name) for name in ("Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe"))
CAST = ("alice", "bob", "charlie")
DAY = timedelta(days=1)
HOLIDAYS_FILE = Path(__file__).parents[2] / "config" / "holidays.cn.yml"


def holidays() -> Holidays:
    read = HolidaysFile.model_validate(yaml.safe_load(HOLIDAYS_FILE.read_text(encoding="utf-8")))
    return Holidays(frozenset(read.days_off), frozenset(read.days_worked))


def rotation(
    every: timedelta,
    first: str,
    zone: ZoneInfo = SHANGHAI,
    only: Days | None = None,
    people: tuple[str, ...] = CAST,
) -> Rotation:
    return Rotation(
        "tech",
        people,
        every,
        datetime.fromisoformat(first),
        zone,
        only=only,
        holidays=holidays() if only else Holidays(),
    )


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return instant(datetime.fromisoformat(text), zone)


def test_turns_pass_from_one_to_the_next() -> None:
    """Alice until Monday ten o'clock, then Bob, Charlie after him, and Alice again."""
    weekly = rotation(timedelta(weeks=1), "2026-01-05T10:00")
    turns = [
        weekly.order(at(text))[0]
        for text in (
            "2026-01-05T10:00",
            "2026-01-12T09:59",
            "2026-01-12T10:00",
            "2026-01-19T10:00",
            "2026-01-26T10:00",
        )
    ]
    assert turns == ["alice", "alice", "bob", "charlie", "alice"]


def test_those_whose_turns_come_next_back_up() -> None:
    """In the order in which they come."""
    assert rotation(DAY, "2026-01-05T10:00").order(at("2026-01-06T12:00")) == ("bob", "charlie", "alice")


def test_before_its_first_hand_over_a_rotation_says_nothing() -> None:
    """The day before its start nobody has the turn."""
    assert rotation(DAY, "2026-01-05T10:00").order(at("2026-01-05T09:59")) == ()


@pytest.mark.parametrize("zone", [BERLIN, LORD_HOWE, SHANGHAI])
def test_hand_overs_stay_at_their_time_when_the_clocks_change(zone: ZoneInfo) -> None:
    """Ten o'clock is ten o'clock in summer and in winter, every day of a year."""
    daily = rotation(DAY, "2026-01-05T10:00", zone)
    moments = list(daily.moments(at("2026-01-06T00:00", zone), at("2027-01-06T00:00", zone)))

    assert len(moments) == 365
    assert {wall(moment, zone).time().isoformat() for moment in moments} == {"10:00:00"}
    assert all(daily.order(moment)[0] != daily.order(moment - timedelta(microseconds=1))[0] for moment in moments)


def test_a_hand_over_that_does_not_exist_comes_after_the_jump() -> None:
    """Berlin has no 02:30 on 28 March 2027: Bob begins at 03:30."""
    daily = rotation(DAY, "2027-03-27T02:30", BERLIN)
    jumped = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)

    assert doubt(datetime.fromisoformat("2027-03-28T02:30"), BERLIN) == "missing"
    assert daily.order(jumped - timedelta(seconds=1))[0] == "alice"
    assert daily.order(jumped)[0] == "bob"


def test_a_hand_over_that_comes_twice_is_made_once() -> None:
    """At the first 02:30 Bob begins, and he keeps the turn while the clocks show two o'clock again."""
    daily = rotation(DAY, "2026-10-24T02:30", BERLIN)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    turns = [daily.order(first + timedelta(minutes=minutes))[0] for minutes in (-1, 0, 29, 31, 59, 61, 120)]

    assert doubt(datetime.fromisoformat("2026-10-25T02:30"), BERLIN) == "twice"
    assert turns == ["alice", *["bob"] * 6]


def test_half_days_are_handed_over_twice_a_day() -> None:
    """Ten to ten: the one by day, the other by night."""
    halves = rotation(timedelta(hours=12), "2026-01-05T10:00", people=("alice", "bob"))
    assert [halves.order(at(f"2026-03-0{day}T{clock}"))[0] for day in (1, 2) for clock in ("12:00", "23:00")] == [
        "alice",
        "bob",
    ] * 2


def test_a_make_up_day_is_worked_and_a_holiday_is_not() -> None:
    """Saturday 10 October 2026 is worked for National Day, Thursday 1 October is not."""
    working = rotation(DAY, "2026-01-05T00:00", only="workdays")
    resting = rotation(DAY, "2026-01-05T00:00", only="holidays")

    assert working.order(at("2026-10-10T12:00"))
    assert not resting.order(at("2026-10-10T12:00"))
    assert resting.order(at("2026-10-01T12:00"))
    assert not working.order(at("2026-10-01T12:00"))


def test_a_holiday_takes_nobodys_turn_away() -> None:
    """Who had the last working day before the Spring Festival is followed by the next one after it."""
    working = rotation(DAY, "2026-01-05T00:00", only="workdays")
    before, after = working.order(at("2026-02-14T12:00")), working.order(at("2026-02-24T12:00"))
    assert after[0] == before[1]


def test_turns_on_working_days_are_even() -> None:
    """Over a year nobody has more than one day more than another."""
    working = rotation(DAY, "2026-01-05T00:00", only="workdays")
    year = [working.order(at(f"{day}T12:00")) for day in days_between(date(2026, 1, 5), date(2027, 1, 1))]
    counts = [sum(order[0] == person for order in year if order) for person in CAST]

    assert max(counts) - min(counts) <= 1
    assert sum(counts) == sum(
        holidays().is_workday(day) for day in days_between(date(2026, 1, 5), date(2027, 1, 1))
    )


def test_fridays_night_belongs_to_friday() -> None:
    """A day lasts from hand-over to hand-over: on Saturday at nine it is still Friday's turn."""
    weekdays = rotation(DAY, "2026-01-05T10:00", only="weekdays")
    assert weekdays.order(at("2026-11-21T09:59"))
    assert not weekdays.order(at("2026-11-21T10:00"))
    assert not weekdays.order(at("2026-11-23T09:59"))


def test_the_holidays_that_come_along_are_as_published() -> None:
    """33 days off in 2026 by the notice, six days worked on weekends, each of them a Saturday or Sunday."""
    known = holidays()
    assert (len(known.off), len(known.work), known.years) == (33, 6, {2026})
    assert {day.weekday() for day in known.work} <= {5, 6}
    assert not known.off & known.work


@pytest.mark.parametrize(
    ("text", "zone", "start", "end"),
    [
        ("2026-10-25T02:30", BERLIN, "2026-10-25T00:30Z", "2026-10-25T01:30Z"),  # twice
        ("2027-03-28T02:30", BERLIN, "2027-03-28T01:30Z", "2027-03-28T01:30Z"),  # never
        (
            "2026-10-04T02:15",
            LORD_HOWE,
            "2026-10-03T15:45Z",
            "2026-10-03T15:45Z",
        ),  # never: half an hour is left out
        ("2026-04-05T01:45", LORD_HOWE, "2026-04-04T14:45Z", "2026-04-04T15:15Z"),  # twice
        ("2026-11-22T19:00", SHANGHAI, "2026-11-22T11:00Z", "2026-11-22T11:00Z"),
    ],
)
def test_a_wall_clock_time_has_one_meaning(text: str, zone: ZoneInfo, start: str, end: str) -> None:
    """Never: moved on by the jump. Twice: the first to start, the second to end."""
    written = datetime.fromisoformat(text)
    assert instant(written, zone) == datetime.fromisoformat(start)
    assert instant(written, zone, ending=True) == datetime.fromisoformat(end)
