"""An ack is a lease: it holds while somebody works, and calls again when nobody does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers.story import Story, alert, book
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT


class Night:
    def __init__(self, folder: Path) -> None:
        self.story = Story(folder, book(default={"tech": ("alice", "bob"), "ops": ("charlie",)}))
        self.escalating = Escalating(self.story.store, lambda: self.story.book, lambda: DEFAULT, self.story.clock)

    async def wait(self, minutes: float) -> None:
        for _ in range(int(minutes * 4)):
            self.story.clock.advance(15)
            await self.escalating.step()
            await self.story.turn()

    def ack(self, by: str = "alice") -> None:
        self.story.store.acks.acknowledge(1, by, self.story.clock())

    def rang(self) -> list[str]:
        return [to for to, _ in self.story.phone.rang]

    @property
    def state(self) -> str:
        return str(self.story.incidents()[0].incident.state)


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    night = Night(tmp_path)
    yield night
    await night.story.close()


async def test_a_p0_that_nobody_progresses_calls_again(night: Night) -> None:
    """Fourteen minutes of quiet, then Alice is called again, and a minute later the others, as at the start."""
    await night.story.push(alert())
    night.ack()
    await night.wait(14.75)
    assert (night.rang(), night.state) == (["alice"], "acknowledged")

    await night.wait(0.25)
    assert (night.rang(), night.state) == (["alice", "alice"], "open")
    assert "认领后 15 分钟没有进展" in night.story.phone.rang[-1][1].text
    assert "lapsed" in night.story.kinds(night.story.incidents()[0])

    await night.wait(1)
    assert sorted(night.rang()[2:]) == ["bob", "charlie"]


@pytest.mark.parametrize("sign", ["note", "ack", "take over"])
async def test_a_sign_of_work_keeps_it(night: Night, sign: str) -> None:
    """A note, an ack once more, or somebody who takes over: fifteen minutes from then on."""
    await night.story.push(alert())
    night.ack()
    await night.wait(10)
    if sign == "note":
        assert night.story.store.acks.note(1, "alice", "switched to the backup", night.story.clock())
    elif sign == "ack":
        night.ack()
    else:
        night.story.store.duty.take_over(1, "bob", night.story.clock())
    await night.wait(14.75)
    assert (night.rang(), night.state) == (["alice"], "acknowledged")

    await night.wait(0.25)
    assert night.rang()[1:] == ["bob" if sign == "take over" else "alice"]


async def test_a_note_that_comes_first_wins(night: Night) -> None:
    """The ack was seen to be over, then Alice wrote: the database says no."""
    await night.story.push(alert())
    night.ack()
    night.story.clock.advance(900)
    (ack,) = night.story.store.acks.lapsed(night.escalating._leases(), night.story.clock())
    night.story.store.acks.note(1, "alice", "nearly", night.story.clock())
    reason = night.story.incidents()[0].pages[0]
    assert not night.story.store.acks.lapse(ack, (reason.reason_zh, reason.reason_en), night.story.clock())  # type: ignore[arg-type]
    assert night.state == "acknowledged"


async def test_what_can_wait_does_not_call_again(night: Night) -> None:
    """A P2 that was taken stays taken; so does what is over."""
    await night.story.push(alert(severity="P2"))
    night.ack()
    await night.wait(60)
    assert night.rang() == ["alice"]


async def test_a_note_on_nothing_is_refused(night: Night) -> None:
    """There is no such incident."""
    assert not night.story.store.acks.note(99, "alice", "?", night.story.clock())
