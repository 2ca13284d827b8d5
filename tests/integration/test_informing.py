"""Marketing is told that the stream is down, and when it is up again: on a real database, on the test's clock."""

from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from servers.story import NOON, Phone, Story, alert, book, person
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.duty import Person, Quiet
from streamwatch.incidents.adopting import Adopting
from streamwatch.incidents.adoption import Adoption
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT
from streamwatch.incidents.rearranging import Rearranging
from streamwatch.incidents.reopening import Reopening

LISTS = {"tech": ("alice",), "ops": ("bob",), "marketing": ("charlie",), "planner": ("charlie",)}
OVER = "over"


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path, book(default=LISTS))
    yield story
    await story.close()


def texts(story: Story, kind: str) -> list[str]:
    return [row.text_en for record in story.incidents() for row in record.timeline if row.kind == kind]


def escalating(story: Story) -> Escalating:
    return Escalating(story.store, lambda: story.book, lambda: DEFAULT, story.clock)


async def end(story: Story, *which: dict[str, object]) -> None:
    at = (story.clock() + timedelta(seconds=1)).isoformat()
    await story.push(*({**each, "status": "resolved", "endsAt": at} for each in which))


async def test_alice_is_called_and_charlie_is_told(story: Story) -> None:
    """Charlie reads what marketing does and who has it, has nothing to ack, and is rung by nothing."""
    await story.push(alert())

    assert story.phone.heard() == [("alice", "firing"), ("charlie", "told")]
    message = story.phone.rang[1][1]
    assert message.title == "【通知】demo 推流断开 @Charlie"
    assert message.facts[1:] == ("通知 Charlie（营销）：默认值班表", "P0，已呼叫 Alice，不用你认领")
    assert (message.ack_url, message.button, message.wakes_nobody) == (None, None, True)
    assert message.console_url
    assert texts(story, "told") == ["telling charlie (marketing): default duty list"]


async def test_both_hear_of_the_end(story: Story) -> None:
    """Marketing pays again when the stream is there again."""
    await story.push(alert())
    await end(story, alert())
    await story.wait(180, 60)

    assert sorted(story.phone.heard()[2:]) == [("alice", OVER), ("charlie", OVER)]


async def test_a_word_that_cannot_be_told_is_no_call_that_was_missed(tmp_path: Path) -> None:
    """Charlie has nothing but a telephone, which does not ring for it: nobody is told that a page was lost."""
    refused = ChannelError("a phone rings neither for the end nor for a word", reason=Reason.REJECTED)
    cast = (person("alice"), person("bob"), person("charlie", "call"))
    story = Story(tmp_path, book(cast, default=LISTS), phone=Phone(), call=Phone(script=[refused]))
    await story.push(alert())
    assert [page.state for page in story.incidents()[0].pages] == ["delivered", "dead"]
    assert story.store.standing().pages_dead == 0
    await story.close()


async def test_once_per_incident_whatever_joins_it(story: Story) -> None:
    """A second P0 of the stream, a restart and the escalation to nobody else say nothing new to Charlie."""
    await story.push(alert())
    await story.push(alert("PlaybackStalled", hop="playback"))
    await story.restart()
    await story.push(alert("PictureBlack", hop="picture"))

    assert story.phone.heard() == [("alice", "firing"), ("charlie", "told")]


async def test_what_becomes_p0_is_told_then(story: Story) -> None:
    """A milder fault calls Alice alone; the P0 that joins it calls her again and tells Charlie."""
    await story.push(alert("BackupLost", severity="P2"))
    assert story.phone.heard() == [("alice", "firing")]
    await story.push(alert())
    assert story.phone.heard()[1:] == [("alice", "raised"), ("charlie", "told")]


async def test_a_symptom_that_joins_is_told_too(story: Story) -> None:
    """Complaints about lag are service's; about the price, minutes later, the planner hears as well."""
    story.book = book(default={**LISTS, "service": ("bob",)})
    lag = alert("ComplaintSpike", procedure="viewer_complaints", severity="P1", role="service", category="lag")
    price = alert("ComplaintSpike", procedure="viewer_complaints", severity="P1", role="service", category="price")
    await story.push(lag)
    await story.push(price)
    assert story.phone.heard() == [("bob", "firing"), ("charlie", "told")]


async def test_whoever_is_called_is_not_told_as_well(story: Story) -> None:
    """Alice is tech and marketing tonight."""
    story.book = book(default={**LISTS, "marketing": ("alice",)})
    await story.push(alert())
    assert story.phone.heard() == [("alice", "firing")]
    assert texts(story, "told") == []


async def test_nobody_holds_the_role(story: Story) -> None:
    """No word to everyone instead; the timeline says so, and says it once."""
    story.book = book(default={"tech": ("alice",)})
    await story.push(alert(), alert("PlaybackStalled", hop="playback"))
    await story.push(alert("PictureBlack", hop="picture"))
    assert story.phone.heard() == [("alice", "firing")]
    assert texts(story, "nobody_told") == ["nobody holds marketing: nobody is told besides"]


async def test_who_is_told_is_still_called_by_the_escalation(story: Story) -> None:
    """Nobody takes it: after 150 s everyone is called, Charlie too, and never reminded before of what they know."""
    await story.push(alert())
    for _ in range(3):
        story.clock.advance(60)
        await escalating(story).step()
        await story.turn()
    calls = [who for who, kind in story.phone.heard() if kind == "firing"]
    assert sorted(calls) == ["alice", "bob", "charlie"]
    assert [who for who, kind in story.phone.heard() if kind == "told"] == ["charlie"]


async def test_a_word_that_cannot_be_delivered_calls_nobody_else(tmp_path: Path) -> None:
    """It is dead and visible, and no backup is rung for it; the end is not told to who never heard."""
    people = (person("alice"), person("bob"), Person("charlie", "Charlie", "zh", ()))
    story = Story(tmp_path, book(people, LISTS))
    await story.push(alert())
    await end(story, alert())
    await story.wait(180, 60)
    assert story.phone.heard() == [("alice", "firing"), ("alice", OVER)]
    assert [page.person for page in story.store.journal.dead_pages()] == ["charlie"]
    await story.close()


async def test_an_answer_that_was_never_seen(tmp_path: Path) -> None:
    """Killed while Charlie's page was on its way, it goes out again, marked; the end comes all the same."""
    story = Story(tmp_path, book(default=LISTS))
    await story.accept(alert())
    while story.folding.fold():
        continue
    pages = story.store.outbox.lease_due(story.clock(), timedelta(seconds=30), 10)
    assert [(page.person, page.kind, page.severity) for page in pages] == [
        ("alice", "firing", "P0"), ("charlie", "told", "P3")
    ]  # fmt: skip
    for page in pages:
        story.store.outbox.begin(page, "phone", story.clock(), timedelta(seconds=30))
    await story.restart()
    await end(story, alert())
    await story.wait(240, 60)
    assert story.repeated == 2
    assert sorted(story.phone.heard()) == [("alice", OVER), ("charlie", OVER)]
    await story.close()


def sleeper() -> Person:
    """Charlie's quiet hours are from 20:00 to 20:30; noon of the story is 20:00 in Shanghai."""
    known = person("charlie")
    quiet = (Quiet(time(20), time(20, 30)),)
    return Person("charlie", "Charlie", "zh", known.contacts, ZoneInfo("Asia/Shanghai"), quiet)


async def test_a_sleeper_is_told_in_the_morning_if_it_lasts(tmp_path: Path) -> None:
    """Nothing wakes Charlie; at the end of the quiet hours the word comes, and says who has it by then."""
    story = Story(tmp_path, book((person("alice"), sleeper()), LISTS))
    await story.push(alert())
    story.store.acks.acknowledge(1, "alice", story.clock())
    await story.wait(1740, 60)
    assert story.phone.heard() == [("alice", "firing")]
    assert texts(story, "told_later") == [
        "charlie (marketing) is in quiet hours, and is told at 20:30 if it still lasts"
    ]
    await story.wait(120, 60)
    assert story.phone.heard() == [("alice", "firing"), ("charlie", "told")]
    assert story.phone.rang[1][1].facts[-1] == "P0，Alice 在处理"
    await story.close()


async def test_what_is_over_before_the_morning_is_not_told(tmp_path: Path) -> None:
    """Neither the fault nor its end: there is nothing to do any more."""
    story = Story(tmp_path, book((person("alice"), sleeper()), LISTS))
    await story.push(alert())
    await end(story, alert())
    await story.wait(2400, 60)
    assert story.phone.heard() == [("alice", "firing"), ("alice", OVER)]
    await story.close()


async def test_a_more_urgent_call_withdraws_no_word(tmp_path: Path) -> None:
    """What waits for the morning is still told when the incident was raised meanwhile."""
    story = Story(tmp_path, book((person("alice"), sleeper()), LISTS))
    leaving = alert("ViewersLeaving", procedure="viewer_complaints", severity="P2", role="ops")
    worse = alert("ComplaintSpike", procedure="viewer_complaints", severity="P1", role="tech", category="lag")
    story.book = book((person("alice"), person("bob"), sleeper()), LISTS)
    await story.push(leaving)
    await story.push(worse)
    await story.wait(1860, 60)
    assert [who for who, kind in story.phone.heard() if kind == "told"] == ["charlie"]
    await story.close()


async def test_a_sleeper_who_was_called_is_not_told_in_the_morning(tmp_path: Path) -> None:
    """P0, and nobody took it: the escalation woke Charlie, who knows."""
    story = Story(tmp_path, book((person("alice"), sleeper()), {**LISTS, "ops": ("alice",)}))
    await story.push(alert())
    await story.wait(151, 151)
    await escalating(story).step()
    await story.turn()
    assert ("charlie", "firing") in story.phone.heard()
    await story.wait(1800, 60)
    assert "told" not in [kind for _, kind in story.phone.heard()]
    assert texts(story, "knows") == ["charlie was called, and is not told besides"]
    await story.close()


async def test_open_again_is_told_again(story: Story) -> None:
    """Marketing heard "over" and pays again: it must hear that it was none, and then of the end that is one."""
    await story.push(alert())
    await end(story, alert())
    await story.wait(660, 60)
    calling = Calling(lambda: story.book, story.clock, story.metrics)
    assert Reopening(story.store.database, calling, story.clock).reopen(1, "bob", "black") is None
    await story.wait(660, 60)
    told = [kind for who, kind in story.phone.heard() if who == "charlie"]
    assert told == ["told", OVER, "told"]


async def test_a_merge_tells_nothing_twice(story: Story) -> None:
    """Two rooms become one incident: Charlie was told of both, and hears of one end."""
    await story.push(alert())
    await story.wait(130, 130)
    await story.push(alert(stream="second"))
    await story.wait(660, 60)
    calling = Calling(lambda: story.book, story.clock, story.metrics)
    assert Rearranging(story.store.database, calling, story.clock).merge(2, 1, "bob") is None
    await end(story, alert(), alert(stream="second"))
    await story.wait(660, 60)
    assert [kind for who, kind in story.phone.heard() if who == "charlie"] == ["told", "told", OVER]


async def test_a_split_tells_of_what_is_split_off(story: Story) -> None:
    """It has an end of its own, of which marketing must hear."""
    await story.push(alert(), alert("PictureBlack", hop="picture"))
    await story.wait(660, 60)
    calling = Calling(lambda: story.book, story.clock, story.metrics)
    prints = {each.fingerprint for each in story.incidents()[0].episodes if each.labels["hop"] == "picture"}
    assert Rearranging(story.store.database, calling, story.clock).split(1, prints, "bob") == 2
    await story.turn()
    assert [m.incident_id for who, m in story.phone.rang if (who, m.kind) == ("charlie", "told")] == ["1", "2"]


async def test_in_a_storm_words_go_together_and_call_nobody(story: Story) -> None:
    """Thirty rooms at once: Charlie has one message of all of them, marked as a word, with nothing to ack."""
    await story.push(*(alert(stream=f"room-{number}") for number in range(30)))
    await story.wait(300, 10)
    (mine,) = (message for who, message in story.phone.rang if who == "charlie")
    assert mine.title.startswith("【通知】30 个事件：room-")
    assert mine.facts[0] == "合并呼叫：通知 ×30；完整列表见链接"
    assert (mine.ack_url, mine.wakes_nobody, len(mine.told)) == (None, True, 30)


async def test_a_word_never_overtakes_a_call(story: Story) -> None:
    """A note (P3) that calls is leased before a word that was there earlier."""
    await story.accept(alert())
    await story.accept(alert("ChatFeedSilent", procedure="viewer_complaints", severity="P3", role="ops"))
    while story.folding.fold():
        continue
    waiting = [(each.person, each.kind) for each in story.store.outbox.waiting(story.clock())]
    assert waiting == [("alice", "firing"), ("bob", "firing"), ("charlie", "told")]


async def test_a_phone_does_not_ring_for_a_word(tmp_path: Path) -> None:
    """A contact that refuses what calls nobody is passed over for the next one."""
    people = (person("alice"), person("bob"), person("charlie", "voice", "phone"))
    refused = ChannelError("a phone does not ring for a word", reason=Reason.REJECTED)
    story = Story(tmp_path, book(people, LISTS), phone=Phone(), voice=Phone(script=[refused]))
    await story.push(alert())
    await story.wait(2)
    assert story.phone.heard() == [("alice", "firing"), ("charlie", "told")]
    await story.close()


async def test_a_word_in_a_drill_is_marked(story: Story) -> None:
    """Marketing pauses nothing for a drill without knowing that it is one."""
    story.store.drills.begin("demo", "encoder_crash", story.clock(), NOON + timedelta(minutes=2))
    await story.push(alert())
    assert [message.drill for _, message in story.phone.rang] == [True, True]
    assert story.phone.rang[1][1].title.startswith("【演练】【通知】")


async def test_where_calls_are_only_observed_nobody_is_told(tmp_path: Path) -> None:
    """The timeline says who would have been; once calls go out, whoever would have been told is."""
    story = Story(tmp_path, book(default=LISTS))
    story.adoption = Adoption("observe")
    await story.push(alert(), alert("PictureBlack", hop="picture"))
    assert story.phone.heard() == []
    assert texts(story, "would_tell") == [
        "recorded, nothing was sent: would have told charlie (marketing): default duty list"
    ]
    calling = Calling(lambda: story.book, story.clock, story.metrics)
    await Adopting(story.store, Adoption, calling, story.clock).step()
    await story.turn()
    assert story.phone.heard() == [("alice", "firing"), ("charlie", "told")]
    await story.close()
