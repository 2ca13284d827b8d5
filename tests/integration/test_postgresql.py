"""The same promises on a real PostgreSQL, with two receivers at work on one database."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from servers.health_page import health_page
from servers.postgresql import PostgreSQL
from servers.storm import folded, storm
from servers.story import Phone, Story, alert, book, person, webhook
from streamwatch.alert import BY_PERSON
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.delivering.delivery import LEASE
from streamwatch.errors import NotStored
from streamwatch.incidents.adopting import Adopting
from streamwatch.incidents.adoption import Adoption
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT
from streamwatch.incidents.rearranging import Rearranging
from streamwatch.store import accepting
from streamwatch.store.acks import Ack
from streamwatch.store.actions import Done, NewAction, WantedActions
from streamwatch.store.presses import Heard
from streamwatch.watching.liveness import Peer
from streamwatch.watching.looking import Looking
from streamwatch.watching.presiding import Presiding
from streamwatch.watching.watchdog import Watchdog


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with closing(PostgreSQL()) as server:
        yield server


@pytest.fixture
async def story(tmp_path: Path, postgresql: PostgreSQL) -> AsyncIterator[Story]:
    story = Story(tmp_path, database=postgresql.url())
    yield story
    await story.close()


@pytest.fixture
async def pair(tmp_path: Path, postgresql: PostgreSQL) -> AsyncIterator[tuple[Story, Story]]:
    """Two receivers on one database, with the same phone."""
    url, phone = postgresql.url(), Phone()
    one, two = (Story(tmp_path, database=url, phone=phone) for _ in range(2))
    two.clock = one.clock
    two.store.close()
    two._start()
    yield one, two
    await one.close()
    await two.close()


async def test_a_page_and_its_end(story: Story) -> None:
    """Accepted, folded, delivered, over: each on record."""
    await story.push(alert())
    await story.push(alert(status="resolved"))

    assert story.phone.heard() == [("alice", "firing"), ("alice", "over")]
    (record,) = story.incidents()
    assert record.incident.state == "resolved"
    assert [page.state for page in record.pages] == ["delivered", "delivered"]


async def test_a_press_that_both_hear_counts_once(pair: tuple[Story, Story]) -> None:
    """The seat changed hands while a service told of it: one ack, and both know whose."""
    one, two = pair
    await one.push(alert())
    heard = Heard("chat", "press-1", "8")

    def press(story: Story) -> Ack:
        return story.store.acks.acknowledge(1, "alice", story.clock(), heard)

    outcomes = await asyncio.gather(*[asyncio.to_thread(press, story) for story in (one, two) * 4])
    assert set(outcomes) == {Ack.DONE}
    assert one.kinds(one.incidents()[0]).count("acknowledged") == 1
    assert two.store.presses.place("chat") == ("8", one.clock())


async def test_a_commit_is_durable_whatever_the_server_says(postgresql: PostgreSQL, story: Story) -> None:
    """A server that was told to answer before the disk has it is told otherwise."""
    with story.store.database.reading() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"


async def test_a_hundred_copies_are_one_page(story: Story) -> None:
    """The same webhook again and again, in one transaction and in others."""
    for _ in range(10):
        for _ in range(10):
            await story.store.inbox.accept("alertmanager", webhook(alert()), story.clock())
        await story.turn()
    assert story.phone.heard() == [("alice", "firing")]
    assert story.incidents()[0].episodes[0].seen == 100


async def test_repeats_that_two_fold_are_counted_once(pair: tuple[Story, Story]) -> None:
    """Sixty webhooks of two alerts that were told before, accepted and folded by both at once: each counts once."""
    one, two = pair
    rooms = [alert(stream="a"), alert(stream="b")]
    await one.push(*rooms)
    for story in pair:
        for number in range(30):
            body = webhook(*rooms, receiver=f"{number}")
            await story.store.inbox.accept("alertmanager", body, story.clock())

    def fold(story: Story) -> None:
        while story.folding.fold():
            pass

    await asyncio.gather(*(asyncio.to_thread(fold, story) for story in pair))
    assert two.store.inbox.waiting() == 0
    assert [each.seen for record in one.incidents() for each in record.episodes] == [61, 61]
    assert len(one.phone.rang) == 2


async def test_killed_while_sending_is_sent_again_and_counted(story: Story) -> None:
    """The lease of a dead sender runs out: sent again, marked."""
    await story.store.inbox.accept("alertmanager", webhook(alert()), story.clock())
    story.folding.fold()
    (page,) = story.store.outbox.lease_due(story.clock(), LEASE, 10)
    story.store.outbox.begin(page, "phone", story.clock(), LEASE)

    await story.restart()
    assert story.repeated == 0
    await story.turn()
    assert story.phone.rang == []
    story.clock.advance(LEASE.total_seconds() + 1)
    assert story.store.outbox.reclaim(story.clock()) == 1
    await story.turn()

    ((_, message),) = story.phone.rang
    assert message.maybe_repeated


async def test_a_value_that_the_database_refuses_is_set_aside(story: Story) -> None:
    """A NUL in a label has no place in PostgreSQL: that webhook waits for a person, the next one is folded."""
    await story.store.inbox.accept("alertmanager", webhook(alert(stream="a\x00b", role="")), story.clock())
    await story.push(alert(stream="good"))
    assert [message.stream for _, message in story.phone.rang if message.stream == "good"] == ["good"]
    assert story.store.inbox.waiting() == 0


async def test_two_receivers_fold_and_deliver_each_page_once(pair: tuple[Story, Story]) -> None:
    """Both accept, both fold, both lease: 60 incidents, each told once, whoever did it."""
    one, two = pair
    for number in range(60):
        receiver = pair[number % 2]
        body = webhook(alert(stream=f"room-{number}", severity="P2"))
        await receiver.store.inbox.accept("alertmanager", body, receiver.clock())
    while one.folding.fold() + two.folding.fold():
        continue
    for _ in range(40):
        await one.delivery.send_due()
        await two.delivery.send_due()
        await one.delivery.settle()
        await two.delivery.settle()
        one.clock.advance(20)

    told = Counter(
        incident for _, message in one.phone.rang for incident in message.incidents or (message.incident_id,)
    )
    assert len(told) == 60
    assert set(told.values()) == {1}


async def test_one_receiver_presides_and_the_other_takes_over(pair: tuple[Story, Story]) -> None:
    """Only one delivers; when it is gone the other one does, at once, also what was leased and never tried."""
    one, two = pair
    first, second = (Presiding(each.store, each.delivery, (), each.clock, lambda: 0.0) for each in pair)
    assert await first.ready()
    assert not await second.ready()
    await one.store.inbox.accept("alertmanager", webhook(alert()), one.clock())
    one.folding.fold()
    assert len(one.store.outbox.lease_due(one.clock(), LEASE, 10)) == 1

    one.store.seat.leave()
    assert await second.ready()
    await two.turn()

    ((_, message),) = two.phone.rang
    assert not message.maybe_repeated
    assert not await first.ready()


async def test_a_dead_prometheus_is_one_page_and_its_end_is_one(
    pair: tuple[Story, Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look. One tells; it dies too, and the other neither calls again nor says that it is over."""
    monkeypatch.setattr("streamwatch.watching.looking.PATIENCE", 60.0)
    one, two = pair
    async with health_page() as prometheus:
        at_work = list[tuple[Story, Looking, Watchdog, Presiding]]()
        for each in pair:
            looking = Looking(each.http, {Peer.PROMETHEUS: lambda: prometheus.url}, each.clock)
            watchdog = Watchdog(each.store, each.http, lambda: None, each.clock, looking.sights)
            at_work.append(
                (each, looking, watchdog, Presiding(each.store, each.delivery, (), each.clock, lambda: 0))
            )

        async def seconds(count: int) -> None:
            for number in range(count):
                one.clock.advance(1)
                if number % 10 == 9:
                    await two.accept(alert("Watchdog", severity="none"))
                for story, looking, watchdog, presiding in at_work:
                    await looking.look()
                    if await presiding.ready():
                        await watchdog.step()
                        await story.turn()

        await seconds(15)
        prometheus.dead = True
        await seconds(10)
        assert one.phone.heard() == [("alice", "firing")]

        at_work.pop(0)
        one.store.seat.leave()
        await seconds(60)
        assert one.phone.heard() == [("alice", "firing")]

        prometheus.dead = False
        await seconds(20)
    assert one.phone.heard() == [("alice", "firing"), ("alice", "over")]
    assert len(two.incidents()) == 1


async def test_a_step_of_the_escalation_is_taken_once(pair: tuple[Story, Story]) -> None:
    """Both look at the same moment: Bob is called once."""
    one, _ = pair
    await one.push(alert())
    one.clock.advance(61)
    for each in pair:
        await Escalating(each.store, lambda: one.book, lambda: DEFAULT, each.clock).step()
    await one.wait(10)

    assert "called" in one.kinds(one.incidents()[0])
    assert [to for to, _ in one.phone.rang].count("bob") == 1


async def test_the_database_is_gone_for_a_while(postgresql: PostgreSQL, story: Story) -> None:
    """Not stored is not promised; an answer that was seen meanwhile is written down later, and never sent twice."""
    await story.push(alert(stream="before"))
    await story.store.inbox.accept("alertmanager", webhook(alert(stream="promised")), story.clock())

    class Cut(Phone):
        async def send(self, message, to):  # type: ignore[no-untyped-def]
            postgresql.kill()
            receipt = await super().send(message, to)
            with pytest.raises(NotStored):
                await story.store.inbox.accept("alertmanager", webhook(alert(stream="refused")), story.clock())
            postgresql.start()
            return receipt

    cut = Cut()
    story.phones["phone"] = cut
    await story.turn()
    await story.wait(60, step=10)

    assert [message.stream for _, message in cut.rang] == ["promised"]
    assert {page.state for record in story.incidents() for page in record.pages} == {"delivered"}
    assert story.metrics.registry.get_sample_value("streamwatch_pages_maybe_repeated_total") == 0


async def test_a_server_that_was_started_anew_takes_the_next_webhook(postgresql: PostgreSQL, story: Story) -> None:
    """The connection of before is dead: whoever posts next need not post twice to find out."""
    await story.store.inbox.accept("alertmanager", webhook(alert(stream="before")), story.clock())
    postgresql.kill()
    postgresql.start()
    await story.store.inbox.accept("alertmanager", webhook(alert(stream="after")), story.clock())
    await story.turn()

    assert sorted(message.stream for _, message in story.phone.rang) == ["after", "before"]


async def test_a_server_that_hangs_is_given_up_and_taken_back(
    postgresql: PostgreSQL, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who posts is told in time, who asks is told why; awake again it takes what comes, and nothing is twice."""
    monkeypatch.setattr(accepting, "ANSWERS_WITHIN", 0.5)
    inbox = story.store.inbox
    await inbox.accept("alertmanager", webhook(alert(stream="before")), story.clock())
    with postgresql.frozen():
        posts = [inbox.accept("alertmanager", webhook(alert(stream=f"lost-{n}")), story.clock()) for n in range(3)]
        answers = await asyncio.wait_for(asyncio.gather(*posts, return_exceptions=True), 60)
        assert [type(each) for each in answers] == [NotStored] * 3
        assert "the intake fails" in (inbox.trouble() or "")
    await inbox.accept("alertmanager", webhook(alert(stream="after")), story.clock())
    assert inbox.trouble() is None
    await story.turn()

    streams = [record.incident.stream for record in story.incidents()]
    assert {"before", "after"} <= set(streams)
    assert len(streams) == len(set(streams))


async def test_a_session_that_went_bad_is_left(story: Story) -> None:
    """It refuses one webhook, as it may; the next one goes over another."""
    inbox = story.store.inbox
    await inbox.accept("alertmanager", webhook(alert(stream="one")), story.clock())
    bad = inbox._accepting._connection  # type: ignore[attr-defined]  # nobody else comes to it
    await bad.execute("SET default_transaction_read_only = on")
    with pytest.raises(NotStored):
        await inbox.accept("alertmanager", webhook(alert(stream="two")), story.clock())
    await inbox.accept("alertmanager", webhook(alert(stream="three")), story.clock())
    await story.turn()

    assert sorted(message.stream for _, message in story.phone.rang) == ["one", "three"]


async def test_a_p0_overtakes_and_the_order_stays(story: Story) -> None:
    """Behind two hundred notes: folded with the next transaction but one, and ended after it began."""
    for number in range(0, 200, 5):
        await story.accept(*(alert(stream=f"mild-{number + each}", severity="P2") for each in range(5)))
    await story.accept(alert(stream="fire"))
    await story.accept(alert(stream="fire", status="resolved"))
    story.folding.fold()
    story.folding.fold()
    found = story.store.journal.incidents(("open", "resolved"), "fire")
    assert [record.incident.state for record in found] == ["resolved"]
    assert story.store.inbox.waiting() > 30
    while story.folding.fold():
        continue
    assert len(story.store.journal.incidents(limit=1000)) == 200


async def test_two_incidents_are_one_and_two_again(story: Story) -> None:
    """Merged by one receiver and split: alerts and pages are where they belong, the end goes to who heard."""
    await story.push(alert(), alert("Spike", severity="P2", role="ops", procedure="complaints"))
    calling = Calling(lambda: story.book, story.clock, story.metrics)
    people = Rearranging(story.store.database, calling, story.clock)
    assert people.merge(2, 1, "bob") is None
    (spike,) = [each.fingerprint for each in story.store.journal.firing() if each.labels["severity"] == "P2"]
    assert people.split(1, {spike}, "bob") == 3
    await story.push(alert(status="resolved"))
    await story.wait(1200, step=300)  # Bob had a note, and gets the next ones later
    ends = {to for to, message in story.phone.rang if message.kind == "over" or "1" in message.ended}
    assert ends == {"alice", "bob"}
    assert [record.incident.state for record in story.incidents()] == ["resolved", "open"]


async def test_a_storm(tmp_path: Path, postgresql: PostgreSQL) -> None:
    """A thousand alerts of fifty streams, and their ends: told, twelve messages at most, all over."""
    story = Story(tmp_path, database=postgresql.url())
    alerts = storm(random.Random(3), streams=50, alerts=1000)
    for some in (alerts, folded(alerts)):
        for first in range(0, len(some), 50):
            await story.store.inbox.accept("alertmanager", webhook(*some[first : first + 50]), story.clock())
            await story.wait(1)
    await story.wait(400, step=10)
    records = story.store.journal.incidents(("open", "acknowledged", "resolved"), limit=1000)
    assert {record.incident.state for record in records} == {"resolved"}
    assert {page.state for record in records for page in record.pages} <= {"delivered", "cancelled"}
    assert len(story.phone.rang) <= 12
    await story.close()


async def test_what_was_only_observed_calls_when_that_is_over(story: Story) -> None:
    """Of a report by a person somebody hears; of the P0 that was only recorded, after the change."""
    calling = Calling(lambda: story.book, story.clock, story.metrics, adoption=lambda: story.adoption)
    adopting = Adopting(story.store, lambda: story.adoption, calling, story.clock)
    story.adoption = Adoption("observe")
    await story.push(alert())
    await story.push(alert(stream="reported") | {"fingerprint": f"{BY_PERSON}1"})
    assert not await adopting.step()
    assert [message.stream for _, message in story.phone.rang] == ["reported"]
    story.adoption = Adoption("escalate")
    assert await adopting.step()
    await story.turn()
    assert [message.stream for _, message in story.phone.rang] == ["reported", "demo"]


async def test_failures_are_tried_again(tmp_path: Path, postgresql: PostgreSQL) -> None:
    """Busy, then no answer, then yes."""
    errors: list[ChannelError | Exception] = [
        ChannelError("x", reason=each) for each in (Reason.BUSY, Reason.UNKNOWN)
    ]
    people = (person("alice"), person("bob"))
    story = Story(tmp_path, book(people), database=postgresql.url(), phone=Phone(script=errors))
    await story.push(alert())
    await story.wait(5)
    ((_, message),) = story.phone.rang
    assert message.maybe_repeated
    assert story.incidents()[0].pages[0].attempts == 3
    await story.close()


async def test_reviews_and_action_items(story: Story) -> None:
    """As on SQLite: whole when it is said so, found by its files; done once, open ones first."""
    reviews, at = story.store.reviews, story.clock()
    reviews.begin("show", at, "demo", "2026_demo", at)
    assert (reviews.past(9), reviews.written(at), reviews.stems("2026_d")) == ([], frozenset(), {"2026_demo"})
    reviews.done("show", at, ["2026_demo.csv"], {"viewers_peak": None}, at)
    found = reviews.of_file("2026_demo.csv")
    assert found is not None
    assert (found.session, found.numbers, reviews.of_file("2026_demo.md")) == ("show", {"viewers_peak": None}, None)
    assert reviews.written(at) == {("show", at)}
    actions = story.store.actions
    first = actions.add(NewAction("cable", "alice", "2026-12-01", "demo"), "bob", at)
    second = actions.add(NewAction("slate", "bob", "2026-12-24"), None, at)
    assert [actions.done(each, "alice", at) for each in (first, first, 9999)] == [
        Done.NOW,
        Done.ALREADY,
        Done.MISSING,
    ]
    assert [row.id for row in actions.find(WantedActions(stream="demo"))] == [second, first]
