"""Nobody acknowledges: who is called next, and when; and what an ack, a restart or an end changes about it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from servers.story import NOON, Story, alert, book
from streamwatch.alert import Severity
from streamwatch.duty import DutyBook, Session
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT, REMINDERS, Policy, Reminders, Step, due, people, reminder
from streamwatch.language import Text

LISTS = {"tech": ("alice", "bob"), "ops": ("charlie",)}


class Night:
    """A story in which the escalation looks every second."""

    def __init__(self, folder: Path, duty: DutyBook, policy: Policy = DEFAULT) -> None:
        self.story = Story(folder, duty)
        self.policy = policy
        self.reminders: Reminders = {}
        self._watch()

    def _watch(self) -> None:
        self.escalating = Escalating(
            self.story.store,
            lambda: self.story.book,
            lambda: self.policy,
            self.story.clock,
            reminders=lambda: self.reminders,
        )

    async def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.story.clock.advance(1)
            await self.escalating.step()
            await self.story.turn()

    async def restart(self) -> None:
        await self.story.restart()
        self._watch()

    def called(self) -> list[str]:
        return [to for to, message in self.story.phone.rang if message.kind != "over"]


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    night = Night(tmp_path, book(default=LISTS))
    yield night
    await night.story.close()


async def test_a_p0_that_nobody_takes_calls_backup_and_ops_after_a_minute_then_everyone(night: Night) -> None:
    """At 59 s Alice alone, at 60 s Bob and Charlie too; nobody is called twice by a later step."""
    await night.story.push(alert())
    await night.wait(59)
    assert night.called() == ["alice"]

    await night.wait(1)
    assert sorted(night.called()) == ["alice", "bob", "charlie"]
    words = {to: message.text for to, message in night.story.phone.rang}
    assert "Alice 60 秒内没有认领" in words["charlie"]
    assert "not acknowledged by Alice within 60 s" in words["bob"]

    await night.wait(600)
    assert sorted(night.called()) == ["alice", "bob", "charlie"]
    assert night.story.kinds(night.story.incidents()[0]).count("escalated") == 2


async def test_a_p0_that_nobody_takes_calls_everyone_again_every_three_minutes(night: Night) -> None:
    """From the last step on, once each time, also over a restart, until somebody takes it."""
    night.reminders = REMINDERS
    await night.story.push(alert())
    await night.wait(329)
    assert len(night.called()) == 3

    await night.wait(1)
    assert sorted(night.called()[3:]) == ["alice", "bob", "charlie"]
    assert "5 分钟无人认领" in night.story.phone.rang[-1][1].text + night.story.phone.rang[-2][1].text
    await night.restart()
    await night.wait(180)
    assert sorted(night.called()[6:]) == ["alice", "bob", "charlie"]
    night.story.store.acks.acknowledge(1, "bob", night.story.clock())
    await night.wait(600)
    assert len(night.called()) == 9
    assert night.story.kinds(night.story.incidents()[0]).count("reminded") == 2


@pytest.mark.parametrize(
    ("severity", "seconds", "number"),
    [("P0", 329, None), ("P0", 330, 4), ("P0", 509, 4), ("P0", 510, 5), ("P0", 3600, 22), ("P1", 36_000, None)],
)
def test_which_reminder_is_due(severity: Severity, seconds: int, number: int | None) -> None:
    """The newest alone; only what viewers cannot wait for is repeated."""
    assert reminder(REMINDERS, DEFAULT, severity, NOON, NOON + timedelta(seconds=seconds)) == number


async def test_an_ack_ends_it(night: Night) -> None:
    """Whoever has it has it."""
    await night.story.push(alert())
    await night.wait(59)
    night.story.store.acks.acknowledge(1, "alice", night.story.clock())
    await night.wait(600)

    assert night.called() == ["alice"]


async def test_an_ack_that_comes_first_wins(night: Night) -> None:
    """The step was due and read, then Alice acknowledged: the database says no to the step."""
    await night.story.push(alert())
    night.story.clock.advance(60)
    (waiting,) = night.story.store.acks.unacknowledged([1])
    night.story.store.acks.acknowledge(1, "alice", night.story.clock())
    taken = night.story.store.outbox.escalate(
        waiting, 1, ("bob",), Text("没有认领", "not acknowledged"), night.story.clock()
    )
    await night.story.turn()

    assert not taken
    assert night.called() == ["alice"]


async def test_a_restart_forgets_no_step_and_repeats_none(night: Night) -> None:
    """The moments are on record: killed at 30 s and at 90 s, each step is taken once, in time."""
    await night.story.push(alert())
    await night.wait(30)
    await night.restart()
    await night.wait(60)
    assert sorted(night.called()) == ["alice", "bob", "charlie"]

    await night.restart()
    await night.wait(300)
    assert sorted(night.called()) == ["alice", "bob", "charlie"]


async def test_a_raise_begins_anew(night: Night) -> None:
    """A P1 that was taken becomes a P0: the ack is gone, and a minute later the next ones are called."""
    await night.story.push(alert("VariantStalled", severity="P1"))
    night.story.store.acks.acknowledge(1, "alice", night.story.clock())
    await night.wait(120)
    await night.story.push(alert(started=night.story.clock()))
    await night.wait(60)

    assert sorted(night.called()) == ["alice", "alice", "bob", "charlie"]


async def test_over_is_told_to_everybody_who_was_called(night: Night) -> None:
    """Also to those whom the escalation called; and what is over calls nobody any more."""
    await night.story.push(alert())
    await night.wait(60)
    await night.story.push(alert(status="resolved"))
    await night.wait(600)

    over = [to for to, message in night.story.phone.rang if message.kind == "over"]
    assert sorted(over) == ["alice", "bob", "charlie"]
    assert sorted(night.called()) == ["alice", "bob", "charlie"]


@pytest.mark.parametrize(("severity", "after"), [("P0", [60, 60, 150]), ("P1", [300, 900]), ("P2", []), ("P3", [])])
def test_when_by_severity(severity: Severity, after: list[int]) -> None:
    """The usual policy; what can wait for the person who has it calls nobody else."""
    assert [step.after.total_seconds() for step in DEFAULT.get(severity, ())] == after
    for seconds in after:
        at = NOON + timedelta(seconds=seconds)
        assert due(DEFAULT, severity, NOON, at - timedelta(microseconds=1)) != due(DEFAULT, severity, NOON, at)


def test_the_host_on_air_is_never_called() -> None:
    """Not as the backup, and not among everyone."""
    air = Session("s", "demo", NOON, NOON + timedelta(hours=2), {"host": ("bob",), "tech": ("alice", "bob")})
    duty = book(default=LISTS, sessions=(air,))
    told = frozenset({"alice"})

    assert people(Step(timedelta(0), "backup"), duty, "tech", "demo", told, NOON) == ()
    assert people(Step(timedelta(0), "everyone"), duty, "tech", "demo", told, NOON) == ("charlie",)
