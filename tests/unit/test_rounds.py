"""When notes are told: at times of the day by the wall clock, also where the clock is changed."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from streamwatch.delivering.rounds import due

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
TIMES = (time(10), time(18))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 11, 22, 1, 59, tzinfo=UTC), datetime(2026, 11, 22, 2, tzinfo=UTC)),
        (datetime(2026, 11, 22, 2, 0, tzinfo=UTC), datetime(2026, 11, 22, 10, tzinfo=UTC)),
        (datetime(2026, 11, 22, 15, 0, tzinfo=UTC), datetime(2026, 11, 23, 2, tzinfo=UTC)),
    ],
)
def test_the_next_round(at: datetime, expected: datetime) -> None:
    """Ten and eighteen in Shanghai; what comes at ten sharp waits for the next one."""
    assert due("P3", at, TIMES, SHANGHAI) == expected


def test_the_wall_clock_counts() -> None:
    """The night the clock goes back is an hour longer; the round stays at ten."""
    at = datetime(2026, 10, 24, 20, tzinfo=UTC)
    assert due("P3", at, TIMES, BERLIN) == datetime(2026, 10, 25, 9, tzinfo=UTC)


@pytest.mark.parametrize("severity", ["P0", "P1", "P2"])
def test_everything_else_goes_at_once(severity: str) -> None:
    """Only notes wait; and without rounds they do not either."""
    at = datetime(2026, 11, 22, 1, 59, tzinfo=UTC)
    assert due(severity, at, TIMES, SHANGHAI) == at
    assert due("P3", at, (), SHANGHAI) == at
