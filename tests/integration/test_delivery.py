"""A page is delivered, or somebody learns that it was not: on a real database, on a clock that the test moves."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from servers.story import NOON, Phone, Story, alert, book, person, webhook
from streamwatch.channels.channel import ChannelError, Limit, Reason
from streamwatch.delivering.delivery import LEASE
from streamwatch.delivering.setbacks import Ways
from streamwatch.duty import Person
from streamwatch.language import Text


def failing(reason: Reason, times: int = 1, retry_after: timedelta | None = None) -> list[ChannelError | Exception]:
    return [ChannelError("as the test says", reason=reason, retry_after=retry_after) for _ in range(times)]


async def test_a_busy_channel_is_tried_again(tmp_path: Path) -> None:
    """One second, then two, then five: the third try is heard, and each try is on the timeline."""
    story = Story(tmp_path, phone=Phone(script=failing(Reason.BUSY, 2)))
    await story.push(alert())
    await story.wait(1)
    assert story.phone.rang == []

    await story.wait(2)

    assert story.phone.heard() == [("alice", "firing")]
    assert story.kinds(story.incidents()[0]).count("try_failed") == 2
    assert story.incidents()[0].pages[0].attempts == 3
    await story.close()


async def test_a_channel_that_refuses_for_good_gives_way_to_the_next(tmp_path: Path) -> None:
    """A bad token is not tried twice; Alice's second contact is used at once."""
    robot, phone = Phone(script=failing(Reason.AUTH, 9)), Phone()
    story = Story(tmp_path, book((person("alice", "robot", "phone"),)), robot=robot, phone=phone)
    await story.push(alert())

    assert robot.asked == ["alice"]
    assert phone.heard() == [("alice", "firing")]
    await story.close()


async def test_when_nothing_reaches_alice_bob_is_called(tmp_path: Path) -> None:
    """A dead page is on the timeline, and the backup of the role learns of the incident at once."""
    robot, phone = Phone(script=failing(Reason.GONE, 9)), Phone()
    people = (person("alice", "robot"), person("bob", "phone"), person("charlie", "phone"))
    story = Story(tmp_path, book(people), robot=robot, phone=phone)
    await story.push(alert())

    (record,) = story.incidents()
    assert phone.heard() == [("bob", "firing")]
    assert [page.state for page in record.pages] == ["dead", "delivered"]
    assert {"dead", "moved_on"} <= set(story.kinds(record))
    await story.close()


async def test_when_the_backup_is_dead_too_everyone_is_called(tmp_path: Path) -> None:
    """It never ends with nobody knowing while somebody is left."""
    robot, phone = Phone(script=failing(Reason.GONE, 9)), Phone()
    people = (person("alice", "robot"), person("bob", "robot"), person("charlie", "phone"))
    story = Story(tmp_path, book(people), robot=robot, phone=phone)
    await story.push(alert())

    assert phone.heard() == [("charlie", "firing")]
    await story.close()


async def test_a_penalty_is_sat_out_and_the_backup_told(tmp_path: Path) -> None:
    """A throttled robot is not asked for ten minutes, Alice's page goes out after them, Bob is told at once."""
    robot, phone = Phone(script=failing(Reason.THROTTLED, 1, timedelta(minutes=10))), Phone()
    people = (person("alice", "robot"), person("bob", "phone"))
    story = Story(tmp_path, book(people), robot=robot, phone=phone)
    await story.push(alert())
    assert phone.heard() == [("bob", "firing")]

    await story.wait(590, step=10)
    assert robot.asked == ["alice"]

    await story.wait(30, step=10)
    assert robot.heard() == [("alice", "firing")]
    await story.close()


async def test_a_rate_limit_is_never_tripped(tmp_path: Path) -> None:
    """Thirty people on a robot of twenty a minute: fifteen of their mild pages now, the others later, none lost."""
    robot = Phone(limits=(Limit(20, timedelta(minutes=1)),))
    crew = tuple(person(f"crew-{number}", "robot") for number in range(30))
    story = Story(tmp_path, book(crew, {"tech": ()}), robot=robot)
    await story.push(alert(severity="P2"))
    assert len(robot.rang) == 15

    await story.restart()
    await story.wait(59)
    assert len(robot.rang) == 15

    await story.wait(12)
    assert len(robot.rang) == 30
    await story.close()


async def test_p0_overtakes(tmp_path: Path) -> None:
    """When the robot may speak again, the most urgent page goes first."""
    robot = Phone(limits=(Limit(1, timedelta(minutes=1)),))
    story = Story(tmp_path, book((person("alice", "robot"),), {"tech": ("alice",)}), robot=robot)
    await story.push(alert(stream="first", severity="P3"))
    await story.push(alert(stream="note", severity="P3"), alert(stream="fire", severity="P0"))

    await story.wait(140)

    assert [message.stream for _, message in robot.rang] == ["first", "fire", "note"]
    await story.close()


async def test_no_answer_is_sent_again_and_says_so(tmp_path: Path) -> None:
    """When the answer was never seen the page may have arrived: it repeats, marked, and is counted."""
    story = Story(tmp_path, phone=Phone(script=failing(Reason.UNKNOWN)))
    await story.push(alert())
    await story.wait(1)

    ((_, message),) = story.phone.rang
    assert message.maybe_repeated
    assert "unknown" in story.kinds(story.incidents()[0])
    assert story.metrics.registry.get_sample_value("streamwatch_pages_maybe_repeated_total") == 1
    await story.close()


async def test_a_channel_with_a_bug_loses_nothing(tmp_path: Path) -> None:
    """An exception that no channel should raise counts as "no answer"."""
    story = Story(tmp_path, phone=Phone(script=[KeyError("surprise")]))
    await story.push(alert())
    await story.wait(1)

    assert story.phone.heard() == [("alice", "firing")]
    await story.close()


async def test_killed_before_sending_nothing_is_lost_or_marked(tmp_path: Path) -> None:
    """A page that was leased and not tried goes out after the restart, once, without "may repeat"."""
    story = Story(tmp_path)
    await story.store.inbox.accept("alertmanager", _body(), story.clock())
    story.folding.fold()
    assert len(story.store.outbox.lease_due(story.clock(), LEASE, 10)) == 1

    await story.restart()
    await story.turn()

    ((_, message),) = story.phone.rang
    assert not message.maybe_repeated
    assert story.repeated == 0
    await story.close()


async def test_killed_while_sending_is_sent_again_and_counted(tmp_path: Path) -> None:
    """A try without an outcome may have been heard: sent again, marked, counted at the start."""
    story = Story(tmp_path)
    await story.store.inbox.accept("alertmanager", _body(), story.clock())
    story.folding.fold()
    (page,) = story.store.outbox.lease_due(story.clock(), LEASE, 10)
    story.store.outbox.begin(page, "phone", story.clock(), LEASE)

    await story.restart()
    await story.turn()

    ((_, message),) = story.phone.rang
    assert message.maybe_repeated
    assert story.repeated == 1
    assert "unknown" in story.kinds(story.incidents()[0])
    await story.close()


async def test_a_lease_that_ran_out_is_taken_up(tmp_path: Path) -> None:
    """A sender that died without the process is noticed by its lease."""
    story = Story(tmp_path)
    await story.store.inbox.accept("alertmanager", _body(), story.clock())
    story.folding.fold()
    story.store.outbox.lease_due(story.clock(), LEASE, 10)
    await story.turn()
    assert story.phone.rang == []

    story.clock.advance(LEASE.total_seconds() + 1)
    story.store.outbox.reclaim(story.clock())
    await story.turn()

    assert story.phone.heard() == [("alice", "firing")]
    await story.close()


async def test_over_never_overtakes(tmp_path: Path) -> None:
    """An incident that ends before its page was delivered is told once, as over already."""
    story = Story(tmp_path, phone=Phone(script=failing(Reason.CONNECT, 3)))
    await story.push(alert())
    await story.push(alert(status="resolved"))
    await story.wait(10)

    ((to, message),) = story.phone.rang
    assert (to, message.kind) == ("alice", "over")
    assert message.steps == ()
    await story.close()


async def test_who_never_heard_the_start_is_not_told_the_end(tmp_path: Path) -> None:
    """Alice's page died, Bob was called instead: only Bob hears that it is over."""
    robot, phone = Phone(script=failing(Reason.GONE, 9)), Phone()
    people = (person("alice", "robot"), person("bob", "phone"))
    story = Story(tmp_path, book(people), robot=robot, phone=phone)
    await story.push(alert())
    await story.push(alert(status="resolved"))

    assert phone.heard() == [("bob", "firing"), ("bob", "over")]
    assert robot.asked == ["alice"]
    await story.close()


async def test_over_uses_the_contact_that_was_heard(tmp_path: Path) -> None:
    """The end comes the way the start came."""
    robot, phone = Phone(script=failing(Reason.AUTH)), Phone()
    story = Story(tmp_path, book((person("alice", "robot", "phone"),)), robot=robot, phone=phone)
    await story.push(alert())
    await story.push(alert(status="resolved"))

    assert phone.heard() == [("alice", "firing"), ("alice", "over")]
    await story.close()


async def test_a_person_without_contacts_is_not_waited_for(tmp_path: Path) -> None:
    """No contact at all is dead at once, and the next one is called."""
    nobody = Person("alice", "Alice", "zh", ())
    story = Story(tmp_path, book((nobody, person("bob"))))
    await story.push(alert())

    assert story.phone.heard() == [("bob", "firing")]
    await story.close()


async def test_a_test_page_goes_the_same_way(tmp_path: Path) -> None:
    """It is leased, sent and recorded like any page, and belongs to no incident."""
    story = Story(tmp_path)
    page = story.store.outbox.test("bob", Text("测试", "a test"), NOON)
    await story.turn()

    row = story.store.journal.page(page)
    assert story.phone.heard() == [("bob", "test")]
    assert row is not None
    assert (row.state, row.provider_id) == ("delivered", "id-1")
    await story.close()


def _body() -> bytes:
    return webhook(alert())


async def test_a_page_goes_out_though_its_words_cannot_be_put_together(tmp_path: Path) -> None:
    """An exporter that answers in a shape nobody foresaw: who is called, how urgent it is and the link remain."""
    story = Story(tmp_path)

    async def odd(*_: object) -> dict[str, dict[str, Any]]:
        return {"lag": {"samples": None}}

    story.delivery._composing._evidence.samples = odd  # type: ignore[method-assign]
    await story.push(alert("ComplaintSpike", severity="P1", category="lag"))

    (message,) = [message for _, message in story.phone.rang]
    assert (message.title, message.kind, message.incident_id) == ("【P1】事件 #1 @Alice", "firing", "1")
    assert message.ack_url is not None
    await story.close()


async def test_a_contact_that_was_taken_out_refuses_nothing_any_more(tmp_path: Path) -> None:
    """Alice's robot refused for good and was taken out of duty.yml: that her phone is busy once is not the end."""
    phones = {"phone": Phone(script=failing(Reason.BUSY, 20)), "robot": Phone(script=failing(Reason.AUTH))}
    story = Story(tmp_path, book((person("alice", "phone", "robot"),), {"tech": ("alice",)}), **phones)
    await story.push(alert())
    await story.wait(95)
    assert phones["robot"].asked == ["alice"]

    ways = Ways(book((person("alice", "phone"),), {"tech": ("alice",)}), phones)
    story.delivery._ways = story.delivery._setbacks._ways = lambda: ways
    phones["phone"].script = failing(Reason.BUSY)
    await story.wait(130)
    (record,) = story.incidents()
    assert "dead" not in story.kinds(record)
    assert phones["phone"].heard() == [("alice", "firing")]
    await story.close()


async def test_what_gives_no_answer_twice_goes_another_way(tmp_path: Path) -> None:
    """A robot that swallows pages is asked once more; then the phone rings, long before it is given up."""
    phones = {"robot": Phone(script=failing(Reason.UNKNOWN, 50)), "phone": Phone()}
    story = Story(tmp_path, book((person("alice", "robot", "phone"),), {"tech": ("alice",)}), **phones)
    await story.push(alert())
    await story.wait(3)
    assert (phones["robot"].asked, phones["phone"].heard()) == (["alice"] * 2, [("alice", "firing")])
    await story.close()


async def test_what_may_have_arrived_is_not_said_again_after_the_ack(tmp_path: Path) -> None:
    """A robot that delivers and never answers: Alice has the page, takes the incident, and hears the end of it."""
    story = Story(tmp_path, book((person("alice", "phone"),), {"tech": ("alice",)}))
    story.phone.script = failing(Reason.UNKNOWN, 50)
    await story.push(alert())
    await story.wait(5)
    asked = len(story.phone.asked)
    assert asked > 1

    story.store.acks.acknowledge(1, "alice", story.clock())
    await story.wait(900, step=5)
    assert len(story.phone.asked) == asked
    assert "not_repeated" in story.kinds(story.incidents()[0])

    story.phone.script = []
    await story.push(alert(status="resolved"))
    assert story.phone.heard() == [("alice", "over")]
    await story.close()
