"""Which time a review is about."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from streamwatch.duty import Session
from streamwatch.errors import CommandFailed
from streamwatch.report.review.scope import MOST_ROWS, of_month, of_session, of_time, of_week

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 22, 19, 0, tzinfo=SHANGHAI)
END = datetime(2026, 11, 22, 23, 0, tzinfo=SHANGHAI)
EVENING = Session("1122-A", "demo", START, END, {})
OTHER = Session("1123-B", "other", START + timedelta(days=1), END + timedelta(days=1), {})
NEXT_MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)  # a Monday
HOUR = timedelta(hours=1)


def test_a_session_is_told_with_the_time_around_it() -> None:
    """From an hour before its start to half an hour after its end: what went wrong before belongs to it."""
    scope = of_session([OTHER, EVENING], "1122-A", NEXT_MORNING, SHANGHAI)
    assert (scope.span.start, scope.span.end) == (START - HOUR, END + HOUR / 2)
    assert (scope.stream, scope.sessions, scope.session) == ("demo", (EVENING,), "1122-A")


def test_it_counts_when_it_really_was() -> None:
    """It began early and ended late."""
    really = EVENING.as_it_was(START - HOUR, END + HOUR)
    scope = of_session([really], "1122-A", NEXT_MORNING, SHANGHAI)
    assert (scope.span.start, scope.span.end) == (START - 2 * HOUR, END + 1.5 * HOUR)


def test_a_session_that_runs_is_told_until_now() -> None:
    """Nothing is said of the time ahead."""
    assert of_session([EVENING], "1122-A", START + HOUR, SHANGHAI).span.end == START + HOUR


def test_a_session_ahead_has_nothing_to_tell() -> None:
    """One sentence with its time, in both languages."""
    with pytest.raises(CommandFailed, match="lies ahead") as failed:
        of_session([EVENING], "1122-A", START - 2 * HOUR, SHANGHAI)
    assert "2026-11-22 18:00" in failed.value.words[0]


def test_an_unknown_session_names_near_ones() -> None:
    """Who mistyped it sees what there is."""
    with pytest.raises(CommandFailed, match=r"no session '1122-B'; near ones are: 1122-A 1123-B\."):
        of_session([EVENING, OTHER], "1122-B", NEXT_MORNING, SHANGHAI)


FIRST = Session("双十二-A", "demo", NEXT_MORNING, NEXT_MORNING + HOUR / 4, {})
SECOND = Session("第二场", "demo", FIRST.end + HOUR / 12, FIRST.end + HOUR / 6, {})
AFTERNOON = NEXT_MORNING + 8 * HOUR


def test_of_two_that_follow_closely_each_moment_is_told_of_one() -> None:
    """Five minutes lie between: they are preparation of the second. Other streams and days are no matter."""
    all_of_them = [SECOND, replace(OTHER, start=FIRST.start), EVENING, FIRST]
    first, second = (of_session(all_of_them, each, AFTERNOON, SHANGHAI) for each in ("双十二-A", "第二场"))
    assert (first.span.start, first.span.end) == (FIRST.start - HOUR, FIRST.end)
    assert (second.span.start, second.span.end) == (FIRST.end, SECOND.end + HOUR / 2)


def test_half_an_hour_is_left_to_the_first_as_far_as_the_second_is_not_prepared() -> None:
    """It begins an hour and a quarter later, so that a quarter of an hour after the first is its own."""
    later = replace(SECOND, start=FIRST.end + 1.25 * HOUR, end=FIRST.end + 2 * HOUR)
    first, second = (of_session([FIRST, later], each, AFTERNOON, SHANGHAI) for each in ("双十二-A", "第二场"))
    assert (first.span.end, second.span.start) == (FIRST.end + HOUR / 4, FIRST.end + HOUR / 4)


def test_one_that_nobody_ended_is_over_when_the_next_begins() -> None:
    """It would be on air for three hours beyond its plan, over the whole of the second."""
    forgotten = FIRST.as_it_was(FIRST.start, None)
    long = replace(SECOND, end=FIRST.end + 6 * HOUR)
    first, second = (of_session([forgotten, long], each, AFTERNOON, SHANGHAI) for each in ("双十二-A", "第二场"))
    assert (first.span.end, second.span.start) == (SECOND.start, SECOND.start)


@pytest.mark.parametrize("minutes", range(-70, 60, 1))
def test_an_incident_belongs_to_one_session(minutes: int) -> None:
    """Whenever it opened: also while nobody was there yet, and with three of them."""
    third = replace(SECOND, id="三", start=SECOND.start, end=SECOND.end + HOUR)
    every = [FIRST, SECOND, third]
    opened = FIRST.start + timedelta(minutes=minutes)
    owners = [each.id for each in every if of_session(every, each.id, AFTERNOON, SHANGHAI).owns(opened)]
    assert len(owners) == 1
    assert of_session([FIRST], "双十二-A", AFTERNOON, SHANGHAI).owns(opened)


@pytest.mark.parametrize(
    ("minutes", "owner"),
    [
        (-120, "双十二-A"),
        (-30, "双十二-A"),
        (7, "双十二-A"),
        (14.9, "双十二-A"),
        (15, "第二场"),
        (21, "第二场"),
        (50, "第二场"),
    ],
)
def test_what_opened_before_the_end_of_the_first_is_its_own(minutes: float, owner: str) -> None:
    """Also where it goes on in the second."""
    scope = of_session([FIRST, SECOND], owner, AFTERNOON, SHANGHAI)
    assert scope.owns(FIRST.start + timedelta(minutes=minutes))


@pytest.mark.parametrize("day", [None, date(2026, 11, 16), date(2026, 11, 22)])
def test_a_week_is_monday_to_sunday(day: date | None) -> None:
    """Without a day, on a Monday morning, the week that ended at midnight; with one the week that it lies in."""
    scope = of_week([EVENING, OTHER], None, day, NEXT_MORNING, SHANGHAI)
    monday = datetime(2026, 11, 16, tzinfo=SHANGHAI)
    assert (scope.span.start, scope.span.end) == (monday, monday + timedelta(weeks=1))
    assert (scope.stream, scope.sessions, scope.weekly) == (None, (EVENING,), True)


def test_this_week_is_told_until_now() -> None:
    """As far as it went."""
    scope = of_week([EVENING, OTHER], None, date(2026, 11, 25), NEXT_MORNING, SHANGHAI)
    assert scope.span.start == datetime(2026, 11, 23, tzinfo=SHANGHAI)
    assert scope.span.end == NEXT_MORNING


def test_a_week_in_which_the_clocks_change_ends_at_midnight() -> None:
    """That of Berlin in October 2026 is an hour longer."""
    scope = of_week([], None, date(2026, 10, 22), datetime(2026, 11, 1, tzinfo=UTC), BERLIN)
    assert (scope.span.end - scope.span.start).total_seconds() == (7 * 24 + 1) * 3600
    assert scope.span.end.astimezone(BERLIN).hour == 0


def test_a_week_ahead_is_refused() -> None:
    """With a cure."""
    with pytest.raises(CommandFailed, match="2026-11-30 lies ahead"):
        of_week([], None, date(2026, 12, 2), NEXT_MORNING, SHANGHAI)


@pytest.mark.parametrize("day", [None, date(2026, 10, 1), date(2026, 10, 31)])
def test_a_month_is_whole(day: date | None) -> None:
    """Without a day the last whole one; by the clocks of the zone, in which October has an hour more."""
    scope = of_month([EVENING], None, day, datetime(2026, 11, 1, tzinfo=BERLIN), BERLIN)
    assert scope.span.start == datetime(2026, 10, 1, tzinfo=BERLIN)
    assert (scope.span.end - scope.span.start).total_seconds() == (31 * 24 + 1) * 3600
    assert (scope.sessions, scope.weekly, scope.monthly) == ((), False, True)


def test_this_month_is_told_until_now_and_the_next_is_refused() -> None:
    """As far as it went; with a cure."""
    scope = of_month([EVENING], None, date(2026, 11, 1), NEXT_MORNING, SHANGHAI)
    assert (scope.span.end, scope.sessions) == (NEXT_MORNING + timedelta(seconds=0), (EVENING,))
    with pytest.raises(CommandFailed, match="2026-12 lies ahead"):
        of_month([], None, date(2026, 12, 1), NEXT_MORNING, SHANGHAI)


def test_a_time_has_the_sessions_that_were_on_air_in_it() -> None:
    """Of that stream alone when one is named, in the order in which they began."""
    whole = (START - HOUR, START + timedelta(days=2))
    late = START + timedelta(days=3)
    assert of_time([OTHER, EVENING], None, *whole, late, SHANGHAI).sessions == (EVENING, OTHER)
    assert of_time([OTHER, EVENING], "demo", *whole, late, SHANGHAI).sessions == (EVENING,)
    assert of_time([EVENING], "demo", END, END + HOUR, late, SHANGHAI).sessions == ()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [(END, START, "is not after --from"), (NEXT_MORNING, NEXT_MORNING + HOUR, "2026-11-23 09:00 lies ahead")],
)
def test_a_time_that_cannot_be_told(start: datetime, end: datetime, words: str) -> None:
    """It ends before it begins, or has not come."""
    with pytest.raises(CommandFailed, match=words):
        of_time([], None, start, end, NEXT_MORNING, SHANGHAI)


@pytest.mark.parametrize(("span", "step"), [(HOUR, 60), (timedelta(days=6), 60), (timedelta(weeks=1), 120)])
def test_one_question_is_enough(span: timedelta, step: int) -> None:
    """By the minute where Prometheus answers that at once, else in longer steps."""
    scope = of_time([], None, NEXT_MORNING - span, NEXT_MORNING, NEXT_MORNING, SHANGHAI)
    assert scope.span.step == step
    assert scope.span.rows <= MOST_ROWS
    assert len(list(scope.span.queries())) == 1
