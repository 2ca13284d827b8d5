"""Nights in which others lost a page, told it twice, or woke the wrong person: each ends well here."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from servers.receiver import until
from servers.story import NOON, Phone, Story, alert, book, person, webhook
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.delivering.delivery import LEASE
from streamwatch.message import Message
from streamwatch.store.journal import Record
from streamwatch.store.turns import Turns


def refusing(times: int = 99, reason: Reason = Reason.AUTH, pause: timedelta | None = None) -> Phone:
    return Phone(script=[ChannelError("no", reason=reason, retry_after=pause)] * times)


def pages(record: Record) -> list[tuple[str, str, str]]:
    return [(page.person, page.kind, page.state) for page in record.pages]


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path)
    yield story
    await story.close()


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Story]:
    """Alice can be reached over a robot only, which refuses; Bob over a phone, which works."""
    duty = book((person("alice", "robot"), person("bob", "phone")), {"tech": ("alice", "bob")})
    story = Story(tmp_path, duty, robot=refusing(), phone=Phone())
    yield story
    await story.close()


async def test_a_second_p0_calls_though_a_milder_symptom_held_the_incident_open(story: Story) -> None:
    """A variant stands still all evening, acknowledged. The stream drops, comes back, drops again: two calls."""
    await story.push(alert("VariantStalled", severity="P1", hop="playback"))
    for _ in range(2):
        await story.wait(600, step=600)
        story.store.acks.acknowledge(1, "alice", story.clock())
        started = story.clock()
        await story.push(alert(started=started))
        assert story.incidents()[0].incident.state == "open"
        await story.wait(60, step=60)
        await story.push(alert(status="resolved", started=started))

    assert story.phone.heard() == [("alice", "firing"), ("alice", "raised"), ("alice", "raised")]


async def test_who_was_told_of_the_milder_one_is_the_backup_for_the_urgent_one(two: Story) -> None:
    """Bob took the P1 because Alice could not be reached; he is called for the P0 as well."""
    await two.push(alert("VariantStalled", severity="P1"))
    two.store.acks.acknowledge(1, "bob", two.clock())
    await two.push(alert())

    assert two.phone.heard() == [("bob", "firing"), ("bob", "raised")]


async def test_nobody_else_is_said(tmp_path: Path) -> None:
    """Alice cannot be reached and there is no second person: the timeline says so, once."""
    alone = Story(tmp_path, book((person("alice", "robot"),), {"tech": ("alice",)}), robot=refusing())
    await alone.push(alert())

    assert alone.kinds(alone.incidents()[0]).count("nobody_else") == 1
    await alone.close()


async def test_a_crash_where_a_page_is_given_up_calls_the_next_one(
    two: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giving up and calling Bob are one transaction: when it fails, both are still to be done."""
    with monkeypatch.context() as patch:
        patch.setattr(type(two.store.outbox), "told", _locked)
        await two.push(alert())
    await two.restart()
    await two.wait(60, step=10)

    assert two.phone.heard() == [("bob", "firing")]


def _locked(*_: object) -> None:
    raise OSError("database is locked")


async def test_an_urgent_page_does_not_wait_behind_a_mild_one(tmp_path: Path) -> None:
    """The robot shuts Alice out for an hour over a P3: the P0 is given to Bob at once, and not after the hour."""
    duty = book((person("alice", "robot"), person("bob", "phone")), {"tech": ("alice", "bob")})
    robot = refusing(1, Reason.THROTTLED, timedelta(hours=1))
    story = Story(tmp_path, duty, robot=robot, phone=Phone())
    await story.push(alert("VariantStalled", severity="P3"))
    before = len(story.phone.rang)
    await story.wait(5)
    await story.push(alert())

    assert [message.severity for _, message in story.phone.rang[before:]] == ["P0"]
    await story.close()


async def test_slow_channels_leave_room_for_p0(tmp_path: Path) -> None:
    """Sixty mild pages hang in a black hole; a P0 over a channel that works goes out at once."""

    class Hole(Phone):
        async def send(self, message: Message, to: str) -> None:  # type: ignore[override]
            await asyncio.Event().wait()

    duty = book((person("alice", "phone"), person("bob", "hole")), {"tech": ("alice",), "ops": ("bob",)})
    story = Story(tmp_path, duty, hole=Hole(), phone=Phone())
    mild = [alert(stream=f"room-{n}", severity="P3", role="ops") for n in range(60)]
    await story.store.inbox.accept("alertmanager", webhook(*mild), story.clock())
    while story.folding.fold():
        continue
    await story.delivery.send_due()
    mild_ones = set(story.delivery._on_their_way)
    await story.store.inbox.accept("alertmanager", webhook(alert()), story.clock())
    story.folding.fold()
    await story.delivery.send_due()
    urgent = [task for task in story.delivery._on_their_way if task not in mild_ones]
    await asyncio.wait_for(asyncio.gather(*urgent), 10)

    assert story.phone.heard() == [("alice", "firing")]
    for task in list(story.delivery._on_their_way):
        task.cancel()
    await story.close()


async def test_who_lost_the_lease_does_not_send(story: Story) -> None:
    """The clock jumps over the lease while the message is composed: the other one sends, and it rings once."""
    await story.store.inbox.accept("alertmanager", webhook(alert()), story.clock())
    story.folding.fold()
    (mine,) = story.store.outbox.lease_due(story.clock(), LEASE, 10)
    story.clock.advance(LEASE.total_seconds() + 1)
    story.store.outbox.reclaim(story.clock())
    await story.turn()
    await story.delivery._deliver([mine])

    ((_, message),) = story.phone.rang
    assert not message.maybe_repeated


async def test_two_starts_of_one_series_do_not_overthrow_each_other(story: Story) -> None:
    """Two Alertmanagers repeat different starts for an hour: one more call for the later one, and no end."""
    first, second = alert(), alert(started=NOON + timedelta(seconds=300))
    await story.push(first)
    story.clock.advance(310)
    await story.push(second)
    for number in range(12):
        story.clock.advance(300)
        await story.push(second if number % 2 else first)

    assert story.phone.heard() == [("alice", "firing"), ("alice", "firing")]
    assert [record.incident.state for record in story.incidents()] == ["resolved", "open"]


async def test_an_end_that_is_told_late_is_not_read_as_the_end_of_the_next_one(tmp_path: Path) -> None:
    """The robot is away when the first one ends; when it is back the stream is down again: no "over" any more."""
    story = Story(tmp_path)
    await story.push(alert())
    story.clock.advance(90)
    story.phone.script = [ChannelError("away", reason=Reason.CONNECT)] * 2
    await story.push(alert(status="resolved"))
    await story.wait(1)
    await story.push(alert(started=story.clock()))
    await story.wait(60, step=5)

    assert story.phone.heard() == [("alice", "firing"), ("alice", "firing")]
    assert "overtaken" in story.kinds(story.incidents()[0])
    await story.close()


async def test_a_page_that_says_over_by_itself_is_not_followed_by_another(story: Story) -> None:
    """Its first try was under way when all ended; the second one says "over", and one is enough."""
    story.phone.script = [ChannelError("busy", reason=Reason.BUSY)]
    await story.store.inbox.accept("alertmanager", webhook(alert()), story.clock())
    story.folding.fold()
    (page,) = story.store.outbox.lease_due(story.clock(), LEASE, 10)
    await story.store.inbox.accept("alertmanager", webhook(alert(status="resolved")), story.clock())
    story.folding.fold()
    await story.delivery._deliver([page])
    await story.wait(30)

    assert story.phone.heard() == [("alice", "over")]


async def test_over_reaches_who_heard_the_first_call_though_the_second_failed(tmp_path: Path) -> None:
    """Alice heard the P1; the robot refuses the raised page for good. She is told the end all the same."""
    story = Story(tmp_path)
    await story.push(alert("VariantStalled", severity="P1"))
    story.phone.script = [ChannelError("no", reason=Reason.REJECTED)]
    await story.push(alert())
    await story.push(alert(status="resolved"))
    await story.push(alert("VariantStalled", severity="P1", status="resolved"))

    assert ("alice", "over") in story.phone.heard()
    await story.close()


async def test_a_flood_is_folded_in_parts(story: Story) -> None:
    """A webhook of 450 alerts takes 23 transactions, between which pages and acks get their turn."""
    flood = [alert(stream=f"room-{number}") for number in range(450)]
    await story.store.inbox.accept("alertmanager", webhook(*flood), story.clock())
    turns = 0
    while story.folding.fold():
        turns += 1

    assert turns == 23
    assert len(story.store.journal.incidents(limit=1000)) == 450


@pytest.mark.parametrize(
    "labels", [{"stream": "room1", "procedure": "0_delay"}, {"stream": "x  y"}, {"stream": "x" * 600}]
)
async def test_names_that_look_alike_stay_apart(story: Story, labels: dict[str, str]) -> None:
    """Streams and procedures are compared as they are, whatever is in them and however long they are."""
    others = {
        "room1": {"stream": "room10", "procedure": "_delay"},
        "x  y": {"stream": "x y"},
        "x" * 600: {"stream": "x" * 599 + "y"},
    }
    await story.push(alert("A", **labels))
    await story.push(alert("A", **others[labels["stream"]]))

    assert len(story.incidents()) == 2


async def test_a_reader_does_not_hold_up_a_writer(story: Story) -> None:
    """The console may read for long: alerts are accepted meanwhile."""
    with story.store.database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM incident").fetchall()
        async with asyncio.timeout(2):
            await story.store.inbox.accept("alertmanager", webhook(alert()), story.clock())


@pytest.mark.parametrize(
    ("first", "order"),
    [(False, ["storm", "page", "alert", "storm"]), (True, ["storm", "alert", "page", "storm"])],
)
def test_writers_get_their_turn(first: bool, order: list[str]) -> None:
    """Folding a storm writes without a pause: who asks meanwhile is next, in order, and the intake before all."""
    turns, done = Turns(), list[str]()
    asked = threading.Event()

    def storm() -> None:
        for _ in range(2):
            with turns.turn():
                done.append("storm")
                asked.wait(10)

    def write(name: str, *, first: bool = False) -> None:
        with turns.turn(first=first):
            done.append(name)

    threads = [threading.Thread(target=storm)]
    threads[0].start()
    until(lambda: done)
    for count, (name, ahead) in enumerate((("page", False), ("alert", first)), start=1):
        threads.append(threading.Thread(target=write, args=(name,), kwargs={"first": ahead}))
        threads[-1].start()
        until(lambda count=count: len(turns._waiting) == count)
    asked.set()
    for thread in threads:
        thread.join(10)

    assert done == order
