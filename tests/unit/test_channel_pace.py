"""How soon a channel may be used again: its service's limits, and the penalties it announced."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from streamwatch.delivering.pace import MARGIN, Pace

AT = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Limit:
    sends: int
    window: timedelta


TWENTY = (Limit(20, MINUTE),)
WIDE = MINUTE * MARGIN


def sent(count: int, every: timedelta = timedelta(0)) -> Pace:
    pace = Pace()
    for number in range(count):
        pace.sent("group", AT + number * every)
    return pace


@pytest.mark.parametrize(("count", "free"), [(0, AT), (19, AT), (20, AT + WIDE), (21, AT + WIDE)])
def test_the_limit_itself_is_allowed(count: int, free: datetime) -> None:
    """Twenty in a minute pass, the next one waits for the window, and a tenth more for the network."""
    assert sent(count).free_at("group", TWENTY, AT) == free


def test_the_window_slides() -> None:
    """The wait is for the oldest of the last twenty, not for a full minute after the last."""
    pace = sent(20, timedelta(seconds=1))
    assert pace.free_at("group", TWENTY, AT + timedelta(seconds=19)) == AT + WIDE


@pytest.mark.parametrize(("late", "free"), [(WIDE - timedelta(microseconds=1), False), (WIDE, True)])
def test_a_window_ends_when_it_ends(late: timedelta, free: bool) -> None:
    """A moment before it is closed, at its end it is open."""
    at = AT + late
    assert (sent(20).free_at("group", TWENTY, at) == at) is free


def test_the_tightest_of_several_limits_counts() -> None:
    """Five a second and a hundred a minute: both hold."""
    limits = (Limit(5, timedelta(seconds=1)), Limit(100, MINUTE))
    assert sent(5).free_at("group", limits, AT) == AT + timedelta(seconds=1) * MARGIN
    assert sent(100).free_at("group", limits, AT) == AT + WIDE


def test_what_a_short_limit_forgets_a_long_one_still_counts() -> None:
    """Sends are remembered for the longest window."""
    limits = (Limit(5, timedelta(seconds=1)), Limit(6, MINUTE))
    pace = sent(5)
    later = AT + timedelta(seconds=10)
    assert pace.free_at("group", limits, later) == later
    pace.sent("group", later)
    assert pace.free_at("group", limits, later) == AT + WIDE


def test_a_channel_without_limits_is_always_free() -> None:
    """A webhook of one's own takes everything."""
    assert sent(1000).free_at("group", (), AT) == AT


def test_channels_do_not_slow_each_other() -> None:
    """Each robot has its own limit."""
    assert sent(20).free_at("other", TWENTY, AT) == AT


def test_a_penalty_closes_the_channel() -> None:
    """Nothing is sent before it is over; the longest of two counts; another channel is open."""
    pace = Pace()
    pace.close("group", AT + 10 * MINUTE)
    pace.close("group", AT + 5 * MINUTE)
    assert pace.free_at("group", (), AT) == AT + 10 * MINUTE
    assert pace.free_at("group", (), AT + 10 * MINUTE) == AT + 10 * MINUTE
    assert pace.free_at("group", (), AT + 11 * MINUTE) == AT + 11 * MINUTE
    assert pace.free_at("other", (), AT) == AT


def test_a_penalty_and_a_limit_both_hold() -> None:
    """Whichever is later decides."""
    pace = sent(20)
    pace.close("group", AT + timedelta(seconds=5))
    assert pace.free_at("group", TWENTY, AT) == AT + WIDE
    pace.close("group", AT + 10 * MINUTE)
    assert pace.free_at("group", TWENTY, AT) == AT + 10 * MINUTE
