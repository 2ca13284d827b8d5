"""The clock is set by an hour, forth or back, while pages wait: nothing stalls, nothing comes early, none twice."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from servers.story import Hands, Phone, Story, alert, book, person, webhook
from streamwatch.channels.channel import ChannelError, Limit, Reason
from streamwatch.delivering.delivery import LEASE
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT
from streamwatch.watching.presiding import Presiding
from streamwatch.watching.stepping import Stepping

HOUR = 3600.0


class Night:
    """A story with a steady clock beside the one that is set."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.steady = 0.0
        self.begin()

    def begin(self) -> None:
        story = self.story
        self.presiding = Presiding(story.store, story.delivery, (), story.clock, lambda: self.steady)
        self.escalating = Escalating(story.store, lambda: story.book, lambda: DEFAULT, story.clock)

    async def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.story.clock.advance(1)
            self.steady += 1
            await self.presiding.ready()
            await self.escalating.step()
            self.story.store.outbox.reclaim(self.story.clock(), keep=self.story.delivery.in_hand())
            await self.story.turn()

    def set_clock(self, by: float) -> None:
        self.story.clock.advance(by)


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    story = Story(tmp_path, book(default={"tech": ("alice", "bob"), "ops": ("charlie",)}))
    night = Night(story)
    await night.presiding.ready()
    yield night
    await story.close()


@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_a_retry_comes_when_it_would_have(night: Night, by: float) -> None:
    """Due in five seconds: five seconds later, not in an hour, and not at once."""
    night.story.phone.script = [ChannelError("busy", reason=Reason.BUSY)] * 3
    await night.story.push(alert(severity="P2"))
    await night.wait(3)
    assert len(night.story.phone.asked) == 3

    night.set_clock(by)
    await night.wait(4)
    assert night.story.phone.rang == []
    await night.wait(1)
    assert night.story.phone.heard() == [("alice", "firing")]


@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_the_escalation_keeps_its_minute(night: Night, by: float) -> None:
    """Thirty seconds before and thirty after: then Bob and Charlie are called, and not before."""
    await night.story.push(alert())
    await night.wait(30)
    night.set_clock(by)
    await night.wait(29)
    assert [to for to, _ in night.story.phone.rang] == ["alice"]
    await night.wait(1)
    assert sorted(to for to, _ in night.story.phone.rang) == ["alice", "bob", "charlie"]


@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_a_penalty_is_sat_out(tmp_path: Path, by: float) -> None:
    """Ten minutes are ten minutes, whatever the clock says."""
    errors: list[ChannelError | Exception] = [
        ChannelError("too fast", reason=Reason.THROTTLED, retry_after=timedelta(minutes=10))
    ]
    robot = Phone(limits=(Limit(20, timedelta(minutes=1)),), script=errors)
    story = Story(tmp_path, book((person("alice", "robot"),), {"tech": ("alice",)}), robot=robot)
    night = Night(story)
    await night.wait(1)
    await story.push(alert(severity="P2"))
    night.set_clock(by)
    await night.wait(599)
    assert len(robot.asked) == 1
    await night.wait(2)
    assert robot.heard() == [("alice", "firing")]
    await story.close()


@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_a_dead_senders_lease_runs_out(night: Night, by: float) -> None:
    """Thirty seconds after it was taken, not an hour; marked, as it may have been heard."""
    await night.story.store.inbox.accept("alertmanager", webhook(alert()), night.story.clock())
    night.story.folding.fold()
    (page,) = night.story.store.outbox.lease_due(night.story.clock(), LEASE, 10)
    night.story.store.outbox.begin(page, "phone", night.story.clock(), LEASE)
    night.set_clock(by)
    await night.wait(29)
    assert night.story.phone.rang == []
    await night.wait(3)
    assert [message.maybe_repeated for _, message in night.story.phone.rang] == [True]


async def test_a_page_in_hand_is_not_taken_away(night: Night) -> None:
    """Its lease seems over because the clock was set; the answer comes, and it rings once."""
    await night.story.store.inbox.accept("alertmanager", webhook(alert()), night.story.clock())
    night.story.folding.fold()
    await night.story.delivery.send_due()
    night.set_clock(HOUR)
    assert night.story.store.outbox.reclaim(night.story.clock(), keep=night.story.delivery.in_hand()) == 0
    await night.story.delivery.settle()
    await night.story.turn()
    assert night.story.phone.heard() == [("alice", "firing")]


async def test_set_back_while_nobody_ran(night: Night) -> None:
    """The newest record lies an hour ahead: what waits is moved, and goes out within its seconds."""
    night.story.phone.script = [ChannelError("busy", reason=Reason.BUSY)] * 3
    await night.story.push(alert(severity="P2"))
    await night.wait(3)
    night.set_clock(-HOUR)
    await night.story.restart()
    night.begin()
    await night.wait(8)
    assert night.story.phone.heard() == [("alice", "firing")]


@pytest.mark.parametrize(
    ("wall", "steady", "step"), [(1, 1, None), (3601, 1, 3600), (-3599, 1, -3600), (4, 1, None)]
)
def test_a_step_is_told_from_the_passing_of_time(wall: float, steady: float, step: float | None) -> None:
    """A clock that is corrected by seconds is left alone."""
    clock, now = Hands(), [0.0]
    stepping = Stepping(clock, lambda: now[0])
    clock.advance(wall)
    now[0] += steady
    assert stepping.look() == (None if step is None else timedelta(seconds=step))
    assert stepping.look() is None
