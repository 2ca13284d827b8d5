"""A drill that is overdue is a note to ops on duty: once, at the times of notes, and never during a show."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from servers.story import NOON, Story, book
from streamwatch.duty import Session
from streamwatch.watching.drill_calendar import Planned
from streamwatch.watching.drill_notes import DrillNotes

PLAN = [Planned("power", timedelta(weeks=26))]
TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # in Shanghai


class Autumn:
    """A story in which Bob is ops, and a drill of a power cut is planned twice a year."""

    def __init__(self, folder: Path) -> None:
        self.story = story = Story(folder)
        times = (time(10), time(18))
        zone = ZoneInfo("Asia/Shanghai")
        self.notes = DrillNotes(story.store, lambda: PLAN, lambda: story.book, lambda: times, zone, story.clock)

    async def at(self, moment: datetime) -> list[str]:
        """Who has been told what by then."""
        self.story.clock.now = moment
        await self.notes.step()
        await self.story.turn()
        return [f"{to}: {message.kind}" for to, message in self.story.phone.rang]

    def hold(self, moment: datetime, *, result: bool = True) -> None:
        drill = self.story.store.drills.begin("all", "power", moment, moment)
        if result:
            self.story.store.drills.keep(drill, {"wrong": []})


@pytest.fixture
async def autumn(tmp_path: Path) -> AsyncIterator[Autumn]:
    autumn = Autumn(tmp_path)
    yield autumn
    await autumn.story.close()


async def test_ops_on_duty_are_told_once_at_the_next_round(autumn: Autumn) -> None:
    """Not in the night: at ten, with the command that holds it; not again at six, whoever is on duty then."""
    assert await autumn.at(TEN - timedelta(hours=8)) == []
    assert await autumn.at(TEN - timedelta(seconds=1)) == []
    assert await autumn.at(TEN + timedelta(seconds=1)) == ["bob: note"]
    ((_, message),) = autumn.story.phone.rang
    assert message.title == "[NOTE] StreamWatch"
    assert message.facts == (
        "the drill 'power cut' was never held; it is planned every 26 weeks. streamwatch drill report power --by …",
    )
    autumn.story.book = book(default={"tech": ("alice",), "ops": ("charlie",)})
    assert await autumn.at(TEN + timedelta(hours=8, seconds=1)) == ["bob: note"]


async def test_a_drill_that_was_held_counts_and_one_that_was_broken_off_does_not(autumn: Autumn) -> None:
    """Half a year after the one that was, the next one is due."""
    autumn.hold(TEN - timedelta(days=1))
    assert await autumn.at(TEN) == []
    half_a_year = timedelta(weeks=26)
    autumn.hold(TEN + timedelta(days=30), result=False)
    assert await autumn.at(TEN + half_a_year - timedelta(days=2)) == []
    assert await autumn.at(TEN + half_a_year) == ["bob: note"]


async def test_during_a_show_nobody_is_told(autumn: Autumn) -> None:
    """Nor in the hour before; the round after it tells."""
    session = Session("A", "demo", TEN + timedelta(minutes=30), TEN + timedelta(hours=2), {})
    autumn.story.book = book(sessions=(session,))
    assert await autumn.at(TEN) == []
    assert await autumn.at(TEN + timedelta(hours=8)) == ["bob: note"]


async def test_only_minutes_after_a_round(autumn: Autumn) -> None:
    """A receiver that was down at ten tells at six, not when it is back."""
    assert NOON < TEN
    assert await autumn.at(TEN + timedelta(minutes=6)) == []
    assert await autumn.at(TEN + timedelta(minutes=4)) == ["bob: note"]
