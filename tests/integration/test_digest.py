"""Pages of one person go together when there are many: each is delivered by the one message, or none is."""

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from servers.story import NOON, Phone, Story, alert, book, person, webhook
from streamwatch.access.links import Links
from streamwatch.channels.channel import ChannelError, Limit, Reason
from streamwatch.delivering.delivery import LEASE
from streamwatch.delivering.rounds import due
from streamwatch.store.outbox import of_person

FLOOD = [alert(stream=f"room-{number}") for number in range(30)]


def failing(reason: Reason, times: int = 1) -> list[ChannelError | Exception]:
    return [ChannelError("as the test says", reason=reason)] * times


def states(story: Story) -> set[str]:
    return {page.state for record in story.incidents() for page in record.pages}


async def test_thirty_incidents_are_two_pages_and_one_digest(tmp_path: Path) -> None:
    """The first two P0 come alone, the other 28 in one message at once; each page names the try that carried it."""
    story = Story(tmp_path)
    await story.push(*FLOOD)

    assert story.phone.heard() == [("alice", "firing"), ("alice", "firing"), ("alice", "digest")]
    digest = story.phone.rang[-1][1]
    assert len(digest.incidents) == 28
    pages = [page for record in story.incidents() for page in record.pages]
    assert {page.state for page in pages} == {"delivered"}
    assert len({page.carried_by for page in pages}) == 3
    assert all("delivered" in story.kinds(record) for record in story.incidents())
    await story.close()


async def test_the_end_goes_together_to_exactly_those_who_heard(tmp_path: Path) -> None:
    """Thirty ends are one message to Alice; Bob, who was told of none, hears of none."""
    story = Story(tmp_path)
    await story.push(*FLOOD)
    await story.push(*({**each, "status": "resolved", "endsAt": NOON.isoformat()} for each in FLOOD))
    await story.wait(120, step=10)

    assert story.phone.heard()[3:] == [("alice", "digest")]
    assert len(story.phone.rang[-1][1].ended) == 30
    assert states(story) == {"delivered"}
    await story.close()


async def test_what_ended_before_it_was_told_is_told_once(tmp_path: Path) -> None:
    """The robot is away; when it is back all is over: told once each, and no second one about the ends."""
    story = Story(tmp_path, phone=Phone(script=failing(Reason.CONNECT, 6)))
    await story.push(*FLOOD)
    await story.push(*({**each, "status": "resolved", "endsAt": NOON.isoformat()} for each in FLOOD))
    await story.wait(300, step=5)

    told = [incident for _, message in story.phone.rang for incident in message.incidents or (message.incident_id,)]
    assert sorted(map(int, told)) == list(range(1, 31))
    assert {message.kind for _, message in story.phone.rang} <= {"over", "digest"}
    assert states(story) == {"delivered"}
    await story.close()


async def test_no_answer_to_a_digest_marks_all_of_it(tmp_path: Path) -> None:
    """It may have arrived: it comes again, as one message, marked, and is counted once."""
    story = Story(tmp_path, book((person("alice"),), {"tech": ("alice",)}))
    await story.push(FLOOD[0], FLOOD[1])
    story.phone.script = failing(Reason.UNKNOWN)
    await story.push(*FLOOD[2:])
    await story.wait(30)

    (digest,) = [message for _, message in story.phone.rang if message.kind == "digest"]
    assert digest.maybe_repeated
    assert len(digest.incidents) == 28
    assert story.metrics.registry.get_sample_value("streamwatch_pages_maybe_repeated_total") == 1
    await story.close()


async def test_killed_while_a_digest_is_sent(tmp_path: Path) -> None:
    """After the restart all that it carried goes out again, together and marked; nothing else is marked."""
    story = Story(tmp_path)
    await story.store.inbox.accept("alertmanager", webhook(*FLOOD), story.clock())
    while story.folding.fold():
        continue
    first, *riders = story.store.outbox.lease_due(story.clock(), LEASE, 28, of_person("alice", 0))
    story.store.outbox.begin(first, "phone", story.clock(), LEASE, riders)

    await story.restart()
    await story.wait(10)

    assert story.repeated == 28
    told = [page for record in story.incidents() for page in record.pages]
    assert [page.maybe_repeated for page in told].count(True) == 28
    assert states(story) == {"delivered"}
    await story.close()


async def test_a_digest_that_nobody_takes_calls_somebody_else(tmp_path: Path) -> None:
    """Alice's robot is gone: every incident of it is called to Bob, who gets them together as well."""
    robot, phone = Phone(script=failing(Reason.GONE, 9)), Phone()
    story = Story(tmp_path, book((person("alice", "robot"), person("bob", "phone"))), robot=robot, phone=phone)
    await story.push(*FLOOD)
    await story.wait(30, step=5)

    assert len(robot.asked) == 3
    assert {to for to, _ in phone.rang} == {"bob"}
    assert sum(len(message.incidents or (1,)) for _, message in phone.rang) == 30
    await story.close()


async def test_a_restart_does_not_forget_who_had_how_much(tmp_path: Path) -> None:
    """Three messages, killed, another P0 at once: it waits for its five seconds."""
    story = Story(tmp_path)
    await story.push(*FLOOD)
    await story.restart()
    await story.push(alert(stream="late"))
    assert len(story.phone.rang) == 3

    await story.wait(5)
    assert story.phone.rang[-1][1].stream == "late"
    await story.close()


async def test_a_robot_that_is_nearly_used_up_gets_one_message(tmp_path: Path) -> None:
    """Others wrote to the group: three P0 at once are one message, because no more than one fits."""
    robot = Phone(limits=(Limit(4, timedelta(minutes=1)),))
    story = Story(tmp_path, book((person("alice", "robot"), person("bob", "robot"))), robot=robot)
    await story.push(*(alert(stream=f"b-{n}", severity="P1", role="ops", procedure=f"p{n}") for n in range(2)))
    await story.push(*FLOOD[:3])

    assert [(to, len(message.incidents)) for to, message in robot.rang] == [("bob", 0), ("bob", 0), ("alice", 3)]
    await story.close()


async def test_the_link_of_a_digest_takes_what_was_called_until_then(tmp_path: Path) -> None:
    """All thirty, and not the one that came later; who has one already keeps it."""
    story = Story(tmp_path)
    await story.push(*FLOOD)
    story.store.acks.acknowledge(5, "bob", story.clock())
    story.clock.advance(60)
    await story.push(alert(stream="later"))
    url = story.phone.rang[2][1].ack_url
    assert url is not None
    link = Links("http://127.0.0.1:8780", "a key of the story").read_ack_list(url.rpartition("/")[2])

    rows = story.store.journal.called_for(link.person, link.until)
    taken = story.store.acks.acknowledge_all([row.id for row in rows], link.person, story.clock())

    assert taken == 29
    by = [record.incident.acknowledged_by for record in story.incidents()]
    assert (by.count("alice"), by.count("bob"), by.count(None)) == (29, 1, 1)
    await story.close()


@pytest.mark.parametrize("severity", ["P1", "P2"])
async def test_two_pages_in_ten_minutes_come_alone_and_at_once(tmp_path: Path, severity: str) -> None:
    """An ordinary evening is no storm: a page by itself is worded as a page, with its runbook."""
    story = Story(tmp_path)
    await story.push(alert(severity=severity))
    await story.wait(130, step=10)
    await story.push(alert(stream="other", severity=severity))

    assert story.phone.heard() == [("alice", "firing"), ("alice", "firing")]
    assert all(message.steps for _, message in story.phone.rang)
    await story.close()


async def test_notes_wait_for_their_round_and_come_together(tmp_path: Path) -> None:
    """Five notes in the night, one of which is over by then: one message at ten, and nobody is woken."""
    story = Story(tmp_path)
    zone = ZoneInfo("Asia/Shanghai")
    story.folding._calling.due = lambda severity, at: due(severity, at, (time(10),), zone)
    story.clock.advance(-9 * 3600)  # 11:00 in Shanghai
    notes = [alert(stream=f"room-{number}", severity="P3", started=story.clock()) for number in range(5)]
    await story.push(*notes)
    await story.push({**notes[0], "status": "resolved", "endsAt": story.clock().isoformat()})
    await story.wait(22 * 3600, step=3600)
    assert story.phone.rang == []

    await story.wait(2 * 3600, step=1200)
    ((to, message),) = story.phone.rang
    assert (to, message.kind, len(message.incidents), message.ended) == ("alice", "digest", 5, ("1",))
    await story.close()


async def test_a_note_that_becomes_urgent_is_told_at_once(tmp_path: Path) -> None:
    """It does not wait for its round any more."""
    story = Story(tmp_path)
    story.folding._calling.due = lambda severity, at: due(severity, at, (time(10),), ZoneInfo("Asia/Shanghai"))
    await story.push(alert("Hint", severity="P3"))
    assert story.phone.rang == []
    await story.push(alert())
    assert [message.kind for _, message in story.phone.rang] == ["raised"]
    await story.close()


async def test_dead_pages_are_told_once_more_when_asked(tmp_path: Path) -> None:
    """The robot was gone; somebody mends it and replays: Alice is told, and nothing is left."""
    robot = Phone(script=failing(Reason.GONE))
    story = Story(tmp_path, book((person("alice", "robot"),), {"tech": ("alice",)}), robot=robot)
    await story.push(alert())
    (dead,) = story.store.journal.dead_pages()
    assert (dead.person, robot.rang) == ("alice", [])

    assert story.store.outcomes.replay(story.clock(), dead.id) == 1
    assert story.store.outcomes.replay(story.clock()) == 0
    await story.turn()

    assert robot.heard() == [("alice", "firing")]
    assert {"dead", "replayed", "delivered"} <= set(story.kinds(story.incidents()[0]))
    assert story.store.journal.dead_pages() == []
    await story.close()
