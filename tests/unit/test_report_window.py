"""The window of an export: steps, rows, and the queries that a long one is cut into."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from streamwatch.errors import CommandFailed
from streamwatch.report.window import MAX_POINTS, MAX_ROWS, window

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 22, 19, 0, tzinfo=SHANGHAI)


def test_an_evening_in_minutes() -> None:
    """Four and a half hours are 270 rows of a minute, the last of them a minute before the end."""
    span = window(START, START + timedelta(hours=4.5), 60, SHANGHAI)
    assert span.rows == 270
    assert span.begins(0) == START
    assert span.begins(269) == START + timedelta(minutes=269)
    assert span.end == START + timedelta(hours=4.5)


@pytest.mark.parametrize(("seconds", "rows"), [(1, 1), (59, 1), (60, 1), (61, 2), (119, 2), (120, 2), (121, 3)])
def test_a_step_that_the_end_cuts_is_a_whole_row(seconds: int, rows: int) -> None:
    """What is left over at the end has its own row: nothing between the two times is left out."""
    assert window(START, START + timedelta(seconds=seconds), 60, SHANGHAI).rows == rows


@pytest.mark.parametrize("seconds", [0, -1, -3600])
def test_an_end_that_is_not_after_the_start_is_refused(seconds: int) -> None:
    """The sentence names both times as the person wrote them, in the team's zone."""
    with pytest.raises(CommandFailed, match=r"is not after --from 2026-11-22T19:00:00\+08:00"):
        window(START, START + timedelta(seconds=seconds), 60, SHANGHAI)


def test_what_is_refused_is_said_in_chinese_too() -> None:
    """In the same words, with the same cure."""
    with pytest.raises(CommandFailed) as failed:
        window(START, START - timedelta(hours=1), 60, SHANGHAI)
    assert failed.value.words[0] == (
        "--to 2026-11-22T18:00:00+08:00 不在 --from 2026-11-22T19:00:00+08:00 之后；过了零点是下一天。"
    )
    with pytest.raises(CommandFailed) as failed:
        window(START, START + timedelta(seconds=MAX_ROWS + 1), 1, SHANGHAI)
    assert "请用 --step 2 或更大" in failed.value.words[0]


def test_less_than_a_second_is_no_time() -> None:
    """Fractions are cut off, so two times within one second are the same time."""
    with pytest.raises(CommandFailed, match="is not after"):
        window(START, START + timedelta(milliseconds=900), 60, SHANGHAI)


def test_the_hour_that_comes_twice_is_two_hours_long() -> None:
    """From 02:30 summer time to 02:30 winter time an hour goes by, although the wall clocks read the same."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    assert window(first, first.replace(fold=1), 60, BERLIN).rows == 60


def test_the_most_rows_are_taken_and_one_more_is_not() -> None:
    """The limit itself passes; above it the sentence names a step that would pass."""
    assert window(START, START + timedelta(seconds=MAX_ROWS), 1, SHANGHAI).rows == MAX_ROWS
    with pytest.raises(CommandFailed, match="take --step 2 or more"):
        window(START, START + timedelta(seconds=MAX_ROWS + 1), 1, SHANGHAI)


def test_the_step_that_is_proposed_passes() -> None:
    """Who follows the advice is not refused again."""
    end = START + timedelta(days=365)
    with pytest.raises(CommandFailed, match="take --step 316 or more"):
        window(START, end, 5, SHANGHAI)
    assert window(START, end, 316, SHANGHAI).rows <= MAX_ROWS


@pytest.mark.parametrize("rows", [1, MAX_POINTS - 1, MAX_POINTS, MAX_POINTS + 1, 2 * MAX_POINTS, 25_001])
def test_queries_cover_every_row_once(rows: int) -> None:
    """However long the window, each row is asked for exactly once and no query passes Prometheus' limit."""
    span = window(START, START + timedelta(seconds=rows * 5), 5, SHANGHAI)
    asked: list[int | None] = []
    for first, last in span.queries():
        points = [span.row_at(instant) for instant in range(first, last + 1, 5)]
        assert len(points) <= 11_000
        asked += points
    assert asked == list(range(rows))


def test_a_row_is_asked_for_at_the_end_of_its_step() -> None:
    """The row of 19:00 is the value at 19:01, which looks back on the minute before."""
    span = window(START, START + timedelta(minutes=2), 60, SHANGHAI)
    assert list(span.queries()) == [(int(START.timestamp()) + 60, int(START.timestamp()) + 120)]


@pytest.mark.parametrize(("offset", "row"), [(0, None), (60, 0), (60.001, 0), (120, 1), (180, None), (-60, None)])
def test_instants_outside_belong_to_no_row(offset: float, row: int | None) -> None:
    """An answer that was not asked for is not written into another row."""
    span = window(START, START + timedelta(minutes=2), 60, SHANGHAI)
    assert span.row_at(START.timestamp() + offset) == row


def test_times_are_kept_in_utc() -> None:
    """Counting happens on the clock that never jumps."""
    assert window(START, START + timedelta(minutes=2), 60, SHANGHAI).start.tzinfo is UTC
