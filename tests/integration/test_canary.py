"""The daily test page: due by the wall clock, made when its alert comes back, once, and known to have arrived."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry

from servers.story import NOON, Story, alert
from streamwatch.watching.canary import Canary, CanaryCollector, Song

SHANGHAI = ZoneInfo("Asia/Shanghai")  # noon of the story is eight in the evening there
SONG = Song("alice", time(20, 0), SHANGHAI)


class Day:
    def __init__(self, folder: Path, song: Song | None = SONG) -> None:
        self.story = Story(folder)
        self.song = song
        self.canary = Canary(self.story.store, lambda: self.song, self.story.clock)
        self.registry = CollectorRegistry()
        self.registry.register(CanaryCollector(self.story.store, lambda: self.song, self.story.clock))

    async def hear(self, status: str = "firing") -> None:
        await self.story.push(alert("Canary", stream="all", severity="none", procedure="monitoring", status=status))

    async def turn(self) -> None:
        await self.canary.step()
        await self.story.turn()

    def value(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"streamwatch_canary_{name}")


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    day = Day(tmp_path)
    yield day
    await day.story.close()


async def test_it_is_called_when_its_alert_came_all_the_way_and_once(day: Day) -> None:
    """Not before; and not again when the alert is repeated, ends, or the receiver looks again."""
    await day.turn()
    assert day.story.phone.heard() == []

    await day.hear()
    for _ in range(3):
        await day.turn()
        await day.hear()
    await day.hear("resolved")
    await day.turn()
    assert day.story.phone.heard() == [("alice", "test")]
    assert "每日试呼" in day.story.phone.rang[0][1].text
    assert day.story.incidents() == []


async def test_the_alert_of_yesterday_calls_nobody_today(day: Day) -> None:
    """A way that was closed meanwhile is not called open."""
    await day.hear()
    await day.turn()
    day.story.clock.advance(86_400)
    await day.turn()
    assert len(day.story.phone.rang) == 1

    await day.hear()
    await day.turn()
    assert len(day.story.phone.rang) == 2


async def test_it_is_due_for_five_minutes_and_not_called_later(day: Day) -> None:
    """What comes back after hours proves nothing, and is no hour to be called at."""
    assert day.value("due") == 1
    day.story.clock.advance(299)
    assert day.value("due") == 1
    day.story.clock.advance(2)
    assert day.value("due") == 0
    await day.hear()
    await day.turn()
    assert day.story.phone.rang == []


async def test_its_arrival_is_on_record(day: Day) -> None:
    """Until the first one arrived the receiver's start stands for it, so that one that never arrives is missed."""
    assert day.value("last_delivered_timestamp_seconds") == NOON.timestamp()
    day.story.clock.advance(60)
    await day.hear()
    await day.turn()
    assert day.value("last_delivered_timestamp_seconds") == (NOON + timedelta(seconds=60)).timestamp()

    await day.story.restart()
    assert day.story.store.journal.canary_delivered() == NOON + timedelta(seconds=60)


async def test_nobody_named_is_nobody_called(tmp_path: Path) -> None:
    """And nothing is said of it, so that nothing is missed."""
    day = Day(tmp_path, None)
    await day.hear()
    await day.turn()
    assert day.story.phone.rang == []
    assert day.value("due") is day.value("last_delivered_timestamp_seconds") is None
    await day.story.close()


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), datetime(2026, 11, 22, 12, 0, tzinfo=UTC)),
        (datetime(2026, 11, 22, 11, 59, tzinfo=UTC), datetime(2026, 11, 21, 12, 0, tzinfo=UTC)),
        (datetime(2026, 11, 22, 16, 30, tzinfo=UTC), datetime(2026, 11, 22, 12, 0, tzinfo=UTC)),
    ],
)
def test_its_time_is_that_of_the_wall_clock(now: datetime, due: datetime) -> None:
    """The one before *now*, also after midnight."""
    assert SONG.last(now) == due
